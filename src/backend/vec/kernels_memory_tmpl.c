/* kernels_memory_tmpl.c: constants, lane numbers, and elements of the caller's memory in every mode. */
#include "backend/vec/kernels_simd_tmpl.h"

/* ---- constants and lanes ---- */

/* clang-format off */
#define FILL(T)                                                                           \
  void VEC_FN(fill_##T)(size_t n, void *out, const void *a)                               \
  {                                                                                       \
    T *r = out, x = *(const T *)a;                                                        \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = x;                                                                           \
    }                                                                                     \
  }
VEC_UNSIGNED(FILL)

#define IOTA(T)                                                                           \
  void VEC_FN(iota_##T)(size_t n, void *out, uint64_t first, const void *start, const void *stride) \
  {                                                                                       \
    T *r = out, step = *(const T *)stride, x = (T)(*(const T *)start + (T)(1u * (T)first * step)); \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = x;                                                                           \
      x = (T)(x + step);                                                                  \
    }                                                                                     \
  }
VEC_UNSIGNED(IOTA)

/* A lane number that is exact as an i32 or f64 is rounded once, as that of the specification is: all that an invocation
 * has are below 2^52. */
#define IOTA_FLOAT(T, N, limit)                                                           \
  void VEC_FN(iota_##T)(size_t n, void *out, uint64_t first, const void *start, const void *stride) \
  {                                                                                       \
    T *r = out, x = *(const T *)start, step = *(const T *)stride;                         \
    size_t i = 0;                                                                         \
    if (n >> 30 == 0 && first < limit) {                                                  \
      N base = (N)first;                                                                  \
      VEC_LOOP for (i32 k = 0; k < (i32)n; k++) {                                         \
        r[k] = x + (T)(base + (N)k) * step;                                               \
      }                                                                                   \
      i = n;                                                                              \
    }                                                                                     \
    for (; i < n; i++) {                                                                  \
      r[i] = x + (T)(first + i) * step;                                                   \
    }                                                                                     \
  }
IOTA_FLOAT(f32, i32, UINT64_C(1) << 30)
IOTA_FLOAT(f64, f64, UINT64_C(1) << 52)
/* clang-format on */

/* ---- half precision, without branches: see base/float.c for the same with them ---- */

static inline u32 widen_f16(u16 half)
{
  u32 sign = (u32)(half & 0x8000u) << 16, bits = (u32)(half & 0x7FFFu) << 13;
  u32 normal = bits + (112u << 23), infinite = bits + (224u << 23);
  u32 subnormal = f32_bits(f32_from_bits(bits + (113u << 23)) - 0x1p-14f);
  return sign | (bits < 1u << 23 ? subnormal : bits < 31u << 23 ? normal : infinite);
}

/* Adding 1/2 to a number below 2^-14 leaves it in units of 2^-24, rounded to nearest even. */
static inline u16 narrow_f16(u32 bits)
{
  u32 sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
  u32 normal = (magnitude - (112u << 23) + 0xFFFu + (magnitude >> 13 & 1)) >> 13;
  u32 subnormal = f32_bits(f32_from_bits(magnitude) + 0.5f) - (126u << 23);
  u32 finite = magnitude < 113u << 23 ? subnormal : normal;
  u32 number = sign | (magnitude < 143u << 23 ? finite : 0x7C00u);
  return (u16)(magnitude > 0x7F800000u ? F16_NAN : number);
}

static inline u16 narrow_bf16(u32 bits)
{
  u32 number = (bits + 0x7FFFu + (bits >> 16 & 1)) >> 16;
  return (u16)((bits & 0x7FFFFFFFu) > 0x7F800000u ? BF16_NAN : number);
}

/* One vector of halves, with the instructions for them; they round as MXCSR says, but keep every subnormal. */
#if defined(VEC_ISA_AVX512)
static inline __m256i swap_halves(__m256i x)
{
  return _mm256_or_si256(_mm256_slli_epi16(x, 8), _mm256_srli_epi16(x, 8));
}

static inline __m256i halves_of(const u32 *x)
{
  __m512 y = _mm512_loadu_ps(x);
  __mmask16 is_nan = _mm512_cmp_ps_mask(y, y, _CMP_UNORD_Q);
  return _mm512_cvtps_ph(_mm512_mask_mov_ps(y, is_nan, _mm512_set1_ps(f32_from_bits(F32_NAN))), 0);
}

static inline void simd_load_f16(u32 *r, const unsigned char *p)
{
  _mm512_storeu_ps(r, _mm512_cvtph_ps(_mm256_loadu_si256((const void *)p)));
}

static inline void simd_load_f16be(u32 *r, const unsigned char *p)
{
  _mm512_storeu_ps(r, _mm512_cvtph_ps(swap_halves(_mm256_loadu_si256((const void *)p))));
}

static inline void simd_store_f16(unsigned char *p, const u32 *x)
{
  _mm256_storeu_si256((void *)p, halves_of(x));
}

static inline void simd_store_f16be(unsigned char *p, const u32 *x)
{
  _mm256_storeu_si256((void *)p, swap_halves(halves_of(x)));
}
#elif defined(VEC_ISA_AVX2)
static inline __m128i swap_halves(__m128i x)
{
  return _mm_or_si128(_mm_slli_epi16(x, 8), _mm_srli_epi16(x, 8));
}

static inline __m128i halves_of(const u32 *x)
{
  __m256 y = _mm256_loadu_ps((const void *)x);
  __m256 is_nan = _mm256_cmp_ps(y, y, _CMP_UNORD_Q);
  return _mm256_cvtps_ph(_mm256_blendv_ps(y, _mm256_set1_ps(f32_from_bits(F32_NAN)), is_nan), 0);
}

static inline void simd_load_f16(u32 *r, const unsigned char *p)
{
  _mm256_storeu_ps((void *)r, _mm256_cvtph_ps(_mm_loadu_si128((const void *)p)));
}

static inline void simd_load_f16be(u32 *r, const unsigned char *p)
{
  _mm256_storeu_ps((void *)r, _mm256_cvtph_ps(swap_halves(_mm_loadu_si128((const void *)p))));
}

static inline void simd_store_f16(unsigned char *p, const u32 *x)
{
  _mm_storeu_si128((void *)p, halves_of(x));
}

static inline void simd_store_f16be(unsigned char *p, const u32 *x)
{
  _mm_storeu_si128((void *)p, swap_halves(halves_of(x)));
}
#endif

/* ---- byte order ---- */

#if defined(__BYTE_ORDER__) && defined(__ORDER_BIG_ENDIAN__)
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define BIG_ENDIAN_MACHINE 1
#endif
#endif

#ifdef BIG_ENDIAN_MACHINE
#define BIG_u16(x) (x)
#define BIG_u32(x) (x)
#define BIG_u64(x) (x)
#else
static inline u16 BIG_u16(u16 x)
{
  return (u16)(x << 8 | x >> 8);
}

static inline u32 BIG_u32(u32 x)
{
  return x << 24 | (x << 8 & 0xFF0000u) | (x >> 8 & 0xFF00u) | x >> 24;
}

static inline u64 BIG_u64(u64 x)
{
  return (u64)BIG_u32((u32)x) << 32 | BIG_u32((u32)(x >> 32));
}
#endif

/* ---- modes ---- */

static inline u32 canonical_u32(u32 x)
{
  return f32_bits(f32_number_or_canonical(f32_from_bits(x)));
}

static inline u64 canonical_u64(u64 x)
{
  return f64_bits(f64_number_or_canonical(f64_from_bits(x)));
}

/* clang-format off */
/* DECODE_ and ENCODE_ of each mode: what lies in memory to an element, and back. */
#define DECODE_truth(x) ((x) != 0)
#define DECODE_u8(x) (x)
#define DECODE_u16(x) (x)
#define DECODE_u32(x) (x)
#define DECODE_u64(x) (x)
#define DECODE_f16(x) widen_f16(x)
#define DECODE_bf16(x) ((u32)(x) << 16)
#define DECODE_u16be(x) BIG_u16(x)
#define DECODE_u32be(x) BIG_u32(x)
#define DECODE_u64be(x) BIG_u64(x)
#define DECODE_f16be(x) widen_f16(BIG_u16(x))
#define DECODE_bf16be(x) ((u32)BIG_u16(x) << 16)

#define ENCODE_truth(x) ((x) != 0)
#define ENCODE_u8(x) (x)
#define ENCODE_u16(x) (x)
#define ENCODE_u32(x) (x)
#define ENCODE_u64(x) (x)
#define ENCODE_f32(x) canonical_u32(x)
#define ENCODE_f64(x) canonical_u64(x)
#define ENCODE_f16(x) narrow_f16(x)
#define ENCODE_bf16(x) narrow_bf16(x)
#define ENCODE_u16be(x) BIG_u16(x)
#define ENCODE_u32be(x) BIG_u32(x)
#define ENCODE_u64be(x) BIG_u64(x)
#define ENCODE_f32be(x) BIG_u32(canonical_u32(x))
#define ENCODE_f64be(x) BIG_u64(canonical_u64(x))
#define ENCODE_f16be(x) BIG_u16(narrow_f16(x))
#define ENCODE_bf16be(x) BIG_u16(narrow_bf16(x))

/* What is done at unit stride: COPY where memory is as elements are; HALVES where vectors are converted; else EACH. */
#define EACH_LOAD(mode, M, T)                                                             \
      VEC_LOOP for (size_t i = 0; i < n; i++) {                                           \
        r[i] = load_##mode(memory + i * sizeof(M));                                       \
      }
#define EACH_STORE(mode, M, T)                                                            \
      VEC_LOOP for (size_t i = 0; i < n; i++) {                                           \
        store_##mode(memory + i * sizeof(M), xs[i]);                                      \
      }
#define COPY_LOAD(mode, M, T)                                                             \
      if (n > 0) {                                                                        \
        memcpy(r, memory, n * sizeof(M));                                                 \
      }
#define COPY_STORE(mode, M, T)                                                            \
      if (n > 0) {                                                                        \
        memcpy(memory, xs, n * sizeof(M));                                                \
      }
#if defined(VEC_SIMD)
#define HALVES_LOAD(mode, M, T)                                                           \
      size_t i = 0;                                                                       \
      for (; i + SIMD_LANES(f32) <= n; i += SIMD_LANES(f32)) {                            \
        simd_load_##mode(r + i, memory + i * sizeof(M));                                  \
      }                                                                                   \
      for (; i < n; i++) {                                                                \
        r[i] = load_##mode(memory + i * sizeof(M));                                       \
      }
#define HALVES_STORE(mode, M, T)                                                          \
      size_t i = 0;                                                                       \
      for (; i + SIMD_LANES(f32) <= n; i += SIMD_LANES(f32)) {                            \
        simd_store_##mode(memory + i * sizeof(M), xs + i);                                \
      }                                                                                   \
      for (; i < n; i++) {                                                                \
        store_##mode(memory + i * sizeof(M), xs[i]);                                      \
      }
#else
#define HALVES_LOAD EACH_LOAD
#define HALVES_STORE EACH_STORE
#endif

#define LOAD(mode, M, T, WAY)                                                             \
  static inline T load_##mode(const unsigned char *p)                                     \
  {                                                                                       \
    M x;                                                                                  \
    memcpy(&x, p, sizeof x);                                                              \
    return DECODE_##mode(x);                                                              \
  }                                                                                       \
  void VEC_FN(load_##mode)(size_t n, void *out, const unsigned char *memory, ptrdiff_t stride) \
  {                                                                                       \
    T *r = out;                                                                           \
    if (stride == sizeof(M)) {                                                            \
      WAY##_LOAD(mode, M, T)                                                              \
      return;                                                                             \
    }                                                                                     \
    for (size_t i = 0; i < n; i++) {                                                      \
      r[i] = load_##mode(memory + (ptrdiff_t)i * stride);                                 \
    }                                                                                     \
  }
VEC_LOADS(LOAD)

#define STORE(mode, M, T, WAY)                                                            \
  static inline void store_##mode(unsigned char *p, T element)                            \
  {                                                                                       \
    M x = ENCODE_##mode(element);                                                         \
    memcpy(p, &x, sizeof x);                                                              \
  }                                                                                       \
  void VEC_FN(store_##mode)(size_t n, unsigned char *memory, ptrdiff_t stride, const void *a) \
  {                                                                                       \
    const T *xs = a;                                                                      \
    if (stride == sizeof(M)) {                                                            \
      WAY##_STORE(mode, M, T)                                                             \
      return;                                                                             \
    }                                                                                     \
    for (size_t i = 0; i < n; i++) {                                                      \
      store_##mode(memory + (ptrdiff_t)i * stride, xs[i]);                                \
    }                                                                                     \
  }
VEC_STORES(STORE)
/* clang-format on */
