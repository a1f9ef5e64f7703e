/* loop.c: loops. Where the condition differs between lanes, a loop goes on while any lane runs, and the lanes that are
 * done keep what they carry; where it does not, no lane needs a mask. Several vectors are in flight, as a value is
 * several vectors of the machine. */
#include "backend/llvm/loop.h"

#include <stddef.h>

/* ---- values that go round ---- */

LLVMValueRef jit_open_phi(jit_emitter *e, LLVMBasicBlockRef header, LLVMValueRef start, LLVMBasicBlockRef from)
{
  LLVMPositionBuilderAtEnd(e->b, header);
  LLVMValueRef phi = LLVMBuildPhi(e->b, LLVMTypeOf(start), "");
  LLVMAddIncoming(phi, &start, &from, 1);
  LLVMPositionBuilderAtEnd(e->b, from);
  return phi;
}

void jit_close_phi(jit_emitter *e, LLVMValueRef phi, LLVMValueRef next)
{
  LLVMBasicBlockRef from = LLVMGetInsertBlock(e->b);
  next = jit_fit(e, next, LLVMTypeOf(phi));
  LLVMAddIncoming(phi, &next, &from, 1);
}

static LLVMValueRef open_mask(jit_emitter *e, const loop *l, LLVMValueRef start)
{
  return jit_open_phi(e, l->header, start, LLVMGetInsertBlock(e->b));
}

/* How wide masks of lanes are in a loop: as most of what they select, which is what goes round. */
unsigned loop_mask_bits(const jit_emitter *e, const loop *l)
{
  unsigned bits = 8;
  for (uint32_t v = l->node->first_carried; v < l->node->first_carried + l->node->n_args; v++) {
    unsigned wide = 8 * element_bytes(jit_type(e, v));
    bits = e->varies[v] && wide > bits ? wide : bits;
  }
  return bits;
}

/* ---- before ---- */

static bool may_trap(const jit_emitter *e, const loop *l)
{
  bool found = e->fuel != NULL;
  for (uint32_t i = l->at; i < l->node->end; i++) {
    found |= e->g->nodes.data[i].op == TG_OP_TRAP;
  }
  return found;
}

static bool is_in_place(const jit_emitter *e, const loop *l, uint32_t k)
{
  uint32_t carried = l->node->first_carried + k;
  return e->g->values.data[carried].array_length > 0 &&
         e->code->origins[node_args(e->g, l->yield)[k]] == e->code->origins[carried];
}

LLVMValueRef loop_start(jit_emitter *e, const loop *l, uint32_t k)
{
  uint32_t arg = node_args(e->g, l->node)[k];
  return e->varies[l->node->first_carried + k] ? jit_wide(e, arg) : jit_value(e, arg);
}

/* What a kept integer grows by in a round, the same for all lanes that run; UINT32_MAX: it does not. Where masks are
 * integers, what is kept grows by the bits of that which the mask has: less than choosing takes. */
static uint32_t growth_of(const jit_emitter *e, const loop *l, uint32_t k)
{
  uint32_t carried = l->node->first_carried + k, next = node_args(e->g, l->yield)[k];
  if (e->target->has_mask_registers || !type_in(jit_type(e, carried), TG_CLASS_INT) || !l->parts) {
    return UINT32_MAX;
  }
  for (uint32_t i = l->at + 1; i < l->node->end; i++) {
    const graph_node *node = &e->g->nodes.data[i];
    if (node->op == TG_OP_ADD && node->first_result == next) {
      const uint32_t *args = node_args(e->g, node);
      return args[0] == carried ? args[1] : args[1] == carried ? args[0] : UINT32_MAX;
    }
  }
  return UINT32_MAX;
}

/* What a kept value is at first. One that grows is at least as wide as masks are. */
LLVMValueRef loop_kept_start(jit_emitter *e, const loop *l, uint32_t k)
{
  LLVMValueRef start = jit_wide(e, node_args(e->g, l->node)[k]);
  unsigned have = type_table[jit_type(e, l->node->first_carried + k)].bits, want = loop_mask_bits(e, l);
  bool grows = growth_of(e, l, k) != UINT32_MAX && have < want;
  return grows ? LLVMBuildZExt(e->b, start, jit_like(start, jit_int(e, want)), "") : start;
}

