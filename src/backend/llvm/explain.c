/* explain.c: what was made of a graph, as records. Input: planned code; output: section "engine", and what it adds to
 * the reasons in "streams". */
#include "backend/llvm/code.h"

#include "explain/explain.h"

#include <stdio.h>

#define ENGINE "engine"
enum { NAME_TEXT = 300, LIST_TEXT = 400 };

/* ---- vectors and groups ---- */

static void explain_vectors(const jit_code *code, explainer *e)
{
  unsigned bytes = code->traits.vector_bytes, widest = code->mask_bits / 8;
  explain_count(e, ENGINE, "vector width", UINT64_C(8) * bytes, "bits");
  explain_reason(e, "%s; %u lanes of f32, %u of f64",
                 code->wish.width == 0 ? "the widest of this machine" : "asked for by the back-end's name", bytes / 4,
                 bytes / 8);
  explain_count(e, ENGINE, "group", code->n_lanes, "lanes");
  explain_reason(e, "that run together; what differs between lanes, in loops if there are any, has %u byte%s at most",
                 widest, widest == 1 ? "" : "s");
  unsigned flight = code->n_lanes * widest / bytes;
  explain_count(e, ENGINE, "vectors in flight", flight == 0 ? 1 : flight, flight <= 1 ? "vector" : "vectors");
  explain_reason(e, "of the widest type: while one waits for its result the others are computed");
  explain_add(e, ENGINE, "masks", code->traits.has_mask_registers ? "mask registers" : "wide integers",
              code->traits.has_mask_registers ? "a bit for each lane"
                                              : "as wide as what was compared: the machine has no mask registers");
}

static void explain_functions(const jit_code *code, explainer *e)
{
  static const char *const names[JIT_STAGE] = {"whole groups", "any number of lanes", "limited fuel",
                                               "outputs past the caches", "prepare"};
  char list[LIST_TEXT] = "";
  size_t n = 0, count = 0;
  for (size_t k = 0; k < JIT_STAGE; k++) {
    if (code->wanted[k]) {
      n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", count++ > 0 ? ", " : "", names[k]);
    }
  }
  if (code->stages.n > 0) {
    count += 2 * (2 * code->stages.n + 1);
    snprintf(list + n, sizeof list - n, ", and with refill %zu parts, each also for limited fuel",
             2 * code->stages.n + 1);
  }
  explain_count(e, ENGINE, "functions", count, "functions");
  explain_reason(e, "for %s", list);
  explain_measure(e, ENGINE, "code made in", (double)code->made_us * 1e-3, "ms");
  explain_reason(e, "planned, made by LLVM and linked%s",
                 code->wish.is_huge ? "; so many values that LLVM was not asked to optimise" : "");
  if (code->wish.counts) {
    explain_add(e, ENGINE, "counting", "rounds and operations", "asked for: a few instructions in each round");
  }
}

/* ---- loops and branches ---- */

/* "loop %y", or by the node where nothing has a name. */
static void name_structure(const tg_graph *g, uint32_t i, char name[NAME_TEXT])
{
  const graph_node *node = &g->nodes.data[i];
  uint32_t named = node->n_results == 0 ? 0 : g->values.data[node->first_result].name;
  if (named != 0) {
    snprintf(name, NAME_TEXT, "%s %%%s", op_table[node->op].name, graph_str(g, named));
  } else {
    snprintf(name, NAME_TEXT, "%s at %u", op_table[node->op].name, (unsigned)i);
  }
}

static bool is_stage(const jit_code *code, const graph_node *loop)
{
  bool found = false;
  for (size_t k = 0; k < code->stages.n; k++) {
    found |= &code->graph->nodes.data[code->stages.stages[k].loop] == loop;
  }
  return found;
}

static void explain_refill(const jit_code *code, const char *name, explainer *e)
{
  explain_add(e, ENGINE, name, code->wish.form == JIT_FORM_REFILL ? "refill" : "masked or refill", "");
  explain_reason(e,
                 "lanes part, outside all loops: %u groups are run with refill, which counts the rounds of each lane; "
                 "then all with masks or with refill, by what moving lanes costs against waiting for the slowest of a "
                 "group; queues of %u lanes",
                 (unsigned)STAGE_TRIED_GROUPS, code->stages.capacity);
}

