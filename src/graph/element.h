/* element.h: one element in memory, in any mode, at any alignment, to and from a value.
 *
 * A value is held in 64 bits: integers modulo 2^w and bool zero-extended, floats by their IEEE 754 bits, zero-extended.
 */
#ifndef TG_GRAPH_ELEMENT_H
#define TG_GRAPH_ELEMENT_H

#include "graph/ops.h"

uint64_t element_load(tg_mode mode, const void *p);

/* A NaN is made canonical. */
void element_store(tg_mode mode, void *p, uint64_t value);

/* The value with a NaN made canonical. */
uint64_t value_canonical(tg_type type, uint64_t value);

#endif
