/* parse.c: graph text to graph, by recursive descent: above each function stands its rule of the grammar in
 * docs/spec.md chapter 9. Breaches of the grammar are found here, those of the rules by graph_add, which is told where
 * in the text the node stands. Recursion ends at 64 nested bodies, because graph_add refuses the one more. */
#include "base/text.h"
#include "graph/parser.h"
#include "graph/syntax.h"

#include <string.h>

/* values = VALUE ( "," VALUE )* */
static void value_list(parser *p)
{
  do {
    parse_push(p, parse_use(p));
  } while (parse_accept(p, ","));
}

/* VALUE ( "," VALUE )*, exactly n of them */
static void some_values(parser *p, int n)
{
  for (int i = 0; i < n && parse_ok(p) && (i == 0 || parse_expect(p, ",")); i++) {
    parse_push(p, parse_use(p));
  }
}

/* Whether the next tokens are the names of a node's results, and its "=". */
static bool begins_node(const parser *p)
{
  lexer ahead = p->lex;
  token t = p->tok;
  while (t.kind == TOKEN_VALUE || token_is(&t, ",")) {
    t = lex_next(&ahead);
  }
  return token_is(&t, "=");
}

/* Adds a node whose operands are the values from `base` on, and takes them off the stack. */
static uint32_t add(parser *p, node_spec *spec, const token *where, size_t base)
{
  uint32_t first = TG_POISON;
  if (parse_ok(p)) {
    spec->n_args = p->values.n - base;
    spec->args = spec->n_args > 0 ? &p->values.data[base] : NULL;
    first = graph_add(parse_at(p, where), spec);
    bool is_near = p->tok.kind == TOKEN_VALUE && p->tok.pos.line == where->pos.line;
    if (!parse_ok(p) && p->g->error.hint[0] == '\0' && is_near && !begins_node(p)) {
      parse_hint(p, "values are parted by commas: is one missing?");
    }
  }
  p->values.n = base;
  return first;
}

/* ---- nodes ---- */

/* Whether n names stand before the "=" of a node that has so many results. */
static bool want_names(parser *p, const token *op, size_t n, size_t n_names)
{
  char shown[TOKEN_SHOWN];
  if (parse_ok(p) && n != n_names) {
    graph_fail(parse_at(p, op), TG_PARSE, "%s has %zu result%s here, but %zu name%s before it", token_show(op, shown),
               n, n == 1 ? "" : "s", n_names, n_names == 1 ? " stands" : "s stand");
    return parse_hint(p, n == 0 ? "write it without names and `=`" : "write as many names, with commas, then `=`");
  }
  return parse_ok(p);
}

static uint32_t operand_name(parser *p)
{
  token t;
  uint32_t operand = 0;
  char shown[TOKEN_SHOWN];
  if (parse_name(p, "the name of an operand", &t) && !symtab_get(&p->operands, t.s, t.n, &operand)) {
    graph_fail(parse_at(p, &t), TG_PARSE, "operand %s is not declared", token_show(&t, shown));
    parse_hint(p, "operands are declared before the first node");
  }
  return operand;
}

/* Every op but linear, loop and branch: its parts in the order of syntax.h, and its values. */
static void plain(parser *p, tg_op op, const token *where, size_t names)
{
  unsigned parts = op_parts[op];
  node_spec spec = {.op = op};
  size_t base = p->values.n, n_results = op_n_results(op);
  if (!want_names(p, where, n_results, p->names.n - names)) {
    return;
  }
  if (parts & PART_OPERAND) {
    spec.operand = operand_name(p);
  }
  if (parts & PART_FOLD) {
    spec.detail = (uint16_t)parse_word(p, fold_names, TG_FOLD_COUNT, "one of add min max and or xor");
  }
  if (parts & PART_ROUNDING) {
    spec.detail = (uint16_t)parse_word(p, rounding_names, TG_ROUNDING_COUNT, "one of even down up zero");
  }
  if (parts & PART_TYPE) {
    spec.type = parse_type(p);
  }
  if (parts & PART_LITERAL) {
    spec.imm = parse_literal(p, spec.type);
  } else if (parts & PART_INT) {
    spec.imm = parse_int(p, "an integer", UINT64_MAX);
  }
  if (parts & PART_LIST) {
    value_list(p);
  } else {
    some_values(p, rule_table[op_table[op].rule].n_args);
  }
  if (parts & PART_POSITION) {
    spec.position = parse_position(p);
  }
  uint32_t first = add(p, &spec, where, base);
  parse_bind(p, names, n_results, first);
}

