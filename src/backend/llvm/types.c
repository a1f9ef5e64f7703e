/* types.c: types of values as types of LLVM, constants, scalars and vectors. */
#include "backend/llvm/emit.h"

#include "base/float.h"

#include <string.h>

LLVMTypeRef jit_int(const jit_emitter *e, unsigned bits)
{
  return LLVMIntTypeInContext(e->context, bits);
}

LLVMTypeRef jit_scalar_type(const jit_emitter *e, tg_type type)
{
  if (type == TG_F32) {
    return LLVMFloatTypeInContext(e->context);
  }
  return type == TG_F64 ? LLVMDoubleTypeInContext(e->context) : jit_int(e, type_table[type].bits);
}

LLVMTypeRef jit_vector(LLVMTypeRef element, unsigned n)
{
  return n == 1 ? element : LLVMVectorType(element, n);
}

bool jit_is_wide(LLVMValueRef v)
{
  return LLVMGetTypeKind(LLVMTypeOf(v)) == LLVMVectorTypeKind;
}

LLVMTypeRef jit_like(LLVMValueRef shape, LLVMTypeRef element)
{
  return jit_is_wide(shape) ? LLVMVectorType(element, LLVMGetVectorSize(LLVMTypeOf(shape))) : element;
}

tg_type jit_type(const jit_emitter *e, uint32_t v)
{
  return (tg_type)e->g->values.data[v].type;
}

/* ---- constants ---- */

static LLVMValueRef repeat(LLVMTypeRef type, LLVMValueRef element)
{
  LLVMValueRef elements[JIT_MAX_LANES];
  unsigned n = LLVMGetVectorSize(type);
  for (unsigned i = 0; i < n; i++) {
    elements[i] = element;
  }
  return LLVMConstVector(elements, n);
}

static bool is_vector(LLVMTypeRef type)
{
  return LLVMGetTypeKind(type) == LLVMVectorTypeKind;
}

LLVMValueRef jit_const_int(LLVMTypeRef type, uint64_t value)
{
  return is_vector(type) ? repeat(type, LLVMConstInt(LLVMGetElementType(type), value, 0))
                         : LLVMConstInt(type, value, 0);
}

LLVMValueRef jit_const_real(LLVMTypeRef type, double value)
{
  return is_vector(type) ? repeat(type, LLVMConstReal(LLVMGetElementType(type), value)) : LLVMConstReal(type, value);
}

LLVMValueRef jit_const_bits(const jit_emitter *e, tg_type type, uint64_t bits)
{
  LLVMTypeRef integer = jit_int(e, type_table[type].bits);
  return LLVMConstBitCast(LLVMConstInt(integer, bits, 0), jit_scalar_type(e, type));
}

LLVMValueRef jit_lane_numbers(const jit_emitter *e, unsigned bits)
{
  LLVMValueRef numbers[JIT_MAX_LANES];
  LLVMTypeRef type = jit_int(e, bits);
  for (unsigned i = 0; i < e->n_lanes; i++) {
    numbers[i] = LLVMConstInt(type, i, 0);
  }
  return e->n_lanes == 1 ? numbers[0] : LLVMConstVector(numbers, e->n_lanes);
}

/* ---- scalars and vectors ---- */

static bool is_bit(LLVMTypeRef type)
{
  return LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) == 1;
}

static LLVMValueRef spread_at(const jit_emitter *e, LLVMBuilderRef at, LLVMValueRef scalar)
{
  if (e->n_lanes == 1) {
    return scalar;
  }
  if (is_bit(LLVMTypeOf(scalar)) && !e->target->has_mask_registers) {
    scalar = LLVMBuildSExt(at, scalar, jit_int(e, e->code->mask_bits), "");
  }
  LLVMTypeRef type = LLVMVectorType(LLVMTypeOf(scalar), e->n_lanes);
  if (LLVMIsConstant(scalar)) {
    return repeat(type, scalar);
  }
  LLVMValueRef one = LLVMBuildInsertElement(at, LLVMGetPoison(type), scalar, LLVMConstInt(jit_int(e, 32), 0, 0), "");
  LLVMTypeRef numbers = LLVMVectorType(jit_int(e, 32), e->n_lanes);
  return LLVMBuildShuffleVector(at, one, LLVMGetPoison(type), LLVMConstNull(numbers), "");
}

LLVMValueRef jit_spread(jit_emitter *e, LLVMValueRef v)
{
  return jit_is_wide(v) ? v : spread_at(e, e->b, v);
}

/* A uniform, as prepare left it in 64 bits. */
static LLVMValueRef load_uniform(jit_emitter *e, uint32_t v)
{
  tg_type type = jit_type(e, v);
  LLVMValueRef base = JIT_FIELD(e, e->top, uniforms, LLVMPointerTypeInContext(e->context, 0));
  LLVMValueRef at = jit_offset(e, e->top, base, LLVMConstInt(jit_int(e, 64), 8 * (uint64_t)e->code->slots[v], 0));
  LLVMValueRef bits = LLVMBuildLoad2(e->top, jit_int(e, 64), at, "");
  LLVMValueRef cut = LLVMBuildTrunc(e->top, bits, jit_int(e, type_table[type].bits), "");
  return LLVMBuildBitCast(e->top, cut, jit_scalar_type(e, type), "");
}

LLVMValueRef jit_value(jit_emitter *e, uint32_t v)
{
  if (e->values[v] == NULL) {
    e->values[v] = load_uniform(e, v);
  }
  return e->values[v];
}

LLVMValueRef jit_wide(jit_emitter *e, uint32_t v)
{
  LLVMValueRef value = jit_value(e, v);
  if (jit_is_wide(value) || e->n_lanes == 1) {
    return value;
  }
  if (!e->g->values.data[v].is_uniform) {
    return jit_spread(e, value);
  }
  if (e->wide[v] == NULL) {
    e->wide[v] = spread_at(e, e->top, value);
  }
  return e->wide[v];
}

void jit_operands(jit_emitter *e, const graph_node *node, LLVMValueRef *out, size_t n)
{
  const uint32_t *args = node_args(e->g, node);
  bool is_wide = false;
  for (size_t i = 0; i < n; i++) {
    out[i] = jit_value(e, args[i]);
    is_wide |= jit_is_wide(out[i]);
  }
  for (size_t i = 0; i < n && is_wide; i++) {
    out[i] = jit_wide(e, args[i]);
  }
}

void jit_unify(jit_emitter *e, LLVMValueRef *values, size_t n)
{
  bool is_wide = false;
  for (size_t i = 0; i < n; i++) {
    is_wide |= jit_is_wide(values[i]);
  }
  for (size_t i = 0; i < n && is_wide; i++) {
    values[i] = jit_spread(e, values[i]);
  }
}

/* ---- instructions with a special case ---- */

LLVMValueRef jit_intrinsic(jit_emitter *e, const char *name, LLVMTypeRef type, LLVMValueRef *args, unsigned n)
{
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMValueRef function = LLVMGetIntrinsicDeclaration(e->module, id, &type, 1);
  LLVMTypeRef signature = LLVMIntrinsicGetType(e->context, id, &type, 1);
  return LLVMBuildCall2(e->b, signature, function, args, n, "");
}
