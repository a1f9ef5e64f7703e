/* pass_fold.c: evaluates what constants decide.
 *
 * Does: a pure node of constants becomes constants; a select or branch with a constant selector its choice; a branch
 * whose bodies agree on a value that value; a loop that ends at once its starts; a small loop of constants its results
 * and the charge for its iterations; an iota that stands still its start; traps and charges that do nothing vanish.
 * Needs: nothing. Keeps: everything observable; fuel, because a loop that is gone is charged, and in the uniform block,
 * where nothing can be charged, only a loop without iterations goes. Cost: linear, and at most BUDGET evaluations. */
#include "graph/element.h"
#include "graph/eval.h"
#include "graph/pass.h"

enum { LOOP_BUDGET = 1 << 14, BUDGET = 1 << 22 }; /* evaluations in one loop, and in all loops of a graph */

typedef struct folder {
  copier *c;
  const tg_graph *g; /* c->from */
  uint64_t *bits;    /* by value of g: what it is, where known */
  bool *known;
  bool *inlined; /* by node of g: a branch whose body has been chosen */
  uint32_t budget;
} folder;

/* ---- plain nodes ---- */

/* eval_node can evaluate it. */
static bool can_eval(const graph_node *node)
{
  return (op_table[node->op].flags & TG_PURE) && node->op != TG_OP_GATHER && node->op != TG_OP_PARAM;
}

static bool args_known(const folder *f, const graph_node *node)
{
  const uint32_t *args = node_args(f->g, node);
  for (uint32_t i = 0; i < node->n_args; i++) {
    if (!f->known[args[i]]) {
      return false;
    }
  }
  for (uint32_t i = 0; i < node->n_entries; i++) {
    if (!f->known[f->g->entries.data[node->first_entry + i].value]) {
      return false;
    }
  }
  return true;
}

static tg_type value_type(const folder *f, uint32_t v)
{
  return (tg_type)f->g->values.data[v].type;
}

/* Evaluates a node whose operands are known, and knows its results. */
static void eval_known(folder *f, const graph_node *node)
{
  eval_node(f->g, node, f->bits);
  for (uint32_t k = 0; k < node->n_results; k++) {
    uint32_t v = node->first_result + k;
    f->bits[v] = value_canonical(value_type(f, v), f->bits[v]);
    f->known[v] = true;
  }
}

/* Makes a known value a constant of the new graph. */
static void put_const(folder *f, uint32_t v)
{
  copy_alias(f->c, v, copy_const(f->c, value_type(f, v), f->bits[v]));
}

/* Lets value v be the same as `other`. */
static void be(folder *f, uint32_t v, uint32_t other)
{
  f->known[v] = f->known[other];
  f->bits[v] = f->bits[other];
  copy_alias(f->c, v, f->c->map[other]);
}

static uint32_t fold_plain(folder *f, uint32_t i)
{
  const graph_node *node = &f->g->nodes.data[i];
  if (!can_eval(node) || !args_known(f, node)) {
    copy_node(f->c, i);
    return i + 1;
  }
  eval_known(f, node);
  if (node->op == TG_OP_CONST) {
    copy_node(f->c, i);
    return i + 1;
  }
  for (uint32_t k = 0; k < node->n_results; k++) {
    put_const(f, node->first_result + k);
  }
  return i + 1;
}

static uint32_t fold_select(folder *f, uint32_t i)
{
  const graph_node *node = &f->g->nodes.data[i];
  const uint32_t *args = node_args(f->g, node);
  if (!f->known[args[0]] || args_known(f, node)) {
    return fold_plain(f, i);
  }
  be(f, node->first_result, f->bits[args[0]] ? args[1] : args[2]);
  return i + 1;
}

/* A stride of zero. Lane numbers are not negative, so over floats lane * stride is the stride itself, +0 or -0. */
static uint32_t fold_iota(folder *f, uint32_t i)
{
  const graph_node *node = &f->g->nodes.data[i];
  const uint32_t *args = node_args(f->g, node);
  uint32_t start = args[0], stride = args[1], result = node->first_result;
  tg_type type = value_type(f, start);
  uint64_t sign = type_in(type, TG_CLASS_FLOAT) ? type_mask(type) ^ type_mask(type) >> 1 : 0;
  if (!f->known[stride] || (f->bits[stride] & ~sign) != 0) {
    copy_node(f->c, i);
  } else if (f->bits[stride] == sign) {
    be(f, result, start); /* 0 for integers, -0 for floats: neither changes anything */
  } else if (f->known[start]) {
    f->bits[result] = value_canonical(type, eval_iota(type, f->bits[start], f->bits[stride], 0));
    f->known[result] = true;
    put_const(f, result);
  } else {
    uint32_t sum[2] = {f->c->map[start], f->c->map[stride]};
    copy_alias(f->c, result, copy_add(f->c, &(node_spec){.op = TG_OP_ADD, .args = sum, .n_args = 2}));
  }
  return i + 1;
}

