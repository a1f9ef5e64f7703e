/* example.h: what the example programs share: stopping with a message, reading a module from a file, and time. Only
 * throng.h is used. */
#ifndef TG_EXAMPLE_H
#define TG_EXAMPLE_H

#include "throng.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Ends the program with the error's message unless all went well. */
static inline void must(tg_status status, const tg_error *error)
{
  if (status != TG_OK) {
    fprintf(stderr, "%s\n", error->code == status ? error->message : tg_status_text(status));
    exit(1);
  }
}

/* Compiles a graph that a builder has made, and destroys it. */
static inline tg_kernel *compile(tg_context *context, tg_graph *graph)
{
  tg_error error = {.code = TG_OK};
  tg_kernel *kernel;
  must(tg_compile(context, graph, NULL, &kernel, &error), &error);
  tg_graph_destroy(graph);
  return kernel;
}

/* One invocation with bindings in the kernel's order. */
static inline void run(const tg_kernel *kernel, uint64_t n, const tg_binding *bindings, size_t n_bindings)
{
  tg_invocation call = TG_INVOCATION_INIT;
  tg_error error = {.code = TG_OK};
  call.n = n;
  call.bindings = bindings;
  call.n_bindings = n_bindings;
  must(tg_invoke(kernel, &call, &error), &error);
}

static inline double seconds(void)
{
  struct timespec t;
  timespec_get(&t, TIME_UTC);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
