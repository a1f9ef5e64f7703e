/* targets.c: the ratios wanted of the back-end `llvm`. Sections say what is wanted of `vec`; where that is less, this
 * is the table of what machine code shall reach. */
#include "bench.h"

#include <string.h>

typedef struct wanted {
  const char *section, *workload, *peer; /* workload NULL: all; peer NULL: the value itself, at most */
  uint64_t size;                         /* 0: all */
  double target;
} wanted;

static const wanted all[] = {
    {"axpb", NULL, "clang -O3", 1000, 0.6},
    {"axpb", NULL, "clang -O3", 100000, 1},
    {"axpb", NULL, "hand AVX2", 100000000, 0.95}, /* it streams */
    {"expr", NULL, "clang no-errno", 0, 1},
    {"reduce", "sum, f32", "hand AVX2", 0, 0.93},
    {"reduce", "sum, f64", "hand AVX2", 0, 0.93},
    {"reduce", NULL, "hand AVX2", 0, 0.9},
    {"stats", NULL, "hand AVX2", 0, 1},
    {"mandelbrot", NULL, "hand AVX2", 0, 1},
    {"collatz", NULL, "hand AVX2", 0, 1},
    {"pack", NULL, "vec", 0, 1},
    {"matmul", NULL, "gcc -O3", 0, 1},
    {"matmul", NULL, "clang -O3", 0, 1},
    {"invoke", NULL, NULL, 16, 30},
    {"ready", "build and compile", NULL, 0, 4},
};
enum { N_WANTED = sizeof all / sizeof all[0] };

static bool is_about(const wanted *w, const record *f)
{
  bool is_peer = w->peer == NULL ? f->limits_value : f->peer != NULL && strcmp(w->peer, f->peer) == 0;
  return is_peer && strcmp(w->section, f->section) == 0 && (w->size == 0 || w->size == f->size) &&
         (w->workload == NULL || strcmp(w->workload, f->workload) == 0);
}

double target_of(const record *f, double of_vec)
{
  bool has_own = false;
  for (size_t i = 0; i < N_WANTED && strncmp(f->subject, "llvm", 4) == 0; i++) {
    if (is_about(&all[i], f)) {
      return all[i].target;
    }
    has_own = has_own || strcmp(all[i].section, f->section) == 0;
  }
  return has_own ? 0 : of_vec;
}
