/* random_threads_test.c: random lengths and data on several threads, with all that tiles have to agree on: loops that
 * take very long in few lanes, ties of argmin and argmax, traps, sums, and every fold into tables of every layout. The
 * bytes are those of one thread alone, in one invocation or in parts. Runs with the thread sanitizer too. */
#include "kit.h"
#include "pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char source[] =
    "graph random {\n"
    "  input x f32\n  input k u32\n  output y f32\n"
    "  result s f32\n  result t f64\n  result u i64\n  result least u64\n  result most u64\n  result never u64\n"
    "  accumulator added i8\n  accumulator lows i32be\n  accumulator highs u64\n  accumulator both u16\n"
    "  accumulator any u16be\n  accumulator odd i64\n"
    "  uniform {\n    %half = const f32 0.5\n    %bad = const u32 77\n    %none = const f32 nan\n  }\n"
    "  %x = load x\n  %k = load k\n  %zero = const u64 0\n  %one = const u64 1\n  %i = iota %zero, %one\n"
    "  %start = const u32 0\n  %step = const u32 1\n"
    "  %is = eq %k, %bad\n  trap 5 %is @3\n"
    "  %last, %sum = loop %n = %start, %f = %x {\n"
    "    %more = lt %n, %k\n    test %more\n"
    "    %n2 = add %n, %step\n    %f2 = fma %f, %half, %x\n    yield %n2, %f2\n  }\n"
    "  %wide = convert f64 %sum\n  %byte = convert i8 %k\n  %word = convert i32 %x\n  %short = convert u16 %k\n"
    "  %long = convert i64 %x\n  %big = convert u64 %k\n"
    "  %mask = const u64 63\n  %slot = and %i, %mask\n"
    "  %limit = const u32 37\n  %q, %bin = divmod %k, %limit\n"
    "  sum s %sum\n  sum t %wide\n  sum u %word\n"
    "  argmin least %i, %k\n  argmax most %i, %x\n  argmin never %i, %none\n"
    "  combine added add %slot, %byte\n  combine lows min %bin, %word\n  combine highs max %slot, %big\n"
    "  combine both and %bin, %short\n  combine any or %slot, %short\n  combine odd xor %bin, %long\n"
    "  store y %sum\n"
    "}\n";

enum { N_MOST = 120000, N_OPERANDS = 15, SLOTS = 61 };

typedef struct results {
  float y[N_MOST], s;
  double t;
  int64_t u;
  uint64_t least, most, never;
  int8_t added[SLOTS];
  unsigned char lows[4 * SLOTS + 1]; /* big-endian, at an odd address */
  uint64_t highs[SLOTS];             /* from the last to the first */
  uint16_t both[2 * SLOTS];          /* every other */
  uint16_t any[SLOTS];
  int64_t odd[SLOTS];
  tg_outcome outcome;
} results;

static float x[N_MOST];
static uint32_t k[N_MOST];

/* Few numbers, so that there are ties, and one NaN; some lanes with many iterations, close together. */
static void make_lanes(uint64_t seed, uint64_t n)
{
  uint64_t slow = kit_random(seed, 0) % n;
  for (uint64_t i = 0; i < n; i++) {
    uint64_t r = kit_random(seed + 1, i);
    x[i] = (float)(int64_t)(r % 2001) * 0.125f - 125.0f;
    k[i] = (uint32_t)(r >> 32) % (i / 4096 == slow / 4096 ? 76 : 4);
    k[i] = (r >> 48) % 5000 == 0 ? 77 : k[i];
  }
  x[slow] = (float)strtod("nan", NULL);
}

static void fill_results(results *r)
{
  memset(r, 0, sizeof *r);
  memset(r->both, 0xFF, sizeof r->both);
  for (size_t i = 0; i < SLOTS; i++) {
    r->highs[i] = i;
    r->odd[i] = -(int64_t)i;
  }
}

