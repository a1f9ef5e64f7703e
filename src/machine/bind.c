/* bind.c: values and memory of a machine's operands, and what each phase's kernel gets of them in a window. */
#include "base/error.h"
#include "graph/element.h"
#include "graph/eval.h"
#include "machine/machine.h"

#include <string.h>

/* ---- parameters ---- */

/* A NaN is in no range. */
static bool is_in_range(const prog_operand *o, uint64_t bits)
{
  tg_type type = (tg_type)o->type.scalar;
  if (eval_is_nan(type, bits) || eval_less(type, bits, o->low)) {
    return false;
  }
  return o->high_included ? !eval_less(type, o->high, bits) : eval_less(type, bits, o->high);
}

tg_status tg_machine_set(tg_machine *m, tg_operand param, uint64_t bits, tg_error *error)
{
  if (param >= m->entry->n_operands || m->entry->operands[param].kind != OPERAND_PARAM) {
    return error_set(error, TG_ARGUMENT, "no parameter has the number %u", (unsigned)param);
  }
  const prog_operand *o = &m->entry->operands[param];
  bits &= type_mask((tg_type)o->type.scalar);
  if (o->has_range && !is_in_range(o, bits)) {
    error_set(error, TG_ARGUMENT, "the value of parameter %.100s is outside its range", o->name);
    error_hint(error, "line %u of the program says the range", (unsigned)o->pos.line);
    return TG_ARGUMENT;
  }
  element_store((tg_mode)o->type.scalar, &m->params[param], bits);
  m->is_set[param] = true;
  return TG_OK;
}

/* ---- memory ---- */

tg_status tg_machine_bind(tg_machine *m, tg_operand operand, const tg_binding *binding, tg_error *error)
{
  if (operand >= m->entry->n_operands || m->entry->operands[operand].kind == OPERAND_PARAM) {
    return error_set(error, TG_ARGUMENT, "no input or output has the number %u", (unsigned)operand);
  }
  m->bound[operand] = *binding;
  return TG_OK;
}

size_t machine_bytes(const tg_binding *b)
{
  return b->data == NULL && b->buffer != NULL ? tg_buffer_bytes(b->buffer) : b->bytes;
}

uint64_t machine_length(const tg_binding *b, tg_type type)
{
  size_t bytes = machine_bytes(b), each = type_table[type].bytes;
  if (b->offset > bytes || bytes - b->offset < each) {
    return 0;
  }
  if (b->stride == 0) {
    return 1;
  }
  return b->stride > 0 ? (bytes - b->offset - each) / (size_t)b->stride + 1
                       : b->offset / ((size_t)0 - (size_t)b->stride) + 1;
}

static tg_binding at(void *data, size_t bytes, size_t stride)
{
  return (tg_binding){.data = data, .bytes = bytes, .stride = (ptrdiff_t)stride};
}

/* Element `element` of the instances from number `first` of the part on. Offsets wrap as the arithmetic of sizes does;
 * the driver checks the span. */
static tg_binding part_of(const tg_binding *b, uint64_t first, size_t element_bytes)
{
  tg_binding part = *b;
  part.offset = b->offset + (size_t)first * (size_t)b->stride + element_bytes;
  return part;
}

bool machine_is_given(const tg_binding *b)
{
  return b->data != NULL || b->buffer != NULL;
}

tg_status machine_not_given(const prog_operand *o, tg_error *error)
{
  error_set(error, TG_ARGUMENT, "%s %.100s has no %s", o->kind == OPERAND_PARAM ? "parameter" : "input", o->name,
            o->kind == OPERAND_PARAM ? "value" : "memory");
  error_hint(error, "give it one, or a default in the program");
  return TG_ARGUMENT;
}

/* An output without memory goes to memory of a window, used again and again. */
static tg_binding sink_of(tg_machine *m, uint32_t index, uint32_t element)
{
  const prog_operand *o = &m->entry->operands[index];
  size_t each = type_table[o->type.scalar].bytes, n = o->type.kind == PROG_ARRAY ? o->type.n : 1;
  return (tg_binding){.data = m->sinks[index],
                      .bytes = m->window * n * each,
                      .offset = element * each,
                      .stride = (ptrdiff_t)(n * each)};
}

