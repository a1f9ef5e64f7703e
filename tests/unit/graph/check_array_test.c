/* check_array_test.c: the rules of arrays, docs/spec.md 3.2 and 6.4, each broken once through the C API: above all that
 * an array is consumed once; and what is just allowed. */
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static tg_value array(tg_graph *g)
{
  return tg_array(g, TG_I32, 4);
}

static tg_value store_zero(tg_graph *g, tg_value a)
{
  tg_value nothing = kit_zero(g, TG_I32);
  return tg_astore(g, a, nothing, nothing);
}

static void array_empty(tg_graph *g)
{
  tg_array(g, TG_I32, 0);
}

static void array_too_long(tg_graph *g)
{
  tg_array(g, TG_U8, (1 << 20) + 1);
}

static void array_no_type(tg_graph *g)
{
  tg_array(g, TG_TYPE_COUNT, 4);
}

static void arrays_too_many(tg_graph *g)
{
  tg_array(g, TG_U64, 1 << 20);
  tg_array(g, TG_U64, 1 << 20);
  assert_int_equal(tg_graph_error(g, NULL), TG_OK);
  tg_array(g, TG_BOOL, 1);
}

/* 4 MiB, and 8 MiB for carrying it, are within the limit; carried once more they are not. */
static void carried_too_many(tg_graph *g)
{
  tg_value a = kit_end_loop(g, kit_open_step(g, tg_array(g, TG_U32, 1 << 20)));
  assert_int_equal(tg_graph_error(g, NULL), TG_OK);
  kit_open_loop(g, a);
}

static void array_added(tg_graph *g)
{
  tg_value a = array(g);
  tg_add(g, a, a);
}

static void array_stored(tg_graph *g)
{
  kit_store(g, "y", TG_I32, array(g));
}

static void array_summed(tg_graph *g)
{
  tg_sum(g, kit_declare(g, TG_RESULT, "r", TG_I64), array(g));
}

static void array_selects(tg_graph *g)
{
  tg_branch_begin(g, array(g));
}

static void array_gathers(tg_graph *g)
{
  tg_gather(g, kit_declare(g, TG_TABLE, "t", TG_F32), array(g));
}

static void array_as_argmin(tg_graph *g)
{
  tg_argmin(g, kit_declare(g, TG_RESULT, "r", TG_I32), array(g), kit_lane(g, TG_F32));
}

static void array_combined(tg_graph *g)
{
  tg_combine(g, kit_declare(g, TG_ACCUMULATOR, "a", TG_I32), TG_FOLD_ADD, array(g), kit_lane(g, TG_I32));
}

static void array_converted(tg_graph *g)
{
  tg_convert(g, TG_F32, array(g));
}

static void array_charged(tg_graph *g)
{
  tg_charge(g, tg_array(g, TG_U64, 1), 0);
}

static void array_trapped(tg_graph *g)
{
  tg_trap(g, tg_array(g, TG_BOOL, 1), 1, 0);
}

static void aload_of_a_scalar(tg_graph *g)
{
  tg_value x = kit_lane(g, TG_I32);
  tg_aload(g, x, x);
}

static void aload_at_a_float(tg_graph *g)
{
  tg_aload(g, array(g), kit_lane(g, TG_F32));
}

static void aload_at_an_array(tg_graph *g)
{
  tg_value a = array(g);
  tg_aload(g, a, a);
}

static void astore_of_another_type(tg_graph *g)
{
  tg_astore(g, array(g), kit_zero(g, TG_I32), kit_zero(g, TG_U32));
}

static void astore_of_an_array(tg_graph *g)
{
  tg_astore(g, array(g), kit_zero(g, TG_I32), array(g));
}

static void aload_after_astore(tg_graph *g)
{
  tg_value a = array(g);
  store_zero(g, a);
  tg_aload(g, a, kit_zero(g, TG_I32));
}

static void astore_twice(tg_graph *g)
{
  tg_value a = array(g);
  store_zero(g, a);
  store_zero(g, a);
}

static void carried_twice(tg_graph *g)
{
  tg_value a = array(g), start[2] = {a, a}, carried[2];
  tg_loop_begin(g, start, 2, 0, carried);
}

