/* combine.c: folding values into tables, one lane after the other: lanes may want the same element. In: slots and
 * values of a group; out: the caller's table, or a thread's own. Lanes that fold nothing do it in a word on the stack,
 * so that none has to be asked. */
#include "backend/llvm/emit.h"

#include <stddef.h>

typedef struct folding {
  tg_fold how;
  tg_mode mode;
  tg_type type;
  LLVMValueRef addresses, values; /* in memory */
} folding;

static LLVMValueRef fold(jit_emitter *e, const folding *f, LLVMValueRef a, LLVMValueRef b)
{
  bool is_signed = type_table[f->type].is_signed;
  LLVMIntPredicate less = is_signed ? LLVMIntSLT : LLVMIntULT;
  switch (f->how) {
  case TG_FOLD_ADD: return LLVMBuildAdd(e->b, a, b, "");
  case TG_FOLD_MIN: return LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, less, b, a, ""), b, a, "");
  case TG_FOLD_MAX: return LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, less, a, b, ""), b, a, "");
  case TG_FOLD_AND: return LLVMBuildAnd(e->b, a, b, "");
  case TG_FOLD_OR: return LLVMBuildOr(e->b, a, b, "");
  case TG_FOLD_XOR: return LLVMBuildXor(e->b, a, b, "");
  case TG_FOLD_COUNT: break;
  }
  return a;
}

static LLVMValueRef element_of(jit_emitter *e, LLVMTypeRef type, LLVMValueRef list, LLVMValueRef lane)
{
  return LLVMBuildLoad2(e->b, type, LLVMBuildGEP2(e->b, type, list, &lane, 1, ""), "");
}

static void fold_one(jit_emitter *e, LLVMValueRef lane, void *arg)
{
  const folding *f = arg;
  LLVMValueRef address = element_of(e, LLVMPointerTypeInContext(e->context, 0), f->addresses, lane);
  LLVMValueRef now = jit_decode(e, f->mode, jit_load(e, jit_mode_type(e, f->mode), address, 1));
  LLVMValueRef next = fold(e, f, now, element_of(e, jit_scalar_type(e, f->type), f->values, lane));
  jit_store(e, jit_encode(e, f->mode, next), address, 1);
}

void jit_emit_combine(jit_emitter *e, const graph_node *node)
{
  const uint32_t *args = node_args(e->g, node);
  LLVMTypeRef pointer = LLVMPointerTypeInContext(e->context, 0), word = jit_int(e, 64);
  LLVMValueRef base = jit_operand_field(e, node->operand, offsetof(operand_memory, base), pointer);
  LLVMValueRef step = jit_operand_field(e, node->operand, offsetof(operand_memory, stride), word);
  LLVMValueRef length = jit_operand_field(e, node->operand, offsetof(operand_memory, length), word);
  LLVMValueRef slot = jit_spread(e, jit_index(e, args[0]));
  LLVMValueRef is_inside = LLVMBuildICmp(e->b, LLVMIntULT, slot, jit_spread(e, length), "");
  LLVMValueRef way = LLVMBuildMul(e->b, slot, jit_spread(e, step), "");
  LLVMValueRef lanes = jit_both(e, jit_comparison(e, is_inside, slot), jit_running(e));
  LLVMValueRef address = jit_select(e, lanes, jit_offset(e, e->b, base, way), jit_room(e, word));
  folding f = {(tg_fold)node->detail, (tg_mode)e->g->operands.data[node->operand].mode, jit_type(e, args[1]),
               jit_spill(e, address), jit_spill(e, jit_in_memory(e, args[1]))};
  jit_each_lane(e, fold_one, &f);
}
