/* tile_level_test.c: names of back-ends that say how large tiles are ("vec@2"): they are so large, every thread that
 * can have one takes part, a machine's windows are three of them, and a sum has the same bits. */
#include "fail_alloc.h"
#include "kit.h"
#include "pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 50 * TG_BLOCK_LANES + 17 };
static unsigned three = 3;

static tg_kernel *compile_sum(tg_context *context, const char *backend)
{
  tg_graph *g = kit_graph(context);
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_kernel *kernel;
  options.backend = backend;
  tg_sum(g, kit_declare(g, TG_RESULT, "s", TG_F32), kit_load(g, "x", TG_F32));
  assert_int_equal(tg_compile(context, g, &options, &kernel, NULL), TG_OK);
  tg_graph_destroy(g);
  return kernel;
}

static uint32_t sum_of(tg_context *context, const char *backend, float *x, unsigned *n_threads)
{
  uint32_t sum = 0;
  tg_stats stats;
  tg_kernel *kernel = compile_sum(context, backend);
  const tg_binding bindings[] = {KIT_ONE(sum), {.data = x, .bytes = N * sizeof *x, .stride = sizeof *x}};
  tg_invocation call = TG_INVOCATION_INIT;
  call.n = N;
  call.bindings = bindings;
  call.n_bindings = 2;
  call.stats = &stats;
  assert_int_equal(kit_invoke(context, kernel, call, NULL), TG_OK);
  tg_kernel_destroy(kernel);
  *n_threads = stats.n_threads;
  return sum;
}

static void sums(void **state)
{
  float *x = malloc(N * sizeof *x);
  unsigned n_threads;
  (void)state;
  assert_non_null(x);
  for (size_t i = 0; i < N; i++) {
    x[i] = (float)(kit_random(1, i) % 1000003) / 7.0f;
  }
  tg_context *context = kit_context_threads(pool_threads(&three));
  uint32_t wanted = sum_of(context, "ref", x, &n_threads);
  for (unsigned level = 0; level <= 4; level++) {
    char name[8];
    snprintf(name, sizeof name, "vec@%u", level);
    assert_int_equal(sum_of(context, name, x, &n_threads), wanted);
    assert_int_equal(n_threads, 3);
  }
  tg_context_destroy(context);
  free(x);
}

/* What explain tells is what the driver does. */
static void told(void **state)
{
  tg_context *context = kit_context();
  tg_explain_options options = TG_EXPLAIN_OPTIONS_INIT;
  tg_kernel *kernel = compile_sum(context, "vec@1");
  char *text;
  size_t n;
  (void)state;
  options.n = N;
  options.is_measured = 0;
  assert_int_equal(tg_kernel_explain(kernel, &options, &text, &n, NULL), TG_OK);
  assert_non_null(strstr(text, "8192 lanes"));
  assert_string_equal(tg_kernel_backend(kernel), "vec");
  tg_free(context, text, n);
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
}

/* Runs 30000 instances with a sync and gives how many bytes are held then, those of a window among them. */
static size_t bytes_of_run(const char *backend)
{
  static const char source[] = "machine m { out y: u32; var x = u32(id); sync; y = x; report { all = sum(y); } }";
  fail_alloc f;
  tg_context_options how = TG_CONTEXT_OPTIONS_INIT;
  tg_machine_options options = TG_MACHINE_OPTIONS_INIT;
  tg_context *context;
  tg_program *p;
  tg_machine *m;
  tg_report_line line;
  how.allocator = fail_alloc_make(&f, 0, 0);
  options.backend = backend;
  assert_int_equal(tg_context_create(&how, &context), TG_OK);
  assert_int_equal(tg_program_read(context, "m.tg", source, sizeof source - 1, NULL, &p, NULL), TG_OK);
  assert_int_equal(tg_machine_create(p, &options, &m, NULL), TG_OK);
  size_t before = f.live;
  assert_int_equal(tg_machine_run(m, 30000, 1, TG_FUEL_UNLIMITED, NULL), TG_OK);
  assert_int_equal(tg_machine_report(m, 0, &line), TG_OK);
  assert_int_equal(line.bits, UINT64_C(30000) * 29999 / 2);
  size_t held = f.live - before;
  tg_machine_destroy(m);
  tg_program_destroy(p);
  tg_context_destroy(context);
  return held;
}

static void windows(void **state)
{
  size_t all = bytes_of_run("vec@1"), some = bytes_of_run("vec@0"); /* 24576 and 12288 lanes of 10 bytes */
  (void)state;
  assert_true(all > 240000 && some > 120000 && some < 240000);
}

static void names(void **state)
{
  static const char *const wrong[] = {"vec@5", "vec@", "vec@10", "@1", "vec@a", "vec@1/7", "none@1"};
  (void)state;
  assert_int_equal(tg_backend_status("vec@0", NULL), TG_OK);
  assert_int_equal(tg_backend_status("vec:0/7@4", NULL), TG_OK);
  for (size_t k = 0; k < KIT_COUNT(wrong); k++) {
    assert_int_equal(tg_backend_status(wrong[k], NULL), TG_ARGUMENT);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(sums), cmocka_unit_test(told), cmocka_unit_test(windows),
                                     cmocka_unit_test(names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
