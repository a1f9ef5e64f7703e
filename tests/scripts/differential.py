#!/usr/bin/env python3
# tg-test: timeout=1800
"""Random graphs: the second implementation says what must come out, the library must agree, as built and through passes.

TG_SEED=n chooses the seed; TG_LONG=1 runs many more cases from a seed of the day. What fails is kept, one file for each
case, in the folder `differential` of the build, and runs again with the conformance runner."""
import ctypes
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

BUILD, SOURCE = pathlib.Path(os.environ["TG_BUILD"]), pathlib.Path(os.environ["TG_SOURCE"])
RUNNER = BUILD / "tests/conformance/runner"
SECOND = SOURCE / "tests/second/throng2.py"
KEPT = BUILD / "differential"
LONG = os.environ.get("TG_LONG") == "1"
SEED = int(os.environ.get("TG_SEED") or (time.time() // 86400 if LONG else 1))
BATCH = 400
N_BATCHES = 60 if LONG else 1
FAILED = re.compile(r"^not ok \d+ - .*?:(\S+)$")


def choices():
    """The runner's ways, each with a name: as built, all passes, and each pass off."""
    library = ctypes.CDLL(str(BUILD / "libthrong.so"))
    library.tg_pass_name.restype = ctypes.c_char_p
    library.tg_pass_name.argtypes = [ctypes.c_size_t]
    yield "as built", []
    yield "with all passes", ["--passes", "all"]
    index = 0
    while library.tg_pass_name(index) is not None:
        name = library.tg_pass_name(index).decode()
        yield f"without {name}", ["--passes", "-" + name]
        index += 1


def make_batch(seed, folder):
    """Random cases with the second implementation's outcomes. Returns the file."""
    bare, full = folder / "bare.tgt", folder / f"random-{seed}.tgt"
    for out, arguments in ((bare, ["random", str(seed), str(BATCH)]), (full, ["run", str(bare)])):
        with open(out, "wb") as file:
            subprocess.run([sys.executable, SECOND, *arguments], stdout=file, check=True)
    return full


def cases_of(path):
    """{name: text} of a file of cases."""
    text = path.read_text(encoding="latin-1")
    parts = re.split(r"^(?=case )", text, flags=re.MULTILINE)
    return {part.split("\n", 1)[0].split()[1]: part for part in parts if part.startswith("case ")}


def keep(path, name):
    KEPT.mkdir(parents=True, exist_ok=True)
    kept = KEPT / f"{path.stem}-{name}.tgt"
    kept.write_text(cases_of(path).get(name, path.read_text(encoding="latin-1")), encoding="latin-1")
    return kept


def run_batch(path, arguments):
    """Returns (cases that passed, lines about those that failed)."""
    run = subprocess.run([RUNNER, *arguments, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         errors="replace", check=False)
    lines, wrong = run.stdout.splitlines(), []
    for at, line in enumerate(lines):
        failure = FAILED.match(line)
        if failure:
            wrong.append(f"{failure.group(1)} is kept in {keep(path, failure.group(1))}")
            wrong += [lines[k] for k in range(at + 1, min(at + 4, len(lines))) if lines[k].startswith("#")]
    if run.returncode != 0 and not wrong:
        wrong = [f"the runner ended with status {run.returncode}; the cases are kept in {keep(path, 'all')}"]
    return sum(line.startswith("ok ") for line in lines), wrong


def main():
    ways = list(choices())
    passed, wrong = [0] * len(ways), [[] for _ in ways]
    print(f"# seed {SEED}, {N_BATCHES * BATCH} cases")
    print(f"1..{len(ways)}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        for batch in range(N_BATCHES):
            path = make_batch(SEED + batch, pathlib.Path(temporary))
            for way, (_, arguments) in enumerate(ways):
                n, lines = run_batch(path, arguments)
                passed[way] += n
                wrong[way] += lines
                if n + len(lines) == 0:
                    wrong[way].append("no case ran")
    for way, (name, _) in enumerate(ways):
        print(("not ok" if wrong[way] else "ok") + f" {way + 1} - {passed[way]} random cases, {name}")
        for line in wrong[way][:40]:
            print(f"# {line.lstrip('# ')}")
    return 1 if any(wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
