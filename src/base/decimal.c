/* decimal.c: exact conversion over big integers of a fixed size. Reading divides the number as written by a power of
 * ten, bit by bit, and rounds the quotient once. Writing is the free-format algorithm of Burger and Dybvig, "Printing
 * Floating-Point Numbers Quickly and Accurately" (1996): digits of r / s until one lies within the float's interval. */
#include "base/decimal.h"

#include <stdio.h>
#include <string.h>

const float_layout layout_f32 = {24, -126}, layout_f64 = {53, -1022};

/* Room for 4096 hexadecimal digits, for 10^4500, and for either shifted left by 70 bits. */
enum { LIMBS = 540 };

typedef struct big {
  size_t n; /* limbs in use; the last is not 0 */
  uint32_t limb[LIMBS];
} big;

static void big_set(big *b, uint64_t v)
{
  b->limb[0] = (uint32_t)v;
  b->limb[1] = (uint32_t)(v >> 32);
  b->n = b->limb[1] != 0 ? 2 : b->limb[0] != 0 ? 1 : 0;
}

static void big_copy(big *to, const big *from)
{
  to->n = from->n;
  memcpy(to->limb, from->limb, from->n * sizeof from->limb[0]);
}

/* b = b * factor + addend */
static void big_muladd(big *b, uint32_t factor, uint32_t addend)
{
  uint64_t carry = addend;
  for (size_t i = 0; i < b->n; i++) {
    carry += (uint64_t)b->limb[i] * factor;
    b->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry != 0) {
    b->limb[b->n++] = (uint32_t)carry;
  }
}

static void big_mul_pow10(big *b, int64_t n)
{
  for (; n >= 9; n -= 9) {
    big_muladd(b, 1000000000, 0);
  }
  for (; n > 0; n--) {
    big_muladd(b, 10, 0);
  }
}

static void big_shift(big *b, size_t bits)
{
  size_t words = bits / 32;
  if (b->n > 0 && words > 0) {
    memmove(b->limb + words, b->limb, b->n * sizeof b->limb[0]);
    memset(b->limb, 0, words * sizeof b->limb[0]);
    b->n += words;
  }
  big_muladd(b, UINT32_C(1) << (bits % 32), 0);
}

static size_t big_bits(const big *b)
{
  if (b->n == 0) {
    return 0;
  }
  size_t bits = (b->n - 1) * 32;
  for (uint32_t top = b->limb[b->n - 1]; top != 0; top >>= 1) {
    bits++;
  }
  return bits;
}

static int big_compare(const big *a, const big *b)
{
  if (a->n != b->n) {
    return a->n < b->n ? -1 : 1;
  }
  for (size_t i = a->n; i-- > 0;) {
    if (a->limb[i] != b->limb[i]) {
      return a->limb[i] < b->limb[i] ? -1 : 1;
    }
  }
  return 0;
}

static void big_add(big *a, const big *b)
{
  uint64_t carry = 0;
  while (a->n < b->n) {
    a->limb[a->n++] = 0;
  }
  for (size_t i = 0; i < a->n; i++) {
    carry += (uint64_t)a->limb[i] + (i < b->n ? b->limb[i] : 0);
    a->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry != 0) {
    a->limb[a->n++] = (uint32_t)carry;
  }
}

/* a -= b, where a >= b. */
static void big_sub(big *a, const big *b)
{
  uint64_t borrow = 0;
  for (size_t i = 0; i < a->n; i++) {
    uint64_t d = (uint64_t)a->limb[i] - (i < b->n ? b->limb[i] : 0) - borrow;
    a->limb[i] = (uint32_t)d;
    borrow = d >> 63;
  }
  while (a->n > 0 && a->limb[a->n - 1] == 0) {
    a->n--;
  }
}

/* ---- reading ---- */

