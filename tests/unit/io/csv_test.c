/* csv_test.c: .csv files: quoting, line ends, names and numbers of columns, missing values, ranges, and what is
 * refused. */
#include "io/csv.h"
#include "io/number.h"

#include "folder.h"
#include "kit.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Reads text from memory of its exact size, so that reading past the end is seen by the sanitizers. */
static tg_status read_text(const char *text, const char *name, tg_mode mode, column *out, tg_error *error)
{
  size_t n = strlen(text);
  unsigned char *data = malloc(n ? n : 1);
  assert_non_null(data);
  memcpy(data, text, n);
  tg_status status = csv_read_column(data, n, name, mode, out, error);
  free(data);
  return status;
}

/* The elements as text, with a space after each. */
static void join(const column *c, char *out, size_t n)
{
  char number[NUMBER_TEXT];
  size_t at = 0;
  out[0] = '\0';
  for (size_t k = 0; k < c->n; k++) {
    number_format(c->mode, c->data + k * tg_mode_bytes(c->mode), number);
    at += (size_t)snprintf(out + at, n - at, "%s ", number);
    assert_true(at < n);
  }
}

/* ---- what is read ---- */

typedef struct good {
  const char *text, *name;
  tg_mode mode;
  const char *elements;
} good;

static const good goods[] = {
    /* one column needs no name */
    {"x\n1\n2\n", NULL, TG_MODE_I32, "1 2 "},
    {"1\n2\n", NULL, TG_MODE_I32, "1 2 "},
    {"x\n1\n2", NULL, TG_MODE_I32, "1 2 "},
    {"x\n", NULL, TG_MODE_I32, ""},
    /* by name, by number, with and without header */
    {"a,b\n1,2\n3,4\n", "a", TG_MODE_I32, "1 3 "},
    {"a,b\n1,2\n3,4\n", "b", TG_MODE_I32, "2 4 "},
    {"a,b\n1,2\n3,4\n", "2", TG_MODE_I32, "2 4 "},
    {"1,2\n3,4\n", "2", TG_MODE_I32, "2 4 "},
    {"2,1\nx,5\n", "2", TG_MODE_I32, "1 5 "},
    {"a,2\n7,5\n", "2", TG_MODE_I32, "5 "},
    /* line ends, mark, empty lines */
    {"a,b\r\n1,2\r\n3,4\r\n", "b", TG_MODE_I32, "2 4 "},
    {"a,b\r1,2\r3,4\r", "b", TG_MODE_I32, "2 4 "},
    {"\xEF\xBB\xBF"
     "a,b\n1,2\n",
     "a", TG_MODE_I32, "1 "},
    {"\n\na\n\n1\n\n\n2\n\n", NULL, TG_MODE_I32, "1 2 "},
    {"a,b\n 1 ,\t2\n", "b", TG_MODE_I32, "2 "},
    /* quotes */
    {"\"a, b\",\"c\"\"d\"\n1,2\n", "a, b", TG_MODE_I32, "1 "},
    {"\"a, b\",\"c\"\"d\"\n1,2\n", "c\"d", TG_MODE_I32, "2 "},
    {"a,b\n\"1\",\"2\"\n\"3\",4\n", "b", TG_MODE_I32, "2 4 "},
    {"a,b\n\"x\ny\",2\n\"x,\r\ny\",4\n", "b", TG_MODE_I32, "2 4 "},
    {"\"\",b\n1,2\n", "b", TG_MODE_I32, "2 "},
    /* missing values */
    {"a,b\n,2\nNA,4\nNaN,5\nnan,6\n\"\",7\nN/A,1\nnull,1\n", "a", TG_MODE_F64, "nan nan nan nan nan nan nan "},
    {"a,b\n1,\n2,NA\n", "b", TG_MODE_F16, "nan nan "},
    {"a,b\n1,\n2,NA\n", "a", TG_MODE_I32, "1 2 "},
    {"NA,1\n2,3\n", "1", TG_MODE_F32, "nan 2.0 "},
    /* floats */
    {"x\n1\n-2.5\n+3e2\n1e-400\n.5\n1.\n-0\ninf\n-Infinity\n0x1.8p1\n", NULL, TG_MODE_F64,
     "1.0 -2.5 300.0 0.0 0.5 1.0 -0.0 inf -inf 3.0 "},
    {"x\n0.1\n16777217\n1e39\n", NULL, TG_MODE_F32, "0.1 16777216.0 inf "},
    {"x\n0.1\n65519\n65520\n", NULL, TG_MODE_F16, "0.099975586 65504.0 inf "},
    {"x\n0.1\n", NULL, TG_MODE_BF16BE, "0.100097656 "},
    {"x\n0.1\n", NULL, TG_MODE_F64BE, "0.1 "},
    /* integers and bool */
    {"x\n-128\n127\n+7\n-0\n", NULL, TG_MODE_I8, "-128 127 7 0 "},
    {"x\n-9223372036854775808\n9223372036854775807\n", NULL, TG_MODE_I64, "-9223372036854775808 9223372036854775807 "},
    {"x\n18446744073709551615\n0x10\n-0\n", NULL, TG_MODE_U64BE, "18446744073709551615 16 0 "},
    {"x\n0\n1\ntrue\nFALSE\n", NULL, TG_MODE_BOOL, "false true true false "},
};

