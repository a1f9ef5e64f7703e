/* select.c: quantiles and histograms of samples that were kept, in memory or in a file: passes over pieces of them. A
 * quantile is found digit by digit from the highest (radix selection), a pass for each digit of 8 bits until few are
 * left. */
#include "base/error.h"
#include "machine/machine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- pieces ---- */

/* Samples first to first + n. Those in memory are one piece; of a file the memory of a window holds a piece. */
typedef struct piece {
  const unsigned char *data;
  size_t n;
} piece;

static tg_status piece_at(const samples *s, uint64_t first, piece *out, tg_error *error)
{
  size_t each = type_table[s->type].bytes;
  uint64_t left = s->n - first;
  if (!s->spilled.is_open) {
    *out = (piece){s->data + (size_t)first * each, (size_t)left};
    return TG_OK;
  }
  size_t most = s->bytes / each, n = left < most ? (size_t)left : most;
  *out = (piece){s->data, n};
  return spill_read(&s->spilled, first * each, s->data, n * each, error);
}

/* ---- keys ---- */

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

/* ---- radix selection ---- */

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
  size_t n_keys;
} digits;

#define WALKS(T)                                                                                                       \
  static void count_##T(piece p, digits *d)                                                                            \
  {                                                                                                                    \
    const T *x = (const T *)(const void *)p.data;                                                                      \
    for (size_t i = 0; i < p.n; i++) {                                                                                 \
      uint64_t here = key_of(d->order, x[i]) >> d->shift;                                                              \
      d->tallies[i % TALLIES][here % DIGITS] += here >> DIGIT_BITS == d->prefix;                                       \
    }                                                                                                                  \
  }                                                                                                                    \
  static void list_##T(piece p, digits *d)                                                                             \
  {                                                                                                                    \
    const T *x = (const T *)(const void *)p.data;                                                                      \
    size_t n = d->n_keys;                                                                                              \
    for (size_t i = 0; i < p.n; i++) {                                                                                 \
      d->keys[n] = key_of(d->order, x[i]);                                                                             \
      n += d->keys[n] >> d->shift == d->prefix;                                                                        \
    }                                                                                                                  \
    d->n_keys = n;                                                                                                     \
  }
WALKS(uint8_t)
WALKS(uint16_t)
WALKS(uint32_t)
WALKS(uint64_t)

static tg_status walk(const samples *s, digits *d, bool lists, tg_error *error)
{
  static void (*const walks[][2])(piece, digits *) = {[1] = {count_uint8_t, list_uint8_t},
                                                      [2] = {count_uint16_t, list_uint16_t},
                                                      [4] = {count_uint32_t, list_uint32_t},
                                                      [8] = {count_uint64_t, list_uint64_t}};
  piece p;
  for (uint64_t first = 0; first < s->n; first += p.n) {
    TG_TRY(piece_at(s, first, &p, error));
    walks[type_table[s->type].bytes][lists](p, d);
  }
  return TG_OK;
}

/* *n: of elements with the next digit that the element of the rank has, which goes to the prefix. */
static tg_status next_digit(const samples *s, digits *d, uint64_t *rank, uint64_t *n, tg_error *error)
{
  memset(d->tallies, 0, sizeof d->tallies);
  d->shift -= DIGIT_BITS;
  TG_TRY(walk(s, d, false, error));
  for (uint64_t digit = 0;; digit++) {
    *n = d->tallies[0][digit] + d->tallies[1][digit] + d->tallies[2][digit] + d->tallies[3][digit];
    if (*rank < *n || digit == DIGITS - 1) {
      d->prefix = d->prefix << DIGIT_BITS | digit;
      return TG_OK;
    }
    *rank -= *n;
  }
}

static int compare_keys(const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* The element of the given rank among the sorted samples, found digit by digit from the highest until few are left. */
static tg_status select_rank(const samples *s, uint64_t rank, uint64_t *out, tg_error *error)
{
  digits d = {.order = ordering_of(s->type), .shift = type_table[s->type].bytes * 8u};
  uint64_t n;
  do {
    TG_TRY(next_digit(s, &d, &rank, &n, error));
  } while (d.shift > 0 && n > FEW);
  if (d.shift == 0) {
    *out = value_of_key(d.order, d.prefix);
    return TG_OK;
  }
  TG_TRY(walk(s, &d, true, error));
  qsort(d.keys, (size_t)n, sizeof *d.keys, compare_keys);
  *out = value_of_key(d.order, d.keys[rank]);
  return TG_OK;
}

tg_status samples_quantile(const samples *s, double q, uint64_t *out, tg_error *error)
{
  double last = ceil(q * (double)s->n);
  *out = 0;
  if (s->n == 0) {
    return TG_OK;
  }
  uint64_t rank = !(last > 1) ? 0 : last >= (double)s->n ? s->n - 1 : (uint64_t)last - 1;
  return select_rank(s, rank, out, error);
}

/* ---- histograms ---- */

static void count_bins(const reduced *to, const double *x, size_t n, uint32_t n_bins)
{
  for (size_t i = 0; i < n; i++) {
    double bin = floor((x[i] - to->low) / (to->high - to->low) * (double)n_bins);
    if (to->low <= x[i] && x[i] < to->high && bin >= 0 && bin < (double)n_bins) {
      to->bins[(size_t)bin]++;
    }
  }
}

tg_status samples_histogram(const samples *s, const reduced *to, uint32_t n_bins, tg_error *error)
{
  piece p;
  for (uint64_t first = 0; first < s->n; first += p.n) {
    TG_TRY(piece_at(s, first, &p, error));
    count_bins(to, (const double *)(const void *)p.data, p.n, n_bins);
  }
  return TG_OK;
}
