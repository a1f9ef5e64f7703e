/* stack_test.c: the stack machine: what each opcode builds, text against bytecode, and every error with its place. */
#include "stack/stack.h"

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

/* Text or bytes that the library gave. */
typedef struct bytes {
  char *data;
  size_t n;
} bytes;

static void give_back(bytes b)
{
  tg_free(context, b.data, b.n);
}

/* The canonical text of a graph in some form. */
static bytes canonical(tg_form form, const char *data, size_t n)
{
  tg_graph *g;
  bytes text;
  tg_error error = {0};
  tg_status status = tg_graph_read(context, data, n, form, &g, &error);
  if (status != TG_OK) {
    fail_msg("%.*s: %u:%u: %s", form == TG_FORM_STACK_CODE ? 0 : (int)n, data, (unsigned)error.pos.line,
             (unsigned)error.pos.column, error.message);
  }
  assert_int_equal(tg_graph_write(g, TG_FORM_TEXT, &text.data, &text.n, &error), TG_OK);
  tg_graph_destroy(g);
  return text;
}

static bytes assemble(const char *program)
{
  bytes code;
  tg_error error = {0};
  tg_status status = tg_stack_assemble(context, program, strlen(program), &code.data, &code.n, &error);
  assert_string_equal(error.message, "");
  assert_int_equal(status, TG_OK);
  return code;
}

/* The graph of a program is `graph`, read as text or as bytecode; and bytecode goes to text and back. */
static void assert_builds(const char *program, const char *graph)
{
  bytes want = canonical(TG_FORM_TEXT, graph, strlen(graph));
  bytes from_text = canonical(TG_FORM_STACK_TEXT, program, strlen(program));
  bytes code = assemble(program);
  bytes from_code = canonical(TG_FORM_STACK_CODE, code.data, code.n);
  bytes listing;
  assert_string_equal(from_text.data, want.data);
  assert_string_equal(from_code.data, want.data);
  assert_int_equal(stack_disassemble(context, code.data, code.n, &listing.data, &listing.n, NULL), TG_OK);
  bytes again = assemble(listing.data);
  assert_int_equal(again.n, code.n);
  assert_memory_equal(again.data, code.data, code.n);
  give_back(want);
  give_back(from_text);
  give_back(code);
  give_back(from_code);
  give_back(listing);
  give_back(again);
}

/* ---- opcodes ---- */

static void sources_and_sinks(void **state)
{
  (void)state;
  assert_builds("stack s load x f32 store y f16be", "graph s { input x f32 output y f16be %0 = load x store y %0 }");
  assert_builds("stack s load x u8 load x u8 store a u8 store b u8",
                "graph s { input x u8 output a u8 output b u8 %0 = load x %1 = load x store a %1 store b %0 }");
  assert_builds("stack s iota i16 -5 0x10 store y i16",
                "graph s { output y i16 %0 = const i16 -5 %1 = const i16 16 %2 = iota %0, %1 store y %2 }");
  assert_builds("stack s iota f64 -1.5 0x1.8p1 store y f64",
                "graph s { output y f64 %0 = const f64 -1.5 %1 = const f64 3.0 %2 = iota %0, %1 store y %2 }");
  assert_builds("stack s iota f32 nan -inf store y f32",
                "graph s { output y f32 %0 = const f32 nan %1 = const f32 -inf %2 = iota %0, %1 store y %2 }");
  assert_builds("stack s load i u16 load d f32 argmin w",
                "graph s { input i u16 input d f32 result w u16 %0 = load i %1 = load d argmin w %0, %1 }");
  assert_builds("stack s load i bool load d i8 argmax w",
                "graph s { input i bool input d i8 result w bool %0 = load i %1 = load d argmax w %0, %1 }");
}

/* The result of a sum has the type in which it adds. */
static void sums(void **state)
{
  static const char *const types[][2] = {{"bool", "u64"}, {"i8", "i64"},  {"i16", "i64"}, {"i32", "i64"},
                                         {"i64", "i64"},  {"u8", "u64"},  {"u16", "u64"}, {"u32", "u64"},
                                         {"u64", "u64"},  {"f32", "f32"}, {"f64", "f64"}};
  char program[80], graph[120];
  (void)state;
  for (size_t i = 0; i < COUNT(types); i++) {
    snprintf(program, sizeof program, "stack s load x %s sum t", types[i][0]);
    snprintf(graph, sizeof graph, "graph s { input x %s result t %s %%0 = load x sum t %%0 }", types[i][0],
             types[i][1]);
    assert_builds(program, graph);
  }
}

