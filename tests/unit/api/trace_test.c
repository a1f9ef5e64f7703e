/* trace_test.c: tg_machine_trace: memory of every kind, steps and what they show, an end that the caller asks for,
 * errors. That it agrees with runs is what random programs (fuzz/program_fuzz.c) show. */
#include "kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char source[] = "struct pair { a: u8; b: f32; }\n"
                             "machine m {\n"
                             "    param k: i16 = -3;\n"
                             "    in x: u32;\n"
                             "    in t: [i16];\n"
                             "    out y: i32;\n"
                             "    out list: [u8; 3];\n"
                             "    var p = pair(7, 0.5);\n"
                             "    list[2] = p.a;\n"
                             "    p.b = 2;\n"
                             "    y = i32(x) + i32(t[1]) + i32(k);\n"
                             "    assert(id != 5);\n"
                             "}\n";

typedef struct fixture {
  tg_context *context;
  tg_program *program;
  tg_machine *machine;
} fixture;

static int setup(void **state)
{
  static fixture f;
  f.context = kit_context();
  assert_int_equal(tg_program_read(f.context, "m.tg", source, sizeof source - 1, NULL, &f.program, NULL), TG_OK);
  assert_int_equal(tg_machine_create(f.program, NULL, &f.machine, NULL), TG_OK);
  *state = &f;
  return 0;
}

static int teardown(void **state)
{
  fixture *f = *state;
  tg_machine_destroy(f->machine);
  tg_program_destroy(f->program);
  tg_context_destroy(f->context);
  return 0;
}

static void bind(const fixture *f, const char *name, tg_binding b)
{
  assert_int_equal(tg_machine_bind(f->machine, tg_machine_find(f->machine, name), &b, NULL), TG_OK);
}

/* The shared array backwards, the input in a buffer, the outputs at odd addresses. */
static void memory_of_every_kind(void **state)
{
  const fixture *f = *state;
  int16_t shared[3] = {10, 20, 30};
  uint32_t x[2] = {1, 100};
  unsigned char out[9];
  int32_t y;
  tg_buffer *buffer;
  tg_machine_outcome outcome;
  memset(out, 0xEE, sizeof out);
  assert_int_equal(tg_buffer_wrap(f->context, x, sizeof x, &buffer), TG_OK);
  bind(f, "x", (tg_binding){.buffer = buffer, .offset = 4, .stride = 4});
  bind(f, "t", (tg_binding){.data = shared, .bytes = sizeof shared, .offset = 4, .stride = -2});
  bind(f, "y", (tg_binding){.data = out, .bytes = sizeof out, .offset = 1, .stride = 4});
  bind(f, "list", (tg_binding){.data = out, .bytes = sizeof out, .offset = 5, .stride = 3});
  assert_int_equal(tg_machine_trace(f->machine, NULL, &outcome, NULL), TG_OK);
  memcpy(&y, out + 1, sizeof y);
  assert_int_equal(y, 100 + 20 - 3);
  assert_memory_equal(out + 5, "\0\0\7", 3);
  assert_true(out[0] == 0xEE && out[8] == 0xEE && outcome.n == 1 && outcome.n_trapped == 0);
  bind(f, "y", (tg_binding){.buffer = buffer, .stride = 4});
  assert_int_equal(tg_machine_trace(f->machine, NULL, &outcome, NULL), TG_OK);
  assert_int_equal(x[0], 117);
  tg_buffer_destroy(buffer);
}

static void bind_plain(const fixture *f, int32_t *y)
{
  static uint32_t x = 1;
  static int16_t shared[2] = {0, 4};
  bind(f, "x", KIT_ONE(x));
  bind(f, "t", KIT_STREAM(shared));
  bind(f, "y", (tg_binding){.data = y, .bytes = sizeof *y, .stride = 4});
  bind(f, "list", (tg_binding){0});
}

/* The steps as text: "8:p.a=7,p.b=3f000000; ". */
typedef struct log {
  char text[400];
  size_t n_steps, most;
} log;

