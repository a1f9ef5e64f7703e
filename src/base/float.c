/* float.c: the half-precision formats by integer arithmetic on their bits. */
#include "base/float.h"

uint32_t f32_from_f16(uint16_t half)
{
  uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = (half >> 10) & 31u, fraction = half & 1023u;
  if (exponent == 31) {
    return sign | 0x7F800000u | fraction << 13;
  }
  if (exponent == 0) {
    /* fraction * 2^-24 is exact in binary32. */
    return sign | f32_bits((float)fraction * 0x1p-24f);
  }
  return sign | (exponent + 112) << 23 | fraction << 13;
}

/* value / 2^shift, rounded to nearest, ties to even; 1 <= shift <= 31. */
static uint32_t shift_round(uint32_t value, uint32_t shift)
{
  uint32_t kept = value >> shift, rest = value & ((1u << shift) - 1), half = 1u << (shift - 1);
  return kept + (rest > half || (rest == half && (kept & 1)));
}

uint16_t f32_to_f16(uint32_t bits)
{
  uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu, exponent = magnitude >> 23;
  if (f32_is_nan(bits)) {
    return F16_NAN;
  }
  if (exponent >= 143) {
    return (uint16_t)(sign | 0x7C00u);
  }
  if (exponent >= 113) {
    /* Normal: rebias and drop 13 bits; a carry runs into the exponent, up to infinity, as it should. */
    return (uint16_t)(sign | shift_round(magnitude - (112u << 23), 13));
  }
  if (exponent < 102) {
    return (uint16_t)sign; /* below half of the smallest subnormal */
  }
  return (uint16_t)(sign | shift_round((magnitude & 0x7FFFFFu) | 0x800000u, 126 - exponent));
}

uint32_t f32_from_bf16(uint16_t half)
{
  return (uint32_t)half << 16;
}

uint16_t f32_to_bf16(uint32_t bits)
{
  return (uint16_t)(f32_is_nan(bits) ? BF16_NAN : shift_round(bits, 16));
}
