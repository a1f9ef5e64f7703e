/* kernels_compact_tmpl.c: elements that change their place: gather from a table, compression by a mask, and back. */
#include "backend/vec/kernels_tmpl.h"

size_t VEC_FN(count)(size_t n, const unsigned char *mask)
{
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    count += mask[i] != 0;
  }
  return count;
}

/* clang-format off */
#define COMPACT(T)                                                                        \
  void VEC_FN(gather_##T)(size_t n, void *out, const void *table, uint64_t length, const uint64_t *index) \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = table;                                                                  \
    for (size_t i = 0; i < n; i++) {                                                      \
      r[i] = (T)(index[i] < length ? xs[index[i]] : 0);                                   \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(compress_##T)(size_t n, void *out, const void *a, const unsigned char *mask) \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a;                                                                      \
    size_t kept = 0;                                                                      \
    for (size_t i = 0; i < n; i++) {                                                      \
      T x = xs[i];                                                                        \
      r[kept] = x;                                                                        \
      kept += mask[i] != 0;                                                               \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(scatter_##T)(size_t n, void *out, const uint32_t *position, const void *a)  \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a;                                                                      \
    for (size_t i = 0; i < n; i++) {                                                      \
      r[position[i]] = xs[i];                                                             \
    }                                                                                     \
  }                                                                                       \
  void VEC_FN(permute_##T)(size_t n, void *out, const uint32_t *position, const void *a)  \
  {                                                                                       \
    T *r = out;                                                                           \
    const T *xs = a;                                                                      \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      r[i] = xs[position[i]];                                                             \
    }                                                                                     \
  }
VEC_UNSIGNED(COMPACT)
/* clang-format on */
