/* lower.c: the state of a lowering: cells, frames, errors. lower.h says what they are. */
#include "routine/lower.h"

#include <stdio.h>
#include <string.h>

static tg_operand *no_operands(lowering *l, size_t n)
{
  tg_operand *list = arena_array(&l->memory, tg_operand, n);
  if (list != NULL) {
    memset(list, 0xFF, n * sizeof *list);
  }
  return list;
}

tg_status lowering_open(lowering *l, const program *p, const prog_entry *entry, const char *name, routine *out)
{
  *l = (lowering){.p = p, .entry = entry, .out = out, .draws = NO_CELL, .fuel = NO_CELL};
  l->count = l->seed = l->fuel_left = TG_POISON;
  memset(out, 0, sizeof *out);
  arena_init(&l->memory, p->context->allocator);
  l->params = no_operands(l, entry->n_operands);
  l->lengths = no_operands(l, entry->n_operands);
  l->shared = no_operands(l, entry->n_operands);
  l->inputs = no_operands(l, entry->n_operands);
  l->tables = no_operands(l, p->n_tables);
  tg_status status = l->memory.failed ? TG_NOMEM : tg_graph_create(p->context, name, &l->g);
  if (status != TG_OK) {
    arena_free(&l->memory);
  }
  return status;
}

/* "in f, called at 3:4, in g, ..." */
static void name_chain(const lowering *l, char *text, size_t size)
{
  size_t n = 0;
  text[0] = '\0';
  for (const frame *f = l->error_frame; f != NULL && f->caller != NULL && n < size; f = f->caller) {
    int more = snprintf(text + n, size - n, "%s%s (called at line %u)", n == 0 ? ", in " : ", in ", f->code->name,
                        (unsigned)f->called_at.line);
    n += more > 0 ? (size_t)more : size;
  }
}

static tg_status explain_failure(const lowering *l, tg_error *error)
{
  char chain[128];
  if (l->is_out_of_memory || l->memory.failed || l->g->error.code == TG_NOMEM) {
    return error_set(error, TG_NOMEM, "no memory to compile %s", l->entry->name);
  }
  name_chain(l, chain, sizeof chain);
  tg_pos pos = {l->error_pos.line, l->error_pos.column, l->error_pos.length};
  error_at(error, l->g->error.code, pos, "%s%s", l->g->error.message, chain);
  error_hint(error, "%s", l->g->error.hint);
  return l->g->error.code;
}

tg_status lowering_close(lowering *l, tg_error *error)
{
  tg_status status = TG_OK;
  if (lowering_failed(l, l->entry->pos) || tg_graph_finish(l->g, NULL) != TG_OK) {
    lowering_failed(l, l->entry->pos);
    status = explain_failure(l, error);
  }
  const tg_allocator *a = &l->p->context->allocator;
  vec_free(a, &l->cells);
  alloc_free(a, l->marks, l->n_marks, sizeof *l->marks);
  arena_free(&l->memory);
  l->out->graph = l->g;
  if (status != TG_OK) {
    routine_free(l->p->context, l->out);
  }
  return status;
}

bool lowering_failed(lowering *l, lang_pos pos)
{
  bool failed = l->is_out_of_memory || l->memory.failed || l->g->error.code != TG_OK;
  if (failed && !l->has_error) {
    l->has_error = true;
    l->error_pos = pos;
    l->error_frame = l->frame;
  }
  return failed;
}

void routine_free(tg_context *context, routine *r)
{
  tg_graph_destroy(r->graph);
  vec_free(&context->allocator, &r->operands);
  vec_free(&context->allocator, &r->positions);
  vec_free(&context->allocator, &r->spans);
  memset(r, 0, sizeof *r);
}

/* ---- cells ---- */

uint32_t cells_push(lowering *l, tg_value value)
{
  if (!vec_room(&l->p->context->allocator, &l->cells, 1)) {
    l->is_out_of_memory = true;
    return NO_CELL;
  }
  l->cells.data[l->cells.n] = value;
  return (uint32_t)l->cells.n++;
}

