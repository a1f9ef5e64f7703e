/* object_export.c: the exported function of an object file: gathers its arguments as the operands of the graph and
 * calls the driver. Operands that are no arguments are constants, lengths of others, or the number of lanes. */
#include "backend/llvm/object_tables.h"

#include <stddef.h>
#include <string.h>

typedef struct export
{
  jit_emitter *e;
  const object_plan *plan;
  LLVMTypeRef *types; /* of the parameters */
  unsigned n_types;
  unsigned *at;        /* by operand: its first parameter */
  LLVMValueRef memory; /* the operands, as the driver sees them */
}
export;

/* ---- parameters ---- */

static bool is_stream(const graph_operand *operand)
{
  return operand->kind == TG_INPUT || operand->kind == TG_OUTPUT;
}

static bool is_table(const graph_operand *operand)
{
  return operand->kind == TG_TABLE || operand->kind == TG_ACCUMULATOR;
}

/* A param comes as its value, bool as a byte; all else as an address, with a stride after it, and of tables a length
 * between. */
static void add_parameters(export *x, uint32_t k)
{
  const jit_emitter *e = x->e;
  const graph_operand *operand = &e->g->operands.data[k];
  x->at[k] = x->n_types;
  if (operand->kind == TG_PARAM) {
    x->types[x->n_types++] = jit_memory_type(e, jit_scalar_type(e, (tg_type)operand->mode));
    return;
  }
  x->types[x->n_types++] = LLVMPointerTypeInContext(e->context, 0);
  for (unsigned n = is_table(operand) ? 2 : is_stream(operand) ? 1 : 0; n > 0; n--) {
    x->types[x->n_types++] = jit_int(e, 64);
  }
}

static LLVMTypeRef function_type(export *x)
{
  const jit_emitter *e = x->e;
  x->types[x->n_types++] = jit_int(e, 64);
  for (size_t i = 0; i < x->plan->n_order; i++) {
    add_parameters(x, x->plan->order[i]);
  }
  x->types[x->n_types++] = LLVMPointerTypeInContext(e->context, 0);
  return LLVMFunctionType(jit_int(e, 32), x->types, x->n_types, 0);
}

/* ---- operands ---- */

typedef struct memory {
  LLVMValueRef base, stride, length;
} memory;

static LLVMValueRef word(const export *x, uint64_t value)
{
  return LLVMConstInt(jit_int(x->e, 64), value, 0);
}

static LLVMValueRef parameter(const export *x, unsigned k)
{
  return LLVMGetParam(x->e->function, k);
}

static LLVMValueRef keep(export *x, LLVMValueRef value)
{
  LLVMValueRef room = LLVMBuildAlloca(x->e->b, LLVMTypeOf(value), "");
  LLVMBuildStore(x->e->b, value, room);
  return room;
}

static memory argument(export *x, size_t k)
{
  const graph_operand *operand = &x->e->g->operands.data[k];
  unsigned at = x->at[k];
  LLVMValueRef first = parameter(x, at), one = word(x, 1), each = word(x, mode_table[operand->mode].bytes);
  if (operand->kind == TG_PARAM) {
    return (memory){keep(x, first), each, one};
  }
  if (is_table(operand)) {
    return (memory){first, parameter(x, at + 2), parameter(x, at + 1)};
  }
  return is_stream(operand) ? (memory){first, parameter(x, at + 1), parameter(x, 0)} : (memory){first, each, one};
}

static memory operand_of(export *x, size_t k)
{
  const object_operand *o = &x->plan->operands[k];
  uint64_t bytes = mode_table[x->e->g->operands.data[k].mode].bytes;
  switch ((object_role)o->role) {
  case OBJECT_CONSTANT:
    return (memory){jit_add_bytes(x->e, o->data, o->length * bytes), word(x, bytes), word(x, o->length)};
  case OBJECT_LENGTH: return (memory){keep(x, parameter(x, x->at[o->place] + 1)), word(x, bytes), word(x, 1)};
  case OBJECT_LANES: return (memory){keep(x, parameter(x, 0)), word(x, bytes), word(x, 1)};
  case OBJECT_ARGUMENT: break;
  }
  return argument(x, k);
}

static void put(export *x, size_t offset, LLVMValueRef value)
{
  LLVMBuildStore(x->e->b, value, jit_offset(x->e, x->e->b, x->memory, word(x, offset)));
}

/* ---- the function ---- */

static LLVMValueRef add_room(const export *x, uint64_t bytes, unsigned align)
{
  LLVMValueRef room = LLVMBuildAlloca(x->e->b, LLVMArrayType2(jit_int(x->e, 8), bytes), "");
  LLVMSetAlignment(room, align);
  return room;
}

static void add_function(export *x, const object_parts *parts)
{
  jit_emitter *e = x->e;
  LLVMTypeRef pointer = LLVMPointerTypeInContext(e->context, 0);
  LLVMTypeRef types[] = {pointer, jit_int(e, 64), pointer, pointer, pointer};
  LLVMTypeRef driver_type = LLVMFunctionType(jit_int(e, 32), types, 5, 0);
  LLVMValueRef driver = LLVMAddFunction(e->module, OBJECT_RUN_NAME, driver_type);
  e->function = LLVMAddFunction(e->module, x->plan->name, function_type(x));
  LLVMPositionBuilderAtEnd(e->b, jit_block(e, "all"));
  x->memory = add_room(x, (e->g->operands.n + 1) * sizeof(operand_memory), 16);
  bool fits = x->plan->layout.bytes <= (size_t)OBJECT_STACK;
  LLVMValueRef stack = fits ? add_room(x, x->plan->layout.bytes, 64) : LLVMConstNull(pointer);
  for (size_t k = 0; k < e->g->operands.n; k++) {
    memory m = operand_of(x, k);
    put(x, k * sizeof(operand_memory) + offsetof(operand_memory, base), m.base);
    put(x, k * sizeof(operand_memory) + offsetof(operand_memory, stride), m.stride);
    put(x, k * sizeof(operand_memory) + offsetof(operand_memory, length), m.length);
  }
  LLVMValueRef args[] = {parts->kernel, parameter(x, 0), x->memory, parameter(x, x->n_types - 1), stack};
  LLVMBuildRet(e->b, LLVMBuildCall2(e->b, driver_type, driver, args, 5, ""));
}

void object_add_function(jit_emitter *e, const object_plan *plan, const object_parts *parts)
{
  size_t n_operands = e->g->operands.n, room = 3 * n_operands + 2;
  export x = {.e = e, .plan = plan};
  x.types = alloc_zeroed(&e->allocator, room, sizeof(LLVMTypeRef));
  x.at = alloc_zeroed(&e->allocator, n_operands + 1, sizeof *x.at);
  if (x.types != NULL && x.at != NULL) {
    add_function(&x, parts);
  } else {
    e->failed = true;
  }
  alloc_free(&e->allocator, x.types, room, sizeof(LLVMTypeRef));
  alloc_free(&e->allocator, x.at, n_operands + 1, sizeof *x.at);
}
