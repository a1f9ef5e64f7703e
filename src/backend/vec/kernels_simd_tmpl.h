/* kernels_simd_tmpl.h: the few instructions of AVX2 and AVX-512 that compilers do not find by themselves, under one set
 * of names, so that a kernel is written once for both. VEC_SIMD is defined where they are there.
 *
 * A vector has VEC_BYTES bytes. A comparison gives a vector of masks with AVX2, bits with AVX-512. */
#ifndef TG_BACKEND_VEC_KERNELS_SIMD_TMPL_H
#define TG_BACKEND_VEC_KERNELS_SIMD_TMPL_H

#include "backend/vec/kernels_tmpl.h"

#if defined(VEC_ISA_AVX2) || defined(VEC_ISA_AVX512)
#define VEC_SIMD 1

#include <immintrin.h>

/* How many elements of a type a vector has. */
#define SIMD_LANES(T) (VEC_BYTES / sizeof(T))

/* ---- names ---- */

#if defined(VEC_ISA_AVX512)
typedef __m512i simd_int, simd_i32, simd_u32;
typedef __m512 simd_f32;
typedef __m512d simd_f64;
#define SIMD(name) _mm512_##name
#define SIMD_INT(name) _mm512_##name##_si512
#else
typedef __m256i simd_int, simd_i32, simd_u32;
typedef __m256 simd_f32;
typedef __m256d simd_f64;
#define SIMD(name) _mm256_##name
#define SIMD_INT(name) _mm256_##name##_si256
#endif

static inline simd_int simd_load(const void *p)
{
  return SIMD_INT(loadu)(p);
}

static inline void simd_store(void *p, simd_int x)
{
  SIMD_INT(storeu)(p, x);
}

/* Vectors by the type of their elements: floats have vector types of their own. */
#define simd_load_f32(p) SIMD(loadu_ps)(p)
#define simd_load_f64(p) SIMD(loadu_pd)(p)
#define simd_load_u32(p) simd_load(p)
#define simd_load_i32(p) simd_load(p)
#define simd_load_u64(p) simd_load(p)
#define simd_load_i64(p) simd_load(p)
#define simd_keep_f32(p, x) SIMD(storeu_ps)(p, x)
#define simd_keep_f64(p, x) SIMD(storeu_pd)(p, x)
#define simd_keep_i32(p, x) simd_store(p, x)
#define simd_keep_u32(p, x) simd_store(p, x)
#define simd_keep_u64(p, x) simd_store(p, x)
#define simd_all_f32(x) SIMD(set1_ps)(x)
#define simd_all_f64(x) SIMD(set1_pd)(x)
#define simd_all_u16(x) SIMD(set1_epi16)((i16)(x))
#define simd_all_u32(x) SIMD(set1_epi32)((i32)(x))
#define simd_all_i32(x) SIMD(set1_epi32)(x)
#if defined(VEC_ISA_AVX512)
#define simd_all_u64(x) _mm512_set1_epi64((i64)(x))
#define simd_all_i64(x) _mm512_set1_epi64(x)
#define simd_xor(x, y) _mm512_xor_si512(x, y)
#define simd_and(x, y) _mm512_and_si512(x, y)
#else
#define simd_all_u64(x) _mm256_set1_epi64x((i64)(x))
#define simd_all_i64(x) _mm256_set1_epi64x(x)
#define simd_xor(x, y) _mm256_xor_si256(x, y)
#define simd_and(x, y) _mm256_and_si256(x, y)
#endif

/* ---- parts of a vector ----
 * The first n elements are read and written, the others neither: fewer than a vector has. */

#if defined(VEC_ISA_AVX512)
typedef __mmask16 simd_part_f32, simd_part_u32;
typedef __mmask8 simd_part_f64, simd_part_u64;
#define simd_part_of_u32(n) ((__mmask16)((1u << (n)) - 1))
#define simd_part_of_u64(n) ((__mmask8)((1u << (n)) - 1))
#define simd_load_part_f32(part, p) _mm512_maskz_loadu_ps(part, p)
#define simd_load_part_f64(part, p) _mm512_maskz_loadu_pd(part, p)
#define simd_load_part_u32(part, p) _mm512_maskz_loadu_epi32(part, p)
#define simd_load_part_u64(part, p) _mm512_maskz_loadu_epi64(part, p)
#define simd_keep_part_f32(p, part, x) _mm512_mask_storeu_ps(p, part, x)
#define simd_keep_part_f64(p, part, x) _mm512_mask_storeu_pd(p, part, x)
#define simd_keep_part_u32(p, part, x) _mm512_mask_storeu_epi32(p, part, x)
#define simd_keep_part_u64(p, part, x) _mm512_mask_storeu_epi64(p, part, x)
#else
typedef __m256i simd_part_f32, simd_part_f64, simd_part_u32, simd_part_u64;

