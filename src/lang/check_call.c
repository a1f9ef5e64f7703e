/* check_call.c: calls: conversions, functions of the language, structs, and the choice among functions of one name. */
#include "lang/check.h"

#include <string.h>

enum { MAX_ARGUMENTS = 256 };

/* ---- functions of the language ---- */

typedef enum builtin_kind { BUILTIN_OP, BUILTIN_TO_BITS, BUILTIN_FROM_BITS, BUILTIN_LEN, BUILTIN_DRAW } builtin_kind;

typedef struct builtin {
  const char *name;
  uint8_t kind, n_args, op;
} builtin;

static const builtin builtins[] = {
    {"min", BUILTIN_OP, 2, PROG_MIN},
    {"max", BUILTIN_OP, 2, PROG_MAX},
    {"abs", BUILTIN_OP, 1, PROG_ABS},
    {"sqrt", BUILTIN_OP, 1, PROG_SQRT},
    {"fma", BUILTIN_OP, 3, PROG_FMA},
    {"floor", BUILTIN_OP, 1, PROG_FLOOR},
    {"ceil", BUILTIN_OP, 1, PROG_CEIL},
    {"trunc", BUILTIN_OP, 1, PROG_TRUNC},
    {"round", BUILTIN_OP, 1, PROG_ROUND},
    {"to_bits", BUILTIN_TO_BITS, 1, 0},
    {"f32_from_bits", BUILTIN_FROM_BITS, 1, TG_F32},
    {"f64_from_bits", BUILTIN_FROM_BITS, 1, TG_F64},
    {"len", BUILTIN_LEN, 1, 0},
    {"random_u32", BUILTIN_DRAW, 0, 0},
};

static const builtin *find_builtin(const checker *c, const tree *t)
{
  const char *name = t->kind == TREE_CALL ? lang_name_text(c->l, t->name) : "";
  for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++) {
    if (strcmp(builtins[i].name, name) == 0) {
      return &builtins[i];
    }
  }
  return NULL;
}

bool builtin_exists(const char *name)
{
  for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++) {
    if (strcmp(builtins[i].name, name) == 0) {
      return true;
    }
  }
  return false;
}

bool call_is_transparent(checker *c, const tree *t)
{
  const builtin *b = find_builtin(c, t);
  return b != NULL && b->kind == BUILTIN_OP && tree_count(t->a) == b->n_args;
}

static prog_expr *wrong_count(checker *c, const tree *t, const char *name, size_t wanted, size_t found)
{
  CHECK_REPORT(c, LANG_ARGUMENT_COUNT, t->pos, name, lang_count(c->l, wanted, "argument"),
               lang_format(c->l, "%zu", found));
  return expr_poison(c, t->pos);
}

static prog_expr *check_builtin_op(checker *c, tree *t, const builtin *b, prog_type expected)
{
  tree *trees[3] = {NULL, NULL, NULL};
  prog_expr *args[3];
  uint32_t n = 0;
  for (tree *a = t->a; a != NULL; a = a->next) {
    trees[n++] = a;
  }
  unsigned classes = prog_op_table[b->op].class;
  tg_type fallback = classes == TG_CLASS_FLOAT ? TG_F64 : TG_TYPE_COUNT;
  prog_type wanted = classes == TG_CLASS_FLOAT && !type_is(expected, TG_CLASS_FLOAT) ? type_none() : expected;
  prog_type type = check_operands_as(c, trees, n, wanted, fallback, b->name, t->pos, args);
  if (type_is_poison(type)) {
    return expr_poison(c, t->pos);
  }
  if (!type_is(type, classes)) {
    const char *hint = classes == TG_CLASS_FLOAT && type_is(type, TG_CLASS_INT) ? "convert it: f64(...)" : "";
    CHECK_REPORT(c, LANG_OPERAND_CLASS, t->pos, b->name, type_text(c, type), hint);
    return expr_poison(c, t->pos);
  }
  return expr_op(c, (prog_op)b->op, type, args, n, t->pos);
}

