/* fail_alloc.c: see fail_alloc.h. A block has its size before it, so that a wrong old_bytes is seen at once. */
#include "fail_alloc.h"

#include <stdlib.h>
#include <string.h>

/* 16 bytes, the alignment that Throng is promised. */
typedef union header {
  struct {
    size_t bytes, mark;
  } block;
  max_align_t align;
} header;
_Static_assert(sizeof(header) % 16 == 0, "what follows a header is aligned to 16 bytes");

static const size_t mark = (size_t)0x5AFEB10C;

static void release(fail_alloc *f, void *p)
{
  header *h = (header *)p - 1;
  f->live -= h->block.bytes;
  memset(p, 0xDD, h->block.bytes);
  h->block.mark = 0;
  free(h);
}

static void *take(fail_alloc *f, size_t bytes)
{
  f->calls++;
  if (f->fail_at != 0 && (f->calls == f->fail_at || (f->sticky && f->calls > f->fail_at))) {
    f->failed++;
    return NULL;
  }
  header *h = bytes > SIZE_MAX - sizeof *h ? NULL : malloc(sizeof *h + bytes);
  if (h == NULL) {
    return NULL;
  }
  h->block.bytes = bytes;
  h->block.mark = mark;
  memset(h + 1, 0xCC, bytes);
  f->live += bytes;
  return h + 1;
}

static void *resize(void *self, void *p, size_t old_bytes, size_t new_bytes)
{
  fail_alloc *f = self;
  size_t held = 0;
  if (p != NULL) {
    const header *h = (const header *)p - 1;
    f->misused |= h->block.mark != mark || h->block.bytes != old_bytes;
    held = h->block.bytes;
  } else {
    f->misused |= old_bytes != 0;
  }
  void *moved = new_bytes == 0 ? NULL : take(f, new_bytes);
  if (moved != NULL && p != NULL) {
    memcpy(moved, p, held < new_bytes ? held : new_bytes);
  }
  if (p != NULL && (moved != NULL || new_bytes == 0)) {
    release(f, p);
  }
  return moved;
}

tg_allocator fail_alloc_make(fail_alloc *f, size_t fail_at, int sticky)
{
  *f = (fail_alloc){.fail_at = fail_at, .sticky = sticky};
  return (tg_allocator){resize, f};
}
