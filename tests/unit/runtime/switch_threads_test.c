/* switch_threads_test.c: kernels of `auto` go over to machine code, at any block, in any number of threads, in the
 * middle of invocations and between them, and nothing but the statistics tells. Kernels, contexts and processes come to
 * an end while code is being made. Runs with the thread sanitizer too. */
#define _POSIX_C_SOURCE 200809L /* fork */
#include "fail_alloc.h"
#include "kit.h"
#include "plugin.h"
#include "pool.h"
#include "runtime/kernel.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a graph with everything that tiles have to agree on ---- */

static const char everything[] =
    "graph all {\n"
    "  param limit f32\n  input x f32\n  output y f64\n  output small u8\n"
    "  result s f32\n  result t f64\n  result u i64\n  result least u32\n  result most u32\n  accumulator h u32\n"
    "  uniform {\n    %p = param limit\n    %half = const f32 0.5\n    %bound = mul %p, %half\n  }\n"
    "  %x = load x\n  %zero = const u32 0\n  %one = const u32 1\n  %i = iota %zero, %one\n"
    "  %above = lt %bound, %x\n  trap 7 %above @11\n"
    "  %seven = const u32 7\n  %low = and %i, %seven\n"
    "  %k = loop %n = %zero @12 {\n"
    "    %more = lt %n, %low\n    test %more\n    %next = add %n, %one\n    yield %next\n  }\n"
    "  %wide = convert f64 %x\n  %count = convert f64 %k\n  %product = mul %wide, %count\n"
    "  %integer = convert i16 %x\n  %byte = convert u8 %k\n"
    "  store y %product\n  store small %byte\n"
    "  sum s %x\n  sum t %product\n  sum u %integer\n  argmin least %i, %x\n  argmax most %i, %x\n"
    "  combine h add %low, %one\n}\n";

/* More than a tile, and an odd lane. */
enum { N = 4096 * 21 + 1, FUEL = 6, N_OPERANDS = 10, PART = 4096 * 2 };

typedef struct results {
  double y[N];
  uint8_t small[N];
  float s;
  double t;
  int64_t u;
  uint32_t least, most, h[8];
  tg_outcome outcome;
} results;

static float lanes[N];

static void make_lanes(void)
{
  for (uint64_t i = 0; i < N; i++) {
    lanes[i] = (float)(int64_t)(kit_random(5, i) >> 20) * (kit_random(6, i) % 2 == 0 ? 0x1p-30f : -0x1p-33f);
  }
  lanes[4096 * 9 + 5] = lanes[4096 + 9] = -32000.0f; /* two least: the lower lane counts */
}

static tg_kernel *compile_text(tg_context *context, const char *source, const char *backend)
{
  tg_graph *g;
  tg_kernel *kernel = NULL;
  tg_error error = {0};
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  options.backend = backend;
  if (tg_graph_read(context, source, strlen(source), TG_FORM_TEXT, &g, &error) != TG_OK ||
      tg_compile(context, g, &options, &kernel, &error) != TG_OK) {
    fail_msg("%s: %u:%u: %s", backend, (unsigned)error.pos.line, (unsigned)error.pos.column, error.message);
  }
  tg_graph_destroy(g);
  return kernel;
}

/* Lanes [first, first + n) of the whole. */
static void fill_call(tg_invocation *call, tg_binding b[N_OPERANDS], float *limit, results *r, size_t first, size_t n)
{
  tg_invocation init = TG_INVOCATION_INIT;
  tg_binding filled[N_OPERANDS] = {KIT_ONE(*limit),  KIT_STREAM(lanes), KIT_STREAM(r->y), KIT_STREAM(r->small),
                                   KIT_ONE(r->s),    KIT_ONE(r->t),     KIT_ONE(r->u),    KIT_ONE(r->least),
                                   KIT_ONE(r->most), KIT_STREAM(r->h)};
  for (int k = 1; k < 4; k++) {
    filled[k].offset = first * (size_t)filled[k].stride;
  }
  memcpy(b, filled, sizeof filled);
  *call = init;
  call->n = n;
  call->fuel = FUEL;
  call->bindings = b;
  call->n_bindings = N_OPERANDS;
  call->outcome = &r->outcome;
}

/* No assertions here: this runs in threads. */
static tg_status run_all(tg_context *context, const tg_kernel *kernel, results *r, tg_stats *stats)
{
  tg_invocation call;
  tg_binding bindings[N_OPERANDS];
  tg_workspace *workspace;
  float limit = 8191.5f * 4;
  memset(r, 0, sizeof *r);
  fill_call(&call, bindings, &limit, r, 0, N);
  tg_status status = tg_workspace_create(context, tg_kernel_workspace_bytes(kernel), &workspace);
  call.workspace = workspace;
  call.stats = stats;
  if (status == TG_OK) {
    status = tg_invoke(kernel, &call, NULL);
  }
  tg_workspace_destroy(workspace);
  return status;
}

