"""arith_*.tgt: every integer and bool operation on the cross product of edge values, by Python integers."""
from .base import INTS, WIDTH, Tgt, highest, lowest, rng, signed, wrap
from .edges import edges, pairs, some


def shift_left(t, a, b):
    return 0 if b >= WIDTH[t] else wrap(t, a << b)


def shift_right(t, a, b):
    return wrap(t, signed(t, a) >> min(b, WIDTH[t]))


def divmod_euclid(t, a, b):
    x, y = signed(t, a), signed(t, b)
    if y == 0:
        return 0, a
    r = x % abs(y)
    q, rest = divmod(x - r, y)
    assert rest == 0 and x == q * y + r and 0 <= r < abs(y)
    return wrap(t, q), wrap(t, r)


BINARY = {
    "add": lambda t, a, b: wrap(t, a + b),
    "sub": lambda t, a, b: wrap(t, a - b),
    "mul": lambda t, a, b: wrap(t,
                                signed(t, a) * signed(t, b)),
    "shl": shift_left,
    "shr": shift_right,
    "or": lambda t, a, b: a | b,
    "and": lambda t, a, b: a & b,
    "xor": lambda t, a, b: a ^ b,
    "andnot": lambda t, a, b: a & ~b,
    "lt": lambda t, a, b: int(signed(t, a) < signed(t, b)),
    "eq": lambda t, a, b: int(a == b),
    "max": lambda t, a, b: b if signed(t, a) < signed(t, b) else a,
}
UNARY = {
    "neg": lambda t, a: wrap(t, -a),
    "not": lambda t, a: wrap(t, ~a),
}
BOOL_BINARY = ["or", "and", "xor", "andnot", "eq"]


def result_type(op, t):
    return "bool" if op in ("lt", "eq") else t


def binary_case(f, op, t):
    a, b = pairs(t, 12, op)
    u = result_type(op, t)
    case = f.graph("%s_%s" % (op, t), "input a %s; input b %s; output y %s" % (t, t, u),
                   "%a = load a\n%b = load b\n%y = " + op + " %a, %b\nstore y %y")
    run = case.run(len(a)).give("a", t, a).give("b", t, b)
    run.take("y", u, [BINARY[op](t, p, q) for p, q in zip(a, b)])


def unary_case(f, op, t):
    a = edges(t) + some(t, 24, op) if t != "bool" else edges(t)
    case = f.graph("%s_%s" % (op, t), "input a %s; output y %s" % (t, t), "%a = load a\n%y = " + op + " %a\nstore y %y")
    case.run(len(a)).give("a", t, a).take("y", t, [UNARY[op](t, p) for p in a])


def divmod_case(f, t):
    a, b = pairs(t, 30, "divmod")
    case = f.graph("divmod_%s" % t, "input a %s; input b %s; output q %s; output r %s" % (t, t, t, t),
                   "%a = load a\n%b = load b\n%q, %r = divmod %a, %b\nstore q %q\nstore r %r")
    out = [divmod_euclid(t, p, q) for p, q in zip(a, b)]
    run = case.run(len(a)).give("a", t, a).give("b", t, b)
    run.take("q", t, [o[0] for o in out]).take("r", t, [o[1] for o in out])


