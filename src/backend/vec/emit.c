/* emit.c: strip instructions of plain nodes and effects. A uniform operand is used as one element where a kernel has a
 * form for it, and is spread over a register where there is none. */
#include "backend/vec/plan.h"

/* ---- instructions ---- */

vec_instr *emit_add(vec_planner *p, vec_kind kind, uint32_t node)
{
  vec_code *code = p->code;
  if (p->failed || !vec_room(&p->allocator, &code->instrs, 1)) {
    p->failed = true;
    return &p->ignored;
  }
  vec_instr *instr = &code->instrs.data[code->instrs.n++];
  *instr = (vec_instr){.kind = (uint8_t)kind, .node = node, .store = VEC_NONE, .is_single = p->single};
  return instr;
}

static void add_unary(vec_planner *p, uint32_t node, vec_unary_fn *fn, uint32_t out, uint32_t a)
{
  vec_instr *instr = emit_add(p, VEC_I_UNARY, node);
  instr->out = out;
  instr->a = a;
  instr->fn.unary = fn;
}

static void add_binary(vec_planner *p, uint32_t node, vec_binary_fn *fn, uint32_t out, const uint32_t ab[2])
{
  vec_instr *instr = emit_add(p, VEC_I_BINARY, node);
  instr->out = out;
  instr->a = ab[0];
  instr->b = ab[1];
  instr->fn.binary = fn;
}

static void add_simple(vec_planner *p, vec_kind kind, uint32_t node, uint8_t size, const uint32_t out_a[2])
{
  vec_instr *instr = emit_add(p, kind, node);
  instr->size = size;
  instr->out = out_a[0];
  instr->a = out_a[1];
}

/* The register of v as a stream: a uniform is spread into *temporary (VEC_NONE if it was not needed). */
static uint32_t as_stream(vec_planner *p, uint32_t node, uint32_t v, uint32_t *temporary)
{
  *temporary = VEC_NONE;
  if (!plan_is_scalar(p, v)) {
    return plan_register(p, v);
  }
  *temporary = plan_take(p, plan_size(p, v));
  add_simple(p, VEC_I_FILL, node, plan_size(p, v), (uint32_t[]){*temporary, plan_register(p, v)});
  return *temporary;
}

/* The same, converted to u64 with its sign: an index, or the number of a body. */
uint32_t emit_index(vec_planner *p, uint32_t node, uint32_t v, uint32_t temporaries[2])
{
  uint32_t stream = as_stream(p, node, v, &temporaries[0]);
  tg_type type = plan_type(p, v);
  temporaries[1] = VEC_NONE;
  if (type == TG_U64 || type == TG_I64) {
    return stream;
  }
  temporaries[1] = plan_take(p, 3);
  add_unary(p, node, p->code->kernels->convert[type][TG_U64], temporaries[1], stream);
  return temporaries[1];
}

/* ---- plain nodes ---- */

static int unary_op(const graph_node *node)
{
  switch ((int)node->op) {
  case TG_OP_NEG: return VEC_NEG;
  case TG_OP_NOT: return VEC_NOT;
  case TG_OP_SQRT: return VEC_SQRT;
  case TG_OP_ROUND: return VEC_ROUND_EVEN + node->detail;
  default: return -1;
  }
}

static int binary_op(const graph_node *node)
{
  switch ((int)node->op) {
  case TG_OP_ADD: return VEC_ADD;
  case TG_OP_SUB: return VEC_SUB;
  case TG_OP_MUL: return VEC_MUL;
  case TG_OP_MAX: return VEC_MAX;
  case TG_OP_DIV: return VEC_DIV;
  case TG_OP_SHL: return VEC_SHL;
  case TG_OP_SHR: return VEC_SHR;
  case TG_OP_OR: return VEC_OR;
  case TG_OP_AND: return VEC_AND;
  case TG_OP_XOR: return VEC_XOR;
  case TG_OP_ANDNOT: return VEC_ANDNOT;
  case TG_OP_LT: return VEC_LT;
  case TG_OP_EQ: return VEC_EQ;
  default: return -1;
  }
}

/* The result of the last instruction may be made where it is to be stored: it is node i, which nothing but one store
 * uses, at the top of a graph whose lanes all reach their end. */
