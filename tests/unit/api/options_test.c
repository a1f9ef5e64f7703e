/* options_test.c: option structures of other sizes, the compiler's options, and buffers. */
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- option structures ---- */

/* A caller compiled against an older header has smaller structures: what it does not know has its default. */
static void context_options_of_other_sizes(void **state)
{
  tg_context_options options = TG_CONTEXT_OPTIONS_INIT;
  tg_context *context;
  (void)state;
  options.threads.n_threads = 0; /* without threads: 1 */
  assert_int_equal(tg_context_create(&options, &context), TG_OK);
  tg_context_destroy(context);
  options.size = offsetof(tg_context_options, threads);
  assert_int_equal(tg_context_create(&options, &context), TG_OK);
  tg_context_destroy(context);
  options.size = sizeof options + 1;
  assert_int_equal(tg_context_create(&options, &context), TG_ARGUMENT);
  assert_null(context);
  options.size = 0;
  assert_int_equal(tg_context_create(&options, &context), TG_ARGUMENT);
  tg_context_destroy(NULL);
}

/* y = x + (2 * 3). */
static tg_graph *build(tg_context *context)
{
  tg_graph *g = kit_graph(context);
  tg_value two = tg_const_i64(g, TG_I32, 2), six = tg_mul(g, two, tg_const_i64(g, TG_I32, 3));
  kit_store(g, "y", TG_I32, tg_add(g, kit_load(g, "x", TG_I32), six));
  return g;
}

static void demand_sums(tg_context *context, const tg_kernel *kernel)
{
  int32_t x[3] = {1, 2, 3}, y[3] = {0};
  kit_run(context, kernel, 3, (tg_binding[]){KIT_STREAM(x), KIT_STREAM(y)}, 2);
  assert_true(y[0] == 7 && y[1] == 8 && y[2] == 9);
}

static void demand_compiles(tg_context *context, const tg_compile_options *options)
{
  tg_graph *g = build(context);
  tg_kernel *kernel;
  assert_int_equal(tg_compile(context, g, options, &kernel, NULL), TG_OK);
  tg_graph_destroy(g);
  demand_sums(context, kernel);
  tg_kernel_destroy(kernel);
}

static void compile_options_of_other_sizes(void **state)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_context *context = kit_context();
  tg_graph *g = build(context);
  tg_error error = {0};
  tg_kernel *kernel;
  (void)state;
  demand_compiles(context, NULL);
  demand_compiles(context, &options);
  options.size = offsetof(tg_compile_options, passes);
  demand_compiles(context, &options);
  options.size = offsetof(tg_compile_options, backend);
  demand_compiles(context, &options);
  options.size = sizeof options + 8;
  assert_int_equal(tg_compile(context, g, &options, &kernel, &error), TG_ARGUMENT);
  assert_null(kernel);
  options.size = 0;
  assert_int_equal(tg_compile(context, g, &options, &kernel, &error), TG_ARGUMENT);
  assert_int_equal(error.code, TG_ARGUMENT);
  tg_graph_destroy(g);
  tg_context_destroy(context);
}

static void compile_options(void **state)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_context *context = kit_context();
  tg_graph *g = build(context);
  tg_error error = {0};
  tg_kernel *kernel;
  (void)state;
  options.force_passes = 1;
  demand_compiles(context, &options);
  options.passes = 0;
  demand_compiles(context, &options);
  options.backend = NULL;
  demand_compiles(context, &options);
  options.backend = "ref";
  demand_compiles(context, &options);
  options.backend = "nonesuch";
  assert_int_equal(tg_compile(context, g, &options, &kernel, &error), TG_ARGUMENT);
  assert_non_null(strstr(error.message, "nonesuch"));
  assert_null(kernel);
  tg_graph_destroy(g);
  tg_context_destroy(context);
}

