"""modes.tgt: every memory mode, loaded and stored, in both byte orders.

f16 and bf16 are tried at ties, subnormals and overflow; their rounding by integers is checked against NumPy.
"""
import numpy as np

from .base import (BIG, FLOATS, MODES, SMALL, WIDTH, Tgt, canon, decode_one, encode, f32_to_small, mode_bytes,
                   mode_type, raw, rng, small_to_f32)
from .edges import NAN_BITS, edges, some


def base_of(mode):
    return mode[:-2] if mode.endswith("be") else mode


def small_patterns(base):
    """16-bit patterns: every exponent of f16 (a choice of bf16) with the mantissas at its ends and middle."""
    exp_bits, man_bits = SMALL[base]
    top = (1 << man_bits) - 1
    half = 1 << (man_bits - 1)
    exponents = range(32) if base == "f16" else [0, 1, 2, 3, 64, 100, 126, 127, 128, 129, 150, 200, 252, 253, 254, 255]
    out = []
    for e in exponents:
        for m in (0, 1, half - 1, half, half + 1, top):
            out += [(e << man_bits) | m, (e << man_bits) | m | 0x8000]
    return out


def around_ties(base):
    """binary32 patterns at, just below and just above the middle between neighbours of the small format."""
    out = []
    for p in small_patterns(base):
        if p & 0x8000 or small_to_f32(p, *SMALL[base]) & 0x7F800000 == 0x7F800000:
            continue
        low, up = small_to_f32(p, *SMALL[base]), small_to_f32(p + 1, *SMALL[base])
        if base == "f16" and p == 0x7BFF:
            up = 0x47800000
        if base == "bf16" or (p >> 10) == 0:
            middle = (low + up) // 2 if base == "bf16" else middle_of(low, up)
        else:
            middle = (low + up) // 2
        sign = 0x80000000 if len(out) & 1 else 0
        out += [b | sign for b in (middle - 1, middle, middle + 1)]
        out += [low ^ sign] if len(out) % 5 == 0 else []
    out += [
        0x7F7FFFFF, 0xFF7FFFFF, 0x477FEFFF, 0x477FF000, 0xC77FF000, 0x33000000, 0x33000001, 0x32FFFFFF, 0xB3000000, 1,
        0x80000001, 0x00007FFF, 0x00008000, 0x00008001, 0x00018000, 0x7F800000, 0xFF800000
    ]
    return out + NAN_BITS["f32"] + [0x7FC00000, 0, 0x80000000]


def middle_of(low, up):
    return int((np.uint32(low).view(np.float32) * np.float32(0.5) +
                np.uint32(up).view(np.float32) * np.float32(0.5)).view(np.uint32))


