/* parser.h: what the files of the parser share: its state, and how it looks at tokens and reports.
 *
 * Errors: the first error of a statement is reported and sets `panic`; until it is cleared nothing more is reported and
 * no token is taken, so every rule runs to its end without doing harm. The loops over statements and items then skip to
 * where a new one may begin and clear it. */
#ifndef TG_LANG_PARSER_H
#define TG_LANG_PARSER_H

#include "lang/tree.h"

typedef struct parser {
  lang *l;
  const lang_tokens *tokens;
  size_t at;       /* the next token that is no comment */
  size_t previous; /* the one before it */
  uint32_t nest;
  bool panic;
  bool has_failed; /* an error was reported at some time */
  tree lost;       /* stands in for a node when there is no memory */
} parser;

static inline const lang_token *peek(const parser *p)
{
  return &p->tokens->list.data[p->at];
}
static inline bool at_kind(const parser *p, tok_kind kind)
{
  return !p->panic && peek(p)->kind == kind;
}
static inline lang_pos here(const parser *p)
{
  return tok_pos(p->tokens, peek(p));
}

/* The token after the next. */
const lang_token *parser_second(const parser *p);
void parser_pass(parser *p);
/* Takes a token if it is of the kind. */
bool parser_accept(parser *p, tok_kind kind);
/* The same, and an error if it is not. */
bool parser_expect(parser *p, tok_kind kind, const char *hint);
/* Takes a name; 0 with an error if there is none. */
uint32_t parser_name(parser *p, const char *what);

/* Reports unless in panic, and panics. */
void parser_fail(parser *p, lang_code code, lang_pos pos, lang_args args);
#define PARSER_FAIL(p, code, pos, ...) parser_fail((p), (code), (pos), (lang_args){{__VA_ARGS__}})
/* "expected WHAT, found ..." at the next token; after the previous one if that ends a line. */
void parser_expected(parser *p, const char *what, const char *hint);
/* The next token as messages show it. */
const char *parser_found(const parser *p);

/* One level deeper; false, with an error, if that is too deep. parser_leave in any case. */
bool parser_enter(parser *p);
void parser_leave(parser *p);

/* A node; never NULL. */
tree *parser_node(parser *p, tree_kind kind, lang_pos pos);

/* A list under construction. */
typedef struct tree_list {
  tree *first, *last;
  uint32_t n;
} tree_list;
void parser_append(tree_list *list, tree *node);

/* parse_expr.c */
tree *parse_expression(parser *p);
tree *parse_written_type(parser *p);
/* The arguments of a call, after its parenthesis was opened. */
tree *parse_arguments(parser *p);

/* parse_stmt.c */
tree *parse_block(parser *p);
/* Passes the rest of a statement with an error, and ends the panic unless an item or the end is next. */
void parser_recover(parser *p);
/* Statements up to a closing brace, the report or the end. */
tree *parse_statements(parser *p);
tree *parse_const(parser *p);
bool parser_at_item(const parser *p);

#endif
