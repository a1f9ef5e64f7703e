/* helpers_linear.c: y = M x + c modulo P, where P has more than 32 bits, lane by lane. Every x and y is a row of u64,
 * one for each lane. */
#include "backend/llvm/code.h"

typedef struct product {
  const jit_frame *frame;
  const graph_node *node;
  uint64_t n;
  const uint64_t *x;
  uint64_t lane;
} product;

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

/* Adds one entry to a row's sum. */
static uint64_t add_entry(const product *p, const tg_entry *entry, uint64_t sum)
{
  uint64_t m = p->node->imm, value = p->frame->uniforms[p->frame->code->slots[entry->value]] % m;
  bool is_constant = entry->column == p->node->n_args;
  uint64_t x = is_constant ? 0 : p->x[entry->column * p->n + p->lane] % m;
  return plus_mod(sum, is_constant ? value : times_mod(value, x, m), m);
}

static void one_lane(const product *p, uint64_t *y)
{
  const tg_entry *entries = node_entries(p->frame->code->graph, p->node);
  for (uint32_t k = 0; k < p->node->n_results; k++) {
    y[k * p->n + p->lane] = 0;
  }
  for (uint32_t k = 0; k < p->node->n_entries; k++) {
    uint64_t *sum = &y[entries[k].row * p->n + p->lane];
    *sum = add_entry(p, &entries[k], *sum);
  }
}

void jit_help_linear(jit_frame *frame, uint64_t node, uint64_t n, void *out, const void *a, const void *b,
                     const void *c)
{
  product p = {frame, &frame->code->graph->nodes.data[node], n, a, 0};
  (void)b;
  (void)c;
  for (p.lane = 0; p.lane < n; p.lane++) {
    one_lane(&p, out);
  }
}
