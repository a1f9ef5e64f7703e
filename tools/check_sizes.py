#!/usr/bin/env python3
"""Checks that no function has more than 60 lines between its braces and no file more than 800. Prints TAP.

The format puts a function's braces, and nothing else, alone in the first column, so no parser is needed. Tables (.def)
may be long. tools/sizes_allowed.txt lists exceptions, `path` or `path:function`, each with its reason; an exception that
is not needed any more is an error, so that the list only shrinks."""
import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["include", "src", "cli", "examples", "tests", "fuzz", "bench"]
ALLOWED = SOURCE / "tools/sizes_allowed.txt"
MAX_FUNCTION, MAX_FILE = 60, 800
NAME = re.compile(r"([A-Za-z_]\w*)\s*\(")


def functions(lines):
    """Yields (name, line, lines between the braces)."""
    start = None
    for at, line in enumerate(lines):
        if line == "{":
            start = at
        elif line == "}" and start is not None:
            first = start
            while first > 0 and lines[first - 1].strip() and lines[first - 1][0] not in "}#" and lines[first - 1][-1] not in ";/":
                first -= 1
            found = NAME.search(" ".join(lines[first:start]))
            yield (found.group(1) if found else "?", start + 1, at - start - 1)
            start = None


def read_allowed():
    """Returns {key: reason} and the lines that are malformed."""
    allowed, bad = {}, []
    for number, line in enumerate(ALLOWED.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            key, _, reason = line.partition(" ")
            if not reason.strip():
                bad.append(f"{ALLOWED.name}:{number}: {key} has no reason")
            allowed[key] = reason.strip()
    return allowed, bad


def main():
    allowed, bad = read_allowed()
    used, long_functions, long_files = set(), [], []
    for path in sorted(p for folder in FOLDERS for p in (SOURCE / folder).rglob("*.[ch]")):
        name, lines = path.relative_to(SOURCE).as_posix(), path.read_text(encoding="utf-8").splitlines()
        if len(lines) > MAX_FILE:
            used.add(name)
            if name not in allowed:
                long_files.append(f"{name}: {len(lines)} lines, {MAX_FILE} at most: split it by idea")
        for function, line, size in functions(lines):
            if size > MAX_FUNCTION:
                used.add(f"{name}:{function}")
                if f"{name}:{function}" not in allowed:
                    long_functions.append(f"{name}:{line}: {function} has {size} lines, {MAX_FUNCTION} at most: divide it")
    bad += [f"{ALLOWED.name}: {key} is not needed any more: take it out" for key in allowed if key not in used]
    print("1..3")
    for number, (title, wrong) in enumerate([("functions are short", long_functions), ("files are short", long_files),
                                             ("every exception is needed and has a reason", bad)], 1):
        print(("not ok" if wrong else "ok") + f" {number} - {title}")
        for line in wrong:
            print(f"# {line}")
    return 1 if long_functions or long_files or bad else 0


if __name__ == "__main__":
    sys.exit(main())
