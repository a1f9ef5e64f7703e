/* plan.c: what is known of a graph before code is made: which values differ between lanes, which arrays are changed in
 * place, and where everything lies in scratch. */
#include "backend/llvm/emit.h"
#include "backend/sum.h"

#include <string.h>

enum { ARRAY_REST = 8 /* bytes that may be read and written after all arrays */ };

/* ---- which values differ between lanes ---- */

static bool any_varies(const tg_graph *g, const graph_node *node, const bool *varies)
{
  for (uint32_t k = 0; k < node->n_args; k++) {
    if (varies[node_args(g, node)[k]]) {
      return true;
    }
  }
  return false;
}

static bool mark(bool *varies, uint32_t v, bool value)
{
  bool is_new = value && !varies[v];
  varies[v] |= value;
  return is_new;
}

/* A carried value varies inside a loop if its start does or what it becomes: lanes that are done no longer count. What
 * it is in the end also depends on when the lane left the loop. */
static bool mark_loop(const tg_graph *g, const graph_node *loop, const bool *used, bool *varies)
{
  const uint32_t *next = node_args(g, &g->nodes.data[loop->end]);
  bool parts = varies[node_args(g, &g->nodes.data[loop->mate])[0]], changed = false;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    bool is_array = g->values.data[loop->first_carried + k].array_length > 0;
    bool value = is_array || varies[node_args(g, loop)[k]] || varies[next[k]];
    changed |= mark(varies, loop->first_carried + k, value);
    changed |= mark(varies, loop->first_result + k, value || (parts && used[loop->first_result + k]));
  }
  return changed;
}

static uint32_t body_end(const tg_graph *g, const graph_node *branch, uint32_t k)
{
  return k + 1 < branch->n_bodies ? g->bodies.data[branch->first_body + k + 1] - 1 : branch->end;
}

static bool mark_branch(const tg_graph *g, const graph_node *branch, bool *varies)
{
  bool parts = varies[node_args(g, branch)[0]], changed = false;
  for (uint32_t body = 0; body < branch->n_bodies; body++) {
    const uint32_t *yields = node_args(g, &g->nodes.data[body_end(g, branch, body)]);
    for (uint32_t k = 0; k < branch->n_results; k++) {
      changed |= mark(varies, branch->first_result + k, parts || varies[yields[k]]);
    }
  }
  return changed;
}

static bool mark_node(const tg_graph *g, const graph_node *node, const bool *used, bool *varies)
{
  bool changed = false;
  switch ((int)node->op) {
  case TG_OP_LOOP: return mark_loop(g, node, used, varies);
  case TG_OP_BRANCH: return mark_branch(g, node, varies);
  case TG_OP_ARRAY: return false;
  case TG_OP_ASTORE: return mark(varies, node->first_result, varies[node_args(g, node)[0]]);
  case TG_OP_LOAD:
  case TG_OP_IOTA:
  case TG_OP_ALOAD: return mark(varies, node->first_result, true);
  default: break;
  }
  bool value = any_varies(g, node, varies);
  for (uint32_t k = 0; k < node->n_results; k++) {
    changed |= mark(varies, node->first_result + k, value);
  }
  return changed;
}

static void find_used(const tg_graph *g, bool *used)
{
  for (size_t i = 0; i < g->args.n; i++) {
    used[g->args.data[i]] = true;
  }
  for (size_t i = 0; i < g->entries.n; i++) {
    used[g->entries.data[i].value] = true;
  }
}

void jit_find_varying(const tg_graph *g, const bool *used, bool *varies)
{
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = graph_main_start(g); i < g->nodes.n; i++) {
      changed |= mark_node(g, &g->nodes.data[i], used, varies);
    }
  }
}

/* ---- arrays changed in place ---- */

static void find_loop_origins(const tg_graph *g, const graph_node *loop, uint32_t *origins)
{
  const uint32_t *next = node_args(g, &g->nodes.data[loop->end]);
  for (uint32_t k = 0; k < loop->n_args; k++) {
    uint32_t carried = loop->first_carried + k, result = loop->first_result + k;
    bool is_in_place = origins[next[k]] == carried;
    origins[result] = is_in_place ? origins[node_args(g, loop)[k]] : result;
  }
}

/* An array made in the body of a branch is no value outside. */
static bool is_visible(const tg_graph *g, uint32_t v, uint32_t scope)
{
  for (; scope != 0 && scope != g->values.data[v].scope; scope = g->scopes.data[scope].parent) {
  }
  return scope == g->values.data[v].scope;
}

static void find_branch_origins(const tg_graph *g, const graph_node *branch, uint32_t *origins)
{
  for (uint32_t k = 0; k < branch->n_results; k++) {
    uint32_t origin = origins[node_args(g, &g->nodes.data[branch->end])[k]];
    bool is_same = true;
    for (uint32_t body = 0; body < branch->n_bodies; body++) {
      is_same &= origins[node_args(g, &g->nodes.data[body_end(g, branch, body)])[k]] == origin;
    }
    is_same &= is_visible(g, origin, g->values.data[branch->first_result + k].scope);
    origins[branch->first_result + k] = is_same ? origin : branch->first_result + k;
  }
}

