/* llvm_refill_test.c: loops that lanes leave at different times give the bits of `ref` however they are run: with
 * masks, with refill, and as is chosen; on streams of many queues, with traps before, in, between and after loops, in
 * branches of branches, with arrays that are filled before and read after, reductions whose order counts, an output in
 * place of an input, limited fuel, and one or three threads. */
#include "kit.h"
#include "plugin.h"
#include "pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 13000, TABLE = 7 };

#define HEAD                                                                                                           \
  "graph g {\n  input a u32\n  input b f32\n  output y u32\n  output z f32\n  accumulator t u64\n  result s f32\n"     \
  "  result d f64\n  result c u64\n  result i u64\n  result j u32\n"                                                   \
  "  %a = load a\n  %one = const u32 1\n  %zero = const u32 0\n  %m = const u32 63\n  %five = const u32 5\n"           \
  "  %la = const u32 1664525\n  %lc = const u32 1013904223\n  %eight = const u32 8\n  %n = and %a, %m\n"

/* A generator's steps: %i of them, as often as `count` says. */
#define STEPS(id, start, count)                                                                                        \
  "  %x" id ", %i" id " = loop %v" id " = " start ", %k" id " = %zero {\n    %g" id " = lt %k" id ", " count "\n"      \
  "    test %g" id "\n    %p" id " = mul %v" id ", %la\n    %q" id " = add %p" id ", %lc\n"                            \
  "    %l" id " = add %k" id ", %one\n    yield %q" id ", %l" id "\n  }\n"

/* All kinds of sinks, of a u32 and a f32. */
#define SINKS(u, f)                                                                                                    \
  "  store y " u "\n  store z " f "\n  %wide = convert u64 " u "\n  %low = and " u ", %m\n  sum s " f "\n"             \
  "  %df = convert f64 " f "\n  sum d %df\n  sum c %wide\n  %zz = const u64 0\n  %lane1 = const u64 1\n"               \
  "  %lane = iota %zz, %lane1\n  argmin i %lane, " f "\n  argmax j " u ", %low\n  %slot = shr %low, %three\n"          \
  "  combine t add %slot, %wide\n}\n"
#define MORE "  %b = load b\n  %three = const u32 3\n"

