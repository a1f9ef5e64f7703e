"""text_errors.tgt: graph text that is refused, one case for each rule, and text at the edge of a rule that is not.

Rows are (name, operands, nodes); a row of whole texts is (name, text).
"""
from .base import Tgt, from_float

GOOD = "input x i32; input f f64; input b bool; output y i32"
HEAD = "%x = load x\n%f = load f\n%b = load b\n"

PARSE_TEXTS = [
    ("empty", "# nothing"),
    ("no_graph_word", "grap g { }"),
    ("no_name", "graph { }"),
    ("name_is_number", "graph 7 { }"),
    ("no_brace", "graph g"),
    ("no_closing_brace", "graph g {"),
    ("text_after_the_end", "graph g { } graph h { }"),
    ("stray_word_after", "graph g { } x"),
    ("stray_character", "graph g { ; }"),
    ("operand_without_name", "graph g { input }"),
    ("operand_without_mode", "graph g { input x }"),
    ("unknown_operand_kind", "graph g { inout x i32 }"),
    ("unknown_mode", "graph g { input x i24 }"),
    ("unknown_mode_be", "graph g { input x u8be }"),
    ("param_of_a_mode_not_type", "graph g { param x f16 }"),
    ("param_of_big_endian", "graph g { param x i32be }"),
    ("default_without_literal", "graph g { param x i32 = }"),
    ("default_not_a_literal", "graph g { param x i32 = y }"),
    ("default_does_not_fit", "graph g { param x u8 = 256 }"),
    ("default_of_input", "graph g { input x i32 = 3 }"),
    ("operand_twice", "graph g { input x i32 input x i32 }"),
    ("operand_name_of_two_kinds", "graph g { input x i32 output x i32 %x = load x store x %x }"),
    ("operand_after_node", "graph g { %a = const i32 1 input x i32 }"),
    ("uniform_after_node", "graph g { %a = const i32 1 uniform { } }"),
    ("uniform_twice", "graph g { uniform { } uniform { } }"),
    ("uniform_not_closed", "graph g { uniform { %a = const i32 1"),
    ("operand_in_uniform", "graph g { uniform { param p i32 } }"),
    ("operand_name_with_bad_character", "graph g { input x-y i32 }"),
    ("combine_unknown_fold", "graph g { accumulator y i32 %x = const i32 1 combine y mul %x, %x }"),
    ("uniform_loop_without_count",
     "graph g { uniform { %n = const i32 1 %b = const bool false %a = loop %p = %n { test %b yield %p } } }"),
    ("operand_name_starts_with_digit", "graph g { input 9x i32 }"),
]

