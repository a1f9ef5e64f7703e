/* pattern_test.c: the groups of operations that `vec` does with one kernel (a <= b, halves of products, words joined),
 * and `llvm` with instructions of their own: the kernels of every instruction set against C, and graphs in which groups
 * are whole, used elsewhere too, parted by loops and branches or made of uniform values, against `ref`. */
#include "kit.h"
#include "plugin.h"
#include "strips.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- kernels ---- */

enum { MOST = 131 };

static uint64_t a[MOST], b[MOST], c[MOST], expected[MOST];

static void fill_words(void)
{
  for (size_t i = 0; i < MOST; i++) {
    a[i] = kit_random(1, i) & UINT32_MAX;
    b[i] = kit_random(2, i) & UINT32_MAX;
    c[i] = kit_random(3, i) & UINT32_MAX;
  }
  a[0] = b[0] = UINT32_MAX;
}

/* kind of b and c: a stream, one element, none. */
static void check_high(const vec_kernels *table, size_t n, const unsigned kind[2], uint32_t factor)
{
  strip x = strips_input(4, a, n, 4), y = strips_input(4, b, kind[0] == 0 ? n : 1, 8);
  strip z = strips_input(4, c, kind[1] == 0 ? n : 1, 12), out = strips_output(4, c, n, 4);
  vec_high how = {factor, {kind[0] == 2 ? NULL : y.data, kind[1] == 2 ? NULL : z.data}, {kind[0] == 1, kind[1] == 1}};
  for (size_t i = 0; i < n; i++) {
    uint64_t high = a[i] * factor >> 32;
    expected[i] = high ^ (kind[0] == 2 ? 0 : b[kind[0] == 0 ? i : 0]) ^ (kind[1] == 2 ? 0 : c[kind[1] == 0 ? i : 0]);
  }
  strips_say("%s high n %zu kinds %u %u", table->isa, n, kind[0], kind[1]);
  table->high(n, out.data, x.data, &how);
  strips_check(&out, TG_U32, true, expected, n);
  strips_free(&x);
  strips_free(&y);
  strips_free(&z);
  strips_free(&out);
}

static void check_join(const vec_kernels *table, size_t n)
{
  strip x = strips_input(4, a, n, 4), y = strips_input(4, b, n, 8), out = strips_output(8, c, n, 8);
  for (size_t i = 0; i < n; i++) {
    expected[i] = a[i] | b[i] << 32;
  }
  strips_say("%s join n %zu", table->isa, n);
  table->join(n, out.data, x.data, y.data);
  strips_check(&out, TG_U64, true, expected, n);
  strips_free(&x);
  strips_free(&y);
  strips_free(&out);
}

static void test_kernels(void **state)
{
  const vec_kernels *table;
  (void)state;
  fill_words();
  for (size_t i = 0; (table = strips_table(i)) != NULL; i++) {
    for (size_t n = 0; n <= MOST && table->high != NULL; n++) {
      for (unsigned kinds = 0; kinds < 9; kinds++) {
        check_high(table, n, (const unsigned[]){kinds % 3, kinds / 3}, n % 3 == 0 ? UINT32_MAX : 0xD2511F53);
      }
      check_join(table, n);
    }
  }
}

/* ---- graphs ---- */

#define BARE_WORDS                                                                                                     \
  " input x u32\n input z u32\n output y u32\n output w u64\n param m u32\n result total u64\n %x = load x\n"          \
  " %z = load z\n %m = param m\n %k = const u64 0xD2511F53\n %s = const u64 32\n %wide = convert u64 %x\n"
#define WORDS BARE_WORDS " sum total %z\n"
#define COUNT_UP " %zero = const u32 0\n %one = const u32 1\n %n = const u32 9\n %few = and %x, %n\n"
#define HALVES " %p = mul %wide, %k\n %h = shr %p, %s\n %high = convert u32 %h\n %low = convert u32 %p\n"

