/* kernels_bench.c: the strip kernels of `vec` by themselves, of every instruction set that this processor has, on
 * strips that stay in the first cache, each beside the plain loop that does the same, as the project's flags compile
 * it. */
#include "bench.h"

#include "backend/vec/kernels.h"

#include <string.h>

enum { STRIP = 1024, MAX_TABLES = 8 };

/* Operands of the work, and room for its results. `some` is a mask in which every other byte is set at random. */
typedef struct strips {
  float x[STRIP], y[STRIP];
  double v[STRIP], w[STRIP];
  int32_t i[STRIP], j[STRIP];
  uint32_t u[STRIP];
  unsigned char some[STRIP], truth[STRIP];
  union {
    float f32[STRIP];
    double f64[STRIP];
    int32_t i32[STRIP];
    uint32_t u32[STRIP];
  } out, other;
  union {
    float f32[64];
    double f64[32];
  } columns;
  size_t position;
} strips;

/* ---- the work: by a table of kernels, and by a plain loop ---- */

static void add(const vec_kernels *k, strips *s)
{
  k->binary[VEC_ADD][TG_F32][VEC_VV](STRIP, s->out.f32, s->x, s->y);
}

static void add_plain(strips *s)
{
  for (size_t i = 0; i < STRIP; i++) {
    s->out.f32[i] = s->x[i] + s->y[i];
  }
}

static void mul(const vec_kernels *k, strips *s)
{
  k->binary[VEC_MUL][TG_F64][VEC_VV](STRIP, s->out.f64, s->v, s->w);
}

static void mul_plain(strips *s)
{
  for (size_t i = 0; i < STRIP; i++) {
    s->out.f64[i] = s->v[i] * s->w[i];
  }
}

static void choose(const vec_kernels *k, strips *s)
{
  k->select[2][VEC_VV](STRIP, s->out.f32, s->some, s->x, s->y);
}

static void choose_plain(strips *s)
{
  for (size_t i = 0; i < STRIP; i++) {
    s->out.f32[i] = s->some[i] ? s->x[i] : s->y[i];
  }
}

static void less(const vec_kernels *k, strips *s)
{
  k->binary[VEC_LT][TG_F32][VEC_VV](STRIP, s->truth, s->x, s->y);
}

static void less_plain(strips *s)
{
  for (size_t i = 0; i < STRIP; i++) {
    s->truth[i] = s->x[i] < s->y[i];
  }
}

static void convert(const vec_kernels *k, strips *s)
{
  k->convert[TG_F32][TG_I32](STRIP, s->out.i32, s->x);
}

static void convert_plain(strips *s)
{
  for (size_t i = 0; i < STRIP; i++) {
    float x = s->x[i] == s->x[i] ? s->x[i] : 0;
    s->out.i32[i] = x >= 0x1p31f ? INT32_MAX : x <= -0x1p31f ? INT32_MIN : (int32_t)x;
  }
}

static void divide(const vec_kernels *k, strips *s)
{
  k->divmod[TG_I32](STRIP, s->out.i32, s->other.i32, s->i, s->j);
}

/* Divisors are positive here, and so is what takes Euclid's remainder to C's. */
static void divide_plain(strips *s)
{
  for (size_t i = 0; i < STRIP; i++) {
    int32_t rest = s->i[i] % s->j[i];
    s->out.i32[i] = s->i[i] / s->j[i] - (rest < 0);
    s->other.i32[i] = rest < 0 ? rest + s->j[i] : rest;
  }
}

static void divide_by_one(const vec_kernels *k, strips *s)
{
  k->divmod_scalar[TG_I32](STRIP, s->out.i32, s->other.i32, s->i, s->j);
}

static void divide_by_one_plain(strips *s)
{
  int32_t divisor = s->j[0];
  for (size_t i = 0; i < STRIP; i++) {
    int32_t rest = s->i[i] % divisor;
    s->out.i32[i] = s->i[i] / divisor - (rest < 0);
    s->other.i32[i] = rest < 0 ? rest + divisor : rest;
  }
}

static void sum_f32(const vec_kernels *k, strips *s)
{
  k->sum[TG_F32](STRIP, s->columns.f32, s->x);
}

static void sum_f32_plain(strips *s)
{
  float sum = s->columns.f32[0];
  for (size_t i = 0; i < STRIP; i++) {
    sum += s->x[i];
  }
  s->columns.f32[0] = sum;
}

