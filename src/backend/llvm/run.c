/* run.c: running code on lanes. Streams at unit stride are used where they lie, in whole groups; others are packed into
 * buffers a strip at a time, and so are the last lanes, which fill no group. Where floats are summed the columns of
 * each block go into a tree, by the code itself or here. */
#include "backend/llvm/run.h"

#include "backend/sum.h"
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
  frame->best = (arg_partial *)(void *)(bytes + code->best);
  frame->streams = (unsigned char **)(void *)(bytes + code->pointers);
  frame->zero = 0;
  frame->loop_rounds = frame->loop_slots = frame->operations = 0;
  frame->lane_numbers = NULL;
  return (jit_range){frame, code, bytes, true, 0};
}

/* Lanes of one block, or of several where no float sum counts them or the code joins them. */
void jit_run_masked(jit_range *b, uint64_t first, uint64_t end, partials *out)
{
  const jit_code *code = b->code;
  uint64_t most = b->is_direct && !code->can_trap ? MOST_LANES : JIT_STRIP;
  b->first = first;
  if (code->n_args > 0) { /* else there may be no list */
    memcpy(b->frame->best, out->args, code->n_args * sizeof *out->args);
  }
  while (end - first >= code->n_lanes) {
    uint64_t n = end - first < most ? (end - first) / code->n_lanes * code->n_lanes : most;
    run_lanes(b, first, n, false);
    first += n;
  }
  if (first < end) {
    run_lanes(b, first, end - first, true);
  }
  if (code->n_args > 0) {
    memcpy(out->args, b->frame->best, code->n_args * sizeof *out->args);
  }
}

static void run_range(jit_range *b, const uint64_t lanes[2], partials *out)
{
  if (b->code->stages.n > 0) {
    jit_run_chosen(b, lanes, out);
  } else {
    jit_run_masked(b, lanes[0], lanes[1], out);
  }
}

/* ---- blocks of float sums ---- */

static sum_tree *block_tree(const jit_range *b, size_t k)
{
  return (sum_tree *)(void *)(b->scratch + b->code->trees + k * sum_tree_bytes(SUM_TILE_LEVELS));
}

/* The columns go into the trees. */
static void push_block(const jit_range *b, partials *out)
{
  for (size_t k = 0; k < b->code->n_ordered; k++) {
    sum_columns *columns = &out->sums[b->code->ordered[k].number];
    sum_push(block_tree(b, k), b->code->ordered[k].type, 0, columns);
    memset(columns, 0, sizeof *columns);
  }
}

static void run_blocks(jit_range *b, const uint64_t lanes[2], partials *out)
{
  const jit_code *code = b->code;
  for (size_t k = 0; k < code->n_ordered; k++) {
    block_tree(b, k)->n_blocks = 0;
  }
  uint64_t step = code->joins_blocks ? lanes[1] - lanes[0] : TG_BLOCK_LANES;
  for (uint64_t first = lanes[0]; first < lanes[1]; first += step) {
    uint64_t n = lanes[1] - first < step ? lanes[1] - first : step;
    run_range(b, (uint64_t[2]){first, first + n}, out);
    if (!code->joins_blocks && n == TG_BLOCK_LANES) {
      push_block(b, out);
    }
  }
  for (size_t k = 0; k < code->n_ordered; k++) {
    sum_total(block_tree(b, k), code->ordered[k].type, &out->sums[code->ordered[k].number]);
  }
}

/* ---- all lanes ---- */

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
  if (code->n_ordered > 0 && (code->joins_blocks || lanes[1] - lanes[0] > TG_BLOCK_LANES)) {
    run_blocks(&b, lanes, out);
  } else {
    run_range(&b, lanes, out);
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
