/* schedule.c: the schedule's tables: what each step reads, writes and needs, from the program; how long it is, from the
 * graphs. */
#include "routine/schedule.h"

#include <stdlib.h>
#include <string.h>

const char *const need_names[NEED_KIND_COUNT] = {
    [NEED_VALUE] = "value", [NEED_RANDOM] = "random", [NEED_TRAP] = "trap", [NEED_EXIT] = "exit"};

typedef struct maker {
  schedule *s;
  const program *p;
  const prog_entry *entry;
  uint32_t *writers; /* by item: the step + 1 of the block that wrote it last, or 0 */
  uint32_t *needed;  /* by step: the step + 1 that was last found to need it */
  item_word *set;
  item_word *last;      /* what was needed after the step looked at before, and its totals */
  schedule_live totals; /* without a list */
} maker;

/* ---- what steps read and write ---- */

static void mark_inputs(const prog_expr *e, bool *inputs)
{
  if (e == NULL) {
    return;
  }
  if (e->kind == EXPR_PARAM || e->kind == EXPR_INPUT || e->kind == EXPR_SHARED) {
    inputs[e->index] = true;
  }
  for (uint32_t k = 0; k < e->n_args; k++) {
    mark_inputs(e->args[k], inputs);
  }
}

static void mark_inputs_of(const steps *all, uint32_t number, bool *inputs)
{
  const step *at = &all->all.data[number];
  const prog_stmt *stmt = at->stmt;
  mark_inputs(stmt->value, inputs);
  mark_inputs(stmt->limit, inputs);
  for (uint32_t k = 0; k < stmt->n_places; k++) {
    mark_inputs(stmt->places[k].kind == PLACE_ELEMENT ? stmt->places[k].subscript : NULL, inputs);
  }
  for (uint32_t k = 0; k < at->n_lists; k++) {
    step_list list = all->lists.data[at->first_list + k];
    for (uint32_t i = 0; i < list.n; i++) {
      mark_inputs_of(all, list.first + i, inputs);
    }
  }
}

static void list_inputs(maker *m, uint32_t number)
{
  schedule_step *to = &m->s->steps[number];
  bool *inputs = arena_array(&m->s->memory, bool, m->entry->n_operands);
  to->inputs = arena_array(&m->s->memory, uint32_t, m->entry->n_operands);
  if (to->inputs == NULL || inputs == NULL) {
    return;
  }
  mark_inputs_of(&m->s->plan.steps, number, inputs);
  for (uint32_t k = 0; k < m->entry->n_operands; k++) {
    if (inputs[k]) {
      to->inputs[to->n_inputs++] = k;
    }
  }
}

static void list_items(maker *m, uint32_t number)
{
  steps *all = &m->s->plan.steps;
  schedule_step *to = &m->s->steps[number];
  memset(m->set, 0, all->n_words * sizeof *m->set);
  live_reads(all, number, m->set);
  to->reads = items_list(all, m->set, UINT32_MAX);
  memset(m->set, 0, all->n_words * sizeof *m->set);
  live_writes(all, number, m->set);
  to->writes = items_list(all, m->set, UINT32_MAX);
}

/* ---- what must come before ---- */

static void add_need(maker *m, uint32_t number, schedule_need need)
{
  schedule_step *to = &m->s->steps[number];
  if (m->needed[need.step] != number + 1) {
    m->needed[need.step] = number + 1;
    to->needs[to->n_needs++] = need;
  }
}

/* A write of a part needs the rest, and one that may not happen the value that stays. */
static bool is_partial(const prog_stmt *stmt)
{
  for (uint32_t k = 0; k < stmt->n_places; k++) {
    if (stmt->places[k].kind == PLACE_FIELD || stmt->places[k].kind == PLACE_ELEMENT) {
      return true;
    }
  }
  return stmt->kind != STMT_DECLARE && stmt->kind != STMT_ASSIGN;
}

static void need_items(maker *m, uint32_t number, item_list items)
{
  uint32_t random = m->entry->body.n_variables + EXTRA_DRAWS;
  for (uint32_t k = 0; k < items.n; k++) {
    if (m->writers[items.at[k]] != 0) {
      need_kind kind = items.at[k] == random ? NEED_RANDOM : NEED_VALUE;
      add_need(m, number, (schedule_need){m->writers[items.at[k]] - 1, (uint8_t)kind, items.at[k]});
    }
  }
}

/* Of the steps of a block before this one: the last that may trap, and the last that may leave the block. */
typedef struct block_state {
  uint32_t trapping, leaving;
} block_state;

