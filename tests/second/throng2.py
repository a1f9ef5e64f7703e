#!/usr/bin/env python3
"""A second implementation of the Throng virtual machine, written from docs/spec.md alone.

It reads graph text, stack text, bytecode and binary modules, checks every rule, and runs graphs exactly by compiling
each to Python source. It shares no code with the C library: where the two agree, the specification says enough.

usage: throng2.py suite FILE.tgt...      run conformance cases, print TAP
       throng2.py run CASEFILE           print the cases back with what happened filled in as expectations
       throng2.py text FILE              any module -> canonical graph text
       throng2.py binary FILE            any module -> binary module
       throng2.py random SEED COUNT      write random cases without expectations

Values inside: bool is a Python bool, an integer an int in its type's range, f32 and f64 a float (an f32 always exactly
representable in binary32, any NaN standing for the one NaN), an array a list that is changed in place, which the
rule that an array is consumed once makes invisible.
"""
import math
import os
import random
import re
import struct
import sys
from array import array
from fractions import Fraction

# ---------------------------------------------------------------------------------------------------------------------
# Types, modes, operations

TYPES = "bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64".split()
MODES = TYPES + "f16 bf16 i16be i32be i64be u16be u32be u64be f32be f64be f16be bf16be".split()
INTEGERS = set("i8 i16 i32 i64 u8 u16 u32 u64".split())
UNSIGNED = set("u8 u16 u32 u64".split())
FLOATS = {"f32", "f64"}
NUMBERS = INTEGERS | FLOATS
BITS_TYPES = INTEGERS | {"bool"}
ANY = set(TYPES)
CLASSES = {"integers": INTEGERS, "floats": FLOATS, "numbers": NUMBERS, "bits": BITS_TYPES, "any": ANY}
WIDTH = {t: 8 if t == "bool" else int(t[1:]) for t in TYPES}
CANONICAL_NAN = {"f32": 0x7fc00000, "f64": 0x7ff8000000000000}
MODE_TYPE = {m: {"f16": "f32", "bf16": "f32"}.get(m.replace("be", ""), m.replace("be", "")) for m in MODES}
MODE_SIZE = {m: 1 if m == "bool" else int(re.search(r"\d+", m).group()) // 8 for m in MODES}
STRUCT_CODE = {"bool": "B", "i8": "b", "i16": "h", "i32": "i", "i64": "q", "u8": "B", "u16": "H", "u32": "I",
               "u64": "Q",
               "f32": "f", "f64": "d", "f16": "e", "bf16": "H"}
KINDS = "param input table output result accumulator".split()
OPS = ("load iota const param add neg sub mul divmod shl shr or and xor not andnot lt eq select max div sqrt fma "
       "round convert bitcast gather loop branch linear test yield uniform array aload astore trap charge store sum "
       "argmin argmax combine").split()
OP_NUMBER = {name: i for i, name in enumerate(OPS)}
ROUNDINGS = "even down up zero".split()
FOLDS = "add min max and or xor".split()
RINGS = "int gf2 mod float".split()
FORMATS = "auto csr dense".split()
SINKS = set("store sum argmin argmax combine".split())
NO_RESULT = SINKS | {"trap", "charge", "test", "yield", "uniform"}
TYPED = {"const", "convert", "bitcast", "array"}
POSITIONED = {"loop", "trap", "charge"}
OPERAND_KIND = {"param": "param", "load": "input", "gather": "table", "store": "output", "sum": "result",
                "argmin": "result",
                "argmax": "result", "combine": "accumulator"}
NOT_UNIFORM = SINKS | set("load iota array aload astore trap charge".split())
KEEPS_UNIFORM = set(OPS[OP_NUMBER["add"]:OP_NUMBER["gather"] + 1]) | {"linear"}
# class of T, arguments, results: T the common type, b bool, i any integer, n any number, u u64, D the named type,
# O the type of the operand's mode
SIGNATURES = {"load": ("any", "", "O"), "param": ("any", "", "O"), "const": ("any", "", "D"),
              "iota": ("numbers", "TT", "T"),
              "divmod": ("integers", "TT", "TT"), "not": ("bits", "T", "T"), "lt": ("numbers", "TT", "b"),
              "eq": ("any", "TT", "b"), "select": ("any", "bTT", "T"), "neg": ("numbers", "T", "T"),
              "div": ("floats", "TT", "T"), "sqrt": ("floats", "T", "T"), "fma": ("floats", "TTT", "T"),
              "round": ("floats", "T", "T"), "convert": ("any", "T", "D"), "bitcast": ("numbers", "T", "D"),
              "gather": ("any", "i", "O"), "trap": ("any", "b", ""), "charge": ("any", "u", ""),
              "store": ("any", "O", ""),
              "sum": ("any", "T", ""), "argmin": ("any", "On", ""), "argmax": ("any", "On", ""),
              "combine": ("any", "iO", "")}
SIGNATURES.update({op: ("numbers", "TT", "T") for op in ("add", "sub", "mul", "max")})
SIGNATURES.update({op: ("integers", "TT", "T") for op in ("shl", "shr")})
SIGNATURES.update({op: ("bits", "TT", "T") for op in ("or", "and", "xor", "andnot")})
MAX_NODES, MAX_VALUES, MAX_OPERANDS, MAX_DEPTH, MAX_RESULTS = 1 << 20, 1 << 21, 1024, 64, 65535
MAX_ELEMENTS, MAX_ARRAY_BYTES, MAX_ARGS, MAX_LANES, MAX_NAME = 1 << 20, 1 << 24, 64, 1 << 40, 255
UNLIMITED = (1 << 64) - 1
FUEL_CODE = (1 << 32) - 1
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")
inf, nan = math.inf, math.nan


class ThrongError(Exception):
    def __init__(self, status, message, line=0):
        super().__init__(message)
        self.status, self.message, self.line = status, message, line

    def __str__(self):
        return "%s%s: %s" % (self.status, " in line %d" % self.line if self.line else "", self.message)


# ---------------------------------------------------------------------------------------------------------------------
# Exact arithmetic. A double holds every f32, so f32 + - * / and sqrt are done in double and rounded once more, which is
# exact because 53 >= 2 * 24 + 2; fma, wide integers and literals go through round_ratio.

CELL = array("f", [0.0])


def to_f32(x):
    CELL[0] = x
    return CELL[0]


def round_ratio(num, den, kind):
    """num / den (integers, den > 0) rounded once to nearest even in f32 or f64; 0 gives +0."""
    precision, lowest, top = (24, -149, 128) if kind == "f32" else (53, -1074, 1024)
    sign, num = (-1.0, -num) if num < 0 else (1.0, num)
    exponent = max(num.bit_length() - den.bit_length() - precision, lowest)
    while True:
        scaled, unit = (num, den << exponent) if exponent >= 0 else (num << -exponent, den)
        quotient, rest = divmod(scaled, unit)
        if quotient.bit_length() <= precision:
            break
        exponent += 1
    if 2 * rest > unit or (2 * rest == unit and quotient & 1):
        quotient += 1
    if quotient.bit_length() + exponent > top:
        return sign * inf
    return sign * math.ldexp(quotient, exponent)


def int_to_float(x, kind):
    if abs(x) < 1 << 53:
        return float(x) if kind == "f64" else to_f32(x)
    return round_ratio(x, 1, kind)


def float_to_int(x, low, high):
    if x != x:
        return 0
    if x <= low:
        return low
    return high if x >= high else int(x)


def divide(a, b):
    if b:
        return a / b
    if a == 0 or a != a:
        return nan
    return math.copysign(inf, a) * math.copysign(1.0, b)


def square_root(x):
    return math.sqrt(x) if x >= 0 else nan


def fused(a, b, c, kind):
    if not (math.isfinite(a) and math.isfinite(b)):
        return a * b + c
    if not math.isfinite(c):
        return c
    if a == 0 or b == 0:
        return a * b + c
    (an, ad), (bn, bd), (cn, cd) = a.as_integer_ratio(), b.as_integer_ratio(), c.as_integer_ratio()
    return round_ratio(an * bn * cd + cn * ad * bd, ad * bd * cd, kind)


def integral(x, how):
    """x rounded to an integral value, keeping its sign also at zero."""
    if not math.isfinite(x) or abs(x) >= 4503599627370496.0:
        return x
    return math.copysign({"even": round, "down": math.floor, "up": math.ceil, "zero": math.trunc}[how](x), x)


def euclid(a, b):
    if b == 0:
        return 0, a
    rest = a % abs(b)
    return (a - rest) // b, rest


def wrap(x, kind):
    width = WIDTH[kind]
    x &= (1 << width) - 1
    return x - (1 << width) if kind[0] == "i" and x >> (width - 1) else x


def to_bits(x, kind):
    """The bits of a scalar value, zero-extended."""
    if kind == "bool":
        return int(x)
    if kind in INTEGERS:
        return x & ((1 << WIDTH[kind]) - 1)
    if x != x:
        return CANONICAL_NAN[kind]
    bits_code, float_code = ("<I", "<f") if kind == "f32" else ("<Q", "<d")
    return struct.unpack(bits_code, struct.pack(float_code, x))[0]


def from_bits(bits, kind):
    if kind == "bool":
        return bool(bits)
    if kind in INTEGERS:
        return wrap(bits, kind)
    bits_code, float_code = ("<I", "<f") if kind == "f32" else ("<Q", "<d")
    return struct.unpack(float_code, struct.pack(bits_code, bits))[0]


def zero_of(kind):
    return False if kind == "bool" else 0.0 if kind in FLOATS else 0


def decode(mode, data, endian):
    """The bytes of consecutive elements -> values. endian is that of the native modes."""
    code = STRUCT_CODE[mode.replace("be", "")]
    values = struct.unpack("%s%d%s" % (">" if mode.endswith("be") else endian, len(data) // MODE_SIZE[mode], code),
                           data)
    if mode == "bool":
        return [v != 0 for v in values]
    if mode.startswith("bf16"):
        return list(struct.unpack("<%df" % len(values), struct.pack("<%dI" % len(values), *[v << 16 for v in values])))
    return list(values)


def f16_bits(x):
    if x != x:
        return 0x7e00
    try:
        return struct.unpack("<H", struct.pack("<e", x))[0]
    except OverflowError:
        return 0x7c00 if x > 0 else 0xfc00


def bf16_bits(x):
    if x != x:
        return 0x7fc0
    bits = to_bits(x, "f32")
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16


def encode(mode, values, endian):
    base = mode.replace("be", "")
    code = STRUCT_CODE[base]
    if base == "f16":
        code, values = "H", [f16_bits(x) for x in values]
    elif base == "bf16":
        values = [bf16_bits(x) for x in values]
    elif base in FLOATS:
        values = [nan if x != x else x for x in values]
    return struct.pack("%s%d%s" % (">" if mode.endswith("be") else endian, len(values), code), *values)


# ---------------------------------------------------------------------------------------------------------------------
# Graphs and their rules. The readers feed nodes and markers in program order to a Builder, which checks each at once.

class Operand:
    def __init__(self, kind, name, mode, default=None):
        self.kind, self.name, self.mode, self.default = kind, name, mode, default
        self.type, self.size = MODE_TYPE[mode], MODE_SIZE[mode]


class Node:
    def __init__(self, op, args=(), type=None, detail=0, position=0, operand=None, immediate=0, n_results=0,
                 entries=()):
        self.op, self.args, self.type, self.detail, self.position = op, list(args), type, detail, position
        self.operand, self.immediate, self.n_results, self.entries = operand, immediate, n_results, list(entries)
        self.results = []      # value numbers; of a loop or branch once its last yield is there
        self.carried = []      # of a loop
        self.end = None        # of a loop: the index of its yield
        self.counted = False   # a loop directly in the uniform block


class Value:
    def __init__(self, type, uniform, frame, carried=False):
        self.type, self.uniform, self.frame, self.carried, self.consumed = type, uniform, frame, carried, False


class Frame:
    """An open body: kind top, loop or branch. A branch's bodies follow one another in frames of their own."""

    def __init__(self, kind, node):
        self.kind, self.node, self.open, self.step = kind, node, True, False
        self.bodies_left, self.types, self.consumed_here, self.consumed_all = 0, None, [], []


class Graph:
    def __init__(self):
        self.name, self.doc, self.operands, self.nodes, self.values, self.names = "", [], [], [], [], {}


def is_array(kind):
    return isinstance(kind, tuple)


class Builder:
    def __init__(self):
        self.graph = Graph()
        self.top = Frame("top", None)
        self.frames = [self.top]
        self.in_uniform = False
        self.line = 0
        self.written = set()
        self.array_bytes = self.n_arg_nodes = 0

    def fail(self, message, status="VERIFY"):
        raise ThrongError(status, message, self.line)

    def check_name(self, name):
        if len(name) > MAX_NAME:
            self.fail("a name has %d bytes, at most 255 are allowed" % len(name), "LIMIT")
        if not NAME.match(name):
            self.fail("%r is not a name" % name)

    def operand(self, kind, name, mode, default=None):
        graph = self.graph
        self.check_name(name)
        if any(o.name == name for o in graph.operands):
            self.fail("operand %s is declared twice" % name)
        if kind == "accumulator" and MODE_TYPE[mode] not in INTEGERS:
            self.fail("accumulator %s is not of integers" % name)
        if kind == "param" and mode not in TYPES:
            self.fail("param %s has no native mode" % name)
        if len(graph.operands) == MAX_OPERANDS:
            self.fail("more than 1024 operands", "LIMIT")
        graph.operands.append(Operand(kind, name, mode, default))
        return len(graph.operands) - 1

    # -- values

    def define(self, kind, uniform=False, carried=False):
        if len(self.graph.values) == MAX_VALUES:
            self.fail("more than 2^21 values", "LIMIT")
        self.graph.values.append(Value(kind, uniform or self.in_uniform, self.frames[-1], carried))
        return len(self.graph.values) - 1

    def use(self, number):
        """A value that can be seen here and was not consumed."""
        if number >= len(self.graph.values):
            self.fail("value %d is used before it is defined" % number)
        value = self.graph.values[number]
        if not value.frame.open:
            self.fail("value %d is out of scope" % number)
        if value.consumed:
            self.fail("array %d was consumed before" % number)
        return value

    def scalar(self, number):
        value = self.use(number)
        if is_array(value.type):
            self.fail("array %d cannot be an operand here" % number)
        return value

    def consume(self, number):
        """Uses up an array; scalars pass. Only bodies of branches may stand between its own body and here."""
        value = self.use(number)
        if not is_array(value.type):
            return value.type
        inner = self.frames[self.frames.index(value.frame) + 1:]
        if any(f.kind != "branch" for f in inner):
            self.fail("array %d is consumed inside a loop that does not carry it" % number)
        if value.carried and not value.frame.step:
            self.fail("carried array %d is consumed in the loop's condition" % number)
        value.consumed = True
        if inner:
            inner[-1].consumed_here.append(value)
        return value.type

    # -- nodes

    def add(self, node):
        """Checks and appends a node or marker; gives the values that are visible from here on because of it."""
        graph = self.graph
        if len(graph.nodes) == MAX_NODES:
            self.fail("more than 2^20 nodes", "LIMIT")
        if node.op in SINKS and (len(self.frames) > 1 or self.in_uniform):
            self.fail("%s stands inside a body" % node.op)
        if node.op in NOT_UNIFORM and self.in_uniform:
            self.fail("%s stands in the uniform block" % node.op)
        graph.nodes.append(node)
        handler = getattr(self, "add_" + node.op, None)
        return handler(node) if handler else self.add_simple(node)

    def arity(self, node, count):
        if len(node.args) != count:
            self.fail("%s has %d operands, not %d" % (node.op, count, len(node.args)))

    def add_simple(self, node):
        kinds, args, results = SIGNATURES[node.op]
        operand = self.reference(node)
        self.arity(node, len(args))
        values = [self.scalar(a) for a in node.args]
        common = next((v.type for v, letter in zip(values, args) if letter == "T"), None)
        if common is not None and common not in CLASSES[kinds]:
            self.fail("%s does not work on %s" % (node.op, common))
        for number, value, letter in zip(node.args, values, args):
            fits = {"T": {common}, "b": {"bool"}, "i": INTEGERS, "n": NUMBERS, "u": {"u64"},
                    "O": {operand and operand.type}}
            if value.type not in fits[letter]:
                self.fail("operand %d of %s has the unfitting type %s" % (number, node.op, value.type))
        self.check_special(node, values, operand)
        uniform = node.op in ("const", "param") or (node.op in KEEPS_UNIFORM and all(v.uniform for v in values))
        kind_of = {"T": common, "b": "bool", "D": node.type, "O": operand and operand.type}
        node.results = [self.define(kind_of[letter], uniform) for letter in results]
        return node.results

    def reference(self, node):
        """The operand that a node names, of the right kind and, if written, not written before."""
        if node.op not in OPERAND_KIND:
            return None
        operand = self.graph.operands[node.operand]
        if operand.kind != OPERAND_KIND[node.op]:
            self.fail("%s needs a %s, %s is a %s" % (node.op, OPERAND_KIND[node.op], operand.name, operand.kind))
        if node.op in SINKS:
            if node.operand in self.written:
                self.fail("%s is written twice" % operand.name)
            self.written.add(node.operand)
        return operand

    def check_special(self, node, values, operand):
        if node.op == "iota" and not all(v.uniform for v in values):
            self.fail("iota needs uniform operands")
        if node.op == "bitcast" and (node.type not in NUMBERS or WIDTH[node.type] != WIDTH[values[0].type]):
            self.fail("bitcast from %s to %s" % (values[0].type, node.type))
        if node.op == "sum" and operand.type != sum_type(values[0].type):
            self.fail("the sum of %s needs a result of %s" % (values[0].type, sum_type(values[0].type)))
        if node.op == "trap" and node.immediate >= 1 << 31:
            self.fail("a trap code is at most 2^31-1")
        if node.op in ("argmin", "argmax"):
            self.n_arg_nodes += 1
            if self.n_arg_nodes > MAX_ARGS:
                self.fail("more than 64 argmin and argmax nodes", "LIMIT")

    def add_linear(self, node):
        ring, width = RINGS[node.detail & 255], node.n_results
        if not node.args or not width:
            self.fail("linear needs at least one x and one y")
        self.check_results(width)
        values = [self.scalar(a) for a in node.args]
        kind = values[0].type
        if kind not in {"int": INTEGERS, "gf2": INTEGERS, "mod": UNSIGNED, "float": FLOATS}[ring]:
            self.fail("linear %s does not work on %s" % (ring, kind))
        if ring == "mod" and not 1 <= node.immediate < 1 << WIDTH[kind]:
            self.fail("the modulus %d is not in 1 .. 2^w - 1" % node.immediate)
        if any(v.type != kind for v in values):
            self.fail("the x of linear have different types")
        rows, last = width * (WIDTH[kind] if ring == "gf2" else 1), (-1, -1)
        for row, column, number in node.entries:
            entry = self.scalar(number)
            if row >= rows or column > len(values):
                self.fail("entry %d %d lies outside the matrix" % (row, column))
            if (row, column) <= last:
                self.fail("entries do not ascend at %d %d" % (row, column))
            if entry.type != kind or not entry.uniform:
                self.fail("entry %d %d is not a uniform %s" % (row, column, kind))
            last = (row, column)
        uniform = all(v.uniform for v in values)
        node.results = [self.define(kind, uniform) for _ in range(width)]
        return node.results

    def check_results(self, count):
        if count > MAX_RESULTS:
            self.fail("a node has more than 65535 results", "LIMIT")

    def add_array(self, node):
        self.arity(node, 0)
        if node.immediate < 1:
            self.fail("an array has at least one element")
        if node.immediate > MAX_ELEMENTS:
            self.fail("an array has more than 2^20 elements", "LIMIT")
        self.count_bytes((node.type, node.immediate))
        node.results = [self.define((node.type, node.immediate))]
        return node.results

    def count_bytes(self, kind):
        self.array_bytes += kind[1] * (WIDTH[kind[0]] // 8)
        if self.array_bytes > MAX_ARRAY_BYTES:
            self.fail("arrays take more than 2^24 bytes", "LIMIT")

    def indexed(self, node, count):
        self.arity(node, count)
        kind = self.use(node.args[0]).type
        if not is_array(kind):
            self.fail("%s needs an array" % node.op)
        if self.scalar(node.args[1]).type not in INTEGERS:
            self.fail("the index of %s is not an integer" % node.op)
        return kind

    def add_aload(self, node):
        node.results = [self.define(self.indexed(node, 2)[0])]
        return node.results

    def add_astore(self, node):
        kind = self.indexed(node, 3)
        if self.scalar(node.args[2]).type != kind[0]:
            self.fail("astore of another type than the array's")
        self.consume(node.args[0])
        node.results = [self.define(kind)]
        return node.results

    # -- structure

    def add_uniform(self, node):
        if len(self.graph.nodes) > 1:
            self.fail("the uniform block does not stand first")
        self.in_uniform = True
        return []

    def push(self, frame):
        if len(self.frames) > MAX_DEPTH:
            self.fail("more than 64 nested bodies", "LIMIT")
        self.frames.append(frame)
        return frame

    def add_loop(self, node):
        if not node.args:
            self.fail("a loop carries at least one value")
        kinds = [self.consume(a) for a in node.args]
        for kind in filter(is_array, kinds + kinds):
            self.count_bytes(kind)
        node.counted = self.in_uniform and len(self.frames) == 1
        node.n_results = len(kinds) + node.counted
        self.check_results(node.n_results)
        self.push(Frame("loop", node)).types = kinds
        node.carried = [self.define(kind, carried=True) for kind in kinds]
        return node.carried

    def add_test(self, node):
        self.arity(node, 1)
        frame = self.frames[-1]
        if frame.kind != "loop" or frame.step:
            self.fail("test out of place")
        if self.scalar(node.args[0]).type != "bool":
            self.fail("test needs a bool")
        frame.step = True
        return []

    def add_branch(self, node):
        self.arity(node, 1)
        if self.scalar(node.args[0]).type not in BITS_TYPES:
            self.fail("branch needs a bool or an integer")
        if node.immediate < 1:
            self.fail("a branch has at least one body")
        self.push(Frame("branch", node)).bodies_left = node.immediate
        return []

    def add_yield(self, node):
        frame = self.frames[-1]
        if frame is self.top and self.in_uniform and not node.args:
            self.in_uniform = False
            return []
        if frame is self.top or not node.args or (frame.kind == "loop" and not frame.step):
            self.fail("yield out of place or without values")
        self.check_results(len(node.args))
        kinds = [self.consume(a) for a in node.args]
        if kinds != (frame.types or kinds):
            self.fail("yield gives %s, not %s" % (kinds, frame.types))
        self.frames.pop()
        frame.open = False
        return self.end_loop(frame) if frame.kind == "loop" else self.end_body(frame, kinds)

    def end_loop(self, frame):
        node = frame.node
        node.results = [self.define(kind) for kind in frame.types]
        if node.counted:
            node.results.append(self.define("u64"))
        node.end = len(self.graph.nodes) - 1
        return node.results

    def end_body(self, frame, kinds):
        consumed = frame.consumed_all + frame.consumed_here
        for value in frame.consumed_here:
            value.consumed = False
        if frame.bodies_left > 1:
            body = Frame("branch", frame.node)
            body.bodies_left, body.types, body.consumed_all = frame.bodies_left - 1, kinds, consumed
            self.frames.append(body)
            return []
        for value in consumed:
            value.consumed = True
            if self.frames[-1] is not value.frame:
                self.frames[-1].consumed_here.append(value)
        frame.node.results = [self.define(kind) for kind in kinds]
        return frame.node.results

    def finish(self):
        if len(self.frames) > 1 or self.in_uniform:
            self.fail("a body is not closed")
        for i, operand in enumerate(self.graph.operands):
            if operand.kind in ("output", "result", "accumulator") and i not in self.written:
                self.fail("%s %s is never written" % (operand.kind, operand.name))
        return self.graph


def result_count(op):
    """Of every node but loop, branch and linear."""
    return 0 if op in NO_RESULT else 2 if op == "divmod" else 1


def sum_type(kind):
    return kind if kind in FLOATS else "i64" if kind[0] == "i" else "u64"


# ---------------------------------------------------------------------------------------------------------------------
# Literals

NUMBER = re.compile(r"0x(?P<hex>[0-9a-fA-F]*)(?:\.(?P<hexfrac>[0-9a-fA-F]*))?(?:[pP](?P<exp2>[+-]?[0-9]+))?\Z|"
                    r"(?P<dec>[0-9]*)(?P<point>\.(?P<frac>[0-9]*))?(?:[eE](?P<exp10>[+-]?[0-9]+))?\Z")


def parse_int(word):
    """The value of an INT, or None."""
    if re.match(r"[0-9]+\Z", word):
        return int(word)
    return int(word, 16) if re.match(r"0x[0-9a-fA-F]+\Z", word) else None


def parse_float(word, kind):
    """The magnitude of a FLOAT or INT, rounded once, or None."""
    m = NUMBER.match(word)
    if not m:
        return None
    if m.group("hex") is not None:
        digits, base, frac = m.group("hex") + (m.group("hexfrac") or ""), 16, 4 * len(m.group("hexfrac") or "")
        if not digits or (m.group("hexfrac") is not None and m.group("exp2") is None):
            return None
        exponent = int(m.group("exp2") or 0) - frac
        scale = Fraction(2)
    else:
        digits, base, frac = m.group("dec") + (m.group("frac") or ""), 10, len(m.group("frac") or "")
        if not digits:
            return None
        exponent = int(m.group("exp10") or 0) - frac
        scale = Fraction(10)
    number = int(digits, base)
    if number == 0:
        return 0.0
    magnitude = exponent + len(digits.lstrip("0")) * (4 if base == 16 else 1)
    if abs(magnitude) > 5000:  # far outside either type; do not build the number
        return inf if magnitude > 0 else 0.0
    value = number * scale ** exponent
    return round_ratio(value.numerator, value.denominator, kind)


def parse_literal(kind, negative, word):
    """The value of a literal of a type, or None where it does not fit."""
    if kind == "bool":
        return {"true": True, "false": False}.get(word) if not negative else None
    if kind in FLOATS:
        if word == "nan":
            return None if negative else nan
        value = inf if word == "inf" else parse_float(word, kind)
        return value if value is None or not negative else -value
    value = parse_int(word)
    if value is None:
        return None
    value = -value if negative else value
    return value if wrap(value, kind) == value else None


# ---------------------------------------------------------------------------------------------------------------------
# Graph text

TOKEN = re.compile(r"(?P<space>[ \t\r\n]+|\#[^\n\0]*)|(?P<value>%(?:[A-Za-z_][A-Za-z0-9_.]*|[0-9]+)(?![A-Za-z0-9_.]))|"
                   r"(?P<number>(?:0x[0-9a-fA-F]*(?:\.[0-9a-fA-F]*)?(?:[pP][+-]?[0-9]+)?|"
                   r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_.]))|"
                   r"(?P<name>[A-Za-z_][A-Za-z0-9_.]*)|(?P<mark>[{}=,@-])|(?P<bad>.)", re.S)


