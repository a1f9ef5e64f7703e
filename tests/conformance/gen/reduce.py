"""reduce.tgt: sums in canonical order across blocks, argmin and argmax, combine.

Long streams are made from iota inside the graph, so that files stay small; NumPy makes the same data here. The order
of a float sum is coded directly on arrays and its accuracy checked against an exact sum.
"""
import math

import numpy as np

from . import ieee
from .base import (FLOATS, INTS, NUMBERS, TYPES, WIDTH, Tgt, canon, encode, from_float, highest, lowest, mode_bytes,
                   mode_type, raw, signed, to_float, wrap)
from .edges import NAN_BITS, edges, some

BLOCK = 4096
LENGTHS = [
    0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000, 4095, 4096, 4097, 4160, 8191, 8192, 8193, 12288, 12289,
    16384, 20480, 20481, 28672, 100003
]
COLUMNS = {"f32": 64, "f64": 32}
UINT = {"f32": np.uint32, "f64": np.uint64}


def canonical_sum(t, x, keep=None):
    """Chapter 7's order, written with arrays of columns."""
    dtype, c = ieee.NP[t], COLUMNS[t]
    blocks = []
    for start in range(0, len(x), BLOCK):
        column = np.zeros(c, dtype)
        for row in range(start, min(start + BLOCK, len(x)), c):
            part = x[row:min(row + c, len(x))]
            sums = column[:len(part)] + part
            column[:len(part)] = sums if keep is None else np.where(keep[row:row + len(part)], sums, column[:len(part)])
        blocks.append(column)
    while len(blocks) > 1:
        if len(blocks) % 2:
            blocks.append(np.zeros(c, dtype))
        blocks = [blocks[k] + blocks[k + 1] for k in range(0, len(blocks), 2)]
    column = blocks[0] if blocks else np.zeros(c, dtype)
    h = c // 2
    while h:
        column = column[:h] + column[h:2 * h]
        h //= 2
    assert column.dtype == dtype
    return column[0]


def np_bits(t, x):
    return canon(t, int(np.array([x], ieee.NP[t]).view(UINT[t])[0]))


def hashed(n):
    """u32 noise: iota * 2654435761, xor-shifted, times 2246822519."""
    h = np.arange(n, dtype=np.uint64) * 2654435761 & 0xFFFFFFFF
    h = (h ^ (h >> 15)) * 2246822519 & 0xFFFFFFFF
    return h ^ (h >> 13)


HASH = """%z = const u32 0
%o = const u32 1
%i = iota %z, %o
%k1 = const u32 2654435761
%k2 = const u32 2246822519
%s1 = const u32 15
%s2 = const u32 13
%h1 = mul %i, %k1
%h2 = shr %h1, %s1
%h3 = xor %h1, %h2
%h4 = mul %h3, %k2
%h5 = shr %h4, %s2
%h = xor %h4, %h5
"""


def float_data(t, n):
    """Values in -0.5 .. 0.5 with all the bits of the noise that the type can hold, exactly converted."""
    h = hashed(n)
    if t == "f32":
        return ((h >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-24) - np.float32(0.5)).astype(np.float32)
    return h.astype(np.float64) * 2.0**-32 * 0.7 - 0.3


def float_nodes(t):
    if t == "f32":
        return HASH + (
            "%e = const u32 8\n%g = shr %h, %e\n%f = convert f32 %g\n%m = const f32 0x1p-24\n%p = mul %f, %m\n"
            "%half = const f32 0.5\n%x = sub %p, %half\n")
    return HASH + ("%f = convert f64 %h\n%m = const f64 0x1p-32\n%p = mul %f, %m\n%q = const f64 0.7\n%v = mul %p, %q\n"
                   "%half = const f64 0.3\n%x = sub %v, %half\n")


def accuracy(t, x, total):
    exact = math.fsum(float(v) for v in x)
    scale = math.fsum(abs(float(v)) for v in x) or 1.0
    assert abs(float(total) - exact) <= (4e-6 if t == "f32" else 1e-14) * scale


def float_sums(f, t):
    case = f.graph("sum_lengths_%s" % t, "result s %s" % t, float_nodes(t) + "sum s %x")
    differs = 0
    for n in LENGTHS:
        x = float_data(t, n)
        total = canonical_sum(t, x)
        accuracy(t, x, total)
        differs += np_bits(t, total) != np_bits(t, np.add.accumulate(x)[-1]) if n else 0
        case.run(n).take("s", t, [np_bits(t, total)])
    assert differs > 12
    case = f.graph(
        "sum_with_traps_%s" % t, "result s %s" % t,
        float_nodes(t) + "%t3 = const u32 3\n%low = and %h, %t3\n%bad = eq %low, %z\ntrap 9 %bad @4\nsum s %x")
    for n in (1, 5, 64, 100, 4096, 4097, 12500, 20480):
        keep = (hashed(n) & np.uint64(3)) != 0
        x = float_data(t, n)
        total = canonical_sum(t, x, keep)
        bad = np.flatnonzero(~keep)
        run = case.run(n).take("s", t, [np_bits(t, total)])
        if len(bad):
            run.trapped(len(bad), int(bad[0]), 9, 4)


