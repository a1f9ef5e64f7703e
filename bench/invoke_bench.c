/* invoke_bench.c: what one invocation costs beside the work of its lanes, and what a compilation costs.
 *
 * The work of a lane is the slope between 1 and 1000 lanes: the time of an invocation, less n times that, is what
 * calling costs, whatever the back-end. The target is 100 ns. The peer is a C function, called through a pointer so
 * that it is not inlined, which does the same arithmetic on the same memory. */
#include "bench.h"

enum { MAX_LANES = 1000, TARGET_NS = 100, N_OPERATIONS = 20 };

/* ---- graphs ---- */

static tg_graph *new_graph(tg_context *context)
{
  tg_graph *g;
  demand(tg_graph_create(context, "bench", &g) == TG_OK, "no graph");
  return g;
}

static tg_kernel *compile(tg_context *context, tg_graph *g)
{
  tg_kernel *kernel;
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  options.backend = "ref";
  demand(tg_compile(context, g, &options, &kernel, NULL) == TG_OK, "the graph does not compile");
  tg_graph_destroy(g);
  return kernel;
}

/* y = m x + b of three operands besides the result: a param and two inputs. */
static tg_graph *build_axpy(tg_context *context)
{
  tg_graph *g = new_graph(context);
  tg_value m = tg_param(g, tg_declare(g, TG_PARAM, "m", TG_MODE_F32));
  tg_value x = tg_load(g, tg_declare(g, TG_INPUT, "x", TG_MODE_F32));
  tg_value b = tg_load(g, tg_declare(g, TG_INPUT, "b", TG_MODE_F32));
  tg_store(g, tg_declare(g, TG_OUTPUT, "y", TG_MODE_F32), tg_add(g, tg_mul(g, m, x), b));
  return g;
}

/* Twenty operations, no two of which can be one. */
static tg_graph *build_twenty(tg_context *context)
{
  tg_graph *g = new_graph(context);
  tg_value x = tg_load(g, tg_declare(g, TG_INPUT, "x", TG_MODE_F32)), y = x;
  for (int i = 0; i < N_OPERATIONS / 2; i++) {
    y = tg_add(g, tg_mul(g, y, x), y);
  }
  tg_store(g, tg_declare(g, TG_OUTPUT, "y", TG_MODE_F32), y);
  return g;
}

/* ---- invocations ---- */

typedef struct call {
  const tg_kernel *kernel;
  tg_invocation invocation;
} call;

static void invoke(void *self, size_t times)
{
  const call *c = self;
  for (size_t i = 0; i < times; i++) {
    demand(tg_invoke(c->kernel, &c->invocation, NULL) == TG_OK, "an invocation failed");
  }
}

static call make_call(const tg_kernel *kernel, uint64_t n, const tg_binding *bindings, size_t n_bindings)
{
  tg_invocation init = TG_INVOCATION_INIT;
  call c = {kernel, init};
  c.invocation.n = n;
  c.invocation.bindings = bindings;
  c.invocation.n_bindings = n_bindings;
  return c;
}

/* ---- the peer ---- */

typedef struct arrays {
  float m, x[MAX_LANES], b[MAX_LANES], y[MAX_LANES];
} arrays;

typedef void (*axpy_fn)(const arrays *a, float *y, size_t n);

static void axpy(const arrays *a, float *y, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    y[i] = a->m * a->x[i] + a->b[i];
  }
}

typedef struct plain_call {
  axpy_fn volatile function;
  arrays *memory;
  size_t n;
} plain_call;

static void call_plain(void *self, size_t times)
{
  const plain_call *c = self;
  for (size_t i = 0; i < times; i++) {
    c->function(c->memory, c->memory->y, c->n);
  }
}

/* ---- the section ---- */

static void add_call_cost(report *r, uint64_t n, double total, double per_lane)
{
  report_add(r, &(record){.section = "invoke",
                          .workload = "m * x + b, beyond the work",
                          .subject = "ref",
                          .peer = "",
                          .unit = "ns",
                          .size = n,
                          .value = total - (double)n * per_lane,
                          .target = TARGET_NS});
}

