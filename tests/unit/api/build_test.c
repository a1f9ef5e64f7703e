/* build_test.c: graphs built through the C API and run: arithmetic, loops, branches, arrays, the uniform block,
 * reductions and the operations made of others, each against the same computation in C. kernel_test.c has the rest of
 * the API. */
#include "kit.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- arithmetic ---- */

static void axpy(void **state)
{
  float m = 2.5f, x[5] = {1, -2, 0.1f, 1e30f, -0.0f}, b[5] = {0.5f, 7, 0.2f, -1e30f, 0}, y[5];
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  (void)state;
  tg_value scale = kit_param(g, "m", TG_F32), scaled = tg_mul(g, scale, kit_load(g, "x", TG_F32));
  kit_store(g, "y", TG_F32, tg_add(g, scaled, kit_load(g, "b", TG_F32)));
  kit_run_once(context, g, 5, (tg_binding[]){KIT_ONE(m), KIT_STREAM(x), KIT_STREAM(b), KIT_STREAM(y)}, 4);
  for (int i = 0; i < 5; i++) {
    float product = m * x[i], want = product + b[i];
    assert_memory_equal(&y[i], &want, sizeof want);
  }
}

/* Both results of a divmod; quotients are Euclidean. */
static void divmod(void **state)
{
  int32_t a[6] = {7, -7, 7, -7, INT32_MIN, 5}, b[6] = {3, 3, -3, -3, -1, 0}, q[6], r[6];
  static const int32_t want_q[6] = {2, -3, -2, 3, INT32_MIN, 0}, want_r[6] = {1, 2, 1, 2, 0, 5};
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_value remainder;
  (void)state;
  tg_value x = kit_load(g, "a", TG_I32);
  tg_value quotient = tg_divmod(g, x, kit_load(g, "b", TG_I32), &remainder);
  assert_int_equal(tg_divmod(g, x, x, NULL), quotient + 2);
  kit_store(g, "q", TG_I32, quotient);
  kit_store(g, "r", TG_I32, remainder);
  kit_run_once(context, g, 6, (tg_binding[]){KIT_STREAM(a), KIT_STREAM(b), KIT_STREAM(q), KIT_STREAM(r)}, 4);
  assert_memory_equal(q, want_q, sizeof q);
  assert_memory_equal(r, want_r, sizeof r);
}

enum { N_PAIRS = 9 };

typedef tg_value (*binary_fn)(tg_graph *g, tg_value a, tg_value b);

/* Runs one operation on every pair of nine floats; gives the results by pair. */
static void run_pairs(binary_fn operation, tg_type result, void *results, size_t bytes)
{
  static const float values[N_PAIRS] = {-INFINITY, -2.5f, -0.0f, 0.0f, 1e-45f, 1, 3, INFINITY, NAN};
  float a[N_PAIRS * N_PAIRS], b[N_PAIRS * N_PAIRS];
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  for (int i = 0; i < N_PAIRS * N_PAIRS; i++) {
    a[i] = values[i / N_PAIRS];
    b[i] = values[i % N_PAIRS];
  }
  tg_value x = kit_load(g, "a", TG_F32);
  kit_store(g, "y", result, operation(g, x, kit_load(g, "b", TG_F32)));
  tg_binding bindings[3] = {KIT_STREAM(a), KIT_STREAM(b), {.data = results, .bytes = bytes}};
  bindings[2].stride = (ptrdiff_t)tg_type_bytes(result);
  kit_run_once(context, g, N_PAIRS * N_PAIRS, bindings, 3);
}

