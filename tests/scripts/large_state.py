#!/usr/bin/env python3
# tg-test: long timeout=3000
"""10^8 instances of a machine that keeps 128 bytes across a sync, all the budget there is: the sums are those by hand, and the
memory is that of 10^6 instances."""
import json
import os
import sys

from cli import THRONG, Suite

LIVE = 16  # u64 each
LARGE, SMALL = 10**8, 10**6


def machine():
    declared = "\n".join(f"    var v{k} = id * {2 * k + 1} + {k};" for k in range(LIVE))
    used = "    y = " + " + ".join(f"(v{k} ^ {k})" for k in range(LIVE)) + ";"
    return f"machine large {{\n    out y: u64;\n{declared}\n    sync;\n{used}\n    report {{\n        total = sum(y);\n" \
           f"        largest = max(y);\n        where = argmax(y);\n    }}\n}}\n"


def wanted(n):
    """By a formula for each term, (id * c + k) ^ k, whose low bits repeat with id."""
    total = 0
    for k in range(LIVE):
        c, period = 2 * k + 1, 16
        difference = [((i * c + k) ^ k) - (i * c + k) for i in range(period)]
        assert all(((i * c + k) ^ k) - (i * c + k) == difference[i % period] for i in range(200))
        total += c * n * (n - 1) // 2 + k * n + (n // period) * sum(difference) + sum(difference[:n % period])
    return total


def peak(t, n):
    """The report, and the most memory that the command had, in KiB."""
    path = t.folder / "out.json"
    with open(path, "wb") as out:
        actions = [(os.POSIX_SPAWN_DUP2, out.fileno(), 1)]
        child = os.posix_spawn(THRONG, [THRONG, "run", str(t.folder / "large.tg"), "-n", str(n), "--json", "--threads", "2",
                                        "--out", f"y={t.folder / 'y.bin'}"], os.environ, file_actions=actions)
        _, status, usage = os.wait4(child, 0)
    (t.folder / "y.bin").unlink(missing_ok=True)
    return status, json.loads(path.read_text() or "{}").get("report", {}), usage.ru_maxrss


def main():
    with Suite() as t:
        t.write("large.tg", machine())
        small, large = peak(t, SMALL), peak(t, LARGE)
        for n, (status, report, _) in (SMALL, small), (LARGE, large):
            t.same(f"{n} instances: status and sum", (status, report.get("total")), (0, wanted(n)))
            last = n - 1
            best = max(range(n - 64, n), key=lambda i: sum((i * (2 * k + 1) + k) ^ k for k in range(LIVE)))
            t.same(f"{n} instances: the largest", report.get("where"), best)
            t.check(f"{n} instances: it is one of the last", last - 64 < best <= last)
        print(f"# peak memory: {small[2]} KiB for {SMALL} instances, {large[2]} KiB for {LARGE}")
        t.check("memory does not grow", large[2] < small[2] + 65536, (small[2], large[2]))
    t.finish()


if __name__ == "__main__":
    sys.exit(main())
