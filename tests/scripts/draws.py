#!/usr/bin/env python3
"""draws.py: lib/random.tg draws what its comments say, from the same words in Python: integers and uniforms to the bit, the rest
within rounding; Philox gives its published answers; normal, exponential and geometric draws have the moments that they should."""
# tg-test: timeout=300
import math
import os
import subprocess
import sys
import tempfile

import numpy as np

from tap import check, finish

SOURCE = os.environ.get("TG_SOURCE", ".")
BUILD = os.environ.get("TG_BUILD", os.path.join(SOURCE, "build"))
THRONG = os.environ.get("THRONG", os.path.join(BUILD, "throng"))
ORACLE = os.path.join(SOURCE, "tests", "lang", "oracle")
PROGRAM = os.path.join(SOURCE, "tests", "lang", "draws.tg")
sys.path.insert(0, ORACLE)
import philox  # noqa: E402

NAMES = ("word wide u32_below u64_below i32_between i64_between partner f32_unit f64_unit coin failures wait_f64 wait_f32 "
         "x y z u v w").split()
FLOATS = {"wait_f64": 1e-15, "wait_f32": 1e-7, "x": 3e-15, "y": 3e-15, "z": 3e-15, "u": 1e-7, "v": 1e-7, "w": 1e-7}


class Stream:
    """The words of one instance, one after another, and what is made of them."""

    def __init__(self, words):
        self.words = iter(words)

    def word(self):
        return int(next(self.words))

    def wide(self):
        low = self.word()
        return low | self.word() << 32

    def below(self, n, bits):
        while True:
            product = (self.word() if bits == 32 else self.wide()) * n
            if product % 2**bits >= 2**bits % n:
                return product >> bits

    def unit(self):
        return (self.wide() >> 11) * 2.0**-53

    def open(self):
        return (self.word() + 0.5) * 2.0**-32

    @staticmethod
    def pair(radius, turn, bits):
        angle = math.tau * ((turn + 2 ** (bits - 3)) % 2**bits - 2 ** (bits - 3)) / 2**bits
        return radius * math.cos(angle), radius * math.sin(angle)

    def normals_f64(self):
        radius = math.sqrt(-2 * math.log(1 - self.unit()))
        turn = self.wide()
        quarter, rest = turn >> 62, (turn << 2) % 2**64
        rest -= 2**64 if rest >= 2**63 else 0
        return self.pair(radius, (quarter << 62) + (rest >> 2), 64)

    def normals_f32(self):
        radius = math.sqrt(-2 * math.log(self.open()))
        turn = self.word()
        quarter, rest = turn >> 30, (turn << 2) % 2**32
        rest -= 2**32 if rest >= 2**31 else 0
        return self.pair(radius, (quarter << 30) + (rest >> 2), 32)

    def draws(self, sides):
        yield self.word()
        yield self.wide()
        yield self.below(sides, 32)
        yield self.below(0xC000000000000000, 64)
        yield self.below(3000000000, 32) - 1500000000
        yield self.below(20, 64) - 10
        yield self.below(52, 32)
        yield (self.word() >> 8) * 2.0**-24
        yield self.unit()
        yield self.unit() < 0.3
        yield math.floor(math.log(1 - self.unit()) / math.log1p(-0.2))
        yield -math.log(1 - self.unit())
        yield -math.log(self.open())
        yield from self.normals_f64()
        yield self.normals_f64()[0]
        yield from self.normals_f32()
        yield self.normals_f32()[0]


def run(folder, n, *options):
    """The draws of n instances, by name."""
    command = [THRONG, "run", PROGRAM, "--entry", "draws", "-n", str(n), "--quiet", *options]
    for name in NAMES:
        command += ["--out", f"{name}={folder}/{name}.npy"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return {name: np.load(f"{folder}/{name}.npy") for name in NAMES}


def same_draws(folder, n, seed, sides):
    words = philox.words(seed, np.arange(n), 0, 200).T
    wanted = np.array([tuple(Stream(w).draws(sides)) for w in words], dtype=object).T
    for backend in ("ref", "vec"):
        found = run(folder, n, "--seed", str(seed), "--param", f"sides={sides}", "--backend", backend)
        for name, column in zip(NAMES, wanted):
            if name in FLOATS:
                error = np.abs(found[name].astype(np.float64) - column.astype(np.float64)) / np.maximum(np.abs(column.astype(np.float64)), 1)
                check(f"{name}, {sides} sides, seed {seed}, {backend}", error.max() <= FLOATS[name] * 2, error.max())
            else:
                bad = np.nonzero(found[name] != column.astype(found[name].dtype))[0]
                check(f"{name}, {sides} sides, seed {seed}, {backend}", bad.size == 0, bad[:10])


def published(folder):
    with open(os.path.join(ORACLE, "philox.txt"), encoding="ascii") as file:
        rows = [[int(w, 16) for w in line.split()[2:]] for line in file if not line.startswith("#")]
    columns = np.array(rows, dtype=np.uint32).T
    command = [THRONG, "run", PROGRAM, "--entry", "philox", "--quiet"]
    for name, column in zip(("c0", "c1", "c2", "c3", "k0", "k1"), columns):
        np.save(f"{folder}/{name}.npy", column)
        command += ["--in", f"{name}={folder}/{name}.npy"]
    for k in range(4):
        command += ["--out", f"w{k}={folder}/w{k}.npy"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for k in range(4):
        found = np.load(f"{folder}/w{k}.npy")
        check(f"Philox4x32-10, word {k}", np.array_equal(found, columns[6 + k]), found)


def moments(folder, n=1000000):
    """Means and variances within six standard errors; a die's faces within six of theirs."""
    found = run(folder, n, "--seed", "5")
    wanted = {"x": (0, 1, 3), "y": (0, 1, 3), "z": (0, 1, 3), "u": (0, 1, 3), "v": (0, 1, 3), "w": (0, 1, 3), "wait_f64": (1, 1, 9), "wait_f32": (1, 1, 9),
              "failures": (4, 20, 9.05), "f64_unit": (0.5, 1 / 12, 1.8), "f32_unit": (0.5, 1 / 12, 1.8)}
    for name, (mean, variance, kurtosis) in wanted.items():
        values = found[name].astype(np.float64)
        check(f"{name}: mean", abs(values.mean() - mean) < 6 * math.sqrt(variance / n), values.mean())
        check(f"{name}: variance", abs(values.var() - variance) < 6 * variance * math.sqrt((kurtosis - 1) / n), values.var())
    for first, second in (("x", "y"), ("x", "z"), ("u", "v"), ("u", "w")):
        product = (found[first].astype(np.float64) * found[second]).mean()
        check(f"{first} and {second} go their own ways", abs(product) < 6 / math.sqrt(n), product)
    faces = np.bincount(found["u32_below"], minlength=6)
    check("a die's faces", faces.size == 6 and np.abs(faces - n / 6).max() < 6 * math.sqrt(n * 5 / 36), faces)


def main():
    with tempfile.TemporaryDirectory() as folder:
        published(folder)
        same_draws(folder, 1500, 0, 6)
        same_draws(folder, 1500, 0x123456789ABCDEF, 3000000000)
        moments(folder)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
