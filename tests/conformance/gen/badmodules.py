"""Binary modules for module.tgt that are malformed (FORMAT), break rules (VERIFY) or pass limits (LIMIT).

Most are a small right module with one field changed; every prefix of one is tried as well.
"""
import struct

from .encode import Module, string


def simple():
    m = Module("simple").operand("input", "x", "i32").operand("output", "y", "i32")
    x = m.node("load", results=1, operand="x")
    y = m.node("add", [x, x], 1)
    m.node("store", [y], operand="y")
    return m


def format_cases(f):
    m = simple()
    m.doc = "Doc.\n"
    m.name_value(0, "x").name_value(1, "sum")
    good = m.data()
    f.case("reference", "binary", good).run(2).give("x", "i32", [3, 2**31]).take("y", "i32", [6, 0])
    for k in range(len(good)):
        f.case("truncated_%d" % k, "binary", good[:k]).error("FORMAT")
    f.case("one_byte_more", "binary", good + b"\x00").error("FORMAT")
    f.case("empty_module", "binary", Module("e").data()).run(9)
    rows = {
        "bad_magic": simple().data(magic=b"TGC\x1a"),
        "magic_without_1a": simple().data(magic=b"TGB\x1b"),
        "version_0": simple().data(version=0),
        "version_2": simple().data(version=2),
        "version_256": simple().data(version=256),
        "zero_not_zero": simple().data(zero=1),
        "operands_more": simple().data(n_operands=3),
        "operands_fewer": simple().data(n_operands=1),
        "operands_huge": simple().data(n_operands=2**32 - 1),
        "nodes_more": simple().data(n_nodes=4),
        "nodes_fewer": simple().data(n_nodes=2),
        "nodes_huge": simple().data(n_nodes=2**32 - 1),
        "names_more": simple().data(n_names=1),
        "names_huge": simple().data(n_names=2**32 - 1),
        "doc_longer_than_file": b"TGB\x1a\x01\x00\x00\x00" + string("g") + struct.pack("<I", 2**32 - 1) + b"abc\n",
        "name_longer_than_file": b"TGB\x1a\x01\x00\x00\x00" + struct.pack("<H", 65535) + b"ggg",
        "operand_kind_6": simple().operand("input", "z", "i32", kind_number=6).data(),
        "operand_kind_255": simple().operand("input", "z", "i32", kind_number=255).data(),
        "operand_mode_23": simple().operand("input", "z", "i32", mode_number=23).data(),
        "operand_mode_255": simple().operand("input", "z", "i32", mode_number=255).data(),
        "has_default_2": simple().operand("param", "z", "i32", default=1, has=2).data(),
        "default_not_zero_extended": simple().operand("param", "z", "u8", default=256).data(),
        "default_sign_extended": simple().operand("param", "z", "i32", default=2**64 - 1).data(),
        "default_nan_not_canonical": simple().operand("param", "z", "f32", default=0x7F800001).data(),
        "default_nan_negative": simple().operand("param", "z", "f64", default=0xFFF8000000000000).data(),
        "default_bool_2": simple().operand("param", "z", "bool", default=2).data(),
    }
    for name, data in rows.items():
        f.case("format_" + name, "binary", data).error("FORMAT")
    field_cases(f)
    value_cases(f)
    marker_cases(f)
    name_cases(f)


def with_node(op, args, results, **field):
    """The simple module with one node more at its end; value 0 is i32 x, 1 is i32, 2 bool, 3 u64, 4 f32."""
    m = Module("g").operand("input", "x", "i32").operand("output", "y", "i32").operand("table", "t", "i32")
    x = m.node("load", results=1, operand="x")
    m.node("add", [x, x], 1)
    m.node("const", results=1, type="bool", immediate=1)
    m.node("const", results=1, type="u64", immediate=5)
    m.node("const", results=1, type="f32", immediate=0x3F800000)
    m.node("store", [x], operand="y")
    m.node(op, args, results, **field)
    return m


