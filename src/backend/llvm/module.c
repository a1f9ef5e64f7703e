/* module.c: the functions of a graph: `prepare`, and `run` for whole groups, for any number of lanes, and for limited
 * fuel, as far as they would differ. */
#include "backend/llvm/emit.h"
#include "backend/llvm/link.h"

#include <llvm-c/Analysis.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *const names[JIT_FUNCTIONS] = {
    "throng_full",        "throng_masked",      "throng_fuel",        "throng_past",        "throng_prepare",
    "throng_part_0",      "throng_loop_0",      "throng_part_1",      "throng_loop_1",      "throng_part_2",
    "throng_loop_2",      "throng_part_3",      "throng_loop_3",      "throng_part_4",      "throng_fuel_part_0",
    "throng_fuel_loop_0", "throng_fuel_part_1", "throng_fuel_loop_1", "throng_fuel_part_2", "throng_fuel_loop_2",
    "throng_fuel_part_3", "throng_fuel_loop_3", "throng_fuel_part_4"};

_Static_assert((int)JIT_FUNCTIONS <= (int)JIT_MOST_SYMBOLS, "all functions of a graph can be found at once");

/* ---- one function ---- */

void jit_open_function(jit_emitter *e, const char *name)
{
  LLVMTypeRef pointer = LLVMPointerTypeInContext(e->context, 0);
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->context), &pointer, 1, 0);
  memset(e->values, 0, e->g->values.n * sizeof *e->values);
  memset(e->wide, 0, e->g->values.n * sizeof *e->wide);
  e->accumulators.n = 0;
  e->alive = e->mask = e->fuel = e->start = e->group = e->part = NULL;
  char full[64];
  snprintf(full, sizeof full, "%s%s", name, e->suffix);
  e->function = e->functions[e->variant] = LLVMAddFunction(e->module, full, type);
  e->frame = LLVMGetParam(e->function, 0);
  LLVMPositionBuilderAtEnd(e->top, jit_block(e, "top"));
  LLVMPositionBuilderAtEnd(e->b, jit_block(e, "body"));
}

static void build_prepare(jit_emitter *e)
{
  const tg_graph *g = e->g;
  e->variant = JIT_PREPARE;
  e->n_lanes = 1;
  jit_open_function(e, names[e->variant]);
  LLVMBasicBlockRef body = LLVMGetInsertBlock(e->b);
  uint32_t main_start = graph_main_start(g);
  jit_emit_nodes(e, 0, main_start);
  for (uint32_t i = main_start; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if (node->n_results > 0 && g->values.data[node->first_result].is_uniform) {
      jit_emit_nodes(e, i, i + 1);
    }
  }
  LLVMBuildRetVoid(e->b);
  LLVMBuildBr(e->top, body);
}

/* Which lanes of a group there are, and their fuel. */
void jit_open_lanes(jit_emitter *e)
{
  LLVMTypeRef word = jit_int(e, 64);
  if (e->variant == JIT_FULL || e->variant == JIT_PAST) {
    return;
  }
  LLVMValueRef rest = LLVMBuildSub(e->b, JIT_FIELD(e, e->top, count, word), e->group, "");
  LLVMValueRef most = LLVMConstInt(word, JIT_MAX_LANES, 0);
  rest = LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, LLVMIntULT, rest, most, ""), rest, most, "");
  unsigned bits = e->target->has_mask_registers ? 8 : e->code->mask_bits;
  rest = LLVMBuildIntCast2(e->b, rest, jit_int(e, bits), 0, "");
  LLVMValueRef there = LLVMBuildICmp(e->b, LLVMIntULT, jit_lane_numbers(e, bits), jit_spread(e, rest), "");
  e->alive = e->start = jit_mask(e, there, bits);
  if (e->variant == JIT_FUEL || e->variant == JIT_STAGE_FUEL) {
    e->fuel = jit_spread(e, JIT_FIELD(e, e->top, fuel, word));
  }
}

/* The lanes after the last whole group, if there are any: the graph once more, with loads and stores under a mask.
 * Gives the block that begins it. */
