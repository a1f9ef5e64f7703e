"""Float arithmetic on bit patterns, by MPFR through gmpy2, checked here against NumPy or exact fractions.

The contexts have the precision and exponent range of binary32 and binary64 and subnormalise, so every operation
rounds once. Each function asserts that a second method agrees.
"""
import math
from fractions import Fraction

import gmpy2
import numpy as np

from .base import FLOATS, WIDTH, canon, from_float, highest, is_nan, lowest, signed, to_float, wrap

CTX = {"f32": gmpy2.ieee(32), "f64": gmpy2.ieee(64)}
NP = {"f32": np.float32, "f64": np.float64, "bool": np.bool_}
PRECISION = {"f32": (24, -149, 128), "f64": (53, -1074, 1024)}
np.seterr(all="ignore")


def mp(t, bits):
    return gmpy2.mpfr(to_float(t, bits))


def mp_do(t, function, *args):
    """An operation in the context of the type (the division method of a context ignores its precision)."""
    before = gmpy2.get_context()
    gmpy2.set_context(CTX[t])
    result = function(*args)
    gmpy2.set_context(before)
    return result


def pack(t, x):
    return from_float(t, float(x))


def round_fraction(t, q, negative_zero=False):
    """Rounds an exact fraction to the type, ties to even, with integers alone."""
    if q == 0:
        return 1 << (WIDTH[t] - 1) if negative_zero else 0
    precision, least, top = PRECISION[t]
    a = abs(q)
    e = a.numerator.bit_length() - a.denominator.bit_length()
    e = e if Fraction(2)**e <= a else e - 1
    ulp = max(e - precision + 1, least)
    scaled = a / Fraction(2)**ulp
    n, rest = divmod(scaled.numerator, scaled.denominator)
    double = 2 * rest - scaled.denominator
    n += 1 if double > 0 or (double == 0 and n & 1) else 0
    x = math.inf if n * Fraction(2)**ulp >= Fraction(2)**top else math.ldexp(n, ulp)
    return from_float(t, math.copysign(x, -1.0 if q < 0 else 1.0))


def as_np(t, bits):
    return NP[t](to_float(t, bits))


def check(t, bits, other):
    assert canon(t, bits) == canon(t, other), (t, hex(bits), hex(other))
    return canon(t, bits)


def from_np(t, x):
    return from_float(t, float(x))


def add(t, a, b):
    return check(t, pack(t, mp_do(t, gmpy2.add, mp(t, a), mp(t, b))), from_np(t, as_np(t, a) + as_np(t, b)))


def sub(t, a, b):
    return check(t, pack(t, mp_do(t, gmpy2.sub, mp(t, a), mp(t, b))), from_np(t, as_np(t, a) - as_np(t, b)))


def mul(t, a, b):
    return check(t, pack(t, mp_do(t, gmpy2.mul, mp(t, a), mp(t, b))), from_np(t, as_np(t, a) * as_np(t, b)))


def div(t, a, b):
    return check(t, pack(t, mp_do(t, gmpy2.div, mp(t, a), mp(t, b))), from_np(t, as_np(t, a) / as_np(t, b)))


def sqrt(t, a):
    x = to_float(t, a)
    r = pack(t, mp_do(t, gmpy2.sqrt, mp(t, a)))
    if x == 0:
        r = a
    return check(t, r, from_np(t, np.sqrt(as_np(t, a))))


def fma(t, a, b, c):
    r = pack(t, mp_do(t, gmpy2.fma, mp(t, a), mp(t, b), mp(t, c)))
    x, y, z = (to_float(t, v) for v in (a, b, c))
    if all(math.isfinite(v) for v in (x, y, z)):
        product = Fraction(x) * Fraction(y)
        sign = math.copysign(1, x) * math.copysign(1, y)
        zeros = product == 0 and z == 0 and sign < 0 and math.copysign(1, z) < 0
        check(t, r, round_fraction(t, product + Fraction(z), zeros))
    return canon(t, r)


def neg(t, a):
    return canon(t, a ^ (1 << (WIDTH[t] - 1)))


def less(t, a, b):
    return int(to_float(t, a) < to_float(t, b))


def equal(t, a, b):
    return int(to_float(t, a) == to_float(t, b))


def maximum(t, a, b):
    return b if less(t, a, b) else a


def round_to(t, how, a):
    x = to_float(t, a)
    if not math.isfinite(x):
        return canon(t, a)
    f = {"even": round, "down": math.floor, "up": math.ceil, "zero": math.trunc}[how]
    r = from_float(t, math.copysign(float(f(x)), x))
    g = {"even": np.rint, "down": np.floor, "up": np.ceil, "zero": np.trunc}[how]
    return check(t, r, from_np(t, g(as_np(t, a))))


def float_to_int(t, u, a):
    x = to_float(t, a)
    if x != x:
        return 0
    if math.isinf(x):
        return wrap(u, highest(u) if x > 0 else lowest(u))
    return wrap(u, min(max(int(x), lowest(u)), highest(u)))


def int_to_float(t, u, a):
    n = signed(t, a)
    r = pack(u, CTX[u].plus(gmpy2.mpfr(n, 80)))
    return check(u, r, round_fraction(u, Fraction(n)))


def convert(t, u, a):
    """Conversion by value from type t to type u."""
    if t == u:
        return canon(t, a) if t in FLOATS else a
    if u == "bool":
        return int(to_float(t, a) != 0) if t in FLOATS else int(a != 0)
    if t == "bool":
        return from_float(u, float(a)) if u in FLOATS else a
    if t in FLOATS and u in FLOATS:
        return check(u, pack(u, CTX[u].plus(mp(t, a))), from_np(u, NP[u](to_float(t, a))))
    if t in FLOATS:
        return float_to_int(t, u, a)
    return int_to_float(t, u, a) if u in FLOATS else wrap(u, signed(t, a))


def bitcast(t, a):
    return canon(t, a) if t in FLOATS and is_nan(t, a) else a
