#!/usr/bin/env python3
# tg-test: checked timeout=600
"""Routines: throng show --stage routine and graph, and throng explain, of programs. What they print of the programs in
tests/golden/routine; what must hold of every schedule; and that a sync between any two statements changes no result.

With TG_BLESS=1 the golden files are written anew; look at the difference before you keep them."""
import json
import os
import re

from cli import SOURCE, Suite

GOLDEN = SOURCE / "tests/golden/routine"
STEP = re.compile(r"^  (?P<name>[0-9]\S*) +(?P<line>\d+):(?P<column>\d+) +(?P<what>\S.*?) +(?P<ops>\d+) +(?P<path>\d+)(?P<critical>\*?) ")


def golden(t, title, path, found):
    if os.environ.get("TG_BLESS") == "1":
        path.write_text(found, encoding="utf-8")
    t.same(title, found, path.read_text(encoding="utf-8") if path.exists() else "(there is no such file)")


def test_golden(t):
    for source in sorted(GOLDEN.glob("*.tg")):
        name = t.write(source.name, source.read_bytes()).name
        golden(t, f"{name}: routines", source.with_suffix(".txt"), t.run("show", name, "--stage", "routine").out)
        golden(t, f"{name}: graphs", source.with_suffix(".tgg"), t.run("show", name, "--stage", "graph").out)


# ---- of every schedule ----

def steps_of(text):
    """By phase: (name, operations, path, is critical, names of the steps that it comes after)."""
    text = re.sub(r"\n {50,}", " ", text)
    for phase in re.split(r"(?m)^phase ", text)[1:]:
        steps = []
        for line in phase.splitlines():
            found = STEP.match(line)
            if found:
                after = re.search(r"after (\S+ \([^)]*\)(?:, \S+ \([^)]*\))*)", line)
                needs = re.findall(r"(\S+) \([^)]*\)", after.group(1)) if after else []
                steps.append((found["name"], int(found["ops"]), int(found["path"]), found["critical"] == "*", needs))
        total = re.match(r"\d+: (\d+) operations, (\d+) on the critical path", phase)
        yield steps, int(total[1]), int(total[2])


def block(name):
    return name.rpartition(".")[0]


def wrong_steps(steps, operations, path):
    """What does not hold of the steps of a phase."""
    seen, inside = set(), {}
    for name, ops, length, critical, needs in steps:
        if length > ops or length > path or ops > operations:
            yield f"{name} is longer than it can be"
        for need in needs:
            if need not in seen or block(need) != block(name):
                yield f"{name} comes after {need}, which is not before it in its block"
        parent = name
        while "." in parent and parent not in inside:
            parent = block(parent)
        if critical and parent in inside and not inside[parent][1]:
            yield f"{name} is on the critical path, but {parent} is not"
        seen.add(name)
        inside[name] = (ops, critical)
    top = [ops for name, ops, *_ in steps if "." not in name]
    if sum(top) > operations:
        yield f"the statements have {sum(top)} operations, the phase {operations}"
    if path > 0 and steps and sum(length for name, _, length, *_ in steps if "." not in name) == 0 and operations == sum(top):
        yield "the critical path is in no statement"


def programs():
    for folder in ("examples", "tests/golden/routine", "tests/golden/lang", "tests/lang", "fuzz/corpus/lang", "bench"):
        yield from sorted(p for p in (SOURCE / folder).rglob("*.tg") if p.is_file())


def test_properties(t):
    n_shown, wrong = 0, []
    for source in programs():
        entries = re.findall(r"(?m)^(?:machine|kernel) +(\w+)", source.read_text(encoding="utf-8", errors="replace"))
        for entry in entries:
            result = t.run("show", source, "--stage", "routine", "--entry", entry)
            if result.status != 0:
                continue
            n_shown += 1
            for steps, operations, path in steps_of(result.out):
                wrong += [f"{source} {entry}: {what}" for what in wrong_steps(steps, operations, path)]
            if max(map(len, result.out.splitlines())) > 240:
                wrong.append(f"{source} {entry}: a line is long")
    t.check(f"{n_shown} schedules hold together", n_shown >= 10 and not wrong, "\n".join(wrong[:20]))


# ---- syncs change nothing ----

def with_syncs(text):
    """A machine in canonical layout with a sync after each statement of its body, and how many."""
    out, n, inside = [], 0, False
    for line in text.splitlines():
        if re.match(r"    report\b", line) or line == "}":
            inside = False
        out.append(line)
        inside = inside or line.startswith("machine ")
        is_end = re.match(r"    [^ /].*;(\s*//.*)?$|    \}$", line)
        if inside and is_end and not re.match(r"    (param|in|out|sync|return)\b", line):
            out.append("    sync;")
            n += 1
    return "\n".join(out) + "\n", n


BODIES = """machine bodies {
    out a: u64;
    out b: f64;
    out c: [i32; 5];
    var s: u32 = random_u32() % 7;
    var old = f64(s);
    var words: [i32; 5];
    let half = s / 2;
    for i in 0..5 {
        words[i] = i32(id) + i * i32(half);
        if words[i] % 11 == 10 {
            a = 99;
            return;
        }
    }
    match s {
        0 => b = -1.0;
        1, 2 => {
            old += 1.5;
            s = 5;
        }
        _ => old *= 2.0;
    }
    old = old + f64(random_u32() % 3);
    while s > 0 {
        s -= 1;
        if s == 3 {
            continue;
        }
        a += u64(words[s % 5]) + u64(random_u32() % 2);
        if a % 13 == 12 {
            break;
        }
    }
    s = random_u32();
    assert(s % 10 != 9);
    words = [1; 5];
    b += old;
    c[s % 5] = words[half % 5] + i32(s % 100);
    var again: u32;
    again = s;
    a = a ^ u64(again);
}
"""


