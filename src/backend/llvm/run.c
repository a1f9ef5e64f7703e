/* run.c: running code on the lanes of a block. Streams at unit stride are used where they lie, in whole groups; others
 * are packed into buffers a strip at a time, and so are the last lanes, which fill no group. */
#include "backend/llvm/run.h"

#include "base/float.h"
#include "graph/element.h"

#include <string.h>

enum { MOST_LANES = 1 << 20 };

static const graph_operand *operand_of(const jit_code *code, size_t k)
{
  return &code->graph->operands.data[k];
}

/* ---- lanes ---- */

/* Whole groups, or with buffers for all any number of lanes up to a strip. */
static void run_lanes(const jit_range *b, uint64_t first, uint64_t n, bool all_buffers)
{
  const jit_code *code = b->code;
  jit_frame *frame = b->frame;
  bool is_whole = n % code->n_lanes == 0;
  for (size_t k = 0; k < code->graph->operands.n; k++) {
    if (code->streams[k] == UINT32_MAX) {
      continue;
    }
    bool direct = !all_buffers && jit_is_direct(b, k);
    frame->streams[code->streams[k]] = direct ? jit_element(b, k, first) : jit_buffer(b, k);
    if (!direct && operand_of(code, k)->kind == TG_INPUT) {
      jit_pack(b, k, first, n);
    }
  }
  frame->first_lane = first;
  frame->block_lane = first - b->first;
  frame->n_groups = code->has_tail ? n / code->n_lanes : (n + code->n_lanes - 1) / code->n_lanes;
  frame->count = n;
  jit_variant variant = frame->fuel != TG_FUEL_UNLIMITED && code->functions[JIT_FUEL] != NULL ? JIT_FUEL : JIT_MASKED;
  if (code->functions[JIT_FULL] != NULL && (is_whole || code->functions[JIT_MASKED] == NULL)) {
    variant = JIT_FULL;
  }
  code->functions[variant](frame);
  for (size_t k = 0; k < code->graph->operands.n; k++) {
    if (operand_of(code, k)->kind == TG_OUTPUT && (all_buffers || !jit_is_direct(b, k))) {
      jit_unpack(b, k, first, n);
    }
  }
}

/* ---- best lanes ---- */

static void open_best(const jit_range *b)
{
  const jit_code *code = b->code;
  for (size_t k = 0; k < code->n_args; k++) {
    const graph_node *node = &code->graph->nodes.data[code->arg_nodes[k]];
    tg_type type = (tg_type)code->graph->values.data[node_args(code->graph, node)[1]].type;
    bool is_min = node->op == TG_OP_ARGMIN, is_signed = type_table[type].is_signed;
    uint64_t most = type_mask(type) >> is_signed, least = is_signed ? most + 1 : 0;
    if (type == TG_F32) {
      most = 0x7F800000u, least = 0xFF800000u;
    } else if (type == TG_F64) {
      most = UINT64_C(0x7FF0000000000000), least = UINT64_C(0xFFF0000000000000);
    }
    b->frame->first[k].state = ARG_NONE;
    for (unsigned i = 0; i < code->n_lanes; i++) {
      element_store((tg_mode)type, b->scratch + code->best[k].data + i * element_bytes(type), is_min ? most : least);
      element_store(TG_MODE_U32, b->scratch + code->best[k].lane + 4 * (size_t)i, JIT_NO_LANE);
    }
  }
}

bool jit_is_less(tg_type type, uint64_t a, uint64_t b)
{
  uint64_t top = UINT64_C(1) << (type_table[type].bits - 1);
  if (type == TG_F32) {
    return f32_from_bits((uint32_t)a) < f32_from_bits((uint32_t)b);
  }
  if (type == TG_F64) {
    return f64_from_bits(a) < f64_from_bits(b);
  }
  return type_table[type].is_signed ? (a ^ top) < (b ^ top) : a < b;
}

/* The best of the vectors' lanes; if none is better than what they started with, the first number is as good. */
static arg_partial best_of_lanes(const jit_range *b, size_t k, const graph_node *node)
{
  const jit_code *code = b->code;
  const uint32_t *args = node_args(code->graph, node);
  tg_type index_type = (tg_type)code->graph->values.data[args[0]].type;
  tg_type type = (tg_type)code->graph->values.data[args[1]].type;
  arg_partial best = b->frame->first[k];
  uint64_t best_lane = UINT64_MAX;
  for (unsigned i = 0; i < code->n_lanes; i++) {
    uint64_t group = element_load(TG_MODE_U32, b->scratch + code->best[k].lane + 4 * (size_t)i), lane = group + i;
    if (group == JIT_NO_LANE) {
      continue;
    }
    uint64_t data = element_load((tg_mode)type, b->scratch + code->best[k].data + i * element_bytes(type));
    bool wins = node->op == TG_OP_ARGMIN ? jit_is_less(type, data, best.data) : jit_is_less(type, best.data, data);
    bool ties = node->op == TG_OP_ARGMIN ? !jit_is_less(type, best.data, data) : !jit_is_less(type, data, best.data);
    if (best_lane == UINT64_MAX || wins || (ties && lane < best_lane)) {
      uint64_t index =
          element_load((tg_mode)index_type, b->scratch + code->best[k].index + i * element_bytes(index_type));
      best = (arg_partial){.index = index, .data = data, .state = ARG_NUMBER};
      best_lane = lane;
    }
  }
  return best;
}

