/* tiles.c: see tiles.h. A result must not depend on which worker took which tile. Stores, folds and integer sums may be
 * done in any order; a worker takes tiles in ascending order, so its first trap is its lowest; of equal best lanes that
 * of the lowest tile counts; and float sums go through a pile, where a part waits for its sibling. So no worker ever
 * waits for a tile that takes long, unless the pile is full. */
#include "runtime/tiles.h"

#include "base/fpenv.h"
#include "graph/eval.h"
#include "runtime/threads.h"

#include <string.h>

enum { TRIES_BEFORE_YIELD = 64 };

/* ---- taking tiles ---- */

static void take_lock(tile_run *run)
{
  unsigned tries = 0;
  while (run->n_workers > 1 && atomic_flag_test_and_set_explicit(&run->lock, memory_order_acquire)) {
    if (++tries % TRIES_BEFORE_YIELD == 0) {
      thread_yield();
    }
  }
}

static void leave_lock(tile_run *run)
{
  atomic_flag_clear_explicit(&run->lock, memory_order_release);
}

static uint64_t next_tile(tile_run *run)
{
  if (run->n_workers == 1) { /* an atomic addition costs more than all else here */
    uint64_t tile = atomic_load_explicit(&run->next, memory_order_relaxed);
    atomic_store_explicit(&run->next, tile + 1, memory_order_relaxed);
    return tile;
  }
  return atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed);
}

/* Gives the columns of a tile (NULL: of none yet) and takes the next tile, in one go; false when none is left. A tile
 * is taken when all that run can still be put on the pile; the last one that runs always finds room, for then the pile
 * holds one part for each level at most. */
static bool exchange_tile(tile_run *run, uint64_t *tile, const sum_columns *columns)
{
  for (;;) {
    take_lock(run);
    if (columns != NULL) {
      pile_push(&run->pile, (pile_part){(run->first_block >> run->level) + *tile, run->level}, columns);
      run->n_running--;
      columns = NULL;
    }
    uint64_t next = atomic_load_explicit(&run->next, memory_order_relaxed);
    bool is_over = next >= run->n_tiles, has_room = run->pile.n + run->n_running < run->capacity;
    if (!is_over && has_room) {
      *tile = next;
      run->n_running++;
      atomic_store_explicit(&run->next, next + 1, memory_order_relaxed);
    }
    leave_lock(run);
    if (is_over || has_room) {
      return !is_over;
    }
    thread_yield();
  }
}

static bool take_tile(tile_run *run, uint64_t *tile, const sum_columns *columns)
{
  if (run->kernel->n_ordered > 0) {
    return exchange_tile(run, tile, columns);
  }
  *tile = next_tile(run);
  return *tile < run->n_tiles;
}

/* ---- one worker ---- */

tile_worker *tiles_worker(const tile_run *run, size_t i)
{
  const workspace_layout *layout = &run->kernel->layout;
  return (tile_worker *)(void *)(run->workers + i * (layout->worker_bytes + layout->fold_bytes));
}

static unsigned char *part_of(tile_worker *worker, size_t offset)
{
  return (unsigned char *)(void *)worker + offset;
}

static sum_tree *tree_of(const tg_kernel *kernel, tile_worker *worker, size_t k)
{
  return (sum_tree *)(void *)part_of(worker, kernel->layout.trees + k * sum_tree_bytes(SUM_TILE_LEVELS));
}

static void take_carry(const tg_kernel *kernel, tile_worker *worker, const tile_carry *carry)
{
  memcpy(worker->out.sums, carry->sums, kernel->n_sums * sizeof *carry->sums);
  memcpy(worker->best, carry->best, kernel->n_args * sizeof *carry->best);
  worker->out.traps = carry->traps;
  worker->out.loop_rounds = carry->stats.loop_rounds;
  worker->out.loop_slots = carry->stats.loop_slots;
  worker->out.operations = carry->stats.operations;
}

static void open_worker(const tile_run *run, tile_worker *worker, size_t index)
{
  const tg_kernel *kernel = run->kernel;
  const workspace_layout *layout = &kernel->layout;
  worker->args = *run->args;
  worker->engine = run->engine;
  worker->n_blocks = worker->n_compiled = 0;
  worker->out.sums = (sum_columns *)(void *)part_of(worker, layout->columns);
  worker->out.args = (arg_partial *)(void *)part_of(worker, layout->tile_args);
  worker->out.traps = (trap_partial){0, 0, 0, 0};
  worker->out.loop_rounds = worker->out.loop_slots = worker->out.operations = 0;
  worker->best = (tile_best *)(void *)part_of(worker, layout->best_args);
  if (kernel->n_sums > kernel->n_ordered) {
    memset(worker->out.sums, 0, kernel->n_sums * sizeof *worker->out.sums);
  }
  for (size_t k = 0; k < kernel->n_args; k++) {
    worker->best[k] = (tile_best){{0, 0, ARG_NONE}, 0};
  }
  if (index == 0 && run->carry != NULL) {
    take_carry(kernel, worker, run->carry);
  }
  for (size_t k = 0; k < kernel->n_args; k++) {
    worker->out.args[k] = worker->best[k].arg;
  }
  worker->rounds = worker->out.loop_rounds;
  if (index > 0 && kernel->n_folds > 0) {
    operand_memory *operands = (operand_memory *)(void *)part_of(worker, layout->worker_operands);
    memcpy(operands, run->args->operands, kernel->graph->operands.n * sizeof *operands);
    fold_open(kernel, operands, (unsigned char *)(void *)worker - layout->fold_bytes);
    worker->args.operands = operands;
  }
}

