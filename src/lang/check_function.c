/* check_function.c: functions: their signatures, when something first names them; their bodies, one after the other,
 * as long as there are some; and their order, callees before callers, which there is not if one calls itself. */
#include "lang/check.h"

/* ---- signatures ---- */

static const char *parameter_what = "a parameter of a function";

static bool same_parameters(const prog_function *a, const prog_function *b)
{
  bool is_same = a->n_params == b->n_params;
  for (uint32_t i = 0; is_same && i < a->n_params; i++) {
    is_same = type_same(a->variables[i].type, b->variables[i].type);
  }
  return is_same;
}

static void read_parameters(checker *c, const tree *t, prog_function *code)
{
  uint32_t n = tree_count(t->a);
  unsigned kinds = 1u << PROG_SCALAR | 1u << PROG_STRUCT | 1u << PROG_ARRAY | 1u << PROG_VIEW;
  code->variables = arena_array(c->memory, prog_variable, n);
  for (const tree *p = code->variables == NULL ? NULL : t->a; p != NULL; p = p->next) {
    prog_type type = check_type_as(c, p->a, kinds, parameter_what, "");
    code->variables[code->n_params++] =
        (prog_variable){lang_name_text(c->l, p->name), VARIABLE_PARAMETER, type, p->pos};
  }
}

static void read_results(checker *c, const tree *t, prog_function *code)
{
  unsigned kinds = 1u << PROG_SCALAR | 1u << PROG_STRUCT | 1u << PROG_ARRAY;
  code->results = arena_array(c->memory, prog_type, tree_count(t->b));
  for (const tree *r = code->results == NULL ? NULL : t->b; r != NULL; r = r->next) {
    code->results[code->n_results++] =
        check_type_as(c, r, kinds, "the result of a function", "an array has a length: [T; N]");
  }
}

uint32_t function_index(checker *c, symbol *s)
{
  if (s->state == STATE_DONE) {
    return s->index;
  }
  frame *f = c->f;
  bool only_globals = c->only_globals, library_scope = c->library_scope;
  prog_function code = {.name = lang_name_text(c->l, s->name), .pos = s->pos, .from_library = s->from_library};
  s->state = STATE_DONE;
  c->f = NULL;
  c->only_globals = true;
  c->library_scope = s->from_library;
  read_parameters(c, s->node, &code);
  read_results(c, s->node, &code);
  c->f = f;
  c->only_globals = only_globals;
  c->library_scope = library_scope;
  if (!vec_room(&c->memory->allocator, &c->functions, 1)) {
    c->memory->failed = true;
    return 0;
  }
  s->index = (uint32_t)c->functions.n++;
  c->functions.data[s->index] = (function_record){.sym = s, .code = code};
  return s->index;
}

/* Functions of one name that cannot be told apart. */
static void check_overloads(checker *c, symbol *s, uint32_t index)
{
  for (symbol *t = s->next; t != NULL && !c->memory->failed; t = t->next) {
    uint32_t other = function_index(c, t);
    const prog_function *a = &c->functions.data[index].code, *b = &c->functions.data[other].code;
    if (!c->memory->failed && same_parameters(a, b)) {
      bool is_later = b->pos.line > a->pos.line || b->pos.file > a->pos.file;
      const prog_function *first = is_later ? a : b;
      CHECK_REPORT(c, LANG_SAME_PARAMETERS, (is_later ? b : a)->pos, a->name,
                   lang_format(c->l, " in line %u", (unsigned)first->pos.line));
      return;
    }
  }
}

/* ---- frames ---- */

void frame_begin(checker *c, frame *f, prog_function *code)
{
  *f = (frame){.code = code, .function = UINT32_MAX};
  c->f = f;
  c->only_globals = false;
  scope_open(c);
}

void frame_end(checker *c, frame *f)
{
  scope_close(c);
  f->code->variables = arena_copy(c->memory, f->variables.data, f->variables.n, sizeof *f->variables.data);
  f->code->n_variables = (uint32_t)f->variables.n;
  f->code->effects = f->effects;
  vec_free(&c->memory->allocator, &f->variables);
  vec_free(&c->memory->allocator, &f->reductions);
  c->f = NULL;
}

/* ---- bodies ---- */

static void declare_parameters(checker *c, const tree *t, const prog_function *code)
{
  uint32_t at = 0;
  for (const tree *p = t->a; p != NULL && at < code->n_params; p = p->next, at++) {
    prog_type type = code->variables[at].type;
    uint32_t index = variable_add(c, code->variables[at].name, VARIABLE_PARAMETER, type, p->pos);
    symbol *s = name_declare(c, p->name, p->pos, SYMBOL_VARIABLE);
    s->type = type;
    s->index = index;
  }
}

static bool has_array_result(const prog_function *code)
{
  for (uint32_t i = 0; i < code->n_results; i++) {
    if (type_is_array(code->results[i])) {
      return true;
    }
  }
  return false;
}

static void check_body(checker *c, uint32_t index)
{
  frame f;
  symbol *s = c->functions.data[index].sym;
  prog_function code = c->functions.data[index].code;
  const prog_function signature = code;
  bool goes_on = true;
  uint8_t exits = 0;
  c->library_scope = s->from_library;
  frame_begin(c, &f, &code);
  f.function = index;
  f.body = s->node->c;
  f.has_array_result = has_array_result(&code);
  declare_parameters(c, s->node, &signature);
  code.body = check_block(c, s->node->c, &goes_on, &exits);
  if (goes_on && code.n_results > 0) {
    CHECK_REPORT(c, LANG_MISSING_RETURN, s->pos, code.name);
  }
  frame_end(c, &f);
  c->library_scope = false;
  c->functions.data[index].code = code;
  c->functions.data[index].is_checked = true;
}

