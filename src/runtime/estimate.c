/* estimate.c: what to expect of a kernel: a roofline. Input: what its graph costs (graph/cost.h) and what the machine
 * can do (limits.h); output: how long memory and the engine would take, each if it were alone. The longer one is what
 * the invocation takes at least. */
#include "runtime/limits.h"

#include "base/fpenv.h"

/* Bytes that are read and written by turns go at the speed of a copy, the others at that of reading or writing alone.
 */
static double memory_ns(cost_bytes bytes, const stream_limits *limits)
{
  double in = (double)bytes.loaded, out = (double)bytes.stored, both = in < out ? in : out;
  return 2 * both / limits->copy + (in - both) / limits->read + (out - both) / limits->write;
}

tg_status estimate_make(const tg_kernel *kernel, uint64_t n, uint64_t rounds, expectation *out, tg_error *error)
{
  cost_bytes bytes = cost_lane_bytes(kernel->graph);
  unsigned n_threads = plan_workers_for(kernel, n);
  uint64_t moved = n * (bytes.loaded + bytes.stored);
  tg_status status = limits_measure(kernel, n_threads, moved, &out->streams, &out->engine);
  if (status != TG_OK) {
    return error_set(error, status, "the machine cannot be measured: %s", tg_status_text(status));
  }
  double lane_ps = (double)cost_lane_ps(kernel->graph, kernel->backend->speed, rounds), lanes = (double)n;
  tg_estimate *e = &out->estimate;
  *e = (tg_estimate){.n_threads = n_threads, .bytes_in = bytes.loaded, .bytes_out = bytes.stored};
  e->memory = lanes * memory_ns(bytes, &out->streams) * 1e-9;
  e->compute = lanes * lane_ps * out->engine.slowness / n_threads * 1e-12;
  e->call = out->engine.call * 1e-9;
  e->total = (e->memory > e->compute ? e->memory : e->compute) + e->call;
  return TG_OK;
}

tg_status tg_kernel_estimate(const tg_kernel *kernel, uint64_t n, double rounds, tg_estimate *out, tg_error *error)
{
  expectation x;
  *out = (tg_estimate){0};
  if (n > TG_N_MAX) {
    return error_set(error, TG_ARGUMENT, "n is %llu, more than 2^40", (unsigned long long)n);
  }
  fpenv saved = fpenv_enter();
  uint64_t whole = COST_ROUNDS;
  if (rounds > 0) {
    whole = cost_rounds_of_each(kernel->graph, rounds < 1 ? 1 : rounds < 1e18 ? (uint64_t)(rounds + 0.5) : UINT64_MAX);
  }
  tg_status status = estimate_make(kernel, n, whole, &x, error);
  fpenv_leave(saved);
  if (status == TG_OK) {
    *out = x.estimate;
  }
  return status;
}
