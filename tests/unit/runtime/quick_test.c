/* quick_test.c: the quick way of an invocation against the careful one, which an invocation that asks for stats takes:
 * whatever is bound, right or wrong, both give the same status, the same words, the same outcome and the same memory.
 * And the usual bindings do go the quick way. */
#include "kit.h"
#include "plugin.h"

#include "runtime/kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { AREA = 1 << 17, MOST_OPERANDS = 8, TRIALS = 1000 /* of a kernel */ };

static const char *const graphs[] = {
    "graph axpy { param m f32\n input x f32\n input z f32\n output y f32\n %m = param m\n %x = load x\n %z = load z\n"
    " %p = mul %m, %x\n %y = add %p, %z\n store y %y\n }\n",
    "graph two { input x u8\n input z f64\n param m f64\n param d u8 = 7\n output y f64\n output w u8\n %x = load x\n"
    " %z = load z\n %m = param m\n %d = param d\n %s = add %z, %m\n %y = mul %s, %z\n store y %y\n"
    " %w = add %x, %d\n store w %w\n }\n",
    /* y may be made before x is needed for the last time */
    "graph late { input x f32\n input z f32\n output y f32\n output w f32\n %x = load x\n %z = load z\n"
    " %y = sub %z, %x\n store y %y\n %w = mul %x, %x\n store w %w\n }\n",
    "graph modes { input x i16be\n input h f16\n output y i16be\n output z f16\n %x = load x\n %h = load h\n"
    " %y = add %x, %x\n store y %y\n %z = mul %h, %h\n store z %z\n }\n",
    "graph counts { param m u32\n output y u32\n %m = param m\n %y = iota %m, %m\n store y %y\n }\n",
    /* no quick way: */
    "graph sums { input x f32\n input i u32\n table t f32\n result s f32\n output y f32\n %x = load x\n %i = load i\n"
    " %g = gather t %i\n %y = add %x, %g\n store y %y\n sum s %y\n }\n",
    /* as the engine likes: */
    "graph nothing { }\n"};
enum { MODES = 3, N_QUICK = 5 }; /* of them have a quick way, but on `vec` those with modes that are not native */

static tg_kernel *compile(tg_context *context, const char *text, const char *backend)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_error error = {0};
  tg_graph *g;
  tg_kernel *kernel;
  if (tg_graph_read(context, text, strlen(text), TG_FORM_TEXT, &g, &error) != TG_OK) {
    fail_msg("%s", error.message);
  }
  options.backend = backend;
  if (tg_compile(context, g, &options, &kernel, &error) != TG_OK) {
    fail_msg("%s", error.message);
  }
  tg_graph_destroy(g);
  return kernel;
}

/* ---- one invocation in both ways ---- */

typedef struct trial {
  tg_invocation call;
  tg_binding bindings[MOST_OPERANDS + 1];
  size_t places[MOST_OPERANDS]; /* in the area */
  bool is_null[MOST_OPERANDS], is_buffer[MOST_OPERANDS], has_outcome;
} trial;

typedef struct effect {
  tg_status status;
  tg_error error;
  tg_outcome outcome;
  _Alignas(64) unsigned char area[AREA];
} effect;

static unsigned char start[AREA];

static int fill_start(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof start; i++) {
    start[i] = (unsigned char)(i * 37 >> 3 & 0x3F); /* floats of which none is a NaN */
  }
  return 0;
}

static void run(tg_context *context, const tg_kernel *kernel, trial t, tg_stats *stats, effect *out)
{
  tg_buffer *buffers[MOST_OPERANDS] = {NULL};
  memset(&out->error, 0, sizeof out->error);
  memset(&out->outcome, 0xAB, sizeof out->outcome);
  memcpy(out->area, start, sizeof start);
  for (size_t i = 0; i < MOST_OPERANDS; i++) {
    unsigned char *data = out->area + t.places[i];
    if (t.is_buffer[i]) {
      assert_int_equal(tg_buffer_wrap(context, data, t.bindings[i].bytes, &buffers[i]), TG_OK);
    }
    t.bindings[i].data = t.is_null[i] || t.is_buffer[i] ? NULL : data;
    t.bindings[i].buffer = buffers[i];
  }
  t.call.bindings = t.call.bindings == NULL ? NULL : t.bindings;
  t.call.outcome = t.has_outcome ? &out->outcome : NULL;
  t.call.stats = stats;
  out->status = tg_invoke(kernel, &t.call, &out->error);
  for (size_t i = 0; i < MOST_OPERANDS; i++) {
    tg_buffer_destroy(buffers[i]);
  }
}

