/* avx2.c: the workloads written by hand with AVX2 intrinsics: what an expert gets from 32-byte vectors.
 *
 * The one idea: several vectors are in flight at once, because one alone waits for its own result. Sums are in an order
 * of their own; everything else is to the bit what the plain loops compute. */
#include "peers.h"

#include <immintrin.h>
#include <math.h>

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

enum { IN_FLIGHT = 4, SUMS = 8 };

/* ---- streams ---- */

/* Stores past the caches, so that memory is not read before it is written. */
static void axpb_streaming(const peer_args *a)
{
  const float *x = a->in[0];
  float *y = a->out[0], m = (float)a->param[0], b = (float)a->param[1];
  __m256 ms = _mm256_set1_ps(m), bs = _mm256_set1_ps(b);
  size_t i = 0;
  for (; i < a->n && ((uintptr_t)(y + i) & 31) != 0; i++) {
    y[i] = m * x[i] + b;
  }
  for (; i + 16 <= a->n; i += 16) {
    _mm256_stream_ps(y + i, _mm256_add_ps(_mm256_mul_ps(ms, _mm256_loadu_ps(x + i)), bs));
    _mm256_stream_ps(y + i + 8, _mm256_add_ps(_mm256_mul_ps(ms, _mm256_loadu_ps(x + i + 8)), bs));
  }
  for (; i < a->n; i++) {
    y[i] = m * x[i] + b;
  }
  _mm_sfence();
}

/* ---- sums ---- */

static float fold_f32(const __m256 *sums)
{
  float lanes[8], total = 0;
  __m256 s = _mm256_setzero_ps();
  for (size_t k = 0; k < SUMS; k++) {
    s = _mm256_add_ps(s, sums[k]);
  }
  _mm256_storeu_ps(lanes, s);
  for (size_t k = 0; k < 8; k++) {
    total += lanes[k];
  }
  return total;
}

static double fold_f64(const __m256d *sums)
{
  double lanes[4], total = 0;
  __m256d s = _mm256_setzero_pd();
  for (size_t k = 0; k < SUMS; k++) {
    s = _mm256_add_pd(s, sums[k]);
  }
  _mm256_storeu_pd(lanes, s);
  for (size_t k = 0; k < 4; k++) {
    total += lanes[k];
  }
  return total;
}

static void sum_f32(const peer_args *a)
{
  const float *x = a->in[0];
  __m256 s[SUMS] = {_mm256_setzero_ps()};
  size_t i = 0;
  for (; i + 8 * SUMS <= a->n; i += 8 * SUMS) {
    UNROLL
    for (size_t k = 0; k < SUMS; k++) {
      s[k] = _mm256_add_ps(s[k], _mm256_loadu_ps(x + i + 8 * k));
    }
  }
  float total = fold_f32(s);
  for (; i < a->n; i++) {
    total += x[i];
  }
  *(float *)a->out[0] = total;
}

static void sum_f64(const peer_args *a)
{
  const double *x = a->in[0];
  __m256d s[SUMS] = {_mm256_setzero_pd()};
  size_t i = 0;
  for (; i + 4 * SUMS <= a->n; i += 4 * SUMS) {
    UNROLL
    for (size_t k = 0; k < SUMS; k++) {
      s[k] = _mm256_add_pd(s[k], _mm256_loadu_pd(x + i + 4 * k));
    }
  }
  double total = fold_f64(s);
  for (; i < a->n; i++) {
    total += x[i];
  }
  *(double *)a->out[0] = total;
}

static void dot_f32(const peer_args *a)
{
  const float *x = a->in[0], *z = a->in[1];
  __m256 s[SUMS] = {_mm256_setzero_ps()};
  size_t i = 0;
  for (; i + 8 * SUMS <= a->n; i += 8 * SUMS) {
    UNROLL
    for (size_t k = 0; k < SUMS; k++) {
      s[k] = _mm256_fmadd_ps(_mm256_loadu_ps(x + i + 8 * k), _mm256_loadu_ps(z + i + 8 * k), s[k]);
    }
  }
  float total = fold_f32(s);
  for (; i < a->n; i++) {
    total += x[i] * z[i];
  }
  *(float *)a->out[0] = total;
}

