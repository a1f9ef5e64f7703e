/* drive.c: the runtime driver: takes tiles of blocks in waves, one tile for each thread, runs them, and combines what
 * they give in the order of the tiles. So the result does not depend on how many threads there are. */
#include "runtime/kernel.h"

#include "base/fpenv.h"
#include "graph/element.h"
#include "graph/eval.h"

#include <string.h>

enum { TILE_LANES = TG_BLOCK_LANES << SUM_TILE_LEVEL };

/* What all tasks of an invocation share. */
typedef struct run_state {
  const tg_kernel *kernel;
  const engine_args *args;
  unsigned char *workers;
  uint64_t first_tile; /* of the wave */
} run_state;

static tg_type sum_result(const tg_kernel *kernel, size_t k)
{
  uint32_t operand = kernel->graph->nodes.data[kernel->sums[k]].operand;
  return (tg_type)mode_table[kernel->graph->operands.data[operand].mode].type;
}

static sum_tree *tree_at(unsigned char *trees, size_t n_levels, size_t k)
{
  return (sum_tree *)(void *)(trees + k * sum_tree_bytes(n_levels));
}

/* ---- one tile ---- */

static void clear_args(arg_partial *args, size_t n)
{
  for (size_t k = 0; k < n; k++) {
    args[k].state = ARG_NONE;
  }
}

/* Runs one block; its columns go into the tile's trees. */
static void run_block(const run_state *run, unsigned char *worker, uint64_t block, partials *out)
{
  const tg_kernel *kernel = run->kernel;
  uint64_t first = block * TG_BLOCK_LANES, end = first + TG_BLOCK_LANES;
  end = end < run->args->n ? end : run->args->n;
  memset(out->sums, 0, kernel->n_sums * sizeof *out->sums);
  kernel->backend->run(kernel->code, run->args, (uint64_t[2]){first, end}, worker + kernel->layout.scratch, out);
  for (size_t k = 0; k < kernel->n_sums; k++) {
    sum_push(tree_at(worker + kernel->layout.worker_trees, SUM_TILE_LEVELS, k), sum_result(kernel, k), 0,
             &out->sums[k]);
  }
}

static void run_tile(void *arg, size_t index)
{
  const run_state *run = arg;
  const tg_kernel *kernel = run->kernel;
  unsigned char *worker = run->workers + index * kernel->layout.worker_bytes;
  partials *out = (partials *)(void *)worker;
  uint64_t first = (run->first_tile + index) * TILE_LANES;
  fpenv saved = fpenv_enter();
  out->sums = (sum_columns *)(void *)(worker + kernel->layout.columns);
  out->args = (arg_partial *)(void *)(worker + kernel->layout.worker_args);
  out->traps = (trap_partial){0, 0, 0, 0};
  clear_args(out->args, kernel->n_args);
  for (size_t k = 0; k < kernel->n_sums; k++) {
    tree_at(worker + kernel->layout.worker_trees, SUM_TILE_LEVELS, k)->n_blocks = 0;
  }
  for (uint64_t lane = first; lane < first + TILE_LANES && lane < run->args->n; lane += TG_BLOCK_LANES) {
    run_block(run, worker, lane / TG_BLOCK_LANES, out);
  }
  fpenv_leave(saved);
}

/* ---- combining tiles ---- */

static void merge_arg(const tg_kernel *kernel, size_t k, arg_partial *best, const arg_partial *next)
{
  const graph_node *node = &kernel->graph->nodes.data[kernel->args[k]];
  tg_type type = (tg_type)kernel->graph->values.data[node_args(kernel->graph, node)[1]].type;
  bool wins = next->state > best->state;
  if (next->state == ARG_NUMBER && best->state == ARG_NUMBER) {
    wins = node->op == TG_OP_ARGMIN ? eval_less(type, next->data, best->data) : eval_less(type, best->data, next->data);
  }
  if (wins) {
    *best = *next;
  }
}

