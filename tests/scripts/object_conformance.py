#!/usr/bin/env python3
# tg-test: timeout=3000
"""The conformance cases on object files as `throng emit` writes them: every graph becomes an object, all of a file's
are linked to a shared library that needs no other, by gcc and by clang, and every run gives the expected bytes with the
vectors of each width. What an object cannot be asked, such as memory that is too short, is left out and counted."""
import ctypes
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from second import FORMS, SECOND, SOURCE, import_second

BUILD = pathlib.Path(os.environ["TG_BUILD"])
NATIVE = {"bool": "uint8_t", "i8": "int8_t", "i16": "int16_t", "i32": "int32_t", "i64": "int64_t", "u8": "uint8_t",
          "u16": "uint16_t", "u32": "uint32_t", "u64": "uint64_t", "f32": "float", "f64": "double"}
ALL, NONE = 2**64 - 1, 0
AS_BUILT = ("control", "uniform", "arrays", "linear", "traps", "reduce", "combine")  # files where passes change much


class Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("backend", ctypes.c_char_p), ("passes", ctypes.c_uint64),
                ("force_passes", ctypes.c_int), ("counts", ctypes.c_int)]


class Object(ctypes.Structure):
    _fields_ = [("object", ctypes.c_void_p), ("header", ctypes.c_void_p), ("n_object", ctypes.c_size_t),
                ("n_header", ctypes.c_size_t)]


class Call(ctypes.Structure):
    _fields_ = [("max_steps", ctypes.c_uint64), ("first_lane", ctypes.c_uint64), ("workspace", ctypes.c_void_p),
                ("n_trapped", ctypes.c_uint64), ("first_trapped", ctypes.c_uint64), ("first_code", ctypes.c_uint32),
                ("first_position", ctypes.c_uint32), ("none", ctypes.c_uint64)]


class Operand(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("stride", ctypes.c_ssize_t), ("length", ctypes.c_uint64)]


class Library:
    """The part of throng.h that makes object files."""

    def __init__(self):
        self.c = ctypes.CDLL(str(BUILD / "libthrong.so"))
        pointer = ctypes.c_void_p
        self.c.tg_graph_read.argtypes = [pointer, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int, pointer, pointer]
        self.c.tg_graph_destroy.argtypes = self.c.tg_kernel_destroy.argtypes = [pointer]
        self.c.tg_compile.argtypes = [pointer] * 5
        self.c.tg_kernel_object.argtypes = [pointer, ctypes.c_char_p, pointer, pointer]
        self.c.tg_free.argtypes = [pointer, pointer, ctypes.c_size_t]
        self.context = pointer()
        if self.c.tg_context_create(None, ctypes.byref(self.context)) != 0:
            raise MemoryError("no context")

    def has_llvm(self):
        return self.c.tg_backend_status(b"llvm", None) == 0

    def make(self, case, name, passes):
        """The object and header of a case's graph, or None if the graph is refused."""
        graph, kernel, made = ctypes.c_void_p(), ctypes.c_void_p(), Object()
        options = Options(ctypes.sizeof(Options), b"vec", passes, 1, 0)
        if self.c.tg_graph_read(self.context, case.module, len(case.module), FORMS[case.kind], ctypes.byref(graph),
                                None) != 0:
            return None
        if self.c.tg_compile(self.context, graph, ctypes.byref(options), ctypes.byref(kernel), None) != 0 \
                or self.c.tg_kernel_object(kernel, name.encode(), ctypes.byref(made), None) != 0:
            raise ValueError(f"{case.name}: no object")
        both = ctypes.string_at(made.object, made.n_object), ctypes.string_at(made.header, made.n_header).decode()
        self.c.tg_free(self.context, made.object, made.n_object)
        self.c.tg_free(self.context, made.header, made.n_header)
        self.c.tg_kernel_destroy(kernel)
        self.c.tg_graph_destroy(graph)
        return both


# ---- calls ----

def call_text(graph, name):
    """A C function that calls kernel NAME with a list of operands."""
    arguments = []
    for k, o in enumerate(graph.operands):
        native = NATIVE.get(o.mode)
        if o.kind == "param" and native:
            arguments.append(f"*(const {native} *)o[{k}].base")
        elif o.kind in ("table", "accumulator"):
            arguments += [f"o[{k}].base", f"o[{k}].length", f"o[{k}].stride"]
        else:
            arguments += [f"o[{k}].base"] + ([f"o[{k}].stride"] if o.kind in ("input", "output") else [])
    return (f'#include "{name}.h"\nint call_{name}(uint64_t n, const struct operand *o, struct throng_call *call)\n'
            f"{{\n  (void)o;\n  return {name}({', '.join(['n', *arguments, 'call'])});\n}}\n"
            f"size_t room_{name}(void)\n{{\n  return {name}_WORKSPACE;\n}}\n")


PRELUDE = """#include <stddef.h>
#include <stdint.h>
struct operand {
  void *base;
  ptrdiff_t stride;
  uint64_t length;
};
"""


