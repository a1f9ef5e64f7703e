/* invoke.c: one invocation: checks first, then the driver; nothing is allocated. tg_invoke itself is in quick.c. */
#include "runtime/kernel.h"

#include <string.h>

tg_status invoke_check(const tg_kernel *kernel, const tg_invocation *call, tg_error *error)
{
  size_t n_operands = kernel->graph->operands.n;
  if (call->size != sizeof *call) {
    return error_set(error, TG_ARGUMENT, "the invocation's size is %u, not %zu: start from TG_INVOCATION_INIT",
                     call->size, sizeof *call);
  }
  if (call->n > TG_N_MAX) {
    return error_set(error, TG_ARGUMENT, "n is %llu, more than 2^40", (unsigned long long)call->n);
  }
  if (call->n_bindings != n_operands || (call->bindings == NULL && n_operands > 0)) {
    return error_set(error, TG_ARGUMENT, "the graph has %zu operands, but the invocation binds %zu", n_operands,
                     call->bindings == NULL ? 0 : call->n_bindings);
  }
  return TG_OK;
}

static tg_status run_in(const tg_kernel *kernel, const tg_invocation *call, tg_error *error, unsigned char *workspace,
                        size_t bytes)
{
  operand_memory *memory = (operand_memory *)(void *)(workspace + kernel->layout.operands);
  TG_TRY(bind_operands(kernel, call, memory, error));
  drive(kernel, call, workspace, bytes);
  return TG_OK;
}

/* In a function of its own, so that only invocations without a workspace have the 64 KiB on their stack. */
static tg_status run_on_stack(const tg_kernel *kernel, const tg_invocation *call, tg_error *error)
{
  _Alignas(64) unsigned char workspace[STACK_WORKSPACE];
  return run_in(kernel, call, error, workspace, sizeof workspace);
}

/* On the stack run as many threads as find room there; a workspace has room for all of the context's. */
tg_status invoke_with_care(const tg_kernel *kernel, const tg_invocation *call, tg_error *error)
{
  TG_TRY(invoke_check(kernel, call, error));
  if (call->workspace == NULL && kernel->layout.least <= STACK_WORKSPACE) {
    return run_on_stack(kernel, call, error);
  }
  size_t need = kernel->layout.most;
  size_t have = call->workspace == NULL ? (size_t)STACK_WORKSPACE : call->workspace->bytes;
  if (call->workspace == NULL || have < need) {
    error_set(error, TG_ARGUMENT, "the kernel needs a workspace of %zu bytes, not %zu", need, have);
    error_hint(error, "make one with tg_workspace_create(context, tg_kernel_workspace_bytes(kernel), ...)");
    return TG_ARGUMENT;
  }
  return run_in(kernel, call, error, call->workspace->data, have);
}

/* ---- in two steps ----
 * Back-ends on the host run when submitted, in the calling thread: the event keeps what came of it. */

struct tg_event {
  tg_context *context;
  tg_status status;
  tg_error error;
};

tg_status tg_submit(const tg_kernel *kernel, const tg_invocation *call, tg_event **out, tg_error *error)
{
  tg_event *event = alloc_zeroed(&kernel->context->allocator, 1, sizeof *event);
  *out = event;
  if (event == NULL) {
    return error_set(error, TG_NOMEM, "no memory for an event");
  }
  event->context = kernel->context;
  event->status = tg_invoke(kernel, call, &event->error);
  return TG_OK;
}

tg_status tg_wait(tg_event *event, tg_error *error)
{
  tg_status status = event->status;
  if (status != TG_OK && error != NULL) {
    *error = event->error;
  }
  alloc_free(&event->context->allocator, event, 1, sizeof *event);
  return status;
}
