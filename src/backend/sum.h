/* sum.h: the canonical order of sums (docs/spec.md chapter 7): columns of a block combine in a binary tree over block
 * numbers, and at the end by halving. The driver joins blocks and tiles so, and engines that run whole tiles do.
 *
 * The tree of a tile is built as its blocks arrive, like a binary counter: level k holds the columns of 2^k blocks when
 * bit k of the number of blocks is set. The tiles' columns combine further in a pile (pile.h). */
#ifndef TG_BACKEND_SUM_H
#define TG_BACKEND_SUM_H

#include "backend/backend.h"

enum {
  SUM_TILE_LEVEL = 4, /* a tile, what a worker takes at a time, is at most 2^4 blocks */
  SUM_TILE_LEVELS = SUM_TILE_LEVEL + 1
};

typedef struct sum_tree {
  uint64_t n_blocks, unused[7]; /* levels begin where a line of the cache does, as trees do */
  sum_columns levels[];         /* as many as the caller made room for */
} sum_tree;

static inline size_t sum_tree_bytes(size_t n_levels)
{
  return sizeof(sum_tree) + n_levels * sizeof(sum_columns);
}

/* *out = a + b, column by column; a is of the earlier blocks. */
void sum_add(tg_type type, const sum_columns *a, const sum_columns *b, sum_columns *out);

/* Adds the columns of 2^level blocks; the number of blocks so far is a multiple of 2^level. type: of the result. */
void sum_push(sum_tree *tree, tg_type type, unsigned level, const sum_columns *columns);

/* Combines what is there with *columns, those of the blocks after (all +0: none), as if absent blocks were +0. */
void sum_total(const sum_tree *tree, tg_type type, sum_columns *columns);

/* Combines the columns by halving: the value of the sum. The columns are lost. */
uint64_t sum_halve(tg_type type, sum_columns *columns);

#endif
