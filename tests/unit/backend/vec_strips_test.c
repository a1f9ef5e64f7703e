/* vec_strips_test.c: the strip kernels that do more than one element at a time or move elements, of every instruction
 * set that this processor has: memory in every mode, lanes, sums, positions of extremes, gather and compression. */
#include "base/float.h"
#include "base/fpenv.h"
#include "graph/element.h"
#include "graph/eval.h"
#include "kit.h"
#include "strips.h"

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MAX_LENGTH = 67, N_LARGE = 1021, N_HALVES = 65536 };

static uint64_t a[N_HALVES], b[N_HALVES], expected[N_HALVES];

/* Lengths to try: all short ones, then a long one. 0 ends. */
static size_t next_length(size_t n)
{
  return n < MAX_LENGTH ? n + 1 : n == MAX_LENGTH ? N_LARGE : 0;
}

static tg_type unsigned_of(size_t size_index)
{
  return (tg_type)((size_t)TG_U8 + size_index);
}

/* ---- which tables ---- */

static void test_dispatch(void **state)
{
  size_t n = 0;
  (void)state;
  while (vec_kernels_at(n) != NULL) {
    assert_true(vec_kernels_at(n)->vector_bytes >= 8);
    n++;
  }
  assert_true(n > 0);
  assert_string_equal(vec_kernels_at(n - 1)->isa, "plain");
  assert_true(vec_kernels_usable(vec_kernels_at(n - 1)));
  assert_null(vec_kernels_at(n + 1));
  assert_false(vec_kernels_usable(NULL));
  assert_ptr_equal(vec_kernels_best(), strips_table(0));
}

/* ---- constants and lanes ---- */

static void test_fill(void **state)
{
  const vec_kernels *table;
  (void)state;
  for (size_t t = 0; (table = strips_table(t)) != NULL; t++) {
    for (size_t size = 0; size < VEC_SIZE_COUNT; size++) {
      tg_type type = unsigned_of(size);
      size_t n = 0;
      do {
        uint64_t x = kit_random(5, n) & type_mask(type);
        strip in = strips_input((size_t)1 << size, &x, 1, (size_t)1 << size);
        strip out = strips_output((size_t)1 << size, a, n, (n & 3) << size);
        for (size_t i = 0; i < n; i++) {
          expected[i] = x;
        }
        strips_say("%s fill of %s", table->isa, type_table[type].name);
        table->fill[size](n, out.data, in.data);
        strips_check(&out, type, true, expected, n);
        strips_free(&in);
        strips_free(&out);
        n = next_length(n);
      } while (n != 0);
    }
  }
}

static void check_iota(const vec_kernels *table, tg_type type, uint64_t first, size_t n)
{
  uint64_t x[2];
  size_t bytes = type_table[type].bytes;
  strips_random(type, first + 3 * n, x, 2);
  strip in = strips_input(bytes, x, 2, bytes), out = strips_output(bytes, a, n, bytes * (n & 3));
  for (size_t i = 0; i < n; i++) {
    expected[i] = value_canonical(type, eval_iota(type, x[0], x[1], first + i));
  }
  strips_say("%s iota of %s from %llu", table->isa, type_table[type].name, (unsigned long long)first);
  table->iota[type](n, out.data, first, in.data, in.data + bytes);
  strips_check(&out, type, false, expected, n);
  strips_free(&in);
  strips_free(&out);
}

static void test_iota(void **state)
{
  const uint64_t firsts[] = {0,
                             1,
                             4096,
                             16777210,
                             (1u << 30) - 3,
                             (1u << 31) - 5,
                             UINT64_C(0x100000007),
                             UINT64_C(1) << 40,
                             UINT64_C(1) << 52,
                             (UINT64_C(1) << 53) - 9,
                             UINT64_MAX - N_LARGE};
  const vec_kernels *table;
  (void)state;
  for (size_t t = 0; (table = strips_table(t)) != NULL; t++) {
    assert_null(table->iota[TG_BOOL]);
    for (tg_type type = TG_I8; type <= TG_F64; type++) {
      for (size_t f = 0; f < KIT_COUNT(firsts); f++) {
        size_t n = 0;
        do {
          check_iota(table, type, firsts[f], n);
          n = next_length(n);
        } while (n != 0);
      }
    }
  }
}

