/* loops.c: the workloads as plain C loops, the way an engineer writes them at first.
 *
 * Compiled once for each compiler and flags in cmake/bench.cmake, with PEER_SET and PEER_NAME set: the name of the
 * table and what the report calls it. */
#include "peers.h"

#include <math.h>

static void axpb(const peer_args *a)
{
  const float *restrict x = a->in[0];
  float *restrict y = a->out[0];
  float m = (float)a->param[0], b = (float)a->param[1];
  for (size_t i = 0; i < a->n; i++) {
    y[i] = m * x[i] + b;
  }
}

static inline double expression(double x, double z)
{
  return sqrt(x * x + z * z) * 0.5 + (x - z) / (1.0 + fabs(x));
}

static void expr(const peer_args *a)
{
  const double *restrict x = a->in[0], *restrict z = a->in[1];
  double *restrict y = a->out[0];
  for (size_t i = 0; i < a->n; i++) {
    y[i] = expression(x[i], z[i]);
  }
}

static void stats(const peer_args *a)
{
  const double *restrict x = a->in[0], *restrict z = a->in[1];
  double *out = a->out[0], sum = 0, least = INFINITY, greatest = -INFINITY;
  size_t at = 0;
  for (size_t i = 0; i < a->n; i++) {
    double e = expression(x[i], z[i]);
    sum += e;
    least = e < least ? e : least;
    if (e > greatest) {
      greatest = e;
      at = i;
    }
  }
  out[0] = sum;
  out[1] = least;
  out[2] = greatest;
  out[3] = (double)at;
}

static int32_t escape(float cr, float ci, int32_t limit)
{
  float zr = cr, zi = ci;
  int32_t k = 0;
  while (k < limit && !(zr * zr + zi * zi > 4.0f)) {
    float nr = zr * zr - zi * zi, ni = 2.0f * zr * zi;
    zr = cr + nr;
    zi = ci + ni;
    k++;
  }
  return k;
}

static void mandelbrot(const peer_args *a)
{
  int32_t *restrict count = a->out[0], limit = (int32_t)a->param[0];
  float dx = 3.0f / (float)a->n, dy = 2.0f / (float)a->n;
  for (size_t j = 0; j < a->n; j++) {
    for (size_t i = 0; i < a->n; i++) {
      count[j * a->n + i] = escape(-2.0f + (float)i * dx, -1.0f + (float)j * dy, limit);
    }
  }
}

static void collatz(const peer_args *a)
{
  uint32_t *restrict steps = a->out[0];
  for (size_t i = 0; i < a->n; i++) {
    uint64_t n = i + 1;
    uint32_t k = 0;
    while (n != 1) {
      n = n & 1 ? 3 * n + 1 : n >> 1;
      k++;
    }
    steps[i] = k;
  }
}

static void matmul(const peer_args *args)
{
  const float *restrict a = args->in[0], *restrict b = args->in[1];
  float *restrict c = args->out[0];
  size_t n = args->n;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) {
      c[i * n + j] = 0;
    }
    for (size_t k = 0; k < n; k++) {
      float m = a[i * n + k];
      for (size_t j = 0; j < n; j++) {
        c[i * n + j] += m * b[k * n + j];
      }
    }
  }
}

static void divmod_i32(const peer_args *args)
{
  const int32_t *restrict a = args->in[0], *restrict b = args->in[1];
  int32_t *restrict q = args->out[0], *restrict r = args->out[1];
  for (size_t i = 0; i < args->n; i++) {
    if (b[i] == 0 || (b[i] == -1 && a[i] == INT32_MIN)) {
      q[i] = b[i] == 0 ? 0 : a[i];
      r[i] = b[i] == 0 ? a[i] : 0;
    } else {
      int32_t quotient = a[i] / b[i], rest = a[i] % b[i], is_low = rest < 0;
      q[i] = quotient - (is_low ? (b[i] > 0 ? 1 : -1) : 0);
      r[i] = rest + (is_low ? (b[i] > 0 ? b[i] : -b[i]) : 0);
    }
  }
}

