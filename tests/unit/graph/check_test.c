/* check_test.c: the rules of docs/spec.md 2 to 4 and 7 that a node, a name or an operand can break, each broken once
 * through the C API; and the limits, from both sides. check_body_test.c has the rules of bodies, arrays and linear. */
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- names and operands ---- */

static void long_name(char *name, size_t n)
{
  memset(name, 'a', n);
  name[n] = '\0';
}

static void name_empty(tg_graph *g)
{
  tg_declare(g, TG_INPUT, "", TG_MODE_F32);
}

static void name_digit_first(tg_graph *g)
{
  tg_declare(g, TG_INPUT, "4x", TG_MODE_F32);
}

static void name_minus(tg_graph *g)
{
  tg_declare(g, TG_INPUT, "a-b", TG_MODE_F32);
}

static void name_too_long(tg_graph *g)
{
  char name[257];
  long_name(name, 256);
  tg_declare(g, TG_INPUT, name, TG_MODE_F32);
}

static void operand_twice(tg_graph *g)
{
  tg_declare(g, TG_INPUT, "x", TG_MODE_F32);
  tg_declare(g, TG_OUTPUT, "x", TG_MODE_F32);
}

static void operand_no_kind(tg_graph *g)
{
  tg_declare(g, TG_OPERAND_KIND_COUNT, "x", TG_MODE_F32);
}

static void operand_no_mode(tg_graph *g)
{
  tg_declare(g, TG_INPUT, "x", TG_MODE_COUNT);
}

static void operand_param_f16(tg_graph *g)
{
  tg_declare(g, TG_PARAM, "p", TG_MODE_F16);
}

static void operand_accumulator_float(tg_graph *g)
{
  tg_declare(g, TG_ACCUMULATOR, "a", TG_MODE_F32);
}

static void operand_accumulator_bool(tg_graph *g)
{
  tg_declare(g, TG_ACCUMULATOR, "a", TG_MODE_BOOL);
}

static void default_of_input(tg_graph *g)
{
  tg_param_default(g, tg_declare(g, TG_INPUT, "x", TG_MODE_F32), 0);
}

static void default_of_nothing(tg_graph *g)
{
  tg_param_default(g, 7, 0);
}

static void value_name_twice(tg_graph *g)
{
  tg_name(g, kit_lane(g, TG_F32), "v");
  tg_name(g, kit_lane(g, TG_F32), "v");
}

static void value_name_bad(tg_graph *g)
{
  tg_name(g, kit_lane(g, TG_F32), "v w");
}

static void value_name_too_long(tg_graph *g)
{
  char name[257];
  long_name(name, 256);
  tg_name(g, kit_lane(g, TG_F32), name);
}

static void value_name_of_nothing(tg_graph *g)
{
  tg_name(g, 0, "v");
}

/* ---- operands of another kind ---- */

static void load_param(tg_graph *g)
{
  tg_load(g, tg_declare(g, TG_PARAM, "p", TG_MODE_F32));
}

static void load_nothing(tg_graph *g)
{
  tg_load(g, 0);
}

static void param_input(tg_graph *g)
{
  tg_param(g, tg_declare(g, TG_INPUT, "x", TG_MODE_F32));
}

static void gather_input(tg_graph *g)
{
  tg_gather(g, tg_declare(g, TG_INPUT, "x", TG_MODE_F32), kit_lane(g, TG_I32));
}

static void store_to_input(tg_graph *g)
{
  tg_store(g, tg_declare(g, TG_INPUT, "x", TG_MODE_F32), kit_lane(g, TG_F32));
}

static void store_to_result(tg_graph *g)
{
  tg_store(g, tg_declare(g, TG_RESULT, "r", TG_MODE_F32), kit_lane(g, TG_F32));
}

static void sum_to_output(tg_graph *g)
{
  tg_sum(g, tg_declare(g, TG_OUTPUT, "y", TG_MODE_F32), kit_lane(g, TG_F32));
}

static void argmin_to_accumulator(tg_graph *g)
{
  tg_value x = kit_lane(g, TG_I32);
  tg_argmin(g, tg_declare(g, TG_ACCUMULATOR, "a", TG_MODE_I32), x, x);
}

static void combine_to_table(tg_graph *g)
{
  tg_value x = kit_lane(g, TG_I32);
  tg_combine(g, tg_declare(g, TG_TABLE, "t", TG_MODE_I32), TG_FOLD_ADD, x, x);
}

