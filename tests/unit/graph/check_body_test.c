/* check_body_test.c: the rules of docs/spec.md 3.3, 3.4 and 6 - scope, the uniform block, loops, branches and linear -
 * each broken once through the C API; and what is just allowed. check_array_test.c has the arrays. */
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- scope ---- */

static void value_of_a_body(tg_graph *g)
{
  kit_open_branch(g);
  tg_value inner = kit_lane(g, TG_I32);
  kit_end_branch(g, inner);
  tg_neg(g, inner);
}

static void value_of_another_body(tg_graph *g)
{
  kit_open_branch(g);
  tg_value inner = kit_lane(g, TG_I32);
  tg_branch_next(g, &inner, 1);
  tg_neg(g, inner);
}

static void value_of_a_step(tg_graph *g)
{
  tg_value carried = kit_open_step(g, kit_zero(g, TG_I32));
  tg_value next = tg_neg(g, carried);
  kit_end_loop(g, next);
  tg_neg(g, next);
}

static void carried_after_its_loop(tg_graph *g)
{
  tg_value carried = kit_open_step(g, kit_zero(g, TG_I32));
  kit_end_loop(g, carried);
  tg_neg(g, carried);
}

static void sink_in_branch(tg_graph *g)
{
  kit_open_branch(g);
  kit_store(g, "y", TG_F32, kit_lane(g, TG_F32));
}

static void sink_in_condition(tg_graph *g)
{
  tg_value carried = kit_open_loop(g, kit_zero(g, TG_I64));
  tg_sum(g, kit_declare(g, TG_RESULT, "r", TG_I64), carried);
}

static void sink_in_step(tg_graph *g)
{
  tg_value carried = kit_open_step(g, kit_zero(g, TG_I64));
  tg_argmin(g, kit_declare(g, TG_RESULT, "r", TG_I64), carried, carried);
}

static void body_left_open(tg_graph *g)
{
  kit_open_branch(g);
}

static void nest(tg_graph *g, int depth)
{
  for (int i = 0; i < depth; i++) {
    if (i % 2 == 0) {
      kit_open_branch(g);
    } else {
      kit_open_step(g, kit_zero(g, TG_I32));
    }
  }
}

static void nested_65(tg_graph *g)
{
  nest(g, 64);
  assert_int_equal(tg_graph_error(g, NULL), TG_OK);
  kit_open_branch(g);
}

static void nested_65_in_uniform(tg_graph *g)
{
  tg_uniform_begin(g);
  for (int i = 0; i < 64; i++) {
    tg_branch_begin(g, kit_zero(g, TG_BOOL));
  }
  assert_int_equal(tg_graph_error(g, NULL), TG_OK);
  kit_open_loop(g, kit_zero(g, TG_I32));
}

/* ---- the uniform block ---- */

static void uniform_late(tg_graph *g)
{
  kit_lane(g, TG_F32);
  tg_uniform_begin(g);
}

static void uniform_twice(tg_graph *g)
{
  tg_uniform_begin(g);
  tg_uniform_end(g);
  tg_uniform_begin(g);
}

static void uniform_end_alone(tg_graph *g)
{
  tg_uniform_end(g);
}

static void uniform_end_in_loop(tg_graph *g)
{
  tg_uniform_begin(g);
  kit_open_step(g, kit_zero(g, TG_I32));
  tg_uniform_end(g);
}

static void uniform_left_open(tg_graph *g)
{
  tg_uniform_begin(g);
}

static void load_in_uniform(tg_graph *g)
{
  tg_uniform_begin(g);
  kit_lane(g, TG_F32);
}

static void iota_in_uniform(tg_graph *g)
{
  tg_uniform_begin(g);
  tg_value one = kit_zero(g, TG_I32);
  tg_iota(g, one, one);
}

static void array_in_uniform(tg_graph *g)
{
  tg_uniform_begin(g);
  tg_array(g, TG_I32, 4);
}

static void trap_in_uniform(tg_graph *g)
{
  tg_uniform_begin(g);
  tg_trap(g, kit_zero(g, TG_BOOL), 1, 0);
}

static void charge_in_uniform(tg_graph *g)
{
  tg_uniform_begin(g);
  tg_charge(g, kit_zero(g, TG_U64), 0);
}

static void store_in_uniform(tg_graph *g)
{
  tg_uniform_begin(g);
  kit_store(g, "y", TG_F32, kit_zero(g, TG_F32));
}

