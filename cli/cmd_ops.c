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

/* A row as text. The meaning in words, and the semantics after it as they may be long. */
typedef struct row {
  tg_op_info op;
  char semantics[256];
} row;

static const char *cell(const row *r, size_t column)
{
  const char *const cells[N_COLUMNS] = {r->op.name,  r->op.symbol, r->op.group, r->op.signature,
                                        r->op.types, r->op.flags,  r->op.doc,   r->semantics};
  return cells[column];
}

static bool read_row(size_t k, row *r)
{
  if (!tg_op_describe(k, &r->op)) return false;
  join_semantics(&r->op, r->semantics, sizeof r->semantics);
  return true;
}

/* A row without semantics ends with its meaning: no blanks at the end of a line. */
static void print_row(const char *number, const row *r, const int *widths)
{
  printf("%6s", number);
  for (size_t c = 0; c + 2 < N_COLUMNS; c++) printf("  %-*s", widths[c], cell(r, c));
  if (r->semantics[0]) {
    printf("  %-*s  %s\n", widths[N_COLUMNS - 2], r->op.doc, r->semantics);
  } else {
    printf("  %s\n", r->op.doc);
  }
}

static void print_table(void)
{
  static const row titles = {
      .op = {"name", "symbol", "group", "signature", "T", "flags", {NULL, NULL, NULL}, "meaning"},
      .semantics = "semantics: unsigned; signed; float, where they differ"};
  int widths[N_COLUMNS];
  char number[24];
  row r;
  for (size_t c = 0; c < N_COLUMNS; c++) {
    widths[c] = (int)strlen(cell(&titles, c));
    for (size_t k = 0; read_row(k, &r); k++) {
      int width = (int)strlen(cell(&r, c));
      if (width > widths[c]) widths[c] = width;
    }
  }
  print_row("number", &titles, widths);
  for (size_t k = 0; read_row(k, &r); k++) {
    snprintf(number, sizeof number, "%zu", k);
    print_row(number, &r, widths);
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
