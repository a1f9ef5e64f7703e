/* rules_test.c: proves the rules of rules.def by evaluation: both sides of every rule, for every type that it claims,
 * on edge values and random bits, must have the same bits (any NaN being equal to any NaN). Then it checks that the
 * pass finds each left side and makes of it what it makes of the right side. */
#include "base/fpenv.h"
#include "graph/copy.h"
#include "graph/element.h"
#include "graph/eval.h"
#include "graph/rewrite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_VALUES = 160, N_RANDOM = 300 };

/* ---- values ---- */

static uint64_t random_state = 1;

static uint64_t random_bits(void)
{
  random_state += UINT64_C(0x9E3779B97F4A7C15);
  uint64_t x = random_state;
  x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
  return x ^ x >> 31;
}

typedef struct values {
  uint64_t bits[MAX_VALUES];
  size_t n;
} values;

static void put(values *v, tg_type type, uint64_t bits)
{
  assert_true(v->n < MAX_VALUES);
  v->bits[v->n++] = bits & type_mask(type);
}

static void put_integers(values *v, tg_type type)
{
  static const uint64_t small[] = {0, 1, 2, 3, 5, 7, 8, 10, 15, 16, 31, 32, 63, 64, 100};
  uint64_t top = type_mask(type) ^ type_mask(type) >> 1;
  for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) {
    put(v, type, small[i]);
    put(v, type, 0 - small[i]);
  }
  put(v, type, top);
  put(v, type, top + 1);
  put(v, type, top - 1);
  for (unsigned k = 9; k < type_table[type].bits; k += 5) {
    put(v, type, UINT64_C(1) << k);
    put(v, type, 0 - (UINT64_C(1) << k));
  }
}

/* Both signs of zero, the subnormals, the ends, one and its neighbours, infinity, NaN; halves; and powers of two. */
static void put_floats(values *v, tg_type type)
{
  unsigned fraction = type == TG_F32 ? 23 : 52;
  uint64_t sign = UINT64_C(1) << (type_table[type].bits - 1), unit = UINT64_C(1) << fraction;
  uint64_t infinity = sign - unit, one = (infinity >> (fraction + 1) << fraction);
  const uint64_t edges[] = {0,
                            1,
                            unit - 1,
                            unit,
                            infinity - 1,
                            infinity,
                            one,
                            one - 1,
                            one + 1,
                            one - unit,
                            one + unit / 2,
                            one + 3 * unit / 2,
                            infinity + unit / 2,
                            unit / 2,
                            infinity - unit,
                            one + (unit << 5) + 12345};
  for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
    put(v, type, edges[i]);
    put(v, type, edges[i] | sign);
  }
  for (uint64_t exponent = 0; exponent < infinity / unit; exponent += type == TG_F32 ? 3 : 25) {
    put(v, type, exponent * unit);
  }
}

static void fill(values *v, tg_type type)
{
  v->n = 0;
  if (type == TG_BOOL) {
    put(v, type, 0);
    put(v, type, 1);
  } else if (type_in(type, TG_CLASS_INT)) {
    put_integers(v, type);
  } else {
    put_floats(v, type);
  }
}

/* ---- trees ---- */

typedef struct typed {
  tg_type type;
  uint64_t bits;
} typed;

/* Evaluates one node: a graph of just that. Gives its first result, and the second through `second`. */
static typed eval_op(tg_op op, tg_type type, uint16_t detail, const typed *x, uint64_t *second)
{
  int n_args = rule_table[op_table[op].rule].n_args;
  uint32_t args[3] = {0, 1, 2};
  uint64_t bits[5] = {0};
  graph_value nodes[5] = {{0}};
  for (int k = 0; k < n_args; k++) {
    bits[k] = x[k].bits;
    nodes[k].type = (uint8_t)x[k].type;
  }
  tg_graph one = {.args.data = args, .values.data = nodes};
  graph_node node = {
      .op = (uint8_t)op, .type = (uint8_t)type, .detail = detail, .n_args = (uint32_t)n_args, .first_result = 3};
  eval_node(&one, &node, bits);
  tg_type result = op == TG_OP_SELECT ? x[1].type : x[0].type;
  result = op == TG_OP_CONVERT || op == TG_OP_BITCAST ? type : op == TG_OP_LT || op == TG_OP_EQ ? TG_BOOL : result;
  *second = value_canonical(result, bits[4]);
  return (typed){result, value_canonical(result, bits[3])};
}

