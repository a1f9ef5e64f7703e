/* make_graph.h: a well-formed graph from any bytes: each byte chooses what to add next, so that a fuzzer's small change
 * of its input is a small change of the graph. */
#ifndef TG_FUZZ_MAKE_GRAPH_H
#define TG_FUZZ_MAKE_GRAPH_H

#include "throng.h"

#include <stdbool.h>

/* Bytes to choose by; zeros when they are used up. */
typedef struct chooser {
  const uint8_t *data;
  size_t n;
} chooser;

uint8_t choose(chooser *c, unsigned below);

/* The graph, not finished. It may hold an error: a limit that the bytes ran into. ends: no loop takes more than
 * MOST_ROUNDS rounds, so that it ends without limited fuel; else loops may go on for ever. */
enum { MOST_ROUNDS = 15 };
tg_graph *make_graph(tg_context *context, chooser *c, bool ends);

#endif