/* entry = INT INT VALUE. Numbers too large for the matrix are left to the checker, which says so. */
static void entry(parser *p)
{
  uint64_t row = parse_int(p, "a row", UINT64_MAX);
  uint64_t column = parse_int(p, "a column", UINT64_MAX);
  uint32_t value = parse_use(p);
  if (!vec_room(&p->g->context->allocator, &p->entries, 1)) {
    parse_no_memory(p);
    return;
  }
  p->entries.data[p->entries.n++] = (tg_entry){.row = row < UINT32_MAX ? (uint32_t)row : UINT32_MAX,
                                               .column = column < UINT32_MAX ? (uint32_t)column : UINT32_MAX,
                                               .value = value};
}

/* "linear" ( "int" | "gf2" | "mod" INT | "float" ) ( "auto" | "csr" | "dense" ) values "{" [ entry ( "," entry )* ] "}"
 */
static void linear(parser *p, const token *where, size_t names)
{
  node_spec spec = {.op = TG_OP_LINEAR, .n_results = p->names.n - names};
  size_t base = p->values.n;
  if (spec.n_results == 0) {
    graph_fail(parse_at(p, where), TG_PARSE, "linear has at least one result, but no name stands before it");
    return;
  }
  int ring = parse_word(p, ring_names, TG_RING_COUNT, "one of int gf2 mod float");
  if (ring == TG_RING_MOD) {
    spec.imm = parse_int(p, "a modulus", UINT64_MAX);
  }
  int format = parse_word(p, format_names, TG_FORMAT_COUNT, "one of auto csr dense");
  spec.detail = (uint16_t)(ring | format << 8);
  value_list(p);
  parse_expect(p, "{");
  p->entries.n = 0;
  if (parse_ok(p) && !parse_is_next(p, "}")) {
    do {
      entry(p);
    } while (parse_accept(p, ","));
  }
  parse_expect(p, "}");
  spec.entries = p->entries.data;
  spec.n_entries = p->entries.n;
  uint32_t first = add(p, &spec, where, base);
  parse_bind(p, names, spec.n_results, first);
}

static void nodes(parser *p);

/* init = VALUE "=" VALUE */
static void init(parser *p)
{
  if (parse_define(p) && parse_expect(p, "=")) {
    parse_push(p, parse_use(p));
  }
}

/* "loop" init ( "," init )* [ "@" INT ] "{" node* "test" VALUE node* "yield" values "}" */
static void loop(parser *p, const token *where, size_t names)
{
  node_spec spec = {.op = TG_OP_LOOP}, test = {.op = TG_OP_TEST}, yield = {.op = TG_OP_YIELD};
  size_t base = p->values.n, n_names = p->names.n - names;
  bool has_count = p->g->scopes.data[p->g->scope].kind == SCOPE_UNIFORM;
  do {
    init(p);
  } while (parse_accept(p, ","));
  spec.position = parse_position(p);
  size_t n_carried = p->values.n - base;
  if (!want_names(p, where, n_carried + (has_count ? 1 : 0), n_names)) {
    return;
  }
  parse_expect(p, "{");
  uint32_t first = add(p, &spec, where, base);
  parse_bind(p, names + n_names, n_carried, first);
  nodes(p);
  token word = p->tok;
  if (parse_accept(p, "test") || parse_unexpected(p, "a node, or the `test` that ends the loop's condition")) {
    some_values(p, 1);
  }
  add(p, &test, &word, base);
  nodes(p);
  word = p->tok;
  if (parse_accept(p, "yield") || parse_unexpected(p, "a node, or the `yield` that ends the loop's step")) {
    value_list(p);
  }
  first = add(p, &yield, &word, base);
  parse_expect(p, "}");
  parse_bind(p, names, n_names, first);
}

/* node* "yield" values "}", of a branch, and the "{" of the next body. The node is added when it is known whether there
 * is one: if not, it gives the branch's first result. */
