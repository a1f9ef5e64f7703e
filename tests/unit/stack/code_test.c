/* code_test.c: bytecode of the stack machine against a second encoder, and every error with its place. */
#include "forms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

static const char all_opcodes[] = "stack all # every opcode at least once\n"
                                  "load a i32 load b i32 + negate load b i32 - load a i32 * load b i32 divmod <<\n"
                                  "load a i32 >> load b i32 | load a i32 & load b i32 ^ ~ load a i32 \\\n"
                                  "dup load b i32 < over load a i32 = drop swap load a i32 rot rot rot ?:\n"
                                  "load b i32 max >R R@ R> dup sum total\n"
                                  "iota i32 -1 0x7fffffff swap argmin least iota i32 0 1 over argmax most\n"
                                  "store y i32\n";

/* The opcodes in the order of the specification, and what follows each: o: a name and a mode; n: a name; i: a type and
 * two literals. */
static const char *const opcodes[30] = {"load", "iota", "store",  "argmax", "argmin", "sum", "+",   "negate",
                                        "-",    "*",    "divmod", "<<",     ">>",     "|",   "&",   "^",
                                        "~",    "\\",   "<",      "=",      "?:",     "max", "dup", "drop",
                                        "swap", "over", "rot",    ">R",     "R@",     "R>"};
static const char followers[] = "oionnn";

static void put_header(byte_list *e, const char *name, uint32_t n_opcodes)
{
  *e = (byte_list){.data = {'T', 'G', 'S', 0x1A}, .n = 4};
  put_number(e, 1, 2);
  put_number(e, 0, 2);
  put_string(e, name);
  put_number(e, n_opcodes, 4);
}

/* A second byte_list, from the specification, for i32 alone. The program has no comments, and is cut into words. */
static void encode_words(byte_list *e, char *program)
{
  uint32_t n = 0;
  byte_list body = {.n = 0};
  strtok(program, " \n"); /* stack */
  const char *name = strtok(NULL, " \n");
  for (const char *word = strtok(NULL, " \n"); word != NULL; word = strtok(NULL, " \n"), n++) {
    size_t op = 0;
    while (op < 30 && strcmp(opcodes[op], word) != 0) {
      op++;
    }
    assert_true(op < 30);
    put_number(&body, op, 1);
    char follows = op < strlen(followers) ? followers[op] : '-';
    if (follows == 'o' || follows == 'n') {
      put_string(&body, strtok(NULL, " \n"));
    }
    if (follows == 'o' || follows == 'i') {
      assert_string_equal(strtok(NULL, " \n"), "i32");
      put_number(&body, TG_MODE_I32, 1);
    }
    for (int i = 0; follows == 'i' && i < 2; i++) {
      put_number(&body, (uint32_t)strtoll(strtok(NULL, " \n"), NULL, 0), 8);
    }
  }
  put_header(e, name, n);
  memcpy(e->data + e->n, body.data, body.n);
  e->n += body.n;
}

static void encoding(void **state)
{
  char words[sizeof all_opcodes];
  byte_list e;
  (void)state;
  strcpy(words, all_opcodes);
  char *comment = strchr(words, '#');
  memset(comment, ' ', strcspn(comment, "\n"));
  encode_words(&e, words);
  bytes code = assemble(context, all_opcodes);
  assert_int_equal(code.n, e.n);
  assert_memory_equal(code.data, e.data, e.n);
  give_back(context, code);
}

/* ---- errors of bytecode ---- */

static void assert_code_fails(const void *code, size_t n, tg_status status, const char *message)
{
  tg_graph *g;
  tg_error error = {0};
  char *exact = malloc(n + (n == 0)); /* of exactly its size, for the sanitizer */
  assert_non_null(exact);
  memcpy(exact, code, n);
  tg_status got = tg_graph_read(context, exact, n, TG_FORM_STACK_CODE, &g, &error);
  free(exact);
  if (got != status || strstr(error.message, message) == NULL) {
    fail_msg("expected %s: %s; got %s: %s", tg_status_name(status), message, tg_status_name(got), error.message);
  }
  assert_null(g);
}

static void truncated_code(void **state)
{
  (void)state;
  bytes code = assemble(context, all_opcodes);
  for (size_t n = 0; n < code.n; n++) {
    assert_code_fails(code.data, n, TG_FORMAT, "");
  }
  char *longer = malloc(code.n + 1);
  assert_non_null(longer);
  memcpy(longer, code.data, code.n);
  longer[code.n] = 0;
  assert_code_fails(longer, code.n + 1, TG_FORMAT, "1 bytes are left after the last opcode");
  free(longer);
  give_back(context, code);
}