static void find_needs(maker *m, uint32_t number, block_state *block)
{
  schedule_step *to = &m->s->steps[number];
  const prog_stmt *stmt = m->s->plan.steps.all.data[number].stmt;
  to->needs = arena_array(&m->s->memory, schedule_need, to->reads.n + to->writes.n + 2u);
  if (to->needs == NULL) {
    return;
  }
  need_items(m, number, to->reads);
  if (is_partial(stmt)) {
    need_items(m, number, to->writes);
  }
  bool traps = (effects_of_stmt(m->p, stmt) & PROG_TRAPS) != 0;
  if (traps && block->trapping != NO_STEP) {
    add_need(m, number, (schedule_need){block->trapping, NEED_TRAP, 0});
  }
  if (block->leaving != NO_STEP) {
    add_need(m, number, (schedule_need){block->leaving, NEED_EXIT, 0});
  }
  block->trapping = traps ? number : block->trapping;
  block->leaving = stmt->exits != 0 ? number : block->leaving;
  for (uint32_t k = 0; k < to->writes.n; k++) {
    m->writers[to->writes.at[k]] = number + 1;
  }
}

static void forget_writers(maker *m, uint32_t first, uint32_t end)
{
  for (uint32_t k = first; k < end; k++) {
    for (uint32_t i = 0; i < m->s->steps[k].writes.n; i++) {
      m->writers[m->s->steps[k].writes.at[i]] = 0;
    }
  }
}

/* A sync is in no phase's block: what comes before it has happened. */
static void schedule_block(maker *m, step_list list)
{
  block_state block = {NO_STEP, NO_STEP};
  uint32_t start = list.first;
  for (uint32_t k = 0; k <= list.n && !m->s->memory.failed; k++) {
    uint32_t number = list.first + k;
    if (k == list.n || m->s->plan.steps.all.data[number].stmt->kind == STMT_SYNC) {
      forget_writers(m, start, number);
      block = (block_state){NO_STEP, NO_STEP};
      start = number + 1;
      continue;
    }
    list_items(m, number);
    list_inputs(m, number);
    find_needs(m, number, &block);
  }
}

/* ---- what is needed after ---- */

static void add_live(const plan *pl, schedule_live *to, uint32_t item, bool is_added)
{
  prog_type type = plan_item_type(pl, item);
  uint32_t bytes = plan_item_bytes(pl, item);
  uint32_t array_bytes = type.kind == PROG_ARRAY ? type.n * (uint32_t)type_table[type.scalar].bytes : 0;
  to->n += is_added ? 1 : UINT32_MAX;
  to->bytes += is_added ? bytes : 0 - bytes;
  to->array_bytes += is_added ? array_bytes : 0 - array_bytes;
}

static void follow_word(maker *m, uint32_t word, item_word now)
{
  item_word changed = m->last[word] ^ now;
  for (uint32_t item = word * 64; changed != 0; changed >>= 1, item++) {
    if (changed & 1) {
      add_live(&m->s->plan, &m->totals, item, item_is_in(&now, item % 64));
    }
  }
  m->last[word] = now;
}

/* One after the other, steps need nearly the same: totals follow what differs. */
static void follow_totals(maker *m, const item_word *after)
{
  enum { CHUNK = 32 };
  const plan *pl = &m->s->plan;
  for (uint32_t word = 0; word < pl->steps.n_words; word += CHUNK) {
    uint32_t n = pl->steps.n_words - word < CHUNK ? pl->steps.n_words - word : CHUNK;
    if (memcmp(m->last + word, after + word, n * sizeof *after) == 0) {
      continue;
    }
    for (uint32_t k = word; k < word + n; k++) {
      follow_word(m, k, after[k]);
    }
  }
}

/* Where random numbers are still to be drawn all of their cells are needed; a loop keeps its counter and its limit. */
static void note_live(void *self, uint32_t number, const item_word *after)
{
  maker *m = self;
  const plan *pl = &m->s->plan;
  schedule_live *to = &m->s->steps[number].live;
  follow_totals(m, after);
  *to = m->totals;
  to->items = items_list(&pl->steps, after, SCHEDULE_LISTED);
  for (uint32_t k = 1; k < DRAW_CELLS && item_is_in(after, m->entry->body.n_variables + EXTRA_DRAWS); k++) {
    to->bytes += plan_item_bytes(pl, m->entry->body.n_variables + EXTRA_DRAWS + k);
  }
  for (uint32_t up = pl->steps.all.data[number].parent; up != NO_STEP; up = pl->steps.all.data[up].parent) {
    const prog_stmt *loop = pl->steps.all.data[up].stmt;
    if (loop->kind == STMT_FOR || loop->kind == STMT_REPEAT) {
      to->bytes += type_table[loop->value->type.scalar].bytes * (loop->kind == STMT_FOR ? 1u : 2u);
    }
  }
}

/* ---- how long ---- */

static int compare_spans(const void *a, const void *b)
{
  uintptr_t x = (uintptr_t)((const routine_span *)a)->stmt, y = (uintptr_t)((const routine_span *)b)->stmt;
  return x < y ? -1 : x > y;
}

