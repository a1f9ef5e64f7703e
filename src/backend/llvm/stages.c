/* stages.c: which loops are refilled, which values go along with a lane from stage to stage, and where they wait.
 *
 * Stage 2k is what comes before loop k, stage 2k + 1 the loop; sinks belong to the last. Streams and lane numbers are
 * read in stage 0, where lanes are side by side, and go along. A value goes along if a later stage wants it. What is
 * uniform needs not. */
#include "backend/llvm/emit.h"

#include <string.h>

enum { MOST_ENTRIES = 48, MOST_NODES = 4096, MOST_SCRATCH = 24 << 10, MOST_SUM_SCRATCH = 48 << 10 };

typedef struct cutter {
  jit_code *code;
  const tg_graph *g;
  stage_plan *plan;
  uint8_t *made, *wanted; /* by value: the stage that makes it, and the last that wants it */
} cutter;

/* ---- which loops ---- */

/* Loops outside all bodies which lanes leave at different times. */
static void find_loops(cutter *c)
{
  for (uint32_t i = graph_main_start(c->g); i < c->g->nodes.n; i++) {
    const graph_node *node = &c->g->nodes.data[i];
    if (node->op == TG_OP_LOOP && c->code->varies[node_args(c->g, &c->g->nodes.data[node->mate])[0]]) {
      if (c->plan->n == STAGE_MOST) {
        c->plan->n = 0;
        return;
      }
      c->plan->stages[c->plan->n++] = (stage){.loop = i};
    }
    i = node->op == TG_OP_LOOP || node->op == TG_OP_BRANCH ? node->end : i;
  }
}

/* ---- who makes and wants a value ---- */

static void want(cutter *c, uint32_t v, size_t number)
{
  c->wanted[v] = c->wanted[v] < number ? (uint8_t)number : c->wanted[v];
}

static void visit_node(cutter *c, uint32_t i, size_t number)
{
  const graph_node *node = &c->g->nodes.data[i];
  bool is_sink = node->op == TG_OP_STORE || node->op == TG_OP_SUM || node->op == TG_OP_ARGMIN ||
                 node->op == TG_OP_ARGMAX || node->op == TG_OP_COMBINE;
  bool is_source = node->op == TG_OP_LOAD || node->op == TG_OP_IOTA;
  for (uint32_t k = 0; k < node->n_args; k++) {
    want(c, node_args(c->g, node)[k], is_sink ? 2 * c->plan->n : number);
  }
  for (uint32_t k = 0; k < node->n_results; k++) {
    c->made[node->first_result + k] = is_source ? 0 : (uint8_t)number;
  }
  for (uint32_t k = 0; k < node->n_args && node->op == TG_OP_LOOP; k++) {
    c->made[node->first_carried + k] = (uint8_t)number;
  }
}

/* A loop's starts are wanted by the stage before it. */
static void visit(cutter *c)
{
  size_t number = 0;
  for (uint32_t i = graph_main_start(c->g); i < c->g->nodes.n; i++) {
    const graph_node *node = &c->g->nodes.data[i];
    bool begins = number % 2 == 0 && number / 2 < c->plan->n && c->plan->stages[number / 2].loop == i;
    visit_node(c, i, number);
    if (begins) {
      number++;
      memset(&c->made[node->first_carried], (int)number, node->n_args);
      memset(&c->made[node->first_result], (int)number, node->n_results);
    } else if (number % 2 == 1 && c->g->nodes.data[c->plan->stages[number / 2].loop].end == i) {
      number++;
    }
  }
}

/* ---- entries ---- */

static bool goes_along(const cutter *c, uint32_t v, size_t k)
{
  return !c->g->values.data[v].is_uniform && c->made[v] <= 2 * k && c->wanted[v] > 2 * k;
}

static bool is_used_in(const cutter *c, uint32_t v, const graph_node *loop)
{
  bool found = false;
  uint32_t first = loop->first_arg + loop->n_args;
  const graph_node *yield = &c->g->nodes.data[loop->end];
  for (uint32_t i = first; i < yield->first_arg + yield->n_args; i++) {
    found |= c->g->args.data[i] == v;
  }
  return found;
}

