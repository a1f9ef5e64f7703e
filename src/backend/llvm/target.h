/* target.h: the machine that code is made for, and making machine code from a module. */
#ifndef TG_BACKEND_LLVM_TARGET_H
#define TG_BACKEND_LLVM_TARGET_H

#include "base/text.h"

#include <llvm-c/LLJIT.h>
#include <llvm-c/TargetMachine.h>

#include <stdbool.h>

typedef struct jit_target {
  unsigned vector_bytes;
  bool has_fma, has_round, has_mask_registers; /* operations that others leave to helpers */
  LLVMTargetMachineRef machine;
} jit_target;

typedef struct jit_wish {
  unsigned width; /* of vectors, in bits; 0: the machine's best */
  bool is_huge;   /* code that better algorithms would take minutes for */
} jit_wish;
tg_status jit_target_open(const jit_wish *wish, jit_target *out, tg_error *error);
void jit_target_close(jit_target *target);

/* Makes machine code of a module, and a JIT that holds it. */
tg_status jit_link(const jit_target *target, LLVMModuleRef module, LLVMOrcLLJITRef *jit, tg_error *error);
/* Its assembly, as text. */
tg_status jit_assembly(const jit_target *target, LLVMModuleRef module, text *out, tg_error *error);
tg_status jit_lookup(LLVMOrcLLJITRef jit, const char *name, void **function, tg_error *error);

#endif
