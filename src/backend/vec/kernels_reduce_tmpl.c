/* kernels_reduce_tmpl.c: sums by columns, and where the least and the greatest element is. */
#include "backend/vec/kernels_simd_tmpl.h"

#include <math.h>

enum { ROW_BYTES = 256, ROW_VECTORS = ROW_BYTES / VEC_BYTES };

/* clang-format off */
/* ---- sums ----
 * 256 bytes of columns stay in registers from row to row. */

#define ELEMENT(T, at) xs[at]
#define PRODUCT(T, at) (xs[at] * zs[at])
#if defined(VEC_SIMD)
#define SIMD_ELEMENT(T, at) simd_load_##T(xs + (at))
#define SIMD_PRODUCT(T, at) simd_mul_##T(simd_load_##T(xs + (at)), simd_load_##T(zs + (at)))
#define SUM_ROWS(T, C, TERM)                                                              \
    simd_##T sums[ROW_VECTORS];                                                           \
    for (size_t k = 0; k < ROW_VECTORS; k++) {                                            \
      sums[k] = simd_load_##T(column + k * SIMD_LANES(T));                                \
    }                                                                                     \
    for (; i + C <= n; i += C) {                                                          \
      for (size_t k = 0; k < ROW_VECTORS; k++) {                                          \
        sums[k] = simd_add_##T(sums[k], SIMD_##TERM(T, i + k * SIMD_LANES(T)));           \
      }                                                                                   \
    }                                                                                     \
    for (size_t k = 0; k < ROW_VECTORS; k++) {                                            \
      simd_keep_##T(column + k * SIMD_LANES(T), sums[k]);                                 \
    }
#else
#define SUM_ROWS(T, C, TERM)                                                              \
    for (; i + C <= n; i += C) {                                                          \
      VEC_LOOP for (size_t k = 0; k < C; k++) {                                           \
        column[k] += TERM(T, i + k);                                                      \
      }                                                                                   \
    }
#endif
#define SUM_TERMS(T, C, TERM)                                                             \
    T *column = columns;                                                                  \
    size_t i = 0;                                                                         \
    SUM_ROWS(T, C, TERM)                                                                  \
    for (size_t k = 0; i < n; i++, k++) {                                                 \
      column[k] += TERM(T, i);                                                            \
    }
