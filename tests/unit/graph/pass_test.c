/* pass_test.c: each pass on small graphs, against the text of what it should make of them, and the runner.
 *
 * tests/golden/passes/PASS.WHAT.before.tgg, put through PASS alone, prints as PASS.WHAT.after.tgg. */
#include "graph/graph.h"
#include "oom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER "tests/golden/passes/"

static const char *const goldens[] = {
    "fold.plain", "fold.select", "fold.branch", "fold.loop",    "fold.block",  "fold.iota",      "cse.plain",
    "cse.scope",  "cse.effects", "rules.ints",  "rules.floats", "rules.bools", "select.plain",   "select.not",
    "licm.nest",  "licm.arrays", "licm.block",  "uniform.loop", "uniform.not", "uniform.branch", "uniform.block",
    "dce.plain",  "dce.loop",    "dce.charge",  "dce.branch",
};
enum { N_GOLDENS = sizeof goldens / sizeof goldens[0] };

static tg_context *context;

static int set_up(void **state)
{
  (void)state;
  return tg_context_create(NULL, &context) == TG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
  (void)state;
  tg_context_destroy(context);
  return 0;
}

/* ---- texts ---- */

/* The file's text, to be freed. */
static char *read_golden(const char *name, const char *when)
{
  char path[200];
  snprintf(path, sizeof path, FOLDER "%s.%s.tgg", name, when);
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    fail_msg("%s cannot be opened; tests run in the source folder", path);
    return NULL;
  }
  enum { MAX_TEXT = 1 << 16 };
  char *text = malloc(MAX_TEXT);
  assert_non_null(text);
  size_t n = fread(text, 1, MAX_TEXT - 1, file);
  fclose(file);
  text[n] = '\0';
  return text;
}

static tg_graph *parse(const char *text)
{
  tg_graph *g;
  tg_error error = {0};
  if (tg_graph_read(context, text, strlen(text), TG_FORM_TEXT, &g, &error) != TG_OK) {
    fail_msg("%u:%u: %s in\n%s", (unsigned)error.pos.line, (unsigned)error.pos.column, error.message, text);
  }
  return g;
}

/* The canonical text in memory of our own. */
static char *print(tg_graph *g)
{
  char *bytes;
  size_t n;
  tg_error error = {0};
  assert_int_equal(tg_graph_write(g, TG_FORM_TEXT, &bytes, &n, &error), TG_OK);
  char *text = malloc(n + 1);
  assert_non_null(text);
  memcpy(text, bytes, n + 1);
  tg_free(context, bytes, n);
  return text;
}

static size_t pass_index(const char *name, size_t n)
{
  for (size_t i = 0; tg_pass_name(i) != NULL; i++) {
    if (strlen(tg_pass_name(i)) == n && memcmp(tg_pass_name(i), name, n) == 0) {
      return i;
    }
  }
  fail_msg("there is no pass %.*s", (int)n, name);
  return 0;
}

/* The text after passes, to be freed. */
static char *transform(tg_graph *g, uint64_t enabled, const char *last)
{
  tg_graph *after;
  tg_error error = {0};
  if (tg_graph_transform(g, enabled, last, &after, &error) != TG_OK) {
    fail_msg("%s", error.message);
  }
  char *text = print(after);
  tg_graph_destroy(after);
  return text;
}

/* ---- each pass ---- */

static void check_golden(const char *name)
{
  size_t pass = pass_index(name, strcspn(name, "."));
  char *before = read_golden(name, "before"), *want = read_golden(name, "after");
  tg_graph *g = parse(before);
  char *got = transform(g, UINT64_C(1) << pass, NULL), *still = print(g);
  if (strcmp(got, want) != 0) {
    fail_msg("%s: expected\n%sbut got\n%s", name, want, got);
  }
  assert_string_equal(still, before);
  tg_graph_destroy(g);
  free(before);
  free(want);
  free(got);
  free(still);
}

static void test_goldens(void **state)
{
  (void)state;
  for (size_t i = 0; i < N_GOLDENS; i++) {
    check_golden(goldens[i]);
  }
}

/* ---- the runner ---- */

static void test_list(void **state)
{
  (void)state;
  size_t n = 0;
  for (; tg_pass_name(n) != NULL; n++) {
    assert_int_equal(pass_index(tg_pass_name(n), strlen(tg_pass_name(n))), n);
    assert_true(strlen(tg_pass_doc(n)) > 0);
  }
  assert_true(n > 0 && n <= 64);
  assert_null(tg_pass_doc(n));
  assert_null(tg_pass_name(SIZE_MAX));
}

/* Stopping at a pass is running those up to it; no pass changes nothing; the order of the list is the order of running.
 */
