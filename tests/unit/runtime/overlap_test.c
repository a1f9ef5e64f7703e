/* overlap_test.c: which operands overlap in memory: thousands of small random bindings, each decided by listing bytes
 * as docs/spec.md chapter 8 says: exactly where the strides are equal, by the spans from first to last byte where not.
 */
#include "kit.h"

#include "graph/ops.h"
#include "runtime/kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MEMORY = 96, N_ROUNDS = 4000, SEED = 11 };

/* ---- graphs of two operands ---- */

static void add_operand(tg_graph *g, tg_operand_kind kind, const char *name, tg_mode mode)
{
  tg_operand operand = tg_declare(g, kind, name, mode);
  tg_value value = tg_const(g, tg_mode_type(mode), 1);
  switch (kind) {
  case TG_PARAM: tg_param(g, operand); break;
  case TG_INPUT: tg_load(g, operand); break;
  case TG_OUTPUT: tg_store(g, operand, value); break;
  case TG_RESULT: tg_argmin(g, operand, value, value); break;
  case TG_ACCUMULATOR: tg_combine(g, operand, TG_FOLD_ADD, value, value); break;
  case TG_TABLE:
  case TG_OPERAND_KIND_COUNT: break;
  }
}

static tg_kernel *compile_pair(tg_context *context, const tg_operand_kind kinds[2], const tg_mode modes[2])
{
  tg_graph *g = kit_graph(context);
  add_operand(g, kinds[0], "a", modes[0]);
  add_operand(g, kinds[1], "b", modes[1]);
  return kit_compile(context, g);
}

/* ---- the specification ---- */

typedef struct elements {
  tg_operand_kind kind;
  tg_mode mode;
  int64_t first, stride, size, n; /* first: in the common memory */
} elements;

static bool is_written(const elements *e)
{
  return e->kind == TG_OUTPUT || e->kind == TG_RESULT || e->kind == TG_ACCUMULATOR;
}

static bool lies_inside(const elements *e, int64_t i)
{
  int64_t at = e->first + i * e->stride;
  return at >= 0 && at + e->size <= MEMORY;
}

/* How many elements the operand has in an invocation of n lanes; -1 when it is out of bounds. */
static int64_t count_elements(const elements *e, int64_t n)
{
  bool is_table = e->kind == TG_TABLE || e->kind == TG_ACCUMULATOR;
  int64_t want = is_table ? (e->stride == 0 ? 1 : MEMORY) : e->kind == TG_INPUT || e->kind == TG_OUTPUT ? n : 1;
  int64_t i = 0;
  while (i < want && lies_inside(e, i)) {
    i++;
  }
  return i == want || is_table ? i : -1;
}

/* Marks the operand's bytes, or all from the first to the last. */
static void mark(const elements *e, bool whole_span, unsigned char map[MEMORY])
{
  int64_t low = MEMORY, high = 0;
  memset(map, 0, MEMORY);
  for (int64_t i = 0; i < e->n; i++) {
    int64_t at = e->first + i * e->stride;
    memset(map + at, 1, (size_t)e->size);
    low = at < low ? at : low;
    high = at + e->size > high ? at + e->size : high;
  }
  if (whole_span && low < high) {
    memset(map + low, 1, (size_t)(high - low));
  }
}

static bool in_place(const elements *out, const elements *in)
{
  bool same_stride = out->stride == in->stride || out->n == 1;
  return out->kind == TG_OUTPUT && in->kind == TG_INPUT && out->mode == in->mode && out->first == in->first &&
         same_stride;
}

static bool pair_overlaps(const elements *a, const elements *b)
{
  unsigned char map_a[MEMORY], map_b[MEMORY];
  int64_t stride_a = a->stride < 0 ? -a->stride : a->stride, stride_b = b->stride < 0 ? -b->stride : b->stride;
  bool is_exact = stride_a == stride_b || a->n == 1 || b->n == 1;
  if ((!is_written(a) && !is_written(b)) || in_place(a, b) || in_place(b, a)) {
    return false;
  }
  mark(a, !is_exact, map_a);
  mark(b, !is_exact, map_b);
  for (int i = 0; i < MEMORY; i++) {
    if (map_a[i] && map_b[i]) {
      return true;
    }
  }
  return false;
}

