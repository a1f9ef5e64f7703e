/* eval.h: what one pure node means, on one lane: the executable form of docs/spec.md chapters 2, 5 and 6.3. `ref` runs
 * graphs with it, and constant folding evaluates nodes with it; other engines have their own code.
 *
 * Values are held as element.h says. The caller has entered the floating-point environment. */
#ifndef TG_GRAPH_EVAL_H
#define TG_GRAPH_EVAL_H

#include "graph/graph.h"

/* Evaluates a node of group transform or float (not gather), `const`, or `linear`. values: by value number; operands
 * are read from it and results written to it. */
void eval_node(const tg_graph *g, const graph_node *node, uint64_t *values);

/* start + lane * stride. */
uint64_t eval_iota(tg_type type, uint64_t start, uint64_t stride, uint64_t lane);

uint64_t eval_convert(tg_type from, tg_type to, uint64_t value);

/* The value read with its sign, as an index below 2^63, or UINT64_MAX when it is negative or larger: no table is so
 * long. */
uint64_t eval_index(tg_type type, uint64_t value);

/* fold(a, b) of combine. */
uint64_t eval_fold(tg_fold fold, tg_type type, uint64_t a, uint64_t b);

bool eval_is_nan(tg_type type, uint64_t value);

/* a < b for numbers, with the sign of signed types. */
bool eval_less(tg_type type, uint64_t a, uint64_t b);

#endif
