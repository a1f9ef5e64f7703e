/* convert.c: conversions by value. Floats become integers in vectors: what does not fit is taken out first, so that no
 * conversion of LLVM is undefined, and put in again afterwards. */
#include "backend/llvm/emit.h"

#include "base/float.h"

#include <math.h>

LLVMValueRef jit_canonical(jit_emitter *e, tg_type type, LLVMValueRef x)
{
  if (!type_in(type, TG_CLASS_FLOAT)) {
    return x;
  }
  LLVMValueRef nan = jit_const_bits(e, type, type == TG_F32 ? F32_NAN : F64_NAN);
  LLVMValueRef is_nan = LLVMBuildFCmp(e->b, LLVMRealUNO, x, x, "");
  return jit_select(e, is_nan, nan, x);
}

static LLVMValueRef to_bool(jit_emitter *e, tg_type from, LLVMValueRef x)
{
  LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(x));
  LLVMValueRef bits = type_in(from, TG_CLASS_FLOAT) ? LLVMBuildFCmp(e->b, LLVMRealUNE, x, zero, "")
                                                    : LLVMBuildICmp(e->b, LLVMIntNE, x, zero, "");
  return jit_comparison(e, bits, x);
}

/* The lower halves of elements of 64 bits, of two vectors by one instruction; LLVM would narrow each and join them. */
static LLVMValueRef lower_halves(jit_emitter *e, LLVMValueRef x, LLVMTypeRef type)
{
  LLVMValueRef places[JIT_MAX_LANES];
  unsigned n = LLVMGetVectorSize(type);
  LLVMValueRef words = LLVMBuildBitCast(e->b, x, LLVMVectorType(jit_int(e, 32), 2 * n), "");
  for (unsigned i = 0; i < n; i++) {
    places[i] = LLVMConstInt(jit_int(e, 32), 2 * i, 0);
  }
  return LLVMBuildShuffleVector(e->b, words, LLVMGetPoison(LLVMTypeOf(words)), LLVMConstVector(places, n), "");
}

static LLVMValueRef int_to_int(jit_emitter *e, tg_type from, tg_type to, LLVMValueRef x)
{
  unsigned have = type_table[from].bits, want = type_table[to].bits;
  LLVMTypeRef type = jit_like(x, jit_scalar_type(e, to));
  if (from == TG_BOOL) {
    return jit_select(e, x, jit_const_int(type, 1), LLVMConstNull(type));
  }
  if (have == 64 && want == 32 && jit_is_wide(x) && e->target->has_mask_registers) {
    return lower_halves(e, x, type);
  }
  if (have >= want) {
    return have == want ? x : LLVMBuildTrunc(e->b, x, type, "");
  }
  return type_table[from].is_signed ? LLVMBuildSExt(e->b, x, type, "") : LLVMBuildZExt(e->b, x, type, "");
}

/* Whether LLVM would convert one element of 64 bits after the other: AVX2 and SSE2 have no instruction for vectors, and
 * where it knows that the sign is clear, LLVM makes signed conversions of unsigned ones. */
static bool lacks_long_to_float(const jit_emitter *e, LLVMValueRef x)
{
#if defined(__x86_64__)
  return jit_is_wide(x) && jit_element_bits(x) == 64 && !e->target->has_mask_registers;
#else
  (void)e;
  (void)x;
  return false;
#endif
}

/* The halves become the lower bits of 2^84 and of 2^52: both are then numbers, and their sum is rounded once. What they
 * have too much is taken away before, which is exact; of a signed number, also 2^63. */
static LLVMValueRef long_to_double(jit_emitter *e, bool is_signed, LLVMValueRef x)
{
  LLVMTypeRef type = LLVMTypeOf(x), real = jit_like(x, jit_scalar_type(e, TG_F64));
  uint64_t sign = is_signed ? UINT64_C(1) << 31 : 0;
  LLVMValueRef high = LLVMBuildLShr(e->b, x, jit_const_int(type, 32), "");
  LLVMValueRef low = LLVMBuildAnd(e->b, x, jit_const_int(type, UINT32_MAX), "");
  high = LLVMBuildXor(e->b, high, jit_const_int(type, (UINT64_C(0x453) << 52) | sign), "");
  low = LLVMBuildOr(e->b, low, jit_const_int(type, UINT64_C(0x433) << 52), "");
  LLVMValueRef excess = jit_const_real(real, 0x1p84 + 0x1p52 + (is_signed ? 0x1p63 : 0));
  high = LLVMBuildFSub(e->b, LLVMBuildBitCast(e->b, high, real, ""), excess, "");
  return LLVMBuildFAdd(e->b, high, LLVMBuildBitCast(e->b, low, real, ""), "");
}

