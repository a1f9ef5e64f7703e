/* linear.c: linear over bits and modulo P, lane by lane. Over int and float it is made of other instructions. */
#include "backend/vec/program.h"

#include <string.h>

static uint64_t get(const vec_run *run, const vec_pass *pass, uint8_t size, size_t i)
{
  const unsigned char *p = run->registers[pass->from];
  size_t at = pass->is_scalar ? 0 : i;
  uint16_t u16;
  uint32_t u32;
  uint64_t u64;
  switch (size) {
  case 0: return p[at];
  case 1: memcpy(&u16, p + 2 * at, 2); return u16;
  case 2: memcpy(&u32, p + 4 * at, 4); return u32;
  default: memcpy(&u64, p + 8 * at, 8); return u64;
  }
}

static void put(void *to, uint8_t size, size_t i, uint64_t value)
{
  uint8_t u8 = (uint8_t)value;
  uint16_t u16 = (uint16_t)value;
  uint32_t u32 = (uint32_t)value;
  const void *from = size == 0 ? (void *)&u8 : size == 1 ? (void *)&u16 : size == 2 ? (void *)&u32 : (void *)&value;
  memcpy((unsigned char *)to + (i << size), from, (size_t)1 << size);
}

static uint64_t parity(uint64_t x)
{
  for (unsigned shift = 32; shift > 0; shift /= 2) {
    x ^= x >> shift;
  }
  return x & 1;
}

/* a * b mod m by 32-bit halves of b: (a * high * 2^32 + a * low) mod m, each step below 2^64 for m < 2^32; else by
 * bits. */
static uint64_t multiply_mod(uint64_t a, uint64_t b, uint64_t m)
{
  if (m <= UINT32_MAX) {
    return a % m * (b % m) % m;
  }
  uint64_t product = 0;
  for (a %= m, b %= m; b != 0; b >>= 1) {
    if (b & 1) {
      product = product >= m - a ? product - (m - a) : product + a;
    }
    a = a >= m - a ? a - (m - a) : a + a;
  }
  return product;
}

static uint64_t add_mod(uint64_t a, uint64_t b, uint64_t m)
{
  return a >= m - b ? a - (m - b) : a + b;
}

/* The operands, results and entries of a node, as emit.c listed them. */
typedef struct system {
  const graph_node *node;
  const tg_entry *entries;
  const vec_pass *x, *y, *values;
  uint8_t size;
} system_of;

static uint64_t term(const vec_run *run, const system_of *sys, uint32_t e, size_t i)
{
  uint32_t column = sys->entries[e].column;
  uint64_t entry = get(run, &sys->values[e], sys->size, 0);
  uint64_t x = column == sys->node->n_args ? 1 : get(run, &sys->x[column], sys->size, i);
  return node_ring(sys->node) == TG_RING_GF2 ? parity(entry & x) : multiply_mod(entry, x, sys->node->imm);
}

static void run_lane(const vec_run *run, const system_of *sys, size_t i)
{
  bool is_bits = node_ring(sys->node) == TG_RING_GF2;
  uint32_t width = is_bits ? 8u << sys->size : 1, e = 0;
  for (uint32_t k = 0; k < sys->node->n_results; k++) {
    uint64_t y = 0;
    for (; e < sys->node->n_entries && sys->entries[e].row / width == k; e++) {
      uint64_t t = term(run, sys, e, i);
      y = is_bits ? y ^ t << sys->entries[e].row % width : add_mod(y, t, sys->node->imm);
    }
    put(run->registers[sys->y[k].to], sys->size, i, y);
  }
}

void vec_run_linear(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  const vec_pass *passes = run->code->passes.data + instr->a;
  system_of sys = {.node = node,
                   .entries = node_entries(run->code->graph, node),
                   .x = passes,
                   .y = passes + node->n_args,
                   .values = passes + node->n_args + node->n_results,
                   .size = instr->size};
  for (size_t i = 0; i < lanes.n; i++) {
    run_lane(run, &sys, i);
  }
}
