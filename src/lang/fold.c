/* fold.c: what operators give on constants: docs/spec.md chapters 2 and 5 on single values. Values are held as in
 * graphs. The caller has entered the floating-point environment. */
#include "base/float.h"
#include "graph/element.h"
#include "graph/eval.h"
#include "lang/check.h"

#include <math.h>

static uint64_t sign_extend(tg_type type, uint64_t x)
{
  unsigned bits = type_table[type].bits;
  uint64_t sign = UINT64_C(1) << (bits - 1);
  return (x ^ sign) - sign;
}

static bool is_signed(tg_type type)
{
  return type_table[type].is_signed;
}

/* Magnitudes divide; then the quotient is corrected so that the remainder is not negative. */
static bool fold_divide(bool is_quotient, tg_type type, uint64_t a, uint64_t b, uint64_t *out)
{
  uint64_t mask = type_mask(type);
  bool negative_a = is_signed(type) && (sign_extend(type, a) >> 63) != 0;
  bool negative_b = is_signed(type) && (sign_extend(type, b) >> 63) != 0;
  uint64_t m = negative_a ? (0 - a) & mask : a, n = negative_b ? (0 - b) & mask : b;
  if (b == 0) {
    return false;
  }
  uint64_t q = m / n, r = m % n;
  if (negative_a && r != 0) {
    q++;
    r = n - r;
  }
  *out = (is_quotient ? (negative_a != negative_b ? 0 - q : q) : r) & mask;
  return true;
}

static uint64_t fold_shift(prog_op op, tg_type type, uint64_t a, uint64_t b)
{
  unsigned bits = type_table[type].bits;
  if (op == PROG_SHL) {
    return b < bits ? (a << b) & type_mask(type) : 0;
  }
  if (!is_signed(type)) {
    return b < bits ? a >> b : 0;
  }
  uint64_t wide = sign_extend(type, a);
  unsigned distance = b < bits ? (unsigned)b : bits - 1;
  return (wide >> 63 != 0 ? ~(~wide >> distance) : wide >> distance) & type_mask(type);
}

static uint64_t fold_integer(prog_op op, tg_type type, const uint64_t *x)
{
  uint64_t a = x[0], b = x[1], result = 0;
  if (op == PROG_NEG) result = 0 - a;
  if (op == PROG_NOT) result = ~a;
  if (op == PROG_ADD) result = a + b;
  if (op == PROG_SUB) result = a - b;
  if (op == PROG_MUL) result = a * b;
  if (op == PROG_AND) result = a & b;
  if (op == PROG_XOR) result = a ^ b;
  if (op == PROG_OR) result = a | b;
  if (op == PROG_SHL || op == PROG_SHR) result = fold_shift(op, type, a, b);
  if (op == PROG_MIN) result = eval_less(type, b, a) ? b : a;
  if (op == PROG_MAX) result = eval_less(type, a, b) ? b : a;
  if (op == PROG_ABS) result = is_signed(type) && eval_less(type, a, 0) ? 0 - a : a;
  return result & type_mask(type);
}

static float fold_f32(prog_op op, float a, float b, float c)
{
  if (op == PROG_NEG) return -a;
  if (op == PROG_ADD) return a + b;
  if (op == PROG_SUB) return a - b;
  if (op == PROG_MUL) return a * b;
  if (op == PROG_DIV) return a / b;
  if (op == PROG_MIN) return b < a ? b : a;
  if (op == PROG_MAX) return a < b ? b : a;
  if (op == PROG_ABS) return fabsf(a);
  if (op == PROG_SQRT) return sqrtf(a);
  if (op == PROG_FMA) return fmaf(a, b, c);
  if (op == PROG_FLOOR) return floorf(a);
  if (op == PROG_CEIL) return ceilf(a);
  if (op == PROG_TRUNC) return truncf(a);
  return nearbyintf(a);
}

