/* cmd_fmt.c: throng fmt FILE...: programs of the language in their canonical layout, written over what was there. A
 * file that cannot be read as a program, or whose layout is canonical already, is left alone. */
#include "program.h"

#include <string.h>

enum { OPTION_CHECK = 256, OPTION_PRINT };

const option_row fmt_options[] = {
    {OPTION_CHECK, "check", NULL, "change nothing; name the files that would change, and exit with status 1"},
    {OPTION_PRINT, "print", NULL, "change nothing; print the layout to standard output"},
    {0, NULL, NULL, NULL},
};

typedef struct fmt_request {
  bool check, print;
} fmt_request;

static int use_layout(const source *s, const char *bytes, size_t n, const fmt_request *request)
{
  bool is_same = n == s->bytes.n && memcmp(bytes, s->bytes.data, n) == 0;
  if (request->print) {
    fwrite(bytes, 1, n, stdout);
    return STATUS_OK;
  }
  if (is_same) return STATUS_OK;
  if (request->check) {
    printf("%s\n", s->path);
    return STATUS_ERROR;
  }
  return write_file(s->path, bytes, n);
}

static int format_file(tg_context *context, const char *path, const fmt_request *request)
{
  source s;
  tg_error error = {.code = TG_OK};
  char *bytes = NULL;
  size_t n = 0;
  int status = STATUS_ERROR;
  if (!source_read(&s, path)) return status;
  const char *text = (const char *)s.bytes.data;
  if (!source_is_program(&s)) {
    error = (tg_error){.code = TG_ARGUMENT, .message = "is no program of the language", .hint = "fmt is for .tg files"};
    print_error(path, &error);
  } else if (tg_source_show(context, text, s.bytes.n, TG_SOURCE_CANONICAL, &bytes, &n, &error) != TG_OK) {
    print_source_error(path, &s.bytes, &error);
  } else {
    status = use_layout(&s, bytes, n, request);
  }
  tg_free(context, bytes, n);
  source_free(&s);
  return status;
}

int cmd_fmt(const command *self, int argc, char **argv)
{
  const char *argument;
  fmt_request request = {false, false};
  int first = 0, id, status = STATUS_OK;
  while ((id = option_next(self, argc, argv, &argument, &first)) >= 0) {
    if (id == OPTION_CHECK) request.check = true;
    if (id == OPTION_PRINT) request.print = true;
  }
  if (id != OPTION_END) return id == OPTION_HELP ? STATUS_OK : STATUS_USAGE;
  if (argc == first) return usage_error(self, "FILE is missing");
  tg_context *context = make_context();
  if (!context) return STATUS_ERROR;
  for (int k = first; k < argc; k++) {
    if (format_file(context, argv[k], &request) != STATUS_OK) status = STATUS_ERROR;
  }
  tg_context_destroy(context);
  return status;
}
