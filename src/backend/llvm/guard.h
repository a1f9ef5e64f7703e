/* guard.h: what happens when LLVM fails. What it reports becomes an error; where it would end the process, the thread
 * jumps back to jit_guarded, and from then on LLVM is not used any more in this process. docs/llvm.md, "Failures". */
#ifndef TG_BACKEND_LLVM_GUARD_H
#define TG_BACKEND_LLVM_GUARD_H

#include "base/error.h"

#include <llvm-c/Core.h>

#include <stdbool.h>

/* Installs the handlers; as soon as LLVM is loaded, so that the end of the process is not missed. */
void jit_guard_open(void);

/* Does work that calls LLVM. Not within itself. */
typedef tg_status (*jit_work)(void *arg, tg_error *error);
tg_status jit_guarded(jit_work work, void *arg, tg_error *error);

/* Whether LLVM may not be called any more: what it made stays as it is, and is not given back. */
bool jit_is_broken(void);

/* One lock for what LLVM shares between kernels; let go when LLVM fails while it is held. Inside jit_guarded alone. */
void jit_lock(void);
void jit_unlock(void);

/* Collects what LLVM says of a context's modules while it makes code; without it LLVM ends the process at an error. */
typedef struct jit_diagnosis {
  char text[200]; /* the first error, or empty */
} jit_diagnosis;
void jit_diagnose(LLVMContextRef context, jit_diagnosis *out);

#endif