static inline __m256i simd_part_of_u32(size_t n)
{
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((i32)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline __m256i simd_part_of_u64(size_t n)
{
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x((i64)n), _mm256_setr_epi64x(0, 1, 2, 3));
}

#define simd_load_part_f32(part, p) _mm256_maskload_ps(p, part)
#define simd_load_part_f64(part, p) _mm256_maskload_pd(p, part)
#define simd_load_part_u32(part, p) _mm256_maskload_epi32((const int *)(p), part)
#define simd_load_part_u64(part, p) _mm256_maskload_epi64((const long long *)(p), part)
#define simd_keep_part_f32(p, part, x) _mm256_maskstore_ps(p, part, x)
#define simd_keep_part_f64(p, part, x) _mm256_maskstore_pd(p, part, x)
#define simd_keep_part_u32(p, part, x) _mm256_maskstore_epi32((int *)(p), part, x)
#define simd_keep_part_u64(p, part, x) _mm256_maskstore_epi64((long long *)(p), part, x)
#endif
#define simd_part_of_f32(n) simd_part_of_u32(n)
#define simd_part_of_f64(n) simd_part_of_u64(n)

/* ---- float arithmetic ---- */

#define simd_add_f32(x, y) SIMD(add_ps)(x, y)
#define simd_sub_f32(x, y) SIMD(sub_ps)(x, y)
#define simd_mul_f32(x, y) SIMD(mul_ps)(x, y)
#define simd_div_f32(x, y) SIMD(div_ps)(x, y)
#define simd_add_f64(x, y) SIMD(add_pd)(x, y)
#define simd_sub_f64(x, y) SIMD(sub_pd)(x, y)
#define simd_mul_f64(x, y) SIMD(mul_pd)(x, y)
#define simd_div_f64(x, y) SIMD(div_pd)(x, y)

/* NaNs become canonical. AVX-512 looks up by the class of x what is to be done: for the two kinds of NaN, the lowest
 * digits of the table, the other operand is kept, else x is taken. */
static inline simd_f32 simd_canonical_f32(simd_f32 x)
{
  simd_f32 nan = simd_all_f32(f32_from_bits(F32_NAN));
#if defined(VEC_ISA_AVX512)
  return _mm512_fixupimm_ps(nan, x, _mm512_set1_epi32(0x11111100), 0);
#else
  return _mm256_blendv_ps(x, nan, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
#endif
}

static inline simd_f64 simd_canonical_f64(simd_f64 x)
{
  simd_f64 nan = simd_all_f64(f64_from_bits(F64_NAN));
#if defined(VEC_ISA_AVX512)
  return _mm512_fixupimm_pd(nan, x, _mm512_set1_epi64(0x11111100), 0);
#else
  return _mm256_blendv_pd(x, nan, _mm256_cmp_pd(x, x, _CMP_UNORD_Q));
#endif
}

/* ---- comparison and selection ---- */

#if defined(VEC_ISA_AVX512)
#define simd_lt_f32(x, y) _mm512_cmp_ps_mask(x, y, _CMP_LT_OQ)
#define simd_eq_f32(x, y) _mm512_cmp_ps_mask(x, y, _CMP_EQ_OQ)
#define simd_lt_f64(x, y) _mm512_cmp_pd_mask(x, y, _CMP_LT_OQ)
#define simd_eq_f64(x, y) _mm512_cmp_pd_mask(x, y, _CMP_EQ_OQ)
#define simd_le_f32(x, y) _mm512_cmp_ps_mask(x, y, _CMP_LE_OQ)
#define simd_le_f64(x, y) _mm512_cmp_pd_mask(x, y, _CMP_LE_OQ)
#define simd_le_i32(x, y) _mm512_cmple_epi32_mask(x, y)
#define simd_le_u32(x, y) _mm512_cmple_epu32_mask(x, y)
#define simd_le_i64(x, y) _mm512_cmple_epi64_mask(x, y)
#define simd_le_u64(x, y) _mm512_cmple_epu64_mask(x, y)
#define simd_lt_i32(x, y) _mm512_cmplt_epi32_mask(x, y)
#define simd_lt_u32(x, y) _mm512_cmplt_epu32_mask(x, y)
#define simd_eq_u32(x, y) _mm512_cmpeq_epi32_mask(x, y)
#define simd_lt_i64(x, y) _mm512_cmplt_epi64_mask(x, y)
#define simd_lt_u64(x, y) _mm512_cmplt_epu64_mask(x, y)
#define simd_eq_u64(x, y) _mm512_cmpeq_epi64_mask(x, y)

#define simd_any_f32(truth) ((truth) != 0)
#define simd_any_f64(truth) ((truth) != 0)
#define simd_any_i32(truth) ((truth) != 0)
#define simd_any_u32(truth) ((truth) != 0)

/* The truths of one vector of elements of 4 bytes, or 8. No mask may live so long that it is put in memory: gcc 12 may
 * read it wider than it wrote it. */
static inline void simd_store_truth_4(u8 *out, __mmask16 truth)
{
  _mm_storeu_si128((void *)out, _mm_maskz_set1_epi8(truth, 1));
}

static inline void simd_store_truth_8(u8 *out, __mmask8 truth)
{
  _mm_storel_epi64((void *)out, _mm_maskz_set1_epi8((__mmask16)truth, 1));
}

/* Elements of a where the bytes at `condition` are not 0, else of b. */
static inline simd_int simd_select_u32(const u8 *condition, simd_int a, simd_int b)
{
  __m128i bytes = _mm_loadu_si128((const void *)condition);
  return _mm512_mask_blend_epi32(_mm_test_epi8_mask(bytes, bytes), b, a);
}

static inline simd_int simd_select_u64(const u8 *condition, simd_int a, simd_int b)
{
  __m128i bytes = _mm_loadl_epi64((const void *)condition);
  return _mm512_mask_blend_epi64((__mmask8)_mm_test_epi8_mask(bytes, bytes), b, a);
}

#else
#define simd_lt_f32(x, y) _mm256_castps_si256(_mm256_cmp_ps(x, y, _CMP_LT_OQ))
#define simd_eq_f32(x, y) _mm256_castps_si256(_mm256_cmp_ps(x, y, _CMP_EQ_OQ))
#define simd_lt_f64(x, y) _mm256_castpd_si256(_mm256_cmp_pd(x, y, _CMP_LT_OQ))
#define simd_eq_f64(x, y) _mm256_castpd_si256(_mm256_cmp_pd(x, y, _CMP_EQ_OQ))
#define simd_lt_i32(x, y) _mm256_cmpgt_epi32(y, x)
#define simd_lt_i64(x, y) _mm256_cmpgt_epi64(y, x)
#define simd_eq_u32(x, y) _mm256_cmpeq_epi32(x, y)
#define simd_eq_u64(x, y) _mm256_cmpeq_epi64(x, y)

#define simd_any_f32(truth) (_mm256_movemask_epi8(truth) != 0)
#define simd_any_f64(truth) (_mm256_movemask_epi8(truth) != 0)
#define simd_any_i32(truth) (_mm256_movemask_epi8(truth) != 0)
#define simd_any_u32(truth) (_mm256_movemask_epi8(truth) != 0)

static inline __m256i simd_lt_u32(__m256i x, __m256i y)
{
  __m256i top = simd_all_u32(0x80000000u);
  return simd_lt_i32(simd_xor(x, top), simd_xor(y, top));
}

static inline __m256i simd_lt_u64(__m256i x, __m256i y)
{
  __m256i top = simd_all_u64(UINT64_C(0x8000000000000000));
  return simd_lt_i64(simd_xor(x, top), simd_xor(y, top));
}

#define simd_le_f32(x, y) _mm256_castps_si256(_mm256_cmp_ps(x, y, _CMP_LE_OQ))
#define simd_le_f64(x, y) _mm256_castpd_si256(_mm256_cmp_pd(x, y, _CMP_LE_OQ))
#define simd_le_i32(x, y) simd_not(simd_lt_i32(y, x))
#define simd_le_u32(x, y) simd_not(simd_lt_u32(y, x))
#define simd_le_i64(x, y) simd_not(simd_lt_i64(y, x))
#define simd_le_u64(x, y) simd_not(simd_lt_u64(y, x))

static inline __m256i simd_not(__m256i truth)
{
  return simd_xor(truth, _mm256_set1_epi32(-1));
}

/* The truths of four vectors. Packing works in halves of the vector: the last step puts groups of four in order. */
static inline void simd_store_truth_4(u8 *out, __m256i a, __m256i b, __m256i c, __m256i d)
{
  __m256i words = _mm256_packs_epi32(a, b), others = _mm256_packs_epi32(c, d);
  __m256i bytes = _mm256_and_si256(_mm256_packs_epi16(words, others), _mm256_set1_epi8(1));
  simd_store(out, _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
}

/* Eight masks of 4 bytes from two vectors of four masks of 8. */
static inline __m256i simd_halve_truth(__m256i a, __m256i b)
{
  __m256 even = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88);
  return _mm256_permute4x64_epi64(_mm256_castps_si256(even), 0xD8);
}

static inline void simd_store_truth_8(u8 *out, const __m256i t[8])
{
  simd_store_truth_4(out, simd_halve_truth(t[0], t[1]), simd_halve_truth(t[2], t[3]), simd_halve_truth(t[4], t[5]),
                     simd_halve_truth(t[6], t[7]));
}

static inline simd_int simd_select_u32(const u8 *condition, simd_int a, simd_int b)
{
  __m256i bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)condition));
  return _mm256_blendv_epi8(b, a, _mm256_sub_epi32(_mm256_setzero_si256(), bytes));
}