static void dot_f64(const peer_args *a)
{
  const double *x = a->in[0], *z = a->in[1];
  __m256d s[SUMS] = {_mm256_setzero_pd()};
  size_t i = 0;
  for (; i + 4 * SUMS <= a->n; i += 4 * SUMS) {
    UNROLL
    for (size_t k = 0; k < SUMS; k++) {
      s[k] = _mm256_fmadd_pd(_mm256_loadu_pd(x + i + 4 * k), _mm256_loadu_pd(z + i + 4 * k), s[k]);
    }
  }
  double total = fold_f64(s);
  for (; i < a->n; i++) {
    total += x[i] * z[i];
  }
  *(double *)a->out[0] = total;
}

/* ---- argmax ---- */

/* The greatest of a block is found without its index; only the block that wins is searched again. */
enum { BLOCK_F32 = 4096, BLOCK_F64 = 2048 };

static float greatest_f32(const float *x)
{
  __m256 m[IN_FLIGHT];
  float lanes[8], best;
  for (size_t k = 0; k < IN_FLIGHT; k++) {
    m[k] = _mm256_loadu_ps(x);
  }
  for (size_t i = 0; i < BLOCK_F32; i += 8 * IN_FLIGHT) {
    UNROLL
    for (size_t k = 0; k < IN_FLIGHT; k++) {
      m[k] = _mm256_max_ps(m[k], _mm256_loadu_ps(x + i + 8 * k));
    }
  }
  _mm256_storeu_ps(lanes, _mm256_max_ps(_mm256_max_ps(m[0], m[1]), _mm256_max_ps(m[2], m[3])));
  best = lanes[0];
  for (size_t k = 1; k < 8; k++) {
    best = lanes[k] > best ? lanes[k] : best;
  }
  return best;
}

static double greatest_f64(const double *x)
{
  __m256d m[IN_FLIGHT];
  double lanes[4], best;
  for (size_t k = 0; k < IN_FLIGHT; k++) {
    m[k] = _mm256_loadu_pd(x);
  }
  for (size_t i = 0; i < BLOCK_F64; i += 4 * IN_FLIGHT) {
    UNROLL
    for (size_t k = 0; k < IN_FLIGHT; k++) {
      m[k] = _mm256_max_pd(m[k], _mm256_loadu_pd(x + i + 4 * k));
    }
  }
  _mm256_storeu_pd(lanes, _mm256_max_pd(_mm256_max_pd(m[0], m[1]), _mm256_max_pd(m[2], m[3])));
  best = lanes[0];
  for (size_t k = 1; k < 4; k++) {
    best = lanes[k] > best ? lanes[k] : best;
  }
  return best;
}

static void argmax_f32(const peer_args *a)
{
  const float *x = a->in[0];
  float best = -INFINITY;
  size_t start = 0, i = 0;
  for (; i + BLOCK_F32 <= a->n; i += BLOCK_F32) {
    float found = greatest_f32(x + i);
    start = found > best ? i : start;
    best = found > best ? found : best;
  }
  for (; i < a->n; i++) {
    start = x[i] > best ? i : start;
    best = x[i] > best ? x[i] : best;
  }
  while (x[start] < best) {
    start++;
  }
  *(uint64_t *)a->out[0] = start;
}

static void argmax_f64(const peer_args *a)
{
  const double *x = a->in[0];
  double best = -(double)INFINITY;
  size_t start = 0, i = 0;
  for (; i + BLOCK_F64 <= a->n; i += BLOCK_F64) {
    double found = greatest_f64(x + i);
    start = found > best ? i : start;
    best = found > best ? found : best;
  }
  for (; i < a->n; i++) {
    start = x[i] > best ? i : start;
    best = x[i] > best ? x[i] : best;
  }
  while (x[start] < best) {
    start++;
  }
  *(uint64_t *)a->out[0] = start;
}

