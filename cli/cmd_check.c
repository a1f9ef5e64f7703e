/* cmd_check.c: throng check FILE...: reads and verifies programs. A line for each good one to standard output. */
#include "program.h"

#include <limits.h>

/* A program of the language: what it has. */
static void print_program(const char *path, const tg_program *p)
{
  const char *name;
  int is_machine = 0;
  printf("%s: ok", path);
  for (size_t k = 0; (name = tg_program_entry(p, k, &is_machine)) != NULL; k++) {
    printf("%s %s %s", k == 0 ? ":" : ",", is_machine ? "machine" : "kernel", name);
  }
  size_t n = tg_program_n_messages(p); /* no error, so all are warnings */
  if (n > 0) printf("; %zu warning%s", n, n == 1 ? "" : "s");
  putchar('\n');
}

static bool check_file(tg_context *context, const char *path)
{
  source s;
  if (!source_read(&s, path)) return false;
  bool is_program = source_is_program(&s), good = false;
  tg_program *p = is_program ? program_read(&s, context, true) : NULL;
  if (p) {
    good = true;
    print_program(path, p);
  } else if (!is_program && (good = source_build_graph(&s, context))) {
    size_t n_operands = tg_graph_n_operands(s.graph), n_nodes = tg_graph_n_nodes(s.graph);
    printf("%s: ok: graph %s, %zu operand%s, %zu node%s\n", path, tg_graph_name(s.graph), n_operands,
           n_operands == 1 ? "" : "s", n_nodes, n_nodes == 1 ? "" : "s");
  }
  tg_program_destroy(p);
  source_free(&s);
  return good;
}

int cmd_check(const command *self, int argc, char **argv)
{
  int first = 0, status = STATUS_OK;
  if (!option_operands(self, argc, argv, 1, INT_MAX, &first, &status)) return status;
  tg_context *context = make_context();
  if (!context) return STATUS_ERROR;
  for (int k = first; k < argc; k++) {
    if (!check_file(context, argv[k])) status = STATUS_ERROR;
  }
  tg_context_destroy(context);
  return status;
}
