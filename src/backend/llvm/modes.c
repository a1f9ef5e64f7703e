/* modes.c: what lies in memory as a value, and back: half precision, bfloat16 and big-endian elements are read and
 * written as integers, and converted in vectors beside the arithmetic. In: elements of a stream or a table; out: values
 * of its type. Native modes are as they are. */
#include "backend/llvm/emit.h"

#include "base/float.h"

static const mode_info *info_of(tg_mode mode)
{
  return &mode_table[mode];
}

static bool is_native(tg_mode mode)
{
  return mode <= TG_MODE_F64;
}

LLVMTypeRef jit_mode_type(const jit_emitter *e, tg_mode mode)
{
  return is_native(mode) ? jit_scalar_type(e, (tg_type)info_of(mode)->type) : jit_int(e, 8u * info_of(mode)->bytes);
}

static LLVMValueRef in_native_order(jit_emitter *e, tg_mode mode, LLVMValueRef bits)
{
  bool is_big_machine = LLVMByteOrder(LLVMGetModuleDataLayout(e->module)) == LLVMBigEndian;
  return info_of(mode)->big && !is_big_machine ? jit_intrinsic(e, "llvm.bswap", LLVMTypeOf(bits), &bits, 1) : bits;
}

/* ---- tools ---- */

static LLVMValueRef like(LLVMValueRef x, uint64_t value)
{
  return jit_const_int(LLVMTypeOf(x), value);
}

static LLVMValueRef plus(jit_emitter *e, LLVMValueRef x, uint64_t value)
{
  return LLVMBuildAdd(e->b, x, like(x, value), "");
}

static LLVMValueRef masked(jit_emitter *e, LLVMValueRef x, uint64_t mask)
{
  return LLVMBuildAnd(e->b, x, like(x, mask), "");
}

static LLVMValueRef shifted(jit_emitter *e, LLVMValueRef x, int left)
{
  return left > 0 ? LLVMBuildShl(e->b, x, like(x, (uint64_t)left), "")
                  : LLVMBuildLShr(e->b, x, like(x, (uint64_t)-left), "");
}

/* Of magnitudes, which are below 2^31: the comparison that SSE2 has is signed. */
static LLVMValueRef choose_below(jit_emitter *e, LLVMValueRef x, uint64_t limit, LLVMValueRef a, LLVMValueRef b)
{
  return LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, LLVMIntSLT, x, like(x, limit), ""), a, b, "");
}

static LLVMValueRef as_bits(jit_emitter *e, LLVMValueRef x)
{
  return LLVMBuildBitCast(e->b, x, jit_like(x, jit_int(e, 32)), "");
}

static LLVMValueRef as_real(jit_emitter *e, LLVMValueRef x)
{
  return LLVMBuildBitCast(e->b, x, jit_like(x, jit_scalar_type(e, TG_F32)), "");
}

/* ---- half precision, where the machine has no instructions for it: see base/float.c for the same with branches ----
 */

static LLVMValueRef widen_half(jit_emitter *e, LLVMValueRef half)
{
  LLVMValueRef word = LLVMBuildZExt(e->b, half, jit_like(half, jit_int(e, 32)), "");
  LLVMValueRef sign = shifted(e, masked(e, word, 0x8000), 16), bits = shifted(e, masked(e, word, 0x7FFF), 13);
  LLVMValueRef normal = plus(e, bits, 112u << 23), infinite = plus(e, bits, 224u << 23);
  LLVMValueRef above = as_real(e, plus(e, bits, 113u << 23));
  LLVMValueRef small = as_bits(e, LLVMBuildFSub(e->b, above, jit_const_real(LLVMTypeOf(above), 0x1p-14), ""));
  LLVMValueRef finite = choose_below(e, bits, 1u << 23, small, normal);
  return as_real(e, LLVMBuildOr(e->b, sign, choose_below(e, bits, 31u << 23, finite, infinite), ""));
}

