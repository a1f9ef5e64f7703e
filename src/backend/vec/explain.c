/* explain.c: what `vec` made of a graph, as records. Input: finished code; output: section "engine", and what it adds
 * to the reasons in "streams". */
#include "backend/vec/plan.h"

#include "explain/explain.h"

#include <stdio.h>

#define ENGINE "engine"
enum { NAME_TEXT = 300 };

/* ---- vectors and strips ---- */

static void explain_vectors(const vec_code *code, explainer *e)
{
  const vec_kernels *k = code->kernels;
  char sets[128] = "";
  size_t n = 0;
  for (size_t i = 0; vec_kernels_at(i) != NULL && n < 100; i++) {
    n += (size_t)snprintf(sets + n, sizeof sets - n, "%s%.20s", i > 0 ? ", " : "", vec_kernels_at(i)->isa);
  }
  explain_add(e, ENGINE, "instruction set", k->isa, "");
  if (k == vec_kernels_best()) {
    explain_reason(e, "the first of %s that this CPU can run", sets);
  } else {
    explain_reason(e, "asked for by the back-end's name; the library has %s", sets);
  }
  explain_count(e, ENGINE, "vector", k->vector_bytes, "bytes");
  explain_reason(e, "%zu lanes of f32, %zu of f64", k->vector_bytes / 4, k->vector_bytes / 8);
}

static void explain_strip(const vec_code *code, explainer *e)
{
  explain_count(e, ENGINE, "strip", code->strip, "lanes");
  explain_reason(e, "their registers take %zu bytes: as many lanes as keep them in the first cache", code->strip_bytes);
  if (code->array_bytes > 0) {
    explain_count(e, ENGINE, "arrays", code->array_bytes, "bytes a lane");
    explain_reason(e, "element k of all lanes of a strip lies together; loops carry arrays in two places by turns");
  }
}

static void explain_registers(const vec_code *code, explainer *e)
{
  size_t n_uniform = 0, n_values = 0, n_lanes;
  for (size_t i = 0; i < code->registers.n; i++) {
    n_uniform += code->registers.data[i].place == VEC_UNIFORM;
  }
  for (size_t v = 0; v < code->graph->values.n; v++) {
    n_values += !code->graph->values.data[v].is_uniform;
  }
  n_lanes = code->registers.n - n_uniform;
  explain_count(e, ENGINE, "registers", n_lanes, n_lanes == 1 ? "strip" : "strips");
  explain_reason(e, "for %zu values: a register is free again after the last use of what it holds", n_values);
  if (n_uniform > 0) {
    explain_count(e, ENGINE, "uniform registers", n_uniform, n_uniform == 1 ? "element" : "elements");
    explain_reason(e, "made once for an invocation; kernels take them as one element");
  }
}

/* Kernel calls of the main body, without the bodies in it, for each strip. */
static void explain_instructions(const vec_code *code, explainer *e)
{
  uint32_t n = 0, n_loads = 0, n_fused = 0, n_high = 0, n_made = 0;
  for (size_t i = 0; i < code->sinks.n; i++) {
    n_made += code->sinks.data[i].parts[0] != VEC_NONE;
  }
  for (size_t i = 0; i < code->instrs.n; i++) {
    bool is_flat = i >= code->flat.first && i < code->flat.end;
    n_fused += !is_flat && code->instrs.data[i].kind == VEC_I_FUSED;
    n_high += !is_flat && code->instrs.data[i].kind == VEC_I_HIGH;
  }
  for (uint32_t i = code->main.first; i < code->main.end; i++) {
    const vec_instr *instr = &code->instrs.data[i];
    n += instr->kind != VEC_I_LOAD;
    n_loads += instr->kind == VEC_I_LOAD;
  }
  explain_count(e, ENGINE, "instructions", n, "passes");
  explain_reason(e, "over each strip in the first cache, beside loads (%u) and sinks (%zu); bodies counted once",
                 n_loads, code->sinks.n);
  if (n_fused > 0) {
    explain_count(e, ENGINE, "fused", n_fused, n_fused == 1 ? "pair" : "pairs");
    explain_reason(e, "two operations in one pass: what is between them never leaves the vector registers");
  }
  if (n_high > 0) {
    explain_count(e, ENGINE, "upper halves", n_high, n_high == 1 ? "product" : "products");
    explain_reason(e, "of 32 by 32 bits in one pass, with what is xored to them, as random numbers are made");
  }
  if (n_made > 0) {
    explain_count(e, ENGINE, "fused sinks", n_made, n_made == 1 ? "sink" : "sinks");
    explain_reason(e, "that make what they take by themselves: products that are summed up, lane numbers");
  }
  if (code->flat.end > code->flat.first) {
    explain_count(e, ENGINE, "flat program", code->flat_strip, "lanes");
    explain_reason(
        e,
        "of a strip, where all streams are at unit stride and aligned: %u instructions, no loads and stores; "
        "outputs of more than %llu lanes go past the caches",
        (unsigned)(code->flat.end - code->flat.first), (unsigned long long)code->cached_lanes);
  }
  explain_add(e, ENGINE, "traps and fuel", code->has_effects ? "kept" : "none",
              code->has_effects ? "a trap, a charge or a loop may halt a lane: each has its fuel and its trap record"
                                : "no lane can halt: nothing is kept for it");
}

