/* mandelbrot.h: the graph of mandelbrot_bench.c with what it runs on, for the sections that run it. */
#ifndef MANDELBROT_H
#define MANDELBROT_H

#include "bench.h"

extern const char mandelbrot_text[];

typedef struct mandelbrot {
  int32_t limit, shift;
  float step;
  int32_t *count;
  program program; /* refers to the members above */
} mandelbrot;

/* An image of 2^shift x 2^shift; the caller frees m->count. m must not move. */
void mandelbrot_make(mandelbrot *m, int32_t shift, int32_t limit);

#endif
