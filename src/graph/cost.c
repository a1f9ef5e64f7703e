/* cost.c: see cost.h. Input: a finished graph; output: counts and times. The idea: one row for each operation, its time
 * by the size of its widest operand, which is what the time of vectors goes by. */
#include "graph/cost.h"

const char *const cost_kind_names[COST_KIND_COUNT] = {
#define COST_NAME(id, name) name,
    COST_KINDS(COST_NAME)
#undef COST_NAME
};

/* ---- the rows ----
 * In 10^-12 s a lane, for integers (and bool) of 1, 2, 4 and 8 bytes and for f32 and f64; the means of AVX2 and AVX-512
 * kernels on a Xeon of 2023 (family 6, model 207). */

typedef struct cost_row {
  uint8_t kind; /* cost_kind */
  uint16_t ps[6];
} cost_row;

#define SIMPLE 16, 27, 47, 90, 44, 86
#define FLAT(ps) ps, ps, ps, ps, ps, ps

static const cost_row rows[TG_OP_COUNT] = {
    [TG_OP_LOAD] = {COST_MEMORY, {5, 10, 20, 40, 20, 40}},
    [TG_OP_IOTA] = {COST_ARITHMETIC, {45, 48, 55, 95, 85, 180}},
    [TG_OP_CONST] = {COST_NOTHING, {FLAT(0)}},
    [TG_OP_PARAM] = {COST_NOTHING, {FLAT(0)}},
    [TG_OP_ADD] = {COST_ARITHMETIC, {SIMPLE}},
    [TG_OP_NEG] = {COST_ARITHMETIC, {SIMPLE}},
    [TG_OP_SUB] = {COST_ARITHMETIC, {SIMPLE}},
    [TG_OP_MUL] = {COST_ARITHMETIC, {46, 27, 50, 180, 44, 86}},
    [TG_OP_DIVMOD] = {COST_DIVISION, {310, 300, 690, 3330, 0, 0}},
    [TG_OP_SHL] = {COST_BITS, {300, 130, 80, 220, 0, 0}},
    [TG_OP_SHR] = {COST_BITS, {200, 130, 85, 250, 0, 0}},
    [TG_OP_OR] = {COST_BITS, {SIMPLE}},
    [TG_OP_AND] = {COST_BITS, {SIMPLE}},
    [TG_OP_XOR] = {COST_BITS, {SIMPLE}},
    [TG_OP_NOT] = {COST_BITS, {SIMPLE}},
    [TG_OP_ANDNOT] = {COST_BITS, {SIMPLE}},
    [TG_OP_LT] = {COST_CHOICE, {18, 33, 50, 105, 45, 90}},
    [TG_OP_EQ] = {COST_CHOICE, {18, 33, 50, 105, 45, 90}},
    [TG_OP_SELECT] = {COST_CHOICE, {28, 52, 93, 180, 85, 167}},
    [TG_OP_MAX] = {COST_CHOICE, {16, 27, 65, 146, 44, 86}},
    [TG_OP_DIV] = {COST_DIVISION, {0, 0, 0, 0, 205, 640}},
    [TG_OP_SQRT] = {COST_DIVISION, {0, 0, 0, 0, 252, 990}},
    [TG_OP_FMA] = {COST_ARITHMETIC, {0, 0, 0, 0, 70, 143}},
    [TG_OP_ROUND] = {COST_CONVERSION, {0, 0, 0, 0, 41, 82}},
    [TG_OP_CONVERT] = {COST_CONVERSION, {25, 42, 65, 200, 65, 200}},
    [TG_OP_BITCAST] = {COST_CONVERSION, {8, 15, 45, 85, 47, 85}},
    [TG_OP_GATHER] = {COST_TABLE, {510, 500, 630, 620, 630, 620}},
    [TG_OP_LOOP] = {COST_NOTHING, {FLAT(0)}},                       /* its test is what a round costs */
    [TG_OP_BRANCH] = {COST_CONTROL, {FLAT(1500)}},                  /* of one body, with lanes in each */
    [TG_OP_LINEAR] = {COST_ARITHMETIC, {62, 54, 97, 270, 88, 172}}, /* of one entry */
    [TG_OP_TEST] = {COST_CONTROL, {FLAT(80)}},
    [TG_OP_YIELD] = {COST_NOTHING, {FLAT(0)}},
    [TG_OP_UNIFORM] = {COST_NOTHING, {FLAT(0)}},
    [TG_OP_ARRAY] = {COST_ARRAY, {FLAT(350)}}, /* of one element */
    [TG_OP_ALOAD] = {COST_ARRAY, {FLAT(2900)}},
    [TG_OP_ASTORE] = {COST_ARRAY, {FLAT(3200)}},
    [TG_OP_TRAP] = {COST_CONTROL, {FLAT(650)}},
    [TG_OP_CHARGE] = {COST_CONTROL, {FLAT(650)}},
    [TG_OP_STORE] = {COST_MEMORY, {15, 30, 60, 150, 60, 150}},
    [TG_OP_SUM] = {COST_REDUCTION, {97, 68, 120, 50, 80, 110}},
    [TG_OP_ARGMIN] = {COST_REDUCTION, {100, 90, 155, 205, 187, 241}},
    [TG_OP_ARGMAX] = {COST_REDUCTION, {100, 90, 155, 205, 187, 241}},
    [TG_OP_COMBINE] = {COST_REDUCTION, {FLAT(10000)}}, /* all lanes in few slots: each waits for the one before */
};

