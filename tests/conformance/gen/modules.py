"""module.tgt: binary modules: the same graphs as text and as module, malformed modules, modules that break rules."""
import struct

from . import ieee
from .arith import divmod_euclid
from .base import TYPES, Tgt, encode, from_float, signed, wrap
from .edges import edges, some
from .encode import OPS, Module, string
from .lanes import FUEL_CODE


def simple():
    m = Module("simple").operand("input", "x", "i32").operand("output", "y", "i32")
    x = m.node("load", results=1, operand="x")
    y = m.node("add", [x, x], 1)
    m.node("store", [y], operand="y")
    return m


def pair(f, name, text, module, runs):
    runs(f.case(name + "_text", "text", text))
    runs(f.case(name + "_module", "binary", module.data()))


def arithmetic_pair(f):
    m = Module("arith", "A graph with a doc text.\nTwo lines.\n").operand("input", "a", "i16be").operand("param", "p", "i16", 0xFFFD)
    m.operand("output", "q", "i16").operand("output", "r", "f64be").operand("result", "s", "i64")
    a, p = m.node("load", results=1, operand="a"), m.node("param", results=1, operand="p")
    q, r = m.node("divmod", [a, p], 2)
    c = m.node("const", results=1, type="i16", immediate=0xFFFF)
    t = m.node("mul", [r, c], 1)
    u = m.node("convert", [t], 1, type="f64")
    v = m.node("round", [u], 1, detail=2)
    m.node("store", [q], operand="q")
    m.node("store", [v], operand="r")
    m.node("sum", [q], operand="s")
    m.name_value(a, "a").name_value(q, "quotient").name_value(v, "v")
    text = """# A graph with a doc text.
# Two lines.
graph arith {
  input a i16be
  param p i16 = -3
  output q i16
  output r f64be
  result s i64
  %a = load a
  %1 = param p
  %quotient, %3 = divmod %a, %1
  %4 = const i16 -1
  %5 = mul %3, %4
  %6 = convert f64 %5
  %v = round up %6
  store q %quotient
  store r %v
  sum s %quotient
}"""

    def runs(case):
        for p in (None, 7, 0, 0xFFFF):
            a = edges("i16")
            out = [divmod_euclid("i16", v, 0xFFFD if p is None else p) for v in a]
            run = case.run(len(a)).give("a", "i16be", a)
            if p is not None:
                run.give("p", "i16", [p])
            run.take("q", "i16", [o[0] for o in out])
            run.take("r", "f64be", [from_float("f64", float(signed("i16", wrap("i16", -o[1])))) if o[1] else 0 for o in out])
            run.take("s", "i64", [wrap("i64", sum(signed("i16", o[0]) for o in out))])
    pair(f, "arithmetic", text, m, runs)


def loop_pair(f):
    m = Module("steps").operand("input", "n", "u32").operand("output", "y", "u32")
    n = m.node("load", results=1, operand="n")
    z, o = (m.node("const", results=1, type="u32", immediate=k) for k in (0, 1))
    p, q, i = m.node("loop", [z, o, n], 3, position=70000)
    e = m.node("eq", [i, z], 1)
    c = m.node("not", [e], 1)
    m.node("test", [c])
    s = m.node("add", [p, q], 1)
    j = m.node("sub", [i, o], 1)
    a, b, _ = m.end(q, s, j)
    m.node("branch", [n], 1, immediate=3)
    m.end(a)
    m.end(b)
    d = m.node("xor", [a, b], 1)
    k = m.node("not", [d], 1)
    r = m.end(k)
    m.node("store", [r], operand="y")
    text = """graph steps { input n u32 output y u32
  %n = load n
  %z = const u32 0
  %o = const u32 1
  %a, %b, %l = loop %p = %z, %q = %o, %i = %n @70000 {
    %e = eq %i, %z
    %c = not %e
    test %c
    %s = add %p, %q
    %j = sub %i, %o
    yield %q, %s, %j
  }
  %r = branch %n { yield %a } { yield %b } { %d = xor %a, %b %k = not %d yield %k }
  store y %r
}"""

    def runs(case):
        for fuel in (None, 0, 1, 5, 60):
            out, counts = [], [0, 1, 2, 3, 7, 50, 100]
            for count in counts:
                a, b = 0, 1
                for _ in range(count):
                    a, b = b, wrap("u32", a + b)
                out.append(None if fuel is not None and count > fuel else (a, b)[count] if count < 2 else wrap("u32", ~(a ^ b)))
            run = case.run(len(counts), fuel).give("n", "u32", counts).take("y", "u32", out)
            if None in out:
                run.trapped(out.count(None), out.index(None), FUEL_CODE, 70000)
    pair(f, "loop_and_branch", text, m, runs)


