/* What the sum-order benchmarks share: one table of sums per type, built from sums_tmpl.c, and the data they add.
 * A sum takes n values and the lanes of a block (0 where the order has no blocks) and gives the value, widened to
 * double, which loses nothing. */
#ifndef SUM_ORDER_H
#define SUM_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SUM_ROUNDS = 15, SUM_MAX = 16 };

typedef double sum_fn(const void *x, size_t n, size_t block);

typedef struct sum_entry {
  const char *name;
  sum_fn *run;
  size_t block;
  bool free_order; /* a candidate for the fastest free order */
  const char *isa; /* "" or what __builtin_cpu_supports() is asked */
} sum_entry;

typedef struct sum_type {
  const char *name;
  size_t size;
  sum_fn *reference; /* the specified order, written word for word */
  const sum_entry *entries;
  size_t n_entries;
  void (*fill)(void *x, size_t n, uint64_t seed);      /* uniform in [0,1) */
  void (*fill_hard)(void *x, size_t n, uint64_t seed); /* random signs and exponents, zeros of both signs */
  long double (*exact)(const void *x, size_t n);       /* of what fill() wrote: integer sum, rounded once */
} sum_type;

extern const sum_type sum_type_f32, sum_type_f64;

/* Seconds from some fixed moment. */
double sum_clock(void);

/* The order in which `n` (up to SUM_MAX) contestants run in a round: a fixed shuffle, so none has a fixed neighbour. */
void sum_shuffle(size_t order[SUM_MAX], size_t n, size_t round);

/* Prints minimum, median and the median of the paired ratios to row `base` for rows of SUM_ROUNDS samples. */
void sum_print_row(const char *name, const double *row, const double *base, double bytes);

#endif
