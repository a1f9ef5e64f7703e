/* control.c: nodes in program order, and branches. A branch by a uniform selector jumps; else each body is run with the
 * lanes that chose it, a long one only if there are any, and the yields are selected. */
#include "backend/llvm/emit.h"

#include "graph/copy.h"

typedef struct joined {
  LLVMValueRef alive, fuel;
} joined;

static LLVMTypeRef result_type(jit_emitter *e, uint32_t v)
{
  const graph_value *value = &e->g->values.data[v];
  LLVMTypeRef type = value->array_length > 0 ? jit_int(e, 64) : jit_scalar_type(e, (tg_type)value->type);
  bool is_mask = value->type == TG_BOOL && value->array_length == 0 && !e->target->has_mask_registers;
  type = is_mask && e->varies[v] && e->n_lanes > 1 ? jit_int(e, e->code->mask_bits) : type;
  return e->varies[v] ? jit_vector(type, e->n_lanes) : type;
}

LLVMValueRef jit_join_two(jit_emitter *e, LLVMValueRef a, LLVMBasicBlockRef at_a, LLVMValueRef b,
                          LLVMBasicBlockRef at_b)
{
  if (a == b) {
    return a;
  }
  LLVMValueRef phi = LLVMBuildPhi(e->b, LLVMTypeOf(a), "");
  LLVMAddIncoming(phi, &a, &at_a, 1);
  LLVMAddIncoming(phi, &b, &at_b, 1);
  return phi;
}

/* The value of a yield, with the shape that the branch's result has. */
static LLVMValueRef yielded(jit_emitter *e, uint32_t arg, uint32_t result)
{
  return e->varies[result] ? jit_wide(e, arg) : jit_value(e, arg);
}

static bool is_in_place(const jit_emitter *e, uint32_t result)
{
  return e->g->values.data[result].array_length > 0 && e->code->origins[result] != result;
}

/* ---- bodies ---- */

static LLVMValueRef is_body(jit_emitter *e, LLVMValueRef index, uint32_t k)
{
  return LLVMBuildICmp(e->b, LLVMIntEQ, index, jit_const_int(LLVMTypeOf(index), k), "");
}

LLVMValueRef jit_choosing(jit_emitter *e, const graph_node *node, uint32_t k)
{
  uint32_t selector = node_args(e->g, node)[0];
  LLVMValueRef x = jit_value(e, selector);
  tg_type type = jit_type(e, selector);
  if (type == TG_BOOL && k < 2) {
    return k == 0 ? LLVMBuildNot(e->b, x, "") : x;
  }
  bool is_number = k <= type_mask(type) >> type_table[type].is_signed; /* of the type; a negative one is no body's */
  return is_number ? jit_comparison(e, is_body(e, x, k), x) : LLVMBuildNot(e->b, jit_all_lanes(e), "");
}

/* ---- a uniform selector ---- */

/* Where the bodies meet: phis of their yields and of the state of lanes. */
typedef struct meeting {
  LLVMBasicBlockRef block;
  joined before, after;
} meeting;

static meeting open_meeting(jit_emitter *e, const graph_node *node)
{
  LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b);
  meeting m = {jit_block(e, "joined"), {e->alive, e->fuel}, {NULL, NULL}};
  LLVMPositionBuilderAtEnd(e->b, m.block);
  for (uint32_t v = node->first_result; v < node->first_result + node->n_results; v++) {
    e->values[v] = LLVMBuildPhi(e->b, result_type(e, v), "");
  }
  m.after.alive = e->alive == NULL ? NULL : LLVMBuildPhi(e->b, LLVMTypeOf(e->alive), "");
  m.after.fuel = e->fuel == NULL ? NULL : LLVMBuildPhi(e->b, LLVMTypeOf(e->fuel), "");
  LLVMPositionBuilderAtEnd(e->b, here);
  return m;
}