static void two_operand_transforms(void **state)
{
  static const char *const words[][2] = {{"+", "add"}, {"-", "sub"}, {"*", "mul"}, {"<<", "shl"},    {">>", "shr"},
                                         {"|", "or"},  {"&", "and"}, {"^", "xor"}, {"\\", "andnot"}, {"max", "max"}};
  char program[80], graph[160];
  (void)state;
  for (size_t i = 0; i < COUNT(words); i++) {
    snprintf(program, sizeof program, "stack s load a i32 load b i32 %s store y i32", words[i][0]);
    snprintf(graph, sizeof graph,
             "graph s { input a i32 input b i32 output y i32 %%0 = load a %%1 = load b %%2 = %s %%0, %%1 store y %%2 }",
             words[i][1]);
    assert_builds(program, graph);
  }
}

static void other_transforms(void **state)
{
  (void)state;
  assert_builds("stack s load a f32 negate store y f32",
                "graph s { input a f32 output y f32 %0 = load a %1 = neg %0 store y %1 }");
  assert_builds("stack s load a u8 ~ store y u8",
                "graph s { input a u8 output y u8 %0 = load a %1 = not %0 store y %1 }");
  assert_builds("stack s load a f64 load b f64 < store y bool",
                "graph s { input a f64 input b f64 output y bool %0 = load a %1 = load b %2 = lt %0, %1 store y %2 }");
  assert_builds("stack s load a bool load b bool = store y bool",
                "graph s { input a bool input b bool output y bool"
                " %0 = load a %1 = load b %2 = eq %0, %1 store y %2 }");
  assert_builds("stack s load a i8 load b i8 divmod store r i8 store q i8",
                "graph s { input a i8 input b i8 output r i8 output q i8"
                " %0 = load a %1 = load b %2, %3 = divmod %0, %1 store r %3 store q %2 }");
  assert_builds("stack s load c bool load a f32 load b f32 ?: store y f32",
                "graph s { input c bool input a f32 input b f32 output y f32"
                " %0 = load c %1 = load a %2 = load b %3 = select %0, %1, %2 store y %3 }");
}

/* Each moves the streams a, b, c (of u8, u16 and u32, so that a wrong order would not even fit), then stores them. */
static void stack_words(void **state)
{
  (void)state;
  assert_builds("stack s load a u8 dup store x u8 store y u8",
                "graph s { input a u8 output x u8 output y u8 %0 = load a store x %0 store y %0 }");
  assert_builds("stack s load a u8 load b u16 drop store x u8",
                "graph s { input a u8 input b u16 output x u8 %0 = load a %1 = load b store x %0 }");
  assert_builds("stack s load a u8 load b u16 swap store x u8 store y u16",
                "graph s { input a u8 input b u16 output x u8 output y u16"
                " %0 = load a %1 = load b store x %0 store y %1 }");
  assert_builds("stack s load a u8 load b u16 over store x u8 store y u16 store z u8",
                "graph s { input a u8 input b u16 output x u8 output y u16 output z u8"
                " %0 = load a %1 = load b store x %0 store y %1 store z %0 }");
  assert_builds("stack s load a u8 load b u16 load c u32 rot store x u8 store y u32 store z u16",
                "graph s { input a u8 input b u16 input c u32 output x u8 output y u32 output z u16"
                " %0 = load a %1 = load b %2 = load c store x %0 store y %2 store z %1 }");
  assert_builds("stack s load a u8 load b u16 >R store x u8 R@ store y u16 R> store z u16",
                "graph s { input a u8 input b u16 output x u8 output y u16 output z u16"
                " %0 = load a %1 = load b store x %0 store y %1 store z %1 }");
}

/* ---- bytecode ---- */

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
static const char immediates[] = "oionnn";

typedef struct encoder {
  unsigned char data[1000];
  size_t n;
} encoder;

static void put(encoder *e, uint64_t value, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    e->data[e->n++] = (unsigned char)(value >> 8 * i);
  }
}

static void put_string(encoder *e, const char *s)
{
  put(e, strlen(s), 2);
  memcpy(e->data + e->n, s, strlen(s));
  e->n += strlen(s);
}