def divmod_const_case(f, t):
    """Division by constants, where an implementation may multiply by a reciprocal."""
    values = [1, 2, 3, 5, 6, 7, 10, 12, 25, 60, 100, 125, highest(t), highest(t) - 1, (highest(t) + 1) // 2, 0]
    values += [-1, -2, -3, -7, -10, -100, lowest(t), lowest(t) + 1] if t[0] == "i" else [highest(t) // 3]
    r = rng("divc", t)
    a = edges(t) + [wrap(t, k * d + e) for d in values[:12] for k in (1, 17) for e in (-1, 0)]
    a = list(dict.fromkeys(a + [r.getrandbits(WIDTH[t]) for _ in range(12)]))
    for d in values:
        name = "divmod_%s_by_%s" % (t, str(d).replace("-", "minus_"))
        case = f.graph(
            name, "input a %s; output q %s; output r %s" % (t, t, t),
            "%a = load a\n" + "%%d = const %s %d\n" % (t, d) + "%q, %r = divmod %a, %d\nstore q %q\nstore r %r")
        out = [divmod_euclid(t, p, wrap(t, d)) for p in a]
        case.run(len(a)).give("a", t, a).take("q", t, [o[0] for o in out]).take("r", t, [o[1] for o in out])


def select_case(f, t):
    a, b = pairs(t, 10, "select")
    c = [(i * 7 // 3) & 1 for i in range(len(a))]
    case = f.graph("select_%s" % t, "input c bool; input a %s; input b %s; output y %s" % (t, t, t),
                   "%c = load c\n%a = load a\n%b = load b\n%y = select %c, %a, %b\nstore y %y")
    run = case.run(len(a)).give("c", "bool", c).give("a", t, a).give("b", t, b)
    run.take("y", t, [p if k else q for k, p, q in zip(c, a, b)])


def mixed_case(f, t):
    """One value used several times and by several sinks, with every result of every node stored."""
    a, b = some(t, 65, "mixed a"), some(t, 65, "mixed b")
    w = wrap
    case = f.graph(
        "mixed_%s" % t, "input a %s; input b %s; output x %s; output y %s; output z bool" % (t, t, t, t),
        "%a = load a\n%b = load b\n%0 = add %a, %a\n%1 = mul %0, %b\n%2 = xor %1, %a\n%3 = sub %2, %2\n"
        "%4 = lt %3, %2\nstore x %2\n%5, %6 = divmod %2, %b\n%7 = add %6, %5\nstore y %7\nstore z %4")
    x = [w(t, w(t, 2 * p) * q) ^ p for p, q in zip(a, b)]
    y = [w(t, sum(divmod_euclid(t, p, q))) for p, q in zip(x, b)]
    run = case.run(65).give("a", t, a).give("b", t, b).take("x", t, x).take("y", t, y)
    run.take("z", "bool", [int(0 < signed(t, p)) for p in x])


def bool_file():
    f = Tgt("arith_bool", "Operations on bool. Loaded bytes other than 0 and 1 are true.")
    for op in BOOL_BINARY:
        binary_case_bool(f, op)
    unary_case(f, "not", "bool")
    select_case(f, "bool")
    case = f.graph("not_of_odd_bytes", "input a bool; output y bool", "%a = load a\n%y = not %a\nstore y %y")
    data = bytes(range(256))
    case.run(256).memory("a", data).bind("a", "a", 0, 1).take("y", "bool", [int(v == 0) for v in data])
    case = f.graph("select_by_odd_bytes", "input c bool; input a u8; input b u8; output y u8",
                   "%c = load c\n%a = load a\n%b = load b\n%y = select %c, %a, %b\nstore y %y")
    run = case.run(256).memory("c", data).bind("c", "c", 0, 1).give("a", "u8", list(data))
    run.give("b", "u8", list(reversed(data)))
    run.take("y", "u8", [v if v else 255 for v in data])
    return f


def binary_case_bool(f, op):
    """Truth is compared and combined, not the byte that memory held."""
    a, b = [0, 0, 1, 1, 2, 3, 255, 128, 1, 0], [0, 1, 0, 1, 1, 2, 254, 128, 255, 64]
    case = f.graph("%s_bool" % op, "input a bool; input b bool; output y bool",
                   "%a = load a\n%b = load b\n%y = " + op + " %a, %b\nstore y %y")
    run = case.run(len(a)).memory("a", bytes(a)).bind("a", "a", 0, 1).memory("b", bytes(b)).bind("b", "b", 0, 1)
    run.take("y", "bool", [BINARY[op]("bool", int(p != 0), int(q != 0)) & 1 for p, q in zip(a, b)])


def type_file(t):
    f = Tgt("arith_%s" % t, "Every operation on %s: cross products of edge values and random pairs." % t)
    for op in BINARY:
        binary_case(f, op, t)
    for op in UNARY:
        unary_case(f, op, t)
    divmod_case(f, t)
    divmod_const_case(f, t)
    select_case(f, t)
    mixed_case(f, t)
    return f


def files():
    return [bool_file()] + [type_file(t) for t in INTS]
