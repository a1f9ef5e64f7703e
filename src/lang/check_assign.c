/* check_assign.c: declarations of variables and assignments: places on the left, values on the right. */
#include "lang/check.h"

#include <string.h>

/* ---- values for places ---- */

/* An array is moved, never copied: only what makes a new one may be stored. */
static bool may_store(checker *c, const prog_expr *e)
{
  bool is_made = e->kind == EXPR_LIST || e->kind == EXPR_FILL || e->kind == EXPR_CALL;
  if (!type_is_array(e->type) || is_made) {
    return true;
  }
  bool is_histogram = e->kind == EXPR_REDUCE;
  CHECK_REPORT(c, is_histogram ? LANG_HISTOGRAM_PLACE : LANG_ARRAY_COPY, e->pos, NULL);
  return false;
}

/* The results of a call for n places, or NULL after an error. */
static const prog_function *many_results(checker *c, const tree *t, const prog_expr *e, uint32_t n)
{
  if (type_is_poison(e->type)) {
    return NULL;
  }
  uint32_t found = 1;
  const prog_function *f = NULL;
  if (e->kind == EXPR_CALL) {
    f = &c->functions.data[e->index].code;
    found = f->n_results;
  }
  if (found != n && t->kind == TREE_RETURN) {
    report_return_count(c, t->pos, found);
    return NULL;
  }
  if (found != n) {
    CHECK_REPORT(c, LANG_NAME_COUNT, t->pos, lang_count(c->l, n, "name"), lang_count(c->l, found, "value"));
    return NULL;
  }
  return f;
}

/* ---- let and var ---- */

static prog_type declared_type(checker *c, const tree *target)
{
  unsigned kinds = 1u << PROG_SCALAR | 1u << PROG_STRUCT | 1u << PROG_ARRAY;
  if (target->a == NULL) {
    return type_none();
  }
  return check_type_as(c, target->a, kinds, "the type of a variable", "an array has a length: [T; N]");
}

static void declare(checker *c, const tree *t, const tree *target, prog_type type, prog_place *place)
{
  *place = (prog_place){.kind = PLACE_NOTHING, .type = type, .pos = target->pos};
  if (target->name == 0) {
    return;
  }
  prog_variable_kind kind = t->kind == TREE_LET ? VARIABLE_LET : VARIABLE_VAR;
  symbol *s = name_declare(c, target->name, target->pos, SYMBOL_VARIABLE);
  s->type = type;
  s->index = variable_add(c, lang_name_text(c->l, target->name), kind, type, target->pos);
  place->kind = PLACE_VARIABLE;
  place->variable = s->index;
}

static void declare_one(checker *c, tree *t, prog_stmt *s)
{
  prog_type type = declared_type(c, t->a);
  if (t->b != NULL) {
    bool is_fixed = type.kind != PROG_VOID;
    s->value = type_is_poison(type) ? check_any(c, t->b, type_none())
               : is_fixed           ? check_as(c, t->b, type)
                                    : check_any(c, t->b, type);
    if (!is_fixed && s->value->type.kind == PROG_VOID) {
      many_results(c, t, s->value, 1);
      s->value = expr_poison(c, t->b->pos);
    }
    type = is_fixed ? type : s->value->type;
    if (!type_is_poison(s->value->type) && !may_store(c, s->value)) {
      type = type_poison();
    }
  } else if (type.kind == PROG_VOID) {
    CHECK_REPORT(c, LANG_EXPECTED, t->a->pos, "a type or a value", "neither", "write var x: f64; or var x = 0.0;");
    type = type_poison();
  }
  declare(c, t, t->a, type, &s->places[0]);
}

static void declare_many(checker *c, tree *t, prog_stmt *s, uint32_t n)
{
  prog_type types[64];
  uint32_t at = 0;
  const prog_function *f = NULL;
  if (t->b == NULL) {
    CHECK_REPORT(c, LANG_NAME_COUNT, t->pos, lang_count(c->l, n, "name"), "nothing");
  } else {
    s->value = check_any(c, t->b, type_none());
    f = many_results(c, t, s->value, n);
  }
  for (const tree *target = t->a; target != NULL; target = target->next, at++) {
    prog_type wanted = declared_type(c, target), found = f == NULL ? type_poison() : f->results[at];
    if (wanted.kind != PROG_VOID && f != NULL) {
      const prog_expr value = {.kind = EXPR_CALL, .type = found, .pos = target->pos};
      expr_fits(c, &value, wanted);
    }
    types[at] = wanted.kind != PROG_VOID ? wanted : found;
  }
  at = 0;
  for (const tree *target = t->a; target != NULL; target = target->next, at++) {
    declare(c, t, target, types[at], &s->places[at]);
  }
}