static LLVMValueRef int_to_float(jit_emitter *e, tg_type from, tg_type to, LLVMValueRef x)
{
  LLVMTypeRef type = jit_like(x, jit_scalar_type(e, to));
  if (from == TG_BOOL) {
    return jit_select(e, x, jit_const_real(type, 1), LLVMConstNull(type));
  }
  if (to == TG_F64 && lacks_long_to_float(e, x)) {
    return long_to_double(e, type_table[from].is_signed, x);
  }
  return type_table[from].is_signed ? LLVMBuildSIToFP(e->b, x, type, "") : LLVMBuildUIToFP(e->b, x, type, "");
}

/* Where the float has every number of the integer: what does not fit becomes the nearest that does, and then it is as
 * any other. */
static LLVMValueRef clamped_to_int(jit_emitter *e, tg_type to, LLVMValueRef x)
{
  bool is_signed = type_table[to].is_signed;
  int bits = type_table[to].bits - is_signed;
  LLVMTypeRef type = jit_like(x, jit_scalar_type(e, to)), real = LLVMTypeOf(x);
  LLVMValueRef most = jit_const_real(real, ldexp(1, bits) - 1),
               least = jit_const_real(real, is_signed ? -ldexp(1, bits) : 0);
  LLVMValueRef is_number = LLVMBuildFCmp(e->b, LLVMRealORD, x, x, "");
  LLVMValueRef y = LLVMBuildSelect(e->b, LLVMBuildFCmp(e->b, LLVMRealOGT, x, least, ""), x, least, "");
  y = LLVMBuildSelect(e->b, LLVMBuildFCmp(e->b, LLVMRealOLT, y, most, ""), y, most, "");
  y = is_signed ? LLVMBuildFPToSI(e->b, y, type, "") : LLVMBuildFPToUI(e->b, y, type, "");
  return LLVMBuildSelect(e->b, is_number, y, LLVMConstNull(type), "");
}

static LLVMValueRef float_to_int(jit_emitter *e, tg_type from, tg_type to, LLVMValueRef x)
{
  if (type_table[to].bits <= (from == TG_F32 ? 16 : 32)) {
    return clamped_to_int(e, to, x);
  }
  bool is_signed = type_table[to].is_signed;
  int bits = type_table[to].bits;
  LLVMTypeRef type = jit_like(x, jit_scalar_type(e, to)), real = LLVMTypeOf(x);
  uint64_t most = type_mask(to) >> is_signed;
  LLVMValueRef above = LLVMBuildFCmp(e->b, LLVMRealOGE, x, jit_const_real(real, ldexp(1, bits - is_signed)), "");
  LLVMValueRef least = jit_const_real(real, is_signed ? -ldexp(1, bits - 1) : 0);
  LLVMValueRef inside =
      LLVMBuildSelect(e->b, LLVMBuildFCmp(e->b, LLVMRealOGE, x, least, ""), x, LLVMConstNull(real), "");
  inside = LLVMBuildSelect(e->b, above, LLVMConstNull(real), inside, "");
  LLVMValueRef y = is_signed ? LLVMBuildFPToSI(e->b, inside, type, "") : LLVMBuildFPToUI(e->b, inside, type, "");
  y = LLVMBuildSelect(e->b, above, jit_const_int(type, most), y, "");
  if (is_signed) {
    LLVMValueRef below = LLVMBuildFCmp(e->b, LLVMRealOLT, x, least, "");
    y = LLVMBuildSelect(e->b, below, jit_const_int(type, most + 1), y, "");
  }
  return y;
}

LLVMValueRef jit_convert(jit_emitter *e, tg_type from, tg_type to, LLVMValueRef x)
{
  if (from == to) {
    return x;
  }
  if (to == TG_BOOL) {
    return to_bool(e, from, x);
  }
  bool from_float = type_in(from, TG_CLASS_FLOAT), to_float = type_in(to, TG_CLASS_FLOAT);
  if (from_float && to_float) {
    LLVMTypeRef type = jit_like(x, jit_scalar_type(e, to));
    return from == TG_F32 ? LLVMBuildFPExt(e->b, x, type, "") : LLVMBuildFPTrunc(e->b, x, type, "");
  }
  if (from_float) {
    return float_to_int(e, from, to, x);
  }
  return to_float ? int_to_float(e, from, to, x) : int_to_int(e, from, to, x);
}
