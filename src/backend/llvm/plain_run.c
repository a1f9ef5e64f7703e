/* plain_run.c: invocations that need little around their code, as plain.c found, whose streams lie at unit stride, as
 * they mostly do. In: what is known of the code. Out: the code's own work, with a few words of the frame filled. The
 * code takes any number of lanes: the last ones, which fill no group, are loaded and stored under a mask. */
#include "backend/llvm/code.h"

#include "graph/element.h"

#include <string.h>

void jit_put_params(const jit_code *code, const engine_args *args, uint64_t *uniforms)
{
  for (size_t i = 0; i < code->n_params; i++) {
    const plain_param *param = &code->params[i];
    const operand_memory *memory = &args->operands[param->operand];
    const graph_operand *operand = &code->graph->operands.data[param->operand];
    uniforms[param->slot] = memory->base == NULL ? operand->default_bits : jit_param_bits(param, memory->base);
  }
}

bool jit_run_plainly(const jit_code *code, const engine_args *args, const uint64_t lanes[2], void *scratch)
{
  jit_frame *frame = scratch;
  uint64_t first = lanes[0], n = lanes[1] - lanes[0];
  frame->streams = (unsigned char **)(void *)((unsigned char *)scratch + code->pointers);
  for (size_t k = 0; k < code->n_plain; k++) {
    const plain_stream *s = &code->plain[k];
    const operand_memory *memory = &args->operands[s->operand];
    if (memory->stride != (ptrdiff_t)s->bytes && args->n != 1) {
      return false;
    }
    frame->streams[s->operand] = memory->base + first * s->bytes;
  }
  frame->args = args;
  frame->operands = args->operands;
  frame->uniforms = (uint64_t *)(uintptr_t)args->uniforms;
  frame->first_lane = first;
  frame->n_groups = n / code->n_lanes;
  frame->count = n;
  frame->arrays = (unsigned char *)scratch + code->arrays;
  frame->zero = 0;
  if (args->n > code->cached_lanes) {
    jit_run_past(code, frame, n);
  } else {
    code->functions[JIT_FULL](frame);
  }
  return true;
}
