/* fpenv_test.c: the caller's floating-point environment changes no result, and is as it was after every call: other
 * rounding modes everywhere; on x86-64 also flushing of subnormals (FTZ, DAZ) and exceptions that trap. */
#include "kit.h"

#include <fenv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
enum { FTZ = 0x8000, DAZ = 0x40, MASKS = 0x1F80, SETTINGS = 0xFFC0 };
#else
enum { FTZ = 0, DAZ = 0, MASKS = 0 };
#endif

/* ---- environments ---- */

typedef struct environment {
  const char *name;
  int rounding;
  unsigned set, clear; /* bits of MXCSR */
} environment;

static const environment environments[] = {
    {"default", FE_TONEAREST, 0, 0},
#ifdef FE_UPWARD
    {"upward", FE_UPWARD, 0, 0},
#endif
#ifdef FE_DOWNWARD
    {"downward", FE_DOWNWARD, 0, 0},
#endif
#ifdef FE_TOWARDZERO
    {"toward zero", FE_TOWARDZERO, 0, 0},
    {"toward zero, FTZ and DAZ", FE_TOWARDZERO, FTZ | DAZ, 0},
#endif
    {"FTZ", FE_TONEAREST, FTZ, 0},
    {"DAZ", FE_TONEAREST, DAZ, 0},
    {"FTZ and DAZ", FE_TONEAREST, FTZ | DAZ, 0},
    {"exceptions that trap", FE_TONEAREST, 0, MASKS},
};

static void enter(const environment *e)
{
  assert_int_equal(fesetround(e->rounding), 0);
#if defined(__x86_64__)
  _mm_setcsr((_mm_getcsr() & ~(unsigned)MASKS) | (MASKS & ~e->clear) | e->set);
#endif
}

/* Goes back to the default; gives whether the environment was still as `enter` made it. */
static bool leave(const environment *e)
{
  bool is_same = fegetround() == e->rounding;
#if defined(__x86_64__)
  unsigned control = _mm_getcsr(), rounding = control & 0x6000u;
  is_same = is_same && (control & SETTINGS) == ((MASKS & ~e->clear) | e->set | rounding);
  _mm_setcsr(MASKS);
#endif
  fesetround(FE_TONEAREST);
  return is_same;
}

/* ---- what is computed ---- */

/* A program that rounds, underflows and overflows; two_thirds lies in the uniform block; its constants fold. */
static const char source[] = "graph all {\n"
                             "  param p f64\n"
                             "  input x f32\n  input h f16\n  input d f64\n  input i i64\n"
                             "  output a f32\n  output b f64\n  output c f16\n  output e f32\n  output f i64\n"
                             "  result s f32\n  result t f64\n  result m i64\n"
                             "  uniform {\n"
                             "    %p = param p\n    %three = const f64 3\n    %two_thirds = div %p, %three\n"
                             "  }\n"
                             "  %x = load x\n  %h = load h\n  %d = load d\n  %i = load i\n"
                             "  %tenth = const f32 0.1\n  %tiny = const f32 1e-42\n  %u = const f64 0x1.8p-1050\n"
                             "  %k1 = mul %tenth, %tenth\n  %k2 = div %tiny, %tenth\n  %k3 = sqrt %k2\n"
                             "  %k = add %k1, %k3\n"
                             "  %1 = mul %x, %h\n  %2 = fma %x, %tenth, %1\n  %3 = div %2, %k\n  %4 = add %3, %tiny\n"
                             "  %5 = mul %x, %tiny\n  %6 = mul %d, %two_thirds\n  %7 = sqrt %6\n  %8 = mul %7, %u\n"
                             "  %9 = add %8, %6\n  %10 = convert f32 %d\n  %11 = convert f32 %i\n"
                             "  %12 = add %10, %11\n  %13 = round even %x\n  %14 = convert i64 %d\n"
                             "  %15 = iota %tiny, %tenth\n  %16 = add %13, %15\n"
                             "  %17 = linear float auto %4, %5 {0 0 %tenth, 0 1 %k, 0 2 %tiny}\n"
                             "  %18 = lt %5, %tiny\n  %19 = select %18, %17, %16\n"
                             "  store a %4\n  store b %9\n  store c %19\n  store e %12\n  store f %14\n"
                             "  sum s %5\n  sum t %8\n  argmin m %i, %5\n"
                             "}\n";

