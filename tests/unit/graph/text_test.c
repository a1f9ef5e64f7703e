/* text_test.c: graph text to graph and back: what is canonical stays as it is, what is not becomes so, both forms lead
 * to one another, and what is refused is refused at its place (text_errors.def). */
#include "throng.h"

#include "oom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

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

typedef struct bytes {
  char *data;
  size_t n;
} bytes;

/* What a module in one form is in another. */
static bytes translate(const void *data, size_t n, tg_form from, tg_form to)
{
  tg_graph *graph;
  tg_error error = {0};
  bytes b;
  if (tg_graph_read(context, data, n, from, &graph, &error) != TG_OK) {
    fail_msg("%u:%u: %s", (unsigned)error.pos.line, (unsigned)error.pos.column, error.message);
  }
  assert_int_equal(tg_graph_write(graph, to, &b.data, &b.n, &error), TG_OK);
  tg_graph_destroy(graph);
  return b;
}

/* The text becomes `canonical`, directly and through a module; that stays as it is, and so does the module. */
static void expect_text(const char *text, size_t n, const char *canonical, size_t n_canonical)
{
  bytes direct = translate(text, n, TG_FORM_TEXT, TG_FORM_TEXT);
  bytes module = translate(text, n, TG_FORM_TEXT, TG_FORM_BINARY);
  bytes through = translate(module.data, module.n, TG_FORM_BINARY, TG_FORM_TEXT);
  bytes again = translate(through.data, through.n, TG_FORM_TEXT, TG_FORM_BINARY);
  assert_string_equal(direct.data, canonical);
  assert_int_equal(direct.n, n_canonical);
  assert_string_equal(through.data, canonical);
  assert_int_equal(again.n, module.n);
  assert_memory_equal(again.data, module.data, module.n);
  tg_free(context, direct.data, direct.n);
  tg_free(context, module.data, module.n);
  tg_free(context, through.data, through.n);
  tg_free(context, again.data, again.n);
}

/* ---- texts that are accepted ---- */

/* A file with every operation, all layouts of literals and names, and a doc text. */
static void keeps_canonical_text(void **state)
{
  (void)state;
  static char text[8192];
  FILE *file = fopen("fuzz/corpus/text/every_operation.tgg", "rb");
  assert_non_null(file);
  size_t n = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  assert_true(n > 1000 && n < sizeof text - 1);
  expect_text(text, n, text, n);
}

