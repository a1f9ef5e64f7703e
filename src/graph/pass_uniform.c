/* pass_uniform.c: moves what is the same in every lane to the uniform block.
 *
 * Does: a pure node (gather and linear too) whose operands are uniform moves there, from wherever it stands; so does a
 * branch without loops whose nodes are all such; so does a loop outside every body whose nodes are all such, and a
 * `charge` of its count takes its place. Constants and parameters stay, but for parameters that the block needs.
 * Needs: licm, fold. Keeps: everything observable. A loop moves only if
 *   no trap comes before it: the lanes might halt there, and never run a loop without end;
 *   the loops in it have its position: that is what the charge reports when there is too little fuel;
 *   the block had no loop: those take fuel of the block that no lane is charged for.
 * Then the loops in the block are loops that every lane runs, in the same order, and run out of fuel only if each lane
 * does so at one of them. Cost: linear, times the nesting depth. */
#include "graph/pass.h"

enum { LANE, CHEAP, MOVED }; /* what a value is: a lane's own, a constant or parameter, in the block */

typedef struct lifter {
  copier *c;
  const tg_graph *g;
  uint32_t *def;  /* by value: its node */
  uint8_t *kind;  /* by value */
  bool *is_moved; /* by node: with all that is inside it */
  bool may_loop;  /* no trap so far, and no loop in the block as it was */
  bool any;
} lifter;

/* ---- what moves ---- */

/* The value is defined by node i or inside it. */
static bool is_inside(const lifter *l, uint32_t v, uint32_t i)
{
  return l->def[v] >= i && l->def[v] <= l->g->nodes.data[i].end;
}

/* Every operand is in the block, can be, or is defined inside `opener`. */
static bool args_uniform(const lifter *l, const graph_node *node, uint32_t opener)
{
  const uint32_t *args = node_args(l->g, node);
  for (uint32_t i = 0; i < node->n_args; i++) {
    if (l->kind[args[i]] == LANE && !(opener != UINT32_MAX && is_inside(l, args[i], opener))) {
      return false;
    }
  }
  return true;
}

/* Operands of linear need not be looked at beside x: entries are uniform, but they too must be in the block. */
static bool entries_uniform(const lifter *l, const graph_node *node, uint32_t opener)
{
  for (uint32_t i = 0; i < node->n_entries; i++) {
    uint32_t v = l->g->entries.data[node->first_entry + i].value;
    if (l->kind[v] == LANE && !(opener != UINT32_MAX && is_inside(l, v, opener))) {
      return false;
    }
  }
  return true;
}

static bool is_uniform(const lifter *l, const graph_node *node, uint32_t opener)
{
  return args_uniform(l, node, opener) && entries_uniform(l, node, opener);
}

/* All of a loop or branch can be evaluated in the block. */
static bool body_uniform(const lifter *l, uint32_t i)
{
  const graph_node *opener = &l->g->nodes.data[i];
  for (uint32_t j = i; j <= opener->end; j++) {
    const graph_node *node = &l->g->nodes.data[j];
    bool is_plain = (op_table[node->op].flags & (TG_PURE | TG_MARKER)) || node->op == TG_OP_BRANCH;
    bool is_loop = node->op == TG_OP_LOOP && opener->op == TG_OP_LOOP && node->position == opener->position &&
                   node->n_args < TG_MAX_RESULTS; /* the count is one more */
    if (!(is_plain || is_loop) || !is_uniform(l, node, i)) {
      return false;
    }
  }
  return true;
}

static void move(lifter *l, uint32_t i)
{
  const graph_node *node = &l->g->nodes.data[i];
  l->is_moved[i] = true;
  l->any = true;
  for (uint32_t k = 0; k < node->n_results; k++) {
    l->kind[node->first_result + k] = MOVED;
  }
}

/* Decides about node i and gives the next one to look at. */
static uint32_t plan_node(lifter *l, uint32_t i, uint32_t depth)
{
  const graph_node *node = &l->g->nodes.data[i];
  if (node->op == TG_OP_CONST || node->op == TG_OP_PARAM) {
    l->kind[node->first_result] = CHEAP;
  } else if ((op_table[node->op].flags & TG_PURE) && is_uniform(l, node, UINT32_MAX)) {
    move(l, i);
  } else if (node->op == TG_OP_TRAP) {
    l->may_loop = false;
  } else if ((node->op == TG_OP_BRANCH || (node->op == TG_OP_LOOP && depth == 0 && l->may_loop)) &&
             body_uniform(l, i)) {
    move(l, i);
    return node->end + 1;
  }
  return i + 1;
}

