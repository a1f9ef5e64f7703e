/* parse_stmt.c: statements, and where to go on after an error in one. Each rule of the grammar stands above its
 * function. */
#include "lang/parser.h"

/* ---- going on ---- */

/* Whether an item begins here that cannot stand in a block. */
bool parser_at_item(const parser *p)
{
  tok_kind kind = (tok_kind)peek(p)->kind;
  return kind == TOK_FN || kind == TOK_KERNEL || kind == TOK_MACHINE || kind == TOK_STRUCT || kind == TOK_IMPORT;
}

/* Whether the next token is the last of its line, or of its block: a `;` in the middle of a line may be that of an
 * array. */
static bool ends_line(const parser *p)
{
  const lang_token *after = parser_second(p);
  return after->line > peek(p)->line || after->kind == TOK_CLOSE_BRACE || after->kind == TOK_END;
}

/* Passes the rest of a statement in which an error was found: to behind its `;` or its braces, or to before the brace
 * that closes the block around it, or to an item, where the error is left standing for the file's loop. */
void parser_recover(parser *p)
{
  uint32_t depth = 0;
  if (p->l->memory->failed) {
    return;
  }
  for (;; parser_pass(p)) {
    tok_kind kind = (tok_kind)peek(p)->kind;
    if (kind == TOK_END || parser_at_item(p)) {
      return;
    }
    if (kind == TOK_OPEN_BRACE) {
      depth++;
    } else if (kind == TOK_CLOSE_BRACE) {
      if (depth == 0) {
        break;
      }
      if (--depth == 0 && parser_second(p)->kind != TOK_ELSE) {
        parser_pass(p);
        break;
      }
    } else if (kind == TOK_SEMICOLON && depth == 0 && ends_line(p)) {
      parser_pass(p);
      break;
    }
  }
  p->panic = false;
  parser_accept(p, TOK_SEMICOLON); /* after braces in the middle of a statement */
}

/* ---- statements ---- */

static bool end_statement(parser *p)
{
  return parser_expect(p, TOK_SEMICOLON, "a statement ends with ';'");
}

/* const = "const" NAME [ ":" type ] "=" expr ";" */
tree *parse_const(parser *p)
{
  tree *node = parser_node(p, TREE_CONST, here(p));
  parser_pass(p);
  node->name_pos = here(p);
  node->name = parser_name(p, "the name of the constant");
  node->a = parser_accept(p, TOK_COLON) ? parse_written_type(p) : NULL;
  parser_expect(p, TOK_SET, "a constant has a value");
  node->b = parse_expression(p);
  end_statement(p);
  return node;
}

/* `_` is scanned as a name. */
static bool is_underscore(const parser *p, const lang_token *t)
{
  return t->kind == TOK_NAME && t->n == 1 && p->tokens->text[t->at] == '_';
}

/* name = ( NAME | "_" ) [ ":" type ] */
static tree *parse_target(parser *p)
{
  tree *node = parser_node(p, TREE_TARGET, here(p));
  if (!p->panic && is_underscore(p, peek(p))) {
    parser_pass(p);
  } else {
    node->name = parser_name(p, "the name of a variable");
  }
  node->a = parser_accept(p, TOK_COLON) ? parse_written_type(p) : NULL;
  return node;
}

/* variable = ( "let" | "var" ) name { "," name } [ "=" expr ] ";" */
static tree *parse_variable(parser *p)
{
  bool is_let = at_kind(p, TOK_LET);
  tree *node = parser_node(p, is_let ? TREE_LET : TREE_VAR, here(p));
  tree_list targets = {0};
  parser_pass(p);
  do {
    parser_append(&targets, parse_target(p));
  } while (parser_accept(p, TOK_COMMA));
  node->a = targets.first;
  if (is_let && !at_kind(p, TOK_SET)) {
    parser_expect(p, TOK_SET, "a let has its value at once; a var may wait");
  } else if (parser_accept(p, TOK_SET)) {
    node->b = parse_expression(p);
  }
  end_statement(p);
  return node;
}

