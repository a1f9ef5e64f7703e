/* refill.c: running lanes so that one which leaves a loop makes room for the next (docs/llvm.md, "Refill").
 *
 * The last stage asks for lanes, and each stage the one before it: a loop runs until enough of its slots are free,
 * moves what is in them to `done` and new lanes from `ready` into them; when `ready` is empty, the code before the loop
 * makes more. The queues of a loop are empty, or lie between a head and an end. */
#include "backend/llvm/refill.h"

#include <math.h>
#include <string.h>

#define MOST_LANES (UINT64_C(1) << 30) /* numbered by 32 bits */
enum { WATCH_LANES = 1 << 15 };

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

static uint32_t watched_lanes(const refilling *f)
{
  return STAGE_TRIED_GROUPS * f->code->n_lanes;
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
  static void scatter_##name(type *restrict to, const uint8_t *places, const type *restrict from,                      \
                             const uint8_t *list, unsigned n)                                                          \
  {                                                                                                                    \
    for (unsigned i = 0; i < n; i++) {                                                                                 \
      to[places[i]] = from[list[i]];                                                                                   \
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

/* places: in `to`; list: in `from` */
static void scatter(unsigned bytes, void *to, const uint8_t *places, const void *from, const uint8_t *list, unsigned n)
{
  switch (bytes) {
  case 1: scatter_1(to, places, from, list, n); break;
  case 2: scatter_2(to, places, from, list, n); break;
  case 4: scatter_4(to, places, from, list, n); break;
  default: scatter_8(to, places, from, list, n);
  }
}

/* ---- watching ---- */

/* From time to time the lanes of a few groups are watched. When all of them are done, it is time to ask whether to go
 * on; if not, no more lanes are taken. Lanes that trap are never done: then the next ones are watched. */
static void watch_lanes(refilling *f)
{
  uint64_t at = f->next - f->first;
  if (at - f->watched >= WATCH_LANES && f->end - f->next >= watched_lanes(f)) {
    f->watched = at;
    f->n_watched = watched_lanes(f);
    f->has_looked = false;
  }
}

static void look_at_watched(refilling *f)
{
  if (f->n_watched == 0 && f->watched > 0 && !f->has_looked) {
    f->has_looked = true;
    f->end = choose_by_rounds(f->code, &f->watch) ? f->end : f->next;
  }
}

/* ---- between loops ---- */

static bool has_fuel(const refilling *f)
{
  return f->frame->fuel != TG_FUEL_UNLIMITED;
}

static void call_stage(refilling *f, size_t which)
{
  f->code->functions[JIT_STAGE + (has_fuel(f) ? (size_t)JIT_STAGES : 0) + which](f->frame);
}

/* Runs part k on n lanes of a queue, or, before the first loop, of the range. */
static void run_part(refilling *f, size_t k, uint64_t n, const uint32_t *numbers)
{
  jit_frame *frame = f->frame;
  frame->count = n;
  frame->n_groups = (n + f->code->n_lanes - 1) / f->code->n_lanes;
  frame->lane_numbers = numbers;
  frame->block_lane = 0;
  call_stage(f, 2 * k);
}

/* Of n lanes in the queue `ready` those that trapped are out; the others come to the loop, or pass it by. */
static void sort_ready(refilling *f, size_t k, uint32_t n)
{
  station *at = &f->stations[k];
  const stage *s = &f->code->stages.stages[k];
  const unsigned char *wants = f->r->scratch + s->wants;
  at->head = at->n_ready = at->n_passed = at->n_passing = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (f->frame->alive[i] == 0) {
      continue;
    }
    if (!s->can_pass || wants[i] != 0) {
      at->order[at->n_ready++] = (uint8_t)i;
    } else {
      at->passing[at->n_passing++] = (uint8_t)i;
    }
  }
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
  watch_lanes(f);
  f->frame->first_lane = f->next;
  run_part(f, 0, n, NULL);
  f->frame->first_lane = f->first;
  for (uint32_t i = 0; i < n; i++) {
    refill_lanes(f, f->code->stages.stages[0].ready_lanes)[i] = (uint32_t)(f->next - f->first) + i;
  }
  f->next += n;
  return (uint32_t)n;
}

static uint32_t run_station(refilling *f, size_t k);

static void note_lane(refilling *f, size_t k, uint32_t lane, uint64_t rounds)
{
  uint32_t value = rounds < UINT32_MAX ? (uint32_t)rounds : UINT32_MAX;
  if (f->rounds != NULL) {
    f->rounds->of[k][lane] = value;
  } else if (f->n_watched > 0 && lane - f->watched < watched_lanes(f)) {
    f->watch.of[k][lane - f->watched] = value;
    f->n_watched -= k + 1 == f->code->stages.n;
  }
}

/* What lanes have in one of a stage's places goes to the end of its queue `done`. */
static void put_done(refilling *f, size_t k, bool from_slots, const uint8_t *list, unsigned n)
{
  station *at = &f->stations[k];
  const stage *s = &f->code->stages.stages[k];
  unsigned char *scratch = f->r->scratch;
  gather_4(refill_lanes(f, s->done_lanes) + at->n_done, refill_lanes(f, from_slots ? s->slot_lanes : s->ready_lanes),
           list, n);
  if (has_fuel(f)) {
    gather(8, scratch + s->done_fuel + 8 * (size_t)at->n_done, scratch + (from_slots ? s->slot_fuel : s->ready_fuel),
           list, n);
  }
  for (uint32_t i = 0; i < s->n_entries; i++) {
    const stage_entry *e = &entries_of(f->code, s)[i];
    if (e->after != STAGE_NO_VALUE && (from_slots || e->start != STAGE_NO_VALUE)) {
      gather(e->bytes, scratch + e->done + (size_t)at->n_done * e->bytes, scratch + (from_slots ? e->slot : e->ready),
             list, n);
    }
  }
  at->n_done += n;
}

/* Lanes that pass a loop by go to `done`. False: it has no room for all. */
static bool pass_lanes(refilling *f, size_t k)
{
  station *at = &f->stations[k];
  uint32_t room = f->code->stages.capacity - at->n_done, left = at->n_passing - at->n_passed;
  uint32_t n = left < room ? left : room;
  const uint32_t *lanes = refill_lanes(f, f->code->stages.stages[k].ready_lanes);
  const uint8_t *list = at->passing + at->n_passed;
  for (uint32_t i = 0; i < n; i++) {
    note_lane(f, k, lanes[list[i]], 0);
  }
  put_done(f, k, false, list, n);
  at->n_passed += n;
  return at->n_passed == at->n_passing;
}

/* Fills an empty queue `ready`. False: no lane is left, or `done` is full. */
static bool fill_ready(refilling *f, size_t k)
{
  station *at = &f->stations[k];
  const stage *s = &f->code->stages.stages[k];
  while (at->head == at->n_ready) {
    uint32_t n = !pass_lanes(f, k) ? 0 : k == 0 ? take_first(f) : run_station(f, k - 1);
    if (n == 0) {
      return false;
    }
    if (k > 0) {
      const uint32_t *numbers = refill_lanes(f, s[-1].done_lanes);
      memcpy(refill_lanes(f, s->ready_lanes), numbers, n * sizeof *numbers);
      run_part(f, k, n, numbers);
      f->stations[k - 1].n_done = 0;
    }
    sort_ready(f, k, n);
  }
  return true;
}

/* ---- a loop ---- */

static void start_lanes(refilling *f, size_t k, const uint8_t *slots, unsigned n)
{
  station *at = &f->stations[k];
  const stage *s = &f->code->stages.stages[k];
  unsigned char *scratch = f->r->scratch;
  const uint8_t *list = at->order + at->head;
  scatter_4(refill_lanes(f, s->slot_lanes), slots, refill_lanes(f, s->ready_lanes), list, n);
  if (has_fuel(f)) {
    scatter(8, scratch + s->slot_fuel, slots, scratch + s->ready_fuel, list, n);
  }
  for (uint32_t i = 0; i < s->n_entries; i++) {
    const stage_entry *e = &entries_of(f->code, s)[i];
    if (e->start != STAGE_NO_VALUE) {
      scatter(e->bytes, scratch + e->slot, slots, scratch + e->ready, list, n);
    }
  }
  for (unsigned i = 0; i < n; i++) {
    at->occupied |= UINT64_C(1) << slots[i];
    at->started[slots[i]] = at->clock;
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
  at->fresh |= at->occupied & ~before; /* more than once where `done` was full */
  at->running |= at->fresh;
  at->living |= at->fresh;
}

static void count_trap(refilling *f, const stage *s, unsigned slot)
{
  unsigned char lanes[JIT_MAX_LANES] = {0};
  lanes[slot] = 1;
  f->frame->group = 0;
  f->frame->lane_numbers = refill_lanes(f, s->slot_lanes);
  f->frame->helpers[JIT_H_COUNT_TRAPS](f->frame, 0, f->code->n_lanes, NULL, lanes, NULL, NULL);
}

static void note_rounds(refilling *f, size_t k, const uint8_t *list, unsigned n)
{
  station *at = &f->stations[k];
  const uint32_t *lanes = refill_lanes(f, f->code->stages.stages[k].slot_lanes);
  for (unsigned i = 0; i < n; i++) {
    uint64_t rounds = at->clock - at->started[list[i]];
    at->rounds_left += rounds;
    note_lane(f, k, lanes[list[i]], rounds);
  }
  at->n_left += n;
}

static void end_lanes(refilling *f, size_t k)
{
  station *at = &f->stations[k];
  const stage *s = &f->code->stages.stages[k];
  bool can_trap = s->can_trap || has_fuel(f);
  uint64_t ended = at->occupied & ~at->running, dead = can_trap ? ended & ~at->living : 0;
  uint8_t list[JIT_MAX_LANES];
  unsigned n = list_bits(dead, JIT_MAX_LANES, list);
  for (unsigned i = 0; i < n; i++) {
    count_trap(f, s, list[i]);
  }
  n = list_bits(ended & ~dead, JIT_MAX_LANES, list);
  note_rounds(f, k, list, n);
  put_done(f, k, true, list, n);
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

static bool has_room(const refilling *f, const station *at)
{
  return at->n_done + f->code->n_lanes <= f->code->stages.capacity;
}

/* Runs loop k until its queue `done` is full or no lane is left. Gives how many are in it. */
static uint32_t run_station(refilling *f, size_t k)
{
  station *at = &f->stations[k];
  const stage *s = &f->code->stages.stages[k];
  while (has_room(f, at)) {
    fill_slots(f, k);
    if (at->occupied == 0 || !has_room(f, at)) {
      break;
    }
    f->frame->keep = at->occupied == all_slots(f->code) ? f->code->n_lanes - at->wanted : 0;
    f->frame->pause = at->pause;
    f->frame->running = at->running;
    f->frame->fresh = at->fresh;
    at->fresh = 0;
    f->frame->living = at->living;
    call_stage(f, 2 * k + 1);
    at->running = f->frame->running;
    at->living = f->frame->living;
    at->clock += f->frame->rounds;
    end_lanes(f, k);
    if (f->rounds == NULL) {
      tune(f->code, s, at);
    }
    if (f->code->wish.form == JIT_FORM_CHOSEN) {
      look_at_watched(f);
    }
  }
  return at->n_done;
}

/* ---- a range ---- */

static void run_range(refilling *f, partials *out)
{
  size_t last = f->code->stages.n - 1;
  const uint32_t *lanes = refill_lanes(f, f->code->stages.stages[last].done_lanes);
  uint32_t n;
  for (size_t k = 0; k <= last; k++) {
    f->stations[k] = (station){.wanted = f->rounds != NULL ? 1 : f->code->n_lanes / 8};
  }
  refill_open_sinks(f);
  f->frame->first_lane = f->first;
  while ((n = run_station(f, last)) > 0) {
    run_part(f, last + 1, n, lanes);
    refill_put(f, lanes, n);
    f->stations[last].n_done = 0;
  }
  refill_close_sinks(f, out);
}

uint64_t jit_refill(jit_range *r, const uint64_t lanes[2], partials *out, refill_rounds *rounds)
{
  refilling f = {.r = r, .code = r->code, .frame = r->frame, .rounds = rounds};
  uint64_t end = lanes[0];
  for (bool goes_on = true; goes_on && end < lanes[1]; end = f.end) {
    uint64_t most = lanes[1] - end < MOST_LANES ? lanes[1] : end + MOST_LANES;
    f.first = f.next = end;
    f.end = most;
    f.watched = f.n_watched = 0;
    f.has_looked = true;
    run_range(&f, out);
    goes_on = f.end == most;
  }
  r->frame->lane_numbers = NULL;
  return end;
}
