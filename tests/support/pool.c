/* pool.c: see pool.h. */
#include "pool.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct job {
  void (*task)(void *arg, size_t index);
  void *arg;
  atomic_size_t next;
  size_t n_tasks;
} job;

static void *work(void *p)
{
  job *j = p;
  for (size_t i; (i = atomic_fetch_add(&j->next, 1)) < j->n_tasks;) {
    j->task(j->arg, j->n_tasks - 1 - i);
  }
  return NULL;
}

/* Where no thread can be made, the calling one does what is left. */
static void parallel_for(void *self, size_t n_tasks, void (*task)(void *arg, size_t index), void *arg)
{
  const unsigned *n_threads = self;
  pthread_t threads[POOL_MOST];
  job j = {task, arg, 0, n_tasks};
  unsigned n = 0;
  for (; n + 1 < *n_threads && n < POOL_MOST; n++) {
    if (pthread_create(&threads[n], NULL, work, &j) != 0) {
      break;
    }
  }
  work(&j);
  for (unsigned i = 0; i < n; i++) {
    pthread_join(threads[i], NULL);
  }
}

tg_threads pool_threads(unsigned *n_threads)
{
  return (tg_threads){parallel_for, n_threads, *n_threads};
}
