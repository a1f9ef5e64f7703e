/* avx2_search.c: the search of examples/queens.tg in its masked form, by hand for AVX2: eight instances side by side,
 * each with its own stack, go on until the last of them is done; those that are done idle. It is what vectors without
 * regrouping can do. Reads of a stack are gathers; AVX2 has no scatters, so writes are done one by one. */
#include "peers.h"

#include <immintrin.h>

enum { LANES = 8, MAX_ROWS = 24 };

/* What is known of a row: places still to be tried, and what was attacked before its queen stood. */
typedef struct stacks {
  uint32_t free[MAX_ROWS * LANES], left[MAX_ROWS * LANES], right[MAX_ROWS * LANES], taken[MAX_ROWS * LANES];
} stacks;

static inline void put(uint32_t *stack, __m256i at, __m256i x, unsigned mask)
{
  uint32_t where[LANES], what[LANES];
  _mm256_storeu_si256((__m256i *)(void *)where, at);
  _mm256_storeu_si256((__m256i *)(void *)what, x);
  for (; mask != 0; mask &= mask - 1) {
    unsigned lane = (unsigned)__builtin_ctz(mask);
    stack[where[lane]] = what[lane];
  }
}

static inline __m256i get(const uint32_t *stack, __m256i at)
{
  return _mm256_i32gather_epi32((const int *)(const void *)stack, at, 4);
}

static inline unsigned bits_of(__m256i mask)
{
  return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(mask));
}

/* The first three queens of each lane; a lane that cannot place them starts done. */
static uint32_t place(uint64_t rest, uint32_t size, uint32_t *columns, uint32_t *left, uint32_t *right)
{
  for (int k = 0; k < 3; k++) {
    uint32_t queen = 1U << rest % size;
    if ((*columns | *left | *right) & queen) {
      return 0;
    }
    *columns |= queen;
    *left = (*left | queen) << 1;
    *right = (*right | queen) >> 1;
    rest /= size;
  }
  return rest == 0 ? UINT32_MAX : 0;
}

/* A round of every lane: takes a place and goes down, or goes back up. */
static __m256i step(stacks *s, __m256i row, __m256i running, uint32_t size, __m256i *found)
{
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), one = _mm256_set1_epi32(1);
  const __m256i all = _mm256_set1_epi32((int)((1U << size) - 1)), zero = _mm256_setzero_si256();
  __m256i at = _mm256_add_epi32(_mm256_slli_epi32(row, 3), lane), below = _mm256_add_epi32(at, _mm256_set1_epi32(8));
  __m256i free = get(s->free, at), queen = _mm256_and_si256(free, _mm256_sub_epi32(zero, free));
  __m256i none = _mm256_cmpeq_epi32(queen, zero), down = _mm256_andnot_si256(none, running);
  __m256i is_last = _mm256_cmpeq_epi32(_mm256_add_epi32(row, one), _mm256_set1_epi32((int)size));
  __m256i deeper = _mm256_andnot_si256(is_last, down), back = _mm256_and_si256(none, running);
  put(s->free, at, _mm256_xor_si256(free, queen), bits_of(down));
  *found = _mm256_sub_epi32(*found, _mm256_and_si256(is_last, down));
  unsigned mask = bits_of(deeper);
  if (mask != 0) {
    __m256i left = _mm256_slli_epi32(_mm256_or_si256(get(s->left, at), queen), 1);
    __m256i right = _mm256_srli_epi32(_mm256_or_si256(get(s->right, at), queen), 1);
    __m256i taken = _mm256_or_si256(get(s->taken, at), queen);
    __m256i attacked = _mm256_or_si256(_mm256_or_si256(left, right), taken);
    put(s->left, below, left, mask);
    put(s->right, below, right, mask);
    put(s->taken, below, taken, mask);
    put(s->free, below, _mm256_andnot_si256(attacked, all), mask);
  }
  return _mm256_add_epi32(_mm256_sub_epi32(row, deeper), back); /* a mask is -1 */
}

static __m256i search(uint64_t first, uint32_t size)
{
  stacks s;
  uint32_t live[LANES];
  for (uint32_t lane = 0; lane < LANES; lane++) {
    uint32_t columns = 0, left = 0, right = 0, at = 3 * LANES + lane;
    live[lane] = place(first + lane, size, &columns, &left, &right);
    s.free[at] = ((1U << size) - 1) & ~(columns | left | right);
    s.left[at] = left;
    s.right[at] = right;
    s.taken[at] = columns;
  }
  __m256i running = _mm256_loadu_si256((const __m256i *)(const void *)live), found = _mm256_setzero_si256();
  __m256i row = _mm256_set1_epi32(3);
  while (!_mm256_testz_si256(running, running)) {
    row = step(&s, row, running, size, &found);
    running = _mm256_and_si256(running, _mm256_cmpgt_epi32(row, _mm256_set1_epi32(2)));
    row = _mm256_max_epi32(row, _mm256_set1_epi32(3)); /* where a lane that is done reads */
  }
  return found;
}

static void queens(const peer_args *a)
{
  uint32_t *found = a->out[0], last[LANES];
  for (size_t first = 0; first < a->n; first += LANES) {
    _mm256_storeu_si256((__m256i *)(void *)last, search(first, (uint32_t)a->param[0]));
    for (size_t lane = 0; lane < LANES && first + lane < a->n; lane++) {
      found[first + lane] = last[lane];
    }
  }
}

extern const peer_set peers_avx2_machines;
const peer_set peers_avx2_machines = {.name = "masked AVX2", .queens = queens};
