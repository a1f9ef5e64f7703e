/* masks.c: sets of lanes, which bools that differ between lanes are too, and blocks that are run only if some lane
 * wants it.
 *
 * A mask is a vector of bits where the machine has mask registers. Elsewhere LLVM would take bits for bytes and pack
 * and unpack them all the time: there a mask is a vector of integers, all ones or zero, as wide as what the comparison
 * that made it compared. Where two of different width meet, the narrower one is made wider. */
#include "backend/llvm/emit.h"

#include <stddef.h>

/* ---- vectors of bits and masks ---- */

unsigned jit_element_bits(LLVMValueRef v)
{
  LLVMTypeRef element = LLVMGetElementType(LLVMTypeOf(v));
  LLVMTypeKind kind = LLVMGetTypeKind(element);
  if (kind != LLVMIntegerTypeKind) {
    return kind == LLVMFloatTypeKind ? 32 : 64;
  }
  return LLVMGetIntTypeWidth(element);
}

static bool is_integers(LLVMValueRef mask)
{
  return jit_is_wide(mask) && jit_element_bits(mask) > 1;
}

LLVMValueRef jit_mask(jit_emitter *e, LLVMValueRef bits, unsigned width)
{
  if (e->target->has_mask_registers || !jit_is_wide(bits) || jit_element_bits(bits) > 1) {
    return bits;
  }
  return LLVMBuildSExt(e->b, bits, jit_like(bits, jit_int(e, width)), "");
}

LLVMValueRef jit_comparison(jit_emitter *e, LLVMValueRef bits, LLVMValueRef compared)
{
  return jit_is_wide(bits) ? jit_mask(e, bits, jit_element_bits(compared)) : bits;
}

LLVMValueRef jit_bits(jit_emitter *e, LLVMValueRef mask)
{
  return is_integers(mask) ? LLVMBuildICmp(e->b, LLVMIntSLT, mask, LLVMConstNull(LLVMTypeOf(mask)), "") : mask;
}

static LLVMValueRef resize(jit_emitter *e, LLVMValueRef mask, LLVMTypeRef type)
{
  unsigned have = jit_element_bits(mask), want = LLVMGetIntTypeWidth(LLVMGetElementType(type));
  if (have == want) {
    return mask;
  }
  return have < want ? LLVMBuildSExt(e->b, mask, type, "") : LLVMBuildTrunc(e->b, mask, type, "");
}

LLVMValueRef jit_resize_mask(jit_emitter *e, LLVMValueRef mask, unsigned width)
{
  mask = jit_mask(e, mask, width);
  return is_integers(mask) ? resize(e, mask, jit_like(mask, jit_int(e, width))) : mask;
}

LLVMValueRef jit_fit(jit_emitter *e, LLVMValueRef v, LLVMTypeRef type)
{
  return LLVMTypeOf(v) == type ? v : resize(e, v, type);
}

void jit_unify_masks(jit_emitter *e, LLVMValueRef *masks)
{
  jit_unify(e, masks, 2);
  if (e->target->has_mask_registers || !jit_is_wide(masks[0])) {
    return;
  }
  unsigned a = jit_element_bits(masks[0]), b = jit_element_bits(masks[1]), width = a > b ? a : b;
  width = width == 1 ? e->code->mask_bits : width;
  masks[0] = jit_resize_mask(e, masks[0], width);
  masks[1] = jit_resize_mask(e, masks[1], width);
}

/* Bits of a where the mask has ones, else of b, one of which is zero or has ones everywhere in the mask. */
static LLVMValueRef select_zero(jit_emitter *e, LLVMValueRef mask, LLVMValueRef a, LLVMValueRef b)
{
  LLVMTypeRef type = LLVMTypeOf(a);
  bool is_first = !LLVMIsNull(a);
  mask = is_first ? mask : LLVMBuildNot(e->b, mask, "");
  LLVMValueRef x = LLVMBuildBitCast(e->b, is_first ? a : b, LLVMTypeOf(mask), "");
  return LLVMBuildBitCast(e->b, LLVMBuildAnd(e->b, mask, x, ""), type, "");
}

/* Of vectors by a vector. */
static LLVMValueRef select_lanes(jit_emitter *e, LLVMValueRef mask, LLVMValueRef a, LLVMValueRef b)
{
  if (is_integers(mask)) {
    bool is_pointer = LLVMGetTypeKind(LLVMGetElementType(LLVMTypeOf(a))) == LLVMPointerTypeKind;
    mask = resize(e, mask, jit_like(mask, jit_int(e, jit_element_bits(a))));
    if (!is_pointer && (LLVMIsNull(a) || LLVMIsNull(b))) {
      return select_zero(e, mask, a, b);
    }
  }
  return LLVMBuildSelect(e->b, jit_bits(e, mask), a, b, "");
}

