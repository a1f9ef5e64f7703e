"""stack.tgt: stack programs as text and as bytecode, their errors, and malformed bytecode."""
import struct

from . import ieee
from .arith import BINARY as INT_BINARY
from .arith import divmod_euclid
from .base import FLOATS, Tgt, from_float, signed, wrap
from .edges import edges, some
from .encode import OPCODES, assemble, bytecode, string
from .reduce import canonical_sum, np_bits
import numpy as np

SYMBOL = {
    "+": "add", "-": "sub", "*": "mul", "<<": "shl", ">>": "shr", "|": "or", "&": "and", "^": "xor", "\\": "andnot",
    "<": "lt", "=": "eq", "max": "max"
}
FLOAT = {"+": ieee.add, "-": ieee.sub, "*": ieee.mul, "<": ieee.less, "=": ieee.equal, "max": ieee.maximum}


def literal_bits(t, word):
    if t in FLOATS:
        return from_float(t, float(word))
    return wrap(t, int(word)) if t != "bool" else int(word == "true")


def both(f, name, body, runs):
    """The program as text and as bytecode; runs(case) adds the same runs to each."""
    text = "stack %s %s" % (name, body)
    runs(f.case(name + "_text", "stack", text.replace(" store", "\nstore").replace(" sum", "\nsum")))
    runs(f.case(name + "_code", "code", assemble(text, literal_bits)))


def binary_cases(f):
    for op in SYMBOL:
        for t in ("i32", "u64", "u8", "f64", "f32"):
            if t in FLOATS and op not in FLOAT:
                continue
            u = "bool" if op in "<=" else t
            a, b = (edges(t) + some(t, 20, "stack"))[:33], (list(reversed(edges(t))) + some(t, 25, "kcats"))[:33]
            k = min(len(a), len(b))
            oracle = (lambda p, q, op=op, t=t: FLOAT[op]
                      (t, p, q)) if t in FLOATS else (lambda p, q, op=op, t=t: INT_BINARY[SYMBOL[op]](t, p, q))

            def runs(case, t=t, u=u, a=a[:k], b=b[:k], oracle=oracle):
                run = case.run(len(a)).give("a", t, a).give("b", t, b)
                run.take("y", u, [oracle(p, q) for p, q in zip(a, b)])

            both(f, "op%d_%s" % (OPCODES.index(op), t), "load a %s load b %s %s store y %s" % (t, t, op, u), runs)


def other_cases(f):
    t = "i16"
    a, b = (edges(t) * 2)[:20], [edges(t)[(3 * k + 1) % len(edges(t))] for k in range(20)]

    def divided(case):
        out = [divmod_euclid(t, p, q) for p, q in zip(a, b)]
        run = case.run(20).give("a", t, a).give("b", t, b)
        run.take("q", t, [o[0] for o in out]).take("r", t, [o[1] for o in out])

    both(f, "divmod_q_below_r", "load a i16 load b i16 divmod store r i16 store q i16", divided)

    def one(u, oracle, values=None):
        values = values or edges(u)
        return lambda case: case.run(len(values)).give("a", u, values).take("y", u, [oracle(v) for v in values])

    both(f, "negate_i16", "load a i16 negate store y i16", one("i16", lambda v: wrap("i16", -v)))
    both(f, "negate_f32", "load a f32 negate store y f32", one("f32", lambda v: ieee.neg("f32", v)))
    both(f, "not_u8", "load a u8 ~ store y u8", one("u8", lambda v: v ^ 255))
    both(f, "not_bool", "load a bool ~ store y bool", one("bool", lambda v: v ^ 1))

    def select(case):
        c = [0, 1, 1, 0]
        run = case.run(4).give("c", "bool", c).give("a", "u8", [1, 2, 3, 4]).give("b", "u8", [5, 6, 7, 8])
        run.take("y", "u8", [5, 2, 3, 8])

    both(f, "select", "load c bool load a u8 load b u8 ?: store y u8", select)

    def shuffle(order):

        def runs(case):
            run = case.run(2)
            for k, name in enumerate("abc"):
                run.give(name, "u8", [10 * (k + 1), 10 * (k + 1) + 1])
            for k, name in enumerate(order):
                base = 10 * ("abc".index(name) + 1)
                run.take("y%d" % k, "u8", [base, base + 1])

        return runs

    loads = "load a u8 load b u8 load c u8 "

    def stores(count):
        return "".join(" store y%d u8" % k for k in range(count))

    both(f, "stack_order", loads.strip() + stores(3), shuffle("cba"))
    both(f, "dup", loads + "dup" + stores(4), shuffle("ccba"))
    both(f, "drop", loads + "drop" + stores(2), shuffle("ba"))
    both(f, "swap", loads + "swap" + stores(3), shuffle("bca"))
    both(f, "over", loads + "over" + stores(4), shuffle("bcba"))
    both(f, "rot", loads + "rot" + stores(3), shuffle("acb"))
    both(f, "return_stack", loads + ">R >R R> R>" + stores(3), shuffle("cba"))
    both(f, "return_stack_order", loads + ">R >R >R R> R> R>" + stores(3), shuffle("cba"))
    both(f, "return_stack_copy", loads + ">R R@ R@ R>" + stores(5), shuffle("cccba"))
    both(f, "return_stack_aside", loads + ">R swap R>" + stores(3), shuffle("cab"))