/* trap and charge: nothing, if the operand is known to be zero. */
static uint32_t fold_effect(folder *f, uint32_t i)
{
  uint32_t v = node_args(f->g, &f->g->nodes.data[i])[0];
  if (!f->known[v] || f->bits[v] != 0) {
    copy_node(f->c, i);
  }
  return i + 1;
}

/* ---- branches ---- */

static uint32_t fold_branch(folder *f, uint32_t i)
{
  const graph_node *node = &f->g->nodes.data[i];
  uint32_t selector = node_args(f->g, node)[0], last = node->n_bodies - 1;
  if (!f->known[selector] && last > 0) {
    copy_node(f->c, i);
    return i + 1;
  }
  uint64_t body = last > 0 ? eval_index(value_type(f, selector), f->bits[selector]) : 0;
  f->inlined[i] = true;
  return f->g->bodies.data[node->first_body + (body < last ? body : last)];
}

/* What body number `body` yields in place k. */
static uint32_t yielded(const folder *f, const graph_node *branch, uint32_t body, uint32_t k)
{
  return node_args(f->g, &f->g->nodes.data[branch_yield(f->g, branch, body)])[k];
}

/* Every body gives the same in place k: the same outer value, or the same constant. */
static bool bodies_agree(const folder *f, const graph_node *branch, uint32_t k)
{
  uint32_t first = yielded(f, branch, 0, k);
  if (f->g->values.data[first].array_length > 0) {
    return false;
  }
  for (uint32_t body = 1; body < branch->n_bodies; body++) {
    uint32_t v = yielded(f, branch, body, k);
    bool same_bits = f->known[v] && f->known[first] && f->bits[v] == f->bits[first];
    if (!same_bits && f->c->map[v] != f->c->map[first]) {
      return false;
    }
  }
  return true;
}

static void agree(folder *f, const graph_node *branch)
{
  for (uint32_t k = 0; k < branch->n_results; k++) {
    uint32_t result = branch->first_result + k, first = yielded(f, branch, 0, k);
    if (!bodies_agree(f, branch, k)) {
      continue;
    }
    if (f->known[first]) {
      f->known[result] = true;
      f->bits[result] = f->bits[first];
      f->c->map[result] = copy_const(f->c, value_type(f, result), f->bits[result]);
    } else {
      f->c->map[result] = f->c->map[first];
    }
  }
}

static uint32_t fold_yield(folder *f, uint32_t i)
{
  const graph_node *yield = &f->g->nodes.data[i], *owner = &f->g->nodes.data[yield->mate];
  if (owner->op != TG_OP_BRANCH || !f->inlined[yield->mate]) {
    copy_node(f->c, i);
    if (owner->op == TG_OP_BRANCH && owner->end == i) {
      agree(f, owner);
    }
    return i + 1;
  }
  const uint32_t *args = node_args(f->g, yield);
  for (uint32_t k = 0; k < yield->n_args; k++) {
    be(f, owner->first_result + k, args[k]);
  }
  return owner->end + 1;
}

/* ---- loops ---- */

/* Without effect or structure: load, iota, aload and all pure nodes. */
static bool is_straight(const tg_graph *g, uint32_t from, uint32_t to)
{
  for (uint32_t i = from; i < to; i++) {
    uint8_t op = g->nodes.data[i].op;
    bool is_read = op == TG_OP_LOAD || op == TG_OP_IOTA || op == TG_OP_ALOAD;
    if (!(op_table[op].flags & TG_PURE) && !is_read) {
      return false;
    }
  }
  return true;
}

/* Evaluates what can be evaluated. */
static void eval_range(folder *f, uint32_t from, uint32_t to)
{
  for (uint32_t i = from; i < to; i++) {
    const graph_node *node = &f->g->nodes.data[i];
    if (can_eval(node) && args_known(f, node)) {
      eval_known(f, node);
    }
  }
}

static void forget(folder *f, const graph_node *loop)
{
  for (uint32_t v = loop->first_carried; v < loop->first_result; v++) {
    f->known[v] = false;
  }
}

/* The carried values become what `args` are, all at once: bits of arguments are read before any is written. */
static void carry(folder *f, const graph_node *loop, const uint32_t *args, uint64_t *next)
{
  for (uint32_t k = 0; k < loop->n_args; k++) {
    next[k] = f->bits[args[k]];
  }
  for (uint32_t k = 0; k < loop->n_args; k++) {
    f->bits[loop->first_carried + k] = next[k];
    f->known[loop->first_carried + k] = f->known[args[k]];
  }
}

