/* machines.c: what the machines of sections `pi`, `bootstrap` and `search` do, in C, with the same random numbers:
 * Philox4x32-10 (Salmon, Moraes, Dror and Shaw, 2011), written so that compilers make vectors of it.
 *
 * Compiled once for each compiler in cmake/bench.cmake, as loops.c is. */
#include "peers.h"

#include <math.h>
#include <string.h>

/* ---- random numbers ---- */

typedef struct words {
  uint32_t w[4];
} words;

static inline uint32_t upper(uint64_t x)
{
  return (uint32_t)(x >> 32);
}

/* A round by which the words become the next ones. */
#define PHILOX_ROUND(k)                                                                                                \
  do {                                                                                                                 \
    uint64_t a = (uint64_t)w0 * 0xD2511F53U, b = (uint64_t)w2 * 0xCD9E8D57U;                                           \
    w0 = upper(b) ^ w1 ^ (key_0 + (k)*0x9E3779B9U);                                                                    \
    w2 = upper(a) ^ w3 ^ (key_1 + (k)*0xBB67AE85U);                                                                    \
    w1 = (uint32_t)b;                                                                                                  \
    w3 = (uint32_t)a;                                                                                                  \
  } while (0)

/* Written out in scalars: so compilers make vectors of a loop around it. */
static inline words philox(uint64_t block, uint64_t instance, uint64_t seed)
{
  uint32_t w0 = (uint32_t)block, w1 = upper(block), w2 = (uint32_t)instance, w3 = upper(instance);
  const uint32_t key_0 = (uint32_t)seed, key_1 = upper(seed);
  PHILOX_ROUND(0U);
  PHILOX_ROUND(1U);
  PHILOX_ROUND(2U);
  PHILOX_ROUND(3U);
  PHILOX_ROUND(4U);
  PHILOX_ROUND(5U);
  PHILOX_ROUND(6U);
  PHILOX_ROUND(7U);
  PHILOX_ROUND(8U);
  PHILOX_ROUND(9U);
  return (words){{w0, w1, w2, w3}};
}

static inline double uniform(uint32_t low, uint32_t high)
{
  return (double)(((uint64_t)low | (uint64_t)high << 32) >> 11) * 0x1p-53;
}

/* ---- pi ---- */

/* The darts of an instance side by side. */
static uint32_t throw_darts(uint64_t instance, uint32_t n, uint64_t seed)
{
  uint32_t inside = 0;
  for (uint32_t k = 0; k < n; k++) {
    words r = philox(k, instance, seed);
    double x = uniform(r.w[0], r.w[1]), y = uniform(r.w[2], r.w[3]);
    inside += x * x + y * y <= 1.0;
  }
  return inside;
}

static void pi(const peer_args *a)
{
  uint32_t *restrict hits = a->out[0], steps = (uint32_t)a->param[0];
  for (size_t i = 0; i < a->n; i++) {
    hits[i] = throw_darts(i, steps, (uint64_t)a->param[1]);
  }
}

/* ---- the bootstrap ---- */

/* So many resamples side by side: one after the other each would wait for where its last year was. */
enum { ACROSS = 32, MAX_YEARS = 128 };

/* The words of ACROSS instances: row k has word k of each. */
static void draw_words(uint32_t (*restrict w)[ACROSS], size_t n, uint64_t first, uint64_t seed)
{
  for (size_t block = 0; 4 * block < n; block++) {
    for (size_t lane = 0; lane < ACROSS; lane++) {
      words r = philox(block, first + lane, seed);
      for (size_t k = 0; k < 4; k++) {
        w[4 * block + k][lane] = r.w[k];
      }
    }
  }
}

static void resample(const double *restrict flow, uint32_t n, double block, uint32_t (*restrict w)[ACROSS],
                     double *restrict means)
{
  uint32_t year[ACROSS];
  double total[ACROSS], years = n;
  for (size_t lane = 0; lane < ACROSS; lane++) {
    year[lane] = (uint32_t)(int32_t)(years * (w[0][lane] * 0x1p-32));
    total[lane] = flow[year[lane]];
  }
  for (uint32_t i = 1; i < n; i++) {
    for (size_t lane = 0; lane < ACROSS; lane++) {
      double u = block * (w[i][lane] * 0x1p-32);
      uint32_t next = year[lane] + 1 < n ? year[lane] + 1 : 0, start = (uint32_t)(int32_t)(u * years);
      year[lane] = u < 1.0 ? start : next;
      total[lane] += flow[year[lane]];
    }
  }
  for (size_t lane = 0; lane < ACROSS; lane++) {
    means[lane] = total[lane] / years;
  }
}

