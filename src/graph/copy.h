/* copy.h: how a pass makes its new graph: node by node through graph_add, with a map from old values to new ones.
 *
 * A pass walks the nodes of `from` in order and copies each with copy_node, or leaves it out and gives its results
 * other values with copy_alias. Names and positions go along. Errors stick to `to`, so that a pass needs no checks:
 * after an error every call does nothing. */
#ifndef TG_GRAPH_COPY_H
#define TG_GRAPH_COPY_H

#include "graph/graph.h"

typedef struct copy_block {
  void *p;
  size_t n, elem_bytes;
} copy_block;

typedef struct copier {
  const tg_graph *from;
  tg_graph *to;
  uint32_t *map;       /* value of from -> value of to; TG_POISON: none yet */
  const bool *dropped; /* NULL, or by value of from: the carried values and branch results to leave out */
  VEC(uint32_t) def;  /* value of to -> the node that defines it: of carried values and results of bodies, the opener */
  VEC(uint32_t) args; /* of the node being copied */
  VEC(tg_entry) entries;
  VEC(copy_block) blocks;
} copier;

/* Starts a copy of `from`, which is finished. False when there is no memory; nothing is to be closed then. */
bool copy_open(copier *c, const tg_graph *from);
/* Gives c->to, finished, through `out` (if all went well) and frees everything else. */
tg_status copy_close(copier *c, tg_graph **out, tg_error *error);

/* Zeroed memory for n elements that lives until copy_close. NULL after an error, which then sticks. */
void *copy_scratch(copier *c, size_t n, size_t elem_bytes);

/* graph_add to the new graph. */
uint32_t copy_add(copier *c, const node_spec *spec);
uint32_t copy_const(copier *c, tg_type type, uint64_t bits);
/* charge n @position. */
void copy_charge(copier *c, uint64_t n, uint32_t position);

/* What the node would be in the new graph. The arguments lie in c->args until the next call. */
node_spec copy_spec(copier *c, uint32_t node);
/* Copies one node. At the last yield of a loop or branch its results get their new values. */
void copy_node(copier *c, uint32_t node);
/* Lets the old value be the new one `to`, which takes its name if it has none. */
void copy_alias(copier *c, uint32_t value, uint32_t to);

/* Whether a value of the new graph is a constant. */
bool copy_is_const(const copier *c, uint32_t value, uint64_t *bits);

/* For each value of c->from the node that defines it, as in `def`. Scratch; NULL after an error. */
uint32_t *copy_definitions(copier *c);
/* For each node of c->from the loop, branch or uniform that it stands in, or UINT32_MAX. Scratch; NULL after an error.
 */
uint32_t *copy_parents(copier *c);

/* The first node of body number `body` of a branch, and the yield that ends it. */
uint32_t branch_body(const tg_graph *g, const graph_node *branch, uint32_t body);
uint32_t branch_yield(const tg_graph *g, const graph_node *branch, uint32_t body);
/* Node `i` opens a body: a loop, branch or uniform. */
bool node_opens(const graph_node *node);

/* The whole graph once more. */
tg_status graph_copy(const tg_graph *g, tg_graph **out, tg_error *error);

#endif
