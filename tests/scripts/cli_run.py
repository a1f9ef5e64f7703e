#!/usr/bin/env python3
# tg-test: checked
"""throng run: files of NumPy and the csv module in and out, printed results, JSON, traps, parameters and tables."""
import csv
import json
import math
import os
import re
import struct
import sys

try:
    import numpy as np
except ImportError:
    if os.environ.get("PYTHON", sys.executable) != sys.executable:
        os.execv(os.environ["PYTHON"], [os.environ["PYTHON"], *sys.argv])
    print("1..0 # SKIP NumPy is not installed for this Python")
    sys.exit(0)

from cli import AXPY, CONVERT, SOURCE, STATS, Suite

DTYPES = {"bool": "|b1", "i8": "|i1", "u8": "|u1", "i16": "<i2", "i32": "<i4", "i64": "<i8", "u16": "<u2",
          "u32": "<u4", "u64": "<u8",
          "f16": "<f2", "f32": "<f4", "f64": "<f8", "i16be": ">i2", "i32be": ">i4", "i64be": ">i8", "u16be": ">u2",
          "u32be": ">u4",
          "u64be": ">u8", "f16be": ">f2", "f32be": ">f4", "f64be": ">f8"}


def xxh64(data):
    """XXH64 with seed 0, written from its specification."""
    p1, p2, p3, p4, p5 = (11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579,
                          2870177450012600261)
    mask = 2**64 - 1

    def rotate(x, r):
        return (x << r | x >> 64 - r) & mask

    def step(acc, lane):
        return rotate((acc + lane * p2) & mask, 31) * p1 & mask

    at = 0
    if len(data) >= 32:
        v = [(p1 + p2) & mask, p2, 0, -p1 & mask]
        while at + 32 <= len(data):
            v = [step(acc, lane) for acc, lane in zip(v, struct.unpack_from("<4Q", data, at))]
            at += 32
        h = (rotate(v[0], 1) + rotate(v[1], 7) + rotate(v[2], 12) + rotate(v[3], 18)) & mask
        for acc in v:
            h = ((h ^ step(0, acc)) * p1 + p4) & mask
    else:
        h = p5
    h = (h + len(data)) & mask
    while at + 8 <= len(data):
        h = (rotate(h ^ step(0, struct.unpack_from("<Q", data, at)[0]), 27) * p1 + p4) & mask
        at += 8
    if at + 4 <= len(data):
        h = (rotate(h ^ struct.unpack_from("<I", data, at)[0] * p1 & mask, 23) * p2 + p3) & mask
        at += 4
    for byte in data[at:]:
        h = rotate(h ^ byte * p5 & mask, 11) * p1 & mask
    h = (h ^ h >> 33) * p2 & mask
    h = (h ^ h >> 29) * p3 & mask
    return h ^ h >> 32


def values_for(dtype, n):
    rng = np.random.default_rng(5)
    if dtype[1] == "f":
        with np.errstate(over="ignore"):
            special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-7, -1e-45, 65504.0])
            return np.concatenate([special, rng.normal(size=n - 8) * 1000]).astype(dtype)
    if dtype[1] == "b":
        return rng.integers(0, 2, n).astype(dtype)
    return np.frombuffer(rng.bytes(n * int(dtype[2])), dtype=dtype)


def bits(a):
    """Equal where the values are equal, NaN and the sign of zero included, in any byte order."""
    return np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<")).tobytes()


