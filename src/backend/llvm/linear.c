/* linear.c: y = M x + c. Few entries over the integers or floats become arithmetic; more, and those of other rings,
 * loops (linear_rows.c); what is modulo more than 32 bits is done in C. */
#include "backend/llvm/emit.h"

enum { FEW_ENTRIES = 256 };

/* Entry times x, or c as it is. */
static LLVMValueRef product(jit_emitter *e, const graph_node *node, const tg_entry *entry, tg_type type)
{
  LLVMValueRef m = jit_value(e, entry->value);
  if (entry->column == node->n_args) {
    return m;
  }
  LLVMValueRef x[2] = {m, jit_value(e, node_args(e->g, node)[entry->column])};
  if (jit_is_wide(x[1])) {
    x[0] = jit_wide(e, entry->value);
  }
  return type_in(type, TG_CLASS_FLOAT) ? LLVMBuildFMul(e->b, x[0], x[1], "") : LLVMBuildMul(e->b, x[0], x[1], "");
}

static LLVMValueRef row(jit_emitter *e, const graph_node *node, uint32_t r, tg_type type)
{
  const tg_entry *entries = node_entries(e->g, node);
  LLVMValueRef sum = NULL;
  for (uint32_t k = 0; k < node->n_entries; k++) {
    if (entries[k].row != r) {
      continue;
    }
    LLVMValueRef x[2] = {sum, product(e, node, &entries[k], type)};
    if (sum == NULL) {
      sum = x[1];
      continue;
    }
    jit_unify(e, x, 2);
    bool is_float = type_in(type, TG_CLASS_FLOAT);
    sum = is_float ? LLVMBuildFAdd(e->b, x[0], x[1], "") : LLVMBuildAdd(e->b, x[0], x[1], "");
  }
  return sum == NULL ? LLVMConstNull(jit_scalar_type(e, type)) : sum;
}

/* All x side by side, as u64, of an unsigned type. */
static void helped(jit_emitter *e, uint32_t i)
{
  const graph_node *node = &e->g->nodes.data[i];
  LLVMTypeRef words = jit_vector(jit_int(e, 64), e->n_lanes);
  uint64_t bytes = 8 * (uint64_t)e->n_lanes;
  LLVMValueRef room[2] = {jit_room(e, LLVMArrayType2(words, node->n_results)),
                          jit_room(e, LLVMArrayType2(words, node->n_args))};
  for (uint32_t k = 0; k < node->n_args; k++) {
    LLVMValueRef x = jit_wide(e, node_args(e->g, node)[k]);
    jit_store(e, x, jit_offset(e, e->b, room[1], LLVMConstInt(jit_int(e, 64), k * bytes, 0)), 8);
  }
  jit_help(e, JIT_H_LINEAR, i, room, 2);
  for (uint32_t k = 0; k < node->n_results; k++) {
    LLVMValueRef at = jit_offset(e, e->b, room[0], LLVMConstInt(jit_int(e, 64), k * bytes, 0));
    e->values[node->first_result + k] = jit_load(e, words, at, 8);
  }
}

void jit_emit_linear(jit_emitter *e, uint32_t i)
{
  const graph_node *node = &e->g->nodes.data[i];
  tg_type type = jit_type(e, node->first_result);
  if (jit_is_helped(e->code, node)) {
    helped(e, i);
    return;
  }
  tg_ring ring = node_ring(node);
  if (ring == TG_RING_GF2 || ring == TG_RING_MOD || node->n_entries > (uint32_t)FEW_ENTRIES) {
    jit_emit_rows(e, node);
    return;
  }
  for (uint32_t k = 0; k < node->n_results; k++) {
    e->values[node->first_result + k] = row(e, node, k, type);
  }
}
