/* check.c: every rule that a node must keep, in one place. graph_add asks it before it adds anything, so a graph that
 * exists is a graph that is right, whoever built it. The rules are those of docs/spec.md chapters 2, 3, 6 and 7. */
#include "graph/graph.h"

#include <string.h>

/* ---- arguments ---- */

static const char *op_name(const node_spec *spec)
{
  return op_table[spec->op].name;
}

static const graph_value *value_of(const tg_graph *g, uint32_t v)
{
  return &g->values.data[v];
}

static tg_type type_of(const tg_graph *g, const node_spec *spec, size_t i)
{
  return (tg_type)value_of(g, spec->args[i])->type;
}

static bool is_scalar(const tg_graph *g, uint32_t v)
{
  return value_of(g, v)->array_length == 0;
}

static bool args_visible(tg_graph *g, const node_spec *spec)
{
  for (size_t i = 0; i < spec->n_args; i++) {
    uint32_t v = spec->args[i];
    if (v >= g->values.n) {
      return graph_fail(g, TG_VERIFY, "%s: operand %zu is not a value of this graph", op_name(spec), i + 1);
    }
    if (!g->scopes.data[value_of(g, v)->scope].is_open) {
      graph_fail(g, TG_VERIFY, "%s: operand %zu was defined in a body that has ended", op_name(spec), i + 1);
      return graph_fail_hint(g, "pass it out of the body with yield");
    }
  }
  return true;
}

static bool arg_count(tg_graph *g, const node_spec *spec)
{
  int want = rule_table[op_table[spec->op].rule].n_args;
  if (want >= 0 && spec->n_args != (size_t)want) {
    return graph_fail(g, TG_VERIFY, "%s takes %d operand%s, not %zu", op_name(spec), want, want == 1 ? "" : "s",
                      spec->n_args);
  }
  return true;
}

static bool args_scalar(tg_graph *g, const node_spec *spec)
{
  for (size_t i = 0; i < spec->n_args; i++) {
    if (!is_scalar(g, spec->args[i])) {
      graph_fail(g, TG_VERIFY, "%s: operand %zu is an array", op_name(spec), i + 1);
      return graph_fail_hint(g, "load an element of it with aload");
    }
  }
  return true;
}

static bool want_class(tg_graph *g, const node_spec *spec, size_t i, unsigned classes)
{
  static const char *const names[8] = {"nothing",         "bool",     "an integer", "an integer or bool", "a float",
                                       "a float or bool", "a number", "any type"};
  tg_type type = type_of(g, spec, i);
  if (!type_in(type, classes)) {
    return graph_fail(g, TG_VERIFY, "%s: operand %zu is %s, but must be %s", op_name(spec), i + 1,
                      type_table[type].name, names[classes]);
  }
  return true;
}

/* Operands first .. n_args-1 have one type, of the rule's class. */
static bool want_same(tg_graph *g, const node_spec *spec, size_t first)
{
  if (!want_class(g, spec, first, rule_table[op_table[spec->op].rule].class)) {
    return false;
  }
  for (size_t i = first + 1; i < spec->n_args; i++) {
    if (type_of(g, spec, i) != type_of(g, spec, first)) {
      graph_fail(g, TG_VERIFY, "%s: operand %zu is %s, but operand %zu is %s", op_name(spec), first + 1,
                 type_table[type_of(g, spec, first)].name, i + 1, type_table[type_of(g, spec, i)].name);
      return graph_fail_hint(g, "convert one of them");
    }
  }
  return true;
}

static bool want_uniform(tg_graph *g, const node_spec *spec, uint32_t v, const char *what)
{
  if (!value_of(g, v)->is_uniform) {
    return graph_fail(g, TG_VERIFY, "%s: %s must be uniform: made from constants and parameters alone", op_name(spec),
                      what);
  }
  return true;
}

/* ---- places ---- */

static bool in_uniform(const tg_graph *g)
{
  return g->scopes.data[g->scope].in_uniform;
}