static typed eval_term(const term **next, const binding *b, uint64_t *second)
{
  const term *t = (*next)++;
  tg_type type = b->type[TYPE_T];
  uint64_t bits = 0;
  typed args[3] = {{TG_BOOL, 0}};
  switch ((term_kind)t->kind) {
  case TERM_VAR: return (typed){b->type[var_type((term_var)t->what)], b->bits[t->what]};
  case TERM_CONST:
    type = b->type[named_type((named_const)t->what)];
    assert_true(named_bits((named_const)t->what, type, &bits));
    return (typed){type, bits};
  case TERM_ZEROS: return (typed){type, trailing_zeros(b->bits[VAR_K])};
  case TERM_END: fail_msg("a tree that ends too early"); break;
  case TERM_OP: break;
  }
  for (int k = 0; k < rule_table[op_table[t->what].rule].n_args; k++) {
    args[k] = eval_term(next, b, second);
  }
  bool names_type = t->what == TG_OP_CONVERT || t->what == TG_OP_BITCAST;
  return eval_op((tg_op)t->what, names_type ? b->type[t->extra] : TG_BOOL,
                 t->what == TG_OP_ROUND ? b->rounding[t->extra] : 0, args, second);
}

static bool is_pair(const rewrite *r)
{
  return r->from[0].what == TG_OP_DIVMOD;
}

static void check_values(const rewrite *r, const binding *b)
{
  uint64_t second = 0, ignored;
  const term *from = r->from, *to = r->to;
  typed left = eval_term(&from, b, &second), right = eval_term(&to, b, &ignored);
  typed right2 = is_pair(r) ? eval_term(&to, b, &ignored) : right;
  right.bits = value_canonical(right.type, right.bits);
  if (left.type != right.type || left.bits != right.bits || (is_pair(r) && second != right2.bits)) {
    fail_msg("%s for T = %s, U = %s, S = %s: A %llx B %llx C %llx X %llx P %llx K %llx L %llx: %llx, not %llx", r->text,
             tg_type_name(b->type[TYPE_T]), tg_type_name(b->type[TYPE_U]), tg_type_name(b->type[TYPE_S]),
             (unsigned long long)b->bits[VAR_A], (unsigned long long)b->bits[VAR_B], (unsigned long long)b->bits[VAR_C],
             (unsigned long long)b->bits[VAR_X], (unsigned long long)b->bits[VAR_P], (unsigned long long)b->bits[VAR_K],
             (unsigned long long)b->bits[VAR_L], (unsigned long long)left.bits, (unsigned long long)right.bits);
  }
}

/* ---- all values, types and roundings of a rule ---- */

typedef struct needs {
  term_var vars[VAR_COUNT];
  size_t n_vars;
  bool u, s, rounding;
} needs;

static needs find_needs(const rewrite *r)
{
  needs n = {{VAR_A}, 0, false, false, false};
  bool seen[VAR_COUNT] = {false};
  for (const term *t = r->from; t->kind != TERM_END; t++) {
    if (t->kind == TERM_VAR && !seen[t->what]) {
      seen[t->what] = true;
      n.vars[n.n_vars++] = (term_var)t->what;
    }
    bool names_type = t->kind == TERM_OP && (t->what == TG_OP_CONVERT || t->what == TG_OP_BITCAST);
    n.u = n.u || (names_type && t->extra == TYPE_U) || (t->kind == TERM_VAR && t->what == VAR_X);
    n.s = n.s || (names_type && t->extra == TYPE_S);
    n.rounding = n.rounding || (t->kind == TERM_OP && t->what == TG_OP_ROUND);
  }
  return n;
}

/* A bitcast in the pattern is one that a graph can have. */
static bool bitcasts_fit(const rewrite *r, const binding *b)
{
  for (const term *t = r->from; t->kind != TERM_END; t++) {
    if (t->kind == TERM_OP && t->what == TG_OP_BITCAST &&
        (tg_type_bytes(b->type[t->extra]) != tg_type_bytes(b->type[TYPE_T]) || b->type[t->extra] == TG_BOOL)) {
      return false;
    }
  }
  return true;
}

static const values *values_of(const values all[TG_TYPE_COUNT], const binding *b, term_var var)
{
  return &all[b->type[var_type(var)]];
}

static size_t check_if_allowed(const rewrite *r, const binding *b)
{
  if (!guard_holds((guard)r->guard, b)) {
    return 0;
  }
  check_values(r, b);
  return 1;
}

/* The first two variables take all pairs of edge values; then all take edge values and random bits at random. Gives how
 * often the guard held. */
