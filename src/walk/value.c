/* value.c: what the operators mean, on scalars of 64 bits: chapters 4 and 7 of docs/language.md and 2.4 of docs/spec.md
 * in C. Integers are computed modulo 2^64 and cut to their width; a float is computed in its own type, and a NaN that
 * is computed is made canonical at once, which nobody can see. An input may hold another one until it is bitcast. */
#include "walk/walker.h"

#include "base/float.h"

#include <math.h>

/* ---- integers ---- */

static unsigned width_of(tg_type type)
{
  switch (type) {
  case TG_BOOL: return 1;
  case TG_I8:
  case TG_U8: return 8;
  case TG_I16:
  case TG_U16: return 16;
  case TG_I32:
  case TG_U32:
  case TG_F32: return 32;
  case TG_I64:
  case TG_U64:
  case TG_F64:
  case TG_TYPE_COUNT: break;
  }
  return 64;
}

static bool is_signed(tg_type type)
{
  return type == TG_I8 || type == TG_I16 || type == TG_I32 || type == TG_I64;
}

static bool is_float(tg_type type)
{
  return type == TG_F32 || type == TG_F64;
}

static uint64_t cut(tg_type type, uint64_t x)
{
  unsigned w = width_of(type);
  return w == 64 ? x : x & ((UINT64_C(1) << w) - 1);
}

int64_t value_signed(tg_type type, uint64_t bits)
{
  uint64_t sign = UINT64_C(1) << (width_of(type) - 1);
  if (!is_signed(type) || (bits & sign) == 0) {
    return (int64_t)bits;
  }
  return -(int64_t)(cut(type, ~bits)) - 1;
}

static bool is_negative(tg_type type, uint64_t bits)
{
  return is_signed(type) && value_signed(type, bits) < 0;
}

/* Euclidean: a == q*b + r with 0 <= r < |b|; b is not 0. */
static uint64_t divide(tg_type type, uint64_t a, uint64_t b, bool want_rest)
{
  if (!is_signed(type)) {
    return want_rest ? a % b : a / b;
  }
  int64_t x = value_signed(type, a), y = value_signed(type, b);
  if (y == -1) { /* also of the lowest integer, whose negation is itself */
    return want_rest ? 0 : cut(type, 0 - a);
  }
  int64_t q = x / y, r = x % y;
  if (r < 0) {
    q += y > 0 ? -1 : 1;
    r = y > 0 ? r + y : r - y;
  }
  return cut(type, want_rest ? (uint64_t)r : (uint64_t)q);
}

static uint64_t shift(tg_type type, uint64_t a, uint64_t distance, bool is_left)
{
  bool is_all = distance >= width_of(type);
  if (is_left) {
    return is_all ? 0 : cut(type, a << distance);
  }
  if (is_negative(type, a)) {
    return is_all ? cut(type, UINT64_MAX) : cut(type, ~(cut(type, ~a) >> distance));
  }
  return is_all ? 0 : a >> distance;
}

static bool int_less(tg_type type, uint64_t a, uint64_t b)
{
  return is_signed(type) ? value_signed(type, a) < value_signed(type, b) : a < b;
}

static uint64_t operate_int(prog_op op, tg_type type, const uint64_t *x)
{
  uint64_t a = x[0], b = x[1];
  switch (op) {
  case PROG_NEG: return cut(type, 0 - a);
  case PROG_NOT: return cut(type, ~a);
  case PROG_ADD: return cut(type, a + b);
  case PROG_SUB: return cut(type, a - b);
  case PROG_MUL: return cut(type, a * b);
  case PROG_QUO: return divide(type, a, b, false);
  case PROG_REM: return divide(type, a, b, true);
  case PROG_SHL: return shift(type, a, b, true);
  case PROG_SHR: return shift(type, a, b, false);
  case PROG_AND: return a & b;
  case PROG_XOR: return a ^ b;
  case PROG_OR: return a | b;
  case PROG_EQ: return a == b;
  case PROG_NE: return a != b;
  case PROG_LT: return int_less(type, a, b);
  case PROG_LE: return !int_less(type, b, a);
  case PROG_GT: return int_less(type, b, a);
  case PROG_GE: return !int_less(type, a, b);
  case PROG_MIN: return int_less(type, b, a) ? b : a;
  case PROG_MAX: return int_less(type, a, b) ? b : a;
  case PROG_ABS: return is_negative(type, a) ? cut(type, 0 - a) : a;
  case PROG_DIV:
  case PROG_SQRT:
  case PROG_FMA:
  case PROG_FLOOR:
  case PROG_CEIL:
  case PROG_TRUNC:
  case PROG_ROUND:
  case PROG_CONVERT:
  case PROG_BITCAST:
  case PROG_OP_COUNT: break;
  }
  return 0;
}

/* ---- floats ---- */

static float as_f32(uint64_t bits)
{
  return f32_from_bits((uint32_t)bits);
}

static uint64_t of_f32(float x)
{
  return x != x ? F32_NAN : f32_bits(x);
}

static uint64_t of_f64(double x)
{
  return x != x ? F64_NAN : f64_bits(x);
}

/* The sign is a bit, also of zeros; a NaN has none. */
static uint64_t with_sign(tg_type type, uint64_t bits, bool is_flipped)
{
  uint64_t sign = UINT64_C(1) << (width_of(type) - 1);
  double x = type == TG_F32 ? (double)as_f32(bits) : f64_from_bits(bits);
  if (x != x) {
    return bits;
  }
  return is_flipped ? bits ^ sign : bits & ~sign;
}

