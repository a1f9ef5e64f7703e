/* parse.c: files, items and the declarations of machines. Each rule of the grammar stands above its function. */
#include "lang/parser.h"

#include <string.h>

/* The text of a string, without its quotes. */
static const char *take_string(parser *p, const char *what)
{
  if (!at_kind(p, TOK_STRING)) {
    if (!p->panic) {
      parser_expected(p, what, "write it in quotes");
    }
    return "";
  }
  const lang_token *t = peek(p);
  const char *s = arena_string(p->l->memory, p->tokens->text + t->at + 1, t->n - 2);
  parser_pass(p);
  return s == NULL ? "" : s;
}

/* import = "import" STRING ";" */
static tree *parse_import(parser *p)
{
  parser_pass(p);
  tree *node = parser_node(p, TREE_IMPORT, here(p));
  node->text = take_string(p, "the name of a file");
  parser_expect(p, TOK_SEMICOLON, "an import ends with ';'");
  return node;
}

/* field = NAME ":" type */
static tree *parse_field(parser *p, bool may_be_shared)
{
  tree *node = parser_node(p, TREE_FIELD, here(p));
  node->op = may_be_shared && parser_accept(p, TOK_SHARED);
  node->pos = node->name_pos = here(p);
  node->name = parser_name(p, "a name");
  parser_expect(p, TOK_COLON, "a name is followed by its type: x: f64");
  node->a = parse_written_type(p);
  return node;
}

/* struct = "struct" NAME "{" { NAME ":" type ";" } "}" */
static tree *parse_struct(parser *p)
{
  tree *node = parser_node(p, TREE_STRUCT, here(p));
  tree_list fields = {0};
  parser_pass(p);
  node->name_pos = here(p);
  node->name = parser_name(p, "the name of the struct");
  parser_expect(p, TOK_OPEN_BRACE, "");
  while (!p->panic && !at_kind(p, TOK_CLOSE_BRACE)) {
    parser_append(&fields, parse_field(p, false));
    parser_expect(p, TOK_SEMICOLON, "a field ends with ';'");
    if (fields.n > 64) {
      PARSER_FAIL(p, LANG_TOO_MANY, fields.last->pos, "64", "fields", "divide the struct");
    }
  }
  node->a = fields.first;
  parser_expect(p, TOK_CLOSE_BRACE, "");
  return node;
}

/* "(" [ field { "," field } ] ")" */
static tree *parse_fields(parser *p, uint32_t most, bool may_be_shared)
{
  tree_list list = {0};
  parser_expect(p, TOK_OPEN, "");
  while (!p->panic && !at_kind(p, TOK_CLOSE)) {
    parser_append(&list, parse_field(p, may_be_shared));
    if (list.n > most) {
      PARSER_FAIL(p, LANG_TOO_MANY, list.last->pos, lang_format(p->l, "%u", (unsigned)most), "names here",
                  "use arrays");
    }
    if (!parser_accept(p, TOK_COMMA)) {
      break;
    }
  }
  parser_expect(p, TOK_CLOSE, "");
  return list.first;
}

/* results = type | "(" type "," type { "," type } ")" */
static tree *parse_results(parser *p)
{
  tree_list list = {0};
  if (!at_kind(p, TOK_OPEN)) {
    return parse_written_type(p);
  }
  parser_pass(p);
  do {
    parser_append(&list, parse_written_type(p));
    if (list.n > 64) {
      PARSER_FAIL(p, LANG_TOO_MANY, list.last->pos, "64", "results", "return a struct or an array");
    }
  } while (parser_accept(p, TOK_COMMA));
  parser_expect(p, TOK_CLOSE, "");
  return list.first;
}

/* function = "fn" NAME "(" fields ")" [ "->" results ] block */
static tree *parse_function(parser *p)
{
  tree *node = parser_node(p, TREE_FUNCTION, here(p));
  parser_pass(p);
  node->name_pos = here(p);
  node->name = parser_name(p, "the name of the function");
  node->a = parse_fields(p, 256, false);
  node->b = parser_accept(p, TOK_GIVES) ? parse_results(p) : NULL;
  node->c = parse_block(p);
  return node;
}

