/* report.c: the report of a run: reductions get their values, then the lines theirs, in order. A line is a graph of one
 * lane, run by `ref`: so it means what the same expression means anywhere else. */
#include "base/error.h"
#include "base/fpenv.h"
#include "graph/element.h"
#include "machine/machine.h"

#include <math.h>
#include <string.h>

/* ---- expressions of the report ---- */

static tg_binding scalar_at(const void *at)
{
  return (tg_binding){.data = (void *)(uintptr_t)at, .bytes = sizeof(uint64_t)};
}

/* Scalars to evaluate, and where they go, in native modes. count: what `count` is. */
typedef struct report_values {
  prog_expr *const *exprs;
  uint32_t n;
  uint64_t *values;
  const uint64_t *count;
} report_values;

/* Parameters, shared arrays, their lengths and tables are bound as in a phase. */
static tg_status bind_line(tg_machine *m, const routine *r, const report_values *l, tg_binding *out, tg_error *error)
{
  for (uint32_t k = 0; k < r->operands.n; k++) {
    routine_operand role = r->operands.data[k];
    switch ((int)role.role) {
    case ROUTINE_REDUCED: out[k] = scalar_at(&m->reduced[role.index].memory); break;
    case ROUTINE_NAMED: out[k] = scalar_at(&m->named[role.index].memory); break;
    case ROUTINE_VALUE: out[k] = scalar_at(&l->values[role.index]); break;
    case ROUTINE_COUNT: out[k] = scalar_at(l->count); break;
    default: TG_TRY(machine_bind_role(m, role, &out[k], error)); break;
    }
  }
  return TG_OK;
}

/* What an expression is compiled to is the same in every run, so its line of one kernel is kept. */
static tg_status compile_line(tg_machine *m, report_code *line, const report_values *l, tg_error *error)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  if (line->kernel != NULL) {
    return TG_OK;
  }
  report_drop(m, line); /* of a run that failed */
  options.backend = "ref";
  TG_TRY(routine_lower_report(m->p, m->entry, l->exprs, l->n, &line->routine, error));
  line->bindings = arena_array(&m->memory, tg_binding, line->routine.operands.n);
  if (line->bindings == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the report");
  }
  return tg_compile(m->context, line->routine.graph, &options, &line->kernel, error);
}

void report_drop(tg_machine *m, report_code *line)
{
  tg_kernel_destroy(line->kernel);
  routine_free(m->context, &line->routine);
  *line = (report_code){.kernel = NULL};
}

static tg_status invoke_line(tg_machine *m, const report_code *line, tg_error *error)
{
  const routine *r = &line->routine;
  tg_invocation invocation = TG_INVOCATION_INIT;
  tg_outcome outcome = {0};
  invocation.n = 1;
  invocation.bindings = line->bindings;
  invocation.n_bindings = r->operands.n;
  invocation.fuel = m->fuel;
  invocation.outcome = &outcome;
  TG_TRY(tg_invoke(line->kernel, &invocation, error));
  if (outcome.n_trapped > 0) {
    uint32_t at = outcome.first_position;
    uint32_t row = at > 0 && at <= r->positions.n ? r->positions.data[at - 1].line : m->entry->pos.line;
    error_set(error, TG_ARGUMENT, "the report trapped at line %u: %s", (unsigned)row, tg_trap_text(outcome.first_code));
    return TG_ARGUMENT;
  }
  return TG_OK;
}

static tg_status evaluate(tg_machine *m, report_code *line, const report_values *l, tg_error *error)
{
  TG_TRY(compile_line(m, line, l, error));
  TG_TRY(bind_line(m, &line->routine, l, line->bindings, error));
  return invoke_line(m, line, error);
}

/* ---- reductions ---- */

static double f64_at(const uint64_t *memory)
{
  double x;
  memcpy(&x, memory, sizeof x);
  return x;
}

static void set_f64(reduced *to, double x)
{
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  element_store(TG_MODE_F64, &to->memory, bits);
}

static tg_status finish_histogram(tg_machine *m, uint32_t k, const samples *s, tg_error *error)
{
  const prog_expr *r = m->entry->report->reductions[k];
  uint64_t bounds[2];
  TG_TRY(evaluate(m, &m->reduced_code[k], &(report_values){r->args + 1, 2, bounds, &m->n_all}, error));
  reduced *to = &m->reduced[k];
  to->low = f64_at(&bounds[0]);
  to->high = f64_at(&bounds[1]);
  if (s->data != NULL) {
    return samples_histogram(s, to, r->type.n, error);
  }
  return TG_OK;
}

