/* invoke_threads_test.c: one kernel invoked by several threads at once, and invocations that use several threads: the
 * bytes are those of one thread alone. Runs with the thread sanitizer too. */
#include "kit.h"
#include "pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The calling thread alone. */
static const tg_threads no_threads = {NULL, NULL, 1};

/* ---- a graph with everything that tiles have to agree on ---- */

static const char source[] =
    "graph all {\n"
    "  param limit f32\n  input x f32\n  output y f64\n  output small u8\n"
    "  result s f32\n  result t f64\n  result u i64\n  result least u32\n  result most u32\n"
    "  uniform {\n    %p = param limit\n    %half = const f32 0.5\n    %bound = mul %p, %half\n  }\n"
    "  %x = load x\n  %zero = const u32 0\n  %one = const u32 1\n  %i = iota %zero, %one\n"
    "  %above = lt %bound, %x\n"
    "  trap 7 %above @11\n"
    "  %k = loop %n = %zero @12 {\n"
    "    %seven = const u32 7\n    %low = and %i, %seven\n    %more = lt %n, %low\n"
    "    test %more\n"
    "    %next = add %n, %one\n"
    "    yield %next\n"
    "  }\n"
    "  %wide = convert f64 %x\n  %count = convert f64 %k\n  %product = mul %wide, %count\n"
    "  %integer = convert i16 %x\n  %byte = convert u8 %k\n"
    "  store y %product\n  store small %byte\n"
    "  sum s %x\n  sum t %product\n  sum u %integer\n  argmin least %i, %x\n  argmax most %i, %x\n"
    "}\n";

/* Three tiles and a bit, odd: the last block has a single lane, and the fuel runs out in some lanes. */
enum { N = 65536 * 3 + 4096 * 3 + 1, FUEL = 6 };

typedef struct results {
  double y[N];
  uint8_t small[N];
  float s;
  double t;
  int64_t u;
  uint32_t least, most;
  tg_outcome outcome;
} results;

static float lanes[N];

static void make_lanes(void)
{
  for (uint64_t i = 0; i < N; i++) {
    lanes[i] = (float)(int64_t)(kit_random(5, i) >> 20) * (kit_random(6, i) % 2 == 0 ? 0x1p-30f : -0x1p-33f);
  }
  lanes[65536 * 2 + 5] = lanes[65536 + 9] = -32000.0f; /* two least: the lower lane counts */
}

static void fill_call(tg_invocation *invocation, tg_binding bindings[9], float *limit, results *r)
{
  tg_invocation init = TG_INVOCATION_INIT;
  tg_binding filled[9] = {KIT_ONE(*limit), KIT_STREAM(lanes), KIT_STREAM(r->y),  KIT_STREAM(r->small), KIT_ONE(r->s),
                          KIT_ONE(r->t),   KIT_ONE(r->u),     KIT_ONE(r->least), KIT_ONE(r->most)};
  memcpy(bindings, filled, sizeof filled);
  *invocation = init;
  invocation->n = N;
  invocation->fuel = FUEL;
  invocation->bindings = bindings;
  invocation->n_bindings = 9;
  invocation->outcome = &r->outcome;
}

static tg_kernel *compile_for(tg_context *context, const char *backend)
{
  tg_graph *g;
  tg_kernel *kernel = NULL;
  tg_error error = {0};
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  options.backend = backend;
  if (tg_graph_read(context, source, sizeof source - 1, TG_FORM_TEXT, &g, &error) != TG_OK ||
      tg_compile(context, g, &options, &kernel, &error) != TG_OK) {
    fail_msg("%u:%u: %s", (unsigned)error.pos.line, (unsigned)error.pos.column, error.message);
  }
  tg_graph_destroy(g);
  return kernel;
}

static tg_kernel *compile_source(tg_context *context)
{
  return compile_for(context, "auto");
}

/* No assertions here: this runs in threads. */
static tg_status run_all(tg_context *context, const tg_kernel *kernel, results *r)
{
  tg_invocation invocation;
  tg_binding bindings[9];
  tg_workspace *workspace;
  float limit = 8191.5f * 4;
  memset(r, 0, sizeof *r);
  fill_call(&invocation, bindings, &limit, r);
  tg_status status = tg_workspace_create(context, tg_kernel_workspace_bytes(kernel), &workspace);
  invocation.workspace = workspace;
  if (status == TG_OK) {
    status = tg_invoke(kernel, &invocation, NULL);
  }
  tg_workspace_destroy(workspace);
  return status;
}

