/* machine.c: the C library has read the sizes of caches when the program was loaded: asking the processor itself takes
 * many microseconds on a virtual machine. */
#include "base/machine.h"

#include <time.h>

#if defined(__linux__)
#include <unistd.h>
#endif

enum { USUAL_CACHE = 32 << 20 };

uint64_t machine_cache_bytes(void)
{
  long bytes = 0;
#if defined(_SC_LEVEL3_CACHE_SIZE) && defined(_SC_LEVEL2_CACHE_SIZE)
  bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  bytes = bytes > 0 ? bytes : sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
  return bytes > 0 ? (uint64_t)bytes : USUAL_CACHE;
}

uint64_t machine_now_ns(void)
{
  struct timespec t;
  timespec_get(&t, TIME_UTC);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
