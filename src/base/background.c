/* background.c: see background.h. */
#include "base/background.h"

#include <stddef.h>

void background_open(background *b)
{
  thread_lock_open(&b->lock);
  thread_signal_open(&b->done);
  b->first = b->last = b->forgotten = NULL;
  b->has_worker = b->is_working = false;
  atomic_init(&b->process, 0);
}

/* Where the process forked, the thread is not there, and who held the lock is not either. */
static bool is_lost(const background *b)
{
  long process = atomic_load_explicit(&b->process, memory_order_relaxed);
  return process != 0 && process != thread_process();
}

static void drop_forgotten(background *b)
{
  thread_lock_take(&b->lock);
  background_job *job = b->forgotten;
  b->forgotten = NULL;
  thread_lock_leave(&b->lock);
  while (job != NULL) {
    background_job *next = job->next;
    job->drop(job);
    job = next;
  }
}

void background_close(background *b)
{
  if (is_lost(b)) {
    return;
  }
  if (b->has_worker) {
    thread_join(b->worker);
  }
  drop_forgotten(b);
  thread_signal_close(&b->done);
  thread_lock_close(&b->lock);
}

/* ---- the thread ---- */

static background_job *take_job(background *b)
{
  background_job *job = b->first;
  if (job != NULL) {
    b->first = job->next;
    b->last = b->first == NULL ? NULL : b->last;
    job->state = BACKGROUND_RUNS;
  }
  return job;
}

static void end_job(background *b, background_job *job)
{
  job->state = BACKGROUND_DONE;
  if (job->is_forgotten) {
    job->next = b->forgotten;
    b->forgotten = job;
  }
  thread_signal_wake(&b->done);
}

static void *work(void *arg)
{
  background *b = arg;
  thread_lock_take(&b->lock);
  for (background_job *job = take_job(b); job != NULL; job = take_job(b)) {
    thread_lock_leave(&b->lock);
    job->work(job);
    thread_lock_take(&b->lock);
    end_job(b, job);
  }
  b->is_working = false;
  thread_lock_leave(&b->lock);
  return NULL;
}

/* A thread that found no job any more is at its end: it is joined, and another one started. */
static bool has_thread(background *b)
{
  if (!b->is_working) {
    if (b->has_worker) {
      thread_join(b->worker);
    }
    b->has_worker = b->is_working = thread_start(&b->worker, work, b);
    atomic_store_explicit(&b->process, b->has_worker ? thread_process() : 0, memory_order_relaxed);
  }
  return b->is_working;
}

/* ---- jobs ---- */

bool background_start(background *b, background_job *job)
{
  if (is_lost(b)) {
    return false;
  }
  drop_forgotten(b);
  thread_lock_take(&b->lock);
  job->next = NULL;
  job->state = BACKGROUND_QUEUED;
  if (b->last == NULL) {
    b->first = job;
  } else {
    b->last->next = job;
  }
  b->last = job;
  bool started = has_thread(b);
  if (!started) { /* then the queue was empty */
    b->first = b->last = NULL;
    job->state = BACKGROUND_NEW;
  }
  thread_lock_leave(&b->lock);
  return started;
}

void background_wait(background *b, background_job *job)
{
  if (is_lost(b)) {
    return;
  }
  thread_lock_take(&b->lock);
  while (job->state == BACKGROUND_QUEUED || job->state == BACKGROUND_RUNS) {
    thread_signal_wait(&b->done, &b->lock);
  }
  thread_lock_leave(&b->lock);
}

static void remove_queued(background *b, const background_job *job)
{
  background_job **at = &b->first, *before = NULL;
  while (*at != job) {
    before = *at;
    at = &(*at)->next;
  }
  *at = job->next;
  b->last = b->last == job ? before : b->last;
}

void background_forget(background *b, background_job *job)
{
  if (!is_lost(b)) {
    thread_lock_take(&b->lock);
    if (job->state == BACKGROUND_QUEUED) {
      remove_queued(b, job);
    }
    job->is_forgotten = job->state == BACKGROUND_RUNS;
    bool is_running = job->is_forgotten;
    thread_lock_leave(&b->lock);
    if (is_running) {
      return;
    }
    drop_forgotten(b);
  }
  job->drop(job);
}
