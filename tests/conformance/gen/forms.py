"""forms.tgt, layouts.tgt, lengths.tgt: every operation with operands of every form, memory layouts, stream lengths.

A form says where a value comes from: s stream, w wide stride, r negative stride, o odd offset, b broadcast (stride 0),
i in place under the output, c const, p param, d param with a default that is not bound, D default overridden.
"""
from . import ieee
from .arith import BINARY as INT_BINARY
from .arith import BOOL_BINARY, divmod_euclid
from .base import (BITS, FILL, FLOATS, INTS, MODES, NUMBERS, TYPES, WIDTH, Tgt, decode_one, encode_one, literal,
                   mode_bytes, mode_type, rng, wrap)
from .edges import edges, some

LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 129]
SHORT = [1, 3, 7, 8, 9, 15, 16, 17, 31, 33]
STREAMS = "swrobi"


def op_table():
    """(name, node text, argument types, result type, oracle on bits) of every pure operation and type."""
    rows = []
    for t in BITS:
        for op, g in INT_BINARY.items():
            if t == "bool" and op not in BOOL_BINARY:
                continue
            u = "bool" if op in ("lt", "eq") else t
            rows.append((op, op, [t, t], u, lambda a, b, g=g, t=t: g(t, a, b)))
        rows.append(("not", "not", [t], t, lambda a, t=t: wrap(t, ~a)))
    for t in INTS:
        rows.append(("neg", "neg", [t], t, lambda a, t=t: wrap(t, -a)))
    for t in FLOATS:
        two = {
            "add": ieee.add, "sub": ieee.sub, "mul": ieee.mul, "div": ieee.div, "max": ieee.maximum, "lt": ieee.less,
            "eq": ieee.equal
        }
        for op, g in two.items():
            u = "bool" if op in ("lt", "eq") else t
            rows.append((op, op, [t, t], u, lambda a, b, g=g, t=t: g(t, a, b)))
        rows.append(("neg", "neg", [t], t, lambda a, t=t: ieee.neg(t, a)))
        rows.append(("sqrt", "sqrt", [t], t, lambda a, t=t: ieee.sqrt(t, a)))
        rows.append(("fma", "fma", [t, t, t], t, lambda a, b, c, t=t: ieee.fma(t, a, b, c)))
        for how in ("even", "down", "up", "zero"):
            rows.append(("round_" + how, "round " + how, [t], t, lambda a, t=t, how=how: ieee.round_to(t, how, a)))
    for t in TYPES:
        rows.append(("select", "select", ["bool", t, t], t, lambda c, a, b: a if c else b))
        u = TYPES[(TYPES.index(t) * 7 + 3) % 11]
        rows.append(("convert_" + u, "convert " + u, [t], u, lambda a, t=t, u=u: ieee.convert(t, u, a)))
    for t in NUMBERS:
        same = [u for u in NUMBERS if WIDTH[u] == WIDTH[t] and u != t][-1]
        rows.append(("bitcast_" + same, "bitcast " + same, [t], same, lambda a: a))
    return rows


class Layout:
    """n elements at offset + i * stride in a memory of just enough bytes and some slack."""

    def __init__(self, mode, n, stride, front, back=3):
        size = mode_bytes(mode)
        span = (n - 1) * abs(stride) + size if n else 0
        self.mode, self.n, self.stride = mode, n, stride
        self.bytes = front + span + back
        self.offset = front + (span - size if stride < 0 and n else 0)

    def put(self, memory, lanes):
        size = mode_bytes(self.mode)
        for i, b in enumerate(lanes):
            if b is not None:
                at = self.offset + i * self.stride
                memory[at:at + size] = encode_one(self.mode, b)
        return memory


def stream_layout(form, mode, n):
    size = mode_bytes(mode)
    stride = {"s": size, "w": 2 * size + 1, "r": -size, "o": size, "b": 0, "i": size}[form]
    return Layout(mode, n, stride, {"o": 1, "r": 7, "w": 2}.get(form, 0), 0 if form == "s" else 3)


def declare(form, name, t, value):
    """The operand and node lines that give %name the value in this form."""
    if form in STREAMS:
        return ["input %s %s" % (name, t)], ["%%%s = load %s" % (name, name)]
    if form == "c":
        return [], ["%%%s = const %s %s" % (name, t, literal(t, value))]
    default = "" if form == "p" else " = " + literal(t, value if form == "d" else 0)
    return ["param %s %s%s" % (name, t, default)], ["%%%s = param %s" % (name, name)]


