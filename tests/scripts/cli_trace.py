#!/usr/bin/env python3
# tg-test: checked
"""throng trace: agrees with throng run to the bit on every example; steps, traps, options, errors."""
import json
import os
import sys

try:
    import numpy as np
except ImportError:
    if os.environ.get("PYTHON", sys.executable) != sys.executable:
        os.execv(os.environ["PYTHON"], [os.environ["PYTHON"], *sys.argv])
    print("1..0 # SKIP NumPy is not installed for this Python")
    sys.exit(0)

from cli import AXPY, SOURCE, Suite

N = 50
WALK = """struct point { x: f64; y: f32; }

fn add(p: point, a: [f64]) -> (f64, point) {
    return p.x + a[1], point(1, 2);
}

machine walk {
    param k: u32 = 2;
    in start: i16;
    out y: f64;
    out list: [i32; 3];

    var p = point(3, 4);
    var z: [f64; 2];
    z[id % 3] += 2.5;
    y, p = add(p, z);
    list[1] = i32(start);
    sync;
    repeat k {
        y += uniform_f64();
    }
    assert(id != 4);
}
"""


def outputs_of(t, path, *options):
    """What a run of N instances gives: {name: array}, and the object of --json."""
    found = json.loads(t.run("run", path, "-n", N, "--json", *options).out)
    files = {output["name"]: t.folder / f"{output['name']}.npy" for output in found["outputs"]}
    t.run("run", path, "-n", N, *options, *(f"--out={name}={file}" for name, file in files.items()))
    return {name: np.load(file) for name, file in files.items()}, found


def same_values(array, value):
    """Whether the value of JSON reads as exactly the elements of the array."""
    flat = np.asarray(value if isinstance(value, list) else [value], dtype=object)
    if array.dtype.kind == "f":
        made = np.array([array.dtype.type(str(x)) for x in flat], dtype=array.dtype)
    else:
        made = np.array([array.dtype.type(x) for x in flat], dtype=array.dtype)
    return made.tobytes() == np.ravel(array).tobytes()


def test_examples(t):
    for path in sorted((SOURCE / "examples").glob("*.tg")):
        for seed in (0, 1 << 40):
            wanted, found = outputs_of(t, path, "--seed", seed)
            t.check(f"{path.name} runs", found["traps"]["count"] == 0 and wanted, found)
            for instance in (0, 1, 7, N - 1):
                r = t.run("trace", path, "-n", N, "--instance", instance, "--seed", seed, "--json", "--steps", 3)
                got = json.loads(r.out) if r.out else {"outputs": {}}
                same = [name for name in wanted if same_values(wanted[name][instance], got["outputs"].get(name, "0"))]
                t.check(f"{path.name}: instance {instance}, seed {seed}, all outputs to the bit",
                        same == list(wanted), f"{r}\n{ {name: wanted[name][instance] for name in wanted} }")


def test_steps(t):
    t.write("walk.tg", WALK)
    r = t.run("trace", "walk.tg", "--param", "start=-7", "--instance", 1, "-n", 9)
    lines = [line.split(None, 2) for line in r.out.splitlines() if line.strip()[:1].isdigit()]
    t.same("the lines of the statements, in the order of execution", [int(line[1]) for line in lines],
           [13, 14, 15, 3, 4, 16, 17, 18, 19, 20, 20, 22])
    t.check("what they changed", "z[1] = 2.5" in r.out and "p.x = 1.0, p.y = 2.0" in r.out and "list[1] = -7" in r.out, r)
    t.check("the outputs at the end", r.status == 0 and "list = [0, -7, 0]" in r.out.splitlines()[-1], r)
    t.write("start.csv", "start\n" + "".join(f"{k * 3}\n" for k in range(6000)))
    r = t.run("trace", "walk.tg", "--in", "start=start.csv", "--instance", 4999, "--steps", 0)
    t.check("an element deep in a file", "list = [0, 14997, 0]" in r.out, r)
    r = t.run("trace", "walk.tg", "--param", "start=0", "--from", 3, "--steps", 2)
    t.check("a part of the steps", "and 8 steps more" in r.out and "       3 " in r.out and "       5 " not in r.out, r)
    r = t.run("trace", "walk.tg", "--param", "start=0", "--library")
    t.check("the library's steps when they are wanted", "fn uniform_f64" in r.out, r)
    steps = json.loads(t.run("trace", "walk.tg", "--param", "start=5", "--json").out)["steps"]
    t.same("steps as JSON", [s["values"] for s in steps][4],
           [{"type": "f64", "value": 3.0}, {"field": "x", "type": "f64", "value": 1.0},
            {"field": "y", "type": "f32", "value": 2.0}])


def test_traps(t):
    t.write("walk.tg", WALK)
    for options, code, line in ((["--instance", 2], 2, 15), (["--instance", 4], 1, 22), (["--max-steps", 1], 2**32 - 1, 19)):
        r = t.run("trace", "walk.tg", "--param", "start=0", "--json", *options)
        trap = json.loads(r.out)["trap"]
        t.check(f"trap {code} is told", r.status == 3 and (trap["code"], trap["line"]) == (code, line), r)
        t.same("a trapped instance has no outputs", json.loads(r.out)["outputs"], {})
        r = t.run("trace", "walk.tg", "--param", "start=0", *options)
        t.check("with its place", r.status == 3 and f"walk.tg:{line}:" in r.err and "trapped" in r.err and "^" in r.err, r)
    _, found = outputs_of(t, t.folder / "walk.tg", "--param", "start=0")
    t.same("as the run tells it", (found["traps"]["first"]["instance"], found["traps"]["first"]["line"]), (2, 15))


def test_errors(t):
    t.write("walk.tg", WALK)
    for arguments, status, text in (
            (["walk.tg", "--param", "start=0", "--instance", 9, "-n", 9], 2, "no instance 9"),
            (["walk.tg", "--param", "start=0", "--instance", "x"], 2, "wants a number"),
            (["walk.tg"], 2, "throng trace: error: nothing is given for input 'start'"),
            (["walk.tg", "--param", "k=-1", "--param", "start=1"], 2, "--param k"),
            (["walk.tg", "--backend", "ref"], 2, "no option '--backend'"),
            (["walk.tg", "--param", "start=0", "--entry", "run"], 1, "no kernel or machine"),
            ([AXPY], 2, "no program of the language"),
            (["none.tg"], 1, "none.tg"),
            ([], 2, "FILE is missing")):
        r = t.run("trace", *arguments)
        t.check(f"trace {' '.join(map(str, arguments[1:]))}: {text}", r.status == status and text in r.err, r)
    t.write("kernel.tg", "kernel k(m: f32, x: [f32], shared t: [u8]) -> (y: [f32]) {\n    y = m*x + f32(t[1]);\n}\n")
    t.write("t.csv", "t\n1\n2\n")
    r = t.run("trace", "kernel.tg", "--param", "m=2", "--param", "x=3", "--in", "t=t.csv", "-n", 1)
    t.check("a kernel too", r.status == 0 and r.out.splitlines()[-1] == "y = 8.0", r)


def main():
    with Suite() as t:
        test_examples(t)
        test_steps(t)
        test_traps(t)
        test_errors(t)
    t.finish()


if __name__ == "__main__":
    main()
