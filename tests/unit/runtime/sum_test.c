/* sum_test.c: the order of sums, against docs/spec.md chapter 7 written down as it stands there: all columns of all
 * blocks in memory, level by level, and then by halving. The tree of sum.c and whole invocations must give its bits. */
#include "kit.h"

#include "base/float.h"
#include "runtime/pile.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the specification ---- */

static size_t columns_of(tg_type type)
{
  return type == TG_F32 ? 64 : 32;
}

/* Numbers of the type are held as double; an f32 sum is rounded to float, which is the sum rounded once. */
static double add(tg_type type, double a, double b)
{
  return type == TG_F32 ? (double)((float)a + (float)b) : a + b;
}

static double *columns_of_blocks(tg_type type, const double *lanes, size_t n, size_t n_blocks)
{
  size_t n_columns = columns_of(type);
  double *columns = calloc((n_blocks + 1) * n_columns, sizeof *columns);
  assert_non_null(columns);
  for (size_t i = 0; i < n; i++) {
    double *column = &columns[i / 4096 * n_columns + i % n_columns];
    *column = add(type, *column, lanes[i]);
  }
  return columns;
}

/* One level of the tree: element j becomes 2j plus 2j+1, an absent one being +0. */
static size_t combine_level(tg_type type, double *columns, size_t n_blocks)
{
  size_t n_columns = columns_of(type), n_next = (n_blocks + 1) / 2;
  for (size_t j = 0; j < n_next; j++) {
    for (size_t c = 0; c < n_columns; c++) {
      double left = columns[2 * j * n_columns + c];
      double right = 2 * j + 1 < n_blocks ? columns[(2 * j + 1) * n_columns + c] : 0.0;
      columns[j * n_columns + c] = add(type, left, right);
    }
  }
  return n_next;
}

static uint64_t reference(tg_type type, const double *lanes, size_t n)
{
  size_t n_blocks = (n + 4095) / 4096;
  double *columns = columns_of_blocks(type, lanes, n, n_blocks);
  while (n_blocks > 1) {
    n_blocks = combine_level(type, columns, n_blocks);
  }
  for (size_t h = columns_of(type) / 2; h >= 1; h /= 2) {
    for (size_t j = 0; j < h; j++) {
      columns[j] = add(type, columns[j], columns[j + h]);
    }
  }
  double sum = columns[0];
  free(columns);
  return type == TG_F32 ? f32_canonical(f32_bits((float)sum)) : f64_canonical(f64_bits(sum));
}

/* ---- lanes ---- */

/* Values of all sizes, with a carry or a lost bit in nearly every addition; `special` puts in zeros, infinities, NaN.
 */
static double lane_value(uint64_t seed, uint64_t i, tg_type type, int special)
{
  static const double specials[] = {-0.0, 0.0, HUGE_VAL, -HUGE_VAL, (double)NAN, 1e-310, -1e-310, 1e-45, 3e38, -1e308};
  uint64_t r = kit_random(seed, i);
  double x = special > 0 && r % 5000 == 0 ? specials[r / 5000 % (uint64_t)special]
                                          : ldexp((double)(int64_t)(r >> 11) - 0x1p52, (int)(r % 40) - 60);
  return type == TG_F32 ? (double)(float)x : x;
}

static double *make_lanes(uint64_t seed, size_t n, tg_type type, int special)
{
  double *lanes = malloc((n + 1) * sizeof *lanes);
  assert_non_null(lanes);
  for (size_t i = 0; i < n; i++) {
    lanes[i] = lane_value(seed, i, type, special);
  }
  return lanes;
}

/* ---- the tree ---- */

static sum_columns columns_of_block(tg_type type, const double *columns, size_t block)
{
  sum_columns one = {{0}};
  size_t n_columns = columns_of(type);
  for (size_t c = 0; c < n_columns; c++) {
    if (type == TG_F32) {
      one.f32[c] = (float)columns[block * n_columns + c];
    } else {
      one.f64[c] = columns[block * n_columns + c];
    }
  }
  return one;
}