static const struct {
  const char *text, *canonical;
} layouts[] = {
    {"graph g{}", "graph g {\n}\n"},
    {"\r\n\tgraph\r\ng\t{ # }\n}# }", "graph g {\n}\n"},
    /* doc text: the comment lines right before `graph` */
    {"# a\n\n# b\n#c\n#\n  #  d \ngraph g{}", "# b\n# c\n#\n#  d \ngraph g {\n}\n"},
    {"# a\n\ngraph g{}", "graph g {\n}\n"},
    {"# \xe2\x88\x80 \xf0\x9f\x98\x80\ngraph # b\ng{}", "# \xe2\x88\x80 \xf0\x9f\x98\x80\ngraph g {\n}\n"},
    /* no space where none is needed; names that are words of the grammar */
    {"graph graph{input input u8 output store u8%load=load input%x=neg%load store store%x}",
     "graph graph {\n  input input u8\n  output store u8\n  %load = load input\n  %x = neg %load\n  store store "
     "%x\n}\n"},
    /* labels of digits are not kept; 7 and 07 differ */
    {"graph g { %7 = const u8 1 %07 = const u8 0x2 %a = add %7, %07 %0 = neg %a }",
     "graph g {\n  %0 = const u8 1\n  %1 = const u8 2\n  %a = add %0, %1\n  %3 = neg %a\n}\n"},
    /* literals */
    {"graph g { param a i8 = -0x80 param b u8 = -0 param c bool = true param d i64 = - 9223372036854775808 }",
     "graph g {\n  param a i8 = -128\n  param b u8 = 0\n  param c bool = true\n"
     "  param d i64 = -9223372036854775808\n}\n"},
    {"graph g { param a f32 = 16777217 param b f64 = -0x1.8p1 param c f32 = 1e99 param d f64 = -inf param e f32 = nan "
     "}",
     "graph g {\n  param a f32 = 16777216.0\n  param b f64 = -3.0\n  param c f32 = inf\n  param d f64 = -inf\n"
     "  param e f32 = nan\n}\n"},
    {"graph g { param a f32 = -0 param b f32 = .1 param c f64 = 100. param d f64 = 1E-07 }",
     "graph g {\n  param a f32 = -0.0\n  param b f32 = 0.1\n  param c f64 = 100.0\n  param d f64 = 1e-07\n}\n"},
    /* positions: 0 is left out */
    {"graph g { %c = const bool true trap 0x7 %c @ 0 trap 0 %c @ 4294967295 }",
     "graph g {\n  %c = const bool true\n  trap 7 %c\n  trap 0 %c @4294967295\n}\n"},
    {"graph g { uniform { } }", "graph g {\n  uniform {\n  }\n}\n"},
    /* unnamed values: a loop's carried values, what is inside, its results */
    {"graph g { input x u8 output y u8 %1 = load x %2 = loop %3 = %1 { %4 = eq %3, %1 test %4 %5 = neg %3 yield %5 } "
     "%6 = branch %2 { yield %2 } { %9 = not %2 yield %9 } store y %6 }",
     "graph g {\n  input x u8\n  output y u8\n  %0 = load x\n  %4 = loop %1 = %0 {\n    %2 = eq %1, %0\n    test %2\n"
     "    %3 = neg %1\n    yield %3\n  }\n  %6 = branch %4 {\n    yield %4\n  } {\n    %5 = not %4\n    yield %5\n  }\n"
     "  store y %6\n}\n"},
};

static void makes_text_canonical(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT(layouts); i++) {
    const char *canonical = layouts[i].canonical;
    expect_text(layouts[i].text, strlen(layouts[i].text), canonical, strlen(canonical));
    expect_text(canonical, strlen(canonical), canonical, strlen(canonical));
  }
}

/* The end of the text is where its length says, even in the middle of a word, with no zero byte behind it. */
static void heeds_the_length(void **state)
{
  (void)state;
  static const char text[] = "graph g { input x u8 output y u8 %x = load x store y %x }";
  size_t n = sizeof text - 1;
  for (size_t length = 0; length < n; length++) {
    tg_graph *graph = NULL;
    tg_error error = {0};
    char *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    copy[length] = '}'; /* not part of it */
    assert_int_equal(tg_graph_read(context, copy, length, TG_FORM_TEXT, &graph, &error), TG_PARSE);
    assert_null(graph);
    assert_true(error.pos.line == 1 && error.pos.column >= 1 && error.pos.column <= length + 1);
    free(copy);
  }
}

/* ---- texts that are refused ---- */

#define HEAD "graph g {\n"
#define NODE HEAD "  input x i32\n  output y i32\n  %x = load x\n"
#define END "  store y %x\n}\n"

static const struct refused {
  const char *text;
  size_t n;
  tg_status status;
  tg_pos pos;
  const char *message, *hint;
} refused[] = {
#define ROW(text, status, line, column, length, message, hint)                                                         \
  {text, sizeof(text) - 1, TG_##status, {line, column, length}, message, hint},
#include "text_errors.def"
};

static void refuses_with_a_place(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT(refused); i++) {
    const struct refused *r = &refused[i];
    tg_graph *graph = NULL;
    tg_error e = {0};
    tg_status status = tg_graph_read(context, r->text, r->n, TG_FORM_TEXT, &graph, &e);
    if (status != r->status || e.pos.line != r->pos.line || e.pos.column != r->pos.column ||
        e.pos.length != r->pos.length) {
      fail_msg("row %zu, %s: %s at %u:%u, length %u: %s", i + 1, r->text, tg_status_name(status), (unsigned)e.pos.line,
               (unsigned)e.pos.column, (unsigned)e.pos.length, e.message);
    }
    assert_null(graph);
    assert_int_equal(e.code, status);
    assert_string_equal(e.message, r->message != NULL ? r->message : e.message);
    assert_string_equal(e.hint, r->hint != NULL ? r->hint : e.hint);
    assert_true(e.message[0] != '\0');
  }
}

