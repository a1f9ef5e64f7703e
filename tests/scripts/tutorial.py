#!/usr/bin/env python3
"""docs/tutorial.md: its programs are written to files and its commands run, in order, as a newcomer would; each prints
what stands below it. With TG_BLESS=1 what they print is written into the page; look at the difference before you keep it."""
# tg-test: timeout=300
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from tap import check, finish

SOURCE = pathlib.Path(os.environ.get("TG_SOURCE", "."))
BUILD = pathlib.Path(os.environ.get("TG_BUILD", SOURCE / "build"))
THRONG = pathlib.Path(os.environ.get("THRONG", BUILD / "throng"))
PAGE = SOURCE / "docs/tutorial.md"
FENCE = re.compile(r"^```(tg|console)(?: (\S+))?\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def run(command, folder):
    path = f"{folder}/bin{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "TG_PLUGIN_PATH": str(BUILD)}
    done = subprocess.run(command, shell=True, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, env=environment)
    return done.stdout


def parts(block):
    """Each command of a block and the lines below it."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def run_block(block, folder):
    """Runs a block's commands; gives the block with what they print."""
    out = []
    for command, wanted in parts(block):
        printed = [line.rstrip() for line in run(command, folder).rstrip("\n").splitlines()]
        if os.environ.get("TG_BLESS") != "1":
            check(command, printed == wanted, "it prints:\n" + "\n".join(printed))
        out += [f"$ {command}", *printed]
    return "\n".join(out) + "\n"


def main():
    text = PAGE.read_text(encoding="utf-8")
    n_commands, n_programs, made, at = 0, 0, [], 0
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/bin")
        os.symlink(THRONG.resolve(), f"{folder}/bin/throng")
        os.symlink((SOURCE / "examples").resolve(), f"{folder}/examples")
        for fence in FENCE.finditer(text):
            kind, name, block = fence.groups()
            made.append(text[at:fence.start(3)])
            at = fence.start(3)
            if kind == "tg":
                n_programs += 1
                pathlib.Path(folder, name).write_text(block, encoding="utf-8")
                check(f"{name} is in canonical layout", run(f"throng fmt --print {name}", folder) == block)
            else:
                n_commands += len(parts(block))
                made.append(run_block(block, folder))
                at = fence.end(3)
    if os.environ.get("TG_BLESS") == "1":
        PAGE.write_text("".join(made) + text[at:], encoding="utf-8")
    check("it has programs and commands", n_programs >= 4 and n_commands >= 12, f"{n_programs} and {n_commands}")
    check("no block is of another kind", len(re.findall(r"^```", text, re.MULTILINE)) == 2 * len(FENCE.findall(text)))
    for link in re.findall(r"\]\(([^)]+)\)", text):
        check(f"{link} exists", (PAGE.parent / link).exists())
    return finish()


if __name__ == "__main__":
    sys.exit(main())
