/* machines_bench.c: section `machines`: what a machine of the language costs beside its kernel form, the graph that the
 * sections `mandelbrot` and `collatz` run, on the same back-end; the results are the same. */
#include "mandelbrot.h"

#include <string.h>

static const double target = 0.95;

/* One back-end: the machine, which writes to out, beside a graph that writes there too. */
static void compare_forms(bench *b, contest *c, machine *m, const char *backend, const program *p)
{
  subject graph;
  subject_open(&graph, b->context, backend, p);
  m->n = p->n;
  contest_add(c, &(entrant){.name = backend, .timed = {.work = machine_work, .self = m}, .is_subject = true});
  contest_add(c, &(entrant){.name = "its kernel", .timed = {.work = subject_work, .self = &graph}, .target = target});
  contest_run(b, c);
  subject_close(&graph);
}

static void image(bench *b, const char *backend)
{
  mandelbrot image;
  machine m;
  mandelbrot_make(&image, b->is_quick ? 8 : 10, 256);
  contest c = {.section = "machines",
               .workload = "mandelbrot, 256 steps, f32",
               .unit = "ms",
               .size = (uint64_t)1 << image.shift,
               .per = 1e6,
               .out = image.count,
               .out_bytes = image.program.n * sizeof *image.count};
  machine_open(&m, b->context, backend, "bench/mandelbrot.tg");
  machine_set(&m, "shift", (uint64_t)image.shift);
  machine_set(&m, "step", tg_bits_f32(image.step));
  machine_bind(&m, "count", image.count, image.program.n);
  compare_forms(b, &c, &m, backend, &image.program);
  machine_close(&m);
  block_free(image.count);
}

static void steps(bench *b, const char *backend)
{
  size_t n = choose_size(b, 1000000, 100000);
  uint32_t *out = block_new(n * sizeof *out);
  machine m;
  program p = collatz_program(out, n);
  contest c = {.section = "machines",
               .workload = "collatz, u64",
               .unit = "ms",
               .size = n,
               .per = 1e6,
               .out = out,
               .out_bytes = n * sizeof *out};
  machine_open(&m, b->context, backend, "bench/collatz.tg");
  machine_bind(&m, "steps", out, n);
  compare_forms(b, &c, &m, backend, &p);
  machine_close(&m);
  block_free(out);
}

void bench_machines(bench *b)
{
  const char *backend;
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL; i++) {
    if (strcmp(backend, "ref") != 0) {
      image(b, backend);
      steps(b, backend);
    }
  }
}
