/* The sums that are compared, for one type: built once with -DSUM_BITS=32 and once with -DSUM_BITS=64.
 * Canonical: C columns of 256 bytes a row; a block's columns stay in registers while its rows go by; the tree over
 * blocks is a binary counter, whose digit k holds the columns of 2^k finished blocks. So a block costs, on average,
 * one addition of columns beyond its rows, and that is all that the fixed order costs.
 * Input: values in memory. Output: their sum, in the order that the name of the function says. */
#include "sum_order.h"

#include <stdlib.h>

#if SUM_BITS == 32
typedef float real;
#define PER_TYPE(name) name##_ps
#define TYPE sum_type_f32
#define TYPE_NAME "f32"
#else
typedef double real;
#define PER_TYPE(name) name##_pd
#define TYPE sum_type_f64
#define TYPE_NAME "f64"
#endif

enum { COLS = 2048 / SUM_BITS, LEVELS = 32 };

/* The specification, level by level, with every block's columns in memory. */
static double reference(const void *data, size_t n, size_t block)
{
  const real *x = data;
  size_t n_blocks = (n + block - 1) / block;
  if (n == 0) return 0.0;
  real(*part)[COLS] = calloc(n_blocks, sizeof *part);
  if (part == NULL) return -1.0;
  for (size_t i = 0; i < n; i++) part[i / block][i % COLS] += x[i];
  for (size_t m = n_blocks; m > 1; m = (m + 1) / 2)
    for (size_t j = 0; j < (m + 1) / 2; j++)
      for (size_t c = 0; c < COLS; c++) part[j][c] = part[2 * j][c] + (2 * j + 1 < m ? part[2 * j + 1][c] : (real)0);
  for (size_t h = COLS / 2; h > 0; h /= 2)
    for (size_t c = 0; c < h; c++) part[0][c] += part[0][c + h];
  double sum = (double)part[0][0];
  free(part);
  return sum;
}

/* One value after another. */
static double scalar(const void *data, size_t n, size_t block)
{
  const real *x = data;
  real sum = 0;
  (void)block;
  for (size_t i = 0; i < n; i++) sum += x[i];
  return (double)sum;
}

#if defined(__x86_64__)
#include <immintrin.h>

typedef struct tree {
  _Alignas(64) real level[LEVELS][COLS];
} tree;

#if SUM_BITS == 32
typedef __m256 vec;
typedef __m512 wide;
#else
typedef __m256d vec;
typedef __m512d wide;
#endif

enum { VEC = 256 / SUM_BITS, N_VEC = COLS / VEC, WIDE = 512 / SUM_BITS };

#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f")))
#define ZERO_vec PER_TYPE(_mm256_setzero)()
#define ADD_vec(a, b) PER_TYPE(_mm256_add)(a, b)
#define LOAD_vec(p) PER_TYPE(_mm256_loadu)(p)
#define STORE_vec(p, a) PER_TYPE(_mm256_storeu)(p, a)
#define ZERO_wide PER_TYPE(_mm512_setzero)()
#define ADD_wide(a, b) PER_TYPE(_mm512_add)(a, b)
#define LOAD_wide(p) PER_TYPE(_mm512_loadu)(p)
#define STORE_wide(p, a) PER_TYPE(_mm512_storeu)(p, a)

/* Columns of whole rows. */
AVX2 static inline void add_rows(const real *x, size_t n_rows, vec a[N_VEC])
{
  for (size_t k = 0; k < N_VEC; k++) a[k] = ZERO_vec;
  for (const real *end = x + n_rows * COLS; x < end; x += COLS)
    for (size_t k = 0; k < N_VEC; k++) a[k] = ADD_vec(a[k], LOAD_vec(x + k * VEC));
}