static const char *const graphs[] = {
    "graph round {" WORDS HALVES " %a = xor %high, %z\n %y = xor %a, %m\n %v = xor %y, %low\n store y %v\n"
    " %w = convert u64 %low\n store w %w\n }\n",
    "graph turned {" WORDS " %p = mul %k, %wide\n %h = shr %p, %s\n %high = convert i32 %h\n %b = bitcast u32 %high\n"
    " %y = xor %z, %b\n store y %y\n %w = convert u64 %high\n store w %w\n }\n",
    "graph three {" WORDS HALVES " %a = xor %m, %high\n %b = xor %x, %a\n %y = xor %b, %z\n store y %y\n"
    " store w %wide\n }\n",
    "graph both {" WORDS HALVES " %xz = convert u64 %z\n %q = mul %xz, %k\n %r = shr %q, %s\n %other = convert u32 %r\n"
    " %y = xor %high, %other\n store y %y\n %w = convert u64 %other\n store w %w\n }\n",
    "graph whole {" WORDS HALVES " %y = xor %high, %low\n store y %y\n store w %p\n }\n",
    "graph shifted {" WORDS HALVES " %y = xor %high, %low\n store y %y\n store w %h\n }\n",
    "graph twice {" WORDS HALVES " %a = xor %high, %z\n %y = xor %a, %high\n %v = add %y, %a\n store y %v\n"
    " %w = convert u64 %a\n store w %w\n }\n",
    "graph large {" WORDS
    " %big = const u64 0x1D2511F53\n %p = mul %wide, %big\n %h = shr %p, %s\n %y = convert u32 %h\n"
    " store y %y\n %low = convert u32 %p\n %w = convert u64 %low\n store w %w\n }\n",
    "graph other {" WORDS
    " %t = const u64 31\n %p = mul %wide, %k\n %h = shr %p, %t\n %y = convert u32 %h\n store y %y\n"
    " %low = convert u16 %p\n %w = convert u64 %low\n store w %w\n }\n",
    "graph joined {" WORDS " %zw = convert u64 %z\n %up = shl %zw, %s\n %w = or %up, %wide\n store w %w\n"
    " %t = const u64 11\n %v = shr %w, %t\n %y = convert u32 %v\n store y %y\n }\n",
    "graph apart {" WORDS " %zw = convert u64 %z\n %up = shl %zw, %s\n %w = or %wide, %up\n store w %w\n"
    " %y = convert u32 %up\n store y %y\n }\n",
    "graph orders {" WORDS " %l = lt %x, %z\n %e = eq %z, %x\n %le = or %e, %l\n %y = select %le, %x, %z\n store y %y\n"
    " %lm = lt %x, %m\n %em = eq %x, %m\n %lem = or %lm, %em\n %ml = lt %m, %z\n %me = eq %m, %z\n"
    " %mle = or %ml, %me\n %t = xor %lem, %mle\n %w = convert u64 %t\n store w %w\n }\n",
    "graph floats {" WORDS " %f = bitcast f32 %x\n %g = bitcast f32 %z\n %l = lt %f, %g\n %e = eq %f, %g\n"
    " %le = or %l, %e\n %y = convert u32 %le\n store y %y\n %n = lt %g, %f\n %ne = or %n, %e\n %w = convert u64 %ne\n"
    " store w %w\n }\n",
    "graph unlike {" WORDS " %l = lt %x, %z\n %e = eq %x, %m\n %le = or %l, %e\n %y = convert u32 %le\n store y %y\n"
    " %w = convert u64 %l\n store w %w\n }\n",
    /* The product is made in the condition, its halves in the step; then of what is outside and of a counter. */
    "graph loops {" WORDS " %zero = const u32 0\n %one = const u32 1\n %n = const u32 9\n"
    " %a, %b, %i = loop %c = %x, %d = %z, %j = %zero {\n  %cw = convert u64 %c\n  %p = mul %cw, %k\n  %l = lt %j, %n\n"
    "  %l2 = lt %d, %c\n  %e2 = eq %c, %d\n  %le = or %l2, %e2\n  %odd = or %le, %l\n  %go = and %odd, %l\n  test %go\n"
    "  %h = shr %p, %s\n  %high = convert u32 %h\n  %low = convert u32 %p\n  %v = xor %high, %d\n  %u = xor %v, %j\n"
    "  %jw = convert u64 %j\n  %jp = mul %jw, %k\n  %jh = convert u32 %jp\n  %q = mul %wide, %k\n  %qs = shr %q, %s\n"
    "  %qh = convert u32 %qs\n  %low2 = xor %low, %qh\n  %t = add %low2, %jh\n  %i2 = add %j, %one\n  yield %u, %t, "
    "%i2\n }\n"
    " store y %a\n %w = convert u64 %b\n store w %w\n }\n",
    /* Results of loops whose rounds are the same for all lanes, and of branches on such: stored, summed, used again. */
    "graph level {" BARE_WORDS " %zero = const u32 0\n %one = const u32 1\n %n = const u32 5\n"
    " %low = and %m, %n\n"
    " %i, %b, %c = loop %j = %zero, %d = %one, %e = %x {\n  %go = lt %j, %low\n  test %go\n  %odd = and %j, %one\n"
    "  %d2, %e2 = branch %odd {\n   %d3 = add %d, %n\n   %e3 = xor %e, %d\n   yield %d3, %e3\n  } {\n"
    "   yield %one, %z\n  }\n  %i2 = add %j, %one\n  yield %i2, %d2, %e2\n }\n"
    " %k2, %f = loop %j2 = %i, %g = %c {\n  %go2 = lt %j2, %n\n  test %go2\n  %g2 = add %g, %b\n"
    "  %j3 = add %j2, %one\n  yield %j3, %g2\n }\n"
    " %y = branch %b {\n  yield %f\n } {\n  %v = add %f, %k2\n  yield %v\n }\n store y %y\n %t = add %b, %i\n"
    " %w = convert u64 %t\n %square = mul %w, %w\n store w %square\n sum total %square\n }\n",
    /* Loops that lanes leave at different times: the factor is widened before one, the product is made between two. */
    "graph stages {" WORDS COUNT_UP
    " %a, %i = loop %c = %z, %j = %zero {\n  %go = lt %j, %few\n  test %go\n  %cw = convert u64 %c\n"
    "  %q = mul %wide, %cw\n  %qs = shr %q, %s\n  %high = convert u32 %qs\n  %low = convert u32 %q\n"
    "  %v = add %high, %low\n  %j2 = add %j, %one\n  yield %v, %j2\n }\n %p = mul %k, %wide\n"
    " %b, %i2 = loop %c2 = %a, %j3 = %zero {\n  %go2 = lt %j3, %few\n  test %go2\n  %ps = shr %p, %s\n"
    "  %ph = convert u32 %ps\n  %pl = convert u32 %p\n  %u = xor %c2, %ph\n  %t = add %u, %pl\n"
    "  %j4 = add %j3, %one\n  yield %t, %j4\n }\n store y %b\n %both = mul %p, %p\n store w %both\n }\n",
    "graph factors {" WORDS " %zw = convert u64 %z\n %mw = convert u64 %m\n %p = mul %mw, %wide\n %ps = shr %p, %s\n"
    " %ph = convert u32 %ps\n %pl = convert u32 %p\n %q = mul %zw, %wide\n %qs = shr %q, %s\n"
    " %qh = convert u32 %qs\n %ql = convert u32 %q\n %u = xor %ph, %pl\n %v = xor %qh, %u\n %t = add %ql, %v\n"
    " store y %t\n %r = mul %q, %p\n %rs = shr %r, %s\n %rh = convert u32 %rs\n %w = convert u64 %rh\n store w %w\n "
    "}\n",
    /* Integers of 64 bits as floats. */
    "graph doubles {" WORDS " %zw = convert u64 %z\n %p = mul %zw, %wide\n %f = convert f64 %p\n %i = bitcast i64 %p\n"
    " %g = convert f64 %i\n %e = const u64 11\n %few = shr %p, %e\n %h = convert f64 %few\n %fg = div %f, %g\n"
    " %fh = div %fg, %h\n %w = bitcast u64 %fh\n store w %w\n %y = convert u32 %f\n store y %y\n }\n",
    "graph parts {" WORDS " %two = const u32 2\n %one = const u32 1\n %sel = and %x, %one\n %y = branch %sel {\n" HALVES
    "  %v = xor %high, %z\n  %u = xor %v, %m\n  %t = add %u, %low\n  yield %t\n } {\n  %zw = convert u64 %z\n"
    "  %p2 = mul %zw, %k\n  %h2 = shr %p2, %s\n  %u2 = convert u32 %h2\n  yield %u2\n }\n store y %y\n store w %wide\n "
    "}\n"};

