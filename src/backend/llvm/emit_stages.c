/* emit_stages.c: the functions of a graph that is run with lane refill: one for each divergent loop, whose lanes come
 * from its slots and go back there, and one for what lies before, between and after them, which goes from queue to
 * queue. What touches arrays of the slots before and after a loop is in its function too, for the lanes that come and
 * those that leave. */
#include "backend/llvm/emit.h"

#include <stddef.h>

static LLVMValueRef word(const jit_emitter *e, uint64_t value)
{
  return LLVMConstInt(jit_int(e, 64), value, 0);
}

static const stage *stage_of(const jit_emitter *e, size_t k)
{
  return &e->code->stages.stages[k];
}

static const stage_entry *entry_of(const jit_emitter *e, const stage *s, uint32_t k)
{
  return &e->code->stages.entries[s->first_entry + k];
}

static LLVMTypeRef type_of(const jit_emitter *e, uint32_t v)
{
  return jit_vector(jit_scalar_type(e, jit_type(e, v)), e->n_lanes);
}

/* Constants of earlier stages are made again: they are better than what `prepare` left in memory. */
static void emit_constants(jit_emitter *e, uint32_t end)
{
  for (uint32_t i = graph_main_start(e->g); i < end; i++) {
    if (e->g->nodes.data[i].op == TG_OP_CONST) {
      jit_emit_nodes(e, i, i + 1);
    }
  }
}

static LLVMTypeRef fuel_type(const jit_emitter *e)
{
  return jit_vector(jit_int(e, 64), e->n_lanes);
}

/* Arrays of slots are zeroed when a lane comes, not where the graph makes them. */
static void own_arrays(jit_emitter *e)
{
  for (uint32_t v = 0; v < e->g->values.n; v++) {
    if (e->code->stages.owners[v] != 0) {
      e->values[v] = word(e, e->code->storage[v]);
    }
  }
}

static jit_walk walk_of(const jit_emitter *e, uint32_t begin, uint32_t end)
{
  return (jit_walk){.begin = begin,
                    .end = end,
                    .root = graph_main_start(e->g),
                    .root_end = (uint32_t)e->g->nodes.n,
                    .target = UINT32_MAX};
}

/* ---- a loop ---- */

typedef struct refilled {
  const stage *s;
  size_t number;
  const graph_node *node;
  LLVMBasicBlockRef header, test, after;
  LLVMValueRef running, alive, fuel, rounds; /* phis; alive: NULL where no lane traps */
  LLVMValueRef *phis;                        /* by carried value; NULL: an array */
  LLVMValueRef here, began;                  /* the lanes that there are at first; of these, those that run */
  unsigned mask_bits;
} refilled;

static LLVMValueRef lanes_of(jit_emitter *e, const refilled *r, size_t offset)
{
  LLVMValueRef bits = jit_field(e, e->b, offset, jit_int(e, 64));
  bits = LLVMBuildIntCast2(e->b, bits, jit_int(e, e->n_lanes), 0, "");
  bits = LLVMBuildBitCast(e->b, bits, jit_vector(jit_int(e, 1), e->n_lanes), "");
  return jit_mask(e, bits, r->mask_bits);
}

static LLVMValueRef bits_of(jit_emitter *e, LLVMValueRef mask)
{
  LLVMValueRef bits = LLVMBuildBitCast(e->b, jit_bits(e, mask), jit_int(e, e->n_lanes), "");
  return LLVMBuildIntCast2(e->b, bits, jit_int(e, 64), 0, "");
}

static LLVMValueRef open_phi(jit_emitter *e, const refilled *r, LLVMValueRef start)
{
  return jit_open_phi(e, r->header, start, LLVMGetInsertBlock(e->b));
}

static unsigned widest_carried(const jit_emitter *e, const graph_node *loop)
{
  unsigned bytes = 1;
  for (uint32_t v = loop->first_carried; v < loop->first_carried + loop->n_args; v++) {
    unsigned b = element_bytes(jit_type(e, v));
    bytes = b > bytes ? b : bytes;
  }
  return 8 * bytes;
}