static const char *const graphs[] = {
    HEAD MORE STEPS("1", "%a", "%n") "  %f = convert f32 %i1\n  %e = mul %f, %b\n" SINKS("%x1", "%e"),
    /* Traps everywhere, and a value that goes past both loops. */
    HEAD MORE "  %r = shr %a, %eight\n  %w = and %r, %m\n  %t1 = eq %w, %five\n  trap 1 %t1 @11\n"
              "  %x1, %k1 = loop %v = %a, %k = %zero {\n    %g = lt %k, %n\n    %bad = eq %k, %lim\n   "
              " trap 2 %bad @12\n"
              "    test %g\n    %p = mul %v, %la\n    %q = add %p, %lc\n    %q5 = shr %q, %sh\n    %t3 "
              "= eq %q5, %one\n"
              "    trap 3 %t3 @13\n    %l = add %k, %one\n    yield %q, %l\n  }\n"
              "  %u1 = and %x1, %m\n  %t4 = eq %u1, %three\n  trap 4 %t4 @14\n" STEPS(
                  "2", "%x1", "%u1") "  %u2 = and %x2, %m\n  %t5 = eq %u2, %eight\n  trap 5 %t5 @15\n  "
                                     "%xs = xor %x2, %w\n  %e = "
                                     "convert f32 %k1\n" SINKS("%xs", "%e"),
    /* Three loops, streams read late, types of all sizes. */
    HEAD "  %three = const u32 3\n" STEPS(
        "1", "%a", "%n") "  %n2 = and %x1, %m\n  %small = convert i8 %n2\n"
                         "  %odd1 = and %x1, %one\n  %odd = eq %odd1, %one\n"
                         "  %x2, %i2, %flag, %tiny, %big = loop %v = %x1, %k = %zero, %o = %odd, %s8 = "
                         "%small, %s64 = %start {\n"
                         "    %g = lt %k, %n2\n    test %g\n    %p = mul %v, %la\n    %q = add %p, "
                         "%lc\n    %bit = shr %q, %top\n"
                         "    %is = eq %bit, %one\n    %o2 = xor %o, %is\n    %t8 = add %s8, %s8\n    "
                         "%t9 = add %t8, %small\n"
                         "    %n64 = convert u64 %q\n    %m64 = add %s64, %n64\n    %l = add %k, "
                         "%one\n    yield %q, %l, %o2, "
                         "%t9, %m64\n  }\n"
                         "  %b = load b\n  %n3 = select %flag, %n, %three\n" STEPS(
                             "3", "%x2", "%n3") "  %t32 = convert u32 %tiny\n  %u = add %x3, %t32\n  %b32 = "
                                                "convert u32 %big\n  "
                                                "%u3 = xor %u, %b32\n"
                                                "  %fi = convert f32 %i1\n  %f = add %fi, %b\n" SINKS("%u3", "%f"),
    /* A loop in the loop, a branch with a loop, arrays of a round. */
    HEAD MORE
    "  %x1, %i1 = loop %v = %a, %k = %zero {\n    %g = lt %k, %n\n    test %g\n    %in = and %v, %m\n"
    "    %low3 = and %v, %three\n    %ar = array u32 4\n    %as = astore %ar, %low3, %v\n    %av = "
    "aload %as, "
    "%three\n" STEPS("4", "%v", "%low3") "    %ch = lt %in, %eight\n    %bx = branch %ch {\n      yield %x4\n    } "
                                         "{\n" STEPS("5", "%x4",
                                                     "%low3") "      yield %x5\n    }\n    %nv = xor %bx, %av\n    %nw "
                                                              "= add %nv, %lc\n"
                                                              "    %l = add %k, %five\n    yield %nw, %l\n  }\n  %f = "
                                                              "convert f32 %i1\n  %e = add %f, %b\n" SINKS("%x1", "%e"),
    /* An array that goes round. */
    HEAD MORE "  %ar = array u32 8\n  %x1, %i1, %done = loop %v = %a, %k = %zero, %w = %ar {\n    %g = lt %k, "
              "%n\n"
              "    test %g\n    %s7 = and %v, %seven\n    %old = aload %w, %s7\n    %new = add %old, %v\n"
              "    %w2 = astore %w, %s7, %new\n    %p = mul %new, %la\n    %q = add %p, %lc\n    %l = add %k, "
              "%one\n"
              "    yield %q, %l, %w2\n  }\n  %last = aload %done, %five\n  %f = convert f32 %i1\n  %e = add %f, "
              "%b\n"
              "  %xl = xor %x1, %last\n" SINKS("%xl", "%e"),
    /* Loops in branches of branches: one body has two in sequence and what lies around them, some
       bodies have none. */
    HEAD MORE "  %which = and %a, %three\n  %xs, %is = branch %which {\n    %w = mul %a, %lc\n" STEPS(
        "1", "%w", "%n") "    %u1 = and %x1, %m\n    %t1 = eq %u1, %three\n    trap 1 %t1 "
                         "@11\n" STEPS("2", "%x1", "%u1") "    %sum = add %i1, %i2\n    %both = xor %x2, %w\n  "
                                                          "  yield %both, %sum\n  } {\n"
                                                          "    %t2 = eq %n, %eight\n    trap 2 %t2 @12\n    "
                                                          "yield %a, %zero\n  } {\n"
                                                          "    %few = lt %n, %eight\n    %xb, %ib = branch "
                                                          "%few {\n      yield %lc, %one\n    } {\n"
                                                          "      %c = and %n, %seven\n" STEPS(
                                                              "3", "%la",
                                                              "%c") "      yield %x3, %i3\n    }\n    %xc = "
                                                                    "add %xb, %a\n"
                                                                    "    yield %xc, %ib\n  } {\n    yield "
                                                                    "%zero, %n\n  }\n  %f = convert f32 %is\n  "
                                                                    "%e = mul %f, %b\n" SINKS("%xs", "%e"),
    /* An array of a branch with a loop, filled before it and read after. */
    HEAD MORE "  %s7 = and %a, %seven\n  %go = lt %s7, %five\n  %xs, %is = branch %go {\n    yield %a, %zero\n  "
              "} {\n"
              "    %ar = array u32 8\n    %a1 = astore %ar, %s7, %la\n    %k0 = aload %a1, %five\n    %start0 = "
              "add %k0, %a\n"
              "    %x1, %i1, %done = loop %v = %start0, %k = %zero, %w = %a1 {\n      %g = lt %k, %n\n      test "
              "%g\n"
              "      %p7 = and %v, %seven\n      %old = aload %w, %p7\n      %even = and %old, %one\n      %is0 "
              "= eq %even, %one\n"
              "      %w2, %add = branch %is0 {\n        %n1 = add %old, %v\n        %w1 = astore %w, %p7, %n1\n"
              "        yield %w1, %one\n      } {\n        %n2 = aload %w, %k\n        yield %w, %five\n      }\n"
              "      %p = mul %v, %la\n      %q = add %p, %old\n      %l = add %k, %add\n      yield %q, %l, "
              "%w2\n    }\n"
              "    %last = aload %done, %five\n    %lost = eq %last, %n\n    trap 7 %lost @17\n    %xl = xor "
              "%x1, %last\n"
              "    yield %xl, %i1\n  }\n  %f = convert f32 %is\n  %e = add %f, %b\n" SINKS("%xs", "%e"),
    /* Arrays that are there before the branch and after it, changed in all its bodies; one more after
       the loop. */
    HEAD MORE "  %s7 = and %a, %seven\n  %go = lt %s7, %five\n  %ar = array u32 8\n  %br = array u64 3\n  %a1 = "
              "astore %ar, %s7, %la\n"
              "  %r2 = and %a, %three\n  %wide0 = convert u64 %a\n  %b1 = astore %br, %r2, %wide0\n"
              "  %xs, %a2, %is = branch %go {\n    %c1 = astore %a1, %five, %n\n    yield %a, %c1, %zero\n  } {\n"
              "    %x1, %i1, %done = loop %v = %a, %k = %zero, %w = %a1 {\n      %k3 = and %k, %three\n      "
              "%more = aload %b1, %k3\n"
              "      %more32 = convert u32 %more\n      %g = lt %k, %n\n      test %g\n      %p7 = and %v, "
              "%seven\n"
              "      %old = aload %w, %p7\n      %new = add %old, %more32\n      %w2 = astore %w, %p7, %new\n"
              "      %p = mul %v, %la\n      %q = add %p, %new\n      %l = add %k, %one\n      yield %q, %l, "
              "%w2\n    }\n"
              "    %d2 = astore %done, %three, %i1\n    yield %x1, %d2, %i1\n  }\n  %cr = array u32 4\n  %c3 = "
              "astore %cr, %r2, %xs\n"
              "  %v5 = aload %a2, %five\n  %v3 = aload %c3, %three\n  %y1 = xor %xs, %v5\n  %y2 = add %y1, %v3\n"
              "  %f = convert f32 %is\n  %e = add %f, %b\n" SINKS("%y2", "%e"),
};