/* A condition, or whatever stands before a block. */
static tree *parse_head(parser *p)
{
  tree *head = parse_expression(p);
  if (at_kind(p, TOK_SET)) {
    PARSER_FAIL(p, LANG_ASSIGN_IN_EXPRESSION, here(p), NULL);
  }
  return head;
}

/* block = "{" { statement } "}" */
tree *parse_block(parser *p)
{
  lang_pos open = here(p);
  tree *node = parser_node(p, TREE_BLOCK, open);
  if (parser_enter(p) && parser_expect(p, TOK_OPEN_BRACE, "a block stands in braces")) {
    node->a = parse_statements(p);
    bool is_closed = parser_accept(p, TOK_CLOSE_BRACE);
    if (!is_closed && !p->panic && peek(p)->kind != TOK_END && !p->has_failed) {
      PARSER_FAIL(p, LANG_ITEM_IN_BLOCK, here(p), tok_spelling((tok_kind)peek(p)->kind));
    } else if (!is_closed && !p->has_failed) {
      PARSER_FAIL(p, LANG_NOT_CLOSED, open, "block", "'}'");
    }
    p->panic = p->panic || !is_closed;
  }
  parser_leave(p);
  return node;
}

/* if = "if" expr block [ "else" ( block | if ) ] */
static tree *parse_if(parser *p)
{
  tree *node = parser_node(p, TREE_IF, here(p));
  parser_pass(p);
  node->a = parse_head(p);
  node->b = parse_block(p);
  if (parser_accept(p, TOK_ELSE)) {
    if (at_kind(p, TOK_IF)) {
      node->c = parser_enter(p) ? parse_if(p) : node->b;
      parser_leave(p);
    } else {
      node->c = parse_block(p);
    }
  }
  return node;
}

/* while = "while" expr block        repeat = "repeat" expr block */
static tree *parse_while(parser *p, tree_kind kind)
{
  tree *node = parser_node(p, kind, here(p));
  parser_pass(p);
  node->a = parse_head(p);
  node->b = parse_block(p);
  return node;
}

/* for = "for" NAME "in" expr ".." expr block */
static tree *parse_for(parser *p)
{
  tree *node = parser_node(p, TREE_FOR, here(p));
  parser_pass(p);
  node->name_pos = here(p);
  if (!p->panic && is_underscore(p, peek(p))) {
    parser_pass(p);
  } else {
    node->name = parser_name(p, "the name of a variable");
  }
  parser_expect(p, TOK_IN, "a loop is for i in a..b { }");
  node->a = parser_node(p, TREE_RANGE, here(p));
  node->a->a = parse_expression(p);
  if (at_kind(p, TOK_TO_INCLUDED)) {
    PARSER_FAIL(p, LANG_INCLUSIVE_FOR, here(p), NULL);
  }
  parser_expect(p, TOK_TO, "a loop is for i in a..b { }");
  node->a->b = parse_expression(p);
  node->b = parse_block(p);
  return node;
}

static tree *parse_statement(parser *p);

/* arm = ( expr { "," expr } | "_" ) "=>" statement */
static tree *parse_arm(parser *p)
{
  tree *node = parser_node(p, TREE_ARM, here(p));
  tree_list values = {0};
  if (!p->panic && is_underscore(p, peek(p))) {
    parser_pass(p);
  } else {
    do {
      parser_append(&values, parse_expression(p));
    } while (parser_accept(p, TOK_COMMA));
  }
  node->a = values.first;
  parser_expect(p, TOK_ARM, "an arm is 1, 2 => statement");
  if (p->panic) {
    node->b = parser_node(p, TREE_POISON, here(p));
  } else {
    node->b = parse_statement(p);
  }
  return node;
}