/* ---- four reductions of an expression ---- */

static inline __m256d expression(__m256d x, __m256d z)
{
  __m256d size = _mm256_andnot_pd(_mm256_set1_pd(-0.0), x);
  __m256d root = _mm256_sqrt_pd(_mm256_add_pd(_mm256_mul_pd(x, x), _mm256_mul_pd(z, z)));
  return _mm256_add_pd(_mm256_mul_pd(root, _mm256_set1_pd(0.5)),
                       _mm256_div_pd(_mm256_sub_pd(x, z), _mm256_add_pd(_mm256_set1_pd(1), size)));
}

typedef struct extremes {
  __m256d sum, least, greatest;
  __m256i at;
} extremes;

static inline void take(extremes *e, __m256d value, __m256i lane)
{
  __m256d is_greater = _mm256_cmp_pd(value, e->greatest, _CMP_GT_OQ);
  e->sum = _mm256_add_pd(e->sum, value);
  e->least = _mm256_min_pd(e->least, value);
  e->greatest = _mm256_max_pd(e->greatest, value);
  e->at = _mm256_blendv_epi8(e->at, lane, _mm256_castpd_si256(is_greater));
}

static void fold_extremes(const extremes *e, double *out)
{
  double sum[4], least[4], greatest[4];
  int64_t at[4];
  _mm256_storeu_pd(sum, e->sum);
  _mm256_storeu_pd(least, e->least);
  _mm256_storeu_pd(greatest, e->greatest);
  _mm256_storeu_si256((__m256i *)(void *)at, e->at);
  for (size_t k = 0; k < 4; k++) {
    out[0] += sum[k];
    out[1] = least[k] < out[1] ? least[k] : out[1];
    if (greatest[k] > out[2] || (!(greatest[k] < out[2]) && (double)at[k] < out[3])) {
      out[2] = greatest[k];
      out[3] = (double)at[k];
    }
  }
}

static void stats(const peer_args *a)
{
  const double *x = a->in[0], *z = a->in[1];
  double *out = a->out[0];
  __m256d infinity = _mm256_set1_pd((double)INFINITY), none = _mm256_set1_pd(-(double)INFINITY);
  extremes e = {_mm256_setzero_pd(), infinity, none, _mm256_setzero_si256()}, f = e;
  __m256i lane = _mm256_setr_epi64x(0, 1, 2, 3), four = _mm256_set1_epi64x(4);
  size_t i = 0;
  for (; i + 8 <= a->n; i += 8) {
    take(&e, expression(_mm256_loadu_pd(x + i), _mm256_loadu_pd(z + i)), lane);
    lane = _mm256_add_epi64(lane, four);
    take(&f, expression(_mm256_loadu_pd(x + i + 4), _mm256_loadu_pd(z + i + 4)), lane);
    lane = _mm256_add_epi64(lane, four);
  }
  out[0] = 0;
  out[1] = (double)INFINITY;
  out[2] = -(double)INFINITY;
  out[3] = 0;
  fold_extremes(&e, out);
  fold_extremes(&f, out);
  for (; i < a->n; i++) {
    double value = _mm256_cvtsd_f64(expression(_mm256_set1_pd(x[i]), _mm256_set1_pd(z[i])));
    out[0] += value;
    out[1] = value < out[1] ? value : out[1];
    out[3] = value > out[2] ? (double)i : out[3];
    out[2] = value > out[2] ? value : out[2];
  }
}

/* ---- loops ---- */

typedef struct point {
  __m256 cr, ci, zr, zi, is_in;
  __m256i count;
} point;

