/* kernels_arith_tmpl.c: arithmetic, bitwise operations and shifts, element by element.
 *
 * FORMS(name, T, R, x op y) makes the three forms of a binary operation from an expression in x and y. */
#include "backend/vec/kernels_simd_tmpl.h"

/* clang-format off */
#define FORM_VV(name, T, R, expression)                                                   \
  void VEC_FN(name##_vv)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    R *r = out;                                                                           \
    const T *xs = a, *ys = b;                                                             \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      T x = xs[i], y = ys[i];                                                             \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }
#define FORM_VS(name, T, R, expression)                                                   \
  void VEC_FN(name##_vs)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    R *r = out;                                                                           \
    const T *xs = a, y = *(const T *)b;                                                   \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      T x = xs[i];                                                                        \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }
#define FORM_SV(name, T, R, expression)                                                   \
  void VEC_FN(name##_sv)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    R *r = out;                                                                           \
    const T x = *(const T *)a, *ys = b;                                                   \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      T y = ys[i];                                                                        \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }
#define FORMS(name, T, R, expression)                                                     \
  FORM_VV(name, T, R, expression)                                                         \
  FORM_VS(name, T, R, expression)                                                         \
  FORM_SV(name, T, R, expression)

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

/* ---- shifts ----
 * A signed shift is an unsigned one of what is not negative. A distance of the width or more makes no shift that C
 * defines: the bits of the distance above the width are cut off, and the result is masked. */

#define SIGN(T, w)                                                                        \
  static inline T sign_##T(T x)                                                           \
  {                                                                                       \
    return (T)(0u - (x >> (w - 1)));                                                      \
  }
SIGN(u8, 8)
SIGN(u16, 16)
SIGN(u32, 32)
SIGN(u64, 64)

#define SIGNED_SHR(T, y, w) ((T)((T)((T)(x ^ sign_##T(x)) >> (y < w ? y : w - 1u)) ^ sign_##T(x)))
#define WIDE_SHIFT(T, S, w)                                                               \
  FORMS(shl_##T, T, T, (T)((T)(x << (y & (w - 1u))) & (T)(0u - (T)(y < w))))              \
  FORMS(shr_##T, T, T, (T)((T)(x >> (y & (w - 1u))) & (T)(0u - (T)(y < w))))              \
  FORMS(shr_##S, T, T, SIGNED_SHR(T, y, w))
WIDE_SHIFT(u32, i32, 32)
WIDE_SHIFT(u64, i64, 64)

/* By one distance for all, vectors of 2 bytes are shifted as such, and of 1 byte with what crosses over cut off, and
 * the sign put back. The instructions shift everything out when the distance is the width or more. */
#if defined(VEC_SIMD)
/* The distance; and a byte of all ones, and of the sign alone, shifted by it. */
typedef struct simd_distance {
  __m128i count;
  simd_int left, right, sign;
} simd_distance;

static inline simd_distance simd_distance_of(unsigned y)
{
  return (simd_distance){_mm_cvtsi32_si128((i32)y), SIMD(set1_epi8)((char)(u8)(0xFFu << y)),
                         SIMD(set1_epi8)((char)(u8)(0xFFu >> y)), SIMD(set1_epi8)((char)(u8)(0x80u >> y))};
}

#define SHIFT_BY_ONE(name, T, most, VECTOR, expression)                                   \
  void VEC_FN(name##_vs)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    T *r = out, y = *(const T *)b < most ? *(const T *)b : most;                          \
    const T *xs = a;                                                                      \
    const simd_distance by = simd_distance_of(y);                                         \
    size_t i = 0;                                                                         \
    for (; i + SIMD_LANES(T) <= n; i += SIMD_LANES(T)) {                                  \
      simd_int v = simd_load(xs + i);                                                     \
      simd_store(r + i, VECTOR(v, by));                                                   \
    }                                                                                     \
    for (; i < n; i++) {                                                                  \
      T x = xs[i];                                                                        \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }
#define SHL_u16(v, by) SIMD(sll_epi16)(v, by.count)
#define SHR_u16(v, by) SIMD(srl_epi16)(v, by.count)
#define SHR_i16(v, by) SIMD(sra_epi16)(v, by.count)
#define SHL_u8(v, by) simd_and(SIMD(sll_epi16)(v, by.count), by.left)
#define SHR_u8(v, by) simd_and(SIMD(srl_epi16)(v, by.count), by.right)
#define SHR_i8(v, by) SIMD(sub_epi8)(simd_xor(SHR_u8(v, by), by.sign), by.sign)
#else
#define SHIFT_BY_ONE(name, T, most, VECTOR, expression) FORM_VS(name, T, T, expression)
#endif

#define SHORT(name, T, most, VECTOR, expression)                                          \
  FORM_VV(name, T, T, expression)                                                         \
  SHIFT_BY_ONE(name, T, most, VECTOR, expression)                                         \
  FORM_SV(name, T, T, expression)
#define SHORT_SHIFT(T, S, w)                                                              \
  SHORT(shl_##T, T, w, SHL_##T, (T)((T)(1u * x << (y & (w - 1u))) & (T)(0u - (T)(y < w)))) \
  SHORT(shr_##T, T, w, SHR_##T, (T)((T)(x >> (y & (w - 1u))) & (T)(0u - (T)(y < w))))      \
  SHORT(shr_##S, T, w - 1, SHR_##S, SIGNED_SHR(T, y, w))
SHORT_SHIFT(u8, i8, 8)
SHORT_SHIFT(u16, i16, 16)

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
