/* sample.c: reductions that no sink can do, over samples that the last phase stores window by window: variances, from
 * the moments of blocks merged in order (Chan, Golub and LeVeque, "Algorithms for computing the sample variance",
 * 1983); quantiles and histograms whose bounds depend on the report, from all samples, kept until the end: in memory,
 * or above the machine's limit in a file (base/spill.h), to which each window's are appended. select.c takes it from
 * there. */
#include "base/error.h"
#include "base/fpenv.h"
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

static bool has_samples(const tg_machine *m, uint32_t k)
{
  return !routine_is_folded(reduction(m, k)) && routine_sample_owner(m->entry->report, k) == k;
}

/* Whether all that is kept fits the limit. */
static bool fits(const tg_machine *m)
{
  uint64_t left = m->sample_bytes;
  for (uint32_t k = 0; k < n_reductions(m); k++) {
    if (!has_samples(m, k) || !m->samples[k].is_kept) {
      continue;
    }
    size_t each = type_table[m->samples[k].type].bytes;
    if (m->n_all > left / each) {
      return false;
    }
    left -= m->n_all * each;
  }
  return true;
}

static tg_status begin_one(tg_machine *m, uint32_t k, bool in_memory, tg_error *error)
{
  samples *s = &m->samples[k];
  size_t each = type_table[s->type].bytes, lanes = s->is_kept && in_memory ? (size_t)m->n_all : m->window;
  const char *name = prog_reduction_names[reduction(m, k)->op];
  s->bytes = lanes * each + (lanes == 0);
  s->data = m->context->allocator.resize(m->context->allocator.self, NULL, 0, s->bytes);
  if (s->data == NULL) {
    size_t bytes = s->bytes;
    s->bytes = 0;
    error_set(error, TG_NOMEM, "no memory for the samples of %.60s: %zu bytes", name, bytes);
    error_hint(error, "each instance takes %zu bytes; keep fewer in memory, or take it out of the report", each);
    return TG_NOMEM;
  }
  return s->is_kept && !in_memory ? spill_open(m->spill_folder, &s->spilled, error) : TG_OK;
}

tg_status samples_begin(tg_machine *m, tg_error *error)
{
  samples_end(m);
  for (uint32_t k = 0; k < n_reductions(m); k++) {
    const prog_expr *r = reduction(m, k);
    m->samples[k] = (samples){.is_kept = r->op != REDUCE_VARIANCE, .type = routine_reduction_type(r)};
  }
  bool in_memory = fits(m);
  for (uint32_t k = 0; k < n_reductions(m); k++) {
    if (has_samples(m, k)) {
      TG_TRY(begin_one(m, k, in_memory, error));
    }
  }
  return TG_OK;
}

void samples_end(tg_machine *m)
{
  for (uint32_t k = 0; m->samples != NULL && k < n_reductions(m); k++) {
    alloc_free(&m->context->allocator, m->samples[k].data, m->samples[k].bytes, 1);
    spill_close(&m->samples[k].spilled);
    m->samples[k] = (samples){0};
  }
}

tg_binding samples_binding(tg_machine *m, uint32_t k, size_t lanes)
{
  const samples *s = &m->samples[k];
  size_t each = type_table[s->type].bytes, first = s->is_kept && !s->spilled.is_open ? (size_t)s->n : 0;
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

static tg_status take_kept(samples *s, const unsigned char *alive, size_t lanes, bool any_trapped, tg_error *error)
{
  size_t each = type_table[s->type].bytes;
  unsigned char *data = s->data + (s->spilled.is_open ? 0 : (size_t)s->n * each);
  size_t n = any_trapped ? compact(alive, data, each, lanes) : lanes;
  s->n += n;
  return s->spilled.is_open ? spill_write(&s->spilled, data, n * each, error) : TG_OK;
}

tg_status samples_take(tg_machine *m, size_t lanes, uint64_t n_trapped, tg_error *error)
{
  const unsigned char *alive = m->alive[(m->routines.n_phases - 1) & 1];
  tg_status status = TG_OK;
  fpenv saved = fpenv_enter();
  for (uint32_t k = 0; k < n_reductions(m) && status == TG_OK; k++) {
    samples *s = &m->samples[k];
    if (s->data != NULL && s->is_kept) {
      status = take_kept(s, alive, lanes, n_trapped > 0, error);
    } else if (s->data != NULL) {
      take_moments(s, alive, lanes);
    }
  }
  fpenv_leave(saved);
  return status;
}

double samples_variance(const samples *s)
{
  return s->n < 2 ? (double)NAN : s->m2 / (double)(s->n - 1);
}