def float_sum_of_values(f, t):
    """Sums of awkward values from memory: cancelling, infinite, NaN, zeros of both signs, subnormal."""
    big, one = from_float(t, 2.0**(60 if t == "f32" else 100)), from_float(t, 1.0)
    minus = ieee.neg
    zero = 1 << (WIDTH[t] - 1)
    inf = edges(t)[8]
    lists = [[], [zero], [zero] * 200, [one], [big, one, minus(t, big)],
             [big] + [0] * 63 + [one] + [0] * 63 + [minus(t, big)], [inf], [inf, one], [inf, minus(t, inf)],
             [NAN_BITS[t][0]], [one] * 70 + [NAN_BITS[t][1]], [1] * 130, [edges(t)[16]] * 2,
             [edges(t)[16], edges(t)[16], minus(t,
                                                edges(t)[16])],
             some(t, 333, "sum"), [from_float(t, float(k)) for k in range(129)], [one, big] * 64,
             [from_float(t, 0.1 if t == "f64" else 0.125)] * 99]
    case = f.graph("sum_values_%s" % t, "input x %s; result s %s" % (t, t), "%x = load x\nsum s %x")
    for values in lists:
        x = np.array([to_float(t, v) for v in values], ieee.NP[t])
        run = case.run(len(values)).give_raw("x", t, raw(t, values))
        run.take("s", t, [np_bits(t, canonical_sum(t, x))])


def integer_sums(f):
    for t in ["bool"] + INTS:
        u = "i64" if t[0] == "i" else "u64"
        v = edges(t) + some(t, 90, "sum")
        case = f.graph("sum_%s" % t, "input x %s; result s %s; result b %sbe" % (t, u, u),
                       "%x = load x\nsum s %x\nsum b %x")
        for n in (0, 1, 2, 9, 33, len(v)):
            total = wrap(u, sum(signed(t, b) for b in v[:n]))
            case.run(n).give("x", t, v[:n]).take("s", u, [total]).take("b", u + "be", [total])
    case = f.graph("sum_wraps", "input x i64; input y u64; result s i64; result t u64",
                   "%x = load x\n%y = load y\nsum s %x\nsum t %y")
    for n in (5, 4096 + 7):
        run = case.run(n)
        run.memory("x", encode("i64", [1 << 62])).bind("x", "x", 0, 0)
        run.memory("y", encode("u64", [(1 << 64) - 3])).bind("y", "y", 0, 0)
        run.take("s", "i64", [wrap("i64", n << 62)]).take("t", "u64", [wrap("u64", -3 * n)])
    case = f.graph(
        "sum_noise_integers", "result a u64; result b i64; result c u64; result d i64",
        HASH + "%j = convert i32 %h\n%c = lt %i, %h\n%e = convert i8 %h\nsum a %h\nsum b %j\nsum c %c\nsum d %e")
    for n in (1, 4095, 4097, 12288, 20481):
        h = hashed(n).astype(np.int64)
        i32 = np.where(h >= 1 << 31, h - (1 << 32), h)
        i8 = (h & 255) - 256 * ((h >> 7) & 1)
        run = case.run(n).take("a", "u64", [wrap("u64", int(h.sum()))]).take("b", "i64", [wrap("i64", int(i32.sum()))])
        run.take("c", "u64", [int((np.arange(n) < h).sum())]).take("d", "i64", [wrap("i64", int(i8.sum()))])


def big_mode_sums(f):
    for t in FLOATS:
        values = some(t, 77, "be sum")
        x = np.array([to_float(t, v) for v in values], ieee.NP[t])
        case = f.graph("sum_into_%sbe" % t, "input x %s; result s %sbe; result d %s" % (t, t, t),
                       "%x = load x\nsum s %x\n%y = neg %x\nsum d %y")
        run = case.run(77).give("x", t, values).take("s", t + "be", [np_bits(t, canonical_sum(t, x))])
        run.take("d", t, [np_bits(t, canonical_sum(t, -x))])


def arg_lane(t, data, least, keep=None):
    """The winning lane of argmin or argmax, by its definition; None without a lane."""
    best = None
    for lane, bits in enumerate(data):
        if keep is not None and not keep[lane]:
            continue
        x = to_float(t, bits) if t in FLOATS else signed(t, bits)
        if best is None or (best[1] != best[1] and x == x) or (x < best[1] if least else x > best[1]):
            best = (lane, x)
    return None if best is None else best[0]


def arg_data(t):
    e = edges(t)
    lists = [[], [e[0]], e, list(reversed(e)), e + e, [e[5]] * 40, some(t, 70, "arg")]
    if t in FLOATS:
        nan, one, zero, minus = NAN_BITS[t][0], from_float(t, 1.0), 0, 1 << (WIDTH[t] - 1)
        inf = e[8]
        lists += [[nan], [nan] * 9, [nan, nan, one], [one, nan],
                  [nan, one, nan, from_float(t, 2.0), nan, from_float(t, 2.0)], [zero, minus], [minus, zero, minus],
                  [nan, inf], [nan, ieee.neg(t, inf)], [inf, nan, inf, ieee.neg(t, inf)],
                  [nan] * 33 + [ieee.neg(t, inf)] + [nan] * 8, [nan] * 40 + [inf] + [nan]]
    return lists


