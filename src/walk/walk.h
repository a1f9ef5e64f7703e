/* walk.h: one instance of a checked program, evaluated by walking its tree, statement by statement. Slow and plain: it
 * is what `throng trace` shows, and what random programs are compared with. Written from docs/language.md; it shares
 * no code with the lowering, the graphs and the engines. */
#ifndef TG_WALK_WALK_H
#define TG_WALK_WALK_H

#include "lang/program.h"

/* What a statement gave one variable, or a part of it: cells `first` to first + n - 1 of its elements or fields.
 * variable NULL: the value of the statement's own expression, such as a condition. */
typedef struct walk_change {
  const prog_variable *variable;
  prog_type type; /* of the variable, or of the value */
  uint32_t first, n;
  const uint64_t *cells; /* n of them */
} walk_change;

/* One step. A statement is a step when it is done; one with a body when its expression has its value, a loop in each
 * round; a call when its parameters have theirs (statement NULL). */
typedef struct walk_step {
  const prog_function *code;  /* whose statement it is */
  const prog_stmt *statement; /* NULL: code is entered */
  lang_pos pos;
  uint32_t depth; /* of calls; 0: the body of the entry */
  uint32_t n_changes;
  const walk_change *changes; /* until the step returns */
} walk_step;

/* What the evaluator asks of its caller. Values are 64 bits, as in program.h; operands by number. */
typedef struct walk_host {
  void *self;
  uint64_t (*value)(void *self, uint32_t operand);  /* of a parameter, or of this instance's element of an input */
  uint64_t (*length)(void *self, uint32_t operand); /* of a shared array */
  uint64_t (*element)(void *self, uint32_t operand, uint64_t index); /* of a shared array, below its length */
  /* At the end, if the instance did not trap: the value of an output, n elements. */
  void (*output)(void *self, uint32_t operand, const uint64_t *elements, uint32_t n);
  bool (*step)(void *self, const walk_step *step); /* false: enough. NULL: none wanted */
} walk_host;

typedef struct walk_job {
  tg_context *context;
  const program *p;
  const prog_entry *entry;
  uint64_t id, count, seed, fuel;
  walk_host host;
} walk_job;

typedef struct walk_outcome {
  bool is_trapped;
  bool is_cut; /* a step said that it is enough: no outputs */
  uint32_t code;
  lang_pos pos;
} walk_outcome;

/* Errors: NOMEM; LIMIT where calls and expressions nest too deeply. Neither is a trap. */
tg_status walk_run(const walk_job *job, walk_outcome *outcome, tg_error *error);

#endif
