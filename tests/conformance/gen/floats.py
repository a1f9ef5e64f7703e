"""float_*.tgt and convert.tgt: float operations by MPFR, conversions and bitcasts between all types."""
from . import ieee
from .base import FLOATS, INTS, NUMBERS, TYPES, WIDTH, Tgt, canon, encode, from_float, is_nan, raw, rng, to_float
from .edges import NAN_BITS, edges, pairs, small_floats, some

BINARY = {
    "add": ieee.add, "sub": ieee.sub, "mul": ieee.mul, "div": ieee.div, "max": ieee.maximum, "lt": ieee.less, "eq":
    ieee.equal
}


def binary_case(f, op, t):
    a, b = pairs(t, 24, op)
    a, b = a + NAN_BITS[t], b + list(reversed(NAN_BITS[t]))
    u = "bool" if op in ("lt", "eq") else t
    case = f.graph("%s_%s" % (op, t), "input a %s; input b %s; output y %s" % (t, t, u),
                   "%a = load a\n%b = load b\n%y = " + op + " %a, %b\nstore y %y")
    run = case.run(len(a)).give_raw("a", t, raw(t, a)).give_raw("b", t, raw(t, b))
    run.take("y", u, [BINARY[op](t, p, q) for p, q in zip(a, b)])


def unary_case(f, name, node, t, oracle):
    a = edges(t) + small_floats(t) + NAN_BITS[t] + some(t, 60, name)
    case = f.graph("%s_%s" % (name, t), "input a %s; output y %s" % (t, t),
                   "%a = load a\n%y = " + node + " %a\nstore y %y")
    case.run(len(a)).give_raw("a", t, raw(t, a)).take("y", t, [oracle(t, p) for p in a])


