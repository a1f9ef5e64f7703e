/* emit.h: the emitter: LLVM IR from a graph, through LLVM-C.
 *
 * A value is one LLVM value: a vector with an element for each lane of a group, or, where it is the same in all of
 * them, a scalar. LLVM cuts vectors that are wider than the machine's into several: that is how several vectors are in
 * flight. Where lanes part ways, `mask` has those that go this way, and `alive` those that have not trapped; NULL: all.
 * Every operation is total, so lanes that are masked off may compute anything; only effects and sinks look at masks. */
#ifndef TG_BACKEND_LLVM_EMIT_H
#define TG_BACKEND_LLVM_EMIT_H

#include "backend/llvm/code.h"
#include "backend/llvm/guard.h"

#include <llvm-c/Core.h>

/* What stays in registers from group to group. */
#define JIT_NO_TREE SIZE_MAX
typedef struct jit_accumulator {
  LLVMValueRef phi, next, address; /* address: where it is written after the last group; NULL: nowhere */
  LLVMValueRef outer;              /* at the start of a block, where the code joins blocks */
  size_t tree;                     /* of a float sum: the number of its tree */
} jit_accumulator;

/* What is to be made: a module that `compose` fills, as code for a machine. */
typedef struct jit_emitter jit_emitter;
typedef struct jit_order {
  const jit_code *code;
  const jit_target *target;
  LLVMCodeGenFileType form;
  void (*compose)(jit_emitter *e, void *arg);
  void *arg;
} jit_order;

struct jit_emitter {
  const tg_graph *g;
  const jit_code *code;
  const jit_target *target;
  LLVMContextRef context;
  LLVMModuleRef module;
  LLVMBuilderRef b, top; /* where we are; at the end of the function's first block */
  LLVMValueRef function, frame;
  jit_variant variant;
  const bool *varies;          /* of the code, or with refill of its stages */
  unsigned n_lanes;            /* 1 in prepare */
  LLVMValueRef *values, *wide; /* by value; of a uniform: as a vector */
  LLVMValueRef alive, mask, fuel;
  LLVMValueRef start;      /* the lanes that were alive at first */
  LLVMValueRef part;       /* the lanes that there are in memory; NULL: all */
  LLVMValueRef group;      /* i64: lanes before this group, in this call */
  LLVMValueRef turn;       /* the same as if groups came in their order, as they do but in JIT_PAST */
  LLVMBasicBlockRef block; /* where a block of lanes begins, if the code joins blocks; lanes before it */
  LLVMValueRef block_start;
  VEC(jit_accumulator) accumulators;
  tg_allocator allocator;
  bool failed; /* no memory */
  jit_diagnosis diagnosis;
  LLVMMemoryBufferRef made; /* what comes of it */
  const jit_order *order;
  const char *suffix;                        /* of the functions' names */
  LLVMValueRef functions[JIT_VARIANT_COUNT]; /* those that were made */
};

/* ---- types.c ---- */
LLVMTypeRef jit_scalar_type(const jit_emitter *e, tg_type type);
LLVMTypeRef jit_int(const jit_emitter *e, unsigned bits);
LLVMTypeRef jit_vector(LLVMTypeRef element, unsigned n); /* the element's own type for 1 */
/* The type with the shape of a value. */
LLVMTypeRef jit_like(LLVMValueRef shape, LLVMTypeRef element);
bool jit_is_wide(LLVMValueRef v);
LLVMValueRef jit_const_bits(const jit_emitter *e, tg_type type, uint64_t bits);
/* Constants with a type, which may be a vector's. */
LLVMValueRef jit_const_int(LLVMTypeRef type, uint64_t value);
LLVMValueRef jit_const_real(LLVMTypeRef type, double value);
LLVMValueRef jit_spread(jit_emitter *e, LLVMValueRef scalar);
/* A value of the graph: as it is, or as a vector. */
LLVMValueRef jit_value(jit_emitter *e, uint32_t v);
LLVMValueRef jit_wide(jit_emitter *e, uint32_t v);
/* The operands of a node, all scalars or all vectors. */
void jit_operands(jit_emitter *e, const graph_node *node, LLVMValueRef *out, size_t n);
void jit_unify(jit_emitter *e, LLVMValueRef *values, size_t n);
tg_type jit_type(const jit_emitter *e, uint32_t v);
LLVMValueRef jit_intrinsic(jit_emitter *e, const char *name, LLVMTypeRef type, LLVMValueRef *args, unsigned n);
LLVMValueRef jit_lane_numbers(const jit_emitter *e, unsigned bits); /* 0, 1, .. */

