/* past.c: outputs that the last cache cannot hold. In: a frame with the streams' memory at hand. Out: the lanes, run.
 *
 * Where there is code that writes past the caches it runs whole pages: groups of four pages in turns, for memory is
 * read and written in several places at once a sixth faster than in one after the other. What that code cannot do, or
 * what has too many operations to be worth its making, is made a strip at a time in the first cache and copied past the
 * others. */
#include "backend/llvm/code.h"

#include <string.h>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

/* ---- strips ---- */

/* Bytes copied past the caches, whole lines of them; what lies before the first and after the last as usual. */
static void copy_past(unsigned char *to, const unsigned char *from, size_t bytes)
{
#if defined(__x86_64__)
  size_t head = (0 - (uintptr_t)to) % JIT_LINE;
  head = head < bytes ? head : bytes;
  memcpy(to, from, head);
  size_t i = head;
  for (; i + JIT_LINE <= bytes; i += JIT_LINE) {
    for (size_t k = i; k < i + JIT_LINE; k += 16) {
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
  for (size_t i = 0; i < bytes; i += JIT_LINE) {
    __builtin_prefetch(from + i);
  }
#else
  (void)from;
  (void)bytes;
#endif
}

static unsigned char *element(const jit_frame *frame, const plain_stream *s, uint64_t lane)
{
  return frame->operands[s->operand].base + lane * s->bytes;
}

static void run_strips(const jit_code *code, jit_frame *frame, uint64_t first, uint64_t end)
{
  for (uint64_t n; first < end; first += n) {
    n = end - first < JIT_STRIP ? end - first : JIT_STRIP;
    for (size_t k = 0; k < code->n_plain; k++) {
      const plain_stream *s = &code->plain[k];
      unsigned char *at = element(frame, s, first);
      frame->streams[s->operand] = s->is_output ? (unsigned char *)frame + code->buffers[s->operand] : at;
      if (!s->is_output && end - first >= 2 * (uint64_t)JIT_STRIP) {
        fetch(at + JIT_STRIP * (size_t)s->bytes, JIT_STRIP * (size_t)s->bytes);
      }
    }
    frame->first_lane = first;
    frame->n_groups = n / code->n_lanes;
    frame->count = n;
    code->functions[JIT_FULL](frame);
    for (size_t k = 0; k < code->n_plain; k++) {
      const plain_stream *s = &code->plain[k];
      if (s->is_output) {
        copy_past(element(frame, s, first), frame->streams[s->operand], n * s->bytes);
      }
    }
  }
}

/* ---- pages ---- */

/* From where on every output begins with a line, or the end. */
static uint64_t first_of_lines(const jit_code *code, const jit_frame *frame, uint64_t first, uint64_t end)
{
  for (uint64_t lane = first; lane < end && lane < first + JIT_LINE; lane++) {
    bool all = true;
    for (size_t k = 0; k < code->n_plain; k++) {
      const plain_stream *s = &code->plain[k];
      all &= !s->is_output || (uintptr_t)element(frame, s, lane) % JIT_LINE == 0;
    }
    if (all) {
      return lane;
    }
  }
  return end;
}

static uint64_t run_pages(const jit_code *code, jit_frame *frame, uint64_t first, uint64_t end)
{
  uint64_t pages = JIT_PAGES * (uint64_t)code->page_lanes, n = (end - first) / pages * pages;
  for (size_t k = 0; k < code->n_plain; k++) {
    frame->streams[code->plain[k].operand] = element(frame, &code->plain[k], first);
  }
  frame->first_lane = first;
  frame->n_groups = n / code->past_lanes;
  if (n > 0) {
    code->functions[JIT_PAST](frame);
  }
  return first + n;
}

void jit_run_past(const jit_code *code, jit_frame *frame, uint64_t n)
{
  uint64_t first = frame->first_lane, end = first + n;
  if (code->functions[JIT_PAST] != NULL) {
    uint64_t begin = first_of_lines(code, frame, first, end);
    run_strips(code, frame, first, begin);
    first = run_pages(code, frame, begin, end);
  }
  run_strips(code, frame, first, end);
#if defined(__x86_64__)
  _mm_sfence();
#endif
}
