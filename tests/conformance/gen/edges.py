"""Edge values of every type, as bits, and deterministic random ones."""
from .base import FLOATS, WIDTH, from_float, rng, wrap


def int_edges(t):
    w = WIDTH[t]
    top = 1 << (w - 1)
    values = [0, 1, 2, 3, 7, w - 1, w, top - 1, top, top + 1, -1, -2, -3, -7, 10, 1 << (w // 2), 0x55555555_55555555]
    out = []
    for v in values:
        if wrap(t, v) not in out:
            out.append(wrap(t, v))
    return out


FLOAT_EDGES = {
    "f32": [
        0x00000000, 0x80000000, 0x3F800000, 0xBF800000, 0x40000000, 0x3F000000, 0x3FC00000, 0xC0200000, 0x7F800000,
        0xFF800000, 0x7FC00000, 0x00000001, 0x80000001, 0x007FFFFF, 0x00800000, 0x80800000, 0x7F7FFFFF, 0xFF7FFFFF,
        0x3F7FFFFF, 0x3F800001, 0x4B000000, 0x4B7FFFFF, 0x3EAAAAAB, 0x5F000000
    ],
    "f64": [
        0x0, 0x8000000000000000, 0x3FF0000000000000, 0xBFF0000000000000, 0x4000000000000000, 0x3FE0000000000000,
        0x3FF8000000000000, 0xC004000000000000, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0x1,
        0x8000000000000001, 0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x8010000000000000, 0x7FEFFFFFFFFFFFFF,
        0xFFEFFFFFFFFFFFFF, 0x3FEFFFFFFFFFFFFF, 0x3FF0000000000001, 0x4330000000000000, 0x433FFFFFFFFFFFFF,
        0x3FD5555555555555, 0x43E0000000000000
    ],
}
# NaNs that only memory can hold: signs, payloads, signalling ones.
NAN_BITS = {
    "f32": [0xFFC00000, 0x7F800001, 0xFF800001, 0x7FFFFFFF, 0x7FC12345], "f64":
    [0xFFF8000000000000, 0x7FF0000000000001, 0xFFF0000000000001, 0x7FFFFFFFFFFFFFFF]
}


def edges(t):
    if t == "bool":
        return [0, 1]
    return list(FLOAT_EDGES[t]) if t in FLOATS else int_edges(t)


def some(t, count, *seed):
    """Random bits of the type; floats are of every size but mostly of moderate exponent, never a NaN."""
    r = rng(t, *seed)
    out = []
    while len(out) < count:
        bits = r.getrandbits(WIDTH[t])
        if t in FLOATS:
            man = 23 if t == "f32" else 52
            bias = 127 if t == "f32" else 1023
            exponent = bias - 20 + r.getrandbits(8) % 40
            if len(out) % 4 == 0:
                exponent = r.getrandbits(16) % (2 * bias + 1)
            bits = (bits & ~(((2 * bias + 1) << man))) | (exponent << man)
        out.append(bits)
    return out


def pairs(t, extra, *seed):
    """The cross product of the edges and some random pairs."""
    e = edges(t)
    both = [(a, b) for a in e for b in e]
    both += list(zip(some(t, extra, "a", *seed), some(t, extra, "b", *seed)))
    return [p[0] for p in both], [p[1] for p in both]


def small_floats(t):
    """Integral and half-integral values around the places where rounding changes."""
    values = [
        0.25, 0.5, 0.75, 1.25, 1.5, 1.75, 2.5, 3.5, 4.5, 126.5, 127.0, 127.5, 128.0, 128.5, 254.5, 255.0, 255.5, 256.0,
        32767.0, 32767.5, 32768.0, 65535.0, 65535.5, 65536.0, 2147483520.0, 2147483648.0, 4294967040.0, 4294967296.0,
        9223371487098961920.0, 9223372036854775808.0, 18446742974197923840.0, 18446744073709551616.0, 8388607.5,
        8388608.0, 1e30
    ]
    if t == "f64":
        values += [
            2147483646.5, 2147483647.0, 2147483647.5, 2147483648.5, 4294967295.0, 4294967295.5, 9223372036854774784.0,
            18446744073709549568.0, 4503599627370495.5, 4503599627370496.5, 1e300
        ]
    out = []
    for x in values:
        if t == "f32" and x == 1e30:
            x = float.fromhex("0x1.93e594p+99")
        out += [from_float(t, x), from_float(t, -x)]
    return out
