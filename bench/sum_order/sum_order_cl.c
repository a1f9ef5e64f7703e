/* What the canonical order of float sums costs in OpenCL: one group per block and one work-item per column, with the
 * tree over blocks in a second kernel, against strided work-items with a reduction in local memory; and both again in
 * the form that suits a CPU. Canonical sums are checked bit for bit against the reference.
 * Exit status 1 if one differs.
 * Usage: sum_order_cl sum_order.cl [largest n] */
#define CL_TARGET_OPENCL_VERSION 120
#include "sum_order.h"

#include <CL/cl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAN = 32, N_MAX = 100000000 };

typedef enum method { COLUMNS, WIDE_COLUMNS, STRIDED, WIDE_PARTS } method;

typedef struct variant {
  const char *name;
  method how;
  size_t lanes; /* of a block (canonical), of a group's chunk (strided); 0: the values in `items` equal parts */
  size_t items; /* of a group */
} variant;

static const variant variants[] = {
    {"canonical, block 4096", COLUMNS, 4096, 0},
    {"canonical, block 8192", COLUMNS, 8192, 0},
    {"free, 64 items, chunk 4096", STRIDED, 4096, 64},
    {"free, 64 items, chunk 8192", STRIDED, 8192, 64},
    {"free, 256 items, chunk 8192", STRIDED, 8192, 256},
    {"free, 256 items, chunk 65536", STRIDED, 65536, 256},
    {"canonical wide, block 4096", WIDE_COLUMNS, 4096, 0},
    {"canonical wide, block 8192", WIDE_COLUMNS, 8192, 0},
    {"free wide, 2 parts", WIDE_PARTS, 0, 2},
    {"free wide, 16 parts", WIDE_PARTS, 0, 16},
};
enum { N_VARIANTS = sizeof variants / sizeof variants[0], N_NARROW = 6 };

typedef struct device {
  cl_context context;
  cl_device_id id;
  cl_command_queue queue;
  cl_kernel columns, wide_columns, tree, wide_tree, strided, wide_parts;
  cl_mem x, part[2];
  size_t cols, size;
  cl_int error; /* the first one sticks */
} device;

static void note(device *d, cl_int error)
{
  if (d->error == CL_SUCCESS) d->error = error;
}

static void launch(device *d, cl_kernel k, size_t groups, size_t items)
{
  size_t global = groups * items;
  note(d, clEnqueueNDRangeKernel(d->queue, k, 1, NULL, &global, &items, 0, NULL, NULL));
}

static void set(device *d, cl_kernel k, cl_uint i, size_t size, const void *value)
{
  note(d, clSetKernelArg(k, i, size, value));
}

/* One launch of `tree` or `wide_tree`: from one buffer of m blocks' columns to the other. */
static void launch_tree(device *d, cl_kernel k, size_t from, cl_ulong m)
{
  cl_ulong next = (m + FAN - 1) / FAN;
  cl_uint is_last = next == 1;
  set(d, k, 0, sizeof(cl_mem), &d->part[from]);
  set(d, k, 1, sizeof m, &m);
  set(d, k, 2, sizeof(cl_mem), &d->part[1 - from]);
  if (k == d->tree) set(d, k, 3, sizeof is_last, &is_last);
  launch(d, k, next, k == d->tree ? d->cols : d->cols / 16);
}

/* Returns which of the two buffers holds the sum. The last launch combines the columns, so `tree` ends both forms. */
static size_t run_tree(device *d, cl_ulong m, bool is_wide)
{
  size_t from = 0;
  for (; m > (is_wide ? 1 : FAN); from = 1 - from, m = (m + FAN - 1) / FAN)
    launch_tree(d, is_wide ? d->wide_tree : d->tree, from, m);
  launch_tree(d, d->tree, from, m);
  return 1 - from;
}

static size_t run_canonical(device *d, const variant *v, cl_ulong n)
{
  cl_ulong block = v->lanes, n_blocks = (n + block - 1) / block;
  bool is_wide = v->how == WIDE_COLUMNS;
  cl_kernel k = is_wide ? d->wide_columns : d->columns;
  set(d, k, 0, sizeof(cl_mem), &d->x);
  set(d, k, 1, sizeof n, &n);
  set(d, k, 2, sizeof block, &block);
  set(d, k, 3, sizeof(cl_mem), &d->part[0]);
  if (is_wide)
    launch(d, k, (n_blocks + 15) / 16, 16);
  else
    launch(d, k, n_blocks, d->cols);
  return run_tree(d, n_blocks, is_wide);
}

