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
    plan->operands[i] = (quick_operand){mode_table[g->operands.data[i].mode].bytes, is_stream(&g->operands.data[i])};
  }
  list_pairs(plan, g);
}

/* ---- for each invocation ---- */

/* Whether an output shares a byte with another operand, and is not one in place of an input. last[]: of each operand,
 * the bytes after its first. A at a and B at b share one if -last_a <= a - b <= last_b; both are asked at once by
 * adding last_a, for what is less than none is then very much. */
static inline bool meet(const quick_pair *pair, unsigned char *const *at, const size_t *last)
{
  uintptr_t distance = (uintptr_t)at[pair->out] - (uintptr_t)at[pair->other];
  size_t out = last[pair->out];
  return distance + out <= out + last[pair->other] && (distance != 0 || !pair->may_coincide);
}

/* Fills at[]: where the operands lie. False: not all is found to be right. */
static inline bool bind_quickly(const quick_plan *plan, const tg_invocation *call, unsigned char **at)
{
  const tg_binding *binding = call->bindings;
  size_t last[QUICK_OPERANDS], n = (size_t)call->n, n_operands = plan->n_operands;
  for (size_t k = 0; k < n_operands; k++, binding++) {
    size_t element = plan->operands[k].bytes, bytes = element;
    if (plan->operands[k].is_stream) {
      bytes = element * n;
      if ((size_t)binding->stride != element) {
        return false;
      }
    }
    if (binding->data == NULL || binding->offset > binding->bytes || bytes > binding->bytes - binding->offset) {
      return false;
    }
    at[k] = (unsigned char *)binding->data + binding->offset;
    last[k] = bytes - 1;
    if (((uintptr_t)at[k] & (element - 1)) != 0) {
      return false;
    }
  }
  for (const quick_pair *pair = plan->pairs, *last_pair = pair + plan->n_pairs; pair != last_pair; pair++) {
    if (meet(pair, at, last)) {
      return false;
    }
  }
  return true;
}

static inline bool run_in(const tg_kernel *kernel, const tg_invocation *call, const backend_quick *way,
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

static inline bool run_quickly(const tg_kernel *kernel, const tg_invocation *call)
{
  const quick_plan *plan = &kernel->quick;
  const backend_quick *way = kernel->later == NULL ? &plan->way : switch_quick(kernel->later, &plan->way);
  const tg_workspace *workspace = call->workspace;
  if (call->n - 1 >= way->most_lanes || call->size != sizeof *call || call->n_bindings != plan->n_operands ||
      call->bindings == NULL || call->stats != NULL) {
    return false;
  }
  if (workspace == NULL ? kernel->layout.least > STACK_WORKSPACE || !run_on_stack(kernel, call, way)
                        : workspace->bytes < kernel->layout.most || !run_in(kernel, call, way, workspace->data)) {
    return false;
  }
  if (call->outcome != NULL) {
    *call->outcome = (tg_outcome){0};
  }
  if (kernel->later != NULL) {
    switch_count_lanes(kernel->later, call->n);
  }
  return true;
}

bool quick_invoke(const tg_kernel *kernel, const tg_invocation *call)
{
  return run_quickly(kernel, call);
}

tg_status tg_invoke(const tg_kernel *kernel, const tg_invocation *call, tg_error *error)
{
  return run_quickly(kernel, call) ? TG_OK : invoke_with_care(kernel, call, error);
}
