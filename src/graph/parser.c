/* parser.c: what the grammar's functions are made of: tokens taken or reported, literals, names of values. */
#include "graph/parser.h"

#include "graph/literal.h"

#include <string.h>

/* ---- errors and tokens ---- */

bool parse_ok(const parser *p)
{
  return p->g->error.code == TG_OK;
}

tg_graph *parse_at(parser *p, const token *t)
{
  p->g->pos = t->pos;
  return p->g;
}

bool parse_no_memory(parser *p)
{
  return graph_fail(p->g, TG_NOMEM, "no memory to read the text");
}

bool parse_hint(parser *p, const char *what)
{
  return graph_fail_hint(p->g, what);
}

bool parse_unexpected(parser *p, const char *wanted)
{
  char shown[TOKEN_SHOWN];
  if (p->tok.kind == TOKEN_BAD) {
    return graph_fail(parse_at(p, &p->tok), TG_PARSE, "%s: %s", p->tok.message, token_show(&p->tok, shown));
  }
  return graph_fail(parse_at(p, &p->tok), TG_PARSE, "expected %s, but found %s", wanted, token_show(&p->tok, shown));
}

void parse_advance(parser *p)
{
  p->tok = lex_next(&p->lex);
}

bool parse_is_next(const parser *p, const char *s)
{
  return token_is(&p->tok, s);
}

bool parse_accept(parser *p, const char *s)
{
  if (!parse_ok(p) || !parse_is_next(p, s)) {
    return false;
  }
  parse_advance(p);
  return true;
}

bool parse_expect(parser *p, const char *s)
{
  char wanted[32] = "`";
  strcat(strncat(wanted, s, 16), "`");
  return parse_accept(p, s) || parse_unexpected(p, wanted);
}

bool parse_take(parser *p, token_kind kind, const char *wanted, token *t)
{
  *t = p->tok;
  if (!parse_ok(p) || p->tok.kind != kind) {
    return parse_unexpected(p, wanted);
  }
  parse_advance(p);
  return true;
}

/* NAME */
bool parse_name(parser *p, const char *wanted, token *t)
{
  if (!parse_take(p, TOKEN_WORD, wanted, t)) {
    return false;
  }
  if (t->n > TG_MAX_NAME) {
    return graph_fail(parse_at(p, t), TG_LIMIT, "a name of more than %d bytes", TG_MAX_NAME);
  }
  return true;
}

int parse_word(parser *p, const char *const *words, int n_words, const char *wanted)
{
  int found = p->tok.kind == TOKEN_WORD ? name_find(words, n_words, p->tok.s, p->tok.n) : -1;
  if (!parse_ok(p) || found < 0) {
    parse_unexpected(p, wanted);
    return 0;
  }
  parse_advance(p);
  return found;
}

/* ---- literals ---- */

/* INT */
uint64_t parse_int(parser *p, const char *wanted, uint64_t highest)
{
  token t;
  uint64_t value = 0;
  if (parse_take(p, TOKEN_INT, wanted, &t) && (!text_parse_u64(t.s, t.n, &value) || value > highest)) {
    graph_fail(parse_at(p, &t), TG_PARSE, "expected %s, but it is larger than %llu", wanted,
               (unsigned long long)highest);
  }
  return value;
}

/* TYPE */
tg_type parse_type(parser *p)
{
  if (!parse_ok(p)) {
    return TG_BOOL;
  }
  int type = p->tok.kind == TOKEN_WORD ? type_find(p->tok.s, p->tok.n) : -1;
  if (type < 0) {
    parse_unexpected(p, "a type");
    parse_hint(p, "types are bool, i8 to i64, u8 to u64, f32 and f64");
    return TG_BOOL;
  }
  parse_advance(p);
  return (tg_type)type;
}

/* MODE */
tg_mode parse_mode(parser *p)
{
  if (!parse_ok(p)) {
    return TG_MODE_BOOL;
  }
  int mode = p->tok.kind == TOKEN_WORD ? mode_find(p->tok.s, p->tok.n) : -1;
  if (mode < 0) {
    parse_unexpected(p, "a memory mode");
    parse_hint(p, "modes are the types, f16 and bf16, and those of 2 bytes or more with \"be\" after them");
    return TG_MODE_BOOL;
  }
  parse_advance(p);
  return (tg_mode)mode;
}

