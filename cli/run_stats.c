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
  f.occupancy = r->stats.loop_slots > 0 ? (double)r->stats.loop_rounds / (double)r->stats.loop_slots : 0;
  f.operation_rate = r->times.run > 0 ? (double)r->stats.operations / r->times.run : 0;
  const tg_estimate *e = &f.estimate;
  f.bound = e->call > e->memory && e->call > e->compute ? "call" : e->memory > e->compute ? "memory" : "compute";
  return f;
}

void run_print_figures(const run *r)
{
  run_figures f = run_measure(r);
  const tg_estimate *e = &f.estimate;
  if (!f.has_estimate) return;
  fprintf(stderr, "streams: %.4g MB in, %.4g MB out, %.3g GB/s\n", f.bytes_in / 1e6, f.bytes_out / 1e6, f.rate / 1e9);
  if (r->stats.operations > 0) {
    fprintf(stderr, "operations: %.4g a lane, %.3g billion/s\n",
            f.lanes > 0 ? (double)r->stats.operations / f.lanes : 0.0, f.operation_rate / 1e9);
  }
  if (r->stats.loop_slots > 0) {
    fprintf(stderr, "loops: %.4g rounds of a lane, %.3g %% of the rounds that were computed\n",
            f.lanes > 0 ? (double)r->stats.loop_rounds / f.lanes : 0.0, 100 * f.occupancy);
  }
  fprintf(stderr, "expected: %.6f s, bound by %s (memory %.6f, compute %.6f, %u thread%s); reached %.3g %%\n", e->total,
          f.bound, e->memory, e->compute, e->n_threads, e->n_threads == 1 ? "" : "s", 100 * f.reached);
  if (r->outcome.n_trapped > 0) {
    fprintf(stderr, "traps: %" PRIu64 " of %" PRIu64 " lanes\n", r->outcome.n_trapped, r->n_done);
  }
}