/* Adds the lanes after the last whole block, then all digits from the lowest up, then the columns by halving. */
AVX2 static double finish(const tree *t, size_t n_blocks, const real *x, size_t n_left)
{
  real sum[COLS];
  vec a[N_VEC];
  size_t n_rows = n_left / COLS;
  add_rows(x, n_rows, a);
  for (size_t k = 0; k < N_VEC; k++) STORE_vec(sum + k * VEC, a[k]);
  for (size_t i = n_rows * COLS; i < n_left; i++) sum[i % COLS] += x[i];
  for (size_t k = 0; n_blocks >> k != 0; k++)
    if (n_blocks >> k & 1)
      for (size_t c = 0; c < COLS; c++) sum[c] = t->level[k][c] + sum[c];
  for (size_t h = COLS / 2; h > 0; h /= 2)
    for (size_t c = 0; c < h; c++) sum[c] += sum[c + h];
  return (double)sum[0];
}

AVX2 static double canonical_avx2(const void *data, size_t n, size_t block)
{
  const real *x = data;
  size_t n_blocks = n / block;
  tree t;
  for (size_t b = 0; b < n_blocks; b++, x += block) {
    vec a[N_VEC];
    size_t d = 0;
    add_rows(x, block / COLS, a);
    for (; b >> d & 1; d++)
      for (size_t k = 0; k < N_VEC; k++) a[k] = ADD_vec(LOAD_vec(t.level[d] + k * VEC), a[k]);
    for (size_t k = 0; k < N_VEC; k++) STORE_vec(t.level[d] + k * VEC, a[k]);
  }
  return finish(&t, n_blocks, x, n % block);
}

/* The same with two blocks side by side: their two streams keep the memory busier, and the latency of an addition is
 * hidden even where four wide registers hold a block's columns. The pair's own addition is level 0 of the tree. */
#define CANONICAL_PAIRS(name, isa, type, lanes)                                                                        \
  isa static double name(const void *data, size_t n, size_t block)                                                     \
  {                                                                                                                    \
    const real *x = data;                                                                                              \
    size_t n_pairs = n / block / 2, n_odd = n / block & 1;                                                             \
    tree t;                                                                                                            \
    for (size_t b = 0; b < n_pairs; b++, x += block) {                                                                 \
      type a[COLS / (lanes)], o[COLS / (lanes)];                                                                       \
      for (size_t k = 0; k < COLS / (lanes); k++) a[k] = o[k] = ZERO_##type;                                           \
      for (const real *end = x + block; x < end; x += COLS) {                                                          \
        for (size_t k = 0; k < COLS / (lanes); k++) a[k] = ADD_##type(a[k], LOAD_##type(x + k * (lanes)));             \
        for (size_t k = 0; k < COLS / (lanes); k++) o[k] = ADD_##type(o[k], LOAD_##type(x + block + k * (lanes)));     \
      }                                                                                                                \
      for (size_t k = 0; k < COLS / (lanes); k++) a[k] = ADD_##type(a[k], o[k]);                                       \
      size_t d = 1;                                                                                                    \
      for (; b >> (d - 1) & 1; d++)                                                                                    \
        for (size_t k = 0; k < COLS / (lanes); k++) a[k] = ADD_##type(LOAD_##type(t.level[d] + k * (lanes)), a[k]);    \
      for (size_t k = 0; k < COLS / (lanes); k++) STORE_##type(t.level[d] + k * (lanes), a[k]);                        \
    }                                                                                                                  \
    if (n_odd) {                                                                                                       \
      vec a[N_VEC];                                                                                                    \
      add_rows(x, block / COLS, a);                                                                                    \
      for (size_t k = 0; k < N_VEC; k++) STORE_vec(t.level[0] + k * VEC, a[k]);                                        \
    }                                                                                                                  \
    return finish(&t, n / block, x + n_odd * block, n % block);                                                        \
  }
CANONICAL_PAIRS(pairs_avx2, AVX2, vec, VEC)
CANONICAL_PAIRS(pairs_avx512, AVX512, wide, WIDE)

