/* text.h: growing text and bytes, and numbers as text: exact, and the same in every locale and rounding mode. */
#ifndef TG_BASE_TEXT_H
#define TG_BASE_TEXT_H

#include "base/alloc.h"
#include "base/error.h"

/* A growing run of bytes. The first failed allocation sticks: later calls do nothing and `failed` is set. */
typedef struct text {
  tg_allocator allocator;
  char *data;
  size_t n, capacity;
  bool failed;
} text;

void text_bytes(text *t, const void *bytes, size_t n);
void text_put(text *t, const char *s);
void text_format(text *t, const char *format, ...) PRINTF_LIKE(2, 3); /* at most 511 bytes */
void text_free(text *t);

/* Gives the bytes, shrunk to n + 1 with a zero after them, to the caller, or TG_NOMEM. *t is empty afterwards. */
tg_status text_take(text *t, char **bytes, size_t *n);

/* Appends the shortest decimal that reads back as the same value: "1.5", "-0.0", "1e+30", "inf", "-inf", "nan". */
void text_f32(text *t, float value);
void text_f64(text *t, double value);

/* Reads the n bytes at s, all of them, as a decimal or C99 hexadecimal number (no sign, inf or nan), rounded once to
 * nearest even. False when it is not such a number. n is at most 4096. */
bool text_parse_f32(const char *s, size_t n, float *out);
bool text_parse_f64(const char *s, size_t n, double *out);

/* Reads decimal digits, or 0x and hexadecimal digits, as an unsigned number; false when it is none or too large. */
bool text_parse_u64(const char *s, size_t n, uint64_t *out);

#endif
