/* build.c: how a graph grows. graph_add checks a node (check.c), appends it, opens and closes bodies, numbers its
 * results. The first error sticks; memory that runs out is an error like any other. */
#include "graph/graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- errors ---- */

bool graph_fail(tg_graph *g, tg_status code, const char *format, ...)
{
  if (g->error.code != TG_OK) {
    return false;
  }
  g->error.code = code;
  g->error.pos = g->pos;
  g->error.hint[0] = '\0';
  va_list args;
  va_start(args, format);
  vsnprintf(g->error.message, sizeof g->error.message, format, args);
  va_end(args);
  return false;
}

bool graph_fail_hint(tg_graph *g, const char *hint)
{
  error_hint(&g->error, "%s", hint);
  return false;
}

static bool no_memory(tg_graph *g)
{
  return graph_fail(g, TG_NOMEM, "no memory for a graph of %zu nodes", g->nodes.n);
}

/* ---- names and operands ---- */

bool name_is_valid(const char *name, size_t n)
{
  if (n == 0 || n > TG_MAX_NAME) {
    return false;
  }
  for (size_t i = 0; i < n; i++) {
    char c = name[i];
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    bool is_inner = (c >= '0' && c <= '9') || c == '.';
    if (!is_letter && !(i > 0 && is_inner)) {
      return false;
    }
  }
  return true;
}

static bool check_name(tg_graph *g, const char *name, size_t n)
{
  if (n > TG_MAX_NAME) {
    return graph_fail(g, TG_LIMIT, "a name is longer than %d bytes", TG_MAX_NAME);
  }
  return name_is_valid(name, n) ||
         graph_fail(g, TG_VERIFY, "a name must be a letter or _, then letters, digits, _ and .");
}

uint32_t graph_string(tg_graph *g, const char *s, size_t n)
{
  if (n >= UINT32_MAX - g->strings.n || !vec_room(&g->context->allocator, &g->strings, n + 1)) {
    no_memory(g);
    return 0;
  }
  uint32_t offset = (uint32_t)g->strings.n;
  memcpy(g->strings.data + offset, s, n);
  g->strings.data[offset + n] = '\0';
  g->strings.n += n + 1;
  return offset;
}

bool graph_name_value(tg_graph *g, uint32_t value, const char *name, size_t n)
{
  uint32_t other;
  if (g->error.code != TG_OK || value >= g->values.n) {
    return graph_fail(g, TG_VERIFY, "a name for a value that does not exist");
  }
  if (!check_name(g, name, n)) {
    return false;
  }
  if (symtab_get(&g->value_names, name, n, &other)) {
    return graph_fail(g, TG_VERIFY, "two values are called %.*s", (int)n, name);
  }
  uint32_t offset = graph_string(g, name, n);
  if (offset == 0 || !symtab_put(&g->value_names, name, n, value)) {
    return no_memory(g);
  }
  g->values.data[value].name = offset;
  return true;
}

uint32_t graph_find_operand(const tg_graph *g, const char *name, size_t n)
{
  for (uint32_t i = 0; i < g->operands.n; i++) {
    const char *other = graph_str(g, g->operands.data[i].name);
    if (strlen(other) == n && memcmp(other, name, n) == 0) {
      return i;
    }
  }
  return UINT32_MAX;
}

static bool check_declaration(tg_graph *g, tg_operand_kind kind, const char *name, size_t n, tg_mode mode)
{
  if ((unsigned)kind >= TG_OPERAND_KIND_COUNT || (unsigned)mode >= TG_MODE_COUNT) {
    return graph_fail(g, TG_VERIFY, "no such kind of operand or mode");
  }
  if (!check_name(g, name, n)) {
    return false;
  }
  if (graph_find_operand(g, name, n) != UINT32_MAX) {
    return graph_fail(g, TG_VERIFY, "two operands are called %.*s", (int)n, name);
  }
  if (g->operands.n >= TG_MAX_OPERANDS) {
    return graph_fail(g, TG_LIMIT, "more than %d operands", TG_MAX_OPERANDS);
  }
  const mode_info *info = &mode_table[mode];
  if (kind == TG_PARAM && (unsigned)mode >= TG_TYPE_COUNT) {
    return graph_fail(g, TG_VERIFY, "param %.*s must have a native mode, not %s", (int)n, name, info->name);
  }
  if (kind == TG_ACCUMULATOR && !type_in((tg_type)info->type, TG_CLASS_INT)) {
    return graph_fail(g, TG_VERIFY, "accumulator %.*s must hold integers, not %s", (int)n, name, info->name);
  }
  return true;
}

