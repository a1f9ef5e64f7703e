/* vec_kernels_test.c: the strip kernels that work element by element, of every instruction set that this processor has,
 * against the semantics that `ref` runs: every pair of edge values, random bits, every length up to 67, unaligned
 * heads, in place, and scalar operands of every edge value. */
#include "base/fpenv.h"
#include "graph/element.h"
#include "graph/eval.h"
#include "strips.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MAX_PAIRS = STRIPS_MAX_EDGES * STRIPS_MAX_EDGES, MAX_LENGTH = 67, N_SCALAR = 131 };

/* ---- kernels as the tests see them ---- */

typedef enum group { UNARY, BINARY, CANONICAL, SELECT, FMA, FUSED, FUSED_CANONICAL, DIVMOD, CONVERT } group;

typedef struct kernel {
  group group;
  int op;          /* vec_unary, vec_binary; FUSED: which pair; DIVMOD: which results are asked for, 1 and 2 */
  tg_type type;    /* of the operands (of select: the values) */
  tg_type to;      /* of the results */
  vec_form form;   /* of BINARY, CANONICAL, SELECT; DIVMOD: VV or VS; FUSED: a bit for each scalar operand */
  tg_op meaning;   /* how `ref` names it */
  uint16_t detail; /* rounding */
} kernel;

static int size_index(tg_type type)
{
  return (const int[]){0, 0, 1, 0, 2, 0, 0, 0, 3}[type_table[type].bytes];
}

static const char *name_of(const vec_kernels *table, const kernel *k)
{
  static char name[128];
  snprintf(name, sizeof name, "%s %s %s->%s%s form %d part %d", table->isa, op_table[k->meaning].name,
           type_table[k->type].name, type_table[k->to].name, k->group == CANONICAL ? " canonical" : "", (int)k->form,
           k->op);
  return name;
}

static int n_args(const kernel *k)
{
  return rule_table[op_table[k->meaning].rule].n_args;
}

static tg_type arg_type(const kernel *k, int arg)
{
  return k->group == SELECT && arg == 0 ? TG_BOOL : k->type;
}

static bool is_fused(const kernel *k)
{
  return k->group == FUSED || k->group == FUSED_CANONICAL;
}

static bool arg_is_scalar(const kernel *k, int arg)
{
  if (is_fused(k)) {
    return (unsigned)k->form >> arg & 1;
  }
  int first = k->group == SELECT ? 1 : 0;
  return (k->form == VEC_SV && arg == first) || (k->form == VEC_VS && arg == first + 1);
}

static vec_fused_fn *pair_of(const vec_kernels *table, const kernel *k)
{
  int first = k->op / VEC_SECOND_COUNT, second = k->op % VEC_SECOND_COUNT;
  return (k->group == FUSED ? table->fused : table->fused_canonical)[first][second][k->type];
}

static bool is_there(const vec_kernels *table, const kernel *k)
{
  switch (k->group) {
  case UNARY: return table->unary[k->op][k->type] != NULL;
  case BINARY: return table->binary[k->op][k->type][k->form] != NULL;
  case CANONICAL: return table->binary_canonical[k->op][k->type][k->form] != NULL;
  case SELECT: return table->select[size_index(k->type)][k->form] != NULL;
  case FMA: return table->fma[k->type] != NULL;
  case FUSED:
  case FUSED_CANONICAL: return pair_of(table, k) != NULL;
  case DIVMOD: return (k->form == VEC_VV ? table->divmod : table->divmod_scalar)[k->type] != NULL;
  case CONVERT: return table->convert[k->type][k->to] != NULL;
  }
  return false;
}

static void call(const vec_kernels *table, const kernel *k, size_t n, void *const out[2], const void *const in[3])
{
  switch (k->group) {
  case UNARY: table->unary[k->op][k->type](n, out[0], in[0]); break;
  case BINARY: table->binary[k->op][k->type][k->form](n, out[0], in[0], in[1]); break;
  case CANONICAL: table->binary_canonical[k->op][k->type][k->form](n, out[0], in[0], in[1]); break;
  case SELECT: table->select[size_index(k->type)][k->form](n, out[0], in[0], in[1], in[2]); break;
  case FMA: table->fma[k->type](n, out[0], in[0], in[1], in[2]); break;
  case FUSED:
  case FUSED_CANONICAL: pair_of(table, k)(n, out[0], in[0], in[1], in[2], (unsigned)k->form); break;
  case CONVERT: table->convert[k->type][k->to](n, out[0], in[0]); break;
  case DIVMOD:
    (k->form == VEC_VV ? table->divmod : table->divmod_scalar)[k->type](n, k->op & 1 ? out[0] : NULL,
                                                                        k->op & 2 ? out[1] : NULL, in[0], in[1]);
    break;
  }
}