static tg_status bind_entry_operand(tg_machine *m, routine_operand role, uint64_t first, tg_binding *out,
                                    tg_error *error)
{
  const prog_operand *o = &m->entry->operands[role.index];
  const tg_binding *b = &m->bound[role.index];
  size_t each = type_table[o->type.scalar].bytes;
  switch ((int)role.role) {
  case ROUTINE_PARAM:
    if (!m->is_set[role.index]) {
      return machine_not_given(o, error);
    }
    *out = at(&m->params[role.index], sizeof(uint64_t), 0);
    return TG_OK;
  case ROUTINE_OUTPUT:
    *out = machine_is_given(b) ? part_of(b, first, role.element * each) : sink_of(m, role.index, role.element);
    return TG_OK;
  default: break;
  }
  if (!machine_is_given(b)) {
    return machine_not_given(o, error);
  }
  *out = role.role == ROUTINE_INPUT ? part_of(b, first, 0) : *b;
  return TG_OK;
}

static tg_status bind_length(tg_machine *m, uint32_t index, tg_binding *out, tg_error *error)
{
  const prog_operand *o = &m->entry->operands[index];
  if (!machine_is_given(&m->bound[index])) {
    return machine_not_given(o, error);
  }
  m->lengths[index] = machine_length(&m->bound[index], (tg_type)o->type.scalar);
  *out = at(&m->lengths[index], sizeof(uint64_t), 0);
  return TG_OK;
}

static tg_binding bind_result(tg_machine *m, uint32_t index)
{
  const prog_expr *r = m->entry->report->reductions[index];
  if (m->reduced[index].bins != NULL) {
    return at(m->reduced[index].bins, r->type.n * sizeof(uint64_t), sizeof(uint64_t));
  }
  return at(&m->reduced[index].memory, sizeof(uint64_t), 0);
}

static tg_binding bind_table(const tg_machine *m, uint32_t index)
{
  const prog_table *t = &m->p->tables[index];
  size_t each = type_table[t->type].bytes;
  return at(m->tables[index], t->n * each, each);
}

static tg_binding bind_slot(const tg_machine *m, uint32_t index)
{
  size_t each = type_table[m->routines.slots.data[index].type].bytes;
  return at(m->slots[index], m->window * each, each);
}

tg_status machine_bind_role(tg_machine *m, routine_operand role, tg_binding *out, tg_error *error)
{
  switch ((int)role.role) {
  case ROUTINE_PARAM:
  case ROUTINE_SHARED: return bind_entry_operand(m, role, 0, out, error);
  case ROUTINE_LENGTH: return bind_length(m, role.index, out, error);
  case ROUTINE_COUNT: *out = at(&m->n_all, sizeof m->n_all, 0); return TG_OK;
  case ROUTINE_SEED: *out = at(&m->seed, sizeof m->seed, 0); return TG_OK;
  case ROUTINE_FUEL: *out = at(&m->fuel, sizeof m->fuel, 0); return TG_OK;
  case ROUTINE_TABLE: *out = bind_table(m, role.index); return TG_OK;
  default: return error_set(error, TG_INTERNAL, "an operand that has no place here");
  }
}

tg_status machine_bind_operand(tg_machine *m, uint32_t phase, uint32_t operand, uint64_t first, size_t lanes,
                               tg_binding *out, tg_error *error)
{
  routine_operand role = m->routines.phases[phase].operands.data[operand];
  switch ((routine_role)role.role) {
  case ROUTINE_INPUT:
  case ROUTINE_OUTPUT: return bind_entry_operand(m, role, first, out, error);
  case ROUTINE_PARAM:
  case ROUTINE_SHARED:
  case ROUTINE_LENGTH:
  case ROUTINE_COUNT:
  case ROUTINE_SEED:
  case ROUTINE_FUEL:
  case ROUTINE_TABLE: return machine_bind_role(m, role, out, error);
  case ROUTINE_LOAD:
  case ROUTINE_SAVE: *out = bind_slot(m, role.index); break;
  case ROUTINE_RESULT: *out = bind_result(m, role.index); break;
  case ROUTINE_SAMPLE: *out = samples_binding(m, role.index, lanes); break;
  case ROUTINE_ALIVE: *out = at(m->alive[phase & 1], m->window, 1); break;
  case ROUTINE_WAS_ALIVE: *out = at(m->alive[(phase + 1) & 1], m->window, 1); break;
  case ROUTINE_ID:
  case ROUTINE_REDUCED:
  case ROUTINE_NAMED:
  case ROUTINE_VALUE: return error_set(error, TG_INTERNAL, "an operand of a report, or of a group, in a phase");
  }
  return TG_OK;
}
