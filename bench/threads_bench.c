/* threads_bench.c: section `threads`: the same invocation with two threads and with one, by the wall clock.
 *
 * The work is the image of section `mandelbrot`: all computing, and its parts differ much. The threads are the
 * caller's (pool.c). */
#include "mandelbrot.h"

/* An invocation timed by the wall clock. */
typedef struct run {
  subject subject;
  double took_ns;
} run;

static void invoke(void *self, size_t times)
{
  run *r = self;
  double start = wall_ns();
  subject_work(&r->subject, times);
  r->took_ns = wall_ns() - start;
}

static double took(void *self)
{
  return ((const run *)self)->took_ns;
}

static void time_backend(bench *b, tg_context *two, const char *backend, const mandelbrot *m)
{
  run runs[2];
  size_t width = (size_t)1 << m->shift;
  contest c = {.section = "threads",
               .workload = "mandelbrot, 256 steps, f32",
               .unit = "ms",
               .size = width,
               .per = 1e6,
               .out = m->count,
               .out_bytes = m->program.n * sizeof *m->count};
  subject_open(&runs[0].subject, two, backend, &m->program);
  subject_open(&runs[1].subject, b->context, backend, &m->program);
  contest_add(&c, &(entrant){.name = backend, .timed = {invoke, &runs[0], took}, .is_subject = true});
  contest_add(&c, &(entrant){.name = "one thread", .timed = {invoke, &runs[1], took}, .target = 1.9});
  contest_run(b, &c);
  subject_close(&runs[0].subject);
  subject_close(&runs[1].subject);
}

void bench_threads(bench *b)
{
  mandelbrot m;
  const char *backend;
  pool *p = pool_new();
  tg_context *two = pool_context(p);
  mandelbrot_make(&m, b->is_quick ? 8 : 10, 256);
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL; i++) {
    if (subject_may(backend, &m.program)) {
      time_backend(b, two, backend, &m);
    }
  }
  block_free(m.count);
  tg_context_destroy(two);
  pool_free(p);
}