void jit_join_best(const jit_code *code, size_t k, arg_partial next, partials *out)
{
  const graph_node *node = &code->graph->nodes.data[code->arg_nodes[k]];
  tg_type type = (tg_type)code->graph->values.data[node_args(code->graph, node)[1]].type;
  arg_partial *best = &out->args[k];
  bool wins = next.state > best->state;
  if (next.state == ARG_NUMBER && best->state == ARG_NUMBER) {
    wins =
        node->op == TG_OP_ARGMIN ? jit_is_less(type, next.data, best->data) : jit_is_less(type, best->data, next.data);
  }
  if (wins) {
    *best = next;
  }
}

static void close_best(const jit_range *b, partials *out)
{
  for (size_t k = 0; k < b->code->n_args; k++) {
    jit_join_best(b->code, k, best_of_lanes(b, k, &b->code->graph->nodes.data[b->code->arg_nodes[k]]), out);
  }
}

/* ---- the back-end ---- */

static jit_range open_range(const jit_code *code, const engine_args *args, void *scratch, const void *uniforms,
                            partials *out)
{
  jit_frame *frame = scratch;
  unsigned char *bytes = scratch;
  frame->code = code;
  frame->args = args;
  frame->operands = args->operands;
  frame->uniforms = (uint64_t *)(uintptr_t)uniforms;
  frame->fuel = args->fuel;
  frame->helpers = jit_helpers;
  frame->scratch = bytes;
  frame->arrays = bytes + code->arrays;
  frame->alive = bytes + code->alive;
  frame->trap_codes = (uint32_t *)(void *)(bytes + code->codes);
  frame->trap_positions = (uint32_t *)(void *)(bytes + code->positions);
  frame->out = out;
  frame->first = (arg_partial *)(void *)(bytes + code->first);
  frame->streams = (unsigned char **)(void *)(bytes + code->pointers);
  frame->zero = 0;
  frame->loop_rounds = frame->loop_slots = frame->operations = 0;
  frame->lane_numbers = NULL;
  return (jit_range){frame, code, bytes, true, 0};
}

/* Lanes of one block, or of several where no float sum counts them; so few that 32 bits number them. */
static void run_piece(jit_range *b, uint64_t first, uint64_t end, partials *out)
{
  const jit_code *code = b->code;
  uint64_t most = b->is_direct && !code->can_trap ? MOST_LANES : JIT_STRIP;
  b->first = first;
  open_best(b);
  while (end - first >= code->n_lanes) {
    uint64_t n = end - first < most ? (end - first) / code->n_lanes * code->n_lanes : most;
    run_lanes(b, first, n, false);
    first += n;
  }
  if (first < end) {
    run_lanes(b, first, end - first, true);
  }
  close_best(b, out);
}

void jit_run_masked(jit_range *b, uint64_t first, uint64_t end, partials *out)
{
  for (; first < end; first += MOST_LANES) {
    run_piece(b, first, end - first < MOST_LANES ? end : first + MOST_LANES, out);
  }
}

void jit_run(const void *p, const engine_args *args, const uint64_t lanes[2], void *scratch, partials *out)
{
  const jit_code *code = p;
  if (code->is_plain && jit_run_plainly(code, args, lanes, scratch)) {
    out->operations += (lanes[1] - lanes[0]) * code->lane_operations;
    return;
  }
  jit_range b = open_range(code, args, scratch, args->uniforms, out);
  for (size_t k = 0; k < code->graph->operands.n; k++) {
    b.is_direct &= code->streams[k] == UINT32_MAX || jit_is_direct(&b, k);
  }
  if (code->stages.n > 0 && args->fuel == TG_FUEL_UNLIMITED) {
    jit_run_chosen(&b, lanes, out);
  } else {
    jit_run_masked(&b, lanes[0], lanes[1], out);
  }
  out->loop_rounds += b.frame->loop_rounds;
  out->loop_slots += b.frame->loop_slots;
  out->operations += b.frame->operations + (lanes[1] - lanes[0]) * code->lane_operations;
}

void jit_prepare(const void *p, const engine_args *args, void *scratch, void *uniforms)
{
  const jit_code *code = p;
  jit_put_params(code, args, uniforms);
  if (code->functions[JIT_PREPARE] != NULL) {
    jit_range b = open_range(code, args, scratch, uniforms, NULL);
    b.frame->taken = b.frame->exhausted = 0;
    code->functions[JIT_PREPARE](b.frame);
  }
}
