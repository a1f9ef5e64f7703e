/* refill.c: running lanes so that one which leaves a loop makes room for the next (docs/llvm.md, "Refill").
 *
 * The last stage asks for lanes, and each stage the one before it: a loop runs until enough of its slots are free,
 * moves what is in them to `done` and new lanes from `ready` into them; when `ready` is empty, the code before the loop
 * makes more. The queues of a loop are empty, or lie between a head and an end. */
#include "backend/llvm/run.h"

#include "base/float.h"
#include "graph/element.h"

#include <math.h>
#include <string.h>

#define MOST_LANES (UINT64_C(1) << 30) /* numbered by 32 bits */

/* One divergent loop. */
typedef struct station {
  uint64_t occupied, running, living; /* slots, a bit each */
  uint32_t head, n_ready, n_done;
  uint64_t clock, started[JIT_MAX_LANES]; /* rounds so far, and when a slot's lane began */
  uint64_t n_left, rounds_left;           /* lanes that left since the last tuning, and their rounds together */
  unsigned wanted;                        /* free slots */
  uint64_t pause;
} station;

typedef struct best_lane {
  arg_partial best;
  uint64_t lane;
} best_lane;

typedef struct refilling {
  jit_range *r;
  const jit_code *code;
  jit_frame *frame;
  uint64_t first, next, end; /* lanes */
  station stations[STAGE_MOST];
  best_lane best[TG_MAX_ARGS];
  refill_rounds *rounds;
} refilling;

static uint64_t all_slots(const jit_code *code)
{
  return code->n_lanes == 64 ? UINT64_MAX : (UINT64_C(1) << code->n_lanes) - 1;
}

/* The lowest `most` bits' numbers. */
static unsigned list_bits(uint64_t bits, unsigned most, uint8_t *list)
{
  unsigned n = 0;
  for (unsigned i = 0; bits != 0 && n < most; i++, bits >>= 1) {
    list[n] = (uint8_t)i;
    n += bits & 1;
  }
  return n;
}

static const stage_entry *entries_of(const jit_code *code, const stage *s)
{
  return code->stages.entries + s->first_entry;
}

/* ---- moving elements ---- */

/* clang-format off */
#define MOVE(name, type)                                                                                               \
  static void gather_##name(type *restrict to, const type *restrict from, const uint8_t *list, unsigned n)             \
  {                                                                                                                    \
    for (unsigned i = 0; i < n; i++) {                                                                                 \
      to[i] = from[list[i]];                                                                                           \
    }                                                                                                                  \
  }                                                                                                                    \
  static void scatter_##name(type *restrict to, const type *restrict from, const uint8_t *list, unsigned n)            \
  {                                                                                                                    \
    for (unsigned i = 0; i < n; i++) {                                                                                 \
      to[list[i]] = from[i];                                                                                           \
    }                                                                                                                  \
  }
/* clang-format on */
MOVE(1, uint8_t)
MOVE(2, uint16_t)
MOVE(4, uint32_t)
MOVE(8, uint64_t)

static void gather(unsigned bytes, void *to, const void *from, const uint8_t *list, unsigned n)
{
  switch (bytes) {
  case 1: gather_1(to, from, list, n); break;
  case 2: gather_2(to, from, list, n); break;
  case 4: gather_4(to, from, list, n); break;
  default: gather_8(to, from, list, n);
  }
}

static void scatter(unsigned bytes, void *to, const void *from, const uint8_t *list, unsigned n)
{
  switch (bytes) {
  case 1: scatter_1(to, from, list, n); break;
  case 2: scatter_2(to, from, list, n); break;
  case 4: scatter_4(to, from, list, n); break;
  default: scatter_8(to, from, list, n);
  }
}

static uint32_t *lanes_at(const refilling *f, size_t offset)
{
  return (uint32_t *)(void *)(f->r->scratch + offset);
}

/* ---- between loops ---- */

/* Runs part k on n lanes of a queue, or, before the first loop, of the range. */
static void run_part(refilling *f, size_t k, uint64_t n, const uint32_t *numbers)
{
  jit_frame *frame = f->frame;
  frame->count = n;
  frame->n_groups = (n + f->code->n_lanes - 1) / f->code->n_lanes;
  frame->lane_numbers = numbers;
  frame->block_lane = 0;
  f->code->functions[JIT_STAGE + 2 * k](frame);
}

/* Lanes that trapped are taken out of a queue. Gives how many stay. */
static uint32_t drop_dead(refilling *f, const stage *s, uint32_t n)
{
  const unsigned char *alive = f->frame->alive;
  uint32_t n_alive = 0;
  if (memchr(alive, 0, n) == NULL) {
    return n;
  }
  for (uint32_t i = 0; i < n; i++) {
    if (alive[i] == 0) {
      continue;
    }
    lanes_at(f, s->ready_lanes)[n_alive] = lanes_at(f, s->ready_lanes)[i];
    for (uint32_t k = 0; k < s->n_entries; k++) {
      const stage_entry *e = &entries_of(f->code, s)[k];
      unsigned char *at = f->r->scratch + e->ready;
      memmove(at + (size_t)n_alive * e->bytes, at + (size_t)i * e->bytes, e->bytes);
    }
    n_alive++;
  }
  return n_alive;
}

