/* llvm_fault_test.c: LLVM gives up, where it would end the process: the caller gets an error, what was compiled before
 * still runs, nothing more is compiled by it, and the other back-ends go on. Each in a child, for LLVM stays broken. */
#define _POSIX_C_SOURCE 200809L /* fork */
#include "kit.h"
#include "plugin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* y = x + x on a back-end; NULL, with *error, where that cannot be. */
static tg_kernel *double_on(tg_context *context, const char *backend, tg_error *error)
{
  tg_kernel *kernel = NULL;
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_graph *g = kit_graph(context);
  tg_value x = kit_load(g, "x", TG_F32);
  kit_store(g, "y", TG_F32, tg_add(g, x, x));
  options.backend = backend;
  *error = (tg_error){TG_OK, {0, 0, 0}, "", ""};
  tg_compile(context, g, &options, &kernel, error);
  tg_graph_destroy(g);
  return kernel;
}

static void demand_doubles(tg_context *context, const tg_kernel *kernel)
{
  float x[100], y[100];
  for (int i = 0; i < 100; i++) {
    x[i] = (float)i;
  }
  memset(y, 0, sizeof y);
  assert_non_null(kernel);
  kit_run(context, kernel, 100, (tg_binding[]){KIT_STREAM(x), KIT_STREAM(y)}, 2);
  for (int i = 0; i < 100; i++) {
    assert_true(y[i] == 2 * x[i]);
  }
}

static void fail_in_the_middle(void)
{
  tg_error error;
  tg_context *context = kit_context();
  tg_kernel *before = double_on(context, "llvm", &error);
  assert_null(double_on(context, "llvm:fault", &error));
  assert_int_equal(error.code, TG_INTERNAL);
  assert_non_null(strstr(error.message, "LLVM failed: "));
  assert_null(double_on(context, "llvm", &error));
  assert_int_equal(error.code, TG_UNSUPPORTED);
  demand_doubles(context, before);
  tg_kernel *after = double_on(context, "vec", &error), *automatic = double_on(context, "auto", &error);
  demand_doubles(context, after);
  demand_doubles(context, automatic);
  tg_kernel_destroy(before);
  tg_kernel_destroy(after);
  tg_kernel_destroy(automatic);
  tg_context_destroy(context);
}

static void a_fatal_error_of_llvm(void **state)
{
  int status = 1;
  (void)state;
#if !defined(__x86_64__)
  print_message("no such fault is known for this machine\n");
  skip();
#endif
  plugin_need();
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    fail_in_the_middle();
    _exit(0); /* a failed assertion exits with another status; what LLVM held is lost, which is no leak of ours */
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_fatal_error_of_llvm)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
