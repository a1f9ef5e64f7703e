/* code.h: what the plug-in makes of a graph, and the frame by which C and the code made by LLVM know each other.
 *
 * The code runs groups of `lanes` consecutive lanes. Every stream that it sees is at unit stride: pack.c moves others,
 * and the last lanes of a block, into buffers. */
#ifndef TG_BACKEND_LLVM_CODE_H
#define TG_BACKEND_LLVM_CODE_H

#include "backend/backend.h"
#include "backend/llvm/stages.h"

#include "backend/llvm/target.h"
#include "graph/element.h"

#include <llvm-c/Orc.h>
#include <string.h>

/* JIT_PAST runs groups of so many pages in turns. */
enum { JIT_PAGES = 4, JIT_PAGE_BYTES = 4096, JIT_LINE = 64 };
enum { JIT_STRIP = 256, JIT_MAX_LANES = 64, JIT_HUGE_GRAPH = 16384 /* values */ };

typedef struct jit_code jit_code;
typedef struct jit_choice jit_choice;
typedef struct jit_frame jit_frame;

/* What is too rare or too long to be emitted is done by a function in C on vectors in memory. n: lanes. */
typedef void (*jit_helper)(jit_frame *frame, uint64_t node, uint64_t n, void *out, const void *a, const void *b,
                           const void *c);

/* A sum of floats: its number among all sums, and the type of its columns. */
typedef struct jit_sum {
  uint32_t number;
  tg_type type;
} jit_sum;

struct jit_frame {
  const jit_code *code;
  const engine_args *args;
  const operand_memory *operands;
  uint64_t *uniforms;
  uint64_t first_lane; /* of the whole invocation; of the first group */
  uint64_t block_lane; /* the same, from the start of a block: the lane's column */
  uint64_t n_groups;
  uint64_t count; /* lanes, of all groups */
  uint64_t fuel;
  uint64_t taken;                               /* prepare: iterations so far */
  uint64_t exhausted;                           /* prepare: a loop wanted an iteration without fuel */
  uint64_t loop_rounds, loop_slots, operations; /* as in partials; code counts if it was made to */
  const jit_helper *helpers;
  unsigned char *scratch;
  unsigned char *arrays;
  unsigned char *alive;                  /* by lane, of all groups: whether it ran to its end */
  uint32_t *trap_codes, *trap_positions; /* by lane of a group */
  partials *out;
  arg_partial *best; /* by argmin or argmax: of all lanes so far */
  unsigned char **streams;
  uint64_t group; /* helpers: lanes before the group that calls */
  /* Refill: which lanes are in a queue, from first_lane on (NULL: that and the next ones); the lanes of a loop's slots,
   * a bit each, `fresh` those that have just come; a loop stops when no more than `keep` run, but looks only in rounds
   * whose number has no bit of `pause`; how many rounds it took. */
  const uint32_t *lane_numbers;
  uint64_t running, living, fresh, keep, pause, rounds;
  uint64_t zero;
};

typedef void (*jit_function)(jit_frame *frame);

typedef enum jit_variant {
  JIT_FULL,   /* whole groups; where has_tail, any number of lanes */
  JIT_MASKED, /* the last group may be a part of one */
  JIT_FUEL,   /* the same with limited fuel */
  JIT_PAST,   /* whole pages, whose outputs, each at the beginning of a line, are written past the caches */
  JIT_PREPARE,
  JIT_STAGE, /* with refill: a loop, or what is between loops */
  JIT_STAGE_FUEL,
  JIT_VARIANT_COUNT
} jit_variant;

/* By variant up to JIT_PREPARE; from JIT_STAGE on what is before the first divergent loop, that loop, and so on; then
 * the same with limited fuel. */
enum { JIT_STAGES = 2 * STAGE_MOST + 1, JIT_FUNCTIONS = JIT_STAGE + 2 * JIT_STAGES };

/* What an invocation has to know of an operand, in one place. */
typedef struct plain_stream {
  uint32_t operand, bytes; /* of an element */
  bool is_output;
} plain_stream;
typedef struct plain_param {
  uint32_t operand, slot;
  uint16_t bytes, mode; /* 4 or 8, native; 0: its mode says how it is read */
} plain_param;

