/* pass_licm.c: moves what does not change in a loop before the loop.
 *
 * Does: a node whose operands come from outside a loop moves to just before the outermost such loop: pure nodes, and
 * load, iota and aload. All of them are total, so it does no harm that they now run when the loop has no iteration or
 * when they stood in a branch. A carried value that every iteration hands on as it is becomes its start.
 * Needs: nothing; cse first leaves less to move. Keeps: everything observable: loops themselves are not moved, because
 * their fuel is. Cost: linear in nodes, times the nesting depth for nodes that move. */
#include "graph/pass.h"

typedef struct mover {
  copier *c;
  const tg_graph *g;
  uint8_t *depth;  /* by value: the number of bodies (but the uniform block) around its place in the new graph */
  bool *dropped;   /* by value: carried values that are their starts */
  uint32_t *same;  /* by value: of those, and of their loops' results, the start and 1; 0 for others */
  bool *is_moved;  /* by node */
  uint32_t *first; /* by node, for loops: the first node that moves before it; and the last. 0: none */
  uint32_t *last;
  uint32_t *next;                  /* by node: the one that moves after it */
  uint32_t open[TG_MAX_DEPTH + 1]; /* the loops and branches around the present node: open[1] .. open[n_open] */
  uint32_t n_open;
} mover;

static bool may_move(uint8_t op)
{
  return (op_table[op].flags & TG_PURE) || op == TG_OP_LOAD || op == TG_OP_IOTA || op == TG_OP_ALOAD;
}

/* The depth of the innermost operand. */
static uint32_t args_depth(const mover *m, const graph_node *node)
{
  const uint32_t *args = node_args(m->g, node);
  uint32_t depth = 0;
  for (uint32_t i = 0; i < node->n_args; i++) {
    depth = m->depth[args[i]] > depth ? m->depth[args[i]] : depth;
  }
  for (uint32_t i = 0; i < node->n_entries; i++) {
    uint32_t v = m->g->entries.data[node->first_entry + i].value;
    depth = m->depth[v] > depth ? m->depth[v] : depth;
  }
  return depth;
}

/* The outermost loop that does not surround every operand, as an index of `open`; 0: none. */
static uint32_t find_loop(const mover *m, uint32_t depth)
{
  for (uint32_t k = depth + 1; k <= m->n_open; k++) {
    if (m->g->nodes.data[m->open[k]].op == TG_OP_LOOP) {
      return k;
    }
  }
  return 0;
}

static void move_before(mover *m, uint32_t node, uint32_t loop)
{
  m->is_moved[node] = true;
  if (m->first[loop] == 0) {
    m->first[loop] = node;
  } else {
    m->next[m->last[loop]] = node;
  }
  m->last[loop] = node;
}

static void set_depth(mover *m, uint32_t first, uint32_t n, uint32_t depth)
{
  for (uint32_t k = 0; k < n; k++) {
    m->depth[first + k] = (uint8_t)depth;
  }
}

static void plan_node(mover *m, uint32_t i)
{
  const graph_node *node = &m->g->nodes.data[i];
  uint32_t k = may_move(node->op) ? find_loop(m, args_depth(m, node)) : 0;
  if (k > 0) {
    move_before(m, i, m->open[k]);
  }
  set_depth(m, node->first_result, node->n_results, k > 0 ? k - 1 : m->n_open);
}

static uint32_t same_as(const mover *m, uint32_t v)
{
  return m->same[v] != 0 ? m->same[v] - 1 : v;
}

static void plan_carried(mover *m, const graph_node *loop)
{
  const uint32_t *starts = node_args(m->g, loop);
  const uint32_t *next = node_args(m->g, &m->g->nodes.data[loop->end]);
  for (uint32_t k = 0; k < loop->n_args; k++) {
    uint32_t v = loop->first_carried + k;
    m->dropped[v] = next[k] == v;
    m->depth[v] = m->dropped[v] ? m->depth[starts[k]] : (uint8_t)m->n_open;
    m->same[v] = m->dropped[v] ? same_as(m, starts[k]) + 1 : 0;
  }
}

