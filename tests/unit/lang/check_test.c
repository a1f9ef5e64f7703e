/* check_test.c: typed programs: what they hold, what constants are worth, and programs of unusual size and shape. */
#include "lang/program.h"
#include "lang/scan.h"
#include "oom.h"

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

/* Checks a program; prints what is said of it when it is not as expected. */
static program *check(const char *source, tg_status expected)
{
  program *p = NULL;
  tg_status status = lang_check(context, "test.tg", source, strlen(source), NULL, &p);
  assert_non_null(p);
  for (uint32_t i = 0; i < p->n_messages && status != expected; i++) {
    print_message("%u:%u: %s %s\n", (unsigned)p->messages[i].pos.line, (unsigned)p->messages[i].pos.column,
                  p->messages[i].code, p->messages[i].message);
  }
  assert_int_equal(status, expected);
  return p;
}

/* Checks that exactly one message comes, an error with this code. */
static void check_error(const char *source, const char *code)
{
  program *p = NULL;
  tg_status status = lang_check(context, "test.tg", source, strlen(source), NULL, &p);
  assert_non_null(p);
  assert_int_not_equal(status, TG_OK);
  assert_int_equal(p->n_errors, 1);
  assert_string_equal(p->messages[0].code, code);
  program_destroy(p);
}

/* ---- what programs hold ---- */

static const char kernel_source[] = "const T: [u8; 3] = [1, 2, 3];\n"
                                    "fn twice(x: f32) -> (f32, bool) {\n"
                                    "    assert(x < 9);\n"
                                    "    return x * 2, x > 0;\n"
                                    "}\n"
                                    "kernel k(m: f32, x: [f32], shared t: [f64]) -> (y: [f32]) {\n"
                                    "    let a, _ = twice(x);\n"
                                    "    y = a + m;\n"
                                    "    y += f32(t[T[u32(x)]]);\n"
                                    "}\n";

static void test_kernel(void **state)
{
  (void)state;
  program *p = check(kernel_source, TG_OK);
  assert_int_equal(p->n_entries, 1);
  assert_int_equal(p->n_functions, 1);
  assert_int_equal(p->n_tables, 1);
  const prog_entry *k = &p->entries[0];
  assert_false(k->is_machine);
  assert_int_equal(k->n_operands, 4);
  assert_int_equal(k->operands[0].kind, OPERAND_PARAM);
  assert_int_equal(k->operands[1].kind, OPERAND_INPUT);
  assert_int_equal(k->operands[2].kind, OPERAND_SHARED);
  assert_int_equal(k->operands[2].type.kind, PROG_VIEW);
  assert_int_equal(k->operands[3].kind, OPERAND_OUTPUT);
  assert_int_equal(k->operands[3].variable, 0);
  assert_int_equal(k->body.effects, PROG_TRAPS);
  const prog_stmt *s = k->body.body;
  assert_int_equal(s->kind, STMT_DECLARE);
  assert_int_equal(s->n_places, 2);
  assert_int_equal(s->places[1].kind, PLACE_NOTHING);
  assert_int_equal(s->places[1].type.scalar, TG_BOOL);
  assert_int_equal(s->value->kind, EXPR_CALL);
  assert_int_equal(s->value->args[0]->kind, EXPR_INPUT);
  s = s->next->next;
  assert_int_equal(s->kind, STMT_ASSIGN);
  assert_int_equal(s->value->op, PROG_ADD);
  assert_int_equal(s->value->args[0]->kind, EXPR_VARIABLE);
  assert_int_equal(s->pos.line, 9);
  assert_null(s->next);
  program_destroy(p);
}

static const char machine_source[] = "machine m {\n"
                                     "    param n: u32 = 5 in 1..=9;\n"
                                     "    in x: f64 = \"a/b.csv:c\";\n"
                                     "    out y: f64;\n"
                                     "    out z: [u8; 4];\n"
                                     "    repeat n {\n"
                                     "        if x > 3 {\n"
                                     "            break;\n"
                                     "        }\n"
                                     "        y += f64(random_u32());\n"
                                     "    }\n"
                                     "    sync;\n"
                                     "    z[n % 4] += 1;\n"
                                     "    while true {\n"
                                     "        return;\n"
                                     "    }\n"
                                     "    report {\n"
                                     "        a = mean(y) + 1;\n"
                                     "        let b = count(z[0] > 0);\n"
                                     "        c = b + count;\n"
                                     "    }\n"
                                     "}\n";

