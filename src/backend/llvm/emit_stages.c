/* emit_stages.c: the functions of a graph that is run with lane refill: one for each divergent loop, whose lanes come
 * from its slots and go back there, and one for what lies before, between and after them, which goes from queue to
 * queue. */
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

/* ---- a loop ---- */

typedef struct refilled {
  const stage *s;
  const graph_node *node;
  LLVMBasicBlockRef header, test, after;
  LLVMValueRef running, alive, rounds; /* phis; alive: NULL where no lane traps */
  LLVMValueRef *phis;                  /* by carried value */
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

static void open_slots(jit_emitter *e, refilled *r)
{
  r->running = open_phi(e, r, lanes_of(e, r, offsetof(jit_frame, running)));
  r->alive = r->s->can_trap ? open_phi(e, r, lanes_of(e, r, offsetof(jit_frame, living))) : NULL;
  r->rounds = open_phi(e, r, word(e, 0));
  for (uint32_t k = 0; k < r->s->n_entries; k++) {
    const stage_entry *entry = entry_of(e, r->s, k);
    if (!entry->is_used) {
      continue;
    }
    LLVMValueRef v = jit_load(e, type_of(e, entry->value), jit_scratch(e, entry->slot), 16);
    if (entry->is_carried) {
      r->phis[k] = open_phi(e, r, jit_type(e, entry->value) == TG_BOOL ? jit_resize_mask(e, v, r->mask_bits) : v);
      v = r->phis[k];
    }
    e->values[entry->value] = v;
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
  jit_count(e, r->node->mate + 1, r->node->end, true);
  jit_emit_nodes(e, r->node->mate + 1, r->node->end);
  for (uint32_t k = 0; k < r->node->n_args && !e->failed; k++) {
    LLVMValueRef next = jit_wide(e, node_args(e->g, yield)[k]);
    bool is_kept = entry_of(e, r->s, k)->after != STAGE_NO_VALUE;
    jit_close_phi(e, r->phis[k], is_kept ? jit_select(e, e->mask, next, r->phis[k]) : next);
  }
}

static void close_slots(jit_emitter *e, const refilled *r)
{
  LLVMTypeRef pointer = NULL;
  LLVMPositionBuilderAtEnd(e->b, r->after);
  for (uint32_t k = 0; k < r->node->n_args; k++) {
    const stage_entry *entry = entry_of(e, r->s, k);
    e->values[entry->value] = r->phis[k];
    jit_store(e, jit_in_memory(e, entry->value), jit_scratch(e, entry->slot), 16);
  }
  LLVMBuildStore(e->b, bits_of(e, r->running), JIT_FIELD(e, e->b, running, pointer));
  if (r->alive != NULL) {
    LLVMBuildStore(e->b, bits_of(e, r->alive), JIT_FIELD(e, e->b, living, pointer));
  }
  LLVMBuildStore(e->b, r->rounds, JIT_FIELD(e, e->b, rounds, pointer));
  LLVMBuildRetVoid(e->b);
}

static void emit_loop(jit_emitter *e, refilled *r)
{
  r->header = jit_block(e, "loop");
  r->test = jit_block(e, "test");
  r->after = jit_block(e, "done");
  r->mask_bits = widest_carried(e, r->node);
  emit_constants(e, r->s->loop);
  open_slots(e, r);
  LLVMBuildBr(e->b, r->header);
  LLVMPositionBuilderAtEnd(e->b, r->header);
  e->mask = r->running;
  e->alive = r->alive;
  emit_check(e, r);
  emit_round(e, r);
  if (e->failed) {
    return;
  }
  jit_close_phi(e, r->running, r->alive == NULL ? e->mask : jit_running(e));
  if (r->alive != NULL) {
    jit_close_phi(e, r->alive, e->alive);
  }
  jit_close_phi(e, r->rounds, LLVMBuildAdd(e->b, r->rounds, word(e, 1), ""));
  LLVMBuildBr(e->b, r->header);
  close_slots(e, r);
}

static void emit_loop_stage(jit_emitter *e, size_t k)
{
  const stage *s = stage_of(e, k);
  refilled r = {.s = s, .node = &e->g->nodes.data[s->loop]};
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
}

static void put_ready(jit_emitter *e, const stage *s)
{
  for (uint32_t k = 0; k < s->n_entries; k++) {
    const stage_entry *entry = entry_of(e, s, k);
    jit_store(e, jit_in_memory(e, entry->start), in_queue(e, entry->ready, entry->bytes), 1);
  }
}

/* Streams and lane numbers of later stages: they are read while lanes are side by side. */
static void read_sources(jit_emitter *e, uint32_t begin)
{
  for (uint32_t i = begin; i < e->g->nodes.n; i++) {
    tg_op op = (tg_op)e->g->nodes.data[i].op;
    if (op == TG_OP_LOAD || op == TG_OP_IOTA) {
      jit_emit_nodes(e, i, i + 1);
    }
  }
}

static void emit_part(jit_emitter *e, size_t k)
{
  const stage_plan *plan = &e->code->stages;
  uint32_t begin = k == 0 ? graph_main_start(e->g) : e->g->nodes.data[stage_of(e, k - 1)->loop].end + 1;
  uint32_t end = k < plan->n ? stage_of(e, k)->loop : (uint32_t)e->g->nodes.n;
  LLVMBasicBlockRef body = LLVMGetInsertBlock(e->b);
  jit_open_groups(e);
  if (k == plan->n) {
    jit_open_sinks(e);
  }
  jit_open_lanes(e);
  emit_constants(e, k == 0 ? 0 : begin);
  if (k > 0) {
    take_done(e, stage_of(e, k - 1));
  }
  jit_emit_nodes(e, begin, end);
  if (k == 0) {
    read_sources(e, end);
  }
  if (!e->failed && k < plan->n) {
    put_ready(e, stage_of(e, k));
    jit_count_traps(e);
  } else if (!e->failed) {
    jit_emit_sinks(e);
  }
  if (!e->failed) {
    jit_close_groups(e, body);
    LLVMBuildRetVoid(e->b);
  }
  LLVMBuildBr(e->top, body);
}

void jit_emit_stage(jit_emitter *e, size_t which, const char *name)
{
  const bool *varies = e->varies;
  e->variant = JIT_STAGE;
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
