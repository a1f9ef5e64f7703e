/* arena.h: memory that is freed all at once. What a compilation makes lives in one, so that no path of failure has
 * anything else to release. A failed allocation sticks in `failed`; callers ask once at the end. */
#ifndef TG_BASE_ARENA_H
#define TG_BASE_ARENA_H

#include "base/alloc.h"

typedef struct arena_block {
  struct arena_block *next;
  size_t bytes, used; /* of the whole block, this header included */
} arena_block;

typedef struct arena {
  tg_allocator allocator;
  arena_block *blocks; /* the first is the one being filled */
  bool failed;
} arena;

void arena_init(arena *a, tg_allocator allocator);
void arena_free(arena *a);

/* n elements of elem_bytes, zeroed and aligned for any type; NULL when there is no memory. n 0 gives a pointer too. */
void *arena_zeroed(arena *a, size_t n, size_t elem_bytes);
#define arena_new(a, T) ((T *)arena_zeroed((a), 1, sizeof(T)))
#define arena_array(a, T, n) ((T *)arena_zeroed((a), (n), sizeof(T)))

/* A copy of n elements. */
void *arena_copy(arena *a, const void *from, size_t n, size_t elem_bytes);

/* A copy of n bytes with a zero byte after them. */
char *arena_string(arena *a, const char *s, size_t n);

#endif