def test_dtypes(t):
    """Every mode, from .npy in either byte order and any shape, to .npy and .bin."""
    for mode, dtype in DTYPES.items():
        t.write("copy.tgg", f"graph copy {{ input x {mode} output y {mode} %x = load x store y %x }}")
        x = values_for(dtype, 600)
        forms = {"as is": x, "other order": x.astype(x.dtype.newbyteorder()), "two dimensions": x.reshape(20, 30),
                 "Fortran order": np.asfortranarray(x.reshape(20, 30).T), "one element": x[7].reshape(())}
        for name, a in forms.items():
            np.save(t.folder / "x.npy", a)
            r = t.run("run", "copy.tgg", "--in", "x=x.npy", "--out", "y=y.npy", "--json")
            wanted = x[7:8] if name == "one element" else x
            y = np.load(t.folder / "y.npy") if r.status == 0 else None
            good = r.status == 0 and y.dtype == np.dtype(dtype) and y.shape == wanted.shape and bits(y) == bits(wanted)
            t.check(f"{mode} from .npy, {name}", good, r)
        output = json.loads(t.run("run", "copy.tgg", "--in", "x=x.npy", "-n", "1", "--out", "y=y.bin",
                                  "--json").out)["outputs"][0]
        found = {"name": "y", "type": mode, "count": 1, "xxh64": f"{xxh64((t.folder / 'y.bin').read_bytes()):016x}"}
        t.same(f"{mode} to .bin, and its checksum", (output, (t.folder / "y.bin").read_bytes()),
               (found, x[7:8].tobytes()))
    np.save(t.folder / "v2.npy", np.arange(4, dtype="<u2").view("V2"))
    t.write("copy.tgg", "graph copy { input x bf16 output y bf16be output z bf16 %x = load x store y %x store z %x }")
    r = t.run("run", "copy.tgg", "--in", "x=v2.npy", "--out", "y=y.npy", "--out", "z=z.npy")
    same = [np.load(t.folder / name).tobytes() == np.arange(4, dtype="<u2").tobytes() for name in ("y.npy", "z.npy")]
    t.check("bf16 is '<V2'", r.status == 0 and same == [True, True], r)


def test_examples(t):
    rng = np.random.default_rng(6)
    x, b = rng.normal(size=10000).astype("f4"), rng.normal(size=10000).astype("f4")
    np.save(t.folder / "x.npy", x)
    np.save(t.folder / "b.npy", b)
    r = t.run("run", AXPY, "--param", "m=-2.5", "--in", "x=x.npy", "--in", "b=b.npy", "--out", "y=y.npy")
    t.check("axpy is NumPy's", r.status == 0 and bits(np.load(t.folder / "y.npy")) == bits(np.float32(-2.5) * x + b), r)
    t.check("with --out, no rows are printed", r.out == "" and r.err == "", r)
    np.save(t.folder / "be.npy", (x * 10.0 ** rng.integers(-9, 6, 10000)).astype(">f4"))
    r = t.run("run", CONVERT, "--in", "x=be.npy", "--out", "y=y.npy")
    with np.errstate(over="ignore"):
        wanted = np.load(t.folder / "be.npy").astype("<f2")
    t.check("convert is NumPy's", r.status == 0 and bits(np.load(t.folder / "y.npy")) == bits(wanted), r)
    d = rng.normal(size=10000)
    d[[77, 777]] = d.min() - 1
    np.save(t.folder / "d.npy", d)
    report = json.loads(t.run("run", STATS, "--in", "x=d.npy", "--json").out)["report"]
    exact = {"count": 10000, "least": d.min(), "least_at": 77, "greatest": d.max(), "greatest_at": int(d.argmax())}
    t.same("stats: count, extremes and where", {k: report[k] for k in exact}, exact)
    t.check("stats: sums", math.isclose(report["total"], math.fsum(d), rel_tol=1e-12)
            and math.isclose(report["squares"], math.fsum(d * d), rel_tol=1e-12), report)


