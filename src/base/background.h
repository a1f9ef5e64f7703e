/* background.h: work that goes on beside the caller's: each context has a thread for it, which does one job after the
 * other and ends when none is left; it never outlives the context.
 *
 * A job must touch nothing but what it owns: its owner may forget it at any time. The thread calls no allocator of the
 * caller's. A job that was forgotten while it was being done is dropped later, by a thread that calls the library. */
#ifndef TG_BASE_BACKGROUND_H
#define TG_BASE_BACKGROUND_H

#include "base/thread.h"

#include <stdatomic.h>

typedef enum background_state { BACKGROUND_NEW, BACKGROUND_QUEUED, BACKGROUND_RUNS, BACKGROUND_DONE } background_state;

typedef struct background_job background_job;
struct background_job {
  void (*work)(background_job *job);
  void (*drop)(background_job *job); /* frees it and all that it made */
  /* Kept by background.c. */
  background_job *next;
  background_state state;
  bool is_forgotten;
};

typedef struct background {
  thread_lock lock; /* guards all below */
  thread_signal done;
  background_job *first, *last; /* queued */
  background_job *forgotten;    /* and done */
  thread worker;
  bool has_worker, is_working;
  atomic_long process; /* in which the thread was started; 0: none was */
} background;

void background_open(background *b);
/* Waits for the job that is being done, and drops what was forgotten. */
void background_close(background *b);

/* False: there is no thread to do it; also in a child of fork. */
bool background_start(background *b, background_job *job);
/* Until it is done, if it was started. */
void background_wait(background *b, background_job *job);
/* Drops a job, at once unless it is being done; never waits. */
void background_forget(background *b, background_job *job);

#endif