/* Constants that only some of the graphs want. */
static const struct {
  const char *name, *line;
} constants[] = {{"%lim\n", "  %lim = const u32 61\n"},
                 {"%sh\n", "  %sh = const u32 22\n"},
                 {"%top\n", "  %top = const u32 31\n"},
                 {"%start {", "  %start = const u64 7\n"},
                 {"%seven\n", "  %seven = const u32 7\n"}};

typedef struct memory {
  uint32_t a[MOST], y[MOST];
  float b[MOST], z[MOST];
  uint64_t table[TABLE + 1];
  float s;
  double d;
  uint64_t c, i;
  uint32_t j;
} memory;

static memory before, expected, got;

static tg_graph *read_graph(tg_context *context, const char *text)
{
  char whole[8192];
  tg_graph *graph = NULL;
  tg_error error;
  const char *body = strstr(text, "  %a = load a\n");
  size_t n = (size_t)(body - text);
  memcpy(whole, text, n);
  for (size_t k = 0; k < KIT_COUNT(constants); k++) {
    if (strstr(text, constants[k].name) != NULL) {
      n += (size_t)snprintf(whole + n, sizeof whole - n, "%s", constants[k].line);
    }
  }
  n += (size_t)snprintf(whole + n, sizeof whole - n, "%s", body);
  if (tg_graph_read(context, whole, n, TG_FORM_TEXT, &graph, &error) != TG_OK) {
    fail_msg("%u:%u: %s", (unsigned)error.pos.line, (unsigned)error.pos.column, error.message);
  }
  return graph;
}

typedef struct settings {
  uint64_t n, fuel;
} settings;

