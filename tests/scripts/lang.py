#!/usr/bin/env python3
# tg-test: checked timeout=600
"""The front end of the language through the command: every message against tests/golden/lang, the examples of
docs/language.md, canonical layout, tokens and trees, and programs that cannot be read.

With TG_BLESS=1 the golden files are written anew; look at the difference before you keep them."""
import os
import re
import time

from cli import SOURCE, Suite

GOLDEN = SOURCE / "tests/golden/lang"
BLESS = os.environ.get("TG_BLESS") == "1"
NOT_GOLDEN = {"E0108": "a file of more than 2^30 bytes; tests/unit/lang/check_test.c"}


def compare(t, title, path, found):
    """Compares with a golden file, or writes it."""
    if BLESS:
        path.write_text(found, encoding="utf-8")
    t.same(title, found, path.read_text(encoding="utf-8") if path.exists() else "(there is no such file)")


def test_errors(t):
    """Each code has a program, whose messages, all of them, are as they were."""
    table = (SOURCE / "src/lang/errors.def").read_text(encoding="utf-8")
    codes = re.findall(r'LANG_(?:ERROR|WARNING)\(\w+, "(\w+)"', table)
    t.check("no code is used twice", len(codes) == len(set(codes)))
    for code in codes:
        if code in NOT_GOLDEN:
            continue
        source = GOLDEN / f"errors/{code}.tg"
        if not t.check(f"{code} has a program", source.exists()):
            continue
        t.write(source.name, source.read_bytes())
        result = t.run("check", source.name)
        compare(t, f"{code}: what is said", source.with_suffix(".err"), result.err)
        t.check(f"{code}: it is said, with the right status",
                f"[{code}]" in result.err and result.status == (1 if code[0] == "E" else 0), result)
    extra = {path.stem for path in (GOLDEN / "errors").iterdir()} - set(codes)
    t.check("every program has a code", not extra, extra)