static void run_strided(device *d, cl_mem x, cl_mem out, cl_ulong n, const size_t shape[2])
{
  cl_ulong chunk = shape[0];
  set(d, d->strided, 0, sizeof(cl_mem), &x);
  set(d, d->strided, 1, sizeof n, &n);
  set(d, d->strided, 2, sizeof chunk, &chunk);
  set(d, d->strided, 3, shape[1] * d->size, NULL);
  set(d, d->strided, 4, sizeof(cl_mem), &out);
  launch(d, d->strided, (n - 1) / chunk + 1, shape[1]);
}

static size_t run_free(device *d, const variant *v, cl_ulong n)
{
  const size_t first[] = {v->lanes, v->items}, last[] = {SIZE_MAX, 64};
  cl_ulong n_sums = v->items;
  if (v->how == STRIDED) {
    n_sums = (n + v->lanes - 1) / v->lanes;
    run_strided(d, d->x, d->part[0], n, first);
  } else {
    set(d, d->wide_parts, 0, sizeof(cl_mem), &d->x);
    set(d, d->wide_parts, 1, sizeof n, &n);
    set(d, d->wide_parts, 2, sizeof(cl_mem), &d->part[0]);
    launch(d, d->wide_parts, v->items, 1);
  }
  run_strided(d, d->part[0], d->part[1], n_sums, last);
  return 1;
}

static bool is_canonical(const variant *v)
{
  return v->how == COLUMNS || v->how == WIDE_COLUMNS;
}

static double run_variant(device *d, const variant *v, size_t n)
{
  double sum = 0;
  float narrow = 0;
  size_t at = is_canonical(v) ? run_canonical(d, v, n) : run_free(d, v, n);
  void *to = d->size == 4 ? (void *)&narrow : (void *)&sum;
  note(d, clEnqueueReadBuffer(d->queue, d->part[at], CL_TRUE, 0, d->size, to, 0, NULL, NULL));
  return d->size == 4 ? (double)narrow : sum;
}

static bool check(device *d, const sum_type *t, void *x)
{
  static const size_t lengths[] = {1, 63, 64, 4095, 4096, 4097, 8192, 12289, 16385, 131072, 139300, 1000003, 9999999};
  size_t n_lengths = sizeof lengths / sizeof lengths[0], n_bad = 0;
  t->fill_hard(x, N_MAX / 10, 1);
  for (size_t k = 0; k < n_lengths; k++)
    for (size_t v = 0; v < N_VARIANTS; v++) {
      if (!is_canonical(&variants[v])) continue;
      double sum = run_variant(d, &variants[v], lengths[k]), want = t->reference(x, lengths[k], variants[v].lanes);
      if (memcmp(&sum, &want, sizeof sum) == 0) continue;
      printf("  WRONG: %s %s, n = %zu: %a, not %a\n", t->name, variants[v].name, lengths[k], sum, want);
      n_bad++;
    }
  printf("%s: %zu canonical sums differ from the reference, at %zu lengths\n", t->name, n_bad, n_lengths);
  return n_bad == 0;
}

static double least(const double *row)
{
  double min = row[0];
  for (size_t r = 1; r < SUM_ROUNDS; r++) min = row[r] < min ? row[r] : min;
  return min;
}

/* Ratios are to the fastest free order of the same form. */
static void print_form(double times[][SUM_ROUNDS], size_t from, size_t to, double bytes)
{
  size_t base = to - 1;
  for (size_t v = from; v < to; v++)
    if (!is_canonical(&variants[v]) && least(times[v]) < least(times[base])) base = v;
  for (size_t v = from; v < to; v++) sum_print_row(variants[v].name, times[v], times[base], bytes);
}

static void measure(device *d, const sum_type *t, size_t n)
{
  static double times[N_VARIANTS][SUM_ROUNDS];
  size_t repeats = n < 10000000 ? 5000000 / n : 1;
  for (size_t r = 0; r <= SUM_ROUNDS; r++) {
    size_t order[SUM_MAX];
    sum_shuffle(order, N_VARIANTS, r);
    for (size_t i = 0; i < N_VARIANTS; i++) {
      double start = sum_clock();
      for (size_t k = 0; k < repeats; k++) (void)run_variant(d, &variants[order[i]], n);
      /* round 0 warms up and is overwritten */
      times[order[i]][r == 0 ? 0 : r - 1] = (sum_clock() - start) / (double)repeats;
    }
  }
  printf("%s, n = %zu\n  %-35s %10s %10s %8s %8s\n", t->name, n, "", "min us", "median us", "GB/s", "ratio");
  print_form(times, 0, N_NARROW, (double)(n * t->size));
  print_form(times, N_NARROW, N_VARIANTS, (double)(n * t->size));
}

static cl_kernel get_kernel(device *d, cl_program p, const char *name)
{
  cl_int error;
  cl_kernel k = clCreateKernel(p, name, &error);
  note(d, error);
  return k;
}