LLVMValueRef jit_select(jit_emitter *e, LLVMValueRef condition, LLVMValueRef a, LLVMValueRef b)
{
  LLVMValueRef both[2] = {a, b};
  if (a == b) {
    return a;
  }
  if (jit_is_wide(condition)) {
    both[0] = jit_spread(e, a);
    both[1] = jit_spread(e, b);
  }
  jit_unify(e, both, 2);
  if (LLVMTypeOf(both[0]) != LLVMTypeOf(both[1])) {
    jit_unify_masks(e, both);
  }
  return jit_is_wide(condition) ? select_lanes(e, condition, both[0], both[1])
                                : LLVMBuildSelect(e->b, condition, both[0], both[1], "");
}

LLVMValueRef jit_in_memory(jit_emitter *e, uint32_t v)
{
  LLVMValueRef x = jit_wide(e, v);
  if (jit_type(e, v) != TG_BOOL) {
    return x;
  }
  LLVMTypeRef bytes = jit_like(x, jit_int(e, 8));
  return is_integers(x) ? LLVMBuildAnd(e->b, resize(e, x, bytes), jit_const_int(bytes, 1), "")
                        : LLVMBuildZExt(e->b, x, bytes, "");
}

/* ---- sets of lanes ---- */

LLVMValueRef jit_all_lanes(jit_emitter *e)
{
  return jit_mask(e, LLVMConstAllOnes(jit_vector(jit_int(e, 1), e->n_lanes)), e->code->mask_bits);
}

LLVMValueRef jit_both(jit_emitter *e, LLVMValueRef a, LLVMValueRef b)
{
  if (a == NULL || b == NULL) {
    return a == NULL ? b : a;
  }
  LLVMValueRef both[2] = {a, b};
  jit_unify_masks(e, both);
  return LLVMBuildAnd(e->b, both[0], both[1], "");
}

LLVMValueRef jit_without(jit_emitter *e, LLVMValueRef a, LLVMValueRef b)
{
  return jit_both(e, a, LLVMBuildNot(e->b, b, ""));
}

LLVMValueRef jit_running(jit_emitter *e)
{
  return e->mask == NULL || e->alive == NULL ? jit_both(e, e->mask, e->alive) : jit_both(e, e->alive, e->mask);
}

/* The upper half of a vector joined with the lower. */
static LLVMValueRef fold(jit_emitter *e, LLVMValueRef v)
{
  unsigned n = LLVMGetVectorSize(LLVMTypeOf(v)) / 2;
  LLVMValueRef low[JIT_MAX_LANES], high[JIT_MAX_LANES];
  for (unsigned i = 0; i < n; i++) {
    low[i] = LLVMConstInt(jit_int(e, 32), i, 0);
    high[i] = LLVMConstInt(jit_int(e, 32), n + i, 0);
  }
  LLVMValueRef none = LLVMGetPoison(LLVMTypeOf(v));
  return LLVMBuildOr(e->b, LLVMBuildShuffleVector(e->b, v, none, LLVMConstVector(low, n), ""),
                     LLVMBuildShuffleVector(e->b, v, none, LLVMConstVector(high, n), ""), "");
}

LLVMValueRef jit_any(jit_emitter *e, LLVMValueRef mask)
{
  if (mask == NULL || !jit_is_wide(mask)) {
    return mask == NULL ? LLVMConstInt(jit_int(e, 1), 1, 0) : mask;
  }
  LLVMValueRef v = jit_mask(e, mask, e->code->mask_bits);
  unsigned n = LLVMGetVectorSize(LLVMTypeOf(v)), bits = jit_element_bits(v);
  for (; bits > 1 && n * bits > 8 * e->target->vector_bytes; n /= 2) {
    v = fold(e, v);
  }
#if defined(__x86_64__)
  v = jit_bits(e, v); /* there is an instruction that gathers signs */
  bits = 1;
#endif
  LLVMTypeRef whole = jit_int(e, n * bits);
  return LLVMBuildICmp(e->b, LLVMIntNE, LLVMBuildBitCast(e->b, v, whole, ""), LLVMConstNull(whole), "");
}

/* ---- counting ---- */

static LLVMValueRef number_of(jit_emitter *e, LLVMValueRef mask)
{
  LLVMTypeRef word = jit_int(e, 64);
  LLVMValueRef all = LLVMConstInt(word, e->n_lanes, 0);
  if (mask == NULL || !jit_is_wide(mask)) {
    return mask == NULL ? all : LLVMBuildSelect(e->b, mask, all, LLVMConstNull(word), "");
  }
  LLVMTypeRef whole = jit_int(e, e->n_lanes);
  LLVMValueRef bits = LLVMBuildBitCast(e->b, jit_bits(e, mask), whole, "");
  bits = e->n_lanes < 64 ? LLVMBuildZExt(e->b, bits, word, "") : bits;
  return jit_intrinsic(e, "llvm.ctpop", word, &bits, 1);
}

