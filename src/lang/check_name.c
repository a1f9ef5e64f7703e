/* check_name.c: what names stand for: locals in scopes, names of the files, names of the library. */
#include "lang/check.h"

#include <string.h>

binding *name_binding(checker *c, uint32_t name)
{
  size_t need = c->l->names.texts.n;
  if (c->bindings.n < need) {
    if (!vec_room(&c->memory->allocator, &c->bindings, need - c->bindings.n)) {
      c->memory->failed = true;
      c->lost_binding = (binding){NULL, NULL, NULL, false};
      return &c->lost_binding;
    }
    memset(c->bindings.data + c->bindings.n, 0, (need - c->bindings.n) * sizeof *c->bindings.data);
    c->bindings.n = need;
  }
  if (name >= c->bindings.n) {
    c->lost_binding = (binding){NULL, NULL, NULL, false};
    return &c->lost_binding;
  }
  return &c->bindings.data[name];
}

static symbol *find_global(checker *c, uint32_t name)
{
  if (!c->library_scope) {
    symbol *s = name_binding(c, name)->user;
    if (s != NULL) {
      return s;
    }
  }
  load_library(c);
  return name_binding(c, name)->library;
}

symbol *name_lookup(checker *c, uint32_t name)
{
  symbol *s = c->only_globals ? NULL : name_binding(c, name)->local;
  return s != NULL ? s : find_global(c, name);
}

symbol *name_lookup_function(checker *c, uint32_t name)
{
  symbol *s = find_global(c, name);
  return s != NULL ? s : name_lookup(c, name);
}

/* ---- messages ---- */

const char *symbol_kind_text(const symbol *s)
{
  switch ((symbol_kind)s->kind) {
  case SYMBOL_CONSTANT: return s->is_table ? "a table of constants" : "a constant";
  case SYMBOL_STRUCT: return "a struct";
  case SYMBOL_FUNCTION: return "a function";
  case SYMBOL_ENTRY: return s->node->kind == TREE_KERNEL ? "a kernel" : "a machine";
  case SYMBOL_VARIABLE: return "a variable";
  case SYMBOL_OPERAND:
    return s->node->kind == TREE_PARAM || (s->node->kind == TREE_FIELD && s->type.kind == PROG_SCALAR) ? "a parameter"
           : s->node->kind == TREE_OUTPUT                                                              ? "an output"
                                                                                                       : "an input";
  }
  return "a name";
}

static size_t least(size_t a, size_t b)
{
  return a < b ? a : b;
}

enum { LONGEST = 40, MANY_NAMES = 20000, MAX_SAME = 256 };

/* The number of letters to insert, remove or replace. */
static size_t distance(const char *a, const char *b)
{
  size_t row[LONGEST + 1], n_a = strlen(a), n_b = strlen(b);
  if (n_a > LONGEST || n_b > LONGEST) {
    return LONGEST;
  }
  for (size_t j = 0; j <= n_b; j++) {
    row[j] = j;
  }
  for (size_t i = 1; i <= n_a; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= n_b; j++) {
      size_t replaced = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
      diagonal = row[j];
      row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
    }
  }
  return row[n_b];
}

const char *name_hint(checker *c, uint32_t name)
{
  const char *word = lang_name_text(c->l, name), *best = NULL;
  size_t nearest = strlen(word) < 6 ? 1 : strlen(word) / 3;
  bool is_asked = c->bindings.n < MANY_NAMES && c->l->messages.n < LANG_MAX_MESSAGES;
  for (uint32_t i = 1; is_asked && i < c->bindings.n; i++) {
    const binding *b = &c->bindings.data[i];
    bool is_seen = (b->local != NULL && !c->only_globals) || b->user != NULL || b->library != NULL;
    const char *candidate = lang_name_text(c->l, i);
    size_t d = is_seen && i != name ? distance(word, candidate) : LONGEST;
    if (d <= nearest && d < strlen(word)) {
      best = d < nearest || best == NULL ? candidate : best;
      nearest = d;
    }
  }
  return best == NULL ? "" : lang_format(c->l, "did you mean '%s'?", best);
}

void name_undefined(checker *c, uint32_t name, lang_pos pos)
{
  if (!name_binding(c, name)->is_reported) {
    CHECK_REPORT(c, LANG_UNDEFINED, pos, lang_name_text(c->l, name), name_hint(c, name));
    name_binding(c, name)->is_reported = true;
  }
}

