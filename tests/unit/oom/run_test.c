/* run_test.c: contexts, kernels, workspaces, buffers and invocations with every allocation failing in turn. */
#include "fail_alloc.h"
#include "oom.h"
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- contexts ---- */

static tg_status only_context(tg_context *context, const void *argument, tg_error *error)
{
  (void)argument;
  (void)error;
  return context == NULL ? TG_INTERNAL : TG_OK;
}

static void creating_a_context(void **state)
{
  (void)state;
  assert_true(oom_drive(only_context, NULL) >= 1);
}

/* ---- kernels ---- */

static tg_status compile_sample(tg_context *context, const char *backend, tg_kernel **kernel, tg_error *error)
{
  tg_graph *g;
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  options.backend = backend;
  options.force_passes = 1;
  *kernel = NULL;
  tg_status status = tg_graph_create(context, "sample", &g);
  if (status == TG_OK) {
    sample_build(g);
    status = tg_compile(context, g, &options, kernel, error);
  }
  tg_graph_destroy(g);
  return status;
}

static tg_status compile_only(tg_context *context, const void *argument, tg_error *error)
{
  tg_kernel *kernel;
  tg_status status = compile_sample(context, argument, &kernel, error);
  tg_kernel_destroy(kernel);
  return status;
}

static void compiling(void **state)
{
  (void)state;
  for (size_t i = 0; tg_backend_name(i) != NULL; i++) {
    assert_true(oom_drive(compile_only, tg_backend_name(i)) > 10);
  }
}

/* ---- what they tell ---- */

/* Of the graph as built: passes are for `compiling`. */
static tg_status explain_kernel(tg_context *context, const void *argument, tg_error *error)
{
  const tg_explain_options *options = argument;
  tg_compile_options as_built = TG_COMPILE_OPTIONS_INIT;
  tg_graph *g;
  tg_kernel *kernel = NULL;
  char *told = NULL;
  size_t n = 0;
  as_built.passes = 0;
  tg_status status = tg_graph_create(context, "sample", &g);
  if (status == TG_OK) {
    sample_build(g);
    status = tg_compile(context, g, &as_built, &kernel, error);
  }
  tg_graph_destroy(g);
  if (status == TG_OK) {
    status = tg_kernel_explain(kernel, options, &told, &n, error);
  }
  tg_free(context, told, n);
  tg_kernel_destroy(kernel);
  return status;
}

static void explaining(void **state)
{
  tg_explain_options options = TG_EXPLAIN_OPTIONS_INIT;
  (void)state;
  options.is_measured = 0;
  assert_true(oom_drive(explain_kernel, &options) > 20);
  options.form = TG_EXPLAIN_JSON;
  assert_true(oom_drive(explain_kernel, &options) > 20);
}

/* Measuring compiles small graphs of its own. */
static tg_status estimate_kernel(tg_context *context, const void *argument, tg_error *error)
{
  tg_graph *g;
  tg_kernel *kernel = NULL;
  tg_estimate estimate;
  (void)argument;
  tg_status status = tg_graph_create(context, "empty", &g);
  if (status == TG_OK) {
    status = tg_compile(context, g, NULL, &kernel, error);
  }
  tg_graph_destroy(g);
  if (status == TG_OK) {
    status = tg_kernel_estimate(kernel, 1, 0, &estimate, error);
  }
  tg_kernel_destroy(kernel);
  return status;
}

static void estimating(void **state)
{
  (void)state;
  assert_true(oom_drive(estimate_kernel, NULL) > 20);
}

/* ---- workspaces and buffers ---- */

static tg_status make_workspace(tg_context *context, const void *argument, tg_error *error)
{
  tg_workspace *workspace;
  (void)argument;
  (void)error;
  tg_status status = tg_workspace_create(context, 100000, &workspace);
  tg_workspace_destroy(workspace);
  return status;
}

static void creating_a_workspace(void **state)
{
  (void)state;
  assert_true(oom_drive(make_workspace, NULL) >= 2);
}

static tg_status use_buffer(tg_buffer *buffer, tg_error *error)
{
  unsigned char bytes[16] = {1, 2, 3}, back[16];
  tg_status status = tg_buffer_write(buffer, 4, bytes, sizeof bytes, error);
  if (status == TG_OK) {
    status = tg_buffer_read(buffer, 4, back, sizeof back, error);
  }
  return status == TG_OK && memcmp(bytes, back, sizeof bytes) != 0 ? TG_INTERNAL : status;
}

