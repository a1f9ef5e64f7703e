/* switch.c: see switch.h. The background thread may not call the caller's allocator, which need not be made for several
 * threads: it has all its memory, and that of the code, from malloc. What it is handed was made before. */
#include "runtime/switch.h"

#include "runtime/kernel.h"

#include <string.h>

/* ---- room ----
 * A workspace is made before it is known what the code needs: streams in strips, lanes of groups, and all else that
 * the plug-in keeps in scratch (backend/llvm/plan.c). Code that needs more is not used. */

enum { ROOM_BYTES = 16384, ROOM_STREAM = 2304, ROOM_ARG = 64, ROOM_SUM = 1536, ROOM_LANES = 64 };
enum { ROOM_REFILL = 24 << 10, ROOM_REFILL_SUMS = 48 << 10 }; /* queues of lanes, at most */

static size_t uniform_room(const tg_graph *g)
{
  size_t n = 1;
  for (size_t v = 0; v < g->values.n; v++) {
    n += g->values.data[v].is_uniform;
  }
  return n * sizeof(uint64_t);
}

/* Arrays, and twice those that loops carry. */
static size_t array_room(const tg_graph *g)
{
  size_t n = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    bool is_loop = node->op == TG_OP_LOOP;
    uint32_t first = is_loop ? node->first_carried : node->first_result;
    for (uint32_t k = 0; k < (is_loop ? node->n_args : node->op == TG_OP_ARRAY ? 1 : 0); k++) {
      const graph_value *value = &g->values.data[first + k];
      size_t bytes = (size_t)value->array_length * type_table[value->type].bytes + 8;
      n += value->array_length > 0 ? bytes * ROOM_LANES * (is_loop ? 2 : 1) : 0;
    }
  }
  return n;
}

static size_t scratch_room(const tg_graph *g)
{
  size_t n = ROOM_BYTES + ROOM_STREAM * g->operands.n + ROOM_ARG * g->n_arg_sinks;
  for (size_t i = 0; i < g->nodes.n; i++) {
    n += g->nodes.data[i].op == TG_OP_SUM ? ROOM_SUM : 0;
  }
  return n;
}

/* The least if `is_small`; else with room for lane refill. */
static size_t choose_room(const tg_kernel *kernel, bool is_small)
{
  size_t n = scratch_room(kernel->graph), refill = kernel->n_sums > 0 ? ROOM_REFILL_SUMS : ROOM_REFILL;
  bool has_loops = cost_next_loop(kernel->graph, COST_OUTSIDE) != COST_OUTSIDE;
  return (has_loops && !is_small && n < refill ? refill : n) + array_room(kernel->graph);
}

void switch_shrink(tg_kernel *kernel)
{
  kernel->later->scratch_bytes = choose_room(kernel, true);
}

/* ---- making code, in the background ---- */

static tg_status make_in_form(engine_switch *s, unsigned form)
{
  tg_allocator plain = alloc_default();
  const tg_backend *backend = &llvm_backends[0];
  backend_order order = {s->path, &plain, 0, s->how, form, s->cache, s->module, s->n_module};
  TG_TRY(backend_llvm_make(&order, &s->engine.code, &s->error));
  s->engine.backend = backend;
  if (backend->uniform_bytes(s->engine.code) > s->uniform_bytes ||
      backend->scratch_bytes(s->engine.code) > s->scratch_bytes) {
    return error_set(&s->error, TG_LIMIT, "the machine code needs more scratch memory than was put aside for it");
  }
  return TG_OK;
}

/* Masked loops need the least memory. */
static tg_status make(engine_switch *s)
{
  tg_status status = make_in_form(s, BACKEND_FORM_BEST);
  if (status == TG_LIMIT) {
    llvm_backends[0].drop(s->context, s->engine.code);
    s->engine.code = NULL;
    status = make_in_form(s, BACKEND_FORM_MASKED);
  }
  return status;
}

static void work(background_job *job)
{
  engine_switch *s = (engine_switch *)(void *)job;
  switch_state state = make(s) == TG_OK ? SWITCH_READY : SWITCH_OFF;
  if (state == SWITCH_READY && s->can_be_quick) {
    quick_engine(&s->quick, s->engine);
  }
  atomic_store_explicit(&s->state, state, memory_order_release);
}

static void drop(background_job *job)
{
  engine_switch *s = (engine_switch *)(void *)job;
  const tg_allocator *a = &s->context->allocator;
  llvm_backends[0].drop(s->context, s->engine.code);
  alloc_free(a, s->path, s->n_path, 1);
  alloc_free(a, s->cache, s->n_cache, 1);
  alloc_free(a, s->module, s->n_module + 1, 1);
  alloc_free(a, s, 1, sizeof *s);
}

static void start(engine_switch *s)
{
  int waits = SWITCH_WAITS;
  if (atomic_compare_exchange_strong(&s->state, &waits, SWITCH_MAKES) &&
      !background_start(&s->context->background, &s->job)) {
    error_set(&s->error, TG_UNSUPPORTED, "there is no thread that could make machine code");
    atomic_store_explicit(&s->state, SWITCH_OFF, memory_order_release);
  }
}

/* ---- opening and closing ---- */