/* ---- what is expected ---- */

static uint64_t evaluate_two(tg_op op, tg_type type, uint64_t a, uint64_t b)
{
  uint32_t args[2] = {0, 1};
  uint64_t bits[3] = {a, b, 0};
  graph_value values[3] = {{.type = (uint8_t)type}, {.type = (uint8_t)type}, {.type = (uint8_t)type}};
  tg_graph one = {.args.data = args, .values.data = values};
  graph_node node = {.op = (uint8_t)op, .type = (uint8_t)type, .n_args = 2, .first_result = 2};
  eval_node(&one, &node, bits);
  return bits[2];
}

static void evaluate_pair(const kernel *k, const uint64_t x[3], uint64_t *result)
{
  static const tg_op firsts[VEC_FIRST_COUNT] = {TG_OP_ADD, TG_OP_SUB, TG_OP_MUL};
  static const tg_op seconds[VEC_SECOND_COUNT] = {TG_OP_ADD, TG_OP_SUB, TG_OP_SUB, TG_OP_MUL, TG_OP_DIV, TG_OP_DIV};
  vec_second second = (vec_second)(k->op % VEC_SECOND_COUNT);
  bool is_turned = second == VEC_SECOND_FROM || second == VEC_SECOND_OVER;
  uint64_t first = evaluate_two(firsts[k->op / VEC_SECOND_COUNT], k->type, x[0], x[1]);
  *result = value_canonical(k->type,
                            evaluate_two(seconds[second], k->type, is_turned ? x[2] : first, is_turned ? first : x[2]));
}

static void evaluate(const kernel *k, const uint64_t x[3], uint64_t results[2])
{
  if (is_fused(k)) {
    evaluate_pair(k, x, results);
    return;
  }
  if (k->group == BINARY && k->op == VEC_LE) {
    results[0] = evaluate_two(TG_OP_LT, k->type, x[0], x[1]) | evaluate_two(TG_OP_EQ, k->type, x[0], x[1]);
    return;
  }
  uint32_t args[3] = {0, 1, 2};
  uint64_t bits[5] = {x[0], x[1], x[2], 0, 0};
  graph_value values[5] = {{0}};
  for (int i = 0; i < n_args(k); i++) {
    values[i].type = (uint8_t)arg_type(k, i);
  }
  tg_graph one = {.args.data = args, .values.data = values};
  graph_node node = {.op = (uint8_t)k->meaning,
                     .type = (uint8_t)k->to,
                     .detail = k->detail,
                     .n_args = (uint32_t)n_args(k),
                     .first_result = 3};
  eval_node(&one, &node, bits);
  results[0] = value_canonical(k->to, bits[3]);
  results[1] = value_canonical(k->to, bits[4]);
}

/* ---- one call ---- */

typedef struct data {
  uint64_t in[3][MAX_PAIRS], expected[2][MAX_PAIRS];
  size_t n;
} data;

static data d;

static void expect(const kernel *k)
{
  for (size_t i = 0; i < d.n; i++) {
    uint64_t x[3] = {0, 0, 0}, results[2];
    for (int a = 0; a < n_args(k); a++) {
      x[a] = d.in[a][arg_is_scalar(k, a) ? 0 : i];
    }
    evaluate(k, x, results);
    d.expected[0][i] = results[0];
    d.expected[1][i] = results[1];
  }
}

/* One call on n elements of the data from `first`. in_place: which operand the last result shares memory with, or -1;
 * of two results the other one has its own. */
