#!/usr/bin/env python3
# tg-test: checked timeout=600
"""Constants are what the same expression gives when it runs: every operator, type and pair of edge values, by the evaluator
that walks the tree, by ref as built, and by the other back-ends after all passes."""
import sys

from cli import Suite

WIDTHS = {"i8": 8, "i16": 16, "i32": 32, "i64": 64, "u8": 8, "u16": 16, "u32": 32, "u64": 64}
TYPES = ["bool", *WIDTHS, "f32", "f64"]
FLOATS = {"f32": ("u32", [0, 0x80000000, 0x3F800000, 0xC0200000, 0x3F000000, 0x7F800000, 0xFF800000, 0x7FC00000, 1, 0x7F7FFFFF,
                          0x4F000000, 0xCF000001, 0x5F7FFFFF, 0x437F8000]),
          "f64": ("u64", [0, 1 << 63, 0x3FF0000000000000, 0xC004000000000000, 0x3FE0000000000000, 0x7FF0000000000000,
                          0xFFF0000000000000, 0x7FF8000000000000, 1, 0x7FEFFFFFFFFFFFFF, 0x41E0000000000000,
                          0xC1E0000000100000, 0x43EFFFFFFFFFFFFF, 0x47EFFFFFF0000000])}
INT = ["+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^", "==", "!=", "<", "<=", ">", ">=", "min", "max"]
FLOAT = ["+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "min", "max"]
BOOL = ["&", "|", "^", "==", "!=", "&&", "||"]
BOOLEAN = {"==", "!=", "<", "<=", ">", ">=", "&&", "||"}


def literal(kind, value):
    if kind == "bool":
        return "true" if value else "false"
    if kind in FLOATS:
        bits, _ = FLOATS[kind]
        return f"{kind}_from_bits(0x{value:x}{bits})"
    return f"({value}{kind})" if value < 0 else f"{value}{kind}"


def values(kind):
    if kind == "bool":
        return [0, 1]
    if kind in FLOATS:
        return FLOATS[kind][1]
    w = WIDTHS[kind]
    signed = [-1, -2, -(1 << w - 1), (1 << w - 1) - 1, -7] if kind[0] == "i" else [(1 << w) - 1, 1 << w - 1, w]
    return [0, 1, 2, 7, w - 1, *signed]


def binary(kind):
    """(function, its result, its text, [constants of it])"""
    for number, op in enumerate(INT if kind in WIDTHS else FLOAT if kind in FLOATS else BOOL):
        text = f"{op}(A, B)" if op.isalpha() else f"A {op} B"
        pairs = [(literal(kind, a), literal(kind, b)) for a in values(kind) for b in values(kind)
                 if not (kind in WIDTHS and op in "/%" and b == 0)]
        yield f"binary{number}", "bool" if op in BOOLEAN else kind, text, pairs


def unary(kind):
    texts = {"bool": ["!A"], "f32": ["-A", "abs(A)", "sqrt(A)", "floor(A)", "ceil(A)", "trunc(A)", "round(A)"]}
    texts["f64"] = texts["f32"]
    operands = [(literal(kind, a),) for a in values(kind)]
    number = 0
    for text in texts.get(kind, ["abs(A)"]):
        yield f"unary{number}", kind, text, operands
        number += 1
    if kind in WIDTHS:
        for text in ("-A", "~A"):  # a literal with its sign would have to fit
            yield f"unary{number}", kind, text, [(f"(0{kind} + {a})",) for (a,) in operands]
            number += 1
    for to in TYPES:
        yield f"unary{number}", to, f"{to}(A)", operands
        number += 1
    if kind in FLOATS:
        yield f"unary{number}", FLOATS[kind][0], "to_bits(A)", operands
        yield f"unary{number + 1}", kind, "fma(A, A, -A)", operands


def program(kind):
    """A machine that traps where a constant is not what the function of the same text gives. Returns (text, asserts)."""
    functions, lines = [], []
    for name, result, text, operands in [*binary(kind), *unary(kind)]:
        n = len(operands[0])
        parameters = f"a: {kind}" + (f", b: {kind}" if n == 2 else "")
        functions.append(f"fn {name}({parameters}) -> {result} {{\n    return {text.replace('A', 'a').replace('B', 'b')};\n}}")
        for row in operands:
            constant = text.replace("B", row[-1]).replace("A", row[0]) if n == 2 else text.replace("A", row[0])
            sides = [constant, f"{name}({', '.join(row)})"]
            if result in FLOATS:
                sides = [f"to_bits({side})" for side in sides]
            lines.append(f"    assert(({sides[0]}) == {sides[1]});")
    return "\n".join([*functions, "machine folding {", "    out y: u8;", *lines, "}", ""]), len(lines)


def main():
    with Suite() as t:
        for kind in TYPES:
            text, n = program(kind)
            t.write(f"{kind}.tg", text)
            for command in (["trace", "--steps", 0], ["run", "-n", 1, "--backend", "ref", "--passes", "none"],
                            ["run", "-n", 1, "--backend", "vec"]):
                r = t.run(command[0], f"{kind}.tg", *command[1:], "--quiet")
                t.check(f"{kind}: {n} constants, {' '.join(map(str, command))}", r.status == 0, r.err[:2000])
    t.finish()


if __name__ == "__main__":
    sys.exit(main())
