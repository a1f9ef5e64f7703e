/* helpers_linear.c: y = M x + c over any ring, lane by lane. Every x and y is a row of u64, one for each lane. */
#include "backend/llvm/code.h"

#include "base/float.h"

typedef struct product {
  const jit_frame *frame;
  const graph_node *node;
  tg_type type;
  uint64_t n;
  const uint64_t *x;
  uint64_t lane;
} product;

static uint64_t entry_value(const product *p, const tg_entry *entry)
{
  return p->frame->uniforms[p->frame->code->slots[entry->value]];
}

static uint64_t column(const product *p, uint32_t k)
{
  return p->x[k * p->n + p->lane];
}

static uint64_t times(tg_type type, uint64_t a, uint64_t b)
{
  if (type == TG_F32) {
    return f32_bits(f32_from_bits((uint32_t)a) * f32_from_bits((uint32_t)b));
  }
  return type == TG_F64 ? f64_bits(f64_from_bits(a) * f64_from_bits(b)) : a * b;
}

static uint64_t plus(tg_type type, uint64_t a, uint64_t b)
{
  if (type == TG_F32) {
    return f32_bits(f32_from_bits((uint32_t)a) + f32_from_bits((uint32_t)b));
  }
  return type == TG_F64 ? f64_bits(f64_from_bits(a) + f64_from_bits(b)) : a + b;
}

static uint64_t plus_mod(uint64_t a, uint64_t b, uint64_t m)
{
  return a >= m - b ? a - (m - b) : a + b;
}

/* By doubling, for a, b < m: no product is wider than it should be. */
static uint64_t times_mod(uint64_t a, uint64_t b, uint64_t m)
{
  uint64_t sum = 0;
  if (((a | b) >> 32) == 0) {
    return a * b % m;
  }
  for (; b != 0; b >>= 1) {
    sum = b & 1 ? plus_mod(sum, a, m) : sum;
    a = plus_mod(a, a, m);
  }
  return sum;
}

static uint64_t parity(uint64_t x)
{
  for (unsigned half = 32; half > 0; half /= 2) {
    x ^= x >> half;
  }
  return x & 1;
}

/* Adds one entry to a row's sum. */
static uint64_t add_entry(const product *p, const tg_entry *entry, bool is_first, uint64_t sum)
{
  uint64_t m = p->node->imm, value = entry_value(p, entry);
  bool is_constant = entry->column == p->node->n_args;
  switch ((int)node_ring(p->node)) {
  case TG_RING_GF2: return sum ^ (is_constant ? value & 1 : parity(value & column(p, entry->column)));
  case TG_RING_MOD:
    value %= m;
    return plus_mod(sum, is_constant ? value : times_mod(value, column(p, entry->column) % m, m), m);
  default: break;
  }
  uint64_t term = is_constant ? value : times(p->type, value, column(p, entry->column));
  return is_first ? term : plus(p->type, sum, term);
}

static void one_lane(const product *p, uint64_t *y)
{
  const tg_graph *g = p->frame->code->graph;
  const tg_entry *entries = node_entries(g, p->node);
  bool is_gf2 = node_ring(p->node) == TG_RING_GF2;
  uint32_t width = is_gf2 ? type_table[p->type].bits : 1;
  for (uint32_t k = 0; k < p->node->n_results; k++) {
    y[k * p->n + p->lane] = 0;
  }
  for (uint32_t k = 0; k < p->node->n_entries;) {
    uint32_t row = entries[k].row;
    uint64_t sum = 0;
    for (bool is_first = true; k < p->node->n_entries && entries[k].row == row; k++, is_first = false) {
      sum = add_entry(p, &entries[k], is_first, sum);
    }
    y[row / width * p->n + p->lane] |= is_gf2 ? sum << row % width : sum;
  }
}

void jit_help_linear(jit_frame *frame, uint64_t node, uint64_t n, void *out, const void *a, const void *b,
                     const void *c)
{
  const graph_node *it = &frame->code->graph->nodes.data[node];
  tg_type type = (tg_type)frame->code->graph->values.data[it->first_result].type;
  product p = {frame, it, type, n, a, 0};
  (void)b;
  (void)c;
  for (p.lane = 0; p.lane < n; p.lane++) {
    one_lane(&p, out);
  }
}
