/* bind_test.c: which elements lie inside their memory: every small case against a count in plain words, and cases whose
 * products and sums would wrap around if they were made before they are checked. The memory is never touched, so it may
 * be larger than the machine has. */
#include "kit.h"

#include "runtime/kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Operands: an input, a table and a param of one type. Nothing is written, so nothing can overlap. */
enum { INPUT, TABLE, PARAM, N_OPERANDS };

typedef struct fixture {
  tg_context *context;
  tg_kernel *kernels[4]; /* of u8, u16, u32, u64 */
} fixture;

static int set_up(void **state)
{
  static fixture f;
  f.context = kit_context();
  for (int k = 0; k < 4; k++) {
    tg_graph *g = kit_graph(f.context);
    kit_load(g, "input", (tg_type)(TG_U8 + k));
    kit_declare(g, TG_TABLE, "table", (tg_type)(TG_U8 + k));
    kit_param(g, "param", (tg_type)(TG_U8 + k));
    f.kernels[k] = kit_compile(f.context, g);
  }
  *state = &f;
  return 0;
}

static int tear_down(void **state)
{
  fixture *f = *state;
  for (int k = 0; k < 4; k++) {
    tg_kernel_destroy(f->kernels[k]);
  }
  tg_context_destroy(f->context);
  return 0;
}

/* Some place that nothing lies at: it is not zero, and the greatest offsets do not wrap around from it. */
static void *somewhere(void)
{
  return (void *)(uintptr_t)4096;
}

static tg_status bind(const tg_kernel *kernel, uint64_t n, const tg_binding bindings[N_OPERANDS],
                      operand_memory memory[N_OPERANDS])
{
  tg_invocation invocation = TG_INVOCATION_INIT;
  tg_error error = {0};
  invocation.n = n;
  invocation.bindings = bindings;
  invocation.n_bindings = N_OPERANDS;
  tg_status status = bind_operands(kernel, &invocation, memory, &error);
  assert_int_equal(error.code, status);
  return status;
}

/* The same memory for one of the operands, and enough for the others. */
static tg_status bind_one(const tg_kernel *kernel, int operand, uint64_t n, tg_binding binding, operand_memory *memory)
{
  operand_memory all[N_OPERANDS];
  tg_binding bindings[N_OPERANDS];
  for (int i = 0; i < N_OPERANDS; i++) {
    bindings[i] = i == operand ? binding : (tg_binding){.data = somewhere(), .bytes = 8};
  }
  tg_status status = bind(kernel, n, bindings, all);
  *memory = all[operand];
  return status;
}

/* ---- small cases ---- */

/* How many elements from the first on lie inside, up to n. */
static int64_t count_inside(tg_binding b, int64_t size, int64_t n)
{
  int64_t i = 0;
  for (; i < n; i++) {
    int64_t at = (int64_t)b.offset + i * b.stride;
    if (at < 0 || at + size > (int64_t)b.bytes) {
      break;
    }
  }
  return i;
}

static void demand_memory(const operand_memory *memory, tg_binding binding, uint64_t length)
{
  assert_int_equal(memory->length, length);
  if (length == 0) {
    assert_null(memory->base);
    return;
  }
  assert_ptr_equal(memory->base, (unsigned char *)binding.data + binding.offset);
  assert_true(length == 1 || memory->stride == binding.stride);
}

static void check_small(const tg_kernel *kernel, int64_t size, tg_binding b, int64_t n)
{
  operand_memory memory;
  int64_t inside = count_inside(b, size, n), in_table = count_inside(b, size, b.stride == 0 ? 1 : 1000);
  assert_int_equal(bind_one(kernel, INPUT, (uint64_t)n, b, &memory), inside == n ? TG_OK : TG_BOUNDS);
  if (inside == n) {
    demand_memory(&memory, b, (uint64_t)n);
  }
  assert_int_equal(bind_one(kernel, TABLE, (uint64_t)n, b, &memory), TG_OK);
  demand_memory(&memory, b, (uint64_t)in_table);
  assert_int_equal(bind_one(kernel, PARAM, (uint64_t)n, b, &memory), in_table > 0 ? TG_OK : TG_BOUNDS);
  if (in_table > 0) {
    demand_memory(&memory, b, 1);
  }
}

static void every_small_case(void **state)
{
  const fixture *f = *state;
  for (int k = 0; k < 4; k++) {
    for (size_t bytes = 0; bytes <= 17; bytes++) {
      for (size_t offset = 0; offset <= 18; offset++) {
        for (ptrdiff_t stride = -9; stride <= 9; stride++) {
          tg_binding b = {.data = somewhere(), .bytes = bytes, .offset = offset, .stride = stride};
          for (int64_t n = 0; n <= 4; n++) {
            check_small(f->kernels[k], 1 << k, b, n);
          }
        }
      }
    }
  }
}

/* ---- large cases: an input of u32 ---- */

#define T40 (UINT64_C(1) << 40)
#define TOP ((size_t)PTRDIFF_MAX)

