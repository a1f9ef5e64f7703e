/* memory.c: streams, lane numbers and tables. */
#include "backend/llvm/emit.h"

#include <stddef.h>

static LLVMTypeRef pointer_type(const jit_emitter *e)
{
  return LLVMPointerTypeInContext(e->context, 0);
}

static LLVMValueRef word(const jit_emitter *e, uint64_t value)
{
  return LLVMConstInt(jit_int(e, 64), value, 0);
}

LLVMValueRef jit_stream(jit_emitter *e, uint32_t operand)
{
  unsigned bytes = mode_table[e->g->operands.data[operand].mode].bytes;
  LLVMValueRef table = JIT_FIELD(e, e->top, streams, pointer_type(e));
  LLVMValueRef at = jit_offset(e, e->top, table, word(e, e->code->streams[operand] * sizeof(void *)));
  LLVMValueRef base = LLVMBuildLoad2(e->top, pointer_type(e), at, "");
  return jit_offset(e, e->b, base, LLVMBuildMul(e->b, e->group, word(e, bytes), ""));
}

static LLVMValueRef emit_load(jit_emitter *e, const graph_node *node)
{
  tg_mode mode = (tg_mode)e->g->operands.data[node->operand].mode;
  LLVMTypeRef type = jit_vector(jit_mode_type(e, mode), e->n_lanes);
  return jit_decode(e, mode, jit_load_part(e, type, jit_stream(e, node->operand)));
}

/* ---- iota ---- */

static LLVMValueRef first_lane(jit_emitter *e)
{
  LLVMValueRef args = JIT_FIELD(e, e->top, args, pointer_type(e));
  LLVMValueRef origin =
      LLVMBuildLoad2(e->top, jit_int(e, 64), jit_offset(e, e->top, args, word(e, offsetof(engine_args, origin))), "");
  LLVMValueRef first = LLVMBuildAdd(e->top, origin, JIT_FIELD(e, e->top, first_lane, jit_int(e, 64)), "");
  return LLVMBuildAdd(e->b, first, e->group, "");
}

static LLVMValueRef iota_of_ints(jit_emitter *e, tg_type type, const uint32_t *args)
{
  LLVMTypeRef t = jit_scalar_type(e, type);
  unsigned bits = type_table[type].bits;
  LLVMValueRef lane = first_lane(e);
  lane = bits < 64 ? LLVMBuildTrunc(e->b, lane, t, "") : lane;
  LLVMValueRef start =
      LLVMBuildAdd(e->b, jit_value(e, args[0]), LLVMBuildMul(e->b, lane, jit_value(e, args[1]), ""), "");
  LLVMValueRef steps = LLVMBuildMul(e->b, jit_lane_numbers(e, bits), jit_wide(e, args[1]), "");
  return LLVMBuildAdd(e->b, jit_spread(e, start), steps, "");
}

/* A lane number is below 2^52: as the fraction of 2^52 it is a float at once. */
static LLVMValueRef floats_of(jit_emitter *e, tg_type type, const uint32_t *args, LLVMValueRef lane)
{
  bool is_wide = jit_is_wide(lane);
  LLVMTypeRef real = jit_like(lane, jit_scalar_type(e, TG_F64));
  lane = LLVMBuildOr(e->b, lane, jit_const_int(LLVMTypeOf(lane), UINT64_C(0x4330000000000000)), "");
  lane = LLVMBuildFSub(e->b, LLVMBuildBitCast(e->b, lane, real, ""), jit_const_real(real, 0x1p52), "");
  lane = jit_convert(e, TG_F64, type, lane);
  LLVMValueRef step = is_wide ? jit_wide(e, args[1]) : jit_value(e, args[1]);
  LLVMValueRef start = is_wide ? jit_wide(e, args[0]) : jit_value(e, args[0]);
  return LLVMBuildFAdd(e->b, start, LLVMBuildFMul(e->b, lane, step, ""), "");
}

static LLVMValueRef iota_of_floats(jit_emitter *e, tg_type type, const uint32_t *args)
{
  return floats_of(e, type, args, LLVMBuildAdd(e->b, jit_spread(e, first_lane(e)), jit_lane_numbers(e, 64), ""));
}

static LLVMValueRef emit_iota(jit_emitter *e, const graph_node *node)
{
  const uint32_t *args = node_args(e->g, node);
  tg_type type = jit_type(e, node->first_result);
  return type_in(type, TG_CLASS_FLOAT) ? iota_of_floats(e, type, args) : iota_of_ints(e, type, args);
}

