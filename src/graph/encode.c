/* encode.c: a graph as a binary module, docs/spec.md chapter 10: the nodes as they lie in the graph, markers too. */
#include "base/text.h"
#include "graph/graph.h"
#include "graph/module.h"
#include "graph/syntax.h"

#include <string.h>

static void put(text *t, uint64_t value, size_t n_bytes)
{
  unsigned char bytes[8];
  for (size_t i = 0; i < n_bytes; i++) {
    bytes[i] = (unsigned char)(value >> (8 * i));
  }
  text_bytes(t, bytes, n_bytes);
}

static void put_string(text *t, const char *s)
{
  size_t n = strlen(s);
  put(t, n, 2);
  text_bytes(t, s, n);
}

static void put_operand(text *t, const tg_graph *g, const graph_operand *operand)
{
  put(t, operand->kind, 1);
  put(t, operand->mode, 1);
  put(t, operand->has_default ? 1 : 0, 1);
  put_string(t, graph_str(g, operand->name));
  if (operand->has_default) {
    put(t, operand->default_bits, 8);
  }
}

static uint64_t immediate_of(const graph_node *node)
{
  if (node->op == TG_OP_BRANCH) {
    return node->n_bodies;
  }
  bool has_one = (op_parts[node->op] & (PART_LITERAL | PART_INT)) != 0 || node->op == TG_OP_LINEAR;
  return has_one ? node->imm : 0;
}

static void put_node(text *t, const tg_graph *g, const graph_node *node)
{
  unsigned parts = op_parts[node->op];
  put(t, node->op, 1);
  put(t, parts & PART_TYPE ? node->type : 0, 1);
  put(t, node->op == TG_OP_YIELD ? 0 : node->detail, 2);
  put(t, parts & PART_POSITION ? node->position : 0, 4);
  put(t, parts & PART_OPERAND ? node->operand : 0, 4);
  put(t, immediate_of(node), 8);
  put(t, node->n_args, 4);
  for (uint32_t i = 0; i < node->n_args; i++) {
    put(t, node_args(g, node)[i], 4);
  }
  put(t, node->n_results, 4);
  if (node->op == TG_OP_LINEAR) {
    put(t, node->n_entries, 4);
    for (uint32_t i = 0; i < node->n_entries; i++) {
      const tg_entry *e = &g->entries.data[node->first_entry + i];
      put(t, e->row, 4);
      put(t, e->column, 4);
      put(t, e->value, 4);
    }
  }
}

static void put_names(text *t, const tg_graph *g)
{
  uint32_t n_names = 0;
  for (size_t i = 0; i < g->values.n; i++) {
    n_names += g->values.data[i].name != 0;
  }
  put(t, n_names, 4);
  for (size_t i = 0; i < g->values.n; i++) {
    if (g->values.data[i].name != 0) {
      put(t, i, 4);
      put_string(t, graph_str(g, g->values.data[i].name));
    }
  }
}

tg_status graph_encode(const tg_graph *g, char **bytes, size_t *n_bytes)
{
  text t = {.allocator = g->context->allocator};
  const char *doc = graph_str(g, g->doc);
  size_t n_doc = strlen(doc);
  bool is_whole = n_doc == 0 || doc[n_doc - 1] == '\n';
  text_bytes(&t, module_magic, sizeof module_magic);
  put(&t, MODULE_VERSION, 2);
  put(&t, 0, 2);
  put_string(&t, graph_str(g, g->name));
  put(&t, n_doc + (is_whole ? 0 : 1), 4);
  text_bytes(&t, doc, n_doc);
  text_put(&t, is_whole ? "" : "\n");
  put(&t, g->operands.n, 4);
  for (size_t i = 0; i < g->operands.n; i++) {
    put_operand(&t, g, &g->operands.data[i]);
  }
  put(&t, g->nodes.n, 4);
  for (size_t i = 0; i < g->nodes.n; i++) {
    put_node(&t, g, &g->nodes.data[i]);
  }
  put_names(&t, g);
  return text_take(&t, bytes, n_bytes);
}
