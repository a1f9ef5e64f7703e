/* pile.c: see pile.h. A part is looked for by going through all: there are few. */
#include "runtime/pile.h"

#include <string.h>

static unsigned char *memory_of(const sum_pile *pile, size_t i)
{
  return pile->memory + i * pile_part_bytes(pile->n_sums);
}

static pile_part *part_at(const sum_pile *pile, size_t i)
{
  return (pile_part *)(void *)memory_of(pile, i);
}

static sum_columns *columns_at(const sum_pile *pile, size_t i)
{
  return (sum_columns *)(void *)(memory_of(pile, i) + 64);
}

/* The place of a part, or pile->n. */
static size_t find(const sum_pile *pile, pile_part part)
{
  size_t i = 0;
  while (i < pile->n && (part_at(pile, i)->index != part.index || part_at(pile, i)->level != part.level)) {
    i++;
  }
  return i;
}

/* The part at `left` becomes itself and its sibling; the last part moves to where the sibling was. */
static void combine(sum_pile *pile, size_t left, size_t right)
{
  pile_part *part = part_at(pile, left);
  for (size_t k = 0; k < pile->n_sums; k++) {
    sum_columns *sum = &columns_at(pile, left)[k];
    sum_add(pile->types[k], sum, &columns_at(pile, right)[k], sum);
  }
  *part = (pile_part){part->index / 2, part->level + 1};
  pile->n--;
  if (right != pile->n) {
    memcpy(memory_of(pile, right), memory_of(pile, pile->n), pile_part_bytes(pile->n_sums));
  }
}

void pile_push(sum_pile *pile, pile_part part, const sum_columns *columns)
{
  *part_at(pile, pile->n) = part;
  memcpy(columns_at(pile, pile->n), columns, pile->n_sums * sizeof *columns);
  pile->n++;
  for (;;) {
    size_t mine = find(pile, part), other = find(pile, (pile_part){part.index ^ 1, part.level});
    if (other == pile->n) {
      return;
    }
    combine(pile, part.index & 1 ? other : mine, part.index & 1 ? mine : other);
    part = (pile_part){part.index / 2, part.level + 1};
  }
}

/* Which part comes next from the end of the blocks, after those of levels below `level`. Levels differ, for two parts
 * of one level without a gap would be siblings, or have their siblings between them. */
static size_t lowest(const sum_pile *pile, unsigned level)
{
  size_t found = pile->n;
  for (size_t i = 0; i < pile->n; i++) {
    if (part_at(pile, i)->level >= level &&
        (found == pile->n || part_at(pile, i)->level < part_at(pile, found)->level)) {
      found = i;
    }
  }
  return found;
}

void pile_total(const sum_pile *pile, size_t k, sum_columns *out)
{
  size_t i = lowest(pile, 0);
  if (i == pile->n) {
    memset(out, 0, sizeof *out);
    return;
  }
  *out = columns_at(pile, i)[k];
  while ((i = lowest(pile, part_at(pile, i)->level + 1)) < pile->n) {
    sum_add(pile->types[k], &columns_at(pile, i)[k], out, out);
  }
}
