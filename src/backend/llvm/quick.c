/* quick.c: invocations of few lanes, checked by the runtime (runtime/quick.c), which has put the addresses of all
 * operands where the code looks for its streams. In: code that needs little around it, as plain.c found. Out: the
 * code's own work, with a few words of the frame filled. */
#include "backend/llvm/code.h"

static bool run_quickly(const void *p, uint64_t n, void *scratch, void *uniforms)
{
  static const engine_args all = {.origin = 0}; /* lanes count from there, which code with iota looks up */
  const jit_code *code = p;
  jit_frame *frame = scratch;
  unsigned char **at = (unsigned char **)(void *)((unsigned char *)scratch + code->pointers);
  uint64_t *slots = uniforms;
  for (const plain_param *param = code->params, *end = param + code->n_params; param != end; param++) {
    slots[param->slot] =
        jit_param_bits(param, (tg_mode)code->graph->operands.data[param->operand].mode, at[param->operand]);
  }
  frame->args = &all;
  frame->uniforms = slots;
  frame->first_lane = 0;
  frame->n_groups = n >> code->lanes_log2;
  frame->count = n;
  frame->arrays = (unsigned char *)scratch + code->arrays;
  frame->streams = at;
  code->functions[JIT_FULL](frame);
  return true;
}

bool jit_quick(const void *p, backend_quick *out)
{
  const jit_code *code = p;
  *out = (backend_quick){run_quickly, code, code->pointers, code->cached_lanes};
  bool is_power = code->n_lanes == 1u << code->lanes_log2;
  return code->is_plain && is_power && code->functions[JIT_PREPARE] == NULL;
}
