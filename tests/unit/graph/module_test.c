/* module_test.c: binary modules from hostile hands: cut off anywhere, with any bit changed, with counts that promise
 * too much, with fields and markers out of place. Each is refused with the right status, holds no memory afterwards and
 * asks for no more than the file justifies; what is accepted all the same is a graph that survives a round trip. */
#include "throng.h"

#include "fail_alloc.h"
#include "oom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* ---- an allocator that counts, and remembers the largest block ---- */

typedef struct counter {
  fail_alloc held;
  tg_allocator under;
  size_t largest;
} counter;

static void *counting_resize(void *self, void *p, size_t old_bytes, size_t new_bytes)
{
  counter *c = self;
  c->largest = new_bytes > c->largest ? new_bytes : c->largest;
  return c->under.resize(c->under.self, p, old_bytes, new_bytes);
}

static counter count;
static tg_context *context;

static int set_up(void **state)
{
  tg_context_options options = TG_CONTEXT_OPTIONS_INIT;
  (void)state;
  count.under = fail_alloc_make(&count.held, 0, 0);
  options.allocator = (tg_allocator){counting_resize, &count};
  return tg_context_create(&options, &context) == TG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
  (void)state;
  tg_context_destroy(context);
  return count.held.live == 0 && !count.held.misused ? 0 : -1;
}

/* ---- modules ---- */

typedef struct bytes {
  unsigned char data[8192];
  size_t n;
} bytes;

static bytes corpus(const char *name)
{
  bytes b;
  char path[128];
  snprintf(path, sizeof path, "fuzz/corpus/module/%s.tgb", name);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  b.n = fread(b.data, 1, sizeof b.data, file);
  fclose(file);
  assert_true(b.n > 30 && b.n < sizeof b.data);
  return b;
}

static void put(bytes *b, uint64_t value, size_t n)
{
  assert_true(b->n + n <= sizeof b->data);
  for (size_t i = 0; i < n; i++) {
    b->data[b->n++] = (unsigned char)(value >> (8 * i));
  }
}

static void put_string(bytes *b, const char *s)
{
  put(b, strlen(s), 2);
  for (; *s != '\0'; s++) {
    put(b, (unsigned char)*s, 1);
  }
}

static bytes head(const char *name, const char *doc)
{
  bytes b = {.n = 0};
  put(&b, 0x1A424754, 4);
  put(&b, 1, 4);
  put_string(&b, name);
  put(&b, strlen(doc), 4);
  for (; *doc != '\0'; doc++) {
    put(&b, (unsigned char)*doc, 1);
  }
  return b;
}

/* The numbers of docs/spec.md, chapter 4. */
enum { CONST = 2, NEG = 5, DIVMOD = 8, ROUND = 23, LOOP = 27, BRANCH, LINEAR, TEST, YIELD, UNIFORM, ARRAY, TRAP = 36 };
enum { BOOL_TYPE = 0, U8_TYPE = 5, F32_TYPE = 9 };

typedef struct node {
  unsigned op, type, detail, position, operand;
  uint64_t imm;
  unsigned n_args, args[4], n_results, n_entries, entry[3];
} node;

static void put_node(bytes *b, node n)
{
  put(b, n.op, 1);
  put(b, n.type, 1);
  put(b, n.detail, 2);
  put(b, n.position, 4);
  put(b, n.operand, 4);
  put(b, n.imm, 8);
  put(b, n.n_args, 4);
  for (unsigned i = 0; i < n.n_args; i++) {
    put(b, n.args[i], 4);
  }
  put(b, n.n_results, 4);
  if (n.op == LINEAR) {
    put(b, n.n_entries, 4);
    for (unsigned i = 0; i < n.n_entries * 3; i++) {
      put(b, n.entry[i], 4);
    }
  }
}

/* A module without operands and names: these nodes. */
static bytes of_nodes(const node *nodes, size_t n)
{
  bytes b = head("g", "");
  put(&b, 0, 4);
  put(&b, n, 4);
  for (size_t i = 0; i < n; i++) {
    put_node(&b, nodes[i]);
  }
  put(&b, 0, 4);
  return b;
}

