/* pile.h: the canonical order of sums when tiles end in any order. A pile holds parts of the binary tree over block
 * numbers that have no sibling yet; a part that comes combines with its sibling, the two with theirs, and so on. So
 * what is kept is what lies between the tiles that still run: a few parts for each thread, however many tiles there
 * are. */
#ifndef TG_RUNTIME_PILE_H
#define TG_RUNTIME_PILE_H

#include "backend/sum.h"

/* 2^level blocks, from block index * 2^level on; then one sum_columns for each sum. */
typedef struct pile_part {
  uint64_t index;
  unsigned level;
} pile_part;

typedef struct sum_pile {
  const tg_type *types; /* of the sums' results */
  size_t n_sums;
  size_t n;              /* parts in it */
  unsigned char *memory; /* room for as many as there will be, pile_part_bytes each */
} sum_pile;

static inline size_t pile_part_bytes(size_t n_sums)
{
  return 64 + n_sums * sizeof(sum_columns);
}

/* Adds a part that is not there yet. There is room for one more while it lasts, though it may combine with others. */
void pile_push(sum_pile *pile, pile_part part, const sum_columns *columns);

/* The columns of sum number k over everything, as if absent blocks were +0: the parts are those of blocks 0 to some
 * number, without gaps, and combined as far as they can be. An empty pile gives zeros. */
void pile_total(const sum_pile *pile, size_t k, sum_columns *out);

#endif
