#!/usr/bin/env python3
# tg-test: timeout=600
"""throng emit: object files linked to programs in C and C++ by each compiler, which print what throng run gives."""
import json
import os
import shutil
import subprocess

from cli import AXPY, SOURCE, STATS, Suite

MAIN = """#include "axpy.h"
#include "mandelbrot.h"
#include "wave.h"
#include <stdio.h>
#include <stdlib.h>

static uint32_t steps[100000];

static int all(unsigned width)
{
  float x[100], b[100];
  double in[64], out[64];
  uint64_t total = 0;
  struct throng_call call = THRONG_CALL_INIT;
  axpy_width = mandelbrot_width = wave_width = width;
  for (int i = 0; i < 100; i++) {
    x[i] = (float)i;
    b[i] = 0.25f;
  }
  int status = axpy(100, 2.0f, x, sizeof *x, b, 0, x, sizeof *x, NULL);
  printf("%d %.9g %.9g\\n", status, (double)x[1], (double)x[99]);
  status = mandelbrot(100000, 800, 256, -2.25f, -1.125f, 0.00375f, steps, sizeof *steps, &total, &call);
  printf("%d %llu %u\\n", status, (unsigned long long)total, (unsigned)steps[99999]);
  call.max_steps = 3;
  call.first_lane = 400;
  status = mandelbrot(1000, 800, 256, -2.25f, -1.125f, 0.00375f, steps, sizeof *steps, &total, &call);
  printf("%d %llu %llu %llu %u\\n", status, (unsigned long long)total, (unsigned long long)call.n_trapped,
         (unsigned long long)call.first_trapped, (unsigned)call.first_code);
  for (int i = 0; i < 64; i++) {
    in[i] = i * 0.37;
  }
  call = (struct throng_call)THRONG_CALL_INIT;
  status = wave(64, 1.5, in, sizeof *in, out, sizeof *out, &call);
  for (int i = 0; i < 64; i++) {
    printf("%a ", out[i]);
  }
  printf("%d\\n", status);
  return mandelbrot((uint64_t)1 << 41, 1, 1, 0, 0, 0, NULL, 4, NULL, NULL) == THRONG_REFUSED;
}

int main(int argc, char **argv)
{
  return argc == 2 && all((unsigned)atoi(argv[1])) ? 0 : 1;
}
"""
CPP = """#include "axpy.h"
#include "mandelbrot.h"

int main()
{
  float x = 3, b = 1, y = 0;
  throng_call call = THRONG_CALL_INIT;
  return axpy(1, 2, &x, 4, &b, 4, &y, 4, &call) != THRONG_OK || y != 7 || axpy_WORKSPACE == 0 || axpy_width == 0;
}
"""
WAVE = """kernel wave(a: f64, x: [f64]) -> (y: [f64]) { y = sin(a * x) * exp(-x); }
kernel other(x: [f64]) -> (y: [f64]) { y = x; }
"""
NAMES = """graph strange {
  param int f32
  input n f32
  output call bf16be
  %a = param int
  %x = load n
  %y = add %a, %x
  store call %y
}
"""


def test_errors(t):
    for target in ("c", "opencl", "cuda"):
        r = t.run("emit", AXPY, "--target", target)
        t.check(f"--target {target} is a later version's", r.status == 2 and "it has: object" in r.err, r)
    r = t.run("emit", AXPY, "--target", "objct")
    t.check("a target that does not exist", r.status == 2 and "did you mean 'object'?" in r.err, r)
    r = t.run("emit", AXPY)
    t.check("no target", r.status == 2 and "--target object" in r.err, r)
    r = t.run("emit", "--target", "object")
    t.check("no file", r.status == 2 and "FILE is missing" in r.err, r)
    r = t.run("emit", AXPY, "--target", "object", "--entry", "x")
    t.check("--entry with a graph", r.status == 2 and "--entry is for programs" in r.err, r)
    r = t.run("emit", SOURCE / "examples/pi.tg", "--target", "object")
    t.check("a program without kernels", r.status == 1 and "no such kernel" in r.err, r)
    r = t.run("emit", SOURCE / "examples/pi.tg", "--target", "object", "--entry", "pi")
    t.check("a machine", r.status == 1 and "is a machine" in r.err, r)
    t.write("wave.tg", WAVE)
    r = t.run("emit", "wave.tg", "--target", "object")
    t.check("several kernels", r.status == 1 and "2 kernels" in r.err and "--entry" in r.err, r)


