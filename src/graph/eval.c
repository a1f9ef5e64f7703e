/* eval.c: the semantics columns of ops.def made into functions, and the operations that no expression can say. */
#include "graph/eval.h"

#include "base/float.h"
#include "graph/element.h"

#include <math.h>

/* ---- the semantics columns ----
 * One function per operation and kind of type. Operands of integers come extended to 64 bits, by zeros or by the sign;
 * the caller cuts the result to the width, which is what wrapping means. */

typedef uint64_t (*eval_fn)(uint64_t x, uint64_t y, uint64_t z, uint64_t L, unsigned W);

static uint64_t pack_int(uint64_t x)
{
  return x;
}

static uint64_t pack_truth(int x)
{
  return x != 0;
}

static uint64_t pack_f32(float x)
{
  return f32_bits(x);
}

static uint64_t pack_f64(double x)
{
  return f64_bits(x);
}

/* clang-format off */
#define PACK(x) _Generic((x), int: pack_truth, uint64_t: pack_int, float: pack_f32, double: pack_f64)(x)
#define NONE 0
#define SQRT(x) _Generic((x), float: sqrtf, double: sqrt)(x)
#define FMA(x, y, z) _Generic((x), float: fmaf, double: fma)(x, y, z)
#define UNUSED ((void)a, (void)b, (void)c, (void)L, (void)W)

#define TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)                   \
  static uint64_t u_##id(uint64_t a, uint64_t b, uint64_t c, uint64_t L, unsigned W)        \
  {                                                                                         \
    UNUSED;                                                                                 \
    return PACK(u);                                                                         \
  }                                                                                         \
  static uint64_t s_##id(uint64_t a, uint64_t b, uint64_t c, uint64_t L, unsigned W)        \
  {                                                                                         \
    UNUSED;                                                                                 \
    return PACK(s);                                                                         \
  }
#include "graph/ops.def"

#define F float
#define TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)                   \
  static uint64_t f32_##id(uint64_t x, uint64_t y, uint64_t z, uint64_t L, unsigned W)      \
  {                                                                                         \
    float a = f32_from_bits((uint32_t)x), b = f32_from_bits((uint32_t)y), c = f32_from_bits((uint32_t)z); \
    UNUSED;                                                                                 \
    return PACK(f);                                                                         \
  }
#include "graph/ops.def"
#undef F

#define F double
#define TG_OP(id, name, symbol, group, rule, flags, linear, u, s, f, doc)                   \
  static uint64_t f64_##id(uint64_t x, uint64_t y, uint64_t z, uint64_t L, unsigned W)      \
  {                                                                                         \
    double a = f64_from_bits(x), b = f64_from_bits(y), c = f64_from_bits(z);                \
    UNUSED;                                                                                 \
    return PACK(f);                                                                         \
  }
#include "graph/ops.def"
#undef F

enum { KIND_UNSIGNED, KIND_SIGNED, KIND_F32, KIND_F64 };

static const eval_fn functions[TG_OP_COUNT][4] = {
#define TG_OP(id, ...) [TG_OP_##id] = {u_##id, s_##id, f32_##id, f64_##id},
#include "graph/ops.def"
};
/* clang-format on */

static uint64_t extend(tg_type type, uint64_t value)
{
  unsigned shift = 64u - type_table[type].bits;
  bool is_negative = type_table[type].is_signed && (value >> (63 - shift) & 1) != 0;
  return is_negative ? value | ~type_mask(type) : value;
}

static int kind_of(tg_type type)
{
  if (type_in(type, TG_CLASS_FLOAT)) {
    return type == TG_F32 ? KIND_F32 : KIND_F64;
  }
  return type_table[type].is_signed ? KIND_SIGNED : KIND_UNSIGNED;
}

static uint64_t apply(tg_op op, tg_type type, const uint64_t x[3], uint64_t lane)
{
  int kind = kind_of(type);
  unsigned width = type_table[type].bits;
  return functions[op][kind](extend(type, x[0]), extend(type, x[1]), extend(type, x[2]), lane, width) & type_mask(type);
}

uint64_t eval_iota(tg_type type, uint64_t start, uint64_t stride, uint64_t lane)
{
  return apply(TG_OP_IOTA, type, (uint64_t[3]){start, stride, 0}, lane);
}

bool eval_less(tg_type type, uint64_t a, uint64_t b)
{
  return apply(TG_OP_LT, type, (uint64_t[3]){a, b, 0}, 0) != 0;
}

bool eval_is_nan(tg_type type, uint64_t value)
{
  return type == TG_F32 ? f32_is_nan((uint32_t)value) : type == TG_F64 && f64_is_nan(value);
}

