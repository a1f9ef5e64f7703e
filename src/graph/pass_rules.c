/* pass_rules.c: replaces expressions by cheaper ones with the same bits, by the table rules.def.
 *
 * Does: at each pure node tries the rules for its operation, in order; builds the replacement of the first that
 * matches; evaluates what has become constant; tries the rules on what it builds, a few levels deep.
 * Needs: cse first, so that equal operands are one value. Keeps: every bit, and so everything observable; nodes that
 * are not needed any more are left to dce. Cost: linear: a node meets the few rules of its operation. */
#include "graph/element.h"
#include "graph/eval.h"
#include "graph/pass.h"
#include "graph/rewrite.h"

enum { MAX_LEVELS = 6, MAX_ARGS = 3 };

typedef struct rewriter {
  copier *c;
  uint16_t *rows;                  /* numbers of rules by operation, in the order of the table */
  uint16_t start[TG_OP_COUNT + 1]; /* where those of each operation start */
} rewriter;

/* ---- matching ---- */

typedef struct matcher {
  const copier *c;
  const term *next;
  unsigned swaps; /* bit k: the k-th commutative operation of the pattern takes its operands the other way round */
  unsigned n_commutative;
  binding b;
} matcher;

static bool unify_type(binding *b, unsigned var, tg_type type)
{
  if (var == TYPE_BOOL) {
    return type == TG_BOOL;
  }
  if (b->has_type[var]) {
    return b->type[var] == type;
  }
  b->has_type[var] = true;
  b->type[var] = type;
  return true;
}

static bool unify_rounding(binding *b, unsigned var, uint16_t rounding)
{
  if (b->has_rounding[var]) {
    return b->rounding[var] == rounding;
  }
  b->has_rounding[var] = true;
  b->rounding[var] = rounding;
  return true;
}

static bool match_var(matcher *m, term_var var, uint32_t value)
{
  binding *b = &m->b;
  if ((var == VAR_K || var == VAR_L) && !copy_is_const(m->c, value, &b->bits[var])) {
    return false;
  }
  if (b->has_value[var]) {
    return b->value[var] == value;
  }
  b->has_value[var] = true;
  b->value[var] = value;
  return unify_type(b, var_type(var), (tg_type)m->c->to->values.data[value].type);
}

static bool match_const(matcher *m, named_const what, uint32_t value)
{
  tg_type type = (tg_type)m->c->to->values.data[value].type;
  uint64_t bits, want;
  return copy_is_const(m->c, value, &bits) && unify_type(&m->b, named_type(what), type) &&
         named_bits(what, type, &want) && bits == want;
}

static bool match_value(matcher *m, uint32_t value);

static bool match_op(matcher *m, const term *t, const node_spec *node)
{
  if (node->op != t->what) {
    return false;
  }
  if ((node->op == TG_OP_CONVERT || node->op == TG_OP_BITCAST) && !unify_type(&m->b, t->extra, node->type)) {
    return false;
  }
  if (node->op == TG_OP_ROUND && !unify_rounding(&m->b, t->extra, node->detail)) {
    return false;
  }
  bool is_commutative = (op_table[node->op].flags & TG_COMMUTATIVE) != 0;
  bool swap = is_commutative && (m->swaps >> m->n_commutative & 1);
  m->n_commutative += is_commutative;
  for (size_t k = 0; k < node->n_args; k++) {
    if (!match_value(m, node->args[swap ? 1 - k : k])) {
      return false;
    }
  }
  return true;
}

static bool match_value(matcher *m, uint32_t value)
{
  const tg_graph *to = m->c->to;
  const term *t = m->next++;
  if (t->kind == TERM_VAR) {
    return match_var(m, (term_var)t->what, value);
  }
  if (t->kind == TERM_CONST) {
    return match_const(m, (named_const)t->what, value);
  }
  const graph_node *node = &to->nodes.data[m->c->def.data[value]];
  node_spec spec = {.op = (tg_op)node->op,
                    .type = (tg_type)node->type,
                    .detail = node->detail,
                    .args = node_args(to, node),
                    .n_args = node->n_args};
  return node->n_results == 1 && match_op(m, t, &spec);
}

static bool match_rule(const copier *c, const rewrite *r, const node_spec *spec, binding *b)
{
  unsigned n_orders = 1;
  for (unsigned swaps = 0; swaps < n_orders; swaps++) {
    matcher m = {.c = c, .next = r->from + 1, .swaps = swaps};
    bool matches = match_op(&m, r->from, spec);
    if (matches && (r->types >> m.b.type[TYPE_T] & 1) && guard_holds((guard)r->guard, &m.b)) {
      *b = m.b;
      return true;
    }
    /* As many orders as the commutative operations that were looked at allow. */
    n_orders = 1u << m.n_commutative > n_orders ? 1u << m.n_commutative : n_orders;
  }
  return false;
}

static const rewrite *find_rule(const rewriter *w, const node_spec *spec, binding *b)
{
  for (uint16_t i = w->start[spec->op]; i < w->start[spec->op + 1]; i++) {
    const rewrite *r = &rewrite_table[w->rows[i]];
    if (match_rule(w->c, r, spec, b)) {
      return r;
    }
  }
  return NULL;
}

/* ---- building ---- */

static tg_type arg_type(const rewriter *w, const node_spec *spec, size_t k)
{
  return (tg_type)w->c->to->values.data[spec->args[k]].type;
}

