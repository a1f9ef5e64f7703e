/* messages.c: errors to standard error: what is wrong, where, and what to do.
 *
 *     axpy.tgg:6:12: error: %z is not defined
 *       %y = add %m, %z
 *                    ^~
 *     hint: ...
 */
#include "cli.h"

#include <stdarg.h>
#include <string.h>

enum { TAB = 8, WINDOW = 100, LEAD = 60 }; /* columns: of a tab, shown at most, shown before the place */

static void put_hint(const char *text)
{
  if (*text) fprintf(stderr, "hint: %s\n", text);
}

void print_hint(const char *format, ...)
{
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  put_hint(text);
}

int usage_error(const command *self, const char *format, ...)
{
  va_list args;
  fprintf(stderr, "throng %s: error: ", self->name);
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fprintf(stderr, "\nhint: 'throng %s --help' shows its options\n", self->name);
  return STATUS_USAGE;
}

static void put_place(const char *path, tg_pos pos)
{
  fputs(path ? path : "throng", stderr);
  if (path && pos.line > 0) fprintf(stderr, ":%u", (unsigned)pos.line);
  if (path && pos.line > 0 && pos.column > 0) fprintf(stderr, ":%u", (unsigned)pos.column);
}

static void put_message(const char *path, const tg_error *error)
{
  put_place(path, error->pos);
  fprintf(stderr, ": error: %s\n", *error->message ? error->message : tg_status_text(error->code));
}

int print_error(const char *path, const tg_error *error)
{
  put_message(path, error);
  put_hint(error->hint);
  return STATUS_ERROR;
}

/* ---- the source line ---- */

typedef struct line {
  const unsigned char *bytes;
  size_t n;
  bool is_utf8; /* otherwise each byte above 0x7F is shown as '?' */
} line;

static bool is_continuation(unsigned char c)
{
  return (c & 0xC0) == 0x80;
}

/* Whether lead bytes and continuation bytes come as in UTF-8, which is all that a terminal needs. */
static bool is_utf8(const unsigned char *s, size_t n)
{
  for (size_t i = 0; i < n;) {
    size_t length = s[i] < 0x80 ? 1 : s[i] < 0xC2 ? 0 : s[i] < 0xE0 ? 2 : s[i] < 0xF0 ? 3 : s[i] < 0xF5 ? 4 : 0;
    if (length == 0 || length > n - i) return false;
    for (size_t k = 1; k < length; k++) {
      if (!is_continuation(s[i + k])) return false;
    }
    i += length;
  }
  return true;
}

static line find_line(const file_bytes *text, uint32_t number)
{
  const unsigned char *at = text->data, *end = text->data + text->n;
  for (uint32_t k = 1; k < number; k++) {
    const unsigned char *newline = memchr(at, '\n', (size_t)(end - at));
    if (!newline) return (line){end, 0, true};
    at = newline + 1;
  }
  const unsigned char *stop = memchr(at, '\n', (size_t)(end - at));
  line l = {at, (size_t)((stop ? stop : end) - at), true};
  if (l.n > 0 && l.bytes[l.n - 1] == '\r') l.n--;
  l.is_utf8 = is_utf8(l.bytes, l.n);
  return l;
}

/* The columns that the byte at index i takes on a terminal, when `column` columns stand before it. */
static size_t width_of(line l, size_t i, size_t column)
{
  if (l.bytes[i] == '\t') return TAB - column % TAB;
  return l.is_utf8 && is_continuation(l.bytes[i]) ? 0 : 1;
}

static size_t columns_before(line l, size_t from, size_t to)
{
  size_t column = 0;
  for (size_t i = from; i < to && i < l.n; i++) column += width_of(l, i, column);
  return column;
}

/* Whether a terminal could take what begins at byte i for a command: ASCII control characters and U+0080 to U+009F. */
static bool is_control(line l, size_t i)
{
  unsigned char c = l.bytes[i];
  if (!l.is_utf8 && c >= 0x80) return true;
  return c < 0x20 || c == 0x7F || (c == 0xC2 && l.bytes[i + 1] < 0xA0);
}

