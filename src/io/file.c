/* file.c: reading whole files and writing files by way of a temporary name. POSIX. */
#define _XOPEN_SOURCE 700
#include "io/file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
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

tg_status file_read(const char *path, file_bytes *out, tg_error *error)
{
  struct stat info;
  *out = (file_bytes){NULL, 0};
  FILE *stream = fopen(path, "rb");
  if (!stream) return error_set(error, TG_IO, "cannot be opened: %s", strerror(errno));
  tg_status status;
  if (fstat(fileno(stream), &info) != 0) {
    status = fail_errno(error, "cannot be read", errno);
  } else if (S_ISDIR(info.st_mode)) {
    status = error_set(error, TG_IO, "is a directory, not a file");
  } else if ((uintmax_t)info.st_size >= SIZE_MAX / 2) {
    status = error_set(error, TG_NOMEM, "is too large for this machine's memory");
  } else {
    status = read_stream(stream, info.st_size > 0 ? (size_t)info.st_size : FIRST_READ, out, error);
  }
  fclose(stream);
  if (status != TG_OK) file_free(out);
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

/* Makes and opens a new file in the folder of the target, with the permissions of the file it will replace. */
static tg_status open_temporary(file_out *out, const struct stat *old, tg_error *error)
{
  const char *slash = strrchr(out->target, '/');
  size_t n_folder = slash ? (size_t)(slash - out->target) + 1 : 0;
  size_t capacity = n_folder + 64;
  out->temporary = malloc(capacity);
  if (!out->temporary) return no_memory(error, capacity);
  memcpy(out->temporary, out->target, n_folder);
  int file = -1;
  for (unsigned attempt = 0; file < 0 && attempt < 1000; attempt++) {
    snprintf(out->temporary + n_folder, 64, ".throng-%ld-%u.tmp", (long)getpid(), attempt);
    file = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0 && errno != EEXIST) break;
  }
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
  free(out->temporary);
  out->temporary = NULL;
  return TG_OK;
}

void file_discard(file_out *out)
{
  if (out->stream) fclose(out->stream);
  if (out->temporary) remove(out->temporary);
  free(out->temporary);
  free(out->target);
  *out = (file_out){NULL, NULL, NULL};
}
