/* sample.c: reductions that no sink can do, over samples that the last phase stores window by window: variances, from
 * the moments of blocks merged in order (Chan, Golub and LeVeque, "Algorithms for computing the sample variance",
 * 1983); quantiles and histograms whose bounds depend on the report, from all samples, kept until the end. */
#include "base/error.h"
#include "base/fpenv.h"
#include "machine/machine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const prog_expr *reduction(const tg_machine *m, uint32_t k)
{
  return m->entry->report->reductions[k];
}

static uint32_t n_reductions(const tg_machine *m)
{
  return m->entry->report == NULL ? 0 : m->entry->report->n_reductions;
}

/* ---- memory ---- */

static tg_status begin_one(tg_machine *m, uint32_t k, tg_error *error)
{
  const prog_expr *r = reduction(m, k);
  samples *s = &m->samples[k];
  *s = (samples){.is_kept = r->op != REDUCE_VARIANCE, .type = routine_reduction_type(r)};
  if (routine_is_folded(r) || routine_sample_owner(m->entry->report, k) != k) {
    return TG_OK;
  }
  uint64_t lanes = s->is_kept ? m->n_all : m->window;
  size_t each = type_table[s->type].bytes;
  if (lanes > SIZE_MAX / each - 1) {
    return error_set(error, TG_NOMEM, "no memory for the samples of %.60s", prog_reduction_names[r->op]);
  }
  s->bytes = (size_t)lanes * each + (lanes == 0);
  s->data = m->context->allocator.resize(m->context->allocator.self, NULL, 0, s->bytes);
  if (s->data == NULL) {
    size_t bytes = s->bytes;
    s->bytes = 0;
    error_set(error, TG_NOMEM, "no memory for the samples of %.60s: %zu bytes", prog_reduction_names[r->op], bytes);
    error_hint(error, "each instance takes %zu bytes; run fewer, or take it out of the report", each);
    return TG_NOMEM;
  }
  return TG_OK;
}

tg_status samples_begin(tg_machine *m, tg_error *error)
{
  samples_end(m);
  for (uint32_t k = 0; k < n_reductions(m); k++) {
    TG_TRY(begin_one(m, k, error));
  }
  return TG_OK;
}

void samples_end(tg_machine *m)
{
  for (uint32_t k = 0; m->samples != NULL && k < n_reductions(m); k++) {
    alloc_free(&m->context->allocator, m->samples[k].data, m->samples[k].bytes, 1);
    m->samples[k] = (samples){0};
  }
}

tg_binding samples_binding(tg_machine *m, uint32_t k, size_t lanes)
{
  const samples *s = &m->samples[k];
  size_t each = type_table[s->type].bytes, first = s->is_kept ? (size_t)s->n : 0;
  return (tg_binding){
      .data = s->data, .bytes = (first + lanes) * each, .offset = first * each, .stride = (ptrdiff_t)each};
}

/* ---- windows ---- */

/* Closes the gaps that instances left which trapped. */
static size_t compact(const unsigned char *alive, unsigned char *data, size_t each, size_t lanes)
{
  size_t n = 0;
  for (size_t i = 0; i < lanes; i++) {
    if (alive[i]) {
      memmove(data + n * each, data + i * each, each);
      n++;
    }
  }
  return n;
}

static void merge(samples *s, uint64_t n, double mean, double m2)
{
  double all = (double)(s->n + n), delta = mean - s->mean;
  s->m2 += m2 + delta * delta * ((double)s->n * (double)n / all);
  s->mean += delta * ((double)n / all);
  s->n += n;
}

/* The moments of one block: its mean first, then the squares of what differs from it. */
static void take_block(samples *s, const double *x, size_t n)
{
  double sum = 0, m2 = 0;
  for (size_t i = 0; i < n; i++) {
    sum += x[i];
  }
  double mean = sum / (double)n;
  for (size_t i = 0; i < n; i++) {
    m2 += (x[i] - mean) * (x[i] - mean);
  }
  if (n > 0) {
    merge(s, n, mean, m2);
  }
}

/* Blocks are those of the lanes, so that nothing depends on windows. */
static void take_moments(samples *s, const unsigned char *alive, size_t lanes)
{
  for (size_t first = 0; first < lanes; first += TG_BLOCK_LANES) {
    size_t n = lanes - first < TG_BLOCK_LANES ? lanes - first : TG_BLOCK_LANES;
    double *x = (double *)(void *)s->data + first;
    take_block(s, x, compact(alive + first, (unsigned char *)x, sizeof *x, n));
  }
}

void samples_take(tg_machine *m, size_t lanes, uint64_t n_trapped)
{
  const unsigned char *alive = m->alive[(m->routines.n_phases - 1) & 1];
  fpenv saved = fpenv_enter();
  for (uint32_t k = 0; k < n_reductions(m); k++) {
    samples *s = &m->samples[k];
    size_t each = type_table[s->type].bytes;
    if (s->data == NULL) {
      continue;
    }
    if (!s->is_kept) {
      take_moments(s, alive, lanes);
    } else {
      s->n += n_trapped == 0 ? lanes : compact(alive, s->data + (size_t)s->n * each, each, lanes);
    }
  }
  fpenv_leave(saved);
}

/* ---- results ---- */

