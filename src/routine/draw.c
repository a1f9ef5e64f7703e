/* draw.c: random numbers. An instance's words come in blocks of four from Philox4x32-10 (Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", 2011), which the library has as a function.
 *
 * Where the number of words taken, modulo four, is the same however a point is reached, the block is made there or not
 * at all; elsewhere it is kept in a cell and asked when it runs. draws_after_... tell which, before a loop or branch is
 * lowered: they follow the lowering step by step. */
#include "routine/lower.h"

/* ---- what is known ---- */

static unsigned draws_after_exprs(const program *p, prog_expr *const *e, uint32_t n, unsigned taken)
{
  for (uint32_t k = 0; k < n; k++) {
    taken = draws_after_expr(p, e[k], taken);
  }
  return taken;
}

unsigned draws_after_expr(const program *p, const prog_expr *e, unsigned taken)
{
  unsigned other;
  if (!(effects_of_expr(p, e) & PROG_DRAWS)) {
    return taken;
  }
  switch ((int)e->kind) {
  case EXPR_DRAW: return taken == DRAWS_UNKNOWN ? taken : (taken + 1) % 4;
  case EXPR_AND:
  case EXPR_OR:
    taken = draws_after_expr(p, e->args[0], taken);
    return draws_join(taken, draws_after_expr(p, e->args[1], taken));
  case EXPR_COND:
    taken = draws_after_expr(p, e->args[0], taken);
    other = draws_after_expr(p, e->args[2], taken);
    return draws_join(draws_after_expr(p, e->args[1], taken), other);
  case EXPR_CALL:
    taken = draws_after_exprs(p, e->args, e->n_args, taken);
    return draws_after_list(p, p->functions[e->index].body, taken);
  default: return draws_after_exprs(p, e->args, e->n_args, taken);
  }
}

/* A loop whose condition draws, or is not to be asked after a break, is asked ahead: before it, and at the end of its
 * body, there perhaps only where the body was not left. */
unsigned draws_in_loop(const program *p, const prog_stmt *loop, unsigned taken)
{
  unsigned start = loop->kind == STMT_WHILE ? draws_after_expr(p, loop->value, taken) : taken;
  unsigned end = draws_after_list(p, loop->body, start);
  unsigned asked = loop->kind == STMT_WHILE ? draws_after_expr(p, loop->value, end) : end;
  unsigned left = exits_of_list(loop->body) & (PROG_BREAKS | PROG_RETURNS) ? draws_join(end, asked) : asked;
  return draws_join(start, left);
}

static unsigned draws_after_places(const program *p, const prog_stmt *s, unsigned taken)
{
  for (uint32_t k = 0; k < s->n_places; k++) {
    if (s->places[k].kind == PLACE_ELEMENT) {
      taken = draws_after_expr(p, s->places[k].subscript, taken);
    }
  }
  return taken;
}

static unsigned draws_after_arms(const program *p, const prog_stmt *s, unsigned taken)
{
  unsigned all = draws_after_list(p, s->otherwise, taken);
  for (uint32_t k = 0; k < s->n_arms; k++) {
    all = draws_join(all, draws_after_list(p, s->arms[k].body, taken));
  }
  return all;
}

static unsigned draws_after_stmt(const program *p, const prog_stmt *s, unsigned taken)
{
  taken = draws_after_places(p, s, taken);
  if (s->value != NULL && s->kind != STMT_WHILE) {
    taken = draws_after_expr(p, s->value, taken);
  }
  if (s->limit != NULL) {
    taken = draws_after_expr(p, s->limit, taken);
  }
  taken = draws_after_exprs(p, s->results, s->n_results, taken);
  switch ((prog_stmt_kind)s->kind) {
  case STMT_IF: return draws_join(draws_after_list(p, s->body, taken), draws_after_list(p, s->otherwise, taken));
  case STMT_MATCH: return draws_after_arms(p, s, taken);
  case STMT_WHILE:
  case STMT_FOR:
  case STMT_REPEAT: return draws_in_loop(p, s, taken);
  case STMT_BLOCK: return draws_after_list(p, s->body, taken);
  case STMT_DECLARE:
  case STMT_ASSIGN:
  case STMT_CALL:
  case STMT_BREAK:
  case STMT_CONTINUE:
  case STMT_RETURN:
  case STMT_ASSERT:
  case STMT_SYNC: break;
  }
  return taken;
}