PARSE_NODES = [
    ("unknown_operation", "%a = plus %x, %x"),
    ("symbol_is_no_operation", "%a = + %x, %x"),
    ("undefined_value", "%a = add %x, %nope"),
    ("value_used_before_it_is_defined", "%a = add %x, %q\n%q = neg %x"),
    ("value_used_in_its_own_definition", "%a = add %x, %a"),
    ("value_defined_twice", "%a = neg %x\n%a = neg %x"),
    ("value_twice_in_one_node", "%a, %a = divmod %x, %x"),
    ("value_defined_in_two_bodies", "%r = branch %b { %a = neg %x yield %a } { %a = not %x yield %a }"),
    ("value_defined_again_in_body", "%a = neg %x\n%r = branch %b { %a = neg %x yield %a }"),
    ("undefined_operand_load", "%a = load nope"),
    ("undefined_operand_param", "%a = param nope"),
    ("undefined_operand_store", "store nope %x"),
    ("undefined_operand_gather", "%a = gather nope %x"),
    ("value_without_percent", "%a = neg x"),
    ("missing_comma", "%a = iota %x %x"),
    ("trailing_comma", "%a = add %x,"),
    ("missing_equals", "%a neg %x"),
    ("result_of_store", "%a = store y %x"),
    ("result_of_trap", "%a = trap 1 %b"),
    ("no_result_named", "neg %x"),
    ("const_without_literal", "%a = const i32"),
    ("const_without_type", "%a = const 3"),
    ("const_of_a_mode", "%a = const f16 3.0"),
    ("const_too_large_i8", "%a = const i8 128"),
    ("const_too_small_i8", "%a = const i8 -129"),
    ("const_too_large_u8", "%a = const u8 256"),
    ("const_negative_u16", "%a = const u16 -1"),
    ("const_too_large_i16", "%a = const i16 32768"),
    ("const_too_large_i32", "%a = const i32 2147483648"),
    ("const_too_small_i32", "%a = const i32 -2147483649"),
    ("const_too_large_u32", "%a = const u32 4294967296"),
    ("const_too_large_i64", "%a = const i64 9223372036854775808"),
    ("const_too_small_i64", "%a = const i64 -9223372036854775809"),
    ("const_too_large_u64", "%a = const u64 18446744073709551616"),
    ("const_far_too_large", "%a = const u64 99999999999999999999999999999999999999"),
    ("const_hex_too_large", "%a = const i8 0xff"),
    ("const_hex_far_too_large", "%a = const u64 0x10000000000000000"),
    ("const_float_for_integer", "%a = const i32 1.5"),
    ("const_inf_for_integer", "%a = const i32 inf"),
    ("const_true_for_integer", "%a = const i32 true"),
    ("const_float_for_bool", "%a = const bool 0.5"),
    ("const_true_for_float", "%a = const f32 true"),
    ("const_minus_nan", "%a = const f32 -nan"),
    ("const_one_for_bool", "%a = const bool 1"),
    ("const_zero_for_bool", "%a = const bool 0"),
    ("const_inf_for_bool", "%a = const bool inf"),
    ("trap_code_2_64", "trap 18446744073709551616 %b"),
    ("array_length_2_64", "%a = array u8 18446744073709551616"),
    ("const_word", "%a = const f32 pi"),
    ("round_without_how", "%a = round %f"),
    ("round_unknown_how", "%a = round nearest %f"),
    ("convert_without_type", "%a = convert %x"),
    ("convert_to_mode", "%a = convert f16 %f"),
    ("convert_of_two", "%a = convert i8 %x, %x"),
    ("loop_without_test", "%a = loop %p = %x { yield %p }"),
    ("loop_without_yield", "%a = loop %p = %x { test %b }"),
    ("loop_with_two_tests", "%a = loop %p = %x { test %b test %b yield %p }"),
    ("loop_without_carried", "%a = loop { test %b yield %x }"),
    ("loop_start_undefined", "%a = loop %p = %q { test %b yield %p }"),
    ("loop_carried_used_in_start", "%a, %c = loop %p = %x, %q = %p { test %b yield %p, %q }"),
    ("loop_without_body", "%a = loop %p = %x"),
    ("node_after_yield", "%a = loop %p = %x { test %b yield %p %q = neg %p }"),
    ("test_outside_loop", "test %b"),
    ("yield_outside_body", "yield %x"),
    ("test_in_branch", "%a = branch %b { test %b yield %x }"),
    ("branch_without_body", "%a = branch %b"),
    ("branch_body_without_yield", "%a = branch %b { %q = neg %x }"),
    ("yield_of_nothing", "%a = branch %b { yield }"),
    ("linear_unknown_ring", "%a = linear complex auto %x { }"),
    ("linear_unknown_format", "%a = linear int coo %x { }"),
    ("linear_mod_without_modulus", "%a = linear mod auto %x { }"),
    ("linear_without_streams", "%a = linear int auto { }"),
    ("linear_without_entries_braces", "%a = linear int auto %x"),
    ("linear_entry_incomplete", "%a = linear int auto %x { 0 0 }"),
    ("linear_trailing_comma", "%a = linear int auto %x { 0 0 %x, }"),
    ("array_without_length", "%a = array i32"),
    ("array_negative_length", "%a = array i32 -1"),
    ("trap_without_code", "trap %b"),
    ("trap_position_too_large", "trap 1 %b @4294967296"),
    ("loop_position_too_large", "%a = loop %p = %x @4294967296 { test %b yield %p }"),
    ("position_without_number", "trap 1 %b @"),
    ("position_where_none_belongs", "%a = neg %x @3"),
    ("two_names_for_add", "%a, %c = add %x, %x"),
    ("one_name_for_divmod", "%a = divmod %x, %x"),
    ("three_names_for_divmod", "%a, %c, %d = divmod %x, %x"),
    ("names_of_loop_too_few", "%a = loop %p = %x, %q = %x { test %b yield %p, %q }"),
    ("names_of_loop_too_many", "%a, %c = loop %p = %x { test %b yield %p }"),
    ("names_of_branch_too_few", "%a = branch %b { yield %x, %f }"),
    ("names_of_branch_too_many", "%a, %c = branch %b { yield %x }"),
    ("fma_is_not_mad", "%a = mad %f, %f, %f"),
    ("unclosed_body", "%a = branch %b { yield %x"),
]