static void load_in_a_body_of_uniform(tg_graph *g)
{
  tg_uniform_begin(g);
  tg_branch_begin(g, kit_zero(g, TG_BOOL));
  kit_lane(g, TG_F32);
}

/* ---- loops ---- */

static void loop_of_nothing(tg_graph *g)
{
  tg_loop_begin(g, NULL, 0, 0, NULL);
}

static void test_outside(tg_graph *g)
{
  tg_loop_test(g, kit_lane(g, TG_BOOL));
}

static void test_twice(tg_graph *g)
{
  kit_open_step(g, kit_zero(g, TG_I32));
  tg_loop_test(g, kit_zero(g, TG_BOOL));
}

static void test_in_a_branch(tg_graph *g)
{
  kit_open_loop(g, kit_zero(g, TG_I32));
  kit_open_branch(g);
  tg_loop_test(g, kit_zero(g, TG_BOOL));
}

static void test_of_an_integer(tg_graph *g)
{
  tg_loop_test(g, kit_open_loop(g, kit_zero(g, TG_I32)));
}

static void loop_without_test(tg_graph *g)
{
  kit_end_loop(g, kit_open_loop(g, kit_zero(g, TG_I32)));
}

static void loop_end_outside(tg_graph *g)
{
  kit_end_loop(g, kit_lane(g, TG_I32));
}

static void loop_end_in_a_branch(tg_graph *g)
{
  tg_value carried = kit_open_step(g, kit_zero(g, TG_I32));
  kit_open_branch(g);
  kit_end_loop(g, carried);
}

static void loop_end_with_two(tg_graph *g)
{
  tg_value carried = kit_open_step(g, kit_zero(g, TG_I32)), next[2] = {carried, carried}, results[2];
  tg_loop_end(g, next, 2, results);
}

static void loop_end_of_another_type(tg_graph *g)
{
  kit_open_step(g, kit_zero(g, TG_I32));
  kit_end_loop(g, kit_zero(g, TG_U32));
}

/* ---- branches ---- */

static void branch_on_a_float(tg_graph *g)
{
  tg_branch_begin(g, kit_lane(g, TG_F32));
}

static void branch_of_nothing(tg_graph *g)
{
  kit_open_branch(g);
  tg_branch_end(g, NULL, 0, NULL);
}

static void branch_of_other_types(tg_graph *g)
{
  kit_open_branch(g);
  tg_value one = kit_lane(g, TG_I32);
  tg_branch_next(g, &one, 1);
  kit_end_branch(g, kit_lane(g, TG_F32));
}

static void branch_of_other_counts(tg_graph *g)
{
  kit_open_branch(g);
  tg_value one = kit_zero(g, TG_I32), two[2], results[2];
  tg_branch_next(g, &one, 1);
  two[0] = two[1] = kit_zero(g, TG_I32);
  tg_branch_end(g, two, 2, results);
}

static void branch_next_outside(tg_graph *g)
{
  tg_value x = kit_lane(g, TG_I32);
  tg_branch_next(g, &x, 1);
}

static void branch_end_in_a_loop(tg_graph *g)
{
  kit_open_branch(g);
  kit_end_branch(g, kit_open_step(g, kit_zero(g, TG_I32)));
}

/* ---- linear ---- */

typedef struct matrix {
  tg_linear linear;
  tg_value x[2];
  tg_entry entries[2];
} matrix;

/* y = c * x, of one row and one entry, ready to be spoilt. */
static void make_matrix(tg_graph *g, matrix *m, tg_type type, tg_ring ring)
{
  tg_linear init = TG_LINEAR_INIT;
  m->linear = init;
  m->x[0] = m->x[1] = kit_lane(g, type);
  m->entries[0] = m->entries[1] = (tg_entry){0, 0, tg_const(g, type, 1)};
  m->linear.ring = ring;
  m->linear.x = m->x;
  m->linear.n_x = m->linear.n_y = m->linear.n_entries = 1;
  m->linear.entries = m->entries;
  m->linear.modulus = ring == TG_RING_MOD ? 7 : 0;
}

static void apply_matrix(tg_graph *g, const matrix *m)
{
  tg_value y[2];
  tg_linear_apply(g, &m->linear, y);
}

static void linear_of(tg_graph *g, tg_type type, tg_ring ring)
{
  matrix m;
  make_matrix(g, &m, type, ring);
  apply_matrix(g, &m);
}

static void linear_bool(tg_graph *g)
{
  linear_of(g, TG_BOOL, TG_RING_GF2);
}

static void linear_int_of_floats(tg_graph *g)
{
  linear_of(g, TG_F32, TG_RING_INT);
}

