/* dispatch.c: which tables of kernels are in the library, and which of them this processor can run.
 *
 * The build says which were compiled: VEC_HAS_SSE2 and so on. What the processor and its operating system can do, the
 * compiler's run-time library has read when the program was loaded: asking the processor itself takes many microseconds
 * on a virtual machine. Every processor with AVX2 converts half precision too. */
#include "backend/vec/kernels.h"

#ifdef VEC_HAS_AVX2
static bool has_avx2(void)
{
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi");
}
#endif

#ifdef VEC_HAS_AVX512
static bool has_avx512(void)
{
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

static bool has_always(void)
{
  return true;
}

extern const vec_kernels vec_kernels_avx512, vec_kernels_avx2, vec_kernels_sse2, vec_kernels_neon, vec_kernels_plain;

typedef struct entry {
  const vec_kernels *kernels;
  bool (*is_usable)(void);
} entry;

static const entry entries[] = {
#ifdef VEC_HAS_AVX512
    {&vec_kernels_avx512, has_avx512},
#endif
#ifdef VEC_HAS_AVX2
    {&vec_kernels_avx2, has_avx2},
#endif
#ifdef VEC_HAS_SSE2
    {&vec_kernels_sse2, has_always},
#endif
#ifdef VEC_HAS_NEON
    {&vec_kernels_neon, has_always},
#endif
#ifndef VEC_LACKS_PLAIN /* where size counts and another set always runs */
    {&vec_kernels_plain, has_always},
#endif
};
enum { N_ENTRIES = sizeof entries / sizeof entries[0] };

const vec_kernels *vec_kernels_at(size_t index)
{
  return index < N_ENTRIES ? entries[index].kernels : NULL;
}

bool vec_kernels_usable(const vec_kernels *kernels)
{
  for (size_t i = 0; i < N_ENTRIES; i++) {
    if (entries[i].kernels == kernels) {
      return entries[i].is_usable();
    }
  }
  return false;
}

const vec_kernels *vec_kernels_best(void)
{
  size_t i = 0;
  while (i + 1 < N_ENTRIES && !entries[i].is_usable()) {
    i++;
  }
  return entries[i].kernels;
}