static void aim_at_store(vec_planner *p, uint32_t i, vec_form form)
{
  const graph_node *node = &p->g->nodes.data[i];
  tg_type type = plan_type(p, node->first_result);
  int op = binary_op(node);
  uint32_t output = p->stored[node->first_result];
  if (p->failed || p->single || output == VEC_NONE || p->g->values.data[node->first_result].scope != 0) {
    return;
  }
  vec_instr *instr = &p->code->instrs.data[p->code->instrs.n - 1];
  instr->fn_store = instr->fn;
  if (type_in(type, TG_CLASS_FLOAT)) {
    instr->fn_store.binary = p->code->kernels->binary_canonical[op][type][form];
  }
  if (instr->fn_store.binary != NULL && type != TG_BOOL && (tg_type)p->g->operands.data[output].mode == type) {
    instr->store = output;
    p->code->aimed[output] = true;
  }
}

static void emit_binary(vec_planner *p, uint32_t i, int op)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  vec_form form = plan_is_scalar(p, args[1]) ? VEC_VS : plan_is_scalar(p, args[0]) ? VEC_SV : VEC_VV;
  uint32_t ab[2] = {plan_register(p, args[0]), plan_register(p, args[1])};
  vec_binary_fn *fn = p->code->kernels->binary[op][plan_type(p, args[0])][form];
  if (plan_size(p, args[0]) == plan_size(p, node->first_result)) {
    plan_expire_args(p, i, i);
  }
  add_binary(p, i, fn, plan_define(p, node->first_result), ab);
  if (!p->preparing) {
    aim_at_store(p, i, form);
  }
}

static void emit_unary(vec_planner *p, uint32_t i, vec_unary_fn *fn)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t v = node_args(p->g, node)[0], a = plan_register(p, v);
  if (plan_size(p, v) == plan_size(p, node->first_result)) {
    plan_expire_args(p, i, i);
  }
  add_unary(p, i, fn, plan_define(p, node->first_result), a);
}

/* The result takes over the register of an operand that nothing else needs any more. */
static bool take_over(vec_planner *p, uint32_t from, uint32_t to, uint32_t i)
{
  if (p->preparing || p->single || p->last_use[from] != i || p->owned[from] == VEC_NONE ||
      p->owned[from] != plan_register(p, from) || p->stored[to] != VEC_NONE) {
    return false;
  }
  p->code->value[to] = p->owned[to] = p->owned[from];
  p->owned[from] = VEC_NONE;
  return true;
}

static void emit_copy(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  if (take_over(p, node_args(p->g, node)[0], node->first_result, i)) {
    return;
  }
  uint32_t a = plan_register(p, node_args(p->g, node)[0]);
  add_simple(p, VEC_I_COPY, i, plan_size(p, node->first_result), (uint32_t[]){plan_define(p, node->first_result), a});
}

static void emit_cast(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  tg_type from = plan_type(p, node_args(p->g, node)[0]);
  if (node->op == TG_OP_BITCAST && type_in(from, TG_CLASS_FLOAT)) {
    emit_unary(p, i, p->code->kernels->unary[VEC_CANONICAL][from]);
  } else if (node->op == TG_OP_BITCAST || from == (tg_type)node->type) {
    emit_copy(p, i);
  } else {
    emit_unary(p, i, p->code->kernels->convert[from][node->type]);
  }
}

static void emit_select(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  bool is_choice = plan_is_scalar(p, args[0]);
  uint32_t temporary[2] = {VEC_NONE, VEC_NONE};
  uint32_t a = is_choice ? as_stream(p, i, args[1], &temporary[0]) : plan_register(p, args[1]),
           b = plan_register(p, args[2]);
  vec_form form = plan_is_scalar(p, args[2]) ? VEC_VS : plan_is_scalar(p, args[1]) ? VEC_SV : VEC_VV;
  if (is_choice) {
    b = as_stream(p, i, args[2], &temporary[1]);
  } else if (plan_is_scalar(p, args[1]) && plan_is_scalar(p, args[2])) {
    a = as_stream(p, i, args[1], &temporary[0]);
  }
  uint8_t size = plan_size(p, node->first_result);
  uint32_t out = plan_define(p, node->first_result);
  vec_instr *instr = emit_add(p, is_choice ? VEC_I_CHOOSE : VEC_I_SELECT, i);
  instr->size = size;
  instr->out = out;
  instr->a = plan_register(p, args[0]);
  instr->b = a;
  instr->c = b;
  instr->fn.select = p->code->kernels->select[size][form];
  plan_drop(p, temporary, 2);
}

