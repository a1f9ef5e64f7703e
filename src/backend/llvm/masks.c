/* masks.c: sets of lanes, and blocks that are run only if some lane wants it. */
#include "backend/llvm/emit.h"

LLVMValueRef jit_both(jit_emitter *e, LLVMValueRef a, LLVMValueRef b)
{
  if (a == NULL || b == NULL) {
    return a == NULL ? b : a;
  }
  LLVMValueRef both[2] = {a, b};
  jit_unify(e, both, 2);
  return LLVMBuildAnd(e->b, both[0], both[1], "");
}

LLVMValueRef jit_without(jit_emitter *e, LLVMValueRef a, LLVMValueRef b)
{
  return jit_both(e, a, LLVMBuildNot(e->b, b, ""));
}

LLVMValueRef jit_running(jit_emitter *e)
{
  return e->mask == NULL || e->alive == NULL ? jit_both(e, e->mask, e->alive) : jit_both(e, e->alive, e->mask);
}

/* The upper half of a vector joined with the lower. */
static LLVMValueRef fold(jit_emitter *e, LLVMValueRef v)
{
  unsigned n = LLVMGetVectorSize(LLVMTypeOf(v)) / 2;
  LLVMValueRef low[JIT_MAX_LANES], high[JIT_MAX_LANES];
  for (unsigned i = 0; i < n; i++) {
    low[i] = LLVMConstInt(jit_int(e, 32), i, 0);
    high[i] = LLVMConstInt(jit_int(e, 32), n + i, 0);
  }
  LLVMValueRef none = LLVMGetPoison(LLVMTypeOf(v));
  return LLVMBuildOr(e->b, LLVMBuildShuffleVector(e->b, v, none, LLVMConstVector(low, n), ""),
                     LLVMBuildShuffleVector(e->b, v, none, LLVMConstVector(high, n), ""), "");
}

LLVMValueRef jit_any(jit_emitter *e, LLVMValueRef mask)
{
  if (mask == NULL || !jit_is_wide(mask)) {
    return mask == NULL ? LLVMConstInt(jit_int(e, 1), 1, 0) : mask;
  }
  unsigned n = LLVMGetVectorSize(LLVMTypeOf(mask)), bits = 1;
  LLVMValueRef v = mask;
  if (!e->target->has_mask_registers) {
    bits = e->code->mask_bits;
    v = LLVMBuildSExt(e->b, mask, LLVMVectorType(jit_int(e, bits), n), "");
    for (; n > 1 && n * bits > 8 * e->target->vector_bytes; n /= 2) {
      v = fold(e, v);
    }
  }
  LLVMTypeRef whole = jit_int(e, n * bits);
  return LLVMBuildICmp(e->b, LLVMIntNE, LLVMBuildBitCast(e->b, v, whole, ""), LLVMConstNull(whole), "");
}

LLVMValueRef jit_mask_bytes(jit_emitter *e, LLVMValueRef mask)
{
  LLVMTypeRef type = jit_vector(jit_int(e, 1), e->n_lanes);
  return jit_spill(e, mask == NULL ? LLVMConstAllOnes(type) : jit_spread(e, mask));
}

LLVMBasicBlockRef jit_block(jit_emitter *e, const char *name)
{
  return LLVMAppendBasicBlockInContext(e->context, e->function, name);
}

jit_if jit_begin_if(jit_emitter *e, LLVMValueRef condition)
{
  LLVMBasicBlockRef then = jit_block(e, "then");
  jit_if branch = {LLVMGetInsertBlock(e->b), jit_block(e, "after")};
  LLVMBuildCondBr(e->b, condition, then, branch.after);
  LLVMPositionBuilderAtEnd(e->b, then);
  return branch;
}

void jit_end_if(jit_emitter *e, jit_if branch)
{
  LLVMBuildBr(e->b, branch.after);
  LLVMMoveBasicBlockAfter(branch.after, LLVMGetInsertBlock(e->b));
  LLVMPositionBuilderAtEnd(e->b, branch.after);
}
