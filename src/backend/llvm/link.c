/* link.c: an object in memory becomes code that can run. One JIT serves all kernels, for making one takes longer than
 * making a kernel; each kernel has a library of its own in it, and libraries that are given back serve again. */
#include "backend/llvm/link.h"

#include "backend/llvm/guard.h"

#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MOST_SPARE = 64 };

/* Under jit_lock. */
static LLVMOrcLLJITRef jit;
static LLVMOrcJITDylibRef spare[MOST_SPARE];
static size_t n_spare;
static unsigned long n_libraries;

static tg_status fail(LLVMErrorRef failure, tg_error *error)
{
  char *message = LLVMGetErrorMessage(failure);
  tg_status status = error_set(error, TG_INTERNAL, "LLVM: %.200s", message);
  LLVMDisposeErrorMessage(message);
  return status;
}

/* ---- libraries ---- */

static tg_status new_library(LLVMOrcJITDylibRef *out, tg_error *error)
{
  char name[32];
  LLVMOrcDefinitionGeneratorRef process;
  snprintf(name, sizeof name, "throng%lu", n_libraries++);
  LLVMErrorRef failure =
      LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&process, LLVMOrcLLJITGetGlobalPrefix(jit), NULL, NULL);
  if (failure != NULL) {
    return fail(failure, error);
  }
  *out = LLVMOrcExecutionSessionCreateBareJITDylib(LLVMOrcLLJITGetExecutionSession(jit), name);
  LLVMOrcJITDylibAddGenerator(*out, process); /* code calls memcpy and its like */
  return TG_OK;
}

static tg_status take_library(LLVMOrcJITDylibRef *out, tg_error *error)
{
  if (jit == NULL) {
    LLVMErrorRef failure = LLVMOrcCreateLLJIT(&jit, NULL);
    if (failure != NULL) {
      jit = NULL;
      return fail(failure, error);
    }
  }
  if (n_spare > 0) {
    *out = spare[--n_spare];
    return TG_OK;
  }
  return new_library(out, error);
}

static void give_library(LLVMOrcJITDylibRef library)
{
  LLVMErrorRef failure = LLVMOrcJITDylibClear(library);
  if (failure == NULL && n_spare < MOST_SPARE) {
    spare[n_spare++] = library;
  }
  LLVMConsumeError(failure);
}

/* ---- symbols ---- */

typedef struct answer {
  const jit_symbols *symbols;
  LLVMOrcSymbolStringPoolEntryRef names[JIT_MOST_SYMBOLS];
  LLVMErrorRef failure;
  bool is_there;
  pthread_mutex_t lock;
  pthread_cond_t came;
} answer;

static void take_answer(LLVMErrorRef failure, LLVMOrcCSymbolMapPairs found, size_t n, void *out)
{
  answer *a = out;
  pthread_mutex_lock(&a->lock);
  for (size_t i = 0; failure == NULL && i < n; i++) {
    for (size_t k = 0; k < a->symbols->n; k++) {
      if (found[i].Name == a->names[k]) {
        a->symbols->addresses[k] = (void *)(uintptr_t)found[i].Sym.Address;
      }
    }
  }
  a->failure = failure;
  a->is_there = true;
  pthread_cond_signal(&a->came);
  pthread_mutex_unlock(&a->lock);
}

static tg_status look_up(LLVMOrcJITDylibRef library, const jit_symbols *symbols, tg_error *error)
{
  answer a = {.symbols = symbols, .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
  LLVMOrcCLookupSetElement wanted[JIT_MOST_SYMBOLS];
  LLVMOrcCJITDylibSearchOrderElement order = {library, LLVMOrcJITDylibLookupFlagsMatchAllSymbols};
  for (size_t k = 0; k < symbols->n; k++) {
    symbols->addresses[k] = NULL;
    a.names[k] = LLVMOrcLLJITMangleAndIntern(jit, symbols->names[k]);
    LLVMOrcRetainSymbolStringPoolEntry(a.names[k]); /* the search gives one back */
    wanted[k] = (LLVMOrcCLookupSetElement){a.names[k], LLVMOrcSymbolLookupFlagsRequiredSymbol};
  }
  LLVMOrcExecutionSessionLookup(LLVMOrcLLJITGetExecutionSession(jit), LLVMOrcLookupKindStatic, &order, 1, wanted,
                                symbols->n, take_answer, &a);
  pthread_mutex_lock(&a.lock);
  while (!a.is_there) {
    pthread_cond_wait(&a.came, &a.lock);
  }
  pthread_mutex_unlock(&a.lock);
  for (size_t k = 0; k < symbols->n; k++) {
    LLVMOrcReleaseSymbolStringPoolEntry(a.names[k]);
  }
  return a.failure == NULL ? TG_OK : fail(a.failure, error);
}

/* ---- linking ---- */

typedef struct link_work {
  LLVMMemoryBufferRef object;
  const jit_symbols *symbols;
  LLVMOrcJITDylibRef library;
} link_work;

static tg_status link_locked(link_work *w, tg_error *error)
{
  tg_status status = take_library(&w->library, error);
  if (status != TG_OK) {
    LLVMDisposeMemoryBuffer(w->object);
    return status;
  }
  LLVMErrorRef failure = LLVMOrcLLJITAddObjectFile(jit, w->library, w->object);
  status = failure == NULL ? look_up(w->library, w->symbols, error) : fail(failure, error);
  if (status != TG_OK) {
    give_library(w->library);
    w->library = NULL;
  }
  return status;
}

static tg_status link_work_do(void *arg, tg_error *error)
{
  jit_lock();
  tg_status status = link_locked(arg, error);
  jit_unlock();
  return status;
}

tg_status jit_link(LLVMMemoryBufferRef object, const jit_symbols *symbols, LLVMOrcJITDylibRef *out, tg_error *error)
{
  link_work work = {object, symbols, NULL};
  tg_status status = jit_guarded(link_work_do, &work, error);
  *out = status == TG_OK ? work.library : NULL;
  return status;
}

static tg_status unlink_work(void *arg, tg_error *error)
{
  (void)error;
  jit_lock();
  give_library(arg);
  jit_unlock();
  return TG_OK;
}

void jit_unlink(LLVMOrcJITDylibRef library)
{
  if (library != NULL) {
    jit_guarded(unlink_work, library, NULL);
  }
}