VERIFY_NODES = [
    ("add_of_two_types", "%a = add %x, %f"),
    ("add_of_one", "%a = add %x"),
    ("add_of_three", "%a = add %x, %x, %x"),
    ("neg_of_two", "%a = neg %x, %x"),
    ("select_of_two", "%a = select %b, %x"),
    ("fma_of_two", "%a = fma %f, %f"),
    ("sqrt_of_two", "%a = sqrt %f, %f"),
    ("divmod_of_one", "%a, %c = divmod %x"),
    ("add_of_bool", "%a = add %b, %b"),
    ("neg_of_bool", "%a = neg %b"),
    ("mul_of_bool", "%a = mul %b, %b"),
    ("divmod_of_floats", "%a, %c = divmod %f, %f"),
    ("shl_of_floats", "%a = shl %f, %f"),
    ("shl_of_bool", "%a = shl %b, %b"),
    ("shr_of_two_types", "%k = const u32 1\n%a = shr %x, %k"),
    ("or_of_floats", "%a = or %f, %f"),
    ("not_of_float", "%a = not %f"),
    ("xor_of_bool_and_integer", "%a = xor %b, %x"),
    ("lt_of_bool", "%a = lt %b, %b"),
    ("lt_of_two_types", "%a = lt %x, %f"),
    ("eq_of_two_types", "%a = eq %x, %b"),
    ("select_by_integer", "%a = select %x, %x, %x"),
    ("select_of_two_types", "%a = select %b, %x, %f"),
    ("max_of_bool", "%a = max %b, %b"),
    ("div_of_integers", "%a = div %x, %x"),
    ("sqrt_of_integer", "%a = sqrt %x"),
    ("fma_of_integers", "%a = fma %x, %x, %x"),
    ("fma_of_two_types", "%g = convert f32 %f\n%a = fma %f, %f, %g"),
    ("round_of_integer", "%a = round even %x"),
    ("bitcast_to_other_size", "%a = bitcast i64 %x"),
    ("bitcast_of_bool", "%a = bitcast u8 %b"),
    ("bitcast_to_bool", "%k = const u8 1\n%a = bitcast bool %k"),
    ("iota_of_lane_start", "%k = const i32 1\n%a = iota %x, %k"),
    ("iota_of_lane_stride", "%k = const i32 1\n%a = iota %k, %x"),
    ("iota_of_iota", "%k = const i32 1\n%i = iota %k, %k\n%a = iota %i, %k"),
    ("iota_of_two_types", "%k = const i32 1\n%l = const i64 1\n%a = iota %k, %l"),
    ("iota_of_bool", "%k = const bool true\n%a = iota %k, %k"),
    ("load_of_output", "%a = load y"),
    ("param_of_input", "%a = param x"),
    ("gather_of_input", "%a = gather x %x"),
    ("store_to_input", "store x %x"),
    ("sum_to_output", "sum y %x"),
    ("loop_test_not_bool", "%a = loop %p = %x { test %p yield %p }"),
    ("loop_yields_other_type", "%a = loop %p = %x { test %b yield %f }"),
    ("loop_yields_too_few", "%a, %c = loop %p = %x, %q = %x { test %b yield %p }"),
    ("loop_yields_too_many", "%a = loop %p = %x { test %b yield %p, %p }"),
    ("branch_by_float", "%a = branch %f { yield %x } { yield %x }"),
    ("branch_bodies_of_two_types", "%a = branch %b { yield %x } { yield %f }"),
    ("branch_bodies_of_two_counts", "%a = branch %b { yield %x } { yield %x, %x }"),
    ("sink_in_branch", "%a = branch %b { store y %x yield %x }"),
    ("sink_in_loop", "%a = loop %p = %x { test %b store y %p yield %p }"),
    ("sink_in_condition", "%a = loop %p = %x { store y %p test %b yield %p }"),
    ("trap_by_integer", "trap 1 %x"),
    ("trap_code_too_large", "trap 2147483648 %b"),
    ("charge_of_u32", "%k = const u32 1\ncharge %k"),
    ("charge_of_i64", "%k = const i64 1\ncharge %k"),
    ("array_of_no_elements", "%a = array i32 0"),
    ("aload_of_a_stream", "%a = aload %x, %x"),
    ("aload_by_float", "%r = array i32 2\n%a = aload %r, %f"),
    ("aload_by_bool", "%r = array i32 2\n%a = aload %r, %b"),
    ("astore_of_other_type", "%r = array i64 2\n%a = astore %r, %x, %x"),
    ("astore_by_float", "%r = array i32 2\n%a = astore %r, %f, %x"),
    ("array_stored", "%r = array i32 2\nstore y %r"),
    ("array_added", "%r = array i32 2\n%a = add %r, %r"),
    ("array_selected", "%r = array i32 2\n%s = array i32 2\n%a = select %b, %r, %s"),
    ("array_as_index", "%r = array i32 2\n%s = array i32 2\n%a = aload %r, %s"),
    ("array_in_linear", "%r = array i32 2\n%a = linear int auto %r { }"),
    ("array_consumed_twice", "%r = array i32 2\n%s = astore %r, %x, %x\n%t = astore %r, %x, %x"),
    ("array_loaded_after_astore", "%r = array i32 2\n%s = astore %r, %x, %x\n%a = aload %r, %x"),
    ("array_loaded_after_loop", "%r = array i32 2\n%s = loop %p = %r { test %b yield %p }\n%a = aload %r, %x"),
    ("array_carried_twice", "%r = array i32 2\n%s, %t = loop %p = %r, %q = %r { test %b yield %p, %q }"),
    ("array_consumed_in_loop_not_carried",
     "%r = array i32 2\n%a = loop %p = %x { test %b %s = astore %r, %x, %x yield %p }"),
    ("array_consumed_in_condition", "%r = array i32 2\n%s = loop %p = %r { %q = astore %p, %x, %x test %b yield %p }"),
    ("array_consumed_in_condition_and_loaded",
     "%r = array i32 2\n%s = loop %p = %r { %q = astore %p, %x, %x test %b yield %q }"),
    ("carried_array_consumed_twice",
     "%r = array i32 2\n%s = loop %p = %r { test %b %q = astore %p, %x, %x %t = astore %p, %x, %x yield %q }"),
    ("carried_array_yielded_after_consumed",
     "%r = array i32 2\n%s = loop %p = %r { test %b %q = astore %p, %x, %x yield %p }"),
    ("array_yielded_twice", "%r = array i32 2\n%s, %t = branch %b { yield %r, %r }"),
    ("array_loaded_after_branch_consumed",
     "%r = array i32 2\n%k = const i32 0\n%s = branch %b { %t = astore %r, %x, %x %u = aload %t, %x yield %u } "
     "{ yield %x }\n%a = aload %r, %k"),
    ("array_consumed_after_branch_consumed",
     "%r = array i32 2\n%s = branch %b { yield %r } { %t = array i32 2 yield %t }\n%a = astore %r, %x, %x"),
    ("array_consumed_twice_in_one_body",
     "%r = array i32 2\n%s = branch %b { %t = astore %r, %x, %x %u = astore %r, %x, %x yield %t } { yield %r }"),
    ("array_lengths_differ_in_branch", "%r = array i32 2\n%q = array i32 3\n%s = branch %b { yield %r } { yield %q }"),
    ("array_lengths_differ_in_loop", "%r = array i32 2\n%s = loop %p = %r { test %b %q = array i32 3 yield %q }"),
    ("array_for_value_in_loop", "%r = array i32 2\n%s = loop %p = %x { test %b yield %r }"),
    ("array_consumed_in_loop_in_branch",
     "%r = array i32 2\n%s = branch %b { %a = loop %p = %x { test %b %t = astore %r, %x, %x yield %p } yield %a }"),
    ("array_elements_differ_in_branch", "%r = array i32 2\n%q = array u32 2\n%s = branch %b { yield %r } { yield %q }"),
    ("linear_int_of_floats", "%a = linear int auto %f { }"),
    ("linear_int_of_bool", "%a = linear int auto %b { }"),
    ("linear_gf2_of_floats", "%a = linear gf2 auto %f { }"),
    ("linear_float_of_integers", "%a = linear float auto %x { }"),
    ("linear_mod_of_signed", "%a = linear mod 7 auto %x { }"),
    ("linear_mod_of_floats", "%a = linear mod 7 auto %f { }"),
    ("linear_mod_zero", "%u = convert u32 %x\n%a = linear mod 0 auto %u { }"),
    ("linear_mod_too_large", "%u = convert u8 %x\n%a = linear mod 256 auto %u { }"),
    ("linear_mod_too_large_u32", "%u = convert u32 %x\n%a = linear mod 4294967296 auto %u { }"),
    ("linear_of_two_types", "%u = convert u32 %x\n%a = linear int auto %x, %u { }"),
    ("linear_entry_of_lane", "%a = linear int auto %x { 0 0 %x }"),
    ("linear_entry_of_other_type", "%k = const i64 1\n%a = linear int auto %x { 0 0 %k }"),
    ("linear_row_outside", "%k = const i32 1\n%a = linear int auto %x { 1 0 %k }"),
    ("linear_column_outside", "%k = const i32 1\n%a = linear int auto %x { 0 2 %k }"),
    ("linear_gf2_row_outside", "%k = const i32 1\n%a = linear gf2 auto %x { 32 0 %k }"),
    ("linear_pair_twice", "%k = const i32 1\n%a = linear int auto %x { 0 0 %k, 0 0 %k }"),
    ("linear_columns_descend", "%k = const i32 1\n%a = linear int auto %x { 0 1 %k, 0 0 %k }"),
    ("linear_rows_descend", "%k = const i32 1\n%a, %c = linear int auto %x { 1 0 %k, 0 0 %k }"),
    ("gather_by_float_index", "%k = const f32 1.0\n%a = gather t %k"),
    ("gather_by_bool_index", "%a = gather t %b"),
]

