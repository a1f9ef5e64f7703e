/* link.h: from an object in memory to the addresses of its functions. */
#ifndef TG_BACKEND_LLVM_LINK_H
#define TG_BACKEND_LLVM_LINK_H

#include "base/error.h"

#include <llvm-c/Orc.h>

enum { JIT_MOST_SYMBOLS = 24 };
typedef struct jit_symbols {
  size_t n;
  const char *names[JIT_MOST_SYMBOLS];
  void **addresses; /* n of them are filled */
} jit_symbols;

/* Links an object, which it takes over, and finds all symbols. */
tg_status jit_link(LLVMMemoryBufferRef object, const jit_symbols *symbols, LLVMOrcJITDylibRef *out, tg_error *error);
void jit_unlink(LLVMOrcJITDylibRef library); /* may be NULL */

#endif
