/* program.c: programs in the language: telling them from other files, reading them with their imports, messages. */
#include "program.h"

#include <stdlib.h>
#include <string.h>

/* ---- telling them ---- */

/* The first word of a text, comments left out. */
static size_t first_word(const char *s, const char **word)
{
  for (;;) {
    s += strspn(s, " \t\r\n");
    if (strncmp(s, "//", 2) != 0 && *s != '#') break;
    s += strcspn(s, "\n");
  }
  *word = s;
  return strspn(s, "abcdefghijklmnopqrstuvwxyz");
}

bool source_is_program(const source *s)
{
  static const char *const words[] = {"kernel", "machine", "fn", "const", "struct", "import"};
  const char *dot = strrchr(s->path, '.'), *word;
  if (s->form != TG_FORM_TEXT) return false;
  size_t n = first_word((const char *)s->bytes.data, &word);
  if (n == strlen("graph") && memcmp(word, "graph", n) == 0) return false;
  for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
    if (n == strlen(words[k]) && memcmp(word, words[k], n) == 0) return true;
  }
  return dot && strcmp(dot, ".tg") == 0;
}

/* ---- imports ---- */

static tg_status load(void *self, const char *path, char **bytes, size_t *n, tg_error *error)
{
  file_bytes file = {NULL, 0};
  (void)self;
  tg_status status = file_read(path, &file, error);
  *bytes = (char *)file.data;
  *n = file.n;
  return status;
}

static void release(void *self, char *bytes, size_t n)
{
  file_bytes file = {(unsigned char *)bytes, n};
  (void)self;
  file_free(&file);
}

/* ---- messages ---- */

static void print_message(const tg_message *m)
{
  fprintf(stderr, "%s:%u:%u: %s: %s [%s]\n", m->path, (unsigned)m->pos.line, (unsigned)m->pos.column,
          m->is_warning ? "warning" : "error", m->message, m->code);
  if (m->line) print_source_line(m->line, m->n_line, m->pos.column, m->pos.length);
  if (m->hint[0]) print_hint("%s", m->hint);
}

void program_print_messages(const tg_program *p, bool warnings)
{
  tg_message m;
  for (size_t k = 0; tg_program_message(p, k, &m) == TG_OK; k++) {
    if (!m.is_warning || warnings) print_message(&m);
  }
}

tg_program *program_read(const source *s, tg_context *context, bool warnings)
{
  const tg_loader loader = {load, release, NULL};
  tg_error error = {.code = TG_OK};
  tg_program *p = NULL;
  tg_status status = tg_program_read(context, s->path, (const char *)s->bytes.data, s->bytes.n, &loader, &p, &error);
  if (p) program_print_messages(p, warnings);
  if (!p) print_error(s->path, &error);
  if (status != TG_OK) {
    tg_program_destroy(p);
    return NULL;
  }
  return p;
}

bool program_make(const source *s, tg_context *context, const tg_machine_options *options, tg_program **program,
                  tg_machine **machine)
{
  tg_error error = {.code = TG_OK};
  *machine = NULL;
  *program = program_read(s, context, false);
  if (!*program) return false;
  error.code = tg_machine_create(*program, options, machine, &error);
  if (error.code != TG_OK && error.pos.line > 0) print_source_error(s->path, &s->bytes, &error);
  if (error.code != TG_OK && error.pos.line == 0) print_error(s->path, &error);
  return error.code == TG_OK;
}
