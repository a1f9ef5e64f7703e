/* tree_print.c: the tree as text for `throng show --stage ast`: one node a line, deeper ones indented. The walk keeps
 * its own stack, so that a long chain of operators needs no deep recursion. */
#include "lang/tree.h"

#include <string.h>

static const char *const labels[TREE_KIND_COUNT] = {
#define LANG_TREE(id, label) [TREE_##id] = label,
#include "lang/tree.def"
};

static void put_line(const lang *l, const tree *t, uint32_t level, text *out)
{
  for (uint32_t i = 0; i < level; i++) {
    text_put(out, "  ");
  }
  text_put(out, labels[t->kind]);
  if (t->kind == TREE_SCALAR || t->kind == TREE_CONVERT) {
    text_format(out, " %s", type_table[t->op].name);
  } else if (t->kind == TREE_UNARY || t->kind == TREE_BINARY || t->kind == TREE_UPDATE) {
    text_format(out, " %s", tree_op_spelling((tree_op)t->op));
  } else if (t->kind == TREE_BOOL) {
    text_put(out, t->bits ? " true" : " false");
  } else if (t->kind == TREE_INT || t->kind == TREE_FLOAT) {
    text_put(out, " ");
    text_bytes(out, t->text, t->n_text);
    text_put(out, t->op < TG_TYPE_COUNT ? type_table[t->op].name : "");
  } else if (t->text != NULL && (t->kind == TREE_IMPORT || t->kind == TREE_INPUT)) {
    text_put(out, " \"");
    text_put(out, t->text);
    text_put(out, "\"");
  }
  if (t->name != 0) {
    text_put(out, " ");
    text_put(out, lang_name_text(l, t->name));
  }
  if ((t->kind == TREE_FIELD || t->kind == TREE_RANGE || t->kind == TREE_ENTRY) && t->op != 0) {
    text_put(out, t->kind == TREE_FIELD ? " shared" : t->kind == TREE_RANGE ? " included" : " let");
  }
  text_format(out, " @%u:%u\n", (unsigned)t->pos.line, (unsigned)t->pos.column);
}

typedef struct pending {
  const tree *node;
  uint32_t level;
} pending;

void tree_print(const lang *l, const tree *root, text *out)
{
  VEC(pending) stack = {0};
  const tree *t = root;
  uint32_t level = 0;
  while (t != NULL && !out->failed) {
    put_line(l, t, level, out);
    const tree *rest[] = {level > 0 ? t->next : NULL, t->c, t->b, t->a};
    if (!vec_room(&out->allocator, &stack, 4)) {
      out->failed = true;
      break;
    }
    for (size_t i = 0; i < 4; i++) {
      if (rest[i] != NULL) {
        stack.data[stack.n++] = (pending){rest[i], i == 0 ? level : level + 1};
      }
    }
    t = NULL;
    if (stack.n > 0) {
      pending next = stack.data[--stack.n];
      t = next.node;
      level = next.level;
    }
  }
  vec_free(&out->allocator, &stack);
}
