/* lex.h: graph text as tokens. The lexer never fails: what is no token comes out as TOKEN_BAD, whose message the parser
 * reports if it gets that far, so that the first error in the text is the one reported. */
#ifndef TG_GRAPH_LEX_H
#define TG_GRAPH_LEX_H

#include "throng.h"

#include <stdbool.h>

typedef enum token_kind {
  TOKEN_END,
  TOKEN_WORD,  /* a name or keyword */
  TOKEN_VALUE, /* "%" and a name or digits */
  TOKEN_INT,
  TOKEN_FLOAT,
  TOKEN_MARK, /* one of { } = , @ - */
  TOKEN_BAD
} token_kind;

typedef struct token {
  token_kind kind;
  const char *s; /* in the text */
  size_t n;
  tg_pos pos;
  const char *message; /* of TOKEN_BAD: what is wrong with it */
} token;

typedef struct lexer {
  const char *s;
  size_t n, at;
  size_t line_start;
  uint32_t line;
} lexer;

void lex_init(lexer *l, const char *s, size_t n);
token lex_next(lexer *l);

/* Whether a token is this mark, or this word. */
bool token_is(const token *t, const char *s);

/* The token as messages show it: in quotes, cut short where it is long. */
enum { TOKEN_SHOWN = 48 };
const char *token_show(const token *t, char buffer[TOKEN_SHOWN]);

/* How many of the n bytes at s are UTF-8 without a zero byte: n if all are. */
size_t utf8_prefix(const char *s, size_t n);

#endif
