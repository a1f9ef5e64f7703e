/* tile_level.h: what tests put behind the name of a back-end: "vec@0", "llvm:256@3": tiles of 2^0 and 2^3 blocks, as
 * many threads as can have one, and windows of machines of three such tiles. */
#ifndef TG_BASE_TILE_LEVEL_H
#define TG_BASE_TILE_LEVEL_H

#include <string.h>

enum { MOST_TILE_LEVEL = 4 };

/* 0 to MOST_TILE_LEVEL; -1: the name says nothing of it. */
static inline int tile_level(const char *backend)
{
  const char *at = strchr(backend, '@');
  int is_level = at != NULL && at[1] >= '0' && at[1] <= '0' + MOST_TILE_LEVEL && at[2] == '\0';
  return is_level ? at[1] - '0' : -1;
}

#endif
