/* object_tables.h: what the driver of an object file reads, as constants of a module. */
#ifndef TG_BACKEND_LLVM_OBJECT_TABLES_H
#define TG_BACKEND_LLVM_OBJECT_TABLES_H

#include "backend/llvm/object.h"

/* Constants that refer to one another. */
typedef struct object_parts {
  LLVMValueRef graph, codes[OBJECT_LEVELS], width, kernel;
} object_parts;

LLVMValueRef object_add_graph(const jit_emitter *e);
LLVMValueRef object_add_code(const jit_emitter *e, LLVMValueRef graph); /* of e->code and e->functions */
LLVMValueRef object_add_kernel(const jit_emitter *e, const object_plan *plan, const object_parts *parts);

/* object_export.c */
void object_add_function(jit_emitter *e, const object_plan *plan, const object_parts *parts);

#endif
