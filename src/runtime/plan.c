/* plan.c: how much memory an invocation takes, how many threads it is worth, and how many blocks a tile has. All of it
 * decides how fast a result comes, never what it is. */
#include "runtime/kernel.h"
#include "runtime/threads.h"
#include "runtime/tiles.h"

/* Private tables that are larger are not worth their filling and folding. */
enum { FOLD_BYTES = 65536 };

/* A fork and join takes 0.65 us if the threads wait for it, some ten microseconds if they sleep, and milliseconds if
 * others have the processors: each thread must have PLAN_THREAD_PS to do, and 1 ns more for each byte of private
 * tables. */
enum { FOLD_BYTE_PS = 1000, TILES_EACH = 8 };

/* ---- memory ---- */

static size_t align_up(size_t bytes)
{
  return (bytes + 63) & ~(size_t)63;
}

/* Places one more part of `bytes` and gives its offset. */
static size_t place(size_t *end, size_t bytes)
{
  size_t offset = *end;
  *end = offset + align_up(bytes);
  return offset;
}

size_t plan_first_worker(const tg_kernel *kernel, unsigned n_workers)
{
  const workspace_layout *layout = &kernel->layout;
  return layout->pile + (PILE_PARTS + (size_t)PILE_WORKER_PARTS * n_workers) * layout->pile_part_bytes;
}

/* Every worker but the first has private tables, before its part. */
static size_t bytes_for(const tg_kernel *kernel, unsigned n_workers)
{
  const workspace_layout *layout = &kernel->layout;
  size_t others = (size_t)(n_workers - 1) * (layout->fold_bytes + layout->worker_bytes);
  return plan_first_worker(kernel, n_workers) + layout->worker_bytes + others;
}

static size_t scratch_bytes(const tg_kernel *kernel)
{
  size_t bytes = kernel->backend->scratch_bytes(kernel->code),
         later = kernel->later == NULL ? 0 : kernel->later->scratch_bytes;
  return bytes > later ? bytes : later;
}

void plan_workspace(tg_kernel *kernel)
{
  workspace_layout *layout = &kernel->layout;
  size_t n_operands = kernel->graph->operands.n, total = 0, worker = align_up(sizeof(tile_worker));
  bool has_folds = kernel->n_folds > 0;
  layout->operands = place(&total, n_operands * sizeof(operand_memory));
  layout->uniforms = place(&total, kernel->backend->uniform_bytes(kernel->code));
  layout->later_uniforms = place(&total, kernel->later == NULL ? 0 : kernel->later->uniform_bytes);
  layout->pile = total;
  layout->pile_part_bytes = kernel->n_ordered == 0 ? 0 : pile_part_bytes(kernel->n_ordered);
  layout->scratch = place(&worker, scratch_bytes(kernel));
  layout->columns = place(&worker, kernel->n_sums * sizeof(sum_columns));
  layout->trees = place(&worker, kernel->n_ordered * sum_tree_bytes(SUM_TILE_LEVELS));
  layout->tile_columns = place(&worker, kernel->n_ordered * sizeof(sum_columns));
  layout->tile_args = place(&worker, kernel->n_args * sizeof(arg_partial));
  layout->best_args = place(&worker, kernel->n_args * sizeof(tile_best));
  layout->worker_operands = place(&worker, has_folds ? n_operands * sizeof(operand_memory) : 0);
  layout->worker_bytes = worker;
  layout->fold_bytes = has_folds ? FOLD_BYTES : 0;
  layout->plain_scratch = plan_first_worker(kernel, 1) + layout->scratch;
  layout->least = bytes_for(kernel, 1);
  layout->most = bytes_for(kernel, kernel->context->threads.n_threads);
}

/* ---- cost ---- */

#define LANE_PS_MOST (UINT64_C(1) << 23) /* times 2^40 lanes, it fits */

void plan_cost(tg_kernel *kernel)
{
  uint64_t ps = cost_lane_ps(kernel->graph, kernel->backend->speed, COST_ROUNDS);
  kernel->lane_ps = ps < LANE_PS_MOST ? ps : LANE_PS_MOST;
}

/* ---- threads ---- */

/* How many threads find enough to do. Checked builds, and tests that say how large tiles are, use all that can have a
 * block each, so that tests need not be long to see threads. */
static uint64_t worthwhile(const tg_kernel *kernel, uint64_t n, size_t fold_bytes)
{
#ifdef TG_CHECKED
  (void)kernel;
  (void)n;
  (void)fold_bytes;
  return THREADS_MOST;
#else
  if (kernel->tile_level >= 0) {
    return THREADS_MOST;
  }
  return n * kernel->lane_ps / (PLAN_THREAD_PS + FOLD_BYTE_PS * (uint64_t)fold_bytes);
#endif
}

unsigned plan_workers_for(const tg_kernel *kernel, uint64_t n)
{
  const tg_threads *threads = &kernel->context->threads;
  uint64_t n_blocks = (n + TG_BLOCK_LANES - 1) / TG_BLOCK_LANES, worth = worthwhile(kernel, n, 0);
  uint64_t most = n_blocks < threads->n_threads ? n_blocks : threads->n_threads;
  most = worth < most ? worth : most;
  return most < 2 || threads_are_taken(threads) ? 1 : (unsigned)most;
}

unsigned plan_workers(const tg_kernel *kernel, const tg_invocation *call, const operand_memory *memory, size_t bytes)
{
  const tg_threads *threads = &kernel->context->threads;
  uint64_t n_blocks = (call->n + TG_BLOCK_LANES - 1) / TG_BLOCK_LANES;
  unsigned n = n_blocks < threads->n_threads ? (unsigned)n_blocks : threads->n_threads;
  if (n < 2) {
    return 1;
  }
  size_t fold_bytes = fold_room(kernel, memory);
  uint64_t worth = worthwhile(kernel, call->n, fold_bytes);
  n = worth < n ? (unsigned)worth : n;
  while (n > 1 && bytes_for(kernel, n) > bytes) {
    n--;
  }
  return n < 2 || fold_bytes > kernel->layout.fold_bytes || threads_are_taken(threads) ? 1 : n;
}

/* Tiles are large, so that taking one is rare, but so many that one which takes long does not leave others waiting. */
unsigned plan_tile_level(const tg_kernel *kernel, uint64_t n_blocks, unsigned n_workers)
{
  if (kernel->tile_level >= 0) {
    return (unsigned)kernel->tile_level;
  }
  unsigned level = SUM_TILE_LEVEL;
  while (level > 0 && n_workers > 1 && n_blocks >> level < (uint64_t)TILES_EACH * n_workers) {
    level--;
  }
  return level;
}
