/* reduce.c: the reductions of a report. What folds without regard to order, and sums, are sinks of the last phase; for
 * the rest the run keeps samples. And the lines of a report, which are graphs of one lane. */
#include "routine/lower.h"

#include <stdio.h>

/* ---- while instances run ---- */

static bool depends_on_report(const prog_expr *e)
{
  if (e->kind == EXPR_REDUCE || e->kind == EXPR_VARIABLE) {
    return true;
  }
  for (uint32_t k = 0; k < e->n_args; k++) {
    if (depends_on_report(e->args[k])) {
      return true;
    }
  }
  return false;
}

bool routine_is_folded(const prog_expr *reduction)
{
  switch ((prog_reduction)reduction->op) {
  case REDUCE_VARIANCE:
  case REDUCE_QUANTILE: return false;
  case REDUCE_HISTOGRAM: return !depends_on_report(reduction->args[1]) && !depends_on_report(reduction->args[2]);
  case REDUCE_COUNT:
  case REDUCE_SUM:
  case REDUCE_MEAN:
  case REDUCE_MIN:
  case REDUCE_MAX:
  case REDUCE_ARGMIN:
  case REDUCE_ARGMAX:
  case REDUCE_COUNT_OF_KINDS: break;
  }
  return true;
}

tg_type routine_reduction_type(const prog_expr *reduction)
{
  tg_type type = (tg_type)reduction->type.scalar;
  return reduction->op == REDUCE_HISTOGRAM && !routine_is_folded(reduction) ? TG_F64 : type;
}

static bool is_same(const prog_expr *a, const prog_expr *b)
{
  bool same = a->kind == b->kind && a->op == b->op && a->index == b->index && a->n_args == b->n_args &&
              a->bits == b->bits && a->type.kind == b->type.kind && a->type.scalar == b->type.scalar &&
              a->type.n == b->type.n;
  for (uint32_t k = 0; same && k < a->n_args; k++) {
    same = is_same(a->args[k], b->args[k]);
  }
  return same;
}

uint32_t routine_sample_owner(const prog_report *report, uint32_t k)
{
  const prog_expr *r = report->reductions[k];
  for (uint32_t i = 0; i < k; i++) {
    const prog_expr *other = report->reductions[i];
    if (other->op == r->op && !routine_is_folded(other) && !routine_is_folded(r) &&
        is_same(other->args[0], r->args[0])) {
      return i;
    }
  }
  return k;
}

static tg_value as_f64(lowering *l, tg_value value, const prog_expr *e)
{
  return e->type.scalar == TG_F64 ? value : tg_convert(l->g, TG_F64, value);
}

static tg_operand declare(lowering *l, tg_operand_kind kind, routine_role role, uint32_t index, tg_type type)
{
  char name[32];
  snprintf(name, sizeof name, "%s.%u", kind == TG_OUTPUT ? "sample" : "reduce", (unsigned)index);
  return operand_add(l, kind, (routine_operand){(uint8_t)role, index, 0}, name, (tg_mode)type);
}

/* Bin floor((x - low) / (high - low) * bins); outside the table where x is outside. */
static void lower_histogram(lowering *l, const prog_expr *r, uint32_t index, tg_value value)
{
  tg_graph *g = l->g;
  tg_value x = as_f64(l, value, r->args[0]), low = lower_scalar(l, r->args[1]), high = lower_scalar(l, r->args[2]);
  tg_value part = tg_div(g, tg_sub(g, x, low), tg_sub(g, high, low));
  tg_value bin = tg_round(g, TG_ROUND_DOWN, tg_mul(g, part, tg_const_f64(g, (double)r->type.n)));
  tg_value inside = tg_and(g, tg_le(g, low, x), tg_lt(g, x, high));
  tg_value slot = tg_select(g, inside, tg_convert(g, TG_I64, bin), tg_const(g, TG_I64, UINT64_MAX));
  tg_combine(g, declare(l, TG_ACCUMULATOR, ROUTINE_RESULT, index, TG_U64), TG_FOLD_ADD, slot, lower_u64(l, 1));
}

