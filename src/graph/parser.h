/* parser.h: the state of a reader of graph text, and its smallest steps. Errors stick to the graph under construction:
 * after one every step does nothing and says false or 0, so that the grammar's functions need no checks between. */
#ifndef TG_GRAPH_PARSER_H
#define TG_GRAPH_PARSER_H

#include "graph/graph.h"
#include "graph/lex.h"

typedef struct parser {
  tg_graph *g;
  lexer lex;
  token tok;        /* the next one, not yet taken */
  symtab labels;    /* "%x" to its value; TG_POISON before the node that defines it is complete */
  symtab operands;  /* name to index */
  VEC(token) names; /* stacks: a node takes what it pushed */
  VEC(uint32_t) values;
  VEC(tg_entry) entries;
} parser;

bool parse_ok(const parser *p);

/* The graph, told that what is reported next is at this token. */
tg_graph *parse_at(parser *p, const token *t);
bool parse_no_memory(parser *p);
bool parse_hint(parser *p, const char *what);

/* Reports the next token as something else than what should stand here. Returns false. */
bool parse_unexpected(parser *p, const char *wanted);

/* The next token: whether it is this mark or word; taken if it is; taken, or an error. */
bool parse_is_next(const parser *p, const char *s);
bool parse_accept(parser *p, const char *s);
bool parse_expect(parser *p, const char *s);
void parse_advance(parser *p);

/* Take a token of a kind; a name; one word of a list: its index, or 0 with an error. */
bool parse_take(parser *p, token_kind kind, const char *wanted, token *t);
bool parse_name(parser *p, const char *wanted, token *t);
int parse_word(parser *p, const char *const *words, int n_words, const char *wanted);

/* INT, TYPE, MODE, literal, [ "@" INT ] */
uint64_t parse_int(parser *p, const char *wanted, uint64_t highest);
tg_type parse_type(parser *p);
tg_mode parse_mode(parser *p);
uint64_t parse_literal(parser *p, tg_type type);
uint32_t parse_position(parser *p);

/* VALUE, where one is used: its number. VALUE, where one is defined: pushed on names; it is known from here on, but has
 * no number before parse_bind gives the n names from `base` on the numbers from `first` on. */
uint32_t parse_use(parser *p);
bool parse_define(parser *p);
void parse_bind(parser *p, size_t base, size_t n, uint32_t first);
bool parse_push(parser *p, uint32_t value);

#endif
