/* source.c: from a path to a checked graph, in whatever form the file is. */
#include "cli.h"

#include <string.h>

const char *operand_kind_name(tg_operand_kind kind)
{
  static const char *const names[TG_OPERAND_KIND_COUNT] = {
      [TG_PARAM] = "param",   [TG_INPUT] = "input",   [TG_TABLE] = "table",
      [TG_OUTPUT] = "output", [TG_RESULT] = "result", [TG_ACCUMULATOR] = "accumulator",
  };
  return names[kind];
}

tg_context *make_context(void)
{
  return make_context_threads(1);
}

tg_context *make_context_threads(unsigned n_threads)
{
  tg_context *context = NULL;
  tg_context_options options = TG_CONTEXT_OPTIONS_INIT;
  options.threads.n_threads = n_threads;
  tg_error error = {.code = tg_context_create(&options, &context)};
  if (error.code != TG_OK) print_error(NULL, &error);
  return context;
}

bool source_read(source *s, const char *path)
{
  tg_error error = {.code = TG_OK};
  *s = (source){.path = path};
  if (file_read(path, &s->bytes, &error) != TG_OK) {
    print_error(path, &error);
    return false;
  }
  s->form = tg_form_detect(s->bytes.data, s->bytes.n);
  return true;
}

static void print_graph_error(const source *s, const tg_error *error)
{
  const char *dot = strrchr(s->path, '.');
  if (s->form == TG_FORM_TEXT || s->form == TG_FORM_STACK_TEXT) {
    print_source_error(s->path, &s->bytes, error);
  } else {
    print_error(s->path, error);
  }
  if (s->form == TG_FORM_TEXT && dot && strcmp(dot, ".tgs") == 0) print_hint("stack text begins with `stack NAME`");
}

bool source_read_graph(source *s, tg_context *context, const char *path)
{
  return source_read(s, path) && source_build_graph(s, context);
}

bool source_build_graph(source *s, tg_context *context)
{
  tg_error error = {.code = TG_OK};
  error.code = tg_graph_read(context, s->bytes.data, s->bytes.n, s->form, &s->graph, &error);
  if (error.code != TG_OK) print_graph_error(s, &error);
  return error.code == TG_OK;
}

char *source_stack_text(source *s, tg_context *context)
{
  tg_error error = {.code = TG_OK};
  char *code = NULL, *text = NULL;
  size_t n = 0;
  if (s->form == TG_FORM_STACK_TEXT) {
    error.code = tg_stack_assemble(context, (const char *)s->bytes.data, s->bytes.n, &code, &n, &error);
    if (error.code == TG_OK) text = stack_text((const unsigned char *)code, n);
    tg_free(context, code, n);
  } else {
    text = stack_text(s->bytes.data, s->bytes.n);
  }
  if (!text && error.code == TG_OK) error.code = TG_NOMEM;
  if (!text) print_graph_error(s, &error);
  return text;
}

int write_file(const char *path, const char *bytes, size_t n)
{
  file_out out;
  tg_error error = {.code = TG_OK};
  tg_status status = file_create(path, &out, &error);
  if (status == TG_OK) status = file_write(&out, bytes, n, &error);
  if (status == TG_OK) status = file_finish(&out, &error);
  if (status == TG_OK) status = file_commit(&out, &error);
  file_discard(&out);
  return status == TG_OK ? STATUS_OK : print_error(path, &error);
}

void source_free(source *s)
{
  tg_graph_destroy(s->graph);
  file_free(&s->bytes);
  *s = (source){0};
}
