/* vec_flat_test.c: `vec` and `llvm` on graphs without loops and reductions, which they run where their streams lie, in
 * one strip or many, and past the caches: the memory of all operands, with what lies around and between them, must be
 * what `ref` leaves, wherever outputs lie: apart, in place of an input that is still needed or not, unaligned, or
 * strided. */
#include "kit.h"
#include "plugin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { AREA = 33600, N_STREAMS = 4, N_BYTES = (N_STREAMS + 1) * AREA, PARAM = N_STREAMS * AREA + 512 };

/* Each has inputs x and z, outputs y and w and a param m, as far as it needs them. */
static const char *const graphs[] = {
    "graph axpy { param m f32\n input x f32\n input z f32\n output y f32\n %m = param m\n %x = load x\n %z = load z\n"
    " %p = mul %m, %x\n %y = add %p, %z\n store y %y\n }\n",
    /* y may be made before x is needed for the last time */
    "graph late { input x f32\n input z f32\n output y f32\n output w f32\n %x = load x\n %z = load z\n"
    " %y = sub %z, %x\n store y %y\n %w = mul %x, %x\n store w %w\n }\n",
    /* y is needed after it is made */
    "graph both { input x f32\n input z f32\n output y f32\n output w f32\n %x = load x\n %z = load z\n"
    " %y = mul %x, %z\n store y %y\n %w = add %y, %x\n store w %w\n }\n",
    "graph copies { input x f32\n input z i32\n output y f32\n output w i32\n %x = load x\n %z = load z\n"
    " store y %x\n store w %z\n }\n",
    "graph same { param m f32\n output y f32\n output w f32\n %m = param m\n %s = mul %m, %m\n store y %m\n"
    " store w %s\n }\n",
    "graph roots { input x f64\n output y f64\n output w f64\n %x = load x\n %y = sqrt %x\n %n = neg %y\n store y %y\n"
    " store w %n\n }\n",
    "graph bits { input x u16\n input z u16\n output y u16\n output w u16\n %x = load x\n %z = load z\n"
    " %a = and %x, %z\n %y = xor %a, %x\n store y %y\n %w = not %z\n store w %w\n }\n",
    "graph divides { input x i32\n input z i32\n output y i32\n output w i32\n %x = load x\n %z = load z\n"
    " %q, %r = divmod %x, %z\n store y %q\n store w %r\n }\n",
    "graph chooses { param m f32\n input x f32\n input z f32\n output y bool\n output w f32\n %m = param m\n"
    " %x = load x\n %z = load z\n %y = lt %x, %z\n store y %y\n %w = select %y, %m, %x\n store w %w\n }\n",
    "graph counts { param m u32\n input x u32\n output y u32\n output w u8\n %m = param m\n %x = load x\n"
    " %i = iota %m, %m\n %y = add %i, %x\n store y %y\n %w = convert u8 %y\n store w %w\n }\n",
    "graph long { input x f64\n input z f64\n output y f64\n output w f64\n %x = load x\n %z = load z\n"
    " %a = add %x, %z\n %b = sub %x, %z\n %c = mul %a, %b\n %d = max %a, %c\n %e = add %d, %z\n %y = mul %e, %a\n"
    " %w = sub %e, %b\n store y %y\n store w %w\n }\n"};

/* Where streams lie: bytes from an aligned address; the stride in elements; the input in whose place y and w are, or
 * -1. */
typedef struct layout {
  size_t shift, stride;
  int place[2];
} layout;
static const layout layouts[] = {{0, 1, {-1, -1}}, {8, 1, {-1, -1}}, {1, 1, {-1, -1}}, {0, 2, {-1, -1}},
                                 {0, 1, {0, -1}},  {0, 1, {1, -1}},  {8, 1, {-1, 0}},  {0, 1, {-1, 1}},
                                 {0, 1, {0, 1}},   {8, 1, {1, 0}},   {1, 1, {0, -1}},  {0, 2, {1, 0}}};
static const size_t lengths[] = {0, 1, 2, 17, 64, 255, 256, 300, 1000, 4099};

typedef struct memory {
  _Alignas(64) unsigned char bytes[N_BYTES];
} memory;
static memory start, expected, got;

