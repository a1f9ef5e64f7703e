/* kernels_compare_tmpl.c: comparisons, which give bytes of 0 or 1, and selection by such bytes. */
#include "backend/vec/kernels_tmpl.h"

/* clang-format off */
#define FORMS(name, T, operator)                                                          \
  void VEC_FN(name##_vv)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    u8 *r = out;                                                                          \
    const T *xs = a, *ys = b;                                                             \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = xs[i] operator ys[i];                                                        \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(name##_vs)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    u8 *r = out;                                                                          \
    const T *xs = a, y = *(const T *)b;                                                   \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = xs[i] operator y;                                                            \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(name##_sv)(size_t n, void *out, const void *a, const void *b)               \
  {                                                                                       \
    u8 *r = out;                                                                          \
    const T x = *(const T *)a, *ys = b;                                                   \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = x operator ys[i];                                                            \
    }                                                                                     \
  }

#define LESS(T) FORMS(lt_##T, T, <)
#define EQUAL(T) FORMS(eq_##T, T, ==)
VEC_UNSIGNED(LESS)
VEC_SIGNED(LESS)
VEC_FLOATS(LESS)
VEC_UNSIGNED(EQUAL)
VEC_FLOATS(EQUAL)

/* The condition is 0 or 1, so that 0 less it is a mask. */
#define CHOOSE(T, c, x, y) ((T)((((x) ^ (y)) & (T)(0u - (T)(c))) ^ (y)))

#define SELECT(T)                                                                                               \
  void VEC_FN(select_##T##_vv)(size_t n, void *out, const unsigned char *condition, const void *a, const void *b) \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a, *ys = b;                                                             \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = CHOOSE(T, condition[i], xs[i], ys[i]);                                       \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(select_##T##_vs)(size_t n, void *out, const unsigned char *condition, const void *a, const void *b) \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a, y = *(const T *)b;                                                   \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = CHOOSE(T, condition[i], xs[i], y);                                           \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(select_##T##_sv)(size_t n, void *out, const unsigned char *condition, const void *a, const void *b) \
  {                                                                                       \
    T *r = out;                                                                           \
    const T x = *(const T *)a, *ys = b;                                                   \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = CHOOSE(T, condition[i], x, ys[i]);                                           \
    }                                                                                     \
  }
VEC_UNSIGNED(SELECT)
/* clang-format on */
