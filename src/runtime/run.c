/* run.c: runs: invocations whose lanes come in parts, for streams that memory does not hold. In: a kernel, then parts,
 * each an invocation of its own. Out: what one invocation of all the lanes would give.
 *
 * The workspace lives as long as the run, and with it the uniform values and the pile of float sums, whose parts are
 * numbered by blocks of the whole. All else that must be handed on is a few partials (tile_carry), from which the first
 * worker of the next part begins. */
#include "runtime/threads.h"
#include "runtime/tiles.h"

#include "base/fpenv.h"

#include <string.h>

struct tg_run {
  const tg_kernel *kernel;
  tg_workspace *workspace;
  uint64_t n;                          /* lanes so far */
  bool is_prepared, is_later_prepared; /* the uniform values of the kernel's engine, and of the one that took over */
  tile_carry carry;
  size_t n_parts; /* in the pile */
};

/* ---- making ---- */

static bool make_carry(tg_run *run)
{
  const tg_kernel *kernel = run->kernel;
  const tg_allocator *a = &kernel->context->allocator;
  run->carry.sums = alloc_zeroed(a, kernel->n_sums + 1, sizeof *run->carry.sums);
  run->carry.best = alloc_zeroed(a, kernel->n_args + 1, sizeof *run->carry.best);
  if (run->carry.sums == NULL || run->carry.best == NULL) {
    return false;
  }
  for (size_t k = 0; k < kernel->n_args; k++) {
    run->carry.best[k].arg.state = ARG_NONE;
  }
  return true;
}

tg_status tg_run_create(const tg_kernel *kernel, tg_run **out, tg_error *error)
{
  tg_run *run = alloc_zeroed(&kernel->context->allocator, 1, sizeof *run);
  *out = NULL;
  if (run == NULL) {
    return error_set(error, TG_NOMEM, "no memory for a run");
  }
  run->kernel = kernel;
  if (!make_carry(run) || tg_workspace_create(kernel->context, kernel->layout.most, &run->workspace) != TG_OK) {
    tg_run_destroy(run);
    return error_set(error, TG_NOMEM, "no memory for a run's workspace of %zu bytes", kernel->layout.most);
  }
  *out = run;
  return TG_OK;
}

void tg_run_destroy(tg_run *run)
{
  if (run == NULL) {
    return;
  }
  const tg_kernel *kernel = run->kernel;
  const tg_allocator *a = &kernel->context->allocator;
  alloc_free(a, run->carry.sums, kernel->n_sums + 1, sizeof *run->carry.sums);
  alloc_free(a, run->carry.best, kernel->n_args + 1, sizeof *run->carry.best);
  tg_workspace_destroy(run->workspace);
  alloc_free(a, run, 1, sizeof *run);
}

/* ---- parts ---- */

static tg_status check_part(const tg_run *run, const tg_invocation *part, tg_error *error)
{
  TG_TRY(invoke_check(run->kernel, part, error));
  if (part->n > 0 && run->n % TG_BLOCK_LANES != 0) {
    error_set(error, TG_ARGUMENT, "the run has had %llu lanes, no multiple of %d: no more can follow",
              (unsigned long long)run->n, TG_BLOCK_LANES);
    error_hint(error, "give every part but the last a multiple of TG_BLOCK_LANES");
    return TG_ARGUMENT;
  }
  if (part->n > TG_N_MAX - run->n) {
    return error_set(error, TG_ARGUMENT, "the run would have more than 2^40 lanes");
  }
  return TG_OK;
}

/* Tiles must be whole, and begin at multiples of their size: only the last part may end within one. */
static void align_tiles(tile_run *tiles, const tg_run *run, uint64_t n)
{
  uint64_t first = run->n / TG_BLOCK_LANES, n_blocks = (n + TG_BLOCK_LANES - 1) / TG_BLOCK_LANES;
  uint64_t ends = n % TG_BLOCK_LANES == 0 ? first | n_blocks : first;
  while (tiles->level > 0 && (ends & ((UINT64_C(1) << tiles->level) - 1)) != 0) {
    tiles->level--;
  }
  tiles->n_tiles = (n_blocks + (UINT64_C(1) << tiles->level) - 1) >> tiles->level;
  tiles->first_block = first;
  tiles->carry = &run->carry;
  tiles->pile.n = run->n_parts;
}

