/* arena_test.c: memory that is freed all at once: zeroed, aligned, apart from each other, and gone at the end. */
#include "base/arena.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check_zero(const unsigned char *p, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(p[i], 0);
  }
}

/* Pieces of many sizes, small ones between large ones: each is filled, and none disturbs another. */
static void test_pieces(void **state)
{
  (void)state;
  enum { N = 300 };
  unsigned char *pieces[N];
  size_t sizes[N];
  arena a;
  arena_init(&a, alloc_default());
  for (size_t i = 0; i < N; i++) {
    sizes[i] = i % 50 == 7 ? (size_t)3 << 20 : i * 37 % 5000;
    pieces[i] = arena_zeroed(&a, sizes[i], 1);
    assert_non_null(pieces[i]);
    assert_int_equal((uintptr_t)pieces[i] % 16, 0);
    check_zero(pieces[i], sizes[i] < 5000 ? sizes[i] : 5000);
    memset(pieces[i], (int)(i % 251), sizes[i]);
  }
  for (size_t i = 0; i < N; i++) {
    for (size_t k = 0; k < sizes[i]; k += 1 + sizes[i] / 100) {
      assert_int_equal(pieces[i][k], i % 251);
    }
  }
  assert_false(a.failed);
  arena_free(&a);
}

static void test_copies(void **state)
{
  (void)state;
  const uint32_t numbers[] = {1, 2, 3};
  arena a;
  arena_init(&a, alloc_default());
  const uint32_t *copy = arena_copy(&a, numbers, 3, sizeof *numbers);
  assert_memory_equal(copy, numbers, sizeof numbers);
  assert_string_equal(arena_string(&a, "abcdef", 3), "abc");
  assert_string_equal(arena_string(&a, NULL, 0), "");
  assert_non_null(arena_copy(&a, NULL, 0, 8));
  arena_free(&a);
}

static void test_failure(void **state)
{
  (void)state;
  arena a;
  arena_init(&a, alloc_default());
  assert_null(arena_zeroed(&a, SIZE_MAX / 2, 4));
  assert_true(a.failed);
  assert_non_null(arena_zeroed(&a, 1, 4)); /* what can be had still is; the failure stays */
  assert_true(a.failed);
  arena_free(&a);
  fail_alloc f;
  arena_init(&a, fail_alloc_make(&f, 2, 0));
  assert_non_null(arena_zeroed(&a, 100, 1));
  assert_null(arena_zeroed(&a, 1 << 20, 1));
  assert_true(a.failed);
  arena_free(&a);
  assert_int_equal(f.live, 0);
  assert_int_equal(f.misused, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pieces),
      cmocka_unit_test(test_copies),
      cmocka_unit_test(test_failure),
  };
  return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
