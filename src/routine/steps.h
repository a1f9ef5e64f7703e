/* steps.h: the statements of an entry's body as one list, and which variables are needed after each of them.
 *
 * A step is a statement of the body or of a block in it; the steps of one block lie side by side. Everything that looks
 * at a body as a whole (phases, liveness, the schedule) walks steps. Statements in functions that are called are not
 * among them: a call is part of its statement.
 *
 * An item is what an instance carries from step to step: a variable of the body, by its number, or one of the extras.
 */
#ifndef TG_ROUTINE_STEPS_H
#define TG_ROUTINE_STEPS_H

#include "routine/lower.h"

#define NO_STEP UINT32_MAX

/* Items beside the variables of the body, numbered after them. */
enum { EXTRA_RETURNED, EXTRA_FUEL, EXTRA_DRAWS, N_EXTRAS = EXTRA_DRAWS + DRAW_CELLS };

typedef struct item_list {
  uint32_t n, *at; /* ascending */
} item_list;

/* A set of items, a bit for each. */
typedef uint64_t item_word;

typedef struct step {
  const prog_stmt *stmt;
  uint32_t parent;              /* the step that its block is in, or NO_STEP */
  uint32_t depth;               /* how many steps it is in */
  uint32_t first_list, n_lists; /* its blocks: of `if` two, of `match` the arms and the rest, of loops and blocks one */
  item_list exposed;            /* of loops: what a round may read before it has written it */
} step;

/* The steps of a block: first, first + 1, ... */
typedef struct step_list {
  uint32_t first, n;
} step_list;

enum { STEPS_SPARE = 1024 };
typedef struct steps {
  const program *p;
  const prog_entry *entry;
  arena *memory;
  VEC(step) all;
  VEC(step_list) lists; /* list 0 is the body */
  uint32_t n_items, n_words;
  item_word *spare[STEPS_SPARE]; /* sets to be used again */
  uint32_t n_spare;
} steps;

/* Everything but `all` and `lists` is of the arena. False: no memory. */
bool steps_make(steps *s, const program *p, const prog_entry *entry, arena *memory);
void steps_free(steps *s);

/* ---- items ---- */

static inline bool item_is_in(const item_word *set, uint32_t item)
{
  return (set[item / 64] >> (item % 64) & 1) != 0;
}
static inline void item_add(item_word *set, uint32_t item)
{
  set[item / 64] |= UINT64_C(1) << (item % 64);
}
static inline void item_remove(item_word *set, uint32_t item)
{
  set[item / 64] &= ~(UINT64_C(1) << (item % 64));
}
item_word *items_none(const steps *s);
/* The first item of a set from `item` on, or n_items. */
uint32_t item_next(const steps *s, const item_word *set, uint32_t item);
/* At most `most` of the items of a set. */
item_list items_list(const steps *s, const item_word *set, uint32_t most);

/* ---- live.c ---- */

/* Told of every step, the last first: what is needed after it. */
typedef struct live_visitor {
  void (*visit)(void *self, uint32_t step, const item_word *after);
  void *self;
} live_visitor;

/* Finds what is needed after each step: a variable that is read before it is written as a whole. `into`: whether the
 * visitor is told of steps in blocks too, or of those of the body alone. False: no memory. */
bool live_walk(steps *s, live_visitor visitor, bool into);
/* What a step may read before it has written it, as a set that is empty so far; after live_walk. False: no memory. */
bool live_reads(steps *s, uint32_t step, item_word *set);
/* What a step may write, without what is declared in it, as a set that is empty so far. */
void live_writes(const steps *s, uint32_t step, item_word *set);

#endif