def cut_at_bad_bytes(text):
    """Text that is not UTF-8, from the first wrong byte on replaced by a NUL, which is an error wherever it stands."""
    try:
        text.encode("latin-1").decode("utf-8")
        return text
    except UnicodeDecodeError as error:
        return text[:error.start] + "\0"


class TextReader:
    """Parses graph text (decoded as Latin-1, so that bytes and characters agree) and builds node by node."""

    def __init__(self, text):
        text = cut_at_bad_bytes(text)
        self.tokens, self.at, line = [], 0, 1
        for m in TOKEN.finditer(text):
            if m.lastgroup != "space":
                self.tokens.append((m.lastgroup, m.group(), line, m.start()))
            line += m.group().count("\n")
        self.tokens.append(("end", "the end", line, len(text)))
        self.builder = Builder()
        self.numbers, self.taken, self.operands = {}, set(), {}
        self.text = text

    def fail(self, message, status="PARSE"):
        raise ThrongError(status, message, self.tokens[max(self.at - 1, 0)][2])

    def peek(self, word=None):
        return self.tokens[self.at][1] == word if word else self.tokens[self.at][0]

    def next(self, *kinds):
        kind, word, self.builder.line, _ = self.tokens[self.at]
        self.at += 1
        if kind not in kinds:
            self.fail("unexpected %r" % word)
        if kind in ("name", "value") and len(word.lstrip("%")) > MAX_NAME:
            self.fail("a name has more than 255 bytes", "LIMIT")
        return word

    def expect(self, word):
        if self.next("name", "mark") != word:
            self.fail("expected %r, not %r" % (word, self.tokens[self.at - 1][1]))

    def accept(self, word):
        if self.tokens[self.at][1] != word:
            return False
        self.at += 1
        return True

    def one_of(self, words):
        word = self.next("name")
        if word not in words:
            self.fail("unknown word %r" % word)
        return word

    def integer(self, limit=1 << 64):
        value = parse_int(self.next("number"))
        if value is None or value >= limit:
            self.fail("not an integer below %d" % limit)
        return value

    def literal(self, kind):
        negative = self.accept("-")
        value = parse_literal(kind, negative, self.next("number", "name"))
        if value is None:
            self.fail("the literal does not fit %s" % kind)
        return value

    def value(self):
        word = self.next("value")
        if word not in self.numbers:
            self.fail("%s is not defined" % word)
        return self.numbers[word]

    def list_of(self, item):
        items = [item()]
        while self.accept(","):
            items.append(item())
        return items

    def new_name(self):
        word = self.next("value")
        if word in self.taken:
            self.fail("%s is defined twice" % word)
        self.taken.add(word)
        return word

    def bind(self, names, numbers):
        for name, number in zip(names, numbers):
            self.numbers[name] = number
            if not name[1].isdigit():
                self.builder.graph.names[number] = name[1:]

    def position(self):
        return self.integer(1 << 32) if self.accept("@") else 0

    def file(self):
        self.builder.graph.doc = doc_lines(self.text[:self.tokens[0][3]])
        self.expect("graph")
        self.builder.graph.name = self.next("name")
        self.expect("{")
        while self.tokens[self.at][1] in KINDS:
            self.operand()
        if self.accept("uniform"):
            self.builder.add(Node("uniform"))
            self.expect("{")
            self.nodes()
            self.expect("}")
            self.builder.add(Node("yield"))
        self.nodes()
        self.expect("}")
        graph = self.builder.finish()
        self.next("end")
        return graph

    def operand(self):
        kind, name = self.next("name"), self.next("name")
        if name in self.operands:
            self.fail("operand %s is declared twice" % name)
        mode = self.one_of(TYPES if kind == "param" else MODES)
        default = self.literal(mode) if kind == "param" and self.accept("=") else None
        self.operands[name] = self.builder.operand(kind, name, mode, default)

    def nodes(self):
        while not (self.peek("}") or self.peek("test") or self.peek("yield")):
            self.node()

    def node(self):
        names = []
        if self.peek() == "value":
            names = self.list_of(self.new_name)
            self.expect("=")
        op = self.one_of(OP_NUMBER)
        if op in ("test", "yield", "uniform"):
            self.fail("%s out of place" % op)
        if op in ("loop", "branch", "linear"):
            fits = len(names) > 0
        else:
            fits = len(names) == result_count(op)
        if not fits:
            self.fail("%s has another number of results" % op)
        if op in ("loop", "branch"):
            return getattr(self, op)(names)
        node = getattr(self, "read_" + op, self.read_values)(op)
        node.n_results = len(names)
        return self.bind(names, self.builder.add(node))

    def body_end(self):
        self.expect("yield")
        numbers = self.builder.add(Node("yield", self.list_of(self.value)))
        self.expect("}")
        return numbers

    def loop(self, names):
        inner, starts = zip(*self.list_of(self.init))
        node = Node("loop", starts, position=self.position())
        self.expect("{")
        numbers = self.builder.add(node)
        if len(names) != node.n_results:
            self.fail("a loop with %d results has %d names" % (node.n_results, len(names)))
        self.bind(inner, numbers)
        self.nodes()
        self.expect("test")
        self.builder.add(Node("test", [self.value()]))
        self.nodes()
        self.bind(names, self.body_end())

    def init(self):
        name = self.new_name()
        self.expect("=")
        return name, self.value()

    def branch(self, names):
        node = Node("branch", [self.value()], immediate=self.count_bodies())
        self.builder.add(node)
        for _ in range(node.immediate):
            self.expect("{")
            self.nodes()
            numbers = self.body_end()
        if len(numbers) != len(names):
            self.fail("a branch that yields %d values has %d names" % (len(numbers), len(names)))
        self.bind(names, numbers)

    def count_bodies(self):
        """The number of bodies that follow, by matching braces ahead."""
        at, bodies = self.at, 0
        while self.tokens[at][1] == "{":
            depth = 0
            while True:
                depth += {"{": 1, "}": -1}.get(self.tokens[at][1], 0)
                at += 1
                if depth == 0:
                    break
                if at == len(self.tokens):
                    return bodies + 1
            bodies += 1
        if bodies == 0:
            self.at += 1
            self.fail("branch needs a body")
        return bodies

    def name_of_operand(self):
        name = self.next("name")
        if name not in self.operands:
            self.fail("operand %s is not declared" % name)
        return self.operands[name]

    def values(self, count):
        """Exactly so many values, where the grammar says how many."""
        numbers = [self.value()]
        while len(numbers) < count:
            self.expect(",")
            numbers.append(self.value())
        return numbers

    def read_values(self, op):
        return Node(op, self.list_of(self.value))

    def read_aload(self, op):
        return Node(op, self.values({"astore": 3}.get(op, 2)))

    read_astore = read_iota = read_aload

    def read_param(self, op):
        return Node(op, operand=self.name_of_operand())

    read_load = read_param

    def read_const(self, op):
        kind = self.one_of(TYPES)
        return Node(op, type=kind, immediate=to_bits(self.literal(kind), kind))

    def read_round(self, op):
        how = ROUNDINGS.index(self.one_of(ROUNDINGS))
        return Node(op, self.values(1), detail=how)

    def read_convert(self, op):
        kind = self.one_of(TYPES)
        return Node(op, self.values(1), type=kind)

    read_bitcast = read_convert

    def read_gather(self, op):
        operand = self.name_of_operand()
        return Node(op, self.values(2 if op in ("argmin", "argmax") else 1), operand=operand)

    read_store = read_sum = read_argmin = read_argmax = read_gather

    def read_array(self, op):
        kind = self.one_of(TYPES)
        return Node(op, type=kind, immediate=self.integer())

    def read_trap(self, op):
        code = self.integer()
        args = self.values(1)
        return Node(op, args, immediate=code, position=self.position())

    def read_charge(self, op):
        args = self.values(1)
        return Node(op, args, position=self.position())

    def read_combine(self, op):
        operand = self.name_of_operand()
        fold = FOLDS.index(self.one_of(FOLDS))
        return Node(op, self.values(2), operand=operand, detail=fold)

    def read_linear(self, op):
        ring = self.one_of(RINGS)
        modulus = self.integer() if ring == "mod" else 0
        layout = self.one_of(FORMATS)
        args = self.list_of(self.value)
        self.expect("{")
        entries = [] if self.peek("}") else self.list_of(self.entry)
        self.expect("}")
        return Node(op, args, detail=RINGS.index(ring) + 256 * FORMATS.index(layout), immediate=modulus,
                    entries=entries)

    def entry(self):
        return self.integer(), self.integer(), self.value()


