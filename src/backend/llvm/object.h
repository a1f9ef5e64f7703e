/* object.h: what an object file of `throng emit` holds, and how its parts know each other: the code of a kernel for
 * each level of vectors, the tables that code and driver read, and the driver, src/runtime/object/run.c. The driver is
 * compiled when Throng is, to assembly, and goes into every object: it is the back-end's own run.c with a loop around
 * it. */
#ifndef TG_BACKEND_LLVM_OBJECT_H
#define TG_BACKEND_LLVM_OBJECT_H

#include "backend/llvm/emit.h"
#include "backend/sum.h"

#include <stdatomic.h>

/* Trees of sums have a level for every power of two of blocks: sum_tree_bytes of backend/sum.h says how much that is.
 */
enum { OBJECT_LEVELS = 3, OBJECT_STACK = 65536, OBJECT_TREE_LEVELS = 29 };
#define OBJECT_TREE_BYTES (sizeof(sum_tree) + OBJECT_TREE_LEVELS * sizeof(sum_columns))

typedef struct object_level {
  uint32_t width; /* of vectors, in bits */
  const jit_code *code;
} object_level;

/* Offsets in the workspace, multiples of 64. */
typedef struct object_layout {
  size_t uniforms, columns, best, trees, scratch, bytes; /* bytes: with room to align the start */
} object_layout;

typedef struct object_kernel {
  const tg_graph *graph;
  uint32_t n_levels;
  object_level levels[OBJECT_LEVELS]; /* the widest first; the last needs nothing */
  object_layout layout;
  _Atomic uint32_t *width; /* what the caller wants, and then what was chosen */
} object_kernel;

/* The same as `struct throng_call` in the headers that object_header.c writes. */
typedef struct object_call {
  uint64_t max_steps, first_lane;
  void *workspace;
  uint64_t n_trapped, first_trapped;
  uint32_t first_code, first_position;
  uint64_t none;
} object_call;

enum { OBJECT_OK, OBJECT_TRAPPED, OBJECT_REFUSED };

/* The driver; stack: OBJECT_STACK bytes at most, or NULL. */
#define OBJECT_RUN throng_object_run
#define OBJECT_RUN_NAME "throng_object_run"
int OBJECT_RUN(const object_kernel *kernel, uint64_t n, const operand_memory *operands, object_call *call, void *stack);

/* A kernel to be made an object of: its graph, its name in C, and the code as planned for each level. */
typedef struct object_plan {
  tg_graph *graph;
  const char *name;
  const object_operand *operands; /* by operand: where it comes from */
  uint32_t *order;                /* the operands that are arguments, in the order of the function's */
  size_t n_order;
  size_t n_levels;
  jit_code *codes[OBJECT_LEVELS]; /* the widest first */
  jit_target targets[OBJECT_LEVELS];
  object_layout layout;
} object_plan;

/* The name that an operand or kernel has in C: what is no letter or digit becomes `_`, and so does a word of C. */
enum { OBJECT_NAME = 300 };
void object_name(const char *name, char out[OBJECT_NAME]);
/* The header. */
void object_write_header(const object_plan *plan, struct text *out);
/* Fills a module: functions for each level, tables, driver, the exported function. compose of a jit_order; arg: the
 * plan. */
void object_compose(jit_emitter *e, void *arg);

/* object.c: of the plug-in's table. */
struct tg_plugin_object;
tg_status jit_object(const tg_allocator *allocator, const struct tg_plugin_object *wanted, tg_error *error);

/* Its assembly, made by the build. */
extern const char object_driver[];
extern const size_t object_driver_bytes;

#endif
