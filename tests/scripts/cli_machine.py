#!/usr/bin/env python3
# tg-test: checked timeout=900
"""throng run on machines: arrays and pictures as outputs, runs that a signal ends, full disks, memory that does not grow
with the number of instances. Files are read back by what Python has: struct and zlib."""
import json
import math
import os
import pathlib
import random
import re
import resource
import signal
import struct
import subprocess
import sys
import time
import zlib

from cli import SOURCE, THRONG, Suite

MANDELBROT = SOURCE / "examples/mandelbrot.tg"


def temporary(t):
    return [p.name for p in t.folder.iterdir() if p.name.startswith(".throng")]


def npy(path):
    """The shape and the elements of a .npy file."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<H", data, 8)
    head = eval(data[10:10 + length], {"__builtins__": {}})  # a dictionary that the command under test wrote
    codes = {"<f8": "d", "<f4": "f", "<u4": "I", "<u8": "Q", "<i4": "i", "|u1": "B", "<u2": "H"}
    elements = data[10 + length:]
    count = len(elements) // struct.calcsize(codes[head["descr"]])
    return head["shape"], list(struct.unpack(f"<{count}{codes[head['descr']]}", elements))


# ---- pictures ----

def png(path):
    """Width, height, bits, kind and the rows of samples of a .png file, each filter undone."""
    data, at, packed = path.read_bytes(), 8, b""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    while at < len(data):
        (length,), kind = struct.unpack_from(">I", data, at), data[at + 4:at + 8]
        body = data[at + 8:at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
        packed += body if kind == b"IDAT" else b""
        at += length + 12
    assert kind == b"IEND" and interlaced == 0
    pixel = {0: 1, 2: 3, 6: 4}[colour] * bits // 8
    stride, raw, rows = width * pixel, zlib.decompress(packed), []
    assert len(raw) == height * (stride + 1)
    above = bytes(stride)
    for y in range(height):
        method, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            a, b, c = row[i - pixel] if i >= pixel else 0, above[i], above[i - pixel] if i >= pixel else 0
            p = a + b - c
            nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            row[i] = (row[i] + (0, a, b, (a + b) // 2, nearest)[method]) & 255
        above = bytes(row)
        rows.append(above)
    return width, height, bits, colour, b"".join(rows)


def netpbm(path):
    """The same of a binary .pgm or .ppm file."""
    kind, width, height, most, samples = re.fullmatch(rb"P([56])\n(\d+) (\d+)\n(\d+)\n(.*)", path.read_bytes(), re.DOTALL).groups()
    return int(width), int(height), {255: 8, 65535: 16}[int(most)], {b"5": 0, b"6": 2}[kind], samples


PIXELS = """
machine pixels {
    param width: u16 = 7;
    out grey: u8;
    out fine: u16;
    out wide: i32;
    out share: f32;
    out yes: bool;
    out colour: [u8; 3];
    out clear: [f64; 4];
    out pair: [u8; 2];
    grey = u8(id * 5);
    fine = u16(id * 999);
    wide = i32(id * 20) - 100;
    share = id == 3 ? nan : f32(id) / 20.0 - 0.25;
    yes = id % 3 == 0;
    colour[0] = u8(id);
    colour[1] = u8(id / u64(width));
    colour[2] = 255;
    clear[0] = f64(id) / 34.0;
    clear[3] = 0.5;
    pair[0] = 1;
}
"""


def shade(x):
    return 0 if x != x else max(0, min(255, math.floor(x * 255 + 0.5)))


def single(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def test_pictures(t):
    t.write("p.tg", PIXELS)
    ids = range(35)
    share = [shade(math.nan if i == 3 else single(single(i / 20) - 0.25)) for i in ids]
    wanted = {"grey": (8, 0, bytes(i * 5 & 255 for i in ids)),
              "fine": (16, 0, b"".join(struct.pack(">H", i * 999) for i in ids)),
              "wide": (8, 0, bytes(max(0, min(255, i * 20 - 100)) for i in ids)),
              "share": (8, 0, bytes(share)),
              "yes": (8, 0, bytes(255 * (i % 3 == 0) for i in ids)),
              "colour": (8, 2, bytes(c for i in ids for c in (i, i // 7, 255))),
              "clear": (8, 6, bytes(c for i in ids for c in (shade(i / 34), 0, 0, 128)))}
    has_png = "this build writes no .png" not in t.run("run", "p.tg", "-n", 35, "--out", "grey=x.png").err
    for name, (bits, colour, samples) in wanted.items():
        files = [f"{name}.png"] * has_png + ([f"{name}.pgm"] if colour == 0 else []) + ([f"{name}.ppm"] if colour != 6 else [])
        if not files:
            t.skip(f"a picture of {name}", "this build has no libpng")
        for file in files:
            r = t.run("run", "p.tg", "-n", 35, "--out", f"{name}={file}", "--window", 1)
            read = png if file.endswith("png") else netpbm
            each = bits // 8
            grey3 = b"".join(samples[i:i + each] * 3 for i in range(0, len(samples), each))
            want = (7, 5, bits, 2, grey3) if file.endswith("ppm") and colour == 0 else (7, 5, bits, colour, samples)
            t.check(f"a picture, {file}", r.status == 0 and read(t.folder / file) == want, r)
    if not has_png:
        t.skip("pictures as .png", "this build has no libpng")
    r = t.run("run", "p.tg", "--out", "grey=size.pgm:5x8")
    t.check("a size behind the path gives the instances too", r.status == 0 and netpbm(t.folder / "size.pgm")[:2] == (5, 8), r)
    r = t.run("run", "p.tg", "--param", "width=4", "-n", 12, "--out", "grey=size.pgm", "--out", "grey=two.pgm:2x6")
    t.check("the parameter's value, and another size", r.status == 0 and netpbm(t.folder / "size.pgm")[:2] == (4, 3)
            and netpbm(t.folder / "two.pgm")[:2] == (2, 6), r)
    t.write("none.tg", "machine none { out y: u8; y = 1; }\n")
    before = sorted(os.listdir(t.folder))
    for arguments, words in [
            (["p.tg", "--out", "grey=a.pgm", "-n", "36"], "36 pixels do not fill rows of 7"),
            (["p.tg", "--out", "grey=a.pgm:6x6", "-n", "35"], "6 x 6 pixels are 36, not 35"),
            (["p.tg", "--out", "grey=a.pgm:6x"], "'6x' is no size of a picture"),
            (["p.tg", "--out", "grey=a.pgm:0x6"], "'0x6' is no size of a picture"),
            (["p.tg", "--out", "grey=a.pgm:1x1000001"], "each at most 1000000"),
            (["p.tg", "--out", "colour=a.pgm:6x6"], "a .pgm picture has no colours"),
            (["p.tg", "--out", "clear=a.ppm:6x6"], "a .ppm picture has no opacity"),
            (["p.tg", "--out", "pair=a.ppm:6x6"], "an array of 3 or 4, not of 2"),
            (["p.tg", "--out", "grey=a.tiff"], "names no format"),
            (["none.tg", "--out", "y=a.pgm", "-n", "4"], "nothing says how wide the picture is")]:
        r = t.run("run", *arguments)
        t.check(f"wrong: {' '.join(arguments)}", r.status in (1, 2) and words in r.err and r.out == "", r)
    t.same("and no file is left of it", sorted(os.listdir(t.folder)), before)


def test_mandelbrot(t):
    """The command in the example's first lines."""
    command = re.search(r"//\s+throng (run .*)", MANDELBROT.read_text(encoding="utf-8"))[1].split()
    if "this build writes no .png" in t.run("run", MANDELBROT, "--out", "shade=a.png").err:
        t.skip("mandelbrot as a picture", "this build has no libpng")
        return
    r = t.run("run", MANDELBROT, *command[2:], "--out", "shade=m.bin")
    good = r.status == 0 and png(t.folder / "mandelbrot.png") == (800, 600, 8, 0, (t.folder / "m.bin").read_bytes())
    t.check("mandelbrot as a picture", good, r)


