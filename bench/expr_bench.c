/* expr_bench.c: section `expr`: sqrt(x x + z z) / 2 + (x - z) / (1 + |x|) in f64, fused. */
#include "bench.h"

static const char text[] = "graph expr {\n"
                           "  input x f64\n"
                           "  input z f64\n"
                           "  output y f64\n" EXPRESSION_TEXT "  store y %y\n"
                           "}\n";

void bench_expr(bench *b)
{
  size_t n = 100000;
  double *x = random_f64(n, 0, 4, -2), *z = random_f64(n, 1, 4, -2), *y = block_new(n * sizeof *y);
  program p = {text, n, 16, {{"x", x, n}, {"z", z, n}, {"y", y, n}}, 3};
  peer_args args = {{x, z}, {y}, {0, 0}, n};
  contest c = {.section = "expr",
               .workload = "root and quotient, f64",
               .unit = "ns/el",
               .size = n,
               .per = (double)n,
               .out = y,
               .out_bytes = n * sizeof *y};
  const peer_set *gcc = peers_find(PEERS_GCC), *clang = peers_find(PEERS_CLANG_FAST), *orc = peers_find(PEERS_ORC);
  contest_add_subjects(b, &c, &p);
  contest_add_peer(&c, gcc, gcc->expr, &args, 0);
  contest_add_peer(&c, clang, clang->expr, &args, 0.6);
  contest_add_peer(&c, orc, orc->expr, &args, 0);
  contest_add_python(b, &c, "expr", "numpy", 0);
  contest_add_python(b, &c, "expr", "numexpr", 5);
  contest_run(b, &c);
  block_free(x);
  block_free(z);
  block_free(y);
}