def uniform_pair(f):
    m = Module("uni").operand("param", "n", "u64").operand("output", "y", "u64").operand("output", "k", "u64")
    m.node("uniform")
    n = m.node("param", results=1, operand="n")
    z, o = (m.node("const", results=1, type="u64", immediate=k) for k in (0, 1))
    a, i = m.node("loop", [o, n], 3)
    c = m.node("lt", [z, i], 1)
    m.node("test", [c])
    b = m.node("add", [a, a], 1)
    j = m.node("sub", [i, o], 1)
    r, _, count = m.end(b, j)
    m.end()
    i2 = m.node("iota", [r, count], 1)
    m.node("store", [i2], operand="y")
    m.node("store", [count], operand="k")
    text = """graph uni { param n u64 output y u64 output k u64 uniform { %n = param n %z = const u64 0 %o = const u64 1
%r, %l, %count = loop %a = %o, %i = %n { %c = lt %z, %i test %c %b = add %a, %a %j = sub %i, %o yield %b, %j } }
%v = iota %r, %count store y %v store k %count }"""

    def runs(case):
        for n, fuel in ((0, None), (5, None), (5, 5), (5, 4), (70, None)):
            done = n if fuel is None else min(n, fuel)
            r, count = wrap("u64", 1 << done), done if done == n else 2 ** 64 - 1
            run = case.run(4, fuel).give("n", "u64", [n]).take("y", "u64", [wrap("u64", r + k * count) for k in range(4)])
            run.take("k", "u64", [count] * 4)
    pair(f, "uniform_block", text, m, runs)


def linear_pair(f):
    m = Module("lin").operand("input", "x", "u8").operand("output", "a", "u8").operand("output", "b", "u8").operand("output", "c", "u8")
    x = m.node("load", results=1, operand="x")
    k3, k7, kf = (m.node("const", results=1, type="u8", immediate=k) for k in (3, 7, 0xF1))
    a, b = m.node("linear", [x], 2, entries=[(0, 0, k3), (0, 1, k7), (1, 1, k7)])
    g = m.node("linear", [x], 1, detail=1 + 256 * 2, entries=[(0, 0, kf), (3, 0, k7), (7, 1, k3)])
    p = m.node("linear", [x, g], 1, detail=2 + 256, immediate=251, entries=[(0, 0, kf), (0, 1, k7), (0, 2, k3)])
    s = m.node("xor", [a, b], 1)
    for name, v in zip("abc", (s, g, p)):
        m.node("store", [v], operand=name)
    text = """graph lin { input x u8 output a u8 output b u8 output c u8 %x = load x %k3 = const u8 3 %k7 = const u8 7 %kf = const u8 0xF1
%a, %b = linear int auto %x { 0 0 %k3, 0 1 %k7, 1 1 %k7 } %g = linear gf2 dense %x { 0 0 %kf, 3 0 %k7, 7 1 %k3 }
%p = linear mod 251 csr %x, %g { 0 0 %kf, 0 1 %k7, 0 2 %k3 } %s = xor %a, %b store a %s store b %g store c %p }"""

    def runs(case):
        x = list(range(0, 256, 5))
        parity = lambda v: bin(v).count("1") & 1
        g = [parity(v & 0xF1) | parity(v & 7) << 3 | 1 << 7 for v in x]
        run = case.run(len(x)).give("x", "u8", x).take("a", "u8", [wrap("u8", 3 * v + 7) ^ 7 for v in x]).take("b", "u8", g)
        run.take("c", "u8", [(0xF1 * v + 7 * w + 3) % 251 for v, w in zip(x, g)])
    pair(f, "linear_maps", text, m, runs)


