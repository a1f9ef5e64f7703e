#!/usr/bin/env python3
# tg-test:
"""How many threads a run has, counted by the system: what OMP_NUM_THREADS says, unless --threads says otherwise, and
never more. The results are the same."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

from cli import THRONG, Suite

# Lanes of very different work, and a sum whose order counts.
GRAPH = """graph spin { result s f32 %z = const u32 0 %o = const u32 1 %i = iota %z, %o
  %m = const u32 MASK %k = and %i, %m %zero = const f32 0 %h = const f32 0.5
  %n, %f = loop %c = %z, %v = %zero { %go = lt %c, %k test %go %next = add %c, %o %w = fma %v, %h, %h yield %next, %w }
  sum s %f }"""

CASES = [({"OMP_NUM_THREADS": "1"}, [], 1), ({"OMP_NUM_THREADS": "3"}, [], 3), ({"OMP_NUM_THREADS": "2,4"}, [], 2),
         ({"OMP_NUM_THREADS": "3"}, ["--threads", "2"], 2), ({"OMP_NUM_THREADS": "1"}, ["--threads", "4"], 4),
         ({"OMP_NUM_THREADS": "4"}, ["--threads", "1"], 1), ({"OMP_THREAD_LIMIT": "2"}, ["--threads", "5"], 2),
         ({}, [], len(os.sched_getaffinity(0)))]


def environment(changes):
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_", "KMP_"))}
    return {**plain, **changes}


def most_threads(t, changes, options):
    """The most threads that a run without end has had after a while."""
    process = subprocess.Popen([THRONG, "run", "endless.tgg", "-n", "10000000", "--backend", "ref", *options],
                               cwd=t.folder, env=environment(changes), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    most, until = 0, time.monotonic() + 1.5
    while time.monotonic() < until and process.poll() is None:
        most = max(most, len(os.listdir(f"/proc/{process.pid}/task")))
        time.sleep(0.01)
    process.kill()
    process.wait()
    return most


def main():
    with Suite() as t:
        t.write("endless.tgg", GRAPH.replace("MASK", "4294967295"))
        t.write("spin.tgg", GRAPH.replace("MASK", "255"))
        results = set()
        for changes, options, wanted in CASES:
            name = " ".join([*(f"{k}={v}" for k, v in changes.items()), *options]) or "nothing said"
            if pathlib.Path("/proc/self/task").exists():
                t.same(f"threads: {name}", most_threads(t, changes, options), wanted)
            else:
                t.skip(f"threads: {name}", "this system does not list the threads of a process")
            r = t.run("run", "spin.tgg", "-n", "300000", "--stats", "--json", *options, env=environment(changes))
            said = json.loads(r.out)
            stats = said.pop("stats")
            results.add(json.dumps(said))
            limit = int(re.match(r"\d+", changes.get("OMP_THREAD_LIMIT", "9999")).group())
            t.check(f"--stats: {name}", r.status == 0 and min(stats["threads"], limit) == wanted, r)
        t.same("one result", len(results), 1)
    t.finish()


if __name__ == "__main__":
    sys.exit(main())
