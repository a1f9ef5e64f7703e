/* pattern.c: larger groups of operations that one kernel does, each for programs that have it often:
 *
 *   a <= b                            graphs have it as a < b or a = b
 *   the halves of u64(x) * k          k a constant below 2^32: the lower is a product of 32 bits; the upper one has a
 *                                     kernel, which does up to two xors of it besides. Random numbers are made so
 *   u64(low) | u64(high) << 32        two words as one
 *
 * What is made on the way is hidden: it has no register, and the operands of the group live until its last node. */
#include "backend/vec/plan.h"

/* What a value is: of a product of 64 bits first candidates, which are spoiled if anything else is done with them. */
enum { NOTHING, SPOILED, PRODUCT, SHIFTED, HIGH, HIGH_XOR, HIGH_XOR_XOR, LOW, LESS_EQUAL, JOINED };

/* ---- looking at nodes ---- */

static const graph_node *node_at(const vec_planner *p, uint32_t i)
{
  return &p->g->nodes.data[i];
}

static uint32_t arg_of(const vec_planner *p, const graph_node *node, uint32_t k)
{
  return node_args(p->g, node)[k];
}

static const graph_node *maker(const vec_planner *p, uint32_t v)
{
  return p->made_at[v] == VEC_NONE ? NULL : node_at(p, p->made_at[v]);
}

static bool is_op(const vec_planner *p, uint32_t v, tg_op op)
{
  const graph_node *node = maker(p, v);
  return node != NULL && node->op == op;
}

static bool is_constant(const vec_planner *p, uint32_t v, uint64_t least, uint64_t most)
{
  const graph_node *node = maker(p, v);
  return node != NULL && node->op == TG_OP_CONST && node->imm >= least && node->imm <= most;
}

/* A stream, made in the same body as `other`. */
static bool is_beside(const vec_planner *p, uint32_t v, uint32_t other)
{
  return !p->g->values.data[v].is_uniform && !p->is_level[v] &&
         p->g->values.data[v].scope == p->g->values.data[other].scope;
}

static bool is_used_once_by(const vec_planner *p, uint32_t v, uint32_t user)
{
  return p->stamp[v] == 1 && p->fused[v] == VEC_NONE && is_beside(p, v, user);
}

/* Whether v is u64(x) of a stream of u32. */
static bool is_widened(const vec_planner *p, uint32_t v)
{
  return is_op(p, v, TG_OP_CONVERT) && plan_type(p, v) == TG_U64 && plan_type(p, arg_of(p, maker(p, v), 0)) == TG_U32;
}

static void hide(vec_planner *p, uint32_t v)
{
  p->fused[v] = (uint32_t)p->g->nodes.n; /* no node's number: the group's last node knows */
}

static void extend(vec_planner *p, uint32_t v, uint32_t until)
{
  p->last_use[v] = p->last_use[v] < until ? until : p->last_use[v];
}

/* ---- halves of products ---- */

/* Which operand of a product is the widened one; 2: it is no such product. */
static uint32_t widened_factor(const vec_planner *p, const graph_node *node)
{
  for (uint32_t k = 0; k < 2; k++) {
    uint32_t v = arg_of(p, node, k);
    if (is_widened(p, v) && is_beside(p, v, node->first_result) &&
        is_constant(p, arg_of(p, node, 1 - k), 0, UINT32_MAX)) {
      return k;
    }
  }
  return 2;
}

static void find_candidates(vec_planner *p)
{
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = node_at(p, i);
    uint32_t v = node->first_result;
    if (node->op == TG_OP_MUL && plan_type(p, v) == TG_U64 && is_beside(p, v, v) && widened_factor(p, node) < 2) {
      p->role[v] = PRODUCT;
    } else if (node->op == TG_OP_SHR && p->role[arg_of(p, node, 0)] == PRODUCT &&
               is_constant(p, arg_of(p, node, 1), 32, 32) && is_beside(p, arg_of(p, node, 0), v)) {
      p->role[v] = SHIFTED;
    }
  }
}

static bool takes_half(const vec_planner *p, const graph_node *node)
{
  tg_type type = node->op == TG_OP_CONVERT ? plan_type(p, node->first_result) : TG_BOOL;
  return (type == TG_U32 || type == TG_I32) && is_beside(p, arg_of(p, node, 0), node->first_result);
}

/* Candidates of which anything but halves is used; a product with its shifted form. */
static void spoil(vec_planner *p)
{
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = node_at(p, i);
    for (uint32_t k = 0; k < node->n_args; k++) {
      uint32_t v = arg_of(p, node, k);
      bool is_shift = p->role[v] == PRODUCT && node->op == TG_OP_SHR && p->role[node->first_result] == SHIFTED;
      if (p->role[v] != NOTHING && !is_shift && !takes_half(p, node)) {
        p->role[v] = SPOILED;
      }
    }
  }
  for (int pass = 0; pass < 2; pass++) { /* first to the product, then to its other shifted forms */
    for (uint32_t i = 0; i < p->g->nodes.n; i++) {
      const graph_node *node = node_at(p, i);
      uint32_t v = node->first_result;
      if (node->op == TG_OP_SHR && (p->role[v] == SPOILED || p->role[v] == SHIFTED)) {
        uint32_t product = arg_of(p, node, 0);
        p->role[product] = p->role[v] == SPOILED ? SPOILED : p->role[product];
        p->role[v] = p->role[product] == SPOILED ? SPOILED : p->role[v];
      }
    }
  }
}

