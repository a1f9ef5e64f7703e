/* stmt.c: statements. Each returns the way on: to the next statement, or out of a loop or function. Where the walker is
 * stopped every way leads out. */
#include "walk/walker.h"

#include <string.h>

enum { MAX_PLACES = 64 };

static void tell(walker *w, const prog_stmt *s)
{
  walk_tell(w, s, NULL, 0);
}

/* The value of a statement's expression, which is shown. */
static uint64_t ask(walker *w, const prog_stmt *s)
{
  uint64_t value = walk_scalar(w, s->value);
  walk_tell(w, s, &(walk_change){NULL, s->value->type, 0, 1, &value}, 1);
  return value;
}

/* ---- declarations and assignments ---- */

static const prog_variable *variable_of(const walker *w, const prog_place *place)
{
  return &w->frame->code->variables[place->variable];
}

/* values: NULL for zeros. */
static walk_change store(walker *w, const prog_place *place, uint64_t index, const uint64_t *values)
{
  slot *to = &w->frame->slots[place->variable];
  uint64_t n = walk_cells(w, place->type);
  if (place->kind == PLACE_ELEMENT && !walk_check_index(w, place->subscript, index, to->n, place->pos)) {
    return (walk_change){0};
  }
  uint64_t first = place->kind == PLACE_ELEMENT ? index : place->kind == PLACE_FIELD ? place->field : 0;
  if (values == NULL) {
    memset(to->cells + first, 0, n * sizeof *values);
  } else {
    memcpy(to->cells + first, values, n * sizeof *values);
  }
  const prog_variable *v = variable_of(w, place);
  return (walk_change){v, v->type, (uint32_t)first, (uint32_t)n, to->cells + first};
}

static void store_all(walker *w, const prog_stmt *s, const uint64_t *indices, const uint64_t *values)
{
  walk_change changes[MAX_PLACES];
  uint32_t n = 0;
  for (uint32_t k = 0; k < s->n_places && !w->is_stopped; k++) {
    if (s->places[k].kind != PLACE_NOTHING) {
      changes[n++] = store(w, &s->places[k], indices[k], values);
    }
    values = values == NULL ? NULL : values + walk_cells(w, s->places[k].type);
  }
  walk_tell(w, s, changes, n);
}

/* Of a call with several results all lie side by side. */
static uint64_t cells_of_value(const walker *w, const prog_stmt *s)
{
  uint64_t n = 0;
  for (uint32_t k = 0; k < s->n_places; k++) {
    n += walk_cells(w, s->places[k].type);
  }
  return n;
}

/* All subscripts, then the value, then each check and store in turn. */
static void assign(walker *w, const prog_stmt *s)
{
  uint64_t indices[MAX_PLACES] = {0}, n = cells_of_value(w, s), one = 0;
  for (uint32_t k = 0; k < s->n_places; k++) {
    if (s->places[k].kind == PLACE_ELEMENT) {
      indices[k] = walk_scalar(w, s->places[k].subscript);
    }
  }
  if (s->value == NULL) {
    store_all(w, s, indices, NULL);
    return;
  }
  uint64_t *values = n > 1 ? walk_take(w, n) : &one;
  if (values != NULL) {
    walk_values(w, s->value, values);
    store_all(w, s, indices, values);
  }
  if (n > 1) {
    walk_give(w, values, n);
  }
}

static void tell_results(walker *w, const prog_stmt *s)
{
  walk_change changes[MAX_PLACES];
  const uint64_t *at = w->frame->results;
  for (uint32_t k = 0; k < s->n_results; k++) {
    uint64_t n = walk_cells(w, s->results[k]->type);
    changes[k] = (walk_change){NULL, s->results[k]->type, 0, (uint32_t)n, at};
    at += n;
  }
  walk_tell(w, s, changes, s->n_results);
}

static way leave(walker *w, const prog_stmt *s)
{
  uint64_t *at = w->frame->results;
  for (uint32_t k = 0; k < s->n_results; k++) {
    walk_values(w, s->results[k], at);
    at += walk_cells(w, s->results[k]->type);
  }
  tell_results(w, s);
  return WAY_RETURN;
}

/* ---- loops ---- */

