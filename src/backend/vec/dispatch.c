/* dispatch.c: which tables of kernels are in the library, and which of them this processor can run.
 *
 * The build says which were compiled: VEC_HAS_SSE2 and so on. A processor's word is not enough: the operating system
 * must save the wide registers too, which XGETBV tells. */
#include "backend/vec/kernels.h"

#if defined(VEC_HAS_AVX2) || defined(VEC_HAS_AVX512)
#include <cpuid.h>

typedef struct cpu {
  unsigned leaf1_c, leaf7_b, states; /* CPUID 1 ECX, 7.0 EBX, and XCR0 */
} cpu;

static cpu cpu_read(void)
{
  cpu c = {0, 0, 0};
  unsigned a, b, d, high;
  if (__get_cpuid(1, &a, &b, &c.leaf1_c, &d) == 0) {
    return (cpu){0, 0, 0};
  }
  if (__get_cpuid_count(7, 0, &a, &c.leaf7_b, &b, &d) == 0) {
    c.leaf7_b = 0;
  }
  if (c.leaf1_c & bit_OSXSAVE) {
    __asm__ volatile("xgetbv" : "=a"(c.states), "=d"(high) : "c"(0));
  }
  return c;
}

/* Bits of XCR0: the registers of SSE and AVX; and of AVX-512, its masks and both halves of its vectors. */
enum { STATES_AVX = 0x06, STATES_AVX512 = 0xE6 };

static bool has_avx2(void)
{
  const unsigned leaf1 = bit_FMA | bit_AVX | bit_F16C, leaf7 = bit_AVX2 | bit_BMI;
  cpu c = cpu_read();
  return (c.leaf1_c & leaf1) == leaf1 && (c.leaf7_b & leaf7) == leaf7 && (c.states & STATES_AVX) == STATES_AVX;
}
#endif

#ifdef VEC_HAS_AVX512
static bool has_avx512(void)
{
  const unsigned leaf7 = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
  cpu c = cpu_read();
  return has_avx2() && (c.leaf7_b & leaf7) == leaf7 && (c.states & STATES_AVX512) == STATES_AVX512;
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
    {&vec_kernels_plain, has_always},
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
