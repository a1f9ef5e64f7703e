/* limits_bench.c: section `limits`: bandwidth and multiply-adds of one core, measured beside everything else. Bytes
 * are those that the program reads and writes, not those that the caches move besides. */
#include "bench.h"

typedef struct limit {
  const char *name;
  peer_fn function;
  double per_element; /* bytes, or operations */
  const char *unit;
} limit;

static void call(void *self, size_t times)
{
  const peer_call *c = self;
  for (size_t i = 0; i < times; i++) {
    c->function(&c->args);
  }
}

static void time_all(bench *b, const limit *limits, size_t n_limits, const peer_args *args)
{
  peer_call calls[MAX_TIMED];
  timed all[MAX_TIMED];
  double medians[MAX_TIMED];
  for (size_t i = 0; i < n_limits; i++) {
    calls[i] = (peer_call){limits[i].function, *args};
    all[i] = (timed){.work = call, .self = &calls[i]};
  }
  time_in_turns(b, all, n_limits, medians);
  for (size_t i = 0; i < n_limits; i++) {
    report_add(&b->report, &(record){.section = "limits",
                                     .workload = limits[i].name,
                                     .subject = "core",
                                     .unit = limits[i].unit,
                                     .size = args->n,
                                     .value = limits[i].per_element * (double)args->n / medians[i],
                                     .is_rate = true});
  }
}

void bench_limits(bench *b)
{
  const peer_limits *has = peers_limits();
  if (has == NULL) {
    note("limits", "all of it", "not in this build, or no AVX2");
    return;
  }
  const limit memory[] = {{"read, f32", has->read, 4, "GB/s"},
                          {"copy, f32", has->copy, 8, "GB/s"},
                          {"copy, streaming, f32", has->copy_streaming, 8, "GB/s"},
                          {"triad, f32", has->triad, 12, "GB/s"},
                          {"triad, streaming, f32", has->triad_streaming, 12, "GB/s"}};
  const limit arithmetic[] = {{"AVX2 multiply-adds, f32", has->fma_f32, 192, "GFLOP/s"},
                              {"AVX2 multiply-adds, f64", has->fma_f64, 96, "GFLOP/s"}};
  const size_t sizes[3] = {1024, 102400, choose_size(b, 100000000 / 64 * 64, 10000000 / 64 * 64)};
  char *x = block_new(sizes[2] * sizeof(float) + 32), *z = block_new(sizes[2] * sizeof(float) + 32);
  char *y = block_new(sizes[2] * sizeof(float) + 32);
  for (size_t i = 0; i < 3; i++) {
    peer_args args = {{x, z}, {y}, {0, 0}, sizes[i]};
    time_all(b, memory, 5, &args);
  }
  time_all(b, arithmetic, 2, &(peer_args){{NULL}, {y}, {0, 0}, 100000});
  block_free(x);
  block_free(z);
  block_free(y);
}
