/* kernel.h: a compiled graph, and the pieces of the runtime driver that share it. */
#ifndef TG_RUNTIME_KERNEL_H
#define TG_RUNTIME_KERNEL_H

#include "backend/backend.h"
#include "runtime/sum.h"

/* How a workspace is cut up; offsets in bytes from its start, all multiples of 64. */
typedef struct workspace_layout {
  size_t operands, uniforms, trees, args;             /* once */
  size_t workers, worker_bytes;                       /* then one part for each running thread: */
  size_t scratch, columns, worker_trees, worker_args; /* offsets inside it */
  size_t total;
} workspace_layout;

struct tg_kernel {
  tg_context *context;
  tg_graph *graph; /* its own copy */
  const tg_backend *backend;
  void *code;
  uint32_t *sums, *args; /* the nodes that are sums, and argmin or argmax, in program order */
  size_t n_sums, n_args;
  unsigned n_workers; /* threads that one invocation uses at most */
  workspace_layout layout;
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

/* Checks the bindings as docs/spec.md chapter 8 says and fills memory[0 .. n_operands). bind.c, overlap.c */
tg_status bind_operands(const tg_kernel *kernel, const tg_invocation *call, operand_memory *memory, tg_error *error);
tg_status bind_check_overlap(const tg_kernel *kernel, const operand_memory *memory, tg_error *error);

/* Runs all lanes in a workspace that is large enough, and writes results and outcome. drive.c */
void drive(const tg_kernel *kernel, const tg_invocation *call, const operand_memory *memory, unsigned char *workspace);

#endif
