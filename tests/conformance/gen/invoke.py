"""invoke_errors.tgt: ARGUMENT, BOUNDS and OVERLAP, and invocations next to them that are allowed."""
from .base import Tgt, encode, wrap

MAX63 = 2**63 - 1


def copy_case(f, name, t="u32"):
    return f.graph(name, "input x %s; output y %s" % (t, t), "%x = load x\nstore y %x")


def argument_cases(f):
    case = copy_case(f, "no_memory")
    case.run(1).memory("x", bytes(4)).bind("x", "x", 0, 4).error("ARGUMENT")
    case.run(1).memory("y", bytes(4)).bind("y", "y", 0, 4).error("ARGUMENT")
    case.run(1).error("ARGUMENT")
    case.run(0).error("ARGUMENT")
    case.run(0).memory("x", b"").bind("x", "x", 0, 4).error("ARGUMENT")
    case = f.graph("no_memory_other_kinds", "param p u8; table t u8; accumulator a u8; result r u64; output y u8",
                   "%p = param p\n%g = gather t %p\ncombine a add %p, %g\nsum r %g\nstore y %g")

    def bound(n, without):
        run = case.run(n)
        for name in "ptay":
            if name != without:
                run.memory(name, bytes(8)).bind(name, name, 0, 1)
        return run

    for without in "ptay":
        bound(2, without).error("ARGUMENT")
    bound(2, None)
    case = f.graph("default_not_bound", "param p u8 = 7; output y u8", "%p = param p\nstore y %p")
    case.run(2).take("y", "u8", [7, 7])
    case.run(2).give("p", "u8", [9]).take("y", "u8", [9, 9])
    case = f.graph("too_many_lanes", "param p u8 = 1; result r u64", "%p = param p\nsum r %p")
    for n in ((1 << 40) + 1, 1 << 41, (1 << 63), 2**64 - 1):
        case.run(n).memory("r", bytes(8)).bind("r", "r", 0, 8).error("ARGUMENT")
    case = copy_case(f, "argument_before_bounds")
    case.run(9).memory("x", bytes(4)).bind("x", "x", 0, 4).error("ARGUMENT")
    case.run((1 << 40) + 1).memory("x", bytes(4)).bind("x", "x", 0, 4).memory("y", b"").bind("y", "y", 0,
                                                                                             4).error("ARGUMENT")


def bounds_cases(f):
    case = copy_case(f, "bounds")
    bad = [(3, 12, 1, 4), (3, 12, 0, 5), (3, 11, 0, 4), (1, 4, 1, 4), (1, 4, -1, 4), (1, 3, 0, 4), (1, 0, 0, 4),
           (1, 4, 4, 4), (3, 12, 8, -5), (3, 12, 7, -4), (3, 12, 9, -4), (2, 12, 0, -4),
           (2, 12, 12, 0), (1, 4, MAX63, 4), (1, 4, -MAX63 - 1, 0), (1, 4, MAX63, MAX63), (2, 8, 0, MAX63),
           (3, 8, 0, MAX63), (2, 8, 0, -MAX63 - 1), (3, 8, 0, -MAX63 - 1), (3, 8, 0, 1 << 62), (5, 8, 0, 1 << 62),
           (5, 8, 0, -(1 << 62)), (1 << 40, 64, 0, 4), (1 << 40, 64, 0, 1 << 24), (1 << 40, 64, 0, -(1 << 24)),
           ((1 << 34) + 1, 64, 0, 1 << 30), (1 << 40, 64, 60, MAX63), (1 << 32, 64, 0, 1 << 32),
           ((1 << 32) + 1, 64, 0, 1 << 32), ((1 << 20) + 1, 64, 0, 1 << 44), (3, 8, -4, 4), (2, 8, -8, 8),
           (3, 64, MAX63 - 7, 8), (1 << 40, 3, 0, 0)]
    for n, size, offset, stride in bad:
        run = case.run(n).memory("x", bytes(size)).bind("x", "x", offset, stride)
        small = min(n, 8)
        run.memory("y", bytes(4 * small)).bind("y", "y", 0, 4).error("BOUNDS")
    for n, size, offset, stride in bad:
        run = case.run(n).memory("x", bytes(4)).bind("x", "x", 0, 0)
        run.memory("y", bytes(size)).bind("y", "y", offset, stride).error("BOUNDS")
    case = copy_case(f, "bounds_of_bound_bytes")
    run = case.run(2).memory("x", bytes(8)).bind("x", "x", 0, 4, 7).memory("y", bytes(8)).bind("y", "y", 0,
                                                                                               4).error("BOUNDS")
    run = case.run(2).memory("x", bytes(8)).bind("x", "x", 0, 4).memory("y", bytes(8)).bind("y", "y", 0, 4,
                                                                                            0).error("BOUNDS")
    case.run(1).memory("x",
                       bytes(range(8))).bind("x", "x", 0, 4,
                                             4).memory("y",
                                                       bytes(8)).bind("y", "y", 0, 4,
                                                                      4).expect("y", bytes([0, 1, 2, 3, 0, 0, 0, 0]))
    case = copy_case(f, "no_lanes_are_not_checked")
    for offset, stride in ((0, 4), (100, 4), (-5, 0), (MAX63, MAX63), (-MAX63 - 1, -MAX63 - 1)):
        run = case.run(0).memory("x", b"").bind("x", "x", offset,
                                                stride).memory("y", b"\x01").bind("y", "y", offset, stride)
    exact_fits(f)
    single_elements(f)


