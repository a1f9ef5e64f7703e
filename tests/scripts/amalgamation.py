#!/usr/bin/env python3
# tg-test: timeout=1200
"""The library as one file, in a folder with nothing else: gcc and clang compile it without a warning, with the project's
flags or none; it is small, needs the C and the mathematics library only, and keeps to its names; programs are built with
it; and it passes the conformance cases on every set of kernels, with and without the code for instruction sets."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["TG_SOURCE"])
TESTS = SOURCE / "tests"
MOST_BYTES = 1500000
LANGUAGE = ["-std=c11", "-Werror"]
NEEDED = {"libc.so.6", "libm.so.6"}
RUNNER = [*sorted((TESTS / "conformance").glob("*.c")), TESTS / "support/pool.c"]


def project_warnings():
    text = (SOURCE / "cmake/flags.cmake").read_text(encoding="utf-8")
    return re.search(r"set\(TG_WARNINGS([^)]*)\)", text).group(1).split()


def run(folder, *command):
    """Returns (whether it succeeded, what it wrote)."""
    done = subprocess.run([str(word) for word in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    return done.returncode == 0, done.stdout


class Tap:
    def __init__(self):
        self.n, self.n_failed = 0, 0

    def result(self, title, is_good, text="", skip=""):
        self.n += 1
        self.n_failed += not is_good
        print(f"{'ok' if is_good else 'not ok'} {self.n} - {title}{f' # SKIP {skip}' if skip else ''}")
        for line in [] if is_good else text.splitlines()[:30]:
            print(f"# {line}")
        sys.stdout.flush()
        return is_good


def defined_names(text):
    """The names that an object defines for others, of what nm wrote."""
    return [line.split()[2] for line in text.splitlines() if len(line.split()) == 3 and line.split()[1].isupper()]


def check_object(tap, folder, label):
    run(folder, "strip", "-o", "stripped.o", "throng.o")
    size = (folder / "stripped.o").stat().st_size
    tap.result(f"{label}: {size} bytes stripped, below {MOST_BYTES}", size < MOST_BYTES)
    strangers = [n for n in defined_names(run(folder, "nm", "throng.o")[1]) if not re.match("tg_|throng_|vec_", n)]
    tap.result(f"{label}: names begin with tg_, throng_ or vec_", not strangers, "\n".join(strangers))


def check_programs(tap, folder, compiler, label, flags=()):
    worked, text = run(folder, compiler, *flags, "-I.", "-o", "hello", "hello.c", "throng.o", "-lm")
    good, out = run(folder, "./hello") if worked else (False, text)
    tap.result(f"{label}: hello.c", good and out == "2.25 4 9 16\n", out)
    needed = set(re.findall(r"NEEDED.*\[(.*)\]", run(folder, "readelf", "-d", "hello")[1])) if worked else {"nothing built"}
    if not flags:
        tap.result(f"{label}: needs the C and the mathematics library only", needed <= NEEDED, " ".join(needed))


def check_conformance(tap, folder, compiler, label, flags=()):
    worked, text = run(folder, compiler, "-O1", *flags, "-I.", f"-I{TESTS / 'support'}", "-o", "runner", *RUNNER, "throng.o",
                       "-lm", "-pthread")
    if not tap.result(f"{label}: the conformance runner", worked, text):
        return
    cases = sorted((TESTS / "conformance").glob("*.tgt"))
    for backend in ["ref", "vec", "vec:0", "vec:1", "vec:2", "vec:3"]:
        good, text = run(folder, "./runner", "--backend", backend, "--passes", "all", *cases)
        lines = text.splitlines()
        lacking = next((line.split("it does not compile: ")[1] for line in lines if "# SKIP it does not compile" in line), "")
        passed = sum(line.startswith("ok ") and "# SKIP" not in line for line in lines)
        wrong = "\n".join(line for line in lines if not line.startswith("ok "))
        tap.result(f"{label}, {backend}: {passed} cases", good and (passed > 0 or lacking), wrong, "" if passed else lacking)


def check_compiler(tap, folder, compiler, label, flags):
    worked, text = run(folder, compiler, "-O2", *flags, "-c", "throng.c")
    if not tap.result(f"{label}: compiles without a word", worked and text == "", text):
        return
    check_object(tap, folder, label)
    threads = [flag for flag in flags if flag == "-fopenmp"]
    check_programs(tap, folder, compiler, label, threads)
    check_conformance(tap, folder, compiler, label, threads)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        worked, text = run(SOURCE, sys.executable, SOURCE / "tools/amalgamate.py", folder)
        if tap.result("throng.c and throng.h are written", worked, text):
            shutil.copy(SOURCE / "examples/hello.c", folder)
            checks = [("gcc", "gcc", []), ("clang", "clang", [*LANGUAGE, *project_warnings()]),
                      ("gcc", "gcc, kernels in C alone, OpenMP",
                       [*LANGUAGE, *project_warnings(), "-fopenmp", "-DTHRONG_PLAIN_KERNELS"])]
            for compiler, label, flags in checks:
                if shutil.which(compiler):
                    check_compiler(tap, folder, compiler, label, flags)
                else:
                    tap.result(label, True, skip=f"there is no {compiler}")
            warnings = [*LANGUAGE, *project_warnings()]
            worked, text = run(folder, "gcc", "-O2", *warnings, "-fsyntax-only", "throng.c")
            tap.result("gcc: no warnings with the flags of the project", worked and text == "", text)
    print(f"1..{tap.n}")
    return 1 if tap.n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