static inline simd_int simd_select_u64(const u8 *condition, simd_int a, simd_int b)
{
  i32 bytes;
  memcpy(&bytes, condition, sizeof bytes);
  __m256i wide = _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(bytes));
  return _mm256_blendv_epi8(b, a, _mm256_sub_epi64(_mm256_setzero_si256(), wide));
}
#endif

/* ---- integer arithmetic ---- */

#define simd_add_u16(x, y) SIMD(add_epi16)(x, y)
#define simd_sub_u16(x, y) SIMD(sub_epi16)(x, y)
#define simd_mul_u16(x, y) SIMD(mullo_epi16)(x, y)
#define simd_high_u16(x, y) SIMD(mulhi_epu16)(x, y)
#define simd_shr_u16(x, count) SIMD(srl_epi16)(x, count)
#define simd_sign_u16(x) SIMD(srai_epi16)(x, 15)
#define simd_add_u32(x, y) SIMD(add_epi32)(x, y)
#define simd_sub_u32(x, y) SIMD(sub_epi32)(x, y)
#define simd_mul_u32(x, y) SIMD(mullo_epi32)(x, y)
#define simd_shr_u32(x, count) SIMD(srl_epi32)(x, count)
#define simd_sign_u32(x) SIMD(srai_epi32)(x, 31)
#define simd_add_u64(x, y) SIMD(add_epi64)(x, y)
#define simd_sub_u64(x, y) SIMD(sub_epi64)(x, y)
#define simd_shr_u64(x, count) SIMD(srl_epi64)(x, count)
#if defined(VEC_ISA_AVX512)
#define simd_sign_u64(x) _mm512_srai_epi64(x, 63)
#define simd_mul_u64(x, y) _mm512_mullo_epi64(x, y)
#define simd_odd_u32(x, y) _mm512_mask_mov_epi32(x, 0xAAAA, y)
#else
#define simd_sign_u64(x) _mm256_cmpgt_epi64(_mm256_setzero_si256(), x)
#define simd_odd_u32(x, y) _mm256_blend_epi32(x, y, 0xAA)