/* Reads exactly these bytes, from memory that ends with them. Nothing is held after a refusal; what is accepted reads
 * back from both forms as the same module. */
static tg_status read_module(const bytes *b)
{
  size_t held = count.held.live;
  tg_graph *graph, *again;
  tg_error error = {0};
  unsigned char *exact = malloc(b->n > 0 ? b->n : 1);
  assert_non_null(exact);
  memcpy(exact, b->data, b->n);
  tg_status status = tg_graph_read(context, exact, b->n, TG_FORM_BINARY, &graph, &error);
  free(exact);
  assert_int_equal(error.code, status);
  if (status == TG_OK) {
    for (tg_form form = TG_FORM_TEXT; form <= TG_FORM_BINARY; form++) {
      char *written, *module;
      size_t n_written, n_module;
      assert_int_equal(tg_graph_write(graph, form, &written, &n_written, NULL), TG_OK);
      assert_int_equal(tg_graph_read(context, written, n_written, form, &again, NULL), TG_OK);
      assert_int_equal(tg_graph_write(again, TG_FORM_BINARY, &module, &n_module, NULL), TG_OK);
      assert_int_equal(n_module, b->n);
      assert_memory_equal(module, b->data, b->n);
      tg_graph_destroy(again);
      tg_free(context, written, n_written);
      tg_free(context, module, n_module);
    }
    tg_graph_destroy(graph);
  } else {
    assert_null(graph);
    assert_true(error.message[0] != '\0');
  }
  assert_int_equal(count.held.live, held);
  assert_false(count.held.misused);
  return status;
}

/* ---- damage ---- */

static const char *const names[] = {"every_operation", "nested", "axpy", "empty"};

static void accepts_what_was_written(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT(names); i++) {
    bytes b = corpus(names[i]);
    assert_int_equal(read_module(&b), TG_OK);
  }
}

static void refuses_truncation(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT(names); i++) {
    bytes b = corpus(names[i]);
    for (size_t n = b.n; n-- > 0;) {
      b.n = n;
      assert_int_equal(read_module(&b), TG_FORMAT);
    }
  }
}

static void refuses_what_is_left_over(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT(names); i++) {
    bytes b = corpus(names[i]);
    put(&b, 0, 1);
    assert_int_equal(read_module(&b), TG_FORMAT);
  }
}

/* A changed bit may lead to another graph (a constant, a name, a position), else to an error of the module. */
static void survives_any_bit_changed(void **state)
{
  (void)state;
  size_t n_ok = 0, n_format = 0, n_verify = 0;
  for (size_t i = 0; i < COUNT(names); i++) {
    bytes b = corpus(names[i]);
    for (size_t bit = 0; bit < b.n * 8; bit++) {
      b.data[bit / 8] ^= (unsigned char)(1u << (bit % 8));
      tg_status status = read_module(&b);
      b.data[bit / 8] ^= (unsigned char)(1u << (bit % 8));
      assert_true(status == TG_OK || status == TG_FORMAT || status == TG_VERIFY || status == TG_LIMIT);
      n_ok += status == TG_OK;
      n_format += status == TG_FORMAT;
      n_verify += status == TG_VERIFY;
    }
  }
  assert_true(n_ok > 1000 && n_format > 1000 && n_verify > 1000);
}

/* Any four bytes as a huge number: counts are refused before memory is asked for. */
static void asks_for_no_more_than_there_is(void **state)
{
  (void)state;
  static const uint32_t huge[] = {UINT32_MAX, 0x7fffffff, 0x10000000, 0x00ffffff, 0x40000001};
  for (size_t i = 0; i < COUNT(names); i++) {
    bytes b = corpus(names[i]);
    for (size_t at = 0; at + 4 <= b.n; at++) {
      unsigned char saved[4];
      memcpy(saved, b.data + at, 4);
      for (size_t k = 0; k < COUNT(huge); k++) {
        bytes end = {.n = 0};
        put(&end, huge[k], 4);
        memcpy(b.data + at, end.data, 4);
        count.largest = 0;
        read_module(&b);
        /* A node of 44 bytes may have 65535 results, each known to the graph by some bytes. */
        assert_true(count.largest < 4 << 20);
      }
      memcpy(b.data + at, saved, 4);
    }
  }
}

