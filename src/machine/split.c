/* split.c: runs the loop of a machine that is split (src/routine/split.h): a turn for all instances that are in it,
 * then each arm for those that take it. A group's slots are packed, the kernel runs on them as on any streams, and what
 * it saved goes back to where it was; a group of all instances is run in place. */
#include "base/error.h"
#include "machine/machine.h"

#include <string.h>

/* ---- memory ---- */

static size_t workspace_bytes(const tg_machine *m)
{
  size_t most = 0;
  for (uint32_t k = 0; k <= m->routines.split.n_arms; k++) {
    size_t bytes = tg_kernel_workspace_bytes(m->phases[m->routines.split.turn + k].kernel);
    most = bytes > most ? bytes : most;
  }
  return most;
}

/* Inputs that the loop's phases read. */
static void open_inputs(tg_machine *m)
{
  const routine_split *split = &m->routines.split;
  m->split.inputs = arena_array(&m->run_memory, unsigned char *, m->entry->n_operands);
  for (uint32_t k = split->turn; m->split.inputs != NULL && k <= split->turn + split->n_arms; k++) {
    const routine *r = &m->routines.phases[k];
    for (uint32_t i = 0; i < r->operands.n; i++) {
      uint32_t index = r->operands.data[i].index;
      if (r->operands.data[i].role == ROUTINE_INPUT && m->split.inputs[index] == NULL) {
        size_t bytes = type_table[m->entry->operands[index].type.scalar].bytes;
        m->split.inputs[index] = arena_zeroed(&m->run_memory, m->window, bytes);
      }
    }
  }
}

tg_status split_open(tg_machine *m, tg_error *error)
{
  split_run *s = &m->split;
  if (m->routines.split.turn == 0) {
    return TG_OK;
  }
  *s = (split_run){.packed = arena_array(&m->run_memory, unsigned char *, m->routines.slots.n),
                   .ones = arena_array(&m->run_memory, unsigned char, m->window),
                   .alive = arena_array(&m->run_memory, unsigned char, m->window),
                   .ids = arena_array(&m->run_memory, uint64_t, m->window),
                   .list = arena_array(&m->run_memory, uint32_t, m->window),
                   .order = arena_array(&m->run_memory, uint32_t, m->window),
                   .starts = arena_array(&m->run_memory, size_t, m->routines.split.n_arms + 2u)};
  for (size_t k = 0; s->packed != NULL && k < m->routines.slots.n; k++) {
    s->packed[k] = arena_zeroed(&m->run_memory, m->window, type_table[m->routines.slots.data[k].type].bytes);
  }
  open_inputs(m);
  if (m->run_memory.failed) {
    return error_set(error, TG_NOMEM, "no memory to regroup %zu instances", m->window);
  }
  memset(s->ones, 1, m->window);
  return tg_workspace_create(m->context, workspace_bytes(m), &s->workspace) == TG_OK
             ? TG_OK
             : error_set(error, TG_NOMEM, "no memory to regroup %zu instances", m->window);
}

void split_close(tg_machine *m)
{
  tg_workspace_destroy(m->split.workspace);
  m->split = (split_run){.workspace = NULL};
}

/* ---- moving ---- */

/* Lanes that run together; in place if they are all of the window. */
typedef struct group {
  uint32_t phase;
  const uint32_t *lanes;
  size_t n;
  bool is_in_place;
} group;

/* Elements lanes[0], lanes[1], ... of `from`, side by side. */
static void pack(unsigned char *to, const unsigned char *from, const group *g, size_t bytes)
{
  for (size_t i = 0; i < g->n; i++) {
    const unsigned char *at = from + g->lanes[i] * bytes;
    switch (bytes) {
    case 1: to[i] = *at; break;
    case 2: memcpy(to + 2 * i, at, 2); break;
    case 4: memcpy(to + 4 * i, at, 4); break;
    default: memcpy(to + 8 * i, at, 8);
    }
  }
}

/* The other way, of those that did not trap. */
static void unpack(unsigned char *to, const unsigned char *from, const group *g, size_t bytes,
                   const unsigned char *alive)
{
  for (size_t i = 0; i < g->n; i++) {
    unsigned char *at = to + g->lanes[i] * bytes;
    if (!alive[i]) {
      continue;
    }
    switch (bytes) {
    case 1: *at = from[i]; break;
    case 2: memcpy(at, from + 2 * i, 2); break;
    case 4: memcpy(at, from + 4 * i, 4); break;
    default: memcpy(at, from + 8 * i, 8);
    }
  }
}

