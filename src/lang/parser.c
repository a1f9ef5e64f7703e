/* parser.c: tokens for the rules: looking ahead, taking, reporting. */
#include "lang/parser.h"

static size_t next_token(const parser *p, size_t at)
{
  while (p->tokens->list.data[at].kind == TOK_COMMENT) {
    at++;
  }
  return at;
}

const lang_token *parser_second(const parser *p)
{
  const lang_token *t = peek(p);
  return t->kind == TOK_END ? t : &p->tokens->list.data[next_token(p, p->at + 1)];
}

void parser_pass(parser *p)
{
  if (peek(p)->kind != TOK_END) {
    p->previous = p->at;
    p->at = next_token(p, p->at + 1);
  }
}

bool parser_accept(parser *p, tok_kind kind)
{
  if (!at_kind(p, kind)) {
    return false;
  }
  parser_pass(p);
  return true;
}

const char *parser_found(const parser *p)
{
  const lang_token *t = peek(p);
  if (t->kind == TOK_END) {
    return "the end of the file";
  }
  return lang_format(p->l, "'%.*s'", t->n > 60 ? 60 : (int)t->n, p->tokens->text + t->at);
}

void parser_fail(parser *p, lang_code code, lang_pos pos, lang_args args)
{
  bool is_reported = peek(p)->kind == TOK_BAD; /* by the scanner */
  if (!p->panic && !is_reported) {
    lang_report(p->l, code, pos, args);
  }
  p->panic = p->has_failed = true;
}

void parser_expected(parser *p, const char *what, const char *hint)
{
  lang_pos pos = here(p);
  const lang_token *before = &p->tokens->list.data[p->previous];
  tok_kind kind = (tok_kind)peek(p)->kind;
  if (kind >= TOK_PUB && kind <= TOK_SPAWN) {
    PARSER_FAIL(p, LANG_RESERVED, pos, tok_spelling(kind));
    return;
  }
  if (p->at > 0 && before->line < pos.line) { /* what is missing is missing at the end of the line before */
    pos = tok_pos(p->tokens, before);
    pos.column += pos.length;
    pos.length = 1;
  }
  PARSER_FAIL(p, LANG_EXPECTED, pos, what, parser_found(p), hint);
}

bool parser_expect(parser *p, tok_kind kind, const char *hint)
{
  if (parser_accept(p, kind)) {
    return true;
  }
  if (!p->panic) {
    bool is_mark = kind > TOK_SPAWN || tok_is_word(kind);
    parser_expected(p, lang_format(p->l, is_mark ? "'%s'" : "%s", tok_spelling(kind)), hint);
  }
  return false;
}

uint32_t parser_name(parser *p, const char *what)
{
  if (p->panic) {
    return 0;
  }
  const lang_token *t = peek(p);
  bool is_underscore = t->kind == TOK_NAME && t->n == 1 && p->tokens->text[t->at] == '_';
  if (t->kind == TOK_NAME && !is_underscore) {
    parser_pass(p);
    return t->name;
  }
  if (is_underscore || t->kind == TOK_TYPE || (tok_is_word((tok_kind)t->kind) && t->kind < TOK_PUB)) {
    const char *shown = lang_format(p->l, "%.*s", (int)t->n, p->tokens->text + t->at);
    PARSER_FAIL(p, LANG_KEYWORD, here(p), shown);
  } else {
    parser_expected(p, what, "");
  }
  return 0;
}

bool parser_enter(parser *p)
{
  if (++p->nest > LANG_MAX_NEST) {
    PARSER_FAIL(p, LANG_TOO_DEEP, here(p), "200");
    return false;
  }
  return true;
}

void parser_leave(parser *p)
{
  p->nest--;
}

tree *parser_node(parser *p, tree_kind kind, lang_pos pos)
{
  tree *t = arena_new(p->l->memory, tree);
  if (t == NULL) {
    p->panic = p->has_failed = true;
    t = &p->lost;
  }
  t->kind = (uint8_t)kind;
  t->pos = t->name_pos = pos;
  t->depth = 1;
  return t;
}

void parser_append(tree_list *list, tree *node)
{
  if (list->last == NULL) {
    list->first = node;
  } else {
    list->last->next = node;
  }
  list->last = node;
  list->n++;
}
