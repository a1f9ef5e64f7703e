/* bind_plain.c: bindings as they mostly are, checked in a few instructions: memory of the host, streams and tables at
 * unit stride, no operand within another. What is not found to be right here, bind.c looks at with care. */
#include "runtime/kernel.h"

/* ---- once for a kernel ---- */

enum { NEVER_AN_INPUT = 256, NEVER_AN_OUTPUT };

static bool is_written(const graph_operand *operand)
{
  return operand->kind == TG_OUTPUT || operand->kind == TG_RESULT || operand->kind == TG_ACCUMULATOR;
}

static bool may_lack_memory(const graph_operand *operand)
{
  return operand->kind == TG_RESULT || (operand->kind == TG_PARAM && operand->has_default);
}

static bind_rule rule_of(const graph_operand *operand)
{
  bind_rule r = {.bytes = mode_table[operand->mode].bytes, .as_input = NEVER_AN_INPUT, .as_output = NEVER_AN_OUTPUT};
  if (operand->kind == TG_INPUT || operand->kind == TG_OUTPUT) {
    r.lane_bytes = r.bytes;
  } else {
    r.is_table = operand->kind == TG_TABLE || operand->kind == TG_ACCUMULATOR;
    r.call_bytes = r.is_table ? UINT64_MAX : r.bytes;
  }
  r.may_lack = may_lack_memory(operand);
  if (operand->kind == TG_INPUT) {
    r.as_input = operand->mode;
  } else if (operand->kind == TG_OUTPUT) {
    r.as_output = operand->mode;
  }
  return r;
}

bool bind_plan(tg_kernel *kernel)
{
  const tg_allocator *a = &kernel->context->allocator;
  const tg_graph *g = kernel->graph;
  kernel->rules = alloc_zeroed(a, g->operands.n + 1, sizeof *kernel->rules);
  kernel->written = alloc_zeroed(a, g->operands.n + 1, sizeof *kernel->written);
  if (kernel->rules == NULL || kernel->written == NULL) {
    return false;
  }
  for (uint32_t i = 0; i < g->operands.n; i++) {
    kernel->rules[i] = rule_of(&g->operands.data[i]);
    if (is_written(&g->operands.data[i])) {
      kernel->written[kernel->n_written++] = i;
    }
  }
  return true;
}

void bind_drop(tg_kernel *kernel)
{
  const tg_allocator *a = &kernel->context->allocator;
  size_t n = kernel->graph == NULL ? 0 : kernel->graph->operands.n + 1;
  alloc_free(a, kernel->rules, n, sizeof *kernel->rules);
  alloc_free(a, kernel->written, n, sizeof *kernel->written);
}

/* ---- for each invocation ---- */

/* Tables at unit stride, and what may lack memory and does. */
static bool bind_other(const bind_rule *r, const tg_binding *binding, operand_memory *memory)
{
  if (binding->data == NULL) {
    *memory = (operand_memory){NULL, 0, 0};
    return r->may_lack && binding->buffer == NULL;
  }
  uint64_t length = binding->offset > binding->bytes ? 0 : (uint64_t)(binding->bytes - binding->offset) / r->bytes;
  if (!r->is_table || length == 0 || (uint64_t)binding->stride != r->bytes) {
    return false;
  }
  *memory =
      (operand_memory){(unsigned char *)binding->data + binding->offset, length == 1 ? 0 : binding->stride, length};
  return true;
}

/* Whether no operand that is written shares memory with another, but for outputs in place of inputs. */
static bool are_apart(const tg_kernel *kernel, const operand_memory *memory, size_t n_operands)
{
  const bind_rule *rules = kernel->rules;
  for (size_t w = 0; w < kernel->n_written; w++) {
    size_t i = kernel->written[w];
    uintptr_t a = (uintptr_t)memory[i].base;
    uint64_t a_bytes = memory[i].length * rules[i].bytes;
    for (size_t k = 0; k < n_operands; k++) {
      uintptr_t b = (uintptr_t)memory[k].base;
      bool is_apart = a - b >= memory[k].length * rules[k].bytes && b - a >= a_bytes;
      if (!is_apart && k != i && (a != b || rules[i].as_output != rules[k].as_input)) {
        return false;
      }
    }
  }
  return true;
}

bool bind_plainly(const tg_kernel *kernel, const tg_invocation *call, operand_memory *memory)
{
  const bind_rule *r = kernel->rules;
  const tg_binding *binding = call->bindings;
  uint64_t n = call->n, many = n > 1 ? UINT64_MAX : 0;
  size_t n_operands = call->n_bindings;
  for (operand_memory *m = memory, *end = memory + n_operands; m != end; m++, r++, binding++) {
    uint64_t lane_bytes = r->lane_bytes, need = lane_bytes * n + r->call_bytes;
    size_t room = binding->bytes - binding->offset;
    if (binding->data == NULL || binding->offset > binding->bytes || need > room ||
        ((uint64_t)binding->stride != r->bytes && lane_bytes != 0)) {
      if (!bind_other(r, binding, m)) {
        return false;
      }
      continue;
    }
    m->base = (unsigned char *)binding->data + binding->offset;
    m->stride = (ptrdiff_t)(lane_bytes & many);
    m->length = lane_bytes != 0 ? n : 1;
  }
  return n > 0 && are_apart(kernel, memory, n_operands);
}
