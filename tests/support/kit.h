/* kit.h: what tests that build and run graphs share: a context, operands of each kind, bindings of C arrays, and
 * running with every status checked. Any failure fails the test that called. */
#ifndef TEST_KIT_H
#define TEST_KIT_H

#include "throng.h"

/* A context with the default options, and with threads. */
tg_context *kit_context(void);
tg_context *kit_context_threads(tg_threads threads);

tg_graph *kit_graph(tg_context *context);

/* A value of the type in every lane, loaded from an input of its own, so that nothing knows what it is. */
tg_value kit_lane(tg_graph *g, tg_type type);

/* Declares an operand of native mode and, for params and inputs, adds the node that reads it. */
tg_value kit_load(tg_graph *g, const char *name, tg_type type);
tg_value kit_param(tg_graph *g, const char *name, tg_type type);
tg_operand kit_declare(tg_graph *g, tg_operand_kind kind, const char *name, tg_type type);
void kit_store(tg_graph *g, const char *name, tg_type type, tg_value value);

/* Bodies with one value: a loop, whose condition comes next; a loop whose condition is false, up to its step; a branch
 * on a bool of the lane. The ends give the result. */
tg_value kit_zero(tg_graph *g, tg_type type);
tg_value kit_open_loop(tg_graph *g, tg_value start);
tg_value kit_open_step(tg_graph *g, tg_value start);
tg_value kit_end_loop(tg_graph *g, tg_value next);
void kit_open_branch(tg_graph *g);
tg_value kit_end_branch(tg_graph *g, tg_value value);

/* The binding of a C array, and of one variable. */
#define KIT_STREAM(array)                                                                                              \
  (tg_binding)                                                                                                         \
  {                                                                                                                    \
    .data = (array), .bytes = sizeof(array), .stride = sizeof *(array)                                                 \
  }
#define KIT_ONE(variable)                                                                                              \
  (tg_binding)                                                                                                         \
  {                                                                                                                    \
    .data = &(variable), .bytes = sizeof(variable)                                                                     \
  }
#define KIT_COUNT(array) (sizeof(array) / sizeof *(array))

/* Compiles and destroys the graph. */
tg_kernel *kit_compile(tg_context *context, tg_graph *g);

/* One invocation, in a workspace of its own where one is needed. Gives its status; kit_run demands TG_OK and no traps.
 */
tg_status kit_invoke(tg_context *context, const tg_kernel *kernel, tg_invocation invocation, tg_error *error);
void kit_run(tg_context *context, const tg_kernel *kernel, uint64_t n, const tg_binding *bindings, size_t n_bindings);

/* Compiles, runs once on n lanes and destroys kernel, graph and context. */
void kit_run_once(tg_context *context, tg_graph *g, uint64_t n, const tg_binding *bindings, size_t n_bindings);

/* Demands that the graph is right, and destroys it and the context. */
void kit_finish(tg_context *context, tg_graph *g);

/* A graph that breaks one rule: what it does to an empty graph, and how that is reported. */
typedef struct kit_broken {
  const char *name;
  void (*build)(tg_graph *g);
  tg_status status;
  const char *message; /* a part of it */
} kit_broken;

/* A cmocka test over a kit_broken: the error comes, and it sticks. */
void kit_check_broken(void **state);

/* Fills n test records from n broken graphs; struct CMUnitTest is cmocka's. */
struct CMUnitTest;
void kit_list_broken(const kit_broken *broken, size_t n, struct CMUnitTest *tests);

/* Numbers that look random and are the same everywhere: number `index` of the sequence `seed`. */
uint64_t kit_random(uint64_t seed, uint64_t index);

#endif
