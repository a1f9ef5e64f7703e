/* entry.c: the plug-in's one exported symbol, and making code of a module. */
#include "backend/llvm/emit.h"
#include "backend/plugin.h"

#include <llvm-c/Error.h>

enum { HUGE_GRAPH = 16384 }; /* values */

static bool supports(tg_op op, tg_type type)
{
  (void)op;
  (void)type;
  return true;
}

static void drop(void *p)
{
  jit_code *code = p;
  if (code == NULL) {
    return;
  }
  tg_allocator a = code->allocator;
  if (code->jit != NULL) {
    LLVMConsumeError(LLVMOrcDisposeLLJIT(code->jit));
  }
  jit_plan_free(code);
  tg_graph_destroy(code->graph);
  alloc_free(&a, code, 1, sizeof *code);
}

static tg_status make(jit_code *code, unsigned width, const void *module, size_t bytes, tg_error *error)
{
  jit_target target;
  TG_TRY(graph_decode(&code->context, module, bytes, &code->graph, error));
  code->wish = (jit_wish){width, code->graph->values.n > HUGE_GRAPH};
  tg_status status = jit_target_open(&code->wish, &target, error);
  if (status == TG_OK && !jit_plan(code, &target)) {
    status = error_set(error, TG_NOMEM, "no memory for the code");
  }
  if (status == TG_OK) {
    status = jit_build(code, &target, error);
  }
  jit_target_close(&target);
  return status;
}

static tg_status compile(const tg_allocator *allocator, unsigned width, const void *module, size_t bytes, void **out,
                         tg_error *error)
{
  jit_code *code = alloc_zeroed(allocator, 1, sizeof *code);
  *out = NULL;
  if (code == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  code->allocator = code->context.allocator = *allocator;
  tg_status status = make(code, width, module, bytes, error);
  if (status != TG_OK) {
    drop(code);
    return status;
  }
  *out = code;
  return TG_OK;
}

static size_t uniform_bytes(const void *code)
{
  return ((const jit_code *)code)->n_slots * sizeof(uint64_t);
}

static size_t scratch_bytes(const void *code)
{
  return ((const jit_code *)code)->scratch_bytes;
}

static void describe(const jit_code *code, const jit_target *target, text *out)
{
  char *cpu = LLVMGetTargetMachineCPU(target->machine);
  text_format(out, "# graph %.200s: LLVM, for %.40s: vectors of %u bits, groups of %u lanes\n",
              graph_str(code->graph, code->graph->name), cpu, 8 * target->vector_bytes, code->n_lanes);
  LLVMDisposeMessage(cpu);
}

static tg_status write_text(const void *p, text *out, tg_error *error)
{
  const jit_code *code = p;
  jit_target target;
  tg_status status = jit_target_open(&code->wish, &target, error);
  if (status == TG_OK) {
    describe(code, &target, out);
    status = jit_show(code, &target, out, error);
  }
  jit_target_close(&target);
  return status;
}

static const tg_plugin plugin = {.abi = TG_PLUGIN_ABI,
                                 .size = sizeof(tg_plugin),
                                 .backend_abi = TG_BACKEND_ABI,
                                 .args_size = sizeof(engine_args),
                                 .partials_size = sizeof(partials),
                                 .text_size = sizeof(text),
                                 .name = "llvm",
                                 .version = "LLVM 19",
                                 .supports = supports,
                                 .compile = compile,
                                 .drop = drop,
                                 .uniform_bytes = uniform_bytes,
                                 .scratch_bytes = scratch_bytes,
                                 .prepare = jit_prepare,
                                 .run = jit_run,
                                 .text = write_text};

TG_API const tg_plugin *tg_plugin_entry(void);

const tg_plugin *tg_plugin_entry(void)
{
  return &plugin;
}