uint32_t graph_declare(tg_graph *g, tg_operand_kind kind, const char *name, size_t n_name, tg_mode mode)
{
  if (g->error.code != TG_OK || !check_declaration(g, kind, name, n_name, mode)) {
    return UINT32_MAX;
  }
  if (!vec_room(&g->context->allocator, &g->operands, 1)) {
    no_memory(g);
    return UINT32_MAX;
  }
  uint32_t offset = graph_string(g, name, n_name);
  if (offset == 0) {
    return UINT32_MAX;
  }
  g->operands.data[g->operands.n] =
      (graph_operand){.name = offset, .kind = (uint8_t)kind, .mode = (uint8_t)mode, .writer = UINT32_MAX};
  return (uint32_t)g->operands.n++;
}

/* ---- values and scopes ---- */

static size_t count_results(const node_spec *spec)
{
  if (spec->op == TG_OP_LINEAR) {
    return spec->n_results;
  }
  if (spec->op == TG_OP_TRAP || spec->op == TG_OP_CHARGE || (op_table[spec->op].flags & TG_SINKS)) {
    return 0;
  }
  return spec->op == TG_OP_DIVMOD ? 2 : 1;
}

/* How many values a node defines. The yield that ends a loop or branch defines the results of that. */
static size_t count_defined(const tg_graph *g, const node_spec *spec)
{
  const graph_scope *scope = &g->scopes.data[g->scope];
  if (spec->op == TG_OP_LOOP) {
    return spec->n_args;
  }
  if (spec->op == TG_OP_YIELD && scope->kind == SCOPE_STEP) {
    return spec->n_args + (loop_has_count(g, &g->nodes.data[scope->owner]) ? 1 : 0);
  }
  if (spec->op == TG_OP_YIELD) {
    return spec->detail == 1 ? spec->n_args : 0;
  }
  bool is_marker = op_table[spec->op].flags & (TG_MARKER | TG_OPENS);
  return is_marker ? 0 : count_results(spec);
}

static bool room_for(tg_graph *g, const node_spec *spec)
{
  const tg_allocator *a = &g->context->allocator;
  size_t n_values = count_defined(g, spec);
  if (g->values.n + n_values > TG_MAX_VALUES) {
    return graph_fail(g, TG_LIMIT, "more than %d values", TG_MAX_VALUES);
  }
  return (vec_room(a, &g->nodes, 1) && vec_room(a, &g->args, spec->n_args) &&
          vec_room(a, &g->entries, spec->n_entries) && vec_room(a, &g->values, n_values) &&
          vec_room(a, &g->scopes, 1) && vec_room(a, &g->consumed, spec->n_args)) ||
         no_memory(g);
}

static void define(tg_graph *g, tg_type type, uint32_t array_length, bool is_uniform)
{
  g->values.data[g->values.n++] =
      (graph_value){.scope = g->scope, .array_length = array_length, .type = (uint8_t)type, .is_uniform = is_uniform};
}

static void open_scope(tg_graph *g, scope_kind kind, uint32_t owner, uint32_t branch_log)
{
  const graph_scope *parent = &g->scopes.data[g->scope];
  g->scopes.data[g->scopes.n] = (graph_scope){.parent = g->scope,
                                              .owner = owner,
                                              .kind = (uint8_t)kind,
                                              .is_open = true,
                                              .in_uniform = parent->in_uniform || kind == SCOPE_UNIFORM,
                                              .log_start = (uint32_t)g->consumed.n,
                                              .branch_log = branch_log};
  g->scope = (uint32_t)g->scopes.n++;
}

static void close_scope(tg_graph *g)
{
  graph_scope *scope = &g->scopes.data[g->scope];
  scope->is_open = false;
  g->scope = scope->parent;
}

