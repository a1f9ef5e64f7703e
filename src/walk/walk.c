/* walk.c: one evaluation from its beginning to its outputs; memory of variables, traps, steps. */
#include "walk/walk.h"

#include "base/error.h"
#include "base/fpenv.h"
#include "walk/walker.h"

#include <string.h>

/* A level takes some hundred bytes of the stack. An expression has 1000 levels at most, a body 200. */
enum { MAX_NEST = 4000 };

static void stop(walker *w, tg_status status)
{
  w->status = w->is_stopped ? w->status : status;
  w->is_stopped = true;
}

bool walk_enter(walker *w)
{
  if (w->nest >= MAX_NEST) {
    stop(w, TG_LIMIT);
    return false;
  }
  w->nest++;
  return true;
}

void walk_leave(walker *w)
{
  w->nest--;
}

void walk_trap(walker *w, uint32_t code, lang_pos pos)
{
  w->outcome->is_trapped = true;
  w->outcome->code = code;
  w->outcome->pos = pos;
  stop(w, TG_OK);
}

void walk_tell(walker *w, const prog_stmt *s, const walk_change *changes, uint32_t n)
{
  const walk_host *host = &w->job->host;
  const frame *f = w->frame;
  if (host->step == NULL || w->is_stopped) {
    return;
  }
  walk_step step = {f->code, s, s == NULL ? f->code->pos : s->pos, f->depth, n, changes};
  if (!host->step(host->self, &step)) {
    w->outcome->is_cut = true;
    stop(w, TG_OK);
  }
}

/* ---- memory ---- */

uint64_t walk_cells(const walker *w, prog_type type)
{
  switch ((prog_type_kind)type.kind) {
  case PROG_SCALAR: return 1;
  case PROG_STRUCT: return w->job->p->structs[type.n].n_fields;
  case PROG_ARRAY: return type.n;
  case PROG_VOID:
  case PROG_VIEW: break;
  }
  return 0;
}

uint64_t *walk_take(walker *w, uint64_t n)
{
  uint64_t *cells = n > SIZE_MAX / 8 ? NULL : alloc_zeroed(&w->job->context->allocator, (size_t)n, sizeof *cells);
  if (cells == NULL) {
    stop(w, TG_NOMEM);
  }
  return cells;
}

void walk_give(walker *w, uint64_t *cells, uint64_t n)
{
  if (cells != NULL) {
    alloc_free(&w->job->context->allocator, cells, (size_t)n, sizeof *cells);
  }
}

/* A parameter takes the length of an array that is made for the call. */
static uint64_t cells_of_variable(const walker *w, const frame *f, const prog_expr *call, uint32_t k)
{
  if (call == NULL || k >= call->n_args) {
    return walk_cells(w, f->code->variables[k].type);
  }
  return walk_is_borrowed(call->args[k]) ? 0 : walk_cells(w, call->args[k]->type);
}

bool frame_open(walker *w, frame *f, const prog_expr *call)
{
  for (uint32_t k = 0; k < f->code->n_results; k++) {
    f->n_results += walk_cells(w, f->code->results[k]);
  }
  f->n_cells = f->n_results;
  for (uint32_t k = 0; k < f->code->n_variables; k++) {
    f->n_cells += cells_of_variable(w, f, call, k);
  }
  f->n_cells += f->n_cells == 0;
  f->cells = walk_take(w, f->n_cells);
  f->slots = alloc_zeroed(&w->job->context->allocator, f->code->n_variables + 1u, sizeof *f->slots);
  if (f->cells == NULL || f->slots == NULL) {
    stop(w, TG_NOMEM);
    frame_close(w, f);
    return false;
  }
  uint64_t *next = f->cells;
  for (uint32_t k = 0; k < f->code->n_variables; k++) {
    f->slots[k] = (slot){.cells = next, .n = cells_of_variable(w, f, call, k)};
    next += f->slots[k].n;
  }
  f->results = next;
  return true;
}

void frame_close(walker *w, frame *f)
{
  walk_give(w, f->cells, f->n_cells);
  if (f->slots != NULL) {
    alloc_free(&w->job->context->allocator, f->slots, f->code->n_variables + 1u, sizeof *f->slots);
  }
}

/* ---- all of it ---- */

static void give_outputs(const walker *w)
{
  const prog_entry *entry = w->job->entry;
  const walk_host *host = &w->job->host;
  for (uint32_t k = 0; k < entry->n_operands; k++) {
    const prog_operand *o = &entry->operands[k];
    if (o->kind == OPERAND_OUTPUT && host->output != NULL) {
      const slot *v = &w->frame->slots[o->variable];
      host->output(host->self, k, v->cells, (uint32_t)v->n);
    }
  }
}

tg_status walk_run(const walk_job *job, walk_outcome *outcome, tg_error *error)
{
  walker w = {.job = job, .fuel = job->fuel, .status = TG_OK, .outcome = outcome};
  frame f = {.code = &job->entry->body};
  *outcome = (walk_outcome){0};
  fpenv saved = fpenv_enter();
  if (frame_open(&w, &f, NULL)) {
    w.frame = &f;
    walk_list(&w, f.code->body);
    if (!w.is_stopped) {
      give_outputs(&w);
    }
    frame_close(&w, &f);
  }
  fpenv_leave(saved);
  if (w.status == TG_LIMIT) {
    return error_set(error, TG_LIMIT, "calls and expressions nest too deeply to be walked one by one");
  }
  return w.status == TG_OK ? TG_OK : error_set(error, w.status, "no memory for the variables of an instance");
}