static bool overlaps_itself(const elements *e)
{
  int64_t stride = e->stride < 0 ? -e->stride : e->stride;
  return is_written(e) && e->n > 1 && stride < e->size;
}

static tg_status expect(elements e[2], int64_t n)
{
  for (int k = 0; k < 2; k++) {
    e[k].n = count_elements(&e[k], n);
  }
  if (e[0].n < 0 || e[1].n < 0) {
    return TG_BOUNDS;
  }
  return overlaps_itself(&e[0]) || overlaps_itself(&e[1]) || pair_overlaps(&e[0], &e[1]) ? TG_OVERLAP : TG_OK;
}

/* ---- the comparison ---- */

static int64_t random_up_to(uint64_t *at, int64_t greatest)
{
  return (int64_t)(kit_random(SEED, (*at)++) % (uint64_t)(greatest + 1));
}

/* Strides are small multiples or anything small; the second is often the first's, or its negative. */
static void choose(uint64_t *at, elements e[2])
{
  for (int k = 0; k < 2; k++) {
    e[k].first = random_up_to(at, MEMORY - e[k].size);
    e[k].stride = random_up_to(at, 1) ? e[k].size * (random_up_to(at, 6) - 3) : random_up_to(at, 40) - 20;
  }
  int64_t how = random_up_to(at, 4);
  e[1].stride = how == 0 ? e[0].stride : how == 1 ? -e[0].stride : e[1].stride;
  if (random_up_to(at, 7) == 0) {
    e[1].first = e[0].first < MEMORY - e[1].size ? e[0].first : e[1].first;
  }
}

static tg_status ask(const tg_kernel *kernel, const elements e[2], int64_t n)
{
  static unsigned char memory[MEMORY];
  operand_memory bound[2];
  tg_binding bindings[2];
  tg_invocation invocation = TG_INVOCATION_INIT;
  for (int k = 0; k < 2; k++) {
    bindings[k] =
        (tg_binding){.data = memory, .bytes = MEMORY, .offset = (size_t)e[k].first, .stride = (ptrdiff_t)e[k].stride};
  }
  invocation.n = (uint64_t)n;
  invocation.bindings = bindings;
  invocation.n_bindings = 2;
  return bind_operands(kernel, &invocation, bound, NULL);
}

static void describe(const elements e[2], char *to, size_t size)
{
  snprintf(to, size, "%s %s at %d stride %d, %s %s at %d stride %d", operand_kind_names[e[0].kind],
           tg_mode_name(e[0].mode), (int)e[0].first, (int)e[0].stride, operand_kind_names[e[1].kind],
           tg_mode_name(e[1].mode), (int)e[1].first, (int)e[1].stride);
}

/* Adds how often each status came to counts. */
static void compare(tg_context *context, const tg_operand_kind kinds[2], const tg_mode modes[2], uint64_t *at,
                    int counts[12])
{
  tg_kernel *kernel = compile_pair(context, kinds, modes);
  for (int round = 0; round < N_ROUNDS; round++) {
    elements e[2] = {{.kind = kinds[0], .mode = modes[0], .size = (int64_t)tg_mode_bytes(modes[0])},
                     {.kind = kinds[1], .mode = modes[1], .size = (int64_t)tg_mode_bytes(modes[1])}};
    char words[200];
    choose(at, e);
    int64_t n = random_up_to(at, 6);
    tg_status want = expect(e, n), got = ask(kernel, e, n);
    describe(e, words, sizeof words);
    if (want != got) {
      fail_msg("%s, %d lanes: %s, expected %s", words, (int)n, tg_status_name(got), tg_status_name(want));
    }
    counts[want]++;
  }
  tg_kernel_destroy(kernel);
}

