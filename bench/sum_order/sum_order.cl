/* Sums of n values in OpenCL: the canonical order and a free one. Built with -DREAL=float -DCOLS=64 or -DREAL=double
 * -DCOLS=32, and -DFAN, the number of blocks that one group of `tree` combines (a power of two).
 * `columns` and `wide_columns` differ only in who holds a column: a work-item each (GPUs), or one for all (CPUs). */
#if COLS == 32
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif
#pragma OPENCL FP_CONTRACT OFF

#define JOIN(a, b) a##b
#define VECTOR(type) JOIN(type, 16)
typedef VECTOR(REAL) REAL16;

/* Work-group b, work-item c: column c of block b. The trip count is uniform, so that a CPU can run rows in vectors. */
kernel void columns(global const REAL *x, ulong n, ulong block, global REAL *part)
{
  ulong b = get_group_id(0), c = get_local_id(0), first = b * block;
  ulong n_left = min(block, n - first), n_rows = n_left / COLS;
  REAL sum = 0;
  for (ulong r = 0; r < n_rows; r++) sum += x[first + r * COLS + c];
  if (n_rows * COLS + c < n_left) sum += x[first + n_rows * COLS + c];
  part[b * COLS + c] = sum;
}

/* Work-item b: all columns of block b. Work-items beyond the last block do nothing. */
kernel void wide_columns(global const REAL *x, ulong n, ulong block, global REAL *part)
{
  ulong b = get_global_id(0), first = b * block;
  if (first >= n) return;
  ulong n_left = min(block, n - first), n_rows = n_left / COLS;
  REAL16 sum[COLS / 16];
  for (uint k = 0; k < COLS / 16; k++) sum[k] = 0;
  for (ulong r = 0; r < n_rows; r++)
    for (uint k = 0; k < COLS / 16; k++) sum[k] += vload16(0, x + first + r * COLS + k * 16);
  for (uint k = 0; k < COLS / 16; k++) vstore16(sum[k], 0, part + b * COLS + k * 16);
  for (ulong i = n_rows * COLS; i < n_left; i++) part[b * COLS + i % COLS] += x[first + i];
}

/* Group g, work-item c: log2(FAN) levels of the tree over column c of the m elements of `in`; an absent one is +0.
 * The last launch, of one group, also combines the columns by halving, and its out[0] is the sum. */
kernel void tree(global const REAL *in, ulong m, global REAL *out, uint is_last)
{
  local REAL column[COLS];
  ulong g = get_group_id(0), c = get_local_id(0);
  REAL v[FAN];
#pragma unroll
  for (uint j = 0; j < FAN; j++) v[j] = g * FAN + j < m ? in[(g * FAN + j) * COLS + c] : (REAL)0;
#pragma unroll
  for (uint w = FAN / 2; w > 0; w /= 2)
#pragma unroll
    for (uint j = 0; j < w; j++) v[j] = v[2 * j] + v[2 * j + 1];
  if (!is_last) out[g * COLS + c] = v[0];
  if (!is_last) return;
  column[c] = v[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint h = COLS / 2; h > 0; h /= 2) {
    if (c < h) column[c] += column[c + h];
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  if (c == 0) out[0] = column[0];
}

/* Work-item i: log2(FAN) levels of the tree over 16 columns. */
kernel void wide_tree(global const REAL *in, ulong m, global REAL *out)
{
  ulong g = get_global_id(0) / (COLS / 16), c = get_global_id(0) % (COLS / 16) * 16;
  REAL16 v[FAN];
#pragma unroll
  for (uint j = 0; j < FAN; j++)
    if (g * FAN + j < m) v[j] = vload16(0, in + (g * FAN + j) * COLS + c);
    else v[j] = 0;
#pragma unroll
  for (uint w = FAN / 2; w > 0; w /= 2)
#pragma unroll
    for (uint j = 0; j < w; j++) v[j] = v[2 * j] + v[2 * j + 1];
  vstore16(v[0], 0, out + g * COLS + c);
}

/* Free order: the work-items of a group stride over its chunk of the values and combine in local memory. One chunk a
 * group; run again, as one group over one chunk, it combines the groups' sums. */
kernel void strided(global const REAL *x, ulong n, ulong chunk, local REAL *sums, global REAL *out)
{
  ulong c = get_local_id(0), step = get_local_size(0), first = get_group_id(0) * chunk;
  ulong n_left = min(chunk, n - first), n_rows = n_left / step;
  REAL sum = 0;
  for (ulong r = 0; r < n_rows; r++) sum += x[first + r * step + c];
  if (n_rows * step + c < n_left) sum += x[first + n_rows * step + c];
  sums[c] = sum;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint h = get_local_size(0) / 2; h > 0; h /= 2) {
    if (c < h) sums[c] += sums[c + h];
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  if (c == 0) out[get_group_id(0)] = sums[0];
}

/* Free order for CPUs: a work-item sums one contiguous part with vectors. */
kernel void wide_parts(global const REAL *x, ulong n, global REAL *out)
{
  ulong g = get_global_id(0), part = (n / get_global_size(0)) & ~63ul, first = g * part;
  ulong end = g + 1 == get_global_size(0) ? n : first + part, i = first;
  REAL16 sum[4];
  for (uint k = 0; k < 4; k++) sum[k] = 0;
  for (; i + 64 <= end; i += 64)
    for (uint k = 0; k < 4; k++) sum[k] += vload16(0, x + i + k * 16);
  sum[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  REAL s = 0, lane[16];
  vstore16(sum[0], 0, lane);
  for (uint k = 0; k < 16; k++) s += lane[k];
  for (; i < end; i++) s += x[i];
  out[g] = s;
}
