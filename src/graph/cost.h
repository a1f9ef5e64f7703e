/* cost.h: what operations cost: the one place of such facts. Everything here is a rough figure for deciding and for
 * telling, never for results: how many operations of which kind a lane takes, how many bytes it moves, and how long
 * that takes an engine.
 *
 * Times are those of `vec`, measured operation by operation on strips in the first cache (docs/explain.md says how); an
 * engine that differs says by how much in its cost_speed. */
#ifndef TG_GRAPH_COST_H
#define TG_GRAPH_COST_H

#include "graph/graph.h"

/* id, name */
#define COST_KINDS(X)                                                                                                  \
  X(NOTHING, "nothing")                                                                                                \
  X(MEMORY, "memory")                                                                                                  \
  X(ARITHMETIC, "arithmetic")                                                                                          \
  X(DIVISION, "division")                                                                                              \
  X(BITS, "bits")                                                                                                      \
  X(CHOICE, "choice")                                                                                                  \
  X(CONVERSION, "conversion")                                                                                          \
  X(TABLE, "table")                                                                                                    \
  X(ARRAY, "array")                                                                                                    \
  X(CONTROL, "control")                                                                                                \
  X(REDUCTION, "reduction")

typedef enum cost_kind {
#define COST_ENUM(id, name) COST_##id,
  COST_KINDS(COST_ENUM)
#undef COST_ENUM
      COST_KIND_COUNT
} cost_kind;
extern const char *const cost_kind_names[COST_KIND_COUNT];

cost_kind cost_kind_of(tg_op op);

/* How many operations a node is: none for what only names or delimits, two for each entry of `linear`, else one. */
uint64_t cost_operations(const graph_node *node);

/* How many those of nodes [begin, end) are, of one body or of the graph outside the uniform block: without those in
 * bodies of loops and branches inside, and without what is made once for all lanes. */
uint64_t cost_body_operations(const tg_graph *g, uint32_t begin, uint32_t end);

/* What a node takes in a lane, in 10^-12 s, as `vec` was measured. */
uint64_t cost_node_ps(const tg_graph *g, const graph_node *node);

/* What an addition takes. */
uint64_t cost_addition_ps(tg_type type);

/* How fast an engine is: so many thousandths of the time above, and so much more for every operation. All zero: as
 * `vec`. */
typedef struct cost_speed {
  uint32_t permille, operation_ps;
} cost_speed;

/* What takes `vec` so long, with so many operations, takes the engine. */
uint64_t cost_at_speed(cost_speed speed, uint64_t ps, uint64_t operations);

/* Loops are taken to go round so often, where nothing better is known. */
enum { COST_ROUNDS = 8 };

/* A part of the graph: all outside the uniform block and outside every loop, or one loop without those in it. */
#define COST_OUTSIDE UINT32_MAX
typedef struct cost_part {
  uint32_t loop, depth; /* its node; how many loops it is in, itself counted */
  uint64_t operations[COST_KIND_COUNT], total;
  uint64_t ps; /* of one round */
} cost_part;

/* Adds up the part that is `loop`, or COST_OUTSIDE. */
void cost_add_up(const tg_graph *g, uint32_t loop, cost_part *part);
/* The first loop outside the uniform block after node `after` (COST_OUTSIDE: from the start), or COST_OUTSIDE. */
uint32_t cost_next_loop(const tg_graph *g, uint32_t after);

/* How often each loop goes round if a lane takes so many rounds of all loops together, a loop in a loop counted as
 * below.
 */
uint64_t cost_rounds_of_each(const tg_graph *g, uint64_t rounds);

/* What a lane takes in 10^-12 s when every loop goes round `rounds` times, a loop in a loop that squared and one in
 * that cubed, no matter how many it is in; at most 2^62. No floats: the caller's environment may trap them. */
#define COST_PS_MOST (UINT64_C(1) << 62)
uint64_t cost_lane_ps(const tg_graph *g, cost_speed speed, uint64_t rounds);

/* What one round of a loop takes, the mean of all loops; 0 without any. */
uint64_t cost_round_ps(const tg_graph *g, cost_speed speed);

/* How much work, in 10^-12 s of an engine, pays for making machine code, which takes a while by itself and then does
 * the work at another speed; UINT64_MAX: none, it gains too little. */
uint64_t cost_worth_code(const tg_graph *g, cost_speed now, cost_speed then);

/* The bytes of a stream operand that a lane loads, or stores: each is moved once, however often it is used. Tables and
 * accumulators are not counted: they are taken to stay in a cache. */
typedef struct cost_bytes {
  uint64_t loaded, stored;
} cost_bytes;
cost_bytes cost_operand_bytes(const tg_graph *g, uint32_t operand);
cost_bytes cost_lane_bytes(const tg_graph *g);

#endif