/* The graph is left as it was, and may be compiled and transformed again. */
static void transforming(void **state)
{
  tg_context *context = kit_context();
  tg_graph *g = build(context), *folded;
  tg_error error = {0};
  (void)state;
  assert_int_equal(tg_graph_transform(g, UINT64_MAX, NULL, &folded, &error), TG_OK);
  assert_int_equal(tg_graph_n_nodes(g), 6);
  assert_int_equal(tg_graph_n_nodes(folded), 4);
  tg_kernel *kernel = kit_compile(context, folded);
  demand_sums(context, kernel);
  tg_kernel_destroy(kernel);
  assert_int_equal(tg_graph_transform(g, UINT64_MAX, tg_pass_name(0), &folded, &error), TG_OK);
  tg_graph_destroy(folded);
  assert_int_equal(tg_graph_transform(g, UINT64_MAX, "nonesuch", &folded, &error), TG_ARGUMENT);
  assert_null(folded);
  demand_compiles(context, NULL);
  tg_graph_destroy(g);
  tg_context_destroy(context);
}

static void linear_options_of_a_smaller_size(void **state)
{
  tg_context *context = kit_context();
  tg_graph *g = kit_graph(context);
  tg_linear linear = TG_LINEAR_INIT;
  float x[2] = {3, 4}, y[2] = {9, 9};
  (void)state;
  tg_value v = kit_load(g, "x", TG_F32), w;
  linear.ring = TG_RING_FLOAT;
  linear.x = &v;
  linear.n_x = linear.n_y = 1;
  linear.size = offsetof(tg_linear, entries);
  linear.n_entries = 1000; /* beyond the size: not looked at */
  tg_linear_apply(g, &linear, &w);
  kit_store(g, "y", TG_F32, w);
  kit_run_once(context, g, 2, (tg_binding[]){KIT_STREAM(x), KIT_STREAM(y)}, 2);
  assert_true(y[0] == 0 && y[1] == 0);
}

/* A doc text need not end in a newline: the graph is written and read back all the same. */
static void docs(void **state)
{
  static const char *const texts[] = {"one line", "two\nlines\n", "", "\n\nafter empty lines"};
  tg_context *context = kit_context();
  (void)state;
  for (size_t i = 0; i < KIT_COUNT(texts); i++) {
    for (int form = TG_FORM_TEXT; form <= TG_FORM_BINARY; form++) {
      tg_graph *g = build(context), *again;
      tg_error error = {0};
      char *bytes;
      size_t n_bytes;
      tg_graph_set_doc(g, texts[i]);
      assert_int_equal(tg_graph_write(g, (tg_form)form, &bytes, &n_bytes, &error), TG_OK);
      if (tg_graph_read(context, bytes, n_bytes, (tg_form)form, &again, &error) != TG_OK) {
        fail_msg("form %d, doc %zu: %s", form, i, error.message);
      }
      tg_free(context, bytes, n_bytes);
      tg_graph_destroy(again);
      tg_graph_destroy(g);
    }
  }
  tg_context_destroy(context);
}

/* ---- buffers ---- */

static void reading_and_writing(void **state)
{
  tg_context *context = kit_context();
  unsigned char host[16] = {1, 2, 3, 4}, back[16];
  tg_buffer *buffer;
  tg_error error = {0};
  (void)state;
  assert_int_equal(tg_buffer_create(context, 16, &buffer), TG_OK);
  assert_int_equal(tg_buffer_bytes(buffer), 16);
  assert_int_equal(tg_buffer_read(buffer, 0, back, 16, &error), TG_OK);
  assert_memory_equal(back, (unsigned char[16]){0}, 16);
  assert_int_equal(tg_buffer_write(buffer, 12, host, 4, &error), TG_OK);
  assert_int_equal(tg_buffer_read(buffer, 11, back, 5, &error), TG_OK);
  assert_memory_equal(back, ((unsigned char[5]){0, 1, 2, 3, 4}), 5);
  assert_int_equal(tg_buffer_read(buffer, 16, back, 0, &error), TG_OK);
  assert_int_equal(tg_buffer_read(buffer, 17, back, 0, &error), TG_BOUNDS);
  assert_int_equal(tg_buffer_write(buffer, 13, host, 4, &error), TG_BOUNDS);
  assert_int_equal(error.code, TG_BOUNDS);
  assert_int_equal(tg_buffer_write(buffer, SIZE_MAX, host, 2, NULL), TG_BOUNDS);
  assert_int_equal(tg_buffer_read(buffer, 1, back, SIZE_MAX, NULL), TG_BOUNDS);
  tg_buffer_destroy(buffer);
  tg_buffer_destroy(NULL);
  tg_context_destroy(context);
}

