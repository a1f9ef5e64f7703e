#!/usr/bin/env python3
"""README.md shows what is there: its blocks of graph text and C are in the files that the text before them links to,
its commands print what stands below them, and the files that it links to exist."""
# tg-test: timeout=120
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from tap import check, finish

SOURCE = pathlib.Path(os.environ.get("TG_SOURCE", "."))
BUILD = pathlib.Path(os.environ.get("TG_BUILD", SOURCE / "build"))
INDENT = "    "


def read_blocks(text):
    """Yields (the line of text before, the block's lines without their indentation), parting commands from listings."""
    before, block = "", []
    for line in [*text.splitlines(), "end"]:
        is_command = line.startswith(INDENT + "$ ")
        if block and (is_command or line and not line.startswith(INDENT)):
            while not block[-1]:
                block.pop()
            yield before, block
            block = []
        if line.startswith(INDENT) or block:
            block.append(line[len(INDENT):])
        elif line:
            before = line


def is_within(block, text):
    """Whether the lines of a block follow one another in a text, all moved by the same number of spaces."""
    lines = text.splitlines()
    for at in range(len(lines) - len(block) + 1):
        move = len(lines[at]) - len(lines[at].lstrip(" ")) - (len(block[0]) - len(block[0].lstrip(" ")))
        if move >= 0 and all(have == (" " * move + want if want else "") for have, want in zip(lines[at:], block)):
            return True
    return False


def check_listing(before, block):
    link = re.search(r"\((examples/[^)]+)\)", before)
    if link is None:
        check(f"'{block[0]}' is from a file", False, f"no link to a file in the text before: {before}")
        return
    text = (SOURCE / link[1]).read_text(encoding="utf-8")
    whole = link[1].endswith(".tgg")
    same = block == text.splitlines() if whole else is_within(block, text)
    check(f"{link[1]} holds the block", same, "make the block in README.md and the file equal")


def check_command(block, folder):
    done = subprocess.run(block[0][2:], shell=True, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    same = done.returncode == 0 and done.stdout.rstrip().splitlines() == block[1:]
    check(block[0][2:], same, f"exit status {done.returncode}; it prints:\n{done.stdout}")


def main():
    text = (SOURCE / "README.md").read_text(encoding="utf-8")
    n_commands, n_listings = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for name, target in ("examples", SOURCE / "examples"), ("include", SOURCE / "include"), ("build", BUILD):
            os.symlink(target.resolve(), os.path.join(folder, name))
        for before, block in read_blocks(text):
            if block[0].startswith("$ "):
                n_commands += 1
                check_command(block, folder)
            elif not block[0].startswith("make "):
                n_listings += 1
                check_listing(before, block)
    check("it has commands and listings", n_commands >= 2 and n_listings >= 2, f"{n_commands} and {n_listings}")
    for link in re.findall(r"\]\(([^)]+)\)", text):
        check(f"{link} exists", (SOURCE / link).exists())
    return finish()


if __name__ == "__main__":
    sys.exit(main())