static void bind(const tg_kernel *kernel, const layout *l, size_t n, memory *m, tg_binding *bindings)
{
  for (size_t i = 0; i < tg_kernel_n_operands(kernel); i++) {
    tg_operand_info info;
    assert_int_equal(tg_kernel_operand(kernel, (tg_operand)i, &info), TG_OK);
    size_t bytes = tg_mode_bytes(info.mode),
           area = info.kind == TG_INPUT ? info.name[0] == 'z' : 2 + (info.name[0] == 'w');
    if (info.kind == TG_PARAM) {
      bindings[i] = (tg_binding){.data = m->bytes + PARAM, .bytes = bytes};
      continue;
    }
    if (info.kind == TG_OUTPUT && l->place[area - 2] >= 0) {
      area = (size_t)l->place[area - 2];
    }
    bindings[i].data = m->bytes + area * AREA + 192 + l->shift;
    bindings[i].bytes = n * bytes * l->stride;
    bindings[i].stride = (ptrdiff_t)(bytes * l->stride);
  }
}

static tg_kernel *compile(tg_context *context, const char *text, const char *backend)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_graph *g;
  tg_kernel *kernel = NULL;
  tg_error error = {.code = TG_OK};
  assert_int_equal(tg_graph_read(context, text, strlen(text), TG_FORM_TEXT, &g, &error), TG_OK);
  options.backend = backend;
  tg_status status = tg_compile(context, g, &options, &kernel, &error);
  assert_true(status == TG_OK || status == TG_UNSUPPORTED);
  tg_graph_destroy(g);
  return kernel;
}

static tg_status run(tg_context *context, const tg_kernel *kernel, const layout *l, size_t n, memory *m)
{
  tg_binding bindings[8] = {{0}};
  tg_invocation call = TG_INVOCATION_INIT;
  *m = start;
  bind(kernel, l, n, m, bindings);
  call.n = n;
  call.bindings = bindings;
  call.n_bindings = tg_kernel_n_operands(kernel);
  return kit_invoke(context, kernel, call, NULL);
}

typedef struct subject {
  tg_kernel *kernel; /* NULL: this processor lacks it */
  const char *name;
} subject;
enum { MOST_SUBJECTS = 12 };
static const char *const vec_names[MOST_SUBJECTS] = {"vec:0",      "vec:1",      "vec:2",      "vec:3",
                                                     "vec:0/3",    "vec:1/3",    "vec:2/3",    "vec:3/3",
                                                     "vec:0/past", "vec:1/past", "vec:2/past", "vec:3/past"};
static const char *const llvm_names[MOST_SUBJECTS] = {"llvm:128",      "llvm:256",      "llvm",
                                                      "llvm:128/past", "llvm:256/past", "llvm/past"};

/* Layouts that a graph does not allow give the same error everywhere. */
static void compare(tg_context *context, const tg_kernel *ref, const subject *subjects, size_t at)
{
  const layout *l = &layouts[at / KIT_COUNT(lengths)];
  size_t n = lengths[at % KIT_COUNT(lengths)];
  if (l->stride > 1 && n > 1000) {
    return; /* there is no room */
  }
  tg_status status = run(context, ref, l, n, &expected);
  for (size_t i = 0; i < MOST_SUBJECTS; i++) {
    if (subjects[i].kernel != NULL &&
        (run(context, subjects[i].kernel, l, n, &got) != status || memcmp(&expected, &got, sizeof got) != 0)) {
      fail_msg("%s: layout %zu, %zu lanes", subjects[i].name, at / KIT_COUNT(lengths), n);
    }
  }
}

static void compare_graph(tg_context *context, const char *text, const char *const *names)
{
  subject subjects[MOST_SUBJECTS];
  tg_kernel *ref = compile(context, text, "ref");
  for (size_t i = 0; i < MOST_SUBJECTS; i++) {
    subjects[i] = (subject){names[i] == NULL ? NULL : compile(context, text, names[i]), names[i]};
  }
  for (size_t at = 0; at < KIT_COUNT(layouts) * KIT_COUNT(lengths); at++) {
    compare(context, ref, subjects, at);
  }
  for (size_t i = 0; i < MOST_SUBJECTS; i++) {
    tg_kernel_destroy(subjects[i].kernel);
  }
  tg_kernel_destroy(ref);
}

static void compare_all(const char *const *names)
{
  tg_context *context = kit_context();
  for (size_t i = 0; i < sizeof start.bytes; i++) {
    start.bytes[i] = (unsigned char)(kit_random(1, i) >> (kit_random(2, i / 8) % 9));
  }
  for (size_t k = 0; k < KIT_COUNT(graphs); k++) {
    compare_graph(context, graphs[k], names);
  }
  tg_context_destroy(context);
}

static void test_flat(void **state)
{
  (void)state;
  compare_all(vec_names);
}

static void test_llvm(void **state)
{
  (void)state;
  plugin_need();
  compare_all(llvm_names);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_flat), cmocka_unit_test(test_llvm)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