/* kernel = "kernel" NAME "(" operands ")" "->" "(" field { "," field } ")" block */
static tree *parse_kernel(parser *p)
{
  tree *node = parser_node(p, TREE_KERNEL, here(p));
  parser_pass(p);
  node->name_pos = here(p);
  node->name = parser_name(p, "the name of the kernel");
  node->a = parse_fields(p, 512, true);
  parser_expect(p, TOK_GIVES, "a kernel has results: -> (y: [f64])");
  if (!p->panic && parser_second(p)->kind == TOK_CLOSE) {
    parser_pass(p);
    parser_expected(p, "a result", "a kernel has results: -> (y: [f64])");
  }
  node->b = parse_fields(p, 512, false);
  node->c = parse_block(p);
  return node;
}

/* [ "in" expr ( ".." | "..=" ) expr ] */
static tree *parse_range(parser *p)
{
  if (!parser_accept(p, TOK_IN)) {
    return NULL;
  }
  tree *range = parser_node(p, TREE_RANGE, here(p));
  range->a = parse_expression(p);
  range->op = at_kind(p, TOK_TO_INCLUDED);
  if (!parser_accept(p, TOK_TO_INCLUDED)) {
    parser_expect(p, TOK_TO, "a range is low..=high, or low..high without high");
  }
  range->b = parse_expression(p);
  return range;
}

/* param = "param" NAME ":" type [ "=" expr ] [ range ] ";"
 * in    = "in" NAME ":" type [ "=" STRING ] ";"
 * out   = "out" NAME ":" type ";" */
static tree *parse_declaration(parser *p)
{
  tok_kind kind = (tok_kind)peek(p)->kind;
  tree_kind node_kind = kind == TOK_PARAM ? TREE_PARAM : kind == TOK_IN ? TREE_INPUT : TREE_OUTPUT;
  parser_pass(p);
  tree *node = parser_node(p, node_kind, here(p));
  node->name = parser_name(p, "a name");
  parser_expect(p, TOK_COLON, "a name is followed by its type: x: f64");
  node->a = parse_written_type(p);
  if (kind == TOK_PARAM) {
    node->b = parser_accept(p, TOK_SET) ? parse_expression(p) : NULL;
    node->c = parse_range(p);
  } else if (kind == TOK_IN && parser_accept(p, TOK_SET)) {
    node->text = take_string(p, "the name of a file");
  }
  parser_expect(p, TOK_SEMICOLON, "a declaration ends with ';'");
  return node;
}

/* report = "report" "{" { NAME "=" expr ";" | "let" NAME "=" expr ";" } "}" */
static tree *parse_report(parser *p)
{
  tree *node = parser_node(p, TREE_REPORT, here(p));
  tree_list entries = {0};
  lang_pos open = here(p);
  parser_pass(p);
  parser_expect(p, TOK_OPEN_BRACE, "");
  while (!p->panic && !at_kind(p, TOK_CLOSE_BRACE) && !at_kind(p, TOK_END)) {
    bool is_let = parser_accept(p, TOK_LET);
    tree *entry = parser_node(p, TREE_ENTRY, here(p));
    entry->op = is_let;
    entry->name = parser_name(p, "the name of a line of the report");
    parser_expect(p, TOK_SET, "a line of the report is name = expression;");
    entry->b = parse_expression(p);
    parser_expect(p, TOK_SEMICOLON, "a line of the report ends with ';'");
    parser_append(&entries, entry);
  }
  node->a = entries.first;
  if (!parser_accept(p, TOK_CLOSE_BRACE) && !p->panic) {
    PARSER_FAIL(p, LANG_NOT_CLOSED, open, "report", "'}'");
  }
  return node;
}

static bool at_declaration(const parser *p)
{
  return at_kind(p, TOK_PARAM) || at_kind(p, TOK_IN) || at_kind(p, TOK_OUT);
}

