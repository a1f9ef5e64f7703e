/* explain.c: what is told of machines: the schedule as text, and records of the program followed by those of the kernel
 * of each phase. */
#include "runtime/explain.h"
#include "base/error.h"
#include "base/fpenv.h"
#include "machine/machine.h"
#include "routine/schedule.h"

#include <stdio.h>
#include <string.h>

enum { LIST_TEXT = 400, MOST_RECORDS = 200, MOST_PHASES = 64 };

static tg_status make_schedule(const tg_machine *m, schedule *s, tg_error *error)
{
  return schedule_make(s, m->p, m->entry, &m->options, error);
}

tg_status tg_machine_routines(const tg_machine *m, char **bytes, size_t *n_bytes, tg_error *error)
{
  schedule s;
  text out = {.allocator = m->context->allocator};
  *bytes = NULL;
  *n_bytes = 0;
  tg_status status = make_schedule(m, &s, error);
  if (status == TG_OK) {
    schedule_print(&s, &out);
    status =
        text_take(&out, bytes, n_bytes) == TG_OK ? TG_OK : error_set(error, TG_NOMEM, "no memory for the schedule");
  }
  schedule_free(&s);
  text_free(&out);
  return status;
}

/* ---- records ---- */

/* Appends to a list in a buffer as far as there is room. */
static void list_add(char list[LIST_TEXT], const char *separator, const char *s)
{
  size_t n = strlen(list);
  snprintf(list + n, LIST_TEXT - n, "%s%.100s", n == 0 ? "" : separator, s);
}

static void explain_program(const tg_machine *m, const schedule *s, explainer *e)
{
  uint32_t most = 0;
  for (uint32_t k = 0; k < s->plan.n; k++) {
    most = s->phases[k].kept.bytes > most ? s->phases[k].kept.bytes : most;
  }
  explain_add(e, "program", m->entry->is_machine ? "machine" : "kernel", m->entry->name, "");
  explain_reason(e, "at %.200s:%u", m->p->files[m->entry->pos.file].path, (unsigned)m->entry->pos.line);
  explain_count(e, "program", "phases", s->plan.n, s->plan.n == 1 ? "phase" : "phases");
  explain_reason(e, "%s",
                 s->plan.n == 1            ? "no sync"
                 : s->plan.n > MOST_PHASES ? "each sync ends one; the first 64 are told"
                                           : "each sync ends one; one graph and one kernel for each");
  explain_count(e, "program", "state", most, "bytes");
  explain_reason(e, "the most that an instance keeps across a sync, of %u; arrays not counted",
                 (unsigned)m->options.state_bytes);
}

/* Whether instances are regrouped by the arm of a match, and why. */
static void explain_regrouping(const tg_machine *m, const schedule *s, explainer *e)
{
  split_cost c;
  if (!split_find(m->p, m->entry, m->options.operation_ps, &c)) {
    explain_add(e, "program", "regrouping", "none",
                "no loop of the body has a match in it, no break, continue or return, and no arrays; engines mask or "
                "pack lanes");
    return;
  }
  explain_add(e, "program", "regrouping", s->plan.split.turn != 0 ? "by arm" : "none", "");
  explain_reason(
      e,
      "the match at line %u: %u arms of %llu operations in all, %llu on average; running those of others takes "
      "about %llu ns a round, moving instances %llu ns",
      (unsigned)c.match->pos.line, (unsigned)c.n_arms, (unsigned long long)c.all_arms, (unsigned long long)c.mean,
      (unsigned long long)(c.spared_ps / 1000), (unsigned long long)(c.moved_ps / 1000));
}

static void explain_state(const schedule *s, explainer *e)
{
  char key[32], one[128], list[LIST_TEXT];
  for (uint32_t k = 0; k + 1 < s->plan.n && k < MOST_PHASES; k++) {
    const schedule_live *kept = &s->phases[k].kept;
    list[0] = '\0';
    for (uint32_t i = 0; i < kept->items.n; i++) {
      uint32_t item = kept->items.at[i], slot = s->plan.phases[k].saved[item] - 1;
      uint32_t last = slot + plan_item_slots(&s->plan, item) - 1;
      snprintf(one, sizeof one, slot == last ? "%.80s in slot %u" : "%.80s in slots %u to %u",
               plan_item_name(&s->plan, item), (unsigned)slot, (unsigned)last);
      list_add(list, ", ", one);
    }
    snprintf(key, sizeof key, "sync %u", (unsigned)k + 1);
    explain_count(e, "state", key, kept->bytes + kept->array_bytes, "bytes");
    explain_reason(e, "%s", list);
  }
}

/* Functions of one name differ by their line. */
static void explain_functions(const schedule *s, explainer *e)
{
  char key[TG_MAX_NAME + 16];
  for (uint32_t k = 0, n = 0; k < s->plan.p->n_functions && n < MOST_RECORDS; k++) {
    const schedule_function *f = &s->functions[k];
    if (f->n_calls == 0) {
      continue;
    }
    n++;
    bool is_other = explain_find(e, "functions", f->code->name) != NULL;
    snprintf(key, sizeof key, is_other ? "%s:%u" : "%s", f->code->name, (unsigned)f->code->pos.line);
    explain_count(e, "functions", key, f->length.operations, "operations");
    explain_reason(e, "inlined %u time%s, %llu one after the other; at %.200s:%u", (unsigned)f->n_calls,
                   f->n_calls == 1 ? "" : "s", (unsigned long long)f->length.path,
                   s->plan.p->files[f->code->pos.file].path, (unsigned)f->code->pos.line);
  }
}