static void sum_f64(const vec_kernels *k, strips *s)
{
  k->sum[TG_F64](STRIP, s->columns.f64, s->v);
}

static void sum_f64_plain(strips *s)
{
  double sum = s->columns.f64[0];
  for (size_t i = 0; i < STRIP; i++) {
    sum += s->v[i];
  }
  s->columns.f64[0] = sum;
}

static void greatest(const vec_kernels *k, strips *s)
{
  s->position = k->argmax[TG_F32](STRIP, s->x, NULL).position;
}

static void greatest_plain(strips *s)
{
  size_t best = 0;
  for (size_t i = 1; i < STRIP; i++) {
    best = s->x[i] > s->x[best] ? i : best;
  }
  s->position = best;
}

static void compress(const vec_kernels *k, strips *s)
{
  k->compress[2](STRIP, s->out.u32, s->u, s->some);
}

static void compress_plain(strips *s)
{
  size_t kept = 0;
  for (size_t i = 0; i < STRIP; i++) {
    if (s->some[i]) {
      s->out.u32[kept++] = s->u[i];
    }
  }
  s->position = kept;
}

static const struct {
  const char *name;
  void (*by_table)(const vec_kernels *k, strips *s);
  void (*plain)(strips *s);
} works[] = {
    {"add, f32", add, add_plain},
    {"mul, f64", mul, mul_plain},
    {"select, f32", choose, choose_plain},
    {"lt, f32", less, less_plain},
    {"convert, f32 to i32", convert, convert_plain},
    {"divmod, i32", divide, divide_plain},
    {"divmod by one number, i32", divide_by_one, divide_by_one_plain},
    {"sum, f32", sum_f32, sum_f32_plain},
    {"sum, f64", sum_f64, sum_f64_plain},
    {"argmax, f32", greatest, greatest_plain},
    {"compress, u32", compress, compress_plain},
};

/* ---- the section ---- */

/* A call of one work; kernels NULL: the plain loop. */
typedef struct call {
  const vec_kernels *kernels;
  strips *memory;
  size_t work;
} call;

static void call_work(void *self, size_t times)
{
  const call *c = self;
  for (size_t i = 0; i < times; i++) {
    if (c->kernels == NULL) {
      works[c->work].plain(c->memory);
    } else {
      works[c->work].by_table(c->kernels, c->memory);
    }
  }
}

static strips *new_strips(void)
{
  strips *s = block_new(sizeof *s);
  memset(s, 0, sizeof *s);
  for (uint32_t i = 0; i < STRIP; i++) {
    s->x[i] = random_unit(i, 0) * 1000;
    s->y[i] = random_unit(i, 1) * 1000;
    s->v[i] = (double)random_unit(i, 2);
    s->w[i] = (double)random_unit(i, 3);
    s->i[i] = (int32_t)random_bits(i, 4);
    s->j[i] = 1 + (int32_t)(random_bits(i, 5) & 1023);
    s->u[i] = random_bits(i, 6);
    s->some[i] = random_bits(i, 7) & 1;
  }
  return s;
}

static void time_work(bench *b, size_t work, strips *memory)
{
  call calls[MAX_TABLES + 1];
  timed all[MAX_TABLES + 1];
  double medians[MAX_TABLES + 1];
  size_t n = 0;
  for (size_t i = 0; vec_kernels_at(i) != NULL && n < MAX_TABLES; i++) {
    if (vec_kernels_usable(vec_kernels_at(i))) {
      calls[n++] = (call){vec_kernels_at(i), memory, work};
    }
  }
  calls[n] = (call){NULL, memory, work};
  for (size_t i = 0; i <= n; i++) {
    all[i] = (timed){.work = call_work, .self = &calls[i]};
  }
  time_in_turns(b, all, n + 1, medians);
  for (size_t i = 0; i < n; i++) {
    report_add(&b->report, &(record){.section = "kernels",
                                     .workload = works[work].name,
                                     .subject = calls[i].kernels->isa,
                                     .peer = "C loop",
                                     .unit = "ns/el",
                                     .size = STRIP,
                                     .value = medians[i] / STRIP,
                                     .peer_value = medians[n] / STRIP});
  }
}

void bench_kernels(bench *b)
{
  strips *memory = new_strips();
  for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
    time_work(b, i, memory);
  }
  block_free(memory);
}