def sink_cases(f):
    for t in ("bool", "i8", "u32", "i64", "f32", "f64"):
        v = (edges(t) + some(t, 40, "ssum"))[:60 if t not in FLOATS else 8]
        u = t if t in FLOATS else "i64" if t[0] == "i" else "u64"
        if t in FLOATS:
            total = np_bits(t, canonical_sum(t, np.array([ieee.to_float(t, b) for b in v], ieee.NP[t])))
        else:
            total = wrap(u, sum(signed(t, b) for b in v))

        def runs(case, t=t, u=u, v=v, total=total):
            case.run(len(v)).give("x", t, v).take("s", u, [total])
            case.run(0).give("x", t, []).take("s", u, [0])

        both(f, "sum_" + t, "load x %s sum s" % t, runs)

    def args(case):
        d = [4, 200, 9, 200, 3, 3]
        run = case.run(6).give("d", "u8", d).give("i", "i64", [100 + k for k in range(6)])
        run.take("hi", "i64", [101]).take("lo", "i64", [104]).take("m", "u8", [200])
        run = case.run(0).give("d", "u8", []).give("i", "i64", []).take("hi", "i64", [0]).take("lo", "i64", [0])
        run.take("m", "u8", [0]).none(7)

    both(f, "argmax_argmin", "load i i64 load d u8 over over argmax hi argmin lo load d u8 dup argmax m", args)


def whole_cases(f):

    def axpy(case):
        m, x, b = (from_float("f32", 2.5), some("f32", 17, "sx"), some("f32", 17, "sb"))
        run = case.run(17).memory("m", struct.pack("<f", 2.5)).bind("m", "m", 0, 0).give("x", "f32",
                                                                                         x).give("b", "f32", b)
        run.take("y", "f32", [ieee.add("f32", ieee.mul("f32", m, p), q) for p, q in zip(x, b)])

    both(f, "axpy", "load m f32 load x f32 * load b f32 + store y f32", axpy)

    def twice(case):
        x = edges("i32")
        case.run(len(x)).give("x", "i32", x).take("y", "i32", [wrap("i32", signed("i32", v)**2 + 7) for v in x])

    both(f, "same_input_twice", "load x i32 load x i32 * iota i32 7 0 + store y i32", twice)
    for t, start, stride in (("u8", 250, 3), ("i64", -5, -7), ("f32", 0.5, 0.25), ("f64", -1.5, 3.0), ("i16", -32768,
                                                                                                       32767)):

        def ramp(case, t=t, start=start, stride=stride):
            if t in FLOATS:
                lanes = [from_float(t, start + k * stride) for k in range(20)]
            else:
                lanes = [wrap(t, start + k * stride) for k in range(20)]
            case.run(20).take("y", t, lanes)

        both(f, "iota_" + t, "iota %s %s %s store y %s" % (t, start, stride, t), ramp)

    def modes(case):
        x = [from_float("f32", v) for v in (1.0, 65504.0, float("inf"), 0.0, -0.25)]
        case.run(5).give("x", "f16", x).take("y", "bf16be", x)

    both(f, "modes", "load x f16 store y bf16be", modes)
    both(f, "dead_code", "load x i32 dup iota i32 3 0 divmod drop drop store y i32",
         lambda case: case.run(2).give("x", "i32", [5, 6]).take("y", "i32", [5, 6]))
    both(f, "empty_program", "", lambda case: case.run(3))
    both(
        f, "in_place",
        "load x u16 dup * store y u16", lambda case: case.run(3).memory("m", struct.pack("<3H", 2, 3, 300)).bind(
            "x", "m", 0, 2).bind("y", "m", 0, 2).expect("m", struct.pack("<3H", 4, 9, 90000 & 65535)))
    case = f.case("comments_and_lines", "stack",
                  "stack # the word\nc # name\n load x i32 # load y\n\tnegate\nstore y i32 # end")
    case.run(2).give("x", "i32", [1, 2]).take("y", "i32", [2**32 - 1, 2**32 - 2])


