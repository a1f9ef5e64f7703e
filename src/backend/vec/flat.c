/* flat.c: the flat program: that of a graph without loops, branches, effects and reductions, for operands that all lie
 * at unit stride in native modes, as they mostly do. It is the main program without loads and stores: registers stand
 * for the streams where they lie, and results are made where they are to be. So an invocation costs little more than
 * its calls of kernels, and where no value lies in between, a strip may be as long as the invocation. Here it is made;
 * flat_run.c runs it. */
#include "backend/vec/plan.h"

#include "graph/element.h"

#include <string.h>

/* Clashes of streams are looked for in pairs. */
enum { STREAMS_MOST = 256 };

/* ---- which instruction reads and writes a register ---- */

static size_t n_operands(const vec_instr *instr)
{
  switch ((int)instr->kind) {
  case VEC_I_SELECT:
  case VEC_I_CHOOSE:
  case VEC_I_FMA:
  case VEC_I_FUSED:
  case VEC_I_HIGH: return 3;
  case VEC_I_BINARY:
  case VEC_I_DIVMOD:
  case VEC_I_IOTA: return 2;
  case VEC_I_CONST:
  case VEC_I_PARAM:
  case VEC_I_LOAD: return 0;
  default: return 1;
  }
}

typedef struct tracks {
  uint32_t *last_read, *last_write; /* by register: one more than the instruction */
  size_t n;
} tracks;

static void track(tracks *t, const vec_instr *instr, uint32_t at)
{
  const uint32_t read[3] = {instr->a, instr->b, instr->c};
  for (size_t k = 0; k < n_operands(instr); k++) {
    t->last_read[read[k]] = at + 1;
  }
  t->last_write[instr->out] = at + 1;
  if (instr->kind == VEC_I_DIVMOD) {
    t->last_write[instr->out2] = at + 1;
  }
}

/* Whether the result may be made in place of any operand that has elements as large. */
static bool can_aim(const vec_instr *instr)
{
  return instr->kind == VEC_I_UNARY || instr->kind == VEC_I_BINARY || instr->kind == VEC_I_SELECT ||
         instr->kind == VEC_I_FMA || instr->kind == VEC_I_FUSED;
}

/* ---- making it ---- */

static bool is_native(const tg_graph *g, uint32_t operand)
{
  tg_mode mode = (tg_mode)g->operands.data[operand].mode;
  return (unsigned)mode < TG_TYPE_COUNT && (mode != TG_MODE_BOOL || g->operands.data[operand].kind == TG_OUTPUT);
}

static bool can_be_flat(const vec_planner *p)
{
  const tg_graph *g = p->g;
  size_t n_streams = 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    bool is_stream = node->op == TG_OP_LOAD || node->op == TG_OP_STORE;
    n_streams += is_stream;
    if ((op_table[node->op].flags & TG_SINKS && node->op != TG_OP_STORE) ||
        (is_stream && !is_native(g, node->operand))) {
      return false;
    }
  }
  for (uint32_t i = p->code->main.first; i < p->code->main.end; i++) {
    if (p->code->instrs.data[i].kind >= VEC_I_LINEAR) {
      return false;
    }
  }
  return !p->code->has_effects && n_streams <= STREAMS_MOST;
}

static void add_stream(vec_planner *p, vec_stream stream)
{
  if (p->failed || !vec_room(&p->allocator, &p->code->streams, 1)) {
    p->failed = true;
    return;
  }
  for (size_t i = 0; i < p->code->streams.n; i++) {
    stream.is_again |= p->code->streams.data[i].operand == stream.operand;
  }
  p->code->streams.data[p->code->streams.n++] = stream;
}

/* The main program without its loads; a register that is loaded stands for the stream. */
static void copy_program(vec_planner *p, tracks *t)
{
  vec_code *code = p->code;
  for (uint32_t i = code->main.first; i < code->main.end && !p->failed; i++) {
    vec_instr instr = code->instrs.data[i];
    if (instr.kind == VEC_I_LOAD) {
      add_stream(p, (vec_stream){.operand = p->g->nodes.data[instr.node].operand,
                                 .reg = instr.out,
                                 .home = instr.out,
                                 .bytes = (size_t)1 << instr.size});
    } else {
      instr.store = VEC_NONE;
      track(t, &instr, (uint32_t)code->instrs.n);
      vec_instr *copy = emit_add(p, (vec_kind)instr.kind, instr.node);
      *copy = instr;
    }
  }
}