def array_pair(f):
    m = Module("arr").operand("table", "t", "i64").operand("input", "i", "i64").operand("accumulator", "h", "u16be").operand("result", "w", "f32")
    i = m.node("load", results=1, operand="i")
    g = m.node("gather", [i], 1, operand="t")
    a = m.node("array", results=1, type="i64", immediate=4)
    b = m.node("astore", [a, i, g], 1)
    v = m.node("aload", [b, i], 1)
    e = m.node("eq", [v, i], 1)
    m.node("trap", [e], immediate=2147483647, position=4294967295)
    c = m.node("convert", [i], 1, type="u64")
    m.node("charge", [c], position=9)
    d = m.node("convert", [v], 1, type="u16")
    fl = m.node("convert", [v], 1, type="f32")
    m.node("combine", [i, d], operand="h", detail=2)
    m.node("argmax", [fl, v], operand="w")
    text = """graph arr { table t i64 input i i64 accumulator h u16be result w f32 %i = load i %g = gather t %i %a = array i64 4
%b = astore %a, %i, %g %v = aload %b, %i %e = eq %v, %i trap 2147483647 %e @4294967295 %c = convert u64 %i charge %c @9
%d = convert u16 %v %f = convert f32 %v combine h max %i, %d argmax w %f, %v }"""

    def runs(case):
        t, h = [500, 1, 70000, 9, 3], [5, 6, 7]
        for lanes, fuel in (([1, 2, 3, 4], None), ([2, 2, 0], 2), ([3, 2, 1], 2), ([1], None), ([], None), ([0, 5], 100)):
            table, best, count, first = list(h), None, 0, None
            for lane, i in enumerate(lanes):
                v = t[i] if i < 4 else 0
                trap = (2147483647, 4294967295) if v == i else (FUEL_CODE, 9) if fuel is not None and i > fuel else None
                if trap:
                    count, first = count + 1, first or (lane,) + trap
                    continue
                best = v if best is None or v > best else best
                if i < 3:
                    table[i] = max(table[i], v & 65535)
            run = case.run(len(lanes), fuel).give("t", "i64", t).give("i", "i64", lanes)
            run.memory("h", encode("u16be", h)).bind("h", "h", 0, 2)
            if table != h:
                run.expect("h", encode("u16be", table))
            run.take("w", "f32", [from_float("f32", float(best or 0))])
            run.none(1 if best is None else 0)
            if count:
                run.trapped(count, *first)
    pair(f, "arrays_traps_sinks", text, m, runs)


def float_pair(f):
    m = Module("fl", "").operand("input", "a", "f32").operand("output", "y", "u32").operand("param", "n", "f32", 0x7FC00000)
    a = m.node("load", results=1, operand="a")
    n = m.node("param", results=1, operand="n")
    k = m.node("const", results=1, type="f32", immediate=0x80000000)
    q = m.node("div", [a, k], 1)
    s = m.node("sqrt", [q], 1)
    t = m.node("fma", [a, a, s], 1)
    c = m.node("lt", [a, k], 1)
    u = m.node("select", [c, t, n], 1)
    v = m.node("bitcast", [u], 1, type="u32")
    m.node("store", [v], operand="y")
    text = """graph fl { input a f32 output y u32 param n f32 = nan %a = load a %n = param n %k = const f32 -0.0 %q = div %a, %k
%s = sqrt %q %t = fma %a, %a, %s %c = lt %a, %k %u = select %c, %t, %n %v = bitcast u32 %u store y %v }"""

    def one(a, n):
        s = ieee.sqrt("f32", ieee.div("f32", a, 0x80000000))
        return ieee.fma("f32", a, a, s) if ieee.less("f32", a, 0x80000000) else n

    def runs(case):
        a = edges("f32") + some("f32", 9, "module")
        case.run(len(a)).give("a", "f32", a).take("y", "u32", [one(v, 0x7FC00000) for v in a])
        case.run(len(a)).give("a", "f32", a).give("n", "f32", [0x3F800000]).take("y", "u32", [one(v, 0x3F800000) for v in a])
    pair(f, "floats", text, m, runs)


