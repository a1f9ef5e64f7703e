/* check_literal.c: literals and conversions: which type they take, and what is lost. */
#include "graph/element.h"
#include "graph/eval.h"
#include "graph/literal.h"
#include "lang/check.h"
#include "lang/number.h"

#include <string.h>

const char *bits_text(checker *c, tg_type type, uint64_t bits)
{
  text t = {.allocator = c->memory->allocator};
  literal_put(&t, type, bits);
  const char *copy = t.failed ? NULL : arena_string(c->memory, t.data, t.n);
  c->memory->failed = c->memory->failed || t.failed;
  text_free(&t);
  return copy == NULL ? "" : copy;
}

static const char *literal_text(checker *c, const tree *t, bool is_negative)
{
  return lang_format(c->l, "%s%.*s", is_negative ? "-" : "", t->n_text > 60 ? 60 : (int)t->n_text, t->text);
}

static bool warns(const checker *c)
{
  return !c->library_scope;
}

/* ---- literals ---- */

static bool integer_fits(tg_type type, uint64_t value, bool is_negative)
{
  uint64_t mask = type_mask(type);
  if (type_in(type, TG_CLASS_FLOAT)) {
    return true;
  }
  if (is_negative) {
    return value == 0 || (type_table[type].is_signed && value - 1 <= mask >> 1);
  }
  return value <= (type_table[type].is_signed ? mask >> 1 : mask);
}

static const char *smallest_type_hint(checker *c, const tree *t, tg_type type, bool is_negative)
{
  if (is_negative && !type_table[type].is_signed) {
    return "unsigned numbers have no sign; ~0 is the largest";
  }
  for (int wide = TG_I32; wide <= TG_U64; wide++) {
    if ((wide == TG_I64 || wide == TG_U32 || wide == TG_U64) && integer_fits((tg_type)wide, t->bits, is_negative)) {
      return lang_format(c->l, "it fits %s: %s%s", type_table[wide].name, literal_text(c, t, is_negative),
                         t->n_text > 40 ? "" : type_table[wide].name);
    }
  }
  return "";
}

static prog_expr *make_integer(checker *c, const tree *t, tg_type type, bool is_negative)
{
  const char *shown = literal_text(c, t, is_negative);
  if (!integer_fits(type, t->bits, is_negative)) {
    CHECK_REPORT(c, LANG_LITERAL_RANGE, t->pos, shown, type_table[type].name,
                 smallest_type_hint(c, t, type, is_negative));
    return expr_poison(c, t->pos);
  }
  if (!type_in(type, TG_CLASS_FLOAT)) {
    return expr_const(c, type, (is_negative ? 0 - t->bits : t->bits) & type_mask(type), t->pos);
  }
  uint64_t bits = eval_convert(TG_U64, type, t->bits);
  if (warns(c) && (eval_convert(type, TG_U64, bits) != t->bits || t->bits == UINT64_MAX)) {
    CHECK_REPORT(c, LANG_LOSSY, t->pos, shown, bits_text(c, type, bits), type_table[type].name,
                 "write a number that the type has");
  }
  prog_expr *e = expr_const(c, type, bits, t->pos);
  return is_negative ? expr_op(c, PROG_NEG, e->type, &e, 1, t->pos) : e;
}

static prog_expr *make_float(checker *c, const tree *t, tg_type type, bool is_negative)
{
  uint64_t bits = number_float(t->text, t->n_text, type);
  const char *shown = bits_text(c, type, bits);
  if (warns(c) && strcmp(shown, "inf") == 0) {
    CHECK_REPORT(c, LANG_LOSSY, t->pos, literal_text(c, t, false), "inf", type_table[type].name, "write inf to say so");
  }
  prog_expr *e = expr_const(c, type, bits, t->pos);
  return is_negative ? expr_op(c, PROG_NEG, e->type, &e, 1, t->pos) : e;
}

