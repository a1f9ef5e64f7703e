/* check_stmt.c: statements: what they are, what may leave them, and whether what follows is ever reached. */
#include "graph/eval.h"
#include "lang/check.h"

prog_stmt *stmt_new(checker *c, prog_stmt_kind kind, lang_pos pos)
{
  prog_stmt *s = arena_new(c->memory, prog_stmt);
  if (s == NULL) {
    s = &c->lost_stmt;
  }
  *s = (prog_stmt){.kind = (uint8_t)kind, .pos = pos, .goes_on = true};
  return s;
}

static void warn_condition(checker *c, const prog_expr *e)
{
  if (e->kind == EXPR_CONST && !type_is_poison(e->type) && !c->library_scope) {
    CHECK_REPORT(c, LANG_CONSTANT_CONDITION, e->pos, e->bits != 0 ? "true" : "false");
  }
}

/* A block inside a statement; adds what may leave it to the statement. */
static prog_stmt *check_inner(checker *c, prog_stmt *s, tree *block, bool *goes_on)
{
  uint8_t exits = 0;
  prog_stmt *first = check_block(c, block, goes_on, &exits);
  s->exits |= exits;
  return first;
}

static void check_if(checker *c, tree *t, prog_stmt *s)
{
  bool then_goes_on = true, else_goes_on = true;
  s->value = check_condition(c, t->a);
  warn_condition(c, s->value);
  s->body = check_inner(c, s, t->b, &then_goes_on);
  if (t->c != NULL && t->c->kind == TREE_IF) {
    tree alone = *t->c; /* `else if` is a block with one statement */
    alone.next = NULL;
    tree *copy = arena_copy(c->memory, &alone, 1, sizeof alone);
    tree block = {.kind = TREE_BLOCK, .a = copy, .pos = t->c->pos};
    s->otherwise = check_inner(c, s, &block, &else_goes_on);
  } else if (t->c != NULL) {
    s->otherwise = check_inner(c, s, t->c, &else_goes_on);
  }
  s->goes_on = then_goes_on || else_goes_on;
}

static void check_loop_body(checker *c, tree *block, prog_stmt *s)
{
  bool goes_on = true;
  c->f->n_loops++;
  c->f->effects |= PROG_LOOPS;
  s->body = check_inner(c, s, block, &goes_on);
  c->f->n_loops--;
}

static void check_while(checker *c, tree *t, prog_stmt *s)
{
  s->value = check_condition(c, t->a);
  if (t->a->kind != TREE_BOOL || t->a->bits == 0) {
    warn_condition(c, s->value);
  }
  check_loop_body(c, t->b, s);
  bool is_endless = s->value->kind == EXPR_CONST && s->value->bits != 0;
  s->goes_on = !is_endless || (s->exits & PROG_BREAKS) != 0;
  s->exits &= PROG_RETURNS;
}

static void check_for(checker *c, tree *t, prog_stmt *s)
{
  tree *ends[2] = {t->a->a, t->a->b};
  prog_expr *exprs[2];
  prog_type type = check_operands(c, ends, 2, type_none(), "..", t->a->pos, exprs);
  if (!type_is_poison(type) && !type_is(type, TG_CLASS_INT)) {
    CHECK_REPORT(c, LANG_COUNT_TYPE, t->a->pos, "the variable of a for loop", type_text(c, type));
    type = type_poison();
  }
  s->value = exprs[0];
  s->limit = exprs[1];
  scope_open(c);
  s->variable = variable_add(c, t->name == 0 ? "_" : lang_name_text(c->l, t->name), VARIABLE_LOOP, type, t->name_pos);
  if (t->name != 0) {
    symbol *v = name_declare(c, t->name, t->name_pos, SYMBOL_VARIABLE);
    v->type = type;
    v->index = s->variable;
    v->is_used = true; /* counting alone is a use */
  }
  check_loop_body(c, t->b, s);
  scope_close(c);
  s->exits &= PROG_RETURNS;
}