static results *new_results(void)
{
  results *r = malloc(sizeof *r);
  assert_non_null(r);
  return r;
}

static bool same_results(const results *a, const results *b)
{
  return memcmp(a->y, b->y, sizeof a->y) == 0 && memcmp(a->small, b->small, sizeof a->small) == 0 &&
         memcmp(&a->s, &b->s, sizeof a->s) == 0 && memcmp(&a->t, &b->t, sizeof a->t) == 0 && a->u == b->u &&
         a->least == b->least && a->most == b->most && memcmp(&a->outcome, &b->outcome, sizeof a->outcome) == 0;
}

/* ---- tests ---- */

/* Every number of threads gives the bytes of none, whatever the order of the tiles. */
static void threads_change_nothing(void **state)
{
  static const unsigned counts[] = {1, 2, 3, 7};
  tg_context *alone = kit_context_threads(no_threads);
  tg_kernel *kernel = compile_source(alone);
  results *want = new_results(), *got = new_results();
  (void)state;
  assert_int_equal(run_all(alone, kernel, want), TG_OK);
  assert_true(want->outcome.n_trapped > 1000 && want->outcome.n_trapped < N - 1000);
  assert_int_equal(want->least, 65536 + 9);
  tg_kernel_destroy(kernel);
  for (size_t i = 0; i < KIT_COUNT(counts); i++) {
    unsigned n_threads = counts[i];
    tg_context *context = kit_context_threads(pool_threads(&n_threads));
    kernel = compile_source(context);
    assert_int_equal(run_all(context, kernel, got), TG_OK);
    assert_true(same_results(want, got));
    tg_kernel_destroy(kernel);
    tg_context_destroy(context);
  }
  tg_context_destroy(alone);
  free(want);
  free(got);
}

/* Runs the tasks one after the other, and notes how many they were. */
static void one_by_one(void *self, size_t n_tasks, void (*task)(void *arg, size_t index), void *arg)
{
  size_t *seen = self;
  *seen = n_tasks;
  for (size_t i = 0; i < n_tasks; i++) {
    task(arg, i);
  }
}

/* As many threads as there are, where there is work for them and, on the stack, room. */
static void how_many_threads_are_used(void **state)
{
  enum { N_THREADS = 100 };
  size_t seen = 0;
  tg_context *context = kit_context_threads((tg_threads){one_by_one, &seen, N_THREADS});
  tg_kernel *kernel = compile_for(context, "ref");
  results *r = new_results();
  tg_invocation invocation;
  tg_binding bindings[9];
  float limit = 1;
  (void)state;
  assert_int_equal(run_all(context, kernel, r), TG_OK);
  assert_int_equal(seen, N / 4096 + 1); /* one block for each */
  fill_call(&invocation, bindings, &limit, r);
  seen = 0;
  assert_int_equal(tg_invoke(kernel, &invocation, NULL), TG_OK);
  assert_in_range(seen, 2, N / 4096);
  invocation.n = 4096;
  seen = 0;
  assert_int_equal(kit_invoke(context, kernel, invocation, NULL), TG_OK);
  assert_int_equal(seen, 0);
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
  free(r);
}

typedef struct caller {
  tg_context *context;
  const tg_kernel *kernel;
  results *r;
  tg_status status;
} caller;

static void *call(void *p)
{
  caller *c = p;
  c->status = run_all(c->context, c->kernel, c->r);
  return NULL;
}

/* Several callers at once, each with its own workspace and memory, in a context that itself uses two threads. */
static void one_kernel_in_several_threads(void **state)
{
  enum { N_CALLERS = 4 };
  unsigned n_threads = 2;
  tg_context *context = kit_context_threads(pool_threads(&n_threads));
  tg_kernel *kernel = compile_source(context);
  results *want = new_results();
  caller callers[N_CALLERS];
  pthread_t ids[N_CALLERS];
  (void)state;
  assert_int_equal(run_all(context, kernel, want), TG_OK);
  for (int i = 0; i < N_CALLERS; i++) {
    callers[i] = (caller){context, kernel, new_results(), TG_OK};
    assert_int_equal(pthread_create(&ids[i], NULL, call, &callers[i]), 0);
  }
  for (int i = 0; i < N_CALLERS; i++) {
    assert_int_equal(pthread_join(ids[i], NULL), 0);
    assert_int_equal(callers[i].status, TG_OK);
    assert_true(same_results(want, callers[i].r));
    free(callers[i].r);
  }
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
  free(want);
}

