/* loop.h: what the two ways to emit a loop share: loop.c makes values of whole groups, pieces.c one vector of the
 * machine after the other. */
#ifndef TG_BACKEND_LLVM_LOOP_H
#define TG_BACKEND_LLVM_LOOP_H

#include "backend/llvm/emit.h"

typedef struct loop {
  const graph_node *node, *test, *yield;
  uint32_t at;
  bool parts, can_trap; /* lanes part ways; some may trap inside */
  LLVMBasicBlockRef header, after;
  LLVMValueRef *phis; /* by carried value; NULL: an array changed in place */
  LLVMValueRef *kept; /* the same, of a value that lanes that run share: what lanes that are done have; or NULL */
  LLVMValueRef running, alive, fuel; /* phis or NULL */
  LLVMValueRef outer;                /* the mask around it */
  LLVMValueRef
      entered;        /* of lanes that stay together, which may all have trapped before: whether one is left; or NULL */
  LLVMValueRef taken; /* prepare: iterations before */
} loop;

/* How wide masks of lanes are in a loop. */
unsigned loop_mask_bits(const jit_emitter *e, const loop *l);
/* A carried value at first. Of one that lanes that run share, what lanes that are done have: at first, after a round,
 * and as a result. */
LLVMValueRef loop_start(jit_emitter *e, const loop *l, uint32_t k);
LLVMValueRef loop_kept_start(jit_emitter *e, const loop *l, uint32_t k);
LLVMValueRef loop_kept_next(jit_emitter *e, const loop *l, uint32_t k);
LLVMValueRef loop_kept_result(jit_emitter *e, const loop *l, uint32_t k);

/* pieces.c: whether a loop can be emitted so, and better; that, which leaves its results in e->values. */
bool pieces_suit(const jit_emitter *e, const loop *l);
void pieces_emit(jit_emitter *e, loop *l);

#endif