/* Comparisons made of lt and eq are those of C, also with NaN. */
static void comparisons(void **state)
{
  static const float values[N_PAIRS] = {-INFINITY, -2.5f, -0.0f, 0.0f, 1e-45f, 1, 3, INFINITY, NAN};
  unsigned char lt[81], le[81], gt[81], ge[81], eq[81], ne[81];
  (void)state;
  run_pairs(tg_lt, TG_BOOL, lt, sizeof lt);
  run_pairs(tg_le, TG_BOOL, le, sizeof le);
  run_pairs(tg_gt, TG_BOOL, gt, sizeof gt);
  run_pairs(tg_ge, TG_BOOL, ge, sizeof ge);
  run_pairs(tg_eq, TG_BOOL, eq, sizeof eq);
  run_pairs(tg_ne, TG_BOOL, ne, sizeof ne);
  for (int i = 0; i < N_PAIRS * N_PAIRS; i++) {
    float a = values[i / N_PAIRS], b = values[i % N_PAIRS];
    assert_int_equal(lt[i], a < b);
    assert_int_equal(le[i], a <= b);
    assert_int_equal(gt[i], a > b);
    assert_int_equal(ge[i], a >= b);
    assert_int_equal(eq[i], a == b);
    assert_int_equal(ne[i], a != b);
  }
}

/* min and max give the first where neither is the better one: with a NaN, and for zeros of either sign. */
static void least_and_greatest(void **state)
{
  static const float values[N_PAIRS] = {-INFINITY, -2.5f, -0.0f, 0.0f, 1e-45f, 1, 3, INFINITY, NAN};
  float least[81], greatest[81];
  (void)state;
  run_pairs(tg_min, TG_F32, least, sizeof least);
  run_pairs(tg_max, TG_F32, greatest, sizeof greatest);
  for (int i = 0; i < N_PAIRS * N_PAIRS; i++) {
    float a = values[i / N_PAIRS], b = values[i % N_PAIRS];
    float want_least = b < a ? b : a, want_greatest = a < b ? b : a;
    assert_int_equal(isnan(least[i]), isnan(want_least));
    assert_int_equal(isnan(greatest[i]), isnan(want_greatest));
    assert_true(isnan(want_least) || memcmp(&least[i], &want_least, 4) == 0);
    assert_true(isnan(want_greatest) || memcmp(&greatest[i], &want_greatest, 4) == 0);
  }
}

/* abs of n elements at x of the type into y. */
static void run_abs(tg_type type, void *x, void *y, uint64_t n)
{
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  size_t bytes = tg_type_bytes(type);
  kit_store(g, "y", type, tg_abs(g, kit_load(g, "x", type)));
  tg_binding bindings[2] = {{.data = x, .bytes = bytes * n, .stride = (ptrdiff_t)bytes},
                            {.data = y, .bytes = bytes * n, .stride = (ptrdiff_t)bytes}};
  kit_run_once(context, g, n, bindings, 2);
}

static void absolute(void **state)
{
  float x[5] = {-1.5f, -0.0f, 2, -INFINITY, NAN}, y[5];
  double u[2] = {-0.0, -5e-324}, v[2];
  int8_t i[4] = {-128, -1, 0, 127}, k[4];
  uint16_t m[2] = {65535, 0}, n[2];
  static const int8_t want_k[4] = {-128, 1, 0, 127};
  (void)state;
  run_abs(TG_F32, x, y, 5);
  run_abs(TG_F64, u, v, 2);
  run_abs(TG_I8, i, k, 4);
  run_abs(TG_U16, m, n, 2);
  assert_true(y[0] == 1.5f && y[1] == 0 && !signbit(y[1]) && y[2] == 2 && y[3] == INFINITY && isnan(y[4]));
  assert_true(v[0] == 0 && !signbit(v[0]) && v[1] == 5e-324);
  assert_memory_equal(k, want_k, sizeof k);
  assert_memory_equal(n, m, sizeof n);
}

/* ---- loops and branches ---- */

