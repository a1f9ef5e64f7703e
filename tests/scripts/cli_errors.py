#!/usr/bin/env python3
# tg-test: checked
"""Every way in which the command can fail: the exit status, the message, and that standard output stays empty."""
import os
import pathlib
import resource
import struct

from cli import AXPY, STATS, Suite

GOOD_X = ["--in", "x=x.csv", "--in", "b=x.csv", "--param", "m=2"]

# Options and operands: title, arguments, what standard error says. The status is 2.
USAGE = [
    ("an unknown command", ["rnu"], ["throng: error: there is no command 'rnu'", "hint: did you mean 'throng run'?"]),
    ("nothing like a command", ["xyzzy"], ["there is no command 'xyzzy'", "'throng help' lists"]),
    ("help for an unknown command", ["help", "chekc"], ["there is no command 'chekc'", "'throng check'"]),
    ("help for two", ["help", "run", "show"], ["throng help: error: 'show' is too much"]),
    ("version of something", ["version", "x"], ["'x' is not expected"]),
    ("backends of something", ["backends", "x"], ["'x' is not expected"]),
    ("ops of something", ["ops", "x"], ["'x' is not expected"]),
    ("ops with a wrong option", ["ops", "--markdwon"],
     ["throng ops: error: there is no option '--markdwon'", "did you mean '--markdown'?"]),
    ("check without a file", ["check"], ["throng check: error: FILE... is missing", "'throng check --help'"]),
    ("check with an option", ["check", "-q", AXPY], ["there is no option '-q'"]),
    ("convert of one file", ["convert", AXPY], ["error: OUT is missing"]),
    ("convert without a file", ["convert"], ["error: IN OUT is missing"]),
    ("convert of three files", ["convert", AXPY, "b.tgb", "c.tgb"], ["'c.tgb' is too much"]),
    ("convert to an unknown form", ["convert", AXPY, "b.txt"],
     ["the extension of 'b.txt' names no form", ".tgg (graph text)"]),
    ("convert to no form", ["convert", AXPY, "b"], ["the extension of 'b' names no form"]),
    ("show without a file", ["show"], ["FILE is missing"]),
    ("show of two files", ["show", AXPY, AXPY], ["one file at a time"]),
    ("show of an unknown stage", ["show", AXPY, "--stage", "grph"],
     ["there is no stage 'grph'", "did you mean 'graph'?"]),
    ("show of nothing like a stage", ["show", AXPY, "--stage", "xyzzy"], ["the stages are graph, stack, signature, asm, tokens, ast and routine"]),
    ("show after an unknown pass", ["show", AXPY, "--after", "fodl"],
     ["there is no pass 'fodl'", "did you mean 'fold'?"]),
    ("show of the stack after a pass", ["show", AXPY, "--stage", "stack", "--after", "fold"],
     ["--after goes with --stage graph only"]),
    ("run without a file", ["run"], ["throng run: error: FILE is missing"]),
    ("run of two files", ["run", AXPY, STATS], ["is too much: it takes one file"]),
    ("a misspelt option", ["run", AXPY, "--parm", "m=1"], ["there is no option '--parm'", "did you mean '--param'?"]),
    ("nothing like an option", ["run", AXPY, "--xyzzyx"],
     ["there is no option '--xyzzyx'", "'throng run --help' lists"]),
    ("an unknown letter", ["run", AXPY, "-z"], ["there is no option '-z'"]),
    ("an option without its value", ["run", AXPY, "--in"], ["option '--in' wants a value"]),
    ("a letter without its value", ["run", AXPY, "-n"], ["option '-n' wants a value"]),
    ("a value for an option that takes none", ["run", AXPY, "--json=yes"], ["option --json takes no value"]),
    ("-n of no number", ["run", AXPY, "-n", "many"], ["-n wants a number of lanes", "'many'"]),
    ("-n below zero", ["run", AXPY, "-n", "-1"], ["-n wants a number of lanes", "'-1'"]),
    ("-n above the limit", ["run", AXPY, "-n", "1099511627777"], ["from 0 to 1099511627776"]),
    ("-n far above the limit", ["run", AXPY, "-n", "99999999999999999999999"], ["-n wants a number of lanes"]),
    ("no threads", ["run", AXPY, "--threads", "0"], ["--threads wants a number of threads from 1 on, not '0'"]),
    ("too many threads", ["run", AXPY, "--threads", "4294967296"], ["--threads wants a number", "'4294967296'"]),
    ("--max-steps of no number", ["run", AXPY, "--max-steps", "1e6"], ["--max-steps wants a number", "'1e6'"]),
    ("an unknown back-end", ["run", AXPY, "--backend", "reff"], ["there is no back-end 'reff'", "did you mean 'ref'?"]),
    ("nothing like a back-end", ["run", AXPY, "--backend", "xyzzy"], ["'throng backends' lists them"]),
    ("an unknown pass", ["run", AXPY, "--passes", "-fodl"], ["there is no pass 'fodl'", "did you mean 'fold'?"]),
    ("--in without a path", ["run", AXPY, "--in", "x"], ["--in wants NAME=..., not 'x'"]),
    ("--in without a name", ["run", AXPY, "--in", "=x.csv"], ["--in wants NAME=..."]),
    ("--in with an empty path", ["run", AXPY, "--in", "x="], ["--in wants NAME=..."]),
    ("--param without a value", ["run", AXPY, "--param", "m"], ["--param wants NAME=VALUE, not 'm'"]),
    ("an unknown operand", ["run", AXPY, "--param", "mm=1"], ["axpy.tgg has no operand 'mm'", "did you mean 'm'?"]),
    ("nothing like an operand", ["run", AXPY, "--in", "xyzzy=x.csv"], ["has no operand 'xyzzy'", "--stage signature"]),
    ("--in of a parameter", ["run", AXPY, "--in", "m=x.csv"],
     ["--in cannot be used for param 'm'", "use --param m=VALUE"]),
    ("--in of an output", ["run", AXPY, "--in", "y=x.csv"], ["--in cannot be used for output 'y'", "use --out y=PATH"]),
    ("--out of an input", ["run", AXPY, "--out", "x=y.csv"], ["--out cannot be used for input 'x'", "use --in x=PATH"]),
    ("--param of a result", ["run", STATS, "--param", "total=1"], ["--param cannot be used for result 'total'"]),
    ("--size of an input", ["run", AXPY, "--size", "x=3"], ["--size cannot be used for input 'x'"]),
    ("an input given twice", ["run", AXPY, "--in", "x=x.csv", "--param", "x=1"],
     ["'x' is given twice, by --in and --param"]),
    ("an input that is missing", ["run", AXPY, "--in", "x=x.csv", "--param", "m=2"],
     ["nothing is given for input 'b' of type f32", "add --in b=PATH"]),
    ("a parameter that is missing", ["run", AXPY, "--in", "x=x.csv", "--in", "b=x.csv"],
     ["nothing is given for param 'm'", "add --param m=VALUE"]),
    ("a table that is missing", ["run", "ops.tgg", "-n", "1"], ["nothing is given for table 't'", "add --in t=PATH"]),
    ("an accumulator that is missing", ["run", "ops.tgg", "-n", "1", "--in", "t=x.csv"],
     ["nothing is given for accumulator 'h'", "add --size h=COUNT"]),
    ("no number of lanes", ["run", "ops.tgg", "--in", "t=x.csv", "--size", "h=1"], ["add -n N"]),
    ("no number of lanes, inputs of one value", ["run", AXPY, "--param", "m=1", "--param", "x=1", "--param", "b=1"],
     ["add -n N"]),
    ("a size that is no number", ["run", "ops.tgg", "--size", "h=-1"], ["--size h=-1: a number of elements"]),
    ("a value that is no number", ["run", AXPY, "--param", "m=two"],
     ["--param m: 'two' is not a number, as f32 wants"]),
    ("a value that is too large", ["run", "ops.tgg", "--param", "p=300"],
     ["--param p: '300' is not an integer from 0 to 255, as u8 wants"]),
    ("a value with a fraction", ["run", "ops.tgg", "--param", "p=1.5"], ["'1.5' is not an integer"]),
    ("a missing value for an integer", ["run", "ops.tgg", "--param", "p=nan"], ["'nan' is not an integer"]),
    ("a value that is no bool", ["run", "ops.tgg", "--param", "q=2"], ["'2' is not 0, 1, true or false"]),
    ("--out to an unknown format", ["run", AXPY, *GOOD_X, "--out", "y=y.txt"],
     ["the extension of 'y.txt' names no format"]),
    ("two outputs in one .npy", ["run", "two.tgg", *GOOD_X[:2], "--out", "y=o.npy", "--out", "z=o.npy"],
     ["'o.npy' is named twice, and only .csv"]),
    ("one output twice in one .csv", ["run", "two.tgg", *GOOD_X[:2], "--out", "y=o.csv", "--out", "y=o.csv"],
     ["is given twice"]),
]