/* The same in parts of two blocks. */
static tg_status run_parts(const tg_kernel *kernel, results *r, tg_stats *stats)
{
  tg_invocation call;
  tg_binding bindings[N_OPERANDS];
  float limit = 8191.5f * 4;
  tg_run *run;
  tg_status status = tg_run_create(kernel, &run, NULL);
  memset(r, 0, sizeof *r);
  for (size_t first = 0; status == TG_OK && first < N; first += PART) {
    fill_call(&call, bindings, &limit, r, first, N - first < PART ? N - first : PART);
    call.stats = stats;
    status = tg_run_part(run, &call, NULL);
  }
  tg_run_destroy(run);
  return status;
}

static results *new_results(void)
{
  results *r = malloc(sizeof *r);
  assert_non_null(r);
  return r;
}

static results *expected(void)
{
  tg_context *context = kit_context_threads((tg_threads){NULL, NULL, 1});
  tg_kernel *kernel = compile_text(context, everything, "vec");
  results *want = new_results();
  assert_int_equal(run_all(context, kernel, want, NULL), TG_OK);
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
  return want;
}

/* ---- at a block that the test chooses ---- */

static void check_block(tg_context *context, unsigned block, const results *want, results *got)
{
  char backend[16];
  tg_stats stats, parts;
  uint64_t n_blocks = (N + 4095) / 4096;
  snprintf(backend, sizeof backend, "auto:%u", block);
  tg_kernel *kernel = compile_text(context, everything, backend);
  assert_int_equal(run_all(context, kernel, got, &stats), TG_OK);
  assert_memory_equal(got, want, sizeof *got);
  assert_int_equal(stats.n_blocks, n_blocks);
  assert_int_equal(stats.n_compiled, n_blocks - block);
  assert_int_equal(run_parts(kernel, got, &parts), TG_OK);
  assert_memory_equal(got, want, sizeof *got);
  assert_int_equal(parts.n_blocks, n_blocks);
  assert_int_equal(parts.n_compiled, n_blocks - block);
  assert_string_equal(tg_kernel_backend(kernel), "llvm");
  tg_kernel_destroy(kernel);
}

static void switching_at_a_block(void **state)
{
  (void)state;
  plugin_need();
  results *want = expected(), *got = new_results();
  for (unsigned n_threads = 1; n_threads <= 3; n_threads += 2) {
    tg_context *context = kit_context_threads(pool_threads(&n_threads));
    for (unsigned block = 0; block <= 4; block++) {
      check_block(context, block, want, got);
    }
    tg_context_destroy(context);
  }
  free(want);
  free(got);
}

/* ---- when the code is ready ---- */

typedef struct caller {
  tg_context *context;
  const tg_kernel *kernel;
  const results *want;
  uint64_t n_compiled; /* blocks, in the last invocation */
  bool is_wrong;
} caller;

enum { MOST_CALLS = 20000, N_CALLERS = 3 };

static void *call_until_switched(void *arg)
{
  caller *c = arg;
  results *got = malloc(sizeof *got);
  for (int i = 0; i < MOST_CALLS && got != NULL && !c->is_wrong; i++) {
    tg_stats stats;
    c->is_wrong = run_all(c->context, c->kernel, got, &stats) != TG_OK || memcmp(got, c->want, sizeof *got) != 0;
    c->n_compiled = stats.n_compiled;
    if (stats.n_compiled == stats.n_blocks) {
      break;
    }
  }
  free(got);
  return NULL;
}

static void switching_when_code_is_ready(void **state)
{
  (void)state;
  plugin_need();
  results *want = expected();
  tg_context *context = kit_context_threads((tg_threads){NULL, NULL, 1});
  tg_kernel *kernel = compile_text(context, everything, "auto");
  caller callers[N_CALLERS];
  pthread_t threads[N_CALLERS];
  for (int i = 0; i < N_CALLERS; i++) {
    callers[i] = (caller){context, kernel, want, 0, false};
    assert_int_equal(pthread_create(&threads[i], NULL, call_until_switched, &callers[i]), 0);
  }
  for (int i = 0; i < N_CALLERS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_false(callers[i].is_wrong);
    assert_int_equal(callers[i].n_compiled, (N + 4095) / 4096);
  }
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
  free(want);
}

/* ---- ends ---- */

/* An allocator that is made for one thread alone. */
typedef struct own_alloc {
  tg_allocator inner;
  pthread_t owner;
  atomic_bool is_misused;
} own_alloc;

static void *own_resize(void *self, void *p, size_t old_bytes, size_t new_bytes)
{
  own_alloc *own = self;
  if (!pthread_equal(own->owner, pthread_self())) {
    atomic_store(&own->is_misused, true);
  }
  return own->inner.resize(own->inner.self, p, old_bytes, new_bytes);
}

enum { LONG_OPS = 300, BEGIN_LANES = 4096 };

/* Takes long to compile; y is x after a chain of operations. */
static tg_kernel *compile_long(tg_context *context, unsigned n_ops)
{
  tg_graph *g = kit_graph(context);
  tg_value x = kit_load(g, "x", TG_F32), v = x;
  for (unsigned i = 0; i < n_ops; i++) {
    v = i % 2 == 0 ? tg_mul(g, v, x) : tg_add(g, v, x);
  }
  kit_store(g, "y", TG_F32, v);
  return kit_compile(context, g);
}