void check_functions(checker *c)
{
  for (uint32_t i = 0; i < c->functions.n && !c->memory->failed; i++) {
    if (!c->functions.data[i].is_checked) {
      check_overloads(c, c->functions.data[i].sym, i);
      check_body(c, i);
    }
  }
}

/* ---- the order ---- */

typedef struct graph_edges {
  uint32_t *first, *next, *order, *stack, *cursor, n_order, n_stack;
  uint8_t *state; /* 0 not seen, 1 on the stack, 2 done */
} graph_edges;

static bool make_edges(checker *c, graph_edges *g)
{
  size_t n = c->functions.n, n_calls = c->calls.n;
  *g = (graph_edges){0};
  g->first = arena_array(c->memory, uint32_t, n);
  g->order = arena_array(c->memory, uint32_t, n);
  g->stack = arena_array(c->memory, uint32_t, n);
  g->cursor = arena_array(c->memory, uint32_t, n);
  g->state = arena_array(c->memory, uint8_t, n);
  g->next = arena_array(c->memory, uint32_t, n_calls);
  if (c->memory->failed) {
    return false;
  }
  for (size_t i = 0; i < n; i++) {
    g->first[i] = UINT32_MAX;
  }
  for (size_t k = n_calls; k-- > 0;) {
    uint32_t caller = c->calls.data[k].caller;
    if (caller != UINT32_MAX) {
      g->next[k] = g->first[caller];
      g->first[caller] = (uint32_t)k;
    }
  }
  return true;
}

static void report_cycle(checker *c, const graph_edges *g, uint32_t callee, lang_pos pos)
{
  uint32_t from = g->n_stack;
  while (from > 0 && g->stack[from - 1] != callee) {
    from--;
  }
  const char *name = c->functions.data[callee].code.name, *chain = name;
  for (uint32_t i = from; i < g->n_stack && i < from + 5; i++) {
    chain = lang_format(c->l, "%.300s -> %.60s", chain, c->functions.data[g->stack[i]].code.name);
  }
  chain = lang_format(c->l, "%.300s%s -> %.60s", chain, g->n_stack > from + 5 ? " -> ..." : "", name);
  CHECK_REPORT(c, LANG_RECURSION, pos, name, chain);
}

/* Depth first from one function, with a stack of its own: chains of calls may be long. */
static void visit(checker *c, graph_edges *g, uint32_t start)
{
  g->stack[g->n_stack++] = start;
  g->state[start] = 1;
  g->cursor[start] = g->first[start];
  while (g->n_stack > 0) {
    uint32_t top = g->stack[g->n_stack - 1], edge = g->cursor[top];
    if (edge == UINT32_MAX) {
      g->state[top] = 2;
      g->order[g->n_order++] = top;
      g->n_stack--;
      continue;
    }
    g->cursor[top] = g->next[edge];
    uint32_t callee = c->calls.data[edge].call->index;
    if (g->state[callee] == 1) {
      report_cycle(c, g, callee, c->calls.data[edge].call->pos);
    } else if (g->state[callee] == 0) {
      g->stack[g->n_stack++] = callee;
      g->state[callee] = 1;
      g->cursor[callee] = g->first[callee];
    }
  }
}

/* Gives the program its functions in order, effects of callees added to their callers', and calls their new numbers.
 * philox: the old number of that function, or UINT32_MAX. */
static void renumber(checker *c, const graph_edges *g, uint32_t philox)
{
  program *p = c->l->p;
  uint32_t *number = arena_array(c->memory, uint32_t, g->n_order);
  p->functions = arena_array(c->memory, prog_function, g->n_order);
  if (c->memory->failed) {
    return;
  }
  for (uint32_t i = 0; i < g->n_order; i++) {
    prog_function *f = &p->functions[i];
    *f = c->functions.data[g->order[i]].code;
    number[g->order[i]] = i;
    for (uint32_t k = g->first[g->order[i]]; k != UINT32_MAX; k = g->next[k]) {
      uint32_t callee = c->calls.data[k].call->index;
      f->effects |= g->state[callee] == 2 ? p->functions[number[callee]].effects : 0;
    }
  }
  p->n_functions = g->n_order;
  p->philox = philox == UINT32_MAX ? philox : number[philox];
  for (size_t k = 0; k < c->calls.n; k++) {
    const call_record *r = &c->calls.data[k];
    r->call->index = number[r->call->index];
    if (r->caller == UINT32_MAX) {
      r->owner->effects |= p->functions[r->call->index].effects;
    }
    if (r->no_draws != NULL && (p->functions[r->call->index].effects & PROG_DRAWS) != 0) {
      CHECK_REPORT(c, LANG_RANDOM_PLACE, r->call->pos, r->no_draws,
                   lang_format(c->l, "'%.100s' draws them", p->functions[r->call->index].name));
    }
  }
}

void order_functions(checker *c, uint32_t philox)
{
  graph_edges g;
  uint32_t n_errors = c->l->n_errors;
  if (!make_edges(c, &g)) {
    return;
  }
  for (uint32_t i = 0; i < c->functions.n; i++) {
    if (g.state[i] == 0) {
      visit(c, &g, i);
    }
  }
  if (c->l->n_errors == n_errors) {
    renumber(c, &g, philox);
  }
}
