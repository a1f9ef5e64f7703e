"""Types, memory modes and the writer of .tgt files.

A value of any type is held as its bit pattern in a Python int ("bits"); for a float that is the IEEE 754 pattern.
encode() turns bits into memory bytes of a mode, decode() turns bytes back. Tgt, Case and Run collect lines.
"""
import random
import struct

INTS = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"]
FLOATS = ["f32", "f64"]
NUMBERS = INTS + FLOATS
TYPES = ["bool"] + NUMBERS
BITS = ["bool"] + INTS
NATIVE = TYPES
BIG = ["i16be", "i32be", "i64be", "u16be", "u32be", "u64be", "f32be", "f64be", "f16be", "bf16be"]
MODES = NATIVE + ["f16", "bf16"] + BIG
WIDTH = {
    "bool": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "u8": 8, "u16": 16, "u32": 32, "u64": 64, "f32": 32, "f64": 64
}
QNAN = {"f32": 0x7FC00000, "f64": 0x7FF8000000000000}
FILL = 0xA5


def mode_type(mode):
    base = mode[:-2] if mode.endswith("be") else mode
    return "f32" if base in ("f16", "bf16") else base


def mode_bytes(mode):
    base = mode[:-2] if mode.endswith("be") else mode
    return 2 if base in ("f16", "bf16") else max(1, WIDTH[base] // 8)


def signed(t, bits):
    w = WIDTH[t]
    return bits - (1 << w) if t[0] == "i" and bits >> (w - 1) else bits


def wrap(t, x):
    return x & ((1 << WIDTH[t]) - 1)


def lowest(t):
    return -(1 << (WIDTH[t] - 1)) if t[0] == "i" else 0


def highest(t):
    return (1 << (WIDTH[t] - (1 if t[0] == "i" else 0))) - 1


def is_nan(t, bits):
    if t == "f32":
        return bits & 0x7FFFFFFF > 0x7F800000
    return t == "f64" and bits & 0x7FFFFFFFFFFFFFFF > 0x7FF0000000000000


def canon(t, bits):
    return QNAN[t] if is_nan(t, bits) else bits


def to_float(t, bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0] if t == "f32" else \
        struct.unpack("<d", struct.pack("<Q", bits))[0]


def from_float(t, x):
    """The bits of a Python float that the type holds exactly."""
    if x != x:
        return QNAN[t]
    if t == "f32":
        bits = struct.unpack("<I", struct.pack("<f", x))[0]
        assert to_float("f32", bits) == x, x
        return bits
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def f32_to_small(bits, exp_bits, man_bits):
    """Rounds binary32 bits once to a 16-bit float with integers alone."""
    sign, e, m = bits >> 31, (bits >> 23) & 255, bits & 0x7FFFFF
    top = (1 << exp_bits) - 1
    if e == 255:
        return ((top << man_bits) | (1 << (man_bits - 1))) if m else (sign << 15) | (top << man_bits)
    m, e = (m | 0x800000, e) if e else (m, 1)
    bias = (1 << (exp_bits - 1)) - 1
    drop = 23 - man_bits
    e2 = e - 127 + bias
    if e2 < 1:
        drop, e2 = drop + 1 - e2, 1
    drop = min(drop, 60)
    q, rest = m >> drop, m & ((1 << drop) - 1)
    half = 1 << (drop - 1)
    q += 1 if rest > half or (rest == half and q & 1) else 0
    out = ((e2 - 1) << man_bits) + q
    return (sign << 15) | min(out, top << man_bits)


def small_to_f32(bits, exp_bits, man_bits):
    """Widens a 16-bit float to binary32 bits, exactly."""
    sign, e, m = bits >> 15, (bits >> man_bits) & ((1 << exp_bits) - 1), bits & ((1 << man_bits) - 1)
    if e == (1 << exp_bits) - 1:
        return QNAN["f32"] if m else (sign << 31) | 0x7F800000
    bias = (1 << (exp_bits - 1)) - 1
    x = (m + (1 << man_bits if e else 0)) * 2.0**(max(e, 1) - bias - man_bits)
    return (sign << 31) | from_float("f32", x)


SMALL = {"f16": (5, 10), "bf16": (8, 7)}


def encode_one(mode, bits, order="little"):
    base = mode[:-2] if mode.endswith("be") else mode
    if base in SMALL:
        bits = f32_to_small(bits, *SMALL[base])
    elif base in FLOATS:
        bits = canon(base, bits)
    return bits.to_bytes(mode_bytes(mode), "big" if mode.endswith("be") else order)


def encode(mode, lanes, order="little"):
    return b"".join(encode_one(mode, b, order) for b in lanes)


def raw(mode, lanes, order="little"):
    """Memory bytes from raw element patterns (for f16 modes 16-bit patterns; a NaN keeps its payload)."""
    return b"".join(b.to_bytes(mode_bytes(mode), "big" if mode.endswith("be") else order) for b in lanes)


def decode_one(mode, data, order="little"):
    base = mode[:-2] if mode.endswith("be") else mode
    bits = int.from_bytes(data, "big" if mode.endswith("be") else order)
    if base in SMALL:
        return small_to_f32(bits, *SMALL[base])
    return int(bits != 0) if base == "bool" else bits


def decode(mode, data, order="little"):
    k = mode_bytes(mode)
    return [decode_one(mode, data[i:i + k], order) for i in range(0, len(data), k)]


def rng(*seed):
    """A generator whose only used method, getrandbits, is the same in every Python."""
    return random.Random(" ".join(map(str, seed)))


def below(r, n):
    return r.getrandbits(64) % n


def data_text(data):
    if len(data) > 8 and len(set(data)) == 1:
        return "fill %d %02x" % (len(data), data[0])
    return data.hex()


class Run:

    def __init__(self, lines, n, fuel=None, order=None):
        self.lines = lines
        lines += ["run", "n %d" % n]
        if order:
            lines.append("order " + order)
        if fuel is not None:
            lines.append("fuel %d" % fuel)

    def memory(self, name, data):
        self.lines.append(("memory %s %s" % (name, data_text(data))).rstrip())
        return self

    def bind(self, operand, memory, offset, stride, limit=None):
        tail = " %d" % limit if limit is not None else ""
        self.lines.append("bind%s %s %s %d %d%s" % ("_bytes" if tail else "", operand, memory, offset, stride, tail))
        return self

    def expect(self, name, data):
        self.lines.append(("expect %s %s" % (name, data_text(data))).rstrip())
        return self

    def trapped(self, count, lane, code, position):
        self.lines.append("trapped %d %d %d %d" % (count, lane, code, position))
        return self

    def none(self, bits):
        self.lines.append("none %d" % bits)
        return self

    def error(self, status):
        self.lines.append("error " + status)
        return self

    def give(self, operand, mode, lanes, order="little"):
        """An input in a memory of its own name, elements side by side."""
        data = encode(mode, lanes, order)
        return self.memory(operand, data).bind(operand, operand, 0, mode_bytes(mode))

    def give_raw(self, operand, mode, data):
        return self.memory(operand, data).bind(operand, operand, 0, mode_bytes(mode))

    def take(self, operand, mode, lanes, order="little", guard=None):
        """An output with guard bytes around it; a lane of None keeps what it had."""
        front = (8, 5, 8, 3)[len(self.lines) % 4] if guard is None else guard
        size = mode_bytes(mode)
        keep = bytes([FILL]) * size
        body = b"".join(keep if b is None else encode_one(mode, b, order) for b in lanes)
        before = bytes([FILL]) * (front + len(body) + 4)
        self.memory(operand, before).bind(operand, operand, front, size)
        after = bytes([FILL]) * front + body + bytes([FILL]) * 4
        return self.expect(operand, after) if after != before else self


class Case:

    def __init__(self, lines):
        self.lines = lines

    def run(self, n, fuel=None, order=None):
        return Run(self.lines, n, fuel, order)

    def error(self, status):
        self.lines.append("error " + status)


class Tgt:
    """One file of cases."""

    def __init__(self, name, about):
        self.name = name
        self.lines = ["# " + line for line in about.split("\n")]
        self.names = set()

    def case(self, name, kind, text):
        assert name not in self.names, name
        self.names.add(name)
        if isinstance(text, bytes):
            text = "\n".join(text[i:i + 48].hex() for i in range(0, len(text), 48))
        self.lines += ["", "case " + name, "module " + kind]
        self.lines += [line for line in text.split("\n") if line.strip()] + ["end"]
        return Case(self.lines)

    def graph(self, name, operands, nodes):
        """A case of graph text from lists of lines."""
        return self.case(name, "text", graph_text(name, operands, nodes))

    def text(self):
        return "\n".join(self.lines) + "\n"


def graph_text(name, operands, nodes):
    if isinstance(operands, str):
        operands = [line.strip() for line in operands.split(";") if line.strip()]
    if isinstance(nodes, str):
        nodes = [line for line in nodes.split("\n") if line.strip()]
    return "\n".join(["graph %s {" % name] + ["  " + line for line in operands + nodes] + ["}"])


def literal(t, bits):
    """A literal of the graph text for a value."""
    if t == "bool":
        return "true" if bits else "false"
    if t in INTS:
        return str(signed(t, bits))
    x = to_float(t, bits)
    if x != x:
        return "nan"
    return repr(x) if abs(x) == float("inf") else x.hex()
