/* number.c: a literal is the longest run of letters, digits, points and signs of exponents that could be one; then it
 * is looked at as a whole, so that `1x` is one wrong number and not a number and a name. */
#include "lang/number.h"

#include "base/decimal.h"
#include "base/float.h"
#include "base/text.h"

#include <string.h>

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool has_prefix(const char *s, size_t n, char letter)
{
  return n >= 2 && s[0] == '0' && (s[1] | 0x20) == letter;
}

/* The bytes of the run. */
static size_t find_end(const char *s, size_t n)
{
  bool is_hex = has_prefix(s, n, 'x');
  size_t at = 0;
  while (at < n) {
    char before = at > 0 ? (char)(s[at - 1] | 0x20) : 0;
    if (s[at] == '.' && !(at + 1 < n && s[at + 1] == '.')) {
      at++;
    } else if ((s[at] == '+' || s[at] == '-') && before == (is_hex ? 'p' : 'e')) {
      at++;
    } else if (is_word(s[at])) {
      at++;
    } else {
      break;
    }
  }
  return at;
}

/* The type that ends the n bytes at s, which are a number with a suffix or without. */
static tg_type find_suffix(const char *s, size_t n, bool is_hex, size_t *n_digits)
{
  *n_digits = n;
  for (int type = TG_I8; type < TG_TYPE_COUNT; type++) {
    const char *name = type_table[type].name;
    size_t length = strlen(name);
    if (n > length && memcmp(s + n - length, name, length) == 0 && !(is_hex && type >= TG_F32)) {
      *n_digits = n - length;
      return (tg_type)type;
    }
  }
  return TG_TYPE_COUNT;
}

/* Copies without `_`, at most DECIMAL_MAX_DIGITS bytes. */
static size_t without_underscores(const char *s, size_t n, char out[DECIMAL_MAX_DIGITS])
{
  size_t length = 0;
  for (size_t i = 0; i < n && length < DECIMAL_MAX_DIGITS; i++) {
    if (s[i] != '_') {
      out[length++] = s[i];
    }
  }
  return length;
}

static const char *check_underscores(const char *s, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    bool between = i > 0 && i + 1 < n && is_word(s[i - 1]) && is_word(s[i + 1]) && s[i + 1] != '_';
    if (s[i] == '_' && !between) {
      return "'_' stands between digits";
    }
  }
  return NULL;
}

static const char *check_integer(const char *s, size_t n)
{
  bool is_hex = has_prefix(s, n, 'x'), is_binary = has_prefix(s, n, 'b');
  size_t start = is_hex || is_binary ? 2 : 0;
  if (start == n) {
    return "digits follow the prefix";
  }
  for (size_t i = start; i < n; i++) {
    char low = (char)(s[i] | 0x20);
    bool good = is_hex ? is_digit(s[i]) || (low >= 'a' && low <= 'f') : is_binary ? s[i] <= '1' : is_digit(s[i]);
    if (!good && s[i] != '_') {
      return is_binary ? "binary digits are 0 and 1"
                       : "names do not begin with a digit; suffixes are i8 to u64, f32, f64";
    }
  }
  return NULL;
}

static const char *check_float(const char *s, size_t n)
{
  char digits[DECIMAL_MAX_DIGITS];
  double value;
  if (n > DECIMAL_MAX_DIGITS) {
    return "4096 digits are enough";
  }
  for (size_t i = 0; i < n; i++) {
    char next = i + 1 < n ? (char)(s[i + 1] | 0x20) : 0;
    bool is_hex_digit = has_prefix(s, n, 'x') && next >= 'a' && next <= 'f';
    if (s[i] == '.' && !is_digit(next) && !is_hex_digit) {
      return "a digit follows the point";
    }
  }
  if (!text_parse_f64(digits, without_underscores(s, n, digits), &value)) {
    return "floats are like 1.5, .5, 1e-3 or 0x1.8p1";
  }
  return NULL;
}

number_text number_scan(const char *s, size_t n)
{
  number_text t = {.n = find_end(s, n)};
  bool is_hex = has_prefix(s, t.n, 'x');
  t.suffix = find_suffix(s, t.n, is_hex, &t.n_digits);
  t.is_float = t.suffix == TG_F32 || t.suffix == TG_F64 || memchr(s, '.', t.n_digits) != NULL;
  for (size_t i = 0; i < t.n_digits; i++) {
    char low = (char)(s[i] | 0x20);
    bool is_digits_so_far = is_digit(s[0]) || s[0] == '.';
    t.is_float = t.is_float || (is_digits_so_far && !has_prefix(s, t.n, 'b') && low == (is_hex ? 'p' : 'e'));
  }
  if (t.is_float && t.suffix != TG_TYPE_COUNT && t.suffix < TG_F32) {
    t.hint = "a float has no integer suffix";
    return t;
  }
  t.hint = check_underscores(s, t.n_digits);
  if (t.hint == NULL) {
    t.hint = t.is_float ? check_float(s, t.n_digits) : check_integer(s, t.n_digits);
  }
  return t;
}

bool number_integer(const char *s, size_t n_digits, uint64_t *value)
{
  unsigned base = has_prefix(s, n_digits, 'x') ? 16 : has_prefix(s, n_digits, 'b') ? 2 : 10;
  uint64_t sum = 0;
  for (size_t i = base == 10 ? 0 : 2; i < n_digits; i++) {
    if (s[i] == '_') {
      continue;
    }
    unsigned digit = is_digit(s[i]) ? (unsigned)(s[i] - '0') : (unsigned)((s[i] | 0x20) - 'a' + 10);
    if (sum > (UINT64_MAX - digit) / base) {
      return false;
    }
    sum = sum * base + digit;
  }
  *value = sum;
  return true;
}

uint64_t number_float(const char *s, size_t n_digits, tg_type type)
{
  char digits[DECIMAL_MAX_DIGITS];
  size_t n = without_underscores(s, n_digits, digits);
  float narrow = 0;
  double wide = 0;
  if (type == TG_F32) {
    text_parse_f32(digits, n, &narrow);
    return f32_bits(narrow);
  }
  text_parse_f64(digits, n, &wide);
  return f64_bits(wide);
}
