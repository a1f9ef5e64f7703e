/* kernel_test.c: kernels, option structures, buffers and invocations through the C API: questions about a signature,
 * defaults, one kernel run many times over other memory, submitting and waiting, and every refused call. */
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

/* y = m * x + b in f64, m with default 3; total is the sum of y. Operands: m, x, b, y, total. */
enum { M, X, B, Y, TOTAL, N_OPERANDS };

static tg_graph *build_axpy(tg_context *context)
{
  tg_graph *g = kit_graph(context);
  tg_operand scale = tg_declare(g, TG_PARAM, "m", TG_MODE_F64);
  tg_param_default(g, scale, tg_bits_f64(3));
  tg_value x = kit_load(g, "x", TG_F64), b = kit_load(g, "b", TG_F64);
  tg_value y = tg_add(g, tg_mul(g, tg_param(g, scale), x), b);
  kit_store(g, "y", TG_F64, y);
  tg_sum(g, kit_declare(g, TG_RESULT, "total", TG_F64), y);
  return g;
}

typedef struct fixture {
  tg_context *context;
  tg_kernel *kernel;
  double m, x[8], b[8], y[8], total;
  tg_binding bindings[N_OPERANDS];
  tg_invocation invocation; /* of eight lanes */
} fixture;

static int set_up(void **state)
{
  static fixture f;
  tg_invocation invocation = TG_INVOCATION_INIT;
  memset(&f, 0, sizeof f);
  f.context = kit_context();
  f.kernel = kit_compile(f.context, build_axpy(f.context));
  f.m = 2;
  for (int i = 0; i < 8; i++) {
    f.x[i] = i;
    f.b[i] = 0.5;
    f.y[i] = -1;
  }
  f.bindings[M] = KIT_ONE(f.m);
  f.bindings[X] = KIT_STREAM(f.x);
  f.bindings[B] = KIT_STREAM(f.b);
  f.bindings[Y] = KIT_STREAM(f.y);
  f.bindings[TOTAL] = KIT_ONE(f.total);
  f.invocation = invocation;
  f.invocation.n = 8;
  f.invocation.bindings = f.bindings;
  f.invocation.n_bindings = N_OPERANDS;
  *state = &f;
  return 0;
}

static int tear_down(void **state)
{
  fixture *f = *state;
  tg_kernel_destroy(f->kernel);
  tg_context_destroy(f->context);
  return 0;
}

/* y[i] = m x[i] + b[i], with the total. */
static void demand_results(const fixture *f, double m)
{
  double total = 0;
  for (int i = 0; i < 8; i++) {
    assert_true(f->y[i] == m * f->x[i] + f->b[i]);
    total += f->y[i];
  }
  assert_true(f->total == total);
}

static void demand_refused(fixture *f, tg_status status, const char *message)
{
  tg_error error = {0};
  double before[8];
  memcpy(before, f->y, sizeof before);
  assert_int_equal(tg_invoke(f->kernel, &f->invocation, &error), status);
  assert_int_equal(tg_invoke(f->kernel, &f->invocation, NULL), status);
  assert_int_equal(error.code, status);
  if (strstr(error.message, message) == NULL) {
    fail_msg("the message is \"%s\", expected \"%s\" in it", error.message, message);
  }
  assert_memory_equal(before, f->y, sizeof before);
}

/* ---- questions ---- */

static void a_kernel_knows_its_signature(void **state)
{
  static const char *const names[] = {"m", "x", "b", "y", "total"};
  static const tg_operand_kind kinds[] = {TG_PARAM, TG_INPUT, TG_INPUT, TG_OUTPUT, TG_RESULT};
  fixture *f = *state;
  tg_operand_info info;
  assert_int_equal(tg_kernel_n_operands(f->kernel), N_OPERANDS);
  for (size_t i = 0; i < N_OPERANDS; i++) {
    assert_int_equal(tg_kernel_operand(f->kernel, i, &info), TG_OK);
    assert_string_equal(info.name, names[i]);
    assert_int_equal(info.kind, kinds[i]);
    assert_int_equal(info.mode, TG_MODE_F64);
    assert_int_equal(info.has_default, i == M);
    assert_int_equal(info.none_bit, -1);
    assert_int_equal(tg_kernel_find(f->kernel, names[i]), i);
  }
  assert_int_equal(tg_kernel_operand(f->kernel, N_OPERANDS, &info), TG_ARGUMENT);
  assert_int_equal(tg_kernel_find(f->kernel, "tot"), TG_POISON);
  assert_int_equal(tg_kernel_find(f->kernel, ""), TG_POISON);
  assert_true(tg_kernel_workspace_bytes(f->kernel) > 0);
}

