#!/usr/bin/env python3
# tg-test: checked timeout=900
"""throng run on files larger than its memory: every window gives the bytes of one invocation, errors in the middle and
signals leave what was there, and memory does not grow with the files."""
import json
import os
import random
import resource
import signal
import struct
import subprocess
import sys
import threading
import time

from cli import THRONG, Suite

ALL = 2**40  # one window for all lanes: a single invocation
WINDOWS = [1, 3 * 4096, 16 * 4096, None]

# Every kind of operand and every sink; lanes trap, and the loop makes some take longer than others.
GRAPH = """graph every {
  param p f32 = 0.5
  table look u16
  input x f32  input y f64be  input k i32
  output a f32  output b u16be  output lane u64
  result s f32  result t f64  result u i64  result least u64  result most u64  result never u64
  accumulator h u32  accumulator m i64
  uniform { %half = const f32 0.5 %p = param p %scale = mul %half, %p }
  %x = load x  %y = load y  %k = load k
  %zero = const u64 0  %one = const u64 1  %i = iota %zero, %one
  %bad = const i32 77  %is = eq %k, %bad  trap 5 %is @3
  %seven = const i32 7  %low = and %k, %seven
  %start = const i32 0  %step = const i32 1
  %n, %f = loop %c = %start, %v = %x {
    %more = lt %c, %low  test %more
    %next = add %c, %step  %w = fma %v, %scale, %x  yield %next, %w
  }
  %index = convert u32 %k  %found = gather look %index
  %wide = convert f64 %f  %sum = add %wide, %y
  %mask = const u64 63  %slot = and %i, %mask  %one32 = const u32 1  %long = convert i64 %k
  %nan = const f64 nan
  store a %f  store b %found  store lane %i
  sum s %f  sum t %sum  sum u %k
  argmin least %i, %k  argmax most %i, %f  argmin never %i, %nan
  combine h add %slot, %one32  combine m min %slot, %long
}"""


def npy(dtype, shape, data=b""):
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + data


