/* schedule.h: the static schedule of an entry: its phases, and the routines that run in them. A routine is a named run
 * of a phase's graph: a step (a statement of the body) or a function that is called, with its place in the source, what
 * it reads and writes, which steps must come before it, what is needed after it, and how long it is.
 *
 * In: a typed program; out: tables. schedule_print.c makes text of them; src/machine tells them as records. */
#ifndef TG_ROUTINE_SCHEDULE_H
#define TG_ROUTINE_SCHEDULE_H

#include "base/text.h"
#include "routine/path.h"
#include "routine/plan.h"

/* Why a step comes after another of its block. */
typedef enum need_kind {
  NEED_VALUE,  /* it reads, or writes a part of, what the other writes */
  NEED_RANDOM, /* both draw random numbers */
  NEED_TRAP,   /* both may trap; the first trap is the one that counts */
  NEED_EXIT,   /* the other may leave the block */
  NEED_KIND_COUNT
} need_kind;
extern const char *const need_names[NEED_KIND_COUNT];

typedef struct schedule_need {
  uint32_t step;
  uint8_t kind; /* need_kind */
  uint32_t item;
} schedule_need;

/* What is needed at one place: bytes without arrays, arrays, and names, of which there may be more than are listed. */
typedef struct schedule_live {
  item_list items;
  uint32_t n, bytes, array_bytes;
} schedule_live;

typedef struct schedule_step {
  uint32_t phase;
  item_list reads, writes;
  uint32_t n_inputs, *inputs; /* operands of the entry that it reads */
  uint32_t n_needs;
  schedule_need *needs; /* the latest that gives each thing */
  schedule_live live;   /* after it */
  uint32_t first_node, end_node;
  path_length length;
  bool is_parting;  /* instances go different ways in it: after it they may be regrouped */
  bool is_critical; /* on the longest chain of its phase */
} schedule_step;

typedef struct schedule_function {
  const prog_function *code;
  uint32_t n_calls; /* inlined so often */
  path_length length;
} schedule_function;

typedef struct schedule_phase {
  path_length length;
  uint32_t n_nodes;
  schedule_live kept; /* across its sync; of the last: nothing */
} schedule_phase;

typedef struct schedule {
  plan plan;
  routine_set set;
  arena memory;
  schedule_step *steps; /* by step of the plan */
  schedule_phase *phases;
  schedule_function *functions; /* by function of the program; n_calls 0: not used */
} schedule;

enum { SCHEDULE_LISTED = 64 };

/* schedule_free in any case. Errors: as routine_lower. */
tg_status schedule_make(schedule *s, const program *p, const prog_entry *entry, const routine_options *options,
                        tg_error *error);
void schedule_free(schedule *s);

/* "3.then.0": the way to a step through blocks. */
enum { STEP_NAME = 64 };
const char *schedule_step_name(const schedule *s, uint32_t step, char name[STEP_NAME]);
/* "let x, y" */
enum { STEP_TEXT = 96 };
const char *schedule_step_text(const schedule *s, uint32_t step, char label[STEP_TEXT]);

/* The whole as text: throng show --stage routine. */
void schedule_print(const schedule *s, text *out);

#endif