static void measure_steps(maker *m, uint32_t phase, path_finder *f, const bool *is_critical)
{
  const routine *r = &m->s->set.phases[phase];
  routine_span *spans = arena_copy(&m->s->memory, r->spans.data, r->spans.n, sizeof *spans);
  if (spans == NULL) {
    return;
  }
  qsort(spans, r->spans.n, sizeof *spans, compare_spans);
  for (uint32_t k = 0; k < m->s->plan.steps.all.n; k++) {
    schedule_step *to = &m->s->steps[k];
    const routine_span key = {.stmt = m->s->plan.steps.all.data[k].stmt};
    const routine_span *span =
        to->phase == phase && r->spans.n > 0 ? bsearch(&key, spans, r->spans.n, sizeof *spans, compare_spans) : NULL;
    if (span == NULL) {
      continue;
    }
    to->first_node = span->first;
    to->end_node = span->end;
    to->length = path_measure(f, span->first, span->end);
    bool has_blocks = m->s->plan.steps.all.data[k].n_lists > 0 && key.stmt->kind != STMT_BLOCK;
    to->is_parting = has_blocks && path_parts(f, span->first, span->end);
    for (uint32_t i = span->first; i < span->end; i++) {
      to->is_critical = to->is_critical || is_critical[i];
    }
  }
}

/* A function is as long as where it is called first. */
static void measure_functions(maker *m, uint32_t phase, path_finder *f)
{
  const routine *r = &m->s->set.phases[phase];
  for (size_t k = 0; k < r->spans.n; k++) {
    const routine_span *span = &r->spans.data[k];
    if (span->code != NULL) {
      schedule_function *to = &m->s->functions[span->code - m->p->functions];
      to->length = to->n_calls++ == 0 ? path_measure(f, span->first, span->end) : to->length;
    }
  }
}

static void measure_phase(maker *m, uint32_t phase)
{
  schedule *s = m->s;
  const tg_graph *g = s->set.phases[phase].graph;
  path_finder f;
  bool *is_critical = arena_array(&s->memory, bool, g->nodes.n);
  if (is_critical == NULL || !path_open(&f, g, &s->memory)) {
    return;
  }
  s->phases[phase].n_nodes = (uint32_t)g->nodes.n;
  s->phases[phase].length = path_measure(&f, 0, (uint32_t)g->nodes.n);
  path_mark(&f, is_critical);
  measure_steps(m, phase, &f, is_critical);
  measure_functions(m, phase, &f);
}

/* ---- all ---- */

/* Steps of blocks are in the phase of the step around them, which comes before them. */
static void number_phases(schedule *s)
{
  const steps *all = &s->plan.steps;
  uint32_t phase = 0;
  for (uint32_t k = 0; k < all->all.n; k++) {
    const step *at = &all->all.data[k];
    s->steps[k].phase = at->parent == NO_STEP ? phase : s->steps[at->parent].phase;
    phase += at->stmt->kind == STMT_SYNC;
  }
}

static void list_kept(schedule *s, uint32_t phase)
{
  schedule_live *to = &s->phases[phase].kept;
  const plan *pl = &s->plan;
  to->items.at = arena_array(&s->memory, uint32_t, pl->n_items);
  for (uint32_t item = 0; item < pl->n_items && to->items.at != NULL; item++) {
    if (pl->phases[phase].saved[item] != 0) {
      to->items.at[to->items.n++] = item;
      add_live(pl, to, item, true);
    }
  }
}

static void fill(maker *m)
{
  schedule *s = m->s;
  uint32_t n_steps = (uint32_t)s->plan.steps.all.n;
  s->steps = arena_array(&s->memory, schedule_step, n_steps);
  s->phases = arena_array(&s->memory, schedule_phase, s->set.n_phases);
  s->functions = arena_array(&s->memory, schedule_function, m->p->n_functions);
  m->writers = arena_array(&s->memory, uint32_t, s->plan.n_items);
  m->needed = arena_array(&s->memory, uint32_t, n_steps);
  m->set = items_none(&s->plan.steps);
  m->last = items_none(&s->plan.steps);
  if (s->memory.failed || !live_walk(&s->plan.steps, (live_visitor){note_live, m}, true)) {
    return;
  }
  for (uint32_t k = 0; k < m->p->n_functions; k++) {
    s->functions[k].code = &m->p->functions[k];
  }
  number_phases(s);
  for (uint32_t k = 0; k < s->plan.steps.lists.n; k++) {
    schedule_block(m, s->plan.steps.lists.data[k]);
  }
  for (uint32_t k = 0; k < s->set.n_phases && !s->memory.failed; k++) {
    measure_phase(m, k);
    list_kept(s, k);
  }
}

tg_status schedule_make(schedule *s, const program *p, const prog_entry *entry, const routine_options *options,
                        tg_error *error)
{
  *s = (schedule){.set = {.context = NULL}};
  arena_init(&s->memory, p->context->allocator);
  TG_TRY(plan_make(&s->plan, p, entry, options, &s->memory, error));
  TG_TRY(routine_lower_plan(&s->plan, &s->set, error));
  maker m = {.s = s, .p = p, .entry = s->plan.entry};
  fill(&m);
  return s->memory.failed ? error_set(error, TG_NOMEM, "no memory for the schedule of %s", entry->name) : TG_OK;
}

void schedule_free(schedule *s)
{
  routine_drop(&s->set);
  plan_free(&s->plan);
  arena_free(&s->memory);
}