def bind(second, graph, run, memories, keep):
    """The operands of a run; None if an object would not be asked to do it."""
    out = (Operand * (len(graph.operands) + 1))()
    for k, o in enumerate(graph.operands):
        b = run.binds.get(o.name)
        if b is not None:
            base = ctypes.addressof(memories[b.memory]) + b.offset
            out[k] = Operand(base, b.stride, b.length(o.size) if o.kind in ("table", "accumulator") else run.n)
        elif o.kind == "param" and o.mode in NATIVE:
            keep.append(ctypes.create_string_buffer(second.encode(o.mode, [o.default], "<"), 16))
            out[k] = Operand(ctypes.addressof(keep[-1]), 0, 1)
    return out


def perform(second, graph, run, library, name, width):
    """What is wrong with a run, or None."""
    memories = {key: ctypes.create_string_buffer(bytes(data), max(len(data), 1)) for key, data in run.memories.items()}
    keep, call = [], Call(run.fuel, 0, None, 0, 0, 0, 0, 0)
    operands = bind(second, graph, run, memories, keep)
    room = getattr(library, f"room_{name}")
    room.restype = ctypes.c_size_t
    if room() > 65536:
        keep.append(ctypes.create_string_buffer(room()))
        call.workspace = ctypes.addressof(keep[-1])
    chosen = ctypes.c_uint32.in_dll(library, f"{name}_width")
    chosen.value = width
    status = getattr(library, f"call_{name}")(ctypes.c_uint64(run.n), operands, ctypes.byref(call))
    if chosen.value != width and width != 0:
        return f"vectors of {chosen.value} bits"
    trapped = (call.n_trapped, call.first_trapped, call.first_code, call.first_position) if call.n_trapped else None
    if status != (1 if run.trapped else 0):
        return f"status {status}"
    after = {key: bytes(memories[key].raw[:len(data)]) for key, data in run.memories.items()}
    return second.differences(run, (None, after, trapped, call.none))


# ---- files ----

class Tally:
    def __init__(self):
        self.number = self.failed = self.left_out = 0

    def report(self, title, problems):
        self.number += 1
        self.failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.number} - {title}", flush=True)
        for problem in problems[:20]:
            print(f"# {problem}")


def host_widths():
    flags = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8") if os.path.exists("/proc/cpuinfo") else ""
    return [0, 128] + [256] * (" avx2 " in flags) + [512] * (" avx512vl " in flags)


def build(folder, compiler, names):
    """A shared library of all objects, which may want nothing of any other."""
    (folder / "calls.c").write_text(PRELUDE + "".join(text for _, text in names.values()))
    subprocess.run([compiler, "-std=c11", "-Wall", "-Werror", "-O1", "-fPIC", "-shared", "-nostdlib", "-Wl,-z,defs",
                    "-Wl,-z,noexecstack", "-o", f"{compiler}.so", "calls.c", *[f"{name}.o" for name in names]],
                   cwd=folder, check=True)
    return ctypes.CDLL(str(folder / f"{compiler}.so"))


def make_objects(second, library, path, folder, passes):
    """The objects of a file's cases, by name; how many graphs are refused, as they should be."""
    names = {}
    for k, case in enumerate(second.read_cases(path)):
        both = library.make(case, f"k{k}", passes) if case.runs else None
        if both is None:
            continue
        graph = second.load_case(case)
        (folder / f"k{k}.o").write_bytes(both[0])
        (folder / f"k{k}.h").write_text(both[1])
        names[f"k{k}"] = (case, call_text(graph, f"k{k}"))
    return names


def test_file(second, library, path, tally, passes):
    with tempfile.TemporaryDirectory(prefix="throng-test-") as temporary:
        folder = pathlib.Path(temporary)
        names = make_objects(second, library, path, folder, passes)
        if not names:
            return
        for compiler in filter(shutil.which, ("gcc", "clang")):
            linked = build(folder, compiler, names)
            for width in host_widths():
                problems, n = [], 0
                for name, (case, _) in names.items():
                    graph = second.load_case(case)
                    for number, run in enumerate(case.runs, 1):
                        if run.error or run.order != sys.byteorder:
                            tally.left_out += 1
                            continue
                        problem = perform(second, graph, run, linked, name, width)
                        n += 1
                        if problem:
                            problems.append(f"{case.name}, run {number}: {problem}")
                tally.report(f"{path.stem}, passes {'none' if passes == 0 else 'all'}, {compiler}, "
                             f"{f'vectors of {width} bits' if width else 'as chosen'}: {n} runs of {len(names)} objects",
                             problems)


def main():
    os.environ["TG_PLUGIN_PATH"] = str(BUILD)
    second, library, tally = import_second(), Library(), Tally()
    if not library.has_llvm():
        print("1..0 # SKIP throng-llvm.so was not built")
        return 0
    files = [pathlib.Path(p) for p in sys.argv[1:]] or sorted((SOURCE / "tests/conformance").glob("*.tgt"))
    for path in files:
        for passes in (ALL, NONE) if path.stem in AS_BUILT else (ALL,):
            test_file(second, library, path, tally, passes)
    print(f"# {tally.left_out} runs were left out: refused ones, and those of the other byte order")
    print(f"1..{tally.number}")
    return tally.failed > 0


assert SECOND.exists()
sys.exit(main())
