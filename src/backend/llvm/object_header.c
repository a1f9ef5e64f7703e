/* object_header.c: the C header of an object file: the exported function, what each of its parameters is, and what else
 * a caller has to know. In: a plan; out: text, for C99 and C++11 on. */
#include "backend/llvm/object.h"

#include "base/text.h"

#include <string.h>

/* ---- names ---- */

/* Words of C and C++, and the names of the function's other parameters. */
static const char words[] =
    " n call alignas alignof and asm auto bool break case catch char class compl concept const consteval constexpr "
    "constinit continue decltype default delete do double else enum explicit export extern false float for friend goto "
    "if inline int long main mutable namespace new noexcept not nullptr operator or private protected public register "
    "requires restrict return short signed sizeof static struct switch template this throw true try typedef typeid "
    "typename typeof union unsigned using virtual void volatile wchar while xor ";

static bool is_word(const char *name, size_t n)
{
  for (const char *p = strstr(words, name); p != NULL; p = strstr(p + 1, name)) {
    if (p[-1] == ' ' && p[n] == ' ') {
      return true;
    }
  }
  return false;
}

static bool is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

void object_name(const char *name, char out[OBJECT_NAME])
{
  size_t n = 0;
  if (!is_letter(name[0])) {
    out[n++] = 'k';
  }
  for (; *name != '\0' && n < OBJECT_NAME - 2; name++) {
    out[n++] = is_letter(*name) || (*name >= '0' && *name <= '9') ? *name : '_';
  }
  out[n] = '\0';
  if (is_word(out, n)) {
    out[n++] = '_';
    out[n] = '\0';
  }
}

/* ---- types ---- */

static const char *const c_types[] = {"uint8_t",  "int8_t",   "int16_t",  "int32_t", "int64_t", "uint8_t",
                                      "uint16_t", "uint32_t", "uint64_t", "float",   "double"};
_Static_assert(sizeof c_types / sizeof *c_types == TG_TYPE_COUNT, "a C type for each type, bool as a byte");

static const char *c_type(const graph_operand *operand)
{
  return operand->mode <= (uint8_t)TG_MODE_F64 ? c_types[operand->mode] : "void";
}

static bool is_written(const graph_operand *operand)
{
  return operand->kind == TG_OUTPUT || operand->kind == TG_RESULT || operand->kind == TG_ACCUMULATOR;
}

static void write_parameter(const tg_graph *g, const graph_operand *operand, text *out)
{
  char name[OBJECT_NAME];
  object_name(graph_str(g, operand->name), name);
  text_put(out, ", ");
  if (operand->kind == TG_PARAM) {
    text_format(out, "%s %s", c_type(operand), name);
    return;
  }
  text_format(out, "%s%s *%s", is_written(operand) ? "" : "const ", c_type(operand), name);
  bool is_table = operand->kind == TG_TABLE || operand->kind == TG_ACCUMULATOR;
  if (is_table) {
    text_format(out, ", uint64_t %s_length", name);
  }
  if (is_table || operand->kind == TG_INPUT || operand->kind == TG_OUTPUT) {
    text_format(out, ", ptrdiff_t %s_stride", name);
  }
}

/* ---- the text ---- */

static void describe_operand(const tg_graph *g, const graph_operand *operand, text *out)
{
  static const char *const what[TG_OPERAND_KIND_COUNT] = {
      [TG_PARAM] = "",
      [TG_INPUT] = ", an element for each lane; stride: bytes from one to the next, 0: one for all",
      [TG_TABLE] = ", so many elements; stride: bytes from one to the next; 0 outside it",
      [TG_OUTPUT] = ", an element for each lane; stride as above, not 0",
      [TG_RESULT] = ", one element; NULL: not wanted",
      [TG_ACCUMULATOR] = ", so many elements, folded into; stride: bytes from one to the next",
  };
  char name[OBJECT_NAME];
  object_name(graph_str(g, operand->name), name);
  text_format(out, " *   %-12s %s of %s%s", name, operand_kind_names[operand->kind], mode_table[operand->mode].name,
              what[operand->kind]);
  text_put(out, "\n");
}

static void write_common(text *out)
{
  text_put(out, "#ifndef THRONG_CALL_INIT\n"
                "/* How a kernel is called, and what came of it; NULL in its place: as THRONG_CALL_INIT says. */\n"
                "struct throng_call {\n"
                "  uint64_t max_steps;     /* iterations of loops that a lane may take before it traps */\n"
                "  uint64_t first_lane;    /* the number of the first lane */\n"
                "  void *workspace;        /* NULL: the stack, where that is enough */\n"
                "  uint64_t n_trapped;     /* out: lanes that trapped: they store nothing and count nowhere */\n"
                "  uint64_t first_trapped; /* out: the lowest of them, */\n"
                "  uint32_t first_code;    /* its code, 4294967295 for want of steps, */\n"
                "  uint32_t first_position;\n"
                "  uint64_t none; /* out: bit k: argmin or argmax number k saw no lane, and its result is 0 */\n"
                "};\n"
                "#define THRONG_CALL_INIT {UINT64_MAX, 0, 0, 0, 0, 0, 0, 0}\n"
                "enum { THRONG_OK, THRONG_TRAPPED, THRONG_REFUSED };\n"
                "#endif\n\n");
}

static void write_notes(const object_plan *plan, text *out)
{
  const char *name = plan->name;
  text_format(out, "/* Runs n lanes, 2^40 at most, on the calling thread. Needs no library.\n *\n");
  for (size_t k = 0; k < plan->n_order; k++) {
    describe_operand(plan->graph, &plan->graph->operands.data[plan->order[k]], out);
  }
  text_put(out,
           " *\n * An output may lie exactly in place of an input of the same type and stride; else nothing that is "
           "written may overlap.\n * Returns THRONG_OK; THRONG_TRAPPED: some lanes trapped; THRONG_REFUSED: ");
  text_format(out, "n is too large, or there is no workspace.\n * Calls may be made at the same time. */\n");
  text_format(out, "int %s(uint64_t n", name);
  for (size_t k = 0; k < plan->n_order; k++) {
    write_parameter(plan->graph, &plan->graph->operands.data[plan->order[k]], out);
  }
  text_put(out, ", struct throng_call *call);\n\n");
  bool fits = plan->layout.bytes <= (size_t)OBJECT_STACK;
  text_format(out, "/* Bytes of call->workspace, which %s. */\n#define %s_WORKSPACE %zu\n\n",
              fits ? "may be NULL: the stack is enough" : "must be given: it is too much for the stack", name,
              plan->layout.bytes);
  text_format(out,
              "/* Bits of the vectors that are used; 0: not chosen yet. A caller may set it to less before a call. */\n"
              "extern uint32_t %s_width;\n\n",
              name);
}

void object_write_header(const object_plan *plan, text *out)
{
  const char *name = plan->name;
  text_format(out, "/* Kernel %s, made by throng %d.%d.%d; code for vectors of", name, TG_VERSION_MAJOR,
              TG_VERSION_MINOR, TG_VERSION_PATCH);
  for (size_t k = 0; k < plan->n_levels; k++) {
    text_format(out, "%s %u", k > 0 ? "," : "", 8 * plan->targets[k].vector_bytes);
  }
  text_format(out, " bits. */\n#ifndef THRONG_KERNEL_%s_H\n#define THRONG_KERNEL_%s_H\n\n", name, name);
  text_put(out, "#include <stddef.h>\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
  write_common(out);
  write_notes(plan, out);
  text_put(out, "#ifdef __cplusplus\n}\n#endif\n#endif\n");
}