static void linear_gf2_of_floats(tg_graph *g)
{
  linear_of(g, TG_F64, TG_RING_GF2);
}

static void linear_float_of_integers(tg_graph *g)
{
  linear_of(g, TG_I32, TG_RING_FLOAT);
}

static void linear_mod_of_signed(tg_graph *g)
{
  linear_of(g, TG_I32, TG_RING_MOD);
}

static void linear_no_ring(tg_graph *g)
{
  linear_of(g, TG_I32, TG_RING_COUNT);
}

static void linear_no_format(tg_graph *g)
{
  matrix m;
  make_matrix(g, &m, TG_I32, TG_RING_INT);
  m.linear.format = TG_FORMAT_COUNT;
  apply_matrix(g, &m);
}

static void linear_no_x(tg_graph *g)
{
  matrix m;
  make_matrix(g, &m, TG_I32, TG_RING_INT);
  m.linear.n_x = 0;
  apply_matrix(g, &m);
}

static void linear_no_y(tg_graph *g)
{
  matrix m;
  make_matrix(g, &m, TG_I32, TG_RING_INT);
  m.linear.n_y = 0;
  m.linear.n_entries = 0;
  apply_matrix(g, &m);
}

static void linear_mixed_x(tg_graph *g)
{
  matrix m;
  make_matrix(g, &m, TG_I32, TG_RING_INT);
  m.linear.n_x = 2;
  m.x[1] = kit_lane(g, TG_U32);
  apply_matrix(g, &m);
}

static void linear_modulus(tg_graph *g, uint64_t modulus)
{
  matrix m;
  make_matrix(g, &m, TG_U8, TG_RING_MOD);
  m.linear.modulus = modulus;
  apply_matrix(g, &m);
}

static void linear_modulus_zero(tg_graph *g)
{
  linear_modulus(g, 0);
}

static void linear_modulus_wide(tg_graph *g)
{
  linear_modulus(g, 256);
}

/* Two entries, the second at (row, column) with this value. */
static void linear_second_entry(tg_graph *g, uint32_t row, uint32_t column, tg_value value)
{
  matrix m;
  make_matrix(g, &m, TG_I32, TG_RING_INT);
  m.linear.n_y = 2;
  m.entries[0].row = m.entries[0].column = 1;
  m.entries[1] = (tg_entry){row, column, value};
  m.linear.n_x = m.linear.n_entries = 2;
  apply_matrix(g, &m);
}

static void linear_row_outside(tg_graph *g)
{
  linear_second_entry(g, 2, 0, kit_zero(g, TG_I32));
}

static void linear_column_outside(tg_graph *g)
{
  linear_second_entry(g, 1, 3, kit_zero(g, TG_I32));
}

static void linear_same_entry(tg_graph *g)
{
  linear_second_entry(g, 1, 1, kit_zero(g, TG_I32));
}

static void linear_row_back(tg_graph *g)
{
  linear_second_entry(g, 0, 2, kit_zero(g, TG_I32));
}

static void linear_entry_of_nothing(tg_graph *g)
{
  linear_second_entry(g, 1, 2, 99);
}

static void linear_entry_out_of_scope(tg_graph *g)
{
  kit_open_branch(g);
  tg_value inner = kit_zero(g, TG_I32);
  kit_end_branch(g, inner);
  linear_second_entry(g, 1, 2, inner);
}

static void linear_entry_of_another_type(tg_graph *g)
{
  linear_second_entry(g, 1, 2, kit_zero(g, TG_I64));
}

static void linear_entry_varies(tg_graph *g)
{
  linear_second_entry(g, 1, 2, kit_lane(g, TG_I32));
}

static void linear_of_arrays(tg_graph *g)
{
  matrix m;
  make_matrix(g, &m, TG_I32, TG_RING_INT);
  m.x[0] = tg_array(g, TG_I32, 4);
  apply_matrix(g, &m);
}

static void linear_many_y(tg_graph *g)
{
  matrix m;
  make_matrix(g, &m, TG_I32, TG_RING_INT);
  m.linear.n_y = 65536;
  tg_linear_apply(g, &m.linear, NULL);
}

static void linear_size(tg_graph *g)
{
  matrix m;
  make_matrix(g, &m, TG_I32, TG_RING_INT);
  m.linear.size = (uint32_t)sizeof m.linear + 1;
  apply_matrix(g, &m);
}

#define ENDED "was defined in a body that has ended"
#define BLOCK " is not allowed in the uniform block"

