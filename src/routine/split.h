/* split.h: a loop over a `match` as phases of its own, so that the machine can regroup instances between them: one
 * phase goes from the end of a `match` to the next, and each arm is a phase that only the instances which take it run.
 *
 *     for i in a..b { B  match e { arms }  A }      becomes
 *     i = a; limit = b; started = false;                                                   end of the phase before
 *     if started { A  i += 1; }  started = true;  arm = done;  if i < limit { B  arm = number of the arm of e }  turn
 *     arm 0 | arm 1 | ... | the rest                                                       one phase each
 *
 * It is made of the typed program, so that everything after it (liveness, slots, lowering) is as ever. */
#ifndef TG_ROUTINE_SPLIT_H
#define TG_ROUTINE_SPLIT_H

#include "routine/lower.h"

/* What splitting a loop would take and spare an instance, in a round. */
typedef struct split_cost {
  const prog_stmt *loop, *match;
  uint32_t n_arms;                  /* the rest counted */
  uint64_t all_arms, longest, mean; /* operations */
  uint32_t moves;                   /* values that are moved to an arm and back, of the arm that needs most */
  uint64_t spared_ps, moved_ps;     /* by the table of split.c */
  bool pays;
} split_cost;

/* The loop of an entry that could be split, the first that pays or else the first; false: there is none. */
bool split_find(const program *p, const prog_entry *entry, uint32_t operation_ps, split_cost *cost);

/* The phases that come of it, by number. */
typedef struct split_phases {
  uint32_t turn, n_arms; /* the arms are phases turn + 1 to turn + n_arms; turn 0: nothing was split */
  uint32_t arm;          /* the variable that holds the number of the arm; n_arms: the instance is done */
} split_phases;

/* The entry with the loop split; of the arena. NULL: no memory. */
const prog_entry *split_entry(const program *p, const prog_entry *entry, const split_cost *cost, arena *memory,
                              split_phases *out);

#endif
