#!/usr/bin/env python3
"""bootstrap.py [-n N] [--seed S] [--block B] [--out FILE.npy]: what examples/bootstrap.tg must give, as JSON.

Input: the options, and examples/data/nile.csv. Output: average, error, low and high of the differences, and the observed one;
with --out each difference. The idea: the same Philox words in NumPy, one array operation a year.
"""
import argparse
import json
import os

import numpy as np
import philox

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "examples", "data", "nile.csv")


def resampled_means(flow, words, block):
    """The mean of one resample of flow for each column of words, which has a row for each year."""
    years = float(flow.size)
    unit = words.astype(np.float64) * 2.0**-32
    year = (years * unit[0]).astype(np.int64)
    total = flow[year]
    for row in unit[1:]:
        u = block * row
        fresh = u < 1.0
        year = np.where(fresh, (np.where(fresh, u, 0.0) * years).astype(np.int64), (year + 1) % flow.size)
        total = total + flow[year]
    return total / years


def differences(n, seed, block, before, part=1 << 16):
    flow = np.genfromtxt(DATA, delimiter=",", skip_header=1)[:, 1]
    parts = []
    for first in range(0, n, part):
        ids = np.arange(first, min(n, first + part), dtype=np.uint64)
        words = philox.words(seed, ids, 0, flow.size)
        a = resampled_means(flow[:before], words[:before], block)
        parts.append(resampled_means(flow[before:], words[before:], block) - a)
    return np.concatenate(parts), flow[before:].mean() - flow[:before].mean()


def quantile(ordered, q):
    return float(ordered[max(int(np.ceil(q * ordered.size)) - 1, 0)])


def main():
    options = argparse.ArgumentParser()
    options.add_argument("-n", type=int, default=10000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--block", type=float, default=5.0)
    options.add_argument("--before", type=int, default=28)
    options.add_argument("--out")
    options = options.parse_args()
    found, observed = differences(options.n, options.seed, options.block, options.before)
    if options.out:
        np.save(options.out, found)
    ordered = np.sort(found)
    bins = np.histogram(found, bins=30, range=(-400.0, -100.0))[0]
    print(json.dumps({"observed": observed, "average": found.mean(), "error": found.std(ddof=1), "low": quantile(ordered, 0.025),
                      "high": quantile(ordered, 0.975), "shape": [int(b) for b in bins]}))


if __name__ == "__main__":
    main()