def arg_cases(f):
    for k, t in enumerate(NUMBERS):
        u = TYPES[(k * 3 + 1) % 11]
        case = f.graph("arg_%s_index_%s" % (t, u), "input i %s; input d %s; result lo %s; result hi %s" % (u, t, u, u),
                       "%i = load i\n%d = load d\nargmin lo %i, %d\nargmax hi %i, %d")
        for data in arg_data(t):
            index = some(u, len(data), "index") if u != "bool" else [lane % 3 == 1 for lane in range(len(data))]
            run = case.run(len(data)).give("i", u, index).give_raw("d", t, raw(t, data))
            lo, hi = arg_lane(t, data, True), arg_lane(t, data, False)
            run.take("lo", u, [index[lo] if lo is not None else 0]).take("hi", u, [index[hi] if hi is not None else 0])
            run.none(3 if lo is None else 0)
    for u in TYPES:
        index = edges(u) + (NAN_BITS[u] if u in FLOATS else [])
        case = f.graph("arg_index_%s" % u, "input i %s; input d i16; result lo %s; result hi %s" % (u, u, u),
                       "%i = load i\n%d = load d\nargmin lo %i, %d\nargmax hi %i, %d")
        for k in range(0, len(index), 3):
            data = [5 + (lane == k) - 2 * (lane == len(index) - 1 - k) for lane in range(len(index))]
            run = case.run(len(index)).give_raw("i", u, raw(u, index)).give("d", "i16", data)
            hi, lo = max(data), min(data)
            run.take("lo", u, [index[data.index(lo)]]).take("hi", u, [index[data.index(hi)]])


def arg_long(f):
    """Ties and winners across blocks, with traps; the index is the lane number."""
    nodes = HASH + (
        "%m = const u32 1023\n%d = and %h, %m\n%t7 = const u32 7\n%low = and %i, %t7\n%bad = eq %low, %t7\n"
        "trap 3 %bad\nargmin lo %i, %d\nargmax hi %i, %d\nargmax same %d, %d\n%f = convert f32 %d\nargmin fl %i, %f")
    case = f.graph("arg_blocks", "result lo u32; result hi u32; result same u32; result fl u32", nodes)
    for n in (1, 8, 64, 1000, 4096, 4097, 8192, 9000, 20481):
        d = (hashed(n) & np.uint64(1023)).astype(int).tolist()
        keep = [lane & 7 != 7 for lane in range(n)]
        lo, hi = arg_lane("u32", d, True, keep), arg_lane("u32", d, False, keep)
        run = case.run(n).take("lo", "u32", [lo]).take("hi", "u32", [hi]).take("same", "u32",
                                                                               [d[hi]]).take("fl", "u32", [lo])
        if keep.count(False):
            run.trapped(keep.count(False), 7, 3, 0)
    case = f.graph(
        "arg_none_bits", "input d i32; input k bool; result a u8; result b u8; result c u8; result s i64",
        "%d = load d\n%k = load k\ntrap 1 %k\n%i = convert u8 %d\n"
        "argmin a %i, %d\nargmax b %i, %d\nsum s %d\nargmin c %i, %d"
    )
    for n in (0, 1, 4, 40):
        run = case.run(n).give("d", "i32", [7] * n).give("k", "bool", [1] * n)
        for name in "abc":
            run.take(name, "u8", [0])
        run.take("s", "i64", [0]).none(7)
        if n:
            run.trapped(n, 0, 1, 0)
    operands = ["input d u8"] + ["result r%d u8" % k for k in range(64)]
    nodes = ["%d = load d"] + ["%s r%d %%d, %%d" % ("argmin" if k % 2 else "argmax", k) for k in range(64)]
    case = f.graph("arg_sixty_four", operands, nodes)
    for data in ([], [9, 4, 200]):
        run = case.run(len(data)).give("d", "u8", data).memory("m", bytes([FILLER]) * 64)
        for k in range(64):
            run.bind("r%d" % k, "m", k, 1)
        run.expect("m", bytes(([0, 0] if not data else [200, 4]) * 32)).none((1 << 64) - 1 if not data else 0)


FILLER = 0x77


def files():
    from . import combine
    f = Tgt("reduce", "sum in canonical order, argmin, argmax.")
    for t in FLOATS:
        float_sums(f, t)
        float_sum_of_values(f, t)
    integer_sums(f)
    big_mode_sums(f)
    arg_cases(f)
    arg_long(f)
    assert highest("i8") == 127 and lowest("i8") == -128 and mode_bytes("f16be") == 2 and mode_type("bf16") == "f32"
    return [f, combine.combine_file()]