static void back_ends_are_listed(void **state)
{
  fixture *f = *state;
  bool is_listed = false;
  for (size_t i = 0; tg_backend_name(i) != NULL; i++) {
    assert_true(tg_backend_doc(i)[0] != '\0');
    is_listed = is_listed || strcmp(tg_backend_name(i), tg_kernel_backend(f->kernel)) == 0;
  }
  assert_true(is_listed);
}

/* The bits of argmin and argmax are numbered in program order, not in the order of declaration. */
static void none_bits_follow_the_program(void **state)
{
  fixture *f = *state;
  tg_graph *g = kit_graph(f->context);
  tg_operand_info info;
  tg_operand second = kit_declare(g, TG_RESULT, "second", TG_I32), sum = kit_declare(g, TG_RESULT, "sum", TG_I64);
  tg_operand first = kit_declare(g, TG_RESULT, "first", TG_I32);
  tg_value x = kit_load(g, "x", TG_I32);
  tg_argmax(g, first, x, x);
  tg_sum(g, sum, x);
  tg_argmin(g, second, x, x);
  assert_int_equal(tg_graph_operand(g, first, &info), TG_OK);
  assert_int_equal(info.none_bit, 0);
  assert_int_equal(tg_graph_operand(g, second, &info), TG_OK);
  assert_int_equal(info.none_bit, 1);
  assert_int_equal(tg_graph_operand(g, sum, &info), TG_OK);
  assert_int_equal(info.none_bit, -1);
  assert_int_equal(tg_graph_operand(g, 4, &info), TG_ARGUMENT);
  assert_string_equal(tg_graph_name(g), "test");
  assert_int_equal(tg_graph_n_nodes(g), 4);
  tg_graph_destroy(g);
}

static void words_for_numbers(void **state)
{
  (void)state;
  assert_string_equal(tg_version(), "0.1.0");
  assert_string_equal(tg_status_name(TG_OVERLAP), "OVERLAP");
  assert_string_equal(tg_status_name((tg_status)99), "?");
  assert_true(tg_status_text(TG_INTERNAL)[0] != '\0' && tg_status_text((tg_status)99)[0] != '\0');
  assert_string_equal(tg_type_name(TG_F64), "f64");
  assert_string_equal(tg_type_name(TG_TYPE_COUNT), "?");
  assert_string_equal(tg_mode_name(TG_MODE_BF16BE), "bf16be");
  assert_string_equal(tg_mode_name(TG_MODE_COUNT), "?");
  assert_int_equal(tg_mode_bytes(TG_MODE_F16BE), 2);
  assert_int_equal(tg_mode_bytes(TG_MODE_COUNT), 0);
  assert_int_equal(tg_mode_type(TG_MODE_F16BE), TG_F32);
  assert_int_equal(tg_mode_type(TG_MODE_COUNT), TG_BOOL);
  assert_int_equal(tg_type_bytes(TG_BOOL), 1);
  assert_int_equal(tg_type_bytes(TG_TYPE_COUNT), 0);
}

/* ---- invocations ---- */

static void a_param_has_a_default(void **state)
{
  fixture *f = *state;
  assert_int_equal(tg_invoke(f->kernel, &f->invocation, NULL), TG_OK);
  demand_results(f, 2);
  f->bindings[M] = (tg_binding){.data = NULL};
  assert_int_equal(tg_invoke(f->kernel, &f->invocation, NULL), TG_OK);
  demand_results(f, 3);
}

/* A default is kept as bits of its type; a NaN has no payload, in the graph as in what is written. */
static void defaults_of_small_types(void **state)
{
  fixture *f = *state;
  tg_graph *g = kit_graph(f->context), *again;
  tg_operand_info info;
  char *bytes;
  size_t n_bytes;
  float y[1];
  tg_operand p = tg_declare(g, TG_PARAM, "p", TG_MODE_F32);
  tg_param_default(g, p, UINT64_C(0xFFFFFFFF));
  kit_store(g, "y", TG_F32, tg_param(g, p));
  assert_int_equal(tg_graph_operand(g, p, &info), TG_OK);
  assert_true(info.has_default && info.default_bits == 0x7FC00000);
  assert_int_equal(tg_graph_write(g, TG_FORM_BINARY, &bytes, &n_bytes, NULL), TG_OK);
  assert_int_equal(tg_graph_read(f->context, bytes, n_bytes, TG_FORM_BINARY, &again, NULL), TG_OK);
  tg_free(f->context, bytes, n_bytes);
  tg_graph_destroy(again);
  tg_kernel *kernel = kit_compile(f->context, g);
  kit_run(f->context, kernel, 1, (tg_binding[]){{.data = NULL}, KIT_STREAM(y)}, 2);
  assert_memory_equal(y, (uint32_t[]){0x7FC00000}, 4);
  tg_kernel_destroy(kernel);
}