cost_kind cost_kind_of(tg_op op)
{
  return (cost_kind)rows[op].kind;
}

/* ---- one node ---- */

uint64_t cost_operations(const graph_node *node)
{
  if (node->op == TG_OP_LINEAR) {
    return UINT64_C(2) * node->n_entries;
  }
  return rows[node->op].kind != COST_NOTHING;
}

static bool is_uniform(const tg_graph *g, const graph_node *node)
{
  return node->n_results > 0 && g->values.data[node->first_result].is_uniform;
}

uint64_t cost_body_operations(const tg_graph *g, uint32_t begin, uint32_t end)
{
  uint64_t n = 0;
  for (uint32_t i = begin; i < end;) {
    const graph_node *node = &g->nodes.data[i];
    bool has_bodies = node->op == TG_OP_LOOP || node->op == TG_OP_BRANCH;
    n += is_uniform(g, node) ? 0 : cost_operations(node);
    i = has_bodies ? node->end + 1 : i + 1;
  }
  return n;
}

static uint32_t time_for(const cost_row *row, tg_type type)
{
  unsigned bytes = type_table[type].bytes;
  unsigned column = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
  return row->ps[type_in(type, TG_CLASS_FLOAT) ? column + 2 : column];
}

/* By the operand or result that takes longest. */
static uint32_t time_of(const tg_graph *g, const graph_node *node)
{
  const cost_row *row = &rows[node->op];
  const uint32_t *args = node_args(g, node);
  uint32_t most = 0;
  for (uint32_t i = 0; i < node->n_args + node->n_results; i++) {
    uint32_t v = i < node->n_args ? args[i] : node->first_result + (i - node->n_args);
    uint32_t ps = time_for(row, (tg_type)g->values.data[v].type);
    most = ps > most ? ps : most;
  }
  return most;
}

uint64_t cost_node_ps(const tg_graph *g, const graph_node *node)
{
  uint64_t ps = time_of(g, node);
  switch ((int)node->op) {
  case TG_OP_DIVMOD: return g->values.data[node_args(g, node)[1]].is_uniform ? ps * 3 / 10 : ps; /* by one for all */
  case TG_OP_BRANCH: return ps * node->n_bodies;
  case TG_OP_LINEAR: return ps * node->n_entries;
  case TG_OP_ARRAY: return ps * g->values.data[node->first_result].array_length;
  default: return ps;
  }
}

