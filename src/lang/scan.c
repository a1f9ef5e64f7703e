/* scan.c: from text to tokens: one pass over the bytes, the longest mark first. */
#include "lang/scan.h"

#include "graph/lex.h"
#include "lang/number.h"

#include <string.h>

typedef struct word {
  const char *text;
  uint8_t n, kind;
} word;

static const word words[] = {
#define LANG_WORD(id, text) {text, sizeof text - 1, TOK_##id},
#include "lang/tokens.def"
};

static const word marks[] = {
#define LANG_MARK(id, text) {text, sizeof text - 1, TOK_##id},
#include "lang/tokens.def"
};

static const char *const spellings[TOK_COUNT] = {
    [TOK_END] = "the end of the file",
    [TOK_BAD] = "a wrong token",
    [TOK_COMMENT] = "a comment",
    [TOK_NAME] = "a name",
    [TOK_TYPE] = "a type",
    [TOK_INT] = "an integer",
    [TOK_FLOAT] = "a float",
    [TOK_STRING] = "text in quotes",
#define LANG_WORD(id, text) [TOK_##id] = text,
#define LANG_MARK(id, text) [TOK_##id] = text,
#include "lang/tokens.def"
};

const char *tok_spelling(tok_kind kind)
{
  return spellings[kind];
}

bool tok_is_word(tok_kind kind)
{
  return kind >= TOK_ASSERT && kind <= TOK_SPAWN;
}

typedef struct scanner {
  lang *l;
  lang_tokens *out;
  const char *s;
  size_t n, at, line_start;
  uint32_t line;
  lang_token lost; /* stands in for a token when there is no memory */
} scanner;

static bool is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

/* Adds the next n bytes as a token and passes them. */
static lang_token *add(scanner *sc, tok_kind kind, size_t n)
{
  if (!vec_room(&sc->l->memory->allocator, &sc->out->list, 1)) {
    sc->l->memory->failed = true;
    sc->at += n;
    return &sc->lost;
  }
  lang_token *t = &sc->out->list.data[sc->out->list.n++];
  *t = (lang_token){.kind = (uint8_t)kind,
                    .at = (uint32_t)sc->at,
                    .n = (uint32_t)n,
                    .line = sc->line,
                    .column = (uint32_t)(sc->at - sc->line_start) + 1};
  sc->at += n;
  return t;
}

static void add_bad(scanner *sc, size_t n, lang_code code, const char *a, const char *b)
{
  lang_pos pos = {sc->out->file, sc->line, (uint32_t)(sc->at - sc->line_start) + 1, (uint32_t)n};
  LANG_REPORT(sc->l, code, pos, a, b);
  add(sc, TOK_BAD, n);
}

static void scan_name(scanner *sc)
{
  const char *s = sc->s + sc->at;
  size_t n = 1;
  while (sc->at + n < sc->n && (is_letter(s[n]) || is_digit(s[n]))) {
    n++;
  }
  int type = type_find(s, n);
  if (type >= 0) {
    add(sc, TOK_TYPE, n)->detail = (uint8_t)type;
    return;
  }
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (words[i].n == n && memcmp(words[i].text, s, n) == 0) {
      add(sc, (tok_kind)words[i].kind, n);
      return;
    }
  }
  if (n > TG_MAX_NAME) {
    add_bad(sc, n, LANG_LONG_NAME, NULL, NULL);
    return;
  }
  uint32_t name = lang_name(sc->l, s, n);
  add(sc, TOK_NAME, n)->name = name;
}

static void scan_number(scanner *sc)
{
  const char *s = sc->s + sc->at;
  number_text t = number_scan(s, sc->n - sc->at);
  uint64_t value;
  bool is_large = t.hint == NULL && !t.is_float && !number_integer(s, t.n_digits, &value);
  if (t.hint != NULL || is_large) {
    const char *shown = lang_format(sc->l, "%.*s", t.n > 60 ? 60 : (int)t.n, s);
    add_bad(sc, t.n, is_large ? LANG_LARGE_NUMBER : LANG_BAD_NUMBER, shown, t.hint);
  } else {
    add(sc, t.is_float ? TOK_FLOAT : TOK_INT, t.n)->detail = (uint8_t)t.suffix;
  }
}

static void scan_string(scanner *sc)
{
  const char *s = sc->s + sc->at;
  size_t n = 1;
  while (sc->at + n < sc->n && s[n] != '"' && s[n] != '\n') {
    n++;
  }
  if (sc->at + n == sc->n || s[n] == '\n') {
    add_bad(sc, n, LANG_OPEN_STRING, NULL, NULL);
  } else {
    add(sc, TOK_STRING, n + 1);
  }
}