uint64_t eval_index(tg_type type, uint64_t value)
{
  uint64_t index = extend(type, value);
  return index >> 63 ? UINT64_MAX : index;
}

uint64_t eval_fold(tg_fold fold, tg_type type, uint64_t a, uint64_t b)
{
  static const tg_op ops[TG_FOLD_COUNT] = {[TG_FOLD_ADD] = TG_OP_ADD,
                                           [TG_FOLD_MAX] = TG_OP_MAX,
                                           [TG_FOLD_AND] = TG_OP_AND,
                                           [TG_FOLD_OR] = TG_OP_OR,
                                           [TG_FOLD_XOR] = TG_OP_XOR};
  if (fold == TG_FOLD_MIN) {
    return eval_less(type, b, a) ? b : a;
  }
  return apply(ops[fold], type, (uint64_t[3]){a, b, 0}, 0);
}

/* ---- division ----
 * Euclidean: the C remainder has the sign of a; one step of |b| makes it non-negative. Magnitudes are unsigned, so the
 * lowest integer needs no special case. */

static void divmod(tg_type type, uint64_t a, uint64_t b, uint64_t *quotient, uint64_t *remainder)
{
  uint64_t x = extend(type, a), y = extend(type, b);
  bool x_negative = type_table[type].is_signed && x >> 63, y_negative = type_table[type].is_signed && y >> 63;
  uint64_t x_size = x_negative ? 0 - x : x, y_size = y_negative ? 0 - y : y;
  uint64_t q = 0, r = x;
  if (y != 0) {
    q = x_size / y_size;
    r = x_size % y_size;
    if (x_negative && r != 0) {
      q += 1;
      r = y_size - r;
    }
    q = x_negative != y_negative ? 0 - q : q;
  }
  *quotient = q & type_mask(type);
  *remainder = r & type_mask(type);
}

/* ---- conversions ---- */

static uint64_t from_float(tg_type to, double x)
{
  const type_info *info = &type_table[to];
  double top = ldexp(1.0, info->is_signed ? info->bits - 1 : info->bits);
  uint64_t greatest = info->is_signed ? type_mask(to) >> 1 : type_mask(to);
  if (isnan(x)) {
    return 0;
  }
  if (x >= top) {
    return greatest;
  }
  if (info->is_signed) {
    return x <= -top ? greatest + 1 : (uint64_t)(int64_t)x & type_mask(to);
  }
  return x <= 0 ? 0 : (uint64_t)x;
}

static uint64_t to_f32(tg_type from, uint64_t value)
{
  uint64_t x = extend(from, value);
  if (from == TG_F64) {
    return f32_bits((float)f64_from_bits(value));
  }
  return f32_bits(type_table[from].is_signed ? (float)(int64_t)x : (float)x);
}

static uint64_t to_f64(tg_type from, uint64_t value)
{
  uint64_t x = extend(from, value);
  if (from == TG_F32) {
    return f64_bits((double)f32_from_bits((uint32_t)value));
  }
  return f64_bits(type_table[from].is_signed ? (double)(int64_t)x : (double)x);
}

static double as_f64(tg_type type, uint64_t value)
{
  return type == TG_F32 ? (double)f32_from_bits((uint32_t)value) : f64_from_bits(value);
}

uint64_t eval_convert(tg_type from, tg_type to, uint64_t value)
{
  bool from_is_float = type_in(from, TG_CLASS_FLOAT);
  if (from == to) {
    return value;
  }
  if (to == TG_BOOL) {
    return from_is_float ? as_f64(from, value) != 0 : value != 0;
  }
  if (to == TG_F32) {
    return to_f32(from, value);
  }
  if (to == TG_F64) {
    return to_f64(from, value);
  }
  return from_is_float ? from_float(to, as_f64(from, value)) : extend(from, value) & type_mask(to);
}

static double round_to(tg_rounding rounding, double x)
{
  switch (rounding) {
  case TG_ROUND_EVEN: return nearbyint(x);
  case TG_ROUND_DOWN: return floor(x);
  case TG_ROUND_UP: return ceil(x);
  case TG_ROUND_ZERO: return trunc(x);
  case TG_ROUNDING_COUNT: break;
  }
  return x;
}

/* Every f32 is an f64, and its integral neighbours are too, so that one width serves both. */
static uint64_t eval_round(tg_type type, tg_rounding rounding, uint64_t value)
{
  double x = round_to(rounding, as_f64(type, value));
  return type == TG_F32 ? f32_bits((float)x) : f64_bits(x);
}

/* ---- linear ---- */

