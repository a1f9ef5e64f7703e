/* check_type.c: types as written to types. */
#include "lang/check.h"

#include <stdio.h>

const char *type_text(checker *c, prog_type t)
{
  char buffer[PROG_TYPE_TEXT];
  if (t.kind == PROG_STRUCT) {
    return c->structs.data[t.n].name;
  }
  return type_is_poison(t) ? "nothing" : lang_format(c->l, "%s", prog_type_show(c->l->p, t, buffer));
}

/* The number of a struct: its fields are looked at when it is first used. */
static uint32_t struct_index(checker *c, symbol *s)
{
  if (s->state == STATE_DONE) {
    return s->index;
  }
  s->state = STATE_DONE;
  s->index = (uint32_t)c->structs.n;
  prog_struct *out = arena_new(c->memory, prog_struct);
  prog_field *fields = arena_array(c->memory, prog_field, tree_count(s->node->a));
  if (out == NULL || fields == NULL || !vec_room(&c->memory->allocator, &c->structs, 1)) {
    c->memory->failed = true;
    return 0;
  }
  *out = (prog_struct){.name = lang_name_text(c->l, s->name), .pos = s->pos, .fields = fields};
  for (const tree *f = s->node->a; f != NULL; f = f->next) {
    prog_type type = check_type_as(c, f->a, 1u << PROG_SCALAR, "a field of a struct", "fields are scalars");
    const char *name = lang_name_text(c->l, f->name);
    for (uint32_t i = 0; i < out->n_fields; i++) {
      if (fields[i].name == name) {
        CHECK_REPORT(c, LANG_REDEFINED, f->pos, name, " in this struct");
      }
    }
    fields[out->n_fields++] = (prog_field){name, f->pos, (tg_type)type.scalar};
  }
  if (out->n_fields == 0) {
    CHECK_REPORT(c, LANG_TYPE_PLACE, s->pos, out->name, "a struct without fields", "add a field");
  }
  c->structs.data[c->structs.n++] = *out;
  return s->index;
}

static prog_type check_named(checker *c, const tree *t)
{
  symbol *s = name_lookup_function(c, t->name);
  const char *name = lang_name_text(c->l, t->name);
  if (s == NULL) {
    name_undefined(c, t->name, t->pos);
    return type_poison();
  }
  s->is_used = true;
  if (s->kind != SYMBOL_STRUCT) {
    CHECK_REPORT(c, LANG_NOT_A_TYPE, t->pos, name, symbol_kind_text(s));
    return type_poison();
  }
  return (prog_type){PROG_STRUCT, 0, struct_index(c, s)};
}

/* The length of a fixed array; 0 after an error. */
static uint32_t check_length(checker *c, tree *t)
{
  untyped kind = expr_untyped(c, t);
  prog_expr *e = check_value(c, t, kind == UNTYPED_INT ? type_scalar(TG_I64) : type_none());
  if (type_is_poison(e->type)) {
    return 0;
  }
  bool is_integer = e->kind == EXPR_CONST && type_is(e->type, TG_CLASS_INT);
  if (!is_integer || e->bits == 0 || e->bits > TG_MAX_ARRAY) {
    const char *found = e->kind != EXPR_CONST
                            ? "this is no constant"
                            : lang_format(c->l, "this is %s", bits_text(c, (tg_type)e->type.scalar, e->bits));
    CHECK_REPORT(c, LANG_LENGTH, t->pos, "1048576", found);
    return 0;
  }
  return (uint32_t)e->bits;
}

prog_type check_type(checker *c, const tree *t)
{
  if (t->kind == TREE_SCALAR) {
    return type_scalar((tg_type)t->op);
  }
  if (t->kind == TREE_NAMED) {
    return check_named(c, t);
  }
  prog_type element = check_type_as(c, t->a, 1u << PROG_SCALAR, "the element of an array", "elements are scalars");
  if (type_is_poison(element)) {
    return element;
  }
  if (t->b == NULL) {
    return (prog_type){PROG_VIEW, element.scalar, 0};
  }
  uint32_t n = check_length(c, t->b);
  return n == 0 ? type_poison() : (prog_type){PROG_ARRAY, element.scalar, n};
}

prog_type check_type_as(checker *c, const tree *t, unsigned kinds, const char *what, const char *hint)
{
  prog_type type = check_type(c, t);
  if (!type_is_poison(type) && (kinds >> type.kind & 1u) == 0) {
    CHECK_REPORT(c, LANG_TYPE_PLACE, t->pos, type_text(c, type), what, hint);
    return type_poison();
  }
  return type;
}
