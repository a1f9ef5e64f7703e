/* decode.c: a binary module to a graph, docs/spec.md chapter 10. Nothing in the file is trusted: a count is checked
 * against the bytes that are left before memory is asked for, and every node goes through graph_add. A module that is
 * malformed anywhere is a FORMAT error even if what comes before breaks a rule too; so reading goes on after such a
 * breach, and markers and values are counted here as well. */
#include "graph/graph.h"
#include "graph/lex.h"
#include "graph/literal.h"
#include "graph/module.h"
#include "graph/syntax.h"

#include <string.h>

/* A loop, branch or uniform block that has not ended. */
typedef struct open_node {
  tg_op op;
  bool has_test;        /* loop */
  bool is_first_body;   /* branch */
  uint64_t bodies_left; /* branch */
  uint32_t n_results;
} open_node;

typedef struct decoder {
  tg_graph *g;
  const unsigned char *bytes;
  size_t n, at;
  tg_error bad; /* a FORMAT error, or NOMEM; code TG_OK: none */
  uint32_t n_operands;
  uint64_t n_values; /* defined so far */
  uint64_t n_used;   /* 1 more than the largest number used */
  VEC(open_node) open;
  VEC(uint32_t) args;
  VEC(tg_entry) entries;
} decoder;

/* ---- bytes ---- */

static bool is_good(const decoder *d)
{
  return d->bad.code == TG_OK;
}

static bool malformed(decoder *d, const char *what)
{
  if (is_good(d)) {
    error_set(&d->bad, TG_FORMAT, "a malformed module: %s, at byte %zu", what, d->at);
  }
  return false;
}

static bool no_memory(decoder *d)
{
  if (is_good(d)) {
    error_set(&d->bad, TG_NOMEM, "no memory to read a module of %zu bytes", d->n);
  }
  return false;
}

static const char *take_bytes(decoder *d, size_t n)
{
  if (!is_good(d) || n > d->n - d->at) {
    malformed(d, "it ends too early");
    return NULL;
  }
  d->at += n;
  return (const char *)d->bytes + d->at - n;
}

/* A number of n bytes, the least significant first; 0 after an error. */
static uint64_t take(decoder *d, size_t n)
{
  const unsigned char *bytes = (const unsigned char *)take_bytes(d, n);
  uint64_t value = 0;
  for (size_t i = 0; bytes != NULL && i < n; i++) {
    value |= (uint64_t)bytes[i] << (8 * i);
  }
  return value;
}

static uint32_t take_u32(decoder *d)
{
  return (uint32_t)take(d, 4);
}

/* A count of items that take at least so many bytes each; 0 after an error. */
static uint32_t take_count(decoder *d, size_t least_bytes)
{
  uint32_t n = take_u32(d);
  if (is_good(d) && n > (d->n - d->at) / least_bytes) {
    malformed(d, "a count is larger than the module");
  }
  return is_good(d) ? n : 0;
}

/* A field below a limit, which is 1 for a field that is not used. */
static uint64_t take_below(decoder *d, size_t n_bytes, uint64_t limit, const char *what)
{
  uint64_t value = take(d, n_bytes);
  if (value >= limit) {
    malformed(d, what);
    return 0;
  }
  return value;
}

/* A name of any kind; NULL after an error. */
static const char *take_name(decoder *d, size_t *n)
{
  *n = (size_t)take(d, 2);
  const char *name = take_bytes(d, *n);
  if (name != NULL && *n > TG_MAX_NAME) {
    graph_fail(d->g, TG_LIMIT, "a name of more than %d bytes", TG_MAX_NAME);
  }
  return name;
}

/* ---- head ---- */

static void read_head(decoder *d)
{
  size_t n;
  const char *magic = take_bytes(d, MODULE_MAGIC_BYTES);
  if (magic == NULL || memcmp(magic, module_magic, MODULE_MAGIC_BYTES) != 0) {
    malformed(d, "it does not begin with TGB and 0x1A");
  }
  if (take(d, 2) != MODULE_VERSION || take(d, 2) != 0) {
    malformed(d, "its version is not 1");
  }
  const char *name = take_name(d, &n);
  if (name != NULL && !name_is_valid(name, n)) {
    graph_fail(d->g, TG_VERIFY, "the graph's name must be letters, digits, _ and .");
  } else if (name != NULL) {
    d->g->name = graph_string(d->g, name, n);
  }
  n = take_count(d, 1);
  const char *doc = take_bytes(d, n);
  if (doc != NULL && n > 0) {
    if (doc[n - 1] != '\n' || utf8_prefix(doc, n) != n) {
      malformed(d, "the doc text is not UTF-8, or does not end its last line");
    }
    d->g->doc = graph_string(d->g, doc, n);
  }
}