static tg_type result_type(const rewriter *w, const node_spec *spec)
{
  switch (op_table[spec->op].rule) {
  case TG_RULE_LESS:
  case TG_RULE_EQUAL: return TG_BOOL;
  case TG_RULE_CONVERT:
  case TG_RULE_BITCAST: return spec->type;
  case TG_RULE_SELECT: return arg_type(w, spec, 1);
  default: return arg_type(w, spec, 0);
  }
}

/* Evaluates a node of constants. eval_node wants a graph: one of just this node will do. */
static bool evaluate(rewriter *w, const node_spec *spec, uint32_t out[2])
{
  uint32_t args[MAX_ARGS] = {0, 1, 2};
  uint64_t bits[MAX_ARGS + 2];
  graph_value values[MAX_ARGS + 2] = {{0}};
  for (size_t k = 0; k < spec->n_args; k++) {
    if (!copy_is_const(w->c, spec->args[k], &bits[k])) {
      return false;
    }
    values[k].type = (uint8_t)arg_type(w, spec, k);
  }
  tg_graph one = {.args.data = args, .values.data = values};
  graph_node node = {.op = (uint8_t)spec->op,
                     .type = (uint8_t)spec->type,
                     .detail = spec->detail,
                     .n_args = (uint32_t)spec->n_args,
                     .first_result = MAX_ARGS};
  eval_node(&one, &node, bits);
  tg_type type = result_type(w, spec);
  for (size_t k = 0; k < (spec->op == TG_OP_DIVMOD ? 2 : 1); k++) {
    out[k] = copy_const(w->c, type, value_canonical(type, bits[MAX_ARGS + k]));
  }
  return true;
}

static void emit(rewriter *w, const node_spec *spec, unsigned level, uint32_t out[2]);

/* Builds the tree at *next for a match; gives its value. */
static uint32_t build(rewriter *w, const term **next, const binding *b, unsigned level)
{
  const term *t = (*next)++;
  uint64_t bits = 0;
  if (t->kind == TERM_VAR) {
    return b->value[t->what];
  }
  if (t->kind == TERM_ZEROS) {
    return copy_const(w->c, b->type[TYPE_T], trailing_zeros(b->bits[VAR_K]));
  }
  if (t->kind == TERM_CONST) {
    tg_type type = named_type((named_const)t->what) == TYPE_BOOL ? TG_BOOL : b->type[TYPE_T];
    named_bits((named_const)t->what, type, &bits);
    return copy_const(w->c, type, bits);
  }
  uint32_t args[MAX_ARGS], out[2];
  node_spec spec = {.op = (tg_op)t->what, .args = args};
  spec.n_args = (size_t)rule_table[op_table[spec.op].rule].n_args;
  spec.type = spec.op == TG_OP_CONVERT || spec.op == TG_OP_BITCAST ? b->type[t->extra] : TG_BOOL;
  spec.detail = spec.op == TG_OP_ROUND ? b->rounding[t->extra] : 0;
  for (size_t k = 0; k < spec.n_args; k++) {
    args[k] = build(w, next, b, level);
  }
  emit(w, &spec, level, out);
  return out[0];
}

/* Adds the node, or what takes its place; gives its results. */
static void emit(rewriter *w, const node_spec *spec, unsigned level, uint32_t out[2])
{
  binding b;
  out[0] = out[1] = TG_POISON;
  if (w->c->to->error.code != TG_OK || evaluate(w, spec, out)) {
    return;
  }
  const rewrite *r = level < MAX_LEVELS ? find_rule(w, spec, &b) : NULL;
  if (r == NULL) {
    out[0] = copy_add(w->c, spec);
    out[1] = out[0] + 1;
    return;
  }
  const term *next = r->to;
  for (size_t k = 0; k < (spec->op == TG_OP_DIVMOD ? 2 : 1); k++) {
    out[k] = build(w, &next, &b, level + 1);
  }
}

/* ---- the pass ---- */

static bool index_rules(rewriter *w)
{
  size_t n = 0;
  w->rows = copy_scratch(w->c, rewrite_count, sizeof *w->rows);
  if (w->rows == NULL) {
    return false;
  }
  for (unsigned op = 0; op < TG_OP_COUNT; op++) {
    w->start[op] = (uint16_t)n;
    for (size_t i = 0; i < rewrite_count; i++) {
      if (rewrite_table[i].from[0].what == op) {
        w->rows[n++] = (uint16_t)i;
      }
    }
  }
  w->start[TG_OP_COUNT] = (uint16_t)n;
  return true;
}

static bool has_rules(uint8_t op)
{
  op_group group = (op_group)op_table[op].group;
  return (group == TG_GROUP_TRANSFORM || group == TG_GROUP_FLOAT) && op != TG_OP_GATHER;
}

static void visit(rewriter *w, uint32_t i)
{
  const graph_node *node = &w->c->from->nodes.data[i];
  uint32_t out[2];
  if (!has_rules(node->op)) {
    copy_node(w->c, i);
    return;
  }
  node_spec spec = copy_spec(w->c, i);
  if (w->c->to->error.code != TG_OK) {
    return;
  }
  emit(w, &spec, 0, out);
  for (uint32_t k = 0; k < node->n_results; k++) {
    copy_alias(w->c, node->first_result + k, out[k]);
  }
}

void pass_rules(copier *c)
{
  rewriter w = {.c = c};
  if (!index_rules(&w)) {
    return;
  }
  for (uint32_t i = 0; i < c->from->nodes.n; i++) {
    visit(&w, i);
  }
}
