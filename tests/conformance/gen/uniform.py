"""uniform.tgt: the uniform block, its loops' counts, and its fuel."""
from . import ieee
from .base import Tgt, encode, from_float, wrap
from .lanes import lane_case

M64 = 2**64 - 1


class Block:
    """The block's fuel: once it is out, every loop that wants an iteration ends."""

    def __init__(self, fuel):
        self.left = fuel
        self.out = False

    def want(self):
        if self.left is not None and self.left == 0:
            self.out = True
            return False
        if self.left is not None:
            self.left -= 1
        return True


def simple_cases(f):
    case = lane_case(
        f, "arithmetic", [("x", "f64")], [("y", "f64")], """uniform {
%p = param p
%two = const f64 2.0
%q = sqrt %p
%r = mul %q, %two
%n = const bool true
%s = select %n, %r, %p
}
%y = mul %x, %s""", ["param p f64"])
    for p in (2.0, 0.25, -1.0, 0.0):
        b = from_float("f64", p)
        s = ieee.mul("f64", ieee.sqrt("f64", b), from_float("f64", 2.0))
        xs = [from_float("f64", v) for v in (1.0, -3.5, 0.0)]
        case.run(3).give("p", "f64", [b]).give("x", "f64", xs).take("y", "f64", [ieee.mul("f64", v, s) for v in xs])
    case = f.graph("empty_block", "output y u8", ["uniform {", "}", "%a = const u8 3", "store y %a"])
    case.run(2).take("y", "u8", [3, 3])
    case = f.graph(
        "no_lanes", "param p u64; result s u64; output y u64",
        "uniform {\n%p = param p\n%z = const u64 0\n%o = const u64 1\n"
        "%a, %n = loop %v = %p { %c = lt %z, %v test %c %w = sub %v, %o yield %w }\n}\nstore y %n\nsum s %n")
    case.run(0, 5).give("p", "u64", [1000]).take("y", "u64", []).take("s", "u64", [0])
    case.run(3, 1000).give("p", "u64", [1000]).take("y", "u64", [1000] * 3).take("s", "u64", [3000])
    case.run(3, 5).give("p", "u64", [1000]).take("y", "u64", [M64] * 3).take("s", "u64", [wrap("u64", -3)])
    case = lane_case(
        f, "gather_and_branch", [("x", "i32")], [("y", "i32"), ("z", "i32")], """uniform {
%p = param p
%t = gather tab %p
%u = gather tab %t
%v = branch %p { %a = const i32 7 yield %a } { yield %t } { %b = add %t, %u yield %b }
}
%y = add %x, %v
%z = gather tab %v""", ["param p u8", "table tab i32"])
    table = [5, 2, 0xFFFFFFFF, 100, 1, 9]
    for p in (0, 1, 2, 3, 4, 5, 6, 255):
        at = lambda k: table[k] if 0 <= k < len(table) else 0
        t = at(p)
        u = at(t if t < 2**31 else -1)
        v = 7 if p == 0 else t if p == 1 else wrap("i32", t + u)
        run = case.run(2).give("p", "u8", [p]).give("tab", "i32", table).give("x", "i32", [10, 20])
        run.take("y", "i32", [wrap("i32", 10 + v), wrap("i32", 20 + v)])
        run.take("z", "i32", [at(v if v < 2**31 else -1)] * 2)


NESTED = """uniform {
%n = param n
%z = const u64 0
%o = const u64 1
%a, %i9, %count = loop %s = %z, %i = %z @1 {
%c = lt %i, %n
test %c
%s3, %j9 = loop %s1 = %s, %j = %z @2 { %d = lt %j, %i test %d %s2 = add %s1, %j %j1 = add %j, %o yield %s2, %j1 }
%i1 = add %i, %o
yield %s3, %i1
}
%b, %next = loop %k = %n @3 { %e = lt %z, %k test %e %k1 = sub %k, %o yield %k1 }
%r, %third = loop %m = %z @4 { %g = lt %m, %z test %g yield %m }
}
"""


def nested_model(n, fuel):
    """What NESTED gives: a, i9, count, b, next, third."""
    block = Block(fuel)
    s = i = count = 0
    ended = False
    while i < n:
        if not block.want():
            ended = True
            break
        count += 1
        j = 0
        while j < i:
            if not block.want():
                ended = True
                break
            s, j, count = s + j, j + 1, count + 1
        i += 1
    k, steps, ended2 = n, 0, False
    while k > 0:
        if not block.want():
            ended2 = True
            break
        k, steps = k - 1, steps + 1
    return [s, i, M64 if ended else count, k, M64 if ended2 else steps, 0]


def nested_cases(f):
    names = ["a", "i9", "count", "b", "next", "third"]
    case = f.graph("nested_counts", ["param n u64"] + ["output %s u64" % v for v in names],
                   NESTED + "\n".join("store %s %%%s" % (v, v) for v in names))
    for n in (0, 1, 2, 5):
        total = n * (n - 1) // 2 + n
        for fuel in sorted({0, 1, 2,
                            max(total - 1, 0), total, total + 1, total + n,
                            max(total + n - 1, 0), 1000}) + [None]:
            run = case.run(2, fuel).give("n", "u64", [n])
            for name, v in zip(names, nested_model(n, fuel)):
                run.take(name, "u64", [v, v])


