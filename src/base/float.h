/* float.h: floats as bits, canonical NaNs, and the half-precision formats, all exact and without hardware support. */
#ifndef TG_BASE_FLOAT_H
#define TG_BASE_FLOAT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define F32_NAN UINT32_C(0x7FC00000)
#define F64_NAN UINT64_C(0x7FF8000000000000)
#define F16_NAN 0x7E00u
#define BF16_NAN 0x7FC0u

static inline uint32_t f32_bits(float x)
{
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline float f32_from_bits(uint32_t bits)
{
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline uint64_t f64_bits(double x)
{
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline double f64_from_bits(uint64_t bits)
{
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline bool f32_is_nan(uint32_t bits)
{
  return (bits & 0x7FFFFFFFu) > 0x7F800000u;
}

static inline bool f64_is_nan(uint64_t bits)
{
  return (bits & UINT64_C(0x7FFFFFFFFFFFFFFF)) > UINT64_C(0x7FF0000000000000);
}

static inline uint32_t f32_canonical(uint32_t bits)
{
  return f32_is_nan(bits) ? F32_NAN : bits;
}

static inline uint64_t f64_canonical(uint64_t bits)
{
  return f64_is_nan(bits) ? F64_NAN : bits;
}

/* IEEE 754 binary16 and bfloat16 to and from the bits of a binary32. Narrowing rounds once to nearest even and makes a
 * NaN canonical; widening is exact. */
uint32_t f32_from_f16(uint16_t half);
uint16_t f32_to_f16(uint32_t bits);
uint32_t f32_from_bf16(uint16_t half);
uint16_t f32_to_bf16(uint32_t bits);

#endif
