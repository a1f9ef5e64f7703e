/* store.h: a folder of files that can be made anew: a cache on disk. The folder is the user's alone: it must belong to
 * who runs and be closed to all others (0700), else it is not used. A file is written under another name and then takes
 * its own, so that processes that use the folder at once see whole files. Whatever goes wrong, nothing is there. */
#ifndef TG_BASE_STORE_H
#define TG_BASE_STORE_H

#include "base/alloc.h"

typedef struct store_bytes {
  const void *data;
  size_t n;
} store_bytes;

/* The bytes of a file, n of them; NULL if there is none. */
unsigned char *store_read(const char *folder, const char *name, const tg_allocator *a, size_t *n);

/* Writes a file of two parts, one after the other, and makes the folder, and the one it is in, if they are not there.
 * When all files together have more than STORE_BYTES, those that were not used for longest go. */
enum { STORE_BYTES = 64 << 20 };
void store_write(const char *folder, const char *name, const store_bytes parts[2]);

void store_remove(const char *folder, const char *name);

#endif