/* ---- taking up another engine ---- */

/* Whether its uniform values are there; they are made by the first that asks. */
static bool has_later_uniforms(tile_run *run, tile_worker *worker, const engine *later)
{
  int made = atomic_load_explicit(&run->later_made, memory_order_acquire), none = LATER_NOT_MADE;
  if (made == LATER_NOT_MADE && atomic_compare_exchange_strong(&run->later_made, &none, LATER_BEING_MADE)) {
    later->backend->prepare(later->code, run->args, part_of(worker, run->kernel->layout.scratch), run->later_uniforms);
    atomic_store_explicit(&run->later_made, LATER_MADE, memory_order_release);
    made = LATER_MADE;
  }
  while (made != LATER_MADE && run->later->first_block > 0) { /* tests want the very block */
    thread_yield();
    made = atomic_load_explicit(&run->later_made, memory_order_acquire);
  }
  return made == LATER_MADE;
}

static void choose_engine(tile_run *run, tile_worker *worker, uint64_t block)
{
  if (run->later != NULL && worker->args.uniforms != run->later_uniforms) {
    const engine *later = switch_engine(run->later, block);
    if (later != NULL && has_later_uniforms(run, worker, later)) {
      worker->engine = *later;
      worker->args.uniforms = run->later_uniforms;
    }
  }
}

static void count_blocks(tile_run *run, tile_worker *worker, uint64_t n)
{
  uint64_t n_blocks = (n + TG_BLOCK_LANES - 1) / TG_BLOCK_LANES;
  worker->n_blocks += n_blocks;
  worker->n_compiled += engine_is_compiled(worker->engine) ? n_blocks : 0;
  if (run->later != NULL) {
    switch_count_rounds(run->later, n, worker->out.loop_rounds - worker->rounds);
    worker->rounds = worker->out.loop_rounds;
  }
}

static void run_lanes(tile_run *run, tile_worker *worker, uint64_t first, uint64_t n)
{
  const tg_kernel *kernel = run->kernel;
  uint64_t end = first + n < worker->args.n ? first + n : worker->args.n;
  choose_engine(run, worker, run->first_block + first / TG_BLOCK_LANES);
  const engine *e = &worker->engine;
  e->backend->run(e->code, &worker->args, (uint64_t[2]){first, end}, part_of(worker, kernel->layout.scratch),
                  &worker->out);
  count_blocks(run, worker, end - first);
}

/* Whether the next partial is better; of equal ones the first stays. */
static bool is_better(const tg_kernel *kernel, size_t k, const arg_partial *next, const arg_partial *best)
{
  const graph_node *node = &kernel->graph->nodes.data[kernel->args[k]];
  tg_type type = (tg_type)kernel->graph->values.data[node_args(kernel->graph, node)[1]].type;
  if (next->state != ARG_NUMBER || best->state != ARG_NUMBER) {
    return next->state > best->state;
  }
  return node->op == TG_OP_ARGMIN ? eval_less(type, next->data, best->data) : eval_less(type, best->data, next->data);
}

/* Whether an engine is given a block at a time. */
static bool runs_by_block(tile_run *run, tile_worker *worker, uint64_t first)
{
  choose_engine(run, worker, run->first_block + first / TG_BLOCK_LANES);
  bool is_asked = run->kernel->n_ordered > 0 && !worker->engine.backend->joins_blocks;
  return is_asked || (run->later != NULL && run->later->first_block > 0);
}

