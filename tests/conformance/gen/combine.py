"""combine.tgt: every fold into accumulators of every integer mode, with slots of every integer type."""
import numpy as np

from .base import BIG, INTS, Tgt, encode, mode_bytes, mode_type, signed, wrap
from .edges import edges, some

FOLDS = {
    "add": lambda t, a, b: wrap(t, a + b),
    "min": lambda t, a, b: b if signed(t, b) < signed(t, a) else a,
    "max": lambda t, a, b: b if signed(t, b) > signed(t, a) else a,
    "and": lambda t, a, b: a & b,
    "or": lambda t, a, b: a | b,
    "xor": lambda t, a, b: a ^ b,
}
MODES = INTS + [m for m in BIG if m[0] in "iu"]


def fold_all(t, fold, table, slots, slot_type, values, keep=None):
    table = list(table)
    for lane, (s, v) in enumerate(zip(slots, values)):
        k = signed(slot_type, s)
        if 0 <= k < len(table) and (keep is None or keep[lane]):
            table[k] = FOLDS[fold](t, table[k], v)
    return table


def fold_case(f, mode, fold):
    t, size = mode_type(mode), mode_bytes(mode)
    slot_type = INTS[(len(f.names) * 3) % 8]
    case = f.graph("%s_%s_slot_%s" % (fold, mode, slot_type),
                   "input s %s; input v %s; accumulator a %s" % (slot_type, t, mode),
                   "%s = load s\n%v = load v\ncombine a " + fold + " %s, %v")
    values = edges(t) + some(t, 30, fold)
    slots = [wrap(slot_type, (k * 5) % 11 - 2) for k in range(len(values))]
    slots[4] = wrap(slot_type, -1)
    slots[9] = wrap(slot_type, 1 << 62)
    before = some(t, 7, "table")
    run = case.run(len(values)).give("s", slot_type, slots).give("v", t, values)
    guard = b"\xee" * (size - 1)
    run.memory("a", encode(mode, before) + guard).bind("a", "a", 0, size)
    run.expect("a", encode(mode, fold_all(t, fold, before, slots, slot_type, values)) + guard)


def layout_case(f):
    """Accumulators with gaps, backwards, odd offsets, of one element, of none."""
    case = f.graph("layouts", "input s i32; input v u16; accumulator a u16",
                   "%s = load s\n%v = load v\ncombine a add %s, %v")
    slots, values = [0, 1, 2, 3, 4, 0, -1, 1, 9, 2], [10, 20, 30, 40, 50, 60, 70, 80, 90, 65535]
    for offset, stride, size in ((0, 2, 10), (1, 3, 15), (8, -2, 10), (7, -3, 10), (0, 2, 9), (0, 0, 4), (3, 2, 4),
                                 (0, 2, 0), (10, 2, 10), (0, 100, 10), (2, -2, 4)):
        places, k = [], 0
        while 0 <= offset + k * stride and offset + k * stride + 2 <= size and (stride or k < 1):
            places.append(offset + k * stride)
            k += 1
        memory = bytearray(range(1, size + 1))
        table = [int.from_bytes(memory[p:p + 2], "little") for p in places]
        for p, v in zip(places, fold_all("u16", "add", table, [s & 0xFFFFFFFF for s in slots], "i32", values)):
            memory[p:p + 2] = v.to_bytes(2, "little")
        run = case.run(len(slots)).give("s", "i32", [s & 0xFFFFFFFF for s in slots]).give("v", "u16", values)
        run.memory("a", bytes(range(1, size + 1))).bind("a", "a", offset, stride)
        if bytes(memory) != bytes(range(1, size + 1)):
            run.expect("a", bytes(memory))


def histogram_case(f):
    """Many lanes on few slots, over several blocks; several accumulators and a trap."""
    case = f.graph(
        "histogram", "accumulator count u32; accumulator first u64; accumulator last i64; result s u64",
        "%z = const u64 0\n%o = const u64 1\n%i = iota %z, %o\n%k = const u64 6364136223846793005\n%h = mul %i, %k\n"
        "%sh = const u64 60\n%b = shr %h, %sh\n%n = const u64 100\n%q, %r = divmod %i, %n\n%t = const u64 99\n"
        "%bad = eq %r, %t\ntrap 77 %bad @123\n%one = const u32 1\n%j = convert i64 %i\ncombine count add %b, %one\n"
        "combine first min %b, %i\ncombine last max %b, %j\nsum s %b")
    for n in (0, 1, 99, 100, 5000, 12289):
        lane = np.arange(n, dtype=np.uint64)
        bucket = (lane * np.uint64(6364136223846793005)) >> np.uint64(60)
        keep = lane % np.uint64(100) != 99
        count, first, last = [0] * 16, [2**64 - 1] * 16, [-1] * 16
        for i, b in zip(lane[keep].tolist(), bucket[keep].tolist()):
            count[b], first[b], last[b] = count[b] + 1, min(first[b], i), max(last[b], i)
        run = case.run(n)
        run.memory("count", bytes(64)).bind("count", "count", 0, 4).expect("count", encode("u32", count))
        run.memory("first", b"\xff" * 128).bind("first", "first", 0, 8).expect("first", encode("u64", first))
        run.memory("last", b"\xff" * 128).bind("last", "last", 0,
                                               8).expect("last", encode("i64", [v & (2**64 - 1) for v in last]))
        run.take("s", "u64", [int(bucket[keep].sum())])
        if n > 99:
            run.trapped(int((~keep).sum()), 99, 77, 123)


def uniform_operand_case(f):
    """A slot or value that is uniform still folds once for each lane."""
    case = f.graph("uniform_slot", "param p u8; accumulator a i32; accumulator b u8",
                   "%p = param p\n%v = const i32 -3\ncombine a add %p, %v\n%w = const u8 7\ncombine b xor %p, %w")
    for n in (0, 1, 2, 33, 5000):
        run = case.run(n).give("p", "u8", [2])
        run.memory("a", encode("i32", [1, 2, 3, 4])).bind("a", "a", 0, 4)
        run.memory("b", bytes([9, 9, 9])).bind("b", "b", 0, 1)
        if n:
            run.expect("a", encode("i32",
                                   [1, 2, wrap("i32", 3 - 3 * n), 4])).expect("b", bytes([9, 9, 9 ^ (7 * (n & 1))]))


def combine_file():
    f = Tgt("combine", "combine: all folds, modes and slot types; layouts; many lanes.")
    for mode in MODES:
        for fold in FOLDS:
            fold_case(f, mode, fold)
    layout_case(f)
    histogram_case(f)
    uniform_operand_case(f)
    return f
