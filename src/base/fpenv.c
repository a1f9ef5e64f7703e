/* fpenv.c: reads and sets the control register: MXCSR on x86-64, FPCR on 64-bit Arm, <fenv.h> elsewhere. */
#include "base/fpenv.h"

#if defined(__x86_64__)
#include <xmmintrin.h>

/* All exceptions masked, round to nearest, neither flush-to-zero nor denormals-are-zero; the low six bits are the
 * sticky exception flags, which carry no setting. */
enum { MXCSR_DEFAULT = 0x1F80, MXCSR_SETTINGS = 0xFFC0 };

fpenv fpenv_enter(void)
{
  unsigned current = _mm_getcsr();
  if ((current & MXCSR_SETTINGS) != MXCSR_DEFAULT) {
    _mm_setcsr(MXCSR_DEFAULT);
  }
  return (fpenv){current};
}

void fpenv_leave(fpenv saved)
{
  if ((saved.control & MXCSR_SETTINGS) != MXCSR_DEFAULT) {
    _mm_setcsr((unsigned)saved.control);
  }
}

#elif defined(__aarch64__)

fpenv fpenv_enter(void)
{
  uint64_t current;
  __asm__ volatile("mrs %0, fpcr" : "=r"(current));
  if (current != 0) {
    uint64_t zero = 0;
    __asm__ volatile("msr fpcr, %0" : : "r"(zero));
  }
  return (fpenv){current};
}

void fpenv_leave(fpenv saved)
{
  if (saved.control != 0) {
    __asm__ volatile("msr fpcr, %0" : : "r"(saved.control));
  }
}

#else

fpenv fpenv_enter(void)
{
  fpenv saved;
  fegetenv(&saved.environment);
  fesetenv(FE_DFL_ENV);
  return saved;
}

void fpenv_leave(fpenv saved)
{
  fesetenv(&saved.environment);
}

#endif
