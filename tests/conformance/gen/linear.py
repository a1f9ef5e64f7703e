"""linear.tgt: y = M x + c over the four rings and all formats, by Python integers and MPFR."""
from . import ieee
from .base import FLOATS, INTS, WIDTH, Tgt, from_float, literal, rng, signed, wrap
from .edges import NAN_BITS, edges, some

FORMATS = ["auto", "csr", "dense"]


def apply_int(t, rows, entries, x):
    y = [0] * rows
    for r, c, v in entries:
        y[r] += signed(t, v) * (signed(t, x[c]) if c < len(x) else 1)
    return [wrap(t, v) for v in y]


def apply_gf2(t, rows, entries, x):
    w = WIDTH[t]
    bits = [0] * (rows * w)
    for r, c, v in entries:
        bits[r] ^= bin(v & (x[c] if c < len(x) else 1)).count("1") & 1
    return [sum(bits[k * w + b] << b for b in range(w)) for k in range(rows)]


def apply_mod(p):

    def apply(t, rows, entries, x):
        y = [0] * rows
        for r, c, v in entries:
            y[r] += v * (x[c] if c < len(x) else 1)
        return [v % p for v in y]

    return apply


def apply_float(t, rows, entries, x):
    y = []
    for r in range(rows):
        total = None
        for row, c, v in entries:
            if row == r:
                term = ieee.mul(t, v, x[c]) if c < len(x) else v
                total = term if total is None else ieee.add(t, total, term)
        y.append(0 if total is None else total)
    return y


def entry_text(t, entries, forms):
    """Entry values as consts, or as a param where forms says so; returns operands, nodes and the entries' text."""
    operands, nodes, parts, names = [], [], [], {}
    for k, (r, c, v) in enumerate(entries):
        key = (v, forms == "p" and k == 0)
        if key not in names:
            names[key] = "%%m%d" % len(names)
            if key[1]:
                operands.append("param m %s" % t)
                nodes.append("%s = param m" % names[key])
            else:
                nodes.append("%s = const %s %s" % (names[key], t, literal(t, v)))
        parts.append("%d %d %s" % (r, c, names[key]))
    return operands, nodes, "{ " + ", ".join(parts) + " }"


def linear_case(f, name, ring, t, shape, entries, lanes, apply, formats=FORMATS, forms=""):
    """shape: (rows of y, columns of x); lanes: tuples of x."""
    rows, columns = shape
    entries = sorted(entries)
    for form in formats:
        operands, nodes, text = entry_text(t, entries, forms)
        operands += ["input x%d %s" % (k, t) for k in range(columns)] + ["output y%d %s" % (k, t) for k in range(rows)]
        nodes += ["%%x%d = load x%d" % (k, k) for k in range(columns)]
        nodes.append(", ".join("%%y%d" % k for k in range(rows)) + " = linear %s %s " % (ring, form) +
                     ", ".join("%%x%d" % k for k in range(columns)) + " " + text)
        nodes += ["store y%d %%y%d" % (k, k) for k in range(rows)]
        case = f.graph("%s_%s" % (name, form), operands, nodes)
        run = case.run(len(lanes))
        if forms == "p":
            run.give("m", t, [entries[0][2]])
        for k in range(columns):
            run.give("x%d" % k, t, [x[k] for x in lanes])
        out = [apply(t, rows, entries, x) for x in lanes]
        for k in range(rows):
            run.take("y%d" % k, t, [y[k] for y in out])