# ---- arrays in rows ----

def test_arrays(t):
    t.write("a.tg", """machine a { in x: f64; in w: [i32]; out p: [i32; 3]; out y: f64;
        for i in 0..3 { p[i] = w[(id + u64(i)) % len(w)]; } y = x * 2.0;
        report { n = len(w); last = w[len(w) - 1]; all = f64(sum(p[0])) / f64(w[0]); } }""")
    t.write("x.csv", "id,x\n" + "".join(f"{i},{i / 4}\n" for i in range(9)))
    t.write("w.bin", struct.pack("<4i", 5, -6, 7, 8))
    w = [5, -6, 7, 8]
    run = ["run", "a.tg", "--in", "x=x.csv:x", "--in", "w=w.bin"]
    r = t.run(*run, "--out", "y=y.csv", "--out", "p=y.csv", "--out", "p=p.npy", "--out", "p=p.bin", "--json")
    rows = [[w[(i + k) % 4] for k in range(3)] for i in range(9)]
    lines = "y,p[0],p[1],p[2]\n" + "".join(f"{i / 2},{a},{b},{c}\n" for i, (a, b, c) in enumerate(rows))
    flat = [e for row in rows for e in row]
    t.check("an array as columns of .csv", r.status == 0 and (t.folder / "y.csv").read_text() == lines, r)
    t.same("as .npy of two dimensions", npy(t.folder / "p.npy"), ((9, 3), flat))
    t.same("as bytes", (t.folder / "p.bin").read_bytes(), struct.pack("<27i", *flat))
    t.same("shared arrays and their lengths in a report", json.loads(r.out)["report"],
           {"n": 4, "last": 8, "all": sum(row[0] for row in rows) / 5})
    t.write("wide.tg", "machine w { out p: [u8; 9]; out q: u16; p[0] = u8(id); p[7] = 200; q = u16(id) * 300; }")
    r = t.run("run", "wide.tg", "-n", "2")
    t.same("arrays in the rows that are printed", r.out,
           "id  p[0]  p[1]  p[2]  p[3]  p[4]  p[5]  p[6]  p[7]  ...    q\n"
           "   0     0     0     0     0     0     0     0   200  ...    0\n"
           "   1     1     0     0     0     0     0     0   200  ...  300\n")
    r = t.run("run", "a.tg", "--in", "x=y.csv:p[2]", "--in", "w=w.bin", "--out", "y=z.npy")
    t.check("a column of an array is read by its name", r.status == 0 and npy(t.folder / "z.npy")[1] == [2.0 * c for *_, c in rows], r)