/* Rounds q / 2^63 * 2^exponent, where q has its top bit and `more` tells of bits below it. */
static uint64_t round_quotient(uint64_t q, bool more, int64_t exponent, float_layout layout)
{
  int64_t keep = layout.precision;
  uint64_t biased = 0, infinity = (uint64_t)(2 - 2 * (int64_t)layout.min_exponent + 1) << (layout.precision - 1);
  if (exponent > -(int64_t)layout.min_exponent + 1) {
    return infinity;
  }
  if (exponent >= layout.min_exponent) {
    /* The hidden one of the significand adds the last 1 to the exponent's field. */
    biased = (uint64_t)(exponent - layout.min_exponent) << (layout.precision - 1);
  } else {
    keep -= layout.min_exponent - exponent;
  }
  if (keep < 0) {
    return 0;
  }
  uint64_t significand = keep == 0 ? 0 : q >> (64 - keep);
  uint64_t rest = q << keep; /* keep is at most 53 */
  bool is_half = rest >> 63 != 0, is_above = rest << 1 != 0 || more;
  return biased + significand + (is_half && (is_above || (significand & 1)) ? 1 : 0);
}

/* n / s * 2^exponent, rounded; both are positive. Destroys them. */
static uint64_t round_ratio(big *n, big *s, int64_t exponent, float_layout layout)
{
  size_t n_bits = big_bits(n), s_bits = big_bits(s);
  if (n_bits < s_bits) {
    big_shift(n, s_bits - n_bits);
  } else {
    big_shift(s, n_bits - s_bits);
  }
  exponent += (int64_t)n_bits - (int64_t)s_bits;
  if (big_compare(n, s) < 0) {
    big_shift(n, 1);
    exponent--;
  }
  uint64_t q = 0;
  for (int i = 0; i < 64; i++) {
    q <<= 1;
    if (big_compare(n, s) >= 0) {
      big_sub(n, s);
      q |= 1;
    }
    big_shift(n, 1);
  }
  return round_quotient(q, n->n != 0, exponent, layout);
}

uint64_t decimal_round(const written *w, float_layout layout)
{
  size_t first = 0, n = w->n;
  while (first < n && w->digits[first] == 0) {
    first++;
  }
  if (first == n) {
    return 0;
  }
  /* Beyond the range of f64 nothing is gained by big numbers; so 10^4500 is the largest power below. */
  int64_t scale = w->is_hex ? 0 : w->exponent, magnitude = (int64_t)(n - first) + scale;
  if (!w->is_hex && (magnitude > 320 || magnitude < -350)) {
    return round_quotient(UINT64_C(1) << 63, true, magnitude > 0 ? 4096 : -4096, layout);
  }
  big number, divisor;
  big_set(&number, w->digits[first]);
  for (size_t i = first + 1; i < n; i++) {
    big_muladd(&number, w->is_hex ? 16 : 10, w->digits[i]);
  }
  big_set(&divisor, 1);
  big_mul_pow10(scale < 0 ? &divisor : &number, scale < 0 ? -scale : scale);
  return round_ratio(&number, &divisor, w->is_hex ? w->exponent : 0, layout);
}

/* ---- writing ---- */

/* The float is r / s; everything up to r + up and down to r - down, over s, reads back as it; the bounds themselves do
 * too if its significand is even. */
typedef struct interval {
  big r, s, up, down;
  bool is_even;
} interval;

static void interval_set(interval *v, uint64_t bits, float_layout layout)
{
  uint64_t hidden = UINT64_C(1) << (layout.precision - 1);
  int64_t field = (int64_t)(bits / hidden), exponent = layout.min_exponent - layout.precision + 1;
  uint64_t significand = bits % hidden;
  if (field > 0) {
    significand += hidden;
    exponent += field - 1;
  }
  /* Below a power of two the floats lie twice as dense. */
  size_t dense = significand == hidden && field > 1 ? 1 : 0;
  size_t grow = exponent > 0 ? (size_t)exponent : 0, shrink = exponent < 0 ? (size_t)-exponent : 0;
  v->is_even = significand % 2 == 0;
  big_set(&v->r, significand);
  big_shift(&v->r, grow + 1 + dense);
  big_set(&v->s, 1);
  big_shift(&v->s, shrink + 1 + dense);
  big_set(&v->down, 1);
  big_shift(&v->down, grow);
  big_copy(&v->up, &v->down);
  big_shift(&v->up, dense);
}

/* Whether r + up reaches s: the number is then no fraction below 1 but, when it reads back, 1 or more. */
static bool reaches_one(const interval *v)
{
  big sum;
  big_copy(&sum, &v->r);
  big_add(&sum, &v->up);
  int order = big_compare(&sum, &v->s);
  return order > 0 || (order == 0 && v->is_even);
}