def every_op_used(f):
    """Binary forms of the transforms that no other pair has, one module each, against the text of arith."""
    for op in ("add", "sub", "mul", "shl", "shr", "or", "and", "xor", "andnot", "lt", "eq", "max"):
        from .arith import BINARY
        u = "bool" if op in ("lt", "eq") else "u16"
        m = Module(op).operand("input", "a", "u16").operand("input", "b", "u16").operand("output", "y", u)
        a, b = (m.node("load", results=1, operand=k) for k in "ab")
        m.node("store", [m.node(op, [a, b], 1)], operand="y")
        a, b = edges("u16"), list(reversed(edges("u16")))
        case = f.case("op_" + op, "binary", m.data())
        case.run(len(a)).give("a", "u16", a).give("b", "u16", b).take("y", u, [BINARY[op]("u16", p, q) for p, q in zip(a, b)])
    for detail, how in enumerate(("even", "down", "up", "zero")):
        m = Module("r").operand("input", "a", "f32").operand("output", "y", "f32")
        a = m.node("load", results=1, operand="a")
        m.node("store", [m.node("round", [a], 1, detail=detail)], operand="y")
        a = [from_float("f32", v) for v in (-2.5, -1.5, -0.5, -0.25, 0.5, 1.5, 2.5, 2.75)]
        f.case("round_" + how, "binary", m.data()).run(8).give("a", "f32", a).take("y", "f32", [ieee.round_to("f32", how, v) for v in a])
    m = Module("n").operand("input", "a", "i8").operand("output", "y", "i8").operand("result", "s", "i8").operand("output", "z", "i8")
    a = m.node("load", results=1, operand="a")
    b, c = m.node("neg", [a], 1), m.node("not", [a], 1)
    m.node("store", [b], operand="y")
    m.node("argmin", [b, c], operand="s")
    m.node("store", [c], operand="z")
    a = edges("i8")
    best = min(range(len(a)), key=lambda k: signed("i8", wrap("i8", ~a[k])))
    run = f.case("op_neg_not_argmin", "binary", m.data()).run(len(a)).give("a", "i8", a)
    run.take("y", "i8", [wrap("i8", -v) for v in a]).take("z", "i8", [wrap("i8", ~v) for v in a]).take("s", "i8", [wrap("i8", -a[best])])
    most_results(f)


def most_results(f):
    """65535 results of a node are allowed, one more is not."""
    for rows in (65535, 65536):
        m = Module("wide").operand("output", "y", "u8")
        k = m.node("const", results=1, type="u8", immediate=9)
        first = m.node("linear", [k], rows, entries=[(0, 1, k), (65534, 0, k)])[65534]
        m.node("store", [first], operand="y")
        case = f.case("results_%d" % rows, "binary", m.data())
        if rows == 65535:
            case.run(2).take("y", "u8", [81, 81])
        else:
            case.error("LIMIT")