static void wrapping_and_mapping(void **state)
{
  tg_context *context = kit_context();
  unsigned char host[4] = {1, 2, 3, 4};
  tg_buffer *buffer, *empty;
  void *data, *again;
  (void)state;
  assert_int_equal(tg_buffer_wrap(context, host, 4, &buffer), TG_OK);
  assert_int_equal(tg_buffer_map(buffer, &data, NULL), TG_OK);
  assert_int_equal(((unsigned char *)data)[3], 4);
  ((unsigned char *)data)[0] = 9;
  assert_int_equal(tg_buffer_map(buffer, &again, NULL), TG_ARGUMENT);
  assert_null(again);
  tg_buffer_unmap(buffer);
  assert_int_equal(host[0], 9);
  assert_int_equal(tg_buffer_map(buffer, &again, NULL), TG_OK);
  tg_buffer_unmap(buffer);
  tg_buffer_destroy(buffer);
  assert_int_equal(tg_buffer_wrap(context, NULL, 1, &buffer), TG_ARGUMENT);
  assert_null(buffer);
  assert_int_equal(tg_buffer_create(context, 0, &empty), TG_OK);
  assert_int_equal(tg_buffer_bytes(empty), 0);
  tg_buffer_destroy(empty);
  tg_context_destroy(context);
}

/* Buffers as operands; not while one is mapped. */
static void running_on_buffers(void **state)
{
  tg_context *context = kit_context();
  tg_kernel *kernel = kit_compile(context, build(context));
  int32_t x[3] = {1, 2, 3}, y[3];
  tg_buffer *in, *out;
  tg_error error = {0};
  void *data;
  (void)state;
  assert_int_equal(tg_buffer_wrap(context, x, sizeof x, &in), TG_OK);
  assert_int_equal(tg_buffer_create(context, 16, &out), TG_OK);
  tg_binding bindings[2] = {{.buffer = in, .stride = 4}, {.buffer = out, .offset = 4, .stride = 4}};
  kit_run(context, kernel, 3, bindings, 2);
  assert_int_equal(tg_buffer_read(out, 4, y, sizeof y, &error), TG_OK);
  assert_true(y[0] == 7 && y[1] == 8 && y[2] == 9);
  tg_invocation invocation = TG_INVOCATION_INIT;
  invocation.n = 4;
  invocation.bindings = bindings;
  invocation.n_bindings = 2;
  assert_int_equal(tg_invoke(kernel, &invocation, &error), TG_BOUNDS);
  invocation.n = 3;
  assert_int_equal(tg_buffer_map(out, &data, NULL), TG_OK);
  assert_int_equal(tg_invoke(kernel, &invocation, &error), TG_ARGUMENT);
  assert_non_null(strstr(error.message, "the buffer of operand y is mapped"));
  tg_buffer_unmap(out);
  assert_int_equal(tg_invoke(kernel, &invocation, &error), TG_OK);
  tg_buffer_destroy(in);
  tg_buffer_destroy(out);
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(context_options_of_other_sizes),
      cmocka_unit_test(compile_options_of_other_sizes),
      cmocka_unit_test(compile_options),
      cmocka_unit_test(transforming),
      cmocka_unit_test(linear_options_of_a_smaller_size),
      cmocka_unit_test(docs),
      cmocka_unit_test(reading_and_writing),
      cmocka_unit_test(wrapping_and_mapping),
      cmocka_unit_test(running_on_buffers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
