/* syntax.h: what stands in a node beside its values: one table for the text and binary forms, their printers and their
 * readers. In text the parts come in the order of the enum; in binary a field that no part uses is zero. */
#ifndef TG_GRAPH_SYNTAX_H
#define TG_GRAPH_SYNTAX_H

#include "graph/ops.h"

enum {
  PART_OPERAND = 1,   /* the name of an operand */
  PART_FOLD = 2,      /* detail */
  PART_ROUNDING = 4,  /* detail */
  PART_TYPE = 8,      /* type */
  PART_LITERAL = 16,  /* immediate, a literal of the type */
  PART_INT = 32,      /* immediate */
  PART_POSITION = 64, /* after the values */
  PART_LIST = 128,    /* a list of values whose length the grammar leaves open */
  PART_OWN = 256      /* a grammar of its own: linear, loop, branch and the markers */
};

extern const uint16_t op_parts[TG_OP_COUNT];

/* How many results a node has whose number does not depend on its operands: all but linear, loop and branch. */
unsigned op_n_results(tg_op op);

/* The operation with the name nearest to a misspelt one, or NULL when none is near. */
const char *op_nearest(const char *s, size_t n);

#endif