/* Steps of the Collatz sequence to 1: n -> n / 2 or 3 n + 1. */
static void collatz(void **state)
{
  uint32_t starts[6] = {1, 2, 3, 7, 27, 97}, steps[6];
  static const uint32_t want[6] = {0, 1, 7, 16, 111, 118};
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_value start[2], carried[2], next[2], results[2];
  (void)state;
  start[0] = kit_load(g, "n", TG_U32);
  start[1] = kit_zero(g, TG_U32);
  tg_value one = tg_const_i64(g, TG_U32, 1), three = tg_const_i64(g, TG_U32, 3);
  tg_loop_begin(g, start, 2, 0, carried);
  tg_loop_test(g, tg_ne(g, carried[0], one));
  tg_value is_odd = tg_convert(g, TG_BOOL, tg_and(g, carried[0], one));
  tg_value tripled = tg_add(g, tg_mul(g, carried[0], three), one);
  next[0] = tg_select(g, is_odd, tripled, tg_shr(g, carried[0], one));
  next[1] = tg_add(g, carried[1], one);
  tg_loop_end(g, next, 2, results);
  kit_store(g, "steps", TG_U32, results[1]);
  kit_run_once(context, g, 6, (tg_binding[]){KIT_STREAM(starts), KIT_STREAM(steps)}, 2);
  assert_memory_equal(steps, want, sizeof steps);
}

/* acc + 1, i times over j < i: a loop in a loop, whose bound is the outer one's carried value. */
static void nested_loops(void **state)
{
  int32_t n[4] = {0, 1, 5, 10}, y[4];
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_value start[2], outer[2], next[2], out[2], in[2], inner[2];
  (void)state;
  tg_value bound = kit_load(g, "n", TG_I32), one = tg_const_i64(g, TG_I32, 1);
  start[0] = start[1] = kit_zero(g, TG_I32);
  tg_loop_begin(g, start, 2, 0, outer);
  tg_loop_test(g, tg_lt(g, outer[0], bound));
  start[1] = outer[1];
  tg_loop_begin(g, start, 2, 0, inner);
  tg_loop_test(g, tg_lt(g, inner[0], outer[0]));
  next[0] = tg_add(g, inner[0], one);
  next[1] = tg_add(g, inner[1], one);
  tg_loop_end(g, next, 2, in);
  next[0] = tg_add(g, outer[0], one);
  next[1] = in[1];
  tg_loop_end(g, next, 2, out);
  kit_store(g, "y", TG_I32, out[1]);
  kit_run_once(context, g, 4, (tg_binding[]){KIT_STREAM(n), KIT_STREAM(y)}, 2);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(y[i], n[i] * (n[i] - 1) / 2);
  }
}

/* The carried values are replaced at once: this loop swaps them. */
static void carried_values_swap(void **state)
{
  uint8_t n[4] = {0, 1, 2, 7}, y[4];
  static const uint8_t want[4] = {10, 20, 10, 20};
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_value start[3], carried[3], next[3], results[3];
  (void)state;
  start[0] = kit_load(g, "n", TG_U8);
  start[1] = tg_const_i64(g, TG_U8, 10);
  start[2] = tg_const_i64(g, TG_U8, 20);
  tg_loop_begin(g, start, 3, 0, carried);
  tg_loop_test(g, tg_convert(g, TG_BOOL, carried[0]));
  next[0] = tg_sub(g, carried[0], tg_const_i64(g, TG_U8, 1));
  next[1] = carried[2];
  next[2] = carried[1];
  tg_loop_end(g, next, 3, results);
  kit_store(g, "y", TG_U8, results[1]);
  kit_run_once(context, g, 4, (tg_binding[]){KIT_STREAM(n), KIT_STREAM(y)}, 2);
  assert_memory_equal(y, want, sizeof y);
}