static void find_origins(const tg_graph *g, uint32_t *origins)
{
  for (uint32_t v = 0; v < g->values.n; v++) {
    origins[v] = v;
  }
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if (node->op == TG_OP_ASTORE) {
      origins[node->first_result] = origins[node_args(g, node)[0]];
    } else if (node->op == TG_OP_YIELD && node->n_args > 0) {
      const graph_node *owner = &g->nodes.data[node->mate];
      if (owner->op == TG_OP_LOOP) {
        find_loop_origins(g, owner, origins);
      } else if (owner->op == TG_OP_BRANCH && owner->end == i) {
        find_branch_origins(g, owner, origins);
      }
    }
  }
}

/* ---- memory ---- */

static size_t place(size_t *end, size_t bytes)
{
  size_t offset = *end;
  *end = offset + ((bytes + 63) & ~(size_t)63);
  return offset;
}

/* How many places an array has: one that goes round a loop and is not changed in place has two, in turns. */
static unsigned count_places(const jit_code *code, const graph_node *node, uint32_t v)
{
  const tg_graph *g = code->graph;
  if (node->op != TG_OP_LOOP) {
    return 1;
  }
  uint32_t next = node_args(g, &g->nodes.data[node->end])[v - node->first_carried];
  return code->origins[next] == v ? 0 : 2;
}

static void place_arrays(jit_code *code)
{
  const tg_graph *g = code->graph;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    bool is_loop = node->op == TG_OP_LOOP;
    uint32_t first = is_loop ? node->first_carried : node->first_result;
    uint32_t n = is_loop ? node->n_args : node->op == TG_OP_ARRAY ? 1 : 0;
    for (uint32_t v = first; v < first + n; v++) {
      const graph_value *value = &g->values.data[v];
      code->storage[v] = code->array_bytes;
      size_t bytes = (size_t)value->array_length * element_bytes((tg_type)value->type);
      code->array_bytes += bytes > 0 ? bytes * count_places(code, node, v) : 0;
      code->array_bytes = (code->array_bytes + 7) & ~(size_t)7;
    }
  }
}

static bool place_scratch(jit_code *code)
{
  const tg_graph *g = code->graph;
  size_t end = 0;
  place(&end, sizeof(jit_frame));
  code->best = place(&end, (g->n_arg_sinks + 1) * sizeof(arg_partial));
  code->trees = place(&end, code->n_ordered * sum_tree_bytes(SUM_TILE_LEVELS));
  code->pointers = place(&end, (g->operands.n + 1) * sizeof(void *));
  code->alive = place(&end, JIT_STRIP);
  code->codes = place(&end, JIT_MAX_LANES * sizeof(uint32_t));
  code->positions = place(&end, JIT_MAX_LANES * sizeof(uint32_t));
  for (size_t k = 0; k < g->operands.n; k++) {
    const graph_operand *operand = &g->operands.data[k];
    code->streams[k] = UINT32_MAX;
    if (operand->kind == TG_INPUT || operand->kind == TG_OUTPUT) {
      code->buffers[k] = place(&end, JIT_STRIP * (size_t)mode_table[operand->mode].bytes);
      code->streams[k] = (uint32_t)k;
    }
  }
  code->arrays = place(&end, code->array_bytes * code->n_lanes + ARRAY_REST);
  bool has_memory = stages_place(code, &end);
  code->scratch_bytes = end;
  return has_memory;
}

/* Uniforms that prepare gives to the lanes, and entries of linear maps, which a helper may want. */
static void place_uniforms(jit_code *code)
{
  const tg_graph *g = code->graph;
  for (uint32_t v = 0; v < g->values.n; v++) {
    const graph_scope *scope = &g->scopes.data[g->values.data[v].scope];
    bool is_inner = scope->in_uniform && scope->kind != SCOPE_UNIFORM;
    code->slots[v] = g->values.data[v].is_uniform && !is_inner ? (uint32_t)code->n_slots++ : UINT32_MAX;
  }
  for (size_t k = 0; k < g->entries.n; k++) {
    uint32_t *slot = &code->slots[g->entries.data[k].value];
    *slot = *slot == UINT32_MAX ? (uint32_t)code->n_slots++ : *slot;
  }
  for (size_t i = 0; i < g->nodes.n; i++) {
    uint32_t v = g->nodes.data[i].first_result;
    if (g->nodes.data[i].op == TG_OP_PARAM && code->slots[v] == UINT32_MAX) {
      code->slots[v] = (uint32_t)code->n_slots++;
    }
  }
}

static size_t count_params(const tg_graph *g)
{
  size_t n = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    n += g->nodes.data[i].op == TG_OP_PARAM;
  }
  return n;
}

