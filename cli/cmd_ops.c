/* cmd_ops.c: throng ops: the table of operations, aligned, or as it stands in docs/spec.md. */
#include "cli.h"

#include <string.h>

enum { OPTION_MARKDOWN = 256, N_COLUMNS = 8 };

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
  const tg_op_info *op;
  puts("| number | name | symbol | signature | T | meaning |\n|---|---|---|---|---|---|");
  for (size_t k = 0; (op = tg_op_describe(k)) != NULL; k++) {
    printf("| %zu | ", k);
    put_code(op->name);
    printf(" | ");
    put_code(op->symbol);
    printf(" | %s | %s | %s |\n", op->signature, op->types, op->doc);
  }
}

static const char *cell(const tg_op_info *op, size_t column)
{
  const char *const cells[N_COLUMNS] = {op->name,  op->symbol, op->group,     op->signature,
                                        op->types, op->flags,  op->semantics, op->doc};
  return cells[column];
}

static void print_row(size_t number, const tg_op_info *op, const int *widths)
{
  printf("%6zu", number);
  for (size_t c = 0; c + 1 < N_COLUMNS; c++) printf("  %-*s", widths[c], cell(op, c));
  printf("  %s\n", cell(op, N_COLUMNS - 1));
}

static void print_table(void)
{
  static const tg_op_info titles = {"name", "symbol", "group", "signature", "T", "flags", "semantics", "meaning"};
  int widths[N_COLUMNS];
  const tg_op_info *op;
  for (size_t c = 0; c < N_COLUMNS; c++) {
    widths[c] = (int)strlen(cell(&titles, c));
    for (size_t k = 0; (op = tg_op_describe(k)) != NULL; k++) {
      int width = (int)strlen(cell(op, c));
      if (width > widths[c]) widths[c] = width;
    }
  }
  printf("number");
  for (size_t c = 0; c + 1 < N_COLUMNS; c++) printf("  %-*s", widths[c], cell(&titles, c));
  printf("  %s\n", cell(&titles, N_COLUMNS - 1));
  for (size_t k = 0; (op = tg_op_describe(k)) != NULL; k++) print_row(k, op, widths);
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