static tg_invocation bind_all(tg_binding bindings[N_OPERANDS], results *r)
{
  tg_binding filled[N_OPERANDS] = {KIT_STREAM(x),       KIT_STREAM(k),        KIT_STREAM(r->y),    KIT_ONE(r->s),
                                   KIT_ONE(r->t),       KIT_ONE(r->u),        KIT_ONE(r->least),   KIT_ONE(r->most),
                                   KIT_ONE(r->never),   KIT_STREAM(r->added), KIT_STREAM(r->lows), KIT_STREAM(r->highs),
                                   KIT_STREAM(r->both), KIT_STREAM(r->any),   KIT_STREAM(r->odd)};
  tg_invocation invocation = TG_INVOCATION_INIT;
  memcpy(bindings, filled, sizeof filled);
  bindings[10].offset = 1;
  bindings[10].stride = 4;
  bindings[11].offset = sizeof r->highs - sizeof *r->highs;
  bindings[11].stride = -(ptrdiff_t)sizeof *r->highs;
  bindings[12].stride = 4;
  invocation.bindings = bindings;
  invocation.n_bindings = N_OPERANDS;
  invocation.outcome = &r->outcome;
  return invocation;
}

static tg_status run(tg_context *context, const tg_kernel *kernel, uint64_t n, bool on_stack, results *r)
{
  tg_binding bindings[N_OPERANDS];
  tg_invocation invocation = bind_all(bindings, r);
  invocation.n = n;
  return on_stack ? tg_invoke(kernel, &invocation, NULL) : kit_invoke(context, kernel, invocation, NULL);
}

/* In parts of a few blocks, another number each time if `blocks` is 0. */
static tg_status run_in_parts(const tg_kernel *kernel, uint64_t n, uint64_t blocks, results *r)
{
  tg_binding bindings[N_OPERANDS];
  tg_invocation part = bind_all(bindings, r);
  tg_run *parts;
  uint64_t count = 0;
  tg_status status = tg_run_create(kernel, &parts, NULL);
  for (uint64_t lane = 0; lane < n && status == TG_OK; lane += part.n) {
    uint64_t most = TG_BLOCK_LANES * (blocks > 0 ? blocks : kit_random(n, count++) % 9);
    part.n = n - lane < most ? n - lane : most;
    bindings[0].offset = bindings[1].offset = bindings[2].offset = (size_t)lane * 4;
    status = tg_run_part(parts, &part, NULL);
  }
  tg_run_destroy(parts);
  return status;
}

static tg_kernel *compile_source(tg_context *context, const char *backend)
{
  tg_graph *g;
  tg_error error = {0};
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_kernel *kernel = NULL;
  options.backend = backend;
  if (tg_graph_read(context, source, sizeof source - 1, TG_FORM_TEXT, &g, &error) != TG_OK ||
      tg_compile(context, g, &options, &kernel, &error) != TG_OK) {
    fail_msg("%u:%u: %s", (unsigned)error.pos.line, (unsigned)error.pos.column, error.message);
  }
  tg_graph_destroy(g);
  return kernel;
}

static uint64_t length(uint64_t seed)
{
  static const uint64_t edges[] = {1, 4096, 4097, 8191, 65536, 65537};
  return seed < KIT_COUNT(edges) ? edges[seed] : 1 + kit_random(99, seed) % N_MOST;
}

static void random_lanes(void **state)
{
  unsigned n_threads = *(unsigned *)*state;
  tg_context *alone = kit_context_threads((tg_threads){NULL, NULL, 1});
  tg_context *context = kit_context_threads(pool_threads(&n_threads));
  tg_kernel *one = compile_source(alone, "ref"), *several = compile_source(context, "ref");
  results *want = malloc(sizeof *want), *got = malloc(sizeof *got);
  assert_true(want != NULL && got != NULL);
  assert_int_equal(tg_context_threads(context), n_threads);
  for (uint64_t seed = 0; seed < 10; seed++) {
    uint64_t n = length(seed);
    make_lanes(seed, n);
    fill_results(want);
    fill_results(got);
    assert_int_equal(run(alone, one, n, true, want), TG_OK);
    assert_int_equal(run(context, several, n, seed % 2 == 1, got), TG_OK);
    assert_memory_equal(want, got, sizeof *want);
  }
  tg_kernel_destroy(one);
  tg_kernel_destroy(several);
  tg_context_destroy(alone);
  tg_context_destroy(context);
  free(want);
  free(got);
}