/* match = "match" expr "{" { arm } "}" */
static void parse_arms(parser *p, tree *node)
{
  tree_list arms = {0};
  bool has_default = false;
  lang_pos open = here(p);
  parser_expect(p, TOK_OPEN_BRACE, "the arms stand in braces");
  while (!p->panic && !at_kind(p, TOK_CLOSE_BRACE) && !at_kind(p, TOK_END) && !parser_at_item(p)) {
    if (has_default) {
      PARSER_FAIL(p, LANG_ARM_AFTER_DEFAULT, here(p), NULL);
    }
    tree *arm = parse_arm(p);
    has_default = arm->a == NULL;
    parser_append(&arms, arm);
    if (p->panic) {
      parser_recover(p);
    }
  }
  node->b = arms.first;
  if (!parser_accept(p, TOK_CLOSE_BRACE)) {
    if (!p->has_failed) {
      PARSER_FAIL(p, LANG_NOT_CLOSED, open, "match", "'}'");
    }
    p->panic = true;
  }
}

static tree *parse_match(parser *p)
{
  tree *node = parser_node(p, TREE_MATCH, here(p));
  parser_pass(p);
  node->a = parse_head(p);
  if (parser_enter(p)) {
    parse_arms(p, node);
  }
  parser_leave(p);
  return node;
}

static tree *parse_return(parser *p)
{
  tree *node = parser_node(p, TREE_RETURN, here(p));
  tree_list values = {0};
  parser_pass(p);
  if (!at_kind(p, TOK_SEMICOLON)) {
    do {
      parser_append(&values, parse_expression(p));
    } while (parser_accept(p, TOK_COMMA));
  }
  node->a = values.first;
  end_statement(p);
  return node;
}

static tree *parse_assert(parser *p)
{
  tree *node = parser_node(p, TREE_ASSERT, here(p));
  parser_pass(p);
  parser_expect(p, TOK_OPEN, "an assertion is assert(condition);");
  node->a = parse_head(p);
  parser_expect(p, TOK_CLOSE, "an assertion is assert(condition);");
  end_statement(p);
  return node;
}

static tree *parse_word_alone(parser *p, tree_kind kind)
{
  tree *node = parser_node(p, kind, here(p));
  parser_pass(p);
  end_statement(p);
  return node;
}

/* ---- assignments and calls ---- */

static tree_op update_op(tok_kind kind)
{
  static const struct {
    uint8_t token, op;
  } rows[] = {
      {TOK_ADD_SET, TREE_ADD}, {TOK_SUB_SET, TREE_SUB}, {TOK_MUL_SET, TREE_MUL}, {TOK_DIV_SET, TREE_DIV},
      {TOK_REM_SET, TREE_REM}, {TOK_AND_SET, TREE_AND}, {TOK_OR_SET, TREE_OR},   {TOK_XOR_SET, TREE_XOR},
      {TOK_SHL_SET, TREE_SHL}, {TOK_SHR_SET, TREE_SHR},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (rows[i].token == kind) {
      return (tree_op)rows[i].op;
    }
  }
  return TREE_OP_COUNT;
}

static void check_place(parser *p, const tree *place)
{
  bool is_part = place->kind == TREE_INDEX || place->kind == TREE_MEMBER;
  const tree *whole = is_part ? place->a : place;
  if (whole->kind != TREE_NAME && place->kind != TREE_NOTHING && place->kind != TREE_POISON) {
    PARSER_FAIL(p, LANG_NO_PLACE, place->pos, NULL);
  }
}

static tree *parse_place(parser *p)
{
  if (!p->panic && is_underscore(p, peek(p))) {
    tree *node = parser_node(p, TREE_NOTHING, here(p));
    parser_pass(p);
    return node;
  }
  return parse_expression(p);
}

/* What begins with an expression: assignment or call.
 * assignment = target { "," target } "=" expr ";" | place OP "=" expr ";" */