static void scan_comment(scanner *sc)
{
  const char *end = memchr(sc->s + sc->at, '\n', sc->n - sc->at);
  size_t n = end == NULL ? sc->n - sc->at : (size_t)(end - (sc->s + sc->at));
  while (n > 2 && strchr(" \t\r", sc->s[sc->at + n - 1]) != NULL) {
    n--; /* white space at the end of a line is no part of the comment */
  }
  add(sc, TOK_COMMENT, n);
}

static const char *bad_character_hint(const char *s, size_t n)
{
  if (n > 1) {
    return "names and marks are ASCII";
  }
  switch (s[0]) {
  case '#': return "comments begin with //";
  case '\'': return "text stands in double quotes";
  case '@': return "there are no annotations";
  default: return "leave it out";
  }
}

static void scan_mark(scanner *sc)
{
  const char *s = sc->s + sc->at;
  size_t left = sc->n - sc->at;
  for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
    if (marks[i].n <= left && memcmp(marks[i].text, s, marks[i].n) == 0) {
      add(sc, (tok_kind)marks[i].kind, marks[i].n);
      return;
    }
  }
  size_t n = 1;
  while (n < left && ((unsigned char)s[n] & 0xC0) == 0x80) {
    n++;
  }
  bool is_shown = (unsigned char)s[0] >= 0x20 && s[0] != 0x7F;
  const char *shown = is_shown ? lang_format(sc->l, "'%.*s'", (int)n, s) : "this control character";
  add_bad(sc, n, LANG_BAD_CHARACTER, shown, bad_character_hint(s, n));
}

static void scan_one(scanner *sc)
{
  const char *s = sc->s + sc->at;
  char next = sc->at + 1 < sc->n ? s[1] : '\0';
  if (*s == '\n') {
    sc->line++;
    sc->line_start = ++sc->at;
  } else if (*s == ' ' || *s == '\t' || *s == '\r') {
    sc->at++;
  } else if (is_letter(*s)) {
    scan_name(sc);
  } else if (is_digit(*s) || (*s == '.' && is_digit(next))) {
    scan_number(sc);
  } else if (*s == '"') {
    scan_string(sc);
  } else if (*s == '/' && next == '/') {
    scan_comment(sc);
  } else if (*s == '/' && next == '*') {
    add_bad(sc, 2, LANG_BLOCK_COMMENT, NULL, NULL);
  } else {
    scan_mark(sc);
  }
}

/* A message at the byte `at` of the text, which is all that is said of such a file. */
static void reject(scanner *sc, lang_code code, size_t at)
{
  lang_pos pos = {sc->out->file, 1, 1, 1};
  for (size_t i = 0; i < at; i++) {
    pos.column++;
    if (sc->s[i] == '\n') {
      pos.line++;
      pos.column = 1;
    }
  }
  lang_report(sc->l, code, pos, (lang_args){{NULL}});
}

void scan_file(lang *l, uint32_t file, lang_tokens *out)
{
  const lang_file *f = &l->files.data[file];
  scanner sc = {.l = l, .out = out, .s = f->text, .n = f->n, .line = 1};
  *out = (lang_tokens){.file = file, .text = f->text};
  size_t good = f->n > 1u << 30 ? 0 : utf8_prefix(f->text, f->n);
  if (f->n > 1u << 30) {
    reject(&sc, LANG_LARGE_FILE, 0);
    sc.n = 0;
  } else if (good < f->n) {
    reject(&sc, LANG_NOT_UTF8, good);
    sc.n = 0;
  }
  if (sc.n >= 3 && memcmp(sc.s, "\xEF\xBB\xBF", 3) == 0) {
    sc.at = 3; /* a byte order mark means nothing */
  }
  while (sc.at < sc.n && !l->memory->failed) {
    scan_one(&sc);
  }
  add(&sc, TOK_END, 0);
}

void tokens_free(lang *l, lang_tokens *t)
{
  vec_free(&l->memory->allocator, &t->list);
}

void tokens_print(const lang_tokens *t, text *out)
{
  for (size_t i = 0; i < t->list.n; i++) {
    const lang_token *k = &t->list.data[i];
    const char *kind = tok_is_word((tok_kind)k->kind) ? "word" : k->kind > TOK_SPAWN ? "mark" : "";
    static const char *const kinds[] = {"end", "bad", "comment", "name", "type", "integer", "float", "string"};
    if (k->kind <= TOK_STRING) {
      kind = kinds[k->kind];
    }
    text_format(out, "%u:%u %s%s", (unsigned)k->line, (unsigned)k->column, kind, k->n > 0 ? " " : "");
    text_bytes(out, t->text + k->at, k->n);
    text_put(out, "\n");
  }
}