static tg_status make_buffers(tg_context *context, const void *argument, tg_error *error)
{
  unsigned char host[20] = {0};
  tg_buffer *own, *wrapped = NULL;
  (void)argument;
  tg_status status = tg_buffer_create(context, 20, &own);
  if (status == TG_OK) {
    status = tg_buffer_wrap(context, host, sizeof host, &wrapped);
  }
  if (status == TG_OK) {
    status = use_buffer(own, error);
  }
  if (status == TG_OK) {
    status = use_buffer(wrapped, error);
  }
  tg_buffer_destroy(wrapped);
  tg_buffer_destroy(own);
  return status;
}

static void creating_buffers(void **state)
{
  (void)state;
  assert_true(oom_drive(make_buffers, NULL) >= 3);
}

/* ---- invocations ---- */

typedef enum way { INVOKE, SUBMIT, RUN } way;

/* A run of a single part. */
static tg_status run_part(const tg_kernel *kernel, const tg_invocation *part, tg_error *error)
{
  tg_run *run;
  tg_status status = tg_run_create(kernel, &run, error);
  if (status == TG_OK) {
    status = tg_run_part(run, part, error);
  }
  tg_run_destroy(run);
  return status;
}

/* Compiles the sample and runs it in a workspace. */
static tg_status run_sample(tg_context *context, const void *argument, tg_error *error)
{
  const way *chosen = argument;
  tg_kernel *kernel;
  tg_workspace *workspace = NULL;
  tg_event *event;
  sample_memory memory;
  sample_bind(&memory);
  tg_invocation invocation = TG_INVOCATION_INIT;
  invocation.n = SAMPLE_LANES;
  invocation.bindings = memory.bindings;
  invocation.n_bindings = SAMPLE_OPERANDS;
  tg_status status = compile_sample(context, "auto", &kernel, error);
  if (status == TG_OK) {
    status = tg_workspace_create(context, tg_kernel_workspace_bytes(kernel), &workspace);
    invocation.workspace = workspace;
  }
  if (status == TG_OK && *chosen == INVOKE) {
    status = tg_invoke(kernel, &invocation, error);
  } else if (status == TG_OK && *chosen == RUN) {
    status = run_part(kernel, &invocation, error);
  } else if (status == TG_OK) {
    status = tg_submit(kernel, &invocation, &event, error);
    status = status == TG_OK ? tg_wait(event, error) : status;
  }
  tg_workspace_destroy(workspace);
  tg_kernel_destroy(kernel);
  return status;
}

static void invoking(void **state)
{
  (void)state;
  way chosen = INVOKE;
  assert_true(oom_drive(run_sample, &chosen) > 10);
}

static void submitting(void **state)
{
  (void)state;
  way chosen = SUBMIT;
  assert_true(oom_drive(run_sample, &chosen) > 10);
}

static void running_in_parts(void **state)
{
  (void)state;
  way chosen = RUN;
  assert_true(oom_drive(run_sample, &chosen) > 10);
}

/* tg_invoke promises to allocate nothing: an allocator that fails from now on is not asked at all. */
static void invoking_allocates_nothing(void **state)
{
  fail_alloc f;
  tg_context *context;
  tg_kernel *kernel;
  tg_workspace *workspace;
  tg_context_options options = TG_CONTEXT_OPTIONS_INIT;
  sample_memory memory;
  tg_outcome outcome;
  tg_error error = {0};
  (void)state;
  options.allocator = fail_alloc_make(&f, 0, 1);
  assert_int_equal(tg_context_create(&options, &context), TG_OK);
  assert_int_equal(compile_sample(context, "auto", &kernel, &error), TG_OK);
  assert_int_equal(tg_workspace_create(context, tg_kernel_workspace_bytes(kernel), &workspace), TG_OK);
  size_t calls = f.calls;
  f.fail_at = calls + 1;
  sample_bind(&memory);
  tg_invocation invocation = TG_INVOCATION_INIT;
  invocation.n = SAMPLE_LANES;
  invocation.bindings = memory.bindings;
  invocation.n_bindings = SAMPLE_OPERANDS;
  invocation.workspace = workspace;
  invocation.outcome = &outcome;
  assert_int_equal(tg_invoke(kernel, &invocation, &error), TG_OK);
  assert_int_equal(outcome.n_trapped, 0);
  assert_int_equal(f.calls, calls);
  tg_workspace_destroy(workspace);
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
  assert_int_equal(f.live, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(creating_a_context),
      cmocka_unit_test(compiling),
      cmocka_unit_test(creating_a_workspace),
      cmocka_unit_test(creating_buffers),
      cmocka_unit_test(invoking),
      cmocka_unit_test(submitting),
      cmocka_unit_test(running_in_parts),
      cmocka_unit_test(invoking_allocates_nothing),
      cmocka_unit_test(explaining),
      cmocka_unit_test(estimating),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
