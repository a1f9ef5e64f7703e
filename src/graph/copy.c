/* copy.c: the copier that every pass uses, and graph_like and graph_copy. Input: a finished graph; output: a new one
 * that went through graph_add, and so through every check, node by node. */
#include "graph/copy.h"

#include <string.h>

/* ---- life ---- */

static void copy_operand(tg_graph *to, const tg_graph *from, const graph_operand *operand)
{
  const char *name = graph_str(from, operand->name);
  uint32_t index = graph_declare(to, (tg_operand_kind)operand->kind, name, strlen(name), (tg_mode)operand->mode);
  if (index != UINT32_MAX) {
    to->operands.data[index].has_default = operand->has_default;
    to->operands.data[index].default_bits = operand->default_bits;
  }
}

tg_graph *graph_like(const tg_graph *g)
{
  tg_graph *to;
  if (tg_graph_create(g->context, graph_str(g, g->name), &to) != TG_OK) {
    return NULL;
  }
  if (g->doc != 0) {
    const char *doc = graph_str(g, g->doc);
    to->doc = graph_string(to, doc, strlen(doc));
  }
  for (size_t i = 0; i < g->operands.n; i++) {
    copy_operand(to, g, &g->operands.data[i]);
  }
  if (to->error.code != TG_OK) {
    tg_graph_destroy(to);
    return NULL;
  }
  return to;
}

static void free_all(copier *c)
{
  const tg_allocator *a = &c->from->context->allocator;
  for (size_t i = 0; i < c->blocks.n; i++) {
    alloc_free(a, c->blocks.data[i].p, c->blocks.data[i].n, c->blocks.data[i].elem_bytes);
  }
  vec_free(a, &c->blocks);
  vec_free(a, &c->def);
  vec_free(a, &c->args);
  vec_free(a, &c->entries);
}

bool copy_open(copier *c, const tg_graph *from)
{
  *c = (copier){.from = from, .to = graph_like(from)};
  if (c->to == NULL) {
    return false;
  }
  c->map = copy_scratch(c, from->values.n, sizeof *c->map);
  if (c->map == NULL) {
    tg_graph_destroy(c->to);
    free_all(c);
    return false;
  }
  memset(c->map, 0xFF, from->values.n * sizeof *c->map);
  return true;
}

tg_status copy_close(copier *c, tg_graph **out, tg_error *error)
{
  tg_status status = tg_graph_finish(c->to, error);
  free_all(c);
  if (status == TG_OK) {
    *out = c->to;
  } else {
    *out = NULL;
    tg_graph_destroy(c->to);
  }
  return status;
}

static bool no_memory(copier *c)
{
  return graph_fail(c->to, TG_NOMEM, "no memory to rewrite a graph of %zu nodes", c->from->nodes.n);
}

void *copy_scratch(copier *c, size_t n, size_t elem_bytes)
{
  const tg_allocator *a = &c->from->context->allocator;
  void *p = NULL;
  if (c->to->error.code != TG_OK) {
    return NULL;
  }
  n += n == 0;
  if (vec_room(a, &c->blocks, 1)) {
    p = alloc_zeroed(a, n, elem_bytes);
  }
  if (p == NULL) {
    no_memory(c);
    return NULL;
  }
  c->blocks.data[c->blocks.n++] = (copy_block){p, n, elem_bytes};
  return p;
}

/* ---- adding ---- */

/* Notes which node defines the values that have come since the last time. */
static void note_definitions(copier *c, size_t node)
{
  const tg_graph *to = c->to;
  if (!vec_room(&to->context->allocator, &c->def, to->values.n - c->def.n)) {
    no_memory(c);
    return;
  }
  uint32_t by = (uint32_t)(to->nodes.data[node].op == TG_OP_YIELD ? to->nodes.data[node].mate : node);
  while (c->def.n < to->values.n) {
    c->def.data[c->def.n++] = by;
  }
}

uint32_t copy_add(copier *c, const node_spec *spec)
{
  size_t node = c->to->nodes.n;
  uint32_t first = graph_add(c->to, spec);
  if (c->to->error.code == TG_OK) {
    note_definitions(c, node);
  }
  return c->to->error.code == TG_OK ? first : TG_POISON;
}

