/* text_test.c: the growing buffer, and numbers as text and back. The digits of floats are those of Python's repr and of
 * NumPy's shortest float32, laid out as C's %g does; the bits are exact, from rational arithmetic. */
#include "base/text.h"

#include "fail_alloc.h"

#include <fenv.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static float f32_of(uint32_t bits)
{
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static double f64_of(uint64_t bits)
{
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* The text of a float: of an f32 if is_f32. */
static const char *shown(uint64_t bits, bool is_f32, char buffer[64])
{
  text t = {.allocator = alloc_default()};
  if (is_f32) {
    text_f32(&t, f32_of((uint32_t)bits));
  } else {
    text_f64(&t, f64_of(bits));
  }
  assert_false(t.failed);
  assert_true(t.n < 64);
  memcpy(buffer, t.data, t.n);
  buffer[t.n] = '\0';
  text_free(&t);
  return buffer;
}

/* ---- the buffer ---- */

static void grows(void **state)
{
  (void)state;
  fail_alloc f;
  text t = {.allocator = fail_alloc_make(&f, 0, 0)};
  char *bytes;
  size_t n;
  text_put(&t, "a");
  text_bytes(&t, "b\0c", 3);
  text_format(&t, "%d%s", -5, "!");
  text_bytes(&t, NULL, 0);
  for (int i = 0; i < 1000; i++) {
    text_put(&t, "xyz");
  }
  assert_int_equal(text_take(&t, &bytes, &n), TG_OK);
  assert_int_equal(n, 3007);
  assert_memory_equal(bytes, "ab\0c-5!xyzxyz", 13);
  assert_int_equal(bytes[n], 0);
  assert_int_equal(f.live, n + 1);
  assert_null(t.data);
  t.allocator.resize(t.allocator.self, bytes, n + 1, 0);
  assert_int_equal(f.live, 0);
  assert_false(f.misused);
}

static void takes_nothing(void **state)
{
  (void)state;
  text t = {.allocator = alloc_default()};
  char *bytes;
  size_t n;
  assert_int_equal(text_take(&t, &bytes, &n), TG_OK);
  assert_int_equal(n, 0);
  assert_string_equal(bytes, "");
  t.allocator.resize(t.allocator.self, bytes, 1, 0);
}

static void failure_sticks(void **state)
{
  (void)state;
  for (size_t fail_at = 1; fail_at < 8; fail_at++) {
    fail_alloc f;
    text t = {.allocator = fail_alloc_make(&f, fail_at, 0)};
    char *bytes = NULL;
    size_t n = 1;
    for (int i = 0; i < 40; i++) {
      text_put(&t, "12345678");
    }
    tg_status status = text_take(&t, &bytes, &n);
    assert_int_equal(status, f.failed ? TG_NOMEM : TG_OK);
    assert_int_equal(n, f.failed ? 0 : 320);
    if (bytes != NULL) {
      t.allocator.resize(t.allocator.self, bytes, n + 1, 0);
    }
    assert_int_equal(f.live, 0);
    assert_false(f.misused);
  }
}

/* ---- floats ---- */

typedef struct shown_case {
  uint64_t bits;
  const char *text;
} shown_case;

static const shown_case f32_cases[] = {
    {0x00000000, "0.0"},           {0x80000000, "-0.0"},
    {0x3fc00000, "1.5"},           {0xbf800000, "-1.0"},
    {0x7f800000, "inf"},           {0xff800000, "-inf"},
    {0x7fc00000, "nan"},           {0xffc00001, "nan"},
    {0x00000001, "1e-45"},         {0x007fffff, "1.1754942e-38"},
    {0x00800000, "1.1754944e-38"}, {0x7f7fffff, "3.4028235e+38"},
    {0x3dcccccd, "0.1"},           {0x3eaaaaab, "0.33333334"},
    {0x4b800000, "16777216.0"},    {0x39800000, "0.00024414062"},
    {0x49800002, "1048576.2"},     {0x7149f2ca, "1e+30"},
    {0x5a0e1bca, "1e+16"},         {0x38d1b717, "0.0001"},
    {0x3727c5ac, "1e-05"},         {0x42c80000, "100.0"},
    {0x0f800000, "1.2621775e-29"}, {0x42ca0000, "101.0"},
    {0x42f00000, "120.0"},         {0x33d6bf95, "1e-07"},
    {0x26800000, "8.881784e-16"},  {0x58635fa9, "1000000000000000.0"},
};

static const shown_case f64_cases[] = {
    {0x3ff8000000000000, "1.5"},
    {0x3fb999999999999a, "0.1"},
    {0x3fd3333333333334, "0.30000000000000004"},
    {0x0000000000000001, "5e-324"},
    {0x000fffffffffffff, "2.225073858507201e-308"},
    {0x0010000000000000, "2.2250738585072014e-308"},
    {0x7fefffffffffffff, "1.7976931348623157e+308"},
    {0x4340000000000000, "9007199254740992.0"},
    {0x4341c37937e08000, "1e+16"},
    {0x444b1ae4d6e2ef50, "1e+21"},
    {0x44b52d02c7e14af6, "1e+23"},
    {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
    {0x3f1a36e2eb1c432d, "0.0001"},
    {0x3ee4f8b588e368f1, "1e-05"},
    {0xc000000000000000, "-2.0"},
    {0x7ff8000000000000, "nan"},
    {0xfff0000000000000, "-inf"},
    /* the nearest 16 digits, 7.120236347223044, do not read back; these do */
    {0x0060000000000000, "7.120236347223045e-307"},
    {0x8000000000000000, "-0.0"},
};

static void shows_floats(void **state)
{
  (void)state;
  char buffer[64];
  for (size_t i = 0; i < COUNT(f32_cases); i++) {
    assert_string_equal(shown(f32_cases[i].bits, true, buffer), f32_cases[i].text);
  }
  for (size_t i = 0; i < COUNT(f64_cases); i++) {
    assert_string_equal(shown(f64_cases[i].bits, false, buffer), f64_cases[i].text);
  }
}

typedef struct parse_case {
  const char *text;
  uint32_t f32;
  uint64_t f64;
} parse_case;

static const parse_case parse_cases[] = {
    {"0", 0, 0},
    {"0.0e999999999999999999999", 0, 0},
    {"1", 0x3f800000, 0x3ff0000000000000},
    {"1.", 0x3f800000, 0x3ff0000000000000},
    {".5", 0x3f000000, 0x3fe0000000000000},
    {"007", 0x40e00000, 0x401c000000000000},
    {"1e-3", 0x3a83126f, 0x3f50624dd2f1a9fc},
    {"1E+3", 0x447a0000, 0x408f400000000000},
    {"0x10", 0x41800000, 0x4030000000000000},
    {"0x1.8p1", 0x40400000, 0x4008000000000000},
    {"0x.8P-1", 0x3e800000, 0x3fd0000000000000},
    {"0xap0", 0x41200000, 0x4024000000000000},
    /* halfway between two f32, and a little to each side: to even, down, up */
    {"16777217", 0x4b800000, 0x4170000010000000},
    {"16777219", 0x4b800002, 0x4170000030000000},
    {"16777217.0000000000000000000000000000000000000001", 0x4b800001, 0x4170000010000000},
    {"16777216.9999999999999999999999999999999999999999", 0x4b800000, 0x4170000010000000},
    /* one rounding, not two: the nearest f64 lies halfway between two f32 */
    {"1.00000005960464484", 0x3f800001, 0x3ff0000010000000},
    {"0x1.000001000000000000001p0", 0x3f800001, 0x3ff0000010000000},
    /* least subnormal, half of it, a little more */
    {"1.4e-45", 0x00000001, 0x369ff868bf4d956a},
    {"0x1p-150", 0x00000000, 0x3690000000000000},
    {"0x1.00001p-150", 0x00000001, 0x3690000100000000},
    {"0x1p-1075", 0, 0},
    {"0x1.8p-1075", 0, 1},
    {"2.2250738585072011e-308", 0, 0x000fffffffffffff},
    /* largest, and what rounds to infinity */
    {"3.4028235677973366e38", 0x7f7fffff, 0x47effffff0000000},
    {"3.4028235677973367e38", 0x7f800000, 0x47effffff0000000},
    {"3.4028235677973362e38", 0x7f7fffff, 0x47efffffefffffff},
    {"1.7976931348623158e308", 0x7f800000, 0x7fefffffffffffff},
    {"1.7976931348623159e308", 0x7f800000, 0x7ff0000000000000},
    {"1e999999999999999999999", 0x7f800000, 0x7ff0000000000000},
    {"1e-999999999999999999999", 0, 0},
    {"0x1p99999999999999999999", 0x7f800000, 0x7ff0000000000000},
    {"0x1p-99999999999999999999", 0, 0},
};

static void reads_floats(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT(parse_cases); i++) {
    const parse_case *c = &parse_cases[i];
    float f = 0;
    double d = 0;
    uint32_t f_bits;
    uint64_t d_bits;
    assert_true(text_parse_f32(c->text, strlen(c->text), &f));
    assert_true(text_parse_f64(c->text, strlen(c->text), &d));
    memcpy(&f_bits, &f, sizeof f_bits);
    memcpy(&d_bits, &d, sizeof d_bits);
    if (f_bits != c->f32 || d_bits != c->f64) {
      fail_msg("%s: f32 %08lx f64 %016llx", c->text, (unsigned long)f_bits, (unsigned long long)d_bits);
    }
  }
}

static void refuses_what_is_no_float(void **state)
{
  (void)state;
  static const char *const texts[] = {"",     ".",    "e5", "1e",  "1e+",  "1.2.3",   "0x",      "0x.p1", "0x1.8",
                                      "0x1p", "-1",   "+1", " 1",  "1 ",   "inf",     "nan",     "1f",    "1e5.0",
                                      "0xg",  "1e5x", "1p", "1,5", "0x1e", "1e\0005", "0x1.8p+", "0b1",   "1_000"};
  float f = 1;
  double d = 1;
  for (size_t i = 0; i < COUNT(texts); i++) {
    bool is_int = strcmp(texts[i], "0x1e") == 0; /* hexadecimal digits, not an exponent */
    assert_int_equal(text_parse_f32(texts[i], strlen(texts[i]), &f), is_int);
    assert_int_equal(text_parse_f64(texts[i], strlen(texts[i]), &d), is_int);
  }
  assert_false(text_parse_f32("1\0", 2, &f));
}

/* As many digits as are allowed, where each counts: 1 - 10^-4000, and 1 followed by zeros and a small exponent. */
static void reads_long_numbers(void **state)
{
  (void)state;
  static char digits[4100];
  float f;
  double d;
  memset(digits, '9', 4000);
  memcpy(digits + 4000, "e-4000", 6);
  assert_true(text_parse_f64(digits, 4006, &d));
  assert_true(d == 1.0);
  digits[0] = '1';
  memset(digits + 1, '0', 3999);
  memcpy(digits + 4000, "e-3999", 6);
  assert_true(text_parse_f32(digits, 4006, &f));
  assert_true(f == 1.0F);
  memset(digits, 'f', sizeof digits);
  memcpy(digits, "0x", 2);
  assert_true(text_parse_f64(digits, 4096, &d));
  assert_true(d > 1.7976931348623157e308);
  assert_false(text_parse_f64(digits, 4097, &d));
}

static uint64_t next(uint64_t *seed)
{
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return *seed ^ (*seed >> 29);
}

/* Every text reads back as the same bits, and none with a digit less does. */
static void round_trips(void **state)
{
  (void)state;
  uint64_t seed = 1;
  char buffer[64];
  for (int i = 0; i < 20000; i++) {
    uint32_t bits = (uint32_t)next(&seed) & 0x7fffffff;
    float f = 0;
    if (bits < 0x7f800000) {
      const char *s = shown(bits, true, buffer);
      assert_true(text_parse_f32(s, strlen(s), &f));
      assert_memory_equal(&f, &bits, sizeof bits);
    }
    uint64_t wide = next(&seed) >> 1;
    double d = 0;
    if (wide < UINT64_C(0x7ff0000000000000)) {
      const char *s = shown(wide, false, buffer);
      assert_true(text_parse_f64(s, strlen(s), &d));
      assert_memory_equal(&d, &wide, sizeof wide);
    }
  }
}

/* Digits of a text before its exponent. */
static int digits_in(const char *s)
{
  int n = 0, zeros = 0;
  bool has_started = false;
  for (; *s != '\0' && *s != 'e'; s++) {
    if (*s >= '0' && *s <= '9') {
      has_started = has_started || *s != '0';
      zeros = *s == '0' ? zeros + 1 : 0;
      n += has_started ? 1 : 0;
    }
  }
  return n - (n > zeros ? zeros : 0);
}

static void is_shortest(void **state)
{
  (void)state;
  uint64_t seed = 2;
  char buffer[64], fewer[64];
  for (int i = 0; i < 5000; i++) {
    uint64_t bits = next(&seed) >> 1;
    if (bits >= UINT64_C(0x7ff0000000000000)) {
      continue;
    }
    double d = 0;
    int n = digits_in(shown(bits, false, buffer));
    assert_true(n <= 17);
    if (n > 1) {
      snprintf(fewer, sizeof fewer, "%.*e", n - 2, f64_of(bits));
      assert_true(text_parse_f64(fewer, strlen(fewer), &d));
      assert_memory_not_equal(&d, &bits, sizeof bits);
    }
  }
}

/* ---- the caller's settings ---- */

static void ignores_rounding_mode(void **state)
{
  static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  for (size_t i = 0; i < COUNT(modes); i++) {
    assert_int_equal(fesetround(modes[i]), 0);
    shows_floats(state);
    reads_floats(state);
    assert_int_equal(fegetround(), modes[i]);
    fesetround(FE_TONEAREST);
  }
}

/* Locales with a decimal comma; those that this machine lacks change nothing. */
static void ignores_locale(void **state)
{
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
  for (size_t i = 0; i < COUNT(names); i++) {
    setlocale(LC_ALL, names[i]);
    shows_floats(state);
    reads_floats(state);
    refuses_what_is_no_float(state);
    setlocale(LC_ALL, "C");
  }
}

/* ---- integers ---- */

static void reads_integers(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    bool is_number;
    uint64_t value;
  } cases[] = {{"0", true, 0},
               {"18446744073709551615", true, UINT64_MAX},
               {"18446744073709551616", false, 0},
               {"99999999999999999999", false, 0},
               {"00000000000000000000000000000000000012", true, 12},
               {"0xFFFFffffFFFFffff", true, UINT64_MAX},
               {"0x10000000000000000", false, 0},
               {"0x0", true, 0},
               {"", false, 0},
               {"0x", false, 0},
               {"12a", false, 0},
               {"-1", false, 0},
               {"+1", false, 0},
               {" 1", false, 0},
               {"1.0", false, 0}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    uint64_t value = 0;
    assert_int_equal(text_parse_u64(cases[i].text, strlen(cases[i].text), &value), cases[i].is_number);
    assert_true(value == cases[i].value);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grows),
      cmocka_unit_test(takes_nothing),
      cmocka_unit_test(failure_sticks),
      cmocka_unit_test(shows_floats),
      cmocka_unit_test(reads_floats),
      cmocka_unit_test(refuses_what_is_no_float),
      cmocka_unit_test(reads_long_numbers),
      cmocka_unit_test(round_trips),
      cmocka_unit_test(is_shortest),
      cmocka_unit_test(ignores_rounding_mode),
      cmocka_unit_test(ignores_locale),
      cmocka_unit_test(reads_integers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