enum { N = 5000 };

typedef struct memory {
  double p;
  float x[N];
  uint16_t h[N];
  double d[N];
  int64_t i[N];
  struct results {
    float a[N];
    double b[N];
    uint16_t c[N];
    float e[N];
    int64_t f[N];
    float s;
    double t;
    int64_t m;
  } out;
} memory;

/* Numbers of every size: bits at random, with short exponents made likely; NaNs are as good as others. */
static memory *make_memory(void)
{
  memory *m = calloc(1, sizeof *m);
  assert_non_null(m);
  m->p = 2;
  for (uint64_t i = 0; i < N; i++) {
    uint32_t narrow = (uint32_t)kit_random(1, i) & (i % 3 == 0 ? 0x807FFFFFu : 0xBFFFFFFFu);
    uint64_t wide = kit_random(2, i) & (i % 5 == 0 ? UINT64_C(0x800FFFFFFFFFFFFF) : UINT64_C(0xC7FFFFFFFFFFFFFF));
    memcpy(&m->x[i], &narrow, sizeof narrow);
    memcpy(&m->d[i], &wide, sizeof wide);
    m->h[i] = (uint16_t)kit_random(3, i);
    m->i[i] = (int64_t)kit_random(4, i);
  }
  return m;
}

static void run(const tg_kernel *kernel, memory *m, tg_workspace *workspace)
{
  tg_binding bindings[] = {KIT_ONE(m->p),        KIT_STREAM(m->x),     KIT_STREAM(m->h),     KIT_STREAM(m->d),
                           KIT_STREAM(m->i),     KIT_STREAM(m->out.a), KIT_STREAM(m->out.b), KIT_STREAM(m->out.c),
                           KIT_STREAM(m->out.e), KIT_STREAM(m->out.f), KIT_ONE(m->out.s),    KIT_ONE(m->out.t),
                           KIT_ONE(m->out.m)};
  tg_invocation invocation = TG_INVOCATION_INIT;
  invocation.n = N;
  invocation.bindings = bindings;
  invocation.n_bindings = KIT_COUNT(bindings);
  invocation.workspace = workspace;
  assert_int_equal(tg_invoke(kernel, &invocation, NULL), TG_OK);
}

static tg_graph *read_source(tg_context *context)
{
  tg_graph *g;
  tg_error error = {0};
  if (tg_graph_read(context, source, sizeof source - 1, TG_FORM_TEXT, &g, &error) != TG_OK) {
    fail_msg("%u:%u: %s", (unsigned)error.pos.line, (unsigned)error.pos.column, error.message);
  }
  return g;
}

/* ---- invocations ---- */

static void invocations(void **state)
{
  tg_context *context = kit_context();
  tg_kernel *kernel = kit_compile(context, read_source(context));
  memory *want = make_memory(), *got = make_memory();
  tg_workspace *workspace;
  (void)state;
  assert_int_equal(tg_workspace_create(context, tg_kernel_workspace_bytes(kernel), &workspace), TG_OK);
  run(kernel, want, workspace);
  for (size_t i = 0; i < KIT_COUNT(environments); i++) {
    memset(&got->out, 0, sizeof got->out);
    enter(&environments[i]);
    run(kernel, got, workspace);
    if (!leave(&environments[i])) {
      fail_msg("%s: the environment has changed", environments[i].name);
    }
    if (memcmp(&want->out, &got->out, sizeof want->out) != 0) {
      fail_msg("%s: another result", environments[i].name);
    }
  }
  tg_workspace_destroy(workspace);
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
  free(want);
  free(got);
}

