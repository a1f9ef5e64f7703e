/* kernels_compare_tmpl.c: comparisons, which give bytes of 0 or 1, and selection by such bytes.
 *
 * Elements of 1 and 2 bytes are left to the compiler; of wider ones it makes bytes, and masks of bytes, by many steps
 * that the instructions in kernels_simd_tmpl.h do not need. */
#include "backend/vec/kernels_simd_tmpl.h"

/* clang-format off */
/* ---- vectors ----
 * X and Y name what gives vector number k of an operand: STREAM_X and the like load it, ALL_X repeats the scalar. */
#define NARROW(compare, T, X, Y)
#if defined(VEC_SIMD)
#define STREAM_X(T, k) simd_load_##T(xs + i + (k) * SIMD_LANES(T))
#define STREAM_Y(T, k) simd_load_##T(ys + i + (k) * SIMD_LANES(T))
#define ALL_X(T, k) simd_all_##T(x)
#define ALL_Y(T, k) simd_all_##T(y)
#define TRUTH(compare, T, X, Y, k) simd_##compare##_##T(X(T, k), Y(T, k))
#if defined(VEC_ISA_AVX512)
#define WIDE(compare, T, X, Y, size)                                                      \
    for (; i + SIMD_LANES(T) <= n; i += SIMD_LANES(T)) {                                  \
      simd_store_truth_##size(r + i, TRUTH(compare, T, X, Y, 0));                         \
    }
#define WIDE_4(compare, T, X, Y) WIDE(compare, T, X, Y, 4)
#define WIDE_8(compare, T, X, Y) WIDE(compare, T, X, Y, 8)
#else
#define WIDE_4(compare, T, X, Y)                                                          \
    for (; i + VEC_BYTES <= n; i += VEC_BYTES) {                                          \
      simd_store_truth_4(r + i, TRUTH(compare, T, X, Y, 0), TRUTH(compare, T, X, Y, 1),   \
                         TRUTH(compare, T, X, Y, 2), TRUTH(compare, T, X, Y, 3));         \
    }
#define WIDE_8(compare, T, X, Y)                                                          \
    for (; i + VEC_BYTES <= n; i += VEC_BYTES) {                                          \
      __m256i t[8] = {TRUTH(compare, T, X, Y, 0), TRUTH(compare, T, X, Y, 1),          \
                         TRUTH(compare, T, X, Y, 2), TRUTH(compare, T, X, Y, 3),          \
                         TRUTH(compare, T, X, Y, 4), TRUTH(compare, T, X, Y, 5),          \
                         TRUTH(compare, T, X, Y, 6), TRUTH(compare, T, X, Y, 7)};         \
      simd_store_truth_8(r + i, t);                                                       \
    }
