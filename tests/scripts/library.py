#!/usr/bin/env python3
"""library.py: the functions of lib/ err no more, against MPFR, than lib/README.md says, and all back-ends give the same bits."""
# tg-test: timeout=900
import math
import os
import re
import subprocess
import sys
import tempfile

import gmpy2
import numpy as np

from tap import check, finish

SOURCE = os.environ.get("TG_SOURCE", ".")
BUILD = os.environ.get("TG_BUILD", os.path.join(SOURCE, "build"))
THRONG = os.environ.get("THRONG", os.path.join(BUILD, "throng"))
ENVIRONMENT = {"TG_PLUGIN_PATH": BUILD, **os.environ}
N_RANDOM = 4000
PAIRS = {"pow", "atan2", "hypot"}
BITS = {"f32": (np.float32, np.uint32, 24, -149, 128), "f64": (np.float64, np.uint64, 53, -1074, 1024)}
# Where a function is neither constant nor infinite, and where its method changes.
RANGES = {
    "exp": [(-750, 712), (-1, 1)], "exp2": [(-1080, 1026), (-1, 1)], "expm1": [(-45, 712), (-1, 1)],
    "log": [(0.5, 2), (0, 100)], "log2": [(0.5, 2), (0, 100)], "log10": [(0.5, 2), (0, 1000)], "log1p": [(-1, 1), (-0.1, 0.1)],
    "sin": [(-7, 7), (-1e9, 1e9)], "cos": [(-7, 7), (-1e9, 1e9)], "tan": [(-7, 7), (-1e9, 1e9)],
    "asin": [(-1, 1), (0.4, 0.6)], "acos": [(-1, 1), (0.4, 0.6)], "atan": [(-1, 1), (-4, 4)], "sinh": [(-1, 1), (-712, 712)],
    "cosh": [(-1, 1), (-712, 712)], "tanh": [(-1, 1), (-20, 20)], "cbrt": [(-8, 8)], "erf": [(-1.5, 1.5), (-6, 6)],
    "erfc": [(-1, 1), (-6, 27.3)], "normal_cdf": [(-2, 2), (-38.5, 9)], "pow": [(0, 10), (-40, 40)], "atan2": [(-2, 2)], "hypot": [(-9, 9)],
}


def normal_cdf(x):
    return gmpy2.erfc(-x / gmpy2.sqrt(gmpy2.mpfr(2))) / 2


def exact(name):
    return normal_cdf if name == "normal_cdf" else (lambda x, y: x**y) if name == "pow" else getattr(gmpy2, name)


