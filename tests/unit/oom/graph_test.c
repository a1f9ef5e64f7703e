/* graph_test.c: building, reading, writing and transforming graphs with every allocation failing in turn. */
#include "oom.h"
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A module in some form, made beforehand in a context whose memory does not fail. */
typedef struct module {
  tg_form form;
  char *bytes;
  size_t n_bytes;
} module;

static const char stack_text[] = "stack stats # sums, and where the greatest is\n"
                                 "load x f32 dup sum total\n"
                                 "dup dup * sum squares\n"
                                 "iota u64 0 1 over argmax where\n"
                                 "load scale f32 >R R@ * R> + store y f32be\n"
                                 "iota i64 -3 2 iota i64 7 0 divmod drop iota i64 0 1 swap argmin least\n";

static tg_context *plain; /* makes the modules and frees them */

static int set_up(void **state)
{
  (void)state;
  return tg_context_create(NULL, &plain) == TG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
  (void)state;
  tg_context_destroy(plain);
  return 0;
}

static module sample_module(tg_form form)
{
  tg_graph *g;
  module m = {.form = form};
  tg_error error = {0};
  assert_int_equal(tg_graph_create(plain, "sample", &g), TG_OK);
  sample_build(g);
  tg_status status = tg_graph_write(g, form, &m.bytes, &m.n_bytes, &error);
  tg_graph_destroy(g);
  assert_string_equal(error.message, "");
  assert_int_equal(status, TG_OK);
  return m;
}

static module stack_code_module(void)
{
  module m = {.form = TG_FORM_STACK_CODE};
  tg_error error = {0};
  tg_status status = tg_stack_assemble(plain, stack_text, strlen(stack_text), &m.bytes, &m.n_bytes, &error);
  assert_string_equal(error.message, "");
  assert_int_equal(status, TG_OK);
  return m;
}

/* ---- building ---- */

static tg_status build(tg_context *context, const void *argument, tg_error *error)
{
  tg_graph *g;
  (void)argument;
  tg_status status = tg_graph_create(context, "sample", &g);
  if (status == TG_OK) {
    sample_build(g);
    status = tg_graph_finish(g, error);
  }
  tg_graph_destroy(g);
  return status;
}

static void building(void **state)
{
  (void)state;
  assert_true(oom_drive(build, NULL) > 10);
}

/* A chain so long that every list of the graph is moved several times. */
static tg_status build_long(tg_context *context, const void *argument, tg_error *error)
{
  tg_graph *g;
  (void)argument;
  tg_status status = tg_graph_create(context, "chain", &g);
  if (status == TG_OK) {
    tg_operand result = tg_declare(g, TG_RESULT, "total", TG_MODE_U64);
    tg_value value = tg_const_i64(g, TG_U64, 1);
    for (int i = 0; i < 300; i++) {
      value = tg_add(g, value, value);
    }
    tg_sum(g, result, value);
    status = tg_graph_finish(g, error);
  }
  tg_graph_destroy(g);
  return status;
}

static void building_long(void **state)
{
  (void)state;
  assert_true(oom_drive(build_long, NULL) > 10);
}

/* ---- reading ---- */

static tg_status read_module(tg_context *context, const void *argument, tg_error *error)
{
  const module *m = argument;
  tg_graph *g;
  tg_status status = tg_graph_read(context, m->bytes, m->n_bytes, m->form, &g, error);
  if (status != TG_OK && g != NULL) {
    tg_graph_destroy(g);
    return TG_INTERNAL; /* a failure gives no graph */
  }
  tg_graph_destroy(g);
  return status;
}

static void reading_text(void **state)
{
  (void)state;
  module m = sample_module(TG_FORM_TEXT);
  assert_true(oom_drive(read_module, &m) > 10);
  tg_free(plain, m.bytes, m.n_bytes);
}

static void reading_binary(void **state)
{
  (void)state;
  module m = sample_module(TG_FORM_BINARY);
  assert_true(oom_drive(read_module, &m) > 10);
  tg_free(plain, m.bytes, m.n_bytes);
}

static void reading_stack_text(void **state)
{
  (void)state;
  char copy[sizeof stack_text];
  memcpy(copy, stack_text, sizeof copy);
  module m = {.form = TG_FORM_STACK_TEXT, .bytes = copy, .n_bytes = strlen(copy)};
  assert_true(oom_drive(read_module, &m) > 10);
}

static void reading_stack_code(void **state)
{
  (void)state;
  module m = stack_code_module();
  assert_true(oom_drive(read_module, &m) > 10);
  tg_free(plain, m.bytes, m.n_bytes);
}

static tg_status assemble(tg_context *context, const void *argument, tg_error *error)
{
  char *bytes;
  size_t n_bytes;
  (void)argument;
  tg_status status = tg_stack_assemble(context, stack_text, strlen(stack_text), &bytes, &n_bytes, error);
  tg_free(context, bytes, n_bytes);
  return status;
}

static void assembling(void **state)
{
  (void)state;
  assert_true(oom_drive(assemble, NULL) > 10);
}

/* ---- writing and transforming ---- */

static tg_status write_sample(tg_context *context, const void *argument, tg_error *error)
{
  const tg_form *form = argument;
  tg_graph *g;
  char *bytes = NULL;
  size_t n_bytes = 0;
  tg_status status = tg_graph_create(context, "sample", &g);
  if (status == TG_OK) {
    sample_build(g);
    status = tg_graph_write(g, *form, &bytes, &n_bytes, error);
  }
  tg_free(context, bytes, n_bytes);
  tg_graph_destroy(g);
  return status;
}

static void writing_text(void **state)
{
  (void)state;
  tg_form form = TG_FORM_TEXT;
  assert_true(oom_drive(write_sample, &form) > 10);
}

static void writing_binary(void **state)
{
  (void)state;
  tg_form form = TG_FORM_BINARY;
  assert_true(oom_drive(write_sample, &form) > 10);
}

static tg_status transform(tg_context *context, const void *argument, tg_error *error)
{
  tg_graph *g, *transformed = NULL;
  const uint64_t *passes = argument;
  tg_status status = tg_graph_create(context, "sample", &g);
  if (status == TG_OK) {
    sample_build(g);
    status = tg_graph_transform(g, *passes, NULL, &transformed, error);
  }
  tg_graph_destroy(transformed);
  tg_graph_destroy(g);
  return status;
}

static void transforming(void **state)
{
  (void)state;
  uint64_t all = UINT64_MAX;
  assert_true(oom_drive(transform, &all) > 10);
  for (size_t i = 0; tg_pass_name(i) != NULL; i++) {
    uint64_t one = UINT64_C(1) << i;
    assert_true(oom_drive(transform, &one) > 10);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(building),       cmocka_unit_test(building_long),      cmocka_unit_test(reading_text),
      cmocka_unit_test(reading_binary), cmocka_unit_test(reading_stack_text), cmocka_unit_test(reading_stack_code),
      cmocka_unit_test(assembling),     cmocka_unit_test(writing_text),       cmocka_unit_test(writing_binary),
      cmocka_unit_test(transforming),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