def test_syncs(t):
    n_run, n_syncs = 0, 0
    texts = {"bodies": BODIES}
    texts.update({p.stem: p.read_text(encoding="utf-8") for p in sorted((SOURCE / "examples").glob("*.tg"))})
    for name, text in texts.items():
        changed, n = with_syncs(text)
        changed = re.sub(r'= "data/', f'= "{SOURCE}/examples/data/', changed)
        plain = re.sub(r'= "data/', f'= "{SOURCE}/examples/data/', text)
        t.write("plain.tg", plain)
        t.write("syncs.tg", changed)
        for way in (["--backend", "ref"], ["--backend", "vec"], ["--passes", "none"]):
            options = ["-n", 500, "--json", *way]
            wanted, found = t.run("run", "plain.tg", *options), t.run("run", "syncs.tg", *options)
            if "bytes across sync" in found.err or "values across sync" in found.err:
                break
            n_run, n_syncs = n_run + 1, n_syncs + n
            same = re.sub(r'plain|"line": \d+', "", wanted.out) == re.sub(r'syncs|"line": \d+', "", found.out)
            t.check(f"{name} with {n} syncs, {' '.join(way)}", same and wanted.status == found.status, f"{wanted}\n{found}")
    t.check(f"{n_run} runs with {n_syncs} syncs", n_run >= 9 and n_syncs > 60)


# ---- stages and errors ----

def test_stages(t):
    name = t.write("sum.tg", "kernel sum3(x: [f64]) -> (y: [f64]) {\n    y = x + 1.0 + 2.0;\n}\n"
                   "kernel other(x: [f64]) -> (y: [f64]) {\n    y = x;\n}\n").name
    graph = t.run("show", name, "--entry", "sum3")
    t.check("a program of one phase is shown as a graph", graph.status == 0 and graph.out.startswith("graph sum3 {"), graph)
    t.write("sum.tgg", graph.out)
    t.check("which can be read", t.run("check", "sum.tgg").status == 0)
    t.write("x.csv", "x\n1\n2\n")
    found = [t.run("run", file, *more, "--in", "x=x.csv", "--json").out for file, more in (("sum.tg", ["--entry", "sum3"]), ("sum.tgg", []))]
    t.same("and gives the same", *(json.loads(text)["outputs"] for text in found))
    result = t.run("show", name, "--entry", "sum3", "--stage", "graph", "--after", "dce")
    t.check("--after", result.status == 0 and result.out.startswith("graph sum3 {"), result)
    for arguments, status, words in [
            ([name], 1, "several to run: sum3, other"),
            ([name, "--entry", "sum4"], 1, "the program has: sum3, other"),
            ([name, "--entry", "sum3", "--stage", "stack"], 1, "no stage 'stack'"),
            ([name, "--entry", "sum3", "--stage", "signature"], 1, "no stage 'signature'"),
            ([name, "--stage", "routines"], 2, "did you mean 'routine'?"),
            ([name, "--stage", "routine", "--after", "dce"], 2, "--after goes with --stage graph"),
            ([SOURCE / "examples/axpy.tgg", "--stage", "routine"], 1, "no program of the language")]:
        result = t.run("show", *arguments)
        t.check(f"show {' '.join(map(str, arguments))}", result.status == status and words in result.err and not result.out, result)
    t.write("wrong.tg", "machine m {\n    out y: u8;\n    y = z;\n}\n")
    for command in (["show", "wrong.tg", "--stage", "routine"], ["show", "wrong.tg"], ["explain", "wrong.tg"]):
        result = t.run(*command)
        t.check(f"{' '.join(command)}: the error", result.status == 1 and "wrong.tg:3:9: error" in result.err, result)


def test_explain(t):
    name = t.write("phases.tg", (GOLDEN / "phases.tg").read_bytes()).name
    result = t.run("explain", name, "--no-measure", "--json", "--backend", "ref")
    t.check("explain a program", result.status == 0 and result.err == "", result)
    records = json.loads(result.out)
    t.same("sections", [s for s in records if ":" not in s], ["program", "state", "functions", "phase 1", "phase 2", "phase 3"])
    t.check("those of each kernel", all(f"phase {k}: {s}" in records for k in (1, 2, 3) for s in ("kernel", "passes", "streams", "operations")), list(records))
    t.same("phases", records["program"]["phases"]["value"], 3)
    shown = t.run("show", name, "--stage", "routine").out
    for k, (_, operations, path) in enumerate(steps_of(shown)):
        section = records[f"phase {k + 1}"]
        t.same(f"phase {k + 1}", [section["operations"]["value"], section["critical path"]["value"]], [operations, path])
    t.check("the state names its variables", "kept in slot" in records["state"]["sync 1"]["reason"], records["state"])
    regroup = [key for section in records for key in records[section] if key.startswith("regroup after")]
    t.check("regrouping points", len(regroup) >= 2, records)
    one = json.loads(t.run("explain", SOURCE / "examples/pi.tg", "--no-measure", "--json").out)
    t.check("one phase has the sections of a graph", "kernel" in one and "phase 1" in one and "passes" in one, list(one))
    text = t.run("explain", name, "--no-measure")
    t.check("no line is longer than 118 columns", max(map(len, text.out.splitlines())) <= 118, text)


def main():
    with Suite() as t:
        for test in (test_golden, test_properties, test_syncs, test_stages, test_explain):
            test(t)
    t.finish()


if __name__ == "__main__":
    main()
