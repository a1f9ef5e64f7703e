/* entry.c: the plug-in's one exported symbol, and making code of a module. */
#include "backend/llvm/cache.h"
#include "backend/llvm/emit.h"
#include "backend/llvm/link.h"
#include "backend/llvm/object.h"
#include "backend/llvm/run.h"
#include "backend/plugin.h"
#include "base/text.h"
#include "explain/explain.h"

#include <time.h>

_Static_assert((int)JIT_FORM_MASKED == BACKEND_FORM_MASKED, "forms of loops are one list");

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
  jit_unlink(code->library);
  jit_plan_free(code);
  alloc_free(&a, code->choice, 1, sizeof *code->choice);
  tg_graph_destroy(code->graph);
  alloc_free(&a, code, 1, sizeof *code);
}

typedef struct target_work {
  jit_wish wish;
  jit_target target;
} target_work;

typedef struct text_work {
  const jit_code *code;
  target_work target;
  text *out;
} text_work;

static tg_status open_target(void *arg, tg_error *error)
{
  target_work *w = arg;
  return jit_target_open(&w->wish, &w->target, error);
}

static tg_status close_target(void *arg, tg_error *error)
{
  (void)error;
  jit_target_close(arg);
  return TG_OK;
}

/* What is to be made, and where it may be already. */
typedef struct make_work {
  jit_code *code;
  const jit_target *target;
  const void *module;
  size_t bytes;
  jit_cache cache;
  LLVMMemoryBufferRef object;
} make_work;

static tg_status look_in_cache(void *arg, tg_error *error)
{
  make_work *w = arg;
  (void)error;
  jit_cache_open(&w->cache, w->code, w->target, w->module, w->bytes);
  w->object = w->cache.folder == NULL ? NULL : jit_cache_load(&w->cache);
  return TG_OK;
}

/* True: the code was there. */
static bool find_made(make_work *w)
{
  return w->cache.folder != NULL && jit_guarded(look_in_cache, w, NULL) == TG_OK && w->object != NULL &&
         jit_adopt(w->code, w->object, NULL) == TG_OK;
}

static tg_status make_for(make_work *w, tg_error *error)
{
  jit_code *code = w->code;
  const jit_target *target = w->target;
  LLVMMemoryBufferRef object;
  code->choice = alloc_zeroed(&code->allocator, 1, sizeof *code->choice);
  if (code->choice == NULL || !jit_plan(code, target)) {
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  jit_choose_functions(code);
  if (find_made(w)) {
    return TG_OK;
  }
  TG_TRY(jit_build(code, target, LLVMObjectFile, &object, error));
  if (w->cache.folder != NULL) {
    jit_cache_save(&w->cache, object);
  }
  return jit_adopt(code, object, error);
}

static uint64_t now_us(void)
{
  struct timespec now;
  return timespec_get(&now, TIME_UTC) == 0 ? 0 : (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static tg_status make(jit_code *code, const tg_plugin_wish *wish, const void *module, size_t bytes, tg_error *error)
{
  TG_TRY(graph_decode(&code->context, module, bytes, &code->graph, error));
  code->wish = (jit_wish){.width = wish->width,
                          .is_huge = code->graph->values.n > JIT_HUGE_GRAPH,
                          .counts = (wish->how & COMPILE_COUNTS) != 0,
                          .goes_past = wish->form == JIT_WISH_PAST,
                          .form = wish->form == JIT_WISH_PAST ? JIT_FORM_CHOSEN : (jit_form)wish->form};
  target_work w = {.wish = code->wish};
  uint64_t start = now_us();
  TG_TRY(jit_guarded(open_target, &w, error));
  make_work m = {code, &w.target, module, bytes, {.folder = wish->cache}, NULL};
  tg_status status = make_for(&m, error);
  jit_guarded(close_target, &w.target, NULL);
  code->made_us = now_us() - start;
  return status;
}

static tg_status compile(const tg_allocator *allocator, const tg_plugin_wish *wish, const void *module, size_t bytes,
                         void **out, tg_error *error)
{
  jit_code *code = alloc_zeroed(allocator, 1, sizeof *code);
  *out = NULL;
  if (code == NULL) {
    return error_set(error, TG_NOMEM, "no memory for the code");
  }
  code->allocator = code->context.allocator = *allocator;
  tg_status status = make(code, wish, module, bytes, error);
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

/* ---- as text: made once more, for what runs is not kept as text ---- */

static tg_status describe(void *arg, tg_error *error)
{
  text_work *w = arg;
  (void)error;
  char *cpu = LLVMGetTargetMachineCPU(w->target.target.machine);
  text_format(w->out, "# graph %.200s: LLVM, for %.40s: vectors of %u bits, groups of %u lanes\n",
              graph_str(w->code->graph, w->code->graph->name), cpu, 8 * w->target.target.vector_bytes,
              w->code->n_lanes);
  LLVMDisposeMessage(cpu);
  return TG_OK;
}

static tg_status write_for(text_work *w, tg_error *error)
{
  LLVMMemoryBufferRef lines;
  TG_TRY(jit_guarded(describe, w, error));
  TG_TRY(jit_build(w->code, &w->target.target, LLVMAssemblyFile, &lines, error));
  text_bytes(w->out, LLVMGetBufferStart(lines), LLVMGetBufferSize(lines));
  LLVMDisposeMemoryBuffer(lines);
  return w->out->failed ? error_set(error, TG_NOMEM, "no memory for the assembly") : TG_OK;
}

static tg_status write_text(const void *p, text *out, tg_error *error)
{
  const jit_code *code = p;
  text_work w = {code, {.wish = code->wish}, out};
  TG_TRY(jit_guarded(open_target, &w.target, error));
  tg_status status = write_for(&w, error);
  jit_guarded(close_target, &w.target.target, NULL);
  return status;
}

static const tg_plugin plugin = {.abi = TG_PLUGIN_ABI,
                                 .size = sizeof(tg_plugin),
                                 .backend_abi = TG_BACKEND_ABI,
                                 .args_size = sizeof(engine_args),
                                 .partials_size = sizeof(partials),
                                 .quick_size = sizeof(backend_quick),
                                 .text_size = sizeof(text),
                                 .explainer_size = sizeof(explainer),
                                 .name = "llvm",
                                 .version = "LLVM 19",
                                 .supports = supports,
                                 .compile = compile,
                                 .drop = drop,
                                 .uniform_bytes = uniform_bytes,
                                 .scratch_bytes = scratch_bytes,
                                 .prepare = jit_prepare,
                                 .run = jit_run,
                                 .quick = jit_quick,
                                 .explain = jit_explain,
                                 .object = jit_object,
                                 .text = write_text};

TG_API const tg_plugin *tg_plugin_entry(void);

const tg_plugin *tg_plugin_entry(void)
{
  jit_guard_open();
  return &plugin;
}
