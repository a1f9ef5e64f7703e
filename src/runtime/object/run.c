/* object/run.c: the driver in an object file of `throng emit`: chooses the code for this processor, cuts up the
 * workspace, runs all lanes on the calling thread and writes results and outcome, to the same bits as the library.
 * Needs nothing: no library, and what it calls of the C library is in math.c beside it. */
#include "backend/llvm/run.h"
#include "backend/llvm/object.h"

#include "backend/sum.h"
#include "base/fpenv.h"
#include "graph/element.h"

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* ---- the processor ---- */

#if defined(__x86_64__)

/* What the system saves of the vector registers. */
static uint64_t saved_state(void)
{
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

/* The levels of x86-64 (v3 and v4 of its ABI), by the bits of leaves 1, 7 and 0x80000001. */
static uint32_t detect_width(void)
{
  enum { FMA = 1 << 12, MOVBE = 1 << 22, OSXSAVE = 1 << 27, AVX = 1 << 28, F16C = 1 << 29, LZCNT = 1 << 5 };
  enum { BMI1 = 1 << 3, AVX2 = 1 << 5, BMI2 = 1 << 8, AVX512F = 1 << 16, AVX512DQ = 1 << 17, AVX512CD = 1 << 28 };
  const uint32_t v3_1 = FMA | MOVBE | OSXSAVE | AVX | F16C, v3_7 = BMI1 | AVX2 | BMI2;
  const uint32_t v4_7 = (uint32_t)AVX512F | AVX512DQ | AVX512CD | 1u << 30 | 1u << 31; /* BW, VL */
  uint32_t a, b, c, d, b7, c81;
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & v3_1) != v3_1) {
    return 128;
  }
  uint64_t state = saved_state();
  if (!__get_cpuid_count(7, 0, &a, &b7, &c, &d) || !__get_cpuid(0x80000001u, &a, &b, &c81, &d) || (b7 & v3_7) != v3_7 ||
      (c81 & LZCNT) == 0 || (state & 0x06) != 0x06) {
    return 128;
  }
  return (b7 & v4_7) == v4_7 && (state & 0xE6) == 0xE6 ? 512 : 256;
}

#else

static uint32_t detect_width(void)
{
  return 128;
}

#endif

/* The code for the widest vectors that this processor has and the caller allows; asked for once. */
static const jit_code *choose_code(const object_kernel *k)
{
  static _Atomic uint32_t detected;
  uint32_t has = atomic_load_explicit(&detected, memory_order_relaxed);
  uint32_t wanted = atomic_load_explicit(k->width, memory_order_relaxed);
  if (has == 0) {
    has = detect_width();
    atomic_store_explicit(&detected, has, memory_order_relaxed);
  }
  uint32_t most = wanted == 0 || wanted > has ? has : wanted, i = 0;
  while (i + 1 < k->n_levels && k->levels[i].width > most) {
    i++;
  }
  if (wanted != k->levels[i].width) {
    atomic_store_explicit(k->width, k->levels[i].width, memory_order_relaxed);
  }
  return k->levels[i].code;
}

/* ---- lanes ---- */

typedef struct invocation {
  const object_kernel *kernel;
  const jit_code *code;
  engine_args args;
  partials out;
  unsigned char *workspace;
} invocation;

static tg_type sum_type(const tg_graph *g, const graph_node *node)
{
  return (tg_type)mode_table[g->operands.data[node->operand].mode].type;
}

static bool is_ordered(const tg_graph *g, const graph_node *node)
{
  return node->op == TG_OP_SUM && type_in(sum_type(g, node), TG_CLASS_FLOAT);
}

static size_t count_ordered(const tg_graph *g)
{
  size_t n = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    n += is_ordered(g, &g->nodes.data[i]);
  }
  return n;
}

static sum_tree *tree_at(const invocation *v, size_t k)
{
  return (sum_tree *)(void *)(v->workspace + v->kernel->layout.trees + k * OBJECT_TREE_BYTES);
}

/* Puts the columns of as many blocks as are run at once into the trees of their sums, and clears them. */
static void push_blocks(invocation *v)
{
  const tg_graph *g = v->kernel->graph;
  size_t k = 0, n_trees = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if (is_ordered(g, node)) {
      sum_push(tree_at(v, n_trees++), sum_type(g, node), SUM_TILE_LEVEL, &v->out.sums[k]);
      memset(&v->out.sums[k], 0, sizeof *v->out.sums);
    }
    k += node->op == TG_OP_SUM;
  }
}