/* The element of a rank, by Hoare's selection (1961). Elements change places. */
static double select_rank(double *x, size_t n, size_t rank)
{
  size_t first = 0, last = n - 1;
  while (first < last) {
    double pivot = x[(first + last) / 2];
    size_t i = first, j = last;
    for (;;) {
      for (; x[i] < pivot; i++) {
      }
      for (; x[j] > pivot; j--) {
      }
      if (i >= j) {
        break;
      }
      double left = x[i];
      x[i++] = x[j];
      x[j--] = left;
    }
    last = rank <= j ? j : last;
    first = rank <= j ? first : j + 1;
  }
  return x[rank];
}

/* What the machine reports: average, error, the 95 % interval and a histogram. */
static void report(const double *x, size_t n, double *work, double *out)
{
  double sum = 0, squares = 0;
  size_t bins[30] = {0};
  for (size_t i = 0; i < n; i++) {
    sum += x[i];
    if (x[i] >= -400.0 && x[i] < -100.0) {
      bins[(size_t)((x[i] + 400.0) / 300.0 * 30.0)]++;
    }
  }
  for (size_t i = 0; i < n; i++) {
    squares += (x[i] - sum / (double)n) * (x[i] - sum / (double)n);
  }
  memcpy(work, x, n * sizeof *x);
  out[0] = sum / (double)n;
  out[1] = sqrt(squares / (double)(n - 1));
  out[2] = select_rank(work, n, (size_t)ceil(0.025 * (double)n) - 1);
  out[3] = select_rank(work, n, (size_t)ceil(0.975 * (double)n) - 1);
  out[4] = (double)bins[15];
}

/* in0: the flow of all years, in1: how many they are, a double; param: the years before, the mean block, the seed.
 * out1: n values to work in and five for the report. */
static void bootstrap(const peer_args *a)
{
  static uint32_t w[MAX_YEARS + 4][ACROSS];
  const double *flow = a->in[0];
  double *restrict difference = a->out[0], *work = a->out[1];
  uint32_t all = (uint32_t) * (const double *)a->in[1], before = (uint32_t)a->param[0];
  for (size_t first = 0; first < a->n; first += ACROSS) {
    double x[ACROSS], y[ACROSS];
    draw_words(w, all, first, (uint64_t)a->param[2]);
    resample(flow, before, a->param[1], w, x);
    resample(flow + before, all - before, a->param[1], w + before, y);
    for (size_t lane = 0; lane < ACROSS && first + lane < a->n; lane++) {
      difference[first + lane] = y[lane] - x[lane];
    }
  }
  report(difference, a->n, work, work + a->n);
}

/* ---- the search ---- */

/* The solutions below a row whose attacked columns and diagonals are given. */
static uint32_t count_below(uint32_t all, uint32_t columns, uint32_t left, uint32_t right)
{
  uint32_t found = 0;
  if (columns == all) {
    return 1;
  }
  for (uint32_t free = all & ~(columns | left | right); free != 0; free &= free - 1) {
    uint32_t queen = free & (0 - free);
    found += count_below(all, columns | queen, (left | queen) << 1, (right | queen) >> 1);
  }
  return found;
}

static uint32_t search(uint64_t rest, uint32_t size)
{
  uint32_t columns = 0, left = 0, right = 0;
  for (int k = 0; k < 3; k++) {
    uint32_t queen = 1U << rest % size;
    if ((columns | left | right) & queen) {
      return 0;
    }
    columns |= queen;
    left = (left | queen) << 1;
    right = (right | queen) >> 1;
    rest /= size;
  }
  return rest != 0 ? 0 : count_below((1U << size) - 1, columns, left, right);
}

static void queens(const peer_args *a)
{
  uint32_t *restrict found = a->out[0];
  for (size_t i = 0; i < a->n; i++) {
    found[i] = search(i, (uint32_t)a->param[0]);
  }
}

extern const peer_set PEER_SET;
const peer_set PEER_SET = {.name = PEER_NAME, .pi = pi, .bootstrap = bootstrap, .queens = queens};