static void test_machine(void **state)
{
  (void)state;
  program *p = check(machine_source, TG_OK);
  const prog_entry *m = &p->entries[0];
  assert_true(m->is_machine);
  assert_true(m->operands[0].has_default && m->operands[0].has_range && m->operands[0].high_included);
  assert_int_equal(m->operands[0].default_bits, 5);
  assert_int_equal(m->operands[0].high, 9);
  assert_string_equal(m->operands[1].file, "a/b.csv");
  assert_string_equal(m->operands[1].column, "c");
  assert_int_equal(m->operands[3].type.kind, PROG_ARRAY);
  assert_int_equal(m->body.effects & (PROG_TRAPS | PROG_LOOPS | PROG_DRAWS), PROG_TRAPS | PROG_LOOPS | PROG_DRAWS);
  const prog_stmt *s = m->body.body;
  assert_int_equal(s->kind, STMT_REPEAT);
  assert_int_equal(s->exits, 0);
  assert_int_equal(s->body->exits, PROG_BREAKS);
  assert_int_equal(s->next->kind, STMT_SYNC);
  const prog_stmt *update = s->next->next;
  assert_int_equal(update->kind, STMT_BLOCK); /* the subscript is evaluated once */
  assert_int_equal(update->body->kind, STMT_DECLARE);
  assert_int_equal(update->body->next->places[0].kind, PLACE_ELEMENT);
  assert_int_equal(update->body->next->places[0].subscript->kind, EXPR_VARIABLE);
  const prog_stmt *loop = update->next;
  assert_int_equal(loop->exits, PROG_RETURNS);
  assert_false(loop->goes_on);
  const prog_report *r = m->report;
  assert_int_equal(r->n_entries, 2);
  assert_int_equal(r->n_reductions, 2);
  assert_int_equal(r->reductions[0]->op, REDUCE_MEAN);
  assert_int_equal(r->reductions[0]->args[0]->kind, EXPR_OUTPUT);
  assert_int_equal(r->reductions[1]->index, 1);
  assert_string_equal(r->entries[1].name, "c");
  assert_true(p->philox != UINT32_MAX);
  assert_int_equal(p->functions[p->philox].n_results, 4);
  program_destroy(p);
}

static void test_order(void **state)
{
  (void)state;
  program *p = check("fn a() -> i32 {\n    return b() + c();\n}\n"
                     "fn b() -> i32 {\n    return c();\n}\n"
                     "fn c() -> i32 {\n    let v: i32 = 1;\n    return v / v;\n}\n",
                     TG_OK);
  assert_int_equal(p->n_functions, 3);
  assert_string_equal(p->functions[0].name, "c");
  assert_string_equal(p->functions[2].name, "a");
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(p->functions[i].effects, PROG_TRAPS);
  }
  program_destroy(p);
}

/* ---- constants ---- */

typedef struct constant_case {
  const char *type, *value;
  uint64_t bits;
} constant_case;

/* What operators give, worked out by hand from docs/spec.md. */
static const constant_case constants[] = {
    {"i32", "-7 / 2", 0xFFFFFFFC},
    {"i32", "-7 % 2", 1},
    {"i32", "-7 / -2", 4},
    {"i32", "7 / -2", 0xFFFFFFFD},
    {"i8", "-128i8 / -1", 0x80},
    {"i8", "-128i8 % -1", 0},
    {"u8", "200u8 + 100", 44},
    {"u8", "3u8 - 4", 255},
    {"i16", "-1 >> 20", 0xFFFF},
    {"i16", "1 << 14", 0x4000},
    {"u32", "1u32 << 32", 0},
    {"u64", "1 << 40", UINT64_C(1) << 40},
    {"u32", "~0", 0xFFFFFFFF},
    {"u32", "u32(-1)", 0xFFFFFFFF},
    {"u8", "u8(300 - 46)", 254},
    {"i8", "i8(-3.9)", 0xFD},
    {"u8", "u8(nan)", 0},
    {"f64", "7 / 2", UINT64_C(0x400C000000000000)},
    {"f32", "0.1", 0x3DCCCCCD},
    {"f32", "16777216 + 1.0", 0x4B800000},
    {"f64", "0.1 + 0.2", UINT64_C(0x3FD3333333333334)},
    {"f64", "0x1.8p1", UINT64_C(0x4008000000000000)},
    {"f64", "nan", UINT64_C(0x7FF8000000000000)},
    {"f32", "-inf", 0xFF800000},
    {"f64", "-0.0", UINT64_C(0x8000000000000000)},
    {"f64", "sqrt(2)", UINT64_C(0x3FF6A09E667F3BCD)},
    {"f32", "fma(2, 3, 0.5)", 0x40D00000},
    {"f64", "round(2.5) + floor(-0.5) * 8 + ceil(0.5) * 64 + trunc(-1.5)", UINT64_C(0x404C800000000000)},
    {"u32", "to_bits(1.0f32)", 0x3F800000},
    {"f32", "f32_from_bits(0xFFFFFFFF)", 0x7FC00000},
    {"bool", "nan == nan || !(1 < 2)", 0},
    {"bool", "nan != nan && 2 >= 2", 1},
    {"bool", "true ^ true | false", 0},
    {"i64", "max(-3, min(5, 9)) * abs(-7)", 35},
    {"i32", "true ? 5 : 6", 5},
    {"u8", "0b1010_1010 & 0xF0 ^ 0x0F", 0xAF},
};