static void check(tg_context *context, const tg_kernel *kernel, const trial *t)
{
  static effect quick, careful;
  tg_stats stats;
  run(context, kernel, *t, NULL, &quick);
  run(context, kernel, *t, &stats, &careful);
  assert_int_equal(quick.status, careful.status);
  assert_string_equal(quick.error.message, careful.error.message);
  assert_string_equal(quick.error.hint, careful.error.hint);
  assert_memory_equal(&quick.outcome, &careful.outcome, sizeof quick.outcome);
  assert_memory_equal(quick.area, careful.area, sizeof quick.area);
}

/* ---- trials ---- */

typedef struct dice {
  uint64_t seed, index;
} dice;

static size_t roll(dice *d, size_t sides)
{
  return (size_t)(kit_random(d->seed, d->index++) >> 11) % sides;
}

static bool is_rare(dice *d)
{
  return roll(d, 40) == 0;
}

/* Bindings as they mostly are: operands one behind the other. */
static void bind_usually(const tg_kernel *kernel, size_t n, trial *t)
{
  size_t end = 64;
  t->call = (tg_invocation)TG_INVOCATION_INIT;
  t->call.n = n;
  t->call.n_bindings = tg_kernel_n_operands(kernel);
  t->call.bindings = t->bindings;
  for (size_t i = 0; i < t->call.n_bindings; i++) {
    tg_operand_info info;
    assert_int_equal(tg_kernel_operand(kernel, (tg_operand)i, &info), TG_OK);
    size_t bytes = tg_mode_bytes(info.mode), all = info.kind == TG_INPUT || info.kind == TG_OUTPUT ? n * bytes : bytes;
    t->places[i] = end;
    t->bindings[i] = (tg_binding){.bytes = all, .stride = (ptrdiff_t)bytes};
    end += (all + 63) & ~(size_t)63;
  }
}

static size_t odd_size(dice *d, size_t size)
{
  const size_t sizes[] = {0, size - 1, size + 1, SIZE_MAX, SIZE_MAX - size, SIZE_MAX / 2, SIZE_MAX / 2 + 1, size / 2};
  return sizes[roll(d, sizeof sizes / sizeof *sizes)];
}

/* Memory that there is, some of it that of others. */
static void move_somewhere(dice *d, trial *t, size_t i)
{
  size_t other = roll(d, t->call.n_bindings), shift = roll(d, 4) == 0 ? roll(d, 9) : 0;
  size_t place = t->places[other] + (roll(d, 3) == 0 ? t->bindings[other].bytes : 0);
  bool is_before = roll(d, 2) == 0 && place >= shift;
  place = is_before ? place - shift : place + shift;
  t->places[i] = place + t->bindings[i].bytes <= AREA ? place : t->places[i];
}

static void change_binding(dice *d, trial *t, size_t i)
{
  tg_binding *b = &t->bindings[i];
  size_t room = AREA - t->places[i];
  switch (roll(d, 8)) {
  case 0: b->offset = odd_size(d, roll(d, 64)); break;
  case 1: /* as far into more memory */
    b->offset = roll(d, 70);
    b->bytes += b->offset + b->bytes <= room ? b->offset : 0;
    break;
  case 2: b->bytes = roll(d, b->bytes + 1); break;
  case 3:
    b->stride = (ptrdiff_t[]){0, -b->stride, 2 * b->stride, b->stride + 1, PTRDIFF_MAX, PTRDIFF_MIN}[roll(d, 6)];
    break;
  case 4: t->is_null[i] = true; break;
  case 5: t->is_buffer[i] = true; break;
  default: move_somewhere(d, t, i); break;
  }
}

static void change_call(dice *d, trial *t)
{
  switch (roll(d, 5)) {
  case 0: /* as many lanes as there may be are too many for any stream */
    t->call.n = (uint64_t[]){0, TG_N_MAX + 1, UINT64_MAX, TG_N_MAX}[roll(d, t->call.n_bindings > 0 ? 4 : 3)];
    break;
  case 1: t->call.n_bindings = odd_size(d, t->call.n_bindings); break;
  case 2: t->call.size = (uint32_t)roll(d, 100); break;
  case 3: t->call.bindings = NULL; break;
  default: t->call.fuel = roll(d, 3); break;
  }
}

static void try_once(dice *d, tg_context *context, const tg_kernel *kernel, tg_workspace *const workspaces[2])
{
  static const size_t lengths[] = {1, 2, 15, 16, 17, 64, 100, 1000, 4095, 4096, 4097};
  trial t = {.has_outcome = roll(d, 4) == 0};
  bind_usually(kernel, lengths[roll(d, sizeof lengths / sizeof *lengths)], &t);
  for (size_t i = 0; i < t.call.n_bindings; i++) {
    if (roll(d, 4) == 0) {
      change_binding(d, &t, i);
    }
  }
  t.call.workspace = workspaces[is_rare(d)];
  if (is_rare(d)) {
    t.call.workspace = NULL;
  }
  if (is_rare(d)) {
    change_call(d, &t);
  }
  check(context, kernel, &t);
}

