/* main.c: the benchmark driver: runs sections, prints their figures as a table and writes them as JSON.
 *
 *     throng-bench [--only SECTION] [--json PATH] [--backend NAME] [--quick] */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const section sections[] = {
    {"limits", "what this machine can do at most", bench_limits},
    {"invoke", "what one invocation costs", bench_invoke},
    {"ready", "a graph of 20 operations, built and compiled", bench_ready},
    {"axpb", "m * x + b of 10^3, 10^5 and 10^8 elements", bench_axpb},
    {"expr", "an expression with a root and a quotient", bench_expr},
    {"reduce", "sum, dot product, argmax", bench_reduce},
    {"stats", "four reductions of an expression in one pass", bench_stats},
    {"divide", "integer division, floats to integers", bench_divide},
    {"mandelbrot", "an image of 1024 x 1024", bench_mandelbrot},
    {"collatz", "the steps of 1 to 10^7", bench_collatz},
    {"heavy", "a loop whose lanes go round 16 times or 100,000", bench_heavy},
    {"throws", "Monte Carlo pi with xorshift128+", bench_throws},
    {"matmul", "matrices of 512 and 1024, an invocation for each row and column", bench_matmul},
    {"threads", "two threads against one", bench_threads},
    {"machines", "machines against the same as kernels", bench_machines},
    {"pi", "Monte Carlo pi", bench_pi},
    {"bootstrap", "the stationary bootstrap of the Nile's flow", bench_bootstrap},
    {"search", "a search whose instances differ in depth", bench_search},
    {"arith", "VM instructions in a second, two threads", bench_arith},
    {"scale", "the cost of an instance from 10^4 to 10^7 of them", bench_scale},
    {"pack", "streams of half precision, apart, big-endian", bench_pack},
    {"regroup", "instances regrouped by the arms of a match", bench_regroup},
    {"state", "instances that keep 128 bytes across a sync", bench_state},
    {"start", "`throng run` of a small program, from nothing to its end", bench_start},
    {"kernels", "the strip kernels of each instruction set, by themselves", bench_kernels},
};
enum { N_SECTIONS = sizeof sections / sizeof sections[0] };

void demand(bool is_good, const char *what)
{
  if (!is_good) {
    fprintf(stderr, "throng-bench: %s\n", what);
    exit(1);
  }
}

void note(const char *about, const char *what, const char *why)
{
  fprintf(stderr, "%s: left out: %s: %s\n", about, what, why);
}

const char *bench_backend(const bench *b, size_t index)
{
  const char *name = b->backend;
  if (name != NULL) {
    return index == 0 ? name : NULL;
  }
  for (size_t i = 0; (name = tg_backend_name(i)) != NULL; i++) {
    if (strcmp(name, "auto") != 0 && index-- == 0) { /* which runs as one of the others */
      return name;
    }
  }
  return NULL;
}

size_t choose_size(const bench *b, size_t normal, size_t quick)
{
  return b->is_quick ? quick : normal;
}

static int usage(void)
{
  fprintf(stderr, "usage: throng-bench [--only SECTION] [--json PATH] [--backend NAME] [--quick]\nsections:\n");
  for (size_t i = 0; i < N_SECTIONS; i++) {
    fprintf(stderr, "  %-10s %s\n", sections[i].name, sections[i].doc);
  }
  return 2;
}

typedef struct arguments {
  const char *only, *json, *backend;
  bool is_quick;
} arguments;

static bool read_arguments(arguments *a, int argc, char **argv)
{
  const struct {
    const char *name;
    const char **value;
  } options[] = {{"--only", &a->only}, {"--json", &a->json}, {"--backend", &a->backend}};
  for (int i = 1; i < argc; i++) {
    bool is_known = strcmp(argv[i], "--quick") == 0;
    a->is_quick = a->is_quick || is_known;
    for (size_t k = 0; k < 3 && !is_known && i + 1 < argc; k++) {
      if (strcmp(argv[i], options[k].name) == 0) {
        *options[k].value = argv[++i];
        is_known = true;
      }
    }
    if (!is_known) {
      return false;
    }
  }
  return true;
}

static size_t run_sections(bench *b, const char *only)
{
  size_t n_run = 0;
  for (size_t i = 0; i < N_SECTIONS; i++) {
    if (only == NULL || strcmp(only, sections[i].name) == 0) {
      sections[i].run(b);
      n_run++;
    }
  }
  return n_run;
}

int main(int argc, char **argv)
{
  arguments a = {NULL, NULL, NULL, false};
  bench b = {.python = python_new()};
  tg_context_options options = TG_CONTEXT_OPTIONS_INIT;
  options.threads.n_threads = 1;
  demand(b.python != NULL && tg_context_create(&options, &b.context) == TG_OK, "no memory");
  size_t n_run = 0;
  if (read_arguments(&a, argc, argv)) {
    b.backend = a.backend;
    b.is_quick = a.is_quick;
    if (!pin_to(0)) {
      note("all", "binding to one processor", "this system does not do it");
    }
    n_run = run_sections(&b, a.only);
  }
  if (n_run > 0) {
    report_print(&b.report);
    demand(a.json == NULL || report_write(&b.report, a.json), "the figures cannot be written");
  }
  report_free(&b.report);
  python_free(b.python);
  tg_context_destroy(b.context);
  return n_run == 0 ? usage() : b.n_wrong > 0;
}