static void add_entry(cutter *c, stage_entry entry)
{
  const graph_value *value = &c->g->values.data[entry.value];
  stage_plan *plan = c->plan;
  if (plan->n_entries == plan->room || value->array_length > 0) {
    plan->n = 0; /* too many, or an array, which would have to be copied: no refill */
    return;
  }
  entry.bytes = element_bytes((tg_type)value->type);
  plan->entries[plan->n_entries++] = entry;
}

static void find_entries(cutter *c, size_t k)
{
  stage *s = &c->plan->stages[k];
  const graph_node *loop = &c->g->nodes.data[s->loop];
  s->first_entry = (uint32_t)c->plan->n_entries;
  for (uint32_t i = 0; i < loop->n_args && c->plan->n > 0; i++) {
    bool is_wanted = c->wanted[loop->first_result + i] > 2 * k + 1;
    add_entry(c, (stage_entry){.value = loop->first_carried + i,
                               .start = node_args(c->g, loop)[i],
                               .after = is_wanted ? loop->first_result + i : STAGE_NO_VALUE,
                               .is_carried = true,
                               .is_used = true});
  }
  for (uint32_t v = 0; v < c->g->values.n && c->plan->n > 0; v++) {
    if (goes_along(c, v, k)) {
      bool is_wanted = c->wanted[v] > 2 * k + 1;
      uint32_t after = is_wanted ? v : STAGE_NO_VALUE;
      add_entry(c, (stage_entry){.value = v, .start = v, .after = after, .is_used = is_used_in(c, v, loop)});
    }
  }
  s->n_entries = (uint32_t)c->plan->n_entries - s->first_entry;
}

static void find_costs(cutter *c, stage *s)
{
  cost_part part;
  cost_add_up(c->g, s->loop, &part);
  s->ps = part.ps;
  for (uint32_t i = s->loop; i < c->g->nodes.data[s->loop].end; i++) {
    s->can_trap |= c->g->nodes.data[i].op == TG_OP_TRAP;
  }
}

/* What goes along is written for each lane, and lanes of a loop began at different times. */
static void find_varying(cutter *c)
{
  memcpy(c->plan->varies, c->code->varies, c->g->values.n * sizeof *c->plan->varies);
  for (size_t i = 0; i < c->plan->n_entries; i++) {
    const stage_entry *entry = &c->plan->entries[i];
    c->plan->varies[entry->value] = true;
    if (entry->after != STAGE_NO_VALUE) {
      c->plan->varies[entry->after] = true;
    }
  }
  jit_find_varying(c->g, c->code->used, c->plan->varies);
}

static void cut(cutter *c)
{
  visit(c);
  for (size_t k = 0; k < c->plan->n; k++) {
    find_entries(c, k);
  }
  for (size_t k = 0; k < c->plan->n; k++) {
    find_costs(c, &c->plan->stages[k]);
  }
  find_varying(c);
}

bool stages_plan(jit_code *code)
{
  const tg_graph *g = code->graph;
  const tg_allocator *a = &code->allocator;
  cutter c = {.code = code, .g = g, .plan = &code->stages};
  if (code->wish.form == JIT_FORM_MASKED || g->nodes.n > MOST_NODES) {
    return true;
  }
  find_loops(&c);
  if (c.plan->n == 0) {
    return true;
  }
  c.plan->room = MOST_ENTRIES;
  c.plan->entries = alloc_zeroed(a, MOST_ENTRIES, sizeof *c.plan->entries);
  c.plan->varies = alloc_zeroed(a, g->values.n + 1, sizeof *c.plan->varies);
  c.made = alloc_zeroed(a, g->values.n + 1, 1);
  c.wanted = alloc_zeroed(a, g->values.n + 1, 1);
  bool has_memory = c.plan->entries != NULL && c.plan->varies != NULL && c.made != NULL && c.wanted != NULL;
  if (has_memory) {
    cut(&c);
  }
  alloc_free(a, c.made, g->values.n + 1, 1);
  alloc_free(a, c.wanted, g->values.n + 1, 1);
  return has_memory;
}

/* ---- places ---- */

