/* matmul.c: C = A B by two small graphs, invoked in all six orders of the three loops.
 *
 * With j innermost a row of C gets a multiple of a row of B (axpy, stride of one element); with i innermost a column of
 * C a multiple of a column of A (the same kernel, stride of one row); with k innermost one element of C is a dot
 * product of a row and a column (dot). The graphs know nothing of matrices: the loops give them addresses and strides.
 * Integers agree in all six orders; f32 agrees to the bit within each kind, because each kind adds in one order.
 *
 *     build/examples/matmul [size, 96 if not given]
 */
#include "example.h"

#include <string.h>

/* One matrix multiplication: element type, the kernels and the matrices. */
typedef struct job {
  size_t n, element; /* rows and columns; bytes of an element */
  tg_kernel *axpy;   /* y = a * x + y: operands a, x, y (input), z (output, in place of y) */
  tg_kernel *dot;    /* s = sum of x * y: operands x, y, s */
  unsigned char *a, *b, *c;
} job;

static tg_kernel *build_axpy(tg_context *context, tg_mode mode)
{
  tg_graph *g;
  must(tg_graph_create(context, "axpy", &g), NULL);
  tg_value a = tg_param(g, tg_declare(g, TG_PARAM, "a", mode));
  tg_value x = tg_load(g, tg_declare(g, TG_INPUT, "x", mode));
  tg_value y = tg_load(g, tg_declare(g, TG_INPUT, "y", mode));
  tg_store(g, tg_declare(g, TG_OUTPUT, "z", mode), tg_add(g, tg_mul(g, a, x), y));
  return compile(context, g);
}

static tg_kernel *build_dot(tg_context *context, tg_mode mode)
{
  tg_graph *g;
  must(tg_graph_create(context, "dot", &g), NULL);
  tg_value x = tg_load(g, tg_declare(g, TG_INPUT, "x", mode));
  tg_value y = tg_load(g, tg_declare(g, TG_INPUT, "y", mode));
  tg_sum(g, tg_declare(g, TG_RESULT, "s", mode), tg_mul(g, x, y));
  return compile(context, g);
}

static tg_binding at(const job *m, unsigned char *matrix, size_t row, size_t column, size_t stride)
{
  size_t bytes = m->n * m->n * m->element;
  return (tg_binding){matrix, NULL, bytes, (row * m->n + column) * m->element, (ptrdiff_t)(stride * m->element)};
}

/* Row i of C += A[i][k] * row k of B. */
static void axpy_row(const job *m, size_t i, size_t k)
{
  tg_binding c = at(m, m->c, i, 0, 1);
  run(m->axpy, m->n, (tg_binding[]){at(m, m->a, i, k, 0), at(m, m->b, k, 0, 1), c, c}, 4);
}

/* Column j of C += B[k][j] * column k of A. */
static void axpy_column(const job *m, size_t j, size_t k)
{
  tg_binding c = at(m, m->c, 0, j, m->n);
  run(m->axpy, m->n, (tg_binding[]){at(m, m->b, k, j, 0), at(m, m->a, 0, k, m->n), c, c}, 4);
}

/* C[i][j] = row i of A times column j of B. */
static void dot(const job *m, size_t i, size_t j)
{
  run(m->dot, m->n, (tg_binding[]){at(m, m->a, i, 0, 1), at(m, m->b, 0, j, m->n), at(m, m->c, i, j, 0)}, 3);
}

/* The two outer loops of an order, and what stands inside them. */
static const struct order {
  const char *name, *kernel;
  char outer;
  void (*inner)(const job *m, size_t first, size_t second);
  int outer_is_first;
} orders[] = {
    {"ikj", "axpy by rows", 'i', axpy_row, 1},
    {"kij", "axpy by rows", 'k', axpy_row, 0},
    {"jki", "axpy by columns", 'j', axpy_column, 1},
    {"kji", "axpy by columns", 'k', axpy_column, 0},
    {"ijk", "dot", 'i', dot, 1},
    {"jik", "dot", 'j', dot, 0},
};
enum { N_ORDERS = sizeof orders / sizeof *orders, N_AXPY = 4 };

static void multiply(const job *m, const struct order *order)
{
  memset(m->c, 0, m->n * m->n * m->element);
  for (size_t outer = 0; outer < m->n; outer++) {
    for (size_t inner = 0; inner < m->n; inner++) {
      order->inner(m, order->outer_is_first ? outer : inner, order->outer_is_first ? inner : outer);
    }
  }
}

static void fill(const job *m, int is_float)
{
  uint32_t x = 1;
  for (size_t i = 0; i < 2 * m->n * m->n; i++) {
    unsigned char *p = (i % 2 == 0 ? m->a : m->b) + i / 2 * m->element;
    x = x * 1664525u + 1013904223u; /* Numerical Recipes' generator */
    float f = (float)(x >> 8) * 0x1p-24f - 0.5f;
    int64_t k = (int64_t)(x >> 16) - 32768;
    memcpy(p, is_float ? (const void *)&f : (const void *)&k, m->element);
  }
}

/* Multiplies in all orders; each must give the bytes of the first order of its group. Returns how many did not. */
static int all_orders(const job *m, int is_float, const char *type)
{
  size_t bytes = m->n * m->n * m->element;
  unsigned char *first = malloc(bytes);
  int n_wrong = 0;
  for (int k = 0; first != NULL && k < N_ORDERS; k++) {
    double start = seconds();
    multiply(m, &orders[k]);
    double ns = (seconds() - start) * 1e9 / (double)(m->n * m->n * m->n);
    if (k == 0 || (is_float && k == N_AXPY)) {
      memcpy(first, m->c, bytes);
    }
    int agrees = memcmp(first, m->c, bytes) == 0;
    n_wrong += !agrees;
    printf("  %-4s %s   %-16s %8.2f ns per product   %s\n", type, orders[k].name, orders[k].kernel, ns,
           agrees ? "same bits" : "DIFFERENT");
  }
  free(first);
  return first == NULL ? 1 : n_wrong;
}

static int one_type(tg_context *context, size_t n, tg_mode mode)
{
  job m = {n, tg_mode_bytes(mode), build_axpy(context, mode), build_dot(context, mode), NULL, NULL, NULL};
  size_t bytes = n * n * m.element;
  m.a = malloc(bytes);
  m.b = malloc(bytes);
  m.c = malloc(bytes);
  int n_wrong = 1;
  if (m.a != NULL && m.b != NULL && m.c != NULL) {
    fill(&m, mode == TG_MODE_F32);
    n_wrong = all_orders(&m, mode == TG_MODE_F32, tg_mode_name(mode));
  }
  free(m.a);
  free(m.b);
  free(m.c);
  tg_kernel_destroy(m.axpy);
  tg_kernel_destroy(m.dot);
  return n_wrong;
}

int main(int argc, char **argv)
{
  long n = argc > 1 ? strtol(argv[1], NULL, 10) : 96;
  tg_context *context;
  if (n < 1 || n > 4096) {
    fprintf(stderr, "matmul: the size must be 1 to 4096\n");
    return 2;
  }
  must(tg_context_create(NULL, &context), NULL);
  printf("matrix multiply, %ld x %ld, in six loop orders by two graphs\n", n, n);
  int n_wrong = one_type(context, (size_t)n, TG_MODE_I64) + one_type(context, (size_t)n, TG_MODE_F32);
  tg_context_destroy(context);
  return n_wrong > 0;
}