/* Invokes until so much has been done that code is being made. */
static void begin_making(const tg_kernel *kernel)
{
  static float x[BEGIN_LANES], y[BEGIN_LANES];
  tg_binding bindings[] = {KIT_STREAM(x), KIT_STREAM(y)};
  tg_invocation call = TG_INVOCATION_INIT;
  call.n = BEGIN_LANES;
  call.bindings = bindings;
  call.n_bindings = 2;
  assert_non_null(kernel->later);
  while (atomic_load(&kernel->later->state) == SWITCH_WAITS) {
    assert_int_equal(tg_invoke(kernel, &call, NULL), TG_OK);
  }
}

static void destroying_while_code_is_made(void **state)
{
  fail_alloc f;
  own_alloc own = {.inner = fail_alloc_make(&f, 0, 0), .owner = pthread_self()};
  tg_context_options options = TG_CONTEXT_OPTIONS_INIT;
  tg_context *context;
  (void)state;
  plugin_need();
  atomic_init(&own.is_misused, false);
  options.allocator = (tg_allocator){own_resize, &own};
  options.threads.n_threads = 1;
  assert_int_equal(tg_context_create(&options, &context), TG_OK);
  tg_kernel *kernels[4]; /* one is being made, others wait for it */
  for (int i = 0; i < 4; i++) {
    kernels[i] = compile_long(context, LONG_OPS);
    begin_making(kernels[i]);
  }
  tg_kernel_destroy(kernels[2]);
  tg_kernel_destroy(kernels[0]);
  tg_kernel_destroy(kernels[3]);
  tg_kernel *another = compile_long(context, 3);
  begin_making(another);
  tg_kernel_destroy(kernels[1]);
  tg_kernel_destroy(another);
  tg_context_destroy(context);
  assert_false(atomic_load(&own.is_misused));
  assert_false(f.misused);
  assert_int_equal(f.live, 0);
}

/* Machine code takes streams as they lie; lane i gives the same at any stride. */
static void streams_apart_go_over_too(void **state)
{
  static float x[2 * BEGIN_LANES], y[2][BEGIN_LANES];
  tg_stats stats;
  (void)state;
  plugin_need();
  for (unsigned i = 0; i < BEGIN_LANES; i++) {
    x[i] = (float)(i % 97);
  }
  tg_context *context = kit_context_threads((tg_threads){NULL, NULL, 1});
  tg_kernel *kernel = compile_long(context, 3);
  begin_making(kernel);
  background_wait(&context->background, &kernel->later->job);
  for (unsigned step = 1; step <= 2; step++) {
    for (unsigned i = BEGIN_LANES; step == 2 && i-- > 0;) {
      x[2 * i] = x[i];
    }
    tg_binding bindings[] = {{.data = x, .bytes = sizeof x, .stride = (ptrdiff_t)(step * sizeof *x)},
                             KIT_STREAM(y[step - 1])};
    tg_invocation call = TG_INVOCATION_INIT;
    call.n = BEGIN_LANES;
    call.bindings = bindings;
    call.n_bindings = 2;
    call.stats = &stats;
    assert_int_equal(tg_invoke(kernel, &call, NULL), TG_OK);
    assert_int_equal(stats.n_blocks, 1);
    assert_int_equal(stats.n_compiled, 1);
  }
  assert_memory_equal(y[0], y[1], sizeof y[0]);
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
}

/* The child has no thread that makes code: it goes on with vec, and may end the kernel and the context. */
static void forking_while_code_is_made(void **state)
{
  int status = 1;
  (void)state;
#if defined(__SANITIZE_THREAD__)
  print_message("the thread sanitizer does not follow a fork of several threads\n");
  skip();
#endif
  plugin_need();
  tg_context *context = kit_context_threads((tg_threads){NULL, NULL, 1});
  tg_kernel *kernel = compile_long(context, LONG_OPS);
  begin_making(kernel);
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    begin_making(kernel);
    tg_kernel *another = compile_long(context, 3);
    begin_making(another);
    tg_kernel_destroy(kernel);
    tg_kernel_destroy(another);
    tg_context_destroy(context);
    _exit(0);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
}

/* A program that ends without destroying anything. */
static void exiting_while_code_is_made(void **state)
{
  int status = 1;
  (void)state;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  print_message("sanitizers do not like a program that ends so\n");
  skip();
#endif
  plugin_need();
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    begin_making(compile_long(kit_context_threads((tg_threads){NULL, NULL, 1}), LONG_OPS));
    fclose(stdout); /* what is reported is the parent's */
    exit(0);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

static int setup(void **state)
{
  (void)state;
  make_lanes();
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exiting_while_code_is_made),   cmocka_unit_test(switching_at_a_block),
      cmocka_unit_test(switching_when_code_is_ready), cmocka_unit_test(destroying_while_code_is_made),
      cmocka_unit_test(streams_apart_go_over_too),    cmocka_unit_test(forking_while_code_is_made),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
