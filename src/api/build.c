/* build.c: the public graph builder: thin entry points over graph_add, and operations made of others. */
#include "base/float.h"
#include "graph/graph.h"
#include "graph/lex.h"

#include <string.h>

/* ---- operands ---- */

/* graph_add asks this itself. */
static bool is_open(tg_graph *g)
{
  return g->error.code == TG_OK && (!g->is_finished || graph_fail(g, TG_ARGUMENT, "a change to a finished graph"));
}

tg_operand tg_declare(tg_graph *g, tg_operand_kind kind, const char *name, tg_mode mode)
{
  return !is_open(g) ? TG_POISON : graph_declare(g, kind, name, strlen(name), mode);
}

/* A NaN without its payload; bits too wide for the type stay as they are. */
static uint64_t canonical(tg_type type, uint64_t bits)
{
  if (type == TG_F32 && bits <= UINT32_MAX) {
    return f32_canonical((uint32_t)bits);
  }
  return type == TG_F64 ? f64_canonical(bits) : bits;
}

void tg_param_default(tg_graph *g, tg_operand operand, uint64_t bits)
{
  if (!is_open(g)) {
    return;
  }
  if (operand >= g->operands.n || g->operands.data[operand].kind != TG_PARAM) {
    graph_fail(g, TG_VERIFY, "a default for an operand that is not a param");
    return;
  }
  graph_operand *param = &g->operands.data[operand];
  param->has_default = true;
  param->default_bits = canonical((tg_type)param->mode, bits & type_mask((tg_type)param->mode));
}

tg_value tg_name(tg_graph *g, tg_value value, const char *name)
{
  return is_open(g) && graph_name_value(g, value, name, strlen(name)) ? value : TG_POISON;
}

void tg_graph_set_doc(tg_graph *g, const char *doc)
{
  size_t n = strlen(doc);
  if (!is_open(g)) {
    return;
  }
  if (utf8_prefix(doc, n) != n) {
    graph_fail(g, TG_VERIFY, "the doc text is not UTF-8");
    return;
  }
  g->doc = graph_string(g, doc, n);
}

/* ---- nodes ---- */

/* A number of a small enumeration as the 8 bits of a node's detail; one that is none stays none, for the checker. */
static uint16_t detail_of(unsigned number, unsigned count)
{
  return (uint16_t)(number < count ? number : UINT8_MAX);
}

static tg_value add_nullary(tg_graph *g, tg_op op, tg_operand operand)
{
  return graph_add(g, &(node_spec){.op = op, .operand = operand});
}

static tg_value add_unary(tg_graph *g, tg_op op, tg_value a)
{
  return graph_add(g, &(node_spec){.op = op, .args = &a, .n_args = 1});
}

static tg_value add_binary(tg_graph *g, tg_op op, tg_value a, tg_value b)
{
  return graph_add(g, &(node_spec){.op = op, .args = (tg_value[]){a, b}, .n_args = 2});
}

static tg_value add_ternary(tg_graph *g, tg_op op, tg_value a, tg_value b, tg_value c)
{
  return graph_add(g, &(node_spec){.op = op, .args = (tg_value[]){a, b, c}, .n_args = 3});
}

tg_value tg_param(tg_graph *g, tg_operand param)
{
  return add_nullary(g, TG_OP_PARAM, param);
}

tg_value tg_load(tg_graph *g, tg_operand input)
{
  return add_nullary(g, TG_OP_LOAD, input);
}

tg_value tg_iota(tg_graph *g, tg_value start, tg_value stride)
{
  return add_binary(g, TG_OP_IOTA, start, stride);
}

tg_value tg_add(tg_graph *g, tg_value a, tg_value b)
{
  return add_binary(g, TG_OP_ADD, a, b);
}

tg_value tg_neg(tg_graph *g, tg_value a)
{
  return add_unary(g, TG_OP_NEG, a);
}

tg_value tg_sub(tg_graph *g, tg_value a, tg_value b)
{
  return add_binary(g, TG_OP_SUB, a, b);
}

tg_value tg_mul(tg_graph *g, tg_value a, tg_value b)
{
  return add_binary(g, TG_OP_MUL, a, b);
}