static size_t slot_bytes(const tg_machine *m, uint32_t slot)
{
  return type_table[m->routines.slots.data[slot].type].bytes;
}

/* ---- a group ---- */

static tg_binding stream_of(const tg_machine *m, void *data, size_t bytes)
{
  return (tg_binding){.data = data, .bytes = m->window * bytes, .stride = (ptrdiff_t)bytes};
}

/* Those of a group, side by side. Their memory was checked: check_inputs. */
static tg_status pack_input(tg_machine *m, const group *g, uint32_t index, uint64_t first, tg_error *error)
{
  const tg_binding *b = &m->bound[index];
  size_t bytes = type_table[m->entry->operands[index].type.scalar].bytes;
  void *data = b->data;
  if (data == NULL) {
    TG_TRY(tg_buffer_map(b->buffer, &data, error));
  }
  const unsigned char *base = (const unsigned char *)data + b->offset;
  for (size_t i = 0; i < g->n; i++) {
    memcpy(m->split.inputs[index] + i * bytes, base + (ptrdiff_t)(first + g->lanes[i]) * b->stride, bytes);
  }
  if (b->data == NULL) {
    tg_buffer_unmap(b->buffer);
  }
  return TG_OK;
}

static tg_status bind(tg_machine *m, const group *g, uint64_t first, tg_error *error)
{
  const routine *r = &m->routines.phases[g->phase];
  tg_binding *bindings = m->phases[g->phase].bindings;
  for (uint32_t k = 0; k < r->operands.n; k++) {
    routine_operand role = r->operands.data[k];
    switch ((int)role.role) {
    case ROUTINE_LOAD:
    case ROUTINE_SAVE:
      bindings[k] =
          stream_of(m, g->is_in_place ? m->slots[role.index] : m->split.packed[role.index], slot_bytes(m, role.index));
      break;
    case ROUTINE_INPUT:
      if (g->is_in_place) {
        TG_TRY(machine_bind_operand(m, g->phase, k, first, g->n, &bindings[k], error));
      } else {
        TG_TRY(pack_input(m, g, role.index, first, error));
        size_t bytes = type_table[m->entry->operands[role.index].type.scalar].bytes;
        bindings[k] = stream_of(m, m->split.inputs[role.index], bytes);
      }
      break;
    case ROUTINE_ID: bindings[k] = stream_of(m, m->split.ids, sizeof *m->split.ids); break;
    case ROUTINE_WAS_ALIVE: bindings[k] = stream_of(m, m->split.ones, 1); break;
    case ROUTINE_ALIVE: bindings[k] = stream_of(m, m->split.alive, 1); break;
    default: TG_TRY(machine_bind_operand(m, g->phase, k, first, g->n, &bindings[k], error));
    }
  }
  return TG_OK;
}

static void pack_all(tg_machine *m, const group *g)
{
  const routine *r = &m->routines.phases[g->phase];
  for (uint32_t k = 0; k < r->operands.n; k++) {
    routine_operand role = r->operands.data[k];
    if (role.role == ROUTINE_LOAD && !g->is_in_place) {
      pack(m->split.packed[role.index], m->slots[role.index], g, slot_bytes(m, role.index));
    }
  }
  for (size_t i = 0; i < g->n; i++) {
    m->split.ids[i] = m->n_done + g->lanes[i];
  }
  memset(m->split.alive, 0, g->n);
}

static void unpack_all(tg_machine *m, const group *g, unsigned char *alive)
{
  const routine *r = &m->routines.phases[g->phase];
  for (uint32_t k = 0; k < r->operands.n && !g->is_in_place; k++) {
    routine_operand role = r->operands.data[k];
    if (role.role == ROUTINE_SAVE) {
      unpack(m->slots[role.index], m->split.packed[role.index], g, slot_bytes(m, role.index), m->split.alive);
    }
  }
  for (size_t i = 0; i < g->n; i++) {
    alive[g->lanes[i]] = m->split.alive[i];
  }
}

static tg_status run_group(tg_machine *m, const group *g, uint64_t first, unsigned char *alive, tg_error *error)
{
  tg_invocation call = TG_INVOCATION_INIT;
  tg_outcome outcome = {0};
  TG_TRY(bind(m, g, first, error));
  pack_all(m, g);
  call.n = g->n;
  call.bindings = m->phases[g->phase].bindings;
  call.n_bindings = m->phases[g->phase].n;
  call.workspace = m->split.workspace;
  call.outcome = &outcome;
  TG_TRY(tg_invoke(m->phases[g->phase].kernel, &call, error));
  if (outcome.n_trapped > 0) {
    outcome.first_lane = m->n_done + g->lanes[outcome.first_lane];
    machine_note_traps(m, g->phase, &outcome);
  }
  unpack_all(m, g, alive);
  return TG_OK;
}

