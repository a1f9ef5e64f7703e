/* control.c: loops and branches on lane sets. A loop goes on with the lanes whose condition holds, packed to the front;
 * the others leave their carried values at their place in the result. A branch runs each body on the lanes that chose
 * it. What a body uses from outside is used where it is, until lanes have to be packed for the first time. */
#include "backend/vec/plan.h"

#include <string.h>

/* ---- captured values ---- */

static void share_captures(vec_run *run, const vec_structure *s)
{
  for (uint32_t k = 0; k < s->n_captures; k++) {
    const vec_capture *c = &run->code->captures.data[s->first_capture + k];
    run->registers[c->inner] = run->registers[c->outer];
  }
}

/* Packs the captured values of the lanes in `mask` into the body's own registers. */
static void pack_captures(vec_run *run, const vec_structure *s, size_t n, const unsigned char *mask)
{
  for (uint32_t k = 0; k < s->n_captures; k++) {
    const vec_capture *c = &run->code->captures.data[s->first_capture + k];
    void *to = run->home[c->inner];
    run->code->kernels->compress[c->size](n, to, run->registers[c->inner], mask);
    run->registers[c->inner] = to;
  }
}

static void restore_captures(vec_run *run, const vec_structure *s)
{
  for (uint32_t k = 0; k < s->n_captures; k++) {
    const vec_capture *c = &run->code->captures.data[s->first_capture + k];
    run->registers[c->inner] = run->home[c->inner];
  }
}

/* ---- lanes ---- */

static void name_lanes(const vec_run *run, const vec_structure *s, vec_lanes lanes)
{
  uint32_t *strip_lane = run->registers[s->lanes], *position = run->registers[s->positions];
  for (size_t i = 0; i < lanes.n; i++) {
    strip_lane[i] = vec_strip_lane(lanes, i);
    position[i] = (uint32_t)i;
  }
}

static void pass_value(const vec_run *run, const vec_pass *pass, void *to, size_t n)
{
  if (pass->is_scalar) {
    run->code->kernels->fill[pass->size](n, to, run->registers[pass->from]);
  } else {
    memmove(to, run->registers[pass->from], n << pass->size);
  }
}

/* ---- loops ---- */

/* The positions of the bytes that are not 0, eight at a glance; returns how many. */
static size_t find_set(size_t n, const unsigned char *mask, uint32_t *found)
{
  size_t n_found = 0;
  for (size_t i = 0; i < n; i += 8) {
    uint64_t eight = 0;
    memcpy(&eight, mask + i, n - i < 8 ? n - i : 8);
    for (size_t k = i; eight != 0 && k < n && k < i + 8; k++) {
      found[n_found] = (uint32_t)k;
      n_found += mask[k] != 0;
    }
  }
  return n_found;
}

#define MOVE_LANES(type)                                                                                               \
  for (size_t i = 0; i < n; i++) {                                                                                     \
    ((type *)to)[position[lane[i]]] = ((const type *)from)[lane[i]];                                                   \
  }

/* to[position[k]] = from[k] for the n lanes k listed. */
static void move_lanes(size_t n, const uint32_t *lane, const uint32_t *position, const vec_pass *pass, void *const *r)
{
  void *to = r[pass->to];
  const void *from = r[pass->from];
  switch (pass->size) {
  case 0: MOVE_LANES(uint8_t) break;
  case 1: MOVE_LANES(uint16_t) break;
  case 2: MOVE_LANES(uint32_t) break;
  default: MOVE_LANES(uint64_t)
  }
}

/* Lanes that are done leave their carried values at their place in the results. */
static void leave(vec_run *run, const vec_structure *s, size_t n, const unsigned char *done)
{
  uint32_t lane[TG_BLOCK_LANES];
  size_t n_done = find_set(n, done, lane);
  for (uint32_t k = 0; k < s->n_carried; k++) {
    move_lanes(n_done, lane, run->registers[s->positions], &run->code->passes.data[s->first_result + k],
               run->registers);
  }
}

/* The lanes in `mask` go on, packed. Returns how many. */
static size_t pack(vec_run *run, const vec_structure *s, size_t n, const unsigned char *mask)
{
  const vec_kernels *kernels = run->code->kernels;
  for (uint32_t k = 0; k < s->n_carried; k++) {
    const vec_pass *pass = &run->code->passes.data[s->first_result + k];
    kernels->compress[pass->size](n, run->registers[pass->from], run->registers[pass->from], mask);
  }
  for (uint32_t k = 0; k < s->n_kept; k++) {
    const vec_pass *pass = &run->code->passes.data[s->first_kept + k];
    kernels->compress[pass->size](n, run->registers[pass->from], run->registers[pass->from], mask);
  }
  pack_captures(run, s, n, mask);
  kernels->compress[2](n, run->registers[s->lanes], run->registers[s->lanes], mask);
  kernels->compress[2](n, run->registers[s->positions], run->registers[s->positions], mask);
  return kernels->count(n, mask);
}

