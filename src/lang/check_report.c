/* check_report.c: reports: lines that reduce the population and calculate with what comes out. */
#include "lang/check.h"

#include <string.h>

enum { MAX_BINS = 65536 };

static const uint8_t n_arguments[REDUCE_COUNT_OF_KINDS] = {
    [REDUCE_COUNT] = 1, [REDUCE_SUM] = 1,    [REDUCE_MEAN] = 1,   [REDUCE_VARIANCE] = 1, [REDUCE_MIN] = 1,
    [REDUCE_MAX] = 1,   [REDUCE_ARGMIN] = 1, [REDUCE_ARGMAX] = 1, [REDUCE_QUANTILE] = 2, [REDUCE_HISTOGRAM] = 4,
};

/* min and max of two operands are functions, not reductions. */
bool reduction_find(const checker *c, const tree *t, prog_reduction *kind)
{
  const char *name = lang_name_text(c->l, t->name);
  for (int k = 0; k < REDUCE_COUNT_OF_KINDS; k++) {
    if (strcmp(prog_reduction_names[k], name) == 0) {
      *kind = (prog_reduction)k;
      return !((k == REDUCE_MIN || k == REDUCE_MAX) && tree_count(t->a) == 2);
    }
  }
  return false;
}

static prog_type sum_type(prog_type x)
{
  tg_type type = (tg_type)x.scalar;
  if (type_in(type, TG_CLASS_FLOAT)) {
    return x;
  }
  return type_scalar(type_table[type].is_signed ? TG_I64 : TG_U64);
}

static prog_type result_type(prog_reduction kind, prog_type x, uint32_t bins)
{
  switch (kind) {
  case REDUCE_SUM: return sum_type(x);
  case REDUCE_MEAN:
  case REDUCE_VARIANCE: return type_scalar(TG_F64);
  case REDUCE_MIN:
  case REDUCE_MAX:
  case REDUCE_QUANTILE: return x;
  case REDUCE_COUNT:
  case REDUCE_ARGMIN:
  case REDUCE_ARGMAX: return type_scalar(TG_U64);
  case REDUCE_HISTOGRAM: return (prog_type){PROG_ARRAY, TG_U64, bins};
  case REDUCE_COUNT_OF_KINDS: break;
  }
  return type_poison();
}

/* What is evaluated for each instance. */
static prog_expr *check_inside(checker *c, tree *t, prog_reduction kind)
{
  report_mode saved = c->f->report;
  c->f->report = REPORT_INSIDE;
  prog_expr *e = kind == REDUCE_COUNT ? check_condition(c, t) : check_value(c, t, type_none());
  c->f->report = saved;
  unsigned classes = kind == REDUCE_SUM || kind == REDUCE_COUNT ? TG_CLASS_ANY : TG_CLASS_NUMBER;
  if (!type_is_poison(e->type) && !type_is(e->type, classes)) {
    CHECK_REPORT(c, LANG_OPERAND_CLASS, t->pos, prog_reduction_names[kind], type_text(c, e->type), "");
    return expr_poison(c, t->pos);
  }
  return e;
}

static prog_expr *check_uniform(checker *c, tree *t)
{
  report_mode saved = c->f->report;
  c->f->report = REPORT_UNIFORM;
  prog_expr *e = check_as(c, t, type_scalar(TG_F64));
  c->f->report = saved;
  return e;
}

static uint32_t check_bins(checker *c, tree *t)
{
  bool is_untyped = expr_untyped(c, t) == UNTYPED_INT;
  prog_expr *e = check_value(c, t, is_untyped ? type_scalar(TG_I64) : type_none());
  if (type_is_poison(e->type)) {
    return 0;
  }
  if (e->kind != EXPR_CONST || !type_is(e->type, TG_CLASS_INT) || e->bits == 0 || e->bits > MAX_BINS) {
    CHECK_REPORT(c, LANG_BINS, t->pos, NULL);
    return 0;
  }
  return (uint32_t)e->bits;
}

static prog_expr *add_reduction(checker *c, prog_expr *e)
{
  if (!vec_room(&c->memory->allocator, &c->f->reductions, 1)) {
    c->memory->failed = true;
    return e;
  }
  e->index = (uint32_t)c->f->reductions.n;
  c->f->reductions.data[c->f->reductions.n++] = e;
  return e;
}