/* ---- memory ---- */

/* Caller's memory of n elements at a stride, its element 0 `head` bytes from an aligned address, all bytes random. */
typedef struct area {
  unsigned char *base, *first;
  size_t n_bytes;
} area;

static area make_area(tg_mode mode, size_t n, ptrdiff_t stride, size_t head)
{
  size_t span = n == 0 ? 0 : (n - 1) * (size_t)(stride < 0 ? -stride : stride) + mode_table[mode].bytes;
  area m = {malloc(span + head + 1), NULL, span + head};
  assert_non_null(m.base);
  m.first = m.base + head + (stride < 0 && n > 0 ? (n - 1) * (size_t)-stride : 0);
  for (size_t i = 0; i < m.n_bytes; i++) {
    uint64_t r = kit_random(n + (size_t)mode, i);
    m.base[i] = (unsigned char)(r & 256 ? r : r & 512 ? 0xFF : r & 1024 ? 0x7F : 0);
  }
  return m;
}

static void check_load(const vec_kernels *table, tg_mode mode, size_t n, ptrdiff_t stride, size_t head)
{
  tg_type type = (tg_type)mode_table[mode].type;
  area m = make_area(mode, n, stride, head);
  strip out = strips_output(type_table[type].bytes, a, n, 0);
  for (size_t i = 0; i < n; i++) {
    expected[i] = value_canonical(type, element_load(mode, m.first + (ptrdiff_t)i * stride));
  }
  strips_say("%s load of %s at stride %td", table->isa, mode_table[mode].name, stride);
  table->load[mode](n, out.data, m.first, stride);
  strips_check(&out, type, false, expected, n);
  strips_free(&out);
  free(m.base);
}

static void check_store(const vec_kernels *table, tg_mode mode, size_t n, ptrdiff_t stride, size_t head)
{
  tg_type type = (tg_type)mode_table[mode].type;
  area m = make_area(mode, n, stride, head), wanted = make_area(mode, n, stride, head);
  strips_random(type, n, a, n);
  strip in = strips_input(type_table[type].bytes, a, n, 0);
  for (size_t i = 0; i < n; i++) {
    element_store(mode, wanted.first + (ptrdiff_t)i * stride, a[i]);
  }
  strips_say("%s store of %s at stride %td", table->isa, mode_table[mode].name, stride);
  table->store[mode](n, m.first, stride, in.data);
  for (size_t i = 0; i < m.n_bytes; i++) {
    strips_check_value(m.base[i], wanted.base[i]);
  }
  strips_free(&in);
  free(m.base);
  free(wanted.base);
}

static void check_mode(const vec_kernels *table, tg_mode mode)
{
  ptrdiff_t bytes = mode_table[mode].bytes;
  const ptrdiff_t strides[] = {bytes, -bytes, 0, 1, bytes + 1, 3 * bytes, -4 * bytes, -bytes - 3};
  for (size_t s = 0; s < KIT_COUNT(strides); s++) {
    bool is_apart = strides[s] >= bytes || strides[s] <= -bytes;
    size_t n = 0;
    do {
      check_load(table, mode, n, strides[s], n % 9);
      if (is_apart || n < 2) {
        check_store(table, mode, n, strides[s], n % 7);
      }
      n = next_length(n);
    } while (n != 0);
  }
}

static void test_memory(void **state)
{
  const vec_kernels *table;
  (void)state;
  for (size_t t = 0; (table = strips_table(t)) != NULL; t++) {
    for (int mode = 0; mode < TG_MODE_COUNT; mode++) {
      check_mode(table, (tg_mode)mode);
    }
  }
}