static void call_once(const vec_kernels *table, const kernel *k, size_t first, size_t n, size_t head, int in_place)
{
  strip in[3], out[2];
  void *results[2];
  const void *operands[3] = {NULL, NULL, NULL};
  size_t to = type_table[k->to].bytes;
  int n_out = k->group == DIVMOD ? 2 : 1, shared = k->group == DIVMOD && k->op == 1 ? 0 : n_out - 1;
  for (int r = 0; r < n_out; r++) {
    const uint64_t *start = in_place >= 0 && r == shared ? d.in[in_place] + first : d.expected[1 - r] + first;
    out[r] = strips_output(to, start, n, head * to);
    results[r] = out[r].data;
  }
  for (int a = 0; a < n_args(k); a++) {
    size_t bytes = type_table[arg_type(k, a)].bytes;
    bool is_scalar = arg_is_scalar(k, a);
    in[a] = strips_input(bytes, d.in[a] + (is_scalar ? 0 : first), is_scalar ? 1 : n, (head + 1 + (size_t)a) * bytes);
    operands[a] = a == in_place ? out[shared].data : in[a].data;
  }
  strips_say("%s n %zu head %zu in place %d", name_of(table, k), n, head, in_place);
  call(table, k, n, results, operands);
  for (int r = 0; r < n_out; r++) {
    bool is_asked = k->group != DIVMOD || (k->op >> r & 1) != 0,
         is_exact = k->group == CANONICAL || k->group == FUSED_CANONICAL || k->detail == 99;
    strips_check(&out[r], k->to, is_exact, is_asked ? d.expected[r] + first : d.expected[1 - r] + first,
                 is_asked || in_place < 0 ? n : 0);
    strips_free(&out[r]);
  }
  for (int a = 0; a < n_args(k); a++) {
    strips_free(&in[a]);
  }
}

/* ---- all calls of one kernel ---- */

static void call_lengths(const vec_kernels *table, const kernel *k)
{
  for (size_t n = 0; n <= MAX_LENGTH; n++) {
    size_t first = n * 37 % (d.n - n);
    call_once(table, k, first, n, n % 5, -1);
    for (int a = 0; a < n_args(k); a++) {
      if (!arg_is_scalar(k, a) && type_table[arg_type(k, a)].bytes == type_table[k->to].bytes) {
        call_once(table, k, first, n, n % 3, a);
      }
    }
  }
}

/* All data in every table, and if wanted parts of it of all lengths. */
static void call_all(const kernel *k, bool has_lengths)
{
  const vec_kernels *table;
  expect(k);
  for (size_t i = 0; (table = strips_table(i)) != NULL; i++) {
    if (is_fused(k) && table->fused[0][0][TG_F32] == NULL) {
      continue; /* a table without any of them */
    }
    assert_true(is_there(table, k));
    call_once(table, k, 0, d.n, i, -1);
    if (has_lengths) {
      call_lengths(table, k);
    }
  }
}

/* Every edge of the first two operands that are no conditions with every other; the rest random. */
static void fill_pairs(const kernel *k)
{
  uint64_t edges[STRIPS_MAX_EDGES];
  size_t n_edges = strips_edges(k->type, edges), n_all = n_args(k) > 1 ? n_edges * n_edges : n_edges;
  int first = k->group == SELECT ? 1 : 0;
  d.n = n_all + 500;
  for (int a = 0; a < n_args(k); a++) {
    strips_random(arg_type(k, a), 7 + (uint64_t)a, d.in[a], d.n);
  }
  for (size_t i = 0; i < n_all; i++) {
    d.in[first][i] = edges[i % n_edges];
    if (n_args(k) > 1) {
      d.in[first + 1][i] = edges[i / n_edges];
    }
  }
}

static void fill_random(const kernel *k, uint64_t seed, size_t n)
{
  d.n = n;
  for (int a = 0; a < n_args(k); a++) {
    strips_random(arg_type(k, a), seed + (uint64_t)a, d.in[a], n);
  }
}

/* A scalar operand of every edge value, each against other values. */
static void call_scalars(const kernel *k, int scalar)
{
  uint64_t edges[STRIPS_MAX_EDGES];
  size_t n_edges = strips_edges(k->type, edges);
  for (size_t e = 0; e < n_edges + 20; e++) {
    fill_random(k, 100 * e, N_SCALAR);
    d.in[scalar][0] = e < n_edges ? edges[e] : d.in[scalar][0];
    call_all(k, false);
  }
}

static void check_kernel(const kernel *k)
{
  bool has_scalar = false;
  for (int a = 0; a < n_args(k); a++) {
    if (arg_is_scalar(k, a)) {
      call_scalars(k, a);
      has_scalar = true;
    }
  }
  if (!has_scalar) {
    fill_pairs(k);
    call_all(k, false);
  }
  fill_random(k, 1, 1000);
  call_all(k, true);
}