static void a_result_may_lack_memory(void **state)
{
  fixture *f = *state;
  f->bindings[TOTAL] = (tg_binding){.data = NULL};
  assert_int_equal(tg_invoke(f->kernel, &f->invocation, NULL), TG_OK);
  assert_true(f->y[7] == 14.5 && f->total == 0);
}

/* One kernel, many invocations: lengths, addresses and strides are no part of it. */
static void one_kernel_for_all_lengths_and_strides(void **state)
{
  fixture *f = *state;
  double x[200], y[200];
  for (int i = 0; i < 200; i++) {
    x[i] = i;
  }
  f->bindings[B].stride = 0;
  for (size_t round = 0; round < 300; round++) {
    size_t n = kit_random(1, round) % 40, step = 1 + kit_random(2, round) % 4, first = kit_random(3, round) % 40;
    double total = 0;
    memset(y, 0, sizeof y);
    f->invocation.n = n;
    f->bindings[X] = (tg_binding){.data = x, .bytes = sizeof x, .offset = 8 * first, .stride = (ptrdiff_t)(8 * step)};
    f->bindings[Y] = (tg_binding){.data = y, .bytes = sizeof y, .offset = 8 * 199, .stride = -(ptrdiff_t)(8 * step)};
    assert_int_equal(tg_invoke(f->kernel, &f->invocation, NULL), TG_OK);
    for (size_t i = 0; i < n; i++) {
      double want = 2 * (double)(first + i * step) + 0.5;
      assert_true(y[199 - i * step] == want);
      total += want;
      y[199 - i * step] = 0;
    }
    for (int i = 0; i < 200; i++) {
      assert_true(y[i] == 0);
    }
    assert_true(f->total == total);
  }
}

/* Addresses need no alignment. */
static void memory_at_odd_addresses(void **state)
{
  fixture *f = *state;
  unsigned char x[65], y[65 + 2];
  memcpy(x + 1, f->x, sizeof f->x);
  f->bindings[X] = (tg_binding){.data = x, .bytes = sizeof x, .offset = 1, .stride = 8};
  f->bindings[Y] = (tg_binding){.data = y, .bytes = sizeof y, .offset = 3, .stride = 8};
  assert_int_equal(tg_invoke(f->kernel, &f->invocation, NULL), TG_OK);
  memcpy(f->y, y + 3, sizeof f->y);
  demand_results(f, 2);
}

static void in_place(void **state)
{
  fixture *f = *state;
  f->bindings[Y] = f->bindings[X];
  assert_int_equal(tg_invoke(f->kernel, &f->invocation, NULL), TG_OK);
  assert_true(f->x[0] == 0.5 && f->x[7] == 14.5);
}

static void submitting_and_waiting(void **state)
{
  fixture *f = *state;
  tg_event *event;
  tg_error error = {0};
  assert_int_equal(tg_submit(f->kernel, &f->invocation, &event, &error), TG_OK);
  assert_int_equal(tg_wait(event, &error), TG_OK);
  demand_results(f, 2);
  f->bindings[Y].stride = 4;
  assert_int_equal(tg_submit(f->kernel, &f->invocation, &event, &error), TG_OK);
  assert_int_equal(tg_wait(event, &error), TG_OVERLAP);
  assert_int_equal(error.code, TG_OVERLAP);
  assert_int_equal(tg_submit(f->kernel, &f->invocation, &event, NULL), TG_OK);
  assert_int_equal(tg_wait(event, NULL), TG_OVERLAP);
}

static void the_outcome_is_filled(void **state)
{
  fixture *f = *state;
  tg_outcome outcome, zero = {0};
  memset(&outcome, 0xEE, sizeof outcome);
  f->invocation.outcome = &outcome;
  assert_int_equal(tg_invoke(f->kernel, &f->invocation, NULL), TG_OK);
  assert_true(outcome.n_trapped == zero.n_trapped && outcome.first_lane == 0 && outcome.none == 0);
  assert_true(outcome.first_code == 0 && outcome.first_position == 0);
}

/* ---- refusals ---- */

