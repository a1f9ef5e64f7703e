/* stage_cut.h: what stages.c and stage_arrays.c share: a graph that is being cut at its divergent loops. */
#ifndef TG_BACKEND_LLVM_STAGE_CUT_H
#define TG_BACKEND_LLVM_STAGE_CUT_H

#include "backend/llvm/emit.h"
#include "graph/copy.h"

/* From where to where an array is used: nodes outside all loops and branches that are not split. */
typedef struct array_span {
  uint32_t made, first, last;
  bool is_used;
} array_span;

typedef struct cutter {
  jit_code *code;
  const tg_graph *g;
  stage_plan *plan;
  uint8_t *made;     /* by value: when it is made */
  uint32_t *wanted;  /* by value: when it is wanted, a bit each */
  array_span *spans; /* by value, of those that arrays are changed in place of */
} cutter;

/* Gives arrays to loops, and widens what is done for the lanes that come and leave, so that it has all that touches
 * them. False: some array would have to go along. */
bool stages_give_arrays(cutter *c);

#endif
