#!/usr/bin/env python3
"""Checks that each folder includes only what stands above it. Prints TAP, one test for each folder.

LAYERS lists the folders from the top; a folder may include itself and every folder listed for it. System headers and
throng.h are open to all; the command and the examples see only throng.h and src/io."""
import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent
ORDER = ["base", "explain", "graph", "stack", "lang", "walk", "routine", "linear", "machine", "backend", "runtime", "io", "api"]
LAYERS = {f"src/{folder}": [f"src/{above}" for above in ORDER[:at]] for at, folder in enumerate(ORDER)}
LAYERS["src/backend"] = ["src/base", "src/explain", "src/graph"]  # what a plug-in could be built from
LAYERS["cli"] = LAYERS["examples"] = ["src/io"]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def layer_of(path):
    """The layer of a file: the longest key of LAYERS that leads to it, or None."""
    name = path.relative_to(SOURCE).as_posix()
    found = [layer for layer in LAYERS if name.startswith(layer + "/")]
    return max(found, key=len) if found else None


def resolve(path, name):
    """The file that an include in quotes names: beside the including file, in src/ or in include/."""
    for folder in (path.parent, SOURCE / "src", SOURCE / "include"):
        candidate = (folder / name).resolve()
        if candidate.is_file():
            return candidate
    return None


def check_file(path, layer):
    """Yields what is wrong with the includes of one file."""
    text = path.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(text):
        where = f"{path.relative_to(SOURCE)}:{text.count(chr(10), 0, match.start(2)) + 1}"
        quote, name = match.groups()
        target = resolve(path, name)
        if target is None:
            if quote == '"':
                yield f"{where}: {name} is in no folder of the project: use <{name}> if it is a system header"
            continue
        if name == "throng.h" or (quote == "<" and not target.is_relative_to(SOURCE / "src")):
            continue
        other = layer_of(target)
        if other is None:
            yield f"{where}: {name} belongs to no layer: add its folder to tools/check_layers.py"
        elif other != layer and other not in LAYERS[layer]:
            yield f"{where}: {layer} may not include {name} of {other}, which stands below it"


def main():
    folders = [folder for folder in LAYERS if (SOURCE / folder).is_dir()]
    unknown = [f"src/{p.name}" for p in sorted((SOURCE / "src").iterdir()) if p.is_dir() and f"src/{p.name}" not in LAYERS]
    print(f"1..{len(folders) + 1}")
    failed = bool(unknown)
    print(("not ok" if unknown else "ok") + " 1 - every folder of src has a layer")
    for folder in unknown:
        print(f"# {folder}: add it to tools/check_layers.py")
    for number, folder in enumerate(folders, 2):
        files = sorted(p for p in (SOURCE / folder).rglob("*") if p.suffix in (".c", ".h", ".def"))
        wrong = [line for path in files for line in check_file(path, folder)]
        print(("not ok" if wrong else "ok") + f" {number} - {folder} includes only what stands above it")
        for line in wrong:
            print(f"# {line}")
        failed = failed or bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
