#!/usr/bin/env python3
# tg-test: checked timeout=900
"""Every reduction of a report, of every type, against the definition in exact fractions: of no instances, of one, of many in
several windows, with traps, NaN, infinities and zeros of both signs, with samples in memory and in a file."""
import json
import math
import os
import random
import struct
import sys
from fractions import Fraction

from cli import Suite

INTS = {"i8": ("b", -2**7, 2**7), "u8": ("B", 0, 2**8), "i16": ("h", -2**15, 2**15), "u16": ("H", 0, 2**16), "i32": ("i", -2**31, 2**31),
        "u32": ("I", 0, 2**32), "i64": ("q", -2**63, 2**63), "u64": ("Q", 0, 2**64)}
FLOATS = {"f32": "f", "f64": "d"}
QUANTILES = [0.0, 0.025, 1 / 3, 0.5, 0.9, 1.0]

MACHINE = """
machine all {{
    in x: {type};
    in bad: u8;
    out y: {type};
    y = x;
    assert(bad == 0);
    report {{
        n = count(y > {middle});
        total = sum(y);
        flags = sum(y > {middle});
        average = mean(y);
        spread = variance(y);
        least = min(y);
        most = max(y);
        where_least = argmin(y);
        where_most = argmax(x);
{quantiles}
        fixed = histogram(y, -100.0, 100.0, 16);
        let half = quantile(f64(y), 0.5);
        late = histogram(y, half - 50.0, half + 50.0, 7);
        instances = count;
    }}
}}
"""


def value(text):
    return float(text) if isinstance(text, str) else text


def same(a, b):
    """The same number, NaN and the sign of zero too."""
    return (a != a and b != b) or (a == b and math.copysign(1, a) == math.copysign(1, b))


def single(x):
    """An f32, of which its shortest digits were printed."""
    return struct.unpack("<f", struct.pack("<f", x))[0]


def near(a, b, relative, floor=0.0):
    if b is None or b != b or math.isinf(b):
        return same(a, math.nan if b is None else b)
    return abs(a - b) <= relative * abs(b) + floor


def exact_mean(xs):
    if not xs or any(x != x for x in xs) or (math.inf in xs and -math.inf in xs):
        return math.nan
    if math.inf in xs or -math.inf in xs:
        return math.inf if math.inf in xs else -math.inf
    return float(sum(map(Fraction, xs)) / len(xs))


def exact_variance(xs):
    if len(xs) < 2 or any(x != x or math.isinf(x) for x in xs):
        return math.nan
    mean = sum(map(Fraction, xs)) / len(xs)
    return float(sum((Fraction(x) - mean) ** 2 for x in xs) / (len(xs) - 1))


def best(ids, xs, better):
    """The lowest that nothing beats; a NaN loses to any number."""
    at = None
    for i, x in zip(ids, xs):
        if at is None or (at[1] != at[1] and x == x) or better(x, at[1]):
            at = (i, x)
    return at or (0, 0)


def order(x):
    return (x != x, x if x == x else 0, math.copysign(1, x) if x == 0 else 0)


def exact_quantile(xs, q):
    return sorted(xs, key=order)[max(math.ceil(q * len(xs)) - 1, 0)] if xs else 0


def exact_histogram(xs, low, high, bins):
    counts = [0] * bins
    for x in xs:
        if low <= x < high:
            counts[math.floor((x - low) / (high - low) * bins)] += 1
    return counts


def check_report(t, title, name, report, ids, xs):
    is_float = name in FLOATS
    f64 = [float(x) for x in xs]
    middle = 0 if is_float or INTS[name][1] < 0 else 100
    exact = {"n": sum(x > middle for x in xs), "flags": sum(x > middle for x in xs),
             "least": best(ids, xs, lambda a, b: a < b)[1], "most": best(ids, xs, lambda a, b: a > b)[1],
             "where_least": best(ids, xs, lambda a, b: a < b)[0], "where_most": best(ids, xs, lambda a, b: a > b)[0]}
    for k, q in enumerate(QUANTILES):
        exact[f"q{k}"] = exact_quantile(xs, q)
    if not is_float:
        total = sum(xs) % 2**64
        exact["total"] = total - 2**64 if name[0] == "i" and total >= 2**63 else total
    typed = {"least", "most"} | {k for k in exact if k[0] == "q"}
    wrong = [(k, report[k], v) for k, v in exact.items()
             if not same(single(value(report[k])) if name == "f32" and k in typed else value(report[k]), v)]
    scale = max((abs(x) for x in f64 if x == x and not math.isinf(x)), default=0.0) * 1e-7 * (name == "f32")
    if is_float and not near(value(report["total"]), exact_mean(f64) * len(xs) if xs else 0.0, 1e-5 if name == "f32" else 1e-12, len(xs) * scale):
        wrong.append(("total", report["total"]))
    floor = max((abs(x) for x in f64 if x == x and not math.isinf(x)), default=0.0) * 1e-14
    if not near(value(report["average"]), exact_mean(f64), 1e-13, floor):
        wrong.append(("average", report["average"], exact_mean(f64)))
    if not near(value(report["spread"]), exact_variance(f64), 1e-12):
        wrong.append(("spread", report["spread"], exact_variance(f64)))
    if report["fixed"]["counts"] != exact_histogram(f64, -100.0, 100.0, 16):
        wrong.append(("fixed", report["fixed"]))
    low, high = value(report["late"]["low"]), value(report["late"]["high"])
    half = float(exact_quantile(f64, 0.5))
    if not (same(low, half - 50.0) and same(high, half + 50.0)) or report["late"]["counts"] != exact_histogram(f64, low, high, 7):
        wrong.append(("late", report["late"]))
    t.check(title, not wrong, wrong)


