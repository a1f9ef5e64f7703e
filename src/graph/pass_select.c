/* pass_select.c: makes selects of small branches.
 *
 * Does: a branch whose bodies are short and pure runs them all and selects: parting the lanes and packing what each
 * body needs costs more than the work that is wasted. Needs: fold first, which takes branches away that constants
 * decide. Keeps: everything observable: pure nodes, load, iota and aload are total. A branch that traps, charges, loops
 * or changes an array stays, and so does one that contains a branch that stays. Cost: linear. */
#include "graph/cost.h"
#include "graph/pass.h"

/* In 10^-12 s of a lane. Measured with vec, 10^5 lanes that part at random: to part them costs each lane 4000 to 6000,
 * whatever the bodies do; lanes that do not part pay nothing, so half of it is worth wasting. */
enum { MAX_PS = 2000, MAX_BODIES = 4, NEVER = MAX_PS + 1, SELECT_PS = 40 };

typedef struct converter {
  copier *c;
  const tg_graph *g;
  const uint32_t *parent;
  uint16_t *cost;   /* by node, of branches: all their bodies; NEVER: the branch stays */
  uint32_t *chosen; /* by result of a converted branch: its new value, as far as the bodies so far decide */
} converter;

/* ---- which ---- */

static uint64_t cost_of(const converter *s, uint32_t i)
{
  const graph_node *node = &s->g->nodes.data[i];
  switch (node->op) {
  case TG_OP_YIELD: return 0;
  case TG_OP_BRANCH: return s->cost[i];
  case TG_OP_LOAD:
  case TG_OP_IOTA:
  case TG_OP_ALOAD: return cost_node_ps(s->g, node);
  default: return op_table[node->op].flags & TG_PURE ? cost_node_ps(s->g, node) : NEVER;
  }
}

static void add_cost(converter *s, uint32_t branch, uint64_t cost)
{
  uint64_t total = s->cost[branch] + cost;
  s->cost[branch] = (uint16_t)(total < NEVER ? total : NEVER);
}

/* The choosing itself: arrays cannot be chosen. */
static uint64_t selects_cost(const converter *s, const graph_node *branch)
{
  for (uint32_t k = 0; k < branch->n_results; k++) {
    if (s->g->values.data[branch->first_result + k].array_length > 0) {
      return NEVER;
    }
  }
  return branch->n_bodies > MAX_BODIES ? NEVER : (uint64_t)(branch->n_bodies - 1) * branch->n_results * SELECT_PS;
}

/* Backwards, so that a branch is known before the one around it. */
static void plan(converter *s)
{
  for (uint32_t i = (uint32_t)s->g->nodes.n; i-- > 0;) {
    const graph_node *node = &s->g->nodes.data[i];
    if (node->op == TG_OP_BRANCH) {
      add_cost(s, i, selects_cost(s, node));
    }
    uint32_t around = s->parent[i];
    if (around != UINT32_MAX && s->g->nodes.data[around].op == TG_OP_BRANCH) {
      add_cost(s, around, cost_of(s, i));
    }
  }
}

static bool is_converted(const converter *s, uint32_t i)
{
  return s->g->nodes.data[i].op == TG_OP_BRANCH && s->cost[i] < NEVER;
}

/* ---- the new graph ---- */

static tg_type type_of(const converter *s, uint32_t value)
{
  return (tg_type)s->g->values.data[value].type;
}

/* Whether the selector chooses body k. */
static uint32_t is_body(converter *s, const graph_node *branch, uint32_t k)
{
  uint32_t selector = node_args(s->g, branch)[0];
  tg_type type = type_of(s, selector);
  uint32_t args[2] = {s->c->map[selector], copy_const(s->c, type, k)};
  return copy_add(s->c, &(node_spec){.op = TG_OP_EQ, .args = args, .n_args = 2});
}

/* The value a body gives for result k. */
static uint32_t given(const converter *s, const graph_node *branch, uint32_t body, uint32_t k)
{
  const graph_node *yield = &s->g->nodes.data[branch_yield(s->g, branch, body)];
  return s->c->map[node_args(s->g, yield)[k]];
}

/* selector = 0 ? body 0 : selector = 1 ? body 1 : ... the last, built from its end. A bool needs no test. */
static void choose(converter *s, const graph_node *branch, uint32_t n_bodies)
{
  bool is_bool = type_of(s, node_args(s->g, branch)[0]) == TG_BOOL;
  for (uint32_t body = n_bodies - 1; body-- > 0;) {
    uint32_t test = is_bool ? s->c->map[node_args(s->g, branch)[0]] : is_body(s, branch, body);
    for (uint32_t k = 0; k < branch->n_results; k++) {
      uint32_t *so_far = &s->chosen[branch->first_result + k], mine = given(s, branch, body, k);
      uint32_t args[3] = {test, is_bool ? *so_far : mine, is_bool ? mine : *so_far};
      *so_far = copy_add(s->c, &(node_spec){.op = TG_OP_SELECT, .args = args, .n_args = 3});
    }
  }
}

/* Of a bool no body but the first two can be chosen. */
static void end_branch(converter *s, const graph_node *branch)
{
  bool is_bool = type_of(s, node_args(s->g, branch)[0]) == TG_BOOL;
  uint32_t n_bodies = is_bool && branch->n_bodies > 2 ? 2 : branch->n_bodies;
  for (uint32_t k = 0; k < branch->n_results; k++) {
    s->chosen[branch->first_result + k] = given(s, branch, n_bodies - 1, k);
  }
  choose(s, branch, n_bodies);
  for (uint32_t k = 0; k < branch->n_results; k++) {
    copy_alias(s->c, branch->first_result + k, s->chosen[branch->first_result + k]);
  }
}

static void visit(converter *s, uint32_t i)
{
  const graph_node *node = &s->g->nodes.data[i];
  if (node->op == TG_OP_YIELD && is_converted(s, node->mate)) {
    const graph_node *branch = &s->g->nodes.data[node->mate];
    if (branch->end == i) {
      end_branch(s, branch);
    }
  } else if (!is_converted(s, i)) {
    copy_node(s->c, i);
  }
}

void pass_select(copier *c)
{
  converter s = {.c = c, .g = c->from, .parent = copy_parents(c)};
  s.cost = copy_scratch(c, c->from->nodes.n, sizeof *s.cost);
  s.chosen = copy_scratch(c, c->from->values.n, sizeof *s.chosen);
  if (s.chosen == NULL) {
    return;
  }
  plan(&s);
  for (uint32_t i = 0; i < c->from->nodes.n; i++) {
    visit(&s, i);
  }
}