/* ---- groups of kernels ---- */

/* Demands that the kernel is there in every table for the types of the class, and checks it; else in none. */
static void check_for(kernel k, unsigned classes)
{
  const vec_kernels *table;
  if (type_in(k.type, classes)) {
    check_kernel(&k);
    return;
  }
  for (size_t i = 0; (table = strips_table(i)) != NULL; i++) {
    assert_false(is_there(table, &k));
  }
}

static const struct {
  tg_op meaning;
  unsigned classes;
  uint16_t detail;
} unaries[VEC_UNARY_COUNT] = {
    [VEC_NEG] = {TG_OP_NEG, TG_CLASS_NUMBER, 0},
    [VEC_NOT] = {TG_OP_NOT, TG_CLASS_BITS, 0},
    [VEC_SQRT] = {TG_OP_SQRT, TG_CLASS_FLOAT, 0},
    [VEC_ROUND_EVEN] = {TG_OP_ROUND, TG_CLASS_FLOAT, TG_ROUND_EVEN},
    [VEC_ROUND_DOWN] = {TG_OP_ROUND, TG_CLASS_FLOAT, TG_ROUND_DOWN},
    [VEC_ROUND_UP] = {TG_OP_ROUND, TG_CLASS_FLOAT, TG_ROUND_UP},
    [VEC_ROUND_ZERO] = {TG_OP_ROUND, TG_CLASS_FLOAT, TG_ROUND_ZERO},
    /* A bitcast to its own type makes a NaN canonical; 99 asks for exact bits. */
    [VEC_CANONICAL] = {TG_OP_BITCAST, TG_CLASS_FLOAT, 99},
};

static const struct {
  tg_op meaning;
  unsigned classes;
  bool has_canonical;
} binaries[VEC_BINARY_COUNT] = {
    [VEC_ADD] = {TG_OP_ADD, TG_CLASS_NUMBER, true},      [VEC_SUB] = {TG_OP_SUB, TG_CLASS_NUMBER, true},
    [VEC_MUL] = {TG_OP_MUL, TG_CLASS_NUMBER, true},      [VEC_MAX] = {TG_OP_MAX, TG_CLASS_NUMBER, true},
    [VEC_DIV] = {TG_OP_DIV, TG_CLASS_FLOAT, true},       [VEC_SHL] = {TG_OP_SHL, TG_CLASS_INT, false},
    [VEC_SHR] = {TG_OP_SHR, TG_CLASS_INT, false},        [VEC_OR] = {TG_OP_OR, TG_CLASS_BITS, false},
    [VEC_AND] = {TG_OP_AND, TG_CLASS_BITS, false},       [VEC_XOR] = {TG_OP_XOR, TG_CLASS_BITS, false},
    [VEC_ANDNOT] = {TG_OP_ANDNOT, TG_CLASS_BITS, false}, [VEC_LT] = {TG_OP_LT, TG_CLASS_NUMBER, false},
    [VEC_LE] = {TG_OP_LT, TG_CLASS_NUMBER, false},       [VEC_EQ] = {TG_OP_EQ, TG_CLASS_ANY, false},
};

static void test_unary(void **state)
{
  (void)state;
  for (int op = 0; op < VEC_UNARY_COUNT; op++) {
    for (int type = 0; type < TG_TYPE_COUNT; type++) {
      check_for((kernel){UNARY, op, (tg_type)type, (tg_type)type, VEC_VV, unaries[op].meaning, unaries[op].detail},
                unaries[op].classes);
    }
  }
}

static void check_binary(group kind, int op, unsigned classes)
{
  for (int type = 0; type < TG_TYPE_COUNT; type++) {
    tg_type to = op == VEC_LT || op == VEC_LE || op == VEC_EQ ? TG_BOOL : (tg_type)type;
    for (int form = 0; form < VEC_FORM_COUNT; form++) {
      check_for((kernel){kind, op, (tg_type)type, to, (vec_form)form, binaries[op].meaning, 0}, classes);
    }
  }
}

static void test_binary(void **state)
{
  (void)state;
  for (int op = 0; op < VEC_BINARY_COUNT; op++) {
    check_binary(BINARY, op, binaries[op].classes);
  }
}

