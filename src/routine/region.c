/* region.c: what a part of the program may do: which cells it may assign, what effects it has, how it may be left. */
#include "routine/lower.h"

#include <string.h>

/* ---- effects ---- */

static unsigned effects_of_op(const prog_expr *e)
{
  bool divides = e->op == PROG_QUO || e->op == PROG_REM;
  bool is_safe = divides && e->args[1]->kind == EXPR_CONST && e->args[1]->bits != 0;
  return divides && !is_safe ? PROG_TRAPS : 0;
}

unsigned effects_of_expr(const program *p, const prog_expr *e)
{
  unsigned effects = 0;
  switch ((int)e->kind) {
  case EXPR_OP: effects = effects_of_op(e); break;
  case EXPR_INDEX: effects = PROG_TRAPS; break;
  case EXPR_CALL: effects = p->functions[e->index].effects; break;
  case EXPR_DRAW: effects = PROG_DRAWS; break;
  default: break;
  }
  for (uint32_t k = 0; k < e->n_args; k++) {
    effects |= effects_of_expr(p, e->args[k]);
  }
  return effects;
}

unsigned effects_of_stmt(const program *p, const prog_stmt *s)
{
  unsigned effects = s->kind == STMT_ASSERT ? PROG_TRAPS : 0;
  effects |= s->kind == STMT_WHILE || s->kind == STMT_FOR || s->kind == STMT_REPEAT ? PROG_LOOPS : 0;
  effects |= s->value == NULL ? 0 : effects_of_expr(p, s->value);
  effects |= s->limit == NULL ? 0 : effects_of_expr(p, s->limit);
  for (uint32_t k = 0; k < s->n_results; k++) {
    effects |= effects_of_expr(p, s->results[k]);
  }
  for (uint32_t k = 0; k < s->n_places; k++) {
    if (s->places[k].kind == PLACE_ELEMENT) {
      effects |= PROG_TRAPS | effects_of_expr(p, s->places[k].subscript);
    }
  }
  for (uint32_t k = 0; k < s->n_arms; k++) {
    effects |= effects_of_list(p, s->arms[k].body);
  }
  return effects | effects_of_list(p, s->body) | effects_of_list(p, s->otherwise);
}

unsigned effects_of_list(const program *p, const prog_stmt *s)
{
  unsigned effects = 0;
  for (; s != NULL; s = s->next) {
    effects |= effects_of_stmt(p, s);
  }
  return effects;
}

unsigned exits_of_list(const prog_stmt *s)
{
  unsigned exits = 0;
  for (; s != NULL; s = s->next) {
    exits |= s->exits;
  }
  return exits;
}

/* ---- cells ---- */

static void mark(lowering *l, uint32_t first, uint32_t n)
{
  for (uint32_t k = 0; k < n && first != NO_CELL && first + k < l->n_marks; k++) {
    l->marks[first + k] = true;
  }
}

/* Variables that are declared inside have no cells yet, but for those that phases.c saves. */
static void mark_places(lowering *l, const prog_stmt *s)
{
  for (uint32_t k = 0; k < s->n_places; k++) {
    const prog_place *place = &s->places[k];
    if (place->kind == PLACE_NOTHING) {
      continue;
    }
    const prog_variable *v = &l->frame->code->variables[place->variable];
    binding at = l->frame->variables[place->variable];
    if (at.kind == BIND_CELLS) {
      mark(l, place->kind == PLACE_FIELD ? at.at + place->field : at.at,
           place->kind == PLACE_FIELD ? 1 : cells_of(l, v->type));
    }
  }
}

static void mark_list(lowering *l, const prog_stmt *s)
{
  for (; s != NULL; s = s->next) {
    mark_places(l, s);
    mark_list(l, s->body);
    mark_list(l, s->otherwise);
    for (uint32_t k = 0; k < s->n_arms; k++) {
      mark_list(l, s->arms[k].body);
    }
  }
}

static void mark_exits(lowering *l, unsigned exits)
{
  const frame *f = l->frame;
  if (exits & PROG_RETURNS) {
    mark(l, f->returned, 1);
    mark(l, f->results, values_of_results(l, f->code));
  }
  if (exits & PROG_BREAKS) {
    mark(l, f->broken, 1);
  }
  if (exits & PROG_CONTINUES) {
    mark(l, f->continued, 1);
  }
}

static bool clear_marks(lowering *l)
{
  const tg_allocator *a = &l->p->context->allocator;
  if (!alloc_grow(a, (void **)(void *)&l->marks, &l->n_marks, l->cells.n + 1, sizeof *l->marks)) {
    l->is_out_of_memory = true;
    return false;
  }
  memset(l->marks, 0, l->n_marks * sizeof *l->marks);
  return true;
}

static cell_list collect(lowering *l)
{
  cell_list list = {0, NULL};
  for (size_t k = 0; k < l->cells.n; k++) {
    list.n += l->marks[k];
  }
  list.at = arena_array(&l->memory, uint32_t, list.n);
  uint32_t n = 0;
  for (uint32_t k = 0; list.at != NULL && k < l->cells.n; k++) {
    if (l->marks[k]) {
      list.at[n++] = k;
    }
  }
  list.n = n;
  return list;
}

cell_list region_of(lowering *l, const prog_stmt *const *lists, uint32_t n_lists, const uint32_t *extra,
                    uint32_t n_extra, bool draws)
{
  if (!clear_marks(l)) {
    return (cell_list){0, NULL};
  }
  for (uint32_t k = 0; k < n_lists; k++) {
    mark_list(l, lists[k]);
    mark_exits(l, exits_of_list(lists[k]));
  }
  for (uint32_t k = 0; k < n_extra; k++) {
    mark(l, extra[k], 1);
  }
  if (draws) {
    mark(l, l->draws, DRAW_CELLS);
  }
  mark(l, l->fuel, 1);
  return collect(l);
}