static bool body(parser *p, uint32_t *first)
{
  node_spec spec = {.op = TG_OP_YIELD};
  size_t base = p->values.n;
  nodes(p);
  token word = p->tok;
  if (parse_accept(p, "yield") || parse_unexpected(p, "a node, or the `yield` that ends the branch's body")) {
    value_list(p);
  }
  bool is_closed = parse_accept(p, "}"), has_more = is_closed && parse_accept(p, "{");
  spec.detail = has_more ? 0 : 1;
  *first = add(p, &spec, &word, base);
  if (!is_closed) {
    parse_expect(p, "}");
  }
  return parse_ok(p) && has_more;
}

/* "branch" VALUE ( "{" node* "yield" values "}" )+ */
static void branch(parser *p, const token *where, size_t names)
{
  node_spec spec = {.op = TG_OP_BRANCH};
  size_t base = p->values.n, n_names = p->names.n - names, index = p->g->nodes.n;
  uint32_t first = TG_POISON;
  some_values(p, 1);
  parse_expect(p, "{");
  add(p, &spec, where, base);
  while (parse_ok(p) && body(p, &first)) {
  }
  if (parse_ok(p) && want_names(p, where, p->g->nodes.data[index].n_results, n_names)) {
    parse_bind(p, names, n_names, first);
  }
}

/* The operation that the next token names, which is taken. */
static bool op_word(parser *p, tg_op *op, token *t)
{
  if (!parse_take(p, TOKEN_WORD, "a node", t)) {
    return false;
  }
  int found = op_find(t->s, t->n);
  if (found >= 0 && !(op_table[found].flags & TG_MARKER)) {
    *op = (tg_op)found;
    return true;
  }
  char shown[TOKEN_SHOWN];
  const char *nearest = op_nearest(t->s, t->n);
  graph_fail(parse_at(p, t), TG_PARSE, found >= 0 ? "%s does not stand here" : "%s is no operation",
             token_show(t, shown));
  if (found == TG_OP_UNIFORM) {
    parse_hint(p, "the uniform block comes before every other node");
  } else if (name_find(operand_kind_names, TG_OPERAND_KIND_COUNT, t->s, t->n) >= 0) {
    parse_hint(p, "operands are declared before the first node");
  } else if (found < 0 && (parse_is_next(p, "=") || parse_is_next(p, ","))) {
    error_hint(&p->g->error, "results begin with %%: write `%%%.*s`", (int)(t->n < 100 ? t->n : 100), t->s);
  } else if (found < 0 && nearest != NULL) {
    error_hint(&p->g->error, "did you mean `%s`?", nearest);
  }
  return false;
}

/* node = [ values "=" ] op */
static void node(parser *p)
{
  tg_op op;
  token where;
  size_t names = p->names.n;
  if (p->tok.kind == TOKEN_VALUE) {
    do {
      parse_define(p);
    } while (parse_accept(p, ","));
    parse_expect(p, "=");
  }
  if (!parse_ok(p) || !op_word(p, &op, &where)) {
    return;
  }
  if (op == TG_OP_LOOP) {
    loop(p, &where, names);
  } else if (op == TG_OP_BRANCH) {
    branch(p, &where, names);
  } else if (op == TG_OP_LINEAR) {
    linear(p, &where, names);
  } else {
    plain(p, op, &where, names);
  }
  p->names.n = names;
}

/* node*, up to what ends a body */
static void nodes(parser *p)
{
  while (parse_ok(p) && (p->tok.kind == TOKEN_VALUE || p->tok.kind == TOKEN_WORD) && !parse_is_next(p, "test") &&
         !parse_is_next(p, "yield")) {
    node(p);
  }
}

/* ---- the file ---- */

/* operand = "param" NAME TYPE [ "=" literal ] | KIND NAME MODE */
static bool operand(parser *p)
{
  int kind = p->tok.kind == TOKEN_WORD ? name_find(operand_kind_names, TG_OPERAND_KIND_COUNT, p->tok.s, p->tok.n) : -1;
  token t;
  uint32_t other;
  char shown[TOKEN_SHOWN];
  if (!parse_ok(p) || kind < 0) {
    return false;
  }
  parse_advance(p);
  if (!parse_name(p, "a name for the operand", &t)) {
    return false;
  }
  if (symtab_get(&p->operands, t.s, t.n, &other)) {
    return graph_fail(parse_at(p, &t), TG_PARSE, "operand %s is declared twice", token_show(&t, shown));
  }
  tg_mode mode = kind == TG_PARAM ? (tg_mode)parse_type(p) : parse_mode(p);
  if (!parse_ok(p)) {
    return false;
  }
  uint32_t index = graph_declare(parse_at(p, &t), (tg_operand_kind)kind, t.s, t.n, mode);
  if (parse_ok(p) && !symtab_put(&p->operands, t.s, t.n, index)) {
    return parse_no_memory(p);
  }
  if (kind == TG_PARAM && parse_accept(p, "=")) {
    p->g->operands.data[index].has_default = true;
    p->g->operands.data[index].default_bits = parse_literal(p, (tg_type)mode);
  }
  return parse_ok(p);
}