/* ---- frame.c ---- */
LLVMValueRef jit_field(jit_emitter *e, LLVMBuilderRef at, size_t offset, LLVMTypeRef type);
LLVMValueRef jit_offset(jit_emitter *e, LLVMBuilderRef at, LLVMValueRef pointer, LLVMValueRef bytes);
LLVMValueRef jit_room(jit_emitter *e, LLVMTypeRef type); /* on the stack */
/* A value in memory, bool as bytes; and back. */
LLVMValueRef jit_spill(jit_emitter *e, LLVMValueRef v);
LLVMValueRef jit_load(jit_emitter *e, LLVMTypeRef type, LLVMValueRef pointer, unsigned align);
LLVMValueRef jit_store(jit_emitter *e, LLVMValueRef v, LLVMValueRef pointer, unsigned align);
LLVMTypeRef jit_memory_type(const jit_emitter *e, LLVMTypeRef type);
/* Elements of a stream, those of e->part only. */
LLVMValueRef jit_load_part(jit_emitter *e, LLVMTypeRef type, LLVMValueRef pointer);
void jit_store_part(jit_emitter *e, LLVMValueRef v, LLVMValueRef pointer);
/* Calls a helper with addresses, NULL for none. */
LLVMValueRef jit_scratch(jit_emitter *e, size_t offset);
void jit_help(jit_emitter *e, jit_helper_id id, uint64_t node, LLVMValueRef *addresses, unsigned n);
#define JIT_FIELD(e, at, name, type) jit_field(e, at, offsetof(jit_frame, name), type)

/* ---- masks.c: sets of lanes and bools that differ between lanes ---- */
unsigned jit_element_bits(LLVMValueRef v);
LLVMValueRef jit_mask(jit_emitter *e, LLVMValueRef bits, unsigned width); /* of a vector of bits */
LLVMValueRef jit_comparison(jit_emitter *e, LLVMValueRef bits, LLVMValueRef compared);
LLVMValueRef jit_bits(jit_emitter *e, LLVMValueRef mask); /* as a vector of bits */
LLVMValueRef jit_resize_mask(jit_emitter *e, LLVMValueRef mask, unsigned width);
void jit_unify_masks(jit_emitter *e, LLVMValueRef *masks); /* two */
/* A mask with another's type; all else has it. */
LLVMValueRef jit_fit(jit_emitter *e, LLVMValueRef v, LLVMTypeRef type);

/* A value that goes round a loop: it starts as `start`, in a header that is empty but for such, where control comes
 * from the block `from`, and goes on as `next`, which the block being filled gives. */
LLVMValueRef jit_open_phi(jit_emitter *e, LLVMBasicBlockRef header, LLVMValueRef start, LLVMBasicBlockRef from);
void jit_close_phi(jit_emitter *e, LLVMValueRef phi, LLVMValueRef next);
LLVMValueRef jit_select(jit_emitter *e, LLVMValueRef condition, LLVMValueRef a, LLVMValueRef b);
/* A value of the graph as a vector, bool as bytes of 0 and 1. */
LLVMValueRef jit_in_memory(jit_emitter *e, uint32_t v);
LLVMValueRef jit_all_lanes(jit_emitter *e);
LLVMValueRef jit_running(jit_emitter *e);                              /* alive and mask; NULL: all */
LLVMValueRef jit_both(jit_emitter *e, LLVMValueRef a, LLVMValueRef b); /* NULL: all */
LLVMValueRef jit_without(jit_emitter *e, LLVMValueRef a, LLVMValueRef b);
LLVMValueRef jit_any(jit_emitter *e, LLVMValueRef mask);
LLVMValueRef jit_mask_bytes(jit_emitter *e, LLVMValueRef mask); /* address */
/* Counts, if that is wanted, the operations that the lanes which run now execute of a body; with is_round also a round
 * of a loop. */