def format_cases(f):
    m = simple()
    m.doc = "Doc.\n"
    m.name_value(0, "x").name_value(1, "sum")
    good = m.data()
    f.case("reference", "binary", good).run(2).give("x", "i32", [3, 2 ** 31]).take("y", "i32", [6, 0])
    for k in range(len(good)):
        f.case("truncated_%d" % k, "binary", good[:k]).error("FORMAT")
    f.case("one_byte_more", "binary", good + b"\x00").error("FORMAT")
    f.case("empty_module", "binary", Module("e").data()).run(9)
    rows = {
        "bad_magic": simple().data(magic=b"TGC\x1a"), "magic_without_1a": simple().data(magic=b"TGB\x1b"), "version_0": simple().data(version=0),
        "version_2": simple().data(version=2), "version_256": simple().data(version=256), "zero_not_zero": simple().data(zero=1),
        "operands_more": simple().data(n_operands=3), "operands_fewer": simple().data(n_operands=1), "operands_huge": simple().data(n_operands=2 ** 32 - 1),
        "nodes_more": simple().data(n_nodes=4), "nodes_fewer": simple().data(n_nodes=2), "nodes_huge": simple().data(n_nodes=2 ** 32 - 1),
        "names_more": simple().data(n_names=1), "names_huge": simple().data(n_names=2 ** 32 - 1),
        "doc_longer_than_file": b"TGB\x1a\x01\x00\x00\x00" + string("g") + struct.pack("<I", 2 ** 32 - 1) + b"abc\n",
        "name_longer_than_file": b"TGB\x1a\x01\x00\x00\x00" + struct.pack("<H", 65535) + b"ggg",
        "operand_kind_6": simple().operand("input", "z", "i32", kind_number=6).data(),
        "operand_kind_255": simple().operand("input", "z", "i32", kind_number=255).data(),
        "operand_mode_23": simple().operand("input", "z", "i32", mode_number=23).data(),
        "operand_mode_255": simple().operand("input", "z", "i32", mode_number=255).data(),
        "has_default_2": simple().operand("param", "z", "i32", default=1, has=2).data(),
        "default_not_zero_extended": simple().operand("param", "z", "u8", default=256).data(),
        "default_sign_extended": simple().operand("param", "z", "i32", default=2 ** 64 - 1).data(),
        "default_nan_not_canonical": simple().operand("param", "z", "f32", default=0x7F800001).data(),
        "default_nan_negative": simple().operand("param", "z", "f64", default=0xFFF8000000000000).data(),
        "default_bool_2": simple().operand("param", "z", "bool", default=2).data(),
    }
    for name, data in rows.items():
        f.case("format_" + name, "binary", data).error("FORMAT")
    field_cases(f)
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
        ("op_43", ("add", [0, 0], 1), dict(number=43)), ("op_255", ("add", [0, 0], 1), dict(number=255)),
        ("type_11", ("const", [], 1), dict(type=11)), ("type_255", ("convert", [0], 1), dict(type=255)), ("type_bitcast_11", ("bitcast", [0], 1), dict(type=11)),
        ("type_array_11", ("array", [], 1), dict(type=11, immediate=1)),
        ("type_unused_add", ("add", [0, 0], 1), dict(type=3)), ("type_unused_load", ("load", [], 1), dict(type=3)),
        ("type_unused_gather", ("gather", [0], 1), dict(type=3, operand=2)), ("detail_unused_add", ("add", [0, 0], 1), dict(detail=1)),
        ("detail_unused_const", ("const", [], 1), dict(type=3, detail=1)), ("detail_round_4", ("round", [4], 1), dict(detail=4)),
        ("detail_round_256", ("round", [4], 1), dict(detail=256)), ("detail_linear_ring_4", ("linear", [0], 1), dict(detail=4)),
        ("detail_linear_format_3", ("linear", [0], 1), dict(detail=768)), ("detail_combine_6", ("combine", [0, 0], 0), dict(detail=6)),
        ("position_unused_add", ("add", [0, 0], 1), dict(position=1)), ("position_unused_store", ("store", [0], 0), dict(operand=1, position=1)),
        ("operand_unused_add", ("add", [0, 0], 1), dict(operand=1)), ("operand_3", ("load", [], 1), dict(operand=3)),
        ("operand_huge", ("load", [], 1), dict(operand=2 ** 32 - 1)), ("operand_store_huge", ("store", [0], 0), dict(operand=2 ** 31)),
        ("immediate_unused_add", ("add", [0, 0], 1), dict(immediate=1)), ("immediate_unused_convert", ("convert", [0], 1), dict(type=3, immediate=1)),
        ("immediate_unused_linear_int", ("linear", [0], 1), dict(immediate=7)), ("const_i32_not_zero_extended", ("const", [], 1), dict(type=3, immediate=1 << 32)),
        ("const_u8_not_zero_extended", ("const", [], 1), dict(type=5, immediate=256)), ("const_i8_sign_extended", ("const", [], 1), dict(type=1, immediate=2 ** 64 - 1)),
        ("const_nan_payload", ("const", [], 1), dict(type=9, immediate=0x7FC00001)), ("const_nan_negative", ("const", [], 1), dict(type=10, immediate=0xFFF8 << 48)),
        ("results_of_add_0", ("add", [0, 0], 0), {}), ("results_of_add_2", ("add", [0, 0], 2), {}), ("results_of_divmod_1", ("divmod", [0, 0], 1), {}),
        ("results_of_store_1", ("store", [0], 1), dict(operand=1)), ("results_of_trap_1", ("trap", [2], 1), {}), ("results_of_const_0", ("const", [], 0), dict(type=3)),
        ("const_bool_2", ("const", [], 1), dict(type=0, immediate=2)), ("const_f32_not_zero_extended", ("const", [], 1), dict(type=9, immediate=1 << 63)),
        ("arguments_huge", ("add", [0, 0], 1), dict(n_args=2 ** 32 - 1)), ("arguments_more_than_left", ("add", [0, 0], 1), dict(n_args=100)),
        ("entries_huge", ("linear", [0], 1), dict(n_entries=2 ** 32 - 1)), ("entries_more_than_left", ("linear", [0], 1), dict(n_entries=1)),
    ]
    for name, args, field in rows:
        f.case("format_" + name, "binary", with_node(*args, **field).data()).error("FORMAT")
    for op in ("add", "load", "const", "store", "trap", "charge", "loop", "branch", "test", "yield", "uniform", "array", "linear"):
        m = with_node(op, [], 0)
        broken = m.nodes[-1][:4] + bytes([1]) * 8 + b"\xff" * 8 + m.nodes[-1][20:]
        if op in ("trap", "charge", "loop", "load", "store"):
            broken = m.nodes[-1][:2] + b"\xff\xff" + m.nodes[-1][4:]
        m.nodes[-1] = broken
        f.case("format_unused_fields_of_" + op, "binary", m.data()).error("FORMAT")


