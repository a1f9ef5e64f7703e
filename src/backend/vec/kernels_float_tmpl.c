/* kernels_float_tmpl.c: square roots, rounding to integral floats, and multiply-add with one rounding.
 *
 * Without an instruction for it, rounding is done by adding and taking away the least number whose neighbour is one
 * away: what is left is rounded to nearest even by the hardware. */
#include "backend/vec/kernels_tmpl.h"

#include <math.h>

/* clang-format off */
#define UNARY(name, T, expression)                                                        \
  void VEC_FN(name)(size_t n, void *out, const void *a)                                   \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a;                                                                      \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      T x = xs[i];                                                                        \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }

UNARY(sqrt_f32, f32, sqrtf(x))
UNARY(sqrt_f64, f64, sqrt(x))

#define FMA(T, function)                                                                  \
  void VEC_FN(fma_##T)(size_t n, void *out, const void *a, const void *b, const void *c)  \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a, *ys = b, *zs = c;                                                    \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = function(xs[i], ys[i], zs[i]);                                               \
    }                                                                                     \
  }
FMA(f32, fmaf)
FMA(f64, fma)

#if defined(__SSE4_1__) || defined(__aarch64__)
UNARY(round_even_f32, f32, nearbyintf(x))
UNARY(round_down_f32, f32, floorf(x))
UNARY(round_up_f32, f32, ceilf(x))
UNARY(round_zero_f32, f32, truncf(x))
UNARY(round_even_f64, f64, nearbyint(x))
UNARY(round_down_f64, f64, floor(x))
UNARY(round_up_f64, f64, ceil(x))
UNARY(round_zero_f64, f64, trunc(x))
#else
/* EVEN, DOWN, ..: the integral neighbour of x; numbers from `limit` on are integral, and NaN compares false. The sign
 * of x, also of a zero, is put back. */
#define ROUND(T, U, absolute, limit, sign)                                                \
  static inline T with_sign_##T(T magnitude, T x)                                         \
  {                                                                                       \
    U bits = (T##_bits(magnitude) & ~sign) | (T##_bits(x) & sign);                        \
    return T##_from_bits(bits);                                                           \
  }                                                                                       \
  static inline T even_##T(T x)                                                           \
  {                                                                                       \
    T magnitude = absolute(x), rounded = (magnitude + limit) - limit;                     \
    return with_sign_##T(magnitude < limit ? rounded : magnitude, x);                     \
  }                                                                                       \
  static inline T down_##T(T x)                                                           \
  {                                                                                       \
    T y = even_##T(x);                                                                    \
    return with_sign_##T(y > x ? y - 1 : y, x);                                           \
  }                                                                                       \
  static inline T up_##T(T x)                                                             \
  {                                                                                       \
    T y = even_##T(x);                                                                    \
    return with_sign_##T(y < x ? y + 1 : y, x);                                           \
  }                                                                                       \
  static inline T zero_##T(T x)                                                           \
  {                                                                                       \
    return with_sign_##T(down_##T(absolute(x)), x);                                       \
  }                                                                                       \
  UNARY(round_even_##T, T, even_##T(x))                                                   \
  UNARY(round_down_##T, T, down_##T(x))                                                   \
  UNARY(round_up_##T, T, up_##T(x))                                                       \
  UNARY(round_zero_##T, T, zero_##T(x))
ROUND(f32, u32, fabsf, 0x1p23f, UINT32_C(0x80000000))
ROUND(f64, u64, fabs, 0x1p52, UINT64_C(0x8000000000000000))
#endif
/* clang-format on */