static void consume(tg_graph *g, uint32_t v)
{
  if (g->values.data[v].array_length > 0) {
    g->values.data[v].is_consumed = true;
    g->consumed.data[g->consumed.n++] = v;
  }
}

/* After a body of a branch: what it consumed from outside is there again for the next body. */
static void restore_consumed(tg_graph *g, size_t from)
{
  for (size_t i = from; i < g->consumed.n; i++) {
    g->values.data[g->consumed.data[i]].is_consumed = false;
  }
}

/* After a branch: what any body consumed is consumed. */
static void merge_consumed(tg_graph *g, size_t from)
{
  for (size_t i = from; i < g->consumed.n; i++) {
    g->values.data[g->consumed.data[i]].is_consumed = true;
  }
}

/* ---- nodes ---- */

static graph_node *append(tg_graph *g, const node_spec *spec)
{
  graph_node *node = &g->nodes.data[g->nodes.n++];
  *node = (graph_node){.op = (uint8_t)spec->op,
                       .type = (uint8_t)spec->type,
                       .detail = spec->detail,
                       .position = spec->position,
                       .operand = spec->operand,
                       .first_arg = (uint32_t)g->args.n,
                       .n_args = (uint32_t)spec->n_args,
                       .first_result = (uint32_t)g->values.n,
                       .first_entry = (uint32_t)g->entries.n,
                       .n_entries = (uint32_t)spec->n_entries,
                       .imm = spec->imm};
  for (size_t i = 0; i < spec->n_args; i++) {
    g->args.data[g->args.n++] = spec->args[i];
  }
  for (size_t i = 0; i < spec->n_entries; i++) {
    g->entries.data[g->entries.n++] = spec->entries[i];
  }
  return node;
}

/* Results that look like the values at `like`, and `count` more of type u64. */
static uint32_t define_like(tg_graph *g, const uint32_t *like, size_t n, bool count)
{
  uint32_t first = (uint32_t)g->values.n;
  bool is_uniform = g->scopes.data[g->scope].in_uniform;
  for (size_t i = 0; i < n; i++) {
    define(g, (tg_type)g->values.data[like[i]].type, g->values.data[like[i]].array_length, is_uniform);
  }
  if (count) {
    define(g, TG_U64, 0, is_uniform);
  }
  return first;
}

static uint32_t add_loop(tg_graph *g, const node_spec *spec)
{
  uint32_t index = (uint32_t)g->nodes.n;
  graph_node *node = append(g, spec);
  for (size_t i = 0; i < spec->n_args; i++) {
    consume(g, spec->args[i]);
  }
  open_scope(g, SCOPE_LOOP, index, 0);
  g->depth++;
  node->first_carried = define_like(g, node_args(g, node), spec->n_args, false);
  for (size_t i = 0; i < spec->n_args; i++) {
    g->values.data[node->first_carried + i].is_carried = true;
  }
  return node->first_carried;
}

static uint32_t add_branch(tg_graph *g, const node_spec *spec)
{
  uint32_t index = (uint32_t)g->nodes.n;
  graph_node *node = append(g, spec);
  node->n_bodies = 1;
  open_scope(g, SCOPE_BODY, index, (uint32_t)g->consumed.n);
  g->depth++;
  return TG_POISON;
}

static uint32_t add_uniform(tg_graph *g, const node_spec *spec)
{
  append(g, spec);
  open_scope(g, SCOPE_UNIFORM, 0, 0);
  return TG_POISON;
}

static uint32_t add_test(tg_graph *g, const node_spec *spec)
{
  uint32_t owner = g->scopes.data[g->scope].owner;
  g->nodes.data[owner].mate = (uint32_t)g->nodes.n;
  append(g, spec)->mate = owner;
  open_scope(g, SCOPE_STEP, owner, 0);
  return TG_POISON;
}

bool loop_has_count(const tg_graph *g, const graph_node *loop)
{
  uint32_t scope = g->values.data[loop->first_carried].scope;
  return g->scopes.data[g->scopes.data[scope].parent].kind == SCOPE_UNIFORM;
}

static uint32_t end_loop(tg_graph *g, uint32_t yield, uint32_t owner)
{
  graph_node *loop = &g->nodes.data[owner];
  close_scope(g);
  close_scope(g);
  g->depth--;
  bool count = loop_has_count(g, loop);
  loop->end = yield;
  loop->n_results = loop->n_args + (count ? 1 : 0);
  loop->first_result = define_like(g, node_args(g, loop), loop->n_args, count);
  return loop->first_result;
}