static void divmod_i64(const peer_args *args)
{
  const int64_t *restrict a = args->in[0], *restrict b = args->in[1];
  int64_t *restrict q = args->out[0], *restrict r = args->out[1];
  for (size_t i = 0; i < args->n; i++) {
    if (b[i] == 0 || (b[i] == -1 && a[i] == INT64_MIN)) {
      q[i] = b[i] == 0 ? 0 : a[i];
      r[i] = b[i] == 0 ? a[i] : 0;
    } else {
      int64_t quotient = a[i] / b[i], rest = a[i] % b[i], is_low = rest < 0;
      q[i] = quotient - (is_low ? (b[i] > 0 ? 1 : -1) : 0);
      r[i] = rest + (is_low ? (b[i] > 0 ? b[i] : -b[i]) : 0);
    }
  }
}

static void f32_to_i32(const peer_args *a)
{
  const float *restrict x = a->in[0];
  int32_t *restrict y = a->out[0];
  for (size_t i = 0; i < a->n; i++) {
    float v = x[i];
    y[i] = v >= 2147483648.0f ? INT32_MAX : v >= -2147483648.0f ? (int32_t)v : v < 0 ? INT32_MIN : 0;
  }
}

static void f64_to_i32(const peer_args *a)
{
  const double *restrict x = a->in[0];
  int32_t *restrict y = a->out[0];
  for (size_t i = 0; i < a->n; i++) {
    double v = x[i];
    y[i] = v >= 2147483648.0 ? INT32_MAX : v > -2147483649.0 ? (int32_t)v : v < 0 ? INT32_MIN : 0;
  }
}

static void heavy(const peer_args *args)
{
  const float *restrict start = args->in[0];
  const int32_t *restrict count = args->in[1];
  float *restrict out = args->out[0];
  for (size_t i = 0; i < args->n; i++) {
    float x = start[i], y = x * 0.5f;
    for (int32_t k = 0; k < count[i]; k++) {
      float a = x * x, b = y * y, c = x * y, e = x * 0.3f;
      x = (a - b) * 0.5f + 0.3f;
      y = c * 0.4f + 0.2f - e;
    }
    out[i] = x + y;
  }
}

static uint64_t mixed(uint64_t z)
{
  z += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

enum { THROWERS = 16 };

/* xorshift128+ in 16 lanes; `omp simd` where it is understood. */
static void throw_16(uint64_t first, int32_t times, uint32_t *out)
{
  uint64_t s0[THROWERS], s1[THROWERS];
  uint32_t hits[THROWERS];
  for (size_t l = 0; l < THROWERS; l++) {
    s0[l] = mixed(2 * (first + l));
    s1[l] = mixed(2 * (first + l) + 1);
    hits[l] = 0;
  }
  for (int32_t k = 0; k < times; k++) {
#pragma omp simd
    for (size_t l = 0; l < THROWERS; l++) {
      uint64_t a = s0[l], b = s1[l], sum = a + b;
      a ^= a << 23;
      s0[l] = b;
      s1[l] = a ^ b ^ a >> 17 ^ b >> 26;
      float x = (float)(int32_t)(sum >> 40) * 0x1p-24f, y = (float)(int32_t)(sum >> 16 & 0xffffff) * 0x1p-24f;
      hits[l] += x * x + y * y < 1.0f ? 1 : 0;
    }
  }
  for (size_t l = 0; l < THROWERS; l++) {
    out[l] = hits[l];
  }
}

/* n is a multiple of 16. */
static void throws(const peer_args *a)
{
  for (size_t i = 0; i < a->n; i += THROWERS) {
    throw_16(i, (int32_t)a->param[0], (uint32_t *)a->out[0] + i);
  }
}

extern const peer_set PEER_SET;
const peer_set PEER_SET = {.name = PEER_NAME,
                           .axpb = axpb,
                           .expr = expr,
                           .stats = stats,
                           .mandelbrot = mandelbrot,
                           .collatz = collatz,
                           .heavy = heavy,
                           .throws = throws,
                           .matmul = matmul,
                           .divmod_i32 = divmod_i32,
                           .divmod_i64 = divmod_i64,
                           .f32_to_i32 = f32_to_i32,
                           .f64_to_i32 = f64_to_i32};