static bool take_memory(jit_code *code)
{
  const tg_graph *g = code->graph;
  const tg_allocator *a = &code->allocator;
  code->varies = alloc_zeroed(a, g->values.n + 1, sizeof *code->varies);
  code->used = alloc_zeroed(a, g->values.n + 1, sizeof *code->used);
  code->origins = alloc_zeroed(a, g->values.n + 1, sizeof *code->origins);
  code->makers = alloc_zeroed(a, g->values.n + 1, sizeof *code->makers);
  code->halves = alloc_zeroed(a, g->values.n + 1, sizeof *code->halves);
  code->slots = alloc_zeroed(a, g->values.n + 1, sizeof *code->slots);
  code->storage = alloc_zeroed(a, g->values.n + 1, sizeof *code->storage);
  code->streams = alloc_zeroed(a, g->operands.n + 1, sizeof *code->streams);
  code->buffers = alloc_zeroed(a, g->operands.n + 1, sizeof *code->buffers);
  code->ordered = alloc_zeroed(a, g->nodes.n + 1, sizeof *code->ordered);
  code->arg_nodes = alloc_zeroed(a, g->n_arg_sinks + 1, sizeof *code->arg_nodes);
  code->plain = alloc_zeroed(a, g->operands.n + 1, sizeof *code->plain);
  code->params = alloc_zeroed(a, count_params(g) + 1, sizeof *code->params);
  return code->plain != NULL && code->params != NULL && code->varies != NULL && code->used != NULL &&
         code->origins != NULL && code->makers != NULL && code->halves != NULL && code->slots != NULL &&
         code->storage != NULL && code->streams != NULL && code->buffers != NULL && code->ordered != NULL &&
         code->arg_nodes != NULL;
}

/* ---- sinks ---- */

static void list_sinks(jit_code *code)
{
  const tg_graph *g = code->graph;
  uint32_t n_sums = 0;
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if (node->op == TG_OP_ARGMIN || node->op == TG_OP_ARGMAX) {
      code->arg_nodes[code->n_args++] = i;
    } else if (node->op == TG_OP_SUM) {
      tg_type type = (tg_type)g->values.data[node_args(g, node)[0]].type;
      if (type_in(type, TG_CLASS_FLOAT)) {
        code->ordered[code->n_ordered++] = (jit_sum){n_sums, type};
      }
      n_sums++;
    }
  }
}

static bool has_bodies(const tg_graph *g)
{
  bool found = false;
  for (size_t i = graph_main_start(g); i < g->nodes.n; i++) {
    found |= g->nodes.data[i].op == TG_OP_LOOP || g->nodes.data[i].op == TG_OP_BRANCH;
  }
  return found;
}

/* ---- helpers ---- */

bool jit_is_helped(const jit_code *code, const graph_node *node)
{
  switch ((int)node->op) {
  case TG_OP_FMA: return !code->traits.has_fma;
  case TG_OP_ROUND: return !code->traits.has_round;
  case TG_OP_LINEAR: return node_ring(node) == TG_RING_MOD && node->imm > UINT64_C(1) << 32;
  default: return false;
  }
}

bool jit_plan(jit_code *code, const jit_target *target)
{
  if (!take_memory(code)) {
    return false;
  }
  code->traits = *target;
  code->traits.machine = NULL;
  find_used(code->graph, code->used);
  jit_find_varying(code->graph, code->used, code->varies);
  find_origins(code->graph, code->origins);
  jit_find_halves(code);
  jit_choose_lanes(code);
  while (1u << code->lanes_log2 < code->n_lanes) {
    code->lanes_log2++;
  }
  if (code->wish.counts || !has_bodies(code->graph)) {
    code->lane_operations =
        cost_body_operations(code->graph, graph_main_start(code->graph), (uint32_t)code->graph->nodes.n);
  }
  list_sinks(code);
  place_uniforms(code);
  place_arrays(code);
  return stages_plan(code) && place_scratch(code);
}

void jit_plan_free(jit_code *code)
{
  const tg_allocator *a = &code->allocator;
  if (code->graph == NULL) {
    return;
  }
  stages_free(code);
  size_t n_values = code->graph->values.n + 1, n_operands = code->graph->operands.n + 1;
  size_t n_args = code->graph->n_arg_sinks + 1;
  alloc_free(a, code->varies, n_values, sizeof *code->varies);
  alloc_free(a, code->used, n_values, sizeof *code->used);
  alloc_free(a, code->origins, n_values, sizeof *code->origins);
  alloc_free(a, code->makers, n_values, sizeof *code->makers);
  alloc_free(a, code->halves, n_values, sizeof *code->halves);
  alloc_free(a, code->slots, n_values, sizeof *code->slots);
  alloc_free(a, code->storage, n_values, sizeof *code->storage);
  alloc_free(a, code->streams, n_operands, sizeof *code->streams);
  alloc_free(a, code->buffers, n_operands, sizeof *code->buffers);
  alloc_free(a, code->plain, n_operands, sizeof *code->plain);
  alloc_free(a, code->params, count_params(code->graph) + 1, sizeof *code->params);
  alloc_free(a, code->ordered, code->graph->nodes.n + 1, sizeof *code->ordered);
  alloc_free(a, code->arg_nodes, n_args, sizeof *code->arg_nodes);
}