static bool check_place(tg_graph *g, const node_spec *spec)
{
  const op_row *row = &op_table[spec->op];
  bool is_lane_op =
      row->group == TG_GROUP_EFFECT || row->group == TG_GROUP_SINK || spec->op == TG_OP_LOAD || spec->op == TG_OP_IOTA;
  if (in_uniform(g) && is_lane_op) {
    return graph_fail(g, TG_VERIFY, "%s is not allowed in the uniform block", op_name(spec));
  }
  if ((row->flags & TG_SINKS) && g->scope != 0) {
    graph_fail(g, TG_VERIFY, "%s stands inside a body", op_name(spec));
    return graph_fail_hint(g, "yield the value and sink it after the body");
  }
  if ((row->flags & TG_OPENS) && spec->op != TG_OP_UNIFORM && g->depth >= TG_MAX_DEPTH) {
    return graph_fail(g, TG_LIMIT, "bodies are nested more than %d deep", TG_MAX_DEPTH);
  }
  return true;
}

/* ---- operands ---- */

static bool check_operand(tg_graph *g, const node_spec *spec, tg_operand_kind kind)
{
  if (spec->operand >= g->operands.n) {
    return graph_fail(g, TG_VERIFY, "%s: there is no such operand", op_name(spec));
  }
  const graph_operand *operand = &g->operands.data[spec->operand];
  if (operand->kind != kind) {
    return graph_fail(g, TG_VERIFY, "%s: operand %s has kind %s, not %s", op_name(spec), graph_str(g, operand->name),
                      operand_kind_names[operand->kind], operand_kind_names[kind]);
  }
  return true;
}

static bool check_written(tg_graph *g, const node_spec *spec, tg_operand_kind kind, tg_type type)
{
  if (!check_operand(g, spec, kind)) {
    return false;
  }
  const graph_operand *operand = &g->operands.data[spec->operand];
  const char *name = graph_str(g, operand->name);
  if (operand->writer != UINT32_MAX) {
    return graph_fail(g, TG_VERIFY, "%s: %s %s is written twice", op_name(spec), operand_kind_names[kind], name);
  }
  if (mode_table[operand->mode].type != type) {
    bool is_sum = spec->op == TG_OP_SUM;
    graph_fail(g, TG_VERIFY, "%s: the %s is %s, but %s %s has mode %s", op_name(spec), is_sum ? "sum" : "value",
               type_table[type].name, operand_kind_names[kind], name, mode_table[operand->mode].name);
    return graph_fail_hint(g, is_sum ? "sums of integers are i64 or u64: change the mode"
                                     : "convert the value, or change the mode");
  }
  return true;
}

/* ---- arrays ---- */

/* The path from the present body out to the one that defines v must not leave a loop, and a carried array may be
 * consumed only in its loop's step. */
static bool may_consume(tg_graph *g, const node_spec *spec, uint32_t v)
{
  const graph_value *value = value_of(g, v);
  bool through_step = false;
  if (value->is_consumed) {
    graph_fail(g, TG_VERIFY, "%s: the array has already been consumed", op_name(spec));
    return graph_fail_hint(g, "use the array that its astore, loop or branch gave");
  }
  for (uint32_t s = g->scope; s != value->scope; s = g->scopes.data[s].parent) {
    if (g->scopes.data[s].kind == SCOPE_LOOP) {
      graph_fail(g, TG_VERIFY, "%s: an array from outside a loop is consumed inside it", op_name(spec));
      return graph_fail_hint(g, "make the array a carried value of the loop");
    }
    through_step = through_step || (g->scopes.data[s].kind == SCOPE_STEP && g->scopes.data[s].parent == value->scope);
  }
  if (value->is_carried && !through_step) {
    return graph_fail(g, TG_VERIFY, "%s: a carried array is consumed in the loop's condition", op_name(spec));
  }
  return true;
}

static bool want_array(tg_graph *g, const node_spec *spec)
{
  const graph_value *array = value_of(g, spec->args[0]);
  if (array->array_length == 0) {
    return graph_fail(g, TG_VERIFY, "%s: operand 1 is not an array", op_name(spec));
  }
  if (!is_scalar(g, spec->args[1])) {
    return graph_fail(g, TG_VERIFY, "%s: operand 2 is an array", op_name(spec));
  }
  if (array->is_consumed) {
    return graph_fail(g, TG_VERIFY, "%s: the array has already been consumed", op_name(spec));
  }
  return want_class(g, spec, 1, TG_CLASS_INT);
}

