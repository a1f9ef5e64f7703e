/* stmt.c: statements. A statement that may be left by break, continue or return sets a flag, and what follows it runs
 * in a branch on those flags. */
#include "routine/lower.h"

/* ---- declarations and assignments ---- */

/* The values of the right side: several for a call with several results, or none for a declaration of zeros. */
static tg_value *right_side(lowering *l, const prog_stmt *s)
{
  uint32_t n = MAX_VALUES;
  if (s->value != NULL && s->value->kind == EXPR_CALL) {
    n += values_of_results(l, &l->p->functions[s->value->index]);
  }
  tg_value *values = arena_array(&l->memory, tg_value, n);
  if (values != NULL && s->value != NULL) {
    lower_values(l, s->value, values);
  }
  return values;
}

/* Only what phases.c saves has cells before it is declared. */
static void declare(lowering *l, const prog_place *place, const tg_value *values)
{
  binding known = l->frame->variables[place->variable];
  if (known.kind == BIND_CELLS) {
    uint32_t zeros = values == NULL ? cells_push_zeros(l, place->type) : NO_CELL;
    for (uint32_t k = 0; k < cells_of(l, place->type); k++) {
      cell_set(l, known.at + k, values == NULL ? cell_get(l, zeros + k) : values[k]);
    }
    return;
  }
  binding at = {
      .kind = BIND_CELLS, .at = (uint32_t)l->cells.n, .length = place->type.kind == PROG_ARRAY ? place->type.n : 0};
  if (values == NULL) {
    at.at = cells_push_zeros(l, place->type);
  }
  for (uint32_t k = 0; values != NULL && k < cells_of(l, place->type); k++) {
    cells_push(l, values[k]);
  }
  l->frame->variables[place->variable] = at;
}

static void lower_declare(lowering *l, const prog_stmt *s)
{
  const tg_value *values = s->value == NULL ? NULL : right_side(l, s);
  for (uint32_t k = 0; k < s->n_places && !lowering_failed(l, s->pos); k++) {
    if (s->places[k].kind == PLACE_VARIABLE) {
      declare(l, &s->places[k], values);
    }
    values = values == NULL ? NULL : values + cells_of(l, s->places[k].type);
  }
}

static void assign(lowering *l, const prog_place *place, tg_value index, const tg_value *values)
{
  if (place->kind == PLACE_NOTHING) {
    return;
  }
  binding at = l->frame->variables[place->variable];
  switch ((prog_place_kind)place->kind) {
  case PLACE_ELEMENT: {
    lower_bounds(l, place->subscript, index, at, place->pos);
    tg_value array = cell_get(l, at.at);
    cell_set(l, at.at, tg_astore(l->g, array, index, values[0]));
    break;
  }
  case PLACE_FIELD: cell_set(l, at.at + place->field, values[0]); break;
  case PLACE_VARIABLE:
    for (uint32_t k = 0; k < cells_of(l, place->type); k++) {
      cell_set(l, at.at + k, values[k]);
    }
    break;
  case PLACE_NOTHING: break;
  }
}

void lower_assign(lowering *l, const prog_stmt *s)
{
  tg_value *indices = arena_array(&l->memory, tg_value, s->n_places);
  for (uint32_t k = 0; indices != NULL && k < s->n_places; k++) {
    if (s->places[k].kind == PLACE_ELEMENT) {
      indices[k] = lower_scalar(l, s->places[k].subscript);
    }
  }
  const tg_value *values = right_side(l, s);
  for (uint32_t k = 0; k < s->n_places && !lowering_failed(l, s->pos); k++) {
    assign(l, &s->places[k], indices[k], values);
    values += cells_of(l, s->places[k].type);
  }
}

/* ---- choices ---- */

static void lower_if(lowering *l, const prog_stmt *s)
{
  const prog_stmt *lists[2] = {s->body, s->otherwise};
  tg_value condition = lower_scalar(l, s->value);
  bool draws = ((effects_of_list(l->p, s->body) | effects_of_list(l->p, s->otherwise)) & PROG_DRAWS) != 0;
  unsigned after =
      draws_join(draws_after_list(l->p, s->body, l->taken), draws_after_list(l->p, s->otherwise, l->taken));
  fork f;
  fork_begin(l, &f, condition, region_of(l, lists, 2, NULL, 0, draws), after);
  lower_list(l, s->otherwise);
  fork_next(l, &f);
  lower_list(l, s->body);
  fork_end(l, &f);
}

/* Whether arm k is of the value k alone, for every arm: then the value itself selects. */
static bool is_numbered(const prog_stmt *s)
{
  for (uint32_t k = 0; k < s->n_arms; k++) {
    if (s->arms[k].n_values != 1 || s->arms[k].values[0] != k) {
      return false;
    }
  }
  return true;
}

static tg_value arm_number(lowering *l, const prog_stmt *s)
{
  tg_value value = lower_scalar(l, s->value);
  if (is_numbered(s)) {
    return value;
  }
  tg_value number = tg_const(l->g, TG_U32, s->n_arms);
  for (uint32_t k = 0; k < s->n_arms && !lowering_failed(l, s->pos); k++) {
    for (uint32_t i = 0; i < s->arms[k].n_values; i++) {
      tg_value is_it = tg_eq(l->g, value, tg_const(l->g, (tg_type)s->value->type.scalar, s->arms[k].values[i]));
      number = tg_select(l->g, is_it, tg_const(l->g, TG_U32, k), number);
    }
  }
  return number;
}