LLVMValueRef jit_lane_index(jit_emitter *e, uint32_t v, LLVMValueRef lane)
{
  const graph_node *node = e->code->makers[v] == 0 ? NULL : &e->g->nodes.data[e->code->makers[v] - 1];
  if (node == NULL || node->op != TG_OP_IOTA) {
    return NULL;
  }
  const uint32_t *args = node_args(e->g, node);
  tg_type type = jit_type(e, v);
  LLVMValueRef number = LLVMBuildAdd(e->b, first_lane(e), lane, "");
  if (type_in(type, TG_CLASS_FLOAT)) {
    return floats_of(e, type, args, number);
  }
  number = LLVMBuildIntCast2(e->b, number, jit_scalar_type(e, type), 0, "");
  return LLVMBuildAdd(e->b, jit_value(e, args[0]), LLVMBuildMul(e->b, number, jit_value(e, args[1]), ""), "");
}

/* ---- gather ---- */

LLVMValueRef jit_index(jit_emitter *e, uint32_t v)
{
  tg_type type = jit_type(e, v);
  return jit_convert(e, type, type_table[type].is_signed ? TG_I64 : TG_U64, jit_value(e, v));
}

LLVMValueRef jit_operand_field(jit_emitter *e, uint32_t operand, size_t offset, LLVMTypeRef type)
{
  LLVMValueRef table = JIT_FIELD(e, e->top, operands, pointer_type(e));
  LLVMValueRef at = jit_offset(e, e->top, table, word(e, operand * sizeof(operand_memory) + offset));
  return LLVMBuildLoad2(e->top, type, at, "");
}

LLVMValueRef jit_gather(jit_emitter *e, LLVMTypeRef element, LLVMValueRef addresses)
{
  LLVMTypeRef memory = jit_memory_type(e, element), type = jit_like(addresses, memory);
  if (!jit_is_wide(addresses)) {
    return jit_load(e, element, addresses, 1);
  }
  LLVMTypeRef types[2] = {type, LLVMTypeOf(addresses)}, bit = jit_like(addresses, jit_int(e, 1));
  unsigned id = LLVMLookupIntrinsicID("llvm.masked.gather", 18);
  LLVMValueRef args[4] = {addresses, LLVMConstInt(jit_int(e, 32), 1, 0), LLVMConstAllOnes(bit), LLVMConstNull(type)};
  LLVMValueRef v = LLVMBuildCall2(e->b, LLVMIntrinsicGetType(e->context, id, types, 2),
                                  LLVMGetIntrinsicDeclaration(e->module, id, types, 2), args, 4, "");
  return memory == element ? v : jit_mask(e, LLVMBuildICmp(e->b, LLVMIntNE, v, LLVMConstNull(type), ""), 8);
}

/* Lanes whose index is outside read a zero of ours. */
static LLVMValueRef emit_gather(jit_emitter *e, const graph_node *node)
{
  tg_mode mode = (tg_mode)e->g->operands.data[node->operand].mode;
  LLVMValueRef index = jit_index(e, node_args(e->g, node)[0]);
  LLVMValueRef base = jit_operand_field(e, node->operand, offsetof(operand_memory, base), pointer_type(e));
  LLVMValueRef step = jit_operand_field(e, node->operand, offsetof(operand_memory, stride), jit_int(e, 64));
  LLVMValueRef length = jit_operand_field(e, node->operand, offsetof(operand_memory, length), jit_int(e, 64));
  LLVMValueRef zero = JIT_FIELD(e, e->top, zero, NULL);
  bool is_wide = jit_is_wide(index);
  LLVMValueRef is_inside = LLVMBuildICmp(e->b, LLVMIntULT, index, is_wide ? jit_spread(e, length) : length, "");
  LLVMValueRef way = LLVMBuildMul(e->b, index, is_wide ? jit_spread(e, step) : step, "");
  LLVMValueRef address = jit_offset(e, e->b, base, way);
  return jit_decode(e, mode, jit_gather(e, jit_mode_type(e, mode), jit_select(e, is_inside, address, zero)));
}

void jit_emit_memory(jit_emitter *e, uint32_t i)
{
  const graph_node *node = &e->g->nodes.data[i];
  LLVMValueRef *out = &e->values[node->first_result];
  if (node->op == TG_OP_LOAD) {
    *out = emit_load(e, node);
  } else if (node->op == TG_OP_IOTA) {
    *out = emit_iota(e, node);
  } else if (node->op == TG_OP_GATHER) {
    *out = emit_gather(e, node);
  }
}
