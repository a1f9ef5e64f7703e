/* reduce_bench.c: section `reduce`: sum, dot product and argmax of 10^5 elements, in f32 and f64. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

enum { N = 100000 };

static const char sum_text[] = "graph sum {\n"
                               "  input x TYPE\n"
                               "  result r TYPE\n"
                               "  %x = load x\n"
                               "  sum r %x\n"
                               "}\n";
static const char dot_text[] = "graph dot {\n"
                               "  input x TYPE\n"
                               "  input z TYPE\n"
                               "  result r TYPE\n"
                               "  %x = load x\n"
                               "  %z = load z\n"
                               "  %p = mul %x, %z\n"
                               "  sum r %p\n"
                               "}\n";
static const char argmax_text[] = "graph argmax {\n"
                                  "  input x TYPE\n"
                                  "  result r u64\n"
                                  "  %zero = const u64 0\n"
                                  "  %one = const u64 1\n"
                                  "  %lane = iota %zero, %one\n"
                                  "  %x = load x\n"
                                  "  argmax r %lane, %x\n"
                                  "}\n";

/* A copy of text with type for every TYPE, in out. */
static void fill_in(char *out, size_t size, const char *text, const char *type)
{
  const char *hole;
  size_t n = 0;
  while ((hole = strstr(text, "TYPE")) != NULL) {
    n += (size_t)snprintf(out + n, size - n, "%.*s%s", (int)(hole - text), text, type);
    text = hole + 4;
  }
  demand(n + (size_t)snprintf(out + n, size - n, "%s", text) < size, "a text that is too long");
}

/* One type's data, and what is compared as what. */
typedef struct kind {
  const char *type;
  const void *x, *z;
  size_t bytes;
  bool (*is_close)(const void *expected, const void *got, size_t bytes);
} kind;

typedef struct reduction {
  const char *name, *text;
  peer_fn peer;
  double target;
  bool is_index, has_two;
} reduction;

static void run_one(bench *b, const kind *k, const reduction *r)
{
  char text[512];
  uint64_t *out = block_new(sizeof *out);
  fill_in(text, sizeof text, r->text, k->type);
  program p = {text, N, 3, {{"r", out, 1}, {"x", k->x, N}, {"z", k->z, N}}, r->has_two ? 3 : 2};
  peer_args args = {{k->x, k->z}, {out}, {0, 0}, N};
  contest c = {.section = "reduce",
               .workload = r->name,
               .unit = "ns/el",
               .size = N,
               .per = N,
               .out = out,
               .out_bytes = r->is_index ? sizeof *out : k->bytes};
  c.is_close = r->is_index ? NULL : k->is_close;
  contest_add_subjects(b, &c, &p);
  contest_add_peer(&c, peers_find(PEERS_AVX2), r->peer, &args, r->target);
  contest_run(b, &c);
  block_free(out);
}

void bench_reduce(bench *b)
{
  const peer_set *hand = peers_find(PEERS_AVX2);
  float *x = random_f32(N, 0), *z = random_f32(N, 1);
  double *xd = random_f64(N, 0, 1, 0), *zd = random_f64(N, 1, 1, 0);
  const kind kinds[2] = {{"f32", x, z, sizeof *x, is_close_f32}, {"f64", xd, zd, sizeof *xd, is_close_f64}};
  const reduction all[2][3] = {{{"sum, f32", sum_text, hand->sum_f32, 0.7, false, false},
                                {"dot product, f32", dot_text, hand->dot_f32, 0.6, false, true},
                                {"argmax, f32", argmax_text, hand->argmax_f32, 0.6, true, false}},
                               {{"sum, f64", sum_text, hand->sum_f64, 0.7, false, false},
                                {"dot product, f64", dot_text, hand->dot_f64, 0.6, false, true},
                                {"argmax, f64", argmax_text, hand->argmax_f64, 0.6, true, false}}};
  for (size_t i = 0; i < 3; i++) {
    run_one(b, &kinds[0], &all[0][i]);
    run_one(b, &kinds[1], &all[1][i]);
  }
  block_free(x);
  block_free(z);
  block_free(xd);
  block_free(zd);
}