# Files: as above. The status is 1.
FILES = [
    ("a program that is not there", ["check", "none.tgg"],
     ["none.tgg: error: cannot be opened: No such file or directory"]),
    ("a program that is a directory", ["check", "."], [".: error: is a directory, not a file"]),
    ("an empty program", ["check", "empty.tgg"], ["empty.tgg:1:1: error: "]),
    ("a module that is cut off", ["check", "cut.tgb"], ["cut.tgb: error: "]),
    ("bytecode that is cut off", ["show", "cut.tgsb"], ["cut.tgsb: error: "]),
    ("show of a wrong program", ["show", "wrong.tgg"], ["wrong.tgg:5:15: error: "]),
    ("convert of a wrong program", ["convert", "wrong.tgg", "w.tgb"], ["wrong.tgg:5:15: error: "]),
    ("run of a wrong program", ["run", "wrong.tgg", "-n", "1"], ["wrong.tgg:5:15: error: "]),
    ("a stack program without its name", ["check", "bare.tgs"],
     ["bare.tgs:1:1: error: ", "hint: stack text begins with `stack NAME`"]),
    ("a graph as a stack program", ["convert", AXPY, "a.tgs"],
     ["axpy.tgg: error: is a graph, which cannot be written as a stack program", "hint: "]),
    ("a graph as bytecode", ["convert", AXPY, "a.tgsb"], ["cannot be written as a stack program"]),
    ("the stack stage of a graph", ["show", AXPY, "--stage", "stack"], ["is no stack program", "--stage graph"]),
    ("convert into no folder", ["convert", AXPY, "no/a.tgb"],
     ["no/a.tgb: error: cannot be created: No such file or directory"]),
    ("convert into a directory", ["convert", AXPY, "folder.tgb"],
     ["folder.tgb: error: is a directory, not a file", "hint: "]),
    ("an input that is not there", ["run", STATS, "--in", "x=none.npy"],
     ["none.npy: error: cannot be opened", "note: it was read for input 'x' of type f64"]),
    ("an input and column that are not there", ["run", STATS, "--in", "x=none.csv:a"],
     ["none.csv: error: cannot be opened"]),
    ("an input that is a directory", ["run", STATS, "--in", "x=folder.tgb"], ["folder.tgb: error: is a directory"]),
    ("an input in an unknown format", ["run", STATS, "--in", "x=text.txt"],
     ["text.txt: error: its format is not known", ".npy, .csv or .bin"]),
    ("a column of a .npy file", ["run", STATS, "--in", "x=f8.npy:a"],
     ["f8.npy: error: has no columns", "leave out ':a'"]),
    ("a column that is not there", ["run", STATS, "--in", "x=ab.csv:c"],
     ["ab.csv: error: has no column 'c'", "hint: it has a, b"]),
    ("no column named", ["run", STATS, "--in", "x=ab.csv"], ["ab.csv: error: has 2 columns", "one of a, b"]),
    ("a field that is no number", ["run", STATS, "--in", "x=ab.csv:b"],
     ["ab.csv:3: error: column 'b': 'no' is not a number, as f64 wants"]),
    ("a number with a fraction for an integer", ["run", "ints.tgg", "--in", "x=co2.csv"],
     ["co2.csv:2: error: column 'ppm': '316.1' is not an integer", "as i32 wants",
      "hint: declare the operand as f64", "round even, then convert i32"]),
    ("another dtype", ["run", AXPY, "--in", "x=f8.npy"],
     ["f8.npy: error: has dtype '<f8' (f64), but f32 is wanted ('<f4')", "astype('<f4')",
      "note: it was read for input 'x' of type f32"]),
    ("half precision for an f32", ["run", AXPY, "--in", "x=f2.npy"],
     ["has dtype '<f2' (f16)", "declare the operand as f16, which loads as f32"]),
    ("a .npy file that is cut off", ["run", STATS, "--in", "x=cut.npy"],
     ["cut.npy: error: is no valid .npy file", "it was cut off"]),
    ("a .bin file of another size", ["run", STATS, "--in", "x=odd.bin"],
     ["odd.bin: error: its size, 9 bytes, is no multiple of 8"]),
    ("inputs of different lengths", ["run", AXPY, "--in", "x=x.csv", "--in", "b=long.csv", "--param", "m=1"],
     ["the inputs differ in length: 'x' has 2 elements, 'b' has 3"]),
    ("inputs that are too short", ["run", AXPY, *GOOD_X, "-n", "3"],
     ["-n 3 is more than the 2 elements of input 'x'", "leave out -n"]),
    ("--out into no folder", ["run", AXPY, *GOOD_X, "--out", "y=no/y.npy"],
     ["no/y.npy: error: cannot be created: No such file"]),
    ("--out into a directory", ["run", AXPY, *GOOD_X, "--out", "y=folder.npy"], ["folder.npy: error: is a directory"]),
    ("outputs of different lengths in one .csv", ["run", "ops.tgg", "-n", "4", "--in", "t=x.csv", "--size", "h=3",
      "--out", "h=o.csv", "--out", "y=o.csv"],
     ["o.csv: error: 'h' has 3 elements and 'y' has 4"]),
    ("a table larger than memory", ["run", "ops.tgg", "-n", "1", "--in", "t=x.csv", "--size", "h=576460752303423488"],
     ["throng: error: there is no memory for 576460752303423488 elements of 2 bytes"]),
]


