/* file.c: reading files and writing files by way of a temporary name. POSIX. */
#define _FILE_OFFSET_BITS 64
#define _XOPEN_SOURCE 700
#include "io/file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_READ = 1 << 16 };

static tg_status fail_errno(tg_error *error, const char *what, int number)
{
  tg_status status = error_set(error, TG_IO, "%s: %s", what, strerror(number));
  if (number == ENOSPC) {
    error_hint(error, "make room on this disk, or write to another one");
  } else if (number == EACCES || number == EROFS) {
    error_hint(error, "choose a folder that you may write to");
  }
  return status;
}

static tg_status no_memory(tg_error *error, size_t bytes)
{
  return error_set(error, TG_NOMEM, "there is no memory for its %zu bytes", bytes);
}

/* ---- reading ---- */

/* Reads until the end of the file. A regular file's size is only a first guess: it may grow meanwhile. */
static tg_status read_stream(FILE *stream, size_t guess, file_bytes *out, tg_error *error)
{
  size_t capacity = guess;
  out->data = malloc(capacity + 1);
  if (!out->data) return no_memory(error, capacity);
  for (;;) {
    out->n += fread(out->data + out->n, 1, capacity + 1 - out->n, stream);
    if (out->n <= capacity) break;
    if (capacity > SIZE_MAX / 2 - 1) return no_memory(error, capacity);
    capacity *= 2;
    unsigned char *data = realloc(out->data, capacity + 1);
    if (!data) return no_memory(error, capacity);
    out->data = data;
  }
  out->data[out->n] = 0;
  return ferror(stream) ? fail_errno(error, "cannot be read", errno) : TG_OK;
}

tg_status file_open(const char *path, file_in *out, tg_error *error)
{
  struct stat info;
  *out = (file_in){NULL, false, 0};
  FILE *stream = fopen(path, "rb");
  if (!stream) return error_set(error, TG_IO, "cannot be opened: %s", strerror(errno));
  tg_status status = TG_OK;
  if (fstat(fileno(stream), &info) != 0) {
    status = fail_errno(error, "cannot be read", errno);
  } else if (S_ISDIR(info.st_mode)) {
    status = error_set(error, TG_IO, "is a directory, not a file");
  }
  if (status != TG_OK) {
    fclose(stream);
    return status;
  }
  /* A system's tables look like empty files, but are not. */
  bool is_regular = S_ISREG(info.st_mode) && info.st_size > 0;
  *out = (file_in){stream, is_regular, is_regular ? (uint64_t)info.st_size : 0};
  return TG_OK;
}

tg_status file_next(file_in *in, void *bytes, size_t n, size_t *got, tg_error *error)
{
  *got = fread(bytes, 1, n, in->stream);
  return *got < n && ferror(in->stream) ? fail_errno(error, "cannot be read", errno) : TG_OK;
}

tg_status file_rest(file_in *in, file_bytes *out, tg_error *error)
{
  *out = (file_bytes){NULL, 0};
  if (in->n >= SIZE_MAX / 2) return error_set(error, TG_NOMEM, "is too large for this machine's memory");
  tg_status status = read_stream(in->stream, in->n > 0 ? (size_t)in->n : FIRST_READ, out, error);
  if (status != TG_OK) file_free(out);
  return status;
}

tg_status file_seek(file_in *in, uint64_t at, tg_error *error)
{
  return fseeko(in->stream, (off_t)at, SEEK_SET) == 0 ? TG_OK : fail_errno(error, "cannot be read", errno);
}

void file_close(file_in *in)
{
  if (in->stream) fclose(in->stream);
  in->stream = NULL;
}

tg_status file_read(const char *path, file_bytes *out, tg_error *error)
{
  file_in in;
  *out = (file_bytes){NULL, 0};
  TG_TRY(file_open(path, &in, error));
  tg_status status = file_rest(&in, out, error);
  file_close(&in);
  return status;
}

void file_free(file_bytes *file)
{
  free(file->data);
  *file = (file_bytes){NULL, 0};
}