def doc_lines(before):
    """The comment lines directly before `graph`, without '#' and one blank."""
    lines, doc = before.split("\n"), []
    if lines.pop().strip():
        return []
    while lines and lines[-1].strip().startswith("#"):
        line = lines.pop().lstrip(" \t\r")[1:]
        doc.insert(0, line[1:] if line.startswith(" ") else line)
    return doc


def shortest_digits(x, kind):
    """The fewest digits d1d2.. with x = d1.d2.. * 10^exponent that read back as x > 0; of several the nearest."""
    for n in range(1, 18):
        mantissa, exponent = ("%.*e" % (n - 1, x)).split("e")
        middle, scale = int(mantissa.replace(".", "")), int(exponent) - n + 1
        good = [m for m in (middle - 1, middle, middle + 1) if m > 0 and parse_literal(kind, False, "%de%d" % (m, scale)) == x]
        if good:
            best = min(good, key=lambda m: (abs(Fraction(m) * Fraction(10) ** scale - Fraction(x)), m % 2))
            digits = str(best)
            return digits.rstrip("0"), scale + len(digits) - 1
    raise AssertionError("17 digits tell every double apart")


def shortest(x, kind):
    """The fewest significant digits that read back as x, in full from 0.0001 to below 10^16, else with an exponent."""
    if x != x:
        return "nan"
    sign = "-" if math.copysign(1, x) < 0 else ""
    if math.isinf(x) or x == 0:
        return sign + ("inf" if x else "0.0")
    digits, exponent = shortest_digits(abs(x), kind)
    if not -4 <= exponent < 16:
        return sign + digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + "e%+03d" % exponent
    if exponent < 0:
        return sign + "0." + "0" * (-exponent - 1) + digits
    return sign + digits[:exponent + 1].ljust(exponent + 1, "0") + "." + (digits[exponent + 1:] or "0")


def literal_text(x, kind):
    return ("true" if x else "false") if kind == "bool" else shortest(x, kind) if kind in FLOATS else str(x)


def write_text(graph):
    name = lambda v: "%" + graph.names.get(v, str(v))
    names = lambda vs: ", ".join(name(v) for v in vs)
    out = ["# " + line if line else "#" for line in graph.doc] + ["graph %s {" % graph.name]
    for o in graph.operands:
        default = " = " + literal_text(o.default, o.mode) if o.default is not None else ""
        out.append("  %s %s %s%s" % (o.kind, o.name, o.mode, default))
    open_bodies = []  # [node, bodies left]; the uniform block has no node
    for node in graph.nodes:
        indent = "  " * (len(open_bodies) + 1)
        head = indent + (names(node.results) + " = " if node.results else "") + node.op
        at = " @%d" % node.position if node.position else ""
        if node.op == "uniform":
            open_bodies.append([None, 1])
            out.append(head + " {")
        elif node.op == "yield":
            if open_bodies[-1][0]:
                out.append(head + " " + names(node.args))
            open_bodies[-1][1] -= 1
            if open_bodies[-1][1]:
                out.append(indent[2:] + "} {")
            else:
                open_bodies.pop()
                out.append(indent[2:] + "}")
        elif node.op == "loop":
            open_bodies.append([node, 1])
            inits = ", ".join("%s = %s" % (name(c), name(a)) for c, a in zip(node.carried, node.args))
            out.append("%s %s%s {" % (head, inits, at))
        elif node.op == "branch":
            open_bodies.append([node, node.immediate])
            out.append("%s %s {" % (head, names(node.args)))
        else:
            out.append(head + node_words(graph, node, name) + (" " + names(node.args) if node.args else "") +
                       (linear_entries(node, name) if node.op == "linear" else at))
    return "\n".join(out + ["}", ""])


def node_words(graph, node, name):
    words = []
    if node.operand is not None:
        words.append(graph.operands[node.operand].name)
    if node.type:
        words.append(node.type)
    if node.op == "const":
        words.append(literal_text(from_bits(node.immediate, node.type), node.type))
    if node.op in ("array", "trap"):
        words.append(str(node.immediate))
    if node.op == "round":
        words.append(ROUNDINGS[node.detail])
    if node.op == "combine":
        words.append(FOLDS[node.detail])
    if node.op == "linear":
        ring = RINGS[node.detail & 255]
        words += [ring] + ([str(node.immediate)] if ring == "mod" else []) + [FORMATS[node.detail >> 8]]
    return "".join(" " + w for w in words)


def linear_entries(node, name):
    inner = ", ".join("%d %d %s" % (r, c, name(v)) for r, c, v in node.entries)
    return " { %s }" % inner if inner else " { }"


# ---------------------------------------------------------------------------------------------------------------------
# Binary modules and bytecode

class ByteReader:
    def __init__(self, data, magic):
        self.data, self.at = data, 0
        if self.take(4) != magic or self.u16() != 1 or self.u16() != 0:
            self.fail("not a version 1 module")

    def fail(self, message):
        raise ThrongError("FORMAT", "%s at byte %d" % (message, self.at))

    def take(self, count):
        if count > len(self.data) - self.at:
            self.fail("truncated")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def u8(self):
        return self.number(1)

    def u16(self):
        return self.number(2)

    def u32(self):
        return self.number(4)

    def u64(self):
        return self.number(8)

    def string(self):
        return self.take(self.u16()).decode("latin-1")

    def count(self, least):
        """A u32 count of items of at least so many bytes each."""
        count = self.u32()
        if count * least > len(self.data) - self.at:
            self.fail("a count of %d exceeds the file" % count)
        return count

    def index(self, value, names, what):
        if value >= len(names):
            self.fail("%s %d is out of range" % (what, value))
        return names[value]

    def bits(self, kind):
        bits = self.u64()
        if kind == "bool" and bits > 1 or bits >> WIDTH[kind] or to_bits(from_bits(bits, kind), kind) != bits:
            self.fail("the bits 0x%x are no %s" % (bits, kind))
        return bits

    def end(self):
        if self.at != len(self.data):
            self.fail("bytes left over")


