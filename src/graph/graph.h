/* graph.h: the intermediate representation. Everything else exists to make a graph or to run it.
 *
 * A graph is one flat list of nodes in program order. Bodies are nested runs of it: a `loop` node is followed by its
 * condition, a `test` marker, its step and a `yield` marker; a `branch` node by its bodies, each ending in `yield`;
 * `uniform` by the uniform block and its `yield`. Every node is added by graph_add, whoever builds (the C API, the text
 * and module readers, the passes), so that check.c is the one place where a rule is enforced. */
#ifndef TG_GRAPH_GRAPH_H
#define TG_GRAPH_GRAPH_H

#include "base/alloc.h"
#include "base/context.h"
#include "base/error.h"
#include "base/symtab.h"
#include "graph/ops.h"

enum {
  TG_MAX_NODES = 1 << 20,
  TG_MAX_VALUES = 1 << 21,
  TG_MAX_OPERANDS = 1024,
  TG_MAX_DEPTH = 64,
  TG_MAX_RESULTS = 65535,
  TG_MAX_ARRAY = 1 << 20,
  TG_MAX_ARRAY_BYTES = 1 << 24,
  TG_MAX_ARGS = 64, /* argmin and argmax nodes */
  TG_MAX_NAME = 255
};

/* One operand of the signature. */
typedef struct graph_operand {
  uint32_t name; /* offset into strings */
  uint8_t kind, mode;
  bool has_default;
  uint64_t default_bits;
  uint32_t writer; /* the sink that writes it, or UINT32_MAX */
} graph_operand;

/* One value: a result of a node, or a carried value of a loop. */
typedef struct graph_value {
  uint32_t name;         /* offset into strings; 0 is "no name" */
  uint32_t scope;        /* where it is defined */
  uint32_t array_length; /* 0: a scalar */
  uint8_t type;
  bool is_uniform, is_consumed, is_carried;
} graph_value;

typedef struct graph_node {
  uint8_t op;      /* tg_op */
  uint8_t type;    /* const, convert, bitcast, array: the type named; else 0 */
  uint16_t detail; /* round, combine, linear: see docs/spec.md chapter 10 */
  uint32_t position;
  uint32_t operand;                 /* index, where the operation has one */
  uint32_t first_arg, n_args;       /* in args */
  uint32_t first_result, n_results; /* value numbers; of a loop or branch: the results after its last yield */
  uint32_t first_carried;           /* loop: value numbers of its n_args carried values */
  uint32_t first_entry, n_entries;  /* linear: in entries */
  uint32_t first_body, n_bodies;    /* branch: in bodies, where each body starts */
  uint32_t mate;                    /* test and yield: the loop, branch or uniform they belong to; loop: its test */
  uint32_t end;                     /* loop, branch, uniform: their last yield */
  uint64_t imm;
} graph_node;

typedef enum scope_kind { SCOPE_MAIN, SCOPE_UNIFORM, SCOPE_LOOP, SCOPE_STEP, SCOPE_BODY } scope_kind;

/* A body while and after it is built. */
typedef struct graph_scope {
  uint32_t parent, owner; /* scope; node */
  uint8_t kind;
  bool is_open;
  bool in_uniform;     /* in the uniform block, at any depth */
  uint32_t log_start;  /* consumed arrays: where this body's part of the log starts */
  uint32_t branch_log; /* where the whole branch's part starts */
} graph_scope;

struct tg_graph {
  tg_context *context;
  VEC(char) strings; /* zero-terminated; strings.data[0] is the empty string */
  VEC(graph_operand) operands;
  VEC(graph_node) nodes;
  VEC(graph_value) values;
  VEC(uint32_t) args;
  VEC(tg_entry) entries;
  VEC(uint32_t) bodies;
  VEC(graph_scope) scopes; /* 0 is the main body */
  VEC(uint32_t) consumed;  /* log of consumed arrays, for branches */
  symtab value_names;      /* name -> value */
  uint32_t name, doc;      /* offsets into strings */
  uint32_t scope, depth;   /* where the next node goes */
  uint32_t n_arg_sinks;
  size_t array_bytes; /* of one lane */
  bool is_finished;
  tg_pos pos;     /* where the reader stands in its text; copied into errors */
  tg_error error; /* the first one; code TG_OK: none */
};

