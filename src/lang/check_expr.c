/* check_expr.c: expressions: names, operators, elements and fields. An untyped expression is given its type from
 * outside, from the place it stands in or from the other operand; everything else brings its own. */
#include "graph/eval.h"
#include "lang/check.h"

#include <string.h>

/* ---- nodes ---- */

prog_expr *expr_new(checker *c, prog_expr_kind kind, prog_type type, lang_pos pos)
{
  prog_expr *e = arena_new(c->memory, prog_expr);
  if (e == NULL) {
    e = &c->lost_expr;
    type = type_poison();
    kind = EXPR_CONST;
  }
  *e = (prog_expr){.kind = (uint8_t)kind, .type = type, .pos = pos};
  return e;
}

prog_expr *expr_const(checker *c, tg_type type, uint64_t bits, lang_pos pos)
{
  prog_expr *e = expr_new(c, EXPR_CONST, type_scalar(type), pos);
  e->bits = bits;
  return e;
}

prog_expr *expr_poison(checker *c, lang_pos pos)
{
  return expr_new(c, EXPR_CONST, type_poison(), pos);
}

prog_expr *expr_args(checker *c, prog_expr *e, prog_expr *const *args, uint32_t n)
{
  e->args = arena_copy(c->memory, args, n, sizeof(prog_expr *));
  if (e->args == NULL) {
    return expr_poison(c, e->pos);
  }
  e->n_args = n;
  return e;
}

static void warn_fold(checker *c, prog_op op, tg_type type, const uint64_t *x, uint64_t bits, lang_pos pos)
{
  if (!c->library_scope && (op == PROG_ADD || op == PROG_SUB || op == PROG_MUL || op == PROG_SHL) &&
      fold_wraps(op, type, x)) {
    const char *shown =
        lang_format(c->l, "%s %s %s", bits_text(c, type, x[0]), prog_op_table[op].spelling, bits_text(c, type, x[1]));
    CHECK_REPORT(c, LANG_LOSSY, pos, shown, bits_text(c, type, bits), type_table[type].name,
                 "give the literals a wider type, as in 1i64");
  }
}

prog_expr *expr_op(checker *c, prog_op op, prog_type type, prog_expr *const *args, uint32_t n, lang_pos pos)
{
  uint64_t x[3] = {0, 0, 0}, bits = 0;
  bool is_constant = true;
  for (uint32_t i = 0; i < n; i++) {
    if (type_is_poison(args[i]->type)) {
      return expr_poison(c, pos);
    }
    is_constant = is_constant && args[i]->kind == EXPR_CONST;
    x[i] = args[i]->bits;
  }
  tg_type from = (tg_type)args[0]->type.scalar;
  if ((op == PROG_QUO || op == PROG_REM) && args[1]->kind == EXPR_CONST && args[1]->bits == 0 && !c->in_constant) {
    CHECK_REPORT(c, LANG_TRAPS, pos, "the divisor is zero");
  }
  if (is_constant && fold_op(op, from, (tg_type)type.scalar, x, &bits)) {
    if (type_is(args[0]->type, TG_CLASS_INT)) {
      warn_fold(c, op, from, x, bits, pos);
    }
    return expr_const(c, (tg_type)type.scalar, bits, pos);
  }
  bool may_trap = args[n - 1]->kind != EXPR_CONST || args[n - 1]->bits == 0;
  if (c->f != NULL && (op == PROG_QUO || op == PROG_REM) && may_trap) {
    c->f->effects |= PROG_TRAPS;
  }
  prog_expr *e = expr_new(c, EXPR_OP, type, pos);
  e->op = (uint8_t)op;
  return expr_args(c, e, args, n);
}

/* ---- untyped expressions ---- */

static untyped either(untyped a, untyped b)
{
  if (a == UNTYPED_NO || b == UNTYPED_NO) {
    return UNTYPED_NO;
  }
  return a == UNTYPED_FLOAT || b == UNTYPED_FLOAT ? UNTYPED_FLOAT : UNTYPED_INT;
}

