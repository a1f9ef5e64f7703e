/* live.c: what is needed after each step, walking back from the end of the body. A value is needed if some way on reads
 * it before it is written as a whole.
 *
 * Of a loop it is enough to know what one round reads first (`exposed`): at its head that is needed, what comes after
 * it, and its condition. So each block is walked twice, however deep it stands: once from nothing, for that, and once
 * for what is needed. */
#include "routine/steps.h"

#include <string.h>

/* Where a step may lead other than to the next: what is needed there. */
typedef struct targets {
  const item_word *broken, *continued, *returned;
} targets;

typedef struct walker {
  steps *s;
  const live_visitor *visitor; /* NULL: nobody is told */
  bool into;
  bool finds_exposed;
} walker;

static void walk_list(walker *w, step_list list, item_word *set, const targets *t);

/* ---- sets ---- */

static item_word *set_take(const walker *w, const item_word *from)
{
  steps *s = w->s;
  item_word *set = s->n_spare > 0 ? s->spare[--s->n_spare] : items_none(s);
  if (set != NULL && from != NULL) {
    memcpy(set, from, s->n_words * sizeof *set);
  } else if (set != NULL) {
    memset(set, 0, s->n_words * sizeof *set);
  }
  return set;
}

static void set_give(const walker *w, item_word *set)
{
  if (set != NULL && w->s->n_spare < STEPS_SPARE) {
    w->s->spare[w->s->n_spare++] = set;
  }
}

static void set_join(const walker *w, item_word *to, const item_word *from)
{
  for (uint32_t k = 0; k < w->s->n_words; k++) {
    to[k] |= from[k];
  }
}

static void set_copy(const walker *w, item_word *to, const item_word *from)
{
  memcpy(to, from, w->s->n_words * sizeof *to);
}

/* ---- what one statement reads and writes itself ---- */

static void read_expr(const steps *s, const prog_expr *e, item_word *set)
{
  if (e == NULL) {
    return;
  }
  if (e->kind == EXPR_VARIABLE) {
    item_add(set, e->index);
  }
  if (e->kind == EXPR_DRAW || (e->kind == EXPR_CALL && (s->p->functions[e->index].effects & PROG_DRAWS))) {
    item_add(set, s->entry->body.n_variables + EXTRA_DRAWS);
  }
  for (uint32_t k = 0; k < e->n_args; k++) {
    read_expr(s, e->args[k], set);
  }
}

static void read_own(const steps *s, const prog_stmt *stmt, item_word *set)
{
  read_expr(s, stmt->value, set);
  read_expr(s, stmt->limit, set);
  for (uint32_t k = 0; k < stmt->n_places; k++) {
    read_expr(s, stmt->places[k].kind == PLACE_ELEMENT ? stmt->places[k].subscript : NULL, set);
  }
  for (uint32_t k = 0; k < stmt->n_results; k++) {
    read_expr(s, stmt->results[k], set);
  }
}

static void remove_written(const prog_stmt *stmt, item_word *set)
{
  for (uint32_t k = 0; k < stmt->n_places; k++) {
    if (stmt->places[k].kind == PLACE_VARIABLE) {
      item_remove(set, stmt->places[k].variable);
    }
  }
}

/* ---- the walk ---- */

static void walk_choice(walker *w, const step *at, item_word *set, const targets *t)
{
  item_word *all = set_take(w, NULL), *one = set_take(w, NULL);
  for (uint32_t k = 0; k < at->n_lists && one != NULL && all != NULL; k++) {
    set_copy(w, one, set);
    walk_list(w, w->s->lists.data[at->first_list + k], one, t);
    set_join(w, all, one);
  }
  if (one != NULL && all != NULL) {
    set_copy(w, set, all);
  }
  set_give(w, one);
  set_give(w, all);
}

static void find_exposed(walker *w, step *at)
{
  item_word *nothing = set_take(w, NULL), *set = set_take(w, NULL);
  targets t = {nothing, nothing, nothing};
  if (nothing != NULL && set != NULL) {
    walk_list(w, w->s->lists.data[at->first_list], set, &t);
    if (at->stmt->kind == STMT_FOR) {
      item_remove(set, at->stmt->variable);
    }
    at->exposed = items_list(w->s, set, UINT32_MAX);
  }
  set_give(w, nothing);
  set_give(w, set);
}

