/* run.h: one `throng run`: what was asked for, the memory of each operand, and what came of it.
 *
 *     cmd_run.c  options -> request     run_bind.c   request -> operands with memory, and n
 *     run_write.c  outputs -> files     run_print.c, run_json.c   results -> standard output */
#ifndef TG_CLI_RUN_H
#define TG_CLI_RUN_H

#include "cli.h"
#include "io/column.h"

/* One NAME=VALUE of an option. */
typedef enum assignment_kind { ASSIGN_IN, ASSIGN_PARAM, ASSIGN_SIZE, ASSIGN_OUT } assignment_kind;
typedef struct assignment {
  assignment_kind kind;
  size_t n_name; /* the name is the first n_name bytes of text */
  const char *text;
  const char *value;
  size_t operand; /* once it was found */
} assignment;

/* The options. */
typedef struct request {
  const char *file, *backend;
  bool has_n, has_passes, stats, json, quiet;
  uint64_t n, fuel, passes;
  unsigned n_threads; /* 0: as many as there are */
  assignment *assignments;
  size_t n_assignments;
} request;

typedef struct run_operand {
  tg_operand_info info;
  column column;
  bool is_bound;     /* column has its memory */
  bool is_broadcast; /* an input that has one value for all lanes */
} run_operand;

/* Seconds that each part took. */
typedef struct run_times {
  double read, compile, run, write;
} run_times;

typedef struct run {
  const command *self;
  request request;
  source source;
  tg_context *context;
  tg_kernel *kernel;
  run_operand *operands;
  size_t n_operands;
  uint64_t n; /* lanes */
  tg_outcome outcome;
  run_times times;
} run;

/* Gives every operand its memory and finds the number of lanes. Prints what is wrong and returns its exit status. */
int run_bind(run *r);

/* Whether an operand is written, element by element: an output or an accumulator. */
bool run_is_stream_out(const run_operand *o);

/* Whether an argmin or argmax saw no lane. */
bool run_is_none(const run *r, const run_operand *o);

/* Writes the files of --out, all of them or none. */
int run_write(run *r);

/* Prints the results, and with_rows the first rows of the outputs. */
void run_print(const run *r, bool with_rows);
void run_print_traps(const run *r);
void run_print_stats(const run *r);
int run_print_json(const run *r);

/* Says on a terminal what is being done; NULL takes the line away. */
void run_progress(const run *r, const char *doing, const char *what);

#endif
