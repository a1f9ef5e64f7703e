/* number.c: elements and text. The exact conversions are those of src/base, which graph text uses too. */
#include "io/number.h"

#include "base/decimal.h"
#include "base/float.h"
#include "base/text.h"
#include "graph/element.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MOST_DIGITS = 4096 }; /* what base/text.h reads */

static bool is_signed(tg_type type)
{
  return type >= TG_I8 && type <= TG_I64;
}

static bool is_float(tg_type type)
{
  return type == TG_F32 || type == TG_F64;
}

static bool is_word(const char *s, size_t n, const char *word)
{
  if (strlen(word) != n) return false;
  for (size_t i = 0; i < n; i++) {
    char c = s[i];
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    if (c != word[i]) return false;
  }
  return true;
}

static bool is_one_of(const char *s, size_t n, const char *const *words)
{
  for (; *words; words++) {
    if (is_word(s, n, *words)) return true;
  }
  return false;
}

static bool is_missing(const char *s, size_t n)
{
  static const char *const words[] = {"", "na", "nan", "n/a", "null", NULL};
  return is_one_of(s, n, words);
}

/* Takes a sign off the front. */
static bool take_sign(const char **s, size_t *n)
{
  bool negative = *n > 0 && **s == '-';
  if (*n > 1 && (**s == '-' || **s == '+')) {
    ++*s;
    --*n;
  }
  return negative;
}

static number_status parse_bool(const char *s, size_t n, uint64_t *value)
{
  static const char *const yes[] = {"1", "true", NULL};
  static const char *const no[] = {"0", "false", NULL};
  *value = is_one_of(s, n, yes);
  return *value || is_one_of(s, n, no) ? NUMBER_OK : NUMBER_MALFORMED;
}

static bool only_digits(const char *s, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (s[i] < '0' || s[i] > '9') return false;
  }
  return n > 0;
}

static number_status parse_integer(tg_type type, const char *s, size_t n, uint64_t *value)
{
  bool negative = take_sign(&s, &n);
  uint64_t magnitude = 0;
  /* Digits alone that cannot be read are too many. */
  if (!text_parse_u64(s, n, &magnitude)) return only_digits(s, n) ? NUMBER_RANGE : NUMBER_MALFORMED;
  unsigned bits = (unsigned)tg_type_bytes(type) * 8;
  uint64_t most = UINT64_MAX >> (64 - bits);
  if (is_signed(type)) most = (most >> 1) + negative;
  if (!is_signed(type) && negative) most = 0;
  if (magnitude > most) return NUMBER_RANGE;
  *value = (negative ? 0 - magnitude : magnitude) & (UINT64_MAX >> (64 - bits));
  return NUMBER_OK;
}

static number_status parse_float(tg_type type, const char *s, size_t n, uint64_t *value)
{
  static const char *const infinity[] = {"inf", "infinity", NULL};
  bool negative = take_sign(&s, &n);
  float f = 0;
  double d = 0;
  if (is_one_of(s, n, infinity)) {
    *value = type == TG_F32 ? UINT32_C(0x7F800000) : UINT64_C(0x7FF0000000000000);
  } else if (type == TG_F32 ? text_parse_f32(s, n, &f) : text_parse_f64(s, n, &d)) {
    *value = type == TG_F32 ? f32_bits(f) : f64_bits(d);
  } else {
    return NUMBER_MALFORMED;
  }
  if (negative) *value |= type == TG_F32 ? UINT32_C(0x80000000) : UINT64_C(0x8000000000000000);
  return NUMBER_OK;
}

number_status number_parse(tg_mode mode, const char *s, size_t n, void *element)
{
  tg_type type = tg_mode_type(mode);
  uint64_t value = 0;
  number_status status;
  if (n > MOST_DIGITS) return NUMBER_MALFORMED;
  if (is_missing(s, n)) {
    if (is_float(type)) element_store(mode, element, type == TG_F32 ? F32_NAN : F64_NAN);
    return NUMBER_MISSING;
  }
  if (type == TG_BOOL) {
    status = parse_bool(s, n, &value);
  } else if (is_float(type)) {
    status = parse_float(type, s, n, &value);
  } else {
    status = parse_integer(type, s, n, &value);
  }
  if (status == NUMBER_OK) element_store(mode, element, value);
  return status;
}

bool number_is_number(const char *s, size_t n)
{
  uint64_t value;
  return n <= MOST_DIGITS && (is_missing(s, n) || parse_float(TG_F64, s, n, &value) == NUMBER_OK);
}

void number_range(tg_mode mode, char *out)
{
  tg_type type = tg_mode_type(mode);
  unsigned bits = (unsigned)tg_type_bytes(type) * 8;
  uint64_t most = UINT64_MAX >> (64 - bits);
  if (type == TG_BOOL) {
    snprintf(out, NUMBER_TEXT, "0, 1, true or false");
  } else if (is_float(type)) {
    snprintf(out, NUMBER_TEXT, "a number");
  } else if (is_signed(type)) {
    snprintf(out, NUMBER_TEXT, "an integer from -%" PRIu64 " to %" PRIu64, (most >> 1) + 1, most >> 1);
  } else {
    snprintf(out, NUMBER_TEXT, "an integer from 0 to %" PRIu64, most);
  }
}

size_t number_format_bits(tg_type type, uint64_t bits, char *out)
{
  unsigned width = (unsigned)tg_type_bytes(type) * 8;
  int n;
  if (type == TG_BOOL) {
    n = snprintf(out, NUMBER_TEXT, "%s", bits ? "true" : "false");
  } else if (is_float(type)) {
    n = decimal_format(value_canonical(type, bits), type == TG_F32 ? layout_f32 : layout_f64, out);
  } else if (is_signed(type) && (bits >> (width - 1) & 1)) {
    uint64_t magnitude = (0 - bits) & (UINT64_MAX >> (64 - width));
    n = snprintf(out, NUMBER_TEXT, "-%" PRIu64, magnitude);
  } else {
    n = snprintf(out, NUMBER_TEXT, "%" PRIu64, bits);
  }
  return (size_t)n;
}

size_t number_format(tg_mode mode, const void *element, char *out)
{
  return number_format_bits(tg_mode_type(mode), element_load(mode, element), out);
}