/* What the slots hold. A carried array is the one that the loop begins with. */
static void load_slots(jit_emitter *e, const refilled *r)
{
  for (uint32_t k = 0; k < r->s->n_entries; k++) {
    const stage_entry *entry = entry_of(e, r->s, k);
    if (entry->is_used && !entry->is_array) {
      e->values[entry->value] = jit_load(e, type_of(e, entry->value), jit_scratch(e, entry->slot), 16);
    }
  }
}

/* ---- lanes that come ---- */

/* Zeroes the arrays of some slots, a row after the other. */
static void clear_array(jit_emitter *e, const refilled *r, uint32_t v, LLVMValueRef lanes)
{
  const graph_value *value = &e->g->values.data[v];
  LLVMTypeRef element = jit_int(e, 8 * element_bytes((tg_type)value->type));
  LLVMTypeRef row = LLVMVectorType(element, e->n_lanes);
  uint64_t bytes = (uint64_t)element_bytes((tg_type)value->type) * e->n_lanes;
  LLVMValueRef base = JIT_FIELD(e, e->top, arrays, LLVMPointerTypeInContext(e->context, 0));
  base = jit_offset(e, e->b, base, word(e, e->code->storage[v] * e->n_lanes));
  LLVMBasicBlockRef from = LLVMGetInsertBlock(e->b), body = jit_block(e, "clear"), end = jit_block(e, "cleared");
  LLVMBuildBr(e->b, body);
  LLVMPositionBuilderAtEnd(e->b, body);
  LLVMValueRef zero = word(e, 0), way = LLVMBuildPhi(e->b, jit_int(e, 64), "");
  LLVMAddIncoming(way, &zero, &from, 1);
  LLVMValueRef at = jit_offset(e, e->b, base, way), now = jit_load(e, row, at, 1);
  jit_store(e, jit_select(e, lanes, LLVMConstNull(row), now), at, 1);
  LLVMValueRef next = LLVMBuildAdd(e->b, way, word(e, bytes), "");
  LLVMAddIncoming(way, &next, &body, 1);
  LLVMValueRef more = LLVMBuildICmp(e->b, LLVMIntULT, next, word(e, value->array_length * bytes), "");
  LLVMBuildCondBr(e->b, more, body, end);
  LLVMPositionBuilderAtEnd(e->b, end);
  (void)r;
}

static void clear_arrays(jit_emitter *e, const refilled *r, LLVMValueRef lanes)
{
  for (uint32_t v = 0; v < e->g->values.n; v++) {
    if (e->code->stages.owners[v] == r->number + 1) {
      clear_array(e, r, v, lanes);
    }
  }
}

/* What lanes that come have made joins what the others have. */
static void keep_made(jit_emitter *e, const refilled *r, LLVMValueRef come, const LLVMValueRef *before)
{
  for (uint32_t k = 0; k < r->s->n_entries; k++) {
    const stage_entry *entry = entry_of(e, r->s, k);
    if (entry->start != STAGE_NO_VALUE || entry->value == STAGE_NO_VALUE || entry->is_array) {
      continue;
    }
    uint32_t made = entry->is_carried ? node_args(e->g, r->node)[k] : entry->value;
    LLVMValueRef now = before[k];
    e->values[entry->value] = jit_select(e, come, jit_wide(e, made), now);
    if (!entry->is_carried) {
      jit_store(e, jit_in_memory(e, entry->value), jit_scratch(e, entry->slot), 16);
    }
  }
}

static bool has_entry(const jit_emitter *e, const refilled *r)
{
  bool owns = false;
  for (uint32_t v = 0; v < e->g->values.n; v++) {
    owns |= e->code->stages.owners[v] == r->number + 1;
  }
  return owns || r->s->entry < r->s->loop || (r->s->is_inner && !r->s->can_pass);
}

static void receive(jit_emitter *e, refilled *r, LLVMValueRef *before)
{
  LLVMValueRef come = lanes_of(e, r, offsetof(jit_frame, fresh));
  jit_walk w = walk_of(e, r->s->entry, r->s->loop);
  w.root = r->s->can_pass ? r->s->body : w.root;
  w.root_end = r->s->can_pass ? r->s->body_end : w.root_end;
  w.target = r->s->loop;
  for (uint32_t k = 0; k < r->s->n_entries; k++) {
    const stage_entry *entry = entry_of(e, r->s, k);
    before[k] = entry->value == STAGE_NO_VALUE ? NULL : e->values[entry->value];
  }
  clear_arrays(e, r, come);
  e->mask = come;
  jit_walk_nodes(e, &w);
  if (e->failed) {
    return;
  }
  LLVMValueRef others = jit_without(e, r->began, come);
  r->began = jit_both(e, r->began, LLVMBuildOr(e->b, others, jit_fit(e, w.reached, LLVMTypeOf(others)), ""));
  keep_made(e, r, come, before);
}

