/* split.c: the phases of a loop that is split, as statements; split.h shows them. Lists are copied where they are cut.
 */
#include "routine/split.h"

typedef struct splitter {
  const program *p;
  arena *memory;
  prog_function *body;
  const split_cost *cost;
  uint32_t counter, limit, started, arm;
} splitter;

/* A list under way. */
typedef struct list {
  prog_stmt *first, **end;
} list;

static list list_open(void)
{
  return (list){NULL, NULL};
}

static prog_stmt *list_add(splitter *sp, list *to, const prog_stmt *s)
{
  prog_stmt *copy = arena_copy(sp->memory, s, 1, sizeof *s);
  if (copy == NULL) {
    return NULL;
  }
  copy->next = NULL;
  *(to->first == NULL ? &to->first : to->end) = copy;
  to->end = &copy->next;
  return copy;
}

/* ---- what statements are made of ---- */

static prog_expr *new_expr(splitter *sp, prog_expr_kind kind, tg_type type)
{
  prog_expr *e = arena_new(sp->memory, prog_expr);
  if (e != NULL) {
    *e = (prog_expr){.kind = (uint8_t)kind, .type = {PROG_SCALAR, (uint8_t)type, 0}, .pos = sp->cost->loop->pos};
  }
  return e;
}

static prog_expr *new_const(splitter *sp, tg_type type, uint64_t bits)
{
  prog_expr *e = new_expr(sp, EXPR_CONST, type);
  if (e != NULL) {
    e->bits = bits;
  }
  return e;
}

static prog_expr *new_variable(splitter *sp, uint32_t variable)
{
  prog_expr *e = new_expr(sp, EXPR_VARIABLE, (tg_type)sp->body->variables[variable].type.scalar);
  if (e != NULL) {
    e->index = variable;
  }
  return e;
}

static prog_expr *new_binary(splitter *sp, prog_op op, tg_type type, prog_expr *a, prog_expr *b)
{
  prog_expr *e = new_expr(sp, EXPR_OP, type);
  prog_expr **args = arena_array(sp->memory, prog_expr *, 2);
  if (e == NULL || args == NULL) {
    return NULL;
  }
  args[0] = a;
  args[1] = b;
  e->op = (uint8_t)op;
  e->n_args = 2;
  e->args = args;
  return e;
}

/* variable = value, or its declaration; without a value, as zeros. */
static void add_set(splitter *sp, list *to, prog_stmt_kind kind, uint32_t variable, prog_expr *value)
{
  lang_pos pos = sp->cost->loop->pos;
  const prog_place place = {
      .kind = PLACE_VARIABLE, .variable = variable, .type = sp->body->variables[variable].type, .pos = pos};
  prog_stmt s = {.kind = (uint8_t)kind, .goes_on = true, .n_places = 1, .value = value, .pos = pos};
  s.places = arena_copy(sp->memory, &place, 1, sizeof place);
  list_add(sp, to, &s);
}

static void add_if(splitter *sp, list *to, prog_expr *condition, prog_stmt *then)
{
  const prog_stmt s = {.kind = STMT_IF, .goes_on = true, .value = condition, .body = then, .pos = sp->cost->loop->pos};
  list_add(sp, to, &s);
}

static void add_sync(splitter *sp, list *to)
{
  const prog_stmt s = {.kind = STMT_SYNC, .goes_on = true, .pos = sp->cost->loop->pos};
  list_add(sp, to, &s);
}

/* ---- the phases ---- */

/* The end of the phase before: the loop's own variables, and those of its body that outlive a phase. */
static void add_start(splitter *sp, list *to)
{
  const prog_stmt *loop = sp->cost->loop;
  if (loop->kind == STMT_FOR) {
    add_set(sp, to, STMT_DECLARE, sp->counter, loop->value);
    add_set(sp, to, STMT_DECLARE, sp->limit, loop->limit);
  } else if (loop->kind == STMT_REPEAT) {
    add_set(sp, to, STMT_DECLARE, sp->limit, loop->value);
    add_set(sp, to, STMT_DECLARE, sp->counter, NULL);
  }
  add_set(sp, to, STMT_DECLARE, sp->started, NULL);
  add_set(sp, to, STMT_DECLARE, sp->arm, NULL);
  for (const prog_stmt *s = loop->body; s != sp->cost->match; s = s->next) {
    for (uint32_t k = 0; s->kind == STMT_DECLARE && k < s->n_places; k++) {
      if (s->places[k].kind == PLACE_VARIABLE) {
        add_set(sp, to, STMT_DECLARE, s->places[k].variable, NULL);
      }
    }
  }
}

/* What follows the match, and the step of the counter. */
static prog_stmt *make_end_of_round(splitter *sp)
{
  list to = list_open();
  for (const prog_stmt *s = sp->cost->match->next; s != NULL; s = s->next) {
    list_add(sp, &to, s);
  }
  if (sp->cost->loop->kind != STMT_WHILE) {
    tg_type type = (tg_type)sp->body->variables[sp->counter].type.scalar;
    prog_expr *next = new_binary(sp, PROG_ADD, type, new_variable(sp, sp->counter), new_const(sp, type, 1));
    add_set(sp, &to, STMT_ASSIGN, sp->counter, next);
  }
  return to.first;
}

