/* emit_walk.c: a part of the nodes outside loops, as a stage runs them. It may begin and end in bodies of branches:
 * such branches are split, each part runs its share of every body for the lanes that chose it, and the last one selects
 * the yields. What a part needs of earlier ones is there before, so the selectors are. */
#include "backend/llvm/emit.h"

#include "graph/copy.h"

static bool is_split(const jit_emitter *e, uint32_t i)
{
  return e->code->stages.is_split[i];
}

static uint32_t after(const jit_emitter *e, uint32_t i)
{
  const graph_node *node = &e->g->nodes.data[i];
  return node_opens(node) ? node->end + 1 : i + 1;
}

static bool has_target(const jit_walk *w, uint32_t begin, uint32_t end)
{
  return begin <= w->target && w->target < end;
}

/* ---- bodies that no lane wants ---- */

/* How many nodes of a run in a body, at any depth; a loop is long. */
static uint32_t length_of(const jit_emitter *e, const jit_walk *w, uint32_t begin, uint32_t end)
{
  uint32_t n = 0, first = begin > w->begin ? begin : w->begin, last = end < w->end ? end : w->end;
  for (uint32_t i = first; i < last; i++) {
    n += e->g->nodes.data[i].op == TG_OP_LOOP ? JIT_LONG_BODY : 1;
  }
  return n;
}

/* Values that were made in `from` are zero if control came from `before`: later parts of the body may still look at
 * them, for no lane. Sources were read by then. */
static void join_values(jit_emitter *e, const graph_node *node, LLVMBasicBlockRef from, LLVMBasicBlockRef before)
{
  bool is_source = node->op == TG_OP_LOAD || node->op == TG_OP_IOTA;
  for (uint32_t v = node->first_result; v < node->first_result + node->n_results && !is_source; v++) {
    LLVMValueRef value = e->values[v];
    if (value != NULL && !LLVMIsConstant(value) && !e->g->values.data[v].is_uniform) {
      e->values[v] = jit_join_two(e, value, from, LLVMConstNull(LLVMTypeOf(value)), before);
    }
  }
}

static void join_nodes(jit_emitter *e, const jit_walk *w, uint32_t begin, uint32_t end, jit_if branch,
                       LLVMBasicBlockRef from)
{
  for (uint32_t i = begin; i < end; i = is_split(e, i) ? i + 1 : after(e, i)) {
    const graph_node *node = &e->g->nodes.data[i];
    bool ends_here = i >= w->begin && i < w->end && !is_split(e, i);
    ends_here |= is_split(e, i) && node->end >= w->begin && node->end < w->end;
    if (ends_here) {
      join_values(e, node, from, branch.before);
    }
  }
}

static void walk_nodes(jit_emitter *e, jit_walk *w, uint32_t begin, uint32_t end);

static void walk_body(jit_emitter *e, jit_walk *w, uint32_t begin, uint32_t end)
{
  bool starts = begin >= w->begin && (begin < w->end || (begin == w->end && has_target(w, begin, end)));
  bool skips = length_of(e, w, begin, end) > JIT_LONG_BODY;
  LLVMValueRef alive = e->alive, fuel = e->fuel;
  jit_if branch = {NULL, NULL};
  if (skips) {
    branch = jit_begin_if(e, jit_any(e, jit_running(e)));
  }
  if (starts) {
    jit_count(e, begin, end, false);
  }
  walk_nodes(e, w, begin, end);
  if (skips && !e->failed) {
    LLVMBasicBlockRef from = LLVMGetInsertBlock(e->b);
    jit_end_if(e, branch);
    join_nodes(e, w, begin, end, branch, from);
    if (has_target(w, begin, end)) {
      w->reached = jit_join_two(e, w->reached, from, LLVMConstNull(LLVMTypeOf(w->reached)), branch.before);
    }
    e->alive = alive == NULL ? NULL : jit_join_two(e, e->alive, from, alive, branch.before);
    e->fuel = fuel == NULL ? NULL : jit_join_two(e, e->fuel, from, fuel, branch.before);
  }
}

/* ---- split branches ---- */

static void select_yields(jit_emitter *e, const graph_node *node, uint32_t body, LLVMValueRef chosen)
{
  const uint32_t *args = node_args(e->g, &e->g->nodes.data[branch_yield(e->g, node, body)]);
  for (uint32_t k = 0; k < node->n_results; k++) {
    uint32_t v = node->first_result + k, origin = e->code->origins[v];
    if (e->g->values.data[v].array_length > 0) {
      e->values[v] = e->values[origin];
      continue;
    }
    LLVMValueRef next = e->varies[v] ? jit_wide(e, args[k]) : jit_value(e, args[k]);
    e->values[v] = body == 0 ? next : jit_select(e, chosen, next, e->values[v]);
  }
}

static void walk_branch(jit_emitter *e, jit_walk *w, uint32_t i)
{
  const graph_node *node = &e->g->nodes.data[i];
  LLVMValueRef outer = e->mask, rest = NULL;
  for (uint32_t body = 0; body < node->n_bodies && !e->failed; body++) {
    uint32_t begin = branch_body(e->g, node, body), end = branch_yield(e->g, node, body);
    bool is_last = body + 1 == node->n_bodies;
    LLVMValueRef chosen = is_last ? rest : jit_choosing(e, node, body);
    if (!is_last) {
      rest = rest == NULL ? LLVMBuildNot(e->b, chosen, "") : jit_without(e, rest, chosen);
    }
    e->mask = jit_both(e, outer, chosen);
    if ((begin < w->end && end > w->begin) || has_target(w, begin, end)) {
      walk_body(e, w, begin, end);
    }
    if (node->end < w->end && !e->failed) {
      select_yields(e, node, body, chosen);
    }
  }
  e->mask = outer;
}

static void walk_nodes(jit_emitter *e, jit_walk *w, uint32_t begin, uint32_t end)
{
  for (uint32_t i = begin; i < end && !e->failed; i = after(e, i)) {
    uint32_t next = after(e, i);
    bool is_touched = (i < w->end && next > w->begin) || has_target(w, i, next);
    if (i == w->target) {
      w->reached = e->mask == NULL ? jit_all_lanes(e) : e->mask;
    } else if (is_split(e, i) && is_touched) {
      walk_branch(e, w, i);
    } else if (i >= w->begin && next <= w->end) {
      jit_emit_nodes(e, i, next);
    }
  }
}

void jit_walk_nodes(jit_emitter *e, jit_walk *w)
{
  walk_nodes(e, w, w->root, w->root_end);
}
