/* pass.c: the list of passes and the runner. Input: a graph; output: a new graph with the same operands that gives the
 * same results, traps and fuel. Every pass makes a new graph through graph_add, so its work is verified as it is done;
 * checked builds also take each graph through its text and binary forms. */
#include "graph/pass.h"

#include "base/fpenv.h"

#include <string.h>

typedef struct pass_row {
  const char *name;
  void (*run)(copier *c);
  const char *doc;
} pass_row;

/* In the order in which they run. The second round works on what the first one made: constants that decide a branch,
 * expressions that have become equal, carried values that turned out to be constants. dce runs before uniform, so that
 * no dead loop is moved to where it must stay. */
static const pass_row passes[] = {
    {"fold", pass_fold, "evaluates nodes, branches and loops that constants decide"},
    {"cse", pass_cse, "computes equal expressions once"},
    {"rules", pass_rules, "replaces expressions by cheaper ones with the same bits"},
    {"licm", pass_licm, "moves what does not change in a loop before the loop"},
    {"select", pass_select, "runs the bodies of small branches and selects"},
    {"fold2", pass_fold, "fold again, on what the passes so far left"},
    {"cse2", pass_cse, "cse again"},
    {"rules2", pass_rules, "rules again"},
    {"licm2", pass_licm, "licm again"},
    {"dce", pass_dce, "removes what no sink, trap or loop needs"},
    {"uniform", pass_uniform, "moves what is the same in every lane to the uniform block"},
};
enum { N_PASSES = sizeof passes / sizeof passes[0] };
_Static_assert(N_PASSES <= 64, "a set of passes is one 64-bit word");

const char *tg_pass_name(size_t index)
{
  return index < N_PASSES ? passes[index].name : NULL;
}

const char *tg_pass_doc(size_t index)
{
  return index < N_PASSES ? passes[index].doc : NULL;
}

/* ---- checks ---- */

#ifdef TG_CHECKED

typedef tg_status (*write_fn)(const tg_graph *g, char **bytes, size_t *n_bytes);
typedef tg_status (*read_fn)(tg_context *context, const void *bytes, size_t n, tg_graph **out, tg_error *error);

static tg_status read_text(tg_context *context, const void *bytes, size_t n, tg_graph **out, tg_error *error)
{
  return graph_parse(context, bytes, n, out, error);
}

typedef struct form {
  const char *name;
  write_fn write;
  read_fn read;
} form;

/* The two graphs are written as the same bytes. */
static tg_status compare(const tg_graph *g, const tg_graph *other, const form *f, tg_error *error)
{
  char *a = NULL, *b = NULL;
  size_t n_a = 0, n_b = 0;
  tg_status status = f->write(g, &a, &n_a);
  if (status == TG_OK) {
    status = f->write(other, &b, &n_b);
  }
  if (status != TG_OK) {
    error_set(error, status, "%s cannot be written", f->name);
  } else if (n_a != n_b || memcmp(a, b, n_a) != 0) {
    status = error_set(error, TG_INTERNAL, "%s does not read back as the same %s", f->name, f->name);
  }
  tg_free(g->context, a, n_a);
  tg_free(g->context, b, n_b);
  return status;
}

static tg_status round_trip(const tg_graph *g, const form *f, tg_error *error)
{
  char *bytes = NULL;
  size_t n = 0;
  tg_graph *other = NULL;
  tg_status status = f->write(g, &bytes, &n);
  if (status != TG_OK) {
    return error_set(error, status, "%s cannot be written", f->name);
  }
  status = f->read(g->context, bytes, n, &other, error);
  tg_free(g->context, bytes, n);
  if (status == TG_OK) {
    status = compare(g, other, f, error);
  }
  tg_graph_destroy(other);
  return status;
}

/* Copies the graph through every check again, and through both forms. */
static tg_status check_graph(const tg_graph *g, tg_error *error)
{
  static const form text = {"text", graph_print, read_text};
  static const form binary = {"binary", graph_encode, graph_decode};
  tg_graph *other;
  TG_TRY(graph_copy(g, &other, error));
  tg_status status = compare(g, other, &binary, error);
  tg_graph_destroy(other);
  TG_TRY(status);
  TG_TRY(round_trip(g, &text, error));
  return round_trip(g, &binary, error);
}

#else

static tg_status check_graph(const tg_graph *g, tg_error *error)
{
  (void)g;
  (void)error;
  return TG_OK;
}

#endif

/* ---- the runner ---- */

