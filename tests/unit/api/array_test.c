/* array_test.c: arrays built through the C API and run: sorting, arrays that trade places as carried values, arrays
 * made in a loop's step, in branches and in loops inside loops. A loop moves arrays between its two storages, so what
 * is tested is that none of them is lost or seen twice. */
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static tg_value number(tg_graph *g, int64_t value)
{
  return tg_const_i64(g, TG_I32, value);
}

/* ---- sorting ---- */

enum { N_SORTED = 8, SORT_LANES = 50 };

/* Fills an array with the lane's elements: element k of lane i lies at 8 i + k of the table. */
static tg_value fill(tg_graph *g, tg_operand table)
{
  tg_value start[2], carried[2], next[2], results[2];
  tg_value first = tg_iota(g, number(g, 0), number(g, N_SORTED));
  start[0] = number(g, 0);
  start[1] = tg_array(g, TG_I32, N_SORTED);
  tg_loop_begin(g, start, 2, 0, carried);
  tg_loop_test(g, tg_lt(g, carried[0], number(g, N_SORTED)));
  tg_value element = tg_gather(g, table, tg_add(g, first, carried[0]));
  next[0] = tg_add(g, carried[0], number(g, 1));
  next[1] = tg_astore(g, carried[1], carried[0], element);
  tg_loop_end(g, next, 2, results);
  return results[1];
}

/* One pass of a bubble sort; a branch leaves the array as it is or swaps two elements of it. */
static tg_value bubble(tg_graph *g, tg_value array)
{
  tg_value start[2], carried[2], next[2], results[2];
  start[0] = number(g, 1);
  start[1] = array;
  tg_loop_begin(g, start, 2, 0, carried);
  tg_loop_test(g, tg_lt(g, carried[0], number(g, N_SORTED)));
  tg_value i = carried[0], before = tg_sub(g, i, number(g, 1));
  tg_value a = tg_aload(g, carried[1], before), b = tg_aload(g, carried[1], i);
  tg_branch_begin(g, tg_lt(g, b, a));
  tg_branch_next(g, &carried[1], 1);
  tg_value swapped = tg_astore(g, tg_astore(g, carried[1], before, b), i, a);
  tg_branch_end(g, &swapped, 1, &next[1]);
  next[0] = tg_add(g, i, number(g, 1));
  tg_loop_end(g, next, 2, results);
  return results[1];
}

static int compare(const void *a, const void *b)
{
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return x < y ? -1 : x > y;
}

/* Each lane sorts eight numbers; every output is one of them in order. */
static void sorting(void **state)
{
  int32_t table[SORT_LANES * N_SORTED], sorted[N_SORTED][SORT_LANES];
  tg_binding bindings[1 + N_SORTED] = {KIT_STREAM(table)};
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  char name[2] = "a";
  (void)state;
  for (uint64_t i = 0; i < KIT_COUNT(table); i++) {
    table[i] = (int32_t)(kit_random(1, i) % 20) - 10;
  }
  tg_value array = fill(g, kit_declare(g, TG_TABLE, "table", TG_I32));
  for (int pass = 0; pass < N_SORTED; pass++) {
    array = bubble(g, array);
  }
  for (int k = 0; k < N_SORTED; k++, name[0]++) {
    kit_store(g, name, TG_I32, tg_aload(g, array, number(g, k)));
    bindings[1 + k] = KIT_STREAM(sorted[k]);
  }
  kit_run_once(context, g, SORT_LANES, bindings, 1 + N_SORTED);
  for (int lane = 0; lane < SORT_LANES; lane++) {
    qsort(table + lane * N_SORTED, N_SORTED, sizeof *table, compare);
    for (int k = 0; k < N_SORTED; k++) {
      assert_int_equal(sorted[k][lane], table[lane * N_SORTED + k]);
    }
  }
}

/* ---- arrays as carried values ---- */

/* An array of two elements. */
static tg_value pair(tg_graph *g, int64_t a, int64_t b)
{
  tg_value array = tg_astore(g, tg_array(g, TG_I32, 2), number(g, 0), number(g, a));
  return tg_astore(g, array, number(g, 1), number(g, b));
}

/* Stores a * 1000 + b of the array's elements. */
static void store_pair(tg_graph *g, const char *name, tg_value array)
{
  tg_value high = tg_mul(g, tg_aload(g, array, number(g, 0)), number(g, 1000));
  kit_store(g, name, TG_I32, tg_add(g, high, tg_aload(g, array, number(g, 1))));
}

/* Lane n swaps two arrays n times and each time adds one to the first element of the one that comes first. */
static void arrays_swap(void **state)
{
  int32_t n[6] = {0, 1, 2, 3, 4, 5}, a[6], b[6];
  static const int32_t want_a[6] = {1002, 3004, 2002, 4004, 3002, 5004};
  static const int32_t want_b[6] = {3004, 2002, 4004, 3002, 5004, 4002};
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_value start[3], carried[3], next[3], results[3];
  (void)state;
  start[0] = kit_load(g, "n", TG_I32);
  start[1] = pair(g, 1, 2);
  start[2] = pair(g, 3, 4);
  tg_loop_begin(g, start, 3, 0, carried);
  tg_loop_test(g, tg_lt(g, number(g, 0), carried[0]));
  next[0] = tg_sub(g, carried[0], number(g, 1));
  next[1] = carried[2];
  tg_value grown = tg_add(g, tg_aload(g, carried[1], number(g, 0)), number(g, 1));
  next[2] = tg_astore(g, carried[1], number(g, 0), grown);
  tg_loop_end(g, next, 3, results);
  store_pair(g, "a", results[1]);
  store_pair(g, "b", results[2]);
  kit_run_once(context, g, 6, (tg_binding[]){KIT_STREAM(n), KIT_STREAM(a), KIT_STREAM(b)}, 3);
  assert_memory_equal(a, want_a, sizeof a);
  assert_memory_equal(b, want_b, sizeof b);
}

