/* describe.c: the operations table as the public header shows it. */
#include "graph/ops.h"

static const char *class_text(unsigned class)
{
  switch (class) {
  case TG_CLASS_BOOL: return "bool";
  case TG_CLASS_INT: return "integers";
  case TG_CLASS_FLOAT: return "floats";
  case TG_CLASS_NUMBER: return "numbers";
  case TG_CLASS_BITS: return "bits";
  default: return "any";
  }
}

static const char *flag_text(unsigned flags)
{
  if (flags & TG_COMMUTATIVE) return "pure, commutative";
  if (flags & TG_PURE) return "pure";
  if (flags & TG_SINKS) return "sink";
  if (flags & TG_MARKER) return "marker";
  return flags & TG_OPENS ? "opens bodies" : "";
}

int tg_op_describe(size_t index, tg_op_info *info)
{
  static const char *const groups[] = {"source", "transform", "float", "structure", "effect", "sink"};
  if (index >= TG_OP_COUNT) return 0;
  const op_row *row = &op_table[index];
  const rule_info *typing = &rule_table[row->rule];
  *info = (tg_op_info){.name = row->name,
                       .symbol = row->symbol,
                       .group = groups[row->group],
                       .signature = typing->signature,
                       .types = class_text(typing->class),
                       .flags = flag_text(row->flags),
                       .semantics = {row->semantics[0], row->semantics[1], row->semantics[2]},
                       .doc = row->doc};
  return 1;
}
