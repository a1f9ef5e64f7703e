#!/usr/bin/env python3
# tg-test: timeout=300
"""Programs that are large, deep, endless or hungry run, trap, or end in an error that says what, where and what to do; in a
limited address space, so that none asks for memory without bounds."""
import resource

from cli import Suite

GIB = 1 << 30


def machine(body, head="    out y: u32;\n"):
    return "machine m {\n" + head + body + "}\n"


def nest(opening, depth, inside):
    return opening * depth + inside + "}\n" * depth


def arrays(n, length):
    body = "".join(f"    var a{k}: [u64; {length}];\n    a{k}[id] = 1;\n" for k in range(n))
    return machine(body + "    y = u32(" + " + ".join(f"a{k}[id]" for k in range(n)) + ");\n")


def variables(n):
    """Variables that are all needed until one block reads them."""
    return machine("".join(f"    let a{k} = u32(id) * {k};\n" for k in range(n)) + "    if id < 5 {\n" +
                   "".join(f"        y ^= a{k};\n" for k in range(n)) + "    }\n")


# Without the instances that run it, this loop would never end.
ALL_TRAP = machine("    assert(p > 0);\n    while y < 100 {\n        y += p;\n    }\n", "    param p: u32 = 0;\n    out y: u32;\n")

# name, text, options of run, its status, and what it says
CASES = [
    ("100000 statements", machine("    var x = u32(id);\n" + "".join(f"    x = x * {k % 7 + 1} + {k};\n" for k in range(100000)) + "    y = x;\n"),
     [], 0, ""),
    ("20000 variables", machine("".join(f"    let _a{k} = u32(id) + {k};\n" for k in range(20000)) + "    sync;\n    y = _a19999 + _a7;\n"), [], 0, ""),
    ("50000 variables at once", variables(50000), [], 0, ""),
    ("60 loops in one another", machine(nest("while y < 3 {\n", 60, "y += 1;\n")), [], 0, ""),
    ("150 blocks in one another", machine(nest("if id < 5 {\n", 150, "y = 1;\n")), [], 1, "nested more than 64 deep"),
    ("300 blocks in one another", machine(nest("if id < 5 {\n", 300, "y = 1;\n")), [], 1, "E0206"),
    ("an expression of 5000 brackets", machine("    y = " + "(" * 5000 + "1" + ")" * 5000 + ";\n"), [], 1, "E0206"),
    ("900 phases", machine("    y += 1;\n    sync;\n" * 900), [], 0, ""),
    ("2000 phases", machine("    y += 1;\n    sync;\n" * 2000), [], 1, "m has 2001 phases, of 1024"),
    ("a loop without end", machine("    while true {\n        y += 1;\n    }\n"), ["--max-steps", "1000"], 3, "3 of 3 instances trapped"),
    ("loops without end in phases", machine("    while y < 600 {\n        y += 1;\n    }\n    sync;\n    repeat 600 {\n        y += 1;\n    }\n"),
     ["--max-steps", "1000"], 3, "out of fuel"),
    ("an array of 2^20", arrays(1, 1 << 20), [], 0, ""),
    ("an array of 2^20 + 1", arrays(1, (1 << 20) + 1), [], 1, "E0419"),
    ("more arrays than a lane may have", arrays(40, 1 << 20), [], 1, "bytes of arrays"),
    ("an array that is too large to be listed", machine("    var a = [1u64; 1048576];\n    y = u32(a[id]);\n"), [], 1, "1048576 nodes"),
    ("a large array across a sync", machine("    var a: [u64; 5000];\n    a[id] = 1;\n    sync;\n    y = u32(a[id]);\n"), [], 1,
     "5000 of them are elements of 'a'"),
    ("an output of 5000", machine("    y[0] = 1;\n", "    out y: [u32; 5000];\n"), [], 1, "more than 1024 operands"),
    ("an index out of range", machine("    var a: [u32; 4];\n    y = a[id + 3];\n"), [], 3, "2 of 3 instances trapped; the first is number 1"),
    ("a division by zero", machine("    y = 7 / u32(id);\n"), [], 3, "1 of 3 instances trapped; the first is number 0"),
]


def main():
    resource.setrlimit(resource.RLIMIT_AS, (6 * GIB, 6 * GIB))
    with Suite() as t:
        for name, text, options, status, words in CASES:
            t.write("case.tg", text)
            result = t.run("run", "case.tg", "-n", 3, *options)
            t.check(f"{name}: run", result.status == status and words in result.err and len(result.err) < 2000,
                    f"status {result.status}\n{result.err[:1000]}")
            shown = t.run("show", "case.tg", "--stage", "routine")
            is_error = status == 1
            t.check(f"{name}: show", shown.status == (1 if is_error else 0) and (not is_error or words in shown.err),
                    f"status {shown.status}\n{shown.err[:1000]}")
        t.write("case.tg", ALL_TRAP)
        has_llvm = any(line.startswith("llvm ") and "not available" not in line for line in t.run("backends").out.splitlines())
        for backend in ("ref", "vec", *(("llvm/masked", "llvm/refill") if has_llvm else ())):
            result = t.run("run", "case.tg", "-n", 300, "--backend", backend)
            t.check(f"a loop for instances that have trapped: {backend}", result.status == 3 and "300 of 300" in result.err,
                    f"status {result.status}\n{result.err[:1000]}")
        t.write("case.tg", variables(3000))
        last = [line for line in t.run("show", "case.tg", "--stage", "routine").out.splitlines() if " let a2999 " in line]
        t.check("3000 variables at once: what is needed", len(last) == 1 and last[0].rstrip().endswith("live 12004"), str(last))
    t.finish()


if __name__ == "__main__":
    main()