/* Threads of the caller's that have an environment of their own. */
static void strange_threads(void *self, size_t n_tasks, void (*task)(void *arg, size_t index), void *arg)
{
  size_t *n_changed = self;
  for (size_t i = 0; i < n_tasks; i++) {
    const environment *e = &environments[i % KIT_COUNT(environments)];
    enter(e);
    task(arg, i);
    *n_changed += !leave(e);
  }
}

/* The quotient of iota and 3, over so many lanes that threads are used. */
static void threads(void **state)
{
  size_t n = 65536 * 8 + 1, n_changed = 0;
  float *want = malloc(n * sizeof *want), *got = malloc(n * sizeof *got), total[2];
  (void)state;
  assert_non_null(want);
  assert_non_null(got);
  for (int round = 0; round < 2; round++) {
    tg_threads strange = {strange_threads, &n_changed, 8};
    tg_context *context = round == 0 ? kit_context() : kit_context_threads(strange);
    tg_graph *g = kit_graph(context);
    tg_value lane = tg_iota(g, tg_const_f32(g, 1e-44f), tg_const_f32(g, 1e-43f));
    tg_value third = tg_div(g, lane, tg_const_f32(g, 3));
    kit_store(g, "y", TG_F32, third);
    tg_sum(g, kit_declare(g, TG_RESULT, "total", TG_F32), third);
    tg_binding y = {.data = round == 0 ? want : got, .bytes = n * sizeof *want, .stride = 4};
    kit_run_once(context, g, n, (tg_binding[]){y, KIT_ONE(total[round])}, 2);
  }
  assert_int_equal(n_changed, 0);
  assert_memory_equal(want, got, n * sizeof *want);
  assert_memory_equal(&total[0], &total[1], sizeof *total);
  free(want);
  free(got);
}

/* ---- text, modules and passes ---- */

typedef struct written {
  char *bytes;
  size_t n;
} written;

static written write(tg_graph *g, tg_form form)
{
  written w;
  assert_int_equal(tg_graph_write(g, form, &w.bytes, &w.n, NULL), TG_OK);
  return w;
}

static void demand_same(tg_context *context, const char *what, const environment *e, written want, written got)
{
  if (want.n != got.n || memcmp(want.bytes, got.bytes, want.n) != 0) {
    fail_msg("%s: %s: other bytes", e->name, what);
  }
  tg_free(context, got.bytes, got.n);
}

static void reading_writing_and_folding(void **state)
{
  tg_context *context = kit_context();
  tg_graph *g = read_source(context), *folded, *again;
  (void)state;
  assert_int_equal(tg_graph_transform(g, UINT64_MAX, NULL, &folded, NULL), TG_OK);
  assert_true(tg_graph_n_nodes(folded) < tg_graph_n_nodes(g));
  written text = write(folded, TG_FORM_TEXT), binary = write(folded, TG_FORM_BINARY), plain = write(g, TG_FORM_TEXT);
  tg_graph_destroy(folded);
  for (size_t i = 0; i < KIT_COUNT(environments); i++) {
    const environment *e = &environments[i];
    enter(e);
    again = read_source(context);
    assert_int_equal(tg_graph_transform(again, UINT64_MAX, NULL, &folded, NULL), TG_OK);
    written new_text = write(folded, TG_FORM_TEXT), new_binary = write(folded, TG_FORM_BINARY);
    written new_plain = write(again, TG_FORM_TEXT);
    if (!leave(e)) {
      fail_msg("%s: the environment has changed", e->name);
    }
    demand_same(context, "text of the folded graph", e, text, new_text);
    demand_same(context, "module of the folded graph", e, binary, new_binary);
    demand_same(context, "text of the graph", e, plain, new_plain);
    tg_graph_destroy(folded);
    tg_graph_destroy(again);
  }
  tg_free(context, text.bytes, text.n);
  tg_free(context, binary.bytes, binary.n);
  tg_free(context, plain.bytes, plain.n);
  tg_graph_destroy(g);
  tg_context_destroy(context);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(invocations),
      cmocka_unit_test(threads),
      cmocka_unit_test(reading_writing_and_folding),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