/* Every pair of kinds with something written, over modes of one, two, four and eight bytes. */
static void every_pair_of_kinds(void **state)
{
  static const tg_mode modes[4] = {TG_MODE_U8, TG_MODE_U16, TG_MODE_I32, TG_MODE_U64};
  tg_context *context = kit_context();
  int counts[12] = {0};
  uint64_t at = 0;
  (void)state;
  for (int a = 0; a < TG_OPERAND_KIND_COUNT; a++) {
    for (int b = 0; b < TG_OPERAND_KIND_COUNT; b++) {
      tg_operand_kind kinds[2] = {(tg_operand_kind)a, (tg_operand_kind)b};
      tg_mode chosen[2] = {modes[random_up_to(&at, 3)], modes[random_up_to(&at, 3)]};
      compare(context, kinds, chosen, &at, counts);
      chosen[1] = chosen[0];
      compare(context, kinds, chosen, &at, counts);
    }
  }
  tg_context_destroy(context);
  assert_true(counts[TG_OK] > 20000 && counts[TG_OVERLAP] > 20000 && counts[TG_BOUNDS] > 20000);
}

/* Streams of every pair of sizes, where the exact decision is hardest. */
static void outputs_and_inputs_of_all_sizes(void **state)
{
  static const tg_mode modes[4] = {TG_MODE_I8, TG_MODE_F16, TG_MODE_F32, TG_MODE_F64BE};
  static const tg_operand_kind kinds[2][2] = {{TG_OUTPUT, TG_INPUT}, {TG_OUTPUT, TG_OUTPUT}};
  tg_context *context = kit_context();
  int counts[12] = {0};
  uint64_t at = 1 << 30;
  (void)state;
  for (int pair = 0; pair < 32; pair++) {
    tg_mode chosen[2] = {modes[pair / 4 % 4], modes[pair % 4]};
    compare(context, kinds[pair / 16], chosen, &at, counts);
  }
  tg_context_destroy(context);
  assert_true(counts[TG_OK] > 10000 && counts[TG_OVERLAP] > 10000 && counts[TG_BOUNDS] > 10000);
}

/* ---- cases worth a name ---- */

/* A graph of an output and an input of the modes; whether they may lie so. */
static tg_status stream_pair(const tg_mode modes[2], const elements e[2], int64_t n)
{
  tg_context *context = kit_context();
  tg_kernel *kernel = compile_pair(context, (tg_operand_kind[]){TG_OUTPUT, TG_INPUT}, modes);
  tg_status status = ask(kernel, e, n);
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
  return status;
}

static void records_of_two_fields(void **state)
{
  static const tg_mode f32[2] = {TG_MODE_F32, TG_MODE_F32}, mixed[2] = {TG_MODE_F32, TG_MODE_I32};
  (void)state;
  /* The two fields of a record of 8 bytes, in either direction; a byte further they touch. */
  assert_int_equal(stream_pair(f32, (elements[2]){{.first = 0, .stride = 8}, {.first = 4, .stride = 8}}, 8), TG_OK);
  assert_int_equal(stream_pair(f32, (elements[2]){{.first = 0, .stride = 8}, {.first = 60, .stride = -8}}, 8), TG_OK);
  assert_int_equal(stream_pair(f32, (elements[2]){{.first = 0, .stride = 8}, {.first = 5, .stride = 8}}, 8),
                   TG_OVERLAP);
  /* In place: the same memory exactly, and the same mode. */
  assert_int_equal(stream_pair(f32, (elements[2]){{.first = 8, .stride = 4}, {.first = 8, .stride = 4}}, 8), TG_OK);
  assert_int_equal(stream_pair(mixed, (elements[2]){{.first = 8, .stride = 4}, {.first = 8, .stride = 4}}, 8),
                   TG_OVERLAP);
  assert_int_equal(stream_pair(f32, (elements[2]){{.first = 8, .stride = 4}, {.first = 12, .stride = 4}}, 8),
                   TG_OVERLAP);
  assert_int_equal(stream_pair(f32, (elements[2]){{.first = 8, .stride = 4}, {.first = 36, .stride = -4}}, 8),
                   TG_OVERLAP);
  /* Other strides: by spans, though no byte is shared. */
  assert_int_equal(stream_pair(f32, (elements[2]){{.first = 0, .stride = 16}, {.first = 4, .stride = 32}}, 3),
                   TG_OVERLAP);
  /* One element between the others has no stride of its own. */
  assert_int_equal(stream_pair(f32, (elements[2]){{.first = 0, .stride = 16}, {.first = 4, .stride = 3}}, 1), TG_OK);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_pair_of_kinds),
      cmocka_unit_test(outputs_and_inputs_of_all_sizes),
      cmocka_unit_test(records_of_two_fields),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
