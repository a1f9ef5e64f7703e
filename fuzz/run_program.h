/* run_program.h: a program, run in every way there is; all must agree with the evaluator that walks its tree. */
#ifndef TG_FUZZ_RUN_PROGRAM_H
#define TG_FUZZ_RUN_PROGRAM_H

#include "make_graph.h"

#include <stdbool.h>

typedef struct program_run {
  tg_context *context;
  tg_program *program;
  const char *entry; /* NULL: the only one */
  const char *text;  /* n_text bytes, printed when something differs */
  size_t n_text;
  bool is_brief; /* few instances, little fuel, the main ways alone */
  bool may_spin; /* it wants fuel, and few instances */
} program_run;

/* Stops the process where two ways differ. The bytes choose what is given to the program. */
void run_program(const program_run *p, chooser *c);

#endif