def lane_fuel_cases(f):
    """The block's fuel and a lane's are the same number, but each is counted by itself."""
    nodes = """uniform {
%p = param p
%z = const u32 0
%o = const u32 1
%u, %count = loop %a = %p @9 { %c = lt %z, %a test %c %b = sub %a, %o yield %b }
}
%bad64 = const u64 0xffffffffffffffff
%bad = eq %count, %bad64
trap 5 %bad @55
%y, %left = loop %d = %u, %i = %x @10 { %e = lt %z, %i test %e %j = sub %i, %o %g = add %d, %o yield %g, %j }"""
    case = lane_case(f, "block_then_lane_fuel", [("x", "u32")], [("y", "u32")], nodes, ["param p u32"])
    for p, fuel in ((4, None), (4, 4), (4, 3), (4, 5), (0, 0), (0, 2)):
        run = case.run(4, fuel).give("p", "u32", [p]).give("x", "u32", [0, 2, 4, 6])
        if fuel is not None and p > fuel:
            run.take("y", "u32", [None] * 4).trapped(4, 0, 5, 55)
            continue
        out = [x if fuel is None or x <= fuel else None for x in (0, 2, 4, 6)]
        run.take("y", "u32", out)
        if None in out:
            run.trapped(out.count(None), out.index(None), M64 >> 32, 10)


def loop_in_branch(f):
    """A loop inside a branch of the block gives no count, but takes the block's fuel."""
    case = f.graph(
        "loop_in_branch_of_block", "param s u8; param n u64; output y u64; output k u64", """uniform {
%s = param s
%n = param n
%z = const u64 0
%o = const u64 1
%y = branch %s { yield %n } { %a = loop %v = %n { %c = lt %z, %v test %c %w = sub %v, %o yield %w } yield %a }
%b, %k = loop %v2 = %n { %c2 = lt %z, %v2 test %c2 %w2 = sub %v2, %o yield %w2 }
}
store y %y
store k %k""")
    for s in (0, 1):
        for n, fuel in ((3, None), (3, 6), (3, 5), (3, 3), (3, 2), (0, 0)):
            block, y = Block(fuel), n
            while s and y and block.want():
                y -= 1
            k, steps = n, 0
            while k and block.want():
                k, steps = k - 1, steps + 1
            run = case.run(3, fuel).give("s", "u8", [s]).give("n", "u64", [n])
            run.take("y", "u64", [y] * 3).take("k", "u64", [M64 if k else steps] * 3)


def power_case(f):
    """x to the n by squaring in the block, used by every lane; and a linear map with entries from the block."""
    case = lane_case(
        f, "power", [("v", "u64")], [("y", "u64"), ("w", "u64")], """uniform {
%x = param x
%n = param n
%z = const u64 0
%o = const u64 1
%two = const u64 2
%r, %b9, %e9, %count = loop %acc = %o, %base = %x, %e = %n {
%c = lt %z, %e
test %c
%h, %bit = divmod %e, %two
%m = mul %acc, %base
%odd = eq %bit, %o
%acc1 = select %odd, %m, %acc
%sq = mul %base, %base
yield %acc1, %sq, %h
}
%lin = linear int csr %r, %count { 0 0 %two, 0 1 %o, 0 2 %x }
}
%y = mul %v, %r
%w = linear int auto %v { 0 0 %r, 0 1 %lin }""", ["param x u64", "param n u64"])
    for x, n in ((3, 0), (3, 1), (3, 13), (6364136223846793005, 10**18), (2, 63), (2, 64), (7, M64)):
        r = pow(x, n, 2**64)
        lin = wrap("u64", 2 * r + n.bit_length() + x)
        vs = [0, 1, 12345, M64]
        run = case.run(4).give("x", "u64", [x]).give("n", "u64", [n]).give("v", "u64", vs)
        run.take("y", "u64", [wrap("u64", v * r) for v in vs]).take("w", "u64", [wrap("u64", v * r + lin) for v in vs])


def results_from_uniform(f):
    """Uniform values in sinks: stored, summed, the data and index of argmin."""
    case = f.graph(
        "uniform_in_sinks", "param p f32; output y f32; result s f32; result a f32; result b u8; accumulator h u32",
        """uniform {
%p = param p
%d = add %p, %p
%slot = const u8 1
%one = const u32 1
}
store y %d
sum s %d
argmax a %d, %d
argmin b %slot, %d
combine h add %slot, %one""")
    for n in (0, 1, 5, 65):
        p = from_float("f32", 0.75)
        d = ieee.add("f32", p, p)
        run = case.run(n).give("p", "f32", [p]).take("y", "f32", [d] * n).take("s", "f32", [from_float("f32", 1.5 * n)])
        run.take("a", "f32", [d if n else 0]).take("b", "u8", [1 if n else 0])
        run.memory("h", encode("u32", [9, 9, 9])).bind("h", "h", 0, 4)
        run.none(0 if n else 3)
        if n:
            run.expect("h", encode("u32", [9, 9 + n, 9]))


def uniform_file():
    f = Tgt("uniform", "The uniform block.")
    simple_cases(f)
    nested_cases(f)
    lane_fuel_cases(f)
    loop_in_branch(f)
    power_case(f)
    results_from_uniform(f)
    return f
