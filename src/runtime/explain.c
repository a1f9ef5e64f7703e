/* explain.c: what was made of a kernel's graph, and what to expect of it, as records: passes, streams, operations,
 * sinks, threads, the machine, the roofline. The back-end adds its own. docs/explain.md says what they mean. */
#include "runtime/explain.h"
#include "base/fpenv.h"
#include "runtime/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAME_TEXT = 300, LIST_TEXT = 400, LISTED = 8 };

/* Appends to a text in a buffer as far as there is room. */
PRINTF_LIKE(2, 3) static void list_add(char list[LIST_TEXT], const char *format, ...)
{
  size_t n = strlen(list);
  va_list args;
  va_start(args, format);
  vsnprintf(list + n, LIST_TEXT - n, format, args);
  va_end(args);
}

/* ---- the kernel ---- */

/* Which engine it is, or when another one takes over. */
static void explain_engine(const tg_kernel *kernel, explainer *e)
{
  const engine_switch *s = kernel->later;
  if (s == NULL) {
    return;
  }
  unsigned us = (unsigned)(atomic_load(&s->spent_ps) / 1000000), enough = (unsigned)(s->worth_ps / 1000000);
  switch ((switch_state)atomic_load_explicit(&s->state, memory_order_acquire)) {
  case SWITCH_WAITS:
    explain_count(e, "kernel", "machine code", s->worth_ps / s->lane_ps, "lanes");
    explain_reason(
        e,
        "from so many on a thread makes it, which takes over between blocks: %u us of work pay for it by the "
        "table of costs, of which %u are done",
        enough, us);
    break;
  case SWITCH_MAKES: explain_add(e, "kernel", "machine code", "is being made", "it takes over between blocks"); break;
  case SWITCH_READY:
    explain_add(e, "kernel", "machine code", "runs", "");
    explain_reason(e, "made after about %u us of work by the table of costs", us);
    break;
  case SWITCH_OFF: explain_add(e, "kernel", "machine code", "none", s->error.message); break;
  }
}

static void explain_kernel(const tg_kernel *kernel, uint64_t n, explainer *e)
{
  const tg_graph *g = kernel->graph;
  explain_add(e, "kernel", "graph", graph_str(g, g->name), "");
  explain_add(e, "kernel", "back-end", kernel->backend->name, kernel->backend->doc);
  explain_engine(kernel, e);
  explain_count(e, "kernel", "nodes", g->nodes.n, "nodes");
  explain_reason(e, "%u as built; %u of them in the uniform block, markers counted", (unsigned)kernel->passes.n_built,
                 (unsigned)graph_main_start(g));
  explain_count(e, "kernel", "invocation", n, "lanes");
  explain_reason(e, "threads and times below are for so many");
}

/* ---- passes ---- */

/* Passes that have no record of their own, and why. */
typedef struct pass_list {
  char names[LIST_TEXT];
  unsigned n;
} pass_list;

static void list_pass(pass_list *list, const char *name)
{
  list_add(list->names, "%s%s", list->n > 0 ? ", " : "", name);
  list->n++;
}

static void explain_list(const char *key, const pass_list *list, explainer *e)
{
  if (list->n > 0) {
    explain_count(e, "passes", key, list->n, list->n == 1 ? "pass" : "passes");
    explain_reason(e, "%s", list->names);
  }
}

static void explain_passes(const tg_kernel *kernel, explainer *e)
{
  const pass_log *log = &kernel->passes;
  uint32_t before = log->n_built;
  pass_list same = {"", 0}, off = {"", 0};
  for (size_t k = 0; k < 64 && tg_pass_name(k) != NULL; k++) {
    if ((log->ran >> k & 1) == 0) {
      list_pass(&off, tg_pass_name(k));
    } else if ((log->changed >> k & 1) == 0) {
      list_pass(&same, tg_pass_name(k));
    } else {
      explain_count(e, "passes", tg_pass_name(k), log->n_nodes[k], "nodes");
      explain_reason(e, "%u before: %s", (unsigned)before, tg_pass_doc(k));
      before = log->n_nodes[k];
    }
  }
  explain_list("changed nothing", &same, e);
  explain_list("not run", &off, e);
}

/* ---- the uniform block ---- */

