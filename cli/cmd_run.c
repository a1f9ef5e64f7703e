/* cmd_run.c: throng run FILE: reads a graph and its inputs, runs it, and writes or prints what came of it. */
#define _XOPEN_SOURCE 700
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const option_row run_options[] = {
    {'n', "lanes", "N", "the number of lanes or instances; without it, the length of the inputs"},
    {OPTION_IN, "in", "NAME=PATH[:COLUMN]", "read an input, table or accumulator from .npy, .csv or .bin"},
    {OPTION_PARAM, "param", "NAME=VALUE", "give a parameter its value, or an input one for all lanes"},
    {OPTION_SIZE, "size", "NAME=COUNT", "start an accumulator from COUNT zeros"},
    {OPTION_ENTRY, "entry", "NAME", "the machine or kernel to run, where a program has several"},
    {OPTION_SEED, "seed", "S", "the seed of a machine's random numbers; without it, 0"},
    {OPTION_OUT, "out", "NAME=PATH",
     "write an output to .npy, .csv, .bin, or as a picture to .png, .ppm or .pgm[:WIDTHxHEIGHT]"},
    {OPTION_BACKEND, "backend", "NAME", "the back-end; see 'throng backends'"},
    {OPTION_THREADS, "threads", "T", "the threads to use at most; without it, all that there are"},
    {OPTION_MAX_STEPS, "max-steps", "K", "the loop iterations that a lane may take before it traps"},
    {OPTION_REGROUP, "regroup", "auto|on|off",
     "whether instances are regrouped by the arm of a match; auto: where it pays"},
    {OPTION_WINDOW, "window", "LANES", "the lanes to read, run and write at a time; bounds the memory used"},
    {OPTION_SAMPLES, "sample-memory", "MIB", "memory for the samples of quantiles; more go to a file in TMPDIR"},
    {OPTION_PASSES, "passes", "all|none|-NAME,...", "the passes to run; see 'throng show --after list'"},
    {OPTION_STATS, "stats", NULL, "also show times, rate, back-end and threads"},
    {OPTION_JSON, "json", NULL, "print one JSON object"},
    {OPTION_QUIET, "quiet", NULL, "print results and errors only"},
    {0, NULL, NULL, NULL},
};

/* ---- options ---- */

static int add_assignment(run *r, assignment_kind kind, const char *text)
{
  static const char *const options[] = {
      [ASSIGN_IN] = "in", [ASSIGN_PARAM] = "param", [ASSIGN_SIZE] = "size", [ASSIGN_OUT] = "out"};
  const char *equals = strchr(text, '=');
  request *q = &r->request;
  if (!equals || equals == text || !equals[1]) {
    return usage_error(r->self, "--%s wants NAME=%s, not '%s'", options[kind], kind == ASSIGN_PARAM ? "VALUE" : "...",
                       text);
  }
  assignment *grown = realloc(q->assignments, (q->n_assignments + 1) * sizeof *grown);
  if (!grown) return usage_error(r->self, "there is no memory for so many options");
  q->assignments = grown;
  assignment *a = &grown[q->n_assignments++];
  *a = (assignment){kind, (size_t)(equals - text), text, equals + 1, 0, NULL, 0, 0};
  return kind == ASSIGN_OUT ? run_image_option(r, a) : STATUS_OK;
}

int run_option(run *r, int id, const char *argument)
{
  request *q = &r->request;
  switch (id) {
  case 'n': q->has_n = true; return read_lanes(r->self, argument, &q->n);
  case OPTION_IN: return add_assignment(r, ASSIGN_IN, argument);
  case OPTION_PARAM: return add_assignment(r, ASSIGN_PARAM, argument);
  case OPTION_SIZE: return add_assignment(r, ASSIGN_SIZE, argument);
  case OPTION_ENTRY: q->entry = argument; break;
  case OPTION_SEED:
    if (read_count(argument, &q->seed)) return STATUS_OK;
    return usage_error(r->self, "--seed wants a number from 0 to 2^64-1, not '%s'", argument);
  case OPTION_OUT: return add_assignment(r, ASSIGN_OUT, argument);
  case OPTION_PASSES: q->has_passes = true; return read_passes(r->self, argument, &q->passes);
  case OPTION_BACKEND: q->backend = argument; return check_backend(r->self, argument);
  case OPTION_THREADS: return read_threads(r->self, argument, &q->n_threads);
  case OPTION_MAX_STEPS:
    if (read_count(argument, &q->fuel)) return STATUS_OK;
    return usage_error(r->self, "--max-steps wants a number of loop iterations, not '%s'", argument);
  case OPTION_REGROUP: return read_regroup(r->self, argument, &q->regroup);
  case OPTION_WINDOW:
    if (read_count(argument, &q->window) && q->window >= 1 && q->window <= TG_N_MAX) return STATUS_OK;
    return usage_error(r->self, "--window wants a number of lanes from 1 on, not '%s'", argument);
  case OPTION_SAMPLES:
    q->has_samples = true;
    if (read_count(argument, &q->samples) && q->samples <= UINT64_MAX >> 20) return STATUS_OK;
    return usage_error(r->self, "--sample-memory wants a number of MiB, not '%s'", argument);
  case OPTION_STATS: q->stats = true; break;
  case OPTION_JSON: q->json = true; break;
  default: q->quiet = true; break;
  }
  return STATUS_OK;
}