void jit_count(jit_emitter *e, uint32_t begin, uint32_t end, bool is_round);
/* n bytes as a constant of the module; gives its address. */
LLVMValueRef jit_add_bytes(const jit_emitter *e, const void *bytes, size_t n);
LLVMBasicBlockRef jit_block(jit_emitter *e, const char *name);
/* `then` is run if a condition, a scalar, holds; both ways lead to the block that jit_endif makes current. */
typedef struct jit_if {
  LLVMBasicBlockRef before, after;
} jit_if;
jit_if jit_begin_if(jit_emitter *e, LLVMValueRef condition);
jit_if jit_begin_rare(jit_emitter *e, LLVMValueRef condition); /* which it seldom does */
void jit_end_if(jit_emitter *e, jit_if branch);

/* One lane after the other, where vectors are of no use: `one` is emitted with a lane's number, a word, several times
 * over in a loop. masks.c */
void jit_each_lane(jit_emitter *e, void (*one)(jit_emitter *e, LLVMValueRef lane, void *arg), void *arg);

/* ---- one for each idea ---- */
void jit_emit_nodes(jit_emitter *e, uint32_t begin, uint32_t end); /* control.c */
/* control.c: of a branch, the lanes that choose a body which is not the last; and a value that comes from two blocks.
 * A body of more nodes than this is run only if some lane wants it. */
enum { JIT_LONG_BODY = 16 };
LLVMValueRef jit_choosing(jit_emitter *e, const graph_node *branch, uint32_t body);
LLVMValueRef jit_join_two(jit_emitter *e, LLVMValueRef a, LLVMBasicBlockRef at_a, LLVMValueRef b,
                          LLVMBasicBlockRef at_b);
uint32_t jit_emit_loop(jit_emitter *e, uint32_t i); /* loop.c */
/* Takes one iteration of a loop from lanes that go on, and gives those that had it; others trap. loop.c */
LLVMValueRef jit_take_fuel(jit_emitter *e, const graph_node *loop, LLVMValueRef lanes);
void jit_emit_elementwise(jit_emitter *e, const graph_node *node); /* arith.c */
/* halves.c: the products whose halves are wanted; such a half, or NULL: the node is none. */
void jit_find_halves(jit_code *code);
LLVMValueRef jit_half(jit_emitter *e, const graph_node *node);
void jit_emit_divmod(jit_emitter *e, const graph_node *node);                       /* divide.c */
LLVMValueRef jit_convert(jit_emitter *e, tg_type from, tg_type to, LLVMValueRef x); /* convert.c */
LLVMValueRef jit_canonical(jit_emitter *e, tg_type type, LLVMValueRef x);           /* convert.c */
/* modes.c: what an element is in memory to LLVM, and values from such elements and back; bool and NaNs as memory wants
 * them. */
