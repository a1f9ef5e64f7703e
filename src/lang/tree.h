/* tree.h: a file as a tree, exactly as written: what the parser makes, the checker reads and `--stage ast` prints. The
 * kinds of nodes are the rows of tree.def. Nodes live in the program's arena. No node is NULL where tree.def names one,
 * except where it says so, or after a failed allocation. */
#ifndef TG_LANG_TREE_H
#define TG_LANG_TREE_H

#include "lang/scan.h"

typedef enum tree_kind {
#define LANG_TREE(id, label) TREE_##id,
#include "lang/tree.def"
  TREE_KIND_COUNT
} tree_kind;

/* Operators as written, before types tell `/` of integers from `/` of floats. */
typedef enum tree_op {
  TREE_NEG,
  TREE_LOGICAL_NOT,
  TREE_COMPLEMENT,
  TREE_MUL,
  TREE_DIV,
  TREE_REM,
  TREE_ADD,
  TREE_SUB,
  TREE_SHL,
  TREE_SHR,
  TREE_AND,
  TREE_XOR,
  TREE_OR,
  TREE_EQ,
  TREE_NE,
  TREE_LT,
  TREE_LE,
  TREE_GT,
  TREE_GE,
  TREE_BOTH,
  TREE_EITHER,
  TREE_OP_COUNT
} tree_op;

typedef struct tree tree;
struct tree {
  uint8_t kind, op;
  uint8_t untyped; /* the checker's: whether it is made of literals without a type; 0 is "not looked at" */
  uint16_t depth;  /* of an expression: 1 more than its deepest child's */
  uint32_t name, n_text;
  lang_pos pos;      /* of an operator its mark, of other nodes their first token */
  lang_pos name_pos; /* of the name, where it is not pos */
  const char *text;
  uint64_t bits;
  struct symbol *symbol; /* the checker's: what a name in a constant without a type stands for */
  tree *a, *b, *c, *next;
};

/* A token's spelling: "+", "&&". */
const char *tree_op_spelling(tree_op op);

/* Parses the tokens of a file. NULL only when there is no memory. After an error, which was reported, the tree is good
 * for nothing. */
tree *parse_file(lang *l, const lang_tokens *tokens);

/* The tree as text, two spaces for each level. */
void tree_print(const lang *l, const tree *t, text *out);

/* How many nodes a list has. */
static inline uint32_t tree_count(const tree *list)
{
  uint32_t n = 0;
  for (; list != NULL; list = list->next) {
    n++;
  }
  return n;
}

#endif