tg_value tg_divmod(tg_graph *g, tg_value a, tg_value b, tg_value *remainder)
{
  tg_value quotient = add_binary(g, TG_OP_DIVMOD, a, b);
  if (remainder != NULL) {
    *remainder = quotient == TG_POISON ? TG_POISON : quotient + 1;
  }
  return quotient;
}

tg_value tg_shl(tg_graph *g, tg_value a, tg_value distance)
{
  return add_binary(g, TG_OP_SHL, a, distance);
}

tg_value tg_shr(tg_graph *g, tg_value a, tg_value distance)
{
  return add_binary(g, TG_OP_SHR, a, distance);
}

tg_value tg_or(tg_graph *g, tg_value a, tg_value b)
{
  return add_binary(g, TG_OP_OR, a, b);
}

tg_value tg_and(tg_graph *g, tg_value a, tg_value b)
{
  return add_binary(g, TG_OP_AND, a, b);
}

tg_value tg_xor(tg_graph *g, tg_value a, tg_value b)
{
  return add_binary(g, TG_OP_XOR, a, b);
}

tg_value tg_not(tg_graph *g, tg_value a)
{
  return add_unary(g, TG_OP_NOT, a);
}

tg_value tg_andnot(tg_graph *g, tg_value a, tg_value b)
{
  return add_binary(g, TG_OP_ANDNOT, a, b);
}

tg_value tg_lt(tg_graph *g, tg_value a, tg_value b)
{
  return add_binary(g, TG_OP_LT, a, b);
}

tg_value tg_eq(tg_graph *g, tg_value a, tg_value b)
{
  return add_binary(g, TG_OP_EQ, a, b);
}

tg_value tg_select(tg_graph *g, tg_value condition, tg_value a, tg_value b)
{
  return add_ternary(g, TG_OP_SELECT, condition, a, b);
}

tg_value tg_max(tg_graph *g, tg_value a, tg_value b)
{
  return add_binary(g, TG_OP_MAX, a, b);
}

tg_value tg_div(tg_graph *g, tg_value a, tg_value b)
{
  return add_binary(g, TG_OP_DIV, a, b);
}

tg_value tg_sqrt(tg_graph *g, tg_value a)
{
  return add_unary(g, TG_OP_SQRT, a);
}

tg_value tg_fma(tg_graph *g, tg_value a, tg_value b, tg_value c)
{
  return add_ternary(g, TG_OP_FMA, a, b, c);
}

tg_value tg_round(tg_graph *g, tg_rounding rounding, tg_value a)
{
  return graph_add(
      g, &(node_spec){
             .op = TG_OP_ROUND, .detail = detail_of((unsigned)rounding, TG_ROUNDING_COUNT), .args = &a, .n_args = 1});
}

tg_value tg_convert(tg_graph *g, tg_type to, tg_value a)
{
  return graph_add(g, &(node_spec){.op = TG_OP_CONVERT, .type = to, .args = &a, .n_args = 1});
}

tg_value tg_bitcast(tg_graph *g, tg_type to, tg_value a)
{
  return graph_add(g, &(node_spec){.op = TG_OP_BITCAST, .type = to, .args = &a, .n_args = 1});
}

tg_value tg_gather(tg_graph *g, tg_operand table, tg_value index)
{
  return graph_add(g, &(node_spec){.op = TG_OP_GATHER, .operand = table, .args = &index, .n_args = 1});
}

/* ---- constants ---- */

tg_value tg_const(tg_graph *g, tg_type type, uint64_t bits)
{
  return graph_add(g, &(node_spec){.op = TG_OP_CONST, .type = type, .imm = canonical(type, bits)});
}

tg_value tg_const_i64(tg_graph *g, tg_type type, int64_t value)
{
  if (g->error.code != TG_OK) {
    return TG_POISON;
  }
  if ((unsigned)type >= TG_TYPE_COUNT || !type_in(type, TG_CLASS_INT)) {
    graph_fail(g, TG_VERIFY, "tg_const_i64: %s is not an integer type", tg_type_name(type));
    return TG_POISON;
  }
  const type_info *info = &type_table[type];
  int64_t lowest = info->is_signed ? -(int64_t)(type_mask(type) >> 1) - 1 : 0;
  uint64_t greatest = info->is_signed ? type_mask(type) >> 1 : type_mask(type);
  if (value < lowest || (value > 0 && (uint64_t)value > greatest)) {
    graph_fail(g, TG_VERIFY, "const: %lld does not fit %s", (long long)value, info->name);
    return TG_POISON;
  }
  return tg_const(g, type, (uint64_t)value & type_mask(type));
}

