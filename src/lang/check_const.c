/* check_const.c: constants: values with a type, untyped ones, which are values of whatever type a use asks for, and
 * tables. Constants of files are looked at when something first names them. */
#include "graph/eval.h"
#include "lang/check.h"

/* What a constant's value is checked in: for those of files, not the scope of the use. */
typedef struct surroundings {
  frame *f;
  bool only_globals, library_scope, in_constant;
} surroundings;

static surroundings enter(checker *c, const symbol *s, bool is_local)
{
  surroundings saved = {c->f, c->only_globals, c->library_scope, c->in_constant};
  c->in_constant = true;
  if (!is_local) {
    c->f = NULL;
    c->only_globals = true;
    c->library_scope = s->from_library;
  }
  c->depth++;
  return saved;
}

static void leave(checker *c, surroundings saved)
{
  c->f = saved.f;
  c->only_globals = saved.only_globals;
  c->library_scope = saved.library_scope;
  c->in_constant = saved.in_constant;
  c->depth--;
}

/* ---- constant expressions ---- */

/* Why an expression of constants alone is no constant: the operator in it that traps; NULL: there is none. */
static const char *find_trap(const prog_expr *e)
{
  bool divides = e->kind == EXPR_OP && (e->op == PROG_QUO || e->op == PROG_REM);
  if (divides && e->args[1]->kind == EXPR_CONST && e->args[1]->bits == 0) {
    return "division by zero";
  }
  if (e->kind == EXPR_INDEX && e->args[0]->kind == EXPR_TABLE && e->args[1]->kind == EXPR_CONST) {
    return "an index out of range";
  }
  for (uint32_t i = 0; e->kind == EXPR_OP && i < e->n_args; i++) {
    const char *inner = find_trap(e->args[i]);
    if (inner != NULL) {
      return inner;
    }
  }
  return NULL;
}

static bool require_constant(checker *c, const prog_expr *e)
{
  if (type_is_poison(e->type)) {
    return false;
  }
  if (e->kind == EXPR_CONST) {
    return true;
  }
  const char *trap = find_trap(e);
  if (trap != NULL) {
    CHECK_REPORT(c, LANG_CONSTANT_TRAPS, e->pos, trap);
  } else {
    CHECK_REPORT(c, LANG_NOT_CONSTANT, e->pos, "constants are made of literals, other constants and operators");
  }
  return false;
}

prog_expr *check_constant(checker *c, tree *t, prog_type type)
{
  bool saved = c->in_constant;
  c->in_constant = true;
  prog_expr *e = check_as(c, t, type);
  c->in_constant = saved;
  return require_constant(c, e) ? e : NULL;
}

/* ---- definitions ---- */

static bool define_table(checker *c, symbol *s, const prog_expr *e)
{
  bool is_fill = e->kind == EXPR_FILL;
  if (e->kind == EXPR_TABLE) {
    s->index = e->index;
  } else {
    uint64_t *bits = arena_array(c->memory, uint64_t, e->type.n);
    if (bits == NULL || !vec_room(&c->memory->allocator, &c->tables, 1)) {
      c->memory->failed = true;
      return false;
    }
    for (uint32_t i = 0; i < e->type.n; i++) {
      const prog_expr *element = e->args[is_fill ? 0 : i];
      if (!require_constant(c, element)) {
        return false;
      }
      bits[i] = element->bits;
    }
    s->index = (uint32_t)c->tables.n;
    c->tables.data[c->tables.n++] =
        (prog_table){lang_name_text(c->l, s->name), s->pos, (tg_type)e->type.scalar, e->type.n, bits};
  }
  s->is_table = true;
  s->type = e->type;
  return true;
}