static void emit_entry(jit_emitter *e, refilled *r)
{
  r->here = r->began = lanes_of(e, r, offsetof(jit_frame, running));
  e->alive = r->s->can_trap || e->variant == JIT_STAGE_FUEL ? lanes_of(e, r, offsetof(jit_frame, living)) : NULL;
  e->fuel = e->variant == JIT_STAGE_FUEL ? jit_load(e, fuel_type(e), jit_scratch(e, r->s->slot_fuel), 16) : NULL;
  if (!has_entry(e, r)) {
    return;
  }
  LLVMValueRef *before = alloc_zeroed(&e->allocator, r->s->n_entries + 1, sizeof *before);
  if (before == NULL) {
    e->failed = true;
    return;
  }
  receive(e, r, before);
  alloc_free(&e->allocator, before, r->s->n_entries + 1, sizeof *before);
}

/* ---- rounds ---- */

static LLVMValueRef open_mask(jit_emitter *e, const refilled *r, LLVMValueRef lanes)
{
  return open_phi(e, r, jit_resize_mask(e, lanes, r->mask_bits));
}

static void open_slots(jit_emitter *e, refilled *r)
{
  r->began = jit_both(e, r->began, e->alive);
  r->running = open_mask(e, r, r->began);
  r->alive = e->alive == NULL ? NULL : open_mask(e, r, e->alive);
  r->fuel = e->fuel == NULL ? NULL : open_phi(e, r, e->fuel);
  r->rounds = open_phi(e, r, word(e, 0));
  for (uint32_t k = 0; k < r->node->n_args; k++) {
    uint32_t carried = entry_of(e, r->s, k)->value;
    if (entry_of(e, r->s, k)->is_array) {
      e->values[carried] = e->values[node_args(e->g, r->node)[k]];
      continue;
    }
    LLVMValueRef v = e->values[carried];
    r->phis[k] = open_phi(e, r, jit_type(e, carried) == TG_BOOL ? jit_resize_mask(e, v, r->mask_bits) : v);
    e->values[carried] = r->phis[k];
  }
}

/* Goes on while more than `keep` lanes run, or without looking. */
static void emit_check(jit_emitter *e, const refilled *r)
{
  LLVMBasicBlockRef check = jit_block(e, "check");
  LLVMValueRef pause = LLVMBuildAnd(e->b, r->rounds, JIT_FIELD(e, e->top, pause, jit_int(e, 64)), "");
  LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntEQ, pause, word(e, 0), ""), check, r->test);
  LLVMPositionBuilderAtEnd(e->b, check);
  LLVMValueRef bits = bits_of(e, r->running), n = jit_intrinsic(e, "llvm.ctpop", jit_int(e, 64), &bits, 1);
  LLVMValueRef goes_on = LLVMBuildICmp(e->b, LLVMIntUGT, n, JIT_FIELD(e, e->top, keep, jit_int(e, 64)), "");
  LLVMBuildCondBr(e->b, goes_on, r->test, r->after);
  LLVMPositionBuilderAtEnd(e->b, r->test);
}

static void emit_round(jit_emitter *e, const refilled *r)
{
  const graph_node *test = &e->g->nodes.data[r->node->mate], *yield = &e->g->nodes.data[r->node->end];
  jit_count(e, r->s->loop + 1, r->node->mate + 1, false);
  jit_emit_nodes(e, r->s->loop + 1, r->node->mate);
  e->mask = jit_both(e, jit_running(e), jit_value(e, node_args(e->g, test)[0]));
  if (e->fuel != NULL) {
    e->mask = jit_take_fuel(e, r->node, e->mask);
  }
  jit_count(e, r->node->mate + 1, r->node->end, true);
  jit_emit_nodes(e, r->node->mate + 1, r->node->end);
  for (uint32_t k = 0; k < r->node->n_args && !e->failed; k++) {
    if (r->phis[k] != NULL) {
      LLVMValueRef next = jit_wide(e, node_args(e->g, yield)[k]);
      bool is_kept = entry_of(e, r->s, k)->is_kept;
      jit_close_phi(e, r->phis[k], is_kept ? jit_select(e, e->mask, next, r->phis[k]) : next);
    }
  }
}

