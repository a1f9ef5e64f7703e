#!/usr/bin/env python3
"""queens.py [-n SIZE]: what examples/queens.tg must give on a board of SIZE by SIZE, as JSON.

Input: the option. Output: all solutions, and the most that three queens in the first rows lead to. The idea: permutations of
columns whose sums and differences with the row are all different. Published: 8 has 92, 10 724, 12 14200.
"""
import argparse
import collections
import json


def solutions(size, columns=()):
    row = len(columns)
    if row == size:
        yield columns
        return
    for c in range(size):
        if all(c != d and row - i != abs(c - d) for i, d in enumerate(columns)):
            yield from solutions(size, columns + (c,))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("-n", type=int, default=8)
    starts = collections.Counter(s[:3] for s in solutions(options.parse_args().n))
    print(json.dumps({"solutions": sum(starts.values()), "most": max(starts.values(), default=0)}))


if __name__ == "__main__":
    main()