/* ---- what is written ---- */

static void output_twice(tg_graph *g)
{
  tg_operand y = tg_declare(g, TG_OUTPUT, "y", TG_MODE_F32);
  tg_value x = kit_lane(g, TG_F32);
  tg_store(g, y, x);
  tg_store(g, y, x);
}

static void result_twice(tg_graph *g)
{
  tg_operand r = tg_declare(g, TG_RESULT, "r", TG_MODE_I64);
  tg_value x = kit_lane(g, TG_I64);
  tg_sum(g, r, x);
  tg_argmax(g, r, x, x);
}

static void accumulator_twice(tg_graph *g)
{
  tg_operand a = tg_declare(g, TG_ACCUMULATOR, "a", TG_MODE_I32);
  tg_value x = kit_lane(g, TG_I32);
  tg_combine(g, a, TG_FOLD_ADD, x, x);
  tg_combine(g, a, TG_FOLD_MAX, x, x);
}

static void output_never(tg_graph *g)
{
  tg_declare(g, TG_OUTPUT, "y", TG_MODE_F32);
}

static void result_never(tg_graph *g)
{
  tg_declare(g, TG_RESULT, "r", TG_MODE_F32);
}

static void accumulator_never(tg_graph *g)
{
  tg_declare(g, TG_ACCUMULATOR, "a", TG_MODE_U8);
}

static void store_other_type(tg_graph *g)
{
  kit_store(g, "y", TG_F32, kit_lane(g, TG_I32));
}

static void store_f64_as_f16(tg_graph *g)
{
  tg_store(g, tg_declare(g, TG_OUTPUT, "y", TG_MODE_F16), kit_lane(g, TG_F64));
}

static void sum_signed_to_u64(tg_graph *g)
{
  tg_sum(g, kit_declare(g, TG_RESULT, "r", TG_U64), kit_lane(g, TG_I8));
}

static void sum_bool_to_i64(tg_graph *g)
{
  tg_sum(g, kit_declare(g, TG_RESULT, "r", TG_I64), kit_lane(g, TG_BOOL));
}

static void sum_narrow(tg_graph *g)
{
  tg_sum(g, kit_declare(g, TG_RESULT, "r", TG_I32), kit_lane(g, TG_I32));
}

static void sum_f32_to_f64(tg_graph *g)
{
  tg_sum(g, kit_declare(g, TG_RESULT, "r", TG_F64), kit_lane(g, TG_F32));
}

static void argmin_result_type(tg_graph *g)
{
  tg_argmin(g, kit_declare(g, TG_RESULT, "r", TG_F32), kit_lane(g, TG_I32), kit_lane(g, TG_F32));
}

static void argmin_data_bool(tg_graph *g)
{
  tg_argmin(g, kit_declare(g, TG_RESULT, "r", TG_I32), kit_lane(g, TG_I32), kit_lane(g, TG_BOOL));
}

static void combine_slot_float(tg_graph *g)
{
  tg_combine(g, kit_declare(g, TG_ACCUMULATOR, "a", TG_I32), TG_FOLD_ADD, kit_lane(g, TG_F32), kit_lane(g, TG_I32));
}

static void combine_value_float(tg_graph *g)
{
  tg_combine(g, kit_declare(g, TG_ACCUMULATOR, "a", TG_I32), TG_FOLD_ADD, kit_lane(g, TG_I32), kit_lane(g, TG_F32));
}

static void combine_value_other(tg_graph *g)
{
  tg_combine(g, kit_declare(g, TG_ACCUMULATOR, "a", TG_I32), TG_FOLD_ADD, kit_lane(g, TG_I32), kit_lane(g, TG_U32));
}

static void combine_no_fold(tg_graph *g)
{
  tg_combine(g, kit_declare(g, TG_ACCUMULATOR, "a", TG_I32), TG_FOLD_COUNT, kit_lane(g, TG_I32), kit_lane(g, TG_I32));
}

/* ---- types ---- */

static void add_bools(tg_graph *g)
{
  tg_value b = kit_lane(g, TG_BOOL);
  tg_add(g, b, b);
}

static void add_mixed(tg_graph *g)
{
  tg_add(g, kit_lane(g, TG_I32), kit_lane(g, TG_U32));
}