static void check_repeat(checker *c, tree *t, prog_stmt *s)
{
  s->value = check_value(c, t->a, type_none());
  if (!type_is_poison(s->value->type) && !type_is(s->value->type, TG_CLASS_INT)) {
    CHECK_REPORT(c, LANG_COUNT_TYPE, t->a->pos, "the number of rounds", type_text(c, s->value->type));
  }
  check_loop_body(c, t->b, s);
  s->exits &= PROG_RETURNS;
}

/* ---- match ---- */

static void check_arm_values(checker *c, tree *t, prog_type type, symtab *seen, prog_arm *arm)
{
  arm->values = arena_array(c->memory, uint64_t, tree_count(t->a));
  for (tree *v = arm->values == NULL ? NULL : t->a; v != NULL; v = v->next) {
    prog_expr *e = check_constant(c, v, type);
    uint32_t line = 0;
    if (e == NULL) {
      continue;
    }
    arm->values[arm->n_values++] = e->bits;
    if (symtab_get(seen, (const char *)&e->bits, sizeof e->bits, &line)) {
      CHECK_REPORT(c, LANG_MATCH_TWICE, v->pos, bits_text(c, (tg_type)type.scalar, e->bits),
                   lang_format(c->l, " in line %u", (unsigned)line));
    } else if (!symtab_put(seen, (const char *)&e->bits, sizeof e->bits, v->pos.line)) {
      c->memory->failed = true;
    }
  }
}

static void check_arms(checker *c, tree *t, prog_stmt *s, prog_type type)
{
  symtab seen;
  bool goes_on = true, has_default = false;
  symtab_init(&seen, c->memory->allocator);
  s->arms = arena_array(c->memory, prog_arm, tree_count(t->b));
  s->goes_on = false;
  for (tree *a = s->arms == NULL ? NULL : t->b; a != NULL && !c->memory->failed; a = a->next) {
    tree block = {.kind = TREE_BLOCK, .a = a->b, .pos = a->pos};
    if (a->b->kind == TREE_BLOCK) {
      block = *a->b;
    }
    prog_arm arm = {.pos = a->pos};
    if (a->a != NULL && !type_is_poison(type)) {
      check_arm_values(c, a, type, &seen, &arm);
    }
    arm.body = check_inner(c, s, &block, &goes_on);
    s->goes_on = s->goes_on || goes_on;
    if (a->a == NULL) {
      s->otherwise = arm.body;
      has_default = true;
    } else {
      s->arms[s->n_arms++] = arm;
    }
  }
  s->goes_on = s->goes_on || !has_default;
  symtab_free(&seen);
}

static void check_match(checker *c, tree *t, prog_stmt *s)
{
  s->value = check_value(c, t->a, type_none());
  prog_type type = s->value->type;
  if (!type_is_poison(type) && !type_is(type, TG_CLASS_INT)) {
    CHECK_REPORT(c, LANG_MATCH_TYPE, t->a->pos, type_text(c, type));
    type = type_poison();
  }
  check_arms(c, t, s, type);
}

/* ---- leaving ---- */

static void check_leave(checker *c, tree *t, prog_stmt *s)
{
  bool is_break = t->kind == TREE_BREAK;
  if (c->f->n_loops == 0) {
    CHECK_REPORT(c, LANG_OUTSIDE_LOOP, t->pos, is_break ? "break" : "continue");
    return;
  }
  s->exits = is_break ? PROG_BREAKS : PROG_CONTINUES;
  s->goes_on = false;
}

/* Whether t is the last statement of the function, in no other. */
static bool is_last(const checker *c, const tree *t)
{
  const tree *last = c->f->body == NULL ? NULL : c->f->body->a;
  while (last != NULL && last->next != NULL) {
    last = last->next;
  }
  return last == t;
}

/* An array that is returned is made here, or is a variable of the function that is returned once. */
static bool array_may_leave(checker *c, const prog_stmt *s, const prog_expr *e)
{
  bool is_made = e->kind == EXPR_LIST || e->kind == EXPR_FILL || e->kind == EXPR_CALL;
  if (!type_is_array(e->type) || is_made) {
    return true;
  }
  bool is_variable = e->kind == EXPR_VARIABLE && c->f->variables.data[e->index].kind != VARIABLE_PARAMETER;
  for (uint32_t i = 0; i < s->n_results && is_variable; i++) {
    is_variable = s->results[i]->kind != EXPR_VARIABLE || s->results[i]->index != e->index;
  }
  return is_variable;
}