static prog_expr *check_bits(checker *c, tree *t, const builtin *b)
{
  tg_type to = (tg_type)b->op, from = to == TG_F32 ? TG_U32 : TG_U64;
  prog_expr *e;
  if (b->kind == BUILTIN_FROM_BITS) {
    e = check_as(c, t->a, type_scalar(from));
  } else {
    bool is_literal = expr_untyped(c, t->a) != UNTYPED_NO;
    e = check_value(c, t->a, is_literal ? type_scalar(TG_F64) : type_none());
    if (!type_is_poison(e->type) && !type_is(e->type, TG_CLASS_FLOAT)) {
      CHECK_REPORT(c, LANG_OPERAND_CLASS, t->pos, b->name, type_text(c, e->type), "it takes f32 or f64");
      return expr_poison(c, t->pos);
    }
    to = e->type.scalar == TG_F32 ? TG_U32 : TG_U64;
  }
  return type_is_poison(e->type) ? e : expr_op(c, PROG_BITCAST, type_scalar(to), &e, 1, t->pos);
}

static prog_expr *check_len(checker *c, tree *t, prog_type expected)
{
  prog_expr *e = check_any(c, t->a, type_none());
  if (type_is_poison(e->type)) {
    return e;
  }
  if (!type_is_array(e->type) || t->a->kind != TREE_NAME) {
    CHECK_REPORT(c, LANG_NOT_AN_ARRAY, t->a->pos,
                 type_is_array(e->type) ? "a value without a name" : type_text(c, e->type));
    return expr_poison(c, t->pos);
  }
  if (e->type.kind == PROG_VIEW) {
    return expr_args(c, expr_new(c, EXPR_LENGTH, type_scalar(TG_U64), t->pos), &e, 1);
  }
  tree literal = {.kind = TREE_INT, .op = TG_TYPE_COUNT, .bits = e->type.n, .pos = t->pos};
  literal.text = lang_format(c->l, "%u", (unsigned)e->type.n);
  literal.n_text = (uint32_t)strlen(literal.text);
  return check_literal(c, &literal, expected, false);
}

static prog_expr *check_draw(checker *c, const tree *t)
{
  bool in_kernel = c->f != NULL && c->f->entry != NULL && !c->f->entry->is_machine;
  bool in_report = c->f != NULL && c->f->report != REPORT_NONE;
  if (c->f == NULL || in_kernel || in_report) {
    CHECK_REPORT(c, LANG_RANDOM_PLACE, t->pos,
                 in_kernel   ? "in a kernel"
                 : in_report ? "in a report"
                             : "in a constant",
                 "");
    return expr_poison(c, t->pos);
  }
  c->f->effects |= PROG_DRAWS;
  c->draws = true;
  return expr_new(c, EXPR_DRAW, type_scalar(TG_U32), t->pos);
}

static prog_expr *check_builtin(checker *c, tree *t, const builtin *b, prog_type expected)
{
  uint32_t n = tree_count(t->a);
  if (n != b->n_args) {
    return wrong_count(c, t, b->name, b->n_args, n);
  }
  switch ((builtin_kind)b->kind) {
  case BUILTIN_OP: return check_builtin_op(c, t, b, expected);
  case BUILTIN_TO_BITS:
  case BUILTIN_FROM_BITS: return check_bits(c, t, b);
  case BUILTIN_LEN: return check_len(c, t, expected);
  case BUILTIN_DRAW: return check_draw(c, t);
  }
  return expr_poison(c, t->pos);
}

/* ---- conversions and structs ---- */

static prog_expr *check_convert(checker *c, tree *t)
{
  tg_type to = (tg_type)t->op;
  uint32_t n = tree_count(t->a);
  if (n != 1) {
    return wrong_count(c, t, type_table[to].name, 1, n);
  }
  bool takes_target = expr_untyped(c, t->a) != UNTYPED_NO && to != TG_BOOL && literals_fit(c, t->a, to);
  prog_expr *e = check_value(c, t->a, takes_target ? type_scalar(to) : type_none());
  if (type_is_poison(e->type)) {
    return e;
  }
  if (e->type.kind != PROG_SCALAR) {
    CHECK_REPORT(c, LANG_CONVERSION, t->pos, type_text(c, e->type), type_table[to].name);
    return expr_poison(c, t->pos);
  }
  return e->type.scalar == to ? e : expr_convert(c, e, to, t->pos);
}