bool run_options_read(run *r, int argc, char **argv, int (*option)(run *r, int id, const char *argument), int *status)
{
  const char *argument;
  int first = 0, id;
  while ((id = option_next(r->self, argc, argv, &argument, &first)) >= 0) {
    *status = option(r, id, argument);
    if (*status != STATUS_OK) return false;
  }
  *status = id == OPTION_HELP ? STATUS_OK : STATUS_USAGE;
  if (id != OPTION_END) return false;
  if (argc == first) usage_error(r->self, "FILE is missing");
  if (argc - first > 1) usage_error(r->self, "'%s' is too much: it takes one file", argv[first + 1]);
  r->request.file = argv[first];
  return argc - first == 1;
}

/* ---- running ---- */

void run_progress(const run *r, const char *doing, const char *what)
{
  if (r->request.quiet || !isatty(STDERR_FILENO)) return;
  fprintf(stderr, "\r\033[K");
  if (doing) fprintf(stderr, "%s %s", doing, what);
  fflush(stderr);
}

double run_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool has_out(const run *r)
{
  for (size_t k = 0; k < r->request.n_assignments; k++) {
    if (r->request.assignments[k].kind == ASSIGN_OUT) return true;
  }
  return false;
}

static int show(const run *r)
{
  if (r->request.json) return run_print_json(r);
  run_print(r, !has_out(r) && !r->request.quiet);
  if (r->request.stats) run_print_stats(r);
  return STATUS_OK;
}

static void print_partial_files(const run *r)
{
  for (size_t k = 0; k < r->n_files; k++) {
    char done[32], all[32];
    run_commas(done, r->n_done);
    run_commas(all, r->n);
    fprintf(stderr, "%s has %s of %s %s\n", r->files[k].written, done, all, run_lanes(r));
  }
}

/* All of it, from the file to the results; each step only if those before it worked. */
static int execute(run *r)
{
  double start = run_now();
  int status = run_read(r);
  if (status == STATUS_OK) status = run_bind(r);
  double bound = run_now();
  run_progress(r, "compiling", r->request.file);
  if (status == STATUS_OK) status = run_compile(r);
  r->times.read = bound - start - r->times.compile; /* reading a machine compiles it */
  r->times.compile += run_now() - bound;
  if (status == STATUS_OK) status = run_files_create(r);
  if (status == STATUS_OK) status = run_stream(r);
  double ran = run_now();
  run_progress(r, "writing", "the outputs");
  if (status == STATUS_OK) status = run_files_close(r);
  run_progress(r, NULL, NULL);
  r->times.write += run_now() - ran;
  if (status == STATUS_OK) status = show(r);
  if (status == STATUS_OK && r->n_done < r->n) print_partial_files(r);
  if (status != STATUS_OK || r->outcome.n_trapped == 0) return status;
  if (!r->request.quiet) run_print_traps(r);
  return STATUS_TRAPPED;
}

static void drop_operand(run_operand *o)
{
  column_free(&o->column);
  column_close(&o->reader);
  column_hash_destroy(o->hash);
  free(o->path);
}

void run_free(run *r)
{
  run_files_drop(r);
  for (size_t k = 0; k < r->n_operands; k++) drop_operand(&r->operands[k]);
  free(r->operands);
  for (size_t k = 0; k < r->request.n_assignments; k++) free(r->request.assignments[k].path);
  free(r->request.assignments);
  tg_kernel_destroy(r->kernel);
  tg_machine_destroy(r->machine);
  tg_program_destroy(r->program);
  source_free(&r->source);
  tg_context_destroy(r->context);
}

int cmd_run(const command *self, int argc, char **argv)
{
  run r = {.self = self, .request = {.fuel = TG_FUEL_UNLIMITED}};
  int status = STATUS_ERROR;
  if (run_options_read(&r, argc, argv, run_option, &status)) {
    r.context = make_context_threads(r.request.n_threads);
    status = r.context ? execute(&r) : STATUS_ERROR;
  }
  run_free(&r);
  return status;
}
