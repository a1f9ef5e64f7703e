/* kernels_divide_tmpl.c: Euclidean division of integers.
 *
 * Everything is division of x >= 0 by D > 0. With s = -1 for a negative x and 0 otherwise, x ^ s is not negative and
 * ((x ^ s) / D) ^ s is x / D rounded down; for b < 0 that is negated with D = |b|, and no case overflows.
 * Short operands are divided as floats of more than twice their bits: a quotient that is not an integer is then too far
 * from one to be rounded to it, so that cutting off its fraction is exact. One divisor for all becomes a multiplier: T.
 * Granlund and P. L. Montgomery, "Division by invariant integers using multiplication", 1994, figure 4.1. */
#include "backend/vec/kernels_tmpl.h"

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

static inline u32 quotient_u32(u32 x, u32 y)
{
  f64 quotient = (f64)x / (f64)(y == 0 ? 1 : y);
  bool is_high = quotient >= 0x1p31;
  u32 low = (u32)(i32)(is_high ? quotient - 0x1p31 : quotient);
  return y == 0 ? 0 : low + (is_high ? 0x80000000u : 0);
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

#define RECIPROCAL(U)                                                                     \
  typedef struct reciprocal_##U {                                                         \
    U multiplier;                                                                         \
    unsigned shift1, shift2;                                                              \
  } reciprocal_##U;                                                                       \
  static inline U divide_##U(U x, reciprocal_##U by)                                      \
  {                                                                                       \
    U high = high_##U(by.multiplier, x);                                                  \
    return (U)((U)(high + (U)((U)(x - high) >> by.shift1)) >> by.shift2);                 \
  }
/* clang-format on */

/* The upper half of a product. */
static inline u8 high_u8(u8 x, u8 y)
{
  return (u8)((u32)x * y >> 8);
}

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

RECIPROCAL(u8)
RECIPROCAL(u16)
RECIPROCAL(u32)
RECIPROCAL(u64)

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

/* ---- kernels ---- */

/* clang-format off */
/* q is the quotient of x = xs[i] and y. */
#define LOOPS(T, U, get_y, q)                                                             \
    if (remainder == NULL) {                                                              \
      VEC_LOOP for (size_t i = 0; i < n; i++) {                                           \
        T x = xs[i], y = get_y;                                                           \
        (void)y;                                                                          \
        qs[i] = q;                                                                        \
      }                                                                                   \
    } else if (quotient == NULL) {                                                        \
      VEC_LOOP for (size_t i = 0; i < n; i++) {                                           \
        T x = xs[i], y = get_y;                                                           \
        rs[i] = (U)((U)x - (U)(1u * q * (U)y));                                           \
      }                                                                                   \
    } else {                                                                              \
      VEC_LOOP for (size_t i = 0; i < n; i++) {                                           \
        T x = xs[i], y = get_y;                                                           \
        U whole = q;                                                                      \
        qs[i] = whole;                                                                    \
        rs[i] = (U)((U)x - (U)(1u * whole * (U)y));                                       \
      }                                                                                   \
    }

/* size: |y|; q: the quotient of x and y by the reciprocal `by` of |y|. */
#define DIVMOD(T, U, bits, size, q)                                                       \
  void VEC_FN(divmod_##T)(size_t n, void *quotient, void *remainder, const void *a, const void *b) \
  {                                                                                       \
    U *qs = quotient, *rs = remainder;                                                    \
    const T *xs = a, *ys = b;                                                             \
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
    unsigned l = log2_ceiling(d);                                                         \
    reciprocal_##U by = {(U)multiplier_of(d, l, bits), l > 0, l > 0 ? l - 1 : 0};         \
    U negated = (U)(0u - (U)(divisor < (T)1));                                            \
    (void)negated;                                                                        \
    LOOPS(T, U, divisor, q)                                                               \
  }

#define UNSIGNED(U, bits) DIVMOD(U, U, bits, divisor, divide_##U(x, by))
#define SIGNED(S, U, bits)                                                                \
  static inline U divide_##S(S x, reciprocal_##U by, U negated)                           \
  {                                                                                       \
    U sign = (U)(x < 0 ? -1 : 0);                                                         \
    U down = (U)(divide_##U((U)((U)x ^ sign), by) ^ sign);                                \
    return (U)((U)(down ^ negated) - negated);                                            \
  }                                                                                       \
  DIVMOD(S, U, bits, divisor < 0 ? 0u - (U)divisor : (U)divisor, divide_##S(x, by, negated))
UNSIGNED(u8, 8)
UNSIGNED(u16, 16)
UNSIGNED(u32, 32)
UNSIGNED(u64, 64)
SIGNED(i8, u8, 8)
SIGNED(i16, u16, 16)
SIGNED(i32, u32, 32)
SIGNED(i64, u64, 64)
/* clang-format on */
