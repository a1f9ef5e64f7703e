/* strips.h: what the tests of strip kernels share: values worth trying, and strips of elements in memory, at any place
 * in it, between guard bytes that must not change. Any difference fails the test that called. */
#ifndef TEST_STRIPS_H
#define TEST_STRIPS_H

#include "backend/vec/kernels.h"

#include <stdarg.h>

/* ---- values ----
 * Held as element.h says, but NaNs have all signs and payloads. */

/* The values of a type that are worth trying first; returns how many there are. */
enum { STRIPS_MAX_EDGES = 160 };
size_t strips_edges(tg_type type, uint64_t edges[STRIPS_MAX_EDGES]);

/* n values: half edges, half random bits of many magnitudes. */
void strips_random(tg_type type, uint64_t seed, uint64_t *values, size_t n);

/* ---- strips ---- */

typedef struct strip {
  unsigned char *base, *data; /* what was allocated; element 0 */
  size_t n_before, n_bytes, n_after;
} strip;

/* n elements of `bytes` bytes each from the values, `head` bytes away from an aligned address. An input ends where its
 * allocation ends, so that a sanitizer sees what reads behind it; an output has guards. */
strip strips_input(size_t bytes, const uint64_t *values, size_t n, size_t head);
strip strips_output(size_t bytes, const uint64_t *values, size_t n, size_t head);
void strips_free(strip *s);

/* Says what is being tested, for messages. */
void strips_say(const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 1, 2)))
#endif
    ;

/* Demands that the guards are whole. */
void strips_check_guards(const strip *s);
/* Demands that element i.. are the expected values. `type` FLOAT and not is_exact: any NaN will do for a NaN. */
void strips_check(const strip *s, tg_type type, bool is_exact, const uint64_t *expected, size_t n);
/* Demands that one value is another. */
void strips_check_value(uint64_t got, uint64_t expected);

uint64_t strips_get(const void *elements, size_t bytes, size_t i);
void strips_put(void *elements, size_t bytes, size_t i, uint64_t value);

/* The usable tables of kernels, one after the other: NULL at the end. */
const vec_kernels *strips_table(size_t index);

#endif