static char *copy_text(const tg_allocator *a, const char *text, size_t *n)
{
  *n = strlen(text) + 1;
  char *copy = alloc_zeroed(a, *n, 1);
  if (copy != NULL) {
    memcpy(copy, text, *n);
  }
  return copy;
}

static bool hand_over(engine_switch *s, const tg_kernel *kernel, const char *path)
{
  const tg_allocator *a = &s->context->allocator;
  char folder[BACKEND_PATH];
  const char *cache = backend_llvm_cache(folder);
  s->path = copy_text(a, path, &s->n_path);
  s->cache = cache == NULL ? NULL : copy_text(a, cache, &s->n_cache);
  return s->path != NULL && (cache == NULL || s->cache != NULL) &&
         graph_encode(kernel->graph, &s->module, &s->n_module) == TG_OK;
}

static tg_status open_for(tg_kernel *kernel, const char *path, tg_error *error)
{
  engine_switch *s = alloc_zeroed(&kernel->context->allocator, 1, sizeof *s);
  kernel->later = s;
  if (s == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the kernel");
  }
  s->job = (background_job){.work = work, .drop = drop, .state = BACKGROUND_NEW};
  s->context = kernel->context;
  s->can_be_quick = kernel->quick.can;
  atomic_init(&s->spent_ps, 0);
  atomic_init(&s->state, SWITCH_WAITS);
  cost_speed speed = kernel->backend->speed;
  s->lane_ps = cost_lane_ps(kernel->graph, speed, COST_ROUNDS) + 1;
  s->loops_ps = s->lane_ps - cost_lane_ps(kernel->graph, speed, 0);
  s->round_ps = cost_round_ps(kernel->graph, speed);
  s->uniform_bytes = uniform_room(kernel->graph);
  s->scratch_bytes = choose_room(kernel, false);
  return hand_over(s, kernel, path) ? TG_OK : error_set(error, TG_NOMEM, "no memory for the kernel");
}

static tg_status wait_for_code(engine_switch *s, uint64_t block, tg_error *error)
{
  s->first_block = block;
  start(s);
  background_wait(&s->context->background, &s->job);
  if (atomic_load_explicit(&s->state, memory_order_acquire) == SWITCH_READY) {
    return TG_OK;
  }
  if (error != NULL) {
    *error = s->error;
  }
  return s->error.code;
}

tg_status switch_open(tg_kernel *kernel, unsigned how, uint64_t block, tg_error *error)
{
  char path[BACKEND_PATH];
  bool is_forced = block != UINT64_MAX;
  uint64_t worth = cost_worth_code(kernel->graph, kernel->backend->speed, llvm_backends[0].speed);
  if (!is_forced && worth == UINT64_MAX) {
    return TG_OK;
  }
  tg_status status = backend_llvm_find(path, is_forced ? error : NULL); /* success leaves the error as it was */
  if (status != TG_OK) {
    return is_forced ? status : TG_OK;
  }
  TG_TRY(open_for(kernel, path, error));
  kernel->later->how = how;
  kernel->later->worth_ps = worth;
  return is_forced ? wait_for_code(kernel->later, block, error) : TG_OK;
}

void switch_close(tg_kernel *kernel)
{
  if (kernel->later != NULL) {
    background_forget(&kernel->context->background, &kernel->later->job);
    kernel->later = NULL;
  }
}

/* ---- invocations ---- */

static uint64_t times(uint64_t n, uint64_t ps)
{
  return ps > 0 && n > COST_PS_MOST / ps ? COST_PS_MOST : n * ps;
}

static void count(engine_switch *s, uint64_t ps)
{
  uint64_t spent = atomic_load_explicit(&s->spent_ps, memory_order_relaxed) + ps;
  atomic_store_explicit(&s->spent_ps, spent, memory_order_relaxed);
  if (spent >= s->worth_ps) {
    start(s);
  }
}

void switch_count_lanes(engine_switch *s, uint64_t n)
{
  if (atomic_load_explicit(&s->state, memory_order_relaxed) == SWITCH_WAITS) {
    count(s, times(n, s->lane_ps));
  }
}

void switch_count_rounds(engine_switch *s, uint64_t n, uint64_t rounds)
{
  uint64_t guessed = times(n, s->loops_ps), took = times(rounds, s->round_ps);
  if (took > guessed && atomic_load_explicit(&s->state, memory_order_relaxed) == SWITCH_WAITS) {
    count(s, took - guessed);
  }
}

engine switch_begin(const tg_kernel *kernel, uint64_t n, engine_switch **later)
{
  engine_switch *s = kernel->later;
  *later = NULL;
  if (s != NULL) {
    int state = atomic_load_explicit(&s->state, memory_order_acquire);
    if (state == SWITCH_READY && s->first_block == 0) {
      return s->engine;
    }
    if (state == SWITCH_WAITS) {
      count(s, times(n, s->lane_ps));
      state = atomic_load_explicit(&s->state, memory_order_acquire);
    }
    bool may_start = state == SWITCH_WAITS && s->round_ps > 0;
    *later = may_start || state == SWITCH_MAKES || state == SWITCH_READY ? s : NULL;
  }
  return (engine){kernel->backend, kernel->code};
}
