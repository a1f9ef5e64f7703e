/* search_bench.c: section `search`: the queens of examples/queens.tg, a depth-first search whose instances take from no
 * step to thousands, against its masked form, in which instances wait for the slowest of their group: that of the same
 * back-end where it has one (NAME/masked), else one written by hand. For comparison, without a target, there is one
 * instance after the other in C, which no vectors hold up. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

static const double target = 1.5;

typedef struct search {
  uint32_t size, *found;
  size_t n;
} search;

static void open_search(bench *b, const search *s, const char *backend, machine *m)
{
  machine_open(m, b->context, backend, "examples/queens.tg");
  machine_set(m, "n", s->size);
  machine_bind(m, "found", s->found, s->n);
  m->n = s->n;
}

/* Whether the library knows a back-end by this name. */
static bool is_known(bench *b, const char *backend)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_graph *graph;
  tg_kernel *kernel = NULL;
  demand(tg_graph_create(b->context, "nothing", &graph) == TG_OK, "no graph");
  options.backend = backend;
  bool is_there = tg_compile(b->context, graph, &options, &kernel, NULL) == TG_OK;
  tg_kernel_destroy(kernel);
  tg_graph_destroy(graph);
  return is_there;
}

static void compare_search(bench *b, const search *s, const char *backend)
{
  char masked_name[64];
  const peer_set *hand = peers_find_machines(PEERS_AVX2), *clang = peers_find_machines(PEERS_CLANG);
  machine own, masked;
  peer_args args = {{NULL}, {s->found}, {s->size, 0, 0}, s->n};
  contest c = {.section = "search",
               .workload = b->is_quick ? "10 queens" : "12 queens",
               .unit = "ms",
               .size = s->n,
               .per = 1e6,
               .out = s->found,
               .out_bytes = s->n * sizeof *s->found};
  (void)snprintf(masked_name, sizeof masked_name, "%s/masked", backend);
  bool has_masked = is_known(b, masked_name);
  open_search(b, s, backend, &own);
  contest_add(&c, &(entrant){.name = backend, .timed = {.work = machine_work, .self = &own}, .is_subject = true});
  if (has_masked) {
    open_search(b, s, masked_name, &masked);
    contest_add(&c, &(entrant){.name = "its masked form", .timed = {machine_work, &masked, NULL}, .target = target});
  }
  contest_add_peer(&c, hand, hand->queens, &args, has_masked ? 0 : target);
  contest_add_peer(&c, clang, clang->queens, &args, 0);
  contest_run(b, &c);
  machine_close(&own);
  if (has_masked) {
    machine_close(&masked);
  }
}

void bench_search(bench *b)
{
  const char *backend;
  search s = {.size = b->is_quick ? 10 : 12};
  s.n = (size_t)s.size * s.size * s.size;
  s.found = block_new(s.n * sizeof *s.found);
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL; i++) {
    if (strcmp(backend, "ref") != 0) {
      compare_search(b, &s, backend);
    }
  }
  if (b->backend == NULL && is_known(b, "llvm:256")) {
    compare_search(b, &s, "llvm:256");
  }
  block_free(s.found);
}