/* ---- single faults ---- */

typedef struct fault {
  const char *what;
  tg_status status;
  size_t n_nodes;
  node nodes[6];
} fault;

/* Nodes that stand in many of them. */
#define A_CONST                                                                                                        \
  {                                                                                                                    \
    .op = CONST, .type = U8_TYPE, .imm = 7, .n_results = 1                                                             \
  }
#define A_BOOL                                                                                                         \
  {                                                                                                                    \
    .op = CONST, .type = BOOL_TYPE, .imm = 1, .n_results = 1                                                           \
  }

static const fault faults[] = {
    {"nothing wrong", TG_OK, 2, {A_CONST, {.op = NEG, .n_args = 1, .n_results = 1}}},
    {"no such operation", TG_FORMAT, 1, {{.op = 43}}},
    {"no such type", TG_FORMAT, 1, {{.op = CONST, .type = 11, .n_results = 1}}},
    {"type where none is used", TG_FORMAT, 2, {A_CONST, {.op = NEG, .type = 1, .n_args = 1, .n_results = 1}}},
    {"detail where none is used", TG_FORMAT, 1, {{.op = CONST, .detail = 1, .n_results = 1}}},
    {"no such rounding",
     TG_FORMAT,
     2,
     {{.op = CONST, .type = F32_TYPE, .n_results = 1}, {.op = ROUND, .detail = 4, .n_args = 1, .n_results = 1}}},
    {"position where none is used", TG_FORMAT, 1, {{.op = CONST, .position = 1, .n_results = 1}}},
    {"operand where none is used", TG_FORMAT, 1, {{.op = CONST, .operand = 1, .n_results = 1}}},
    {"no such operand", TG_FORMAT, 1, {{.op = 0, .operand = 0, .n_results = 1}}},
    {"immediate where none is used", TG_FORMAT, 2, {A_CONST, {.op = NEG, .imm = 1, .n_args = 1, .n_results = 1}}},
    {"a bool of 2", TG_FORMAT, 1, {{.op = CONST, .type = BOOL_TYPE, .imm = 2, .n_results = 1}}},
    {"a u8 of 256", TG_FORMAT, 1, {{.op = CONST, .type = U8_TYPE, .imm = 256, .n_results = 1}}},
    {"the canonical NaN", TG_OK, 1, {{.op = CONST, .type = F32_TYPE, .imm = 0x7fc00000, .n_results = 1}}},
    {"a NaN with a sign", TG_FORMAT, 1, {{.op = CONST, .type = F32_TYPE, .imm = 0xffc00000, .n_results = 1}}},
    {"a NaN with a payload", TG_FORMAT, 1, {{.op = CONST, .type = F32_TYPE, .imm = 0x7fc00001, .n_results = 1}}},
    {"two results of a constant", TG_FORMAT, 1, {{.op = CONST, .type = U8_TYPE, .n_results = 2}}},
    {"one result of divmod", TG_FORMAT, 2, {A_CONST, {.op = DIVMOD, .n_args = 2, .n_results = 1}}},
    {"a result of trap", TG_FORMAT, 2, {A_BOOL, {.op = TRAP, .n_args = 1, .n_results = 1}}},
    {"a trap code of 2^31", TG_VERIFY, 2, {A_BOOL, {.op = TRAP, .n_args = 1, .imm = 0x80000000}}},
    {"an operand too many", TG_VERIFY, 2, {A_CONST, {.op = NEG, .n_args = 2, .n_results = 1}}},
    {"a value that nothing defines", TG_FORMAT, 2, {A_CONST, {.op = NEG, .n_args = 1, .args = {2}, .n_results = 1}}},
    {"the value itself", TG_VERIFY, 2, {A_CONST, {.op = NEG, .n_args = 1, .args = {1}, .n_results = 1}}},
    {"a value of a later node",
     TG_VERIFY,
     3,
     {A_CONST, {.op = NEG, .n_args = 1, .args = {2}, .n_results = 1}, {.op = NEG, .n_args = 1, .n_results = 1}}},
    {"test outside a loop", TG_FORMAT, 2, {A_BOOL, {.op = TEST, .n_args = 1}}},
    {"yield outside a body", TG_FORMAT, 2, {A_BOOL, {.op = YIELD, .n_args = 1}}},
    {"uniform after a node", TG_FORMAT, 3, {A_BOOL, {.op = UNIFORM}, {.op = YIELD}}},
    {"a uniform block", TG_OK, 3, {{.op = UNIFORM}, A_BOOL, {.op = YIELD}}},
    {"a uniform block that yields", TG_FORMAT, 3, {{.op = UNIFORM}, A_BOOL, {.op = YIELD, .n_args = 1}}},
    {"a uniform block without end", TG_FORMAT, 2, {{.op = UNIFORM}, A_BOOL}},
    {"a loop",
     TG_OK,
     4,
     {A_BOOL,
      {.op = LOOP, .position = 5, .n_args = 1, .n_results = 1},
      {.op = TEST, .n_args = 1, .args = {1}},
      {.op = YIELD, .n_args = 1, .args = {1}}}},
    {"a loop that counts outside the uniform block",
     TG_FORMAT,
     4,
     {A_BOOL,
      {.op = LOOP, .n_args = 1, .n_results = 2},
      {.op = TEST, .n_args = 1, .args = {1}},
      {.op = YIELD, .n_args = 1, .args = {1}}}},
    {"a loop that does not count in the uniform block",
     TG_FORMAT,
     6,
     {{.op = UNIFORM},
      A_BOOL,
      {.op = LOOP, .n_args = 1, .n_results = 1},
      {.op = TEST, .n_args = 1, .args = {1}},
      {.op = YIELD, .n_args = 1, .args = {1}},
      {.op = YIELD}}},
    {"a loop without test",
     TG_FORMAT,
     3,
     {A_BOOL, {.op = LOOP, .n_args = 1, .n_results = 1}, {.op = YIELD, .n_args = 1, .args = {1}}}},
    {"a loop with two tests",
     TG_FORMAT,
     5,
     {A_BOOL,
      {.op = LOOP, .n_args = 1, .n_results = 1},
      {.op = TEST, .n_args = 1, .args = {1}},
      {.op = TEST, .n_args = 1, .args = {1}},
      {.op = YIELD, .n_args = 1, .args = {1}}}},
    {"a loop without end",
     TG_FORMAT,
     3,
     {A_BOOL, {.op = LOOP, .n_args = 1, .n_results = 1}, {.op = TEST, .n_args = 1, .args = {1}}}},
    {"a branch",
     TG_OK,
     4,
     {A_BOOL,
      {.op = BRANCH, .imm = 2, .n_args = 1, .n_results = 1},
      {.op = YIELD, .n_args = 1},
      {.op = YIELD, .n_args = 1}}},
    {"a branch of no bodies", TG_VERIFY, 2, {A_BOOL, {.op = BRANCH, .imm = 0, .n_args = 1, .n_results = 1}}},
    {"a branch of more bodies than it has",
     TG_FORMAT,
     3,
     {A_BOOL, {.op = BRANCH, .imm = UINT64_MAX, .n_args = 1, .n_results = 1}, {.op = YIELD, .n_args = 1}}},
    {"a branch of fewer bodies than it has",
     TG_FORMAT,
     4,
     {A_BOOL,
      {.op = BRANCH, .imm = 1, .n_args = 1, .n_results = 1},
      {.op = YIELD, .n_args = 1},
      {.op = YIELD, .n_args = 1}}},
    {"a branch that yields less than it says",
     TG_FORMAT,
     3,
     {A_BOOL, {.op = BRANCH, .imm = 1, .n_args = 1, .n_results = 2}, {.op = YIELD, .n_args = 1}}},
    {"bodies that yield unlike",
     TG_VERIFY,
     4,
     {A_BOOL,
      {.op = BRANCH, .imm = 2, .n_args = 1, .n_results = 1},
      {.op = YIELD, .n_args = 1},
      {.op = YIELD, .n_args = 2}}},
    {"a result of yield",
     TG_FORMAT,
     3,
     {A_BOOL, {.op = BRANCH, .imm = 1, .n_args = 1, .n_results = 1}, {.op = YIELD, .n_args = 1, .n_results = 1}}},
    {"a linear map",
     TG_OK,
     2,
     {A_CONST, {.op = LINEAR, .n_args = 1, .n_results = 2, .n_entries = 1, .entry = {1, 0, 0}}}},
    {"no such ring", TG_FORMAT, 2, {A_CONST, {.op = LINEAR, .detail = 4, .n_args = 1, .n_results = 1}}},
    {"no such format", TG_FORMAT, 2, {A_CONST, {.op = LINEAR, .detail = 0x300, .n_args = 1, .n_results = 1}}},
    {"a modulus without mod", TG_FORMAT, 2, {A_CONST, {.op = LINEAR, .imm = 7, .n_args = 1, .n_results = 1}}},
    {"mod without modulus", TG_VERIFY, 2, {A_CONST, {.op = LINEAR, .detail = 2, .n_args = 1, .n_results = 1}}},
    {"no y", TG_VERIFY, 2, {A_CONST, {.op = LINEAR, .n_args = 1, .n_results = 0}}},
    {"too many y", TG_LIMIT, 2, {A_CONST, {.op = LINEAR, .n_args = 1, .n_results = 65536}}},
    {"an entry outside",
     TG_VERIFY,
     2,
     {A_CONST, {.op = LINEAR, .n_args = 1, .n_results = 1, .n_entries = 1, .entry = {1, 0, 0}}}},
    {"an entry that nothing defines",
     TG_FORMAT,
     2,
     {A_CONST, {.op = LINEAR, .n_args = 1, .n_results = 1, .n_entries = 1, .entry = {0, 0, 2}}}},
    {"an entry of the map's own",
     TG_VERIFY,
     2,
     {A_CONST, {.op = LINEAR, .n_args = 1, .n_results = 1, .n_entries = 1, .entry = {0, 0, 1}}}},
    {"an array too long", TG_LIMIT, 1, {{.op = ARRAY, .type = U8_TYPE, .imm = UINT64_MAX, .n_results = 1}}},
    /* A malformed module is that first, even if a rule is broken before. */
    {"a rule broken, then a malformed node",
     TG_FORMAT,
     3,
     {A_CONST, {.op = TRAP, .n_args = 1}, {.op = CONST, .type = 11, .n_results = 1}}},
};

