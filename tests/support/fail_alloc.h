/* fail_alloc.h: an allocator that fails on purpose. It counts calls that want memory and bytes that are held, and fails
 * the call number fail_at (from 1; 0: none), only that one or every one from it on. Each block moves when it is
 * resized, its old place is overwritten, and old_bytes is checked against what the block has. */
#ifndef TEST_FAIL_ALLOC_H
#define TEST_FAIL_ALLOC_H

#include "throng.h"

typedef struct fail_alloc {
  size_t fail_at;
  int sticky;
  size_t calls;  /* that wanted memory */
  size_t failed; /* how many of them got none on purpose */
  size_t live;   /* bytes held */
  int misused;   /* nonzero: some old_bytes was wrong, or a freed block was freed again */
} fail_alloc;

/* Sets *f up and returns an allocator over it; *f must outlive it. Resize behaves as throng.h says. */
tg_allocator fail_alloc_make(fail_alloc *f, size_t fail_at, int sticky);

#endif