static vec_instr *add_copy(vec_planner *p, tracks *t, uint8_t size, const uint32_t out_a[2])
{
  t->last_read[out_a[1]] = (uint32_t)p->code->instrs.n + 1;
  vec_instr *instr = emit_add(p, VEC_I_COPY, VEC_NONE);
  instr->size = size;
  instr->out = out_a[0];
  instr->a = out_a[1];
  return instr;
}

/* Makes value v where output `place` lies: by the instruction that makes v if nothing else needs it, else by one more.
 * Gives a register with memory that can hold it. */
static uint32_t make_in_place(vec_planner *p, tracks *t, uint32_t v, uint32_t place)
{
  vec_code *code = p->code;
  tg_type type = plan_type(p, v);
  bool is_float = type_in(type, TG_CLASS_FLOAT);
  uint32_t r = plan_register(p, v), home = r, maker = t->last_write[r];
  if (plan_is_scalar(p, v)) {
    home = plan_take(p, plan_size(p, v));
    add_copy(p, t, plan_size(p, v), (uint32_t[]){place, r})->kind = VEC_I_FILL;
    r = place;
  } else if (p->stored[v] != VEC_NONE && maker > 0 && can_aim(&code->instrs.data[maker - 1]) &&
             (!is_float || code->instrs.data[maker - 1].fn_store.binary != NULL)) {
    vec_instr *instr = &code->instrs.data[maker - 1];
    instr->fn = is_float ? instr->fn_store : instr->fn;
    instr->out = place;
    t->last_write[place] = maker;
    return home;
  }
  if (is_float) {
    vec_instr *instr = add_copy(p, t, plan_size(p, v), (uint32_t[]){place, r});
    instr->kind = VEC_I_UNARY;
    instr->fn.unary = code->kernels->unary[VEC_CANONICAL][type];
  } else if (r != place) {
    add_copy(p, t, plan_size(p, v), (uint32_t[]){place, r});
  }
  t->last_write[place] = (uint32_t)code->instrs.n;
  return home;
}

static void make_outputs(vec_planner *p, tracks *t)
{
  for (uint32_t i = 0; i < p->g->nodes.n && !p->failed; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    if (node->op == TG_OP_STORE) {
      uint32_t v = node_args(p->g, node)[0], place = plan_new(p, plan_size(p, v), VEC_ELSEWHERE);
      if (p->failed) {
        return;
      }
      uint32_t home = make_in_place(p, t, v, place);
      add_stream(p, (vec_stream){.operand = node->operand,
                                 .reg = place,
                                 .home = home,
                                 .is_output = true,
                                 .bytes = (size_t)1 << plan_size(p, v)});
    }
  }
}

/* An output may lie in place of an input of its mode that nothing reads after the output is made. */
static void find_clashes(vec_planner *p, const tracks *t)
{
  vec_code *code = p->code;
  for (size_t k = 0; k < code->streams.n * code->streams.n && !p->failed; k++) {
    const vec_stream *out = &code->streams.data[k / code->streams.n], *in = &code->streams.data[k % code->streams.n];
    if (out->is_output && !in->is_output && t->last_read[in->reg] > t->last_write[out->reg] &&
        p->g->operands.data[in->operand].mode == p->g->operands.data[out->operand].mode) {
      if (!vec_room(&p->allocator, &code->clashes, 1)) {
        p->failed = true;
        return;
      }
      code->clashes.data[code->clashes.n++] = (vec_clash){out->operand, in->operand};
    }
  }
}

void flat_emit(vec_planner *p)
{
  vec_code *code = p->code;
  if (p->failed || !can_be_flat(p)) {
    return;
  }
  tracks t = {NULL, NULL, code->registers.n + 2 * p->g->operands.n + 1}; /* an output adds two registers at most */
  t.last_read = alloc_zeroed(&p->allocator, t.n, sizeof *t.last_read);
  t.last_write = alloc_zeroed(&p->allocator, t.n, sizeof *t.last_write);
  if (t.last_read == NULL || t.last_write == NULL) {
    p->failed = true;
  } else {
    code->flat.first = (uint32_t)code->instrs.n;
    copy_program(p, &t);
    make_outputs(p, &t);
    code->flat.end = (uint32_t)code->instrs.n;
    find_clashes(p, &t);
  }
  alloc_free(&p->allocator, t.last_read, t.n, sizeof *t.last_read);
  alloc_free(&p->allocator, t.last_write, t.n, sizeof *t.last_write);
}

/* ---- uniform values ---- */