static void reads(void **state)
{
  (void)state;
  for (size_t k = 0; k < KIT_COUNT(goods); k++) {
    column c;
    char elements[400];
    tg_error error = {.code = TG_OK};
    tg_status status = read_text(goods[k].text, goods[k].name, goods[k].mode, &c, &error);
    if (status != TG_OK) fail_msg("%s: %s", goods[k].text, error.message);
    join(&c, elements, sizeof elements);
    assert_string_equal(elements, goods[k].elements);
    column_free(&c);
  }
}

/* ---- what is refused ---- */

typedef struct bad {
  const char *text, *name;
  tg_mode mode;
  unsigned line;
  const char *message;
} bad;

static const bad bads[] = {
    {"", NULL, TG_MODE_F32, 0, "is empty"},
    {"\n\n", NULL, TG_MODE_F32, 0, "is empty"},
    {"a,b\n1,2\n", NULL, TG_MODE_F32, 0, "has 2 columns, and it is not said which one to read"},
    {"1,2\n", NULL, TG_MODE_F32, 0, "has 2 columns"},
    {"a,b\n1,2\n", "c", TG_MODE_F32, 0, "has no column 'c'"},
    {"a,b\n1,2\n", "3", TG_MODE_F32, 0, "has no column '3'"},
    {"a,b\n1,2\n", "0", TG_MODE_F32, 0, "has no column '0'"},
    {"a,b\n1,2\n", "99999999999999999999999999", TG_MODE_F32, 0, "has no column '9999"},
    {"a,b\n1,2\n", "A", TG_MODE_F32, 0, "has no column 'A'"},
    {"1,2\n", "a", TG_MODE_F32, 0, "has no column 'a', only 2 without names"},
    {"a,b,a\n1,2,3\n", "a", TG_MODE_F32, 0, "has 2 columns called 'a'"},
    {"a,b\n1,2\n3\n", "a", TG_MODE_F32, 3, "the row has 1 field, the first line has 2"},
    {"a,b\n1,2\n3,4,5\n", "a", TG_MODE_F32, 3, "the row has 3 fields, the first line has 2"},
    {"a,b\n1,2\n\n3,x\n", "b", TG_MODE_F32, 4, "column 'b': 'x' is not a number, as f32 wants"},
    {"1,2\n3,x\n", "2", TG_MODE_F32, 2, "column 2: 'x' is not a number"},
    {"a\n1,5\n", NULL, TG_MODE_F64, 2, "the row has 2 fields"},
    {"a\n\"1,5\"\n", NULL, TG_MODE_F64, 2, "'1,5' is not a number"},
    {"a\n1e\n", NULL, TG_MODE_F64, 2, "'1e' is not a number"},
    {"a\n--1\n", NULL, TG_MODE_F64, 2, "'--1' is not a number"},
    {"a\n1 2\n", NULL, TG_MODE_F64, 2, "'1 2' is not a number"},
    {"a\n1\n\nx\n", NULL, TG_MODE_I32, 4, "'x' is not an integer from -2147483648 to 2147483647, as i32 wants"},
    {"a\n1.0\n", NULL, TG_MODE_I32, 2, "'1.0' is not an integer"},
    {"a,b\n1,2\nNA,3\n", "a", TG_MODE_I32, 3, "column 'a': the value is missing, and i32 has no value for that"},
    {"a,b\n1,2\n,3\n", "a", TG_MODE_BOOL, 3, "the value is missing"},
    {"a\n2\n", NULL, TG_MODE_BOOL, 2, "'2' is not 0, 1, true or false"},
    {"a\n128\n", NULL, TG_MODE_I8, 2, "128 does not fit i8, an integer from -128 to 127"},
    {"a\n-129\n", NULL, TG_MODE_I8, 2, "-129 does not fit i8"},
    {"a\n-1\n", NULL, TG_MODE_U8, 2, "-1 does not fit u8, an integer from 0 to 255"},
    {"a\n65536\n", NULL, TG_MODE_U16BE, 2, "does not fit u16be"},
    {"a\n4294967296\n", NULL, TG_MODE_U32, 2, "does not fit u32"},
    {"a\n2147483648\n", NULL, TG_MODE_I32BE, 2, "does not fit i32be"},
    {"a\n9223372036854775808\n", NULL, TG_MODE_I64, 2, "does not fit i64"},
    {"a\n-9223372036854775809\n", NULL, TG_MODE_I64, 2, "does not fit i64"},
    {"a\n18446744073709551616\n", NULL, TG_MODE_U64, 2, "does not fit u64"},
    {"a\n1\n2\"3\n", NULL, TG_MODE_I32, 3, "a double quote stands where none may be"},
    {"a\n1\n\"2\"3\n", NULL, TG_MODE_I32, 3, "a double quote stands where none may be"},
    {"a\n1\n\"2\n3\n4\n", NULL, TG_MODE_I32, 3, "a quoted field of this row is not closed"},
    {"a,b\n\"x\ny\",2\n1,z\n", "b", TG_MODE_I32, 4, "'z' is not"},
    {"\xFF\xFE"
     "a",
     NULL, TG_MODE_I32, 0, "is in UTF-16"},
};

