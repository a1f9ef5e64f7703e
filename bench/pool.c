/* pool.c: two threads for a context: the caller and a helper that waits for work, bound to the second processor. */
#include "bench.h"

#include <pthread.h>
#include <stdlib.h>

struct pool {
  pthread_t helper;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  void (*task)(void *arg, size_t index);
  void *arg;
  size_t next, n_tasks, n_running;
  bool is_ending;
};

/* Does tasks until none is left. The lock is held before and after. */
static void do_tasks(pool *p)
{
  while (p->next < p->n_tasks) {
    size_t index = p->next++;
    p->n_running++;
    pthread_mutex_unlock(&p->lock);
    p->task(p->arg, index);
    pthread_mutex_lock(&p->lock);
    p->n_running--;
  }
}

static void *help(void *self)
{
  pool *p = self;
  pin_to(1);
  pthread_mutex_lock(&p->lock);
  while (!p->is_ending) {
    do_tasks(p);
    pthread_cond_broadcast(&p->changed);
    while (!p->is_ending && p->next >= p->n_tasks) {
      pthread_cond_wait(&p->changed, &p->lock);
    }
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

static void parallel_for(void *self, size_t n_tasks, void (*task)(void *arg, size_t index), void *arg)
{
  pool *p = self;
  pthread_mutex_lock(&p->lock);
  p->task = task;
  p->arg = arg;
  p->next = 0;
  p->n_tasks = n_tasks;
  pthread_cond_broadcast(&p->changed);
  do_tasks(p);
  while (p->n_running > 0) {
    pthread_cond_wait(&p->changed, &p->lock);
  }
  pthread_mutex_unlock(&p->lock);
}

pool *pool_new(void)
{
  pool *p = calloc(1, sizeof *p);
  demand(p != NULL && pthread_mutex_init(&p->lock, NULL) == 0 && pthread_cond_init(&p->changed, NULL) == 0 &&
             pthread_create(&p->helper, NULL, help, p) == 0,
         "no thread");
  return p;
}

tg_context *pool_context(pool *p)
{
  tg_context *context;
  tg_context_options options = TG_CONTEXT_OPTIONS_INIT;
  options.threads = (tg_threads){parallel_for, p, 2};
  demand(tg_context_create(&options, &context) == TG_OK, "no context");
  return context;
}

void pool_free(pool *p)
{
  pthread_mutex_lock(&p->lock);
  p->is_ending = true;
  pthread_cond_broadcast(&p->changed);
  pthread_mutex_unlock(&p->lock);
  pthread_join(p->helper, NULL);
  free(p);
}
