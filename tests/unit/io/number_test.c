/* number_test.c: elements as text and text as elements: the layout of floats, ranges, and every f16. */
#include "io/number.h"

#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void expect_format(tg_type type, uint64_t bits, const char *wanted)
{
  char text[NUMBER_TEXT];
  assert_int_equal(number_format_bits(type, bits, text), strlen(wanted));
  assert_string_equal(text, wanted);
}

static void float_layout(void **state)
{
  static const struct {
    double value;
    const char *text;
  } cases[] = {
      {0.0, "0.0"},
      {-0.0, "-0.0"},
      {1.0, "1.0"},
      {-1.5, "-1.5"},
      {300.0, "300.0"},
      {91935.0, "91935.0"},
      {0.1, "0.1"},
      {0.001, "0.001"},
      {0.00012345, "0.00012345"},
      {0.00001, "1e-05"},
      {1e15, "1000000000000000.0"},
      {1e16, "1e+16"},
      {1.5e20, "1.5e+20"},
      {-2.5e-300, "-2.5e-300"},
      {5e-324, "5e-324"},
      {123456.789, "123456.789"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {9007199254740993.0, "9007199254740992.0"},
  };
  (void)state;
  for (size_t k = 0; k < KIT_COUNT(cases); k++) expect_format(TG_F64, tg_bits_f64(cases[k].value), cases[k].text);
  expect_format(TG_F64, UINT64_C(0x7FF0000000000000), "inf");
  expect_format(TG_F64, UINT64_C(0xFFF0000000000000), "-inf");
  expect_format(TG_F64, UINT64_C(0xFFF0000000000001), "nan");
  expect_format(TG_F32, UINT32_C(0x7FC00001), "nan");
  expect_format(TG_F32, tg_bits_f32(0.1f), "0.1");
  expect_format(TG_F32, tg_bits_f32(16777216.0f), "16777216.0");
  expect_format(TG_F32, UINT32_C(0xFF7FFFFF), "-3.4028235e+38");
  expect_format(TG_F32, 1, "1e-45");
}

static void integers(void **state)
{
  (void)state;
  expect_format(TG_BOOL, 0, "false");
  expect_format(TG_BOOL, 1, "true");
  expect_format(TG_I8, 0x80, "-128");
  expect_format(TG_I8, 0x7F, "127");
  expect_format(TG_U8, 0xFF, "255");
  expect_format(TG_I64, UINT64_C(1) << 63, "-9223372036854775808");
  expect_format(TG_I64, UINT64_MAX, "-1");
  expect_format(TG_U64, UINT64_MAX, "18446744073709551615");
}

/* Every f16 and bf16 reads back from its text to the same bits; a NaN to the canonical one. */
static void every_half(void **state)
{
  static const tg_mode modes[] = {TG_MODE_F16, TG_MODE_BF16};
  static const uint16_t nans[] = {0x7E00, 0x7FC0}, infinities[] = {0x7C00, 0x7F80};
  char text[NUMBER_TEXT];
  (void)state;
  for (size_t m = 0; m < KIT_COUNT(modes); m++) {
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
      uint16_t element = (uint16_t)bits, again = 0;
      size_t n = number_format(modes[m], &element, text);
      bool is_nan = (bits & 0x7FFF) > infinities[m];
      assert_int_equal(number_parse(modes[m], text, n, &again), is_nan ? NUMBER_MISSING : NUMBER_OK);
      assert_int_equal(again, is_nan ? nans[m] : element);
    }
  }
}

static void ranges(void **state)
{
  char text[NUMBER_TEXT];
  (void)state;
  number_range(TG_MODE_I16BE, text);
  assert_string_equal(text, "an integer from -32768 to 32767");
  number_range(TG_MODE_U64, text);
  assert_string_equal(text, "an integer from 0 to 18446744073709551615");
  number_range(TG_MODE_I64, text);
  assert_string_equal(text, "an integer from -9223372036854775808 to 9223372036854775807");
  number_range(TG_MODE_BOOL, text);
  assert_string_equal(text, "0, 1, true or false");
  number_range(TG_MODE_BF16, text);
  assert_string_equal(text, "a number");
}

static void statuses(void **state)
{
  static const struct {
    tg_mode mode;
    const char *text;
    number_status status;
  } cases[] = {
      {TG_MODE_F64, "", NUMBER_MISSING},        {TG_MODE_I32, "NA", NUMBER_MISSING},
      {TG_MODE_I32, "x", NUMBER_MALFORMED},     {TG_MODE_I32, "-", NUMBER_MALFORMED},
      {TG_MODE_I32, "+", NUMBER_MALFORMED},     {TG_MODE_F32, "-", NUMBER_MALFORMED},
      {TG_MODE_F32, "1e", NUMBER_MALFORMED},    {TG_MODE_F32, "1,5", NUMBER_MALFORMED},
      {TG_MODE_F32, "1e5", NUMBER_OK},          {TG_MODE_I8, "1e2", NUMBER_MALFORMED},
      {TG_MODE_I8, "0x7f", NUMBER_OK},          {TG_MODE_I8, "0x80", NUMBER_RANGE},
      {TG_MODE_I8, "-0x80", NUMBER_OK},         {TG_MODE_U8, "-0", NUMBER_OK},
      {TG_MODE_U8, "-1", NUMBER_RANGE},         {TG_MODE_BOOL, "TRUE", NUMBER_OK},
      {TG_MODE_BOOL, "yes", NUMBER_MALFORMED},  {TG_MODE_F16, "-inf", NUMBER_OK},
      {TG_MODE_F16, "--inf", NUMBER_MALFORMED}, {TG_MODE_I64, "999999999999999999999999999999", NUMBER_RANGE},
  };
  (void)state;
  for (size_t k = 0; k < KIT_COUNT(cases); k++) {
    unsigned char element[8];
    number_status status = number_parse(cases[k].mode, cases[k].text, strlen(cases[k].text), element);
    if (status != cases[k].status) fail_msg("%s: status %d", cases[k].text, (int)status);
  }
  assert_true(number_is_number("-1.5e3", 6));
  assert_true(number_is_number("NA", 2));
  assert_false(number_is_number("a", 1));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(float_layout), cmocka_unit_test(integers), cmocka_unit_test(every_half),
      cmocka_unit_test(ranges),       cmocka_unit_test(statuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
