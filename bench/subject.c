/* subject.c: a kernel of a back-end from graph text, with memory bound to its operands by name. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

static const double ref_ns = 12, ref_limit_ns = 1e9; /* what `ref` takes for an operation of a lane, and may take */

bool subject_may(const char *backend, const program *p)
{
  return strcmp(backend, "ref") != 0 || (double)p->n * p->steps * ref_ns < ref_limit_ns;
}

static void check(tg_status status, const tg_error *error)
{
  if (status != TG_OK) {
    fprintf(stderr, "%u:%u: %s\n", (unsigned)error->pos.line, (unsigned)error->pos.column, error->message);
    demand(false, tg_status_text(status));
  }
}

static void bind_columns(subject *s, const program *p)
{
  for (size_t i = 0; i < p->n_columns; i++) {
    const column *c = &p->columns[i];
    tg_operand at = tg_kernel_find(s->kernel, c->name);
    tg_operand_info info;
    demand(at < MAX_COLUMNS && tg_kernel_operand(s->kernel, at, &info) == TG_OK, c->name);
    size_t bytes = tg_mode_bytes(info.mode);
    s->bindings[at] =
        (tg_binding){.data = (void *)(uintptr_t)c->data, .bytes = c->n * bytes, .stride = (ptrdiff_t)bytes};
  }
}

void subject_open(subject *s, tg_context *context, const char *backend, const program *p)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_invocation invocation = TG_INVOCATION_INIT;
  tg_error error = {.code = TG_OK};
  tg_graph *graph;
  memset(s, 0, sizeof *s);
  s->name = options.backend = backend;
  check(tg_graph_read(context, p->text, strlen(p->text), TG_FORM_TEXT, &graph, &error), &error);
  check(tg_compile(context, graph, &options, &s->kernel, &error), &error);
  tg_graph_destroy(graph);
  demand(tg_workspace_create(context, tg_kernel_workspace_bytes(s->kernel), &s->workspace) == TG_OK, "no workspace");
  bind_columns(s, p);
  s->invocation = invocation;
  s->invocation.n = p->n;
  s->invocation.bindings = s->bindings;
  s->invocation.n_bindings = tg_kernel_n_operands(s->kernel);
  s->invocation.workspace = s->workspace;
}

bool subject_can(tg_context *context, const char *backend, const program *p)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  tg_error error = {.code = TG_OK};
  tg_graph *graph;
  tg_kernel *kernel = NULL;
  options.backend = backend;
  check(tg_graph_read(context, p->text, strlen(p->text), TG_FORM_TEXT, &graph, &error), &error);
  bool can = tg_compile(context, graph, &options, &kernel, &error) == TG_OK;
  tg_kernel_destroy(kernel);
  tg_graph_destroy(graph);
  return can;
}

void subject_close(subject *s)
{
  tg_workspace_destroy(s->workspace);
  tg_kernel_destroy(s->kernel);
}

/* Without an error record: clearing one would count as the invocation's time. */
void subject_invoke(const subject *s)
{
  if (tg_invoke(s->kernel, &s->invocation, NULL) != TG_OK) {
    tg_error error = {.code = TG_OK};
    check(tg_invoke(s->kernel, &s->invocation, &error), &error);
  }
}

void subject_work(void *self, size_t times)
{
  for (size_t i = 0; i < times; i++) {
    subject_invoke(self);
  }
}