/* Every half, and for narrowing every upper half of the bits with several lower ones. */
static void check_halves(const vec_kernels *table, tg_mode mode)
{
  static const uint32_t low[] = {0, 1, 0x0FFF, 0x1000, 0x1001, 0x7FFF, 0x8000, 0x8001, 0xFFFF};
  uint16_t *halves = malloc(N_HALVES * sizeof *halves);
  uint32_t *words = malloc(N_HALVES * sizeof *words);
  bool is_f16 = mode == TG_MODE_F16;
  assert_true(halves != NULL && words != NULL);
  strips_say("%s %s", table->isa, mode_table[mode].name);
  for (size_t i = 0; i < N_HALVES; i++) {
    halves[i] = (uint16_t)i;
  }
  table->load[mode](N_HALVES, words, (unsigned char *)halves, 2);
  for (size_t i = 0; i < N_HALVES; i++) {
    uint32_t wanted = is_f16 ? f32_from_f16((uint16_t)i) : f32_from_bf16((uint16_t)i);
    strips_check_value(f32_canonical(words[i]), f32_canonical(wanted));
  }
  for (size_t k = 0; k < KIT_COUNT(low); k++) {
    for (size_t i = 0; i < N_HALVES; i++) {
      words[i] = (uint32_t)i << 16 | low[k];
    }
    table->store[mode](N_HALVES, (unsigned char *)halves, 2, words);
    for (size_t i = 0; i < N_HALVES; i++) {
      strips_check_value(halves[i], is_f16 ? f32_to_f16(words[i]) : f32_to_bf16(words[i]));
    }
  }
  free(halves);
  free(words);
}

/* Bytes past the caches: every length around lines, from any place to any place in them. */
static void check_stream(const vec_kernels *table, size_t n, size_t to, size_t from)
{
  strip in = strips_input(1, a, n, from), out = strips_output(1, expected, n, to);
  for (size_t i = 0; i < n; i++) {
    expected[i] = a[i];
  }
  strips_say("%s stream of %zu bytes to %zu from %zu", table->isa, n, to, from);
  table->stream(n, out.data, in.data);
  table->stream_end();
  strips_check(&out, TG_U8, true, expected, n);
  strips_free(&in);
  strips_free(&out);
}

static void test_stream(void **state)
{
  const vec_kernels *table;
  (void)state;
  for (size_t i = 0; i < N_LARGE; i++) {
    a[i] = kit_random(7, i) & 255;
    expected[i] = 0;
  }
  for (size_t t = 0; (table = strips_table(t)) != NULL; t++) {
    assert_true((table->stream == NULL) == (table->stream_end == NULL));
    for (size_t n = 0; table->stream != NULL && n <= N_LARGE; n += n < 200 ? 1 : 37) {
      for (size_t to = 0; to < 64; to += n < 140 ? 3 : 1) {
        check_stream(table, n, to, (to * 5 + n) % 64);
      }
    }
  }
}

static void test_halves(void **state)
{
  const vec_kernels *table;
  (void)state;
  for (size_t t = 0; (table = strips_table(t)) != NULL; t++) {
    check_halves(table, TG_MODE_F16);
    check_halves(table, TG_MODE_BF16);
  }
}

/* ---- sums ---- */

/* Numbers whose sums depend on their order; few enough of them are no numbers. */
static void fill_sums(tg_type type, uint64_t seed, size_t n)
{
  uint64_t edges[STRIPS_MAX_EDGES];
  size_t n_edges = strips_edges(type, edges);
  strips_random(type, seed, a, n);
  for (size_t i = 0; i < n && type_in(type, TG_CLASS_FLOAT); i++) {
    double x = (double)(int64_t)kit_random(seed + 1, i) / (double)(1 + (kit_random(seed + 2, i) & 0xFFFFFF));
    a[i] = type == TG_F32 ? f32_bits((float)x) : f64_bits(x);
    a[i] = kit_random(seed, i) % 500 == 7 ? edges[i % n_edges] : a[i];
  }
}

static void check_sum_float(const vec_kernels *table, tg_type type, const strip *in, size_t n)
{
  size_t n_columns = type == TG_F32 ? 64 : 32;
  uint64_t start[64];
  fill_sums(type, n, 64);
  memcpy(start, a, sizeof start);
  strip out = strips_output(type_table[type].bytes, start, n_columns, 8);
  for (size_t i = 0; i < n; i++) {
    uint64_t x = strips_get(in->data, type_table[type].bytes, i), *column = &start[i % n_columns];
    *column = type == TG_F32 ? f32_bits(f32_from_bits((uint32_t)*column) + f32_from_bits((uint32_t)x))
                             : f64_bits(f64_from_bits(*column) + f64_from_bits(x));
  }
  for (size_t i = 0; i < n_columns; i++) {
    start[i] = value_canonical(type, start[i]);
  }
  table->sum[type](n, out.data, in->data);
  strips_check(&out, type, false, start, n_columns);
  strips_free(&out);
}