static void calls_that_cannot_be(void **state)
{
  fixture *f = *state;
  f->invocation.n = TG_N_MAX + 1;
  demand_refused(f, TG_ARGUMENT, "more than 2^40");
  f->invocation.n = 8;
  f->invocation.n_bindings = 4;
  demand_refused(f, TG_ARGUMENT, "the graph has 5 operands, but the invocation binds 4");
  f->invocation.n_bindings = 6;
  demand_refused(f, TG_ARGUMENT, "the graph has 5 operands, but the invocation binds 6");
  f->invocation.n_bindings = 5;
  f->invocation.bindings = NULL;
  demand_refused(f, TG_ARGUMENT, "the graph has 5 operands, but the invocation binds 0");
  f->invocation.bindings = f->bindings;
  f->invocation.size--;
  demand_refused(f, TG_ARGUMENT, "the invocation's size");
  f->invocation.size += 2;
  demand_refused(f, TG_ARGUMENT, "the invocation's size");
}

static void operands_without_memory(void **state)
{
  fixture *f = *state;
  f->bindings[X].data = NULL;
  demand_refused(f, TG_ARGUMENT, "operand x (input) has no memory");
  f->bindings[X].data = f->x;
  f->bindings[Y].data = NULL;
  demand_refused(f, TG_ARGUMENT, "operand y (output) has no memory");
}

/* What is wrong with any operand's memory comes before what is out of bounds, and that before what overlaps. */
static void refusals_in_order(void **state)
{
  fixture *f = *state;
  f->bindings[Y].stride = 4;
  demand_refused(f, TG_OVERLAP, "output y has elements of 8 bytes but a stride of 4");
  f->bindings[TOTAL].offset = 1;
  demand_refused(f, TG_BOUNDS, "operand total needs 1 elements");
  f->bindings[B].data = NULL;
  demand_refused(f, TG_ARGUMENT, "operand b (input) has no memory");
}

static void a_workspace_that_is_too_small(void **state)
{
  fixture *f = *state;
  size_t need = tg_kernel_workspace_bytes(f->kernel);
  assert_int_equal(tg_workspace_create(f->context, need - 1, &f->invocation.workspace), TG_OK);
  demand_refused(f, TG_ARGUMENT, "the kernel needs a workspace of");
  tg_workspace_destroy(f->invocation.workspace);
  assert_int_equal(tg_workspace_create(f->context, need, &f->invocation.workspace), TG_OK);
  assert_int_equal(tg_invoke(f->kernel, &f->invocation, NULL), TG_OK);
  demand_results(f, 2);
  tg_workspace_destroy(f->invocation.workspace);
  assert_int_equal(tg_workspace_create(f->context, SIZE_MAX, &f->invocation.workspace), TG_LIMIT);
  assert_null(f->invocation.workspace);
}

/* More than 64 KiB do not fit the stack: such a kernel asks for a workspace. */
static void a_kernel_that_needs_a_workspace(void **state)
{
  fixture *f = *state;
  tg_graph *g = kit_graph(f->context);
  uint8_t y[2] = {9, 9};
  tg_error error = {0};
  kit_store(g, "y", TG_U8, tg_aload(g, tg_array(g, TG_U8, 100000), tg_const_i64(g, TG_U32, 99999)));
  tg_kernel *kernel = kit_compile(f->context, g);
  f->invocation.n = 2;
  f->invocation.bindings = (tg_binding[]){KIT_STREAM(y)};
  f->invocation.n_bindings = 1;
  assert_int_equal(tg_invoke(kernel, &f->invocation, &error), TG_ARGUMENT);
  assert_non_null(strstr(error.hint, "tg_workspace_create"));
  assert_int_equal(kit_invoke(f->context, kernel, f->invocation, &error), TG_OK);
  assert_true(y[0] == 0 && y[1] == 0);
  tg_kernel_destroy(kernel);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      CASE(a_kernel_knows_its_signature),
      CASE(back_ends_are_listed),
      CASE(none_bits_follow_the_program),
      CASE(words_for_numbers),
      CASE(a_param_has_a_default),
      CASE(defaults_of_small_types),
      CASE(a_result_may_lack_memory),
      CASE(one_kernel_for_all_lengths_and_strides),
      CASE(memory_at_odd_addresses),
      CASE(in_place),
      CASE(submitting_and_waiting),
      CASE(the_outcome_is_filled),
      CASE(calls_that_cannot_be),
      CASE(operands_without_memory),
      CASE(refusals_in_order),
      CASE(a_workspace_that_is_too_small),
      CASE(a_kernel_that_needs_a_workspace),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
