/* create.c: machines: an entry chosen, lowered to phases, each compiled; operands described and found. */
#include "base/error.h"
#include "graph/element.h"
#include "machine/machine.h"

#include <stdio.h>
#include <string.h>

/* ---- choosing ---- */

static size_t count_kind(const program *p, bool is_machine)
{
  size_t n = 0;
  for (uint32_t k = 0; k < p->n_entries; k++) {
    n += p->entries[k].is_machine == is_machine;
  }
  return n;
}

static const prog_entry *find_entry(const program *p, const char *name)
{
  bool want_machine = count_kind(p, true) > 0;
  for (uint32_t k = 0; k < p->n_entries; k++) {
    const prog_entry *e = &p->entries[k];
    bool is_it = name != NULL ? strcmp(e->name, name) == 0 : e->is_machine == want_machine;
    if (is_it && (name != NULL || count_kind(p, want_machine) == 1)) {
      return e;
    }
  }
  return NULL;
}

/* "a, b, c" */
static void list_entries(const program *p, char *text, size_t size)
{
  size_t n = 0;
  text[0] = '\0';
  for (uint32_t k = 0; k < p->n_entries && n < size; k++) {
    int more = snprintf(text + n, size - n, "%s%s", n == 0 ? "" : ", ", p->entries[k].name);
    n += more > 0 ? (size_t)more : size;
  }
}

static tg_status no_entry(const program *p, const char *name, tg_error *error)
{
  char names[100];
  list_entries(p, names, sizeof names);
  if (p->n_entries == 0) {
    error_set(error, TG_ARGUMENT, "the program has no kernel and no machine");
    return TG_ARGUMENT;
  }
  if (name == NULL) {
    error_set(error, TG_ARGUMENT, "the program has several to run: %s", names);
    error_hint(error, "say which one");
  } else {
    error_set(error, TG_ARGUMENT, "no kernel or machine is called '%.60s'", name);
    error_hint(error, "the program has: %s", names);
  }
  return TG_ARGUMENT;
}

/* ---- making ---- */

/* The program has the elements as 64 bits each. */
static void *make_table(tg_machine *m, const prog_table *t)
{
  size_t each = type_table[t->type].bytes;
  unsigned char *data = arena_zeroed(&m->memory, t->n, each);
  for (uint32_t k = 0; data != NULL && k < t->n; k++) {
    element_store((tg_mode)t->type, data + k * each, t->bits[k]);
  }
  return data;
}

static bool make_lists(tg_machine *m)
{
  uint32_t n = m->entry->n_operands;
  m->params = arena_array(&m->memory, uint64_t, n);
  m->is_set = arena_array(&m->memory, bool, n);
  m->bound = arena_array(&m->memory, tg_binding, n);
  m->lengths = arena_array(&m->memory, uint64_t, n);
  m->tables = arena_array(&m->memory, void *, m->p->n_tables);
  for (uint32_t k = 0; m->tables != NULL && k < m->p->n_tables; k++) {
    m->tables[k] = make_table(m, &m->p->tables[k]);
  }
  m->sinks = arena_array(&m->memory, unsigned char *, n);
  m->phases = arena_array(&m->memory, machine_phase, m->routines.n_phases);
  if (m->entry->report != NULL) {
    m->samples = arena_array(&m->memory, samples, m->entry->report->n_reductions);
    m->reduced = arena_array(&m->memory, reduced, m->entry->report->n_reductions);
    m->named = arena_array(&m->memory, reduced, m->entry->report->code.n_variables);
    m->reduced_code = arena_array(&m->memory, report_code, m->entry->report->n_reductions);
    m->named_code = arena_array(&m->memory, report_code, m->entry->report->code.n_variables);
  }
  for (uint32_t k = 0; !m->memory.failed && k < n; k++) {
    const prog_operand *o = &m->entry->operands[k];
    if (o->has_default) {
      element_store((tg_mode)o->type.scalar, &m->params[k], o->default_bits);
      m->is_set[k] = true;
    }
  }
  return !m->memory.failed;
}

