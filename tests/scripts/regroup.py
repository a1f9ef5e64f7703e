#!/usr/bin/env python3
# tg-test: checked timeout=600
"""Instances regrouped by the arm of a match give what they give together: reports, outputs and traps, on every engine,
with any number of threads and any window."""
import random
import re
import struct

from cli import Suite

# Each instance runs a program of its own, of opcodes in a shared array; it may halt, divide by zero or fail an assertion.
POPULATION = """
const STEPS: [u32; 4] = [1, 2, 4, 8];

struct machine_state {
    top: i64;
    next: i64;
}

fn mix(x: i64, y: i64) -> i64 {
    var z = x ^ (y << 7);
    repeat 3 {
        z = z * 6364136223846793005 + 1442695040888963407;
    }
    return z;
}

machine population {
    param length: u32 = 40;
    in code: [u8];
    out top: i64;
    out ran: u32;
    out noise: f64;

    let luck = uniform_f64();
    var s = machine_state(i64(id), 1);
    var halted = false;
    var pc: u32 = 0;
    while !halted && ran < length {
        let op = code[(id * 7 + u64(pc)) % len(code)];
        var jump: u32 = 1;
        ran += 1;
        match op % 9 {
            0 => s.top = s.top + s.next;
            1, 7 => {
                let old = s.top;
                s.top = mix(s.next, old);
                s.next = old;
            }
            2 => s.next = s.top / (s.next % 17);
            3 => {
                jump = STEPS[u32(s.top) % 4];
                for i in 0..u32(s.next) % 5 {
                    s.top += i64(id) * i64(i);
                }
            }
            4 => assert(s.top % 211 != 3);
            5 => halted = s.top % 13 == 0;
            6 => {
                if s.top < 0 {
                    s.top = -s.top;
                } else {
                    s.next -= 1;
                }
            }
            _ => {}
        }
        pc += jump;
        s.next += 1;
    }
    noise = luck + uniform_f64() + f64(pc);
    sync;
    top = s.top ^ s.next;
    report {
        all = sum(noise);
        rounds = sum(ran);
        best = argmax(top);
        middle = quantile(ran, 0.5);
        spread = variance(noise);
    }
}
"""

# Loops of the other kinds, a match without a rest, no rounds at all, inputs kept in a variable.
LOOPS = """
machine loops {
    in x: u32;
    out y: u32;
    out z: u64;

    var seed = x;
    for i in x % 5..x % 11 {
        let twice = seed * 2;
        match twice % 3 {
            0 => y += i;
            1 => y ^= twice + 1;
        }
        seed = seed * 1664525 + twice;
    }
    MORE
    z += u64(seed);
}
"""
REPEAT = """repeat x % 4 {
        match y % 2 {
            0 => {
                z += id;
                y += 1;
            }
            1 => y /= 2;
        }
    }"""

# Random numbers and inputs wherever they may stand: before, in the loop's head, in some arms, after; instances that trap.
AGENTS = """
machine agents {
    in x: u32;
    in z: u32;
    out y: u32;
    out w: f64;
    out c: u32;

    var t = random_u32();
    while c < 5 + (x ^ random_u32() % 2) % 7 {
        c += 1;
        match (random_u32() ^ z) % 6 {
            0 => y += x;
            1 => {
                y ^= random_u32();
                w += uniform_f64();
            }
            2 => w += f64(z % 100) * f64(y % 10);
            3 => {
                t += 1;
                y = y * 3 + t;
            }
            4 => assert(random_u32() % 50 != 0);
            _ => {
                if y % 2 == 0 {
                    y += random_u32() % 100;
                }
            }
        }
        w += 0.5;
    }
    sync;
    y += random_u32() ^ z;
    report {
        all = sum(w);
        most = max(c);
        middle = quantile(w, 0.5);
    }
}
"""