static void close_rounds(jit_emitter *e, const refilled *r)
{
  jit_close_phi(e, r->running, r->alive == NULL ? e->mask : jit_running(e));
  if (r->alive != NULL) {
    jit_close_phi(e, r->alive, e->alive);
  }
  if (r->fuel != NULL) {
    jit_close_phi(e, r->fuel, e->fuel);
  }
  jit_close_phi(e, r->rounds, LLVMBuildAdd(e->b, r->rounds, word(e, 1), ""));
  LLVMBuildBr(e->b, r->header);
}

/* ---- lanes that leave ---- */

static void emit_exit(jit_emitter *e, const refilled *r)
{
  jit_walk w = walk_of(e, r->node->end + 1, r->s->exit);
  w.root = r->s->can_pass ? r->s->body : w.root;
  w.root_end = r->s->can_pass ? r->s->body_end : w.root_end;
  e->mask = jit_without(e, r->here, r->running);
  e->alive = r->alive;
  e->fuel = r->fuel;
  for (uint32_t k = 0; k < r->node->n_args; k++) {
    uint32_t carried = r->node->first_carried + k;
    e->values[carried] = r->phis[k] != NULL ? r->phis[k] : e->values[node_args(e->g, r->node)[k]];
    e->values[r->node->first_result + k] = e->values[carried];
  }
  jit_walk_nodes(e, &w);
}

static void store_slots(jit_emitter *e, const refilled *r)
{
  for (uint32_t k = 0; k < r->s->n_entries && !e->failed; k++) {
    const stage_entry *entry = entry_of(e, r->s, k);
    if (entry->value == STAGE_NO_VALUE || (entry->is_carried && !entry->is_array)) {
      uint32_t v = entry->value == STAGE_NO_VALUE ? entry->after : entry->value;
      jit_store(e, jit_in_memory(e, v), jit_scratch(e, entry->slot), 16);
    }
  }
  LLVMBuildStore(e->b, bits_of(e, r->running), JIT_FIELD(e, e->b, running, NULL));
  if (e->alive != NULL) {
    LLVMBuildStore(e->b, bits_of(e, e->alive), JIT_FIELD(e, e->b, living, NULL));
  }
  if (e->fuel != NULL) {
    jit_store(e, e->fuel, jit_scratch(e, r->s->slot_fuel), 16);
  }
  LLVMBuildStore(e->b, r->rounds, JIT_FIELD(e, e->b, rounds, NULL));
  LLVMBuildRetVoid(e->b);
}

static void emit_loop(jit_emitter *e, refilled *r)
{
  r->mask_bits = widest_carried(e, r->node);
  own_arrays(e);
  emit_constants(e, r->s->loop);
  load_slots(e, r);
  emit_entry(e, r);
  if (e->failed) {
    return;
  }
  r->header = jit_block(e, "loop");
  r->test = jit_block(e, "test");
  r->after = jit_block(e, "done");
  open_slots(e, r);
  LLVMBuildBr(e->b, r->header);
  LLVMPositionBuilderAtEnd(e->b, r->header);
  e->mask = r->running;
  e->alive = r->alive;
  e->fuel = r->fuel;
  emit_check(e, r);
  emit_round(e, r);
  if (!e->failed) {
    close_rounds(e, r);
    LLVMPositionBuilderAtEnd(e->b, r->after);
    emit_exit(e, r);
    store_slots(e, r);
  }
}

static void emit_loop_stage(jit_emitter *e, size_t k)
{
  const stage *s = stage_of(e, k);
  refilled r = {.s = s, .number = k, .node = &e->g->nodes.data[s->loop]};
  LLVMBasicBlockRef body = LLVMGetInsertBlock(e->b);
  e->group = word(e, 0);
  r.phis = alloc_zeroed(&e->allocator, r.node->n_args, sizeof *r.phis);
  if (r.phis != NULL) {
    emit_loop(e, &r);
  } else {
    e->failed = true;
  }
  alloc_free(&e->allocator, r.phis, r.node->n_args, sizeof *r.phis);
  LLVMBuildBr(e->top, body);
}

