/* format.c: `throng fmt`. Works on tokens, so that nothing can be lost: it only chooses what stands between two of
 * them: nothing, a space, a line break or an empty line. Inside a statement it keeps the line breaks of the source. */
#include "lang/format.h"

#include <string.h>

enum { INDENT = 4, MAX_NEST = 512 };

typedef enum gap { GAP_NONE, GAP_SPACE, GAP_LINE, GAP_EMPTY_LINE } gap;

typedef struct formatter {
  const lang_tokens *t;
  text *out;
  uint8_t open[MAX_NEST]; /* the brackets that are open: TOK_OPEN_BRACE, TOK_OPEN or TOK_OPEN_BRACKET */
  uint32_t n_open;
  uint32_t n_questions; /* `?` whose `:` is to come, in the statement */
  bool in_statement;    /* something of the statement stands on a line already */
  bool is_unary;        /* the last token was an operator before its operand */
} formatter;

/* ---- what tokens are ---- */

static bool ends_operand(tok_kind kind)
{
  return kind == TOK_NAME || kind == TOK_TYPE || kind == TOK_INT || kind == TOK_FLOAT || kind == TOK_STRING ||
         kind == TOK_TRUE || kind == TOK_FALSE || kind == TOK_CLOSE || kind == TOK_CLOSE_BRACKET;
}

static bool opens(tok_kind kind)
{
  return kind == TOK_OPEN || kind == TOK_OPEN_BRACKET;
}

static bool closes(tok_kind kind)
{
  return kind == TOK_CLOSE || kind == TOK_CLOSE_BRACKET;
}

/* Operators that may stand without spaces: the source decides, for both sides together. */
static bool is_tight_operator(tok_kind kind)
{
  return kind == TOK_MUL || kind == TOK_DIV || kind == TOK_REM;
}

static bool is_range(tok_kind kind)
{
  return kind == TOK_TO || kind == TOK_TO_INCLUDED;
}

static bool in_parentheses(const formatter *f)
{
  return f->n_open > 0 && f->open[f->n_open - 1] != TOK_OPEN_BRACE;
}

/* How many braces are open. */
static uint32_t level(const formatter *f)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < f->n_open; i++) {
    n += f->open[i] == TOK_OPEN_BRACE;
  }
  return n;
}

/* ---- gaps ---- */

static bool touch(const lang_token *a, const lang_token *b)
{
  return a->at + a->n == b->at;
}

static gap gap_of_operator(const formatter *f, const lang_token *before, const lang_token *a, const lang_token *b)
{
  const lang_token *after = b + 1;
  if (is_tight_operator((tok_kind)b->kind)) {
    return touch(a, b) && touch(b, after) ? GAP_NONE : GAP_SPACE;
  }
  if (is_tight_operator((tok_kind)a->kind)) {
    return touch(before, a) && touch(a, b) ? GAP_NONE : GAP_SPACE;
  }
  return f->is_unary ? GAP_NONE : GAP_SPACE;
}

/* Between two tokens on one line. before: the token before a, or a itself. */
static gap gap_within(const formatter *f, const lang_token *before, const lang_token *a, const lang_token *b)
{
  tok_kind x = (tok_kind)a->kind, y = (tok_kind)b->kind;
  bool would_join = (x == TOK_SUB && y == TOK_SUB) || (y == TOK_DOT && (x == TOK_INT || x == TOK_FLOAT));
  if (would_join) {
    return GAP_SPACE; /* without it they would be another token */
  }
  bool is_mark = y == TOK_COMMA || y == TOK_SEMICOLON || y == TOK_DOT || x == TOK_DOT;
  if (is_mark || closes(y) || opens(x) || is_range(x) || is_range(y)) {
    return GAP_NONE;
  }
  if (y == TOK_COLON) {
    return f->n_questions > 0 ? GAP_SPACE : GAP_NONE;
  }
  if (y == TOK_OPEN) {
    bool is_call = x == TOK_NAME || x == TOK_TYPE || x == TOK_ASSERT;
    return is_call || f->is_unary ? GAP_NONE : gap_of_operator(f, before, a, b);
  }
  if (y == TOK_OPEN_BRACKET && ends_operand(x)) {
    return GAP_NONE;
  }
  return gap_of_operator(f, before, a, b);
}

static gap line_or_empty(const lang_token *a, const lang_token *b)
{
  uint32_t end = a->line; /* no token spans lines */
  return b->line > end + 1 ? GAP_EMPTY_LINE : GAP_LINE;
}

/* Whether a statement, item or list of statements ends with a, so that b begins a line. */
static bool is_end(const formatter *f, const lang_token *a, const lang_token *b)
{
  tok_kind x = (tok_kind)a->kind, y = (tok_kind)b->kind;
  if (x == TOK_COMMENT) {
    return true;
  }
  if (in_parentheses(f)) {
    return false;
  }
  if (x == TOK_CLOSE_BRACE) {
    return y != TOK_ELSE;
  }
  return x == TOK_SEMICOLON || x == TOK_OPEN_BRACE || y == TOK_CLOSE_BRACE;
}