static uint64_t add_mod(uint64_t a, uint64_t b, uint64_t m)
{
  return a >= m - b ? a - (m - b) : a + b;
}

/* a * b mod m for a, b < m, by doubling: no wider type is needed. */
static uint64_t mul_mod(uint64_t a, uint64_t b, uint64_t m)
{
  uint64_t product = 0;
  for (; b != 0; b >>= 1) {
    if (b & 1) {
      product = add_mod(product, a, m);
    }
    a = add_mod(a, a, m);
  }
  return product;
}

typedef struct row_sum {
  uint64_t value;
  bool has_any;
} row_sum;

static uint64_t parity(uint64_t x)
{
  uint64_t ones = 0;
  for (; x != 0; x &= x - 1) {
    ones ^= 1;
  }
  return ones;
}

/* Adds one entry's product to a row; x is NULL for the entry of c. */
static void add_entry(const graph_node *node, tg_type type, row_sum *sum, uint64_t entry, const uint64_t *x)
{
  uint64_t m = node->imm, operand = x == NULL ? 1 : *x, product = entry;
  switch (node_ring(node)) {
  case TG_RING_INT: sum->value = (sum->value + entry * operand) & type_mask(type); break;
  case TG_RING_GF2: sum->value ^= parity(entry & operand); break;
  case TG_RING_MOD: sum->value = add_mod(sum->value, mul_mod(entry % m, operand % m, m), m); break;
  case TG_RING_FLOAT:
    if (x != NULL) {
      product = apply(TG_OP_MUL, type, (uint64_t[3]){entry, *x, 0}, 0);
    }
    sum->value = sum->has_any ? apply(TG_OP_ADD, type, (uint64_t[3]){sum->value, product, 0}, 0) : product;
    break;
  case TG_RING_COUNT: break;
  }
  sum->has_any = true;
}

static void put_row(const graph_node *node, tg_type type, uint32_t row, uint64_t value, uint64_t *y)
{
  if (node_ring(node) == TG_RING_GF2) {
    unsigned bits = type_table[type].bits;
    y[row / bits] |= value << row % bits;
  } else {
    y[row] = value;
  }
}

static void eval_linear(const tg_graph *g, const graph_node *node, uint64_t *values)
{
  const uint32_t *x = node_args(g, node);
  const tg_entry *entries = node_entries(g, node);
  tg_type type = (tg_type)g->values.data[node->first_result].type;
  uint64_t *y = values + node->first_result;
  for (uint32_t i = 0; i < node->n_results; i++) {
    y[i] = 0;
  }
  for (uint32_t i = 0; i < node->n_entries;) {
    row_sum sum = {0, false};
    uint32_t row = entries[i].row;
    for (; i < node->n_entries && entries[i].row == row; i++) {
      uint32_t column = entries[i].column;
      add_entry(node, type, &sum, values[entries[i].value], column == node->n_args ? NULL : &values[x[column]]);
    }
    put_row(node, type, row, sum.value, y);
  }
}

/* ---- nodes ---- */

static void eval_transform(const tg_graph *g, const graph_node *node, uint64_t *values)
{
  const uint32_t *args = node_args(g, node);
  uint64_t x[3] = {0, 0, 0};
  for (uint32_t i = 0; i < node->n_args; i++) {
    x[i] = values[args[i]];
  }
  tg_type type = (tg_type)g->values.data[args[0]].type;
  values[node->first_result] = apply((tg_op)node->op, type, x, 0);
}

void eval_node(const tg_graph *g, const graph_node *node, uint64_t *values)
{
  if (node->op == TG_OP_LINEAR) {
    eval_linear(g, node, values);
    return;
  }
  if (node->op == TG_OP_CONST) {
    values[node->first_result] = node->imm;
    return;
  }
  const uint32_t *args = node_args(g, node);
  tg_type type = (tg_type)g->values.data[args[0]].type;
  uint64_t *result = &values[node->first_result];
  switch (node->op) {
  case TG_OP_DIVMOD: divmod(type, values[args[0]], values[args[1]], result, result + 1); break;
  case TG_OP_SELECT:
    *result = functions[TG_OP_SELECT][KIND_UNSIGNED](values[args[0]], values[args[1]], values[args[2]], 0, 64);
    break;
  case TG_OP_ROUND: *result = eval_round(type, (tg_rounding)node->detail, values[args[0]]); break;
  case TG_OP_CONVERT: *result = eval_convert(type, (tg_type)node->type, values[args[0]]); break;
  case TG_OP_BITCAST: *result = value_canonical(type, values[args[0]]); break;
  default: eval_transform(g, node, values);
  }
}