def give(run, form, name, t, lanes):
    """Binds the operand of %name; in place is bound by the output."""
    if form in STREAMS and form != "i":
        layout = stream_layout(form, t, len(lanes))
        memory = layout.put(bytearray([0x5A]) * layout.bytes, lanes)
        run.memory(name, bytes(memory)).bind(name, name, layout.offset, layout.stride)
    elif form in "pD":
        run.memory(name, b"\x13" + encode_one(t, lanes[0])).bind(name, name, 1, 12345)


def form_case(f, row, forms, n, label):
    name, node, types, result, oracle = row
    argument = "abc"[:len(types)]
    lanes = []
    for k, t in enumerate(types):
        values = edges(t) + some(t, 12, label, k)
        step = 1 + 2 * k
        column = [values[(i * step + k) % len(values)] for i in range(max(n, 1))]
        lanes.append(column if forms[k] in STREAMS and forms[k] != "b" else [column[n // 2]] * max(n, 1))
    operands, nodes = [], []
    for k, t in enumerate(types):
        a, b = declare(forms[k], argument[k], t, lanes[k][0])
        operands, nodes = operands + a, nodes + b
    nodes += ["%%y = %s %s" % (node, ", ".join("%" + a for a in argument)), "store y %y"]
    case = f.graph(label, operands + ["output y " + result], nodes)
    run = case.run(n)
    for k, t in enumerate(types):
        give(run, forms[k], argument[k], t, lanes[k][:n] if forms[k] in STREAMS else lanes[k])
    want = [oracle(*v) for v in list(zip(*lanes))[:n]]
    if "i" not in forms:
        run.take("y", result, want)
        return
    k = forms.index("i")
    layout = Layout(result, n, mode_bytes(result), 5, 4)
    before = layout.put(bytearray([FILL]) * layout.bytes, lanes[k][:n])
    after = layout.put(bytearray(before), want)
    run.memory("m", bytes(before)).bind(argument[k], "m", 5, layout.stride).bind("y", "m", 5, layout.stride)
    if before != after:
        run.expect("m", bytes(after))


def choose_forms(types, result, k):
    """Three combinations of forms for the k-th row, so that all combinations come up over the table."""
    kinds = "scpbdwroDi"
    picks = []
    for j in range(3):
        number = k * 7 + j * 37
        forms = ""
        for a, t in enumerate(types):
            c = kinds[(number + a * (3 + number // 10)) % 10]
            if c == "i" and (t != result or "i" in forms):
                c = "s"
            forms += c
        picks.append(forms)
    if len(types) == 2 and types[0] == result:
        picks.append("is" if k & 1 else "si")
    return dict.fromkeys(picks)


def forms_file():
    f = Tgt(
        "forms", "Every operation and type with operands of several forms; the case name ends with the forms.\n"
        "s stream, w wide stride, r backwards, o odd offset, b broadcast, i in place, c const, p param, d default,\n"
        "D default overridden")
    for k, row in enumerate(op_table()):
        for j, forms in enumerate(choose_forms(row[2], row[3], k)):
            label = "%s_%s_%s" % (row[0], row[2][-1], forms)
            form_case(f, row, forms, SHORT[(k + 3 * j) % len(SHORT)], label)
    both_in_place(f)
    divmod_forms(f)
    iota_cases(f)
    nan_param_case(f)
    many_sinks(f)
    unused_operands(f)
    return f


def both_in_place(f):
    """Two outputs, each over the other's input lane by lane: y over a, z over b."""
    for t in ("u8", "i32", "f64"):
        case = f.graph("swap_in_place_%s" % t, "input a %s; input b %s; output y %s; output z %s" % (t, t, t, t),
                       "%a = load a\n%b = load b\nstore y %b\nstore z %a")
        a, b = some(t, 35, "in a"), some(t, 35, "in b")
        size = mode_bytes(t)
        run = case.run(35).give("a", t, a).give("b", t, b).bind("y", "a", 0, size).bind("z", "b", 0, size)
        run.expect("a", b"".join(encode_one(t, v) for v in b)).expect("b", b"".join(encode_one(t, v) for v in a))
        case = f.graph("interleaved_in_place_%s" % t, "input a %s; input b %s; output y %s; output z %s" % (t, t, t, t),
                       "%a = load a\n%b = load b\nstore y %b\nstore z %a")
        both = b"".join(encode_one(t, p) + encode_one(t, q) for p, q in zip(a, b))
        back = b"".join(encode_one(t, q) + encode_one(t, p) for p, q in zip(a, b))
        run = case.run(35).memory("m", both).bind("a", "m", 0, 2 * size).bind("b", "m", size, 2 * size)
        run.bind("y", "m", 0, 2 * size).bind("z", "m", size, 2 * size).expect("m", back)


def divmod_forms(f):
    for k, t in enumerate(INTS):
        for j, forms in enumerate(("sc", "cs", "sp", "ds", "bb", "rw", "cc", "pp")):
            n = SHORT[(k + j) % len(SHORT)]
            a = [edges(t)[(3 * i) % len(edges(t))] for i in range(n)]
            b = [edges(t)[(5 * i + 2) % len(edges(t))] for i in range(n)]
            a = a if forms[0] in "srw" else [a[n // 2]] * n
            b = b if forms[1] in "srw" else [b[n // 2]] * n
            oa, na = declare(forms[0], "a", t, a[0])
            ob, nb = declare(forms[1], "b", t, b[0])
            case = f.graph("divmod_%s_%s" % (t, forms), oa + ob + ["output q " + t, "output r " + t],
                           na + nb + ["%q, %r = divmod %a, %b", "store q %q", "store r %r"])
            run = case.run(n)
            give(run, forms[0], "a", t, a)
            give(run, forms[1], "b", t, b)
            out = [divmod_euclid(t, p, q) for p, q in zip(a, b)]
            run.take("q", t, [o[0] for o in out]).take("r", t, [o[1] for o in out])


def iota_lanes(t, start, stride, n):
    if t in FLOATS:
        return [ieee.add(t, start, ieee.mul(t, ieee.int_to_float("u64", t, k), stride)) for k in range(n)]
    return [wrap(t, start + k * stride) for k in range(n)]


def iota_cases(f):
    for t in NUMBERS:
        e = edges(t)
        for j, forms in enumerate(("cc", "pc", "cp", "pp", "dd", "dc")):
            n = SHORT[(j * 3 + len(t)) % len(SHORT)] + (300 if j == 0 else 0)
            start, stride = e[(j * 5 + 3) % len(e)], e[(j * 7 + 1) % len(e)]
            oa, na = declare(forms[0], "a", t, start)
            ob, nb = declare(forms[1], "b", t, stride)
            case = f.graph("iota_%s_%s" % (t, forms), oa + ob + ["output y " + t],
                           na + nb + ["%y = iota %a, %b", "store y %y"])
            run = case.run(n)
            give(run, forms[0], "a", t, [start])
            give(run, forms[1], "b", t, [stride])
            run.take("y", t, iota_lanes(t, start, stride, n))
        case = f.graph("iota_pairs_%s" % t, "param a %s; param b %s; output y %s" % (t, t, t),
                       "%a = param a\n%b = param b\n%y = iota %a, %b\nstore y %y")
        for start in e[::3]:
            for stride in e[1::4]:
                run = case.run(11).give("a", t, [start]).give("b", t, [stride])
                run.take("y", t, iota_lanes(t, start, stride, 11))
    float_iota_rounds(f)
    iota_of_uniform_nodes(f)


def iota_of_uniform_nodes(f):
    """Nodes 4 to 26 and linear over uniform operands are uniform, so iota may start there and step by them."""
    nodes = """%p = param p
%one = const i32 1
%b = lt %p, %one
%s = select %b, %p, %one
%q, %r = divmod %p, %s
%x = xor %q, %r
%f = convert f32 %x
%h = const f32 0.5
%m = fma %f, %h, %h
%d = round down %m
%u = bitcast u32 %d
%i = bitcast i32 %u
%g = gather t %r
%n = not %g
%l = linear int auto %n, %i { 0 0 %one, 0 1 %p }
%y = iota %l, %g
%z = iota %m, %d
store y %y
store z %z"""
    case = f.graph("iota_of_uniform_nodes", "param p i32; table t i32; output y i32; output z f32", nodes)
    table = [5, 6, 7, 8]
    for p in (0, 1, 3, -7, 1000):
        s = p if p < 1 else 1
        q, r = divmod_euclid("i32", wrap("i32", p), wrap("i32", s))
        x = ieee.int_to_float("i32", "f32", q ^ r)
        m = ieee.fma("f32", x, 0x3F000000, 0x3F000000)
        d = ieee.round_to("f32", "down", m)
        g = table[r] if r < 4 else 0
        start = wrap("i32", ~g + d * p)
        run = case.run(9).give("p", "i32", [wrap("i32", p)]).give("t", "i32", table)
        run.take("y", "i32", iota_lanes("i32", start, g, 9)).take("z", "f32", iota_lanes("f32", m, d, 9))


def float_iota_rounds(f):
    """0.1 + lane * 0.1 is not a running sum, and is not fused; the last lanes of several blocks."""
    for t, start, stride in (("f32", 0x3DCCCCCD, 0x3DCCCCCD), ("f64", 0x3FB999999999999A, 0x3FB999999999999A)):
        n = 4097
        y = iota_lanes(t, start, stride, n)
        assert y != [ieee.fma(t, ieee.int_to_float("u64", t, k), stride, start) for k in range(n)]
        case = f.graph("iota_tenths_%s" % t, "output y %s" % t,
                       ["%%a = const %s 0.1" % t, "%y = iota %a, %a", "store y %y"])
        case.run(33).take("y", t, y[:33])
        bits = "u32" if t == "f32" else "u64"
        case = f.graph(
            "iota_tenths_digest_%s" % t, "result s u64; result last %s" % t,
            "%a = const " + t + " 0.1\n%y = iota %a, %a\n%b = bitcast " + bits + " %y\nsum s %b\nargmax last %y, %y")
        case.run(n).take("s", "u64", [wrap("u64", sum(y))]).take("last", t, [max(y)])
    lanes = [(1 << 24) + 1, (1 << 24) + 3, 5000]
    case = f.graph("iota_f32_of_u64_lane", "input k u64; output y f32",
                   "%k = load k\n%f = convert f32 %k\n%c = const f32 0x1.8p-1\n%y = mul %f, %c\nstore y %y")
    want = [ieee.mul("f32", ieee.int_to_float("u64", "f32", k), 0x3F400000) for k in lanes]
    case.run(3).give("k", "u64", lanes).take("y", "f32", want)


def nan_param_case(f):
    """A NaN with payload in a param, a const and a broadcast stream is canonical where it leaves."""
    case = f.graph(
        "nan_forms", "param p f32; input b f32; output y f32; output z f32; output w u32; output v f32",
        "%p = param p\n%b = load b\n%n = neg %b\n%c = const f32 nan\n%w = bitcast u32 %p\n"
        "store y %p\nstore z %n\nstore w %w\nstore v %c")
    run = case.run(3).memory("p", bytes.fromhex("010080ff")).bind("p", "p", 0, 4)
    run.memory("b", bytes.fromhex("deadc0ff")).bind("b", "b", 0, 0)
    for name in "yzv":
        run.take(name, "f32", [0x7FC00000] * 3)
    run.take("w", "u32", [0x7FC00000] * 3)


def many_sinks(f):
    """A value stored to outputs of several modes and layouts at once."""
    case = f.graph("one_value_many_outputs", "input x f32; output a f32; output b f16; output c bf16be; output d f32be",
                   "%x = load x\nstore a %x\nstore b %x\nstore c %x\nstore d %x")
    x = edges("f32")
    run = case.run(len(x)).give("x", "f32", x)
    for name, mode in (("a", "f32"), ("b", "f16"), ("c", "bf16be"), ("d", "f32be")):
        run.take(name, mode, x)
    case = f.graph("no_operands_at_all", [], ["%a = const i32 5"])
    for n in (0, 1, 1000):
        case.run(n)
    f.graph("empty_graph", [], []).run(7)
    operands = ["param p%d i32 = %d" % (k, k) for k in range(1022)] + ["output y i32", "output z i32"]
    case = f.graph("operands_1024", operands, ["%a = param p1021", "%b = param p3", "store y %a", "store z %b"])
    case.run(2).take("y", "i32", [1021] * 2).take("z", "i32", [3] * 2)


def unused_operands(f):
    case = f.graph("unused_operands",
                   "input x i32; param p u8; table t f64; param q bool = true; result s u64; output y bool",
                   "%q = param q\nstore y %q\nsum s %q")
    run = case.run(3).memory("x", bytes(12)).bind("x", "x", 0, 4).memory("p", b"\x01").bind("p", "p", 0, 0)
    run.memory("t", b"").bind("t", "t", 0, 8).take("y", "bool", [1] * 3).take("s", "u64", [3])
    run = case.run(2).memory("x", bytes(12)).bind("x", "x", 8, -4).memory("p", b"\x01").bind("p", "p", 0, 0)
    run.memory("t", b"").bind("t", "t", 5, 8).memory("q", b"\x00").bind("q", "q", 0, 1).take("y", "bool", [0] * 2)
    case = f.graph(
        "dead_nodes", "input x i32; output y i32",
        "%x = load x\n%0 = mul %x, %x\n%1, %2 = divmod %0, %x\n%3 = convert f64 %2\n%4 = sqrt %3\nstore y %x")
    run = case.run(2).give("x", "i32", [0, 9]).take("y", "i32", [0, 9])
    case = f.graph("dropped_result", "input x i32; result s i64; result t i64", "%x = load x\nsum s %x\nsum t %x")
    run = case.run(3).give("x", "i32", [1, 2, 3]).take("t", "i64", [6])


def layouts_file():
    f = Tgt("layouts", "Memory layouts: strides, offsets and guard bytes for every mode, as input and as output.")
    for mode in MODES:
        size, t = mode_bytes(mode), mode_type(mode)
        case = f.graph("strides_" + mode, "input x %s; output y %s" % (mode, mode), "%x = load x\nstore y %x")
        r = rng("layout", mode)
        strides = [size, 2 * size, size + 1, 3 * size + 2, -size, -(size + 3), -2 * size]
        for k, (a, b) in enumerate([(0, 1), (1, 0), (2, 4), (4, 2), (3, 5), (5, 6), (6, 3), (0, 4), (4, 0), (None, 2),
                                    (None, 0)]):
            n = [1, 2, 5, 9, 17, 3, 8, 16, 7, 33, 4][(k + size) % 11]
            x = Layout(mode, n, 0 if a is None else strides[a], k % 4 + (a == 2))
            y = Layout(mode, n, strides[b], (k * 3) % 5)
            data = bytes(r.getrandbits(8) for _ in range(x.bytes))
            lanes = [decode_one(mode, data[x.offset + i * x.stride:][:size]) for i in range(n)]
            before = bytearray([FILL]) * y.bytes
            run = case.run(n).memory("x", data).bind("x", "x", x.offset, x.stride)
            run.memory("y", bytes(before)).bind("y", "y", y.offset, y.stride).expect("y", bytes(y.put(before, lanes)))
        assert t in TYPES
    return f


LENGTH_GRAPHS = [
    ("u8_add", "u8", "%y = add %a, %b", lambda a, b: wrap("u8", a + b)),
    ("i16_max", "i16", "%y = max %a, %b", lambda a, b: INT_BINARY["max"]("i16", a, b)),
    ("i32_mul_add", "i32", "%p = mul %a, %b\n%y = add %p, %a", lambda a, b: wrap("i32", a * b + a)),
    ("u64_xor_shift", "u64", "%k = const u64 13\n%s = shl %a, %k\n%y = xor %s, %b",
     lambda a, b: wrap("u64", a << 13) ^ b),
    ("f32_mul_add", "f32", "%p = mul %a, %b\n%y = add %p, %a", lambda a, b: ieee.add("f32", ieee.mul("f32", a, b), a)),
    ("f64_fma", "f64", "%y = fma %a, %b, %a", lambda a, b: ieee.fma("f64", a, b, a)),
    ("bool_logic", "bool", "%n = not %a\n%y = xor %n, %b", lambda a, b: (1 - a) ^ b),
    ("i64_divmod", "i64", "%y, %r = divmod %a, %b", lambda a, b: divmod_euclid("i64", a, b)[0]),
    ("u16_branch", "u16", "%c = lt %a, %b\n%y = branch %c { %s = sub %a, %b yield %s } { yield %a }",
     lambda a, b: wrap("u16", a - b) if not a < b else a),
    ("u32_loop", "u32", "%k = const u32 7\n%l = and %b, %k\n%o = const u32 1\n%z = const u32 0\n"
     "%y, %e = loop %x = %a, %n = %l { %c = lt %z, %n test %c %d = add %x, %x %m = sub %n, %o yield %d, %m }",
     lambda a, b: wrap("u32", a << (b & 7))),
]


def lengths_file():
    f = Tgt("lengths", "Stream lengths around vector widths, with guard bytes around the output.")
    for name, t, node, oracle in LENGTH_GRAPHS:
        case = f.graph(name, "input a %s; input b %s; output y %s" % (t, t, t),
                       "%a = load a\n%b = load b\n" + node + "\nstore y %y")
        a, b = some(t, 129, "la"), some(t, 129, "lb")
        for n in LENGTHS:
            run = case.run(n).give("a", t, a[:n]).give("b", t, b[:n])
            run.take("y", t, [oracle(p, q) for p, q in zip(a[:n], b[:n])], guard=n % 9)
    long_lengths(f)
    return f


def long_lengths(f):
    """Whole blocks and one lane more or less, inputs broadcast, so that the output alone is long."""
    case = f.graph("blocks_u8", "output y u8",
                   "%a = const u8 3\n%b = const u8 5\n%i = iota %a, %b\n%y = mul %i, %i\nstore y %y")
    for n in (4095, 4096, 4097, 8193):
        case.run(n).take("y", "u8", [wrap("u8", (3 + 5 * k)**2) for k in range(n)], guard=1)


def files():
    return [forms_file(), layouts_file(), lengths_file()]
