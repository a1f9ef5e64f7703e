/* machine.c: machines of .tg files as something to be timed: read, compiled for a back-end, their parameters set and
 * memory bound by name; and the Nile's flow, which one of them is about. */
#include "bench.h"
#include "io/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(tg_status status, const char *what, const tg_error *error)
{
  if (status != TG_OK) {
    fprintf(stderr, "%s:%u:%u: %s\n", what, (unsigned)error->pos.line, (unsigned)error->pos.column, error->message);
    demand(false, tg_status_text(status));
  }
}

/* The bytes of a file of the source tree. */
static file_bytes read_source(const char *name)
{
  tg_error error = {.code = TG_OK};
  char path[512];
  file_bytes text;
  (void)snprintf(path, sizeof path, "%s/%s", BENCH_SOURCE, name);
  check(file_read(path, &text, &error), path, &error);
  return text;
}

void machine_open(machine *m, tg_context *context, const char *backend, const char *name)
{
  tg_machine_options options = TG_MACHINE_OPTIONS_INIT;
  tg_error error = {.code = TG_OK};
  file_bytes text = read_source(name);
  memset(m, 0, sizeof *m);
  options.backend = backend;
  check(tg_program_read(context, name, (const char *)text.data, text.n, NULL, &m->program, &error), name, &error);
  file_free(&text);
  check(tg_machine_create(m->program, &options, &m->machine, &error), name, &error);
}

void machine_set(machine *m, const char *param, uint64_t bits)
{
  tg_error error = {.code = TG_OK};
  check(tg_machine_set(m->machine, tg_machine_find(m->machine, param), bits, &error), param, &error);
}

void machine_bind(machine *m, const char *name, void *data, size_t n)
{
  tg_error error = {.code = TG_OK};
  tg_operand at = tg_machine_find(m->machine, name);
  tg_machine_operand_info info;
  demand(tg_machine_operand(m->machine, at, &info) == TG_OK, name);
  size_t bytes = tg_mode_bytes((tg_mode)info.type);
  check(tg_machine_bind(m->machine, at, &(tg_binding){.data = data, .bytes = n * bytes, .stride = (ptrdiff_t)bytes},
                        &error),
        name, &error);
}

void machine_close(machine *m)
{
  tg_machine_destroy(m->machine);
  tg_program_destroy(m->program);
}

void machine_work(void *self, size_t times)
{
  const machine *m = self;
  tg_error error = {.code = TG_OK};
  for (size_t i = 0; i < times; i++) {
    check(tg_machine_run(m->machine, m->n, BENCH_SEED, TG_FUEL_UNLIMITED, &error), "a run", &error);
  }
}

void machine_work_wall(void *self, size_t times)
{
  machine *m = self;
  double start = wall_ns();
  machine_work(self, times);
  m->took_ns = wall_ns() - start;
}

double machine_took(void *self)
{
  return ((const machine *)self)->took_ns;
}

void read_nile(double flow[NILE_YEARS])
{
  file_bytes text = read_source("examples/data/nile.csv");
  const char *at = (const char *)text.data;
  for (size_t i = 0; i < NILE_YEARS; i++) {
    at = strchr(at, ',');
    at = at == NULL ? NULL : strchr(i == 0 ? at + 1 : at, ','); /* the first comma is the heading's */
    demand(at != NULL, "the Nile's flow is not in its file");
    flow[i] = strtod(++at, NULL);
  }
  file_free(&text);
}