void report_return_count(checker *c, lang_pos pos, uint32_t n)
{
  const prog_function *code = c->f->code;
  const char *found =
      n == 0 ? "nothing is" : lang_format(c->l, "%u %s", (unsigned)n, n == 1 ? "value is" : "values are");
  CHECK_REPORT(c, LANG_RETURN_COUNT, pos, found, code->name,
               code->n_results == 0 ? "no result" : lang_count(c->l, code->n_results, "result"));
}

/* return f(); where f has as many results: they go through hidden variables. */
static void return_call(checker *c, tree *t, prog_stmt *s)
{
  prog_stmt *back = stmt_new(c, STMT_RETURN, t->pos);
  uint32_t n = c->f->code->n_results;
  tree target = {.kind = TREE_TARGET, .pos = t->a->pos};
  tree *targets = arena_array(c->memory, tree, n);
  back->results = arena_array(c->memory, prog_expr *, n);
  for (uint32_t i = 0; targets != NULL && i < n; i++) {
    targets[i] = target;
    targets[i].next = i + 1 < n ? &targets[i + 1] : NULL;
  }
  tree let = {.kind = TREE_RETURN, .a = targets, .b = t->a, .pos = t->pos};
  prog_stmt *declare = targets == NULL || back->results == NULL ? NULL : check_variable(c, &let);
  if (declare != NULL && type_is_poison(declare->places[0].type)) {
    return;
  }
  for (uint32_t i = 0; declare != NULL && i < declare->n_places; i++) {
    prog_place *p = &declare->places[i];
    p->kind = PLACE_VARIABLE;
    p->variable = variable_add(c, "result", VARIABLE_HIDDEN, p->type, t->a->pos);
    prog_expr *e = expr_new(c, EXPR_VARIABLE, p->type, t->a->pos);
    e->index = p->variable;
    expr_fits(c, e, c->f->code->results[i]);
    back->results[back->n_results++] = e;
  }
  s->kind = STMT_BLOCK;
  s->body = declare;
  back->exits = PROG_RETURNS;
  back->goes_on = false;
  if (declare != NULL) {
    declare->next = back;
  }
}

static void check_return(checker *c, tree *t, prog_stmt *s)
{
  const prog_function *code = c->f->code;
  uint32_t n = tree_count(t->a);
  s->exits = PROG_RETURNS;
  s->goes_on = false;
  if (c->f->has_array_result && n > 0 && !is_last(c, t)) {
    CHECK_REPORT(c, LANG_ARRAY_RETURN, t->pos, NULL);
  }
  if (n == 1 && code->n_results > 1 && t->a->kind == TREE_CALL) {
    return_call(c, t, s);
    return;
  }
  if (n != code->n_results) {
    report_return_count(c, t->pos, n);
    return;
  }
  s->results = arena_array(c->memory, prog_expr *, n);
  for (tree *v = s->results == NULL ? NULL : t->a; v != NULL; v = v->next) {
    prog_expr *e = check_as(c, v, code->results[s->n_results]);
    if (!type_is_poison(e->type) && !array_may_leave(c, s, e)) {
      CHECK_REPORT(c, LANG_ARRAY_COPY, v->pos, NULL);
    }
    s->results[s->n_results++] = e;
  }
}

/* ---- all kinds ---- */

static void check_sync(checker *c, const tree *t)
{
  bool is_machine = c->f->entry != NULL && c->f->entry->is_machine;
  if (!is_machine || c->f->level != 2) {
    CHECK_REPORT(c, LANG_SYNC_PLACE, t->pos, NULL);
  }
}

static void check_evaluate(checker *c, tree *t, prog_stmt *s)
{
  s->value = check_any(c, t->a, type_none());
  if (type_is_poison(s->value->type)) {
    return;
  }
  bool is_void = s->value->kind == EXPR_CALL && s->value->type.kind == PROG_VOID;
  if (!is_void || c->functions.data[s->value->index].code.n_results > 0) {
    CHECK_REPORT(c, LANG_UNUSED_RESULT, t->pos, lang_name_text(c->l, t->a->name));
  }
}

