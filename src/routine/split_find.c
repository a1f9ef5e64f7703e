/* split_find.c: whether a loop may be split, and whether it pays. Masked engines run every arm that some instance of a
 * vector takes; those that pack lanes pay for each arm anew. Regrouped, an instance runs one arm, but its values are
 * moved to a place among others and back. The figures are of docs/machine.md. */
#include "routine/split.h"
#include "routine/steps.h"

/* In 10^-12 s: a value moved to an arm and back; what a round takes beside, and for each arm. */
enum { MOVE_PS = 1000, ROUND_PS = 8000, ARM_PS = 400, MOST_WEIGHT = 1 << 24 };

/* ---- operations ---- */

static uint64_t weight_of_list(const program *p, const prog_stmt *s);

static uint64_t weight_of_expr(const program *p, const prog_expr *e)
{
  uint64_t n = 0;
  if (e == NULL) {
    return 0;
  }
  switch ((int)e->kind) {
  case EXPR_OP:
  case EXPR_AND:
  case EXPR_OR:
  case EXPR_COND:
  case EXPR_INDEX: n = 1; break;
  case EXPR_CALL: n = weight_of_list(p, p->functions[e->index].body); break;
  default: break;
  }
  for (uint32_t k = 0; k < e->n_args && n < MOST_WEIGHT; k++) {
    n += weight_of_expr(p, e->args[k]);
  }
  return n;
}

/* A loop counts as so many rounds where nothing better is known. */
enum { ROUNDS = 8 };

static uint64_t weight_of_stmt(const program *p, const prog_stmt *s)
{
  uint64_t n = weight_of_expr(p, s->value) + weight_of_expr(p, s->limit);
  uint64_t inside = weight_of_list(p, s->body) + weight_of_list(p, s->otherwise);
  for (uint32_t k = 0; k < s->n_places; k++) {
    n += s->places[k].kind == PLACE_ELEMENT ? 1 + weight_of_expr(p, s->places[k].subscript) : 0;
  }
  for (uint32_t k = 0; k < s->n_results; k++) {
    n += weight_of_expr(p, s->results[k]);
  }
  for (uint32_t k = 0; k < s->n_arms; k++) {
    inside += weight_of_list(p, s->arms[k].body);
  }
  bool is_loop = s->kind == STMT_WHILE || s->kind == STMT_FOR || s->kind == STMT_REPEAT;
  return n + inside * (is_loop ? ROUNDS : 1);
}

static uint64_t weight_of_list(const program *p, const prog_stmt *s)
{
  uint64_t n = 0;
  for (; s != NULL && n < MOST_WEIGHT; s = s->next) {
    n += weight_of_stmt(p, s);
  }
  return n < MOST_WEIGHT ? n : MOST_WEIGHT;
}

/* ---- what may be split ---- */

/* What moves with an instance are scalars and structs, no arrays. */
static bool may_move(const prog_function *body, const prog_stmt *s)
{
  bool is_good = true;
  for (; s != NULL && is_good; s = s->next) {
    for (uint32_t k = 0; k < s->n_places && is_good; k++) {
      const prog_place *place = &s->places[k];
      is_good = place->kind == PLACE_NOTHING || body->variables[place->variable].type.kind != PROG_ARRAY;
    }
    for (uint32_t k = 0; k < s->n_arms && is_good; k++) {
      is_good = may_move(body, s->arms[k].body);
    }
    is_good = is_good && may_move(body, s->body) && may_move(body, s->otherwise);
  }
  return is_good;
}

static bool reads_array(const prog_function *body, const prog_expr *e)
{
  if (e == NULL) {
    return false;
  }
  bool found = e->kind == EXPR_VARIABLE && body->variables[e->index].type.kind == PROG_ARRAY;
  for (uint32_t k = 0; k < e->n_args && !found; k++) {
    found = reads_array(body, e->args[k]);
  }
  return found;
}

static bool reads_arrays(const prog_function *body, const prog_stmt *s)
{
  bool found = false;
  for (; s != NULL && !found; s = s->next) {
    found = reads_array(body, s->value) || reads_array(body, s->limit) || reads_arrays(body, s->body) ||
            reads_arrays(body, s->otherwise);
    for (uint32_t k = 0; k < s->n_arms && !found; k++) {
      found = reads_arrays(body, s->arms[k].body);
    }
  }
  return found;
}