# ---- quantiles ----

PARTS = 0.0, 0.001, 0.025, 0.5, 0.9, 0.999, 1.0


def samples(random, code, n):
    """n values of a type as bytes and as they are read again: half of them close together, half of all magnitudes."""
    if code in "fd":
        x = [random.gauss(-250, 50) if i % 2 else random.choice((-1, 1)) * math.exp(random.uniform(-40, 40)) for i in range(n)]
    else:
        bits = 8 * struct.calcsize(code)
        least = -(1 << bits - 1) if code.islower() else 0
        x = [random.randint(least, least + (1 << bits) - 1) if i % 2 else random.randint(max(least, -50), 50) for i in range(n)]
    data = struct.pack(f"<{n}{code}", *x)
    return data, list(struct.unpack(f"<{n}{code}", data))


def test_quantiles(t):
    lines = "".join(f"  q{k} = quantile(y, {q});\n" for k, q in enumerate(PARTS))
    for name, code in zip("i8 i16 i32 i64 u8 u16 u32 u64 f32 f64".split(), "bhiqBHIQfd"):
        t.write("q.tg", f"machine q {{\n in x: {name};\n out y: {name};\n y = x;\n report {{\n{lines} }}\n}}\n")
        for n in 1, 65, 3000:
            data, values = samples(random.Random(f"{name} {n}"), code, n)
            (t.folder / "x.bin").write_bytes(data)
            r = t.run("run", "q.tg", "--in", "x=x.bin", "--json")
            found = json.loads(r.out)["report"] if r.status == 0 else {}
            ordered = sorted(values)
            wanted = [ordered[max(math.ceil(q * n), 1) - 1] for q in PARTS]
            got = [struct.unpack(code, struct.pack(code, found.get(f"q{k}", 0)))[0] for k in range(len(PARTS))]
            t.same(f"quantiles of {n} {name}", got, wanted)


