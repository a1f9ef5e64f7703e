/* Clock and statistics of the sum-order benchmarks.
 * Other work shares the machine, so all contestants run once per round, in a shuffled order, and a ratio is the
 * median of the ratios within rounds; the minimum says what the machine can do, the median what it did. */
#define _POSIX_C_SOURCE 200809L
#include "sum_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double sum_clock(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void sum_shuffle(size_t order[SUM_MAX], size_t n, size_t round)
{
  uint64_t state = round + 1;
  for (size_t i = 0; i < n; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    size_t j = (size_t)(state >> 33) % (i + 1);
    order[i] = order[j];
    order[j] = i;
  }
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(const double *row, double *min)
{
  double sorted[SUM_ROUNDS];
  memcpy(sorted, row, sizeof sorted);
  qsort(sorted, SUM_ROUNDS, sizeof sorted[0], compare);
  *min = sorted[0];
  return sorted[SUM_ROUNDS / 2];
}

void sum_print_row(const char *name, const double *row, const double *base, double bytes)
{
  double ratio[SUM_ROUNDS], min, unused;
  for (size_t r = 0; r < SUM_ROUNDS; r++) ratio[r] = row[r] / base[r];
  double mid = median(row, &min);
  printf("  %-35s %10.2f %10.2f %8.2f %8.3f\n", name, 1e6 * min, 1e6 * mid, 1e-9 * bytes / min, median(ratio, &unused));
}
