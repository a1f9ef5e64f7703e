/* stage_arrays.c: arrays belong to the slots of one loop. Whatever touches such an array before or after the loop runs
 * for the lanes that come to it or leave it, in their slots. An array that outlives two loops would have to move. */
#include "backend/llvm/stage_cut.h"

#include <string.h>

static void note_use(cutter *c, uint32_t v, uint32_t first, uint32_t last)
{
  array_span *span = &c->spans[c->code->origins[v]];
  if (c->g->values.data[v].array_length == 0) {
    return;
  }
  span->first = span->is_used && span->first < first ? span->first : first;
  span->last = span->is_used && span->last > last ? span->last : last;
  span->is_used = true;
}

static bool yields_split(const cutter *c, const graph_node *node)
{
  return node->op == TG_OP_YIELD && c->plan->is_split[node->mate];
}

/* Nodes [first, last] are one node of which no part runs alone. */
static void note_nodes(cutter *c, uint32_t first, uint32_t last)
{
  for (uint32_t i = first; i <= last; i++) {
    const graph_node *node = &c->g->nodes.data[i];
    for (uint32_t k = 0; k < node->n_args && !yields_split(c, node); k++) {
      note_use(c, node_args(c->g, node)[k], first, last);
    }
    for (uint32_t k = 0; k < node->n_results; k++) {
      c->spans[node->first_result + k].made = i;
    }
    for (uint32_t k = 0; k < node->n_args && node->op == TG_OP_LOOP; k++) {
      c->spans[node->first_carried + k].made = i;
    }
  }
}

static void find_spans(cutter *c)
{
  memset(c->spans, 0, c->g->values.n * sizeof *c->spans);
  for (uint32_t i = graph_main_start(c->g); i < c->g->nodes.n; i++) {
    const graph_node *node = &c->g->nodes.data[i];
    uint32_t last = node_opens(node) && !c->plan->is_split[i] ? node->end : i;
    note_nodes(c, i, last);
    i = last;
  }
}

/* Whether stage s needs an array that is made before its loop. */
static bool lives_in(const cutter *c, const array_span *span, const stage *s)
{
  return span->made < s->loop && span->first <= c->g->nodes.data[s->loop].end && span->last >= s->loop;
}

static bool give_array(cutter *c, uint32_t v)
{
  array_span *span = &c->spans[v];
  c->plan->owners[v] = 0;
  for (size_t k = 0; k < c->plan->n; k++) {
    stage *s = &c->plan->stages[k];
    if (!lives_in(c, span, s)) {
      continue;
    }
    if (c->plan->owners[v] != 0 || c->g->nodes.data[span->made].op != TG_OP_ARRAY) {
      return false;
    }
    c->plan->owners[v] = (uint8_t)(k + 1);
    s->entry = span->first < s->entry ? span->first : s->entry;
    s->exit = span->last >= s->exit ? span->last + 1 : s->exit;
  }
  if (c->plan->owners[v] == 0) {
    span->first = span->made; /* it is zeroed there */
  }
  return true;
}

/* No array is touched on both sides of where a stage begins or ends. True: something has changed. */
static bool widen(cutter *c)
{
  bool changed = false;
  for (uint32_t v = 0; v < c->g->values.n; v++) {
    const array_span *span = &c->spans[v];
    for (size_t k = 0; k < c->plan->n && span->is_used; k++) {
      stage *s = &c->plan->stages[k];
      bool is_cut_before = span->first < s->entry && s->entry <= span->last;
      bool is_cut_after = span->first < s->exit && s->exit <= span->last;
      s->entry = is_cut_before ? span->first : s->entry;
      s->exit = is_cut_after ? span->last + 1 : s->exit;
      changed |= is_cut_before || is_cut_after;
    }
  }
  return changed;
}

/* Arrays that loops and split branches give are those that they got. */
static bool are_in_place(const cutter *c, const graph_node *node)
{
  for (uint32_t k = 0; k < node->n_results; k++) {
    uint32_t v = node->first_result + k;
    if (c->g->values.data[v].array_length > 0 && c->code->origins[v] == v) {
      return false;
    }
  }
  return true;
}

static bool all_in_place(const cutter *c)
{
  for (uint32_t i = graph_main_start(c->g); i < c->g->nodes.n; i++) {
    if (c->plan->is_split[i] && !are_in_place(c, &c->g->nodes.data[i])) {
      return false;
    }
  }
  for (size_t k = 0; k < c->plan->n; k++) {
    if (!are_in_place(c, &c->g->nodes.data[c->plan->stages[k].loop])) {
      return false;
    }
  }
  return true;
}

/* Each stage's nodes come after those of the stage before. Lanes need not come to a loop in a branch whose body has all
 * that would be done for them. */
static bool are_apart(const cutter *c)
{
  for (size_t k = 0; k < c->plan->n; k++) {
    stage *s = &c->plan->stages[k];
    if (k > 0 && s[-1].exit > s->entry) {
      return false;
    }
    s->can_pass = s->is_inner && s->entry >= s->body && s->exit <= s->body_end;
  }
  return true;
}

bool stages_give_arrays(cutter *c)
{
  if (!all_in_place(c)) {
    return false;
  }
  find_spans(c);
  for (uint32_t v = 0; v < c->g->values.n; v++) {
    if (c->spans[v].is_used && !give_array(c, v)) {
      return false;
    }
  }
  while (widen(c)) {
  }
  return are_apart(c);
}
