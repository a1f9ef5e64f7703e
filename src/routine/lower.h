/* lower.h: the state of one lowering, shared by the files of this folder.
 *
 * Every variable is one or more cells: a scalar one, a struct one for each field, an array one (its token). A cell
 * holds the graph's value of now; assigning is putting another value there. Where control meets again, in loops and
 * branches, the cells that the bodies may assign are what is carried or chosen. Cells are a stack: those of a block or
 * call go at its end. */
#ifndef TG_ROUTINE_LOWER_H
#define TG_ROUTINE_LOWER_H

#include "routine/routine.h"

#define NO_CELL UINT32_MAX

typedef enum binding_kind { BIND_NONE, BIND_CELLS, BIND_TABLE, BIND_SHARED } binding_kind;

/* Where a variable is: its first cell, a table of the program, or a shared operand of the entry. */
typedef struct binding {
  uint8_t kind;        /* binding_kind */
  uint32_t at, length; /* length: of an array in a cell */
  uint64_t below;      /* a variable of a loop that is never negative: what it stays below; 0: not known */
} binding;

/* A call under way; the outermost one is the body of the entry. */
typedef struct frame {
  struct frame *caller;
  const prog_function *code;
  binding *variables;
  lang_pos called_at;
  uint32_t depth;
  uint32_t results, returned; /* cells: the first of the results; a bool */
  uint32_t broken, continued; /* cells of the innermost loop: bools, or NO_CELL */
} frame;

/* How many words of the present block of random numbers are taken: known, or only when it runs. */
enum { DRAWS_UNKNOWN = 4 };
typedef enum draw_cell { DRAW_BLOCK, DRAW_WORD_1, DRAW_WORD_2, DRAW_WORD_3, DRAW_TAKEN, DRAW_CELLS } draw_cell;

typedef struct lowering {
  const program *p;
  const prog_entry *entry;
  tg_graph *g;
  routine *out;
  arena memory; /* frames, bindings, lists: until the end */
  VEC(tg_value) cells;
  bool *marks; /* scratch of region.c, by cell */
  size_t n_marks;
  frame *frame;
  uint32_t fuel;                                  /* a cell: rounds left, if the graph counts them, or NO_CELL */
  uint32_t draws;                                 /* the first of the DRAW_CELLS, or NO_CELL */
  unsigned taken;                                 /* 0 to 3 or DRAWS_UNKNOWN */
  tg_operand *params, *lengths, *tables, *shared; /* by operand of the entry or table; TG_POISON: not declared yet */
  tg_value *inputs;                               /* by operand of the entry */
  tg_operand count, seed, fuel_left;              /* fuel_left: the parameter */
  bool is_regrouped;                              /* lanes are not in the order of the instances */
  tg_value id;                                    /* then: their numbers */
  const prog_report *report;                      /* when lowering a report's lines */
  tg_value *reduced, *named;                      /* then: by reduction, by variable */
  bool is_out_of_memory, has_error;
  lang_pos error_pos;
  const frame *error_frame;
} lowering;

/* ---- lower.c: cells and the state itself ---- */

tg_status lowering_open(lowering *l, const program *p, const prog_entry *entry, const char *name, routine *out);
/* Finishes the graph, or gives the error, and frees the state. */
tg_status lowering_close(lowering *l, tg_error *error);
/* Whether something went wrong: then nothing more is to be done. Notes where. */
bool lowering_failed(lowering *l, lang_pos pos);

uint32_t cells_push(lowering *l, tg_value value);
/* As many cells as a value of the type has, all zero. */
uint32_t cells_push_zeros(lowering *l, prog_type type);
void cells_pop(lowering *l, uint32_t to);
uint32_t cells_of(const lowering *l, prog_type type);
tg_value cell_get(const lowering *l, uint32_t at);
void cell_set(lowering *l, uint32_t at, tg_value value);

uint32_t lower_position(lowering *l, lang_pos pos);
/* Notes what the nodes from `first` on are: what a statement or a function became. */
void lower_span(lowering *l, const prog_stmt *stmt, const prog_function *code, uint32_t first);
tg_value lower_bool(lowering *l, bool value);
tg_value lower_u64(lowering *l, uint64_t value);
frame *frame_push(lowering *l, const prog_function *code, lang_pos pos);
void frame_pop(lowering *l);