static void refuses_each_fault(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT(faults); i++) {
    bytes b = of_nodes(faults[i].nodes, faults[i].n_nodes);
    tg_status status = read_module(&b);
    if (status != faults[i].status) {
      fail_msg("%s: %s, not %s", faults[i].what, tg_status_name(status), tg_status_name(faults[i].status));
    }
  }
}

/* ---- head, operands, names ---- */

static tg_status read_head(const char *name, const char *doc)
{
  bytes b = head(name, doc);
  put(&b, 0, 8);
  put(&b, 0, 4);
  return read_module(&b);
}

static void checks_the_head(void **state)
{
  (void)state;
  char longest[258] = {0};
  memset(longest, 'n', 256);
  assert_int_equal(read_head("g", ""), TG_OK);
  assert_int_equal(read_head("g", "one\n\n \xc3\xa9 \r\n"), TG_OK);
  assert_int_equal(read_head("g", "no end"), TG_FORMAT);
  assert_int_equal(read_head("g", "\xff\n"), TG_FORMAT);
  assert_int_equal(read_head("", ""), TG_VERIFY);
  assert_int_equal(read_head("7", ""), TG_VERIFY);
  assert_int_equal(read_head(longest, ""), TG_LIMIT);
  longest[255] = '\0';
  assert_int_equal(read_head(longest, ""), TG_OK);
  bytes b = head("g", "a\n");
  b.data[b.n - 2] = '\0';
  put(&b, 0, 8);
  put(&b, 0, 4);
  assert_int_equal(read_module(&b), TG_FORMAT);
  for (size_t at = 0; at < 8; at++) {
    b = head("g", "");
    b.data[at] ^= 2;
    put(&b, 0, 8);
    put(&b, 0, 4);
    assert_int_equal(read_module(&b), TG_FORMAT);
  }
}

