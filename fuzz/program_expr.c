/* program_expr.c: random expressions of a wanted type. */
#include "program_maker.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SOFT_BYTES = PROGRAM_BYTES / 4 }; /* from here on everything is as short as can be */

unsigned pick(maker *m, unsigned below)
{
  return m->n > SOFT_BYTES ? 0 : choose(m->c, below);
}

void put(maker *m, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(m->text + m->n, PROGRAM_BYTES - m->n, format, arguments);
  va_end(arguments);
  m->n += n > 0 && m->n + (size_t)n < PROGRAM_BYTES ? (size_t)n : 0;
}

/* ---- types ---- */

tg_type any_type(maker *m)
{
  return (tg_type)pick(m, TG_TYPE_COUNT);
}

tg_type int_type(maker *m)
{
  static const tg_type types[] = {TG_I32, TG_U32, TG_U64, TG_I8, TG_U8, TG_I16, TG_U16, TG_I64};
  return types[pick(m, 8)];
}

bool is_float(tg_type type)
{
  return type == TG_F32 || type == TG_F64;
}

bool is_signed(tg_type type)
{
  return type == TG_I8 || type == TG_I16 || type == TG_I32 || type == TG_I64;
}

bool same_kind(kind a, kind b)
{
  if (a.shape != b.shape) {
    return false;
  }
  return a.shape == SHAPE_STRUCT ? a.n == b.n : a.type == b.type && (a.shape != SHAPE_ARRAY || a.n == b.n);
}

void put_kind(maker *m, kind k)
{
  switch (k.shape) {
  case SHAPE_SCALAR: put(m, "%s", tg_type_name(k.type)); break;
  case SHAPE_STRUCT: put(m, "s%u", k.n); break;
  case SHAPE_ARRAY: put(m, "[%s; %u]", tg_type_name(k.type), k.n); break;
  case SHAPE_VIEW: put(m, "[%s]", tg_type_name(k.type)); break;
  }
}

/* ---- literals ---- */

static void float_literal(maker *m, tg_type type)
{
  static const char *const values[] = {
      "1.0",        "0.0", "0.5",   "2.75",         "3e9",   "1e-40", "7e22", "0x1.fffffep127",
      "16777217.0", "0.1", "255.5", "4294967295.5", "1e-45", "9.3e18"};
  unsigned k = pick(m, 20);
  const char *t = tg_type_name(type);
  if (k < 14) {
    put(m, "%s(%s%s)", t, pick(m, 3) == 1 ? "-" : "", values[k]);
  } else if (k == 14) {
    put(m, "%s(nan)", t);
  } else if (k < 17) {
    put(m, "%s(%sinf)", t, k == 15 ? "" : "-");
  } else {
    put(m, "%s_from_bits(%uu%s)", t, k == 17 ? 0x80000000u : 0x7F812345u, t + 1);
  }
}

/* Edges of the range, and small numbers. */
static void int_literal(maker *m, tg_type type)
{
  unsigned w = (unsigned)tg_type_bytes(type) * 8, k = pick(m, 12);
  uint64_t most = is_signed(type) ? (UINT64_C(1) << (w - 1)) - 1 : UINT64_MAX >> (64 - w);
  const char *t = tg_type_name(type);
  if (k < 6) {
    put(m, "%u%s", k, t);
  } else if (k < 8) {
    put(m, "%" PRIu64 "%s", most - (k - 6), t);
  } else if (k < 10 && is_signed(type)) {
    put(m, "(-%" PRIu64 "%s)", k == 8 ? UINT64_C(1) : most + 1, t);
  } else {
    put(m, "%u%s", pick(m, 128), t);
  }
}

void literal(maker *m, tg_type type)
{
  if (type == TG_BOOL) {
    put(m, pick(m, 2) ? "true" : "false");
  } else if (is_float(type)) {
    float_literal(m, type);
  } else {
    int_literal(m, type);
  }
}

/* ---- names ---- */

const name *find_name(maker *m, kind k, bool to_assign)
{
  unsigned start = m->n_names > 0 ? pick(m, 255) % m->n_names : 0;
  for (unsigned i = 0; i < m->n_names; i++) {
    const name *v = &m->names[(start + m->n_names - i) % m->n_names];
    if (same_kind(v->kind, k) && (v->may_assign || !to_assign)) {
      return v;
    }
  }
  return NULL;
}

