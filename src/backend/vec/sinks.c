/* sinks.c: what a strip leaves behind: stores, columns of sums, best lanes, folds. A lane that trapped leaves nothing:
 * it is a zero in sums (no column is -0, so adding +0 changes nothing), and is packed away elsewhere. Stores come last:
 * an output may lie in place of an input that another sink still reads. */
#include "backend/vec/plan.h"

#include "base/float.h"
#include "graph/element.h"

#include <string.h>

typedef struct strip {
  vec_run *run;
  size_t n;
  const graph_node *node;
  tg_type type; /* of the value */
  uint8_t size;
} strip;

/* Whether one element stands for all lanes. */
static bool is_one(const vec_run *run, uint32_t v)
{
  uint8_t place = run->code->registers.data[run->code->value[v]].place;
  return place == VEC_UNIFORM || place == VEC_SINGLE;
}

/* The stream of a value; one element is spread into `room`. */
static void *stream_of(const strip *s, uint32_t v, void *room)
{
  vec_run *run = s->run;
  void *at = run->registers[run->code->value[v]];
  if (!is_one(run, v)) {
    return at;
  }
  uint8_t size = vec_size_of(type_table[run->code->graph->values.data[v].type].bytes);
  run->code->kernels->fill[size](s->n, room, at);
  return room;
}

/* ---- stores ---- */

/* `room` has a place for the whole strip, and may hold it. */
static void store_past_caches(const strip *s, const void *from, void *room)
{
  vec_run *run = s->run;
  unsigned char *to = run->args->operands[s->node->operand].base + (run->first_lane << s->size);
  if (type_in(s->type, TG_CLASS_FLOAT)) {
    run->code->kernels->unary[VEC_CANONICAL][s->type](s->n, room, from);
    from = room;
  }
  run->code->kernels->stream(s->n << s->size, to, from);
}

static void sink_store(const strip *s)
{
  vec_run *run = s->run;
  uint64_t room[TG_BLOCK_LANES];
  const operand_memory *memory = &run->args->operands[s->node->operand];
  tg_mode mode = (tg_mode)run->code->graph->operands.data[s->node->operand].mode;
  const unsigned char *from = stream_of(s, node_args(run->code->graph, s->node)[0], room);
  if (run->ways[s->node->operand] == VEC_PAST_CACHES && !run->any_trapped) {
    store_past_caches(s, from, room);
    return;
  }
  unsigned char *to = memory->base + (ptrdiff_t)run->first_lane * memory->stride;
  for (size_t first = 0, end; first < s->n; first = end) {
    end = s->n;
    if (run->any_trapped) {
      for (; first < s->n && run->trapped[first]; first++) {
      }
      for (end = first; end < s->n && !run->trapped[end]; end++) {
      }
    }
    run->code->kernels->store[mode](end - first, to + (ptrdiff_t)first * memory->stride, memory->stride,
                                    from + (first << s->size));
  }
}

/* ---- reductions ---- */

/* Puts zeros in place of lanes that trapped, in a copy. */
static const void *without_trapped(const strip *s, const void *from, uint64_t *room)
{
  memmove(room, from, s->n << s->size);
  for (size_t i = 0; i < s->n; i++) {
    if (s->run->trapped[i]) {
      memset((unsigned char *)room + (i << s->size), 0, (size_t)1 << s->size);
    }
  }
  return room;
}

static void sink_sum(const strip *s, const vec_sink *sink, sum_columns *columns)
{
  const vec_run *run = s->run;
  const vec_kernels *kernels = run->code->kernels;
  uint64_t room[TG_BLOCK_LANES];
  /* A strip that is shorter than the columns stays within them. */
  size_t bytes = s->type == TG_F32 ? 4 : 8, first = run->first_lane % (256 / bytes);
  void *to = (unsigned char *)columns + (type_in(s->type, TG_CLASS_FLOAT) ? first * bytes : 0);
  const void *from;
  if (sink->parts[0] != VEC_NONE) {
    const void *a = run->registers[sink->parts[0]], *b = run->registers[sink->parts[1]];
    if (!run->any_trapped) {
      kernels->sum_product[s->type](s->n, to, a, b);
      return;
    }
    kernels->binary[VEC_MUL][s->type][VEC_VV](s->n, room, a, b);
    from = room;
  } else {
    from = stream_of(s, node_args(run->code->graph, s->node)[0], room);
  }
  kernels->sum[s->type](s->n, to, run->any_trapped ? without_trapped(s, from, room) : from);
}

/* a < b with the sign of signed types; written apart from what `ref` uses. */
static bool less(tg_type type, uint64_t a, uint64_t b)
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

static uint64_t element_at(tg_type type, const void *p, size_t i)
{
  return element_load((tg_mode)type, (const unsigned char *)p + i * type_table[type].bytes);
}

/* The element of the index that lane `lane` has. */
static uint64_t index_of(const strip *s, const vec_sink *sink, size_t lane)
{
  const vec_run *run = s->run;
  uint32_t v = node_args(run->code->graph, s->node)[0];
  tg_type type = (tg_type)run->code->graph->values.data[v].type;
  uint64_t element = 0;
  if (sink->parts[0] != VEC_NONE) {
    run->code->kernels->iota[type](1, &element, run->args->origin + run->first_lane + lane,
                                   run->registers[sink->parts[0]], run->registers[sink->parts[1]]);
    return element_at(type, &element, 0);
  }
  return element_at(type, run->registers[run->code->value[v]], is_one(run, v) ? 0 : lane);
}