static tree *parse_simple(parser *p)
{
  tree_list places = {0};
  lang_pos pos = here(p);
  do {
    parser_append(&places, parse_place(p));
  } while (parser_accept(p, TOK_COMMA));
  tree_op op = p->panic ? TREE_OP_COUNT : update_op((tok_kind)peek(p)->kind);
  bool is_set = at_kind(p, TOK_SET), is_update = op != TREE_OP_COUNT && places.n == 1;
  tree_kind kind = is_set ? TREE_ASSIGN : is_update ? TREE_UPDATE : TREE_EVALUATE;
  tree *node = parser_node(p, kind, pos);
  node->a = places.first;
  if (is_set || is_update) {
    for (const tree *t = places.first; t != NULL && !p->panic; t = t->next) {
      check_place(p, t);
    }
    node->op = (uint8_t)op;
    parser_pass(p);
    node->b = parse_expression(p);
  } else if (places.n > 1) {
    parser_expect(p, TOK_SET, "several places take the results of one call");
  } else if (places.first->kind != TREE_CALL && places.first->kind != TREE_POISON && at_kind(p, TOK_SEMICOLON)) {
    PARSER_FAIL(p, LANG_NO_STATEMENT, pos, NULL);
  }
  end_statement(p);
  return node;
}

static void reject_declaration(parser *p)
{
  if (p->has_failed) {
    p->panic = true; /* most likely an error made the declarations end early */
  } else {
    PARSER_FAIL(p, LANG_DECLARATION_ORDER, here(p), tok_spelling((tok_kind)peek(p)->kind));
  }
}

static tree *parse_other(parser *p, tok_kind kind)
{
  if (kind == TOK_PARAM || kind == TOK_IN || kind == TOK_OUT) {
    reject_declaration(p);
  } else if (kind == TOK_REPORT) {
    PARSER_FAIL(p, LANG_REPORT_ORDER, here(p), NULL);
  } else if (parser_at_item(p)) {
    PARSER_FAIL(p, LANG_ITEM_IN_BLOCK, here(p), tok_spelling(kind));
  } else if (tok_is_word(kind) && kind != TOK_TRUE && kind != TOK_FALSE) {
    parser_expected(p, "a statement", "");
  } else {
    return parse_simple(p);
  }
  return parser_node(p, TREE_POISON, here(p));
}

static tree *parse_statement(parser *p)
{
  tok_kind kind = (tok_kind)peek(p)->kind;
  if (kind == TOK_CONST) return parse_const(p);
  if (kind == TOK_LET || kind == TOK_VAR) return parse_variable(p);
  if (kind == TOK_IF) return parse_if(p);
  if (kind == TOK_WHILE) return parse_while(p, TREE_WHILE);
  if (kind == TOK_REPEAT) return parse_while(p, TREE_REPEAT);
  if (kind == TOK_FOR) return parse_for(p);
  if (kind == TOK_MATCH) return parse_match(p);
  if (kind == TOK_BREAK) return parse_word_alone(p, TREE_BREAK);
  if (kind == TOK_CONTINUE) return parse_word_alone(p, TREE_CONTINUE);
  if (kind == TOK_RETURN) return parse_return(p);
  if (kind == TOK_ASSERT) return parse_assert(p);
  if (kind == TOK_SYNC) return parse_word_alone(p, TREE_SYNC);
  if (kind == TOK_OPEN_BRACE) return parse_block(p);
  return parse_other(p, kind);
}

tree *parse_statements(parser *p)
{
  tree_list list = {0};
  while (!p->panic && !at_kind(p, TOK_CLOSE_BRACE) && !at_kind(p, TOK_END) && !parser_at_item(p)) {
    if (at_kind(p, TOK_REPORT)) {
      break;
    }
    tree *statement = parse_statement(p);
    parser_append(&list, statement);
    if (p->panic) {
      parser_recover(p);
    }
  }
  return list.first;
}