/* Takes an iteration from each lane that goes on; those without fuel, and trapped ones, do not. */
static void take_fuel(vec_run *run, const vec_structure *s, vec_lanes lanes, unsigned char *mask)
{
  const graph_node *loop = &run->code->graph->nodes.data[s->node];
  for (size_t i = 0; i < lanes.n; i++) {
    uint32_t lane = vec_strip_lane(lanes, i);
    if (!mask[i] || run->trapped[lane]) {
      mask[i] = 0;
    } else if (run->fuel[lane] > 0) {
      run->fuel[lane]--;
      run->taken++;
    } else {
      mask[i] = 0;
      run->is_exhausted = true;
      if (!run->in_uniform) {
        vec_trap_lane(run, lane, TG_TRAP_FUEL, loop->position);
      }
    }
  }
}

/* The condition as a mask of bytes that may be written. */
static size_t test(vec_run *run, const vec_structure *s, vec_lanes lanes)
{
  unsigned char *mask = run->registers[s->mask];
  const unsigned char *condition = run->registers[s->condition];
  if (s->condition_is_scalar) {
    memset(mask, *condition, lanes.n);
  } else {
    memcpy(mask, condition, lanes.n);
  }
  if (run->any_trapped || run->in_uniform || run->args->fuel != TG_FUEL_UNLIMITED) {
    take_fuel(run, s, lanes, mask);
  }
  return run->code->kernels->count(lanes.n, mask);
}

/* Two registers with their memory; neither is used where it lies elsewhere. */
static void exchange(vec_run *run, uint32_t a, uint32_t b)
{
  void *home = run->home[a];
  run->home[a] = run->registers[a] = run->home[b];
  run->home[b] = run->registers[b] = home;
}

static void step_passes(vec_run *run, const vec_structure *s, vec_lanes lanes)
{
  const vec_pass *passes = run->code->passes.data + s->bodies[1].first_pass;
  for (uint32_t k = 0; k < s->bodies[1].n_passes; k++) {
    if (passes[k].temporary != VEC_NONE && passes[k].array == VEC_NONE) {
      pass_value(run, &passes[k], run->registers[passes[k].temporary], lanes.n);
    } else if (passes[k].temporary != VEC_NONE) {
      memcpy(run->registers[passes[k].temporary], run->registers[passes[k].from], lanes.n << 3);
    }
  }
  for (uint32_t k = 0; k < s->bodies[1].n_passes; k++) {
    const vec_pass *pass = &passes[k];
    if (pass->is_swapped) {
      exchange(run, pass->to, pass->from);
    } else if (pass->temporary != VEC_NONE && pass->array != VEC_NONE) {
      vec_carry_arrays(run, pass->array, run->registers[pass->temporary], run->registers[pass->to], lanes);
    } else if (pass->temporary != VEC_NONE) {
      memcpy(run->registers[pass->to], run->registers[pass->temporary], lanes.n << pass->size);
    }
  }
}

/* A loop without effects: lanes that are done stay where they are, and are packed away when they are a quarter of all.
 */
static void iterate_calmly(vec_run *run, const vec_structure *s, vec_lanes lanes)
{
  const vec_kernels *kernels = run->code->kernels;
  unsigned char *alive = run->registers[s->mask], *done = run->registers[s->done];
  size_t n_alive = lanes.n;
  lanes.lanes = run->registers[s->lanes];
  memset(alive, 1, lanes.n);
  for (;;) {
    vec_run_body(run, s->bodies[0], lanes);
    const unsigned char *condition = run->registers[s->condition];
    vec_form form = s->condition_is_scalar ? VEC_VS : VEC_VV;
    kernels->binary[VEC_ANDNOT][TG_BOOL][form](lanes.n, done, alive, condition);
    kernels->binary[VEC_AND][TG_BOOL][form](lanes.n, alive, alive, condition);
    size_t n = kernels->count(lanes.n, alive);
    if (n < n_alive) {
      leave(run, s, lanes.n, done);
      n_alive = n;
    }
    if (n_alive == 0) {
      return;
    }
    if (n_alive < lanes.n - lanes.n / 4) {
      lanes.n = pack(run, s, lanes.n, alive);
      memset(alive, 1, lanes.n);
    }
    run->loop_rounds += n_alive;
    run->loop_slots += lanes.n;
    vec_run_body(run, s->bodies[1], lanes);
    step_passes(run, s, lanes);
  }
}