static bool is_language_constant(checker *c, const tree *t)
{
  const char *name = lang_name_text(c->l, t->name);
  return strcmp(name, "inf") == 0 || strcmp(name, "nan") == 0;
}

static untyped name_untyped(checker *c, tree *t)
{
  symbol *s = t->symbol != NULL ? t->symbol : name_lookup(c, t->name);
  if (s == NULL) {
    return is_language_constant(c, t) ? UNTYPED_FLOAT : UNTYPED_NO;
  }
  if (s->kind != SYMBOL_CONSTANT) {
    return UNTYPED_NO;
  }
  constant_resolve(c, s);
  return s->is_untyped ? expr_untyped(c, s->node->b) : UNTYPED_NO;
}

static untyped call_untyped(checker *c, tree *t)
{
  if (strcmp(lang_name_text(c->l, t->name), "len") == 0 && t->a != NULL && t->a->kind == TREE_NAME) {
    const symbol *s = name_lookup(c, t->a->name);
    bool is_fixed = s != NULL && (s->type.kind == PROG_ARRAY || (s->kind == SYMBOL_CONSTANT && s->is_table));
    if (s != NULL && s->kind == SYMBOL_CONSTANT && s->state == STATE_NEW) {
      constant_resolve(c, name_lookup(c, t->a->name));
      is_fixed = s->is_table;
    }
    return is_fixed ? UNTYPED_INT : UNTYPED_NO;
  }
  untyped all = UNTYPED_INT;
  for (tree *a = t->a; a != NULL; a = a->next) {
    all = either(all, expr_untyped(c, a));
  }
  return call_is_transparent(c, t) && t->a != NULL ? all : UNTYPED_NO;
}

untyped expr_untyped(checker *c, tree *t)
{
  if (t->untyped != UNTYPED_UNKNOWN) {
    return (untyped)t->untyped;
  }
  untyped u = UNTYPED_NO;
  switch (t->kind) {
  case TREE_INT: u = t->op < TG_TYPE_COUNT ? UNTYPED_NO : UNTYPED_INT; break;
  case TREE_FLOAT: u = t->op < TG_TYPE_COUNT ? UNTYPED_NO : UNTYPED_FLOAT; break;
  case TREE_UNARY: u = t->op == TREE_LOGICAL_NOT ? UNTYPED_NO : expr_untyped(c, t->a); break;
  case TREE_BINARY: u = t->op < TREE_EQ ? either(expr_untyped(c, t->a), expr_untyped(c, t->b)) : UNTYPED_NO; break;
  case TREE_COND: u = either(expr_untyped(c, t->b), expr_untyped(c, t->c)); break;
  case TREE_NAME: u = name_untyped(c, t); break;
  case TREE_CALL: u = call_untyped(c, t); break;
  default: break;
  }
  t->untyped = (uint8_t)u;
  return u;
}

/* ---- operands of one type ---- */

/* The type that operands which are all untyped take. */
static prog_type untyped_type(untyped all, prog_type expected, tg_type fallback)
{
  if (type_is(expected, all == UNTYPED_FLOAT ? TG_CLASS_FLOAT : TG_CLASS_NUMBER)) {
    return expected;
  }
  return type_scalar(fallback != TG_TYPE_COUNT ? fallback : all == UNTYPED_FLOAT ? TG_F64 : TG_I32);
}

static prog_type unify(checker *c, prog_expr **exprs, uint32_t n, const char *spelling, lang_pos pos)
{
  for (uint32_t i = 0; i < n; i++) {
    if (type_is_poison(exprs[i]->type)) {
      return type_poison();
    }
  }
  for (uint32_t i = 1; i < n; i++) {
    prog_type a = exprs[0]->type, b = exprs[i]->type;
    if (!type_same(a, b)) {
      bool both = type_is(a, TG_CLASS_ANY) && type_is(b, TG_CLASS_ANY);
      const char *hint = both ? lang_format(c->l, "convert one, as in %s(...)", type_text(c, a)) : "";
      CHECK_REPORT(c, LANG_OPERANDS, pos, spelling, type_text(c, a), type_text(c, b), hint);
      return type_poison();
    }
  }
  return exprs[0]->type;
}

