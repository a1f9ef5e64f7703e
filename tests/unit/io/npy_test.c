/* npy_test.c: .npy files: round trips of every mode, the headers that NumPy writes, and headers made to do harm. */
#include "io/npy.h"

#include "folder.h"
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- files in memory ---- */

/* A file: version, header text and n bytes of elements 0, 1, 2, ... In memory of its exact size, so that reading past
 * the end is seen by the sanitizers. */
static file_bytes make_file(unsigned version, const char *header, size_t n)
{
  size_t length = strlen(header), start = version == 1 ? 10 : 12;
  unsigned char *data = malloc(start + length + n);
  assert_non_null(data);
  memcpy(data, "\x93NUMPY", 6);
  data[6] = (unsigned char)version;
  data[7] = 0;
  for (size_t k = 8; k < start; k++) data[k] = (unsigned char)(length >> (8 * (k - 8)));
  memcpy(data + start, header, length);
  for (size_t k = 0; k < n; k++) data[start + length + k] = (unsigned char)k;
  return (file_bytes){data, start + length + n};
}

static tg_status read_file(unsigned version, const char *header, size_t n, tg_mode mode, column *out, tg_error *error)
{
  file_bytes file = make_file(version, header, n);
  *out = (column){mode, 0, NULL, NULL};
  tg_status status = npy_read(&file, mode, out, error);
  file_free(&file);
  return status;
}

static void expect_read(unsigned version, const char *header, tg_mode mode, size_t n)
{
  column c;
  tg_error error = {.code = TG_OK};
  tg_status status = read_file(version, header, n * tg_mode_bytes(mode), mode, &c, &error);
  if (status != TG_OK) fail_msg("%s: %s", header, error.message);
  assert_int_equal(c.n, n);
  for (size_t k = 0; k < n * tg_mode_bytes(mode); k++) assert_int_equal(c.data[k], k);
  column_free(&c);
}

static void every_version(void **state)
{
  (void)state;
  for (unsigned version = 1; version <= 3; version++) {
    expect_read(version, "{'descr': '|u1', 'fortran_order': False, 'shape': (5,), }     \n", TG_MODE_U8, 5);
  }
}

static void shapes(void **state)
{
  (void)state;
  expect_read(1, "{'descr': '|i1', 'fortran_order': False, 'shape': (), }\n", TG_MODE_I8, 1);
  expect_read(1, "{'descr': '|i1', 'fortran_order': False, 'shape': (0,), }\n", TG_MODE_I8, 0);
  expect_read(1, "{'descr': '|i1', 'fortran_order': False, 'shape': (18446744073709551615, 0, 9), }\n", TG_MODE_I8, 0);
  expect_read(1, "{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3), }\n", TG_MODE_I8, 6);
  expect_read(1, "{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3, 4), }\n", TG_MODE_I8, 24);
  expect_read(1, "{'descr': '|i1', 'fortran_order': True, 'shape': (1, 1, 1, 1, 7), }\n", TG_MODE_I8, 7);
}

static void other_spellings(void **state)
{
  (void)state;
  expect_read(1, "{\"shape\":(3,),\"fortran_order\":False,\"descr\":\"<u1\"}", TG_MODE_U8, 3);
  expect_read(1, "{'shape': (3L,), 'descr': '=u1', 'fortran_order': False}\n", TG_MODE_U8, 3);
  expect_read(1, " { 'shape' : ( 3 ) , 'descr' : '>u1' , 'fortran_order' : False , } ", TG_MODE_U8, 3);
}

static void half_types(void **state)
{
  (void)state;
  expect_read(1, "{'descr': '<f2', 'fortran_order': False, 'shape': (4,), }\n", TG_MODE_F16, 4);
  expect_read(1, "{'descr': '<V2', 'fortran_order': False, 'shape': (4,), }\n", TG_MODE_BF16, 4);
  expect_read(1, "{'descr': '|V2', 'fortran_order': False, 'shape': (4,), }\n", TG_MODE_BF16, 4);
}

/* ---- what is refused ---- */

typedef struct hostile {
  const char *header;
  size_t n; /* bytes after it */
  const char *message;
} hostile;

#define ENTRY(descr, order, shape) "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }\n"

