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
  }
  for (size_t i = 0; s->positions != s->lanes && i < lanes.n; i++) {
    position[i] = (uint32_t)i;
  }
}

static void pack_names(const vec_run *run, const vec_structure *s, size_t n, const unsigned char *mask)
{
  run->code->kernels->compress[2](n, run->registers[s->lanes], run->registers[s->lanes], mask);
  if (s->positions != s->lanes) {
    run->code->kernels->compress[2](n, run->registers[s->positions], run->registers[s->positions], mask);
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

#define MOVE_LANES(type)                                                                                               \
  for (size_t i = 0; i < n; i++) {                                                                                     \
    ((type *)to)[position[lane[i]]] = ((const type *)from)[pass->is_scalar ? 0 : lane[i]];                             \
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

/* The n lanes listed are done: they leave their carried values at their place in the results that are used. */
static void leave(vec_run *run, const vec_structure *s, size_t n, const uint32_t *done)
{
  for (uint32_t k = 0; k < s->n_carried; k++) {
    const vec_pass *pass = &run->code->passes.data[s->first_result + k];
    if (pass->to != VEC_NONE && pass->is_single && n > 0) {
      pass_value(run, pass, run->registers[pass->to], 1);
    } else if (pass->to != VEC_NONE && !pass->is_single) {
      move_lanes(n, done, run->registers[s->positions], pass, run->registers);
    }
  }
}

/* The lanes that are not in `mask` leave. */
static void leave_others(vec_run *run, const vec_structure *s, size_t n, const unsigned char *mask)
{
  uint32_t done[TG_BLOCK_LANES];
  unsigned char *alive = run->registers[s->alive];
  memset(alive, 1, n);
  leave(run, s, run->code->kernels->retire(n, alive, mask, done), done);
}

static void pack_pass(const vec_run *run, const vec_pass *pass, size_t n, const unsigned char *mask)
{
  if (!pass->is_scalar) {
    run->code->kernels->compress[pass->size](n, run->registers[pass->from], run->registers[pass->from], mask);
  }
}

/* The lanes in `mask` go on, packed. */
static void pack(vec_run *run, const vec_structure *s, size_t n, const unsigned char *mask)
{
  for (uint32_t k = 0; k < s->n_carried; k++) {
    pack_pass(run, &run->code->passes.data[s->first_result + k], n, mask);
  }
  for (uint32_t k = 0; k < s->n_kept; k++) {
    pack_pass(run, &run->code->passes.data[s->first_kept + k], n, mask);
  }
  pack_captures(run, s, n, mask);
  pack_names(run, s, n, mask);
}

/* Takes an iteration from each lane that goes on; those without fuel, and trapped ones, do not. */
static void take_fuel(vec_run *run, const vec_structure *s, vec_lanes lanes, unsigned char *mask)
{
  const graph_node *loop = &run->code->graph->nodes.data[s->node];
  for (size_t i = 0; i < lanes.n; i++) {
    uint32_t lane = vec_strip_lane(lanes, i);
    if (!mask[i] || run->trapped[lane]) {
      mask[i] = 0;
    } else if (run->fates[lane].fuel > 0) {
      run->fates[lane].fuel--;
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

/* The condition of each lane. */
static const unsigned char *test(const vec_run *run, const vec_structure *s, size_t n)
{
  const unsigned char *condition = run->registers[s->condition];
  return s->condition_is_scalar ? memset(run->registers[s->mask], *condition, n) : condition;
}

static bool counts_fuel(const vec_run *run)
{
  return run->any_trapped || run->in_uniform || run->args->fuel != TG_FUEL_UNLIMITED;
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
    size_t n = passes[k].is_single ? 1 : lanes.n;
    if (passes[k].temporary != VEC_NONE && passes[k].array == VEC_NONE) {
      pass_value(run, &passes[k], run->registers[passes[k].temporary], n);
    } else if (passes[k].temporary != VEC_NONE) {
      memcpy(run->registers[passes[k].temporary], run->registers[passes[k].from], lanes.n << 3);
    }
  }
  for (uint32_t k = 0; k < s->bodies[1].n_passes; k++) {
    const vec_pass *pass = &passes[k];
    size_t n = pass->is_single ? 1 : lanes.n;
    if (pass->is_swapped) {
      exchange(run, pass->to, pass->from);
    } else if (pass->temporary != VEC_NONE && pass->array != VEC_NONE) {
      vec_carry_arrays(run, pass->array, run->registers[pass->temporary], run->registers[pass->to], lanes);
    } else if (pass->temporary != VEC_NONE) {
      memcpy(run->registers[pass->to], run->registers[pass->temporary], n << pass->size);
    }
  }
}

/* A step is taken by n lanes, and computed for so many. */
static void count_round(vec_run *run, const vec_structure *s, size_t n, size_t n_computed)
{
  run->loop_rounds += n;
  run->loop_slots += n_computed;
  run->operations += n * s->bodies[1].operations;
}

/* A loop without effects: lanes that are done stay where they are, and are packed away when they are a quarter of all.
 */
static void iterate_calmly(vec_run *run, const vec_structure *s, vec_lanes lanes)
{
  uint32_t done[TG_BLOCK_LANES];
  unsigned char *alive = run->registers[s->alive];
  size_t n_alive = lanes.n;
  lanes.lanes = run->registers[s->lanes];
  memset(alive, 1, lanes.n);
  for (;;) {
    run->operations += n_alive * s->bodies[0].operations;
    vec_run_body(run, s->bodies[0], lanes);
    const unsigned char *condition = test(run, s, lanes.n);
    size_t n_done = run->code->kernels->retire(lanes.n, alive, condition, done);
    if (n_done > 0) {
      leave(run, s, n_done, done);
      n_alive -= n_done;
    }
    if (n_alive == 0) {
      return;
    }
    if (n_alive < lanes.n - lanes.n / 4) {
      pack(run, s, lanes.n, alive);
      lanes.n = n_alive;
      memset(alive, 1, lanes.n);
    }
    count_round(run, s, n_alive, lanes.n);
    vec_run_body(run, s->bodies[1], lanes);
    step_passes(run, s, lanes);
  }
}

static void iterate(vec_run *run, const vec_structure *s, vec_lanes lanes)
{
  bool counts = counts_fuel(run);
  unsigned char *mask = run->registers[s->mask];
  lanes.lanes = run->registers[s->lanes];
  while (lanes.n > 0) {
    run->operations += lanes.n * s->bodies[0].operations;
    vec_run_body(run, s->bodies[0], lanes);
    memmove(mask, test(run, s, lanes.n), lanes.n); /* the condition may be packed itself */
    if (counts || run->any_trapped) {
      take_fuel(run, s, lanes, mask);
    }
    size_t n = run->code->kernels->count(lanes.n, mask);
    if (n < lanes.n) {
      leave_others(run, s, lanes.n, mask);
      pack(run, s, n > 0 ? lanes.n : 0, mask);
      lanes.n = n;
    }
    if (lanes.n > 0) {
      count_round(run, s, lanes.n, lanes.n);
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
    pass_value(run, pass, run->registers[pass->to], pass->is_single ? 1 : lanes.n);
  }
  name_lanes(run, s, lanes);
  share_captures(run, s);
  if (s->count != VEC_NONE) {
    run->is_exhausted = false;
  }
  if (s->is_calm && !counts_fuel(run) && lanes.n > 0) {
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
    pass_value(run, pass, run->registers[pass->to], pass->is_single ? 1 : lanes.n);
  }
}

static void run_on_some(vec_run *run, const vec_structure *s, const vec_body *body, vec_lanes lanes, size_t n_chosen)
{
  const vec_kernels *kernels = run->code->kernels;
  const unsigned char *mask = run->registers[s->mask];
  const uint32_t *positions = run->registers[s->positions];
  name_lanes(run, s, lanes);
  pack_names(run, s, lanes.n, mask);
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
  uint32_t last = s->n_bodies - 1;
  if (instr->scalars != 0) {
    run_on_all(run, s, &run->code->bodies.data[s->first_body + (*selector < last ? (uint32_t)*selector : last)], lanes);
    restore_captures(run, s);
    return;
  }
  for (uint32_t k = 0; k < s->n_bodies; k++) {
    size_t n = choose(selector, lanes.n, k, s->n_bodies, run->registers[s->mask]);
    const vec_body *body = &run->code->bodies.data[s->first_body + k];
    run->operations += n * body->operations;
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
