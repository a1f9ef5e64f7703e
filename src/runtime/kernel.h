/* kernel.h: a compiled graph, and the pieces of the runtime driver that share it. */
#ifndef TG_RUNTIME_KERNEL_H
#define TG_RUNTIME_KERNEL_H

#include "backend/backend.h"
#include "backend/sum.h"
#include "runtime/switch.h"

/* What binding has to know of an operand, in one place. */
typedef struct bind_rule {
  uint64_t bytes;                  /* of an element */
  uint64_t lane_bytes, call_bytes; /* needed for each lane, and besides; of tables all bits */
  bool is_table, may_lack;
  uint16_t as_input, as_output; /* equal where the one may lie in place of the other */
} bind_rule;

/* What the quick way has to know: the operands; which must lie apart: an output and another; and how the engine runs
 * them. */
enum { QUICK_OPERANDS = 16, QUICK_PAIRS = QUICK_OPERANDS * (QUICK_OPERANDS - 1) / 2 };
typedef struct quick_operand {
  uint32_t bytes; /* of an element */
  bool is_stream; /* else a param */
} quick_operand;
typedef struct quick_pair {
  uint8_t out, other;
  bool may_coincide;
} quick_pair;
typedef struct quick_plan {
  bool can;          /* as far as it is known without the engine */
  backend_quick way; /* most_lanes 0: there is none */
  size_t n_operands, n_pairs;
  quick_operand operands[QUICK_OPERANDS];
  quick_pair pairs[QUICK_PAIRS];
} quick_plan;

/* How a workspace is cut up; offsets in bytes from its start, all multiples of 64. The pile of sums has room for
 * PILE_PARTS parts and PILE_WORKER_PARTS for each worker; then come the workers' parts. */
enum { PILE_PARTS = 28, PILE_WORKER_PARTS = 4 };
typedef struct workspace_layout {
  size_t operands, uniforms, later_uniforms, pile; /* once */
  size_t pile_part_bytes;
  size_t least, most;              /* bytes of a workspace for one worker, and for all */
  size_t worker_bytes, fold_bytes; /* of each worker; every one but the first has private tables before it */
  size_t plain_scratch;            /* of the one worker of an invocation in which nothing has to be combined */
  size_t scratch, columns, trees, tile_columns, tile_args, best_args, worker_operands; /* offsets inside its part */
} workspace_layout;

struct tg_kernel {
  tg_context *context;
  tg_graph *graph; /* its own copy */
  const tg_backend *backend;
  void *code;
  engine_switch *later;          /* what will take over from the back-end, or NULL */
  uint32_t *sums, *args, *folds; /* the nodes that are sums, argmin or argmax, combine, in program order */
  size_t n_sums, n_args, n_folds;
  uint32_t *ordered; /* the sums of floats, whose order counts: positions in sums, and their types */
  tg_type *ordered_types;
  size_t n_ordered;
  bind_rule *rules;  /* by operand */
  uint32_t *written; /* the operands that an invocation writes */
  size_t n_written;
  pass_log passes;  /* what they did */
  uint64_t lane_ps; /* what a lane costs, roughly, in 10^-12 s */
  int tile_level;   /* a tile is 2^this blocks (base/tile_level.h); -1: as plan.c finds best */
  workspace_layout layout;
  quick_plan quick;
};

struct tg_workspace {
  tg_context *context;
  size_t bytes; /* of the block at data */
  unsigned char *data;
};

struct tg_buffer {
  tg_context *context;
  unsigned char *data;
  size_t bytes;
  bool is_wrapped, is_mapped;
};

/* The type of the result of sum number k. kernel.c */
tg_type kernel_sum_type(const tg_kernel *kernel, size_t k);

/* Checks the bindings as docs/spec.md chapter 8 says and fills memory[0 .. n_operands). bind.c, overlap.c */
tg_status bind_operands(const tg_kernel *kernel, const tg_invocation *call, operand_memory *memory, tg_error *error);
tg_status bind_check_overlap(const tg_kernel *kernel, const operand_memory *memory, tg_error *error);
/* All of it, where bindings are as they mostly are: true is certain, false is not. bind_plain.c */
bool bind_plainly(const tg_kernel *kernel, const tg_invocation *call, operand_memory *memory);
/* Fills rules and written. False: no memory. */
bool bind_plan(tg_kernel *kernel);
void bind_drop(tg_kernel *kernel);

/* Finds out whether a kernel has a quick way; the engine's part of it; and takes it, as tg_invoke does first. False: it
 * is not for this invocation, and nothing was done. quick.c */
void quick_open(tg_kernel *kernel);
void quick_engine(backend_quick *out, engine e);
bool quick_invoke(const tg_kernel *kernel, const tg_invocation *call);

enum { STACK_WORKSPACE = 65536 }; /* of an invocation that brings none */

/* Cuts up workspaces; where the first of n workers has its part, the others following. plan.c */
void plan_workspace(tg_kernel *kernel);
size_t plan_first_worker(const tg_kernel *kernel, unsigned n_workers);

/* Guesses what a lane costs. */
void plan_cost(tg_kernel *kernel);

/* How many workers an invocation gets that has `bytes` of workspace, enough for one. */
unsigned plan_workers(const tg_kernel *kernel, const tg_invocation *call, const operand_memory *memory, size_t bytes);
/* How many it would get for n lanes, with room for all and small tables. */
unsigned plan_workers_for(const tg_kernel *kernel, uint64_t n);
/* What a thread must have to do, in 10^-12 s. */
enum { PLAN_THREAD_PS = 10000000 };

/* How many blocks a tile has: 2^this. */
unsigned plan_tile_level(const tg_kernel *kernel, uint64_t n_blocks, unsigned n_workers);

/* Private tables for the folds of one worker: memory[] becomes the operands with the accumulators in `room`, filled
 * with what changes nothing; then they are folded into the true ones. fold.c */
size_t fold_room(const tg_kernel *kernel, const operand_memory *memory);
void fold_open(const tg_kernel *kernel, operand_memory *memory, unsigned char *room);
void fold_close(const tg_kernel *kernel, const operand_memory *from, const operand_memory *to);

/* An invocation that has no quick way, or is wrong; and whether it is one of this kernel. invoke.c */
tg_status invoke_with_care(const tg_kernel *kernel, const tg_invocation *call, tg_error *error);
tg_status invoke_check(const tg_kernel *kernel, const tg_invocation *call, tg_error *error);

/* Runs all lanes in a workspace of some bytes, enough for one worker, and writes results and outcome. drive.c */
void drive(const tg_kernel *kernel, const tg_invocation *call, unsigned char *workspace, size_t bytes);

#endif
