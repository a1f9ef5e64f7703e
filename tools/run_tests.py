#!/usr/bin/env python3
"""Builds and runs every test, and ends with one line: `N passed, M failed` and, if any, `, K skipped`.

Each stage is a build of the project and the tests that run on it (STAGES below). Every test program prints TAP: the
cmocka programs of tests/unit, the conformance runner, the replay of the fuzz corpora, and the scripts in tests/scripts.
A program that crashes, runs out of time or prints no plan fails. Exit status 0 only if something passed and nothing
failed.

A script says in its first 20 lines what it needs:   # tg-test: style checked long timeout=600
  style    needs no build and runs first          checked   runs with the sanitizers too
  arch     builds for other processors itself
  long     runs with --long only                  timeout=  seconds, instead of 300
  serial   runs alone, after the others
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:allocator_may_return_null=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1",
}


class Stage:
    """A build (none for style checks) and what runs on it. slow: how much longer than the release a program may take."""

    def __init__(self, name, kinds, preset=None, flags=(), target="all", scripts=None, slow=1):
        self.name, self.kinds, self.preset, self.flags = name, kinds, preset, flags
        self.target, self.scripts, self.slow = target, scripts, slow

    @property
    def build(self):
        return SOURCE / "build" if self.preset in (None, "release") else SOURCE / "build" / self.preset


STAGES = [
    Stage("style", ["script"], scripts=lambda tags: "style" in tags),
    Stage("release", ["unit", "conformance", "fuzz", "script"], "release", ["-DTG_BUILD_TESTS=ON", "-DTG_BUILD_BENCH=ON"],
          scripts=lambda tags: not {"style", "arch"} & set(tags)),
    Stage("clang", ["unit", "conformance"], "clang"),
    Stage("checked", ["unit", "conformance", "fuzz", "script"], "checked", scripts=lambda tags: "checked" in tags, slow=6),
    Stage("tsan", ["threads"], "tsan", target="threads_tests", slow=10),
    Stage("arch", ["script"], scripts=lambda tags: "arch" in tags),
]


class Program:
    """One test program: what to run, and how long it may take."""

    def __init__(self, stage, name, command, seconds, serial=False):
        self.stage, self.name, self.command, self.seconds, self.serial = stage, name, command, seconds, serial


class Tally:
    """Results so far. Failures and skips are kept with their reasons and listed at the end."""

    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], []

    def line(self):
        text = f"{self.passed} passed, {len(self.failed)} failed"
        return text + (f", {len(self.skipped)} skipped" if self.skipped else "")


RESULT = re.compile(r"^(ok|not ok)\b\s*(\d+)?\s*(?:-\s*)?(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)\s*(?:#\s*skip\S*\s*(.*))?$", re.IGNORECASE)
SKIP = re.compile(r"^(.*?)\s*#\s*skip\S*\s*(.*)$", re.IGNORECASE)


def read_tap(text):
    """Returns (passes, failures [(name, detail)], skips [(name, reason)], what is wrong with the whole or None).

    cmocka starts a new plan for each group. It reports a skipped test as `not ok N # SKIP name`, without the reason; the
    reason is then what the test printed just before. Diagnostics of a failure may stand before or after it."""
    passes, failures, skips, planned, seen = 0, [], [], None, 0
    lines = text.splitlines()
    previous_end = 0
    for at, line in enumerate(lines):
        plan, result = PLAN.match(line.strip()), RESULT.match(line.strip())
        if plan:
            planned = (planned or 0) + int(plan.group(1))
            if plan.group(1) == "0":
                skips.append(("all of it", plan.group(2) or "no reason given"))
        elif result:
            seen += 1
            name, before = result.group(3).strip(), [l.strip("# ").strip() for l in lines[previous_end:at]]
            skip = SKIP.match(name)
            if skip:
                title, reason = skip.group(1) or skip.group(2), skip.group(2)
                if not skip.group(1):
                    reason = next((l for l in reversed(before) if l and not PLAN.match(l)), "no reason given")
                skips.append((title, reason or "no reason given"))
            elif result.group(1) == "ok":
                passes += 1
            else:
                after = at + 1
                while after < len(lines) and not RESULT.match(lines[after]) and not PLAN.match(lines[after]):
                    after += 1
                failures.append((name or f"test {seen}", "\n".join(lines[previous_end:at] + lines[at + 1:after])))
            previous_end = at + 1
    trouble = None
    if planned is None:
        trouble = "it printed no plan (1..N)"
    elif planned != seen:
        trouble = f"it planned {planned} tests and ran {seen}"
    return passes, failures, skips, trouble


def run_limited(command, seconds, environment):
    """Runs a command in its own process group; kills all of it at the limit. Returns (text, status or None)."""
    process = subprocess.Popen(command, cwd=SOURCE, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    try:
        out, _ = process.communicate(timeout=seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        status = None
    return out.decode("utf-8", "replace"), status


def environment_for(stage):
    environment = dict(os.environ, **{k: v for k, v in SANITIZERS.items() if k not in os.environ})
    environment.update(THRONG=str(stage.build / "throng"), TG_BUILD=str(stage.build), TG_SOURCE=str(SOURCE), LC_ALL="C", TG_CACHE="off",
                       PYTHON=sys.executable, PYTHONDONTWRITEBYTECODE="1", CMOCKA_MESSAGE_OUTPUT="TAP",
                       CC="clang" if stage.preset == "clang" else os.environ.get("CC", "gcc"))
    environment.pop("MAKEFLAGS", None)  # a script may call make: it must not look for our job server
    environment.pop("MAKELEVEL", None)
    return environment


def run_program(program):
    """Returns (program, passes, failures, skips, seconds)."""
    start = time.monotonic()
    environment = environment_for(program.stage)
    try:
        text, status = run_limited(program.command, program.seconds, environment)
        if status and program.stage.name == "tsan" and "unexpected memory mapping" in text:
            # This sanitizer's run-time library cannot live with much address randomisation; switch it off.
            text, status = run_limited(["setarch", "-R", *program.command], program.seconds, environment)
    except OSError as error:
        text, status = f"{error}", 127
    passes, failures, skips, trouble = read_tap(text)
    if status is None:
        trouble = f"it ran out of time ({program.seconds} s)"
    elif status < 0:
        trouble = f"it died of signal {-status} ({signal.Signals(-status).name})"
    elif status and not failures:
        trouble = f"exit status {status}" + (f"; {trouble}" if trouble else "")
    if trouble:
        failures.append((trouble, text))
    return program, passes, failures, skips, time.monotonic() - start


def tags_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        for _, line in zip(range(20), file):
            if "tg-test:" in line:
                return line.split("tg-test:", 1)[1].split()
    return []


def find_programs(stage, long, tally):
    """The programs of a stage, from the sources: one that was not built is run all the same, and so fails."""
    tests = SOURCE / "tests"
    if "unit" in stage.kinds or "threads" in stage.kinds:
        suffix = "_test.c" if "unit" in stage.kinds else "_threads_test.c"
        for source in sorted((tests / "unit").rglob("*" + suffix)):
            name = source.relative_to(tests).with_suffix("")
            yield Program(stage, str(name), [str(stage.build / "tests" / name)], 400 * stage.slow)
    if "conformance" in stage.kinds:
        cases = sorted(str(case.relative_to(SOURCE)) for case in (tests / "conformance").rglob("*.tgt"))
        if cases:
            yield Program(stage, "conformance", [str(stage.build / "tests/conformance/runner"), *cases], 400 * stage.slow)
    if "fuzz" in stage.kinds:
        for source in sorted((SOURCE / "fuzz").glob("*_fuzz.c")):
            name = source.name[:-len("_fuzz.c")]
            yield Program(stage, f"fuzz/{name}", [str(stage.build / "tests/fuzz" / name), f"fuzz/corpus/{name}"],
                          400 * stage.slow)
    if "script" in stage.kinds:
        yield from find_scripts(stage, long, tally)


def find_scripts(stage, long, tally):
    for path in sorted((SOURCE / "tests/scripts").iterdir()):
        if not os.access(path, os.X_OK) or not path.is_file():
            continue
        tags = tags_of(path)
        if not stage.scripts(tags):
            continue
        name = f"scripts/{path.name}"
        if "long" in tags and not long:
            tally.skipped.append((stage.name, name, "all of it", "long: runs in `make test-long`"))
            continue
        seconds = next((int(tag[8:]) for tag in tags if tag.startswith("timeout=")), 300)
        command = [sys.executable, str(path)] if path.suffix == ".py" else [str(path)]
        yield Program(stage, name, command, seconds * (2 if stage.slow > 1 else 1), "serial" in tags)


def build(stage, jobs, tally):
    """Configures and builds; counts as one test. Returns whether it worked."""
    start = time.monotonic()
    text, status = run_limited(["cmake", "--preset", stage.preset, *stage.flags], 120, environment_for(stage))
    if status == 0:
        more, status = run_limited(["cmake", "--build", str(stage.build), "-j", str(jobs), "--target", stage.target], 1200,
                                   environment_for(stage))
        text += more
    if status == 0:
        tally.passed += 1
    else:
        # The compiler's messages; its command lines hold such words too.
        reason = [l for l in text.splitlines() if re.search(r"error|warning|FAILED|undefined", l) and " -c " not in l]
        tally.failed.append((stage.name, "build", "it does not build without warnings", "\n".join(reason[:25]) or text))
    print(f"{'ok  ' if status == 0 else 'FAIL'} {stage.name}: build  ({time.monotonic() - start:.1f} s)", flush=True)
    return status == 0


def report(outcome, tally):
    program, passes, failures, skips, seconds = outcome
    tally.passed += passes
    tally.failed += [(program.stage.name, program.name, title, detail) for title, detail in failures]
    tally.skipped += [(program.stage.name, program.name, title, reason) for title, reason in skips]
    counts = f"{passes} passed" + (f", {len(failures)} failed" if failures else "")
    counts += f", {len(skips)} skipped" if skips else ""
    print(f"{'FAIL' if failures else 'ok  '} {program.stage.name}: {program.name}  {counts}  ({seconds:.1f} s)", flush=True)


def run_stage(stage, options, tally):
    """Builds a stage and runs its programs, `jobs` at a time, the serial ones afterwards."""
    if stage.preset and not build(stage, options.jobs, tally):
        return
    programs = [p for p in find_programs(stage, options.long, tally) if options.only in p.name]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(run_program, [p for p in programs if not p.serial]):
            report(outcome, tally)
    for program in programs:
        if program.serial:
            report(run_program(program), tally)


def run_fuzzers(jobs, tally):
    """Half an hour of libFuzzer for each target."""
    stage = Stage("fuzz", [], "fuzz")
    n_targets = len(list((SOURCE / "fuzz").glob("*_fuzz.c")))
    if not n_targets or not build(stage, jobs, tally):
        return
    seconds = int(os.environ.get("SECONDS_EACH", "1800"))
    os.environ["SECONDS_EACH"] = str(seconds)
    report(run_program(Program(stage, "libFuzzer", [str(SOURCE / "tools/fuzz.sh")], n_targets * (seconds + 120))), tally)


def last_lines(text, n):
    lines = text.rstrip().splitlines()
    return lines if len(lines) <= n else ["..."] + lines[-n:]


def summarise(tally):
    for stage, program, title, reason in tally.skipped:
        print(f"skipped: {stage}: {program}: {title}: {reason}")
    for stage, program, title, detail in tally.failed:
        print(f"\nfailed: {stage}: {program}: {title}")
        for line in last_lines(detail, 60):
            print(f"    {line}")
    if tally.failed:
        print()
    if not tally.passed and not tally.failed:
        print("no test ran: check --stage and --only")
    print(tally.line(), flush=True)


def main():
    parser = argparse.ArgumentParser(description="build and run the tests")
    parser.add_argument("--stage", action="append", choices=[stage.name for stage in STAGES], help="this stage only")
    parser.add_argument("--only", default="", metavar="TEXT", help="programs whose name contains TEXT only")
    parser.add_argument("--long", action="store_true", help="long scripts and fuzzing too")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args()
    tally, start = Tally(), time.monotonic()
    for stage in STAGES:
        if not options.stage or stage.name in options.stage:
            run_stage(stage, options, tally)
    if options.long and not options.stage:
        run_fuzzers(options.jobs, tally)
    print(f"took {time.monotonic() - start:.0f} s")
    summarise(tally)
    return 0 if tally.passed and not tally.failed else 1


if __name__ == "__main__":
    sys.exit(main())
