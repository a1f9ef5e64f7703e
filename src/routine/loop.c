/* loop.c: loops. What the body may assign is carried. A condition that may trap, loop or draw must be asked exactly as
 * often as the language says; where a graph's loop could not (its condition's random numbers would be lost, and after a
 * break it is not to be asked), it is asked ahead, and the answer carried. */
#include "routine/lower.h"

typedef struct loop {
  const prog_stmt *s;
  tg_type type;            /* of the counter */
  uint32_t counter, limit; /* cells; NO_CELL in a `while` */
  uint32_t asked;          /* a cell, if the condition is asked ahead */
  uint32_t broken;         /* a cell, if the body may break */
  bool returns, draws;
  uint32_t outer_broken, outer_continued;
} loop;

/* Whether the loop was left by break or return; TG_POISON: it cannot be. */
static tg_value was_left(lowering *l, const loop *p)
{
  tg_value broken = p->broken == NO_CELL ? TG_POISON : cell_get(l, p->broken);
  tg_value returned = p->returns ? cell_get(l, l->frame->returned) : TG_POISON;
  if (broken == TG_POISON || returned == TG_POISON) {
    return broken == TG_POISON ? returned : broken;
  }
  return tg_or(l->g, broken, returned);
}

/* The condition itself, as the language has it. */
static tg_value ask(lowering *l, const loop *p)
{
  if (p->s->kind == STMT_WHILE) {
    return lower_scalar(l, p->s->value);
  }
  return tg_lt(l->g, cell_get(l, p->counter), cell_get(l, p->limit));
}

/* At the end of the body: not where the loop was left. */
static void ask_ahead(lowering *l, const loop *p)
{
  tg_value left = was_left(l, p);
  if (left == TG_POISON) {
    tg_value go_on = ask(l, p);
    cell_set(l, p->asked, go_on);
    return;
  }
  unsigned after = draws_join(l->taken, draws_after_expr(l->p, p->s->value, l->taken));
  bool draws = (effects_of_expr(l->p, p->s->value) & PROG_DRAWS) != 0;
  fork f;
  fork_begin(l, &f, left, region_of(l, NULL, 0, &p->asked, 1, draws), after);
  tg_value go_on = ask(l, p);
  cell_set(l, p->asked, go_on);
  fork_next(l, &f);
  cell_set(l, p->asked, lower_bool(l, false));
  fork_end(l, &f);
}

/* Where the variable of a `for` ends, if both ends are constants and it is never negative; else 0. */
static uint64_t range_end(const loop *p)
{
  const prog_expr *first = p->s->value, *limit = p->s->limit;
  uint64_t most = type_table[p->type].is_signed ? type_mask(p->type) >> 1 : type_mask(p->type);
  bool is_known = first->kind == EXPR_CONST && limit->kind == EXPR_CONST && first->bits <= most && limit->bits <= most;
  return is_known ? limit->bits : 0;
}

/* Counter and limit are evaluated once; a `repeat` counts from 0. */
static void start_counter(lowering *l, loop *p)
{
  const prog_stmt *s = p->s;
  p->counter = p->limit = NO_CELL;
  if (s->kind == STMT_WHILE) {
    return;
  }
  p->type = (tg_type)s->value->type.scalar;
  tg_value first = lower_scalar(l, s->value);
  tg_value limit = s->kind == STMT_FOR ? lower_scalar(l, s->limit) : first;
  p->counter = cells_push(l, s->kind == STMT_FOR ? first : tg_const(l->g, p->type, 0));
  p->limit = cells_push(l, limit);
  if (s->kind == STMT_FOR) {
    l->frame->variables[s->variable] = (binding){.kind = BIND_CELLS, .at = p->counter, .below = range_end(p)};
  }
}