/* Adding 1/2 to a number below 2^-14 leaves it in units of 2^-24, rounded to nearest even. */
static LLVMValueRef narrow_to_half(jit_emitter *e, LLVMValueRef x)
{
  LLVMValueRef bits = as_bits(e, x), sign = masked(e, shifted(e, bits, -16), 0x8000);
  LLVMValueRef size = masked(e, bits, 0x7FFFFFFF), odd = masked(e, shifted(e, size, -13), 1);
  LLVMValueRef normal = shifted(e, LLVMBuildAdd(e->b, plus(e, size, 0xFFFu - (112u << 23)), odd, ""), -13);
  LLVMValueRef moved = LLVMBuildFAdd(e->b, as_real(e, size), jit_const_real(LLVMTypeOf(x), 0.5), "");
  LLVMValueRef small = plus(e, as_bits(e, moved), 0u - (126u << 23));
  LLVMValueRef finite = choose_below(e, size, 113u << 23, small, normal);
  LLVMValueRef number = choose_below(e, size, 143u << 23, finite, like(size, 0x7C00));
  number = LLVMBuildOr(e->b, sign, number, "");
  number = choose_below(e, size, 0x7F800001u, number, like(size, F16_NAN));
  return LLVMBuildTrunc(e->b, number, jit_like(x, jit_int(e, 16)), "");
}

/* ---- bfloat16: not by instructions, which take subnormals for zero ---- */

static LLVMValueRef widen_bfloat(jit_emitter *e, LLVMValueRef bits)
{
  return as_real(e, shifted(e, LLVMBuildZExt(e->b, bits, jit_like(bits, jit_int(e, 32)), ""), 16));
}

static LLVMValueRef narrow_to_bfloat(jit_emitter *e, LLVMValueRef x)
{
  LLVMValueRef bits = as_bits(e, x), odd = masked(e, shifted(e, bits, -16), 1);
  LLVMValueRef number = shifted(e, LLVMBuildAdd(e->b, plus(e, bits, 0x7FFF), odd, ""), -16);
  number = choose_below(e, masked(e, bits, 0x7FFFFFFF), 0x7F800001u, number, like(bits, BF16_NAN));
  return LLVMBuildTrunc(e->b, number, jit_like(x, jit_int(e, 16)), "");
}

/* ---- modes ---- */

LLVMValueRef jit_decode(jit_emitter *e, tg_mode mode, LLVMValueRef v)
{
  if (is_native(mode)) {
    return v;
  }
  LLVMTypeRef type = jit_like(v, jit_scalar_type(e, (tg_type)info_of(mode)->type));
  v = in_native_order(e, mode, v);
  switch ((codec)info_of(mode)->codec) {
  case TG_CODEC_HALF:
    if (!e->target->has_f16) {
      return widen_half(e, v);
    }
    v = LLVMBuildBitCast(e->b, v, jit_like(v, LLVMHalfTypeInContext(e->context)), "");
    return LLVMBuildFPExt(e->b, v, type, "");
  case TG_CODEC_BFLOAT: return widen_bfloat(e, v);
  case TG_CODEC_BOOL:
  case TG_CODEC_BITS: break;
  }
  return LLVMBuildBitCast(e->b, v, type, "");
}

LLVMValueRef jit_encode(jit_emitter *e, tg_mode mode, LLVMValueRef v)
{
  if (is_native(mode)) {
    return v;
  }
  LLVMTypeRef type = jit_like(v, jit_mode_type(e, mode));
  switch ((codec)info_of(mode)->codec) {
  case TG_CODEC_HALF:
    if (e->target->has_f16) {
      v = LLVMBuildFPTrunc(e->b, v, jit_like(v, LLVMHalfTypeInContext(e->context)), "");
    } else {
      v = narrow_to_half(e, v);
    }
    break;
  case TG_CODEC_BFLOAT: v = narrow_to_bfloat(e, v); break;
  case TG_CODEC_BOOL:
  case TG_CODEC_BITS: break;
  }
  return in_native_order(e, mode, LLVMBuildBitCast(e->b, v, type, ""));
}