static void test_selection(void **state)
{
  (void)state;
  char *before = read_golden("licm.nest", "before");
  tg_graph *g = parse(before), *step = parse(before);
  uint64_t set = 0;
  char *none = transform(g, 0, NULL), *all = transform(g, UINT64_MAX, NULL);
  assert_string_equal(none, before);
  assert_string_not_equal(all, before);
  for (size_t i = 0; tg_pass_name(i) != NULL; i++) {
    tg_graph *next;
    set |= UINT64_C(1) << i;
    assert_int_equal(tg_graph_transform(step, UINT64_C(1) << i, NULL, &next, NULL), TG_OK);
    tg_graph_destroy(step);
    step = next;
    char *by_name = transform(g, UINT64_MAX, tg_pass_name(i)), *by_set = transform(g, set, NULL),
         *by_step = print(step);
    assert_string_equal(by_name, by_set);
    assert_string_equal(by_name, by_step);
    free(by_name);
    free(by_set);
    free(by_step);
  }
  tg_graph_destroy(step);
  tg_graph_destroy(g);
  free(none);
  free(all);
  free(before);
}

static void test_errors(void **state)
{
  (void)state;
  tg_graph *g = parse("graph t { input x f32 output y f32 %x = load x store y %x }"), *after = g, *open;
  tg_error error = {0};
  assert_int_equal(tg_graph_transform(g, UINT64_MAX, "polish", &after, &error), TG_ARGUMENT);
  assert_null(after);
  assert_string_equal(error.message, "there is no pass polish");
  assert_int_equal(tg_graph_transform(g, UINT64_MAX, NULL, NULL, &error), TG_ARGUMENT);
  assert_int_equal(tg_graph_transform(NULL, UINT64_MAX, NULL, &after, &error), TG_ARGUMENT);
  assert_int_equal(tg_graph_create(context, "open", &open), TG_OK);
  tg_declare(open, TG_OUTPUT, "y", TG_MODE_F32);
  assert_int_equal(tg_graph_transform(open, UINT64_MAX, NULL, &after, &error), TG_VERIFY);
  assert_null(after);
  tg_graph_destroy(open);
  tg_graph_destroy(g);
}

/* Operands stay, used or not, with their defaults; so do the name and the doc text. */
static void test_signature(void **state)
{
  (void)state;
  const char *text =
      "# One.\n# Two.\ngraph kept {\n  param p f32 = -0.5\n  input x i16be\n  table t bf16\n  output y u8\n"
      "  result s i64\n  accumulator h u32\n  %x = load x\n  %c = const u8 3\n  store y %c\n  sum s %x\n"
      "  %k = const u32 1\n  combine h add %x, %k\n}\n";
  tg_graph *g = parse(text);
  char *got = transform(g, UINT64_MAX, NULL);
  const char *head = strstr(text, "  %x");
  assert_memory_equal(got, text, (size_t)(head - text));
  free(got);
  tg_graph_destroy(g);
}

/* A graph of as many nodes as there may be: the uniform block's own two would be too many, and the pass is left out. */
static void test_limit(void **state)
{
  (void)state;
  tg_graph *g, *after;
  tg_error error = {0};
  assert_int_equal(tg_graph_create(context, "large", &g), TG_OK);
  tg_value p = tg_param(g, tg_declare(g, TG_PARAM, "p", TG_MODE_U32)), x = p;
  for (size_t i = 0; i < TG_MAX_NODES - 2; i++) {
    x = tg_add(g, x, p);
  }
  tg_store(g, tg_declare(g, TG_OUTPUT, "y", TG_MODE_U32), x);
  assert_int_equal(tg_graph_transform(g, UINT64_C(1) << pass_index("uniform", 7), NULL, &after, &error), TG_OK);
  assert_int_equal(tg_graph_n_nodes(after), TG_MAX_NODES);
  assert_int_equal(after->nodes.data[0].op, TG_OP_PARAM);
  tg_graph_destroy(after);
  tg_graph_destroy(g);
}

/* ---- memory that runs out ---- */

typedef struct scenario {
  const char *text;
  uint64_t enabled;
} scenario;

static tg_status read_and_transform(tg_context *own, const void *argument, tg_error *error)
{
  const scenario *s = argument;
  tg_graph *g, *after;
  tg_status status = tg_graph_read(own, s->text, strlen(s->text), TG_FORM_TEXT, &g, error);
  if (status == TG_OK) {
    status = tg_graph_transform(g, s->enabled, NULL, &after, error);
    tg_graph_destroy(after);
    tg_graph_destroy(g);
  }
  return status;
}

static void test_no_memory(void **state)
{
  (void)state;
  for (size_t i = 0; i < N_GOLDENS; i++) {
    char *text = read_golden(goldens[i], "before");
    size_t pass = pass_index(goldens[i], strcspn(goldens[i], "."));
    assert_true(oom_drive(read_and_transform, &(scenario){text, UINT64_C(1) << pass}) > 0);
    free(text);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_goldens),   cmocka_unit_test(test_list),      cmocka_unit_test(test_selection),
      cmocka_unit_test(test_errors),    cmocka_unit_test(test_signature), cmocka_unit_test(test_limit),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests_name("pass", tests, set_up, tear_down);
}