def near_ties(t):
    """Triples whose exact a * b + c is a tie or next to one, so that rounding twice goes wrong."""
    r, out = rng("ties", t), []
    man = 23 if t == "f32" else 52
    one = 127 << 23 if t == "f32" else 1023 << 52
    for k in range(96):
        a, b = one | r.getrandbits(man), one | r.getrandbits(man)
        product = ieee.mul(t, a, b)
        shift = r.getrandbits(8) % (man + 6)
        scale = 2.0**-shift
        c = ieee.mul(t, ieee.neg(t, product) if k & 1 else product, from_float(t, scale))
        if k % 4 > 1:
            c = ieee.neg(t, (one | r.getrandbits(man)) + ((k % 3) << man) // 2)
        out.append((a, b, c))
    half = from_float(t, 2.0**-(man + 1))
    tiny = from_float(t, 2.0**-(2 * man + 20))
    for c in (tiny, ieee.neg(t, tiny)):
        out += [(one + 1, one, half), (one + 1, half, one), (one, half, one + 1), (half, one + 1, c), (half, half, c)]
    least, big = 1, from_float(t, float.fromhex("0x1p+127") if t == "f32" else float.fromhex("0x1p+1023"))
    out += [(least, half, least), (least, least, least), (big, big, ieee.neg(t, big)), (big, one + 1, ieee.neg(t, big))]
    return out


def fma_case(f, t):
    keep = [0, 1, 2, 3, 5, 8, 9, 10, 11, 14, 16, 19]
    e = [edges(t)[k] for k in keep]
    triples = [(a, b, c) for a in e[:9] for b in e[2:11] for c in e[:9:2] + e[9:]] + near_ties(t)
    triples += list(zip(some(t, 40, "fa"), some(t, 40, "fb"), some(t, 40, "fc")))
    case = f.graph("fma_%s" % t, "input a %s; input b %s; input c %s; output y %s" % (t, t, t, t),
                   "%a = load a\n%b = load b\n%c = load c\n%y = fma %a, %b, %c\nstore y %y")
    run = case.run(len(triples))
    for k, name in enumerate("abc"):
        run.give(name, t, [v[k] for v in triples])
    run.take("y", t, [ieee.fma(t, *v) for v in triples])


def no_contraction_case(f, t):
    """a * b + c written as two operations rounds twice."""
    triples = near_ties(t)
    case = f.graph(
        "mul_then_add_%s" % t, "input a %s; input b %s; input c %s; output y %s; output z %s" % (t, t, t, t, t),
        "%a = load a\n%b = load b\n%c = load c\n%p = mul %a, %b\n%y = add %p, %c\n%z = sub %c, %p\n"
        "store y %y\nstore z %z")
    run = case.run(len(triples))
    for k, name in enumerate("abc"):
        run.give(name, t, [v[k] for v in triples])
    p = [ieee.mul(t, v[0], v[1]) for v in triples]
    y = [ieee.add(t, q, v[2]) for q, v in zip(p, triples)]
    assert sum(y[i] != ieee.fma(t, *v) for i, v in enumerate(triples)) > 20
    run.take("y", t, y).take("z", t, [ieee.sub(t, v[2], q) for q, v in zip(p, triples)])


def no_rewrite_case(f, t):
    """Identities of real numbers that floats do not have: x - x, 0 * x, x / x, x + 0, -(a - b), 0 - x, x + y - y."""
    a, b = pairs(t, 0, "rewrite")
    a, b = a[::3], b[::3]
    zero, one = 0, from_float(t, 1.0)
    nodes = [
        "%a = load a", "%b = load b", "%zero = const {0} 0.0", "%one = const {0} 1.0", "%two = const {0} 2.0",
        "%0 = sub %a, %a", "%1 = mul %a, %zero", "%2 = div %a, %a", "%3 = add %a, %zero", "%4 = sub %a, %b",
        "%5 = neg %4", "%6 = sub %zero, %a", "%7 = add %a, %b", "%8 = sub %7, %b", "%9 = mul %a, %one",
        "%10 = div %one, %b", "%11 = mul %a, %10", "%12 = div %a, %two"
    ]
    outs = {"s": 0, "m": 1, "q": 2, "p": 3, "n": 5, "z": 6, "r": 8, "i": 9, "c": 11, "h": 12}
    nodes = [line.format(t) for line in nodes] + ["store %s %%%d" % item for item in outs.items()]
    case = f.graph("identities_%s" % t, ["input a " + t, "input b " + t] + ["output %s %s" % (k, t) for k in outs],
                   nodes)
    two = from_float(t, 2.0)
    want = {
        "s": lambda x, y: ieee.sub(t, x, x), "m": lambda x, y: ieee.mul(t, x, zero), "q":
        lambda x, y: ieee.div(t, x, x), "p": lambda x, y: ieee.add(t, x, zero), "n":
        lambda x, y: ieee.neg(t, ieee.sub(t, x, y)), "z": lambda x, y: ieee.sub(t, zero, x), "r":
        lambda x, y: ieee.sub(t, ieee.add(t, x, y), y), "i": lambda x, y: ieee.mul(t, x, one), "c":
        lambda x, y: ieee.mul(t, x, ieee.div(t, one, y)), "h": lambda x, y: ieee.div(t, x, two)
    }
    run = case.run(len(a)).give("a", t, a).give("b", t, b)
    for name in outs:
        run.take(name, t, [want[name](x, y) for x, y in zip(a, b)])


def select_case(f, t):
    a, b = pairs(t, 0, "select")
    a, b = (a + NAN_BITS[t])[::2], (b + NAN_BITS[t])[::2]
    c = [(i * 5 // 3) & 1 for i in range(len(a))]
    case = f.graph("select_%s" % t, "input c bool; input a %s; input b %s; output y %s" % (t, t, t),
                   "%c = load c\n%a = load a\n%b = load b\n%y = select %c, %a, %b\nstore y %y")
    run = case.run(len(a)).give("c", "bool", c).give_raw("a", t, raw(t, a)).give_raw("b", t, raw(t, b))
    run.take("y", t, [canon(t, p if k else q) for k, p, q in zip(c, a, b)])


def literal_case(f, t):
    """Literals: decimal and hexadecimal, integers, ties of the decimal rounding, subnormals."""
    texts = [
        "0.0", "-0.0", "1", "-3", "0.1", "1e-3", ".5", "1.5", "0x1.8p1", "-0x1p-3", "inf", "-inf", "nan", "16777217",
        "16777219", "9007199254740993", "1e30", "1e-40", "1.4e-45", "3.4028234e38", "123456789.125", "0x10", "1E2",
        "2.5e+1", "0.3333333333333333333333333", "7.0064923216240853e-46", "1.00000017881393432617187499",
        "1.00000005960464477539062501", "0x1.000001p0", "0x1.000001000000001p0", "0x1.fffffffp0", "4.9e-324", "1e-310"
    ]
    from fractions import Fraction
    want = []
    for s in texts:
        body = s.lstrip("-")
        if body in ("inf", "nan"):
            bits = from_float(t, float(body))
        else:
            q = hex_fraction(body) if body.startswith("0x") else Fraction(body)
            bits = ieee.round_fraction(t, q)
        want.append(bits | (1 << (WIDTH[t] - 1)) if s[0] == "-" else bits)
    nodes = ["%i = iota %z, %o"] + ["%%c%d = const %s %s" % (k, t, s) for k, s in enumerate(texts)]
    nodes = ["%z = const u8 0", "%o = const u8 1"] + nodes
    nodes += ["%y = branch %i " + " ".join("{ yield %%c%d }" % k for k in range(len(texts))), "store y %y"]
    case = f.graph("literals_%s" % t, "output y " + t, nodes)
    case.run(len(texts)).take("y", t, want)


def hex_fraction(text):
    from fractions import Fraction
    digits, _, exponent = text[2:].partition("p")
    whole, _, part = digits.partition(".")
    return Fraction(int(whole + part, 16)) * Fraction(2)**(int(exponent or 0) - 4 * len(part))


def float_file(t):
    f = Tgt("float_%s" % t, "Operations on %s; expected values by MPFR." % t)
    for op in BINARY:
        binary_case(f, op, t)
    unary_case(f, "neg", "neg", t, ieee.neg)
    unary_case(f, "sqrt", "sqrt", t, ieee.sqrt)
    for how in ("even", "down", "up", "zero"):
        unary_case(f, "round_" + how, "round " + how, t, lambda t, a, how=how: ieee.round_to(t, how, a))
    fma_case(f, t)
    no_contraction_case(f, t)
    no_rewrite_case(f, t)
    select_case(f, t)
    literal_case(f, t)
    return f


def convert_values(t, u):
    """Values of t that are awkward for u."""
    if t == "bool":
        return [0, 1, 1, 0, 1]
    if t in FLOATS:
        values = edges(t) + NAN_BITS[t] + some(t, 12, u)
        if u in INTS or u == "f32":
            values += small_floats(t)
        if t == "f64" and u == "f32":
            values += [
                0x36A0000000000000, 0x3690000000000000, 0x3690000000000001, 0x47EFFFFFEFFFFFFF, 0x47EFFFFFF0000000,
                0x380FFFFFFFFFFFFF, 0x3FF0000010000000, 0x3FF0000030000000, 0x3FF0000010000001, 0xB6A0000000000000
            ]
        return values
    values = edges(t) + some(t, 6, u)
    if u in FLOATS and WIDTH[t] >= 32:
        man = 24 if u == "f32" else 53
        for shift in range(0, WIDTH[t] - man, 3):
            base = ((1 << man) - 1) << shift
            half = (1 << shift) >> 1
            values += [
                v & ((1 << WIDTH[t]) - 1) for v in (base + half - 1, base + half, base + half + 1, -(base + half))
            ]
    return values


def convert_case(f, t, u):
    a = convert_values(t, u)
    case = f.graph("convert_%s_to_%s" % (t, u), "input a %s; output y %s" % (t, u),
                   "%a = load a\n%y = convert " + u + " %a\nstore y %y")
    case.run(len(a)).give_raw("a", t, raw(t, a)).take("y", u, [ieee.convert(t, u, p) for p in a])


def bitcast_case(f, t, u):
    a = edges(t) + some(t, 8, u)
    if t in FLOATS:
        a = a + NAN_BITS[t]
    elif u in FLOATS:
        a = a + NAN_BITS[u] + FLOAT_SAMPLE[u]
    case = f.graph("bitcast_%s_to_%s" % (t, u), "input a %s; output y %s" % (t, u),
                   "%a = load a\n%y = bitcast " + u + " %a\nstore y %y")
    case.run(len(a)).give_raw("a", t, raw(t, a)).take("y", u, [canon(u, ieee.bitcast(t, p)) for p in a])


FLOAT_SAMPLE = {t: edges(t) for t in FLOATS}


def bitcast_round_trip(f, t):
    """Bits to float to bits: a NaN made from bits comes back canonical, also out of arithmetic."""
    i = "u32" if t == "f32" else "u64"
    a = NAN_BITS[t] + edges(t)
    case = f.graph(
        "bitcast_round_trip_%s" % t, "input a %s; output y %s; output z %s" % (i, i, i),
        "%a = load a\n%f = bitcast {0} %a\n%y = bitcast {1} %f\n%g = neg %f\n%z = bitcast {1} %g\n"
        "store y %y\nstore z %z".format(t, i))
    run = case.run(len(a)).give("a", i, a).take("y", i, [canon(t, p) for p in a])
    run.take("z", i, [ieee.neg(t, p) for p in a])


def chain_cases(f):
    """Conversions in a row that must not be fused."""
    a = small_floats("f64") + some("f64", 20, "chain")
    case = f.graph(
        "f64_to_f32_to_i32", "input a f64; output y i32; output z f64",
        "%a = load a\n%b = convert f32 %a\n%y = convert i32 %b\n%z = convert f64 %b\nstore y %y\nstore z %z")
    narrow = [ieee.convert("f64", "f32", p) for p in a]
    run = case.run(len(a)).give("a", "f64", a).take("y", "i32", [ieee.convert("f32", "i32", p) for p in narrow])
    run.take("z", "f64", [ieee.convert("f32", "f64", p) for p in narrow])
    i = some("i64", 40, "chain") + edges("i64")
    case = f.graph(
        "i64_to_f64_to_f32", "input a i64; output y f32; output z f32",
        "%a = load a\n%b = convert f64 %a\n%y = convert f32 %b\n%z = convert f32 %a\nstore y %y\nstore z %z")
    y = [ieee.convert("f64", "f32", ieee.convert("i64", "f64", p)) for p in i]
    case.run(len(i)).give("a", "i64", i).take("y", "f32", y).take("z", "f32",
                                                                  [ieee.convert("i64", "f32", p) for p in i])
    case = f.graph("i32_to_i8_to_u32", "input a i32; output y u32",
                   "%a = load a\n%b = convert i8 %a\n%y = convert u32 %b\nstore y %y")
    i = edges("i32") + some("i32", 10, "chain")
    run = case.run(len(i)).give("a", "i32", i)
    run.take("y", "u32", [ieee.convert("i8", "u32", ieee.convert("i32", "i8", p)) for p in i])


def convert_file():
    f = Tgt("convert", "convert between all types and bitcast between types of one size.")
    for t in TYPES:
        for u in TYPES:
            convert_case(f, t, u)
    for t in NUMBERS:
        for u in NUMBERS:
            if WIDTH[t] == WIDTH[u]:
                bitcast_case(f, t, u)
    for t in FLOATS:
        bitcast_round_trip(f, t)
    chain_cases(f)
    assert is_nan("f32", 0x7F800001) and encode("f32", [0x7F800001]) == bytes.fromhex("0000c07f")
    assert to_float("f32", 1) > 0
    return f


def files():
    return [float_file(t) for t in FLOATS] + [convert_file()]