#define SUM_FLOAT(T, C)                                                                   \
  void VEC_FN(sum_##T)(size_t n, void *columns, const void *a)                            \
  {                                                                                       \
    const T *xs = a;                                                                      \
    SUM_TERMS(T, C, ELEMENT)                                                              \
  }                                                                                       \
  void VEC_FN(sum_product_##T)(size_t n, void *columns, const void *a, const void *b)     \
  {                                                                                       \
    const T *xs = a, *zs = b;                                                             \
    SUM_TERMS(T, C, PRODUCT)                                                              \
  }
SUM_FLOAT(f32, 64)
SUM_FLOAT(f64, 32)

#define SUM(T)                                                                            \
  void VEC_FN(sum_##T)(size_t n, void *columns, const void *a)                            \
  {                                                                                       \
    u64 *column = columns;                                                                \
    const T *xs = a;                                                                      \
    uint64_t total = 0; /* of a type without an attribute: gcc 12 warns of sums of others */ \
    for (size_t i = 0; i < n; i++) {                                                      \
      total += (uint64_t)xs[i];                                                           \
    }                                                                                     \
    column[0] = column[0] + total;                                                        \
  }
SUM(u32)
SUM(u64)
SUM(i32)
SUM(i64)

/* Elements of 1 and 2 bytes are added in 32 bits, as many as surely fit. */
enum { SHORT_ROW = 4096 };
#define SUM_SHORT(T, W)                                                                   \
  void VEC_FN(sum_##T)(size_t n, void *columns, const void *a)                            \
  {                                                                                       \
    u64 *column = columns;                                                                \
    const T *xs = a;                                                                      \
    while (n > 0) {                                                                       \
      size_t length = n < SHORT_ROW ? n : SHORT_ROW;                                      \
      W total = 0;                                                                        \
      for (size_t i = 0; i < length; i++) {                                               \
        total += xs[i];                                                                   \
      }                                                                                   \
      column[0] = column[0] + (uint64_t)(int64_t)total;                                   \
      xs += length;                                                                       \
      n -= length;                                                                        \
    }                                                                                     \
  }
SUM_SHORT(u8, u32)
SUM_SHORT(u16, u32)
SUM_SHORT(i8, i32)
SUM_SHORT(i16, i32)

/* ---- positions ----
 * First the least element, kept for each of the columns of a row, unless none of these is better than what is to be
 * beaten; if it is better, the first row that has it, and where. NaN is less than nothing; if what is found is no element, the elements are all NaN. The
 * instructions for the lesser and greater float give their second operand where one is NaN. */

#define ROWS(name, T, operator, pick)                                                     \
    for (; n >= ROW; n -= ROW, xs += ROW) {                                               \
      VEC_LOOP for (size_t i = 0; i < ROW; i++) {                                         \
        column[i] = xs[i] operator column[i] ? xs[i] : column[i];                         \
      }                                                                                   \
    }
#if defined(VEC_SIMD)
#define BEATS_argmin(T, x, y) simd_lt_##T(x, y)
#define BEATS_argmax(T, x, y) simd_lt_##T(y, x)
#define VECTOR_ROWS(name, T, operator, pick)                                              \
    simd_##T picked[ROW_VECTORS];                                                         \
    for (size_t k = 0; k < ROW_VECTORS; k++) {                                            \
      picked[k] = simd_load_##T(column + k * SIMD_LANES(T));                              \
    }                                                                                     \
    for (; n >= ROW; n -= ROW, xs += ROW) {                                               \
      for (size_t k = 0; k < ROW_VECTORS; k++) {                                          \
        picked[k] = SIMD(pick)(simd_load_##T(xs + k * SIMD_LANES(T)), picked[k]);         \
      }                                                                                   \
    }                                                                                     \
    simd_##T all = picked[0];                                                             \
    for (size_t k = 1; k < ROW_VECTORS; k++) {                                            \
      all = SIMD(pick)(picked[k], all);                                                   \
    }                                                                                     \
    if (n == 0 && to_beat != NULL && !simd_any_##T(BEATS_##name(T, all, simd_all_##T(*to_beat)))) { \
      return *to_beat;                                                                    \
    }                                                                                     \
    for (size_t k = 0; k < ROW_VECTORS; k++) {                                            \
      simd_keep_##T(column + k * SIMD_LANES(T), picked[k]);                               \
    }
#else
#define VECTOR_ROWS ROWS
#endif

#define BEST(name, T, U, operator, worst, LOOP, pick)                                     \
  static T name##_value_##T(size_t n, const T *xs, const T *to_beat)                      \
  {                                                                                       \
    enum { ROW = ROW_BYTES / sizeof(T) };                                                 \
    T column[ROW];                                                                        \
    (void)to_beat;                                                                        \
    for (size_t i = 0; i < ROW; i++) {                                                    \
      column[i] = worst;                                                                  \
    }                                                                                     \
    LOOP(name, T, operator, pick)                                                         \
    for (size_t i = 0; i < n; i++) {                                                      \
      column[i] = xs[i] operator column[i] ? xs[i] : column[i];                           \
    }                                                                                     \
    for (size_t half = ROW / 2; half > 0; half /= 2) {                                    \
      VEC_LOOP for (size_t i = 0; i < half; i++) {                                        \
        T x = column[i + half];                                                           \
        column[i] = x operator column[i] ? x : column[i];                                 \
      }                                                                                   \
    }                                                                                     \
    return column[0];                                                                     \
  }                                                                                       \
  vec_best VEC_FN(name##_##T)(size_t n, const void *a, const void *to_beat)               \
  {                                                                                       \
    enum { ROW = ROW_BYTES / sizeof(T) };                                                 \
    const T *xs = a;                                                                      \
    const T best = name##_value_##T(n, xs, to_beat);                                      \
    size_t first = 0;                                                                     \
    if (to_beat != NULL && !(best operator *(const T *)to_beat)) {                        \
      return (vec_best){n, false};                                                        \
    }                                                                                     \
    for (; n - first >= ROW; first += ROW) {                                              \
      U is_found = 0;                                                                     \
      for (size_t i = 0; i < ROW; i++) {                                                  \
        is_found |= (U)(xs[first + i] == best);                                           \
      }                                                                                   \
      if (is_found) {                                                                     \
        break;                                                                            \
      }                                                                                   \
    }                                                                                     \
    for (; first < n; first++) {                                                          \
      if (xs[first] == best) {                                                            \
        return (vec_best){first, false};                                                  \
      }                                                                                   \
    }                                                                                     \
    return (vec_best){0, n > 0};                                                          \
  }
#define ARG(T, U, least, greatest, LOOP, min, max)                                        \
  BEST(argmin, T, U, <, greatest, LOOP, min)                                              \
  BEST(argmax, T, U, >, least, LOOP, max)
ARG(i8, u8, INT8_MIN, INT8_MAX, ROWS, , )
ARG(i16, u16, INT16_MIN, INT16_MAX, ROWS, , )
ARG(i32, u32, INT32_MIN, INT32_MAX, VECTOR_ROWS, min_epi32, max_epi32)
ARG(i64, u64, INT64_MIN, INT64_MAX, ROWS, , )
ARG(u8, u8, 0, UINT8_MAX, ROWS, , )
ARG(u16, u16, 0, UINT16_MAX, ROWS, , )
ARG(u32, u32, 0, UINT32_MAX, VECTOR_ROWS, min_epu32, max_epu32)
ARG(u64, u64, 0, UINT64_MAX, ROWS, , )
ARG(f32, u32, -HUGE_VALF, HUGE_VALF, VECTOR_ROWS, min_ps, max_ps)
ARG(f64, u64, -HUGE_VAL, HUGE_VAL, VECTOR_ROWS, min_pd, max_pd)
/* clang-format on */