static void refuses(void **state)
{
  (void)state;
  for (size_t k = 0; k < KIT_COUNT(bads); k++) {
    column c;
    tg_error error = {.code = TG_OK};
    tg_status status = read_text(bads[k].text, bads[k].name, bads[k].mode, &c, &error);
    if (status != TG_IO || !strstr(error.message, bads[k].message) || error.pos.line != bads[k].line) {
      fail_msg("%s: status %d, line %u, '%s'; wanted line %u, '%s'", bads[k].text, (int)status, error.pos.line,
               error.message, bads[k].line, bads[k].message);
    }
    assert_null(c.memory);
  }
}

static void hint_lists_columns(void **state)
{
  column c;
  tg_error error = {.code = TG_OK};
  (void)state;
  assert_int_equal(read_text("year,volume\n1,2\n", "volum", TG_MODE_F32, &c, &error), TG_IO);
  assert_string_equal(error.hint, "it has year, volume");
  char text[4000] = "a";
  for (int k = 0; k < 500; k++) strcat(text, ",name");
  assert_int_equal(read_text(text, "volum", TG_MODE_F32, &c, &error), TG_IO);
  assert_true(strlen(error.hint) > 60);
}

/* A field may be of any length; as a number it is one only up to 4096 digits. */
static void long_fields(void **state)
{
  column c;
  tg_error error = {.code = TG_OK};
  char text[6000];
  (void)state;
  memset(text, '0', sizeof text);
  memcpy(text, "x\n", 2);
  text[4002] = '\0';
  assert_int_equal(read_text(text, NULL, TG_MODE_F64, &c, &error), TG_OK);
  assert_int_equal(c.n, 1);
  column_free(&c);
  text[4002] = '0';
  text[sizeof text - 1] = '\0';
  assert_int_equal(read_text(text, NULL, TG_MODE_F64, &c, &error), TG_IO);
  assert_int_equal(read_text(text, NULL, TG_MODE_I64, &c, &error), TG_IO);
}

static void many_rows(void **state)
{
  enum { N = 100000 };
  column c;
  char *text = malloc(N * 8 + 2), *at = text;
  (void)state;
  assert_non_null(text);
  at += sprintf(at, "x\n");
  for (int k = 0; k < N; k++) at += sprintf(at, "%d\n", k);
  assert_int_equal(read_text(text, NULL, TG_MODE_U32, &c, NULL), TG_OK);
  assert_int_equal(c.n, N);
  for (uint32_t k = 0; k < N; k++) {
    uint32_t x;
    memcpy(&x, c.data + k * sizeof x, sizeof x);
    assert_int_equal(x, k);
  }
  column_free(&c);
  free(text);
}

static void decimal_point(void **state)
{
  static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"};
  column c;
  char elements[100];
  size_t k = 0;
  (void)state;
  while (k < KIT_COUNT(locales) && !setlocale(LC_ALL, locales[k])) k++;
  if (k == KIT_COUNT(locales)) {
    print_message("no locale with a decimal comma is installed\n");
    skip();
  }
  assert_int_equal(read_text("x\n1.5\n", NULL, TG_MODE_F64, &c, NULL), TG_OK);
  join(&c, elements, sizeof elements);
  setlocale(LC_ALL, "C");
  assert_string_equal(elements, "1.5 ");
  column_free(&c);
}

