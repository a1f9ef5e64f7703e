/* alloc.h: every byte of the library comes through a tg_allocator. These helpers check for overflow, so that callers
 * can multiply counts by sizes without thinking; NULL means no memory. */
#ifndef TG_BASE_ALLOC_H
#define TG_BASE_ALLOC_H

#include "throng.h"

#include <stdbool.h>

/* malloc, realloc and free behind the allocator interface. */
tg_allocator alloc_default(void);

/* n elements of elem_bytes, zeroed. */
void *alloc_zeroed(const tg_allocator *a, size_t n, size_t elem_bytes);
void alloc_free(const tg_allocator *a, void *p, size_t n, size_t elem_bytes);

/* Makes *p, an array with room for *capacity elements, hold at least `need`; it grows by half as much again.
 * False when there is no memory: *p and *capacity are then as they were. */
bool alloc_grow(const tg_allocator *a, void **p, size_t *capacity, size_t need, size_t elem_bytes);

/* A growable array of T. vec_push_room makes room for one more and says whether it could. */
#define VEC(T)                                                                                                         \
  struct {                                                                                                             \
    T *data;                                                                                                           \
    size_t n, capacity;                                                                                                \
  }
#define vec_room(a, v, extra)                                                                                          \
  alloc_grow((a), (void **)(void *)&(v)->data, &(v)->capacity, (v)->n + (extra), sizeof *(v)->data)
#define vec_free(a, v) alloc_free((a), (v)->data, (v)->capacity, sizeof *(v)->data)

#endif