/* One round: a unit of fuel, the body. False: the loop is left, in the way that *out says. */
static bool run_round(walker *w, const prog_stmt *s, way *out)
{
  if (!w->is_stopped && w->fuel == 0) {
    walk_trap(w, TG_TRAP_FUEL, s->pos);
  }
  if (w->is_stopped) {
    return false;
  }
  w->fuel -= w->job->fuel == TG_FUEL_UNLIMITED ? 0 : 1;
  way left = walk_list(w, s->body);
  *out = left == WAY_RETURN ? WAY_RETURN : WAY_ON;
  return !w->is_stopped && left != WAY_RETURN && left != WAY_BREAK;
}

static way run_while(walker *w, const prog_stmt *s)
{
  way out = WAY_ON;
  while (ask(w, s) != 0 && run_round(w, s, &out)) {
  }
  return out;
}

static bool is_less(tg_type type, uint64_t a, uint64_t b)
{
  const uint64_t x[2] = {a, b};
  return value_operate(PROG_LT, type, TG_BOOL, x) != 0;
}

static way run_for(walker *w, const prog_stmt *s)
{
  way out = WAY_ON;
  const prog_variable *v = &w->frame->code->variables[s->variable];
  tg_type type = (tg_type)v->type.scalar;
  uint64_t i = walk_scalar(w, s->value), limit = walk_scalar(w, s->limit), *cell = w->frame->slots[s->variable].cells;
  if (!is_less(type, i, limit)) {
    tell(w, s);
  }
  for (; !w->is_stopped && is_less(type, i, limit); i = value_operate(PROG_ADD, type, type, (uint64_t[]){i, 1})) {
    *cell = i;
    walk_tell(w, s, &(walk_change){v, v->type, 0, 1, cell}, 1);
    if (!run_round(w, s, &out)) {
      break;
    }
  }
  return out;
}

static way run_repeat(walker *w, const prog_stmt *s)
{
  way out = WAY_ON;
  tg_type type = (tg_type)s->value->type.scalar;
  uint64_t n = ask(w, s), one = 1;
  for (uint64_t done = 0; !w->is_stopped && is_less(type, done, n);) {
    if (!run_round(w, s, &out)) {
      break;
    }
    done = value_operate(PROG_ADD, type, type, (uint64_t[]){done, one});
  }
  return out;
}

/* ---- choices ---- */

static way choose_arm(walker *w, const prog_stmt *s)
{
  uint64_t value = ask(w, s);
  for (uint32_t k = 0; k < s->n_arms; k++) {
    for (uint32_t i = 0; i < s->arms[k].n_values; i++) {
      if (s->arms[k].values[i] == value) {
        return walk_list(w, s->arms[k].body);
      }
    }
  }
  return walk_list(w, s->otherwise);
}

static void check_assertion(walker *w, const prog_stmt *s)
{
  uint64_t holds = ask(w, s);
  if (!w->is_stopped && holds == 0) {
    walk_trap(w, LANG_TRAP_ASSERT, s->pos);
  }
}

/* ---- all kinds ---- */

static way run(walker *w, const prog_stmt *s)
{
  switch ((prog_stmt_kind)s->kind) {
  case STMT_DECLARE:
  case STMT_ASSIGN: assign(w, s); break;
  case STMT_CALL:
    walk_values(w, s->value, NULL);
    tell(w, s);
    break;
  case STMT_IF: return walk_list(w, ask(w, s) != 0 ? s->body : s->otherwise);
  case STMT_WHILE: return run_while(w, s);
  case STMT_FOR: return run_for(w, s);
  case STMT_REPEAT: return run_repeat(w, s);
  case STMT_MATCH: return choose_arm(w, s);
  case STMT_BREAK: tell(w, s); return WAY_BREAK;
  case STMT_CONTINUE: tell(w, s); return WAY_CONTINUE;
  case STMT_RETURN: return leave(w, s);
  case STMT_ASSERT: check_assertion(w, s); break;
  case STMT_SYNC: tell(w, s); break;
  case STMT_BLOCK: return walk_list(w, s->body);
  }
  return WAY_ON;
}

way walk_list(walker *w, const prog_stmt *s)
{
  way out = WAY_ON;
  for (; s != NULL && out == WAY_ON && !w->is_stopped; s = s->next) {
    if (walk_enter(w)) {
      out = run(w, s);
      walk_leave(w);
    }
  }
  return w->is_stopped ? WAY_RETURN : out;
}