static void plan_end(mover *m, const graph_node *owner)
{
  if (owner->op == TG_OP_UNIFORM) {
    return;
  }
  m->n_open--;
  set_depth(m, owner->first_result, owner->n_results, m->n_open);
  for (uint32_t k = 0; owner->op == TG_OP_LOOP && k < owner->n_args; k++) {
    uint32_t v = owner->first_carried + k;
    if (m->dropped[v]) {
      m->depth[owner->first_result + k] = m->depth[v];
      m->same[owner->first_result + k] = m->same[v];
    }
  }
}

static void plan(mover *m)
{
  for (uint32_t i = 0; i < m->g->nodes.n; i++) {
    const graph_node *node = &m->g->nodes.data[i];
    switch (node->op) {
    case TG_OP_LOOP:
      m->open[++m->n_open] = i;
      plan_carried(m, node);
      break;
    case TG_OP_BRANCH: m->open[++m->n_open] = i; break;
    case TG_OP_YIELD:
      if (m->g->nodes.data[node->mate].end == i) {
        plan_end(m, &m->g->nodes.data[node->mate]);
      }
      break;
    default: plan_node(m, i);
    }
  }
}

/* ---- the new graph ---- */

/* Carried values that are their starts, inside the loop (from = first_carried) or as its results. */
static void alias_dropped(mover *m, const graph_node *loop, uint32_t from)
{
  const uint32_t *starts = node_args(m->g, loop);
  for (uint32_t k = 0; k < loop->n_args; k++) {
    if (m->dropped[loop->first_carried + k]) {
      copy_alias(m->c, from + k, m->c->map[starts[k]]);
    }
  }
}

/* An operand that is the start of a loop not yet reached has no new value yet. */
static void resolve(mover *m, uint32_t v)
{
  m->c->map[v] = m->c->map[same_as(m, v)];
}

static void copy_moved(mover *m, uint32_t i)
{
  const graph_node *node = &m->g->nodes.data[i];
  for (uint32_t k = 0; k < node->n_args; k++) {
    resolve(m, node_args(m->g, node)[k]);
  }
  for (uint32_t k = 0; k < node->n_entries; k++) {
    resolve(m, m->g->entries.data[node->first_entry + k].value);
  }
  copy_node(m->c, i);
}

static void copy_loop(mover *m, uint32_t i)
{
  const graph_node *loop = &m->g->nodes.data[i];
  alias_dropped(m, loop, loop->first_carried);
  for (uint32_t j = m->first[i]; j != 0; j = m->next[j]) {
    copy_moved(m, j);
  }
  copy_node(m->c, i);
}

static void copy_rest(mover *m, uint32_t i)
{
  const graph_node *node = &m->g->nodes.data[i];
  copy_node(m->c, i);
  if (node->op == TG_OP_YIELD) {
    const graph_node *owner = &m->g->nodes.data[node->mate];
    if (owner->op == TG_OP_LOOP) {
      alias_dropped(m, owner, owner->first_result);
    }
  }
}

void pass_licm(copier *c)
{
  size_t n_values = c->from->values.n, n_nodes = c->from->nodes.n;
  mover m = {.c = c, .g = c->from};
  m.depth = copy_scratch(c, n_values, sizeof *m.depth);
  m.dropped = copy_scratch(c, n_values, sizeof *m.dropped);
  m.same = copy_scratch(c, n_values, sizeof *m.same);
  m.is_moved = copy_scratch(c, n_nodes, sizeof *m.is_moved);
  m.first = copy_scratch(c, n_nodes, sizeof *m.first);
  m.last = copy_scratch(c, n_nodes, sizeof *m.last);
  m.next = copy_scratch(c, n_nodes, sizeof *m.next);
  if (m.next == NULL) {
    return;
  }
  plan(&m);
  c->dropped = m.dropped;
  for (uint32_t i = 0; i < n_nodes; i++) {
    if (m.is_moved[i]) {
      continue;
    }
    if (c->from->nodes.data[i].op == TG_OP_LOOP) {
      copy_loop(&m, i);
    } else {
      copy_rest(&m, i);
    }
  }
}