static void start(lowering *l, loop *p)
{
  unsigned exits = exits_of_list(p->s->body);
  unsigned effects = p->s->kind == STMT_WHILE ? effects_of_expr(l->p, p->s->value) : 0;
  start_counter(l, p);
  p->returns = (exits & PROG_RETURNS) != 0;
  p->draws = ((effects | effects_of_list(l->p, p->s->body)) & PROG_DRAWS) != 0;
  bool may_leave = (exits & (PROG_RETURNS | PROG_BREAKS)) != 0;
  draws_forget(l, draws_in_loop(l->p, p->s, l->taken));
  p->asked = effects != 0 && (may_leave || (effects & PROG_DRAWS)) ? cells_push(l, ask(l, p)) : NO_CELL;
  p->broken = exits & PROG_BREAKS ? cells_push(l, lower_bool(l, false)) : NO_CELL;
  p->outer_broken = l->frame->broken;
  p->outer_continued = l->frame->continued;
  l->frame->broken = p->broken;
}

/* The cells that the loop carries. */
static cell_list carried_by(lowering *l, const loop *p)
{
  const uint32_t own[] = {p->counter, p->asked, p->broken};
  uint32_t extra[3], n = 0;
  for (int k = 0; k < 3; k++) {
    if (own[k] != NO_CELL) {
      extra[n++] = own[k];
    }
  }
  const prog_stmt *body = p->s->body;
  l->frame->continued = NO_CELL;
  return region_of(l, &body, 1, extra, n, p->draws);
}

static tg_value go_on(lowering *l, const loop *p)
{
  tg_value condition = p->asked != NO_CELL ? cell_get(l, p->asked) : ask(l, p);
  tg_value left = p->asked != NO_CELL ? TG_POISON : was_left(l, p);
  return left == TG_POISON ? condition : tg_andnot(l->g, condition, left);
}

/* A round takes a unit of fuel, or traps if none is left; engines count it where the graph does not. */
static void take_fuel(lowering *l, const loop *p)
{
  if (l->fuel != NO_CELL) {
    tg_value left = cell_get(l, l->fuel);
    tg_trap(l->g, tg_eq(l->g, left, lower_u64(l, 0)), ROUTINE_OUT_OF_FUEL, lower_position(l, p->s->pos));
    cell_set(l, l->fuel, tg_sub(l->g, left, lower_u64(l, 1)));
  }
}

static void lower_body(lowering *l, const loop *p)
{
  take_fuel(l, p);
  if (exits_of_list(p->s->body) & PROG_CONTINUES) {
    l->frame->continued = cells_push(l, lower_bool(l, false));
  }
  lower_list(l, p->s->body);
  if (p->counter != NO_CELL) {
    cell_set(l, p->counter, tg_add(l->g, cell_get(l, p->counter), tg_const(l->g, p->type, 1)));
  }
  if (p->asked != NO_CELL) {
    ask_ahead(l, p);
  }
}

/* Graphs carry something, if only a constant. */
static void run(lowering *l, const loop *p, cell_list list)
{
  uint32_t n = list.n > 0 ? list.n : 1, top = (uint32_t)l->cells.n;
  tg_value *values = arena_array(&l->memory, tg_value, n);
  if (values == NULL) {
    return;
  }
  values[0] = lower_bool(l, false);
  cells_read(l, list, values);
  tg_loop_begin(l->g, values, n, lower_position(l, p->s->pos), values);
  cells_write(l, list, values);
  unsigned taken = l->taken;
  tg_loop_test(l->g, go_on(l, p));
  lower_body(l, p);
  draws_forget(l, taken);
  if (l->taken != taken) {
    graph_fail(l->g, TG_INTERNAL, "random numbers of a loop were counted otherwise than planned");
  }
  cells_pop(l, top);
  cells_read(l, list, values);
  tg_loop_end(l->g, values, n, values);
  cells_write(l, list, values);
}

void lower_loop(lowering *l, const prog_stmt *s)
{
  uint32_t top = (uint32_t)l->cells.n;
  loop p = {.s = s, .broken = NO_CELL, .asked = NO_CELL};
  start(l, &p);
  cell_list list = carried_by(l, &p);
  if (!lowering_failed(l, s->pos)) {
    run(l, &p, list);
  }
  l->frame->broken = p.outer_broken;
  l->frame->continued = p.outer_continued;
  cells_pop(l, top);
}
