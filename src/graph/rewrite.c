/* rewrite.c: the table that rules.def makes, and what its words mean. */
#include "graph/rewrite.h"

#include "base/float.h"

/* ---- the table ---- */

/* clang-format off */
#define TYPE_BIT(t) (1u << TG_##t)
#define SIGNED (TYPE_BIT(I8) | TYPE_BIT(I16) | TYPE_BIT(I32) | TYPE_BIT(I64))
#define UNSIGNED (TYPE_BIT(U8) | TYPE_BIT(U16) | TYPE_BIT(U32) | TYPE_BIT(U64))
#define INTS (SIGNED | UNSIGNED)
#define FLOATS (TYPE_BIT(F32) | TYPE_BIT(F64))
#define BOOLS TYPE_BIT(BOOL)
#define NUMS (INTS | FLOATS)
#define BITS (INTS | BOOLS)
#define ALL (NUMS | BOOLS)

#define VAR(v) {TERM_VAR, VAR_##v, 0}
#define A VAR(A)
#define B VAR(B)
#define C VAR(C)
#define X VAR(X)
#define P VAR(P)
#define K VAR(K)
#define L VAR(L)
#define NAMED(c) {TERM_CONST, CONST_##c, 0}
#define ZERO NAMED(ZERO)
#define ONE NAMED(ONE)
#define MINUS_ONE NAMED(MINUS_ONE)
#define MINUS_ZERO NAMED(MINUS_ZERO)
#define FALSE NAMED(FALSE)
#define TRUE NAMED(TRUE)
#define ZEROS_K {TERM_ZEROS, VAR_K, 0}
#define OP(op, extra) {TERM_OP, TG_OP_##op, extra}
#define ADD(x, y) OP(ADD, 0), x, y
#define SUB(x, y) OP(SUB, 0), x, y
#define NEG(x) OP(NEG, 0), x
#define MUL(x, y) OP(MUL, 0), x, y
#define DIVMOD(x, y) OP(DIVMOD, 0), x, y
#define SHL(x, y) OP(SHL, 0), x, y
#define SHR(x, y) OP(SHR, 0), x, y
#define OR(x, y) OP(OR, 0), x, y
#define AND(x, y) OP(AND, 0), x, y
#define XOR(x, y) OP(XOR, 0), x, y
#define NOT(x) OP(NOT, 0), x
#define ANDNOT(x, y) OP(ANDNOT, 0), x, y
#define LT(x, y) OP(LT, 0), x, y
#define EQ(x, y) OP(EQ, 0), x, y
#define SELECT(x, y, z) OP(SELECT, 0), x, y, z
#define MAX(x, y) OP(MAX, 0), x, y
#define DIV(x, y) OP(DIV, 0), x, y
#define FMA(x, y, z) OP(FMA, 0), x, y, z
#define ROUND(mode, x) OP(ROUND, mode), x
#define CONVERT(type, x) OP(CONVERT, TYPE_##type), x
#define BITCAST(type, x) OP(BITCAST, TYPE_##type), x
#define PAIR(x, y) x, y
/* clang-format on */

const rewrite rewrite_table[] = {
#define TG_REWRITE(types, guard, from, ...) {types, GUARD_##guard, {from}, {__VA_ARGS__}, #from " -> " #__VA_ARGS__},
#include "graph/rules.def"
};
const size_t rewrite_count = sizeof rewrite_table / sizeof rewrite_table[0];

/* ---- constants and types ---- */

bool named_bits(named_const what, tg_type type, uint64_t *bits)
{
  bool is_float = type_in(type, TG_CLASS_FLOAT);
  uint64_t sign = type_mask(type) ^ type_mask(type) >> 1;
  uint64_t one = type == TG_F32 ? f32_bits(1.0f) : type == TG_F64 ? f64_bits(1.0) : 1;
  switch (what) {
  case CONST_ZERO:
  case CONST_FALSE: *bits = 0; return true;
  case CONST_ONE:
  case CONST_TRUE: *bits = one; return true;
  case CONST_MINUS_ONE: *bits = is_float ? one | sign : type_mask(type); return true;
  case CONST_MINUS_ZERO: *bits = sign; return is_float;
  }
  return false;
}

