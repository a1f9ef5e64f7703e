/* series.c: a real series summed up in one pass. Weekly atmospheric CO2 at Mauna Loa, 1958-2001, goes once through a
 * graph with ten sinks: count, sum and sum of squares (so mean and variance), the extremes and where they are, and a
 * histogram. Weeks without a measurement are NaN in the stream: they count nowhere, and no argmin or argmax picks them.
 *
 *     build/examples/series [examples/data/co2.csv]
 */
#include "example.h"

#include <math.h>
#include <string.h>

enum { MAX_ROWS = 4096, N_BINS = 16 };
#define BIN_LOW 310.0
#define BIN_WIDTH 4.0

typedef struct series {
  size_t n;
  char date[MAX_ROWS][12];
  double value[MAX_ROWS];
} series;

/* What the graph finds, in the order of its operands after the input and the shift. */
typedef struct findings {
  uint64_t count;
  double sum, squares; /* of value - shift */
  uint64_t least_at, greatest_at;
  double least, greatest;
  uint32_t bins[N_BINS];
} findings;

static int read_series(const char *path, series *s)
{
  char line[128];
  FILE *file = fopen(path, "r");
  if (file == NULL || fgets(line, sizeof line, file) == NULL) {
    fprintf(stderr, "series: cannot read %s\n", path);
    return 0;
  }
  for (s->n = 0; s->n < MAX_ROWS && fgets(line, sizeof line, file) != NULL; s->n++) {
    char *comma = strchr(line, ',');
    size_t n_date = comma == NULL ? 0 : (size_t)(comma - line);
    if (n_date == 0 || n_date >= sizeof s->date[0]) {
      fprintf(stderr, "series: %s: row %zu is not date,value\n", path, s->n + 2);
      fclose(file);
      return 0;
    }
    memcpy(s->date[s->n], line, n_date);
    s->date[s->n][n_date] = '\0';
    char *end;
    double value = strtod(comma + 1, &end);
    s->value[s->n] = end == comma + 1 ? (double)NAN : value;
  }
  fclose(file);
  return 1;
}

/* The slot of a value's bin: convert truncates towards zero, and combine leaves out what lies outside the table. */
static tg_value bin_of(tg_graph *g, tg_value x)
{
  tg_value low = tg_const_f64(g, BIN_LOW), width = tg_const_f64(g, BIN_WIDTH);
  tg_value scaled = tg_round(g, TG_ROUND_DOWN, tg_div(g, tg_sub(g, x, low), width));
  tg_value missing = tg_ne(g, x, x);
  return tg_select(g, missing, tg_const_i64(g, TG_I64, -1), tg_convert(g, TG_I64, scaled));
}

static tg_kernel *build(tg_context *context)
{
  tg_graph *g;
  must(tg_graph_create(context, "series", &g), NULL);
  tg_value x = tg_load(g, tg_declare(g, TG_INPUT, "x", TG_MODE_F64));
  tg_value shift = tg_param(g, tg_declare(g, TG_PARAM, "shift", TG_MODE_F64));
  tg_value present = tg_eq(g, x, x), zero = tg_const_f64(g, 0);
  tg_value d = tg_select(g, present, tg_sub(g, x, shift), zero);
  tg_value week = tg_iota(g, tg_const_i64(g, TG_U64, 0), tg_const_i64(g, TG_U64, 1));
  tg_sum(g, tg_declare(g, TG_RESULT, "count", TG_MODE_U64), present);
  tg_sum(g, tg_declare(g, TG_RESULT, "sum", TG_MODE_F64), d);
  tg_sum(g, tg_declare(g, TG_RESULT, "squares", TG_MODE_F64), tg_mul(g, d, d));
  tg_argmin(g, tg_declare(g, TG_RESULT, "least_at", TG_MODE_U64), week, x);
  tg_argmax(g, tg_declare(g, TG_RESULT, "greatest_at", TG_MODE_U64), week, x);
  tg_argmin(g, tg_declare(g, TG_RESULT, "least", TG_MODE_F64), x, x);
  tg_argmax(g, tg_declare(g, TG_RESULT, "greatest", TG_MODE_F64), x, x);
  tg_combine(g, tg_declare(g, TG_ACCUMULATOR, "bins", TG_MODE_U32), TG_FOLD_ADD, bin_of(g, x),
             tg_const_i64(g, TG_U32, 1));
  return compile(context, g);
}

