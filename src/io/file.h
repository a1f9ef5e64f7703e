/* file.h: files in, whole or piece by piece, and files out that appear only when they are complete.
 *
 * Errors have a message without the file's name, which the caller knows and prints before it. */
#ifndef TG_IO_FILE_H
#define TG_IO_FILE_H

#include "throng.h"

#include <stdbool.h>
#include <stdio.h>

/* The bytes of a file; one zero byte follows them. */
typedef struct file_bytes {
  unsigned char *data;
  size_t n;
} file_bytes;

/* Reads a file, pipe or device to its end. Errors: IO, NOMEM. */
tg_status file_read(const char *path, file_bytes *out, tg_error *error);
void file_free(file_bytes *file);

/* A file that is read from its beginning on. */
typedef struct file_in {
  FILE *stream;    /* NULL once closed */
  bool is_regular; /* no pipe or device, nor empty: its size is known, and it can be read again */
  uint64_t n;      /* its bytes, if it is regular */
} file_in;

/* Errors: IO. *out needs no release after an error. */
tg_status file_open(const char *path, file_in *out, tg_error *error);

/* Reads the next n bytes, or fewer at the end; *got says how many. Errors: IO. */
tg_status file_next(file_in *in, void *bytes, size_t n, size_t *got, tg_error *error);

/* Reads all that is left. Errors: IO, NOMEM. */
tg_status file_rest(file_in *in, file_bytes *out, tg_error *error);

/* Goes on from byte `at` of a regular file. Errors: IO. */
tg_status file_seek(file_in *in, uint64_t at, tg_error *error);
void file_close(file_in *in);

/* Whether something that is no folder can be found at path. */
bool file_exists(const char *path);

/* A file being written: under another name in the same folder until file_commit, so that neither an error nor a full
 * disk costs what was there before. Devices and pipes are written to directly. */
typedef struct file_out {
  FILE *stream;    /* NULL once closed */
  char *target;    /* where it goes, links resolved */
  char *temporary; /* NULL: the target itself is written */
} file_out;

/* Errors: IO (with what to do), NOMEM. *out needs no release after an error. */
tg_status file_create(const char *path, file_out *out, tg_error *error);

/* Whether a file could be created at path, found by doing so; nothing is left of it. */
bool file_can_create(const char *path, tg_error *error);

tg_status file_write(file_out *out, const void *bytes, size_t n, tg_error *error);

/* Goes back to the beginning, to write again what stands there; nothing may be written after that. False: it cannot, a
 * pipe or device. */
bool file_rewind(file_out *out);

/* Lets the file go elsewhere than said: to the same folder under its name with `.mark` before the extension. A device
 * or pipe stays what it is. Errors: NOMEM. */
tg_status file_mark(file_out *out, const char *mark, tg_error *error);

/* Ends writing: all bytes are on their way to the disk. The target is still as it was. */
tg_status file_finish(file_out *out, tg_error *error);

/* Puts the finished file in its place. */
tg_status file_commit(file_out *out, tg_error *error);

/* Releases *out; what was not committed is removed. Any state, also all zeros. */
void file_discard(file_out *out);

/* Removes the temporary files of every file that is being written. A signal handler may call it, in any thread; nothing
 * can be written afterwards. */
void file_abandon(void);

#endif
