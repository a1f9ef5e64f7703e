/* best.c: argmin and argmax. What is to be beaten is kept in a vector, the same in each of its lanes; a group is
 * compared with it, and only if some lane beats it, which gets rare soon, is the best lane looked for and written to
 * the frame. NaNs compare as false, so they beat nothing; until a number was seen, C keeps the lowest lane. Sinks with
 * the same data share all but the index. */
#include "backend/llvm/emit.h"

#include <math.h>
#include <stddef.h>

static LLVMValueRef word(const jit_emitter *e, uint64_t value)
{
  return LLVMConstInt(jit_int(e, 64), value, 0);
}

static const graph_node *node_of(const jit_emitter *e, size_t k)
{
  return &e->g->nodes.data[e->code->arg_nodes[k]];
}

static uint32_t data_of(const jit_emitter *e, size_t k)
{
  return node_args(e->g, node_of(e, k))[1];
}

static bool is_same(const jit_emitter *e, size_t k, size_t other)
{
  return node_of(e, k)->op == node_of(e, other)->op && data_of(e, k) == data_of(e, other);
}

bool jit_leads(const jit_emitter *e, size_t k)
{
  size_t first = 0;
  while (!is_same(e, first, k)) {
    first++;
  }
  return first == k;
}

/* ---- comparing ---- */

static LLVMValueRef beats(jit_emitter *e, size_t k, LLVMValueRef x, LLVMValueRef best)
{
  bool is_min = node_of(e, k)->op == TG_OP_ARGMIN;
  LLVMValueRef a = is_min ? x : best, b = is_min ? best : x;
  tg_type type = jit_type(e, data_of(e, k));
  if (type_in(type, TG_CLASS_FLOAT)) {
    return LLVMBuildFCmp(e->b, LLVMRealOLT, a, b, "");
  }
  return LLVMBuildICmp(e->b, type_table[type].is_signed ? LLVMIntSLT : LLVMIntULT, a, b, "");
}

static LLVMValueRef better(jit_emitter *e, size_t k, LLVMValueRef x, LLVMValueRef best)
{
  return LLVMBuildSelect(e->b, beats(e, k, x, best), x, best, "");
}

/* What beats nothing and is beaten by all other numbers. */
static LLVMValueRef worst(const jit_emitter *e, size_t k)
{
  tg_type type = jit_type(e, data_of(e, k));
  bool is_min = node_of(e, k)->op == TG_OP_ARGMIN, is_signed = type_table[type].is_signed;
  uint64_t most = type_mask(type) >> is_signed, least = is_signed ? most + 1 : 0;
  if (type_in(type, TG_CLASS_FLOAT)) {
    return LLVMConstReal(jit_scalar_type(e, type), is_min ? (double)INFINITY : -(double)INFINITY);
  }
  return LLVMConstInt(jit_scalar_type(e, type), is_min ? most : least, 0);
}

/* ---- vectors ---- */

static unsigned part_lanes(const jit_emitter *e, size_t k)
{
  unsigned n = e->target->vector_bytes / element_bytes(jit_type(e, data_of(e, k)));
  return n < e->n_lanes ? n : e->n_lanes;
}

static LLVMValueRef repeat(jit_emitter *e, LLVMBuilderRef at, LLVMValueRef scalar, unsigned n)
{
  LLVMTypeRef type = LLVMVectorType(LLVMTypeOf(scalar), n);
  LLVMValueRef one = LLVMBuildInsertElement(at, LLVMGetPoison(type), scalar, LLVMConstInt(jit_int(e, 32), 0, 0), "");
  return LLVMBuildShuffleVector(at, one, LLVMGetPoison(type), LLVMConstNull(LLVMVectorType(jit_int(e, 32), n)), "");
}

/* Of lanes that do not count: what beats nothing. */
static LLVMValueRef data_in(jit_emitter *e, size_t k)
{
  LLVMValueRef x = jit_wide(e, data_of(e, k)), lanes = jit_running(e);
  return lanes == NULL ? x : jit_select(e, lanes, x, jit_spread(e, worst(e, k)));
}

/* ---- in the frame ---- */

static LLVMValueRef field(jit_emitter *e, LLVMBuilderRef at, size_t k, size_t offset)
{
  LLVMValueRef best = JIT_FIELD(e, e->top, best, LLVMPointerTypeInContext(e->context, 0));
  return jit_offset(e, at, best, word(e, k * sizeof(arg_partial) + offset));
}

static LLVMValueRef is_number(jit_emitter *e, LLVMBuilderRef at, size_t k)
{
  LLVMTypeRef type = jit_int(e, 8 * (unsigned)sizeof(arg_state));
  LLVMValueRef state = LLVMBuildLoad2(at, type, field(e, at, k, offsetof(arg_partial, state)), "");
  return LLVMBuildICmp(at, LLVMIntEQ, state, LLVMConstInt(type, ARG_NUMBER, 0), "");
}

void jit_open_best(jit_emitter *e, size_t k)
{
  LLVMTypeRef type = jit_scalar_type(e, jit_type(e, data_of(e, k)));
  LLVMValueRef data = LLVMBuildLoad2(e->top, type, field(e, e->top, k, offsetof(arg_partial, data)), "");
  LLVMValueRef start = LLVMBuildSelect(e->top, is_number(e, e->top, k), data, worst(e, k), "");
  jit_accumulate(e, repeat(e, e->top, start, part_lanes(e, k)), NULL);
}

/* An element of a vector as the bits that partials have. */
static void put(jit_emitter *e, size_t k, size_t offset, LLVMValueRef element)
{
  LLVMTypeRef type = LLVMTypeOf(element);
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  if (kind != LLVMIntegerTypeKind) {
    element = LLVMBuildBitCast(e->b, element, jit_int(e, kind == LLVMFloatTypeKind ? 32 : 64), "");
  }
  LLVMBuildStore(e->b, LLVMBuildIntCast2(e->b, element, jit_int(e, 64), 0, ""), field(e, e->b, k, offset));
}