static void explain_uniform(const tg_kernel *kernel, explainer *e)
{
  const tg_graph *g = kernel->graph;
  uint32_t end = graph_main_start(g), n = 0;
  char list[LIST_TEXT] = "";
  for (uint32_t i = 0; i < end; i++) {
    const graph_node *node = &g->nodes.data[i];
    const char *name = node->n_results > 0 ? graph_str(g, g->values.data[node->first_result].name) : "";
    if (cost_operations(node) == 0 && node->op != TG_OP_LOOP) {
      continue;
    }
    if (n < LISTED) {
      list_add(list, "%s%s%s%.40s", n > 0 ? ", " : "", op_table[node->op].name, *name != '\0' ? " %" : "", name);
    }
    n++;
  }
  if (n > LISTED) {
    list_add(list, " and %u more", (unsigned)n - LISTED);
  }
  explain_count(e, "once per invocation", "hoisted", n, n == 1 ? "operation" : "operations");
  explain_reason(e, "%s", n == 0 ? "nothing but constants and parameters is the same in every lane" : list);
}

/* ---- streams ---- */

static void explain_stream(const tg_graph *g, uint32_t k, explainer *e)
{
  const graph_operand *o = &g->operands.data[k];
  const char *name = graph_str(g, o->name), *mode = mode_table[o->mode].name;
  cost_bytes bytes = cost_operand_bytes(g, k);
  if (o->kind == TG_INPUT && bytes.loaded == 0) {
    explain_add(e, "streams", name, "not loaded", "");
    explain_reason(e, "input %s: nothing needs it", mode);
  } else if (o->kind == TG_INPUT) {
    explain_count(e, "streams", name, bytes.loaded, bytes.loaded == 1 ? "byte loaded" : "bytes loaded");
    explain_reason(e, "input %s", mode);
  } else if (o->kind == TG_OUTPUT) {
    explain_count(e, "streams", name, bytes.stored, bytes.stored == 1 ? "byte stored" : "bytes stored");
    explain_reason(e, "output %s", mode);
  } else if (o->kind == TG_TABLE) {
    explain_add(e, "streams", name, "table", "");
    explain_reason(e, "elements of %s where an index says, 0 outside; taken to stay in a cache", mode);
  }
}

static void explain_streams(const tg_kernel *kernel, explainer *e)
{
  cost_bytes all = cost_lane_bytes(kernel->graph);
  for (uint32_t k = 0; k < kernel->graph->operands.n; k++) {
    explain_stream(kernel->graph, k, e);
  }
  explain_count(e, "streams", "each lane", all.loaded + all.stored, "bytes");
  explain_reason(e, "%u loaded, %u stored; what is used more than once is loaded once", (unsigned)all.loaded,
                 (unsigned)all.stored);
}

/* ---- operations ---- */

static void explain_part(const tg_kernel *kernel, uint32_t loop, const char *key, explainer *e)
{
  cost_part part;
  char list[LIST_TEXT] = "";
  cost_add_up(kernel->graph, loop, &part);
  for (size_t k = 0; k < COST_KIND_COUNT; k++) {
    if (part.operations[k] > 0) {
      list_add(list, "%s%u %s", *list != '\0' ? ", " : "", (unsigned)part.operations[k], cost_kind_names[k]);
    }
  }
  uint64_t ps = cost_at_speed(kernel->backend->speed, part.ps, part.total);
  explain_count(e, "operations", key, part.total, loop == COST_OUTSIDE ? "a lane" : "a round");
  explain_reason(e, "%s; about %llu.%03u ns by the table of costs%s", *list != '\0' ? list : "none",
                 (unsigned long long)(ps / 1000), (unsigned)(ps % 1000), part.depth > 1 ? ", in a loop in a loop" : "");
}

static void explain_operations(const tg_kernel *kernel, explainer *e)
{
  const tg_graph *g = kernel->graph;
  char key[NAME_TEXT];
  unsigned n = 0;
  explain_part(kernel, COST_OUTSIDE, "outside loops", e);
  for (uint32_t i = cost_next_loop(g, COST_OUTSIDE); i != COST_OUTSIDE; i = cost_next_loop(g, i)) {
    const graph_node *loop = &g->nodes.data[i];
    uint32_t name = loop->n_results > 0 ? g->values.data[loop->first_result].name : 0;
    n++;
    if (name != 0) {
      snprintf(key, sizeof key, "loop %%%s", graph_str(g, name));
    } else {
      snprintf(key, sizeof key, "loop %u", n);
    }
    explain_part(kernel, i, key, e);
  }
}

/* ---- sinks ---- */

