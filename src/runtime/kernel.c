/* kernel.c: making kernels: passes, the back-end's compiler, and the plan of the workspace. */
#include "runtime/kernel.h"

#include <string.h>

static size_t align_up(size_t bytes)
{
  return (bytes + 63) & ~(size_t)63;
}

/* Places one more part of `bytes` and gives its offset. */
static size_t place(size_t *end, size_t bytes)
{
  size_t offset = *end;
  *end = offset + align_up(bytes);
  return offset;
}

static void plan_workspace(tg_kernel *kernel)
{
  workspace_layout *layout = &kernel->layout;
  size_t total = 0, worker = align_up(sizeof(partials));
  layout->operands = place(&total, kernel->graph->operands.n * sizeof(operand_memory));
  layout->uniforms = place(&total, kernel->backend->uniform_bytes(kernel->code));
  layout->trees = place(&total, kernel->n_sums * sum_tree_bytes(SUM_TREE_LEVELS));
  layout->args = place(&total, kernel->n_args * sizeof(arg_partial));
  layout->scratch = place(&worker, kernel->backend->scratch_bytes(kernel->code));
  layout->columns = place(&worker, kernel->n_sums * sizeof(sum_columns));
  layout->worker_trees = place(&worker, kernel->n_sums * sum_tree_bytes(SUM_TILE_LEVELS));
  layout->worker_args = place(&worker, kernel->n_args * sizeof(arg_partial));
  layout->worker_bytes = worker;
  layout->workers = total;
  layout->total = total + kernel->n_workers * worker;
}

/* A fold into a table is not atomic here, so a graph with `combine` runs on one thread. */
static void count_workers(tg_kernel *kernel)
{
  kernel->n_workers = kernel->context->threads.n_threads;
  for (size_t i = 0; i < kernel->graph->nodes.n; i++) {
    if (kernel->graph->nodes.data[i].op == TG_OP_COMBINE) {
      kernel->n_workers = 1;
    }
  }
}

static bool is_arg(uint8_t op)
{
  return op == TG_OP_ARGMIN || op == TG_OP_ARGMAX;
}

static tg_status list_sinks(tg_kernel *kernel)
{
  const tg_graph *g = kernel->graph;
  const tg_allocator *a = &kernel->context->allocator;
  for (size_t i = 0; i < g->nodes.n; i++) {
    kernel->n_sums += g->nodes.data[i].op == TG_OP_SUM;
    kernel->n_args += is_arg(g->nodes.data[i].op);
  }
  kernel->sums = alloc_zeroed(a, kernel->n_sums + 1, sizeof *kernel->sums);
  kernel->args = alloc_zeroed(a, kernel->n_args + 1, sizeof *kernel->args);
  if (kernel->sums == NULL || kernel->args == NULL) {
    return TG_NOMEM;
  }
  size_t n_sums = 0, n_args = 0;
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    if (g->nodes.data[i].op == TG_OP_SUM) {
      kernel->sums[n_sums++] = i;
    } else if (is_arg(g->nodes.data[i].op)) {
      kernel->args[n_args++] = i;
    }
  }
  return TG_OK;
}

static tg_status build_kernel(tg_kernel *kernel, tg_graph *graph, const tg_compile_options *options, tg_error *error)
{
  bool as_built = options->passes == 0 || (kernel->backend == &ref_backend && !options->force_passes);
  TG_TRY(tg_graph_transform(graph, as_built ? 0 : options->passes, NULL, &kernel->graph, error));
  TG_TRY(backend_check(kernel->backend, kernel->graph, error));
  TG_TRY(kernel->backend->compile(kernel->context, kernel->graph, &kernel->code, error));
  if (list_sinks(kernel) != TG_OK) {
    return error_set(error, TG_NOMEM, "no memory for the kernel");
  }
  count_workers(kernel);
  plan_workspace(kernel);
  return TG_OK;
}

tg_status tg_compile(tg_context *context, tg_graph *graph, const tg_compile_options *options, tg_kernel **out,
                     tg_error *error)
{
  tg_compile_options chosen = TG_COMPILE_OPTIONS_INIT;
  *out = NULL;
  if (options != NULL) {
    if (options->size == 0 || options->size > sizeof chosen) {
      return error_set(error, TG_ARGUMENT, "the options' size is not one that this library knows");
    }
    memcpy(&chosen, options, options->size);
  }
  TG_TRY(tg_graph_finish(graph, error));
  const tg_backend *backend = backend_find(chosen.backend == NULL ? "auto" : chosen.backend);
  if (backend == NULL) {
    error_set(error, TG_ARGUMENT, "there is no back-end called %.40s", chosen.backend);
    error_hint(error, "`throng backends` lists them");
    return TG_ARGUMENT;
  }
  tg_kernel *kernel = alloc_zeroed(&context->allocator, 1, sizeof *kernel);
  if (kernel == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the kernel");
  }
  kernel->context = context;
  kernel->backend = backend;
  tg_status status = build_kernel(kernel, graph, &chosen, error);
  if (status != TG_OK) {
    tg_kernel_destroy(kernel);
    return status;
  }
  *out = kernel;
  return TG_OK;
}

void tg_kernel_destroy(tg_kernel *kernel)
{
  if (kernel == NULL) {
    return;
  }
  const tg_allocator *a = &kernel->context->allocator;
  kernel->backend->drop(kernel->context, kernel->code);
  alloc_free(a, kernel->sums, kernel->n_sums + 1, sizeof *kernel->sums);
  alloc_free(a, kernel->args, kernel->n_args + 1, sizeof *kernel->args);
  tg_graph_destroy(kernel->graph);
  alloc_free(a, kernel, 1, sizeof *kernel);
}

size_t tg_kernel_n_operands(const tg_kernel *kernel)
{
  return kernel->graph->operands.n;
}

tg_status tg_kernel_operand(const tg_kernel *kernel, size_t index, tg_operand_info *info)
{
  return tg_graph_operand(kernel->graph, index, info);
}

tg_operand tg_kernel_find(const tg_kernel *kernel, const char *name)
{
  return graph_find_operand(kernel->graph, name, strlen(name));
}

const char *tg_kernel_backend(const tg_kernel *kernel)
{
  return kernel->backend->name;
}

size_t tg_kernel_workspace_bytes(const tg_kernel *kernel)
{
  return kernel->layout.total;
}