static void interval_mul10(interval *v)
{
  big_muladd(&v->r, 10, 0);
  big_muladd(&v->up, 10, 0);
  big_muladd(&v->down, 10, 0);
}

/* Scales by a power of ten so that r / s is below 1, and at least 0.1 or close to it. Returns the power. */
static int interval_scale(interval *v)
{
  int power = 0;
  /* Each bit is 0.3 digits; an estimate that is a little low is put right by the loops. */
  int64_t estimate = ((int64_t)big_bits(&v->r) - (int64_t)big_bits(&v->s)) * 3 / 10 - 1;
  if (estimate > 0) {
    big_mul_pow10(&v->s, estimate);
    power = (int)estimate;
  }
  for (; estimate < -1; estimate++, power--) {
    interval_mul10(v);
  }
  while (reaches_one(v)) {
    big_muladd(&v->s, 10, 0);
    power++;
  }
  for (;;) {
    interval_mul10(v);
    if (reaches_one(v)) {
      return power;
    }
    power--;
  }
}

int decimal_shortest(uint64_t bits, float_layout layout, char digits[DECIMAL_SHORTEST], int *exponent)
{
  interval v;
  interval_set(&v, bits, layout);
  *exponent = interval_scale(&v);
  /* interval_scale has already multiplied by ten for the first digit. */
  for (int n = 0;; interval_mul10(&v)) {
    char digit = '0';
    for (; big_compare(&v.r, &v.s) >= 0; digit++) {
      big_sub(&v.r, &v.s);
    }
    int low = big_compare(&v.r, &v.down);
    bool ends_low = low < 0 || (low == 0 && v.is_even), ends_high = reaches_one(&v);
    if (ends_low || ends_high) {
      big_shift(&v.r, 1);
      int half = big_compare(&v.r, &v.s);
      bool is_up = ends_high && (!ends_low || half > 0 || (half == 0 && digit % 2 != 0)); /* '0' is even */
      digits[n++] = (char)(digit + (is_up ? 1 : 0));
      return n;
    }
    digits[n++] = digit;
  }
}

/* 0.DIGITS * 10^exponent: in full from 0.0001 to below 10^16, else with an exponent. */
static int lay_out(const char *digits, int n, int exponent, char *out)
{
  static const char zeros[] = "0000000000000000";
  size_t room = DECIMAL_TEXT - 1;
  if (exponent > 16 || exponent < -3) {
    char sign = exponent > 0 ? '+' : '-';
    int power = exponent > 0 ? exponent - 1 : 1 - exponent;
    return snprintf(out, room, "%.1s%s%.*se%c%02d", digits, n > 1 ? "." : "", n - 1, digits + 1, sign, power);
  }
  if (exponent <= 0) return snprintf(out, room, "0.%.*s%.*s", -exponent, zeros, n, digits);
  if (exponent >= n) return snprintf(out, room, "%.*s%.*s.0", n, digits, exponent - n, zeros);
  return snprintf(out, room, "%.*s.%.*s", exponent, digits, n - exponent, digits + exponent);
}

int decimal_format(uint64_t bits, float_layout layout, char out[DECIMAL_TEXT])
{
  char digits[DECIMAL_SHORTEST];
  int exponent;
  uint64_t hidden = UINT64_C(1) << (layout.precision - 1);
  uint64_t infinity = (uint64_t)(2 * (1 - (int64_t)layout.min_exponent) + 1) * hidden, sign = infinity + hidden;
  uint64_t magnitude = bits & ~sign;
  if (magnitude > infinity) return snprintf(out, DECIMAL_TEXT, "nan");
  int n_sign = bits & sign ? 1 : 0;
  if (n_sign) *out++ = '-';
  if (magnitude == infinity) return n_sign + snprintf(out, DECIMAL_TEXT - 1, "inf");
  if (magnitude == 0) return n_sign + snprintf(out, DECIMAL_TEXT - 1, "0.0");
  int n = decimal_shortest(magnitude, layout, digits, &exponent);
  return n_sign + lay_out(digits, n, exponent, out);
}
