/* thread.h: threads of the library's own, as POSIX has them. Where a system has none, none can be started, and locks do
 * nothing. Threads that run lanes are another matter: runtime/threads.h. */
#ifndef TG_BASE_THREAD_H
#define TG_BASE_THREAD_H

#include <stdbool.h>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
typedef pthread_mutex_t thread_lock;
typedef pthread_cond_t thread_signal;
typedef pthread_t thread;
#else
typedef int thread_lock, thread_signal, thread;
#endif

void thread_lock_open(thread_lock *lock);
void thread_lock_close(thread_lock *lock);
void thread_lock_take(thread_lock *lock);
void thread_lock_leave(thread_lock *lock);

/* Waiting, with the lock held, until another thread wakes all that wait. */
void thread_signal_open(thread_signal *signal);
void thread_signal_close(thread_signal *signal);
void thread_signal_wait(thread_signal *signal, thread_lock *lock);
void thread_signal_wake(thread_signal *signal);

/* Starts a thread with all signals blocked, so that the program's handlers run in threads of its own. False: it cannot
 * be had. */
bool thread_start(thread *out, void *(*work)(void *arg), void *arg);
void thread_join(thread t);

/* Lets other threads run. */
void thread_yield(void);

/* Which process this is: a child of fork has none of its parent's threads. */
long thread_process(void);

#endif
