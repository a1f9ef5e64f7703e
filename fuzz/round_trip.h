/* round_trip.h: what every fuzz target of a reader asks of a graph that was accepted. */
#ifndef TG_FUZZ_ROUND_TRIP_H
#define TG_FUZZ_ROUND_TRIP_H

#include "throng.h"

#include <stdint.h>

/* Stops the program, for the fuzzer to see, unless the graph prints to text and encodes to bytes that read back to a
 * graph that prints and encodes the same; both forms must lead to one another. Destroys the graph. */
void round_trip(tg_context *context, tg_graph *graph);

/* What libFuzzer and replay.c call. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the program if `holds` is 0. */
void must(int holds, const char *what);

#endif