def write_inputs(t, n):
    """The inputs of GRAPH: an array of two dimensions, one of the other byte order, and text with every line end."""
    r = random.Random(n)
    rows = 2 if n % 2 == 0 else 1
    t.write("x.npy", npy("<f4", (rows, n // rows),
                         struct.pack(f"<{n}f", *(r.randrange(-2000, 2000) / 8 for _ in range(n)))))
    t.write("y.npy", npy("<f8", (n,), struct.pack(f"<{n}d", *(r.gauss(0, 1e6) for _ in range(n)))))
    ks = [77 if r.randrange(5000) == 0 else r.randrange(-50, 50) for _ in range(n)]
    ends = ["\n", "\r\n", "\n\n"]
    t.write("k.csv", "name,k\r\n" + "".join(f'"a ""{i}""\n",{k}{ends[i % 3]}' for i, k in enumerate(ks)))
    t.write("look.bin", struct.pack("<40H", *(r.randrange(65536) for _ in range(40))))


INPUTS = ["--in", "x=x.npy", "--in", "y=y.npy", "--in", "k=k.csv:k", "--in", "look=look.bin", "--size", "h=64",
          "--size", "m=64"]
OUTPUTS = ["--out", "a=a.npy", "--out", "b=b.bin", "--out", "lane=two.csv", "--out", "a=two.csv", "--out", "h=h.csv",
           "--out", "m=h.csv", "--out", "s=s.npy", "--out", "t=t.bin"]


def written(t):
    return {name: (t.folder / name).read_bytes() for name in
            ("a.npy", "b.bin", "two.csv", "h.csv", "s.npy", "t.bin")}


def window(lanes):
    return [] if lanes is None else ["--window", str(lanes)]


def test_windows(t):
    t.write("every.tgg", GRAPH)
    for n in (0, 1, 4096, 90001):
        write_inputs(t, n)
        run = ["run", "every.tgg", *INPUTS]
        one = t.run(*run, *OUTPUTS, "--json", "--backend", "ref", "--threads", "1", *window(ALL))
        files, rows = written(t), t.run(*run, *window(ALL))
        t.check(f"{n} lanes, one window", one.status == (3 if n > 1 else 0) and len(files["b.bin"]) == 2 * n, one)
        for lanes in WINDOWS:
            r = t.run(*run, *OUTPUTS, "--json", *window(lanes), "--threads", "2")
            good = (r.status, r.out, r.err) == (one.status, one.out, one.err) and written(t) == files
            t.check(f"{n} lanes, windows of {lanes}", good, r)
            r = t.run(*run, *window(lanes))
            t.check(f"{n} lanes printed, windows of {lanes}", (r.status, r.out) == (rows.status, rows.out), r)
    r = t.run(*run, "-n", "5000", *OUTPUTS, "--json", *window(1))
    one = t.run(*run, "-n", "5000", "--json", *window(ALL))
    t.same("-n takes the first lanes", (r.status, r.out), (one.status, one.out))
    r = t.run("run", "every.tgg", *INPUTS, "--out", "a=a.npy", "--window", "4097", "--threads", "7")
    t.check("threads and windows", r.status == 3 and written(t)["a.npy"] == files["a.npy"], r)


def test_mixed(t):
    """Outputs in one file with what is written at the end are kept, as short as that is."""
    t.write("mixed.tgg", """graph mixed { input x u32 output y u32 accumulator h u32 result s u64
      %x = load x %m = const u32 8191 %s = and %x, %m %o = const u32 1 %y = add %x, %o store y %y
      combine h add %s, %o sum s %x }""")
    n = 8192
    t.write("x.bin", struct.pack(f"<{n}I", *range(n)))
    run = ["run", "mixed.tgg", "--in", "x=x.bin", "--size", f"h={n}", "--window", "1"]
    r = t.run(*run, "--out", "h=m.csv", "--out", "y=m.csv", "--out", "y=y.bin", "--json")
    lines = "h,y\n" + "".join(f"1,{i + 1}\n" for i in range(n))
    t.check("outputs and accumulators in one file", r.status == 0 and (t.folder / "m.csv").read_text() == lines, r)
    t.same("and outputs alone in another", (t.folder / "y.bin").read_bytes(), struct.pack(f"<{n}I", *range(1, n + 1)))
    plain = t.run(*run, "--json")
    t.same("with the same checksums", r.out, plain.out)
    t.write("m.csv", "before")
    r = t.run(*run, "-n", "5000", "--out", "h=m.csv", "--out", "y=m.csv")
    t.check("lengths that differ are found first", r.status == 1 and "they need a file each" in r.err, r)
    t.same("and the file stays", (t.folder / "m.csv").read_text(), "before")


def test_programs(t):
    t.write("s.tgs", "stack s load x f32 dup * iota f32 1 1 + store y f32")
    t.write("x.bin", struct.pack("<20000f", *(i % 7 for i in range(20000))))
    t.run("run", "s.tgs", "--in", "x=x.bin", "--out", "y=one.bin", *window(ALL))
    r = t.run("run", "s.tgs", "--in", "x=x.bin", "--out", "y=y.bin", *window(1))
    found = (t.folder / "y.bin").read_bytes()
    wanted = struct.pack("<20000f", *((i % 7) ** 2 + 1 + i for i in range(20000)))
    t.check("a stack program", r.status == 0 and found == wanted == (t.folder / "one.bin").read_bytes(), r)
    r = t.run("run", "s.tgs", "--in", "x=x.bin", "--out", "y=x.bin", *window(1))
    t.check("an output in place of its input", r.status == 0 and (t.folder / "x.bin").read_bytes() == wanted, r)


def test_pipes(t):
    """From pipes, which are read as a whole, and to pipes, which get every window as it comes."""
    t.write("copy.tgg", "graph copy { input x u16 output y u16 %x = load x store y %x }")
    data = bytes(random.Random(4).randrange(256) for _ in range(40000))
    os.mkfifo(t.folder / "in.bin")
    os.mkfifo(t.folder / "out.bin")
    got = []
    threads = [threading.Thread(target=lambda: (t.folder / "in.bin").write_bytes(data)),
               threading.Thread(target=lambda: got.append((t.folder / "out.bin").read_bytes()))]
    for thread in threads:
        thread.start()
    r = t.run("run", "copy.tgg", "--in", "x=in.bin", "--out", "y=out.bin", *window(1))
    for thread in threads:
        thread.join()
    t.check("pipes", r.status == 0 and got == [data], r)
    (t.folder / "in.bin").unlink()
    (t.folder / "out.bin").unlink()


def temporary(t):
    return [p.name for p in t.folder.iterdir() if p.name.startswith(".throng")]


def test_errors(t):
    """What fails in the middle leaves every file as it was."""
    t.write("copy.tgg", "graph copy { input x u8 input z u8 output y u8 %x = load x %z = load z %y = add %x, %z "
                        "store y %y }")
    n = 20000
    t.write("z.bin", bytes(n))
    t.write("x.csv", "x\n" + "1\n" * (n - 1) + "300\n")
    t.write("y.npy", "before")
    run = ["run", "copy.tgg", "--in", "x=x.csv", "--in", "z=z.bin", "--out", "y=y.npy", *window(1)]
    r = t.run(*run)
    t.check("a value in the last line", r.status == 1 and f"x.csv:{n + 1}: error: column 'x': 300 does not fit u8" in r.err
            and "note: it was read for input 'x' of type u8" in r.err and r.out == "", r)
    t.write("x.csv", "x\n" + "1\n" * (n - 1) + "1,2\n")
    r = t.run(*run)
    t.check("a row with a field too many", r.status == 1 and f"x.csv:{n + 1}: error: the row has 2 fields" in r.err, r)
    t.write("x.csv", "x\n" + "1\n" * (n - 1))
    r = t.run(*run)
    t.check("lengths that differ", r.status == 1 and "'x' has 19999 elements, 'z' has 20000" in r.err, r)
    t.write("x.csv", "x\n" + "1\n" * n)
    if os.path.exists("/dev/full"):
        (t.folder / "full.bin").symlink_to("/dev/full")
        r = t.run(*run, "--out", "y=other.bin", "--out", "y=full.bin")
        t.check("a full disk", r.status == 1 and "No space left" in r.err and not (t.folder / "other.bin").exists(), r)
    t.same("nothing was replaced", ((t.folder / "y.npy").read_text(), temporary(t)), ("before", []))
    r = t.run(*run, "--window", "0")
    t.check("no window", r.status == 2 and "--window wants a number of lanes from 1 on, not '0'" in r.err, r)


def test_signals(t):
    """A run that a signal ends at once removes its temporary files, and ends by that signal: the second one of those that
    ask it to stop, which it does after its window, and here that has no end."""
    t.write("spin.tgg", """graph spin { output y u32 %z = const u32 0 %o = const u32 1 %i = iota %z, %o
      %y = loop %k = %i { %go = eq %k, %k test %go %n = add %k, %o yield %n } store y %y }""")
    t.write("y.bin", "before")
    for number, times in (signal.SIGINT, 2), (signal.SIGTERM, 2), (signal.SIGHUP, 1):
        process = subprocess.Popen([THRONG, "run", "spin.tgg", "-n", "9000", "--out", "y=y.bin", "--passes", "none"],
                                   cwd=t.folder, stdin=subprocess.DEVNULL,
                                   preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))  # that may be ignored here
        until = time.monotonic() + 60
        while not temporary(t) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        began = bool(temporary(t))
        while process.poll() is None and times > 0:
            process.send_signal(number)
            times -= 1
            time.sleep(0.3)  # two that come together are one
        status = process.wait()
        t.same(signal.Signals(number).name, (began, status, temporary(t), (t.folder / "y.bin").read_text()),
               (True, -number, [], "before"))