static void neg_bool(tg_graph *g)
{
  tg_neg(g, kit_lane(g, TG_BOOL));
}

static void divmod_float(tg_graph *g)
{
  tg_value x = kit_lane(g, TG_F64);
  tg_value remainder = 0;
  assert_int_equal(tg_divmod(g, x, x, &remainder), TG_POISON);
  assert_int_equal(remainder, TG_POISON);
}

static void shl_float(tg_graph *g)
{
  tg_value x = kit_lane(g, TG_F32);
  tg_shl(g, x, x);
}

static void shr_distance_other(tg_graph *g)
{
  tg_shr(g, kit_lane(g, TG_I32), kit_lane(g, TG_U32));
}

static void or_float(tg_graph *g)
{
  tg_value x = kit_lane(g, TG_F32);
  tg_or(g, x, x);
}

static void not_float(tg_graph *g)
{
  tg_not(g, kit_lane(g, TG_F64));
}

static void lt_bool(tg_graph *g)
{
  tg_value b = kit_lane(g, TG_BOOL);
  tg_lt(g, b, b);
}

static void eq_mixed(tg_graph *g)
{
  tg_eq(g, kit_lane(g, TG_F32), kit_lane(g, TG_F64));
}

static void select_by_integer(tg_graph *g)
{
  tg_value x = kit_lane(g, TG_I32);
  tg_select(g, x, x, x);
}

static void select_mixed(tg_graph *g)
{
  tg_select(g, kit_lane(g, TG_BOOL), kit_lane(g, TG_F32), kit_lane(g, TG_F64));
}

static void max_bool(tg_graph *g)
{
  tg_value b = kit_lane(g, TG_BOOL);
  tg_max(g, b, b);
}

static void div_integers(tg_graph *g)
{
  tg_value x = kit_lane(g, TG_I32);
  tg_div(g, x, x);
}

static void sqrt_integer(tg_graph *g)
{
  tg_sqrt(g, kit_lane(g, TG_U8));
}

static void fma_mixed(tg_graph *g)
{
  tg_value x = kit_lane(g, TG_F32);
  tg_fma(g, x, x, kit_lane(g, TG_F64));
}

static void round_integer(tg_graph *g)
{
  tg_round(g, TG_ROUND_EVEN, kit_lane(g, TG_I32));
}

static void round_no_such(tg_graph *g)
{
  tg_round(g, TG_ROUNDING_COUNT, kit_lane(g, TG_F32));
}

static void convert_no_type(tg_graph *g)
{
  tg_convert(g, TG_TYPE_COUNT, kit_lane(g, TG_F32));
}

static void bitcast_sizes(tg_graph *g)
{
  tg_bitcast(g, TG_U64, kit_lane(g, TG_F32));
}

static void bitcast_from_bool(tg_graph *g)
{
  tg_bitcast(g, TG_U8, kit_lane(g, TG_BOOL));
}

static void bitcast_to_bool(tg_graph *g)
{
  tg_bitcast(g, TG_BOOL, kit_lane(g, TG_U8));
}

static void gather_float_index(tg_graph *g)
{
  tg_gather(g, kit_declare(g, TG_TABLE, "t", TG_F32), kit_lane(g, TG_F32));
}

static void iota_bool(tg_graph *g)
{
  tg_value b = tg_const(g, TG_BOOL, 1);
  tg_iota(g, b, b);
}

static void iota_mixed(tg_graph *g)
{
  tg_iota(g, tg_const_f32(g, 0), tg_const_f64(g, 1));
}

static void iota_start_varies(tg_graph *g)
{
  tg_iota(g, kit_lane(g, TG_I32), tg_const_i64(g, TG_I32, 1));
}

static void iota_stride_varies(tg_graph *g)
{
  tg_value one = tg_const_i64(g, TG_I32, 1);
  tg_iota(g, one, tg_iota(g, one, one));
}

static void const_bool_two(tg_graph *g)
{
  tg_const(g, TG_BOOL, 2);
}

static void const_too_wide(tg_graph *g)
{
  tg_const(g, TG_U8, 256);
}

static void const_f32_too_wide(tg_graph *g)
{
  tg_const(g, TG_F32, UINT64_C(1) << 32);
}

static void const_no_type(tg_graph *g)
{
  tg_const(g, TG_TYPE_COUNT, 0);
}

