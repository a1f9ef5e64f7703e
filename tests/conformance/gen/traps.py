"""traps.tgt: trap, charge and fuel, and what a trapped lane leaves out."""
from .base import INTS, Tgt, encode, from_float, signed, wrap
from .lanes import FUEL_CODE, Trap, lane_case, lane_run, lanes

TOP = 2**64 - 1


def order_cases(f):
    """The first trap in program order wins; codes and positions at their limits."""

    def two(fuel, a, b):
        if a:
            raise Trap(1, 10)
        if b:
            raise Trap(2147483647, 4294967295)
        return [7]

    node = "trap 1 %a @10\n%y = const u8 7\ntrap 2147483647 %b @4294967295"
    ins = [("a", "bool"), ("b", "bool")]
    case = lane_case(f, "first_in_program_order", ins, [("y", "u8")], node)
    for rows in ([[0, 0]], [[0, 1]], [[1, 1]], [[1, 0]], [[0, 0], [0, 1], [1, 0]], [[0, 0], [1, 1], [0, 1], [0,
                                                                                                             0]], []):
        lane_run(case, ins, [("y", "u8")], rows, two)
    lanes(f, "code_zero_no_position", [("a", "bool")], [("y", "bool")], "trap 0 %a\n%y = not %a", [[0], [1], [0]],
          zero_code)
    lanes(f, "store_before_trap", [("a", "u8")], [("y", "u8")],
          "%t = const u8 9\n%y = add %a, %a\n%c = lt %t, %a\ntrap 0x10 %c @3", [[v] for v in (1, 20, 3, 9, 10)],
          above_nine)
    case = f.graph("uniform_condition", "param p bool; output y u8; result s u64",
                   "%p = param p\n%k = const u8 4\nstore y %k\nsum s %k\ntrap 6 %p @1")
    for n in (0, 1, 9, 70):
        case.run(n).give("p", "bool", [0]).take("y", "u8", [4] * n).take("s", "u64", [4 * n])
        run = case.run(n).give("p", "bool", [1]).take("y", "u8", [None] * n).take("s", "u64", [0])
        if n:
            run.trapped(n, 0, 6, 1)


def zero_code(fuel, a):
    if a:
        raise Trap(0, 0)
    return [1]


def above_nine(fuel, a):
    if a > 9:
        raise Trap(16, 3)
    return [2 * a]


def body_cases(f):
    """Traps in branch bodies that do not run, in steps, in conditions."""

    def arm(fuel, s, x):
        if s == 0:
            if x > 5:
                raise Trap(11, 1)
            return [x]
        if s == 1:
            raise Trap(12, 2)
        return [x + 1 & 255]

    lanes(
        f, "in_branch_body", [("s", "u8"), ("x", "u8")], [("y", "u8")], """%five = const u8 5
%one = const u8 1
%t = const bool true
%y = branch %s { %c = lt %five, %x trap 11 %c @1 yield %x } { trap 12 %t @2 yield %one }
{ %z = add %x, %one yield %z }""",
        [[s, x] for s in (0, 2, 1, 3) for x in (0, 5, 6, 255)], arm)

    def stepped(fuel, x, n):
        i = 0
        while True:
            if i == 7:
                raise Trap(13, 20)
            if not i < n:
                return [x]
            fuel.take(1, 21)
            if x == 100:
                raise Trap(14, 22)
            x, i = (x * 3) & 255, i + 1

    lanes(
        f, "in_loop", [("x", "u8"), ("n", "u8")], [("y", "u8")], """%z = const u8 0
%o = const u8 1
%three = const u8 3
%seven = const u8 7
%hundred = const u8 100
%y, %k = loop %a = %x, %i = %z @21 {
%e = eq %i, %seven
trap 13 %e @20
%c = lt %i, %n
test %c
%h = eq %a, %hundred
trap 14 %h @22
%m = mul %a, %three
%j = add %i, %o
yield %m, %j
}""", [[x, n] for x in (1, 100, 204, 2) for n in (0, 1, 2, 6, 7, 8)], stepped, (None, 0, 1, 3, 6, 7))


def fuel_cases(f):
    ins, outs = [("n", "u64")], [("y", "u64")]
    loop = """%z = const u64 0
%o = const u64 1
%y = loop %a = %n @5 { %c = lt %z, %a test %c %b = sub %a, %o yield %b }"""

    def counted(fuel, n):
        fuel.take(0, 5)
        for _ in range(n):
            fuel.take(1, 5)
        return [0]

    lanes(f, "exact_fuel", ins, outs, loop, [[v] for v in (3, 4, 5, 0, 1)], counted, (None, TOP, 0, 1, 3, 4, 5, 6))

    def charged(fuel, n):
        fuel.take(n, 77)
        fuel.take(3, 78)
        for _ in range(2):
            fuel.take(1, 79)
        return [n]

    lanes(
        f, "charge_then_loop", ins, outs, """charge %n @77
%three = const u64 3
charge %three @78
%z = const u64 0
%o = const u64 1
%two = const u64 2
%e = loop %a = %two @79 { %c = lt %z, %a test %c %b = sub %a, %o yield %b }
%y = add %n, %z""", [[v] for v in (0, 1, 5, 6, 100, TOP, TOP - 4, TOP - 5)], charged,
        (None, TOP, 0, 2, 3, 4, 5, 6, 10, 105, TOP - 1, 2**63))
    lanes(f, "charge_without_limit", ins, outs, "charge %n @1\ncharge %n @2\ncharge %n\n%y = not %n",
          [[TOP], [1 << 63], [0]], lambda fuel, n: [wrap("u64", ~n)], (None, TOP))

    charge_in_bodies(f, ins, outs)