static bool define_value(checker *c, symbol *s)
{
  tree *t = s->node;
  prog_type type = type_none();
  if (t->a != NULL) {
    unsigned kinds = 1u << PROG_SCALAR | 1u << PROG_ARRAY;
    type = check_type_as(c, t->a, kinds, "the type of a constant", "constants are scalars and tables [T; N]");
  }
  if (type_is_poison(type)) {
    return false;
  }
  prog_expr *e = type.kind == PROG_VOID ? check_any(c, t->b, type) : check_as(c, t->b, type);
  if (type_is_poison(e->type)) {
    return false;
  }
  if (e->kind == EXPR_LIST || e->kind == EXPR_FILL || e->kind == EXPR_TABLE) {
    return define_table(c, s, e);
  }
  if (e->type.kind == PROG_STRUCT) {
    CHECK_REPORT(c, LANG_TYPE_PLACE, e->pos, type_text(c, e->type), "a constant", "constants are scalars and tables");
    return false;
  }
  s->type = e->type;
  s->bits = e->bits;
  return require_constant(c, e);
}

/* Fixes what the names in an untyped constant stand for: where it is used, they may stand for something else. */
static void fix_names(checker *c, tree *t)
{
  if (t == NULL || c->memory->failed) {
    return;
  }
  if (t->kind == TREE_NAME && t->symbol == NULL) {
    t->symbol = name_lookup(c, t->name);
    if (t->symbol != NULL) {
      t->symbol->is_used = true;
    }
  }
  fix_names(c, t->b);
  fix_names(c, t->c);
  for (tree *a = t->a; a != NULL; a = t->kind == TREE_CALL ? a->next : NULL) {
    fix_names(c, a);
  }
}

bool constant_define(checker *c, symbol *s)
{
  tree *t = s->node;
  s->state = STATE_OPEN;
  s->is_untyped = t->a == NULL && expr_untyped(c, t->b) != UNTYPED_NO;
  bool is_good = true;
  if (s->is_untyped) {
    fix_names(c, t->b);
  } else {
    is_good = define_value(c, s);
  }
  if (!is_good) {
    s->type = type_poison();
  }
  s->state = STATE_DONE;
  return is_good;
}

void constant_resolve(checker *c, symbol *s)
{
  if (s->state == STATE_DONE) {
    return;
  }
  if (s->state == STATE_OPEN || c->depth > LANG_MAX_NEST) {
    if (!type_is_poison(s->type)) {
      bool is_cycle = s->state == STATE_OPEN;
      CHECK_REPORT(c, is_cycle ? LANG_CONSTANT_CYCLE : LANG_TOO_DEEP, s->pos,
                   is_cycle ? lang_name_text(c->l, s->name) : "200");
    }
    s->type = type_poison();
    s->is_untyped = false;
    return;
  }
  surroundings saved = enter(c, s, false);
  constant_define(c, s);
  leave(c, saved);
}

/* ---- uses ---- */

static prog_expr *untyped_value(checker *c, symbol *s, prog_type expected, lang_pos pos)
{
  bool is_float = expr_untyped(c, s->node->b) == UNTYPED_FLOAT;
  bool takes = type_is(expected, is_float ? TG_CLASS_FLOAT : TG_CLASS_NUMBER);
  tg_type type = takes ? (tg_type)expected.scalar : is_float ? TG_F64 : TG_I32;
  if (s->values[type] == NULL) {
    if (c->depth > LANG_MAX_NEST) {
      CHECK_REPORT(c, LANG_TOO_DEEP, pos, "200");
      return expr_poison(c, pos);
    }
    surroundings saved = enter(c, s, false);
    prog_expr *e = check_as(c, s->node->b, type_scalar(type));
    s->values[type] = require_constant(c, e) ? e : expr_poison(c, pos);
    leave(c, saved);
  }
  const prog_expr *value = s->values[type];
  return type_is_poison(value->type) ? expr_poison(c, pos) : expr_const(c, type, value->bits, pos);
}

prog_expr *constant_value(checker *c, symbol *s, prog_type expected, lang_pos pos)
{
  constant_resolve(c, s);
  if (type_is_poison(s->type)) {
    return expr_poison(c, pos);
  }
  if (s->is_untyped) {
    return untyped_value(c, s, expected, pos);
  }
  if (!s->is_table) {
    return expr_const(c, (tg_type)s->type.scalar, s->bits, pos);
  }
  prog_expr *e = expr_new(c, EXPR_TABLE, s->type, pos);
  e->index = s->index;
  return e;
}
