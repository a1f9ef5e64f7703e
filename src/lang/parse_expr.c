/* parse_expr.c: expressions and types. Each rule of the grammar stands above its function. */
#include "lang/number.h"
#include "lang/parser.h"

#include <string.h>

/* Sets the depth of an operator from its operands. */
static void set_depth(parser *p, tree *t)
{
  const tree *children[] = {t->a, t->b, t->c};
  for (size_t i = 0; i < 3; i++) {
    if (children[i] != NULL && children[i]->depth >= t->depth) {
      t->depth = (uint16_t)(children[i]->depth + 1);
    }
  }
  if (t->depth > LANG_MAX_TREE) {
    t->depth = LANG_MAX_TREE;
    PARSER_FAIL(p, LANG_TOO_DEEP, t->pos, "1000");
  }
}

static tree *poison(parser *p)
{
  return parser_node(p, TREE_POISON, here(p));
}

/* ---- operators ---- */

typedef struct binary_row {
  uint8_t token, op, level;
} binary_row;

enum { LEVEL_EITHER = 1, LEVEL_BOTH, LEVEL_COMPARE, LEVEL_OR, LEVEL_XOR, LEVEL_AND, LEVEL_SHIFT, LEVEL_ADD, LEVEL_MUL };

static const binary_row binary_rows[] = {
    {TOK_EITHER, TREE_EITHER, LEVEL_EITHER}, {TOK_BOTH, TREE_BOTH, LEVEL_BOTH}, {TOK_EQ, TREE_EQ, LEVEL_COMPARE},
    {TOK_NE, TREE_NE, LEVEL_COMPARE},        {TOK_LT, TREE_LT, LEVEL_COMPARE},  {TOK_LE, TREE_LE, LEVEL_COMPARE},
    {TOK_GT, TREE_GT, LEVEL_COMPARE},        {TOK_GE, TREE_GE, LEVEL_COMPARE},  {TOK_OR, TREE_OR, LEVEL_OR},
    {TOK_XOR, TREE_XOR, LEVEL_XOR},          {TOK_AND, TREE_AND, LEVEL_AND},    {TOK_SHL, TREE_SHL, LEVEL_SHIFT},
    {TOK_SHR, TREE_SHR, LEVEL_SHIFT},        {TOK_ADD, TREE_ADD, LEVEL_ADD},    {TOK_SUB, TREE_SUB, LEVEL_ADD},
    {TOK_MUL, TREE_MUL, LEVEL_MUL},          {TOK_DIV, TREE_DIV, LEVEL_MUL},    {TOK_REM, TREE_REM, LEVEL_MUL},
};

static const char *const op_spellings[TREE_OP_COUNT] = {
    [TREE_NEG] = "-",     [TREE_LOGICAL_NOT] = "!", [TREE_COMPLEMENT] = "~", [TREE_MUL] = "*",  [TREE_DIV] = "/",
    [TREE_REM] = "%",     [TREE_ADD] = "+",         [TREE_SUB] = "-",        [TREE_SHL] = "<<", [TREE_SHR] = ">>",
    [TREE_AND] = "&",     [TREE_XOR] = "^",         [TREE_OR] = "|",         [TREE_EQ] = "==",  [TREE_NE] = "!=",
    [TREE_LT] = "<",      [TREE_LE] = "<=",         [TREE_GT] = ">",         [TREE_GE] = ">=",  [TREE_BOTH] = "&&",
    [TREE_EITHER] = "||",
};

const char *tree_op_spelling(tree_op op)
{
  return op_spellings[op];
}

static const binary_row *find_binary(const parser *p)
{
  for (size_t i = 0; !p->panic && i < sizeof binary_rows / sizeof binary_rows[0]; i++) {
    if (binary_rows[i].token == peek(p)->kind) {
      return &binary_rows[i];
    }
  }
  return NULL;
}

/* ---- primaries ---- */

static tree *parse_number(parser *p, tree_kind kind)
{
  const lang_token *t = peek(p);
  tree *node = parser_node(p, kind, here(p));
  number_text number = number_scan(p->tokens->text + t->at, t->n);
  node->op = t->detail;
  node->text = p->tokens->text + t->at;
  node->n_text = (uint32_t)number.n_digits;
  if (kind == TREE_INT) {
    number_integer(node->text, node->n_text, &node->bits);
  }
  parser_pass(p);
  return node;
}