/* Body k for the selector k, the last body for all others, negative ones too; each with two values. */
static void branches(void **state)
{
  int32_t k[7] = {0, 1, 2, 3, -1, INT32_MIN, 1000}, y[7], z[7];
  static const int32_t want_y[7] = {100, 1, 2, 2, 2, 2, 2}, want_z[7] = {0, -1, 2, 3, -1, INT32_MIN, 1000};
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_value values[2], results[2];
  (void)state;
  tg_value selector = kit_load(g, "k", TG_I32);
  tg_branch_begin(g, selector);
  values[0] = tg_const_i64(g, TG_I32, 100);
  values[1] = selector;
  tg_branch_next(g, values, 2);
  values[0] = selector;
  values[1] = tg_neg(g, selector);
  tg_branch_next(g, values, 2);
  values[0] = tg_const_i64(g, TG_I32, 2);
  values[1] = selector;
  tg_branch_end(g, values, 2, results);
  kit_store(g, "y", TG_I32, results[0]);
  kit_store(g, "z", TG_I32, results[1]);
  kit_run_once(context, g, 7, (tg_binding[]){KIT_STREAM(k), KIT_STREAM(y), KIT_STREAM(z)}, 3);
  assert_memory_equal(y, want_y, sizeof y);
  assert_memory_equal(z, want_z, sizeof z);
}

/* ---- the uniform block ---- */

/* The greatest power of two up to a param, with the number of steps; used by every lane. */
static void uniform_block(void **state)
{
  uint64_t limit = 1000, y[3];
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_value results[2];
  (void)state;
  tg_uniform_begin(g);
  tg_value bound = kit_param(g, "limit", TG_U64), carried = kit_open_loop(g, tg_const_i64(g, TG_U64, 1));
  tg_value doubled = tg_add(g, carried, carried);
  tg_loop_test(g, tg_le(g, doubled, bound));
  tg_loop_end(g, &doubled, 1, results);
  tg_uniform_end(g);
  tg_value both = tg_add(g, tg_mul(g, results[0], tg_const_i64(g, TG_U64, 100)), results[1]);
  kit_store(g, "y", TG_U64, tg_add(g, both, tg_iota(g, kit_zero(g, TG_U64), tg_const_i64(g, TG_U64, 1))));
  kit_run_once(context, g, 3, (tg_binding[]){KIT_ONE(limit), KIT_STREAM(y)}, 2);
  assert_int_equal(y[0], 51209);
  assert_int_equal(y[1], 51210);
  assert_int_equal(y[2], 51211);
}

/* ---- linear ---- */

/* y0 = 2 x0 + 3 x1 + 1 and y1 = -x1, modulo 2^32. */
static void linear_int(void **state)
{
  int32_t x0[3] = {1, -5, INT32_MAX}, x1[3] = {2, 7, INT32_MIN}, y0[3], y1[3];
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_linear linear = TG_LINEAR_INIT;
  tg_value x[2], y[2];
  (void)state;
  x[0] = kit_load(g, "x0", TG_I32);
  x[1] = kit_load(g, "x1", TG_I32);
  tg_entry entries[4] = {{0, 0, tg_const_i64(g, TG_I32, 2)},
                         {0, 1, tg_const_i64(g, TG_I32, 3)},
                         {0, 2, tg_const_i64(g, TG_I32, 1)},
                         {1, 1, tg_const_i64(g, TG_I32, -1)}};
  linear.x = x;
  linear.n_x = linear.n_y = 2;
  linear.entries = entries;
  linear.n_entries = 4;
  tg_linear_apply(g, &linear, y);
  kit_store(g, "y0", TG_I32, y[0]);
  kit_store(g, "y1", TG_I32, y[1]);
  kit_run_once(context, g, 3, (tg_binding[]){KIT_STREAM(x0), KIT_STREAM(x1), KIT_STREAM(y0), KIT_STREAM(y1)}, 4);
  for (int i = 0; i < 3; i++) {
    uint32_t a = (uint32_t)x0[i], b = (uint32_t)x1[i];
    assert_int_equal((uint32_t)y0[i], 2 * a + 3 * b + 1);
    assert_int_equal((uint32_t)y1[i], 0 - b);
  }
}

/* ---- reductions ---- */