static const hostile hostiles[] = {
    {"", 0, "no dictionary"},
    {"{", 0, "no dictionary"},
    {"{}", 0, "lacks"},
    {"[1, 2]", 0, "no dictionary"},
    {"{'descr': '|u1'", 0, "not closed"},
    {"{'descr", 0, "no dictionary"},
    {"{'descr': '|u1}", 0, "no dtype"},
    {"{'descr': '|u1', 'shape': (1,)}", 1, "lacks"},
    {"{'descr': '|u1', 'descr': '|u1', 'shape': (1,), 'fortran_order': False}", 1, "a key too many"},
    {"{'more': '|u1', 'shape': (1,), 'fortran_order': False}", 1, "a key too many"},
    {ENTRY("'|u1'", "False", "(1,)") "x", 1, "something follows"},
    {ENTRY("'|u1'", "Maybe", "(1,)"), 1, "neither True nor False"},
    {ENTRY("'|u1'", "False", "1"), 1, "no tuple"},
    {ENTRY("'|u1'", "False", "(-1,)"), 1, "no number of elements"},
    {ENTRY("'|u1'", "False", "(1.5,)"), 1, "not closed"},
    {ENTRY("'|u1'", "False", "(1 2)"), 1, "not closed"},
    {ENTRY("'|u1'", "False", "(,)"), 1, "no number of elements"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,", 1, "no number of elements"},
    {ENTRY("'|u1'", "False", "(2,)"), 1, "1 bytes of elements, its shape wants 2"},
    {ENTRY("'|u1'", "False", "(2,)"), 3, "3 bytes of elements, its shape wants 2"},
    {ENTRY("'<u8'", "False", "(2305843009213693952,)"), 0, "more than memory"},
    {ENTRY("'|u1'", "False", "(4294967296, 4294967296)"), 0, "more elements than memory"},
    {ENTRY("'|u1'", "False", "(18446744073709551616,)"), 0, "shape wants 18446744073709551615"},
    {ENTRY("'|u1'", "False", "(99999999999999999999999999999999,)"), 1, "shape wants 18446744073709551615"},
    {ENTRY("'|u99999999999999999999'", "False", "(1,)"), 1, "shape wants 18446744073709551615"},
    {ENTRY("'|u0'", "False", "(1,)"), 1, "more than memory"},
    {ENTRY("[('a', '<f4'), ('b', '<f8')]", "False", "(1,)"), 12, "records"},
    {ENTRY("'|O'", "False", "(1,)"), 8, "no bool, integer or float"},
    {ENTRY("'u1'", "False", "(1,)"), 1, "no bool, integer or float"},
    {ENTRY("''", "False", "(1,)"), 1, "no bool, integer or float"},
    {ENTRY("'<M8[ns]'", "False", "(1,)"), 8, "no bool, integer or float"},
    {ENTRY("'|S1'", "False", "(1,)"), 1, "does not have"},
    {ENTRY("'<c8'", "False", "(1,)"), 8, "does not have"},
    {ENTRY("'<f3'", "False", "(1,)"), 3, "does not have"},
    {ENTRY("'<f16'", "False", "(1,)"), 16, "does not have"},
    {ENTRY("'|i1'", "False", "(1,)"), 1, "has dtype '|i1' (i8), but u8 is wanted ('|u1')"},
    {ENTRY("'|b1'", "False", "(1,)"), 1, "has dtype '|b1' (bool), but u8 is wanted"},
};

static void hostile_headers(void **state)
{
  (void)state;
  for (size_t k = 0; k < KIT_COUNT(hostiles); k++) {
    column c;
    tg_error error = {.code = TG_OK};
    tg_status status = read_file(1, hostiles[k].header, hostiles[k].n, TG_MODE_U8, &c, &error);
    if (status != TG_FORMAT || !strstr(error.message, hostiles[k].message)) {
      fail_msg("%s: status %d, message '%s', wanted '%s'", hostiles[k].header, (int)status, error.message,
               hostiles[k].message);
    }
    assert_null(c.memory);
    assert_true(error.hint[0] != '\0');
  }
}

static void other_versions(void **state)
{
  (void)state;
  for (unsigned version = 0; version < 256; version++) {
    column c;
    tg_error error = {.code = TG_OK};
    tg_status status = read_file(version, ENTRY("'|u1'", "False", "(1,)"), 1, TG_MODE_U8, &c, &error);
    assert_int_equal(status, version >= 1 && version <= 3 ? TG_OK : TG_FORMAT);
    column_free(&c);
  }
}

/* Each beginning of a file is refused, as is each change of the header's length. */
static void truncated(void **state)
{
  (void)state;
  for (unsigned version = 1; version <= 3; version++) {
    file_bytes whole = make_file(version, ENTRY("'<f4'", "False", "(3,)"), 12);
    for (size_t n = 0; n < whole.n; n++) {
      npy_header header;
      tg_error error = {.code = TG_OK};
      unsigned char *part = malloc(n ? n : 1);
      assert_non_null(part);
      memcpy(part, whole.data, n);
      assert_int_equal(npy_read_header(part, n, &header, &error), TG_FORMAT);
      assert_int_equal(npy_is_npy(part, n), n >= 6);
      free(part);
    }
    for (unsigned length = 0; length < 256; length++) {
      npy_header header;
      bool is_right = whole.data[8] == length;
      unsigned char kept = whole.data[8];
      whole.data[8] = (unsigned char)length;
      assert_int_equal(npy_read_header(whole.data, whole.n, &header, NULL), is_right ? TG_OK : TG_FORMAT);
      whole.data[8] = kept;
    }
    file_free(&whole);
  }
}

/* Only the dtype of a mode, in either byte order, is read as that mode. */
static void wrong_dtypes(void **state)
{
  static const char *const dtypes[] = {"|b1", "|i1", "|u1", "<i2", "<i4", "<i8", "<u2", "<u4",
                                       "<u8", "<f2", "<f4", "<f8", "<V2", ">i2", ">i4", ">i8",
                                       ">u2", ">u4", ">u8", ">f2", ">f4", ">f8", ">V2"};
  size_t n_read = 0;
  (void)state;
  for (size_t k = 0; k < KIT_COUNT(dtypes); k++) {
    char header[100];
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (1,)}", dtypes[k]);
    for (int mode = 0; mode < TG_MODE_COUNT; mode++) {
      column c;
      tg_error error = {.code = TG_OK};
      size_t bytes = (size_t)(dtypes[k][2] - '0');
      tg_status status = read_file(1, header, bytes, (tg_mode)mode, &c, &error);
      n_read += status == TG_OK;
      if (status != TG_OK) assert_true(error.hint[0] != '\0');
      if (status == TG_OK) assert_int_equal(bytes, tg_mode_bytes((tg_mode)mode));
      column_free(&c);
    }
  }
  /* bool, i8 and u8 have one order; the ten other types have two dtypes and two modes each. */
  assert_int_equal(n_read, 3 + 10 * 2 * 2);
}

