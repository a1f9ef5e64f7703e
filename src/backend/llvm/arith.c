/* arith.c: operations lane by lane, but division and conversion. */
#include "backend/llvm/emit.h"

#include "base/float.h"

static bool is_float(tg_type type)
{
  return type_in(type, TG_CLASS_FLOAT);
}

static LLVMValueRef add(jit_emitter *e, tg_type type, LLVMValueRef *x)
{
  return is_float(type) ? LLVMBuildFAdd(e->b, x[0], x[1], "") : LLVMBuildAdd(e->b, x[0], x[1], "");
}

static LLVMValueRef sub(jit_emitter *e, tg_type type, LLVMValueRef *x)
{
  return is_float(type) ? LLVMBuildFSub(e->b, x[0], x[1], "") : LLVMBuildSub(e->b, x[0], x[1], "");
}

static LLVMValueRef mul(jit_emitter *e, tg_type type, LLVMValueRef *x)
{
  return is_float(type) ? LLVMBuildFMul(e->b, x[0], x[1], "") : LLVMBuildMul(e->b, x[0], x[1], "");
}

/* Of bits, also where there are no mask registers: for what is done at once with them. */
static LLVMValueRef less(jit_emitter *e, tg_type type, LLVMValueRef a, LLVMValueRef b)
{
  if (is_float(type)) {
    return LLVMBuildFCmp(e->b, LLVMRealOLT, a, b, "");
  }
  return LLVMBuildICmp(e->b, type_table[type].is_signed ? LLVMIntSLT : LLVMIntULT, a, b, "");
}

static LLVMValueRef equal(jit_emitter *e, tg_type type, LLVMValueRef a, LLVMValueRef b)
{
  return is_float(type) ? LLVMBuildFCmp(e->b, LLVMRealOEQ, a, b, "") : LLVMBuildICmp(e->b, LLVMIntEQ, a, b, "");
}

static const graph_node *comparison_of(const jit_emitter *e, uint32_t v, tg_op op)
{
  const graph_node *node = e->code->makers[v] == 0 ? NULL : &e->g->nodes.data[e->code->makers[v] - 1];
  return node != NULL && node->op == (uint8_t)op ? node : NULL;
}

static bool has_operands(const jit_emitter *e, const uint32_t *args)
{
  bool first = e->values[args[0]] != NULL || e->g->values.data[args[0]].is_uniform;
  return first && (e->values[args[1]] != NULL || e->g->values.data[args[1]].is_uniform);
}

/* a < b or a = b, which is how graphs have a <= b, as one comparison; NULL: it is something else, or its operands were
 * left in an earlier stage. */
static LLVMValueRef less_equal(jit_emitter *e, const graph_node *node)
{
  const uint32_t *both = node_args(e->g, node);
  for (unsigned k = 0; k < 2; k++) {
    const graph_node *lt = comparison_of(e, both[k], TG_OP_LT), *eq = comparison_of(e, both[1 - k], TG_OP_EQ);
    if (lt == NULL || eq == NULL || !has_operands(e, node_args(e->g, lt))) {
      continue;
    }
    const uint32_t *a = node_args(e->g, lt), *b = node_args(e->g, eq);
    if ((a[0] == b[0] && a[1] == b[1]) || (a[0] == b[1] && a[1] == b[0])) {
      LLVMValueRef x[2];
      tg_type type = jit_type(e, a[0]);
      LLVMIntPredicate order = type_table[type].is_signed ? LLVMIntSLE : LLVMIntULE;
      jit_operands(e, lt, x, 2);
      LLVMValueRef bits = is_float(type) ? LLVMBuildFCmp(e->b, LLVMRealOLE, x[0], x[1], "")
                                         : LLVMBuildICmp(e->b, order, x[0], x[1], "");
      return jit_comparison(e, bits, x[0]);
    }
  }
  return NULL;
}

static LLVMValueRef or_of(jit_emitter *e, const graph_node *node, tg_type type, LLVMValueRef *x)
{
  LLVMValueRef y = type == TG_BOOL ? less_equal(e, node) : NULL;
  return y == NULL ? LLVMBuildOr(e->b, x[0], x[1], "") : y;
}

/* LLVM leaves a shift by the width or more undefined. */
static LLVMValueRef shift(jit_emitter *e, tg_op op, tg_type type, LLVMValueRef *x)
{
  LLVMTypeRef t = LLVMTypeOf(x[0]);
  unsigned width = type_table[type].bits;
  LLVMValueRef is_inside = LLVMBuildICmp(e->b, LLVMIntULT, x[1], jit_const_int(t, width), "");
  if (op == TG_OP_SHR && type_table[type].is_signed) {
    LLVMValueRef distance = LLVMBuildSelect(e->b, is_inside, x[1], jit_const_int(t, width - 1), "");
    return LLVMBuildAShr(e->b, x[0], distance, "");
  }
  LLVMValueRef distance = LLVMBuildSelect(e->b, is_inside, x[1], LLVMConstNull(t), "");
  LLVMValueRef y = op == TG_OP_SHL ? LLVMBuildShl(e->b, x[0], distance, "") : LLVMBuildLShr(e->b, x[0], distance, "");
  return LLVMBuildSelect(e->b, is_inside, y, LLVMConstNull(t), "");
}