static const kit_broken rules[] = {
    {"a value of a branch, after it", value_of_a_body, TG_VERIFY, "neg: operand 1 " ENDED},
    {"a value of another body", value_of_another_body, TG_VERIFY, "neg: operand 1 " ENDED},
    {"a value of a step, after the loop", value_of_a_step, TG_VERIFY, "neg: operand 1 " ENDED},
    {"a carried value, after the loop", carried_after_its_loop, TG_VERIFY, "neg: operand 1 " ENDED},
    {"a sink in a branch", sink_in_branch, TG_VERIFY, "store stands inside a body"},
    {"a sink in a condition", sink_in_condition, TG_VERIFY, "sum stands inside a body"},
    {"a sink in a step", sink_in_step, TG_VERIFY, "argmin stands inside a body"},
    {"a body left open", body_left_open, TG_VERIFY, "a body is still open"},
    {"65 nested bodies", nested_65, TG_LIMIT, "nested more than 64 deep"},
    {"65 nested bodies in the uniform block", nested_65_in_uniform, TG_LIMIT, "nested more than 64 deep"},
    {"the uniform block late", uniform_late, TG_VERIFY, "must come before every other node"},
    {"two uniform blocks", uniform_twice, TG_VERIFY, "only once"},
    {"the end of no uniform block", uniform_end_alone, TG_VERIFY, "tg_uniform_end is called where no such body"},
    {"the end of the uniform block in a loop", uniform_end_in_loop, TG_VERIFY, "tg_uniform_end is called where"},
    {"the uniform block left open", uniform_left_open, TG_VERIFY, "a body is still open"},
    {"load in the uniform block", load_in_uniform, TG_VERIFY, "load" BLOCK},
    {"iota in the uniform block", iota_in_uniform, TG_VERIFY, "iota" BLOCK},
    {"array in the uniform block", array_in_uniform, TG_VERIFY, "array" BLOCK},
    {"trap in the uniform block", trap_in_uniform, TG_VERIFY, "trap" BLOCK},
    {"charge in the uniform block", charge_in_uniform, TG_VERIFY, "charge" BLOCK},
    {"store in the uniform block", store_in_uniform, TG_VERIFY, "store" BLOCK},
    {"load in a body of the uniform block", load_in_a_body_of_uniform, TG_VERIFY, "load" BLOCK},
    {"a loop of nothing", loop_of_nothing, TG_VERIFY, "a loop carries at least one value"},
    {"a test outside a loop", test_outside, TG_VERIFY, "test outside a loop's condition"},
    {"two tests", test_twice, TG_VERIFY, "test outside a loop's condition"},
    {"a test in a branch of a condition", test_in_a_branch, TG_VERIFY, "test outside a loop's condition"},
    {"a test of an integer", test_of_an_integer, TG_VERIFY, "test: operand 1 is i32, but must be bool"},
    {"a loop without a test", loop_without_test, TG_VERIFY, "tg_loop_end is called where no such body is open"},
    {"the end of no loop", loop_end_outside, TG_VERIFY, "tg_loop_end is called where no such body is open"},
    {"the end of a loop in a branch", loop_end_in_a_branch, TG_VERIFY, "tg_loop_end is called where no such body"},
    {"two next values for one", loop_end_with_two, TG_VERIFY, "yield gives 2 values, but the loop has 1"},
    {"a next value of another type", loop_end_of_another_type, TG_VERIFY, "value 1 is u32, but the loop has i32"},
    {"a branch on a float", branch_on_a_float, TG_VERIFY, "branch: operand 1 is f32, but must be an integer or bool"},
    {"a branch of nothing", branch_of_nothing, TG_VERIFY, "a branch must yield at least one value"},
    {"a branch of two types", branch_of_other_types, TG_VERIFY, "value 1 is f32, but the first body has i32"},
    {"a branch of two counts", branch_of_other_counts, TG_VERIFY, "yield gives 2 values, but the first body has 1"},
    {"the next body of no branch", branch_next_outside, TG_VERIFY, "tg_branch_next is called where no such body"},
    {"the end of a branch in a loop", branch_end_in_a_loop, TG_VERIFY, "tg_branch_end is called where no such body"},
    {"linear over bools", linear_bool, TG_VERIFY, "linear: operand 1 is bool, but must be a number"},
    {"linear int of floats", linear_int_of_floats, TG_VERIFY, "linear: ring int does not go with f32"},
    {"linear gf2 of floats", linear_gf2_of_floats, TG_VERIFY, "linear: ring gf2 does not go with f64"},
    {"linear float of integers", linear_float_of_integers, TG_VERIFY, "linear: ring float does not go with i32"},
    {"linear mod of signed", linear_mod_of_signed, TG_VERIFY, "linear: ring mod does not go with i32"},
    {"linear without a ring", linear_no_ring, TG_VERIFY, "linear: no such ring or format"},
    {"linear without a format", linear_no_format, TG_VERIFY, "linear: no such ring or format"},
    {"linear of nothing", linear_no_x, TG_VERIFY, "linear needs at least one x and one y"},
    {"linear to nothing", linear_no_y, TG_VERIFY, "linear needs at least one x and one y"},
    {"linear of two types", linear_mixed_x, TG_VERIFY, "linear: operand 1 is i32, but operand 2 is u32"},
    {"linear mod 0", linear_modulus_zero, TG_VERIFY, "linear: the modulus must be at least 1 and fit u8"},
    {"linear mod 256 of u8", linear_modulus_wide, TG_VERIFY, "linear: the modulus must be at least 1 and fit u8"},
    {"an entry below the last row", linear_row_outside, TG_VERIFY, "linear: entry 2 lies outside the matrix"},
    {"an entry after the column of c", linear_column_outside, TG_VERIFY, "linear: entry 2 lies outside the matrix"},
    {"an entry twice", linear_same_entry, TG_VERIFY, "linear: entry 2 does not follow the one before it"},
    {"an entry in a row before", linear_row_back, TG_VERIFY, "linear: entry 2 does not follow the one before it"},
    {"an entry without a value", linear_entry_of_nothing, TG_VERIFY, "value of entry 2 is not visible here"},
    {"an entry of an ended body", linear_entry_out_of_scope, TG_VERIFY, "value of entry 2 is not visible here"},
    {"an entry of another type", linear_entry_of_another_type, TG_VERIFY, "the value of entry 2 must be i32"},
    {"an entry that varies", linear_entry_varies, TG_VERIFY, "linear: an entry must be uniform"},
    {"linear of an array", linear_of_arrays, TG_VERIFY, "linear: operand 1 is an array"},
    {"linear to 65536 values", linear_many_y, TG_LIMIT, "more than 65535 operands or results"},
    {"linear of a larger size", linear_size, TG_ARGUMENT, "the structure's size"},
};