static gap choose_gap(const formatter *f, const lang_token *before, const lang_token *a, const lang_token *b)
{
  tok_kind x = (tok_kind)a->kind, y = (tok_kind)b->kind;
  if (y == TOK_COMMENT && a->line == b->line) {
    return GAP_SPACE;
  }
  if (x == TOK_OPEN_BRACE && y == TOK_CLOSE_BRACE) {
    return GAP_NONE;
  }
  if (is_end(f, a, b) || y == TOK_COMMENT) {
    bool is_edge = x == TOK_OPEN_BRACE || y == TOK_CLOSE_BRACE;
    return is_edge ? GAP_LINE : line_or_empty(a, b);
  }
  bool sticks = y == TOK_SEMICOLON || y == TOK_COMMA || y == TOK_OPEN_BRACE || y == TOK_ELSE;
  if (b->line > a->line && !sticks && x != TOK_CLOSE_BRACE) {
    return GAP_LINE;
  }
  return x == TOK_CLOSE_BRACE || y == TOK_OPEN_BRACE ? GAP_SPACE : gap_within(f, before, a, b);
}

/* ---- writing ---- */

/* Comments after code may stand in columns: their distance stays, if it is two spaces or more. */
static void put_space(formatter *f, const lang_token *a, const lang_token *b)
{
  uint32_t n = 1;
  if (b->kind == TOK_COMMENT) {
    n = b->at - a->at - a->n;
    n = n < 2 || n > 100 || memchr(f->t->text + a->at + a->n, '\t', n) != NULL ? 2 : n;
  }
  for (uint32_t i = 0; i < n; i++) {
    text_put(f->out, " ");
  }
}

static void put_gap(formatter *f, gap g, const lang_token *a, const lang_token *b)
{
  if (g == GAP_SPACE) {
    put_space(f, a, b);
  }
  if (g < GAP_LINE) {
    return;
  }
  uint32_t depth = level(f);
  bool continues = f->in_statement;
  if (b->kind == TOK_CLOSE_BRACE && depth > 0) {
    depth--;
    continues = false;
  }
  if (continues && closes((tok_kind)b->kind)) {
    continues = false; /* a bracket that closes a list of lines stands below its statement */
  }
  text_put(f->out, g == GAP_EMPTY_LINE ? "\n\n" : "\n");
  for (uint32_t i = 0; i < (depth + (continues ? 1 : 0)) * INDENT; i++) {
    text_put(f->out, " ");
  }
}

static bool is_before_operand(const formatter *f, const lang_token *a, const lang_token *b)
{
  tok_kind kind = (tok_kind)b->kind;
  if (kind == TOK_NOT || kind == TOK_TILDE) {
    return true;
  }
  return kind == TOK_SUB && (a == NULL || !ends_operand((tok_kind)a->kind) || (f->is_unary && a->kind == TOK_SUB));
}

/* What a token changes for those after it. a: the last that was no comment, or NULL. */
static void take(formatter *f, const lang_token *a, const lang_token *b)
{
  tok_kind kind = (tok_kind)b->kind;
  if (kind == TOK_COMMENT) {
    return;
  }
  f->is_unary = is_before_operand(f, a, b);
  if ((kind == TOK_OPEN_BRACE || opens(kind)) && f->n_open < MAX_NEST) {
    f->open[f->n_open++] = (uint8_t)kind;
  } else if ((kind == TOK_CLOSE_BRACE || closes(kind)) && f->n_open > 0) {
    f->n_open--;
  }
  if (kind == TOK_QUESTION) {
    f->n_questions++;
  } else if (kind == TOK_COLON && f->n_questions > 0) {
    f->n_questions--;
  }
  bool is_boundary = kind == TOK_OPEN_BRACE || kind == TOK_CLOSE_BRACE || (kind == TOK_SEMICOLON && !in_parentheses(f));
  f->in_statement = !is_boundary;
  if (is_boundary) {
    f->n_questions = 0;
  }
}

void format_tokens(const lang_tokens *tokens, text *out)
{
  formatter f = {.t = tokens, .out = out};
  const lang_token *list = tokens->list.data, *before = NULL, *code = NULL;
  for (size_t i = 0; i < tokens->list.n && list[i].kind != TOK_END; i++) {
    const lang_token *b = &list[i], *a = i > 0 ? &list[i - 1] : NULL;
    if (a != NULL) {
      put_gap(&f, choose_gap(&f, before == NULL ? a : before, a, b), a, b);
    }
    text_bytes(out, tokens->text + b->at, b->n);
    take(&f, code, b);
    if (b->kind != TOK_COMMENT) {
      before = code;
      code = b;
    } else {
      before = NULL;
    }
  }
  if (tokens->list.n > 1) {
    text_put(out, "\n");
  }
}