VERIFY_TEXTS = [
    ("output_never_written", "graph g { output y i32 }"),
    ("result_never_written", "graph g { result y i64 }"),
    ("accumulator_never_written", "graph g { accumulator y i32 }"),
    ("output_written_twice", "graph g { output y i32 %a = const i32 1 store y %a store y %a }"),
    ("result_written_twice", "graph g { result y i64 %a = const i32 1 sum y %a sum y %a }"),
    ("result_by_sum_and_argmin", "graph g { result y i64 %a = const i64 1 sum y %a argmin y %a, %a }"),
    ("accumulator_twice", "graph g { accumulator y u8 %a = const u8 1 combine y add %a, %a combine y add %a, %a }"),
    ("store_of_other_type", "graph g { output y i32 %a = const u32 1 store y %a }"),
    ("store_f64_as_f16", "graph g { output y f16 %a = const f64 1.0 store y %a }"),
    ("store_bool_as_u8", "graph g { output y u8 %a = const bool true store y %a }"),
    ("sum_of_i32_into_i32", "graph g { result y i32 %a = const i32 1 sum y %a }"),
    ("sum_of_u8_into_i64", "graph g { result y i64 %a = const u8 1 sum y %a }"),
    ("sum_of_i8_into_u64", "graph g { result y u64 %a = const i8 1 sum y %a }"),
    ("sum_of_bool_into_i64", "graph g { result y i64 %a = const bool true sum y %a }"),
    ("sum_of_f32_into_f64", "graph g { result y f64 %a = const f32 1.0 sum y %a }"),
    ("sum_of_f64_into_f32", "graph g { result y f32 %a = const f64 1.0 sum y %a }"),
    ("argmin_index_of_other_type", "graph g { result y i64 %a = const i32 1 argmin y %a, %a }"),
    ("argmax_of_bool_data", "graph g { result y i64 %a = const i64 1 %b = const bool true argmax y %a, %b }"),
    ("argmin_into_output", "graph g { output y i64 %a = const i64 1 argmin y %a, %a }"),
    ("store_into_result", "graph g { result y i64 %a = const i64 1 store y %a }"),
    ("combine_into_output", "graph g { output y i32 %a = const i32 1 combine y add %a, %a }"),
    ("combine_into_table", "graph g { table y i32 %a = const i32 1 combine y add %a, %a }"),
    ("store_into_accumulator", "graph g { accumulator y i32 %a = const i32 1 store y %a }"),
    ("accumulator_of_floats", "graph g { accumulator y f32 %a = const f32 1.0 %s = const u8 0 combine y add %s, %a }"),
    ("accumulator_of_bool", "graph g { accumulator y bool %a = const bool true %s = const u8 0 combine y or %s, %a }"),
    ("combine_of_other_type", "graph g { accumulator y i32 %a = const i64 1 combine y add %a, %a }"),
    ("combine_slot_float", "graph g { accumulator y i32 %a = const i32 1 %s = const f32 0.0 combine y add %s, %a }"),
    ("combine_slot_bool", "graph g { accumulator y i32 %a = const i32 1 %s = const bool true combine y add %s, %a }"),
    ("gather_of_accumulator", "graph g { accumulator y i32 %a = const i32 1 %b = gather y %a combine y add %a, %a }"),
    ("load_of_table", "graph g { table t i32 %a = load t }"),
    ("load_of_param", "graph g { param t i32 %a = load t }"),
    ("uniform_with_load", "graph g { input x i32 uniform { %a = load x } }"),
    ("uniform_with_iota", "graph g { uniform { %a = const i32 1 %b = iota %a, %a } }"),
    ("uniform_with_array", "graph g { uniform { %a = array i32 4 } }"),
    ("uniform_with_array_in_loop", "graph g { uniform { %a = const i32 1 %b = const bool false %c, %d = loop %p = %a "
     "{ test %b %r = array i32 4 yield %p } } }"),
    ("uniform_with_trap", "graph g { uniform { %a = const bool true trap 1 %a } }"),
    ("uniform_with_charge", "graph g { uniform { %a = const u64 1 charge %a } }"),
    ("uniform_with_charge_in_branch", "graph g { uniform { %a = const u64 1 %b = branch %a { charge %a yield %a } } }"),
    ("uniform_with_store", "graph g { output y i32 uniform { %a = const i32 1 store y %a } }"),
    ("uniform_with_sum", "graph g { result y i64 uniform { %a = const i32 1 sum y %a } }"),
    ("uniform_with_combine", "graph g { accumulator y i32 uniform { %a = const i32 1 combine y add %a, %a } }"),
    ("loop_result_is_not_uniform_outside", "graph g { param n i32 %n = param n %b = const bool false "
     "%r = loop %p = %n { test %b yield %p } %i = iota %r, %n }"),
    ("branch_result_is_not_uniform_outside",
     "graph g { param n i32 %n = param n %r = branch %n { yield %n } %i = iota %r, %n }"),
    ("carried_value_is_not_uniform", "graph g { param n i32 %n = param n %b = const bool false "
     "%r = loop %p = %n { test %b %i = iota %p, %n yield %i } }"),
    ("aload_is_not_uniform", "graph g { %n = const i32 1 %a = array i32 2 %v = aload %a, %n %i = iota %v, %n }"),
    ("value_of_closed_body_branch", "graph g { %n = const i32 1 %r = branch %n { %v = neg %n yield %v } %w = neg %v }"),
    ("value_of_other_branch_body", "graph g { %n = const i32 1 %r = branch %n { %v = neg %n yield %v } { yield %v } }"),
    ("value_of_closed_loop",
     "graph g { %n = const i32 1 %b = const bool false %r = loop %p = %n { test %b %v = neg %p yield %v } %w = neg %v }"
     ),
    ("carried_value_after_loop",
     "graph g { %n = const i32 1 %b = const bool false %r = loop %p = %n { test %b yield %p } %w = neg %p }"),
    ("condition_value_after_loop",
     "graph g { %n = const i32 1 %r = loop %p = %n { %c = eq %p, %n test %c yield %p } %w = not %c }"),
]


