/* backend.h: what a back-end is, and what it shares with the runtime driver. The driver owns threads, blocks and the
 * combining of partials; a back-end compiles a graph and runs blocks of it. */
#ifndef TG_BACKEND_BACKEND_H
#define TG_BACKEND_BACKEND_H

#include "graph/cost.h"

/* The memory of one operand, checked: element i lies at base + i * stride. base NULL: none (a param takes its default,
 * a result is dropped). */
typedef struct operand_memory {
  unsigned char *base;
  ptrdiff_t stride;
  uint64_t length; /* elements that may be touched */
} operand_memory;

/* One invocation, as an engine sees it; of a run in parts, the part that is on. Its lane 0 is lane `origin` of the
 * whole: iota and traps count from there, memory does not. */
typedef struct engine_args {
  const operand_memory *operands;
  uint64_t n, fuel;
  const void *uniforms; /* what `prepare` made */
  uint64_t origin;
} engine_args;

/* The columns of one sum over one block, or over any number of blocks once combined: docs/spec.md chapter 7. Integer
 * sums may use any of their columns. All zero bits is the empty sum. */
typedef union sum_columns {
  float f32[64];
  double f64[32];
  uint64_t u64[32];
} sum_columns;

/* The best lane of one argmin or argmax so far; a number beats a NaN beats nothing. */
typedef enum arg_state { ARG_NONE, ARG_NAN, ARG_NUMBER } arg_state;
typedef struct arg_partial {
  uint64_t index, data;
  arg_state state;
} arg_partial;

typedef struct trap_partial {
  uint64_t n, first_lane;
  uint32_t first_code, first_position;
} trap_partial;

/* What running lanes adds up. Sums and args are numbered in program order, each on its own. */
typedef struct partials {
  sum_columns *sums;
  arg_partial *args;
  trap_partial traps;
  uint64_t loop_rounds, loop_slots, operations; /* as in tg_stats; all are free to leave them */
} partials;

/* How to compile: with loops and operations counted exactly, whatever that costs; else an engine counts only what it
 * counts for nothing. */
enum { COMPILE_COUNTS = 1 };

/* A quick way to run all lanes of an invocation, for graphs that combine nothing and cannot trap, whose operands are
 * inputs, outputs and params alone. It is handed the addresses of all operands, at scratch + addresses: streams lie
 * aligned and at unit stride. uniforms: memory for the uniform block's values. False: it does not know how to
 * run these, and has written nothing of theirs. */
typedef struct backend_quick {
  bool (*run)(const void *code, uint64_t n, void *scratch, void *uniforms);
  const void *code;
  size_t addresses;
  uint64_t most_lanes; /* that it is for */
} backend_quick;

enum { TG_BACKEND_ABI = 5 };

typedef struct explainer explainer; /* explain/explain.h */
struct text;                        /* base/text.h */

typedef struct tg_backend {
  uint32_t abi, size; /* TG_BACKEND_ABI and sizeof when compiled */
  const char *name, *doc;
  /* Whether the operation is there for operands of the type. */
  bool (*supports)(tg_op op, tg_type type);
  /* Makes code from a finished graph, which outlives it; how: of COMPILE_COUNTS. */
  tg_status (*compile)(tg_context *context, const tg_graph *graph, unsigned how, void **code, tg_error *error);
  void (*drop)(tg_context *context, void *code);
  /* Bytes, aligned to 16, that the uniform block's values take, and that each running thread needs. */
  size_t (*uniform_bytes)(const void *code);
  size_t (*scratch_bytes)(const void *code);
  /* Evaluates the uniform block; not called when n is 0. args->uniforms is not set yet. */
  void (*prepare)(const void *code, const engine_args *args, void *scratch, void *uniforms);
  /* Runs lanes [begin, end) and adds what they give to *out: any number of blocks, but of sums of floats only one,
   * which may be cut; or, if it joins blocks, as many as a tile has at most, of which the columns, zero before, become
   * the total of the tree over them (sum.h). Best lanes are those of lanes before. */
  void (*run)(const void *code, const engine_args *args, const uint64_t lanes[2], void *scratch, partials *out);
  bool joins_blocks;
  /* Whether there is a quick way for the graph, and which. NULL: there never is. */
  bool (*quick)(const void *code, backend_quick *out);
  /* How long its operations take, roughly. */
  cost_speed speed;
  /* Adds records of what it made of the graph, in sections of its own. NULL: it has nothing to say. */
  void (*explain)(const void *code, explainer *e);
  /* Adds the code that runs, as text for people. NULL: it has none to show. */
  tg_status (*text)(const void *code, struct text *out, tg_error *error);
} tg_backend;

