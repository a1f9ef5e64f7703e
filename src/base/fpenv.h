/* fpenv.h: the floating-point environment. Every thread that computes enters it (round to nearest, no flushing of
 * subnormals, no traps) and leaves it as the caller had it. */
#ifndef TG_BASE_FPENV_H
#define TG_BASE_FPENV_H

#include <float.h>
#include <stdint.h>

#if !defined(FLT_EVAL_METHOD) || FLT_EVAL_METHOD != 0
#error "Throng needs float expressions evaluated in their own type (FLT_EVAL_METHOD 0)"
#endif
#ifdef __FAST_MATH__
#error "Throng gives the same bits everywhere: do not build it with -ffast-math"
#endif

#if defined(__x86_64__) || defined(__aarch64__)
typedef struct fpenv {
  uint64_t control;
} fpenv;
#else
#include <fenv.h>
typedef struct fpenv {
  fenv_t environment;
} fpenv;
#endif

/* Returns what the caller had; costs a read of the control register when nothing has to change. */
#if defined(__x86_64__)
#include <xmmintrin.h>

/* All exceptions masked, round to nearest, neither flush-to-zero nor denormals-are-zero; the low six bits are the
 * sticky exception flags, which carry no setting. */
enum { MXCSR_DEFAULT = 0x1F80, MXCSR_SETTINGS = 0xFFC0 };

static inline fpenv fpenv_enter(void)
{
  unsigned current = _mm_getcsr();
  if ((current & MXCSR_SETTINGS) != MXCSR_DEFAULT) {
    _mm_setcsr(MXCSR_DEFAULT);
  }
  return (fpenv){current};
}

static inline void fpenv_leave(fpenv saved)
{
  if ((saved.control & MXCSR_SETTINGS) != MXCSR_DEFAULT) {
    _mm_setcsr((unsigned)saved.control);
  }
}
#else
fpenv fpenv_enter(void);
void fpenv_leave(fpenv saved);
#endif

#endif
