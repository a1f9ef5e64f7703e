/* schedule_print.c: a schedule as text: functions, then phase by phase its steps, one a line, and what lives across its
 * sync. */
#include "routine/schedule.h"

#include <stdio.h>
#include <string.h>

/* ---- names ---- */

/* Appends to a name as far as there is room. */
static void put(char *to, size_t size, const char *s)
{
  size_t n = strlen(to);
  snprintf(to + n, size - n, "%s", s);
}

static void put_number(char *to, size_t size, uint32_t number)
{
  char label[16];
  snprintf(label, sizeof label, "%u", (unsigned)number);
  put(to, size, label);
}

/* Which block of the step around it: nothing where there is one alone. */
static void put_block(char *name, const step *around, uint32_t list)
{
  char label[24];
  if (around->stmt->kind == STMT_IF) {
    put(name, STEP_NAME, list == 0 ? ".then" : ".else");
  } else if (around->stmt->kind == STMT_MATCH && list + 1 == around->n_lists) {
    put(name, STEP_NAME, ".rest");
  } else if (around->stmt->kind == STMT_MATCH) {
    snprintf(label, sizeof label, ".arm%u", (unsigned)list);
    put(name, STEP_NAME, label);
  }
}

const char *schedule_step_name(const schedule *s, uint32_t number, char name[STEP_NAME])
{
  const steps *all = &s->plan.steps;
  uint32_t parent = all->all.data[number].parent, list = 0;
  name[0] = '\0';
  if (parent != NO_STEP) {
    const step *around = &all->all.data[parent];
    schedule_step_name(s, parent, name);
    list = around->first_list;
    while (number - all->lists.data[list].first >= all->lists.data[list].n) {
      list++;
    }
    put_block(name, around, list - around->first_list);
    put(name, STEP_NAME, ".");
  }
  put_number(name, STEP_NAME, number - all->lists.data[list].first + 1);
  return name;
}

static void put_places(const plan *pl, const prog_stmt *stmt, char *label)
{
  for (uint32_t k = 0; k < stmt->n_places; k++) {
    const prog_place *place = &stmt->places[k];
    put(label, STEP_TEXT, k == 0 ? "" : ", ");
    put(label, STEP_TEXT, place->kind == PLACE_NOTHING ? "_" : plan_item_name(pl, place->variable));
    put(label, STEP_TEXT, place->kind == PLACE_ELEMENT ? "[]" : place->kind == PLACE_FIELD ? ".field" : "");
  }
}

const char *schedule_step_text(const schedule *s, uint32_t number, char label[STEP_TEXT])
{
  static const char *const words[] = {
      [STMT_IF] = "if",         [STMT_WHILE] = "while",   [STMT_REPEAT] = "repeat",     [STMT_MATCH] = "match",
      [STMT_BREAK] = "break",   [STMT_RETURN] = "return", [STMT_CONTINUE] = "continue", [STMT_SYNC] = "sync",
      [STMT_ASSERT] = "assert", [STMT_BLOCK] = "block",   [STMT_FOR] = "for ",
  };
  const prog_stmt *stmt = s->plan.steps.all.data[number].stmt;
  label[0] = '\0';
  if (stmt->kind == STMT_DECLARE) {
    uint32_t first = stmt->places[0].variable;
    bool is_var = stmt->places[0].kind == PLACE_VARIABLE && s->plan.entry->body.variables[first].kind == VARIABLE_VAR;
    put(label, STEP_TEXT, is_var ? "var " : "let ");
    put_places(&s->plan, stmt, label);
  } else if (stmt->kind == STMT_ASSIGN) {
    put_places(&s->plan, stmt, label);
    put(label, STEP_TEXT, " =");
  } else if (stmt->kind == STMT_CALL) {
    put(label, STEP_TEXT, s->plan.p->functions[stmt->value->index].name);
    put(label, STEP_TEXT, "()");
  } else {
    put(label, STEP_TEXT, words[stmt->kind]);
    put(label, STEP_TEXT, stmt->kind == STMT_FOR ? plan_item_name(&s->plan, stmt->variable) : "");
  }
  return label;
}

/* ---- lines ---- */

static void put_column(text *out, size_t start, size_t column)
{
  do {
    text_put(out, " ");
  } while (!out->failed && out->n - start < column);
}