static void parse_machine_body(parser *p, tree *node)
{
  tree_list declarations = {0};
  lang_pos open = here(p);
  parser_expect(p, TOK_OPEN_BRACE, "");
  while (at_declaration(p)) {
    parser_append(&declarations, parse_declaration(p));
    if (p->panic) {
      parser_recover(p);
    }
    if (declarations.n > TG_MAX_OPERANDS) {
      PARSER_FAIL(p, LANG_TOO_MANY, declarations.last->pos, "1024", "operands", "use arrays");
    }
  }
  node->a = declarations.first;
  node->b = parser_node(p, TREE_BLOCK, open);
  node->b->a = parse_statements(p);
  node->c = at_kind(p, TOK_REPORT) ? parse_report(p) : NULL;
  if (p->panic || parser_accept(p, TOK_CLOSE_BRACE)) {
    return;
  }
  if (peek(p)->kind == TOK_END || parser_at_item(p)) {
    PARSER_FAIL(p, LANG_NOT_CLOSED, open, "machine", "'}'");
  } else {
    PARSER_FAIL(p, LANG_REPORT_ORDER, here(p), NULL);
  }
}

/* machine = "machine" NAME "{" { declaration } { statement } [ report ] "}" */
static tree *parse_machine(parser *p)
{
  tree *node = parser_node(p, TREE_MACHINE, here(p));
  parser_pass(p);
  node->name_pos = here(p);
  node->name = parser_name(p, "the name of the machine");
  parse_machine_body(p, node);
  return node;
}

static tree *parse_item(parser *p, const tree_list *before)
{
  tok_kind kind = (tok_kind)peek(p)->kind;
  if (kind == TOK_FN) return parse_function(p);
  if (kind == TOK_KERNEL) return parse_kernel(p);
  if (kind == TOK_MACHINE) return parse_machine(p);
  if (kind == TOK_STRUCT) return parse_struct(p);
  if (kind == TOK_CONST) return parse_const(p);
  if (kind == TOK_IMPORT) {
    if (before->last != NULL && before->last->kind != TREE_IMPORT) {
      PARSER_FAIL(p, LANG_IMPORT_ORDER, here(p), NULL);
    }
    return parse_import(p);
  }
  if (kind >= TOK_PUB && kind <= TOK_SPAWN) {
    PARSER_FAIL(p, LANG_RESERVED, here(p), tok_spelling(kind));
  } else if (p->has_failed) {
    p->panic = true; /* most likely the rest of what failed */
  } else {
    PARSER_FAIL(p, LANG_EXPECTED_ITEM, here(p), parser_found(p));
  }
  return parser_node(p, TREE_POISON, here(p));
}

/* Passes what belongs to an item with an error, up to where one may begin: a word of an item, or a `const` outside
 * braces. */
static void recover_item(parser *p)
{
  uint32_t depth = 0;
  size_t start = p->at;
  while (peek(p)->kind != TOK_END) {
    tok_kind kind = (tok_kind)peek(p)->kind;
    if (parser_at_item(p) || (kind == TOK_CONST && depth == 0 && p->at > start)) {
      break;
    }
    if (kind == TOK_OPEN_BRACE) {
      depth++;
    } else if (kind == TOK_CLOSE_BRACE && depth > 0) {
      depth--;
    }
    parser_pass(p);
  }
  p->panic = false;
}

/* file = { import } { item } */
tree *parse_file(lang *l, const lang_tokens *tokens)
{
  parser p = {.l = l, .tokens = tokens};
  tree_list items = {0};
  if (l->memory->failed || tokens->list.n == 0) {
    return NULL;
  }
  p.at = 0;
  while (tokens->list.data[p.at].kind == TOK_COMMENT) {
    p.at++;
  }
  tree *file = parser_node(&p, TREE_FILE, here(&p));
  while (peek(&p)->kind != TOK_END && !l->memory->failed) {
    size_t start = p.at;
    parser_append(&items, parse_item(&p, &items));
    if (p.panic) {
      if (p.at == start) {
        parser_pass(&p);
      }
      recover_item(&p);
    }
  }
  file->a = items.first;
  return l->memory->failed ? NULL : file;
}