LLVMValueRef loop_kept_next(jit_emitter *e, const loop *l, uint32_t k)
{
  uint32_t growth = growth_of(e, l, k);
  LLVMTypeRef type = LLVMTypeOf(l->kept[k]);
  if (growth == UINT32_MAX) {
    return jit_select(e, e->mask, jit_wide(e, node_args(e->g, l->yield)[k]), l->kept[k]);
  }
  LLVMValueRef step = jit_value(e, growth), lanes = jit_resize_mask(e, e->mask, jit_element_bits(l->kept[k]));
  if (LLVMIsConstant(step) && LLVMConstIntGetZExtValue(step) == 1) {
    return LLVMBuildAdd(e->b, l->kept[k], LLVMBuildNeg(e->b, lanes, ""), "");
  }
  step = jit_spread(e, LLVMBuildIntCast2(e->b, step, LLVMGetElementType(type), 0, ""));
  return LLVMBuildAdd(e->b, l->kept[k], LLVMBuildAnd(e->b, lanes, step, ""), "");
}

LLVMValueRef loop_kept_result(jit_emitter *e, const loop *l, uint32_t k)
{
  tg_type type = jit_type(e, l->node->first_carried + k);
  bool has_grown = growth_of(e, l, k) != UINT32_MAX;
  LLVMTypeRef want = jit_like(l->kept[k], jit_scalar_type(e, type));
  return has_grown ? LLVMBuildIntCast2(e->b, l->kept[k], want, 0, "") : l->kept[k];
}

static void open_carried(jit_emitter *e, loop *l)
{
  LLVMBasicBlockRef from = LLVMGetInsertBlock(e->b);
  for (uint32_t k = 0; k < l->node->n_args; k++) {
    if (is_in_place(e, l, k)) {
      e->values[l->node->first_carried + k] = jit_value(e, node_args(e->g, l->node)[k]);
    } else {
      LLVMValueRef start = loop_start(e, l, k);
      if (l->parts && !e->varies[l->node->first_carried + k] && e->varies[l->node->first_result + k]) {
        l->kept[k] = jit_open_phi(e, l->header, loop_kept_start(e, l, k), from);
      }
      l->phis[k] = jit_open_phi(e, l->header, start, from);
    }
  }
}

/* Values of the header. */
static void enter_header(jit_emitter *e, loop *l)
{
  LLVMBuildBr(e->b, l->header);
  LLVMPositionBuilderAtEnd(e->b, l->header);
  for (uint32_t k = 0; k < l->node->n_args; k++) {
    if (l->phis[k] != NULL) {
      e->values[l->node->first_carried + k] = l->phis[k];
    }
  }
  if (l->alive != NULL) {
    e->alive = l->alive;
  }
  if (l->running != NULL) {
    e->mask = l->running;
  }
  if (l->fuel != NULL) {
    e->fuel = l->fuel;
  }
}

static void open_loop(jit_emitter *e, loop *l)
{
  l->outer = e->mask;
  l->header = jit_block(e, "loop");
  l->can_trap = e->variant != JIT_PREPARE && may_trap(e, l);
  if (l->parts) {
    LLVMValueRef running = jit_running(e);
    running = running == NULL ? jit_all_lanes(e) : jit_spread(e, running);
    l->running = open_mask(e, l, jit_resize_mask(e, running, loop_mask_bits(e, l)));
  }
  if (l->can_trap) {
    l->alive = open_mask(e, l, e->alive);
  }
  if (l->can_trap && e->fuel != NULL) {
    l->fuel = jit_open_phi(e, l->header, e->fuel, LLVMGetInsertBlock(e->b));
  }
  open_carried(e, l);
  enter_header(e, l);
}

/* ---- the condition ---- */

LLVMValueRef jit_take_fuel(jit_emitter *e, const graph_node *node, LLVMValueRef lanes)
{
  LLVMTypeRef type = LLVMTypeOf(e->fuel);
  lanes = jit_spread(e, lanes);
  LLVMValueRef is_empty = LLVMBuildICmp(e->b, LLVMIntEQ, e->fuel, LLVMConstNull(type), "");
  LLVMValueRef pays = jit_without(e, lanes, is_empty);
  e->fuel = LLVMBuildSub(e->b, e->fuel, jit_select(e, pays, jit_const_int(type, 1), LLVMConstNull(type)), "");
  jit_trap(e, jit_both(e, lanes, is_empty), TG_TRAP_FUEL, node->position);
  return pays;
}

/* A condition that is the one of all lanes and the one of each: all stop when the first does not hold. */
typedef struct condition {
  LLVMValueRef all, each; /* scalar, or NULL */
} condition;