static void walk_loop(walker *w, step *at, item_word *set, const targets *t)
{
  item_word *after = set_take(w, set), *body;
  if (w->finds_exposed) {
    find_exposed(w, at);
  }
  for (uint32_t k = 0; k < at->exposed.n; k++) {
    item_add(set, at->exposed.at[k]);
  }
  if (exits_of_list(at->stmt->body) & PROG_RETURNS) {
    set_join(w, set, t->returned);
  }
  if (at->stmt->kind == STMT_WHILE) {
    read_expr(w->s, at->stmt->value, set);
  }
  body = w->visitor != NULL && w->into ? set_take(w, set) : NULL;
  if (body != NULL && after != NULL) {
    targets inner = {after, set, t->returned};
    if (at->stmt->kind == STMT_FOR) {
      item_add(body, at->stmt->variable);
    }
    walk_list(w, w->s->lists.data[at->first_list], body, &inner);
  }
  set_give(w, body);
  set_give(w, after);
}

static void walk_step(walker *w, step *at, item_word *set, const targets *t)
{
  const prog_stmt *stmt = at->stmt;
  switch ((prog_stmt_kind)stmt->kind) {
  case STMT_DECLARE:
  case STMT_ASSIGN: remove_written(stmt, set); break;
  case STMT_IF:
  case STMT_MATCH: walk_choice(w, at, set, t); break;
  case STMT_WHILE:
  case STMT_FOR:
  case STMT_REPEAT: walk_loop(w, at, set, t); break;
  case STMT_BREAK: set_copy(w, set, t->broken); break;
  case STMT_CONTINUE: set_copy(w, set, t->continued); break;
  case STMT_RETURN: set_copy(w, set, t->returned); break;
  case STMT_BLOCK: walk_list(w, w->s->lists.data[at->first_list], set, t); break;
  case STMT_CALL:
  case STMT_ASSERT:
  case STMT_SYNC: break;
  }
  read_own(w->s, stmt, set);
}

static void walk_list(walker *w, step_list list, item_word *set, const targets *t)
{
  for (uint32_t k = list.n; k > 0 && !w->s->memory->failed; k--) {
    step *at = &w->s->all.data[list.first + k - 1];
    if (w->visitor != NULL && (w->into || at->parent == NO_STEP)) {
      w->visitor->visit(w->visitor->self, list.first + k - 1, set);
    }
    walk_step(w, at, set, t);
  }
}

/* At the end the outputs are needed. */
bool live_walk(steps *s, live_visitor visitor, bool into)
{
  walker w = {.s = s, .into = into};
  item_word *end = items_none(s), *set = items_none(s);
  if (s->memory->failed) {
    return false;
  }
  for (uint32_t k = 0; k < s->entry->body.n_variables; k++) {
    if (s->entry->body.variables[k].kind == VARIABLE_OUTPUT) {
      item_add(end, k);
    }
  }
  targets t = {end, end, end};
  for (int round = 0; round < 2; round++) {
    w.finds_exposed = round == 0;
    w.visitor = round == 0 ? NULL : &visitor;
    set_copy(&w, set, end);
    walk_list(&w, s->lists.data[0], set, &t);
  }
  return !s->memory->failed;
}

/* ---- of one step ---- */

bool live_reads(steps *s, uint32_t number, item_word *set)
{
  walker w = {.s = s};
  item_word *nothing = set_take(&w, NULL);
  targets t = {nothing, nothing, nothing};
  if (nothing != NULL) {
    walk_step(&w, &s->all.data[number], set, &t);
  }
  set_give(&w, nothing);
  return !s->memory->failed;
}

static void add_written(const steps *s, uint32_t number, bool is_outer, item_word *set)
{
  const step *at = &s->all.data[number];
  for (uint32_t k = 0; k < at->n_lists; k++) {
    step_list list = s->lists.data[at->first_list + k];
    for (uint32_t i = 0; i < list.n; i++) {
      add_written(s, list.first + i, false, set);
    }
  }
  for (uint32_t k = 0; k < at->stmt->n_places; k++) {
    bool is_known = at->stmt->places[k].kind != PLACE_NOTHING;
    if (is_known && (is_outer || at->stmt->kind == STMT_ASSIGN)) {
      item_add(set, at->stmt->places[k].variable);
    }
  }
  if (effects_of_stmt(s->p, at->stmt) & PROG_DRAWS) {
    item_add(set, s->entry->body.n_variables + EXTRA_DRAWS);
  }
}

static void remove_declared(const steps *s, uint32_t number, item_word *set)
{
  const step *at = &s->all.data[number];
  for (uint32_t k = 0; k < at->n_lists; k++) {
    step_list list = s->lists.data[at->first_list + k];
    for (uint32_t i = 0; i < list.n; i++) {
      const prog_stmt *stmt = s->all.data[list.first + i].stmt;
      if (stmt->kind == STMT_DECLARE) {
        remove_written(stmt, set);
      }
      remove_declared(s, list.first + i, set);
    }
  }
}

void live_writes(const steps *s, uint32_t number, item_word *set)
{
  add_written(s, number, true, set);
  remove_declared(s, number, set);
}
