/* sample.c: see sample.h. */
#include "sample.h"

static void declare(tg_graph *g)
{
  tg_graph_set_doc(g, "A graph with every kind of node.\nIt computes nothing in particular.\n");
  tg_param_default(g, tg_declare(g, TG_PARAM, "scale", TG_MODE_F32), tg_bits_f32(2.0f));
  tg_declare(g, TG_INPUT, "x", TG_MODE_F32);
  tg_declare(g, TG_INPUT, "k", TG_MODE_I32);
  tg_declare(g, TG_TABLE, "table", TG_MODE_F32);
  tg_declare(g, TG_OUTPUT, "y", TG_MODE_F16);
  tg_declare(g, TG_OUTPUT, "z", TG_MODE_U64BE);
  tg_declare(g, TG_RESULT, "total", TG_MODE_F32);
  tg_declare(g, TG_RESULT, "least", TG_MODE_I32);
  tg_declare(g, TG_RESULT, "most", TG_MODE_I32);
  tg_declare(g, TG_ACCUMULATOR, "bins", TG_MODE_U32);
}

/* 3 iterations and their number, in the uniform block. */
static tg_value add_uniform(tg_graph *g)
{
  tg_value carried, results[2], start;
  tg_uniform_begin(g);
  start = tg_const_i64(g, TG_U64, 0);
  tg_loop_begin(g, &start, 1, 11, &carried);
  tg_loop_test(g, tg_lt(g, carried, tg_const_i64(g, TG_U64, 3)));
  tg_value next = tg_add(g, carried, tg_const_i64(g, TG_U64, 1));
  tg_loop_end(g, &next, 1, results);
  tg_value both = tg_add(g, results[0], results[1]);
  tg_uniform_end(g);
  return both;
}

/* The squares of 0 to 3 in an array; the element at `index`. */
static tg_value add_array_loop(tg_graph *g, tg_value index)
{
  tg_value start[2], in[2], next[2], out[2];
  start[0] = tg_const_i64(g, TG_I32, 0);
  start[1] = tg_array(g, TG_I32, 4);
  tg_loop_begin(g, start, 2, 12, in);
  tg_loop_test(g, tg_lt(g, in[0], tg_const_i64(g, TG_I32, 4)));
  next[0] = tg_add(g, in[0], tg_const_i64(g, TG_I32, 1));
  next[1] = tg_astore(g, in[1], in[0], tg_mul(g, in[0], in[0]));
  tg_loop_end(g, next, 2, out);
  return tg_aload(g, out[1], index);
}

/* x where k is even, -x where it is 1 modulo 4, 0 otherwise. */
static tg_value add_branch(tg_graph *g, tg_value k, tg_value x)
{
  tg_value remainder, result;
  tg_divmod(g, k, tg_const_i64(g, TG_I32, 4), &remainder);
  tg_value selector = tg_and(g, remainder, tg_const_i64(g, TG_I32, 1));
  tg_branch_begin(g, tg_select(g, tg_eq(g, remainder, tg_const_i64(g, TG_I32, 3)), remainder, selector));
  tg_branch_next(g, &x, 1);
  tg_value negated = tg_neg(g, x);
  tg_branch_next(g, &negated, 1);
  tg_value zero = tg_const_f32(g, 0.0f);
  tg_branch_end(g, &zero, 1, &result);
  return result;
}

/* (a + 2b + 5, 3b) modulo 2^64. */
static tg_value add_linear(tg_graph *g, tg_value a, tg_value b)
{
  tg_value x[2] = {a, b}, y[2];
  tg_entry entries[4] = {{0, 0, tg_const_i64(g, TG_U64, 1)},
                         {0, 1, tg_const_i64(g, TG_U64, 2)},
                         {0, 2, tg_const_i64(g, TG_U64, 5)},
                         {1, 1, tg_const_i64(g, TG_U64, 3)}};
  tg_linear linear = TG_LINEAR_INIT;
  linear.format = TG_FORMAT_CSR;
  linear.x = x;
  linear.n_x = linear.n_y = 2;
  linear.entries = entries;
  linear.n_entries = 4;
  tg_linear_apply(g, &linear, y);
  return tg_xor(g, y[0], y[1]);
}