static bool add_param(vec_code *code, const vec_instr *instr)
{
  const graph_node *node = &code->graph->nodes.data[instr->node];
  const graph_operand *operand = &code->graph->operands.data[node->operand];
  size_t offset = code->registers.data[instr->out].offset;
  bool is_plain = (unsigned)operand->mode < TG_TYPE_COUNT && operand->mode != TG_MODE_BOOL;
  if (!vec_room(&code->context->allocator, &code->params, 1)) {
    return false;
  }
  code->params.data[code->params.n++] =
      (vec_param){node->operand, instr->node, offset, is_plain ? instr->size : (uint8_t)VEC_SIZE_COUNT};
  if (operand->has_default) {
    code->has_image = true;
    element_store((tg_mode)operand->mode, &code->image.data[offset / sizeof(uint64_t)], operand->default_bits);
  }
  return true;
}

bool flat_image(vec_code *code)
{
  static const tg_mode modes[VEC_SIZE_COUNT] = {TG_MODE_U8, TG_MODE_U16, TG_MODE_U32, TG_MODE_U64};
  size_t n_words = code->uniform_bytes / sizeof(uint64_t);
  for (uint32_t i = code->prepare.first; i < code->prepare.end; i++) {
    if (code->instrs.data[i].kind != VEC_I_CONST && code->instrs.data[i].kind != VEC_I_PARAM) {
      return true;
    }
  }
  if (!vec_room(&code->context->allocator, &code->image, n_words)) {
    return false;
  }
  for (code->image.n = 0; code->image.n < n_words; code->image.n++) {
    code->image.data[code->image.n] = 0;
  }
  for (uint32_t i = code->prepare.first; i < code->prepare.end; i++) {
    const vec_instr *instr = &code->instrs.data[i];
    if (instr->kind == VEC_I_PARAM) {
      if (!add_param(code, instr)) {
        return false;
      }
    } else if (instr->node != VEC_NONE) {
      code->has_image = true;
      element_store(modes[instr->size], &code->image.data[code->registers.data[instr->out].offset / sizeof(uint64_t)],
                    code->graph->nodes.data[instr->node].imm);
    }
  }
  code->is_prepared = true;
  return true;
}

/* ---- registers of its own ---- */

/* The places of registers that the flat program uses: uniform ones, or those with memory. number[] is what they get. */
static bool list_places(vec_code *code, bool is_uniform, const bool *is_used, uint32_t *number)
{
  for (uint32_t i = 0; i < code->registers.n; i++) {
    const vec_register *r = &code->registers.data[i];
    if (is_used[i] && (r->place == VEC_UNIFORM) == is_uniform) {
      if (!vec_room(&code->context->allocator, &code->flat_places, 1)) {
        return false;
      }
      number[i] = (uint32_t)code->flat_places.n;
      code->flat_places.data[code->flat_places.n++] = r->offset;
    }
  }
  return true;
}

static void mark_used(const vec_code *code, bool *is_used)
{
  for (uint32_t i = code->flat.first; i < code->flat.end; i++) {
    const vec_instr *instr = &code->instrs.data[i];
    const uint32_t read[3] = {instr->a, instr->b, instr->c};
    for (size_t k = 0; k < n_operands(instr); k++) {
      is_used[read[k]] = true;
    }
    is_used[instr->out] = true;
    is_used[instr->kind == VEC_I_DIVMOD ? instr->out2 : instr->out] = true;
  }
  for (size_t i = 0; i < code->streams.n; i++) {
    is_used[code->streams.data[i].reg] = false; /* they have places by themselves */
  }
}

static void number_registers(const vec_code *code, uint32_t *number)
{
  for (size_t i = 0; i < code->streams.n; i++) {
    number[code->streams.data[i].reg] = (uint32_t)code->flat_places.n + code->streams.data[i].operand;
  }
  for (uint32_t i = code->flat.first; i < code->flat.end; i++) {
    vec_instr *instr = &code->instrs.data[i];
    instr->a = number[instr->a];
    instr->b = number[instr->b];
    instr->c = number[instr->c];
    instr->out = number[instr->out];
    instr->out2 = number[instr->out2];
  }
}

bool flat_place(vec_code *code)
{
  const tg_allocator *a = &code->context->allocator;
  size_t n = code->registers.n + 1;
  uint32_t *number = alloc_zeroed(a, n, sizeof *number);
  bool *is_used = alloc_zeroed(a, n, sizeof *is_used), is_done = false;
  if (number != NULL && is_used != NULL) {
    mark_used(code, is_used);
    is_done = list_places(code, true, is_used, number);
    code->flat_uniforms = code->flat_places.n;
    is_done = is_done && list_places(code, false, is_used, number);
    number_registers(code, number);
  }
  alloc_free(a, number, n, sizeof *number);
  alloc_free(a, is_used, n, sizeof *is_used);
  return is_done;
}