static condition condition_of(jit_emitter *e, const loop *l)
{
  uint32_t v = node_args(e->g, l->test)[0];
  condition whole = {NULL, jit_value(e, v)};
  for (uint32_t i = l->at + 1; i < l->node->mate && e->fuel == NULL; i++) {
    const graph_node *node = &e->g->nodes.data[i];
    const uint32_t *args = node_args(e->g, node);
    if (node->first_result != v || (node->op != TG_OP_AND && node->op != TG_OP_ANDNOT)) {
      continue;
    }
    LLVMValueRef x[2] = {jit_value(e, args[0]), jit_value(e, args[1])};
    x[1] = node->op == TG_OP_ANDNOT ? LLVMBuildNot(e->b, x[1], "") : x[1];
    if (jit_is_wide(x[0]) != jit_is_wide(x[1])) {
      bool first = jit_is_wide(x[0]);
      return (condition){x[first], x[!first]};
    }
  }
  return whole;
}

/* Whether to go on, a scalar; of lanes that part ways, which do. */
static LLVMValueRef goes_on(jit_emitter *e, const loop *l, condition c)
{
  if (!l->parts && !l->can_trap) {
    return jit_both(e, c.each, l->entered);
  }
  LLVMValueRef lanes = jit_both(e, l->can_trap || !l->parts ? jit_running(e) : e->mask, c.each);
  if (e->fuel != NULL) {
    lanes = jit_take_fuel(e, l->node, lanes);
  }
  if (l->parts) {
    e->mask = lanes;
  }
  return jit_both(e, c.all, jit_any(e, lanes));
}

/* ---- the step ---- */

static LLVMValueRef next_array(jit_emitter *e, const loop *l, uint32_t k, LLVMValueRef next)
{
  uint32_t carried = l->node->first_carried + k;
  LLVMValueRef now = jit_spread(e, e->values[carried]), out = jit_room(e, LLVMTypeOf(now));
  LLVMValueRef addresses[4] = {out, jit_spill(e, now), jit_spill(e, jit_spread(e, next)),
                               jit_mask_bytes(e, jit_running(e))};
  jit_help(e, JIT_H_CARRY, carried, addresses, 4);
  return jit_load(e, LLVMTypeOf(now), out, 16);
}

static void close_loop(jit_emitter *e, const loop *l)
{
  const uint32_t *args = node_args(e->g, l->yield);
  for (uint32_t k = 0; k < l->node->n_args; k++) {
    if (l->phis[k] == NULL) {
      continue;
    }
    uint32_t carried = l->node->first_carried + k;
    LLVMValueRef next = e->varies[carried] ? jit_wide(e, args[k]) : jit_value(e, args[k]);
    if (e->g->values.data[carried].array_length > 0) {
      next = next_array(e, l, k, next);
    } else if (l->kept[k] != NULL) {
      jit_close_phi(e, l->kept[k], loop_kept_next(e, l, k));
    } else if (l->parts && e->code->used[l->node->first_result + k]) {
      next = jit_select(e, e->mask, next, e->values[carried]);
    }
    jit_close_phi(e, l->phis[k], next);
  }
  if (l->running != NULL) {
    jit_close_phi(e, l->running, l->can_trap ? jit_running(e) : e->mask);
  }
  if (l->alive != NULL) {
    jit_close_phi(e, l->alive, e->alive);
  }
  if (l->fuel != NULL) {
    jit_close_phi(e, l->fuel, e->fuel);
  }
  LLVMBuildBr(e->b, l->header);
}

/* ---- loops of the uniform block ---- */

static LLVMValueRef counter(jit_emitter *e, size_t offset)
{
  return jit_field(e, e->b, offset, NULL);
}

static LLVMValueRef get_counter(jit_emitter *e, size_t offset)
{
  return jit_field(e, e->b, offset, jit_int(e, 64));
}

/* Fuel ends the loop as its condition would; that is noted. */
static LLVMValueRef goes_on_uniform(jit_emitter *e, LLVMValueRef wants_more)
{
  LLVMTypeRef type = jit_int(e, 64);
  LLVMValueRef one = LLVMConstInt(type, 1, 0), zero = LLVMConstNull(type);
  LLVMValueRef fuel = get_counter(e, offsetof(jit_frame, fuel));
  LLVMValueRef has_fuel = LLVMBuildICmp(e->b, LLVMIntNE, fuel, zero, "");
  LLVMValueRef goes = LLVMBuildAnd(e->b, wants_more, has_fuel, "");
  LLVMValueRef wants = LLVMBuildAnd(e->b, wants_more, LLVMBuildNot(e->b, has_fuel, ""), "");
  LLVMValueRef used = LLVMBuildSelect(e->b, goes, one, zero, "");
  LLVMValueRef exhausted = get_counter(e, offsetof(jit_frame, exhausted));
  exhausted = LLVMBuildOr(e->b, exhausted, LLVMBuildSelect(e->b, wants, one, zero, ""), "");
  LLVMBuildStore(e->b, exhausted, counter(e, offsetof(jit_frame, exhausted)));
  LLVMBuildStore(e->b, LLVMBuildSub(e->b, fuel, used, ""), counter(e, offsetof(jit_frame, fuel)));
  LLVMValueRef taken = get_counter(e, offsetof(jit_frame, taken));
  LLVMBuildStore(e->b, LLVMBuildAdd(e->b, taken, used, ""), counter(e, offsetof(jit_frame, taken)));
  return goes;
}

