#!/usr/bin/env python3
# tg-test: timeout=1200
"""Every row of src/graph/ops.def with an expression, made wrong in one column at a time, is found by the conformance cases.

Of the library only src/graph/eval.c depends on what those columns say, so each mutant is that file compiled with a changed
table and linked before the archive of the build. The unchanged table, built the same way, passes."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BUILD, SOURCE = pathlib.Path(os.environ["TG_BUILD"]), pathlib.Path(os.environ["TG_SOURCE"])
CC = os.environ.get("CC", "gcc")
SECONDS = 200
COLUMNS = {"u": 7, "s": 8, "f": 9}

# Row, column, and what it says instead. Many are right but for one case: a zero's sign, a NaN, a distance of W, a wide type.
MUTANTS = [
    ("ADD", "u", "a ^ b"), ("ADD", "s", "a - b"), ("ADD", "f", "a + b + 0"),
    ("NEG", "u", "~a"), ("NEG", "s", "a"), ("NEG", "f", "0 - a"),
    ("SUB", "u", "b - a"), ("SUB", "s", "a + b"), ("SUB", "f", "0 - (b - a)"),
    ("MUL", "u", "a * (b & 0xFFFFFFF)"), ("MUL", "s", "a * (b & 0x7FFFFFFF)"), ("MUL", "f", "a * b + 0"),
    ("SHL", "u", "a << (b & (W - 1))"), ("SHL", "s", "a << (b & (W - 1))"),
    ("SHR", "u", "a >> (b & (W - 1))"), ("SHR", "s", "b < W ? a >> b : 0"),
    ("OR", "u", "a ^ b"), ("OR", "s", "a | (b & ~a & 127)"), ("AND", "u", "a & (b | 1)"), ("AND", "s", "b"),
    ("XOR", "u", "a | b"), ("XOR", "s", "a & ~b"), ("NOT", "u", "0 - a"), ("NOT", "s", "a"),
    ("ANDNOT", "u", "~a & b"), ("ANDNOT", "s", "a & b"),
    ("LT", "u", "a <= b"), ("LT", "s", "a < b"), ("LT", "f", "!(a >= b)"),
    ("EQ", "u", "a <= b"), ("EQ", "s", "a >= b"), ("EQ", "f", "!(a < b) && !(b < a)"),
    ("SELECT", "u", "a ? c : b"),
    ("MAX", "u", "(int64_t)a < (int64_t)b ? b : a"), ("MAX", "s", "a < b ? b : a"), ("MAX", "f", "a > b ? a : b"),
    ("DIV", "f", "a * (1 / b)"), ("SQRT", "f", "SQRT(a + 0)"), ("FMA", "f", "a * b + c"),
    ("IOTA", "u", "a + (uint32_t)L * (b | 1)"), ("IOTA", "s", "a - L * b"), ("IOTA", "f", "FMA((F)L, b, a)"),
]


def split_fields(row):
    """The fields of `TG_OP(...)`: text between commas that stand in no parentheses and no string."""
    fields, depth, start, quoted = [], 0, row.index("(") + 1, False
    for at in range(start, len(row)):
        c = row[at]
        if c == '"' and row[at - 1] != "\\" or c == '"' and row[at - 2:at] == "\\\\":
            quoted = not quoted
        elif not quoted and c in "([":
            depth += 1
        elif not quoted and c in ")]":
            depth -= 1
        if not quoted and (c == "," and depth == 0 or depth < 0):
            fields.append(row[start:at].strip())
            start = at + 1
        if depth < 0:
            return fields
    raise ValueError("no end: " + row)


def mutate(table, name, column, text):
    """The table with one field replaced; KeyError if there is no such row or no expression there."""
    lines = table.split("\n")
    for number, line in enumerate(lines):
        if line.startswith(f"TG_OP({name},"):
            fields = split_fields(line)
            if fields[COLUMNS[column]] in ("NONE", text):
                raise KeyError(f"{name} has no other expression in column {column}")
            fields[COLUMNS[column]] = text
            lines[number] = f"TG_OP({', '.join(fields)})"
            return "\n".join(lines)
    raise KeyError(f"no row {name}")


def compile_c(source, out, *folders):
    includes = [f"-I{folder}" for folder in (*folders, SOURCE / "src", SOURCE / "include", SOURCE / "tests/support")]
    subprocess.run([CC, "-std=c11", "-O0", "-w", "-ffp-contract=off", *includes, "-c", source, "-o", out], check=True,
                   capture_output=True, text=True)


def build_runner(folder, table, shared):
    """A conformance runner whose semantics are those of the table."""
    (folder / "graph").mkdir(parents=True, exist_ok=True)
    (folder / "graph/ops.def").write_text(table, encoding="utf-8")
    shutil.copy(SOURCE / "src/graph/eval.c", folder / "eval.c")
    compile_c(folder / "eval.c", folder / "eval.o", folder)
    runner = folder / "runner"
    subprocess.run([CC, folder / "eval.o", *shared, BUILD / "libthrong_internal.a", "-fopenmp", "-lm", "-o", runner], check=True,
                   capture_output=True, text=True)
    return runner


def list_cases():
    """Those that test operations one by one come first: they find most, and a wrong `lt` may run others for ever."""
    cases = sorted((SOURCE / "tests/conformance").glob("*.tgt"))
    return sorted(cases, key=lambda path: not re.match(r"arith|float|lanes|lengths", path.name))


def first_failure(runner, cases):
    """Runs until a case fails. Returns its line, "" if none does, or None if the runner crashed or ran out of time."""
    command = ["timeout", str(SECONDS), runner, *cases]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace") as run:
        for line in run.stdout:
            if line.startswith("not ok"):
                run.terminate()
                return line.strip()
    return "" if run.returncode == 0 else None


def main():
    cases = list_cases()
    table = (SOURCE / "src/graph/ops.def").read_text(encoding="utf-8")
    print(f"1..{len(MUTANTS) + 1}")
    failed = False
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        sources = [SOURCE / "tests" / name for name in ("conformance/runner.c", "conformance/case.c", "support/pool.c")]
        shared = [folder / source.with_suffix(".o").name for source in sources]
        for source, out in zip(sources, shared):
            compile_c(source, out)
        found = first_failure(build_runner(folder, table, shared), cases)
        failed = found != ""
        print(("not ok" if failed else "ok") + " 1 - the unchanged table passes")
        print(f"# {found}" if failed else f"# {len(cases)} files of cases")
        for number, (name, column, text) in enumerate(MUTANTS, 2):
            try:
                found = first_failure(build_runner(folder, mutate(table, name, column, text), shared), cases)
                wrong = "" if found else "no case fails" if found == "" else "the runner crashed or ran out of time"
            except subprocess.CalledProcessError as error:
                wrong = "it does not build: " + error.stderr.split("\n")[0]
            except KeyError as error:
                wrong = str(error.args[0])
            print(("not ok" if wrong else "ok") + f" {number} - wrong row {name} {column} is found: {text}")
            print(f"# {wrong or found}", flush=True)
            failed = failed or bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
