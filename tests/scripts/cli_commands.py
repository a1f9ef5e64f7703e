#!/usr/bin/env python3
# tg-test: checked
"""Every subcommand but run: what it prints, and its exit status."""
import re

from cli import AXPY, CONVERT, SOURCE, STATS, Suite


def test_general(t):
    version = re.search(r'TG_VERSION_MAJOR (\d+)\n#define TG_VERSION_MINOR (\d+)\n#define TG_VERSION_PATCH (\d+)',
                        (SOURCE / "include/throng.h").read_text())
    for spelling in ("version", "--version", "-V"):
        r = t.run(spelling)
        t.check(f"throng {spelling}", r.status == 0 and r.out == f"throng {'.'.join(version.groups())}\n", r)
    for spelling in ("help", "--help", "-h"):
        r = t.run(spelling)
        t.check(f"throng {spelling}", r.status == 0 and r.out.startswith("usage: throng COMMAND") and not r.err, r)
    r = t.run()
    t.check("no command: the summary as an error", r.status == 2 and not r.out and "usage: throng COMMAND" in r.err, r)
    commands = re.findall(r"^  (\w+) ", t.run("help").out, re.MULTILINE)
    t.same("the commands", commands, ["run", "check", "show", "trace", "explain", "emit", "convert", "fmt", "ops", "backends",
                                        "version", "help"])
    for command in commands:
        r, again = t.run("help", command), t.run(command, "--help")
        t.check(f"help for {command}", r.status == 0 and r.out.startswith(f"usage: throng {command}"), r)
        t.check(f"{command} --help is the same", again.status == 0 and again.out == r.out and not again.err, again)


def test_lists(t):
    r = t.run("backends")
    t.check("backends lists ref", r.status == 0 and re.search(r"^ref +\S", r.out, re.MULTILINE), r)
    t.check("auto is told of", re.search(r"^auto +vec", r.out, re.MULTILINE), r)
    r = t.run("ops")
    lines = r.out.splitlines()
    n = len(t.run("ops", "--markdown").out.splitlines()) - 2
    t.check("ops has a line for each operation", r.status == 0 and len(lines) == n + 1
            and lines[5].split()[:3] == ["4", "add", "+"], r)
    columns = [lines[0].index(title) for title in ("name", "symbol", "group", "signature", "T ", "flags", "meaning")]
    t.check("its columns are aligned", all(line[c - 1] == " "
                                           and line[c - 2] == " " for line in lines for c in columns), r)
    t.check("no blanks at the ends of lines", all(line == line.rstrip() for line in lines), r)
    r = t.run("show", "--after", "list")
    t.check("show --after list", r.status == 0 and re.search(r"^fold +\S", r.out, re.MULTILINE), r)


def test_check(t):
    r = t.run("check", AXPY, STATS)
    t.same("check", r.out, f"{AXPY}: ok: graph axpy, 4 operands, 6 nodes\n"
                           f"{STATS}: ok: graph stats, 8 operands, 15 nodes\n")
    t.check("check succeeds", r.status == 0 and not r.err, r)
    t.write("bad.tgg", "graph bad { store y %x }")
    r = t.run("check", "bad.tgg", AXPY, "none.tgg")
    t.check("check goes on after an error", r.status == 1 and "axpy" in r.out and "bad.tgg:1:" in r.err
            and "none.tgg: error" in r.err, r)


def test_show(t):
    r = t.run("show", AXPY)
    t.check("show prints canonical text", r.status == 0 and r.out == AXPY.read_text(), r)
    t.write("fold.tgg", "graph f { output y i32 %a = const i32 2 %b = const i32 3 %c = add %a, %b store y %c }")
    before, after, dce = t.run("show", "fold.tgg"), t.run("show", "fold.tgg", "--after", "fold"), t.run("show",
                                                                                                        "fold.tgg",
                                                                                                        "--after",
                                                                                                        "dce")
    t.check("show as built", "add" in before.out and before.status == 0, before)
    t.check("show --after a pass", "const i32 5" in after.out and after.status == 0, after)
    t.check("show --after the last pass", dce.out.count("const") == 1 and dce.status == 0, dce)
    t.write("p.tgg", "graph p { param a f64 = 2.5 param b i8 = -3 param c bool = true input x f16 output y bf16be "
                     "table t u8 result r i64 accumulator h u32 %x = load x store y %x %a = param b sum r %a "
                     "%i = const i32 0 %o = const u32 1 combine h add %i, %o }")
    r = t.run("show", "p.tgg", "--stage", "signature")
    t.same("show --stage signature", [line.split() for line in r.out.splitlines()], [
        ["graph", "p"], ["param", "f64", "a", "=", "2.5"], ["param", "i8", "b", "=", "-3"],
        ["param", "bool", "c", "=", "true"],
        ["input", "f16", "x"], ["output", "bf16be", "y"], ["table", "u8", "t"], ["result", "i64", "r"],
        ["accumulator", "u32", "h"]])


