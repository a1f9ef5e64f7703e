/* arrays.c: arrays of each lane.
 *
 * Element k of an array at `offset` lies, for all lanes of a group side by side, at (offset + k * bytes) * lanes. An
 * array value is its offset: nearly always a constant, for it is changed in place. Where lanes go to different places,
 * addresses are 32 bits from the start of all arrays, if that is enough: twice as many go into a vector. */
#include "backend/llvm/emit.h"

static LLVMValueRef word(const jit_emitter *e, uint64_t value)
{
  return LLVMConstInt(jit_int(e, 64), value, 0);
}

static LLVMValueRef arrays(jit_emitter *e)
{
  return JIT_FIELD(e, e->top, arrays, LLVMPointerTypeInContext(e->context, 0));
}

/* ---- places ---- */

typedef struct access {
  LLVMValueRef offset, index, is_inside; /* index: 0 where it is outside */
  tg_type type;
} access;

static unsigned place_bits(const jit_emitter *e, bool is_wide)
{
  return is_wide && e->code->array_bytes * e->n_lanes < INT32_MAX ? 32 : 64;
}

/* An index as an integer, large if it is negative, of at least 32 bits. */
static LLVMValueRef wide_index(jit_emitter *e, uint32_t v, unsigned bits)
{
  tg_type type = jit_type(e, v);
  if (bits == 64 || type_table[type].bits > 32) {
    return jit_index(e, v);
  }
  return jit_convert(e, type, type_table[type].is_signed ? TG_I32 : TG_U32, jit_value(e, v));
}

static LLVMValueRef cut(jit_emitter *e, LLVMValueRef v, unsigned bits)
{
  LLVMTypeRef type = jit_like(v, jit_int(e, bits));
  return LLVMTypeOf(v) == type ? v : LLVMBuildTrunc(e->b, v, type, "");
}

static access open_access(jit_emitter *e, const graph_node *node)
{
  const uint32_t *args = node_args(e->g, node);
  const graph_value *array = &e->g->values.data[args[0]];
  access a = {jit_value(e, args[0]), jit_value(e, args[1]), NULL, (tg_type)array->type};
  unsigned bits = place_bits(e, jit_is_wide(a.offset) || jit_is_wide(a.index));
  LLVMValueRef running = jit_running(e), index = wide_index(e, args[1], bits);
  if (jit_is_wide(a.offset) && running != NULL) { /* elsewhere it may be anything, and every lane loads */
    a.offset = jit_select(e, running, a.offset, LLVMConstNull(LLVMTypeOf(a.offset)));
  }
  LLVMTypeRef type = LLVMTypeOf(index);
  a.is_inside = LLVMBuildICmp(e->b, LLVMIntULT, index, jit_const_int(type, array->array_length), "");
  LLVMValueRef both[2] = {cut(e, a.offset, bits),
                          cut(e, LLVMBuildSelect(e->b, a.is_inside, index, LLVMConstNull(type), ""), bits)};
  jit_unify(e, both, 2);
  a.offset = both[0];
  a.index = both[1];
  return a;
}

/* Where the elements lie, from the start of all arrays: one place for all lanes if they are side by side. */
static LLVMValueRef place_of(jit_emitter *e, const access *a)
{
  LLVMTypeRef type = LLVMTypeOf(a->index);
  uint64_t bytes = element_bytes(a->type);
  LLVMValueRef start = LLVMBuildMul(e->b, a->offset, jit_const_int(type, e->n_lanes), "");
  if (jit_is_wide(start)) {
    unsigned bits = jit_element_bits(start);
    start =
        LLVMBuildAdd(e->b, start, LLVMBuildMul(e->b, jit_lane_numbers(e, bits), jit_const_int(type, bytes), ""), "");
  }
  LLVMValueRef way = LLVMBuildMul(e->b, a->index, jit_const_int(type, bytes * e->n_lanes), "");
  return LLVMBuildAdd(e->b, start, way, "");
}

/* ---- loads ---- */

/* Places that lie in memory are quicker to come by than the elements of a vector. */
static LLVMValueRef gather_one_by_one(jit_emitter *e, LLVMTypeRef element, LLVMValueRef places)
{
  LLVMTypeRef place = LLVMGetElementType(LLVMTypeOf(places)), memory = jit_memory_type(e, element);
  LLVMValueRef v = LLVMGetPoison(jit_like(places, memory)), room = jit_spill(e, places);
  for (unsigned i = 0; i < e->n_lanes; i++) {
    LLVMValueRef lane = word(e, i), at = LLVMBuildGEP2(e->b, place, room, &lane, 1, "");
    at = jit_offset(e, e->b, arrays(e), LLVMBuildLoad2(e->b, place, at, ""));
    v = LLVMBuildInsertElement(e->b, v, jit_load(e, memory, at, 1), lane, "");
  }
  return v;
}