/* Pushes blocks one by one. */
static uint64_t sum_by_tree(tg_type type, const double *columns, size_t n_blocks)
{
  enum { N_LEVELS = 8 };
  sum_tree *tree = calloc(1, sum_tree_bytes(N_LEVELS));
  sum_columns out = {{0}};
  assert_non_null(tree);
  for (size_t block = 0; block < n_blocks; block++) {
    sum_columns one = columns_of_block(type, columns, block);
    sum_push(tree, type, 0, &one);
  }
  sum_total(tree, type, &out);
  uint64_t bits = sum_halve(type, &out);
  free(tree);
  return type == TG_F32 ? f32_canonical((uint32_t)bits) : f64_canonical(bits);
}

/* The columns of tile number `tile` of 2^level blocks, made in a tree of its own. */
static sum_columns columns_of_tile(tg_type type, const double *columns, size_t n_blocks, unsigned level, size_t tile)
{
  sum_tree *tree = calloc(1, sum_tree_bytes(SUM_TILE_LEVELS));
  sum_columns out = {{0}};
  assert_non_null(tree);
  for (size_t block = tile << level; block < (tile + 1) << level && block < n_blocks; block++) {
    sum_columns one = columns_of_block(type, columns, block);
    sum_push(tree, type, 0, &one);
  }
  sum_total(tree, type, &out);
  free(tree);
  return out;
}

/* Puts tiles of 2^level blocks on a pile in some order, as workers do: two sums at once, the second one of nothing. */
static uint64_t sum_by_pile(tg_type type, const double *columns, size_t n_blocks, unsigned level, uint64_t seed)
{
  enum { MAX_TILES = 70 };
  size_t order[MAX_TILES + 1], n_tiles = (n_blocks + ((size_t)1 << level) - 1) >> level;
  tg_type types[2] = {type, type};
  sum_pile pile = {types, 2, 0, calloc(n_tiles + 1, pile_part_bytes(2))};
  sum_columns out;
  assert_non_null(pile.memory);
  for (size_t i = 0; i < n_tiles; i++) {
    size_t at = seed == 0 ? i : (size_t)(kit_random(seed, i) % (i + 1));
    order[i] = order[at];
    order[at] = i;
  }
  for (size_t i = 0; i < n_tiles; i++) {
    sum_columns tile[2] = {columns_of_tile(type, columns, n_blocks, level, order[i]), {{0}}};
    pile_push(&pile, (pile_part){order[i], level}, tile);
  }
  assert_true(pile.n <= 7);
  pile_total(&pile, 1, &out);
  assert_int_equal(sum_halve(type, &out), 0);
  pile_total(&pile, 0, &out);
  uint64_t bits = sum_halve(type, &out);
  free(pile.memory);
  return type == TG_F32 ? f32_canonical((uint32_t)bits) : f64_canonical(bits);
}

static void the_tree_is_that_of_the_specification(void **state)
{
  (void)state;
  for (size_t n_blocks = 0; n_blocks <= 70; n_blocks++) {
    for (int kind = 0; kind < 2; kind++) {
      tg_type type = kind == 0 ? TG_F32 : TG_F64;
      double *lanes = make_lanes(n_blocks, n_blocks * 4096, type, n_blocks % 3 == 0 ? 10 : 0);
      double *columns = columns_of_blocks(type, lanes, n_blocks * 4096, n_blocks);
      uint64_t want = reference(type, lanes, n_blocks * 4096);
      assert_int_equal(sum_by_tree(type, columns, n_blocks), want);
      for (unsigned level = 0; level <= SUM_TILE_LEVEL; level++) {
        assert_int_equal(sum_by_pile(type, columns, n_blocks, level, 0), want);
        assert_int_equal(sum_by_pile(type, columns, n_blocks, level, 1 + n_blocks), want);
      }
      free(columns);
      free(lanes);
    }
  }
}

/* Any number of blocks up to the greatest: with the sum 1 in each, nothing is lost, and nothing overruns. */
static void a_pile_holds_the_greatest_sum(void **state)
{
  enum { LEVEL = 23, N = 32 };
  tg_type type = TG_F64;
  sum_pile pile = {&type, 1, 0, calloc(N, pile_part_bytes(1))};
  sum_columns one = {{0}}, out;
  (void)state;
  assert_non_null(pile.memory);
  one.f64[0] = 1 << LEVEL;
  for (uint64_t i = 0; i < N; i++) {
    pile_push(&pile, (pile_part){i * 5 % N, LEVEL}, &one);
  }
  assert_int_equal(pile.n, 1);
  pile_total(&pile, 0, &out);
  assert_int_equal(sum_halve(TG_F64, &out), f64_bits(1 << 28));
  free(pile.memory);
}