/* The steps of the body that the longest chain goes through. */
static void list_critical(const schedule *s, uint32_t phase, char list[LIST_TEXT])
{
  const plan_phase *planned = &s->plan.phases[phase];
  char name[STEP_NAME];
  list[0] = '\0';
  for (uint32_t k = planned->first_step; k < planned->first_step + planned->n_steps; k++) {
    if (s->steps[k].is_critical) {
      list_add(list, ", ", schedule_step_name(s, k, name));
    }
  }
}

static void explain_parting(const schedule *s, uint32_t number, const char *section, explainer *e)
{
  char key[STEP_NAME + 16], name[STEP_NAME], list[LIST_TEXT] = "", what[STEP_TEXT];
  const schedule_live *live = &s->steps[number].live;
  const char *last = NULL;
  for (uint32_t k = 0; k < live->items.n; k++) {
    const char *item = plan_item_name(&s->plan, live->items.at[k]);
    if (item != last) {
      list_add(list, ", ", item);
    }
    last = item;
  }
  snprintf(key, sizeof key, "regroup after %s", schedule_step_name(s, number, name));
  explain_count(e, section, key, live->bytes + live->array_bytes, "bytes");
  explain_reason(e, "instances part at line %u (%s); then are needed: %s",
                 (unsigned)s->plan.steps.all.data[number].stmt->pos.line, schedule_step_text(s, number, what),
                 *list == '\0' ? "nothing" : list);
}

static void count_control(const tg_graph *g, unsigned *n_loops, unsigned *n_branches)
{
  *n_loops = *n_branches = 0;
  for (uint32_t k = 0; k < g->nodes.n; k++) {
    *n_loops += g->nodes.data[k].op == TG_OP_LOOP;
    *n_branches += g->nodes.data[k].op == TG_OP_BRANCH;
  }
}

static void explain_control(const tg_machine *m, const schedule *s, uint32_t phase, const char *section, explainer *e)
{
  unsigned loops, branches, loops_left, branches_left;
  count_control(s->set.phases[phase].graph, &loops, &branches);
  count_control(m->phases[phase].kernel->graph, &loops_left, &branches_left);
  explain_count(e, section, "branches", branches_left, "branches");
  explain_reason(e, "of %u as built; the others became selects or are gone: no instance waits for another there",
                 branches);
  explain_count(e, section, "loops", loops_left, "loops");
  explain_reason(e, "of %u as built", loops);
}

static void explain_phase(const tg_machine *m, const schedule *s, uint32_t phase, explainer *e)
{
  char section[32], list[LIST_TEXT];
  const schedule_phase *at = &s->phases[phase];
  snprintf(section, sizeof section, "phase %u", (unsigned)phase + 1);
  explain_count(e, section, "statements", s->plan.phases[phase].n_steps, "statements");
  explain_reason(e, "of the body itself, without those in blocks; throng show --stage routine lists all");
  explain_count(e, section, "operations", at->length.operations, "operations");
  explain_reason(e, "as built, each loop once round");
  explain_count(e, section, "critical path", at->length.path, "operations");
  list_critical(s, phase, list);
  explain_reason(e, "one after the other, through the statements %s", *list == '\0' ? "before the first" : list);
  explain_control(m, s, phase, section, e);
  for (uint32_t k = 0, n = 0; k < s->plan.steps.all.n && n < MOST_RECORDS; k++) {
    if (s->steps[k].phase == phase && s->steps[k].is_parting) {
      explain_parting(s, k, section, e);
      n++;
    }
  }
}

static tg_status explain_machine(const tg_machine *m, const tg_explain_options *options, explainer *e, tg_error *error)
{
  schedule s;
  char prefix[32];
  tg_status status = make_schedule(m, &s, error);
  if (status == TG_OK) {
    explain_program(m, &s, e);
    explain_regrouping(m, &s, e);
    explain_state(&s, e);
    explain_functions(&s, e);
  }
  for (uint32_t k = 0; status == TG_OK && k < s.plan.n && k < MOST_PHASES; k++) {
    explain_phase(m, &s, k, e);
    snprintf(prefix, sizeof prefix, "phase %u: ", (unsigned)k + 1);
    e->prefix = s.plan.n > 1 ? prefix : NULL;
    status = kernel_explain(m->phases[k].kernel, options, e, error);
    e->prefix = NULL;
  }
  schedule_free(&s);
  return status;
}

tg_status tg_machine_explain(const tg_machine *m, const tg_explain_options *options, char **bytes, size_t *n_bytes,
                             tg_error *error)
{
  tg_explain_options chosen;
  *bytes = NULL;
  *n_bytes = 0;
  TG_TRY(explain_options_read(options, &chosen, error));
  fpenv saved = fpenv_enter();
  explainer e = explain_open(&m->context->allocator);
  tg_status status = explain_machine(m, &chosen, &e, error);
  if (status == TG_OK) {
    status = explain_give(&e, chosen.form, bytes, n_bytes, error);
  }
  explain_close(&e);
  fpenv_leave(saved);
  return status;
}
