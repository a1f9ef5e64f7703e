/* block.c: memory for long streams, and pseudo-random numbers to fill it with. */
#define _DEFAULT_SOURCE /* madvise */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

enum { HUGE_PAGE = 1 << 21, HEADER = 64, STAGGER = 1024 + 64, N_STAGGERS = 29 };

/* The address to free lies in the 64 bytes before the block. Blocks begin at different places of a page, because loads
 * and stores at equal ones wait for each other. */
void *block_new(size_t bytes)
{
  static size_t count;
  size_t skip = HEADER + count++ % N_STAGGERS * STAGGER;
  size_t whole = (bytes + skip + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
  char *start = aligned_alloc(HUGE_PAGE, whole);
  demand(start != NULL, "not enough memory");
#if defined(MADV_HUGEPAGE)
  (void)madvise(start, whole, MADV_HUGEPAGE); /* only advice: without it figures are worse, not wrong */
#endif
  memset(start, 0xAB, whole);
  memcpy(start + skip - HEADER, &start, sizeof start);
  return start + skip;
}

void block_free(void *block)
{
  if (block != NULL) {
    void *start;
    memcpy(&start, (char *)block - HEADER, sizeof start);
    free(start);
  }
}

uint32_t random_bits(uint32_t i, uint32_t k)
{
  uint32_t h = i * 2654435761u + k * 0x9E3779B9u;
  h ^= h >> 15;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  return h;
}

float random_unit(uint32_t i, uint32_t k)
{
  return (float)(random_bits(i, k) >> 8) * 0x1p-24f;
}

float *random_f32(size_t n, uint32_t k)
{
  float *x = block_new(n * sizeof *x);
  for (size_t i = 0; i < n; i++) {
    x[i] = random_unit((uint32_t)i, k);
  }
  return x;
}

double *random_f64(size_t n, uint32_t k, double scale, double offset)
{
  double *x = block_new(n * sizeof *x);
  for (size_t i = 0; i < n; i++) {
    x[i] = (double)random_unit((uint32_t)i, k) * scale + offset;
  }
  return x;
}