def exact_fits(f):
    case = copy_case(f, "exact_fit")
    for n, size, offset, stride in ((1, 4, 0, 4), (1, 5, 1, MAX63), (1, 4, 0, -MAX63 - 1), (2, 8, 0, 4), (2, 8, 4, -4),
                                    (3, 13, 8, -4), (3, 14, 0, 5), (2, 4, 0, 0), (9, 5, 1, 0)):
        data = bytes(range(1, size + 1))
        run = case.run(n).memory("x", data).bind("x", "x", offset, stride)
        lanes = [int.from_bytes(data[offset + i * stride:][:4], "little") for i in range(n)]
        run.take("y", "u32", lanes)


def single_elements(f):
    """Params and results have one element; their stride is not looked at."""
    case = f.graph("params_and_results", "param p u32; result s u64; output y u32",
                   "%p = param p\nsum s %p\nstore y %p")

    def run(p, s, n=2):
        r = case.run(n).memory("p", bytes([1, 2, 3, 4, 5])).bind("p", "p", *p)
        return r.memory("s", bytes(9)).bind("s", "s", *s).memory("y", bytes(8)).bind("y", "y", 0, 4)

    for p in ((2, 4), (-1, 4), (5, 0), (MAX63, 0)):
        run(p, (0, 8)).error("BOUNDS")
        run(p, (0, 8), 0).error("BOUNDS")
    for s in ((2, 8), (-1, 8), (9, 0), (-MAX63 - 1, 8)):
        run((0, 4), s).error("BOUNDS")
        run((0, 4), s, 0).error("BOUNDS")
    for stride in (0, 1, -1, MAX63, -MAX63 - 1):
        p = int.from_bytes(bytes([2, 3, 4, 5]), "little")
        r = run((1, stride), (1, stride)).expect("y", encode("u32", [p, p]))
        r.expect("s", b"\x00" + encode("u64", [2 * p]))
        run((1, stride), (0, stride), 0)
    case = f.graph("bounds_before_overlap", "input x u32; output y u32; output z u32",
                   "%x = load x\nstore y %x\nstore z %x")
    r = case.run(2).memory("x", bytes(8)).bind("x", "x", 0, 4).memory("y", bytes(8)).bind("y", "y", 0,
                                                                                          1).bind("z", "y", 4, 4)
    r.error("BOUNDS")


