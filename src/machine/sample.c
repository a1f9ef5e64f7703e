/* sample.c: reductions that no sink can do, over samples that the last phase stores window by window: variances, from
 * the moments of blocks merged in order (Chan, Golub and LeVeque, "Algorithms for computing the sample variance",
 * 1983); quantiles and histograms whose bounds depend on the report, from all samples, kept until the end. */
#include "base/error.h"
#include "base/fpenv.h"
#include "graph/element.h"
#include "machine/machine.h"

#include <math.h>
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

/* An integer that is ordered as the value: NaN last. */
static uint64_t key_of(tg_type type, const unsigned char *p)
{
  uint64_t bits = element_load((tg_mode)type, p), sign = type_mask(type) ^ type_mask(type) >> 1;
  if (type_in(type, TG_CLASS_FLOAT)) {
    return bits & sign ? ~bits & type_mask(type) : bits | sign;
  }
  return type_table[type].is_signed ? bits ^ sign : bits;
}

static uint64_t value_of_key(tg_type type, uint64_t key)
{
  uint64_t sign = type_mask(type) ^ type_mask(type) >> 1;
  if (type_in(type, TG_CLASS_FLOAT)) {
    return key & sign ? key ^ sign : ~key & type_mask(type);
  }
  return type_table[type].is_signed ? key ^ sign : key;
}

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS };

/* How many samples, of those whose digits above are `prefix`, have each value of the digit at `shift`. */
static void count_digits(const samples *s, uint64_t prefix, unsigned shift, uint64_t counts[DIGITS])
{
  size_t each = type_table[s->type].bytes;
  memset(counts, 0, DIGITS * sizeof *counts);
  for (uint64_t i = 0; i < s->n; i++) {
    uint64_t key = key_of(s->type, s->data + (size_t)i * each);
    uint64_t above = shift + DIGIT_BITS >= 64 ? 0 : key >> (shift + DIGIT_BITS);
    if (above == prefix) {
      counts[key >> shift & (DIGITS - 1)]++;
    }
  }
}

/* The element of the given rank among the sorted samples, found digit by digit from the highest. */
static uint64_t select_rank(const samples *s, uint64_t rank)
{
  uint64_t counts[DIGITS], prefix = 0;
  for (unsigned shift = type_table[s->type].bytes * 8u; shift > 0;) {
    shift -= DIGIT_BITS;
    count_digits(s, prefix, shift, counts);
    uint64_t digit = 0;
    while (digit < DIGITS - 1 && rank >= counts[digit]) {
      rank -= counts[digit++];
    }
    prefix = prefix << DIGIT_BITS | digit;
  }
  return value_of_key(s->type, prefix);
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