static inline simd_int simd_mul_u64(simd_int x, simd_int y)
{
  simd_int crossed = _mm256_mullo_epi32(x, _mm256_shuffle_epi32(y, 0xB1));
  simd_int upper = _mm256_slli_epi64(_mm256_add_epi32(crossed, _mm256_srli_epi64(crossed, 32)), 32);
  return _mm256_add_epi64(_mm256_mul_epu32(x, y), upper);
}
#endif

/* The upper halves of products. */
static inline simd_int simd_high_u32(simd_int x, simd_int y)
{
  simd_int even = SIMD(srli_epi64)(SIMD(mul_epu32)(x, y), 32);
  simd_int odd = SIMD(mul_epu32)(SIMD(srli_epi64)(x, 32), SIMD(srli_epi64)(y, 32));
  return simd_odd_u32(even, odd);
}

static inline simd_int simd_high_u64(simd_int x, simd_int y)
{
  simd_int x1 = SIMD(srli_epi64)(x, 32), y1 = SIMD(srli_epi64)(y, 32), zero = simd_xor(x, x);
  simd_int low = SIMD(srli_epi64)(SIMD(mul_epu32)(x, y), 32);
  simd_int middle = simd_add_u64(SIMD(mul_epu32)(x1, y), low);
  simd_int other = simd_add_u64(SIMD(mul_epu32)(x, y1), simd_odd_u32(middle, zero));
  simd_int high = simd_add_u64(SIMD(mul_epu32)(x1, y1), SIMD(srli_epi64)(middle, 32));
  return simd_add_u64(high, SIMD(srli_epi64)(other, 32));
}

/* The same where all elements of y are one, below 2^32: its elements are of 8 bytes. */
static inline simd_int simd_high_by(simd_int x, simd_int y)
{
  simd_int even = SIMD(mul_epu32)(x, y), odd = SIMD(mul_epu32)(SIMD(shuffle_epi32)(x, 0xF5), y);
#if defined(VEC_ISA_AVX512)
  return _mm512_mask_shuffle_epi32(odd, 0x5555, even, 0xF5);
#else
  return simd_odd_u32(_mm256_shuffle_epi32(even, 0xF5), odd);
#endif
}

static inline simd_int simd_xor_3(simd_int x, simd_int y, simd_int z)
{
#if defined(VEC_ISA_AVX512)
  return _mm512_ternarylogic_epi32(x, y, z, 0x96);
#else
  return simd_xor(simd_xor(x, y), z);
#endif
}

#endif
#endif
