/* kernels_tmpl.h: what the templates of kernels share. The build compiles every kernels_*_tmpl.c once for each
 * instruction set with VEC_ISA set to its name, which ends the name of every symbol, VEC_BYTES to the size of its
 * vectors and one of VEC_ISA_SSE2, VEC_ISA_AVX2, VEC_ISA_AVX512, VEC_ISA_NEON and VEC_ISA_PLAIN defined; the last is C
 * alone.
 *
 * Most kernels are loops that compilers make vectors of. An operand may be `out`; element i of one then depends on
 * element i of the other only, which is what VEC_LOOP promises. */
#ifndef TG_BACKEND_VEC_KERNELS_TMPL_H
#define TG_BACKEND_VEC_KERNELS_TMPL_H

#include "backend/vec/kernels.h"
#include "base/float.h"

#if !defined(VEC_ISA) || !defined(VEC_BYTES)
#error "kernels_*_tmpl.c are templates: cmake/kernels.cmake says how they are compiled"
#endif

#if defined(__clang__)
#define VEC_LOOP _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define VEC_LOOP _Pragma("GCC ivdep")
#else
#define VEC_LOOP
#endif

#define VEC_JOIN_(name, isa) name##_##isa
#define VEC_JOIN(name, isa) VEC_JOIN_(name, isa)
#define VEC_FN(name) VEC_JOIN(vec_##name, VEC_ISA)

/* Elements, by the names of their types. A register of the engine holds now one type, now another: the build says
 * -fno-strict-aliasing. Where the library is one file, clang cannot be told; gcc can, and warns of such types. */
#if defined(__clang__)
#define VEC_ELEMENT __attribute__((may_alias))
#else
#define VEC_ELEMENT
#endif
typedef uint8_t VEC_ELEMENT u8;
typedef uint16_t VEC_ELEMENT u16;
typedef uint32_t VEC_ELEMENT u32;
typedef uint64_t VEC_ELEMENT u64;
typedef int8_t VEC_ELEMENT i8;
typedef int16_t VEC_ELEMENT i16;
typedef int32_t VEC_ELEMENT i32;
typedef int64_t VEC_ELEMENT i64;
typedef float VEC_ELEMENT f32;
typedef double VEC_ELEMENT f64;

#define VEC_UNSIGNED(X) X(u8) X(u16) X(u32) X(u64)
#define VEC_SIGNED(X) X(i8) X(i16) X(i32) X(i64)
#define VEC_FLOATS(X) X(f32) X(f64)

static inline f32 f32_number_or_canonical(f32 x)
{
  return x == x ? x : f32_from_bits(F32_NAN);
}

static inline f64 f64_number_or_canonical(f64 x)
{
  return x == x ? x : f64_from_bits(F64_NAN);
}

/* ---- what each template defines ----
 * Operations on which the sign has no influence are there for unsigned types only. */

#define VEC_FORMS_(name) vec_binary_fn VEC_FN(name##_vv), VEC_FN(name##_vs), VEC_FN(name##_sv);