static bool array_room(tg_graph *g, size_t bytes)
{
  g->array_bytes += bytes;
  return g->array_bytes <= TG_MAX_ARRAY_BYTES ||
         graph_fail(g, TG_LIMIT, "more than %d bytes of arrays in the graph", TG_MAX_ARRAY_BYTES);
}

static bool check_array(tg_graph *g, const node_spec *spec)
{
  if (spec->imm < 1) {
    return graph_fail(g, TG_VERIFY, "array: the length must be at least 1");
  }
  if (spec->imm > TG_MAX_ARRAY) {
    return graph_fail(g, TG_LIMIT, "array: more than %d elements", TG_MAX_ARRAY);
  }
  return array_room(g, (size_t)spec->imm * type_table[spec->type].bytes);
}

/* A loop keeps a carried array twice: as it is, and as it will be. */
static bool carried_room(tg_graph *g, const node_spec *spec)
{
  for (size_t i = 0; i < spec->n_args; i++) {
    const graph_value *value = value_of(g, spec->args[i]);
    if (!array_room(g, 2 * (size_t)value->array_length * type_table[value->type].bytes)) {
      return false;
    }
  }
  return true;
}

static bool check_astore(tg_graph *g, const node_spec *spec)
{
  if (!want_array(g, spec)) {
    return false;
  }
  const graph_value *array = value_of(g, spec->args[0]);
  if (!is_scalar(g, spec->args[2]) || type_of(g, spec, 2) != (tg_type)array->type) {
    return graph_fail(g, TG_VERIFY, "astore: the element must be %s, as the array", type_table[array->type].name);
  }
  return may_consume(g, spec, spec->args[0]);
}

/* Carried or yielded values: arrays among them are consumed, each once. Marking them here finds one passed twice; a
 * failure after it leaves a graph that is dead anyway. */
static bool check_passed(tg_graph *g, const node_spec *spec)
{
  for (size_t i = 0; i < spec->n_args; i++) {
    if (is_scalar(g, spec->args[i])) {
      continue;
    }
    if (!may_consume(g, spec, spec->args[i])) {
      return false;
    }
    g->values.data[spec->args[i]].is_consumed = true;
  }
  return true;
}

/* ---- structure ---- */

static bool same_shape(const tg_graph *g, uint32_t a, uint32_t b)
{
  const graph_value *x = value_of(g, a), *y = value_of(g, b);
  return x->type == y->type && x->array_length == y->array_length;
}

/* The values at `spec` have the types of those at want[0 .. n). */
static bool yields_like(tg_graph *g, const node_spec *spec, const uint32_t *want, size_t n, const char *whose)
{
  if (spec->n_args != n) {
    return graph_fail(g, TG_VERIFY, "yield gives %zu values, but %s has %zu", spec->n_args, whose, n);
  }
  for (size_t i = 0; i < n; i++) {
    if (!same_shape(g, spec->args[i], want[i])) {
      return graph_fail(g, TG_VERIFY, "yield: value %zu is %s%s, but %s has %s%s there", i + 1,
                        type_table[type_of(g, spec, i)].name, is_scalar(g, spec->args[i]) ? "" : "[]", whose,
                        type_table[value_of(g, want[i])->type].name, is_scalar(g, want[i]) ? "" : "[]");
    }
  }
  return true;
}

