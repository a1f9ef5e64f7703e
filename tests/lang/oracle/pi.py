#!/usr/bin/env python3
"""pi.py [-n N] [--steps K] [--seed S]: what examples/pi.tg must give, as JSON: all hits, and their sum of squares.

Input: the options. Output: {"hits": ..., "squares": ..., "pi": ...}. The idea: the same Philox words in NumPy, darts in the same order.
"""
import argparse
import json

import numpy as np
import philox


def hits(n, steps, seed, part=1 << 16):
    counts = []
    for first in range(0, n, part):
        ids = np.arange(first, min(n, first + part), dtype=np.uint64)
        inside = np.zeros(ids.size, np.uint32)
        for step in range(steps):
            w = philox.words(seed, ids, 4 * step, 4)
            x, y = philox.uniform_f64(w[:2]), philox.uniform_f64(w[2:])
            inside += x * x + y * y <= 1.0
        counts.append(inside)
    return np.concatenate(counts)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("-n", type=int, default=1000)
    options.add_argument("--steps", type=int, default=1000)
    options.add_argument("--seed", type=int, default=0)
    options = options.parse_args()
    counts = hits(options.n, options.steps, options.seed).astype(np.uint64)
    mean = counts.sum() / options.n
    print(json.dumps({"hits": int(counts.sum()), "squares": int((counts * counts).sum()), "pi": 4.0 * mean / options.steps}))


if __name__ == "__main__":
    main()