class BinaryReader(ByteReader):
    """Reads the whole module first (FORMAT), then builds from it (VERIFY, LIMIT)."""

    def __init__(self, data):
        super().__init__(data, b"TGB\x1a")
        self.name = self.string()
        doc = self.take(self.u32()).decode("latin-1")
        if (doc and not doc.endswith("\n")) or "\0" in cut_at_bad_bytes(doc):
            self.fail("the doc text is no text or does not end its line")
        self.doc = doc.split("\n")[:-1]
        self.operands = [self.operand() for _ in range(self.count(5))]
        self.nodes = [self.node() for _ in range(self.count(28))]
        self.n_values = self.check_markers()
        if any(v >= self.n_values for node in self.nodes for v in node.args + [entry[2] for entry in node.entries]):
            self.fail("a value that no node defines")
        self.names = self.value_names()
        self.end()

    def operand(self):
        kind, mode = self.index(self.u8(), KINDS, "kind"), self.index(self.u8(), MODES, "mode")
        has_default = self.u8()
        if has_default > (kind == "param" and mode in TYPES):
            self.fail("a default out of range")
        name = self.string()
        return kind, name, mode, from_bits(self.bits(mode), mode) if has_default else None

    def node(self):
        op = self.index(self.u8(), OPS, "op")
        kind, detail, position, operand = self.u8(), self.u16(), self.u32(), self.u32()
        bits_at = self.at
        immediate = self.u64()
        args = [self.u32() for _ in range(self.count(4))]
        n_results = self.u32()
        entries = [(self.u32(), self.u32(), self.u32()) for _ in range(self.count(12))] if op == "linear" else []
        if op not in ("loop", "branch", "linear") and n_results != result_count(op):
            self.fail("%s has %d results" % (op, n_results))
        if (kind and op not in TYPED) or (position and op not in POSITIONED) or (operand and op not in OPERAND_KIND):
            self.fail("an unused field is not zero")
        if op in OPERAND_KIND:
            self.index(operand, self.operands, "operand")
        self.check_detail(op, detail)
        ring_mod = op == "linear" and RINGS[detail & 255] == "mod"
        if immediate and not (op in ("const", "array", "trap", "branch") or ring_mod):
            self.fail("an unused immediate is not zero")
        kind = self.index(kind, TYPES, "type") if op in TYPED else None
        if op == "const":
            after, self.at = self.at, bits_at
            self.bits(kind)
            self.at = after
        return Node(op, args, kind, detail, position, operand if op in OPERAND_KIND else None, immediate, n_results,
                    entries)

    def check_detail(self, op, detail):
        if op == "linear":
            fits = detail & 255 < len(RINGS) and detail >> 8 < len(FORMATS)
        else:
            fits = detail < {"round": len(ROUNDINGS), "combine": len(FOLDS)}.get(op, 1)
        if not fits:
            self.fail("detail %d is out of range" % detail)

    def check_markers(self):
        """Every marker stands where it can, every n_results is right; gives the number of values."""
        open_bodies, n_values = [], 0  # an open body: [kind, node, bodies left or 1 after test, lengths of yields]
        for i, node in enumerate(self.nodes):
            kind, owner, state, yields = open_bodies[-1] if open_bodies else (None, None, 0, None)
            if node.op == "uniform":
                self.require(i == 0, node)
                open_bodies.append(["uniform", node, 0, None])
            elif node.op == "loop":
                self.require(node.n_results == len(node.args) + (kind == "uniform"), node)
                open_bodies.append(["loop", node, 0, None])
                n_values += len(node.args)
            elif node.op == "branch":
                if node.immediate:
                    open_bodies.append(["branch", node, node.immediate, set()])
            elif node.op == "test":
                self.require(kind == "loop" and not state, node)
                open_bodies[-1][2] = 1
            elif node.op == "yield":
                self.require(kind and not (kind == "loop" and not state or kind == "uniform" and node.args), node)
                if kind == "branch":
                    yields.add(len(node.args))
                    open_bodies[-1][2] -= 1
                if kind != "branch" or state == 1:
                    self.require(kind != "branch" or len(yields) > 1 or yields == {owner.n_results}, owner)
                    n_values += owner.n_results
                    open_bodies.pop()
            else:
                n_values += node.n_results
        self.require(not open_bodies, None)
        return n_values

    def require(self, fits, node):
        if not fits:
            self.fail("%s out of place or with a wrong n_results" % node.op if node else "a body is not closed")

    def value_names(self):
        names, last = {}, -1
        for _ in range(self.count(6)):
            number, name = self.u32(), self.string()
            if number <= last or number >= self.n_values:
                self.fail("the name of value %d is out of place" % number)
            names[number], last = name, number
        return names

    def build(self):
        builder = Builder()
        builder.check_name(self.name)
        builder.graph.name, builder.graph.doc, builder.graph.names = self.name, self.doc, self.names
        for operand in self.operands:
            builder.operand(*operand)
        for node in self.nodes:
            builder.add(node)
        graph = builder.finish()
        for name in self.names.values():
            builder.check_name(name)
        if len(set(self.names.values())) != len(self.names):
            builder.fail("a value name occurs twice")
        return graph


def string_bytes(text):
    return struct.pack("<H", len(text)) + text.encode("latin-1")


def write_binary(graph):
    doc = "".join(line + "\n" for line in graph.doc).encode("latin-1")
    out = [b"TGB\x1a", struct.pack("<HH", 1, 0), string_bytes(graph.name), struct.pack("<I", len(doc)), doc,
           struct.pack("<I", len(graph.operands))]
    for o in graph.operands:
        out += [struct.pack("<BBB", KINDS.index(o.kind), MODES.index(o.mode), o.default is not None),
                string_bytes(o.name)]
        if o.default is not None:
            out.append(struct.pack("<Q", to_bits(o.default, o.mode)))
    out.append(struct.pack("<I", len(graph.nodes)))
    for node in graph.nodes:
        out.append(struct.pack("<BBHIIQ", OP_NUMBER[node.op], TYPES.index(node.type) if node.type else 0, node.detail,
                               node.position, node.operand or 0, node.immediate))
        out.append(struct.pack("<I%dI" % len(node.args), len(node.args), *node.args))
        out.append(struct.pack("<I", len(node.results)))
        if node.op == "linear":
            out.append(struct.pack("<I", len(node.entries)) + b"".join(struct.pack("<III", *e) for e in node.entries))
    out.append(struct.pack("<I", len(graph.names)))
    out += [struct.pack("<I", number) + string_bytes(name) for number, name in sorted(graph.names.items())]
    return b"".join(out)


# ---------------------------------------------------------------------------------------------------------------------
# The stack machine

STACK_OPS = ("load iota store argmax argmin sum + negate - * divmod << >> | & ^ ~ \\ < = ?: max "
             "dup drop swap over rot >R R@ R>").split()
STACK_NODES = {"+": "add", "-": "sub", "*": "mul", "<<": "shl", ">>": "shr", "|": "or", "&": "and", "^": "xor",
               "\\": "andnot",
               "<": "lt", "=": "eq", "max": "max", "divmod": "divmod", "negate": "neg", "~": "not", "?:": "select"}
SHUFFLES = {"dup": (1, (0, 0)), "drop": (1, ()), "swap": (2, (1, 0)), "over": (2, (0, 1, 0)), "rot": (3, (1, 2, 0))}


class StackBuilder:
    def __init__(self, name):
        self.builder, self.data, self.saved, self.operands = Builder(), [], [], {}
        self.builder.check_name(name)
        self.builder.graph.name = name

    def fail(self, message):
        self.builder.fail(message)

    def pop(self, count):
        if len(self.data) < count:
            self.fail("the data stack runs empty")
        taken = self.data[len(self.data) - count:]
        del self.data[len(self.data) - count:]
        return taken

    def node(self, *args, **fields):
        return self.builder.add(Node(*args, **fields))

    def opcode(self, op, name=None, mode=None, bits=None):
        if op == "load":
            self.load(name, mode)
        elif op == "iota":
            if mode not in NUMBERS:
                self.fail("iota needs a numeric type")
            ends = [self.node("const", type=mode, immediate=b)[0] for b in bits]
            self.data += self.node("iota", ends)
        elif op in ("store", "sum", "argmin", "argmax"):
            self.sink(op, name, mode)
        elif op in SHUFFLES:
            count, order = SHUFFLES[op]
            taken = self.pop(count)
            self.data += [taken[i] for i in order]
        elif op == ">R":
            self.saved += self.pop(1)
        elif op in ("R@", "R>"):
            if not self.saved:
                self.fail("the return stack runs empty")
            self.data.append(self.saved[-1] if op == "R@" else self.saved.pop())
        else:
            arity = len(SIGNATURES[STACK_NODES[op]][1])
            self.data += self.node(STACK_NODES[op], self.pop(arity))

    def load(self, name, mode):
        if name not in self.operands:
            self.operands[name] = self.builder.operand("input", name, mode)
        operand = self.builder.graph.operands[self.operands[name]]
        if operand.kind != "input" or operand.mode != mode:
            self.fail("%s was declared otherwise" % name)
        self.data += self.node("load", operand=self.operands[name])

    def sink(self, op, name, mode):
        args = self.pop(2 if op.startswith("arg") else 1)
        kind = self.builder.graph.values[args[0]].type
        mode = mode or (sum_type(kind) if op == "sum" else kind)
        self.operands[name] = self.builder.operand("output" if op == "store" else "result", name, mode)
        self.node(op, args, operand=self.operands[name])

    def finish(self):
        if self.data or self.saved:
            self.fail("values are left on a stack")
        return self.builder.finish()


def read_stack_text(text):
    words, line = [], 1
    for m in re.finditer(r"#[^\n]*|[^ \t\r\n#]+|\n", text):
        if m.group() == "\n":
            line += 1
        elif m.group()[0] != "#":
            words.append((m.group(), line))
    words.append((None, line))
    at = 0

    def fail(message):
        raise ThrongError("PARSE", message, words[min(at, len(words)) - 1][1])

    def take(accepts):
        nonlocal at
        word = words[at][0]
        at += 1
        if word is None or not accepts(word):
            fail("unexpected %r" % word)
        return word

    def literal(kind):
        word = take(lambda w: True)
        value = parse_literal(kind, word.startswith("-"), word[word.startswith("-"):])
        if value is None:
            fail("%r is no %s" % (word, kind))
        return to_bits(value, kind)

    def name():
        word = take(NAME.match)
        if len(word) > MAX_NAME:
            raise ThrongError("LIMIT", "a name has more than 255 bytes", words[at - 1][1])
        return word

    take(lambda w: w == "stack")
    stack = StackBuilder(name())
    while words[at][0] is not None:
        op = take(STACK_OPS.__contains__)
        line = words[at - 1][1]
        given, mode, bits = None, None, None
        if op in ("load", "store", "sum", "argmin", "argmax"):
            given = name()
        if op in ("load", "store"):
            mode = take(MODES.__contains__)
        if op == "iota":
            mode = take(TYPES.__contains__)
            bits = [literal(mode), literal(mode)] if mode != "bool" else None
        stack.builder.line = line
        stack.opcode(op, given, mode, bits)
    stack.builder.line = words[-1][1]
    return stack.finish()


def read_bytecode(data):
    reader = ByteReader(data, b"TGS\x1a")
    name = reader.string()
    n_opcodes = reader.count(1)
    stack = StackBuilder(name)
    for _ in range(n_opcodes):
        op = reader.index(reader.u8(), STACK_OPS, "opcode")
        given, mode, bits = None, None, None
        if op in ("load", "store", "sum", "argmin", "argmax"):
            given = reader.string()
        if op in ("load", "store"):
            mode = reader.index(reader.u8(), MODES, "mode")
        if op == "iota":
            mode = reader.index(reader.u8(), TYPES, "type")
            bits = [reader.bits(mode), reader.bits(mode)]
        stack.opcode(op, given, mode, bits)
    reader.end()
    return stack.finish()


def read_text(text):
    return TextReader(text).file()


def read_module(data):
    """Any of the four kinds, told apart by how they begin."""
    if data.startswith(b"TGB\x1a"):
        return BinaryReader(data).build()
    if data.startswith(b"TGS\x1a"):
        return read_bytecode(data)
    text = data.decode("latin-1")
    first = re.match(r"(?:[ \t\r\n]+|#[^\n]*)*([A-Za-z_]*)", text).group(1)
    return read_stack_text(text) if first == "stack" else read_text(text)


# ---------------------------------------------------------------------------------------------------------------------
# Running: a graph becomes a Python function over all lanes. Value k is the variable v<k>; loops nested deeper than
# Python's limit on nested blocks become functions of their own.

class Trap(Exception):
    pass


LOOPS_PER_FUNCTION = 12
TEMPLATES = {"add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "or": "{0} | {1}", "and": "{0} & {1}",
             "xor": "{0} ^ {1}",
             "neg": "-{0}", "lt": "{0} < {1}", "eq": "{0} == {1}", "select": "{1} if {0} else {2}",
             "max": "{1} if {0} < {1} else {0}",
             "div": "divide({0}, {1})", "sqrt": "square_root({0})", "fma": "fused({0}, {1}, {2}, '{kind}')"}
MAY_OVERFLOW = set("add sub mul neg div sqrt".split())  # the type's range or precision


