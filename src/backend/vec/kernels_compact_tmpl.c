/* kernels_compact_tmpl.c: elements that change their place: gather from a table, compression by a mask, and back.
 *
 * Compression writes a whole vector where the kept elements go on: what is too much is overwritten by the next, and
 * never reaches beyond what has been read, so that `out` may be `a`. */
#include "backend/vec/kernels_simd_tmpl.h"

/* ---- vectors ----
 * step_T moves what is kept of STEP_T elements and says how many. */

#if defined(VEC_ISA_AVX512)
enum { STEP_u8 = 16, STEP_u16 = 16, STEP_u32 = 16, STEP_u64 = 8, STEP_COUNT = 64 };

static inline size_t count_step(const u8 *mask)
{
  __m512i bytes = simd_load(mask);
  return (size_t)_mm_popcnt_u64(_mm512_test_epi8_mask(bytes, bytes));
}

/* Which of STEP_COUNT bytes are done; the others stay alive. */
static inline u64 retire_step(u8 *alive, const u8 *condition)
{
  __m512i a = simd_load(alive), c = simd_load(condition), done = _mm512_andnot_si512(c, a);
  simd_store(alive, simd_and(a, c));
  return _mm512_test_epi8_mask(done, done);
}

static inline __mmask16 kept_of(const u8 *mask)
{
  __m128i bytes = _mm_loadu_si128((const void *)mask);
  return _mm_test_epi8_mask(bytes, bytes);
}

static inline size_t step_u8(u8 *r, const u8 *x, const u8 *mask)
{
  __mmask16 kept = kept_of(mask);
  __m512i wide = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)x));
  _mm_storeu_si128((void *)r, _mm512_cvtepi32_epi8(_mm512_maskz_compress_epi32(kept, wide)));
  return (size_t)_mm_popcnt_u32(kept);
}

static inline size_t step_u16(u16 *r, const u16 *x, const u8 *mask)
{
  __mmask16 kept = kept_of(mask);
  __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)x));
  _mm256_storeu_si256((void *)r, _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(kept, wide)));
  return (size_t)_mm_popcnt_u32(kept);
}

static inline size_t step_u32(u32 *r, const u32 *x, const u8 *mask)
{
  __mmask16 kept = kept_of(mask);
  simd_store(r, _mm512_maskz_compress_epi32(kept, simd_load(x)));
  return (size_t)_mm_popcnt_u32(kept);
}

static inline size_t step_u64(u64 *r, const u64 *x, const u8 *mask)
{
  __m128i bytes = _mm_loadl_epi64((const void *)mask);
  __mmask8 kept = (__mmask8)_mm_test_epi8_mask(bytes, bytes);
  simd_store(r, _mm512_maskz_compress_epi64(kept, simd_load(x)));
  return (size_t)_mm_popcnt_u32(kept);
}

#elif defined(VEC_ISA_AVX2)
enum { STEP_u8 = 8, STEP_u16 = 8, STEP_u32 = 8, STEP_u64 = 4, STEP_COUNT = 32 };

/* For each set of eight elements the numbers of those that are in it, one in four bits, the first lowest; zeros after.
 */
/* clang-format off */
#define BIT(set, b) ((set) >> (b) & 1u)
#define BITS_BELOW(set, b) (BIT(set, 0) * ((b) > 0) + BIT(set, 1) * ((b) > 1) + BIT(set, 2) * ((b) > 2) +             \
                            BIT(set, 3) * ((b) > 3) + BIT(set, 4) * ((b) > 4) + BIT(set, 5) * ((b) > 5) +             \
                            BIT(set, 6) * ((b) > 6))
#define PLACED(set, b) (BIT(set, b) * (b##u << 4 * BITS_BELOW(set, b)))
#define ROW_1(set) PLACED(set, 1) | PLACED(set, 2) | PLACED(set, 3) | PLACED(set, 4) | PLACED(set, 5) |                \
                   PLACED(set, 6) | PLACED(set, 7)
#define ROW_4(set) ROW_1(set), ROW_1(set + 1u), ROW_1(set + 2u), ROW_1(set + 3u)
#define ROW_16(set) ROW_4(set), ROW_4(set + 4u), ROW_4(set + 8u), ROW_4(set + 12u)
#define ROW_64(set) ROW_16(set), ROW_16(set + 16u), ROW_16(set + 32u), ROW_16(set + 48u)
static const u32 members[256] = {ROW_64(0u), ROW_64(64u), ROW_64(128u), ROW_64(192u)};
/* clang-format on */

static inline size_t count_step(const u8 *mask)
{
  int zeros = _mm256_movemask_epi8(_mm256_cmpeq_epi8(simd_load(mask), _mm256_setzero_si256()));
  return 32u - (size_t)_mm_popcnt_u32((unsigned)zeros);
}

/* Which of STEP_COUNT bytes are done; the others stay alive. */
static inline u64 retire_step(u8 *alive, const u8 *condition)
{
  __m256i a = simd_load(alive), c = simd_load(condition), done = _mm256_andnot_si256(c, a);
  simd_store(alive, simd_and(a, c));
  return (unsigned)_mm256_movemask_epi8(_mm256_cmpgt_epi8(done, _mm256_setzero_si256()));
}

/* Which of 8 mask bytes are not 0. */
static inline unsigned kept_of_8(const u8 *mask)
{
  __m128i is_zero = _mm_cmpeq_epi8(_mm_loadl_epi64((const void *)mask), _mm_setzero_si128());
  return ~(unsigned)_mm_movemask_epi8(is_zero) & 0xFFu;
}

/* The members of a set, one in each element of 4 bytes; what is above their lowest three bits has no meaning. */
static inline __m256i members_of(unsigned kept)
{
  return _mm256_srlv_epi32(_mm256_set1_epi32((i32)members[kept]), _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28));
}

