/* docs_test.c: docs/stack.md against the table of opcodes. */
#include "stack/item.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* docs/stack.md has a row for each opcode, as it is in the table. */
static void documented(void **state)
{
  static const char *const follows[] = {[IMMEDIATES_NONE] = "",
                                        [IMMEDIATES_OPERAND] = " NAME MODE",
                                        [IMMEDIATES_NAME] = " NAME",
                                        [IMMEDIATES_IOTA] = " TYPE START STRIDE"};
  static char page[1 << 16];
  FILE *file = fopen("docs/stack.md", "rb");
  (void)state;
  assert_non_null(file);
  page[fread(page, 1, sizeof page - 1, file)] = '\0';
  fclose(file);
  for (int op = 0; op < STACK_OP_COUNT; op++) {
    const stack_row *r = &stack_table[op];
    const char *word = stack_word((stack_op)op);
    char row[120];
    snprintf(row, sizeof row, "\n| %d | `%s%s` |%s | %s |%s%s |\n", op, word[0] == '|' ? "\\" : "", word,
             follows[r->immediates], r->effect, strcmp(r->back, "--") == 0 ? "" : " ",
             strcmp(r->back, "--") == 0 ? "" : r->back);
    if (strstr(page, row) == NULL) {
      fail_msg("docs/stack.md lacks the row%s", row);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(documented),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
