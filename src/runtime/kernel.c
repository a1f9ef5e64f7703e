/* kernel.c: making kernels: passes, the back-end's compiler, lists of the sinks, and the plan of the workspace. */
#include "runtime/kernel.h"
#include "base/text.h"
#include "base/tile_level.h"

#include <string.h>

/* ---- sinks ---- */

static bool is_sum(uint8_t op)
{
  return op == TG_OP_SUM;
}

static bool is_arg(uint8_t op)
{
  return op == TG_OP_ARGMIN || op == TG_OP_ARGMAX;
}

static bool is_fold(uint8_t op)
{
  return op == TG_OP_COMBINE;
}

static bool list(const tg_kernel *kernel, bool (*is_wanted)(uint8_t op), uint32_t **out, size_t *n)
{
  const tg_graph *g = kernel->graph;
  for (size_t i = 0; i < g->nodes.n; i++) {
    *n += is_wanted(g->nodes.data[i].op);
  }
  *out = alloc_zeroed(&kernel->context->allocator, *n + 1, sizeof **out);
  if (*out == NULL) {
    return false;
  }
  size_t k = 0;
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    if (is_wanted(g->nodes.data[i].op)) {
      (*out)[k++] = i;
    }
  }
  return true;
}

static bool list_ordered(tg_kernel *kernel)
{
  const tg_allocator *a = &kernel->context->allocator;
  kernel->ordered = alloc_zeroed(a, kernel->n_sums + 1, sizeof *kernel->ordered);
  kernel->ordered_types = alloc_zeroed(a, kernel->n_sums + 1, sizeof *kernel->ordered_types);
  if (kernel->ordered == NULL || kernel->ordered_types == NULL) {
    return false;
  }
  for (uint32_t k = 0; k < kernel->n_sums; k++) {
    tg_type type = kernel_sum_type(kernel, k);
    if (type_in(type, TG_CLASS_FLOAT)) {
      kernel->ordered_types[kernel->n_ordered] = type;
      kernel->ordered[kernel->n_ordered++] = k;
    }
  }
  return true;
}

static bool list_sinks(tg_kernel *kernel)
{
  return list(kernel, is_sum, &kernel->sums, &kernel->n_sums) && list(kernel, is_arg, &kernel->args, &kernel->n_args) &&
         list(kernel, is_fold, &kernel->folds, &kernel->n_folds) && list_ordered(kernel);
}

tg_type kernel_sum_type(const tg_kernel *kernel, size_t k)
{
  uint32_t operand = kernel->graph->nodes.data[kernel->sums[k]].operand;
  return (tg_type)mode_table[kernel->graph->operands.data[operand].mode].type;
}

/* ---- kernels ---- */

static tg_status build_kernel(tg_kernel *kernel, tg_graph *graph, const tg_compile_options *options, tg_error *error)
{
  bool as_built = options->passes == 0 || (kernel->backend == &ref_backend && !options->force_passes);
  unsigned how = options->counts ? COMPILE_COUNTS : 0;
  TG_TRY(graph_run_passes(graph, as_built ? 0 : options->passes, &kernel->passes, &kernel->graph, error));
  TG_TRY(backend_check(kernel->backend, kernel->graph, error));
  TG_TRY(kernel->backend->compile(kernel->context, kernel->graph, how, &kernel->code, error));
  if (!list_sinks(kernel) || !bind_plan(kernel)) {
    return error_set(error, TG_NOMEM, "no memory for the kernel");
  }
  plan_cost(kernel);
  plan_workspace(kernel);
  quick_open(kernel);
  return TG_OK;
}

/* A kernel that can be invoked without a workspace stays one. */
static tg_status add_switch(tg_kernel *kernel, unsigned how, uint64_t block, tg_error *error)
{
  size_t least = kernel->layout.least;
  TG_TRY(switch_open(kernel, how, block, error));
  plan_workspace(kernel);
  if (block != UINT64_MAX || least > STACK_WORKSPACE || kernel->layout.least <= STACK_WORKSPACE) {
    return TG_OK;
  }
  switch_shrink(kernel);
  plan_workspace(kernel);
  if (kernel->layout.least > STACK_WORKSPACE) {
    switch_close(kernel);
    plan_workspace(kernel);
  }
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
  const char *name = chosen.backend == NULL ? "auto" : chosen.backend;
  const tg_backend *backend = backend_find(name);
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
  kernel->tile_level = tile_level(name);
  uint64_t block = UINT64_MAX; /* none */
  bool is_auto = backend_is_auto(backend, &block);
  kernel->backend = is_auto ? &vec_backend : backend;
  tg_status status = build_kernel(kernel, graph, &chosen, error);
  if (status == TG_OK && is_auto) {
    status = add_switch(kernel, chosen.counts ? COMPILE_COUNTS : 0, block, error);
  }
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
  switch_close(kernel);
  kernel->backend->drop(kernel->context, kernel->code);
  alloc_free(a, kernel->sums, kernel->n_sums + 1, sizeof *kernel->sums);
  alloc_free(a, kernel->args, kernel->n_args + 1, sizeof *kernel->args);
  alloc_free(a, kernel->folds, kernel->n_folds + 1, sizeof *kernel->folds);
  alloc_free(a, kernel->ordered, kernel->n_sums + 1, sizeof *kernel->ordered);
  alloc_free(a, kernel->ordered_types, kernel->n_sums + 1, sizeof *kernel->ordered_types);
  bind_drop(kernel);
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
  engine_switch *s = kernel->later;
  return (s != NULL && switch_engine(s, UINT64_MAX) != NULL ? s->engine.backend : kernel->backend)->name;
}

size_t tg_kernel_workspace_bytes(const tg_kernel *kernel)
{
  return kernel->layout.most;
}

tg_status tg_kernel_code(const tg_kernel *kernel, char **out, size_t *n_out, tg_error *error)
{
  const tg_backend *backend = kernel->backend;
  text t = {.allocator = kernel->context->allocator};
  *out = NULL;
  *n_out = 0;
  if (backend->text == NULL) {
    error_set(error, TG_UNSUPPORTED, "back-end %s has no code to show", backend->name);
    error_hint(error, "the back-end llvm makes machine code");
    return TG_UNSUPPORTED;
  }
  tg_status status = backend->text(kernel->code, &t, error);
  if (status != TG_OK) {
    text_free(&t);
    return status;
  }
  status = text_take(&t, out, n_out);
  return status == TG_OK ? TG_OK : error_set(error, status, "no memory for the code as text");
}

tg_status tg_kernel_object(const tg_kernel *kernel, const char *name, tg_object *out, tg_error *error)
{
  return backend_llvm_object(&(object_request){kernel->graph, name, NULL}, out, error);
}
