/* target.c: the machine, and machine code: a module becomes an object in memory. LLVM is asked for no optimisation of
 * the module, only for good code: the emitter leaves little to do.
 *
 * What LLVM knows of a processor takes it longer to make than a small kernel's code, so it is kept for the next one. */
#include "backend/llvm/target.h"

#include "backend/llvm/guard.h"

#include <llvm-c/Core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- kept for the process, under jit_lock ---- */

enum { MOST_SPARE = 4 };
static bool is_open;
static char *host_cpu, *host_features; /* asking the processor is slow in a virtual machine */
static jit_target spare[MOST_SPARE];
static size_t n_spare;

static void open_llvm(void)
{
  if (!is_open) {
    LLVMInitializeNativeTarget();
    LLVMInitializeNativeAsmPrinter();
    LLVMInitializeNativeAsmParser(); /* of the driver of object files */
    host_cpu = LLVMGetHostCPUName();
    host_features = LLVMGetHostCPUFeatures();
    is_open = true;
  }
}

static bool take_spare(const jit_wish *wish, jit_target *out)
{
  for (size_t i = 0; i < n_spare; i++) {
    if (spare[i].wish.width == wish->width && spare[i].wish.is_huge == wish->is_huge &&
        spare[i].wish.is_foreign == wish->is_foreign) {
      *out = spare[i];
      spare[i] = spare[--n_spare];
      return true;
    }
  }
  return false;
}

/* ---- what the machine can do ---- */

typedef struct level {
  unsigned width;
  const char *name, *needs; /* of a processor for LLVM; the feature of the host's that it needs */
  bool has_fma, has_round, has_mask_registers;
  const char *f16; /* the feature that conversions of half precision are; NULL: there are none */
} level;

#if defined(__x86_64__)
static const level levels[] = {
    {512, "x86-64-v4", "+avx512vl", true, true, true, "+f16c"},
    {256, "x86-64-v3", "+avx2", true, true, false, "+f16c"},
    {128, "x86-64", "+sse2", false, false, false, NULL},
    {JIT_WIDTH_FAULT, "i386", "", false, false, false, NULL},
};
#elif defined(__aarch64__)
static const level levels[] = {{128, "generic", "", true, true, false, ""}};
#else
static const level levels[] = {{128, "", "", false, false, false, NULL}};
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
    if ((width == 0 || width == levels[i].width) && (features == NULL || has_feature(features, levels[i].needs))) {
      return &levels[i];
    }
  }
  return NULL;
}

unsigned jit_level_width(size_t k)
{
  bool is_one = k < sizeof levels / sizeof *levels && levels[k].width != (unsigned)JIT_WIDTH_FAULT;
  return is_one ? levels[k].width : 0;
}

const char *jit_level_name(size_t k)
{
  return jit_level_width(k) == 0 ? NULL : levels[k].name;
}

static tg_status create_machine(const level *l, jit_target *out, tg_error *error)
{
  char *triple = LLVMGetDefaultTargetTriple(), *message = NULL;
  LLVMTargetRef target;
  if (LLVMGetTargetFromTriple(triple, &target, &message)) {
    error_set(error, TG_UNSUPPORTED, "LLVM makes no code for this machine: %.120s", message);
    LLVMDisposeMessage(message);
  } else {
    bool is_forced = out->wish.width != 0;
    LLVMCodeGenOptLevel effort = out->wish.is_huge ? LLVMCodeGenLevelNone : LLVMCodeGenLevelLess;
    out->machine = LLVMCreateTargetMachine(target, triple, is_forced ? l->name : host_cpu,
                                           is_forced ? "" : host_features, effort, LLVMRelocPIC, LLVMCodeModelDefault);
    if (out->machine == NULL) {
      error_set(error, TG_UNSUPPORTED, "LLVM makes no code for this machine");
    }
  }
  LLVMDisposeMessage(triple);
  return out->machine == NULL ? TG_UNSUPPORTED : TG_OK;
}

static tg_status open_target(const jit_wish *wish, jit_target *out, tg_error *error)
{
  open_llvm();
  if (take_spare(wish, out)) {
    return TG_OK;
  }
  const level *l = find_level(wish->width, wish->is_foreign ? NULL : host_features);
  if (l == NULL) {
    return error_set(error, TG_UNSUPPORTED, "this machine has no vectors of %u bits", wish->width);
  }
  out->wish = *wish;
  out->vector_bytes = l->width / 8;
  out->has_fma = l->has_fma;
  out->has_round = l->has_round;
  out->has_mask_registers = l->has_mask_registers;
  bool is_host = wish->width == 0; /* a level's name stands for the features; a host may lack some */
  out->has_f16 = l->f16 != NULL && (!is_host || has_feature(host_features, l->f16));
  return create_machine(l, out, error);
}

tg_status jit_target_open(const jit_wish *wish, jit_target *out, tg_error *error)
{
  memset(out, 0, sizeof *out);
  jit_lock();
  tg_status status = open_target(wish, out, error);
  jit_unlock();
  return status;
}

void jit_target_close(jit_target *target)
{
  jit_lock();
  if (n_spare < MOST_SPARE) {
    spare[n_spare++] = *target;
  } else {
    LLVMDisposeTargetMachine(target->machine);
  }
  jit_unlock();
}

/* ---- code ---- */

tg_status jit_emit_code(const jit_target *target, LLVMModuleRef module, LLVMCodeGenFileType form,
                        LLVMMemoryBufferRef *out, tg_error *error)
{
  char *message = NULL;
  *out = NULL;
  if (LLVMTargetMachineEmitToMemoryBuffer(target->machine, module, form, &message, out)) {
    tg_status status = error_set(error, TG_INTERNAL, "LLVM makes no code: %.200s", message);
    LLVMDisposeMessage(message);
    *out = NULL;
    return status;
  }
  return TG_OK;
}
