/* quick.c: invocations of few lanes, checked by the runtime (runtime/quick.c), which has put the addresses of all
 * operands where the code looks for its streams. In: code that needs little around it, as plain.c found. Out: the
 * code's own work, with a few words of the frame filled. */
#include "backend/llvm/code.h"

static inline void run_code(const jit_code *code, uint64_t n, void *scratch, uint64_t *slots)
{
  static const engine_args all = {.origin = 0}; /* lanes count from there, which code with iota looks up */
  jit_frame *frame = scratch;
  frame->args = &all;
  frame->uniforms = slots;
  frame->first_lane = 0;
  frame->n_groups = n >> code->lanes_log2;
  frame->count = n;
  frame->arrays = (unsigned char *)scratch + code->arrays;
  frame->streams = (unsigned char **)(void *)((unsigned char *)scratch + code->pointers);
  code->functions[JIT_FULL](frame);
}

static bool run_any(const void *p, uint64_t n, void *scratch, void *uniforms)
{
  const jit_code *code = p;
  unsigned char *const *at = (unsigned char **)(void *)((unsigned char *)scratch + code->pointers);
  uint64_t *slots = uniforms;
  for (const plain_param *param = code->params, *end = param + code->n_params; param != end; param++) {
    slots[param->slot] = jit_param_bits(param, at[param->operand]);
  }
  run_code(code, n, scratch, slots);
  return true;
}

/* The same where all params are f32, or other words of 32 bits: without a call there is little to save on the stack. */
static bool run_with_words(const void *p, uint64_t n, void *scratch, void *uniforms)
{
  const jit_code *code = p;
  unsigned char *const *at = (unsigned char **)(void *)((unsigned char *)scratch + code->pointers);
  uint64_t *slots = uniforms;
  for (const plain_param *param = code->params, *end = param + code->n_params; param != end; param++) {
    uint32_t word;
    memcpy(&word, at[param->operand], sizeof word);
    slots[param->slot] = word;
  }
  run_code(code, n, scratch, slots);
  return true;
}

bool jit_quick(const void *p, backend_quick *out)
{
  const jit_code *code = p;
  bool is_power = code->n_lanes == 1u << code->lanes_log2, are_words = true;
  for (size_t i = 0; i < code->n_params; i++) {
    are_words &= code->params[i].bytes == 4;
  }
  *out = (backend_quick){are_words ? run_with_words : run_any, code, code->pointers, code->cached_lanes};
  return code->is_plain && is_power && code->functions[JIT_PREPARE] == NULL;
}
