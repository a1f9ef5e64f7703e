"""A small encoder of binary modules (chapter 10) and of stack bytecode (chapter 11), which can also write wrong ones.

Module collects operands and nodes, numbers values as chapter 10 says and gives the bytes. Every field can be set.
"""
import struct

from .base import INTS, MODES, TYPES

KIND = {"param": 0, "input": 1, "table": 2, "output": 3, "result": 4, "accumulator": 5}
OPS = """load iota const param add neg sub mul divmod shl shr or and xor not andnot lt eq select max div sqrt fma round
convert bitcast gather loop branch linear test yield uniform array aload astore trap charge store sum argmin argmax
combine""".split()
FOLDS = ["add", "min", "max", "and", "or", "xor"]
OPCODES = """load iota store argmax argmin sum + negate - * divmod << >> | & ^ ~ \\ < = ?: max
dup drop swap over rot >R R@ R>""".split()
assert len(OPS) == 43 and len(OPCODES) == 30 and len(INTS) == 8


def string(text):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<H", len(data)) + data


class Module:

    def __init__(self, name="g", doc=""):
        self.name, self.doc = name, doc
        self.operands, self.nodes, self.names = [], [], []
        self.index, self.values, self.open = {}, 0, []

    def operand(self, kind, name, mode, default=None, has=None, mode_number=None, kind_number=None):
        has = (default is not None) if has is None else has
        data = struct.pack("<BBB", KIND[kind] if kind_number is None else kind_number,
                           MODES.index(mode) if mode_number is None else mode_number, has) + string(name)
        if default is not None:
            data += struct.pack("<Q", default)
        self.index[name] = len(self.operands)
        self.operands.append(data)
        return self

    def define(self, count):
        first = self.values
        self.values += count
        out = list(range(first, self.values))
        return out[0] if count == 1 else out

    def node(self, op, args=(), results=0, **field):
        """Appends a node; fields: type, detail, position, operand, immediate, entries, number, n_args."""
        kind = field.get("type", 0)
        kind = TYPES.index(kind) if isinstance(kind, str) else kind
        operand = field.get("operand", 0)
        operand = self.index[operand] if isinstance(operand, str) else operand
        data = struct.pack("<BBHIIQ", field.get("number", OPS.index(op)), kind, field.get("detail", 0),
                           field.get("position", 0), operand, field.get("immediate", 0))
        data += struct.pack("<I", field.get("n_args", len(args))) + b"".join(struct.pack("<I", a) for a in args)
        data += struct.pack("<I", results)
        if op == "linear":
            entries = field.get("entries", [])
            data += struct.pack("<I", field.get("n_entries", len(entries)))
            data += b"".join(struct.pack("<III", *e) for e in entries)
        self.nodes.append(data)
        if op in ("loop", "branch"):
            self.open.append([op, results, field.get("immediate", 0)])
            return self.define(len(args)) if op == "loop" else None
        if op == "uniform":
            self.open.append([op, 0, 1])
        return self.define(results) if results else None

    def end(self, *args):
        """The marker yield; gives a loop's or branch's results after its last body."""
        self.node("yield", args)
        body = self.open[-1]
        if body[0] == "branch" and body[2] > 1:
            body[2] -= 1
            return None
        self.open.pop()
        return self.define(body[1]) if body[1] else None

    def name_value(self, value, name):
        self.names.append((value, name))
        return self

    def head(self, magic=b"TGB\x1a", version=1, zero=0):
        return magic + struct.pack("<HH", version, zero) + string(self.name) + struct.pack("<I", len(
            self.doc)) + self.doc.encode()

    def data(self, n_operands=None, n_nodes=None, n_names=None, **head):
        out = self.head(**head) + struct.pack("<I", len(self.operands) if n_operands is None else n_operands)
        out += b"".join(self.operands) + struct.pack("<I",
                                                     len(self.nodes) if n_nodes is None else n_nodes) + b"".join(
                                                         self.nodes)
        out += struct.pack("<I", len(self.names) if n_names is None else n_names)
        return out + b"".join(struct.pack("<I", v) + string(n) for v, n in self.names)


def assemble(text, literal_bits):
    """Stack text (without comments) to bytecode; literal_bits(type, word) gives a literal's bits."""
    words = text.split()
    assert words[0] == "stack"
    out, count, k = b"", 0, 2
    while k < len(words):
        op = words[k]
        out += bytes([OPCODES.index(op)])
        count, k = count + 1, k + 1
        if op in ("load", "store"):
            out += string(words[k]) + bytes([MODES.index(words[k + 1])])
            k += 2
        elif op == "iota":
            t = words[k]
            out += bytes([TYPES.index(t)]) + struct.pack("<QQ", literal_bits(t, words[k + 1]),
                                                         literal_bits(t, words[k + 2]))
            k += 3
        elif op in ("sum", "argmin", "argmax"):
            out += string(words[k])
            k += 1
    return bytecode(words[1], count, out)


def bytecode(name, count, body, magic=b"TGS\x1a", version=1, zero=0):
    return magic + struct.pack("<HH", version, zero) + string(name) + struct.pack("<I", count) + body
