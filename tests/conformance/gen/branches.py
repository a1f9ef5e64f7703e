"""Branches for control.tgt: selectors of every type, in and out of range; values of every type; bodies in bodies."""
from .base import INTS, TYPES, literal, signed, wrap
from .edges import edges
from .lanes import lanes


def selectors(t, bodies):
    if t == "bool":
        return [0, 1, 1, 0, 1]
    values = [0, 1, 2, bodies - 2, bodies - 1, bodies, bodies + 1, 100, -1, -2]
    return list(dict.fromkeys([wrap(t, v) for v in values] + edges(t)))


def pick(t, s, bodies):
    k = signed(t, s)
    return k if 0 <= k < bodies else bodies - 1


def branch_cases(f):
    for t in ["bool"] + INTS:
        for bodies in (1, 2, 3, 5):
            arms = " ".join(
                "{ %%m%d = mul %%x, %%x %%k%d = const i32 %d %%r%d = add %%m%d, %%k%d yield %%r%d, %%k%d }" %
                (k, k, k, k, k, k, k, k) for k in range(bodies))
            rows = [[s, (7 * i) & 0xFFFFFFFF] for i, s in enumerate(selectors(t, bodies))]

            def oracle(fuel, s, x, t=t, bodies=bodies):
                k = pick(t, s, bodies)
                return [wrap("i32", x * x + k), k]

            lanes(f, "branch_%s_%d" % (t, bodies), [("s", t), ("x", "i32")], [("y", "i32"), ("k", "i32")],
                  "%y, %k = branch %s " + arms, rows, oracle)
    many = 300
    arms = " ".join("{ %%c%d = const u16 %d yield %%c%d }" % (k, k * 7 % 1009, k) for k in range(many))
    lanes(f, "branch_u16_300", [("s", "u16")], [("y", "u16")], "%y = branch %s " + arms,
          [[v] for v in (0, 1, 255, 256, 299, 300, 65535, 128)], lambda fuel, s: [pick("u16", s, many) * 7 % 1009])
    branch_values(f)


def branch_values(f):
    """Branch bodies that yield outer values, constants, values of every type; nested; with loops."""
    outs = [("y%d" % k, t) for k, t in enumerate(TYPES)]
    names = ", ".join("%" + y for y, _ in outs)
    ins = [("s", "u8")] + [("x%d" % k, t) for k, t in enumerate(TYPES)]
    consts = " ".join("%%c%d = const %s %s" % (k, t, literal(t, edges(t)[1])) for k, t in enumerate(TYPES))
    node = (names + " = branch %s { yield " + ", ".join("%%x%d" % k for k in range(11)) + " } { " + consts + " yield " +
            ", ".join("%%c%d" % k for k in range(11)) + " }")
    rows = [[i & 1] + [edges(t)[i % len(edges(t))] for t in TYPES] for i in range(12)]
    lanes(f, "branch_every_type", ins, outs, node, rows, lambda fuel, s, *x: list(x)
          if s == 0 else [edges(t)[1] for t in TYPES])

    def nested(fuel, a, b):
        if a == 0:
            return [b * 10 & 255] if b == 0 else [(b + 1) & 255]
        r = b
        for _ in range(min(a, 4)):
            fuel.take(1, 6)
            r = (r * 2 + a) & 255
        return [r]

    lanes(
        f, "branch_with_loop_inside", [("a", "u8"), ("b", "u8")], [("y", "u8")], """%z = const u8 0
%o = const u8 1
%t = const u8 10
%four = const u8 4
%y = branch %a {
%v = branch %b { %m = mul %b, %t yield %m } { %n = add %b, %o yield %n }
yield %v
} {
%l = lt %a, %four
%k = select %l, %a, %four
%r, %i9 = loop %r0 = %b, %i = %z @6 { %c = lt %i, %k
test %c %d = add %r0, %r0 %r1 = add %d, %a %i1 = add %i, %o yield %r1, %i1 }
yield %r
}""", [[a, b] for a in (0, 1, 2, 3, 4, 5, 255) for b in (0, 1, 9, 255)], nested, (None, 0, 2, 4))