enum { LANES = 1000 };

static uint32_t words[2][LANES];

typedef struct results {
  uint32_t y[LANES];
  uint64_t w[LANES], total;
} results;

static bool run(tg_context *context, const char *text, const char *backend, size_t n, results *out)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_error error = {.code = TG_OK};
  tg_invocation call = TG_INVOCATION_INIT;
  uint32_t m = 0x9E3779B9;
  const tg_binding bindings[] = {{.data = words[0], .bytes = sizeof words[0], .stride = 4},
                                 {.data = words[1], .bytes = sizeof words[1], .stride = 4},
                                 {.data = out->y, .bytes = sizeof out->y, .stride = 4},
                                 {.data = out->w, .bytes = sizeof out->w, .stride = 8},
                                 {.data = &m, .bytes = sizeof m},
                                 {.data = &out->total, .bytes = sizeof out->total}};
  tg_graph *g;
  tg_kernel *kernel = NULL;
  if (tg_graph_read(context, text, strlen(text), TG_FORM_TEXT, &g, &error) != TG_OK) {
    fail_msg("%.20s: %u: %s", text, (unsigned)error.pos.line, error.message);
  }
  options.backend = backend;
  tg_status status = tg_compile(context, g, &options, &kernel, &error);
  tg_graph_destroy(g);
  if (status == TG_UNSUPPORTED) {
    return false; /* this processor lacks the instructions */
  }
  assert_int_equal(status, TG_OK);
  memset(out, 0x5A, sizeof *out);
  call.n = n;
  call.bindings = bindings;
  call.n_bindings = tg_kernel_n_operands(kernel);
  assert_int_equal(kit_invoke(context, kernel, call, NULL), TG_OK);
  tg_kernel_destroy(kernel);
  return true;
}