typedef struct operand {
  unsigned kind, mode, has_default;
  const char *name;
  uint64_t bits;
} operand;

static tg_status read_operands(const operand *operands, size_t n)
{
  bytes b = head("g", "");
  put(&b, n, 4);
  for (size_t i = 0; i < n; i++) {
    put(&b, operands[i].kind, 1);
    put(&b, operands[i].mode, 1);
    put(&b, operands[i].has_default, 1);
    put_string(&b, operands[i].name);
    put(&b, operands[i].bits, operands[i].has_default ? 8 : 0);
  }
  put(&b, 0, 8);
  return read_module(&b);
}

static void checks_operands(void **state)
{
  (void)state;
  static const struct {
    tg_status status;
    operand operand;
  } cases[] = {
      {TG_OK, {TG_PARAM, TG_MODE_U8, 1, "p", 255}},          {TG_OK, {TG_PARAM, TG_MODE_F32, 1, "p", 0x7fc00000}},
      {TG_OK, {TG_PARAM, TG_MODE_F64, 0, "p", 0}},           {TG_OK, {TG_INPUT, TG_MODE_BF16BE, 0, "a.b_1", 0}},
      {TG_FORMAT, {TG_PARAM, TG_MODE_U8, 1, "p", 256}},      {TG_FORMAT, {TG_PARAM, TG_MODE_F32, 1, "p", 0x7f800001}},
      {TG_FORMAT, {TG_PARAM, TG_MODE_U8, 2, "p", 1}},        {TG_FORMAT, {TG_INPUT, TG_MODE_U8, 1, "p", 1}},
      {TG_FORMAT, {TG_PARAM, TG_MODE_BOOL, 1, "p", 2}},      {TG_FORMAT, {6, TG_MODE_U8, 0, "p", 0}},
      {TG_FORMAT, {TG_INPUT, TG_MODE_COUNT, 0, "p", 0}},     {TG_VERIFY, {TG_PARAM, TG_MODE_F16, 0, "p", 0}},
      {TG_VERIFY, {TG_ACCUMULATOR, TG_MODE_F32, 0, "p", 0}}, {TG_VERIFY, {TG_OUTPUT, TG_MODE_U8, 0, "p", 0}},
      {TG_VERIFY, {TG_INPUT, TG_MODE_U8, 0, "", 0}},         {TG_VERIFY, {TG_INPUT, TG_MODE_U8, 0, "p q", 0}},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_int_equal(read_operands(&cases[i].operand, 1), cases[i].status);
  }
  const operand same[] = {{TG_INPUT, TG_MODE_U8, 0, "p", 0}, {TG_PARAM, TG_MODE_U8, 0, "p", 0}};
  assert_int_equal(read_operands(same, 1), TG_OK);
  assert_int_equal(read_operands(same, 2), TG_VERIFY);
}

