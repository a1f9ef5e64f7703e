/* limits.c: measuring; see limits.h. The least of several times counts: what else runs on the machine only adds to it.
 *
 * Memory is moved by the C library's memchr, memcpy and memset, which have the widest vectors of the processor without
 * code of ours for each. The engine is measured by itself: two graphs of additions, one longer than the other, so that
 * what both have falls away. */
#include "runtime/limits.h"

#include "base/machine.h"
#include "base/text.h"

#include <string.h>

enum { LEAST_BYTES = 16384, MOST_BYTES = 1 << 26, BYTES_A_TIMING = 1 << 18, LEAST_TIMINGS = 3, MOST_TIMINGS = 40 };
enum { TIMINGS_NS = 1500000 }; /* no more timings of one thing after this */

/* A few timings, and more as long as there is time. */
static bool goes_on(unsigned n_timings, uint64_t start)
{
  return n_timings < LEAST_TIMINGS || (n_timings < MOST_TIMINGS && machine_now_ns() - start < TIMINGS_NS);
}

static uint64_t least_of(uint64_t least, uint64_t ns)
{
  return least == 0 || ns < least ? ns + (ns == 0) : least;
}

/* ---- memory ---- */

typedef enum move { MOVE_WRITE, MOVE_READ, MOVE_COPY } move;

/* Each thread has a part of the memory and takes its own time, so that waiting for a thread to begin does not count. */
typedef struct stream_job {
  unsigned char *data;
  uint64_t *least; /* of each thread, in ns; 0: none yet */
  size_t part;     /* bytes of each thread, a multiple of 128 */
  size_t times;
  move move;
} stream_job;

/* Called through volatile pointers, or a compiler could see that much of it need not be done. */
static void move_part(void *arg, size_t index)
{
  void *(*volatile copy)(void *, const void *, size_t) = memcpy;
  void *(*volatile fill)(void *, int, size_t) = memset;
  const stream_job *job = arg;
  unsigned char *mine = job->data + index * job->part;
  uint64_t start = machine_now_ns();
  for (size_t i = 0; i < job->times; i++) {
    switch (job->move) {
    case MOVE_WRITE: fill(mine, 0, job->part); break;
    case MOVE_COPY: copy(mine, mine + job->part / 2, job->part / 2); break;
    case MOVE_READ:
      if (memchr(mine, 1, job->part) != NULL) { /* never: all is zero */
        mine[0] = 0;
      }
      break;
    }
  }
  job->least[index] = least_of(job->least[index], machine_now_ns() - start);
}

/* GB/s of all threads. */
static double time_moves(const tg_threads *threads, unsigned n_threads, stream_job *job, move what)
{
  double rate = 0;
  uint64_t start = machine_now_ns();
  job->move = what;
  memset(job->least, 0, n_threads * sizeof *job->least);
  for (unsigned i = 0; goes_on(i, start); i++) {
    if (n_threads == 1) {
      move_part(job, 0);
    } else {
      threads->parallel_for(threads->self, n_threads, move_part, job);
    }
  }
  for (unsigned i = 0; i < n_threads; i++) {
    rate += (double)job->part * (double)job->times / (double)job->least[i];
  }
  return rate;
}

static bool open_job(stream_job *job, const tg_allocator *a, unsigned n_threads, uint64_t bytes)
{
  uint64_t total = bytes < LEAST_BYTES ? LEAST_BYTES : bytes > MOST_BYTES ? MOST_BYTES : bytes;
  *job = (stream_job){.part = (size_t)total / n_threads / 128 * 128 + 128};
  job->times = (BYTES_A_TIMING + job->part - 1) / job->part;
  job->data = alloc_zeroed(a, n_threads, job->part);
  job->least = alloc_zeroed(a, n_threads, sizeof *job->least);
  return job->data != NULL && job->least != NULL;
}

static void close_job(stream_job *job, const tg_allocator *a, unsigned n_threads)
{
  alloc_free(a, job->data, n_threads, job->part);
  alloc_free(a, job->least, n_threads, sizeof *job->least);
}

static stream_limits measure_streams(const tg_threads *threads, unsigned n_threads, stream_job *job)
{
  stream_limits limits = {.bytes = job->part * n_threads, .n_threads = n_threads};
  limits.write = time_moves(threads, n_threads, job, MOVE_WRITE); /* first: it has the memory mapped */
  limits.read = time_moves(threads, n_threads, job, MOVE_READ);
  limits.copy = time_moves(threads, n_threads, job, MOVE_COPY);
  return limits;
}

/* ---- the engine ---- */

enum { CHAIN_SHORT = 8, CHAIN_LONG = 24, CHAIN_LANES = TG_BLOCK_LANES };
const tg_type limit_types[LIMIT_TYPES] = {TG_I32, TG_I64, TG_F32, TG_F64};
enum { LIMIT_F32 = 2 };

