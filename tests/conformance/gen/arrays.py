"""arrays.tgt, gather.tgt: a lane's own arrays and shared tables."""
from .base import FLOATS, INTS, TYPES, Tgt, encode, mode_bytes, raw, signed, wrap
from .edges import NAN_BITS, edges, some
from .lanes import Trap, lanes


def load(values, i):
    return values[i] if 0 <= i < len(values) else 0


def store(values, i, v):
    out = list(values)
    if 0 <= i < len(out):
        out[i] = v
    return out


def element_types(f):
    """Stores at one index, loads at another, for every element and index type."""
    for k, t in enumerate(TYPES):
        for u in (INTS[k % 8], INTS[(k + 3) % 8]):

            def oracle(fuel, i, j, v, w, t=t, u=u):
                a = store(store([0] * 5, signed(u, i), v), signed(u, j), w)
                return [load(a, signed(u, i)), load(a, signed(u, j)), load(a, 2)]

            values = edges(t) + (NAN_BITS[t] if t in FLOATS else [])
            indices = [0, 1, 2, 3, 4, 5, 6, -1, -5, 100, 1 << 33]
            rows = [[wrap(u, i),
                     wrap(u, j), values[(3 * a + b) % len(values)], values[(a + 5 * b) % len(values)]]
                    for a, i in enumerate(indices) for b, j in enumerate(indices[::2])]
            lanes(
                f, "array_%s_index_%s" % (t, u), [("i", u), ("j", u), ("v", t), ("w", t)], [("x", t), ("y", t),
                                                                                            ("z", t)],
                "%%a0 = array %s 5\n%%k = const u8 2\n%%z0 = aload %%a0, %%k\n"
                "%%a1 = astore %%a0, %%i, %%v\n%%a2 = astore %%a1, %%j, %%w\n"
                "%%x = aload %%a2, %%i\n%%y = aload %%a2, %%j\n%%z = aload %%a2, %%k" % t, rows, oracle)


def zeroed_case(f):

    def oracle(fuel, i):
        return [0, 0, 0]

    lanes(
        f, "zeroed", [("i", "u8")], [("x", "f64"), ("y", "bool"), ("z", "i32")],
        "%a = array f64 3\n%b = array bool 200\n%c = array i32 1\n"
        "%x = aload %a, %i\n%y = aload %b, %i\n%z = aload %c, %i",
        [[v] for v in (0, 1, 2, 3, 199, 200, 255)], oracle)

    def fresh(fuel, n):
        last = 0
        for i in range(n):
            last = 10 * (i + 1)
        return [last, 0]

    lanes(
        f, "fresh_in_each_iteration", [("n", "u16")], [("y", "u16"), ("s", "u16")], """%z = const u16 0
%o = const u16 1
%t = const u16 10
%y, %s, %k = loop %l = %z, %old = %z, %i = %z {
%c = lt %i, %n
test %c
%a = array u16 2
%before = aload %a, %o
%i1 = add %i, %o
%v = mul %i1, %t
%b = astore %a, %o, %v
%after = aload %b, %o
%old1 = or %old, %before
yield %after, %old1, %i1
}""", [[v] for v in (0, 1, 2, 5, 40)], fresh)
    lanes(f, "lanes_do_not_share", [("i", "u8"), ("v", "i32")], [("y", "i32"), ("z", "i32")],
          "%a = array i32 8\n%b = astore %a, %i, %v\n%k = const u8 3\n%y = aload %b, %k\n%z = aload %b, %i",
          [[i % 9, (i * 7 + 1)] for i in range(70)], lambda fuel, i, v: [v if i == 3 else 0, v if i < 8 else 0])


SIEVE = """%z = const u32 0
%o = const u32 1
%two = const u32 2
%t = const bool true
%f = const bool false
%a = array bool 100
%hundred = const u32 100
%b, %i9, %count = loop %m = %a, %i = %two, %n = %z {
%c = lt %i, %x
test %c
%struck = aload %m, %i
%m4, %n1 = branch %struck {
%n2 = add %n, %o
%start = mul %i, %i
%m3, %j9 = loop %m1 = %m, %j = %start { %d = lt %j, %hundred
test %d %m2 = astore %m1, %j, %t %j1 = add %j, %i yield %m2, %j1 }
yield %m, %n
} {
yield %m, %n
}
%i1 = add %i, %o
yield %m4, %i1, %n1
}"""