LLVMTypeRef jit_mode_type(const jit_emitter *e, tg_mode mode);
LLVMValueRef jit_decode(jit_emitter *e, tg_mode mode, LLVMValueRef v);
LLVMValueRef jit_encode(jit_emitter *e, tg_mode mode, LLVMValueRef v);
LLVMValueRef jit_index(jit_emitter *e, uint32_t v);        /* memory.c: as u64, large if negative */
void jit_emit_memory(jit_emitter *e, uint32_t i);          /* memory.c: load, iota, param, gather */
LLVMValueRef jit_stream(jit_emitter *e, uint32_t operand); /* memory.c: the address of this group's elements */
/* memory.c: of an iota, what one lane of the group has; NULL: the value is something else. */
LLVMValueRef jit_lane_index(jit_emitter *e, uint32_t v, LLVMValueRef lane);
LLVMValueRef jit_gather(jit_emitter *e, LLVMTypeRef element, LLVMValueRef addresses); /* memory.c */
/* memory.c: a field of the operand's operand_memory, by its offset. */
LLVMValueRef jit_operand_field(jit_emitter *e, uint32_t operand, size_t offset, LLVMTypeRef type);
void jit_emit_combine(jit_emitter *e, const graph_node *node); /* combine.c */
void jit_emit_effect(jit_emitter *e, uint32_t i);              /* effects.c */
void jit_emit_array(jit_emitter *e, const graph_node *node);   /* arrays.c, as the next two */
void jit_emit_aload(jit_emitter *e, const graph_node *node);
void jit_emit_astore(jit_emitter *e, const graph_node *node);
void jit_trap(jit_emitter *e, LLVMValueRef lanes, uint64_t code, uint32_t position);
void jit_emit_linear(jit_emitter *e, uint32_t i);           /* linear.c */
void jit_emit_rows(jit_emitter *e, const graph_node *node); /* linear_rows.c */
/* sinks.c: before the first group, for each group, and after the last */
void jit_open_sinks(jit_emitter *e);
void jit_emit_sinks(jit_emitter *e);
void jit_count_traps(jit_emitter *e);
LLVMValueRef jit_part(jit_emitter *e, LLVMValueRef v, unsigned first, unsigned n); /* of a vector */

/* best.c: argmin or argmax number k. The first of those with the same data leads: it stands for all. */
bool jit_leads(const jit_emitter *e, size_t k);
void jit_open_best(jit_emitter *e, size_t k);
void jit_emit_best(jit_emitter *e, size_t k, jit_accumulator *a);

/* groups.c: the loop over groups. What goes round it is opened after jit_open_groups, when nothing else was emitted;
 * SIZE_MAX: no memory. */
enum { JIT_TREE_ALIGN = 16 };
LLVMValueRef jit_all_groups(jit_emitter *e); /* how many lanes they have */
void jit_open_groups(jit_emitter *e);
size_t jit_accumulate(jit_emitter *e, LLVMValueRef start, LLVMValueRef address);
void jit_close_groups(jit_emitter *e, LLVMBasicBlockRef body);

/* module.c: the functions of a graph: which there are, also whether lanes can trap; an object with them, or their
 * assembly; and their addresses, from such an object, which is taken over. */
void jit_choose_functions(jit_code *code);
tg_status jit_build(const jit_code *code, const jit_target *target, LLVMCodeGenFileType form, LLVMMemoryBufferRef *out,
                    tg_error *error);
tg_status jit_build_order(const jit_order *order, LLVMMemoryBufferRef *out, tg_error *error);
void jit_build_functions(jit_emitter *e); /* of e->code, in a module that is being composed */
tg_status jit_adopt(jit_code *code, LLVMMemoryBufferRef object, tg_error *error);

void jit_open_function(jit_emitter *e, const char *name); /* at the end of `body`, after `top` */
void jit_open_lanes(jit_emitter *e);

/* emit_stages.c: function `which` of a graph's stages, the even ones what is between loops. */
void jit_emit_stage(jit_emitter *e, size_t which, bool is_fuel_limited, const char *name);

/* emit_walk.c: those of nodes [begin, end) that are directly in [root, root_end), which is all of the graph or a body,
 * or in split branches there. `reached` is then the mask of those lanes that come to a loop. */
typedef struct jit_walk {
  uint32_t begin, end, root, root_end;
  uint32_t target; /* the loop, or UINT32_MAX */
  LLVMValueRef reached;
} jit_walk;
void jit_walk_nodes(jit_emitter *e, jit_walk *w);

/* stages.c: cuts a graph into stages, if that is worth a try; and their places in scratch. False: no memory. */
bool stages_plan(jit_code *code);
bool stages_place(jit_code *code, size_t *end);
void stages_free(jit_code *code);
void jit_find_varying(const tg_graph *g, const bool *used, bool *varies);

/* lanes.c: how many lanes a group has, and how wide masks are; of a graph whose varying values are known. */
void jit_choose_lanes(jit_code *code);

/* plan.c */
bool jit_plan(jit_code *code, const jit_target *target);
void jit_plan_free(jit_code *code);

#endif
