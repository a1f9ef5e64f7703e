/* ready_bench.c: section `ready`: how long a program waits from nothing to a kernel that it can invoke, for a graph of
 * 20 operations. The peer builds and compiles as many with Orc. */
#include "bench.h"

#include <string.h>

enum { N_OPERATIONS = 20 };
static const double target_ms = 0.1;

static tg_graph *build(tg_context *context)
{
  tg_graph *g;
  demand(tg_graph_create(context, "twenty", &g) == TG_OK, "no graph");
  tg_value x = tg_load(g, tg_declare(g, TG_INPUT, "x", TG_MODE_F32)), y = x;
  for (int i = 0; i < N_OPERATIONS / 2; i++) { /* no two of which can be one */
    y = tg_add(g, tg_mul(g, y, x), y);
  }
  tg_store(g, tg_declare(g, TG_OUTPUT, "y", TG_MODE_F32), y);
  return g;
}

typedef struct making {
  tg_context *context;
  const char *backend; /* NULL: only build */
} making;

static void make(void *self, size_t times)
{
  const making *m = self;
  for (size_t i = 0; i < times; i++) {
    tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
    tg_graph *g = build(m->context);
    tg_kernel *kernel = NULL;
    options.backend = m->backend;
    demand(m->backend == NULL || tg_compile(m->context, g, &options, &kernel, NULL) == TG_OK, "no kernel");
    tg_kernel_destroy(kernel);
    tg_graph_destroy(g);
  }
}

static void make_peer(void *self, size_t times)
{
  peer_ready_fn ready = *(peer_ready_fn *)self;
  for (size_t i = 0; i < times; i++) {
    ready();
  }
}

static void add(bench *b, const char *workload, const char *ours, double ms, double peer_ms)
{
  record f = {.section = "ready", .workload = workload, .subject = ours, .unit = "ms", .size = N_OPERATIONS};
  f.value = ms;
  f.peer = peer_ms > 0 ? "Orc" : NULL;
  f.peer_value = peer_ms;
  f.target = strcmp(ours, "ref") != 0 ? target_ms : 0;
  f.limits_value = true;
  report_add(&b->report, &f);
}

void bench_ready(bench *b)
{
  making ways[MAX_SUBJECTS + 1] = {{b->context, NULL}};
  timed all[MAX_SUBJECTS + 2];
  double medians[MAX_SUBJECTS + 2] = {0}, orc_ms = 0;
  peer_ready_fn orc = peers_orc_ready();
  size_t n = 1;
  for (; n <= MAX_SUBJECTS && bench_backend(b, n - 1) != NULL; n++) {
    ways[n] = (making){b->context, bench_backend(b, n - 1)};
  }
  for (size_t i = 0; i < n; i++) {
    all[i] = (timed){.work = make, .self = &ways[i]};
  }
  all[n] = (timed){.work = make_peer, .self = &orc};
  time_in_turns(b, all, orc != NULL ? n + 1 : n, medians);
  if (orc != NULL) {
    orc_ms = medians[n] / 1e6;
  } else {
    note("ready", "Orc", "not in this build");
  }
  for (size_t i = 1; i < n; i++) {
    add(b, "build and compile", ways[i].backend, medians[i] / 1e6, orc_ms);
  }
  report_add(&b->report, &(record){.section = "ready",
                                   .workload = "build only",
                                   .subject = "-",
                                   .unit = "ms",
                                   .size = N_OPERATIONS,
                                   .value = medians[0] / 1e6});
}