def sieve_case(f):
    """The sieve of Eratosthenes: an array carried through nested loops and a branch. The selector false runs body 0."""
    text = SIEVE.replace("yield %m, %n\n} {\nyield %m, %n", "yield %m3, %n2\n} {\nyield %m, %n")

    def oracle(fuel, x):
        return [sum(all(i % d for d in range(2, i)) for i in range(2, min(x, 100)))]

    lanes(f, "sieve", [("x", "u32")], [("count", "u32")], text, [[v] for v in (0, 2, 3, 4, 10, 30, 99, 100)], oracle)


def sort_case(f):
    """Insertion of eight table values into an array of eight, by swapping down; loads in a loop's condition."""

    def oracle(fuel, s):
        values = [wrap("i32", (s * 40503 + k * k * 7919) ^ (s << (k % 5))) for k in range(8)]
        values.sort(key=lambda v: signed("i32", v))
        return [values[0], values[3], values[7]]

    lanes(
        f, "insertion_sort", [("s", "i32")], [("lo", "i32"), ("mid", "i32"), ("hi", "i32")], """%z = const i32 0
%o = const i32 1
%eight = const i32 8
%five = const i32 5
%p = const i32 40503
%q = const i32 7919
%a = array i32 8
%b, %k9 = loop %m = %a, %k = %z {
%c = lt %k, %eight
test %c
%v1 = mul %s, %p
%kk = mul %k, %k
%v2 = mul %kk, %q
%v3 = add %v1, %v2
%sq, %sh = divmod %k, %five
%v4 = shl %s, %sh
%v = xor %v3, %v4
%m3, %j9 = loop %m1 = %m, %j = %k {
%jp = sub %j, %o
%left = aload %m1, %jp
%inside = lt %z, %j
%less = lt %v, %left
%go = and %inside, %less
test %go
%m2 = astore %m1, %j, %left
yield %m2, %jp
}
%m4 = astore %m3, %j9, %v
%k1 = add %k, %o
yield %m4, %k1
}
%three = const i32 3
%seven = const i32 7
%lo = aload %b, %z
%mid = aload %b, %three
%hi = aload %b, %seven""", [[v] for v in (0, 1, 2, 77, 123456, 2**31, 2**32 - 1)], oracle)


def branch_cases(f):
    """An array consumed once in each body; loaded in both; yielded unchanged; two arrays exchanged by the branch."""
    lanes(
        f, "consumed_in_each_body", [("s", "u8"), ("v", "i16")], [("x", "i16"), ("y", "i16")], """%a0 = array i16 3
%z = const u8 0
%o = const u8 1
%a = astore %a0, %z, %v
%b = branch %s { %old = aload %a, %z %d = add %old, %old %b1 = astore %a, %o, %d yield %b1 } { yield %a }
{ %old2 = aload %a, %z %n = neg %old2 %b2 = astore %a, %o, %n %b3 = astore %b2, %z, %n yield %b3 }
%x = aload %b, %z
%y = aload %b, %o""", [[s, v] for s in (0, 1, 2, 3) for v in (0, 5, 0x8000)], lambda fuel, s, v:
        [v if s < 2 else wrap("i16", -v),
         wrap("i16", 2 * v) if s == 0 else 0 if s == 1 else wrap("i16", -v)])
    lanes(
        f, "arrays_exchanged", [("s", "bool"), ("v", "u32")], [("x", "u32"), ("y", "u32")], """%z = const u8 0
%p = array u32 2
%q = array u32 2
%seven = const u32 7
%a = astore %p, %z, %v
%b = astore %q, %z, %seven
%c, %d = branch %s { yield %a, %b } { yield %b, %a }
%e = astore %c, %z, %seven
%x = aload %d, %z
%y = aload %e, %z""", [[s, v] for s in (0, 1) for v in (0, 9)], lambda fuel, s, v: [v if s else 7, 7])
    lanes(
        f, "loaded_in_bodies", [("s", "u8")], [("x", "u32"), ("y", "u32")], """%z = const u8 0
%v = const u32 41
%w = const u32 1
%n = const u8 3
%a0 = array u32 1
%a = astore %a0, %z, %v
%x = branch %s { %p = aload %a, %z %r = add %p, %w yield %r } { %q = aload %a, %s yield %q }
%one = const u8 1
%y, %i9 = loop %t = %w, %i = %z { %l = aload %a, %i %c = lt %i, %n
test %c %m = aload %a, %z %t1 = add %t, %m %i1 = add %i, %one yield %t1, %i1 }""",
        [[0], [1], [2]], lambda fuel, s: [42 if s == 0 else 0, 1 + 3 * 41])


