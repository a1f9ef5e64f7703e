/* run.c: running instructions on a lane set: for each a call of a kernel over all lanes of the set. */
#include "backend/vec/plan.h"

#include "graph/element.h"

#include <string.h>

/* The memory of a stream operand from the strip's first lane on. */
static unsigned char *stream_at(const vec_run *run, uint32_t operand)
{
  const operand_memory *memory = &run->args->operands[operand];
  return memory->base + (ptrdiff_t)run->first_lane * memory->stride;
}

static void run_load(vec_run *run, const vec_instr *instr, size_t n)
{
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  const operand_memory *memory = &run->args->operands[node->operand];
  tg_mode mode = (tg_mode)run->code->graph->operands.data[node->operand].mode;
  unsigned char *from = stream_at(run, node->operand);
  if (run->ways[node->operand] == VEC_DIRECT) {
    run->registers[instr->out] = from;
    return;
  }
  run->registers[instr->out] = run->home[instr->out];
  run->code->kernels->load[mode](n, run->registers[instr->out], from, memory->stride);
}

static void run_param(vec_run *run, const vec_instr *instr)
{
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  const graph_operand *operand = &run->code->graph->operands.data[node->operand];
  const operand_memory *memory = &run->args->operands[node->operand];
  uint64_t value = memory->base == NULL ? operand->default_bits : element_load((tg_mode)operand->mode, memory->base);
  element_store((tg_mode)operand->mode, run->registers[instr->out], value);
}

/* Stores the low bytes of `bits` as one native element. */
static void put_element(void *to, uint8_t size, uint64_t bits)
{
  static const tg_mode modes[VEC_SIZE_COUNT] = {TG_MODE_U8, TG_MODE_U16, TG_MODE_U32, TG_MODE_U64};
  element_store(modes[size], to, bits);
}

static void run_const(vec_run *run, const vec_instr *instr, size_t n)
{
  uint64_t element = 0;
  put_element(&element, instr->size, instr->node == VEC_NONE ? 0 : run->code->graph->nodes.data[instr->node].imm);
  run->code->kernels->fill[instr->size](n, run->registers[instr->out], &element);
}

/* A table in its native mode at unit stride is read by the kernel, any other element by element. */
static void run_gather(vec_run *run, const vec_instr *instr, size_t n)
{
  const graph_node *node = &run->code->graph->nodes.data[instr->node];
  const operand_memory *memory = &run->args->operands[node->operand];
  tg_mode mode = (tg_mode)run->code->graph->operands.data[node->operand].mode;
  size_t bytes = mode_table[mode].bytes;
  const uint64_t *index = run->registers[instr->a];
  unsigned char *out = run->registers[instr->out];
  bool is_plain = mode != TG_MODE_BOOL && (unsigned)mode < TG_TYPE_COUNT && (uintptr_t)memory->base % bytes == 0;
  if (is_plain && (memory->stride == (ptrdiff_t)bytes || memory->length <= 1)) {
    run->code->kernels->gather[instr->size](n, out, memory->base, memory->length, index);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    bool is_inside = index[i] < memory->length;
    const unsigned char *p = is_inside ? memory->base + (ptrdiff_t)index[i] * memory->stride : NULL;
    put_element(out + (i << instr->size), instr->size, is_inside ? element_load(mode, p) : 0);
  }
}

static void run_binary(const vec_run *run, const vec_instr *instr, size_t n)
{
  void **r = run->registers;
  if (instr->store != VEC_NONE && run->ways[instr->store] == VEC_DIRECT) {
    instr->fn_store.binary(n, stream_at(run, instr->store), r[instr->a], r[instr->b]);
  } else {
    instr->fn.binary(n, r[instr->out], r[instr->a], r[instr->b]);
  }
}