/* ---- operands.c ---- */

tg_operand operand_add(lowering *l, tg_operand_kind kind, routine_operand role, const char *name, tg_mode mode);
tg_value operand_param(lowering *l, uint32_t index);
tg_value operand_length(lowering *l, uint32_t index);
tg_value operand_count(lowering *l);
tg_value operand_seed(lowering *l);
tg_value operand_fuel(lowering *l);
/* The number of the instance. */
tg_value operand_id(lowering *l);
tg_operand operand_table(lowering *l, uint32_t index);
tg_operand operand_shared(lowering *l, uint32_t index);

/* ---- region.c: what a part of the program may do ---- */

typedef struct cell_list {
  uint32_t n, *at; /* ascending */
} cell_list;

/* The cells that statements from `first` on may assign, and the `extra` cells; of random numbers too if it draws. */
cell_list region_of(lowering *l, const prog_stmt *const *lists, uint32_t n_lists, const uint32_t *extra,
                    uint32_t n_extra, bool draws);
/* PROG_TRAPS | PROG_LOOPS | PROG_DRAWS of an expression, of a statement, and of statements to the end of the list. */
unsigned effects_of_expr(const program *p, const prog_expr *e);
unsigned effects_of_stmt(const program *p, const prog_stmt *s);
unsigned effects_of_list(const program *p, const prog_stmt *s);
/* PROG_BREAKS | PROG_CONTINUES | PROG_RETURNS of statements to the end of the list. */
unsigned exits_of_list(const prog_stmt *s);

/* ---- draw.c: random numbers ---- */

tg_value lower_draw(lowering *l, lang_pos pos);
/* The words taken after an expression, a list or a loop, as far as that is known, if `taken` are before. */
unsigned draws_after_expr(const program *p, const prog_expr *e, unsigned taken);
unsigned draws_after_list(const program *p, const prog_stmt *s, unsigned taken);
unsigned draws_in_loop(const program *p, const prog_stmt *loop, unsigned taken);
static inline unsigned draws_join(unsigned a, unsigned b)
{
  return a == b ? a : DRAWS_UNKNOWN;
}
/* Makes what is known of the words taken no more than `taken`. */
void draws_forget(lowering *l, unsigned taken);

/* The values of several cells at once. */
void cells_read(const lowering *l, cell_list list, tg_value *values);
void cells_write(lowering *l, cell_list list, const tg_value *values);

/* ---- branch.c: where control parts and meets ---- */

/* A branch under way: begin, then each body and `next`, the last body and `end`. */
typedef struct fork {
  cell_list cells;
  tg_value *before, *values;
  unsigned taken_before, taken_after;
  uint32_t top;
} fork;

void fork_begin(lowering *l, fork *f, tg_value selector, cell_list cells, unsigned taken_after);
void fork_next(lowering *l, fork *f);
void fork_end(lowering *l, fork *f);

/* ---- expr.c, call.c ---- */

enum { MAX_VALUES = 64 };
/* The values of an expression: one, of a struct one for each field, of a new array its token. */
void lower_values(lowering *l, const prog_expr *e, tg_value *out);
tg_value lower_scalar(lowering *l, const prog_expr *e);
binding lower_array(lowering *l, const prog_expr *e);
/* Calls a function; results: the values of all its results. */
void lower_call(lowering *l, const prog_expr *e, tg_value *results);
/* The same with the values of its parameters, scalars all. */
void lower_call_values(lowering *l, const prog_function *f, const tg_value *args, lang_pos pos, tg_value *results);
uint32_t values_of_results(const lowering *l, const prog_function *f);
/* Traps unless the index, whose value is given, is one of the array. */
void lower_bounds(lowering *l, const prog_expr *index, tg_value value, binding array, lang_pos pos);

/* ---- reduce.c ---- */

/* The sinks of a report, in the last phase: outputs are in their cells. */
void lower_reductions(lowering *l);

/* ---- stmt.c, loop.c ---- */

void lower_list(lowering *l, const prog_stmt *s);
/* The statements from `rest` on, where those before were not left in one of the ways. */
void lower_rest(lowering *l, const prog_stmt *rest, unsigned exits);
void lower_loop(lowering *l, const prog_stmt *s);
void lower_assign(lowering *l, const prog_stmt *s);

#endif
