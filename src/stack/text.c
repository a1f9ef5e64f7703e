/* text.c: stack programs as text: words separated by white space, `#` to the end of the line a comment. Each opcode is
 * handed to the builder as soon as it is read, so the first error in the text is the one that is reported. */
#include "graph/lex.h"
#include "graph/literal.h"
#include "stack/item.h"

#include <string.h>

typedef struct scanner {
  const char *at, *end, *line_start;
  uint32_t line;
} scanner;

typedef struct word {
  const char *s;
  size_t n;
  tg_pos pos;
} word;

/* ---- words ---- */

static tg_pos position(const scanner *sc, size_t length)
{
  return (tg_pos){sc->line, (uint32_t)(sc->at - sc->line_start) + 1, (uint32_t)length};
}

static bool is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_space(scanner *sc)
{
  bool in_comment = false;
  for (; sc->at < sc->end && (in_comment || is_space(*sc->at) || *sc->at == '#'); sc->at++) {
    in_comment = *sc->at != '\n' && (in_comment || *sc->at == '#');
    if (*sc->at == '\n') {
      sc->line++;
      sc->line_start = sc->at + 1;
    }
  }
}

/* The next word; empty at the end of the text. */
static word next_word(scanner *sc)
{
  skip_space(sc);
  word w = {.s = sc->at};
  const char *stop = sc->at;
  while (stop < sc->end && !is_space(*stop) && *stop != '#') {
    stop++;
  }
  w.n = (size_t)(stop - sc->at);
  w.pos = position(sc, w.n);
  sc->at = stop;
  return w;
}

static bool is_text(const word *w, const char *s)
{
  return strlen(s) == w->n && memcmp(s, w->s, w->n) == 0;
}

/* A word as messages show it. */
static const char *show(const word *w, char buffer[TOKEN_SHOWN])
{
  return token_show(&(token){.kind = TOKEN_WORD, .s = w->s, .n = w->n}, buffer);
}

/* ---- literals ---- */

static bool parse_literal(tg_type type, const word *w, uint64_t *bits)
{
  lexer l;
  lex_init(&l, w->s, w->n);
  token t = lex_next(&l);
  bool is_negative = token_is(&t, "-");
  if (is_negative) {
    t = lex_next(&l);
  }
  return literal_bits(&t, is_negative, type, bits) && lex_next(&l).kind == TOKEN_END;
}

/* ---- opcodes ---- */

static stack_op find_opcode(const word *w)
{
  int op = 0;
  while (op < STACK_OP_COUNT && !is_text(w, stack_word((stack_op)op))) {
    op++;
  }
  return (stack_op)op;
}

/* Fails at a word; the end of the text has none, and then the opcode that lacks it is shown. */
static bool fail_at(tg_graph *g, const word *w, const char *wanted, stack_op op)
{
  char buffer[TOKEN_SHOWN];
  if (w->n == 0) {
    return graph_fail(g, TG_PARSE, "%s needs %s after it, but the program ends", stack_word(op), wanted);
  }
  g->pos = w->pos;
  return graph_fail(g, TG_PARSE, "%s needs %s here, not %s", stack_word(op), wanted, show(w, buffer));
}

static bool read_name(scanner *sc, tg_graph *g, stack_item *item)
{
  word w = next_word(sc);
  if (w.n > TG_MAX_NAME) {
    g->pos = w.pos;
    return graph_fail(g, TG_LIMIT, "%s: the name is longer than %d bytes", stack_word(item->op), TG_MAX_NAME);
  }
  if (!name_is_valid(w.s, w.n)) {
    fail_at(g, &w, "a name", item->op);
    return graph_fail_hint(g, "a name is a letter or _, then letters, digits, _ and .");
  }
  item->name = w.s;
  item->n_name = w.n;
  return true;
}

static bool read_mode(scanner *sc, tg_graph *g, stack_item *item)
{
  word w = next_word(sc);
  int mode = mode_find(w.s, w.n);
  if (mode < 0) {
    return fail_at(g, &w, "a memory mode, such as f32 or i16be,", item->op);
  }
  item->mode = (tg_mode)mode;
  return true;
}

static bool read_literal(scanner *sc, tg_graph *g, const stack_item *item, uint64_t *bits)
{
  word w = next_word(sc);
  if (!parse_literal(item->type, &w, bits)) {
    return fail_at(g, &w, literal_wanted(item->type), item->op);
  }
  return true;
}

static bool read_iota(scanner *sc, tg_graph *g, stack_item *item)
{
  word w = next_word(sc);
  int type = type_find(w.s, w.n);
  if (type < 0) {
    return fail_at(g, &w, "a type, such as u32,", item->op);
  }
  item->type = (tg_type)type;
  if (!type_in(item->type, TG_CLASS_NUMBER)) {
    return graph_fail(g, TG_VERIFY, "iota: %s is not a numeric type", type_table[type].name);
  }
  return read_literal(sc, g, item, &item->start) && read_literal(sc, g, item, &item->stride);
}