def values_of(name, n, r):
    if name in INTS:
        _, low, high = INTS[name]
        near_zero = [low, high - 1, 0, 1] + list(range(max(low, -90), min(high, 90)))
        return [r.choice(near_zero) if r.random() < 0.7 else r.randrange(low, high) for _ in range(n)]
    xs = [r.choice([0.0, -0.0, 1.5, -3.25, 99.5]) if r.random() < 0.2 else r.gauss(3, 40) for _ in range(n)]
    return list(struct.unpack(f"<{n}{FLOATS[name]}", struct.pack(f"<{n}{FLOATS[name]}", *xs)))


def cases(name):
    yield "none", []
    yield "one", [7]
    yield "two", [9, 3]
    yield "many", None
    if name in FLOATS:
        yield "one NaN", [math.nan]
        yield "all NaN", [math.nan] * 5
        yield "some NaN", [math.nan, 2.0, -math.nan, 1.0, 50.0]
        yield "zeros", [0.0, -0.0, 0.0, -0.0]
        yield "infinities", [1.0, math.inf, -math.inf, 5.0]


def run(t, name, title, xs, bad, *options):
    code = FLOATS.get(name) or INTS[name][0]
    t.write("x.bin", struct.pack(f"<{len(xs)}{code}", *xs))
    t.write("bad.bin", bytes(bad))
    r = t.run("run", "all.tg", "--in", "x=x.bin", "--in", "bad=bad.bin", "--json", *options)
    if not t.check(f"{title}: runs", r.status == (3 if any(bad) else 0), r):
        return None
    return json.loads(r.out)["report"]


def one_type(t, name):
    middle = "0" if name in FLOATS or INTS[name][1] < 0 else "100"
    lines = "\n".join(f"        q{k} = quantile(y, {q!r});" for k, q in enumerate(QUANTILES))
    t.write("all.tg", MACHINE.format(type=name, middle=middle + ".0" * (name in FLOATS), quantiles=lines))
    r = random.Random(name)
    for case, xs in cases(name):
        n = 70001 if name in ("f64", "u16") else 9001
        xs = values_of(name, n, r) if xs is None else xs
        bad = [case == "many" and r.random() < 0.01 for _ in xs]
        alive = [i for i, b in enumerate(bad) if not b]
        for way in [[], ["--sample-memory", "0", "--window", "4096"]]:
            title = f"{name}, {case}{', ' if way else ''}{' '.join(way)}"
            report = run(t, name, title, xs, bad, *way)
            if report is not None:
                check_report(t, title, name, report, alive, [xs[i] for i in alive])
                t.same(f"{title}: count", report["instances"], len(xs))
    if name == "u16":
        report = run(t, name, "all trapped", [5] * 100, [1] * 100)
        check_report(t, "all trapped", name, report, [], [])


def spilling(t):
    """What a file of samples needs: a folder, and room in it."""
    t.write("q.tg", "machine q { out y: f64; y = uniform_f64(); report { q = quantile(y, 0.5); late = histogram(y, 0.0, q, 2); } }\n")
    first = t.run("run", "q.tg", "-n", "300000", "--quiet")
    here = {**os.environ, "TMPDIR": str(t.folder)}
    before = sorted(os.listdir(t.folder))
    r = t.run("run", "q.tg", "-n", "300000", "--quiet", "--sample-memory", "2", env=here)
    t.same("samples in a file give the same", (r.status, r.out), (0, first.out))
    t.same("and leave nothing", sorted(os.listdir(t.folder)), before)
    r = t.run("run", "q.tg", "-n", "300000", "--sample-memory", "0", env={**os.environ, "TMPDIR": str(t.folder / "none")})
    t.check("no such folder", r.status == 1 and "a temporary file cannot be created" in r.err and "TMPDIR" in r.err, r)
    for wrong in "x", "-1", "1e3":
        r = t.run("run", "q.tg", f"--sample-memory={wrong}")
        t.check(f"no number of MiB: {wrong}", r.status == 2 and "--sample-memory wants a number of MiB" in r.err, r)


def main():
    with Suite() as t:
        for name in [*INTS, *FLOATS]:
            one_type(t, name)
        spilling(t)
    t.finish()


if __name__ == "__main__":
    sys.exit(main())