def charge_in_bodies(f, ins, outs):

    def late(fuel, n):
        fuel.take(n, 0)
        if n & 1:
            raise Trap(4, 44)
        fuel.take(n, 9)
        return [n]

    lanes(f, "charge_and_trap_order", ins, outs,
          "charge %n\n%o = const u64 1\n%l = and %n, %o\n%c = eq %l, %o\ntrap 4 %c @44\ncharge %n @9\n%y = or %n, %n",
          [[v] for v in (0, 1, 2, 5, 6, 10, 11, 12, 20)], late, (0, 5, 10, 12, 24))

    def in_body(fuel, n):
        if n & 1:
            fuel.take(n, 3)
        for _ in range(n & 3):
            fuel.take(1, 4)
            fuel.take(2, 5)
        return [1]

    lanes(
        f, "charge_in_bodies", ins, outs, """%z = const u64 0
%o = const u64 1
%two = const u64 2
%m = const u64 3
%l = and %n, %o
%u = branch %l { yield %z } { charge %n @3 yield %o }
%k = and %n, %m
%e = loop %a = %k @4 { %c = lt %z, %a test %c charge %two @5 %b = sub %a, %o yield %b }
%y = add %e, %o""", [[v] for v in range(9)], in_body, (None, 0, 1, 2, 3, 5, 6, 9, 12, 16))
    charge_of_uniform(f)


def charge_of_uniform(f):
    case = f.graph("charge_of_param", "param p u64; output y u8",
                   "%p = param p\ncharge %p @6\n%y = const u8 1\nstore y %y")
    for p, fuel in ((5, 5), (5, 4), (0, 0), (TOP, None), (TOP, 7)):
        bad = fuel is not None and p > fuel
        run = case.run(3, fuel).give("p", "u64", [p]).take("y", "u8", [None if bad else 1] * 3)
        if bad:
            run.trapped(3, 0, FUEL_CODE, 6)


def sink_cases(f):
    """A trapped lane is in no store, sum, argmin, argmax or combine; also when it trapped after their places."""
    nodes = """%x = load x
%h = load h
%i = load i
store y %x
sum s %x
sum w %h
argmin lo %i, %x
argmax hi %i, %x
combine a add %i, %i
trap 31 %h @8"""
    case = f.graph(
        "left_out_of_every_sink", "input x f32; input h bool; input i u8; output y f32; result s f32; result w u64; "
        "result lo u8; result hi u8; accumulator a u8", nodes)
    for halted in ([], [0], [4], [0, 1, 2, 3, 4], [1, 3], [2]):
        x = [from_float("f32", v) for v in (4.0, -2.0, 8.0, -16.0, 0.5)]
        h = [int(k in halted) for k in range(5)]
        live = [k for k in range(5) if k not in halted]
        value = (4.0, -2.0, 8.0, -16.0, 0.5)
        run = case.run(5).give("x", "f32", x).give("h", "bool", h).give("i", "u8", list(range(5)))
        run.take("y", "f32", [None if h[k] else x[k] for k in range(5)])
        run.take("s", "f32", [from_float("f32", float(sum(value[k] for k in live)))]).take("w", "u64", [0])
        run.take("lo", "u8", [min(live, key=lambda k: value[k]) if live else 0])
        run.take("hi", "u8", [max(live, key=lambda k: value[k]) if live else 0])
        run.memory("a", bytes(5)).bind("a", "a", 0, 1).expect("a", bytes(0 if h[k] else k for k in range(5)))
        run.none(0 if live else 3)
        if halted:
            run.trapped(len(halted), halted[0], 31, 8)
    case = f.graph("in_place_keeps_input", "input x i32; output y i32",
                   "%x = load x\n%z = const i32 0\n%c = lt %x, %z\ntrap 2 %c\n%y = mul %x, %x\nstore y %y")
    x = [3, -3, 5, -1, 0]
    run = case.run(5).memory("m", encode("i32", [wrap("i32", v) for v in x])).bind("x", "m", 0, 4).bind("y", "m", 0, 4)
    run.expect("m", encode("i32", [wrap("i32", v) if v < 0 else v * v for v in x])).trapped(2, 1, 2, 0)
    case = f.graph(
        "many_lanes", "result s u64; result first u32", """%z = const u32 0
%o = const u32 1
%i = iota %z, %o
%m = const u32 5
%f = const u32 9000
%late = lt %f, %i
%q, %r = divmod %i, %m
%five = eq %r, %z
%bad = and %late, %five
trap 1 %bad @70
%k = const u32 12000
%b2 = lt %k, %i
trap 2 %b2 @71
sum s %i
argmin first %i, %i""")
    for n in (9001, 9006, 12002, 20000):
        bad = [i for i in range(n) if (i > 9000 and i % 5 == 0) or i > 12000]
        run = case.run(n).take("s", "u64", [sum(range(n)) - sum(bad)]).take("first", "u32", [0])
        if bad:
            run.trapped(len(bad), bad[0], 1 if bad[0] % 5 == 0 else 2, 70 if bad[0] % 5 == 0 else 71)


def conditions(f):
    """Trap conditions computed in each integer type."""
    for t in INTS:

        def oracle(fuel, x, t=t):
            if signed(t, x) > 3:
                raise Trap(5, 0)
            return [x]

        lanes(f, "condition_%s" % t, [("x", t)], [("y", t)],
              "%%k = const %s 3\n%%c = lt %%k, %%x\ntrap 5 %%c\n%%y = or %%x, %%x" % t,
              [[wrap(t, v)] for v in (0, 3, 4, -1, 100, 2, 1, 127, 128)], oracle)


def files():
    f = Tgt("traps", "trap, charge, fuel.")
    order_cases(f)
    body_cases(f)
    fuel_cases(f)
    sink_cases(f)
    conditions(f)
    return [f]