static void test_constants(void **state)
{
  (void)state;
  size_t n = sizeof constants / sizeof *constants;
  for (size_t i = 0; i < n; i++) {
    char source[256];
    snprintf(source, sizeof source, "const T: [%s; 1] = [%s];\n", constants[i].type, constants[i].value);
    program *p = check(source, TG_OK);
    assert_int_equal(p->n_tables, 1);
    if (p->tables[0].bits[0] != constants[i].bits) {
      fail_msg("%s is %llx, not %llx", constants[i].value, (unsigned long long)p->tables[0].bits[0],
               (unsigned long long)constants[i].bits);
    }
    program_destroy(p);
  }
  check_error("const T: [u8; 1] = [[1u8, 2][1]];\n", "E0416");
}

static void test_untyped_constants(void **state)
{
  (void)state;
  program *p = check("const N = 7;\nconst H = N / 2;\nconst T: [f64; 1] = [H];\nconst U: [i32; 1] = [H];\n"
                     "const L: [u8; 1] = [len(T) + len(U)];\n",
                     TG_OK);
  assert_int_equal(p->tables[0].bits[0], UINT64_C(0x400C000000000000)); /* 7.0 / 2.0 */
  assert_int_equal(p->tables[1].bits[0], 3);
  assert_int_equal(p->tables[2].bits[0], 2);
  program_destroy(p);
}

/* ---- unusual sizes and shapes ---- */

typedef struct builder {
  char *data;
  size_t n, capacity;
} builder;

static void put(builder *b, const char *s, size_t times)
{
  size_t n = strlen(s);
  if (b->n + n * times + 1 > b->capacity) {
    b->capacity = (b->n + n * times + 1) * 2;
    b->data = realloc(b->data, b->capacity);
    assert_non_null(b->data);
  }
  for (size_t i = 0; i < times; i++) {
    memcpy(b->data + b->n, s, n);
    b->n += n;
  }
  b->data[b->n] = '\0';
}

static void test_long_program(void **state)
{
  (void)state;
  builder b = {0};
  put(&b, "kernel k(x: [f32]) -> (y: [f32]) {\n    y = x;\n", 1);
  put(&b, "    y = y * 2 + x;\n", 100000);
  put(&b, "}\n", 1);
  program_destroy(check(b.data, TG_OK));
  b.n = 0;
  put(&b, "fn f() {\n}\n", 100000); /* the same name each time: as many errors, not as many messages */
  program *p = check(b.data, TG_VERIFY);
  assert_true(p->n_messages <= 200);
  program_destroy(p);
  free(b.data);
}

static void nest(const char *before, const char *open, const char *middle, const char *close, const char *after,
                 size_t n, const char *code)
{
  builder b = {0};
  put(&b, "kernel k(x: [f32]) -> (y: [f32]) {\n", 1);
  put(&b, before, 1);
  put(&b, open, n);
  put(&b, middle, 1);
  put(&b, close, n);
  put(&b, after, 1);
  put(&b, "}\n", 1);
  if (code == NULL) {
    program_destroy(check(b.data, TG_OK));
  } else {
    check_error(b.data, code);
  }
  free(b.data);
}

static void test_nesting(void **state)
{
  (void)state;
  nest("y = ", "(", "x", ")", ";", 150, NULL);
  nest("y = ", "(", "x", ")", ";", 100000, "E0206");
  nest("y = ", "-(", "x", ")", ";", 100000, "E0206");
  nest("y = ", "~", "x", "", ";", 100000, "E0206");
  nest("y = ", "abs(", "x", ")", ";", 100000, "E0206");
  nest("y = ", "[", "x", "]", ";", 100000, "E0206");
  nest("y = ", "x > 1 ? x : ", "x", "", ";", 100000, "E0206");
  nest("y = x;", "if y > 1 { ", "y = x;", "}", "", 100, NULL);
  nest("y = x;", "if y > 1 { ", "y = x;", "}", "", 100000, "E0206");
  nest("y = x;", "{", "y = x;", "}", "", 100000, "E0206");
  nest("y = x; if y > 0 {}", " else if y > 1 {}", "", "", "", 100000, "E0206");
  nest("", "match 1 { 1 => ", "y = x;", "}", "", 100000, "E0206");
  nest("var a: ", "[", "f32", "; 2]", ";", 100000, "E0206");
  nest("y = x", "", "", " + x", ";", 900, NULL);
  nest("y = x", "", "", " + x", ";", 100000, "E0206");
  nest("y = x", "", "", "[0]", ";", 100000, "E0206");
  nest("y = x", "", "", ".a", ";", 100000, "E0206");
}

