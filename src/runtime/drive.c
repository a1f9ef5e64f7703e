/* drive.c: the runtime driver: decides on threads and tiles (plan.c), lets workers run the tiles (tiles.c), and writes
 * what they give. So the result does not depend on how many threads there are. */
#include "runtime/tiles.h"

#include "base/fpenv.h"
#include "graph/element.h"
#include "runtime/threads.h"

static void write_result(const tg_kernel *kernel, const operand_memory *memory, uint32_t node, uint64_t value)
{
  uint32_t operand = kernel->graph->nodes.data[node].operand;
  if (memory[operand].base != NULL) {
    element_store((tg_mode)kernel->graph->operands.data[operand].mode, memory[operand].base, value);
  }
}

/* Returns which argmin and argmax saw no lane. */
static uint64_t write_results(const tg_kernel *kernel, const operand_memory *memory, tile_worker *total)
{
  uint64_t none = 0;
  for (size_t k = 0; k < kernel->n_sums; k++) {
    write_result(kernel, memory, kernel->sums[k], sum_halve(kernel_sum_type(kernel, k), &total->out.sums[k]));
  }
  for (size_t k = 0; k < kernel->n_args; k++) {
    bool is_none = total->best[k].arg.state == ARG_NONE;
    write_result(kernel, memory, kernel->args[k], is_none ? 0 : total->best[k].arg.index);
    none |= (uint64_t)is_none << k;
  }
  return none;
}

void drive_run(tile_run *run)
{
  const tg_threads *threads = &run->kernel->context->threads;
  if (run->n_workers == 1) {
    tiles_work(run, 0);
  } else {
    threads->parallel_for(threads->self, run->n_workers, tiles_task, run);
  }
  tiles_join(run);
}

void drive_open(tile_run *run, const tg_kernel *kernel, const engine_args *args, unsigned char *workspace,
                unsigned n_workers)
{
  uint64_t n_blocks = (args->n + TG_BLOCK_LANES - 1) / TG_BLOCK_LANES;
  run->kernel = kernel;
  run->args = args;
  run->engine = (engine){kernel->backend, kernel->code};
  run->later = NULL;
  run->later_uniforms = workspace + kernel->layout.later_uniforms;
  atomic_init(&run->later_made, LATER_NOT_MADE);
  run->workers = workspace + plan_first_worker(kernel, n_workers);
  run->n_workers = n_workers;
  run->level = plan_tile_level(kernel, n_blocks, n_workers);
  run->n_tiles = (n_blocks + (UINT64_C(1) << run->level) - 1) >> run->level;
  run->first_block = 0;
  run->carry = NULL;
  atomic_init(&run->next, 0);
  atomic_flag_clear_explicit(&run->lock, memory_order_relaxed);
  run->n_running = 0;
  run->capacity = PILE_PARTS + (size_t)PILE_WORKER_PARTS * n_workers;
  run->pile = (sum_pile){kernel->ordered_types, kernel->n_ordered, 0, workspace + kernel->layout.pile};
}

static void write_outcome(const tg_invocation *call, const partials *out, const tg_stats *stats, uint64_t none)
{
  if (call->outcome != NULL) {
    const trap_partial *traps = &out->traps;
    *call->outcome = (tg_outcome){traps->n, traps->first_lane, traps->first_code, traps->first_position, none};
  }
  if (call->stats != NULL) {
    *call->stats = *stats;
    call->stats->loop_rounds = out->loop_rounds;
    call->stats->loop_slots = out->loop_slots;
    call->stats->operations = out->operations;
  }
}

void drive_close(const tile_run *run, const tg_invocation *call)
{
  tile_worker *first = tiles_worker(run, 0);
  uint64_t none = write_results(run->kernel, run->args->operands, first);
  tg_stats stats = {.n_threads = run->n_workers, .n_blocks = first->n_blocks, .n_compiled = first->n_compiled};
  write_outcome(call, &first->out, &stats, none);
}

void *drive_uniforms(const tg_kernel *kernel, unsigned char *workspace, engine e)
{
  return workspace + (e.code == kernel->code ? kernel->layout.uniforms : kernel->layout.later_uniforms);
}

/* One thread and nothing to combine: all lanes at once, without tiles. */
static void drive_plainly(const tg_kernel *kernel, const tg_invocation *call, const engine_args *args, engine e,
                          unsigned char *workspace)
{
  unsigned char *scratch = workspace + kernel->layout.plain_scratch;
  partials out = {.sums = NULL};
  if (args->n > 0) {
    fpenv saved = fpenv_enter();
    e.backend->prepare(e.code, args, scratch, drive_uniforms(kernel, workspace, e));
    e.backend->run(e.code, args, (uint64_t[2]){0, args->n}, scratch, &out);
    fpenv_leave(saved);
  }
  uint64_t n_blocks = (args->n + TG_BLOCK_LANES - 1) / TG_BLOCK_LANES;
  tg_stats stats = {.n_threads = 1, .n_blocks = n_blocks, .n_compiled = engine_is_compiled(e) ? n_blocks : 0};
  write_outcome(call, &out, &stats, 0);
  if (kernel->later != NULL && out.loop_rounds > 0) {
    switch_count_rounds(kernel->later, args->n, out.loop_rounds);
  }
}

typedef struct drive_engines {
  engine first;
  engine_switch *later;
} drive_engines;

static void drive_tiles(const tg_kernel *kernel, const tg_invocation *call, const engine_args *args,
                        const drive_engines *engines, unsigned char *workspace, unsigned n_workers)
{
  tile_run run;
  drive_open(&run, kernel, args, workspace, n_workers);
  run.engine = engines->first;
  run.later = engines->later;
  unsigned char *first = (unsigned char *)(void *)tiles_worker(&run, 0);
  fpenv saved = fpenv_enter();
  if (call->n > 0) {
    engine e = engines->first;
    e.backend->prepare(e.code, args, first + kernel->layout.scratch, drive_uniforms(kernel, workspace, e));
  }
  drive_run(&run);
  drive_close(&run, call);
  fpenv_leave(saved);
}

void drive(const tg_kernel *kernel, const tg_invocation *call, unsigned char *workspace, size_t bytes)
{
  const operand_memory *memory = (const operand_memory *)(void *)(workspace + kernel->layout.operands);
  drive_engines engines;
  engines.first = switch_begin(kernel, call->n, &engines.later);
  engine_args args = {memory, call->n, call->fuel, drive_uniforms(kernel, workspace, engines.first), 0};
  unsigned wanted = call->n <= TG_BLOCK_LANES ? 1 : plan_workers(kernel, call, memory, bytes);
  unsigned n_workers = wanted > 1 ? threads_take(kernel->context, wanted) : 1;
  bool may_change = engines.later != NULL && call->n > TG_BLOCK_LANES;
  bool is_plain = kernel->n_sums + kernel->n_args == 0 && kernel->tile_level < 0;
  if (n_workers == 1 && is_plain && !may_change) {
    drive_plainly(kernel, call, &args, engines.first, workspace);
  } else {
    drive_tiles(kernel, call, &args, &engines, workspace, n_workers);
  }
  if (wanted > 1) {
    threads_give(kernel->context, n_workers);
  }
}