/* t: INT or FLOAT. */
prog_expr *check_literal(checker *c, tree *t, prog_type expected, bool is_negative)
{
  bool is_number = type_is(expected, TG_CLASS_NUMBER);
  tg_type type = t->op < TG_TYPE_COUNT ? (tg_type)t->op
                 : is_number           ? (tg_type)expected.scalar
                 : t->kind == TREE_INT ? TG_I32
                                       : TG_F64;
  if (t->kind == TREE_INT) {
    return make_integer(c, t, type, is_negative);
  }
  if (!type_in(type, TG_CLASS_FLOAT)) {
    CHECK_REPORT(c, LANG_FLOAT_FOR_INTEGER, t->pos, type_table[type].name);
    return expr_poison(c, t->pos);
  }
  return make_float(c, t, type, is_negative);
}

static bool negated_fits(const tree *t, tg_type type)
{
  return t->kind == TREE_INT && integer_fits(type, t->bits, true);
}

/* Asked once for each type: constants made of constants may name one very often. */
static bool constant_fits(checker *c, symbol *s, tg_type type)
{
  uint16_t bit = (uint16_t)(1u << type);
  if ((s->fits_known & bit) == 0 && c->depth <= LANG_MAX_NEST) {
    c->depth++;
    s->fits_known |= bit;
    s->fits = (uint16_t)(s->fits | (literals_fit(c, s->node->b, type) ? bit : 0));
    c->depth--;
  }
  return (s->fits & bit) != 0;
}

bool literals_fit(checker *c, tree *t, tg_type type)
{
  if (t == NULL) {
    return true;
  }
  switch (t->kind) {
  case TREE_INT: return integer_fits(type, t->bits, false);
  case TREE_FLOAT: return type_in(type, TG_CLASS_FLOAT);
  case TREE_UNARY:
    return t->op == TREE_NEG && t->a->kind == TREE_INT ? negated_fits(t->a, type) : literals_fit(c, t->a, type);
  case TREE_BINARY: return literals_fit(c, t->a, type) && literals_fit(c, t->b, type);
  case TREE_COND: return literals_fit(c, t->b, type) && literals_fit(c, t->c, type);
  case TREE_CALL:
    for (tree *a = t->a; a != NULL; a = a->next) {
      if (a->kind != TREE_NAME && !literals_fit(c, a, type)) {
        return false;
      }
    }
    return true;
  default: break;
  }
  symbol *s = t->kind == TREE_NAME ? (t->symbol != NULL ? t->symbol : name_lookup(c, t->name)) : NULL;
  if (s != NULL && s->kind == SYMBOL_CONSTANT && s->is_untyped) {
    return constant_fits(c, s, type);
  }
  return s != NULL || type_in(type, TG_CLASS_FLOAT); /* inf and nan have no symbol */
}

/* ---- conversions ---- */

/* Whether a constant is another number after a conversion, in a way that its writer may not mean. */
static bool is_lossy(tg_type from, tg_type to, uint64_t before, uint64_t after)
{
  bool from_float = type_in(from, TG_CLASS_FLOAT), to_float = type_in(to, TG_CLASS_FLOAT);
  if (from == TG_BOOL || to == TG_BOOL) {
    return false;
  }
  if (from_float && to_float) {
    uint64_t inf = to == TG_F32 ? UINT64_C(0x7F800000) : UINT64_C(0x7FF0000000000000);
    uint64_t wide_inf = from == TG_F32 ? UINT64_C(0x7F800000) : UINT64_C(0x7FF0000000000000);
    return (after & type_mask(to) >> 1) == inf && (before & type_mask(from) >> 1) != wide_inf;
  }
  return eval_convert(to, from, after) != before;
}

prog_expr *expr_convert(checker *c, prog_expr *e, tg_type to, lang_pos pos)
{
  prog_expr *result = expr_op(c, PROG_CONVERT, type_scalar(to), &e, 1, pos);
  tg_type from = (tg_type)e->type.scalar;
  if (warns(c) && e->kind == EXPR_CONST && result->kind == EXPR_CONST && is_lossy(from, to, e->bits, result->bits)) {
    CHECK_REPORT(c, LANG_LOSSY, pos, bits_text(c, from, e->bits), bits_text(c, to, result->bits), type_table[to].name,
                 "");
  }
  return result;
}
