/* decimal.h: floats to digits and back, exactly, in integer arithmetic alone: neither the locale nor the rounding mode
 * of the caller can change a result, as they can with strtod and printf. */
#ifndef TG_BASE_DECIMAL_H
#define TG_BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DECIMAL_MAX_DIGITS = 4096, DECIMAL_SHORTEST = 20, DECIMAL_TEXT = 32 };

/* An IEEE 754 binary format: bits of the significand with the hidden one, and the exponent of the least normal. */
typedef struct float_layout {
  int precision, min_exponent;
} float_layout;
extern const float_layout layout_f32, layout_f64;

/* A number as it is written: digits (values 0 .. 15, first the most significant) times 10^exponent, or, if it is
 * hexadecimal, times 2^exponent. */
typedef struct written {
  uint8_t digits[DECIMAL_MAX_DIGITS];
  size_t n;
  bool is_hex;
  int64_t exponent; /* between -2^40 and 2^40 */
} written;

/* The bits of the nearest float, ties to even; too large gives infinity. */
uint64_t decimal_round(const written *w, float_layout layout);

/* The fewest digits ('0' .. '9', no leading or trailing zero) such that 0.DIGITS * 10^*exponent reads back as the
 * float of these bits, which is positive and finite. Returns how many; of several the nearest, then the even. */
int decimal_shortest(uint64_t bits, float_layout layout, char digits[DECIMAL_SHORTEST], int *exponent);

/* Any float of these bits as text that reads back to it: the fewest digits, in full from 0.0001 to below 10^16
 * ("100.0"), else with an exponent ("1e-05"); "-0.0", "inf", "nan". Returns the length. */
int decimal_format(uint64_t bits, float_layout layout, char out[DECIMAL_TEXT]);

#endif
