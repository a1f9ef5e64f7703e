/* level.c: values in loops that are the same in all lanes that are in the loop, such as the count of its iterations:
 * all lanes of a loop are in the same iteration. They are made once for all lanes, and used like uniform values. What
 * branches on them and loops on conditions of them alone give is level too.
 *
 * A carried value is level if it starts uniform or level and is yielded so. That is first taken for granted, then
 * refuted where it fails, until nothing changes. */
#include "backend/vec/plan.h"

#include <string.h>

enum { ROUNDS = 8 };

static bool is_scalar(const vec_planner *p, uint32_t v)
{
  return p->g->values.data[v].is_uniform || p->is_level[v];
}

/* Operations that one lane can do for all. */
static bool can_be_level(const graph_node *node)
{
  switch ((int)node->op) {
  case TG_OP_NEG:
  case TG_OP_NOT:
  case TG_OP_SQRT:
  case TG_OP_ROUND:
  case TG_OP_ADD:
  case TG_OP_SUB:
  case TG_OP_MUL:
  case TG_OP_MAX:
  case TG_OP_DIV:
  case TG_OP_SHL:
  case TG_OP_SHR:
  case TG_OP_OR:
  case TG_OP_AND:
  case TG_OP_XOR:
  case TG_OP_ANDNOT:
  case TG_OP_LT:
  case TG_OP_EQ:
  case TG_OP_SELECT:
  case TG_OP_FMA:
  case TG_OP_DIVMOD:
  case TG_OP_CONVERT:
  case TG_OP_BITCAST: return true;
  default: return false;
  }
}

static void spread(vec_planner *p, const graph_node *node)
{
  bool is_level = can_be_level(node) && !p->g->values.data[node->first_result].is_uniform;
  for (uint32_t k = 0; k < node->n_args && is_level; k++) {
    is_level = is_scalar(p, node_args(p->g, node)[k]);
  }
  for (uint32_t k = 0; k < node->n_results && is_level; k++) {
    p->is_level[node->first_result + k] = true;
  }
}

/* A loop outside the uniform block. */
static bool is_inner(const vec_planner *p, const graph_node *node)
{
  return node->op == TG_OP_LOOP && node->n_args > 0 && !p->g->values.data[node->first_carried].is_uniform;
}

/* What a branch on one selector for all gives is level where all bodies yield so. Bodies come after their branch. */
static void open_branch(vec_planner *p, const graph_node *branch)
{
  bool is_one = is_scalar(p, node_args(p->g, branch)[0]);
  for (uint32_t k = 0; k < branch->n_results; k++) {
    const graph_value *value = &p->g->values.data[branch->first_result + k];
    p->is_level[branch->first_result + k] = is_one && !value->is_uniform && value->array_length == 0;
  }
}

/* Where the condition is level too, all lanes leave a loop at once, but those that trapped, which do not count. */
static void yield_loop(vec_planner *p, const graph_node *loop)
{
  uint32_t condition = node_args(p->g, &p->g->nodes.data[loop->mate])[0];
  for (uint32_t k = 0; k < loop->n_args; k++) {
    p->is_level[loop->first_result + k] = p->is_level[loop->first_carried + k] && is_scalar(p, condition);
  }
}

static void yield(vec_planner *p, const graph_node *node)
{
  const graph_node *opener = &p->g->nodes.data[node->mate];
  if (is_inner(p, opener)) {
    yield_loop(p, opener);
  }
  for (uint32_t k = 0; opener->op == TG_OP_BRANCH && k < opener->n_results; k++) {
    bool is_level = p->is_level[opener->first_result + k] && is_scalar(p, node_args(p->g, node)[k]);
    p->is_level[opener->first_result + k] = is_level;
  }
}

/* Carried values that start as arrays or streams, or were refuted (`stamp`), are not level. */
static void suppose(vec_planner *p, const graph_node *loop)
{
  for (uint32_t k = 0; k < loop->n_args; k++) {
    uint32_t carried = loop->first_carried + k;
    p->is_level[carried] = p->stamp[carried] == 0 && p->g->values.data[carried].array_length == 0 &&
                           is_scalar(p, node_args(p->g, loop)[k]);
  }
}

static bool refute(vec_planner *p, const graph_node *loop)
{
  bool has_failed = false;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    uint32_t carried = loop->first_carried + k;
    if (p->is_level[carried] && !is_scalar(p, node_args(p->g, &p->g->nodes.data[loop->end])[k])) {
      p->stamp[carried] = 1;
      has_failed = true;
    }
  }
  return has_failed;
}

/* One walk; false when something that it supposed is not so. */
static bool try_all(vec_planner *p)
{
  bool has_failed = false;
  memset(p->is_level, 0, p->g->values.n * sizeof *p->is_level);
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    if (is_inner(p, node)) {
      suppose(p, node);
    } else if (node->op == TG_OP_BRANCH) {
      open_branch(p, node);
    } else if (node->op == TG_OP_YIELD) {
      yield(p, node);
    } else if (node->n_args > 0 && node->n_results > 0) {
      spread(p, node);
    }
  }
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    has_failed = (is_inner(p, node) && refute(p, node)) || has_failed;
  }
  return !has_failed;
}

void level_find(vec_planner *p)
{
  memset(p->stamp, 0, p->g->values.n * sizeof *p->stamp);
  for (int round = 0; round < ROUNDS; round++) {
    if (try_all(p)) {
      return;
    }
  }
  memset(p->is_level, 0, p->g->values.n * sizeof *p->is_level);
}