/* Random numbers are several items, and one thing. */
static void put_items(const schedule *s, item_list items, text *out)
{
  const char *last = NULL;
  for (uint32_t k = 0; k < items.n; k++) {
    const char *name = plan_item_name(&s->plan, items.at[k]);
    if (name != last) {
      text_format(out, "%s%.80s", last == NULL ? "" : ", ", name);
    }
    last = name;
  }
}

static void put_live(const schedule *s, const schedule_live *live, text *out)
{
  text_format(out, "%u bytes", (unsigned)live->bytes);
  if (live->array_bytes > 0) {
    text_format(out, " and %u of arrays", (unsigned)live->array_bytes);
  }
  text_put(out, live->n > 0 ? ": " : "");
  put_items(s, live->items, out);
  if (live->n > live->items.n) {
    text_format(out, " and %u more", (unsigned)(live->n - live->items.n));
  }
}

static void put_effects(const schedule *s, uint32_t number, text *out)
{
  const schedule_step *at = &s->steps[number];
  text_put(out, at->n_inputs + at->reads.n > 0 ? "reads " : "");
  for (uint32_t k = 0; k < at->n_inputs; k++) {
    text_format(out, "%s%.80s", k == 0 ? "" : ", ", s->plan.entry->operands[at->inputs[k]].name);
  }
  text_put(out, at->n_inputs > 0 && at->reads.n > 0 ? ", " : "");
  put_items(s, at->reads, out);
  text_put(out, at->n_inputs + at->reads.n > 0 ? "; " : "");
  text_put(out, at->writes.n > 0 ? "writes " : "");
  put_items(s, at->writes, out);
  text_put(out, at->writes.n > 0 ? "; " : "");
}

static void put_needs(const schedule *s, uint32_t number, text *out)
{
  const schedule_step *at = &s->steps[number];
  char name[STEP_NAME];
  for (uint32_t k = 0; k < at->n_needs; k++) {
    const schedule_need *need = &at->needs[k];
    schedule_step_name(s, need->step, name);
    text_format(out, "%s%s", k == 0 ? "after " : ", ", name);
    text_format(out, " (%.80s)",
                need->kind == NEED_VALUE ? plan_item_name(&s->plan, need->item) : need_names[need->kind]);
  }
  text_put(out, at->n_needs > 0 ? "; " : "");
}

static void put_place(const schedule *s, lang_pos pos, text *out)
{
  if (pos.file > 0) {
    text_format(out, "%.200s:", s->plan.p->files[pos.file].path);
  }
  text_format(out, "%u:%u", (unsigned)pos.line, (unsigned)pos.column);
}

enum { AT = 12, WHAT = 22, OPERATIONS = 44, PATH = 52, REST = 60, LINE = 118 };

/* Words from column REST on, in as many lines as they take. */
static void put_wrapped(const char *words, text *out)
{
  size_t column = REST;
  while (*words != '\0' && !out->failed) {
    size_t n = strcspn(words, " ");
    if (column > REST && column + 1 + n > LINE) {
      text_put(out, "\n");
      put_column(out, out->n, REST);
      column = REST;
    } else if (column > REST) {
      text_put(out, " ");
      column++;
    }
    text_bytes(out, words, n);
    column += n;
    words += n + (words[n] == ' ');
  }
}

static void put_rest(const schedule *s, uint32_t number, text *out)
{
  const schedule_step *at = &s->steps[number];
  text rest = {.allocator = out->allocator};
  put_effects(s, number, &rest);
  put_needs(s, number, &rest);
  if (!s->plan.steps.all.data[number].stmt->goes_on) {
    text_put(&rest, "ends the block");
  } else if (at->is_parting) {
    text_put(&rest, "regroup, live after it: ");
    put_live(s, &at->live, &rest);
  } else {
    text_format(&rest, "live %u", (unsigned)(at->live.bytes + at->live.array_bytes));
  }
  text_bytes(&rest, "", 1);
  out->failed = out->failed || rest.failed;
  if (!rest.failed) {
    put_wrapped(rest.data, out);
  }
  text_free(&rest);
}

static void put_step(const schedule *s, uint32_t number, text *out)
{
  const schedule_step *at = &s->steps[number];
  size_t start = out->n;
  char name[STEP_NAME], what[STEP_TEXT];
  text_format(out, "  %s", schedule_step_name(s, number, name));
  put_column(out, start, AT);
  put_place(s, s->plan.steps.all.data[number].stmt->pos, out);
  put_column(out, start, WHAT);
  text_put(out, schedule_step_text(s, number, what));
  put_column(out, start, OPERATIONS);
  text_format(out, "%llu", (unsigned long long)at->length.operations);
  put_column(out, start, PATH);
  text_format(out, "%llu%s", (unsigned long long)at->length.path, at->is_critical ? "*" : "");
  put_column(out, start, REST);
  put_rest(s, number, out);
  text_put(out, "\n");
}

