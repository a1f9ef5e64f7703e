/* oom.c: see oom.h. */
#include "oom.h"

#include "fail_alloc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static tg_status run_once(oom_scenario scenario, const void *argument, tg_allocator allocator, tg_error *error)
{
  tg_context_options options = TG_CONTEXT_OPTIONS_INIT;
  tg_context *context;
  options.allocator = allocator;
  tg_status status = tg_context_create(&options, &context);
  if (status == TG_OK) {
    status = scenario(context, argument, error);
  }
  tg_context_destroy(context);
  return status;
}

static size_t drive(oom_scenario scenario, const void *argument, int sticky)
{
  for (size_t n = 1;; n++) {
    fail_alloc f;
    tg_error error = {0};
    tg_status status = run_once(scenario, argument, fail_alloc_make(&f, n, sticky), &error);
    const char *how = sticky ? "from it on" : "alone";
    if (f.live != 0) {
      fail_msg("allocation %zu failing %s: %zu bytes are still held", n, how, f.live);
    }
    if (f.misused) {
      fail_msg("allocation %zu failing %s: a block was resized or freed with a wrong size", n, how);
    }
    if (status == TG_OK && f.failed > 0) {
      fail_msg("allocation %zu failing %s: the failure was swallowed", n, how);
    }
    if (status == TG_OK) {
      return f.calls;
    }
    if (status != TG_NOMEM || f.failed == 0) {
      fail_msg("allocation %zu failing %s: %s (%s)", n, how, tg_status_name(status), error.message);
    }
    if (error.code != TG_OK && (error.code != TG_NOMEM || error.message[0] == '\0')) {
      fail_msg("allocation %zu failing %s: NOMEM came with the error %s: \"%s\"", n, how, tg_status_name(error.code),
               error.message);
    }
  }
}

size_t oom_drive(oom_scenario scenario, const void *argument)
{
  size_t n_once = drive(scenario, argument, 0);
  size_t n_sticky = drive(scenario, argument, 1);
  assert_int_equal(n_once, n_sticky);
  return n_once;
}
