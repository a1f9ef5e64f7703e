/* kernels_convert_tmpl.c: conversion of elements by value: docs/spec.md 2.4.
 *
 * The conversions that few machines have are made of ones that all have, each step exact but the last: 64-bit integers
 * to floats, and floats to integers, which are clamped first, so that no conversion in C is undefined. */
#include "backend/vec/kernels_simd_tmpl.h"

#include <math.h>

/* clang-format off */
#define CONVERT(from, to, R, expression)                                                  \
  void VEC_FN(convert_##from##_##to)(size_t n, void *out, const void *a)                  \
  {                                                                                       \
    R *r = out;                                                                           \
    const from *xs = a;                                                                   \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      from x = xs[i];                                                                     \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }

#define BY_CAST(from, to) CONVERT(from, to, to, (to)x)
#define TO_BOOL(from, to) CONVERT(from, to, u8, x != 0)
VEC_WIDENINGS(BY_CAST)
VEC_NARROWINGS(BY_CAST)
VEC_TO_BOOL(TO_BOOL)

#define COPY(from, to)                                                                    \
  void VEC_FN(convert_##from##_##to)(size_t n, void *out, const void *a)                  \
  {                                                                                       \
    if (n > 0) {                                                                          \
      memmove(out, a, n * sizeof(from));                                                  \
    }                                                                                     \
  }
VEC_COPIES(COPY)

/* ---- to floats ---- */

#define SMALL(X)                                                                          \
  X(i8, f32) X(i16, f32) X(i32, f32) X(u8, f32) X(u16, f32) X(u32, f32)                   \
  X(i8, f64) X(i16, f64) X(i32, f64) X(u8, f64) X(u16, f64) X(u32, f64) X(f64, f32) X(f32, f64)
SMALL(BY_CAST)
/* clang-format on */

/* The upper half as a multiple of 2^32 and the lower half are put into the fractions of 2^84 and 2^52; one subtraction
 * takes both away from the first, exactly, and the sum is rounded once. The sign is turned into an offset of 2^63. */
static inline f64 f64_of_halves(u64 upper, u64 lower, f64 offset)
{
  f64 high = f64_from_bits(upper | UINT64_C(0x4530000000000000)) - (0x1p84 + 0x1p52 + offset);
  return high + f64_from_bits(lower | UINT64_C(0x4330000000000000));
}

static inline f64 f64_of_u64(u64 x)
{
  return f64_of_halves(x >> 32, x & 0xFFFFFFFFu, 0);
}

static inline f64 f64_of_i64(u64 x)
{
  return f64_of_halves((x >> 32) ^ 0x80000000u, x & 0xFFFFFFFFu, 0x1p63);
}

/* A number of more than 53 bits goes through f64 without a second rounding if its lowest 11 bits become one: if any is
 * set, the bit above them is, which no f32 reaches. */
static inline u64 sticky(u64 x)
{
  return (x | ((x & 0x7FFu) + 0x7FFu)) & ~UINT64_C(0x7FF);
}

static inline f32 f32_of_u64(u64 x)
{
  return (f32)f64_of_u64(x >> 53 != 0 ? sticky(x) : x);
}

static inline f32 f32_of_i64(u64 x)
{
  return (f32)f64_of_i64((x + (UINT64_C(1) << 53)) >> 54 != 0 ? sticky(x) : x);
}

/* clang-format off */
CONVERT(u64, f64, f64, f64_of_u64(x))
CONVERT(i64, f64, f64, f64_of_i64((u64)x))
CONVERT(u64, f32, f32, f32_of_u64(x))
CONVERT(i64, f32, f32, f32_of_i64((u64)x))

/* ---- from floats ----
 * NaN becomes 0 and what is out of range the end of it, as floats. Where the greatest integer is no float, `below` is
 * the float below it, and what is greater is chosen after the conversion. */

#define CLAMP(F)                                                                          \
  static inline F clamp_##F(F x, F low, F high)                                           \
  {                                                                                       \
    F y = x == x ? x : 0;                                                                 \
    y = y > low ? y : low;                                                                \
    return y < high ? y : high;                                                           \
  }
VEC_FLOATS(CLAMP)
#define EXACT(from, to, low, high) CONVERT(from, to, to, (to)(i32)clamp_##from(x, low, high))
#define LIMITED(from, to, low, below, greatest)                                           \
  CONVERT(from, to, to, x > below ? greatest : (to)clamp_##from(x, low, below))

EXACT(f32, i8, -128.0f, 127.0f)
EXACT(f32, u8, 0.0f, 255.0f)
EXACT(f32, i16, -32768.0f, 32767.0f)
EXACT(f32, u16, 0.0f, 65535.0f)
EXACT(f64, i8, -128.0, 127.0)
EXACT(f64, u8, 0.0, 255.0)
EXACT(f64, i16, -32768.0, 32767.0)
EXACT(f64, u16, 0.0, 65535.0)

#if !defined(VEC_SIMD)
LIMITED(f32, i32, -0x1p31f, 0x1.fffffep30f, INT32_MAX)
LIMITED(f32, u32, 0.0f, 0x1.fffffep31f, UINT32_MAX)
LIMITED(f32, i64, -0x1p63f, 0x1.fffffep62f, INT64_MAX)
LIMITED(f32, u64, 0.0f, 0x1.fffffep63f, UINT64_MAX)
EXACT(f64, i32, -0x1p31, 0x1p31 - 1)
LIMITED(f64, u32, 0.0, 0x1p32 - 1, UINT32_MAX)
LIMITED(f64, i64, -0x1p63, 0x1.fffffffffffffp62, INT64_MAX)
LIMITED(f64, u64, 0.0, 0x1.fffffffffffffp63, UINT64_MAX)

#else
/* The instructions give the lowest integer, or for an unsigned type the greatest, for all that is out of range: which
 * is right for one end of it. max(x, 0) of a NaN is 0. step_F_T converts one vector of the wider type. */
#define BY_STEPS(from, to, lanes)                                                         \
  void VEC_FN(convert_##from##_##to)(size_t n, void *out, const void *a)                  \
  {                                                                                       \
    to *r = out;                                                                          \
    const from *xs = a;                                                                   \
    size_t i = 0;                                                                         \
    for (; i + lanes <= n; i += lanes) {                                                  \
      step_##from##_##to(r + i, xs + i);                                                  \
    }                                                                                     \
    if (i < n) {                                                                          \
      from rest[lanes] = {0};                                                             \
      to results[lanes];                                                                  \
      memcpy(rest, xs + i, (n - i) * sizeof rest[0]);                                     \
      step_##from##_##to(results, rest);                                                  \
      memcpy(r + i, results, (n - i) * sizeof results[0]);                                \
    }                                                                                     \
  }
/* clang-format on */

#if defined(VEC_ISA_AVX512)
static inline void step_f32_i32(i32 *r, const f32 *p)
{
  __m512 x = _mm512_loadu_ps(p);
  __mmask16 is_high = _mm512_cmp_ps_mask(x, _mm512_set1_ps(0x1p31f), _CMP_GE_OQ);
  __m512i y = _mm512_mask_mov_epi32(_mm512_cvttps_epi32(x), is_high, _mm512_set1_epi32(INT32_MAX));
  simd_store(r, _mm512_maskz_mov_epi32(_mm512_cmp_ps_mask(x, x, _CMP_ORD_Q), y));
}

static inline void step_f32_u32(u32 *r, const f32 *p)
{
  simd_store(r, _mm512_cvttps_epu32(_mm512_max_ps(_mm512_loadu_ps(p), _mm512_setzero_ps())));
}

static inline void step_f32_i64(i64 *r, const f32 *p)
{
  __m256 x = _mm256_loadu_ps(p);
  __mmask8 is_high = _mm256_cmp_ps_mask(x, _mm256_set1_ps(0x1p63f), _CMP_GE_OQ);
  __m512i y = _mm512_mask_mov_epi64(_mm512_cvttps_epi64(x), is_high, _mm512_set1_epi64(INT64_MAX));
  simd_store(r, _mm512_maskz_mov_epi64(_mm256_cmp_ps_mask(x, x, _CMP_ORD_Q), y));
}

static inline void step_f32_u64(u64 *r, const f32 *p)
{
  simd_store(r, _mm512_cvttps_epu64(_mm256_max_ps(_mm256_loadu_ps(p), _mm256_setzero_ps())));
}

static inline void step_f64_i32(i32 *r, const f64 *p)
{
  __m512d x = _mm512_loadu_pd(p);
  __m512d y = _mm512_maskz_min_pd(_mm512_cmp_pd_mask(x, x, _CMP_ORD_Q), x, _mm512_set1_pd(0x1p31 - 1));
  _mm256_storeu_si256((void *)r, _mm512_cvttpd_epi32(y));
}

static inline void step_f64_u32(u32 *r, const f64 *p)
{
  __m512d x = _mm512_max_pd(_mm512_loadu_pd(p), _mm512_setzero_pd());
  _mm256_storeu_si256((void *)r, _mm512_cvttpd_epu32(x));
}

static inline void step_f64_i64(i64 *r, const f64 *p)
{
  __m512d x = _mm512_loadu_pd(p);
  __mmask8 is_high = _mm512_cmp_pd_mask(x, _mm512_set1_pd(0x1p63), _CMP_GE_OQ);
  __m512i y = _mm512_mask_mov_epi64(_mm512_cvttpd_epi64(x), is_high, _mm512_set1_epi64(INT64_MAX));
  simd_store(r, _mm512_maskz_mov_epi64(_mm512_cmp_pd_mask(x, x, _CMP_ORD_Q), y));
}

static inline void step_f64_u64(u64 *r, const f64 *p)
{
  simd_store(r, _mm512_cvttpd_epu64(_mm512_max_pd(_mm512_loadu_pd(p), _mm512_setzero_pd())));
}

#else
static inline void step_f32_i32(i32 *r, const f32 *p)
{
  __m256 x = _mm256_loadu_ps(p), is_high = _mm256_cmp_ps(x, _mm256_set1_ps(0x1p31f), _CMP_GE_OQ);
  __m256i y = simd_xor(_mm256_cvttps_epi32(x), _mm256_castps_si256(is_high));
  simd_store(r, _mm256_and_si256(y, _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_ORD_Q))));
}

static inline void step_f32_u32(u32 *r, const f32 *p)
{
  __m256 x = _mm256_max_ps(_mm256_loadu_ps(p), _mm256_setzero_ps()), half = _mm256_set1_ps(0x1p31f);
  __m256 is_high = _mm256_cmp_ps(x, half, _CMP_GE_OQ), is_over = _mm256_cmp_ps(x, _mm256_set1_ps(0x1p32f), _CMP_GE_OQ);
  __m256i low = _mm256_cvttps_epi32(_mm256_sub_ps(x, _mm256_and_ps(is_high, half)));
  __m256i y = simd_xor(low, _mm256_slli_epi32(_mm256_castps_si256(is_high), 31));
  simd_store(r, _mm256_or_si256(y, _mm256_castps_si256(is_over)));
}

static inline void step_f64_i32(i32 *r, const f64 *p)
{
  __m256d x = _mm256_loadu_pd(p);
  __m256d y = _mm256_min_pd(_mm256_and_pd(x, _mm256_cmp_pd(x, x, _CMP_ORD_Q)), _mm256_set1_pd(0x1p31 - 1));
  _mm_storeu_si128((void *)r, _mm256_cvttpd_epi32(y));
}

/* Integral floats x >= 0 below 2^52: their bits are those of x + 2^52 below its exponent. With 3 * 2^51 instead, x may
 * be negative. */
static inline u64 low_bits(f64 x)
{
  return f64_bits(x + 0x1p52) & 0xFFFFFFFFu;
}

static inline u32 u32_of_f64(f64 x)
{
  return (u32)low_bits(trunc(clamp_f64(x, 0.0, 0x1p32 - 1)));
}

static inline u64 u64_of_f64(f64 x)
{
  f64 whole = trunc(clamp_f64(x, 0.0, 0x1.fffffffffffffp63)), upper = floor(whole * 0x1p-32);
  u64 y = f64_bits(upper + 0x1p52) << 32 | low_bits(whole - upper * 0x1p32);
  return x >= 0x1p64 ? UINT64_MAX : y;
}

static inline i64 i64_of_f64(f64 x)
{
  f64 whole = trunc(clamp_f64(x, -0x1p63, 0x1.fffffffffffffp62)), upper = floor(whole * 0x1p-32);
  u64 y = f64_bits(upper + 0x1.8p52) << 32 | low_bits(whole - upper * 0x1p32);
  return (i64)(x >= 0x1p63 ? (u64)INT64_MAX : y);
}
#endif

/* clang-format off */
BY_STEPS(f32, i32, SIMD_LANES(i32))
BY_STEPS(f32, u32, SIMD_LANES(i32))
BY_STEPS(f64, i32, SIMD_LANES(f64))
#if defined(VEC_ISA_AVX512)
BY_STEPS(f64, u32, SIMD_LANES(f64))
BY_STEPS(f64, i64, SIMD_LANES(f64))
BY_STEPS(f64, u64, SIMD_LANES(f64))
BY_STEPS(f32, i64, SIMD_LANES(f64))
BY_STEPS(f32, u64, SIMD_LANES(f64))
#else
CONVERT(f64, u32, u32, u32_of_f64(x))
CONVERT(f64, i64, i64, i64_of_f64(x))
CONVERT(f64, u64, u64, u64_of_f64(x))
CONVERT(f32, i64, i64, i64_of_f64((f64)x))
CONVERT(f32, u64, u64, u64_of_f64((f64)x))
#endif
#endif
/* clang-format on */
