/* sum.c: combining columns of sums. Every step adds the earlier blocks' column and the later ones'. */
#include "runtime/sum.h"

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
void sum_columns_of(const sum_tree *tree, tg_type type, sum_columns *out)
{
  bool has_any = false;
  memset(out, 0, sizeof *out);
  for (unsigned level = 0; tree->n_blocks >> level != 0; level++) {
    if ((tree->n_blocks >> level & 1) == 0) {
      continue;
    }
    if (has_any) {
      sum_add(type, &tree->levels[level], out, out);
    } else {
      *out = tree->levels[level];
    }
    has_any = true;
  }
}

uint64_t sum_halve(tg_type type, sum_columns *columns)
{
  for (size_t half = type == TG_F32 ? 32 : 16; half > 0; half /= 2) {
    for (size_t i = 0; i < half; i++) {
      if (type == TG_F32) {
        columns->f32[i] += columns->f32[i + half];
      } else if (type == TG_F64) {
        columns->f64[i] += columns->f64[i + half];
      } else {
        columns->u64[i] += columns->u64[i + half];
      }
    }
  }
  return type == TG_F32 ? f32_bits(columns->f32[0]) : columns->u64[0];
}
