/* run_stats.c: what a run achieved beside what it should take: bytes moved, rounds of loops, and the roofline, for
 * which the machine is measured now. Input: a run that is done; output: lines after the results, and figures for JSON.
 */
#include "run.h"

#include <inttypes.h>

run_figures run_measure(const run *r)
{
  run_figures f = {.lanes = (double)r->n_done};
  double rounds = r->n_done > 0 ? (double)r->stats.loop_rounds / (double)r->n_done : 0;
  f.has_estimate = r->kernel && tg_kernel_estimate(r->kernel, r->n_done, rounds, &f.estimate, NULL) == TG_OK;
  f.bytes_in = f.lanes * (double)f.estimate.bytes_in;
  f.bytes_out = f.lanes * (double)f.estimate.bytes_out;
  f.rate = r->times.run > 0 ? (f.bytes_in + f.bytes_out) / r->times.run : 0;
  f.reached = r->times.run > 0 ? f.estimate.total / r->times.run : 0;
  const tg_estimate *e = &f.estimate;
  f.bound = e->call > e->memory && e->call > e->compute ? "call" : e->memory > e->compute ? "memory" : "compute";
  return f;
}

/* "a lane" or "an instance". */
static const char *one(const run *r)
{
  return r->machine ? "an instance" : "a lane";
}

static void print_counts(const run *r, const tg_stats *s, double seconds)
{
  double lanes = r->n_done > 0 ? (double)r->n_done : 1.0;
  if (s->operations > 0) {
    fprintf(stderr, "operations: %.4g %s, %.3g billion/s\n", (double)s->operations / lanes, one(r),
            seconds > 0 ? (double)s->operations / seconds / 1e9 : 0.0);
  }
  if (s->loop_slots > 0) {
    fprintf(stderr, "loops: %.4g rounds of %s, %.3g %% of the rounds that were computed\n",
            (double)s->loop_rounds / lanes, one(r), 100 * (double)s->loop_rounds / (double)s->loop_slots);
  }
}

/* Of a machine that has several: each by itself. */
static void print_phases(const run *r)
{
  double seconds;
  tg_stats phase;
  if (!r->machine || tg_machine_phase(r->machine, 1, &seconds, &phase) != TG_OK) return;
  for (size_t k = 0; tg_machine_phase(r->machine, k, &seconds, &phase) == TG_OK; k++) {
    fprintf(stderr, "phase %zu: %.6f s\n", k + 1, seconds);
    print_counts(r, &phase, seconds);
  }
}

static void print_expected(const run_figures *f)
{
  const tg_estimate *e = &f->estimate;
  fprintf(stderr, "expected: %.6f s, bound by %s (memory %.6f, compute %.6f, %u thread%s); reached %.3g %%\n", e->total,
          f->bound, e->memory, e->compute, e->n_threads, e->n_threads == 1 ? "" : "s", 100 * f->reached);
}

void run_print_figures(const run *r)
{
  run_figures f = run_measure(r);
  if (f.has_estimate) {
    fprintf(stderr, "streams: %.4g MB in, %.4g MB out, %.3g GB/s\n", f.bytes_in / 1e6, f.bytes_out / 1e6, f.rate / 1e9);
  }
  print_counts(r, &r->stats, r->times.run);
  print_phases(r);
  if (f.has_estimate) print_expected(&f);
  if (r->outcome.n_trapped > 0) {
    fprintf(stderr, "traps: %" PRIu64 " of %" PRIu64 " %s\n", r->outcome.n_trapped, r->n_done, run_lanes(r));
  }
}