static double fold_f64(prog_op op, double a, double b, double c)
{
  if (op == PROG_NEG) return -a;
  if (op == PROG_ADD) return a + b;
  if (op == PROG_SUB) return a - b;
  if (op == PROG_MUL) return a * b;
  if (op == PROG_DIV) return a / b;
  if (op == PROG_MIN) return b < a ? b : a;
  if (op == PROG_MAX) return a < b ? b : a;
  if (op == PROG_ABS) return fabs(a);
  if (op == PROG_SQRT) return sqrt(a);
  if (op == PROG_FMA) return fma(a, b, c);
  if (op == PROG_FLOOR) return floor(a);
  if (op == PROG_CEIL) return ceil(a);
  if (op == PROG_TRUNC) return trunc(a);
  return nearbyint(a);
}

static bool is_equal(tg_type type, uint64_t a, uint64_t b)
{
  if (type == TG_F32) {
    return f32_from_bits((uint32_t)a) == f32_from_bits((uint32_t)b);
  }
  return type == TG_F64 ? f64_from_bits(a) == f64_from_bits(b) : a == b;
}

static bool fold_compare(prog_op op, tg_type type, uint64_t a, uint64_t b)
{
  if (op == PROG_EQ) return is_equal(type, a, b);
  if (op == PROG_NE) return !is_equal(type, a, b);
  if (op == PROG_LT) return eval_less(type, a, b);
  if (op == PROG_GT) return eval_less(type, b, a);
  if (op == PROG_LE) return eval_less(type, a, b) || is_equal(type, a, b);
  return eval_less(type, b, a) || is_equal(type, a, b);
}

bool fold_op(prog_op op, tg_type from, tg_type to, const uint64_t *args, uint64_t *bits)
{
  if (op == PROG_QUO || op == PROG_REM) {
    return fold_divide(op == PROG_QUO, from, args[0], args[1], bits);
  }
  if (prog_op_table[op].result == PROG_RESULT_BOOL) {
    *bits = fold_compare(op, from, args[0], args[1]);
  } else if (op == PROG_CONVERT) {
    *bits = eval_convert(from, to, args[0]);
  } else if (op == PROG_BITCAST) {
    *bits = args[0]; /* canonical already, and made so below if it becomes a float */
  } else if (from == TG_F32) {
    const float a = f32_from_bits((uint32_t)args[0]), b = f32_from_bits((uint32_t)args[1]);
    *bits = f32_bits(fold_f32(op, a, b, f32_from_bits((uint32_t)args[2])));
  } else if (from == TG_F64) {
    *bits = f64_bits(fold_f64(op, f64_from_bits(args[0]), f64_from_bits(args[1]), f64_from_bits(args[2])));
  } else {
    *bits = fold_integer(op, from, args);
  }
  *bits = value_canonical(to, *bits);
  return true;
}

bool fold_wraps(prog_op op, tg_type type, const uint64_t *args)
{
  unsigned bits = type_table[type].bits;
  if (!is_signed(type)) {
    return false;
  }
  uint64_t a = sign_extend(type, args[0]), b = sign_extend(type, args[1]), result = fold_integer(op, type, args);
  uint64_t wide = sign_extend(type, result);
  bool negative_a = a >> 63 != 0, negative_b = b >> 63 != 0, negative = wide >> 63 != 0;
  if (op == PROG_ADD) {
    return negative_a == negative_b && negative != negative_a;
  }
  if (op == PROG_SUB) {
    return negative_a != negative_b && negative != negative_a;
  }
  if (op == PROG_SHL) {
    return a != 0 && (args[1] >= bits || sign_extend(type, fold_shift(PROG_SHR, type, result, args[1])) != a);
  }
  if (op == PROG_MUL) {
    uint64_t m = negative_a ? 0 - a : a, n = negative_b ? 0 - b : b;
    uint64_t most = (UINT64_C(1) << (bits - 1)) - (negative_a == negative_b ? 1 : 0);
    return n != 0 && m > most / n;
  }
  return false;
}
