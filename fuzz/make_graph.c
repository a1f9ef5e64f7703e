/* make_graph.c: the generator behind make_graph.h. It keeps a list of the values that can be seen, and forgets those of
 * a body when the body ends; arrays stand in a list of their own, from which one that is consumed is taken. */
#include "make_graph.h"

#include "round_trip.h"

#include <string.h>

enum {
  MAX_VALUES = 512,
  MAX_ARRAYS = 16,
  MAX_DEPTH = 4,
  MAX_STEPS = 120,
  MAX_CARRIED = 3,
  MAX_LOOPED = MAX_CARRIED + 2,
  MAX_TABLES = 2
};

typedef struct typed {
  tg_value value;
  tg_type type;
} typed;

typedef struct maker {
  tg_graph *g;
  chooser *c;
  typed values[MAX_VALUES];
  size_t n_values, n_steps, depth, n_names, n_args;
  typed arrays[MAX_ARRAYS]; /* that can be consumed here */
  size_t n_arrays;
  bool ends; /* every loop has a counter that ends it */
  tg_operand tables[MAX_TABLES];
  tg_type table_types[MAX_TABLES];
} maker;

static void add_steps(maker *m, unsigned n);

uint8_t choose(chooser *c, unsigned below)
{
  uint8_t byte = c->n > 0 ? *c->data : 0;
  if (c->n > 0) {
    c->data++;
    c->n--;
  }
  return (uint8_t)(byte % below);
}

static tg_operand declare(maker *m, tg_operand_kind kind, tg_mode mode)
{
  char name[2] = {(char)('a' + m->n_names % 26), '\0'};
  char longer[3] = {name[0], (char)('a' + m->n_names / 26), '\0'};
  m->n_names++;
  return tg_declare(m->g, kind, longer, mode);
}

static void push(maker *m, tg_value value, tg_type type)
{
  if (m->n_values < MAX_VALUES) {
    m->values[m->n_values++] = (typed){value, type};
  }
}

/* ---- values ---- */

static uint64_t edge_bits(maker *m, tg_type type)
{
  static const uint64_t patterns[] = {0,
                                      1,
                                      2,
                                      3,
                                      7,
                                      0x7F,
                                      0x80,
                                      0xFF,
                                      0x7FFF,
                                      0x8000,
                                      0x7FFFFFFF,
                                      0x80000000,
                                      UINT64_MAX,
                                      UINT64_C(1) << 63,
                                      UINT64_C(0x3FF0000000000000),
                                      0x3F800000,
                                      0x7F800000,
                                      UINT64_C(0x7FF0000000000000),
                                      0x7FC00000,
                                      UINT64_C(0xBFF8000000000000)};
  uint64_t bits = patterns[choose(m->c, sizeof patterns / sizeof *patterns)];
  size_t bytes = tg_type_bytes(type);
  bits = bytes == 8 ? bits : bits & ((UINT64_C(1) << 8 * bytes) - 1);
  return type == TG_BOOL ? bits & 1 : bits;
}

static tg_value constant(maker *m, tg_type type)
{
  return tg_const(m->g, type, edge_bits(m, type));
}

/* A value that can be seen of the type, or a new constant. */
static tg_value of_type(maker *m, tg_type type)
{
  size_t start = m->n_values > 0 ? choose(m->c, 255) % m->n_values : 0;
  for (size_t i = 0; i < m->n_values; i++) {
    const typed *v = &m->values[(start + m->n_values - i) % m->n_values];
    if (v->type == type) {
      return v->value;
    }
  }
  return constant(m, type);
}

static typed any_value(maker *m)
{
  if (m->n_values == 0) {
    return (typed){constant(m, TG_I32), TG_I32};
  }
  return m->values[choose(m->c, 255) % m->n_values];
}

static int is_float(tg_type type)
{
  return type == TG_F32 || type == TG_F64;
}

static int is_int(tg_type type)
{
  return type != TG_BOOL && !is_float(type);
}

static tg_type int_type(maker *m)
{
  return (tg_type)(TG_I8 + choose(m->c, 8));
}

/* ---- nodes ---- */

