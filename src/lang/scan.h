/* scan.h: source text as tokens, comments included. What is no token is reported at once and comes out as TOK_BAD,
 * which makes the parser skip to where it can go on without a message of its own. */
#ifndef TG_LANG_SCAN_H
#define TG_LANG_SCAN_H

#include "lang/lang.h"

typedef enum tok_kind {
  TOK_END,
  TOK_BAD,
  TOK_COMMENT,
  TOK_NAME,
  TOK_TYPE, /* a scalar type; detail is the tg_type */
  TOK_INT,  /* detail: the tg_type of its suffix, or TG_TYPE_COUNT */
  TOK_FLOAT,
  TOK_STRING,
#define LANG_WORD(id, text) TOK_##id,
#define LANG_MARK(id, text) TOK_##id,
#include "lang/tokens.def"
  TOK_COUNT
} tok_kind;

typedef struct lang_token {
  uint8_t kind, detail;
  uint32_t name;  /* TOK_NAME */
  uint32_t at, n; /* bytes of the text */
  uint32_t line, column;
} lang_token;

typedef struct lang_tokens {
  uint32_t file;
  const char *text;
  VEC(lang_token) list; /* ends with TOK_END */
} lang_tokens;

/* Scans a file of l. tokens_free in any case. */
void scan_file(lang *l, uint32_t file, lang_tokens *out);
void tokens_free(lang *l, lang_tokens *t);

/* "while", "+=", "name" */
const char *tok_spelling(tok_kind kind);
bool tok_is_word(tok_kind kind);

static inline lang_pos tok_pos(const lang_tokens *t, const lang_token *k)
{
  return (lang_pos){t->file, k->line, k->column, k->n};
}

/* One line for each token: place, kind, text. */
void tokens_print(const lang_tokens *t, text *out);

#endif
