#!/usr/bin/env python3
# tg-test: checked timeout=900
"""Random programs: every back-end, kernels of vec in short strips, passes, threads and parts, against the evaluator that walks
the program's tree (fuzz/program_fuzz.c): outputs, traps and reports to the bit.

TG_SEED=n chooses the first seed; TG_LONG=1 runs many more from a seed of the day. `build/tests/fuzz/random_programs SEED 1`
runs one again and prints the program that fails."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

BUILD = pathlib.Path(os.environ["TG_BUILD"])
PROGRAM = BUILD / "tests/fuzz/random_programs"
LONG = os.environ.get("TG_LONG") == "1"
CHECKED = BUILD.name == "checked"
BATCH = 10
FIRST = int(os.environ.get("TG_SEED") or (time.time() // 86400 * 10**6 if LONG else 1))
COUNT = (5000 if CHECKED else 40000) if LONG else (50 if CHECKED else 400)


def run(first):
    """Returns None, or what went wrong."""
    command = [PROGRAM, str(first), str(BATCH)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          env=dict(os.environ, TG_PLUGIN_PATH=str(BUILD)))
    if done.returncode == 0:
        return None
    text = done.stderr.decode("utf-8", "replace")
    seed = [line for line in text.splitlines() if line.startswith("seed ")][-1:]
    return f"status {done.returncode}, {seed}\n" + text[text.rfind("\nseed ") + 1:]


def main():
    starts = range(FIRST, FIRST + COUNT, BATCH)
    print(f"# seeds from {FIRST}\n1..{len(starts)}", flush=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for number, (first, wrong) in enumerate(zip(starts, pool.map(run, starts)), 1):
            failed += wrong is not None
            print(f"{'ok' if wrong is None else 'not ok'} {number} - {BATCH} random programs from seed {first}", flush=True)
            for line in (wrong or "").splitlines()[:400]:
                print(f"# {line}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