def field_cases(f):
    rows = [
        ("op_43", ("add", [0, 0], 1), dict(number=43)),
        ("op_255", ("add", [0, 0], 1), dict(number=255)),
        ("type_11", ("const", [], 1), dict(type=11)),
        ("type_255", ("convert", [0], 1), dict(type=255)),
        ("type_bitcast_11", ("bitcast", [0], 1), dict(type=11)),
        ("type_array_11", ("array", [], 1), dict(type=11, immediate=1)),
        ("type_unused_add", ("add", [0, 0], 1), dict(type=3)),
        ("type_unused_load", ("load", [], 1), dict(type=3)),
        ("type_unused_gather", ("gather", [0], 1), dict(type=3, operand=2)),
        ("detail_unused_add", ("add", [0, 0], 1), dict(detail=1)),
        ("detail_unused_const", ("const", [], 1), dict(type=3, detail=1)),
        ("detail_round_4", ("round", [4], 1), dict(detail=4)),
        ("detail_round_256", ("round", [4], 1), dict(detail=256)),
        ("detail_linear_ring_4", ("linear", [0], 1), dict(detail=4)),
        ("detail_linear_format_3", ("linear", [0], 1), dict(detail=768)),
        ("detail_combine_6", ("combine", [0, 0], 0), dict(detail=6)),
        ("position_unused_add", ("add", [0, 0], 1), dict(position=1)),
        ("position_unused_store", ("store", [0], 0), dict(operand=1, position=1)),
        ("operand_unused_add", ("add", [0, 0], 1), dict(operand=1)),
        ("operand_3", ("load", [], 1), dict(operand=3)),
        ("operand_huge", ("load", [], 1), dict(operand=2**32 - 1)),
        ("operand_store_huge", ("store", [0], 0), dict(operand=2**31)),
        ("immediate_unused_add", ("add", [0, 0], 1), dict(immediate=1)),
        ("immediate_unused_convert", ("convert", [0], 1), dict(type=3, immediate=1)),
        ("immediate_unused_linear_int", ("linear", [0], 1), dict(immediate=7)),
        ("const_i32_not_zero_extended", ("const", [], 1), dict(type=3, immediate=1 << 32)),
        ("const_u8_not_zero_extended", ("const", [], 1), dict(type=5, immediate=256)),
        ("const_i8_sign_extended", ("const", [], 1), dict(type=1, immediate=2**64 - 1)),
        ("const_nan_payload", ("const", [], 1), dict(type=9, immediate=0x7FC00001)),
        ("const_nan_negative", ("const", [], 1), dict(type=10, immediate=0xFFF8 << 48)),
        ("results_of_add_0", ("add", [0, 0], 0), {}),
        ("results_of_add_2", ("add", [0, 0], 2), {}),
        ("results_of_divmod_1", ("divmod", [0, 0], 1), {}),
        ("results_of_store_1", ("store", [0], 1), dict(operand=1)),
        ("results_of_trap_1", ("trap", [2], 1), {}),
        ("results_of_const_0", ("const", [], 0), dict(type=3)),
        ("const_bool_2", ("const", [], 1), dict(type=0, immediate=2)),
        ("const_f32_not_zero_extended", ("const", [], 1), dict(type=9, immediate=1 << 63)),
        ("arguments_huge", ("add", [0, 0], 1), dict(n_args=2**32 - 1)),
        ("arguments_more_than_left", ("add", [0, 0], 1), dict(n_args=100)),
        ("entries_huge", ("linear", [0], 1), dict(n_entries=2**32 - 1)),
        ("entries_more_than_left", ("linear", [0], 1), dict(n_entries=1)),
    ]
    for name, args, field in rows:
        f.case("format_" + name, "binary", with_node(*args, **field).data()).error("FORMAT")
    for op in ("add", "load", "const", "store", "trap", "charge", "loop", "branch", "test", "yield", "uniform", "array",
               "linear"):
        m = with_node(op, [], 0)
        broken = m.nodes[-1][:4] + bytes([1]) * 8 + b"\xff" * 8 + m.nodes[-1][20:]
        if op in ("trap", "charge", "loop", "load", "store"):
            broken = m.nodes[-1][:2] + b"\xff\xff" + m.nodes[-1][4:]
        m.nodes[-1] = broken
        f.case("format_unused_fields_of_" + op, "binary", m.data()).error("FORMAT")


