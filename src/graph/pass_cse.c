/* pass_cse.c: computes equal expressions once, by value numbering.
 *
 * Does: a node that equals an earlier one, visible where it stands, takes that one's results: pure nodes, and load,
 * iota and aload, whose results cannot change within a lane. A trap on a condition that an earlier, visible trap has
 * already tested cannot fire and vanishes, whatever its code.
 * Needs: nothing. Keeps: everything observable. Operands of commutative operations are compared in either order: sums
 * and products have the same bits both ways but for a NaN's payload, which no one can see. Cost: linear, one hash
 * table.
 */
#include "graph/pass.h"

#include <string.h>

/* A node of the new graph and the body that it stands in; scopes close, and their nodes are not seen any more. */
typedef struct slot {
  uint32_t node, scope;
  bool is_used;
} slot;

typedef struct numbering {
  copier *c;
  slot *slots;
  size_t mask;
} numbering;

static uint64_t mix(uint64_t hash, uint64_t x)
{
  hash = (hash ^ x) * UINT64_C(0x9E3779B97F4A7C15);
  return hash ^ hash >> 32;
}

static bool is_swappable(const node_spec *spec)
{
  return (op_table[spec->op].flags & TG_COMMUTATIVE) && spec->n_args == 2;
}

static uint64_t hash_spec(const node_spec *spec)
{
  uint64_t hash = mix(0, (uint64_t)spec->op);
  if (is_swappable(spec)) {
    bool swap = spec->args[0] > spec->args[1];
    return mix(mix(hash, spec->args[swap]), spec->args[!swap]);
  }
  for (size_t i = 0; i < spec->n_args; i++) {
    hash = mix(hash, spec->args[i]);
  }
  if (spec->op == TG_OP_TRAP) {
    return hash;
  }
  hash = mix(mix(hash, spec->operand), spec->imm);
  hash = mix(hash, (uint64_t)spec->type << 32 | (uint64_t)spec->detail << 16);
  for (size_t i = 0; i < spec->n_entries; i++) {
    const tg_entry *e = &spec->entries[i];
    hash = mix(mix(hash, (uint64_t)e->row << 32 | e->column), e->value);
  }
  return hash;
}

static bool same_entries(const tg_graph *g, const graph_node *node, const node_spec *spec)
{
  if (node->n_entries != spec->n_entries) {
    return false;
  }
  for (size_t i = 0; i < spec->n_entries; i++) {
    const tg_entry *a = &g->entries.data[node->first_entry + i], *b = &spec->entries[i];
    if (a->row != b->row || a->column != b->column || a->value != b->value) {
      return false;
    }
  }
  return true;
}

static bool same_args(const tg_graph *g, const graph_node *node, const node_spec *spec)
{
  const uint32_t *args = node_args(g, node);
  if (node->n_args != spec->n_args) {
    return false;
  }
  if (is_swappable(spec) && args[0] == spec->args[1] && args[1] == spec->args[0]) {
    return true;
  }
  return spec->n_args == 0 || memcmp(args, spec->args, spec->n_args * sizeof *args) == 0;
}

static bool same(const tg_graph *g, const graph_node *node, const node_spec *spec)
{
  if (node->op != spec->op || !same_args(g, node, spec)) {
    return false;
  }
  return spec->op == TG_OP_TRAP ||
         (node->type == spec->type && node->detail == spec->detail && node->operand == spec->operand &&
          node->imm == spec->imm && same_entries(g, node, spec) &&
          (spec->op != TG_OP_LINEAR || node->n_results == spec->n_results));
}

/* The slot of an equal node, or the one where it should go. */
static slot *find(const numbering *t, const node_spec *spec)
{
  const tg_graph *to = t->c->to;
  for (size_t i = hash_spec(spec) & t->mask;; i = (i + 1) & t->mask) {
    slot *s = &t->slots[i];
    if (!s->is_used || same(to, &to->nodes.data[s->node], spec)) {
      return s;
    }
  }
}

static bool is_numbered(uint8_t op)
{
  return (op_table[op].flags & TG_PURE) || op == TG_OP_LOAD || op == TG_OP_IOTA || op == TG_OP_ALOAD ||
         op == TG_OP_TRAP;
}

static void reuse(numbering *t, const graph_node *node, const graph_node *earlier)
{
  for (uint32_t k = 0; k < node->n_results; k++) {
    copy_alias(t->c, node->first_result + k, earlier->first_result + k);
  }
}

static void visit(numbering *t, uint32_t i)
{
  tg_graph *to = t->c->to;
  const graph_node *node = &t->c->from->nodes.data[i];
  if (!is_numbered(node->op)) {
    copy_node(t->c, i);
    return;
  }
  node_spec spec = copy_spec(t->c, i);
  if (to->error.code != TG_OK) {
    return;
  }
  slot *s = find(t, &spec);
  if (s->is_used && to->scopes.data[s->scope].is_open) {
    reuse(t, node, &to->nodes.data[s->node]);
    return;
  }
  *s = (slot){(uint32_t)to->nodes.n, to->scope, true};
  copy_node(t->c, i);
}

void pass_cse(copier *c)
{
  size_t n_slots = 16;
  while (n_slots < 2 * c->from->nodes.n) {
    n_slots *= 2;
  }
  numbering t = {c, copy_scratch(c, n_slots, sizeof(slot)), n_slots - 1};
  for (uint32_t i = 0; t.slots != NULL && i < c->from->nodes.n; i++) {
    visit(&t, i);
  }
}
