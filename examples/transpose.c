/* transpose.c: moving and converting data by load and store alone. One graph of two nodes transposes a matrix, because
 * the caller's strides say where elements lie; another turns big-endian doubles, as network formats have them, into
 * half-precision floats.
 *
 *     build/examples/transpose
 */
#include "example.h"

#include <math.h>
#include <string.h>

static tg_kernel *build_copy(tg_context *context, tg_mode from, tg_mode to)
{
  tg_graph *g;
  must(tg_graph_create(context, "copy", &g), NULL);
  tg_value x = tg_load(g, tg_declare(g, TG_INPUT, "x", from));
  if (tg_mode_type(from) != tg_mode_type(to)) {
    x = tg_convert(g, tg_mode_type(to), x);
  }
  tg_store(g, tg_declare(g, TG_OUTPUT, "y", to), x);
  return compile(context, g);
}

/* One invocation for each row: a row is read with a stride of one element and written with a stride of one column. */
static int transpose(tg_context *context)
{
  enum { ROWS = 3, COLUMNS = 5 };
  uint16_t in[ROWS][COLUMNS], out[COLUMNS][ROWS];
  tg_kernel *copy = build_copy(context, TG_MODE_U16, TG_MODE_U16);
  int n_wrong = 0;
  for (int i = 0; i < ROWS * COLUMNS; i++) {
    in[i / COLUMNS][i % COLUMNS] = (uint16_t)(100 * (i / COLUMNS) + i % COLUMNS);
  }
  for (size_t row = 0; row < ROWS; row++) {
    tg_binding x = {in, NULL, sizeof in, row * sizeof in[0], sizeof in[0][0]};
    tg_binding y = {out, NULL, sizeof out, row * sizeof out[0][0], sizeof out[0]};
    run(copy, COLUMNS, (tg_binding[]){x, y}, 2);
  }
  printf("transposed:\n");
  for (size_t c = 0; c < COLUMNS; c++) {
    for (size_t r = 0; r < ROWS; r++) {
      printf(" %03d", out[c][r]);
      n_wrong += out[c][r] != in[r][c];
    }
    printf("\n");
  }
  tg_kernel_destroy(copy);
  return n_wrong;
}

static void put_big_endian(double value, unsigned char *p)
{
  uint64_t bits = tg_bits_f64(value);
  for (int i = 7; i >= 0; i--, bits >>= 8) {
    p[i] = (unsigned char)bits;
  }
}

/* f64be to f16, and back to f32 to look at it. */
static int convert(tg_context *context)
{
  static const double values[] = {1.0, -0.1, 65504.0, 1e6, 6.0e-8, (double)NAN};
  static const uint16_t expected[] = {0x3C00, 0xAE66, 0x7BFF, 0x7C00, 0x0001, 0x7E00}; /* IEEE 754 binary16 */
  enum { N = sizeof values / sizeof *values };
  unsigned char network[N * 8];
  uint16_t half[N];
  float back[N];
  int n_wrong = 0;
  for (size_t i = 0; i < N; i++) {
    put_big_endian(values[i], network + 8 * i);
  }
  tg_kernel *narrow = build_copy(context, TG_MODE_F64BE, TG_MODE_F16);
  tg_kernel *widen = build_copy(context, TG_MODE_F16, TG_MODE_F32);
  tg_binding x = {network, NULL, sizeof network, 0, 8}, h = {half, NULL, sizeof half, 0, 2};
  tg_binding y = {back, NULL, sizeof back, 0, 4};
  run(narrow, N, (tg_binding[]){x, h}, 2);
  run(widen, N, (tg_binding[]){h, y}, 2);
  printf("big-endian f64 -> f16 -> f32:\n");
  for (size_t i = 0; i < N; i++) {
    printf("  %-10g 0x%04X  %g\n", values[i], half[i], (double)back[i]);
    n_wrong += half[i] != expected[i];
  }
  tg_kernel_destroy(narrow);
  tg_kernel_destroy(widen);
  return n_wrong;
}

int main(void)
{
  tg_context *context;
  must(tg_context_create(NULL, &context), NULL);
  int n_wrong = transpose(context) + convert(context);
  tg_context_destroy(context);
  return n_wrong > 0;
}