def npy(dtype, data):
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': (2,), }}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + data


def write_files(t):
    t.write("x.csv", "1\n2\n")
    t.write("long.csv", "1\n2\n3\n")
    t.write("ab.csv", "a,b\n1,2\n3,no\n")
    t.write("text.txt", "1\n2\n")
    t.write("ints.tgg", "graph i { input x i32 result s i64 %x = load x sum s %x }")
    t.write("co2.csv", "ppm\n316.1\n317\n")
    t.write("f8.npy", npy("<f8", bytes(16)))
    t.write("f2.npy", npy("<f2", bytes(4)))
    t.write("cut.npy", npy("<f8", bytes(15)))
    t.write("odd.bin", bytes(9))
    t.write("empty.tgg", "")
    t.write("cut.tgb", b"TGB\x1a\1\0\0\0")
    t.write("bare.tgs", "load x f32 dup * store y f32\n")
    t.write("cut.tgsb", b"TGS\x1a\1\0\0\0")
    t.write("wrong.tgg", "graph g {\n  input x f32\n  output y f32\n  %x = load x\n"
                         "\t%y = add %x, %zebra\n  store y %y\n}\n")
    t.write("ops.tgg", "graph o { param p u8 = 1 param q bool = true table t i64 accumulator h u16 output y i64 "
                       "uniform { %a = const i64 0 %b = const i64 1 %one = const u16 1 } %i = iota %a, %b "
                       "%v = gather t %i store y %v combine h add %i, %one }")
    t.write("two.tgg", "graph two { input x f32 output y f32 output z f32 %x = load x store y %x store z %x }")
    (t.folder / "folder.tgb").mkdir()
    (t.folder / "folder.npy").mkdir()