/* Three arrays go round: a <- b <- c <- a. */
static void arrays_rotate(void **state)
{
  int32_t n[7] = {0, 1, 2, 3, 4, 5, 6}, out[3][7];
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_value start[4], carried[4], next[4], results[4];
  (void)state;
  start[0] = kit_load(g, "n", TG_I32);
  for (int k = 0; k < 3; k++) {
    start[1 + k] = pair(g, k, k);
  }
  tg_loop_begin(g, start, 4, 0, carried);
  tg_loop_test(g, tg_lt(g, number(g, 0), carried[0]));
  next[0] = tg_sub(g, carried[0], number(g, 1));
  next[1] = carried[2];
  next[2] = carried[3];
  next[3] = carried[1];
  tg_loop_end(g, next, 4, results);
  for (int k = 0; k < 3; k++) {
    store_pair(g, (const char *[]){"a", "b", "c"}[k], results[1 + k]);
  }
  kit_run_once(context, g, 7, (tg_binding[]){KIT_STREAM(n), KIT_STREAM(out[0]), KIT_STREAM(out[1]), KIT_STREAM(out[2])},
               4);
  for (int lane = 0; lane < 7; lane++) {
    for (int k = 0; k < 3; k++) {
      assert_int_equal(out[k][lane], (lane + k) % 3 * 1001);
    }
  }
}

/* Each step makes a new array, with what the old one held in it one place further on, and carries that. */
static void array_made_in_the_step(void **state)
{
  int32_t n[5] = {0, 1, 2, 3, 9}, y[5];
  static const int32_t want[5] = {1002, 1001, 2001, 3002, 9008};
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_value start[2], carried[2], next[2], results[2];
  (void)state;
  tg_value bound = kit_load(g, "n", TG_I32);
  start[0] = number(g, 0);
  start[1] = pair(g, 1, 2);
  tg_loop_begin(g, start, 2, 0, carried);
  tg_loop_test(g, tg_lt(g, carried[0], bound));
  next[0] = tg_add(g, carried[0], number(g, 1));
  tg_value fresh = tg_array(g, TG_I32, 2), seen = tg_aload(g, carried[1], number(g, 0));
  fresh = tg_astore(g, fresh, number(g, 1), tg_add(g, seen, tg_aload(g, fresh, number(g, 0))));
  next[1] = tg_astore(g, fresh, number(g, 0), next[0]);
  tg_loop_end(g, next, 2, results);
  store_pair(g, "y", results[1]);
  kit_run_once(context, g, 5, (tg_binding[]){KIT_STREAM(n), KIT_STREAM(y)}, 2);
  assert_memory_equal(y, want, sizeof y);
}

/* A loop inside a loop carries on with the outer loop's array, swapped with a fresh one each time. */
static void arrays_through_inner_loops(void **state)
{
  int32_t n[4] = {0, 1, 2, 5}, y[4];
  static const int32_t want[4] = {7007, 0, 7007, 0};
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_value start[3], outer[3], next[3], out[3], inner[3], in[3];
  (void)state;
  start[0] = kit_load(g, "n", TG_I32);
  start[1] = pair(g, 7, 7);
  start[2] = tg_array(g, TG_I32, 2);
  tg_loop_begin(g, start, 3, 0, outer);
  tg_loop_test(g, tg_lt(g, number(g, 0), outer[0]));
  start[0] = number(g, 3); /* an odd number of swaps */
  start[1] = outer[1];
  start[2] = outer[2];
  tg_loop_begin(g, start, 3, 0, inner);
  tg_loop_test(g, tg_lt(g, number(g, 0), inner[0]));
  next[0] = tg_sub(g, inner[0], number(g, 1));
  next[1] = inner[2];
  next[2] = inner[1];
  tg_loop_end(g, next, 3, in);
  next[0] = tg_sub(g, outer[0], number(g, 1));
  next[1] = in[1];
  next[2] = in[2];
  tg_loop_end(g, next, 3, out);
  store_pair(g, "y", out[1]);
  kit_run_once(context, g, 4, (tg_binding[]){KIT_STREAM(n), KIT_STREAM(y)}, 2);
  assert_memory_equal(y, want, sizeof y);
}

/* Elements outside: loads give 0, stores change nothing; an array starts as zeros in every lane. */
static void outside_and_zero(void **state)
{
  int32_t i[6] = {0, 1, 2, -1, INT32_MIN, INT32_MAX}, y[6], z[6];
  static const int32_t want_y[6] = {9, 9, 0, 0, 0, 0}, want_z[6] = {9000, 9, 0, 0, 0, 0};
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  (void)state;
  tg_value index = kit_load(g, "i", TG_I32), array = tg_astore(g, tg_array(g, TG_I32, 2), index, number(g, 9));
  kit_store(g, "y", TG_I32, tg_aload(g, array, index));
  store_pair(g, "z", array);
  kit_run_once(context, g, 6, (tg_binding[]){KIT_STREAM(i), KIT_STREAM(y), KIT_STREAM(z)}, 3);
  assert_memory_equal(y, want_y, sizeof y);
  assert_memory_equal(z, want_z, sizeof z);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sorting),       cmocka_unit_test(arrays_swap),      cmocka_unit_test(array_made_in_the_step),
      cmocka_unit_test(arrays_rotate), cmocka_unit_test(outside_and_zero), cmocka_unit_test(arrays_through_inner_loops),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
