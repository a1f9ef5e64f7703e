/* trace_print.c: the steps of an instance as lines - their number, the source line, what it changed - or as JSON, and
 * its outputs or its trap. */
#include "io/number.h"
#include "trace.h"

#include <inttypes.h>
#include <string.h>

enum { SOURCE_WIDTH = 56, SHOWN_ELEMENTS = 8 };

void trace_begin(trace *t)
{
  const run *r = &t->run;
  if (t->first == 0) t->first = 1;
  if (r->request.json) {
    t->steps = json_array();
    return;
  }
  printf("%s, instance %" PRIu64 " of %" PRIu64 ", seed %" PRIu64 "\n", tg_machine_name(r->machine), t->instance, r->n,
         r->request.seed);
}

/* ---- values ---- */

/* "x", "p.y", "a[3]" */
static void put_name(const tg_step_value *v)
{
  fputs(v->variable, stdout);
  if (v->field) printf(".%s", v->field);
  if (v->element >= 0) printf("[%" PRId64 "]", v->element);
}

static void put_elements(tg_type type, const uint64_t *bits, size_t n, size_t most)
{
  char value[NUMBER_TEXT];
  putchar('[');
  for (size_t k = 0; k < n && k < most; k++) {
    number_format_bits(type, bits[k], value);
    printf("%s%s", k > 0 ? ", " : "", value);
  }
  if (n > most) printf(", ... %zu more", n - most);
  putchar(']');
}

static void put_value(const tg_step_value *v)
{
  char value[NUMBER_TEXT];
  if (v->variable) {
    put_name(v);
    fputs(" = ", stdout);
  }
  if (v->is_array) {
    put_elements(v->type, v->bits, v->n, SHOWN_ELEMENTS);
    return;
  }
  number_format_bits(v->type, v->bits[0], value);
  fputs(value, stdout);
}

/* ---- steps as lines ---- */

/* The line as it stands in the file, with what a terminal could take for a command as '?'. Returns its columns. */
static int put_source(const trace *t, const tg_step *step)
{
  size_t n = 0;
  const char *line = tg_program_line(t->run.program, step->path, step->pos.line, &n);
  int columns = 0;
  while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == ' ')) n--;
  for (uint32_t k = 0; k < step->depth; k++) columns += printf("| ");
  for (size_t k = 0; k < n; k++) {
    unsigned char c = (unsigned char)line[k];
    bool is_c1 = c == 0xC2 && k + 1 < n && (unsigned char)line[k + 1] < 0xA0;
    putchar(c == '\t' ? ' ' : c < 0x20 || c == 0x7F || is_c1 ? '?' : c);
    k += is_c1;
    columns += (c & 0xC0) != 0x80;
  }
  return columns;
}

static void put_step(trace *t, const tg_step *step)
{
  if (!t->path || strcmp(t->path, step->path) != 0) printf("%16s%s\n", "", step->path);
  t->path = step->path;
  printf("%8" PRIu64 " %5u  ", t->n_steps, (unsigned)step->pos.line);
  int columns = put_source(t, step);
  if (step->n_values > 0) printf("%*s", columns < SOURCE_WIDTH ? SOURCE_WIDTH - columns + 2 : 2, "");
  for (size_t k = 0; k < step->n_values; k++) {
    if (k > 0) fputs(", ", stdout);
    put_value(&step->values[k]);
  }
  putchar('\n');
}

/* ---- steps as JSON ---- */

static json_t *make_elements(tg_type type, const uint64_t *bits, size_t n)
{
  json_t *list = json_array();
  for (size_t k = 0; k < n; k++) json_array_append_new(list, json_scalar(type, bits[k]));
  return list;
}

static json_t *make_change(const tg_step_value *v)
{
  json_t *change = json_object();
  if (v->variable) json_object_set_new(change, "name", json_string(v->variable));
  if (v->field) json_object_set_new(change, "field", json_string(v->field));
  if (v->element >= 0) json_object_set_new(change, "element", json_count((uint64_t)v->element));
  json_object_set_new(change, "type", json_string(tg_type_name(v->type)));
  json_object_set_new(change, "value",
                      v->is_array ? make_elements(v->type, v->bits, v->n) : json_scalar(v->type, v->bits[0]));
  return change;
}

static json_t *make_step(const trace *t, const tg_step *step)
{
  json_t *out = json_object(), *values = json_array();
  json_object_set_new(out, "step", json_count(t->n_steps));
  json_object_set_new(out, "file", json_string(step->path));
  json_object_set_new(out, "line", json_count(step->pos.line));
  json_object_set_new(out, "column", json_count(step->pos.column));
  json_object_set_new(out, "function", json_string(step->function));
  json_object_set_new(out, "depth", json_count(step->depth));
  json_object_set_new(out, "entered", json_boolean(step->is_entry));
  for (size_t k = 0; k < step->n_values; k++) json_array_append_new(values, make_change(&step->values[k]));
  json_object_set_new(out, "values", values);
  return out;
}

