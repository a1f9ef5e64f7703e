/* run_bind.c: values, memory or files for every operand of a run. In: the options and the graph's signature. Out:
 * r->operands, tables and accumulators read, input files opened, and r->n. */
#include "io/number.h"
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const option_names[] = {
    [ASSIGN_IN] = "in", [ASSIGN_PARAM] = "param", [ASSIGN_SIZE] = "size", [ASSIGN_OUT] = "out"};

bool run_is_stream_out(const run_operand *o)
{
  return o->info.kind == TG_OUTPUT || o->info.kind == TG_ACCUMULATOR;
}

/* ---- options and operands ---- */

static int unknown_operand(const run *r, const assignment *a)
{
  char name[64];
  snprintf(name, sizeof name, "%.*s", a->n_name < 60 ? (int)a->n_name : 60, a->text);
  nearest n = nearest_to(name);
  for (size_t k = 0; k < r->n_operands; k++) nearest_offer(&n, r->operands[k].info.name);
  fprintf(stderr, "throng %s: error: %s has no operand '%s'\n", r->self->name, r->request.file, name);
  if (n.best) {
    print_hint("did you mean '%s'?", n.best);
  } else {
    print_hint("'throng show %s --stage signature' lists its operands", r->request.file);
  }
  return STATUS_USAGE;
}

static bool fits(tg_operand_kind operand, assignment_kind option)
{
  switch (option) {
  case ASSIGN_IN: return operand == TG_INPUT || operand == TG_TABLE || operand == TG_ACCUMULATOR;
  case ASSIGN_PARAM: return operand == TG_PARAM || operand == TG_INPUT;
  case ASSIGN_SIZE: return operand == TG_ACCUMULATOR;
  case ASSIGN_OUT: return operand == TG_OUTPUT || operand == TG_RESULT || operand == TG_ACCUMULATOR;
  }
  return false;
}

/* How an operand of each kind gets its memory or is written. */
static const struct {
  const char *option, *value;
} uses[TG_OPERAND_KIND_COUNT] = {
    [TG_PARAM] = {"param", "VALUE"}, [TG_INPUT] = {"in", "PATH"},   [TG_TABLE] = {"in", "PATH"},
    [TG_OUTPUT] = {"out", "PATH"},   [TG_RESULT] = {"out", "PATH"}, [TG_ACCUMULATOR] = {"size", "COUNT"},
};

static int wrong_option(const run *r, const assignment *a, const tg_operand_info *info)
{
  fprintf(stderr, "throng %s: error: --%s cannot be used for %s '%s'\n", r->self->name, option_names[a->kind],
          operand_kind_name(info->kind), info->name);
  print_hint("use --%s %s=%s", uses[info->kind].option, info->name, uses[info->kind].value);
  return STATUS_USAGE;
}

/* Checks what can be known of an output file before the run: a long run that cannot be saved is a loss. */
static int check_out(const run *r, const assignment *a)
{
  column_format format = column_format_of(a->path);
  bool is_image = image_format_of(a->path) != IMAGE_NONE;
  tg_error error = {.code = TG_OK};
  if (format == COLUMN_UNKNOWN && !is_image) {
    return usage_error(r->self, "the extension of '%s' names no format: use .npy, .csv, .bin, .png, .ppm or .pgm",
                       a->path);
  }
  if (is_image && r->operands[a->operand].info.kind != TG_OUTPUT) {
    return usage_error(r->self, "only outputs are pictures: write '%s' to .npy, .csv or .bin",
                       r->operands[a->operand].info.name);
  }
  for (const assignment *b = r->request.assignments; b < a; b++) {
    if (b->kind != ASSIGN_OUT || strcmp(a->path, b->path) != 0) continue;
    if (format != COLUMN_CSV) return usage_error(r->self, "'%s' is named twice, and only .csv takes several", a->path);
    if (a->operand == b->operand) return usage_error(r->self, "'%s' is given twice", a->text);
  }
  return file_can_create(a->path, &error) ? STATUS_OK : print_error(a->path, &error);
}

/* Finds the operand of each option, and checks that it can be used for it, and once only. */
static int resolve(run *r, assignment *a)
{
  size_t k = 0;
  for (; k < r->n_operands; k++) {
    const char *name = r->operands[k].info.name;
    if (strlen(name) == a->n_name && memcmp(name, a->text, a->n_name) == 0) break;
  }
  if (k == r->n_operands) return unknown_operand(r, a);
  a->operand = k;
  if (!fits(r->operands[k].info.kind, a->kind)) return wrong_option(r, a, &r->operands[k].info);
  for (const assignment *b = r->request.assignments; b < a; b++) {
    if (b->operand == k && b->kind != ASSIGN_OUT && a->kind != ASSIGN_OUT) {
      return usage_error(r->self, "'%s' is given twice, by --%s and --%s", r->operands[k].info.name,
                         option_names[b->kind], option_names[a->kind]);
    }
  }
  return a->kind == ASSIGN_OUT ? check_out(r, a) : STATUS_OK;
}