class Compiler:
    def __init__(self, graph):
        self.graph, self.nodes = graph, graph.nodes
        self.constants = {}
        self.functions, self.out, self.indent = [], [], 0
        self.in_uniform, self.loops, self.open_loops = False, 0, 0
        self.sinks = [i for i, node in enumerate(self.nodes) if node.op in SINKS]
        for node in self.nodes:
            if node.op == "const":
                value = from_bits(node.immediate, node.type)
                text = repr(value)
                self.constants[node.results[0]] = "(%s)" % text if text[0] == "-" else text

    def v(self, number):
        return self.constants.get(number) or "v%d" % number

    def vs(self, numbers):
        return ", ".join(self.v(n) for n in numbers)

    def emit(self, line, *args):
        self.out.append(" " * self.indent + (line % args if args else line))

    def kind(self, number):
        return self.graph.values[number].type

    def compile(self):
        self.emit("def lanes(n, fuel_given):")
        self.indent = 1
        self.emit("cell, traps, L, cnt, exhausted = CELL, [], 0, 0, False")
        self.emit("fuel = fuel_given")
        for i in self.sinks:
            self.emit("s%d = []", i)
        at = 0
        if self.nodes and self.nodes[0].op == "uniform":
            self.in_uniform = True
            at = self.body(1)
            self.in_uniform = False
        self.emit("for L in range(n):")
        self.indent = 2
        self.emit("fuel = fuel_given")
        self.emit("try:")
        self.indent = 3
        self.emit("pass")
        while at < len(self.nodes):
            at = self.node(at)
        self.indent = 2
        self.emit("except Trap as trap:")
        self.emit(" traps.append((L,) + trap.args)")
        self.emit(" continue")
        for i in self.sinks:
            self.emit("s%d.append((%s,))" if self.nodes[i].op != "store" else "s%d.append(%s)", i,
                      ", ".join(["L"] * (self.nodes[i].op == "sum") + [self.v(a) for a in self.nodes[i].args]))
        stores = [i for i in self.sinks if self.nodes[i].op == "store"]
        if not stores:
            self.emit("pass")
        self.indent = 1
        self.emit("return traps, {%s}", ", ".join("%d: s%d" % (i, i) for i in self.sinks))
        source = "\n".join(line for lines in self.functions + [self.out] for line in lines)
        names = {"CELL": CELL, "Trap": Trap, "inf": inf, "nan": nan, "divide": divide, "square_root": square_root,
                 "fused": fused,
                 "integral": integral, "euclid": euclid, "to_bits": to_bits, "from_bits": from_bits,
                 "float_to_int": float_to_int, "int_to_float": int_to_float}
        exec(compile(source, "graph " + self.graph.name, "exec"), names)
        return names

    def body(self, at):
        """Emits nodes up to the marker that ends this part; gives the index after it."""
        while self.nodes[at].op not in ("test", "yield"):
            at = self.node(at)
        return at + 1

    def node(self, at):
        node = self.nodes[at]
        if node.op == "loop":
            return self.loop(node, at)
        if node.op == "branch":
            return self.branch(node, at)
        if node.op not in SINKS and node.op != "const":
            (self.emit_template if node.op in TEMPLATES else getattr(self, "emit_" + node.op))(node)
        return at + 1

    def assign(self, kind, name, expression):
        """v<name> = expression, wrapped or rounded to its type."""
        if kind == "f32":
            self.emit("cell[0] = %s; v%s = cell[0]", expression, name)
        elif kind in UNSIGNED:
            self.emit("v%s = (%s) & %d", name, expression, (1 << WIDTH[kind]) - 1)
        elif kind in INTEGERS:
            half = 1 << (WIDTH[kind] - 1)
            self.emit("v%s = ((%s) + %d & %d) - %d", name, expression, half, 2 * half - 1, half)
        else:
            self.emit("v%s = %s", name, expression)

    def emit_assign(self, targets, sources):
        if targets:
            self.emit("%s = %s", ", ".join("v%d" % t for t in targets), self.vs(sources))

    # -- structure

    def loop(self, node, at):
        if self.loops == LOOPS_PER_FUNCTION:
            return self.loop_function(node, at)
        self.loops += 1
        self.emit_assign(node.carried, node.args)
        if node.counted:
            self.emit("cnt = 0; exhausted = False")
        self.emit("while True:")
        self.indent += 1
        test = self.body(at + 1)
        self.emit("if not %s: break", self.v(self.nodes[test - 1].args[0]))
        if self.in_uniform:
            self.emit("if fuel < 1:")
            self.emit(" exhausted = True; break")
            self.emit("cnt += 1")
        else:
            self.emit("if fuel < 1: raise Trap(%d, %d)", FUEL_CODE, node.position)
        self.emit("fuel -= 1")
        end = self.body(test)
        self.emit_assign(node.carried, self.nodes[end - 1].args)
        self.indent -= 1
        self.emit_assign(node.results[:len(node.carried)], node.carried)
        if node.counted:
            self.emit("v%d = %d if exhausted else cnt", node.results[-1], UNLIMITED)
        self.loops -= 1
        return end

    def loop_function(self, node, at):
        first, used = node.carried[0], set()
        for inner in self.nodes[at:node.end + 1]:
            used.update(inner.args)
            used.update(number for _, _, number in inner.entries)
        free = ["v%d" % u for u in sorted(used) if u < first and u not in self.constants]
        given = ", ".join(["L", "fuel", "cnt", "exhausted"] + free)
        saved = self.out, self.indent, self.loops
        self.out, self.indent, self.loops = [], 0, 0
        self.emit("def f%d(%s):", first, given)
        self.indent = 1
        self.emit("cell = CELL")
        end = self.loop(node, at)
        state = "fuel, cnt, exhausted, %s" % ", ".join("v%d" % r for r in node.results)
        self.emit("return %s", state)
        self.functions.append(self.out)
        self.out, self.indent, self.loops = saved
        self.emit("%s = f%d(%s)", state, first, given)
        return end

    def branch(self, node, at):
        number = node.results[0]
        self.emit("b%d = %s", number, self.v(node.args[0]))
        self.emit("if not 0 <= b%d < %d: b%d = %d", number, node.immediate, number, node.immediate - 1)
        return self.bodies(node, at + 1, 0, node.immediate)

    def bodies(self, node, at, low, high):
        """Emits the bodies low .. high-1 as a binary tree of decisions."""
        if high - low == 1:
            end = self.body(at)
            self.emit_assign(node.results, self.nodes[end - 1].args)
            return end
        middle = (low + high) // 2
        self.emit("if b%d < %d:", node.results[0], middle)
        self.indent += 1
        at = self.bodies(node, at, low, middle)
        self.indent -= 1
        self.emit("else:")
        self.indent += 1
        at = self.bodies(node, at, middle, high)
        self.indent -= 1
        return at

    # -- operations

    def emit_load(self, node):
        self.emit("v%d = I%d[L]", node.results[0], node.operand)

    def emit_param(self, node):
        self.emit("v%d = P%d", node.results[0], node.operand)

    def emit_iota(self, node):
        kind, result = self.kind(node.results[0]), node.results[0]
        start, stride = self.v(node.args[0]), self.v(node.args[1])
        if kind in FLOATS:
            self.emit("t = int_to_float(L, '%s')", kind)
            self.assign(kind, result, "t * %s" % stride)
            self.assign(kind, result, "%s + v%d" % (start, result))
        else:
            self.assign(kind, result, "%s + L * %s" % (start, stride))

    def emit_template(self, node):
        kind, args = self.kind(node.results[0]), [self.v(a) for a in node.args]
        expression = TEMPLATES[node.op].format(*args, kind=kind)
        if node.op in MAY_OVERFLOW:
            self.assign(kind, node.results[0], expression)
        else:
            self.emit("v%d = %s" % (node.results[0], expression))

    def emit_divmod(self, node):
        quotient, rest = node.results
        self.emit("v%d, v%d = euclid(%s)", quotient, rest, self.vs(node.args))
        self.assign(self.kind(quotient), quotient, "v%d" % quotient)

    def emit_shl(self, node):
        kind = self.kind(node.results[0])
        self.emit("d = %s & %d", self.v(node.args[1]), (1 << WIDTH[kind]) - 1)
        self.assign(kind, node.results[0], "%s << d if d < %d else 0" % (self.v(node.args[0]), WIDTH[kind]))

    def emit_shr(self, node):
        kind = self.kind(node.results[0])
        self.emit("d = %s & %d", self.v(node.args[1]), (1 << WIDTH[kind]) - 1)
        self.emit("v%d = %s >> (d if d < %d else %d)", node.results[0], self.v(node.args[0]), WIDTH[kind], WIDTH[kind])

    def emit_not(self, node):
        kind, a = self.kind(node.results[0]), self.v(node.args[0])
        self.emit("v%d = %s", node.results[0], "not " + a if kind == "bool" else "~" + a if kind[0] == "i" else
                  "%s ^ %d" % (a, (1 << WIDTH[kind]) - 1))

    def emit_andnot(self, node):
        template = "v%d = %s and not %s" if self.kind(node.results[0]) == "bool" else "v%d = %s & ~%s"
        self.emit(template, node.results[0], self.v(node.args[0]), self.v(node.args[1]))

    def emit_round(self, node):
        self.emit("v%d = integral(%s, '%s')", node.results[0], self.v(node.args[0]), ROUNDINGS[node.detail])

    def emit_convert(self, node):
        a, source, target, result = self.v(node.args[0]), self.kind(node.args[0]), node.type, node.results[0]
        if source == target:
            self.emit("v%d = %s", result, a)
        elif target == "bool":
            self.emit("v%d = %s != 0", result, a)
        elif source == "bool":
            self.emit("v%d = %s if %s else %s", result, "1.0" if target in FLOATS else "1", a, zero_of(target))
        elif source in FLOATS and target in INTEGERS:
            low, high = type_range(target)
            self.emit("v%d = float_to_int(%s, %d, %d)", result, a, low, high)
        elif source in INTEGERS and target in FLOATS:
            self.emit("v%d = int_to_float(%s, '%s')", result, a, target)
        else:
            self.assign(target, result, a)

    def emit_bitcast(self, node):
        self.emit("v%d = from_bits(to_bits(%s, '%s'), '%s')", node.results[0], self.v(node.args[0]),
                  self.kind(node.args[0]),
                  node.type)

    def emit_gather(self, node):
        index, table = self.v(node.args[0]), node.operand
        self.emit("v%d = T%d[%s] if 0 <= %s < len(T%d) else %s", node.results[0], table, index, index, table,
                  zero_of(self.kind(node.results[0])))

    def emit_array(self, node):
        self.emit("v%d = [%s] * %d", node.results[0], zero_of(node.type), node.immediate)

    def emit_aload(self, node):
        kind, length = self.kind(node.args[0])
        index = self.v(node.args[1])
        self.emit("v%d = v%d[%s] if 0 <= %s < %d else %s", node.results[0], node.args[0], index, index, length,
                  zero_of(kind))

    def emit_astore(self, node):
        index = self.v(node.args[1])
        self.emit("v%d = v%d", node.results[0], node.args[0])
        self.emit("if 0 <= %s < %d: v%d[%s] = %s", index, self.kind(node.args[0])[1], node.results[0], index,
                  self.v(node.args[2]))

    def emit_trap(self, node):
        self.emit("if %s: raise Trap(%d, %d)", self.v(node.args[0]), node.immediate, node.position)

    def emit_charge(self, node):
        amount = self.v(node.args[0])
        self.emit("if %s > fuel: raise Trap(%d, %d)", amount, FUEL_CODE, node.position)
        self.emit("fuel -= %s", amount)

    def emit_linear(self, node):
        ring, kind, m = RINGS[node.detail & 255], self.kind(node.results[0]), len(node.args)
        rows = {}
        for row, column, entry in node.entries:
            rows.setdefault(row, []).append((self.v(entry), self.v(node.args[column]) if column < m else None))
        if ring == "gf2":
            return self.emit_gf2(node, rows, WIDTH[kind])
        for row, result in enumerate(node.results):
            terms = rows.get(row, [])
            if ring == "float":
                self.emit_float_row(kind, result, terms)
                continue
            self.emit("t = 0")
            for entry, x in terms:
                self.emit("t += %s", "%s * %s" % (entry, x) if x else entry)
            if ring == "mod":
                self.emit("v%d = t %% %s" % (result, node.immediate))
            else:
                self.assign(kind, result, "t")

    def emit_gf2(self, node, rows, width):
        for block, result in enumerate(node.results):
            self.emit("u = 0")
            for bit in range(width):
                terms = rows.get(block * width + bit, [])
                for i, (entry, x) in enumerate(terms):
                    self.emit("t %s= %s & %s", "^" if i else "", entry, x or "1")
                if terms:
                    self.emit("u |= ((t & %d).bit_count() & 1) << %d", (1 << width) - 1, bit)
            self.assign(self.kind(result), result, "u")

    def emit_float_row(self, kind, result, terms):
        self.emit("v%d = 0.0", result)
        for i, (entry, x) in enumerate(terms):
            term = entry
            if x and i:
                self.assign(kind, "_product", "%s * %s" % (entry, x))
                term = "v_product"
            elif x:
                term = "%s * %s" % (entry, x)
            self.assign(kind, result, "v%d + %s" % (result, term) if i else term)


def type_range(kind):
    width = WIDTH[kind]
    return (-(1 << (width - 1)), (1 << (width - 1)) - 1) if kind[0] == "i" else (0, (1 << width) - 1)