prog_expr *check_reduction(checker *c, tree *t, prog_reduction kind)
{
  prog_expr *args[3];
  uint32_t n = tree_count(t->a), bins = 1, n_args = kind == REDUCE_HISTOGRAM ? 3 : n_arguments[kind];
  if (c->f->report != REPORT_OUTER) {
    CHECK_REPORT(c, LANG_NESTED_REDUCTION, t->pos, NULL);
    return expr_poison(c, t->pos);
  }
  if (n != n_arguments[kind]) {
    CHECK_REPORT(c, LANG_ARGUMENT_COUNT, t->pos, prog_reduction_names[kind],
                 lang_count(c->l, n_arguments[kind], "argument"), lang_format(c->l, "%u", (unsigned)n));
    return expr_poison(c, t->pos);
  }
  tree *a = t->a;
  args[0] = check_inside(c, a, kind);
  bool is_good = !type_is_poison(args[0]->type);
  for (uint32_t i = 1; i < n_args; i++) {
    a = a->next;
    args[i] = check_uniform(c, a);
    is_good = is_good && !type_is_poison(args[i]->type);
  }
  if (kind == REDUCE_HISTOGRAM) {
    bins = check_bins(c, a->next);
  }
  if (!is_good || bins == 0) {
    return expr_poison(c, t->pos);
  }
  prog_expr *e = expr_new(c, EXPR_REDUCE, result_type(kind, args[0]->type, bins), t->pos);
  e->op = (uint8_t)kind;
  e = expr_args(c, e, args, n_args);
  return type_is_poison(e->type) ? e : add_reduction(c, e);
}

/* ---- lines ---- */

static prog_stmt *check_line(checker *c, tree *t, prog_report *report)
{
  prog_stmt *s = stmt_new(c, STMT_DECLARE, t->pos);
  s->places = arena_array(c->memory, prog_place, 1);
  prog_expr *e = check_any(c, t->b, type_none());
  bool is_histogram = e->kind == EXPR_REDUCE && type_is_array(e->type);
  if (!is_histogram && (type_is_array(e->type) || e->type.kind == PROG_VOID || e->type.kind == PROG_STRUCT)) {
    CHECK_REPORT(c, LANG_TYPE_PLACE, t->b->pos, type_text(c, e->type), "a line of a report",
                 "lines are scalars and histograms");
    e = expr_poison(c, t->b->pos);
  }
  symbol *v = name_declare(c, t->name, t->pos, SYMBOL_VARIABLE);
  v->type = e->type;
  v->index = variable_add(c, lang_name_text(c->l, t->name), VARIABLE_LET, e->type, t->pos);
  v->is_used = t->op == 0;
  s->value = e;
  if (s->places != NULL) {
    s->n_places = 1;
    s->places[0] = (prog_place){.kind = PLACE_VARIABLE, .variable = v->index, .type = e->type, .pos = t->pos};
  }
  if (t->op == 0) {
    report->entries[report->n_entries++] = (prog_report_entry){lang_name_text(c->l, t->name), v->index, t->pos};
  }
  return s;
}

/* The operands as a report sees them: also outputs by their operands. They were looked up before; whether they are used
 * is said of the machine's own names. */
static void declare_operands(checker *c, prog_entry *entry)
{
  for (uint32_t i = 0; i < entry->n_operands; i++) {
    uint32_t name = lang_name_find(c->l, entry->operands[i].name);
    symbol *machine = name_binding(c, name)->local;
    if (machine != NULL && machine->kind == SYMBOL_VARIABLE) {
      machine->kind = SYMBOL_OPERAND;
      machine->index = i;
    }
  }
}

prog_report *check_report(checker *c, prog_entry *entry, tree *t)
{
  prog_report *report = arena_new(c->memory, prog_report);
  frame *machine = c->f, f;
  if (report == NULL) {
    return NULL;
  }
  report->code = (prog_function){.name = "report", .pos = t->pos};
  report->entries = arena_array(c->memory, prog_report_entry, tree_count(t->a));
  declare_operands(c, entry);
  frame_begin(c, &f, &report->code);
  f.level += machine->level; /* its lines may hide names of the machine */
  f.entry = entry;
  f.report = REPORT_OUTER;
  prog_stmt **end = &report->code.body;
  for (tree *line = report->entries == NULL ? NULL : t->a; line != NULL && !c->memory->failed; line = line->next) {
    *end = check_line(c, line, report);
    end = &(*end)->next;
  }
  report->n_reductions = (uint32_t)f.reductions.n;
  report->reductions = arena_copy(c->memory, f.reductions.data, f.reductions.n, sizeof *f.reductions.data);
  frame_end(c, &f);
  c->f = machine;
  return report;
}