static void refuse(const char *text, tg_status status, uint32_t column, uint32_t length)
{
  tg_graph *graph;
  tg_error error = {0};
  assert_int_equal(tg_graph_read(context, text, strlen(text), TG_FORM_TEXT, &graph, &error), status);
  assert_int_equal(error.pos.line, 1);
  assert_int_equal(error.pos.column, column);
  assert_int_equal(error.pos.length, length);
}

/* Names of 255 bytes, numbers of 4096 and 64 nested bodies are the most. */
static void refuses_what_is_too_long(void **state)
{
  (void)state;
  static char text[8192], name[258];
  memset(name, 'n', 256);
  snprintf(text, sizeof text, "graph %s { }", name);
  refuse(text, TG_LIMIT, 7, 256);
  snprintf(text, sizeof text, "graph g { input %s u8 }", name);
  refuse(text, TG_LIMIT, 17, 256);
  snprintf(text, sizeof text, "graph g { %%%s = const u8 1 }", name);
  refuse(text, TG_LIMIT, 11, 257);
  name[255] = '\0';
  snprintf(text, sizeof text, "graph %s {\n  input %s u8\n  %%%s = const u8 1\n}\n", name, name, name);
  expect_text(text, strlen(text), text, strlen(text));
  size_t at = (size_t)snprintf(text, sizeof text, "graph g { %%a = const u8 ");
  memset(text + at, '0', 4097);
  memcpy(text + at + 4097, " }", 3);
  refuse(text, TG_PARSE, (uint32_t)at + 1, 4097);
  memcpy(text + at + 4096, " }", 3);
  bytes b = translate(text, strlen(text), TG_FORM_TEXT, TG_FORM_TEXT);
  assert_string_equal(b.data, "graph g {\n  %a = const u8 0\n}\n");
  tg_free(context, b.data, b.n);
}

static size_t nest(char *text, size_t size, int depth)
{
  size_t n = (size_t)snprintf(text, size, "graph g { %%x = const u8 1");
  for (int i = 0; i < depth; i++) {
    n += (size_t)snprintf(text + n, size - n, " %%v%d = branch %%x {", i);
  }
  for (int i = depth; i-- > 0;) {
    n += i + 1 == depth ? (size_t)snprintf(text + n, size - n, " yield %%x }")
                        : (size_t)snprintf(text + n, size - n, " yield %%v%d }", i + 1);
  }
  return n + (size_t)snprintf(text + n, size - n, " }");
}

static void refuses_deep_nesting(void **state)
{
  (void)state;
  static char text[1 << 20];
  size_t n = nest(text, sizeof text, 64);
  bytes b = translate(text, n, TG_FORM_TEXT, TG_FORM_TEXT);
  tg_free(context, b.data, b.n);
  for (int depth = 65; depth < 20000; depth += 9000) {
    tg_graph *graph;
    tg_error error = {0};
    n = nest(text, sizeof text, depth);
    assert_int_equal(tg_graph_read(context, text, n, TG_FORM_TEXT, &graph, &error), TG_LIMIT);
    const char *word = text;
    for (int i = 0; i < 65; i++) {
      word = strstr(word + 1, "branch");
    }
    assert_int_equal(error.pos.column, word - text + 1);
    assert_int_equal(error.pos.length, 6);
  }
}

/* ---- forms and arguments ---- */

