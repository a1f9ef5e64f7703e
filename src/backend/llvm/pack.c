/* pack.c: streams that do not lie at unit stride, and the last lanes, which fill no group: their elements are moved to
 * buffers and back as they are. In: the caller's memory; out: elements side by side, a strip at a time. What mode they
 * have is the code's business. */
#include "backend/llvm/run.h"

#include <string.h>

static unsigned bytes_of(const jit_code *code, size_t k)
{
  return mode_table[code->graph->operands.data[k].mode].bytes;
}

bool jit_is_direct(const jit_range *b, size_t k)
{
  return b->frame->operands[k].stride == (ptrdiff_t)bytes_of(b->code, k);
}

unsigned char *jit_element(const jit_range *b, size_t k, uint64_t lane)
{
  const operand_memory *memory = &b->frame->operands[k];
  return memory->base + (ptrdiff_t)lane * memory->stride;
}

unsigned char *jit_buffer(const jit_range *b, size_t k)
{
  return b->scratch + b->code->buffers[b->code->streams[k]];
}

/* clang-format off */
#define MOVES(type)                                                                                                    \
  static void fill_##type(unsigned char *to, const unsigned char *from, uint64_t n)                                    \
  {                                                                                                                    \
    type one;                                                                                                          \
    memcpy(&one, from, sizeof one);                                                                                    \
    for (uint64_t i = 0; i < n; i++) {                                                                                 \
      memcpy(to + i * sizeof one, &one, sizeof one);                                                                   \
    }                                                                                                                  \
  }                                                                                                                    \
  static void take_##type(unsigned char *to, const unsigned char *from, ptrdiff_t stride, uint64_t n)                  \
  {                                                                                                                    \
    if (stride == 0 && n > 0) {                                                                                        \
      fill_##type(to, from, n);                                                                                        \
      return;                                                                                                          \
    }                                                                                                                  \
    for (uint64_t i = 0; i < n; i++) {                                                                                 \
      memcpy(to + i * sizeof(type), from, sizeof(type));                                                               \
      from += stride;                                                                                                  \
    }                                                                                                                  \
  }                                                                                                                    \
  static void put_##type(unsigned char *to, ptrdiff_t stride, const unsigned char *from, uint64_t n,                   \
                         const unsigned char *alive)                                                                   \
  {                                                                                                                    \
    for (uint64_t i = 0; i < n; i++) {                                                                                 \
      if (alive == NULL || alive[i]) {                                                                                 \
        memcpy(to + (ptrdiff_t)i * stride, from + i * sizeof(type), sizeof(type));                                     \
      }                                                                                                                \
    }                                                                                                                  \
  }
/* clang-format on */
MOVES(uint8_t)
MOVES(uint16_t)
MOVES(uint32_t)
MOVES(uint64_t)

static void take(const jit_range *b, size_t k, uint64_t first, uint64_t n)
{
  unsigned char *to = jit_buffer(b, k);
  const unsigned char *from = jit_element(b, k, first);
  ptrdiff_t stride = b->frame->operands[k].stride;
  switch (bytes_of(b->code, k)) {
  case 1: take_uint8_t(to, from, stride, n); break;
  case 2: take_uint16_t(to, from, stride, n); break;
  case 4: take_uint32_t(to, from, stride, n); break;
  default: take_uint64_t(to, from, stride, n);
  }
}

void jit_pack(const jit_range *b, size_t k, uint64_t first, uint64_t n)
{
  unsigned bytes = bytes_of(b->code, k);
  unsigned char *to = jit_buffer(b, k);
  uint64_t whole = (n + b->code->n_lanes - 1) / b->code->n_lanes * b->code->n_lanes;
  if (jit_is_direct(b, k)) {
    memcpy(to, jit_element(b, k, first), n * bytes);
  } else {
    take(b, k, first, n);
  }
  memset(to + n * bytes, 0, (whole - n) * bytes);
}

void jit_unpack(const jit_range *b, size_t k, uint64_t first, uint64_t n)
{
  unsigned bytes = bytes_of(b->code, k);
  const unsigned char *from = jit_buffer(b, k), *alive = b->code->can_trap ? b->frame->alive : NULL;
  unsigned char *to = jit_element(b, k, first);
  ptrdiff_t stride = b->frame->operands[k].stride;
  if (alive == NULL && jit_is_direct(b, k)) {
    memcpy(to, from, n * bytes);
    return;
  }
  switch (bytes) {
  case 1: put_uint8_t(to, stride, from, n, alive); break;
  case 2: put_uint16_t(to, stride, from, n, alive); break;
  case 4: put_uint32_t(to, stride, from, n, alive); break;
  default: put_uint64_t(to, stride, from, n, alive);
  }
}