/* Code in an object is made without refill. */
void jit_run_chosen(jit_range *r, const uint64_t lanes[2], partials *out)
{
  jit_run_masked(r, lanes[0], lanes[1], out);
}

static void run_all(invocation *v)
{
  void *scratch = v->workspace + v->kernel->layout.scratch;
  size_t n_trees = count_ordered(v->kernel->graph);
  uint64_t n = v->args.n, step = n_trees > 0 ? (uint64_t)TG_BLOCK_LANES << SUM_TILE_LEVEL : n;
  jit_prepare(v->code, &v->args, scratch, v->workspace + v->kernel->layout.uniforms);
  for (uint64_t first = 0; first < n; first += step) {
    uint64_t lanes[2] = {first, n - first < step ? n : first + step};
    jit_run(v->code, &v->args, lanes, scratch, &v->out);
    if (n_trees > 0) {
      push_blocks(v);
    }
  }
}

/* ---- results ---- */

static void write_result(const invocation *v, const graph_node *node, uint64_t value)
{
  unsigned char *to = v->args.operands[node->operand].base;
  if (to != NULL) {
    element_store((tg_mode)v->kernel->graph->operands.data[node->operand].mode, to, value);
  }
}

/* Returns which argmin and argmax saw no lane. */
static uint64_t write_results(invocation *v)
{
  const tg_graph *g = v->kernel->graph;
  size_t n_sums = 0, n_args = 0, n_trees = 0;
  uint64_t none = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if (node->op == TG_OP_SUM) {
      sum_columns *columns = &v->out.sums[n_sums];
      if (is_ordered(g, node)) {
        sum_total(tree_at(v, n_trees++), sum_type(g, node), columns);
      }
      n_sums++;
      write_result(v, node, sum_halve(sum_type(g, node), columns));
    } else if (node->op == TG_OP_ARGMIN || node->op == TG_OP_ARGMAX) {
      const arg_partial *best = &v->out.args[n_args];
      none |= (uint64_t)(best->state == ARG_NONE) << n_args++;
      write_result(v, node, best->state == ARG_NONE ? 0 : best->index);
    }
  }
  return none;
}

/* ---- the one entry ---- */

static void open_workspace(invocation *v, unsigned char *start)
{
  const object_layout *layout = &v->kernel->layout;
  v->workspace = start + (64 - (uintptr_t)start % 64) % 64;
  memset(v->workspace + layout->columns, 0, layout->trees - layout->columns);
  v->out.sums = (sum_columns *)(void *)(v->workspace + layout->columns);
  v->out.args = (arg_partial *)(void *)(v->workspace + layout->best);
  v->args.uniforms = v->workspace + layout->uniforms;
  for (size_t k = 0; k < count_ordered(v->kernel->graph); k++) {
    tree_at(v, k)->n_blocks = 0;
  }
}

int OBJECT_RUN(const object_kernel *kernel, uint64_t n, const operand_memory *operands, object_call *call, void *stack)
{
  invocation v = {.kernel = kernel, .args = {operands, n, TG_FUEL_UNLIMITED, NULL, 0}};
  void *workspace = stack;
  if (call != NULL) {
    workspace = call->workspace != NULL ? call->workspace : stack;
    v.args.fuel = call->max_steps;
    v.args.origin = call->first_lane;
  }
  if (workspace == NULL || n > TG_N_MAX) {
    return OBJECT_REFUSED;
  }
  v.code = choose_code(kernel);
  open_workspace(&v, workspace);
  fpenv saved = fpenv_enter();
  if (n > 0) {
    run_all(&v);
  }
  uint64_t none = write_results(&v);
  fpenv_leave(saved);
  if (call != NULL) {
    const trap_partial *traps = &v.out.traps;
    call->n_trapped = traps->n;
    call->first_trapped = traps->first_lane;
    call->first_code = traps->first_code;
    call->first_position = traps->first_position;
    call->none = none;
  }
  return v.out.traps.n > 0 ? OBJECT_TRAPPED : OBJECT_OK;
}
