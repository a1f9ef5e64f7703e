/* plan.h: an entry cut into phases at its `sync`s, and what an instance keeps across each of them, in slots of its
 * state. Made before any graph; phases.c lowers what stands here, and schedule.c tells of it. */
#ifndef TG_ROUTINE_PLAN_H
#define TG_ROUTINE_PLAN_H

#include "routine/split.h"
#include "routine/steps.h"

typedef struct plan_phase {
  prog_stmt *list;              /* its statements, the top ones copied so that the list ends with the phase */
  uint32_t first_step, n_steps; /* of the body's; the sync not counted */
  unsigned effects, exits;
  bool *inputs;              /* by operand of the entry: whether it is an input that the phase reads */
  bool *mentions, *declares; /* by item: whether the phase mentions, or declares, the variable */
  item_word *live;           /* what is needed after the phase; by liveness alone */
  uint32_t *saved;           /* by item: its first slot + 1 while it is kept across the end of this phase, or 0 */
} plan_phase;

typedef struct plan {
  const program *p;
  const prog_entry *entry;
  arena *memory;
  steps steps;
  plan_phase *phases;
  uint32_t n, n_items;
  bool counts_fuel;
  split_phases split;
  VEC(routine_slot) slots;
  bool *slot_taken;
  size_t n_slot_taken;
} plan;

/* plan_free in any case; the rest is of the arena. Errors: LIMIT (over the budget; too many slots or phases), NOMEM. */
tg_status plan_make(plan *pl, const program *p, const prog_entry *entry, const routine_options *options, arena *memory,
                    tg_error *error);
void plan_free(plan *pl);

/* Lowers each phase. The slots are the set's from then on. phases.c */
tg_status routine_lower_plan(plan *pl, routine_set *out, tg_error *error);

/* Of an item: its name, its type, how many slots (and cells, but for arrays) it takes, one of them, and its bytes that
 * the budget counts. */
const char *plan_item_name(const plan *pl, uint32_t item);
prog_type plan_item_type(const plan *pl, uint32_t item);
uint32_t plan_item_slots(const plan *pl, uint32_t item);
routine_slot plan_item_slot(const plan *pl, uint32_t item, uint32_t k);
uint32_t plan_item_bytes(const plan *pl, uint32_t item);

/* Whether a phase loads and saves an item that is kept across its ends: all do, but those of a loop that is split only
 * what they mention. */
bool plan_moves(const plan *pl, uint32_t phase, uint32_t item);
bool plan_is_split(const plan *pl, uint32_t phase);

/* Whether a variable has come to life by the end of a phase. */
bool plan_is_declared(const plan *pl, uint32_t item, uint32_t end);

#endif