def check_small(base, bits):
    """The rounding by integers against NumPy (f16) or the carry trick (bf16)."""
    got = f32_to_small(bits, *SMALL[base])
    if canon("f32", bits) == 0x7FC00000:
        assert got == (0x7E00 if base == "f16" else 0x7FC0)
    elif base == "f16":
        assert got == int(np.uint32(bits).view(np.float32).astype(np.float16).view(np.uint16)), hex(bits)
    else:
        assert got == (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16, hex(bits)
    if got & 0x7FFF <= (0x7C00 if base == "f16" else 0x7F80) and base == "f16":
        wide = int(np.uint16(got).view(np.float16).astype(np.float32).view(np.uint32))
        assert wide == small_to_f32(got, *SMALL[base])


def element_patterns(mode):
    """Raw element patterns to load."""
    t = mode_type(mode)
    if base_of(mode) in SMALL:
        return small_patterns(base_of(mode))
    if mode == "bool":
        return list(range(256))
    return edges(t) + (NAN_BITS[t] if t in FLOATS else []) + some(t, 9, mode)


def stored_values(mode):
    if base_of(mode) in SMALL:
        values = around_ties(base_of(mode))
        for v in values:
            check_small(base_of(mode), v)
        return values
    return element_patterns(mode) if mode != "bool" else [0, 1, 2, 3, 255, 128]


def load_case(f, mode):
    t = mode_type(mode)
    case = f.graph("load_" + mode, "input x %s; output y %s" % (mode, t), "%x = load x\nstore y %x")
    values = element_patterns(mode)
    for order in ["little"] + (["big"] if mode_bytes(mode) > 1 else []):
        few = values if order == "little" else values[::7]
        data = raw(mode, few, order)
        size = mode_bytes(mode)
        got = [decode_one(mode, data[i:i + size], order) for i in range(0, len(data), size)]
        run = case.run(len(few), order=None if order == "little" else order).give_raw("x", mode, data)
        run.take("y", t, got, order)


def store_case(f, mode):
    t = mode_type(mode)
    case = f.graph("store_" + mode, "input x %s; output y %s" % (t, mode), "%x = load x\nstore y %x")
    values = stored_values(mode)
    for order in ["little"] + (["big"] if mode_bytes(mode) > 1 else []):
        few = values if order == "little" else values[::7]
        run = case.run(len(few), order=None if order == "little" else order).give_raw("x", t, raw(t, few, order))
        run.take("y", mode, [int(v != 0) if t == "bool" else v for v in few], order)


def copy_case(f, mode):
    """Loading and storing in one mode changes only NaNs and odd bools; done in place as well."""
    case = f.graph("copy_" + mode, "input x %s; output y %s" % (mode, mode), "%x = load x\nstore y %x")
    values = element_patterns(mode)[:65]
    data, size = raw(mode, values), mode_bytes(mode)
    back = encode(mode, [decode_one(mode, data[i:i + size]) for i in range(0, len(data), size)])
    run = case.run(len(values)).give_raw("x", mode, data)
    run.memory("y", bytes(len(data))).bind("y", "y", 0, size).expect("y", back)
    run = case.run(len(values)).memory("m", b"\x11" * 3 + data + b"\x22" * 2)
    run.bind("x", "m", 3, size).bind("y", "m", 3, size).expect("m", b"\x11" * 3 + back + b"\x22" * 2)


def between_cases(f):
    """From each mode of f32 to each other, with one rounding."""
    group = ["f32", "f16", "bf16", "f32be", "f16be", "bf16be"]
    for a in group:
        for b in group:
            if a == b:
                continue
            values = [p for p in element_patterns(a)
                      ][::9] if base_of(a) in SMALL else around_ties("f16")[::9] + edges("f32")
            data, size = raw(a, values), mode_bytes(a)
            case = f.graph("%s_to_%s" % (a, b), "input x %s; output y %s" % (a, b), "%x = load x\nstore y %x")
            run = case.run(len(values)).give_raw("x", a, data)
            run.take("y", b, [decode_one(a, data[i:i + size]) for i in range(0, len(data), size)])


def table_cases(f):
    """Tables and results in every mode: a gather from it; argmax writing it."""
    for mode in MODES:
        t, size = mode_type(mode), mode_bytes(mode)
        values = element_patterns(mode)[:24:2] if base_of(mode) not in SMALL else element_patterns(mode)[::23]
        data = raw(mode, values)
        case = f.graph("gather_" + mode, "input i u8; table t %s; output y %s; result r %s" % (mode, t, mode),
                       "%i = load i\n%y = gather t %i\n%d = convert u8 %i\nstore y %y\nargmax r %y, %d")
        index = [k for k in range(len(values) - 1, -1, -1)] + [len(values), 255]
        got = [decode_one(mode, data[k * size:k * size + size]) if k < len(values) else 0 for k in index]
        run = case.run(len(index)).give("i", "u8", index).memory("t",
                                                                 data + b"\xff" * (size - 1)).bind("t", "t", 0, size)
        run.take("y", t, got).take("r", mode, [got[-1]])
        back = values[1]
        case2 = f.graph("argmin_result_" + mode, "input x %s; input d u8; result r %s" % (mode, mode),
                        "%x = load x\n%d = load d\nargmin r %x, %d")
        run = case2.run(3).give_raw("x", mode, raw(mode, [values[0], back, values[2]])).give("d", "u8", [5, 2, 9])
        run.take("r", mode, [decode_one(mode, raw(mode, [back]))])


def files():
    f = Tgt("modes", "Every memory mode: load, store, copy (also in place), gather, result; f16 and bf16 roundings.")
    r = rng("modes")
    for _ in range(2000):
        check_small("f16", r.getrandbits(32))
        check_small("bf16", r.getrandbits(32))
    for mode in MODES:
        load_case(f, mode)
        store_case(f, mode)
        copy_case(f, mode)
    between_cases(f)
    table_cases(f)
    assert len(MODES) == 23 and len(BIG) == 10 and WIDTH["f32"] == 32
    return [f]