static void add_arithmetic(maker *m)
{
  typed a = any_value(m);
  tg_value b = of_type(m, a.type), r;
  tg_graph *g = m->g;
  unsigned what = choose(m->c, 12);
  if (what < 2) {
    push(m, what == 0 ? tg_eq(g, a.value, b) : tg_not(g, tg_eq(g, a.value, b)), TG_BOOL);
  } else if (what == 2) {
    push(m, tg_select(g, of_type(m, TG_BOOL), a.value, b), a.type);
  } else if (a.type == TG_BOOL) {
    tg_value (*const ops[])(tg_graph *, tg_value, tg_value) = {tg_and, tg_or, tg_xor, tg_andnot};
    push(m, ops[what % 4](g, a.value, b), TG_BOOL);
  } else if (what == 3) {
    push(m, tg_lt(g, a.value, b), TG_BOOL);
  } else if (what < 8) {
    tg_value (*const ops[])(tg_graph *, tg_value, tg_value) = {tg_add, tg_sub, tg_mul, tg_max};
    push(m, ops[what - 4](g, a.value, b), a.type);
  } else if (is_float(a.type)) {
    push(m,
         what == 8    ? tg_div(g, a.value, b)
         : what == 9  ? tg_sqrt(g, a.value)
         : what == 10 ? tg_fma(g, a.value, b, of_type(m, a.type))
                      : tg_round(g, (tg_rounding)choose(m->c, TG_ROUNDING_COUNT), a.value),
         a.type);
  } else if (what == 8) {
    push(m, tg_divmod(g, a.value, b, &r), a.type);
    push(m, r, a.type);
  } else {
    tg_value (*const ops[])(tg_graph *, tg_value, tg_value) = {tg_shl, tg_shr, tg_and, tg_or, tg_xor, tg_andnot};
    push(m, ops[choose(m->c, 6)](g, a.value, b), a.type);
  }
}

static void add_conversion(maker *m)
{
  typed a = any_value(m);
  tg_type to = (tg_type)choose(m->c, TG_TYPE_COUNT);
  if (a.type != TG_BOOL && to != TG_BOOL && tg_type_bytes(to) == tg_type_bytes(a.type)) {
    push(m, tg_bitcast(m->g, to, a.value), to);
  } else {
    push(m, tg_convert(m->g, to, a.value), to);
  }
}

static void add_constant(maker *m)
{
  tg_type type = (tg_type)choose(m->c, TG_TYPE_COUNT);
  push(m, constant(m, type), type);
}

static void add_unary(maker *m)
{
  typed a = any_value(m);
  if (a.type == TG_BOOL || (is_int(a.type) && choose(m->c, 2))) {
    push(m, tg_not(m->g, a.value), a.type);
  } else {
    push(m, tg_neg(m->g, a.value), a.type);
  }
}

static void add_gather(maker *m)
{
  unsigned k = choose(m->c, MAX_TABLES);
  push(m, tg_gather(m->g, m->tables[k], of_type(m, int_type(m))), m->table_types[k]);
}

static void add_linear(maker *m)
{
  tg_type type = any_value(m).type;
  type = type == TG_BOOL ? TG_U32 : type;
  tg_ring ring = is_float(type) ? TG_RING_FLOAT : type >= TG_U8 ? (tg_ring)choose(m->c, 3) : (tg_ring)choose(m->c, 2);
  tg_value x[2] = {of_type(m, type), of_type(m, type)}, y[2];
  tg_entry entries[6];
  size_t n = 0;
  unsigned present = choose(m->c, 64);
  for (unsigned i = 0; i < 6; i++) {
    if (present >> i & 1) {
      entries[n++] = (tg_entry){i / 3, i % 3, constant(m, type)};
    }
  }
  tg_linear linear = TG_LINEAR_INIT;
  linear.ring = ring;
  linear.format = (tg_format)choose(m->c, TG_FORMAT_COUNT);
  linear.modulus = 1 + choose(m->c, 255);
  linear.x = x;
  linear.n_x = 2;
  linear.n_y = 2;
  linear.entries = entries;
  linear.n_entries = n;
  tg_linear_apply(m->g, &linear, y);
  push(m, y[0], type);
  push(m, y[1], type);
}

/* ---- arrays ---- */

static void add_array(maker *m)
{
  tg_type type = (tg_type)choose(m->c, TG_TYPE_COUNT);
  unsigned what = choose(m->c, 4);
  if (m->n_arrays == 0 || (what == 0 && m->n_arrays < MAX_ARRAYS)) {
    m->arrays[m->n_arrays++] = (typed){tg_array(m->g, type, 1 + choose(m->c, 5)), type};
    return;
  }
  typed *a = &m->arrays[choose(m->c, 255) % m->n_arrays];
  tg_type index = int_type(m);
  if (what < 3) {
    a->value = tg_astore(m->g, a->value, of_type(m, index), of_type(m, a->type));
  }
  push(m, tg_aload(m->g, a->value, of_type(m, index)), a->type);
}

/* ---- structure ---- */

