/* bind.c: from the caller's bindings to checked operand memory. Every product and sum is checked before it is made, so
 * that no offset, stride or length can wrap around. */
#include "runtime/kernel.h"

static const char *operand_name(const tg_kernel *kernel, size_t i)
{
  return graph_str(kernel->graph, kernel->graph->operands.data[i].name);
}

static bool has_memory(const tg_binding *binding)
{
  return binding->data != NULL || binding->buffer != NULL;
}

static bool may_lack_memory(const graph_operand *operand)
{
  return operand->kind == TG_RESULT || (operand->kind == TG_PARAM && operand->has_default);
}

static tg_status check_present(const tg_kernel *kernel, const tg_invocation *call, tg_error *error)
{
  for (size_t i = 0; i < call->n_bindings; i++) {
    const graph_operand *operand = &kernel->graph->operands.data[i];
    const tg_binding *binding = &call->bindings[i];
    if (!has_memory(binding) && !may_lack_memory(operand)) {
      error_set(error, TG_ARGUMENT, "operand %s (%s) has no memory", operand_name(kernel, i),
                operand_kind_names[operand->kind]);
      error_hint(error, "set data or buffer of binding %zu", i);
      return TG_ARGUMENT;
    }
    if (binding->data == NULL && binding->buffer != NULL && binding->buffer->is_mapped) {
      return error_set(error, TG_ARGUMENT, "the buffer of operand %s is mapped", operand_name(kernel, i));
    }
  }
  return TG_OK;
}

static size_t size_of_stride(ptrdiff_t stride)
{
  return stride < 0 ? 0 - (size_t)stride : (size_t)stride;
}

/* How many elements from the first on lie inside; UINT64_MAX when the stride is 0 and the first one does. */
static uint64_t elements_inside(const tg_binding *binding, size_t bytes, size_t element)
{
  if (bytes < element || binding->offset > bytes - element) {
    return 0;
  }
  if (binding->stride == 0) {
    return UINT64_MAX;
  }
  size_t room = binding->stride > 0 ? bytes - element - binding->offset : binding->offset;
  return (uint64_t)(room / size_of_stride(binding->stride)) + 1;
}

/* How many elements the invocation touches, given how many there are. */
static uint64_t elements_needed(const graph_operand *operand, const tg_invocation *call, uint64_t inside)
{
  switch ((tg_operand_kind)operand->kind) {
  case TG_PARAM:
  case TG_RESULT: return 1;
  case TG_INPUT:
  case TG_OUTPUT: return call->n;
  case TG_TABLE:
  case TG_ACCUMULATOR: return inside == UINT64_MAX ? 1 : inside;
  case TG_OPERAND_KIND_COUNT: break;
  }
  return 0;
}

static tg_status bind_one(const tg_kernel *kernel, const tg_invocation *call, size_t i, operand_memory *memory,
                          tg_error *error)
{
  const graph_operand *operand = &kernel->graph->operands.data[i];
  const tg_binding *binding = &call->bindings[i];
  *memory = (operand_memory){NULL, 0, 0};
  if (!has_memory(binding)) {
    return TG_OK;
  }
  bool is_host = binding->data != NULL;
  unsigned char *data = is_host ? binding->data : binding->buffer->data;
  size_t bytes = is_host ? binding->bytes : binding->buffer->bytes, element = mode_table[operand->mode].bytes;
  uint64_t inside = elements_inside(binding, bytes, element), needed = elements_needed(operand, call, inside);
  if ((operand->kind == TG_PARAM || operand->kind == TG_RESULT) && inside > 0) {
    inside = 1;
  }
  if (needed > inside) {
    error_set(error, TG_BOUNDS,
              "operand %s needs %llu elements of %zu bytes at offset %zu, stride %td, but its %zu bytes hold %llu",
              operand_name(kernel, i), (unsigned long long)needed, element, binding->offset, binding->stride, bytes,
              (unsigned long long)inside);
    error_hint(error, "give more memory, or a smaller n");
    return TG_BOUNDS;
  }
  if (needed > 0) {
    *memory = (operand_memory){data + binding->offset, needed == 1 ? 0 : binding->stride, needed};
  }
  return TG_OK;
}

tg_status bind_operands(const tg_kernel *kernel, const tg_invocation *call, operand_memory *memory, tg_error *error)
{
  if (bind_plainly(kernel, call, memory)) {
    return TG_OK;
  }
  TG_TRY(check_present(kernel, call, error));
  for (size_t i = 0; i < call->n_bindings; i++) {
    TG_TRY(bind_one(kernel, call, i, &memory[i], error));
  }
  return bind_check_overlap(kernel, memory, error);
}