static LLVMBasicBlockRef build_tail(jit_emitter *e)
{
  LLVMBasicBlockRef rest = jit_block(e, "rest"), tail = jit_block(e, "tail"), end = jit_block(e, "finish");
  LLVMBuildBr(e->b, rest);
  LLVMPositionBuilderAtEnd(e->b, rest);
  e->group = jit_all_groups(e);
  LLVMValueRef left = LLVMBuildSub(e->b, JIT_FIELD(e, e->top, count, jit_int(e, 64)), e->group, "");
  LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntEQ, left, LLVMConstNull(LLVMTypeOf(left)), ""), end, tail);
  LLVMPositionBuilderAtEnd(e->b, tail);
  unsigned bits = e->target->has_mask_registers ? 8 : e->code->mask_bits;
  LLVMValueRef n = LLVMBuildIntCast2(e->b, left, jit_int(e, bits), 0, "");
  e->part = LLVMBuildICmp(e->b, LLVMIntULT, jit_lane_numbers(e, bits), jit_spread(e, n), "");
  e->part = jit_mask(e, e->part, bits);
  for (uint32_t v = 0; v < e->g->values.n; v++) {
    e->values[v] = e->g->values.data[v].is_uniform ? e->values[v] : NULL;
  }
  jit_emit_nodes(e, graph_main_start(e->g), (uint32_t)e->g->nodes.n);
  jit_emit_sinks(e);
  LLVMBuildBr(e->b, end);
  LLVMMoveBasicBlockAfter(end, LLVMGetInsertBlock(e->b));
  LLVMPositionBuilderAtEnd(e->b, end);
  return rest;
}

/* The groups of the loop, if there are any; else the rest. */
static void begin_groups(jit_emitter *e, LLVMBasicBlockRef body, LLVMBasicBlockRef rest)
{
  if (rest == NULL) {
    LLVMBuildBr(e->top, body);
    return;
  }
  LLVMValueRef n = JIT_FIELD(e, e->top, n_groups, jit_int(e, 64));
  LLVMValueRef none = LLVMBuildICmp(e->top, LLVMIntEQ, n, LLVMConstNull(LLVMTypeOf(n)), "");
  LLVMBuildCondBr(e->top, none, rest, body);
}

static void build_run(jit_emitter *e, jit_variant variant)
{
  e->variant = variant;
  e->n_lanes = variant == JIT_PAST ? e->code->past_lanes : e->code->n_lanes;
  jit_open_function(e, names[e->variant]);
  LLVMBasicBlockRef body = LLVMGetInsertBlock(e->b);
  jit_open_groups(e);
  jit_open_sinks(e);
  jit_open_lanes(e);
  jit_emit_nodes(e, graph_main_start(e->g), (uint32_t)e->g->nodes.n);
  if (!e->failed) {
    jit_emit_sinks(e);
    jit_close_groups(e, body);
  }
  bool has_tail = e->code->has_tail && variant == JIT_FULL && !e->failed;
  LLVMBasicBlockRef rest = has_tail ? build_tail(e) : NULL;
  LLVMBuildRetVoid(e->b);
  begin_groups(e, e->block != NULL ? e->block : body, rest);
}

/* ---- which functions ---- */

typedef struct needs {
  bool loops, traps, reduces;
} needs;

static needs needs_of(const tg_graph *g)
{
  needs n = {false, false, false};
  for (size_t i = graph_main_start(g); i < g->nodes.n; i++) {
    switch ((int)g->nodes.data[i].op) {
    case TG_OP_LOOP:
    case TG_OP_CHARGE: n.loops = true; break;
    case TG_OP_TRAP: n.traps = true; break;
    case TG_OP_SUM:
    case TG_OP_ARGMIN:
    case TG_OP_ARGMAX:
    case TG_OP_COMBINE: n.reduces = true; break;
    default: break;
    }
  }
  return n;
}

void jit_choose_functions(jit_code *code)
{
  needs n = needs_of(code->graph);
  code->can_trap = n.traps || n.loops;
  code->wanted[JIT_FULL] = !n.loops && !n.traps;
  code->wanted[JIT_MASKED] = n.loops || n.traps || n.reduces;
  code->wanted[JIT_FUEL] = n.loops;
  for (size_t k = 0; code->stages.n > 0 && k < 2 * code->stages.n + 1; k++) {
    code->wanted[JIT_STAGE + k] = code->wanted[JIT_STAGE + JIT_STAGES + k] = true;
  }
  code->joins_blocks = code->wanted[JIT_FULL] && code->n_ordered > 0;
  for (size_t k = 0; k < code->n_ordered; k++) {
    code->joins_blocks &= jit_columns(code->ordered[k].type) <= code->n_lanes;
  }
  jit_choose_plain(code);
}