def random_lanes(t, columns, count, label):
    e = edges(t)
    lanes = [tuple(e[(i * (k + 1) + k) % len(e)] for k in range(columns)) for i in range(count // 2)]
    return lanes + list(zip(*[some(t, count - len(lanes), label, k) for k in range(columns)]))


def pick_entries(r, rows, columns, density, value):
    return [(i, j, value(r)) for i in range(rows) for j in range(columns + 1) if r.getrandbits(8) < density * 256]


def int_cases(f):
    for t in INTS:
        r = rng("int", t)
        value = lambda r, t=t: [0, 1, wrap(t, -1), 2, 3,
                                r.getrandbits(WIDTH[t]),
                                r.getrandbits(WIDTH[t])][r.getrandbits(16) % 7]
        for rows, columns, density in ((1, 1, 1.0), (2, 2, 1.0), (3, 4, 0.4), (5, 2, 0.7)):
            linear_case(f, "int_%s_%dx%d" % (t, rows, columns), "int", t, (rows, columns),
                        pick_entries(r, rows, columns, density, value), random_lanes(t, columns, 13, "int"), apply_int,
                        FORMATS if rows == 3 else FORMATS[rows % 3:rows % 3 + 1], "p" if rows == 2 else "")
    big = [(i, (i * 7 + j) % 65, wrap("u32", i * 31 + j * 17 + 1)) for i in range(64) for j in (0, 1, 5)]
    linear_case(f, "int_u32_64x64_sparse", "int", "u32", (64, 64), big, random_lanes("u32", 64, 3, "big"), apply_int,
                FORMATS[:2])
    full = [(i, j, wrap("u64", (i * 9 + j) * 0x9E3779B97F4A7C15)) for i in range(8) for j in range(9)]
    linear_case(f, "int_u64_8x8_full", "int", "u64", (8, 8), full, random_lanes("u64", 8, 9, "full"), apply_int)
    many = pick_entries(rng("int", "many"), 18, 17, 0.9, lambda r: r.getrandbits(16))
    linear_case(f, "int_u16_18x17_many", "int", "u16", (18, 17), many, random_lanes("u16", 17, 9, "many"), apply_int,
                FORMATS[1:2])
    linear_case(f, "int_empty", "int", "i32", (2, 1), [], [(5, ), (7, )], apply_int)
    linear_case(f, "int_only_c", "int", "u16", (3, 2), [(0, 2, 9), (2, 2, 65535)], [(1, 2), (3, 4), (5, 6)], apply_int)
    linear_case(f, "int_explicit_zeros", "int", "u8", (2, 2), [(0, 0, 0), (0, 2, 0), (1, 1, 0), (1, 2, 4)], [(1, 2),
                                                                                                             (255, 7)],
                apply_int)


def compose_gf2(a, b, w):
    """The matrix of a after b; a matrix is the list of row masks."""
    out = []
    for mask in a:
        row = 0
        for k in range(w):
            if mask >> k & 1:
                row ^= b[k]
        out.append(row)
    return out


def shift_matrix(w, shift):
    """Rows of x ^ (x << shift), or of x ^ (x >> -shift)."""
    rows = []
    for k in range(w):
        other = k - shift
        rows.append((1 << k) ^ ((1 << other) if 0 <= other < w else 0))
    return rows


def gf2_cases(f):
    for t in INTS:
        w, r = WIDTH[t], rng("gf2", t)
        value = lambda r, w=w: [0, 1, 1 << (w - 1), (1 << w) - 1, r.getrandbits(w)][r.getrandbits(16) % 5]
        for rows, columns, density in ((1, 1, 0.9), (1, 2, 0.5), (2, 1, 0.6)):
            entries = pick_entries(r, rows * w, columns, density, value)
            if w == 64 and rows == 2:
                entries = entries[::3]
            linear_case(f, "gf2_%s_%dx%d" % (t, rows, columns), "gf2", t, (rows, columns), entries,
                        random_lanes(t, columns, 15, "gf2"), apply_gf2,
                        FORMATS if rows == 1 == columns else FORMATS[columns:columns + 1])
    for t, shifts in (("u32", (13, -17, 5)), ("u64", (13, -7, 17))):
        w = WIDTH[t]
        m = [1 << k for k in range(w)]
        for s in shifts:
            m = compose_gf2(shift_matrix(w, s), m, w)
        lanes = random_lanes(t, 1, 21, "xorshift")
        for (x, ) in lanes:
            y = x
            for s in shifts:
                y ^= wrap(t, y << s) if s > 0 else y >> -s
            assert apply_gf2(t, 1, [(k, 0, v) for k, v in enumerate(m)], (x, )) == [y]
        linear_case(f, "gf2_xorshift_" + t, "gf2", t, (1, 1), [(k, 0, v) for k, v in enumerate(m)], lanes, apply_gf2)
    linear_case(f, "gf2_c_counts_by_bit_0", "gf2", "u8", (1, 1), [(0, 1, 1), (1, 1, 2), (2, 1, 3), (3, 1, 255),
                                                                  (4, 0, 16), (4, 1, 1)], [(0, ), (16, ), (255, )],
                apply_gf2)
    linear_case(f, "gf2_empty", "gf2", "u16", (1, 1), [], [(65535, )], apply_gf2)


def mod_cases(f):
    for t in ("u8", "u16", "u32", "u64"):
        w = WIDTH[t]
        top = 1 << w
        primes = {"u8": 251, "u16": 65521, "u32": 4294967291, "u64": 18446744073709551557}
        for p in sorted({1, 2, 3, 10, primes[t], top - 1, top // 2, top // 2 + 1, top // 3}):
            r = rng("mod", t, p)
            value = lambda r, p=p, w=w: [0, 1, p - 1, p, r.getrandbits(w),
                                         (1 << w) - 1][r.getrandbits(16) % 6] % (1 << w)
            for rows, columns, density in ((2, 3, 0.8), ) if p not in (3, top - 1) else ((1, 1, 1.0), (3, 5, 0.5)):
                linear_case(f, "mod_%d_%s_%dx%d" % (p, t, rows, columns), "mod %d" % p, t, (rows, columns),
                            pick_entries(r, rows, columns, density, value), random_lanes(t, columns, 15, "mod"),
                            apply_mod(p), FORMATS if p == primes[t] else FORMATS[p % 3:p % 3 + 1])
    for p in (2**32 - 5, 2**32, 2**32 + 1):
        linear_case(f, "mod_%d_u64" % p, "mod %d" % p, "u64", (2, 3),
                    pick_entries(rng("mod", p), 2, 3, 1.0, lambda r: r.getrandbits(64) | 2**32 - 1),
                    random_lanes("u64", 3, 15, "mod"), apply_mod(p), FORMATS[1:2])
    full = [(0, j, (1 << 64) - 1 - j) for j in range(33)]
    linear_case(f, "mod_u64_long_row", "mod 18446744073709551557", "u64", (1, 32), full,
                [tuple([(1 << 64) - 1] * 32),
                 tuple((1 << 64) - 1 - k for k in range(32)),
                 tuple(range(32))], apply_mod(18446744073709551557))
    linear_case(f, "mod_empty_rows", "mod 7", "u32", (3, 1), [(1, 0, 10)], [(0, ), (1, ), (2**32 - 1, )], apply_mod(7))
    linear_case(f, "mod_hex_modulus", "mod 0xffff", "u16", (1, 1), [(0, 0, 65535), (0, 1, 65535)], [(65535, ), (1, )],
                apply_mod(65535))


def float_cases(f):
    for t in FLOATS:
        r = rng("float", t)
        one, minus = from_float(t, 1.0), from_float(t, -1.0)

        def value(r, t=t, one=one, minus=minus):
            return [
                one, minus, 0, 1 << (WIDTH[t] - 1),
                from_float(t, 0.5),
                edges(t)[18],
                some(t, 1, r.getrandbits(32))[0]
            ][r.getrandbits(16) % 7]

        for rows, columns, density in ((1, 1, 1.0), (2, 2, 1.0), (3, 4, 0.5), (2, 7, 0.8)):
            linear_case(f, "float_%s_%dx%d" % (t, rows, columns), "float", t, (rows, columns),
                        pick_entries(r, rows, columns, density, value), random_lanes(t, columns, 18,
                                                                                     "float"), apply_float,
                        FORMATS if columns == 4 else FORMATS[columns % 3:columns % 3 + 1], "p" if rows == 2 else "")
        odd = edges(t) + NAN_BITS[t][:1]
        zero = 1 << (WIDTH[t] - 1)
        linear_case(f, "float_%s_order" % t, "float", t, (2, 3),
                    [(0, j, one) for j in range(4)] + [(1, j, minus) for j in range(3)],
                    [(odd[i % 25], odd[(3 * i + 1) % 25], odd[(7 * i + 2) % 25]) for i in range(25)], apply_float)
        linear_case(f, "float_%s_zeros" % t, "float", t, (5, 2), [(0, 0, one), (1, 1, zero), (2, 2, zero), (4, 0, 0),
                                                                  (4, 2, zero)],
                    [(zero, zero), (0, 0), (odd[8], odd[10]), (one, minus)], apply_float)
        linear_case(f, "float_%s_absent_infinity" % t, "float", t, (2, 2), [(0, 0, one), (1, 1, one)],
                    [(odd[8], one), (one, odd[8]), (odd[10], zero), (odd[9], odd[8])], apply_float)
        linear_case(f, "float_%s_no_fma" % t, "float", t, (1, 2), [(0, 0, edges(t)[19]), (0, 1, edges(t)[18])],
                    list(zip(some(t, 40, "nf a"), some(t, 40, "nf b"))), apply_float)
        many = [e for e in pick_entries(r, 19, 17, 0.9, value) if e[0] != 3]
        linear_case(f, "float_%s_19x17_many" % t, "float", t, (19, 17), many, random_lanes(t, 17, 9, "many"),
                    apply_float, FORMATS[1:2])


def loop_case(f):
    """A linear map inside a loop and a branch: the stepped 2x2 map, with uniform results of the same map elsewhere."""
    case = f.graph(
        "int_in_loop", "input n u8; output a u64; output b u64; output c u64", """%one = const u64 1
%zero = const u64 0
%n = load n
%z = const u8 0
%o = const u8 1
%a, %b, %k = loop %p = %zero, %q = %one, %i = %n {
%e = eq %i, %z
%c0 = not %e
test %c0
%p1, %q1 = linear int auto %p, %q { 0 1 %one, 1 0 %one, 1 1 %one, 1 2 %one }
%j = sub %i, %o
yield %p1, %q1, %j
}
%c = linear mod 1000 csr %a, %b { 0 0 %one, 0 1 %one }
store a %a
store b %b
store c %c""")
    counts, want = [0, 1, 2, 3, 7, 50, 92, 200, 255], []
    for n in counts:
        a, b = 0, 1
        for _ in range(n):
            a, b = b, wrap("u64", a + b + 1)
        want.append((a, b, (a + b) % 1000))
    run = case.run(len(counts)).give("n", "u8", counts)
    for k, name in enumerate("abc"):
        run.take(name, "u64", [v[k] for v in want])


def files():
    f = Tgt("linear", "linear over int, gf2, mod P and float; the case name ends with the format.")
    int_cases(f)
    gf2_cases(f)
    mod_cases(f)
    float_cases(f)
    loop_case(f)
    return [f]