def value_cases(f):
    """A value that nothing defines is FORMAT, also behind an error of another kind; so is a wrong number of results."""
    for k in (6, 7, 2**31, 2**32 - 1):
        f.case("format_value_%d" % k, "binary", with_node("add", [k, 0], 1).data()).error("FORMAT")
        entry = with_node("linear", [3], 1, entries=[(0, 0, k)])
        f.case("format_entry_value_%d" % k, "binary", entry.data()).error("FORMAT")
    m = with_node("add", [0, 4], 1)
    m.node("neg", [0], 1, position=1)
    f.case("format_after_verify", "binary", m.data()).error("FORMAT")
    m = with_node("array", [], 1, type="u8", immediate=2**40)
    f.case("format_after_limit", "binary", m.data() + b"x").error("FORMAT")
    m = with_node("add", [0, 4], 1)
    m.node("array", [], 1, type="u8", immediate=2**40)
    f.case("verify_before_limit", "binary", m.data()).error("VERIFY")
    m = with_node("array", [], 1, type="u8", immediate=2**40)
    m.node("add", [0, 4], 1)
    f.case("limit_before_verify", "binary", m.data()).error("LIMIT")
    rows = {
        "loop_too_many": [("loop", [0], 2), ("test", [0]), ("yield", [1])],
        "loop_too_few": [("loop", [0, 0], 1), ("test", [0]), ("yield", [1, 2])],
        "branch_too_many": [("branch", [0], 2, {"immediate": 1}), ("yield", [0])],
        "branch_too_few": [("branch", [0], 1, {"immediate": 1}), ("yield", [0, 0])],
        "test": [("loop", [0], 1), ("test", [0], 1), ("yield", [1])],
        "yield": [("loop", [0], 1), ("test", [0]), ("yield", [1], 1)],
    }
    for name, nodes in rows.items():
        f.case("format_results_of_" + name, "binary", raw_nodes(*nodes)).error("FORMAT")


def raw_nodes(*nodes):
    m = Module("g")
    m.node("const", results=1, type="bool", immediate=0)
    for node in nodes:
        m.node(node[0], node[1] if len(node) > 1 else [], node[2] if len(node) > 2 else 0,
               **(node[3] if len(node) > 3 else {}))
    return m.data()


def marker_cases(f):
    rows = {
        "test_outside": [("test", [0])],
        "yield_outside": [("yield", [0])],
        "yield_of_nothing_outside": [("yield", )],
        "loop_not_closed": [("loop", [0], 1), ("test", [0])],
        "loop_without_test": [("loop", [0], 1), ("yield", [0])],
        "loop_open_at_end": [("loop", [0], 1)],
        "loop_two_tests": [("loop", [0], 1), ("test", [0]), ("test", [0]), ("yield", [0])],
        "test_in_branch": [("branch", [0], 1, {"immediate": 1}), ("test", [0]), ("yield", [0])],
        "branch_not_closed": [("branch", [0], 1, {"immediate": 2}), ("yield", [0])],
        "branch_one_body_too_many": [("branch", [0], 1, {"immediate": 1}), ("yield", [0]), ("yield", [0])],
        "branch_bodies_more_than_nodes": [("branch", [0], 1, {"immediate": 1000}), ("yield", [0])],
        "uniform_not_first": [("uniform", ), ("yield", )],
    }
    for name, nodes in rows.items():
        f.case("format_marker_" + name, "binary", raw_nodes(*nodes)).error("FORMAT")
    m = Module("g")
    m.node("uniform")
    f.case("format_marker_uniform_not_closed", "binary", m.data()).error("FORMAT")
    m.node("uniform")
    m.node("yield")
    m.node("yield")
    f.case("format_marker_uniform_in_uniform", "binary", m.data()).error("FORMAT")
    m = Module("g")
    for _ in range(2):
        m.node("uniform")
        m.node("yield")
    f.case("format_marker_uniform_twice", "binary", m.data()).error("FORMAT")
    m = Module("g")
    m.node("uniform")
    m.node("yield")
    f.case("uniform_block_empty", "binary", m.data()).run(2)