static void tells_forms_apart(void **state)
{
  (void)state;
  static const struct {
    const char *bytes;
    size_t n;
    tg_form form;
  } cases[] = {{"TGB\x1a\1", 5, TG_FORM_BINARY},
               {"TGS\x1a\1", 5, TG_FORM_STACK_CODE},
               {"TGB", 3, TG_FORM_TEXT},
               {"", 0, TG_FORM_TEXT},
               {"graph g {}", 10, TG_FORM_TEXT},
               {"stack s", 7, TG_FORM_STACK_TEXT},
               {" # c\n\t stack s", 14, TG_FORM_STACK_TEXT},
               {"stacks s", 8, TG_FORM_TEXT},
               {"# stack\ngraph", 13, TG_FORM_TEXT},
               {"stack", 3, TG_FORM_TEXT}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_int_equal(tg_form_detect(cases[i].bytes, cases[i].n), cases[i].form);
  }
  assert_int_equal(tg_form_detect(NULL, 0), TG_FORM_TEXT);
}

static void refuses_bad_arguments(void **state)
{
  (void)state;
  static const char text[] = "graph g { }";
  tg_graph *graph = (tg_graph *)&context;
  tg_error error = {0};
  char *data = NULL;
  size_t n = 0;
  assert_int_equal(tg_graph_read(NULL, text, 11, TG_FORM_TEXT, &graph, &error), TG_ARGUMENT);
  assert_null(graph);
  assert_int_equal(tg_graph_read(context, NULL, 11, TG_FORM_TEXT, &graph, &error), TG_ARGUMENT);
  assert_int_equal(tg_graph_read(context, text, 11, TG_FORM_TEXT, NULL, &error), TG_ARGUMENT);
  assert_int_equal(tg_graph_read(context, text, 11, TG_FORM_COUNT, &graph, &error), TG_ARGUMENT);
  assert_int_equal(tg_graph_read(context, NULL, 0, TG_FORM_TEXT, &graph, NULL), TG_PARSE);
  assert_int_equal(tg_graph_read(context, text, 11, TG_FORM_TEXT, &graph, NULL), TG_OK);
  assert_int_equal(tg_graph_write(graph, TG_FORM_STACK_TEXT, &data, &n, &error), TG_ARGUMENT);
  assert_int_equal(tg_graph_write(NULL, TG_FORM_TEXT, &data, &n, &error), TG_ARGUMENT);
  assert_int_equal(tg_graph_write(graph, TG_FORM_TEXT, NULL, &n, &error), TG_ARGUMENT);
  assert_int_equal(tg_graph_write(graph, TG_FORM_TEXT, &data, NULL, &error), TG_ARGUMENT);
  assert_null(data);
  tg_graph_destroy(graph);
}

/* ---- memory ---- */

static tg_status read_and_write(tg_context *c, const void *argument, tg_error *error)
{
  tg_graph *graph;
  bytes b;
  tg_status status = tg_graph_read(c, argument, strlen(argument), TG_FORM_TEXT, &graph, error);
  if (status == TG_OK) {
    status = tg_graph_write(graph, TG_FORM_TEXT, &b.data, &b.n, error);
    if (status == TG_OK) {
      tg_free(c, b.data, b.n);
    }
  }
  tg_graph_destroy(graph);
  return status;
}

static void survives_lack_of_memory(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT(layouts); i++) {
    assert_true(oom_drive(read_and_write, layouts[i].text) > 3);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_canonical_text),     cmocka_unit_test(makes_text_canonical),
      cmocka_unit_test(heeds_the_length),         cmocka_unit_test(refuses_with_a_place),
      cmocka_unit_test(refuses_what_is_too_long), cmocka_unit_test(refuses_deep_nesting),
      cmocka_unit_test(tells_forms_apart),        cmocka_unit_test(refuses_bad_arguments),
      cmocka_unit_test(survives_lack_of_memory),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
