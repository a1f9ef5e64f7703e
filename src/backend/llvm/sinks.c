/* sinks.c: what a group leaves behind. Sums are kept in vectors from group to group and written when the last is done,
 * but the columns of a float sum stay in memory if they are more than the lanes of a group. Best lanes: best.c. Stores
 * come last: an output may lie in place of an input. */
#include "backend/llvm/emit.h"

#include <stddef.h>

static LLVMValueRef word(const jit_emitter *e, uint64_t value)
{
  return LLVMConstInt(jit_int(e, 64), value, 0);
}

/* ---- before the first group ---- */

static bool is_float(tg_type type)
{
  return type_in(type, TG_CLASS_FLOAT);
}

static LLVMValueRef sum_address(jit_emitter *e, size_t k)
{
  LLVMTypeRef pointer = LLVMPointerTypeInContext(e->context, 0);
  LLVMValueRef out = JIT_FIELD(e, e->top, out, pointer);
  LLVMValueRef sums =
      LLVMBuildLoad2(e->top, pointer, jit_offset(e, e->top, out, word(e, offsetof(partials, sums))), "");
  return jit_offset(e, e->top, sums, word(e, k * sizeof(sum_columns)));
}

static bool is_in_registers(const jit_emitter *e, tg_type type)
{
  return !is_float(type) || (jit_columns(type) <= e->n_lanes && e->variant < JIT_STAGE);
}

/* With refill lanes come in any order: what depends on it is left to C, by lane. */
static void keep_for_later(jit_emitter *e, size_t queue, LLVMValueRef v, tg_type type)
{
  LLVMValueRef way = LLVMBuildMul(e->b, e->group, word(e, element_bytes(type)), "");
  jit_store(e, v, jit_offset(e, e->b, jit_scratch(e, queue), way), 1);
}

/* Integer sums use the first columns; no more than there are. */
static unsigned int_columns(const jit_emitter *e)
{
  return e->n_lanes < 32 ? e->n_lanes : 32;
}

/* Columns start as what is in memory, and are written back after the last group. */
static void open_sum(jit_emitter *e, tg_type type, size_t k, size_t tree)
{
  LLVMTypeRef element = is_float(type) ? jit_scalar_type(e, type) : jit_int(e, 64);
  LLVMValueRef address = sum_address(e, k);
  LLVMTypeRef columns = jit_vector(element, is_float(type) ? jit_columns(type) : int_columns(e));
  LLVMValueRef start = LLVMBuildLoad2(e->top, columns, address, "");
  LLVMSetAlignment(start, 16);
  size_t at = jit_accumulate(e, start, address);
  if (at != SIZE_MAX && is_float(type)) {
    e->accumulators.data[at].tree = tree;
  }
}

void jit_open_sinks(jit_emitter *e)
{
  size_t n_sums = 0, n_args = 0, n_trees = 0;
  for (size_t i = 0; i < e->g->nodes.n; i++) {
    const graph_node *node = &e->g->nodes.data[i];
    if (node->op == TG_OP_SUM) {
      tg_type type = jit_type(e, node_args(e->g, node)[0]);
      if (is_in_registers(e, type)) {
        open_sum(e, type, n_sums, n_trees);
      }
      n_sums++;
      n_trees += is_float(type);
    } else if (node->op == TG_OP_ARGMIN || node->op == TG_OP_ARGMAX) {
      if (e->variant < JIT_STAGE && jit_leads(e, n_args)) {
        jit_open_best(e, n_args);
      }
      n_args++;
    }
  }
}

/* ---- sums ---- */

/* Lanes [first, first + n) of a vector. */
LLVMValueRef jit_part(jit_emitter *e, LLVMValueRef v, unsigned first, unsigned n)
{
  LLVMValueRef lanes[JIT_MAX_LANES];
  if (LLVMGetVectorSize(LLVMTypeOf(v)) == n) {
    return v;
  }
  for (unsigned i = 0; i < n; i++) {
    lanes[i] = LLVMConstInt(jit_int(e, 32), first + i, 0);
  }
  return LLVMBuildShuffleVector(e->b, v, LLVMGetPoison(LLVMTypeOf(v)), LLVMConstVector(lanes, n), "");
}

static void add_to_registers(jit_emitter *e, tg_type type, LLVMValueRef v, jit_accumulator *a)
{
  unsigned n = is_float(type) ? jit_columns(type) : int_columns(e);
  for (unsigned first = 0; first < e->n_lanes; first += n) {
    LLVMValueRef x = jit_part(e, v, first, n);
    a->next = is_float(type) ? LLVMBuildFAdd(e->b, a->next, x, "") : LLVMBuildAdd(e->b, a->next, x, "");
  }
}

