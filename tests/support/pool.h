/* pool.h: threads for a context from POSIX threads: OpenMP's are unknown to the thread sanitizer. */
#ifndef TEST_POOL_H
#define TEST_POOL_H

#include "throng.h"

enum { POOL_MOST = 16 };

/* The threads of a context: *n_threads of them, at most POOL_MOST; they begin and end with each call, and take the
 * tasks from the last to the first, so that these come in another order than on one thread. */
tg_threads pool_threads(unsigned *n_threads);

#endif