static void put_header(encoder *e, const char *name, uint32_t n_opcodes)
{
  *e = (encoder){.data = {'T', 'G', 'S', 0x1A}, .n = 4};
  put(e, 1, 2);
  put(e, 0, 2);
  put_string(e, name);
  put(e, n_opcodes, 4);
}

/* A second encoder, from the specification, for i32 alone. The program has no comments, and is cut into words. */
static void encode_words(encoder *e, char *program)
{
  uint32_t n = 0;
  encoder body = {.n = 0};
  strtok(program, " \n"); /* stack */
  const char *name = strtok(NULL, " \n");
  for (const char *word = strtok(NULL, " \n"); word != NULL; word = strtok(NULL, " \n"), n++) {
    size_t op = 0;
    while (op < 30 && strcmp(opcodes[op], word) != 0) {
      op++;
    }
    assert_true(op < 30);
    put(&body, op, 1);
    char follows = op < strlen(immediates) ? immediates[op] : '-';
    if (follows == 'o' || follows == 'n') {
      put_string(&body, strtok(NULL, " \n"));
    }
    if (follows == 'o' || follows == 'i') {
      assert_string_equal(strtok(NULL, " \n"), "i32");
      put(&body, TG_MODE_I32, 1);
    }
    for (int i = 0; follows == 'i' && i < 2; i++) {
      put(&body, (uint32_t)strtoll(strtok(NULL, " \n"), NULL, 0), 8);
    }
  }
  put_header(e, name, n);
  memcpy(e->data + e->n, body.data, body.n);
  e->n += body.n;
}

static void encoding(void **state)
{
  char words[sizeof all_opcodes];
  encoder e;
  (void)state;
  strcpy(words, all_opcodes);
  char *comment = strchr(words, '#');
  memset(comment, ' ', strcspn(comment, "\n"));
  encode_words(&e, words);
  bytes code = assemble(all_opcodes);
  assert_int_equal(code.n, e.n);
  assert_memory_equal(code.data, e.data, e.n);
  give_back(code);
}

static void every_opcode_at_once(void **state)
{
  (void)state;
  assert_builds(all_opcodes,
                "graph all { input a i32 input b i32 result total i64 result least i32 result most i32 output y i32\n"
                "%0 = load a %1 = load b %2 = add %0, %1 %3 = neg %2 %4 = load b %5 = sub %3, %4\n"
                "%6 = load a %7 = mul %5, %6 %8 = load b %9, %10 = divmod %7, %8 %11 = shl %9, %10\n"
                "%12 = load a %13 = shr %11, %12 %14 = load b %15 = or %13, %14 %16 = load a\n"
                "%17 = and %15, %16 %18 = load b %19 = xor %17, %18 %20 = not %19 %21 = load a\n"
                "%22 = andnot %20, %21 %23 = load b %24 = lt %22, %23 %25 = load a %26 = eq %22, %25 %27 = load a\n"
                "%28 = select %24, %22, %27 %29 = load b %30 = max %28, %29 sum total %30\n"
                "%31 = const i32 -1 %32 = const i32 2147483647 %33 = iota %31, %32 argmin least %33, %30\n"
                "%34 = const i32 0 %35 = const i32 1 %36 = iota %34, %35 argmax most %36, %30 store y %30 }");
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
      {"stack s iota bool 1 0", TG_PARSE, {1, 19, 1}, "true or false"},
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
  bytes text = canonical(TG_FORM_STACK_TEXT, program, strlen(program));
  give_back(text);
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
  bytes code = assemble(all_opcodes);
  for (size_t n = 0; n < code.n; n++) {
    assert_code_fails(code.data, n, TG_FORMAT, "");
  }
  char *longer = malloc(code.n + 1);
  assert_non_null(longer);
  memcpy(longer, code.data, code.n);
  longer[code.n] = 0;
  assert_code_fails(longer, code.n + 1, TG_FORMAT, "1 bytes are left after the last opcode");
  free(longer);
  give_back(code);
}