prog_type check_operands_as(checker *c, tree *const *trees, uint32_t n, prog_type expected, tg_type fallback,
                            const char *spelling, lang_pos pos, prog_expr **exprs)
{
  untyped all = UNTYPED_INT;
  prog_type type = expected;
  for (uint32_t i = 0; i < n; i++) {
    all = either(all, expr_untyped(c, trees[i]));
  }
  if (all != UNTYPED_NO) {
    type = untyped_type(all, expected, fallback);
  }
  for (uint32_t i = 0; i < n; i++) {
    exprs[i] = NULL;
    if (all == UNTYPED_NO && expr_untyped(c, trees[i]) == UNTYPED_NO) {
      exprs[i] = check_value(c, trees[i], expected);
      type = exprs[i]->type;
    }
  }
  for (uint32_t i = 0; i < n; i++) {
    if (exprs[i] == NULL) {
      exprs[i] = type_is_poison(type) ? expr_poison(c, trees[i]->pos) : check_value(c, trees[i], type);
    }
  }
  return unify(c, exprs, n, spelling, pos);
}

prog_type check_operands(checker *c, tree *const *trees, uint32_t n, prog_type expected, const char *spelling,
                         lang_pos pos, prog_expr **exprs)
{
  return check_operands_as(c, trees, n, expected, TG_TYPE_COUNT, spelling, pos, exprs);
}

/* ---- operators ---- */

typedef struct op_info {
  uint8_t op, float_op, class;
} op_info;

static const op_info op_infos[TREE_OP_COUNT] = {
    [TREE_NEG] = {PROG_NEG, PROG_NEG, TG_CLASS_NUMBER},
    [TREE_LOGICAL_NOT] = {PROG_NOT, PROG_NOT, TG_CLASS_BOOL},
    [TREE_COMPLEMENT] = {PROG_NOT, PROG_NOT, TG_CLASS_INT},
    [TREE_MUL] = {PROG_MUL, PROG_MUL, TG_CLASS_NUMBER},
    [TREE_DIV] = {PROG_QUO, PROG_DIV, TG_CLASS_NUMBER},
    [TREE_REM] = {PROG_REM, PROG_REM, TG_CLASS_INT},
    [TREE_ADD] = {PROG_ADD, PROG_ADD, TG_CLASS_NUMBER},
    [TREE_SUB] = {PROG_SUB, PROG_SUB, TG_CLASS_NUMBER},
    [TREE_SHL] = {PROG_SHL, PROG_SHL, TG_CLASS_INT},
    [TREE_SHR] = {PROG_SHR, PROG_SHR, TG_CLASS_INT},
    [TREE_AND] = {PROG_AND, PROG_AND, TG_CLASS_BITS},
    [TREE_XOR] = {PROG_XOR, PROG_XOR, TG_CLASS_BITS},
    [TREE_OR] = {PROG_OR, PROG_OR, TG_CLASS_BITS},
    [TREE_EQ] = {PROG_EQ, PROG_EQ, TG_CLASS_ANY},
    [TREE_NE] = {PROG_NE, PROG_NE, TG_CLASS_ANY},
    [TREE_LT] = {PROG_LT, PROG_LT, TG_CLASS_NUMBER},
    [TREE_LE] = {PROG_LE, PROG_LE, TG_CLASS_NUMBER},
    [TREE_GT] = {PROG_GT, PROG_GT, TG_CLASS_NUMBER},
    [TREE_GE] = {PROG_GE, PROG_GE, TG_CLASS_NUMBER},
    [TREE_BOTH] = {0, 0, TG_CLASS_BOOL},
    [TREE_EITHER] = {0, 0, TG_CLASS_BOOL},
};

static const char *class_hint(tree_op op, prog_type type)
{
  bool is_bool = type_is(type, TG_CLASS_BOOL);
  if (op == TREE_COMPLEMENT && is_bool) {
    return "write ! for bool";
  }
  if (op == TREE_LOGICAL_NOT) {
    return "write ~ for the complement of an integer, or x == 0";
  }
  if (op == TREE_BOTH || op == TREE_EITHER) {
    return "write what the number is compared with, as in x != 0";
  }
  return is_bool ? "bool has & | ^ && || == != and !" : "";
}