static inline __m256 square_once(point *p)
{
  __m256 a = _mm256_mul_ps(p->zr, p->zr), b = _mm256_mul_ps(p->zi, p->zi), twice = _mm256_add_ps(p->zr, p->zr);
  p->is_in = _mm256_and_ps(p->is_in, _mm256_cmp_ps(_mm256_add_ps(a, b), _mm256_set1_ps(4), _CMP_LE_OQ));
  p->count = _mm256_sub_epi32(p->count, _mm256_castps_si256(p->is_in));
  p->zi = _mm256_add_ps(p->ci, _mm256_mul_ps(twice, p->zi));
  p->zr = _mm256_add_ps(p->cr, _mm256_sub_ps(a, b));
  return p->is_in;
}

static void escape(float dx, float y, size_t first, int32_t limit, int32_t *count)
{
  point p[IN_FLIGHT];
  for (size_t k = 0; k < IN_FLIGHT; k++) {
    __m256i at = _mm256_add_epi32(_mm256_set1_epi32((int)(first + 8 * k)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    p[k].cr = _mm256_add_ps(_mm256_set1_ps(-2), _mm256_mul_ps(_mm256_cvtepi32_ps(at), _mm256_set1_ps(dx)));
    p[k].zr = p[k].cr;
    p[k].ci = p[k].zi = _mm256_set1_ps(y);
    p[k].is_in = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    p[k].count = _mm256_setzero_si256();
  }
  for (int32_t i = 0; i < limit; i++) {
    __m256 any = _mm256_setzero_ps();
    UNROLL
    for (size_t k = 0; k < IN_FLIGHT; k++) {
      any = _mm256_or_ps(any, square_once(&p[k]));
    }
    if (_mm256_movemask_ps(any) == 0) {
      break;
    }
  }
  for (size_t k = 0; k < IN_FLIGHT; k++) {
    _mm256_storeu_si256((__m256i *)(void *)(count + 8 * k), p[k].count);
  }
}

/* The width is a multiple of 32. */
static void mandelbrot(const peer_args *a)
{
  int32_t *count = a->out[0];
  float dx = 3.0f / (float)a->n, dy = 2.0f / (float)a->n;
  for (size_t j = 0; j < a->n; j++) {
    for (size_t i = 0; i < a->n; i += 8 * IN_FLIGHT) {
      escape(dx, -1.0f + (float)j * dy, i, (int32_t)a->param[0], count + j * a->n + i);
    }
  }
}

typedef struct walk {
  __m256i n, steps;
} walk;

static inline __m256i step_once(walk *w)
{
  __m256i one = _mm256_set1_epi64x(1), n = w->n, is_done = _mm256_cmpeq_epi64(n, one);
  __m256i is_odd = _mm256_sub_epi64(_mm256_setzero_si256(), _mm256_and_si256(n, one));
  __m256i up = _mm256_add_epi64(_mm256_add_epi64(n, one), _mm256_add_epi64(n, n));
  __m256i next = _mm256_blendv_epi8(_mm256_srli_epi64(n, 1), up, is_odd);
  w->n = _mm256_blendv_epi8(next, n, is_done);
  w->steps = _mm256_add_epi64(w->steps, _mm256_andnot_si256(is_done, one));
  return is_done;
}

static void collatz_16(uint64_t first, uint32_t *out)
{
  walk w[IN_FLIGHT];
  uint64_t steps[4 * IN_FLIGHT];
  for (size_t k = 0; k < IN_FLIGHT; k++) {
    w[k].n = _mm256_add_epi64(_mm256_set1_epi64x((int64_t)(first + 4 * k)), _mm256_setr_epi64x(0, 1, 2, 3));
    w[k].steps = _mm256_setzero_si256();
  }
  for (;;) {
    __m256i all = _mm256_set1_epi64x(-1);
    UNROLL
    for (size_t k = 0; k < IN_FLIGHT; k++) {
      all = _mm256_and_si256(all, step_once(&w[k]));
    }
    if (_mm256_movemask_epi8(all) == -1) {
      break;
    }
  }
  for (size_t k = 0; k < IN_FLIGHT; k++) {
    _mm256_storeu_si256((__m256i *)(void *)(steps + 4 * k), w[k].steps);
  }
  for (size_t k = 0; k < 4 * IN_FLIGHT; k++) {
    out[k] = (uint32_t)steps[k];
  }
}

/* n is a multiple of 16. */
static void collatz(const peer_args *a)
{
  uint32_t *out = a->out[0];
  for (size_t i = 0; i < a->n; i += 4 * IN_FLIGHT) {
    collatz_16(i + 1, out + i);
  }
}

typedef struct tail {
  __m256 x, y;
  __m256i count;
} tail;

/* Ten operations. */
static inline void turn(__m256 *x, __m256 *y)
{
  __m256 a = _mm256_mul_ps(*x, *x), b = _mm256_mul_ps(*y, *y), c = _mm256_mul_ps(*x, *y);
  __m256 e = _mm256_mul_ps(*x, _mm256_set1_ps(0.3f));
  *x = _mm256_add_ps(_mm256_mul_ps(_mm256_sub_ps(a, b), _mm256_set1_ps(0.5f)), _mm256_set1_ps(0.3f));
  *y = _mm256_sub_ps(_mm256_add_ps(_mm256_mul_ps(c, _mm256_set1_ps(0.4f)), _mm256_set1_ps(0.2f)), e);
}

static inline void turn_some(tail *t, __m256i round)
{
  __m256 x = t->x, y = t->y, goes_on = _mm256_castsi256_ps(_mm256_cmpgt_epi32(t->count, round));
  turn(&x, &y);
  t->x = _mm256_blendv_ps(t->x, x, goes_on);
  t->y = _mm256_blendv_ps(t->y, y, goes_on);
}

/* The rounds that all 32 lanes take, without masks. */
static void turn_all(tail *t, int32_t rounds)
{
  for (int32_t i = 0; i < rounds; i++) {
    UNROLL
    for (size_t k = 0; k < IN_FLIGHT; k++) {
      turn(&t[k].x, &t[k].y);
    }
  }
}

static void heavy_32(const float *x, const int32_t *count, float *out)
{
  tail t[IN_FLIGHT];
  int32_t least = INT32_MAX, most = 0;
  for (size_t k = 0; k < 8 * IN_FLIGHT; k++) {
    least = count[k] < least ? count[k] : least;
    most = count[k] > most ? count[k] : most;
  }
  UNROLL
  for (size_t k = 0; k < IN_FLIGHT; k++) {
    t[k].x = _mm256_loadu_ps(x + 8 * k);
    t[k].y = _mm256_mul_ps(t[k].x, _mm256_set1_ps(0.5f));
    t[k].count = _mm256_loadu_si256((const __m256i *)(const void *)(count + 8 * k));
  }
  turn_all(t, least);
  for (int32_t i = least; i < most; i++) {
    UNROLL
    for (size_t k = 0; k < IN_FLIGHT; k++) {
      turn_some(&t[k], _mm256_set1_epi32(i));
    }
  }
  UNROLL
  for (size_t k = 0; k < IN_FLIGHT; k++) {
    _mm256_storeu_ps(out + 8 * k, _mm256_add_ps(t[k].x, t[k].y));
  }
}

/* n is a multiple of 32. */
static void heavy(const peer_args *a)
{
  const float *x = a->in[0];
  const int32_t *count = a->in[1];
  float *out = a->out[0];
  for (size_t i = 0; i < a->n; i += 8 * IN_FLIGHT) {
    heavy_32(x + i, count + i, out + i);
  }
}

extern const peer_set peers_avx2;
const peer_set peers_avx2 = {.name = "hand AVX2",
                             .axpb = axpb_streaming,
                             .sum_f32 = sum_f32,
                             .sum_f64 = sum_f64,
                             .dot_f32 = dot_f32,
                             .dot_f64 = dot_f64,
                             .argmax_f32 = argmax_f32,
                             .argmax_f64 = argmax_f64,
                             .stats = stats,
                             .mandelbrot = mandelbrot,
                             .collatz = collatz,
                             .heavy = heavy};
