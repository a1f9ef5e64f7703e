/* run.h: what run.c and refill.c share: a range of lanes that runs. */
#ifndef TG_BACKEND_LLVM_RUN_H
#define TG_BACKEND_LLVM_RUN_H

#include "backend/llvm/code.h"

#include <stdatomic.h>

typedef struct jit_range {
  jit_frame *frame;
  const jit_code *code;
  unsigned char *scratch;
  bool is_direct; /* all streams are */
  uint64_t first; /* lane of the piece that runs */
} jit_range;

/* ---- pack.c ---- */
bool jit_is_direct(const jit_range *r, size_t operand); /* at unit stride */
unsigned char *jit_element(const jit_range *r, size_t operand, uint64_t lane);
unsigned char *jit_buffer(const jit_range *r, size_t operand);
/* Lanes [first, first + n) into the operand's buffer, zeros up to a whole group; and from there, those that did not
 * trap. */
void jit_pack(const jit_range *r, size_t operand, uint64_t first, uint64_t n);
void jit_unpack(const jit_range *r, size_t operand, uint64_t first, uint64_t n);

/* ---- run.c ---- */
bool jit_is_less(tg_type type, uint64_t a, uint64_t b);
/* Of an argmin or argmax: the best of a range joins that of the lanes before. */
void jit_join_best(const jit_code *code, size_t k, arg_partial next, partials *out);
/* With masks. */
void jit_run_masked(jit_range *r, uint64_t first, uint64_t end, partials *out);

/* ---- refill.c ---- */
/* Runs lanes with refill, and gives the lane after the last one that ran: from time to time it asks choose.c whether to
 * go on. rounds: NULL, or how many rounds of each divergent loop each lane (of at most STAGE_TRIED) took; then it does
 * not ask. */
enum { STAGE_TRIED = 512 };
typedef struct refill_rounds {
  uint32_t of[STAGE_MOST][STAGE_TRIED];
} refill_rounds;
uint64_t jit_refill(jit_range *r, const uint64_t lanes[2], partials *out, refill_rounds *rounds);

/* ---- choose.c ---- */
/* What was found best, for so many lanes more; shared by all that run the code. */
struct jit_choice {
  atomic_bool refill;
  _Atomic uint64_t lanes;
};
/* Whether refill is better, by the rounds that the lanes of STAGE_TRIED_GROUPS groups took; kept for later lanes. */
bool choose_by_rounds(const jit_code *code, const refill_rounds *rounds);
/* How many rounds of a loop an exchange of lanes costs. */
float stage_exchange_rounds(const jit_code *code, const stage *s);
/* Runs lanes of a graph that has stages, as is best. */
void jit_run_chosen(jit_range *r, const uint64_t lanes[2], partials *out);

#endif