/* Lanes of the range, side by side. Gives how many. */
static uint32_t take_first(refilling *f)
{
  uint64_t left = f->end - f->next, n = left < f->code->stages.capacity ? left : f->code->stages.capacity;
  bool is_whole = n % f->code->n_lanes == 0;
  if (n == 0) {
    return 0;
  }
  for (size_t k = 0; k < f->code->graph->operands.n; k++) {
    if (f->code->graph->operands.data[k].kind == TG_INPUT) {
      bool direct = is_whole && jit_is_direct(f->r, k);
      f->frame->streams[f->code->streams[k]] = direct ? jit_element(f->r, k, f->next) : jit_buffer(f->r, k);
      if (!direct) {
        jit_pack(f->r, k, f->next, n);
      }
    }
  }
  f->frame->first_lane = f->next;
  run_part(f, 0, n, NULL);
  f->frame->first_lane = f->first;
  for (uint32_t i = 0; i < n; i++) {
    lanes_at(f, f->code->stages.stages[0].ready_lanes)[i] = (uint32_t)(f->next - f->first) + i;
  }
  f->next += n;
  return (uint32_t)n;
}

static uint32_t run_station(refilling *f, size_t k);

/* Fills an empty queue `ready`. False: no lane is left. */
static bool fill_ready(refilling *f, size_t k)
{
  station *at = &f->stations[k];
  const stage *s = &f->code->stages.stages[k];
  while (at->head == at->n_ready) {
    uint32_t n = k == 0 ? take_first(f) : run_station(f, k - 1);
    if (n == 0) {
      return false;
    }
    if (k > 0) {
      const uint32_t *numbers = lanes_at(f, s[-1].done_lanes);
      memcpy(lanes_at(f, s->ready_lanes), numbers, n * sizeof *numbers);
      run_part(f, k, n, numbers);
      f->stations[k - 1].n_done = 0;
    }
    at->head = 0;
    at->n_ready = drop_dead(f, s, n);
  }
  return true;
}

/* ---- a loop ---- */

static void start_lanes(refilling *f, size_t k, const uint8_t *list, unsigned n)
{
  station *at = &f->stations[k];
  const stage *s = &f->code->stages.stages[k];
  unsigned char *scratch = f->r->scratch;
  scatter_4(lanes_at(f, s->slot_lanes), lanes_at(f, s->ready_lanes) + at->head, list, n);
  for (uint32_t i = 0; i < s->n_entries; i++) {
    const stage_entry *e = &entries_of(f->code, s)[i];
    scatter(e->bytes, scratch + e->slot, scratch + e->ready + (size_t)at->head * e->bytes, list, n);
  }
  for (unsigned i = 0; i < n; i++) {
    at->occupied |= UINT64_C(1) << list[i];
    at->started[list[i]] = at->clock;
  }
  at->head += n;
}

static void fill_slots(refilling *f, size_t k)
{
  station *at = &f->stations[k];
  uint8_t list[JIT_MAX_LANES];
  uint64_t before = at->occupied;
  while (at->occupied != all_slots(f->code) && fill_ready(f, k)) {
    unsigned n = list_bits(all_slots(f->code) & ~at->occupied, at->n_ready - at->head, list);
    start_lanes(f, k, list, n);
  }
  at->running |= at->occupied & ~before;
  at->living |= at->occupied & ~before;
}

static void count_trap(refilling *f, const stage *s, unsigned slot)
{
  unsigned char lanes[JIT_MAX_LANES] = {0};
  lanes[slot] = 1;
  f->frame->group = 0;
  f->frame->lane_numbers = lanes_at(f, s->slot_lanes);
  f->frame->helpers[JIT_H_COUNT_TRAPS](f->frame, 0, f->code->n_lanes, NULL, lanes, NULL, NULL);
}

static void note_rounds(refilling *f, size_t k, const uint8_t *list, unsigned n)
{
  station *at = &f->stations[k];
  const uint32_t *lanes = lanes_at(f, f->code->stages.stages[k].slot_lanes);
  for (unsigned i = 0; i < n; i++) {
    uint64_t rounds = at->clock - at->started[list[i]];
    at->rounds_left += rounds;
    if (f->rounds != NULL) {
      f->rounds->of[k][lanes[list[i]]] = rounds < UINT32_MAX ? (uint32_t)rounds : UINT32_MAX;
    }
  }
  at->n_left += n;
}

