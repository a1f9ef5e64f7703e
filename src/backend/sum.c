/* sum.c: combining columns of sums. Every step adds the earlier blocks' column and the later ones'. */
#include "backend/sum.h"

#include "base/float.h"

#include <string.h>

void sum_add(tg_type type, const sum_columns *a, const sum_columns *b, sum_columns *out)
{
  if (type == TG_F32) {
    for (int i = 0; i < 64; i++) {
      out->f32[i] = a->f32[i] + b->f32[i];
    }
  } else if (type == TG_F64) {
    for (int i = 0; i < 32; i++) {
      out->f64[i] = a->f64[i] + b->f64[i];
    }
  } else {
    for (int i = 0; i < 32; i++) {
      out->u64[i] = a->u64[i] + b->u64[i];
    }
  }
}

void sum_push(sum_tree *tree, tg_type type, unsigned level, const sum_columns *columns)
{
  sum_columns carry = *columns;
  uint64_t n = tree->n_blocks >> level;
  tree->n_blocks += (uint64_t)1 << level;
  for (; n & 1; n >>= 1, level++) {
    sum_add(type, &tree->levels[level], &carry, &carry);
  }
  tree->levels[level] = carry;
}

/* Where the tree has no right part, a level's columns pass on unchanged: x + 0 is x, for no column is -0. */
void sum_total(const sum_tree *tree, tg_type type, sum_columns *columns)
{
  unsigned level = 0;
  for (uint64_t n = tree->n_blocks; n != 0; n >>= 1, level++) {
    if (n & 1) {
      sum_add(type, &tree->levels[level], columns, columns);
    }
  }
}

/* With numbers that the compiler knows it makes vectors of a step. */
#define HALVE(columns, half)                                                                                           \
  for (size_t i = 0; i < (half); i++) {                                                                                \
    (columns)[i] += (columns)[i + (half)];                                                                             \
  }

static double halve_f64(double *columns)
{
  HALVE(columns, 16)
  HALVE(columns, 8)
  HALVE(columns, 4)
  HALVE(columns, 2)
  return columns[0] + columns[1];
}

static float halve_f32(float *columns)
{
  HALVE(columns, 32)
  HALVE(columns, 16)
  HALVE(columns, 8)
  HALVE(columns, 4)
  HALVE(columns, 2)
  return columns[0] + columns[1];
}

uint64_t sum_halve(tg_type type, sum_columns *columns)
{
  if (type == TG_F32) {
    return f32_bits(halve_f32(columns->f32));
  }
  if (type == TG_F64) {
    return f64_bits(halve_f64(columns->f64));
  }
  uint64_t total = 0;
  for (size_t i = 0; i < 32; i++) {
    total += columns->u64[i];
  }
  return total;
}