/* Products with the same numbers in another order, each rounded before it is added. */
static void check_sum_product(const vec_kernels *table, tg_type type, const strip *in, size_t n)
{
  size_t n_columns = type == TG_F32 ? 64 : 32, bytes = type_table[type].bytes;
  uint64_t start[64] = {0};
  for (size_t i = 0; i < n; i++) {
    b[i] = strips_get(in->data, bytes, (i + n / 2) % n);
  }
  strip others = strips_input(bytes, b, n, bytes), out = strips_output(bytes, start, n_columns, 8);
  for (size_t i = 0; i < n; i++) {
    uint64_t x = strips_get(in->data, bytes, i), *column = &start[i % n_columns];
    if (type == TG_F32) {
      volatile float product = f32_from_bits((uint32_t)x) * f32_from_bits((uint32_t)b[i]);
      *column = f32_bits(f32_from_bits((uint32_t)*column) + product);
    } else {
      volatile double product = f64_from_bits(x) * f64_from_bits(b[i]);
      *column = f64_bits(f64_from_bits(*column) + product);
    }
  }
  for (size_t i = 0; i < n_columns; i++) {
    start[i] = value_canonical(type, start[i]);
  }
  table->sum_product[type](n, out.data, in->data, others.data);
  strips_check(&out, type, false, start, n_columns);
  strips_free(&out);
  strips_free(&others);
}

static void check_sum_integer(const vec_kernels *table, tg_type type, const strip *in, size_t n)
{
  uint64_t start[32], total = 0;
  for (size_t i = 0; i < 32; i++) {
    start[i] = kit_random(n, i);
    total += start[i];
  }
  strip out = strips_output(8, start, 32, 8);
  for (size_t i = 0; i < n; i++) {
    uint64_t x = strips_get(in->data, type_table[type].bytes, i);
    total += eval_convert(type, type_table[type].is_signed ? TG_I64 : TG_U64, x);
  }
  table->sum[type](n, out.data, in->data);
  for (size_t i = 0; i < 32; i++) {
    total -= strips_get(out.data, 8, i);
  }
  strips_check_value(total, 0);
  strips_check_guards(&out);
  strips_free(&out);
}

static void check_sum(const vec_kernels *table, tg_type type, size_t n)
{
  fill_sums(type, n + 5, n);
  strip in = strips_input(type_table[type].bytes, a, n, (n & 3) * type_table[type].bytes);
  strips_say("%s sum of %zu %s", table->isa, n, type_table[type].name);
  if (type_in(type, TG_CLASS_FLOAT)) {
    check_sum_float(table, type, &in, n);
    check_sum_product(table, type, &in, n);
  } else {
    check_sum_integer(table, type, &in, n);
  }
  strips_free(&in);
}

static void test_sum(void **state)
{
  const vec_kernels *table;
  (void)state;
  for (size_t t = 0; (table = strips_table(t)) != NULL; t++) {
    for (int type = 0; type < TG_TYPE_COUNT; type++) {
      for (size_t n = 0; n < 300; n++) {
        check_sum(table, (tg_type)type, n);
      }
      check_sum(table, (tg_type)type, 4096);
      check_sum(table, (tg_type)type, N_HALVES - 1);
    }
  }
}

/* All elements the largest, so that a sum in too few bits would overflow. */
static void test_sum_of_largest(void **state)
{
  const vec_kernels *table;
  (void)state;
  for (tg_type type = TG_I8; type <= TG_U64; type++) {
    for (size_t i = 0; i < N_HALVES; i++) {
      a[i] = type_table[type].is_signed ? type_mask(type) ^ type_mask(type) >> 1 : type_mask(type);
    }
    strip in = strips_input(type_table[type].bytes, a, N_HALVES, 0);
    for (size_t t = 0; (table = strips_table(t)) != NULL; t++) {
      strips_say("%s sum of the largest %s", table->isa, type_table[type].name);
      check_sum_integer(table, type, &in, N_HALVES);
    }
    strips_free(&in);
  }
}

/* ---- positions of extremes ---- */

