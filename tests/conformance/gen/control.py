"""control.tgt: loops and branches; each has its own few lines of Python as oracle."""
import math

from . import ieee
from .base import TYPES, Tgt, from_float, literal, signed, to_float, wrap
from .edges import edges, some
from .branches import branch_cases
from .lanes import lane_case, lane_run, lanes


def collatz(fuel, x):
    steps = 0
    while x > 1:
        fuel.take(1, 31)
        x, steps = (x // 2 if x % 2 == 0 else wrap("u64", 3 * x + 1)), steps + 1
    return [x, steps]


def gcd(fuel, a, b):
    while b:
        fuel.take(1, 0)
        a, b = b, a % b
    return [a]


def triangle(fuel, n):
    total = 0
    for i in range(n):
        fuel.take(1, 7)
        for j in range(i):
            fuel.take(1, 8)
            total += i * j + 1
    return [wrap("u32", total)]


COLLATZ = """%one = const u64 1
%zero = const u64 0
%three = const u64 3
%e, %s = loop %x0 = %x, %n0 = %zero @31 {
%more = lt %one, %x0
test %more
%odd = and %x0, %one
%x1 = branch %odd { %h = shr %x0, %one yield %h } { %m = mul %x0, %three %p = add %m, %one yield %p }
%n1 = add %n0, %one
yield %x1, %n1
}"""


def loop_cases(f):
    u64 = [("x", "u64")]
    lanes(f, "collatz", u64, [("e", "u64"), ("s", "u64")], COLLATZ, [[v] for v in list(range(36)) + [97, 871, 6171]],
          collatz, (None, 0, 1, 7, 111, 1000))
    rows = [[a, b] for a in (0, 1, 12, 360, 2**32 - 1, 1836311903) for b in (0, 1, 18, 240, 1134903170)]
    lanes(
        f, "gcd", [("a", "u32"), ("b", "u32")], [("g", "u32")], """%z = const u32 0
%g, %d = loop %p = %a, %q = %b { %e = eq %q, %z %c = not %e test %c %t, %r = divmod %p, %q yield %q, %r }""", rows, gcd)
    lanes(
        f, "nested_triangle", [("n", "u32")], [("y", "u32")], """%z = const u32 0
%o = const u32 1
%y, %i9 = loop %t0 = %z, %i = %z @7 {
%c = lt %i, %n
test %c
%t3, %j9 = loop %t1 = %t0, %j = %z @8 {
%d = lt %j, %i
test %d
%p = mul %i, %j
%p1 = add %p, %o
%t2 = add %t1, %p1
%j1 = add %j, %o
yield %t2, %j1
}
%i1 = add %i, %o
yield %t3, %i1
}""", [[v] for v in (0, 1, 2, 3, 4, 5, 9, 17, 30)], triangle, (None, 0, 1, 2, 3, 10, 55, 500))

    def swap(fuel, n):
        a, b = 1, 2
        for _ in range(n):
            a, b = b, a
        return [a, b]

    lanes(
        f, "carried_swap", [("n", "u8")], [("a", "u8"), ("b", "u8")], """%z = const u8 0
%1 = const u8 1
%2 = const u8 2
%a, %b, %k = loop %p = %1, %q = %2, %i = %z { %c = lt %i, %n test %c %i1 = add %i, %1 yield %q, %p, %i1 }""",
        [[v] for v in (0, 1, 2, 3, 4, 5, 255)], swap)

    def fib(fuel, n):
        a, b = 0, 1
        for _ in range(n):
            a, b = b, wrap("u64", a + b)
        return [a]

    lanes(
        f, "fibonacci", [("n", "u8")], [("a", "u64")], """%z = const u8 0
%o = const u8 1
%z6 = const u64 0
%o6 = const u64 1
%a, %b, %k = loop %p = %z6, %q = %o6, %i = %n { %c = lt %z, %i
test %c %r = add %p, %q %i1 = sub %i, %o yield %q, %r, %i1 }""",
        [[v] for v in list(range(17)) + [93, 94, 200, 255]], fib)
    more_loops(f)


def more_loops(f):

    def halving(fuel, x):
        last = 0
        while True:
            q, r = divmod(x, 3)
            if q == 0:
                return [x, last]
            x, last = q, r

    lanes(
        f, "condition_values_in_step", [("x", "u16")], [("y", "u16"), ("l", "u16")], """%z = const u16 0
%t = const u16 3
%y, %l = loop %a = %x, %b = %z { %q, %r = divmod %a, %t %e = eq %q, %z %c = not %e test %c yield %q, %r }""",
        [[v] for v in (0, 1, 2, 3, 4, 8, 9, 26, 27, 100, 65535)], halving)
    lanes(f, "condition_false_at_once", [("x", "f64")], [("y", "f64")], """%c = const bool false
%y = loop %a = %x { test %c %b = add %a, %a yield %b }""", [[v] for v in edges("f64")], lambda fuel, x: [x], (None, 0))

    def forever(fuel, x):
        while True:
            fuel.take(1, 4294967295)

    lanes(f, "endless", [("x", "i8")], [("y", "i8")], """%c = const bool true
%y = loop %a = %x @4294967295 { test %c yield %a }""", [[1], [2], [3]], forever, (0, 1, 1000))

    def newton(fuel, x):
        t = "f64"
        y, half = x, from_float(t, 0.5)
        for _ in range(12):
            y = ieee.mul(t, half, ieee.add(t, y, ieee.div(t, x, y)))
        return [y]

    lanes(
        f, "newton", [("x", "f64")], [("y", "f64")], """%h = const f64 0.5
%z = const u8 0
%o = const u8 1
%n = const u8 12
%y, %k = loop %a = %x, %i = %n { %c = lt %z, %i
test %c %d = div %x, %a %s = add %a, %d %m = mul %h, %s %j = sub %i, %o yield %m, %j }""",
        [[from_float("f64", v)] for v in (1.0, 2.0, 3.0, 0.0, -1.0, 1e300, 4e-320, math.inf, math.nan, 7.25)], newton)

    def until_nan(fuel, x, y):
        n = 0
        while to_float("f32", x) < to_float("f32", y):
            x, n = ieee.add("f32", ieee.mul("f32", x, 0x40000000), 0x3F800000), n + 1
        return [x, n]

    f32 = [from_float("f32", v) for v in (0.0, 1.0, -1.0, 100.0, math.inf, math.nan, -0.5)]
    lanes(
        f, "float_condition", [("x", "f32"), ("y", "f32")], [("a", "f32"), ("n", "i64")], """%t = const f32 2.0
%o = const f32 1.0
%z = const i64 0
%i = const i64 1
%a, %n = loop %p = %x, %k = %z { %c = lt %p, %y
test %c %m = mul %p, %t %q = add %m, %o %k1 = add %k, %i yield %q, %k1 }""",
        [[x, y] for x in f32 if to_float("f32", x) != -1.0 or x == 1 for y in f32], until_nan)
    all_types_carried(f)
    chained_loops(f)
    deep_nest(f)


def all_types_carried(f):
    """One loop that rotates a value of each of the eleven types between two carried values."""
    nodes = ["%z = const u8 0", "%o = const u8 1"]
    firsts, init, test, nexts = [], [], [], []
    for k, t in enumerate(TYPES):
        a, b = edges(t)[-1], edges(t)[-2]
        nodes += ["%%a%d = const %s %s" % (k, t, literal(t, a)), "%%b%d = const %s %s" % (k, t, literal(t, b))]
        init += ["%%p%d = %%a%d" % (k, k), "%%q%d = %%b%d" % (k, k)]
        nexts += ["%%q%d" % k, "%%p%d" % k]
        test += ["%%y%d" % k, "%%w%d" % k]
        firsts.append((a, b))
    nodes.append(", ".join(test) + ", %left = loop " + ", ".join(init) +
                 ", %i = %n { %c = lt %z, %i test %c %j = sub %i, %o yield " + ", ".join(nexts) + ", %j }")
    outs = [("y%d" % k, t) for k, t in enumerate(TYPES)]
    lanes(f, "every_type_carried", [("n", "u8")], outs, nodes, [[v] for v in (0, 1, 2, 3, 4, 7, 8, 200)],
          lambda fuel, n: [pair[n & 1] for pair in firsts])


def chained_loops(f):

    def oracle(fuel, n, x):
        a = x
        for _ in range(n & 7):
            fuel.take(1, 1)
            a = wrap("i32", a * 3 + 1)
        for _ in range(a & 15):
            fuel.take(1, 2)
            a = wrap("i32", a ^ (a << 5))
        return [a]

    rows = [[n, x] for n in range(9) for x in (0, 1, 0x80000000, 77)]
    lanes(
        f, "loop_after_loop", [("n", "i32"), ("x", "i32")], [("y", "i32")], """%z = const i32 0
%o = const i32 1
%k3 = const i32 3
%k5 = const i32 5
%k7 = const i32 7
%k15 = const i32 15
%n7 = and %n, %k7
%a, %i9 = loop %p = %x, %i = %z @1 { %c = lt %i, %n7
test %c %m = mul %p, %k3 %q = add %m, %o %i1 = add %i, %o yield %q, %i1 }
%n15 = and %a, %k15
%y, %j9 = loop %r = %a, %j = %z @2 { %d = lt %j, %n15
test %d %s = shl %r, %k5 %t = xor %r, %s %j1 = add %j, %o yield %t, %j1 }""",
        rows, oracle, (None, 0, 3, 7, 12, 22))

    def early(fuel, x):
        n = 0
        while n < 20:
            fuel.take(1, 5)
            if (n * n & 255) > x:
                break
            n += 1
        return [n]

    lanes(
        f, "break_by_flag", [("x", "u8")], [("y", "u8")], """%z = const u8 0
%o = const u8 1
%m = const u8 20
%t = const bool true
%y, %g9 = loop %n = %z, %go = %t @5 {
%l = lt %n, %m
%c = and %l, %go
test %c
%s = mul %n, %n
%stop = lt %x, %s
%n1, %g1 = branch %stop { %n2 = add %n, %o %t2 = not %stop yield %n2, %t2 } { %f = not %stop yield %n, %f }
yield %n1, %g1
}""", [[v] for v in (0, 1, 3, 4, 5, 100, 224, 225, 255)], early, (None, 1, 5, 17))


def deep_nest(f):
    """64 nested loops of one iteration each, and 64 nested branches."""
    k = 64
    nodes = ["%z = const u8 0", "%o = const u8 1", "%v0 = convert u8 %x"]
    for d in range(k):
        nodes.append("%%r%d, %%f%d = loop %%a%d = %s, %%i%d = %%z @%d {" % (d, d, d, "%v0" if d == 0 else "%%a%d" %
                                                                            (d - 1), d, d))
        nodes += ["%%c%d = lt %%i%d, %%o" % (d, d), "test %%c%d" % d]
    nodes.append("%%s = add %%a%d, %%o" % (k - 1))
    for d in reversed(range(k)):
        nodes += [
            "%%j%d = add %%i%d, %%o" % (d, d),
            "yield %s, %%j%d" % ("%s" if d == k - 1 else "%%r%d" % (d + 1), d), "}"
        ]

    def oracle(fuel, x):
        for d in range(k):
            fuel.take(1, d)
        return [wrap("u8", x + 1)]

    lanes(f, "loops_nested_64", [("x", "u8")], [("r0", "u8")], nodes, [[3], [255]], oracle, (None, 0, 10, 63, 64))
    nodes = ["%z = const i32 0", "%one = const i32 1"]
    for d in range(k):
        nodes.append("%%b%d = branch %%x { yield %%one } {" % d)
    nodes.append("%s = add %x, %one yield %s }")
    nodes += ["yield %%b%d }" % d for d in reversed(range(1, k))]
    lanes(f, "branches_nested_64", [("x", "i32")], [("b0", "i32")], nodes, [[0], [1], [5], [2**32 - 1]],
          lambda fuel, x: [1 if x == 0 else wrap("i32", x + 1)])


def power_like_cases(f):
    """Counted loops over linear steps, which may run by powers: the count per lane or from a param."""

    def lcg(fuel, x, n):
        for _ in range(n):
            fuel.take(1, 12)
            x = wrap("u64", x * 6364136223846793005 + 1442695040888963407)
        return [x]

    loop = """%k = const u64 6364136223846793005
%a = const u64 1442695040888963407
%z = const u64 0
%o = const u64 1
%y, %e = loop %p = %x, %i = %z @12 { %c = lt %i, %n
test %c %m = mul %p, %k %q = add %m, %a %j = add %i, %o yield %q, %j }"""
    rows = list(
        zip(some("u64", 21, "lcg"),
            [0, 1, 2, 3, 5, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 255, 256, 300]))
    lanes(f, "lcg_steps", [("x", "u64"), ("n", "u64")], [("y", "u64")], loop, rows, lcg, (None, 0, 16, 255, 256))

    def shift(fuel, x, n):
        for _ in range(n):
            x ^= wrap("u32", x << 13)
            x ^= x >> 17
            x ^= wrap("u32", x << 5)
        return [x]

    lanes(
        f, "xorshift_steps", [("x", "u32"), ("n", "u32")], [("y", "u32")], """%k13 = const u32 13
%k17 = const u32 17
%k5 = const u32 5
%z = const u32 0
%o = const u32 1
%y, %e = loop %p = %x, %i = %n {
%q = eq %i, %z
%c = not %q
test %c
%a = shl %p, %k13
%b = xor %p, %a
%d = shr %b, %k17
%g = xor %b, %d
%h = shl %g, %k5
%l = xor %g, %h
%j = sub %i, %o
yield %l, %j
}""", [(v & 0xFFFFFFFF, n) for v, n in rows], shift)
    case = lane_case(f, "uniform_trip_count", [("x", "u64")], [("y", "u64")], "%n = param n\n" + loop, ["param n u64"])
    for n in (0, 1, 7, 64, 1000):
        run = lane_run(case, [("x", "u64")], [("y", "u64")], [[r[0]] for r in rows[:5]],
                       lambda fuel, x, n=n: lcg(fuel, x, n))
        run.give("n", "u64", [n])
    down_and_wrapping(f)


def down_and_wrapping(f):
    """Counters that go down, step by more than one, wrap around or compare signed."""

    def run(t, start, step, below):

        def oracle(fuel, x):
            i, k = start if start is not None else x, 0
            limit = x if start is not None else below
            while signed(t, i) < signed(t, limit):
                fuel.take(1, 3)
                i, k = wrap(t, i + step), k + 1
            return [i, k]

        return oracle

    node = """%%s = const %s %d
%%f = const %s %d
%%z = const u32 0
%%o = const u32 1
%%i, %%k = loop %%a = %s, %%n = %%z @3 { %%c = lt %%a, %s
test %%c %%b = add %%a, %%s %%m = add %%n, %%o yield %%b, %%m }"""
    for t, start, step in (("u8", 0, 3), ("u8", 250, 3), ("i8", 120, 5), ("i16", -5, 1), ("u16", 65530, 7), ("i32",
                                                                                                             -100, 9)):
        name = "count_%s_from_%s_by_%d" % (t, str(start).replace("-", "minus_"), step)
        xs = [wrap(t, v) for v in (0, 1, start, start + 1, start + step, start + 2 * step + 1, 100, 127, 253, 255, -1)]
        lanes(f, name, [("x", t)], [("i", t), ("k", "u32")], node % (t, step, t, start, "%f", "%x"), [[v] for v in xs],
              run(t, wrap(t, start), step, None), (200, ))


def files():
    f = Tgt("control", "loop and branch.")
    loop_cases(f)
    branch_cases(f)
    power_like_cases(f)
    from .uniform import uniform_file
    return [f, uniform_file()]
