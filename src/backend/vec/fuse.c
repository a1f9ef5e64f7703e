/* fuse.c: pairs of operations that one kernel does: where the only use of a sum, difference or product is another such
 * operation or a quotient of the same body, what it gives needs no register; neither does a product that is only summed
 * up, nor an iota that is nothing but an index of argmin and argmax, which need a few elements of it. The value is then
 * made by its user, and its operands live until there. */
#include "backend/vec/plan.h"

/* ---- what is fused ---- */

static int first_op(const graph_node *node)
{
  switch ((int)node->op) {
  case TG_OP_ADD: return VEC_FIRST_ADD;
  case TG_OP_SUB: return VEC_FIRST_SUB;
  case TG_OP_MUL: return VEC_FIRST_MUL;
  default: return -1;
  }
}

/* The second operation, where the first makes its operand number k. */
static int second_op(const graph_node *node, uint32_t k)
{
  switch ((int)node->op) {
  case TG_OP_ADD: return VEC_SECOND_ADD;
  case TG_OP_SUB: return k == 0 ? VEC_SECOND_SUB : VEC_SECOND_FROM;
  case TG_OP_MUL: return VEC_SECOND_MUL;
  case TG_OP_DIV: return k == 0 ? VEC_SECOND_DIV : VEC_SECOND_OVER;
  default: return -1;
  }
}

/* The kernel of a pair where there is one, or NULL. */
static vec_fused_fn *find_pair(vec_fused_fn *const (*table)[VEC_SECOND_COUNT][TG_TYPE_COUNT], int first, int second,
                               tg_type type)
{
  return first < 0 || second < 0 ? NULL : table[first][second][type];
}

/* Whether a node makes one of its operands itself. */
static bool is_second(const vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  for (uint32_t k = 0; k < node->n_args; k++) {
    if (p->fused[node_args(p->g, node)[k]] == i) {
      return true;
    }
  }
  return false;
}

static bool is_arg(const graph_node *node)
{
  return node->op == TG_OP_ARGMIN || node->op == TG_OP_ARGMAX;
}

static bool is_iota(const vec_planner *p, uint32_t v)
{
  return p->made_at[v] != VEC_NONE && p->g->nodes.data[p->made_at[v]].op == TG_OP_IOTA;
}

/* While pairs are looked for, `stamp` is how often a value is used: of an iota, not as an index of argmin and argmax.
 */
static void count_uses(vec_planner *p)
{
  for (uint32_t v = 0; v < p->g->values.n; v++) {
    p->stamp[v] = 0;
    p->made_at[v] = p->fused[v] = VEC_NONE;
  }
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    for (uint32_t k = 0; k < node->n_results; k++) {
      p->made_at[node->first_result + k] = i;
    }
    for (uint32_t k = is_arg(node) && is_iota(p, node_args(p->g, node)[0]) ? 1 : 0; k < node->n_args; k++) {
      p->stamp[node_args(p->g, node)[k]]++;
    }
  }
}

/* The node that makes a value for a single use, if its operation can be the first of a pair; else NULL. */
static const graph_node *first_of(const vec_planner *p, uint32_t v)
{
  if (p->stamp[v] != 1 || p->made_at[v] == VEC_NONE || p->g->values.data[v].is_uniform || p->is_level[v]) {
    return NULL;
  }
  const graph_node *first = &p->g->nodes.data[p->made_at[v]];
  return first_op(first) >= 0 && !is_second(p, p->made_at[v]) ? first : NULL;
}

static bool can_fuse(const vec_planner *p, uint32_t i, uint32_t k)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t v = node_args(p->g, node)[k];
  const graph_node *first = first_of(p, v);
  return first != NULL && p->g->values.data[v].scope == p->g->values.data[node->first_result].scope &&
         find_pair(p->code->kernels->fused, first_op(first), second_op(node, k), plan_type(p, v)) != NULL;
}

static bool can_sum(const vec_planner *p, uint32_t v)
{
  const graph_node *first = first_of(p, v);
  if (first == NULL || first->op != TG_OP_MUL || p->g->values.data[v].scope != 0 ||
      p->code->kernels->sum_product[plan_type(p, v)] == NULL) {
    return false;
  }
  const uint32_t *args = node_args(p->g, first);
  return !plan_is_scalar(p, args[0]) && !plan_is_scalar(p, args[1]);
}

static void fuse(vec_planner *p, uint32_t v, uint32_t user, uint32_t last)
{
  const graph_node *first = &p->g->nodes.data[p->made_at[v]];
  p->fused[v] = user;
  for (uint32_t k = 0; k < first->n_args; k++) {
    uint32_t arg = node_args(p->g, first)[k];
    p->last_use[arg] = p->last_use[arg] < last ? last : p->last_use[arg];
  }
}

/* Whether one operand of a node is a constant that keeps what a NaN is: all bits but the sign in `and`, the sign in
 * `or` and `xor`. */