static vec_best find_best(tg_type type, bool is_min, size_t n)
{
  vec_best best = {n, false};
  for (size_t i = 0; i < n; i++) {
    bool is_nan = eval_is_nan(type, a[i]);
    bool is_first = best.position == n, beats_nan = !is_first && best.is_nan && !is_nan;
    bool is_less = !is_first && !beats_nan && !is_nan && !best.is_nan &&
                   (is_min ? eval_less(type, a[i], a[best.position]) : eval_less(type, a[best.position], a[i]));
    if (is_first || beats_nan || is_less) {
      best = (vec_best){i, is_nan};
    }
  }
  return best;
}

static void check_best_of(const vec_kernels *table, tg_type type, bool is_min, const strip *in, size_t n)
{
  size_t bytes = type_table[type].bytes;
  vec_best_fn *fn = (is_min ? table->argmin : table->argmax)[type];
  vec_best wanted = find_best(type, is_min, n), got = fn(n, in->data, NULL);
  strips_say("%s %s of %zu %s", table->isa, is_min ? "argmin" : "argmax", n, type_table[type].name);
  strips_check_value(got.position, wanted.position);
  strips_check_value(got.is_nan, wanted.is_nan);
  for (size_t k = 0; k < 4 && n > 0; k++) {
    uint64_t x = k == 3 ? 0 : a[n * k / 3], best = a[wanted.position]; /* to be beaten: a NaN is nothing to beat */
    if (eval_is_nan(type, x)) {
      continue;
    }
    bool is_better = !wanted.is_nan && (is_min ? eval_less(type, best, x) : eval_less(type, x, best));
    strip to_beat = strips_input(bytes, &x, 1, bytes);
    got = fn(n, in->data, to_beat.data);
    strips_check_value(got.position, is_better ? wanted.position : n);
    strips_check_value(got.is_nan, false);
    strips_free(&to_beat);
  }
}

static void check_best(const vec_kernels *table, tg_type type, size_t n)
{
  strip in = strips_input(type_table[type].bytes, a, n, (n & 3) * type_table[type].bytes);
  check_best_of(table, type, false, &in, n);
  check_best_of(table, type, true, &in, n);
  strips_free(&in);
}

/* Random values; few different ones; NaNs with one number; NaNs and zeros of both signs; infinities and NaNs. */
static void fill_best(tg_type type, size_t n, int kind)
{
  uint64_t some[4] = {0, type_mask(type) ^ type_mask(type) >> 1, type_mask(type), type_mask(type) >> 1};
  uint64_t infinity = type == TG_F32 ? UINT64_C(0x7F800000) : UINT64_C(0x7FF0000000000000);
  strips_random(type, n, a, n);
  for (size_t i = 0; i < n && kind > 0; i++) {
    uint64_t r = kit_random(n, i);
    a[i] = kind == 1 ? some[r % 4] : kind == 2 ? type_mask(type) : some[r % 3];
    if (kind == 4 && type_in(type, TG_CLASS_FLOAT)) {
      a[i] = r & 1 ? infinity | some[1] : r & 2 ? infinity : type_mask(type) >> 1;
      a[i] = n & 1 ? a[i] & type_mask(type) >> 1 : a[i];
    }
  }
  if (kind == 2 && n > 0 && n % 3 != 0) {
    a[n * 7 % n] = some[0];
    a[n - 1 - n * 5 % n] = some[1];
  }
}

static void test_best(void **state)
{
  const vec_kernels *table;
  (void)state;
  for (size_t t = 0; (table = strips_table(t)) != NULL; t++) {
    assert_null(table->argmin[TG_BOOL]);
    assert_null(table->argmax[TG_BOOL]);
    for (tg_type type = TG_I8; type <= TG_F64; type++) {
      for (int kind = 0; kind < 5; kind++) {
        size_t n = 0;
        do {
          fill_best(type, n, kind);
          check_best(table, type, n);
          n = next_length(n);
        } while (n != 0);
      }
    }
  }
}

/* The extreme at each place of a long strip, where all others are equal. */
static void test_best_places(void **state)
{
  const vec_kernels *table;
  (void)state;
  for (size_t t = 0; (table = strips_table(t)) != NULL; t++) {
    for (tg_type type = TG_I8; type <= TG_F64; type++) {
      for (size_t place = 0; place < 300; place += 1 + place % 3) {
        for (size_t i = 0; i < 300; i++) {
          a[i] = i == place ? 2 - (place & 1) * 2 : 1;
        }
        check_best(table, type, 300);
      }
    }
  }
}