static bool read_immediates(scanner *sc, tg_graph *g, stack_item *item)
{
  switch ((immediates)stack_table[item->op].immediates) {
  case IMMEDIATES_NONE: return true;
  case IMMEDIATES_OPERAND: return read_name(sc, g, item) && read_mode(sc, g, item);
  case IMMEDIATES_NAME: return read_name(sc, g, item);
  case IMMEDIATES_IOTA: return read_iota(sc, g, item);
  }
  return false;
}

/* Reads the opcode that begins with w; the graph's position is then that of w again. */
static bool read_item(scanner *sc, tg_graph *g, const word *w, stack_item *item)
{
  char buffer[TOKEN_SHOWN];
  *item = (stack_item){.op = find_opcode(w)};
  g->pos = w->pos;
  if (item->op == STACK_OP_COUNT) {
    graph_fail(g, TG_PARSE, "%s is not an opcode", show(w, buffer));
    return graph_fail_hint(g, "docs/stack.md lists the thirty opcodes");
  }
  return read_immediates(sc, g, item);
}

/* ---- programs ---- */

static tg_status read_header(scanner *sc, word *name, tg_error *error)
{
  word first = next_word(sc);
  if (!is_text(&first, "stack")) {
    return error_at(error, TG_PARSE, first.pos, "a stack program begins with `stack NAME`");
  }
  *name = next_word(sc);
  if (name->n > TG_MAX_NAME) {
    return error_at(error, TG_LIMIT, name->pos, "the program's name is longer than %d bytes", TG_MAX_NAME);
  }
  if (!name_is_valid(name->s, name->n)) {
    return error_at(error, TG_PARSE, name->pos,
                    "the program's name must be a letter or _, then letters, digits, _ and .");
  }
  return TG_OK;
}

/* Builds the graph of a text, and its bytecode too unless `code` is NULL. */
static tg_status read_program(tg_context *context, scanner sc, text *code, tg_graph **out, tg_error *error)
{
  stack_builder b;
  stack_item item;
  word name = {0}, w;
  uint32_t n_opcodes = 0;
  TG_TRY(read_header(&sc, &name, error));
  TG_TRY(stack_begin(&b, context, name.s, name.n, error));
  if (code != NULL) {
    stack_encode_begin(code, name.s, name.n);
  }
  for (w = next_word(&sc); w.n > 0; w = next_word(&sc), n_opcodes++) {
    if (!read_item(&sc, b.graph, &w, &item) || !stack_apply(&b, &item)) {
      break;
    }
    if (code != NULL) {
      stack_encode(code, &item);
    }
  }
  if (code != NULL) {
    stack_encode_end(code, name.n, n_opcodes);
  }
  b.graph->pos = position(&sc, 0);
  return stack_end(&b, out, error);
}

tg_status stack_read_text(tg_context *context, const char *s, size_t n, tg_graph **out, tg_error *error)
{
  *out = NULL;
  return read_program(context, (scanner){s, s + n, s, 1}, NULL, out, error);
}

tg_status stack_assemble_text(tg_context *context, const char *s, size_t n, char **out, size_t *n_out, tg_error *error)
{
  text code = {.allocator = context->allocator};
  tg_graph *graph = NULL;
  *out = NULL;
  *n_out = 0;
  tg_status status = read_program(context, (scanner){s, s + n, s, 1}, &code, &graph, error);
  tg_graph_destroy(graph);
  if (status != TG_OK) {
    text_free(&code);
    return status;
  }
  status = text_take(&code, out, n_out);
  return status == TG_OK ? TG_OK : error_set(error, status, "no memory for the bytecode");
}

/* ---- printing ---- */

void stack_print(text *listing, const stack_item *item)
{
  const stack_row *row = &stack_table[item->op];
  text_put(listing, stack_word(item->op));
  if (row->immediates == IMMEDIATES_OPERAND || row->immediates == IMMEDIATES_NAME) {
    text_put(listing, " ");
    text_bytes(listing, item->name, item->n_name);
  }
  if (row->immediates == IMMEDIATES_OPERAND) {
    text_put(listing, " ");
    text_put(listing, tg_mode_name(item->mode));
  }
  if (row->immediates == IMMEDIATES_IOTA) {
    text_put(listing, " ");
    text_put(listing, tg_type_name(item->type));
    text_put(listing, " ");
    literal_put(listing, item->type, item->start);
    text_put(listing, " ");
    literal_put(listing, item->type, item->stride);
  }
  text_put(listing, "\n");
}
