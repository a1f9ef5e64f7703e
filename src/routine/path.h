/* path.h: how long a run of a graph's nodes is: how many operations, and how many of them must come one after the other
 * (the critical path). A loop counts as one round. And where lanes go different ways. */
#ifndef TG_ROUTINE_PATH_H
#define TG_ROUTINE_PATH_H

#include "base/arena.h"
#include "graph/graph.h"

typedef struct path_length {
  uint64_t operations, path;
} path_length;

typedef struct path_finder {
  const tg_graph *g;
  uint32_t run;      /* the number of the run that is measured */
  uint32_t *seen_in; /* by value: the run that set its depth */
  uint64_t *depth;   /* by value: the longest chain to it, in the run */
  uint32_t *from;    /* by value: the value before it on that chain, or TG_POISON */
  uint32_t *node;    /* by value: where it is made */
  bool *varies;      /* by value: whether it may differ between lanes */
} path_finder;

/* False: no memory. */
bool path_open(path_finder *f, const tg_graph *g, arena *memory);

/* Of nodes first to end - 1, which hold whole loops and branches only. */
path_length path_measure(path_finder *f, uint32_t first, uint32_t end);

/* After measuring the whole graph: marks, by node, a longest chain. */
void path_mark(const path_finder *f, bool *is_critical);

/* Whether lanes part in the last loop or branch that stands in these nodes but in no other of theirs. */
bool path_parts(const path_finder *f, uint32_t first, uint32_t end);

#endif