bool binary_class(checker *c, tree_op op, prog_type type, lang_pos pos)
{
  if (type_is_poison(type)) {
    return false;
  }
  if (!type_is(type, op_infos[op].class)) {
    CHECK_REPORT(c, LANG_OPERAND_CLASS, pos, tree_op_spelling(op), type_text(c, type), class_hint(op, type));
    return false;
  }
  return true;
}

prog_expr *binary_make(checker *c, tree_op op, prog_type type, prog_expr *const *args, lang_pos pos)
{
  const op_info *info = &op_infos[op];
  if (!binary_class(c, op, type, pos)) {
    return expr_poison(c, pos);
  }
  bool compares = op >= TREE_EQ && op <= TREE_GE;
  prog_op how = (prog_op)(type_is(type, TG_CLASS_FLOAT) ? info->float_op : info->op);
  return expr_op(c, how, compares ? type_scalar(TG_BOOL) : type, args, 2, pos);
}

/* && and ||. A constant on the left decides. */
static prog_expr *check_logic(checker *c, tree *t)
{
  prog_expr *args[2];
  tree *sides[2] = {t->a, t->b};
  bool is_both = t->op == TREE_BOTH, is_good = true;
  for (int i = 0; i < 2; i++) {
    args[i] = check_value(c, sides[i], type_none());
    is_good = binary_class(c, (tree_op)t->op, args[i]->type, sides[i]->pos) && is_good;
  }
  if (!is_good) {
    return expr_poison(c, t->pos);
  }
  if (args[0]->kind == EXPR_CONST) {
    return (args[0]->bits != 0) == is_both ? args[1] : args[0];
  }
  return expr_args(c, expr_new(c, is_both ? EXPR_AND : EXPR_OR, type_scalar(TG_BOOL), t->pos), args, 2);
}

static prog_expr *check_binary(checker *c, tree *t, prog_type expected)
{
  prog_expr *args[2];
  tree *sides[2] = {t->a, t->b};
  tree_op op = (tree_op)t->op;
  if (op == TREE_BOTH || op == TREE_EITHER) {
    return check_logic(c, t);
  }
  bool compares = op >= TREE_EQ && op <= TREE_GE;
  prog_type type = check_operands(c, sides, 2, compares ? type_none() : expected, tree_op_spelling(op), t->pos, args);
  return binary_make(c, op, type, args, t->pos);
}

static prog_expr *check_unary(checker *c, tree *t, prog_type expected)
{
  if (t->op == TREE_NEG && (t->a->kind == TREE_INT || t->a->kind == TREE_FLOAT)) {
    return check_literal(c, t->a, expected, true);
  }
  prog_expr *e = check_value(c, t->a, expected);
  if (!binary_class(c, (tree_op)t->op, e->type, t->pos)) {
    return expr_poison(c, t->pos);
  }
  return expr_op(c, (prog_op)op_infos[t->op].op, e->type, &e, 1, t->pos);
}

static prog_expr *check_cond(checker *c, tree *t, prog_type expected)
{
  prog_expr *args[3], *sides[2];
  tree *trees[2] = {t->b, t->c};
  args[0] = check_condition(c, t->a);
  untyped all = either(expr_untyped(c, t->b), expr_untyped(c, t->c));
  bool is_mixed = all == UNTYPED_NO && expr_untyped(c, t->b) == expr_untyped(c, t->c);
  if (is_mixed) { /* both have types of their own, maybe structs */
    sides[0] = check_value(c, t->b, expected);
    sides[1] = check_value(c, t->c, expected);
  } else {
    check_operands(c, trees, 2, expected, "?:", t->pos, sides);
  }
  args[1] = sides[0];
  args[2] = sides[1];
  if (type_is_poison(args[0]->type) || type_is_poison(args[1]->type) || type_is_poison(args[2]->type)) {
    return expr_poison(c, t->pos);
  }
  if (!type_same(args[1]->type, args[2]->type)) {
    if (is_mixed) {
      CHECK_REPORT(c, LANG_BRANCH_TYPES, t->pos, type_text(c, args[1]->type), type_text(c, args[2]->type),
                   "both sides have one type");
    }
    return expr_poison(c, t->pos);
  }
  if (args[0]->kind == EXPR_CONST && args[1]->kind == EXPR_CONST && args[2]->kind == EXPR_CONST) {
    return args[args[0]->bits != 0 ? 1 : 2];
  }
  return expr_args(c, expr_new(c, EXPR_COND, args[1]->type, t->pos), args, 3);
}