static void const_i64_float(tg_graph *g)
{
  tg_const_i64(g, TG_F32, 1);
}

static void const_i64_too_large(tg_graph *g)
{
  tg_const_i64(g, TG_I8, 128);
}

static void const_i64_too_small(tg_graph *g)
{
  tg_const_i64(g, TG_I8, -129);
}

static void const_i64_negative(tg_graph *g)
{
  tg_const_i64(g, TG_U64, -1);
}

static void value_of_nothing(tg_graph *g)
{
  tg_neg(g, 5);
}

static void value_poison(tg_graph *g)
{
  tg_neg(g, TG_POISON);
}

static void trap_code(tg_graph *g)
{
  tg_trap(g, kit_lane(g, TG_BOOL), UINT32_C(0x80000000), 0);
}

static void trap_on_integer(tg_graph *g)
{
  tg_trap(g, kit_lane(g, TG_I32), 1, 0);
}

static void charge_i64(tg_graph *g)
{
  tg_charge(g, kit_lane(g, TG_I64), 0);
}

/* ---- after the end, and limits ---- */

static void node_after_finish(tg_graph *g)
{
  assert_int_equal(tg_graph_finish(g, NULL), TG_OK);
  assert_int_equal(tg_const(g, TG_F32, 0), TG_POISON);
}

static void declare_after_finish(tg_graph *g)
{
  assert_int_equal(tg_graph_finish(g, NULL), TG_OK);
  assert_int_equal(tg_declare(g, TG_OUTPUT, "y", TG_MODE_F32), TG_POISON);
}

static void default_after_finish(tg_graph *g)
{
  tg_operand p = tg_declare(g, TG_PARAM, "p", TG_MODE_F32);
  assert_int_equal(tg_graph_finish(g, NULL), TG_OK);
  tg_param_default(g, p, 0);
}

static void declare_many(tg_graph *g, int n)
{
  char name[16];
  for (int i = 0; i < n; i++) {
    snprintf(name, sizeof name, "x%d", i);
    tg_declare(g, TG_INPUT, name, TG_MODE_U8);
  }
}

static void operands_1025(tg_graph *g)
{
  declare_many(g, 1024);
  assert_int_equal(tg_graph_error(g, NULL), TG_OK);
  tg_declare(g, TG_INPUT, "last", TG_MODE_U8);
}

static void sink_args(tg_graph *g, int n)
{
  char name[16];
  tg_value x = kit_lane(g, TG_I32);
  for (int i = 0; i < n; i++) {
    snprintf(name, sizeof name, "r%d", i);
    tg_operand r = kit_declare(g, TG_RESULT, name, TG_I32);
    (i % 2 == 0 ? tg_argmin : tg_argmax)(g, r, x, x);
  }
}

static void args_65(tg_graph *g)
{
  sink_args(g, 65);
}

static void nodes_too_many(tg_graph *g)
{
  for (int i = 0; i < 1 << 20; i++) {
    tg_const(g, TG_U8, 0);
  }
  assert_int_equal(tg_graph_error(g, NULL), TG_OK);
  assert_int_equal(tg_graph_n_nodes(g), 1 << 20);
  tg_const(g, TG_U8, 0);
}

