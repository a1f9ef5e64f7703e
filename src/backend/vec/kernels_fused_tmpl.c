/* kernels_fused_tmpl.c: two operations in one pass, such as a * b + c, each rounded by itself: what the first gives is
 * not written to a strip and read again. For instruction sets with kernels_simd_tmpl.h alone.
 *
 * One kernel serves streams and scalars: a scalar is spread over a row of the kernel's own, which is read again and
 * again; but b alone, often a factor, has a loop of its own. The last elements are one vector, of which a part is read
 * and written. */
#include "backend/vec/kernels_simd_tmpl.h"

#if defined(VEC_SIMD)
enum { ROW_VECTORS = 2, ROW_BYTES = ROW_VECTORS * VEC_BYTES };

/* clang-format off */
#define SPREAD(T)                                                                         \
  static inline const T *spread_##T(T *all, const void *p, unsigned is_scalar)            \
  {                                                                                       \
    if (!is_scalar) {                                                                     \
      return p;                                                                           \
    }                                                                                     \
    for (size_t k = 0; k < ROW_VECTORS; k++) {                                            \
      simd_keep_##T(all + k * SIMD_LANES(T), simd_all_##T(*(const T *)p));                \
    }                                                                                     \
    return all;                                                                           \
  }
SPREAD(u32)
SPREAD(u64)
SPREAD(f32)
SPREAD(f64)

#define SECOND_add(T, v, z) simd_add_##T(v, z)
#define SECOND_sub(T, v, z) simd_sub_##T(v, z)
#define SECOND_from(T, v, z) simd_sub_##T(z, v)
#define SECOND_mul(T, v, z) simd_mul_##T(v, z)
#define SECOND_div(T, v, z) simd_div_##T(v, z)
#define SECOND_over(T, v, z) simd_div_##T(z, v)
#define AS_IS(T, x) x
#define CANONICAL(T, x) simd_canonical_##T(x)

#define PAIR_OF(first, second, T, MAKE, x, y, z) MAKE(T, SECOND_##second(T, simd_##first##_##T(x, y), z))
#define WHOLE(first, second, T, MAKE, k)                                                  \
    simd_keep_##T(r + (k) * SIMD_LANES(T), PAIR_OF(first, second, T, MAKE, simd_load_##T(xs + (k) * SIMD_LANES(T)), \
                  simd_load_##T(ys + (k) * SIMD_LANES(T)), simd_load_##T(zs + (k) * SIMD_LANES(T))));
#define VECTOR_u32 simd_int
#define VECTOR_u64 simd_int
#define VECTOR_f32 simd_f32
#define VECTOR_f64 simd_f64
#define WITH_B(first, second, T, MAKE, k)                                                 \
      simd_keep_##T(r + (k) * SIMD_LANES(T), PAIR_OF(first, second, T, MAKE, simd_load_##T(xs + (k) * SIMD_LANES(T)), \
                    all_b, simd_load_##T(zs + (k) * SIMD_LANES(T))));
#define FUSED_AS(name, first, second, T, MAKE)                                            \
  void VEC_FN(name)(size_t n, void *out, const void *a, const void *b, const void *c, unsigned scalars) \
  {                                                                                       \
    enum { ROW = ROW_BYTES / sizeof(T), LANES = SIMD_LANES(T) };                          \
    T *r = out, all[3][ROW];                                                              \
    const T *xs = spread_##T(all[0], a, scalars & 1), *ys = spread_##T(all[1], b, scalars & 2), \
            *zs = spread_##T(all[2], c, scalars & 4);                                     \
    size_t x_step = scalars & 1 ? 0 : ROW, y_step = scalars & 2 ? 0 : ROW, z_step = scalars & 4 ? 0 : ROW; \
    if ((scalars & 3) == 2) {                                                             \
      const VECTOR_##T all_b = simd_all_##T(*(const T *)b);                               \
      for (; n >= ROW; n -= ROW, r += ROW, xs += ROW, zs += z_step) {                     \
        WITH_B(first, second, T, MAKE, 0)                                                 \
        WITH_B(first, second, T, MAKE, 1)                                                 \
      }                                                                                   \
    }                                                                                     \
    for (; n >= ROW; n -= ROW, r += ROW, xs += x_step, ys += y_step, zs += z_step) {      \
      WHOLE(first, second, T, MAKE, 0)                                                    \
      WHOLE(first, second, T, MAKE, 1)                                                    \
    }                                                                                     \
    if (n >= LANES) {                                                                     \
      WHOLE(first, second, T, MAKE, 0)                                                    \
      n -= LANES, r += LANES, xs += x_step / 2, ys += y_step / 2, zs += z_step / 2;       \
    }                                                                                     \
    if (n > 0) {                                                                          \
      simd_part_##T part = simd_part_of_##T(n);                                           \
      simd_keep_part_##T(r, part, PAIR_OF(first, second, T, MAKE, simd_load_part_##T(part, xs), \
                         simd_load_part_##T(part, ys), simd_load_part_##T(part, zs)));    \
    }                                                                                     \
  }
#define FUSED(first, second, T) FUSED_AS(first##_##second##_##T, first, second, T, AS_IS)
#define FUSED_CANONICAL(first, second, T) FUSED_AS(canonical_##first##_##second##_##T, first, second, T, CANONICAL)
VEC_FUSED_INTEGERS(FUSED)
VEC_FUSED_FLOATS(FUSED)
VEC_FUSED_FLOATS(FUSED_CANONICAL)
/* clang-format on */

/* ---- halves of 8 bytes ---- */

void VEC_FN(high)(size_t n, void *out, const void *a, const vec_high *how)
{
  enum { LANES = SIMD_LANES(u32) };
  const u32 none = 0, *xs = a, *ys = how->xored[0], *zs = how->xored[1];
  u32 *r = out, all_y[LANES], all_z[LANES];
  const simd_int factor = simd_all_u64(how->factor);
  bool is_one_y = ys == NULL || how->is_scalar[0], is_one_z = zs == NULL || how->is_scalar[1];
  size_t y_step = is_one_y ? 0 : LANES, z_step = is_one_z ? 0 : LANES;
  if (is_one_y) {
    simd_store(all_y, simd_all_u32(ys == NULL ? none : *ys));
    ys = all_y;
  }
  if (is_one_z) {
    simd_store(all_z, simd_all_u32(zs == NULL ? none : *zs));
    zs = all_z;
  }
  for (; n >= LANES; n -= LANES, r += LANES, xs += LANES, ys += y_step, zs += z_step) {
    simd_store(r, simd_xor_3(simd_high_by(simd_load(xs), factor), simd_load(ys), simd_load(zs)));
  }
  if (n > 0) {
    simd_part_u32 part = simd_part_of_u32(n);
    simd_keep_part_u32(r, part,
                       simd_xor_3(simd_high_by(simd_load_part_u32(part, xs), factor), simd_load_part_u32(part, ys),
                                  simd_load_part_u32(part, zs)));
  }
}

void VEC_FN(join)(size_t n, void *out, const void *a, const void *b)
{
  u64 *r = out;
  const u32 *low = a, *high = b;
  VEC_LOOP for (size_t i = 0; i < n; i++)
  {
    r[i] = low[i] | (u64)high[i] << 32;
  }
}
#else
typedef int vec_no_fused_kernels; /* C wants a declaration in every file */
#endif