/* ---- callers that have threads of their own ---- */

/* A pool that notes how many of its tasks run at the same time. */
typedef struct watched {
  tg_threads pool;
  atomic_uint running, most, calls;
} watched;

typedef struct watched_call {
  watched *pool;
  void (*task)(void *arg, size_t index);
  void *arg;
} watched_call;

static void watched_task(void *arg, size_t index)
{
  watched_call *c = arg;
  unsigned running = atomic_fetch_add(&c->pool->running, 1) + 1, most = atomic_load(&c->pool->most);
  while (running > most && !atomic_compare_exchange_weak(&c->pool->most, &most, running)) {
  }
  c->task(c->arg, index);
  atomic_fetch_sub(&c->pool->running, 1);
}

static void watched_for(void *self, size_t n_tasks, void (*task)(void *arg, size_t index), void *arg)
{
  watched *w = self;
  watched_call c = {w, task, arg};
  atomic_fetch_add(&w->calls, 1);
  w->pool.parallel_for(w->pool.self, n_tasks, watched_task, &c);
}

enum { N_CALLS = 5 };

static void *call_often(void *p)
{
  caller *c = p;
  for (int i = 0; i < N_CALLS && c->status == TG_OK; i++) {
    c->status = run_all(c->context, c->kernel, c->r);
  }
  return NULL;
}

/* However many threads of the caller's invoke at once, no more tasks run than the context has threads: the others run
 * alone. */
static void callers_share_the_threads(void **state)
{
  enum { N_CALLERS = 5 };
  unsigned n_threads = 3;
  watched w = {.pool = pool_threads(&n_threads)};
  tg_context *context = kit_context_threads((tg_threads){watched_for, &w, n_threads});
  tg_kernel *kernel = compile_source(context);
  results *want = new_results();
  caller callers[N_CALLERS];
  pthread_t ids[N_CALLERS];
  (void)state;
  assert_int_equal(run_all(context, kernel, want), TG_OK);
  assert_true(atomic_load(&w.most) <= n_threads && atomic_load(&w.calls) == 1);
  for (int i = 0; i < N_CALLERS; i++) {
    callers[i] = (caller){context, kernel, new_results(), TG_OK};
    assert_int_equal(pthread_create(&ids[i], NULL, call_often, &callers[i]), 0);
  }
  for (int i = 0; i < N_CALLERS; i++) {
    assert_int_equal(pthread_join(ids[i], NULL), 0);
    assert_int_equal(callers[i].status, TG_OK);
    assert_true(same_results(want, callers[i].r));
    free(callers[i].r);
  }
  assert_true(atomic_load(&w.most) <= n_threads);
  assert_true(atomic_load(&w.calls) < 1 + N_CALLS * N_CALLERS);
  unsigned calls = atomic_load(&w.calls);
  assert_int_equal(run_all(context, kernel, want), TG_OK);
  assert_int_equal(atomic_load(&w.calls), calls + 1); /* all threads were given back */
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
  free(want);
}

/* Graphs of one context are built and compiled in several threads at once. */
static void *build_and_compile(void *p)
{
  caller *c = p;
  tg_graph *g;
  tg_kernel *kernel = NULL;
  c->status = tg_graph_read(c->context, source, sizeof source - 1, TG_FORM_TEXT, &g, NULL);
  if (c->status == TG_OK) {
    c->status = tg_compile(c->context, g, NULL, &kernel, NULL);
  }
  tg_graph_destroy(g);
  tg_kernel_destroy(kernel);
  return NULL;
}

static void one_context_in_several_threads(void **state)
{
  tg_context *context = kit_context_threads(no_threads);
  caller callers[4];
  pthread_t ids[4];
  (void)state;
  for (int i = 0; i < 4; i++) {
    callers[i] = (caller){context, NULL, NULL, TG_INTERNAL};
    assert_int_equal(pthread_create(&ids[i], NULL, build_and_compile, &callers[i]), 0);
  }
  for (int i = 0; i < 4; i++) {
    assert_int_equal(pthread_join(ids[i], NULL), 0);
    assert_int_equal(callers[i].status, TG_OK);
  }
  tg_context_destroy(context);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(threads_change_nothing),         cmocka_unit_test(how_many_threads_are_used),
      cmocka_unit_test(one_kernel_in_several_threads),  cmocka_unit_test(callers_share_the_threads),
      cmocka_unit_test(one_context_in_several_threads),
  };
  make_lanes();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
