/* stage_places.c: where the queues and slots of a graph's stages lie in scratch. */
#include "backend/llvm/emit.h"

enum { MOST_SCRATCH = 24 << 10, MOST_SUM_SCRATCH = 48 << 10 };

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
    s->ready_fuel = place(end, plan->capacity * sizeof(uint64_t));
    s->slot_fuel = place(end, code->n_lanes * sizeof(uint64_t));
    s->done_fuel = place(end, plan->capacity * sizeof(uint64_t));
    s->wants = s->can_pass ? place(end, plan->capacity) : 0;
    for (stage_entry *e = plan->entries + s->first_entry; e < plan->entries + s->first_entry + s->n_entries; e++) {
      e->ready = e->start == STAGE_NO_VALUE ? 0 : place(end, (size_t)plan->capacity * e->bytes);
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
  size_t start = *end;
  for (plan->capacity = STAGE_QUEUE; plan->capacity >= 2 * code->n_lanes; plan->capacity /= 2) {
    size_t all = start;
    place_queues(code, &all);
    size_t most = place_sinks(code, &all) ? MOST_SUM_SCRATCH : MOST_SCRATCH;
    if (all < most + code->array_bytes * code->n_lanes || code->wish.form == JIT_FORM_REFILL) {
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
  if (plan->is_split != NULL) {
    alloc_free(a, plan->is_split, code->graph->nodes.n + 1, sizeof *plan->is_split);
  }
  if (plan->owners != NULL) {
    alloc_free(a, plan->owners, code->graph->values.n + 1, sizeof *plan->owners);
  }
  if (plan->sums != NULL) {
    alloc_free(a, plan->sums, count_sums(code->graph) + 1, sizeof *plan->sums);
  }
  if (plan->args != NULL) {
    alloc_free(a, plan->args, code->graph->n_arg_sinks + 1, sizeof *plan->args);
  }
}