/* An array or view with elements of the type. */
static const name *find_array(maker *m, tg_type type)
{
  unsigned start = m->n_names > 0 ? pick(m, 255) % m->n_names : 0;
  for (unsigned i = 0; i < m->n_names; i++) {
    const name *v = &m->names[(start + m->n_names - i) % m->n_names];
    if ((v->kind.shape == SHAPE_ARRAY || v->kind.shape == SHAPE_VIEW) && v->kind.type == type) {
      return v;
    }
  }
  return NULL;
}

/* The newest scalars, of any type. */
static const name *find_scalar(maker *m)
{
  unsigned start = pick(m, 8);
  for (unsigned i = 0; i < m->n_names; i++) {
    const name *v = &m->names[(2 * m->n_names - 1 - start % m->n_names - i) % m->n_names];
    if (v->kind.shape == SHAPE_SCALAR) {
      return v;
    }
  }
  return NULL;
}

static void variable(maker *m, tg_type type)
{
  const name *v = find_name(m, (kind){SHAPE_SCALAR, type, 0}, false);
  const name *other = v == NULL ? find_scalar(m) : NULL;
  if (v != NULL) {
    put(m, "%s", v->text);
  } else if (other != NULL) {
    put(m, "%s(%s)", tg_type_name(type), other->text);
  } else {
    literal(m, type);
  }
}

void index_expr(maker *m, unsigned n, unsigned depth)
{
  tg_type type = int_type(m);
  switch (pick(m, 6)) {
  case 0: put(m, "%uu32", n > 0 ? pick(m, 32) % n : 0); break;
  case 1:
    put(m, "(");
    expr(m, type, depth);
    put(m, ") %% %u%s", n > 0 ? n : 3, tg_type_name(type));
    break;
  case 2:
    put(m, "(");
    expr(m, type, depth);
    put(m, ") & %u%s", n > 4 ? 7 : n > 2 ? 3 : 1, tg_type_name(type));
    break;
  case 3: variable(m, type); break;
  case 4: expr(m, type, depth); break;
  default: put(m, "%uu32", n > 0 ? n - 1 : 0); break;
  }
}

static void element(maker *m, tg_type type, unsigned depth)
{
  const name *v = find_array(m, type);
  if (v == NULL) {
    variable(m, type);
    return;
  }
  put(m, "%s[", v->text);
  index_expr(m, v->kind.shape == SHAPE_ARRAY ? v->kind.n : 4, depth);
  put(m, "]");
}

static void field(maker *m, tg_type type, unsigned depth)
{
  for (unsigned i = 0; i < m->n_structs; i++) {
    for (unsigned k = 0; k < m->n_fields[i]; k++) {
      if (m->fields[i][k] == type) {
        expr_of(m, (kind){SHAPE_STRUCT, TG_BOOL, i}, depth);
        put(m, ".x%u", k);
        return;
      }
    }
  }
  variable(m, type);
}

/* ---- operators ---- */

static void binary(maker *m, tg_type type, const char *operator, unsigned depth)
{
  put(m, "(");
  expr(m, type, depth);
  put(m, " %s ", operator);
  expr(m, type, depth);
  put(m, ")");
}

static void call_of(maker *m, tg_type type, const char *of, unsigned n, unsigned depth)
{
  put(m, "%s(", of);
  for (unsigned k = 0; k < n; k++) {
    put(m, k > 0 ? ", " : "");
    expr(m, type, depth);
  }
  put(m, ")");
}

static void arithmetic(maker *m, tg_type type, unsigned depth)
{
  static const char *const ints[] = {"+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^"};
  static const char *const floats[] = {"+", "-", "*", "/"};
  static const char *const bools[] = {"&&", "||", "&", "|", "^"};
  if (type == TG_BOOL) {
    binary(m, type, bools[pick(m, 5)], depth);
  } else if (is_float(type)) {
    binary(m, type, floats[pick(m, 4)], depth);
  } else {
    unsigned k = pick(m, 10);
    bool is_safe = (k == 3 || k == 4) && pick(m, 4) > 0;
    put(m, is_safe ? "((" : "(");
    expr(m, type, depth);
    put(m, is_safe ? ") %s ((" : " %s ", ints[k]);
    expr(m, type, depth);
    put(m, is_safe ? ") | 1%s))" : ")", tg_type_name(type));
  }
}

