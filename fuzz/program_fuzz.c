/* program_fuzz.c: a well-typed program from the bytes (make_program.h), run in every way (run_program.h). */
#include "make_program.h"
#include "round_trip.h"
#include "run_program.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static char text[PROGRAM_BYTES];
  chooser c = {data, size};
  program_run p = {.text = text};
  tg_context_options options = TG_CONTEXT_OPTIONS_INIT;
  tg_error error = {TG_OK, {0, 0, 0}, "", ""};
  options.threads.n_threads = 1 + choose(&c, 3);
  p.n_text = make_program(&c, text, &p.may_spin);
  must(tg_context_create(&options, &p.context) == TG_OK, "no context");
  tg_status status = tg_program_read(p.context, "program.tg", text, p.n_text, NULL, &p.program, &error);
  if (status != TG_OK) {
    fprintf(stderr, "%s\nline %u, column %u: %s\n", text, (unsigned)error.pos.line, (unsigned)error.pos.column,
            error.message);
  }
  must(status == TG_OK, "a program that the checker refuses");
  run_program(&p, &c);
  tg_program_destroy(p.program);
  tg_context_destroy(p.context);
  return 0;
}