/* A helper on vectors in memory. */
static LLVMValueRef helped(jit_emitter *e, jit_helper_id id, const graph_node *node, LLVMValueRef *x, unsigned n)
{
  LLVMTypeRef type = jit_vector(jit_scalar_type(e, jit_type(e, node->first_result)), e->n_lanes);
  LLVMValueRef out = jit_room(e, type), addresses[4] = {out};
  for (unsigned i = 0; i < n; i++) {
    addresses[1 + i] = jit_spill(e, jit_spread(e, x[i]));
  }
  jit_help(e, id, (uint64_t)(node - e->g->nodes.data), addresses, n + 1);
  return jit_load(e, type, out, 16);
}

static LLVMValueRef fma_of(jit_emitter *e, const graph_node *node, LLVMValueRef *x)
{
  return e->target->has_fma ? jit_intrinsic(e, "llvm.fma", LLVMTypeOf(x[0]), x, 3) : helped(e, JIT_H_FMA, node, x, 3);
}

static LLVMValueRef round_of(jit_emitter *e, const graph_node *node, LLVMValueRef *x)
{
  static const char *const names[TG_ROUNDING_COUNT] = {"llvm.roundeven", "llvm.floor", "llvm.ceil", "llvm.trunc"};
  return e->target->has_round ? jit_intrinsic(e, names[node->detail], LLVMTypeOf(x[0]), x, 1)
                              : helped(e, JIT_H_ROUND, node, x, 1);
}

static LLVMValueRef bitcast(jit_emitter *e, const graph_node *node, tg_type type, LLVMValueRef x)
{
  LLVMTypeRef to = jit_like(x, jit_scalar_type(e, (tg_type)node->type));
  return LLVMBuildBitCast(e->b, jit_canonical(e, type, x), to, "");
}

static LLVMValueRef select_of(jit_emitter *e, const graph_node *node, LLVMValueRef *x)
{
  LLVMValueRef condition = jit_value(e, node_args(e->g, node)[0]);
  return jit_select(e, condition, x[1], x[2]);
}

static LLVMValueRef value_of(jit_emitter *e, const graph_node *node, tg_type type, LLVMValueRef *x)
{
  switch ((int)node->op) {
  case TG_OP_CONST: return jit_const_bits(e, (tg_type)node->type, node->imm);
  case TG_OP_ADD: return add(e, type, x);
  case TG_OP_NEG: return is_float(type) ? LLVMBuildFNeg(e->b, x[0], "") : LLVMBuildNeg(e->b, x[0], "");
  case TG_OP_SUB: return sub(e, type, x);
  case TG_OP_MUL: return mul(e, type, x);
  case TG_OP_SHL:
  case TG_OP_SHR: return shift(e, (tg_op)node->op, type, x);
  case TG_OP_OR: return or_of(e, node, type, x);
  case TG_OP_AND: return LLVMBuildAnd(e->b, x[0], x[1], "");
  case TG_OP_XOR: return LLVMBuildXor(e->b, x[0], x[1], "");
  case TG_OP_NOT: return LLVMBuildNot(e->b, x[0], "");
  case TG_OP_ANDNOT: return LLVMBuildAnd(e->b, x[0], LLVMBuildNot(e->b, x[1], ""), "");
  case TG_OP_LT: return jit_comparison(e, less(e, type, x[0], x[1]), x[0]);
  case TG_OP_EQ: return jit_comparison(e, equal(e, type, x[0], x[1]), x[0]);
  case TG_OP_SELECT: return select_of(e, node, x);
  case TG_OP_MAX: return LLVMBuildSelect(e->b, less(e, type, x[0], x[1]), x[1], x[0], "");
  case TG_OP_DIV: return LLVMBuildFDiv(e->b, x[0], x[1], "");
  case TG_OP_SQRT: return jit_intrinsic(e, "llvm.sqrt", LLVMTypeOf(x[0]), x, 1);
  case TG_OP_FMA: return fma_of(e, node, x);
  case TG_OP_ROUND: return round_of(e, node, x);
  case TG_OP_CONVERT: return jit_convert(e, type, (tg_type)node->type, x[0]);
  case TG_OP_BITCAST: return bitcast(e, node, type, x[0]);
  default: return NULL;
  }
}

void jit_emit_elementwise(jit_emitter *e, const graph_node *node)
{
  LLVMValueRef x[3] = {NULL, NULL, NULL};
  tg_type type = node->n_args > 0 ? jit_type(e, node_args(e->g, node)[0]) : TG_BOOL;
  jit_operands(e, node, x, node->n_args);
  if (type == TG_BOOL && node->n_args == 2) {
    jit_unify_masks(e, x);
  }
  LLVMValueRef half = jit_half(e, node);
  e->values[node->first_result] = half == NULL ? value_of(e, node, type, x) : half;
}