static void hints(void **state)
{
  column c;
  tg_error error = {.code = TG_OK};
  (void)state;
  assert_int_equal(read_file(1, ENTRY("'<f2'", "False", "(1,)"), 2, TG_MODE_F32, &c, &error), TG_FORMAT);
  assert_string_equal(error.hint, "declare the operand as f16, which loads as f32");
  assert_int_equal(read_file(1, ENTRY("'<f8'", "False", "(1,)"), 8, TG_MODE_F32, &c, &error), TG_FORMAT);
  assert_string_equal(error.hint, "convert it in Python: numpy.save(path, array.astype('<f4'))");
  assert_int_equal(read_file(1, ENTRY("'<i2'", "False", "(1,)"), 2, TG_MODE_BF16, &c, &error), TG_FORMAT);
  assert_string_equal(error.hint, "bf16 is read from '<V2': numpy.save(path, array.view('V2'))");
}

/* ---- written and read again ---- */

static void fill(column *c, tg_mode mode, size_t n)
{
  assert_int_equal(column_create(mode, n, c, NULL), TG_OK);
  for (size_t k = 0; k < n * tg_mode_bytes(mode); k++) c->data[k] = (unsigned char)kit_random(7, k);
}

static void write_column(const char *path, const column *c)
{
  file_out out;
  tg_error error = {.code = TG_OK};
  named_column named = {"x", c, 0};
  assert_int_equal(file_create(path, &out, &error), TG_OK);
  assert_int_equal(column_write(&out, column_format_of(path), &named, 1, &error), TG_OK);
  assert_int_equal(file_finish(&out, &error), TG_OK);
  assert_int_equal(file_commit(&out, &error), TG_OK);
  file_discard(&out);
}