static tg_binding one(void *p, size_t bytes)
{
  return (tg_binding){p, NULL, bytes, 0, 0};
}

static void find(const tg_kernel *kernel, series *s, double shift, findings *f)
{
  memset(f, 0, sizeof *f);
  tg_binding bindings[] = {
      {s->value, NULL, s->n * sizeof(double), 0, sizeof(double)},
      one(&shift, sizeof shift),
      one(&f->count, 8),
      one(&f->sum, 8),
      one(&f->squares, 8),
      one(&f->least_at, 8),
      one(&f->greatest_at, 8),
      one(&f->least, 8),
      one(&f->greatest, 8),
      {f->bins, NULL, sizeof f->bins, 0, sizeof f->bins[0]},
  };
  run(kernel, s->n, bindings, sizeof bindings / sizeof *bindings);
}

static void bar(double length)
{
  for (double i = 0; i < length; i++) {
    fputs("\xE2\x96\x88", stdout); /* a full block */
  }
}

static void print_histogram(const findings *f)
{
  uint32_t most = 1;
  for (int i = 0; i < N_BINS; i++) {
    most = f->bins[i] > most ? f->bins[i] : most;
  }
  for (int i = 0; i < N_BINS; i++) {
    printf("  %3.0f ppm %4u ", BIN_LOW + BIN_WIDTH * i, f->bins[i]);
    bar(50.0 * f->bins[i] / most);
    printf("\n");
  }
}

/* The mean of each fourth year: the same kernel again, on a part of the memory. */
static void print_years(const tg_kernel *kernel, series *s, double shift)
{
  for (size_t start = 0; start < s->n;) {
    size_t end = start;
    while (end < s->n && strncmp(s->date[end], s->date[start], 4) == 0) {
      end++;
    }
    findings f;
    memset(&f, 0, sizeof f);
    tg_binding none = one(NULL, 0);
    tg_binding bindings[] = {{s->value, NULL, end * 8, start * 8, 8},
                             one(&shift, 8),
                             one(&f.count, 8),
                             one(&f.sum, 8),
                             none,
                             none,
                             none,
                             none,
                             none,
                             {f.bins, NULL, sizeof f.bins, 0, 4}};
    run(kernel, end - start, bindings, sizeof bindings / sizeof *bindings);
    if (strtol(s->date[start], NULL, 10) / 10000 % 4 == 1) {
      double mean = shift + f.sum / (double)f.count;
      printf("  %.4s  %6.2f ppm ", s->date[start], mean);
      bar((mean - 310) * 0.8);
      printf("\n");
    }
    start = end;
  }
}

int main(int argc, char **argv)
{
  static series s;
  findings f;
  tg_context *context;
  if (!read_series(argc > 1 ? argv[1] : "examples/data/co2.csv", &s)) {
    return 1;
  }
  must(tg_context_create(NULL, &context), NULL);
  tg_kernel *kernel = build(context);
  double shift = s.value[0]; /* near the mean: squares of small differences lose nothing */
  find(kernel, &s, shift, &f);
  double n = (double)f.count, mean = shift + f.sum / n, variance = (f.squares - f.sum * f.sum / n) / (n - 1);
  printf("Atmospheric CO2 at Mauna Loa, %zu weeks, one pass over the data\n\n", s.n);
  printf("  measured in    %llu weeks, missing in %llu\n", (unsigned long long)f.count,
         (unsigned long long)(s.n - f.count));
  printf("  mean           %.4f ppm\n  deviation      %.4f ppm\n", mean, sqrt(variance));
  printf("  least          %.1f ppm in the week of %s\n", f.least, s.date[f.least_at]);
  printf("  greatest       %.1f ppm in the week of %s\n\n", f.greatest, s.date[f.greatest_at]);
  print_histogram(&f);
  printf("\n  mean of every fourth year\n");
  print_years(kernel, &s, shift);
  tg_kernel_destroy(kernel);
  tg_context_destroy(context);
  return 0;
}
