/* number.h: numeric literals of the language: where they end, and what they are worth. */
#ifndef TG_LANG_NUMBER_H
#define TG_LANG_NUMBER_H

#include "graph/ops.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct number_text {
  size_t n;         /* bytes of the whole literal */
  size_t n_digits;  /* bytes before the suffix */
  bool is_float;    /* it has a point, an exponent or a float suffix */
  tg_type suffix;   /* TG_TYPE_COUNT: none */
  const char *hint; /* NULL: it is a number; else what is wrong with it */
} number_text;

/* Reads the literal at s, which begins with a digit, or a point and a digit; n bytes are left of the text. */
number_text number_scan(const char *s, size_t n);

/* The value of an integer literal of n_digits bytes; false when it is 2^64 or more. */
bool number_integer(const char *s, size_t n_digits, uint64_t *value);

/* The bits of any literal, rounded once to a float type. A NaN never comes out. */
uint64_t number_float(const char *s, size_t n_digits, tg_type type);

#endif