def test_files(t):
    r = t.run("emit", AXPY, "--target", "object", "-o", "axpy.o")
    t.check("an object and its header", r.status == 0 and not r.out and not r.err
            and (t.folder / "axpy.o").read_bytes().startswith(b"\x7fELF")
            and "int axpy(uint64_t n, float m, " in (t.folder / "axpy.h").read_text(), r)
    with (t.folder / "out.o").open("wb") as out:
        t.run("emit", AXPY, "--target", "object", stdout=out)
    t.same("the same on standard output", (t.folder / "out.o").read_bytes(), (t.folder / "axpy.o").read_bytes())
    r = t.run("emit", AXPY, "--target", "object", "-o", "axpy.h")
    t.check("no object in place of its header", r.status == 2 and "both the object and its header" in r.err, r)
    r = t.run("emit", STATS, "--target", "object", "-o", "no/folder.o")
    t.check("a folder that does not exist", r.status == 1 and "no/folder.o" in r.err, r)
    t.write("names.tgg", NAMES)
    r = t.run("emit", "names.tgg", "--target", "object", "-o", "names.o", "--name", "2 of them", "--header", "other.h")
    header = (t.folder / "other.h").read_text()
    t.check("words of C are no names", r.status == 0 and "int k2_of_them(uint64_t n, float int_, const float *n_, "
            "ptrdiff_t n__stride, void *call_, ptrdiff_t call__stride, struct throng_call *call);" in header, header)


def expected(t):
    """What main.c prints, by throng run."""
    t.write("x.csv", "".join(f"{i}\n" for i in range(100)))
    t.run("run", AXPY, "--in", "x=x.csv", "--param", "m=2", "--param", "b=0.25", "--out", "y=y.csv")
    y = [float(v) for v in (t.folder / "y.csv").read_text().split()[1:]]
    lines = [f"0 {y[1]:.9g} {y[99]:.9g}"]
    m = SOURCE / "examples/mandelbrot.tgg"
    total = json.loads(t.run("run", m, "-n", 100000, "--json").out)["report"]["total"]
    t.run("run", m, "-n", 100000, "--out", "steps=s.csv")
    lines.append(f"0 {total} {(t.folder / 's.csv').read_text().split()[-1]}")
    return lines, t.run("run", m, "-n", 1400, "--max-steps", 3, "--json")


def test_programs(t):
    commands = [("examples/axpy.tgg", ()), ("examples/mandelbrot.tgg", ())]
    for name, more in commands:
        t.run("emit", SOURCE / name, "--target", "object", "-o", os.path.basename(name).replace(".tgg", ".o"), *more)
    t.run("emit", "wave.tg", "--target", "object", "--entry", "wave", "-o", "wave.o")
    t.write("main.c", MAIN)
    t.write("main.cpp", CPP)
    lines, _ = expected(t)
    printed = set()
    for compiler in filter(shutil.which, ("gcc", "clang")):
        done = subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", "main", "main.c",
                               "axpy.o", "mandelbrot.o", "wave.o"], cwd=t.folder, capture_output=True, text=True,
                              check=False)
        t.check(f"{compiler} links it", done.returncode == 0 and not done.stderr, done.stderr)
        for width in (0, 128, 256, 512):
            done = subprocess.run(["./main", str(width)], cwd=t.folder, capture_output=True, text=True, check=False)
            printed.add(done.stdout)
            t.check(f"{compiler}, width {width}: as throng run", done.returncode == 0
                    and done.stdout.splitlines()[:2] == lines, done.stdout[:300])
    t.check("all print the same", len(printed) == 1 and "4294967295" in printed.pop())
    for compiler in filter(shutil.which, ("g++", "clang++")):
        done = subprocess.run([compiler, "-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", "cpp",
                               "main.cpp", "axpy.o"], cwd=t.folder, capture_output=True, text=True, check=False)
        ran = done.returncode == 0 and subprocess.run(["./cpp"], cwd=t.folder, check=False).returncode == 0
        t.check(f"{compiler} links and runs it", ran, done.stderr)


def main():
    with Suite() as t:
        test_errors(t)
        if t.run("emit", AXPY, "--target", "object", "-o", "try.o").status != 0:
            t.skip("object files", "throng-llvm.so was not built")
        else:
            test_files(t)
            test_programs(t)
    t.finish()


if __name__ == "__main__":
    main()
