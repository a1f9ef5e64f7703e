/* kit.c: see kit.h. */
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- making ---- */

tg_context *kit_context(void)
{
  tg_context *context;
  assert_int_equal(tg_context_create(NULL, &context), TG_OK);
  return context;
}

tg_context *kit_context_threads(tg_threads threads)
{
  tg_context_options options = TG_CONTEXT_OPTIONS_INIT;
  tg_context *context;
  options.threads = threads;
  assert_int_equal(tg_context_create(&options, &context), TG_OK);
  return context;
}

tg_graph *kit_graph(tg_context *context)
{
  tg_graph *g;
  assert_int_equal(tg_graph_create(context, "test", &g), TG_OK);
  return g;
}

/* Native modes have the numbers of their types. */
tg_operand kit_declare(tg_graph *g, tg_operand_kind kind, const char *name, tg_type type)
{
  return tg_declare(g, kind, name, (tg_mode)type);
}

tg_value kit_load(tg_graph *g, const char *name, tg_type type)
{
  return tg_load(g, kit_declare(g, TG_INPUT, name, type));
}

tg_value kit_param(tg_graph *g, const char *name, tg_type type)
{
  return tg_param(g, kit_declare(g, TG_PARAM, name, type));
}

void kit_store(tg_graph *g, const char *name, tg_type type, tg_value value)
{
  tg_store(g, kit_declare(g, TG_OUTPUT, name, type), value);
}

tg_value kit_lane(tg_graph *g, tg_type type)
{
  char name[32];
  snprintf(name, sizeof name, "lane%zu", tg_graph_n_operands(g));
  return kit_load(g, name, type);
}

/* ---- bodies ---- */

tg_value kit_zero(tg_graph *g, tg_type type)
{
  return tg_const(g, type, 0);
}

tg_value kit_open_loop(tg_graph *g, tg_value start)
{
  tg_value carried = TG_POISON;
  tg_loop_begin(g, &start, 1, 0, &carried);
  return carried;
}

tg_value kit_open_step(tg_graph *g, tg_value start)
{
  tg_value carried = kit_open_loop(g, start);
  tg_loop_test(g, kit_zero(g, TG_BOOL));
  return carried;
}

tg_value kit_end_loop(tg_graph *g, tg_value next)
{
  tg_value results[2] = {TG_POISON, TG_POISON};
  tg_loop_end(g, &next, 1, results);
  return results[0];
}

tg_value kit_end_branch(tg_graph *g, tg_value value)
{
  tg_value result = TG_POISON;
  tg_branch_end(g, &value, 1, &result);
  return result;
}

void kit_open_branch(tg_graph *g)
{
  tg_branch_begin(g, kit_lane(g, TG_BOOL));
}

/* ---- running ---- */

tg_kernel *kit_compile(tg_context *context, tg_graph *g)
{
  tg_kernel *kernel;
  tg_error error = {0};
  if (tg_compile(context, g, NULL, &kernel, &error) != TG_OK) {
    fail_msg("%s: %s", tg_status_name(error.code), error.message);
  }
  tg_graph_destroy(g);
  return kernel;
}

tg_status kit_invoke(tg_context *context, const tg_kernel *kernel, tg_invocation invocation, tg_error *error)
{
  tg_workspace *workspace;
  assert_int_equal(tg_workspace_create(context, tg_kernel_workspace_bytes(kernel), &workspace), TG_OK);
  invocation.workspace = workspace;
  tg_status status = tg_invoke(kernel, &invocation, error);
  tg_workspace_destroy(workspace);
  return status;
}

void kit_run(tg_context *context, const tg_kernel *kernel, uint64_t n, const tg_binding *bindings, size_t n_bindings)
{
  tg_outcome outcome;
  tg_error error = {0};
  tg_invocation invocation = TG_INVOCATION_INIT;
  invocation.n = n;
  invocation.bindings = bindings;
  invocation.n_bindings = n_bindings;
  invocation.outcome = &outcome;
  if (kit_invoke(context, kernel, invocation, &error) != TG_OK) {
    fail_msg("%s: %s", tg_status_name(error.code), error.message);
  }
  assert_int_equal(outcome.n_trapped, 0);
}

void kit_run_once(tg_context *context, tg_graph *g, uint64_t n, const tg_binding *bindings, size_t n_bindings)
{
  tg_kernel *kernel = kit_compile(context, g);
  kit_run(context, kernel, n, bindings, n_bindings);
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
}

void kit_finish(tg_context *context, tg_graph *g)
{
  tg_error error = {0};
  if (tg_graph_finish(g, &error) != TG_OK) {
    fail_msg("%s: %s", tg_status_name(error.code), error.message);
  }
  tg_graph_destroy(g);
  tg_context_destroy(context);
}

/* ---- broken graphs ---- */

static void check_error(const kit_broken *broken, tg_status status, const tg_error *error)
{
  if (status != broken->status || error->code != broken->status) {
    fail_msg("%s: %s, expected %s: %s", broken->name, tg_status_name(status), tg_status_name(broken->status),
             error->message);
  }
  if (strstr(error->message, broken->message) == NULL) {
    fail_msg("%s: the message is \"%s\", expected \"%s\" in it", broken->name, error->message, broken->message);
  }
}

/* After an error the builder gives TG_POISON, adds nothing, and the error stays as it was. */
static void check_sticky(const kit_broken *broken, tg_graph *g)
{
  tg_error error = {0};
  tg_kernel *kernel;
  size_t n_nodes = tg_graph_n_nodes(g), n_operands = tg_graph_n_operands(g);
  assert_int_equal(tg_const(g, TG_F32, 0), TG_POISON);
  assert_int_equal(tg_add(g, TG_POISON, TG_POISON), TG_POISON);
  assert_int_equal(tg_declare(g, TG_INPUT, "late", TG_MODE_F32), TG_POISON);
  assert_int_equal(tg_name(g, 0, "late"), TG_POISON);
  assert_int_equal(tg_graph_n_nodes(g), n_nodes);
  assert_int_equal(tg_graph_n_operands(g), n_operands);
  check_error(broken, tg_graph_error(g, &error), &error);
  error = (tg_error){0};
  check_error(broken, tg_compile(NULL, g, NULL, &kernel, &error), &error);
  assert_null(kernel);
}

void kit_check_broken(void **state)
{
  const kit_broken *broken = *state;
  tg_error error = {0};
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  broken->build(g);
  tg_status status = tg_graph_finish(g, &error);
  check_error(broken, status, &error);
  check_sticky(broken, g);
  tg_graph_destroy(g);
  tg_context_destroy(context);
}

void kit_list_broken(const kit_broken *broken, size_t n, struct CMUnitTest *tests)
{
  for (size_t i = 0; i < n; i++) {
    /* cmocka takes the state as void *, but kit_check_broken only reads it. */
    union {
      const kit_broken *from;
      void *to;
    } state = {&broken[i]};
    tests[i] = (struct CMUnitTest){broken[i].name, kit_check_broken, NULL, NULL, state.to};
  }
}

/* ---- numbers ---- */

uint64_t kit_random(uint64_t seed, uint64_t index)
{
  uint64_t x = seed * UINT64_C(0x9E3779B97F4A7C15) + (index + 1) * UINT64_C(0xBF58476D1CE4E5B9);
  for (int i = 0; i < 3; i++) {
    x ^= x >> 31;
    x *= UINT64_C(0x94D049BB133111EB);
  }
  return x ^ x >> 29;
}