def blocks(text):
    """The marked blocks of the reference: (line, kind, code, text)."""
    for match in re.finditer(r"^```tg (\w+)(?: (\w+))?\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, match.start()) + 1, match.group(1), match.group(2), match.group(3)


def test_reference(t):
    text = (SOURCE / "docs/language.md").read_text(encoding="utf-8")
    n_blocks = 0
    for line, kind, code, body in blocks(text):
        n_blocks += 1
        title = f"docs/language.md:{line}"
        source = "machine example {\n" + body + "}\n" if kind == "body" else body
        name = t.write("block.tg", source).name
        result = t.run("check", name)
        if kind == "error":
            t.check(f"{title}: gives {code}", result.err.count(": [") == 0 and f"[{code}]" in result.err, result)
            t.check(f"{title}: gives nothing else", len(re.findall(r"\[[EW]\d{4}\]", result.err)) == 1, result)
        else:
            t.check(f"{title}: is a program without a warning", result.status == 0 and result.err == "", result)
        if kind == "check":
            layout = t.run("fmt", "--print", name)
            t.same(f"{title}: its layout is canonical", layout.out, source)
    t.check("the reference has examples", n_blocks > 10)


def shape(tree):
    """A tree or list of tokens without places."""
    return re.sub(r"(?m)( @|^)\d+:\d+", "", tree)


def test_layout(t):
    for source in sorted((GOLDEN / "fmt").glob("*.tg")):
        name = t.write(source.name, source.read_bytes()).name
        result = t.run("fmt", "--print", name)
        compare(t, f"fmt: {name}", source.with_suffix(".out"), result.out)
    everything = [p for folder in ("lib", "examples", "tests", "fuzz/corpus/lang") for p in (SOURCE / folder).rglob("*")
                  if p.is_file() and (p.suffix == ".tg" or p.parent.name == "lang" and "corpus" in p.parts)]
    n_laid_out, wrong = 0, []
    for source in sorted(everything):
        name = t.write("one.tg", source.read_bytes()).name
        first = t.run("fmt", "--print", name)
        if first.status != 0:
            continue
        n_laid_out += 1
        before = [shape(t.run("show", name, "--stage", stage).out) for stage in ("tokens", "ast")]
        name = t.write("two.tg", first.out).name
        after = [shape(t.run("show", name, "--stage", stage).out) for stage in ("tokens", "ast")]
        if t.run("fmt", "--print", name).out != first.out or before != after:
            wrong.append(source)
    t.check(f"fmt keeps the tokens and trees of {n_laid_out} files, and is idempotent", not wrong and n_laid_out > 20, wrong)


def test_fmt_command(t):
    name = t.write("f.tg", "const A=1 ;// one\n").name
    result = t.run("fmt", "--check", name)
    t.check("fmt --check names the file", result.status == 1 and result.out == "f.tg\n", result)
    t.check("and leaves it", (t.folder / name).read_text() == "const A=1 ;// one\n")
    t.check("fmt writes it", t.run("fmt", name).status == 0)
    t.same("as it should be", (t.folder / name).read_text(), "const A = 1;  // one\n")
    t.check("fmt --check is content then", t.run("fmt", "--check", name).status == 0)
    t.write("wrong.tg", "const A = ;\n")
    result = t.run("fmt", "wrong.tg", name)
    t.check("fmt tells a syntax error", result.status == 1 and "wrong.tg:1:11: error: expected an expression" in result.err, result)
    t.same("and leaves the file", (t.folder / "wrong.tg").read_text(), "const A = ;\n")
    t.write("g.tgg", "graph g {\n}\n")
    t.check("fmt is not for graphs", t.run("fmt", "g.tgg").status == 1)


def test_stages(t):
    name = t.write("sample.tg", (GOLDEN / "sample.tg").read_bytes()).name
    for stage in ("tokens", "ast"):
        result = t.run("show", name, "--stage", stage)
        compare(t, f"--stage {stage}", GOLDEN / f"sample.{stage}", result.out)
    t.check("a graph has no tokens", t.run("show", SOURCE / "examples/axpy.tgg", "--stage", "tokens").status == 1)
    t.check("a program without an extension is told by its words",
            t.run("check", t.write("noname", "// x\n\nkernel k(x: [u8]) -> (y: [u8]) {\n    y = x;\n}\n").name).status == 0)


def test_imports(t):
    t.write("a.tg", "import \"b.tg\";\nkernel k(x: [u8]) -> (y: [u8]) {\n    y = f(x);\n}\n")
    t.write("b.tg", "import \"a.tg\";\nfn f(x: u8) -> u8 {\n    return x + 1.5;\n}\n")
    result = t.run("check", "a.tg")
    t.check("an error in an import is told in its file", result.status == 1 and "b.tg:3:16: error" in result.err, result)
    t.write("b.tg", "fn f(x: u8) -> u8 {\n    return x + 1;\n}\n")
    t.check("an import is read", t.run("check", "a.tg").out == "a.tg: ok: kernel k\n")
    t.write("a.tg", "import \"missing.tg\";\n")
    result = t.run("check", "a.tg")
    t.check("a missing import is an error", result.status == 1 and "[E0310]" in result.err, result)
    result = t.run("check", "nothing.tg")
    t.check("a missing file is an error", result.status == 1 and "nothing.tg: error" in result.err, result)


def test_size(t):
    lines = "".join(f"    y = y * {k % 7} + x;\n" for k in range(100000))
    name = t.write("long.tg", "kernel k(x: [f32]) -> (y: [f32]) {\n" + lines + "}\n").name
    start = time.monotonic()
    result = t.run("check", name)
    t.check("a program of 10^5 lines", result.status == 0, result)
    print(f"# {time.monotonic() - start:.2f} s")
    name = t.write("wrong.tg", "kernel k(x: [f32]) -> (y: [f32]) {\n" + "    y = z +;\n" * 100000 + "}\n").name
    result = t.run("check", name)
    t.check("10^5 errors end", result.status == 1 and result.err.count("error:") <= 200, result.err[:2000])


def main():
    with Suite() as t:
        for test in (test_errors, test_reference, test_layout, test_fmt_command, test_stages, test_imports, test_size):
            test(t)
    t.finish()


if __name__ == "__main__":
    main()
