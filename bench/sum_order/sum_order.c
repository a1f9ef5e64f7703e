/* What the canonical order of float sums costs and how exact it is, on a CPU.
 * Checks every canonical sum bit for bit against the reference; times all sums of the table, interleaved; measures the
 * error for 10^8 uniform values against an exact integer sum. Exit status 1 if a check fails.
 * Usage: sum_order [largest n to time] */
#include "sum_order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_SEEDS = 8 };

static bool has_isa(const sum_entry *e)
{
#if defined(__x86_64__)
  if (strcmp(e->isa, "avx2") == 0) return __builtin_cpu_supports("avx2");
  if (strcmp(e->isa, "avx512f") == 0) return __builtin_cpu_supports("avx512f");
#endif
  return e->isa[0] == 0;
}

static bool same_bits(double a, double b)
{
  return memcmp(&a, &b, sizeof a) == 0;
}

static size_t check_length(const sum_type *t, const void *x, size_t n)
{
  size_t n_bad = 0;
  for (size_t k = 0; k < t->n_entries; k++) {
    const sum_entry *e = &t->entries[k];
    if (e->block == 0 || !has_isa(e)) continue;
    if (same_bits(e->run(x, n, e->block), t->reference(x, n, e->block))) continue;
    printf("  WRONG: %s %s, n = %zu\n", t->name, e->name, n);
    n_bad++;
  }
  return n_bad;
}

/* Lengths around every boundary of row, block and tree, with cancelling values, then one long run. */
static bool check(const sum_type *t, void *x)
{
  static const size_t edges[] = {0,     1,     31,    32,    33,    63,    64,    65,    4095,
                                 4096,  4097,  8191,  8192,  8193,  12288, 16384, 20480, 24576,
                                 28672, 32768, 40960, 65536, 69632, 81920, 100000};
  size_t n_edges = sizeof edges / sizeof edges[0], n_bad = 0, n_checks = 0;
  t->fill_hard(x, 10000000, 1);
  for (size_t k = 0; k < n_edges; k++)
    for (size_t d = 0; d < 70; d += 23, n_checks++) n_bad += check_length(t, x, edges[k] + d);
  n_bad += check_length(t, x, 9999999);
  printf("%s: %zu canonical sums differ from the reference, at %zu lengths\n", t->name, n_bad, n_checks + 1);
  return n_bad == 0;
}

static double sample(const sum_entry *e, const void *x, size_t n, size_t repeats)
{
  double start = sum_clock();
  for (size_t r = 0; r < repeats; r++) (void)e->run(x, n, e->block);
  return (sum_clock() - start) / (double)repeats;
}

static double least(const double *row)
{
  double min = row[0];
  for (size_t r = 1; r < SUM_ROUNDS; r++) min = row[r] < min ? row[r] : min;
  return min;
}

static void measure(const sum_type *t, const void *x, size_t n)
{
  static double times[SUM_MAX][SUM_ROUNDS];
  size_t repeats = n < 10000000 ? 20000000 / n : n < 100000000 ? 3 : 1, base = SUM_MAX;
  for (size_t r = 0; r <= SUM_ROUNDS; r++) {
    size_t order[SUM_MAX];
    sum_shuffle(order, t->n_entries, r);
    for (size_t i = 0; i < t->n_entries; i++) {
      const sum_entry *e = &t->entries[order[i]];
      /* round 0 warms up and is overwritten */
      if (has_isa(e)) times[order[i]][r == 0 ? 0 : r - 1] = sample(e, x, n, repeats);
    }
  }
  for (size_t k = 0; k < t->n_entries; k++)
    if (t->entries[k].free_order && has_isa(&t->entries[k]))
      if (base == SUM_MAX || least(times[k]) < least(times[base])) base = k;
  if (base == SUM_MAX) base = t->n_entries - 1;
  printf("%s, n = %zu; ratio to: %s\n", t->name, n, t->entries[base].name);
  printf("  %-35s %10s %10s %8s %8s\n", "", "min us", "median us", "GB/s", "ratio");
  for (size_t k = 0; k < t->n_entries; k++)
    if (has_isa(&t->entries[k])) sum_print_row(t->entries[k].name, times[k], times[base], (double)(n * t->size));
}

static double relative_error(double value, long double exact)
{
  return (double)(fabsl((long double)value - exact) / exact);
}

/* The worst over a few samples; leaves the last sample in x. */
static bool measure_error(const sum_type *t, void *x, size_t n)
{
  double limit = t->size == 4 ? 1e-6 : 1e-14, worst[3] = {0};
  sum_fn *scalar = t->entries[t->n_entries - 1].run;
  for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
    t->fill(x, n, seed);
    long double exact = t->exact(x, n);
    worst[0] = fmax(worst[0], relative_error(t->reference(x, n, 4096), exact));
    worst[1] = fmax(worst[1], relative_error(t->reference(x, n, 8192), exact));
    worst[2] = fmax(worst[2], relative_error(scalar(x, n, 0), exact));
  }
  printf("%s, n = %zu uniform in [0,1), worst relative error of %d samples (limit %.0e):\n", t->name, n, N_SEEDS,
         limit);
  printf("  block 4096: %.2g, block 8192: %.2g, scalar order: %.2g\n", worst[0], worst[1], worst[2]);
  return worst[0] < limit && worst[1] < limit;
}

static bool run_type(const sum_type *t, size_t n_max)
{
  size_t n_error = 100000000;
  void *x = aligned_alloc(4096, (n_error * t->size + 4095) / 4096 * 4096);
  if (x == NULL) {
    printf("%s: no memory for %zu values\n", t->name, n_error);
    return false;
  }
  bool ok = check(t, x);
  ok = measure_error(t, x, n_error) && ok;
  for (size_t n = 100000; n <= n_max; n *= n == 100000 ? 100 : 10) measure(t, x, n);
  free(x);
  return ok;
}

int main(int argc, char **argv)
{
  size_t n_max = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 100000000;
  if (n_max > 100000000) n_max = 100000000;
  bool ok = run_type(&sum_type_f32, n_max);
  ok = run_type(&sum_type_f64, n_max) && ok;
  return ok ? 0 : 1;
}
