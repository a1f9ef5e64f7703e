/* spill.c: see spill.h. POSIX: the file is removed as soon as it is open. */
#if defined(__unix__) || defined(__APPLE__)
#define _FILE_OFFSET_BITS 64
#define _XOPEN_SOURCE 700
#define HAS_FILES 1
#else
#define HAS_FILES 0
#endif

#include "base/spill.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#if HAS_FILES
#include <stdlib.h>
#include <unistd.h>

enum { LONGEST_PATH = 4096, MOST_AT_ONCE = 1 << 30 };

static tg_status fail_spill(const char *what, int number, tg_error *error)
{
  error_set(error, TG_IO, "a temporary file cannot be %s: %s", what, strerror(number));
  error_hint(error, "name a folder with more room, in TMPDIR for the command, or allow more memory");
  return TG_IO;
}

tg_status spill_open(const char *folder, spill *out, tg_error *error)
{
  char path[LONGEST_PATH];
  *out = (spill){0};
  int length = snprintf(path, sizeof path, "%s/throng-XXXXXX", folder == NULL ? "/tmp" : folder);
  if (length < 0 || (size_t)length >= sizeof path) {
    return fail_spill("created", ENAMETOOLONG, error);
  }
  int file = mkstemp(path);
  if (file < 0) {
    return fail_spill("created", errno, error);
  }
  unlink(path);
  *out = (spill){true, file, 0};
  return TG_OK;
}

tg_status spill_write(spill *s, const void *bytes, size_t n, tg_error *error)
{
  for (size_t done = 0; done < n;) {
    size_t part = n - done < MOST_AT_ONCE ? n - done : MOST_AT_ONCE;
    ssize_t written = pwrite(s->file, (const char *)bytes + done, part, (off_t)s->n);
    if (written <= 0 && errno != EINTR) {
      return fail_spill("written", written == 0 ? ENOSPC : errno, error);
    }
    done += written > 0 ? (size_t)written : 0;
    s->n += written > 0 ? (uint64_t)written : 0;
  }
  return TG_OK;
}

tg_status spill_read(const spill *s, uint64_t at, void *bytes, size_t n, tg_error *error)
{
  for (size_t done = 0; done < n;) {
    size_t part = n - done < MOST_AT_ONCE ? n - done : MOST_AT_ONCE;
    ssize_t got = pread(s->file, (char *)bytes + done, part, (off_t)(at + done));
    if (got == 0 || (got < 0 && errno != EINTR)) {
      return fail_spill("read", got == 0 ? EIO : errno, error);
    }
    done += got > 0 ? (size_t)got : 0;
  }
  return TG_OK;
}

void spill_close(spill *s)
{
  if (s->is_open) {
    close(s->file);
  }
  *s = (spill){0};
}

#else

static tg_status no_files(tg_error *error)
{
  return error_set(error, TG_UNSUPPORTED, "temporary files are not to be had on this system: allow more memory");
}

tg_status spill_open(const char *folder, spill *out, tg_error *error)
{
  (void)folder;
  *out = (spill){0};
  return no_files(error);
}

tg_status spill_write(spill *s, const void *bytes, size_t n, tg_error *error)
{
  (void)s;
  (void)bytes;
  return n == 0 ? TG_OK : no_files(error);
}

tg_status spill_read(const spill *s, uint64_t at, void *bytes, size_t n, tg_error *error)
{
  (void)s;
  (void)at;
  (void)bytes;
  return n == 0 ? TG_OK : no_files(error);
}

void spill_close(spill *s)
{
  *s = (spill){0};
}

#endif