/* Parts of one block, so that all tiles are one; of 16, so that they are whole; and of a few at random, none included.
 */
static void random_parts(void **state)
{
  static const uint64_t blocks[] = {1, 3, 16, 0};
  unsigned n_threads = *(unsigned *)*state;
  tg_context *alone = kit_context_threads((tg_threads){NULL, NULL, 1});
  tg_context *context = kit_context_threads(pool_threads(&n_threads));
  tg_kernel *one = compile_source(alone, "ref");
  tg_kernel *several[] = {compile_source(context, "ref"), compile_source(context, "vec")};
  results *want = malloc(sizeof *want), *got = malloc(sizeof *got);
  assert_true(want != NULL && got != NULL);
  for (uint64_t seed = 0; seed < 10; seed++) {
    uint64_t n = length(seed);
    make_lanes(seed, n);
    fill_results(want);
    assert_int_equal(run(alone, one, n, true, want), TG_OK);
    fill_results(got);
    uint64_t size = blocks[(seed + n_threads) % KIT_COUNT(blocks)];
    assert_int_equal(run_in_parts(several[seed / KIT_COUNT(blocks) % 2], n, size, got), TG_OK);
    assert_memory_equal(want, got, sizeof *want);
  }
  tg_kernel_destroy(one);
  tg_kernel_destroy(several[0]);
  tg_kernel_destroy(several[1]);
  tg_context_destroy(alone);
  tg_context_destroy(context);
  free(want);
  free(got);
}

/* A table that is too large for private copies: the calling thread folds alone. */
static void large_tables(void **state)
{
  enum { N_BINS = 65536, N = 300000 };
  unsigned n_threads = *(unsigned *)*state;
  tg_context *context = kit_context_threads(pool_threads(&n_threads));
  tg_graph *g = kit_graph(context);
  uint32_t *bins = calloc(N_BINS, sizeof *bins);
  assert_non_null(bins);
  tg_value one = tg_const_i64(g, TG_U32, 1), lane = tg_iota(g, kit_zero(g, TG_U32), one);
  tg_value slot = tg_and(g, tg_mul(g, lane, tg_const_i64(g, TG_U32, 5)), tg_const_i64(g, TG_U32, N_BINS - 1));
  tg_combine(g, kit_declare(g, TG_ACCUMULATOR, "bins", TG_U32), TG_FOLD_ADD, slot, one);
  kit_run_once(context, g, N, &(tg_binding){.data = bins, .bytes = N_BINS * sizeof *bins, .stride = sizeof *bins}, 1);
  for (uint32_t i = 0; i < N_BINS; i++) {
    assert_int_equal(bins[i * 5 % N_BINS], N / N_BINS + (i < N % N_BINS));
  }
  free(bins);
}

int main(void)
{
  static unsigned counts[] = {1, 2, 3, 7};
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(random_lanes, &counts[0]), cmocka_unit_test_prestate(random_lanes, &counts[1]),
      cmocka_unit_test_prestate(random_lanes, &counts[2]), cmocka_unit_test_prestate(random_lanes, &counts[3]),
      cmocka_unit_test_prestate(random_parts, &counts[0]), cmocka_unit_test_prestate(random_parts, &counts[1]),
      cmocka_unit_test_prestate(random_parts, &counts[3]), cmocka_unit_test_prestate(large_tables, &counts[3]),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