uint64_t cost_addition_ps(tg_type type)
{
  return time_for(&rows[TG_OP_ADD], type);
}

uint64_t cost_at_speed(cost_speed speed, uint64_t ps, uint64_t operations)
{
  uint64_t permille = speed.permille == 0 && speed.operation_ps == 0 ? 1000 : speed.permille;
  return ps * permille / 1000 + operations * speed.operation_ps;
}

/* ---- parts of a graph ---- */

enum { ROUNDS_MOST = 1 << 20 }; /* cubed, it fits */

/* A walk over the nodes outside the uniform block, and the loops that it is in. A loop's own node is outside of it. */
typedef struct walk {
  const tg_graph *g;
  uint32_t node, depth, loops[TG_MAX_DEPTH + 1];
} walk;

static walk walk_start(const tg_graph *g)
{
  return (walk){.g = g, .node = graph_main_start(g)};
}

static bool walk_ends(const walk *w)
{
  return w->node >= w->g->nodes.n;
}

static void walk_on(walk *w)
{
  if (w->g->nodes.data[w->node].op == TG_OP_LOOP) {
    w->loops[w->depth++] = w->node;
  }
  w->node++;
  while (w->depth > 0 && w->node > w->g->nodes.data[w->loops[w->depth - 1]].end) {
    w->depth--;
  }
}

static uint32_t walk_loop(const walk *w)
{
  return w->depth == 0 ? COST_OUTSIDE : w->loops[w->depth - 1];
}

void cost_add_up(const tg_graph *g, uint32_t loop, cost_part *part)
{
  *part = (cost_part){.loop = loop};
  for (walk w = walk_start(g); !walk_ends(&w); walk_on(&w)) {
    const graph_node *node = &g->nodes.data[w.node];
    if (walk_loop(&w) == loop) {
      part->depth = w.depth;
      part->operations[cost_kind_of((tg_op)node->op)] += cost_operations(node);
      part->total += cost_operations(node);
      part->ps += cost_node_ps(g, node);
    }
  }
}

uint32_t cost_next_loop(const tg_graph *g, uint32_t after)
{
  uint32_t first = after == COST_OUTSIDE ? graph_main_start(g) : after + 1;
  for (uint32_t i = first; i < g->nodes.n; i++) {
    if (g->nodes.data[i].op == TG_OP_LOOP) {
      return i;
    }
  }
  return COST_OUTSIDE;
}

/* How many rounds a lane takes of a loop at each depth when every loop goes round `rounds` times. */
typedef struct rounds_at {
  uint64_t times[4];
} rounds_at;

static rounds_at rounds_by_depth(uint64_t rounds)
{
  uint64_t few = rounds < ROUNDS_MOST ? rounds : ROUNDS_MOST;
  return (rounds_at){{1, few, few * few, few * few * few}};
}

uint64_t cost_rounds_of_each(const tg_graph *g, uint64_t rounds)
{
  uint64_t n_at[4] = {0}, low = 1, high = rounds < ROUNDS_MOST ? rounds : ROUNDS_MOST;
  for (walk w = walk_start(g); !walk_ends(&w); walk_on(&w)) {
    n_at[w.depth < 3 ? w.depth : 3] += g->nodes.data[w.node].op == TG_OP_TEST;
  }
  while (low < high) { /* the least that gives as many, or more */
    uint64_t middle = low + (high - low) / 2, sum = 0;
    rounds_at at = rounds_by_depth(middle);
    for (size_t depth = 1; depth < 4 && sum < rounds; depth++) {
      sum += n_at[depth] > 0 && at.times[depth] > rounds ? rounds : at.times[depth] * n_at[depth];
    }
    low = sum < rounds ? middle + 1 : low;
    high = sum < rounds ? high : middle;
  }
  return low;
}

