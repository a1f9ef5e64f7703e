/* threads.h: where an invocation's threads come from when the caller brings none: OpenMP, if the library was built with
 * it, else the calling thread alone. */
#ifndef TG_RUNTIME_THREADS_H
#define TG_RUNTIME_THREADS_H

#include "throng.h"

#include <stdbool.h>

enum { THREADS_MOST = 1024 }; /* that one invocation uses */

/* How many threads there are by themselves: what OMP_NUM_THREADS says, or one for each processor; 1 without OpenMP. */
unsigned threads_default(void);

/* How many of `wanted` threads threads_parallel_for can run at once: all, or 1 without OpenMP. */
unsigned threads_possible(unsigned wanted);

/* The parallel_for of OpenMP; self is the tg_threads that it stands in. */
void threads_parallel_for(void *self, size_t n_tasks, void (*task)(void *arg, size_t index), void *arg);

/* Whether these threads are OpenMP's and the caller is one of several in a parallel region of its own: more threads
 * would only get in each other's way. */
bool threads_are_taken(const tg_threads *threads);

/* Of `wanted` threads of a context, 2 or more, as many as other invocations leave that are running; the calling one at
 * least. So callers that invoke from threads of their own do not each get all. What was taken is given back. */
unsigned threads_take(tg_context *context, unsigned wanted);
void threads_give(tg_context *context, unsigned taken);

#endif