/* Five reductions of one stream, each into a place of its own; one of them is not asked for. */
static void reductions(void **state)
{
  float x[6] = {3, -1, 4, -1, 5, 4}, total = 0;
  uint32_t least = 99, most = 99;
  uint64_t positive = 99;
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  (void)state;
  tg_value v = kit_load(g, "x", TG_F32), i = tg_iota(g, kit_zero(g, TG_U32), tg_const_i64(g, TG_U32, 1));
  tg_sum(g, kit_declare(g, TG_RESULT, "total", TG_F32), v);
  tg_argmin(g, kit_declare(g, TG_RESULT, "least", TG_U32), i, v);
  tg_argmax(g, kit_declare(g, TG_RESULT, "most", TG_U32), i, v);
  tg_sum(g, kit_declare(g, TG_RESULT, "positive", TG_U64), tg_lt(g, kit_zero(g, TG_F32), v));
  tg_sum(g, kit_declare(g, TG_RESULT, "ignored", TG_F32), tg_mul(g, v, v));
  tg_binding bindings[6] = {KIT_STREAM(x), KIT_ONE(total), KIT_ONE(least), KIT_ONE(most), KIT_ONE(positive)};
  kit_run_once(context, g, 6, bindings, 6);
  assert_true(total == 14);
  assert_int_equal(least, 1);
  assert_int_equal(most, 4);
  assert_int_equal(positive, 4);
}

/* A histogram; slots outside the table are left out. */
static void combine(void **state)
{
  int8_t slots[7] = {0, 1, 1, -1, 3, 100, 1};
  uint16_t bins[3] = {1000, 1000, 1000};
  static const uint16_t want[3] = {1001, 1003, 1000};
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  (void)state;
  tg_value slot = kit_load(g, "slots", TG_I8), one = tg_const_i64(g, TG_U16, 1);
  tg_combine(g, kit_declare(g, TG_ACCUMULATOR, "bins", TG_U16), TG_FOLD_ADD, slot, one);
  kit_run_once(context, g, 7, (tg_binding[]){KIT_STREAM(slots), KIT_STREAM(bins)}, 2);
  assert_memory_equal(bins, want, sizeof bins);
}

/* With no lane, and with all lanes trapped, argmin and argmax say so. */
static void none(void **state)
{
  int32_t x[2] = {5, 6}, a = 7, b = 7;
  int64_t total = 7;
  tg_outcome outcome;
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  (void)state;
  tg_value v = kit_load(g, "x", TG_I32);
  tg_trap(g, tg_lt(g, kit_zero(g, TG_I32), v), 17, 4);
  tg_argmin(g, kit_declare(g, TG_RESULT, "a", TG_I32), v, v);
  tg_sum(g, kit_declare(g, TG_RESULT, "total", TG_I64), v);
  tg_argmax(g, kit_declare(g, TG_RESULT, "b", TG_I32), v, v);
  tg_kernel *kernel = kit_compile(context, g);
  tg_invocation invocation = TG_INVOCATION_INIT;
  invocation.bindings = (tg_binding[]){KIT_STREAM(x), KIT_ONE(a), KIT_ONE(total), KIT_ONE(b)};
  invocation.n_bindings = 4;
  invocation.outcome = &outcome;
  for (uint64_t n = 0; n <= 2; n += 2) {
    a = b = 7;
    total = 7;
    invocation.n = n;
    assert_int_equal(kit_invoke(context, kernel, invocation, NULL), TG_OK);
    assert_int_equal(outcome.none, 3);
    assert_int_equal(outcome.n_trapped, n);
    assert_true(a == 0 && b == 0 && total == 0);
  }
  assert_int_equal(outcome.first_lane, 0);
  assert_int_equal(outcome.first_code, 17);
  assert_int_equal(outcome.first_position, 4);
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(axpy),          cmocka_unit_test(divmod),     cmocka_unit_test(comparisons),
      cmocka_unit_test(absolute),      cmocka_unit_test(collatz),    cmocka_unit_test(least_and_greatest),
      cmocka_unit_test(nested_loops),  cmocka_unit_test(branches),   cmocka_unit_test(carried_values_swap),
      cmocka_unit_test(uniform_block), cmocka_unit_test(linear_int), cmocka_unit_test(reductions),
      cmocka_unit_test(combine),       cmocka_unit_test(none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