void sample_build(tg_graph *g)
{
  declare(g);
  tg_value count = add_uniform(g);
  tg_value x = tg_name(g, tg_load(g, SAMPLE_X), "x");
  tg_value k = tg_name(g, tg_load(g, SAMPLE_K), "k");
  tg_value lane = tg_iota(g, tg_const_i64(g, TG_I32, 0), tg_const_i64(g, TG_I32, 1));
  tg_trap(g, tg_lt(g, k, tg_const_i64(g, TG_I32, -1000)), 7, 13);
  tg_charge(g, tg_const_i64(g, TG_U64, 1), 14);
  tg_value scaled = tg_fma(g, x, tg_param(g, SAMPLE_SCALE), tg_gather(g, SAMPLE_TABLE, k));
  tg_value chosen = add_branch(g, k, tg_round(g, TG_ROUND_EVEN, tg_div(g, tg_sqrt(g, tg_abs(g, scaled)), x)));
  tg_value square = tg_name(g, add_array_loop(g, k), "square");
  tg_value bits = tg_shl(g, tg_bitcast(g, TG_U32, chosen), tg_const_i64(g, TG_U32, 3));
  tg_value wide = tg_convert(g, TG_U64, tg_shr(g, tg_not(g, bits), tg_const_i64(g, TG_U32, 1)));
  tg_value mixed = add_linear(g, tg_convert(g, TG_U64, square), tg_andnot(g, wide, count));
  tg_store(g, SAMPLE_Y, tg_max(g, chosen, tg_sub(g, scaled, x)));
  tg_store(g, SAMPLE_Z, tg_or(g, mixed, tg_mul(g, wide, count)));
  tg_sum(g, SAMPLE_TOTAL, scaled);
  tg_argmin(g, SAMPLE_LEAST, lane, scaled);
  tg_argmax(g, SAMPLE_MOST, lane, scaled);
  tg_combine(g, SAMPLE_BINS, TG_FOLD_ADD, square, tg_const_i64(g, TG_U32, 1));
}

void sample_bind(sample_memory *m)
{
  *m = (sample_memory){.table = {0.5f, 1.5f, -2.5f, 8.0f}};
  for (int i = 0; i < SAMPLE_LANES; i++) {
    m->x[i] = (float)i - 3.25f;
    m->k[i] = i - 2;
  }
  m->bindings[SAMPLE_X] = (tg_binding){.data = m->x, .bytes = sizeof m->x, .stride = sizeof m->x[0]};
  m->bindings[SAMPLE_K] = (tg_binding){.data = m->k, .bytes = sizeof m->k, .stride = sizeof m->k[0]};
  m->bindings[SAMPLE_TABLE] = (tg_binding){.data = m->table, .bytes = sizeof m->table, .stride = sizeof m->table[0]};
  m->bindings[SAMPLE_Y] = (tg_binding){.data = m->y, .bytes = sizeof m->y, .stride = sizeof m->y[0]};
  m->bindings[SAMPLE_Z] = (tg_binding){.data = m->z, .bytes = sizeof m->z, .stride = sizeof m->z[0]};
  m->bindings[SAMPLE_TOTAL] = (tg_binding){.data = &m->total, .bytes = sizeof m->total};
  m->bindings[SAMPLE_LEAST] = (tg_binding){.data = &m->least, .bytes = sizeof m->least};
  m->bindings[SAMPLE_MOST] = (tg_binding){.data = &m->most, .bytes = sizeof m->most};
  m->bindings[SAMPLE_BINS] = (tg_binding){.data = m->bins, .bytes = sizeof m->bins, .stride = sizeof m->bins[0]};
}
