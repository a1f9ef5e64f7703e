/* run_stream.c: the lanes of a run, window by window, so that memory does not grow with their number. Of each window
 * the inputs are read, the kernel runs as the next part of one run, and the outputs are written; tables, accumulators
 * and results stay in memory. No result depends on the windows. */
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A window takes part of the last cache, but has enough lanes for several threads. */
enum { WINDOW_BYTES = 1 << 25, WINDOW_LEAST = 16 * TG_BLOCK_LANES, WINDOW_MOST = 1024 * TG_BLOCK_LANES };

typedef struct windows {
  run *r;
  tg_binding *bindings;
  tg_run *parts;
  uint64_t first, n, most; /* lanes: where the window begins, how many it has, and how many it may have */
  uint64_t least, next;    /* how many it should have, for progress to be seen; at least one for each thread */
  double start, said;      /* when the first began, and when progress was last reported */
} windows;

/* ---- memory ---- */

static uint64_t choose_window(const run *r)
{
  uint64_t bytes = 1, asked = r->request.window;
  if (asked > 0) return (asked + TG_BLOCK_LANES - 1) / TG_BLOCK_LANES * TG_BLOCK_LANES;
  for (size_t k = 0; k < r->n_operands; k++) {
    const run_operand *o = &r->operands[k];
    if (o->is_streamed) bytes += tg_mode_bytes(o->info.mode) * o->width;
  }
  uint64_t window = WINDOW_BYTES / bytes / WINDOW_LEAST * WINDOW_LEAST;
  if (window > WINDOW_MOST) return WINDOW_MOST;
  return window < WINDOW_LEAST ? WINDOW_LEAST : window;
}

static tg_status make_lanes(const windows *w, run_operand *o, tg_error *error)
{
  const run *r = w->r;
  uint64_t n = o->is_streamed && w->most < r->n ? w->most : r->n;
  if (r->request.json && o->info.kind == TG_OUTPUT) {
    o->hash = column_hash_create();
    if (!o->hash) return TG_NOMEM;
  }
  return column_create(o->info.mode, (size_t)n * o->width, &o->column, error);
}

static tg_status make_memory(windows *w, tg_error *error)
{
  run *r = w->r;
  tg_status status = TG_OK;
  for (size_t k = 0; k < r->n_operands && status == TG_OK; k++) {
    run_operand *o = &r->operands[k];
    if (o->info.kind == TG_OUTPUT || o->is_streamed) status = make_lanes(w, o, error);
  }
  if (status != TG_OK) return status;
  w->bindings = calloc(r->n_operands + 1, sizeof *w->bindings);
  return w->bindings ? TG_OK : TG_NOMEM;
}

/* ---- one window ---- */

/* Where the operand's elements of this window are, and its binding. */
static void place(windows *w, size_t k)
{
  run_operand *o = &w->r->operands[k];
  size_t bytes = tg_mode_bytes(o->info.mode), lane = bytes * o->width;
  bool is_lanes = o->is_streamed || o->info.kind == TG_OUTPUT;
  o->window = o->column;
  if (is_lanes) o->window.n = (size_t)w->n * o->width;
  if (is_lanes && !o->is_streamed) o->window.data += (size_t)w->first * lane;
  w->bindings[k] = (tg_binding){
      .data = o->window.data, .bytes = o->window.n * bytes, .stride = o->is_broadcast ? 0 : (ptrdiff_t)lane};
}

/* Fills inputs, and clears outputs, so that lanes that trap leave zeros. */
static int fill(windows *w)
{
  for (size_t k = 0; k < w->r->n_operands; k++) {
    run_operand *o = &w->r->operands[k];
    tg_error error = {.code = TG_OK};
    if (!o->is_bound) continue;
    place(w, k);
    if (!o->is_streamed) continue;
    if (o->info.kind == TG_OUTPUT) {
      memset(o->window.data, 0, o->window.n * tg_mode_bytes(o->info.mode));
    } else if (column_next(&o->reader, o->window.n, o->window.data, &error) != TG_OK) {
      return run_read_error(o, &error);
    }
  }
  return STATUS_OK;
}

/* The first rows; of arrays, their first elements. */
static void keep_rows(run_operand *o)
{
  size_t bytes = tg_mode_bytes(o->info.mode), n = o->window.n / o->width, kept = run_elements(o) * bytes;
  for (size_t i = 0; i < RUN_ROWS && i < n; i++) {
    memcpy(o->rows + i * kept, o->window.data + i * o->width * bytes, kept);
  }
}

