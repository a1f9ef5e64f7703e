/* record_test.c: records, and how they are printed as text and as JSON. */
#include "explain/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static tg_allocator allocator;
static explainer e;

static int set_up(void **state)
{
  (void)state;
  allocator = alloc_default();
  e = explain_open(&allocator);
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  explain_close(&e);
  return 0;
}

typedef void printer(const explainer *records, text *out);

static void prints(printer *print, const char *wanted)
{
  text t = {.allocator = allocator};
  char *found;
  size_t n;
  assert_false(e.failed);
  print(&e, &t);
  assert_int_equal(text_take(&t, &found, &n), TG_OK);
  assert_int_equal(n, strlen(found));
  assert_string_equal(found, wanted);
  alloc_free(&allocator, found, n + 1, 1);
}

static void add_some(void)
{
  explain_count(&e, "plan", "threads", 2, "threads");
  explain_reason(&e, "of %d", 4);
  explain_add(&e, "plan", "engine", "vec", "it \"is\"\n\\there");
  explain_measure(&e, "speed", "rate", 0.0123, "GB/s");
  explain_count(&e, "plan", "n", 1000000, "");
}

/* Sections stay together, in the order of their first record, and columns line up. */
static void text_has_columns(void **state)
{
  (void)state;
  add_some();
  explain_add(&e, "plan", "engine", "vec", "it is there");
  prints(explain_print_text, "plan\n"
                             "  threads  2 threads    of 4\n"
                             "  engine   vec          it is there\n"
                             "  n        1,000,000\n"
                             "\nspeed\n"
                             "  rate     0.0123 GB/s\n");
}

static void json_has_objects(void **state)
{
  (void)state;
  add_some();
  prints(explain_print_json,
         "{\n  \"plan\": {\n    \"threads\": {\"value\": 2, \"unit\": \"threads\", \"reason\": \"of 4\"},\n"
         "    \"engine\": {\"value\": \"vec\", \"reason\": \"it \\\"is\\\"\\u000a\\\\there\"},\n"
         "    \"n\": {\"value\": 1000000}\n  },\n"
         "  \"speed\": {\n    \"rate\": {\"value\": 0.0123, \"unit\": \"GB/s\"}\n  }\n}\n");
}

static void nothing_prints_as_nothing(void **state)
{
  (void)state;
  prints(explain_print_text, "");
  prints(explain_print_json, "{\n}\n");
}

/* A second record of a name takes the place of the first, whole. */
static void the_last_record_counts(void **state)
{
  (void)state;
  explain_count(&e, "a", "b", 7, "bytes");
  explain_reason(&e, "first");
  explain_add(&e, "a", "c", "x", "y");
  explain_measure(&e, "a", "b", 2, "ns");
  explain_append(&e, "a", "c", " and z");
  explain_append(&e, "a", "none", "ignored");
  assert_int_equal(e.records.n, 2);
  assert_null(explain_find(&e, "b", "a"));
  prints(explain_print_json, "{\n  \"a\": {\n    \"b\": {\"value\": 2, \"unit\": \"ns\"},\n"
                             "    \"c\": {\"value\": \"x\", \"reason\": \"y and z\"}\n  }\n}\n");
}

typedef struct number {
  double value;
  const char *text;
} number;

/* Three digits, with no more zeros than must be. */
static void measures_have_three_digits(void **state)
{
  static const number numbers[] = {
      {0, "0"},
      {1, "1"},
      {1.5, "1.5"},
      {12.34, "12.3"},
      {99.94, "99.9"},
      {99.96, "100"},
      {100, "100"},
      {123456, "123000"},
      {0.1, "0.1"},
      {0.12345, "0.123"},
      {0.00012345, "0.000123"},
      {0.9996, "1"},
      {9.999, "10"},
      {1.05, "1.05"},
      {1000, "1000"},
      {-1, "0"},
      {1e300, "0"},
      {1e-300, "0"},
      {999499, "999000"},
      {20.04, "20"},
      {1e-9 * 2, "0.000000002"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    char wanted[100];
    explain_measure(&e, "s", "k", numbers[i].value, "");
    snprintf(wanted, sizeof wanted, "s\n  k  %s\n", numbers[i].text);
    prints(explain_print_text, wanted);
  }
}

typedef struct count {
  uint64_t value;
  const char *text;
} count;

static void bytes_have_units(void **state)
{
  static const count counts[] = {
      {0, "0 bytes"},     {1023, "1023 bytes"},         {1024, "1 KiB"},    {1536, "1.5 KiB"},
      {1 << 20, "1 MiB"}, {UINT64_C(3) << 30, "3 GiB"}, {9999, "9.76 KiB"}, {UINT64_C(5000) << 40, "5000 TiB"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    char wanted[100];
    explain_count(&e, "s", "k", counts[i].value, "bytes");
    snprintf(wanted, sizeof wanted, "s\n  k  %s\n", counts[i].text);
    prints(explain_print_text, wanted);
  }
}

static void counts_are_grouped(void **state)
{
  static const count counts[] = {
      {9999, "9999"}, {10000, "10,000"}, {1000010, "1,000,010"}, {UINT64_MAX, "18,446,744,073,709,551,615"}};
  (void)state;
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    char wanted[100];
    explain_count(&e, "s", "k", counts[i].value, "");
    snprintf(wanted, sizeof wanted, "s\n  k  %s\n", counts[i].text);
    prints(explain_print_text, wanted);
  }
}

/* No line is longer than 118 columns, and none begins before the column of reasons. */
static void long_reasons_are_wrapped(void **state)
{
  text t = {.allocator = allocator};
  char reason[500] = "";
  (void)state;
  for (int i = 0; i < 60; i++) {
    strcat(reason, i > 0 ? " word" : "word");
  }
  explain_add(&e, "s", "key", "value", reason);
  explain_print_text(&e, &t);
  text_bytes(&t, "", 1);
  assert_false(t.failed);
  size_t n_words = 0;
  for (const char *line = strchr(t.data, '\n') + 1; *line != '\0'; line = strchr(line, '\n') + 1) {
    assert_in_range(strcspn(line, "\n"), 14, 118);
    assert_memory_equal(line + 14, "word", 4);
    for (const char *at = line; (at = strstr(at, "word")) != NULL && at < strchr(line, '\n'); at++) {
      n_words++;
    }
  }
  assert_int_equal(n_words, 60);
  text_free(&t);
}

/* After a failed allocation nothing is done; tests/unit/oom fails each. */
static void failures_stick(void **state)
{
  (void)state;
  e.failed = true;
  add_some();
  explain_append(&e, "plan", "threads", "more");
  assert_int_equal(e.records.n, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(text_has_columns),       TEST(json_has_objects),           TEST(nothing_prints_as_nothing),
      TEST(the_last_record_counts), TEST(measures_have_three_digits), TEST(bytes_have_units),
      TEST(counts_are_grouped),     TEST(long_reasons_are_wrapped),   TEST(failures_stick),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