/* Elements that are shorter than a gather's are read with what comes after them: there is always something. */
static LLVMValueRef gather(jit_emitter *e, tg_type type, LLVMValueRef places)
{
  LLVMTypeRef element = jit_scalar_type(e, type);
  unsigned bits = 8 * element_bytes(type);
  LLVMValueRef v;
  if (!e->target->has_mask_registers) {
    v = gather_one_by_one(e, element, places);
  } else if (bits < 32) {
    v = cut(e, jit_gather(e, jit_int(e, 32), jit_offset(e, e->b, arrays(e), places)), bits);
  } else {
    v = jit_gather(e, element, jit_offset(e, e->b, arrays(e), places));
  }
  return type == TG_BOOL ? jit_mask(e, LLVMBuildICmp(e->b, LLVMIntNE, v, LLVMConstNull(LLVMTypeOf(v)), ""), 8) : v;
}

void jit_emit_aload(jit_emitter *e, const graph_node *node)
{
  access a = open_access(e, node);
  LLVMTypeRef type = jit_vector(jit_scalar_type(e, a.type), e->n_lanes);
  LLVMValueRef place = place_of(e, &a);
  LLVMValueRef v =
      jit_is_wide(place) ? gather(e, a.type, place) : jit_load(e, type, jit_offset(e, e->b, arrays(e), place), 1);
  e->values[node->first_result] = jit_select(e, a.is_inside, v, LLVMConstNull(LLVMTypeOf(v)));
}

/* ---- stores ---- */

typedef struct scattered {
  LLVMValueRef places, values; /* in memory */
  LLVMTypeRef place, value;
} scattered;

static void store_one(jit_emitter *e, LLVMValueRef lane, void *arg)
{
  const scattered *s = arg;
  LLVMValueRef place = LLVMBuildLoad2(e->b, s->place, LLVMBuildGEP2(e->b, s->place, s->places, &lane, 1, ""), "");
  LLVMValueRef v = LLVMBuildLoad2(e->b, s->value, LLVMBuildGEP2(e->b, s->value, s->values, &lane, 1, ""), "");
  jit_store(e, v, jit_offset(e, e->b, arrays(e), place), 1);
}

/* Lanes that do not store write to a place after all arrays, so that none has to be asked. */
static void scatter_one_by_one(jit_emitter *e, LLVMValueRef v, LLVMValueRef places, LLVMValueRef lanes)
{
  LLVMTypeRef type = LLVMTypeOf(places);
  places = jit_select(e, lanes, places, jit_const_int(type, e->code->array_bytes * e->n_lanes));
  scattered s = {jit_spill(e, places), jit_spill(e, v), LLVMGetElementType(type), LLVMGetElementType(LLVMTypeOf(v))};
  jit_each_lane(e, store_one, &s);
}

static void scatter(jit_emitter *e, LLVMValueRef v, LLVMValueRef places, LLVMValueRef lanes)
{
  if (!e->target->has_mask_registers || jit_element_bits(v) < 32) {
    scatter_one_by_one(e, v, places, lanes);
    return;
  }
  LLVMValueRef addresses = jit_offset(e, e->b, arrays(e), places);
  LLVMTypeRef types[2] = {LLVMTypeOf(v), LLVMTypeOf(addresses)};
  unsigned id = LLVMLookupIntrinsicID("llvm.masked.scatter", 19);
  LLVMValueRef args[4] = {v, addresses, LLVMConstInt(jit_int(e, 32), 1, 0), jit_bits(e, lanes)};
  LLVMBuildCall2(e->b, LLVMIntrinsicGetType(e->context, id, types, 2),
                 LLVMGetIntrinsicDeclaration(e->module, id, types, 2), args, 4, "");
}

void jit_emit_astore(jit_emitter *e, const graph_node *node)
{
  access a = open_access(e, node);
  LLVMValueRef v = jit_in_memory(e, node_args(e->g, node)[2]), place = place_of(e, &a);
  LLVMValueRef lanes = jit_both(e, a.is_inside, jit_running(e));
  if (jit_is_wide(place)) {
    scatter(e, v, place, jit_spread(e, lanes));
  } else {
    LLVMValueRef address = jit_offset(e, e->b, arrays(e), place);
    LLVMValueRef old = jit_load(e, LLVMTypeOf(v), address, 1);
    jit_store(e, jit_select(e, lanes, v, old), address, 1);
  }
  e->values[node->first_result] = jit_value(e, node_args(e->g, node)[0]);
}

/* ---- new arrays ---- */

void jit_emit_array(jit_emitter *e, const graph_node *node)
{
  const graph_value *value = &e->g->values.data[node->first_result];
  uint64_t offset = e->code->storage[node->first_result];
  uint64_t bytes = (uint64_t)value->array_length * element_bytes((tg_type)value->type) * e->n_lanes;
  e->values[node->first_result] = word(e, offset);
  LLVMValueRef at = jit_offset(e, e->b, arrays(e), word(e, offset * e->n_lanes));
  LLVMBuildMemSet(e->b, at, LLVMConstInt(jit_int(e, 8), 0, 0), word(e, bytes), 1);
}