static void add_to(jit_emitter *e, size_t offset, LLVMValueRef n)
{
  LLVMValueRef now = jit_field(e, e->b, offset, jit_int(e, 64));
  LLVMBuildStore(e->b, LLVMBuildAdd(e->b, now, n, ""), jit_field(e, e->b, offset, NULL));
}

void jit_count(jit_emitter *e, uint32_t begin, uint32_t end, bool is_round)
{
  if (!e->code->wish.counts || e->variant == JIT_PREPARE) {
    return;
  }
  LLVMTypeRef word = jit_int(e, 64);
  LLVMValueRef n = number_of(e, jit_running(e));
  LLVMValueRef each = LLVMConstInt(word, cost_body_operations(e->g, begin, end), 0);
  add_to(e, offsetof(jit_frame, operations), LLVMBuildMul(e->b, n, each, ""));
  if (is_round) {
    add_to(e, offsetof(jit_frame, loop_rounds), n);
    add_to(e, offsetof(jit_frame, loop_slots), LLVMConstInt(word, e->n_lanes, 0));
  }
}

LLVMValueRef jit_mask_bytes(jit_emitter *e, LLVMValueRef mask)
{
  return jit_spill(e, jit_resize_mask(e, mask == NULL ? jit_all_lanes(e) : jit_spread(e, mask), 8));
}

LLVMBasicBlockRef jit_block(jit_emitter *e, const char *name)
{
  return LLVMAppendBasicBlockInContext(e->context, e->function, name);
}

jit_if jit_begin_if(jit_emitter *e, LLVMValueRef condition)
{
  LLVMBasicBlockRef then = jit_block(e, "then");
  jit_if branch = {LLVMGetInsertBlock(e->b), jit_block(e, "after")};
  LLVMBuildCondBr(e->b, condition, then, branch.after);
  LLVMPositionBuilderAtEnd(e->b, then);
  return branch;
}

/* So that LLVM puts what is rare out of the way. */
jit_if jit_begin_rare(jit_emitter *e, LLVMValueRef condition)
{
  jit_if branch = jit_begin_if(e, condition);
  LLVMTypeRef type = jit_int(e, 32);
  LLVMMetadataRef parts[3] = {LLVMMDStringInContext2(e->context, "branch_weights", 14),
                              LLVMValueAsMetadata(LLVMConstInt(type, 1, 0)),
                              LLVMValueAsMetadata(LLVMConstInt(type, 1000, 0))};
  LLVMMetadataRef weights = LLVMMDNodeInContext2(e->context, parts, 3);
  LLVMSetMetadata(LLVMGetBasicBlockTerminator(branch.before), LLVMGetMDKindIDInContext(e->context, "prof", 4),
                  LLVMMetadataAsValue(e->context, weights));
  return branch;
}

void jit_end_if(jit_emitter *e, jit_if branch)
{
  LLVMBuildBr(e->b, branch.after);
  LLVMMoveBasicBlockAfter(branch.after, LLVMGetInsertBlock(e->b));
  LLVMPositionBuilderAtEnd(e->b, branch.after);
}

/* ---- one lane after the other ---- */

enum { LANES_A_ROUND = 8 }; /* no more than the smallest group has */

void jit_each_lane(jit_emitter *e, void (*one)(jit_emitter *e, LLVMValueRef lane, void *arg), void *arg)
{
  LLVMTypeRef type = jit_int(e, 64);
  LLVMBasicBlockRef before = LLVMGetInsertBlock(e->b), round = jit_block(e, "lanes"), after = jit_block(e, "after");
  LLVMBuildBr(e->b, round);
  LLVMPositionBuilderAtEnd(e->b, round);
  LLVMValueRef first = jit_open_phi(e, round, LLVMConstInt(type, 0, 0), before);
  LLVMPositionBuilderAtEnd(e->b, round);
  for (unsigned k = 0; k < LANES_A_ROUND; k++) {
    one(e, LLVMBuildAdd(e->b, first, LLVMConstInt(type, k, 0), ""), arg);
  }
  LLVMValueRef next = LLVMBuildAdd(e->b, first, LLVMConstInt(type, LANES_A_ROUND, 0), "");
  jit_close_phi(e, first, next);
  LLVMValueRef ends = LLVMBuildICmp(e->b, LLVMIntEQ, next, LLVMConstInt(type, e->n_lanes, 0), "");
  LLVMBuildCondBr(e->b, ends, after, round);
  LLVMMoveBasicBlockAfter(after, round);
  LLVMPositionBuilderAtEnd(e->b, after);
}
