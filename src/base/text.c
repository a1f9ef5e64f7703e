/* text.c: the growing buffer of every printer, and numbers as text. Floats go through decimal.c, never through the C
 * library, which would ask the locale for the decimal point and the environment for the rounding. */
#include "base/text.h"

#include "base/decimal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- the buffer ---- */

void text_bytes(text *t, const void *bytes, size_t n)
{
  if (t->failed || n == 0) {
    return;
  }
  if (n > SIZE_MAX - t->n - 1 || !alloc_grow(&t->allocator, (void **)&t->data, &t->capacity, t->n + n + 1, 1)) {
    t->failed = true;
    return;
  }
  memcpy(t->data + t->n, bytes, n);
  t->n += n;
}

void text_put(text *t, const char *s)
{
  text_bytes(t, s, strlen(s));
}

void text_format(text *t, const char *format, ...)
{
  char buffer[512];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(buffer, sizeof buffer, format, args);
  va_end(args);
  if (n > 0) {
    text_bytes(t, buffer, (size_t)n < sizeof buffer ? (size_t)n : sizeof buffer - 1);
  }
}

void text_free(text *t)
{
  alloc_free(&t->allocator, t->data, t->capacity, 1);
  *t = (text){.allocator = t->allocator};
}

tg_status text_take(text *t, char **bytes, size_t *n)
{
  *bytes = NULL;
  *n = 0;
  char *data = t->failed ? NULL : t->allocator.resize(t->allocator.self, t->data, t->capacity, t->n + 1);
  if (data == NULL) {
    text_free(t);
    return TG_NOMEM;
  }
  data[t->n] = '\0';
  *bytes = data;
  *n = t->n;
  *t = (text){.allocator = t->allocator};
  return TG_OK;
}

/* ---- floats as text ---- */

static void put_float(text *t, uint64_t bits, float_layout layout)
{
  char digits[DECIMAL_TEXT];
  text_bytes(t, digits, (size_t)decimal_format(bits, layout, digits));
}

void text_f32(text *t, float value)
{
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  put_float(t, bits, layout_f32);
}

void text_f64(text *t, double value)
{
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  put_float(t, bits, layout_f64);
}

/* ---- text as numbers ---- */

/* The value of a digit, or 16. */
static unsigned digit_of(char c)
{
  if (c >= '0' && c <= '9') {
    return (unsigned)(c - '0');
  }
  if (c >= 'a' && c <= 'f') {
    return (unsigned)(c - 'a') + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return (unsigned)(c - 'A') + 10;
  }
  return 16;
}

static bool has_hex_prefix(const char *s, size_t n)
{
  return n >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
}

/* [ "+" | "-" ] digits, to the end. A huge exponent is cut to one that is as good. */
static bool read_exponent(const char *s, size_t n, int64_t *exponent)
{
  bool is_negative = n > 0 && s[0] == '-';
  size_t i = n > 0 && (s[0] == '-' || s[0] == '+') ? 1 : 0;
  int64_t value = 0;
  if (i == n) {
    return false;
  }
  for (; i < n; i++) {
    if (digit_of(s[i]) > 9) {
      return false;
    }
    value = value < INT32_MAX ? value * 10 + (int64_t)digit_of(s[i]) : value;
  }
  *exponent = is_negative ? -value : value;
  return true;
}

/* Splits a number into its digits and exponent. A hexadecimal one with a point needs an exponent, as in C. */
static bool read_number(const char *s, size_t n, written *w)
{
  w->is_hex = has_hex_prefix(s, n);
  w->n = 0;
  unsigned base = w->is_hex ? 16 : 10;
  int64_t exponent = 0, after_point = 0;
  bool has_point = false;
  size_t i = w->is_hex ? 2 : 0;
  for (; i < n; i++) {
    if (s[i] == '.' && !has_point) {
      has_point = true;
    } else if (digit_of(s[i]) < base) {
      w->digits[w->n++] = (uint8_t)digit_of(s[i]);
      after_point += has_point ? 1 : 0;
    } else {
      break;
    }
  }
  char mark = w->is_hex ? 'p' : 'e';
  bool has_exponent = i < n && (s[i] | 0x20) == mark;
  if (w->n == 0 || (i < n && !has_exponent) || (w->is_hex && has_point && !has_exponent) ||
      (has_exponent && !read_exponent(s + i + 1, n - i - 1, &exponent))) {
    return false;
  }
  w->exponent = exponent - after_point * (w->is_hex ? 4 : 1);
  return true;
}

static bool parse_float(const char *s, size_t n, float_layout layout, uint64_t *bits)
{
  written w;
  if (n > DECIMAL_MAX_DIGITS || !read_number(s, n, &w)) {
    return false;
  }
  *bits = decimal_round(&w, layout);
  return true;
}

bool text_parse_f32(const char *s, size_t n, float *out)
{
  uint64_t bits;
  if (!parse_float(s, n, layout_f32, &bits)) {
    return false;
  }
  uint32_t low = (uint32_t)bits;
  memcpy(out, &low, sizeof low);
  return true;
}

bool text_parse_f64(const char *s, size_t n, double *out)
{
  uint64_t bits;
  if (!parse_float(s, n, layout_f64, &bits)) {
    return false;
  }
  memcpy(out, &bits, sizeof bits);
  return true;
}

bool text_parse_u64(const char *s, size_t n, uint64_t *out)
{
  unsigned base = has_hex_prefix(s, n) ? 16 : 10;
  size_t i = base == 16 ? 2 : 0;
  uint64_t value = 0;
  if (i == n) {
    return false;
  }
  for (; i < n; i++) {
    unsigned digit = digit_of(s[i]);
    if (digit >= base || value > (UINT64_MAX - digit) / base) {
      return false;
    }
    value = value * base + digit;
  }
  *out = value;
  return true;
}
