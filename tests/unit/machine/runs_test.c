/* runs_test.c: a machine that runs again and again keeps what runs have in common (memory of windows, the code of the
 * report's lines) and gives what a fresh one gives: with other sizes, parameters and outputs, and after a run that
 * memory failed. */
#include "fail_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char program[] = "machine m {\n"
                              "    param k: u32 = 3;\n"
                              "    out y: u64;\n"
                              "    out pairs: [u32; 2];\n"
                              "    var x = id * 2654435761;\n"
                              "    sync;\n"
                              "    for i in 0..u64(k) { match x % 3 { 0 => x += i; 1 => x = x * 5; _ => x ^= 77; } }\n"
                              "    y = x % 1000;\n"
                              "    pairs[1] = u32(y) + k;\n"
                              "    report {\n"
                              "        average = mean(y);\n"
                              "        middle = quantile(y, 0.25 + f64(k) / 100);\n"
                              "        shape = histogram(y, average - f64(k), average + 200, 4);\n"
                              "        spread = sqrt(variance(y)) * f64(k) + f64(count);\n"
                              "    }\n"
                              "}\n";

enum { MOST = 70000, N_LINES = 4 };

/* One run: how, and what came of it. */
typedef struct run {
  uint64_t n;
  uint32_t k;
  int is_bound; /* whether the outputs have memory */
} run;

typedef struct result {
  uint64_t bits[N_LINES], bins[4];
  uint64_t y[MOST];
  uint32_t pairs[MOST][2];
} result;

static const run runs[] = {{100, 3, 1},   {100, 3, 1},   {100, 5, 0}, {70000, 5, 0},
                           {70000, 4, 1}, {70000, 2, 1}, {0, 2, 1}};
enum { N_RUNS = sizeof runs / sizeof runs[0] };
static result fresh, again;

static tg_status bind(tg_machine *m, const char *name, void *data, size_t bytes, ptrdiff_t stride)
{
  const tg_binding b = {.data = data, .bytes = data == NULL ? 0 : bytes, .stride = stride};
  return tg_machine_bind(m, tg_machine_find(m, name), &b, NULL);
}

static tg_status do_run(tg_machine *m, const run *r, result *out)
{
  memset(out, 0, sizeof *out);
  assert_int_equal(bind(m, "y", r->is_bound ? out->y : NULL, sizeof out->y, sizeof out->y[0]), TG_OK);
  assert_int_equal(bind(m, "pairs", r->is_bound ? out->pairs : NULL, sizeof out->pairs, sizeof out->pairs[0]), TG_OK);
  assert_int_equal(tg_machine_set(m, tg_machine_find(m, "k"), r->k, NULL), TG_OK);
  tg_status status = tg_machine_run(m, r->n, 1, TG_FUEL_UNLIMITED, NULL);
  for (size_t i = 0; i < N_LINES && status == TG_OK; i++) {
    tg_report_line line;
    assert_int_equal(tg_machine_report(m, i, &line), TG_OK);
    out->bits[i] = line.bits;
    memcpy(out->bins, line.n_bins == 4 ? line.bins : out->bins, sizeof out->bins);
  }
  return status;
}

static tg_context *context_of(fail_alloc *f, size_t fail_at)
{
  tg_context_options options = TG_CONTEXT_OPTIONS_INIT;
  tg_context *context;
  options.allocator = fail_alloc_make(f, fail_at, 0);
  assert_int_equal(tg_context_create(&options, &context), TG_OK);
  return context;
}

static tg_program *read_program(tg_context *context)
{
  tg_program *p;
  assert_int_equal(tg_program_read(context, "m.tg", program, strlen(program), NULL, &p, NULL), TG_OK);
  return p;
}

static tg_machine *machine_of(tg_program *p, int8_t regroup)
{
  tg_machine_options options = TG_MACHINE_OPTIONS_INIT;
  tg_machine *m;
  options.regroup = regroup;
  options.backend = "vec";
  assert_int_equal(tg_machine_create(p, &options, &m, NULL), TG_OK);
  return m;
}

static void run_fresh(tg_program *p, const run *r, int8_t regroup)
{
  tg_machine *m = machine_of(p, regroup);
  assert_int_equal(do_run(m, r, &fresh), TG_OK);
  tg_machine_destroy(m);
}

static void repeated(int8_t regroup)
{
  fail_alloc f;
  tg_context *context = context_of(&f, 0);
  tg_program *p = read_program(context);
  tg_machine *m = machine_of(p, regroup);
  for (size_t i = 0; i < N_RUNS; i++) {
    run_fresh(p, &runs[i], regroup);
    assert_int_equal(do_run(m, &runs[i], &again), TG_OK);
    assert_memory_equal(&fresh, &again, sizeof fresh);
  }
  tg_machine_destroy(m);
  tg_program_destroy(p);
  tg_context_destroy(context);
  assert_int_equal(f.live, 0);
}

static void as_fresh_ones(void **state)
{
  (void)state;
  repeated(-1);
}

static void as_fresh_ones_regrouped(void **state)
{
  (void)state;
  repeated(1);
}

/* Each allocation of the second run fails in turn; a third one finds nothing amiss. The second wants other memory than
 * the first, so that it is made anew. */