/* The index of a lane of the group: lane numbers are made for it alone. */
static LLVMValueRef index_at(jit_emitter *e, size_t k, LLVMValueRef lane)
{
  uint32_t index = node_args(e->g, node_of(e, k))[0];
  LLVMValueRef number = jit_lane_index(e, index, lane);
  return number != NULL ? number : LLVMBuildExtractElement(e->b, jit_in_memory(e, index), lane, "");
}

/* ---- a group ---- */

/* The lowest lane of all, a number if there is one, is kept in C, until it is a number. */
static void keep_first(jit_emitter *e, size_t k)
{
  const uint32_t *args = node_args(e->g, node_of(e, k));
  jit_if branch = jit_begin_if(e, LLVMBuildNot(e->b, is_number(e, e->b, k), ""));
  LLVMValueRef addresses[4] = {NULL, jit_spill(e, jit_in_memory(e, args[1])), jit_spill(e, jit_in_memory(e, args[0])),
                               jit_mask_bytes(e, jit_running(e))};
  jit_help(e, JIT_H_FIRST, k, addresses, 4);
  jit_end_if(e, branch);
}

static LLVMValueRef any_beats(jit_emitter *e, size_t k, LLVMValueRef x, LLVMValueRef best)
{
  unsigned n = part_lanes(e, k);
  LLVMValueRef any = NULL;
  for (unsigned first = 0; first < e->n_lanes; first += n) {
    LLVMValueRef now = beats(e, k, jit_part(e, x, first, n), best);
    any = any == NULL ? now : LLVMBuildOr(e->b, any, now, "");
  }
  return jit_any(e, jit_comparison(e, any, best));
}

/* The best of a group, some lane of which beats what was to be beaten: by the group alone, so that where one group
 * after the other has a better lane none waits for the one before. */
static LLVMValueRef best_of(jit_emitter *e, size_t k, LLVMValueRef x)
{
  unsigned n = part_lanes(e, k);
  LLVMValueRef best = repeat(e, e->b, worst(e, k), n);
  for (unsigned first = 0; first < e->n_lanes; first += n) {
    best = better(e, k, jit_part(e, x, first, n), best);
  }
  for (; n > 1; n /= 2) {
    best = better(e, k, jit_part(e, best, n / 2, n / 2), jit_part(e, best, 0, n / 2));
  }
  return LLVMBuildExtractElement(e->b, best, word(e, 0), "");
}

/* The lowest lane of a group that has a value. */
static LLVMValueRef lane_of(jit_emitter *e, LLVMValueRef x, LLVMValueRef value)
{
  LLVMValueRef all = jit_spread(e, value);
  bool is_float = LLVMGetTypeKind(LLVMTypeOf(value)) != LLVMIntegerTypeKind;
  LLVMValueRef has =
      is_float ? LLVMBuildFCmp(e->b, LLVMRealOEQ, x, all, "") : LLVMBuildICmp(e->b, LLVMIntEQ, x, all, "");
  LLVMTypeRef bits = jit_int(e, e->n_lanes), one = jit_int(e, 1);
  LLVMValueRef args[2] = {LLVMBuildBitCast(e->b, has, bits, ""), LLVMConstInt(one, 1, 0)};
  unsigned id = LLVMLookupIntrinsicID("llvm.cttz", 9);
  LLVMValueRef lane = LLVMBuildCall2(e->b, LLVMIntrinsicGetType(e->context, id, &bits, 1),
                                     LLVMGetIntrinsicDeclaration(e->module, id, &bits, 1), args, 2, "");
  return LLVMBuildIntCast2(e->b, lane, jit_int(e, 64), 0, "");
}

/* Some lane beats the best so far. Gives what is to be beaten now. */
static LLVMValueRef take_best(jit_emitter *e, size_t k, LLVMValueRef x)
{
  LLVMValueRef best = best_of(e, k, x), lane = lane_of(e, x, best);
  for (size_t other = k; other < e->code->n_args; other++) {
    if (is_same(e, k, other)) {
      put(e, other, offsetof(arg_partial, data), best);
      put(e, other, offsetof(arg_partial, index), index_at(e, other, lane));
    }
  }
  return repeat(e, e->b, best, part_lanes(e, k));
}

/* Ends what is run if something holds, and gives the one value or the other. */
static LLVMValueRef end_with(jit_emitter *e, jit_if branch, LLVMValueRef then, LLVMValueRef otherwise)
{
  LLVMBasicBlockRef from = LLVMGetInsertBlock(e->b);
  jit_end_if(e, branch);
  LLVMValueRef phi = LLVMBuildPhi(e->b, LLVMTypeOf(then), "");
  LLVMAddIncoming(phi, &then, &from, 1);
  LLVMAddIncoming(phi, &otherwise, &branch.before, 1);
  return phi;
}

void jit_emit_best(jit_emitter *e, size_t k, jit_accumulator *a)
{
  LLVMValueRef x = data_in(e, k), any = any_beats(e, k, x, a->phi);
  LLVMValueRef none_yet = LLVMBuildNot(e->b, is_number(e, e->b, k), "");
  jit_if rare = jit_begin_rare(e, LLVMBuildOr(e->b, any, none_yet, ""));
  for (size_t other = k; other < e->code->n_args; other++) {
    if (is_same(e, k, other)) {
      keep_first(e, other);
    }
  }
  jit_if found = jit_begin_if(e, any);
  LLVMValueRef now = end_with(e, found, take_best(e, k, x), a->phi);
  a->next = end_with(e, rare, now, a->phi);
}