/* The lane that is number `position` of those that did not trap. */
static size_t lane_of(const vec_run *run, size_t position)
{
  size_t lane = position;
  for (size_t i = 0, seen = 0; run->any_trapped && seen <= position; i++) {
    lane = i;
    seen += !run->trapped[i];
  }
  return lane;
}

/* Packs the data of the lanes that did not trap; gives how many there are. */
static size_t pack_untrapped(const strip *s, const void *data, void *packed)
{
  unsigned char alive[TG_BLOCK_LANES];
  for (size_t i = 0; i < s->n; i++) {
    alive[i] = !s->run->trapped[i];
  }
  s->run->code->kernels->compress[s->size](s->n, packed, data, alive);
  return s->run->code->kernels->count(s->n, alive);
}

static void sink_arg(const strip *s, const vec_sink *sink, arg_partial *best)
{
  vec_run *run = s->run;
  const vec_kernels *kernels = run->code->kernels;
  uint64_t room[TG_BLOCK_LANES], packed[TG_BLOCK_LANES], to_beat;
  const void *data = stream_of(s, node_args(run->code->graph, s->node)[1], room);
  size_t n = s->n;
  if (run->any_trapped) {
    n = pack_untrapped(s, data, packed);
    data = packed;
  }
  element_store((tg_mode)s->type, &to_beat, best->data);
  vec_best_fn *find = s->node->op == TG_OP_ARGMIN ? kernels->argmin[s->type] : kernels->argmax[s->type];
  vec_best found = find(n, data, best->state == ARG_NUMBER ? &to_beat : NULL);
  arg_state state = found.is_nan ? ARG_NAN : ARG_NUMBER;
  if (found.position < n && (state > best->state || state == ARG_NUMBER)) {
    *best = (arg_partial){.index = index_of(s, sink, lane_of(run, found.position)),
                          .data = element_at(s->type, data, found.position),
                          .state = state};
  }
}

static uint64_t fold(tg_fold how, tg_type type, uint64_t a, uint64_t b)
{
  switch (how) {
  case TG_FOLD_ADD: return (a + b) & type_mask(type);
  case TG_FOLD_MIN: return less(type, b, a) ? b : a;
  case TG_FOLD_MAX: return less(type, a, b) ? b : a;
  case TG_FOLD_AND: return a & b;
  case TG_FOLD_OR: return a | b;
  case TG_FOLD_XOR: return a ^ b;
  case TG_FOLD_COUNT: break;
  }
  return a;
}

static void sink_combine(const strip *s)
{
  vec_run *run = s->run;
  const uint32_t *args = node_args(run->code->graph, s->node);
  tg_type slot_type = (tg_type)run->code->graph->values.data[args[0]].type, type = s->type;
  const operand_memory *memory = &run->args->operands[s->node->operand];
  tg_mode mode = (tg_mode)run->code->graph->operands.data[s->node->operand].mode;
  uint64_t slots[TG_BLOCK_LANES], values[TG_BLOCK_LANES];
  const void *slot = stream_of(s, args[0], slots), *value = stream_of(s, args[1], values);
  for (size_t i = 0; i < s->n; i++) {
    uint64_t k = element_at(slot_type, slot, i);
    bool is_negative = type_table[slot_type].is_signed && (k >> (type_table[slot_type].bits - 1) & 1);
    if ((run->any_trapped && run->trapped[i]) || is_negative || k >= memory->length) {
      continue;
    }
    unsigned char *p = memory->base + (ptrdiff_t)k * memory->stride;
    element_store(mode, p, fold((tg_fold)s->node->detail, type, element_load(mode, p), element_at(type, value, i)));
  }
}

/* ---- all ---- */

static void run_sink(vec_run *run, const vec_sink *sink, size_t n, partials *out, size_t *numbers)
{
  const graph_node *node = &run->code->graph->nodes.data[sink->node];
  const uint32_t *args = node_args(run->code->graph, node);
  bool is_arg = node->op == TG_OP_ARGMIN || node->op == TG_OP_ARGMAX;
  uint32_t v = is_arg || node->op == TG_OP_COMBINE ? args[1] : args[0];
  tg_type type = (tg_type)run->code->graph->values.data[v].type;
  strip s = {run, n, node, type, vec_size_of(type_table[type].bytes)};
  if (node->op == TG_OP_SUM) {
    sink_sum(&s, sink, &out->sums[numbers[0]++]);
  } else if (is_arg) {
    sink_arg(&s, sink, &out->args[numbers[1]++]);
  } else if (node->op == TG_OP_COMBINE) {
    sink_combine(&s);
  } else if (!run->code->aimed[node->operand] || run->ways[node->operand] != VEC_DIRECT) {
    sink_store(&s);
  }
}

void vec_run_sinks(vec_run *run, size_t n, partials *out)
{
  const vec_code *code = run->code;
  size_t numbers[2] = {0, 0};
  for (size_t pass = 0; pass < 2; pass++) {
    for (size_t k = 0; k < code->sinks.n; k++) {
      const vec_sink *sink = &code->sinks.data[k];
      if ((code->graph->nodes.data[sink->node].op == TG_OP_STORE) == (pass == 1)) {
        run_sink(run, sink, n, out, numbers);
      }
    }
  }
}