/* The same as bytes. */
static inline __m128i member_bytes(unsigned kept)
{
  u64 pairs = members[kept];
  pairs = (pairs | pairs << 16) & UINT64_C(0x0000FFFF0000FFFF);
  pairs = (pairs | pairs << 8) & UINT64_C(0x00FF00FF00FF00FF);
  pairs = (pairs | pairs << 4) & UINT64_C(0x0F0F0F0F0F0F0F0F);
  return _mm_cvtsi64_si128((i64)pairs);
}

static inline size_t step_u8(u8 *r, const u8 *x, const u8 *mask)
{
  unsigned kept = kept_of_8(mask);
  __m128i elements = _mm_loadl_epi64((const void *)x);
  _mm_storel_epi64((void *)r, _mm_shuffle_epi8(elements, member_bytes(kept)));
  return (size_t)_mm_popcnt_u32(kept);
}

static inline size_t step_u16(u16 *r, const u16 *x, const u8 *mask)
{
  unsigned kept = kept_of_8(mask);
  __m128i numbers = _mm_cvtepu8_epi16(member_bytes(kept)), elements = _mm_loadu_si128((const void *)x);
  __m128i bytes = _mm_add_epi16(_mm_mullo_epi16(numbers, _mm_set1_epi16(0x0202)), _mm_set1_epi16(0x0100));
  _mm_storeu_si128((void *)r, _mm_shuffle_epi8(elements, bytes));
  return (size_t)_mm_popcnt_u32(kept);
}

static inline size_t step_u32(u32 *r, const u32 *x, const u8 *mask)
{
  unsigned kept = kept_of_8(mask);
  simd_store(r, _mm256_permutevar8x32_epi32(simd_load(x), members_of(kept)));
  return (size_t)_mm_popcnt_u32(kept);
}

static inline size_t step_u64(u64 *r, const u64 *x, const u8 *mask)
{
  i32 bytes;
  memcpy(&bytes, mask, sizeof bytes);
  __m128i is_zero = _mm_cmpeq_epi8(_mm_cvtsi32_si128(bytes), _mm_setzero_si128());
  unsigned kept = ~(unsigned)_mm_movemask_epi8(is_zero) & 0xFu;
  __m256i shifts = _mm256_setr_epi32(0, 0, 4, 4, 8, 8, 12, 12), odd = _mm256_setr_epi32(0, 1, 0, 1, 0, 1, 0, 1);
  __m256i numbers = _mm256_srlv_epi32(_mm256_set1_epi32((i32)members[kept]), shifts);
  __m256i halves = _mm256_or_si256(_mm256_add_epi32(numbers, numbers), odd);
  simd_store(r, _mm256_permutevar8x32_epi32(simd_load(x), halves));
  return (size_t)_mm_popcnt_u32(kept);
}
#endif

size_t VEC_FN(count)(size_t n, const unsigned char *mask)
{
  size_t count = 0, i = 0;
#if defined(VEC_SIMD)
  for (; i + STEP_COUNT <= n; i += STEP_COUNT) {
    count += count_step(mask + i);
  }
#endif
  for (; i < n; i++) {
    count += mask[i] != 0;
  }
  return count;
}

size_t VEC_FN(retire)(size_t n, unsigned char *alive, const unsigned char *condition, uint32_t *done)
{
  size_t n_done = 0, i = 0;
#if defined(VEC_SIMD)
  for (; i + STEP_COUNT <= n; i += STEP_COUNT) {
    for (u64 set = retire_step(alive + i, condition + i); set != 0; set &= set - 1) {
      done[n_done++] = (u32)i + (u32)_tzcnt_u64(set);
    }
  }
#endif
  for (; i < n; i++) {
    done[n_done] = (u32)i;
    n_done += alive[i] & (condition[i] ^ 1u);
    alive[i] &= condition[i];
  }
  return n_done;
}

/* clang-format off */
#if defined(VEC_SIMD)
#define COMPRESS_STEPS(T)                                                                 \
    for (; i + STEP_##T <= n; i += STEP_##T) {                                            \
      kept += step_##T(r + kept, xs + i, mask + i);                                       \
    }
#else
#define COMPRESS_STEPS(T)
#endif

/* The table is the caller's memory, at any alignment. */
#define COMPACT(T)                                                                        \
  void VEC_FN(gather_##T)(size_t n, void *out, const void *table, uint64_t length, const uint64_t *index) \
  {                                                                                       \
    T *r = out;                                                                           \
    const unsigned char *bytes = table;                                                   \
    for (size_t i = 0; i < n; i++) {                                                      \
      T x = 0;                                                                            \
      if (index[i] < length) {                                                            \
        memcpy(&x, bytes + index[i] * sizeof x, sizeof x);                                \
      }                                                                                   \
      r[i] = x;                                                                           \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(compress_##T)(size_t n, void *out, const void *a, const unsigned char *mask) \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a;                                                                      \
    size_t kept = 0, i = 0;                                                               \
    COMPRESS_STEPS(T)                                                                     \
    for (; i < n; i++) {                                                                  \
      T x = xs[i];                                                                        \
      bool is_kept = mask[i] != 0;                                                        \
      r[kept] = x;                                                                        \
      kept += is_kept;                                                                    \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(scatter_##T)(size_t n, void *out, const uint32_t *position, const void *a)  \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a;                                                                      \
    for (size_t i = 0; i < n; i++) {                                                      \
      r[position[i]] = xs[i];                                                             \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(permute_##T)(size_t n, void *out, const uint32_t *position, const void *a)  \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a;                                                                      \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = xs[position[i]];                                                             \
    }                                                                                     \
  }
VEC_UNSIGNED(COMPACT)
/* clang-format on */
