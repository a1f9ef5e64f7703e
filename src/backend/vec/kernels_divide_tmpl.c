/* kernels_divide_tmpl.c: Euclidean division of integers.
 *
 * Everything is division of x >= 0 by D > 0. With s = -1 for a negative x and 0 otherwise, x ^ s is not negative and
 * ((x ^ s) / D) ^ s is x / D rounded down; for b < 0 that is negated with D = |b|, and no case overflows.
 * Short operands are divided as floats of more than twice their bits: a quotient that is not an integer is then too far
 * from one to be rounded to it, so that cutting off its fraction is exact. One divisor for all becomes a multiplier: T.
 * Granlund and P. L. Montgomery, "Division by invariant integers using multiplication", 1994, figure 4.1. */
#include "backend/vec/kernels_simd_tmpl.h"

#include <math.h>

/* ---- stream by stream: 0 for a divisor of 0 ---- */

static inline u8 quotient_u8(u8 x, u8 y)
{
  i32 quotient = (i32)((f32)x / (f32)(y == 0 ? 1 : y));
  return (u8)(y == 0 ? 0 : quotient);
}

static inline u16 quotient_u16(u16 x, u16 y)
{
  i32 quotient = (i32)((f32)x / (f32)(y == 0 ? 1 : y));
  return (u16)(y == 0 ? 0 : quotient);
}

/* u32 as f64, plus a half: its bits become the fraction of 2^52. */
static inline f64 f64_and_half(u32 x)
{
  return f64_from_bits(x | UINT64_C(0x4330000000000000)) - (0x1p52 - 0.5);
}

/* (x + 1/2) / y - 1/2 is nearer to the integer x / y rounded down than to any other, also after two roundings; adding
 * 3 * 2^51, where floats are 1 apart on both sides, rounds to it and leaves it in the low bits. */
static inline u32 quotient_u32(u32 x, u32 y)
{
  f64 quotient = f64_and_half(x) / (f64_and_half(y == 0 ? 1 : y) - 0.5);
  u32 rounded = (u32)f64_bits(quotient - 0.5 + 0x1.8p52);
  return y == 0 ? 0 : rounded;
}

static inline u64 quotient_u64(u64 x, u64 y)
{
  return y == 0 ? 0 : x / y;
}

/* clang-format off */
#define QUOTIENT_SIGNED(S, U, F, absolute)                                                \
  static inline U quotient_##S(S x, S y)                                                  \
  {                                                                                       \
    U sign = (U)(x < 0 ? -1 : 0), down;                                                   \
    S size = (S)(x < 0 ? ~x : x);                                                         \
    down = (U)((U)(i32)((F)size / absolute((F)(y == 0 ? 1 : y))) ^ sign);                 \
    down = (U)(y < 0 ? 0u - down : down);                                                 \
    return (U)(y == 0 ? 0 : down);                                                        \
  }
QUOTIENT_SIGNED(i8, u8, f32, fabsf)
QUOTIENT_SIGNED(i16, u16, f32, fabsf)
QUOTIENT_SIGNED(i32, u32, f64, fabs)

static inline u64 quotient_i64(i64 x, i64 y)
{
  u64 sign = x < 0 ? UINT64_MAX : 0, size = (u64)x ^ sign, divisor = y < 0 ? 0 - (u64)y : (u64)y;
  u64 down = y == 0 ? 0 : (size / divisor) ^ sign;
  return y < 0 ? 0 - down : down;
}

/* ---- by one divisor ---- */

/* ---- by one divisor ---- */

/* The least l with 2^l >= d > 0. */
static unsigned log2_ceiling(u64 d)
{
  unsigned l = 0;
  while (l < 64 && (UINT64_C(1) << l) < d) {
    l++;
  }
  return l;
}

/* 2^bits * part / d for part < d, rounded down: long division. */
static u64 scaled(u64 part, u64 d, unsigned bits)
{
  u64 quotient = 0;
  for (unsigned i = 0; i < bits; i++) {
    bool is_over = part >> 63 != 0;
    part <<= 1;
    quotient <<= 1;
    if (is_over || part >= d) {
      part -= d;
      quotient |= 1;
    }
  }
  return quotient;
}

/* The multiplier of d > 0 for a width; a whole 2^bits more is in the formula. */
static u64 multiplier_of(u64 d, unsigned l, unsigned bits)
{
  u64 power = l < 64 ? UINT64_C(1) << l : 0;
  return scaled(power - d, d, bits) + 1;
}