static void keep_carry(tg_run *run, const tile_run *tiles)
{
  const tg_kernel *kernel = run->kernel;
  const tile_worker *first = tiles_worker(tiles, 0);
  unsigned n_threads = run->carry.stats.n_threads;
  memcpy(run->carry.sums, first->out.sums, kernel->n_sums * sizeof *run->carry.sums);
  memcpy(run->carry.best, first->best, kernel->n_args * sizeof *run->carry.best);
  run->carry.traps = first->out.traps;
  run->carry.stats.n_threads = n_threads > tiles->n_workers ? n_threads : tiles->n_workers;
  run->carry.stats.loop_rounds = first->out.loop_rounds;
  run->carry.stats.loop_slots = first->out.loop_slots;
  run->carry.stats.operations = first->out.operations;
  run->carry.stats.n_blocks += first->n_blocks;
  run->carry.stats.n_compiled += first->n_compiled;
  run->is_later_prepared = atomic_load_explicit(&tiles->later_made, memory_order_relaxed) == LATER_MADE;
  run->n_parts = tiles->pile.n;
}

/* The engine of the part, with its uniform values, which are the same in all parts. */
static void prepare(tg_run *run, tile_run *tiles, const engine_args *args)
{
  engine e = tiles->engine;
  bool is_later = e.code != run->kernel->code, *is_prepared = is_later ? &run->is_later_prepared : &run->is_prepared;
  if (args->n > 0 && !*is_prepared) {
    unsigned char *first = (unsigned char *)(void *)tiles_worker(tiles, 0);
    void *uniforms = drive_uniforms(run->kernel, run->workspace->data, e);
    e.backend->prepare(e.code, args, first + run->kernel->layout.scratch, uniforms);
    *is_prepared = true;
  }
  atomic_init(&tiles->later_made, run->is_later_prepared ? LATER_MADE : LATER_NOT_MADE);
}

/* The operands were checked; nothing can fail any more. */
static void run_part(tg_run *run, const tg_invocation *part, const operand_memory *memory)
{
  const tg_kernel *kernel = run->kernel;
  unsigned char *workspace = run->workspace->data;
  engine_switch *later;
  engine e = switch_begin(kernel, part->n, &later);
  engine_args args = {memory, part->n, part->fuel, drive_uniforms(kernel, workspace, e), run->n};
  tile_run tiles;
  unsigned wanted = plan_workers(kernel, part, memory, run->workspace->bytes);
  unsigned n_workers = wanted > 1 ? threads_take(kernel->context, wanted) : 1;
  drive_open(&tiles, kernel, &args, workspace, n_workers);
  tiles.engine = e;
  tiles.later = later;
  align_tiles(&tiles, run, part->n);
  fpenv saved = fpenv_enter();
  prepare(run, &tiles, &args);
  drive_run(&tiles);
  keep_carry(run, &tiles);
  drive_close(&tiles, part);
  fpenv_leave(saved);
  if (wanted > 1) {
    threads_give(kernel->context, n_workers);
  }
  if (part->stats != NULL) {
    *part->stats = run->carry.stats;
  }
  run->n += part->n;
}

tg_status tg_run_part(tg_run *run, const tg_invocation *part, tg_error *error)
{
  operand_memory *memory = (operand_memory *)(void *)(run->workspace->data + run->kernel->layout.operands);
  TG_TRY(check_part(run, part, error));
  TG_TRY(bind_operands(run->kernel, part, memory, error));
  run_part(run, part, memory);
  return TG_OK;
}