static size_t place(size_t *end, size_t bytes)
{
  size_t offset = *end;
  *end = offset + ((bytes + 63) & ~(size_t)63);
  return offset;
}

static void place_queues(jit_code *code, size_t *end)
{
  stage_plan *plan = &code->stages;
  for (size_t k = 0; k < plan->n; k++) {
    stage *s = &plan->stages[k];
    s->ready_lanes = place(end, plan->capacity * sizeof(uint32_t));
    s->slot_lanes = place(end, code->n_lanes * sizeof(uint32_t));
    s->done_lanes = place(end, plan->capacity * sizeof(uint32_t));
    for (stage_entry *e = plan->entries + s->first_entry; e < plan->entries + s->first_entry + s->n_entries; e++) {
      e->ready = place(end, (size_t)plan->capacity * e->bytes);
      e->slot = place(end, (size_t)code->n_lanes * e->bytes);
      e->done = e->after == STAGE_NO_VALUE ? 0 : place(end, (size_t)plan->capacity * e->bytes);
    }
  }
}

/* Sums of floats wait for all lanes of their block, other reductions only for those of a queue. */
static bool place_sinks(jit_code *code, size_t *end)
{
  const tg_graph *g = code->graph;
  stage_plan *plan = &code->stages;
  size_t n_sums = 0, n_args = 0;
  bool has_blocks = false;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    const uint32_t *args = node_args(g, node);
    if (node->op == TG_OP_SUM) {
      tg_type type = (tg_type)g->values.data[args[0]].type;
      if (type_in(type, TG_CLASS_FLOAT)) {
        plan->sums[n_sums].group = place(end, (size_t)plan->capacity * element_bytes(type));
        plan->sums[n_sums].block = place(end, TG_BLOCK_LANES * (size_t)element_bytes(type));
        has_blocks = true;
      }
      n_sums++;
    } else if (node->op == TG_OP_ARGMIN || node->op == TG_OP_ARGMAX) {
      unsigned data = element_bytes((tg_type)g->values.data[args[1]].type);
      plan->args[n_args].group = place(end, (size_t)plan->capacity * data);
      unsigned index = element_bytes((tg_type)g->values.data[args[0]].type);
      plan->args[n_args++].block = place(end, (size_t)plan->capacity * index);
    }
  }
  return has_blocks;
}

static size_t count_sums(const tg_graph *g)
{
  size_t n = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    n += g->nodes.data[i].op == TG_OP_SUM;
  }
  return n;
}

/* Queues are short where all would not fit on the stack of a caller without a workspace. */
bool stages_place(jit_code *code, size_t *end)
{
  stage_plan *plan = &code->stages;
  const tg_allocator *a = &code->allocator;
  if (plan->n == 0) {
    return true;
  }
  plan->sums = alloc_zeroed(a, count_sums(code->graph) + 1, sizeof *plan->sums);
  plan->args = alloc_zeroed(a, code->graph->n_arg_sinks + 1, sizeof *plan->args);
  if (plan->sums == NULL || plan->args == NULL) {
    return false;
  }
  for (plan->capacity = STAGE_QUEUE; plan->capacity >= 2 * code->n_lanes; plan->capacity /= 2) {
    size_t all = *end;
    place_queues(code, &all);
    size_t most = place_sinks(code, &all) ? MOST_SUM_SCRATCH : MOST_SCRATCH;
    if (all < most || code->wish.form == JIT_FORM_REFILL) {
      *end = all;
      return true;
    }
  }
  plan->n = 0;
  return true;
}

void stages_free(jit_code *code)
{
  stage_plan *plan = &code->stages;
  const tg_allocator *a = &code->allocator;
  alloc_free(a, plan->entries, plan->room, sizeof *plan->entries);
  if (plan->varies != NULL) {
    alloc_free(a, plan->varies, code->graph->values.n + 1, sizeof *plan->varies);
  }
  if (plan->sums != NULL) {
    alloc_free(a, plan->sums, count_sums(code->graph) + 1, sizeof *plan->sums);
  }
  if (plan->args != NULL) {
    alloc_free(a, plan->args, code->graph->n_arg_sinks + 1, sizeof *plan->args);
  }
}
