/* seeds.c: runs a fuzz target on bytes made of numbers: `TARGET FIRST COUNT` takes the seeds FIRST to FIRST + COUNT
 * - 1. Prints each seed that ends well, as TAP; the target stops the program where something is wrong. */
#include "round_trip.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_BYTES = 4096 };

/* splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). */
static uint64_t next(uint64_t *state)
{
  uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

int main(int argc, char **argv)
{
  static uint8_t bytes[MOST_BYTES];
  if (argc != 3) {
    fprintf(stderr, "usage: %s FIRST COUNT\n", argv[0]);
    return 2;
  }
  uint64_t first = strtoull(argv[1], NULL, 10), count = strtoull(argv[2], NULL, 10);
  for (uint64_t seed = first; seed < first + count; seed++) {
    uint64_t state = seed;
    size_t n = 200 + next(&state) % (MOST_BYTES - 200);
    for (size_t k = 0; k < n; k++) {
      bytes[k] = (uint8_t)(next(&state) >> 32);
    }
    fprintf(stderr, "seed %" PRIu64 "\n", seed);
    LLVMFuzzerTestOneInput(bytes, n);
  }
  printf("%" PRIu64 " seeds from %" PRIu64 "\n", count, first);
  return 0;
}