static const kit_broken rules[] = {
    {"an empty name", name_empty, TG_VERIFY, "a name must be a letter"},
    {"a name that starts with a digit", name_digit_first, TG_VERIFY, "a name must be a letter"},
    {"a name with a minus", name_minus, TG_VERIFY, "a name must be a letter"},
    {"a name of 256 bytes", name_too_long, TG_LIMIT, "longer than 255 bytes"},
    {"two operands of one name", operand_twice, TG_VERIFY, "two operands are called x"},
    {"no such kind", operand_no_kind, TG_VERIFY, "no such kind of operand or mode"},
    {"no such mode", operand_no_mode, TG_VERIFY, "no such kind of operand or mode"},
    {"a param in f16", operand_param_f16, TG_VERIFY, "param p must have a native mode, not f16"},
    {"an accumulator of floats", operand_accumulator_float, TG_VERIFY, "accumulator a must hold integers, not f32"},
    {"an accumulator of bools", operand_accumulator_bool, TG_VERIFY, "accumulator a must hold integers, not bool"},
    {"a default of an input", default_of_input, TG_VERIFY, "a default for an operand that is not a param"},
    {"a default of nothing", default_of_nothing, TG_VERIFY, "a default for an operand that is not a param"},
    {"two values of one name", value_name_twice, TG_VERIFY, "two values are called v"},
    {"a value's name with a space", value_name_bad, TG_VERIFY, "a name must be a letter"},
    {"a value's name of 256 bytes", value_name_too_long, TG_LIMIT, "longer than 255 bytes"},
    {"a name of no value", value_name_of_nothing, TG_VERIFY, "a name for a value that does not exist"},
    {"load of a param", load_param, TG_VERIFY, "load: operand p has kind param, not input"},
    {"load of nothing", load_nothing, TG_VERIFY, "load: there is no such operand"},
    {"param of an input", param_input, TG_VERIFY, "param: operand x has kind input, not param"},
    {"gather from an input", gather_input, TG_VERIFY, "gather: operand x has kind input, not table"},
    {"store to an input", store_to_input, TG_VERIFY, "store: operand x has kind input, not output"},
    {"store to a result", store_to_result, TG_VERIFY, "store: operand r has kind result, not output"},
    {"sum to an output", sum_to_output, TG_VERIFY, "sum: operand y has kind output, not result"},
    {"argmin to an accumulator", argmin_to_accumulator, TG_VERIFY,
     "argmin: operand a has kind accumulator, not result"},
    {"combine into a table", combine_to_table, TG_VERIFY, "combine: operand t has kind table, not accumulator"},
    {"an output written twice", output_twice, TG_VERIFY, "store: output y is written twice"},
    {"a result written twice", result_twice, TG_VERIFY, "argmax: result r is written twice"},
    {"an accumulator written twice", accumulator_twice, TG_VERIFY, "combine: accumulator a is written twice"},
    {"an output never written", output_never, TG_VERIFY, "output y is never written"},
    {"a result never written", result_never, TG_VERIFY, "result r is never written"},
    {"an accumulator never written", accumulator_never, TG_VERIFY, "accumulator a is never written"},
    {"store of another type", store_other_type, TG_VERIFY, "store: the value is i32, but output y has mode f32"},
    {"store of f64 as f16", store_f64_as_f16, TG_VERIFY, "store: the value is f64, but output y has mode f16"},
    {"sum of i8 to u64", sum_signed_to_u64, TG_VERIFY, "sum: the sum is i64, but result r has mode u64"},
    {"sum of bool to i64", sum_bool_to_i64, TG_VERIFY, "sum: the sum is u64, but result r has mode i64"},
    {"sum of i32 to i32", sum_narrow, TG_VERIFY, "sum: the sum is i64, but result r has mode i32"},
    {"sum of f32 to f64", sum_f32_to_f64, TG_VERIFY, "sum: the sum is f32, but result r has mode f64"},
    {"argmin of another type", argmin_result_type, TG_VERIFY, "argmin: the value is i32, but result r has mode f32"},
    {"argmin of bools", argmin_data_bool, TG_VERIFY, "argmin: operand 2 is bool, but must be a number"},
    {"combine at a float", combine_slot_float, TG_VERIFY, "combine: operand 1 is f32, but must be an integer"},
    {"combine of a float", combine_value_float, TG_VERIFY, "combine: operand 2 is f32, but must be an integer"},
    {"combine of another type", combine_value_other, TG_VERIFY, "the value is u32, but accumulator a has mode i32"},
    {"combine without a fold", combine_no_fold, TG_VERIFY, "combine: no such fold"},
    {"add of bools", add_bools, TG_VERIFY, "add: operand 1 is bool, but must be a number"},
    {"add of i32 and u32", add_mixed, TG_VERIFY, "add: operand 1 is i32, but operand 2 is u32"},
    {"neg of a bool", neg_bool, TG_VERIFY, "neg: operand 1 is bool, but must be a number"},
    {"divmod of floats", divmod_float, TG_VERIFY, "divmod: operand 1 is f64, but must be an integer"},
    {"shl of floats", shl_float, TG_VERIFY, "shl: operand 1 is f32, but must be an integer"},
    {"shr by another type", shr_distance_other, TG_VERIFY, "shr: operand 1 is i32, but operand 2 is u32"},
    {"or of floats", or_float, TG_VERIFY, "or: operand 1 is f32, but must be an integer or bool"},
    {"not of a float", not_float, TG_VERIFY, "not: operand 1 is f64, but must be an integer or bool"},
    {"lt of bools", lt_bool, TG_VERIFY, "lt: operand 1 is bool, but must be a number"},
    {"eq of f32 and f64", eq_mixed, TG_VERIFY, "eq: operand 1 is f32, but operand 2 is f64"},
    {"select by an integer", select_by_integer, TG_VERIFY, "select: operand 1 is i32, but must be bool"},
    {"select of f32 and f64", select_mixed, TG_VERIFY, "select: operand 2 is f32, but operand 3 is f64"},
    {"max of bools", max_bool, TG_VERIFY, "max: operand 1 is bool, but must be a number"},
    {"div of integers", div_integers, TG_VERIFY, "div: operand 1 is i32, but must be a float"},
    {"sqrt of an integer", sqrt_integer, TG_VERIFY, "sqrt: operand 1 is u8, but must be a float"},
    {"fma of f32 and f64", fma_mixed, TG_VERIFY, "fma: operand 1 is f32, but operand 3 is f64"},
    {"round of an integer", round_integer, TG_VERIFY, "round: operand 1 is i32, but must be a float"},
    {"round without a rounding", round_no_such, TG_VERIFY, "round: no such rounding"},
    {"convert to no type", convert_no_type, TG_VERIFY, "no such operation or type"},
    {"bitcast to another size", bitcast_sizes, TG_VERIFY, "bitcast: f32 and u64 are not numbers of one size"},
    {"bitcast of a bool", bitcast_from_bool, TG_VERIFY, "bitcast: operand 1 is bool, but must be a number"},
    {"bitcast to bool", bitcast_to_bool, TG_VERIFY, "bitcast: u8 and bool are not numbers of one size"},
    {"gather at a float", gather_float_index, TG_VERIFY, "gather: operand 1 is f32, but must be an integer"},
    {"iota of bools", iota_bool, TG_VERIFY, "iota: operand 1 is bool, but must be a number"},
    {"iota of f32 and f64", iota_mixed, TG_VERIFY, "iota: operand 1 is f32, but operand 2 is f64"},
    {"iota from a lane value", iota_start_varies, TG_VERIFY, "iota: the start must be uniform"},
    {"iota by a lane value", iota_stride_varies, TG_VERIFY, "iota: the stride must be uniform"},
    {"the bool 2", const_bool_two, TG_VERIFY, "const: the value does not fit bool"},
    {"the u8 256", const_too_wide, TG_VERIFY, "const: the value does not fit u8"},
    {"an f32 of 33 bits", const_f32_too_wide, TG_VERIFY, "const: the value does not fit f32"},
    {"const of no type", const_no_type, TG_VERIFY, "no such operation or type"},
    {"const_i64 of a float", const_i64_float, TG_VERIFY, "tg_const_i64: f32 is not an integer type"},
    {"the i8 128", const_i64_too_large, TG_VERIFY, "const: 128 does not fit i8"},
    {"the i8 -129", const_i64_too_small, TG_VERIFY, "const: -129 does not fit i8"},
    {"the u64 -1", const_i64_negative, TG_VERIFY, "const: -1 does not fit u64"},
    {"a value that is not there", value_of_nothing, TG_VERIFY, "neg: operand 1 is not a value of this graph"},
    {"a poisoned value", value_poison, TG_VERIFY, "neg: operand 1 is not a value of this graph"},
    {"a trap code of 2^31", trap_code, TG_VERIFY, "trap: the code must be below 2^31"},
    {"a trap on an integer", trap_on_integer, TG_VERIFY, "trap: operand 1 is i32, but must be bool"},
    {"charge of an i64", charge_i64, TG_VERIFY, "charge: the operand must be u64"},
    {"a node after the end", node_after_finish, TG_ARGUMENT, "finished graph"},
    {"an operand after the end", declare_after_finish, TG_ARGUMENT, "a change to a finished graph"},
    {"a default after the end", default_after_finish, TG_ARGUMENT, "a change to a finished graph"},
    {"1025 operands", operands_1025, TG_LIMIT, "more than 1024 operands"},
    {"65 argmin and argmax", args_65, TG_LIMIT, "more than 64 argmin and argmax nodes"},
    {"2^20 + 1 nodes", nodes_too_many, TG_LIMIT, "more than 1048576 nodes"},
};

