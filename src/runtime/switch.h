/* switch.h: kernels of `auto` begin on `vec` and go on with machine code once there is some: a background thread makes
 * it when it is worth its time, and the driver takes it up between blocks, also in the middle of an invocation. Both
 * engines give the same bits and add to the same partials, so no result tells when that was. */
#ifndef TG_RUNTIME_SWITCH_H
#define TG_RUNTIME_SWITCH_H

#include "backend/backend.h"
#include "base/background.h"

#include <stdatomic.h>

typedef struct engine {
  const tg_backend *backend;
  void *code;
} engine;

typedef enum switch_state {
  SWITCH_WAITS, /* for enough to do */
  SWITCH_MAKES,
  SWITCH_READY, /* `engine` may be used */
  SWITCH_OFF    /* there is no code, for the reason in `error` */
} switch_state;

typedef struct engine_switch {
  background_job job;
  tg_context *context;
  unsigned how;        /* as in tg_backend.compile */
  char *cache;         /* folder, or NULL */
  char *path, *module; /* the plug-in, and the graph, as they are handed to it */
  size_t n_cache, n_path, n_module;
  size_t uniform_bytes, scratch_bytes;  /* that workspaces have for the code */
  uint64_t first_block;                 /* that the code may run; 0 but in tests */
  uint64_t worth_ps;                    /* work from which on it is made, in 10^-12 s as graph/cost.h counts */
  uint64_t lane_ps, loops_ps, round_ps; /* of a lane; of that for loops, which is a guess; what a round really is */
  atomic_uint_fast64_t spent_ps;        /* work so far; some may be missed where several threads count */
  atomic_int state;                     /* switch_state; with it engine and quick, or error are handed over */
  engine engine;
  bool can_be_quick;   /* as far as the kernel knows */
  backend_quick quick; /* of the engine */
  tg_error error;
} engine_switch;

typedef struct tg_kernel tg_kernel;

/* Gives a kernel a switch, if its graph could gain by it and the plug-in is there. block: UINT64_MAX, or the block from
 * which on each invocation must use the code, which is waited for. */
tg_status switch_open(tg_kernel *kernel, unsigned how, uint64_t block, tg_error *error);
/* Asks for less room in workspaces, before code is made. */
void switch_shrink(tg_kernel *kernel);
/* Never waits for code that is being made. */
void switch_close(tg_kernel *kernel);

/* The engine that an invocation of n lanes begins with, and in *later what may give it another one, or NULL. */
engine switch_begin(const tg_kernel *kernel, uint64_t n, engine_switch **later);

/* Whether an engine is machine code made for its graph: then it can be shown. */
static inline bool engine_is_compiled(engine e)
{
  return e.backend->text != NULL;
}

/* What n lanes took, in rounds of loops: more than was guessed when the invocation began may make code worth it. */
void switch_count_rounds(engine_switch *s, uint64_t n, uint64_t rounds);

/* The engine that may run a block, or NULL: not yet. */
static inline const engine *switch_engine(const engine_switch *s, uint64_t block)
{
  bool is_ready = atomic_load_explicit(&s->state, memory_order_acquire) == SWITCH_READY;
  return is_ready && block >= s->first_block ? &s->engine : NULL;
}

/* The quick way of an invocation of one block, given that of the kernel's own engine; and that n lanes took it. */
static inline const backend_quick *switch_quick(const engine_switch *s, const backend_quick *own)
{
  bool is_ready = atomic_load_explicit(&s->state, memory_order_acquire) == SWITCH_READY;
  return is_ready && s->first_block == 0 ? &s->quick : own;
}
void switch_count_lanes(engine_switch *s, uint64_t n);

#endif