static tg_status read_names(unsigned a, const char *name_a, unsigned b, const char *name_b)
{
  const node nodes[] = {A_CONST, {.op = NEG, .n_args = 1, .n_results = 1}};
  bytes m = of_nodes(nodes, 2);
  m.n -= 4;
  put(&m, 2, 4);
  put(&m, a, 4);
  put_string(&m, name_a);
  put(&m, b, 4);
  put_string(&m, name_b);
  return read_module(&m);
}

static void checks_names(void **state)
{
  (void)state;
  char longest[257] = {0};
  memset(longest, 'n', 256);
  assert_int_equal(read_names(0, "a", 1, "b"), TG_OK);
  assert_int_equal(read_names(1, "a", 0, "b"), TG_FORMAT);
  assert_int_equal(read_names(1, "a", 1, "b"), TG_FORMAT);
  assert_int_equal(read_names(0, "a", 2, "b"), TG_FORMAT);
  assert_int_equal(read_names(0, "a", UINT32_MAX, "b"), TG_FORMAT);
  assert_int_equal(read_names(0, "a", 1, "a"), TG_VERIFY);
  assert_int_equal(read_names(0, "a", 1, "7"), TG_VERIFY);
  assert_int_equal(read_names(0, "a", 1, ""), TG_VERIFY);
  assert_int_equal(read_names(0, longest, 1, "b"), TG_LIMIT);
}

