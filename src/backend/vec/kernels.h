/* kernels.h: the strip kernels of `vec`: one function does one operation on n consecutive elements. They are compiled
 * several times from the same files, once for each instruction set, and one table of them is chosen at run time.
 *
 * Rules for every kernel. Elements lie at unit stride in native byte order, at any alignment that is a multiple of the
 * element size, or for the functions that take caller's memory at any alignment at all. bool is a byte, 0 or 1. n may
 * be 0. `out` may be the same address as any operand of the same element size, but does not overlap otherwise. A scalar
 * operand is the address of one element. Nothing before `out` or after its n elements is written. The floating-point
 * environment is the default one. Results are those of docs/spec.md, but a NaN may have any sign and payload except
 * where a function says that it makes it canonical. */
#ifndef TG_BACKEND_VEC_KERNELS_H
#define TG_BACKEND_VEC_KERNELS_H

#include "graph/ops.h"

typedef enum vec_unary {
  VEC_NEG,        /* numbers */
  VEC_NOT,        /* bits; bool gives 0 or 1 */
  VEC_SQRT,       /* floats, as the rest */
  VEC_ROUND_EVEN, /* in the order of tg_rounding */
  VEC_ROUND_DOWN,
  VEC_ROUND_UP,
  VEC_ROUND_ZERO,
  VEC_CANONICAL, /* a NaN becomes the canonical one */
  VEC_UNARY_COUNT
} vec_unary;

typedef enum vec_binary {
  VEC_ADD, /* numbers */
  VEC_SUB,
  VEC_MUL,
  VEC_MAX,
  VEC_DIV, /* floats */
  VEC_SHL, /* integers */
  VEC_SHR,
  VEC_OR, /* bits */
  VEC_AND,
  VEC_XOR,
  VEC_ANDNOT,
  VEC_LT, /* numbers; out is bool */
  VEC_LE, /* a < b or a = b */
  VEC_EQ, /* any; out is bool */
  VEC_BINARY_COUNT
} vec_binary;

/* Two operations in one, the result of the first rounded before the second: for numbers of 4 and 8 bytes, with div and
 * over for floats. A table may have none. */
typedef enum vec_first { VEC_FIRST_ADD, VEC_FIRST_SUB, VEC_FIRST_MUL, VEC_FIRST_COUNT } vec_first;
typedef enum vec_second {
  VEC_SECOND_ADD,  /* (a first b) + c */
  VEC_SECOND_SUB,  /* (a first b) - c */
  VEC_SECOND_FROM, /* c - (a first b) */
  VEC_SECOND_MUL,  /* (a first b) * c */
  VEC_SECOND_DIV,  /* (a first b) / c */
  VEC_SECOND_OVER, /* c / (a first b) */
  VEC_SECOND_COUNT
} vec_second;

/* Which operands are scalar: of a and b, or of the two values of select. */
typedef enum vec_form { VEC_VV, VEC_VS, VEC_SV, VEC_FORM_COUNT } vec_form;

typedef void vec_unary_fn(size_t n, void *out, const void *a);
typedef void vec_binary_fn(size_t n, void *out, const void *a, const void *b);
/* out[i] = condition[i] ? a[i] : b[i] */
typedef void vec_select_fn(size_t n, void *out, const unsigned char *condition, const void *a, const void *b);
typedef void vec_fma_fn(size_t n, void *out, const void *a, const void *b, const void *c);
/* Bits 0, 1 and 2 of `scalars`: a, b, c is one element for all. */
typedef void vec_fused_fn(size_t n, void *out, const void *a, const void *b, const void *c, unsigned scalars);
/* How the upper halves of products are made: of what factor, and what is xored to them; NULL: nothing. */
typedef struct vec_high {
  uint32_t factor;
  const void *xored[2]; /* elements of 4 bytes; is_scalar: one for all */
  bool is_scalar[2];
} vec_high;
/* Of a and the result 4 bytes. */
typedef void vec_high_fn(size_t n, void *out, const void *a, const vec_high *how);
typedef void vec_divmod_fn(size_t n, void *quotient, void *remainder, const void *a, const void *b);

/* Sizes of elements as an index: 1, 2, 4 and 8 bytes are 0, 1, 2, 3. */
enum { VEC_SIZE_COUNT = 4 };

/* The best element: the first position of the least or greatest number; NaNs only if there is nothing else. */
typedef struct vec_best {
  size_t position; /* n when n is 0, or nothing is better than what was to be beaten */
  bool is_nan;     /* all are NaN; position is 0 then */
} vec_best;
/* to_beat: a number, no NaN, that the best must be better than, or NULL. */
typedef vec_best vec_best_fn(size_t n, const void *a, const void *to_beat);

