/* object_tables.c: structures of this process as constants of a module: their bytes as they are, and the addresses in
 * them as references to other constants. What the driver does not read stays zero. */
#include "backend/llvm/object_tables.h"

#include <stddef.h>
#include <string.h>

enum { MOST_LINKS = 16 };

typedef struct table_link {
  size_t offset;
  LLVMValueRef to; /* NULL: no address */
} table_link;

static LLVMValueRef bytes_of(const jit_emitter *e, const void *bytes, size_t n)
{
  return LLVMConstStringInContext2(e->context, bytes, n, 1);
}

static LLVMValueRef add_constant(const jit_emitter *e, LLVMValueRef value)
{
  LLVMValueRef global = LLVMAddGlobal(e->module, LLVMTypeOf(value), "throng_table");
  LLVMSetInitializer(global, value);
  LLVMSetGlobalConstant(global, 1);
  LLVMSetLinkage(global, LLVMPrivateLinkage);
  LLVMSetAlignment(global, 16);
  return global;
}

/* A structure of n bytes with links in the order of their offsets. */
static LLVMValueRef add_linked(const jit_emitter *e, const void *bytes, size_t n, const table_link *links,
                               size_t n_links)
{
  LLVMValueRef parts[2 * MOST_LINKS + 1];
  unsigned n_parts = 0;
  size_t at = 0;
  for (size_t k = 0; k < n_links; k++) {
    if (links[k].to != NULL) {
      parts[n_parts++] = bytes_of(e, (const char *)bytes + at, links[k].offset - at);
      parts[n_parts++] = links[k].to;
      at = links[k].offset + sizeof(void *);
    }
  }
  parts[n_parts++] = bytes_of(e, (const char *)bytes + at, n - at);
  return add_constant(e, LLVMConstStructInContext(e->context, parts, n_parts, 1));
}

static LLVMValueRef add_list(const jit_emitter *e, const void *data, size_t n, size_t size)
{
  return n == 0 || data == NULL ? NULL : add_constant(e, bytes_of(e, data, n * size));
}

LLVMValueRef jit_add_bytes(const jit_emitter *e, const void *bytes, size_t n)
{
  return add_constant(e, bytes_of(e, bytes, n));
}

#define LIST(e, list) add_list(e, (list).data, (list).n, sizeof *(list).data)

LLVMValueRef object_add_graph(const jit_emitter *e)
{
  const tg_graph *g = e->g;
  tg_graph copy;
  memset(&copy, 0, sizeof copy);
  copy.operands.n = g->operands.n;
  copy.nodes.n = g->nodes.n;
  copy.values.n = g->values.n;
  copy.args.n = g->args.n;
  copy.entries.n = g->entries.n;
  copy.n_arg_sinks = g->n_arg_sinks;
  const table_link links[] = {
      {offsetof(tg_graph, operands.data), LIST(e, g->operands)}, {offsetof(tg_graph, nodes.data), LIST(e, g->nodes)},
      {offsetof(tg_graph, values.data), LIST(e, g->values)},     {offsetof(tg_graph, args.data), LIST(e, g->args)},
      {offsetof(tg_graph, entries.data), LIST(e, g->entries)},
  };
  return add_linked(e, &copy, sizeof copy, links, sizeof links / sizeof *links);
}

/* What run.c and the helpers read; whoever gives jit_code a list that they read adds it here. */
LLVMValueRef object_add_code(const jit_emitter *e, LLVMValueRef graph)
{
  const jit_code *code = e->code;
  size_t n_values = e->g->values.n, n_operands = e->g->operands.n;
  jit_code copy;
  memset(&copy, 0, sizeof copy);
  copy.n_lanes = code->n_lanes;
  copy.n_slots = code->n_slots;
  copy.array_bytes = code->array_bytes;
  copy.traits.vector_bytes = code->traits.vector_bytes;
  copy.can_trap = code->can_trap;
  copy.n_args = code->n_args;
  copy.n_ordered = code->n_ordered;
  copy.joins_blocks = code->joins_blocks;
  copy.best = code->best;
  copy.trees = code->trees;
  copy.pointers = code->pointers;
  copy.alive = code->alive;
  copy.codes = code->codes;
  copy.positions = code->positions;
  copy.arrays = code->arrays;
  copy.scratch_bytes = code->scratch_bytes;
  copy.has_tail = code->has_tail;
  copy.is_plain = code->is_plain;
  copy.page_lanes = code->page_lanes;
  copy.past_lanes = code->past_lanes;
  copy.n_plain = code->n_plain;
  copy.n_params = code->n_params;
  copy.cached_lanes = code->cached_lanes; /* this machine's caches stand for those to come */
  const table_link links[] = {
      {offsetof(jit_code, graph), graph},
      {offsetof(jit_code, functions[JIT_FULL]), e->functions[JIT_FULL]},
      {offsetof(jit_code, functions[JIT_MASKED]), e->functions[JIT_MASKED]},
      {offsetof(jit_code, functions[JIT_FUEL]), e->functions[JIT_FUEL]},
      {offsetof(jit_code, functions[JIT_PAST]), e->functions[JIT_PAST]},
      {offsetof(jit_code, functions[JIT_PREPARE]), e->functions[JIT_PREPARE]},
      {offsetof(jit_code, slots), add_list(e, code->slots, n_values, sizeof *code->slots)},
      {offsetof(jit_code, streams), add_list(e, code->streams, n_operands, sizeof *code->streams)},
      {offsetof(jit_code, storage), add_list(e, code->storage, n_values, sizeof *code->storage)},
      {offsetof(jit_code, arg_nodes), add_list(e, code->arg_nodes, code->n_args, sizeof *code->arg_nodes)},
      {offsetof(jit_code, ordered), add_list(e, code->ordered, code->n_ordered, sizeof *code->ordered)},
      {offsetof(jit_code, buffers), add_list(e, code->buffers, n_operands, sizeof *code->buffers)},
      {offsetof(jit_code, plain), add_list(e, code->plain, code->n_plain, sizeof *code->plain)},
      {offsetof(jit_code, params), add_list(e, code->params, code->n_params, sizeof *code->params)},
  };
  return add_linked(e, &copy, sizeof copy, links, sizeof links / sizeof *links);
}

LLVMValueRef object_add_kernel(const jit_emitter *e, const object_plan *plan, const object_parts *parts)
{
  object_kernel kernel;
  table_link links[OBJECT_LEVELS + 2] = {{offsetof(object_kernel, graph), parts->graph}};
  size_t n = 1;
  memset(&kernel, 0, sizeof kernel);
  kernel.n_levels = (uint32_t)plan->n_levels;
  kernel.layout = plan->layout;
  for (size_t k = 0; k < plan->n_levels; k++) {
    kernel.levels[k].width = 8 * plan->targets[k].vector_bytes;
    links[n++] = (table_link){offsetof(object_kernel, levels) + k * sizeof(object_level) + offsetof(object_level, code),
                              parts->codes[k]};
  }
  links[n++] = (table_link){offsetof(object_kernel, width), parts->width};
  return add_linked(e, &kernel, sizeof kernel, links, n);
}
