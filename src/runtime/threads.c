/* threads.c: see threads.h. The one file that is compiled with OpenMP, where there is one.
 *
 * The team always has the size that the context was made with, however few tasks there are: run-time libraries keep the
 * threads of a team for the next one, but end those that a smaller team does not need. */
#include "runtime/threads.h"

#include "base/context.h"

#ifdef _OPENMP
#include <omp.h>
#endif

unsigned threads_take(tg_context *context, unsigned wanted)
{
  unsigned busy = atomic_load_explicit(&context->n_busy, memory_order_relaxed), n, most = context->threads.n_threads;
  do {
    n = busy < most ? most - busy : 1;
    n = n < wanted ? n : wanted;
  } while (!atomic_compare_exchange_weak_explicit(&context->n_busy, &busy, busy + n, memory_order_relaxed,
                                                  memory_order_relaxed));
  return n;
}

void threads_give(tg_context *context, unsigned taken)
{
  atomic_fetch_sub_explicit(&context->n_busy, taken, memory_order_relaxed);
}

#ifdef _OPENMP

unsigned threads_default(void)
{
  int n = omp_get_max_threads();
  return n > 0 ? (unsigned)n : 1;
}

unsigned threads_possible(unsigned wanted)
{
  return wanted;
}

void threads_parallel_for(void *self, size_t n_tasks, void (*task)(void *arg, size_t index), void *arg)
{
  const tg_threads *threads = self;
  long long n = (long long)n_tasks;
#pragma omp parallel for num_threads((int)threads->n_threads) schedule(static, 1)
  for (long long i = 0; i < n; i++) {
    task(arg, (size_t)i);
  }
}

bool threads_are_taken(const tg_threads *threads)
{
  return threads->parallel_for == threads_parallel_for && omp_in_parallel();
}

#else

unsigned threads_default(void)
{
  return 1;
}

unsigned threads_possible(unsigned wanted)
{
  (void)wanted;
  return 1;
}

void threads_parallel_for(void *self, size_t n_tasks, void (*task)(void *arg, size_t index), void *arg)
{
  (void)self;
  for (size_t i = 0; i < n_tasks; i++) {
    task(arg, i);
  }
}

bool threads_are_taken(const tg_threads *threads)
{
  (void)threads;
  return false;
}

#endif