typedef struct vec_kernels {
  const char *isa;     /* "sse2", "avx2", "avx512", "neon", "plain" */
  size_t vector_bytes; /* of its widest registers */

  /* By the type of the operands; NULL where the operation is not there for the type. */
  vec_unary_fn *unary[VEC_UNARY_COUNT][TG_TYPE_COUNT];
  vec_binary_fn *binary[VEC_BINARY_COUNT][TG_TYPE_COUNT][VEC_FORM_COUNT];
  /* The same for add, sub, mul, max and div on floats, with canonical NaNs: the last operation before a store. */
  vec_binary_fn *binary_canonical[VEC_BINARY_COUNT][TG_TYPE_COUNT][VEC_FORM_COUNT];
  vec_fma_fn *fma[TG_TYPE_COUNT];
  vec_fused_fn *fused[VEC_FIRST_COUNT][VEC_SECOND_COUNT][TG_TYPE_COUNT];
  vec_fused_fn *fused_canonical[VEC_FIRST_COUNT][VEC_SECOND_COUNT][TG_TYPE_COUNT]; /* floats, with canonical NaNs */
  /* The upper half of a[i] * factor, 32 by 32 bits, and xors; NULL where there is none. */
  vec_high_fn *high;
  /* out[i] = a[i] | b[i] << 32: elements of 8 bytes of two of 4; NULL likewise. */
  vec_binary_fn *join;
  vec_select_fn *select[VEC_SIZE_COUNT][VEC_FORM_COUNT];
  /* Euclidean; either of quotient and remainder may be NULL; b a stream or (scalar) one divisor for all. */
  vec_divmod_fn *divmod[TG_TYPE_COUNT];
  vec_divmod_fn *divmod_scalar[TG_TYPE_COUNT];
  vec_unary_fn *convert[TG_TYPE_COUNT][TG_TYPE_COUNT]; /* [from][to]; from == to is NULL */

  /* out[i] = *a, by element size. */
  vec_unary_fn *fill[VEC_SIZE_COUNT];
  /* out[i] = start + (first + i) * stride as docs/spec.md chapter 5 says; start and stride are one element each. */
  void (*iota[TG_TYPE_COUNT])(size_t n, void *out, uint64_t first, const void *start, const void *stride);

  /* Caller's memory in any mode, at any stride and alignment, to unit stride (load), and from it (store; NaNs become
   * canonical, bool becomes 0 or 1). element 0 is at `memory`. Unit stride is worth a path of its own. */
  void (*load[TG_MODE_COUNT])(size_t n, void *out, const unsigned char *memory, ptrdiff_t stride);
  void (*store[TG_MODE_COUNT])(size_t n, unsigned char *memory, ptrdiff_t stride, const void *a);

  /* Copies bytes to memory past the caches; both at any alignment. What was written so is there for other threads after
   * stream_end. NULL where there is no such store. */
  void (*stream)(size_t bytes, void *out, const void *a);
  void (*stream_end)(void);

  /* Adds a[i] to column i mod C, in ascending order of i: chapter 7. columns: C elements of the sum's type (C = 64 for
   * f32, 32 for f64; integers and bool: 32 columns of 64 bits whose total counts, so any column will do). */
  void (*sum[TG_TYPE_COUNT])(size_t n, void *columns, const void *a);
  /* The same with the products a[i] * b[i], rounded before they are added; floats. */
  void (*sum_product[TG_TYPE_COUNT])(size_t n, void *columns, const void *a, const void *b);
  /* Where the least and the greatest number is. */
  vec_best_fn *argmin[TG_TYPE_COUNT];
  vec_best_fn *argmax[TG_TYPE_COUNT];

  /* out gets table[index[i]], or zero bytes where index[i] >= length: elements of 1 << size bytes at unit stride. */
  void (*gather[VEC_SIZE_COUNT])(size_t n, void *out, const void *table, uint64_t length, const uint64_t *index);

  /* How many of the n bytes are not 0. */
  size_t (*count)(size_t n, const unsigned char *mask);
  /* Bytes of 0 and 1: where alive[i] is 1 and condition[i] is 0, alive[i] becomes 0 and i goes to done. How many. */
  size_t (*retire)(size_t n, unsigned char *alive, const unsigned char *condition, uint32_t *done);
  /* Moves the elements whose mask byte is not 0 to the front of out (which may be a), in order; by element size. What
   * comes after them in out[0 .. n) may be overwritten. */
  void (*compress[VEC_SIZE_COUNT])(size_t n, void *out, const void *a, const unsigned char *mask);
  /* out[position[i]] = a[i], and out[i] = a[position[i]]; positions are below 2^32. */
  void (*scatter[VEC_SIZE_COUNT])(size_t n, void *out, const uint32_t *position, const void *a);
  void (*permute[VEC_SIZE_COUNT])(size_t n, void *out, const uint32_t *position, const void *a);
} vec_kernels;

/* The tables compiled into this library, the most capable first; NULL at the end. vec_kernels_usable says whether this
 * CPU (and its operating system) can run one; vec_kernels_best is the first usable one. */
const vec_kernels *vec_kernels_at(size_t index);
bool vec_kernels_usable(const vec_kernels *kernels);
const vec_kernels *vec_kernels_best(void);

#endif
