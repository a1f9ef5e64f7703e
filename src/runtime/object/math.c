/* object/math.c: what an object file of `throng emit` would else want of the C library, under the same names, which
 * stay local to the object. Exact, by integers on the bits; none of it is fast, and the code calls for it only where
 * the processor has no instruction. */
#include "base/float.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* ---- memory ---- */

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
  unsigned char *a = to;
  const unsigned char *b = from;
  for (size_t i = 0; i < n; i++) {
    a[i] = b[i];
  }
  return to;
}

void *memset(void *to, int byte, size_t n)
{
  unsigned char *a = to;
  for (size_t i = 0; i < n; i++) {
    a[i] = (unsigned char)byte;
  }
  return to;
}

/* ---- rounding to integers ---- */

/* Towards zero: clears the bits of the fraction. */
double trunc(double x)
{
  uint64_t bits = f64_bits(x);
  int exponent = (int)(bits >> 52 & 2047) - 1023;
  if (exponent >= 52) {
    return x;
  }
  return f64_from_bits(bits & (exponent < 0 ? UINT64_C(1) << 63 : ~(UINT64_C(0xFFFFFFFFFFFFF) >> exponent)));
}

double floor(double x)
{
  double whole = trunc(x);
  return whole > x ? whole - 1 : whole;
}

/* -0 where x is in (-1, 0], as trunc gives it. */
double ceil(double x)
{
  double whole = trunc(x);
  return whole < x ? whole + 1 : whole;
}

/* To nearest, ties to even, which is how sums are rounded here. */
double nearbyint(double x)
{
  uint64_t sign = f64_bits(x) & UINT64_C(1) << 63;
  double size = f64_from_bits(f64_bits(x) & ~(UINT64_C(1) << 63));
  if (!(size < 0x1p52)) {
    return x;
  }
  volatile double sum = size + 0x1p52;
  return f64_from_bits(f64_bits(sum - 0x1p52) | sign);
}

/* ---- fma of f32 ---- */

/* The product is exact in f64. The sum is rounded to odd, so that rounding it again to f32 is as rounding once. */
float fmaf(float x, float y, float z)
{
  double product = (double)x * (double)y, addend = (double)z, sum = product + addend;
  double part = sum - product, rest = (product - (sum - part)) + (addend - part);
  uint64_t bits = f64_bits(sum);
  if (rest != 0 && (bits & 1) == 0 && (bits >> 52 & 2047) != 2047) {
    bits += (rest > 0) == (sum > 0) ? 1 : UINT64_MAX;
  }
  return (float)f64_from_bits(bits);
}

/* ---- fma of f64 ---- */

typedef struct wide {
  uint64_t high, low;
} wide;

/* What falls off the end stays as bit 0. */
static wide wide_right(wide a, unsigned n)
{
  wide b = {0, 0};
  bool is_lost = n >= 128 ? (a.high | a.low) != 0 : false;
  if (n == 0) {
    return a;
  }
  if (n < 64) {
    b = (wide){a.high >> n, a.low >> n | a.high << (64 - n)};
    is_lost = a.low << (64 - n) != 0;
  } else if (n < 128) {
    b.low = n == 64 ? a.high : a.high >> (n - 64);
    is_lost = a.low != 0 || (n > 64 && a.high << (128 - n) != 0);
  }
  b.low |= is_lost;
  return b;
}

static wide wide_left(wide a, unsigned n)
{
  if (n == 0) {
    return a;
  }
  if (n >= 64) {
    return (wide){a.low << (n - 64), 0};
  }
  return (wide){a.high << n | a.low >> (64 - n), a.low << n};
}

static wide wide_times(uint64_t a, uint64_t b)
{
  uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
  uint64_t low = al * bl, middle = ah * bl + (low >> 32), other = al * bh + (uint32_t)middle;
  return (wide){ah * bh + (middle >> 32) + (other >> 32), other << 32 | (uint32_t)low};
}

static bool wide_less(wide a, wide b)
{
  return a.high != b.high ? a.high < b.high : a.low < b.low;
}

static wide wide_plus(wide a, wide b)
{
  uint64_t low = a.low + b.low;
  return (wide){a.high + b.high + (low < a.low), low};
}

static wide wide_minus(wide a, wide b)
{
  return (wide){a.high - b.high - (a.low < b.low), a.low - b.low};
}

static int top_bit(wide a)
{
  int n = -1;
  for (uint64_t v = a.high != 0 ? a.high : a.low; v != 0; v >>= 1) {
    n++;
  }
  return a.high != 0 ? n + 64 : n;
}

/* A finite number other than 0 as fraction * 2^exponent, the fraction's top bit being bit 52. */
typedef struct parts {
  uint64_t fraction;
  int exponent;
} parts;

static parts take_apart(double x)
{
  uint64_t bits = f64_bits(x), fraction = bits & UINT64_C(0xFFFFFFFFFFFFF);
  int exponent = (int)(bits >> 52 & 2047);
  if (exponent != 0) {
    return (parts){fraction | UINT64_C(1) << 52, exponent - 1075};
  }
  exponent = -1074;
  for (; fraction >> 52 == 0; fraction <<= 1) {
    exponent--;
  }
  return (parts){fraction, exponent};
}

/* The bits of a * 2^exponent rounded to nearest, ties to even; bit 0 of a may stand for more behind it. */
static uint64_t round_off(wide a, int exponent)
{
  int top = exponent + top_bit(a), last = top - 52 < -1074 ? -1074 : top - 52, drop = last - exponent;
  uint64_t kept;
  if (drop <= 0) {
    kept = wide_left(a, (unsigned)-drop).low;
  } else { /* with half a bit, and whether there is more */
    uint64_t quarters = drop == 1 ? wide_left(a, 1).low : wide_right(a, (unsigned)drop - 2).low, rest = quarters & 3;
    kept = quarters >> 2;
    kept += rest == 3 || (rest == 2 && (kept & 1) != 0);
  }
  if (kept >> 53 != 0) {
    kept >>= 1;
    last++;
  }
  if (kept >> 52 == 0) {
    return kept;
  }
  return last + 1075 >= 2047 ? UINT64_C(2047) << 52 : (uint64_t)(last + 1074) * (UINT64_C(1) << 52) + kept;
}

static bool is_finite(double x)
{
  return (f64_bits(x) >> 52 & 2047) != 2047;
}

double fma(double x, double y, double z)
{
  uint64_t sign = (f64_bits(x) ^ f64_bits(y)) & UINT64_C(1) << 63, sign_z = f64_bits(z) & UINT64_C(1) << 63;
  if (!is_finite(x) || !is_finite(y) || x == 0 || y == 0) {
    return x * y + z;
  }
  if (!is_finite(z) || z == 0) {
    return z == 0 ? x * y : z;
  }
  parts a = take_apart(x), b = take_apart(y), c = take_apart(z);
  wide p = wide_left(wide_times(a.fraction, b.fraction), 20), q = wide_left((wide){0, c.fraction}, 73), sum;
  int ep = a.exponent + b.exponent - 20, eq = c.exponent - 73, e = ep > eq ? ep : eq;
  p = wide_right(p, (unsigned)(e - ep));
  q = wide_right(q, (unsigned)(e - eq));
  if (sign == sign_z) {
    sum = wide_plus(p, q);
  } else {
    sign = wide_less(p, q) ? sign_z : sign;
    sum = wide_less(p, q) ? wide_minus(q, p) : wide_minus(p, q);
  }
  return (sum.high | sum.low) == 0 ? 0.0 : f64_from_bits(round_off(sum, e) | sign);
}
