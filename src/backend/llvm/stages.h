/* stages.h: how a graph whose lanes leave loops at different times is run with lane refill: docs/llvm.md, "Refill".
 *
 * The graph is cut at its divergent loops: before, loop, between, loop, .., after. A loop has slots, one for each lane
 * of a group; the code between works on queues, in whole groups: it reads what lanes left in the queue `done` of the
 * loop before, and leaves in `ready` what the next one begins with. An entry is one value that goes along: an array
 * with an element for each lane, in each of the three places. */
#ifndef TG_BACKEND_LLVM_STAGES_H
#define TG_BACKEND_LLVM_STAGES_H

#include "graph/graph.h"

enum { STAGE_MOST = 4, STAGE_QUEUE = 256, STAGE_TRIED_GROUPS = 8 };
#define STAGE_NO_VALUE UINT32_MAX

typedef struct stage_entry {
  uint32_t value, start, after; /* in the loop, before and after it; STAGE_NO_VALUE: none, and not wanted */
  unsigned bytes;
  bool is_carried, is_used; /* by the loop */
  size_t ready, slot, done; /* in scratch */
} stage_entry;

/* A divergent loop outside all bodies. */
typedef struct stage {
  uint32_t loop;
  uint32_t first_entry, n_entries;
  size_t ready_lanes, slot_lanes, done_lanes; /* which lanes they are, u32, in scratch */
  bool can_trap;
  uint64_t ps; /* of a round of one lane */
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
  stage_sink *sums, *args;
} stage_plan;

#endif