/* ---- written and read again ---- */

/* Random bits; what is no canonical element, such as a NaN with a payload, becomes one by way of text. */
static void fill(column *c, tg_mode mode, size_t n)
{
  char text[NUMBER_TEXT];
  size_t bytes = tg_mode_bytes(mode);
  assert_int_equal(column_create(mode, n, c, NULL), TG_OK);
  for (size_t k = 0; k < n * bytes; k++) c->data[k] = (unsigned char)kit_random((uint64_t)mode, k);
  for (size_t k = 0; k < n; k++) {
    size_t length = number_format(mode, c->data + k * bytes, text);
    number_parse(mode, text, length, c->data + k * bytes);
  }
}

static void write_columns(const char *path, const named_column *columns, size_t n)
{
  file_out out;
  tg_error error = {.code = TG_OK};
  assert_int_equal(file_create(path, &out, &error), TG_OK);
  assert_int_equal(column_write(&out, COLUMN_CSV, columns, n, &error), TG_OK);
  assert_int_equal(file_finish(&out, &error), TG_OK);
  assert_int_equal(file_commit(&out, &error), TG_OK);
  file_discard(&out);
}

/* One file with a column of every mode. */
static void round_trip(void **state)
{
  enum { N = 500 };
  char path[FOLDER_PATH];
  column columns[TG_MODE_COUNT];
  named_column named[TG_MODE_COUNT];
  folder_path(state, "a.csv", path);
  for (int mode = 0; mode < TG_MODE_COUNT; mode++) {
    fill(&columns[mode], (tg_mode)mode, N);
    named[mode] = (named_column){tg_mode_name((tg_mode)mode), &columns[mode], 0};
  }
  write_columns(path, named, TG_MODE_COUNT);
  for (int mode = 0; mode < TG_MODE_COUNT; mode++) {
    column c;
    tg_error error = {.code = TG_OK};
    tg_status status = column_read(path, tg_mode_name((tg_mode)mode), (tg_mode)mode, &c, &error);
    if (status != TG_OK) fail_msg("%s: %s", tg_mode_name((tg_mode)mode), error.message);
    assert_int_equal(c.n, N);
    assert_memory_equal(c.data, columns[mode].data, N * tg_mode_bytes((tg_mode)mode));
    column_free(&c);
    column_free(&columns[mode]);
  }
}

static void written_text(void **state)
{
  char path[FOLDER_PATH];
  file_bytes file;
  column x, y;
  assert_int_equal(read_text("x\n1\n-2.5\nNA\n1e30\n", NULL, TG_MODE_F32, &x, NULL), TG_OK);
  assert_int_equal(read_text("y\n1\n0\n1\n1\n", NULL, TG_MODE_BOOL, &y, NULL), TG_OK);
  write_columns(folder_path(state, "a.csv", path), (named_column[]){{"x", &x, 0}, {"y", &y, 0}}, 2);
  assert_int_equal(file_read(path, &file, NULL), TG_OK);
  assert_string_equal((char *)file.data, "x,y\n1.0,true\n-2.5,false\nnan,true\n1e+30,true\n");
  file_free(&file);
  column_free(&x);
  column_free(&y);
}

static void unequal_lengths(void **state)
{
  char path[FOLDER_PATH];
  file_out out;
  column x, y;
  tg_error error = {.code = TG_OK};
  fill(&x, TG_MODE_I8, 3);
  fill(&y, TG_MODE_I8, 4);
  assert_int_equal(file_create(folder_path(state, "a.csv", path), &out, &error), TG_OK);
  assert_int_equal(column_write(&out, COLUMN_CSV, (named_column[]){{"x", &x, 0}, {"y", &y, 0}}, 2, &error),
                   TG_ARGUMENT);
  assert_string_equal(error.message, "'x' has 3 elements and 'y' has 4: they need a file each");
  file_discard(&out);
  assert_int_equal(folder_count(state), 0);
  column_free(&x);
  column_free(&y);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads),
      cmocka_unit_test(refuses),
      cmocka_unit_test(hint_lists_columns),
      cmocka_unit_test(long_fields),
      cmocka_unit_test(many_rows),
      cmocka_unit_test(decimal_point),
      cmocka_unit_test_setup_teardown(round_trip, folder_setup, folder_teardown),
      cmocka_unit_test_setup_teardown(written_text, folder_setup, folder_teardown),
      cmocka_unit_test_setup_teardown(unequal_lengths, folder_setup, folder_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
