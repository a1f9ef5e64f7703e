/* plan.h: what the emitter of `vec` knows about a graph before and while it makes instructions of it. */
#ifndef TG_BACKEND_VEC_PLAN_H
#define TG_BACKEND_VEC_PLAN_H

#include "backend/vec/program.h"

#define VEC_NONE UINT32_MAX

/* A value that another register stands for inside a body, and the register to go back to. */
typedef struct vec_shadow {
  uint32_t value, outer;
} vec_shadow;

typedef struct vec_planner {
  vec_code *code;
  const tg_graph *g;
  tg_allocator allocator;
  uint32_t *last_use;     /* by value: the node after which its register is free; VEC_NONE: never */
  uint32_t *owned;        /* by value: the register that it holds, or VEC_NONE */
  uint32_t *stamp;        /* by value: the last opener that captured it */
  uint32_t *expires;      /* by node: the first value that is last used there */
  uint32_t *expires_next; /* by value: the next of that list */
  uint32_t *fused;        /* by value: the node that makes it on its way to its own result, or VEC_NONE */
  uint8_t *role;          /* by value: what it is in a pattern (pattern.c) */
  uint32_t *made_at;      /* by value: the node that has it as a result, or VEC_NONE */
  uint32_t *stored;       /* by value: the output that it is stored to and used by nothing else, or VEC_NONE */
  bool *is_level;         /* by value: the same in all lanes of the loop that it is in */
  bool *is_hoisted;       /* by value: a load or iota, made at the top wherever it stands */
  VEC(uint32_t) free[VEC_SIZE_COUNT];
  VEC(vec_shadow) shadows;
  uint32_t depth; /* of loops and branches around what is being made */
  bool single;    /* making a level value: one lane stands for all */
  bool preparing; /* making the program of uniform values */
  bool failed;    /* no memory: instructions go to `ignored` */
  vec_instr ignored;
} vec_planner;

/* Fills last_use, expires and is_hoisted. */
bool vec_plan(vec_planner *p);
void vec_plan_free(vec_planner *p);

/* registers.c: a register for elements of 1 << size bytes, new or free again; and back. */
uint32_t plan_new(vec_planner *p, uint8_t size, vec_place place);
uint32_t plan_take(vec_planner *p, uint8_t size);
void plan_give_back(vec_planner *p, uint32_t r);
void plan_drop(vec_planner *p, const uint32_t *temporaries, size_t n); /* those that are not VEC_NONE */
/* The register of a value: a new one, and the one that it has here. */
uint32_t plan_define(vec_planner *p, uint32_t v);
uint32_t plan_register(const vec_planner *p, uint32_t v);
tg_type plan_type(const vec_planner *p, uint32_t v);
uint8_t plan_size(const vec_planner *p, uint32_t v);
bool plan_is_scalar(const vec_planner *p, uint32_t v); /* one element stands for all lanes */
/* Frees the operands of node `of` that node i is the last to use, and all that is last used at node i. */
void plan_expire_args(vec_planner *p, uint32_t of, uint32_t i);
void plan_expire_after(vec_planner *p, uint32_t i);

/* emit.c: the next instruction; a value as an index or body number in u64; the instructions of a node. */
vec_instr *emit_add(vec_planner *p, vec_kind kind, uint32_t node);
uint32_t emit_index(vec_planner *p, uint32_t node, uint32_t v, uint32_t temporaries[2]);
void emit_source(vec_planner *p, uint32_t i);
void emit_pure(vec_planner *p, uint32_t i);
void emit_effect(vec_planner *p, uint32_t i);

/* level.c: fills is_level. */
void level_find(vec_planner *p);

/* fuse.c: finds values that are made by their only user (fills fused and made_at); emits a node that makes one of its
 * operands, or returns false. */
void fuse_find(vec_planner *p);
bool fuse_emit(vec_planner *p, uint32_t i);

/* pattern.c: the same for larger groups of operations, after pairs; `stamp` is how often a value is used. */
void pattern_find(vec_planner *p);
bool pattern_emit(vec_planner *p, uint32_t i);

/* flat.c: the flat program, after all else. */
void flat_emit(vec_planner *p);

/* The number of values that exist before node i defines any. */
uint32_t vec_values_before(const tg_graph *g, uint32_t i);

/* Whether a value is made outside the loop or branch `opener`. */
static inline bool vec_is_outside(const vec_planner *p, uint32_t value, uint32_t opener)
{
  return p->is_hoisted[value] || value < vec_values_before(p->g, opener);
}

#endif
