/* lex.c: tokens of graph text (docs/spec.md chapter 9): the longest run of bytes that could belong to one is taken,
 * then judged, so that `12ab` is one bad number and not two tokens. */
#include "graph/lex.h"

#include <stdio.h>
#include <string.h>

enum { MAX_NUMBER = 4096 };

void lex_init(lexer *l, const char *s, size_t n)
{
  *l = (lexer){.s = s, .n = n, .line = 1};
}

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_inner(char c)
{
  return is_letter(c) || is_digit(c) || c == '.';
}

/* ---- UTF-8 ---- */

/* The length of the character at s by RFC 3629, or 0. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
  unsigned char low = 0x80, high = 0xBF; /* the range of the second byte */
  size_t length = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;
  if (s[0] == 0xE0) {
    low = 0xA0;
  } else if (s[0] == 0xED) {
    high = 0x9F;
  } else if (s[0] == 0xF0) {
    low = 0x90;
  } else if (s[0] == 0xF4) {
    high = 0x8F;
  }
  if (length == 0 || length > n || s[0] == 0) {
    return 0;
  }
  for (size_t i = 1; i < length; i++) {
    if (s[i] < low || s[i] > high) {
      return 0;
    }
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

size_t utf8_prefix(const char *s, size_t n)
{
  size_t at = 0;
  while (at < n) {
    size_t length = utf8_length((const unsigned char *)s + at, n - at);
    if (length == 0) {
      break;
    }
    at += length;
  }
  return at;
}

/* ---- tokens ---- */

static token make(const lexer *l, token_kind kind, size_t n)
{
  return (token){
      .kind = kind, .s = l->s + l->at, .n = n, .pos = {l->line, (uint32_t)(l->at - l->line_start) + 1, (uint32_t)n}};
}

static token bad(const lexer *l, size_t n, const char *message)
{
  token t = make(l, TOKEN_BAD, n);
  t.message = message;
  return t;
}

/* Passes white space and comments. False at a byte that may not stand in a comment. */
static bool skip_space(lexer *l)
{
  for (; l->at < l->n; l->at++) {
    char c = l->s[l->at];
    if (c == '\n') {
      l->line++;
      l->line_start = l->at + 1;
    } else if (c == '#') {
      const char *end = memchr(l->s + l->at, '\n', l->n - l->at);
      size_t length = end != NULL ? (size_t)(end - (l->s + l->at)) : l->n - l->at;
      size_t good = utf8_prefix(l->s + l->at, length);
      l->at += good;
      if (good < length) {
        return false;
      }
      l->at--; /* the loop's step leads to the end of the line */
    } else if (c != ' ' && c != '\t' && c != '\r') {
      break;
    }
  }
  return true;
}

static token lex_value(const lexer *l)
{
  const char *s = l->s + l->at;
  size_t n = 1, left = l->n - l->at;
  bool all_digits = true;
  for (; n < left && is_inner(s[n]); n++) {
    all_digits = all_digits && is_digit(s[n]);
  }
  if (n == 1 || (!all_digits && !is_letter(s[1]))) {
    return bad(l, n, "after % stands a name, or digits only");
  }
  return make(l, TOKEN_VALUE, n);
}

/* Digits of a base, from i on. */
static size_t run_of_digits(const char *s, size_t i, size_t n, bool is_hex)
{
  while (i < n && (is_digit(s[i]) || (is_hex && strchr("abcdefABCDEF", s[i]) != NULL && s[i] != '\0'))) {
    i++;
  }
  return i;
}

/* What the n bytes at s are: TOKEN_INT, TOKEN_FLOAT or TOKEN_BAD. */
static token_kind classify_number(const char *s, size_t n)
{
  bool is_hex = n > 1 && s[0] == '0' && s[1] == 'x';
  size_t start = is_hex ? 2 : 0, whole = run_of_digits(s, start, n, is_hex), end = whole;
  bool has_point = whole < n && s[whole] == '.', has_digits = whole > start;
  if (has_point) {
    end = run_of_digits(s, whole + 1, n, is_hex);
    has_digits = has_digits || end > whole + 1;
  }
  if (!has_digits) {
    return TOKEN_BAD;
  }
  if (end == n) {
    return !has_point ? TOKEN_INT : is_hex ? TOKEN_BAD : TOKEN_FLOAT;
  }
  if ((s[end] | 0x20) != (is_hex ? 'p' : 'e')) {
    return TOKEN_BAD;
  }
  size_t exponent = end + 1 < n && (s[end + 1] == '+' || s[end + 1] == '-') ? end + 2 : end + 1;
  return exponent < n && run_of_digits(s, exponent, n, false) == n ? TOKEN_FLOAT : TOKEN_BAD;
}

static token lex_number(const lexer *l)
{
  const char *s = l->s + l->at;
  size_t n = 1, left = l->n - l->at;
  bool is_hex = left > 1 && s[1] == 'x';
  for (; n < left; n++) {
    bool after_mark = (s[n - 1] | 0x20) == (is_hex ? 'p' : 'e');
    if (!is_inner(s[n]) && !(after_mark && (s[n] == '+' || s[n] == '-'))) {
      break;
    }
  }
  if (n > MAX_NUMBER) {
    return bad(l, n, "a number of more than 4096 bytes");
  }
  token_kind kind = classify_number(s, n);
  return kind == TOKEN_BAD ? bad(l, n, "not a number") : make(l, kind, n);
}

static token lex_word(const lexer *l)
{
  size_t n = 1;
  while (n < l->n - l->at && is_inner(l->s[l->at + n])) {
    n++;
  }
  return make(l, TOKEN_WORD, n);
}

static token lex_other(const lexer *l)
{
  char c = l->s[l->at];
  if (c != '\0' && strchr("{}=,@-", c) != NULL) {
    return make(l, TOKEN_MARK, 1);
  }
  size_t length = utf8_length((const unsigned char *)l->s + l->at, l->n - l->at);
  if (length == 0) {
    return bad(l, 1, c == '\0' ? "a zero byte" : "a byte that is not UTF-8");
  }
  return bad(l, length, length > 1 ? "only ASCII stands outside comments" : "a character without a meaning");
}

token lex_next(lexer *l)
{
  token t;
  if (!skip_space(l)) {
    t = bad(l, 1, l->s[l->at] == '\0' ? "a zero byte" : "a byte that is not UTF-8");
  } else if (l->at == l->n) {
    t = make(l, TOKEN_END, 0);
  } else if (l->s[l->at] == '%') {
    t = lex_value(l);
  } else if (is_digit(l->s[l->at]) || l->s[l->at] == '.') {
    t = lex_number(l);
  } else if (is_letter(l->s[l->at])) {
    t = lex_word(l);
  } else {
    t = lex_other(l);
  }
  l->at += t.n;
  return t;
}

bool token_is(const token *t, const char *s)
{
  return (t->kind == TOKEN_MARK || t->kind == TOKEN_WORD) && strlen(s) == t->n && memcmp(s, t->s, t->n) == 0;
}

const char *token_show(const token *t, char buffer[TOKEN_SHOWN])
{
  enum { SHOWN = 32 };
  if (t->kind == TOKEN_END) {
    return "the end of the text";
  }
  for (size_t i = 0; i < t->n && i < SHOWN; i++) {
    if (t->s[i] < ' ' || t->s[i] > '~') {
      snprintf(buffer, TOKEN_SHOWN, "byte 0x%02x", (unsigned)(unsigned char)t->s[i]);
      return buffer;
    }
  }
  snprintf(buffer, TOKEN_SHOWN, "`%.*s%s`", t->n < SHOWN ? (int)t->n : SHOWN, t->s, t->n > SHOWN ? ".." : "");
  return buffer;
}
