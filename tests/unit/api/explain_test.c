/* explain_test.c: what a kernel tells of itself, estimates, and stats of invocations. */
#include "kit.h"
#include "pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Lane i goes round i mod 8 times; the multiplication by one goes away. */
static const char source[] =
    "graph rounds { input x f32 output y f32 output k u32 result s f64 result n u64 "
    "  %x = load x %one = const f32 1 %a = mul %x, %one %b = add %a, %x "
    "  %zero = const u32 0 %step = const u32 1 %seven = const u32 7 "
    "  %lane = iota %zero, %step %low = and %lane, %seven "
    "  %count = loop %i = %zero { %more = lt %i, %low test %more %j = add %i, %step yield %j } "
    "  %d = convert f64 %b store y %b store k %count sum s %d sum n %count }";
enum { N = 65536 * 2 };

static tg_context *context;
static tg_kernel *kernel;

static tg_kernel *compile_for(tg_context *where, const char *backend)
{
  tg_graph *g;
  tg_kernel *made = NULL;
  tg_error error = {0};
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  options.backend = backend;
  if (tg_graph_read(where, source, sizeof source - 1, TG_FORM_TEXT, &g, &error) != TG_OK ||
      tg_compile(where, g, &options, &made, &error) != TG_OK) {
    fail_msg("%u:%u: %s", (unsigned)error.pos.line, (unsigned)error.pos.column, error.message);
  }
  tg_graph_destroy(g);
  return made;
}

static int set_up(void **state)
{
  (void)state;
  context = kit_context_threads((tg_threads){NULL, NULL, 1});
  kernel = compile_for(context, "vec");
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
  return 0;
}

/* ---- telling ---- */

static void says(const tg_kernel *of, tg_explain_options options, const char *const *wanted, size_t n_wanted)
{
  char *told;
  size_t n;
  tg_error error = {0};
  assert_int_equal(tg_kernel_explain(of, &options, &told, &n, &error), TG_OK);
  assert_int_equal(strlen(told), n);
  for (size_t i = 0; i < n_wanted; i++) {
    bool is_there = wanted[i][0] != '!';
    if ((strstr(told, wanted[i] + !is_there) != NULL) != is_there) {
      fail_msg("%s in:\n%s", wanted[i], told);
    }
  }
  tg_free(context, told, n);
}

static void a_kernel_tells_of_itself(void **state)
{
  static const char *const wanted[] = {
      "kernel\n",   "vec",          "passes\n",   "rules ",          "changed nothing", "once per invocation\n",
      "streams\n",  "bytes loaded", "engine\n",   "instruction set", "loop %count",     "operations\n",
      "a round",    "sinks\n",      "sum of f64", "binary tree",     "threads\n",       "workspace",
      "!machine\n", "!roofline\n",
  };
  (void)state;
  tg_explain_options options = TG_EXPLAIN_OPTIONS_INIT;
  options.is_measured = 0;
  says(kernel, options, wanted, KIT_COUNT(wanted));
}

static void it_measures_the_machine(void **state)
{
  static const char *const wanted[] = {"\"machine\": {", "\"roofline\": {", "\"bound by\"", "\"GB/s\"", "\"add f32\""};
  (void)state;
  tg_explain_options options = TG_EXPLAIN_OPTIONS_INIT;
  options.form = TG_EXPLAIN_JSON;
  options.n = 5000;
  says(kernel, options, wanted, KIT_COUNT(wanted));
}

/* A back-end that adds no records, the graph as built, and no lanes. */
static void ref_is_told_of_too(void **state)
{
  static const char *const wanted[] = {"ref", "!engine\n", "not run", "0 lanes", "1 thread"};
  (void)state;
  tg_kernel *ref = compile_for(context, "ref");
  tg_explain_options options = TG_EXPLAIN_OPTIONS_INIT;
  options.n = 0;
  options.is_measured = 0;
  says(ref, options, wanted, KIT_COUNT(wanted));
  options.is_measured = 1;
  says(ref, options, wanted, 2);
  tg_kernel_destroy(ref);
}

