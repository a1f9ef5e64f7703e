/* threads_bench.c: section `threads`: the same invocation with two threads and with one, by the wall clock.
 *
 * The work is the image of section `mandelbrot`: all computing, and its parts differ much. The threads are the
 * caller's: here a helper thread that waits for work, bound to the second processor. */
#include "mandelbrot.h"

#include <pthread.h>

/* ---- a pool of one helper ---- */

typedef struct pool {
  pthread_t helper;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  void (*task)(void *arg, size_t index);
  void *arg;
  size_t next, n_tasks, n_running;
  bool is_ending;
} pool;

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

static void start_pool(pool *p)
{
  *p = (pool){.is_ending = false};
  demand(pthread_mutex_init(&p->lock, NULL) == 0 && pthread_cond_init(&p->changed, NULL) == 0 &&
             pthread_create(&p->helper, NULL, help, p) == 0,
         "no thread");
}

static void end_pool(pool *p)
{
  pthread_mutex_lock(&p->lock);
  p->is_ending = true;
  pthread_cond_broadcast(&p->changed);
  pthread_mutex_unlock(&p->lock);
  pthread_join(p->helper, NULL);
}

/* ---- the section ---- */

/* An invocation timed by the wall clock. */
typedef struct run {
  subject subject;
  double took_ns;
} run;

static void invoke(void *self, size_t times)
{
  run *r = self;
  double start = wall_ns();
  subject_work(&r->subject, times);
  r->took_ns = wall_ns() - start;
}

static double took(void *self)
{
  return ((const run *)self)->took_ns;
}

static void time_backend(bench *b, tg_context *two, const char *backend, const mandelbrot *m)
{
  run runs[2];
  size_t width = (size_t)1 << m->shift;
  contest c = {.section = "threads",
               .workload = "mandelbrot, 256 steps, f32",
               .unit = "ms",
               .size = width,
               .per = 1e6,
               .out = m->count,
               .out_bytes = m->program.n * sizeof *m->count};
  subject_open(&runs[0].subject, two, backend, &m->program);
  subject_open(&runs[1].subject, b->context, backend, &m->program);
  contest_add(&c, &(entrant){.name = backend, .timed = {invoke, &runs[0], took}, .is_subject = true});
  contest_add(&c, &(entrant){.name = "one thread", .timed = {invoke, &runs[1], took}, .target = 1.9});
  contest_run(b, &c);
  subject_close(&runs[0].subject);
  subject_close(&runs[1].subject);
}

void bench_threads(bench *b)
{
  pool p;
  mandelbrot m;
  tg_context *two;
  tg_context_options options = TG_CONTEXT_OPTIONS_INIT;
  const char *backend;
  start_pool(&p);
  options.threads = (tg_threads){parallel_for, &p, 2};
  demand(tg_context_create(&options, &two) == TG_OK, "no context");
  mandelbrot_make(&m, b->is_quick ? 8 : 10, 256);
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL; i++) {
    if (subject_may(backend, &m.program)) {
      time_backend(b, two, backend, &m);
    }
  }
  block_free(m.count);
  tg_context_destroy(two);
  end_pool(&p);
}