/* What goes round a loop: n_values scalars of any kind, then perhaps a counter that ends it, then perhaps an array. */
typedef struct looped {
  size_t n_values, n;
  bool has_counter, has_array;
  tg_value start[MAX_LOOPED], carried[MAX_LOOPED];
  tg_type types[MAX_LOOPED];
} looped;

static void take_start(looped *l, typed v)
{
  l->start[l->n] = v.value;
  l->types[l->n++] = v.type;
}

/* In a lane's own body perhaps an array too, which leaves the list. */
static void take_starts(maker *m, looped *l)
{
  l->n_values = 1 + choose(m->c, MAX_CARRIED);
  l->has_array = m->n_arrays > 0 && choose(m->c, 2);
  l->has_counter = m->ends;
  for (size_t i = 0; i < l->n_values; i++) {
    take_start(l, any_value(m));
  }
  if (l->has_counter) {
    take_start(l, (typed){tg_const(m->g, TG_U32, 0), TG_U32});
  }
  if (l->has_array) {
    take_start(l, m->arrays[--m->n_arrays]);
  }
}

/* The condition: any bool; with a counter also that a number of rounds, which may differ between lanes, is not over;
 * the deeper the loop, the fewer. */
static tg_value loop_condition(maker *m, const looped *l)
{
  tg_value condition = of_type(m, TG_BOOL);
  if (!l->has_counter) {
    return condition;
  }
  tg_value most = tg_and(m->g, of_type(m, TG_U32), tg_const(m->g, TG_U32, MOST_ROUNDS >> (m->depth - 1)));
  tg_value more = tg_lt(m->g, l->carried[l->n_values], most);
  return choose(m->c, 3) ? more : tg_and(m->g, condition, more);
}

static void end_loop(maker *m, const looped *l, tg_value *results)
{
  tg_value next[MAX_LOOPED];
  for (size_t i = 0; i < l->n_values; i++) {
    next[i] = of_type(m, l->types[i]);
  }
  if (l->has_counter) {
    next[l->n_values] = tg_add(m->g, l->carried[l->n_values], tg_const(m->g, TG_U32, 1));
  }
  if (l->has_array) {
    next[l->n - 1] = m->arrays[0].value;
  }
  tg_loop_end(m->g, next, l->n, results);
}

static void add_loop_body(maker *m, looped *l, tg_value *results)
{
  tg_loop_begin(m->g, l->start, l->n, choose(m->c, 10), l->carried);
  m->n_arrays = 0; /* arrays from outside may not be consumed inside */
  for (size_t i = 0; i < l->n_values; i++) {
    push(m, l->carried[i], l->types[i]);
  }
  add_steps(m, choose(m->c, 3));
  m->n_arrays = 0;
  tg_loop_test(m->g, loop_condition(m, l));
  if (l->has_array) {
    m->arrays[m->n_arrays++] = (typed){l->carried[l->n - 1], l->types[l->n - 1]};
  }
  add_steps(m, choose(m->c, 6));
  end_loop(m, l, results);
}

static void add_loop(maker *m, int counts)
{
  looped l = {0};
  tg_value results[MAX_LOOPED + 1];
  typed saved[MAX_ARRAYS];
  take_starts(m, &l);
  size_t outer_values = m->n_values, outer_arrays = m->n_arrays;
  memcpy(saved, m->arrays, sizeof saved);
  add_loop_body(m, &l, results);
  m->n_values = outer_values;
  m->n_arrays = outer_arrays;
  memcpy(m->arrays, saved, sizeof saved);
  for (size_t i = 0; i < l.n_values; i++) {
    push(m, results[i], l.types[i]);
  }
  if (counts) {
    push(m, results[l.n], TG_U64);
  }
  if (l.has_array) {
    m->arrays[m->n_arrays++] = (typed){results[l.n - 1], l.types[l.n - 1]};
  }
}

static void add_branch(maker *m)
{
  tg_type types[2] = {any_value(m).type, any_value(m).type};
  typed selector = any_value(m);
  unsigned n_bodies = 1 + choose(m->c, 3);
  tg_value values[2], results[2];
  size_t outer_values = m->n_values, outer_arrays = m->n_arrays;
  typed saved[MAX_ARRAYS];
  memcpy(saved, m->arrays, sizeof saved);
  tg_value chosen = is_float(selector.type) ? of_type(m, TG_I8) : selector.value;
  tg_branch_begin(m->g, chosen);
  for (unsigned i = 0; i < n_bodies; i++) {
    m->n_arrays = 0;
    add_steps(m, choose(m->c, 4));
    values[0] = of_type(m, types[0]);
    values[1] = of_type(m, types[1]);
    m->n_values = outer_values;
    if (i + 1 < n_bodies) {
      tg_branch_next(m->g, values, 2);
    }
  }
  tg_branch_end(m->g, values, 2, results);
  m->n_arrays = outer_arrays;
  memcpy(m->arrays, saved, sizeof saved);
  push(m, results[0], types[0]);
  push(m, results[1], types[1]);
}

