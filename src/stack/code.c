/* code.c: stack programs as bytecode: a header, then one byte for each opcode and its immediates. Every count and field
 * is checked against what is left, and each opcode is handed to the builder as soon as it is decoded. */
#include "graph/literal.h"
#include "stack/item.h"

#include <string.h>

enum { VERSION = 1 };
static const unsigned char magic[4] = {'T', 'G', 'S', 0x1A};

typedef struct cursor {
  const unsigned char *bytes;
  size_t n, at;
  bool is_short; /* something reached past the end */
} cursor;

/* Where errors are said to be. */
typedef struct place {
  uint32_t opcode; /* counted from 1; 0: not in an opcode */
  size_t byte;
} place;

/* ---- reading ---- */

static uint64_t get(cursor *c, size_t n)
{
  uint64_t value = 0;
  if (n > c->n - c->at) {
    c->is_short = true;
    return 0;
  }
  for (size_t i = 0; i < n; i++) {
    value |= (uint64_t)c->bytes[c->at++] << 8 * i;
  }
  return value;
}

static void get_string(cursor *c, const char **s, size_t *n)
{
  *n = (size_t)get(c, 2);
  *s = (const char *)c->bytes + c->at;
  if (*n > c->n - c->at) {
    c->is_short = true;
    *n = 0;
  }
  c->at += *n;
}

static tg_status read_header(cursor *c, const char **name, size_t *n_name, uint32_t *n_opcodes, tg_error *error)
{
  if (c->n < sizeof magic || memcmp(c->bytes, magic, sizeof magic) != 0) {
    return error_set(error, TG_FORMAT, "not stack bytecode: it does not begin with \"TGS\" 0x1A");
  }
  c->at = sizeof magic;
  uint64_t version = get(c, 2), zero = get(c, 2);
  if (!c->is_short && (version != VERSION || zero != 0)) {
    return error_set(error, TG_FORMAT, "stack bytecode of version %u.%u, but only %d.0 is known", (unsigned)version,
                     (unsigned)zero, VERSION);
  }
  get_string(c, name, n_name);
  *n_opcodes = (uint32_t)get(c, 4);
  if (c->is_short || *n_opcodes > c->n - c->at) {
    return error_set(error, TG_FORMAT, "the bytecode is truncated: it ends after %zu bytes", c->n);
  }
  return TG_OK;
}

static bool get_mode(cursor *c, tg_graph *g, stack_item *item)
{
  uint64_t mode = get(c, 1);
  if (mode >= TG_MODE_COUNT) {
    return graph_fail(g, TG_FORMAT, "%s: there is no mode %u", stack_word(item->op), (unsigned)mode);
  }
  item->mode = (tg_mode)mode;
  return true;
}

static bool get_iota(cursor *c, tg_graph *g, stack_item *item)
{
  uint64_t type = get(c, 1);
  if (type >= TG_TYPE_COUNT) {
    return graph_fail(g, TG_FORMAT, "iota: there is no type %u", (unsigned)type);
  }
  item->type = (tg_type)type;
  item->start = get(c, 8);
  item->stride = get(c, 8);
  if (!literal_is_canonical(item->type, item->start) || !literal_is_canonical(item->type, item->stride)) {
    return graph_fail(g, TG_FORMAT, "iota: the start or stride is no %s: bits above it, or a NaN that is not canonical",
                      tg_type_name(item->type));
  }
  return true;
}

static bool read_item(cursor *c, tg_graph *g, stack_item *item)
{
  uint64_t op = get(c, 1);
  if (op >= STACK_OP_COUNT) {
    return graph_fail(g, TG_FORMAT, "there is no opcode with the number %u", (unsigned)op);
  }
  *item = (stack_item){.op = (stack_op)op};
  uint8_t wanted = stack_table[op].immediates;
  if (wanted == IMMEDIATES_OPERAND || wanted == IMMEDIATES_NAME) {
    get_string(c, &item->name, &item->n_name);
  }
  if ((wanted == IMMEDIATES_OPERAND && !get_mode(c, g, item)) || (wanted == IMMEDIATES_IOTA && !get_iota(c, g, item))) {
    return false;
  }
  return !c->is_short || graph_fail(g, TG_FORMAT, "the bytecode ends inside this opcode");
}

/* ---- programs ---- */

