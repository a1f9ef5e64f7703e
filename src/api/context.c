/* context.c: contexts, and the version. */
#include "base/context.h"
#include "base/alloc.h"
#include "runtime/threads.h"

#include <string.h>

#define TEXT_OF(x) #x
#define VERSION_TEXT(a, b, c) TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)

const char *tg_version(void)
{
  return VERSION_TEXT(TG_VERSION_MAJOR, TG_VERSION_MINOR, TG_VERSION_PATCH);
}

/* The context's own threads are OpenMP's. */
static tg_threads choose_threads(tg_context *context, tg_threads asked)
{
  if (asked.parallel_for == NULL) {
    unsigned n = asked.n_threads == 0 ? threads_default() : threads_possible(asked.n_threads);
    asked = (tg_threads){threads_parallel_for, &context->threads, n};
  }
  asked.n_threads = asked.n_threads == 0 ? 1 : asked.n_threads > THREADS_MOST ? THREADS_MOST : asked.n_threads;
  return asked;
}

tg_status tg_context_create(const tg_context_options *options, tg_context **out)
{
  tg_context_options chosen = TG_CONTEXT_OPTIONS_INIT;
  *out = NULL;
  if (options != NULL) {
    if (options->size == 0 || options->size > sizeof chosen) {
      return TG_ARGUMENT;
    }
    memcpy(&chosen, options, options->size);
  }
  if (chosen.allocator.resize == NULL) {
    chosen.allocator = alloc_default();
  }
  tg_context *context = alloc_zeroed(&chosen.allocator, 1, sizeof *context);
  if (context == NULL) {
    return TG_NOMEM;
  }
  context->allocator = chosen.allocator;
  atomic_init(&context->n_busy, 0);
  background_open(&context->background);
  context->threads = choose_threads(context, chosen.threads);
  *out = context;
  return TG_OK;
}

unsigned tg_context_threads(const tg_context *context)
{
  return context->threads.n_threads;
}

void tg_context_destroy(tg_context *context)
{
  if (context != NULL) {
    tg_allocator a = context->allocator;
    background_close(&context->background);
    alloc_free(&a, context, 1, sizeof *context);
  }
}
