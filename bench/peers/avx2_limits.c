/* avx2_limits.c: what the machine gives at most to 32-byte vectors: memory bandwidth and multiply-adds. Lengths are
 * multiples of 64 elements, arrays aligned to 32 bytes. */
#include "peers.h"

#include <immintrin.h>

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 12")
#endif

static void read_all(const peer_args *a)
{
  const float *x = a->in[0];
  float lanes[8];
  __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
  for (size_t i = 0; i < a->n; i += 32) {
    s0 = _mm256_or_ps(s0, _mm256_load_ps(x + i));
    s1 = _mm256_or_ps(s1, _mm256_load_ps(x + i + 8));
    s2 = _mm256_or_ps(s2, _mm256_load_ps(x + i + 16));
    s3 = _mm256_or_ps(s3, _mm256_load_ps(x + i + 24));
  }
  _mm256_storeu_ps(lanes, _mm256_or_ps(_mm256_or_ps(s0, s1), _mm256_or_ps(s2, s3)));
  *(float *)a->out[0] = lanes[0];
}

static void copy(const peer_args *a)
{
  const float *x = a->in[0];
  float *y = a->out[0];
  for (size_t i = 0; i < a->n; i += 16) {
    _mm256_store_ps(y + i, _mm256_load_ps(x + i));
    _mm256_store_ps(y + i + 8, _mm256_load_ps(x + i + 8));
  }
}

static void copy_streaming(const peer_args *a)
{
  const float *x = a->in[0];
  float *y = a->out[0];
  for (size_t i = 0; i < a->n; i += 16) {
    _mm256_stream_ps(y + i, _mm256_load_ps(x + i));
    _mm256_stream_ps(y + i + 8, _mm256_load_ps(x + i + 8));
  }
  _mm_sfence();
}

static void triad(const peer_args *a)
{
  const float *x = a->in[0], *z = a->in[1];
  float *y = a->out[0];
  __m256 s = _mm256_set1_ps(3);
  for (size_t i = 0; i < a->n; i += 16) {
    _mm256_store_ps(y + i, _mm256_fmadd_ps(s, _mm256_load_ps(z + i), _mm256_load_ps(x + i)));
    _mm256_store_ps(y + i + 8, _mm256_fmadd_ps(s, _mm256_load_ps(z + i + 8), _mm256_load_ps(x + i + 8)));
  }
}

static void triad_streaming(const peer_args *a)
{
  const float *x = a->in[0], *z = a->in[1];
  float *y = a->out[0];
  __m256 s = _mm256_set1_ps(3);
  for (size_t i = 0; i < a->n; i += 16) {
    _mm256_stream_ps(y + i, _mm256_fmadd_ps(s, _mm256_load_ps(z + i), _mm256_load_ps(x + i)));
    _mm256_stream_ps(y + i + 8, _mm256_fmadd_ps(s, _mm256_load_ps(z + i + 8), _mm256_load_ps(x + i + 8)));
  }
  _mm_sfence();
}

/* Twelve vectors in flight hide the latency of a multiply-add on every processor that has AVX2. */
enum { TWELVE = 12 };

static void fma_f32(const peer_args *a)
{
  const __m256 m = _mm256_set1_ps(0.999f), c = _mm256_set1_ps(1e-6f);
  __m256 s[TWELVE], total = _mm256_setzero_ps();
  for (int k = 0; k < TWELVE; k++) {
    s[k] = _mm256_set1_ps(1e-3f * (float)k);
  }
  for (size_t i = 0; i < a->n; i++) {
    UNROLL
    for (int k = 0; k < TWELVE; k++) {
      s[k] = _mm256_fmadd_ps(s[k], m, c);
    }
  }
  for (int k = 0; k < TWELVE; k++) {
    total = _mm256_add_ps(total, s[k]);
  }
  *(float *)a->out[0] = _mm256_cvtss_f32(total);
}

static void fma_f64(const peer_args *a)
{
  const __m256d m = _mm256_set1_pd(0.999), c = _mm256_set1_pd(1e-6);
  __m256d s[TWELVE], total = _mm256_setzero_pd();
  for (int k = 0; k < TWELVE; k++) {
    s[k] = _mm256_set1_pd(1e-3 * k);
  }
  for (size_t i = 0; i < a->n; i++) {
    UNROLL
    for (int k = 0; k < TWELVE; k++) {
      s[k] = _mm256_fmadd_pd(s[k], m, c);
    }
  }
  for (int k = 0; k < TWELVE; k++) {
    total = _mm256_add_pd(total, s[k]);
  }
  *(double *)a->out[0] = _mm256_cvtsd_f64(total);
}

extern const peer_limits peers_avx2_limits;
const peer_limits peers_avx2_limits = {.read = read_all,
                                       .copy = copy,
                                       .copy_streaming = copy_streaming,
                                       .triad = triad,
                                       .triad_streaming = triad_streaming,
                                       .fma_f32 = fma_f32,
                                       .fma_f64 = fma_f64};