static void test_binary_canonical(void **state)
{
  (void)state;
  for (int op = 0; op < VEC_BINARY_COUNT; op++) {
    check_binary(CANONICAL, op, binaries[op].has_canonical ? TG_CLASS_FLOAT : 0);
  }
}

static void test_select(void **state)
{
  (void)state;
  for (int form = 0; form < VEC_FORM_COUNT; form++) {
    for (tg_type type = TG_U8; type <= TG_U64; type++) {
      check_kernel(&(kernel){SELECT, 0, type, type, (vec_form)form, TG_OP_SELECT, 0});
    }
  }
}

static void test_fma(void **state)
{
  (void)state;
  for (int type = 0; type < TG_TYPE_COUNT; type++) {
    check_for((kernel){FMA, 0, (tg_type)type, (tg_type)type, VEC_VV, TG_OP_FMA, 0}, TG_CLASS_FLOAT);
  }
}

/* Every set of scalar operands with every pair; only some of the pairs of operations are there for integers. */
static void check_fused(group kind, int op, unsigned classes)
{
  for (int type = 0; type < TG_TYPE_COUNT; type++) {
    for (int scalars = 0; scalars < 8; scalars++) {
      bool is_wide = type_table[type].bytes >= 4;
      kernel k = {kind, op, (tg_type)type, (tg_type)type, (vec_form)scalars, TG_OP_FMA, 0};
      check_for(k, is_wide ? classes : 0);
    }
  }
}

static void test_fused(void **state)
{
  (void)state;
  for (int op = 0; op < VEC_FIRST_COUNT * VEC_SECOND_COUNT; op++) {
    int second = op % VEC_SECOND_COUNT;
    bool is_ratio = second == VEC_SECOND_DIV || second == VEC_SECOND_OVER;
    check_fused(FUSED, op, is_ratio ? TG_CLASS_FLOAT : TG_CLASS_NUMBER);
    check_fused(FUSED_CANONICAL, op, TG_CLASS_FLOAT);
  }
}

static void test_divmod(void **state)
{
  (void)state;
  for (int type = 0; type < TG_TYPE_COUNT; type++) {
    for (int part = 1; part <= 3; part++) {
      check_for((kernel){DIVMOD, part, (tg_type)type, (tg_type)type, VEC_VV, TG_OP_DIVMOD, 0}, TG_CLASS_INT);
      check_for((kernel){DIVMOD, part, (tg_type)type, (tg_type)type, VEC_VS, TG_OP_DIVMOD, 0}, TG_CLASS_INT);
    }
  }
}

/* Every dividend and divisor of 8 bits. */
static void test_divmod_8(void **state)
{
  const tg_type types[] = {TG_I8, TG_U8};
  const vec_kernels *table;
  (void)state;
  for (int t = 0; t < 2; t++) {
    for (uint64_t divisor = 0; divisor < 256; divisor++) {
      kernel k = {DIVMOD, 3, types[t], types[t], VEC_VV, TG_OP_DIVMOD, 0};
      d.n = 256;
      for (size_t i = 0; i < d.n; i++) {
        d.in[0][i] = i;
        d.in[1][i] = divisor;
      }
      expect(&k);
      for (size_t i = 0; (table = strips_table(i)) != NULL; i++) {
        k.form = VEC_VV;
        call_once(table, &k, 0, d.n, 0, -1);
        k.form = VEC_VS;
        call_once(table, &k, 0, d.n, 0, -1);
      }
    }
  }
}

static void test_convert(void **state)
{
  (void)state;
  for (int type = 0; type < TG_TYPE_COUNT; type++) {
    for (int to = 0; to < TG_TYPE_COUNT; to++) {
      check_for((kernel){CONVERT, 0, (tg_type)type, (tg_type)to, VEC_VV, TG_OP_CONVERT, 0},
                type == to ? 0 : TG_CLASS_ANY);
    }
  }
}

static int enter(void **state)
{
  (void)state;
  fpenv_enter();
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_unary),    cmocka_unit_test(test_binary),  cmocka_unit_test(test_binary_canonical),
      cmocka_unit_test(test_select),   cmocka_unit_test(test_fma),     cmocka_unit_test(test_divmod),
      cmocka_unit_test(test_divmod_8), cmocka_unit_test(test_convert), cmocka_unit_test(test_fused),
  };
  return cmocka_run_group_tests(tests, enter, NULL);
}