static bool make_places(checker *c, tree *t, prog_stmt *s)
{
  uint32_t n = tree_count(t->a);
  if (n > 64) {
    CHECK_REPORT(c, LANG_TOO_MANY, t->pos, "64", "names on the left", "a function has at most 64 results");
    return false;
  }
  s->places = arena_array(c->memory, prog_place, n);
  s->n_places = n;
  return s->places != NULL;
}

prog_stmt *check_variable(checker *c, tree *t)
{
  prog_stmt *s = stmt_new(c, STMT_DECLARE, t->pos);
  if (!make_places(c, t, s)) {
    s->n_places = 0;
  } else if (s->n_places == 1) {
    declare_one(c, t, s);
  } else {
    declare_many(c, t, s, s->n_places);
  }
  return s;
}

/* ---- places ---- */

static const char *why_not(const checker *c, const symbol *s, const char **hint)
{
  *hint = "";
  if (s->kind != SYMBOL_VARIABLE) {
    return symbol_kind_text(s);
  }
  switch ((prog_variable_kind)c->f->variables.data[s->index].kind) {
  case VARIABLE_LET: *hint = "declare it with var"; return "a let";
  case VARIABLE_PARAMETER: *hint = "copy it to a var first"; return "a parameter";
  case VARIABLE_LOOP: *hint = "use while to change it"; return "the variable of a loop";
  case VARIABLE_VAR:
  case VARIABLE_OUTPUT:
  case VARIABLE_HIDDEN: break;
  }
  return NULL;
}

/* The variable that is assigned, or a part of it; NULL after an error. */
static symbol *find_variable(checker *c, const tree *t)
{
  symbol *s = name_lookup(c, t->name);
  const char *name = lang_name_text(c->l, t->name), *hint;
  if (s == NULL) {
    if (strcmp(name, "id") == 0 || strcmp(name, "count") == 0) {
      CHECK_REPORT(c, LANG_NOT_ASSIGNABLE, t->pos, name, "not a variable", "");
    } else {
      name_undefined(c, t->name, t->pos);
    }
    return NULL;
  }
  const char *why = why_not(c, s, &hint);
  if (why != NULL) {
    s->is_used = true;
    CHECK_REPORT(c, LANG_NOT_ASSIGNABLE, t->pos, name, why, hint);
    return NULL;
  }
  return type_is_poison(s->type) ? NULL : s;
}

static prog_place poison_place(const tree *t)
{
  return (prog_place){.kind = PLACE_NOTHING, .type = type_poison(), .pos = t->pos};
}

static prog_place check_place(checker *c, tree *t)
{
  if (t->kind == TREE_NOTHING) {
    return (prog_place){.kind = PLACE_NOTHING, .type = type_none(), .pos = t->pos};
  }
  symbol *s = find_variable(c, t->kind == TREE_NAME ? t : t->a);
  prog_place p = {.kind = PLACE_VARIABLE, .pos = t->pos};
  if (s == NULL) {
    return poison_place(t);
  }
  s->is_written = true;
  p.variable = s->index;
  p.type = s->type;
  if (t->kind == TREE_MEMBER) {
    p.kind = PLACE_FIELD;
    p.field = field_find(c, s->type, t);
    p.type = p.field == UINT32_MAX ? type_poison() : type_scalar(c->structs.data[s->type.n].fields[p.field].type);
  } else if (t->kind == TREE_INDEX) {
    if (!type_is_array(s->type)) {
      CHECK_REPORT(c, LANG_NOT_AN_ARRAY, t->pos, type_text(c, s->type));
      return poison_place(t);
    }
    p.kind = PLACE_ELEMENT;
    p.subscript = check_index_of(c, t->b);
    p.type = type_is_poison(p.subscript->type) ? type_poison() : type_scalar((tg_type)s->type.scalar);
    c->f->effects |= PROG_TRAPS;
    warn_subscript(c, s->type, p.subscript);
  }
  return type_is_poison(p.type) ? poison_place(t) : p;
}

/* ---- assignments ---- */

