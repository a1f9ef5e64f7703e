/* cmd_convert.c: throng convert IN OUT: a program in another form, which the extension of OUT names. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

typedef struct target {
  const char *extension;
  tg_form form;
} target;

static const target targets[] = {
    {".tgg", TG_FORM_TEXT}, {".tgb", TG_FORM_BINARY}, {".tgs", TG_FORM_STACK_TEXT}, {".tgsb", TG_FORM_STACK_CODE}};

static tg_form form_of(const char *path)
{
  const char *dot = strrchr(path, '.');
  for (size_t k = 0; dot && k < sizeof targets / sizeof targets[0]; k++) {
    if (strcmp(targets[k].extension, dot) == 0) return targets[k].form;
  }
  return TG_FORM_COUNT;
}

static bool is_stack(tg_form form)
{
  return form == TG_FORM_STACK_TEXT || form == TG_FORM_STACK_CODE;
}

/* Stack text is what the bytecode says; bytecode is what the assembler makes of that text. */
static int convert_stack(source *s, tg_context *context, const char *path, tg_form form)
{
  tg_error error = {.code = TG_OK};
  char *text = source_stack_text(s, context), *code = NULL;
  size_t n = 0;
  int status = STATUS_ERROR;
  if (text && form == TG_FORM_STACK_TEXT) {
    status = write_file(path, text, strlen(text));
  } else if (text) {
    error.code = tg_stack_assemble(context, text, strlen(text), &code, &n, &error);
    status = error.code == TG_OK ? write_file(path, code, n) : print_error(s->path, &error);
    tg_free(context, code, n);
  }
  free(text);
  return status;
}

static int convert_graph(source *s, tg_context *context, const char *path, tg_form form)
{
  tg_error error = {.code = TG_OK};
  char *bytes = NULL;
  size_t n = 0;
  error.code = tg_graph_write(s->graph, form, &bytes, &n, &error);
  int status = error.code == TG_OK ? write_file(path, bytes, n) : print_error(s->path, &error);
  tg_free(context, bytes, n);
  return status;
}

static int convert(const char *from, const char *to, tg_form form)
{
  source s = {0};
  tg_context *context = make_context();
  int status = STATUS_ERROR;
  if (context && source_read_graph(&s, context, from)) {
    if (is_stack(form) && !is_stack(s.form)) {
      tg_error error = {.code = TG_ARGUMENT,
                        .message = "is a graph, which cannot be written as a stack program",
                        .hint = "a graph can be written as .tgg or .tgb"};
      status = print_error(from, &error);
    } else {
      status = is_stack(form) ? convert_stack(&s, context, to, form) : convert_graph(&s, context, to, form);
    }
  }
  source_free(&s);
  tg_context_destroy(context);
  return status;
}

int cmd_convert(const command *self, int argc, char **argv)
{
  int first = 0, status = STATUS_OK;
  if (!option_operands(self, argc, argv, 2, 2, &first, &status)) return status;
  tg_form form = form_of(argv[first + 1]);
  if (form == TG_FORM_COUNT) {
    fprintf(stderr, "throng convert: error: the extension of '%s' names no form\n", argv[first + 1]);
    print_hint("use .tgg (graph text), .tgb (binary module), .tgs (stack text) or .tgsb (stack bytecode)");
    return STATUS_USAGE;
  }
  return convert(argv[first], argv[first + 1], form);
}
