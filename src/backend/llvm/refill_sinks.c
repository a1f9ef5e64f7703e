/* refill_sinks.c: what lanes leave that end in any order: outputs are written by position; the best lanes are found by
 * comparing numbers too; what a float sum adds is kept for its block, and added in order when that is full. Integer
 * sums and tables were done by the last stage's code. */
#include "backend/llvm/refill.h"

#include "base/float.h"
#include "graph/element.h"

#include <string.h>

/* clang-format off */
#define PUT(name, type)                                                                                                \
  static void put_##name(unsigned char *to, ptrdiff_t stride, const unsigned char *from, const uint32_t *lanes,        \
                         uint32_t n)                                                                                   \
  {                                                                                                                    \
    for (uint32_t i = 0; i < n; i++) {                                                                                 \
      memcpy(to + (ptrdiff_t)lanes[i] * stride, from + i * sizeof(type), sizeof(type));                                \
    }                                                                                                                  \
  }
/* clang-format on */
PUT(4, uint32_t)
PUT(8, uint64_t)

static void put_outputs(refilling *f, const uint32_t *lanes, uint32_t n)
{
  const tg_graph *g = f->code->graph;
  const unsigned char *alive = f->frame->alive;
  bool all = memchr(alive, 0, n) == NULL;
  for (size_t k = 0; k < g->operands.n; k++) {
    if (g->operands.data[k].kind != TG_OUTPUT) {
      continue;
    }
    tg_mode mode = (tg_mode)g->operands.data[k].mode;
    tg_type type = (tg_type)mode_table[mode].type;
    ptrdiff_t stride = f->frame->operands[k].stride;
    unsigned char *to = jit_element(f->r, k, f->first), *from = jit_buffer(f->r, k);
    if (all && (uint32_t)mode == (uint32_t)type && element_bytes(type) >= 4) {
      (element_bytes(type) == 4 ? put_4 : put_8)(to, stride, from, lanes, n);
      continue;
    }
    for (uint32_t i = 0; i < n; i++) {
      if (alive[i]) {
        element_store(mode, to + (ptrdiff_t)lanes[i] * stride,
                      element_load((tg_mode)type, from + (size_t)i * element_bytes(type)));
      }
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
      (bytes == 4 ? put_4 : put_8)(f->r->scratch + sink->block, bytes, f->r->scratch + sink->group, lanes, n);
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
