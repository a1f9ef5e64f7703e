/* refill.h: what refill.c and refill_sinks.c share: a range of lanes that runs with refill. */
#ifndef TG_BACKEND_LLVM_REFILL_H
#define TG_BACKEND_LLVM_REFILL_H

#include "backend/llvm/run.h"

/* One divergent loop. */
typedef struct station {
  uint64_t occupied, running, living, fresh; /* slots, a bit each */
  uint32_t head, n_ready, n_done;
  uint8_t order[STAGE_QUEUE];   /* places in `ready` of the lanes that come, from head to n_ready */
  uint8_t passing[STAGE_QUEUE]; /* and of those that do not take the body that the loop is in */
  uint32_t n_passed, n_passing;
  uint64_t clock, started[JIT_MAX_LANES]; /* rounds so far, and when a slot's lane began */
  uint64_t n_left, rounds_left;           /* lanes that left since the last tuning, and their rounds together */
  unsigned wanted;                        /* free slots */
  uint64_t pause;
} station;

typedef struct best_lane {
  arg_partial best;
  uint64_t lane;
} best_lane;

typedef struct refilling {
  jit_range *r;
  const jit_code *code;
  jit_frame *frame;
  uint64_t first, next, end; /* lanes */
  station stations[STAGE_MOST];
  best_lane best[TG_MAX_ARGS];
  refill_rounds *rounds;
  /* Lanes that are watched: the rounds of each, from `watched` on, and how many still run. */
  refill_rounds watch;
  uint64_t watched;
  uint32_t n_watched;
  bool has_looked;
} refilling;

static inline uint32_t *refill_lanes(const refilling *f, size_t offset)
{
  return (uint32_t *)(void *)(f->r->scratch + offset);
}

/* refill_sinks.c: before the first lane of a range; n lanes of the last queue, by number; after the last. */
void refill_open_sinks(refilling *f);
void refill_put(refilling *f, const uint32_t *lanes, uint32_t n);
void refill_close_sinks(refilling *f, partials *out);

#endif