/* Which operand of an xor is the hidden one. */
static uint32_t hidden_operand(const vec_planner *p, const graph_node *node)
{
  uint32_t v = arg_of(p, node, 0);
  return p->fused[v] != VEC_NONE && (p->role[v] == HIGH || p->role[v] == HIGH_XOR) ? 0 : 1;
}

/* The product behind a half. */
static const graph_node *product_of(const vec_planner *p, uint32_t v)
{
  const graph_node *node = maker(p, v);
  while (p->role[node->first_result] != PRODUCT) {
    node = maker(p, arg_of(p, node, node->op == TG_OP_XOR ? hidden_operand(p, node) : 0));
  }
  return node;
}

static uint32_t product_operand(const vec_planner *p, const graph_node *product)
{
  return arg_of(p, maker(p, arg_of(p, product, widened_factor(p, product))), 0);
}

/* An xor that takes in the upper half, or the xor before it. */
static void find_xor(vec_planner *p, uint32_t i)
{
  const graph_node *node = node_at(p, i);
  for (uint32_t k = 0; k < 2; k++) {
    uint32_t v = arg_of(p, node, k);
    if ((p->role[v] == HIGH || p->role[v] == HIGH_XOR) && is_used_once_by(p, v, node->first_result)) {
      hide(p, v);
      p->role[node->first_result] = p->role[v] + 1;
      return;
    }
  }
}

static void find_halves(vec_planner *p)
{
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = node_at(p, i);
    uint32_t v = node->first_result;
    if (node->n_args == 0 || node->n_results == 0) {
      continue;
    }
    uint8_t role = p->role[arg_of(p, node, 0)];
    if (node->op == TG_OP_MUL && p->role[v] == PRODUCT) {
      uint32_t wide = arg_of(p, node, widened_factor(p, node));
      hide(p, v);
      if (p->stamp[wide] == 1) {
        hide(p, wide);
      }
    } else if (node->op == TG_OP_SHR && p->role[v] == SHIFTED) {
      hide(p, v);
    } else if (node->op == TG_OP_CONVERT && (role == PRODUCT || role == SHIFTED)) {
      p->role[v] = role == PRODUCT ? LOW : HIGH;
    } else if (node->op == TG_OP_XOR) {
      find_xor(p, i);
    }
    if (p->role[v] >= HIGH && p->role[v] <= LOW) {
      extend(p, product_operand(p, product_of(p, v)), i);
    }
    if (p->role[v] == HIGH_XOR_XOR) {
      const graph_node *inner = maker(p, arg_of(p, node, hidden_operand(p, node)));
      extend(p, arg_of(p, inner, 1 - hidden_operand(p, inner)), i);
    }
  }
}

/* ---- other groups ---- */

/* a < b or a = b, in any order. */
static void find_less_equal(vec_planner *p, uint32_t i)
{
  const graph_node *node = node_at(p, i);
  for (uint32_t k = 0; k < 2; k++) {
    uint32_t less = arg_of(p, node, k), equal = arg_of(p, node, 1 - k);
    if (!is_op(p, less, TG_OP_LT) || !is_op(p, equal, TG_OP_EQ) || !is_used_once_by(p, less, node->first_result) ||
        !is_used_once_by(p, equal, node->first_result)) {
      continue;
    }
    const uint32_t *a = node_args(p->g, maker(p, less)), *b = node_args(p->g, maker(p, equal));
    if ((a[0] == b[0] && a[1] == b[1]) || (a[0] == b[1] && a[1] == b[0])) {
      hide(p, less);
      hide(p, equal);
      extend(p, a[0], i);
      extend(p, a[1], i);
      p->role[node->first_result] = LESS_EQUAL;
      return;
    }
  }
}

/* Low and high words joined, in any order. */
static void find_joined(vec_planner *p, uint32_t i)
{
  const graph_node *node = node_at(p, i);
  for (uint32_t k = 0; k < 2; k++) {
    uint32_t low = arg_of(p, node, k), high = arg_of(p, node, 1 - k);
    const graph_node *shift = maker(p, high);
    if (!is_widened(p, low) || shift == NULL || shift->op != TG_OP_SHL || !is_widened(p, arg_of(p, shift, 0)) ||
        !is_constant(p, arg_of(p, shift, 1), 32, 32) || !is_used_once_by(p, low, node->first_result) ||
        !is_used_once_by(p, high, node->first_result) || !is_used_once_by(p, arg_of(p, shift, 0), node->first_result)) {
      continue;
    }
    hide(p, low);
    hide(p, high);
    hide(p, arg_of(p, shift, 0));
    extend(p, arg_of(p, maker(p, low), 0), i);
    extend(p, arg_of(p, maker(p, arg_of(p, shift, 0)), 0), i);
    p->role[node->first_result] = JOINED;
    return;
  }
}

