/* graph.c: the life of a graph: making, finishing, destroying, and questions about its signature. */
#include "graph/graph.h"

#include <string.h>

/* ---- life ---- */

static bool init(tg_graph *g, const char *name)
{
  const tg_allocator *a = &g->context->allocator;
  symtab_init(&g->value_names, *a);
  if (!vec_room(a, &g->strings, 1) || !vec_room(a, &g->scopes, 1)) {
    return false;
  }
  g->strings.data[g->strings.n++] = '\0';
  g->scopes.data[g->scopes.n++] = (graph_scope){.kind = SCOPE_MAIN, .is_open = true};
  g->name = graph_string(g, name, strlen(name));
  return g->name != 0;
}

tg_status tg_graph_create(tg_context *context, const char *name, tg_graph **out)
{
  *out = NULL;
  if (context == NULL || name == NULL || !name_is_valid(name, strlen(name))) {
    return TG_ARGUMENT;
  }
  tg_graph *g = alloc_zeroed(&context->allocator, 1, sizeof *g);
  if (g == NULL) {
    return TG_NOMEM;
  }
  g->context = context;
  if (!init(g, name)) {
    tg_graph_destroy(g);
    return TG_NOMEM;
  }
  *out = g;
  return TG_OK;
}

void tg_graph_destroy(tg_graph *g)
{
  if (g == NULL) {
    return;
  }
  const tg_allocator *a = &g->context->allocator;
  symtab_free(&g->value_names);
  vec_free(a, &g->strings);
  vec_free(a, &g->operands);
  vec_free(a, &g->nodes);
  vec_free(a, &g->values);
  vec_free(a, &g->args);
  vec_free(a, &g->entries);
  vec_free(a, &g->bodies);
  vec_free(a, &g->scopes);
  vec_free(a, &g->consumed);
  alloc_free(a, g, 1, sizeof *g);
}

tg_status tg_graph_error(const tg_graph *g, tg_error *error)
{
  if (g->error.code != TG_OK && error != NULL) {
    *error = g->error;
  }
  return g->error.code;
}

/* ---- finishing ---- */

static bool all_written(tg_graph *g)
{
  for (size_t i = 0; i < g->operands.n; i++) {
    const graph_operand *operand = &g->operands.data[i];
    bool must = operand->kind == TG_OUTPUT || operand->kind == TG_RESULT || operand->kind == TG_ACCUMULATOR;
    if (must && operand->writer == UINT32_MAX) {
      return graph_fail(g, TG_VERIFY, "%s %s is never written", operand_kind_names[operand->kind],
                        graph_str(g, operand->name));
    }
  }
  return true;
}

static size_t count_bodies(const tg_graph *g)
{
  size_t n = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    n += g->nodes.data[i].n_bodies;
  }
  return n;
}

/* Lists where each body of each branch starts: after the branch itself, and after each of its yields but the last. */
static bool list_bodies(tg_graph *g)
{
  size_t filled[TG_MAX_DEPTH + 1];
  size_t depth = 0;
  if (!vec_room(&g->context->allocator, &g->bodies, count_bodies(g))) {
    return graph_fail(g, TG_NOMEM, "no memory for a graph of %zu nodes", g->nodes.n);
  }
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    graph_node *node = &g->nodes.data[i];
    graph_node *mate = node->op == TG_OP_YIELD ? &g->nodes.data[node->mate] : NULL;
    if (node->op == TG_OP_BRANCH) {
      node->first_body = (uint32_t)g->bodies.n;
      g->bodies.n += node->n_bodies;
      g->bodies.data[node->first_body] = i + 1;
      filled[depth++] = 1;
    } else if (mate != NULL && mate->op == TG_OP_BRANCH && mate->end == i) {
      depth--;
    } else if (mate != NULL && mate->op == TG_OP_BRANCH) {
      g->bodies.data[mate->first_body + filled[depth - 1]++] = i + 1;
    }
  }
  return true;
}

tg_status tg_graph_finish(tg_graph *g, tg_error *error)
{
  if (g->error.code == TG_OK && !g->is_finished) {
    if (g->scope != 0) {
      graph_fail(g, TG_VERIFY, "a body is still open at the end of the graph");
    } else if (all_written(g) && list_bodies(g)) {
      g->is_finished = true;
    }
  }
  return tg_graph_error(g, error);
}

/* ---- questions ---- */

uint32_t graph_main_start(const tg_graph *g)
{
  return g->nodes.n > 0 && g->nodes.data[0].op == TG_OP_UNIFORM ? g->nodes.data[0].end + 1 : 0;
}

const char *tg_graph_name(const tg_graph *g)
{
  return graph_str(g, g->name);
}

size_t tg_graph_n_nodes(const tg_graph *g)
{
  return g->nodes.n;
}

size_t tg_graph_n_operands(const tg_graph *g)
{
  return g->operands.n;
}

/* The bit of an argmin or argmax in tg_outcome.none: their number in program order. */
static int none_bit(const tg_graph *g, uint32_t writer)
{
  int bit = 0;
  if (writer == UINT32_MAX || (g->nodes.data[writer].op != TG_OP_ARGMIN && g->nodes.data[writer].op != TG_OP_ARGMAX)) {
    return -1;
  }
  for (uint32_t i = 0; i < writer; i++) {
    bit += g->nodes.data[i].op == TG_OP_ARGMIN || g->nodes.data[i].op == TG_OP_ARGMAX;
  }
  return bit;
}

tg_status tg_graph_operand(const tg_graph *g, size_t index, tg_operand_info *info)
{
  if (index >= g->operands.n) {
    return TG_ARGUMENT;
  }
  const graph_operand *operand = &g->operands.data[index];
  *info = (tg_operand_info){.name = graph_str(g, operand->name),
                            .kind = (tg_operand_kind)operand->kind,
                            .mode = (tg_mode)operand->mode,
                            .has_default = operand->has_default,
                            .default_bits = operand->default_bits,
                            .none_bit = none_bit(g, operand->writer)};
  return TG_OK;
}
