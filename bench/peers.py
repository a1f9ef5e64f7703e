#!/usr/bin/env python3
"""The peers NumPy, numexpr and numba, one thread each, and how long they and clang take until they can begin, for
throng-bench, which starts this and talks to it in lines:

    open WORKLOAD TOOL N   prepares it             ok ID, or `no` when the tool is not there
    run ID TIMES           does it                 ok NANOSECONDS of processor time: this thread's and, of clang, its own
    fetch ID               its last result         ok BYTES, then the bytes
    close                  forgets every workload  ok 0"""
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

try:
    import numexpr
    numexpr.set_num_threads(1)
except ImportError:
    numexpr = None

CLANG = ["clang", "-O3", "-march=native", "-shared", "-fPIC", "-x", "c", "-"]
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


def find_numba():
    """It takes a second to import, so only when it is asked for."""
    try:
        import numba
    except ImportError:
        return None
    return numba


def find_clang():
    try:
        return subprocess.run(["clang", "--version"], stdout=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return None


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


def invoke(tool, n):
    """m * x + b of two inputs, called from Python."""
    x, b, y, m = random_unit(n, 0), random_unit(n, 1), np.zeros(n, np.float32), np.float32(1.5)

    @find_numba().njit("void(f4, f4[::1], f4[::1], f4[::1])")
    def call(m, x, b, y):
        for i in range(len(y)):
            y[i] = m * x[i] + b[i]

    def work():
        call(m, x, b, y)
        return y
    return work


def numba_stats(n):
    x, z = (random_unit(n, k).astype(np.float64) * 4 - 2 for k in (0, 1))
    out = np.zeros(4)

    @find_numba().njit("void(f8[::1], f8[::1], f8[::1])")
    def work(x, z, out):
        total, least, greatest, at = 0.0, np.inf, -np.inf, 0
        for i in range(len(x)):
            y = np.sqrt(x[i] * x[i] + z[i] * z[i]) * 0.5 + (x[i] - z[i]) / (1.0 + abs(x[i]))
            total += y
            least = min(least, y)
            if y > greatest:
                greatest, at = y, i
        out[0], out[1], out[2], out[3] = total, least, greatest, at

    def call():
        work(x, z, out)
        return out
    return call


def stats(tool, n):
    if tool == "numba":
        return numba_stats(n)
    values = expression(tool, n)

    def work():
        y = values()
        return np.array([y.sum(), y.min(), y.max(), y.argmax()], np.float64)
    return work


def mandelbrot(limit):
    """The image of mandelbrot_bench.c, width * width points."""
    def prepare(tool, width):
        count, f = np.zeros(width * width, np.int32), np.float32
        two, four, left, top = f(2), f(4), f(-2), f(-1)
        dx, dy = f(3) * f(1 / width), f(2) * f(1 / width)

        @find_numba().njit("void(i4[::1], i8, i8)")
        def work(count, width, limit):
            for j in range(width):
                for i in range(width):
                    cr, ci = left + f(i) * dx, top + f(j) * dy
                    zr, zi, k = cr, ci, 0
                    a, b = zr * zr, zi * zi
                    while k < limit and not four < a + b:
                        zi = ci + (two * zr) * zi
                        zr = cr + (a - b)
                        a, b = zr * zr, zi * zi
                        k += 1
                    count[j * width + i] = k

        def call():
            work(count, width, limit)
            return count
        return call
    return prepare


def philox():
    """Philox4x32-10 of a block of an instance: four words as uint64, for numba."""
    u, low = np.uint64, np.uint64(0xFFFFFFFF)
    half, m0, m1, w0, w1 = u(32), u(0xD2511F53), u(0xCD9E8D57), u(0x9E3779B9), u(0xBB67AE85)

    @find_numba().njit(inline="always")
    def words(block, instance, seed):
        c0, c1, c2, c3, k0, k1 = block & low, block >> half, instance & low, instance >> half, seed & low, seed >> half
        for _ in range(10):
            a, b = c0 * m0, c2 * m1
            c0, c1, c2, c3 = (b >> half) ^ c1 ^ k0, b & low, (a >> half) ^ c3 ^ k1, a & low
            k0, k1 = (k0 + w0) & low, (k1 + w1) & low
        return c0, c1, c2, c3
    return words


def pi(tool, n):
    """The hits of pi.tg: 1000 darts of each instance."""
    hits, words, u = np.zeros(n, np.uint32), philox(), np.uint64

    @find_numba().njit("void(u4[::1], u8)")
    def work(hits, seed):
        for i in range(len(hits)):
            inside = 0
            for k in range(1000):
                a, b, c, d = words(u(k), u(i), seed)
                x, y = np.float64((a | b << u(32)) >> u(11)) * 2.0**-53, np.float64((c | d << u(32)) >> u(11)) * 2.0**-53
                inside += x * x + y * y <= 1.0
            hits[i] = inside

    def call():
        work(hits, 42)
        return hits
    return call


def nile():
    """The annual flow, from the series that the examples have."""
    path = pathlib.Path(__file__).parent.parent / "examples/data/nile.csv"
    return np.array([float(line.split(",")[1]) for line in path.read_text().splitlines()[1:]])


def bootstrap(tool, n):
    """The differences of bootstrap.tg, with its report."""
    flow, difference, words, u = nile(), np.zeros(n), philox(), np.uint64

    @find_numba().njit
    def resampled(flow, w, block):
        n = len(flow)
        year = int(n * (w[0] * 2.0**-32))
        total = flow[year]
        for i in range(1, n):
            draw = block * (w[i] * 2.0**-32)
            following = year + 1 if year + 1 < n else 0
            year = int(draw * n) if draw < 1.0 else following
            total += flow[year]
        return total / n

    @find_numba().njit("void(f8[::1], f8[::1], u8)")
    def work(difference, flow, seed):
        w, before = np.zeros(len(flow) + 3, np.uint32), 28
        for i in range(len(difference)):
            for k in range((len(flow) + 3) // 4):
                w[4 * k], w[4 * k + 1], w[4 * k + 2], w[4 * k + 3] = words(u(k), u(i), seed)
            difference[i] = resampled(flow[before:], w[before:], 5.0) - resampled(flow[:before], w, 5.0)

    def call():
        work(difference, flow, 42)
        ranks = [int(np.ceil(q * n)) - 1 for q in (0.025, 0.975)]
        report = [difference.mean(), difference.std(ddof=1), np.partition(difference, ranks)[ranks]]
        report.append(np.histogram(difference, 30, (-400, -100)))
        return difference
    return call


def ready(tool, n):
    """n operations in a row, from nothing to something that can be called."""
    chain = "x * x"
    for _ in range(n // 2 - 1):
        chain = f"({chain} + x) * x"
    chain += " + x"
    nothing = np.zeros(0)
    if tool == "numexpr":
        def work():
            numexpr.NumExpr(chain, signature=(("x", float),))  # its name for 32 bits
            return nothing
    elif tool == "numba":
        numba, names = find_numba(), {}
        exec(f"def chained(x, y):\n  for i in range(len(y)):\n    y[i] = {chain.replace('x', 'x[i]')}\n", names)

        def work():
            numba.njit("void(f4[::1], f4[::1])")(names["chained"])
            return nothing
    else:
        text = "void f(const float *x, float *restrict y, long n) { for (long i = 0; i < n; i++) y[i] = "
        text += chain.replace("x", "x[i]") + "; }\n"

        def work():
            with tempfile.NamedTemporaryFile(suffix=".so") as out:
                subprocess.run([*CLANG, "-o", out.name], input=text.encode(), check=True)
            return nothing
    return work


WORKLOADS = {"axpb": axpb, "expr": expression, "stats": stats, "invoke": invoke, "mandelbrot256": mandelbrot(256),
             "mandelbrot2000": mandelbrot(2000), "pi": pi, "bootstrap": bootstrap, "ready": ready}
TOOLS = {"numpy": lambda: np, "numexpr": lambda: numexpr, "numba": find_numba, "clang": find_clang}


def spent():
    """Processor time in nanoseconds, of this thread and of programs that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.thread_time_ns() + int((children.ru_utime + children.ru_stime) * 1e9)


def prepare(workload, tool, n):
    """Something that works, tried once, or None."""
    try:
        work = WORKLOADS[workload](tool, n)
        work()
    except Exception as error:  # whatever a peer of another version does not like
        print(f"{workload}: {tool}: {error}", file=sys.stderr)
        return None
    return work


def main():
    opened, results = [], {}
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "open":
            workload, tool, n = rest
            if not TOOLS[tool]():
                print("no", flush=True)
                continue
            work = prepare(workload, tool, int(n))
            if work is None:
                print("no", flush=True)
                continue
            opened.append(work)
            print("ok", len(opened) - 1, flush=True)
        elif word == "run":
            work, times = opened[int(rest[0])], int(rest[1])
            start = spent()
            for _ in range(times):
                result = work()
            print("ok", spent() - start, flush=True)
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
