/* lanes.c: how many lanes a group has: as many vectors in flight as the graph makes use of, by the widest type that
 * differs between lanes. In: a graph whose varying values are known. Out: the lanes of a group, the width of masks. */
#include "backend/llvm/emit.h"

enum { IN_FLIGHT = 4, IN_FLIGHT_BEST = 2, SMALL_GRAPH = 24 };

static bool has_loops(const tg_graph *g)
{
  bool found = false;
  for (size_t i = graph_main_start(g); i < g->nodes.n; i++) {
    found |= g->nodes.data[i].op == TG_OP_LOOP;
  }
  return found;
}

/* Of a value that differs between lanes. */
static unsigned width_of(const tg_graph *g, const bool *varies, uint32_t v)
{
  const graph_value *value = &g->values.data[v];
  return varies[v] && value->array_length == 0 ? element_bytes((tg_type)value->type) : 1;
}

/* Of values [begin, end). */
static unsigned widest_of(const tg_graph *g, const bool *varies, uint32_t begin, uint32_t end)
{
  unsigned most = 1;
  for (uint32_t v = begin; v < end; v++) {
    unsigned bytes = width_of(g, varies, v);
    most = bytes > most ? bytes : most;
  }
  return most;
}

/* Of what a loop uses. */
static unsigned widest_used(const tg_graph *g, const bool *varies, const graph_node *loop)
{
  const graph_node *last = &g->nodes.data[loop->end];
  unsigned most = 1;
  for (uint32_t k = loop->first_arg; k < last->first_arg + last->n_args; k++) {
    unsigned bytes = width_of(g, varies, g->args.data[k]);
    most = bytes > most ? bytes : most;
  }
  return most;
}

/* Lane numbers that are made for best lanes alone: no group has them in vectors. */
static bool is_index_alone(const tg_graph *g, const graph_node *iota)
{
  bool is_alone = iota->op == TG_OP_IOTA;
  for (size_t i = 0; i < g->nodes.n && is_alone; i++) {
    const graph_node *node = &g->nodes.data[i];
    bool is_arg = node->op == TG_OP_ARGMIN || node->op == TG_OP_ARGMAX;
    for (uint32_t k = 0; k < node->n_args; k++) {
      is_alone &= node_args(g, node)[k] != iota->first_result || (is_arg && k == 0);
    }
  }
  return is_alone;
}

/* Where there are loops, of what is in them: lane numbers and the like outside are made once. */
static unsigned widest_element(const tg_graph *g, const bool *varies)
{
  bool is_looping = has_loops(g);
  unsigned most = 1;
  for (size_t i = is_looping ? graph_main_start(g) : 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    bool is_loop = node->op == TG_OP_LOOP;
    uint32_t first = is_loop ? node->first_carried : node->first_result;
    if (is_loop == is_looping && !is_index_alone(g, node)) {
      unsigned made = widest_of(g, varies, first, node->first_result + node->n_results);
      unsigned used = is_loop ? widest_used(g, varies, node) : 1;
      most = made > most ? made : most;
      most = used > most ? used : most;
    }
  }
  return most;
}

/* The columns of the widest float sum, if the graph is small enough to hold as many lanes in registers. */
static unsigned columns_wanted(const tg_graph *g)
{
  unsigned n = 0;
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    tg_type type = node->op == TG_OP_SUM ? (tg_type)g->values.data[node_args(g, node)[0]].type : TG_BOOL;
    n = type == TG_F32 ? 64 : type == TG_F64 && n < 32 ? 32 : n;
    if (node->op == TG_OP_LOOP || node->op == TG_OP_BRANCH) {
      return 0;
    }
  }
  return g->nodes.n > SMALL_GRAPH ? 0 : n;
}

/* A loop waits for its own last round: vectors in flight fill the time. Without loops the processor runs groups side by
 * side by itself, and one vector is the least code: it is made twice, for whole groups and for the last lanes. But best
 * lanes are asked for once a group. */
static unsigned vectors_in_flight(const tg_graph *g)
{
  if (has_loops(g)) {
    return IN_FLIGHT;
  }
  return g->n_arg_sinks == 0 ? 1 : g->nodes.n <= SMALL_GRAPH ? IN_FLIGHT : IN_FLIGHT_BEST;
}

void jit_choose_lanes(jit_code *code)
{
  const tg_graph *g = code->graph;
  unsigned widest = widest_element(g, code->varies), columns = columns_wanted(g);
  unsigned n = vectors_in_flight(g) * code->traits.vector_bytes / widest;
  n = n < columns ? columns : n;
  n = n < 8 ? 8 : n;
  code->n_lanes = n > JIT_MAX_LANES ? JIT_MAX_LANES : n;
  code->mask_bits = 8 * widest;
}