static void lower_match(lowering *l, const prog_stmt *s)
{
  const prog_stmt **lists = arena_array(&l->memory, const prog_stmt *, s->n_arms + 1u);
  if (lists == NULL) {
    return;
  }
  tg_value number = arm_number(l, s);
  unsigned effects = effects_of_list(l->p, s->otherwise), after = draws_after_list(l->p, s->otherwise, l->taken);
  lists[s->n_arms] = s->otherwise;
  for (uint32_t k = 0; k < s->n_arms; k++) {
    lists[k] = s->arms[k].body;
    effects |= effects_of_list(l->p, lists[k]);
    after = draws_join(after, draws_after_list(l->p, lists[k], l->taken));
  }
  fork f;
  fork_begin(l, &f, number, region_of(l, lists, s->n_arms + 1u, NULL, 0, (effects & PROG_DRAWS) != 0), after);
  for (uint32_t k = 0; k < s->n_arms; k++) {
    lower_list(l, lists[k]);
    fork_next(l, &f);
  }
  lower_list(l, s->otherwise);
  fork_end(l, &f);
}

/* ---- leaving ---- */

static void lower_return(lowering *l, const prog_stmt *s)
{
  const frame *f = l->frame;
  uint32_t n = 0;
  tg_value *values = arena_array(&l->memory, tg_value, values_of_results(l, f->code) + MAX_VALUES);
  for (uint32_t k = 0; values != NULL && k < s->n_results; k++) {
    lower_values(l, s->results[k], values + n);
    n += cells_of(l, s->results[k]->type);
  }
  for (uint32_t k = 0; values != NULL && k < n; k++) {
    cell_set(l, f->results + k, values[k]);
  }
  cell_set(l, f->returned, lower_bool(l, true));
}

/* Whether one of the flags that the statement may set is set. */
static tg_value has_left(lowering *l, unsigned exits)
{
  const frame *f = l->frame;
  const uint32_t flags[] = {exits & PROG_BREAKS ? f->broken : NO_CELL, exits & PROG_CONTINUES ? f->continued : NO_CELL,
                            exits & PROG_RETURNS ? f->returned : NO_CELL};
  tg_value left = TG_POISON;
  for (int k = 0; k < 3; k++) {
    if (flags[k] != NO_CELL) {
      left = left == TG_POISON ? cell_get(l, flags[k]) : tg_or(l->g, left, cell_get(l, flags[k]));
    }
  }
  return left;
}

void lower_rest(lowering *l, const prog_stmt *rest, unsigned exits)
{
  bool draws = (effects_of_list(l->p, rest) & PROG_DRAWS) != 0;
  unsigned after = draws_join(l->taken, draws_after_list(l->p, rest, l->taken));
  fork f;
  fork_begin(l, &f, has_left(l, exits), region_of(l, &rest, 1, NULL, 0, draws), after);
  lower_list(l, rest);
  fork_next(l, &f);
  fork_end(l, &f);
}

/* ---- all kinds ---- */

static void lower_block(lowering *l, const prog_stmt *list)
{
  uint32_t top = (uint32_t)l->cells.n;
  lower_list(l, list);
  cells_pop(l, top);
}

static void lower_stmt(lowering *l, const prog_stmt *s)
{
  tg_value unused[MAX_VALUES];
  switch ((prog_stmt_kind)s->kind) {
  case STMT_DECLARE: lower_declare(l, s); break;
  case STMT_ASSIGN: lower_assign(l, s); break;
  case STMT_CALL: lower_values(l, s->value, unused); break;
  case STMT_IF: lower_if(l, s); break;
  case STMT_WHILE:
  case STMT_FOR:
  case STMT_REPEAT: lower_loop(l, s); break;
  case STMT_MATCH: lower_match(l, s); break;
  case STMT_BREAK: cell_set(l, l->frame->broken, lower_bool(l, true)); break;
  case STMT_CONTINUE: cell_set(l, l->frame->continued, lower_bool(l, true)); break;
  case STMT_RETURN: lower_return(l, s); break;
  case STMT_ASSERT:
    tg_trap(l->g, tg_not(l->g, lower_scalar(l, s->value)), LANG_TRAP_ASSERT, lower_position(l, s->pos));
    break;
  case STMT_SYNC: break; /* phases.c cuts there */
  case STMT_BLOCK: lower_block(l, s->body); break;
  }
}

void lower_list(lowering *l, const prog_stmt *s)
{
  for (; s != NULL; s = s->next) {
    l->g->pos = (tg_pos){s->pos.line, s->pos.column, s->pos.length};
    if (lowering_failed(l, s->pos)) {
      return;
    }
    uint32_t first = (uint32_t)l->g->nodes.n;
    lower_stmt(l, s);
    if (l->frame->caller == NULL) {
      lower_span(l, s, NULL, first);
    }
    if (!s->goes_on) {
      return;
    }
    if (s->exits != 0 && s->next != NULL) {
      lower_rest(l, s->next, s->exits);
      return;
    }
  }
}