# Loops that can be split, and such that cannot be: they must run as ever.
SPLIT = {
    "a draw": "repeat 9 {\n        match random_u32() % 2 {\n            0 => y += 1;\n            1 => y += 2;\n        }\n    }",
    "an input": "repeat 9 {\n        match id % 2 {\n            0 => y += x;\n            1 => y += 1;\n        }\n    }",
}
WHOLE = {
    "a break": "repeat 9 {\n        if y > 5 {\n            break;\n        }\n        match id % 2 {\n            0 => y += 1;\n            1 => y += 2;\n        }\n    }",
    "an array": "var a: [u32; 4];\n    repeat 9 {\n        match id % 2 {\n            0 => a[y % 4] += 1;\n            1 => y += a[1] + 1;\n        }\n    }",
    "a return": "repeat 9 {\n        match id % 2 {\n            0 => y += 1;\n            1 => return;\n        }\n    }",
}


def npy(dtype, code, values):
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({len(values)},), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}{code}", *values)


def ways(t):
    listed = t.run("backends").out
    names = [n for n in ("ref", "vec", "llvm") if re.search(rf"^{n}(?!.* not available)", listed, re.MULTILINE)]
    for name in names:
        yield ["--backend", name]
        yield ["--backend", name, "--passes", "none"]
        if name != "ref":
            yield ["--backend", name, "--threads", "2", "--window", "4096"]


def same(t, title, *options):
    wanted = t.run("run", *options, "--json", "--backend", "ref", "--regroup", "off")
    t.check(f"{title}: it runs", wanted.status in (0, 3), wanted)
    for way in ways(t):
        found = t.run("run", *options, "--json", "--regroup", "on", *way)
        t.check(f"{title}, {' '.join(way)}", (found.out, found.status) == (wanted.out, wanted.status),
                f"found {found.status}:\n{found.out}{found.err}\nwanted {wanted.status}:\n{wanted.out}")
    return wanted


def main():
    rng = random.Random(5)
    with Suite() as t:
        t.write("code.npy", npy("|u1", "B", [rng.randrange(256) for _ in range(997)]))
        t.write("x.npy", npy("<u4", "I", [rng.randrange(1 << 32) for _ in range(9001)]))
        t.write("population.tg", POPULATION)
        run = same(t, "a population", "population.tg", "--in", "code=code.npy", "-n", 9001)
        t.check("some of it traps, and some not", run.status == 3 and '"count": 0' not in run.out, run)
        same(t, "one instance", "population.tg", "--in", "code=code.npy", "-n", 1)
        same(t, "no rounds", "population.tg", "--in", "code=code.npy", "-n", 50, "--param", "length=0")
        same(t, "limited fuel", "population.tg", "--in", "code=code.npy", "-n", 500, "--max-steps", 33)
        for name, more in (("a for", ""), ("a for, then a repeat", REPEAT)):
            t.write("loops.tg", LOOPS.replace("MORE", more))
            same(t, name, "loops.tg", "--in", "x=x.npy")
        t.write("loops.tg", LOOPS.replace("for i in x % 5..x % 11 {", "let i = x;\n    {").replace("seed = seed * 1664525 + twice;", "").replace("MORE", REPEAT))
        same(t, "a repeat", "loops.tg", "--in", "x=x.npy")
        for name, body in {**SPLIT, **WHOLE}.items():
            t.write("whole.tg", f"machine whole {{\n    in x: u32;\n    out y: u32;\n    {body}\n    y ^= x;\n}}\n")
            same(t, f"{name} in the loop", "whole.tg", "--in", "x=x.npy")
            could = "the match at line" in t.run("explain", "whole.tg").out
            t.same(f"{name} in the loop: whether it can be split", could, name in SPLIT)
        t.write("z.npy", npy("<u4", "I", [rng.randrange(1 << 32) for _ in range(9001)]))
        t.write("agents.tg", AGENTS)
        run = same(t, "random numbers and inputs", "agents.tg", "--in", "x=x.npy", "--in", "z=z.npy")
        t.check("some of them trap", run.status == 3, run)
        options = ["population.tg", "--in", "code=code.npy", "-n", 300000, "--param", "length=6", "--json", "--backend", "vec"]
        t.same("more than one window", t.run("run", *options, "--regroup", "on").out, t.run("run", *options, "--regroup", "off").out)
        t.check("a wrong word", t.run("run", "population.tg", "--regroup", "maybe").status == 2)
    t.finish()


if __name__ == "__main__":
    main()
