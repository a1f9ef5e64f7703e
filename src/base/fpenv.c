/* fpenv.c: reads and sets the control register: FPCR on 64-bit Arm, <fenv.h> elsewhere; for x86-64, see fpenv.h. */
#include "base/fpenv.h"

#if defined(__aarch64__)

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

#elif !defined(__x86_64__)

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