static bool check_yield(tg_graph *g, const node_spec *spec)
{
  const graph_scope *scope = &g->scopes.data[g->scope];
  const graph_node *owner = scope->kind == SCOPE_MAIN ? NULL : &g->nodes.data[scope->owner];
  switch ((scope_kind)scope->kind) {
  case SCOPE_MAIN: return graph_fail(g, TG_VERIFY, "yield outside a body");
  case SCOPE_LOOP: return graph_fail(g, TG_VERIFY, "a loop's body needs a test before its yield");
  case SCOPE_UNIFORM: return spec->n_args == 0 || graph_fail(g, TG_VERIFY, "the uniform block yields no values");
  case SCOPE_STEP: return yields_like(g, spec, node_args(g, owner), owner->n_args, "the loop") && check_passed(g, spec);
  case SCOPE_BODY:
    if (spec->n_args == 0) {
      return graph_fail(g, TG_VERIFY, "a branch must yield at least one value");
    }
    if (owner->n_bodies > 1) {
      const graph_node *first = &g->nodes.data[owner->mate];
      if (!yields_like(g, spec, node_args(g, first), first->n_args, "the first body")) {
        return false;
      }
    }
    return check_passed(g, spec);
  }
  return false;
}

static bool check_linear_entries(tg_graph *g, const node_spec *spec, size_t n_rows)
{
  tg_type type = type_of(g, spec, 0);
  for (size_t i = 0; i < spec->n_entries; i++) {
    const tg_entry *e = &spec->entries[i];
    if (e->row >= n_rows || e->column > spec->n_args) {
      return graph_fail(g, TG_VERIFY, "linear: entry %zu lies outside the matrix", i + 1);
    }
    if (i > 0 && (e->row < e[-1].row || (e->row == e[-1].row && e->column <= e[-1].column))) {
      return graph_fail(g, TG_VERIFY, "linear: entry %zu does not follow the one before it in row and column", i + 1);
    }
    if (e->value >= g->values.n || !g->scopes.data[value_of(g, e->value)->scope].is_open) {
      return graph_fail(g, TG_VERIFY, "linear: the value of entry %zu is not visible here", i + 1);
    }
    if (!is_scalar(g, e->value) || value_of(g, e->value)->type != type) {
      return graph_fail(g, TG_VERIFY, "linear: the value of entry %zu must be %s", i + 1, type_table[type].name);
    }
    if (!want_uniform(g, spec, e->value, "an entry")) {
      return false;
    }
  }
  return true;
}

static bool check_linear(tg_graph *g, const node_spec *spec)
{
  unsigned ring = spec->detail & 255u, format = spec->detail >> 8;
  if (ring >= TG_RING_COUNT || format >= TG_FORMAT_COUNT) {
    return graph_fail(g, TG_VERIFY, "linear: no such ring or format");
  }
  if (spec->n_args == 0 || spec->n_results == 0) {
    return graph_fail(g, TG_VERIFY, "linear needs at least one x and one y");
  }
  if (!args_scalar(g, spec) || !want_same(g, spec, 0)) {
    return false;
  }
  tg_type type = type_of(g, spec, 0);
  bool is_float = type_in(type, TG_CLASS_FLOAT);
  if (is_float != (ring == TG_RING_FLOAT) || (ring == TG_RING_MOD && type_table[type].is_signed)) {
    return graph_fail(g, TG_VERIFY, "linear: ring %s does not go with %s", ring_names[ring], type_table[type].name);
  }
  if (ring == TG_RING_MOD && (spec->imm < 1 || (spec->imm & ~type_mask(type)) != 0)) {
    return graph_fail(g, TG_VERIFY, "linear: the modulus must be at least 1 and fit %s", type_table[type].name);
  }
  return check_linear_entries(g, spec, spec->n_results * (ring == TG_RING_GF2 ? type_table[type].bits : 1u));
}

static bool check_loop(tg_graph *g, const node_spec *spec)
{
  if (spec->n_args == 0) {
    return graph_fail(g, TG_VERIFY, "a loop carries at least one value");
  }
  if (in_uniform(g)) {
    return args_scalar(g, spec);
  }
  return check_passed(g, spec) && carried_room(g, spec);
}

static bool check_test(tg_graph *g, const node_spec *spec)
{
  if (g->scopes.data[g->scope].kind != SCOPE_LOOP) {
    return graph_fail(g, TG_VERIFY, "test outside a loop's condition");
  }
  return want_class(g, spec, 0, TG_CLASS_BOOL);
}

