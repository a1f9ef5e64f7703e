#!/usr/bin/env python3
# tg-test: timeout=900
"""The second implementation passes the conformance cases, and writes the same canonical text and the same modules as the
library does: for every module of the cases that both accept, and, through `throng convert`, for the examples."""
import ctypes
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile

BUILD, SOURCE = pathlib.Path(os.environ["TG_BUILD"]), pathlib.Path(os.environ["TG_SOURCE"])
THRONG = pathlib.Path(os.environ.get("THRONG") or BUILD / "throng")
SECOND = SOURCE / "tests/second/throng2.py"
CASES = [SOURCE / "tests/second/self.tgt", *sorted((SOURCE / "tests/conformance").glob("*.tgt"))]
TEXT, BINARY = 0, 1
FORMS = {"text": 0, "binary": 1, "stack": 2, "code": 3}


class Library:
    """The part of throng.h that reads and writes modules."""

    def __init__(self):
        self.c = ctypes.CDLL(str(BUILD / "libthrong.so"))
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        self.c.tg_graph_read.argtypes = [pointer, ctypes.c_char_p, size, ctypes.c_int, pointer, pointer]
        self.c.tg_graph_write.argtypes = [pointer, ctypes.c_int, pointer, pointer, pointer]
        self.c.tg_graph_destroy.argtypes = [pointer]
        self.c.tg_free.argtypes = [pointer, pointer, size]
        self.context = ctypes.c_void_p()
        if self.c.tg_context_create(None, ctypes.byref(self.context)) != 0:
            raise MemoryError("no context")

    def translate(self, module, form):
        """The module as (text, binary), or None if it is rejected."""
        graph = ctypes.c_void_p()
        if self.c.tg_graph_read(self.context, module, len(module), form, ctypes.byref(graph), None) != 0:
            return None
        both = tuple(self.write(graph, to) for to in (TEXT, BINARY))
        self.c.tg_graph_destroy(graph)
        return both

    def write(self, graph, form):
        data, n = ctypes.c_void_p(), ctypes.c_size_t()
        if self.c.tg_graph_write(graph, form, ctypes.byref(data), ctypes.byref(n), None) != 0:
            raise ValueError("a graph that was read cannot be written")
        out = ctypes.string_at(data, n.value)
        self.c.tg_free(self.context, data, n)
        return out


def import_second():
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("throng2", SECOND)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check_suite(path):
    """What is wrong with the second implementation on the cases of a file."""
    run = subprocess.run([sys.executable, SECOND, "suite", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, errors="replace", check=False)
    lines = run.stdout.splitlines()
    wrong = [line for line in lines if line.startswith("not ok") or line.startswith("#")]
    if not wrong and (run.returncode != 0 or not any(line.startswith("ok ") for line in lines)):
        wrong = lines[-3:] or [f"status {run.returncode}"]
    return wrong


def difference(title, ours, theirs):
    """A line that says where two byte strings differ."""
    at = next((i for i, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]), min(len(ours), len(theirs)))
    return f"{title}: the second gives {theirs[at:at + 30]!r} at byte {at}, the library {ours[at:at + 30]!r}"


def check_written(second, library, path):
    """What differs in the text and binary forms of the modules of a file of cases."""
    wrong = []
    for case in second.read_cases(str(path)):
        ours = library.translate(case.module, FORMS[case.kind])
        try:
            graph = second.load_case(case)
        except second.ThrongError:
            graph = None
        if (ours is None) != (graph is None):
            wrong.append(f"{case.name}: only {'the second' if ours is None else 'the library'} accepts it")
        elif graph is not None:
            theirs = second.write_text(graph).encode("latin-1"), second.write_binary(graph)
            wrong += [difference(f"{case.name}, {form}", *pair) for form, pair in
                      zip(("text", "binary"), zip(ours, theirs)) if pair[0] != pair[1]]
    return wrong


def check_example(path, folder):
    """What differs between `throng convert` and the second implementation on one file."""
    wrong = []
    for command, suffix in (("text", ".tgg"), ("binary", ".tgb")):
        theirs = subprocess.run([sys.executable, SECOND, command, path], stdout=subprocess.PIPE, check=False)
        out = folder / ("out" + suffix)
        ours = subprocess.run([THRONG, "convert", path, out], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if ours.returncode != 0 or theirs.returncode != 0:
            wrong.append(f"to {command}: throng convert: {ours.returncode}, the second: {theirs.returncode}")
        elif out.read_bytes() != theirs.stdout:
            wrong.append(difference(f"to {command}", out.read_bytes(), theirs.stdout))
    return wrong


def checks(folder):
    """Yields (title, what is wrong)."""
    for path in CASES:
        yield f"the second implementation passes {path.name}", check_suite(path)
    second, library = import_second(), Library()
    for path in CASES:
        yield f"the modules of {path.name} are written alike", check_written(second, library, path)
    for path in sorted(p for p in (SOURCE / "examples").rglob("*") if p.suffix in (".tgg", ".tgs", ".tgb")):
        yield f"throng convert writes {path.name} alike", check_example(path, folder)


def main():
    failed, number = False, 0
    with tempfile.TemporaryDirectory() as temporary:
        for number, (title, wrong) in enumerate(checks(pathlib.Path(temporary)), 1):
            print(("not ok" if wrong else "ok") + f" {number} - {title}")
            for line in wrong[:20]:
                print(f"# {line.lstrip('# ')}")
            sys.stdout.flush()
            failed = failed or bool(wrong)
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