/* literal = "true" | "false" | [ "-" ] INT | [ "-" ] FLOAT | [ "-" ] "inf" | "nan" */
uint64_t parse_literal(parser *p, tg_type type)
{
  token whole = p->tok;
  bool is_negative = parse_accept(p, "-");
  token t = p->tok;
  uint64_t bits = 0;
  if (!parse_ok(p) || (t.kind != TOKEN_WORD && t.kind != TOKEN_INT && t.kind != TOKEN_FLOAT)) {
    parse_unexpected(p, literal_wanted(type));
    return 0;
  }
  if (!literal_bits(&t, is_negative, type, &bits)) {
    char shown[TOKEN_SHOWN];
    if (t.pos.line == whole.pos.line) { /* show the minus sign too */
      whole.n = (size_t)(t.s - whole.s) + t.n;
      whole.pos.length = (uint32_t)whole.n;
    }
    graph_fail(parse_at(p, &whole), TG_PARSE, "%s is no literal of type %s", token_show(&whole, shown),
               type_table[type].name);
    error_hint(&p->g->error, "it must be %s", literal_wanted(type));
    return 0;
  }
  parse_advance(p);
  return bits;
}

/* [ "@" INT ] */
uint32_t parse_position(parser *p)
{
  return parse_accept(p, "@") ? (uint32_t)parse_int(p, "a position below 2^32", UINT32_MAX) : 0;
}

/* ---- values ---- */

bool parse_push(parser *p, uint32_t value)
{
  if (!vec_room(&p->g->context->allocator, &p->values, 1)) {
    return parse_no_memory(p);
  }
  p->values.data[p->values.n++] = value;
  return true;
}

/* What stands where a value should: a number, or the name of a value without its mark. */
static void hint_value(parser *p)
{
  const token *t = &p->tok;
  char label[TG_MAX_NAME + 2] = "%";
  uint32_t value;
  if (t->kind == TOKEN_INT || t->kind == TOKEN_FLOAT || token_is(t, "-")) {
    parse_hint(p, "a number is a node of its own: write `%one = const i32 1` before, then %one");
  } else if (t->kind == TOKEN_WORD && t->n <= TG_MAX_NAME && p->g->error.hint[0] == '\0') {
    memcpy(label + 1, t->s, t->n);
    if (symtab_get(&p->labels, label, t->n + 1, &value)) {
      error_hint(&p->g->error, "values begin with %%: did you mean `%.100s`?", label);
    }
  }
}

uint32_t parse_use(parser *p)
{
  token t;
  uint32_t value = TG_POISON;
  bool was_ok = parse_ok(p);
  if (!parse_take(p, TOKEN_VALUE, "a value such as %x", &t)) {
    if (was_ok) {
      hint_value(p);
    }
    return TG_POISON;
  }
  bool is_known = symtab_get(&p->labels, t.s, t.n, &value);
  if (value == TG_POISON) {
    char shown[TOKEN_SHOWN];
    graph_fail(parse_at(p, &t), TG_PARSE, "%s is not defined", token_show(&t, shown));
    parse_hint(p, is_known ? "its definition is not complete here" : "");
  }
  return value;
}

bool parse_define(parser *p)
{
  token t;
  uint32_t other;
  char shown[TOKEN_SHOWN];
  if (!parse_take(p, TOKEN_VALUE, "a value such as %x", &t)) {
    return false;
  }
  if (symtab_get(&p->labels, t.s, t.n, &other)) {
    return graph_fail(parse_at(p, &t), TG_PARSE, "%s is defined twice", token_show(&t, shown));
  }
  if (t.s[1] > '9' && t.n - 1 > TG_MAX_NAME) {
    return graph_fail(parse_at(p, &t), TG_LIMIT, "a name of more than %d bytes", TG_MAX_NAME);
  }
  if (!vec_room(&p->g->context->allocator, &p->names, 1) || !symtab_put(&p->labels, t.s, t.n, TG_POISON)) {
    return parse_no_memory(p);
  }
  p->names.data[p->names.n++] = t;
  return true;
}

/* A label of digits is not kept as a name. */
void parse_bind(parser *p, size_t base, size_t n, uint32_t first)
{
  for (size_t i = 0; i < n && parse_ok(p); i++) {
    const token *t = &p->names.data[base + i];
    uint32_t value = first + (uint32_t)i;
    if (!symtab_put(&p->labels, t->s, t->n, value)) {
      parse_no_memory(p);
    } else if (t->s[1] > '9') {
      graph_name_value(parse_at(p, t), value, t->s + 1, t->n - 1);
    }
  }
}