double samples_variance(const samples *s)
{
  return s->n < 2 ? (double)NAN : s->m2 / (double)(s->n - 1);
}

/* How the bits of an element become an integer that is ordered as the value, NaN last: of floats the sign is turned,
 * and of negative ones all else too. */
typedef struct ordering {
  uint64_t sign, others;
  unsigned top; /* the place of the sign */
} ordering;

static ordering ordering_of(tg_type type)
{
  uint64_t mask = type_mask(type), sign = mask ^ mask >> 1;
  bool is_float = type_in(type, TG_CLASS_FLOAT);
  return (ordering){is_float || type_table[type].is_signed ? sign : 0, is_float ? mask >> 1 : 0,
                    type_table[type].bytes * 8u - 1};
}

static uint64_t key_of(ordering o, uint64_t bits)
{
  return bits ^ o.sign ^ (o.others & (0 - (bits >> o.top)));
}

static uint64_t value_of_key(ordering o, uint64_t key)
{
  uint64_t bits = key ^ o.sign;
  return bits ^ (o.others & (0 - (bits >> o.top)));
}

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS, FEW = 64, TALLIES = 4 };

/* Elements whose digits above those at `shift` are `prefix`: how many of them have each value of that digit, and, where
 * they are few, their keys. Neighbours count in different tallies, for they often are alike and would wait for each
 * other. */
typedef struct digits {
  ordering order;
  uint64_t prefix;
  unsigned shift;
  uint64_t tallies[TALLIES][DIGITS];
  uint64_t keys[FEW + 1];
} digits;

#define WALKS(T)                                                                                                       \
  static void count_##T(const samples *s, digits *d)                                                                   \
  {                                                                                                                    \
    const T *x = (const T *)(const void *)s->data;                                                                     \
    for (uint64_t i = 0; i < s->n; i++) {                                                                              \
      uint64_t here = key_of(d->order, x[i]) >> d->shift;                                                              \
      d->tallies[i % TALLIES][here % DIGITS] += here >> DIGIT_BITS == d->prefix;                                       \
    }                                                                                                                  \
  }                                                                                                                    \
  static void list_##T(const samples *s, digits *d)                                                                    \
  {                                                                                                                    \
    const T *x = (const T *)(const void *)s->data;                                                                     \
    size_t n = 0;                                                                                                      \
    for (uint64_t i = 0; i < s->n; i++) {                                                                              \
      d->keys[n] = key_of(d->order, x[i]);                                                                             \
      n += d->keys[n] >> d->shift == d->prefix;                                                                        \
    }                                                                                                                  \
  }
WALKS(uint8_t)
WALKS(uint16_t)
WALKS(uint32_t)
WALKS(uint64_t)

static void walk(const samples *s, digits *d, bool lists)
{
  static void (*const walks[][2])(const samples *, digits *) = {[1] = {count_uint8_t, list_uint8_t},
                                                                [2] = {count_uint16_t, list_uint16_t},
                                                                [4] = {count_uint32_t, list_uint32_t},
                                                                [8] = {count_uint64_t, list_uint64_t}};
  walks[type_table[s->type].bytes][lists](s, d);
}

/* The number of elements with the next digit that the element of the rank has, which goes to the prefix. */
static uint64_t next_digit(const samples *s, digits *d, uint64_t *rank)
{
  memset(d->tallies, 0, sizeof d->tallies);
  d->shift -= DIGIT_BITS;
  walk(s, d, false);
  for (uint64_t digit = 0;; digit++) {
    uint64_t n = d->tallies[0][digit] + d->tallies[1][digit] + d->tallies[2][digit] + d->tallies[3][digit];
    if (*rank < n || digit == DIGITS - 1) {
      d->prefix = d->prefix << DIGIT_BITS | digit;
      return n;
    }
    *rank -= n;
  }
}

static int compare_keys(const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* The element of the given rank among the sorted samples, found digit by digit from the highest until few are left. */
static uint64_t select_rank(const samples *s, uint64_t rank)
{
  digits d = {.order = ordering_of(s->type), .shift = type_table[s->type].bytes * 8u};
  uint64_t n;
  do {
    n = next_digit(s, &d, &rank);
  } while (d.shift > 0 && n > FEW);
  if (d.shift == 0) {
    return value_of_key(d.order, d.prefix);
  }
  walk(s, &d, true);
  qsort(d.keys, (size_t)n, sizeof *d.keys, compare_keys);
  return value_of_key(d.order, d.keys[rank]);
}

uint64_t samples_quantile(const samples *s, double q)
{
  double last = ceil(q * (double)s->n);
  if (s->n == 0) {
    return 0;
  }
  if (!(last > 1)) {
    return select_rank(s, 0);
  }
  return select_rank(s, last >= (double)s->n ? s->n - 1 : (uint64_t)last - 1);
}

void samples_histogram(const samples *s, double low, double high, uint64_t *bins, uint32_t n_bins)
{
  const double *x = (const double *)(const void *)s->data;
  for (uint64_t i = 0; i < s->n; i++) {
    double bin = floor((x[i] - low) / (high - low) * (double)n_bins);
    if (low <= x[i] && x[i] < high && bin >= 0 && bin < (double)n_bins) {
      bins[(size_t)bin]++;
    }
  }
}