static void emit_fma(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  uint32_t temporary[3], x[3];
  for (size_t k = 0; k < 3; k++) {
    x[k] = as_stream(p, i, args[k], &temporary[k]);
  }
  uint32_t out = plan_define(p, node->first_result);
  vec_instr *instr = emit_add(p, VEC_I_FMA, i);
  instr->out = out;
  instr->a = x[0];
  instr->b = x[1];
  instr->c = x[2];
  instr->fn.fma = p->code->kernels->fma[plan_type(p, args[0])];
  plan_drop(p, temporary, 3);
}

static void emit_divmod(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  tg_type type = plan_type(p, args[0]);
  uint32_t temporary, a = as_stream(p, i, args[0], &temporary);
  uint32_t quotient = plan_define(p, node->first_result), remainder = plan_define(p, node->first_result + 1);
  vec_instr *instr = emit_add(p, VEC_I_DIVMOD, i);
  instr->out = quotient;
  instr->out2 = remainder;
  instr->a = a;
  instr->b = plan_register(p, args[1]);
  instr->fn.divmod =
      plan_is_scalar(p, args[1]) ? p->code->kernels->divmod_scalar[type] : p->code->kernels->divmod[type];
  plan_drop(p, &temporary, 1);
}

static void emit_gather(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t temporaries[2], index = emit_index(p, i, node_args(p->g, node)[0], temporaries);
  uint8_t size = plan_size(p, node->first_result);
  add_simple(p, VEC_I_GATHER, i, size, (uint32_t[]){plan_define(p, node->first_result), index});
  plan_drop(p, temporaries, 2);
}

void emit_source(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  vec_kind kind = node->op == TG_OP_CONST   ? VEC_I_CONST
                  : node->op == TG_OP_PARAM ? VEC_I_PARAM
                  : node->op == TG_OP_LOAD  ? VEC_I_LOAD
                                            : VEC_I_IOTA;
  uint8_t size = plan_size(p, node->first_result);
  uint32_t out = plan_define(p, node->first_result);
  vec_instr *instr = emit_add(p, kind, i);
  instr->size = size;
  instr->type = p->g->values.data[node->first_result].type;
  instr->out = out;
  if (kind == VEC_I_IOTA) {
    instr->a = plan_register(p, node_args(p->g, node)[0]);
    instr->b = plan_register(p, node_args(p->g, node)[1]);
  }
}

/* ---- linear ----
 * Over int and float a row is a chain of products and sums in the order of its entries. */

static void emit_product(vec_planner *p, uint32_t i, const tg_entry *entry, uint32_t out)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t x = entry->column < node->n_args ? node_args(p->g, node)[entry->column] : VEC_NONE, temporary;
  uint8_t size = plan_size(p, node->first_result);
  if (x == VEC_NONE) {
    add_simple(p, p->preparing ? VEC_I_COPY : VEC_I_FILL, i, size, (uint32_t[]){out, plan_register(p, entry->value)});
    return;
  }
  uint32_t stream = as_stream(p, i, x, &temporary);
  vec_form form = p->preparing ? VEC_VV : VEC_VS;
  add_binary(p, i, p->code->kernels->binary[VEC_MUL][plan_type(p, x)][form], out,
             (uint32_t[]){stream, plan_register(p, entry->value)});
  plan_drop(p, &temporary, 1);
}

static void emit_row(vec_planner *p, uint32_t i, uint32_t *at, uint32_t row)
{
  const graph_node *node = &p->g->nodes.data[i];
  const tg_entry *entries = node_entries(p->g, node);
  tg_type type = plan_type(p, node->first_result);
  uint32_t out = plan_register(p, node->first_result + row),
           product = plan_take(p, vec_size_of(type_table[type].bytes));
  bool is_first = true;
  for (; *at < node->n_entries && entries[*at].row == row; ++*at, is_first = false) {
    emit_product(p, i, &entries[*at], is_first ? out : product);
    if (!is_first) {
      add_binary(p, i, p->code->kernels->binary[VEC_ADD][type][VEC_VV], out, (uint32_t[]){out, product});
    }
  }
  if (is_first) {
    add_simple(p, VEC_I_CONST, VEC_NONE, vec_size_of(type_table[type].bytes), (uint32_t[]){out, 0});
  }
  plan_give_back(p, product);
}