uint64_t tg_bits_f32(float value)
{
  return f32_bits(value);
}

uint64_t tg_bits_f64(double value)
{
  return f64_bits(value);
}

tg_value tg_const_f32(tg_graph *g, float value)
{
  return tg_const(g, TG_F32, f32_bits(value));
}

tg_value tg_const_f64(tg_graph *g, double value)
{
  return tg_const(g, TG_F64, f64_bits(value));
}

/* ---- made of others ---- */

tg_value tg_min(tg_graph *g, tg_value a, tg_value b)
{
  return tg_select(g, tg_lt(g, b, a), b, a);
}

tg_value tg_ne(tg_graph *g, tg_value a, tg_value b)
{
  return tg_not(g, tg_eq(g, a, b));
}

tg_value tg_gt(tg_graph *g, tg_value a, tg_value b)
{
  return tg_lt(g, b, a);
}

tg_value tg_le(tg_graph *g, tg_value a, tg_value b)
{
  return tg_or(g, tg_lt(g, a, b), tg_eq(g, a, b));
}

tg_value tg_ge(tg_graph *g, tg_value a, tg_value b)
{
  return tg_le(g, b, a);
}

/* The integer type of a float's size with the bit pattern that clears the sign. */
static tg_value clear_sign(tg_graph *g, tg_type type, tg_value a)
{
  tg_type bits = type == TG_F32 ? TG_U32 : TG_U64;
  tg_value magnitude = tg_const(g, bits, type_mask(bits) >> 1);
  return tg_bitcast(g, type, tg_and(g, tg_bitcast(g, bits, a), magnitude));
}

tg_value tg_abs(tg_graph *g, tg_value a)
{
  if (g->error.code != TG_OK || a >= g->values.n) {
    return add_unary(g, TG_OP_NEG, a);
  }
  tg_type type = (tg_type)g->values.data[a].type;
  if (type_in(type, TG_CLASS_FLOAT)) {
    return clear_sign(g, type, a);
  }
  return tg_select(g, tg_lt(g, a, tg_const(g, type, 0)), tg_neg(g, a), a);
}

/* ---- structure ---- */

/* Copies n consecutive handles, or n poisoned ones. */
static void hand_out(tg_value first, size_t n, tg_value *to)
{
  for (size_t i = 0; to != NULL && i < n; i++) {
    to[i] = first == TG_POISON ? TG_POISON : first + (tg_value)i;
  }
}

void tg_loop_begin(tg_graph *g, const tg_value *start, size_t n, uint32_t position, tg_value *carried)
{
  tg_value first = graph_add(g, &(node_spec){.op = TG_OP_LOOP, .position = position, .args = start, .n_args = n});
  hand_out(first, n, carried);
}

void tg_loop_test(tg_graph *g, tg_value condition)
{
  add_unary(g, TG_OP_TEST, condition);
}

/* What a yield ends decides how many results there are: not n for a loop directly in the uniform block. */
static void add_yield(tg_graph *g, const tg_value *values, size_t n, bool is_last, tg_value *results)
{
  uint32_t owner = g->scopes.data[g->scope].owner;
  tg_value first =
      graph_add(g, &(node_spec){.op = TG_OP_YIELD, .detail = is_last ? 1 : 0, .args = values, .n_args = n});
  size_t n_results = first == TG_POISON ? n : g->nodes.data[owner].n_results;
  hand_out(first, n_results, results);
}

static bool want_scope(tg_graph *g, scope_kind kind, const char *what)
{
  if (g->error.code == TG_OK && g->scopes.data[g->scope].kind != kind) {
    graph_fail(g, TG_VERIFY, "%s is called where no such body is open", what);
  }
  return g->error.code == TG_OK;
}

void tg_loop_end(tg_graph *g, const tg_value *next, size_t n, tg_value *results)
{
  want_scope(g, SCOPE_STEP, "tg_loop_end");
  add_yield(g, next, n, true, results);
}