/* n additions in a row. Each sum is used twice, so that no engine can join two of them. */
static tg_status compile_chain(const tg_kernel *like, tg_type type, unsigned n, tg_kernel **out, tg_error *error)
{
  text t = {.allocator = like->context->allocator};
  const char *name = type_table[type].name;
  text_format(&t, "graph probe { input x %s output y %s %%a0 = load x ", name, name);
  for (unsigned i = 0; i < n; i++) {
    text_format(&t, "%%a%u = add %%a%u, %%a%u ", i + 1, i, i == 0 ? 0 : i - 1);
  }
  text_format(&t, "store y %%a%u }", n);
  char *source;
  size_t n_source;
  tg_graph *g = NULL;
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  options.backend = like->backend->name;
  options.passes = 0;
  *out = NULL;
  tg_status status = text_take(&t, &source, &n_source);
  if (status != TG_OK) {
    return error_set(error, status, "no memory for measuring");
  }
  status = graph_parse(like->context, source, n_source, &g, error);
  if (status == TG_OK) {
    status = tg_compile(like->context, g, &options, out, error);
  }
  tg_graph_destroy(g);
  alloc_free(&like->context->allocator, source, n_source + 1, 1);
  return status;
}

enum { CALLS_A_TIMING = 8, N_CHAINS = 2 * LIMIT_TYPES };

/* A short and a long chain of each type, and memory for CHAIN_LANES elements of 8 bytes, twice. */
typedef struct engine_probe {
  tg_kernel *chains[N_CHAINS];
  tg_workspace *workspaces[N_CHAINS];
  unsigned char *data;
} engine_probe;

static tg_status open_probe(engine_probe *p, const tg_kernel *like)
{
  *p = (engine_probe){.data = alloc_zeroed(&like->context->allocator, CHAIN_LANES, 16)};
  tg_status status = p->data == NULL ? TG_NOMEM : TG_OK;
  for (size_t k = 0; k < N_CHAINS && status == TG_OK; k++) {
    status = compile_chain(like, limit_types[k / 2], k % 2 == 0 ? CHAIN_SHORT : CHAIN_LONG, &p->chains[k], NULL);
    if (status == TG_OK) {
      status = tg_workspace_create(like->context, p->chains[k]->layout.most, &p->workspaces[k]);
    }
  }
  return status;
}

static void close_probe(engine_probe *p, const tg_allocator *a)
{
  for (size_t k = 0; k < N_CHAINS; k++) {
    tg_workspace_destroy(p->workspaces[k]);
    tg_kernel_destroy(p->chains[k]);
  }
  alloc_free(a, p->data, CHAIN_LANES, 16);
}

/* How long an invocation of a chain takes, in ns. */
static tg_status time_chain(const engine_probe *p, size_t chain, uint64_t lanes, double *ns)
{
  ptrdiff_t bytes = (ptrdiff_t)type_table[limit_types[chain / 2]].bytes;
  size_t room = (size_t)CHAIN_LANES * 8;
  tg_binding bindings[2] = {{.data = p->data, .bytes = room, .stride = bytes},
                            {.data = p->data + room, .bytes = room, .stride = bytes}};
  tg_invocation call = TG_INVOCATION_INIT;
  call.n = lanes;
  call.bindings = bindings;
  call.n_bindings = 2;
  call.workspace = p->workspaces[chain];
  uint64_t start = machine_now_ns(), least = 0;
  for (unsigned i = 0; goes_on(i, start); i++) {
    uint64_t before = machine_now_ns();
    for (int k = 0; k < CALLS_A_TIMING; k++) {
      TG_TRY(tg_invoke(p->chains[chain], &call, NULL));
    }
    least = least_of(least, machine_now_ns() - before);
  }
  *ns = (double)least / CALLS_A_TIMING;
  return TG_OK;
}

static tg_status measure_engine(const engine_probe *p, cost_speed speed, engine_limits *out)
{
  TG_TRY(time_chain(p, 2 * LIMIT_F32, 1, &out->call));
  out->slowness = 0;
  for (size_t k = 0; k < LIMIT_TYPES; k++) {
    double less, more, told = (double)cost_at_speed(speed, cost_addition_ps(limit_types[k]), 1);
    TG_TRY(time_chain(p, 2 * k, CHAIN_LANES, &less));
    TG_TRY(time_chain(p, 2 * k + 1, CHAIN_LANES, &more));
    double ns = (more - less) / ((CHAIN_LONG - CHAIN_SHORT) * (double)CHAIN_LANES);
    out->add[k] = ns > 1e-4 ? ns : 1e-4; /* a clock that is too coarse */
    out->slowness += out->add[k] * 1000 / (told > 1 ? told : 1) / LIMIT_TYPES;
  }
  return TG_OK;
}

/* ---- both ---- */

/* All memory is had before anything is measured. */
tg_status limits_measure(const tg_kernel *kernel, unsigned n_threads, uint64_t bytes, stream_limits *streams,
                         engine_limits *speed)
{
  const tg_context *context = kernel->context;
  stream_job job;
  engine_probe probe;
  bool has_room = open_job(&job, &context->allocator, n_threads, bytes);
  tg_status status = open_probe(&probe, kernel);
  status = has_room ? status : TG_NOMEM;
  if (status == TG_OK) {
    *streams = measure_streams(&context->threads, n_threads, &job);
    status = measure_engine(&probe, kernel->backend->speed, speed);
  }
  close_probe(&probe, &context->allocator);
  close_job(&job, &context->allocator, n_threads);
  return status;
}