static const char *how_combined(const tg_graph *g, const graph_node *node)
{
  tg_type type = (tg_type)mode_table[g->operands.data[node->operand].mode].type;
  switch ((int)node->op) {
  case TG_OP_SUM:
    return type == TG_F32   ? "64 columns in each block of 4096 lanes; blocks add up in a binary tree by their numbers"
           : type == TG_F64 ? "32 columns in each block of 4096 lanes; blocks add up in a binary tree by their numbers"
                            : "in any order, for 64-bit sums wrap: each thread has its own";
  case TG_OP_COMBINE:
    return "order-free: each thread but the first has a table of its own if they take 64 KiB at most, else one thread "
           "does it all";
  default: return "the best lane of each tile, then of all; of equals the lowest";
  }
}

static void explain_sinks(const tg_kernel *kernel, explainer *e)
{
  const tg_graph *g = kernel->graph;
  char value[NAME_TEXT];
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if ((op_table[node->op].flags & TG_SINKS) == 0 || node->op == TG_OP_STORE) {
      continue;
    }
    const graph_operand *o = &g->operands.data[node->operand];
    bool is_fold = node->op == TG_OP_COMBINE;
    snprintf(value, sizeof value, "%s%s%s of %s", op_table[node->op].name, is_fold ? " " : "",
             is_fold ? fold_names[node->detail] : "",
             type_table[g->values.data[node_args(g, node)[node->n_args - 1]].type].name);
    explain_add(e, "sinks", graph_str(g, o->name), value, how_combined(g, node));
  }
}

/* ---- threads ---- */

static void explain_threads(const tg_kernel *kernel, uint64_t n, explainer *e)
{
  unsigned most = kernel->context->threads.n_threads, used = plan_workers_for(kernel, n);
  uint64_t n_blocks = (n + TG_BLOCK_LANES - 1) / TG_BLOCK_LANES, us = n * kernel->lane_ps / 1000000;
  explain_count(e, "threads", "threads", used, used == 1 ? "thread" : "threads");
  explain_reason(e,
                 "of %u: a lane takes about %u.%03u ns by the table of costs, so there are %llu us of work; a thread "
                 "pays from %u us on and takes whole blocks of %d lanes",
                 most, (unsigned)(kernel->lane_ps / 1000), (unsigned)(kernel->lane_ps % 1000), (unsigned long long)us,
                 PLAN_THREAD_PS / 1000000u, TG_BLOCK_LANES);
  unsigned level = plan_tile_level(kernel, n_blocks, used);
  explain_count(e, "threads", "tile", (uint64_t)TG_BLOCK_LANES << level, "lanes");
  explain_reason(e, "%u block%s of %d lanes, %llu in all%s", 1u << level, level == 0 ? "" : "s", TG_BLOCK_LANES,
                 (unsigned long long)((n_blocks + (UINT64_C(1) << level) - 1) >> level),
                 used == 1 ? "" : "; a thread that is done takes the next");
  explain_count(e, "threads", "workspace", kernel->layout.most, "bytes");
  explain_reason(e, "for %u thread%s, %zu bytes for one; an invocation without has 64 KiB of stack", most,
                 most == 1 ? "" : "s", kernel->layout.least);
}

/* ---- the machine and the roofline ---- */

static void explain_machine(const tg_kernel *kernel, const expectation *x, explainer *e)
{
  static const char *const keys[LIMIT_TYPES] = {"add i32", "add i64", "add f32", "add f64"};
  explain_measure(e, "machine", "read", x->streams.read, "GB/s");
  explain_reason(e, "measured now, %u thread%s going over %llu KiB, as the invocation does", x->streams.n_threads,
                 x->streams.n_threads == 1 ? "" : "s", (unsigned long long)x->streams.bytes / 1024);
  explain_measure(e, "machine", "write", x->streams.write, "GB/s");
  explain_measure(e, "machine", "copy", x->streams.copy, "GB/s");
  explain_reason(e, "bytes read and bytes written");
  for (size_t k = 0; k < LIMIT_TYPES; k++) {
    explain_measure(e, "machine", keys[k], 1 / x->engine.add[k], "G/s");
    explain_reason(e, "%s", k > 0 ? "" : "additions of this back-end: one thread, data in the first cache");
  }
  explain_measure(e, "machine", "slowness", x->engine.slowness, "");
  explain_reason(e, "times here by times in the table of costs (docs/explain.md), for additions");
  explain_measure(e, "machine", "call", x->engine.call, "ns");
  explain_reason(e, "an invocation of one lane of %s", kernel->backend->name);
}