static void emit_linear(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t at = 0;
  for (uint32_t k = 0; k < node->n_results; k++) {
    plan_define(p, node->first_result + k);
  }
  if (node_ring(node) == TG_RING_GF2 || node_ring(node) == TG_RING_MOD) {
    vec_instr *instr = emit_add(p, VEC_I_LINEAR, i);
    instr->size = plan_size(p, node->first_result);
    /* The operands' registers, streams or not, then the results', then the entries': a list of passes. */
    instr->a = (uint32_t)p->code->passes.n;
    const tg_entry *entries = node_entries(p->g, node);
    size_t n = (size_t)node->n_args + node->n_results + node->n_entries;
    if (p->failed || !vec_room(&p->allocator, &p->code->passes, n)) {
      p->failed = true;
      return;
    }
    for (uint32_t k = 0; k < node->n_args; k++) {
      uint32_t v = node_args(p->g, node)[k];
      p->code->passes.data[p->code->passes.n++] =
          (vec_pass){.from = plan_register(p, v), .is_scalar = plan_is_scalar(p, v)};
    }
    for (uint32_t k = 0; k < node->n_results; k++) {
      p->code->passes.data[p->code->passes.n++] = (vec_pass){.to = plan_register(p, node->first_result + k)};
    }
    for (uint32_t k = 0; k < node->n_entries; k++) {
      p->code->passes.data[p->code->passes.n++] = (vec_pass){.from = plan_register(p, entries[k].value)};
    }
    return;
  }
  for (uint32_t row = 0; row < node->n_results; row++) {
    emit_row(p, i, &at, row);
  }
}

/* ---- effects ---- */

void emit_effect(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  uint32_t temporaries[4] = {VEC_NONE, VEC_NONE, VEC_NONE, VEC_NONE}, a = 0, b = 0, c = 0;
  vec_kind kind = VEC_I_ARRAY;
  if (node->op == TG_OP_TRAP || node->op == TG_OP_CHARGE) {
    kind = node->op == TG_OP_TRAP ? VEC_I_TRAP : VEC_I_CHARGE;
    a = as_stream(p, i, args[0], &temporaries[0]);
  } else if (node->op != TG_OP_ARRAY) {
    kind = node->op == TG_OP_ALOAD ? VEC_I_ALOAD : VEC_I_ASTORE;
    a = plan_register(p, args[0]);
    b = emit_index(p, i, args[1], temporaries);
    c = kind == VEC_I_ASTORE ? as_stream(p, i, args[2], &temporaries[2]) : 0;
  }
  uint32_t out = node->n_results > 0 ? plan_define(p, node->first_result) : 0;
  vec_instr *instr = emit_add(p, kind, i);
  instr->out = out;
  instr->a = a;
  instr->b = b;
  instr->c = c;
  plan_drop(p, temporaries, 4);
}

/* ---- any pure node ---- */

void emit_pure(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  tg_type type = node->n_args > 0 ? plan_type(p, node_args(p->g, node)[0]) : TG_BOOL;
  if (binary_op(node) >= 0) {
    emit_binary(p, i, binary_op(node));
  } else if (unary_op(node) >= 0) {
    emit_unary(p, i, p->code->kernels->unary[unary_op(node)][type]);
  } else if (node->op == TG_OP_CONVERT || node->op == TG_OP_BITCAST) {
    emit_cast(p, i);
  } else if (node->op == TG_OP_SELECT) {
    emit_select(p, i);
  } else if (node->op == TG_OP_FMA) {
    emit_fma(p, i);
  } else if (node->op == TG_OP_DIVMOD) {
    emit_divmod(p, i);
  } else if (node->op == TG_OP_GATHER) {
    emit_gather(p, i);
  } else if (node->op == TG_OP_LINEAR) {
    emit_linear(p, i);
  } else {
    emit_source(p, i);
  }
}