/* ---- the loop ---- */

/* Sorts the lanes of the list that go on by their arms, those of an arm in their order, and shortens the list to them.
 */
static size_t sort_by_arm(tg_machine *m, size_t n, const unsigned char *alive)
{
  uint32_t n_arms = m->routines.split.n_arms;
  const unsigned char *arms = m->slots[m->routines.split.arm_slot];
  size_t *starts = m->split.starts, n_left = 0;
  memset(starts, 0, (n_arms + 2u) * sizeof *starts);
  for (size_t i = 0; i < n; i++) {
    uint32_t lane = m->split.list[i], arm;
    memcpy(&arm, arms + lane * sizeof arm, sizeof arm);
    if (alive[lane] && arm < n_arms) {
      starts[arm + 2]++; /* moved on by one below, and by one more as lanes are placed */
      m->split.list[n_left++] = lane;
    }
  }
  for (uint32_t k = 2; k < n_arms + 2; k++) {
    starts[k] += starts[k - 1];
  }
  for (size_t i = 0; i < n_left; i++) {
    uint32_t arm;
    memcpy(&arm, arms + m->split.list[i] * sizeof arm, sizeof arm);
    m->split.order[starts[arm + 1]++] = m->split.list[i];
  }
  return n_left;
}

/* Those of the first n lanes of the list that are alive. */
static size_t keep_alive(const tg_machine *m, size_t n, const unsigned char *alive)
{
  size_t n_left = 0;
  for (size_t i = 0; i < n; i++) {
    if (alive[m->split.list[i]]) {
      m->split.list[n_left++] = m->split.list[i];
    }
  }
  return n_left;
}

static tg_status run_arms(tg_machine *m, uint64_t first, size_t lanes, unsigned char *alive, tg_error *error)
{
  const routine_split *split = &m->routines.split;
  for (uint32_t k = 0; k < split->n_arms; k++) {
    size_t start = m->split.starts[k], n = m->split.starts[k + 1] - start;
    const group g = {split->turn + 1 + k, m->split.order + start, n, n == lanes};
    if (n > 0) {
      TG_TRY(run_group(m, &g, first, alive, error));
    }
  }
  return TG_OK;
}

/* Inputs that are packed are read here, so that their memory must be as large as the driver demands it elsewhere. */
static tg_status check_inputs(tg_machine *m, uint64_t n, tg_error *error)
{
  for (uint32_t k = 0; k < m->entry->n_operands; k++) {
    const prog_operand *o = &m->entry->operands[k];
    const tg_binding *b = &m->bound[k];
    if (m->split.inputs[k] == NULL) {
      continue;
    }
    if (!machine_is_given(b)) {
      return machine_not_given(o, error);
    }
    uint64_t length = machine_length(b, (tg_type)o->type.scalar);
    if (length == 0 || (length < n && b->stride != 0)) {
      error_set(error, TG_BOUNDS, "input %.100s has memory for %llu instances, not %llu", o->name,
                (unsigned long long)length, (unsigned long long)n);
      return TG_BOUNDS;
    }
  }
  return TG_OK;
}

tg_status split_loop(tg_machine *m, uint64_t first, size_t lanes, tg_error *error)
{
  const routine_split *split = &m->routines.split;
  uint32_t next = split->turn + split->n_arms + 1;
  unsigned char *alive = m->alive[(split->turn + 1) & 1]; /* of the phase before */
  size_t n = 0;
  TG_TRY(check_inputs(m, first + lanes, error));
  for (uint32_t lane = 0; lane < lanes; lane++) {
    m->split.list[lane] = lane;
  }
  for (n = keep_alive(m, lanes, alive); n > 0; n = keep_alive(m, n, alive)) {
    const group all = {split->turn, m->split.list, n, n == lanes};
    TG_TRY(run_group(m, &all, first, alive, error));
    n = sort_by_arm(m, n, alive);
    TG_TRY(run_arms(m, first, lanes, alive, error));
  }
  if (m->alive[(next + 1) & 1] != alive) {
    memcpy(m->alive[(next + 1) & 1], alive, lanes);
  }
  return TG_OK;
}
