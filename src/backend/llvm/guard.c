/* guard.c: see guard.h. LLVM has one handler of fatal errors, one of missing memory and one list of targets for a whole
 * process, so what is kept here is global: whether LLVM failed, and who is at work.
 *
 * A handler may not return. So it jumps, past LLVM's own code, back to where that was called: memory that LLVM held is
 * lost, and locks that it held stay taken. That is why nothing calls LLVM afterwards. */
#define _POSIX_C_SOURCE 200809L /* nanosleep */

#include "backend/llvm/guard.h"

#include <llvm-c/ErrorHandling.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEAST_ROOM = 32 << 20 };

typedef struct guard {
  jmp_buf back;
  tg_status status;
  char why[160];
  bool has_lock;
} guard;

static _Thread_local guard *current;
static atomic_bool broken;
static atomic_uint n_working;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

bool jit_is_broken(void)
{
  return atomic_load(&broken);
}

static void jump(tg_status status, const char *why)
{
  guard *g = current;
  g->status = status;
  snprintf(g->why, sizeof g->why, "%s", why == NULL ? "no reason given" : why);
  longjmp(g->back, 1);
}

/* ---- handlers: in a thread that is not at work here they do what LLVM and C++ do without them ---- */

static void on_fatal_error(const char *why)
{
  if (current != NULL) {
    jump(TG_INTERNAL, why);
  }
}

/* LLVM's C interface lacks the handlers of missing memory, so the functions of C++ are called by their names in the
 * object file, where they are. */
#if defined(__linux__) && defined(__GNUC__)
typedef void (*new_handler)(void);
__attribute__((weak)) extern void _ZN4llvm31install_bad_alloc_error_handlerEPFvPvPKcbES0_(
    void (*handler)(void *self, const char *why, bool is_crash), void *self);
__attribute__((weak)) extern new_handler _ZSt15set_new_handlerPFvvE(new_handler handler);
__attribute__((weak)) extern void _ZSt17__throw_bad_allocv(void);
static new_handler earlier;

static void on_bad_alloc(void *self, const char *why, bool is_crash)
{
  (void)self;
  (void)is_crash;
  if (current == NULL) {
    abort();
  }
  jump(TG_NOMEM, why);
}

static void on_failed_new(void)
{
  if (current != NULL) {
    jump(TG_NOMEM, "an allocation failed");
  }
  if (earlier != NULL) {
    earlier();
  } else {
    _ZSt17__throw_bad_allocv();
  }
}

static void watch_memory(void)
{
  if (_ZN4llvm31install_bad_alloc_error_handlerEPFvPvPKcbES0_ != NULL) {
    _ZN4llvm31install_bad_alloc_error_handlerEPFvPvPKcbES0_(on_bad_alloc, NULL);
  }
  if (_ZSt15set_new_handlerPFvvE != NULL && _ZSt17__throw_bad_allocv != NULL) {
    earlier = _ZSt15set_new_handlerPFvvE(on_failed_new);
  }
}
#else
static void watch_memory(void) {}
#endif

/* The process ends: LLVM's own data are about to go, so what is being made is waited for, and nothing is begun. */
static void on_exit_of_process(void)
{
  atomic_store(&broken, true);
  while (current == NULL && atomic_load(&n_working) > 0) {
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
}

/* A child of fork has no thread but the one that forked: what others had begun stays half done. */
static void on_fork(void)
{
  if (atomic_exchange(&n_working, 0) > 0) {
    atomic_store(&broken, true);
  }
}

static void install(void)
{
  LLVMInstallFatalErrorHandler(on_fatal_error);
  watch_memory();
  atexit(on_exit_of_process);
  pthread_atfork(NULL, NULL, on_fork);
}

void jit_guard_open(void)
{
  pthread_once(&once, install);
}

/* ---- working ---- */

void jit_lock(void)
{
  pthread_mutex_lock(&lock);
  current->has_lock = true;
}

void jit_unlock(void)
{
  current->has_lock = false;
  pthread_mutex_unlock(&lock);
}

/* Much ends the process where it finds no memory, such as the first use of a thread's own data: so it is tried first.
 */
static bool has_room(void)
{
  void *volatile room = malloc(LEAST_ROOM);
  free(room);
  return room != NULL;
}

static tg_status refuse(tg_error *error)
{
  error_set(error, TG_UNSUPPORTED, "LLVM failed before, or the process is ending or a child of one that used LLVM");
  error_hint(error, "the back-ends vec and auto go on without it");
  return TG_UNSUPPORTED;
}

static tg_status failed(guard *g, tg_error *error)
{
  atomic_store(&broken, true);
  if (g->has_lock) {
    pthread_mutex_unlock(&lock);
  }
  error_set(error, g->status, g->status == TG_NOMEM ? "no memory for LLVM: %s" : "LLVM failed: %s", g->why);
  error_hint(error, "LLVM is not used any more in this process; vec and auto go on without it");
  return g->status;
}

tg_status jit_guarded(jit_work work, void *arg, tg_error *error)
{
  guard g = {.has_lock = false};
  tg_status status;
  if (!has_room()) {
    return error_set(error, TG_NOMEM, "no memory for LLVM");
  }
  atomic_fetch_add(&n_working, 1); /* before looking: the end of the process looks after setting */
  if (jit_is_broken()) {
    atomic_fetch_sub(&n_working, 1);
    return refuse(error);
  }
  current = &g;
  if (setjmp(g.back) == 0) {
    status = work(arg, error);
  } else {
    status = failed(&g, error);
  }
  current = NULL;
  atomic_fetch_sub(&n_working, 1);
  return status;
}

/* ---- diagnostics ---- */

static void take_diagnostic(LLVMDiagnosticInfoRef info, void *out)
{
  jit_diagnosis *diagnosis = out;
  if (LLVMGetDiagInfoSeverity(info) == LLVMDSError && diagnosis->text[0] == '\0') {
    char *text = LLVMGetDiagInfoDescription(info);
    snprintf(diagnosis->text, sizeof diagnosis->text, "%s", text);
    LLVMDisposeMessage(text);
  }
}

void jit_diagnose(LLVMContextRef context, jit_diagnosis *out)
{
  out->text[0] = '\0';
  LLVMContextSetDiagnosticHandler(context, take_diagnostic, out);
}
