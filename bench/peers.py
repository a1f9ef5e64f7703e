#!/usr/bin/env python3
"""The peers NumPy and numexpr, one thread each, for throng-bench, which starts this and talks to it in lines:

    open WORKLOAD TOOL N   prepares it             ok ID, or `no` when the tool is not there
    run ID TIMES           does it                 ok NANOSECONDS of this thread's processor time
    fetch ID               its last result         ok BYTES, then the bytes
    close                  forgets every workload  ok 0"""
import sys
import time

import numpy as np

try:
    import numexpr
    numexpr.set_num_threads(1)
except ImportError:
    numexpr = None

EXPRESSION = "sqrt(x * x + z * z) * half + (x - z) / (one + abs(x))"


def random_unit(n, k):
    """Element i of pseudo-random stream k, as random_unit in block.c."""
    with np.errstate(over="ignore"):
        h = np.arange(n, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(k * 0x9E3779B9 & 0xFFFFFFFF)
        h ^= h >> np.uint32(15)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
    h >>= np.uint32(8)
    return h.astype(np.float32) * np.float32(2.0**-24)


def axpb(tool, n):
    x, y, m, b = random_unit(n, 0), np.zeros(n, np.float32), np.float32(1.5), np.float32(0.25)
    if tool == "numexpr":
        names = {"x": x, "m": m, "b": b}
        return lambda: numexpr.evaluate("m * x + b", names, out=y)

    def work():
        np.multiply(x, m, out=y)
        return np.add(y, b, out=y)
    return work


def expression(tool, n):
    x, z = (random_unit(n, k).astype(np.float64) * 4 - 2 for k in (0, 1))
    y, half, one, s, t = np.zeros(n), np.float64(0.5), np.float64(1), np.empty(n), np.empty(n)
    if tool == "numexpr":
        names = {"x": x, "z": z, "half": half, "one": one}
        return lambda: numexpr.evaluate(EXPRESSION, names, out=y)

    def work():
        np.multiply(x, x, out=s)
        np.multiply(z, z, out=t)
        np.add(s, t, out=s)
        np.sqrt(s, out=s)
        np.multiply(s, half, out=s)
        np.abs(x, out=y)
        np.add(y, one, out=y)
        np.subtract(x, z, out=t)
        np.divide(t, y, out=t)
        return np.add(s, t, out=y)
    return work


def stats(tool, n):
    values = expression(tool, n)

    def work():
        y = values()
        return np.array([y.sum(), y.min(), y.max(), y.argmax()], np.float64)
    return work


WORKLOADS = {"axpb": axpb, "expr": expression, "stats": stats}
TOOLS = {"numpy": np, "numexpr": numexpr}


def main():
    opened, results = [], {}
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "open":
            workload, tool, n = rest
            if TOOLS.get(tool) is None:
                print("no", flush=True)
                continue
            opened.append(WORKLOADS[workload](tool, int(n)))
            print("ok", len(opened) - 1, flush=True)
        elif word == "run":
            work, times = opened[int(rest[0])], int(rest[1])
            start = time.thread_time_ns()
            for _ in range(times):
                result = work()
            print("ok", time.thread_time_ns() - start, flush=True)
            results[int(rest[0])] = result
        elif word == "fetch":
            data = results[int(rest[0])]
            print("ok", data.nbytes, flush=True)
            sys.stdout.buffer.write(data.data)
            sys.stdout.buffer.flush()
        else:
            opened, results, result, work = [], {}, None, None
            print("ok 0", flush=True)


if __name__ == "__main__":
    main()