def raw_nodes(*nodes):
    m = Module("g")
    m.node("const", results=1, type="bool", immediate=0)
    for node in nodes:
        m.node(node[0], node[1] if len(node) > 1 else [], node[2] if len(node) > 2 else 0, **(node[3] if len(node) > 3 else {}))
    return m.data()


def marker_cases(f):
    rows = {
        "test_outside": [("test", [0])], "yield_outside": [("yield", [0])], "yield_of_nothing_outside": [("yield",)],
        "loop_not_closed": [("loop", [0], 1), ("test", [0])], "loop_without_test": [("loop", [0], 1), ("yield", [0])],
        "loop_open_at_end": [("loop", [0], 1)], "loop_two_tests": [("loop", [0], 1), ("test", [0]), ("test", [0]), ("yield", [0])],
        "test_in_branch": [("branch", [0], 1, {"immediate": 1}), ("test", [0]), ("yield", [0])],
        "branch_not_closed": [("branch", [0], 1, {"immediate": 2}), ("yield", [0])],
        "branch_one_body_too_many": [("branch", [0], 1, {"immediate": 1}), ("yield", [0]), ("yield", [0])],
        "branch_bodies_more_than_nodes": [("branch", [0], 1, {"immediate": 1000}), ("yield", [0])],
        "uniform_not_first": [("uniform",), ("yield",)],
    }
    for name, nodes in rows.items():
        f.case("verify_marker_" + name, "binary", raw_nodes(*nodes)).error("VERIFY")
    m = Module("g")
    m.node("uniform")
    f.case("verify_marker_uniform_not_closed", "binary", m.data()).error("VERIFY")
    m.node("uniform")
    m.node("yield")
    m.node("yield")
    f.case("verify_marker_uniform_in_uniform", "binary", m.data()).error("VERIFY")
    m = Module("g")
    for _ in range(2):
        m.node("uniform")
        m.node("yield")
    f.case("verify_marker_uniform_twice", "binary", m.data()).error("VERIFY")
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
    good = [((0, "a"),), ((1, "a"),), ((0, "a"), (1, "b")), ((0, "y"), (1, "x")), ((0, "n" * 255),)]
    for k, names in enumerate(good):
        f.case("names_%d" % k, "binary", named(*names)).run(1).give("x", "i32", [4]).take("y", "i32", [8])
    bad = [((2, "a"),), ((2 ** 32 - 1, "a"),), ((1, "a"), (0, "b")), ((0, "a"), (0, "b"))]
    for k, names in enumerate(bad):
        f.case("format_names_%d" % k, "binary", named(*names)).error("FORMAT")
    for name, names in (("empty", ((0, ""),)), ("digit_first", ((0, "9a"),)), ("bad_character", ((0, "a-b"),)), ("blank", ((0, "a "),)),
                        ("taken", ((0, "a"), (1, "a"))), ("percent", ((0, "%a"),)), ("nul", ((0, "a\0"),))):
        f.case("verify_name_" + name, "binary", named(*names)).error("VERIFY")
    f.case("limit_name_256", "binary", named((0, "n" * 256))).error("LIMIT")
    operand_name_cases(f)