#endif
#define WIDE_SELECT(T, X, Y)                                                              \
    for (; i + SIMD_LANES(T) <= n; i += SIMD_LANES(T)) {                                  \
      simd_store(r + i, simd_select_##T(condition + i, X(T, 0), Y(T, 0)));                \
    }
#else
#define WIDE_4(compare, T, X, Y)
#define WIDE_8(compare, T, X, Y)
#define WIDE_SELECT(T, X, Y)
#endif
#define NARROW_SELECT(T, X, Y)

/* ---- comparisons ---- */

#define FORMS(compare, T, operator, VECTORS)                                              \
  void VEC_FN(compare##_##T##_vv)(size_t n, void *out, const void *a, const void *b)      \
  {                                                                                       \
    u8 *r = out;                                                                          \
    const T *xs = a, *ys = b;                                                             \
    size_t i = 0;                                                                         \
    VECTORS(compare, T, STREAM_X, STREAM_Y)                                               \
    VEC_LOOP for (; i < n; i++) {                                                         \
      r[i] = xs[i] operator ys[i];                                                        \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(compare##_##T##_vs)(size_t n, void *out, const void *a, const void *b)      \
  {                                                                                       \
    u8 *r = out;                                                                          \
    const T *xs = a, y = *(const T *)b;                                                   \
    size_t i = 0;                                                                         \
    VECTORS(compare, T, STREAM_X, ALL_Y)                                                  \
    VEC_LOOP for (; i < n; i++) {                                                         \
      r[i] = xs[i] operator y;                                                            \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(compare##_##T##_sv)(size_t n, void *out, const void *a, const void *b)      \
  {                                                                                       \
    u8 *r = out;                                                                          \
    const T x = *(const T *)a, *ys = b;                                                   \
    size_t i = 0;                                                                         \
    VECTORS(compare, T, ALL_X, STREAM_Y)                                                  \
    VEC_LOOP for (; i < n; i++) {                                                         \
      r[i] = x operator ys[i];                                                            \
    }                                                                                     \
  }

FORMS(lt, u8, <, NARROW)
FORMS(lt, i8, <, NARROW)
FORMS(lt, u16, <, NARROW)
FORMS(lt, i16, <, NARROW)
FORMS(lt, u32, <, WIDE_4)
FORMS(lt, i32, <, WIDE_4)
FORMS(lt, f32, <, WIDE_4)
FORMS(lt, u64, <, WIDE_8)
FORMS(lt, i64, <, WIDE_8)
FORMS(lt, f64, <, WIDE_8)
FORMS(le, u8, <=, NARROW)
FORMS(le, i8, <=, NARROW)
FORMS(le, u16, <=, NARROW)
FORMS(le, i16, <=, NARROW)
FORMS(le, u32, <=, WIDE_4)
FORMS(le, i32, <=, WIDE_4)
FORMS(le, f32, <=, WIDE_4)
FORMS(le, u64, <=, WIDE_8)
FORMS(le, i64, <=, WIDE_8)
FORMS(le, f64, <=, WIDE_8)
FORMS(eq, u8, ==, NARROW)
FORMS(eq, u16, ==, NARROW)
FORMS(eq, u32, ==, WIDE_4)
FORMS(eq, f32, ==, WIDE_4)
FORMS(eq, u64, ==, WIDE_8)
FORMS(eq, f64, ==, WIDE_8)

/* ---- selection ---- */

/* The condition is 0 or 1, so that 0 less it is a mask. */
#define CHOOSE(T, c, x, y) ((T)((((x) ^ (y)) & (T)(0u - (T)(c))) ^ (y)))

#define SELECT(T, VECTORS)                                                                \
  void VEC_FN(select_##T##_vv)(size_t n, void *out, const unsigned char *condition, const void *a, const void *b) \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a, *ys = b;                                                             \
    size_t i = 0;                                                                         \
    VECTORS(T, STREAM_X, STREAM_Y)                                                        \
    VEC_LOOP for (; i < n; i++) {                                                         \
      r[i] = CHOOSE(T, condition[i], xs[i], ys[i]);                                       \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(select_##T##_vs)(size_t n, void *out, const unsigned char *condition, const void *a, const void *b) \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a, y = *(const T *)b;                                                   \
    size_t i = 0;                                                                         \
    VECTORS(T, STREAM_X, ALL_Y)                                                           \
    VEC_LOOP for (; i < n; i++) {                                                         \
      r[i] = CHOOSE(T, condition[i], xs[i], y);                                           \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(select_##T##_sv)(size_t n, void *out, const unsigned char *condition, const void *a, const void *b) \
  {                                                                                       \
    T *r = out;                                                                           \
    const T x = *(const T *)a, *ys = b;                                                   \
    size_t i = 0;                                                                         \
    VECTORS(T, ALL_X, STREAM_Y)                                                           \
    VEC_LOOP for (; i < n; i++) {                                                         \
      r[i] = CHOOSE(T, condition[i], x, ys[i]);                                           \
    }                                                                                     \
  }
SELECT(u8, NARROW_SELECT)
SELECT(u16, NARROW_SELECT)
SELECT(u32, WIDE_SELECT)
SELECT(u64, WIDE_SELECT)
/* clang-format on */