/* ---- invocations ---- */

typedef struct sums {
  tg_context *context;
  tg_kernel *f32, *f64;
} sums;

static tg_kernel *compile_sum(tg_context *context, tg_type type)
{
  tg_graph *g = kit_graph(context);
  tg_sum(g, kit_declare(g, TG_RESULT, "total", type), kit_load(g, "x", type));
  return kit_compile(context, g);
}

static int set_up(void **state)
{
  static sums s;
  s.context = kit_context();
  s.f32 = compile_sum(s.context, TG_F32);
  s.f64 = compile_sum(s.context, TG_F64);
  *state = &s;
  return 0;
}

static int tear_down(void **state)
{
  sums *s = *state;
  tg_kernel_destroy(s->f32);
  tg_kernel_destroy(s->f64);
  tg_context_destroy(s->context);
  return 0;
}

/* The compiler chooses which operand is declared first, so they are found by name. */
static uint64_t sum_by_kernel(const sums *s, tg_type type, const double *lanes, size_t n)
{
  const tg_kernel *kernel = type == TG_F32 ? s->f32 : s->f64;
  size_t bytes = tg_type_bytes(type);
  unsigned char *x = malloc(n * bytes + 1);
  uint64_t total = 0;
  tg_binding bindings[2] = {{0}};
  assert_non_null(x);
  for (size_t i = 0; i < n; i++) {
    float narrow = (float)lanes[i];
    memcpy(x + i * bytes, type == TG_F32 ? (const void *)&narrow : &lanes[i], bytes);
  }
  bindings[tg_kernel_find(kernel, "x")] = (tg_binding){.data = x, .bytes = n * bytes, .stride = (ptrdiff_t)bytes};
  bindings[tg_kernel_find(kernel, "total")] = (tg_binding){.data = &total, .bytes = bytes};
  kit_run(s->context, kernel, n, bindings, 2);
  free(x);
  uint32_t narrow;
  memcpy(&narrow, &total, sizeof narrow);
  return type == TG_F32 ? narrow : total;
}

static void demand_equal(const sums *s, tg_type type, const double *lanes, size_t n)
{
  uint64_t want = reference(type, lanes, n), got = sum_by_kernel(s, type, lanes, n);
  if (got != want) {
    fail_msg("%s, %zu lanes: %016llx, expected %016llx", tg_type_name(type), n, (unsigned long long)got,
             (unsigned long long)want);
  }
}

/* Lengths around every boundary: columns, blocks, tiles of 16 blocks, powers of two of them. */
static void lengths_around_boundaries(void **state)
{
  static const size_t around[] = {0, 32, 64, 128, 4096, 8192, 12288, 4096 * 5, 65536, 65536 * 2, 65536 * 3, 65536 * 5};
  const sums *s = *state;
  size_t n_max = 65536 * 5 + 2;
  for (int kind = 0; kind < 2; kind++) {
    tg_type type = kind == 0 ? TG_F32 : TG_F64;
    double *lanes = make_lanes(7, n_max, type, 0);
    for (size_t i = 0; i < KIT_COUNT(around); i++) {
      for (size_t n = around[i] < 2 ? 0 : around[i] - 2; n <= around[i] + 2; n++) {
        demand_equal(s, type, lanes, n);
      }
    }
    free(lanes);
  }
}

static void any_length(void **state)
{
  const sums *s = *state;
  for (uint64_t round = 0; round < 30; round++) {
    tg_type type = round % 2 == 0 ? TG_F32 : TG_F64;
    size_t n = kit_random(99, round) % 200000;
    double *lanes = make_lanes(round, n, type, (int)(round % 10) + 1);
    demand_equal(s, type, lanes, n);
    free(lanes);
  }
}