def name_cases(f):

    def named(*names):
        m = simple()
        for value, name in names:
            m.name_value(value, name)
        return m.data()

    good = [((0, "a"), ), ((1, "a"), ), ((0, "a"), (1, "b")), ((0, "y"), (1, "x")), ((0, "n" * 255), )]
    for k, names in enumerate(good):
        f.case("names_%d" % k, "binary", named(*names)).run(1).give("x", "i32", [4]).take("y", "i32", [8])
    bad = [((2, "a"), ), ((2**32 - 1, "a"), ), ((1, "a"), (0, "b")), ((0, "a"), (0, "b"))]
    for k, names in enumerate(bad):
        f.case("format_names_%d" % k, "binary", named(*names)).error("FORMAT")
    for name, names in (("empty", ((0, ""), )), ("digit_first", ((0, "9a"), )), ("bad_character", ((0, "a-b"), )),
                        ("blank", ((0, "a "), )), ("taken", ((0, "a"), (1, "a"))), ("percent", ((0, "%a"), )),
                        ("nul", ((0, "a\0"), ))):
        f.case("verify_name_" + name, "binary", named(*names)).error("VERIFY")
    f.case("limit_name_256", "binary", named((0, "n" * 256))).error("LIMIT")
    operand_name_cases(f)


def operand_name_cases(f):
    for name, text in (("empty", ""), ("digit_first", "1"), ("bad_character", "a:b"), ("taken", "x"), ("not_ascii",
                                                                                                       "\u00e9")):
        f.case("verify_operand_name_" + name, "binary",
               simple().operand("param", text, "i32", 3).data()).error("VERIFY")
    f.case("limit_operand_name_256", "binary", simple().operand("param", "n" * 256, "i32", 3).data()).error("LIMIT")
    for name, text in (("empty", ""), ("bad_character", "a b")):
        m = simple()
        m.name = text
        f.case("verify_graph_name_" + name, "binary", m.data()).error("VERIFY")
    m = simple()
    m.name = "n" * 256
    f.case("limit_graph_name_256", "binary", m.data()).error("LIMIT")
    for mode in ("f16", "i32be"):
        f.case("verify_param_of_" + mode, "binary", simple().operand("param", "p", mode).data()).error("VERIFY")
    for kind in ("input", "table", "result"):
        f.case("format_default_of_" + kind, "binary", simple().operand(kind, "p", "i32", 1).data()).error("FORMAT")


def verify_cases(f):
    rows = [
        ("two_types", ("add", [0, 4], 1), {}),
        ("add_of_bool", ("add", [2, 2], 1), {}),
        ("shift_of_float", ("shl", [4, 4], 1), {}),
        ("select_by_integer", ("select", [0, 0, 0], 1), {}),
        ("load_of_output", ("load", [], 1), dict(operand=1)),
        ("gather_of_input", ("gather", [0], 1), dict(operand=0)),
        ("output_twice", ("store", [0], 0), dict(operand=1)),
        ("bitcast_of_other_size", ("bitcast", [0], 1), dict(type=4)),
        ("bitcast_to_bool", ("bitcast", [0], 1), dict(type=0)),
        ("array_of_none", ("array", [], 1), dict(type=3, immediate=0)),
        ("trap_code", ("trap", [2], 0), dict(immediate=1 << 31)),
        ("trap_code_2_32", ("trap", [2], 0), dict(immediate=1 << 32)),
        ("trap_of_integer", ("trap", [0], 0), {}),
        ("charge_of_i32", ("charge", [0], 0), {}),
        ("linear_entry_of_lane", ("linear", [0], 1), dict(entries=[(0, 0, 0)])),
        ("linear_mod_of_signed", ("linear", [0], 1), dict(detail=2, immediate=7)),
        ("linear_mod_0", ("linear", [3], 1), dict(detail=2, immediate=0)),
        ("linear_row", ("linear", [3], 1), dict(entries=[(1, 0, 3)])),
        ("linear_row_huge", ("linear", [3], 1), dict(entries=[(2**32 - 1, 0, 3)])),
        ("linear_column", ("linear", [3], 1), dict(entries=[(0, 2, 3)])),
        ("linear_column_huge", ("linear", [3], 1), dict(entries=[(0, 2**32 - 1, 3)])),
        ("linear_twice", ("linear", [3], 1), dict(entries=[(0, 0, 3), (0, 0, 3)])),
        ("linear_order", ("linear", [3], 1), dict(entries=[(0, 1, 3), (0, 0, 3)])),
        ("add_of_one", ("add", [0], 1), {}),
        ("add_of_three", ("add", [0, 0, 0], 1), {}),
        ("load_of_one", ("load", [0], 1), {}),
        ("const_of_one", ("const", [0], 1), {}),
        
        ("iota_of_lanes", ("iota", [0, 0], 1), {}),
        ("argument_is_itself", ("add", [5, 0], 1), {}),
    ]
    for name, args, field in rows:
        f.case("verify_" + name, "binary", with_node(*args, **field).data()).error("VERIFY")
    m = Module("g")
    m.node("add", [1, 1], 1)
    m.node("const", results=1, type="i32", immediate=1)
    f.case("verify_forward_reference", "binary", m.data()).error("VERIFY")
    m = Module("g")
    m.node("neg", [1], 1)
    m.node("neg", [0], 1)
    f.case("verify_cycle", "binary", m.data()).error("VERIFY")
    f.case("verify_test_of_integer", "binary", loop_module(test="x")).error("VERIFY")
    f.case("verify_loop_yields_bool", "binary", loop_module(give="b")).error("VERIFY")
    f.case("verify_value_of_closed_body", "binary", loop_module(after=True)).error("VERIFY")
    m = Module("g").operand("output", "y", "i32")
    f.case("verify_output_not_written", "binary", m.data()).error("VERIFY")
    for mode in ("f32", "bool", "f16", "f64be"):
        m = Module("g").operand("accumulator", "a", mode)
        z = m.node("const", results=1, type="u8", immediate=0)
        v = m.node("const",
                   results=1,
                   type="bool" if mode == "bool" else "f64" if mode == "f64be" else "f32",
                   immediate=0)
        m.node("combine", [z, v], operand="a")
        f.case("verify_accumulator_of_" + mode, "binary", m.data()).error("VERIFY")
    limit_cases(f)


