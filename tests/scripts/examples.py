#!/usr/bin/env python3
"""examples.py: the examples run, and what they print is what NumPy finds in the same data."""
# tg-test: checked timeout=300
import os
import re
import subprocess
import sys

import numpy as np

from tap import check, finish

SOURCE = os.environ.get("TG_SOURCE", ".")
BUILD = os.environ.get("TG_BUILD", os.path.join(SOURCE, "build"))
THRONG = os.environ.get("THRONG", os.path.join(BUILD, "throng"))
DATA = os.path.join(SOURCE, "examples", "data")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SOURCE)
    return done.returncode, done.stdout, done.stderr


def close(text, pattern, expected, tolerance):
    match = re.search(pattern, text)
    return match is not None and abs(float(match[1]) - expected) <= tolerance


def column(name):
    return np.genfromtxt(os.path.join(DATA, name), delimiter=",", skip_header=1)[:, 1]


def check_series():
    status, out, err = run(os.path.join(BUILD, "examples", "series"), os.path.join(DATA, "co2.csv"))
    check("series runs", status == 0, err)
    co2 = column("co2.csv")
    present = co2[~np.isnan(co2)]
    check("series: count", f"{present.size} weeks, missing in {co2.size - present.size}" in out, out)
    check("series: mean", close(out, r"mean +([\d.]+) ppm", present.mean(), 5e-5), out)
    check("series: deviation", close(out, r"deviation +([\d.]+)", present.std(ddof=1), 5e-5), out)
    check("series: extremes", f"{present.min():.1f} ppm" in out and f"{present.max():.1f} ppm" in out, out)
    counts, _ = np.histogram(present, bins=16, range=(310, 374))
    for low, count in zip(range(310, 374, 4), counts):
        check(f"series: bin {low}", re.search(rf"{low} ppm +{count} ", out) is not None, out)


def check_stats():
    sunspots = column("sunspots.csv")
    status, out, err = run(THRONG, "run", "examples/stats.tgg", "--in",
                           f"x={os.path.join(DATA, 'sunspots.csv')}:SUNACTIVITY")
    check("stats.tgg runs", status == 0, err)
    found = dict(line.split() for line in out.splitlines() if len(line.split()) == 2)
    check("stats: count", found.get("count") == str(sunspots.size), out)
    check("stats: total", abs(float(found["total"]) - sunspots.sum()) < 1e-6, out)
    check("stats: squares", abs(float(found["squares"]) - (sunspots**2).sum()) < 1e-4, out)
    check("stats: least", (float(found["least"]), int(found["least_at"])) == (sunspots.min(), sunspots.argmin()), out)
    check("stats: greatest",
          (float(found["greatest"]), int(found["greatest_at"])) == (sunspots.max(), sunspots.argmax()), out)


def check_mandelbrot():
    status, out, err = run(THRONG, "run", "examples/mandelbrot.tgg", "-n", "480000", "--param", "limit=40")
    check("mandelbrot.tgg runs", status == 0, err)
    lane = np.arange(480000, dtype=np.uint32)
    scale = np.float32(0.00375)
    a = np.float32(-2.25) + (lane % 800).astype(np.float32) * scale
    b = np.float32(-1.125) + (lane // 800).astype(np.float32) * scale
    x, y, steps = np.zeros_like(a), np.zeros_like(a), np.zeros(lane.size, np.int64)
    near = np.full(lane.size, True)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(40):
            near &= x * x + y * y < np.float32(4)
            steps += near
            x, y = (x * x - y * y) + a, (x * y + x * y) + b
    check("mandelbrot: steps", re.search(rf"^total +{steps.sum()}$", out, re.MULTILINE) is not None, out)


def main():
    check_series()
    check_stats()
    check_mandelbrot()
    status, out, err = run(os.path.join(BUILD, "examples", "matmul"), "33")
    check("matmul: six loop orders agree", status == 0 and out.count("same bits") == 12, out + err)
    status, out, err = run(os.path.join(BUILD, "examples", "transpose"))
    check("transpose and convert", status == 0, out + err)
    return finish()


sys.exit(main())
