/* program.c: the tables of a typed program's enumerations, types as text, and the end of a program. */
#include "lang/program.h"

#include <stdio.h>
#include <string.h>

const prog_op_info prog_op_table[PROG_OP_COUNT] = {
#define LANG_OP(id, spelling_, n_args_, class_, result_, graph_)                                                       \
  [PROG_##id] = {.name = #id,                                                                                          \
                 .spelling = spelling_,                                                                                \
                 .n_args = n_args_,                                                                                    \
                 .class = TG_CLASS_##class_,                                                                           \
                 .result = PROG_RESULT_##result_,                                                                      \
                 .graph_op = TG_OP_##graph_},
#include "lang/operators.def"
};

const char *const prog_reduction_names[REDUCE_COUNT_OF_KINDS] = {
    "count", "sum", "mean", "variance", "min", "max", "argmin", "argmax", "quantile", "histogram",
};

void program_destroy(program *p)
{
  if (p != NULL) {
    tg_allocator allocator = p->memory.allocator;
    arena memory = p->memory;
    arena_free(&memory);
    alloc_free(&allocator, p, 1, sizeof *p);
  }
}

const char *prog_type_show(const program *p, prog_type type, char *buffer)
{
  const char *scalar = type_table[type.scalar].name;
  switch ((prog_type_kind)type.kind) {
  case PROG_VOID: snprintf(buffer, PROG_TYPE_TEXT, "no value"); break;
  case PROG_SCALAR: snprintf(buffer, PROG_TYPE_TEXT, "%s", scalar); break;
  case PROG_STRUCT: snprintf(buffer, PROG_TYPE_TEXT, "%s", p->structs[type.n].name); break;
  case PROG_ARRAY: snprintf(buffer, PROG_TYPE_TEXT, "[%s; %u]", scalar, (unsigned)type.n); break;
  case PROG_VIEW: snprintf(buffer, PROG_TYPE_TEXT, "[%s]", scalar); break;
  }
  return buffer;
}

void program_error(const program *p, tg_status code, tg_error *error)
{
  const lang_message *first = NULL;
  for (uint32_t i = 0; i < p->n_messages && first == NULL; i++) {
    if (!p->messages[i].is_warning) {
      first = &p->messages[i];
    }
  }
  if (first == NULL) {
    error_set(error, code, "the program has an error");
    return;
  }
  tg_pos pos = {first->pos.line, first->pos.column, first->pos.length};
  if (first->pos.file == 0) {
    error_at(error, code, pos, "%s", first->message);
  } else {
    error_set(error, code, "%.100s:%u:%u: %.140s", p->files[first->pos.file].path, (unsigned)pos.line,
              (unsigned)pos.column, first->message);
  }
  error_hint(error, "%s", first->hint);
}