/* ---- what is allowed ---- */

static void limits_are_reached(void **state)
{
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  char name[256];
  (void)state;
  long_name(name, 255);
  sink_args(g, 64);
  tg_declare(g, TG_INPUT, name, TG_MODE_U8);
  declare_many(g, 1024 - 64 - 2);
  assert_int_equal(tg_graph_n_operands(g), 1024);
  kit_finish(context, g);
}

/* Names of operands and of values are apart; inner characters may be digits and dots. */
static void names_are_apart(void **state)
{
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  (void)state;
  tg_value x = tg_load(g, tg_declare(g, TG_INPUT, "x", TG_MODE_F32));
  assert_int_equal(tg_name(g, x, "x"), x);
  tg_declare(g, TG_INPUT, "_x.1", TG_MODE_F32);
  tg_declare(g, TG_INPUT, "_", TG_MODE_F32);
  kit_finish(context, g);
}

static void sums_have_their_types(void **state)
{
  static const tg_type to[TG_TYPE_COUNT] = {TG_U64, TG_I64, TG_I64, TG_I64, TG_I64, TG_U64,
                                            TG_U64, TG_U64, TG_U64, TG_F32, TG_F64};
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  (void)state;
  for (int type = 0; type < TG_TYPE_COUNT; type++) {
    char name[16];
    snprintf(name, sizeof name, "r%d", type);
    tg_sum(g, kit_declare(g, TG_RESULT, name, to[type]), kit_lane(g, (tg_type)type));
  }
  kit_finish(context, g);
}

