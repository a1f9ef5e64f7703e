#!/usr/bin/env python3
"""machines.py: the examples in the language give what tests/lang/oracle finds by itself, on every back-end, with any number of threads."""
# tg-test: timeout=600
import json
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
sys.path.insert(0, ORACLE)
import black_scholes  # noqa: E402
import bootstrap  # noqa: E402
import mandelbrot  # noqa: E402

ENVIRONMENT = {"TG_PLUGIN_PATH": BUILD, **os.environ}


def backends():
    listed = subprocess.run([THRONG, "backends"], capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout
    names = [line.split()[0] for line in listed.splitlines() if " not available" not in line]
    return [(name, threads) for name in names for threads in ("123" if name != "ref" else "1")]


def run(example, *options):
    command = [THRONG, "run", os.path.join(SOURCE, "examples", f"{example}.tg"), "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def everywhere(example, *options):
    """The report, the same text from each back-end and number of threads."""
    texts = {run(example, *options, "--backend", backend, "--threads", threads) for backend, threads in backends()}
    check(f"{example}: the same everywhere", len(texts) == 1, "\n".join(texts))
    return json.loads(texts.pop())["report"]


def oracle(program, *options):
    done = subprocess.run([sys.executable, os.path.join(ORACLE, program), *options], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def equal(name, found, wanted):
    check(name, found == wanted, f"found  {found}\nwanted {wanted}")


def near(name, found, wanted, relative):
    check(name, math.isclose(found, wanted, rel_tol=relative), f"found {found}, wanted {wanted}")


def integers():
    equal("collatz below 10^5", everywhere("collatz", "-n", "99999"), oracle("collatz.py", "-n", "99999"))
    wanted = oracle("sha256.py", "-n", "5000")
    del wanted["total"]
    equal("sha256 of 5000 numbers", everywhere("sha256", "-n", "5000"), wanted)
    equal("queens on 8 by 8", everywhere("queens", "-n", "512", "--param", "n=8"), oracle("queens.py", "-n", "8"))
    equal("queens on 10 by 10", json.loads(run("queens", "-n", "1000", "--param", "n=10"))["report"]["solutions"], 724)
    equal("collatz below 10^6", json.loads(run("collatz", "-n", "999999"))["report"]["start"], 837799)


def draws():
    for seed in ("0", "81985529216486895"):
        report = everywhere("pi", "-n", "3000", "--param", "steps=50", "--seed", seed)
        near(f"pi with seed {seed}", report["pi"], oracle("pi.py", "-n", "3000", "--steps", "50", "--seed", seed)["pi"], 1e-15)


def resamples(folder):
    path = os.path.join(folder, "difference.npy")
    report = everywhere("bootstrap", "-n", "10000", "--seed", "7")
    run("bootstrap", "-n", "10000", "--seed", "7", "--out", f"difference={path}")
    wanted, _ = bootstrap.differences(10000, 7, 5.0, 28)
    check("bootstrap: each resample to the bit", np.array_equal(np.load(path), wanted))
    reported = oracle("bootstrap.py", "-n", "10000", "--seed", "7")
    equal("bootstrap: interval", [report["low"], report["high"]], [reported["low"], reported["high"]])
    equal("bootstrap: histogram", report["shape"]["counts"], reported["shape"])
    near("bootstrap: average", report["average"], reported["average"], 1e-14)
    near("bootstrap: error", report["error"], reported["error"], 1e-12)


def floats(folder):
    shades = os.path.join(folder, "shade.npy")
    everywhere("mandelbrot", "-n", "20000", "--param", "top=-0.5")
    run("mandelbrot", "-n", "240000", "--out", f"shade={shades}")
    check("mandelbrot: each pixel of the upper half", np.array_equal(np.load(shades).ravel(), mandelbrot.shades(240000)))
    calls, puts = os.path.join(folder, "call.npy"), os.path.join(folder, "put.npy")
    everywhere("black_scholes", "-n", "4001")
    run("black_scholes", "-n", "4001", "--out", f"call={calls}", "--out", f"put={puts}")
    black_scholes.gmpy2.get_context().precision = 200
    wanted = np.array([[float(p) for p in black_scholes.prices(i)] for i in range(4001)])
    for name, path, column in (("calls", calls, 0), ("puts", puts, 1)):
        error = np.abs(np.load(path) - wanted[:, column]).max()
        check(f"black_scholes: {name} within 2e-14", error < 2e-14, error)


def main():
    with tempfile.TemporaryDirectory() as folder:
        integers()
        draws()
        resamples(folder)
        floats(folder)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
