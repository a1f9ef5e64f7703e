/* search_bench.c: section `search`: the queens of examples/queens.tg, a depth-first search whose instances take from no
 * step to thousands, against the same search masked by hand, where eight instances wait for the longest; and, without a
 * target, against one instance after the other in C, which no vectors hold up. */
#include "bench.h"

#include <string.h>

static const double target = 1.5;

void bench_search(bench *b)
{
  uint32_t size = b->is_quick ? 10 : 12;
  size_t n = (size_t)size * size * size, n_machines = 0;
  uint32_t *found = block_new(n * sizeof *found);
  const peer_set *masked = peers_find_machines(PEERS_AVX2), *clang = peers_find_machines(PEERS_CLANG);
  const char *backend;
  machine machines[MAX_SUBJECTS];
  peer_args args = {{NULL}, {found}, {size, 0, 0}, n};
  contest c = {.section = "search",
               .workload = b->is_quick ? "10 queens" : "12 queens",
               .unit = "ms",
               .size = n,
               .per = 1e6,
               .out = found,
               .out_bytes = n * sizeof *found};
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL; i++) {
    if (strcmp(backend, "ref") != 0) {
      machine *m = &machines[n_machines++];
      machine_open(m, b->context, backend, "examples/queens.tg");
      machine_set(m, "n", size);
      machine_bind(m, "found", found, n);
      m->n = n;
      contest_add(&c, &(entrant){.name = backend, .timed = {.work = machine_work, .self = m}, .is_subject = true});
    }
  }
  contest_add_peer(&c, masked, masked->queens, &args, target);
  contest_add_peer(&c, clang, clang->queens, &args, 0);
  contest_run(b, &c);
  for (size_t i = 0; i < n_machines; i++) {
    machine_close(&machines[i]);
  }
  block_free(found);
}