bool file_exists(const char *path)
{
  struct stat info;
  return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

/* ---- temporary files ----
 * Where there are any, for the handler of a signal that ends the program. It may run in any thread and at any moment,
 * so records are never freed: they are taken again when their file is gone, and there are as few as files at one time.
 */

typedef struct temporary temporary;
struct temporary {
  temporary *next; /* set before the record can be seen */
  _Atomic(char *) path;
  char *kept; /* the same, until it is freed: also when a handler has taken it */
};

static _Atomic(temporary *) temporaries;

static bool remember(char *path)
{
  for (temporary *t = atomic_load(&temporaries); t; t = t->next) {
    char *none = NULL;
    if (atomic_compare_exchange_strong(&t->path, &none, path)) {
      t->kept = path;
      return true;
    }
  }
  temporary *t = malloc(sizeof *t);
  if (!t) return false;
  atomic_init(&t->path, path);
  t->kept = path;
  t->next = atomic_load(&temporaries);
  while (!atomic_compare_exchange_weak(&temporaries, &t->next, t)) {
  }
  return true;
}

/* False if a handler in another thread is about to use the path: the program ends then. */
static bool take_back(const char *path)
{
  for (temporary *t = atomic_load(&temporaries); t; t = t->next) {
    char *same = (char *)(uintptr_t)path;
    if (atomic_compare_exchange_strong(&t->path, &same, NULL)) {
      t->kept = NULL;
      return true;
    }
  }
  return false;
}

static void forget(char *path)
{
  if (take_back(path)) free(path);
}

void file_abandon(void)
{
  for (temporary *t = atomic_load(&temporaries); t; t = t->next) {
    char *path = atomic_exchange(&t->path, NULL);
    if (path) unlink(path);
  }
}

/* ---- writing ---- */

static char *copy_text(const char *text, size_t n)
{
  char *copy = malloc(n + 1);
  if (copy) {
    memcpy(copy, text, n);
    copy[n] = '\0';
  }
  return copy;
}

/* Creates a file of a name that none has; the name goes to out->temporary. Gives its descriptor, or -1. */
static int create_temporary(file_out *out, size_t n_folder)
{
  int file = -1;
  for (unsigned attempt = 0; file < 0 && attempt < 1000; attempt++) {
    snprintf(out->temporary + n_folder, 64, ".throng-%ld-%u.tmp", (long)getpid(), attempt);
    if (!remember(out->temporary)) { /* before it is there: a signal may come right after */
      errno = ENOMEM;
      return -1;
    }
    file = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    int number = errno;
    if (file < 0) take_back(out->temporary);
    errno = number;
    if (file < 0 && number != EEXIST) break;
  }
  return file;
}

/* Makes and opens a new file in the folder of the target, with the permissions of the file it will replace. */
static tg_status open_temporary(file_out *out, const struct stat *old, tg_error *error)
{
  const char *slash = strrchr(out->target, '/');
  size_t n_folder = slash ? (size_t)(slash - out->target) + 1 : 0;
  size_t capacity = n_folder + 64;
  out->temporary = malloc(capacity);
  if (!out->temporary) return no_memory(error, capacity);
  memcpy(out->temporary, out->target, n_folder);
  int file = create_temporary(out, n_folder);
  if (file < 0) {
    int number = errno;
    free(out->temporary);
    out->temporary = NULL;
    return fail_errno(error, "cannot be created", number);
  }
  if (old && fchmod(file, old->st_mode & 07777) != 0) {
    /* Not our file to set the permissions of: those that a new file gets will do. */
    errno = 0;
  }
  out->stream = fdopen(file, "wb");
  if (out->stream) return TG_OK;
  close(file);
  return fail_errno(error, "cannot be created", errno);
}

static tg_status open_target(file_out *out, const char *path, tg_error *error)
{
  struct stat info;
  bool exists = stat(path, &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) {
    error_set(error, TG_IO, "is a directory, not a file");
    error_hint(error, "add the name of a file");
    return TG_IO;
  }
  if (exists && access(path, W_OK) != 0) return fail_errno(error, "cannot be replaced", errno);
  out->target = exists ? realpath(path, NULL) : copy_text(path, strlen(path));
  if (!out->target) return error_set(error, TG_NOMEM, "there is no memory for its name");
  if (!exists || S_ISREG(info.st_mode)) return open_temporary(out, exists ? &info : NULL, error);
  out->stream = fopen(path, "wb");
  return out->stream ? TG_OK : fail_errno(error, "cannot be opened", errno);
}

tg_status file_create(const char *path, file_out *out, tg_error *error)
{
  *out = (file_out){NULL, NULL, NULL};
  tg_status status = open_target(out, path, error);
  if (status != TG_OK) file_discard(out);
  return status;
}

bool file_can_create(const char *path, tg_error *error)
{
  file_out out;
  struct stat info;
  bool is_special = stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
  if (is_special) return true; /* who reads a pipe must not see it opened twice */
  bool can = file_create(path, &out, error) == TG_OK;
  file_discard(&out);
  return can;
}

tg_status file_write(file_out *out, const void *bytes, size_t n, tg_error *error)
{
  if (n == 0 || fwrite(bytes, 1, n, out->stream) == n) return TG_OK;
  return fail_errno(error, "cannot be written", errno);
}

bool file_rewind(file_out *out)
{
  return out->temporary && fseeko(out->stream, 0, SEEK_SET) == 0;
}

tg_status file_mark(file_out *out, const char *mark, tg_error *error)
{
  const char *slash = strrchr(out->target, '/'), *name = slash ? slash + 1 : out->target;
  const char *dot = strrchr(name, '.');
  size_t bytes = strlen(out->target) + strlen(mark) + 2;
  int n_stem = (int)((dot && dot != name ? dot : name + strlen(name)) - out->target);
  if (!out->temporary) return TG_OK;
  char *marked = malloc(bytes);
  if (!marked) return no_memory(error, bytes);
  snprintf(marked, bytes, "%.*s.%s%s", n_stem, out->target, mark, out->target + n_stem);
  free(out->target);
  out->target = marked;
  return TG_OK;
}

tg_status file_finish(file_out *out, tg_error *error)
{
  /* A pipe or device cannot be synchronised; a file can, and then a rename never leaves an empty one. */
  bool failed = fflush(out->stream) != 0 || (out->temporary && fsync(fileno(out->stream)) != 0);
  int number = errno;
  if (fclose(out->stream) != 0 && !failed) {
    failed = true;
    number = errno;
  }
  out->stream = NULL;
  return failed ? fail_errno(error, "cannot be written", number) : TG_OK;
}

tg_status file_commit(file_out *out, tg_error *error)
{
  if (!out->temporary) return TG_OK;
  if (rename(out->temporary, out->target) != 0) return fail_errno(error, "cannot be replaced", errno);
  forget(out->temporary);
  out->temporary = NULL;
  return TG_OK;
}

void file_discard(file_out *out)
{
  if (out->stream) fclose(out->stream);
  if (out->temporary) {
    remove(out->temporary);
    forget(out->temporary);
  }
  free(out->target);
  *out = (file_out){NULL, NULL, NULL};
}