def operand_name_cases(f):
    for name, text in (("empty", ""), ("digit_first", "1"), ("bad_character", "a:b"), ("taken", "x"), ("not_ascii", "\u00e9")):
        f.case("verify_operand_name_" + name, "binary", simple().operand("param", text, "i32", 3).data()).error("VERIFY")
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
        ("two_types", ("add", [0, 4], 1), {}), ("add_of_bool", ("add", [2, 2], 1), {}), ("shift_of_float", ("shl", [4, 4], 1), {}),
        ("select_by_integer", ("select", [0, 0, 0], 1), {}), ("load_of_output", ("load", [], 1), dict(operand=1)),
        ("gather_of_input", ("gather", [0], 1), dict(operand=0)), ("output_twice", ("store", [0], 0), dict(operand=1)),
        ("bitcast_of_other_size", ("bitcast", [0], 1), dict(type=4)), ("bitcast_to_bool", ("bitcast", [0], 1), dict(type=0)),
        ("array_of_none", ("array", [], 1), dict(type=3, immediate=0)), ("trap_code", ("trap", [2], 0), dict(immediate=1 << 31)),
        ("trap_code_2_32", ("trap", [2], 0), dict(immediate=1 << 32)), ("trap_of_integer", ("trap", [0], 0), {}), ("charge_of_i32", ("charge", [0], 0), {}),
        ("linear_entry_of_lane", ("linear", [0], 1), dict(entries=[(0, 0, 0)])), ("linear_mod_of_signed", ("linear", [0], 1), dict(detail=2, immediate=7)),
        ("linear_mod_0", ("linear", [3], 1), dict(detail=2, immediate=0)), ("linear_row", ("linear", [3], 1), dict(entries=[(1, 0, 3)])),
        ("linear_row_huge", ("linear", [3], 1), dict(entries=[(2 ** 32 - 1, 0, 3)])), ("linear_column", ("linear", [3], 1), dict(entries=[(0, 2, 3)])),
        ("linear_column_huge", ("linear", [3], 1), dict(entries=[(0, 2 ** 32 - 1, 3)])),
        ("linear_twice", ("linear", [3], 1), dict(entries=[(0, 0, 3), (0, 0, 3)])), ("linear_order", ("linear", [3], 1), dict(entries=[(0, 1, 3), (0, 0, 3)])),
        ("add_of_one", ("add", [0], 1), {}), ("add_of_three", ("add", [0, 0, 0], 1), {}), ("load_of_one", ("load", [0], 1), {}), ("const_of_one", ("const", [0], 1), {}),
        ("value_beyond_all", ("add", [6, 0], 1), {}), ("value_2_32", ("add", [2 ** 32 - 1, 0], 1), {}),
        ("iota_of_lanes", ("iota", [0, 0], 1), {}), ("argument_is_itself", ("add", [5, 0], 1), {}),
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
        v = m.node("const", results=1, type="bool" if mode == "bool" else "f64" if mode == "f64be" else "f32", immediate=0)
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
    for k in (2 ** 20 + 1, 2 ** 32, 2 ** 63, 2 ** 64 - 1):
        m = Module("g")
        m.node("array", results=1, type="u8", immediate=k)
        f.case("limit_array_%d" % k, "binary", m.data()).error("LIMIT")
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


def files():
    f = Tgt("module", "Binary modules: equal to their text, malformed, breaking rules, at limits.")
    for part in (arithmetic_pair, loop_pair, uniform_pair, linear_pair, array_pair, float_pair, every_op_used, format_cases, verify_cases):
        part(f)
    assert len(TYPES) == 11 and len(OPS) == 43
    return [f]
