/* peers.h: the peers in C: one signature for all of them, and a table of functions for each way to compile them.
 *
 * loops.c and machines.c, plain loops, are compiled several times (cmake/bench.cmake has the compilers and flags);
 * avx2.c and avx2_search.c are written by hand for AVX2; orc.c asks Orc. What a set does not have, or what this build
 * could not have, is NULL. */
#ifndef PEERS_H
#define PEERS_H

#include <stddef.h>
#include <stdint.h>

typedef struct peer_args {
  const void *in[2];
  void *out[2];
  double param[3];
  size_t n;
} peer_args;

typedef void (*peer_fn)(const peer_args *a);

/* A call of a peer, to be timed. */
typedef struct peer_call {
  peer_fn function;
  peer_args args;
} peer_call;

typedef struct peer_set {
  const char *name;
  peer_fn axpb;       /* f32: out0 = param0 * in0 + param1 */
  peer_fn axpy;       /* f32: out0 = param0 * in0 + in1 */
  peer_fn expr;       /* f64: out0 = sqrt(x x + z z) / 2 + (x - z) / (1 + |x|) of in0, in1 */
  peer_fn sum_f32;    /* out0: f32 */
  peer_fn sum_f64;    /* out0: f64 */
  peer_fn dot_f32;    /* out0: f32 */
  peer_fn dot_f64;    /* out0: f64 */
  peer_fn argmax_f32; /* out0: u64 */
  peer_fn argmax_f64; /* out0: u64 */
  peer_fn stats;      /* f64: out0 = sum, min, max, argmax of expr */
  peer_fn mandelbrot; /* out0: i32 counts of an n x n image, param0: limit */
  peer_fn collatz;    /* out0: u32 steps of 1 .. n */
  peer_fn heavy;      /* f32: out0 = a map of two numbers, from in0, repeated as often as in1, i32, says */
  peer_fn throws;     /* out0: u32 hits of param0 throws by each of n generators */
  peer_fn matmul;     /* f32: out0 = in0 * in1, all n x n */
  peer_fn divmod_i32; /* out0, out1 = Euclidean quotient and remainder of in0 by in1; by 0: 0 and in0 */
  peer_fn divmod_i64;
  peer_fn f32_to_i32; /* toward zero, clamped, NaN gives 0 */
  peer_fn f64_to_i32;
  peer_fn pi;        /* out0: u32 hits of instances 0 .. n - 1, param0: darts, param1: seed */
  peer_fn bootstrap; /* out0: f64 differences; machines.c has the rest */
  peer_fn queens;    /* out0: u32 solutions of instances 0 .. n - 1, param0: size of the board */
} peer_set;

/* What the machine can do at most; n elements of f32, or n rounds of 24 multiply-adds. NULL where there is no AVX2. */
typedef struct peer_limits {
  peer_fn read, copy, copy_streaming, triad, triad_streaming;
  peer_fn fma_f32, fma_f64; /* n rounds of 12 vectors */
} peer_limits;

typedef enum peer_kind {
  PEERS_GCC,        /* -O3 */
  PEERS_SCALAR,     /* the same without vectors */
  PEERS_SIMD,       /* the same with `omp simd` */
  PEERS_CLANG,      /* -O3 */
  PEERS_CLANG_FAST, /* -O3 -fno-math-errno */
  PEERS_AVX2,
  PEERS_ORC,
  PEERS_COUNT
} peer_kind;

/* A set, empty but for its name if this build or machine lacks it. */
const peer_set *peers_find(peer_kind kind);
/* The same of machines.c, and by hand of avx2_search.c. */
const peer_set *peers_find_machines(peer_kind kind);
const peer_limits *peers_limits(void);

/* Makes an Orc program of 20 operations and compiles it; NULL without Orc. */
typedef void (*peer_ready_fn)(void);
peer_ready_fn peers_orc_ready(void);

#endif
