#!/usr/bin/env python3
"""throng explain: what it prints, as text and as JSON, but for what depends on the machine; its options and errors.

tests/golden/explain/NAME.txt and NAME.json are what it should print of NAME.tgg with `ref`, which makes nothing of a
graph that depends on the machine; TG_BLESS=1 writes them anew."""
import json
import os
import re

from cli import AXPY, SOURCE, STATS, Suite

GOLDEN = SOURCE / "tests/golden/explain"
SECTIONS = ["kernel", "passes", "once per invocation", "streams", "engine", "operations", "sinks", "threads", "machine",
            "roofline"]


def golden(t, title, name, text):
    path = GOLDEN / name
    if os.environ.get("TG_BLESS"):
        path.write_text(text)
    t.same(title, text, path.read_text() if path.exists() else "nothing")


def mask_text(text):
    """Workspaces have pointers in them; of passes there may be more."""
    text = re.sub(r"(?m)^(  workspace +).*(?:\n {20,}.*)*", r"\1...", text)
    return re.sub(r"(?m)^(  (?:not run|changed nothing) +).*(?:\n {20,}.*)*", r"\1...", text)


def mask_json(text):
    records = json.loads(text)
    records["threads"]["workspace"] = "..."
    for key in ("not run", "changed nothing"):
        if key in records["passes"]:
            records["passes"][key] = "..."
    return json.dumps(records, indent=1) + "\n"


def test_golden(t):
    common = ["explain", GOLDEN / "rounds.tgg", "--backend", "ref", "--no-measure", "--threads", "1", "-n", "10000"]
    for passes in ("none", "all"):
        text, as_json = t.run(*common, "--passes", passes), t.run(*common, "--passes", passes, "--json")
        t.check(f"--passes {passes}: status", (text.status, as_json.status, text.err + as_json.err) == (0, 0, ""), text)
        golden(t, f"--passes {passes} as text", f"rounds.{passes}.txt", mask_text(text.out))
        golden(t, f"--passes {passes} as JSON", f"rounds.{passes}.json", mask_json(as_json.out))
        t.check("no line is longer than 118 columns", max(map(len, text.out.splitlines())) <= 118, text)


def number(record, unit):
    return isinstance(record["value"], (int, float)) and record["value"] > 0 and record["unit"] == unit


def test_vec(t):
    """What can be told on every machine."""
    r = t.run("explain", STATS, "--json", "-n", "1000000", "--threads", "1")
    if not t.check("vec as JSON", r.status == 0 and not r.err, r):
        return
    records = json.loads(r.out)
    t.same("sections", list(records), SECTIONS)
    engine, machine, roofline = records["engine"], records["machine"], records["roofline"]
    isa = engine["instruction set"]["value"]
    t.check("instruction set", isa in ("avx512", "avx2", "sse2", "neon", "plain"), engine)
    t.check("vectors, strips and registers", number(engine["vector"], "bytes") and number(engine["strip"], "lanes")
            and engine["registers"]["value"] > 0, engine)
    t.check("streams", records["streams"]["x"]["value"] == 8 and "used where it lies" in
            records["streams"]["x"]["reason"], records["streams"])
    t.check("the machine", all(number(machine[key], "GB/s") for key in ("read", "write", "copy"))
            and all(number(machine[f"add {type_}"], "G/s") for type_ in ("i32", "i64", "f32", "f64"))
            and number(machine["call"], "ns"), machine)
    t.check("the roofline", roofline["bound by"]["value"] in ("memory", "compute", "the call")
            and all(number(roofline[key], "ns a lane") for key in ("memory", "compute", "expected"))
            and roofline["expected"]["value"] >= roofline["memory"]["value"] * 0.99, roofline)
    t.same("one thread", records["threads"]["threads"]["value"], 1)
    r = t.run("explain", AXPY, "--no-measure")
    t.check("the output of axpy is made where it lies", r.status == 0 and "where it lies" in r.out
            and "roofline" not in r.out and "machine\n" not in r.out, r)


def test_forms(t):
    """Text, binary and stack programs are told of alike."""
    wanted = t.run("explain", AXPY, "--no-measure", "--json")
    t.run("convert", AXPY, "axpy.tgb")
    t.same("a binary module", t.run("explain", "axpy.tgb", "--no-measure", "--json").out, wanted.out)
    r = t.run("explain", SOURCE / "examples/axpy.tgs", "--no-measure", "--json")
    t.check("a stack program", r.status == 0 and json.loads(r.out)["kernel"]["graph"]["value"] == "axpy", r)


def test_errors(t):
    for arguments, said in ((["explain"], "FILE is missing"), (["explain", AXPY, STATS], "is too much"),
                            (["explain", AXPY, "-n", "x"], "-n wants a number"),
                            (["explain", AXPY, "--threads", "0"], "--threads wants"),
                            (["explain", AXPY, "--backend", "vex"], "did you mean 'vec'?"),
                            (["explain", AXPY, "--passes", "foldd"], "did you mean 'fold'?")):
        r = t.run(*arguments)
        t.check(f"{' '.join(map(str, arguments[1:]))}: status 2", r.status == 2 and said in r.err and not r.out, r)
    r = t.run("explain", "none.tgg")
    t.check("no such file: status 1", r.status == 1 and "none.tgg" in r.err and not r.out, r)
    t.write("bad.tgg", "graph bad { output y f32 %a = add %b, %b }")
    r = t.run("explain", "bad.tgg")
    t.check("a graph that is none: status 1, with the place", r.status == 1 and "bad.tgg:1:" in r.err, r)


HELPED = """graph helped {
  input x f32
  table look f16
  output y f32
  %x = load x
  %r = round down %x
  %f = fma %r, %x, %x
  %i = convert u32 %f
  %g = gather look %i
  %zero = const u32 0
  %n = loop %k = %zero {
    %m = lt %k, %i
    test %m
    %one = const u32 1
    %next = add %k, %one
    yield %next
  }
  %b = const u32 3
  %p, %q = divmod %n, %b
  %z = branch %q {
    yield %g
  } {
    yield %f
  }
  store y %z
}
"""


def test_llvm(t):
    """The records of machine code, for vectors of each width."""
    t.write("helped.tgg", HELPED)
    for bits, helped in ((128, 2), (256, 0), (512, 0)):
        r = t.run("explain", "helped.tgg", "--json", "--no-measure", "--passes", "none", "--backend",
                  f"llvm:{bits}")
        title = f"llvm:{bits} tells of itself"
        if r.status == 1 and ("needs the plug-in" in r.err or "no vectors of" in r.err):
            t.skip(title, "no such back-end here")
            continue
        engine = json.loads(r.out)["engine"]
        t.same(title, [engine[key]["value"] for key in ("vector width", "group", "vectors in flight", "loop %n",
                                                        "branch %z")],
               [bits, bits // 8, 4, "masked or refill", "selected"])
        if os.uname().machine == "x86_64":
            t.same("what is left to C", engine["helped"]["value"], helped)
        t.check("how long the code took", number(engine["code made in"], "ms"), engine)


def main():
    with Suite() as t:
        test_golden(t)
        test_vec(t)
        test_llvm(t)
        test_forms(t)
        test_errors(t)
    t.finish()


if __name__ == "__main__":
    main()