int trace_step(void *self, const tg_step *step)
{
  trace *t = self;
  if (step->is_library && !t->with_library) return 0;
  t->n_steps++;
  if (t->n_steps < t->first || t->n_steps - t->first >= t->most) return 0;
  if (t->steps) {
    json_array_append_new(t->steps, make_step(t, step));
  } else {
    put_step(t, step);
  }
  return 0;
}

/* ---- the end ---- */

/* Of an output, or of one element. */
static uint64_t output_bits(const run_operand *o, size_t k)
{
  column element = o->column;
  element.data += k * tg_mode_bytes(o->info.mode);
  return run_bits(&element);
}

static void put_output(const run_operand *o)
{
  char value[NUMBER_TEXT];
  printf("%s = ", o->info.name);
  if (o->is_array) putchar('[');
  for (size_t k = 0; k < o->width; k++) {
    number_format_bits((tg_type)o->info.mode, output_bits(o, k), value);
    printf("%s%s", k > 0 ? ", " : "", value);
  }
  puts(o->is_array ? "]" : "");
}

static void put_trap(const trace *t, const tg_machine_outcome *outcome)
{
  const tg_pos *at = &outcome->first_pos;
  size_t n;
  const char *line = tg_program_line(t->run.program, outcome->first_path, at->line, &n);
  fprintf(stderr, "%s:%u:%u: instance %" PRIu64 " trapped: %s\n", outcome->first_path, (unsigned)at->line,
          (unsigned)at->column, outcome->first_instance, tg_trap_text(outcome->first_code));
  if (line) print_source_line(line, n, at->column, at->length);
}

static void put_end(const trace *t, const tg_machine_outcome *outcome)
{
  uint64_t past = t->most < UINT64_MAX - t->first ? t->first + t->most : UINT64_MAX;
  if (t->n_steps >= past) {
    printf("... and %" PRIu64 " steps more; --from and --steps choose which are shown\n", t->n_steps - past + 1);
  }
  if (t->most > 0) putchar('\n');
  for (size_t k = 0; k < t->run.n_operands && outcome->n_trapped == 0; k++) {
    if (t->run.operands[k].info.kind == TG_OUTPUT) put_output(&t->run.operands[k]);
  }
  fflush(stdout);
  if (outcome->n_trapped > 0) put_trap(t, outcome);
}

static json_t *make_trap(const tg_machine_outcome *outcome)
{
  if (outcome->n_trapped == 0) return json_null();
  json_t *trap = json_object();
  json_object_set_new(trap, "code", json_count(outcome->first_code));
  json_object_set_new(trap, "text", json_string(tg_trap_text(outcome->first_code)));
  json_object_set_new(trap, "file", json_string(outcome->first_path));
  json_object_set_new(trap, "line", json_count(outcome->first_pos.line));
  json_object_set_new(trap, "column", json_count(outcome->first_pos.column));
  return trap;
}

static int print_json_end(trace *t, const tg_machine_outcome *outcome)
{
  const run *r = &t->run;
  json_t *root = json_object(), *outputs = json_object();
  json_object_set_new(root, "entry", json_string(tg_machine_name(r->machine)));
  json_object_set_new(root, "instance", json_count(t->instance));
  json_object_set_new(root, "count", json_count(r->n));
  json_object_set_new(root, "seed", json_count(r->request.seed));
  json_object_set(root, "steps", t->steps);
  json_object_set_new(root, "n_steps", json_count(t->n_steps));
  for (size_t k = 0; k < r->n_operands; k++) {
    const run_operand *o = &r->operands[k];
    tg_type type = (tg_type)o->info.mode;
    if (o->info.kind != TG_OUTPUT || outcome->n_trapped > 0) continue;
    json_t *elements = json_array();
    for (size_t i = 0; i < o->width; i++) json_array_append_new(elements, json_scalar(type, output_bits(o, i)));
    json_object_set_new(outputs, o->info.name, o->is_array ? elements : json_incref(json_array_get(elements, 0)));
    if (!o->is_array) json_decref(elements);
  }
  json_object_set_new(root, "outputs", outputs);
  json_object_set_new(root, "trap", make_trap(outcome));
  return json_print(root);
}

int trace_end(trace *t, const tg_machine_outcome *outcome)
{
  int status = STATUS_OK;
  if (t->run.request.json) {
    status = print_json_end(t, outcome);
  } else {
    put_end(t, outcome);
  }
  return status != STATUS_OK ? status : outcome->n_trapped > 0 ? STATUS_TRAPPED : STATUS_OK;
}
