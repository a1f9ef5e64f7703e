/* refill_sinks.c: what lanes leave that end in any order: outputs are written by position; the best lanes are found by
 * comparing numbers too; what a float sum adds is kept for its block, and added in order when that is full. Integer
 * sums and tables were done by the last stage's code. */
#include "backend/llvm/refill.h"

#include "base/float.h"
#include "graph/element.h"

#include <string.h>

/* Elements of a group, and the lanes that they belong to; alive: which of them are put, NULL: all. */
typedef struct group_elements {
  const unsigned char *from, *alive;
  const uint32_t *lanes;
  uint32_t n;
} group_elements;

/* clang-format off */
#define PUT(bytes)                                                                                                     \
  static void put_##bytes(unsigned char *to, ptrdiff_t stride, const group_elements *e)                                \
  {                                                                                                                    \
    for (uint32_t i = 0; i < e->n; i++) {                                                                              \
      if (e->alive == NULL || e->alive[i]) {                                                                           \
        memcpy(to + (ptrdiff_t)e->lanes[i] * stride, e->from + (size_t)i * (bytes), bytes);                            \
      }                                                                                                                \
    }                                                                                                                  \
  }
/* clang-format on */
PUT(1)
PUT(2)
PUT(4)
PUT(8)

static void put(unsigned bytes, unsigned char *to, ptrdiff_t stride, const group_elements *e)
{
  switch (bytes) {
  case 1: put_1(to, stride, e); break;
  case 2: put_2(to, stride, e); break;
  case 4: put_4(to, stride, e); break;
  default: put_8(to, stride, e);
  }
}

static void put_outputs(refilling *f, const uint32_t *lanes, uint32_t n)
{
  const tg_graph *g = f->code->graph;
  const unsigned char *alive = memchr(f->frame->alive, 0, n) == NULL ? NULL : f->frame->alive;
  for (size_t k = 0; k < g->operands.n; k++) {
    if (g->operands.data[k].kind == TG_OUTPUT) {
      group_elements elements = {jit_buffer(f->r, k), alive, lanes, n};
      put(mode_table[g->operands.data[k].mode].bytes, jit_element(f->r, k, f->first), f->frame->operands[k].stride,
          &elements);
    }
  }
}

static tg_type sum_type(const tg_graph *g, const graph_node *node)
{
  return (tg_type)g->values.data[node_args(g, node)[0]].type;
}

/* Values of lanes that trapped are +0. */
static void put_sums(refilling *f, const uint32_t *lanes, uint32_t n)
{
  const tg_graph *g = f->code->graph;
  size_t k = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    if (g->nodes.data[i].op != TG_OP_SUM) {
      continue;
    }
    const stage_sink *sink = &f->code->stages.sums[k++];
    tg_type type = sum_type(g, &g->nodes.data[i]);
    if (type_in(type, TG_CLASS_FLOAT)) {
      unsigned bytes = element_bytes(type);
      put(bytes, f->r->scratch + sink->block, bytes, &(group_elements){f->r->scratch + sink->group, NULL, lanes, n});
    }
  }
}

static bool is_nan(tg_type type, uint64_t value)
{
  return type == TG_F32 ? f32_is_nan((uint32_t)value) : type == TG_F64 && f64_is_nan(value);
}

static bool is_better(tg_op op, tg_type type, const best_lane *next, const best_lane *best)
{
  if (next->best.state != ARG_NUMBER || best->best.state != ARG_NUMBER) {
    return next->best.state > best->best.state || (next->best.state == best->best.state && next->lane < best->lane);
  }
  uint64_t a = op == TG_OP_ARGMIN ? next->best.data : best->best.data;
  uint64_t b = op == TG_OP_ARGMIN ? best->best.data : next->best.data;
  return jit_is_less(type, a, b) || (!jit_is_less(type, b, a) && next->lane < best->lane);
}

static void put_best(refilling *f, const uint32_t *lanes, uint32_t n)
{
  const tg_graph *g = f->code->graph;
  for (size_t k = 0; k < f->code->n_args; k++) {
    const graph_node *node = &g->nodes.data[f->code->arg_nodes[k]];
    tg_type index_type = (tg_type)g->values.data[node_args(g, node)[0]].type;
    tg_type type = (tg_type)g->values.data[node_args(g, node)[1]].type;
    const unsigned char *data = f->r->scratch + f->code->stages.args[k].group;
    const unsigned char *index = f->r->scratch + f->code->stages.args[k].block;
    for (uint32_t i = 0; i < n; i++) {
      uint64_t x = element_load((tg_mode)type, data + (size_t)i * element_bytes(type));
      uint64_t at = element_load((tg_mode)index_type, index + (size_t)i * element_bytes(index_type));
      best_lane next = {{.index = at, .data = x, .state = is_nan(type, x) ? ARG_NAN : ARG_NUMBER}, lanes[i]};
      if (f->frame->alive[i] && is_better((tg_op)node->op, type, &next, &f->best[k])) {
        f->best[k] = next;
      }
    }
  }
}

/* The sums' columns of a block, in the order of its lanes. */
static void add_block(refilling *f, partials *out)
{
  const tg_graph *g = f->code->graph;
  uint64_t n = f->end - f->first;
  size_t k = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    if (g->nodes.data[i].op != TG_OP_SUM) {
      continue;
    }
    const unsigned char *block = f->r->scratch + f->code->stages.sums[k].block;
    sum_columns *columns = &out->sums[k++];
    tg_type type = sum_type(g, &g->nodes.data[i]);
    if (type == TG_F32) {
      for (uint64_t lane = 0; lane < n; lane++) {
        columns->f32[lane % 64] += ((const float *)(const void *)block)[lane];
      }
    } else if (type == TG_F64) {
      for (uint64_t lane = 0; lane < n; lane++) {
        columns->f64[lane % 32] += ((const double *)(const void *)block)[lane];
      }
    }
  }
}

static void clear_blocks(const refilling *f)
{
  const tg_graph *g = f->code->graph;
  size_t k = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    if (g->nodes.data[i].op == TG_OP_SUM) {
      tg_type type = sum_type(g, &g->nodes.data[i]);
      size_t bytes = type_in(type, TG_CLASS_FLOAT) ? (size_t)(f->end - f->first) * element_bytes(type) : 0;
      memset(f->r->scratch + f->code->stages.sums[k++].block, 0, bytes);
    }
  }
}

void refill_open_sinks(refilling *f)
{
  for (size_t k = 0; k < f->code->n_args; k++) {
    f->best[k].best.state = ARG_NONE;
    f->best[k].lane = UINT64_MAX;
  }
  for (size_t k = 0; k < f->code->graph->operands.n; k++) {
    if (f->code->graph->operands.data[k].kind == TG_OUTPUT) {
      f->frame->streams[f->code->streams[k]] = jit_buffer(f->r, k);
    }
  }
  clear_blocks(f);
}

void refill_put(refilling *f, const uint32_t *lanes, uint32_t n)
{
  put_outputs(f, lanes, n);
  put_sums(f, lanes, n);
  put_best(f, lanes, n);
}

void refill_close_sinks(refilling *f, partials *out)
{
  for (size_t k = 0; k < f->code->n_args; k++) {
    jit_join_best(f->code, k, f->best[k].best, out);
  }
  add_block(f, out);
}