static void wrong_options_are_refused(void **state)
{
  char *told = (char *)1;
  size_t n = 1;
  tg_estimate estimate;
  tg_explain_options options = TG_EXPLAIN_OPTIONS_INIT;
  (void)state;
  options.n = TG_N_MAX + 1;
  assert_int_equal(tg_kernel_explain(kernel, &options, &told, &n, NULL), TG_ARGUMENT);
  assert_null(told);
  assert_int_equal(n, 0);
  options.n = 1;
  options.form = TG_EXPLAIN_FORM_COUNT;
  assert_int_equal(tg_kernel_explain(kernel, &options, &told, &n, NULL), TG_ARGUMENT);
  options.form = TG_EXPLAIN_TEXT;
  options.size = 0;
  assert_int_equal(tg_kernel_explain(kernel, &options, &told, &n, NULL), TG_ARGUMENT);
  options.size = sizeof options + 1;
  assert_int_equal(tg_kernel_explain(kernel, &options, &told, &n, NULL), TG_ARGUMENT);
  assert_int_equal(tg_kernel_estimate(kernel, TG_N_MAX + 1, 0, &estimate, NULL), TG_ARGUMENT);
}

/* ---- estimates and stats ---- */

static void estimates_are_in_proportion(void **state)
{
  tg_estimate few, many, none;
  tg_error error = {0};
  (void)state;
  assert_int_equal(tg_kernel_estimate(kernel, 100000, 1, &few, &error), TG_OK);
  assert_int_equal(tg_kernel_estimate(kernel, 100000, 1000, &many, &error), TG_OK);
  assert_int_equal(tg_kernel_estimate(kernel, 0, 0, &none, &error), TG_OK);
  assert_int_equal(few.n_threads, 1);
  assert_int_equal(few.bytes_in, 4);
  assert_int_equal(few.bytes_out, 8);
  assert_true(few.memory > 0 && few.compute > 0 && few.call > 0);
  assert_true(many.compute > 2 * few.compute);
  assert_true(few.total >= few.memory && few.total >= few.compute);
  assert_true(none.memory == 0 && none.compute == 0 && none.total == none.call);
}

typedef struct memory {
  float x[N], y[N];
  uint32_t k[N];
  double s;
  uint64_t n;
} memory;

static void measure_run(tg_context *where, const tg_kernel *with, tg_stats *stats)
{
  memory *m = calloc(1, sizeof *m);
  assert_non_null(m);
  tg_binding bindings[] = {KIT_STREAM(m->x), KIT_STREAM(m->y), KIT_STREAM(m->k), KIT_ONE(m->s), KIT_ONE(m->n)};
  tg_invocation call = TG_INVOCATION_INIT;
  call.n = N;
  call.bindings = bindings;
  call.n_bindings = KIT_COUNT(bindings);
  call.stats = stats;
  assert_int_equal(kit_invoke(where, with, call, NULL), TG_OK);
  assert_int_equal(m->n, N / 8 * 28);
  free(m);
}

/* Rounds that lanes took, whoever ran them, with fuel and without; slots are more where lanes part. */
static void stats_count_rounds(void **state)
{
  unsigned n_threads = 3;
  tg_context *threads = kit_context_threads(pool_threads(&n_threads));
  tg_kernel *other = compile_for(threads, "vec"), *ref = compile_for(context, "ref");
  tg_stats stats = {0};
  (void)state;
  measure_run(context, kernel, &stats);
  assert_int_equal(stats.n_threads, 1);
  assert_int_equal(stats.loop_rounds, N / 8 * 28);
  assert_in_range(stats.loop_slots, stats.loop_rounds, N * 7);
  measure_run(threads, other, &stats);
  assert_in_range(stats.n_threads, 2, 3);
  assert_int_equal(stats.loop_rounds, N / 8 * 28);
  measure_run(context, ref, &stats);
  assert_int_equal(stats.n_threads, 1);
  assert_int_equal(stats.loop_rounds, N / 8 * 28);
  assert_int_equal(stats.loop_slots, stats.loop_rounds);
  tg_kernel_destroy(ref);
  tg_kernel_destroy(other);
  tg_context_destroy(threads);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(a_kernel_tells_of_itself),  TEST(it_measures_the_machine),     TEST(ref_is_told_of_too),
      TEST(wrong_options_are_refused), TEST(estimates_are_in_proportion), TEST(stats_count_rounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