static void read_operand(decoder *d)
{
  size_t n;
  uint64_t kind = take_below(d, 1, TG_OPERAND_KIND_COUNT, "no such kind of operand");
  uint64_t mode = take_below(d, 1, TG_MODE_COUNT, "no such mode");
  uint64_t has_default = take_below(d, 1, kind == TG_PARAM ? 2 : 1, "only a param has a default");
  const char *name = take_name(d, &n);
  uint64_t bits = has_default ? take(d, 8) : 0;
  if (!is_good(d)) {
    return;
  }
  if (!literal_is_canonical((tg_type)mode_table[mode].type, bits)) {
    malformed(d, "a default is no value of its type");
  }
  uint32_t index = graph_declare(d->g, (tg_operand_kind)kind, name, n, (tg_mode)mode);
  if (index != UINT32_MAX) {
    d->g->operands.data[index].has_default = has_default != 0;
    d->g->operands.data[index].default_bits = bits;
  }
}

/* ---- nodes ---- */

/* The number of a value. Whether it exists is seen at the end; whether it exists yet, by graph_add. */
static uint32_t take_value(decoder *d)
{
  uint32_t value = take_u32(d);
  if (value >= d->n_used) {
    d->n_used = (uint64_t)value + 1;
  }
  return value;
}

static void read_args(decoder *d)
{
  uint32_t n = take_count(d, 4);
  d->args.n = 0;
  if (!vec_room(&d->g->context->allocator, &d->args, n)) {
    no_memory(d);
    return;
  }
  while (d->args.n < n) {
    d->args.data[d->args.n++] = take_value(d);
  }
}

static void read_entries(decoder *d)
{
  uint32_t n = take_count(d, 12);
  d->entries.n = 0;
  if (!vec_room(&d->g->context->allocator, &d->entries, n)) {
    no_memory(d);
    return;
  }
  while (d->entries.n < n) {
    uint32_t row = take_u32(d), column = take_u32(d);
    d->entries.data[d->entries.n++] = (tg_entry){row, column, take_value(d)};
  }
}

static uint16_t read_detail(decoder *d, tg_op op)
{
  unsigned parts = op_parts[op];
  uint64_t limit = parts & PART_FOLD ? TG_FOLD_COUNT : parts & PART_ROUNDING ? TG_ROUNDING_COUNT : 1;
  if (op != TG_OP_LINEAR) {
    return (uint16_t)take_below(d, 2, limit, "detail is out of range");
  }
  uint16_t ring = (uint16_t)take_below(d, 1, TG_RING_COUNT, "no such ring");
  uint16_t format = (uint16_t)take_below(d, 1, TG_FORMAT_COUNT, "no such format");
  return (uint16_t)(ring | format << 8);
}

static uint64_t read_immediate(decoder *d, const node_spec *spec)
{
  uint64_t imm = take(d, 8);
  bool is_modulus = spec->op == TG_OP_LINEAR && (spec->detail & 255) == TG_RING_MOD;
  bool is_used = (op_parts[spec->op] & (PART_LITERAL | PART_INT)) != 0 || is_modulus;
  if (imm != 0 && !is_used) {
    malformed(d, "an unused immediate is not zero");
  }
  if ((op_parts[spec->op] & PART_LITERAL) && is_good(d) && !literal_is_canonical(spec->type, imm)) {
    malformed(d, "a constant is no value of its type");
  }
  return imm;
}

static void push_open(decoder *d, open_node node)
{
  if (!vec_room(&d->g->context->allocator, &d->open, 1)) {
    no_memory(d);
    return;
  }
  d->open.data[d->open.n++] = node;
}

/* A yield ends a body of the innermost open node, and the node itself with its last body. */
static void end_body(decoder *d, open_node *top, node_spec *spec)
{
  if (top == NULL || (top->op == TG_OP_LOOP && !top->has_test) || (top->op == TG_OP_UNIFORM && spec->n_args > 0)) {
    malformed(d, "yield is out of place");
    return;
  }
  if (top->op == TG_OP_BRANCH && top->is_first_body && spec->n_args != top->n_results) {
    malformed(d, "a branch does not yield as many values as it says");
  }
  top->is_first_body = false;
  if (top->op == TG_OP_BRANCH && top->bodies_left > 1) {
    top->bodies_left--;
    return;
  }
  spec->detail = top->op == TG_OP_BRANCH ? 1 : 0;
  d->n_values += top->n_results;
  d->open.n--;
}

static void begin_branch(decoder *d, node_spec *spec, uint32_t n_results)
{
  if (spec->imm == 0) {
    graph_fail(d->g, TG_VERIFY, "a branch has at least one body");
    return;
  }
  push_open(d,
            (open_node){.op = TG_OP_BRANCH, .is_first_body = true, .bodies_left = spec->imm, .n_results = n_results});
  spec->imm = 0; /* the graph counts the bodies as they come */
}

