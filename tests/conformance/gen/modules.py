"""module.tgt: binary modules: the same graphs as text and as module, malformed modules, modules that break rules."""

from . import ieee
from .arith import divmod_euclid
from .base import Tgt, encode, from_float, signed, wrap
from .edges import edges, some
from .badmodules import format_cases, verify_cases
from .encode import Module
from .lanes import FUEL_CODE


def pair(f, name, text, module, runs):
    runs(f.case(name + "_text", "text", text))
    runs(f.case(name + "_module", "binary", module.data()))


def arithmetic_pair(f):
    m = Module("arith", "A graph with a doc text.\nTwo lines.\n").operand("input", "a",
                                                                          "i16be").operand("param", "p", "i16", 0xFFFD)
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
            run.take("r", "f64be",
                     [from_float("f64", float(signed("i16", wrap("i16", -o[1])))) if o[1] else 0 for o in out])
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
                out.append(None if fuel is not None and count > fuel else (
                    a, b)[count] if count < 2 else wrap("u32", ~(a ^ b)))
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
            r, count = wrap("u64", 1 << done), done if done == n else 2**64 - 1
            run = case.run(4, fuel).give("n", "u64", [n]).take("y", "u64",
                                                               [wrap("u64", r + k * count) for k in range(4)])
            run.take("k", "u64", [count] * 4)

    pair(f, "uniform_block", text, m, runs)


def linear_pair(f):
    m = Module("lin").operand("input", "x", "u8").operand("output", "a",
                                                          "u8").operand("output", "b",
                                                                        "u8").operand("output", "c", "u8")
    x = m.node("load", results=1, operand="x")
    k3, k7, kf = (m.node("const", results=1, type="u8", immediate=k) for k in (3, 7, 0xF1))
    a, b = m.node("linear", [x], 2, entries=[(0, 0, k3), (0, 1, k7), (1, 1, k7)])
    g = m.node("linear", [x], 1, detail=1 + 256 * 2, entries=[(0, 0, kf), (3, 0, k7), (7, 1, k3)])
    p = m.node("linear", [x, g], 1, detail=2 + 256, immediate=251, entries=[(0, 0, kf), (0, 1, k7), (0, 2, k3)])
    s = m.node("xor", [a, b], 1)
    for name, v in zip("abc", (s, g, p)):
        m.node("store", [v], operand=name)
    text = """graph lin { input x u8 output a u8 output b u8 output c u8
%x = load x %k3 = const u8 3 %k7 = const u8 7 %kf = const u8 0xF1
%a, %b = linear int auto %x { 0 0 %k3, 0 1 %k7, 1 1 %k7 } %g = linear gf2 dense %x { 0 0 %kf, 3 0 %k7, 7 1 %k3 }
%p = linear mod 251 csr %x, %g { 0 0 %kf, 0 1 %k7, 0 2 %k3 } %s = xor %a, %b store a %s store b %g store c %p }"""

    def runs(case):
        x = list(range(0, 256, 5))
        parity = lambda v: bin(v).count("1") & 1
        g = [parity(v & 0xF1) | parity(v & 7) << 3 | 1 << 7 for v in x]
        run = case.run(len(x)).give("x", "u8", x).take("a", "u8",
                                                       [wrap("u8", 3 * v + 7) ^ 7 for v in x]).take("b", "u8", g)
        run.take("c", "u8", [(0xF1 * v + 7 * w + 3) % 251 for v, w in zip(x, g)])

    pair(f, "linear_maps", text, m, runs)