/* The upper half of a product. */
static inline u16 high_u16(u16 x, u16 y)
{
  return (u16)((u32)x * y >> 16);
}

static inline u32 high_u32(u32 x, u32 y)
{
  return (u32)((u64)x * y >> 32);
}

static inline u64 high_u64(u64 x, u64 y)
{
  u64 x0 = x & 0xFFFFFFFFu, x1 = x >> 32, y0 = y & 0xFFFFFFFFu, y1 = y >> 32;
  u64 middle = x1 * y0 + (x0 * y0 >> 32), other = x0 * y1 + (middle & 0xFFFFFFFFu);
  return x1 * y1 + (middle >> 32) + (other >> 32);
}

/* clang-format off */
#define RECIPROCAL(U, bits)                                                               \
  typedef struct reciprocal_##U {                                                         \
    U multiplier;                                                                         \
    unsigned shift1, shift2;                                                              \
  } reciprocal_##U;                                                                       \
  static reciprocal_##U reciprocal_of_##U(U d)                                            \
  {                                                                                       \
    unsigned l = log2_ceiling(d);                                                         \
    return (reciprocal_##U){(U)multiplier_of(d, l, bits), l > 0, l > 0 ? l - 1 : 0};      \
  }                                                                                       \
  static inline U divide_##U(U x, reciprocal_##U by)                                      \
  {                                                                                       \
    U high = high_##U(by.multiplier, x);                                                  \
    return (U)((U)(high + (U)((U)(x - high) >> by.shift1)) >> by.shift2);                 \
  }
RECIPROCAL(u16, 16)
RECIPROCAL(u32, 32)
RECIPROCAL(u64, 64)
/* clang-format on */

/* 16 bits are enough for the reciprocal of 8, except that of 1, where `whole` lets x through. */
typedef struct reciprocal_u8 {
  u16 multiplier;
  u8 whole;
} reciprocal_u8;

static reciprocal_u8 reciprocal_of_u8(u8 d)
{
  return d == 1 ? (reciprocal_u8){0, 0xFF} : (reciprocal_u8){(u16)(65536u / d + 1), 0};
}

static inline u8 divide_u8(u8 x, reciprocal_u8 by)
{
  return (u8)(high_u16(x, by.multiplier) | (x & by.whole));
}

/* ---- vectors by one divisor ---- */

/* clang-format off */
#if defined(VEC_SIMD)
typedef struct simd_divisor {
  simd_int multiplier, divisor, negated; /* of |b|; b; -1 for b < 0 */
  __m128i shift1, shift2;
} simd_divisor;

#define SIMD_DIVISOR(U)                                                                   \
  static inline simd_divisor simd_divisor_##U(U divisor, reciprocal_##U by, U negated)          \
  {                                                                                       \
    return (simd_divisor){simd_all_##U(by.multiplier), simd_all_##U(divisor), simd_all_##U(negated), \
                          _mm_cvtsi32_si128((i32)by.shift1), _mm_cvtsi32_si128((i32)by.shift2)}; \
  }                                                                                       \
  static inline simd_int simd_divide_##U(simd_int x, const simd_divisor *by)              \
  {                                                                                       \
    simd_int high = simd_high_##U(x, by->multiplier);                                     \
    simd_int rest = simd_shr_##U(simd_sub_##U(x, high), by->shift1);                      \
    return simd_shr_##U(simd_add_##U(high, rest), by->shift2);                            \
  }                                                                                       \
  static inline simd_int simd_divide_signed_##U(simd_int x, const simd_divisor *by)       \
  {                                                                                       \
    simd_int sign = simd_sign_##U(x);                                                     \
    simd_int down = simd_xor(simd_divide_##U(simd_xor(x, sign), by), sign);               \
    return simd_sub_##U(simd_xor(down, by->negated), by->negated);                        \
  }
SIMD_DIVISOR(u16)
SIMD_DIVISOR(u32)
SIMD_DIVISOR(u64)

/* Whole vectors; qs or rs may be NULL. */
#define SIMD_LOOP(U, divide)                                                              \
    simd_divisor all = simd_divisor_##U((U)divisor, by, negated);                                 \
    for (; i + SIMD_LANES(U) <= n; i += SIMD_LANES(U)) {                                  \
      simd_int x = simd_load(xs + i), q = divide##_##U(x, &all);                          \
      if (qs != NULL) {                                                                   \
        simd_store(qs + i, q);                                                            \
      }                                                                                   \
      if (rs != NULL) {                                                                   \
        simd_store(rs + i, simd_sub_##U(x, simd_mul_##U(q, all.divisor)));               \
      }                                                                                   \
    }
#else
#define SIMD_LOOP(U, divide)
#endif
#define NO_SIMD_LOOP(U, divide)

/* ---- kernels ---- */

/* q is the quotient of x = xs[i] and y. */
#define LOOPS(T, U, get_y, q)                                                             \
    if (remainder == NULL) {                                                              \
      VEC_LOOP for (; i < n; i++) {                                                       \
        T x = xs[i], y = get_y;                                                           \
        (void)y;                                                                          \
        qs[i] = q;                                                                        \
      }                                                                                   \
    } else if (quotient == NULL) {                                                        \
      VEC_LOOP for (; i < n; i++) {                                                       \
        T x = xs[i], y = get_y;                                                           \
        rs[i] = (U)((U)x - (U)(1u * q * (U)y));                                           \
      }                                                                                   \
    } else {                                                                              \
      VEC_LOOP for (; i < n; i++) {                                                       \
        T x = xs[i], y = get_y;                                                           \
        U whole = q;                                                                      \
        qs[i] = whole;                                                                    \
        rs[i] = (U)((U)x - (U)(1u * whole * (U)y));                                       \
      }                                                                                   \
    }

/* size: |y|; q: the quotient of x and y by the reciprocal `by` of |y|. */
#define DIVMOD(T, U, size, q, VECTORS, divide)                                            \
  void VEC_FN(divmod_##T)(size_t n, void *quotient, void *remainder, const void *a, const void *b) \
  {                                                                                       \
    U *qs = quotient, *rs = remainder;                                                    \
    const T *xs = a, *ys = b;                                                             \
    size_t i = 0;                                                                         \
    LOOPS(T, U, ys[i], quotient_##T(x, y))                                                \
  }                                                                                       \
  static void by_zero_##T(size_t n, void *quotient, void *remainder, const void *a)       \
  {                                                                                       \
    if (remainder != NULL && n > 0) {                                                     \
      memmove(remainder, a, n * sizeof(T));                                               \
    }                                                                                     \
    if (quotient != NULL && n > 0) {                                                      \
      memset(quotient, 0, n * sizeof(T));                                                 \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(divmod_scalar_##T)(size_t n, void *quotient, void *remainder, const void *a, const void *b) \
  {                                                                                       \
    U *qs = quotient, *rs = remainder;                                                    \
    const T *xs = a, divisor = *(const T *)b;                                             \
    U d = (U)(size);                                                                      \
    if (d == 0) {                                                                         \
      by_zero_##T(n, quotient, remainder, a);                                             \
      return;                                                                             \
    }                                                                                     \
    reciprocal_##U by = reciprocal_of_##U(d);                                             \
    U negated = (U)(0u - (U)(divisor < (T)1));                                            \
    size_t i = 0;                                                                         \
    (void)negated;                                                                        \
    VECTORS(U, divide)                                                                    \
    LOOPS(T, U, divisor, q)                                                               \
  }

#define UNSIGNED(U, VECTORS)                                                        \
  DIVMOD(U, U, divisor, divide_##U(x, by), VECTORS, simd_divide)
#define SIGNED(S, U, VECTORS)                                                       \
  static inline U divide_##S(S x, reciprocal_##U by, U negated)                           \
  {                                                                                       \
    U sign = (U)(x < 0 ? -1 : 0);                                                         \
    U down = (U)(divide_##U((U)((U)x ^ sign), by) ^ sign);                                \
    return (U)((U)(down ^ negated) - negated);                                            \
  }                                                                                       \
  DIVMOD(S, U, divisor < 0 ? 0u - (U)divisor : (U)divisor, divide_##S(x, by, negated), \
         VECTORS, simd_divide_signed)
UNSIGNED(u8, NO_SIMD_LOOP)
UNSIGNED(u16, SIMD_LOOP)
UNSIGNED(u32, SIMD_LOOP)
UNSIGNED(u64, SIMD_LOOP)
SIGNED(i8, u8, NO_SIMD_LOOP)
SIGNED(i16, u16, SIMD_LOOP)
SIGNED(i32, u32, SIMD_LOOP)
SIGNED(i64, u64, SIMD_LOOP)
/* clang-format on */
