/* disassemble.c: stack bytecode as stack text, an opcode a line. In: bytes that tg_graph_read accepts (others give
 * NULL, never a read outside them). Out: text that tg_stack_assemble turns into the same bytes. docs/spec.md has the
 * format. */
#include "cli.h"
#include "io/number.h"

#include <stdlib.h>
#include <string.h>

/* The opcodes by number, and what follows them: nothing, a name and mode, a name, or a type and two values. */
static const struct {
  const char *word;
  char immediates;
} opcodes[] = {
    {"load", 'm'}, {"iota", 'i'}, {"store", 'm'}, {"argmax", 'n'}, {"argmin", 'n'}, {"sum", 'n'},
    {"+", 0},      {"negate", 0}, {"-", 0},       {"*", 0},        {"divmod", 0},   {"<<", 0},
    {">>", 0},     {"|", 0},      {"&", 0},       {"^", 0},        {"~", 0},        {"\\", 0},
    {"<", 0},      {"=", 0},      {"?:", 0},      {"max", 0},      {"dup", 0},      {"drop", 0},
    {"swap", 0},   {"over", 0},   {"rot", 0},     {">R", 0},       {"R@", 0},       {"R>", 0},
};
enum { N_OPCODES = sizeof opcodes / sizeof opcodes[0], HEADER = 8 };

/* The bytes not yet read, and the text so far. Anything that cannot be sets `failed`. */
typedef struct writer {
  const unsigned char *at, *end;
  char *text;
  size_t n, capacity;
  bool failed;
} writer;

static void put(writer *w, const char *bytes, size_t n)
{
  if (w->n + n + 1 > w->capacity && !w->failed) {
    size_t capacity = (w->capacity + n + 64) * 2;
    char *text = realloc(w->text, capacity);
    w->failed = text == NULL;
    if (text) {
      w->text = text;
      w->capacity = capacity;
    }
  }
  if (w->failed) return;
  memcpy(w->text + w->n, bytes, n);
  w->n += n;
  w->text[w->n] = '\0';
}

static void put_text(writer *w, const char *text)
{
  put(w, text, strlen(text));
}

static uint64_t take(writer *w, size_t n)
{
  uint64_t value = 0;
  if ((size_t)(w->end - w->at) < n) w->failed = true;
  if (w->failed) return 0;
  for (size_t k = 0; k < n; k++) value |= (uint64_t)w->at[k] << (8 * k);
  w->at += n;
  return value;
}

static void put_name(writer *w)
{
  size_t n = (size_t)take(w, 2);
  if ((size_t)(w->end - w->at) < n) w->failed = true;
  if (w->failed) return;
  put(w, " ", 1);
  put(w, (const char *)w->at, n);
  w->at += n;
}

static void put_opcode(writer *w)
{
  char number[NUMBER_TEXT];
  uint64_t op = take(w, 1);
  if (op >= N_OPCODES) w->failed = true;
  if (w->failed) return;
  put_text(w, "  ");
  put_text(w, opcodes[op].word);
  if (opcodes[op].immediates == 'm' || opcodes[op].immediates == 'n') put_name(w);
  if (opcodes[op].immediates == 'm') {
    put_text(w, " ");
    put_text(w, tg_mode_name((tg_mode)take(w, 1)));
  }
  if (opcodes[op].immediates == 'i') {
    tg_type type = (tg_type)take(w, 1);
    if (type >= TG_TYPE_COUNT) w->failed = true;
    put_text(w, " ");
    put_text(w, tg_type_name(type));
    for (int k = 0; k < 2 && !w->failed; k++) {
      put_text(w, " ");
      put(w, number, number_format_bits(type, take(w, 8), number));
    }
  }
  put_text(w, "\n");
}

char *stack_text(const unsigned char *code, size_t n)
{
  writer w = {.at = code, .end = code + n};
  take(&w, HEADER); /* tg_form_detect knows the magic, tg_graph_read the version */
  put_text(&w, "stack");
  put_name(&w);
  put_text(&w, "\n");
  for (uint64_t left = take(&w, 4); left > 0 && !w.failed; left--) put_opcode(&w);
  if (!w.failed) return w.text;
  free(w.text);
  return NULL;
}