/* What follows a statement that may be left is skipped by those who left it. */
unsigned draws_after_list(const program *p, const prog_stmt *s, unsigned taken)
{
  if (s == NULL || !(effects_of_list(p, s) & PROG_DRAWS)) {
    return taken;
  }
  taken = draws_after_stmt(p, s, taken);
  if (!s->goes_on) {
    return taken;
  }
  unsigned rest = draws_after_list(p, s->next, taken);
  return s->exits != 0 ? draws_join(taken, rest) : rest;
}

void draws_forget(lowering *l, unsigned taken)
{
  if (taken == DRAWS_UNKNOWN && l->taken != DRAWS_UNKNOWN) {
    cell_set(l, l->draws + DRAW_TAKEN, tg_const(l->g, TG_U32, l->taken));
    l->taken = DRAWS_UNKNOWN;
  }
}

/* ---- drawing ---- */

static tg_value low_word(lowering *l, tg_value x)
{
  return tg_convert(l->g, TG_U32, x);
}

static tg_value high_word(lowering *l, tg_value x)
{
  return tg_convert(l->g, TG_U32, tg_shr(l->g, x, lower_u64(l, 32)));
}

/* Makes the next block: its first word is returned, the others go to their cells. */
static tg_value make_block(lowering *l, lang_pos pos)
{
  tg_graph *g = l->g;
  tg_value block = cell_get(l, l->draws + DRAW_BLOCK), seed = operand_seed(l);
  tg_value id = operand_id(l);
  tg_value args[6] = {low_word(l, block), high_word(l, block), low_word(l, id),
                      high_word(l, id),   low_word(l, seed),   high_word(l, seed)};
  tg_value words[4] = {TG_POISON, TG_POISON, TG_POISON, TG_POISON};
  lower_call_values(l, &l->p->functions[l->p->philox], args, pos, words);
  for (unsigned k = 1; k < 4; k++) {
    cell_set(l, l->draws + DRAW_WORD_1 + k - 1, words[k]);
  }
  cell_set(l, l->draws + DRAW_BLOCK, tg_add(g, block, lower_u64(l, 1)));
  return words[0];
}

/* A block if it is time for one, then the word. */
static tg_value draw_unknown(lowering *l, lang_pos pos)
{
  tg_graph *g = l->g;
  uint32_t top = (uint32_t)l->cells.n, extra[1];
  tg_value taken = cell_get(l, l->draws + DRAW_TAKEN), first = tg_eq(g, taken, tg_const(g, TG_U32, 0));
  extra[0] = cells_push(l, tg_const(g, TG_U32, 0));
  fork f;
  fork_begin(l, &f, first, region_of(l, NULL, 0, extra, 1, true), DRAWS_UNKNOWN);
  fork_next(l, &f);
  cell_set(l, extra[0], make_block(l, pos));
  fork_end(l, &f);
  tg_value word = cell_get(l, extra[0]);
  for (unsigned k = 1; k < 4; k++) {
    tg_value is_kth = tg_eq(g, taken, tg_const(g, TG_U32, k));
    word = tg_select(g, is_kth, cell_get(l, l->draws + DRAW_WORD_1 + k - 1), word);
  }
  cell_set(l, l->draws + DRAW_TAKEN, tg_and(g, tg_add(g, taken, tg_const(g, TG_U32, 1)), tg_const(g, TG_U32, 3)));
  cells_pop(l, top);
  return word;
}

tg_value lower_draw(lowering *l, lang_pos pos)
{
  if (l->taken == DRAWS_UNKNOWN) {
    return draw_unknown(l, pos);
  }
  unsigned word = l->taken;
  l->taken = (word + 1) % 4;
  return word == 0 ? make_block(l, pos) : cell_get(l, l->draws + DRAW_WORD_1 + word - 1);
}