def array_pair(f):
    m = Module("arr").operand("table", "t", "i64").operand("input", "i",
                                                           "i64").operand("accumulator", "h",
                                                                          "u16be").operand("result", "w", "f32")
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
    text = """graph arr { table t i64 input i i64 accumulator h u16be result w f32
%i = load i %g = gather t %i %a = array i64 4
%b = astore %a, %i, %g %v = aload %b, %i %e = eq %v, %i trap 2147483647 %e @4294967295 %c = convert u64 %i charge %c @9
%d = convert u16 %v %f = convert f32 %v combine h max %i, %d argmax w %f, %v }"""

    def runs(case):
        t, h = [500, 1, 70000, 9, 3], [5, 6, 7]
        for lanes, fuel in (([1, 2, 3, 4], None), ([2, 2, 0], 2), ([3, 2, 1], 2), ([1], None), ([], None), ([0,
                                                                                                             5], 100)):
            table, best, count, first = list(h), None, 0, None
            for lane, i in enumerate(lanes):
                v = t[i] if i < 4 else 0
                trap = (2147483647, 4294967295) if v == i else (FUEL_CODE, 9) if fuel is not None and i > fuel else None
                if trap:
                    count, first = count + 1, first or (lane, ) + trap
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
    m = Module("fl", "").operand("input", "a", "f32").operand("output", "y",
                                                              "u32").operand("param", "n", "f32", 0x7FC00000)
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
    text = """graph fl { input a f32 output y u32 param n f32 = nan
%a = load a %n = param n %k = const f32 -0.0 %q = div %a, %k
%s = sqrt %q %t = fma %a, %a, %s %c = lt %a, %k %u = select %c, %t, %n %v = bitcast u32 %u store y %v }"""

    def one(a, n):
        s = ieee.sqrt("f32", ieee.div("f32", a, 0x80000000))
        return ieee.fma("f32", a, a, s) if ieee.less("f32", a, 0x80000000) else n

    def runs(case):
        a = edges("f32") + some("f32", 9, "module")
        case.run(len(a)).give("a", "f32", a).take("y", "u32", [one(v, 0x7FC00000) for v in a])
        case.run(len(a)).give("a", "f32", a).give("n", "f32", [0x3F800000]).take("y", "u32",
                                                                                 [one(v, 0x3F800000) for v in a])

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
        case.run(len(a)).give("a", "u16", a).give("b", "u16", b).take("y", u,
                                                                      [BINARY[op]("u16", p, q) for p, q in zip(a, b)])
    for detail, how in enumerate(("even", "down", "up", "zero")):
        m = Module("r").operand("input", "a", "f32").operand("output", "y", "f32")
        a = m.node("load", results=1, operand="a")
        m.node("store", [m.node("round", [a], 1, detail=detail)], operand="y")
        a = [from_float("f32", v) for v in (-2.5, -1.5, -0.5, -0.25, 0.5, 1.5, 2.5, 2.75)]
        f.case("round_" + how, "binary",
               m.data()).run(8).give("a", "f32", a).take("y", "f32", [ieee.round_to("f32", how, v) for v in a])
    m = Module("n").operand("input", "a", "i8").operand("output", "y", "i8").operand("result", "s",
                                                                                     "i8").operand("output", "z", "i8")
    a = m.node("load", results=1, operand="a")
    b, c = m.node("neg", [a], 1), m.node("not", [a], 1)
    m.node("store", [b], operand="y")
    m.node("argmin", [b, c], operand="s")
    m.node("store", [c], operand="z")
    a = edges("i8")
    best = min(range(len(a)), key=lambda k: signed("i8", wrap("i8", ~a[k])))
    run = f.case("op_neg_not_argmin", "binary", m.data()).run(len(a)).give("a", "i8", a)
    run.take("y", "i8",
             [wrap("i8", -v) for v in a]).take("z", "i8",
                                               [wrap("i8", ~v) for v in a]).take("s", "i8", [wrap("i8", -a[best])])
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


def files():
    f = Tgt("module", "Binary modules: equal to their text, malformed, breaking rules, at limits.")
    for part in (arithmetic_pair, loop_pair, uniform_pair, linear_pair, array_pair, float_pair, every_op_used,
                 format_cases, verify_cases):
        part(f)
    return [f]
