/* routine.h: kernels, machines and reports as graphs. In: a typed program; out: graphs, and what each of their operands
 * and source positions means. Functions are inlined, variables become values, statements loops and branches. */
#ifndef TG_ROUTINE_ROUTINE_H
#define TG_ROUTINE_ROUTINE_H

#include "graph/graph.h"
#include "lang/program.h"

/* What an operand of the graph is. index and element say which. */
typedef enum routine_role {
  ROUTINE_PARAM,     /* param: operand `index` of the entry */
  ROUTINE_LENGTH,    /* param u64: the length of shared operand `index` */
  ROUTINE_COUNT,     /* param u64: how many instances the run has */
  ROUTINE_SEED,      /* param u64 */
  ROUTINE_ID,        /* input u64: the numbers of the instances, where lanes are not in order */
  ROUTINE_FUEL,      /* param u64: the loop rounds that an instance may take in all phases together */
  ROUTINE_INPUT,     /* input: operand `index` */
  ROUTINE_SHARED,    /* table: operand `index` */
  ROUTINE_TABLE,     /* table: table `index` of the program */
  ROUTINE_OUTPUT,    /* output: element `element` of operand `index` */
  ROUTINE_LOAD,      /* input: slot `index` of the state */
  ROUTINE_SAVE,      /* output: slot `index` of the state */
  ROUTINE_RESULT,    /* result or accumulator: reduction `index` of the report */
  ROUTINE_SAMPLE,    /* output: what reduction `index` is of, instance by instance */
  ROUTINE_ALIVE,     /* output bool: true where the instance did not trap */
  ROUTINE_WAS_ALIVE, /* input bool: the same of the phase before */
  ROUTINE_REDUCED,   /* param: the value of reduction `index` */
  ROUTINE_NAMED,     /* param: variable `index` of the report */
  ROUTINE_VALUE      /* output: value `index` of a report's line */
} routine_role;

typedef struct routine_operand {
  uint8_t role; /* routine_role */
  uint32_t index, element;
} routine_operand;

/* Codes of traps that the graphs have of their own: an instance that halted in an earlier phase takes no part in a
 * later one; a graph that counts fuel has none left (graphs may not say TG_TRAP_FUEL). */
enum { ROUTINE_HALTED = 0, ROUTINE_OUT_OF_FUEL = 0x7FFFFFFF };

/* A run of the graph's nodes: what a statement of the entry's body became, or a function where it was called. */
typedef struct routine_span {
  const prog_stmt *stmt;     /* or NULL */
  const prog_function *code; /* or NULL */
  uint32_t first, end;       /* nodes first to end - 1 */
} routine_span;

typedef struct routine {
  tg_graph *graph;               /* finished */
  VEC(routine_operand) operands; /* one for each of the graph's */
  VEC(routine_span) spans;       /* in the order in which they end */
  VEC(lang_pos) positions;       /* position k of the graph is positions.data[k - 1] */
} routine;

/* One variable, or part of one, that lives from one phase to another. */
typedef struct routine_slot {
  const char *name; /* of the variable, for messages */
  lang_pos pos;
  tg_type type;
  bool is_array; /* an element of a local array: outside the budget */
} routine_slot;

/* A loop over a `match` that is phases of its own (split.h): phase `turn` of those who are in it, again and again;
 * after it slot `arm_slot` says for each which of the phases turn + 1 to turn + n_arms to run, or n_arms: none, it is
 * done. turn 0: there is no such loop. These phases have no outputs; they load and save only what they mention. */
typedef struct routine_split {
  uint32_t turn, n_arms, arm_slot;
} routine_split;

/* All phases of a kernel or machine. */
typedef struct routine_set {
  routine_split split;
  uint32_t n_phases;
  routine *phases; /* in the order in which they run; the last has outputs and reductions */
  VEC(routine_slot) slots;
  bool keeps_alive; /* whether phases hand on who is alive */
  tg_context *context;
} routine_set;

enum { ROUTINE_REGROUP_AUTO, ROUTINE_REGROUP_ON, ROUTINE_REGROUP_OFF };

typedef struct routine_options {
  uint32_t operation_ps; /* what an operation of an arm costs an instance that does not take it; 0: nothing */
  uint8_t regroup;       /* whether to split a loop over a match: where it pays, where it can be, never */
  uint32_t state_bytes;  /* how many may live across a `sync` */
  bool counts_fuel;      /* the graphs count rounds of loops themselves, over all phases: see ROUTINE_FUEL */
} routine_options;

/* Lowers an entry of a program. *out is to be dropped after OK. Errors: LIMIT (too large: the message names the chain
 * of calls; over the budget: it names the variables), NOMEM. */
tg_status routine_lower(const program *p, const prog_entry *entry, const routine_options *options, routine_set *out,
                        tg_error *error);
void routine_drop(routine_set *set);

/* Lowers expressions of a report that are the same for all instances, each of a scalar type, to one graph of one lane.
 */
tg_status routine_lower_report(const program *p, const prog_entry *entry, prog_expr *const *exprs, uint32_t n,
                               routine *out, tg_error *error);
void routine_free(tg_context *context, routine *r);

/* Whether a reduction is folded while instances run; otherwise the run keeps samples of it. */
bool routine_is_folded(const prog_expr *reduction);

/* The reduction that has the samples of reduction k: the first one that is of the same expression and kind. */
uint32_t routine_sample_owner(const prog_report *report, uint32_t k);

/* The type of the elements that a reduction's result or samples have. */
tg_type routine_reduction_type(const prog_expr *reduction);

#endif
