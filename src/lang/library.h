/* library.h: the files of the standard library, lib/NAME.tg, as the build puts them into the program. */
#ifndef TG_LANG_LIBRARY_H
#define TG_LANG_LIBRARY_H

#include <stddef.h>

typedef struct lang_library_file {
  const char *path; /* "lib/math.tg" */
  const unsigned char *bytes;
  size_t n;
} lang_library_file;

/* Ends with a row whose path is NULL. */
extern const lang_library_file lang_library[];

#endif