/* The match itself, with the number of the arm in place of each. */
static void add_choice(splitter *sp, list *to)
{
  const prog_stmt *match = sp->cost->match;
  prog_stmt *s = list_add(sp, to, match);
  prog_arm *arms = arena_copy(sp->memory, match->arms, match->n_arms, sizeof *match->arms);
  for (uint32_t k = 0; s != NULL && arms != NULL && k <= match->n_arms; k++) {
    list body = list_open();
    add_set(sp, &body, STMT_ASSIGN, sp->arm, new_const(sp, TG_U32, k));
    *(k < match->n_arms ? &arms[k].body : &s->otherwise) = body.first;
  }
  if (s != NULL) {
    s->arms = arms;
  }
}

/* What comes before the match; what is declared there has been declared. */
static prog_stmt *make_start_of_round(splitter *sp)
{
  list to = list_open();
  for (const prog_stmt *s = sp->cost->loop->body; s != sp->cost->match; s = s->next) {
    prog_stmt *copy = list_add(sp, &to, s);
    if (copy != NULL && s->kind == STMT_DECLARE) {
      copy->kind = STMT_ASSIGN;
      copy->value = s->value != NULL ? s->value : new_const(sp, (tg_type)s->places[0].type.scalar, 0);
    }
  }
  add_choice(sp, &to);
  return to.first;
}

static void add_turn(splitter *sp, list *to)
{
  const prog_stmt *loop = sp->cost->loop;
  prog_expr *goes_on = loop->value;
  if (loop->kind != STMT_WHILE) {
    goes_on = new_binary(sp, PROG_LT, TG_BOOL, new_variable(sp, sp->counter), new_variable(sp, sp->limit));
  }
  add_if(sp, to, new_variable(sp, sp->started), make_end_of_round(sp));
  add_set(sp, to, STMT_ASSIGN, sp->started, new_const(sp, TG_BOOL, 1));
  add_set(sp, to, STMT_ASSIGN, sp->arm, new_const(sp, TG_U32, sp->cost->n_arms));
  add_if(sp, to, goes_on, make_start_of_round(sp));
}

static void add_arm(splitter *sp, list *to, prog_stmt *body)
{
  const prog_stmt s = {.kind = STMT_BLOCK, .goes_on = true, .body = body, .pos = sp->cost->match->pos};
  list_add(sp, to, &s);
}

static prog_stmt *make_body(splitter *sp, const prog_stmt *s, split_phases *out)
{
  const prog_stmt *match = sp->cost->match;
  list to = list_open();
  for (; s != sp->cost->loop; s = s->next) {
    list_add(sp, &to, s);
    out->turn += s->kind == STMT_SYNC;
  }
  out->turn++;
  out->n_arms = sp->cost->n_arms;
  out->arm = sp->arm;
  add_start(sp, &to);
  add_sync(sp, &to);
  add_turn(sp, &to);
  for (uint32_t k = 0; k <= match->n_arms; k++) {
    add_sync(sp, &to);
    add_arm(sp, &to, k < match->n_arms ? match->arms[k].body : match->otherwise);
  }
  add_sync(sp, &to);
  for (s = sp->cost->loop->next; s != NULL; s = s->next) {
    list_add(sp, &to, s);
  }
  return to.first;
}

/* ---- all ---- */

enum { NEW_VARIABLES = 4 };

static uint32_t name_variable(splitter *sp, const char *name, tg_type type)
{
  sp->body->variables[sp->body->n_variables] = (prog_variable){
      .name = name, .kind = VARIABLE_HIDDEN, .type = {PROG_SCALAR, (uint8_t)type, 0}, .pos = sp->cost->loop->pos};
  return sp->body->n_variables++;
}

const prog_entry *split_entry(const program *p, const prog_entry *entry, const split_cost *cost, arena *memory,
                              split_phases *out)
{
  prog_entry *made = arena_copy(memory, entry, 1, sizeof *entry);
  uint32_t n = entry->body.n_variables;
  prog_variable *variables = arena_array(memory, prog_variable, n + NEW_VARIABLES);
  *out = (split_phases){0, 0, 0};
  if (made == NULL || variables == NULL) {
    return NULL;
  }
  for (uint32_t k = 0; k < n; k++) {
    variables[k] = entry->body.variables[k];
  }
  made->body.variables = variables;
  splitter sp = {.p = p, .memory = memory, .body = &made->body, .cost = cost};
  tg_type type = cost->loop->kind == STMT_WHILE ? TG_BOOL : (tg_type)cost->loop->value->type.scalar;
  sp.limit = name_variable(&sp, "limit", type);
  sp.started = name_variable(&sp, "started", TG_BOOL);
  sp.arm = name_variable(&sp, "arm", TG_U32);
  sp.counter = cost->loop->kind == STMT_FOR ? cost->loop->variable : name_variable(&sp, "counter", type);
  made->body.body = make_body(&sp, entry->body.body, out);
  return memory->failed ? NULL : made;
}
