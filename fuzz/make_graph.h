/* make_graph.h: a well-formed graph from any bytes: each byte chooses what to add next, so that a fuzzer's small change
 * of its input is a small change of the graph. */
#ifndef TG_FUZZ_MAKE_GRAPH_H
#define TG_FUZZ_MAKE_GRAPH_H

#include "throng.h"

/* Bytes to choose by; zeros when they are used up. */
typedef struct chooser {
  const uint8_t *data;
  size_t n;
} chooser;

uint8_t choose(chooser *c, unsigned below);

/* The graph, not finished. It may hold an error: a limit that the bytes ran into. */
tg_graph *make_graph(tg_context *context, chooser *c);

#endif