static size_t try_values(const rewrite *r, const needs *n, binding *b, const values all[TG_TYPE_COUNT])
{
  size_t n_held = 0, n_first = n->n_vars > 0 ? values_of(all, b, n->vars[0])->n : 1;
  size_t n_second = n->n_vars > 1 ? values_of(all, b, n->vars[1])->n : 1;
  for (size_t i = 0; i < n_first * n_second + N_RANDOM; i++) {
    for (size_t k = 0; k < n->n_vars; k++) {
      const values *v = values_of(all, b, n->vars[k]);
      uint64_t x = random_bits();
      bool is_edge = v->n == 2 || (x & 3) != 0;
      b->bits[n->vars[k]] = is_edge ? v->bits[(x >> 8) % v->n] : x & type_mask(b->type[var_type(n->vars[k])]);
    }
    if (i < n_first * n_second) {
      b->bits[n->vars[0]] = n->n_vars > 0 ? values_of(all, b, n->vars[0])->bits[i % n_first] : 0;
      b->bits[n->vars[n->n_vars > 1]] =
          n->n_vars > 1 ? values_of(all, b, n->vars[1])->bits[i / n_first] : b->bits[n->vars[0]];
    }
    n_held += check_if_allowed(r, b);
  }
  return n_held;
}

static size_t try_roundings(const rewrite *r, const needs *n, binding *b, const values all[TG_TYPE_COUNT])
{
  size_t n_held = 0;
  for (unsigned k = 0; k < (n->rounding ? TG_ROUNDING_COUNT * TG_ROUNDING_COUNT : 1u); k++) {
    b->rounding[0] = (uint16_t)(k % TG_ROUNDING_COUNT);
    b->rounding[1] = (uint16_t)(k / TG_ROUNDING_COUNT);
    n_held += try_values(r, n, b, all);
  }
  return n_held;
}

static size_t try_types(const rewrite *r, tg_type t, const values all[TG_TYPE_COUNT])
{
  needs n = find_needs(r);
  size_t n_held = 0;
  for (unsigned u = 0; u < (n.u ? TG_TYPE_COUNT : 1u); u++) {
    for (unsigned s = 0; s < (n.s ? TG_TYPE_COUNT : 1u); s++) {
      binding b = {.type = {[TYPE_T] = t, [TYPE_U] = (tg_type)u, [TYPE_S] = (tg_type)s, [TYPE_BOOL] = TG_BOOL}};
      if (bitcasts_fit(r, &b) &&
          (n.n_vars == 0 || (n.vars[0] == VAR_K) || guard_holds((guard)r->guard, &b) || !(n.u || n.s))) {
        n_held += try_roundings(r, &n, &b, all);
      }
    }
  }
  return n_held;
}

static void test_both_sides(void **state)
{
  (void)state;
  static values all[TG_TYPE_COUNT];
  for (unsigned t = 0; t < TG_TYPE_COUNT; t++) {
    fill(&all[t], (tg_type)t);
  }
  fpenv saved = fpenv_enter();
  for (size_t i = 0; i < rewrite_count; i++) {
    assert_int_not_equal(rewrite_table[i].types, 0);
    for (unsigned t = 0; t < TG_TYPE_COUNT; t++) {
      if ((rewrite_table[i].types >> t & 1) && try_types(&rewrite_table[i], (tg_type)t, all) == 0) {
        fail_msg("%s: the guard never held for %s", rewrite_table[i].text, tg_type_name((tg_type)t));
      }
    }
  }
  fpenv_leave(saved);
}

/* ---- the pass finds the rules ---- */

/* Adds a tree to a graph. Gives its value; of divmod the first. */
static uint32_t add_term(tg_graph *g, const term **next, const binding *b)
{
  const term *t = (*next)++;
  node_spec spec = {.op = TG_OP_CONST, .type = b->type[TYPE_T]};
  if (t->kind == TERM_VAR && t->what != VAR_K && t->what != VAR_L) {
    return b->value[t->what];
  }
  if (t->kind == TERM_VAR) {
    spec.imm = b->bits[t->what];
  } else if (t->kind == TERM_ZEROS) {
    spec.imm = trailing_zeros(b->bits[VAR_K]);
  } else if (t->kind == TERM_CONST) {
    spec.type = b->type[named_type((named_const)t->what)];
    assert_true(named_bits((named_const)t->what, spec.type, &spec.imm));
  }
  if (t->kind != TERM_OP) {
    return graph_add(g, &spec);
  }
  uint32_t args[3];
  bool names_type = t->what == TG_OP_CONVERT || t->what == TG_OP_BITCAST;
  spec = (node_spec){.op = (tg_op)t->what,
                     .type = names_type ? b->type[t->extra] : TG_BOOL,
                     .detail = t->what == TG_OP_ROUND ? b->rounding[t->extra] : 0,
                     .args = args,
                     .n_args = (size_t)rule_table[op_table[t->what].rule].n_args};
  for (size_t k = 0; k < spec.n_args; k++) {
    args[k] = add_term(g, next, b);
  }
  return graph_add(g, &spec);
}

static void add_store(tg_graph *g, const char *name, uint32_t value)
{
  tg_type type = (tg_type)g->values.data[value].type;
  uint32_t operand = graph_declare(g, TG_OUTPUT, name, strlen(name), (tg_mode)type);
  graph_add(g, &(node_spec){.op = TG_OP_STORE, .operand = operand, .args = &value, .n_args = 1});
}