def loop_cases(f):
    """Arrays swapped by a loop, replaced by a new one, carried through zero iterations; a trap between stores."""
    lanes(
        f, "arrays_swapped_by_loop", [("n", "u8")], [("x", "u64"), ("y", "u64")], """%z = const u8 0
%o = const u8 1
%k1 = const u64 1
%k2 = const u64 2
%p0 = array u64 1
%q0 = array u64 1
%p = astore %p0, %z, %k1
%q = astore %q0, %z, %k2
%a, %b, %i9 = loop %s = %p, %t = %q, %i = %z { %c = lt %i, %n
test %c %i1 = add %i, %o %e = aload %s, %z %e1 = add %e, %k2
%s1 = astore %s, %z, %e1 yield %t, %s1, %i1 }
%x = aload %a, %z
%y = aload %b, %z""", [[v] for v in (0, 1, 2, 3, 8)], swapped)
    lanes(
        f, "array_replaced", [("n", "u8"), ("v", "f32")], [("y", "f32")], """%z = const u8 0
%o = const u8 1
%p0 = array f32 4
%p = astore %p0, %o, %v
%a, %i9 = loop %s = %p, %i = %n { %e = eq %i, %z %c = not %e test %c %i1 = sub %i, %o %f = array f32 4 yield %f, %i1 }
%y = aload %a, %o""", [[n, v] for n in (0, 1, 3) for v in edges("f32")[::5]], lambda fuel, n, v: [0 if n else v])

    def bounded(fuel, i, v):
        if i >= 4:
            raise Trap(20, 7)
        return [v]

    lanes(
        f, "trap_on_bad_index", [("i", "u32"), ("v", "u8")], [("y", "u8")], """%n = const u32 4
%in = lt %i, %n
%out = not %in
%a = array u8 4
%b = astore %a, %i, %v
trap 20 %out @7
%y = aload %b, %i""", [[i, 100 + i % 50] for i in (0, 3, 4, 2, 2**32 - 1, 1)], bounded)
    big = 1 << 20
    lanes(
        f, "largest_array", [("i", "u32"), ("v", "u8")], [("y", "u8"), ("z", "u8")],
        "%%a = array u8 %d\n%%b = astore %%a, %%i, %%v\n%%y = aload %%b, %%i\n%%k = const u32 %d\n%%z = aload %%b, %%k"
        % (big, big - 1), [[i, 200 + k] for k, i in enumerate((0, big - 1, big, 12345))],
        lambda fuel, i, v: [v if i < big else 0, v if i == big - 1 else 0])


def swapped(fuel, n):
    a, b = 1, 2
    for _ in range(n):
        a, b = b, a + 2
    return [a, b]


def unused_arrays(f):
    lanes(
        f, "never_consumed", [("v", "u8")], [("y", "u8")],
        "%a = array u64 1000\n%b = array bool 3\n%z = const i8 0\n"
        "%t = const bool true\n%c = astore %b, %z, %t\n%y = add %v, %v",
        [[1], [200]], lambda fuel, v: [wrap("u8", 2 * v)])
    many = "\n".join("%%a%d = array u32 %d" % (k, k + 1) for k in range(40))
    many += "\n" + "\n".join("%%b%d = astore %%a%d, %%i, %%v" % (k, k) for k in range(40))
    many += "\n%s0 = const u32 0\n" + "\n".join("%%l%d = aload %%b%d, %%i\n%%s%d = add %%s%d, %%l%d" %
                                                (k, k, k + 1, k, k) for k in range(40))
    lanes(f, "forty_arrays", [("i", "i64"), ("v", "u32")], [("s40", "u32")], many,
          [[wrap("i64", i), v] for i, v in ((0, 3), (1, 3), (39, 3), (40, 3), (-1, 3), (20, 2**31))],
          lambda fuel, i, v: [wrap("u32", v * max(0, 40 - i)) if signed("i64", i) >= 0 else 0])


def gather_file():
    f = Tgt("gather", "gather: index types, table lengths and layouts.")
    for u in INTS:
        for length in (0, 1, 3, 130, 300):
            table = some("u16", length, "table", u)
            index = edges(u) + [wrap(u, v) for v in (length - 1, length, length + 1, 127, 128, 129, 255, 256)]
            case = f.graph("index_%s_table_%d" % (u, length), "input i %s; table t u16; output y u16" % u,
                           "%i = load i\n%y = gather t %i\nstore y %y")
            run = case.run(len(index)).give("i", u, index).give("t", "u16", table)
            run.take("y", "u16", [load(table, signed(u, v)) for v in index])
    gather_layouts(f)
    gather_forms(f)
    return f