uint64_t cost_lane_ps(const tg_graph *g, cost_speed speed, uint64_t rounds)
{
  uint64_t ps = 0;
  rounds_at at = rounds_by_depth(rounds);
  for (walk w = walk_start(g); !walk_ends(&w) && ps < COST_PS_MOST; walk_on(&w)) {
    const graph_node *node = &g->nodes.data[w.node];
    uint64_t one = cost_at_speed(speed, cost_node_ps(g, node), cost_operations(node));
    uint64_t each = at.times[w.depth < 3 ? w.depth : 3];
    ps += each > 0 && one > COST_PS_MOST / each ? COST_PS_MOST : one * each;
  }
  return ps < COST_PS_MOST ? ps : COST_PS_MOST;
}

uint64_t cost_round_ps(const tg_graph *g, cost_speed speed)
{
  uint64_t n = 0, ps = 0;
  for (uint32_t i = cost_next_loop(g, COST_OUTSIDE); i != COST_OUTSIDE; i = cost_next_loop(g, i)) {
    cost_part part;
    cost_add_up(g, i, &part);
    ps += cost_at_speed(speed, part.ps, part.total);
    n++;
  }
  return n == 0 ? 0 : ps / n;
}

/* ---- making code ----
 * As LLVM 19 was measured on such a Xeon. Loops are made several times over: with masks, with limited fuel, as stages
 * of lane refill, each with several vectors in flight. */
#define CODE_PS UINT64_C(3000000000)
#define CODE_NODE_PS UINT64_C(100000000)
#define CODE_REDUCTION_PS UINT64_C(5000000000)
#define CODE_LOOPS_PS UINT64_C(20000000000)
#define CODE_LOOPS_NODE_PS UINT64_C(250000000)
enum { LEAST_GAIN = 20 }; /* one part in so many of the time */

static uint64_t code_ps(const tg_graph *g)
{
  bool has_loops = cost_next_loop(g, COST_OUTSIDE) != COST_OUTSIDE;
  uint64_t ps = CODE_PS + g->nodes.n * (has_loops ? CODE_LOOPS_NODE_PS : CODE_NODE_PS);
  for (size_t i = 0; i < g->nodes.n; i++) {
    ps += cost_kind_of((tg_op)g->nodes.data[i].op) == COST_REDUCTION ? CODE_REDUCTION_PS : 0;
  }
  return ps + (has_loops ? CODE_LOOPS_PS : 0);
}

uint64_t cost_worth_code(const tg_graph *g, cost_speed now, cost_speed then)
{
  uint64_t before = cost_lane_ps(g, now, COST_ROUNDS), after = cost_lane_ps(g, then, COST_ROUNDS);
  uint64_t code = code_ps(g), gain = before > after ? before - after : 0;
  if (gain == 0 || gain < before / LEAST_GAIN) {
    return UINT64_MAX;
  }
  return before / gain * code + before % gain * (code / gain);
}

/* ---- bytes ---- */

cost_bytes cost_operand_bytes(const tg_graph *g, uint32_t operand)
{
  const graph_operand *o = &g->operands.data[operand];
  cost_bytes bytes = {0, 0};
  for (uint32_t i = graph_main_start(g); i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if (node->op == TG_OP_LOAD && node->operand == operand) {
      bytes.loaded = mode_table[o->mode].bytes;
    } else if (node->op == TG_OP_STORE && node->operand == operand) {
      bytes.stored = mode_table[o->mode].bytes;
    }
  }
  return bytes;
}

cost_bytes cost_lane_bytes(const tg_graph *g)
{
  cost_bytes all = {0, 0};
  for (uint32_t k = 0; k < g->operands.n; k++) {
    cost_bytes one = cost_operand_bytes(g, k);
    all.loaded += one.loaded;
    all.stored += one.stored;
  }
  return all;
}
