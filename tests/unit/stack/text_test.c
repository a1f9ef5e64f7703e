/* text_test.c: every error of stack text, with its place. */
#include "forms.h"

#include <setjmp.h>
#include <stdarg.h>
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

/* ---- errors of text ---- */

typedef struct bad_text {
  const char *program;
  tg_status status;
  tg_pos pos;
  const char *message; /* part of it */
} bad_text;

static void assert_fails(const bad_text *b)
{
  tg_graph *g;
  tg_error error = {0};
  tg_status status = tg_graph_read(context, b->program, strlen(b->program), TG_FORM_STACK_TEXT, &g, &error);
  if (status != b->status || memcmp(&error.pos, &b->pos, sizeof b->pos) != 0 ||
      strstr(error.message, b->message) == NULL) {
    fail_msg("%s: %s at %u:%u, %u bytes: %s", b->program, tg_status_name(status), (unsigned)error.pos.line,
             (unsigned)error.pos.column, (unsigned)error.pos.length, error.message);
  }
  assert_null(g);
  assert_int_equal(error.code, b->status);
}

static void grammar_errors(void **state)
{
  static const bad_text bad[] = {
      {"", TG_PARSE, {1, 1, 0}, "begins with `stack NAME`"},
      {"# nothing", TG_PARSE, {1, 10, 0}, "begins with `stack NAME`"},
      {" graph g", TG_PARSE, {1, 2, 5}, "begins with `stack NAME`"},
      {"stack", TG_PARSE, {1, 6, 0}, "name"},
      {"stack 9s", TG_PARSE, {1, 7, 2}, "name"},
      {"stack s\n  lode x f32", TG_PARSE, {2, 3, 4}, "`lode` is not an opcode"},
      {"stack s\n\tLoad", TG_PARSE, {2, 2, 4}, "`Load` is not an opcode"},
      {"stack s add", TG_PARSE, {1, 9, 3}, "`add` is not an opcode"},
      {"stack s \001", TG_PARSE, {1, 9, 1}, "byte 0x01 is not an opcode"},
      {"stack s load", TG_PARSE, {1, 9, 4}, "load needs a name after it"},
      {"stack s load 1x f32", TG_PARSE, {1, 14, 2}, "load needs a name here, not `1x`"},
      {"stack s load x", TG_PARSE, {1, 9, 4}, "load needs a memory mode"},
      {"stack s load x f33", TG_PARSE, {1, 16, 3}, "not `f33`"},
      {"stack s load x # f32\n f33", TG_PARSE, {2, 2, 3}, "not `f33`"},
      {"stack s load x#f32\n f32 sum 5", TG_PARSE, {2, 10, 1}, "sum needs a name here, not `5`"},
      {"stack s iota", TG_PARSE, {1, 9, 4}, "iota needs a type"},
      {"stack s iota f16 0 1", TG_PARSE, {1, 14, 3}, "not `f16`"},
      {"stack s iota u8 0", TG_PARSE, {1, 9, 4}, "an integer from 0 to 255"},
      {"stack s iota u8 256 1", TG_PARSE, {1, 17, 3}, "an integer from 0 to 255"},
      {"stack s iota u8 -1 1", TG_PARSE, {1, 17, 2}, "an integer from 0 to 255"},
      {"stack s iota i8 -129 1", TG_PARSE, {1, 17, 4}, "an integer from -128 to 127"},
      {"stack s iota u8 0 1.0", TG_PARSE, {1, 19, 3}, "an integer from 0 to 255"},
      {"stack s iota u8 0 0x", TG_PARSE, {1, 19, 2}, "an integer from 0 to 255"},
      {"stack s iota i8 - 1 1", TG_PARSE, {1, 17, 1}, "an integer from -128 to 127"},
      {"stack s iota u8 1,2 1", TG_PARSE, {1, 17, 3}, "an integer from 0 to 255"},
      {"stack s iota u64 18446744073709551616 1", TG_PARSE, {1, 18, 20}, "an integer"},
      {"stack s iota f32 -nan 1", TG_PARSE, {1, 18, 4}, "a number"},
      {"stack s iota f64 1e 1", TG_PARSE, {1, 18, 2}, "a number"},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(bad); i++) {
    assert_fails(&bad[i]);
  }
}

