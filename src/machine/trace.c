/* trace.c: one instance of a machine by itself: the evaluator of src/walk between the machine's parameters and bound
 * memory and the caller's function for steps. */
#include "base/error.h"
#include "graph/element.h"
#include "machine/machine.h"
#include "walk/walk.h"

#include <string.h>

typedef struct tracing {
  const tg_machine *m;
  const tg_trace_options *options;
  VEC(tg_step_value) values; /* of the present step */
  bool is_out_of_memory;
} tracing;

/* ---- memory ---- */

/* The element at a byte of the memory, which is inside. */
static uint64_t load(const tg_binding *b, tg_type type, size_t at)
{
  unsigned char element[8];
  size_t each = type_table[type].bytes;
  if (b->data == NULL) {
    tg_buffer_read(b->buffer, at, element, each, NULL);
  } else {
    memcpy(element, (const unsigned char *)b->data + at, each);
  }
  return element_load((tg_mode)type, element);
}

static void store(const tg_binding *b, tg_type type, size_t at, uint64_t value)
{
  unsigned char element[8];
  size_t each = type_table[type].bytes;
  element_store((tg_mode)type, element, value);
  if (b->data == NULL) {
    tg_buffer_write(b->buffer, at, element, each, NULL);
  } else {
    memcpy((unsigned char *)b->data + at, element, each);
  }
}

static tg_type type_of(const tracing *t, uint32_t operand)
{
  return (tg_type)t->m->entry->operands[operand].type.scalar;
}

static uint64_t value_of(void *self, uint32_t operand)
{
  const tracing *t = self;
  const tg_binding *b = &t->m->bound[operand];
  if (t->m->entry->operands[operand].kind == OPERAND_PARAM) {
    return element_load((tg_mode)type_of(t, operand), &t->m->params[operand]);
  }
  return load(b, type_of(t, operand), b->offset);
}

static uint64_t length_of(void *self, uint32_t operand)
{
  const tracing *t = self;
  return machine_length(&t->m->bound[operand], type_of(t, operand));
}

/* Offsets wrap as the arithmetic of sizes does: strides may be negative. */
static uint64_t element_of(void *self, uint32_t operand, uint64_t index)
{
  const tracing *t = self;
  const tg_binding *b = &t->m->bound[operand];
  return load(b, type_of(t, operand), b->offset + (size_t)index * (size_t)b->stride);
}

static void give_output(void *self, uint32_t operand, const uint64_t *elements, uint32_t n)
{
  const tracing *t = self;
  const tg_binding *b = &t->m->bound[operand];
  tg_type type = type_of(t, operand);
  for (uint32_t k = 0; k < n && machine_is_given(b); k++) {
    store(b, type, b->offset + k * type_table[type].bytes, elements[k]);
  }
}

/* ---- checks ---- */

static bool is_inside(const tg_binding *b, size_t each)
{
  size_t bytes = machine_bytes(b);
  return b->offset <= bytes && bytes - b->offset >= each;
}

static tg_status check_operand(const tg_machine *m, uint32_t k, tg_error *error)
{
  const prog_operand *o = &m->entry->operands[k];
  const tg_binding *b = &m->bound[k];
  size_t n = o->type.kind == PROG_ARRAY ? o->type.n : 1;
  bool is_given = o->kind == OPERAND_PARAM ? m->is_set[k] : machine_is_given(b);
  if (!is_given && o->kind != OPERAND_OUTPUT) {
    return machine_not_given(o, error);
  }
  if (!is_given || o->kind == OPERAND_PARAM || o->kind == OPERAND_SHARED) {
    return TG_OK;
  }
  if (!is_inside(b, n * type_table[o->type.scalar].bytes)) {
    return error_set(error, TG_BOUNDS, "the memory of %.100s does not hold its element", o->name);
  }
  return TG_OK;
}

/* ---- steps ---- */

static void add_value(tracing *t, tg_step_value value)
{
  if (!vec_room(&t->m->context->allocator, &t->values, 1)) {
    t->is_out_of_memory = true;
    return;
  }
  t->values.data[t->values.n++] = value;
}