static bool keeps_nans(const vec_planner *p, const graph_node *node, uint32_t k, tg_type type)
{
  uint32_t v = node_args(p->g, node)[k];
  uint64_t most = type_mask(type) >> 1, sign = most + 1;
  if (p->made_at[v] == VEC_NONE || p->g->nodes.data[p->made_at[v]].op != TG_OP_CONST) {
    return false;
  }
  bool is_sign = node->op == TG_OP_OR || node->op == TG_OP_XOR;
  return p->g->nodes.data[p->made_at[v]].imm == (is_sign ? sign : most) && (is_sign || node->op == TG_OP_AND);
}

/* Where a float's sign is changed through its bits, the bits need not be made canonical first: what comes out is a
 * float again, whose NaNs may be any. The node that changes them then reads the float itself. */
static void find_sign(vec_planner *p, uint32_t i)
{
  const graph_node *back = &p->g->nodes.data[i];
  uint32_t changed = node_args(p->g, back)[0], j = p->made_at[changed];
  tg_type type = plan_type(p, back->first_result);
  if (j == VEC_NONE || p->stamp[changed] != 1 || p->is_level[changed] || !type_in(type, TG_CLASS_FLOAT)) {
    return;
  }
  const graph_node *change = &p->g->nodes.data[j];
  for (uint32_t k = 0; k < 2 && change->n_args == 2; k++) {
    uint32_t bits = node_args(p->g, change)[k], at = p->made_at[bits];
    if (at != VEC_NONE && p->g->nodes.data[at].op == TG_OP_BITCAST && p->stamp[bits] == 1 &&
        plan_type(p, node_args(p->g, &p->g->nodes.data[at])[0]) == type && !p->g->values.data[bits].is_uniform &&
        p->g->values.data[bits].scope == p->g->values.data[changed].scope && keeps_nans(p, change, 1 - k, type)) {
      fuse(p, bits, j, j);
      return;
    }
  }
}

void fuse_find(vec_planner *p)
{
  count_uses(p);
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    const uint32_t *args = node_args(p->g, node);
    if (node->op == TG_OP_SUM && can_sum(p, args[0])) {
      fuse(p, args[0], i, (uint32_t)p->g->nodes.n);
    } else if (is_arg(node) && is_iota(p, args[0]) && p->stamp[args[0]] == 0) {
      p->fused[args[0]] = i;
    } else if (node->op == TG_OP_BITCAST) {
      find_sign(p, i);
    } else if (second_op(node, 0) >= 0 && (can_fuse(p, i, 0) || can_fuse(p, i, 1))) {
      fuse(p, args[can_fuse(p, i, 0) ? 0 : 1], i, i);
    }
  }
  pattern_find(p);
}

/* ---- instructions ---- */

/* The result may be made where it is to be stored, as emit.c does with single operations. */
static void aim(vec_planner *p, const graph_node *node, vec_instr *instr, vec_function at_store)
{
  tg_type type = plan_type(p, node->first_result);
  uint32_t output = p->stored[node->first_result];
  if (!p->failed && output != VEC_NONE && p->g->values.data[node->first_result].scope == 0 &&
      (tg_type)p->g->operands.data[output].mode == type) {
    instr->fn_store = type_in(type, TG_CLASS_FLOAT) ? at_store : instr->fn;
    instr->store = output;
    p->code->aimed[output] = true;
  }
}

static void emit_pair(vec_planner *p, uint32_t i, uint32_t k)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  uint32_t made_at = p->made_at[args[k]];
  const graph_node *first = &p->g->nodes.data[made_at];
  uint32_t v[3] = {node_args(p->g, first)[0], node_args(p->g, first)[1], args[1 - k]}, r[3];
  tg_type type = plan_type(p, args[k]);
  uint8_t scalars = 0;
  for (uint32_t x = 0; x < 3; x++) {
    r[x] = plan_register(p, v[x]);
    scalars |= (uint8_t)(plan_is_scalar(p, v[x]) << x);
  }
  plan_expire_args(p, made_at, i);
  plan_expire_args(p, i, i);
  uint32_t out = plan_define(p, node->first_result);
  vec_instr *instr = emit_add(p, VEC_I_FUSED, i);
  instr->out = out;
  instr->a = r[0];
  instr->b = r[1];
  instr->c = r[2];
  instr->scalars = scalars;
  int op = first_op(first), then = second_op(node, k);
  instr->fn.fused = find_pair(p->code->kernels->fused, op, then, type);
  aim(p, node, instr, (vec_function){.fused = find_pair(p->code->kernels->fused_canonical, op, then, type)});
}

bool fuse_emit(vec_planner *p, uint32_t i)
{
  if (pattern_emit(p, i)) {
    return true;
  }
  const graph_node *node = &p->g->nodes.data[i];
  for (uint32_t k = 0; k < node->n_args; k++) {
    uint32_t v = node_args(p->g, node)[k];
    if (p->fused[v] == i && second_op(node, k) >= 0) {
      emit_pair(p, i, k);
      return true;
    }
    if (p->fused[v] == i) { /* bits of a float, which are read where the float is */
      p->code->value[v] = plan_register(p, node_args(p->g, &p->g->nodes.data[p->made_at[v]])[0]);
    }
  }
  return false;
}