/* Puts the place before the message. */
static void say_where(tg_error *error, const place *where)
{
  char message[sizeof error->message];
  if (error == NULL || error->code == TG_NOMEM || where->opcode == 0) {
    return;
  }
  memcpy(message, error->message, sizeof message);
  tg_error before = *error;
  error_set(error, before.code, "opcode %u at byte %zu: %.200s", (unsigned)where->opcode, where->byte, message);
  memcpy(error->hint, before.hint, sizeof error->hint);
}

/* Builds the graph of a bytecode, and its text too unless `listing` is NULL. */
static tg_status read_program(tg_context *context, cursor c, text *listing, tg_graph **out, tg_error *error)
{
  stack_builder b;
  stack_item item;
  const char *name = NULL;
  size_t n_name = 0;
  uint32_t n_opcodes = 0;
  place where = {0};
  TG_TRY(read_header(&c, &name, &n_name, &n_opcodes, error));
  TG_TRY(stack_begin(&b, context, name, n_name, error));
  if (listing != NULL) {
    text_put(listing, "stack ");
    text_bytes(listing, name, n_name);
    text_put(listing, "\n");
  }
  for (uint32_t i = 0; i < n_opcodes && b.graph->error.code == TG_OK; i++) {
    where = (place){i + 1, c.at};
    if (read_item(&c, b.graph, &item) && stack_apply(&b, &item) && listing != NULL) {
      stack_print(listing, &item);
    }
  }
  if (b.graph->error.code == TG_OK) {
    where.opcode = 0;
    if (c.at < c.n) {
      graph_fail(b.graph, TG_FORMAT, "%zu bytes are left after the last opcode", c.n - c.at);
    }
  }
  tg_status status = stack_end(&b, out, error);
  if (status != TG_OK) {
    say_where(error, &where);
  }
  return status;
}

tg_status stack_read_code(tg_context *context, const void *bytes, size_t n, tg_graph **out, tg_error *error)
{
  *out = NULL;
  return read_program(context, (cursor){.bytes = bytes, .n = n}, NULL, out, error);
}

tg_status stack_disassemble(tg_context *context, const void *bytes, size_t n, char **out, size_t *n_out,
                            tg_error *error)
{
  text listing = {.allocator = context->allocator};
  tg_graph *graph = NULL;
  *out = NULL;
  *n_out = 0;
  tg_status status = read_program(context, (cursor){.bytes = bytes, .n = n}, &listing, &graph, error);
  tg_graph_destroy(graph);
  if (status != TG_OK) {
    text_free(&listing);
    return status;
  }
  status = text_take(&listing, out, n_out);
  return status == TG_OK ? TG_OK : error_set(error, status, "no memory for the text");
}

/* ---- writing ---- */

static void put(text *code, uint64_t value, size_t n)
{
  unsigned char bytes[8];
  for (size_t i = 0; i < n; i++) {
    bytes[i] = (unsigned char)(value >> 8 * i);
  }
  text_bytes(code, bytes, n);
}

static void put_string(text *code, const char *s, size_t n)
{
  put(code, n, 2);
  text_bytes(code, s, n);
}

void stack_encode_begin(text *code, const char *name, size_t n)
{
  text_bytes(code, magic, sizeof magic);
  put(code, VERSION, 2);
  put(code, 0, 2);
  put_string(code, name, n);
  put(code, 0, 4); /* the number of opcodes: stack_encode_end */
}

void stack_encode(text *code, const stack_item *item)
{
  const stack_row *row = &stack_table[item->op];
  put(code, item->op, 1);
  if (row->immediates == IMMEDIATES_OPERAND || row->immediates == IMMEDIATES_NAME) {
    put_string(code, item->name, item->n_name);
  }
  if (row->immediates == IMMEDIATES_OPERAND) {
    put(code, item->mode, 1);
  }
  if (row->immediates == IMMEDIATES_IOTA) {
    put(code, item->type, 1);
    put(code, item->start, 8);
    put(code, item->stride, 8);
  }
}

void stack_encode_end(text *code, size_t n_name, uint32_t n_opcodes)
{
  if (code->failed) {
    return;
  }
  for (size_t i = 0; i < 4; i++) {
    code->data[sizeof magic + 4 + 2 + n_name + i] = (char)(n_opcodes >> 8 * i);
  }
}
