/* llvm_reduce_test.c: sums that go from block to block and best lanes that few lanes beat give the bits of `ref`, on
 * data of all kinds and lengths around the ends of groups, blocks and tiles, side by side in memory or not, on one
 * thread or three, and in parts. */
#include "kit.h"
#include "plugin.h"
#include "pool.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 65536 + 3 * 4096 + 77, STRIDE = 2 };

/* x f32 and z f64 at any stride; all results are 8 bytes wide. */
#define HEAD                                                                                                           \
  "graph g {\n  input x f32\n  input z f64\n  output y f32\n  result a f32\n  result b f64\n  result c u64\n"          \
  "  result d u64\n  result e f32\n  result f f64\n  result h i32\n  result i u64\n  %x = load x\n  %z = load z\n"     \
  "  %n0 = const u64 0\n  %n1 = const u64 1\n  %lane = iota %n0, %n1\n  %f0 = const f64 0.5\n  %f1 = const f64 2.0\n"  \
  "  %real = iota %f0, %f1\n"

static const char *const graphs[] = {
    /* Columns in registers; best lanes that share their data; an index that is a stream, the data, lane numbers. */
    HEAD "  sum a %x\n  argmax c %lane, %x\n  argmin d %lane, %x\n  argmax e %x, %x\n  argmax f %real, %x\n"
         "  argmin b %z, %x\n  %i0 = const i32 7\n  argmax h %i0, %z\n  %w = convert u64 %x\n  sum i %w\n"
         "  store y %x\n}\n",
    /* Two sums of floats; all else of f64. */
    HEAD
    "  sum a %x\n  sum b %z\n  argmax c %lane, %z\n  argmin d %lane, %z\n  %k = convert i32 %x\n  argmin e %x, %k\n"
    "  argmax f %z, %k\n  argmax h %k, %k\n  %w = convert u64 %x\n  argmin i %w, %w\n  %s = mul %x, %x\n"
    "  store y %s\n}\n",
    /* Lanes that trap leave nothing. */
    HEAD "  %t = const f64 0.9375\n  %bad = lt %t, %z\n  trap 3 %bad @5\n  sum a %x\n  sum b %z\n  argmax c %lane, %x\n"
         "  argmin d %lane, %z\n  argmax e %x, %z\n  argmin f %real, %x\n  %i0 = const i32 7\n  argmax h %i0, %z\n"
         "  %w = convert u64 %x\n  argmax i %w, %w\n  store y %x\n}\n",
    /* Groups with fewer lanes than columns. */
    HEAD
    "  %b8 = convert u8 %x\n  %b16 = convert i16 %z\n  %r = sqrt %z\n  %q = div %r, %f1\n  %v = add %q, %z\n"
    "  %v1 = mul %v, %r\n  %v2 = sub %v1, %q\n  %v3 = max %v2, %q\n  %v4 = add %v3, %r\n  %v5 = mul %v4, %v4\n"
    "  %v6 = sub %v5, %z\n  %v7 = add %v6, %v2\n  sum a %x\n  sum b %v7\n  argmax c %lane, %b8\n"
    "  argmin d %lane, %b16\n  argmin e %x, %v7\n  argmax f %v7, %v7\n  %k = convert i32 %b8\n  argmax h %k, %b16\n"
    "  %w = convert u64 %b8\n  sum i %w\n  store y %x\n}\n",
};

typedef struct memory {
  float y[MOST];
  uint64_t results[8];
} memory;

static float x[MOST * STRIDE];
static double z[MOST * STRIDE];
static memory expected, got;

/* ---- data ---- */

typedef enum pattern { MIXED, TIES, ZEROS, RISING, FALLING, NO_NUMBER, NUMBER_LATE, INFINITE, PATTERN_COUNT } pattern;

static double value_of(pattern how, size_t i)
{
  uint64_t r = kit_random(11, i);
  switch (how) {
  case MIXED: return r % 999 == 0 ? (double)NAN : ldexp((double)(int64_t)(r >> 11) - 0x1p52, (int)(r % 20) - 60);
  case TIES: return (double)(r % 3);
  case ZEROS: return r % 2 == 0 ? 0.0 : -0.0;
  case RISING: return (double)i * 0x1p-18;
  case FALLING: return -(double)i;
  case NO_NUMBER: return (double)NAN;
  case NUMBER_LATE: return i < 70000 ? (double)NAN : -(double)INFINITY;
  case INFINITE: return i % 5000 == 77 ? (double)NAN : (double)INFINITY;
  case PATTERN_COUNT: break;
  }
  return 0;
}

static void fill(pattern how)
{
  for (size_t i = 0; i < (size_t)MOST * STRIDE; i++) {
    x[i] = (float)value_of(how, i);
    z[i] = value_of(how, i + 5);
  }
}

/* ---- running ---- */

/* How lanes lie, and how many run at once; 0: all. */
typedef struct layout {
  size_t stride;
  uint64_t part;
} layout;

static tg_status run_parts(const tg_kernel *kernel, tg_invocation call, tg_binding *bindings, uint64_t part)
{
  tg_run *whole;
  uint64_t n = call.n;
  tg_status status = tg_run_create(kernel, &whole, NULL);
  for (uint64_t done = 0; done < n && status == TG_OK; done += call.n) {
    call.n = n - done < part ? n - done : part;
    status = tg_run_part(whole, &call, NULL);
    for (size_t k = 0; k < 3; k++) {
      bindings[k].offset += (size_t)bindings[k].stride * call.n;
    }
  }
  tg_run_destroy(whole);
  return status;
}