static void open_count(jit_emitter *e, loop *l)
{
  l->taken = get_counter(e, offsetof(jit_frame, taken));
  LLVMBuildStore(e->b, LLVMConstNull(jit_int(e, 64)), counter(e, offsetof(jit_frame, exhausted)));
}

static void close_count(jit_emitter *e, const loop *l)
{
  LLVMTypeRef type = jit_int(e, 64);
  LLVMValueRef n = LLVMBuildSub(e->b, get_counter(e, offsetof(jit_frame, taken)), l->taken, "");
  LLVMValueRef is_exhausted =
      LLVMBuildICmp(e->b, LLVMIntNE, get_counter(e, offsetof(jit_frame, exhausted)), LLVMConstNull(type), "");
  e->values[l->node->first_result + l->node->n_args] =
      LLVMBuildSelect(e->b, is_exhausted, LLVMConstAllOnes(type), n, "");
}

/* ---- all ---- */

static void emit_rounds(jit_emitter *e, loop *l)
{
  const tg_graph *g = e->g;
  LLVMBasicBlockRef step = jit_block(e, "step");
  l->after = jit_block(e, "done");
  uint32_t test = l->node->mate;
  jit_count(e, l->at + 1, test + 1, false);
  jit_emit_nodes(e, l->at + 1, test);
  LLVMValueRef more = e->variant == JIT_PREPARE ? goes_on_uniform(e, jit_value(e, node_args(g, l->test)[0]))
                                                : goes_on(e, l, condition_of(e, l));
  LLVMValueRef alive = e->alive, fuel = e->fuel;
  LLVMBuildCondBr(e->b, more, step, l->after);
  LLVMPositionBuilderAtEnd(e->b, step);
  jit_count(e, test + 1, l->node->end, true);
  jit_emit_nodes(e, test + 1, l->node->end);
  close_loop(e, l);
  LLVMPositionBuilderAtEnd(e->b, l->after);
  e->alive = alive;
  e->fuel = fuel;
  e->mask = l->outer;
  for (uint32_t k = 0; k < l->node->n_args; k++) {
    bool is_kept = l->kept[k] != NULL;
    e->values[l->node->first_result + k] = is_kept ? loop_kept_result(e, l, k) : e->values[l->node->first_carried + k];
  }
}

static void emit_whole(jit_emitter *e, loop *l)
{
  bool has_count = l->node->n_results > l->node->n_args;
  if (has_count) {
    open_count(e, l);
  }
  open_loop(e, l);
  emit_rounds(e, l);
  if (has_count) {
    close_count(e, l);
  }
}

/* Where all lanes have trapped, a condition that asks none of them would never end the loop. */
static LLVMValueRef has_lanes(jit_emitter *e, const loop *l)
{
  bool may_be_none = e->variant != JIT_PREPARE && !l->parts && e->alive != NULL && e->alive != e->start;
  return may_be_none ? jit_any(e, jit_running(e)) : NULL;
}

uint32_t jit_emit_loop(jit_emitter *e, uint32_t i)
{
  const graph_node *node = &e->g->nodes.data[i];
  loop l = {.node = node, .test = &e->g->nodes.data[node->mate], .yield = &e->g->nodes.data[node->end], .at = i};
  l.phis = alloc_zeroed(&e->allocator, node->n_args, sizeof *l.phis);
  l.kept = alloc_zeroed(&e->allocator, node->n_args, sizeof *l.kept);
  l.parts = e->varies[node_args(e->g, l.test)[0]];
  l.entered = has_lanes(e, &l);
  if (l.phis == NULL || l.kept == NULL) {
    e->failed = true;
  } else if (pieces_suit(e, &l)) {
    pieces_emit(e, &l);
  } else {
    emit_whole(e, &l);
  }
  alloc_free(&e->allocator, l.phis, node->n_args, sizeof *l.phis);
  alloc_free(&e->allocator, l.kept, node->n_args, sizeof *l.kept);
  return node->end + 1;
}
