/* effects.c: arrays, traps and charges, lane by lane. Element k of an array of all lanes of a strip lies together, so
 * that lanes which use one index read one run of memory. A trapped lane goes on without effect: it is left out of loops
 * and of all that a strip leaves behind. */
#include "backend/vec/program.h"

#include <string.h>

/* ---- traps and fuel ---- */

void vec_trap_lane(vec_run *run, uint32_t lane, uint32_t code, uint32_t position)
{
  if (!run->trapped[lane]) {
    run->trapped[lane] = 1;
    run->fates[lane].trap = (vec_trap){code, position};
    run->any_trapped = true;
  }
}

static void run_trap(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  const unsigned char *condition = run->registers[instr->a];
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  bool any = run->code->kernels->count(lanes.n, condition) > 0; /* mostly not */
  for (size_t i = 0; any && i < lanes.n; i++) {
    if (condition[i]) {
      vec_trap_lane(run, vec_strip_lane(lanes, i), (uint32_t)node->imm, node->position);
    }
  }
}

static void run_charge(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  const uint64_t *amount = run->registers[instr->a];
  if (run->args->fuel == TG_FUEL_UNLIMITED) {
    return;
  }
  for (size_t i = 0; i < lanes.n; i++) {
    uint32_t lane = vec_strip_lane(lanes, i);
    if (run->trapped[lane]) {
      continue;
    }
    if (amount[i] > run->fates[lane].fuel) {
      vec_trap_lane(run, lane, TG_TRAP_FUEL, run->code->graph->nodes.data[instr->node].position);
    } else {
      run->fates[lane].fuel -= amount[i];
    }
  }
}

/* ---- arrays ---- */

/* Copies an element. Compilers make one instruction of each; a call with a size that they do not know can take fifteen
 * times as long. */
static void move_element(void *to, const void *from, size_t bytes)
{
  switch (bytes) {
  case 1: memcpy(to, from, 1); break;
  case 2: memcpy(to, from, 2); break;
  case 4: memcpy(to, from, 4); break;
  default: memcpy(to, from, 8);
  }
}

/* Element `index` of the array at `offset` in a lane's memory, for a lane. */
static unsigned char *element_of(const vec_run *run, uint64_t offset, uint64_t index, size_t bytes, uint32_t lane)
{
  return run->arrays + (offset + index * bytes) * run->code->strip + lane * bytes;
}

static const uint64_t zero = 0;

static void run_array(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  const graph_value *value = &run->code->graph->values.data[node->first_result];
  size_t bytes = type_table[value->type].bytes, offset = run->code->storage[node->first_result];
  uint64_t *out = run->registers[instr->out];
  for (size_t i = 0; i < lanes.n; i++) {
    out[i] = offset;
  }
  for (uint64_t index = 0; index < value->array_length; index++) {
    for (size_t i = 0; i < lanes.n; i++) {
      move_element(element_of(run, offset, index, bytes, vec_strip_lane(lanes, i)), &zero, bytes);
    }
  }
}

/* Elements of n lanes, read or written in one walk over them. What lies at an index out of range is 0. */
typedef struct array_access {
  unsigned char *arrays;
  size_t strip;
  uint64_t length;
  const uint64_t *offset, *index;
  void *elements; /* of a load the results, of a store what is stored */
} array_access;

#define ACCESS(T)                                                                                                      \
  static void load_##T(const array_access *x, vec_lanes lanes)                                                         \
  {                                                                                                                    \
    T *out = x->elements;                                                                                              \
    for (size_t i = 0; i < lanes.n; i++) {                                                                             \
      uint64_t index = x->index[i] < x->length ? x->index[i] : 0;                                                      \
      const unsigned char *from = x->arrays + (x->offset[i] + index * sizeof(T)) * x->strip;                           \
      T element;                                                                                                       \
      memcpy(&element, from + vec_strip_lane(lanes, i) * sizeof element, sizeof element);                              \
      out[i] = x->index[i] < x->length ? element : 0;                                                                  \
    }                                                                                                                  \
  }                                                                                                                    \
  static void store_##T(const array_access *x, vec_lanes lanes)                                                        \
  {                                                                                                                    \
    const T *in = x->elements;                                                                                         \
    for (size_t i = 0; i < lanes.n; i++) {                                                                             \
      uint64_t index = x->index[i] < x->length ? x->index[i] : 0;                                                      \
      unsigned char *to = x->arrays + (x->offset[i] + index * sizeof(T)) * x->strip;                                   \
      if (x->index[i] < x->length) {                                                                                   \
        memcpy(to + vec_strip_lane(lanes, i) * sizeof(T), &in[i], sizeof(T));                                          \
      }                                                                                                                \
    }                                                                                                                  \
  }
ACCESS(uint8_t)
ACCESS(uint16_t)
ACCESS(uint32_t)
ACCESS(uint64_t)

static void run_access(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  static void (*const walks[VEC_SIZE_COUNT][2])(const array_access *, vec_lanes) = {{load_uint8_t, store_uint8_t},
                                                                                    {load_uint16_t, store_uint16_t},
                                                                                    {load_uint32_t, store_uint32_t},
                                                                                    {load_uint64_t, store_uint64_t}};
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  const graph_value *array = &run->code->graph->values.data[node_args(run->code->graph, node)[0]];
  bool is_store = instr->kind == VEC_I_ASTORE;
  const array_access x = {run->arrays,
                          run->code->strip,
                          array->array_length,
                          run->registers[instr->a],
                          run->registers[instr->b],
                          run->registers[is_store ? instr->c : instr->out]};
  walks[vec_size_of(type_table[array->type].bytes)][is_store](&x, lanes);
  if (is_store) {
    memmove(run->registers[instr->out], x.offset, lanes.n * sizeof *x.offset);
  }
}

/* The next carried array of each lane: in place when the step changed it in place, else copied to the storage that is
 * free of the carried array's two. */
void vec_carry_arrays(vec_run *run, uint32_t array, const uint64_t *next, uint64_t *carried, vec_lanes lanes)
{
  const graph_value *value = &run->code->graph->values.data[array];
  size_t bytes = type_table[value->type].bytes, own = run->code->storage[array];
  for (size_t i = 0; i < lanes.n; i++) {
    if (next[i] == carried[i]) {
      continue;
    }
    uint64_t target = carried[i] == own ? own + value->array_length * bytes : own;
    for (uint64_t index = 0; index < value->array_length; index++) {
      uint32_t lane = vec_strip_lane(lanes, i);
      move_element(element_of(run, target, index, bytes, lane), element_of(run, next[i], index, bytes, lane), bytes);
    }
    carried[i] = target;
  }
}

void vec_run_effect(vec_run *run, const vec_instr *instr, vec_lanes lanes)
{
  if (instr->kind == VEC_I_TRAP) {
    run_trap(run, instr, lanes);
  } else if (instr->kind == VEC_I_CHARGE) {
    run_charge(run, instr, lanes);
  } else if (instr->kind == VEC_I_ARRAY) {
    run_array(run, instr, lanes);
  } else {
    run_access(run, instr, lanes);
  }
}