/* Prints bytes [from, to) with tabs as spaces and control characters as '?'. */
static void put_bytes(line l, size_t from, size_t to)
{
  size_t column = 0;
  for (size_t i = from; i < to; i++) {
    unsigned char c = l.bytes[i];
    size_t width = width_of(l, i, column);
    if (c == '\t') {
      fprintf(stderr, "%*s", (int)width, "");
    } else {
      bool hidden = is_control(l, i);
      fputc(hidden ? '?' : c, stderr);
      i += hidden && l.is_utf8 && c == 0xC2; /* its second byte goes with it */
    }
    column += width;
  }
}

static void put_repeated(char c, size_t n)
{
  while (n-- > 0) fputc(c, stderr);
}

/* Prints the part of the line around byte `place`, and a caret under it. */
static void put_line(line l, size_t place, size_t length)
{
  size_t from = 0, to = l.n;
  if (columns_before(l, 0, l.n) > WINDOW && place > LEAD) from = place - LEAD;
  while (from > 0 && from < place && l.is_utf8 && is_continuation(l.bytes[from])) from++;
  if (l.n - from > WINDOW) to = from + WINDOW;
  while (to < l.n && l.is_utf8 && is_continuation(l.bytes[to])) to++;
  fputs(from > 0 ? "  ..." : "  ", stderr);
  put_bytes(l, from, to);
  fputs(to < l.n ? "...\n" : "\n", stderr);
  size_t end = place + length < to ? place + length : to;
  size_t before = columns_before(l, from, place), under = columns_before(l, from, end);
  put_repeated(' ', before + (from > 0 ? 5 : 2));
  fputc('^', stderr);
  put_repeated('~', under > before + 1 ? under - before - 1 : 0);
  fputc('\n', stderr);
}

void print_source_line(const char *text, size_t n, uint32_t column, uint32_t length)
{
  file_bytes bytes = {(unsigned char *)(uintptr_t)text, n};
  line l = find_line(&bytes, 1);
  size_t place = column > 0 ? column - 1 : 0;
  if (l.n > 0) put_line(l, place < l.n ? place : l.n, length);
}

int print_source_error(const char *path, const file_bytes *text, const tg_error *error)
{
  put_message(path, error);
  if (error->pos.line > 0 && error->pos.column > 0) {
    line l = find_line(text, error->pos.line);
    size_t place = error->pos.column - 1;
    if (l.n > 0) put_line(l, place < l.n ? place : l.n, error->pos.length);
  }
  put_hint(error->hint);
  return STATUS_ERROR;
}

/* ---- the nearest word ---- */

enum { LONGEST = 63 }; /* longer words are not compared */

static size_t least(size_t a, size_t b)
{
  return a < b ? a : b;
}

/* The number of letters to insert, remove or replace to make b of a (Levenshtein). */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
  size_t row[LONGEST + 1];
  for (size_t j = 0; j <= n_b; j++) row[j] = j;
  for (size_t i = 1; i <= n_a; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= n_b; j++) {
      size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
    }
  }
  return row[n_b];
}

nearest nearest_to(const char *word)
{
  /* Near enough is a third of the letters wrong, and one in any case. */
  return (nearest){word, NULL, strlen(word) / 3 + 2};
}

void nearest_offer(nearest *n, const char *candidate)
{
  size_t n_word = strlen(n->word), n_candidate = strlen(candidate);
  if (n_word > LONGEST || n_candidate > LONGEST) return;
  size_t d = distance(n->word, n_word, candidate, n_candidate);
  if (d >= n->distance || d >= n_word + (n_word == 0)) return;
  n->distance = d;
  n->best = candidate;
}

int unknown_word(const command *self, const char *what, const nearest *n, const char *otherwise)
{
  fprintf(stderr, "throng %s: error: there is no %s '%s'\n", self->name, what, n->word);
  if (n->best) {
    print_hint("did you mean '%s'?", n->best);
  } else {
    print_hint("%s", otherwise);
  }
  return STATUS_USAGE;
}

int unknown_pass(const command *self, const char *name)
{
  nearest n = nearest_to(name);
  for (size_t k = 0; tg_pass_name(k); k++) nearest_offer(&n, tg_pass_name(k));
  return unknown_word(self, "pass", &n, "'throng show --after list' lists the passes");
}
