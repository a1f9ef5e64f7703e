/* target.h: the machine that code is made for, and making machine code from a module. All of it inside jit_guarded. */
#ifndef TG_BACKEND_LLVM_TARGET_H
#define TG_BACKEND_LLVM_TARGET_H

#include "base/error.h"

#include <llvm-c/TargetMachine.h>

#include <stdbool.h>

/* How divergent loops are run; a kernel is held to one way only for tests. */
typedef enum jit_form { JIT_FORM_CHOSEN, JIT_FORM_MASKED, JIT_FORM_REFILL } jit_form;
enum { JIT_WISH_PAST = 3 }; /* a form of plugin.h: JIT_FORM_CHOSEN with goes_past */

typedef struct jit_wish {
  unsigned width;  /* of vectors, in bits; 0: the machine's best; JIT_WIDTH_FAULT */
  bool is_huge;    /* code that better algorithms would take minutes for */
  bool counts;     /* rounds of loops and operations, exactly */
  bool is_foreign; /* for another machine, which has vectors of this width */
  bool goes_past;  /* outputs are written past the caches, however short */
  jit_form form;
} jit_wish;

/* Not a width: a processor for which LLVM finds that it cannot go on. For tests of what happens then. */
enum { JIT_WIDTH_FAULT = 1 };

typedef struct jit_target {
  unsigned vector_bytes;
  bool has_fma, has_round, has_mask_registers; /* operations that others leave to helpers */
  bool has_f16;                                /* conversions of half precision */
  LLVMTargetMachineRef machine;
  jit_wish wish;
} jit_target;

/* The widths that code can be made for on machines of this kind, the widest first, and LLVM's names for the least
 * processors that have them; 0 and NULL at the end. */
unsigned jit_level_width(size_t k);
const char *jit_level_name(size_t k);

tg_status jit_target_open(const jit_wish *wish, jit_target *out, tg_error *error);
void jit_target_close(jit_target *target);

/* Makes an object of a module, or assembly. */
tg_status jit_emit_code(const jit_target *target, LLVMModuleRef module, LLVMCodeGenFileType form,
                        LLVMMemoryBufferRef *out, tg_error *error);

#endif