static void malformed_code(void **state)
{
  encoder e;
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
  put(&e, 30, 1);
  assert_code_fails(e.data, e.n, TG_FORMAT, "opcode 1 at byte 15: there is no opcode with the number 30");
  put_header(&e, "s", 1);
  put(&e, 0, 1);
  put_string(&e, "x");
  put(&e, TG_MODE_COUNT, 1);
  assert_code_fails(e.data, e.n, TG_FORMAT, "opcode 1 at byte 15: load: there is no mode 23");
  put_header(&e, "s", 1);
  put(&e, 0, 1);
  put(&e, 0xFFFF, 2);
  put_string(&e, "xyz");
  assert_code_fails(e.data, e.n, TG_FORMAT, "opcode 1 at byte 15: the bytecode ends inside this opcode");
}

/* One iota of some type, start and stride. */
static void put_iota(encoder *e, uint64_t type, uint64_t start, uint64_t stride)
{
  put_header(e, "s", 2);
  put(e, 1, 1);
  put(e, type, 1);
  put(e, start, 8);
  put(e, stride, 8);
  put(e, 23, 1); /* drop */
}

static void malformed_iotas(void **state)
{
  static const char *const message = "opcode 1 at byte 15: iota: the start or stride";
  encoder e;
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
  give_back(canonical(TG_FORM_STACK_CODE, (const char *)e.data, e.n));
  put_iota(&e, TG_I8, 0xFF, 0x80);
  give_back(canonical(TG_FORM_STACK_CODE, (const char *)e.data, e.n));
}

static void rules_in_code(void **state)
{
  encoder e;
  char name[257];
  (void)state;
  put_header(&e, "s", 2);
  put(&e, 0, 1);
  put_string(&e, "x");
  put(&e, TG_MODE_F32, 1);
  put(&e, 6, 1);
  assert_code_fails(e.data, e.n, TG_VERIFY, "opcode 2 at byte 20: + takes 2 values from the data stack, which has 1");
  e.data[e.n - 1] = 22;
  assert_code_fails(e.data, e.n, TG_VERIFY, "2 values are left on the data stack");
  put_header(&e, "s", 1);
  put(&e, 0, 1);
  put_string(&e, "x y");
  put(&e, TG_MODE_F32, 1);
  assert_code_fails(e.data, e.n, TG_VERIFY, "opcode 1 at byte 15");
  memset(name, 'n', 256);
  name[256] = '\0';
  put_header(&e, name, 0);
  assert_code_fails(e.data, e.n, TG_LIMIT, "longer than 255");
  put_header(&e, "s", 1);
  put(&e, 0, 1);
  put_string(&e, name);
  put(&e, TG_MODE_F32, 1);
  assert_code_fails(e.data, e.n, TG_LIMIT, "opcode 1 at byte 15: load: the name is longer than 255");
}

/* ---- size ---- */

/* Stacks grow; loads may be far more than operands may. */
static void deep_stacks(void **state)
{
  enum { DEPTH = 5000 };
  static char program[DEPTH * 24 + 40];
  size_t n = (size_t)snprintf(program, sizeof program, "stack deep ");
  (void)state;
  for (int i = 0; i < DEPTH; i++) {
    n += (size_t)snprintf(program + n, sizeof program - n, "load x u8 >R\n");
  }
  for (int i = 0; i < DEPTH; i++) {
    n += (size_t)snprintf(program + n, sizeof program - n, i == 0 ? "R> " : "R> + ");
  }
  snprintf(program + n, sizeof program - n, "sum total");
  tg_graph *g;
  assert_int_equal(tg_graph_read(context, program, strlen(program), TG_FORM_STACK_TEXT, &g, NULL), TG_OK);
  assert_int_equal(tg_graph_n_operands(g), 2);
  assert_int_equal(tg_graph_n_nodes(g), 2 * DEPTH);
  tg_graph_destroy(g);
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
      cmocka_unit_test(sources_and_sinks), cmocka_unit_test(sums),           cmocka_unit_test(two_operand_transforms),
      cmocka_unit_test(other_transforms),  cmocka_unit_test(stack_words),    cmocka_unit_test(every_opcode_at_once),
      cmocka_unit_test(encoding),          cmocka_unit_test(grammar_errors), cmocka_unit_test(rule_errors),
      cmocka_unit_test(long_names),        cmocka_unit_test(truncated_code), cmocka_unit_test(malformed_code),
      cmocka_unit_test(malformed_iotas),   cmocka_unit_test(rules_in_code),  cmocka_unit_test(deep_stacks),
      cmocka_unit_test(too_many_operands),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
