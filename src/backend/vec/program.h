/* program.h: what `vec` makes of a graph: a list of strip instructions over registers, and how they are run.
 *
 * A register holds one element for each lane of a lane set, at unit stride. At the top of a graph the lane set is a
 * strip of consecutive lanes. A loop or branch whose lanes part ways goes on with the lanes that are in it packed to
 * the front of registers of its own, so no instruction needs a mask: a loop drops the lanes that are done, a branch
 * runs each body on the lanes that chose it. A register is a place in a table of addresses: what is uniform, or lies in
 * the caller's memory as it should, is used where it is. */
#ifndef TG_BACKEND_VEC_PROGRAM_H
#define TG_BACKEND_VEC_PROGRAM_H

#include "backend/backend.h"
#include "backend/vec/kernels.h"

typedef enum vec_kind {
  VEC_I_UNARY,  /* out, a */
  VEC_I_BINARY, /* out, a, b */
  VEC_I_SELECT, /* out, a = condition, b, c */
  VEC_I_CHOOSE, /* the same with a uniform condition */
  VEC_I_FMA,    /* out, a, b, c */
  VEC_I_FUSED,  /* out, a, b, c, scalars */
  VEC_I_HIGH,   /* out, a, b, c = what is xored, factor, scalars */
  VEC_I_DIVMOD, /* out, out2, a, b */
  VEC_I_COPY,   /* out, a */
  VEC_I_FILL,   /* out, a: one element */
  VEC_I_CONST,  /* out, imm */
  VEC_I_PARAM,  /* out, operand */
  VEC_I_LOAD,   /* out, operand */
  VEC_I_IOTA,   /* out, a, b */
  VEC_I_GATHER, /* out, a = index as u64, operand */
  VEC_I_LINEAR, /* node: the rings that are not made of other instructions */
  VEC_I_ARRAY,  /* out */
  VEC_I_ALOAD,  /* out, a = array, b = index as u64 */
  VEC_I_ASTORE, /* out, a = array, b = index as u64, c */
  VEC_I_TRAP,   /* a */
  VEC_I_CHARGE, /* a */
  VEC_I_LOOP,   /* structure */
  VEC_I_BRANCH  /* a = body number as u64, scalars: one for all lanes; structure */
} vec_kind;

typedef union vec_function {
  vec_unary_fn *unary;
  vec_binary_fn *binary;
  vec_select_fn *select;
  vec_fma_fn *fma;
  vec_fused_fn *fused;
  vec_divmod_fn *divmod;
  vec_high_fn *high;
} vec_function;

typedef struct vec_instr {
  uint8_t kind, type, size; /* type of the operation; log2 of the bytes of an element of out */
  uint8_t scalars;          /* fused, high, branch: a bit for each operand that is one element */
  uint8_t absent;           /* high: a bit for each that there is not */
  bool is_single;           /* makes one element for all lanes */
  uint32_t out, out2, a, b, c;
  uint32_t node;      /* that it was made from */
  uint32_t structure; /* loop, branch: index into structures */
  uint32_t factor;    /* high */
  uint32_t store;     /* binary, fused: the output that its result goes to and nowhere else, or UINT32_MAX */
  vec_function fn;
  vec_function fn_store; /* the same with canonical NaNs */
} vec_instr;

/* A value from outside a body that is used in it: the outer register, and the body's own. */
typedef struct vec_capture {
  uint32_t outer, inner;
  uint8_t size;
} vec_capture;

/* A value that passes in or out of a body. */
typedef struct vec_pass {
  uint32_t from, to;
  uint8_t size;
  bool is_scalar;     /* from: one element for all lanes */
  bool is_single;     /* to, too */
  bool is_swapped;    /* loop: exchange the two registers instead of copying */
  uint32_t array;     /* loop: the carried value's number when it is an array, else UINT32_MAX */
  uint32_t temporary; /* loop: a register for what is copied, or UINT32_MAX when it can be copied at once */
} vec_pass;

typedef struct vec_body {
  uint32_t first, end;           /* instructions */
  uint32_t first_pass, n_passes; /* what it yields */
  uint64_t operations;           /* of the graph's, for counting */
} vec_body;