def test_csv(t):
    rows = [("name", "a b", "c"), ("x, y", "1.5", "7"), ('"q"', "", "8"), ("z\nz", "NA", "9")]
    with open(t.folder / "t.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    t.write("g.tgg", "graph g { input a f64 input c u8 output b f64 output d i32 %a = load a %c = load c "
                     "%d = convert i32 %c "
                     "store b %a store d %d }")
    r = t.run("run", "g.tgg", "--in", "a=t.csv:a b", "--in", "c=t.csv:3", "--out", "d=out.csv", "--out", "b=out.csv",
              "--out", "d=d.csv")
    t.same("columns by name and number; two outputs in one file", (r.status, (t.folder / "out.csv").read_text()),
           (0, "d,b\n7,1.5\n8,nan\n9,nan\n"))
    t.same("and one of them in its own", (t.folder / "d.csv").read_text(), "d\n7\n8\n9\n")
    r = t.run("run", "g.tgg", "--in", "a=out.csv:b", "--in", "c=out.csv:d", "--out", "b=again.csv")
    t.same("what was written is read", (t.folder / "again.csv").read_text(), "b\n1.5\nnan\nnan\n")
    t.write("odd:name.csv", "c\n1\n")
    r = t.run("run", "g.tgg", "--in", "a=odd:name.csv:c", "--in", "c=odd:name.csv", "--quiet")
    t.check("a colon in a file's name", r.status == 0, r)
    nile = np.loadtxt(SOURCE / "examples/data/nile.csv", delimiter=",", skiprows=1)[:, 1]
    report = json.loads(t.run("run", STATS, "--in", f"x={SOURCE}/examples/data/nile.csv:volume",
                              "--json").out)["report"]
    t.same("a real file", (report["count"], report["total"], report["least"]), (nile.size, nile.sum(), nile.min()))


PRINTED = """total  10
at     none
first  none

lane    y  flag
   0  0.0  true
   1  0.5  true
   2  1.0  true
   3  1.5  true
   4  2.0  true
   5  2.5  true
   6  3.0  true
   7  3.0  true
   8  4.0  true
   9  4.5  true
 ... and 2 more; --out writes them all

slot  h
   0  6
   1  6
   2  0
"""


def test_printed(t):
    t.write("p.tgg", """graph p {
      output y f16
      output flag bool
      result total u64
      result at u32
      result first f32
      accumulator h i64
      uniform { %zero = const u32 0 %one = const u32 1 %f0 = const f32 0 %fh = const f32 0.5
                %two = const u32 2 %i1 = const i64 1 }
      %i = iota %zero, %one
      %f = iota %f0, %fh
      %seven = const u32 7
      %is7 = eq %i, %seven
      %three = const f32 3
      %y = select %is7, %three, %f
      store y %y
      %true = const bool true
      store flag %true
      %q, %r = divmod %i, %two
      combine h add %r, %i1
      %ten = const u32 10
      %small = lt %i, %ten
      sum total %small
      %inside = iota %zero, %one
      argmin at %i, %inside
      argmax first %f, %f
    }""")
    r = t.run("run", "p.tgg", "-n", "12", "--size", "h=3")
    wanted = PRINTED.replace("at     none\nfirst  none", "at     0\nfirst  5.5")
    t.same("results, rows and slots", (r.status, r.out, r.err), (0, wanted, ""))
    r = t.run("run", "p.tgg", "-n", "0", "--size", "h=0")
    t.same("no lanes: none", r.out, "total  0\nat     none\nfirst  none\n\nlane  y  flag\n\nslot  h\n")
    r = t.run("run", "p.tgg", "-n", "12", "--size", "h=3", "--quiet")
    t.same("--quiet prints results only", r.out, "total  10\nat     0\nfirst  5.5\n")
    t.write("h.csv", "100\n0\n-5\n0\n")
    r = t.run("run", "p.tgg", "-n", "12", "--in", "h=h.csv", "--out", "h=h.csv", "--out", "at=at.bin", "--out",
              "total=total.npy")
    t.same("an accumulator goes on, in its own file", (t.folder / "h.csv").read_text(), "h\n106\n6\n-5\n0\n")
    t.same("results to files", ((t.folder / "at.bin").read_bytes(), np.load(t.folder / "total.npy").tolist()),
           (bytes(4), [10]))
    with_stats = t.run("run", "p.tgg", "-n", "12", "--size", "h=3", "--stats", "--backend", "ref")
    t.check("--stats goes to standard error", with_stats.out == wanted and "back-end ref" in with_stats.err
            and "seconds" in with_stats.err and re.search(r", \d+ threads?, 12 lanes", with_stats.err), with_stats)
    t.check("with what was moved and expected", re.search(r"^streams: .* GB/s$", with_stats.err, re.MULTILINE)
            and re.search(r"^expected: .* bound by \w+ .*reached", with_stats.err, re.MULTILINE), with_stats)
    t.write("rounds.tgg", """graph r { output y u32 %z = const u32 0 %o = const u32 1 %m = const u32 7 %i = iota %z, %o
      %n = and %i, %m %k = loop %a = %z { %c = lt %a, %n test %c %b = add %a, %o yield %b } store y %k }""")
    rounds = t.run("run", "rounds.tgg", "-n", "80000", "--stats", "--json", "--threads", "2", "--backend", "vec")
    loops = json.loads(rounds.out)["stats"]["loops"]
    t.check("rounds of loops are counted", loops["rounds"] == 80000 // 8 * 28 <= loops["computed"] <= 80000 * 7, loops)
    one = t.run("run", "p.tgg", "-n", "12", "--size", "h=3", "--stats", "--threads", "1")
    t.check("--threads 1", one.out == wanted and ", 1 thread, 12 lanes" in one.err, one)
    t.write("long.tgg", """graph long { result s f32 result l u32 accumulator h u32
      %z = const u32 0 %o = const u32 1 %i = iota %z, %o %f = convert f32 %i %m = const u32 31 %b = and %i, %m
      sum s %f argmax l %i, %b combine h add %b, %b }""")
    several = [t.run("run", "long.tgg", "-n", "200000", "--size", "h=32", "--threads", str(n)) for n in (1, 2, 3, 7)]
    t.check("threads change nothing", several[0].status == 0 and several[0].out.startswith("s  ")
            and len({r.out for r in several}) == 1, several[0])


def test_json(t):
    t.write("j.tgg", """graph j {
      input x f64
      result big u64 result low i64 result nan f64 result inf f32 result tiny f64 result short f32 result flag bool
      output y f32
      uniform { %most = const u64 18446744073709551615 %least = const i64 -9223372036854775808 %inf = const f32 -inf
                %tiny = const f64 5e-324 %short = const f32 0.1 %true = const bool true %nan = const f64 nan }
      %x = load x
      %y = convert f32 %x
      argmin big %most, %x
      argmin low %least, %x
      argmin nan %nan, %x
      argmin inf %inf, %x
      argmin tiny %tiny, %x
      argmin short %short, %x
      argmin flag %true, %x
      store y %y
    }""")
    r = t.run("run", "j.tgg", "-n", "100", "--param", "x=0.5", "--json")
    wanted = {"big": 18446744073709551615, "low": -9223372036854775808, "nan": "nan", "inf": "-inf", "tiny": 5e-324,
              "short": 0.1,
              "flag": True}
    t.same("values in JSON", json.loads(r.out)["report"], wanted)
    t.check("floats by their shortest digits", '"short": 0.1,' in r.out and '"tiny": 5e-324,' in r.out, r)
    y = np.full(100, 0.5, "<f4").tobytes()
    t.same("outputs in JSON", json.loads(r.out)["outputs"], [{"name": "y", "type": "f32", "count": 100,
                                                              "xxh64": f"{xxh64(y):016x}"}])
    t.same("keys, in this order", list(json.loads(r.out)), ["report", "outputs", "traps"])
    none = json.loads(t.run("run", "j.tgg", "-n", "0", "--param", "x=0.5", "--json").out)
    t.same("no lane: null", set(none["report"].values()), {None})
    stats = json.loads(t.run("run", "j.tgg", "-n", "100", "--param", "x=0.5", "--json", "--stats", "--backend",
                             "ref").out)
    t.check("--stats adds stats", list(stats) == ["report", "outputs", "traps", "stats"]
            and stats["stats"]["lanes"] == 100 and stats["stats"]["threads"] >= 1
            and stats["stats"]["backend"] == "ref" and set(stats["stats"]["seconds"]) == {"read", "compile", "run",
                                                                                          "write"}, stats)
    t.check("what was moved and expected", stats["stats"]["streams"]["bytes_in"] == 800
            and stats["stats"]["expected"]["bound_by"] in ("memory", "compute", "call")
            and stats["stats"]["expected"]["seconds"] > 0 and stats["stats"]["loops"]["rounds"] == 0
            and stats["stats"]["operations"] > 0, stats)
    del stats["stats"]
    t.same("and changes nothing else", stats, json.loads(r.out))
    for passes in ("all", "none", "-fold", "-fold,-cse", "dce"):
        again = t.run("run", "j.tgg", "-n", "100", "--param", "x=0.5", "--json", "--passes", passes, "--backend",
                      "auto")
        t.same(f"--passes {passes} changes nothing", (again.status, again.out), (0, r.out))


def test_traps(t):
    t.write("t.tgg", """graph t {
      input x i32
      output y i32
      result s i64
      %x = load x
      %zero = const i32 0
      %bad = lt %x, %zero
      trap 7 %bad @12
      %y = loop %k = %x @3 { %go = lt %zero, %k test %go %one = const i32 1 %next = sub %k, %one yield %next }
      %z = add %y, %x
      store y %z
      sum s %x
    }""")
    t.write("x.csv", "1\n-2\n3\n-4\n9\n")
    r = t.run("run", "t.tgg", "--in", "x=x.csv", "--json", "--out", "y=y.npy")
    t.same("trapped lanes: status 3", r.status, 3)
    t.same("their outputs are zero", np.load(t.folder / "y.npy").tolist(), [1, 0, 3, 0, 9])
    t.same("traps in JSON", json.loads(r.out)["traps"], {"count": 2, "first": {"lane": 1, "code": 7, "position": 12}})
    t.same("and they are in no sum", json.loads(r.out)["report"], {"s": 13})
    t.same("a message", r.err, "t.tgg: 2 of 5 lanes trapped; the first is lane 1, with code 7, at position 12\n")
    r = t.run("run", "t.tgg", "--in", "x=x.csv", "--quiet")
    t.same("no message with --quiet", (r.status, r.out, r.err), (3, "s  13\n", ""))
    t.write("x.csv", "1\n5\n3\n")
    r = t.run("run", "t.tgg", "--in", "x=x.csv", "--max-steps", "4")
    t.same("fuel", (r.status, r.err), (3, "t.tgg: 1 of 3 lanes trapped; the first is lane 1, "
                                          "which took more than 4 loop iterations, "
                                          "at position 3\n"))
    t.same("enough fuel", t.run("run", "t.tgg", "--in", "x=x.csv", "--max-steps", "5").status, 0)


def test_progress(t):
    """A line on a terminal says what is being done, and is gone at the end."""
    t.write("x.csv", "1\n2\n")
    for quiet in ([], ["--quiet"]):
        try:
            ours, theirs = os.openpty()
        except OSError as error:  # /dev/pts is not mounted, as in a bare chroot
            t.skip(f"progress on a terminal {' '.join(quiet)}".strip(), f"this machine gives no terminal: {error}")
            continue
        r = t.run("run", STATS, "--in", "x=x.csv", *quiet, stderr=theirs)
        os.close(theirs)
        said = b""
        try:
            while part := os.read(ours, 4096):
                said += part
        except OSError:  # how a terminal that was closed on the other side ends
            pass
        os.close(ours)
        complete = b"reading x.csv" in said and b"running" in said and said.endswith(b"\r\x1b[K")
        complete = said == b"" if quiet else complete
        t.check(f"progress on a terminal {' '.join(quiet)}".strip(), r.status == 0 and complete, said)


def test_operands(t):
    t.write("o.tgg", """graph o {
      param p i16 = -5 param q bool param r f32 = 0.5 table look u8 input i u32 input k f16 output y f32
      %p = param p %q = param q %r = param r %i = load i %k = load k
      %t = gather look %i %tf = convert f32 %t %pf = convert f32 %p %qf = convert f32 %q
      %a = add %tf, %pf %b = add %a, %qf %c = mul %b, %r %d = add %c, %k store y %d }""")
    np.save(t.folder / "look.npy", np.array([10, 20, 30], "u1"))
    t.write("i.bin", struct.pack("<5I", 0, 1, 2, 3, 2**32 - 1))
    common = ["run", "o.tgg", "--in", "look=look.npy", "--in", "i=i.bin", "--out", "y=y.npy"]
    r = t.run(*common, "--param", "q=true", "--param", "k=100")
    t.same("defaults, a table as a whole, an input of one value", (r.status, np.load(t.folder / "y.npy").tolist()),
           (0, [(v - 5 + 1) * 0.5 + 100 for v in (10, 20, 30, 0, 0)]))
    r = t.run(*common, "--param", "q=0", "--param", "k=-inf", "--param", "p=0x10", "--param", "r=nan")
    t.same("other values", (r.status, bool(np.isnan(np.load(t.folder / "y.npy")).all())), (0, True))
    r = t.run(*common, "--param", "q=0", "--param", "k=0", "-n", "2")
    t.same("-n takes the first lanes", (r.status, np.load(t.folder / "y.npy").tolist()), (0, [2.5, 7.5]))
    t.write("s.tgs", "stack s load x f32 load m f32 * store y f32")
    t.write("x.csv", "x\n1\n2\n")
    r = t.run("run", "s.tgs", "--in", "x=x.csv", "--param", "m=3", "--out", "y=y.csv")
    t.same("a stack program", (r.status, (t.folder / "y.csv").read_text()), (0, "y\n3.0\n6.0\n"))


def main():
    with Suite() as t:
        test_dtypes(t)
        test_examples(t)
        test_csv(t)
        test_printed(t)
        test_json(t)
        test_traps(t)
        test_progress(t)
        test_operands(t)
        t.check("no temporary files are left", not [p for p in t.folder.iterdir() if p.name.startswith(".")])
    t.finish()


if __name__ == "__main__":
    main()