/* [ "uniform" "{" node* "}" ] */
static void uniform_block(parser *p)
{
  node_spec open = {.op = TG_OP_UNIFORM}, close = {.op = TG_OP_YIELD};
  token word = p->tok;
  if (parse_accept(p, "uniform")) {
    add(p, &open, &word, 0);
    parse_expect(p, "{");
    nodes(p);
    word = p->tok;
    if (parse_accept(p, "}") || parse_unexpected(p, "a node, or the `}` that ends the uniform block")) {
      add(p, &close, &word, 0);
    }
  }
}

/* The comment lines directly before byte `end` of the text, where `graph` stands, without "#" and a space after it. */
static void read_doc(parser *p, const char *s, size_t end)
{
  size_t start = end;
  while (start > 0 && s[start - 1] != '\n') {
    start--;
  }
  size_t first = start;
  for (size_t line = start; line > 0; first = line) {
    do {
      line--;
    } while (line > 0 && s[line - 1] != '\n');
    if (s[line + strspn(s + line, " \t\r")] != '#') {
      break;
    }
  }
  text doc = {.allocator = p->g->context->allocator};
  while (first < start) {
    const char *line = s + first + strspn(s + first, " \t\r") + 1;
    line += *line == ' ' ? 1 : 0;
    size_t n = strcspn(line, "\n") + 1;
    text_bytes(&doc, line, n);
    first = (size_t)(line - s) + n;
  }
  if (doc.failed) {
    parse_no_memory(p);
  } else if (doc.n > 0) {
    p->g->doc = graph_string(p->g, doc.data, doc.n);
  }
  text_free(&doc);
}

/* file = "graph" NAME "{" operand* [ "uniform" "{" node* "}" ] node* "}" */
static void file(parser *p)
{
  token name, last;
  size_t start = (size_t)(p->tok.s - p->lex.s);
  if (!parse_accept(p, "graph")) {
    parse_unexpected(p, "`graph NAME {`");
    return;
  }
  read_doc(p, p->lex.s, start);
  if (parse_name(p, "a name for the graph", &name)) {
    p->g->name = graph_string(p->g, name.s, name.n);
  }
  parse_expect(p, "{");
  while (operand(p)) {
  }
  uniform_block(p);
  nodes(p);
  last = p->tok;
  if (!parse_ok(p) || !parse_is_next(p, "}")) {
    parse_unexpected(p, "a node, or the `}` that ends the graph");
    return;
  }
  tg_graph_finish(parse_at(p, &last), NULL);
  parse_advance(p);
  if (p->tok.kind != TOKEN_END) {
    parse_unexpected(p, "nothing after the graph");
  }
}

tg_status graph_parse(tg_context *context, const char *s, size_t n, tg_graph **out, tg_error *error)
{
  parser p = {.tok = {0}};
  *out = NULL;
  if (n >= UINT32_MAX) {
    return error_set(error, TG_LIMIT, "a text of more than 2^32 bytes");
  }
  tg_status status = tg_graph_create(context, "graph", &p.g);
  if (status != TG_OK) {
    return error_set(error, status, "no memory to read the text");
  }
  lex_init(&p.lex, s, n);
  symtab_init(&p.labels, context->allocator);
  symtab_init(&p.operands, context->allocator);
  parse_advance(&p);
  file(&p);
  symtab_free(&p.labels);
  symtab_free(&p.operands);
  vec_free(&context->allocator, &p.names);
  vec_free(&context->allocator, &p.values);
  vec_free(&context->allocator, &p.entries);
  status = tg_graph_error(p.g, error);
  if (status != TG_OK) {
    tg_graph_destroy(p.g);
    return status;
  }
  p.g->pos = (tg_pos){0, 0, 0};
  *out = p.g;
  return TG_OK;
}