static void test_chains(void **state)
{
  (void)state;
  char line[128];
  builder b = {0};
  put(&b, "const A0 = 1;\n", 1);
  for (int i = 1; i < 100; i++) { /* 2^99 literals, if nothing were remembered */
    snprintf(line, sizeof line, "const A%d = A%d %s A%d;\n", i, i - 1, i < 30 ? "+" : "&", i - 1);
    put(&b, line, 1);
  }
  put(&b, "const T: [u64; 1] = [u64(A99)];\n", 1);
  program *p = check(b.data, TG_OK);
  assert_int_equal(p->tables[0].bits[0], UINT64_C(1) << 29);
  program_destroy(p);
  b.n = 0;
  put(&b, "const T: [u64; 1] = [A5000];\nconst A0 = 1;\n", 1);
  for (int i = 1; i <= 5000; i++) {
    snprintf(line, sizeof line, "const A%d = A%d;\n", i, i - 1);
    put(&b, line, 1);
  }
  check_error(b.data, "E0206");
  b.n = 0;
  for (int i = 0; i < 20000; i++) { /* a long chain of calls needs no deep stack */
    snprintf(line, sizeof line, "fn g%d() -> i32 {\n    return g%d() + 1;\n}\n", i, i + 1);
    put(&b, line, 1);
  }
  put(&b, "fn g20000() -> i32 {\n    return 1;\n}\n", 1);
  p = check(b.data, TG_OK);
  assert_string_equal(p->functions[0].name, "g20000");
  program_destroy(p);
  free(b.data);
}

static void test_bytes(void **state)
{
  (void)state;
  static const char *const wrong[] = {"\xFF", "kernel \xC3(", "// \xED\xA0\x80\n", "\xF5\x80\x80\x80", "// \xC0\x80"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    check_error(wrong[i], "E0101");
  }
  program *p = NULL;
  assert_int_equal(lang_check(context, "zero.tg", "const A = 1;\n\0", 14, NULL, &p), TG_PARSE);
  assert_string_equal(p->messages[0].code, "E0101");
  assert_int_equal(p->messages[0].pos.line, 2);
  program_destroy(p);
  program_destroy(check("", TG_OK));
  program_destroy(check("\xEF\xBB\xBF"
                        "const A = 1;\r\n// caf\xC3\xA9",
                        TG_OK));
}

/* A file that is too large is told by its size alone. */
static void test_large_file(void **state)
{
  (void)state;
  program p = {.context = context};
  lang_file file = {"large.tg", "", ((size_t)1 << 30) + 1, false};
  lang l = {.context = context, .p = &p, .memory = &p.memory};
  lang_tokens tokens;
  arena_init(&p.memory, context->allocator);
  symtab_init(&l.names.numbers, context->allocator);
  l.files.data = &file;
  l.files.n = 1;
  scan_file(&l, 0, &tokens);
  assert_int_equal(l.messages.n, 1);
  assert_string_equal(l.messages.data[0].code, "E0108");
  tokens_free(&l, &tokens);
  vec_free(&context->allocator, &l.messages);
  symtab_free(&l.names.numbers);
  arena_free(&p.memory);
}

/* Without any one of its tokens a program has few errors, at most one for each line of its report. */
static void drop_each_token(const char *source)
{
  char *tokens, *changed = malloc(strlen(source) + 1);
  size_t n_tokens, n_dropped = 0;
  assert_int_equal(tg_source_show(context, source, strlen(source), TG_SOURCE_TOKENS, &tokens, &n_tokens, NULL), TG_OK);
  assert_non_null(changed);
  for (const char *at = tokens; *at != '\0'; at = strchr(at, '\n') + 1) {
    unsigned line, column;
    int used = 0;
    program *p = NULL;
    assert_int_equal(sscanf(at, "%u:%u %*s%n", &line, &column, &used), 2);
    const char *place = source;
    for (unsigned k = 1; k < line; k++) {
      place = strchr(place, '\n') + 1;
    }
    place += column - 1;
    size_t n = at[used] == ' ' ? strcspn(at + used + 1, "\n") : 0;
    memcpy(changed, source, (size_t)(place - source));
    strcpy(changed + (place - source), place + n);
    lang_check(context, "test.tg", changed, strlen(changed), NULL, &p);
    assert_non_null(p);
    if (p->n_errors > 4) {
      fail_msg("%u errors without the token at %u:%u", (unsigned)p->n_errors, line, column);
    }
    program_destroy(p);
    n_dropped++;
  }
  assert_true(n_dropped > 50);
  tg_free(context, tokens, n_tokens);
  free(changed);
}

