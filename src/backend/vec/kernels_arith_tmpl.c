/* kernels_arith_tmpl.c: arithmetic, bitwise operations and shifts, element by element.
 *
 * FORMS(name, T, R, x op y) makes the three forms of a binary operation from an expression in x and y. */
#include "backend/vec/kernels_tmpl.h"

/* clang-format off */
#define FORMS(name, T, R, expression)                                                     \
  void VEC_FN(name##_vv)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    R *r = out;                                                                           \
    const T *xs = a, *ys = b;                                                             \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      T x = xs[i], y = ys[i];                                                             \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(name##_vs)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    R *r = out;                                                                           \
    const T *xs = a, y = *(const T *)b;                                                   \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      T x = xs[i];                                                                        \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(name##_sv)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    R *r = out;                                                                           \
    const T x = *(const T *)a, *ys = b;                                                   \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      T y = ys[i];                                                                        \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }

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

/* ---- integers ----
 * 1u keeps short operands from becoming int, whose product may overflow. */

#define INTEGER(T)                                                                        \
  FORMS(add_##T, T, T, (T)(x + y))                                                        \
  FORMS(sub_##T, T, T, (T)(x - y))                                                        \
  FORMS(mul_##T, T, T, (T)(1u * x * y))                                                   \
  FORMS(or_##T, T, T, (T)(x | y))                                                         \
  FORMS(and_##T, T, T, (T)(x & y))                                                        \
  FORMS(xor_##T, T, T, (T)(x ^ y))                                                        \
  FORMS(andnot_##T, T, T, (T)(x & ~y))                                                    \
  UNARY(neg_##T, T, (T)(0u - x))                                                          \
  UNARY(not_##T, T, (T)~x)
VEC_UNSIGNED(INTEGER)
UNARY(not_truth, u8, (u8)(x ^ 1u))

/* A distance of the width or more makes no shift that C defines: its bits above the width are cut off and the result is
 * masked. A signed shift is an unsigned one of what is not negative. */
#define SHIFT(T, S, w)                                                                    \
  FORMS(shl_##T, T, T, (T)((T)(1u * x << (y & (w - 1u))) & (T)((T)0 - (T)(y < w))))            \
  FORMS(shr_##T, T, T, (T)((T)(x >> (y & (w - 1u))) & (T)((T)0 - (T)(y < w))))                 \
  FORMS(shr_##S, T, T, (T)((T)((T)(x ^ sign_##T(x)) >> (y < w ? y : w - 1u)) ^ sign_##T(x)))
#define SIGN(T, S, w)                                                                     \
  static inline T sign_##T(T x)                                                           \
  {                                                                                       \
    return (T)(0u - (x >> (w - 1)));                                                      \
  }
#define WIDTHS(X) X(u8, i8, 8) X(u16, i16, 16) X(u32, i32, 32) X(u64, i64, 64)
WIDTHS(SIGN)
WIDTHS(SHIFT)

/* ---- floats ---- */

#define FLOAT_FORMS(name, T, expression)                                                  \
  FORMS(name##_##T, T, T, expression)                                                     \
  FORMS(canonical_##name##_##T, T, T, T##_number_or_canonical(expression))

#define FLOAT(T)                                                                          \
  FLOAT_FORMS(add, T, x + y)                                                              \
  FLOAT_FORMS(sub, T, x - y)                                                              \
  FLOAT_FORMS(mul, T, x * y)                                                              \
  FLOAT_FORMS(div, T, x / y)                                                              \
  FLOAT_FORMS(max, T, x < y ? y : x)                                                      \
  UNARY(neg_##T, T, -x)                                                                   \
  UNARY(canonical_##T, T, T##_number_or_canonical(x))
VEC_FLOATS(FLOAT)

#define MAX(T) FORMS(max_##T, T, T, x < y ? y : x)
VEC_UNSIGNED(MAX)
VEC_SIGNED(MAX)
/* clang-format on */
