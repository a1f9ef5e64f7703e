/* llvm_past_test.c: outputs that are written past the caches are those of `ref`, with nothing written around them: of
 * one element a lane or of two that differ in size, at every place in a line, in place of an input, of lanes that fill
 * some turns of pages, one more or one less, and on three threads. */
#include "kit.h"
#include "plugin.h"
#include "pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 2 * 16384 + 300, ROOM = 64, BYTES = 8 * (MOST + ROOM) };

static const char *const graphs[] = {
    "graph g {\n  input a f32\n  input b u8\n  output y f32\n  output z f64\n  %a = load a\n  %b = load b\n"
    "  %n0 = const f32 1.5\n  %c = convert f32 %b\n  %p = mul %a, %n0\n  %q = add %p, %c\n  store y %q\n"
    "  %w = convert f64 %q\n  store z %w\n}\n",
    "graph g {\n  input a f32\n  input b u8\n  output y u8\n  output z f32be\n  %a = load a\n  %b = load b\n"
    "  %n0 = const u8 3\n  %c = mul %b, %n0\n  store y %c\n  %d = convert f32 %c\n  %e = add %a, %d\n  store z %e\n}\n",
    "graph g {\n  input a f32\n  input b u8\n  output y f32\n  output z u16\n  %a = load a\n  %b = load b\n"
    "  %n0 = const u64 1\n  %i = iota %n0, %n0\n  %c = convert f32 %i\n  %p = sub %a, %c\n  store y %p\n"
    "  %w = convert u16 %b\n  store z %w\n}\n"};

typedef struct memory {
  _Alignas(64) unsigned char y[BYTES], z[BYTES];
} memory;

/* Where outputs begin, in elements; in_place: y is where a is. */
typedef struct places {
  size_t y, z;
  bool in_place;
} places;

static float a[MOST];
static uint8_t b[MOST];
static memory before, expected, got;

static tg_kernel *compile(tg_context *context, size_t graph, const char *backend)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_graph *g;
  tg_kernel *kernel;
  tg_error error;
  if (tg_graph_read(context, graphs[graph], strlen(graphs[graph]), TG_FORM_TEXT, &g, &error) != TG_OK) {
    fail_msg("%u:%u: %s", (unsigned)error.pos.line, (unsigned)error.pos.column, error.message);
  }
  options.backend = backend;
  tg_status status = tg_compile(context, g, &options, &kernel, NULL);
  tg_graph_destroy(g);
  assert_true(status == TG_OK || status == TG_UNSUPPORTED);
  return kernel;
}

static tg_binding output(const tg_kernel *kernel, size_t operand, unsigned char *to, size_t from)
{
  tg_operand_info info;
  assert_int_equal(tg_kernel_operand(kernel, operand, &info), TG_OK);
  size_t bytes = tg_mode_bytes(info.mode);
  return (tg_binding){.data = to + from * bytes, .bytes = BYTES - from * bytes, .stride = (ptrdiff_t)bytes};
}

static void run(tg_context *context, const tg_kernel *kernel, uint64_t n, const places *at, memory *m)
{
  tg_invocation call = TG_INVOCATION_INIT;
  tg_binding bindings[4] = {KIT_STREAM(a), KIT_STREAM(b), output(kernel, 2, m->y, at->y),
                            output(kernel, 3, m->z, at->z)};
  memcpy(m, &before, sizeof *m);
  if (at->in_place) {
    bindings[0] = bindings[2];
  }
  call.n = n;
  call.bindings = bindings;
  call.n_bindings = KIT_COUNT(bindings);
  assert_int_equal(kit_invoke(context, kernel, call, NULL), TG_OK);
}

static void check(tg_context *context, size_t graph, const uint64_t *lengths, size_t n_lengths)
{
  static const char *const backends[] = {"llvm/past", "llvm:256/past", "llvm:128/past", "llvm:512/past"};
  static const places all[] = {{0, 0, false},  {1, 1, false}, {3, 16, false},
                               {16, 8, false}, {5, 0, false}, {0, 0, true}};
  tg_kernel *ref = compile(context, graph, "ref");
  for (size_t k = 0; k < KIT_COUNT(backends); k++) {
    tg_kernel *kernel = compile(context, graph, backends[k]);
    for (size_t i = 0; i < n_lengths * KIT_COUNT(all) && kernel != NULL; i++) {
      const places *at = &all[i % KIT_COUNT(all)];
      uint64_t n = lengths[i / KIT_COUNT(all)];
      if (at->in_place && graph == 1) {
        continue; /* y is no f32 there */
      }
      run(context, ref, n, at, &expected);
      run(context, kernel, n, at, &got);
      if (memcmp(&expected, &got, sizeof got) != 0) {
        fail_msg("graph %zu, %llu lanes, places %zu, %s: not what ref gives", graph, (unsigned long long)n,
                 i % KIT_COUNT(all), backends[k]);
      }
    }
    tg_kernel_destroy(kernel);
  }
  tg_kernel_destroy(ref);
}

static void lengths_of_turns(void **state)
{
  static const uint64_t lengths[] = {0, 1, 2047, 2048, 2049, 4096 + 16, 16384 + 63, MOST};
  plugin_need();
  for (size_t graph = 0; graph < KIT_COUNT(graphs); graph++) {
    check(*state, graph, lengths, KIT_COUNT(lengths));
  }
}

static void three_threads(void **state)
{
  static const uint64_t lengths[] = {MOST};
  unsigned n_threads = 3;
  (void)state;
  plugin_need();
  tg_context *context = kit_context_threads(pool_threads(&n_threads));
  check(context, 0, lengths, 1);
  tg_context_destroy(context);
}

static int set_up(void **state)
{
  *state = kit_context();
  for (size_t i = 0; i < MOST; i++) {
    a[i] = (float)(kit_random(3, i) % 100000) * 0x1p-5f;
    b[i] = (uint8_t)kit_random(4, i);
  }
  for (size_t i = 0; i < sizeof before; i++) {
    ((unsigned char *)&before)[i] = (unsigned char)(i % 4 == 3 ? 0x41 : i); /* floats of a fair size */
  }
  return 0;
}

static int tear_down(void **state)
{
  tg_context_destroy(*state);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(lengths_of_turns), cmocka_unit_test(three_threads)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
