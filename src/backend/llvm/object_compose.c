/* object_compose.c: the module of an object file. In: a plan. Out: the functions of each level, compiled for processors
 * that have it; the tables; the driver's assembly; and the exported function (object_export.c). */
#include "backend/llvm/object_tables.h"

#include <stdio.h>
#include <string.h>

/* ---- levels ---- */

static void build_level(jit_emitter *e, const object_plan *plan, size_t k)
{
  static const char cpu[] = "target-cpu";
  char suffix[16];
  snprintf(suffix, sizeof suffix, "_%u", 8 * plan->targets[k].vector_bytes);
  e->suffix = suffix;
  e->code = plan->codes[k];
  e->target = &plan->targets[k];
  e->varies = e->code->varies;
  memset(e->functions, 0, sizeof e->functions);
  jit_build_functions(e);
  e->suffix = "";
  for (size_t v = 0; v <= (size_t)JIT_PREPARE && !e->failed; v++) {
    if (e->functions[v] != NULL) {
      LLVMSetLinkage(e->functions[v], LLVMInternalLinkage);
      LLVMAddTargetDependentFunctionAttr(e->functions[v], cpu, jit_level_name(k));
    }
  }
}

/* ---- the module ---- */

static LLVMValueRef add_width(jit_emitter *e, const char *name)
{
  char full[OBJECT_NAME + 16];
  snprintf(full, sizeof full, "%s_width", name);
  LLVMValueRef width = LLVMAddGlobal(e->module, jit_int(e, 32), full);
  LLVMSetInitializer(width, LLVMConstInt(jit_int(e, 32), 0, 0));
  return width;
}

void object_compose(jit_emitter *e, void *arg)
{
  const object_plan *plan = arg;
  object_parts parts = {.graph = object_add_graph(e), .width = add_width(e, plan->name)};
  for (size_t k = 0; k < plan->n_levels && !e->failed; k++) {
    build_level(e, plan, k);
    parts.codes[k] = e->failed ? NULL : object_add_code(e, parts.graph);
  }
  if (e->failed) {
    return;
  }
  parts.kernel = object_add_kernel(e, plan, &parts);
  LLVMSetModuleInlineAsm2(e->module, object_driver, object_driver_bytes);
  object_add_function(e, plan, &parts);
}
