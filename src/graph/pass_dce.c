/* pass_dce.c: removes what nothing needs.
 *
 * Does: keeps sinks, traps, charges and loops, and what they need; everything else goes: nodes, branches, carried
 * values that only serve themselves, results of branches, stores to arrays that are not loaded again. A loop of which
 * no result is needed stays, because it takes fuel; if it counts from one constant to another its charge takes its
 * place. Needs: nothing. Keeps: everything observable. Loops of the uniform block stay, because they take the block's
 * fuel. Cost: linear. */
#include "graph/eval.h"
#include "graph/pass.h"

typedef struct marker {
  copier *c;
  const tg_graph *g;
  const uint32_t *def, *parent;
  bool *live;      /* by value */
  bool *dead;      /* the opposite, at the end: for the copier */
  bool *kept;      /* by node */
  uint32_t *stack; /* values to look at: each value comes once */
  size_t n_stack;
} marker;

/* ---- trip counts ---- */

static bool const_of(const marker *m, uint32_t v, uint64_t *bits)
{
  const graph_node *node = &m->g->nodes.data[m->def[v]];
  *bits = node->imm;
  return node->op == TG_OP_CONST;
}

/* The constant that `next` adds to carried value v. */
static bool step_of(const marker *m, uint32_t next, uint32_t v, uint64_t *step)
{
  const graph_node *node = &m->g->nodes.data[m->def[next]];
  const uint32_t *args = node_args(m->g, node);
  return node->op == TG_OP_ADD &&
         ((args[0] == v && const_of(m, args[1], step)) || (args[1] == v && const_of(m, args[0], step)));
}

/* The value as a number from 0 up, in the order of its type: the sign bit of signed types turned over. */
static uint64_t ordered(tg_type type, uint64_t bits)
{
  return type_table[type].is_signed ? bits ^ (type_mask(type) ^ type_mask(type) >> 1) : bits;
}

/* How many times the loop runs `while v < end`, v rising by a constant: known if v cannot wrap before it is there. */
static bool trips(const marker *m, const graph_node *loop, uint64_t *n)
{
  uint32_t test = node_args(m->g, &m->g->nodes.data[loop->mate])[0];
  const graph_node *less = &m->g->nodes.data[m->def[test]];
  uint32_t v = less->op == TG_OP_LT ? node_args(m->g, less)[0] : TG_POISON;
  uint64_t start, step, end;
  if (v < loop->first_carried || v - loop->first_carried >= loop->n_args ||
      !type_in((tg_type)m->g->values.data[v].type, TG_CLASS_INT)) {
    return false;
  }
  tg_type type = (tg_type)m->g->values.data[v].type;
  uint32_t k = v - loop->first_carried, next = node_args(m->g, &m->g->nodes.data[loop->end])[k];
  if (!const_of(m, node_args(m->g, less)[1], &end) || !const_of(m, node_args(m->g, loop)[k], &start) ||
      !step_of(m, next, v, &step)) {
    return false;
  }
  *n = 0;
  if (!eval_less(type, start, end)) {
    return true;
  }
  if (!eval_less(type, 0, step) || ordered(type, end) > type_mask(type) - (step - 1)) {
    return false;
  }
  *n = 1 + (ordered(type, end) - ordered(type, start) - 1) / step;
  return true;
}

/* ---- marking ---- */

static void need(marker *m, uint32_t v)
{
  if (!m->live[v]) {
    m->live[v] = true;
    m->stack[m->n_stack++] = v;
  }
}

static void need_node_args(marker *m, const graph_node *node)
{
  for (uint32_t k = 0; k < node->n_args; k++) {
    need(m, node_args(m->g, node)[k]);
  }
  for (uint32_t k = 0; k < node->n_entries; k++) {
    need(m, m->g->entries.data[node->first_entry + k].value);
  }
}

/* Keeps node i and all that it stands in. A loop needs its condition; its starts only where the carried value lives. */
static void keep(marker *m, uint32_t i)
{
  for (; i != UINT32_MAX && !m->kept[i]; i = m->parent[i]) {
    const graph_node *node = &m->g->nodes.data[i];
    m->kept[i] = true;
    need_node_args(m, node->op == TG_OP_LOOP ? &m->g->nodes.data[node->mate] : node);
  }
}

/* Carried value k: what it starts with and what follows it. */
static void need_carried(marker *m, const graph_node *loop, uint32_t k)
{
  need(m, loop->first_carried + k);
  need(m, node_args(m->g, loop)[k]);
  need(m, node_args(m->g, &m->g->nodes.data[loop->end])[k]);
}

static void follow(marker *m, uint32_t v)
{
  const graph_node *node = &m->g->nodes.data[m->def[v]];
  keep(m, m->def[v]);
  if (node->op == TG_OP_LOOP) {
    uint32_t k = v < node->first_result ? v - node->first_carried : v - node->first_result;
    if (k < node->n_args) {
      need_carried(m, node, k);
    }
  } else if (node->op == TG_OP_BRANCH) {
    for (uint32_t body = 0; body < node->n_bodies; body++) {
      const graph_node *yield = &m->g->nodes.data[branch_yield(m->g, node, body)];
      need(m, node_args(m->g, yield)[v - node->first_result]);
    }
  }
}

static void mark_root(marker *m, uint32_t i)
{
  const graph_node *node = &m->g->nodes.data[i];
  uint64_t n;
  if ((op_table[node->op].flags & TG_SINKS) || node->op == TG_OP_TRAP || node->op == TG_OP_CHARGE) {
    keep(m, i);
  } else if (node->op == TG_OP_LOOP) {
    bool in_block = i < graph_main_start(m->g);
    if (in_block || !trips(m, node, &n)) {
      keep(m, i);
    } else if (n > 0) {
      keep(m, m->parent[i]); /* where the charge will stand */
    }
  }
}

static void mark(marker *m)
{
  for (uint32_t i = 0; i < m->g->nodes.n; i++) {
    mark_root(m, i);
    while (m->n_stack > 0) {
      follow(m, m->stack[--m->n_stack]);
    }
  }
}

/* ---- the new graph ---- */

/* Copies node i or leaves it out; gives the next one. Markers are reached only in bodies that are kept. */
static uint32_t visit(marker *m, uint32_t i)
{
  const graph_node *node = &m->g->nodes.data[i];
  uint64_t n;
  if (m->kept[i] || (op_table[node->op].flags & (TG_MARKER | TG_OPENS)) == TG_MARKER) {
    copy_node(m->c, i);
    return i + 1;
  }
  if (node->op == TG_OP_LOOP && trips(m, node, &n) && n > 0) {
    copy_charge(m->c, n, node->position);
  }
  return node_opens(node) ? node->end + 1 : i + 1;
}

void pass_dce(copier *c)
{
  size_t n_values = c->from->values.n;
  marker m = {.c = c, .g = c->from, .def = copy_definitions(c), .parent = copy_parents(c)};
  m.live = copy_scratch(c, n_values, sizeof *m.live);
  m.dead = copy_scratch(c, n_values, sizeof *m.dead);
  m.kept = copy_scratch(c, c->from->nodes.n, sizeof *m.kept);
  m.stack = copy_scratch(c, n_values, sizeof *m.stack);
  if (m.stack == NULL) {
    return;
  }
  mark(&m);
  for (size_t v = 0; v < n_values; v++) {
    m.dead[v] = !m.live[v];
  }
  c->dropped = m.dead;
  for (uint32_t i = 0; i < c->from->nodes.n;) {
    i = visit(&m, i);
  }
}