/* Evaluates the condition on the starts. */
static bool ends_at_once(folder *f, const graph_node *loop, uint32_t i)
{
  const uint32_t *starts = node_args(f->g, loop);
  uint32_t test = node_args(f->g, &f->g->nodes.data[loop->mate])[0];
  if (!is_straight(f->g, i + 1, loop->mate)) {
    return false;
  }
  for (uint32_t k = 0; k < loop->n_args; k++) {
    f->known[loop->first_carried + k] = f->known[starts[k]];
    f->bits[loop->first_carried + k] = f->bits[starts[k]];
  }
  eval_range(f, i + 1, loop->mate);
  return f->known[test] && f->bits[test] == 0;
}

static bool all_known(const folder *f, const uint32_t *values, uint32_t n)
{
  for (uint32_t k = 0; k < n; k++) {
    if (!f->known[values[k]]) {
      return false;
    }
  }
  return true;
}

static bool can_run(const folder *f, const graph_node *loop, uint32_t i)
{
  return !f->c->to->scopes.data[f->c->to->scope].in_uniform && all_known(f, node_args(f->g, loop), loop->n_args) &&
         is_straight(f->g, i + 1, loop->mate) && is_straight(f->g, loop->mate + 1, loop->end);
}

/* Runs a loop whose starts are known, after ends_at_once said no. Gives its iterations, or 0 if something in it is not
 * known or the budget is too small. */
static uint64_t run(folder *f, const graph_node *loop, uint32_t i)
{
  const uint32_t *next = node_args(f->g, &f->g->nodes.data[loop->end]);
  uint32_t test = node_args(f->g, &f->g->nodes.data[loop->mate])[0], size = loop->end - i;
  uint64_t *scratch = &f->bits[loop->first_result]; /* the results: as many, and not yet in use */
  uint32_t left = f->budget < LOOP_BUDGET ? f->budget : LOOP_BUDGET;
  for (uint64_t n = 0; f->known[test] && left >= size; n++) {
    if (f->bits[test] == 0) {
      return n;
    }
    eval_range(f, loop->mate + 1, loop->end);
    if (!all_known(f, next, loop->n_args)) {
      return 0;
    }
    carry(f, loop, next, scratch);
    eval_range(f, i + 1, loop->mate);
    left -= size;
    f->budget -= size;
  }
  return 0;
}

static void put_results(folder *f, const graph_node *loop)
{
  for (uint32_t k = 0; k < loop->n_args; k++) {
    uint32_t result = loop->first_result + k;
    f->bits[result] = f->bits[loop->first_carried + k];
    f->known[result] = true;
    put_const(f, result);
  }
}

static uint32_t fold_loop(folder *f, uint32_t i)
{
  const graph_node *loop = &f->g->nodes.data[i];
  if (ends_at_once(f, loop, i)) {
    const uint32_t *starts = node_args(f->g, loop);
    for (uint32_t k = 0; k < loop->n_args; k++) {
      be(f, loop->first_result + k, starts[k]);
    }
    if (loop->n_results > loop->n_args) {
      f->known[loop->first_result + loop->n_args] = true;
      put_const(f, loop->first_result + loop->n_args);
    }
    return loop->end + 1;
  }
  uint64_t n = can_run(f, loop, i) ? run(f, loop, i) : 0;
  if (n > 0) {
    copy_charge(f->c, n, loop->position);
    put_results(f, loop);
    return loop->end + 1;
  }
  forget(f, loop);
  copy_node(f->c, i);
  return i + 1;
}

/* ---- the pass ---- */

static uint32_t visit(folder *f, uint32_t i)
{
  switch (f->g->nodes.data[i].op) {
  case TG_OP_SELECT: return fold_select(f, i);
  case TG_OP_IOTA: return fold_iota(f, i);
  case TG_OP_TRAP:
  case TG_OP_CHARGE: return fold_effect(f, i);
  case TG_OP_BRANCH: return fold_branch(f, i);
  case TG_OP_LOOP: return fold_loop(f, i);
  case TG_OP_YIELD: return fold_yield(f, i);
  default: return fold_plain(f, i);
  }
}

void pass_fold(copier *c)
{
  size_t n_values = c->from->values.n;
  folder f = {.c = c, .g = c->from, .budget = BUDGET};
  f.bits = copy_scratch(c, n_values, sizeof *f.bits);
  f.known = copy_scratch(c, n_values, sizeof *f.known);
  f.inlined = copy_scratch(c, c->from->nodes.n, sizeof *f.inlined);
  if (f.inlined == NULL) {
    return;
  }
  for (uint32_t i = 0; i < c->from->nodes.n;) {
    i = visit(&f, i);
  }
}