/* Steps of blocks below the step that has them. */
static void put_steps(const schedule *s, uint32_t first, uint32_t n, text *out)
{
  for (uint32_t k = first; k < first + n && !out->failed; k++) {
    const step *at = &s->plan.steps.all.data[k];
    put_step(s, k, out);
    for (uint32_t i = 0; i < at->n_lists; i++) {
      step_list inner = s->plan.steps.lists.data[at->first_list + i];
      put_steps(s, inner.first, inner.n, out);
    }
  }
}

static void put_phase(const schedule *s, uint32_t phase, text *out)
{
  const schedule_phase *at = &s->phases[phase];
  const plan_phase *planned = &s->plan.phases[phase];
  size_t start;
  text_format(out, "\nphase %u: %llu operations, %llu on the critical path\n", (unsigned)phase + 1,
              (unsigned long long)at->length.operations, (unsigned long long)at->length.path);
  start = out->n;
  text_put(out, "  step");
  put_column(out, start, AT);
  text_put(out, "at");
  put_column(out, start, WHAT);
  text_put(out, "what");
  put_column(out, start, OPERATIONS);
  text_put(out, "ops");
  put_column(out, start, PATH);
  text_put(out, "path\n");
  put_steps(s, planned->first_step, planned->n_steps, out);
  if (phase + 1 == s->plan.n) {
    return;
  }
  text_format(out, "  sync %u, kept: ", (unsigned)phase + 1);
  put_live(s, &at->kept, out);
  text_put(out, "\n");
  for (uint32_t k = 0; k < at->kept.items.n; k++) {
    uint32_t item = at->kept.items.at[k], slot = planned->saved[item] - 1, n = plan_item_slots(&s->plan, item);
    char type[PROG_TYPE_TEXT];
    text_format(out, "    %.80s: %.100s, ", plan_item_name(&s->plan, item),
                prog_type_show(s->plan.p, plan_item_type(&s->plan, item), type));
    text_format(out, n > 1 ? "slots %u to %u\n" : "slot %u\n", (unsigned)slot, (unsigned)(slot + n - 1));
  }
}

static void put_function(const schedule *s, const schedule_function *f, text *out)
{
  char type[PROG_TYPE_TEXT];
  size_t start = out->n;
  text_format(out, "  %.80s(", f->code->name);
  for (uint32_t k = 0; k < f->code->n_params; k++) {
    text_format(out, "%s%.100s", k == 0 ? "" : ", ", prog_type_show(s->plan.p, f->code->variables[k].type, type));
  }
  text_put(out, ")");
  for (uint32_t k = 0; k < f->code->n_results; k++) {
    text_format(out, "%s%.100s", k == 0 ? " -> " : ", ", prog_type_show(s->plan.p, f->code->results[k], type));
  }
  if (out->n - start > OPERATIONS - 2) {
    text_put(out, "\n");
    start = out->n;
  }
  put_column(out, start, OPERATIONS);
  text_format(out, "%llu", (unsigned long long)f->length.operations);
  put_column(out, start, PATH);
  text_format(out, "%llu", (unsigned long long)f->length.path);
  put_column(out, start, REST);
  put_place(s, f->code->pos, out);
  text_format(out, ", inlined %u time%s%s%s%s\n", (unsigned)f->n_calls, f->n_calls == 1 ? "" : "s",
              f->code->effects & PROG_TRAPS ? ", may trap" : "", f->code->effects & PROG_LOOPS ? ", loops" : "",
              f->code->effects & PROG_DRAWS ? ", draws" : "");
}

void schedule_print(const schedule *s, text *out)
{
  bool is_first = true;
  text_format(out, "%s %.255s: %u phase%s\n", s->plan.entry->is_machine ? "machine" : "kernel", s->plan.entry->name,
              (unsigned)s->plan.n, s->plan.n == 1 ? "" : "s");
  for (uint32_t k = 0; k < s->plan.p->n_functions; k++) {
    if (s->functions[k].n_calls > 0) {
      text_put(out, is_first ? "\nfunctions\n" : "");
      put_function(s, &s->functions[k], out);
      is_first = false;
    }
  }
  for (uint32_t k = 0; k < s->plan.n; k++) {
    put_phase(s, k, out);
  }
}