#define VEC_DECLARE(T)                                                                                                 \
  VEC_FORMS_(add_##T)                                                                                                  \
  VEC_FORMS_(sub_##T) VEC_FORMS_(mul_##T) VEC_FORMS_(eq_##T) vec_unary_fn VEC_FN(neg_##T);                             \
  void VEC_FN(iota_##T)(size_t n, void *out, uint64_t first, const void *start, const void *stride);
VEC_UNSIGNED(VEC_DECLARE)
VEC_FLOATS(VEC_DECLARE)
#undef VEC_DECLARE

#define VEC_DECLARE(T)                                                                                                 \
  VEC_FORMS_(shl_##T)                                                                                                  \
  VEC_FORMS_(or_##T)                                                                                                   \
  VEC_FORMS_(and_##T) VEC_FORMS_(xor_##T) VEC_FORMS_(andnot_##T) vec_unary_fn VEC_FN(not_##T), VEC_FN(fill_##T);       \
  vec_select_fn VEC_FN(select_##T##_vv), VEC_FN(select_##T##_vs), VEC_FN(select_##T##_sv);                             \
  void VEC_FN(gather_##T)(size_t n, void *out, const void *table, uint64_t length, const uint64_t *index);             \
  void VEC_FN(compress_##T)(size_t n, void *out, const void *a, const unsigned char *mask);                            \
  void VEC_FN(scatter_##T)(size_t n, void *out, const uint32_t *position, const void *a);                              \
  void VEC_FN(permute_##T)(size_t n, void *out, const uint32_t *position, const void *a);
VEC_UNSIGNED(VEC_DECLARE)
#undef VEC_DECLARE

#define VEC_DECLARE(T)                                                                                                 \
  VEC_FORMS_(shr_##T)                                                                                                  \
  vec_divmod_fn VEC_FN(divmod_##T), VEC_FN(divmod_scalar_##T);
VEC_UNSIGNED(VEC_DECLARE)
VEC_SIGNED(VEC_DECLARE)
#undef VEC_DECLARE

#define VEC_DECLARE(T)                                                                                                 \
  VEC_FORMS_(lt_##T)                                                                                                   \
  VEC_FORMS_(le_##T)                                                                                                   \
  VEC_FORMS_(max_##T)                                                                                                  \
  void VEC_FN(sum_##T)(size_t n, void *columns, const void *a);                                                        \
  vec_best_fn VEC_FN(argmin_##T), VEC_FN(argmax_##T);
VEC_UNSIGNED(VEC_DECLARE)
VEC_SIGNED(VEC_DECLARE)
VEC_FLOATS(VEC_DECLARE)
#undef VEC_DECLARE

#define VEC_DECLARE(T)                                                                                                 \
  VEC_FORMS_(div_##T)                                                                                                  \
  VEC_FORMS_(canonical_add_##T)                                                                                        \
  VEC_FORMS_(canonical_sub_##T)                                                                                        \
  VEC_FORMS_(canonical_mul_##T)                                                                                        \
  VEC_FORMS_(canonical_max_##T)                                                                                        \
  VEC_FORMS_(canonical_div_##T)                                                                                        \
  void VEC_FN(sum_product_##T)(size_t n, void *columns, const void *a, const void *b);                                 \
  vec_fma_fn VEC_FN(fma_##T);                                                                                          \
  vec_unary_fn VEC_FN(sqrt_##T), VEC_FN(canonical_##T), VEC_FN(round_even_##T), VEC_FN(round_down_##T),                \
      VEC_FN(round_up_##T), VEC_FN(round_zero_##T);
VEC_FLOATS(VEC_DECLARE)
#undef VEC_DECLARE

/* Fused pairs: X(first, second, T). */
/* clang-format off */
#define VEC_SECONDS(X, first, T) X(first, add, T) X(first, sub, T) X(first, from, T) X(first, mul, T)
#define VEC_RATIOS(X, first, T) X(first, div, T) X(first, over, T)
#define VEC_PAIRS(X, SECONDS, T) SECONDS(X, add, T) SECONDS(X, sub, T) SECONDS(X, mul, T)
#define VEC_FUSED_INTEGERS(X) VEC_PAIRS(X, VEC_SECONDS, u32) VEC_PAIRS(X, VEC_SECONDS, u64)
#define VEC_FUSED_FLOATS(X)                                                                                            \
  VEC_PAIRS(X, VEC_SECONDS, f32) VEC_PAIRS(X, VEC_SECONDS, f64)                                                        \
  VEC_PAIRS(X, VEC_RATIOS, f32) VEC_PAIRS(X, VEC_RATIOS, f64)
/* clang-format on */

#define VEC_DECLARE(first, second, T) vec_fused_fn VEC_FN(first##_##second##_##T);
VEC_FUSED_INTEGERS(VEC_DECLARE)
VEC_FUSED_FLOATS(VEC_DECLARE)
#undef VEC_DECLARE
#define VEC_DECLARE(first, second, T) vec_fused_fn VEC_FN(canonical_##first##_##second##_##T);
VEC_FUSED_FLOATS(VEC_DECLARE)
#undef VEC_DECLARE

#if defined(VEC_ISA_AVX2) || defined(VEC_ISA_AVX512)
vec_high_fn VEC_FN(high);
vec_binary_fn VEC_FN(join);
#endif

vec_unary_fn VEC_FN(not_truth);
size_t VEC_FN(count)(size_t n, const unsigned char *mask);
size_t VEC_FN(retire)(size_t n, unsigned char *alive, const unsigned char *condition, uint32_t *done);

/* Conversions: (from, to). Between integers: longer ones from the signed or unsigned type, shorter ones by cutting;
 * those of one size are copies. */
#define VEC_WIDENINGS(X)                                                                                               \
  X(u8, u16)                                                                                                           \
  X(u8, u32)                                                                                                           \
  X(u8, u64) X(u16, u32) X(u16, u64) X(u32, u64) X(i8, u16) X(i8, u32) X(i8, u64) X(i16, u32) X(i16, u64) X(i32, u64)
#define VEC_NARROWINGS(X) X(u64, u32) X(u64, u16) X(u64, u8) X(u32, u16) X(u32, u8) X(u16, u8)
#define VEC_COPIES(X) X(u8, u8) X(u16, u16) X(u32, u32) X(u64, u64)
#define VEC_TO_BOOL(X) X(u8, truth) X(u16, truth) X(u32, truth) X(u64, truth) X(f32, truth) X(f64, truth)
#define VEC_TO_FLOAT(X)                                                                                                \
  X(i8, f32)                                                                                                           \
  X(i16, f32)                                                                                                          \
  X(i32, f32)                                                                                                          \
  X(i64, f32)                                                                                                          \
  X(u8, f32)                                                                                                           \
  X(u16, f32)                                                                                                          \
  X(u32, f32)                                                                                                          \
  X(u64, f32)                                                                                                          \
  X(i8, f64) X(i16, f64) X(i32, f64) X(i64, f64) X(u8, f64) X(u16, f64) X(u32, f64) X(u64, f64) X(f64, f32) X(f32, f64)
#define VEC_FROM_FLOAT(X)                                                                                              \
  X(f32, i8)                                                                                                           \
  X(f32, i16)                                                                                                          \
  X(f32, i32)                                                                                                          \
  X(f32, i64)                                                                                                          \
  X(f32, u8)                                                                                                           \
  X(f32, u16)                                                                                                          \
  X(f32, u32) X(f32, u64) X(f64, i8) X(f64, i16) X(f64, i32) X(f64, i64) X(f64, u8) X(f64, u16) X(f64, u32) X(f64, u64)

#define VEC_DECLARE(from, to) vec_unary_fn VEC_FN(convert_##from##_##to);
VEC_WIDENINGS(VEC_DECLARE)
VEC_NARROWINGS(VEC_DECLARE)
VEC_COPIES(VEC_DECLARE)
VEC_TO_BOOL(VEC_DECLARE)
VEC_TO_FLOAT(VEC_DECLARE)
VEC_FROM_FLOAT(VEC_DECLARE)
#undef VEC_DECLARE

/* Modes: (name of the mode, element in memory, element out, how it is done at unit stride). */
/* clang-format off */
#define VEC_LOADS(X)                                                                                                   \
  X(truth, u8, u8, EACH) X(u8, u8, u8, COPY) X(u16, u16, u16, COPY) X(u32, u32, u32, COPY) X(u64, u64, u64, COPY)      \
  X(f16, u16, u32, HALVES) X(bf16, u16, u32, EACH)                                                                     \
  X(u16be, u16, u16, EACH) X(u32be, u32, u32, EACH) X(u64be, u64, u64, EACH)                                           \
  X(f16be, u16, u32, HALVES) X(bf16be, u16, u32, EACH)
#define VEC_STORES(X)                                                                                                  \
  VEC_LOADS(X) X(f32, u32, u32, EACH) X(f64, u64, u64, EACH) X(f32be, u32, u32, EACH) X(f64be, u64, u64, EACH)
/* clang-format on */

#define VEC_DECLARE(mode, M, T, way)                                                                                   \
  void VEC_FN(load_##mode)(size_t n, void *out, const unsigned char *memory, ptrdiff_t stride);
VEC_LOADS(VEC_DECLARE)
#undef VEC_DECLARE
#define VEC_DECLARE(mode, M, T, way)                                                                                   \
  void VEC_FN(store_##mode)(size_t n, unsigned char *memory, ptrdiff_t stride, const void *a);
VEC_STORES(VEC_DECLARE)
#undef VEC_DECLARE

#if defined(VEC_ISA_SSE2) || defined(VEC_ISA_AVX2) || defined(VEC_ISA_AVX512)
#define VEC_STREAMS 1
void VEC_FN(stream)(size_t bytes, void *out, const void *a);
void VEC_FN(stream_end)(void);
#endif

extern const vec_kernels VEC_FN(kernels);

#endif