/* ---- between loops ---- */

/* Where the group's elements of an entry lie. */
static LLVMValueRef in_queue(jit_emitter *e, size_t queue, unsigned bytes)
{
  return jit_offset(e, e->b, jit_scratch(e, queue), LLVMBuildMul(e->b, e->group, word(e, bytes), ""));
}

static void take_done(jit_emitter *e, const stage *s)
{
  for (uint32_t k = 0; k < s->n_entries; k++) {
    const stage_entry *entry = entry_of(e, s, k);
    if (entry->after != STAGE_NO_VALUE) {
      LLVMValueRef at = in_queue(e, entry->done, entry->bytes);
      e->values[entry->after] = jit_load(e, type_of(e, entry->after), at, 1);
    }
  }
  if (e->fuel != NULL) {
    e->fuel = jit_load(e, fuel_type(e), in_queue(e, s->done_fuel, 8), 1);
  }
}

/* wants: the lanes that come to the loop; NULL: all. */
static void put_ready(jit_emitter *e, const stage *s, LLVMValueRef wants)
{
  for (uint32_t k = 0; k < s->n_entries; k++) {
    const stage_entry *entry = entry_of(e, s, k);
    if (entry->start != STAGE_NO_VALUE) {
      jit_store(e, jit_in_memory(e, entry->start), in_queue(e, entry->ready, entry->bytes), 1);
    }
  }
  if (e->fuel != NULL) {
    jit_store(e, e->fuel, in_queue(e, s->ready_fuel, 8), 1);
  }
  if (s->can_pass) {
    jit_store(e, jit_resize_mask(e, jit_spread(e, wants), 8), in_queue(e, s->wants, 1), 1);
  }
}

/* Streams and lane numbers are all read before the first loop, while lanes are side by side. */
static void read_sources(jit_emitter *e)
{
  for (uint32_t i = graph_main_start(e->g); i < e->g->nodes.n; i++) {
    tg_op op = (tg_op)e->g->nodes.data[i].op;
    if (op == TG_OP_LOAD || op == TG_OP_IOTA) {
      jit_emit_nodes(e, i, i + 1);
    }
  }
}

static void emit_between(jit_emitter *e, size_t k)
{
  const stage_plan *plan = &e->code->stages;
  const stage *next = k < plan->n ? stage_of(e, k) : NULL;
  uint32_t begin = k == 0 ? graph_main_start(e->g) : stage_of(e, k - 1)->exit;
  jit_walk w = walk_of(e, begin, next != NULL ? next->entry : (uint32_t)e->g->nodes.n);
  w.target = next != NULL && next->can_pass ? next->loop : UINT32_MAX;
  own_arrays(e);
  emit_constants(e, k == 0 ? (uint32_t)e->g->nodes.n : begin);
  if (k == 0) {
    read_sources(e);
  } else {
    take_done(e, stage_of(e, k - 1));
  }
  jit_walk_nodes(e, &w);
  if (!e->failed && next != NULL) {
    put_ready(e, next, w.reached);
    jit_count_traps(e);
  } else if (!e->failed) {
    jit_emit_sinks(e);
  }
}

static void emit_part(jit_emitter *e, size_t k)
{
  LLVMBasicBlockRef body = LLVMGetInsertBlock(e->b);
  jit_open_groups(e);
  if (k == e->code->stages.n) {
    jit_open_sinks(e);
  }
  jit_open_lanes(e);
  emit_between(e, k);
  if (!e->failed) {
    jit_close_groups(e, body);
    LLVMBuildRetVoid(e->b);
  }
  LLVMBuildBr(e->top, body);
}

void jit_emit_stage(jit_emitter *e, size_t which, bool is_fuel_limited, const char *name)
{
  const bool *varies = e->varies;
  e->variant = is_fuel_limited ? JIT_STAGE_FUEL : JIT_STAGE;
  e->n_lanes = e->code->n_lanes;
  e->varies = e->code->stages.varies;
  jit_open_function(e, name);
  if (which % 2 == 0) {
    emit_part(e, which / 2);
  } else {
    emit_loop_stage(e, which / 2);
  }
  e->varies = varies;
}