/* ---- values and files ---- */

static int bind_value(run *r, const assignment *a, run_operand *o)
{
  tg_error error = {.code = TG_OK};
  char range[NUMBER_TEXT];
  if (column_create(o->info.mode, 1, &o->column, &error) != TG_OK) return print_error(NULL, &error);
  o->is_bound = o->is_broadcast = true;
  o->n = 1;
  tg_type type = tg_mode_type(o->info.mode);
  number_status status = number_parse(o->info.mode, a->value, strlen(a->value), o->column.data);
  if (status == NUMBER_OK || (status == NUMBER_MISSING && (type == TG_F32 || type == TG_F64))) return STATUS_OK;
  number_range(o->info.mode, range);
  return usage_error(r->self, "--param %s: '%s' is not %s, as %s wants", o->info.name, a->value, range,
                     tg_mode_name(o->info.mode));
}

static int bind_zeros(run *r, const assignment *a, run_operand *o)
{
  tg_error error = {.code = TG_OK};
  char *end = NULL;
  unsigned long long count = strtoull(a->value, &end, 10);
  if (*end || a->value[0] < '0' || a->value[0] > '9' || count > SIZE_MAX / 16) {
    return usage_error(r->self, "--size %s=%s: a number of elements is wanted", o->info.name, a->value);
  }
  if (column_create(o->info.mode, (size_t)count, &o->column, &error) != TG_OK) return print_error(NULL, &error);
  o->is_bound = true;
  o->n = (size_t)count;
  return STATUS_OK;
}

/* Splits PATH:COLUMN. A path may have colons itself: the first one after the name of a file is the one meant. Returns
 * where the column begins, or NULL; the path is then the n bytes before the colon. */
static const char *split_path(const char *text, char *path)
{
  strcpy(path, text);
  if (file_exists(path)) return NULL;
  for (const char *colon = strchr(text, ':'); colon; colon = strchr(colon + 1, ':')) {
    path[colon - text] = '\0';
    if (file_exists(path)) return colon + 1;
    path[colon - text] = ':';
  }
  /* There is no such file; the message is clearer without what looks like a column. */
  char *mark = strstr(path, ".csv:");
  if (mark) mark[4] = '\0';
  return NULL;
}

int run_read_error(const run_operand *o, const tg_error *error)
{
  print_error(o->path, error);
  fprintf(stderr, "note: it was read for %s '%s' of type %s\n", operand_kind_name(o->info.kind), o->info.name,
          tg_mode_name(o->info.mode));
  return STATUS_ERROR;
}

/* Tables and accumulators are read now, inputs while the lanes run. */
static tg_status open_file(run_operand *o, const char *name, tg_error *error)
{
  o->is_streamed = o->info.kind == TG_INPUT;
  tg_status status = o->is_streamed ? column_open(o->path, name, o->info.mode, &o->reader, error)
                                    : column_read(o->path, name, o->info.mode, &o->column, error);
  o->n = o->is_streamed ? o->reader.n : o->column.n;
  return status;
}

static int bind_file(run *r, const assignment *a, run_operand *o)
{
  tg_error error = {.code = TG_NOMEM};
  o->path = malloc(strlen(a->value) + 1);
  if (!o->path) return print_error(NULL, &error);
  const char *name = split_path(a->value, o->path);
  run_progress(r, "reading", o->path);
  error.code = open_file(o, name, &error);
  run_progress(r, NULL, NULL);
  o->is_bound = error.code == TG_OK;
  return o->is_bound ? STATUS_OK : run_read_error(o, &error);
}

static int bind_assignment(run *r, const assignment *a)
{
  run_operand *o = &r->operands[a->operand];
  switch (a->kind) {
  case ASSIGN_IN: return bind_file(r, a, o);
  case ASSIGN_PARAM: return bind_value(r, a, o);
  case ASSIGN_SIZE: return bind_zeros(r, a, o);
  case ASSIGN_OUT: break;
  }
  return STATUS_OK;
}

/* ---- what was not given ---- */

/* Inputs and shared arrays of a program may name a file. */
static int bind_default(run *r, size_t k)
{
  char *file = run_default_file(r, k);
  if (!file) return STATUS_OK;
  int status = bind_file(r, &(assignment){.kind = ASSIGN_IN, .value = file, .operand = k}, &r->operands[k]);
  free(file);
  return status;
}

