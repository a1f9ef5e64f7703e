/* context.h: what everything made from a context shares. */
#ifndef TG_BASE_CONTEXT_H
#define TG_BASE_CONTEXT_H

#include "base/background.h"
#include "throng.h"

#include <stdatomic.h>

struct tg_context {
  tg_allocator allocator;
  tg_threads threads; /* with a parallel_for, at least one thread */
  atomic_uint n_busy; /* of them, by invocations that wanted more than one */
  background background;
};

#endif