static uint64_t operate_f32(prog_op op, const uint64_t *x)
{
  float a = as_f32(x[0]), b = as_f32(x[1]);
  switch (op) {
  case PROG_NEG: return with_sign(TG_F32, x[0], true);
  case PROG_ABS: return with_sign(TG_F32, x[0], false);
  case PROG_ADD: return of_f32(a + b);
  case PROG_SUB: return of_f32(a - b);
  case PROG_MUL: return of_f32(a * b);
  case PROG_DIV: return of_f32(a / b);
  case PROG_EQ: return a == b;
  case PROG_NE: return a != b;
  case PROG_LT: return a < b;
  case PROG_LE: return a <= b;
  case PROG_GT: return a > b;
  case PROG_GE: return a >= b;
  case PROG_MIN: return b < a ? x[1] : x[0];
  case PROG_MAX: return a < b ? x[1] : x[0];
  case PROG_SQRT: return of_f32(sqrtf(a));
  case PROG_FMA: return of_f32(fmaf(a, b, as_f32(x[2])));
  case PROG_FLOOR: return of_f32(floorf(a));
  case PROG_CEIL: return of_f32(ceilf(a));
  case PROG_TRUNC: return of_f32(truncf(a));
  case PROG_ROUND: return of_f32(nearbyintf(a));
  case PROG_NOT:
  case PROG_QUO:
  case PROG_REM:
  case PROG_SHL:
  case PROG_SHR:
  case PROG_AND:
  case PROG_XOR:
  case PROG_OR:
  case PROG_CONVERT:
  case PROG_BITCAST:
  case PROG_OP_COUNT: break;
  }
  return 0;
}

static uint64_t operate_f64(prog_op op, const uint64_t *x)
{
  double a = f64_from_bits(x[0]), b = f64_from_bits(x[1]);
  switch (op) {
  case PROG_NEG: return with_sign(TG_F64, x[0], true);
  case PROG_ABS: return with_sign(TG_F64, x[0], false);
  case PROG_ADD: return of_f64(a + b);
  case PROG_SUB: return of_f64(a - b);
  case PROG_MUL: return of_f64(a * b);
  case PROG_DIV: return of_f64(a / b);
  case PROG_EQ: return a == b;
  case PROG_NE: return a != b;
  case PROG_LT: return a < b;
  case PROG_LE: return a <= b;
  case PROG_GT: return a > b;
  case PROG_GE: return a >= b;
  case PROG_MIN: return b < a ? x[1] : x[0];
  case PROG_MAX: return a < b ? x[1] : x[0];
  case PROG_SQRT: return of_f64(sqrt(a));
  case PROG_FMA: return of_f64(fma(a, b, f64_from_bits(x[2])));
  case PROG_FLOOR: return of_f64(floor(a));
  case PROG_CEIL: return of_f64(ceil(a));
  case PROG_TRUNC: return of_f64(trunc(a));
  case PROG_ROUND: return of_f64(nearbyint(a));
  case PROG_NOT:
  case PROG_QUO:
  case PROG_REM:
  case PROG_SHL:
  case PROG_SHR:
  case PROG_AND:
  case PROG_XOR:
  case PROG_OR:
  case PROG_CONVERT:
  case PROG_BITCAST:
  case PROG_OP_COUNT: break;
  }
  return 0;
}

/* ---- from type to type ---- */

/* Toward zero, then clamped; every f32 is an f64. 2^w and its half are floats, the highest integers may not be. */
static uint64_t float_to_int(tg_type to, double x)
{
  unsigned w = width_of(to);
  double low = is_signed(to) ? -ldexp(1, (int)w - 1) : 0, above = ldexp(1, is_signed(to) ? (int)w - 1 : (int)w);
  if (x != x) {
    return 0;
  }
  if (x <= low) {
    return is_signed(to) ? UINT64_C(1) << (w - 1) : 0;
  }
  if (x >= above) {
    return is_signed(to) ? (UINT64_C(1) << (w - 1)) - 1 : cut(to, UINT64_MAX);
  }
  return cut(to, is_signed(to) ? (uint64_t)(int64_t)x : (uint64_t)x);
}

static uint64_t int_to_float(tg_type from, tg_type to, uint64_t x)
{
  int64_t number = value_signed(from, x);
  if (to == TG_F32) {
    return of_f32(is_signed(from) ? (float)number : (float)x);
  }
  return of_f64(is_signed(from) ? (double)number : (double)x);
}

static uint64_t convert(tg_type from, tg_type to, uint64_t x)
{
  if (from == to) {
    return x;
  }
  if (is_float(from)) {
    double value = from == TG_F32 ? (double)as_f32(x) : f64_from_bits(x);
    if (to == TG_BOOL) {
      return value != 0;
    }
    return to == TG_F64 ? of_f64(value) : to == TG_F32 ? of_f32((float)value) : float_to_int(to, value);
  }
  if (is_float(to)) {
    return int_to_float(from, to, x);
  }
  return to == TG_BOOL ? x != 0 : cut(to, (uint64_t)value_signed(from, x));
}

/* Bits that say NaN become the canonical ones, whichever way they go. */
static uint64_t bitcast(tg_type from, tg_type to, uint64_t x)
{
  tg_type type = is_float(from) ? from : to;
  if (type == TG_F32) {
    return of_f32(as_f32(x));
  }
  return type == TG_F64 ? of_f64(f64_from_bits(x)) : x;
}

uint64_t value_operate(prog_op op, tg_type from, tg_type to, const uint64_t *x)
{
  if (op == PROG_CONVERT) {
    return convert(from, to, x[0]);
  }
  if (op == PROG_BITCAST) {
    return bitcast(from, to, x[0]);
  }
  if (is_float(from)) {
    return from == TG_F32 ? operate_f32(op, x) : operate_f64(op, x);
  }
  return operate_int(op, from, x);
}
