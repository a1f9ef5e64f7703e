/* program.c: the public face of programs: reading, checking and their messages. */
#include "base/error.h"
#include "machine/machine.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

tg_status tg_program_read(tg_context *context, const char *path, const char *text, size_t n_text,
                          const tg_loader *loader, tg_program **out, tg_error *error)
{
  *out = NULL;
  if (context == NULL || path == NULL || (text == NULL && n_text > 0)) {
    return error_set(error, TG_ARGUMENT, "tg_program_read: the context, the path or the text is NULL");
  }
  tg_program *made = alloc_zeroed(&context->allocator, 1, sizeof *made);
  if (made == NULL) {
    return error_set(error, TG_NOMEM, "no memory for a program");
  }
  lang_loader load = {NULL, NULL, NULL};
  if (loader != NULL) {
    load = (lang_loader){loader->load, loader->release, loader->self};
  }
  made->context = context;
  tg_status status = lang_check(context, path, text, n_text, loader == NULL ? NULL : &load, &made->p);
  if (made->p == NULL) {
    alloc_free(&context->allocator, made, 1, sizeof *made);
    return error_set(error, status, "no memory for a program of %zu bytes", n_text);
  }
  if (status != TG_OK) {
    program_error(made->p, status, error);
  }
  *out = made;
  return status;
}

tg_status tg_program_formula(tg_context *context, const char *signature, const char *formula, tg_program **out,
                             tg_error *error)
{
  *out = NULL;
  if (context == NULL || signature == NULL || formula == NULL) {
    return error_set(error, TG_ARGUMENT, "tg_program_formula: the context, the signature or the formula is NULL");
  }
  size_t n = strlen(formula), room = strlen(signature) + n + 32;
  while (n > 0 && strchr(" \t\r\n;", formula[n - 1]) != NULL) {
    n--;
  }
  char *text = alloc_zeroed(&context->allocator, room, 1);
  if (text == NULL || n > INT_MAX) {
    alloc_free(&context->allocator, text, room, 1);
    return error_set(error, text == NULL ? TG_NOMEM : TG_LIMIT, "a formula of %zu bytes is too long", n);
  }
  int n_text = snprintf(text, room, "kernel formula%s {\n%.*s;\n}\n", signature, (int)n, formula);
  tg_status status = tg_program_read(context, "formula", text, (size_t)n_text, NULL, out, error);
  alloc_free(&context->allocator, text, room, 1);
  return status;
}

void tg_program_destroy(tg_program *from)
{
  if (from != NULL) {
    tg_allocator allocator = from->context->allocator;
    program_destroy(from->p);
    alloc_free(&allocator, from, 1, sizeof *from);
  }
}

size_t tg_program_n_messages(const tg_program *from)
{
  return from->p->n_messages;
}

static const char *find_line(const lang_file *file, uint32_t line, size_t *n)
{
  const char *s = file->text, *end = file->text + file->n;
  for (uint32_t k = 1; k < line; k++) {
    const char *newline = memchr(s, '\n', (size_t)(end - s));
    s = newline == NULL ? end : newline + 1;
  }
  const char *newline = memchr(s, '\n', (size_t)(end - s));
  *n = (size_t)((newline == NULL ? end : newline) - s);
  return s;
}

const char *tg_program_line(const tg_program *from, const char *path, uint32_t line, size_t *n)
{
  for (uint32_t k = 0; k < from->p->n_files && line > 0; k++) {
    if (strcmp(from->p->files[k].path, path) == 0) {
      return find_line(&from->p->files[k], line, n);
    }
  }
  return NULL;
}

tg_status tg_program_message(const tg_program *from, size_t index, tg_message *message)
{
  if (index >= from->p->n_messages) {
    return TG_ARGUMENT;
  }
  const lang_message *m = &from->p->messages[index];
  *message = (tg_message){.code = m->code,
                          .message = m->message,
                          .hint = m->hint,
                          .path = from->p->files[m->pos.file].path,
                          .is_warning = m->is_warning,
                          .pos = {m->pos.line, m->pos.column, m->pos.length}};
  if (m->pos.line > 0) {
    message->line = find_line(&from->p->files[m->pos.file], m->pos.line, &message->n_line);
  }
  return TG_OK;
}

const char *tg_program_entry(const tg_program *from, size_t index, int *is_machine)
{
  if (index >= from->p->n_entries) {
    return NULL;
  }
  if (is_machine != NULL) {
    *is_machine = from->p->entries[index].is_machine;
  }
  return from->p->entries[index].name;
}