uint32_t copy_const(copier *c, tg_type type, uint64_t bits)
{
  return copy_add(c, &(node_spec){.op = TG_OP_CONST, .type = type, .imm = bits});
}

void copy_charge(copier *c, uint64_t n, uint32_t position)
{
  uint32_t count = copy_const(c, TG_U64, n);
  copy_add(c, &(node_spec){.op = TG_OP_CHARGE, .position = position, .args = &count, .n_args = 1});
}

bool copy_is_const(const copier *c, uint32_t value, uint64_t *bits)
{
  if (value >= c->def.n || c->to->nodes.data[c->def.data[value]].op != TG_OP_CONST) {
    return false;
  }
  *bits = c->to->nodes.data[c->def.data[value]].imm;
  return true;
}

/* ---- copying ---- */

static bool is_dropped(const copier *c, uint32_t value)
{
  return c->dropped != NULL && c->dropped[value];
}

/* The value of `from` that decides whether argument k of a node is kept, or TG_POISON: a loop's starts and next values
 * go with its carried values, a branch's yielded values with its results. */
static uint32_t keeper(const copier *c, const graph_node *node, uint32_t k)
{
  const graph_node *owner = node;
  if (node->op == TG_OP_YIELD) {
    owner = &c->from->nodes.data[node->mate];
    if (owner->op == TG_OP_BRANCH) {
      return owner->first_result + k;
    }
  }
  return owner->op == TG_OP_LOOP ? owner->first_carried + k : TG_POISON;
}

/* Bodies must carry something: false, where nothing is left. */
static uint32_t filler(copier *c, const graph_node *node)
{
  const tg_graph *to = c->to;
  if (node->op == TG_OP_YIELD && c->from->nodes.data[node->mate].op == TG_OP_LOOP && to->error.code == TG_OK) {
    return to->nodes.data[to->scopes.data[to->scope].owner].first_carried;
  }
  return copy_const(c, TG_BOOL, 0);
}

static bool needs_filler(const copier *c, const graph_node *node)
{
  bool is_body = node->op == TG_OP_LOOP || (node->op == TG_OP_YIELD && node->n_args > 0);
  return is_body && c->args.n == 0;
}

static void map_args(copier *c, const graph_node *node)
{
  const uint32_t *args = node_args(c->from, node);
  c->args.n = 0;
  c->entries.n = 0;
  for (uint32_t i = 0; i < node->n_args; i++) {
    uint32_t k = keeper(c, node, i);
    if (k == TG_POISON || !is_dropped(c, k)) {
      c->args.data[c->args.n++] = c->map[args[i]];
    }
  }
  for (uint32_t i = 0; i < node->n_entries; i++) {
    tg_entry entry = c->from->entries.data[node->first_entry + i];
    entry.value = c->map[entry.value];
    c->entries.data[c->entries.n++] = entry;
  }
  if (needs_filler(c, node)) {
    c->args.data[c->args.n++] = filler(c, node);
  }
}

node_spec copy_spec(copier *c, uint32_t i)
{
  const tg_allocator *a = &c->to->context->allocator;
  const graph_node *node = &c->from->nodes.data[i];
  c->args.n = c->entries.n = 0;
  if (!vec_room(a, &c->args, node->n_args + 1u) || !vec_room(a, &c->entries, node->n_entries)) {
    no_memory(c);
    return (node_spec){.op = TG_OP_COUNT};
  }
  map_args(c, node);
  bool is_last = node->op == TG_OP_YIELD && c->from->nodes.data[node->mate].end == i;
  return (node_spec){.op = (tg_op)node->op,
                     .type = (tg_type)node->type,
                     .detail = node->op == TG_OP_YIELD ? (uint16_t)is_last : node->detail,
                     .position = node->position,
                     .operand = node->operand,
                     .imm = node->imm,
                     .args = c->args.data,
                     .n_args = c->args.n,
                     .entries = c->entries.data,
                     .n_entries = c->entries.n,
                     .n_results = node->op == TG_OP_LINEAR ? node->n_results : 0};
}