static void end_lanes(refilling *f, size_t k)
{
  station *at = &f->stations[k];
  const stage *s = &f->code->stages.stages[k];
  unsigned char *scratch = f->r->scratch;
  uint64_t ended = at->occupied & ~at->running, dead = s->can_trap ? ended & ~at->living : 0;
  uint8_t list[JIT_MAX_LANES];
  unsigned n = list_bits(dead, JIT_MAX_LANES, list);
  for (unsigned i = 0; i < n; i++) {
    count_trap(f, s, list[i]);
  }
  n = list_bits(ended & ~dead, JIT_MAX_LANES, list);
  note_rounds(f, k, list, n);
  gather_4(lanes_at(f, s->done_lanes) + at->n_done, lanes_at(f, s->slot_lanes), list, n);
  for (uint32_t i = 0; i < s->n_entries; i++) {
    const stage_entry *e = &entries_of(f->code, s)[i];
    if (e->after != STAGE_NO_VALUE) {
      gather(e->bytes, scratch + e->done + (size_t)at->n_done * e->bytes, scratch + e->slot, list, n);
    }
  }
  at->n_done += n;
  at->occupied &= ~ended;
}

/* Waiting for more free slots spreads the cost of an exchange, which is that of some rounds; but free slots are idle.
 * With r rounds a lane, t rounds between exchanges that cost s: s / t + t / 2r is least for t^2 = 2rs; then t / r of
 * the slots are free. */
static void tune(const jit_code *code, const stage *s, station *at)
{
  if (at->n_left < 4 * (uint64_t)code->n_lanes) {
    return;
  }
  float each = (float)at->rounds_left / (float)at->n_left + 1, wait = sqrtf(2 * each * stage_exchange_rounds(code, s));
  float wanted = (float)code->n_lanes * wait / each;
  unsigned most = code->n_lanes / 2;
  at->wanted = wanted < 1 ? 1 : wanted > (float)most ? most : (unsigned)wanted;
  at->pause = 0;
  while (at->pause < 15 && (float)(at->pause + 1) * 8 < wait) {
    at->pause = 2 * at->pause + 1;
  }
  at->n_left = at->rounds_left = 0;
}

/* Runs loop k until its queue `done` is full or no lane is left. Gives how many are in it. */
static uint32_t run_station(refilling *f, size_t k)
{
  station *at = &f->stations[k];
  const stage *s = &f->code->stages.stages[k];
  while (at->n_done + f->code->n_lanes <= f->code->stages.capacity) {
    fill_slots(f, k);
    if (at->occupied == 0) {
      break;
    }
    f->frame->keep = at->occupied == all_slots(f->code) ? f->code->n_lanes - at->wanted : 0;
    f->frame->pause = at->pause;
    f->frame->running = at->running;
    f->frame->living = at->living;
    f->code->functions[JIT_STAGE + 2 * k + 1](f->frame);
    at->running = f->frame->running;
    at->living = f->frame->living;
    at->clock += f->frame->rounds;
    end_lanes(f, k);
    if (f->rounds == NULL) {
      tune(f->code, s, at);
    }
  }
  return at->n_done;
}

/* ---- what lanes leave ---- */

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

/* ---- a range ---- */

static void open_refilling(refilling *f)
{
  const jit_code *code = f->code;
  for (size_t k = 0; k < code->stages.n; k++) {
    station *at = &f->stations[k];
    *at = (station){.wanted = f->rounds != NULL ? 1 : code->n_lanes / 8, .pause = 0};
  }
  for (size_t k = 0; k < code->n_args; k++) {
    f->best[k].best.state = ARG_NONE;
    f->best[k].lane = UINT64_MAX;
  }
  for (size_t k = 0; k < code->graph->operands.n; k++) {
    if (code->graph->operands.data[k].kind == TG_OUTPUT) {
      f->frame->streams[code->streams[k]] = jit_buffer(f->r, k);
    }
  }
  f->frame->first_lane = f->first;
  clear_blocks(f);
}

static void run_range(refilling *f, partials *out)
{
  size_t last = f->code->stages.n - 1;
  const uint32_t *lanes = lanes_at(f, f->code->stages.stages[last].done_lanes);
  uint32_t n;
  open_refilling(f);
  while ((n = run_station(f, last)) > 0) {
    run_part(f, last + 1, n, lanes);
    put_outputs(f, lanes, n);
    put_sums(f, lanes, n);
    put_best(f, lanes, n);
    f->stations[last].n_done = 0;
  }
  for (size_t k = 0; k < f->code->n_args; k++) {
    jit_join_best(f->code, k, f->best[k].best, out);
  }
  add_block(f, out);
}

void jit_refill(jit_range *r, const uint64_t lanes[2], partials *out, refill_rounds *rounds)
{
  refilling f = {.r = r, .code = r->code, .frame = r->frame, .rounds = rounds};
  for (f.first = lanes[0]; f.first < lanes[1]; f.first = f.end) {
    f.next = f.first;
    f.end = lanes[1] - f.first < MOST_LANES ? lanes[1] : f.first + MOST_LANES;
    run_range(&f, out);
  }
  r->frame->lane_numbers = NULL;
}