static void malformed_code(void **state)
{
  byte_list e;
  (void)state;
  put_header(&e, "s", 0);
  e.data[4] = 2;
  assert_code_fails(e.data, e.n, TG_FORMAT, "version 2.0");
  put_header(&e, "s", 0);
  e.data[6] = 1;
  assert_code_fails(e.data, e.n, TG_FORMAT, "version 1.1");
  put_header(&e, "s", 0);
  e.data[0] = 't';
  assert_code_fails(e.data, e.n, TG_FORMAT, "\"TGS\"");
  put_header(&e, "s s", 0);
  assert_code_fails(e.data, e.n, TG_VERIFY, "name");
  put_header(&e, "s", UINT32_MAX);
  assert_code_fails(e.data, e.n, TG_FORMAT, "truncated");
  put_header(&e, "s", 1);
  put_number(&e, 30, 1);
  assert_code_fails(e.data, e.n, TG_FORMAT, "opcode 1 at byte 15: there is no opcode with the number 30");
  put_header(&e, "s", 1);
  put_number(&e, 0, 1);
  put_string(&e, "x");
  put_number(&e, TG_MODE_COUNT, 1);
  assert_code_fails(e.data, e.n, TG_FORMAT, "opcode 1 at byte 15: load: there is no mode 23");
  put_header(&e, "s", 1);
  put_number(&e, 0, 1);
  put_number(&e, 0xFFFF, 2);
  put_string(&e, "xyz");
  assert_code_fails(e.data, e.n, TG_FORMAT, "opcode 1 at byte 15: the bytecode ends inside this opcode");
}

/* One iota of some type, start and stride. */
static void put_iota(byte_list *e, uint64_t type, uint64_t start, uint64_t stride)
{
  put_header(e, "s", 2);
  put_number(e, 1, 1);
  put_number(e, type, 1);
  put_number(e, start, 8);
  put_number(e, stride, 8);
  put_number(e, 23, 1); /* drop */
}

static void malformed_iotas(void **state)
{
  static const char *const message = "opcode 1 at byte 15: iota: the start or stride";
  byte_list e;
  (void)state;
  put_iota(&e, TG_TYPE_COUNT, 0, 0);
  assert_code_fails(e.data, e.n, TG_FORMAT, "iota: there is no type 11");
  put_iota(&e, TG_U8, 256, 0);
  assert_code_fails(e.data, e.n, TG_FORMAT, message);
  put_iota(&e, TG_I8, 0, UINT64_MAX);
  assert_code_fails(e.data, e.n, TG_FORMAT, message);
  put_iota(&e, TG_F32, 0x7FC00001, 0);
  assert_code_fails(e.data, e.n, TG_FORMAT, message);
  put_iota(&e, TG_F64, 0, UINT64_C(0xFFF8000000000000));
  assert_code_fails(e.data, e.n, TG_FORMAT, message);
  put_iota(&e, TG_F32, 0x7FC00000, 0xFF800000);
  give_back(context, canonical_text(context, TG_FORM_STACK_CODE, (const char *)e.data, e.n));
  put_iota(&e, TG_I8, 0xFF, 0x80);
  give_back(context, canonical_text(context, TG_FORM_STACK_CODE, (const char *)e.data, e.n));
}

static void rules_in_code(void **state)
{
  byte_list e;
  char name[257];
  (void)state;
  put_header(&e, "s", 2);
  put_number(&e, 0, 1);
  put_string(&e, "x");
  put_number(&e, TG_MODE_F32, 1);
  put_number(&e, 6, 1);
  assert_code_fails(e.data, e.n, TG_VERIFY, "opcode 2 at byte 20: + takes 2 values from the data stack, which has 1");
  e.data[e.n - 1] = 22;
  assert_code_fails(e.data, e.n, TG_VERIFY, "2 values are left on the data stack");
  put_header(&e, "s", 1);
  put_number(&e, 0, 1);
  put_string(&e, "x y");
  put_number(&e, TG_MODE_F32, 1);
  assert_code_fails(e.data, e.n, TG_VERIFY, "opcode 1 at byte 15");
  memset(name, 'n', 256);
  name[256] = '\0';
  put_header(&e, name, 0);
  assert_code_fails(e.data, e.n, TG_LIMIT, "longer than 255");
  put_header(&e, "s", 1);
  put_number(&e, 0, 1);
  put_string(&e, name);
  put_number(&e, TG_MODE_F32, 1);
  assert_code_fails(e.data, e.n, TG_LIMIT, "opcode 1 at byte 15: load: the name is longer than 255");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(encoding),        cmocka_unit_test(truncated_code), cmocka_unit_test(malformed_code),
      cmocka_unit_test(malformed_iotas), cmocka_unit_test(rules_in_code),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