def bounds():
    """The largest errors of lib/README.md: {name: {"f64": bound, "f32": bound}}."""
    with open(os.path.join(SOURCE, "lib", "README.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([0-9.]+) \| ([0-9.]+) \|", file.read(), re.MULTILINE)
    return {name: {"f64": float(f64), "f32": float(f32)} for name, f64, f32 in rows}


def special(float_type):
    info = np.finfo(float_type)
    some = [0, 0.5, 1, 2, 3, math.pi, 10, 22, 100, 700, 2**24, 2.0**30, 2.0**53, float(info.max), float(info.tiny),
            float(info.smallest_subnormal), math.inf, 0.75, 1.25, math.nextafter(1, 0), math.nextafter(1, 2)]
    with np.errstate(over="ignore"):
        return np.array([s * v for v in some for s in (1, -1)] + [math.nan], dtype=float_type)


def arguments(name, kind, random):
    """One or two arrays: special values, any bits, values of the ranges, and neighbours of multiples of pi / 2."""
    float_type, bits_type, *_ = BITS[kind]
    parts = [special(float_type)]
    if name in PAIRS:
        first, second = np.meshgrid(parts[0], parts[0])
        columns = [[first.ravel()], [second.ravel()]]
    else:
        columns = [parts]
    for column in columns:
        any_bits = random.integers(0, 2 ** (32 if kind == "f32" else 64), N_RANDOM, dtype=bits_type).view(float_type)
        column.append(any_bits)
        column += [random.uniform(low, high, N_RANDOM).astype(float_type) for low, high in RANGES[name]]
        column.append((random.uniform(1, 2, N_RANDOM) * 2.0 ** random.integers(-60, 8, N_RANDOM)).astype(float_type))
        if name in ("sin", "cos", "tan"):
            turns = [gmpy2.mpz(int(k)) << int(e) for k, e in zip(random.integers(1, 2**53, 500), random.integers(0, 60 if kind == "f32" else 900, 500))]
            column.append(np.array([float(gmpy2.const_pi() / 2 * k) for k in turns]).astype(float_type))
    if name == "pow":  # results over the whole range
        x = columns[0][2]
        columns[1][2] = (random.uniform(-1, 1, x.size) * (89 if kind == "f32" else 710) / np.log(np.maximum(x, 1.0001))).astype(float_type)
    return [np.concatenate(c) for c in columns]


def ulps(found, wanted, kind):
    """How far a result is from the exact value, in units of the last place of that; 0 or infinite where there is no distance."""
    _, _, digits, lowest, highest = BITS[kind]
    if gmpy2.is_nan(wanted) or math.isnan(found):
        return 0.0 if gmpy2.is_nan(wanted) and math.isnan(found) else math.inf
    if gmpy2.is_zero(wanted) or gmpy2.is_infinite(wanted):
        same = found == wanted and math.copysign(1, found) == (-1 if gmpy2.is_signed(wanted) else 1)
        return 0.0 if same else math.inf
    exponent = gmpy2.get_exp(wanted)
    if math.isinf(found):
        found = gmpy2.mpfr(math.copysign(1, found)) * gmpy2.mpfr(2) ** highest
        if exponent > highest and (found > 0) == (wanted > 0):
            return 0.0
    last = max(min(exponent, highest) - digits, lowest)
    return float(gmpy2.mul_2exp(abs(gmpy2.mpfr(found) - wanted), -last) if last < 0 else gmpy2.div_2exp(abs(gmpy2.mpfr(found) - wanted), last))


def run(folder, name, kind, columns, backend):
    """What the function gives for the arguments, computed by a kernel of one line."""
    names = ["x", "y"][:len(columns)]
    program = os.path.join(folder, f"{name}_{kind}.tg")
    with open(program, "w", encoding="utf-8") as file:
        file.write(f"kernel test({', '.join(f'{n}: [{kind}]' for n in names)}) -> (z: [{kind}]) {{\n    z = {name}({', '.join(names)});\n}}\n")
    command = [THRONG, "run", program, "--backend", backend, "--quiet", "--out", f"z={folder}/z.npy"]
    for n, column in zip(names, columns):
        np.save(f"{folder}/{n}.npy", column)
        command += ["--in", f"{n}={folder}/{n}.npy"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return np.load(f"{folder}/z.npy")


def backends():
    listed = subprocess.run([THRONG, "backends"], capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout
    return [line.split()[0] for line in listed.splitlines() if " not available" not in line]


def examine(folder, name, kind, bound):
    random = np.random.default_rng(len(name) * 1000 + ord(name[0]))
    columns = arguments(name, kind, random)
    found = {backend: run(folder, name, kind, columns, backend) for backend in backends()}
    same = [b for b in found if found[b].tobytes() == found["ref"].tobytes()]
    check(f"{name} of {kind}: the same bits from {', '.join(found)}", len(same) == len(found) > 1, f"only {same} agree with ref")
    function, worst = exact(name), (0.0, None)
    for *x, z in zip(*(c.tolist() for c in columns), found["ref"].tolist()):
        error = ulps(z, function(*(gmpy2.mpfr(v) for v in x)), kind)
        worst = max(worst, (error, (x, z)), key=lambda w: w[0])
    check(f"{name} of {kind}: within {bound} ulp ({worst[0]:.4f} in {found['vec'].size})", worst[0] <= bound, worst)


def main():
    gmpy2.get_context().precision = 1200
    only = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        for name, limits in bounds().items():
            for kind in ("f64", "f32"):
                if not only or name in only:
                    # A quotient of pi needs all its digits; the others are quicker with fewer.
                    gmpy2.get_context().precision = 1200 if name in ("sin", "cos", "tan") else 160
                    examine(folder, name, kind, limits[kind])
    return finish()


if __name__ == "__main__":
    sys.exit(main())
