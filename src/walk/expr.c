/* expr.c: expressions, operands from left to right, nothing evaluated that the language does not ask for. */
#include "walk/walker.h"

#include <string.h>

/* ---- operators ---- */

static uint64_t operate(walker *w, const prog_expr *e)
{
  uint64_t x[3] = {0, 0, 0};
  for (uint32_t k = 0; k < e->n_args; k++) {
    x[k] = walk_scalar(w, e->args[k]);
  }
  if (w->is_stopped) {
    return 0;
  }
  if ((e->op == PROG_QUO || e->op == PROG_REM) && x[1] == 0) {
    walk_trap(w, LANG_TRAP_DIVIDE, e->pos);
    return 0;
  }
  return value_operate((prog_op)e->op, (tg_type)e->args[0]->type.scalar, (tg_type)e->type.scalar, x);
}

/* ---- arrays ---- */

/* What is indexed, measured or handed to a function: an array that stands somewhere. */
static slot find_array(const walker *w, const prog_expr *e)
{
  switch ((int)e->kind) {
  case EXPR_VARIABLE: return w->frame->slots[e->index];
  case EXPR_TABLE: return (slot){.table = w->job->p->tables[e->index].bits, .n = w->job->p->tables[e->index].n};
  default: return (slot){.shared = e->index, .n = w->job->host.length(w->job->host.self, e->index)};
  }
}

static uint64_t element_of(const walker *w, const slot *array, uint64_t index)
{
  if (array->cells != NULL) {
    return array->cells[index];
  }
  return array->table != NULL ? array->table[index] : w->job->host.element(w->job->host.self, array->shared, index);
}

bool walk_check_index(walker *w, const prog_expr *index, uint64_t bits, uint64_t n, lang_pos pos)
{
  tg_type type = (tg_type)index->type.scalar;
  bool is_below = type == TG_U64 ? false : value_signed(type, bits) < 0;
  if (!w->is_stopped && (is_below || bits >= n)) {
    walk_trap(w, LANG_TRAP_INDEX, pos);
  }
  return !w->is_stopped;
}

static uint64_t index_array(walker *w, const prog_expr *e)
{
  slot array = find_array(w, e->args[0]);
  uint64_t index = walk_scalar(w, e->args[1]);
  if (!walk_check_index(w, e->args[1], index, array.n, e->pos)) {
    return 0;
  }
  return element_of(w, &array, index);
}

static void fill(walker *w, const prog_expr *e, uint64_t *out)
{
  uint64_t value = walk_scalar(w, e->args[0]);
  for (uint32_t k = 0; k < e->type.n; k++) {
    out[k] = value;
  }
}

/* ---- functions ---- */

bool walk_is_borrowed(const prog_expr *argument)
{
  bool is_array = argument->type.kind == PROG_ARRAY || argument->type.kind == PROG_VIEW;
  return is_array && argument->kind != EXPR_LIST && argument->kind != EXPR_FILL && argument->kind != EXPR_CALL;
}

/* A scalar or struct is a value of the function's own, an array that is made for the call too; other arrays are the
 * caller's own. */
static void pass_arguments(walker *w, frame *f, const prog_expr *call)
{
  for (uint32_t k = 0; k < call->n_args && !w->is_stopped; k++) {
    if (walk_is_borrowed(call->args[k])) {
      f->slots[k] = find_array(w, call->args[k]);
    } else {
      walk_values(w, call->args[k], f->slots[k].cells);
    }
  }
}

/* What a step of entering shows: the parameters that are no arrays. */
static void tell_entered(walker *w)
{
  enum { MOST = 256 };
  walk_change changes[MOST];
  const frame *f = w->frame;
  uint32_t n = 0;
  for (uint32_t k = 0; k < f->code->n_params && n < MOST && w->job->host.step != NULL; k++) {
    const prog_variable *v = &f->code->variables[k];
    if (v->type.kind == PROG_SCALAR || v->type.kind == PROG_STRUCT) {
      changes[n++] = (walk_change){v, v->type, 0, (uint32_t)f->slots[k].n, f->slots[k].cells};
    }
  }
  walk_tell(w, NULL, changes, n);
}

static void call(walker *w, const prog_expr *e, uint64_t *out)
{
  frame *caller = w->frame, f = {.code = &w->job->p->functions[e->index], .depth = caller->depth + 1};
  if (!frame_open(w, &f, e)) {
    return;
  }
  pass_arguments(w, &f, e);
  if (!w->is_stopped) {
    w->frame = &f;
    tell_entered(w);
    walk_list(w, f.code->body);
    w->frame = caller;
  }
  if (!w->is_stopped && f.n_results > 0) {
    memcpy(out, f.results, f.n_results * sizeof *out);
  }
  frame_close(w, &f);
}

/* ---- all kinds ---- */

static void copy_variable(const walker *w, const prog_expr *e, uint64_t *out)
{
  const slot *v = &w->frame->slots[e->index];
  for (uint64_t k = 0; k < v->n; k++) {
    out[k] = element_of(w, v, k);
  }
}

static uint64_t field(walker *w, const prog_expr *e)
{
  uint64_t fields[64] = {0};
  walk_values(w, e->args[0], fields);
  return fields[e->index];
}

static void evaluate(walker *w, const prog_expr *e, uint64_t *out)
{
  const walk_job *job = w->job;
  switch ((prog_expr_kind)e->kind) {
  case EXPR_CONST: *out = e->bits; break;
  case EXPR_VARIABLE: copy_variable(w, e, out); break;
  case EXPR_PARAM:
  case EXPR_INPUT: *out = job->host.value(job->host.self, e->index); break;
  case EXPR_ID: *out = job->id; break;
  case EXPR_COUNT: *out = job->count; break;
  case EXPR_OP: *out = operate(w, e); break;
  case EXPR_AND: *out = walk_scalar(w, e->args[0]) != 0 && walk_scalar(w, e->args[1]) != 0; break;
  case EXPR_OR: *out = walk_scalar(w, e->args[0]) != 0 || walk_scalar(w, e->args[1]) != 0; break;
  case EXPR_COND: walk_values(w, e->args[walk_scalar(w, e->args[0]) != 0 ? 1 : 2], out); break;
  case EXPR_INDEX: *out = index_array(w, e); break;
  case EXPR_LENGTH: *out = find_array(w, e->args[0]).n; break;
  case EXPR_FIELD: *out = field(w, e); break;
  case EXPR_FILL: fill(w, e, out); break;
  case EXPR_CALL: call(w, e, out); break;
  case EXPR_DRAW: *out = draw_word(job->seed, job->id, w->n_drawn++); break;
  case EXPR_STRUCT:
  case EXPR_LIST:
    for (uint32_t k = 0; k < e->n_args; k++) {
      out[k] = walk_scalar(w, e->args[k]);
    }
    break;
  case EXPR_SHARED:
  case EXPR_TABLE:
  case EXPR_OUTPUT:
  case EXPR_REDUCE: break; /* as operands of others, or in reports alone */
  }
}

void walk_values(walker *w, const prog_expr *e, uint64_t *out)
{
  if (!w->is_stopped && walk_enter(w)) {
    evaluate(w, e, out);
    walk_leave(w);
  }
}

uint64_t walk_scalar(walker *w, const prog_expr *e)
{
  uint64_t value = 0;
  walk_values(w, e, &value);
  return value;
}
