/* syntax.c: the table of syntax.h, and the guess at what a misspelt operation was meant to be. */
#include "graph/syntax.h"

#include <string.h>

const uint16_t op_parts[TG_OP_COUNT] = {
    [TG_OP_LOAD] = PART_OPERAND,
    [TG_OP_IOTA] = 0,
    [TG_OP_CONST] = PART_TYPE | PART_LITERAL,
    [TG_OP_PARAM] = PART_OPERAND,
    [TG_OP_ADD] = PART_LIST,
    [TG_OP_NEG] = PART_LIST,
    [TG_OP_SUB] = PART_LIST,
    [TG_OP_MUL] = PART_LIST,
    [TG_OP_DIVMOD] = PART_LIST,
    [TG_OP_SHL] = PART_LIST,
    [TG_OP_SHR] = PART_LIST,
    [TG_OP_OR] = PART_LIST,
    [TG_OP_AND] = PART_LIST,
    [TG_OP_XOR] = PART_LIST,
    [TG_OP_NOT] = PART_LIST,
    [TG_OP_ANDNOT] = PART_LIST,
    [TG_OP_LT] = PART_LIST,
    [TG_OP_EQ] = PART_LIST,
    [TG_OP_SELECT] = PART_LIST,
    [TG_OP_MAX] = PART_LIST,
    [TG_OP_DIV] = PART_LIST,
    [TG_OP_SQRT] = PART_LIST,
    [TG_OP_FMA] = PART_LIST,
    [TG_OP_ROUND] = PART_ROUNDING,
    [TG_OP_CONVERT] = PART_TYPE,
    [TG_OP_BITCAST] = PART_TYPE,
    [TG_OP_GATHER] = PART_OPERAND,
    [TG_OP_LOOP] = PART_OWN | PART_POSITION,
    [TG_OP_BRANCH] = PART_OWN | PART_INT,
    [TG_OP_LINEAR] = PART_OWN,
    [TG_OP_TEST] = PART_OWN,
    [TG_OP_YIELD] = PART_OWN,
    [TG_OP_UNIFORM] = PART_OWN,
    [TG_OP_ARRAY] = PART_TYPE | PART_INT,
    [TG_OP_ALOAD] = 0,
    [TG_OP_ASTORE] = 0,
    [TG_OP_TRAP] = PART_INT | PART_POSITION,
    [TG_OP_CHARGE] = PART_POSITION,
    [TG_OP_STORE] = PART_OPERAND,
    [TG_OP_SUM] = PART_OPERAND,
    [TG_OP_ARGMIN] = PART_OPERAND,
    [TG_OP_ARGMAX] = PART_OPERAND,
    [TG_OP_COMBINE] = PART_OPERAND | PART_FOLD,
};

unsigned op_n_results(tg_op op)
{
  if ((op_table[op].flags & (TG_SINKS | TG_MARKER)) || op == TG_OP_TRAP || op == TG_OP_CHARGE) {
    return 0;
  }
  return op == TG_OP_DIVMOD ? 2 : 1;
}

/* How many letters must be put in, taken out or replaced to make one word of the other (Levenshtein); both are shorter
 * than MAX_WORD. */
enum { MAX_WORD = 12, NEAR = 2 };

static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
  size_t row[MAX_WORD + 1];
  for (size_t j = 0; j <= n_b; j++) {
    row[j] = j;
  }
  for (size_t i = 1; i <= n_a; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= n_b; j++) {
      size_t best = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
      best = row[j] + 1 < best ? row[j] + 1 : best;
      best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
      diagonal = row[j];
      row[j] = best;
    }
  }
  return row[n_b];
}

const char *op_nearest(const char *s, size_t n)
{
  const char *nearest = NULL;
  size_t least = NEAR + 1;
  for (int op = 0; op < TG_OP_COUNT && n <= MAX_WORD; op++) {
    const char *name = op_table[op].name;
    size_t d = op_table[op].flags & TG_MARKER ? least : distance(s, n, name, strlen(name));
    /* A word of two letters is near to everything short. */
    if (d < least && d < n) {
      least = d;
      nearest = name;
    }
  }
  return nearest;
}