static void explain_roofline(const tg_kernel *kernel, uint64_t n, const expectation *x, explainer *e)
{
  const tg_estimate *t = &x->estimate;
  cost_bytes bytes = cost_lane_bytes(kernel->graph);
  double lanes = n > 0 ? (double)n : 1;
  bool is_memory = t->memory > t->compute;
  bool is_call = t->call > t->memory && t->call > t->compute;
  uint32_t loop = cost_next_loop(kernel->graph, COST_OUTSIDE);
  explain_measure(e, "roofline", "memory", t->memory * 1e9 / lanes, "ns a lane");
  explain_reason(e, "%u bytes loaded and %u stored, at what was measured", (unsigned)bytes.loaded,
                 (unsigned)bytes.stored);
  explain_measure(e, "roofline", "compute", t->compute * 1e9 / lanes, "ns a lane");
  explain_reason(e, "the table of costs at the slowness above, on %u thread%s%s", t->n_threads,
                 t->n_threads == 1 ? "" : "s", loop == COST_OUTSIDE ? "" : "; each loop taken to go round 8 times");
  explain_add(e, "roofline", "bound by",
              is_call     ? "the call"
              : is_memory ? "memory"
                          : "compute",
              is_call ? "so few lanes that calling takes longest" : "");
  explain_measure(e, "roofline", "expected", t->total * 1e9 / lanes, "ns a lane");
  explain_reason(e, "the longer of the two, and the call");
  explain_measure(e, "roofline", "rate", t->total > 0 ? (double)n / t->total * 1e-6 : 0, "million lanes/s");
  explain_measure(e, "roofline", "time", t->total * 1e6, "us");
}

static tg_status explain_measured(const tg_kernel *kernel, uint64_t n, explainer *e, tg_error *error)
{
  expectation x;
  TG_TRY(estimate_make(kernel, n, COST_ROUNDS, &x, error));
  explain_machine(kernel, &x, e);
  explain_roofline(kernel, n, &x, e);
  return TG_OK;
}

/* ---- all ---- */

tg_status kernel_explain(const tg_kernel *kernel, const tg_explain_options *options, explainer *e, tg_error *error)
{
  const tg_backend *backend = kernel->backend;
  explain_kernel(kernel, options->n, e);
  explain_passes(kernel, e);
  explain_uniform(kernel, e);
  explain_streams(kernel, e);
  if (backend->explain != NULL) {
    backend->explain(kernel->code, e);
  }
  explain_operations(kernel, e);
  explain_sinks(kernel, e);
  explain_threads(kernel, options->n, e);
  return options->is_measured ? explain_measured(kernel, options->n, e, error) : TG_OK;
}

tg_status explain_options_read(const tg_explain_options *options, tg_explain_options *out, tg_error *error)
{
  *out = (tg_explain_options)TG_EXPLAIN_OPTIONS_INIT;
  if (options != NULL && (options->size == 0 || options->size > sizeof *out)) {
    return error_set(error, TG_ARGUMENT, "the options' size is not one that this library knows");
  }
  if (options != NULL) {
    memcpy(out, options, options->size);
  }
  if (out->n > TG_N_MAX || (unsigned)out->form >= TG_EXPLAIN_FORM_COUNT) {
    return error_set(error, TG_ARGUMENT, "n is more than 2^40, or there is no such form");
  }
  return TG_OK;
}

tg_status explain_give(const explainer *e, tg_explain_form form, char **out, size_t *n_out, tg_error *error)
{
  text t = {.allocator = e->strings.allocator};
  if (form == TG_EXPLAIN_JSON) {
    explain_print_json(e, &t);
  } else {
    explain_print_text(e, &t);
  }
  t.failed = t.failed || e->failed;
  return text_take(&t, out, n_out) == TG_OK ? TG_OK : error_set(error, TG_NOMEM, "no memory for the records");
}

tg_status tg_kernel_explain(const tg_kernel *kernel, const tg_explain_options *options, char **out, size_t *n_out,
                            tg_error *error)
{
  tg_explain_options chosen;
  *out = NULL;
  *n_out = 0;
  TG_TRY(explain_options_read(options, &chosen, error));
  fpenv saved = fpenv_enter();
  explainer e = explain_open(&kernel->context->allocator);
  tg_status status = kernel_explain(kernel, &chosen, &e, error);
  if (status == TG_OK) {
    status = explain_give(&e, chosen.form, out, n_out, error);
  }
  explain_close(&e);
  fpenv_leave(saved);
  return status;
}
