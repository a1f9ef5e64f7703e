/* cmd_ops.c: throng ops: the table of operations, aligned, or as it stands in docs/spec.md. */
#include "cli.h"

#include <string.h>

enum { OPTION_MARKDOWN = 256 };

const option_row ops_options[] = {
    {OPTION_MARKDOWN, "markdown", NULL, "the table as it stands in docs/spec.md"},
    {0, NULL, NULL, NULL},
};

/* A cell of a markdown table: code, with the bars that would end it escaped. */
static void put_code(const char *text)
{
  if (!*text) return;
  putchar('`');
  for (; *text; text++) printf("%s%c", *text == '|' ? "\\" : "", *text);
  putchar('`');
}

static void print_markdown(void)
{
  tg_op_info op;
  puts("| number | name | symbol | signature | T | meaning |\n|---|---|---|---|---|---|");
  for (size_t k = 0; tg_op_describe(k, &op); k++) {
    printf("| %zu | ", k);
    put_code(op.name);
    printf(" | ");
    put_code(op.symbol);
    printf(" | %s | %s | %s |\n", op.signature, op.types, op.doc);
  }
}

/* The expressions for unsigned, signed and float types, those that are alike once: "a + b", "a < b; (int64_t)a < ...".
 */
static void join_semantics(const tg_op_info *op, char *text, size_t n)
{
  size_t used = 0;
  text[0] = '\0';
  for (size_t i = 0; i < 3; i++) {
    bool is_new =
        strcmp(op->semantics[i], "NONE") != 0 && (i == 0 || strcmp(op->semantics[i], op->semantics[i - 1]) != 0);
    if (is_new && used < n) {
      used += (size_t)snprintf(text + used, n - used, "%s%s", used > 0 ? "; " : "", op->semantics[i]);
    }
  }
}

static void print_table(void)
{
  tg_op_info op;
  char semantics[256];
  printf("%6s  %-8s %-7s %-10s %-28s %-9s %-18s %s\n", "number", "name", "symbol", "group", "signature", "T", "flags",
         "meaning");
  for (size_t k = 0; tg_op_describe(k, &op); k++) {
    printf("%6zu  %-8s %-7s %-10s %-28s %-9s %-18s %s\n", k, op.name, op.symbol, op.group, op.signature, op.types,
           op.flags, op.doc);
    join_semantics(&op, semantics, sizeof semantics);
    if (semantics[0] != '\0') printf("%95s%s\n", "", semantics);
  }
}

int cmd_ops(const command *self, int argc, char **argv)
{
  const char *argument;
  int first = 0, id;
  bool markdown = false;
  while ((id = option_next(self, argc, argv, &argument, &first)) >= 0) markdown = true;
  if (id != OPTION_END) return id == OPTION_HELP ? STATUS_OK : STATUS_USAGE;
  if (first != argc) return usage_error(self, "'%s' is not expected", argv[first]);
  if (markdown) {
    print_markdown();
  } else {
    print_table();
  }
  return STATUS_OK;
}