/* Free order with `per` registers on each of `streams` equal parts of the values, which go by at once. */
#define FREE_SUM(name, isa, type, lanes, per, streams)                                                                 \
  isa static double name(const void *data, size_t n, size_t block)                                                     \
  {                                                                                                                    \
    const real *x = data;                                                                                              \
    size_t step = (size_t)(lanes) * (per), part = n / (streams) / step * step;                                         \
    real out[(lanes) * (per) * (streams)], sum = 0;                                                                    \
    type a[(per) * (streams)];                                                                                         \
    (void)block;                                                                                                       \
    for (size_t k = 0; k < (per) * (streams); k++) a[k] = ZERO_##type;                                                 \
    for (size_t i = 0; i < part; i += step)                                                                            \
      for (size_t s = 0; s < streams; s++)                                                                             \
        for (size_t k = 0; k < per; k++)                                                                               \
          a[s * (per) + k] = ADD_##type(a[s * (per) + k], LOAD_##type(x + s * part + i + k * (lanes)));                \
    for (size_t k = 0; k < (per) * (streams); k++) STORE_##type(out + k * (lanes), a[k]);                              \
    for (size_t k = 0; k < (lanes) * (per) * (streams); k++) sum += out[k];                                            \
    for (size_t i = part * (streams); i < n; i++) sum += x[i];                                                         \
    return (double)sum;                                                                                                \
  }
FREE_SUM(free_avx2_8, AVX2, vec, VEC, 8, 1)
FREE_SUM(free_avx2_12, AVX2, vec, VEC, 12, 1)
FREE_SUM(free_avx2_2x4, AVX2, vec, VEC, 4, 2)
FREE_SUM(free_avx2_4x3, AVX2, vec, VEC, 3, 4)
FREE_SUM(free_avx512_8, AVX512, wide, WIDE, 8, 1)
FREE_SUM(free_avx512_2x8, AVX512, wide, WIDE, 8, 2)
#endif

static const sum_entry entries[] = {
#if defined(__x86_64__)
    {"canonical avx2, block 4096", canonical_avx2, 4096, false, "avx2"},
    {"canonical avx2, block 8192", canonical_avx2, 8192, false, "avx2"},
    {"canonical avx2 pairs, block 4096", pairs_avx2, 4096, false, "avx2"},
    {"canonical avx2 pairs, block 8192", pairs_avx2, 8192, false, "avx2"},
    {"free avx2, 8 accumulators", free_avx2_8, 0, true, "avx2"},
    {"free avx2, 12 accumulators", free_avx2_12, 0, true, "avx2"},
    {"free avx2, 2 streams x 4", free_avx2_2x4, 0, true, "avx2"},
    {"free avx2, 4 streams x 3", free_avx2_4x3, 0, true, "avx2"},
    {"canonical avx512 pairs, block 4096", pairs_avx512, 4096, false, "avx512f"},
    {"canonical avx512 pairs, block 8192", pairs_avx512, 8192, false, "avx512f"},
    {"free avx512, 8 accumulators", free_avx512_8, 0, false, "avx512f"},
    {"free avx512, 2 streams x 8", free_avx512_2x8, 0, false, "avx512f"},
#endif
    {"scalar order", scalar, 0, false, ""},
};

static uint64_t next(uint64_t *state)
{
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

enum { DIGITS = SUM_BITS == 32 ? 24 : 53 };
#define SCALE ((real)((uint64_t)1 << DIGITS))

static void fill(void *data, size_t n, uint64_t seed)
{
  real *x = data;
  for (size_t i = 0; i < n; i++) x[i] = (real)(next(&seed) >> (64 - DIGITS)) / SCALE;
}

static void fill_hard(void *data, size_t n, uint64_t seed)
{
  real *x = data;
  for (size_t i = 0; i < n; i++) {
    uint64_t r = next(&seed);
    real v = (real)(r >> 40) / (real)((uint64_t)1 << (r & 63));
    x[i] = r >> 6 & 1 ? -v : v;
    if ((r >> 7 & 15) == 0) x[i] = r >> 11 & 1 ? -(real)0 : (real)0;
  }
}

/* Every value is an integer over 2^DIGITS; its upper and lower 32 bits add without loss up to n = 2^32. */
static long double exact(const void *data, size_t n)
{
  const real *x = data;
  uint64_t high = 0, low = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t v = (uint64_t)(x[i] * SCALE);
    high += v >> 32;
    low += v & 0xffffffffu;
  }
  high += low >> 32;
  return ((long double)high * 4294967296.0L + (long double)(low & 0xffffffffu)) / (long double)SCALE;
}

const sum_type TYPE = {TYPE_NAME, sizeof(real), reference, entries, sizeof entries / sizeof entries[0],
                       fill,      fill_hard,    exact};