static const char *where_text(checker *c, const symbol *s, lang_pos pos)
{
  if (s->pos.line == 0) {
    return "";
  }
  if (s->pos.file != pos.file) {
    return lang_format(c->l, " in %.100s, line %u", c->l->files.data[s->pos.file].path, (unsigned)s->pos.line);
  }
  return lang_format(c->l, " in line %u", (unsigned)s->pos.line);
}

/* ---- names of files ---- */

void name_declare_global(checker *c, tree *node, symbol_kind kind, bool from_library)
{
  symbol *s = arena_new(c->memory, symbol);
  const char *name = lang_name_text(c->l, node->name);
  binding *b = name_binding(c, node->name);
  symbol **slot = from_library ? &b->library : &b->user;
  if (s == NULL) {
    return;
  }
  *s = (symbol){
      .kind = (uint8_t)kind, .from_library = from_library, .name = node->name, .pos = node->name_pos, .node = node};
  node->symbol = s;
  if (kind == SYMBOL_FUNCTION && builtin_exists(name)) {
    CHECK_REPORT(c, LANG_BUILTIN_NAME, s->pos, name);
  } else if (*slot == NULL) {
    *slot = s;
  } else if (kind == SYMBOL_FUNCTION && (*slot)->kind == SYMBOL_FUNCTION) {
    if (++(*slot)->n_same >= MAX_SAME) {
      CHECK_REPORT(c, LANG_TOO_MANY, s->pos, "256", "functions of one name", "choose another name");
      return;
    }
    s->next = (*slot)->next;
    (*slot)->next = s;
  } else {
    CHECK_REPORT(c, LANG_REDEFINED, s->pos, name, where_text(c, *slot, s->pos));
  }
}

/* ---- scopes ---- */

void scope_open(checker *c)
{
  c->f->level++;
}

/* A name that begins with `_` may go unused. */
static void warn_unused(checker *c, const symbol *s)
{
  const char *name = lang_name_text(c->l, s->name);
  bool is_variable = s->kind == SYMBOL_VARIABLE || s->kind == SYMBOL_CONSTANT || s->kind == SYMBOL_OPERAND;
  if (s->is_used || s->is_hidden || !is_variable || name[0] == '_' || c->library_scope) {
    return;
  }
  CHECK_REPORT(c, LANG_UNUSED, s->pos, name, "leave it out, or begin its name with _");
}

void scope_close(checker *c)
{
  while (c->f->scope != NULL && c->f->scope->level == c->f->level) {
    symbol *s = c->f->scope;
    warn_unused(c, s);
    name_binding(c, s->name)->local = s->outer;
    c->f->scope = s->scope_next;
  }
  c->f->level--;
}

static void warn_hidden(checker *c, const symbol *s, const binding *b)
{
  const symbol *hidden = b->local != NULL ? b->local : b->user;
  if (hidden == NULL || hidden->kind == SYMBOL_FUNCTION || hidden->kind == SYMBOL_ENTRY || c->library_scope) {
    return; /* calls look for functions alone: a variable does not hide them */
  }
  const char *what = lang_format(c->l, "%s%s", symbol_kind_text(hidden), where_text(c, hidden, s->pos));
  CHECK_REPORT(c, LANG_SHADOW, s->pos, lang_name_text(c->l, s->name), what);
}

symbol *name_declare(checker *c, uint32_t name, lang_pos pos, symbol_kind kind)
{
  symbol *s = arena_new(c->memory, symbol);
  binding *b = name_binding(c, name);
  if (s == NULL || name == 0) {
    c->lost_symbol = (symbol){.kind = (uint8_t)kind};
    return &c->lost_symbol;
  }
  *s = (symbol){.kind = (uint8_t)kind,
                .name = name,
                .pos = pos,
                .outer = b->local,
                .scope_next = c->f->scope,
                .level = c->f->level};
  if (b->local != NULL && b->local->level == c->f->level) {
    CHECK_REPORT(c, LANG_REDEFINED, pos, lang_name_text(c->l, name), where_text(c, b->local, pos));
  } else {
    warn_hidden(c, s, b);
  }
  c->f->scope = s;
  b->local = s;
  return s;
}

uint32_t variable_add(checker *c, const char *name, prog_variable_kind kind, prog_type type, lang_pos pos)
{
  if (!vec_room(&c->memory->allocator, &c->f->variables, 1)) {
    c->memory->failed = true;
    return 0;
  }
  c->f->variables.data[c->f->variables.n] = (prog_variable){name, (uint8_t)kind, type, pos};
  return (uint32_t)c->f->variables.n++;
}