void tg_branch_begin(tg_graph *g, tg_value selector)
{
  add_unary(g, TG_OP_BRANCH, selector);
}

void tg_branch_next(tg_graph *g, const tg_value *values, size_t n)
{
  want_scope(g, SCOPE_BODY, "tg_branch_next");
  add_yield(g, values, n, false, NULL);
}

void tg_branch_end(tg_graph *g, const tg_value *values, size_t n, tg_value *results)
{
  want_scope(g, SCOPE_BODY, "tg_branch_end");
  add_yield(g, values, n, true, results);
}

void tg_uniform_begin(tg_graph *g)
{
  graph_add(g, &(node_spec){.op = TG_OP_UNIFORM});
}

void tg_uniform_end(tg_graph *g)
{
  want_scope(g, SCOPE_UNIFORM, "tg_uniform_end");
  graph_add(g, &(node_spec){.op = TG_OP_YIELD, .detail = 1});
}

void tg_linear_apply(tg_graph *g, const tg_linear *linear, tg_value *y)
{
  tg_linear l = TG_LINEAR_INIT;
  if (linear->size == 0 || linear->size > sizeof l) {
    graph_fail(g, TG_ARGUMENT, "tg_linear_apply: the structure's size is not one that this library knows");
    return;
  }
  memcpy(&l, linear, linear->size);
  tg_value first = graph_add(g, &(node_spec){.op = TG_OP_LINEAR,
                                             .detail = (uint16_t)(detail_of((unsigned)l.ring, TG_RING_COUNT) |
                                                                  detail_of((unsigned)l.format, TG_FORMAT_COUNT) << 8),
                                             .imm = l.ring == TG_RING_MOD ? l.modulus : 0,
                                             .args = l.x,
                                             .n_args = l.n_x,
                                             .entries = l.entries,
                                             .n_entries = l.n_entries,
                                             .n_results = l.n_y});
  hand_out(first, l.n_y, y);
}

/* ---- effects and sinks ---- */

tg_value tg_array(tg_graph *g, tg_type type, uint32_t length)
{
  return graph_add(g, &(node_spec){.op = TG_OP_ARRAY, .type = type, .imm = length});
}

tg_value tg_aload(tg_graph *g, tg_value array, tg_value index)
{
  return add_binary(g, TG_OP_ALOAD, array, index);
}

tg_value tg_astore(tg_graph *g, tg_value array, tg_value index, tg_value element)
{
  return add_ternary(g, TG_OP_ASTORE, array, index, element);
}

void tg_trap(tg_graph *g, tg_value condition, uint32_t code, uint32_t position)
{
  graph_add(g, &(node_spec){.op = TG_OP_TRAP, .position = position, .imm = code, .args = &condition, .n_args = 1});
}

void tg_charge(tg_graph *g, tg_value iterations, uint32_t position)
{
  graph_add(g, &(node_spec){.op = TG_OP_CHARGE, .position = position, .args = &iterations, .n_args = 1});
}

static void add_sink(tg_graph *g, tg_op op, tg_operand operand, const tg_value *args, size_t n_args)
{
  graph_add(g, &(node_spec){.op = op, .operand = operand, .args = args, .n_args = n_args});
}

void tg_store(tg_graph *g, tg_operand output, tg_value value)
{
  add_sink(g, TG_OP_STORE, output, &value, 1);
}

void tg_sum(tg_graph *g, tg_operand result, tg_value value)
{
  add_sink(g, TG_OP_SUM, result, &value, 1);
}

void tg_argmin(tg_graph *g, tg_operand result, tg_value index, tg_value data)
{
  add_sink(g, TG_OP_ARGMIN, result, (tg_value[2]){index, data}, 2);
}

void tg_argmax(tg_graph *g, tg_operand result, tg_value index, tg_value data)
{
  add_sink(g, TG_OP_ARGMAX, result, (tg_value[2]){index, data}, 2);
}

void tg_combine(tg_graph *g, tg_operand accumulator, tg_fold fold, tg_value slot, tg_value value)
{
  graph_add(g, &(node_spec){.op = TG_OP_COMBINE,
                            .detail = detail_of((unsigned)fold, TG_FOLD_COUNT),
                            .operand = accumulator,
                            .args = (tg_value[]){slot, value},
                            .n_args = 2});
}
