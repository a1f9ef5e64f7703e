/* bench.h: what the sections of the benchmark share: time, medians, and the record of one figure beside its peer's.
 *
 * A section is a function that adds records; main.c lists the sections, runs them and prints what they added. Figures
 * are medians over samples after a warm-up; subject and peer are measured in turns, so that both see the same machine.
 */
#ifndef BENCH_H
#define BENCH_H

#include "throng.h"

#include <stdbool.h>

/* One figure. A target is compared with value, or with ratio if compares_ratio; 0: none. Smaller is better. */
typedef struct record {
  const char *section, *workload, *subject, *peer, *unit;
  uint64_t size;
  double value, peer_value; /* peer "": no peer */
  double target;
  bool compares_ratio;
} record;

typedef struct report {
  record *records;
  size_t n, capacity;
} report;

void report_add(report *r, const record *figure);

typedef struct section {
  const char *name, *doc;
  void (*run)(report *r);
} section;

/* Nanoseconds since some moment. */
uint64_t now_ns(void);

/* Something to be timed: does its work `times` times. */
typedef struct timed {
  void (*work)(void *self, size_t times);
  void *self;
} timed;

enum { SAMPLES = 201, SAMPLE_NS = 300000 }; /* short, so that most are not interrupted */

/* Median nanoseconds of one piece of work of each of n contestants (at most 8), measured in turns. */
void time_in_turns(const timed *contestants, size_t n, double *medians);

/* Ends the program with a message when a call failed: a benchmark that cannot run has no figures. */
void demand(bool is_good, const char *what);

/* The sections. */
void bench_invoke(report *r);

#endif
