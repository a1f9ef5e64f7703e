/* walker.h: the state of one evaluation, shared by the files of this folder. */
#ifndef TG_WALK_WALKER_H
#define TG_WALK_WALKER_H

#include "walk/walk.h"

/* Where a variable is. A scalar has one cell, a struct one for each field, an array one for each element. A parameter
 * that is an array is the caller's own. */
typedef struct slot {
  uint64_t *cells;
  uint64_t n;
  const uint64_t *table; /* of constants; then cells is NULL */
  uint32_t shared;       /* operand, if both are NULL */
} slot;

/* A call under way. */
typedef struct frame {
  const prog_function *code;
  slot *slots;
  uint64_t *cells, *results;
  uint64_t n_cells, n_results;
  uint32_t depth;
} frame;

typedef struct walker {
  const walk_job *job;
  frame *frame;
  uint64_t fuel, n_drawn;
  uint32_t nest;
  bool is_stopped; /* by a trap, an error or the host: nothing more is evaluated or stored */
  tg_status status;
  walk_outcome *outcome;
} walker;

/* How many cells a value has. */
uint64_t walk_cells(const walker *w, prog_type type);
/* n zeroed cells, to be given back; NULL stops the walker. */
uint64_t *walk_take(walker *w, uint64_t n);
void walk_give(walker *w, uint64_t *cells, uint64_t n);
void walk_trap(walker *w, uint32_t code, lang_pos pos);
/* One level deeper into the tree; false where that is too deep: then the walker is stopped. */
bool walk_enter(walker *w);
void walk_leave(walker *w);

/* value.c: operators on scalars. from: the type of the operands; to: of the result. Divisors are not zero. */
uint64_t value_operate(prog_op op, tg_type from, tg_type to, const uint64_t *x);
/* The number that an integer is, as a 64-bit one; as a signed one if the type is signed. */
int64_t value_signed(tg_type type, uint64_t bits);

/* draw.c: word number k of an instance's random numbers. */
uint32_t draw_word(uint64_t seed, uint64_t id, uint64_t k);

/* expr.c */
/* Whether a function is given the caller's own array, not one that is made for the call. */
bool walk_is_borrowed(const prog_expr *argument);
uint64_t walk_scalar(walker *w, const prog_expr *e);
void walk_values(walker *w, const prog_expr *e, uint64_t *out);
/* Whether the index is one of n; else the walker traps there. */
bool walk_check_index(walker *w, const prog_expr *index, uint64_t bits, uint64_t n, lang_pos pos);

/* stmt.c */
typedef enum way { WAY_ON, WAY_BREAK, WAY_CONTINUE, WAY_RETURN } way;
way walk_list(walker *w, const prog_stmt *s);

/* walk.c: makes room for the variables and results of a frame, all zero; `call` says which arguments need some, and is
 * NULL for the body of an entry. False: the walker is stopped. frame_close gives it back. */
bool frame_open(walker *w, frame *f, const prog_expr *call);
void frame_close(walker *w, frame *f);

/* Tells the host of a step. s: NULL where a function is entered. */
void walk_tell(walker *w, const prog_stmt *s, const walk_change *changes, uint32_t n);

#endif