/* A graph that loads the variables and stores one side of a rule. */
static tg_graph *make_graph(tg_context *context, const rewrite *r, const term *side, binding *b)
{
  static const char *const names[VAR_COUNT] = {"a", "b", "c", "x", "p", "k", "l"};
  tg_graph *g;
  assert_int_equal(tg_graph_create(context, "rule", &g), TG_OK);
  for (unsigned v = 0; v < VAR_K; v++) {
    tg_mode mode = (tg_mode)b->type[var_type((term_var)v)];
    uint32_t operand = graph_declare(g, TG_INPUT, names[v], 1, mode);
    b->value[v] = graph_add(g, &(node_spec){.op = TG_OP_LOAD, .operand = operand});
  }
  const term *next = side;
  uint32_t first = add_term(g, &next, b);
  uint32_t second = side == r->from ? first + 1 : is_pair(r) ? add_term(g, &next, b) : 0;
  add_store(g, "y", first);
  if (is_pair(r)) {
    add_store(g, "z", second);
  }
  return g;
}

/* The graph's text after some passes. */
static char *text_after(tg_graph *g, bool with_rules, size_t *n)
{
  uint64_t set = 0;
  tg_graph *after;
  tg_error error;
  char *text;
  for (size_t i = 0; tg_pass_name(i) != NULL; i++) {
    const char *name = tg_pass_name(i);
    bool wanted = strcmp(name, "dce") == 0 || strcmp(name, "cse") == 0 || strcmp(name, "cse2") == 0;
    wanted = wanted || (with_rules && strcmp(name, "rules") == 0);
    set |= (uint64_t)wanted << i;
  }
  assert_int_equal(tg_graph_transform(g, set, NULL, &after, &error), TG_OK);
  assert_int_equal(graph_print(after, &text, n), TG_OK);
  tg_graph_destroy(after);
  return text;
}

static void check_pass(tg_context *context, const rewrite *r, binding *b)
{
  tg_graph *from = make_graph(context, r, r->from, b), *to = make_graph(context, r, r->to, b);
  size_t n_before, n_from, n_to;
  char *before = text_after(from, false, &n_before);
  char *from_text = text_after(from, true, &n_from), *to_text = text_after(to, true, &n_to);
  if (strcmp(before, from_text) == 0) {
    fail_msg("%s: the pass does not find this:\n%s", r->text, before);
  }
  if (strcmp(from_text, to_text) != 0) {
    fail_msg("%s: the pass makes of the left side\n%sand of the right side\n%s", r->text, from_text, to_text);
  }
  tg_free(context, before, n_before);
  tg_free(context, from_text, n_from);
  tg_free(context, to_text, n_to);
  tg_graph_destroy(from);
  tg_graph_destroy(to);
}

/* Constants for which the guard holds, and which are none of the named ones. */
static bool find_constants(const rewrite *r, binding *b)
{
  values v;
  fill(&v, b->type[TYPE_T]);
  for (size_t i = 0; i < v.n; i++) {
    b->bits[VAR_K] = v.bits[(i * 7 + 19) % v.n];
    b->bits[VAR_L] = v.bits[(i * 7 + 4) % v.n];
    if (b->bits[VAR_K] > 1 && b->bits[VAR_L] > 1 && b->bits[VAR_K] != b->bits[VAR_L] &&
        guard_holds((guard)r->guard, b)) {
      return true;
    }
  }
  b->bits[VAR_K] = b->bits[VAR_L] = 1;
  return guard_holds((guard)r->guard, b);
}

static void test_pass_finds_rules(void **state)
{
  (void)state;
  tg_context *context;
  assert_int_equal(tg_context_create(NULL, &context), TG_OK);
  for (size_t i = 0; i < rewrite_count; i++) {
    const rewrite *r = &rewrite_table[i];
    for (unsigned t = 0; t < TG_TYPE_COUNT; t++) {
      for (unsigned u = 0; u < TG_TYPE_COUNT && (r->types >> t & 1); u++) {
        binding b = {.type = {(tg_type)t, (tg_type)u, TG_U64, TG_BOOL}, .rounding = {TG_ROUND_UP, TG_ROUND_DOWN}};
        b.type[TYPE_S] = type_table[t].bytes == 4   ? TG_U32
                         : type_table[t].bytes == 2 ? TG_U16
                                                    : (tg_type)b.type[TYPE_S];
        b.type[TYPE_S] = type_table[t].bytes == 1 ? TG_U8 : (tg_type)b.type[TYPE_S];
        if (bitcasts_fit(r, &b) && find_constants(r, &b)) {
          check_pass(context, r, &b);
        }
      }
    }
  }
  tg_context_destroy(context);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_both_sides),
      cmocka_unit_test(test_pass_finds_rules),
  };
  return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
