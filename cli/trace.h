/* trace.h: one `throng trace`: a run of which one instance is stepped through, and what of it is shown. */
#ifndef TG_CLI_TRACE_H
#define TG_CLI_TRACE_H

#include "json.h"
#include "run.h"

typedef struct trace {
  run run;                        /* first: options are read into a run */
  uint64_t instance, first, most; /* steps `first` to first + most - 1 are shown, counted from 1 */
  bool with_library;
  uint64_t n_steps;
  const char *path; /* of the step printed last */
  json_t *steps;    /* of --json, else NULL */
} trace;

/* trace_print.c: a step, if it is wanted, and the end. trace_end returns the exit status. */
void trace_begin(trace *t);
int trace_step(void *self, const tg_step *step);
int trace_end(trace *t, const tg_machine_outcome *outcome);

#endif