/* The match that stands in the loop's body itself; before it no struct is declared without a value. */
static const prog_stmt *match_of(const prog_stmt *loop)
{
  for (const prog_stmt *s = loop->body; s != NULL; s = s->next) {
    bool is_zero_struct = s->kind == STMT_DECLARE && s->value == NULL && s->places[0].type.kind != PROG_SCALAR;
    if (s->kind == STMT_MATCH && s->n_arms >= 2) {
      return s;
    }
    if (is_zero_struct || !s->goes_on) {
      return NULL;
    }
  }
  return NULL;
}

static bool may_split(const prog_function *body, const prog_stmt *loop)
{
  bool is_loop = loop->kind == STMT_WHILE || loop->kind == STMT_FOR || loop->kind == STMT_REPEAT;
  if (!is_loop || !loop->goes_on || loop->exits != 0 || exits_of_list(loop->body) != 0) {
    return false;
  }
  return !reads_array(body, loop->value) && may_move(body, loop->body) && !reads_arrays(body, loop->body) &&
         match_of(loop) != NULL;
}

/* ---- what it takes ---- */

static void mark_variables(const prog_expr *e, bool *seen, uint32_t *n)
{
  if (e == NULL) {
    return;
  }
  if (e->kind == EXPR_VARIABLE && !seen[e->index % 1024]) {
    seen[e->index % 1024] = true;
    ++*n;
  }
  *n += e->kind == EXPR_INPUT;
  for (uint32_t k = 0; k < e->n_args; k++) {
    mark_variables(e->args[k], seen, n);
  }
}

/* Variables that an arm mentions, its own counted too: about as many as are moved. */
static void count_variables(const prog_stmt *s, bool *seen, uint32_t *n)
{
  for (; s != NULL; s = s->next) {
    mark_variables(s->value, seen, n);
    mark_variables(s->limit, seen, n);
    for (uint32_t k = 0; k < s->n_places; k++) {
      if (s->kind == STMT_ASSIGN && s->places[k].kind != PLACE_NOTHING && !seen[s->places[k].variable % 1024]) {
        seen[s->places[k].variable % 1024] = true;
        ++*n;
      }
    }
    count_variables(s->body, seen, n);
    count_variables(s->otherwise, seen, n);
    for (uint32_t k = 0; k < s->n_arms; k++) {
      count_variables(s->arms[k].body, seen, n);
    }
  }
}

static void weigh(const program *p, const prog_stmt *list, split_cost *c)
{
  bool seen[1024] = {false};
  uint32_t n = 0;
  uint64_t weight = weight_of_list(p, list);
  count_variables(list, seen, &n);
  n += effects_of_list(p, list) & PROG_DRAWS ? DRAW_CELLS : 0;
  c->all_arms += weight;
  c->longest = weight > c->longest ? weight : c->longest;
  c->moves = n > c->moves ? n : c->moves;
}

static split_cost cost_of(const program *p, const prog_stmt *loop, uint32_t operation_ps)
{
  split_cost c = {.loop = loop, .match = match_of(loop)};
  c.n_arms = c.match->n_arms + 1;
  for (uint32_t k = 0; k < c.match->n_arms; k++) {
    weigh(p, c.match->arms[k].body, &c);
  }
  weigh(p, c.match->otherwise, &c);
  c.mean = c.all_arms / c.match->n_arms;
  c.spared_ps = (c.all_arms - c.mean) * operation_ps;
  c.moved_ps = ROUND_PS + (uint64_t)c.moves * MOVE_PS + (uint64_t)c.n_arms * ARM_PS;
  c.pays = c.spared_ps > c.moved_ps + c.moved_ps / 2;
  return c;
}

bool split_find(const program *p, const prog_entry *entry, uint32_t operation_ps, split_cost *cost)
{
  bool found = false;
  if (!entry->is_machine || exits_of_list(entry->body.body) != 0) {
    return false;
  }
  for (const prog_stmt *s = entry->body.body; s != NULL; s = s->next) {
    if (may_split(&entry->body, s)) {
      split_cost c = cost_of(p, s, operation_ps);
      if (!found || (c.pays && !cost->pays)) {
        *cost = c;
      }
      found = true;
    }
  }
  return found;
}