static void run(tg_context *context, const tg_kernel *kernel, uint64_t n, layout how, memory *m)
{
  tg_invocation call = TG_INVOCATION_INIT;
  tg_outcome outcome = {0};
  tg_binding bindings[11] = {{.data = x, .bytes = sizeof x, .stride = (ptrdiff_t)(how.stride * sizeof *x)},
                             {.data = z, .bytes = sizeof z, .stride = (ptrdiff_t)(how.stride * sizeof *z)},
                             {.data = m->y, .bytes = sizeof m->y, .stride = sizeof *m->y}};
  for (size_t k = 0; k < KIT_COUNT(m->results); k++) {
    bindings[3 + k] = (tg_binding){.data = &m->results[k], .bytes = sizeof m->results[k]};
  }
  memset(m, 0xAB, sizeof *m);
  call.n = n;
  call.bindings = bindings;
  call.n_bindings = KIT_COUNT(bindings);
  call.outcome = &outcome;
  assert_int_equal(
      how.part == 0 ? kit_invoke(context, kernel, call, NULL) : run_parts(kernel, call, bindings, how.part), TG_OK);
}

/* ---- kernels ---- */

static const char *const backends[] = {"ref", "llvm", "llvm:128", "llvm:256", "llvm:512", "auto:1"};
typedef struct subjects {
  tg_context *context;
  tg_kernel *kernels[KIT_COUNT(graphs)][KIT_COUNT(backends)]; /* NULL: there is no such back-end here */
} subjects;

static void compile_all(subjects *s, size_t n_graphs)
{
  for (size_t graph = 0; graph < n_graphs; graph++) {
    for (size_t k = 0; k < KIT_COUNT(backends); k++) {
      tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
      tg_graph *g;
      tg_error error;
      if (tg_graph_read(s->context, graphs[graph], strlen(graphs[graph]), TG_FORM_TEXT, &g, &error) != TG_OK) {
        fail_msg("%u:%u: %s", (unsigned)error.pos.line, (unsigned)error.pos.column, error.message);
      }
      options.backend = backends[k];
      tg_status status = tg_compile(s->context, g, &options, &s->kernels[graph][k], NULL);
      tg_graph_destroy(g);
      assert_true(status == TG_OK || (status == TG_UNSUPPORTED && k > 1));
    }
  }
}

static void drop_all(subjects *s)
{
  for (size_t graph = 0; graph < KIT_COUNT(graphs); graph++) {
    for (size_t k = 0; k < KIT_COUNT(backends); k++) {
      tg_kernel_destroy(s->kernels[graph][k]);
    }
  }
  tg_context_destroy(s->context);
}

static void demand_same(const subjects *s, size_t graph, uint64_t n, layout how, pattern data)
{
  run(s->context, s->kernels[graph][0], n, (layout){how.stride, 0}, &expected);
  for (size_t k = 1; k < KIT_COUNT(backends); k++) {
    if (s->kernels[graph][k] == NULL) {
      continue;
    }
    run(s->context, s->kernels[graph][k], n, how, &got);
    if (memcmp(&expected, &got, sizeof got) != 0) {
      fail_msg("graph %zu, data %d, %llu lanes, %s: not what ref gives", graph, (int)data, (unsigned long long)n,
               backends[k]);
    }
  }
}

/* ---- tests ---- */

static void data_of_all_kinds(void **state)
{
  plugin_need();
  for (pattern data = MIXED; data < PATTERN_COUNT; data++) {
    fill(data);
    for (size_t graph = 0; graph < KIT_COUNT(graphs); graph++) {
      demand_same(*state, graph, MOST, (layout){1, 0}, data);
    }
  }
}

static void lengths_around_ends(void **state)
{
  static const uint64_t lengths[] = {0, 1, 63, 64, 65, 4095, 4096, 4097, 8192 + 32, 65536, 65537, 65536 + 4096};
  plugin_need();
  fill(MIXED);
  for (size_t graph = 0; graph < KIT_COUNT(graphs); graph++) {
    for (size_t k = 0; k < KIT_COUNT(lengths); k++) {
      demand_same(*state, graph, lengths[k], (layout){1, 0}, MIXED);
    }
  }
}

static void strides_and_parts(void **state)
{
  plugin_need();
  fill(MIXED);
  for (size_t graph = 0; graph < KIT_COUNT(graphs); graph++) {
    demand_same(*state, graph, 65536 + 4096 + 300, (layout){STRIDE, 0}, MIXED);
    demand_same(*state, graph, 65536 + 4096 + 300, (layout){1, 3 * 4096}, MIXED);
  }
}

static void three_threads(void **state)
{
  unsigned n_threads = 3;
  subjects s = {.context = NULL};
  (void)state;
  plugin_need();
  s.context = kit_context_threads(pool_threads(&n_threads));
  compile_all(&s, 2);
  for (pattern data = MIXED; data <= ZEROS; data++) {
    fill(data);
    for (size_t graph = 0; graph < 2; graph++) {
      demand_same(&s, graph, MOST, (layout){1, 0}, data);
    }
  }
  drop_all(&s);
}

static int set_up(void **state)
{
  static subjects s;
  s.context = kit_context();
  *state = &s;
  return 0;
}

/* Not in set_up, where a test cannot be skipped. */
static void all_compile(void **state)
{
  plugin_need();
  compile_all(*state, KIT_COUNT(graphs));
}

static int tear_down(void **state)
{
  drop_all(*state);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(all_compile), cmocka_unit_test(data_of_all_kinds),
                                     cmocka_unit_test(lengths_around_ends), cmocka_unit_test(strides_and_parts),
                                     cmocka_unit_test(three_threads)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