def float_sum(terms, n, kind):
    """The canonical sum of (lane, value) pairs in order of lanes, of an invocation of n lanes."""
    columns = 64 if kind == "f32" else 32
    add = (lambda a, b: to_f32(a + b)) if kind == "f32" else (lambda a, b: a + b)
    level = [[0.0] * columns for _ in range(-(-n // 4096))]
    for lane, x in terms:
        block = level[lane // 4096]
        block[lane % columns] = add(block[lane % columns], x)
    while len(level) > 1:
        if len(level) % 2:
            level.append([0.0] * columns)
        level = [list(map(add, level[j], level[j + 1])) for j in range(0, len(level), 2)]
    total = level[0] if level else [0.0] * columns
    while len(total) > 1:
        half = len(total) // 2
        total = list(map(add, total[:half], total[half:]))
    return total[0]


def arg_best(pairs, greatest):
    best = None
    for index, data in pairs:
        if best is None or (best[1] != best[1] and data == data) or (data > best[1] if greatest else data < best[1]):
            best = index, data
    return best


FOLD = {"add": lambda a, b: a + b, "min": min, "max": max, "and": lambda a, b: a & b, "or": lambda a, b: a | b,
        "xor": lambda a, b: a ^ b}


# ---------------------------------------------------------------------------------------------------------------------
# Invocation

class Binding:
    """An operand's memory: the name of a memory, and how many of its bytes are seen."""

    def __init__(self, memory, offset, stride, size):
        self.memory, self.offset, self.stride, self.size = memory, offset, stride, size

    def inside(self, index, size):
        return 0 <= self.offset + index * self.stride <= self.size - size

    def length(self, size):
        """Elements from number 0 to the first that is not inside."""
        if not self.inside(0, size):
            return 0
        if self.stride == 0:
            return 1
        room = self.size - size - self.offset if self.stride > 0 else self.offset
        return room // abs(self.stride) + 1


class Invocation:
    """One run of a graph: check() refuses it or not, run() changes the memories."""

    def __init__(self, graph, n, fuel, memories, bindings, endian="<"):
        self.graph, self.n, self.memories, self.endian = graph, n, memories, endian
        self.fuel = inf if fuel == UNLIMITED else fuel
        self.bindings = [bindings.get(o.name) for o in graph.operands]
        self.trapped, self.none = None, 0

    def check(self):
        if self.n > MAX_LANES:
            raise ThrongError("ARGUMENT", "n is too large")
        pairs = list(zip(self.graph.operands, self.bindings))
        for operand, binding in pairs:
            if binding is None and operand.kind != "result" and operand.default is None:
                raise ThrongError("ARGUMENT", "%s has no memory" % operand.name)
        self.counts = [self.elements(o, b) for o, b in pairs]
        for (operand, binding), count in zip(pairs, self.counts):
            if operand.kind in ("output", "accumulator") and abs(binding.stride) < operand.size and count > 1:
                raise ThrongError("OVERLAP", "%s overlaps itself" % operand.name)
        for i, (operand, _) in enumerate(pairs):
            if operand.kind in ("output", "result", "accumulator"):
                for j in range(len(pairs)):
                    if j != i and self.overlap(i, j):
                        raise ThrongError("OVERLAP", "%s overlaps %s" % (operand.name, pairs[j][0].name))

    def elements(self, operand, binding):
        if binding is None:
            return 0
        if operand.kind in ("table", "accumulator"):
            return binding.length(operand.size)
        count = self.n if operand.kind in ("input", "output") else 1
        if count and not (binding.inside(0, operand.size) and binding.inside(count - 1, operand.size)):
            raise ThrongError("BOUNDS", "%s lies outside its memory" % operand.name)
        return count

    def overlap(self, i, j):
        """Does an element of written operand i share a byte with one of operand j?"""
        a, b = self.bindings[i], self.bindings[j]
        if not self.counts[i] or not self.counts[j] or a.memory != b.memory:
            return False
        one, other = self.graph.operands[i], self.graph.operands[j]
        if (one.kind, other.kind) in (("output", "input"), ("input", "output")) and \
                (a.offset, one.mode) == (b.offset, other.mode) and (a.stride == b.stride or self.counts[i] == 1):
            return False  # in place; a single element has no stride
        (low_a, high_a), (low_b, high_b) = self.span(i), self.span(j)
        stride = abs(a.stride if self.counts[i] > 1 else b.stride)
        if stride == 0 or (self.counts[j] > 1 and stride != abs(b.stride)):
            return low_a < high_b and low_b < high_a
        # some k = (element of b) - (element of a) with -size_b < low_b - low_a + k * stride < size_a
        distance = low_b - low_a
        first = max(-(self.counts[i] - 1), (-other.size - distance) // stride + 1)
        last = min(self.counts[j] - 1, -((distance - one.size) // stride) - 1)
        return first <= last

    def span(self, i):
        binding, size = self.bindings[i], self.graph.operands[i].size
        ends = binding.offset, binding.offset + (self.counts[i] - 1) * binding.stride
        return min(ends), max(ends) + size

    def read(self, i):
        operand, binding, count = self.graph.operands[i], self.bindings[i], self.counts[i]
        memory, size, stride, offset = self.memories[binding.memory], operand.size, binding.stride, binding.offset
        if stride == size:
            data = bytes(memory[offset:offset + count * size])
        elif stride == 0:
            return decode(operand.mode, bytes(memory[offset:offset + size]) * min(count, 1), self.endian) * count
        else:
            data = b"".join(memory[o:o + size] for o in range(offset, offset + count * stride, stride))
        return decode(operand.mode, data, self.endian)

    def write(self, i, indices, values):
        operand, binding = self.graph.operands[i], self.bindings[i]
        data, size, memory = encode(operand.mode, values, self.endian), operand.size, self.memories[binding.memory]
        for k, index in enumerate(indices):
            offset = binding.offset + index * binding.stride
            memory[offset:offset + size] = data[k * size:k * size + size]

    def run(self, names):
        """Runs compiled code; memories change, trapped and none are set."""
        for i, operand in enumerate(self.graph.operands):
            if operand.kind == "param":
                names["P%d" % i] = self.read(i)[0] if self.bindings[i] else operand.default
            elif operand.kind in ("input", "table"):
                names[("I%d" if operand.kind == "input" else "T%d") % i] = self.read(i)
        traps, sinks = ([], {i: [] for i, node in enumerate(self.graph.nodes) if node.op in SINKS})
        if self.n:
            traps, sinks = names["lanes"](self.n, self.fuel)
        if traps:
            self.trapped = (len(traps),) + traps[0]
        halted = {trap[0] for trap in traps}
        lanes = [lane for lane in range(self.n) if lane not in halted] if halted else range(self.n)
        arg_number = 0
        for i, values in sinks.items():
            node = self.graph.nodes[i]
            if node.op == "store":
                self.write(node.operand, lanes, values)
            elif node.op == "sum":
                self.give(node, self.sum(node, values))
            elif node.op == "combine":
                self.combine(node, values)
            else:
                best = arg_best(values, node.op == "argmax")
                if best is None:
                    self.none |= 1 << arg_number
                self.give(node, best[0] if best else zero_of(self.graph.operands[node.operand].type))
                arg_number += 1

    def give(self, node, value):
        if self.bindings[node.operand]:
            self.write(node.operand, [0], [value])

    def sum(self, node, values):
        kind = sum_type(self.graph.values[node.args[0]].type)
        return float_sum(values, self.n, kind) if kind in FLOATS else wrap(sum(x for _, x in values), kind)

    def combine(self, node, values):
        kind, table = self.graph.operands[node.operand].type, self.read(node.operand)
        fold, touched = FOLD[FOLDS[node.detail]], set()
        for slot, value in values:
            if 0 <= slot < len(table):
                table[slot] = wrap(fold(table[slot], value), kind)
                touched.add(slot)
        self.write(node.operand, sorted(touched), [table[slot] for slot in sorted(touched)])


# ---------------------------------------------------------------------------------------------------------------------
# Conformance cases

class Run:
    def __init__(self):
        self.n, self.fuel, self.order, self.error = 0, UNLIMITED, "little", None
        self.memories, self.binds, self.expects, self.trapped, self.none = {}, {}, {}, None, 0
        self.lines = []


class Case:
    def __init__(self, name):
        self.name, self.kind, self.module, self.error, self.runs, self.lines = name, None, b"", None, [], []


def memory_bytes(words):
    if words and words[0] == "fill":
        return bytes([int(words[2], 16)]) * int(words[1])
    return bytes.fromhex("".join(words))


def read_cases(path):
    with open(path, encoding="latin-1", newline="") as f:
        lines = f.read().split("\n")
    cases, at = [], 0
    while at < len(lines):
        line = lines[at].rstrip("\r")
        words = line.split()
        at += 1
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "case":
            cases.append(Case(" ".join(words[1:])))
            continue
        case = cases[-1]
        if words[0] == "module":
            end = next(i for i in range(at, len(lines)) if lines[i].strip() == "end")
            body = "\n".join(lines[at:end]) + "\n"
            case.lines = [line] + lines[at:end + 1]
            case.kind, at = words[1], end + 1
            case.module = body.encode("latin-1")
            if case.kind in ("binary", "code"):
                case.module = bytes.fromhex("".join(body.split()))
        elif words[0] == "run":
            case.runs.append(Run())
        elif case.runs:
            read_run_line(case.runs[-1], words, line)
        elif words[0] == "error":
            case.error = words[1]
        else:
            raise ValueError("%s:%d: unknown line %r" % (path, at, line))
    return cases


def read_run_line(run, words, line):
    key, rest = words[0], words[1:]
    if key not in ("expect", "trapped", "none", "error"):
        run.lines.append(line)
    if key == "n":
        run.n = int(rest[0])
    elif key == "fuel":
        run.fuel = int(rest[0])
    elif key == "memory":
        run.memories[rest[0]] = memory_bytes(rest[1:])
    elif key in ("bind", "bind_bytes"):
        size = int(rest[4]) if key == "bind_bytes" else len(run.memories[rest[1]])
        if size > len(run.memories[rest[1]]):
            raise ValueError("memory %s has fewer than %d bytes" % (rest[1], size))
        run.binds[rest[0]] = Binding(rest[1], int(rest[2]), int(rest[3]), size)
    elif key == "expect":
        run.expects[rest[0]] = memory_bytes(rest[1:])
    elif key == "trapped":
        run.trapped = tuple(map(int, rest))
    elif key == "none":
        run.none = int(rest[0])
    elif key == "error":
        run.error = rest[0]
    elif key == "order":
        run.order = rest[0]
    else:
        raise ValueError("unknown line %r" % line)


def load_case(case):
    """The case's graph, by the kind it says."""
    if case.kind == "text":
        return read_text(case.module.decode("latin-1"))
    if case.kind == "stack":
        return read_stack_text(case.module.decode("latin-1"))
    return BinaryReader(case.module).build() if case.kind == "binary" else read_bytecode(case.module)


def perform(graph, code, run):
    """(error status or None, memories after, trapped, none)."""
    memories = {name: bytearray(data) for name, data in run.memories.items()}
    unknown = set(run.binds) - {o.name for o in graph.operands}
    if unknown:
        raise ValueError("bind of unknown operands %s" % sorted(unknown))
    invocation = Invocation(graph, run.n, run.fuel, memories, run.binds, "<" if run.order == "little" else ">")
    try:
        invocation.check()
    except ThrongError as error:
        return error, memories, None, 0
    invocation.run(code())
    return None, memories, invocation.trapped, invocation.none


def lazily(graph):
    """Compiles at the first run that gets past its checks."""
    kept = []

    def code():
        if not kept:
            kept.append(Compiler(graph).compile())
        return kept[0]
    return code


def differences(run, outcome):
    error, memories, trapped, none = outcome
    if (error and error.status) != run.error:
        return "expected %s, got %s" % (run.error or "success", error or "success")
    for name, data in memories.items():
        want = run.expects.get(name, run.memories[name]) if not run.error else run.memories[name]
        if bytes(data) != want:
            at = next((i for i, (a, b) in enumerate(zip(data, want)) if a != b), min(len(data), len(want)))
            return "memory %s differs at byte %d: expected %s.., got %s.." % (name, at, want[at:at + 16].hex(),
                                                                            bytes(data[at:at + 16]).hex())
    if set(run.expects) - set(memories):
        return "expect of unknown memories"
    if not run.error and (trapped, none) != (run.trapped, run.none):
        return "expected trapped %s none %d, got %s %d" % (run.trapped, run.none, trapped, none)
    return None


def judge(case):
    """None, or what is wrong."""
    try:
        graph = load_case(case)
    except ThrongError as error:
        wanted = "expected %s, the module is rejected: %s" % (case.error or "runs", error)
        return None if case.error == error.status else wanted
    if case.error:
        return "expected %s, the module is accepted" % case.error
    problem = round_trip(graph)
    code = lazily(graph)
    for number, run in enumerate(case.runs, 1):
        if problem:
            break
        problem = differences(run, perform(graph, code, run))
        if problem:
            problem = "run %d: %s" % (number, problem)
    return problem


def round_trip(graph):
    """Text and binary of a graph read back to the same text and binary."""
    text, binary = write_text(graph), write_binary(graph)
    for name, again in (("text", read_text(text)), ("binary", BinaryReader(binary).build())):
        if write_text(again) != text or write_binary(again) != binary:
            return "the graph changes in a round trip through its %s" % name
    return None


def suite(paths):
    count = failed = 0
    for path in paths:
        for case in read_cases(path):
            count += 1
            try:
                problem = judge(case)
            except Exception as error:  # a defect here is a failed case, not the end of the suite
                problem = "%s: %s" % (type(error).__name__, error)
            label = "%d - %s:%s" % (count, os.path.basename(path), case.name)
            print("ok " + label if not problem else "not ok %s\n# %s" % (label, problem))
            failed += problem is not None
    print("1..%d" % count)
    return 1 if failed else 0


def fill_in(path):
    """Prints a file's cases with this implementation's outcome as expectations."""
    for case in read_cases(path):
        print("case %s\n%s" % (case.name, "\n".join(case.lines)))
        try:
            graph = load_case(case)
        except ThrongError as error:
            print("error %s\n" % error.status)
            continue
        code = lazily(graph)
        for run in case.runs:
            error, memories, trapped, none = perform(graph, code, run)
            lines = ["run"] + run.lines
            if error:
                lines.append("error " + error.status)
            else:
                lines += ("expect %s %s" % (name, data.hex()) for name, data in memories.items())
                lines += ["trapped %d %d %d %d" % trapped] if trapped else []
                lines += ["none %d" % none] if none else []
            print("\n".join(line.rstrip() for line in lines))
        print()
    return 0


# ---------------------------------------------------------------------------------------------------------------------
# Random cases

EDGES = {"f32": ["0.0", "-0.0", "1.0", "-1.0", "0.5", "1.5", "2.5", "-2.5", "inf", "-inf", "nan", "0x1p-149",
                 "-0x1p-149", "0x1p-126",
                 "0x1.fffffep127", "16777216", "16777217", "1e-3", "3.4e38", "0x1.001p0", "-0x1.8p-130", "2147483648",
                 "65504"],
         "f64": ["0.0", "-0.0", "1.0", "-1.0", "0.5", "1.5", "-2.5", "inf", "-inf", "nan", "0x1p-1074", "0x1p-1022",
                 "1e308",
                 "0x1.fffffffffffffp1023", "9007199254740993", "0x1.0000001p0", "1e-45", "1e39", "-9.3e18",
                 "1.8446744073709552e19"]}
MEMORY_EDGES = {"bool": [0, 1, 2, 255], "f16": [0, 0x8000, 1, 0x8001, 0x3c00, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0xfe01,
                                                0x3ff, 0x400],
                "bf16": [0, 0x8000, 1, 0x3f80, 0x7f7f, 0x7f80, 0xff80, 0x7fc0, 0xffa1, 0x80],
                "f32": [0, 0x80000000, 1, 0x807fffff, 0x3f800000, 0xbf800000, 0x7f7fffff, 0x7f800000, 0xff800000,
                        0x7fc00000, 0xffa00001,
                        0x4f000000, 0xcf000000, 0x3f000000, 0x3fc00000, 0x477fe000, 0x477ff000, 0x33000000, 0x3f808000],
                "f64": [0, 1 << 63, 1, 0x3ff0000000000000, 0xbff0000000000000, 0x7fefffffffffffff, 0x7ff0000000000000,
                        0xfff0000000000000,
                        0x7ff8000000000000, 0xfff4000000000001, 0x43e0000000000000, 0x3fe0000000000000,
                        0x3ff0000010000000,
                        0x36a0000000000000, 0x3690000000000000, 0x47efffffefffffff, 0x47effffff0000000,
                        0x41efffffffe00000]}


def random_integer(rng, kind):
    low, high = type_range(kind)
    style = rng.randrange(4)
    if style == 0:
        return rng.choice([low, high, 0, low + 1, high - 1, max(low, -1), 1, WIDTH[kind], WIDTH[kind] - 1])
    if style == 1:
        return rng.randint(max(low, -9), 9)
    return wrap(rng.getrandbits(rng.choice([8, 16, 33, 64])), kind)


def random_literal(rng, kind):
    if kind == "bool":
        return rng.choice(["true", "false"])
    if kind in INTEGERS:
        value = random_integer(rng, kind)
        return str(value) if value < 0 or rng.random() < 0.8 else hex(value)
    style = rng.randrange(3)
    if style == 0:
        return rng.choice(EDGES[kind])
    if style == 1:
        return str(rng.randint(-100, 100))
    return "%.*g" % (rng.randint(1, 20), rng.uniform(-1, 1) * 10.0 ** rng.randint(-6, 12))


def random_element(rng, mode):
    base = mode.replace("be", "")
    size = MODE_SIZE[mode]
    if base in MEMORY_EDGES and rng.random() < (0.3 if base != "bool" else 0.9):
        bits = rng.choice(MEMORY_EDGES[base])
    elif base in INTEGERS:
        bits = random_integer(rng, base) & ((1 << 8 * size) - 1)
    elif base in FLOATS and rng.random() < 0.7:
        bits = to_bits(to_f32(rng.uniform(-1, 1) * 2.0 ** rng.randint(-10, 20)), base)
    else:
        bits = rng.getrandbits(8 * size)
    return bits.to_bytes(size, "big" if mode.endswith("be") else "little")


class Generator:
    """One random graph as text. Every emitted node is valid."""

    def __init__(self, rng):
        self.rng, self.lines, self.operands, self.indent, self.count = rng, [], [], 1, 0
        self.scopes, self.in_uniform, self.in_condition = [[]], False, False
        self.palette = rng.sample(sorted(NUMBERS), rng.randint(2, 4)) + ["bool"]
        self.limited = rng.random() < 0.4  # lanes get little fuel, so loops may be wild
        self.fuel_matters = False
        self.cost = self.factor = 1
        self.tables, self.constants = [], set()

    def chance(self, p):
        return self.rng.random() < p

    def emit(self, text):
        self.lines.append("  " * self.indent + text)
        self.cost += self.factor

    def name(self):
        self.count += 1
        return "%%%s%d" % (self.rng.choice(["", "", "v", "_x.", "add", "w"]), self.count)

    def define(self, kind, uniform=False, name=None):
        name = name or self.name()
        self.scopes[-1].append((name, kind, uniform or self.in_uniform))
        return name

    def visible(self, kinds, uniform=False):
        return [v for scope in self.scopes for v in scope if v[1] in kinds and (v[2] or not uniform)]

    def is_uniform(self, *names):
        known = {v[0]: v[2] for scope in self.scopes for v in scope}
        return all(known[name] for name in names)

    def pick(self, kind, uniform=False):
        found = self.visible({kind}, uniform)
        for fewer in ([v for v in found if v[0] not in self.constants], [v for v in found if not v[2]]):
            if fewer and self.chance(0.7):
                found = fewer
        if found and self.chance(0.9):
            return self.rng.choice(found[-6:] if self.chance(0.6) else found)[0]
        return self.const(kind)

    def const(self, kind, literal=None):
        literal = literal if literal is not None else random_literal(self.rng, kind)
        self.emit("%s = const %s %s" % (self.fresh(kind, True), kind, literal))
        self.constants.add(self.last)
        return self.last

    def fresh(self, kind, uniform=False):
        """A name for the left side of the next line; it becomes visible at once."""
        self.last = self.define(kind, uniform)
        return self.last

    def node(self, op, kind, args, words=""):
        """A node of one result."""
        uniform = op in KEEPS_UNIFORM and self.is_uniform(*args)
        self.emit("%s = %s %s%s" % (self.fresh(kind, uniform), op, words, ", ".join(args)))
        return self.last

    def operand(self, kind, mode, default=""):
        name = "%s%d" % (self.rng.choice([kind[0], kind, "_" + kind[:2] + "."]), len(self.operands))
        self.operands.append("  %s %s %s%s" % (kind, name, mode, default))
        return name

    def integer(self):
        return self.rng.choice([k for k in self.palette if k in INTEGERS] or ["i32"])

    def mode(self, kind):
        return self.rng.choice([m for m in MODES if MODE_TYPE[m] == kind])

    # -- nodes

    def step(self, depth):
        rng = self.rng
        kind = rng.choice(self.palette)
        choices = ["infix"] * 6 + ["select", "compare", "convert", "convert", "bitcast", "neg", "not", "divmod",
                                   "shift", "max", "float",
                                   "float", "linear", "boolean", "const"]
        if depth < 3:
            choices += ["loop", "branch"] * 2
        if self.tables:
            choices += ["gather"] * 2
        if not self.in_uniform:
            choices += ["iota", "load", "array", "array"] + ["trap", "charge"] * self.chance(0.3)
        getattr(self, "gen_" + rng.choice(choices))(kind, depth)

    def steps(self, low, high, depth):
        for _ in range(self.rng.randint(low, high)):
            self.step(depth)

    def gen_const(self, kind, depth):
        self.const(kind)

    def gen_infix(self, kind, depth):
        ops = [op for op in "add sub mul or and xor andnot".split() if kind in CLASSES[SIGNATURES[op][0]]]
        self.node(self.rng.choice(ops), kind, [self.pick(kind), self.pick(kind)])

    def gen_boolean(self, kind, depth):
        self.node(self.rng.choice(["and", "or", "xor", "andnot"]), "bool", [self.pick("bool"), self.pick("bool")])

    def gen_select(self, kind, depth):
        self.node("select", kind, [self.pick("bool"), self.pick(kind), self.pick(kind)])

    def gen_compare(self, kind, depth):
        self.node("eq" if kind == "bool" or self.chance(0.3) else "lt", "bool", [self.pick(kind), self.pick(kind)])

    def gen_convert(self, kind, depth):
        source = self.rng.choice(self.palette)
        self.node("convert", kind, [self.pick(source)], kind + " ")

    def gen_bitcast(self, kind, depth):
        if kind == "bool":
            return self.gen_boolean(kind, depth)
        source = self.rng.choice([k for k in sorted(NUMBERS) if WIDTH[k] == WIDTH[kind]])
        self.node("bitcast", kind, [self.pick(source)], kind + " ")

    def gen_neg(self, kind, depth):
        self.node("neg" if kind in NUMBERS else "not", kind, [self.pick(kind)])

    def gen_not(self, kind, depth):
        self.node("not" if kind in BITS_TYPES else "neg", kind, [self.pick(kind)])

    def gen_divmod(self, kind, depth):
        kind = self.integer()
        args = [self.pick(kind), self.pick(kind)]
        uniform = self.is_uniform(*args)
        names = [self.define(kind, uniform), self.define(kind, uniform)]
        self.emit("%s = divmod %s" % (", ".join(names), ", ".join(args)))

    def gen_shift(self, kind, depth):
        kind = self.integer()
        near = str(self.rng.randint(0, min(127, WIDTH[kind] + 2)))
        by = self.pick(kind) if self.chance(0.4) else self.const(kind, near)
        self.node(self.rng.choice(["shl", "shr"]), kind, [self.pick(kind), by])

    def gen_max(self, kind, depth):
        if kind == "bool":
            return self.gen_boolean(kind, depth)
        self.node("max", kind, [self.pick(kind), self.pick(kind)])

    def gen_float(self, kind, depth):
        kind = kind if kind in FLOATS else self.rng.choice(["f32", "f64"])
        op = self.rng.choice(["div", "sqrt", "fma", "fma", "round", "add", "mul", "sub"])
        words = self.rng.choice(ROUNDINGS) + " " if op == "round" else ""
        self.node(op, kind, [self.pick(kind) for _ in SIGNATURES[op][1]], words)

    def gen_iota(self, kind, depth):
        kind = kind if kind in NUMBERS else self.integer()
        self.node("iota", kind, [self.pick(kind, True), self.pick(kind, True)])

    def gen_load(self, kind, depth):
        inputs = [line.split() for line in self.operands if line.split()[0] == "input"]
        if inputs:
            _, name, mode = self.rng.choice(inputs)
            self.node("load", MODE_TYPE[mode], [], name)

    def index(self, length):
        kind = self.integer()
        if self.chance(0.3):
            return self.pick(kind)
        if self.chance(0.3):
            return self.const(kind, str(self.rng.randint(0, min(length, 127))))
        return self.node("and", kind, [self.pick(kind), self.const(kind, "7")])

    def gen_gather(self, kind, depth):
        name, kind = self.rng.choice(self.tables)
        self.node("gather", kind, [self.index(8)], name + " ")

    def gen_trap(self, kind, depth):
        mark = " @%d" % self.rng.randint(0, 999) if self.chance(0.5) else ""
        self.emit("trap %d %s%s" % (self.rng.choice([0, 1, 77, 2147483647]), self.pick("bool"), mark))

    def gen_charge(self, kind, depth):
        amount = self.const("u64", str(self.rng.randint(0, 30))) if self.chance(0.8) else self.pick("u64")
        self.emit("charge %s%s" % (amount, self.rng.choice(["", " @0", " @4294967295"])))
        self.fuel_matters = True

    def gen_linear(self, kind, depth):
        kind = kind if kind in NUMBERS else self.integer()
        rings = ["float"] if kind in FLOATS else ["int", "gf2"] + ["mod"] * (kind in UNSIGNED)
        ring = self.rng.choice(rings)
        xs = [self.pick(kind) for _ in range(self.rng.randint(1, 4))]
        width = self.rng.randint(1, 3)
        rows = width * (WIDTH[kind] if ring == "gf2" else 1)
        cells = [(r, c) for r in range(rows) for c in range(len(xs) + 1)]
        cells = sorted(self.rng.sample(cells, self.rng.randint(0, min(len(cells), 24))))
        entries = ["%d %d %s" % (r, c, self.pick(kind, True)) for r, c in cells]
        uniform = self.is_uniform(*xs)
        words = ring + (" %d" % self.rng.randint(1, (1 << WIDTH[kind]) - 1) if ring == "mod" else "")
        names = [self.define(kind, uniform) for _ in range(width)]
        self.emit("%s = linear %s %s %s { %s }" % (", ".join(names), words, self.rng.choice(FORMATS), ", ".join(xs),
                                                   ", ".join(entries)))

    # -- bodies

    def open_body(self, factor=1):
        self.scopes.append([])
        self.indent += 1
        self.factor *= factor

    def close_body(self, factor=1):
        self.scopes.pop()
        self.indent -= 1
        self.factor //= factor

    def gen_loop(self, kind, depth, array=None):
        """A loop with a counter, or one that only fuel may end. array: (name, type, length) to carry along."""
        rng, counter = self.rng, self.integer()
        wild = self.limited and self.chance(0.35)
        bound = self.const(counter, str(rng.randint(0, 6)))
        if self.chance(0.4):
            bound = self.node("and", counter, [self.pick(counter), self.const(counter, "7")])
        one, zero = self.const(counter, "1"), self.const(counter, "0")
        kinds = [counter] + [rng.choice(self.palette) for _ in range(rng.randint(0, 3))]
        starts = [zero] + [self.pick(k) for k in kinds[1:]]
        results = [self.name() for _ in kinds]
        carried = [self.name() for _ in kinds]
        heads = list(results)
        inits = ["%s = %s" % pair for pair in zip(carried, starts)]
        inner = array and (self.name(), array[1], array[2])
        if array:
            heads.append(self.name())
            inits.append("%s = %s" % (inner[0], array[0]))
        counted = self.in_uniform and len(self.scopes) == 1
        if counted:
            count_name = self.name()
            heads.append(count_name)
        mark = " @%d" % rng.randint(1, 99999) if self.chance(0.5) else ""
        self.emit("%s = loop %s%s {" % (", ".join(heads), ", ".join(inits), mark))
        self.open_body(5)
        for name, k in zip(carried, kinds):
            self.define(k, name=name)
        self.steps(0, 1, depth + 1)
        test = self.node("lt", "bool", [carried[0], bound])
        if wild:
            test = self.pick("bool")
        elif self.chance(0.3):
            test = self.node("and", "bool", [test, self.pick("bool")])
        self.emit("test " + test)
        self.steps(0, 3, depth + 1)
        if inner:
            inner = self.touch_array(inner, depth + 1)
        following = [self.node("add", counter, [carried[0], one])] + [self.pick(k) for k in kinds[1:]]
        self.emit("yield " + ", ".join(following + ([inner[0]] if inner else [])))
        self.close_body(5)
        self.emit("}")
        for name, k in zip(results, kinds):
            self.define(k, name=name)
        if counted:
            self.define("u64", name=count_name)
        self.fuel_matters |= wild
        return array and (heads[len(kinds)], array[1], array[2])

    def gen_branch(self, kind, depth, array=None):
        rng = self.rng
        selector = self.pick(rng.choice(["bool", self.integer()]))
        kinds = [rng.choice(self.palette) for _ in range(rng.randint(1, 3))]
        results = [self.name() for _ in kinds + ([0] if array else [])]
        self.emit("%s = branch %s {" % (", ".join(results), selector))
        for body in range(rng.choice([1, 2, 2, 2, 3, 5])):
            if body:
                self.emit("} {")
            self.open_body()
            self.steps(0, 3, depth + 1)
            inner = array and self.touch_array(array, depth + 1)
            values = [self.pick(k) for k in kinds] + ([inner[0]] if array else [])
            self.emit("yield " + ", ".join(values))
            self.close_body()
        self.emit("}")
        for name, k in zip(results, kinds):
            self.define(k, name=name)
        return array and (results[-1], array[1], array[2])

    def touch_array(self, array, depth):
        name, kind, length = array
        for _ in range(self.rng.randint(0, 3)):
            style = self.rng.randrange(8)
            if style == 0 and depth < 3:
                name = self.gen_loop(None, depth, (name, kind, length))[0]
            elif style == 1 and depth < 3:
                name = self.gen_branch(None, depth, (name, kind, length))[0]
            elif style < 4:
                self.emit("%s = aload %s, %s" % (self.fresh_after(kind, name, self.index(length)), name, self.used))
            else:
                index, value = self.index(length), self.pick(kind)
                following = self.name()
                self.emit("%s = astore %s, %s, %s" % (following, name, index, value))
                name = following
        return name, kind, length

    def fresh_after(self, kind, name, index):
        self.used = index
        return self.fresh(kind)

    def gen_array(self, kind, depth):
        length = self.rng.choice([1, 2, 3, 5, 8, 33])
        name = self.name()
        self.emit("%s = array %s %d" % (name, kind, length))
        name, kind, length = self.touch_array((name, kind, length), depth)
        self.emit("%s = aload %s, %s" % (self.fresh_after(kind, name, self.index(length)), name, self.used))

    # -- the whole graph

    def sink(self):
        rng = self.rng
        lanes = [v for v in self.scopes[0] if not v[2] or self.chance(0.1)] or self.scopes[0]
        name, kind, _ = rng.choice(lanes[-12:] if self.chance(0.7) else lanes)
        style = rng.choice(["store"] * 4 + ["sum", "sum", "arg", "combine"])
        if style == "store":
            return self.emit("store %s %s" % (self.operand("output", self.mode(kind)), name))
        if style == "sum":
            return self.emit("sum %s %s" % (self.operand("result", self.mode(sum_type(kind))), name))
        if style == "arg":
            data = self.pick(rng.choice([k for k in self.palette if k != "bool"]))
            op = rng.choice(["argmin", "argmax"])
            return self.emit("%s %s %s, %s" % (op, self.operand("result", self.mode(kind)), name, data))
        kind, slot = self.integer(), self.index(8)
        value = self.pick(kind)
        table = self.operand("accumulator", self.mode(kind))
        self.emit("combine %s %s %s, %s" % (table, rng.choice(FOLDS), slot, value))

    def graph(self):
        rng = self.rng
        for _ in range(rng.choice([0, 0, 1, 2])):
            mode = self.mode(rng.choice(self.palette))
            self.tables.append((self.operand("table", mode), MODE_TYPE[mode]))
        params = []
        for _ in range(rng.choice([0, 0, 1, 2])):
            kind = rng.choice(self.palette)
            default = " = " + random_literal(rng, kind) if self.chance(0.6) else ""
            params.append((self.operand("param", kind, default), kind))
        if self.chance(0.35):
            self.emit("uniform {")
            self.indent, self.in_uniform = 2, True
            self.read_params(params)
            self.steps(1, 8, 0)
            self.indent, self.in_uniform = 1, False
            self.emit("}")
        self.read_params(params)
        for _ in range(rng.randint(0, 4)):
            mode = self.mode(rng.choice(self.palette))
            self.node("load", MODE_TYPE[mode], [], self.operand("input", mode))
        self.steps(2, 24, 0)
        for _ in range(rng.randint(1, 5)):
            self.sink()
        if self.chance(0.05):
            self.invalid()
        doc = ["# a random graph", "#", "# lanes and bodies"][:rng.randint(0, 3)]
        rng.shuffle(self.operands)
        return "\n".join(doc + ["graph r {"] + self.operands + self.lines + ["}", ""])

    def read_params(self, params):
        for name, kind in params:
            if self.chance(0.7):
                self.emit("%s = param %s" % (self.fresh(kind, True), name))

    def invalid(self):
        """One line that breaks one rule."""
        self.emit(self.rng.choice([
            "%bad = add %nowhere, %nowhere", "%bad = frob %nowhere", "%bad = const u8 256", "%bad = const i8 -129",
            "%bad = const bool 1",
            "%bad = array i32 1048577", "%bad = array i32 0", "%bad = load nowhere",
            "%bad, %bad = divmod %nowhere, %nowhere",
            "%bad = const i32 1.5", "%bad = const f32 -nan", "%bad", "}", "trap 1 true", "%bad = round near %nowhere",
            "%bad = const u8 1 %bad2 = const u16 1 %bad3 = add %bad, %bad2",
            "%bad = const f32 1 %bad2 = shl %bad, %bad",
            "%bad = const u8 1 %bad2 = bitcast f32 %bad", "%bad = const u8 1 trap 2147483648 %bad",
            "%bad = const i32 1 %bad2 = linear mod 7 auto %bad { }",
            "%bad = const u8 1 %bad2 = linear mod 256 auto %bad { }",
            "%bad = const u8 1 %bad2 = linear int auto %bad { 0 1 %bad, 0 0 %bad }",
            "%bad = const u8 1 %bad2 = linear int auto %bad { 1 0 %bad }",
            "%bad = const u8 1 %bad2 = linear int auto %bad { 0 2 %bad }",
            "%bad = const u8 1 %bad2 = iota %bad, %bad %bad3 = iota %bad2, %bad", "%bad = const u8 1 charge %bad",
            "%bad = const u8 1 %bad2 = array u8 3 %bad3 = astore %bad2, %bad, %bad %bad4 = astore %bad2, %bad, %bad",
            "%bad = array u8 3 %bad2 = add %bad, %bad",
            "%bad = const u8 1 %bad2 = branch %bad { yield %bad } { yield %bad, %bad }",
            "%bad = const bool true %bad2 = branch %bad { %bad3 = const u8 1 yield %bad3 } %bad4 = add %bad3, %bad3",
            "%bad = const bool true %bad2 = array u8 3 %bad3 = loop %bad4 = %bad { test %bad4 "
            "%bad5 = const u8 1 %bad6 = astore %bad2, %bad5, %bad5 yield %bad4 }"]))


def random_stack(rng):
    """(text, bytecode) of a random stack program."""
    words, code, kinds, saved, sinks = [], [], [], [], 0

    def put(op, name=None, mode=None, bits=None, literals=()):
        words.append(" ".join(w for w in (op, name, mode) + tuple(literals) if w))
        code.append(bytes([STACK_OPS.index(op)]) + (string_bytes(name) if name else b"") +
                    (bytes([MODES.index(mode)]) if mode else b"") + (struct.pack("<QQ", *bits) if bits else b""))

    palette = rng.sample(TYPES, 3)
    inputs = [("in%d" % i, rng.choice([m for m in MODES if MODE_TYPE[m] in palette])) for i in range(rng.randint(1, 3))]
    for _ in range(rng.randint(3, 40)):
        choice = rng.randrange(4)
        top = kinds[-1] if kinds else None
        if choice == 0 or not kinds:
            if rng.random() < 0.6 or palette == ["bool"]:
                name, mode = rng.choice(inputs)
                put("load", name, mode)
                kinds.append(MODE_TYPE[mode])
            else:
                kind = rng.choice([k for k in palette if k != "bool"])
                literals = [random_literal(rng, kind) for _ in "ab"]
                bits = [to_bits(parse_literal(kind, w.startswith("-"), w.lstrip("-")), kind) for w in literals]
                put("iota", None, kind, bits, literals)
                kinds.append(kind)
            continue
        fitting = [op for op in STACK_OPS[6:22] if stack_fits(op, kinds)]
        if choice == 1 and fitting or not saved and rng.random() < 0.5 and fitting:
            op = rng.choice(fitting)
            arity = len(SIGNATURES[STACK_NODES[op]][1])
            del kinds[len(kinds) - arity:]
            kinds += {"divmod": [top, top], "<": ["bool"], "=": ["bool"]}.get(op, [top])
        else:
            fitting = [op for op, (n, _) in SHUFFLES.items() if n <= len(kinds)]
            op = rng.choice(fitting + [">R"] + ["R>", "R@"] * bool(saved))
            if op in SHUFFLES:
                count, order = SHUFFLES[op]
                taken = kinds[len(kinds) - count:]
                kinds[len(kinds) - count:] = [taken[i] for i in order]
            elif op == ">R":
                saved.append(kinds.pop())
            else:
                kinds.append(saved[-1] if op == "R@" else saved.pop())
        put(op)
    while saved:
        kinds.append(saved.pop())
        put("R>")
    while kinds and rng.random() > 0.02:
        style = rng.randrange(4)
        name, sinks = "out%d" % sinks, sinks + 1
        if style == 0:
            put("sum", name)
        elif style == 1 and len(kinds) > 1 and kinds[-1] != "bool":
            put(rng.choice(["argmin", "argmax"]), name)
            kinds.pop()
        else:
            put("store", name, rng.choice([m for m in MODES if MODE_TYPE[m] == kinds[-1]]))
        kinds.pop()
    lines = [" ".join(words[i:i + 8]) for i in range(0, len(words), 8)]
    header = b"TGS\x1a" + struct.pack("<HH", 1, 0) + string_bytes("s") + struct.pack("<I", len(code))
    return "stack s  # random\n" + "\n".join(lines) + "\n", header + b"".join(code)


def stack_fits(op, kinds):
    common, args, _ = SIGNATURES[STACK_NODES[op]]
    given = kinds[len(kinds) - len(args):]
    if len(kinds) < len(args) or given[-1] not in CLASSES[common]:
        return False
    return all(k == ("bool" if letter == "b" else given[-1]) for k, letter in zip(given, args))


class Binder:
    """Random memories and bindings for one run of a graph."""

    def __init__(self, rng, graph, n):
        self.rng, self.graph, self.n, self.lines, self.binds = rng, graph, n, [], {}
        self.total, self.sizes = 0, {}  # memories

    def memory(self, data):
        name = "M%d" % self.total
        self.total += 1
        self.sizes[name] = len(data)
        if data and data == data[:1] * len(data):
            self.lines.append("memory %s fill %d %02x" % (name, len(data), data[0]))
        else:
            self.lines.append(("memory %s %s" % (name, data.hex())).rstrip())
        return name

    def stream(self, operand, count):
        """A memory of its own: (memory, offset, stride)."""
        rng, size = self.rng, operand.size
        strides = [size] * 6 + [size + rng.randint(1, 5), -size, -size, -size - rng.randint(1, 3), 2 * size]
        if operand.kind not in ("output", "accumulator"):
            strides += [0, 0, max(1, size // 2)]
        stride = rng.choice(strides)
        before, after = rng.choice([0, 0, 1, 4, 16]), rng.choice([0, 0, 0, 3])
        extent = (count - 1) * abs(stride) + size if count else 0
        data = bytearray(rng.choice([b"\xaa", b"\x00"]) * (before + extent + after))
        offset = before if stride >= 0 else before + max(extent - size, 0)
        for i in range(count):
            at = offset + i * stride
            data[at:at + size] = random_element(rng, operand.mode)
        return self.memory(bytes(data)), offset, stride

    def interleaved(self, operands):
        """Records of several streams in one memory."""
        record = sum(o.size for o in operands)
        data = b"".join(random_element(self.rng, o.mode) for _ in range(self.n) for o in operands)
        name, offset = self.memory(data), 0
        for o in operands:
            self.binds[o.name] = [name, offset, record]
            offset += o.size

    def count(self, operand):
        if operand.kind in ("param", "result"):
            return 1
        return self.rng.choice([0, 1, 3, 8, 8, 20]) if operand.kind in ("table", "accumulator") else self.n

    def run(self, fuel):
        rng, operands = self.rng, self.graph.operands
        streams = [o for o in operands if o.kind in ("input", "output")]
        if len(streams) > 1 and rng.random() < 0.25:
            self.interleaved(rng.sample(streams, rng.randint(2, len(streams))))
        for o in operands:
            same = [p for p in operands if p.kind == "input" and p.mode == o.mode and p.name in self.binds]
            if o.name in self.binds or (o.kind == "result" or o.default is not None) and rng.random() < 0.2:
                continue
            if o.kind == "output" and same and rng.random() < 0.5:
                self.binds[o.name] = list(self.binds[rng.choice(same).name])
            else:
                self.binds[o.name] = list(self.stream(o, self.count(o)))
        if self.binds and rng.random() < 0.06:
            self.spoil()
        lines = ["run", "n %d" % self.n] + (["fuel %d" % fuel] if fuel is not None else []) + self.lines
        for o in operands:
            if o.name in self.binds:
                memory, offset, stride = self.binds[o.name][:3]
                short = self.binds[o.name][3:]
                lines.append("%s %s %s %d %d%s" % ("bind_bytes" if short else "bind", o.name, memory, offset, stride,
                                                   "".join(" %d" % s for s in short)))
        return lines

    def spoil(self):
        rng, name = self.rng, self.rng.choice(sorted(self.binds))
        style, bind = rng.randrange(5), self.binds[name]
        if style == 0:
            del self.binds[name]
        elif style == 1:
            bind[1] += rng.choice([-100000, -1, 1, 2, 100000])
        elif style == 2:
            bind[2] += rng.choice([-1, 1, 3, 1000])
        elif style == 3:
            bind.append(min(rng.choice([0, 1, 5]), self.sizes[bind[0]]))
        else:
            bind[0] = self.binds[rng.choice(sorted(self.binds))][0]


def choose_n(rng, cost):
    n = rng.choice([0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 100, 130, 257, 300, 513])
    if rng.random() < 0.03:
        n = rng.choice([4095, 4096, 4097, 8200, 12300])
    return min(n, max(3, 300000 // cost))


def print_random(seed, count):
    rng = random.Random(seed)
    for number in range(count):
        form, cost, fuel = rng.random(), 40, [None]
        if form < 0.15:
            text, module = random_stack(rng)
            kind = "stack" if form < 0.1 else "code"
        else:
            generator = Generator(rng)
            text, kind = generator.graph(), "text" if form < 0.85 else "binary"
            cost = generator.cost
            fuel = [0, 1, 3, 10, 25, 60] if generator.fuel_matters else [None, None, None, 2, 20, 200]
            if generator.fuel_matters:
                cost = cost + 60 * 20
        try:
            graph = read_stack_text(text) if kind in ("stack", "code") else read_text(text)
        except ThrongError:
            graph, kind = None, {"code": "stack", "binary": "text"}.get(kind, kind)
        if kind == "binary":
            module = write_binary(graph)
        if kind in ("binary", "code") and rng.random() < 0.1:
            module, graph = rng.choice([module[:rng.randrange(len(module))], module + b"\0"]), None
        body = text
        if kind in ("binary", "code"):
            body = "".join(module[i:i + 48].hex() + "\n" for i in range(0, len(module), 48))
        print("case r%d_%d\nmodule %s\n%send" % (seed, number, kind, body))
        for _ in range(rng.choice([1, 1, 2]) if graph else 0):
            n = choose_n(rng, cost)
            print("\n".join(Binder(rng, graph, n).run(rng.choice(fuel))))
        print()


def main(argv):
    sys.set_int_max_str_digits(0)
    command, args = (argv[1], argv[2:]) if len(argv) > 1 else ("", [])
    if command == "suite" and args:
        return suite(args)
    if command == "run" and len(args) == 1:
        return fill_in(args[0])
    if command in ("text", "binary") and len(args) == 1:
        with open(args[0], "rb") as f:
            data = f.read()
        try:
            graph = read_module(data)
        except ThrongError as error:
            print("%s: %s" % (args[0], error), file=sys.stderr)
            return 1
        output = write_binary(graph) if command == "binary" else write_text(graph).encode("latin-1")
        sys.stdout.buffer.write(output)
        return 0
    if command == "random" and len(args) == 2:
        print_random(int(args[0]), int(args[1]))
        return 0
    print(__doc__.split("\n\n")[-2], file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv))