static void astore_after_loop(tg_graph *g)
{
  tg_value a = array(g);
  kit_end_loop(g, kit_open_step(g, a));
  store_zero(g, a);
}

static void outer_array_in_step(tg_graph *g)
{
  tg_value a = array(g);
  kit_open_step(g, kit_zero(g, TG_I32));
  store_zero(g, a);
}

static void outer_array_in_condition(tg_graph *g)
{
  tg_value a = array(g);
  kit_open_loop(g, kit_zero(g, TG_I32));
  store_zero(g, a);
}

static void outer_array_in_inner_loop(tg_graph *g)
{
  tg_value carried = kit_open_step(g, array(g));
  kit_open_step(g, kit_zero(g, TG_I32));
  store_zero(g, carried);
}

static void outer_array_in_branch_of_loop(tg_graph *g)
{
  tg_value a = array(g);
  kit_open_step(g, kit_zero(g, TG_I32));
  kit_open_branch(g);
  store_zero(g, a);
}

static void carried_in_condition(tg_graph *g)
{
  store_zero(g, kit_open_loop(g, array(g)));
}

static void carried_in_branch_of_condition(tg_graph *g)
{
  tg_value carried = kit_open_loop(g, array(g));
  kit_open_branch(g);
  store_zero(g, carried);
}

static void yielded_twice(tg_graph *g)
{
  tg_value start[2], carried[2], next[2], results[2];
  start[0] = array(g);
  start[1] = array(g);
  tg_loop_begin(g, start, 2, 0, carried);
  tg_loop_test(g, kit_zero(g, TG_BOOL));
  next[0] = next[1] = carried[0];
  tg_loop_end(g, next, 2, results);
}

static void yielded_consumed(tg_graph *g)
{
  tg_value carried = kit_open_step(g, array(g));
  store_zero(g, carried);
  kit_end_loop(g, carried);
}

static void yielded_of_another_length(tg_graph *g)
{
  kit_open_step(g, array(g));
  kit_end_loop(g, tg_array(g, TG_I32, 5));
}

static void yielded_scalar_for_array(tg_graph *g)
{
  kit_open_step(g, array(g));
  kit_end_loop(g, kit_zero(g, TG_I32));
}

static void consumed_in_one_body(tg_graph *g)
{
  tg_value a = array(g);
  kit_open_branch(g);
  tg_value b = store_zero(g, a);
  tg_value x = tg_aload(g, b, kit_zero(g, TG_I32));
  tg_branch_next(g, &x, 1);
  kit_end_branch(g, kit_zero(g, TG_I32));
  tg_aload(g, a, kit_zero(g, TG_I32));
}

static void consumed_before_the_branch(tg_graph *g)
{
  tg_value a = array(g);
  store_zero(g, a);
  kit_open_branch(g);
  tg_value x = kit_zero(g, TG_I32);
  tg_branch_next(g, &x, 1);
  store_zero(g, a);
}

static void branch_of_other_lengths(tg_graph *g)
{
  kit_open_branch(g);
  tg_value a = array(g);
  tg_branch_next(g, &a, 1);
  kit_end_branch(g, tg_array(g, TG_I32, 3));
}

#define CONSUMED "the array has already been consumed"