static uint32_t end_body(tg_graph *g, uint32_t yield, uint32_t owner, bool is_last)
{
  graph_node *branch = &g->nodes.data[owner];
  graph_scope scope = g->scopes.data[g->scope];
  if (branch->n_bodies == 1) {
    branch->mate = yield;
  }
  close_scope(g);
  if (!is_last) {
    restore_consumed(g, scope.log_start);
    branch->n_bodies++;
    open_scope(g, SCOPE_BODY, owner, scope.branch_log);
    return TG_POISON;
  }
  merge_consumed(g, scope.branch_log);
  g->depth--;
  const graph_node *first = &g->nodes.data[branch->mate];
  branch->end = yield;
  branch->n_results = first->n_args;
  branch->first_result = define_like(g, node_args(g, first), first->n_args, false);
  return branch->first_result;
}

static uint32_t add_yield(tg_graph *g, const node_spec *spec)
{
  uint32_t yield = (uint32_t)g->nodes.n, owner = g->scopes.data[g->scope].owner;
  scope_kind kind = (scope_kind)g->scopes.data[g->scope].kind;
  graph_node *node = append(g, spec);
  node->detail = 0;
  node->mate = owner;
  for (size_t i = 0; i < spec->n_args; i++) {
    consume(g, spec->args[i]);
  }
  if (kind == SCOPE_STEP) {
    return end_loop(g, yield, owner);
  }
  if (kind == SCOPE_BODY) {
    return end_body(g, yield, owner, spec->detail == 1);
  }
  g->scope = g->scopes.data[g->scope].parent; /* the uniform block is left, but not closed: all nodes see its values */
  g->nodes.data[owner].end = yield;
  return TG_POISON;
}

/* How a node's results depend on its operands: spec 3.4. */
static bool result_is_uniform(const tg_graph *g, const node_spec *spec)
{
  if (g->scopes.data[g->scope].in_uniform) {
    return true;
  }
  if (!(op_table[spec->op].flags & TG_PURE)) {
    return false;
  }
  for (size_t i = 0; i < spec->n_args; i++) {
    if (!g->values.data[spec->args[i]].is_uniform) {
      return false;
    }
  }
  return true;
}

static uint32_t add_plain(tg_graph *g, const node_spec *spec, tg_type type, uint32_t array_length)
{
  uint32_t index = (uint32_t)g->nodes.n;
  bool is_uniform = result_is_uniform(g, spec);
  graph_node *node = append(g, spec);
  node->n_results = (uint32_t)count_results(spec);
  for (uint32_t i = 0; i < node->n_results; i++) {
    define(g, type, array_length, is_uniform);
  }
  if (spec->op == TG_OP_ASTORE) {
    consume(g, spec->args[0]);
  } else if (op_table[spec->op].flags & TG_SINKS) {
    g->operands.data[spec->operand].writer = index;
    g->n_arg_sinks += spec->op == TG_OP_ARGMIN || spec->op == TG_OP_ARGMAX;
  }
  return node->n_results > 0 ? node->first_result : TG_POISON;
}

uint32_t graph_add(tg_graph *g, const node_spec *spec)
{
  tg_type type;
  uint32_t array_length;
  if (g->error.code != TG_OK) {
    return TG_POISON;
  }
  if (g->is_finished) {
    graph_fail(g, TG_ARGUMENT, "a node was added to a finished graph");
    return TG_POISON;
  }
  if (!check_node(g, spec, &type, &array_length)) {
    return TG_POISON;
  }
  if (!room_for(g, spec)) {
    return TG_POISON;
  }
  switch ((int)spec->op) {
  case TG_OP_LOOP: return add_loop(g, spec);
  case TG_OP_BRANCH: return add_branch(g, spec);
  case TG_OP_UNIFORM: return add_uniform(g, spec);
  case TG_OP_TEST: return add_test(g, spec);
  case TG_OP_YIELD: return add_yield(g, spec);
  default: return add_plain(g, spec, type, array_length);
  }
}
