/* target.c: the machine, and machine code: a module becomes an object in memory, which a JIT of its own links. LLVM is
 * asked for no optimisation of the module, only for good code: the emitter leaves little to do. */
#include "backend/llvm/target.h"

#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* LLVM keeps its list of targets for the whole process. */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_llvm(void)
{
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
}

/* ---- what the machine can do ---- */

typedef struct level {
  unsigned width;
  const char *name, *needs; /* of a processor for LLVM; the feature of the host's that it needs */
  bool has_fma, has_round, has_mask_registers;
} level;

#if defined(__x86_64__)
static const level levels[] = {
    {512, "x86-64-v4", "+avx512vl", true, true, true},
    {256, "x86-64-v3", "+avx2", true, true, false},
    {128, "x86-64", "+sse2", false, false, false},
};
#elif defined(__aarch64__)
static const level levels[] = {{128, "generic", "", true, true, false}};
#else
static const level levels[] = {{128, "", "", false, false, false}};
#endif

static bool has_feature(const char *features, const char *wanted)
{
  size_t n = strlen(wanted);
  for (const char *p = strstr(features, wanted); p != NULL; p = strstr(p + 1, wanted)) {
    if (p[n] == ',' || p[n] == '\0') {
      return true;
    }
  }
  return n == 0;
}

static const level *find_level(unsigned width, const char *features)
{
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
    if ((width == 0 || width == levels[i].width) && has_feature(features, levels[i].needs)) {
      return &levels[i];
    }
  }
  return NULL;
}

static tg_status create_machine(const level *l, const jit_wish *wish, const char *features, jit_target *out,
                                tg_error *error)
{
  char *triple = LLVMGetDefaultTargetTriple(), *message = NULL, *cpu = LLVMGetHostCPUName();
  LLVMTargetRef target;
  if (LLVMGetTargetFromTriple(triple, &target, &message)) {
    error_set(error, TG_UNSUPPORTED, "LLVM makes no code for this machine: %.120s", message);
    LLVMDisposeMessage(message);
  } else {
    bool is_forced = wish->width != 0;
    LLVMCodeGenOptLevel effort = wish->is_huge ? LLVMCodeGenLevelNone : LLVMCodeGenLevelDefault;
    out->machine = LLVMCreateTargetMachine(target, triple, is_forced ? l->name : cpu, is_forced ? "" : features, effort,
                                           LLVMRelocPIC, LLVMCodeModelDefault);
    if (out->machine == NULL) {
      error_set(error, TG_UNSUPPORTED, "LLVM makes no code for this machine");
    }
  }
  LLVMDisposeMessage(triple);
  LLVMDisposeMessage(cpu);
  return out->machine == NULL ? TG_UNSUPPORTED : TG_OK;
}

tg_status jit_target_open(const jit_wish *wish, jit_target *out, tg_error *error)
{
  pthread_once(&once, open_llvm);
  memset(out, 0, sizeof *out);
  char *features = LLVMGetHostCPUFeatures();
  const level *l = find_level(wish->width, features);
  tg_status status;
  if (l == NULL) {
    status = error_set(error, TG_UNSUPPORTED, "this machine has no vectors of %u bits", wish->width);
  } else {
    out->vector_bytes = l->width / 8;
    out->has_fma = l->has_fma;
    out->has_round = l->has_round;
    out->has_mask_registers = l->has_mask_registers;
    status = create_machine(l, wish, features, out, error);
  }
  LLVMDisposeMessage(features);
  return status;
}

void jit_target_close(jit_target *target)
{
  if (target->machine != NULL) {
    LLVMDisposeTargetMachine(target->machine);
  }
}

/* ---- linking ---- */

static tg_status fail(LLVMErrorRef failure, tg_error *error)
{
  char *message = LLVMGetErrorMessage(failure);
  tg_status status = error_set(error, TG_INTERNAL, "LLVM: %.200s", message);
  LLVMDisposeErrorMessage(message);
  return status;
}

static tg_status make_code(const jit_target *target, LLVMModuleRef module, LLVMCodeGenFileType form,
                           LLVMMemoryBufferRef *out, tg_error *error)
{
  char *message = NULL;
  if (LLVMTargetMachineEmitToMemoryBuffer(target->machine, module, form, &message, out)) {
    tg_status status = error_set(error, TG_INTERNAL, "LLVM makes no code: %.200s", message);
    LLVMDisposeMessage(message);
    return status;
  }
  return TG_OK;
}

tg_status jit_assembly(const jit_target *target, LLVMModuleRef module, text *out, tg_error *error)
{
  LLVMMemoryBufferRef lines = NULL;
  TG_TRY(make_code(target, module, LLVMAssemblyFile, &lines, error));
  text_bytes(out, LLVMGetBufferStart(lines), LLVMGetBufferSize(lines));
  LLVMDisposeMemoryBuffer(lines);
  return out->failed ? error_set(error, TG_NOMEM, "no memory for the assembly") : TG_OK;
}

tg_status jit_link(const jit_target *target, LLVMModuleRef module, LLVMOrcLLJITRef *jit, tg_error *error)
{
  LLVMMemoryBufferRef object = NULL;
  TG_TRY(make_code(target, module, LLVMObjectFile, &object, error));
  LLVMErrorRef failure = LLVMOrcCreateLLJIT(jit, NULL);
  if (failure != NULL) {
    *jit = NULL;
    LLVMDisposeMemoryBuffer(object);
    return fail(failure, error);
  }
  failure = LLVMOrcLLJITAddObjectFile(*jit, LLVMOrcLLJITGetMainJITDylib(*jit), object);
  return failure == NULL ? TG_OK : fail(failure, error);
}

tg_status jit_lookup(LLVMOrcLLJITRef jit, const char *name, void **function, tg_error *error)
{
  LLVMOrcExecutorAddress address = 0;
  LLVMErrorRef failure = LLVMOrcLLJITLookup(jit, &address, name);
  if (failure != NULL) {
    return fail(failure, error);
  }
  *function = (void *)(uintptr_t)address;
  return TG_OK;
}