VERIFY = [
    ("underflow_add", "load x i32 + store y i32"),
    ("underflow_empty", "+"),
    ("underflow_negate", "negate"),
    ("underflow_store", "store y i32"),
    ("underflow_sum", "sum s"),
    ("underflow_argmin", "load x i32 argmin s"),
    ("underflow_argmax", "load x i32 argmax s"),
    ("underflow_select", "load b bool load x i32 ?: store y i32"),
    ("underflow_dup", "dup"),
    ("underflow_drop", "drop"),
    ("underflow_swap", "load x i32 swap store y i32"),
    ("underflow_over", "load x i32 over"),
    ("underflow_rot", "load x i32 dup rot"),
    ("underflow_to_return", ">R"),
    ("underflow_from_return", "R>"),
    ("underflow_copy_return", "R@ drop"),
    ("underflow_divmod", "load x i32 divmod drop drop"),
    ("leftover_data", "load x i32"),
    ("leftover_two", "load x i32 dup store y i32"),
    ("leftover_return", "load x i32 >R"),
    ("leftover_return_after_copy", "load x i32 >R R@ store y i32"),
    ("types_differ", "load x i32 load z u32 + store y i32"),
    ("add_bool", "load b bool dup + store y bool"),
    ("shift_float", "load x f32 dup << store y f32"),
    ("or_float", "load x f64 dup | store y f64"),
    ("not_float", "load x f64 ~ store y f64"),
    ("negate_bool", "load b bool negate store y bool"),
    ("divmod_float", "load x f32 dup divmod store y f32 store z f32"),
    ("less_bool", "load b bool dup < store y bool"),
    ("max_bool", "load b bool dup max store y bool"),
    ("select_by_integer", "load x i32 dup dup ?: store y i32"),
    ("select_of_two_types", "load b bool load x i32 load z f32 ?: store y i32"),
    ("store_other_type", "load x i32 store y u32"),
    ("store_f64_as_f16", "load x f64 store y f16"),
    ("load_two_modes", "load x i32 load x u32 drop store y i32"),
    ("load_two_modes_one_type", "load x i32 load x i32be + store y i32"),
    ("store_twice", "load x i32 dup store y i32 store y i32"),
    ("store_and_sum", "load x i32 dup store y i32 sum y"),
    ("sum_twice", "load x i32 dup sum y sum y"),
    ("input_and_output", "load x i32 store x i32"),
    ("output_and_input", "load x i32 store y i32 load y i32 drop"),
    ("input_and_result", "load x i32 sum x"),
    ("argmin_name_twice", "load x i32 dup dup dup argmin a argmax a"),
    ("argmin_data_bool", "load x i32 load b bool argmin a"),
    ("iota_bool", "iota bool false true drop"),
]
PARSE = [
    ("no_stack_word", "load x i32 store y i32"),
    ("no_name", "stack"),
    ("unknown_opcode", "stack p load x i32 nip store y i32"),
    ("operation_name_is_no_symbol", "stack p load x i32 dup add store y i32"),
    ("load_without_mode", "stack p load x"),
    ("load_without_name", "stack p load"),
    ("load_unknown_mode", "stack p load x i31 store y i32"),
    ("iota_without_literals", "stack p iota i32"),
    ("iota_one_literal", "stack p iota i32 0"),
    ("iota_unknown_type", "stack p iota i31 0 1 drop"),
    ("iota_of_mode", "stack p iota f16 0 1 drop"),
    ("iota_literal_too_large", "stack p iota u8 256 0 drop"),
    ("iota_literal_float", "stack p iota i32 1.5 0 drop"),
    ("iota_literal_word", "stack p iota i32 one 0 drop"),
    ("sum_without_name", "stack p load x i32 sum"),
    ("name_with_bad_character", "stack p load x! i32 store y i32"),
    ("store_without_mode", "stack p load x i32 store y"),
    ("lower_case_r", "stack p load x i32 >r r> store y i32"),
]


