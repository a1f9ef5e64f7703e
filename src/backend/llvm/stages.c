/* stages.c: which loops are refilled, and which values go along with a lane from stage to stage.
 *
 * Nodes are numbered by when they run: 4k before loop k, 4k + 1 for lanes that come to it, 4k + 2 in it, 4k + 3 for
 * lanes that leave it; sinks come last. Streams and lane numbers are read at 0, where lanes are side by side, and go
 * along. A value goes along if it is wanted later; what is uniform needs not. */
#include "backend/llvm/stage_cut.h"

#include <string.h>

enum { MOST_ENTRIES = 48, MOST_NODES = 4096 };

/* ---- which loops ---- */

/* Loops outside all other loops which lanes leave at different times; is_deep: also those in branches. */
static void find_loops(cutter *c, bool is_deep)
{
  c->plan->n = 0;
  for (uint32_t i = graph_main_start(c->g); i < c->g->nodes.n; i++) {
    const graph_node *node = &c->g->nodes.data[i];
    if (node->op == TG_OP_LOOP && c->code->varies[node_args(c->g, &c->g->nodes.data[node->mate])[0]]) {
      if (c->plan->n == STAGE_MOST) {
        c->plan->n = 0;
        return;
      }
      c->plan->stages[c->plan->n++] =
          (stage){.loop = i, .entry = i, .exit = node->end + 1, .body_end = (uint32_t)c->g->nodes.n};
    }
    i = node->op == TG_OP_LOOP || (node->op == TG_OP_BRANCH && !is_deep) ? node->end : i;
  }
}

/* The innermost body is that of the last branch around it. */
static void find_body(cutter *c, stage *s)
{
  for (uint32_t i = graph_main_start(c->g); i < s->loop; i++) {
    const graph_node *node = &c->g->nodes.data[i];
    if (node->op != TG_OP_BRANCH || node->end < s->loop) {
      continue;
    }
    c->plan->is_split[i] = s->is_inner = true;
    for (uint32_t k = 0; k < node->n_bodies && branch_body(c->g, node, k) <= s->loop; k++) {
      s->body = branch_body(c->g, node, k);
      s->body_end = branch_yield(c->g, node, k);
    }
  }
}

/* ---- when a node runs, and who makes and wants a value ---- */

static unsigned number_at(const cutter *c, uint32_t i)
{
  unsigned number = 0;
  for (size_t k = 0; k < c->plan->n; k++) {
    const stage *s = &c->plan->stages[k];
    uint32_t starts[4] = {s->entry, s->loop, c->g->nodes.data[s->loop].end + 1, s->exit};
    for (size_t step = 0; step < 4; step++) {
      number = i >= starts[step] ? (unsigned)(4 * k + step + 1) : number;
    }
  }
  return number;
}

static const stage *stage_at(const cutter *c, uint32_t loop)
{
  for (size_t k = 0; k < c->plan->n; k++) {
    if (c->plan->stages[k].loop == loop) {
      return &c->plan->stages[k];
    }
  }
  return NULL;
}

static void want(cutter *c, uint32_t v, unsigned number)
{
  c->wanted[v] |= UINT32_C(1) << number;
}

static bool is_sink(const graph_node *node)
{
  return node->op == TG_OP_STORE || node->op == TG_OP_SUM || node->op == TG_OP_ARGMIN || node->op == TG_OP_ARGMAX ||
         node->op == TG_OP_COMBINE;
}

/* A loop's starts are wanted before it; what a split branch yields, where it ends. */
static unsigned when_wanted(const cutter *c, uint32_t i)
{
  const graph_node *node = &c->g->nodes.data[i];
  const stage *s = stage_at(c, i);
  if (is_sink(node)) {
    return 4 * (unsigned)c->plan->n;
  }
  if (s != NULL) {
    return 4 * (unsigned)(s - c->plan->stages);
  }
  bool yields = node->op == TG_OP_YIELD && c->plan->is_split[node->mate];
  return number_at(c, yields ? c->g->nodes.data[node->mate].end : i);
}