static bool check_uniform(tg_graph *g)
{
  if (g->nodes.n != 0) {
    return graph_fail(g, TG_VERIFY, "the uniform block must come before every other node, and only once");
  }
  return true;
}

/* ---- sinks ---- */

static tg_type sum_type(tg_type type)
{
  if (type_in(type, TG_CLASS_FLOAT)) {
    return type;
  }
  return type_table[type].is_signed ? TG_I64 : TG_U64;
}

static bool check_arg(tg_graph *g, const node_spec *spec)
{
  if (!args_scalar(g, spec) || !want_class(g, spec, 1, TG_CLASS_NUMBER)) {
    return false;
  }
  if (g->n_arg_sinks >= TG_MAX_ARGS) {
    return graph_fail(g, TG_LIMIT, "more than %d argmin and argmax nodes", TG_MAX_ARGS);
  }
  return check_written(g, spec, TG_RESULT, type_of(g, spec, 0));
}

static bool check_combine(tg_graph *g, const node_spec *spec)
{
  if (spec->detail >= TG_FOLD_COUNT) {
    return graph_fail(g, TG_VERIFY, "combine: no such fold");
  }
  return args_scalar(g, spec) && want_class(g, spec, 0, TG_CLASS_INT) && want_class(g, spec, 1, TG_CLASS_INT) &&
         check_written(g, spec, TG_ACCUMULATOR, type_of(g, spec, 1));
}

/* ---- sources, conversions ---- */

static bool check_const(tg_graph *g, const node_spec *spec)
{
  if ((spec->imm & ~type_mask(spec->type)) != 0) {
    return graph_fail(g, TG_VERIFY, "const: the value does not fit %s", type_table[spec->type].name);
  }
  return true;
}

static bool check_bitcast(tg_graph *g, const node_spec *spec)
{
  if (!want_class(g, spec, 0, TG_CLASS_NUMBER)) {
    return false;
  }
  tg_type from = type_of(g, spec, 0);
  if (!type_in(spec->type, TG_CLASS_NUMBER) || type_table[from].bytes != type_table[spec->type].bytes) {
    return graph_fail(g, TG_VERIFY, "bitcast: %s and %s are not numbers of one size", type_table[from].name,
                      type_table[spec->type].name);
  }
  return true;
}

static bool check_trap(tg_graph *g, const node_spec *spec)
{
  if (spec->imm > INT32_MAX) {
    return graph_fail(g, TG_VERIFY, "trap: the code must be below 2^31");
  }
  return args_scalar(g, spec) && want_class(g, spec, 0, TG_CLASS_BOOL);
}

static bool check_charge(tg_graph *g, const node_spec *spec)
{
  if (!is_scalar(g, spec->args[0]) || type_of(g, spec, 0) != TG_U64) {
    return graph_fail(g, TG_VERIFY, "charge: the operand must be u64");
  }
  return true;
}

/* ---- the rules ---- */

static bool uniform_args(tg_graph *g, const node_spec *spec)
{
  return want_uniform(g, spec, spec->args[0], "the start") && want_uniform(g, spec, spec->args[1], "the stride");
}

static tg_type operand_type(const tg_graph *g, const node_spec *spec)
{
  return (tg_type)mode_table[g->operands.data[spec->operand].mode].type;
}