def error_cases(f):
    for name, body in VERIFY:
        text = "stack p " + body
        f.case("verify_%s_text" % name, "stack", text).error("VERIFY")
        f.case("verify_%s_code" % name, "code", assemble(text, literal_bits)).error("VERIFY")
    for name, text in PARSE:
        f.case("parse_" + name, "stack", text).error("PARSE")
    body = " ".join("load x u8 dup argmin m%d" % k for k in range(65))
    f.case("limit_argmin_text", "stack", "stack p " + body).error("LIMIT")
    f.case("limit_argmin_code", "code", assemble("stack p " + body, literal_bits)).error("LIMIT")
    body = " ".join("load x%d u8 drop" % k for k in range(1025))
    f.case("limit_operands_code", "code", assemble("stack p " + body, literal_bits)).error("LIMIT")


def format_cases(f):
    good = assemble("stack prog load x i32 iota i32 -7 2 + dup sum s store y i32", literal_bits)
    case = f.case("format_reference", "code", good)
    x = [5, 6, 7]
    y = [wrap("i32", v - 7 + 2 * k) for k, v in enumerate(x)]
    case.run(3).give("x", "i32", x).take("y", "i32", y).take("s", "i64",
                                                             [wrap("i64", sum(signed("i32", v) for v in y))])
    for k in range(len(good)):
        f.case("format_truncated_%d" % k, "code", good[:k]).error("FORMAT")
    f.case("format_one_byte_more", "code", good + b"\x00").error("FORMAT")
    body = bytes([0]) + string("x") + bytes([3]) + bytes([23])
    f.case("format_bad_magic", "code", bytecode("p", 2, body, magic=b"TGT\x1a")).error("FORMAT")
    f.case("format_version_0", "code", bytecode("p", 2, body, version=0)).error("FORMAT")
    f.case("format_version_2", "code", bytecode("p", 2, body, version=2)).error("FORMAT")
    f.case("format_nonzero_zero", "code", bytecode("p", 2, body, zero=1)).error("FORMAT")
    f.case("format_count_too_small", "code", bytecode("p", 1, body)).error("FORMAT")
    f.case("format_count_too_large", "code", bytecode("p", 3, body)).error("FORMAT")
    f.case("format_count_huge", "code", bytecode("p", 2**32 - 1, body)).error("FORMAT")
    for op in (30, 31, 128, 255):
        f.case("format_opcode_%d" % op, "code", bytecode("p", 3, body + bytes([op]))).error("FORMAT")
    f.case("format_mode_23", "code", bytecode("p", 2, bytes([0]) + string("x") + bytes([23, 23]))).error("FORMAT")
    f.case("format_mode_255", "code", bytecode("p", 2, bytes([0]) + string("x") + bytes([255, 23]))).error("FORMAT")
    f.case("format_iota_type_11", "code", bytecode("p", 2, bytes([1, 11]) + bytes(16) + bytes([23]))).error("FORMAT")
    f.case("format_iota_not_zero_extended", "code",
           bytecode("p", 2,
                    bytes([1, 5]) + struct.pack("<QQ", 256, 0) + bytes([23]))).error("FORMAT")
    f.case("format_iota_sign_extended", "code",
           bytecode("p", 2,
                    bytes([1, 3]) + struct.pack("<QQ", 2**64 - 1, 0) + bytes([23]))).error("FORMAT")
    f.case("format_name_too_long_for_file", "code",
           bytecode("p", 1,
                    bytes([0]) + struct.pack("<H", 65535) + b"x" * 9)).error("FORMAT")
    f.case("accepted_smallest", "code", bytecode("p", 2, body)).run(0).give("x", "i32", [])


def files():
    f = Tgt("stack", "Stack programs: each as text and as bytecode.")
    binary_cases(f)
    other_cases(f)
    sink_cases(f)
    whole_cases(f)
    error_cases(f)
    format_cases(f)
    return [f]