void pattern_find(vec_planner *p)
{
  const vec_kernels *kernels = p->code->kernels;
  if (kernels->high != NULL) {
    find_candidates(p);
    spoil(p);
    find_halves(p);
  }
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = node_at(p, i);
    if (node->op != TG_OP_OR || !is_beside(p, node->first_result, node->first_result)) {
      continue;
    }
    tg_type type = plan_type(p, node->first_result);
    if (type == TG_BOOL) {
      find_less_equal(p, i);
    } else if (type == TG_U64 && kernels->join != NULL) {
      find_joined(p, i);
    }
  }
}

/* ---- instructions ---- */

/* Operand number `bit` of an upper half: what is xored to it. */
static void emit_xored(vec_planner *p, uint32_t v, vec_instr *how, int bit)
{
  uint32_t r = plan_register(p, v);
  *(bit == 1 ? &how->b : &how->c) = r;
  how->absent &= (uint8_t) ~(1U << bit);
  how->scalars |= (uint8_t)(plan_is_scalar(p, v) << bit);
}

static void emit_high(vec_planner *p, uint32_t i)
{
  const graph_node *node = node_at(p, i), *product = product_of(p, node->first_result), *at = node;
  uint32_t factor = arg_of(p, product, 1 - widened_factor(p, product)),
           x = plan_register(p, product_operand(p, product));
  vec_instr how = {.a = x, .b = x, .c = x, .absent = 6};
  for (int bit = 2; at->op == TG_OP_XOR; bit--) {
    uint32_t k = hidden_operand(p, at);
    emit_xored(p, arg_of(p, at, 1 - k), &how, bit);
    plan_expire_args(p, p->made_at[at->first_result], i);
    at = maker(p, arg_of(p, at, k));
  }
  plan_expire_args(p, p->made_at[arg_of(p, product, widened_factor(p, product))], i);
  uint32_t out = plan_define(p, node->first_result);
  vec_instr *instr = emit_add(p, VEC_I_HIGH, i);
  instr->out = out;
  instr->a = how.a;
  instr->b = how.b;
  instr->c = how.c;
  instr->absent = how.absent;
  instr->scalars = how.scalars;
  instr->factor = (uint32_t)maker(p, factor)->imm;
  instr->fn.high = p->code->kernels->high;
}

/* A kernel of two operands, which are needed no longer than their own nodes say. */
static void emit_two(vec_planner *p, uint32_t i, vec_binary_fn *fn, const uint32_t ab[2])
{
  uint32_t a = plan_register(p, ab[0]), b = plan_register(p, ab[1]);
  uint32_t out = plan_define(p, node_at(p, i)->first_result);
  vec_instr *instr = emit_add(p, VEC_I_BINARY, i);
  instr->out = out;
  instr->a = a;
  instr->b = b;
  instr->fn.binary = fn;
}

/* The product of 32 bits; its other factor lies in the first four bytes of eight, as all vectors here have it. */
static void emit_low(vec_planner *p, uint32_t i)
{
  const graph_node *product = product_of(p, node_at(p, i)->first_result);
  uint32_t k = widened_factor(p, product);
  emit_two(p, i, p->code->kernels->binary[VEC_MUL][TG_U32][VEC_VS],
           (uint32_t[]){product_operand(p, product), arg_of(p, product, 1 - k)});
}

static void emit_less_equal(vec_planner *p, uint32_t i)
{
  const graph_node *node = node_at(p, i);
  uint32_t k = is_op(p, arg_of(p, node, 0), TG_OP_LT) ? 0 : 1;
  const uint32_t *args = node_args(p->g, maker(p, arg_of(p, node, k)));
  vec_form form = plan_is_scalar(p, args[1]) ? VEC_VS : plan_is_scalar(p, args[0]) ? VEC_SV : VEC_VV;
  emit_two(p, i, p->code->kernels->binary[VEC_LE][plan_type(p, args[0])][form], args);
}

static void emit_joined(vec_planner *p, uint32_t i)
{
  const graph_node *node = node_at(p, i);
  uint32_t k = is_op(p, arg_of(p, node, 0), TG_OP_CONVERT) ? 0 : 1;
  const graph_node *shift = maker(p, arg_of(p, node, 1 - k));
  emit_two(p, i, p->code->kernels->join,
           (uint32_t[]){arg_of(p, maker(p, arg_of(p, node, k)), 0), arg_of(p, maker(p, arg_of(p, shift, 0)), 0)});
}

bool pattern_emit(vec_planner *p, uint32_t i)
{
  switch (p->role[node_at(p, i)->first_result]) {
  case HIGH:
  case HIGH_XOR:
  case HIGH_XOR_XOR: emit_high(p, i); return true;
  case LOW: emit_low(p, i); return true;
  case LESS_EQUAL: emit_less_equal(p, i); return true;
  case JOINED: emit_joined(p, i); return true;
  default: return false;
  }
}
