/* show_program.c: the stages of throng show that a program of the language has of its own: tokens and tree, which need
 * no check; routines and graphs, which are those of one machine or kernel. */
#include "program.h"
#include "show.h"

#include <string.h>

static int print_view(const source *s, tg_context *context, tg_source_view view)
{
  tg_error error = {.code = TG_OK};
  char *bytes = NULL;
  size_t n = 0;
  if (tg_source_show(context, (const char *)s->bytes.data, s->bytes.n, view, &bytes, &n, &error) != TG_OK) {
    return print_source_error(s->path, &s->bytes, &error);
  }
  fwrite(bytes, 1, n, stdout);
  tg_free(context, bytes, n);
  return STATUS_OK;
}

static int print_routines(const source *s, tg_context *context, const tg_machine *machine)
{
  tg_error error = {.code = TG_OK};
  char *text = NULL;
  size_t n = 0;
  error.code = tg_machine_routines(machine, &text, &n, &error);
  if (text) fwrite(text, 1, n, stdout);
  tg_free(context, text, n);
  return error.code == TG_OK ? STATUS_OK : print_error(s->path, &error);
}

/* Where there is one phase alone its text can be read as a graph. */
static int print_graphs(tg_context *context, const tg_machine *machine, const show_request *r)
{
  int status = STATUS_OK;
  tg_graph *g = NULL;
  for (size_t k = 0; status == STATUS_OK && (g = tg_machine_graph(machine, k)) != NULL; k++) {
    if (tg_machine_graph(machine, 1)) printf("%s# phase %zu\n", k > 0 ? "\n" : "", k + 1);
    status = show_graph_text(g, context, r);
  }
  return status;
}

static int show_machine(const source *s, tg_context *context, const show_request *r)
{
  tg_machine_options options = TG_MACHINE_OPTIONS_INIT;
  tg_machine *machine;
  tg_program *program;
  int status = STATUS_ERROR;
  options.entry = r->entry;
  options.backend = "ref"; /* the kernels are not wanted */
  options.passes = 0;
  if (program_make(s, context, &options, &program, &machine)) {
    bool is_graph = strcmp(r->stage, "graph") == 0;
    status = is_graph ? print_graphs(context, machine, r) : print_routines(s, context, machine);
  }
  tg_machine_destroy(machine);
  tg_program_destroy(program);
  return status;
}

int show_program(const source *s, tg_context *context, const show_request *r)
{
  bool is_own = strcmp(r->stage, "graph") == 0 || strcmp(r->stage, "routine") == 0;
  if (strcmp(r->stage, "tokens") == 0) return print_view(s, context, TG_SOURCE_TOKENS);
  if (strcmp(r->stage, "ast") == 0) return print_view(s, context, TG_SOURCE_TREE);
  if (is_own) return show_machine(s, context, r);
  tg_error error = {.code = TG_ARGUMENT, .hint = "--stage tokens, ast, routine, graph or asm shows it"};
  snprintf(error.message, sizeof error.message, "is a program of the language, so it has no stage '%s'", r->stage);
  return print_error(s->path, &error);
}
