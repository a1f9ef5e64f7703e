/* object.c: an object file of a kernel of a program. In: a machine made of the kernel. Out: what tg_kernel_object
 * gives, with the operands that the program declares as arguments, in their order; the program's own tables are in the
 * file, and what a run adds, such as the number of lanes and lengths, the function finds by itself. */
#include "backend/backend.h"
#include "machine/machine.h"
#include "runtime/kernel.h"

/* The graph's operand that shared operand `index` of the entry is, or the number of all. */
static uint32_t find_shared(const routine *r, uint32_t index)
{
  uint32_t k = 0, n = (uint32_t)r->operands.n;
  while (k < n && (r->operands.data[k].role != ROUTINE_SHARED || r->operands.data[k].index != index)) {
    k++;
  }
  return k;
}

static bool is_declared(routine_operand o)
{
  return o.role == ROUTINE_PARAM || o.role == ROUTINE_INPUT || o.role == ROUTINE_SHARED || o.role == ROUTINE_OUTPUT;
}

static bool is_before(routine_operand a, routine_operand b)
{
  return a.index != b.index ? a.index < b.index : a.element < b.element;
}

/* Declared operands in their order, and then a seed. */
static uint32_t place_of(const routine *r, uint32_t k)
{
  uint32_t place = 0;
  for (uint32_t i = 0; i < r->operands.n; i++) {
    routine_operand one = r->operands.data[i], it = r->operands.data[k];
    place += is_declared(one) && (!is_declared(it) || is_before(one, it));
  }
  return place;
}

/* False: such an operand has no place in an object file. */
static bool find_role(const tg_machine *m, const routine *r, uint32_t k, object_operand *out)
{
  routine_operand o = r->operands.data[k];
  *out = (object_operand){OBJECT_ARGUMENT, 0, NULL, 0};
  switch ((int)o.role) {
  case ROUTINE_PARAM:
  case ROUTINE_INPUT:
  case ROUTINE_SHARED:
  case ROUTINE_OUTPUT:
  case ROUTINE_SEED: out->place = place_of(r, k); return true;
  case ROUTINE_COUNT: out->role = OBJECT_LANES; return true;
  case ROUTINE_LENGTH:
    out->role = OBJECT_LENGTH;
    out->place = find_shared(r, o.index);
    return out->place < r->operands.n;
  case ROUTINE_TABLE:
    *out = (object_operand){OBJECT_CONSTANT, 0, m->tables[o.index], m->p->tables[o.index].n};
    return true;
  default: return false;
  }
}

static tg_status refuse(const tg_machine *m, tg_error *error)
{
  error_set(error, TG_UNSUPPORTED, "'%.100s' is a machine: object files are made of kernels", m->entry->name);
  error_hint(error, "make it a kernel, or run it with the library");
  return TG_UNSUPPORTED;
}

tg_status tg_machine_object(const tg_machine *m, const char *name, tg_object *out, tg_error *error)
{
  const routine *r = m->routines.phases;
  const tg_allocator *a = &m->context->allocator;
  *out = (tg_object){NULL, NULL, 0, 0};
  if (m->entry->is_machine || m->routines.n_phases != 1 || m->phases[0].kernel == NULL) {
    return refuse(m, error);
  }
  object_operand *operands = alloc_zeroed(a, r->operands.n + 1, sizeof *operands);
  if (operands == NULL) {
    return error_set(error, TG_NOMEM, "no memory for an object file");
  }
  bool has_all = true;
  for (uint32_t k = 0; k < r->operands.n; k++) {
    has_all &= find_role(m, r, k, &operands[k]);
  }
  object_request request = {m->phases[0].kernel->graph, name == NULL ? m->entry->name : name, operands};
  tg_status status = has_all ? backend_llvm_object(&request, out, error) : refuse(m, error);
  alloc_free(a, operands, r->operands.n + 1, sizeof *operands);
  return status;
}