/* ---- what is allowed ---- */

/* The uniform block does not count, and neither do bodies that have ended. */
static void nesting_64_is_allowed(void **state)
{
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_value x = 0;
  (void)state;
  tg_uniform_begin(g);
  for (int i = 0; i < 64; i++) {
    x = kit_open_step(g, kit_zero(g, TG_I32));
  }
  for (int i = 0; i < 64; i++) {
    x = kit_end_loop(g, x);
  }
  tg_uniform_end(g);
  nest(g, 64);
  for (int i = 63; i >= 0; i--) {
    x = kit_zero(g, TG_I32);
    if (i % 2 == 0) {
      kit_end_branch(g, x);
    } else {
      kit_end_loop(g, x);
    }
  }
  kit_open_branch(g);
  kit_end_branch(g, kit_zero(g, TG_I32));
  kit_finish(context, g);
}

/* Entry values come from params and constants, by way of pure nodes; column n_x is the constant. */
static void linear_of_every_ring(void **state)
{
  static const struct {
    tg_type type;
    tg_ring ring;
  } good[] = {{TG_I8, TG_RING_INT}, {TG_U64, TG_RING_INT}, {TG_I16, TG_RING_GF2},   {TG_U32, TG_RING_GF2},
              {TG_U8, TG_RING_MOD}, {TG_U64, TG_RING_MOD}, {TG_F32, TG_RING_FLOAT}, {TG_F64, TG_RING_FLOAT}};
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  (void)state;
  for (size_t i = 0; i < KIT_COUNT(good); i++) {
    matrix m;
    make_matrix(g, &m, good[i].type, good[i].ring);
    m.entries[1].column = 1;
    m.entries[1].value = tg_add(g, m.entries[0].value, m.entries[0].value);
    m.linear.n_entries = 2;
    m.linear.format = (tg_format)(i % TG_FORMAT_COUNT);
    apply_matrix(g, &m);
  }
  kit_finish(context, g);
}

int main(void)
{
  struct CMUnitTest tests[KIT_COUNT(rules) + 2] = {
      cmocka_unit_test(nesting_64_is_allowed),
      cmocka_unit_test(linear_of_every_ring),
  };
  kit_list_broken(rules, KIT_COUNT(rules), tests + 2);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
