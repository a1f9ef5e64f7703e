#!/usr/bin/env python3
"""Writes the library as one C file and its header: throng.c and throng.h in a folder (build/amalgamation).

What FOLDERS lists of the library goes in: every header once, every .def where it is included. Sections of throng.h whose
functions are not there are left out. In one translation unit names of a file may meet those of others: a name that a
file keeps to itself and that stands elsewhere too gets the file's name in front, its macros end with it, and names that
files share get "throng_" in front, so that none meets a name of the program's. The kernels of `vec`, which are compiled
once for each instruction set, stand at the end, once: throng.c includes itself for each set, and names that the
templates keep to themselves end with the set's.

    tools/amalgamate.py [FOLDER]        CC names the compiler, asked what the templates' macros declare"""
import graphlib
import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent
SRC, LIBRARY = SOURCE / "src", SOURCE / "cmake/library.cmake"
FOLDERS = ("api", "backend", "base", "explain", "graph", "runtime", "stack")
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|[A-Za-z_]\w*|\.?\d[\w.]*|->|\s+|.', re.DOTALL)
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE | re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"].*$', re.MULTILINE)
DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
GUARD = re.compile(r"^#ifndef (\w+)\n#define \1\n(.*)^#endif\n\Z", re.MULTILINE | re.DOTALL)
SETS = [("avx512", 64, "avx2,fma,bmi,f16c,popcnt,avx512f,avx512bw,avx512dq,avx512vl"),
        ("avx2", 32, "avx2,fma,bmi,f16c,popcnt"), ("sse2", 16, ""), ("neon", 16, ""), ("plain", 8, "")]

BANNER = """\
/* Throng {version}, the whole library in one file; throng.h is its header. Written by tools/amalgamate.py: do not edit.
 *
 *     cc -O2 -c throng.c        link with -lm
 *
 * With -fopenmp, invocations use several threads by themselves. With -DTHRONG_PLAIN_KERNELS there is no code for
 * particular instruction sets. clang makes faster code with -fno-math-errno.
 *
{licence} */
"""

# Results are promised to the bit: nothing may contract a*b + c or reorder a sum.
START = """\
#ifndef VEC_ISA /* the first time through; the kernels' part, at the end, is compiled when this file includes itself */

{features}#if defined(__FAST_MATH__)
#error "compile throng.c without -ffast-math: results are promised to the bit"
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

/* Which kernels there will be. gcc before 14 does not align the frames of vectors of 64 bytes under the address
 * sanitizer. */
#if defined(THRONG_PLAIN_KERNELS)
/* only those in C alone: half the size, a fraction of the speed */
#elif defined(__x86_64__) && (defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 9))
#define VEC_HAS_SSE2 1
#define VEC_HAS_AVX2 1
#if defined(__clang__) || __GNUC__ >= 14 || !defined(__SANITIZE_ADDRESS__)
#define VEC_HAS_AVX512 1
#endif
#include <immintrin.h>
#elif defined(__aarch64__)
#define VEC_HAS_NEON 1
#endif
#if defined(VEC_HAS_SSE2) || defined(VEC_HAS_NEON)
#define VEC_LACKS_PLAIN 1
#else
#define VEC_HAS_PLAIN 1
#endif

#if !defined(TG_PLUGIN_BELOW)
#define TG_PLUGIN_BELOW "/throng" /* where plug-ins are, seen from the program */
#endif

"""

# The kernels' part is compiled with the flags of cmake/kernels.cmake, as far as a compiler takes them inside a file.
SET = """\

#if defined(VEC_HAS_{upper})
#define VEC_ISA {isa}
#define VEC_BYTES {size}
#define VEC_ISA_{upper} 1
{before}#include "throng.c"
{after}#undef VEC_ISA
#undef VEC_BYTES
#undef VEC_ISA_{upper}
#endif
"""
PUSH = """\
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("{target}"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("{target}")
#endif
"""
POP = """\
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
"""
KERNELS_START = """
#else /* VEC_ISA: the kernels for one instruction set */

#define THRONG_JOIN_(name, isa) throng_##name##_##isa
#define THRONG_JOIN(name, isa) THRONG_JOIN_(name, isa)
#define THRONG_FN(name) THRONG_JOIN(name, VEC_ISA)
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpass-failed"
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("O3", "no-math-errno", "no-trapping-math", "no-strict-aliasing", "no-thread-jumps")
#endif
"""
KERNELS_END = """
#if defined(__clang__)
#pragma clang diagnostic pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif

#endif
"""

# ---- reading ----