/* ---- elements that move ---- */

static void check_gather(const vec_kernels *table, size_t size, size_t length, size_t n)
{
  tg_type type = unsigned_of(size);
  size_t bytes = (size_t)1 << size;
  uint64_t elements[300], index[N_LARGE];
  strips_random(type, length, elements, length);
  for (size_t i = 0; i < n; i++) {
    uint64_t r = kit_random(n + length, i);
    index[i] = r & 0x700 ? r >> 20 & 511 : r & 0x800 ? UINT64_MAX - (r & 3) : r;
    expected[i] = index[i] < length ? elements[index[i]] : 0;
  }
  strip from = strips_input(bytes, elements, length, n % 5), indices = strips_input(8, index, n, 8);
  strip out = strips_output(bytes, a, n, (n & 1) * bytes), both = strips_output(8, index, n, 0);
  strips_say("%s gather of %zu %s from %zu", table->isa, n, type_table[type].name, length);
  table->gather[size](n, out.data, from.data, length, (const uint64_t *)(void *)indices.data);
  strips_check(&out, type, true, expected, n);
  if (bytes == 8) {
    table->gather[size](n, both.data, from.data, length, (const uint64_t *)(void *)both.data);
    strips_check(&both, type, true, expected, n);
  }
  strips_free(&from);
  strips_free(&indices);
  strips_free(&out);
  strips_free(&both);
}

static void test_gather(void **state)
{
  const size_t lengths[] = {0, 1, 2, 63, 300};
  const vec_kernels *table;
  (void)state;
  for (size_t t = 0; (table = strips_table(t)) != NULL; t++) {
    for (size_t size = 0; size < VEC_SIZE_COUNT; size++) {
      for (size_t l = 0; l < KIT_COUNT(lengths); l++) {
        size_t n = 0;
        do {
          check_gather(table, size, lengths[l], n);
          n = next_length(n);
        } while (n != 0);
      }
    }
  }
}

/* Masks of all densities; what is not 0 counts. */
static size_t fill_mask(uint64_t *mask, size_t n, unsigned density)
{
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t r = kit_random(n + density, i);
    mask[i] = r % 8 < density ? (const uint64_t[]){1, 1, 1, 2, 128, 255, 1, 16}[r >> 8 & 7] : 0;
    count += mask[i] != 0;
  }
  return count;
}

static void check_compress(const vec_kernels *table, size_t size, size_t n, unsigned density)
{
  tg_type type = unsigned_of(size);
  size_t bytes = (size_t)1 << size, kept = 0;
  uint64_t mask[N_LARGE];
  size_t count = fill_mask(mask, n, density);
  strips_random(type, n, a, n);
  for (size_t i = 0; i < n; i++) {
    if (mask[i] != 0) {
      expected[kept++] = a[i];
    }
  }
  strip in = strips_input(bytes, a, n, bytes * (n & 3)), masks = strips_input(1, mask, n, n & 7);
  strip out = strips_output(bytes, a, n, bytes * (n & 1)), both = strips_output(bytes, a, n, 0);
  strips_say("%s compress of %zu %s", table->isa, n, type_table[type].name);
  strips_check_value(table->count(n, masks.data), count);
  table->compress[size](n, out.data, in.data, masks.data);
  strips_check(&out, type, true, expected, count);
  table->compress[size](n, both.data, both.data, masks.data);
  strips_check(&both, type, true, expected, count);
  strips_free(&in);
  strips_free(&masks);
  strips_free(&out);
  strips_free(&both);
}

/* The mask itself may be what is compressed, by itself. */
static void check_compress_mask(const vec_kernels *table, size_t n)
{
  uint64_t mask[N_LARGE];
  size_t count = fill_mask(mask, n, 5), kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (mask[i] != 0) {
      expected[kept++] = mask[i];
    }
  }
  strip both = strips_output(1, mask, n, n & 7);
  strips_say("%s compress of a mask of %zu by itself", table->isa, n);
  table->compress[0](n, both.data, both.data, both.data);
  strips_check(&both, TG_U8, true, expected, count);
  strips_free(&both);
}