/* The first error is kept, whatever comes after it. */
static void the_first_error_is_kept(void **state)
{
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_error error = {0};
  (void)state;
  tg_value x = kit_lane(g, TG_I32);
  tg_sqrt(g, x);
  tg_shl(g, kit_lane(g, TG_F32), x);
  tg_trap(g, x, UINT32_MAX, 0);
  assert_int_equal(tg_graph_error(g, &error), TG_VERIFY);
  assert_non_null(strstr(error.message, "sqrt"));
  assert_int_equal(error.code, TG_VERIFY);
  assert_int_equal(error.pos.line, 0);
  assert_int_equal(tg_graph_finish(g, NULL), TG_VERIFY);
  tg_graph_destroy(g);
  tg_context_destroy(context);
}

/* No node has its rules broken: calls that must fail leave *error alone when they succeed. */
static void success_leaves_the_error_alone(void **state)
{
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_error error = {.code = TG_IO, .message = "mine"};
  (void)state;
  kit_store(g, "y", TG_F32, kit_lane(g, TG_F32));
  assert_int_equal(tg_graph_error(g, &error), TG_OK);
  assert_int_equal(tg_graph_finish(g, &error), TG_OK);
  assert_int_equal(tg_graph_finish(g, &error), TG_OK);
  assert_int_equal(error.code, TG_IO);
  assert_string_equal(error.message, "mine");
  kit_finish(context, g);
}

static void graphs_have_names(void **state)
{
  tg_context *context = kit_context();
  tg_graph *g;
  char name[257];
  (void)state;
  long_name(name, 256);
  assert_int_equal(tg_graph_create(context, "", &g), TG_ARGUMENT);
  assert_null(g);
  assert_int_equal(tg_graph_create(context, "1", &g), TG_ARGUMENT);
  assert_int_equal(tg_graph_create(context, NULL, &g), TG_ARGUMENT);
  assert_int_equal(tg_graph_create(NULL, "g", &g), TG_ARGUMENT);
  assert_int_equal(tg_graph_create(context, name, &g), TG_ARGUMENT);
  assert_int_equal(tg_graph_create(context, name + 1, &g), TG_OK);
  assert_string_equal(tg_graph_name(g), name + 1);
  kit_finish(context, g);
}

int main(void)
{
  struct CMUnitTest tests[KIT_COUNT(rules) + 6] = {
      cmocka_unit_test(limits_are_reached),    cmocka_unit_test(names_are_apart),
      cmocka_unit_test(sums_have_their_types), cmocka_unit_test(the_first_error_is_kept),
      cmocka_unit_test(graphs_have_names),     cmocka_unit_test(success_leaves_the_error_alone),
  };
  kit_list_broken(rules, KIT_COUNT(rules), tests + 6);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