def loop_module(test="b", give="x", after=False):
    m = Module("g")
    x = m.node("const", results=1, type="i32", immediate=1)
    b = m.node("const", results=1, type="bool", immediate=0)
    c = m.node("loop", [x], 1)
    m.node("test", [{"b": b, "x": x}[test]])
    n = m.node("neg", [c], 1)
    m.end({"x": n, "b": b}[give])
    if after:
        m.node("neg", [n], 1)
    return m.data()


def limit_cases(f):
    m = Module("g")
    for k in range(1025):
        m.operand("param", "p%d" % k, "bool")
    f.case("limit_operands", "binary", m.data()).error("LIMIT")
    for depth in (64, 65):
        m = Module("g").operand("output", "y", "u8")
        x = m.node("const", results=1, type="u8", immediate=7)
        for _ in range(depth):
            m.node("branch", [x], 1, immediate=1)
        v = x
        for _ in range(depth):
            v = m.end(v)
        m.node("store", [v], operand="y")
        case = f.case("nested_%d" % depth, "binary", m.data())
        if depth == 64:
            case.run(2).take("y", "u8", [7, 7])
        else:
            case.error("LIMIT")
    for k in (2**20 + 1, 2**32, 2**63, 2**64 - 1):
        m = Module("g")
        m.node("array", results=1, type="u8", immediate=k)
        f.case("limit_array_%d" % k, "binary", m.data()).error("LIMIT")
    # 1 + 32 * 65535 + 31 values are 2^21; the node after them breaks a rule, so that the graph need not be run.
    for last, status in ((31, "VERIFY"), (32, "LIMIT")):
        m = Module("g")
        x = m.node("const", results=1, type="u8", immediate=7)
        for results in [65535] * 32 + [last]:
            m.node("linear", [x], results, detail=0)
        m.node("trap", [x])
        f.case("values_2_21_and_%d" % (last - 31), "binary", m.data()).error(status)
    m = Module("g")
    for _ in range(3):
        m.node("array", results=1, type="u64", immediate=1 << 20)
    f.case("limit_array_bytes", "binary", m.data()).error("LIMIT")
    m = Module("g")
    d = m.node("const", results=1, type="u8", immediate=1)
    for k in range(65):
        m.operand("result", "r%d" % k, "u8")
        m.node("argmin", [d, d], operand="r%d" % k)
    f.case("limit_argmin", "binary", m.data()).error("LIMIT")