static void compare_ways(const char *backend, uint64_t seed)
{
  tg_context *context = kit_context();
  for (size_t k = 0; k < sizeof graphs / sizeof *graphs; k++) {
    dice d = {seed + k, 0};
    tg_kernel *kernel = compile(context, graphs[k], backend);
    tg_workspace *workspaces[2]; /* one of them too small */
    size_t bytes = tg_kernel_workspace_bytes(kernel);
    assert_int_equal(tg_workspace_create(context, bytes, &workspaces[0]), TG_OK);
    assert_int_equal(tg_workspace_create(context, bytes - 1, &workspaces[1]), TG_OK);
    for (size_t i = 0; i < TRIALS; i++) {
      try_once(&d, context, kernel, workspaces);
    }
    tg_workspace_destroy(workspaces[0]);
    tg_workspace_destroy(workspaces[1]);
    tg_kernel_destroy(kernel);
  }
  tg_context_destroy(context);
}

static void on_vec(void **state)
{
  (void)state;
  compare_ways("vec", 1);
  compare_ways("vec:0/3", 100);
}

static void on_llvm(void **state)
{
  (void)state;
  plugin_need();
  compare_ways("llvm", 200);
}

static void on_auto(void **state)
{
  (void)state;
  plugin_need();
  compare_ways("auto:0", 300);
  compare_ways("auto:1", 400);
  compare_ways("auto", 500);
}

/* ---- the usual ---- */

/* NULL: what is usual. */
static void demand_way(tg_context *context, const tg_kernel *kernel, void (*change)(trial *t), bool is_quick)
{
  static effect e;
  tg_workspace *workspace;
  trial t = {.has_outcome = false};
  bind_usually(kernel, 100, &t);
  assert_int_equal(tg_workspace_create(context, tg_kernel_workspace_bytes(kernel), &workspace), TG_OK);
  t.call.workspace = workspace;
  for (size_t i = 0; i < t.call.n_bindings; i++) {
    t.bindings[i].data = e.area + t.places[i];
  }
  if (change != NULL) {
    change(&t);
  }
  assert_true(quick_invoke(kernel, &t.call) == is_quick);
  tg_workspace_destroy(workspace);
}

/* Of the first graph: m, x, z, y. */
static void on_stack(trial *t)
{
  t->call.workspace = NULL;
}

static void in_place(trial *t)
{
  t->bindings[3].data = t->bindings[2].data;
}

static void one_behind(trial *t)
{
  t->bindings[3].data = (unsigned char *)t->bindings[2].data + 4;
}

static void at_the_end(trial *t)
{
  t->bindings[3].data = (unsigned char *)t->bindings[2].data + 400;
}

static void just_before(trial *t)
{
  t->bindings[3].data = (unsigned char *)t->bindings[0].data - 4;
}

static void too_short(trial *t)
{
  t->bindings[1].bytes--;
}

static void misaligned(trial *t)
{
  t->bindings[1].offset = 1;
  t->bindings[1].bytes++;
}

static void backwards(trial *t)
{
  t->bindings[1].stride = -4;
  t->bindings[1].offset = 396;
}

static void too_many(trial *t)
{
  t->call.n = TG_BLOCK_LANES + 1;
}

static void none(trial *t)
{
  t->call.n = 0;
}

static void check_ways(const char *backend)
{
  tg_context *context = kit_context();
  for (size_t k = 0; k <= N_QUICK; k++) {
    tg_kernel *kernel = compile(context, graphs[k], backend);
    demand_way(context, kernel, NULL, k < N_QUICK && (k != MODES || strcmp(backend, "vec") != 0));
    if (k == 0) {
      void (*const quick[])(trial *) = {on_stack, in_place, at_the_end};
      void (*const careful[])(trial *) = {one_behind, just_before, too_short, misaligned, backwards, too_many, none};
      for (size_t i = 0; i < sizeof quick / sizeof *quick; i++) {
        demand_way(context, kernel, quick[i], true);
      }
      for (size_t i = 0; i < sizeof careful / sizeof *careful; i++) {
        demand_way(context, kernel, careful[i], false);
      }
    }
    tg_kernel_destroy(kernel);
  }
  tg_context_destroy(context);
}

static void usual_on_vec(void **state)
{
  (void)state;
  check_ways("vec");
}

static void usual_on_llvm(void **state)
{
  (void)state;
  plugin_need();
  check_ways("llvm");
  check_ways("auto:0");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(on_vec),       cmocka_unit_test(on_llvm),       cmocka_unit_test(on_auto),
      cmocka_unit_test(usual_on_vec), cmocka_unit_test(usual_on_llvm),
  };
  return cmocka_run_group_tests(tests, fill_start, NULL);
}