def overlap_rows():
    """n, memory size, input (offset, stride), output (offset, stride), allowed; u32 elements in one memory."""
    return [
        (4, 32, (0, 4), (16, 4), True),
        (4, 32, (16, 4), (0, 4), True),
        (4, 32, (0, 4), (12, 4), False),
        (4, 32, (0, 4), (15, 4), False),
        (4, 16, (0, 4), (0, 4), True),
        (4, 17, (0, 4), (1, 4), False),
        (4, 20, (4, 4), (0, 4), False),
        (4, 20, (0, 4), (4, 4), False),
        (4, 32, (0, 8), (4, 8), True),
        (4, 32, (4, 8), (0, 8), True),
        (4, 36, (0, 8), (3, 8), False),
        (4, 36, (0, 8), (5, 8), False),
        (4, 64, (0, 8), (12, 8), True),
        (4, 64, (0, 12), (20, 12), True),
        (4, 64, (0, 12), (4, 12), True),
        (4, 64, (0, 12), (8, 12), True),
        (4, 64, (0, 12), (9, 12), False),
        (4, 64, (1, 12), (8, 12), True),
        (4, 64, (0, 12), (11, 12), False),
        (4, 64, (0, 12), (12, 12), False),
        (4, 64, (0, 8), (8, 8), False),
        (4, 64, (0, 8), (32, 8), True),
        (4, 64, (0, 8), (24, 8), False),
        (4, 64, (32, 8), (0, 8), True),
        (4, 16, (12, -4), (12, -4), True),
        (4, 16, (0, 4), (12, -4), False),
        (4, 16, (12, -4), (0, 4), False),
        (4, 32, (0, 8), (28, -8), True),
        (4, 32, (28, -8), (0, 8), True),
        (4, 32, (24, -8), (0, 8), False),
        (4, 32, (4, 8), (24, -8), True),
        (4, 64, (0, 4), (16, 8), True),
        (4, 64, (0, 8), (4, 12), False),
        (4, 72, (0, 12), (40, 8), True),
        (4, 64, (0, 8), (28, 4), True),
        (4, 64, (0, 8), (27, 4), False),
        (2, 64, (0, 16), (4, 4), False),
        (2, 64, (0, 16), (20, 4), True),
        (2, 64, (4, 4), (0, 16), False),
        (4, 64, (0, 0), (4, 4), True),
        (4, 64, (8, 0), (0, 4), False),
        (4, 64, (0, 0), (0, 4), False),
        (4, 64, (3, 0), (6, 4), False),
        (4, 64, (20, 0), (0, 4), True),
        (4, 64, (8, 0), (0, 16), False),
        (1, 8, (0, 4), (0, 4), True),
        (1, 8, (0, 4), (1, 4), False),
        (1, 8, (0, 4), (3, 4), False),
        (1, 8, (0, 4), (4, 4), True),
        (2, 64, (0, 4), (32, 3), False),
        (2, 64, (0, 4), (32, 0), False),
        (2, 64, (0, 4), (40, -3), False),
        (2, 64, (0, 4), (32, 4), True),
        (1, 64, (0, 4), (32, 0), True),
        (1, 64, (0, 4), (32, 3), True),
        (1, 8, (2, 4), (2, 8), True),
        (1, 8, (2, 0), (2, -4), True),
        (1, 8, (2, 0), (3, -4), False),
        (2, 64, (0, 4), (32, -1), False),
        (2, 64, (0, 1), (32, 4), True),
        (3, 64, (0, 2), (32, 4), True),
        (1000, 8000, (0, 8), (4, 8), True),
        (1000, 8004, (0, 8), (8, 8), False),
        (1000, 8004, (4, 8), (0, 8), True),
        (1000, 8004, (2, 8), (0, 8), False),
    ]


def may(n, x, y, size=4):
    """Chapter 8's rule for an input and an output of u32, by listing bytes."""
    if n > 1 and abs(y[1]) < size:
        return False
    if x == y or (n == 1 and x[0] == y[0]):
        return True
    a, b = ([v[0] + i * v[1] for i in range(n)] for v in (x, y))
    if abs(x[1]) == abs(y[1]):
        return not {k + j for k in a for j in range(size)} & {k + j for k in b for j in range(size)}
    return max(a) + size <= min(b) or max(b) + size <= min(a)


def overlap_cases(f):
    case = copy_case(f, "overlap")
    for n, size, x, y, allowed in overlap_rows():
        assert allowed == may(n, x, y), (n, x, y)
        assert all(0 <= v[0] + i * v[1] <= size - 4 for v in (x, y) for i in (0, n - 1)), (n, x, y)
        data = bytes((7 * k + 1) & 255 for k in range(size)) if n < 100 else bytes([0x3C]) * size
        run = case.run(n).memory("m", data).bind("x", "m", *x).bind("y", "m", *y)
        if not allowed:
            run.error("OVERLAP")
            continue
        out = bytearray(data)
        for i in range(n):
            a, b = x[0] + i * x[1], y[0] + i * y[1]
            out[b:b + 4] = data[a:a + 4]
        if bytes(out) != data:
            run.expect("m", bytes(out))
    in_place_modes(f)
    between_kinds(f)
    tables(f)
    accumulators(f)