/* Thousands of bodies, one in the other: more than 64 is a limit if all end, else malformed; no stack is used up. */
static void survives_deep_nesting(void **state)
{
  (void)state;
  enum { DEEP = 20000, NODE_BYTES = 32 };
  size_t n = 0;
  bytes b = head("g", ""), piece = {.n = 0};
  unsigned char *module = malloc(sizeof b.data + (size_t)DEEP * 2 * NODE_BYTES);
  tg_graph *graph;
  assert_non_null(module);
  put(&b, 0, 4);
  put(&b, 1 + 2 * DEEP, 4);
  put_node(&b, (node)A_BOOL);
  memcpy(module, b.data, b.n);
  n = b.n;
  for (int i = 0; i < 2 * DEEP; i++) {
    piece.n = 0;
    put_node(&piece,
             i < DEEP ? (node){.op = BRANCH, .imm = 1, .n_args = 1, .n_results = 1} : (node){.op = YIELD, .n_args = 1});
    memcpy(module + n, piece.data, piece.n);
    n += piece.n;
  }
  assert_int_equal(piece.n, NODE_BYTES);
  memset(module + n, 0, 4);
  assert_int_equal(tg_graph_read(context, module, n + 4, TG_FORM_BINARY, &graph, NULL), TG_LIMIT);
  bytes fewer = {.n = 0};
  put(&fewer, 2 * DEEP, 4);                     /* one yield less than bodies */
  memcpy(module + b.n - 28 - 4, fewer.data, 4); /* the count, before the constant */
  memset(module + n - NODE_BYTES, 0, 4);
  assert_int_equal(tg_graph_read(context, module, n - NODE_BYTES + 4, TG_FORM_BINARY, &graph, NULL), TG_FORMAT);
  free(module);
}

/* ---- memory ---- */

static tg_status read_and_write(tg_context *c, const void *argument, tg_error *error)
{
  const bytes *b = argument;
  tg_graph *graph;
  tg_status status = tg_graph_read(c, b->data, b->n, TG_FORM_BINARY, &graph, error);
  if (status == TG_OK) {
    char *written;
    size_t n;
    status = tg_graph_write(graph, TG_FORM_BINARY, &written, &n, error);
    if (status == TG_OK) {
      tg_free(c, written, n);
    }
  }
  tg_graph_destroy(graph);
  return status;
}

static void survives_lack_of_memory(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT(names); i++) {
    bytes b = corpus(names[i]);
    assert_true(oom_drive(read_and_write, &b) > 3);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accepts_what_was_written),
      cmocka_unit_test(refuses_truncation),
      cmocka_unit_test(refuses_what_is_left_over),
      cmocka_unit_test(survives_any_bit_changed),
      cmocka_unit_test(asks_for_no_more_than_there_is),
      cmocka_unit_test(refuses_each_fault),
      cmocka_unit_test(checks_the_head),
      cmocka_unit_test(checks_operands),
      cmocka_unit_test(checks_names),
      cmocka_unit_test(survives_deep_nesting),
      cmocka_unit_test(survives_lack_of_memory),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
