/* thread.c: see thread.h. */
#if defined(__unix__) || defined(__APPLE__)
#define _POSIX_C_SOURCE 200809L
#include <sched.h>
#include <signal.h>
#include <unistd.h>
#endif

#include "base/thread.h"

#include <stddef.h>

#if defined(__unix__) || defined(__APPLE__)

enum { STACK_BYTES = 8 << 20 }; /* compilers call themselves deeply */

void thread_lock_open(thread_lock *lock)
{
  pthread_mutex_init(lock, NULL);
}

void thread_lock_close(thread_lock *lock)
{
  pthread_mutex_destroy(lock);
}

void thread_lock_take(thread_lock *lock)
{
  pthread_mutex_lock(lock);
}

void thread_lock_leave(thread_lock *lock)
{
  pthread_mutex_unlock(lock);
}

void thread_signal_open(thread_signal *signal)
{
  pthread_cond_init(signal, NULL);
}

void thread_signal_close(thread_signal *signal)
{
  pthread_cond_destroy(signal);
}

void thread_signal_wait(thread_signal *signal, thread_lock *lock)
{
  pthread_cond_wait(signal, lock);
}

void thread_signal_wake(thread_signal *signal)
{
  pthread_cond_broadcast(signal);
}

bool thread_start(thread *out, void *(*work)(void *arg), void *arg)
{
  pthread_attr_t attributes;
  sigset_t all, before;
  if (pthread_attr_init(&attributes) != 0) {
    return false;
  }
  sigfillset(&all);
  bool is_blocked = pthread_sigmask(SIG_SETMASK, &all, &before) == 0;
  bool started =
      pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 && pthread_create(out, &attributes, work, arg) == 0;
  if (is_blocked) {
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  pthread_attr_destroy(&attributes);
  return started;
}

void thread_join(thread t)
{
  pthread_join(t, NULL);
}

void thread_yield(void)
{
  sched_yield();
}

long thread_process(void)
{
  return (long)getpid();
}

#else

void thread_lock_open(thread_lock *lock)
{
  *lock = 0;
}

void thread_lock_close(thread_lock *lock)
{
  (void)lock;
}

void thread_lock_take(thread_lock *lock)
{
  (void)lock;
}

void thread_lock_leave(thread_lock *lock)
{
  (void)lock;
}

void thread_signal_open(thread_signal *signal)
{
  *signal = 0;
}

void thread_signal_close(thread_signal *signal)
{
  (void)signal;
}

void thread_signal_wait(thread_signal *signal, thread_lock *lock)
{
  (void)signal;
  (void)lock;
}

void thread_signal_wake(thread_signal *signal)
{
  (void)signal;
}

bool thread_start(thread *out, void *(*work)(void *arg), void *arg)
{
  (void)out;
  (void)work;
  (void)arg;
  return false;
}

void thread_join(thread t)
{
  (void)t;
}

void thread_yield(void) {}

long thread_process(void)
{
  return 0;
}

#endif
