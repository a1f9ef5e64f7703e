/* tiles.h: the lanes of one invocation, cut into tiles that workers take one after the other, and what comes of them.
 */
#ifndef TG_RUNTIME_TILES_H
#define TG_RUNTIME_TILES_H

#include "runtime/kernel.h"
#include "runtime/pile.h"

#include <stdatomic.h>

/* The best lane of an argmin or argmax in all tiles of a worker, and the first block of the tile where it is. */
typedef struct tile_best {
  arg_partial arg;
  uint64_t block;
} tile_best;

/* What the parts of a run hand on, beside the pile: columns of integer sums, best lanes, traps, and what it took. */
typedef struct tile_carry {
  sum_columns *sums;
  tile_best *best;
  trap_partial traps;
  tg_stats stats;
} tile_carry;

/* The beginning of a worker's part of the workspace. `out` is what the engine adds to: columns of integer sums and
 * traps and best lanes over all tiles, columns of float sums over what it is given at once. */
typedef struct tile_worker {
  engine_args args;
  partials out;
  tile_best *best;
  engine engine;                         /* that runs its lanes now */
  uint64_t n_blocks, n_compiled, rounds; /* so far; of them by machine code; rounds of loops that were counted */
} tile_worker;

/* The uniform values for the engine that takes over: the worker that first wants them makes them, and those that want
 * them meanwhile go on without. */
typedef enum tile_later { LATER_NOT_MADE, LATER_BEING_MADE, LATER_MADE } tile_later;

/* What the workers of an invocation share. */
typedef struct tile_run {
  const tg_kernel *kernel;
  const engine_args *args;
  engine engine;                 /* that they begin with */
  engine_switch *later;          /* what may give them another one, or NULL */
  void *later_uniforms;          /* its uniform values */
  unsigned char *workers;        /* the first one's part of the workspace */
  unsigned n_workers, level;     /* a tile is 2^level blocks */
  uint64_t n_tiles, first_block; /* of a run in parts, those before are done: a multiple of 2^level */
  const tile_carry *carry;       /* and gave this; NULL: nothing */
  /* What changes lies apart from what does not. */
  _Alignas(64) atomic_uint_fast64_t next; /* tile to be taken */
  atomic_int later_made;                  /* tile_later */
  /* With float sums, taking a tile and giving its columns is done under a lock, which guards the rest: */
  atomic_flag lock;
  size_t n_running; /* tiles */
  size_t capacity;  /* of the pile */
  sum_pile pile;
} tile_run;

tile_worker *tiles_worker(const tile_run *run, size_t i);

/* What worker `index` does: takes tiles until none is left. The same as a task for threads, whose floating-point
 * environment is not known; arg is the tile_run. */
void tiles_work(tile_run *run, size_t index);
void tiles_task(void *arg, size_t index);

/* Adds what came of all workers to worker 0. */
void tiles_join(tile_run *run);

/* Where an engine has its uniform values in a workspace. drive.c */
void *drive_uniforms(const tg_kernel *kernel, unsigned char *workspace, engine e);

/* The steps of `drive`, which a run in parts takes for each: prepares a run in a workspace, with the engine that
 * switch_begin gave; runs all tiles and joins what came of them; writes results, outcome and stats. drive.c */
void drive_open(tile_run *run, const tg_kernel *kernel, const engine_args *args, unsigned char *workspace,
                unsigned n_workers);
void drive_run(tile_run *run);
void drive_close(const tile_run *run, const tg_invocation *call);

#endif