static void merge_tile(const tg_kernel *kernel, unsigned char *worker, unsigned char *trees, partials *total)
{
  const partials *tile = (const partials *)(const void *)worker;
  for (size_t k = 0; k < kernel->n_sums; k++) {
    sum_columns columns;
    sum_columns_of(tree_at(worker + kernel->layout.worker_trees, SUM_TILE_LEVELS, k), sum_result(kernel, k), &columns);
    sum_push(tree_at(trees, SUM_TREE_LEVELS, k), sum_result(kernel, k), SUM_TILE_LEVEL, &columns);
  }
  for (size_t k = 0; k < kernel->n_args; k++) {
    merge_arg(kernel, k, &total->args[k], &tile->args[k]);
  }
  if (tile->traps.n > 0 && total->traps.n == 0) {
    total->traps = tile->traps;
  } else {
    total->traps.n += tile->traps.n;
  }
}

/* ---- results ---- */

static void write_result(const tg_kernel *kernel, const operand_memory *memory, uint32_t node, uint64_t value)
{
  uint32_t operand = kernel->graph->nodes.data[node].operand;
  if (memory[operand].base != NULL) {
    element_store((tg_mode)kernel->graph->operands.data[operand].mode, memory[operand].base, value);
  }
}

static uint64_t write_results(const tg_kernel *kernel, const operand_memory *memory, unsigned char *trees,
                              const partials *total)
{
  uint64_t none = 0;
  for (size_t k = 0; k < kernel->n_sums; k++) {
    sum_columns columns;
    sum_columns_of(tree_at(trees, SUM_TREE_LEVELS, k), sum_result(kernel, k), &columns);
    write_result(kernel, memory, kernel->sums[k], sum_halve(sum_result(kernel, k), &columns));
  }
  for (size_t k = 0; k < kernel->n_args; k++) {
    bool is_none = total->args[k].state == ARG_NONE;
    write_result(kernel, memory, kernel->args[k], is_none ? 0 : total->args[k].index);
    none |= (uint64_t)is_none << k;
  }
  return none;
}

/* ---- all lanes ---- */

static void run_waves(run_state *run, unsigned char *trees, partials *total)
{
  const tg_kernel *kernel = run->kernel;
  const tg_threads *threads = &kernel->context->threads;
  uint64_t n_tiles = (run->args->n + TILE_LANES - 1) / TILE_LANES;
  for (; run->first_tile < n_tiles; run->first_tile += kernel->n_workers) {
    uint64_t left = n_tiles - run->first_tile;
    size_t n_tasks = left < kernel->n_workers ? (size_t)left : kernel->n_workers;
    if (n_tasks == 1) {
      run_tile(run, 0);
    } else {
      threads->parallel_for(threads->self, n_tasks, run_tile, run);
    }
    for (size_t i = 0; i < n_tasks; i++) {
      merge_tile(kernel, run->workers + i * kernel->layout.worker_bytes, trees, total);
    }
  }
}

void drive(const tg_kernel *kernel, const tg_invocation *call, const operand_memory *memory, unsigned char *workspace)
{
  const workspace_layout *layout = &kernel->layout;
  engine_args args = {memory, call->n, call->fuel, workspace + layout->uniforms};
  run_state run = {kernel, &args, workspace + layout->workers, 0};
  partials total = {NULL, (arg_partial *)(void *)(workspace + layout->args), {0, 0, 0, 0}};
  unsigned char *trees = workspace + layout->trees;
  fpenv saved = fpenv_enter();
  clear_args(total.args, kernel->n_args);
  for (size_t k = 0; k < kernel->n_sums; k++) {
    tree_at(trees, SUM_TREE_LEVELS, k)->n_blocks = 0;
  }
  if (call->n > 0) {
    kernel->backend->prepare(kernel->code, &args, run.workers + layout->scratch, workspace + layout->uniforms);
  }
  run_waves(&run, trees, &total);
  uint64_t none = write_results(kernel, memory, trees, &total);
  if (call->outcome != NULL) {
    *call->outcome =
        (tg_outcome){total.traps.n, total.traps.first_lane, total.traps.first_code, total.traps.first_position, none};
  }
  fpenv_leave(saved);
}