static void comparison(maker *m, unsigned depth)
{
  static const char *const operators[] = {"==", "!=", "<", "<=", ">", ">="};
  tg_type type = any_type(m);
  binary(m, type, operators[pick(m, type == TG_BOOL ? 2 : 6)], depth);
}

void condition(maker *m, unsigned depth)
{
  if (pick(m, 4) == 0) {
    expr(m, TG_BOOL, depth);
  } else {
    comparison(m, depth);
  }
}

static void function_of(maker *m, tg_type type, unsigned depth)
{
  static const char *const floats[] = {"sqrt", "floor", "ceil", "trunc", "round", "abs"};
  unsigned k = pick(m, 8);
  if (type == TG_BOOL) {
    comparison(m, depth);
  } else if (k < 2) {
    call_of(m, type, k == 0 ? "min" : "max", 2, depth);
  } else if (!is_float(type)) {
    bool has_bits = type == TG_U32 || type == TG_U64;
    call_of(m, has_bits && k < 6 ? (type == TG_U32 ? TG_F32 : TG_F64) : type, has_bits && k < 6 ? "to_bits" : "abs", 1,
            depth);
  } else if (k == 2) {
    call_of(m, type, "fma", 3, depth);
  } else if (k == 3) {
    call_of(m, type == TG_F32 ? TG_U32 : TG_U64, type == TG_F32 ? "f32_from_bits" : "f64_from_bits", 1, depth);
  } else {
    call_of(m, type, floats[pick(m, 6)], 1, depth);
  }
}

static void unary(maker *m, tg_type type, unsigned depth)
{
  bool is_minus = is_float(type) || pick(m, 2) == 0;
  put(m, type == TG_BOOL ? "!(" : is_minus ? "-(" : "~(");
  expr(m, type, depth);
  if (type != TG_BOOL && is_minus && !is_float(type)) {
    put(m, " ^ 0%s", tg_type_name(type)); /* a literal with its sign would have to fit */
  }
  put(m, ")");
}

static void choice(maker *m, kind k, unsigned depth)
{
  put(m, "(");
  expr(m, TG_BOOL, depth);
  put(m, " ? ");
  expr_of(m, k, depth);
  put(m, " : ");
  expr_of(m, k, depth);
  put(m, ")");
}

void bits_of(maker *m, const name *v)
{
  bool is_struct = v->kind.shape == SHAPE_STRUCT;
  unsigned k = is_struct ? pick(m, m->n_fields[v->kind.n]) : 0;
  tg_type type = is_struct ? m->fields[v->kind.n][k] : v->kind.type;
  put(m, is_float(type) ? "u64(to_bits(%s" : "u64(%s", v->text);
  if (is_struct) {
    put(m, ".x%u", k);
  }
  put(m, v->kind.shape == SHAPE_ARRAY ? "[%u]" : "", v->kind.shape == SHAPE_ARRAY ? pick(m, v->kind.n) : 0);
  put(m, is_float(type) ? "))" : ")");
}

/* ---- calls ---- */

bool can_call(const maker *m, const function *f)
{
  return f != m->inside && (!f->draws || m->may_draw);
}

void arguments(maker *m, const function *f, unsigned depth)
{
  for (unsigned k = 0; k < f->n_params; k++) {
    put(m, k > 0 ? ", " : "");
    expr_of(m, f->params[k], depth);
  }
}

/* A call of a function with that one result; false: there is none. */
static bool call_for(maker *m, kind k, unsigned depth)
{
  unsigned start = pick(m, MAX_FUNCTIONS);
  for (unsigned i = 0; i < m->n_functions; i++) {
    unsigned at = (start + i) % m->n_functions;
    const function *f = &m->functions[at];
    if (f->n_results == 1 && same_kind(f->results[0], k) && can_call(m, f)) {
      put(m, "f%u(", at);
      arguments(m, f, depth);
      put(m, ")");
      return true;
    }
  }
  return false;
}

