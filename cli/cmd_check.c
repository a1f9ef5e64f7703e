/* cmd_check.c: throng check FILE...: reads and verifies programs. A line for each good one to standard output. */
#include "cli.h"

#include <limits.h>

static bool check_file(tg_context *context, const char *path)
{
  source s;
  bool good = source_read_graph(&s, context, path);
  if (good) {
    size_t n_operands = tg_graph_n_operands(s.graph), n_nodes = tg_graph_n_nodes(s.graph);
    printf("%s: ok: graph %s, %zu operand%s, %zu node%s\n", path, tg_graph_name(s.graph), n_operands,
           n_operands == 1 ? "" : "s", n_nodes, n_nodes == 1 ? "" : "s");
  }
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