static prog_expr *check_struct(checker *c, tree *t, prog_type type)
{
  const prog_struct s = c->structs.data[type.n];
  prog_expr *args[64];
  uint32_t n = tree_count(t->a), at = 0;
  bool is_good = true;
  if (n != s.n_fields) {
    return wrong_count(c, t, s.name, s.n_fields, n);
  }
  for (tree *a = t->a; a != NULL; a = a->next, at++) {
    args[at] = check_as(c, a, type_scalar(s.fields[at].type));
    is_good = is_good && !type_is_poison(args[at]->type);
  }
  return is_good ? expr_args(c, expr_new(c, EXPR_STRUCT, type, t->pos), args, n) : expr_poison(c, t->pos);
}

/* ---- functions ---- */

static bool param_takes(prog_type param, prog_type argument)
{
  return type_same(param, argument) ||
         (param.kind == PROG_VIEW && type_is_array(argument) && param.scalar == argument.scalar);
}

static bool untyped_may_be(untyped u, prog_type param)
{
  return type_is(param, u == UNTYPED_FLOAT ? TG_CLASS_FLOAT : TG_CLASS_NUMBER);
}

/* How well a function takes the arguments: 0 not at all, 1 if literals take its types, 2 if by their default types. */
static int match(checker *c, uint32_t function, tree *t, prog_expr *const *args, uint32_t n)
{
  prog_type params[MAX_ARGUMENTS];
  const prog_function *f = &c->functions.data[function].code;
  int quality = 2;
  uint32_t at = 0;
  if (f->n_params != n) {
    return 0;
  }
  for (uint32_t i = 0; i < n; i++) {
    params[i] = f->variables[i].type;
  }
  for (tree *a = t->a; a != NULL; a = a->next, at++) {
    untyped u = expr_untyped(c, a);
    if (u == UNTYPED_NO) {
      if (!param_takes(params[at], args[at]->type)) {
        return 0;
      }
    } else if (!untyped_may_be(u, params[at])) {
      return 0;
    } else if (params[at].scalar != (u == UNTYPED_FLOAT ? TG_F64 : TG_I32)) {
      quality = 1;
    }
  }
  return quality;
}

static const char *argument_types(checker *c, tree *t, prog_expr *const *args)
{
  const char *list = "";
  uint32_t at = 0;
  for (tree *a = t->a; a != NULL && at < 8; a = a->next, at++) {
    const char *one = args[at] != NULL                      ? type_text(c, args[at]->type)
                      : expr_untyped(c, a) == UNTYPED_FLOAT ? "a float literal"
                                                            : "an integer literal";
    list = lang_format(c->l, "%.200s%s%.200s", list, at == 0 ? "" : ", ", one);
  }
  return list;
}

/* The function among those of one name, or UINT32_MAX after an error. Arguments that have types of their own are in
 * args. */
static uint32_t choose(checker *c, symbol *first, tree *t, prog_expr *const *args, uint32_t n)
{
  uint32_t best = UINT32_MAX;
  int best_quality = 0;
  bool is_tie = false;
  for (symbol *s = first; s != NULL; s = s->next) {
    uint32_t function = function_index(c, s);
    int quality = c->memory->failed ? 0 : match(c, function, t, args, n);
    is_tie = quality > best_quality ? false : is_tie || (quality == best_quality && quality > 0);
    if (quality > best_quality) {
      best_quality = quality;
      best = function;
    }
  }
  if (best == UINT32_MAX || is_tie) {
    CHECK_REPORT(c, is_tie ? LANG_AMBIGUOUS : LANG_NO_OVERLOAD, t->pos, lang_name_text(c->l, t->name),
                 argument_types(c, t, args), "");
    return UINT32_MAX;
  }
  return best;
}