static void visit_node(cutter *c, uint32_t i)
{
  const graph_node *node = &c->g->nodes.data[i];
  unsigned number = number_at(c, i), wanted = when_wanted(c, i);
  bool is_source = node->op == TG_OP_LOAD || node->op == TG_OP_IOTA;
  for (uint32_t k = 0; k < node->n_args; k++) {
    want(c, node_args(c->g, node)[k], wanted);
  }
  if (c->plan->is_split[i]) {
    unsigned last = number_at(c, node->end);
    for (; number < last; number++) {
      want(c, node_args(c->g, node)[0], number + 1);
    }
  }
  for (uint32_t k = 0; k < node->n_results; k++) {
    c->made[node->first_result + k] = is_source ? 0 : (uint8_t)number;
  }
  for (uint32_t k = 0; k < node->n_args && node->op == TG_OP_LOOP; k++) {
    c->made[node->first_carried + k] = (uint8_t)number;
  }
}

/* ---- entries ---- */

/* Whether a value is wanted at numbers from one on. */
static bool is_wanted(const cutter *c, uint32_t v, size_t number)
{
  return c->wanted[v] >> number != 0;
}

static bool add_entry(cutter *c, stage_entry entry)
{
  stage_plan *plan = c->plan;
  if (plan->n_entries == plan->room) {
    return false;
  }
  uint32_t v = entry.value != STAGE_NO_VALUE ? entry.value : entry.after;
  entry.is_array = c->g->values.data[v].array_length > 0;
  entry.bytes = entry.is_array ? 0 : element_bytes((tg_type)c->g->values.data[v].type);
  plan->entries[plan->n_entries++] = entry;
  return true;
}

static bool add_carried(cutter *c, size_t k)
{
  const graph_node *loop = &c->g->nodes.data[c->plan->stages[k].loop];
  for (uint32_t i = 0; i < loop->n_args; i++) {
    uint32_t start = node_args(c->g, loop)[i], result = loop->first_result + i;
    bool is_array = c->g->values.data[start].array_length > 0;
    bool is_early = c->made[start] <= 4 * k || c->g->values.data[start].is_uniform;
    stage_entry entry = {.value = loop->first_carried + i,
                         .start = is_early && !is_array ? start : STAGE_NO_VALUE,
                         .after = is_wanted(c, result, 4 * k + 4) && !is_array ? result : STAGE_NO_VALUE,
                         .is_carried = true,
                         .is_used = true,
                         .is_kept = is_wanted(c, result, 4 * k + 3)};
    if (!add_entry(c, entry)) {
      return false;
    }
  }
  return true;
}

/* What comes from before, what is made for lanes that come, and what those that leave make. */
static bool add_along(cutter *c, size_t k)
{
  for (uint32_t v = 0; v < c->g->values.n; v++) {
    const graph_value *value = &c->g->values.data[v];
    unsigned made = c->made[v];
    bool is_early = made <= 4 * k && is_wanted(c, v, 4 * k + 1), is_late = made == 4 * k + 3;
    bool is_mine = made == 4 * k + 1 && is_wanted(c, v, 4 * k + 2), goes_on = is_wanted(c, v, 4 * k + 4);
    if (value->is_uniform || value->array_length > 0 || !(is_early || is_mine || (is_late && goes_on))) {
      continue;
    }
    stage_entry entry = {.value = is_late ? STAGE_NO_VALUE : v,
                         .start = is_early ? v : STAGE_NO_VALUE,
                         .after = goes_on ? v : STAGE_NO_VALUE,
                         .is_used = !is_late && (is_mine || (c->wanted[v] >> (4 * k + 1) & 7) != 0)};
    if (!add_entry(c, entry)) {
      return false;
    }
  }
  return true;
}

static bool find_entries(cutter *c, size_t k)
{
  stage *s = &c->plan->stages[k];
  s->first_entry = (uint32_t)c->plan->n_entries;
  bool fits = add_carried(c, k) && add_along(c, k);
  s->n_entries = (uint32_t)c->plan->n_entries - s->first_entry;
  return fits;
}

