/* matmul_bench.c: section `matmul`: C = A B in f32 by n * n invocations of one graph, row += m * x in place, as a
 * program would that has no other kernel. The peer is the same loops in C. */
#include "bench.h"

#include <string.h>

static const char text[] = "graph axpy {\n"
                           "  param m f32\n"
                           "  input x f32\n"
                           "  input row f32\n"
                           "  output sum f32\n"
                           "  %m = param m\n"
                           "  %x = load x\n"
                           "  %row = load row\n"
                           "  %p = mul %m, %x\n"
                           "  %sum = add %row, %p\n"
                           "  store sum %sum\n"
                           "}\n";
enum { M, X, ROW, SUM }; /* the operands in order */

typedef struct product {
  size_t n;
  float *a, *b, *c;
  subject subject;
} product;

static void multiply(product *p)
{
  tg_binding *at = p->subject.bindings;
  memset(p->c, 0, p->n * p->n * sizeof *p->c);
  for (size_t i = 0; i < p->n; i++) {
    at[ROW].data = at[SUM].data = p->c + i * p->n;
    for (size_t k = 0; k < p->n; k++) {
      at[M].data = p->a + i * p->n + k;
      at[X].data = p->b + k * p->n;
      subject_invoke(&p->subject);
    }
  }
}

static void multiply_times(void *self, size_t times)
{
  for (size_t i = 0; i < times; i++) {
    multiply(self);
  }
}

static void run_size(bench *b, size_t n)
{
  product products[MAX_SUBJECTS];
  size_t n_products = 0, bytes = n * n * sizeof(float);
  float *x = random_f32(n * n, 0), *z = random_f32(n * n, 1), *out = block_new(bytes);
  program p = {text, n, 4, {{"m", x, 1}, {"x", z, n}, {"row", out, n}, {"sum", out, n}}, 4};
  program whole = {text, n * n * n, 4, {{NULL, NULL, 0}}, 0}; /* the work of all invocations */
  peer_args args = {{x, z}, {out}, {0, 0}, n};
  contest c = {.section = "matmul",
               .workload = "n * n invocations, f32",
               .unit = "ms",
               .size = n,
               .per = 1e6,
               .out = out,
               .out_bytes = bytes};
  const peer_set *gcc = peers_find(PEERS_GCC), *clang = peers_find(PEERS_CLANG);
  const char *backend;
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL && n_products < MAX_SUBJECTS; i++) {
    if (subject_may(backend, &whole)) {
      product *one = &products[n_products++];
      *one = (product){.n = n, .a = x, .b = z, .c = out};
      subject_open(&one->subject, b->context, backend, &p);
      contest_add(&c, &(entrant){.name = backend, .timed = {.work = multiply_times, .self = one}, .is_subject = true});
    }
  }
  contest_add_peer(&c, gcc, gcc->matmul, &args, 0.6);
  contest_add_peer(&c, clang, clang->matmul, &args, 0.6);
  contest_run(b, &c);
  for (size_t i = 0; i < n_products; i++) {
    subject_close(&products[i].subject);
  }
  block_free(x);
  block_free(z);
  block_free(out);
}

void bench_matmul(bench *b)
{
  run_size(b, choose_size(b, 512, 128));
  run_size(b, choose_size(b, 1024, 256));
}
