/* stats_bench.c: section `stats`: sum, least, greatest and where the greatest is, of the expression of section `expr`,
 * in one pass over its inputs. */
#include "bench.h"

#include <math.h>

static const char text[] = "graph stats {\n"
                           "  input x f64\n"
                           "  input z f64\n"
                           "  result sum f64\n"
                           "  result least f64\n"
                           "  result greatest f64\n"
                           "  result at f64\n"
                           "  %from = const f64 0.0\n"
                           "  %by = const f64 1.0\n"
                           "  %lane = iota %from, %by\n" EXPRESSION_TEXT "  sum sum %y\n"
                           "  argmin least %y, %y\n"
                           "  argmax greatest %y, %y\n"
                           "  argmax at %lane, %y\n"
                           "}\n";

/* The sums are in different orders, the rest is the same bits. */
static bool is_close(const void *expected, const void *got, size_t bytes)
{
  const double *a = expected, *b = got;
  (void)bytes;
  return is_close_f64(a, b, sizeof *a) && !(a[1] < b[1] || a[1] > b[1] || a[2] < b[2] || a[2] > b[2]) &&
         fabs(a[3] - b[3]) < 0.5;
}

void bench_stats(bench *b)
{
  size_t n = 100000;
  double *x = random_f64(n, 0, 4, -2), *z = random_f64(n, 1, 4, -2), *out = block_new(4 * sizeof *out);
  program p = {
      text,
      n,
      20,
      {{"x", x, n}, {"z", z, n}, {"sum", out, 1}, {"least", out + 1, 1}, {"greatest", out + 2, 1}, {"at", out + 3, 1}},
      6};
  peer_args args = {{x, z}, {out}, {0, 0}, n};
  contest c = {.section = "stats",
               .workload = "sum, min, max, argmax, f64",
               .unit = "ns/el",
               .size = n,
               .per = (double)n,
               .out = out,
               .out_bytes = 4 * sizeof *out,
               .is_close = is_close};
  const peer_set *gcc = peers_find(PEERS_GCC), *hand = peers_find(PEERS_AVX2);
  contest_add_subjects(b, &c, &p);
  contest_add_peer(&c, hand, hand->stats, &args, 0.6);
  contest_add_peer(&c, gcc, gcc->stats, &args, 2);
  contest_add_python(b, &c, "stats", "numpy", 0);
  contest_add_python(b, &c, "stats", "numexpr", 5);
  contest_add_python(b, &c, "stats", "numba", 0);
  contest_run(b, &c);
  block_free(x);
  block_free(z);
  block_free(out);
}
