/* number.h: one element of any mode as text, and text as an element; the same in every locale.
 *
 * Integers are decimal, or 0x and hexadecimal digits. Floats are decimal or C99 hexadecimal, `inf`, `nan`; they are
 * written with the fewest digits that read back to the same value. f16 and bf16 are read and written as an f32. */
#ifndef TG_IO_NUMBER_H
#define TG_IO_NUMBER_H

#include "throng.h"

#include <stdbool.h>

typedef enum number_status {
  NUMBER_OK,
  NUMBER_MISSING,   /* empty, "NA", "NaN" or the like: a NaN for floats, no value for other types */
  NUMBER_MALFORMED, /* not a number of this type at all */
  NUMBER_RANGE      /* an integer that the type cannot hold */
} number_status;

/* Reads all of the n bytes at s as one element of `mode` into *element. With NUMBER_MISSING, a NaN is stored for a
 * float mode and nothing for any other; with MALFORMED and RANGE, nothing. */
number_status number_parse(tg_mode mode, const char *s, size_t n, void *element);

/* Whether the text is a number or a missing one, of whatever type. */
bool number_is_number(const char *s, size_t n);

/* Says in words what a mode can hold: "an integer from 0 to 255". `out` has room for NUMBER_TEXT bytes. */
enum { NUMBER_TEXT = 80 };
void number_range(tg_mode mode, char *out);

/* Writes the element as text, at most NUMBER_TEXT bytes with the zero. Returns its length. */
size_t number_format(tg_mode mode, const void *element, char *out);

/* The same for a value of a type as 64 bits, of which those above its width are zero. */
size_t number_format_bits(tg_type type, uint64_t bits, char *out);

#endif
