/* ready_bench.c: section `ready`: how long a program waits from nothing to a kernel that it can invoke, for a graph of
 * 20 operations. The peers make as many ready to run: Orc and numexpr from calls, numba and clang from source text. */
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
  f.target = strcmp(ours, "ref") != 0 ? target_ms : 0;
  f.limits_value = true;
  if (p->n == 0) {
    report_add(&b->report, &f);
  }
  for (size_t i = 0; i < p->n; i++) {
    f.peer = p->names[i];
    f.peer_value = peers_ns[i] / 1e6;
    report_add(&b->report, &f);
  }
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
  python_close_all(b->python);
}
