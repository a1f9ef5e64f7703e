/* regroup_bench.c: section `regroup`: a loop over a `match` whose instances are regrouped by their arms after each
 * round, beside the same loop whole (docs/machine.md). And what is chosen where nothing is said, beside the better of
 * both. */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 262144, ROUNDS = 8, TEXT_BYTES = 1 << 17 };
static const double least_of_choice = 0.9;

typedef struct shape {
  const char *name;
  unsigned arms, operations;
} shape;
static const shape shapes[] = {
    {"4 arms of 32 operations", 4, 32}, {"16 arms of 32 operations", 16, 32}, {"16 arms of 128 operations", 16, 128}};

static size_t put_arm(char *to, size_t size, unsigned arm, unsigned operations)
{
  size_t n = (size_t)snprintf(to, size, "            %u => {\n", arm);
  for (unsigned k = 0; k < operations; k += 4) {
    n += (size_t)snprintf(to + n, size - n, "                x = ((x * %uu32 + %u) >> %u) ^ x;\n",
                          2 * (arm * 64 + k) + 3, k * 7 + arm, 7 + (arm + k) % 9);
  }
  return n + (size_t)snprintf(to + n, size - n, "            }\n");
}

/* A `match` on a number from a hash of instance and round. */
static void put_program(char *to, size_t size, const shape *s)
{
  size_t n = (size_t)snprintf(to, size,
                              "machine m {\n    out y: u32;\n    var x = u32(id) * 2654435761;\n"
                              "    for i in 0..%uu32 {\n"
                              "        let h = (u32(id) ^ i * 0x9E3779B9) * 0x85EBCA6B;\n"
                              "        match (h ^ h >> 15) %% %u {\n",
                              ROUNDS, s->arms);
  for (unsigned arm = 0; arm < s->arms; arm++) {
    n += put_arm(to + n, size - n, arm, s->operations);
  }
  demand(n + (size_t)snprintf(to + n, size - n, "        }\n    }\n    y = x;\n    report { all = sum(y); }\n}\n") <
             size,
         "a long text");
}

static void open_machine(bench *b, machine *m, const char *backend, const char *text, int8_t regroup)
{
  tg_machine_options options = TG_MACHINE_OPTIONS_INIT;
  memset(m, 0, sizeof *m);
  options.backend = backend;
  options.regroup = regroup;
  demand(tg_program_read(b->context, "regroup.tg", text, strlen(text), NULL, &m->program, NULL) == TG_OK &&
             tg_machine_create(m->program, &options, &m->machine, NULL) == TG_OK,
         "a program that does not compile");
  m->n = N;
}

static void run_shape(bench *b, const char *backend, const char *text, const shape *s)
{
  enum { WHOLE, SPLIT, CHOSEN, WAYS };
  static const int8_t regroup[WAYS] = {-1, 1, 0};
  machine runs[WAYS];
  timed what[WAYS];
  double medians[WAYS];
  for (int i = 0; i < WAYS; i++) {
    open_machine(b, &runs[i], backend, text, regroup[i]);
    what[i] = (timed){machine_work, &runs[i], NULL};
    machine_work(&runs[i], 1);
  }
  time_in_turns(b, what, WAYS, medians);
  record f = {
      .section = "regroup", .workload = s->name, .subject = backend, .size = N, .unit = "ns/round", .peer = "whole"};
  f.value = medians[SPLIT] / N / ROUNDS;
  f.peer_value = medians[WHOLE] / N / ROUNDS;
  report_add(&b->report, &f);
  f.peer = "better of both";
  f.value = medians[CHOSEN] / N / ROUNDS;
  f.peer_value = fmin(medians[WHOLE], medians[SPLIT]) / N / ROUNDS;
  f.target = least_of_choice;
  report_add(&b->report, &f);
  for (int i = 0; i < WAYS; i++) {
    machine_close(&runs[i]);
  }
}

void bench_regroup(bench *b)
{
  char *text = block_new(TEXT_BYTES);
  const char *backend;
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL; i++) {
    for (size_t k = 0; strcmp(backend, "ref") != 0 && k < sizeof shapes / sizeof shapes[0]; k++) {
      put_program(text, TEXT_BYTES, &shapes[k]);
      run_shape(b, backend, text, &shapes[k]);
    }
  }
  block_free(text);
}