static tg_status finish_quantile(tg_machine *m, uint32_t k, const samples *s, tg_error *error)
{
  const prog_expr *r = m->entry->report->reductions[k];
  uint64_t q, bits;
  TG_TRY(evaluate(m, &m->reduced_code[k], &(report_values){r->args + 1, 1, &q, &m->n_all}, error));
  if (!(f64_at(&q) >= 0 && f64_at(&q) <= 1)) {
    error_set(error, TG_ARGUMENT, "quantile at line %u: %g is not from 0 to 1", (unsigned)r->pos.line, f64_at(&q));
    return TG_ARGUMENT;
  }
  TG_TRY(samples_quantile(s, f64_at(&q), &bits, error));
  element_store((tg_mode)s->type, &m->reduced[k].memory, bits);
  return TG_OK;
}

static tg_status finish_reduction(tg_machine *m, uint32_t k, tg_error *error)
{
  const prog_report *report = m->entry->report;
  const samples *s = &m->samples[routine_sample_owner(report, k)];
  double alive = (double)(m->n_done - m->outcome.n_trapped);
  switch ((prog_reduction)report->reductions[k]->op) {
  case REDUCE_MEAN: set_f64(&m->reduced[k], f64_at(&m->reduced[k].memory) / alive); break;
  case REDUCE_VARIANCE: set_f64(&m->reduced[k], samples_variance(s)); break;
  case REDUCE_QUANTILE: return finish_quantile(m, k, s, error);
  case REDUCE_HISTOGRAM: return finish_histogram(m, k, s, error);
  case REDUCE_COUNT:
  case REDUCE_SUM:
  case REDUCE_MIN:
  case REDUCE_MAX:
  case REDUCE_ARGMIN:
  case REDUCE_ARGMAX:
  case REDUCE_COUNT_OF_KINDS: break;
  }
  return TG_OK;
}

/* ---- lines ---- */

/* Reductions that the expression mentions, none of which holds another; those are numbered in order of appearance, so
 * that every one but a histogram's bounds and a quantile's q is finished before it is asked for. */
static tg_status finish_mentioned(tg_machine *m, const prog_expr *e, bool *is_finished, tg_error *error)
{
  for (uint32_t k = e->kind == EXPR_REDUCE ? 1 : 0; k < e->n_args; k++) {
    TG_TRY(finish_mentioned(m, e->args[k], is_finished, error));
  }
  if (e->kind == EXPR_REDUCE && !is_finished[e->index]) {
    is_finished[e->index] = true;
    return finish_reduction(m, e->index, error);
  }
  return TG_OK;
}

static tg_status make_line(tg_machine *m, const prog_stmt *s, bool *is_finished, tg_error *error)
{
  reduced *to = &m->named[s->places[0].variable];
  TG_TRY(finish_mentioned(m, s->value, is_finished, error));
  *to = (reduced){0};
  if (s->value->kind == EXPR_REDUCE && s->value->op == REDUCE_HISTOGRAM) {
    *to = m->reduced[s->value->index];
    return TG_OK;
  }
  /* Of a run that ended early, `count` is how many instances it had; arguments of reductions saw what was begun. */
  return evaluate(m, &m->named_code[s->places[0].variable], &(report_values){&s->value, 1, &to->memory, &m->n_done},
                  error);
}

tg_status report_make(tg_machine *m, tg_error *error)
{
  const prog_report *report = m->entry->report;
  tg_status status = TG_OK;
  if (report == NULL) {
    return TG_OK;
  }
  bool *is_finished = arena_array(&m->run_memory, bool, report->n_reductions);
  if (is_finished == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the report");
  }
  fpenv saved = fpenv_enter();
  for (const prog_stmt *s = report->code.body; s != NULL && status == TG_OK; s = s->next) {
    status = make_line(m, s, is_finished, error);
  }
  fpenv_leave(saved);
  return status;
}

tg_status tg_machine_report(const tg_machine *m, size_t index, tg_report_line *line)
{
  const prog_report *report = m->entry->report;
  if (report == NULL || index >= report->n_entries) {
    return TG_ARGUMENT;
  }
  uint32_t variable = report->entries[index].variable;
  const reduced *value = &m->named[variable];
  prog_type type = report->code.variables[variable].type;
  *line = (tg_report_line){.name = report->entries[index].name,
                           .type = (tg_type)type.scalar,
                           .bits = element_load((tg_mode)type.scalar, &value->memory),
                           .bins = value->bins,
                           .n_bins = value->bins == NULL ? 0 : type.n,
                           .low = value->low,
                           .high = value->high};
  return TG_OK;
}
