/* kernels_stream_tmpl.c: bytes copied to memory past the caches, for outputs that no cache holds: a store that does not
 * read the line first. Whole lines go that way, what lies before the first and after the last as usual. */
#include "backend/vec/kernels_tmpl.h"

#include <string.h>

#if defined(VEC_ISA_SSE2) || defined(VEC_ISA_AVX2) || defined(VEC_ISA_AVX512)
#include <immintrin.h>

enum { LINE = 64 };

static inline void stream_line(unsigned char *to, const unsigned char *from)
{
#if defined(VEC_ISA_AVX512)
  _mm512_stream_si512((void *)to, _mm512_loadu_si512(from));
#elif defined(VEC_ISA_AVX2)
  _mm256_stream_si256((void *)to, _mm256_loadu_si256((const void *)from));
  _mm256_stream_si256((void *)(to + 32), _mm256_loadu_si256((const void *)(from + 32)));
#else
  for (size_t i = 0; i < LINE; i += 16) {
    _mm_stream_si128((void *)(to + i), _mm_loadu_si128((const void *)(from + i)));
  }
#endif
}

void VEC_FN(stream)(size_t bytes, void *out, const void *a)
{
  unsigned char *to = out;
  const unsigned char *from = a;
  size_t head = (0 - (uintptr_t)to) % LINE;
  head = head < bytes ? head : bytes;
  memcpy(to, from, head);
  size_t i = head;
  for (; i + LINE <= bytes; i += LINE) {
    stream_line(to + i, from + i);
  }
  memcpy(to + i, from + i, bytes - i);
}

void VEC_FN(stream_end)(void)
{
  _mm_sfence();
}
#endif
