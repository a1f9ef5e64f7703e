/* kernels_reduce_tmpl.c: sums by columns, and where the least and the greatest element is. */
#include "backend/vec/kernels_tmpl.h"

#include <math.h>

/* clang-format off */
/* ---- sums ---- */

#define SUM_FLOAT(T, C)                                                                   \
  void VEC_FN(sum_##T)(size_t n, void *columns, const void *a)                            \
  {                                                                                       \
    T *column = columns;                                                                  \
    const T *xs = a;                                                                      \
    for (; n >= C; n -= C, xs += C) {                                                     \
      VEC_LOOP for (size_t i = 0; i < C; i++) {                                           \
        column[i] += xs[i];                                                               \
      }                                                                                   \
    }                                                                                     \
    for (size_t i = 0; i < n; i++) {                                                      \
      column[i] += xs[i];                                                                 \
    }                                                                                     \
  }
SUM_FLOAT(f32, 64)
SUM_FLOAT(f64, 32)

#define SUM(T, wide)                                                                      \
  void VEC_FN(sum_##T)(size_t n, void *columns, const void *a)                            \
  {                                                                                       \
    u64 *column = columns, total = 0;                                                     \
    const T *xs = a;                                                                      \
    for (size_t i = 0; i < n; i++) {                                                      \
      total += (u64)xs[i];                                                                \
    }                                                                                     \
    column[0] += total;                                                                   \
  }
#define SUM_U(T) SUM(T, u64)
#define SUM_I(T) SUM(T, i64)
VEC_UNSIGNED(SUM_U)
VEC_SIGNED(SUM_I)

/* ---- positions ----
 * First the least element, then where it stands. NaN is less than nothing; if what is found is no element, the
 * elements are all NaN. */

#define BEST(name, T, operator, worst)                                                    \
  vec_best VEC_FN(name##_##T)(size_t n, const void *a)                                    \
  {                                                                                       \
    const T *xs = a;                                                                      \
    T best = worst;                                                                       \
    for (size_t i = 0; i < n; i++) {                                                      \
      best = xs[i] operator best ? xs[i] : best;                                          \
    }                                                                                     \
    for (size_t i = 0; i < n; i++) {                                                      \
      if (xs[i] == best) {                                                                \
        return (vec_best){i, false};                                                      \
      }                                                                                   \
    }                                                                                     \
    return (vec_best){0, n > 0};                                                          \
  }
#define ARG(T, least, greatest) BEST(argmin, T, <, greatest) BEST(argmax, T, >, least)
ARG(i8, INT8_MIN, INT8_MAX)
ARG(i16, INT16_MIN, INT16_MAX)
ARG(i32, INT32_MIN, INT32_MAX)
ARG(i64, INT64_MIN, INT64_MAX)
ARG(u8, 0, UINT8_MAX)
ARG(u16, 0, UINT16_MAX)
ARG(u32, 0, UINT32_MAX)
ARG(u64, 0, UINT64_MAX)
ARG(f32, -HUGE_VALF, HUGE_VALF)
ARG(f64, -HUGE_VAL, HUGE_VAL)
/* clang-format on */
