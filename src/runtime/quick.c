/* quick.c: invocations of few lanes whose operands lie as they mostly do: memory of the host, streams aligned and at
 * unit stride, none within another. They are checked and run in some dozens of instructions, where the engine
 * has a quick way. What is not found to be so, errors among it, invoke.c does with care, as if nothing had been. */
#include "runtime/kernel.h"

#include "base/fpenv.h"

/* ---- once for a kernel ---- */

static bool is_stream(const graph_operand *operand)
{
  return operand->kind == TG_INPUT || operand->kind == TG_OUTPUT;
}

static bool can_be_quick(const tg_graph *g)
{
  bool can = g->operands.n <= QUICK_OPERANDS;
  for (size_t i = 0; i < g->operands.n; i++) {
    const graph_operand *operand = &g->operands.data[i];
    can &= operand->kind == TG_PARAM || is_stream(operand);
  }
  return can;
}

static quick_operand rule_of(const graph_operand *operand)
{
  size_t bytes = mode_table[operand->mode].bytes;
  return is_stream(operand) ? (quick_operand){.lane_bytes = bytes, .misaligned = bytes - 1}
                            : (quick_operand){.call_bytes = bytes};
}

/* Each output with every other operand, and two outputs once. */
static void list_pairs(quick_plan *plan, const tg_graph *g)
{
  for (uint32_t i = 0; i < g->operands.n; i++) {
    const graph_operand *out = &g->operands.data[i];
    for (uint32_t k = 0; out->kind == TG_OUTPUT && k < g->operands.n; k++) {
      const graph_operand *other = &g->operands.data[k];
      if (k != i && (k > i || other->kind != TG_OUTPUT)) {
        bool may_coincide = other->kind == TG_INPUT && other->mode == out->mode;
        plan->pairs[plan->n_pairs++] = (quick_pair){(uint8_t)i, (uint8_t)k, may_coincide};
      }
    }
  }
}

void quick_engine(backend_quick *out, engine e)
{
  if (e.backend->quick == NULL || !e.backend->quick(e.code, out)) {
    out->most_lanes = 0;
  } else if (out->most_lanes > TG_BLOCK_LANES) {
    out->most_lanes = TG_BLOCK_LANES; /* more may be worth several threads */
  }
}

void quick_open(tg_kernel *kernel)
{
  quick_plan *plan = &kernel->quick;
  const tg_graph *g = kernel->graph;
  plan->can = can_be_quick(g);
  if (!plan->can) {
    return;
  }
  quick_engine(&plan->way, (engine){kernel->backend, kernel->code});
  plan->n_operands = g->operands.n;
  for (size_t i = 0; i < g->operands.n; i++) {
    plan->operands[i] = rule_of(&g->operands.data[i]);
  }
  list_pairs(plan, g);
}

/* ---- for each invocation ---- */

/* Fills at[]: where the operands lie. False: not all is found to be right. */
static bool bind_quickly(const quick_plan *plan, const tg_invocation *call, unsigned char **at)
{
  size_t need[QUICK_OPERANDS], n = (size_t)call->n, n_operands = plan->n_operands;
  for (size_t k = 0; k < n_operands; k++) {
    const quick_operand *o = &plan->operands[k];
    const tg_binding *binding = &call->bindings[k];
    size_t bytes = o->lane_bytes * n + o->call_bytes;
    if (binding->data == NULL || binding->offset > binding->bytes || bytes > binding->bytes - binding->offset) {
      return false;
    }
    at[k] = (unsigned char *)binding->data + binding->offset;
    need[k] = bytes;
    if (o->lane_bytes != 0 && ((size_t)binding->stride != o->lane_bytes || ((uintptr_t)at[k] & o->misaligned) != 0)) {
      return false;
    }
  }
  for (const quick_pair *pair = plan->pairs, *end = pair + plan->n_pairs; pair != end; pair++) {
    uintptr_t a = (uintptr_t)at[pair->out], b = (uintptr_t)at[pair->other];
    bool is_apart = a - b >= need[pair->other] && b - a >= need[pair->out];
    if (!is_apart && (a != b || !pair->may_coincide)) {
      return false;
    }
  }
  return true;
}

static bool run_in(const tg_kernel *kernel, const tg_invocation *call, const backend_quick *way,
                   unsigned char *workspace)
{
  const workspace_layout *layout = &kernel->layout;
  unsigned char *scratch = workspace + layout->plain_scratch;
  size_t uniforms = way == &kernel->quick.way ? layout->uniforms : layout->later_uniforms;
  if (!bind_quickly(&kernel->quick, call, (unsigned char **)(void *)(scratch + way->addresses))) {
    return false;
  }
  fpenv saved = fpenv_enter();
  bool is_done = way->run(way->code, call->n, scratch, workspace + uniforms);
  fpenv_leave(saved);
  return is_done;
}

/* In a function of its own, so that only invocations without a workspace have the 64 KiB on their stack. */
static bool run_on_stack(const tg_kernel *kernel, const tg_invocation *call, const backend_quick *way)
{
  _Alignas(64) unsigned char workspace[STACK_WORKSPACE];
  return run_in(kernel, call, way, workspace);
}

bool quick_invoke(const tg_kernel *kernel, const tg_invocation *call)
{
  const quick_plan *plan = &kernel->quick;
  const backend_quick *way = kernel->later == NULL ? &plan->way : switch_quick(kernel->later, &plan->way);
  const tg_workspace *workspace = call->workspace;
  if (call->n - 1 >= way->most_lanes || call->size != sizeof *call || call->n_bindings != plan->n_operands ||
      call->bindings == NULL || call->stats != NULL) {
    return false;
  }
  bool is_done = workspace == NULL
                     ? kernel->layout.least <= STACK_WORKSPACE && run_on_stack(kernel, call, way)
                     : workspace->bytes >= kernel->layout.most && run_in(kernel, call, way, workspace->data);
  if (is_done && call->outcome != NULL) {
    *call->outcome = (tg_outcome){0};
  }
  if (is_done && kernel->later != NULL) {
    switch_count_lanes(kernel->later, call->n);
  }
  return is_done;
}