static int note(void *self, const tg_step *step)
{
  log *l = self;
  size_t n = strlen(l->text);
  n += (size_t)snprintf(l->text + n, sizeof l->text - n, "%u:", (unsigned)step->pos.line);
  for (size_t k = 0; k < step->n_values; k++) {
    const tg_step_value *v = &step->values[k];
    n += (size_t)snprintf(l->text + n, sizeof l->text - n, "%s%s%s%s", k > 0 ? "," : "",
                          v->variable == NULL ? "" : v->variable, v->field == NULL ? "" : ".",
                          v->field == NULL ? "" : v->field);
    if (v->element >= 0) {
      n += (size_t)snprintf(l->text + n, sizeof l->text - n, "[%d]", (int)v->element);
    }
    n += (size_t)snprintf(l->text + n, sizeof l->text - n, "=%llx", (unsigned long long)v->bits[0]);
  }
  snprintf(l->text + n, sizeof l->text - n, "; ");
  assert_string_equal(step->path, "m.tg");
  assert_string_equal(step->function, "m");
  return ++l->n_steps == l->most;
}

static void steps(void **state)
{
  const fixture *f = *state;
  int32_t y = 99;
  log l = {.most = 100};
  tg_machine_outcome outcome;
  tg_trace_options options = TG_TRACE_OPTIONS_INIT;
  options.step = note;
  options.self = &l;
  bind_plain(f, &y);
  assert_int_equal(tg_machine_trace(f->machine, &options, &outcome, NULL), TG_OK);
  assert_string_equal(l.text, "8:p.a=7,p.b=3f000000; 9:list[2]=7; 10:p.b=40000000; 11:y=2; 12:=1; ");
  assert_int_equal(y, 2);
  l = (log){.most = 2};
  y = 99;
  assert_int_equal(tg_machine_trace(f->machine, &options, &outcome, NULL), TG_OK);
  assert_true(l.n_steps == 2 && y == 99 && outcome.n_trapped == 0);
}

static void traps(void **state)
{
  const fixture *f = *state;
  int32_t y = 99;
  tg_machine_outcome outcome;
  tg_trace_options options = TG_TRACE_OPTIONS_INIT;
  options.instance = 5;
  options.n = 6;
  bind_plain(f, &y);
  assert_int_equal(tg_machine_trace(f->machine, &options, &outcome, NULL), TG_OK);
  assert_true(outcome.n_trapped == 1 && outcome.first_instance == 5 && outcome.first_code == 1 && y == 99);
  assert_true(outcome.first_pos.line == 12 && strcmp(outcome.first_path, "m.tg") == 0);
}

static void errors(void **state)
{
  const fixture *f = *state;
  int32_t y;
  tg_error error;
  tg_machine_outcome outcome;
  tg_trace_options options = TG_TRACE_OPTIONS_INIT;
  bind_plain(f, &y);
  options.instance = 1; /* of one */
  assert_int_equal(tg_machine_trace(f->machine, &options, &outcome, &error), TG_ARGUMENT);
  assert_string_equal(error.message, "there is no instance 1 of 1");
  options.instance = 0;
  options.size = 0;
  assert_int_equal(tg_machine_trace(f->machine, &options, &outcome, &error), TG_ARGUMENT);
  bind(f, "y", (tg_binding){.data = &y, .bytes = 3, .stride = 4});
  assert_int_equal(tg_machine_trace(f->machine, NULL, &outcome, &error), TG_BOUNDS);
  bind(f, "x", (tg_binding){0});
  assert_int_equal(tg_machine_trace(f->machine, NULL, &outcome, &error), TG_ARGUMENT);
  assert_string_equal(error.message, "input x has no memory");
}

static void lines(void **state)
{
  const fixture *f = *state;
  size_t n;
  const char *line = tg_program_line(f->program, "m.tg", 2, &n);
  assert_int_equal(n, 11);
  assert_memory_equal(line, "machine m {", n);
  assert_null(tg_program_line(f->program, "n.tg", 2, &n));
  assert_null(tg_program_line(f->program, "m.tg", 0, &n));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(memory_of_every_kind, setup, teardown),
      cmocka_unit_test_setup_teardown(steps, setup, teardown),
      cmocka_unit_test_setup_teardown(traps, setup, teardown),
      cmocka_unit_test_setup_teardown(errors, setup, teardown),
      cmocka_unit_test_setup_teardown(lines, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
