/* kernels_convert_tmpl.c: conversion of elements by value: docs/spec.md 2.4.
 *
 * The conversions that few machines have are made of ones that all have, each step exact but the last: 64-bit integers
 * to floats, and floats to integers, which are clamped first, so that no conversion in C is undefined. */
#include "backend/vec/kernels_tmpl.h"

/* clang-format off */
#define CONVERT(from, to, R, expression)                                                  \
  void VEC_FN(convert_##from##_##to)(size_t n, void *out, const void *a)                  \
  {                                                                                       \
    R *r = out;                                                                           \
    const from *xs = a;                                                                   \
    VEC_LOOP for (size_t i = 0; i < n; i++) {                                             \
      from x = xs[i];                                                                     \
      r[i] = expression;                                                                  \
    }                                                                                     \
  }

#define BY_CAST(from, to) CONVERT(from, to, to, (to)x)
#define TO_BOOL(from, to) CONVERT(from, to, u8, x != 0)
VEC_WIDENINGS(BY_CAST)
VEC_NARROWINGS(BY_CAST)
VEC_TO_BOOL(TO_BOOL)

#define COPY(from, to)                                                                    \
  void VEC_FN(convert_##from##_##to)(size_t n, void *out, const void *a)                  \
  {                                                                                       \
    if (n > 0) {                                                                          \
      memmove(out, a, n * sizeof(from));                                                  \
    }                                                                                     \
  }
VEC_COPIES(COPY)

/* ---- to floats ---- */

#define SMALL(X)                                                                          \
  X(i8, f32) X(i16, f32) X(i32, f32) X(u8, f32) X(u16, f32) X(u32, f32)                   \
  X(i8, f64) X(i16, f64) X(i32, f64) X(u8, f64) X(u16, f64) X(u32, f64) X(f64, f32) X(f32, f64)
SMALL(BY_CAST)
/* clang-format on */

/* The upper half as a multiple of 2^32 and the lower half are put into the fractions of 2^84 and 2^52; one subtraction
 * takes both away from the first, exactly, and the sum is rounded once. The sign is turned into an offset of 2^63. */
static inline f64 f64_of_halves(u64 upper, u64 lower, f64 offset)
{
  f64 high = f64_from_bits(upper | UINT64_C(0x4530000000000000)) - (0x1p84 + 0x1p52 + offset);
  return high + f64_from_bits(lower | UINT64_C(0x4330000000000000));
}

static inline f64 f64_of_u64(u64 x)
{
  return f64_of_halves(x >> 32, x & 0xFFFFFFFFu, 0);
}

static inline f64 f64_of_i64(u64 x)
{
  return f64_of_halves((x >> 32) ^ 0x80000000u, x & 0xFFFFFFFFu, 0x1p63);
}

/* A number of more than 53 bits goes through f64 without a second rounding if its lowest 11 bits become one: if any is
 * set, the bit above them is, which no f32 reaches. */
static inline u64 sticky(u64 x)
{
  return (x | ((x & 0x7FFu) + 0x7FFu)) & ~UINT64_C(0x7FF);
}

static inline f32 f32_of_u64(u64 x)
{
  return (f32)f64_of_u64(x >> 53 != 0 ? sticky(x) : x);
}

static inline f32 f32_of_i64(u64 x)
{
  return (f32)f64_of_i64((x + (UINT64_C(1) << 53)) >> 54 != 0 ? sticky(x) : x);
}

/* clang-format off */
CONVERT(u64, f64, f64, f64_of_u64(x))
CONVERT(i64, f64, f64, f64_of_i64((u64)x))
CONVERT(u64, f32, f32, f32_of_u64(x))
CONVERT(i64, f32, f32, f32_of_i64((u64)x))

/* ---- from floats ----
 * NaN becomes 0 and what is out of range the end of it, as floats. Where the greatest integer is no float, `below` is
 * the float below it, and what is greater is chosen after the conversion. */

#define CLAMP(F, x, low, high) ((x) > (low) ? (x) < (high) ? (x) : (high) : (x) == (x) ? (F)(low) : (F)0)
#define EXACT(from, to, low, high) CONVERT(from, to, to, (to)(i32)CLAMP(from, x, low, high))
#define LIMITED(from, to, low, below, greatest)                                           \
  CONVERT(from, to, to, x > below ? greatest : (to)CLAMP(from, x, low, below))

EXACT(f32, i8, -128.0f, 127.0f)
EXACT(f32, u8, 0.0f, 255.0f)
EXACT(f32, i16, -32768.0f, 32767.0f)
EXACT(f32, u16, 0.0f, 65535.0f)
LIMITED(f32, i32, -0x1p31f, 0x1.fffffep30f, INT32_MAX)
LIMITED(f32, u32, 0.0f, 0x1.fffffep31f, UINT32_MAX)
LIMITED(f32, i64, -0x1p63f, 0x1.fffffep62f, INT64_MAX)
LIMITED(f32, u64, 0.0f, 0x1.fffffep63f, UINT64_MAX)
EXACT(f64, i8, -128.0, 127.0)
EXACT(f64, u8, 0.0, 255.0)
EXACT(f64, i16, -32768.0, 32767.0)
EXACT(f64, u16, 0.0, 65535.0)
EXACT(f64, i32, -0x1p31, 0x1p31 - 1)
LIMITED(f64, u32, 0.0, 0x1p32 - 1, UINT32_MAX)
LIMITED(f64, i64, -0x1p63, 0x1.fffffffffffffp62, INT64_MAX)
LIMITED(f64, u64, 0.0, 0x1.fffffffffffffp63, UINT64_MAX)
/* clang-format on */