static void large_cases(void **state)
{
  static const struct {
    size_t bytes, offset;
    ptrdiff_t stride;
    uint64_t n;
    tg_status status;
  } cases[] = {
      {TOP, TOP - 4, 1, 1, TG_OK},
      {TOP, TOP - 3, 1, 1, TG_BOUNDS},
      {TOP, TOP - 4, 1, 2, TG_BOUNDS},
      {TOP, TOP - 4, -1, 2, TG_OK},
      {TOP, TOP - 4, PTRDIFF_MIN, 1, TG_OK},
      {TOP, TOP - 4, PTRDIFF_MIN, 2, TG_BOUNDS},
      {TOP, TOP - 4, PTRDIFF_MIN, T40, TG_BOUNDS},
      {TOP, TOP - 4, -PTRDIFF_MAX, 2, TG_BOUNDS},
      {TOP, TOP - 4, -(PTRDIFF_MAX - 4), 2, TG_OK},
      {TOP, TOP - 4, -(PTRDIFF_MAX - 4), 3, TG_BOUNDS},
      {TOP, TOP - 4, -(PTRDIFF_MAX - 3), 2, TG_BOUNDS},
      {TOP, 0, PTRDIFF_MAX, 1, TG_OK},
      {TOP, 0, PTRDIFF_MAX, 2, TG_BOUNDS},
      {TOP, 0, PTRDIFF_MAX - 4, 2, TG_OK},
      {TOP, 1, PTRDIFF_MAX - 4, 2, TG_BOUNDS},
      {TOP, 0, PTRDIFF_MIN, 1, TG_OK},
      {TOP, 0, PTRDIFF_MIN, 2, TG_BOUNDS},
      {TOP, 0, 1 << 23, T40, TG_OK},
      {TOP, 0, 1 << 24, T40, TG_BOUNDS},
      {TOP, 0, 1 << 25, T40, TG_BOUNDS},
      {TOP, 0, (1 << 23) - 1, T40, TG_OK},
      {TOP, 0, 1 << 23, T40 / 2, TG_OK},
      {(size_t)4 << 40, 0, 4, T40, TG_OK},
      {((size_t)4 << 40) - 1, 0, 4, T40, TG_BOUNDS},
      {(size_t)4 << 40, 1, 4, T40, TG_BOUNDS},
      {(size_t)4 << 40, ((size_t)4 << 40) - 4, -4, T40, TG_OK},
      {(size_t)4 << 40, ((size_t)4 << 40) - 8, -4, T40, TG_BOUNDS},
      {4, 0, 0, T40, TG_OK},
      {3, 0, 0, 1, TG_BOUNDS},
      {4, SIZE_MAX, 1, 1, TG_BOUNDS},
      {4, SIZE_MAX - 3, 4, 2, TG_BOUNDS},
      {4, SIZE_MAX, 0, 0, TG_OK},
      {SIZE_MAX, SIZE_MAX, 1, 1, TG_BOUNDS},
      {SIZE_MAX, SIZE_MAX - 3, 1, 1, TG_BOUNDS},
      {SIZE_MAX, SIZE_MAX - 4, PTRDIFF_MAX, 2, TG_BOUNDS},
      {SIZE_MAX, 0, -1, 2, TG_BOUNDS},
      {0, 0, 4, 1, TG_BOUNDS},
      {0, 0, 4, 0, TG_OK},
      {0, SIZE_MAX, PTRDIFF_MIN, 0, TG_OK},
  };
  const fixture *f = *state;
  for (size_t i = 0; i < KIT_COUNT(cases); i++) {
    tg_binding b = {.data = somewhere(), .bytes = cases[i].bytes, .offset = cases[i].offset, .stride = cases[i].stride};
    operand_memory memory;
    tg_status status = bind_one(f->kernels[2], INPUT, cases[i].n, b, &memory);
    if (status != cases[i].status) {
      fail_msg("case %zu: %s, expected %s", i, tg_status_name(status), tg_status_name(cases[i].status));
    }
    if (status == TG_OK) {
      demand_memory(&memory, b, cases[i].n);
    }
  }
}

/* A table's length does not wrap either; out of bounds it is empty. */
static void large_tables(void **state)
{
  static const struct {
    size_t bytes, offset;
    ptrdiff_t stride;
    uint64_t length;
  } cases[] = {
      {TOP, 0, 1, TOP - 3},
      {TOP, TOP - 4, -1, TOP - 3},
      {TOP, TOP - 4, PTRDIFF_MIN, 1},
      {TOP, 0, PTRDIFF_MAX, 1},
      {TOP, 0, PTRDIFF_MAX - 4, 2},
      {TOP, TOP, 1, 0},
      {TOP, SIZE_MAX, 1, 0},
      {SIZE_MAX, SIZE_MAX - 2, 1, 0},
      {3, 0, 1, 0},
      {TOP, 0, 0, 1},
      {TOP, 0, 4, TOP / 4},
      {TOP, 0, PTRDIFF_MIN, 1},
      {TOP, TOP - 4, -4, TOP / 4},
      {TOP, TOP - 8, -PTRDIFF_MAX, 1},
  };
  const fixture *f = *state;
  for (size_t i = 0; i < KIT_COUNT(cases); i++) {
    tg_binding b = {.data = somewhere(), .bytes = cases[i].bytes, .offset = cases[i].offset, .stride = cases[i].stride};
    operand_memory memory;
    assert_int_equal(bind_one(f->kernels[2], TABLE, 3, b, &memory), TG_OK);
    demand_memory(&memory, b, cases[i].length);
  }
}

/* A param looks at element 0 alone, and not at the stride. */
static void params_have_no_stride(void **state)
{
  const fixture *f = *state;
  static const ptrdiff_t strides[] = {0, 1, -1, PTRDIFF_MAX, PTRDIFF_MIN};
  for (size_t i = 0; i < KIT_COUNT(strides); i++) {
    operand_memory memory;
    tg_binding b = {.data = somewhere(), .bytes = 8, .offset = 4, .stride = strides[i]};
    assert_int_equal(bind_one(f->kernels[2], PARAM, T40, b, &memory), TG_OK);
    demand_memory(&memory, b, 1);
    b.offset = 5;
    assert_int_equal(bind_one(f->kernels[2], PARAM, 0, b, &memory), TG_BOUNDS);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_small_case),
      cmocka_unit_test(large_cases),
      cmocka_unit_test(large_tables),
      cmocka_unit_test(params_have_no_stride),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
