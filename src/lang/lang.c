/* lang.c: names as numbers, and messages. */
#include "lang/lang.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const lang_code_info lang_code_table[LANG_CODE_COUNT] = {
#define LANG_ERROR(id, code_, message_, hint_) [LANG_##id] = {code_, message_, hint_},
#define LANG_WARNING(id, code_, message_, hint_) [LANG_##id] = {code_, message_, hint_},
#include "lang/errors.def"
};

/* ---- names ---- */

uint32_t lang_name(lang *l, const char *s, size_t n)
{
  uint32_t number;
  if (symtab_get(&l->names.numbers, s, n, &number)) {
    return number;
  }
  size_t n_new = l->names.texts.n == 0 ? 2 : 1;
  const char *copy = arena_string(l->memory, s, n);
  if (copy == NULL || !vec_room(&l->memory->allocator, &l->names.texts, n_new)) {
    l->memory->failed = true;
    return 0;
  }
  if (n_new == 2) {
    l->names.texts.data[l->names.texts.n++] = "";
  }
  number = (uint32_t)l->names.texts.n;
  if (!symtab_put(&l->names.numbers, s, n, number)) {
    l->memory->failed = true;
    return 0;
  }
  l->names.texts.data[l->names.texts.n++] = copy;
  return number;
}

uint32_t lang_name_find(const lang *l, const char *s)
{
  uint32_t number = 0;
  symtab_get(&l->names.numbers, s, strlen(s), &number);
  return number;
}

/* ---- text ---- */

const char *lang_format(lang *l, const char *format, ...)
{
  char buffer[512];
  va_list args;
  va_start(args, format);
  vsnprintf(buffer, sizeof buffer, format, args);
  va_end(args);
  const char *copy = arena_string(l->memory, buffer, strlen(buffer));
  return copy == NULL ? "" : copy;
}

const char *lang_count(lang *l, size_t n, const char *noun)
{
  return lang_format(l, "%zu %s%s", n, noun, n == 1 ? "" : "s");
}

/* ---- messages ---- */

enum { MESSAGE = 512, ARGUMENT = 160 };

/* Appends at most `most` of the bytes of s, never a part of a character. */
static size_t append(char *to, size_t at, const char *s, size_t most)
{
  size_t n = strlen(s);
  bool is_cut = n > most;
  if (is_cut) {
    n = most - 3;
  }
  if (n > MESSAGE - 4 - at) {
    n = MESSAGE - 4 - at;
    is_cut = false;
  }
  while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80) {
    n--;
  }
  memcpy(to + at, s, n);
  at += n;
  if (is_cut && at + 3 < MESSAGE) {
    memcpy(to + at, "...", 3);
    at += 3;
  }
  return at;
}

static const char *fill(lang *l, const char *format, const lang_args *args)
{
  char buffer[MESSAGE];
  size_t at = 0;
  for (const char *f = format; *f != '\0' && at < MESSAGE - 4; f++) {
    if (f[0] == '{' && f[1] >= '0' && f[1] <= '3' && f[2] == '}') {
      const char *argument = args->a[f[1] - '0'];
      at = append(buffer, at, argument == NULL ? "" : argument, ARGUMENT);
      f += 2;
    } else {
      buffer[at++] = *f;
    }
  }
  const char *copy = arena_string(l->memory, buffer, at);
  return copy == NULL ? "" : copy;
}

void lang_report(lang *l, lang_code code, lang_pos pos, lang_args args)
{
  const lang_code_info *info = &lang_code_table[code];
  bool is_warning = info->code[0] == 'W';
  l->n_errors += is_warning ? 0 : 1;
  if (l->messages.n >= LANG_MAX_MESSAGES) {
    return;
  }
  if (!vec_room(&l->memory->allocator, &l->messages, 1)) {
    l->memory->failed = true;
    return;
  }
  l->messages.data[l->messages.n++] = (lang_message){.code = info->code,
                                                     .message = fill(l, info->message, &args),
                                                     .hint = fill(l, info->hint, &args),
                                                     .is_warning = is_warning,
                                                     .pos = pos};
}

static int compare_messages(const void *a, const void *b)
{
  const lang_message *x = a, *y = b;
  const lang_pos *p = &x->pos, *q = &y->pos;
  if (p->file != q->file) {
    return p->file < q->file ? -1 : 1;
  }
  if (p->line != q->line) {
    return p->line < q->line ? -1 : 1;
  }
  if (p->column != q->column) {
    return p->column < q->column ? -1 : 1;
  }
  return strcmp(x->code, y->code);
}

/* What is not used or not written may be so because of an error. */
static bool may_follow(const lang_message *m)
{
  const char *codes[] = {lang_code_table[LANG_UNUSED].code, lang_code_table[LANG_UNWRITTEN].code};
  return strcmp(m->code, codes[0]) == 0 || strcmp(m->code, codes[1]) == 0;
}

void lang_messages_finish(lang *l)
{
  size_t n = 0;
  for (size_t i = 0; i < l->messages.n; i++) {
    if (l->n_errors == 0 || !may_follow(&l->messages.data[i])) {
      l->messages.data[n++] = l->messages.data[i];
    }
  }
  l->messages.n = n;
  if (l->messages.n > 0) {
    qsort(l->messages.data, l->messages.n, sizeof *l->messages.data, compare_messages);
  }
  l->p->messages = arena_copy(l->memory, l->messages.data, l->messages.n, sizeof *l->messages.data);
  l->p->n_messages = (uint32_t)l->messages.n;
  l->p->n_errors = l->n_errors;
}
