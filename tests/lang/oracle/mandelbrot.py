#!/usr/bin/env python3
"""mandelbrot.py [-n N]: what examples/mandelbrot.tg must give for its first N pixels, as JSON.

Input: the option. Output: the pixels inside and the sum of all steps. The idea: the same f64 operations in the same order, in NumPy.
"""
import argparse
import json

import numpy as np


def shades(n, width=800, limit=255, left=-2.25, top=-1.125, scale=0.00375):
    pixel = np.arange(n)
    a = left + (pixel % width).astype(np.float64) * scale
    b = top + (pixel // width).astype(np.float64) * scale
    x, y, steps = np.zeros(n), np.zeros(n), np.zeros(n, np.int64)
    live = np.arange(n)
    for _ in range(limit):
        live = live[x[live] * x[live] + y[live] * y[live] <= 4.0]
        u, v = x[live], y[live]
        x[live], y[live] = u * u - v * v + a[live], 2.0 * u * v + b[live]
        steps[live] += 1
    return steps


def main():
    options = argparse.ArgumentParser()
    options.add_argument("-n", type=int, default=480000)
    steps = shades(options.parse_args().n)
    print(json.dumps({"inside": int((steps == 255).sum()), "steps": int(steps.sum())}))


if __name__ == "__main__":
    main()