# ---- signals ----

SLOW = """
machine slow {
    param bins: f64 = 1e9;
    out y: u32;
    out pair: [u8; 2];
    var k: u64 = id;
    repeat 500 {
        k = k ^ (k << 13);
        k = k ^ (k >> 7);
        k = k ^ (k << 17);
    }
    y = u32(id * 3) + u32(k & 0);
    pair[1] = u8(id);
    report {
        n = count;
        total = sum(y);
        share = f64(total) / f64(count);
        spread = variance(y);
        low = quantile(y, 0.0);
        shape = histogram(id, 0.0, f64(count), 4);
    }
}
"""


def start(t, *arguments):
    """A run in its own process that signals reach, as if from a terminal."""
    return subprocess.Popen([THRONG, "run", *map(str, arguments)], cwd=t.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def wait_for_bytes(t, process, n):
    """Until its temporary files have n bytes each."""
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        try:
            sizes = [(t.folder / name).stat().st_size for name in temporary(t)]
        except FileNotFoundError:
            sizes = []
        if sizes and min(sizes) >= n:
            return
        time.sleep(0.02)


def test_partial(t):
    n = 10**8
    t.write("slow.tg", SLOW)
    t.write("y.npy", "before")
    (t.folder / "link.bin").symlink_to("real.bin")
    t.write("real.bin", "before")
    for number in signal.SIGINT, signal.SIGTERM:
        process = start(t, "slow.tg", "-n", n, "--out", "y=y.npy", "--out", "pair=pair.npy", "--out", "y=y.csv", "--out", "y=link.bin",
                        "--out", "y=y.ppm:10000x10000", "--json", "--stats")
        wait_for_bytes(t, process, 4096)
        process.send_signal(number)
        out, err = process.communicate()
        name = signal.Signals(number).name
        if not t.check(f"{name}: ends by it, with a report", process.returncode == -number and out, err.decode()):
            continue
        found = json.loads(out)
        done = found["partial"]["done"]
        files = ["y.partial.npy", "pair.partial.npy", "y.partial.csv", "real.partial.bin", "y.partial.ppm"]
        t.same(f"{name}: what is done, of what, and where", (0 < done < n, found["partial"]["of"],
               [pathlib.Path(f).name for f in found["partial"]["files"]]), (True, n, files))
        y = [i * 3 for i in range(done)]
        t.same(f"{name}: .npy", npy(t.folder / files[0]), ((done,), y))
        t.same(f"{name}: .npy of arrays", npy(t.folder / files[1]), ((done, 2), [e for i in range(done) for e in (0, i & 255)]))
        t.check(f"{name}: .csv", (t.folder / files[2]).read_text() == "y\n" + "".join(f"{v}\n" for v in y))
        t.check(f"{name}: .bin through a link", (t.folder / files[3]).read_bytes() == struct.pack(f"<{done}I", *y))
        samples = b"".join(bytes([min(v, 255)] * 3) for v in y)
        t.check(f"{name}: a picture, black where nothing was done",
                netpbm(t.folder / files[4]) == (10000, 10000, 8, 2, samples + bytes(3 * (n - done))))
        report = found["report"]
        t.same(f"{name}: the report is of what is done", [report["n"], report["total"], report["share"], report["low"]],
               [done, sum(y), sum(y) / done, 0])
        t.check(f"{name}: variance", math.isclose(report["spread"], 9 * done * (done + 1) / 12, rel_tol=1e-12), report)
        t.same(f"{name}: bounds stay what the instances had", [report["shape"]["high"], report["shape"]["counts"]],
               [n, [min(max(done - k * n // 4, 0), n // 4) for k in range(4)]])
        t.same(f"{name}: counts of outputs", [o["count"] for o in found["outputs"]], [done, 2 * done])
        t.check(f"{name}: and a line about each file", all(f"{f} has {done:,} of 100,000,000 instances" in err.decode() for f in files), err)
        t.same(f"{name}: what was there stays", ((t.folder / "y.npy").read_text(), (t.folder / "real.bin").read_text(), temporary(t)),
               ("before", "before", []))
    process = start(t, "slow.tg", "-n", n, "--out", "y=plain.bin", "--quiet")
    wait_for_bytes(t, process, 4096)
    process.send_signal(signal.SIGINT)
    out = process.communicate()[0].decode()
    t.check("as text", re.match(r"partial: [\d,]+ of 100,000,000 instances\n", out) and "total" in out, out)
    t.check("nothing under the name that was asked for", not (t.folder / "plain.bin").exists() and (t.folder / "plain.partial.bin").exists())
    for f in t.folder.glob("*.partial.*"):
        f.unlink()


# ---- figures ----

COUNTED = """
machine counted {
    out y: u64;
    var k = id % 5;
    while k > 0 {
        y += k * id;
        k -= 1;
    }
    sync;
    repeat 3 {
        y = y * y + id;
    }
}
"""


def test_stats(t):
    """Instances, rounds and operations of a machine and of its phases, the same from every back-end."""
    n, found = 20000, {}
    t.write("counted.tg", COUNTED)
    names = [line.split()[0] for line in t.run("backends").out.splitlines() if "not available" not in line]
    plain = t.run("run", "counted.tg", "-n", n, "--json")
    t.check("no stats unless asked for", plain.status == 0 and "stats" not in json.loads(plain.out), plain)
    for name in names:
        r = t.run("run", "counted.tg", "-n", n, "--json", "--stats", "--passes", "none", "--backend", name)
        stats = json.loads(r.out)["stats"] if r.status == 0 else {}
        if not t.check(f"{name}: stats of a machine", stats, r):
            continue
        phases = stats["phases"]
        t.same(f"{name}: rounds of each phase", [p["loops"]["rounds"] for p in phases], [2 * n, 3 * n])
        t.same(f"{name}: all of it", [stats["instances"], stats["loops"]["rounds"], stats["operations"]],
               [n, 5 * n, sum(p["operations"] for p in phases)])
        loops = [stats["loops"], *(p["loops"] for p in phases)]
        good = all(0 < x["occupancy"] <= 1 and abs(x["occupancy"] - x["rounds"] / x["computed"]) < 1e-8 for x in loops)
        t.check(f"{name}: occupancy", good, loops)
        t.same(f"{name}: seconds", set(stats["seconds"]), {"read", "compile", "run", "report", "write"})
        t.check(f"{name}: rates", stats["instances_per_second"] > 0 and stats["operations_per_second"] > 0, stats)
        found[name] = [p["operations"] for p in phases]
    t.check("operations are the same from every back-end", len({tuple(v) for v in found.values()}) == 1, found)
    r = t.run("run", "counted.tg", "-n", n, "--stats", "--quiet")
    words = ["20000 instances", "million instances/s", "report ", "operations: ", " an instance", "loops: ", "phase 1: ", "phase 2: "]
    t.check("as text", r.status == 0 and all(w in r.err for w in words), r)


# ---- disks and memory ----

def limited(t, limits, *arguments):
    """Runs the command under limits of the system."""
    def limit():
        for what, most in limits.items():
            resource.setrlimit(what, (most, most))
    process = subprocess.run([THRONG, *map(str, arguments)], cwd=t.folder, stdin=subprocess.DEVNULL, check=False, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env={**os.environ, "OMP_STACKSIZE": "1M"}, preexec_fn=limit)
    return process.returncode, process.stdout.decode(), process.stderr.decode()


def test_full_disk(t):
    t.write("wide.tg", "machine wide { param width: u64 = 1000; out y: f64; y = f64(id); }\n")
    t.write("y.npy", "before")
    before = sorted(os.listdir(t.folder))
    for file in "y.npy", "y.csv", "y.bin", "y.pgm", "y.png":
        r = limited(t, {resource.RLIMIT_FSIZE: 1000}, "run", "wide.tg", "-n", 1000000, "--out", f"y={file}")
        said = file in r[2] and ("File too large" in r[2] or "this build writes no .png" in r[2])
        t.check(f"a file that may not grow, {file}", r[0] == 1 and said and r[1] == "", r)
    t.same("leaves what was there", ((t.folder / "y.npy").read_text(), sorted(os.listdir(t.folder))), ("before", before))
    if os.path.exists("/dev/full"):
        for file in "full.npy", "full.csv", "full.pgm", "full.png":
            (t.folder / file).symlink_to("/dev/full")
            r = t.run("run", "wide.tg", "-n", 1000000, "--out", f"y={file}", "--out", "y=other.bin")
            good = "No space left" in r.err or "this build writes no .png" in r.err
            t.check(f"a full disk, {file}", r.status == 1 and good and not (t.folder / "other.bin").exists(), r)
        r = subprocess.run([THRONG, "run", "wide.tg"], cwd=t.folder, stdout=open("/dev/full", "wb"), stderr=subprocess.PIPE, check=False)
        t.check("a report that cannot be written", r.returncode == 1 and b"standard output cannot be written" in r.stderr, r)
    t.same("no temporary files", temporary(t), [])


STREAM = """
machine stream {
    in x: f64;
    in k: u32;
    in w: [f64];
    out y: f64;
    out pair: [u32; 2];
    var kept = x * w[k % 4];
    sync;
    y = kept + 1.0;
    pair[0] = k;
    pair[1] = u32(id);
    report {
        all = sum(k);
        average = mean(y);
        spread = variance(k);
        last = argmax(pair[1]);
        shape = histogram(k, 0.0, 1000.0, 10);
    }
}
"""

LIMIT = 96 << 20


def test_memory(t):
    """Inputs of 200 MB and outputs of 260 MB in 96 MiB."""
    if limited(t, {resource.RLIMIT_AS: LIMIT}, "version")[0] != 0:
        t.skip("memory", "this build does not start in so little memory")
        return
    n = 16_000_000
    t.write("stream.tg", STREAM)
    t.write("w.csv", "w\n1\n2\n3\n4\n")
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({n},), }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    path = t.write("x.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header)
    os.truncate(path, path.stat().st_size + 8 * n)
    with open(t.folder / "k.bin", "wb") as f:
        block = struct.pack("<100000I", *range(100000))
        for _ in range(n // 100000):
            f.write(block)
    options = ["run", "stream.tg", "--in", "x=x.npy", "--in", "k=k.bin", "--in", "w=w.csv", "--json", "--threads", "2"]
    r = limited(t, {resource.RLIMIT_AS: LIMIT}, *options, "--out", "y=y.npy", "--out", "pair=pair.bin")
    found = json.loads(r[1])["report"] if r[0] == 0 else {}
    t.check("a machine runs in less memory than its files have", r[0] == 0, r)
    blocks = n // 100000
    t.same("its report", [found.get(k) for k in ("all", "average", "last")], [blocks * 99999 * 50000, 1.0, n - 1])
    t.same("its histogram", found.get("shape", {}).get("counts"), [100 * blocks] * 10)
    spread = blocks * (100000**3 - 100000) / 12 / (n - 1)
    t.check("its variance", math.isclose(found.get("spread", 0), spread, rel_tol=1e-12), (found, spread))
    sizes = [(t.folder / f).stat().st_size for f in ("y.npy", "pair.bin") if (t.folder / f).exists()]
    t.same("its files", sizes, [128 + 8 * n, 8 * n])
    with open(t.folder / "pair.bin", "rb") as f:
        f.seek(8 * (n - 3))
        t.same("their ends", struct.unpack("<6I", f.read()), (99997, n - 3, 99998, n - 2, 99999, n - 1))
    for name in "x.npy", "k.bin", "y.npy", "pair.bin":
        (t.folder / name).unlink(missing_ok=True)


def main():
    with Suite() as t:
        for part in test_pictures, test_mandelbrot, test_arrays, test_quantiles, test_partial, test_stats, test_full_disk, test_memory:
            part(t)
        t.same("no temporary files are left", temporary(t), [])
    t.finish()


if __name__ == "__main__":
    sys.exit(main())