/* Negative zeros alone add to +0, for every column starts at +0; so does the sum of nothing. */
static void zeros(void **state)
{
  const sums *s = *state;
  double lanes[200];
  for (size_t i = 0; i < 200; i++) {
    lanes[i] = -0.0;
  }
  for (size_t n = 0; n <= 200; n += 50) {
    assert_int_equal(sum_by_kernel(s, TG_F32, lanes, n), 0);
    assert_int_equal(sum_by_kernel(s, TG_F64, lanes, n), 0);
  }
}

static void infinities_and_nan(void **state)
{
  const sums *s = *state;
  double lanes[5000];
  for (size_t i = 0; i < 5000; i++) {
    lanes[i] = 1;
  }
  lanes[4999] = HUGE_VAL;
  assert_int_equal(sum_by_kernel(s, TG_F32, lanes, 5000), 0x7F800000);
  assert_int_equal(sum_by_kernel(s, TG_F64, lanes, 5000), UINT64_C(0x7FF0000000000000));
  lanes[0] = -HUGE_VAL;
  assert_int_equal(sum_by_kernel(s, TG_F32, lanes, 5000), F32_NAN);
  assert_int_equal(sum_by_kernel(s, TG_F64, lanes, 5000), F64_NAN);
  lanes[0] = -(double)NAN;
  assert_int_equal(sum_by_kernel(s, TG_F32, lanes, 4999), F32_NAN);
  assert_int_equal(sum_by_kernel(s, TG_F64, lanes, 4999), F64_NAN);
}

/* A case where the order shows, worked out by hand: lane 0 and lane 64 share a column, lane 1 has another. */
static void the_order_shows(void **state)
{
  const sums *s = *state;
  double lanes[65] = {0};
  lanes[0] = 0x1p24;
  lanes[1] = lanes[64] = 1;
  assert_int_equal(sum_by_kernel(s, TG_F32, lanes, 65), f32_bits(0x1p24f)); /* each 1 is lost on its own */
  lanes[1] = 0;
  lanes[2] = lanes[34] = 1; /* columns 2 and 34 combine before they meet column 0 */
  lanes[64] = 0;
  assert_int_equal(sum_by_kernel(s, TG_F32, lanes, 65), f32_bits(0x1p24f + 2));
}

/* ---- integers ---- */

static void integers_wrap(void **state)
{
  const sums *s = *state;
  int64_t x[3] = {INT64_MAX, 1, INT64_MIN}, total = 5;
  uint8_t u[3] = {255, 255, 1};
  uint64_t total_u = 5, total_b = 5;
  int8_t i[3] = {-128, -128, 127};
  int64_t total_i = 5;
  tg_graph *g = kit_graph(s->context);
  tg_value a = kit_load(g, "x", TG_I64), b = kit_load(g, "u", TG_U8), c = kit_load(g, "i", TG_I8);
  tg_sum(g, kit_declare(g, TG_RESULT, "total", TG_I64), a);
  tg_sum(g, kit_declare(g, TG_RESULT, "total_u", TG_U64), b);
  tg_sum(g, kit_declare(g, TG_RESULT, "total_i", TG_I64), c);
  tg_sum(g, kit_declare(g, TG_RESULT, "total_b", TG_U64), tg_eq(g, b, tg_const_i64(g, TG_U8, 255)));
  tg_kernel *kernel = kit_compile(s->context, g);
  tg_binding bindings[7] = {KIT_STREAM(x),    KIT_STREAM(u),    KIT_STREAM(i),   KIT_ONE(total),
                            KIT_ONE(total_u), KIT_ONE(total_i), KIT_ONE(total_b)};
  kit_run(s->context, kernel, 3, bindings, 7);
  assert_true(total == 0 && total_u == 511 && total_i == -129 && total_b == 2);
  kit_run(s->context, kernel, 2, bindings, 7);
  assert_true(total == INT64_MIN && total_u == 510 && total_i == -256);
  tg_kernel_destroy(kernel);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_tree_is_that_of_the_specification),
      cmocka_unit_test(a_pile_holds_the_greatest_sum),
      cmocka_unit_test(lengths_around_boundaries),
      cmocka_unit_test(any_length),
      cmocka_unit_test(zeros),
      cmocka_unit_test(infinities_and_nan),
      cmocka_unit_test(the_order_shows),
      cmocka_unit_test(integers_wrap),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