/* ---- names ---- */

static prog_expr *check_language_name(checker *c, tree *t, prog_type expected)
{
  const char *name = lang_name_text(c->l, t->name);
  bool is_id = strcmp(name, "id") == 0, is_count = strcmp(name, "count") == 0;
  if (is_language_constant(c, t)) {
    prog_type type = type_is(expected, TG_CLASS_FLOAT) ? expected : type_scalar(TG_F64);
    uint64_t bits = type.scalar == TG_F32 ? UINT64_C(0x7F800000) : UINT64_C(0x7FF0000000000000);
    uint64_t quiet = type.scalar == TG_F32 ? UINT64_C(0x400000) : UINT64_C(0x8000000000000);
    return expr_const(c, (tg_type)type.scalar, name[0] == 'n' ? bits | quiet : bits, t->pos);
  }
  if (!is_id && !is_count) {
    name_undefined(c, t->name, t->pos);
    return expr_poison(c, t->pos);
  }
  if (c->f == NULL || c->f->entry == NULL) {
    CHECK_REPORT(c, LANG_ID_PLACE, t->pos, name, c->f == NULL ? "in a constant" : "in a function",
                 "give it to the function as an argument");
    return expr_poison(c, t->pos);
  }
  if (is_count && !c->f->entry->is_machine) {
    CHECK_REPORT(c, LANG_ID_PLACE, t->pos, name, "in a kernel", "make it a parameter");
    return expr_poison(c, t->pos);
  }
  if (is_id && (c->f->report == REPORT_OUTER || c->f->report == REPORT_UNIFORM)) {
    CHECK_REPORT(c, LANG_REPORT_VARIES, t->pos, name);
    return expr_poison(c, t->pos);
  }
  return expr_new(c, is_id ? EXPR_ID : EXPR_COUNT, type_scalar(TG_U64), t->pos);
}

/* An operand of the kernel or machine, as its body or report sees it. */
static prog_expr *check_operand(checker *c, tree *t, symbol *s)
{
  const prog_operand *o = &c->f->entry->operands[s->index];
  const char *name = lang_name_text(c->l, t->name);
  prog_operand_kind kind = (prog_operand_kind)o->kind;
  report_mode mode = c->f->report;
  bool varies = kind == OPERAND_INPUT || kind == OPERAND_OUTPUT;
  if (varies && (mode == REPORT_OUTER || mode == REPORT_UNIFORM)) {
    CHECK_REPORT(c, LANG_REPORT_VARIES, t->pos, name);
    return expr_poison(c, t->pos);
  }
  static const uint8_t kinds[] = {[OPERAND_PARAM] = EXPR_PARAM,
                                  [OPERAND_INPUT] = EXPR_INPUT,
                                  [OPERAND_SHARED] = EXPR_SHARED,
                                  [OPERAND_OUTPUT] = EXPR_OUTPUT};
  prog_expr *e = expr_new(c, (prog_expr_kind)kinds[kind], s->type, t->pos);
  e->index = s->index;
  return e;
}

static prog_expr *check_variable_name(checker *c, tree *t, symbol *s)
{
  if (c->f->report == REPORT_INSIDE) {
    CHECK_REPORT(c, LANG_REPORT_NAME, t->pos, lang_name_text(c->l, t->name));
    return expr_poison(c, t->pos);
  }
  prog_expr *e = expr_new(c, EXPR_VARIABLE, s->type, t->pos);
  e->index = s->index;
  return e;
}