typedef struct vec_structure {
  uint32_t node;
  uint32_t first_capture, n_captures;
  uint32_t first_init, n_carried; /* loop: passes from outside to the carried registers */
  uint32_t first_result;          /* loop: passes from carried registers to results; branch: n_results registers */
  uint32_t first_kept, n_kept;    /* loop: passes: values of the condition that the step uses, in place */
  uint32_t condition;             /* loop: the register of the test */
  bool condition_is_scalar;
  vec_body bodies[2];              /* loop: condition and step */
  uint32_t first_body, n_bodies;   /* branch */
  uint32_t lanes, positions, mask; /* registers: strip lane and outer position of each lane (at the top one register
                                      for both, for they are equal); 1 byte */
  bool is_calm;   /* loop: nothing in it has an effect, so that lanes which are done may run on in vain */
  uint32_t alive; /* loop: register of a second mask: the lanes that go on, of those that are not packed away yet */
  uint32_t count; /* loop in the uniform block: register of the count, or UINT32_MAX */
} vec_structure;

typedef struct vec_sink {
  uint32_t node;
  uint32_t parts[2]; /* registers of what it makes itself, or VEC_NONE: sum: of products, argmin and argmax: of iotas */
} vec_sink;

typedef enum vec_place {
  VEC_STREAM,   /* an element for each lane of a strip */
  VEC_SINGLE,   /* one element among the strip's registers */
  VEC_UNIFORM,  /* one element among the uniforms */
  VEC_ELSEWHERE /* no memory: the flat program points it at an operand's */
} vec_place;

typedef struct vec_register {
  size_t offset; /* in bytes, from the start of the strip's registers or of the uniforms */
  uint8_t size;  /* log2 of the bytes of an element */
  uint8_t place; /* vec_place */
} vec_register;

/* A stream that the flat program uses where it lies. */
typedef struct vec_stream {
  uint32_t operand;
  uint32_t reg;  /* that stands for it, while the program is made */
  uint32_t home; /* output: a register with memory of its own, where it is made if it is copied past the caches */
  bool is_output, is_again; /* again: an input that is loaded more than once, and has been */
  size_t bytes;             /* of an element */
} vec_stream;

/* An output that must not lie in place of an input which is still read when it has been made. */
typedef struct vec_clash {
  uint32_t output, input;
} vec_clash;

/* A parameter, and where its register lies. */
typedef struct vec_param {
  uint32_t operand, node;
  size_t offset;
  uint8_t size; /* of the element; VEC_SIZE_COUNT: its mode is not native */
} vec_param;

/* How an operand is used: copied to and from registers, used where it lies, or (outputs) written past the caches. */
typedef enum vec_way { VEC_COPIED, VEC_DIRECT, VEC_PAST_CACHES } vec_way;

typedef struct vec_code {
  tg_context *context;
  const tg_graph *graph;
  const vec_kernels *kernels;
  VEC(vec_instr) instrs;
  VEC(vec_structure) structures;
  VEC(vec_body) bodies;
  VEC(vec_capture) captures;
  VEC(vec_pass) passes;
  VEC(vec_register) registers;
  VEC(vec_sink) sinks;
  bool *aimed;     /* by operand: an output that an instruction makes where it lies, if it can */
  uint32_t *value; /* by value number: its register; at the top of the graph, for sinks */
  size_t *storage; /* by value number: where arrays have their storage, in bytes of one lane */
  vec_body prepare, main;
  vec_body flat; /* flat.c: the main program again, without loads and stores; empty if it cannot be */
  VEC(vec_stream) streams;
  VEC(vec_clash) clashes;
  VEC(size_t) flat_places; /* where its registers lie: uniform ones, then others with memory; all operands follow */
  size_t flat_uniforms;    /* how many are uniform */
  size_t flat_strip;       /* lanes */
  size_t bare_strip;       /* lanes, where nothing but sinks reads streams where they lie */
  bool is_prepared;        /* the uniform block is constants and parameters alone: */
  VEC(vec_param) params;
  VEC(uint64_t) image;               /* the constants and defaults, where they lie among the uniform values */
  bool has_image;                    /* there are any */
  uint64_t cached_lanes;             /* outputs of more lanes go past the caches */
  size_t ways_offset, strip_offset;  /* of the ways, and the registers' memory, in the scratch memory */
  size_t lane_bytes;                 /* of the registers, for one lane */
  size_t strip_bytes;                /* of the registers, for a strip */
  size_t uniform_bytes, array_bytes; /* of all uniforms; of one lane's arrays */
  size_t strip;                      /* lanes: at most TG_BLOCK_LANES, a power of two but where tests want another */
  bool has_effects;                  /* a lane may trap */
} vec_code;

