/* reader_test.c: files read a window at a time: the elements are those of the file read as a whole, wherever windows
 * and the chunks of .csv text end, from regular files and from pipes. */
#define _XOPEN_SOURCE 700
#include "io/reader.h"

#include "folder.h"
#include "kit.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void write_bytes(const char *path, const void *bytes, size_t n)
{
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(bytes, 1, n, f), n);
  assert_int_equal(fclose(f), 0);
}

static void write_column(const char *path, const column *c)
{
  file_out out;
  named_column named = {"x", c, 0};
  assert_int_equal(file_create(path, &out, NULL), TG_OK);
  assert_int_equal(column_write(&out, column_format_of(path), &named, 1, NULL), TG_OK);
  assert_int_equal(file_finish(&out, NULL), TG_OK);
  assert_int_equal(file_commit(&out, NULL), TG_OK);
  file_discard(&out);
}

/* Reads in windows of `window` elements into memory of just that size. */
static void expect_windows(const char *path, const column *want, size_t window)
{
  column_reader r;
  tg_error error = {.code = TG_OK};
  size_t bytes = tg_mode_bytes(want->mode);
  if (column_open(path, NULL, want->mode, &r, &error) != TG_OK) fail_msg("%s: %s", path, error.message);
  assert_int_equal(r.n, want->n);
  for (size_t at = 0; at < want->n; at += window) {
    size_t n = want->n - at < window ? want->n - at : window;
    unsigned char *part = malloc(n * bytes);
    assert_non_null(part);
    if (column_next(&r, n, part, &error) != TG_OK) fail_msg("%s: %s", path, error.message);
    assert_memory_equal(part, want->data + at * bytes, n * bytes);
    free(part);
  }
  assert_int_equal(r.at, want->n);
  column_close(&r);
}

/* ---- every format ---- */

static void fill(column *c, tg_mode mode, size_t n)
{
  assert_int_equal(column_create(mode, n, c, NULL), TG_OK);
  for (size_t k = 0; k < n * tg_mode_bytes(mode); k++) c->data[k] = (unsigned char)(kit_random(3, k) & 0x3F);
}

static void every_format(void **state)
{
  static const char *const names[] = {"a.npy", "a.csv", "a.bin"};
  static const tg_mode modes[] = {TG_MODE_I8, TG_MODE_U16BE, TG_MODE_F32, TG_MODE_F64BE};
  static const size_t lengths[] = {0, 1, 999}, windows[] = {1, 7, 998, 999, 5000};
  char path[FOLDER_PATH];
  for (size_t i = 0; i < KIT_COUNT(names) * KIT_COUNT(modes) * KIT_COUNT(lengths); i++) {
    column c;
    folder_path(state, names[i % 3], path);
    fill(&c, modes[i / 3 % KIT_COUNT(modes)], lengths[i / 3 / KIT_COUNT(modes)]);
    write_column(path, &c);
    for (size_t k = 0; k < KIT_COUNT(windows); k++) expect_windows(path, &c, windows[k]);
    column_free(&c);
  }
}

/* A file of the other byte order: every window is turned round, none twice. */
static void other_order(void **state)
{
  char path[FOLDER_PATH];
  column c;
  folder_path(state, "a.npy", path);
  fill(&c, TG_MODE_U32BE, 1000);
  write_column(path, &c);
  c.mode = TG_MODE_U32;
  if (!column_host_is_big()) column_swap(&c);
  expect_windows(path, &c, 64);
  column_free(&c);
}

/* ---- text in chunks ---- */

/* Lines of every end, so long that the ends, quotes and numbers meet the ends of chunks everywhere. */
static char *make_text(size_t shift, size_t n_rows, size_t *n)
{
  static const char *const ends[] = {"\n", "\r\n", "\r", "\r\n\r\n"};
  char *text = malloc(shift + 32 + n_rows * 40);
  assert_non_null(text);
  memset(text, 'a', shift);
  size_t at = shift + (size_t)sprintf(text + shift, "b,x\r\n");
  for (size_t i = 0; i < n_rows; i++) {
    if (i % 3 == 0) {
      at += (size_t)sprintf(text + at, "\"a\r\n\"\",\",\"%zu\"%s", i % 200, ends[i % 4]);
    } else {
      at += (size_t)sprintf(text + at, ",%zu%s", i % 200, ends[i % 4]);
    }
  }
  *n = at;
  return text;
}

static void text_in_chunks(void **state)
{
  enum { N_ROWS = 12000 }; /* several chunks */
  char path[FOLDER_PATH];
  folder_path(state, "a.csv", path);
  for (size_t shift = 1; shift < 40; shift++) {
    size_t n;
    column_reader r;
    tg_error error = {.code = TG_OK};
    column want;
    char *text = make_text(shift, N_ROWS, &n);
    assert_int_equal(csv_read_column((unsigned char *)text, n, "x", TG_MODE_U8, &want, &error), TG_OK);
    assert_int_equal(want.n, N_ROWS);
    write_bytes(path, text, n);
    assert_int_equal(column_open(path, "x", TG_MODE_U8, &r, &error), TG_OK);
    assert_int_equal(r.n, N_ROWS);
    for (size_t at = 0; at < N_ROWS; at += 500) {
      unsigned char part[500];
      assert_int_equal(column_next(&r, 500, part, &error), TG_OK);
      assert_memory_equal(part, want.data + at, 500);
    }
    column_close(&r);
    column_free(&want);
    free(text);
  }
}

