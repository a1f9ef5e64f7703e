/* arena.c: blocks of memory, each twice as large as the last up to a limit, handed out from the front. */
#include "base/arena.h"

#include <string.h>

enum { ALIGN = 16, FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };
#define HEADER ((sizeof(arena_block) + ALIGN - 1) / ALIGN * ALIGN)

void arena_init(arena *a, tg_allocator allocator)
{
  *a = (arena){.allocator = allocator};
}

void arena_free(arena *a)
{
  for (arena_block *b = a->blocks; b != NULL;) {
    arena_block *next = b->next;
    alloc_free(&a->allocator, b, b->bytes, 1);
    b = next;
  }
  a->blocks = NULL;
}

/* A block with room for at least `bytes`. What is larger than a block gets one of its own, behind the one being
 * filled. */
static arena_block *add_block(arena *a, size_t bytes)
{
  size_t size = a->blocks == NULL ? FIRST_BLOCK : a->blocks->bytes * 2;
  bool is_large = bytes > LARGEST_BLOCK - HEADER;
  if (size > LARGEST_BLOCK) {
    size = LARGEST_BLOCK;
  }
  while (size - HEADER < bytes && !is_large) {
    size *= 2;
  }
  if (is_large) {
    size = bytes + HEADER;
  }
  arena_block *b = a->allocator.resize(a->allocator.self, NULL, 0, size);
  if (b == NULL) {
    return NULL;
  }
  *b = (arena_block){.bytes = size, .used = HEADER};
  if (is_large && a->blocks != NULL) {
    b->next = a->blocks->next;
    a->blocks->next = b;
  } else {
    b->next = a->blocks;
    a->blocks = b;
  }
  return b;
}

void *arena_zeroed(arena *a, size_t n, size_t elem_bytes)
{
  if (elem_bytes != 0 && n > (SIZE_MAX / 4 - HEADER) / elem_bytes) {
    a->failed = true;
    return NULL;
  }
  size_t bytes = (n * elem_bytes + ALIGN - 1) / ALIGN * ALIGN;
  arena_block *b = a->blocks;
  if (b == NULL || bytes > b->bytes - b->used) {
    b = add_block(a, bytes);
  }
  if (b == NULL) {
    a->failed = true;
    return NULL;
  }
  void *p = (char *)b + b->used;
  b->used += bytes;
  memset(p, 0, bytes);
  return p;
}

void *arena_copy(arena *a, const void *from, size_t n, size_t elem_bytes)
{
  void *p = arena_zeroed(a, n, elem_bytes);
  if (p != NULL && n > 0) {
    memcpy(p, from, n * elem_bytes);
  }
  return p;
}

char *arena_string(arena *a, const char *s, size_t n)
{
  char *p = arena_zeroed(a, n + 1, 1);
  if (p != NULL && n > 0) {
    memcpy(p, s, n);
  }
  return p;
}
