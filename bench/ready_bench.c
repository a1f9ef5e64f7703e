/* ready_bench.c: section `ready`: how long a program waits from nothing to a kernel that it can invoke, for a graph of
 * 20 operations; to its first result in `auto`; and where its code was kept on disk. The peers make as many ready to
 * run: Orc and numexpr from calls, numba and clang from source text. */
#define _POSIX_C_SOURCE 200809L /* mkdtemp, setenv */
#include "bench.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_OPERATIONS = 20, N_LANES = 1000 };
static const double target_ms = 0.1, first_target_ms = 0.3;

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

/* The first result of a graph that was never seen before, in `auto`: all of it, and one invocation of 1000 lanes. */
typedef struct starting {
  tg_context *context;
  float x[N_LANES], y[N_LANES], next; /* a constant of its own for each graph */
} starting;

static tg_graph *build_new(starting *s)
{
  tg_graph *g;
  demand(tg_graph_create(s->context, "twenty", &g) == TG_OK, "no graph");
  tg_value x = tg_load(g, tg_declare(g, TG_INPUT, "x", TG_MODE_F32)), y = x, z = tg_const_f32(g, s->next += 0.125f);
  for (int i = 0; i < N_OPERATIONS / 2; i++) {
    y = tg_add(g, tg_mul(g, y, x), z);
  }
  tg_store(g, tg_declare(g, TG_OUTPUT, "y", TG_MODE_F32), y);
  return g;
}

static void start_anew(void *self, size_t times)
{
  starting *s = self;
  const tg_binding bindings[] = {{.data = s->x, .bytes = sizeof s->x, .stride = sizeof *s->x},
                                 {.data = s->y, .bytes = sizeof s->y, .stride = sizeof *s->y}};
  for (size_t i = 0; i < times; i++) {
    tg_graph *g = build_new(s);
    tg_kernel *kernel = NULL;
    tg_invocation call = TG_INVOCATION_INIT;
    call.n = N_LANES;
    call.bindings = bindings;
    call.n_bindings = 2;
    demand(tg_compile(s->context, g, NULL, &kernel, NULL) == TG_OK && tg_invoke(kernel, &call, NULL) == TG_OK,
           "no first result");
    tg_kernel_destroy(kernel);
    tg_graph_destroy(g);
  }
}

/* ---- peers ---- */

enum { MAX_PEERS = 4 };

/* Those that are there, and what is timed of them. */
typedef struct peers {
  const char *names[MAX_PEERS];
  timed timed[MAX_PEERS];
  python_call calls[MAX_PEERS];
  peer_ready_fn orc;
  size_t n;
} peers;

static void find_peers(bench *b, peers *p)
{
  static const char *const tools[] = {"numexpr", "numba", "clang"};
  p->orc = peers_orc_ready();
  p->n = 0;
  if (p->orc != NULL) {
    p->names[0] = "Orc";
    p->timed[p->n++] = (timed){.work = make_peer, .self = &p->orc};
  } else {
    note("ready", "Orc", "not in this build");
  }
  for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
    const char *names[3] = {"ready", "ready", tools[i]};
    p->names[p->n] = tools[i];
    p->n += python_prepare(b->python, &p->calls[p->n], names, N_OPERATIONS, &p->timed[p->n]);
  }
}

/* ---- the section ---- */

/* A figure beside each peer, or one without. */
static void add(bench *b, const char *ours, double ns, const peers *p, const double *peers_ns)
{
  record f = {.section = "ready", .workload = "build and compile", .subject = ours, .unit = "ms", .size = N_OPERATIONS};
  f.value = ns / 1e6;
  f.limits_value = true;
  f.target = target_of(&f, strcmp(ours, "ref") != 0 ? target_ms : 0);
  if (p->n == 0) {
    report_add(&b->report, &f);
  }
  for (size_t i = 0; i < p->n; i++) {
    f.peer = p->names[i];
    f.peer_value = peers_ns[i] / 1e6;
    report_add(&b->report, &f);
  }
}

static void time_first(bench *b, const peers *p)
{
  static starting s;
  double medians[2] = {0};
  bool has_orc = p->orc != NULL;
  timed what[2] = {{.work = start_anew, .self = &s}, {.work = make_peer, .self = (void *)(uintptr_t)&p->orc}};
  s.context = b->context;
  time_in_turns(b, what, has_orc ? 2 : 1, medians);
  report_add(&b->report, &(record){.section = "ready",
                                   .workload = "first result of a new graph",
                                   .subject = "auto",
                                   .size = N_OPERATIONS,
                                   .unit = "ms",
                                   .value = medians[0] / 1e6,
                                   .peer = has_orc ? "Orc" : NULL,
                                   .peer_value = medians[1] / 1e6,
                                   .target = first_target_ms,
                                   .limits_value = true});
}

/* Code that was kept on disk, in a folder of its own. Elsewhere the cache is off: what is measured is making code. */
static void time_disk(bench *b)
{
  char folder[] = "/tmp/throng-bench-XXXXXX", remove[64];
  making way = {b->context, "llvm"};
  double median;
  if (tg_backend_status("llvm", NULL) != TG_OK || (b->backend != NULL && strcmp(b->backend, "llvm") != 0)) {
    return;
  }
  demand(mkdtemp(folder) != NULL && setenv("TG_CACHE_DIR", folder, 1) == 0 && unsetenv("TG_CACHE") == 0, "no folder");
  time_in_turns(b, &(timed){.work = make, .self = &way}, 1, &median);
  report_add(&b->report, &(record){.section = "ready",
                                   .workload = "code from disk",
                                   .subject = "llvm",
                                   .size = N_OPERATIONS,
                                   .unit = "ms",
                                   .value = median / 1e6});
  (void)snprintf(remove, sizeof remove, "rm -r %s", folder);
  demand(setenv("TG_CACHE", "off", 1) == 0 && unsetenv("TG_CACHE_DIR") == 0 && system(remove) == 0, "no end");
}

void bench_ready(bench *b)
{
  making ways[MAX_SUBJECTS + 1] = {{b->context, NULL}};
  timed all[MAX_TIMED];
  double medians[MAX_TIMED] = {0};
  peers p;
  size_t n = 1;
  find_peers(b, &p);
  for (; n <= MAX_SUBJECTS && bench_backend(b, n - 1) != NULL; n++) {
    ways[n] = (making){b->context, bench_backend(b, n - 1)};
  }
  for (size_t i = 0; i < n; i++) {
    all[i] = (timed){.work = make, .self = &ways[i]};
  }
  memcpy(all + n, p.timed, p.n * sizeof *all);
  time_in_turns(b, all, n + p.n, medians);
  for (size_t i = 1; i < n; i++) {
    add(b, ways[i].backend, medians[i], &p, medians + n);
  }
  report_add(&b->report, &(record){.section = "ready",
                                   .workload = "build only",
                                   .subject = "-",
                                   .unit = "ms",
                                   .size = N_OPERATIONS,
                                   .value = medians[0] / 1e6});
  time_first(b, &p);
  time_disk(b);
  python_close_all(b->python);
}
