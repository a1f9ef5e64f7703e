/* check_entry.c: kernels and machines: their operands, then their bodies and reports. */
#include "graph/eval.h"
#include "lang/check.h"

#include <string.h>

/* ---- operands ---- */

static prog_operand *add_operand(checker *c, prog_entry *entry, const tree *t, prog_operand_kind kind, prog_type type)
{
  prog_operand *o = &entry->operands[entry->n_operands];
  *o = (prog_operand){.name = lang_name_text(c->l, t->name),
                      .pos = t->pos,
                      .kind = (uint8_t)kind,
                      .type = type,
                      .variable = UINT32_MAX};
  bool is_output = kind == OPERAND_OUTPUT;
  symbol *s = name_declare(c, t->name, t->pos, is_output ? SYMBOL_VARIABLE : SYMBOL_OPERAND);
  s->node = (tree *)t;
  s->type = type;
  s->index = entry->n_operands++;
  if (is_output) {
    o->variable = s->index = variable_add(c, o->name, VARIABLE_OUTPUT, type, t->pos);
    s->is_used = true; /* whether it is written is asked instead */
  }
  return o;
}

/* Splits "PATH:COLUMN" at the last colon. */
static void set_default_file(checker *c, prog_operand *o, const char *name)
{
  const char *colon = strrchr(name, ':');
  if (colon == NULL || colon == name) {
    o->file = name;
  } else {
    o->file = arena_string(c->memory, name, (size_t)(colon - name));
    o->column = colon + 1;
  }
}

static bool is_below(tg_type type, uint64_t a, uint64_t b, bool or_equal)
{
  return eval_less(type, a, b) || (or_equal && a == b);
}

static void check_range(checker *c, const tree *t, prog_operand *o)
{
  tg_type type = (tg_type)o->type.scalar;
  prog_expr *low = check_constant(c, t->c->a, o->type), *high = check_constant(c, t->c->b, o->type);
  if (low == NULL || high == NULL) {
    return;
  }
  o->has_range = true;
  o->high_included = t->c->op != 0;
  o->low = low->bits;
  o->high = high->bits;
  if (!is_below(type, o->low, o->high, o->high_included)) {
    CHECK_REPORT(c, LANG_EMPTY_RANGE, t->c->pos, o->name);
  } else if (o->has_default && (!is_below(type, o->low, o->default_bits, true) ||
                                !is_below(type, o->default_bits, o->high, o->high_included))) {
    CHECK_REPORT(c, LANG_DEFAULT_RANGE, t->b->pos, o->name);
  }
}

static void check_param(checker *c, prog_entry *entry, tree *t)
{
  prog_type type = check_type_as(c, t->a, 1u << PROG_SCALAR, "a parameter of a machine", "parameters are scalars");
  prog_expr *value = NULL;
  if (t->b != NULL && !type_is_poison(type)) {
    value = check_constant(c, t->b, type); /* it does not see its own name */
  }
  prog_operand *o = add_operand(c, entry, t, OPERAND_PARAM, type);
  if (value != NULL) {
    o->has_default = true;
    o->default_bits = value->bits;
  }
  if (t->c != NULL && !type_is_poison(type)) {
    if (type.scalar == TG_BOOL) {
      CHECK_REPORT(c, LANG_TYPE_PLACE, t->c->pos, "bool", "in a range", "ranges are of numbers");
    } else {
      check_range(c, t, o);
    }
  }
}

static void check_input(checker *c, prog_entry *entry, tree *t)
{
  unsigned kinds = 1u << PROG_SCALAR | 1u << PROG_VIEW;
  prog_type type = check_type_as(c, t->a, kinds, "an input", "an input is a scalar, or a shared array [T]");
  prog_operand *o = add_operand(c, entry, t, type.kind == PROG_VIEW ? OPERAND_SHARED : OPERAND_INPUT, type);
  if (t->text != NULL) {
    set_default_file(c, o, t->text);
  }
}

