/* effects.c: arrays of each lane, traps and fuel.
 *
 * Element k of an array at `offset` lies, for all lanes of a group side by side, at (offset + k * bytes) * lanes. An
 * array value is its offset: nearly always a constant, for it is changed in place. */
#include "backend/llvm/emit.h"

static LLVMValueRef word(const jit_emitter *e, uint64_t value)
{
  return LLVMConstInt(jit_int(e, 64), value, 0);
}

static LLVMValueRef arrays(jit_emitter *e)
{
  return JIT_FIELD(e, e->top, arrays, LLVMPointerTypeInContext(e->context, 0));
}

/* ---- arrays ---- */

typedef struct access {
  LLVMValueRef offset, index, is_inside; /* index: 0 where it is outside */
  tg_type type;
} access;

static access open_access(jit_emitter *e, const graph_node *node)
{
  const uint32_t *args = node_args(e->g, node);
  const graph_value *array = &e->g->values.data[args[0]];
  access a = {jit_value(e, args[0]), jit_index(e, args[1]), NULL, (tg_type)array->type};
  LLVMValueRef running = jit_running(e);
  if (jit_is_wide(a.offset) && running != NULL) { /* elsewhere it may be anything, and every lane loads */
    a.offset = jit_select(e, running, a.offset, LLVMConstNull(LLVMTypeOf(a.offset)));
  }
  LLVMValueRef both[2] = {a.offset, a.index};
  jit_unify(e, both, 2);
  a.offset = both[0];
  LLVMTypeRef type = LLVMTypeOf(both[1]);
  a.is_inside = LLVMBuildICmp(e->b, LLVMIntULT, both[1], jit_const_int(type, array->array_length), "");
  a.index = LLVMBuildSelect(e->b, a.is_inside, both[1], LLVMConstNull(type), "");
  return a;
}

/* Where the elements lie: one address for all lanes if they are side by side. */
static LLVMValueRef address_of(jit_emitter *e, const access *a)
{
  LLVMTypeRef type = LLVMTypeOf(a->index);
  uint64_t bytes = element_bytes(a->type);
  LLVMValueRef way = LLVMBuildMul(e->b, a->index, jit_const_int(type, bytes), "");
  way = LLVMBuildMul(e->b, LLVMBuildAdd(e->b, a->offset, way, ""), jit_const_int(type, e->n_lanes), "");
  if (jit_is_wide(way)) {
    LLVMValueRef lanes = LLVMBuildMul(e->b, jit_lane_numbers(e, 64), jit_const_int(type, bytes), "");
    way = LLVMBuildAdd(e->b, way, lanes, "");
  }
  return jit_offset(e, e->b, arrays(e), way);
}

static LLVMValueRef emit_aload(jit_emitter *e, const graph_node *node)
{
  access a = open_access(e, node);
  LLVMTypeRef element = jit_scalar_type(e, a.type), type = jit_vector(element, e->n_lanes);
  LLVMValueRef address = address_of(e, &a);
  LLVMValueRef v = jit_is_wide(a.index) ? jit_gather(e, element, address) : jit_load(e, type, address, 1);
  return jit_select(e, a.is_inside, v, LLVMConstNull(LLVMTypeOf(v)));
}

static void emit_astore(jit_emitter *e, const graph_node *node)
{
  access a = open_access(e, node);
  LLVMValueRef v = jit_in_memory(e, node_args(e->g, node)[2]), running = jit_running(e);
  LLVMValueRef lanes = jit_both(e, a.is_inside, running);
  if (!jit_is_wide(a.index)) {
    LLVMValueRef address = address_of(e, &a);
    LLVMValueRef old = jit_load(e, LLVMTypeOf(v), address, 1);
    jit_store(e, jit_select(e, lanes, v, old), address, 1);
    return;
  }
  LLVMValueRef index = LLVMBuildAdd(
      e->b, a.offset, LLVMBuildMul(e->b, a.index, jit_const_int(LLVMTypeOf(a.index), element_bytes(a.type)), ""), "");
  LLVMValueRef addresses[4] = {jit_spill(e, index), jit_spill(e, v), jit_mask_bytes(e, lanes)};
  jit_help(e, JIT_H_ASTORE, (uint64_t)(node - e->g->nodes.data), addresses, 3);
}

static void emit_array(jit_emitter *e, const graph_node *node)
{
  const graph_value *value = &e->g->values.data[node->first_result];
  uint64_t offset = e->code->storage[node->first_result];
  uint64_t bytes = (uint64_t)value->array_length * element_bytes((tg_type)value->type) * e->n_lanes;
  e->values[node->first_result] = word(e, offset);
  LLVMValueRef at = jit_offset(e, e->b, arrays(e), word(e, offset * e->n_lanes));
  LLVMBuildMemSet(e->b, at, LLVMConstInt(jit_int(e, 8), 0, 0), word(e, bytes), 1);
}

/* ---- traps and fuel ---- */

void jit_trap(jit_emitter *e, LLVMValueRef lanes, uint64_t code, uint32_t position)
{
  lanes = jit_spread(e, lanes);
  jit_if branch = jit_begin_if(e, jit_any(e, lanes));
  LLVMValueRef addresses[2] = {NULL, jit_mask_bytes(e, lanes)};
  jit_help(e, JIT_H_TRAP, code << 32 | position, addresses, 2);
  jit_end_if(e, branch);
  LLVMValueRef alive = jit_without(e, e->alive, lanes);
  e->alive = e->alive == NULL ? alive : jit_fit(e, alive, LLVMTypeOf(e->alive));
}

static void emit_trap(jit_emitter *e, const graph_node *node)
{
  LLVMValueRef lanes = jit_both(e, jit_running(e), jit_value(e, node_args(e->g, node)[0]));
  jit_trap(e, lanes, node->imm, node->position);
}

static void emit_charge(jit_emitter *e, const graph_node *node)
{
  if (e->fuel == NULL) {
    return;
  }
  LLVMValueRef amount = jit_wide(e, node_args(e->g, node)[0]), running = jit_running(e);
  LLVMValueRef is_more = LLVMBuildICmp(e->b, LLVMIntUGT, amount, e->fuel, "");
  LLVMValueRef pay = jit_without(e, running, is_more);
  e->fuel = LLVMBuildSub(e->b, e->fuel, jit_select(e, pay, amount, LLVMConstNull(LLVMTypeOf(amount))), "");
  jit_trap(e, jit_both(e, running, is_more), TG_TRAP_FUEL, node->position);
}

void jit_emit_effect(jit_emitter *e, uint32_t i)
{
  const graph_node *node = &e->g->nodes.data[i];
  switch ((int)node->op) {
  case TG_OP_ARRAY: emit_array(e, node); break;
  case TG_OP_ALOAD: e->values[node->first_result] = emit_aload(e, node); break;
  case TG_OP_ASTORE:
    emit_astore(e, node);
    e->values[node->first_result] = jit_value(e, node_args(e->g, node)[0]);
    break;
  case TG_OP_TRAP: emit_trap(e, node); break;
  case TG_OP_CHARGE: emit_charge(e, node); break;
  default: break;
  }
}