void jit_build_functions(jit_emitter *e)
{
  for (jit_variant v = JIT_FULL; v < JIT_PREPARE && !e->failed; v++) {
    if (e->code->wanted[v]) {
      build_run(e, v);
    }
  }
  if (e->code->wanted[JIT_PREPARE] && !e->failed) {
    build_prepare(e);
  }
  for (size_t k = 0; k < 2 * JIT_STAGES && !e->failed; k++) {
    if (e->code->wanted[JIT_STAGE + k]) {
      jit_emit_stage(e, k % JIT_STAGES, k >= JIT_STAGES, names[JIT_STAGE + k]);
    }
  }
}

/* ---- the module ---- */

static tg_status emit_code(jit_emitter *e, tg_error *error)
{
  char *message = NULL;
  if (LLVMVerifyModule(e->module, LLVMReturnStatusAction, &message)) {
    tg_status status = error_set(error, TG_INTERNAL, "LLVM refuses the code: %.200s", message);
    LLVMDisposeMessage(message);
    return status;
  }
  LLVMDisposeMessage(message);
  tg_status status = jit_emit_code(e->order->target, e->module, e->order->form, &e->made, error);
  if (status == TG_OK && e->diagnosis.text[0] != '\0') {
    LLVMDisposeMemoryBuffer(e->made);
    e->made = NULL;
    status = error_set(error, TG_INTERNAL, "LLVM makes no code: %s", e->diagnosis.text);
  }
  return status;
}

static tg_status emit_module(jit_emitter *e, tg_error *error)
{
  LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(e->target->machine);
  LLVMSetModuleDataLayout(e->module, layout);
  LLVMDisposeTargetData(layout);
  char *triple = LLVMGetTargetMachineTriple(e->target->machine);
  LLVMSetTarget(e->module, triple);
  LLVMDisposeMessage(triple);
  e->order->compose(e, e->order->arg);
  return e->failed ? error_set(error, TG_NOMEM, "no memory for the code") : emit_code(e, error);
}

static tg_status build(void *arg, tg_error *error)
{
  jit_emitter *e = arg;
  e->context = LLVMContextCreate();
  jit_diagnose(e->context, &e->diagnosis);
  e->module = LLVMModuleCreateWithNameInContext("throng", e->context);
  e->b = LLVMCreateBuilderInContext(e->context);
  e->top = LLVMCreateBuilderInContext(e->context);
  tg_status status = emit_module(e, error);
  LLVMDisposeBuilder(e->b);
  LLVMDisposeBuilder(e->top);
  LLVMDisposeModule(e->module);
  LLVMContextDispose(e->context);
  return status;
}

tg_status jit_build_order(const jit_order *order, LLVMMemoryBufferRef *out, tg_error *error)
{
  const jit_code *code = order->code;
  size_t n = code->graph->values.n + 1;
  jit_emitter e = {.g = code->graph, .code = code, .target = order->target, .order = order, .suffix = ""};
  e.varies = code->varies;
  const tg_allocator *a = &e.allocator;
  e.allocator = code->allocator;
  e.values = alloc_zeroed(a, n, sizeof *e.values);
  e.wide = alloc_zeroed(a, n, sizeof *e.wide);
  tg_status status = TG_NOMEM;
  if (e.values == NULL || e.wide == NULL) {
    error_set(error, TG_NOMEM, "no memory for the code");
  } else {
    status = jit_guarded(build, &e, error);
  }
  vec_free(a, &e.accumulators);
  alloc_free(a, e.values, n, sizeof *e.values);
  alloc_free(a, e.wide, n, sizeof *e.wide);
  *out = status == TG_OK ? e.made : NULL;
  return status;
}

static void compose(jit_emitter *e, void *arg)
{
  (void)arg;
  jit_build_functions(e);
}

tg_status jit_build(const jit_code *code, const jit_target *target, LLVMCodeGenFileType form, LLVMMemoryBufferRef *out,
                    tg_error *error)
{
  return jit_build_order(&(jit_order){code, target, form, compose, NULL}, out, error);
}

tg_status jit_adopt(jit_code *code, LLVMMemoryBufferRef object, tg_error *error)
{
  void *addresses[JIT_FUNCTIONS];
  size_t variants[JIT_FUNCTIONS];
  jit_symbols symbols = {.addresses = addresses};
  for (size_t v = 0; v < JIT_FUNCTIONS; v++) {
    if (code->wanted[v]) {
      variants[symbols.n] = v;
      symbols.names[symbols.n++] = names[v];
    }
  }
  TG_TRY(jit_link(object, &symbols, &code->library, error));
  for (size_t k = 0; k < symbols.n; k++) {
    memcpy(&code->functions[variants[k]], &addresses[k], sizeof addresses[k]); /* C has no cast for it */
  }
  return TG_OK;
}
