/* machine_test.c: programs read, compiled and run with every allocation failing in turn: phases, local arrays, reports
 * with samples, formulas, one instance by itself. */
#include "oom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Nothing of the library is used, so that it need not be read hundreds of times. */
static const char phases[] = "struct pair { a: u32; b: f32; }\n"
                             "const WEIGHTS: [f32; 3] = [1, 0.5, 0.25];\n"
                             "fn weigh(x: [f32], p: pair) -> f32 {\n"
                             "    var total: f32 = p.b;\n"
                             "    for i in 0..len(x) {\n"
                             "        if i == u64(p.a) { continue; }\n"
                             "        total += x[i] * WEIGHTS[i];\n"
                             "    }\n"
                             "    return total;\n"
                             "}\n"
                             "machine m {\n"
                             "    param k: u32 = 2;\n"
                             "    in s: [f32];\n"
                             "    out y: f32;\n"
                             "    var p = pair(u32(id) % 3, 1.5);\n"
                             "    var local: [f32; 3];\n"
                             "    local[p.a] = s[id % len(s)];\n"
                             "    sync;\n"
                             "    match p.a { 0 => y = weigh(local, p); 1, 2 => { y = weigh(s, p); } }\n"
                             "    while y > 4 && k > 0 { y -= f32(k); }\n"
                             "    report {\n"
                             "        average = mean(y);\n"
                             "        middle = quantile(y, 0.5);\n"
                             "        shape = histogram(y, average - 2, average + 2, 4);\n"
                             "        fixed = histogram(y, 0, 4, 4);\n"
                             "        spread = variance(y);\n"
                             "    }\n"
                             "}\n";

static int count_steps(void *self, const tg_step *step)
{
  *(size_t *)self += step->n_values;
  return 0;
}

static tg_status trace_machine(tg_machine *m, tg_error *error)
{
  size_t n_values = 0;
  tg_machine_outcome outcome;
  tg_trace_options options = TG_TRACE_OPTIONS_INIT;
  options.step = count_steps;
  options.self = &n_values;
  tg_status status = tg_machine_trace(m, &options, &outcome, error);
  if (status == TG_OK) {
    assert_true(n_values > 10 && outcome.n_trapped == 0);
  }
  return status;
}

static tg_status run_machine(tg_context *context, tg_machine *m, uint64_t fuel, tg_error *error)
{
  char *text;
  size_t n_text;
  static const float shared[] = {1, 2, 3};
  float y[40];
  tg_report_line line;
  const tg_binding s = {.data = (void *)(uintptr_t)shared, .bytes = sizeof shared, .stride = 4};
  const tg_binding out = {.data = y, .bytes = sizeof y, .stride = 4};
  tg_status status = tg_machine_bind(m, tg_machine_find(m, "s"), &s, error);
  if (status == TG_OK) {
    status = tg_machine_bind(m, tg_machine_find(m, "y"), &out, error);
  }
  if (status == TG_OK) {
    status = tg_machine_run(m, 40, 1, fuel, error);
  }
  if (status == TG_OK) {
    status = trace_machine(m, error);
  }
  if (status == TG_OK) {
    status = tg_machine_routines(m, &text, &n_text, error);
    tg_free(context, text, n_text);
  }
  if (status == TG_OK) {
    tg_explain_options options = TG_EXPLAIN_OPTIONS_INIT;
    options.is_measured = 0;
    status = tg_machine_explain(m, &options, &text, &n_text, error);
    tg_free(context, text, n_text);
  }
  if (status == TG_OK) {
    assert_int_equal(tg_machine_report(m, 4, &line), TG_OK);
    assert_string_equal(line.name, "spread");
  }
  return status;
}

/* A program, how many bytes of its samples may lie in memory, and its fuel. */
typedef struct limited {
  const char *text;
  uint64_t sample_bytes, fuel; /* limited fuel: phases are made again, with the rounds counted */
} limited;

static tg_status run_text(tg_context *context, const void *argument, tg_error *error)
{
  const limited *what = argument;
  tg_program *p;
  tg_machine *m = NULL;
  tg_status status = tg_program_read(context, "m.tg", what->text, strlen(what->text), NULL, &p, error);
  if (status == TG_OK) {
    tg_machine_options options = TG_MACHINE_OPTIONS_INIT;
    options.sample_bytes = what->sample_bytes;
    options.regroup = 1;
    options.passes = 0; /* graph_test.c fails the allocations of passes */
    status = tg_machine_create(p, &options, &m, error);
  }
  if (status == TG_OK) {
    status = run_machine(context, m, what->fuel, error);
  }
  tg_machine_destroy(m);
  tg_program_destroy(p);
  return status;
}

static void machines(void **state)
{
  (void)state;
  assert_true(oom_drive(run_text, &(limited){phases, UINT64_MAX, 1000}) > 50);
  assert_true(oom_drive(run_text, &(limited){phases, 0, 1000}) > 50);
}

static const char opcodes[] = "machine m {\n"
                              "    in s: [f32];\n"
                              "    out y: f32;\n"
                              "    for i in 0..9u32 {\n"
                              "        let op = (u32(id) + i) % 3;\n"
                              "        match op { 0 => y += s[i % 3]; 1 => assert(y < 30); _ => y *= 2; }\n"
                              "    }\n"
                              "    report {\n"
                              "        a = mean(y); b = max(y); c = min(y); d = count(y > 3); spread = variance(y);\n"
                              "    }\n"
                              "}\n";

static void regrouped(void **state)
{
  (void)state;
  assert_true(oom_drive(run_text, &(limited){opcodes, UINT64_MAX, TG_FUEL_UNLIMITED}) > 50);
}

static tg_status run_formula(tg_context *context, const void *argument, tg_error *error)
{
  double x[] = {1, 4, 9}, y[3] = {0, 0, 0};
  tg_program *p;
  tg_machine *m = NULL;
  tg_status status = tg_program_formula(context, "(x: [f64]) -> (y: [f64])", argument, &p, error);
  if (status == TG_OK) {
    status = tg_machine_create(p, NULL, &m, error);
  }
  for (tg_operand k = 0; k < 2 && status == TG_OK; k++) {
    status = tg_machine_bind(m, k, &(tg_binding){.data = k == 0 ? x : y, .bytes = sizeof x, .stride = 8}, error);
  }
  if (status == TG_OK) {
    status = tg_machine_run(m, 3, 0, TG_FUEL_UNLIMITED, error);
  }
  if (status == TG_OK) {
    assert_true(y[0] == 2 && y[1] == 3 && y[2] == 4);
  }
  tg_machine_destroy(m);
  tg_program_destroy(p);
  return status;
}

static void formulas(void **state)
{
  (void)state;
  assert_true(oom_drive(run_formula, "y = sqrt(x) + 1;") > 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(machines), cmocka_unit_test(regrouped),
                                     cmocka_unit_test(formulas)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