static void test_compress(void **state)
{
  const vec_kernels *table;
  (void)state;
  for (size_t t = 0; (table = strips_table(t)) != NULL; t++) {
    size_t n = 0;
    do {
      for (size_t size = 0; size < VEC_SIZE_COUNT; size++) {
        for (unsigned density = 0; density <= 8; density += 2) {
          check_compress(table, size, n, density);
        }
      }
      check_compress_mask(table, n);
      n = next_length(n);
    } while (n != 0);
  }
}

static void check_retire(const vec_kernels *table, size_t n, unsigned density)
{
  uint64_t alive[N_LARGE], condition[N_LARGE], left[N_LARGE];
  size_t n_done = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t r = kit_random(n + density, i);
    alive[i] = r >> 8 & 1;
    condition[i] = r % 8 >= density;
    left[i] = alive[i] & condition[i];
    expected[n_done] = i;
    n_done += alive[i] != left[i];
  }
  strip mask = strips_output(1, alive, n, n & 7), conditions = strips_input(1, condition, n, n & 3);
  strip out = strips_output(4, a, n, 4);
  strips_say("%s retire of %zu lanes", table->isa, n);
  strips_check_value(table->retire(n, mask.data, conditions.data, (uint32_t *)(void *)out.data), n_done);
  strips_check(&mask, TG_U8, true, left, n);
  strips_check(&out, TG_U32, true, expected, n_done);
  strips_free(&mask);
  strips_free(&conditions);
  strips_free(&out);
}

static void test_retire(void **state)
{
  const vec_kernels *table;
  (void)state;
  for (size_t t = 0; (table = strips_table(t)) != NULL; t++) {
    size_t n = 0;
    do {
      for (unsigned density = 0; density <= 8; density++) {
        check_retire(table, n, density);
      }
      n = next_length(n);
    } while (n != 0);
  }
}

static void check_scatter(const vec_kernels *table, size_t size, size_t n)
{
  tg_type type = unsigned_of(size);
  size_t bytes = (size_t)1 << size;
  uint64_t position[N_LARGE], inverse[N_LARGE], permuted[N_LARGE];
  strips_random(type, n, a, n);
  for (size_t i = 0; i < n; i++) {
    position[i] = (i * 1022 + n / 2) % n; /* 1022 has no divisor in common with those n that are tested as odd */
    position[i] = n % 2 == 0 || n % 7 == 0 || n % 73 == 0 ? n - 1 - i : position[i];
    inverse[position[i]] = a[i];
  }
  for (size_t i = 0; i < n; i++) {
    permuted[i] = a[position[i]];
  }
  strip in = strips_input(bytes, a, n, bytes * (n & 3)), positions = strips_input(4, position, n, 4);
  strip out = strips_output(bytes, a, n, bytes * (n & 1)), back = strips_output(bytes, a, n, 0);
  strips_say("%s scatter and permute of %zu %s", table->isa, n, type_table[type].name);
  table->scatter[size](n, out.data, (const uint32_t *)(void *)positions.data, in.data);
  strips_check(&out, type, true, inverse, n);
  table->permute[size](n, back.data, (const uint32_t *)(void *)positions.data, in.data);
  strips_check(&back, type, true, permuted, n);
  strips_free(&in);
  strips_free(&positions);
  strips_free(&out);
  strips_free(&back);
}

static void test_scatter(void **state)
{
  const vec_kernels *table;
  (void)state;
  for (size_t t = 0; (table = strips_table(t)) != NULL; t++) {
    for (size_t size = 0; size < VEC_SIZE_COUNT; size++) {
      size_t n = 0;
      do {
        check_scatter(table, size, n);
        n = next_length(n);
      } while (n != 0);
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
      cmocka_unit_test(test_dispatch), cmocka_unit_test(test_fill),           cmocka_unit_test(test_iota),
      cmocka_unit_test(test_memory),   cmocka_unit_test(test_stream),         cmocka_unit_test(test_halves),
      cmocka_unit_test(test_sum),      cmocka_unit_test(test_sum_of_largest), cmocka_unit_test(test_best),
      cmocka_unit_test(test_retire),   cmocka_unit_test(test_best_places),    cmocka_unit_test(test_gather),
      cmocka_unit_test(test_compress), cmocka_unit_test(test_scatter),
  };
  return cmocka_run_group_tests(tests, enter, NULL);
}
