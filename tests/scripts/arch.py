#!/usr/bin/env python3
# tg-test: arch long timeout=5400
"""Other processors give the same bytes: 64-bit Arm, and s390x, which keeps the most significant byte first.

The library, the conformance runner and the replays of fuzz corpora are cross-built and run under qemu, through all
passes and none, on every back-end the library lists. For s390x the cases' memories are turned by
tests/second/big_endian.py. TG_SEED=n chooses the first seed of the random cases; with TG_LONG=1 there are more."""
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("TG_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
SECOND, TURN = SOURCE / "tests/second/throng2.py", SOURCE / "tests/second/big_endian.py"
CASES = [SOURCE / "tests/second/self.tgt", *sorted((SOURCE / "tests/conformance").glob("*.tgt"))]
JOBS = int(os.environ.get("JOBS") or os.cpu_count() or 2)
FIRST_SEED = int(os.environ.get("TG_SEED") or 1)
N_SEEDS, BATCH = 10 if os.environ.get("TG_LONG") == "1" else 1, 400
LIMIT = 600  # seconds for one run under qemu, which takes well below a minute
OTHER_ORDER = "a machine of the other byte order is needed"

Machine = collections.namedtuple("Machine", "name is_big")
MACHINES = [Machine("aarch64", False), Machine("s390x", True)]


def build_of(machine):
    return SOURCE / "build" / machine.name  # the preset's


def emulated(machine, program, *arguments):
    """Runs a program of the machine's build. Returns (status, text)."""
    command = [f"qemu-{machine.name}", "-L", f"/usr/{machine.name}-linux-gnu", build_of(machine) / program, *arguments]
    try:
        run = subprocess.run(command, cwd=SOURCE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired as expired:  # a value that is read wrongly may be the length of a loop
        return f"out of time, {LIMIT} s", (expired.stdout or b"").decode("utf-8", "replace")
    return run.returncode, run.stdout.decode("utf-8", "replace")


def what_lacks(machine):
    """The first program that is missing, or None."""
    programs = [f"{machine.name}-linux-gnu-gcc", f"qemu-{machine.name}"]
    return next((program for program in programs if not shutil.which(program)), None)


def build(machine):
    """What is wrong with the build."""
    for command in (["cmake", "--preset", machine.name], ["cmake", "--build", build_of(machine), "-j", str(JOBS)]):
        run = subprocess.run(command, cwd=SOURCE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors="replace", check=False)
        if run.returncode != 0:
            lines = run.stdout.splitlines()
            return [line for line in lines if re.search("error|warning", line) and " -c " not in line] or lines[-10:]
    return []


def python(out, *arguments):
    with open(out, "wb") as file:
        subprocess.run([sys.executable, *map(str, arguments)], stdout=file, stderr=subprocess.PIPE, check=True)
    return out


def write_random(seed, folder):
    bare = python(folder / f"bare-{seed}.tgt", SECOND, "random", seed, BATCH)
    return python(folder / f"random-{seed}.tgt", SECOND, "run", bare)


def turn(path, folder):
    return python(folder / f"big-{path.name}", TURN, path)


def write_cases(pool, folder):
    """{is the machine big-endian: {kind of cases: files}}"""
    seeds = range(FIRST_SEED, FIRST_SEED + N_SEEDS)
    small = {"conformance": CASES, "random": list(pool.map(write_random, seeds, [folder] * N_SEEDS))}
    big = {kind: list(pool.map(turn, files, [folder] * len(files))) for kind, files in small.items()}
    return {False: small, True: big}


def check_cases(machine, arguments, files):
    """Returns (what was counted, what is wrong)."""
    status, text = emulated(machine, "tests/conformance/runner", *arguments, *files)
    lines = text.splitlines()
    skipped = [line for line in lines if line.startswith("ok ") and " # SKIP" in line]
    passed = sum(line.startswith("ok ") for line in lines) - len(skipped)
    # A back-end may lack an operation; the order of bytes is never a reason here.
    wrong = [line for line in lines if not line.startswith("ok ") and line != lines[-1]]
    wrong += [line for line in skipped if OTHER_ORDER in line]
    if status != 0 or passed == 0:
        wrong = wrong[:30] + [f"status {status}; the last line is: {lines[-1] if lines else ''}"]
    return f"{passed} cases pass" + (f", {len(skipped)} are not supported" if skipped else ""), wrong


def check_replay(machine, name):
    """Returns (what was counted, what is wrong)."""
    status, text = emulated(machine, f"tests/fuzz/{name}", f"fuzz/corpus/{name}")
    lines = text.splitlines()
    passed = sum(line.startswith("ok ") for line in lines)
    whole = status == 0 and passed > 0 and lines[-1] == f"1..{passed}"
    return f"{passed} inputs", [] if whole else lines[-5:] + [f"status {status}"]


def checks(machine, cases):
    """Yields (title, function, arguments)."""
    backends = emulated(machine, "tests/conformance/runner", "--backends")[1].split()
    for backend in backends or ["none listed"]:
        for kind, files in cases[machine.is_big].items():
            for passes in ("none", "all"):
                title = f"{machine.name}, {backend}, passes {passes}, {kind}"
                yield title, check_cases, (machine, ["--backend", backend, "--passes", passes], files)
    for program in sorted((build_of(machine) / "tests/fuzz").iterdir()):
        yield f"{machine.name}, replay of fuzz/corpus/{program.name}", check_replay, (machine, program.name)


class Tap:
    """Results in order of their numbers."""

    def __init__(self):
        self.n, self.n_failed = 0, 0

    def result(self, title, wrong, note=""):
        self.n += 1
        self.n_failed += bool(wrong)
        print(("not ok" if wrong else "ok") + f" {self.n} - {title}{note}")
        for line in wrong[:40]:
            print(f"# {line.lstrip('# ')}")
        sys.stdout.flush()


def run_machines(pool, tap, machines):
    with tempfile.TemporaryDirectory() as temporary:
        cases = write_cases(pool, pathlib.Path(temporary))
        todo = [check for machine in machines for check in checks(machine, cases)]
        outcomes = pool.map(lambda check: check[1](*check[2]), todo)
        for (title, _, _), (counted, wrong) in zip(todo, outcomes):
            tap.result(f"{title}: {counted}", wrong)


def main():
    tap, built = Tap(), []
    for machine in MACHINES:
        lacking = what_lacks(machine)
        if lacking:
            tap.result(machine.name, [], f" # SKIP there is no {lacking}: run tools/deps.sh arch")
            continue
        wrong = build(machine)
        tap.result(f"{machine.name} builds", wrong)
        built += [] if wrong else [machine]
    if built:
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            run_machines(pool, tap, built)
    print(f"1..{tap.n}")
    return 1 if tap.n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
