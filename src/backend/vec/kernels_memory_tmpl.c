/* kernels_memory_tmpl.c: constants, lane numbers, and elements of the caller's memory in every mode. */
#include "backend/vec/kernels_tmpl.h"

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
      r[i] = (T)(x + (T)(1u * (T)i * step));                                              \
    }                                                                                     \
  }
VEC_UNSIGNED(IOTA)

/* Lane numbers below 2^53, which are all that an invocation has, are sums of floats too. */
#define IOTA_FLOAT(T)                                                                     \
  void VEC_FN(iota_##T)(size_t n, void *out, uint64_t first, const void *start, const void *stride) \
  {                                                                                       \
    T *r = out, x = *(const T *)start, step = *(const T *)stride;                         \
    if (n >> 31 == 0 && first >> 52 == 0) {                                               \
      f64 base = (f64)first;                                                              \
      VEC_LOOP for (i32 i = 0; i < (i32)n; i++) {                                         \
        r[i] = x + (T)(base + (f64)i) * step;                                             \
      }                                                                                   \
      return;                                                                             \
    }                                                                                     \
    for (size_t i = 0; i < n; i++) {                                                      \
      r[i] = x + (T)(first + i) * step;                                                   \
    }                                                                                     \
  }
VEC_FLOATS(IOTA_FLOAT)
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
  return (x & 0x7FFFFFFFu) > 0x7F800000u ? F32_NAN : x;
}

static inline u64 canonical_u64(u64 x)
{
  return (x & UINT64_C(0x7FFFFFFFFFFFFFFF)) > UINT64_C(0x7FF0000000000000) ? F64_NAN : x;
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

#define LOAD(mode, M, T)                                                                  \
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
      VEC_LOOP for (size_t i = 0; i < n; i++) {                                           \
        r[i] = load_##mode(memory + i * sizeof(M));                                       \
      }                                                                                   \
      return;                                                                             \
    }                                                                                     \
    for (size_t i = 0; i < n; i++) {                                                      \
      r[i] = load_##mode(memory + (ptrdiff_t)i * stride);                                 \
    }                                                                                     \
  }
VEC_LOADS(LOAD)

#define STORE(mode, M, T)                                                                 \
  static inline void store_##mode(unsigned char *p, T element)                            \
  {                                                                                       \
    M x = ENCODE_##mode(element);                                                         \
    memcpy(p, &x, sizeof x);                                                              \
  }                                                                                       \
  void VEC_FN(store_##mode)(size_t n, unsigned char *memory, ptrdiff_t stride, const void *a) \
  {                                                                                       \
    const T *xs = a;                                                                      \
    if (stride == sizeof(M)) {                                                            \
      VEC_LOOP for (size_t i = 0; i < n; i++) {                                           \
        store_##mode(memory + i * sizeof(M), xs[i]);                                      \
      }                                                                                   \
      return;                                                                             \
    }                                                                                     \
    for (size_t i = 0; i < n; i++) {                                                      \
      store_##mode(memory + (ptrdiff_t)i * stride, xs[i]);                                \
    }                                                                                     \
  }
VEC_STORES(STORE)
/* clang-format on */
