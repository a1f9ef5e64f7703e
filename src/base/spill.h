/* spill.h: bytes that memory should not hold, in a file without a name: it is gone when it is closed, or when the
 * process ends, however it ends. */
#ifndef TG_BASE_SPILL_H
#define TG_BASE_SPILL_H

#include "throng.h"

#include <stdbool.h>

/* A zeroed one is closed. */
typedef struct spill {
  bool is_open;
  int file;
  uint64_t n; /* bytes written */
} spill;

/* folder: where the file lies; NULL: /tmp. Errors: IO, and UNSUPPORTED where the system is not POSIX. */
tg_status spill_open(const char *folder, spill *out, tg_error *error);
/* Appends. Errors: IO. */
tg_status spill_write(spill *s, const void *bytes, size_t n, tg_error *error);
/* Reads n bytes that were written, from byte `at` on. Errors: IO. */
tg_status spill_read(const spill *s, uint64_t at, void *bytes, size_t n, tg_error *error);
void spill_close(spill *s);

#endif