/* arguments = [ expr { "," expr } ] ")" */
tree *parse_arguments(parser *p)
{
  tree_list list = {0};
  lang_pos open = here(p);
  while (!p->panic && !at_kind(p, TOK_CLOSE)) {
    parser_append(&list, parse_expression(p));
    if (list.n > 256) {
      PARSER_FAIL(p, LANG_TOO_MANY, open, "256", "arguments", "put them in structs or arrays");
    }
    if (!parser_accept(p, TOK_COMMA)) {
      break;
    }
  }
  parser_expect(p, TOK_CLOSE, "");
  return list.first;
}

/* call = ( NAME | SCALAR ) "(" arguments */
static tree *parse_word(parser *p)
{
  const lang_token *t = peek(p);
  lang_pos pos = here(p);
  bool is_call = parser_second(p)->kind == TOK_OPEN;
  if (t->kind == TOK_TYPE && !is_call) {
    parser_pass(p);
    parser_expected(p, "'(' after the type", "a type here converts: f64(x)");
    return poison(p);
  }
  tree *node = parser_node(p, t->kind == TOK_TYPE ? TREE_CONVERT : is_call ? TREE_CALL : TREE_NAME, pos);
  node->name = t->name;
  node->op = t->detail;
  parser_pass(p);
  if (is_call) {
    parser_pass(p);
    node->a = parse_arguments(p);
    for (const tree *a = p->panic ? NULL : node->a; a != NULL; a = a->next) {
      node->depth = a->depth >= node->depth ? (uint16_t)(a->depth + 1) : node->depth;
    }
    set_depth(p, node);
  }
  return node;
}

/* list = "[" expr ( ";" expr | { "," expr } [ "," ] ) "]" */
static tree *parse_list(parser *p)
{
  tree *node = parser_node(p, TREE_LIST, here(p));
  tree_list list = {0};
  parser_pass(p);
  while (!p->panic && (list.n == 0 || !at_kind(p, TOK_CLOSE_BRACKET))) {
    parser_append(&list, parse_expression(p));
    if (list.n == 1 && parser_accept(p, TOK_SEMICOLON)) {
      node->kind = TREE_FILL;
      node->b = parse_expression(p);
      break;
    }
    if (!parser_accept(p, TOK_COMMA)) {
      break;
    }
  }
  node->a = list.first;
  parser_expect(p, TOK_CLOSE_BRACKET, "");
  return node;
}

static const char *expression_hint(tok_kind kind)
{
  if (kind == TOK_IF || kind == TOK_MATCH) {
    return "a condition inside an expression is c ? a : b";
  }
  if (kind == TOK_STRING) {
    return "text stands in imports and default files only";
  }
  return kind == TOK_ADD ? "there is no + before an operand" : "";
}

/* primary = INT | FLOAT | "true" | "false" | NAME | call | "(" expr ")" | list */
static tree *parse_primary(parser *p)
{
  if (p->panic) {
    return poison(p);
  }
  tok_kind kind = (tok_kind)peek(p)->kind;
  lang_pos pos = here(p);
  if (kind == TOK_INT || kind == TOK_FLOAT) {
    return parse_number(p, kind == TOK_INT ? TREE_INT : TREE_FLOAT);
  }
  if (kind == TOK_NAME || kind == TOK_TYPE) {
    return parse_word(p);
  }
  if (kind == TOK_OPEN_BRACKET) {
    return parse_list(p);
  }
  if (kind == TOK_TRUE || kind == TOK_FALSE) {
    tree *node = parser_node(p, TREE_BOOL, pos);
    node->bits = kind == TOK_TRUE;
    parser_pass(p);
    return node;
  }
  if (parser_accept(p, TOK_OPEN)) {
    tree *inner = parse_expression(p);
    parser_expect(p, TOK_CLOSE, "");
    return inner;
  }
  if (kind >= TOK_PUB && kind <= TOK_SPAWN) {
    parser_expected(p, "an expression", "");
  } else {
    PARSER_FAIL(p, LANG_EXPECTED_EXPRESSION, pos, parser_found(p), expression_hint(kind));
  }
  return poison(p);
}