/* What a node to be added is: the same fields as in a binary module. */
typedef struct node_spec {
  tg_op op;
  tg_type type;
  uint16_t detail; /* of a branch's yield: 1 for its last body */
  uint32_t position, operand;
  uint64_t imm;
  const uint32_t *args;
  size_t n_args;
  const tg_entry *entries;
  size_t n_entries;
  size_t n_results; /* linear only: how many y */
} node_spec;

/* Adds a node after checking it. Returns its first result; of a loop its first carried value; of a yield that ends a
 * loop or branch the first result of that; TG_POISON for a node without results or after an error (see g->error). */
uint32_t graph_add(tg_graph *g, const node_spec *spec);

/* Checks a node against every rule; on failure sets the graph's error. On success *result is the type of its results
 * and *array_length their length. check.c. */
bool check_node(tg_graph *g, const node_spec *spec, tg_type *result, uint32_t *array_length);

/* Keeps the first error of a builder. Always returns false. */
bool graph_fail(tg_graph *g, tg_status code, const char *format, ...) PRINTF_LIKE(3, 4);
bool graph_fail_hint(tg_graph *g, const char *hint);

/* Copies n bytes as a string; 0 on failure (the empty string is 0 too). */
uint32_t graph_string(tg_graph *g, const char *s, size_t n);
/* Names a value from n bytes. False (with an error) when it is no name or taken. */
bool graph_name_value(tg_graph *g, uint32_t value, const char *name, size_t n);
uint32_t graph_declare(tg_graph *g, tg_operand_kind kind, const char *name, size_t n_name, tg_mode mode);
uint32_t graph_find_operand(const tg_graph *g, const char *name, size_t n); /* UINT32_MAX: none */
bool name_is_valid(const char *name, size_t n);

static inline const char *graph_str(const tg_graph *g, uint32_t offset)
{
  return g->strings.data + offset;
}
/* NULL in a graph without any: C does not let even 0 be added to a null pointer. */
static inline const uint32_t *node_args(const tg_graph *g, const graph_node *node)
{
  return g->args.data == NULL ? NULL : g->args.data + node->first_arg;
}
static inline const tg_entry *node_entries(const tg_graph *g, const graph_node *node)
{
  return g->entries.data == NULL ? NULL : g->entries.data + node->first_entry;
}
static inline tg_ring node_ring(const graph_node *node)
{
  return (tg_ring)(node->detail & 255);
}
static inline tg_format node_format(const graph_node *node)
{
  return (tg_format)(node->detail >> 8);
}
/* Whether a loop stands directly in the uniform block, and so has the count as its last result. */
bool loop_has_count(const tg_graph *g, const graph_node *loop);
/* The first node after the uniform block: 0 when there is none. */
uint32_t graph_main_start(const tg_graph *g);

/* A graph with the same context, name, doc text and operands, and no nodes. NULL: no memory. copy.c */
tg_graph *graph_like(const tg_graph *g);

/* What passes did: bit k is pass k, and n_nodes[k] is the number of nodes after it. */
typedef struct pass_log {
  uint32_t n_built; /* nodes before all of them */
  uint64_t ran, changed;
  uint32_t n_nodes[64];
} pass_log;

/* Runs all passes in `enabled` (bit k is pass k) on a finished graph and gives the new graph. pass.c */
tg_status graph_run_passes(tg_graph *g, uint64_t enabled, pass_log *log, tg_graph **out, tg_error *error);

/* The readers and writers of each form: print.c, parse.c, encode.c, decode.c; the stack machine's are in src/stack. */
tg_status graph_print(const tg_graph *g, char **bytes, size_t *n_bytes);
tg_status graph_parse(tg_context *context, const char *s, size_t n, tg_graph **out, tg_error *error);
tg_status graph_encode(const tg_graph *g, char **bytes, size_t *n_bytes);
tg_status graph_decode(tg_context *context, const void *bytes, size_t n, tg_graph **out, tg_error *error);

#endif
