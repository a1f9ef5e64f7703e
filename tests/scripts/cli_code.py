#!/usr/bin/env python3
# tg-test: checked timeout=300
"""throng show --stage asm: the code that runs, of graphs and of programs."""
import re

from cli import AXPY, SOURCE, Suite

MANDELBROT = SOURCE / "examples/mandelbrot.tgg"


def has_llvm(t, width=""):
    return t.run("show", "--stage", "asm", "--backend", "llvm" + width, AXPY).status == 0


def test_without(t):
    r = t.run("show", "--stage", "asm", "--backend", "ref", AXPY)
    t.check("a back-end without code", r.status == 1 and not r.out and "has no code to show" in r.err
            and "llvm" in r.err, r)
    r = t.run("show", "--backend", "llvm", AXPY)
    t.check("--backend without the stage", r.status == 2 and "--stage asm" in r.err, r)
    r = t.run("show", "--stage", "asm", "--backend", "lvm", AXPY)
    t.check("a back-end that does not exist", r.status == 2 and "did you mean 'llvm'?" in r.err, r)


def test_graph(t):
    r = t.run("show", "--stage", "asm", MANDELBROT)
    t.check("the assembly of a graph", r.status == 0 and not r.err and r.out.startswith("# graph mandelbrot: LLVM, ")
            and "throng_masked:" in r.out, r)
    t.same("the same again", t.run("show", "--stage", "asm", MANDELBROT).out, r.out)
    for bits, yes, no in ((128, "xmm", "ymm"), (256, "ymm", "zmm"), (512, "zmm", None)):
        title = f"vectors of {bits} bits"
        if not has_llvm(t, f":{bits}") or "xmm" not in r.out:
            t.skip(title, "this machine has none")
            continue
        r = t.run("show", "--stage", "asm", "--backend", f"llvm:{bits}", MANDELBROT)
        t.check(title, f"vectors of {bits} bits" in r.out and yes in r.out and (no is None or no not in r.out))


def test_program(t):
    r = t.run("show", "--stage", "asm", SOURCE / "examples/mandelbrot.tg")
    t.check("the assembly of a machine", r.status == 0 and r.out.startswith("# mandelbrot, phase 1\n"), r)
    t.write("two.tg", "kernel one(x: [f32]) -> (y: [f32]) { y = sqrt(x); }\n"
                      "machine phases { out o: u32; let a = u32(id); sync; o = a * a; }\n"
                      "kernel two(x: [f32]) -> (y: [f32]) { y = x / 3.0f32; }\n")
    r = t.run("show", "--stage", "asm", "two.tg")
    t.same("a kernel for each phase", re.findall(r"^# (phases, .*)$", r.out, re.MULTILINE),
           ["phases, phase 1", "phases, phase 2"])
    r = t.run("show", "--stage", "asm", "--entry", "two", "two.tg")
    t.check("--entry chooses", r.status == 0 and "# two, phase 1" in r.out and "div" in r.out, r)
    r = t.run("show", "--stage", "asm", "--entry", "three", "two.tg")
    t.check("an entry that does not exist", r.status == 1 and "three" in r.err, r)


def main():
    with Suite() as t:
        test_without(t)
        if has_llvm(t):
            test_graph(t)
            test_program(t)
        else:
            t.skip("the assembly of graphs and programs", "throng-llvm.so was not built")
    t.finish()


if __name__ == "__main__":
    main()