def code_of(text):
    """The text without comments and literals."""
    return NOT_CODE.sub(" ", text)


def words_of(text):
    return set(re.findall(r"[A-Za-z_]\w*", code_of(text)))


def flatten(code):
    """Code without directives and without what stands in braces, except that of enums."""
    code = DIRECTIVE.sub("", code)
    code = re.sub(r"\benum\b(\s*\w*)\s*\{([^{}]*)\}", r"enum\1 <\2>", code)
    while "{" in code:
        code, n = re.subn(r"\{[^{}]*\}", "@", code)
        if n == 0:
            raise SystemExit("amalgamate.py: braces do not match")
    return code


def typedef_names(part):
    """What one typedef declares."""
    pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)", part)
    if pointer:
        return [pointer.group(1)]
    return re.findall(r"(\w+)\s*(?:,|$)", re.sub(r"\([^()]*\)", "", part))


def names_of(text):
    """({names that the text declares at file scope}, {those of them that other files may link to})."""
    names, shared = set(), set()
    flat = flatten(code_of(text))
    for body in re.findall(r"enum\s*\w*\s*<([^>]*)>", flat):
        names |= set(re.findall(r"(?:^|,)\s*([A-Za-z_]\w*)", body))
    flat = re.sub(r"<[^>]*>", "@", flat)
    for part in re.split(r";|@(?=\s*(?:static|typedef|extern|[A-Za-z_][\w\s*]*\())", flat):
        part = re.sub(r"\[[^\]]*\]|__attribute__\s*\(\(.*?\)\)|PRINTF_LIKE\([^)]*\)", " ", part).strip().rstrip("@ ")
        declared = []
        if part.startswith("typedef"):
            declared = [("", name) for name in typedef_names(part)]
        elif part.startswith("extern"):
            declared = re.findall(r"()(\w+)\s*(?:,|$)", part)
        elif re.match(r"(static\s+)?[A-Za-z_][\w\s*]*?\w+\s*\(", part):
            declared = re.findall(r"()(\w+)\s*\(", part)[:1]
        elif part.startswith("static"):
            declared = re.findall(r"()(\w+)\s*(?:,|=|$)", part)[:1]
        found = {a or b for a, b in declared} - {"_Static_assert"}
        names |= found
        if not part.startswith(("typedef", "static", "struct", "enum", "union")) or part.startswith("extern"):
            shared |= found
    return names, shared


class File:
    """One file of src/: its text, what it declares, and the project's headers that it includes."""

    def __init__(self, path):
        self.path, self.text = path, (SRC / path).read_text(encoding="utf-8")
        self.stem = pathlib.PurePath(path).with_suffix("").as_posix().replace("backend/", "").replace("/", "_")
        guarded = GUARD.search(self.text)
        if guarded:
            self.text = self.text[:guarded.start()] + guarded.group(2)
        self.words = words_of(self.text)
        self.macros = set(DEFINE.findall(code_of(self.text)))
        self.names, self.shared = names_of(self.text)
        self.includes = [name for quote, name in INCLUDE.findall(self.text) if quote == '"' and name != "throng.h"]

    @property
    def is_template(self):
        return "_tmpl" in self.path


def left_out(path):
    """Whether a file stays out: by its folder, or because the library is built without it, as cmake/library.cmake says."""
    rule = re.search(r'list\(FILTER TG_SOURCES EXCLUDE REGEX "(.*)"\)', LIBRARY.read_text(encoding="utf-8"))
    is_filtered = re.search(rule.group(1).replace("\\\\", "\\"), f"/src/{path}") is not None
    return is_filtered or path.split("/")[0] not in FOLDERS


class Tree:
    """All files, and what each header brings with it."""

    def __init__(self):
        paths = sorted(p.relative_to(SRC).as_posix() for p in SRC.rglob("*") if p.suffix in (".c", ".h", ".def"))
        self.files = {path: File(path) for path in paths}
        self.templates = [f for f in self.files.values() if f.path.endswith("_tmpl.c")]
        self.sources = [f for f in self.files.values() if f.path.endswith(".c") and self.belongs(f)]
        used = set().union(*(self.reach(file) for file in self.templates + self.sources))
        self.files = {path: f for path, f in self.files.items() if path in used or f in self.templates + self.sources}
        self.headers = [f for f in self.files.values() if f.path.endswith(".h")]

    def belongs(self, file):
        return not any(left_out(path) for path in self.reach(file) | {file.path})

    def reach(self, file):
        """The files that a file includes, and those that these include."""
        seen, todo = set(), list(file.includes)
        while todo:
            path = todo.pop()
            if path not in seen:
                seen.add(path)
                todo += self.files[path].includes
        return seen