static void build(device *d, const char *source, const sum_type *t)
{
  char options[64], log[4096] = "";
  cl_int error;
  snprintf(options, sizeof options, "-DREAL=%s -DCOLS=%zu -DFAN=%d", t->size == 4 ? "float" : "double", d->cols, FAN);
  cl_program p = clCreateProgramWithSource(d->context, 1, &source, NULL, &error);
  note(d, error);
  error = clBuildProgram(p, 1, &d->id, options, NULL, NULL);
  if (error != CL_SUCCESS) clGetProgramBuildInfo(p, d->id, CL_PROGRAM_BUILD_LOG, sizeof log - 1, log, NULL);
  if (error != CL_SUCCESS) printf("sum_order.cl does not build:\n%s\n", log);
  note(d, error);
  d->columns = get_kernel(d, p, "columns");
  d->wide_columns = get_kernel(d, p, "wide_columns");
  d->tree = get_kernel(d, p, "tree");
  d->wide_tree = get_kernel(d, p, "wide_tree");
  d->strided = get_kernel(d, p, "strided");
  d->wide_parts = get_kernel(d, p, "wide_parts");
  clReleaseProgram(p);
}

static cl_mem buffer(device *d, cl_mem_flags flags, size_t size, void *host)
{
  cl_int error;
  cl_mem m = clCreateBuffer(d->context, flags, size, host, &error);
  note(d, error);
  return m;
}

static void drop(device *d)
{
  cl_kernel kernels[] = {d->columns, d->wide_columns, d->tree, d->wide_tree, d->strided, d->wide_parts};
  cl_mem buffers[] = {d->x, d->part[0], d->part[1]};
  for (size_t k = 0; k < 6; k++)
    if (kernels[k] != NULL) clReleaseKernel(kernels[k]);
  for (size_t k = 0; k < 3; k++)
    if (buffers[k] != NULL) clReleaseMemObject(buffers[k]);
}

static bool run_type(device *d, const sum_type *t, const char *source, size_t n_max)
{
  size_t size = N_MAX * t->size, part = (N_MAX / 4096 + 1) * 256;
  void *x = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
  if (x == NULL) return false;
  d->size = t->size;
  d->cols = 256 / t->size;
  build(d, source, t);
  d->x = buffer(d, CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, size, x);
  d->part[0] = buffer(d, CL_MEM_READ_WRITE, part, NULL);
  d->part[1] = buffer(d, CL_MEM_READ_WRITE, part, NULL);
  bool ok = d->error == CL_SUCCESS && check(d, t, x);
  t->fill(x, N_MAX, 2);
  for (size_t n = 100000; ok && n <= n_max; n *= n == 100000 ? 100 : 10) measure(d, t, n);
  if (d->error != CL_SUCCESS) printf("%s: OpenCL error %d\n", t->name, (int)d->error);
  drop(d);
  free(x);
  return ok && d->error == CL_SUCCESS;
}

static bool open_device(device *d)
{
  cl_platform_id platform;
  char name[256] = "", version[256] = "";
  if (clGetPlatformIDs(1, &platform, NULL) != CL_SUCCESS) return false;
  if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_CPU, 1, &d->id, NULL) != CL_SUCCESS) return false;
  clGetDeviceInfo(d->id, CL_DEVICE_NAME, sizeof name - 1, name, NULL);
  clGetPlatformInfo(platform, CL_PLATFORM_VERSION, sizeof version - 1, version, NULL);
  printf("device: %s\nplatform: %s\n", name, version);
  d->context = clCreateContext(NULL, 1, &d->id, NULL, NULL, &d->error);
  if (d->error != CL_SUCCESS) return false;
  d->queue = clCreateCommandQueue(d->context, d->id, 0, &d->error);
  return d->error == CL_SUCCESS;
}

int main(int argc, char **argv)
{
  static char source[16384];
  device d = {0};
  size_t n_max = argc > 2 ? (size_t)strtoull(argv[2], NULL, 10) : N_MAX;
  FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
  if (f == NULL) {
    printf("usage: sum_order_cl sum_order.cl [largest n]\n");
    return 1;
  }
  size_t n_read = fread(source, 1, sizeof source - 1, f);
  fclose(f);
  source[n_read] = 0;
  if (!open_device(&d)) {
    printf("no OpenCL device of type CPU\n");
    return 1;
  }
  bool ok = run_type(&d, &sum_type_f32, source, n_max);
  ok = run_type(&d, &sum_type_f64, source, n_max) && ok;
  clReleaseCommandQueue(d.queue);
  clReleaseContext(d.context);
  return ok ? 0 : 1;
}