/* Checks the arguments that have types of their own. False after an error. */
static bool check_typed(checker *c, tree *t, prog_expr **args)
{
  bool is_good = true;
  uint32_t at = 0;
  for (tree *a = t->a; a != NULL; a = a->next, at++) {
    args[at] = expr_untyped(c, a) == UNTYPED_NO ? check_any(c, a, type_none()) : NULL;
    is_good = is_good && (args[at] == NULL || !type_is_poison(args[at]->type));
  }
  return is_good;
}

static prog_expr *make_call(checker *c, const tree *t, uint32_t function, prog_expr *const *args, uint32_t n)
{
  const prog_function *f = &c->functions.data[function].code;
  prog_type type = f->n_results == 1 ? f->results[0] : type_none();
  prog_expr *e = expr_args(c, expr_new(c, EXPR_CALL, type, t->pos), args, n);
  bool in_kernel = c->f != NULL && c->f->entry != NULL && !c->f->entry->is_machine;
  bool in_report = c->f != NULL && c->f->report != REPORT_NONE;
  e->index = function;
  if (c->f == NULL) {
    CHECK_REPORT(c, LANG_NOT_CONSTANT, t->pos, "functions of the language alone are called in constants");
    return expr_poison(c, t->pos);
  }
  if (!vec_room(&c->memory->allocator, &c->calls, 1)) {
    c->memory->failed = true;
    return expr_poison(c, t->pos);
  }
  c->calls.data[c->calls.n++] = (call_record){.call = e,
                                              .caller = c->f->function,
                                              .owner = c->f->code,
                                              .no_draws = in_kernel   ? "in a kernel"
                                                          : in_report ? "in a report"
                                                                      : NULL};
  return e;
}

static prog_expr *check_function_call(checker *c, tree *t, symbol *s)
{
  prog_expr *args[MAX_ARGUMENTS];
  uint32_t n = tree_count(t->a), at = 0, function = function_index(c, s);
  bool is_overloaded = s->next != NULL, is_good = true;
  if (c->memory->failed) {
    return expr_poison(c, t->pos);
  }
  if (!is_overloaded && c->functions.data[function].code.n_params != n) {
    return wrong_count(c, t, lang_name_text(c->l, t->name), c->functions.data[function].code.n_params, n);
  }
  if (is_overloaded) {
    function = check_typed(c, t, args) ? choose(c, s, t, args, n) : UINT32_MAX;
  }
  if (function == UINT32_MAX) {
    return expr_poison(c, t->pos);
  }
  for (tree *a = t->a; a != NULL; a = a->next, at++) {
    if (!is_overloaded || args[at] == NULL) {
      args[at] = check_as(c, a, c->functions.data[function].code.variables[at].type);
    }
    is_good = is_good && !type_is_poison(args[at]->type);
  }
  return is_good ? make_call(c, t, function, args, n) : expr_poison(c, t->pos);
}

prog_expr *check_call(checker *c, tree *t, prog_type expected)
{
  prog_reduction reduction;
  if (t->kind == TREE_CONVERT) {
    return check_convert(c, t);
  }
  if (c->f != NULL && c->f->report != REPORT_NONE && reduction_find(c, t, &reduction)) {
    return check_reduction(c, t, reduction);
  }
  const builtin *b = find_builtin(c, t);
  if (b != NULL) {
    return check_builtin(c, t, b, expected);
  }
  symbol *s = name_lookup_function(c, t->name);
  if (s == NULL) {
    name_undefined(c, t->name, t->pos);
    return expr_poison(c, t->pos);
  }
  s->is_used = true;
  if (s->kind == SYMBOL_FUNCTION) {
    return check_function_call(c, t, s);
  }
  if (s->kind != SYMBOL_STRUCT) {
    CHECK_REPORT(c, LANG_NOT_A_FUNCTION, t->pos, lang_name_text(c->l, t->name), symbol_kind_text(s));
    return expr_poison(c, t->pos);
  }
  tree named = {.kind = TREE_NAMED, .name = t->name, .pos = t->pos};
  prog_type type = check_type(c, &named);
  return type_is_poison(type) || c->memory->failed ? expr_poison(c, t->pos) : check_struct(c, t, type);
}