static void assign_one(checker *c, tree *t, prog_stmt *s)
{
  s->places[0] = check_place(c, t->a);
  prog_type type = s->places[0].type;
  if (type.kind == PROG_VOID || type_is_poison(type)) { /* thrown away, or wrong */
    s->value = check_any(c, t->b, type_none());
    if (type.kind == PROG_VOID && s->value->type.kind == PROG_VOID) {
      many_results(c, t, s->value, 1);
    }
    s->places[0].type = s->value->type;
    return;
  }
  s->value = check_as(c, t->b, type);
  if (!type_is_poison(s->value->type)) {
    may_store(c, s->value);
  }
}

static void assign_many(checker *c, tree *t, prog_stmt *s)
{
  uint32_t at = 0;
  for (tree *place = t->a; place != NULL; place = place->next) {
    s->places[at++] = check_place(c, place);
  }
  s->value = check_any(c, t->b, type_none());
  const prog_function *f = many_results(c, t, s->value, s->n_places);
  for (uint32_t i = 0; i < at && f != NULL; i++) {
    if (s->places[i].type.kind == PROG_VOID) {
      s->places[i].type = f->results[i];
    } else {
      const prog_expr value = {.kind = EXPR_CALL, .type = f->results[i], .pos = s->places[i].pos};
      expr_fits(c, &value, s->places[i].type);
    }
  }
}

prog_stmt *check_assign(checker *c, tree *t)
{
  prog_stmt *s = stmt_new(c, STMT_ASSIGN, t->pos);
  if (!make_places(c, t, s)) {
    s->n_places = 0;
  } else if (s->n_places == 1) {
    assign_one(c, t, s);
  } else {
    assign_many(c, t, s);
  }
  return s;
}

/* ---- place op= e ---- */

/* The value that a place has now. */
static prog_expr *place_value(checker *c, const prog_place *p)
{
  prog_expr *whole = expr_new(c, EXPR_VARIABLE, c->f->variables.data[p->variable].type, p->pos);
  whole->index = p->variable;
  if (p->kind == PLACE_VARIABLE) {
    return whole;
  }
  if (p->kind == PLACE_FIELD) {
    prog_expr *e = expr_new(c, EXPR_FIELD, p->type, p->pos);
    e->index = p->field;
    return expr_args(c, e, &whole, 1);
  }
  prog_expr *args[2] = {whole, p->subscript};
  return expr_args(c, expr_new(c, EXPR_INDEX, p->type, p->pos), args, 2);
}

/* Puts the subscript into a hidden variable, so that it is evaluated once. The declaration, or NULL if it may stay. */
static prog_stmt *hide_subscript(checker *c, prog_place *p)
{
  prog_expr *e = p->subscript;
  if (p->kind != PLACE_ELEMENT || e->kind == EXPR_CONST || e->kind == EXPR_VARIABLE) {
    return NULL;
  }
  prog_stmt *s = stmt_new(c, STMT_DECLARE, e->pos);
  s->places = arena_array(c->memory, prog_place, 1);
  if (s->places == NULL) {
    return NULL;
  }
  uint32_t index = variable_add(c, "index", VARIABLE_HIDDEN, e->type, e->pos);
  s->n_places = 1;
  s->places[0] = (prog_place){.kind = PLACE_VARIABLE, .variable = index, .type = e->type, .pos = e->pos};
  s->value = e;
  p->subscript = expr_new(c, EXPR_VARIABLE, e->type, e->pos);
  p->subscript->index = index;
  return s;
}

prog_stmt *check_update(checker *c, tree *t)
{
  prog_stmt *s = stmt_new(c, STMT_ASSIGN, t->pos);
  if (!make_places(c, t, s)) {
    s->n_places = 0;
    return s;
  }
  prog_place *p = &s->places[0];
  *p = check_place(c, t->a);
  if (p->kind == PLACE_NOTHING) {
    if (t->a->kind == TREE_NOTHING) {
      CHECK_REPORT(c, LANG_NO_PLACE, t->a->pos, NULL);
    }
    s->value = check_value(c, t->b, type_none());
    return s;
  }
  if (!binary_class(c, (tree_op)t->op, p->type, t->pos)) {
    s->value = expr_poison(c, t->pos);
    return s;
  }
  prog_stmt *hidden = hide_subscript(c, p);
  prog_expr *args[2] = {place_value(c, p), check_as(c, t->b, p->type)};
  s->value = binary_make(c, (tree_op)t->op, p->type, args, t->pos);
  if (hidden == NULL) {
    return s;
  }
  prog_stmt *block = stmt_new(c, STMT_BLOCK, t->pos);
  block->body = hidden;
  hidden->next = s;
  return block;
}