/* What is told of outputs: the first rows, and a checksum. */
static void keep(windows *w)
{
  for (size_t k = 0; k < w->r->n_operands; k++) {
    run_operand *o = &w->r->operands[k];
    if (o->info.kind != TG_OUTPUT) continue;
    if (w->first == 0) keep_rows(o);
    if (o->hash) column_hash_add(o->hash, &o->window);
  }
}

/* ---- all windows ---- */

/* At most five times a second: how far it is, how fast, and how long it will take. Short: the line must not wrap. */
static void report(windows *w)
{
  const run *r = w->r;
  char text[160], done[16], all[16], rate[16];
  const char *slash = strrchr(r->request.file, '/'), *file = slash ? slash + 1 : r->request.file;
  double now = run_now(), seconds = now - w->start;
  if (w->first > 0 && now - w->said < 0.2) return;
  w->said = now;
  if (w->first == 0 || r->n == w->first) {
    snprintf(text, sizeof text, "%.40s", file);
  } else {
    double per_second = (double)w->first / seconds;
    run_short(done, (double)w->first);
    run_short(all, (double)r->n);
    run_short(rate, per_second);
    snprintf(text, sizeof text, "%.40s: %s of %s %s, %.0f %%, %s/s, %.0f s left", file, done, all, run_lanes(r),
             100 * (double)w->first / (double)r->n, rate, (double)(r->n - w->first) / per_second);
  }
  run_progress(r, "running", text);
}

static int run_window(windows *w)
{
  run *r = w->r;
  double start = run_now();
  int status = fill(w);
  double filled = run_now();
  if (status == STATUS_OK) status = run_part(r, w->parts, w->bindings, w->n);
  double ran = run_now();
  if (status == STATUS_OK) keep(w);
  if (status == STATUS_OK) status = run_files_write(r);
  r->times.read += filled - start;
  r->times.run += ran - filled;
  r->times.write += run_now() - ran;
  return status;
}

/* A block for each thread: the first window, for nobody knows how long a lane takes. */
static uint64_t first_window(const run *r)
{
  uint64_t lanes = TG_BLOCK_LANES;
  while (lanes < WINDOW_LEAST && lanes / TG_BLOCK_LANES < tg_context_threads(r->context)) lanes *= 2;
  return lanes;
}

/* Windows that take about a quarter of a second. */
static void pace(windows *w, double seconds)
{
  uint64_t half = w->next / 2;
  if (seconds < 0.15) w->next *= 2;
  if (seconds > 0.4) w->next = half >= WINDOW_LEAST ? half / WINDOW_LEAST * WINDOW_LEAST : half;
  if (w->next < w->least) w->next = w->least;
  if (w->next > w->most) w->next = w->most;
}

/* Until windows begin at whole tiles (WINDOW_LEAST), each is as long as all before it, so that they soon do. */
static uint64_t window_lanes(const windows *w)
{
  uint64_t left = w->r->n - w->first, n = w->next, aligned = w->first & (~w->first + 1);
  if (w->r->request.window == 0 && w->first % WINDOW_LEAST != 0 && n > aligned) n = aligned;
  return left < n ? left : n;
}

/* At least one window, though it be empty: results are made even of no lanes. */
static int run_windows(windows *w)
{
  int status = STATUS_OK;
  w->start = run_now();
  w->least = first_window(w->r);
  w->next = w->most < w->least ? w->most : w->least;
  do {
    double begun = run_now();
    w->n = window_lanes(w);
    report(w);
    status = run_window(w);
    pace(w, run_now() - begun);
    w->first += w->n;
  } while (status == STATUS_OK && w->first < w->r->n && !interrupt_pending());
  return status;
}

/* What was not run is no part of any output; but what stands beside accumulators in a file is as long as they. */
static void count_done(const windows *w)
{
  run *r = w->r;
  r->n_done = w->first;
  for (size_t k = 0; k < r->n_operands; k++) {
    run_operand *o = &r->operands[k];
    if (o->info.kind == TG_OUTPUT) o->n = (size_t)r->n_done * o->width;
  }
}

int run_stream(run *r)
{
  tg_error error = {.code = TG_OK};
  windows w = {.r = r, .most = choose_window(r)};
  error.code = make_memory(&w, &error);
  int status = error.code == TG_OK ? run_begin(r, &w.parts) : print_error(NULL, &error);
  interrupts_defer(r->request.quiet);
  if (status == STATUS_OK) status = run_windows(&w);
  count_done(&w);
  if (status == STATUS_OK) status = run_end(r);
  tg_run_destroy(w.parts);
  free(w.bindings);
  return status;
}