/* The columns of each block go into the tile's trees, and come of them. */
static void run_blocks(tile_run *run, tile_worker *worker, uint64_t first, uint64_t end)
{
  const tg_kernel *kernel = run->kernel;
  for (size_t k = 0; k < kernel->n_ordered; k++) {
    tree_of(kernel, worker, k)->n_blocks = 0;
  }
  for (; first < end; first += TG_BLOCK_LANES) {
    run_lanes(run, worker, first, TG_BLOCK_LANES);
    for (size_t k = 0; k < kernel->n_ordered; k++) {
      sum_columns *columns = &worker->out.sums[kernel->ordered[k]];
      sum_push(tree_of(kernel, worker, k), kernel->ordered_types[k], 0, columns);
      memset(columns, 0, sizeof *columns);
    }
  }
  for (size_t k = 0; k < kernel->n_ordered; k++) {
    sum_total(tree_of(kernel, worker, k), kernel->ordered_types[k], &worker->out.sums[kernel->ordered[k]]);
  }
}

/* Mostly all sums are of floats, and one memset of no known size is faster than what compilers make of a known one. */
static void clear_ordered(const tg_kernel *kernel, tile_worker *worker)
{
  if (kernel->n_ordered > 0 && kernel->n_ordered == kernel->n_sums) {
    memset(worker->out.sums, 0, kernel->n_sums * sizeof *worker->out.sums);
    return;
  }
  for (size_t k = 0; k < kernel->n_ordered; k++) {
    memset(&worker->out.sums[kernel->ordered[k]], 0, sizeof *worker->out.sums);
  }
}

/* Gives the columns of the float sums. The best lanes go on from those of the worker's tiles before, so that few lanes
 * beat them. */
static const sum_columns *run_tile(tile_run *run, tile_worker *worker, uint64_t tile)
{
  const tg_kernel *kernel = run->kernel;
  uint64_t n_lanes = (uint64_t)TG_BLOCK_LANES << run->level, first = tile * n_lanes;
  uint64_t end = first + n_lanes < run->args->n ? first + n_lanes : run->args->n;
  sum_columns *columns = (sum_columns *)(void *)part_of(worker, kernel->layout.tile_columns);
  clear_ordered(kernel, worker);
  if (runs_by_block(run, worker, first)) {
    run_blocks(run, worker, first, end);
  } else {
    run_lanes(run, worker, first, n_lanes);
  }
  for (size_t k = 0; k < kernel->n_args; k++) {
    if (is_better(kernel, k, &worker->out.args[k], &worker->best[k].arg)) {
      worker->best[k] = (tile_best){worker->out.args[k], run->first_block + (tile << run->level)};
    }
  }
  for (size_t k = 0; k < kernel->n_ordered; k++) {
    columns[k] = worker->out.sums[kernel->ordered[k]];
  }
  return columns;
}

void tiles_work(tile_run *run, size_t index)
{
  tile_worker *worker = tiles_worker(run, index);
  const sum_columns *columns = NULL;
  uint64_t tile = 0;
  open_worker(run, worker, index);
  while (take_tile(run, &tile, columns)) {
    columns = run_tile(run, worker, tile);
  }
}

void tiles_task(void *arg, size_t index)
{
  fpenv saved = fpenv_enter();
  tiles_work(arg, index);
  fpenv_leave(saved);
}

/* ---- all workers ---- */

static void join_best(const tg_kernel *kernel, size_t k, tile_best *best, const tile_best *next)
{
  bool is_worse = is_better(kernel, k, &best->arg, &next->arg);
  if (is_better(kernel, k, &next->arg, &best->arg) || (!is_worse && next->block < best->block)) {
    *best = *next;
  }
}

static void join_traps(trap_partial *traps, const trap_partial *next)
{
  uint64_t n = traps->n + next->n;
  if (next->n > 0 && (traps->n == 0 || next->first_lane < traps->first_lane)) {
    *traps = *next;
  }
  traps->n = n;
}

void tiles_join(tile_run *run)
{
  const tg_kernel *kernel = run->kernel;
  tile_worker *first = tiles_worker(run, 0);
  /* The columns of float sums hold what a worker ran last: they may be added too, and are replaced by the pile's. */
  for (size_t i = 1; i < run->n_workers; i++) {
    tile_worker *worker = tiles_worker(run, i);
    for (size_t k = 0; k < kernel->n_sums && kernel->n_sums > kernel->n_ordered; k++) {
      sum_add(TG_U64, &first->out.sums[k], &worker->out.sums[k], &first->out.sums[k]);
    }
    for (size_t k = 0; k < kernel->n_args; k++) {
      join_best(kernel, k, &first->best[k], &worker->best[k]);
    }
    join_traps(&first->out.traps, &worker->out.traps);
    first->out.loop_rounds += worker->out.loop_rounds;
    first->out.loop_slots += worker->out.loop_slots;
    first->out.operations += worker->out.operations;
    first->n_blocks += worker->n_blocks;
    first->n_compiled += worker->n_compiled;
    fold_close(kernel, worker->args.operands, run->args->operands);
  }
  for (size_t k = 0; k < kernel->n_ordered; k++) {
    pile_total(&run->pile, k, &first->out.sums[kernel->ordered[k]]);
  }
}
