/* plain_run.c: invocations that need little around their code, as plain.c found, whose streams lie at unit stride, as
 * they mostly do. In: what is known of the code. Out: the code's own work, with a few words of the frame filled. The
 * code takes any number of lanes: the last ones, which fill no group, are loaded and stored under a mask.
 *
 * Outputs that the last cache cannot hold are made a strip at a time in the first cache and copied past the others. */
#include "backend/llvm/code.h"

#include "graph/element.h"

#include <string.h>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

enum { LINE = 64 };

void jit_put_params(const jit_code *code, const engine_args *args, uint64_t *uniforms)
{
  for (size_t i = 0; i < code->n_params; i++) {
    const plain_param *param = &code->params[i];
    const operand_memory *memory = &args->operands[param->operand];
    const graph_operand *operand = &code->graph->operands.data[param->operand];
    uniforms[param->slot] =
        memory->base == NULL ? operand->default_bits : jit_param_bits(param, (tg_mode)operand->mode, memory->base);
  }
}

/* Bytes copied past the caches, whole lines of them; what lies before the first and after the last as usual. */
static void copy_past(unsigned char *to, const unsigned char *from, size_t bytes)
{
#if defined(__x86_64__)
  size_t head = (0 - (uintptr_t)to) % LINE;
  head = head < bytes ? head : bytes;
  memcpy(to, from, head);
  size_t i = head;
  for (; i + LINE <= bytes; i += LINE) {
    for (size_t k = i; k < i + LINE; k += 16) {
      _mm_stream_si128((void *)(to + k), _mm_loadu_si128((const void *)(from + k)));
    }
  }
  memcpy(to + i, from + i, bytes - i);
#else
  memcpy(to, from, bytes);
#endif
}

/* What the next strip reads: the writes in between keep the processor from finding out by itself. */
static void fetch(const unsigned char *from, size_t bytes)
{
#if defined(__GNUC__)
  for (size_t i = 0; i < bytes; i += LINE) {
    __builtin_prefetch(from + i);
  }
#else
  (void)from;
  (void)bytes;
#endif
}

static void run_past(const jit_code *code, jit_frame *frame, uint64_t n)
{
  uint64_t first = frame->first_lane;
  unsigned char *scratch = (unsigned char *)frame;
  for (uint64_t done = 0; done < n; done += JIT_STRIP) {
    uint64_t rest = n - done, count = rest < JIT_STRIP ? rest : JIT_STRIP;
    for (size_t k = 0; k < code->n_plain; k++) {
      const plain_stream *s = &code->plain[k];
      unsigned char *at = frame->operands[s->operand].base + (first + done) * s->bytes;
      frame->streams[s->operand] = s->is_output ? scratch + code->buffers[s->operand] : at;
      if (!s->is_output && rest >= 2 * JIT_STRIP) {
        fetch(at + JIT_STRIP * (size_t)s->bytes, JIT_STRIP * (size_t)s->bytes);
      }
    }
    frame->first_lane = first + done;
    frame->n_groups = count / code->n_lanes;
    frame->count = count;
    code->functions[JIT_FULL](frame);
    for (size_t k = 0; k < code->n_plain; k++) {
      const plain_stream *s = &code->plain[k];
      if (s->is_output) {
        unsigned char *to = frame->operands[s->operand].base + (first + done) * s->bytes;
        copy_past(to, frame->streams[s->operand], count * s->bytes);
      }
    }
  }
#if defined(__x86_64__)
  _mm_sfence();
#endif
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
    run_past(code, frame, n);
  } else {
    code->functions[JIT_FULL](frame);
  }
  return true;
}