def test_table(t, rows, status):
    before = sorted(p.name for p in t.folder.iterdir())
    for title, arguments, texts in rows:
        r = t.run(*arguments)
        said = all(text in r.err for text in texts)
        t.check(title, r.status == status and said and not r.out, f"{r}\nwanted status {status} and {texts}")
    t.same("and no file came or went", sorted(p.name for p in t.folder.iterdir()), before)


def test_places(t):
    """The source line, whole or in part, and the caret under the place."""
    r = t.run("check", "wrong.tgg")
    t.same("a line with tabs", r.err.splitlines()[1:3], ["          %y = add %x, %zebra",
                                                         "                       ^~~~~~"])
    for name, before, after in (("long", 60, 60), ("start", 0, 90), ("end", 90, 0)):
        loads = [" ".join(f"%{letter}{k} = load x" for k in range(n)) for letter, n in (("a", before), ("b", after))]
        t.write("long.tgg", f"graph g {{ input x f32 {loads[0]} store zebra %a0 {loads[1]} }}")
        lines = t.run("check", "long.tgg").err.splitlines()
        at = lines[2].index("^")
        mark = lines[1][at:at + lines[2].count("~") + 1]
        t.check(f"a long line: {name}", len(lines[1]) <= 112 and mark == "zebra" and mark in lines[0], "\n".join(lines))
    t.write("accent.tgg", "graph g { # déjà vu\n input x f33 } # é\n")
    lines = t.run("check", "accent.tgg").err.splitlines()
    t.check("letters of several bytes", lines[1] == "   input x f33 } # é" and lines[2].index("^") == 11,
            "\n".join(lines))
    t.write("control.tgg", "graph g { input x \x1b[31m f32 } \xff\n".encode("latin-1"))
    lines = t.run("check", "control.tgg").err
    t.check("nothing for a terminal to obey", "\x1b" not in lines, lines)
    t.write("crlf.tgg", "graph g {\r\n input x f33\r\n}\r\n")
    lines = t.run("check", "crlf.tgg").err
    t.check("CR LF", "\r" not in lines and "crlf.tgg:2:10: error" in lines, lines)