static void run_to_meeting(jit_emitter *e, const graph_node *node, uint32_t body, const meeting *m)
{
  uint32_t end = branch_yield(e->g, node, body);
  const uint32_t *args = node_args(e->g, &e->g->nodes.data[end]);
  e->alive = m->before.alive;
  e->fuel = m->before.fuel;
  jit_count(e, branch_body(e->g, node, body), end, false);
  jit_emit_nodes(e, branch_body(e->g, node, body), end);
  for (uint32_t k = 0; k < node->n_results; k++) {
    LLVMValueRef phi = e->values[node->first_result + k];
    LLVMValueRef v = jit_fit(e, yielded(e, args[k], node->first_result + k), LLVMTypeOf(phi));
    LLVMBasicBlockRef from = LLVMGetInsertBlock(e->b);
    LLVMAddIncoming(phi, &v, &from, 1);
  }
  LLVMBasicBlockRef from = LLVMGetInsertBlock(e->b);
  if (m->after.alive != NULL) {
    LLVMAddIncoming(m->after.alive, &e->alive, &from, 1);
  }
  if (m->after.fuel != NULL) {
    LLVMAddIncoming(m->after.fuel, &e->fuel, &from, 1);
  }
  LLVMBuildBr(e->b, m->block);
}

static void jump(jit_emitter *e, const graph_node *node, LLVMValueRef index)
{
  meeting m = open_meeting(e, node);
  for (uint32_t body = 0; body + 1 < node->n_bodies; body++) {
    LLVMBasicBlockRef here = jit_block(e, "body"), next = jit_block(e, "next");
    LLVMBuildCondBr(e->b, is_body(e, index, body), here, next);
    LLVMPositionBuilderAtEnd(e->b, here);
    run_to_meeting(e, node, body, &m);
    LLVMPositionBuilderAtEnd(e->b, next);
  }
  run_to_meeting(e, node, node->n_bodies - 1, &m);
  LLVMPositionBuilderAtEnd(e->b, m.block);
  e->alive = m.after.alive;
  e->fuel = m.after.fuel;
}

/* ---- a selector that differs between lanes ---- */

static bool is_long(const jit_emitter *e, uint32_t begin, uint32_t end)
{
  bool found = end - begin > JIT_LONG_BODY;
  for (uint32_t i = begin; i < end; i++) {
    found |= e->g->nodes.data[i].op == TG_OP_LOOP;
  }
  return found;
}

/* Runs a body; its yields go to `out`. */
static void run_body(jit_emitter *e, const graph_node *node, uint32_t body, LLVMValueRef *out)
{
  uint32_t begin = branch_body(e->g, node, body), end = branch_yield(e->g, node, body);
  const uint32_t *args = node_args(e->g, &e->g->nodes.data[end]);
  joined before = {e->alive, e->fuel};
  jit_if branch = {NULL, NULL};
  bool skips = is_long(e, begin, end);
  if (skips) {
    branch = jit_begin_if(e, jit_any(e, jit_running(e)));
  }
  jit_count(e, begin, end, false);
  jit_emit_nodes(e, begin, end);
  for (uint32_t k = 0; k < node->n_results; k++) {
    out[k] = yielded(e, args[k], node->first_result + k);
  }
  if (!skips) {
    return;
  }
  LLVMBasicBlockRef from = LLVMGetInsertBlock(e->b);
  jit_end_if(e, branch);
  for (uint32_t k = 0; k < node->n_results; k++) {
    if (!LLVMIsConstant(out[k])) {
      out[k] = jit_join_two(e, out[k], from, LLVMGetPoison(LLVMTypeOf(out[k])), branch.before);
    }
  }
  e->alive = e->alive == NULL ? NULL : jit_join_two(e, e->alive, from, before.alive, branch.before);
  e->fuel = e->fuel == NULL ? NULL : jit_join_two(e, e->fuel, from, before.fuel, branch.before);
}

static void choose(jit_emitter *e, const graph_node *node)
{
  LLVMValueRef outer = e->mask, *results = &e->values[node->first_result], last = NULL;
  LLVMValueRef *out = alloc_zeroed(&e->allocator, node->n_results, sizeof *out);
  if (out == NULL) {
    e->failed = true;
    return;
  }
  for (uint32_t body = 0; body < node->n_bodies; body++) {
    bool is_last = body + 1 == node->n_bodies;
    LLVMValueRef chosen = is_last ? NULL : jit_choosing(e, node, body);
    last = is_last ? last : last == NULL ? LLVMBuildNot(e->b, chosen, "") : jit_without(e, last, chosen);
    e->mask = jit_both(e, outer, is_last ? last : chosen);
    run_body(e, node, body, out);
    for (uint32_t k = 0; k < node->n_results; k++) {
      bool is_first = body == 0;
      results[k] = is_first ? out[k] : jit_select(e, is_last ? last : chosen, out[k], results[k]);
    }
  }
  alloc_free(&e->allocator, out, node->n_results, sizeof *out);
  e->mask = outer;
}

