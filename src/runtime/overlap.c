/* overlap.c: whether an invocation would write where another operand reads or writes: docs/spec.md chapter 8.
 *
 * With equal strides the question is decided exactly. Elements of A at a + i s and of B at b + j s share a byte when
 * -size_a < (a - b) + k s < size_b for a k = i - j that occurs, so it is enough to look at an interval of k. */
#include "runtime/kernel.h"

/* The memory as an ascending run: the lowest address, the stride's size, and the bytes from the first to the last. */
typedef struct span {
  uintptr_t low, high; /* high: one past the last byte */
  int64_t stride, size, n;
} span;

static span span_of(const operand_memory *memory, size_t element)
{
  uintptr_t first = (uintptr_t)memory->base;
  int64_t stride = memory->stride, n = (int64_t)memory->length;
  uintptr_t last = first + (uintptr_t)(stride * (n - 1));
  uintptr_t low = stride < 0 ? last : first, high = (stride < 0 ? first : last) + element;
  return (span){low, high, stride < 0 ? -stride : stride, (int64_t)element, n};
}

static int64_t floor_div(int64_t a, int64_t b)
{
  int64_t q = a / b;
  return a % b < 0 ? q - 1 : q;
}

static bool share_bytes(span a, span b)
{
  if (a.low >= b.high || b.low >= a.high) {
    return false;
  }
  int64_t s = a.n == 1 ? b.stride : a.stride, other = b.n == 1 ? s : b.stride;
  if (s != other || s == 0) {
    return true;
  }
  int64_t d = a.low >= b.low ? (int64_t)(a.low - b.low) : -(int64_t)(b.low - a.low);
  int64_t least = floor_div(-a.size - d, s) + 1, greatest = -floor_div(d - b.size, s) - 1;
  least = least < 1 - b.n ? 1 - b.n : least;
  greatest = greatest > a.n - 1 ? a.n - 1 : greatest;
  return least <= greatest;
}

static bool is_written(const graph_operand *operand)
{
  return operand->kind == TG_OUTPUT || operand->kind == TG_RESULT || operand->kind == TG_ACCUMULATOR;
}

/* An output that coincides with an input: each lane loads before it stores. */
static bool is_in_place(const tg_graph *g, const operand_memory *memory, size_t out, size_t in)
{
  const graph_operand *a = &g->operands.data[out], *b = &g->operands.data[in];
  return a->kind == TG_OUTPUT && b->kind == TG_INPUT && a->mode == b->mode && memory[out].base == memory[in].base &&
         memory[out].stride == memory[in].stride;
}

static tg_status check_pair(const tg_kernel *kernel, const operand_memory *memory, size_t i, size_t k, tg_error *error)
{
  const tg_graph *g = kernel->graph;
  const graph_operand *a = &g->operands.data[i], *b = &g->operands.data[k];
  if (is_in_place(g, memory, i, k) || is_in_place(g, memory, k, i)) {
    return TG_OK;
  }
  if (share_bytes(span_of(&memory[i], mode_table[a->mode].bytes), span_of(&memory[k], mode_table[b->mode].bytes))) {
    error_set(error, TG_OVERLAP, "%s %s overlaps %s %s in memory", operand_kind_names[a->kind], graph_str(g, a->name),
              operand_kind_names[b->kind], graph_str(g, b->name));
    error_hint(error, "give them memory of their own, or exactly the same offset, stride and mode");
    return TG_OVERLAP;
  }
  return TG_OK;
}

static tg_status check_self(const tg_kernel *kernel, const operand_memory *memory, size_t i, tg_error *error)
{
  const graph_operand *operand = &kernel->graph->operands.data[i];
  int64_t stride = memory[i].stride < 0 ? -(int64_t)memory[i].stride : memory[i].stride;
  if (memory[i].length > 1 && stride < mode_table[operand->mode].bytes) {
    return error_set(error, TG_OVERLAP, "%s %s has elements of %d bytes but a stride of %td",
                     operand_kind_names[operand->kind], graph_str(kernel->graph, operand->name),
                     mode_table[operand->mode].bytes, memory[i].stride);
  }
  return TG_OK;
}

tg_status bind_check_overlap(const tg_kernel *kernel, const operand_memory *memory, tg_error *error)
{
  const tg_graph *g = kernel->graph;
  for (size_t i = 0; i < g->operands.n; i++) {
    if (!is_written(&g->operands.data[i]) || memory[i].length == 0) {
      continue;
    }
    TG_TRY(check_self(kernel, memory, i, error));
    for (size_t k = 0; k < g->operands.n; k++) {
      bool is_seen = k < i && is_written(&g->operands.data[k]);
      if (k != i && !is_seen && memory[k].length > 0) {
        TG_TRY(check_pair(kernel, memory, i, k, error));
      }
    }
  }
  return TG_OK;
}