static const kit_broken rules[] = {
    {"an empty array", array_empty, TG_VERIFY, "array: the length must be at least 1"},
    {"an array of 2^20 + 1", array_too_long, TG_LIMIT, "array: more than 1048576 elements"},
    {"an array of no type", array_no_type, TG_VERIFY, "no such operation or type"},
    {"more than 2^24 bytes of arrays", arrays_too_many, TG_LIMIT, "more than 16777216 bytes of arrays"},
    {"more than 2^24 bytes carried", carried_too_many, TG_LIMIT, "more than 16777216 bytes of arrays"},
    {"add of arrays", array_added, TG_VERIFY, "add: operand 1 is an array"},
    {"store of an array", array_stored, TG_VERIFY, "store: operand 1 is an array"},
    {"sum of an array", array_summed, TG_VERIFY, "sum: operand 1 is an array"},
    {"branch on an array", array_selects, TG_VERIFY, "branch: operand 1 is an array"},
    {"gather at an array", array_gathers, TG_VERIFY, "gather: operand 1 is an array"},
    {"argmin of an array", array_as_argmin, TG_VERIFY, "argmin: operand 1 is an array"},
    {"combine at an array", array_combined, TG_VERIFY, "combine: operand 1 is an array"},
    {"convert of an array", array_converted, TG_VERIFY, "convert: operand 1 is an array"},
    {"charge of an array", array_charged, TG_VERIFY, "charge: the operand must be u64"},
    {"trap on an array", array_trapped, TG_VERIFY, "trap: operand 1 is an array"},
    {"aload of a scalar", aload_of_a_scalar, TG_VERIFY, "aload: operand 1 is not an array"},
    {"aload at a float", aload_at_a_float, TG_VERIFY, "aload: operand 2 is f32, but must be an integer"},
    {"aload at an array", aload_at_an_array, TG_VERIFY, "aload: operand 2 is an array"},
    {"astore of another type", astore_of_another_type, TG_VERIFY, "astore: the element must be i32"},
    {"astore of an array", astore_of_an_array, TG_VERIFY, "astore: the element must be i32"},
    {"aload after astore", aload_after_astore, TG_VERIFY, "aload: " CONSUMED},
    {"astore twice", astore_twice, TG_VERIFY, "astore: " CONSUMED},
    {"an array carried twice", carried_twice, TG_VERIFY, "loop: " CONSUMED},
    {"astore after the loop that carries", astore_after_loop, TG_VERIFY, "astore: " CONSUMED},
    {"an array from outside in a step", outer_array_in_step, TG_VERIFY, "from outside a loop is consumed inside it"},
    {"an array from outside in a condition", outer_array_in_condition, TG_VERIFY, "from outside a loop is consumed"},
    {"a carried array in an inner loop", outer_array_in_inner_loop, TG_VERIFY, "from outside a loop is consumed"},
    {"an array from outside in a branch of a loop", outer_array_in_branch_of_loop, TG_VERIFY, "from outside a loop"},
    {"a carried array in the condition", carried_in_condition, TG_VERIFY, "consumed in the loop's condition"},
    {"a carried array in a branch of it", carried_in_branch_of_condition, TG_VERIFY,
     "consumed in the loop's condition"},
    {"an array yielded twice", yielded_twice, TG_VERIFY, "yield: " CONSUMED},
    {"a consumed array yielded", yielded_consumed, TG_VERIFY, "yield: " CONSUMED},
    {"an array of another length yielded", yielded_of_another_length, TG_VERIFY,
     "yield: value 1 is i32[], but the loop"},
    {"a scalar yielded for an array", yielded_scalar_for_array, TG_VERIFY,
     "value 1 is i32, but the loop has i32[] there"},
    {"aload after a body consumed", consumed_in_one_body, TG_VERIFY, "aload: " CONSUMED},
    {"astore in a body of what was consumed", consumed_before_the_branch, TG_VERIFY, "astore: " CONSUMED},
    {"branch bodies of other lengths", branch_of_other_lengths, TG_VERIFY, "but the first body has i32[] there"},
};

/* The step sees the condition's values; each body of a branch may consume an array from outside; after a loop its
 * result is an array like any other; 2^24 bytes of arrays fit. */
static void bodies_may(void **state)
{
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  (void)state;
  tg_value a = array(g), carried = kit_open_loop(g, a), seen = tg_aload(g, carried, kit_zero(g, TG_I32));
  tg_loop_test(g, tg_lt(g, seen, kit_zero(g, TG_I32)));
  tg_value result = kit_end_loop(g, tg_astore(g, carried, seen, seen));
  kit_open_branch(g);
  tg_value left = store_zero(g, result);
  tg_branch_next(g, &left, 1);
  result = kit_end_branch(g, store_zero(g, result));
  kit_store(g, "y", TG_I32, tg_aload(g, result, kit_zero(g, TG_I32)));
  tg_array(g, TG_U64, 1 << 20);
  tg_array(g, TG_U8, (1 << 20) - 48);
  kit_finish(context, g);
}

int main(void)
{
  struct CMUnitTest tests[KIT_COUNT(rules) + 1] = {cmocka_unit_test(bodies_may)};
  kit_list_broken(rules, KIT_COUNT(rules), tests + 1);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