static void round_trip(void **state, const char *name)
{
  char path[FOLDER_PATH];
  folder_path(state, name, path);
  for (int mode = 0; mode < TG_MODE_COUNT; mode++) {
    for (size_t n = 0; n < 4000; n = n * 7 + 1) {
      column from, to;
      tg_error error = {.code = TG_OK};
      fill(&from, (tg_mode)mode, n);
      write_column(path, &from);
      assert_int_equal(column_read(path, NULL, (tg_mode)mode, &to, &error), TG_OK);
      assert_int_equal(to.n, n);
      assert_memory_equal(to.data, from.data, n * tg_mode_bytes((tg_mode)mode));
      assert_int_equal(column_checksum(&to), column_checksum(&from));
      column_free(&from);
      column_free(&to);
    }
  }
  assert_int_equal(folder_count(state), 1);
}

static void round_trip_npy(void **state)
{
  round_trip(state, "a.npy");
}

static void round_trip_bin(void **state)
{
  round_trip(state, "a.bin");
}

/* Each mode written is its other byte order read, with the bytes of each element reversed. */
static void swapped_order(void **state)
{
  static const tg_mode natives[] = {TG_MODE_I16, TG_MODE_I32, TG_MODE_I64, TG_MODE_U16, TG_MODE_U32,
                                    TG_MODE_U64, TG_MODE_F32, TG_MODE_F64, TG_MODE_F16, TG_MODE_BF16};
  char path[FOLDER_PATH];
  folder_path(state, "a.npy", path);
  for (size_t k = 0; k < 2 * KIT_COUNT(natives); k++) {
    tg_mode native = natives[k / 2], other = (tg_mode)(TG_MODE_I16BE + k / 2);
    column from, to;
    fill(&from, k % 2 ? native : other, 101);
    write_column(path, &from);
    assert_int_equal(column_read(path, NULL, k % 2 ? other : native, &to, NULL), TG_OK);
    if (!column_host_is_big()) column_swap(&from);
    assert_memory_equal(to.data, from.data, 101 * tg_mode_bytes(native));
    column_free(&from);
    column_free(&to);
  }
}

static void written_header(void **state)
{
  char path[FOLDER_PATH];
  file_bytes file;
  column c;
  fill(&c, TG_MODE_U8, 3);
  write_column(folder_path(state, "a.npy", path), &c);
  assert_int_equal(file_read(path, &file, NULL), TG_OK);
  assert_int_equal(file.n, 128 + 3);
  assert_memory_equal(file.data, "\x93NUMPY\1\0v\0{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }  ", 69);
  assert_int_equal(file.data[127], '\n');
  file_free(&file);
  column_free(&c);
}

/* Content tells a .npy file, whatever it is called; a .bin file is what it is. */
static void told_by_content(void **state)
{
  char path[FOLDER_PATH], renamed[FOLDER_PATH];
  column c, read;
  tg_error error = {.code = TG_OK};
  fill(&c, TG_MODE_U8, 3);
  write_column(folder_path(state, "a.npy", path), &c);
  assert_int_equal(rename(path, folder_path(state, "a.data", renamed)), 0);
  assert_int_equal(column_read(renamed, NULL, TG_MODE_U8, &read, &error), TG_OK);
  assert_int_equal(read.n, 3);
  column_free(&read);
  assert_int_equal(column_read(renamed, "x", TG_MODE_U8, &read, &error), TG_IO);
  assert_non_null(strstr(error.message, "has no columns"));
  assert_int_equal(rename(renamed, folder_path(state, "a.bin", path)), 0);
  assert_int_equal(column_read(path, NULL, TG_MODE_U8, &read, &error), TG_OK);
  assert_int_equal(read.n, 131);
  column_free(&read);
  assert_int_equal(column_read(path, NULL, TG_MODE_U16, &read, &error), TG_FORMAT);
  assert_non_null(strstr(error.message, "no multiple of 2"));
  column_free(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_version),
      cmocka_unit_test(shapes),
      cmocka_unit_test(other_spellings),
      cmocka_unit_test(half_types),
      cmocka_unit_test(hostile_headers),
      cmocka_unit_test(other_versions),
      cmocka_unit_test(truncated),
      cmocka_unit_test(wrong_dtypes),
      cmocka_unit_test(hints),
      cmocka_unit_test_setup_teardown(round_trip_npy, folder_setup, folder_teardown),
      cmocka_unit_test_setup_teardown(round_trip_bin, folder_setup, folder_teardown),
      cmocka_unit_test_setup_teardown(swapped_order, folder_setup, folder_teardown),
      cmocka_unit_test_setup_teardown(written_header, folder_setup, folder_teardown),
      cmocka_unit_test_setup_teardown(told_by_content, folder_setup, folder_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