static tg_status compile_phase(tg_machine *m, uint32_t k, tg_error *error)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  machine_phase *phase = &m->phases[k];
  options.backend = m->backend;
  options.passes = m->passes;
  options.counts = m->counts;
  TG_TRY(tg_compile(m->context, m->routines.phases[k].graph, &options, &phase->kernel, error));
  phase->n = tg_kernel_n_operands(phase->kernel);
  return TG_OK;
}

static tg_status compile(tg_machine *m, tg_error *error)
{
  for (uint32_t k = 0; k < m->routines.n_phases; k++) {
    TG_TRY(compile_phase(m, k, error));
  }
  return TG_OK;
}

static void drop_kernels(tg_machine *m)
{
  for (uint32_t k = 0; m->phases != NULL && k < m->routines.n_phases; k++) {
    tg_run_destroy(m->phases[k].run);
    tg_kernel_destroy(m->phases[k].kernel);
    m->phases[k] = (machine_phase){0};
  }
}

/* With limited fuel loops are not split, so that each is charged where it stands; there are no more phases then. After
 * an error the machine is as it was, or has no kernels and is made again when it is next asked for. */
tg_status machine_prepare(tg_machine *m, bool is_limited, tg_error *error)
{
  routine_set made;
  routine_options options = m->options;
  options.counts_fuel = is_limited && m->has_sync;
  options.regroup = is_limited ? ROUTINE_REGROUP_OFF : m->regroup;
  bool is_split = m->routines.split.turn != 0, is_same = m->options.counts_fuel == options.counts_fuel;
  if (m->is_compiled && is_same && (options.regroup == m->options.regroup || (is_limited && !is_split))) {
    return TG_OK;
  }
  TG_TRY(routine_lower(m->p, m->entry, &options, &made, error));
  drop_kernels(m);
  machine_drop_window(m);
  routine_drop(&m->routines);
  m->routines = made;
  m->options = options;
  m->is_compiled = false;
  TG_TRY(compile(m, error));
  m->is_compiled = true;
  return TG_OK;
}

/* What an operation of an arm costs an instance that does not take it: docs/machine.md has the measurements. llvm runs
 * it for a vector if one of its lanes takes it, vec for a strip; ref runs one instance at a time. */
static uint32_t operation_ps(const char *backend)
{
  return strncmp(backend, "ref", 3) == 0 ? 0 : 24;
}

static bool has_sync(const prog_stmt *s)
{
  while (s != NULL && s->kind != STMT_SYNC) {
    s = s->next;
  }
  return s != NULL;
}

static tg_status make(tg_machine *m, const tg_machine_options *options, tg_error *error)
{
  m->entry = find_entry(m->p, options->entry);
  if (m->entry == NULL) {
    return no_entry(m->p, options->entry, error);
  }
  const char *backend = options->backend == NULL ? "auto" : options->backend;
  m->backend = arena_string(&m->memory, backend, strlen(backend));
  m->passes = options->passes;
  m->counts = options->counts;
  m->sample_bytes = options->sample_bytes;
  if (options->spill_folder != NULL) {
    m->spill_folder = arena_string(&m->memory, options->spill_folder, strlen(options->spill_folder));
  }
  m->has_sync = has_sync(m->entry->body.body);
  m->regroup = options->regroup > 0   ? ROUTINE_REGROUP_ON
               : options->regroup < 0 ? ROUTINE_REGROUP_OFF
                                      : ROUTINE_REGROUP_AUTO;
  m->options = (routine_options){
      .operation_ps = operation_ps(backend), .state_bytes = options->state_bytes, .regroup = m->regroup};
  TG_TRY(routine_lower(m->p, m->entry, &m->options, &m->routines, error));
  if (!make_lists(m)) {
    return error_set(error, TG_NOMEM, "no memory for a machine");
  }
  TG_TRY(compile(m, error));
  m->is_compiled = true;
  return TG_OK;
}