static tg_status run_pass(const pass_row *row, const tg_graph *g, tg_graph **out, tg_error *error)
{
  copier c;
  if (!copy_open(&c, g)) {
    return error_set(error, TG_NOMEM, "no memory for pass %s", row->name);
  }
  row->run(&c);
  tg_error inner = {0};
  tg_status status = copy_close(&c, out, &inner);
  if (status == TG_OK) {
    status = check_graph(*out, &inner);
  }
  if (status == TG_NOMEM || status == TG_LIMIT) {
    return error_set(error, status, "%s", inner.message);
  }
  if (status != TG_OK) {
    return error_set(error, TG_INTERNAL, "pass %s: %.200s", row->name, inner.message);
  }
  return TG_OK;
}

/* A graph on its way through the passes. */
typedef struct pipeline {
  tg_graph *g;
  pass_log log;
} pipeline;

/* Whether two graphs have the same nodes; names aside. */
static bool is_same(const tg_graph *a, const tg_graph *b)
{
  if (a->nodes.n != b->nodes.n || a->args.n != b->args.n || a->entries.n != b->entries.n) {
    return false;
  }
  for (size_t i = 0; i < a->nodes.n; i++) {
    const graph_node *x = &a->nodes.data[i], *y = &b->nodes.data[i];
    if (x->op != y->op || x->type != y->type || x->detail != y->detail || x->operand != y->operand ||
        x->imm != y->imm || x->n_args != y->n_args || x->position != y->position) {
      return false;
    }
  }
  bool same_args = a->args.n == 0 || memcmp(a->args.data, b->args.data, a->args.n * sizeof *a->args.data) == 0;
  return same_args &&
         (a->entries.n == 0 || memcmp(a->entries.data, b->entries.data, a->entries.n * sizeof *a->entries.data) == 0);
}

/* Replaces the graph by what pass k makes of it. A pass that would make it larger than a limit allows is left out. */
static tg_status apply(size_t k, pipeline *p, tg_error *error)
{
  tg_graph *next = NULL;
  tg_error inner;
  tg_status status = run_pass(&passes[k], p->g, &next, &inner);
  if (status == TG_OK) {
    p->log.ran |= UINT64_C(1) << k;
    p->log.changed |= (uint64_t)!is_same(p->g, next) << k;
    p->log.n_nodes[k] = (uint32_t)next->nodes.n;
    tg_graph_destroy(p->g);
    p->g = next;
    return TG_OK;
  }
  tg_graph_destroy(next);
  if (status == TG_LIMIT) {
    return TG_OK;
  }
  if (error != NULL) {
    *error = inner;
  }
  return status;
}

/* Passes in `enabled` from the first to number `last`, on a copy of a graph. After a failure there is no graph. */
static tg_status run_all(tg_graph *from, uint64_t enabled, size_t last, pipeline *p, tg_error *error)
{
  *p = (pipeline){0};
  TG_TRY(tg_graph_finish(from, error));
  TG_TRY(graph_copy(from, &p->g, error));
  p->log.n_built = (uint32_t)p->g->nodes.n;
  tg_status status = TG_OK;
  fpenv saved = fpenv_enter();
  for (size_t i = 0; i <= last && status == TG_OK; i++) {
    if (enabled >> i & 1) {
      status = apply(i, p, error);
    }
  }
  fpenv_leave(saved);
  if (status != TG_OK) {
    tg_graph_destroy(p->g);
    p->g = NULL;
  }
  return status;
}

tg_status graph_run_passes(tg_graph *g, uint64_t enabled, pass_log *log, tg_graph **out, tg_error *error)
{
  pipeline p;
  tg_status status = run_all(g, enabled, N_PASSES - 1, &p, error);
  *out = p.g;
  *log = p.log;
  return status;
}

static size_t find_pass(const char *name)
{
  for (size_t i = 0; i < N_PASSES; i++) {
    if (strcmp(passes[i].name, name) == 0) {
      return i;
    }
  }
  return N_PASSES;
}

tg_status tg_graph_transform(tg_graph *graph, uint64_t enabled, const char *last, tg_graph **out, tg_error *error)
{
  if (out == NULL || graph == NULL) {
    return error_set(error, TG_ARGUMENT, "a transform needs a graph and a place for the new one");
  }
  *out = NULL;
  size_t end = last == NULL ? N_PASSES - 1 : find_pass(last);
  if (end == N_PASSES) {
    error_set(error, TG_ARGUMENT, "there is no pass %s", last);
    error_hint(error, "tg_pass_name lists the passes");
    return TG_ARGUMENT;
  }
  pipeline p;
  tg_status status = run_all(graph, enabled, end, &p, error);
  *out = p.g;
  return status;
}