static void check_declarations(checker *c, prog_entry *entry, tree *list)
{
  for (tree *t = list; t != NULL && !c->memory->failed; t = t->next) {
    if (t->kind == TREE_PARAM) {
      check_param(c, entry, t);
    } else if (t->kind == TREE_INPUT) {
      check_input(c, entry, t);
    } else {
      unsigned kinds = 1u << PROG_SCALAR | 1u << PROG_ARRAY;
      prog_type type = check_type_as(c, t->a, kinds, "an output", "an output is a scalar or an array [T; N]");
      add_operand(c, entry, t, OPERAND_OUTPUT, type);
    }
  }
}

static void check_kernel_operands(checker *c, prog_entry *entry, tree *t)
{
  for (tree *p = t->a; p != NULL; p = p->next) {
    unsigned kinds = p->op != 0 ? 1u << PROG_VIEW : 1u << PROG_SCALAR | 1u << PROG_VIEW;
    prog_type type = check_type_as(c, p->a, kinds, p->op != 0 ? "shared" : "a parameter of a kernel",
                                   p->op != 0 ? "shared t: [T] is a whole array" : "it is a scalar or a stream [T]");
    prog_operand_kind kind = p->op != 0 ? OPERAND_SHARED : type.kind == PROG_VIEW ? OPERAND_INPUT : OPERAND_PARAM;
    if (kind == OPERAND_INPUT) {
      type = type_scalar((tg_type)type.scalar);
    }
    add_operand(c, entry, p, kind, type);
  }
  for (tree *r = t->b; r != NULL; r = r->next) {
    prog_type type = check_type_as(c, r->a, 1u << PROG_VIEW, "the result of a kernel", "results are streams [T]");
    if (!type_is_poison(type)) {
      type = type_scalar((tg_type)type.scalar);
    }
    add_operand(c, entry, r, OPERAND_OUTPUT, type);
  }
}

/* ---- bodies ---- */

static void warn_unwritten(checker *c, const frame *f)
{
  for (const symbol *s = f->scope; s != NULL; s = s->scope_next) {
    bool is_output = s->kind == SYMBOL_VARIABLE && s->index < f->variables.n;
    if (is_output && f->variables.data[s->index].kind == VARIABLE_OUTPUT && !s->is_written) {
      CHECK_REPORT(c, LANG_UNWRITTEN, s->pos, lang_name_text(c->l, s->name));
    }
  }
}

/* Report lines may be the only use of an input or a parameter, so the report is checked while the operands' scope is
 * open. */
static void check_rest(checker *c, prog_entry *entry, tree *t, frame *f)
{
  bool goes_on = true;
  uint8_t exits = 0;
  entry->body.body = check_block(c, entry->is_machine ? t->b : t->c, &goes_on, &exits);
  warn_unwritten(c, f);
  if (entry->is_machine && t->c != NULL && !c->memory->failed) {
    entry->report = check_report(c, entry, t->c);
  }
}

void check_entry(checker *c, tree *t, prog_entry *entry)
{
  frame f;
  uint32_t n = tree_count(t->a) + (t->kind == TREE_KERNEL ? tree_count(t->b) : 0);
  *entry =
      (prog_entry){.is_machine = t->kind == TREE_MACHINE, .name = lang_name_text(c->l, t->name), .pos = t->name_pos};
  entry->body = (prog_function){.name = entry->name, .pos = entry->pos};
  entry->operands = arena_array(c->memory, prog_operand, n);
  if (entry->operands == NULL) {
    return;
  }
  frame_begin(c, &f, &entry->body);
  f.entry = entry;
  if (entry->is_machine) {
    check_declarations(c, entry, t->a);
  } else {
    check_kernel_operands(c, entry, t);
  }
  if (!c->memory->failed) {
    check_rest(c, entry, t, &f);
  }
  frame_end(c, &f);
}