static void add_total(report *r, const char *workload, uint64_t n, double value, double peer_value)
{
  report_add(r, &(record){.section = "invoke",
                          .workload = workload,
                          .subject = "ref",
                          .peer = peer_value > 0 ? "C call" : "",
                          .unit = "ns",
                          .size = n,
                          .value = value,
                          .peer_value = peer_value});
}

/* m * x + b at 1, 16 and 1000 lanes, against the C function. */
static void time_axpy(report *r, tg_context *context)
{
  static arrays memory;
  static const uint64_t lengths[3] = {1, 16, MAX_LANES};
  tg_kernel *kernel = compile(context, build_axpy(context));
  tg_binding bindings[4] = {{.data = &memory.m, .bytes = sizeof memory.m},
                            {.data = memory.x, .bytes = sizeof memory.x, .stride = sizeof(float)},
                            {.data = memory.b, .bytes = sizeof memory.b, .stride = sizeof(float)},
                            {.data = memory.y, .bytes = sizeof memory.y, .stride = sizeof(float)}};
  call calls[3];
  plain_call plain[3];
  timed contestants[6];
  double medians[6];
  memory.m = 1.5f;
  for (size_t i = 0; i < 3; i++) {
    calls[i] = make_call(kernel, lengths[i], bindings, 4);
    plain[i] = (plain_call){axpy, &memory, (size_t)lengths[i]};
    contestants[2 * i] = (timed){invoke, &calls[i]};
    contestants[2 * i + 1] = (timed){call_plain, &plain[i]};
  }
  time_in_turns(contestants, 6, medians);
  double per_lane = (medians[4] - medians[0]) / (MAX_LANES - 1);
  for (size_t i = 0; i < 3; i++) {
    add_total(r, "m * x + b, all of it", lengths[i], medians[2 * i], medians[2 * i + 1]);
  }
  add_total(r, "m * x + b, work of a lane", 1, per_lane, (medians[5] - medians[1]) / (MAX_LANES - 1));
  add_call_cost(r, 1, medians[0], per_lane);
  add_call_cost(r, 16, medians[2], per_lane);
  tg_kernel_destroy(kernel);
}

/* The kernel of a graph without nodes. */
static void time_nothing(report *r, tg_context *context)
{
  tg_kernel *kernel = compile(context, new_graph(context));
  call c = make_call(kernel, 1, NULL, 0);
  timed contestant = {invoke, &c};
  double median;
  time_in_turns(&contestant, 1, &median);
  report_add(r, &(record){.section = "invoke",
                          .workload = "a graph without nodes",
                          .subject = "ref",
                          .peer = "",
                          .unit = "ns",
                          .size = 1,
                          .value = median,
                          .target = TARGET_NS});
  tg_kernel_destroy(kernel);
}

/* ---- compiling ---- */

typedef struct compilation {
  tg_context *context;
  tg_graph *graph;
  int force_passes;
} compilation;

static void compile_again(void *self, size_t times)
{
  const compilation *c = self;
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  options.backend = "ref";
  options.force_passes = c->force_passes;
  for (size_t i = 0; i < times; i++) {
    tg_kernel *kernel;
    demand(tg_compile(c->context, c->graph, &options, &kernel, NULL) == TG_OK, "the graph does not compile");
    tg_kernel_destroy(kernel);
  }
}

static void build_again(void *self, size_t times)
{
  const compilation *c = self;
  for (size_t i = 0; i < times; i++) {
    tg_graph_destroy(build_twenty(c->context));
  }
}

static void time_compilation(report *r, tg_context *context)
{
  tg_graph *g = build_twenty(context);
  compilation as_built = {context, g, 0}, with_passes = {context, g, 1};
  timed contestants[3] = {{build_again, &as_built}, {compile_again, &as_built}, {compile_again, &with_passes}};
  double medians[3];
  time_in_turns(contestants, 3, medians);
  add_total(r, "build a graph of 20 operations", N_OPERATIONS, medians[0], 0);
  add_total(r, "compile it as built", N_OPERATIONS, medians[1], 0);
  add_total(r, "compile it with every pass", N_OPERATIONS, medians[2], 0);
  tg_graph_destroy(g);
}

void bench_invoke(report *r)
{
  tg_context *context;
  demand(tg_context_create(NULL, &context) == TG_OK, "no context");
  time_axpy(r, context);
  time_nothing(r, context);
  time_compilation(r, context);
  tg_context_destroy(context);
}