static void run_fused(const vec_run *run, const vec_instr *instr, size_t n)
{
  void **r = run->registers;
  bool is_stored = instr->store != VEC_NONE && run->ways[instr->store] == VEC_DIRECT;
  vec_fused_fn *fn = is_stored ? instr->fn_store.fused : instr->fn.fused;
  fn(n, is_stored ? stream_at(run, instr->store) : r[instr->out], r[instr->a], r[instr->b], r[instr->c],
     instr->scalars);
}

static void run_high(const vec_run *run, const vec_instr *instr, size_t n)
{
  void **r = run->registers;
  vec_high how = {.factor = instr->factor,
                  .xored = {instr->absent & 2 ? NULL : r[instr->b], instr->absent & 4 ? NULL : r[instr->c]},
                  .is_scalar = {(instr->scalars & 2) != 0, (instr->scalars & 4) != 0}};
  instr->fn.high(n, r[instr->out], r[instr->a], &how);
}

static void run_plain(vec_run *run, const vec_instr *instr, size_t n)
{
  void **r = run->registers;
  switch ((vec_kind)instr->kind) {
  case VEC_I_UNARY: instr->fn.unary(n, r[instr->out], r[instr->a]); break;
  case VEC_I_BINARY: run_binary(run, instr, n); break;
  case VEC_I_SELECT: instr->fn.select(n, r[instr->out], r[instr->a], r[instr->b], r[instr->c]); break;
  case VEC_I_CHOOSE:
    memmove(r[instr->out], *(unsigned char *)r[instr->a] ? r[instr->b] : r[instr->c], n << instr->size);
    break;
  case VEC_I_FMA: instr->fn.fma(n, r[instr->out], r[instr->a], r[instr->b], r[instr->c]); break;
  case VEC_I_FUSED: run_fused(run, instr, n); break;
  case VEC_I_HIGH: run_high(run, instr, n); break;
  case VEC_I_DIVMOD: instr->fn.divmod(n, r[instr->out], r[instr->out2], r[instr->a], r[instr->b]); break;
  case VEC_I_COPY: memmove(r[instr->out], r[instr->a], n << instr->size); break;
  case VEC_I_FILL: run->code->kernels->fill[instr->size](n, r[instr->out], r[instr->a]); break;
  case VEC_I_CONST: run_const(run, instr, n); break;
  case VEC_I_PARAM: run_param(run, instr); break;
  case VEC_I_LOAD: run_load(run, instr, n); break;
  case VEC_I_IOTA:
    run->code->kernels->iota[instr->type](n, r[instr->out], run->args->origin + run->first_lane, r[instr->a],
                                          r[instr->b]);
    break;
  case VEC_I_GATHER: run_gather(run, instr, n); break;
  case VEC_I_LINEAR:
  case VEC_I_ARRAY:
  case VEC_I_ALOAD:
  case VEC_I_ASTORE:
  case VEC_I_TRAP:
  case VEC_I_CHARGE:
  case VEC_I_LOOP:
  case VEC_I_BRANCH: break;
  }
}

void vec_run_body(vec_run *run, vec_body body, vec_lanes lanes)
{
  for (uint32_t i = body.first; i < body.end; i++) {
    const vec_instr *instr = &run->code->instrs.data[i];
    if (instr->kind < VEC_I_LINEAR) {
      run_plain(run, instr, instr->is_single ? 1 : lanes.n);
    } else if (instr->kind == VEC_I_LINEAR) {
      vec_run_linear(run, instr, lanes);
    } else if (instr->kind == VEC_I_LOOP) {
      const vec_structure *s = &run->code->structures.data[instr->structure];
      vec_run_loop(run, s, lanes);
      i = s->bodies[1].end - 1;
    } else if (instr->kind == VEC_I_BRANCH) {
      const vec_structure *s = &run->code->structures.data[instr->structure];
      vec_run_branch(run, instr, lanes);
      i = run->code->bodies.data[s->first_body + s->n_bodies - 1].end - 1;
    } else {
      vec_run_effect(run, instr, lanes);
    }
  }
}
