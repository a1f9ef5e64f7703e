/* file_test.c: files in and out: what an interrupted, failed or finished write leaves, and the errors of the system. */
#define _XOPEN_SOURCE 700
#include "io/file.h"

#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void put(const char *path, const char *text)
{
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static void expect(const char *path, const char *text)
{
  file_bytes file;
  assert_int_equal(file_read(path, &file, NULL), TG_OK);
  assert_int_equal(file.n, strlen(text));
  assert_string_equal((char *)file.data, text);
  file_free(&file);
}

static void finish(file_out *out, const char *text)
{
  assert_int_equal(file_write(out, text, strlen(text), NULL), TG_OK);
  assert_int_equal(file_finish(out, NULL), TG_OK);
}

static void reads_large(void **state)
{
  enum { N = 300000 };
  char path[FOLDER_PATH], *text = malloc(N + 1);
  assert_non_null(text);
  memset(text, 'x', N);
  text[N] = '\0';
  put(folder_path(state, "a", path), text);
  expect(path, text);
  put(path, "");
  expect(path, "");
  free(text);
}

/* A pipe has no size to go by. */
static void reads_pipe(void **state)
{
  int ends[2];
  char path[64];
  (void)state;
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], "abc", 3), 3);
  close(ends[1]);
  snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
  if (!file_exists(path)) {
    print_message("this system has no /dev/fd\n");
    skip();
  }
  expect(path, "abc");
  close(ends[0]);
}

static void read_errors(void **state)
{
  char path[FOLDER_PATH];
  file_bytes file;
  tg_error error = {.code = TG_OK};
  assert_int_equal(file_read(folder_path(state, "none", path), &file, &error), TG_IO);
  assert_string_equal(error.message, "cannot be opened: No such file or directory");
  assert_null(file.data);
  assert_false(file_exists(path));
  assert_int_equal(file_read(*state, &file, &error), TG_IO);
  assert_string_equal(error.message, "is a directory, not a file");
  assert_false(file_exists(*state));
}

static void appears_when_committed(void **state)
{
  char path[FOLDER_PATH];
  file_out out;
  folder_path(state, "a", path);
  assert_int_equal(file_create(path, &out, NULL), TG_OK);
  finish(&out, "new");
  assert_false(file_exists(path));
  assert_int_equal(file_commit(&out, NULL), TG_OK);
  file_discard(&out);
  expect(path, "new");
  assert_int_equal(folder_count(state), 1);
}

static void old_file_stays(void **state)
{
  char path[FOLDER_PATH];
  file_out out;
  put(folder_path(state, "a", path), "old");
  for (int finished = 0; finished < 2; finished++) {
    assert_int_equal(file_create(path, &out, NULL), TG_OK);
    assert_int_equal(file_write(&out, "new", 3, NULL), TG_OK);
    if (finished) assert_int_equal(file_finish(&out, NULL), TG_OK);
    file_discard(&out);
    expect(path, "old");
    assert_int_equal(folder_count(state), 1);
  }
  file_discard(&out); /* again, which does nothing */
}

static void keeps_permissions_and_links(void **state)
{
  char path[FOLDER_PATH], link[FOLDER_PATH];
  struct stat info;
  file_out out;
  put(folder_path(state, "a", path), "old");
  assert_int_equal(chmod(path, 0640), 0);
  assert_int_equal(symlink(path, folder_path(state, "link", link)), 0);
  assert_int_equal(file_create(link, &out, NULL), TG_OK);
  finish(&out, "new");
  assert_int_equal(file_commit(&out, NULL), TG_OK);
  file_discard(&out);
  expect(path, "new");
  assert_int_equal(lstat(link, &info), 0);
  assert_true(S_ISLNK(info.st_mode));
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 07777, 0640);
}

static void two_at_once(void **state)
{
  char path[FOLDER_PATH];
  file_out a, b;
  folder_path(state, "a", path);
  assert_int_equal(file_create(path, &a, NULL), TG_OK);
  assert_int_equal(file_create(path, &b, NULL), TG_OK);
  finish(&a, "first");
  finish(&b, "second");
  assert_int_equal(file_commit(&a, NULL), TG_OK);
  assert_int_equal(file_commit(&b, NULL), TG_OK);
  file_discard(&a);
  file_discard(&b);
  expect(path, "second");
  assert_int_equal(folder_count(state), 1);
}

static void create_errors(void **state)
{
  char path[FOLDER_PATH];
  file_out out;
  tg_error error = {.code = TG_OK};
  assert_int_equal(file_create(folder_path(state, "no/such", path), &out, &error), TG_IO);
  assert_string_equal(error.message, "cannot be created: No such file or directory");
  assert_false(file_can_create(path, NULL));
  assert_int_equal(file_create(*state, &out, &error), TG_IO);
  assert_string_equal(error.message, "is a directory, not a file");
  assert_true(error.hint[0] != '\0');
  assert_true(file_can_create(folder_path(state, "a", path), NULL));
  assert_int_equal(folder_count(state), 0);
}

static void no_permission(void **state)
{
  char path[FOLDER_PATH];
  file_out out;
  tg_error error = {.code = TG_OK};
  if (geteuid() == 0) {
    print_message("the superuser may write anywhere\n");
    skip();
  }
  put(folder_path(state, "a", path), "old");
  assert_int_equal(chmod(path, 0440), 0);
  assert_int_equal(file_create(path, &out, &error), TG_IO);
  assert_string_equal(error.message, "cannot be replaced: Permission denied");
  assert_int_equal(chmod(*state, 0550), 0);
  assert_int_equal(file_create(folder_path(state, "b", path), &out, &error), TG_IO);
  assert_string_equal(error.message, "cannot be created: Permission denied");
  assert_int_equal(chmod(*state, 0750), 0);
}

static void full_disk(void **state)
{
  file_out out;
  tg_error error = {.code = TG_OK};
  (void)state;
  if (!file_exists("/dev/full")) {
    print_message("this system has no /dev/full\n");
    skip();
  }
  assert_true(file_can_create("/dev/full", NULL));
  assert_int_equal(file_create("/dev/full", &out, NULL), TG_OK);
  assert_int_equal(file_write(&out, "abc", 3, NULL), TG_OK);
  assert_int_equal(file_finish(&out, &error), TG_IO);
  assert_string_equal(error.message, "cannot be written: No space left on device");
  assert_string_equal(error.hint, "make room on this disk, or write to another one");
  file_discard(&out);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      WITH_FOLDER(reads_large),    cmocka_unit_test(reads_pipe), WITH_FOLDER(read_errors),
      WITH_FOLDER(old_file_stays), WITH_FOLDER(two_at_once),     WITH_FOLDER(appears_when_committed),
      WITH_FOLDER(create_errors),  WITH_FOLDER(no_permission),   WITH_FOLDER(keeps_permissions_and_links),
      cmocka_unit_test(full_disk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
