/* symtab_test.c: the map from names to numbers against what was put into it; memory that fails; many keys alike. */
#include "base/symtab.h"

#include "fail_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 20000 };

static size_t key_of(uint32_t i, char key[16])
{
  return (size_t)snprintf(key, 16, "x.%lu", (unsigned long)i);
}

static void keeps_what_was_put(void **state)
{
  (void)state;
  symtab t;
  uint32_t value = 7;
  symtab_init(&t, alloc_default());
  assert_false(symtab_get(&t, "a", 1, &value));
  assert_int_equal(value, 7);
  assert_true(symtab_put(&t, "a", 1, 1));
  assert_true(symtab_put(&t, "ab", 2, 2));
  assert_true(symtab_put(&t, "", 0, 3));
  assert_true(symtab_put(&t, "a\0b", 3, 4));
  assert_true(symtab_put(&t, "a", 1, UINT32_MAX));
  assert_true(symtab_get(&t, "a", 1, &value));
  assert_int_equal(value, UINT32_MAX);
  assert_true(symtab_get(&t, "abc", 2, &value));
  assert_int_equal(value, 2);
  assert_true(symtab_get(&t, "", 0, &value));
  assert_int_equal(value, 3);
  assert_true(symtab_get(&t, "a\0b", 3, &value));
  assert_int_equal(value, 4);
  assert_false(symtab_get(&t, "a\0c", 3, &value));
  assert_false(symtab_get(&t, "b", 1, &value));
  symtab_free(&t);
  assert_false(symtab_get(&t, "a", 1, &value));
}

static void copies_its_keys(void **state)
{
  (void)state;
  symtab t;
  char key[16];
  uint32_t value;
  symtab_init(&t, alloc_default());
  for (uint32_t i = 0; i < MANY; i++) {
    size_t n = key_of(i, key);
    assert_true(symtab_put(&t, key, n, i * 3));
    memset(key, '!', sizeof key);
  }
  for (uint32_t i = 0; i < MANY; i++) {
    size_t n = key_of(i, key);
    assert_true(symtab_get(&t, key, n, &value));
    assert_int_equal(value, i * 3);
    assert_false(symtab_get(&t, key, n - 1, &value) && value == i * 3);
  }
  assert_false(symtab_get(&t, "x.20000", 7, &value));
  symtab_free(&t);
}

/* Keys that differ in one place, at every place of a long key: none takes another's number. */
static void tells_keys_apart(void **state)
{
  (void)state;
  symtab t;
  char key[40];
  uint32_t value;
  symtab_init(&t, alloc_default());
  for (uint32_t pass = 0; pass < 2; pass++) {
    for (uint32_t place = 0; place < sizeof key; place++) {
      for (uint32_t letter = 1; letter < 26; letter++) {
        memset(key, 'a', sizeof key);
        key[place] = (char)('a' + letter);
        if (pass == 0) {
          assert_false(symtab_get(&t, key, sizeof key, &value));
          assert_true(symtab_put(&t, key, sizeof key, place * 100 + letter));
        } else {
          assert_true(symtab_get(&t, key, sizeof key, &value));
          assert_int_equal(value, place * 100 + letter);
        }
      }
    }
  }
  symtab_free(&t);
}

/* The longest run of used slots stays short: with a hash that fails on counting names it would be thousands. */
static void spreads_names(void **state)
{
  (void)state;
  symtab t;
  char key[16];
  size_t run = 0, longest = 0;
  symtab_init(&t, alloc_default());
  for (uint32_t i = 0; i < MANY; i++) {
    assert_true(symtab_put(&t, key, key_of(i, key), i));
  }
  for (size_t i = 0; i < t.n_slots; i++) {
    run = t.slots[i].is_used ? run + 1 : 0;
    longest = run > longest ? run : longest;
  }
  assert_true(t.n_used * 3 <= t.n_slots * 2);
  assert_true(longest < 400);
  symtab_free(&t);
}

/* With the n-th allocation failing: put says so, what was there is still there, and the next put works. */
static void survives_failure(void **state)
{
  (void)state;
  for (size_t n = 1;; n++) {
    fail_alloc f;
    symtab t;
    char key[16];
    uint32_t value, failed_at = UINT32_MAX;
    symtab_init(&t, fail_alloc_make(&f, n, 0));
    for (uint32_t i = 0; i < 200; i++) {
      if (!symtab_put(&t, key, key_of(i, key), i)) {
        assert_int_equal(failed_at, UINT32_MAX);
        assert_false(symtab_get(&t, key, key_of(i, key), &value));
        failed_at = i;
      }
    }
    for (uint32_t i = 0; i < 200; i++) {
      assert_int_equal(symtab_get(&t, key, key_of(i, key), &value), i != failed_at);
      assert_true(i == failed_at || value == i);
    }
    symtab_free(&t);
    assert_int_equal(f.live, 0);
    assert_false(f.misused);
    if (failed_at == UINT32_MAX) {
      assert_true(n > 5);
      return;
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(keeps_what_was_put), cmocka_unit_test(copies_its_keys),
                                     cmocka_unit_test(tells_keys_apart), cmocka_unit_test(spreads_names),
                                     cmocka_unit_test(survives_failure)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