/* False: there is no such back-end here. */
static bool run(tg_context *context, const char *text, const char *backend, settings how, memory *m,
                tg_outcome *outcome)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_invocation call = TG_INVOCATION_INIT;
  tg_kernel *kernel;
  tg_graph *graph = read_graph(context, text);
  options.backend = backend;
  tg_status status = tg_compile(context, graph, &options, &kernel, NULL);
  tg_graph_destroy(graph);
  if (status == TG_UNSUPPORTED) {
    return false;
  }
  assert_int_equal(status, TG_OK);
  tg_binding bindings[] = {KIT_STREAM(m->a), KIT_STREAM(m->b), KIT_STREAM(m->y), KIT_STREAM(m->b), KIT_STREAM(m->table),
                           KIT_ONE(m->s),    KIT_ONE(m->d),    KIT_ONE(m->c),    KIT_ONE(m->i),    KIT_ONE(m->j)};
  memcpy(m, &before, sizeof *m);
  call.n = how.n;
  call.fuel = how.fuel;
  call.bindings = bindings;
  call.n_bindings = KIT_COUNT(bindings);
  call.outcome = outcome;
  assert_int_equal(kit_invoke(context, kernel, call, NULL), TG_OK);
  tg_kernel_destroy(kernel);
  return true;
}

static void demand_same(const char *backend, size_t graph, settings how, const tg_outcome *a, const tg_outcome *b)
{
  bool traps = a->n_trapped == b->n_trapped &&
               (a->n_trapped == 0 || (a->first_lane == b->first_lane && a->first_code == b->first_code &&
                                      a->first_position == b->first_position));
  if (memcmp(&expected, &got, sizeof got) != 0 || !traps || a->none != b->none) {
    fail_msg("graph %zu, %llu lanes, fuel %llu, %s: not what ref gives", graph, (unsigned long long)how.n,
             (unsigned long long)how.fuel, backend);
  }
}

/* The first n_backends ways. */
static void check(tg_context *context, size_t graph, settings how, size_t n_backends)
{
  static const char *const backends[] = {"llvm/refill",     "llvm:256/refill", "llvm",
                                         "llvm:128/refill", "llvm:512/refill", "llvm:256/masked"};
  tg_outcome outcome, other;
  assert_true(run(context, graphs[graph], "ref", how, &expected, &outcome));
  for (size_t k = 0; k < n_backends && k < KIT_COUNT(backends); k++) {
    if (run(context, graphs[graph], backends[k], how, &got, &other)) {
      demand_same(backends[k], graph, how, &outcome, &other);
    }
  }
}

static void test_lengths(void **state)
{
  static const uint64_t lengths[] = {0, 300, 4097};
  plugin_need();
  for (size_t graph = 0; graph < KIT_COUNT(graphs); graph++) {
    for (size_t k = 0; k < KIT_COUNT(lengths); k++) {
      check(*state, graph, (settings){lengths[k], TG_FUEL_UNLIMITED}, 1);
    }
    check(*state, graph, (settings){MOST, TG_FUEL_UNLIMITED}, SIZE_MAX);
  }
}

/* Some lanes have no iteration left before, in or after each loop. */
static void test_fuel(void **state)
{
  static const uint64_t fuels[] = {1, 17};
  plugin_need();
  for (size_t graph = 0; graph < KIT_COUNT(graphs); graph++) {
    for (size_t k = 0; k < KIT_COUNT(fuels); k++) {
      check(*state, graph, (settings){5000, fuels[k]}, k == 1 ? 3 : 1);
    }
  }
}

static void test_threads(void **state)
{
  unsigned n_threads = 3;
  (void)state;
  plugin_need();
  tg_context *context = kit_context_threads(pool_threads(&n_threads));
  for (size_t graph = 0; graph < KIT_COUNT(graphs); graph++) {
    check(context, graph, (settings){MOST, TG_FUEL_UNLIMITED}, 3);
  }
  tg_context_destroy(context);
}

static int open_context(void **state)
{
  *state = kit_context();
  for (size_t i = 0; i < MOST; i++) {
    uint64_t r = kit_random(5, i);
    before.a[i] = (uint32_t)r;
    before.b[i] = (float)(r >> 40) * 0x1p-20f;
  }
  return 0;
}

static int close_context(void **state)
{
  tg_context_destroy(*state);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_lengths), cmocka_unit_test(test_fuel),
                                     cmocka_unit_test(test_threads)};
  return cmocka_run_group_tests(tests, open_context, close_context);
}