extern const tg_backend ref_backend, vec_backend;

/* `vec` held to one instruction set and, of each, to strips of few lanes, for tests: not listed, but found by name:
 * "vec:0", the most capable kernels compiled in, "vec:0/1", "vec:0/3", "vec:0/7", "vec:0/past", which writes all
 * outputs past the caches, "vec:1" and so on. */
enum { VEC_NUMBERED = 20 };
extern const tg_backend vec_numbered_backends[VEC_NUMBERED];

/* `llvm`, whose code is in a plug-in, and the same held to vectors of so many bits, for tests: "llvm:128", "llvm:256",
 * "llvm:512"; each also with "/masked" or "/refill", which say how divergent loops are run, or "/past", which writes
 * outputs past the caches however few they are; "llvm:fault" makes LLVM
 * fail as it does where it would end the process. Whether the plug-in is there, and if not, why and how to get it.
 * plugin.c */
enum { LLVM_WISHES = 17 };
extern const tg_backend llvm_backends[LLVM_WISHES];
tg_status backend_llvm_status(tg_error *error);

/* The same in two steps, of which the second takes long and may be done in any thread: it looks at no environment
 * variable, and has all its memory, and the code's, from the order's allocator. Where the plug-in is (empty if it was
 * loaded before), then code of llvm_backends. width: 0 for the best of the machine. */
enum { BACKEND_PATH = 4096 };
enum { BACKEND_FORM_BEST = 0, BACKEND_FORM_MASKED = 1 };
typedef struct backend_order {
  const char *path;
  const tg_allocator *allocator;
  unsigned width, how, form; /* how: as in compile; form: of divergent loops, as in plugin.h */
  const char *cache;         /* of backend_llvm_cache */
  const void *module;        /* binary */
  size_t bytes;
} backend_order;
tg_status backend_llvm_find(char path[BACKEND_PATH], tg_error *error);
/* The folder where code is kept from one process to the next, as the environment says; NULL: none. */
const char *backend_llvm_cache(char path[BACKEND_PATH]);
tg_status backend_llvm_make(const backend_order *order, void **code, tg_error *error);

/* `auto`, which is `vec` at first and `llvm` later: runtime/switch.h. And the same for tests: "auto:0" and so on wait
 * for the code when they are compiled, and use it from block 0 (and so on) of each invocation on. They have a name and
 * a line of text alone. */
enum { AUTO_BACKENDS = 6 };
extern const tg_backend auto_backends[AUTO_BACKENDS];
/* *block: UINT64_MAX for "auto" itself. */
bool backend_is_auto(const tg_backend *backend, uint64_t *block);

/* Where an operand of a kernel comes from when it is a function of its own. */
typedef enum object_role { OBJECT_ARGUMENT, OBJECT_CONSTANT, OBJECT_LENGTH, OBJECT_LANES } object_role;
typedef struct object_operand {
  uint8_t role;     /* object_role */
  uint32_t place;   /* among the arguments; OBJECT_LENGTH: the operand whose length it is, a table */
  const void *data; /* OBJECT_CONSTANT: */
  uint64_t length;  /* elements, side by side */
} object_operand;

/* An object file of a kernel and its header. name: in C, NULL for the graph's; operands: NULL if all are arguments in
 * their order. plugin.c */
typedef struct object_request {
  const tg_graph *graph;
  const char *name;
  const object_operand *operands;
} object_request;
tg_status backend_llvm_object(const object_request *request, tg_object *out, tg_error *error);

/* The back-ends in order of preference, `llvm` only where its plug-in is; NULL at the end. Those that are not listed
 * are found by name too, and so is each name with a tile's size behind it (base/tile_level.h). */
const tg_backend *backend_at(size_t index);
const tg_backend *backend_find(const char *name);

/* TG_UNSUPPORTED, with the first operation that the back-end cannot do. */
tg_status backend_check(const tg_backend *backend, const tg_graph *graph, tg_error *error);

#endif
