/* path.c: one walk over the nodes in order gives each value its depth; a body's values start where those that it takes
 * over are. What varies is found by going over the graph until nothing new does. */
#include "routine/path.h"

#include "graph/cost.h"

/* ---- depths ---- */

static uint64_t depth_of(const path_finder *f, uint32_t value)
{
  return f->seen_in[value] == f->run ? f->depth[value] : 0;
}

static void reach(path_finder *f, uint32_t value, uint64_t depth, uint32_t from, uint32_t node)
{
  if (f->seen_in[value] != f->run || depth > f->depth[value]) {
    f->seen_in[value] = f->run;
    f->depth[value] = depth;
    f->from[value] = from;
    f->node[value] = node;
  }
}

/* The argument that comes last, or TG_POISON. */
static uint32_t latest(const path_finder *f, const graph_node *node)
{
  const uint32_t *args = node_args(f->g, node);
  uint32_t last = node->n_args > 0 ? args[0] : TG_POISON;
  for (uint32_t k = 1; k < node->n_args; k++) {
    last = depth_of(f, args[k]) > depth_of(f, last) ? args[k] : last;
  }
  return last;
}

/* What a body yields are results of its loop or branch, which come no earlier than what decides about it. */
static void reach_results(path_finder *f, const graph_node *yield, uint32_t number)
{
  const graph_node *owner = &f->g->nodes.data[yield->mate];
  const uint32_t *args = node_args(f->g, yield);
  bool is_loop = owner->op == TG_OP_LOOP;
  uint32_t decides = is_loop                     ? node_args(f->g, &f->g->nodes.data[owner->mate])[0]
                     : owner->op == TG_OP_BRANCH ? node_args(f->g, owner)[0]
                                                 : TG_POISON;
  uint64_t at_least = decides == TG_POISON ? 0 : depth_of(f, decides) + !is_loop;
  for (uint32_t k = 0; k < yield->n_args && k < owner->n_results; k++) {
    uint64_t depth = depth_of(f, args[k]);
    bool is_later = depth >= at_least;
    reach(f, owner->first_result + k, is_later ? depth : at_least, is_later ? args[k] : decides, number);
  }
}

static uint64_t walk_node(path_finder *f, uint32_t number)
{
  const graph_node *node = &f->g->nodes.data[number];
  uint32_t last = latest(f, node);
  uint64_t depth = (last == TG_POISON ? 0 : depth_of(f, last)) + cost_operations(node);
  if (node->op == TG_OP_YIELD) {
    reach_results(f, node, number);
  } else if (node->op == TG_OP_LOOP) {
    for (uint32_t k = 0; k < node->n_args; k++) {
      uint32_t start = node_args(f->g, node)[k];
      reach(f, node->first_carried + k, depth_of(f, start), start, number);
    }
  } else if (node->op != TG_OP_BRANCH) {
    for (uint32_t k = 0; k < node->n_results; k++) {
      reach(f, node->first_result + k, depth, last, number);
    }
  }
  return depth;
}

path_length path_measure(path_finder *f, uint32_t first, uint32_t end)
{
  path_length length = {0, 0};
  f->run++;
  for (uint32_t k = first; k < end; k++) {
    uint64_t depth = walk_node(f, k);
    length.operations += cost_operations(&f->g->nodes.data[k]);
    length.path = depth > length.path ? depth : length.path;
  }
  return length;
}

void path_mark(const path_finder *f, bool *is_critical)
{
  uint32_t last = UINT32_MAX;
  uint64_t most = 0;
  for (uint32_t k = 0; k < f->g->nodes.n; k++) {
    const graph_node *node = &f->g->nodes.data[k];
    uint32_t arg = latest(f, node);
    uint64_t depth = (arg == TG_POISON ? 0 : depth_of(f, arg)) + cost_operations(node);
    if (depth > most) {
      most = depth;
      last = k;
    }
  }
  if (last == UINT32_MAX) {
    return;
  }
  is_critical[last] = true;
  for (uint32_t v = latest(f, &f->g->nodes.data[last]); v != TG_POISON && f->seen_in[v] == f->run; v = f->from[v]) {
    is_critical[f->node[v]] = true;
  }
}

/* ---- what varies ---- */

static bool any_varies(const path_finder *f, const uint32_t *values, uint32_t n)
{
  for (uint32_t k = 0; k < n; k++) {
    if (f->varies[values[k]]) {
      return true;
    }
  }
  return false;
}

static bool vary(path_finder *f, uint32_t value, bool varies)
{
  bool is_new = varies && !f->varies[value];
  f->varies[value] = f->varies[value] || varies;
  return is_new;
}

/* Whether the way through a loop or branch differs. */
static bool owner_varies(const path_finder *f, const graph_node *owner)
{
  if (owner->op == TG_OP_LOOP) {
    return f->varies[node_args(f->g, &f->g->nodes.data[owner->mate])[0]];
  }
  return owner->op == TG_OP_BRANCH && f->varies[node_args(f->g, owner)[0]];
}

static bool vary_yield(path_finder *f, const graph_node *yield)
{
  const graph_node *owner = &f->g->nodes.data[yield->mate];
  const uint32_t *args = node_args(f->g, yield);
  bool is_new = false, all = owner_varies(f, owner);
  for (uint32_t k = 0; k < yield->n_args && k < owner->n_results; k++) {
    is_new = vary(f, owner->first_result + k, all || f->varies[args[k]]) || is_new;
    if (owner->op == TG_OP_LOOP) {
      is_new = vary(f, owner->first_carried + k, f->varies[args[k]]) || is_new;
    }
  }
  return is_new;
}

static bool vary_node(path_finder *f, const graph_node *node)
{
  const uint32_t *args = node_args(f->g, node);
  bool is_new = false;
  switch ((int)node->op) {
  case TG_OP_YIELD: return vary_yield(f, node);
  case TG_OP_BRANCH: return false;
  case TG_OP_LOOP:
    for (uint32_t k = 0; k < node->n_args; k++) {
      is_new = vary(f, node->first_carried + k, f->varies[args[k]]) || is_new;
    }
    return is_new;
  default: break;
  }
  bool varies = node->op == TG_OP_LOAD || node->op == TG_OP_IOTA || any_varies(f, args, node->n_args);
  for (uint32_t k = 0; k < node->n_results; k++) {
    is_new = vary(f, node->first_result + k, varies) || is_new;
  }
  return is_new;
}

static void find_varying(path_finder *f)
{
  bool is_new = true;
  while (is_new) {
    is_new = false;
    for (uint32_t k = 0; k < f->g->nodes.n; k++) {
      is_new = vary_node(f, &f->g->nodes.data[k]) || is_new;
    }
  }
}

bool path_parts(const path_finder *f, uint32_t first, uint32_t end)
{
  const graph_node *last = NULL;
  for (uint32_t k = first; k < end; k++) {
    const graph_node *node = &f->g->nodes.data[k];
    if (node->op == TG_OP_LOOP || node->op == TG_OP_BRANCH) {
      last = node;
      k = node->end;
    }
  }
  return last != NULL && owner_varies(f, last);
}

bool path_open(path_finder *f, const tg_graph *g, arena *memory)
{
  size_t n = g->values.n;
  *f = (path_finder){.g = g,
                     .seen_in = arena_array(memory, uint32_t, n),
                     .depth = arena_array(memory, uint64_t, n),
                     .from = arena_array(memory, uint32_t, n),
                     .node = arena_array(memory, uint32_t, n),
                     .varies = arena_array(memory, bool, n)};
  if (!memory->failed) {
    find_varying(f);
  }
  return !memory->failed;
}