# All thirty opcodes, as `throng show` prints them.
STACK = """stack everything
  load x f32
  dup
  negate
  over
  load y f32be
  +
  *
  load y f32be
  rot
  -
  max
  iota f32 0.1 -1e+30
  swap
  <
  iota i8 -128 127
  ~
  >R
  R@
  iota i8 3 0
  <<
  R>
  ?:
  iota i8 1 1
  divmod
  drop
  store z i8
  iota u64 18446744073709551615 1
  dup
  argmax m
  iota f64 inf 0.0
  iota f64 0.0 5e-324
  argmin k
  load b bool
  load b bool
  &
  sum n
  iota u16 65535 1
  dup
  >>
  iota u16 1 0
  |
  iota u16 2 0
  ^
  iota u16 255 0
  \\
  dup
  =
  sum e
"""


def test_convert(t):
    for graph in (AXPY, STATS, CONVERT):
        t.run("convert", graph, "a.tgb")
        r = t.run("convert", "a.tgb", "b.tgg")
        t.check(f"{graph.name} to a module and back", (t.folder / "b.tgg").read_bytes() == graph.read_bytes()
                and r.status == 0, r)
        t.run("convert", "b.tgg", "b.tgb")
        t.same("and again", (t.folder / "a.tgb").read_bytes(), (t.folder / "b.tgb").read_bytes())
    t.same("the program here has every opcode", len({line.split()[0] for line in STACK.splitlines()[1:]}), 30)
    t.write("s.tgs", "# one line\n" + " ".join(STACK.split()))
    r = t.run("convert", "s.tgs", "s.tgsb")
    t.check("stack text to bytecode", r.status == 0 and (t.folder / "s.tgsb").read_bytes().startswith(b"TGS\x1a\1\0"),
            r)
    r = t.run("show", "s.tgsb", "--stage", "stack")
    t.same("show --stage stack of bytecode", r.out, STACK)
    t.same("and of text", t.run("show", "s.tgs", "--stage", "stack").out, STACK)
    t.run("convert", "s.tgsb", "back.tgs")
    t.same("bytecode to text", (t.folder / "back.tgs").read_text(), STACK)
    t.run("convert", "back.tgs", "back.tgsb")
    t.same("and back", (t.folder / "back.tgsb").read_bytes(), (t.folder / "s.tgsb").read_bytes())
    for name in ("s.tgs", "s.tgsb"):
        t.run("convert", name, f"{name}.tgg")
    t.same("text and bytecode are one graph", (t.folder / "s.tgs.tgg").read_bytes(),
           (t.folder / "s.tgsb.tgg").read_bytes())
    t.write("strange.name", (t.folder / "a.tgb").read_bytes())
    r = t.run("check", "strange.name")
    t.check("content tells the form, not the name", r.status == 0 and "graph convert" in r.out, r)
    (t.folder / "a.tgg").symlink_to("b.tgg")
    t.run("convert", AXPY, "a.tgg")
    t.check("a link is followed", (t.folder / "a.tgg").is_symlink()
            and (t.folder / "b.tgg").read_bytes() == AXPY.read_bytes())
    t.check("no temporary files are left", not [p for p in t.folder.iterdir() if "tmp" in p.name])


def main():
    with Suite() as t:
        test_general(t)
        test_lists(t)
        test_check(t)
        test_show(t)
        test_convert(t)
    t.finish()


if __name__ == "__main__":
    main()