# ---- writing ----


def rename(text, names, prefix):
    """Puts the prefix before the names, except where they are members of structures."""
    tokens, out, braces, previous = TOKEN.findall(text), [], [], ""
    for at, token in enumerate(tokens):
        if token == "{":
            braces.append(bool(re.search(r"\b(struct|union)\b[^;{}()]*$", "".join(out[-12:]))))
        elif token == "}" and braces:
            braces.pop()
        elif token in names and previous not in (".", "->"):
            following = next((t for t in tokens[at + 1:] if not t.isspace()), "")
            if not (braces and braces[-1] and following in (";", ",", "[", ":", ")")):
                token = prefix + token
        out.append(token)
        if not token.isspace():
            previous = token
    return "".join(out)


def undefine(macros):
    return "".join(f"#undef {name}\n" for name in sorted(macros))


class Writer:
    """Puts texts together. System headers that no condition guards go to the top, and what chooses their features."""

    def __init__(self, tree):
        self.tree, self.parts, self.seen, self.system, self.features = tree, [], set(), {"<stdbool.h>"}, set()

    def put(self, path, change=lambda text: text):
        """A file, with what it includes and was not yet put."""
        self.seen.add(path)
        text = change(self.tree.files[path].text)
        self.parts.append(f"\n/* ==== src/{path} ==== */\n")
        depth, start = 0, 0
        for match in re.finditer(r"^[ \t]*#[ \t]*(\w+)[^\n]*\n", text, re.MULTILINE):
            word = match.group(1)
            depth += word in ("if", "ifdef", "ifndef")
            depth -= word == "endif"
            if re.search(r"define _\w+_SOURCE\b", match.group()):
                self.parts.append(text[start:match.start()])
                start = match.end()
                name = re.search(r"_\w+_SOURCE", match.group()).group()
                self.features.add(f"#if !defined({name})\n{match.group()}#endif\n")
            include = INCLUDE.match(match.group().rstrip("\n"))
            if include and not (include.group(1) == "<" and depth > 0):
                self.parts.append(text[start:match.start()])
                start = match.end()
                self.include(*include.groups())
        self.parts.append(text[start:])

    def include(self, quote, name):
        if quote == "<":
            self.system.add(f"<{name}>")
        elif name.endswith(".def"):
            self.parts.append(self.tree.files[name].text)
        elif name != "throng.h" and name not in self.seen:
            self.put(name)

    def text(self):
        return "".join(self.parts)


def foreign_names(tree, file):
    """The names in a file that would meet others: its own that stand elsewhere too, and those of headers that it does
    not include."""
    others = set()
    for other in tree.files.values():
        if other is not file:
            others |= other.words
    near = tree.reach(file) | {file.path}
    far = set()
    for header in tree.headers:
        if header.path not in near:
            far |= header.names | header.macros
    known = set().union(*(tree.files[path].names | tree.files[path].macros for path in near))
    own = file.names - file.shared
    return (own & others) | ((file.words & far) - (known - own))


def put_sources(tree, writer):
    for file in tree.sources:
        names = foreign_names(tree, file) - file.macros
        writer.put(file.path, lambda text: rename(text, names, file.stem + "_"))
        writer.parts.append(undefine(file.macros))


def shared_names(tree):
    """What files share and link to; the public functions keep their names."""
    names = set().union(*(header.shared for header in tree.headers if not header.is_template))
    return sorted(name for name in names if not name.startswith("tg_"))


# ---- kernels ----


def expanded(text, isa):
    """The text with its macros expanded, but without system headers."""
    text = INCLUDE.sub("", text)
    command = [os.environ.get("CC", "cc"), "-E", "-P", "-x", "c", "-", f"-DVEC_ISA={isa}", "-DVEC_BYTES=32",
               f"-DVEC_ISA_{isa.upper()}=1"]
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True).stdout


def template_names(prelude, file):
    """By instruction set, the names that a template keeps to itself, also those that its macros make."""
    names, same = {}, {}
    for isa, _, _ in SETS:
        before = names_of(expanded(prelude, isa))[0]
        text = expanded(prelude + file.text, isa)
        both, shared = names_of(text)
        names[isa] = both - shared - before
        for declared in re.findall(r"typedef\b[^{};]*(?=;)", text):
            for name in typedef_names(declared):
                same.setdefault(name, set()).add(declared)
    always = {name for name, texts in same.items() if len(texts) == 1}  # a type that never differs may be declared again
    return {isa: found - always for isa, found in names.items()}