static void check_local_constant(checker *c, tree *t)
{
  symbol *s = arena_new(c->memory, symbol);
  if (s == NULL) {
    return;
  }
  *s = (symbol){
      .kind = SYMBOL_CONSTANT, .node = t, .name = t->name, .pos = t->name_pos, .from_library = c->library_scope};
  bool saved = c->in_constant;
  c->in_constant = true;
  constant_define(c, s); /* its value does not see its name */
  c->in_constant = saved;
  symbol *d = name_declare(c, t->name, t->name_pos, SYMBOL_CONSTANT);
  symbol *outer = d->outer, *scope_next = d->scope_next;
  uint32_t level = d->level;
  *d = *s;
  d->outer = outer;
  d->scope_next = scope_next;
  d->level = level;
}

/* NULL for what leaves no trace. */
static prog_stmt *check_statement(checker *c, tree *t)
{
  static const uint8_t kinds[TREE_KIND_COUNT] = {
      [TREE_EVALUATE] = STMT_CALL, [TREE_IF] = STMT_IF,
      [TREE_WHILE] = STMT_WHILE,   [TREE_FOR] = STMT_FOR,
      [TREE_REPEAT] = STMT_REPEAT, [TREE_MATCH] = STMT_MATCH,
      [TREE_BREAK] = STMT_BREAK,   [TREE_CONTINUE] = STMT_CONTINUE,
      [TREE_RETURN] = STMT_RETURN, [TREE_ASSERT] = STMT_ASSERT,
      [TREE_SYNC] = STMT_SYNC,     [TREE_BLOCK] = STMT_BLOCK,
  };
  switch (t->kind) {
  case TREE_CONST: check_local_constant(c, t); return NULL;
  case TREE_LET:
  case TREE_VAR: return check_variable(c, t);
  case TREE_ASSIGN: return check_assign(c, t);
  case TREE_UPDATE: return check_update(c, t);
  default: break;
  }
  prog_stmt *s = stmt_new(c, (prog_stmt_kind)kinds[t->kind], t->pos);
  switch (t->kind) {
  case TREE_EVALUATE: check_evaluate(c, t, s); break;
  case TREE_IF: check_if(c, t, s); break;
  case TREE_WHILE: check_while(c, t, s); break;
  case TREE_FOR: check_for(c, t, s); break;
  case TREE_REPEAT: check_repeat(c, t, s); break;
  case TREE_MATCH: check_match(c, t, s); break;
  case TREE_BREAK:
  case TREE_CONTINUE: check_leave(c, t, s); break;
  case TREE_RETURN: check_return(c, t, s); break;
  case TREE_ASSERT:
    s->value = check_condition(c, t->a);
    c->f->effects |= PROG_TRAPS;
    break;
  case TREE_SYNC: check_sync(c, t); break;
  case TREE_BLOCK: s->body = check_block(c, t, &s->goes_on, &s->exits); break;
  default: return NULL;
  }
  return s;
}

prog_stmt *check_statements(checker *c, tree *list, bool *goes_on, uint8_t *exits)
{
  prog_stmt *first = NULL, *last = NULL;
  bool is_reached = true, is_said = c->library_scope;
  for (tree *t = list; t != NULL && !c->memory->failed; t = t->next) {
    if (!is_reached && !is_said) {
      CHECK_REPORT(c, LANG_UNREACHABLE, t->pos, NULL);
      is_said = true;
    }
    prog_stmt *s = check_statement(c, t);
    if (s == NULL) {
      continue;
    }
    *exits |= s->exits;
    is_reached = s->goes_on = is_reached && s->goes_on;
    if (last == NULL) {
      first = s;
    } else {
      last->next = s;
    }
    last = s;
  }
  *goes_on = is_reached;
  return first;
}

prog_stmt *check_block(checker *c, tree *block, bool *goes_on, uint8_t *exits)
{
  scope_open(c);
  prog_stmt *first = check_statements(c, block->a, goes_on, exits);
  scope_close(c);
  return first;
}