struct jit_code {
  tg_allocator allocator;
  tg_graph *graph;
  tg_context context; /* of the graph */
  unsigned n_lanes;   /* of a group: 2^lanes_log2 */
  unsigned lanes_log2;
  jit_wish wish;     /* what it was made for */
  jit_target traits; /* and for what machine; not to make code with */
  uint64_t made_us;  /* how long it took */
  LLVMOrcJITDylibRef library;
  bool wanted[JIT_FUNCTIONS];
  jit_function functions[JIT_FUNCTIONS]; /* NULL: there is none */
  bool *varies, *used;                   /* by value: differs between lanes; is an operand of something */
  uint32_t *origins;                     /* by array value: the array or carried array that it is, changed in place */
  uint32_t *makers; /* by value: the number of its node, and one; 0: it is carried, or one of several results */
  uint8_t *halves;  /* by value: halves.c */
  uint32_t *slots;  /* by value: where prepare puts a uniform */
  size_t n_slots;
  uint32_t *streams; /* by operand: its own number if it is a stream, else UINT32_MAX */
  uint64_t *storage; /* by value: where arrays and carried arrays lie, in bytes of one lane */
  size_t array_bytes;
  bool can_trap;            /* some lane, also for want of fuel */
  uint64_t lane_operations; /* outside loops and branches; 0 if not all are counted */
  unsigned mask_bits;       /* how wide masks are where there are no mask registers */
  stage_plan stages;
  jit_choice *choice; /* with refill */
  size_t n_args, n_ordered;
  uint32_t *arg_nodes; /* by argmin or argmax */
  jit_sum *ordered;    /* sums of floats */
  bool joins_blocks;   /* code for whole groups goes on from block to block, and joins their columns: blocks.c */
  size_t best, trees, pointers, alive, codes, positions, arrays, scratch_bytes; /* in scratch, after the frame */
  size_t *buffers;                                                              /* the same, by operand: of streams */
  bool has_tail, is_plain;                                                      /* plain.c */
  plain_stream *plain;                                                          /* the streams */
  plain_param *params;                                                          /* by param node */
  size_t n_plain, n_params;
  uint64_t cached_lanes; /* whose outputs the last cache holds */
  uint32_t page_lanes;   /* a page of the widest stream: a power of two, and some groups */
  uint32_t line_lanes;   /* a line of the narrowest output, or a group */
  uint32_t past_lanes;   /* a group of JIT_PAST */
};

/* The helpers, in the order of the frame's table. helpers.c, helpers_linear.c */
typedef enum jit_helper_id {
  JIT_H_FMA,
  JIT_H_ROUND,
  JIT_H_CARRY,
  JIT_H_TRAP,
  JIT_H_COUNT_TRAPS,
  JIT_H_FIRST,
  JIT_H_LINEAR,
  JIT_H_COUNT
} jit_helper_id;
extern const jit_helper jit_helpers[JIT_H_COUNT];
void jit_help_linear(jit_frame *frame, uint64_t node, uint64_t n, void *out, const void *a, const void *b,
                     const void *c);

/* Of how many lanes a loop's rounds are made at a time; 0: of a whole group. pieces.c */
unsigned jit_piece_lanes(const jit_code *code, const bool *varies, uint32_t at);

/* Whether an operation is left to a helper; not those that only take part in others, such as traps. plan.c */
bool jit_is_helped(const jit_code *code, const graph_node *node);

/* explain.c */
void jit_explain(const void *code, explainer *e);

/* plain.c and plain_run.c. jit_run_plainly: false: the streams do not lie so, nothing was done. */
void jit_choose_plain(jit_code *code);
void jit_put_params(const jit_code *code, const engine_args *args, uint64_t *uniforms);
/* past.c: n lanes from frame->first_lane on, whose outputs no cache holds. */
void jit_run_past(const jit_code *code, jit_frame *frame, uint64_t n);
bool jit_run_plainly(const jit_code *code, const engine_args *args, const uint64_t lanes[2], void *scratch);

/* quick.c */
bool jit_quick(const void *code, backend_quick *out);

/* The value of a param whose memory there is. */
static inline uint64_t jit_param_bits(const plain_param *param, const void *memory)
{
  uint64_t bits;
  uint32_t low;
  if (param->bytes == sizeof low) {
    memcpy(&low, memory, sizeof low);
    return low;
  }
  if (param->bytes == sizeof bits) {
    memcpy(&bits, memory, sizeof bits);
    return bits;
  }
  return element_load((tg_mode)param->mode, memory);
}

/* run.c */
void jit_run(const void *code, const engine_args *args, const uint64_t lanes[2], void *scratch, partials *out);
void jit_prepare(const void *code, const engine_args *args, void *scratch, void *uniforms);

/* Columns of a float sum. */
static inline unsigned jit_columns(tg_type type)
{
  return type == TG_F32 ? 64 : 32;
}

static inline unsigned element_bytes(tg_type type)
{
  return type_table[type].bytes;
}

#endif