/* ---- steps ---- */

static void add_effect(maker *m)
{
  if (choose(m->c, 2)) {
    tg_trap(m->g, of_type(m, TG_BOOL), choose(m->c, 100), choose(m->c, 100));
  } else {
    tg_charge(m->g, of_type(m, TG_U64), choose(m->c, 100));
  }
}

static void add_step(maker *m)
{
  unsigned what = choose(m->c, 20);
  m->n_steps++;
  if (what < 8) {
    add_arithmetic(m);
  } else if (what < 10) {
    add_conversion(m);
  } else if (what < 12) {
    add_constant(m);
  } else if (what == 12) {
    add_unary(m);
  } else if (what == 13) {
    add_gather(m);
  } else if (what == 14) {
    add_linear(m);
  } else if (what == 15) {
    add_array(m);
  } else if (what == 16) {
    add_effect(m);
  } else if (m->depth < MAX_DEPTH) {
    m->depth++;
    what < 19 ? add_loop(m, 0) : add_branch(m);
    m->depth--;
  }
}

static void add_steps(maker *m, unsigned n)
{
  for (unsigned i = 0; i < n && m->n_steps < MAX_STEPS; i++) {
    add_step(m);
  }
}

static void add_uniform(maker *m)
{
  unsigned n = choose(m->c, 6);
  tg_uniform_begin(m->g);
  for (unsigned i = 0; i < n; i++) {
    add_constant(m);
    add_arithmetic(m);
    add_gather(m);
  }
  tg_uniform_end(m->g);
}

/* ---- sinks ---- */

static void add_result(maker *m, typed v)
{
  unsigned what = choose(m->c, 3);
  if (what == 0 || v.type == TG_BOOL) {
    tg_mode mode = is_float(v.type)                       ? (tg_mode)v.type
                   : v.type >= TG_U8 || v.type == TG_BOOL ? TG_MODE_U64
                                                          : TG_MODE_I64;
    tg_sum(m->g, declare(m, TG_RESULT, mode), v.value);
  } else {
    typed index = any_value(m);
    tg_operand result = declare(m, TG_RESULT, (tg_mode)index.type);
    what == 1 ? tg_argmin(m->g, result, index.value, v.value) : tg_argmax(m->g, result, index.value, v.value);
  }
}

static void add_sinks(maker *m)
{
  unsigned n = 1 + choose(m->c, 5);
  for (unsigned i = 0; i < n; i++) {
    typed v = any_value(m);
    unsigned what = choose(m->c, 4);
    if (what == 0) {
      add_result(m, v);
    } else if (what == 1 && is_int(v.type)) {
      tg_value slot = of_type(m, int_type(m));
      tg_combine(m->g, declare(m, TG_ACCUMULATOR, (tg_mode)v.type), (tg_fold)choose(m->c, TG_FOLD_COUNT), slot,
                 v.value);
    } else {
      tg_store(m->g, declare(m, TG_OUTPUT, (tg_mode)v.type), v.value);
    }
  }
}

tg_graph *make_graph(tg_context *context, chooser *c, bool ends)
{
  maker m;
  memset(&m, 0, sizeof m);
  m.c = c;
  m.ends = ends;
  must(tg_graph_create(context, "fuzz", &m.g) == TG_OK, "no memory for a graph");
  for (unsigned i = 0; i < MAX_TABLES; i++) {
    tg_mode mode = (tg_mode)choose(c, TG_MODE_COUNT);
    m.tables[i] = declare(&m, TG_TABLE, mode);
    m.table_types[i] = tg_mode_type(mode);
  }
  if (choose(c, 3) == 0) {
    add_uniform(&m);
  }
  unsigned n = 1 + choose(c, 3);
  for (unsigned i = 0; i < n; i++) {
    tg_mode mode = (tg_mode)choose(c, TG_MODE_COUNT), native = (tg_mode)choose(c, TG_TYPE_COUNT);
    push(&m, tg_load(m.g, declare(&m, TG_INPUT, mode)), tg_mode_type(mode));
    push(&m, tg_param(m.g, declare(&m, TG_PARAM, native)), (tg_type)native);
  }
  tg_type lane = (tg_type)(TG_I8 + choose(c, 10));
  push(&m, tg_iota(m.g, constant(&m, lane), constant(&m, lane)), lane);
  add_steps(&m, 1 + choose(c, 60));
  add_sinks(&m);
  return m.g;
}
