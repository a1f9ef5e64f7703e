/* machine.h: what the library asks about the machine it runs on. It decides how fast a result comes, never what it is.
 */
#ifndef TG_BASE_MACHINE_H
#define TG_BASE_MACHINE_H

#include <stdint.h>

/* Bytes of the processor's last cache; a guess where the system does not say. */
uint64_t machine_cache_bytes(void);

/* Nanoseconds since some moment, for what lies between two calls. */
uint64_t machine_now_ns(void);

#endif