def parse_cases(f):
    for name, text in PARSE_TEXTS:
        f.case("parse_" + name, "text", text).error("PARSE")
    for name, node in PARSE_NODES:
        f.graph("parse_" + name, GOOD, HEAD + node + "\nstore y %x").error("PARSE")


def verify_cases(f):
    for name, node in VERIFY_NODES:
        operands = GOOD.replace("; output y i32", "") if "store y" in node else GOOD
        operands = operands + "; table t i32" if "gather t" in node else operands
        tail = "\nstore y %x" if "; output y" in operands else ""
        if "store y" in node:
            operands, tail = operands + "; output y i32", ""
        f.graph("verify_" + name, operands, HEAD + node + tail).error("VERIFY")
    for name, text in VERIFY_TEXTS:
        f.case("verify_" + name, "text", text).error("VERIFY")


def limit_cases(f):
    operands = ["param p%d i32" % k for k in range(1025)]
    f.graph("limit_operands", operands, []).error("LIMIT")
    nodes = ["%x = const i32 1"] + ["%%v%d = branch %%x {" % k for k in range(65)] + ["yield %x }"]
    nodes += ["yield %%v%d }" % k for k in range(64, 0, -1)]
    f.graph("limit_nested_branches", [], nodes).error("LIMIT")
    nodes = ["%x = const i32 1", "%b = const bool false"]
    nodes += ["%%v%d = loop %%p%d = %%x { test %%b" % (k, k) for k in range(65)] + ["yield %x }"]
    nodes += ["yield %%v%d }" % k for k in range(64, 0, -1)]
    f.graph("limit_nested_loops", [], nodes).error("LIMIT")
    f.graph("limit_array_elements", [], "%%a = array u8 %d" % ((1 << 20) + 1)).error("LIMIT")
    f.graph("limit_array_elements_2_32", [], "%a = array u8 4294967297").error("LIMIT")
    f.graph("limit_array_elements_2_63", [], "%a = array u64 9223372036854775808").error("LIMIT")
    full = "%a = array f64 1048576\n%b = array i64 1048576\n"
    f.graph("limit_array_bytes", [], full + "%c = array u8 1").error("LIMIT")
    for k in (699050, 699051):
        case = f.graph(
            "carried_array_%d" % k, "output y u8", """%%a = array f64 %d
%%z = const u8 7
%%b = const bool false
%%c = loop %%d = %%a { test %%b yield %%d }
store y %%z""" % k)
        if k == 699050:
            case.run(1).take("y", "u8", [7])
        else:
            case.error("LIMIT")
    long = "n" * 256
    f.case("limit_name_of_graph", "text", "graph %s { }" % long).error("LIMIT")
    f.graph("limit_name_of_operand", "param %s i32" % long, []).error("LIMIT")
    f.graph("limit_name_of_value", [], "%%%s = const i32 1" % long).error("LIMIT")
    case = f.graph("full_array_bytes", "output y u8", full + "%c = const u8 1\nstore y %c")
    case.run(1).take("y", "u8", [1])
    operands = ["result r%d u8" % k for k in range(65)]
    nodes = ["%d = const u8 1"] + ["%s r%d %%d, %%d" % (("argmin", "argmax")[k % 2], k) for k in range(65)]
    f.graph("limit_argmin_argmax", operands, nodes).error("LIMIT")


