/* timing.c: clocks, samples in turns, medians, and binding to a processor.
 *
 * A sample is as many pieces of work as fill 0.3 ms, short, so that most are not interrupted. Contestants are sampled
 * in turns; slow ones less often, so that each gets about the same time, but five times at least. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "bench.h"

#include <fenv.h>
#include <stdlib.h>
#include <time.h>
#if defined(__linux__)
#include <sched.h>
#endif

enum { SAMPLE_NS = 300000, MIN_SAMPLES = 5, MAX_SAMPLES = 201 };
static const double budget_ns = 4e8, quick_budget_ns = 5e7;

static double clock_ns(clockid_t clock)
{
  struct timespec t;
  demand(clock_gettime(clock, &t) == 0, "no clock");
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double wall_ns(void)
{
  return clock_ns(CLOCK_MONOTONIC);
}

bool pin_to(size_t index)
{
#if defined(__linux__)
  static cpu_set_t all;
  static bool is_known = false;
  if (!is_known) {
    is_known = sched_getaffinity(0, sizeof all, &all) == 0;
  }
  for (size_t cpu = 0; is_known && cpu < CPU_SETSIZE; cpu++) {
    if (CPU_ISSET(cpu, &all) && index-- == 0) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpu, &one);
      return sched_setaffinity(0, sizeof one, &one) == 0;
    }
  }
#endif
  (void)index;
  return false;
}

/* Nanoseconds of one piece of work. Each begins in the floating-point environment that programs begin in: Orc leaves
 * the processor flushing subnormals, and who must set that right pays for it. */
static double sample(const timed *t, size_t times)
{
  (void)fesetenv(FE_DFL_ENV);
  double start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  t->work(t->self, times);
  double took = t->took_ns != NULL ? t->took_ns(t->self) : clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
  return took / (double)times;
}

static double least_of_three(const timed *t, size_t times)
{
  double least = sample(t, times);
  for (int i = 0; i < 2; i++) {
    double next = sample(t, times);
    least = next < least ? next : least;
  }
  return least;
}

typedef struct series {
  size_t times, n_samples, n;
  double samples[MAX_SAMPLES];
} series;

/* How many times fill a sample, and how many samples fill the budget; this is the warm-up too. */
static void plan(series *s, const timed *t, double budget)
{
  double each = sample(t, 1);
  s->times = 1;
  if (each < SAMPLE_NS) {
    while ((each = least_of_three(t, s->times)) * (double)s->times < SAMPLE_NS / 2 && s->times < (size_t)1 << 30) {
      s->times *= each * (double)s->times < SAMPLE_NS / 16 ? 8 : 2;
    }
  }
  double n = budget / (each * (double)s->times);
  s->n_samples = n < MIN_SAMPLES ? MIN_SAMPLES : n > MAX_SAMPLES ? MAX_SAMPLES : (size_t)n;
  s->n = 0;
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

void time_in_turns(const bench *b, const timed *what, size_t n, double *medians)
{
  series *all = calloc(MAX_TIMED, sizeof *all);
  demand(all != NULL && n <= MAX_TIMED, "no memory");
  for (size_t i = 0; i < n; i++) {
    plan(&all[i], &what[i], b->is_quick ? quick_budget_ns : budget_ns);
  }
  for (size_t round = 1; round <= MAX_SAMPLES; round++) {
    for (size_t i = 0; i < n; i++) {
      series *s = &all[i];
      if (round * s->n_samples / MAX_SAMPLES > s->n) { /* spreads n_samples over all rounds */
        s->samples[s->n++] = sample(&what[i], s->times);
      }
    }
  }
  for (size_t i = 0; i < n; i++) {
    qsort(all[i].samples, all[i].n, sizeof(double), compare);
    medians[i] = all[i].samples[all[i].n / 2];
  }
  free(all);
}