/* Follows the markers, counts values, and checks n_results: its value follows from the rest but for linear and branch.
 */
static void place(decoder *d, node_spec *spec, uint32_t n_results)
{
  open_node *top = d->open.n > 0 ? &d->open.data[d->open.n - 1] : NULL;
  uint64_t expected = op_n_results(spec->op);
  if (spec->op == TG_OP_YIELD) {
    end_body(d, top, spec);
  } else if (spec->op == TG_OP_TEST) {
    if (top == NULL || top->op != TG_OP_LOOP || top->has_test) {
      malformed(d, "test is out of place");
    } else {
      top->has_test = true;
    }
  } else if (spec->op == TG_OP_LOOP) {
    expected = spec->n_args + (top != NULL && top->op == TG_OP_UNIFORM ? 1u : 0u);
    d->n_values += spec->n_args;
    push_open(d, (open_node){.op = TG_OP_LOOP, .n_results = n_results});
  } else if (spec->op == TG_OP_BRANCH) {
    expected = n_results;
    begin_branch(d, spec, n_results);
  } else if (spec->op == TG_OP_UNIFORM) {
    push_open(d, (open_node){.op = TG_OP_UNIFORM});
  } else {
    expected = spec->op == TG_OP_LINEAR ? n_results : expected;
    d->n_values += n_results;
  }
  if (n_results != expected) {
    malformed(d, "a node has another number of results");
  }
}

static void read_node(decoder *d, uint32_t index)
{
  node_spec spec = {.op = (tg_op)take_below(d, 1, TG_OP_COUNT, "no such operation")};
  unsigned parts = op_parts[spec.op];
  if (spec.op == TG_OP_UNIFORM && index > 0) {
    malformed(d, "the uniform block does not stand first");
  }
  spec.type = (tg_type)take_below(d, 1, parts & PART_TYPE ? TG_TYPE_COUNT : 1, "type is out of range");
  spec.detail = read_detail(d, spec.op);
  spec.position = (uint32_t)take_below(d, 4, parts & PART_POSITION ? UINT64_MAX : 1, "an unused position is not zero");
  spec.operand = (uint32_t)take_below(d, 4, parts & PART_OPERAND ? d->n_operands : 1, "no such operand");
  spec.imm = read_immediate(d, &spec);
  read_args(d);
  uint32_t n_results = take_u32(d);
  if (spec.op == TG_OP_LINEAR) {
    read_entries(d);
    spec.entries = d->entries.data;
    spec.n_entries = d->entries.n;
    spec.n_results = n_results;
  }
  if (is_good(d)) {
    spec.args = d->args.data;
    spec.n_args = d->args.n;
    place(d, &spec, n_results);
  }
  if (is_good(d)) {
    graph_add(d->g, &spec);
  }
}

/* ---- the module ---- */

static void read_names(decoder *d)
{
  uint32_t n_names = take_count(d, 6);
  uint64_t least = 0;
  for (uint32_t i = 0; i < n_names && is_good(d); i++) {
    size_t n;
    uint32_t value = take_u32(d);
    const char *name = take_name(d, &n);
    if (value < least || value >= d->n_values) {
      malformed(d, "a name is out of order, or of a value that does not exist");
    }
    if (is_good(d)) {
      graph_name_value(d->g, value, name, n);
    }
    least = (uint64_t)value + 1;
  }
}

static void read_module(decoder *d)
{
  read_head(d);
  d->n_operands = take_count(d, 5);
  for (uint32_t i = 0; i < d->n_operands && is_good(d); i++) {
    read_operand(d);
  }
  uint32_t n_nodes = take_count(d, 28);
  for (uint32_t i = 0; i < n_nodes && is_good(d); i++) {
    read_node(d, i);
  }
  if (d->open.n > 0) {
    malformed(d, "a body does not end");
  }
  if (d->n_used > d->n_values) {
    malformed(d, "a value is used that does not exist");
  }
  read_names(d);
  if (d->at != d->n) {
    malformed(d, "bytes are left over");
  }
}

tg_status graph_decode(tg_context *context, const void *bytes, size_t n, tg_graph **out, tg_error *error)
{
  decoder d = {.bytes = bytes, .n = n};
  *out = NULL;
  tg_status status = tg_graph_create(context, "graph", &d.g);
  if (status != TG_OK) {
    return error_set(error, status, "no memory to read a module of %zu bytes", n);
  }
  read_module(&d);
  vec_free(&context->allocator, &d.open);
  vec_free(&context->allocator, &d.args);
  vec_free(&context->allocator, &d.entries);
  if (is_good(&d)) {
    tg_graph_finish(d.g, &d.bad);
  }
  if (!is_good(&d)) {
    tg_graph_destroy(d.g);
    if (error != NULL) {
      *error = d.bad;
    }
    return d.bad.code;
  }
  *out = d.g;
  return TG_OK;
}