static prog_expr *check_name(checker *c, tree *t, prog_type expected)
{
  symbol *s = t->symbol != NULL ? t->symbol : name_lookup(c, t->name);
  bool is_unheard_of = s != NULL && s->from_library && s->kind == SYMBOL_FUNCTION && !c->library_scope;
  if (s == NULL || is_unheard_of) { /* who forgot a variable need not know all functions of the library */
    return check_language_name(c, t, expected);
  }
  s->is_used = true;
  if (s->kind == SYMBOL_CONSTANT) {
    return constant_value(c, s, expected, t->pos);
  }
  if (s->kind != SYMBOL_VARIABLE && s->kind != SYMBOL_OPERAND) {
    const char *hint = s->kind == SYMBOL_FUNCTION ? "call it with its arguments in parentheses" : "";
    CHECK_REPORT(c, LANG_NOT_A_VALUE, t->pos, lang_name_text(c->l, t->name), symbol_kind_text(s), hint);
    return expr_poison(c, t->pos);
  }
  if (type_is_poison(s->type)) {
    return expr_poison(c, t->pos);
  }
  return s->kind == SYMBOL_OPERAND ? check_operand(c, t, s) : check_variable_name(c, t, s);
}

/* ---- elements, fields, lists ---- */

bool warn_subscript(checker *c, prog_type whole, const prog_expr *index)
{
  if (index->kind != EXPR_CONST || whole.kind != PROG_ARRAY || type_is_poison(index->type) ||
      eval_index((tg_type)index->type.scalar, index->bits) < whole.n) {
    return false;
  }
  if (!c->in_constant) {
    const char *shown = bits_text(c, (tg_type)index->type.scalar, index->bits);
    CHECK_REPORT(c, LANG_TRAPS, index->pos, lang_format(c->l, "index %s of %u elements", shown, (unsigned)whole.n));
  }
  return true;
}

/* An element of a table at a constant place is a constant. */
static prog_expr *fold_index(checker *c, prog_expr *e)
{
  const prog_expr *whole = e->args[0], *index = e->args[1];
  if (warn_subscript(c, whole->type, index) || whole->kind != EXPR_TABLE || index->kind != EXPR_CONST) {
    return e;
  }
  return expr_const(c, (tg_type)whole->type.scalar, c->tables.data[whole->index].bits[index->bits], e->pos);
}

prog_expr *check_index_of(checker *c, tree *t)
{
  prog_expr *index = check_value(c, t, type_none());
  if (!type_is_poison(index->type) && !type_is(index->type, TG_CLASS_INT)) {
    CHECK_REPORT(c, LANG_INDEX_TYPE, t->pos, type_text(c, index->type));
    return expr_poison(c, t->pos);
  }
  return index;
}

static prog_expr *check_index(checker *c, tree *t)
{
  prog_expr *args[2] = {check_any(c, t->a, type_none()), check_index_of(c, t->b)};
  if (type_is_poison(args[0]->type) || type_is_poison(args[1]->type)) {
    return expr_poison(c, t->pos);
  }
  if (!type_is_array(args[0]->type)) {
    CHECK_REPORT(c, LANG_NOT_AN_ARRAY, t->pos, type_text(c, args[0]->type));
    return expr_poison(c, t->pos);
  }
  if (t->a->kind != TREE_NAME) {
    CHECK_REPORT(c, LANG_ARRAY_VALUE, t->pos, NULL);
    return expr_poison(c, t->pos);
  }
  if (c->f != NULL) {
    c->f->effects |= PROG_TRAPS;
  }
  prog_expr *e = expr_new(c, EXPR_INDEX, type_scalar((tg_type)args[0]->type.scalar), t->pos);
  e = expr_args(c, e, args, 2);
  return type_is_poison(e->type) ? e : fold_index(c, e);
}