# ---- memory ----

LIMIT = 80 << 20


def limited(t, *arguments):
    """Runs the command with less memory than its files have."""
    process = subprocess.run([THRONG, *arguments], cwd=t.folder, stdin=subprocess.DEVNULL, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "OMP_STACKSIZE": "1M"},
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT)))
    return process.returncode, process.stdout.decode(), process.stderr.decode()


def test_memory(t):
    if limited(t, "version")[0] != 0:
        t.skip("memory", "this build does not start in so little memory")
        return
    n = 25_000_000
    t.write("big.tgg", """graph big { input x f64 output y u8 result s f64 result at u64 accumulator h u64
      %x = load x %z = const u64 0 %o = const u64 1 %i = iota %z, %o %y = convert u8 %x store y %y
      sum s %x argmax at %i, %x combine h add %z, %o }""")
    path = t.write("big.npy", npy("<f8", (n,)))
    os.truncate(path, path.stat().st_size + 8 * n)
    with open(path, "r+b") as f:
        for lane, value in ((5, 2.5), (n - 2, 9.0), (n - 1, 9.0)):
            f.seek(8 * (lane - n), os.SEEK_END)
            f.write(struct.pack("<d", value))
    r = limited(t, "run", "big.tgg", "--in", "x=big.npy", "--size", "h=1", "--out", "y=big.bin", "--json", "--threads", "2")
    report = json.loads(r[1]) if r[0] == 0 else {}
    t.check("200 MB of .npy in 80 MiB", report.get("report") == {"s": 20.5, "at": n - 2}, r)
    size = (t.folder / "big.bin").stat().st_size
    with open(t.folder / "big.bin", "rb") as f:
        f.seek(n - 2)
        t.same("and its output", (size, f.read()), (n, b"\x09\x09"))
    one = t.run("run", "big.tgg", "--in", "x=big.npy", "--size", "h=1", "--json", *window(ALL))
    t.same("are those of one invocation", r[1], one.out)
    path.unlink()

    rows, times = 1000, 1500
    block = "".join(f"{i},{'some text of a row ' * 4},{i * i}\n" for i in range(rows))
    with open(t.folder / "big.csv", "w", encoding="ascii") as f:
        f.write("i,text,square\n")
        for _ in range(times):
            f.write(block)
    t.write("rows.tgg", """graph rows { input i u32 input square u64 output d u64 result s u64
      %i = load i %q = load square %w = convert u64 %i %d = sub %q, %w store d %d sum s %d }""")
    r = limited(t, "run", "rows.tgg", "--in", "i=big.csv:i", "--in", "square=big.csv:3", "--out", "d=d.csv", "--quiet",
                "--threads", "2")
    total = times * sum(i * i - i for i in range(rows))
    lines = (t.folder / "d.csv").stat().st_size if r[0] == 0 else 0
    wanted = len("d\n") + times * sum(len(f"{i * i - i}\n") for i in range(rows))
    t.check("130 MB of .csv in 80 MiB", r[0] == 0 and r[1] == f"s  {total}\n" and lines == wanted, r)


