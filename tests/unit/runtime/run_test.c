/* run_test.c: runs in parts: what goes on from part to part, and what a part is refused for. That the bytes are those
 * of one invocation is tested in random_threads_test.c. */
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { INPUT, OUTPUT, TOTAL, LEAST, N_OPERANDS };
enum { N = 3 * TG_BLOCK_LANES };

typedef struct fixture {
  tg_context *context;
  tg_kernel *kernel;
  tg_run *run;
  uint32_t x[N], y[N], least;
  uint64_t total;
  tg_outcome outcome;
  tg_binding bindings[N_OPERANDS];
  tg_invocation part;
} fixture;

/* y is x and the number of the lane; lanes where x is 7 trap. */
static tg_kernel *compile_lanes(tg_context *context)
{
  tg_graph *g = kit_graph(context);
  tg_value x = kit_load(g, "x", TG_U32), one = tg_const_i64(g, TG_U32, 1);
  tg_value lane = tg_iota(g, kit_zero(g, TG_U32), one);
  tg_trap(g, tg_eq(g, x, tg_const_i64(g, TG_U32, 7)), 9, 0);
  kit_store(g, "y", TG_U32, tg_add(g, x, lane));
  tg_sum(g, kit_declare(g, TG_RESULT, "total", TG_U64), x);
  tg_argmin(g, kit_declare(g, TG_RESULT, "least", TG_U32), lane, x);
  return kit_compile(context, g);
}

static int set_up(void **state)
{
  static fixture f;
  tg_invocation init = TG_INVOCATION_INIT;
  memset(&f, 0, sizeof f);
  f.context = kit_context();
  f.kernel = compile_lanes(f.context);
  assert_int_equal(tg_run_create(f.kernel, &f.run, NULL), TG_OK);
  for (uint32_t i = 0; i < N; i++) {
    f.x[i] = 10 + i % 3;
  }
  tg_binding bindings[N_OPERANDS] = {KIT_STREAM(f.x), KIT_STREAM(f.y), KIT_ONE(f.total), KIT_ONE(f.least)};
  memcpy(f.bindings, bindings, sizeof bindings);
  f.part = init;
  f.part.bindings = f.bindings;
  f.part.n_bindings = N_OPERANDS;
  f.part.outcome = &f.outcome;
  *state = &f;
  return 0;
}

static int tear_down(void **state)
{
  fixture *f = *state;
  tg_run_destroy(f->run);
  tg_kernel_destroy(f->kernel);
  tg_context_destroy(f->context);
  return 0;
}

static void run_lanes(fixture *f, uint64_t first, uint64_t n)
{
  tg_error error = {0};
  f->bindings[INPUT].offset = f->bindings[OUTPUT].offset = (size_t)first * sizeof(uint32_t);
  f->part.n = n;
  if (tg_run_part(f->run, &f->part, &error) != TG_OK) {
    fail_msg("%s", error.message);
  }
}

static void parts_go_on(void **state)
{
  fixture *f = *state;
  f->x[TG_BLOCK_LANES + 5] = f->x[N - 1] = 7;
  f->x[TG_BLOCK_LANES + 4] = f->x[N - 2] = 1;
  run_lanes(f, 0, TG_BLOCK_LANES);
  assert_int_equal(f->outcome.n_trapped, 0);
  assert_int_equal(f->least, 0);
  run_lanes(f, TG_BLOCK_LANES, TG_BLOCK_LANES);
  assert_int_equal(f->outcome.n_trapped, 1);
  assert_int_equal(f->outcome.first_lane, TG_BLOCK_LANES + 5);
  run_lanes(f, 2 * TG_BLOCK_LANES, TG_BLOCK_LANES);
  assert_int_equal(f->outcome.n_trapped, 2);
  assert_int_equal(f->outcome.first_lane, TG_BLOCK_LANES + 5);
  assert_int_equal(f->outcome.first_code, 9);
  assert_int_equal(f->outcome.none, 0);
  assert_int_equal(f->least, TG_BLOCK_LANES + 4);
  uint64_t total = 0;
  for (uint32_t i = 0; i < N; i++) {
    bool is_trapped = f->x[i] == 7;
    assert_int_equal(f->y[i], is_trapped ? 0 : f->x[i] + i);
    total += is_trapped ? 0 : f->x[i];
  }
  assert_int_equal(f->total, total);
}

/* Parts of no lanes change nothing, wherever they are; without any other there is no least. */
static void empty_parts(void **state)
{
  fixture *f = *state;
  f->total = f->least = 5;
  run_lanes(f, 0, 0);
  assert_true(f->total == 0 && f->least == 0 && f->outcome.none == 1);
  run_lanes(f, 0, 100);
  run_lanes(f, 100, 0);
  assert_true(f->total == 1099 && f->least == 0 && f->outcome.none == 0);
}

static void refuse(fixture *f, uint64_t n, tg_status status, const char *message)
{
  tg_error error = {0};
  f->part.n = n;
  assert_int_equal(tg_run_part(f->run, &f->part, &error), status);
  assert_int_equal(error.code, status);
  assert_non_null(strstr(error.message, message));
}

/* What is refused leaves the run as it was. */
static void refused_parts(void **state)
{
  fixture *f = *state;
  run_lanes(f, 0, TG_BLOCK_LANES);
  refuse(f, N + 1, TG_BOUNDS, "operand x needs 12289 elements");
  refuse(f, TG_N_MAX + 1, TG_ARGUMENT, "more than 2^40");
  refuse(f, TG_N_MAX, TG_ARGUMENT, "the run would have more than 2^40 lanes");
  f->part.n_bindings = 3;
  refuse(f, 1, TG_ARGUMENT, "has 4 operands");
  f->part.n_bindings = N_OPERANDS;
  run_lanes(f, TG_BLOCK_LANES, 1000);
  assert_int_equal(f->y[TG_BLOCK_LANES + 999], f->x[TG_BLOCK_LANES + 999] + TG_BLOCK_LANES + 999);
  refuse(f, 1, TG_ARGUMENT, "has had 5096 lanes, no multiple of 4096");
  assert_int_equal(f->total, 5096 / 3 * 33 + 10 + 11);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(parts_go_on, set_up, tear_down),
      cmocka_unit_test_setup_teardown(empty_parts, set_up, tear_down),
      cmocka_unit_test_setup_teardown(refused_parts, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
