/* stages.h: how a graph whose lanes leave loops at different times is run with lane refill: docs/llvm.md, "Refill".
 *
 * The graph is cut at its divergent loops: before, loop, between, loop, .., after. A loop has slots, one for each lane
 * of a group; the code between works on queues, in whole groups: it reads what lanes left in the queue `done` of the
 * loop before, and leaves in `ready` what the next one begins with. An entry is one value that goes along: an array
 * with an element for each lane, in each of the three places.
 *
 * Arrays do not go along: they belong to slots. What touches them before and after their loop is done there, for the
 * lanes that come and for those that leave. A loop may stand in branches: these are split, each part taking its share
 * of the bodies. */
#ifndef TG_BACKEND_LLVM_STAGES_H
#define TG_BACKEND_LLVM_STAGES_H

#include "graph/graph.h"

enum { STAGE_MOST = 4, STAGE_QUEUE = 256, STAGE_TRIED_GROUPS = 8 };
#define STAGE_NO_VALUE UINT32_MAX

/* STAGE_NO_VALUE: in the loop, it is what the lanes that leave compute; before, it is made for the lanes that come;
 * after, it is not wanted. A carried array is an entry without places. */
typedef struct stage_entry {
  uint32_t value, start, after; /* in the loop, before and after it */
  unsigned bytes;
  bool is_carried, is_array;
  bool is_used;             /* by the loop's function */
  bool is_kept;             /* carried: wanted when the lane is done */
  size_t ready, slot, done; /* in scratch */
} stage_entry;

/* A divergent loop outside all other loops. */
typedef struct stage {
  uint32_t loop;
  uint32_t entry, exit; /* nodes [entry, loop) are for lanes that come, those after the loop up to exit for who leave */
  uint32_t body, body_end; /* the innermost body of a branch that it stands in, or all nodes */
  bool is_inner;           /* it stands in a branch */
  bool can_pass;           /* lanes that do not take its body need not come */
  uint32_t first_entry, n_entries;
  size_t ready_lanes, slot_lanes, done_lanes; /* which lanes they are, u32, in scratch */
  size_t ready_fuel, slot_fuel, done_fuel;    /* what is left to them, u64 */
  size_t wants;                               /* of a queue's lanes, bytes: whether they do take its body */
  bool can_trap;
  uint64_t ps, exchange_ps; /* of a round of one lane; of what is done for one that comes and leaves */
} stage;

/* Of a sum of floats: what a queue gives to it, and all values of a block. Of an argmin or argmax: data and index. */
typedef struct stage_sink {
  size_t group, block;
} stage_sink;

typedef struct stage_plan {
  size_t n; /* 0: there is no refill */
  unsigned capacity;
  stage stages[STAGE_MOST];
  stage_entry *entries;
  size_t n_entries, room; /* room: entries that there are places for */
  bool *varies;           /* as in jit_code, but counters of lanes that began at different times differ */
  bool *is_split;         /* by node: a branch with such a loop in it */
  uint8_t *owners;        /* by array value: the stage whose slots it belongs to, and 1; 0: none */
  stage_sink *sums, *args;
} stage_plan;

#endif
