/* limits.h: what the machine can do, measured in some milliseconds: memory, and a back-end's additions and calls. For
 * telling what to expect only; nothing is decided by it. */
#ifndef TG_RUNTIME_LIMITS_H
#define TG_RUNTIME_LIMITS_H

#include "runtime/kernel.h"

/* Bytes in 10^-9 s, which are GB/s, of so many threads together that go over so many bytes again and again: whatever
 * cache holds them, that is the limit. A copied byte counts twice, as read and as written. */
typedef struct stream_limits {
  uint64_t bytes;
  unsigned n_threads;
  double read, copy, write;
} stream_limits;

/* What a kernel's back-end takes in 10^-9 s for an addition in a lane, on one thread and data in the first cache; for
 * an invocation of one lane; and how much longer its additions take than graph/cost.h says. */
enum { LIMIT_TYPES = 4 };
extern const tg_type limit_types[LIMIT_TYPES];
typedef struct engine_limits {
  double add[LIMIT_TYPES], call, slowness;
} engine_limits;

/* Measures both, streams of so many bytes on so many threads; of bytes 16 KiB at least and 64 MiB at most. */
tg_status limits_measure(const tg_kernel *kernel, unsigned n_threads, uint64_t bytes, stream_limits *streams,
                         engine_limits *speed);

/* What to expect of n lanes, and the limits that it was made from. Loops go round `rounds` times. */
typedef struct expectation {
  tg_estimate estimate;
  stream_limits streams;
  engine_limits engine;
} expectation;
tg_status estimate_make(const tg_kernel *kernel, uint64_t n, uint64_t rounds, expectation *out, tg_error *error);

#endif
