/* sample.h: a graph with every kind of node, built through the C interface: what tests use that need "some graph". */
#ifndef TEST_SAMPLE_H
#define TEST_SAMPLE_H

#include "throng.h"

/* The operands of the sample, in order. */
enum {
  SAMPLE_SCALE, /* param f32, default 2 */
  SAMPLE_X,     /* input f32 */
  SAMPLE_K,     /* input i32 */
  SAMPLE_TABLE, /* table f32 */
  SAMPLE_Y,     /* output f16 */
  SAMPLE_Z,     /* output u64be */
  SAMPLE_TOTAL, /* result f32: sum */
  SAMPLE_LEAST, /* result i32: argmin */
  SAMPLE_MOST,  /* result i32: argmax */
  SAMPLE_BINS,  /* accumulator u32 */
  SAMPLE_OPERANDS
};

/* Adds the sample to an empty graph. Errors stay in the graph. */
void sample_build(tg_graph *g);

/* Memory for n lanes of it, at most SAMPLE_LANES, bound. */
enum { SAMPLE_LANES = 10 };
typedef struct sample_memory {
  float x[SAMPLE_LANES], table[4], total;
  int32_t k[SAMPLE_LANES], least, most;
  uint16_t y[SAMPLE_LANES];
  uint64_t z[SAMPLE_LANES];
  uint32_t bins[8];
  tg_binding bindings[SAMPLE_OPERANDS];
} sample_memory;
void sample_bind(sample_memory *m);

#endif