static void iterate(vec_run *run, const vec_structure *s, vec_lanes lanes)
{
  unsigned char *mask = run->registers[s->mask];
  lanes.lanes = run->registers[s->lanes];
  while (lanes.n > 0) {
    vec_run_body(run, s->bodies[0], lanes);
    size_t n = test(run, s, lanes);
    if (n < lanes.n) {
      for (size_t i = 0; i < lanes.n; i++) {
        mask[i] ^= 1;
      }
      leave(run, s, lanes.n, mask);
      for (size_t i = 0; n > 0 && i < lanes.n; i++) {
        mask[i] ^= 1;
      }
      lanes.n = n > 0 ? pack(run, s, lanes.n, mask) : 0;
    }
    if (lanes.n > 0) {
      run->loop_rounds += lanes.n;
      run->loop_slots += lanes.n;
      vec_run_body(run, s->bodies[1], lanes);
      step_passes(run, s, lanes);
    }
  }
}

void vec_run_loop(vec_run *run, const vec_structure *s, vec_lanes lanes)
{
  uint64_t taken = run->taken;
  for (uint32_t k = 0; k < s->n_carried; k++) {
    const vec_pass *pass = &run->code->passes.data[s->first_init + k];
    pass_value(run, pass, run->registers[pass->to], lanes.n);
  }
  name_lanes(run, s, lanes);
  share_captures(run, s);
  if (s->count != VEC_NONE) {
    run->is_exhausted = false;
  }
  bool counts_fuel = run->any_trapped || run->in_uniform || run->args->fuel != TG_FUEL_UNLIMITED;
  if (s->is_calm && !counts_fuel && lanes.n > 0) {
    iterate_calmly(run, s, lanes);
  } else {
    iterate(run, s, lanes);
  }
  restore_captures(run, s);
  if (s->count != VEC_NONE) {
    *(uint64_t *)run->registers[s->count] = run->is_exhausted ? UINT64_MAX : run->taken - taken;
  }
}

/* ---- branches ---- */

/* The lanes of body k; returns how many. */
static size_t choose(const uint64_t *selector, size_t n, uint64_t k, uint64_t n_bodies, unsigned char *mask)
{
  size_t n_chosen = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t body = selector[i] < n_bodies ? selector[i] : n_bodies - 1;
    mask[i] = body == k;
    n_chosen += mask[i];
  }
  return n_chosen;
}

static void run_on_all(vec_run *run, const vec_structure *s, const vec_body *body, vec_lanes lanes)
{
  share_captures(run, s);
  vec_run_body(run, *body, lanes);
  for (uint32_t k = 0; k < body->n_passes; k++) {
    const vec_pass *pass = &run->code->passes.data[body->first_pass + k];
    pass_value(run, pass, run->registers[pass->to], lanes.n);
  }
}

static void run_on_some(vec_run *run, const vec_structure *s, const vec_body *body, vec_lanes lanes, size_t n_chosen)
{
  const vec_kernels *kernels = run->code->kernels;
  const unsigned char *mask = run->registers[s->mask];
  uint32_t *positions = run->registers[s->positions];
  name_lanes(run, s, lanes);
  kernels->compress[2](lanes.n, run->registers[s->lanes], run->registers[s->lanes], mask);
  kernels->compress[2](lanes.n, positions, positions, mask);
  share_captures(run, s);
  pack_captures(run, s, lanes.n, mask);
  vec_run_body(run, *body, (vec_lanes){n_chosen, run->registers[s->lanes]});
  for (uint32_t k = 0; k < body->n_passes; k++) {
    const vec_pass *pass = &run->code->passes.data[body->first_pass + k];
    void *from = run->registers[pass->from];
    if (pass->is_scalar) {
      for (size_t i = 0; i < n_chosen; i++) {
        memcpy((unsigned char *)run->registers[pass->to] + ((size_t)positions[i] << pass->size), from,
               (size_t)1 << pass->size);
      }
    } else {
      kernels->scatter[pass->size](n_chosen, run->registers[pass->to], positions, from);
    }
  }
}

void vec_run_branch(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  const vec_structure *s = &run->code->structures.data[instr->structure];
  const uint64_t *selector = run->registers[instr->a];
  for (uint32_t k = 0; k < s->n_bodies; k++) {
    size_t n = choose(selector, lanes.n, k, s->n_bodies, run->registers[s->mask]);
    const vec_body *body = &run->code->bodies.data[s->first_body + k];
    if (n == lanes.n) {
      run_on_all(run, s, body, lanes);
      break;
    }
    if (n > 0) {
      run_on_some(run, s, body, lanes, n);
    }
  }
  restore_captures(run, s);
}
