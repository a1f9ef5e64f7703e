/* object.c: an object file and a header of a kernel, for any processor of this machine's kind. In: a graph as a binary
 * module, and a name. Out: both, as bytes. The graph is planned for each level of vectors, whatever this machine has.
 */
#include "backend/llvm/object.h"

#include "backend/plugin.h"
#include "base/text.h"

#include <string.h>

static void place(size_t *end, size_t *at, size_t bytes)
{
  *at = *end;
  *end += (bytes + 63) & ~(size_t)63;
}

static void lay_out(object_plan *plan)
{
  const tg_graph *g = plan->graph;
  object_layout *layout = &plan->layout;
  size_t n_sums = 0, end = 0, slots = 0, scratch = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    n_sums += g->nodes.data[i].op == TG_OP_SUM;
  }
  for (size_t k = 0; k < plan->n_levels; k++) {
    const jit_code *code = plan->codes[k];
    slots = code->n_slots > slots ? code->n_slots : slots;
    scratch = code->scratch_bytes > scratch ? code->scratch_bytes : scratch;
  }
  place(&end, &layout->uniforms, slots * sizeof(uint64_t));
  place(&end, &layout->columns, n_sums * sizeof(sum_columns));
  place(&end, &layout->best, g->n_arg_sinks * sizeof(arg_partial));
  place(&end, &layout->trees, n_sums * OBJECT_TREE_BYTES);
  place(&end, &layout->scratch, scratch);
  layout->bytes = end + 64;
}

/* ---- making ---- */

static tg_status plan_level(object_plan *plan, size_t k, const jit_code *like, tg_error *error)
{
  jit_wish wish = {.width = jit_level_width(k),
                   .is_huge = like->graph->values.n > JIT_HUGE_GRAPH,
                   .is_foreign = true,
                   .form = JIT_FORM_MASKED};
  jit_code *code = alloc_zeroed(&like->allocator, 1, sizeof *code);
  plan->codes[k] = code;
  if (code == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  *code = (jit_code){.allocator = like->allocator, .graph = like->graph, .wish = wish};
  TG_TRY(jit_target_open(&wish, &plan->targets[k], error));
  plan->n_levels = k + 1;
  if (!jit_plan(code, &plan->targets[k])) {
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  jit_choose_functions(code);
  return TG_OK;
}

typedef struct plan_work {
  object_plan *plan;
  const jit_code *like;
} plan_work;

static tg_status plan_levels(void *arg, tg_error *error)
{
  plan_work *w = arg;
  for (size_t k = 0; k < OBJECT_LEVELS && jit_level_width(k) > 0; k++) {
    TG_TRY(plan_level(w->plan, k, w->like, error));
  }
  return w->plan->n_levels > 0 ? TG_OK : error_set(error, TG_UNSUPPORTED, "there is no code for this kind of machine");
}

static tg_status close_levels(void *arg, tg_error *error)
{
  object_plan *plan = arg;
  (void)error;
  for (size_t k = 0; k < plan->n_levels; k++) {
    jit_target_close(&plan->targets[k]);
  }
  return TG_OK;
}

static tg_status write_object(object_plan *plan, text *out, tg_error *error)
{
  size_t last = plan->n_levels - 1;
  jit_order order = {plan->codes[last], &plan->targets[last], LLVMObjectFile, object_compose, plan};
  LLVMMemoryBufferRef object;
  TG_TRY(jit_build_order(&order, &object, error));
  text_bytes(out, LLVMGetBufferStart(object), LLVMGetBufferSize(object));
  LLVMDisposeMemoryBuffer(object);
  return TG_OK;
}

static tg_status make_object(object_plan *plan, const jit_code *like, const tg_plugin_object *wanted, tg_error *error)
{
  plan_work work = {plan, like};
  tg_status status = jit_guarded(plan_levels, &work, error);
  if (status == TG_OK) {
    lay_out(plan);
    status = write_object(plan, wanted->object, error);
  }
  if (status == TG_OK) {
    object_write_header(plan, wanted->header);
    status = wanted->object->failed || wanted->header->failed
                 ? error_set(error, TG_NOMEM, "no memory for the object file")
                 : TG_OK;
  }
  jit_guarded(close_levels, plan, NULL);
  for (size_t k = 0; k < OBJECT_LEVELS && plan->codes[k] != NULL; k++) {
    jit_plan_free(plan->codes[k]);
    alloc_free(&like->allocator, plan->codes[k], 1, sizeof *plan->codes[k]);
  }
  return status;
}

/* ---- arguments ---- */

static void find_order(object_plan *plan)
{
  for (uint32_t place = 0; place < plan->graph->operands.n; place++) {
    for (uint32_t k = 0; k < plan->graph->operands.n; k++) {
      if (plan->operands[k].role == OBJECT_ARGUMENT && plan->operands[k].place == place) {
        plan->order[plan->n_order++] = k;
      }
    }
  }
}

static tg_status order_and_make(object_plan *plan, const jit_code *like, const tg_plugin_object *wanted,
                                tg_error *error)
{
  const tg_allocator *a = &like->allocator;
  size_t n = plan->graph->operands.n + 1;
  tg_status status = TG_NOMEM;
  object_operand *all = alloc_zeroed(a, n, sizeof *all); /* each an argument in its place */
  plan->order = alloc_zeroed(a, n, sizeof *plan->order);
  if (all == NULL || plan->order == NULL) {
    error_set(error, TG_NOMEM, "no memory for the object file");
  } else {
    for (uint32_t k = 0; k < n; k++) {
      all[k].place = k;
    }
    plan->operands = wanted->operands == NULL ? all : wanted->operands;
    find_order(plan);
    status = make_object(plan, like, wanted, error);
  }
  alloc_free(a, plan->order, n, sizeof *plan->order);
  alloc_free(a, all, n, sizeof *all);
  return status;
}

tg_status jit_object(const tg_allocator *allocator, const tg_plugin_object *wanted, tg_error *error)
{
  char name[OBJECT_NAME];
  jit_code like = {.allocator = *allocator, .context = {.allocator = *allocator}};
  TG_TRY(graph_decode(&like.context, wanted->module, wanted->bytes, &like.graph, error));
  object_name(wanted->name == NULL ? graph_str(like.graph, like.graph->name) : wanted->name, name);
  object_plan plan = {.graph = like.graph, .name = name};
  tg_status status = order_and_make(&plan, &like, wanted, error);
  tg_graph_destroy(like.graph);
  return status;
}