static void explain_loop(const jit_code *code, const graph_node *loop, const char *name, explainer *e)
{
  const tg_graph *g = code->graph;
  uint32_t n_shared = 0;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    n_shared += !code->varies[loop->first_carried + k];
  }
  if (is_stage(code, loop)) {
    explain_refill(code, name, e);
  } else if (code->varies[node_args(g, &g->nodes.data[loop->mate])[0]]) {
    explain_add(e, ENGINE, name, "masked", "");
    explain_reason(e,
                   "lanes part: a group goes on while any of its lanes runs, and those that are done keep what they "
                   "have; %u values carried, %u of them the same in all running lanes",
                   loop->n_args, n_shared);
  } else {
    explain_add(e, ENGINE, name, "uniform", "");
    explain_reason(e, "all lanes take the same rounds, no mask is needed; %u values carried, %u of them scalars",
                   loop->n_args, n_shared);
  }
}

static void explain_pieces(const jit_code *code, uint32_t i, const char *name, explainer *e)
{
  unsigned lanes = jit_piece_lanes(code, code->varies, i);
  if (lanes > 0) {
    char key[NAME_TEXT + 16];
    snprintf(key, sizeof key, "rounds of %s", name);
    explain_count(e, ENGINE, key, lanes, "lanes");
    explain_reason(e, "of a round are made at a time%s: a short body, so that few values are in registers at once",
                   is_stage(code, &code->graph->nodes.data[i]) ? ", except with refill" : "");
  }
}

static void explain_branch(const jit_code *code, const graph_node *branch, const char *name, explainer *e)
{
  bool parts = code->varies[node_args(code->graph, branch)[0]];
  explain_add(e, ENGINE, name, parts ? "selected" : "jump", "");
  explain_reason(e,
                 parts ? "each of %u bodies is run with a mask of the lanes that chose it, a long one only if some "
                         "lane did"
                       : "one of %u bodies is run: the same in all lanes",
                 (unsigned)branch->n_bodies);
}

static void explain_structures(const jit_code *code, explainer *e)
{
  const tg_graph *g = code->graph;
  char name[NAME_TEXT];
  for (uint32_t i = graph_main_start(g); i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if (node->op != TG_OP_LOOP && node->op != TG_OP_BRANCH) {
      continue;
    }
    name_structure(g, i, name);
    if (node->op == TG_OP_LOOP) {
      explain_loop(code, node, name, e);
      explain_pieces(code, i, name, e);
    } else {
      explain_branch(code, node, name, e);
    }
  }
}

/* ---- helpers in C ---- */

static void explain_helpers(const jit_code *code, explainer *e)
{
  const tg_graph *g = code->graph;
  unsigned counts[TG_OP_COUNT] = {0}, total = 0;
  char list[LIST_TEXT] = "";
  size_t n = 0;
  for (uint32_t i = graph_main_start(g); i < g->nodes.n; i++) {
    bool is_helped = jit_is_helped(code, &g->nodes.data[i]);
    counts[g->nodes.data[i].op] += is_helped;
    total += is_helped;
  }
  for (size_t op = 0; op < TG_OP_COUNT; op++) {
    if (counts[op] > 0) {
      n += (size_t)snprintf(list + n, sizeof list - n, "%s%u %s", n > 0 ? ", " : "", counts[op], op_table[op].name);
    }
  }
  explain_count(e, ENGINE, "helped", total, total == 1 ? "operation" : "operations");
  explain_reason(e, "%s", total == 0 ? "all operations are machine code" : list);
  if (total > 0) {
    explain_append(e, ENGINE, "helped", ": done in C, lane by lane");
  }
}

/* ---- streams ---- */

static void explain_streams(const jit_code *code, explainer *e)
{
  const tg_graph *g = code->graph;
  for (size_t k = 0; k < g->operands.n; k++) {
    const graph_operand *o = &g->operands.data[k];
    if (code->streams[k] == UINT32_MAX) {
      continue;
    }
    explain_append(e, "streams", graph_str(g, o->name), "; used where it lies, if it is at unit stride");
  }
}

void jit_explain(const void *p, explainer *e)
{
  const jit_code *code = p;
  explain_vectors(code, e);
  explain_functions(code, e);
  explain_structures(code, e);
  explain_helpers(code, e);
  explain_streams(code, e);
}
