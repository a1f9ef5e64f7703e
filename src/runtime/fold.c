/* fold.c: `combine` on several threads. Folds of integers may be done in any order, so every worker but the first folds
 * into a table of its own, which begins with values that change nothing and is folded into the true table at the end.
 * An engine sees the private table as the operand: it need not know. */
#include "runtime/kernel.h"

#include "graph/element.h"
#include "graph/eval.h"

static const graph_node *fold_node(const tg_kernel *kernel, size_t k)
{
  return &kernel->graph->nodes.data[kernel->folds[k]];
}

static tg_mode fold_mode(const tg_kernel *kernel, size_t k)
{
  return (tg_mode)kernel->graph->operands.data[fold_node(kernel, k)->operand].mode;
}

static uint64_t neutral(tg_fold fold, tg_type type)
{
  uint64_t all = type_mask(type), top = UINT64_C(1) << (type_table[type].bits - 1);
  switch (fold) {
  case TG_FOLD_MIN: return type_table[type].is_signed ? all ^ top : all;
  case TG_FOLD_MAX: return type_table[type].is_signed ? top : 0;
  case TG_FOLD_AND: return all;
  case TG_FOLD_ADD:
  case TG_FOLD_OR:
  case TG_FOLD_XOR:
  case TG_FOLD_COUNT: break;
  }
  return 0;
}

static uint64_t apply(tg_fold fold, tg_type type, uint64_t a, uint64_t b)
{
  switch (fold) {
  case TG_FOLD_ADD: return (a + b) & type_mask(type);
  case TG_FOLD_MIN: return eval_less(type, b, a) ? b : a;
  case TG_FOLD_MAX: return eval_less(type, a, b) ? b : a;
  case TG_FOLD_AND: return a & b;
  case TG_FOLD_OR: return a | b;
  case TG_FOLD_XOR: return a ^ b;
  case TG_FOLD_COUNT: break;
  }
  return a;
}

static size_t table_bytes(const tg_kernel *kernel, size_t k, const operand_memory *table)
{
  uint64_t element = mode_table[fold_mode(kernel, k)].bytes;
  uint64_t room = kernel->layout.fold_bytes / element;
  return table->length > room ? kernel->layout.fold_bytes + 1 : (size_t)((table->length * element + 7) & ~UINT64_C(7));
}

size_t fold_room(const tg_kernel *kernel, const operand_memory *memory)
{
  size_t total = 0;
  for (size_t k = 0; k < kernel->n_folds; k++) {
    total += table_bytes(kernel, k, &memory[fold_node(kernel, k)->operand]);
  }
  return total;
}

void fold_open(const tg_kernel *kernel, operand_memory *memory, unsigned char *room)
{
  for (size_t k = 0; k < kernel->n_folds; k++) {
    const graph_node *node = fold_node(kernel, k);
    operand_memory *table = &memory[node->operand];
    tg_mode mode = fold_mode(kernel, k);
    size_t element = mode_table[mode].bytes;
    uint64_t start = neutral((tg_fold)node->detail, (tg_type)mode_table[mode].type);
    table->base = room;
    table->stride = (ptrdiff_t)element;
    room += table_bytes(kernel, k, table);
    for (uint64_t i = 0; i < table->length; i++) {
      element_store(mode, table->base + i * element, start);
    }
  }
}

void fold_close(const tg_kernel *kernel, const operand_memory *from, const operand_memory *to)
{
  for (size_t k = 0; k < kernel->n_folds; k++) {
    const graph_node *node = fold_node(kernel, k);
    const operand_memory *table = &from[node->operand], *true_table = &to[node->operand];
    tg_mode mode = fold_mode(kernel, k);
    tg_type type = (tg_type)mode_table[mode].type;
    for (uint64_t i = 0; i < table->length; i++) {
      unsigned char *p = true_table->base + (ptrdiff_t)i * true_table->stride;
      uint64_t value = element_load(mode, table->base + (ptrdiff_t)i * table->stride);
      element_store(mode, p, apply((tg_fold)node->detail, type, element_load(mode, p), value));
    }
  }
}
