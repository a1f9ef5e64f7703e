/* divide_bench.c: section `divide`: what vector instructions lack or do otherwise: Euclidean division of integers, and
 * floats to integers with clamping. The inputs hold zeros, -1 and the lowest integer; floats beyond the range and NaN.
 */
#include "bench.h"

#include <math.h>

enum { N = 100000 };

static const char i32_text[] = "graph divide {\n"
                               "  input a i32\n"
                               "  input b i32\n"
                               "  output q i32\n"
                               "  output r i32\n"
                               "  %a = load a\n"
                               "  %b = load b\n"
                               "  %q, %r = divmod %a, %b\n"
                               "  store q %q\n"
                               "  store r %r\n"
                               "}\n";
static const char i64_text[] = "graph divide {\n"
                               "  input a i64\n"
                               "  input b i64\n"
                               "  output q i64\n"
                               "  output r i64\n"
                               "  %a = load a\n"
                               "  %b = load b\n"
                               "  %q, %r = divmod %a, %b\n"
                               "  store q %q\n"
                               "  store r %r\n"
                               "}\n";
static const char f32_text[] = "graph convert {\n"
                               "  input x f32\n"
                               "  output y i32\n"
                               "  %x = load x\n"
                               "  %y = convert i32 %x\n"
                               "  store y %y\n"
                               "}\n";
static const char f64_text[] = "graph convert {\n"
                               "  input x f64\n"
                               "  output y i32\n"
                               "  %x = load x\n"
                               "  %y = convert i32 %x\n"
                               "  store y %y\n"
                               "}\n";

static int64_t random_i64(uint32_t i, uint32_t k)
{
  return (int64_t)((uint64_t)random_bits(i, k) << 32 | random_bits(i, k + 1));
}

/* A dividend and a divisor: any two numbers, the divisors of all sizes; one in 64 is a special pair. */
static void choose_pair(uint32_t i, int64_t lowest, int64_t *a, int64_t *b)
{
  *a = random_i64(i, 2);
  *b = random_i64(i, 4) >> random_bits(i, 6) % 64;
  if (i % 64 == 0) {
    *a = lowest;
    *b = i % 128 == 0 ? -1 : 0;
  }
}

static void run_divmod(bench *b, contest *c, program *p, peer_args *args, size_t bytes)
{
  const peer_set *sets[2] = {peers_find(PEERS_SCALAR), peers_find(PEERS_CLANG)};
  c->section = "divide";
  c->unit = "ns/el";
  c->size = N;
  c->per = N;
  c->out_bytes = 2 * N * bytes;
  c->out = args->out[0];
  p->n = N;
  p->steps = 5;
  p->n_columns = 4;
  contest_add_subjects(b, c, p);
  for (size_t i = 0; i < 2; i++) {
    contest_add_peer(c, sets[i], bytes == sizeof(int32_t) ? sets[i]->divmod_i32 : sets[i]->divmod_i64, args, 1);
  }
  contest_run(b, c);
}

static void divide_i32(bench *b)
{
  int32_t *x = block_new(N * sizeof *x), *y = block_new(N * sizeof *y), *out = block_new(2 * N * sizeof *out);
  for (uint32_t i = 0; i < N; i++) {
    int64_t one, two;
    choose_pair(i, INT32_MIN, &one, &two);
    x[i] = (int32_t)(i % 64 == 0 ? one : one >> 32);
    y[i] = (int32_t)(i % 64 == 0 ? two : two >> 32);
  }
  program p = {.text = i32_text, .columns = {{"a", x, N}, {"b", y, N}, {"q", out, N}, {"r", out + N, N}}};
  peer_args args = {{x, y}, {out, out + N}, {0, 0}, N};
  contest c = {.workload = "divmod, i32"};
  run_divmod(b, &c, &p, &args, sizeof *x);
  block_free(x);
  block_free(y);
  block_free(out);
}

static void divide_i64(bench *b)
{
  int64_t *x = block_new(N * sizeof *x), *y = block_new(N * sizeof *y), *out = block_new(2 * N * sizeof *out);
  for (uint32_t i = 0; i < N; i++) {
    choose_pair(i, INT64_MIN, &x[i], &y[i]);
  }
  program p = {.text = i64_text, .columns = {{"a", x, N}, {"b", y, N}, {"q", out, N}, {"r", out + N, N}}};
  peer_args args = {{x, y}, {out, out + N}, {0, 0}, N};
  contest c = {.workload = "divmod, i64"};
  run_divmod(b, &c, &p, &args, sizeof *x);
  block_free(x);
  block_free(y);
  block_free(out);
}

static void run_convert(bench *b, bool is_f64, const void *x, const char *name)
{
  int32_t *y = block_new(N * sizeof *y);
  program p = {is_f64 ? f64_text : f32_text, N, 3, {{"x", x, N}, {"y", y, N}}, 2};
  peer_args args = {{x}, {y}, {0, 0}, N};
  contest c = {.section = "divide",
               .workload = name,
               .unit = "ns/el",
               .size = N,
               .per = N,
               .out = y,
               .out_bytes = N * sizeof *y};
  const peer_set *sets[2] = {peers_find(PEERS_SCALAR), peers_find(PEERS_CLANG)};
  contest_add_subjects(b, &c, &p);
  for (size_t i = 0; i < 2; i++) {
    contest_add_peer(&c, sets[i], is_f64 ? sets[i]->f64_to_i32 : sets[i]->f32_to_i32, &args, 1);
  }
  contest_run(b, &c);
  block_free(y);
}

void bench_divide(bench *b)
{
  double *x = random_f64(N, 0, 5e9, -2.5e9);
  float *small = block_new(N * sizeof *small);
  for (size_t i = 0; i < N; i++) {
    x[i] = i % 64 == 0 ? (double)NAN : x[i];
    small[i] = (float)x[i];
  }
  divide_i32(b);
  divide_i64(b);
  run_convert(b, false, small, "to i32, f32");
  run_convert(b, true, x, "to i32, f64");
  block_free(x);
  block_free(small);
}