/* postfix = primary { "[" expr "]" | "." NAME } */
static tree *parse_postfix(parser *p)
{
  tree *left = parse_primary(p);
  while (at_kind(p, TOK_OPEN_BRACKET) || at_kind(p, TOK_DOT)) {
    bool is_index = at_kind(p, TOK_OPEN_BRACKET);
    tree *node = parser_node(p, is_index ? TREE_INDEX : TREE_MEMBER, left->pos);
    parser_pass(p);
    node->a = left;
    if (is_index) {
      node->b = parse_expression(p);
      parser_expect(p, TOK_CLOSE_BRACKET, "");
    } else {
      node->name_pos = here(p);
      node->name = parser_name(p, "the name of a field");
    }
    set_depth(p, node);
    left = node;
  }
  return left;
}

/* unary = ( "-" | "!" | "~" ) unary | postfix */
static tree *parse_unary(parser *p)
{
  tree_op op = at_kind(p, TOK_SUB)     ? TREE_NEG
               : at_kind(p, TOK_NOT)   ? TREE_LOGICAL_NOT
               : at_kind(p, TOK_TILDE) ? TREE_COMPLEMENT
                                       : TREE_OP_COUNT;
  if (op == TREE_OP_COUNT) {
    return parse_postfix(p);
  }
  tree *node = parser_node(p, TREE_UNARY, here(p));
  node->op = (uint8_t)op;
  parser_pass(p);
  node->a = parser_enter(p) ? parse_unary(p) : poison(p);
  parser_leave(p);
  set_depth(p, node);
  return node;
}

/* binary = unary { OPERATOR unary }, by levels */
static tree *parse_binary(parser *p, int level)
{
  tree *left = parse_unary(p);
  bool has_compared = false;
  const binary_row *row;
  while ((row = find_binary(p)) != NULL && row->level >= level) {
    if (row->level == LEVEL_COMPARE && has_compared) {
      PARSER_FAIL(p, LANG_CHAIN, here(p), NULL);
    }
    has_compared = row->level == LEVEL_COMPARE;
    tree *node = parser_node(p, TREE_BINARY, here(p));
    node->op = row->op;
    node->a = left;
    parser_pass(p);
    node->b = parse_binary(p, row->level + 1);
    set_depth(p, node);
    left = node;
  }
  return left;
}

static void reject_increment(parser *p)
{
  if (at_kind(p, TOK_INCREMENT)) {
    PARSER_FAIL(p, LANG_INCREMENT, here(p), "++", "+= 1");
  } else if (at_kind(p, TOK_DECREMENT)) {
    PARSER_FAIL(p, LANG_INCREMENT, here(p), "--", "-= 1, or - -x with a space");
  }
}

/* expr = binary [ "?" expr ":" expr ] */
tree *parse_expression(parser *p)
{
  tree *condition = poison(p);
  if (parser_enter(p)) {
    condition = parse_binary(p, LEVEL_EITHER);
    reject_increment(p);
  }
  if (at_kind(p, TOK_QUESTION)) {
    tree *node = parser_node(p, TREE_COND, here(p));
    parser_pass(p);
    node->a = condition;
    node->b = parse_expression(p);
    parser_expect(p, TOK_COLON, "a condition in an expression is c ? a : b");
    node->c = parse_expression(p);
    set_depth(p, node);
    condition = node;
  }
  parser_leave(p);
  return condition;
}

/* type = SCALAR | NAME | "[" type [ ";" expr ] "]" */
tree *parse_written_type(parser *p)
{
  tree *node = parser_node(p, TREE_SCALAR, here(p));
  if (!parser_enter(p)) {
    parser_leave(p);
    return node;
  }
  if (at_kind(p, TOK_TYPE)) {
    node->op = peek(p)->detail;
    parser_pass(p);
  } else if (at_kind(p, TOK_NAME)) {
    node->kind = TREE_NAMED;
    node->name = parser_name(p, "a type");
  } else if (parser_accept(p, TOK_OPEN_BRACKET)) {
    node->kind = TREE_ARRAY;
    node->a = parse_written_type(p);
    node->b = parser_accept(p, TOK_SEMICOLON) ? parse_expression(p) : NULL;
    parser_expect(p, TOK_CLOSE_BRACKET, "");
  } else if (!p->panic) {
    parser_expected(p, "a type", "types are bool, i8 to i64, u8 to u64, f32, f64, structs, [T] and [T; N]");
  }
  parser_leave(p);
  return node;
}