static void add_to_memory(jit_emitter *e, tg_type type, LLVMValueRef v, size_t k)
{
  LLVMValueRef lane = LLVMBuildAdd(e->b, JIT_FIELD(e, e->top, block_lane, jit_int(e, 64)), e->group, "");
  lane = LLVMBuildAnd(e->b, lane, word(e, jit_columns(type) - 1), "");
  LLVMValueRef way = LLVMBuildMul(e->b, lane, word(e, element_bytes(type)), "");
  LLVMValueRef address = jit_offset(e, e->b, sum_address(e, k), way);
  LLVMValueRef now = jit_load(e, LLVMTypeOf(v), address, 4);
  jit_store(e, LLVMBuildFAdd(e->b, now, v, ""), address, 4);
}

/* Gives how many accumulators it has. */
static size_t emit_sum(jit_emitter *e, const graph_node *node, size_t k, size_t at)
{
  uint32_t arg = node_args(e->g, node)[0];
  tg_type type = jit_type(e, arg);
  LLVMValueRef v = jit_wide(e, arg), lanes = jit_running(e);
  if (!is_float(type)) {
    v = jit_convert(e, type, type_table[type].is_signed ? TG_I64 : TG_U64, v);
  }
  if (lanes != NULL) {
    v = jit_select(e, lanes, v, LLVMConstNull(LLVMTypeOf(v)));
  }
  if (!is_in_registers(e, type)) {
    if (e->variant >= JIT_STAGE) {
      keep_for_later(e, e->code->stages.sums[k].group, v, type);
    } else {
      add_to_memory(e, type, v, k);
    }
    return 0;
  }
  add_to_registers(e, type, v, &e->accumulators.data[at]);
  return 1;
}

/* ---- best lanes ---- */

/* Gives how many accumulators it has. */
static size_t emit_arg(jit_emitter *e, const graph_node *node, size_t k, size_t at)
{
  const uint32_t *args = node_args(e->g, node);
  if (e->variant >= JIT_STAGE) {
    const stage_sink *sink = &e->code->stages.args[k];
    keep_for_later(e, sink->group, jit_in_memory(e, args[1]), jit_type(e, args[1]));
    keep_for_later(e, sink->block, jit_in_memory(e, args[0]), jit_type(e, args[0]));
    return 0;
  }
  if (!jit_leads(e, k)) {
    return 0;
  }
  jit_emit_best(e, k, &e->accumulators.data[at]);
  return 1;
}

/* ---- tables, traps, stores ---- */

static void emit_store(jit_emitter *e, const graph_node *node)
{
  uint32_t arg = node_args(e->g, node)[0];
  LLVMValueRef v = jit_canonical(e, jit_type(e, arg), jit_in_memory(e, arg));
  v = jit_encode(e, (tg_mode)e->g->operands.data[node->operand].mode, v);
  LLVMValueRef address = jit_stream(e, node->operand);
  if (e->code->can_trap) {
    v = jit_select(e, e->alive, v, jit_load(e, LLVMTypeOf(v), address, 1));
  }
  jit_store_part(e, v, address);
}

void jit_count_traps(jit_emitter *e)
{
  LLVMValueRef dead = jit_without(e, e->start, e->alive);
  LLVMValueRef alive = JIT_FIELD(e, e->top, alive, LLVMPointerTypeInContext(e->context, 0));
  jit_store(e, jit_resize_mask(e, e->alive, 8), jit_offset(e, e->b, alive, e->group), 1);
  jit_if branch = jit_begin_if(e, jit_any(e, dead));
  LLVMBuildStore(e->b, e->group, JIT_FIELD(e, e->b, group, NULL));
  LLVMValueRef addresses[2] = {NULL, jit_mask_bytes(e, dead)};
  jit_help(e, JIT_H_COUNT_TRAPS, 0, addresses, 2);
  jit_end_if(e, branch);
}

void jit_emit_sinks(jit_emitter *e)
{
  size_t n_sums = 0, n_args = 0, at = 0;
  if (e->code->can_trap) {
    jit_count_traps(e);
  }
  for (size_t i = 0; i < e->g->nodes.n; i++) {
    const graph_node *node = &e->g->nodes.data[i];
    if (node->op == TG_OP_SUM) {
      at += emit_sum(e, node, n_sums++, at);
    } else if (node->op == TG_OP_ARGMIN || node->op == TG_OP_ARGMAX) {
      at += emit_arg(e, node, n_args++, at);
    } else if (node->op == TG_OP_COMBINE) {
      jit_emit_combine(e, node);
    }
  }
  for (size_t i = 0; i < e->g->nodes.n; i++) {
    if (e->g->nodes.data[i].op == TG_OP_STORE) {
      emit_store(e, &e->g->nodes.data[i]);
    }
  }
}
