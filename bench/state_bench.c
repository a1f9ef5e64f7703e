/* state_bench.c: section `state`: instances that keep 128 bytes across a sync, all the budget there is: what one takes,
 * and the most memory that the machine holds, which does not grow with their number. */
#include "bench.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What the context's memory is now, and was at most. */
typedef struct meter {
  size_t held, most;
} meter;

static void *resize(void *self, void *p, size_t old_bytes, size_t new_bytes)
{
  meter *m = self;
  if (new_bytes == 0) {
    free(p);
    m->held -= p == NULL ? 0 : old_bytes;
    return NULL;
  }
  void *to = realloc(p, new_bytes);
  if (to != NULL) {
    m->held += new_bytes - old_bytes;
    m->most = m->held > m->most ? m->held : m->most;
  }
  return to;
}

static void run_size(bench *b, const char *backend, uint64_t n)
{
  meter memory = {0, 0};
  tg_context_options options = TG_CONTEXT_OPTIONS_INIT;
  machine m;
  tg_context *context;
  double median;
  options.threads.n_threads = 1;
  options.allocator = (tg_allocator){resize, &memory};
  demand(tg_context_create(&options, &context) == TG_OK, "no memory");
  machine_open(&m, context, backend, "bench/state.tg");
  m.n = n;
  memory.most = memory.held;
  time_in_turns(b, &(timed){machine_work, &m, NULL}, 1, &median);
  record f = {.section = "state", .workload = "128 bytes kept across a sync", .size = n, .subject = backend};
  f.unit = "ns/inst.";
  f.value = median / (double)n;
  report_add(&b->report, &f);
  f.unit = "MB";
  f.workload = "the same, memory at most";
  f.value = (double)memory.most / 1e6;
  report_add(&b->report, &f);
  machine_close(&m);
  tg_context_destroy(context);
}

void bench_state(bench *b)
{
  const char *backend;
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL; i++) {
    if (strcmp(backend, "ref") != 0) {
      run_size(b, backend, 1000000);
      run_size(b, backend, choose_size(b, 10000000, 2000000));
    }
  }
}