uint32_t cells_of(const lowering *l, prog_type type)
{
  return type.kind == PROG_STRUCT ? l->p->structs[type.n].n_fields : 1;
}

static tg_value zero(lowering *l, prog_type type, uint32_t k)
{
  switch ((int)type.kind) {
  case PROG_STRUCT: return tg_const(l->g, l->p->structs[type.n].fields[k].type, 0);
  case PROG_ARRAY: return tg_array(l->g, (tg_type)type.scalar, type.n);
  default: return tg_const(l->g, (tg_type)type.scalar, 0);
  }
}

uint32_t cells_push_zeros(lowering *l, prog_type type)
{
  uint32_t first = (uint32_t)l->cells.n;
  for (uint32_t k = 0; k < cells_of(l, type); k++) {
    if (cells_push(l, zero(l, type, k)) == NO_CELL) {
      return NO_CELL;
    }
  }
  return first;
}

void cells_pop(lowering *l, uint32_t to)
{
  l->cells.n = to < l->cells.n ? to : l->cells.n;
}

tg_value cell_get(const lowering *l, uint32_t at)
{
  return at < l->cells.n ? l->cells.data[at] : TG_POISON;
}

void cell_set(lowering *l, uint32_t at, tg_value value)
{
  if (at < l->cells.n) {
    l->cells.data[at] = value;
  }
}

void cells_read(const lowering *l, cell_list list, tg_value *out)
{
  for (uint32_t k = 0; k < list.n; k++) {
    out[k] = cell_get(l, list.at[k]);
  }
}

void cells_write(lowering *l, cell_list list, const tg_value *values)
{
  for (uint32_t k = 0; k < list.n; k++) {
    cell_set(l, list.at[k], values[k]);
  }
}

/* ---- small things ---- */

uint32_t lower_position(lowering *l, lang_pos pos)
{
  routine *out = l->out;
  size_t n = out->positions.n;
  if (n > 0 && memcmp(&out->positions.data[n - 1], &pos, sizeof pos) == 0) {
    return (uint32_t)n;
  }
  if (!vec_room(&l->p->context->allocator, &out->positions, 1)) {
    l->is_out_of_memory = true;
    return 0;
  }
  out->positions.data[out->positions.n++] = pos;
  return (uint32_t)out->positions.n;
}

void lower_span(lowering *l, const prog_stmt *stmt, const prog_function *code, uint32_t first)
{
  if (!vec_room(&l->p->context->allocator, &l->out->spans, 1)) {
    l->is_out_of_memory = true;
    return;
  }
  l->out->spans.data[l->out->spans.n++] = (routine_span){stmt, code, first, (uint32_t)l->g->nodes.n};
}

tg_value lower_bool(lowering *l, bool value)
{
  return tg_const(l->g, TG_BOOL, value);
}

tg_value lower_u64(lowering *l, uint64_t value)
{
  return tg_const(l->g, TG_U64, value);
}

/* Deeper chains of calls than this would take too much of the caller's stack. */
enum { MAX_CALLS = 1000 };

frame *frame_push(lowering *l, const prog_function *code, lang_pos pos)
{
  frame *f = arena_new(&l->memory, frame);
  binding *variables = arena_array(&l->memory, binding, code->n_variables);
  if (variables == NULL || f == NULL) {
    l->is_out_of_memory = true;
    return NULL;
  }
  *f = (frame){.caller = l->frame,
               .code = code,
               .variables = variables,
               .called_at = pos,
               .depth = l->frame == NULL ? 0 : l->frame->depth + 1,
               .broken = NO_CELL,
               .continued = NO_CELL};
  if (f->depth > MAX_CALLS) {
    graph_fail(l->g, TG_LIMIT, "calls are nested more than %d deep", MAX_CALLS);
    lowering_failed(l, pos);
    return NULL;
  }
  l->frame = f;
  return f;
}

void frame_pop(lowering *l)
{
  l->frame = l->frame->caller;
}