/* Checks by the operation's rule and tells the type of its results. */
static bool apply_rule(tg_graph *g, const node_spec *spec, tg_type *result)
{
  switch ((rule)op_table[spec->op].rule) {
  case TG_RULE_LOAD: return check_operand(g, spec, TG_INPUT) && (*result = operand_type(g, spec), true);
  case TG_RULE_PARAM: return check_operand(g, spec, TG_PARAM) && (*result = operand_type(g, spec), true);
  case TG_RULE_GATHER:
    return args_scalar(g, spec) && want_class(g, spec, 0, TG_CLASS_INT) && check_operand(g, spec, TG_TABLE) &&
           (*result = operand_type(g, spec), true);
  case TG_RULE_CONST: return (*result = spec->type, check_const(g, spec));
  case TG_RULE_IOTA:
    return args_scalar(g, spec) && want_same(g, spec, 0) && uniform_args(g, spec) &&
           (*result = type_of(g, spec, 0), true);
  case TG_RULE_UNARY:
  case TG_RULE_BINARY:
  case TG_RULE_DIVMOD:
  case TG_RULE_INT_BINARY:
  case TG_RULE_BITS_UNARY:
  case TG_RULE_BITS_BINARY:
  case TG_RULE_FLOAT_UNARY:
  case TG_RULE_FLOAT_BINARY:
  case TG_RULE_FLOAT_TERNARY:
    if (spec->op == TG_OP_ROUND && spec->detail >= TG_ROUNDING_COUNT) {
      return graph_fail(g, TG_VERIFY, "round: no such rounding");
    }
    return args_scalar(g, spec) && want_same(g, spec, 0) && (*result = type_of(g, spec, 0), true);
  case TG_RULE_LESS:
  case TG_RULE_EQUAL: return args_scalar(g, spec) && want_same(g, spec, 0) && (*result = TG_BOOL, true);
  case TG_RULE_SELECT:
    return args_scalar(g, spec) && want_class(g, spec, 0, TG_CLASS_BOOL) && want_same(g, spec, 1) &&
           (*result = type_of(g, spec, 1), true);
  case TG_RULE_CONVERT: return args_scalar(g, spec) && (*result = spec->type, true);
  case TG_RULE_BITCAST: return args_scalar(g, spec) && (*result = spec->type, check_bitcast(g, spec));
  case TG_RULE_LOOP: return check_loop(g, spec);
  case TG_RULE_BRANCH: return args_scalar(g, spec) && want_class(g, spec, 0, TG_CLASS_BITS);
  case TG_RULE_LINEAR: return check_linear(g, spec) && (*result = type_of(g, spec, 0), true);
  case TG_RULE_TEST: return args_scalar(g, spec) && check_test(g, spec);
  case TG_RULE_YIELD: return check_yield(g, spec);
  case TG_RULE_UNIFORM: return check_uniform(g);
  case TG_RULE_ARRAY: return (*result = spec->type, check_array(g, spec));
  case TG_RULE_ALOAD: return want_array(g, spec) && (*result = type_of(g, spec, 0), true);
  case TG_RULE_ASTORE: return check_astore(g, spec) && (*result = type_of(g, spec, 0), true);
  case TG_RULE_TRAP: return check_trap(g, spec);
  case TG_RULE_CHARGE: return check_charge(g, spec);
  case TG_RULE_STORE: return args_scalar(g, spec) && check_written(g, spec, TG_OUTPUT, type_of(g, spec, 0));
  case TG_RULE_SUM: return args_scalar(g, spec) && check_written(g, spec, TG_RESULT, sum_type(type_of(g, spec, 0)));
  case TG_RULE_ARG: return check_arg(g, spec);
  case TG_RULE_COMBINE: return check_combine(g, spec);
  case TG_RULE_COUNT: break;
  }
  return graph_fail(g, TG_INTERNAL, "an operation without a rule");
}

bool check_node(tg_graph *g, const node_spec *spec, tg_type *result, uint32_t *array_length)
{
  *result = TG_BOOL;
  *array_length = 0;
  if ((unsigned)spec->op >= TG_OP_COUNT || (unsigned)spec->type >= TG_TYPE_COUNT) {
    return graph_fail(g, TG_VERIFY, "no such operation or type");
  }
  if (g->nodes.n >= TG_MAX_NODES || spec->n_results > TG_MAX_RESULTS || spec->n_args > TG_MAX_RESULTS) {
    return graph_fail(g, TG_LIMIT, "more than %d nodes, or more than %d operands or results of one", TG_MAX_NODES,
                      TG_MAX_RESULTS);
  }
  if (!arg_count(g, spec) || !args_visible(g, spec) || !check_place(g, spec) || !apply_rule(g, spec, result)) {
    return false;
  }
  if (spec->op == TG_OP_ARRAY) {
    *array_length = (uint32_t)spec->imm;
  } else if (spec->op == TG_OP_ASTORE) {
    *array_length = value_of(g, spec->args[0])->array_length;
  }
  return true;
}
