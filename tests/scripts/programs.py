#!/usr/bin/env python3
# tg-test: checked timeout=900
"""Machines and kernels of programs: the examples against what independent programs say (tests/lang/oracle), every block of
docs/language.md that asserts something, reports against NumPy, phases, traps and errors; each on several engines, thread
counts and windows, with one output."""
import json
import os
import pathlib
import re
import subprocess
import sys

from cli import SOURCE, Suite

try:
    import numpy as np
except ImportError:
    if os.environ.get("PYTHON", sys.executable) != sys.executable:
        os.execv(os.environ["PYTHON"], [os.environ["PYTHON"], *sys.argv])
    print("1..0 # SKIP NumPy is not installed for this Python")
    sys.exit(0)

ORACLE = SOURCE / "tests/lang/oracle"
EXAMPLES = SOURCE / "examples"
WAYS = [["--backend", "ref"], ["--backend", "vec", "--threads", "1"], ["--threads", "2", "--window", "4096"],
        ["--threads", "3", "--passes", "none"], ["--passes", "-select", "--window", "8192"]]


def oracle(name, *options):
    command = [sys.executable, ORACLE / f"{name}.py", *map(str, options)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def report_of(t, file, *options):
    result = t.run("run", file, "--json", *options)
    t.check(f"{pathlib.Path(file).name} runs", result.status == 0, result)
    return json.loads(result.out)["report"] if result.status == 0 else {}


def near(a, b, relative=1e-12):
    return abs(a - b) <= relative * max(abs(a), abs(b))


# ---- examples ----

def one_output(t, name, n, *options):
    """The same JSON in every way."""
    first = t.run("run", EXAMPLES / f"{name}.tg", "-n", n, "--json", *options)
    for way in WAYS:
        other = t.run("run", EXAMPLES / f"{name}.tg", "-n", n, "--json", *options, *way)
        t.same(f"{name} with {' '.join(way)}", other.out, first.out)


def pi(t):
    wanted = oracle("pi", "-n", 300, "--steps", 50, "--seed", 7)
    found = report_of(t, EXAMPLES / "pi.tg", "-n", 300, "--param", "steps=50", "--seed", 7, "--out", "hits=hits.npy")
    hits = np.load(t.folder / "hits.npy").astype(np.uint64)
    t.same("pi: hits", [int(hits.sum()), int((hits * hits).sum())], [wanted["hits"], wanted["squares"]])
    t.same("pi: pi", found["pi"], wanted["pi"])
    one_output(t, "pi", 5000, "--param", "steps=20")


def bootstrap(t):
    wanted = oracle("bootstrap", "-n", 5000, "--seed", 3, "--out", t.folder / "wanted.npy")
    found = report_of(t, EXAMPLES / "bootstrap.tg", "-n", 5000, "--seed", 3, "--out", "difference=found.npy")
    same = (np.load(t.folder / "found.npy") == np.load(t.folder / "wanted.npy")).all()
    t.check("bootstrap: every difference", same)
    t.same("bootstrap: interval", [found["low"], found["high"]], [wanted["low"], wanted["high"]])
    t.same("bootstrap: histogram", found["shape"]["counts"], wanted["shape"])
    t.check("bootstrap: average and error", near(found["average"], wanted["average"]) and near(found["error"], wanted["error"]),
            f"{found} {wanted}")
    one_output(t, "bootstrap", 9000)


def others(t):
    found = report_of(t, EXAMPLES / "collatz.tg", "-n", 999999)
    t.same("collatz: below 10^6 the longest chain is that of 837799", [found["longest"], found["start"]], [524, 837799])
    one_output(t, "collatz", 9000)
    found = report_of(t, EXAMPLES / "sha256.tg", "-n", 5000)
    wanted = oracle("sha256", "-n", 5000)
    t.same("sha256: best number and its digest", [found["number"], found["digest"]], [wanted["number"], wanted["digest"]])
    one_output(t, "sha256", 500)
    found, wanted = report_of(t, EXAMPLES / "mandelbrot.tg", "-n", 100000), oracle("mandelbrot", "-n", 100000)
    t.same("mandelbrot: inside, and all steps", [found["inside"], found["steps"]], [wanted["inside"], wanted["steps"]])
    one_output(t, "mandelbrot", 9000)
    found = report_of(t, EXAMPLES / "black_scholes.tg", "-n", 2001, "--out", "call=call.npy", "--out", "put=put.npy")
    wanted = oracle("black_scholes", "-n", 2001)
    for side in "call", "put":
        prices = np.load(t.folder / f"{side}.npy")
        worst = float(np.max(np.abs(prices - np.array(wanted[side]))))
        t.check(f"black_scholes: {side}s within 10^-13 of the exact prices", worst < 1e-13, worst)
    one_output(t, "black_scholes", 4001)
    found = report_of(t, EXAMPLES / "queens.tg")
    t.same("queens: 14200 ways on a board of 12", found["solutions"], 14200)
    one_output(t, "queens", 144, "--param", "size=7")


# ---- the language's own words ----

def blocks(t):
    text = (SOURCE / "docs/language.md").read_text(encoding="utf-8")
    bodies = re.findall(r"```tg body\n(.*?)```", text, re.DOTALL)
    t.check("docs/language.md has bodies that assert", sum("assert" in b for b in bodies) >= 5)
    for number, body in enumerate(bodies):
        (t.folder / "body.tg").write_text(f"machine example {{\n{body}\n}}\n", encoding="utf-8")
        for way in [["--backend", "ref"], ["--backend", "vec"], ["--passes", "none"]]:
            result = t.run("run", "body.tg", "-n", 5, "--quiet", *way)
            t.check(f"body {number + 1} of docs/language.md, {' '.join(way)}", result.status == 0, result)


REPORT = """
machine everything {
    param bias: f64 = 0.5;
    in x: f64;
    in t: [i32];
    out y: f64;
    out path: [i32; 3];
    y = x * 2.0 + bias;
    assert(x != 99.0);
    for i in 0..3 {
        path[i] = t[(id + u64(i)) % len(t)];
    }
    report {
        n = count(y > 0.0);
        total = sum(path[1]);
        average = mean(y);
        spread = variance(y);
        least = min(y);
        most = max(path[2]);
        where_least = argmin(y);
        where_most = argmax(y);
        middle = quantile(y, 0.5);
        third = quantile(path[0], 1.0 / 3.0);
        let low = average - 2.0 * sqrt(spread);
        wide = histogram(y, low, low + 4.0 * sqrt(spread), 7);
        fixed = histogram(y, -2.0, 2.0, 8);
        per = f64(n) / f64(count);
    }
}
"""


def reports(t):
    random = np.random.default_rng(1)
    x, table = random.normal(size=10007), random.integers(-50, 50, 13).astype(np.int32)
    x[[5, 4096, 9000]] = 99.0
    np.save(t.folder / "x.npy", x)
    np.save(t.folder / "t.npy", table)
    (t.folder / "all.tg").write_text(REPORT, encoding="utf-8")
    options = ["all.tg", "--in", "x=x.npy", "--in", "t=t.npy", "--out", "path=path.npy", "--json"]
    first = t.run("run", *options)
    t.same("traps: status 3 and how many", [first.status, json.loads(first.out)["traps"]["count"]], [3, 3])
    t.same("traps: the first, and its line", [json.loads(first.out)["traps"]["first"][k] for k in ("instance", "line")], [5, 9])
    found, live = json.loads(first.out)["report"], x != 99.0
    y, path = (x * 2.0 + 0.5)[live], np.stack([table[(np.arange(x.size) + i) % table.size] for i in range(3)], axis=1)
    saved = np.load(t.folder / "path.npy")
    t.check("outputs that are arrays", saved.shape == (x.size, 3) and (saved[live] == path[live]).all() and not saved[~live].any())
    path, ids = path[live], np.arange(x.size)[live]
    exact = {"n": int((y > 0).sum()), "total": int(path[:, 1].sum()), "least": y.min(), "most": int(path[:, 2].max()),
             "where_least": int(ids[y.argmin()]), "where_most": int(ids[y.argmax()]), "middle": np.sort(y)[(y.size + 1) // 2 - 1],
             "third": int(np.sort(path[:, 0])[int(np.ceil(y.size / 3.0)) - 1])}
    for name, wanted in exact.items():
        t.same(f"report: {name}", found[name], wanted)
    for name, wanted in {"average": y.mean(), "spread": y.var(ddof=1), "per": exact["n"] / x.size}.items():
        t.check(f"report: {name}", near(found[name], wanted), f"{found[name]} {wanted}")
    for name, bins in {"wide": 7, "fixed": 8}.items():
        bounds = found[name]["low"], found[name]["high"]
        wanted = np.histogram(y[y < bounds[1]], bins, range=bounds)[0]
        t.same(f"report: {name}", found[name]["counts"], [int(c) for c in wanted])
    for way in WAYS:
        t.same(f"report, {' '.join(way)}", t.run("run", *options, *way).out, first.out)


PHASES = """
machine phases {
    out a: u64;
    out b: u32;
    var kept = id * 3;
    var words: [u32; 3];
    var first = random_u32();
    words[id % 3] = first;
    assert(id % 10 != 7);
    if id % 10 == 4 {
        a = 1;
        return;
    }
    sync;
    kept += u64(words[id % 3] - first) + 1;
    first = random_u32();
    assert(id % 10 != 8);
    sync;
    a = kept;
    b = first ^ random_u32();
    report {
        total = sum(a);
    }
}
"""


def phases(t):
    sys.path.insert(0, str(ORACLE))
    import philox
    (t.folder / "phases.tg").write_text(PHASES, encoding="utf-8")
    options = ["phases.tg", "-n", 70000, "--out", "a=a.npy", "--out", "b=b.npy", "--json"]
    first = t.run("run", *options)
    found, traps = json.loads(first.out)["report"], json.loads(first.out)["traps"]
    ids = np.arange(70000, dtype=np.uint64)
    words = philox.words(0, ids, 0, 3)
    gone, early = (ids % 10 == 7) | (ids % 10 == 8), ids % 10 == 4
    a = np.where(gone, 0, np.where(early, 1, ids * 3 + 1))
    b = np.where(gone | early, 0, words[1] ^ words[2])
    t.same("phases: instances that halt in either phase", [traps["count"], traps["first"]["instance"], traps["first"]["line"]],
           [14000, 7, 9])
    t.check("phases: state lives across them", (np.load(t.folder / "a.npy") == a).all())
    t.check("phases: random numbers go on", (np.load(t.folder / "b.npy") == b).all())
    t.same("phases: the report", found["total"], int(a.sum()))
    for way in WAYS:
        t.same(f"phases, {' '.join(way)}", t.run("run", *options, *way).out, first.out)
    many = "".join(f"    var v{i} = f64(id) * {i}.5;\n" for i in range(17)) + "    sync;\n    y = " + " + ".join(f"v{i}" for i in range(17))
    (t.folder / "over.tg").write_text(f"machine over {{\n    out y: f64;\n{many};\n}}\n", encoding="utf-8")
    result = t.run("run", "over.tg")
    t.check("over the budget: an error that names the variables", result.status == 1 and "136 bytes" in result.err and "v16" in result.err, result)


FUEL = """
machine fuel {
    out a: u64;
    out path: [u32; 3];
    out late: u32;
    var n = id % 13;
    var junk = f64(id);
    repeat n {
        a += 1;
    }
    if id == 3 {
        return;
    }
    sync;
    junk = 2.0;
    while a % 7 != 6 {
        a += 1;
    }
    sync;
    for i in 0..3 {
        path[i] = u32(a) + u32(junk);
    }
    repeat n {
        if late == 9 {
            break;
        }
        late += 1;
    }
}
"""


def rounds_of_fuel(n_all):
    """Of each instance: what the machine gives, and the rounds that it takes in all its phases."""
    for number in range(n_all):
        n = number % 13
        if number == 3:
            yield (3, 0, 0), 3
            continue
        more = (6 - n) % 7
        a, broken = n + more, n > 9
        yield (a, a + 2, min(n, 9)), n + more + 3 + (10 if broken else n)


def fuel(t):
    """One budget for all phases, on every engine, to the last round."""
    (t.folder / "fuel.tg").write_text(FUEL, encoding="utf-8")
    (t.folder / "one.tg").write_text(FUEL.replace("    sync;\n", ""), encoding="utf-8")
    instances = list(rounds_of_fuel(40))
    listed = t.run("backends").out
    names = [name for name in ("ref", "vec", "llvm") if re.search(rf"^{name}(?!.* not available)", listed, re.MULTILINE)]
    for most in [0, 3, 15, 16, 23, 100]:
        wanted = [given if taken <= most else (0, 0, 0) for given, taken in instances]
        n_out = sum(taken > most for _, taken in instances)
        for way in [["--backend", name, "--passes", passes] for name in names for passes in ("all", "none")]:
            for file in "fuel.tg", "one.tg":
                result = t.run("run", file, "-n", 40, "--max-steps", most, "--out", "a=a.npy", "--out", "path=path.npy",
                               "--out", "late=late.npy", *way)
                found = list(zip(*(np.load(t.folder / f"{name}.npy").reshape(40, -1)[:, -1].tolist() for name in ("a", "path", "late"))))
                t.check(f"{file}: {most} rounds, {' '.join(way)}",
                        found == wanted and result.status == (3 if n_out else 0) and (f"{n_out} of 40" in result.err or not n_out),
                        f"{result}\n{found}\n{wanted}")


# ---- kernels, and what is wrong ----

KERNELS = """
kernel axpy(m: f32, x: [f32], b: [f32]) -> (y: [f32]) {
    y = m*x + b;
}
kernel pick(i: [i32], shared t: [f64]) -> (y: [f64]) {
    if i >= 0 && u64(i) < len(t) {
        y = t[i];
    }
}
"""


def kernels(t):
    (t.folder / "k.tg").write_text(KERNELS, encoding="utf-8")
    x, b = np.arange(100, dtype=np.float32), np.linspace(-1, 1, 100).astype(np.float32)
    i, table = np.arange(-3, 12, dtype=np.int32), np.arange(9.0) ** 2
    for name, value in {"x": x, "b": b, "i": i, "t": table}.items():
        np.save(t.folder / f"{name}.npy", value)
    result = t.run("run", "k.tg", "--entry", "axpy", "--in", "x=x.npy", "--in", "b=b.npy", "--param", "m=2.5", "--out", "y=y.npy")
    t.check("a kernel", result.status == 0 and (np.load(t.folder / "y.npy") == np.float32(2.5) * x + b).all(), result)
    result = t.run("run", "k.tg", "--entry", "pick", "--in", "i=i.npy", "--in", "t=t.npy", "--out", "y=y.npy")
    wanted = np.where((i >= 0) & (i < 9), table[np.clip(i, 0, 8)], 0)
    t.check("a kernel with a table", result.status == 0 and (np.load(t.folder / "y.npy") == wanted).all(), result)
    for arguments, status, words in [
            (["k.tg"], 1, "axpy, pick"),
            (["k.tg", "--entry", "axpi"], 1, "the program has"),
            (["k.tg", "--entry", "axpy", "--in", "x=x.npy"], 2, "nothing is given for"),
            ([EXAMPLES / "pi.tg", "-n", 10, "--param", "steps=0"], 1, "outside its range"),
            ([EXAMPLES / "pi.tg", "-n", 10, "--max-steps", 5], 3, "out of fuel"),
            ([EXAMPLES / "pi.tg", "--seed", "x"], 2, "--seed wants")]:
        result = t.run("run", *arguments)
        t.check(f"wrong: {arguments}", result.status == status and words in result.err, result)


# ---- from C ----

def throws_until(faces, seed, instance):
    """How often a die is thrown until it shows its last face, by words of Philox made one by one."""
    import philox
    word = thrown = 0
    while True:
        while True:
            product = int(philox.words(seed, np.array([instance], np.uint64), word, 1)[0][0]) * faces
            word += 1
            if product % 2**32 >= 2**32 % faces:
                break
        thrown += 1
        if product >> 32 == faces - 1:
            return thrown


def embedded(t):
    program = pathlib.Path(os.environ["TG_BUILD"]) / "examples/embed"
    done = subprocess.run([program], stdout=subprocess.PIPE, check=False)
    out = done.stdout.decode()
    found = re.search(r"after ([\d.]+) throws", out)
    t.check("embed: the average of 10^6 throws", done.returncode == 0 and found and abs(float(found[1]) - 20) < 0.1, out)
    wanted = " ".join(str(throws_until(20, 42, k)) for k in range(10))
    t.check("embed: the first ten", f"the first ten: {wanted}\n" in out, f"{out}\nwanted {wanted}")
    t.check("embed: a formula", "y = m*x + b: 2.5 4.25 6.125 8\n" in out, out)


def main():
    with Suite() as t:
        for part in pi, bootstrap, others, blocks, reports, phases, fuel, kernels, embedded:
            part(t)
    return 1 if t.failed else 0


if __name__ == "__main__":
    sys.exit(main())