tg_status tg_machine_create(tg_program *from, const tg_machine_options *options, tg_machine **out, tg_error *error)
{
  tg_machine_options known = TG_MACHINE_OPTIONS_INIT;
  *out = NULL;
  if (from == NULL || from->p->n_errors > 0) {
    return error_set(error, TG_ARGUMENT, "a program with errors cannot run");
  }
  if (options != NULL && (options->size == 0 || options->size > sizeof known)) {
    return error_set(error, TG_ARGUMENT, "tg_machine_options has a size that this library does not know");
  }
  if (options != NULL) {
    memcpy(&known, options, options->size);
  }
  tg_machine *m = alloc_zeroed(&from->context->allocator, 1, sizeof *m);
  if (m == NULL) {
    return error_set(error, TG_NOMEM, "no memory for a machine");
  }
  m->context = from->context;
  m->p = from->p;
  arena_init(&m->memory, m->context->allocator);
  arena_init(&m->run_memory, m->context->allocator);
  arena_init(&m->window_memory, m->context->allocator);
  tg_status status = make(m, &known, error);
  if (status != TG_OK) {
    tg_machine_destroy(m);
    return status;
  }
  *out = m;
  return TG_OK;
}

static void drop_report(tg_machine *m)
{
  const prog_report *report = m->entry == NULL ? NULL : m->entry->report;
  for (uint32_t k = 0; m->reduced_code != NULL && k < report->n_reductions; k++) {
    report_drop(m, &m->reduced_code[k]);
  }
  for (uint32_t k = 0; m->named_code != NULL && k < report->code.n_variables; k++) {
    report_drop(m, &m->named_code[k]);
  }
}

void tg_machine_destroy(tg_machine *m)
{
  if (m == NULL) {
    return;
  }
  drop_kernels(m);
  drop_report(m);
  samples_end(m);
  split_close(m);
  routine_drop(&m->routines);
  arena_free(&m->run_memory);
  arena_free(&m->window_memory);
  arena_free(&m->memory);
  tg_allocator allocator = m->context->allocator;
  alloc_free(&allocator, m, 1, sizeof *m);
}

/* ---- operands ---- */

const char *tg_machine_name(const tg_machine *m)
{
  return m->entry->name;
}

const char *tg_machine_backend(const tg_machine *m)
{
  const tg_kernel *last = m->phases[m->routines.n_phases - 1].kernel;
  return last == NULL ? m->backend : tg_kernel_backend(last);
}

const tg_kernel *tg_machine_kernel(const tg_machine *m, size_t phase)
{
  return phase < m->routines.n_phases ? m->phases[phase].kernel : NULL;
}

tg_graph *tg_machine_graph(const tg_machine *m, size_t phase)
{
  return phase < m->routines.n_phases ? m->routines.phases[phase].graph : NULL;
}

size_t tg_machine_n_operands(const tg_machine *m)
{
  return m->entry->n_operands;
}

tg_status tg_machine_operand(const tg_machine *m, size_t index, tg_machine_operand_info *info)
{
  static const tg_operand_kind kinds[] = {[OPERAND_PARAM] = TG_PARAM,
                                          [OPERAND_INPUT] = TG_INPUT,
                                          [OPERAND_SHARED] = TG_TABLE,
                                          [OPERAND_OUTPUT] = TG_OUTPUT};
  if (index >= m->entry->n_operands) {
    return TG_ARGUMENT;
  }
  const prog_operand *o = &m->entry->operands[index];
  *info = (tg_machine_operand_info){.name = o->name,
                                    .kind = kinds[o->kind],
                                    .type = (tg_type)o->type.scalar,
                                    .length = o->type.kind == PROG_ARRAY ? o->type.n : 1,
                                    .is_array = o->type.kind == PROG_ARRAY,
                                    .has_default = o->has_default,
                                    .has_range = o->has_range,
                                    .high_included = o->high_included,
                                    .default_bits = o->default_bits,
                                    .low = o->low,
                                    .high = o->high,
                                    .file = o->file,
                                    .column = o->column,
                                    .path = m->p->files[o->pos.file].path};
  return TG_OK;
}

tg_operand tg_machine_find(const tg_machine *m, const char *name)
{
  for (uint32_t k = 0; k < m->entry->n_operands; k++) {
    if (strcmp(m->entry->operands[k].name, name) == 0) {
      return k;
    }
  }
  return TG_POISON;
}