static void test_no_cascade(void **state)
{
  (void)state;
  drop_each_token(kernel_source);
  drop_each_token(machine_source);
}

/* ---- imports ---- */

typedef struct memory_file {
  const char *path, *text;
} memory_file;

static tg_status load(void *self, const char *path, char **bytes, size_t *n, tg_error *error)
{
  (void)error;
  for (const memory_file *f = self; f->path != NULL; f++) {
    if (strcmp(f->path, path) == 0) {
      *bytes = (char *)(uintptr_t)f->text;
      *n = strlen(f->text);
      return TG_OK;
    }
  }
  print_message("no file %s\n", path);
  return TG_IO;
}

static void release(void *self, char *bytes, size_t n)
{
  (void)self;
  (void)bytes;
  (void)n;
}

static const memory_file imported[] = {
    {"lib/a.tg", "import \"../x/./../b.tg\";\nfn a(x: f32) -> f32 {\n    return b(x);\n}\nmachine unseen {\n}\n"},
    {"b.tg", "import \"lib/a.tg\";\nfn b(x: f32) -> f32 {\n    return x + ONE;\n}\nconst ONE = 1;\n"},
    {NULL, NULL}};
static const char importer[] = "import \"lib/a.tg\";\nimport \"./b.tg\";\n"
                               "kernel k(x: [f32]) -> (y: [f32]) {\n    y = a(x) + b(x) + ONE;\n}\n";

static void test_imports(void **state)
{
  (void)state;
  const lang_loader loader = {load, release, (void *)(uintptr_t)imported};
  program *p = NULL;
  assert_int_equal(lang_check(context, "main.tg", importer, strlen(importer), &loader, &p), TG_OK);
  assert_int_equal(p->n_messages, 0);
  assert_int_equal(p->n_files, 3);
  assert_int_equal(p->n_functions, 2);
  assert_int_equal(p->n_entries, 1);
  assert_string_equal(p->files[2].path, "b.tg");
  program_destroy(p);
}

/* ---- every allocation fails in turn ---- */

static tg_status read_program(tg_context *limited, const void *argument, tg_error *error)
{
  const lang_loader loader = {load, release, (void *)(uintptr_t)imported};
  program *p = NULL;
  (void)error;
  tg_status status = lang_check(limited, "main.tg", argument, strlen(argument), &loader, &p);
  bool is_expected = status == TG_OK || p != NULL;
  program_destroy(p);
  return is_expected && status != TG_NOMEM ? TG_OK : status;
}

static tg_status show_program(tg_context *limited, const void *argument, tg_error *error)
{
  for (int view = 0; view < TG_SOURCE_VIEW_COUNT; view++) {
    char *bytes;
    size_t n;
    tg_status status = tg_source_show(limited, argument, strlen(argument), (tg_source_view)view, &bytes, &n, error);
    tg_free(limited, bytes, n);
    if (status != TG_OK) {
      return status;
    }
  }
  return TG_OK;
}

static void test_memory(void **state)
{
  (void)state;
  oom_drive(read_program, importer);
  oom_drive(read_program, kernel_source);
  oom_drive(read_program, machine_source);
  oom_drive(read_program,
            "kernel k(x: [f64]) -> (y: [f64]) {\n    y = exp(x) + unknown + 1 + true;\n    let b: u8 = 300;\n}\n");
  oom_drive(show_program, kernel_source);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kernel),
      cmocka_unit_test(test_machine),
      cmocka_unit_test(test_order),
      cmocka_unit_test(test_constants),
      cmocka_unit_test(test_untyped_constants),
      cmocka_unit_test(test_long_program),
      cmocka_unit_test(test_nesting),
      cmocka_unit_test(test_chains),
      cmocka_unit_test(test_bytes),
      cmocka_unit_test(test_large_file),
      cmocka_unit_test(test_imports),
      cmocka_unit_test(test_memory),
      cmocka_unit_test(test_no_cascade),
  };
  return cmocka_run_group_tests_name("lang/check", tests, set_up, tear_down);
}
