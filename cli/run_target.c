/* run_target.c: what a run runs: a kernel made of a graph, or a machine or kernel of a program. Both have operands, run
 * window by window and leave an outcome; a machine makes a report too. */
#include "program.h"
#include "run.h"

#include <stdlib.h>
#include <string.h>

static int failed(const run *r, const tg_error *error)
{
  return print_error(r->request.file, error);
}

/* ---- reading ---- */

int run_read_machine(run *r)
{
  tg_error error = {.code = TG_OK};
  tg_machine_options options = TG_MACHINE_OPTIONS_INIT;
  r->program = program_read(&r->source, r->context, !r->request.quiet);
  if (!r->program) return STATUS_ERROR;
  options.entry = r->request.entry;
  if (r->request.backend) options.backend = r->request.backend;
  if (r->request.has_passes) options.passes = r->request.passes;
  options.regroup = r->request.regroup;
  options.counts = r->request.stats;
  if (r->request.has_samples) options.sample_bytes = r->request.samples << 20;
  options.spill_folder = getenv("TMPDIR");
  double start = run_now();
  error.code = tg_machine_create(r->program, &options, &r->machine, &error);
  r->times.compile += run_now() - start;
  if (error.code == TG_OK) return STATUS_OK;
  return error.pos.line > 0 ? print_source_error(r->request.file, &r->source.bytes, &error) : failed(r, &error);
}

int run_read(run *r)
{
  if (!source_read(&r->source, r->request.file)) return STATUS_ERROR;
  if (source_is_program(&r->source)) return run_read_machine(r);
  if (r->request.entry) return usage_error(r->self, "--entry is for programs; %s is a graph", r->request.file);
  return source_build_graph(&r->source, r->context) ? STATUS_OK : STATUS_ERROR;
}

int run_compile(run *r)
{
  tg_error error = {.code = TG_OK};
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  if (r->machine) return STATUS_OK;
  if (r->request.backend) options.backend = r->request.backend;
  options.counts = r->request.stats;
  if (r->request.has_passes) {
    options.passes = r->request.passes;
    options.force_passes = 1; /* who names passes wants to see them run */
  }
  error.code = tg_compile(r->context, r->source.graph, &options, &r->kernel, &error);
  return error.code == TG_OK ? STATUS_OK : failed(r, &error);
}

const char *run_backend(const run *r)
{
  return r->machine ? tg_machine_backend(r->machine) : tg_kernel_backend(r->kernel);
}

/* ---- operands ---- */

size_t run_n_operands(const run *r)
{
  return r->machine ? tg_machine_n_operands(r->machine) : tg_graph_n_operands(r->source.graph);
}

/* The native mode of a type has its number. */
void run_describe(run *r, size_t k)
{
  run_operand *o = &r->operands[k];
  tg_machine_operand_info info;
  o->width = 1;
  if (!r->machine) {
    tg_graph_operand(r->source.graph, k, &o->info);
    return;
  }
  tg_machine_operand(r->machine, k, &info);
  o->width = info.length;
  o->is_array = info.is_array != 0;
  o->info = (tg_operand_info){.name = info.name,
                              .kind = info.kind,
                              .mode = (tg_mode)info.type,
                              .has_default = info.has_default,
                              .default_bits = info.default_bits,
                              .none_bit = -1};
}

char *run_default_file(const run *r, size_t k)
{
  tg_machine_operand_info info;
  if (!r->machine || tg_machine_operand(r->machine, k, &info) != TG_OK || !info.file) return NULL;
  const char *slash = strrchr(info.path, '/');
  int n_folder = slash && info.file[0] != '/' ? (int)(slash + 1 - info.path) : 0;
  const char *name = info.column ? info.column : "";
  size_t bytes = (size_t)n_folder + strlen(info.file) + strlen(name) + 2;
  char *file = malloc(bytes);
  if (file) {
    snprintf(file, bytes, "%.*s%s%s%s", n_folder, info.path, info.file, info.column ? ":" : "", name);
  }
  return file;
}

/* ---- lanes ---- */

uint64_t run_bits(const column *c)
{
  uint64_t bits = 0;
  size_t bytes = tg_mode_bytes(c->mode);
  for (size_t k = 0; k < bytes; k++) {
    size_t at = column_host_is_big() ? bytes - 1 - k : k;
    bits |= (uint64_t)c->data[at] << 8 * k;
  }
  return bits;
}

static int begin_machine(run *r)
{
  tg_error error = {.code = TG_OK};
  for (size_t k = 0; k < r->n_operands && error.code == TG_OK; k++) {
    const run_operand *o = &r->operands[k];
    if (o->info.kind != TG_PARAM || !o->is_bound) continue;
    error.code = tg_machine_set(r->machine, (tg_operand)k, run_bits(&o->column), &error);
  }
  if (error.code == TG_OK) {
    /* So that the run knows which outputs have memory. */
    for (size_t k = 0; k < r->n_operands; k++) {
      const column *c = &r->operands[k].column;
      if (r->operands[k].info.kind == TG_PARAM) continue;
      tg_binding b = {.data = c->data, .bytes = c->n * tg_mode_bytes(c->mode)};
      tg_machine_bind(r->machine, (tg_operand)k, &b, NULL);
    }
    error.code = tg_machine_begin(r->machine, r->n, r->request.seed, r->request.fuel, &error);
  }
  return error.code == TG_OK ? STATUS_OK : failed(r, &error);
}

int run_begin(run *r, tg_run **parts)
{
  tg_error error = {.code = TG_OK};
  if (r->machine) return begin_machine(r);
  error.code = tg_run_create(r->kernel, parts, &error);
  return error.code == TG_OK ? STATUS_OK : print_error(NULL, &error);
}

static int machine_part(run *r, const tg_binding *bindings, uint64_t n)
{
  tg_error error = {.code = TG_OK};
  for (size_t k = 0; k < r->n_operands && error.code == TG_OK; k++) {
    if (r->operands[k].info.kind == TG_PARAM) continue;
    error.code = tg_machine_bind(r->machine, (tg_operand)k, &bindings[k], &error);
  }
  if (error.code == TG_OK) error.code = tg_machine_part(r->machine, n, &error);
  return error.code == TG_OK ? STATUS_OK : failed(r, &error);
}

int run_part(run *r, tg_run *parts, const tg_binding *bindings, uint64_t n)
{
  tg_error error = {.code = TG_OK};
  tg_invocation part = TG_INVOCATION_INIT;
  if (r->machine) return machine_part(r, bindings, n);
  part.n = n;
  part.bindings = bindings;
  part.n_bindings = r->n_operands;
  part.fuel = r->request.fuel;
  part.outcome = &r->outcome;
  part.stats = &r->stats;
  return tg_run_part(parts, &part, &error) == TG_OK ? STATUS_OK : failed(r, &error);
}

int run_end(run *r)
{
  tg_error error = {.code = TG_OK};
  if (!r->machine) return STATUS_OK;
  double start = run_now();
  error.code = tg_machine_end(r->machine, &error);
  r->times.report = run_now() - start;
  tg_machine_outcome_of(r->machine, &r->machine_outcome);
  tg_machine_stats_of(r->machine, &r->stats);
  r->outcome = (tg_outcome){.n_trapped = r->machine_outcome.n_trapped,
                            .first_lane = r->machine_outcome.first_instance,
                            .first_code = r->machine_outcome.first_code};
  return error.code == TG_OK ? STATUS_OK : failed(r, &error);
}