/* A struct is a value for each field. */
static void add_change(tracing *t, const walk_change *c)
{
  tg_step_value value = {.variable = c->variable == NULL ? NULL : c->variable->name,
                         .type = (tg_type)c->type.scalar,
                         .element = -1,
                         .n = c->n,
                         .bits = c->cells};
  if (c->type.kind != PROG_STRUCT) {
    value.is_array = c->type.kind == PROG_ARRAY && (c->variable == NULL || c->n == c->type.n);
    value.element = c->type.kind == PROG_ARRAY && !value.is_array ? (int64_t)c->first : -1;
    add_value(t, value);
    return;
  }
  const prog_struct *fields = &t->m->p->structs[c->type.n];
  value.n = 1;
  for (uint32_t k = 0; k < c->n; k++) {
    value.field = fields->fields[c->first + k].name;
    value.type = fields->fields[c->first + k].type;
    value.bits = c->cells + k;
    add_value(t, value);
  }
}

/* What the checker made up shows nothing that is in the source. */
static bool is_hidden(const walk_step *step)
{
  return step->n_changes > 0 && step->changes[0].variable != NULL && step->changes[0].variable->kind == VARIABLE_HIDDEN;
}

static bool take_step(void *self, const walk_step *step)
{
  tracing *t = self;
  tg_step out = {.path = t->m->p->files[step->pos.file].path,
                 .function = step->depth == 0 ? t->m->entry->name : step->code->name,
                 .pos = {step->pos.line, step->pos.column, step->pos.length},
                 .depth = step->depth,
                 .is_entry = step->statement == NULL,
                 .is_library = step->code->from_library};
  if (is_hidden(step)) {
    return true;
  }
  t->values.n = 0;
  for (uint32_t k = 0; k < step->n_changes; k++) {
    add_change(t, &step->changes[k]);
  }
  out.values = t->values.data;
  out.n_values = t->values.n;
  return !t->is_out_of_memory && t->options->step(t->options->self, &out) == 0;
}

/* ---- all of it ---- */

static tg_status trace(tracing *t, tg_machine_outcome *outcome, tg_error *error)
{
  const tg_trace_options *o = t->options;
  walk_outcome end;
  walk_job job = {t->m->context, t->m->p,
                  t->m->entry,   o->instance,
                  o->n,          o->seed,
                  o->fuel,       {t, value_of, length_of, element_of, give_output, o->step == NULL ? NULL : take_step}};
  TG_TRY(walk_run(&job, &end, error));
  if (t->is_out_of_memory) {
    return error_set(error, TG_NOMEM, "no memory for the values of a step");
  }
  *outcome = (tg_machine_outcome){.n = 1, .n_trapped = end.is_trapped};
  if (end.is_trapped) {
    outcome->first_instance = o->instance;
    outcome->first_code = end.code;
    outcome->first_pos = (tg_pos){end.pos.line, end.pos.column, end.pos.length};
    outcome->first_path = t->m->p->files[end.pos.file].path;
  }
  return TG_OK;
}

tg_status tg_machine_trace(const tg_machine *m, const tg_trace_options *options, tg_machine_outcome *outcome,
                           tg_error *error)
{
  tg_trace_options known = TG_TRACE_OPTIONS_INIT;
  if (options != NULL && (options->size == 0 || options->size > sizeof known)) {
    return error_set(error, TG_ARGUMENT, "tg_trace_options has a size that this library does not know");
  }
  if (options != NULL) {
    memcpy(&known, options, options->size);
  }
  if (known.n > TG_N_MAX || known.instance >= known.n) {
    return error_set(error, TG_ARGUMENT, "there is no instance %llu of %llu", (unsigned long long)known.instance,
                     (unsigned long long)known.n);
  }
  for (uint32_t k = 0; k < m->entry->n_operands; k++) {
    TG_TRY(check_operand(m, k, error));
  }
  tracing t = {.m = m, .options = &known};
  tg_status status = trace(&t, outcome, error);
  vec_free(&m->context->allocator, &t.values);
  return status;
}
