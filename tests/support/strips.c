/* strips.c: see strips.h. */
#include "strips.h"

#include "base/float.h"
#include "graph/element.h"
#include "graph/eval.h"
#include "kit.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { GUARD = 96, GUARD_BYTE = 0xA5 };

/* ---- values ---- */

typedef struct edges {
  uint64_t *bits;
  size_t n;
} edges;

static void put(edges *e, tg_type type, uint64_t bits)
{
  assert_true(e->n < STRIPS_MAX_EDGES);
  e->bits[e->n++] = bits & type_mask(type);
}

/* A number, its negative, and their neighbours. */
static void put_around(edges *e, tg_type type, uint64_t bits)
{
  put(e, type, bits);
  put(e, type, bits + 1);
  put(e, type, bits - 1);
  put(e, type, 0 - bits);
}

static void put_integers(edges *e, tg_type type)
{
  static const uint64_t some[] = {2, 5, 8, 16, 32, 64, 100};
  unsigned bits = type_table[type].bits;
  put(e, type, 0);
  for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
    put_around(e, type, some[i]);
  }
  put_around(e, type, UINT64_C(1) << (bits - 1));
  for (unsigned k = 7; k + 1 < bits; k += k == 23 ? 1 : k < 23 ? 8 : 29) {
    put_around(e, type, UINT64_C(1) << k);
  }
  /* Halfway between two floats of 24 or 53 bits, to an even and to an odd neighbour. */
  put_around(e, type, UINT64_C(0x8000008000000000));
  put_around(e, type, UINT64_C(0x4000006000000000));
  put_around(e, type, UINT64_C(0x8000000000000400));
  put_around(e, type, UINT64_C(0x2000000000000300));
  put_around(e, type, UINT64_C(0x0400000400000000));
  put_around(e, type, UINT64_C(0x0040000040000000));
}

/* Positive floats by their bits, and the same with a sign. */
static void put_both(edges *e, tg_type type, uint64_t bits)
{
  put(e, type, bits);
  put(e, type, bits | UINT64_C(1) << (type_table[type].bits - 1));
}

static void put_floats(edges *e, tg_type type)
{
  static const double some[] = {0.25, 0.5, 0.75, 1, 1.5, 2.5, 3, 100.5, 127.5, 255.5, 65535.5, 8388607.5, 1e9, 1e30};
  static const int powers[] = {-126, -24, -14, 7, 8, 15, 16, 23, 24, 31, 32, 52, 53, 63, 64};
  unsigned fraction = type == TG_F32 ? 23 : 52;
  uint64_t unit = UINT64_C(1) << fraction, infinity = (type_mask(type) >> 1) + 1 - unit;
  const uint64_t special[] = {0, 1, unit - 1, unit, infinity - 1, infinity, infinity + 1, infinity + unit / 2 + 5};
  for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
    put_both(e, type, special[i]);
  }
  for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
    put_both(e, type, type == TG_F32 ? f32_bits((float)some[i]) : f64_bits(some[i]));
  }
  for (size_t i = 0; i < sizeof powers / sizeof powers[0]; i++) {
    uint64_t power = (uint64_t)(powers[i] + (type == TG_F32 ? 127 : 1023)) << fraction;
    put_both(e, type, power);
    put_both(e, type, power - 1);
    put_both(e, type, power + 1);
  }
}

size_t strips_edges(tg_type type, uint64_t bits[STRIPS_MAX_EDGES])
{
  edges e = {bits, 0};
  if (type == TG_BOOL) {
    put(&e, type, 0);
    put(&e, type, 1);
  } else if (type_in(type, TG_CLASS_INT)) {
    put_integers(&e, type);
  } else {
    put_floats(&e, type);
  }
  return e.n;
}

/* Integers of every number of bits; floats near 1, and of any magnitude. */
static uint64_t random_value(tg_type type, uint64_t r, uint64_t choice)
{
  uint64_t x = r;
  if (type_in(type, TG_CLASS_INT)) {
    x = r >> (choice >> 8 & (type_table[type].bits - 1));
    x = choice & 16 ? 0 - x : x;
  } else if (choice & 16) {
    float small = (float)(int16_t)r / 64;
    x = type == TG_F32 ? f32_bits(small) : f64_bits((double)small);
  }
  return x & type_mask(type);
}

