/* helpers.c: what code made by LLVM leaves to C: vectors lie in memory, one element for each lane of a group, bool and
 * masks as bytes. */
#include "backend/llvm/code.h"

#include "base/float.h"
#include "graph/element.h"

#include <math.h>
#include <string.h>

static const graph_node *node_of(const jit_frame *frame, uint64_t node)
{
  return &frame->code->graph->nodes.data[node];
}

static tg_type type_of(const jit_frame *frame, uint32_t value)
{
  return (tg_type)frame->code->graph->values.data[value].type;
}

static uint64_t element_at(tg_type type, const void *p, uint64_t i)
{
  return element_load((tg_mode)type, (const unsigned char *)p + i * element_bytes(type));
}

/* ---- floats that the machine has no instructions for ---- */

static void help_fma(jit_frame *frame, uint64_t node, uint64_t n, void *out, const void *a, const void *b,
                     const void *c)
{
  if (type_of(frame, node_of(frame, node)->first_result) == TG_F32) {
    const float *x = a, *y = b, *z = c;
    for (uint64_t i = 0; i < n; i++) {
      ((float *)out)[i] = fmaf(x[i], y[i], z[i]);
    }
  } else {
    const double *x = a, *y = b, *z = c;
    for (uint64_t i = 0; i < n; i++) {
      ((double *)out)[i] = fma(x[i], y[i], z[i]);
    }
  }
}

/* nearbyint: the environment rounds to nearest even. */
static double rounded(uint16_t how, double x)
{
  switch (how) {
  case TG_ROUND_DOWN: return floor(x);
  case TG_ROUND_UP: return ceil(x);
  case TG_ROUND_ZERO: return trunc(x);
  default: return nearbyint(x);
  }
}

static void help_round(jit_frame *frame, uint64_t node, uint64_t n, void *out, const void *a, const void *b,
                       const void *c)
{
  const graph_node *it = node_of(frame, node);
  const float *x = a;
  const double *y = a;
  (void)b;
  (void)c;
  for (uint64_t i = 0; i < n; i++) {
    if (type_of(frame, it->first_result) == TG_F32) {
      ((float *)out)[i] = (float)rounded(it->detail, (double)x[i]);
    } else {
      ((double *)out)[i] = rounded(it->detail, y[i]);
    }
  }
}

/* ---- arrays ---- */

static unsigned char *array_at(const jit_frame *frame, uint64_t n, uint64_t offset, unsigned bytes, uint64_t lane)
{
  return frame->arrays + offset * n + lane * bytes;
}

/* The next carried array, of carried value `node`: in place when the step changed it in place, else copied to the one
 * of the carried array's two places that is free. a: now, b: next, c: lanes */
static void help_carry(jit_frame *frame, uint64_t node, uint64_t n, void *out, const void *a, const void *b,
                       const void *c)
{
  const graph_value *value = &frame->code->graph->values.data[node];
  unsigned bytes = element_bytes((tg_type)value->type);
  uint64_t own = frame->code->storage[node], *to = out;
  const uint64_t *now = a, *next = b;
  const unsigned char *lanes = c;
  for (uint64_t i = 0; i < n; i++) {
    to[i] = now[i];
    if (!lanes[i] || next[i] == now[i]) {
      continue;
    }
    to[i] = now[i] == own ? own + (uint64_t)value->array_length * bytes : own;
    for (uint64_t k = 0; k < value->array_length; k++) {
      memcpy(array_at(frame, n, to[i] + k * bytes, bytes, i), array_at(frame, n, next[i] + k * bytes, bytes, i), bytes);
    }
  }
}

/* ---- traps ---- */

/* node: code and position; a: lanes */
static void help_trap(jit_frame *frame, uint64_t node, uint64_t n, void *out, const void *a, const void *b,
                      const void *c)
{
  const unsigned char *lanes = a;
  (void)out;
  (void)b;
  (void)c;
  for (uint64_t i = 0; i < n; i++) {
    if (lanes[i]) {
      frame->trap_codes[i] = (uint32_t)(node >> 32);
      frame->trap_positions[i] = (uint32_t)node;
    }
  }
}

static void help_count_traps(jit_frame *frame, uint64_t node, uint64_t n, void *out, const void *a, const void *b,
                             const void *c)
{
  const unsigned char *lanes = a;
  trap_partial *traps = &frame->out->traps;
  (void)node;
  (void)out;
  (void)b;
  (void)c;
  for (uint64_t i = 0; i < n; i++) {
    if (!lanes[i]) {
      continue;
    }
    uint64_t at = frame->group + i, number = frame->lane_numbers == NULL ? at : frame->lane_numbers[at];
    uint64_t lane = frame->args->origin + frame->first_lane + number;
    if (traps->n++ == 0 || lane < traps->first_lane) {
      traps->first_lane = lane;
      traps->first_code = frame->trap_codes[i];
      traps->first_position = frame->trap_positions[i];
    }
  }
}

/* ---- sinks ---- */

static bool is_nan(tg_type type, uint64_t value)
{
  return type == TG_F32 ? f32_is_nan((uint32_t)value) : type == TG_F64 && f64_is_nan(value);
}

/* The lowest lane, a number if there is one; node: which argmin or argmax; a: data, b: index, c: lanes */
static void help_first(jit_frame *frame, uint64_t node, uint64_t n, void *out, const void *a, const void *b,
                       const void *c)
{
  const uint32_t *args = node_args(frame->code->graph, node_of(frame, frame->code->arg_nodes[node]));
  tg_type index_type = type_of(frame, args[0]), type = type_of(frame, args[1]);
  arg_partial *first = &frame->best[node];
  const unsigned char *lanes = c;
  (void)out;
  for (uint64_t i = 0; i < n && first->state != ARG_NUMBER; i++) {
    uint64_t data = element_at(type, a, i);
    arg_state state = is_nan(type, data) ? ARG_NAN : ARG_NUMBER;
    if (lanes[i] && state > first->state) {
      *first = (arg_partial){.index = element_at(index_type, b, i), .data = data, .state = state};
    }
  }
}

const jit_helper jit_helpers[JIT_H_COUNT] = {[JIT_H_FMA] = help_fma,
                                             [JIT_H_ROUND] = help_round,
                                             [JIT_H_CARRY] = help_carry,
                                             [JIT_H_TRAP] = help_trap,
                                             [JIT_H_COUNT_TRAPS] = help_count_traps,
                                             [JIT_H_FIRST] = help_first,
                                             [JIT_H_LINEAR] = jit_help_linear};