def put_kernels(tree, writer):
    """The templates. What they include and declares no type is put once more, so that it is compiled for the set too."""
    order = []
    for file in tree.templates:
        for path in sorted(tree.reach(file)):
            header = tree.files[path]
            if header.is_template or not re.search(r"\b(typedef|struct|enum)\b", code_of(header.text)):
                order += [path] if path not in order else []
    headers = list(graphlib.TopologicalSorter(
        {path: [p for p in tree.files[path].includes if p in order] for path in order}).static_order())
    prelude, macros = "", set()
    for path in headers:
        file = tree.files[path]
        names = template_names(prelude, file)
        put_template(writer, file, names)
        prelude += file.text
        macros |= file.macros.union(*names.values())
    for file in tree.templates:
        names = template_names(prelude, file)
        put_template(writer, file, names)
        writer.parts.append(undefine(file.macros.union(*names.values())))
    writer.parts.append(undefine(macros))


def short_name(file):
    return re.sub(r".*/|kernels_|_tmpl|\.[ch]$", "", file.path).strip("_")


def put_template(writer, file, names):
    """The file, with its own names made those of the instruction set."""
    prefix, common = short_name(file), set.intersection(*names.values())
    for isa, own in [("", common), *((isa, own - common) for isa, own in names.items())]:
        lines = "".join(f"#define {name} THRONG_FN({prefix}_{name})\n" for name in sorted(own))
        writer.parts.append(f"#if defined(VEC_ISA_{isa.upper()})\n{lines}#endif\n" if isa and own else lines)
    writer.put(file.path, lambda text: prepared(file, text, set().union(*names.values()) & file.macros))


def prepared(file, text, both):
    """A template's text. both: names that are functions of its own or, under another condition, macros. What is put again
    declares its functions once more, but not those of others."""
    for name in sorted(both):
        text = re.sub(rf"^([ \t]*#[ \t]*define[ \t]+{name}\b)", rf"#undef {name}\n\1", text, flags=re.MULTILINE)
    if file.is_template:
        return text
    return re.sub(r"^(?!static)[A-Za-z_][^;{}#]*\([^;{}]*\);\n", "", text, flags=re.MULTILINE)


def kernels_text():
    sets = []
    for isa, size, target in SETS:
        before, after = (PUSH.format(target=target), POP) if target else ("", "")
        sets.append(SET.format(upper=isa.upper(), isa=isa, size=size, before=before, after=after))
    return "".join(sets)


# ---- the two files ----


def header_text(tree):
    """throng.h without the sections whose functions are not there."""
    defined = set().union(*(file.shared for file in tree.sources))
    kept = []
    for section in re.split(r"(?=^/\* ---- )", (SOURCE / "include/throng.h").read_text(encoding="utf-8"), flags=re.MULTILINE):
        functions = set(re.findall(r"^TG_API[^;]*?\b(tg_\w+)\(", section, re.MULTILINE))
        if functions and not functions & defined:
            continue
        if functions - defined:
            raise SystemExit("amalgamate.py: not defined: " + ", ".join(sorted(functions - defined)))
        kept.append(section)
    return "".join(kept)


def source_text(tree, header):
    version = ".".join(re.findall(r"^#define TG_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", header, re.MULTILINE))
    license_lines = (SOURCE / "LICENSE").read_text(encoding="utf-8").splitlines()
    licence = "\n".join(f" * {line}".rstrip() for line in license_lines)
    writer = Writer(tree)
    put_sources(tree, writer)
    sources, writer.parts = writer.text(), []
    put_kernels(tree, writer)
    top = "".join(f"#include {name}\n" for name in sorted(writer.system)) + '\n#include "throng.h"\n\n'
    shared = "".join(f"#define {name} throng_{name}\n" for name in shared_names(tree))
    return (BANNER.format(version=version, licence=licence) + START.format(features="".join(sorted(writer.features))) +
            top + shared + sources + kernels_text() + KERNELS_START + writer.text() + KERNELS_END)


def main():
    if len(sys.argv) > 2 or sys.argv[1:2] and sys.argv[1].startswith("-"):
        print("usage: amalgamate.py [FOLDER]", file=sys.stderr)
        return 2
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else SOURCE / "build/amalgamation")
    folder.mkdir(parents=True, exist_ok=True)
    tree = Tree()
    header = header_text(tree)
    (folder / "throng.c").write_text(source_text(tree, header), encoding="utf-8")
    (folder / "throng.h").write_text(header, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
