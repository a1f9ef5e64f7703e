/* print.c: a graph as canonical text: docs/spec.md, end of chapter 9. One walk over the flat list of nodes; what opens
 * a body indents, its last yield takes that back. */
#include "graph/graph.h"
#include "graph/literal.h"
#include "graph/syntax.h"

#include <string.h>

typedef struct printer {
  const tg_graph *g;
  text *t;
  int depth;
} printer;

static void put_indent(const printer *p)
{
  for (int i = 0; i < p->depth; i++) {
    text_put(p->t, "  ");
  }
}

static void put_word(const printer *p, const char *word)
{
  text_put(p->t, " ");
  text_put(p->t, word);
}

static void put_number(const printer *p, uint64_t number)
{
  text_format(p->t, "%llu", (unsigned long long)number);
}

static void put_value(const printer *p, uint32_t v)
{
  uint32_t name = p->g->values.data[v].name;
  text_put(p->t, "%");
  if (name != 0) {
    text_put(p->t, graph_str(p->g, name));
  } else {
    put_number(p, v);
  }
}

/* ---- head ---- */

static void put_doc(const printer *p)
{
  const char *s = graph_str(p->g, p->g->doc);
  while (*s != '\0') {
    size_t n = strcspn(s, "\n");
    text_put(p->t, n > 0 ? "# " : "#");
    text_bytes(p->t, s, n);
    text_put(p->t, "\n");
    s += n + (s[n] == '\n' ? 1 : 0);
  }
}

static void put_operand(const printer *p, const graph_operand *operand)
{
  text_put(p->t, "  ");
  text_put(p->t, operand_kind_names[operand->kind]);
  put_word(p, graph_str(p->g, operand->name));
  put_word(p, mode_table[operand->mode].name);
  if (operand->has_default) {
    text_put(p->t, " = ");
    literal_put(p->t, (tg_type)mode_table[operand->mode].type, operand->default_bits);
  }
  text_put(p->t, "\n");
}

/* ---- nodes ---- */

static void put_args(const printer *p, const graph_node *node)
{
  for (uint32_t i = 0; i < node->n_args; i++) {
    text_put(p->t, i > 0 ? ", " : " ");
    put_value(p, node_args(p->g, node)[i]);
  }
}

static void put_results(const printer *p, const graph_node *node)
{
  for (uint32_t i = 0; i < node->n_results; i++) {
    text_put(p->t, i > 0 ? ", " : "");
    put_value(p, node->first_result + i);
  }
  text_put(p->t, node->n_results > 0 ? " = " : "");
}

static void put_inits(const printer *p, const graph_node *loop)
{
  const uint32_t *starts = node_args(p->g, loop);
  for (uint32_t i = 0; i < loop->n_args; i++) {
    text_put(p->t, i > 0 ? ", " : " ");
    put_value(p, loop->first_carried + i);
    text_put(p->t, " = ");
    put_value(p, starts[i]);
  }
}

static void put_ring(const printer *p, const graph_node *node)
{
  put_word(p, ring_names[node_ring(node)]);
  if (node_ring(node) == TG_RING_MOD) {
    text_put(p->t, " ");
    put_number(p, node->imm);
  }
  put_word(p, format_names[node_format(node)]);
}

static void put_entries(const printer *p, const graph_node *node)
{
  text_put(p->t, " {");
  for (uint32_t i = 0; i < node->n_entries; i++) {
    const tg_entry *e = &p->g->entries.data[node->first_entry + i];
    text_format(p->t, "%s%lu %lu ", i > 0 ? ", " : " ", (unsigned long)e->row, (unsigned long)e->column);
    put_value(p, e->value);
  }
  text_put(p->t, " }");
}

/* The parts that stand before a node's values. */
static void put_parts(const printer *p, const graph_node *node)
{
  unsigned parts = op_parts[node->op];
  if (parts & PART_OPERAND) {
    put_word(p, graph_str(p->g, p->g->operands.data[node->operand].name));
  }
  if (parts & PART_FOLD) {
    put_word(p, fold_names[node->detail]);
  }
  if (parts & PART_ROUNDING) {
    put_word(p, rounding_names[node->detail]);
  }
  if (parts & PART_TYPE) {
    put_word(p, type_table[node->type].name);
  }
  if (parts & PART_LITERAL) {
    text_put(p->t, " ");
    literal_put(p->t, (tg_type)node->type, node->imm);
  }
  if ((parts & PART_INT) && !(parts & PART_OWN)) {
    text_put(p->t, " ");
    put_number(p, node->imm);
  }
}

static void put_position(const printer *p, const graph_node *node)
{
  if ((op_parts[node->op] & PART_POSITION) && node->position != 0) {
    text_put(p->t, " @");
    put_number(p, node->position);
  }
}

/* A yield: its values, and the brace that closes its body. The uniform block's yields nothing and is not shown. */
static void put_yield(printer *p, uint32_t index, const graph_node *node)
{
  const graph_node *owner = &p->g->nodes.data[node->mate];
  if (owner->op != TG_OP_UNIFORM) {
    put_indent(p);
    text_put(p->t, "yield");
    put_args(p, node);
    text_put(p->t, "\n");
  }
  p->depth--;
  put_indent(p);
  if (owner->end == index) {
    text_put(p->t, "}\n");
  } else {
    text_put(p->t, "} {\n");
    p->depth++;
  }
}

static void put_node(printer *p, const graph_node *node)
{
  put_indent(p);
  put_results(p, node);
  text_put(p->t, op_table[node->op].name);
  if (node->op == TG_OP_LOOP) {
    put_inits(p, node);
  } else {
    if (node->op == TG_OP_LINEAR) {
      put_ring(p, node);
    }
    put_parts(p, node);
    put_args(p, node);
  }
  put_position(p, node);
  if (node->op == TG_OP_LINEAR) {
    put_entries(p, node);
  }
  if (op_table[node->op].flags & TG_OPENS) {
    text_put(p->t, " {");
    p->depth++;
  }
  text_put(p->t, "\n");
}

tg_status graph_print(const tg_graph *g, char **bytes, size_t *n_bytes)
{
  text t = {.allocator = g->context->allocator};
  printer p = {.g = g, .t = &t, .depth = 1};
  put_doc(&p);
  text_put(&t, "graph ");
  text_put(&t, graph_str(g, g->name));
  text_put(&t, " {\n");
  for (size_t i = 0; i < g->operands.n; i++) {
    put_operand(&p, &g->operands.data[i]);
  }
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if (node->op == TG_OP_YIELD) {
      put_yield(&p, i, node);
    } else {
      put_node(&p, node);
    }
  }
  text_put(&t, "}\n");
  return text_take(&t, bytes, n_bytes);
}
