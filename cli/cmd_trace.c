/* cmd_trace.c: throng trace FILE --instance I: one instance of a program, statement by statement. The operands are
 * bound as `run` binds them; of each input the one element is read. */
#include "program.h"
#include "trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_INSTANCE = RUN_OPTIONS, OPTION_STEPS, OPTION_FROM, OPTION_LIBRARY };
enum { SHOWN_STEPS = 1000, CHUNK = 4096 };

const option_row trace_options[] = {
    {OPTION_INSTANCE, "instance", "I", "the instance to step through, counted from 0; without it, 0"},
    {'n', "lanes", "N", "how many instances there are; without it, as many as 'throng run' would make"},
    {OPTION_STEPS, "steps", "K", "the steps to show at most; without it, 1000"},
    {OPTION_FROM, "from", "K", "the first step to show, counted from 1"},
    {OPTION_LIBRARY, "library", NULL, "show the steps inside functions of the standard library, too"},
    {OPTION_IN, "in", "NAME=PATH[:COLUMN]", "read an input or shared array from .npy, .csv or .bin"},
    {OPTION_PARAM, "param", "NAME=VALUE", "give a parameter its value, or an input one for all instances"},
    {OPTION_ENTRY, "entry", "NAME", "the machine or kernel, where a program has several"},
    {OPTION_SEED, "seed", "S", "the seed of a machine's random numbers; without it, 0"},
    {OPTION_MAX_STEPS, "max-steps", "K", "the loop iterations that an instance may take before it traps"},
    {OPTION_JSON, "json", NULL, "print one JSON object"},
    {OPTION_QUIET, "quiet", NULL, "print results and errors only, no warnings"},
    {0, NULL, NULL, NULL},
};

static int read_number(const run *r, const char *name, const char *text, uint64_t *out)
{
  if (read_count(text, out)) return STATUS_OK;
  return usage_error(r->self, "--%s wants a number, not '%s'", name, text);
}

static int read_option(run *r, int id, const char *argument)
{
  trace *t = (trace *)r;
  switch (id) {
  case OPTION_INSTANCE: return read_number(r, "instance", argument, &t->instance);
  case OPTION_STEPS: return read_number(r, "steps", argument, &t->most);
  case OPTION_FROM: return read_number(r, "from", argument, &t->first);
  case OPTION_LIBRARY: t->with_library = true; return STATUS_OK;
  default: return run_option(r, id, argument);
  }
}

/* ---- the operands of one instance ---- */

/* The element of an input that comes from a file: what stands before it is read and left. */
static int read_element(const trace *t, run_operand *o)
{
  tg_error error = {.code = TG_OK};
  size_t bytes = tg_mode_bytes(o->info.mode);
  if (column_create(o->info.mode, CHUNK, &o->column, &error) != TG_OK) return print_error(NULL, &error);
  for (uint64_t left = t->instance + 1; left > 0;) {
    size_t n = left < CHUNK ? (size_t)left : CHUNK;
    if (column_next(&o->reader, n, o->column.data, &error) != TG_OK) return run_read_error(o, &error);
    left -= n;
    memmove(o->column.data, o->column.data + (n - 1) * bytes, bytes);
  }
  o->column.n = 1;
  return STATUS_OK;
}

static int bind_operand(trace *t, tg_operand k)
{
  run_operand *o = &t->run.operands[k];
  tg_error error = {.code = TG_OK};
  int status = STATUS_OK;
  if (o->info.kind == TG_PARAM) {
    if (!o->is_bound) return STATUS_OK;
    error.code = tg_machine_set(t->run.machine, k, run_bits(&o->column), &error);
    return error.code == TG_OK ? STATUS_OK : print_error(t->run.request.file, &error);
  }
  if (o->info.kind == TG_OUTPUT) {
    error.code = column_create(o->info.mode, o->width, &o->column, &error);
    if (error.code != TG_OK) return print_error(NULL, &error);
  } else if (o->is_streamed) {
    status = read_element(t, o);
  }
  size_t bytes = tg_mode_bytes(o->info.mode);
  tg_binding b = {.data = o->column.data, .bytes = o->column.n * bytes, .stride = (ptrdiff_t)bytes};
  if (status == STATUS_OK) tg_machine_bind(t->run.machine, k, &b, NULL);
  return status;
}

/* ---- all of it ---- */

static int read_program(run *r)
{
  if (!source_read(&r->source, r->request.file)) return STATUS_ERROR;
  if (!source_is_program(&r->source)) {
    return usage_error(r->self, "%s is no program of the language: a graph has no statements", r->request.file);
  }
  return run_read_machine(r);
}

static int execute(trace *t)
{
  run *r = &t->run;
  tg_error error = {.code = TG_OK};
  tg_machine_outcome outcome;
  tg_trace_options options = TG_TRACE_OPTIONS_INIT;
  int status = read_program(r);
  if (status == STATUS_OK) status = run_bind(r);
  if (status == STATUS_OK && t->instance >= r->n) {
    status = usage_error(r->self,
                         "there is no instance %" PRIu64 ": there are %" PRIu64 ", counted from 0; -n says how many",
                         t->instance, r->n);
  }
  for (size_t k = 0; k < r->n_operands && status == STATUS_OK; k++) status = bind_operand(t, (tg_operand)k);
  if (status != STATUS_OK) return status;
  options.instance = t->instance;
  options.n = r->n;
  options.seed = r->request.seed;
  options.fuel = r->request.fuel;
  options.step = trace_step;
  options.self = t;
  trace_begin(t);
  error.code = tg_machine_trace(r->machine, &options, &outcome, &error);
  return error.code == TG_OK ? trace_end(t, &outcome) : print_error(r->request.file, &error);
}

int cmd_trace(const command *self, int argc, char **argv)
{
  trace t = {.run = {.self = self, .request = {.fuel = TG_FUEL_UNLIMITED, .backend = "ref"}}, .most = SHOWN_STEPS};
  run *r = &t.run;
  int status = STATUS_ERROR;
  if (run_options_read(r, argc, argv, read_option, &status)) {
    r->context = make_context_threads(1);
    status = r->context ? execute(&t) : STATUS_ERROR;
  }
  json_decref(t.steps);
  run_free(r);
  return status;
}