def first_error_cases(f):
    """The first of several errors decides."""
    f.graph("first_is_verify", "output y i32",
            "%a = const i32 1\n%b = sqrt %a\n%c = nonsense %a\nstore y %a").error("VERIFY")
    f.graph("first_is_parse", "output y i32",
            "%a = const i32 1\n%c = nonsense %a\n%b = sqrt %a\nstore y %a").error("PARSE")
    f.graph("first_is_limit", [], "%a = array u8 2000000\n%b = sqrt %a").error("LIMIT")
    f.graph("first_is_verify_then_limit", [], "%x = const i32 1\n%b = sqrt %x\n%a = array u8 2000000").error("VERIFY")


def accepted_cases(f):
    """Odd but correct text."""
    y = [5, 5, 5]
    case = f.case("all_on_one_line", "text", "graph g{output y i32 %a=const i32 5 store y %a}")
    case.run(3).take("y", "i32", y)
    case = f.case("every_token_on_its_line", "text",
                  "graph\ng\n{\noutput\ny\ni32\n%a\n=\nconst\ni32\n5\nstore\ny\n%a\n}")
    case.run(3).take("y", "i32", y)
    case = f.case(
        "comments_and_tabs", "text", "graph g { # { } graph\n\toutput y i32# here\n\t%a = const\ti32 5 # 6\n"
        "  store y # %b\n %a }# the end")
    case.run(3).take("y", "i32", y)
    case = f.case(
        "words_as_names", "text",
        "graph graph { output output i32 input input i32 param param i32 = 0 %load = load input "
        "%const = param param %yield = add %load, %const store output %yield }")
    case.run(2).give("input", "i32", [7, 8]).take("output", "i32", [7, 8])
    case = f.case("names_with_dots", "text",
                  "graph _a.b.c { output _y.0 i32 %_ = const i32 5 %a.b = neg %_ %0 = neg %a.b store _y.0 %0 }")
    case.run(1).take("_y.0", "i32", [5])
    long = "n" * 255
    case = f.case("longest_names", "text",
                  "graph %s { output %s i32 %%%s = const i32 5 store %s %%%s }" % (long, long, long, long, long))
    case.run(1).take(long, "i32", [5])
    case = f.graph(
        "number_forms", "output a i64; output b u64; output c i8; output d u32; output e f64",
        """%a = const i64 -9223372036854775808
%b = const u64 0xFFFFffffFFFFffff
%c = const i8 -0x80
%d = const u32 0x0
%e = const f64 -0
store a %a
store b %b
store c %c
store d %d
store e %e""")
    run = case.run(1).take("a", "i64", [1 << 63]).take("b", "u64", [2**64 - 1]).take("c", "i8",
                                                                                     [0x80]).take("d", "u32", [0])
    run.take("e", "f64", [1 << 63])
    case = f.graph(
        "labels_of_digits", "output y i32; output z i32",
        "%5 = const i32 1\n%05 = const i32 2\n%99999999999999999999 = neg %5\n"
        "store y %05\nstore z %99999999999999999999")
    case.run(1).take("y", "i32", [2]).take("z", "i32", [2**32 - 1])
    case = f.graph(
        "too_large_is_infinity", "output y f32; output z f64; output w f32",
        "%y = const f32 3.4028236e38\n%z = const f64 -1e400\n"
        "%w = const f32 340282356779733661637539395458142568447\nstore y %y\nstore z %z\nstore w %w")
    case = case.run(1).take("y", "f32", [0x7F800000]).take("z", "f64",
                                                           [0xFFF0000000000000]).take("w", "f32", [0x7F7FFFFF])
    case = f.graph("same_name_for_operand_and_value", "input x i32; output y i32",
                   "%y = load x\n%x = neg %y\nstore y %x")
    case.run(1).give("x", "i32", [3]).take("y", "i32", [2**32 - 3])
    defaults = [("bool", "true", 1), ("i8", "-128", 128), ("u64", "18446744073709551615", 2**64 - 1),
                ("f32", "nan", 0x7FC00000), ("f64", "-inf", 0xFFF0000000000000), ("f32", "0.1", 0x3DCCCCCD),
                ("f64", "3", from_float("f64", 3.0))]
    for k, (t, text, bits) in enumerate(defaults):
        case = f.graph("default_%s_%d" % (t, k), "param p %s = %s; output y %s" % (t, text, t),
                       "%p = param p\nstore y %p")
        case.run(2).take("y", t, [bits] * 2)


def files():
    f = Tgt("text_errors", "Graph text that is refused: PARSE, VERIFY, LIMIT; and odd text that is not.")
    parse_cases(f)
    verify_cases(f)
    limit_cases(f)
    first_error_cases(f)
    accepted_cases(f)
    return [f]