static uint32_t emit_branch(jit_emitter *e, uint32_t i)
{
  const graph_node *node = &e->g->nodes.data[i];
  uint32_t selector = node_args(e->g, node)[0];
  if (jit_is_wide(jit_value(e, selector))) {
    choose(e, node);
  } else {
    jump(e, node, jit_index(e, selector));
  }
  for (uint32_t v = node->first_result; v < node->first_result + node->n_results; v++) {
    if (is_in_place(e, v)) {
      e->values[v] = jit_value(e, e->code->origins[v]);
    }
  }
  return node->end + 1;
}

/* ---- nodes ---- */

/* What prepare gives to the lanes, and to helpers. */
static void keep_uniforms(jit_emitter *e, const graph_node *node)
{
  for (uint32_t v = node->first_result; v < node->first_result + node->n_results; v++) {
    if (e->code->slots[v] == UINT32_MAX) {
      continue;
    }
    unsigned bits = type_table[jit_type(e, v)].bits;
    LLVMValueRef x = LLVMBuildBitCast(e->b, jit_value(e, v), jit_int(e, bits), "");
    LLVMValueRef base = JIT_FIELD(e, e->top, uniforms, LLVMPointerTypeInContext(e->context, 0));
    LLVMValueRef at = jit_offset(e, e->b, base, LLVMConstInt(jit_int(e, 64), 8 * (uint64_t)e->code->slots[v], 0));
    LLVMBuildStore(e->b, LLVMBuildZExt(e->b, x, jit_int(e, 64), ""), at);
  }
}

static uint32_t emit_node(jit_emitter *e, uint32_t i)
{
  const graph_node *node = &e->g->nodes.data[i];
  switch ((int)node->op) {
  case TG_OP_LOOP: return jit_emit_loop(e, i);
  case TG_OP_BRANCH: return emit_branch(e, i);
  case TG_OP_LOAD:
  case TG_OP_IOTA:
  case TG_OP_GATHER:
  case TG_OP_PARAM: jit_emit_memory(e, i); break;
  case TG_OP_ARRAY:
  case TG_OP_ALOAD:
  case TG_OP_ASTORE:
  case TG_OP_TRAP:
  case TG_OP_CHARGE: jit_emit_effect(e, i); break;
  case TG_OP_DIVMOD: jit_emit_divmod(e, node); break;
  case TG_OP_LINEAR: jit_emit_linear(e, i); break;
  case TG_OP_TEST:
  case TG_OP_YIELD:
  case TG_OP_UNIFORM:
  case TG_OP_STORE:
  case TG_OP_SUM:
  case TG_OP_ARGMIN:
  case TG_OP_ARGMAX:
  case TG_OP_COMBINE: break;
  default: jit_emit_elementwise(e, node);
  }
  return i + 1;
}

/* What is the same in all lanes is a scalar, though a helper may have made it for each. */
static void keep_scalars(jit_emitter *e, const graph_node *node)
{
  for (uint32_t v = node->first_result; v < node->first_result + node->n_results; v++) {
    LLVMValueRef value = e->values[v];
    if (value != NULL && !e->varies[v] && jit_is_wide(value)) {
      value = jit_type(e, v) == TG_BOOL ? jit_bits(e, value) : value;
      e->values[v] = LLVMBuildExtractElement(e->b, value, LLVMConstNull(jit_int(e, 32)), "");
    }
  }
}

void jit_emit_nodes(jit_emitter *e, uint32_t begin, uint32_t end)
{
  for (uint32_t i = begin; i < end && !e->failed;) {
    const graph_node *node = &e->g->nodes.data[i];
    bool is_uniform = node->n_results > 0 && e->g->values.data[node->first_result].is_uniform;
    bool is_const = node->op == TG_OP_CONST;
    if (e->variant != JIT_PREPARE && is_uniform && !is_const) {
      i++; /* prepare made it */
      continue;
    }
    bool is_early = node->op == TG_OP_LOAD || node->op == TG_OP_IOTA || node->op == TG_OP_ARRAY;
    if (is_early && e->values[node->first_result] != NULL) {
      i++; /* an earlier stage read it, or slots own it */
      continue;
    }
    i = emit_node(e, i);
    keep_scalars(e, node);
    if (e->variant == JIT_PREPARE && is_uniform && node->op != TG_OP_PARAM) {
      keep_uniforms(e, node);
    }
  }
}