uint32_t field_find(checker *c, prog_type type, const tree *t)
{
  const char *name = lang_name_text(c->l, t->name);
  if (type.kind != PROG_STRUCT) {
    CHECK_REPORT(c, LANG_NOT_A_STRUCT, t->name_pos, type_text(c, type));
    return UINT32_MAX;
  }
  const prog_struct *s = &c->structs.data[type.n];
  for (uint32_t i = 0; i < s->n_fields; i++) {
    if (s->fields[i].name == name) {
      return i;
    }
  }
  CHECK_REPORT(c, LANG_NO_FIELD, t->name_pos, s->name, name,
               s->n_fields > 0 ? lang_format(c->l, "its first is '%.200s'", s->fields[0].name) : "");
  return UINT32_MAX;
}

static prog_expr *check_member(checker *c, tree *t)
{
  prog_expr *whole = check_value(c, t->a, type_none());
  if (type_is_poison(whole->type)) {
    return whole;
  }
  uint32_t field = field_find(c, whole->type, t);
  if (field == UINT32_MAX) {
    return expr_poison(c, t->pos);
  }
  prog_expr *e = expr_new(c, EXPR_FIELD, type_scalar(c->structs.data[whole->type.n].fields[field].type), t->pos);
  e->index = field;
  return expr_args(c, e, &whole, 1);
}

/* The type of the elements of a list: what is expected, else that of the first which has one of its own; that one is
 * checked here, once, into args. */
static prog_type element_type(checker *c, tree *t, prog_type expected, prog_expr **args)
{
  untyped all = UNTYPED_INT;
  uint32_t at = 0;
  if (type_is_array(expected)) {
    return type_scalar((tg_type)expected.scalar);
  }
  for (tree *e = t->a; e != NULL; e = e->next, at++) {
    all = either(all, expr_untyped(c, e));
    if (expr_untyped(c, e) == UNTYPED_NO) {
      args[at] = check_value(c, e, type_none());
      return args[at]->type;
    }
  }
  return type_scalar(all == UNTYPED_FLOAT ? TG_F64 : TG_I32);
}

static prog_expr *check_list(checker *c, tree *t, prog_type expected)
{
  uint32_t n = tree_count(t->a), at = 0;
  prog_expr **args = arena_array(c->memory, prog_expr *, n);
  bool is_good = args != NULL;
  prog_type type = is_good ? element_type(c, t, expected, args) : type_poison();
  if (type_is_poison(type)) {
    return expr_poison(c, t->pos);
  }
  if (type.kind != PROG_SCALAR || n > TG_MAX_ARRAY) {
    const char *found = type.kind != PROG_SCALAR ? "the elements are scalars" : "this list is longer";
    CHECK_REPORT(c, LANG_LENGTH, t->pos, "1048576", found);
    return expr_poison(c, t->pos);
  }
  for (tree *a = t->a; a != NULL; a = a->next, at++) {
    args[at] = args[at] != NULL ? args[at] : check_as(c, a, type);
    is_good = is_good && !type_is_poison(args[at]->type);
  }
  if (!is_good) {
    return expr_poison(c, t->pos);
  }
  prog_expr *e = expr_new(c, EXPR_LIST, (prog_type){PROG_ARRAY, type.scalar, n}, t->pos);
  e->args = args;
  e->n_args = n;
  return e;
}

static prog_expr *check_fill(checker *c, tree *t, prog_type expected)
{
  tree length = {.kind = TREE_ARRAY, .a = NULL, .b = t->b, .pos = t->pos};
  tree scalar = {.kind = TREE_SCALAR, .op = TG_BOOL, .pos = t->pos};
  length.a = &scalar;
  prog_type element = type_is_array(expected) ? type_scalar((tg_type)expected.scalar) : type_none();
  prog_expr *value = element.kind == PROG_SCALAR ? check_as(c, t->a, element) : check_value(c, t->a, element);
  prog_type type = check_type(c, &length);
  if (type_is_poison(value->type) || type_is_poison(type)) {
    return expr_poison(c, t->pos);
  }
  if (value->type.kind != PROG_SCALAR) {
    CHECK_REPORT(c, LANG_TYPE_PLACE, t->a->pos, type_text(c, value->type), "the element of an array",
                 "elements are scalars");
    return expr_poison(c, t->pos);
  }
  type.scalar = value->type.scalar;
  return expr_args(c, expr_new(c, EXPR_FILL, type, t->pos), &value, 1);
}