def in_place_modes(f):
    """In place needs one mode: other modes of one size overlap."""
    for a, b, ok in (("u32", "i32", False), ("u32", "f32", False), ("u32", "u32be", False), ("u32be", "u32be", True),
                     ("f16", "bf16", False)):
        t = {"u32": "u32", "u32be": "u32", "f16": "f32"}[a]
        u = {"i32": "i32", "f32": "f32", "u32be": "u32", "bf16": "f32"}[b]
        node = "%y = neg %x" if t == u else "%y = convert " + u + " %x"
        case = f.graph("in_place_%s_%s" % (a, b), "input x %s; output y %s" % (a, b),
                       "%x = load x\n" + node + "\nstore y %y")
        size = 2 if "16" in a else 4
        data = bytes([0, 0, 0, 5, 1, 2, 3, 4])
        run = case.run(8 // size).memory("m", data).bind("x", "m", 0, size).bind("y", "m", 0, size)
        if not ok:
            run.error("OVERLAP")
            continue
        values = [int.from_bytes(data[k:k + 4], "big") for k in (0, 4)]
        run.expect("m", b"".join(wrap("u32", -v).to_bytes(4, "big") for v in values))
    case = f.graph("in_place_of_other_size", "input x u32; output y u16",
                   "%x = load x\n%y = convert u16 %x\nstore y %y")
    case.run(2).memory("m", bytes(8)).bind("x", "m", 0, 4).bind("y", "m", 0, 4).error("OVERLAP")
    case.run(2).memory("m", bytes(range(12))).bind("x", "m", 0,
                                                   6).bind("y", "m", 4,
                                                           6).expect("m", bytes([0, 1, 2, 3, 0, 1, 6, 7, 8, 9, 6, 7]))
    case = f.graph("two_inputs_in_place", "input a u8; input b u8; output y u8",
                   "%a = load a\n%b = load b\n%y = add %a, %b\nstore y %y")
    m = bytes([1, 2, 3, 4])
    case.run(4).memory("m", m).bind("a", "m", 0, 1).bind("b", "m", 0, 1).bind("y", "m", 0,
                                                                              1).expect("m", bytes([2, 4, 6, 8]))
    case.run(4).memory("m", m).bind("a", "m", 0, 1).bind("b", "m", 3, -1).bind("y", "m", 0, 1).error("OVERLAP")
    case.run(4).memory("m", m).bind("a", "m", 0, 1).bind("b", "m", 0, 0).bind("y", "m", 0, 1).error("OVERLAP")


def between_kinds(f):
    """Outputs, results and params in one memory."""
    case = f.graph("outputs_and_results",
                   "param p u8; input x u8; output y u8; output z u8; result s u64; result t u64",
                   "%p = param p\n%x = load x\n%a = add %x, %p\nstore y %a\nstore z %x\nsum s %x\nsum t %a")

    def run(**places):
        at = {"p": (0, 1), "x": (1, 1), "y": (5, 1), "z": (9, 1), "s": (13, 8), "t": (21, 8)}
        at.update(places)
        r = case.run(4).memory("m", bytes(range(1, 40)))
        for name, (offset, stride) in at.items():
            r.bind(name, "m", offset, stride)
        return r

    x = [2, 3, 4, 5]
    good = bytes([1] + x + [v + 1 for v in x] + x) + encode("u64", [14, 18]) + bytes(range(30, 40))
    run().expect("m", good)
    for places in ({"y": (0, 1)}, {"z": (8, 1)}, {"z": (5, 1)}, {"s": (12, 8)}, {"s": (20, 8)}, {"t": (13, 8)},
                   {"t": (20, 8)}, {"s": (0, 8)}, {"p": (5, 1)}, {"p": (13, 1)}, {"p": (28, 1)}, {"s": (1, 8)},
                   {"t": (5, 8)}, {"x": (10, 1)}, {"y": (8, -1)}, {"p": (12, 0)}):
        r = run(**places)
        if places == {"y": (8, -1)}:
            r.expect("m",
                     bytes([1] + x + [v + 1 for v in reversed(x)] + x) + encode("u64", [14, 18]) + bytes(range(30, 40)))
        else:
            r.error("OVERLAP")
    one_element(f)
    case = f.graph("empty_outputs_overlap_nothing",
                   "input x u32; output y u32; output z u32; result s u64; result t u64",
                   "%x = load x\nstore y %x\nstore z %x\nsum s %x\nsum t %x")
    r = case.run(0).memory("m", bytes([0xFF] * 24))
    for name in "xyz":
        r.bind(name, "m", 0, 4)
    r.bind("s", "m", 0, 8).bind("t", "m", 8, 8).expect("m", bytes(16) + b"\xff" * 8)
    r = case.run(0).memory("m", bytes([0xFF] * 24))
    for name in "xyz":
        r.bind(name, "m", 0, 4)
    r.bind("s", "m", 0, 8).bind("t", "m", 7, 8).error("OVERLAP")


def one_element(f):
    """A param, a result or a table of one element between the elements of an output."""
    case = f.graph("one_element_in_a_gap", "param p u16; table t u16; output y u16; result s u64",
                   "%p = param p\n%z = const u8 0\n%g = gather t %z\n%y = add %p, %g\nstore y %y\nsum s %y")
    for p, t, s, ok in ((2, 4, 8, True), (10, 20, 24,
                                          True), (0, 4, 8, False), (2, 15, 8, False), (2, 4, 9, False), (2, 4, 7, True),
                        (18, 5, 8, True), (18, 4, 40, True), (17, 4, 40, False), (2, 4, 22, True), (2, 4, 26, False)):
        places = [{p, p + 1}, {t, t + 1}, set(range(s, s + 8)), {0, 1, 16, 17, 32, 33}]
        assert ok == all(not a & b for k, a in enumerate(places) for b in places[k + 1:] if b is not places[1])
        for stride in (0, 1, 16, -3):
            m = bytes(range(1, 51))
            r = case.run(3).memory("m", m).bind("y", "m", 0, 16).bind("p", "m", p,
                                                                      stride).bind("t", "m", t,
                                                                                   0).bind("s", "m", s, stride)
            if not ok:
                r.error("OVERLAP")
                continue
            v = wrap("u16", int.from_bytes(m[p:p + 2], "little") + int.from_bytes(m[t:t + 2], "little"))
            out = bytearray(m)
            for k in (0, 16, 32):
                out[k:k + 2] = v.to_bytes(2, "little")
            out[s:s + 8] = (3 * v).to_bytes(8, "little")
            r.expect("m", bytes(out))


def tables(f):
    case = f.graph("table_and_output", "table t u8; output y u8",
                   "%z = const u8 0\n%o = const u8 1\n%i = iota %z, %o\n%g = gather t %i\nstore y %g")
    m = bytes(range(10, 26))
    case.run(4).memory("m", m).bind("t", "m", 0, 1).bind("y", "m", 8, 1).error("OVERLAP")
    case.run(4).memory("m", m).bind("t", "m", 0, 1, 8).bind("y", "m", 8, 1).expect("m", m[:8] + m[:4] + m[12:])
    case.run(4).memory("m", m).bind("t", "m", 0, 1, 9).bind("y", "m", 8, 1).error("OVERLAP")
    case.run(4).memory("m", m).bind("t", "m", 12, 1).bind("y", "m", 8, 1).expect("m", m[:8] + m[12:16] + m[12:])
    case.run(4).memory("m", m).bind("t", "m", 7, -1).bind("y", "m", 8,
                                                          1).expect("m", m[:8] + bytes([17, 16, 15, 14]) + m[12:])
    case.run(4).memory("m", m).bind("t", "m", 0,
                                    2).bind("y", "m", 1,
                                            2).expect("m",
                                                      bytes(m[k - 1] if k in (1, 3, 5, 7) else m[k] for k in range(16)))
    case.run(4).memory("m", m).bind("t", "m", 0, 2).bind("y", "m", 2, 2).error("OVERLAP")
    case.run(4).memory("m", m).bind("t", "m", 8, 0).bind("y", "m", 9, 1).expect("m",
                                                                                m[:9] + bytes([18, 0, 0, 0]) + m[13:])
    case.run(4).memory("m", m).bind("t", "m", 9, 0).bind("y", "m", 9, 1).error("OVERLAP")
    case.run(4).memory("m", m).bind("t", "m", 16, 1).bind("y", "m", 0, 1).expect("m", bytes(4) + m[4:])
    case.run(4).memory("m", m).bind("t", "m", 0, 1, 4).bind("y", "m", 0, 1).error("OVERLAP")
    case.run(0).memory("m", m).bind("t", "m", 0, 1).bind("y", "m", 0, 1)


def accumulators(f):
    case = f.graph("accumulator", "input s u8; input v u16; accumulator a u16; table t u16; output y u16",
                   "%s = load s\n%v = load v\n%g = gather t %s\ncombine a add %s, %v\nstore y %g")

    def run(n, a, t=("t", 0, 2), y=("y", 0, 2), v=("v", 0, 2)):
        r = case.run(n).memory("s", bytes(range(n))).bind("s", "s", 0, 1)
        r.memory("v", encode("u16",
                             [9] * 4)).memory("a", encode("u16",
                                                          [1, 2, 3, 4])).memory("t",
                                                                                encode("u16",
                                                                                       [50, 60])).memory("y", bytes(8))
        for name, place in zip("atyv", (a, t, y, v)):
            r.bind(name, *place)
        return r

    run(4, ("a", 0, 2)).expect("a", encode("u16", [10, 11, 12, 13])).expect("y", encode("u16", [50, 60, 0, 0]))
    run(4, ("a", 0, 1)).error("OVERLAP")
    run(4, ("a", 0, -1)).expect("a", encode("u16", [10, 2, 3, 4])).expect("y", encode("u16", [50, 60, 0, 0]))
    run(4, ("a", 4, -1)).error("OVERLAP")
    run(4, ("a", 0, 0)).expect("a", encode("u16", [10, 2, 3, 4])).expect("y", encode("u16", [50, 60, 0, 0]))
    run(4, ("a", 6, 1)).expect("a", encode("u16", [1, 2, 3, 13])).expect("y", encode("u16", [50, 60, 0, 0]))
    run(4, ("v", 0, 2)).error("OVERLAP")
    run(4, ("t", 0, 2)).error("OVERLAP")
    run(4, ("y", 0, 2)).error("OVERLAP")
    run(4, ("a", 0, 2), t=("a", 0, 2)).error("OVERLAP")
    run(4, ("a", 0, 2), y=("a", 0, 2)).error("OVERLAP")
    run(0, ("a", 0, 2), t=("a", 0, 2)).error("OVERLAP")
    run(0, ("a", 0, 1)).error("OVERLAP")
    run(0, ("v", 0, 2))
    run(4, ("v", 8, 2)).expect("y", encode("u16", [50, 60, 0, 0]))
    two = f.graph("two_accumulators", "accumulator a u8; accumulator b u8",
                  "%z = const u8 0\n%k = const u8 5\ncombine a add %z, %k\ncombine b xor %z, %k")
    m = bytes([1, 2, 3, 4])
    two.run(3).memory("m", m).bind("a", "m", 0, 2).bind("b", "m", 1, 2).expect("m", bytes([16, 2 ^ 5, 3, 4]))
    two.run(3).memory("m", m).bind("a", "m", 0, 1).bind("b", "m", 3, 1).error("OVERLAP")
    two.run(3).memory("m", m).bind("a", "m", 1, -1).bind("b", "m", 2, 1).expect("m", bytes([1, 17, 3 ^ 5, 4]))
    two.run(3).memory("m", m).bind("a", "m", 1, 1).bind("b", "m", 0, 0).expect("m", bytes([1 ^ 5, 17, 3, 4]))
    two.run(3).memory("m", m).bind("a", "m", 9, 1).bind("b", "m", 0, 1).expect("m", bytes([1 ^ 5, 2, 3, 4]))


def files():
    f = Tgt("invoke_errors", "Invocations that are refused, and their neighbours that are not.")
    argument_cases(f)
    bounds_cases(f)
    overlap_cases(f)
    return [f]
