/* axpb_bench.c: section `axpb`: m * x + b in f32: calls at 10^3 elements, caches at 10^5, memory at 10^8. */
#include "bench.h"

static const char text[] = "graph axpb {\n"
                           "  param m f32\n"
                           "  param b f32\n"
                           "  input x f32\n"
                           "  output y f32\n"
                           "  %m = param m\n"
                           "  %b = param b\n"
                           "  %x = load x\n"
                           "  %t = mul %m, %x\n"
                           "  %y = add %t, %b\n"
                           "  store y %y\n"
                           "}\n";

/* The least ratios wanted at one size. */
typedef struct targets {
  double clang, streaming, orc, numexpr;
} targets;

static void run_size(bench *b, size_t n, const targets *wanted)
{
  static const float m = 1.5f, offset = 0.25f;
  float *x = random_f32(n, 0), *y = block_new(n * sizeof *y);
  program p = {text, n, 4, {{"m", &m, 1}, {"b", &offset, 1}, {"x", x, n}, {"y", y, n}}, 4};
  peer_args args = {{x}, {y}, {(double)m, (double)offset}, n};
  contest c = {.section = "axpb",
               .workload = "m * x + b, f32",
               .unit = "ns/el",
               .size = n,
               .per = (double)n,
               .out = y,
               .out_bytes = n * sizeof *y};
  const peer_set *gcc = peers_find(PEERS_GCC), *clang = peers_find(PEERS_CLANG), *orc = peers_find(PEERS_ORC);
  const peer_set *hand = peers_find(PEERS_AVX2);
  contest_add_subjects(b, &c, &p);
  contest_add_peer(&c, gcc, gcc->axpb, &args, 0);
  contest_add_peer(&c, clang, clang->axpb, &args, wanted->clang);
  contest_add_peer(&c, hand, hand->axpb, &args, wanted->streaming);
  contest_add_peer(&c, orc, orc->axpb, &args, wanted->orc);
  contest_add_python(b, &c, "axpb", "numpy", 0);
  contest_add_python(b, &c, "axpb", "numexpr", wanted->numexpr);
  contest_run(b, &c);
  block_free(x);
  block_free(y);
}

void bench_axpb(bench *b)
{
  run_size(b, 1000, &(targets){.clang = 0.3});
  run_size(b, 100000, &(targets){.clang = 0.5, .orc = 1, .numexpr = 8});
  run_size(b, choose_size(b, 100000000, 10000000), &(targets){.streaming = 0.9, .orc = 1});
}