/* ---- all kinds ---- */

/* The type that an untyped expression is to have, given what is expected of it. */
static prog_type settle(checker *c, tree *t, prog_type expected)
{
  untyped u = expr_untyped(c, t);
  return u == UNTYPED_NO ? expected : untyped_type(u, expected, TG_TYPE_COUNT);
}

prog_expr *check_any(checker *c, tree *t, prog_type expected)
{
  if (c->memory->failed) {
    return expr_poison(c, t->pos);
  }
  if (type_is(expected, TG_CLASS_INT) && expr_untyped(c, t) == UNTYPED_FLOAT && t->kind != TREE_FLOAT) {
    CHECK_REPORT(c, LANG_FLOAT_FOR_INTEGER, t->pos, type_text(c, expected));
    return expr_poison(c, t->pos);
  }
  switch (t->kind) {
  case TREE_INT:
  case TREE_FLOAT: return check_literal(c, t, expected, false);
  case TREE_BOOL: return expr_const(c, TG_BOOL, t->bits, t->pos);
  case TREE_NAME: return check_name(c, t, expected);
  case TREE_CALL:
  case TREE_CONVERT: return check_call(c, t, settle(c, t, expected));
  case TREE_UNARY: return check_unary(c, t, settle(c, t, expected));
  case TREE_BINARY: return check_binary(c, t, settle(c, t, expected));
  case TREE_COND: return check_cond(c, t, settle(c, t, expected));
  case TREE_INDEX: return check_index(c, t);
  case TREE_MEMBER: return check_member(c, t);
  case TREE_LIST: return check_list(c, t, expected);
  case TREE_FILL: return check_fill(c, t, expected);
  default: return expr_poison(c, t->pos);
  }
}

prog_expr *check_value(checker *c, tree *t, prog_type expected)
{
  prog_expr *e = check_any(c, t, expected);
  if (type_is_array(e->type)) {
    bool is_histogram = e->kind == EXPR_REDUCE;
    CHECK_REPORT(c, is_histogram ? LANG_HISTOGRAM_PLACE : LANG_ARRAY_VALUE, t->pos, NULL);
    return expr_poison(c, t->pos);
  }
  if (e->type.kind == PROG_VOID) {
    uint32_t n = c->functions.data[e->index].code.n_results;
    CHECK_REPORT(c, LANG_NO_VALUE, t->pos, lang_name_text(c->l, t->name),
                 n == 0 ? "no value" : lang_count(c->l, n, "value"),
                 n == 0 ? "call it in a statement of its own" : "take them all: let a, b = f();");
    return expr_poison(c, t->pos);
  }
  return e;
}

bool expr_fits(checker *c, const prog_expr *e, prog_type type)
{
  if (type_is_poison(e->type) || type_is_poison(type)) {
    return false;
  }
  bool is_view = type.kind == PROG_VIEW && type_is_array(e->type) && e->type.scalar == type.scalar;
  if (type_same(e->type, type) || is_view) {
    return true;
  }
  bool both = type_is(e->type, TG_CLASS_ANY) && type_is(type, TG_CLASS_ANY);
  CHECK_REPORT(c, LANG_MISMATCH, e->pos, type_text(c, type), type_text(c, e->type),
               both ? lang_format(c->l, "convert it: %s(...)", type_text(c, type)) : "");
  return false;
}

prog_expr *check_as(checker *c, tree *t, prog_type type)
{
  if (type_is_poison(type)) {
    check_any(c, t, type_none());
    return expr_poison(c, t->pos);
  }
  prog_expr *e = type_is_array(type) ? check_any(c, t, type) : check_value(c, t, type);
  return expr_fits(c, e, type) ? e : expr_poison(c, t->pos);
}

prog_expr *check_condition(checker *c, tree *t)
{
  prog_expr *e = check_value(c, t, type_none());
  if (!type_is_poison(e->type) && !type_is(e->type, TG_CLASS_BOOL)) {
    CHECK_REPORT(c, LANG_CONDITION, t->pos, type_text(c, e->type));
    return expr_poison(c, t->pos);
  }
  return e;
}