static void lower_fold(lowering *l, const prog_expr *r, uint32_t index)
{
  tg_graph *g = l->g;
  tg_value x = lower_scalar(l, r->args[0]), id = tg_iota(g, lower_u64(l, 0), lower_u64(l, 1));
  if (r->op == REDUCE_HISTOGRAM) {
    lower_histogram(l, r, index, x);
    return;
  }
  tg_operand to = declare(l, TG_RESULT, ROUTINE_RESULT, index, (tg_type)r->type.scalar);
  switch ((prog_reduction)r->op) {
  case REDUCE_COUNT:
  case REDUCE_SUM: tg_sum(g, to, x); break;
  case REDUCE_MEAN: tg_sum(g, to, as_f64(l, x, r->args[0])); break;
  case REDUCE_MIN: tg_argmin(g, to, x, x); break;
  case REDUCE_MAX: tg_argmax(g, to, x, x); break;
  case REDUCE_ARGMIN: tg_argmin(g, to, id, x); break;
  case REDUCE_ARGMAX: tg_argmax(g, to, id, x); break;
  case REDUCE_VARIANCE:
  case REDUCE_QUANTILE:
  case REDUCE_HISTOGRAM:
  case REDUCE_COUNT_OF_KINDS: break;
  }
}

static void lower_sample(lowering *l, const prog_expr *r, uint32_t index)
{
  tg_value x = lower_scalar(l, r->args[0]);
  x = r->op == REDUCE_QUANTILE ? x : as_f64(l, x, r->args[0]);
  tg_store(l->g, declare(l, TG_OUTPUT, ROUTINE_SAMPLE, index, routine_reduction_type(r)), x);
}

void lower_reductions(lowering *l)
{
  const prog_report *report = l->entry->report;
  bool has_samples = false;
  for (uint32_t k = 0; report != NULL && k < report->n_reductions && !lowering_failed(l, l->entry->pos); k++) {
    if (routine_is_folded(report->reductions[k])) {
      lower_fold(l, report->reductions[k], k);
    } else if (routine_sample_owner(report, k) == k) {
      lower_sample(l, report->reductions[k], k);
      has_samples = true;
    }
  }
  if (has_samples) {
    tg_operand alive = operand_add(l, TG_OUTPUT, (routine_operand){ROUTINE_ALIVE, 0, 0}, "run.alive", TG_MODE_BOOL);
    tg_store(l->g, alive, lower_bool(l, true));
  }
}

/* ---- after them ---- */

static tg_value declare_known(lowering *l, routine_role role, uint32_t index, tg_type type)
{
  char name[32];
  snprintf(name, sizeof name, "%s.%u", role == ROUTINE_REDUCED ? "reduced" : "named", (unsigned)index);
  tg_operand o = operand_add(l, TG_PARAM, (routine_operand){(uint8_t)role, index, 0}, name, (tg_mode)type);
  return tg_param(l->g, o);
}

/* Reductions and earlier lines of the report become parameters, those that the expression mentions. */
static void declare_mentioned(lowering *l, const prog_expr *e)
{
  if (e->kind == EXPR_REDUCE) {
    if (l->reduced[e->index] == TG_POISON) {
      l->reduced[e->index] = declare_known(l, ROUTINE_REDUCED, e->index, (tg_type)e->type.scalar);
    }
    return; /* its arguments are other instances' business */
  }
  if (e->kind == EXPR_VARIABLE && l->named[e->index] == TG_POISON) {
    l->named[e->index] = declare_known(l, ROUTINE_NAMED, e->index, (tg_type)e->type.scalar);
  }
  for (uint32_t k = 0; k < e->n_args; k++) {
    declare_mentioned(l, e->args[k]);
  }
}

static tg_value *unknown(lowering *l, uint32_t n)
{
  tg_value *values = arena_array(&l->memory, tg_value, n);
  for (uint32_t k = 0; values != NULL && k < n; k++) {
    values[k] = TG_POISON;
  }
  return values;
}

static void lower_line(lowering *l, const prog_expr *e, uint32_t index)
{
  char name[32];
  declare_mentioned(l, e);
  snprintf(name, sizeof name, "value.%u", (unsigned)index);
  tg_operand to = operand_add(l, TG_OUTPUT, (routine_operand){ROUTINE_VALUE, index, 0}, name, (tg_mode)e->type.scalar);
  tg_store(l->g, to, lower_scalar(l, e));
}

tg_status routine_lower_report(const program *p, const prog_entry *entry, prog_expr *const *exprs, uint32_t n,
                               routine *out, tg_error *error)
{
  lowering l;
  if (lowering_open(&l, p, entry, entry->name, out) != TG_OK) {
    return error_set(error, TG_NOMEM, "no memory to compile the report of %s", entry->name);
  }
  const prog_report *report = entry->report;
  l.reduced = unknown(&l, report->n_reductions);
  l.named = unknown(&l, report->code.n_variables);
  if (frame_push(&l, &report->code, entry->pos) != NULL && l.named != NULL && l.reduced != NULL) {
    for (uint32_t k = 0; k < n; k++) {
      lower_line(&l, exprs[k], k);
    }
  }
  return lowering_close(&l, error);
}
