/* registers.c: registers given out in one walk over the graph: a value's register is free again after its last use.
 * While uniform values are made nothing is given back: each has a place of its own. */
#include "backend/vec/plan.h"

uint32_t plan_new(vec_planner *p, uint8_t size, vec_place place)
{
  vec_code *code = p->code;
  if (p->failed || !vec_room(&p->allocator, &code->registers, 1)) {
    p->failed = true;
    return 0;
  }
  code->registers.data[code->registers.n] = (vec_register){.size = size, .place = (uint8_t)place};
  return (uint32_t)code->registers.n++;
}

uint32_t plan_take(vec_planner *p, uint8_t size)
{
  if (!p->preparing && p->free[size].n > 0) {
    return p->free[size].data[--p->free[size].n];
  }
  return plan_new(p, size, p->preparing ? VEC_UNIFORM : VEC_STREAM);
}

void plan_give_back(vec_planner *p, uint32_t r)
{
  uint8_t size = p->failed ? 0 : p->code->registers.data[r].size;
  if (p->failed || p->preparing) {
    return;
  }
  if (!vec_room(&p->allocator, &p->free[size], 1)) {
    p->failed = true;
    return;
  }
  p->free[size].data[p->free[size].n++] = r;
}

tg_type plan_type(const vec_planner *p, uint32_t v)
{
  return (tg_type)p->g->values.data[v].type;
}

/* An array value is the offset of its storage. */
uint8_t plan_size(const vec_planner *p, uint32_t v)
{
  return p->g->values.data[v].array_length > 0 ? 3 : vec_size_of(type_table[plan_type(p, v)].bytes);
}

uint32_t plan_register(const vec_planner *p, uint32_t v)
{
  return p->code->value[v];
}

/* One element stands for all lanes. */
bool plan_is_scalar(const vec_planner *p, uint32_t v)
{
  return !p->preparing && !p->single && (p->g->values.data[v].is_uniform || p->is_level[v]);
}

uint32_t plan_define(vec_planner *p, uint32_t v)
{
  bool is_kept = p->preparing || p->is_hoisted[v] || p->is_level[v];
  vec_place place = p->is_level[v] ? VEC_SINGLE : VEC_STREAM;
  uint32_t r = is_kept && !p->preparing ? plan_new(p, plan_size(p, v), place) : plan_take(p, plan_size(p, v));
  p->code->value[v] = r;
  p->owned[v] = is_kept ? VEC_NONE : r;
  return r;
}

static void plan_expire(vec_planner *p, uint32_t v)
{
  if (p->owned[v] != VEC_NONE) {
    plan_give_back(p, p->owned[v]);
    p->owned[v] = VEC_NONE;
  }
}

/* Operands that are not needed after node i make room for its result. */
void plan_expire_args(vec_planner *p, uint32_t of, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[of];
  for (uint32_t k = 0; k < node->n_args; k++) {
    uint32_t v = node_args(p->g, node)[k];
    if (p->last_use[v] == i) {
      plan_expire(p, v);
    }
  }
}

void plan_expire_after(vec_planner *p, uint32_t i)
{
  for (uint32_t v = p->expires[i]; v != VEC_NONE; v = p->expires_next[v]) {
    plan_expire(p, v);
  }
}

void plan_drop(vec_planner *p, const uint32_t *temporaries, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (temporaries[i] != VEC_NONE) {
      plan_give_back(p, temporaries[i]);
    }
  }
}
