/* call.c: calls, inlined: a frame of variables, the body's statements, the results taken off. */
#include "routine/lower.h"

uint32_t values_of_results(const lowering *l, const prog_function *f)
{
  uint32_t n = 0;
  for (uint32_t k = 0; k < f->n_results; k++) {
    n += cells_of(l, f->results[k]);
  }
  return n;
}

static void push_results(lowering *l, frame *f)
{
  f->results = (uint32_t)l->cells.n;
  for (uint32_t k = 0; k < f->code->n_results; k++) {
    if (f->code->results[k].kind == PROG_ARRAY) {
      cells_push(l, TG_POISON); /* given by the one return, which is the last statement */
    } else {
      cells_push_zeros(l, f->code->results[k]);
    }
  }
  f->returned = cells_push(l, lower_bool(l, false));
}

/* Enters a call whose parameters are bound already, and leaves it with the values of its results. */
static void run_body(lowering *l, frame *f, tg_value *results)
{
  uint32_t first = (uint32_t)l->g->nodes.n;
  push_results(l, f);
  if (!lowering_failed(l, f->called_at)) {
    lower_list(l, f->code->body);
  }
  for (uint32_t k = 0; k < values_of_results(l, f->code); k++) {
    results[k] = cell_get(l, f->results + k);
  }
  lower_span(l, NULL, f->code, first);
  frame_pop(l);
}

/* What a parameter is bound to: an array to the caller's own, a scalar or struct to new cells. */
static binding bind_argument(lowering *l, const prog_expr *e)
{
  if (e->type.kind == PROG_ARRAY || e->type.kind == PROG_VIEW) {
    return lower_array(l, e);
  }
  tg_value values[MAX_VALUES];
  lower_values(l, e, values);
  binding at = {.kind = BIND_CELLS, .at = (uint32_t)l->cells.n};
  for (uint32_t k = 0; k < cells_of(l, e->type); k++) {
    cells_push(l, values[k]);
  }
  return at;
}

void lower_call(lowering *l, const prog_expr *e, tg_value *results)
{
  const prog_function *code = &l->p->functions[e->index];
  uint32_t top = (uint32_t)l->cells.n;
  binding *arguments = arena_array(&l->memory, binding, e->n_args);
  if (arguments == NULL) {
    return;
  }
  for (uint32_t k = 0; k < e->n_args; k++) {
    arguments[k] = bind_argument(l, e->args[k]);
  }
  frame *f = frame_push(l, code, e->pos);
  if (f == NULL) {
    return;
  }
  for (uint32_t k = 0; k < e->n_args; k++) {
    f->variables[k] = arguments[k];
  }
  run_body(l, f, results);
  cells_pop(l, top);
}

void lower_call_values(lowering *l, const prog_function *code, const tg_value *args, lang_pos pos, tg_value *results)
{
  uint32_t top = (uint32_t)l->cells.n;
  frame *f = frame_push(l, code, pos);
  if (f == NULL) {
    return;
  }
  for (uint32_t k = 0; k < code->n_params; k++) {
    f->variables[k] = (binding){.kind = BIND_CELLS, .at = cells_push(l, args[k])};
  }
  run_body(l, f, results);
  cells_pop(l, top);
}