static void find_costs(cutter *c, stage *s)
{
  cost_part part;
  cost_add_up(c->g, s->loop, &part);
  s->ps = part.ps;
  s->exchange_ps = 0;
  for (uint32_t i = s->entry; i < s->exit; i++) {
    const graph_node *node = &c->g->nodes.data[i];
    bool is_outside = i < s->loop || i > c->g->nodes.data[s->loop].end;
    s->can_trap |= node->op == TG_OP_TRAP;
    s->exchange_ps += is_outside ? cost_node_ps(c->g, node) : 0;
  }
}

/* What goes along is written for each lane, and lanes of a loop began at different times. */
static void find_varying(cutter *c)
{
  memcpy(c->plan->varies, c->code->varies, c->g->values.n * sizeof *c->plan->varies);
  for (size_t i = 0; i < c->plan->n_entries; i++) {
    const stage_entry *entry = &c->plan->entries[i];
    if (entry->value != STAGE_NO_VALUE) {
      c->plan->varies[entry->value] = true;
    }
    if (entry->after != STAGE_NO_VALUE) {
      c->plan->varies[entry->after] = true;
    }
  }
  jit_find_varying(c->g, c->code->used, c->plan->varies);
}

/* ---- all ---- */

static bool cut(cutter *c)
{
  stage_plan *plan = c->plan;
  plan->n_entries = 0;
  memset(plan->is_split, 0, c->g->nodes.n);
  memset(c->wanted, 0, c->g->values.n * sizeof *c->wanted);
  for (size_t k = 0; k < plan->n; k++) {
    find_body(c, &plan->stages[k]);
  }
  if (!stages_give_arrays(c)) {
    return false;
  }
  for (uint32_t i = graph_main_start(c->g); i < c->g->nodes.n; i++) {
    visit_node(c, i);
  }
  for (size_t k = 0; k < plan->n; k++) {
    if (!find_entries(c, k)) {
      return false;
    }
    find_costs(c, &plan->stages[k]);
  }
  find_varying(c);
  return true;
}

/* At all divergent loops; where that is too much, at those outside all branches. */
static void cut_somehow(cutter *c)
{
  for (unsigned way = 0; way < 2; way++) {
    find_loops(c, way == 0);
    if (c->plan->n > 0 && cut(c)) {
      return;
    }
  }
  c->plan->n = 0;
}

bool stages_plan(jit_code *code)
{
  const tg_graph *g = code->graph;
  const tg_allocator *a = &code->allocator;
  stage_plan *plan = &code->stages;
  cutter c = {.code = code, .g = g, .plan = plan};
  find_loops(&c, true);
  if (code->wish.form == JIT_FORM_MASKED || g->nodes.n > MOST_NODES) {
    plan->n = 0;
    return true;
  }
  plan->room = MOST_ENTRIES;
  plan->entries = alloc_zeroed(a, MOST_ENTRIES, sizeof *plan->entries);
  plan->varies = alloc_zeroed(a, g->values.n + 1, sizeof *plan->varies);
  plan->is_split = alloc_zeroed(a, g->nodes.n + 1, sizeof *plan->is_split);
  plan->owners = alloc_zeroed(a, g->values.n + 1, sizeof *plan->owners);
  c.made = alloc_zeroed(a, g->values.n + 1, 1);
  c.wanted = alloc_zeroed(a, g->values.n + 1, sizeof *c.wanted);
  c.spans = alloc_zeroed(a, g->values.n + 1, sizeof *c.spans);
  bool has_memory = plan->entries != NULL && plan->varies != NULL && plan->is_split != NULL && plan->owners != NULL &&
                    c.made != NULL && c.wanted != NULL && c.spans != NULL;
  if (has_memory) {
    cut_somehow(&c);
  }
  alloc_free(a, c.made, g->values.n + 1, 1);
  alloc_free(a, c.wanted, g->values.n + 1, sizeof *c.wanted);
  alloc_free(a, c.spans, g->values.n + 1, sizeof *c.spans);
  return has_memory;
}
