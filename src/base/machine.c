/* machine.c: the C library has read the sizes of caches when the program was loaded: asking the processor itself takes
 * many microseconds on a virtual machine. */
#include "base/machine.h"

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