void strips_random(tg_type type, uint64_t seed, uint64_t *values, size_t n)
{
  uint64_t edge[STRIPS_MAX_EDGES];
  size_t n_edges = strips_edges(type, edge);
  for (size_t i = 0; i < n; i++) {
    uint64_t choice = kit_random(seed, 2 * i), r = kit_random(seed, 2 * i + 1);
    values[i] = choice & 1 ? edge[r % n_edges] : random_value(type, r, choice);
  }
}

/* ---- memory ---- */

uint64_t strips_get(const void *elements, size_t bytes, size_t i)
{
  static const tg_mode modes[] = {TG_MODE_U8, TG_MODE_U8, TG_MODE_U16, TG_MODE_U16, TG_MODE_U32};
  return element_load(bytes == 8 ? TG_MODE_U64 : modes[bytes], (const unsigned char *)elements + i * bytes);
}

void strips_put(void *elements, size_t bytes, size_t i, uint64_t value)
{
  static const tg_mode modes[] = {TG_MODE_U8, TG_MODE_U8, TG_MODE_U16, TG_MODE_U16, TG_MODE_U32};
  element_store(bytes == 8 ? TG_MODE_U64 : modes[bytes], (unsigned char *)elements + i * bytes, value);
}

static strip make(size_t bytes, const uint64_t *values, size_t n, size_t before, size_t after)
{
  strip s = {NULL, NULL, before, n * bytes, after};
  s.base = malloc(before + s.n_bytes + after + 1);
  assert_non_null(s.base);
  s.data = s.base + before;
  memset(s.base, GUARD_BYTE, before + s.n_bytes + after);
  for (size_t i = 0; i < n; i++) {
    strips_put(s.data, bytes, i, values[i]);
  }
  return s;
}

strip strips_input(size_t bytes, const uint64_t *values, size_t n, size_t head)
{
  return make(bytes, values, n, head, 0);
}

strip strips_output(size_t bytes, const uint64_t *values, size_t n, size_t head)
{
  return make(bytes, values, n, GUARD + head, GUARD);
}

void strips_free(strip *s)
{
  free(s->base);
}

/* ---- checks ---- */

static char topic[160];

void strips_say(const char *format, ...)
{
  va_list list;
  va_start(list, format);
  vsnprintf(topic, sizeof topic, format, list);
  va_end(list);
}

void strips_check_guards(const strip *s)
{
  for (size_t i = 0; i < s->n_before; i++) {
    if (s->base[i] != GUARD_BYTE) {
      fail_msg("%s: wrote %zu bytes before", topic, s->n_before - i);
    }
  }
  for (size_t i = 0; i < s->n_after; i++) {
    if (s->data[s->n_bytes + i] != GUARD_BYTE) {
      fail_msg("%s: wrote %zu bytes behind", topic, i + 1);
    }
  }
}

void strips_check(const strip *s, tg_type type, bool is_exact, const uint64_t *expected, size_t n)
{
  size_t bytes = type_table[type].bytes;
  for (size_t i = 0; i < n; i++) {
    uint64_t got = strips_get(s->data, bytes, i);
    got = is_exact ? got : value_canonical(type, got);
    if (got != expected[i]) {
      fail_msg("%s: element %zu of %zu is %#llx, not %#llx", topic, i, n, (unsigned long long)got,
               (unsigned long long)expected[i]);
    }
  }
  strips_check_guards(s);
}

void strips_check_value(uint64_t got, uint64_t expected)
{
  if (got != expected) {
    fail_msg("%s: %#llx, not %#llx", topic, (unsigned long long)got, (unsigned long long)expected);
  }
}

const vec_kernels *strips_table(size_t index)
{
  for (size_t i = 0; vec_kernels_at(i) != NULL; i++) {
    if (vec_kernels_usable(vec_kernels_at(i)) && index-- == 0) {
      return vec_kernels_at(i);
    }
  }
  return NULL;
}