def gather_layouts(f):
    for mode in ("u8", "i32be", "f64", "f16"):
        size = mode_bytes(mode)
        case = f.graph("layout_%s" % mode, "table t %s; output y %s" % (mode, mode),
                       "%a = const i32 -2\n%b = const i32 1\n%i = iota %a, %b\n%y = gather t %i\nstore y %y")
        patterns = [1 + 3 * k for k in range(12)]
        data = raw(mode, patterns)
        for offset, stride in ((0, size), (size, size), (0, 3 * size), (11 * size, -size), (5 * size, -2 * size),
                               (4 * size, 0), (12 * size, size), (11 * size, size), (1, size), (0, size + 1),
                               (12 * size, -size), (200 * size, -size), (-size, size)):
            places, k = [], 0
            while 0 <= offset + k * stride and offset + k * stride + size <= len(data) and (stride or k == 0):
                places.append(offset + k * stride)
                k += 1
            run = case.run(17).memory("t", data).bind("t", "t", offset, stride)
            layout = b"".join(data[places[j]:places[j] + size] if 0 <= j < len(places) else bytes(size)
                              for j in range(-2, 15))
            run.memory("y", b"\xa5" * len(layout)).bind("y", "y", 0, size).expect("y", layout)
    case = f.graph("bind_bytes", "table t u8; output y u8",
                   "%a = const u8 0\n%b = const u8 1\n%i = iota %a, %b\n%y = gather t %i\nstore y %y")
    for limit in (0, 1, 4, 6):
        run = case.run(7).memory("t", bytes(range(10, 16))).bind("t", "t", 1, 1, limit)
        run.take("y", "u8", [10 + 1 + k if 1 + k < limit else 0 for k in range(7)])


def gather_forms(f):
    """Uniform indices, two tables, a table used twice, a gather of a gather, in a loop; tables shared by operands."""
    case = f.graph(
        "forms",
        "param p i8; table t i32; table u u8; input x u8; output a i32; output b i32; output c u8; output d i32",
        "%p = param p\n%x = load x\n%a = gather t %p\n%c = gather u %x\n"
        "%b = gather t %c\n%k = const u64 2\n%d = gather t %k\n"
        "store a %a\nstore b %b\nstore c %c\nstore d %d")
    t, u = [100, 200, 300, 400], [3, 3, 0, 9, 1]
    for p in (0, 3, 4, 255):
        x = [0, 1, 2, 3, 4, 5, 200]
        run = case.run(7).give("p", "i8", [p]).give("t", "i32", t).give("u", "u8", u).give("x", "u8", x)
        c = [load(u, v) for v in x]
        run.take("a", "i32", [load(t, signed("i8", p))] * 7).take("b", "i32", [load(t, v) for v in c])
        run.take("c", "u8", c).take("d", "i32", [300] * 7)
    case = f.graph(
        "list_walk", "table next u16; input x u16; output y u16; output n u16", """%x = load x
%z = const u16 0
%o = const u16 1
%y, %n = loop %v = %x, %k = %z @2 { %w = gather next %v %e = eq %w, %v %c = not %e
test %c %k1 = add %k, %o yield %w, %k1 }
store y %y
store n %n""")
    chain = [0, 0, 1, 2, 7, 4, 5, 7, 6, 8]
    want = []
    for v in range(12):
        k = 0
        while load(chain, v) != v:
            v, k = load(chain, v), k + 1
        want.append((v, k))
    run = case.run(12).give("next", "u16", chain).give("x", "u16", list(range(12)))
    run.take("y", "u16", [v for v, _ in want]).take("n", "u16", [k for _, k in want])
    case = f.graph("table_shares_memory_with_input", "table t u32; input x u32; param p u32; output y u32",
                   "%x = load x\n%p = param p\n%g = gather t %x\n%y = add %g, %p\nstore y %y")
    data = [3, 2, 1, 0, 9]
    run = case.run(5).memory("m", encode("u32", data)).bind("t", "m", 0, 4).bind("x", "m", 16, -4).bind("p", "m", 4, 0)
    run.take("y", "u32", [load(data, v) + 2 for v in reversed(data)])


def array_file():
    f = Tgt("arrays", "array, aload, astore.")
    element_types(f)
    zeroed_case(f)
    sieve_case(f)
    sort_case(f)
    branch_cases(f)
    loop_cases(f)
    unused_arrays(f)
    return f


def files():
    return [array_file(), gather_file()]