def test_files_stay(t):
    """What is there stays there when a run fails or its output cannot be written."""
    t.write("y.csv", "old\n")
    r = t.run("run", AXPY, "--in", "x=x.csv", "--in", "b=long.csv", "--param", "m=1", "--out", "y=y.csv")
    t.same("after an error", (r.status, (t.folder / "y.csv").read_text()), (1, "old\n"))
    t.write("z.csv", "old\n")
    r = t.run("run", "two.tgg", "--in", "x=x.csv", "--out", "y=y.csv", "--out", "z=no/z.csv")
    t.same("when another output fails", (r.status, (t.folder / "y.csv").read_text()), (1, "old\n"))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limit[1]))
    try:
        r = t.run("run", AXPY, "-n", "100000", "--param", "m=1", "--param", "x=1", "--param", "b=1", "--out",
                  "y=y.csv", "--quiet")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    t.check("when the file cannot grow", r.status == 1 and "y.csv: error: cannot be written: File too large" in r.err
            and (t.folder / "y.csv").read_text() == "old\n", r)
    t.check("no temporary files are left", not [p for p in t.folder.iterdir() if p.name.startswith(".")])
    if pathlib.Path("/dev/full").exists():
        (t.folder / "full.csv").symlink_to("/dev/full")
        r = t.run("run", AXPY, *GOOD_X, "--out", "y=full.csv")
        said = "full.csv: error: cannot be written: No space left on device" in r.err and "make room" in r.err
        t.check("a full disk", r.status == 1 and said, r)
        with open("/dev/full", "wb") as full:
            r = t.run("ops", stdout=full)
        t.check("standard output on a full disk", r.status == 1 and "standard output cannot be written" in r.err, r)
    else:
        t.skip("a full disk", "there is no /dev/full")
    if os.geteuid() == 0:
        t.skip("a folder without permission", "the superuser may write anywhere")
        return
    os.chmod(t.folder / "folder.npy", 0o500)
    r = t.run("run", AXPY, *GOOD_X, "--out", "y=folder.npy/y.npy")
    t.check("a folder without permission", r.status == 1 and "Permission denied" in r.err
            and "you may write to" in r.err, r)


def main():
    with Suite() as t:
        write_files(t)
        test_table(t, USAGE, 2)
        test_table(t, FILES, 1)
        test_places(t)
        test_files_stay(t)
    t.finish()


if __name__ == "__main__":
    main()
