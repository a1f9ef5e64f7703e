/* plan.c: how long each value is needed. A value that is used in a loop or branch it was made outside of is needed
 * until that loop or branch ends. */
#include "backend/vec/plan.h"

uint32_t vec_values_before(const tg_graph *g, uint32_t i)
{
  while (g->nodes.data[i].op == TG_OP_BRANCH) {
    i++; /* a branch's own number is that of its results; what follows it starts where it did */
  }
  const graph_node *node = &g->nodes.data[i];
  return node->op == TG_OP_LOOP ? node->first_carried : node->first_result;
}

static void use(vec_planner *p, uint32_t value, const uint32_t *openers, uint32_t depth, uint32_t at)
{
  for (uint32_t d = 0; d < depth; d++) {
    if (vec_is_outside(p, value, openers[d])) {
      at = p->g->nodes.data[openers[d]].end;
      break;
    }
  }
  if (p->last_use[value] == VEC_NONE || p->last_use[value] < at) {
    p->last_use[value] = at;
  }
}

static void use_args(vec_planner *p, uint32_t i, const uint32_t *openers, uint32_t depth)
{
  const graph_node *node = &p->g->nodes.data[i];
  bool is_sink = op_table[node->op].flags & TG_SINKS;
  for (uint32_t k = 0; k < node->n_args; k++) {
    /* Sinks run when all else is done. */
    use(p, node_args(p->g, node)[k], openers, depth, is_sink ? (uint32_t)p->g->nodes.n : i);
  }
}

/* A result is needed at least until it is made; what a loop carries, as long as the loop. */
static void use_results(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  bool opens = node->op == TG_OP_LOOP || node->op == TG_OP_BRANCH;
  for (uint32_t k = 0; k < node->n_results; k++) {
    p->last_use[node->first_result + k] = opens ? node->end : i;
    p->is_hoisted[node->first_result + k] = node->op == TG_OP_LOAD || node->op == TG_OP_IOTA;
  }
  for (uint32_t k = 0; node->op == TG_OP_LOOP && k < node->n_args; k++) {
    p->last_use[node->first_carried + k] = node->end;
  }
}

/* Values that only one store uses; none where a lane may trap, for then the store must wait for its end. */
static void find_stored(vec_planner *p)
{
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    for (uint32_t k = 0; k < node->n_args; k++) {
      uint32_t v = node_args(p->g, node)[k];
      bool is_first = p->owned[v] == 0;
      p->owned[v] = 1; /* here: how often it is used, up to once */
      p->stored[v] = is_first && node->op == TG_OP_STORE && !p->code->has_effects ? node->operand : VEC_NONE;
    }
  }
}

static void find_uses(vec_planner *p)
{
  uint32_t openers[TG_MAX_DEPTH + 1], depth = 0;
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    use_args(p, i, openers, depth);
    if (node->op == TG_OP_LOOP || node->op == TG_OP_BRANCH) {
      openers[depth++] = i;
    } else if (node->op == TG_OP_YIELD && depth > 0 && p->g->nodes.data[node->mate].end == i) {
      depth--;
    }
  }
}

bool vec_plan(vec_planner *p)
{
  size_t n = p->g->values.n + 1, n_nodes = p->g->nodes.n + 1;
  p->last_use = alloc_zeroed(&p->allocator, n, sizeof *p->last_use);
  p->owned = alloc_zeroed(&p->allocator, n, sizeof *p->owned);
  p->stamp = alloc_zeroed(&p->allocator, n, sizeof *p->stamp);
  p->expires = alloc_zeroed(&p->allocator, n_nodes, sizeof *p->expires);
  p->expires_next = alloc_zeroed(&p->allocator, n, sizeof *p->expires_next);
  p->fused = alloc_zeroed(&p->allocator, n, sizeof *p->fused);
  p->role = alloc_zeroed(&p->allocator, n, sizeof *p->role);
  p->made_at = alloc_zeroed(&p->allocator, n, sizeof *p->made_at);
  p->stored = alloc_zeroed(&p->allocator, n, sizeof *p->stored);
  p->is_level = alloc_zeroed(&p->allocator, n, sizeof *p->is_level);
  p->is_hoisted = alloc_zeroed(&p->allocator, n, sizeof *p->is_hoisted);
  if (!p->last_use || !p->owned || !p->stamp || !p->expires || !p->expires_next || !p->fused || !p->role ||
      !p->made_at || !p->stored || !p->is_level || !p->is_hoisted) {
    return false;
  }
  for (uint32_t i = 0; i < p->g->nodes.n; i++) {
    p->expires[i] = VEC_NONE;
    use_results(p, i);
  }
  p->expires[p->g->nodes.n] = VEC_NONE;
  for (uint32_t v = 0; v < p->g->values.n; v++) {
    p->stored[v] = VEC_NONE;
  }
  find_stored(p);
  find_uses(p);
  level_find(p);
  fuse_find(p);
  for (uint32_t v = 0; v < p->g->values.n; v++) {
    p->owned[v] = p->stamp[v] = VEC_NONE;
    p->expires_next[v] = p->expires[p->last_use[v]];
    p->expires[p->last_use[v]] = v;
  }
  return true;
}

void vec_plan_free(vec_planner *p)
{
  size_t n = p->g->values.n + 1;
  alloc_free(&p->allocator, p->last_use, n, sizeof *p->last_use);
  alloc_free(&p->allocator, p->owned, n, sizeof *p->owned);
  alloc_free(&p->allocator, p->stamp, n, sizeof *p->stamp);
  alloc_free(&p->allocator, p->expires, p->g->nodes.n + 1, sizeof *p->expires);
  alloc_free(&p->allocator, p->expires_next, n, sizeof *p->expires_next);
  alloc_free(&p->allocator, p->fused, n, sizeof *p->fused);
  alloc_free(&p->allocator, p->role, n, sizeof *p->role);
  alloc_free(&p->allocator, p->made_at, n, sizeof *p->made_at);
  alloc_free(&p->allocator, p->stored, n, sizeof *p->stored);
  alloc_free(&p->allocator, p->is_level, n, sizeof *p->is_level);
  alloc_free(&p->allocator, p->is_hoisted, n, sizeof *p->is_hoisted);
  for (size_t s = 0; s < VEC_SIZE_COUNT; s++) {
    vec_free(&p->allocator, &p->free[s]);
  }
  vec_free(&p->allocator, &p->shadows);
}