static void rule_errors(void **state)
{
  static const bad_text bad[] = {
      {"stack s\ndup", TG_VERIFY, {2, 1, 3}, "dup takes 1 value from the data stack, which has 0"},
      {"stack s load x f32\n +", TG_VERIFY, {2, 2, 1}, "+ takes 2 values from the data stack, which has 1"},
      {"stack s load x f32 ?:", TG_VERIFY, {1, 20, 2}, "?: takes 3 values"},
      {"stack s sum t", TG_VERIFY, {1, 9, 3}, "sum takes 1 value"},
      {"stack s load x f32 argmin t", TG_VERIFY, {1, 20, 6}, "argmin takes 2 values"},
      {"stack s R>", TG_VERIFY, {1, 9, 2}, "R> takes 1 value from the return stack, which has 0"},
      {"stack s load x f32 R@", TG_VERIFY, {1, 20, 2}, "R@ takes 1 value from the return stack"},
      {"stack s load x f32", TG_VERIFY, {1, 19, 0}, "1 value is left on the data stack"},
      {"stack s load x f32 dup\n# end\n", TG_VERIFY, {3, 1, 0}, "2 values are left on the data stack"},
      {"stack s load x f32 >R", TG_VERIFY, {1, 22, 0}, "1 value is left on the return stack"},
      {"stack s load x f32 load y f64 + drop", TG_VERIFY, {1, 31, 1}, "f64"},
      {"stack s load x bool negate drop", TG_VERIFY, {1, 21, 6}, "bool"},
      {"stack s load x f32 ~ drop", TG_VERIFY, {1, 20, 1}, "f32"},
      {"stack s load x f32 store y f64", TG_VERIFY, {1, 20, 5}, "mode f64"},
      {"stack s iota bool true false drop", TG_VERIFY, {1, 9, 4}, "bool"},
      {"stack s iota bool 1 0 drop", TG_VERIFY, {1, 9, 4}, "bool"},
      {"stack s load i u8 load d bool argmax w", TG_VERIFY, {1, 31, 6}, "bool"},
      {"stack s load x f32 load x f64", TG_VERIFY, {1, 20, 4}, "input x has mode f32, not f64"},
      {"stack s load x f32 load x f32be", TG_VERIFY, {1, 20, 4}, "input x has mode f32, not f32be"},
      {"stack s load x f32 store x f32", TG_VERIFY, {1, 20, 5}, "called x"},
      {"stack s load x f32 store y f32 load y f32", TG_VERIFY, {1, 32, 4}, "called y"},
      {"stack s load x f32 dup sum t sum t", TG_VERIFY, {1, 30, 3}, "called t"},
      {"stack s load x f32 dup sum t load x f32 argmax t", TG_VERIFY, {1, 41, 6}, "called t"},
      /* The first error is the one that counts. */
      {"stack s drop lode", TG_VERIFY, {1, 9, 4}, "drop takes 1 value"},
      {"stack s lode drop", TG_PARSE, {1, 9, 4}, "not an opcode"},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(bad); i++) {
    assert_fails(&bad[i]);
  }
}

static void long_names(void **state)
{
  char program[400];
  char name[257];
  (void)state;
  memset(name, 'n', 256);
  name[256] = '\0';
  snprintf(program, sizeof program, "stack %s", name);
  assert_fails(&(bad_text){program, TG_LIMIT, {1, 7, 256}, "longer than 255"});
  snprintf(program, sizeof program, "stack s load %s f32 drop", name);
  assert_fails(&(bad_text){program, TG_LIMIT, {1, 14, 256}, "longer than 255"});
  name[255] = '\0';
  snprintf(program, sizeof program, "stack %s load x f32 drop", name);
  bytes text = canonical_text(context, TG_FORM_STACK_TEXT, program, strlen(program));
  give_back(context, text);
}

static void too_many_operands(void **state)
{
  static char program[1025 * 24 + 40];
  size_t n = (size_t)snprintf(program, sizeof program, "stack many");
  (void)state;
  for (int i = 0; i < 1025; i++) {
    n += (size_t)snprintf(program + n, sizeof program - n, "\nload x%d u8 drop", i);
  }
  assert_fails(&(bad_text){program, TG_LIMIT, {1026, 1, 4}, "1024"});
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grammar_errors),
      cmocka_unit_test(rule_errors),
      cmocka_unit_test(long_names),
      cmocka_unit_test(too_many_operands),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
