/* alloc.c: the default allocator and the helpers over any allocator. */
#include "base/alloc.h"
#include "base/context.h"

#include <stdlib.h>
#include <string.h>

static void *default_resize(void *self, void *p, size_t old_bytes, size_t new_bytes)
{
  (void)self;
  (void)old_bytes;
  if (new_bytes == 0) {
    free(p);
    return NULL;
  }
  return realloc(p, new_bytes);
}

tg_allocator alloc_default(void)
{
  return (tg_allocator){default_resize, NULL};
}

void *alloc_zeroed(const tg_allocator *a, size_t n, size_t elem_bytes)
{
  if (n == 0 || n > SIZE_MAX / elem_bytes) {
    return NULL;
  }
  void *p = a->resize(a->self, NULL, 0, n * elem_bytes);
  if (p != NULL) {
    memset(p, 0, n * elem_bytes);
  }
  return p;
}

void alloc_free(const tg_allocator *a, void *p, size_t n, size_t elem_bytes)
{
  if (p != NULL) {
    a->resize(a->self, p, n * elem_bytes, 0);
  }
}

bool alloc_grow(const tg_allocator *a, void **p, size_t *capacity, size_t need, size_t elem_bytes)
{
  if (need <= *capacity) {
    return true;
  }
  size_t want = *capacity + *capacity / 2;
  want = want < need ? need : want;
  want = want < 8 ? 8 : want;
  if (want > SIZE_MAX / elem_bytes) {
    return false;
  }
  void *bigger = a->resize(a->self, *p, *capacity * elem_bytes, want * elem_bytes);
  if (bigger == NULL) {
    return false;
  }
  *p = bigger;
  *capacity = want;
  return true;
}

void tg_free(tg_context *context, void *p, size_t bytes)
{
  alloc_free(&context->allocator, p, 1, bytes + 1);
}
