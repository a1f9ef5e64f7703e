/* divide.c: Euclidean division of integers. LLVM would take vectors apart for it.
 *
 * Everything is division of x >= 0 by D > 0. With s = -1 for a negative x and 0 otherwise, x ^ s is not negative and
 * ((x ^ s) / D) ^ s is x / D rounded down; for b < 0 that is negated with D = |b|, and no case overflows. 8 and 16 bits
 * are divided as f32: a quotient that is no integer is too far from one to be rounded to it. 32 bits are divided as
 * f64: (x + 1/2) / D - 1/2 is nearer to the integer x / D rounded down than to any other, also after two roundings;
 * adding 3 * 2^51, where floats are 1 apart, rounds to it and leaves it in the low bits. */
#include "backend/llvm/emit.h"

static LLVMValueRef by_f32(jit_emitter *e, LLVMValueRef x, LLVMValueRef d)
{
  LLVMTypeRef real = jit_like(x, jit_scalar_type(e, TG_F32)), word = jit_like(x, jit_int(e, 32));
  LLVMValueRef a = LLVMBuildSIToFP(e->b, LLVMBuildZExt(e->b, x, word, ""), real, "");
  LLVMValueRef b = LLVMBuildSIToFP(e->b, LLVMBuildZExt(e->b, d, word, ""), real, "");
  LLVMValueRef q = LLVMBuildFPToSI(e->b, LLVMBuildFDiv(e->b, a, b, ""), word, "");
  return LLVMBuildTrunc(e->b, q, LLVMTypeOf(x), "");
}

/* A u32 as the fraction of 2^52, less `offset`. */
static LLVMValueRef as_f64(jit_emitter *e, LLVMValueRef x, double offset)
{
  LLVMTypeRef real = jit_like(x, jit_scalar_type(e, TG_F64)), word = jit_like(x, jit_int(e, 64));
  LLVMValueRef bits = LLVMBuildZExt(e->b, x, word, "");
  bits = LLVMBuildOr(e->b, bits, jit_const_int(word, UINT64_C(0x4330000000000000)), "");
  return LLVMBuildFSub(e->b, LLVMBuildBitCast(e->b, bits, real, ""), jit_const_real(real, offset), "");
}

static LLVMValueRef by_f64(jit_emitter *e, LLVMValueRef x, LLVMValueRef d)
{
  LLVMTypeRef real = jit_like(x, jit_scalar_type(e, TG_F64)), word = jit_like(x, jit_int(e, 64));
  LLVMValueRef q = LLVMBuildFDiv(e->b, as_f64(e, x, 0x1p52 - 0.5), as_f64(e, d, 0x1p52), "");
  q = LLVMBuildFAdd(e->b, LLVMBuildFSub(e->b, q, jit_const_real(real, 0.5), ""), jit_const_real(real, 0x1.8p52), "");
  return LLVMBuildTrunc(e->b, LLVMBuildBitCast(e->b, q, word, ""), LLVMTypeOf(x), "");
}

/* x / d, rounded down, for d > 0 */
static LLVMValueRef quotient(jit_emitter *e, unsigned bits, LLVMValueRef x, LLVMValueRef d)
{
  if (!jit_is_wide(x) || LLVMIsConstant(d) || bits == 64) {
    return LLVMBuildUDiv(e->b, x, d, "");
  }
  return bits < 32 ? by_f32(e, x, d) : by_f64(e, x, d);
}

static LLVMValueRef divide(jit_emitter *e, tg_type type, LLVMValueRef a, LLVMValueRef b)
{
  LLVMTypeRef t = LLVMTypeOf(a);
  LLVMValueRef zero = LLVMConstNull(t), is_zero = LLVMBuildICmp(e->b, LLVMIntEQ, b, zero, "");
  LLVMValueRef x = a, d = b, sign = NULL, is_negative = NULL;
  unsigned bits = type_table[type].bits;
  if (type_table[type].is_signed) {
    sign = LLVMBuildAShr(e->b, a, jit_const_int(t, bits - 1), "");
    x = LLVMBuildXor(e->b, a, sign, "");
    is_negative = LLVMBuildICmp(e->b, LLVMIntSLT, b, zero, "");
    d = LLVMBuildSelect(e->b, is_negative, LLVMBuildNeg(e->b, b, ""), b, "");
  }
  d = LLVMBuildSelect(e->b, is_zero, jit_const_int(t, 1), d, "");
  LLVMValueRef q = quotient(e, bits, x, d);
  if (sign != NULL) {
    q = LLVMBuildXor(e->b, q, sign, "");
    q = LLVMBuildSelect(e->b, is_negative, LLVMBuildNeg(e->b, q, ""), q, "");
  }
  return LLVMBuildSelect(e->b, is_zero, zero, q, "");
}

void jit_emit_divmod(jit_emitter *e, const graph_node *node)
{
  LLVMValueRef x[2];
  jit_operands(e, node, x, 2);
  LLVMValueRef q = divide(e, jit_type(e, node_args(e->g, node)[0]), x[0], x[1]);
  e->values[node->first_result] = q;
  e->values[node->first_result + 1] = LLVMBuildSub(e->b, x[0], LLVMBuildMul(e->b, q, x[1], ""), "");
}