static void plan(lifter *l)
{
  uint32_t depth = 0, start = graph_main_start(l->g);
  for (uint32_t i = 0; i < start; i++) {
    const graph_node *node = &l->g->nodes.data[i];
    l->may_loop = l->may_loop && node->op != TG_OP_LOOP;
    for (uint32_t k = 0; k < node->n_results; k++) {
      l->kind[node->first_result + k] = MOVED;
    }
  }
  for (uint32_t i = start; i < l->g->nodes.n;) {
    const graph_node *node = &l->g->nodes.data[i];
    uint32_t next = plan_node(l, i, depth);
    bool is_end = node->op == TG_OP_YIELD && l->g->nodes.data[node->mate].end == i;
    depth = depth + (next == i + 1 && node_opens(node)) - is_end;
    i = next;
  }
}

/* ---- the new graph ---- */

/* A constant or parameter from outside `opener` that the block needs. Of a constant it gets one of its own: the other
 * stays where engines see what it is. */
static void need(lifter *l, uint32_t v, uint32_t opener)
{
  const graph_node *node = &l->g->nodes.data[l->def[v]];
  if (l->kind[v] != CHEAP || l->c->map[v] != TG_POISON || is_inside(l, v, opener)) {
    return;
  }
  if (node->op == TG_OP_CONST) {
    l->c->map[v] = copy_const(l->c, (tg_type)node->type, node->imm);
  } else {
    copy_node(l->c, l->def[v]);
  }
}

static void need_args(lifter *l, uint32_t i, uint32_t opener)
{
  const graph_node *node = &l->g->nodes.data[i];
  for (uint32_t k = 0; k < node->n_args; k++) {
    need(l, node_args(l->g, node)[k], opener);
  }
  for (uint32_t k = 0; k < node->n_entries; k++) {
    need(l, l->g->entries.data[node->first_entry + k].value, opener);
  }
}

/* The last node of what node i is: itself, or its last yield. */
static uint32_t last_of(const lifter *l, uint32_t i)
{
  const graph_node *node = &l->g->nodes.data[i];
  return node_opens(node) ? node->end : i;
}

static void copy_moved(lifter *l, uint32_t i)
{
  for (uint32_t j = i; j <= last_of(l, i); j++) {
    need_args(l, j, i);
  }
  for (uint32_t j = i; j <= last_of(l, i); j++) {
    copy_node(l->c, j);
  }
}

static void fill_block(lifter *l)
{
  uint32_t start = graph_main_start(l->g);
  if (start == 0) {
    copy_add(l->c, &(node_spec){.op = TG_OP_UNIFORM});
  }
  for (uint32_t i = 0; i + 1 < start; i++) {
    copy_node(l->c, i);
  }
  for (uint32_t i = start; i < l->g->nodes.n; i++) {
    if (l->is_moved[i]) {
      copy_moved(l, i);
    }
  }
  copy_add(l->c, &(node_spec){.op = TG_OP_YIELD});
}

/* What stands where a moved loop stood. The count is the result after those that the loop had. */
static void charge_loop(lifter *l, const graph_node *loop)
{
  uint32_t count = l->c->map[loop->first_result] + loop->n_results;
  copy_add(l->c, &(node_spec){.op = TG_OP_CHARGE, .position = loop->position, .args = &count, .n_args = 1});
}

/* A parameter that the block has. */
static bool is_copied(const lifter *l, const graph_node *node)
{
  return node->op == TG_OP_PARAM && l->c->map[node->first_result] != TG_POISON;
}

static void copy_main(lifter *l)
{
  for (uint32_t i = graph_main_start(l->g); i < l->g->nodes.n; i++) {
    const graph_node *node = &l->g->nodes.data[i];
    if (l->is_moved[i]) {
      if (node->op == TG_OP_LOOP) {
        charge_loop(l, node);
      }
      i = last_of(l, i);
    } else if (!is_copied(l, node)) {
      copy_node(l->c, i);
    }
  }
}

void pass_uniform(copier *c)
{
  lifter l = {.c = c, .g = c->from, .may_loop = true};
  l.def = copy_definitions(c);
  l.kind = copy_scratch(c, c->from->values.n, sizeof *l.kind);
  l.is_moved = copy_scratch(c, c->from->nodes.n, sizeof *l.is_moved);
  if (l.is_moved == NULL) {
    return;
  }
  plan(&l);
  if (l.any) {
    fill_block(&l);
  } else {
    for (uint32_t i = 0; i < graph_main_start(c->from); i++) {
      copy_node(c, i);
    }
  }
  copy_main(&l);
}