/* Rows and quotes are checked before the first element is given, elements when their turn comes. */
static void text_errors(void **state)
{
  char path[FOLDER_PATH];
  unsigned char part[4];
  column_reader r;
  tg_error error = {.code = TG_OK};
  folder_path(state, "a.csv", path);
  write_bytes(path, "x\n1\n2\n300\n4\n", 12);
  assert_int_equal(column_open(path, NULL, TG_MODE_U8, &r, &error), TG_OK);
  assert_int_equal(r.n, 4);
  assert_int_equal(column_next(&r, 2, part, &error), TG_OK);
  assert_int_equal(column_next(&r, 2, part, &error), TG_IO);
  assert_int_equal(error.pos.line, 4);
  assert_string_equal(error.message, "column 'x': 300 does not fit u8, an integer from 0 to 255");
  column_close(&r);
  write_bytes(path, "x\n1\n2,3\n", 8);
  assert_int_equal(column_open(path, NULL, TG_MODE_U8, &r, &error), TG_IO);
  assert_int_equal(error.pos.line, 3);
}

/* A file that is cut off between its opening and its reading. */
static void shorter_meanwhile(void **state)
{
  static const char *const names[] = {"a.npy", "a.csv", "a.bin"};
  char path[FOLDER_PATH];
  unsigned char *part = malloc(100000);
  assert_non_null(part);
  for (size_t i = 0; i < KIT_COUNT(names); i++) {
    column c;
    column_reader r;
    tg_error error = {.code = TG_OK};
    folder_path(state, names[i], path);
    fill(&c, TG_MODE_U8, 100000);
    write_column(path, &c);
    assert_int_equal(column_open(path, NULL, TG_MODE_U8, &r, &error), TG_OK);
    assert_int_equal(truncate(path, 70000), 0);
    assert_int_equal(column_next(&r, 1000, part, &error), TG_OK);
    assert_int_equal(column_next(&r, 99000, part, &error), TG_IO);
    assert_string_equal(error.message, "has become shorter while it was read");
    column_close(&r);
    column_free(&c);
  }
  free(part);
}

/* ---- pipes ---- */

typedef struct pouring {
  const char *from, *to;
} pouring;

static void *pour(void *p)
{
  const pouring *pipe = p;
  FILE *from = fopen(pipe->from, "rb"), *to = fopen(pipe->to, "wb");
  char bytes[512];
  size_t n;
  while (from && to && (n = fread(bytes, 1, sizeof bytes, from)) > 0) fwrite(bytes, 1, n, to);
  if (from) fclose(from);
  if (to) fclose(to);
  return NULL;
}

static void from_pipes(void **state)
{
  static const char *const names[] = {"f.npy", "p.npy", "f.csv", "p.csv", "f.bin", "p.bin"};
  char file[FOLDER_PATH], fifo[FOLDER_PATH];
  for (size_t i = 0; i < KIT_COUNT(names); i += 2) {
    column c;
    pthread_t thread;
    folder_path(state, names[i + 1], fifo);
    fill(&c, TG_MODE_U16, 50000);
    write_column(folder_path(state, names[i], file), &c);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    pouring pipe = {file, fifo};
    assert_int_equal(pthread_create(&thread, NULL, pour, &pipe), 0);
    expect_windows(fifo, &c, 4096);
    assert_int_equal(pthread_join(thread, NULL), 0);
    column_free(&c);
  }
}

/* ---- files that are written when a signal ends the program ---- */

static void abandoned_files(void **state)
{
  char path[FOLDER_PATH];
  file_out out[3];
  for (int i = 0; i < 3; i++) {
    char name[16];
    snprintf(name, sizeof name, "%d.bin", i);
    assert_int_equal(file_create(folder_path(state, name, path), &out[i], NULL), TG_OK);
  }
  assert_int_equal(file_finish(&out[1], NULL), TG_OK);
  assert_int_equal(file_commit(&out[1], NULL), TG_OK);
  assert_int_equal(folder_count(state), 3);
  file_abandon();
  assert_int_equal(folder_count(state), 1);
  for (int i = 0; i < 3; i++) file_discard(&out[i]);
  assert_int_equal(folder_count(state), 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(every_format, folder_setup, folder_teardown),
      cmocka_unit_test_setup_teardown(other_order, folder_setup, folder_teardown),
      cmocka_unit_test_setup_teardown(text_in_chunks, folder_setup, folder_teardown),
      cmocka_unit_test_setup_teardown(text_errors, folder_setup, folder_teardown),
      cmocka_unit_test_setup_teardown(shorter_meanwhile, folder_setup, folder_teardown),
      cmocka_unit_test_setup_teardown(from_pipes, folder_setup, folder_teardown),
      cmocka_unit_test_setup_teardown(abandoned_files, folder_setup, folder_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