static void after_failures(void **state)
{
  static const run first = {10, 4, 1}, second = {20, 5, 0};
  size_t n_failed = 1;
  (void)state;
  for (size_t n = 1; n_failed > 0; n++) {
    fail_alloc f;
    tg_context *context = context_of(&f, 0);
    tg_program *p = read_program(context);
    run_fresh(p, &second, 1);
    tg_machine *m = machine_of(p, 1);
    assert_int_equal(n % 2 == 0 ? TG_OK : do_run(m, &first, &again), TG_OK);
    f.fail_at = f.calls + n;
    tg_status status = do_run(m, &second, &again);
    n_failed = f.failed;
    f.fail_at = 0;
    assert_int_equal(status, n_failed > 0 ? TG_NOMEM : TG_OK);
    assert_int_equal(do_run(m, &second, &again), TG_OK);
    assert_memory_equal(&fresh, &again, sizeof fresh);
    tg_machine_destroy(m);
    tg_program_destroy(p);
    tg_context_destroy(context);
    assert_int_equal(f.live, 0);
    assert_false(f.misused);
  }
}

/* Once it has run, a run like it takes next to no memory: none for windows, none to compile. */
static void second_takes_little(void **state)
{
  fail_alloc f;
  (void)state;
  tg_context *context = context_of(&f, 0);
  tg_program *p = read_program(context);
  tg_machine *m = machine_of(p, -1);
  assert_int_equal(do_run(m, &runs[4], &again), TG_OK);
  size_t before = f.calls;
  assert_int_equal(do_run(m, &runs[4], &again), TG_OK);
  assert_true(f.calls - before < 30);
  tg_machine_destroy(m);
  tg_program_destroy(p);
  tg_context_destroy(context);
}

/* ---- inputs of instances that are regrouped ---- */

static const char choosing[] = "machine m {\n"
                               "    in x: u32;\n"
                               "    out y: u32;\n"
                               "    repeat 5 {\n"
                               "        match (y + u32(id)) % 3 { 0 => y += x; 1 => y = y * 3 + 1; _ => y ^= x; }\n"
                               "    }\n"
                               "}\n";
enum { N_INPUTS = 1000 };

typedef struct choices {
  tg_context *context;
  uint32_t x[N_INPUTS];
  uint32_t whole[N_INPUTS], split[N_INPUTS];
} choices;

static tg_status choose(choices *c, const tg_binding *x, int8_t regroup, uint32_t *y)
{
  tg_machine_options options = TG_MACHINE_OPTIONS_INIT;
  const tg_binding out = {.data = y, .bytes = sizeof c->whole, .stride = sizeof *y};
  tg_program *p;
  tg_machine *m;
  options.regroup = regroup;
  assert_int_equal(tg_program_read(c->context, "m.tg", choosing, strlen(choosing), NULL, &p, NULL), TG_OK);
  assert_int_equal(tg_machine_create(p, &options, &m, NULL), TG_OK);
  assert_int_equal(tg_machine_bind(m, tg_machine_find(m, "x"), x, NULL), TG_OK);
  assert_int_equal(tg_machine_bind(m, tg_machine_find(m, "y"), &out, NULL), TG_OK);
  tg_status status = tg_machine_run(m, N_INPUTS, 1, TG_FUEL_UNLIMITED, NULL);
  tg_machine_destroy(m);
  tg_program_destroy(p);
  return status;
}

static void check_choice(choices *c, const tg_binding *x)
{
  assert_int_equal(choose(c, x, -1, c->whole), TG_OK);
  assert_int_equal(choose(c, x, 1, c->split), TG_OK);
  assert_memory_equal(c->whole, c->split, sizeof c->whole);
}

static void inputs_anywhere(void **state)
{
  static choices c;
  fail_alloc f;
  tg_buffer *buffer;
  (void)state;
  c.context = context_of(&f, 0);
  for (uint32_t i = 0; i < N_INPUTS; i++) {
    c.x[i] = i * 2654435761u;
  }
  check_choice(&c, &(tg_binding){.data = c.x, .bytes = sizeof c.x, .stride = 4});
  check_choice(&c, &(tg_binding){.data = c.x, .bytes = sizeof c.x, .offset = sizeof c.x - 4, .stride = -4});
  check_choice(&c, &(tg_binding){.data = c.x, .bytes = sizeof c.x, .offset = 8, .stride = 0});
  assert_int_equal(tg_buffer_wrap(c.context, c.x, sizeof c.x, &buffer), TG_OK);
  check_choice(&c, &(tg_binding){.buffer = buffer, .stride = 4});
  tg_buffer_destroy(buffer);
  const tg_binding wrong[] = {{.data = c.x, .bytes = sizeof c.x - 1, .stride = 4},
                              {.data = c.x, .bytes = sizeof c.x, .offset = 4, .stride = 4},
                              {.data = c.x, .bytes = sizeof c.x, .offset = sizeof c.x - 8, .stride = -4}};
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    assert_int_equal(choose(&c, &wrong[k], -1, c.whole), TG_BOUNDS);
    assert_int_equal(choose(&c, &wrong[k], 1, c.split), TG_BOUNDS);
  }
  assert_int_equal(choose(&c, &(tg_binding){.data = NULL}, 1, c.split), TG_ARGUMENT);
  tg_context_destroy(c.context);
  assert_int_equal(f.live, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(as_fresh_ones), cmocka_unit_test(as_fresh_ones_regrouped),
                                     cmocka_unit_test(after_failures), cmocka_unit_test(second_takes_little),
                                     cmocka_unit_test(inputs_anywhere)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