type_var named_type(named_const what)
{
  return what == CONST_FALSE || what == CONST_TRUE ? TYPE_BOOL : TYPE_T;
}

type_var var_type(term_var what)
{
  return what == VAR_X ? TYPE_U : what == VAR_P ? TYPE_BOOL : TYPE_T;
}

uint64_t trailing_zeros(uint64_t bits)
{
  uint64_t n = 0;
  for (; n < 64 && (bits >> n & 1) == 0; n++) {
  }
  return n;
}

bool type_holds(tg_type to, tg_type from)
{
  const type_info *t = &type_table[to], *f = &type_table[from];
  bool to_float = type_in(to, TG_CLASS_FLOAT), from_float = type_in(from, TG_CLASS_FLOAT);
  unsigned magnitude = f->bits - (unsigned)f->is_signed;
  if (to == from || from == TG_BOOL) {
    return true;
  }
  if (to == TG_BOOL || from_float) {
    return to_float && t->bits > f->bits;
  }
  if (to_float) {
    return magnitude <= (to == TG_F32 ? 24u : 53u);
  }
  return magnitude <= t->bits - (unsigned)t->is_signed && (t->is_signed || !f->is_signed);
}

/* ---- guards ---- */

static bool is_power(uint64_t bits)
{
  return bits != 0 && (bits & (bits - 1)) == 0;
}

static bool is_negative(tg_type type, uint64_t bits)
{
  return type_table[type].is_signed && bits > type_mask(type) >> 1;
}

static bool has_reciprocal(tg_type type, uint64_t bits)
{
  double k = type == TG_F32 ? (double)f32_from_bits((uint32_t)bits) : f64_from_bits(bits);
  uint64_t fraction = f64_bits(k) & ((UINT64_C(1) << 52) - 1);
  unsigned exponent = (unsigned)(f64_bits(k) >> 52 & 0x7FF);
  if (type == TG_F32) {
    return fraction == 0 && exponent >= 1023 - 127 && exponent <= 1023 + 127; /* the reciprocal of 2^127 is subnormal */
  }
  return fraction == 0 && exponent >= 1 && exponent <= 2046;
}

static bool passes(tg_type t, tg_type u, tg_type s)
{
  bool t_int = type_in(t, TG_CLASS_INT), u_int = type_in(u, TG_CLASS_INT), s_int = type_in(s, TG_CLASS_INT);
  if (type_holds(u, t)) {
    /* Float to integer clamps, integer to integer wraps: they differ where S does not hold T. */
    return !(t_int && !u_int && s_int) || type_holds(s, t);
  }
  if (t_int && u_int && s == TG_BOOL) {
    return type_table[u].bits >= type_table[t].bits;
  }
  return t_int && u_int && s_int && type_table[s].bits <= type_table[u].bits;
}

static bool returns(tg_type t, tg_type u)
{
  bool both_int = type_in(t, TG_CLASS_INT) && type_in(u, TG_CLASS_INT);
  return type_holds(u, t) || (both_int && type_table[u].bits >= type_table[t].bits);
}

bool guard_holds(guard g, const binding *b)
{
  tg_type t = b->type[TYPE_T], u = b->type[TYPE_U];
  uint64_t k = b->bits[VAR_K], width = type_table[t].bits;
  switch (g) {
  case GUARD_ALWAYS: return true;
  case GUARD_POWER: return is_power(k);
  case GUARD_POSITIVE_POWER: return is_power(k) && !is_negative(t, k);
  case GUARD_NEGATIVE_POWER: return is_negative(t, k) && is_power((0 - k) & type_mask(t));
  case GUARD_RECIPROCAL: return has_reciprocal(t, k);
  case GUARD_WIDE: return k >= width;
  case GUARD_NARROW: return k < width && b->bits[VAR_L] < width;
  case GUARD_RETURNS: return returns(t, u);
  case GUARD_PASSES: return passes(t, u, b->type[TYPE_S]);
  case GUARD_FROM_INTEGER: return type_in(u, TG_CLASS_INT);
  case GUARD_NOT_FLOAT: return !type_in(u, TG_CLASS_FLOAT);
  case GUARD_COUNT: break;
  }
  return false;
}