void copy_alias(copier *c, uint32_t value, uint32_t to)
{
  c->map[value] = to;
  uint32_t name = c->from->values.data[value].name;
  if (c->to->error.code == TG_OK && to < c->to->values.n && name != 0 && c->to->values.data[to].name == 0) {
    const char *s = graph_str(c->from, name);
    graph_name_value(c->to, to, s, strlen(s));
  }
}

/* Gives `n` values from `value` on the new values from `first` on, but not those whose keeper is dropped. */
static uint32_t alias_kept(copier *c, uint32_t value, uint32_t n, uint32_t keepers, uint32_t first)
{
  for (uint32_t k = 0; k < n; k++) {
    if (!is_dropped(c, keepers + k)) {
      copy_alias(c, value + k, first++);
    }
  }
  return first;
}

static void bind_body(copier *c, const graph_node *owner, uint32_t first)
{
  if (owner->op == TG_OP_BRANCH) {
    alias_kept(c, owner->first_result, owner->n_results, owner->first_result, first);
  } else if (owner->op == TG_OP_LOOP) {
    uint32_t next = alias_kept(c, owner->first_result, owner->n_args, owner->first_carried, first);
    if (owner->n_results > owner->n_args) {
      copy_alias(c, owner->first_result + owner->n_args, next == first ? first + 1 : next);
    }
  }
}

static void bind(copier *c, uint32_t i, uint32_t first)
{
  const graph_node *node = &c->from->nodes.data[i];
  if (node->op == TG_OP_LOOP) {
    alias_kept(c, node->first_carried, node->n_args, node->first_carried, first);
  } else if (node->op == TG_OP_YIELD) {
    const graph_node *owner = &c->from->nodes.data[node->mate];
    if (owner->end == i) {
      bind_body(c, owner, first);
    }
  } else if (node->op != TG_OP_BRANCH) {
    for (uint32_t k = 0; k < node->n_results; k++) {
      copy_alias(c, node->first_result + k, first + k);
    }
  }
}

void copy_node(copier *c, uint32_t i)
{
  node_spec spec = copy_spec(c, i);
  uint32_t first = copy_add(c, &spec);
  if (c->to->error.code == TG_OK) {
    bind(c, i, first);
  }
}

tg_status graph_copy(const tg_graph *g, tg_graph **out, tg_error *error)
{
  copier c;
  *out = NULL;
  if (!copy_open(&c, g)) {
    return error_set(error, TG_NOMEM, "no memory to copy a graph of %zu nodes", g->nodes.n);
  }
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    copy_node(&c, i);
  }
  return copy_close(&c, out, error);
}

/* ---- questions about the old graph ---- */

bool node_opens(const graph_node *node)
{
  return (op_table[node->op].flags & TG_OPENS) != 0;
}

uint32_t branch_body(const tg_graph *g, const graph_node *branch, uint32_t body)
{
  return g->bodies.data[branch->first_body + body];
}

uint32_t branch_yield(const tg_graph *g, const graph_node *branch, uint32_t body)
{
  return body + 1 < branch->n_bodies ? g->bodies.data[branch->first_body + body + 1] - 1 : branch->end;
}

uint32_t *copy_definitions(copier *c)
{
  const tg_graph *g = c->from;
  uint32_t *def = copy_scratch(c, g->values.n, sizeof *def);
  if (def == NULL) {
    return NULL;
  }
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    for (uint32_t k = 0; k < node->n_results; k++) {
      def[node->first_result + k] = i;
    }
    for (uint32_t k = 0; node->op == TG_OP_LOOP && k < node->n_args; k++) {
      def[node->first_carried + k] = i;
    }
  }
  return def;
}

uint32_t *copy_parents(copier *c)
{
  const tg_graph *g = c->from;
  uint32_t *parent = copy_scratch(c, g->nodes.n, sizeof *parent);
  uint32_t open = UINT32_MAX;
  for (uint32_t i = 0; parent != NULL && i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    parent[i] = open;
    if (node_opens(node)) {
      open = i;
    } else if (node->op == TG_OP_YIELD && g->nodes.data[node->mate].end == i) {
      open = parent[node->mate];
    }
  }
  return parent;
}