static void compare(tg_context *context, const char *text, const char *const *backends, size_t n)
{
  static results of_ref, of_other;
  assert_true(run(context, text, "ref", n, &of_ref));
  for (; *backends != NULL; backends++) {
    if (run(context, text, *backends, n, &of_other) && memcmp(&of_ref, &of_other, sizeof of_ref) != 0) {
      fail_msg("%s: %.20s, %zu lanes", *backends, text, n);
    }
  }
}

static void compare_all(const char *const *backends)
{
  tg_context *context;
  assert_int_equal(tg_context_create(NULL, &context), TG_OK);
  for (size_t i = 0; i < LANES; i++) {
    words[0][i] = (uint32_t)kit_random(4, i);
    words[1][i] = i % 3 == 0 ? words[0][i] : (uint32_t)kit_random(5, i); /* often equal */
  }
  for (size_t i = 0; i < KIT_COUNT(graphs); i++) {
    compare(context, graphs[i], backends, 1);
    compare(context, graphs[i], backends, 37);
    compare(context, graphs[i], backends, LANES);
  }
  tg_context_destroy(context);
}

static void test_graphs(void **state)
{
  static const char *const names[] = {"vec:0",   "vec:1",   "vec:2",   "vec:3", "vec:0/3",
                                      "vec:1/3", "vec:2/3", "vec:3/3", NULL};
  (void)state;
  compare_all(names);
}

static void test_machine_code(void **state)
{
  static const char *const names[] = {"llvm", "llvm:128", "llvm:256", "llvm/refill", "llvm:256/refill", NULL};
  (void)state;
  plugin_need();
  compare_all(names);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_kernels), cmocka_unit_test(test_graphs),
                                     cmocka_unit_test(test_machine_code)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