/* ---- loops and branches ---- */

/* "loop %y", or by the node where nothing has a name. */
static void name_structure(const vec_code *code, const vec_structure *s, char name[NAME_TEXT])
{
  const tg_graph *g = code->graph;
  const graph_node *node = &g->nodes.data[s->node];
  uint32_t named = node->n_results == 0 ? 0 : g->values.data[node->first_result].name;
  if (named != 0) {
    snprintf(name, NAME_TEXT, "%s %%%s", op_table[node->op].name, graph_str(g, named));
  } else {
    snprintf(name, NAME_TEXT, "%s at %u", op_table[node->op].name, (unsigned)s->node);
  }
}

static void explain_structure(const vec_code *code, const vec_structure *s, explainer *e)
{
  char name[NAME_TEXT];
  name_structure(code, s, name);
  if (code->graph->nodes.data[s->node].op == TG_OP_BRANCH) {
    explain_add(e, ENGINE, name, "lanes part", "");
    explain_reason(e, "each of %u bodies runs on the lanes that chose it, packed to the front, %u values with them",
                   s->n_bodies, s->n_captures);
  } else if (s->is_calm) {
    explain_add(e, ENGINE, name, "lanes run on", "");
    explain_reason(e,
                   "nothing in it has an effect: lanes that are done run on in vain until they are a quarter of all, "
                   "then the others are packed to the front; %u values carried, %u from outside",
                   s->n_carried, s->n_captures);
  } else {
    explain_add(e, ENGINE, name, "lanes packed", "");
    explain_reason(e,
                   "something in it has an effect: lanes that are done are left out in each round; %u values carried, "
                   "%u from outside",
                   s->n_carried, s->n_captures);
  }
}

/* ---- streams ---- */

static void explain_streams(const vec_code *code, explainer *e)
{
  const tg_graph *g = code->graph;
  for (size_t k = 0; k < g->operands.n; k++) {
    const graph_operand *o = &g->operands.data[k];
    const char *name = graph_str(g, o->name);
    bool is_native = (unsigned)o->mode < TG_TYPE_COUNT && o->mode != TG_MODE_BOOL;
    if (o->kind == TG_INPUT && is_native) {
      explain_append(e, "streams", name,
                     "; used where it lies if it is at unit stride, aligned and no output lies in its place, else "
                     "packed strip by strip");
    } else if (o->kind == TG_INPUT) {
      explain_append(e, "streams", name, "; converted strip by strip");
    } else if (o->kind == TG_OUTPUT && code->aimed[k]) {
      explain_append(e, "streams", name,
                     "; fused: the last operation writes it where it lies if it is at unit stride and aligned");
    } else if (o->kind == TG_OUTPUT) {
      explain_append(e, "streams", name, is_native ? "; stored from a register" : "; converted strip by strip");
    }
  }
}

void vec_explain(const void *p, explainer *e)
{
  const vec_code *code = p;
  explain_vectors(code, e);
  explain_strip(code, e);
  explain_registers(code, e);
  explain_instructions(code, e);
  for (size_t i = 0; i < code->structures.n; i++) {
    explain_structure(code, &code->structures.data[i], e);
  }
  explain_streams(code, e);
}