def test_progress(t):
    """On a terminal, a long run says how far it is."""
    t.write("slow.tgg", """graph slow { result s u64 %z = const u32 0 %o = const u32 1 %i = iota %z, %o
      %m = const u32 255 %c = and %i, %m %y = loop %k = %c { %go = lt %z, %k test %go %n = sub %k, %o yield %n }
      sum s %i }""")
    try:
        ours, theirs = os.openpty()
    except OSError as error:  # /dev/pts is not mounted, as in a bare chroot
        t.skip("progress", f"this machine gives no terminal: {error}")
        return
    said = []

    def listen():
        try:
            while part := os.read(ours, 4096):
                said.append(part)
        except OSError:  # how a terminal that was closed on the other side ends
            pass

    thread = threading.Thread(target=listen)
    thread.start()
    r = t.run("run", "slow.tgg", "-n", "200000", "--backend", "ref", "--passes", "none", *window(1), stderr=theirs)
    os.close(theirs)
    thread.join()
    os.close(ours)
    text = b"".join(said).decode()
    t.check("progress", r.status == 0 and " of 200k lanes, " in text and " %, " in text and "/s, " in text and " s left" in text
            and text.endswith("\r\x1b[K"), text)


def main():
    with Suite() as t:
        test_windows(t)
        test_mixed(t)
        test_programs(t)
        test_pipes(t)
        test_errors(t)
        test_signals(t)
        test_memory(t)
        test_progress(t)
        t.same("no temporary files are left", temporary(t), [])
    t.finish()


if __name__ == "__main__":
    sys.exit(main())