static int missing_operand(const run *r, const tg_operand_info *info)
{
  fprintf(stderr, "throng %s: error: nothing is given for %s '%s' of type %s\n", r->self->name,
          operand_kind_name(info->kind), info->name, tg_mode_name(info->mode));
  print_hint("add --%s %s=%s", uses[info->kind].option, info->name, uses[info->kind].value);
  return STATUS_USAGE;
}

static bool is_missing(const run_operand *o)
{
  if (o->is_bound) return false;
  return o->info.kind == TG_INPUT || o->info.kind == TG_TABLE || o->info.kind == TG_ACCUMULATOR ||
         (o->info.kind == TG_PARAM && !o->info.has_default);
}

static int lengths_disagree(const run *r, const run_operand *a, const run_operand *b)
{
  fprintf(stderr, "throng %s: error: the inputs differ in length: '%s' has %zu elements, '%s' has %zu\n", r->self->name,
          a->info.name, a->n, b->info.name, b->n);
  print_hint("-n takes as many lanes as you say from each; --param %s=VALUE gives all lanes one value", b->info.name);
  return STATUS_ERROR;
}

/* As many instances as the first picture has pixels whose size was given. */
static uint64_t image_pixels(const run *r)
{
  for (size_t k = 0; k < r->request.n_assignments; k++) {
    const assignment *a = &r->request.assignments[k];
    if (a->kind == ASSIGN_OUT && a->height > 0) return a->width * a->height;
  }
  return RUN_INSTANCES;
}

/* The number of lanes: -n, which no input may be shorter than, or the length that all inputs have. */
static int find_n(run *r)
{
  const run_operand *first = NULL;
  for (size_t k = 0; k < r->n_operands; k++) {
    const run_operand *o = &r->operands[k];
    if (o->info.kind != TG_INPUT || o->is_broadcast) continue;
    if (r->request.has_n && o->n < r->request.n) {
      fprintf(stderr, "throng %s: error: -n %" PRIu64 " is more than the %zu elements of input '%s'\n", r->self->name,
              r->request.n, o->n, o->info.name);
      print_hint("leave out -n to use them all");
      return STATUS_ERROR;
    }
    if (!first) first = o;
    if (!r->request.has_n && o->n != first->n) return lengths_disagree(r, first, o);
  }
  if (!r->request.has_n && !first && r->machine) {
    r->n = image_pixels(r);
    return STATUS_OK;
  }
  if (!r->request.has_n && !first) {
    return usage_error(r->self, "no input comes from a file, so the number of lanes is not known: add -n N");
  }
  r->n = r->request.has_n ? r->request.n : first->n;
  if (r->n <= TG_N_MAX) return STATUS_OK;
  return usage_error(r->self, "%" PRIu64 " lanes are more than Throng can do", r->n);
}

/* Outputs get their memory when it is known which are streamed. */
static int bind_outputs(run *r)
{
  for (size_t k = 0; k < r->n_operands; k++) {
    run_operand *o = &r->operands[k];
    tg_error error = {.code = TG_OK};
    if (o->info.kind != TG_OUTPUT && o->info.kind != TG_RESULT) continue;
    o->n = o->info.kind == TG_OUTPUT ? (size_t)r->n * o->width : 1;
    o->is_streamed = o->info.kind == TG_OUTPUT;
    o->column = o->window = (column){.mode = o->info.mode, .n = o->n};
    o->is_bound = true;
    if (o->info.kind == TG_RESULT && column_create(o->info.mode, 1, &o->column, &error) != TG_OK) {
      return print_error(NULL, &error);
    }
  }
  return STATUS_OK;
}

int run_bind(run *r)
{
  int status = STATUS_OK;
  tg_error error = {.code = TG_NOMEM};
  size_t n = run_n_operands(r);
  r->operands = calloc(n + 1, sizeof *r->operands);
  if (!r->operands) return print_error(NULL, &error);
  r->n_operands = n;
  for (size_t k = 0; k < n; k++) run_describe(r, k);
  for (size_t k = 0; k < r->request.n_assignments && status == STATUS_OK; k++) {
    status = resolve(r, &r->request.assignments[k]);
  }
  for (size_t k = 0; k < r->request.n_assignments && status == STATUS_OK; k++) {
    status = bind_assignment(r, &r->request.assignments[k]);
  }
  for (size_t k = 0; k < n && status == STATUS_OK; k++) {
    if (!r->operands[k].is_bound) status = bind_default(r, k);
  }
  for (size_t k = 0; k < n && status == STATUS_OK; k++) {
    if (is_missing(&r->operands[k])) status = missing_operand(r, &r->operands[k].info);
  }
  if (status == STATUS_OK) status = find_n(r);
  return status == STATUS_OK ? bind_outputs(r) : status;
}
