/* cache.h: code on disk: the object of a graph that was compiled before, by this or another process. */
#ifndef TG_BACKEND_LLVM_CACHE_H
#define TG_BACKEND_LLVM_CACHE_H

#include "backend/llvm/code.h"

enum { JIT_CACHE_NAME = 40 };
typedef struct jit_cache {
  const char *folder; /* NULL: there is none */
  uint64_t key[2];
  char name[JIT_CACHE_NAME];
} jit_cache;

/* What a graph's code for a target depends on becomes the key. Inside jit_guarded. */
void jit_cache_open(jit_cache *cache, const jit_code *code, const jit_target *target, const void *module, size_t bytes);

/* NULL: not there, or not as it was written. */
LLVMMemoryBufferRef jit_cache_load(const jit_cache *cache);
void jit_cache_save(const jit_cache *cache, LLVMMemoryBufferRef object);

#endif