/* What only some types have, or else a variable. */
static void special(maker *m, tg_type type, unsigned depth)
{
  unsigned k = pick(m, 6);
  const name *a = find_array(m, TG_U8);
  if (type == TG_U64 && m->has_id && k < 3) {
    put(m, k == 0 && m->is_machine ? "count" : "id");
  } else if (type == TG_U64 && a != NULL && k < 5) {
    put(m, "u64(len(%s))", a->text);
  } else if (type == TG_U32 && m->may_draw) {
    put(m, k < 4 ? "random_u32()" : "uniform_u32(6)");
  } else if (type == TG_U64 && m->may_draw) {
    put(m, "random_u64()");
  } else if (is_float(type) && m->may_draw && k < 4) {
    put(m, "uniform_%s()", tg_type_name(type));
  } else if (is_float(type) && k == 4) {
    call_of(m, type, "exp", 1, depth);
  } else if (type == TG_F64 && k == 5) {
    call_of(m, type, "copysign", 2, depth);
  } else {
    variable(m, type);
  }
}

/* ---- all kinds ---- */

void expr(maker *m, tg_type type, unsigned depth)
{
  unsigned deeper = depth + 1;
  switch (depth >= DEEPEST ? pick(m, 3) : pick(m, 22)) {
  case 0: literal(m, type); break;
  case 1:
  case 2:
  case 3:
  case 4: variable(m, type); break;
  case 5:
  case 6:
  case 7:
  case 8:
  case 9: arithmetic(m, type, deeper); break;
  case 10: unary(m, type, deeper); break;
  case 11: choice(m, (kind){SHAPE_SCALAR, type, 0}, deeper); break;
  case 12:
  case 13: call_of(m, any_type(m), tg_type_name(type), 1, deeper); break;
  case 14:
  case 20:
  case 21: function_of(m, type, deeper); break;
  case 15:
  case 16: element(m, type, deeper); break;
  case 17: field(m, type, deeper); break;
  case 18:
    if (!call_for(m, (kind){SHAPE_SCALAR, type, 0}, deeper)) {
      variable(m, type);
    }
    break;
  default: special(m, type, deeper); break;
  }
}

static void struct_expr(maker *m, kind k, unsigned depth)
{
  const name *v = find_name(m, k, false);
  unsigned how = depth >= DEEPEST ? 0 : pick(m, 6);
  if (how == 4) {
    choice(m, k, depth + 1);
    return;
  }
  if (how == 5 && call_for(m, k, depth + 1)) {
    return;
  }
  if (how < 3 && v != NULL) {
    put(m, "%s", v->text);
    return;
  }
  put(m, "s%u(", k.n);
  for (unsigned i = 0; i < m->n_fields[k.n]; i++) {
    put(m, i > 0 ? ", " : "");
    expr(m, m->fields[k.n][i], depth + 1);
  }
  put(m, ")");
}

/* A new array: a list, a repetition, or the result of a call. */
void new_array(maker *m, kind k, unsigned depth)
{
  unsigned how = pick(m, 4);
  if (how == 3 && call_for(m, k, depth + 1)) {
    return;
  }
  put(m, "[");
  for (unsigned i = 0; i < k.n && how != 0; i++) {
    put(m, i > 0 ? ", " : "");
    expr(m, k.type, depth + 2);
  }
  if (how == 0) {
    expr(m, k.type, depth + 1);
    put(m, "; %u", k.n);
  }
  put(m, "]");
}

void expr_of(maker *m, kind k, unsigned depth)
{
  const name *v;
  switch (k.shape) {
  case SHAPE_SCALAR: expr(m, k.type, depth); break;
  case SHAPE_STRUCT: struct_expr(m, k, depth); break;
  case SHAPE_ARRAY:
    v = pick(m, 4) != 1 ? find_name(m, k, false) : NULL;
    if (v != NULL) {
      put(m, "%s", v->text);
    } else {
      new_array(m, k, depth);
    }
    break;
  case SHAPE_VIEW:
    v = find_array(m, k.type);
    if (v != NULL) {
      put(m, "%s", v->text);
    } else {
      new_array(m, (kind){SHAPE_ARRAY, k.type, 1 + pick(m, 3)}, depth);
    }
    break;
  }
}