/* A set of lanes and where it is: `lanes` is the strip lane of each, NULL when they are 0 .. n-1. */
typedef struct vec_lanes {
  size_t n;
  const uint32_t *lanes;
} vec_lanes;

typedef struct vec_trap {
  uint32_t code, position;
} vec_trap;

/* Of a lane: the fuel that is left to it or, if it has trapped, where. */
typedef union vec_fate {
  uint64_t fuel;
  vec_trap trap;
} vec_fate;

/* A run of one strip, or of the uniform block. */
typedef struct vec_run {
  const vec_code *code;
  const engine_args *args;
  void **registers;          /* where each is now */
  void **home;               /* the memory of its own that each has now: loops exchange them */
  const unsigned char *ways; /* by operand: vec_way */
  unsigned char *arrays;
  vec_fate *fates; /* by strip lane */
  unsigned char *trapped;
  bool any_trapped, in_uniform, is_exhausted;
  uint64_t first_lane; /* of the strip */
  uint64_t taken;      /* uniform block: iterations so far */
  uint64_t loop_rounds, loop_slots, operations;
} vec_run;

/* flat.c: the image of the uniform values and the flat program's registers, made when registers have their places
 * (false: no memory). */
bool flat_image(vec_code *code);
bool flat_place(vec_code *code);
/* flat_run.c: the uniform values; lanes run by the flat program, with outputs past the caches or not (false: it does
 * not fit the operands); and the quick way, as in tg_backend. */
void flat_prepare(const vec_code *code, const engine_args *args, unsigned char *uniforms);
bool flat_run(const vec_code *code, const engine_args *args, const uint64_t lanes[2], void *scratch);
bool flat_run_past(const vec_code *code, const engine_args *args, const uint64_t lanes[2], void *scratch);
bool flat_quick(const void *code, backend_quick *out);

/* emit_body.c, after plan.c has found where values are last used. False: no memory. */
bool vec_emit(vec_code *code);

/* strips.c: fills strip, flat_strip and bare_strip, `wanted` lanes if that is not 0; how many lanes a strip has whose
 * operands are used in some ways. */
void strips_choose(vec_code *code, size_t wanted);
size_t strips_lanes(const vec_code *code, const unsigned char *ways);

/* run.c: runs instructions on a lane set. */
void vec_run_body(vec_run *run, vec_body body, vec_lanes lanes);
/* control.c */
void vec_run_loop(vec_run *run, const vec_structure *s, vec_lanes lanes);
void vec_run_branch(vec_run *run, const vec_instr *instr, vec_lanes lanes);
/* effects.c */
void vec_run_effect(vec_run *run, const vec_instr *instr, vec_lanes lanes);
void vec_carry_arrays(vec_run *run, uint32_t array, const uint64_t *next, uint64_t *carried, vec_lanes lanes);
void vec_trap_lane(vec_run *run, uint32_t lane, uint32_t code, uint32_t position);
/* linear.c: the rings gf2 and mod, lane by lane. */
void vec_run_linear(vec_run *run, const vec_instr *instr, vec_lanes lanes);
/* explain.c: records of what the code is. */
void vec_explain(const void *code, explainer *e);
/* sinks.c: what a strip leaves behind. */
void vec_run_sinks(vec_run *run, size_t n, partials *out);

static inline uint32_t vec_strip_lane(vec_lanes lanes, size_t i)
{
  return lanes.lanes == NULL ? (uint32_t)i : lanes.lanes[i];
}

static inline uint8_t vec_size_of(size_t bytes)
{
  return bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
}

#endif
