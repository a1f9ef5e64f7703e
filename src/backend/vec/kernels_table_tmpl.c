/* kernels_table_tmpl.c: the table of one instruction set's kernels. */
#include "backend/vec/kernels_tmpl.h"

#define STRING_(x) #x
#define STRING(x) STRING_(x)

/* clang-format off */
#define FORMS(name) {VEC_FN(name##_vv), VEC_FN(name##_vs), VEC_FN(name##_sv)}

/* Rows by type: the same kernels for both signs, or not. */
#define BITS(of, name)                                                                    \
  [TG_I8] = of(name##_u8), [TG_I16] = of(name##_u16), [TG_I32] = of(name##_u32), [TG_I64] = of(name##_u64), \
  [TG_U8] = of(name##_u8), [TG_U16] = of(name##_u16), [TG_U32] = of(name##_u32), [TG_U64] = of(name##_u64)
#define INTEGERS(of, name)                                                                \
  [TG_I8] = of(name##_i8), [TG_I16] = of(name##_i16), [TG_I32] = of(name##_i32), [TG_I64] = of(name##_i64), \
  [TG_U8] = of(name##_u8), [TG_U16] = of(name##_u16), [TG_U32] = of(name##_u32), [TG_U64] = of(name##_u64)
#define FLOATS(of, name) [TG_F32] = of(name##_f32), [TG_F64] = of(name##_f64)
#define SIZES(of, name) {of(name##_u8), of(name##_u16), of(name##_u32), of(name##_u64)}

/* A row of conversions to integers: by the kernels for 1, 2, 4 and 8 bytes, signed and unsigned. */
#define TO(name) VEC_FN(convert_##name)

#define UNARIES                                                                           \
  [VEC_NEG] = {BITS(VEC_FN, neg), FLOATS(VEC_FN, neg)},                                   \
  [VEC_NOT] = {[TG_BOOL] = VEC_FN(not_truth), BITS(VEC_FN, not)},                          \
  [VEC_SQRT] = {FLOATS(VEC_FN, sqrt)},                                                    \
  [VEC_ROUND_EVEN] = {FLOATS(VEC_FN, round_even)},                                        \
  [VEC_ROUND_DOWN] = {FLOATS(VEC_FN, round_down)},                                        \
  [VEC_ROUND_UP] = {FLOATS(VEC_FN, round_up)},                                            \
  [VEC_ROUND_ZERO] = {FLOATS(VEC_FN, round_zero)},                                        \
  [VEC_CANONICAL] = {FLOATS(VEC_FN, canonical)}

#define BINARIES                                                                          \
  [VEC_ADD] = {BITS(FORMS, add), FLOATS(FORMS, add)},                                     \
  [VEC_SUB] = {BITS(FORMS, sub), FLOATS(FORMS, sub)},                                     \
  [VEC_MUL] = {BITS(FORMS, mul), FLOATS(FORMS, mul)},                                     \
  [VEC_MAX] = {INTEGERS(FORMS, max), FLOATS(FORMS, max)},                                 \
  [VEC_DIV] = {FLOATS(FORMS, div)},                                                       \
  [VEC_SHL] = {BITS(FORMS, shl)},                                                         \
  [VEC_SHR] = {INTEGERS(FORMS, shr)},                                                     \
  [VEC_OR] = {[TG_BOOL] = FORMS(or_u8), BITS(FORMS, or)},                                 \
  [VEC_AND] = {[TG_BOOL] = FORMS(and_u8), BITS(FORMS, and)},                              \
  [VEC_XOR] = {[TG_BOOL] = FORMS(xor_u8), BITS(FORMS, xor)},                              \
  [VEC_ANDNOT] = {[TG_BOOL] = FORMS(andnot_u8), BITS(FORMS, andnot)},                     \
  [VEC_LT] = {INTEGERS(FORMS, lt), FLOATS(FORMS, lt)},                                    \
  [VEC_LE] = {INTEGERS(FORMS, le), FLOATS(FORMS, le)},                                    \
  [VEC_EQ] = {[TG_BOOL] = FORMS(eq_u8), BITS(FORMS, eq), FLOATS(FORMS, eq)}

/* Fused pairs by type, where there are any; the kernels for integers serve both signs. */
#if defined(VEC_ISA_AVX2) || defined(VEC_ISA_AVX512)
#define PAIRS(name)                                                                       \
  {[TG_I32] = VEC_FN(name##_u32), [TG_U32] = VEC_FN(name##_u32), [TG_I64] = VEC_FN(name##_u64), \
   [TG_U64] = VEC_FN(name##_u64), FLOATS(VEC_FN, name)}
#define SECONDS(first)                                                                    \
  {PAIRS(first##_add), PAIRS(first##_sub), PAIRS(first##_from), PAIRS(first##_mul),       \
   {FLOATS(VEC_FN, first##_div)}, {FLOATS(VEC_FN, first##_over)}}
#define SECONDS_CANONICAL(first)                                                          \
  {{FLOATS(VEC_FN, canonical_##first##_add)}, {FLOATS(VEC_FN, canonical_##first##_sub)},  \
   {FLOATS(VEC_FN, canonical_##first##_from)}, {FLOATS(VEC_FN, canonical_##first##_mul)}, \
   {FLOATS(VEC_FN, canonical_##first##_div)}, {FLOATS(VEC_FN, canonical_##first##_over)}}

#define FUSED                                                                             \
  .fused = {SECONDS(add), SECONDS(sub), SECONDS(mul)},                                    \
  .fused_canonical = {SECONDS_CANONICAL(add), SECONDS_CANONICAL(sub), SECONDS_CANONICAL(mul)}, \
  .high = VEC_FN(high),                                                                   \
  .join = VEC_FN(join),
#else
#define FUSED
#endif

#define CONVERSIONS                                                                       \
  [TG_BOOL] = {[TG_I8] = TO(u8_u8), [TG_I16] = TO(u8_u16), [TG_I32] = TO(u8_u32), [TG_I64] = TO(u8_u64),  \
               [TG_U8] = TO(u8_u8), [TG_U16] = TO(u8_u16), [TG_U32] = TO(u8_u32), [TG_U64] = TO(u8_u64),  \
               [TG_F32] = TO(u8_f32), [TG_F64] = TO(u8_f64)},                             \
  [TG_I8] = {[TG_BOOL] = TO(u8_truth), [TG_I16] = TO(i8_u16), [TG_I32] = TO(i8_u32), [TG_I64] = TO(i8_u64), \
             [TG_U8] = TO(u8_u8), [TG_U16] = TO(i8_u16), [TG_U32] = TO(i8_u32), [TG_U64] = TO(i8_u64),    \
             [TG_F32] = TO(i8_f32), [TG_F64] = TO(i8_f64)},                               \
  [TG_U8] = {[TG_BOOL] = TO(u8_truth), [TG_I8] = TO(u8_u8), [TG_I16] = TO(u8_u16), [TG_I32] = TO(u8_u32),  \
             [TG_I64] = TO(u8_u64), [TG_U16] = TO(u8_u16), [TG_U32] = TO(u8_u32), [TG_U64] = TO(u8_u64),  \
             [TG_F32] = TO(u8_f32), [TG_F64] = TO(u8_f64)},                               \
  [TG_I16] = {[TG_BOOL] = TO(u16_truth), [TG_I8] = TO(u16_u8), [TG_I32] = TO(i16_u32), [TG_I64] = TO(i16_u64), \
              [TG_U8] = TO(u16_u8), [TG_U16] = TO(u16_u16), [TG_U32] = TO(i16_u32), [TG_U64] = TO(i16_u64), \
              [TG_F32] = TO(i16_f32), [TG_F64] = TO(i16_f64)},                            \
  [TG_U16] = {[TG_BOOL] = TO(u16_truth), [TG_I8] = TO(u16_u8), [TG_I16] = TO(u16_u16), [TG_I32] = TO(u16_u32), \
              [TG_I64] = TO(u16_u64), [TG_U8] = TO(u16_u8), [TG_U32] = TO(u16_u32), [TG_U64] = TO(u16_u64), \
              [TG_F32] = TO(u16_f32), [TG_F64] = TO(u16_f64)},                            \
  [TG_I32] = {[TG_BOOL] = TO(u32_truth), [TG_I8] = TO(u32_u8), [TG_I16] = TO(u32_u16), [TG_I64] = TO(i32_u64), \
              [TG_U8] = TO(u32_u8), [TG_U16] = TO(u32_u16), [TG_U32] = TO(u32_u32), [TG_U64] = TO(i32_u64), \
              [TG_F32] = TO(i32_f32), [TG_F64] = TO(i32_f64)},                            \
  [TG_U32] = {[TG_BOOL] = TO(u32_truth), [TG_I8] = TO(u32_u8), [TG_I16] = TO(u32_u16), [TG_I32] = TO(u32_u32), \
              [TG_I64] = TO(u32_u64), [TG_U8] = TO(u32_u8), [TG_U16] = TO(u32_u16), [TG_U64] = TO(u32_u64), \
              [TG_F32] = TO(u32_f32), [TG_F64] = TO(u32_f64)},                            \
  [TG_I64] = {[TG_BOOL] = TO(u64_truth), [TG_I8] = TO(u64_u8), [TG_I16] = TO(u64_u16), [TG_I32] = TO(u64_u32), \
              [TG_U8] = TO(u64_u8), [TG_U16] = TO(u64_u16), [TG_U32] = TO(u64_u32), [TG_U64] = TO(u64_u64), \
              [TG_F32] = TO(i64_f32), [TG_F64] = TO(i64_f64)},                            \
  [TG_U64] = {[TG_BOOL] = TO(u64_truth), [TG_I8] = TO(u64_u8), [TG_I16] = TO(u64_u16), [TG_I32] = TO(u64_u32), \
              [TG_I64] = TO(u64_u64), [TG_U8] = TO(u64_u8), [TG_U16] = TO(u64_u16), [TG_U32] = TO(u64_u32), \
              [TG_F32] = TO(u64_f32), [TG_F64] = TO(u64_f64)},                            \
  [TG_F32] = {[TG_BOOL] = TO(f32_truth), INTEGERS(VEC_FN, convert_f32), [TG_F64] = TO(f32_f64)},           \
  [TG_F64] = {[TG_BOOL] = TO(f64_truth), INTEGERS(VEC_FN, convert_f64), [TG_F32] = TO(f64_f32)}

/* Modes of memory, where op is load or store and the floats of full precision differ. */
#define MODES(op, f32_, f64_, f32be_, f64be_)                                             \
  [TG_MODE_BOOL] = VEC_FN(op##_truth),                                                     \
  [TG_MODE_I8] = VEC_FN(op##_u8), [TG_MODE_I16] = VEC_FN(op##_u16),                       \
  [TG_MODE_I32] = VEC_FN(op##_u32), [TG_MODE_I64] = VEC_FN(op##_u64),                     \
  [TG_MODE_U8] = VEC_FN(op##_u8), [TG_MODE_U16] = VEC_FN(op##_u16),                       \
  [TG_MODE_U32] = VEC_FN(op##_u32), [TG_MODE_U64] = VEC_FN(op##_u64),                     \
  [TG_MODE_F32] = VEC_FN(op##_##f32_), [TG_MODE_F64] = VEC_FN(op##_##f64_),               \
  [TG_MODE_F16] = VEC_FN(op##_f16), [TG_MODE_BF16] = VEC_FN(op##_bf16),                   \
  [TG_MODE_I16BE] = VEC_FN(op##_u16be), [TG_MODE_I32BE] = VEC_FN(op##_u32be), [TG_MODE_I64BE] = VEC_FN(op##_u64be), \
  [TG_MODE_U16BE] = VEC_FN(op##_u16be), [TG_MODE_U32BE] = VEC_FN(op##_u32be), [TG_MODE_U64BE] = VEC_FN(op##_u64be), \
  [TG_MODE_F32BE] = VEC_FN(op##_##f32be_), [TG_MODE_F64BE] = VEC_FN(op##_##f64be_),       \
  [TG_MODE_F16BE] = VEC_FN(op##_f16be), [TG_MODE_BF16BE] = VEC_FN(op##_bf16be)

const vec_kernels VEC_FN(kernels) = {
  .isa = STRING(VEC_ISA),
  .vector_bytes = VEC_BYTES,
  .unary = {UNARIES},
  .binary = {BINARIES},
  .binary_canonical = {
    [VEC_ADD] = {FLOATS(FORMS, canonical_add)},
    [VEC_SUB] = {FLOATS(FORMS, canonical_sub)},
    [VEC_MUL] = {FLOATS(FORMS, canonical_mul)},
    [VEC_MAX] = {FLOATS(FORMS, canonical_max)},
    [VEC_DIV] = {FLOATS(FORMS, canonical_div)},
  },
  .fma = {FLOATS(VEC_FN, fma)},
  FUSED
  .select = SIZES(FORMS, select),
  .divmod = {INTEGERS(VEC_FN, divmod)},
  .divmod_scalar = {INTEGERS(VEC_FN, divmod_scalar)},
  .convert = {CONVERSIONS},
  .fill = SIZES(VEC_FN, fill),
  .iota = {BITS(VEC_FN, iota), FLOATS(VEC_FN, iota)},
  .load = {MODES(load, u32, u64, u32be, u64be)},
  .store = {MODES(store, f32, f64, f32be, f64be)},
#ifdef VEC_STREAMS
  .stream = VEC_FN(stream),
  .stream_end = VEC_FN(stream_end),
#endif
  .sum = {[TG_BOOL] = VEC_FN(sum_u8), INTEGERS(VEC_FN, sum), FLOATS(VEC_FN, sum)},
  .sum_product = {FLOATS(VEC_FN, sum_product)},
  .argmin = {INTEGERS(VEC_FN, argmin), FLOATS(VEC_FN, argmin)},
  .argmax = {INTEGERS(VEC_FN, argmax), FLOATS(VEC_FN, argmax)},
  .gather = SIZES(VEC_FN, gather),
  .count = VEC_FN(count),
  .retire = VEC_FN(retire),
  .compress = SIZES(VEC_FN, compress),
  .scatter = SIZES(VEC_FN, scatter),
  .permute = SIZES(VEC_FN, permute),
};
/* clang-format on */
