/* emit.c: from a graph to strip instructions. Uniform values are made by a program of their own, run once with one
 * lane; the rest by the program of a strip. Loads and iotas are made at the top wherever they stand, since they depend
 * on nothing else. Registers are given out in one walk: a value's register is free again after its last use. */
#include "backend/vec/plan.h"

/* ---- registers ---- */

static uint32_t new_register(vec_planner *p, uint8_t size, bool is_uniform)
{
  vec_code *code = p->code;
  if (p->failed || !vec_room(&p->allocator, &code->registers, 1)) {
    p->failed = true;
    return 0;
  }
  code->registers.data[code->registers.n] = (vec_register){.size = size, .is_uniform = is_uniform};
  return (uint32_t)code->registers.n++;
}

static uint32_t take_register(vec_planner *p, uint8_t size)
{
  if (!p->preparing && p->free[size].n > 0) {
    return p->free[size].data[--p->free[size].n];
  }
  return new_register(p, size, p->preparing);
}

static void give_back(vec_planner *p, uint32_t r)
{
  uint8_t size = p->failed ? 0 : p->code->registers.data[r].size;
  if (p->failed || p->preparing) {
    return;
  }
  if (!vec_room(&p->allocator, &p->free[size], 1)) {
    p->failed = true;
    return;
  }
  p->free[size].data[p->free[size].n++] = r;
}

static tg_type type_of(const vec_planner *p, uint32_t v)
{
  return (tg_type)p->g->values.data[v].type;
}

/* An array value is the offset of its storage. */
static uint8_t size_of(const vec_planner *p, uint32_t v)
{
  return p->g->values.data[v].array_length > 0 ? 3 : vec_size_of(type_table[type_of(p, v)].bytes);
}

static uint32_t reg(const vec_planner *p, uint32_t v)
{
  return p->code->value[v];
}

/* One element stands for all lanes. */
static bool is_scalar(const vec_planner *p, uint32_t v)
{
  return !p->preparing && p->g->values.data[v].is_uniform;
}

static uint32_t define(vec_planner *p, uint32_t v)
{
  uint32_t r = p->is_hoisted[v] ? new_register(p, size_of(p, v), false) : take_register(p, size_of(p, v));
  p->code->value[v] = r;
  p->owned[v] = p->preparing || p->is_hoisted[v] ? VEC_NONE : r;
  return r;
}

static void expire(vec_planner *p, uint32_t v)
{
  if (p->owned[v] != VEC_NONE) {
    give_back(p, p->owned[v]);
    p->owned[v] = VEC_NONE;
  }
}

/* Operands that are not needed after node i make room for its result. */
static void expire_args(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  for (uint32_t k = 0; k < node->n_args; k++) {
    uint32_t v = node_args(p->g, node)[k];
    if (p->last_use[v] == i) {
      expire(p, v);
    }
  }
}

static void expire_after(vec_planner *p, uint32_t i)
{
  for (uint32_t v = p->expires[i]; v != VEC_NONE; v = p->expires_next[v]) {
    expire(p, v);
  }
}

/* ---- instructions ---- */

static vec_instr *add(vec_planner *p, vec_kind kind, uint32_t node)
{
  vec_code *code = p->code;
  if (p->failed || !vec_room(&p->allocator, &code->instrs, 1)) {
    p->failed = true;
    return &p->ignored;
  }
  vec_instr *instr = &code->instrs.data[code->instrs.n++];
  *instr = (vec_instr){.kind = (uint8_t)kind, .node = node, .store = VEC_NONE};
  return instr;
}

static void add_unary(vec_planner *p, uint32_t node, vec_unary_fn *fn, uint32_t out, uint32_t a)
{
  vec_instr *instr = add(p, VEC_I_UNARY, node);
  instr->out = out;
  instr->a = a;
  instr->fn.unary = fn;
}

static void add_binary(vec_planner *p, uint32_t node, vec_binary_fn *fn, uint32_t out, const uint32_t ab[2])
{
  vec_instr *instr = add(p, VEC_I_BINARY, node);
  instr->out = out;
  instr->a = ab[0];
  instr->b = ab[1];
  instr->fn.binary = fn;
}

static void add_simple(vec_planner *p, vec_kind kind, uint32_t node, uint8_t size, const uint32_t out_a[2])
{
  vec_instr *instr = add(p, kind, node);
  instr->size = size;
  instr->out = out_a[0];
  instr->a = out_a[1];
}

/* The register of v as a stream: a uniform is spread into *temporary (VEC_NONE if it was not needed). */
static uint32_t as_stream(vec_planner *p, uint32_t node, uint32_t v, uint32_t *temporary)
{
  *temporary = VEC_NONE;
  if (!is_scalar(p, v)) {
    return reg(p, v);
  }
  *temporary = take_register(p, size_of(p, v));
  add_simple(p, VEC_I_FILL, node, size_of(p, v), (uint32_t[]){*temporary, reg(p, v)});
  return *temporary;
}

/* The same, converted to u64 with its sign: an index, or the number of a body. */
static uint32_t as_index(vec_planner *p, uint32_t node, uint32_t v, uint32_t temporaries[2])
{
  uint32_t stream = as_stream(p, node, v, &temporaries[0]);
  tg_type type = type_of(p, v);
  temporaries[1] = VEC_NONE;
  if (type == TG_U64 || type == TG_I64) {
    return stream;
  }
  temporaries[1] = take_register(p, 3);
  add_unary(p, node, p->code->kernels->convert[type][TG_U64], temporaries[1], stream);
  return temporaries[1];
}

static void drop_temporaries(vec_planner *p, const uint32_t *temporaries, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (temporaries[i] != VEC_NONE) {
      give_back(p, temporaries[i]);
    }
  }
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
  tg_type type = type_of(p, node->first_result);
  int op = binary_op(node);
  uint32_t output = p->stored[node->first_result];
  if (p->failed || output == VEC_NONE || p->g->values.data[node->first_result].scope != 0) {
    return;
  }
  vec_instr *instr = &p->code->instrs.data[p->code->instrs.n - 1];
  instr->fn_store =
      type_in(type, TG_CLASS_FLOAT) ? p->code->kernels->binary_canonical[op][type][form] : instr->fn.binary;
  if (instr->fn_store != NULL && type != TG_BOOL && (tg_type)p->g->operands.data[output].mode == type) {
    instr->store = output;
    p->code->aimed[output] = true;
  }
}

static void emit_binary(vec_planner *p, uint32_t i, int op)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  vec_form form = is_scalar(p, args[1]) ? VEC_VS : is_scalar(p, args[0]) ? VEC_SV : VEC_VV;
  uint32_t ab[2] = {reg(p, args[0]), reg(p, args[1])};
  vec_binary_fn *fn = p->code->kernels->binary[op][type_of(p, args[0])][form];
  if (size_of(p, args[0]) == size_of(p, node->first_result)) {
    expire_args(p, i);
  }
  add_binary(p, i, fn, define(p, node->first_result), ab);
  if (!p->preparing) {
    aim_at_store(p, i, form);
  }
}

static void emit_unary(vec_planner *p, uint32_t i, vec_unary_fn *fn)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t v = node_args(p->g, node)[0], a = reg(p, v);
  if (size_of(p, v) == size_of(p, node->first_result)) {
    expire_args(p, i);
  }
  add_unary(p, i, fn, define(p, node->first_result), a);
}

static void emit_copy(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t a = reg(p, node_args(p->g, node)[0]);
  add_simple(p, VEC_I_COPY, i, size_of(p, node->first_result), (uint32_t[]){define(p, node->first_result), a});
}

static void emit_cast(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  tg_type from = type_of(p, node_args(p->g, node)[0]);
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
  bool is_choice = is_scalar(p, args[0]);
  uint32_t temporary[2] = {VEC_NONE, VEC_NONE};
  uint32_t a = is_choice ? as_stream(p, i, args[1], &temporary[0]) : reg(p, args[1]), b = reg(p, args[2]);
  vec_form form = is_scalar(p, args[2]) ? VEC_VS : is_scalar(p, args[1]) ? VEC_SV : VEC_VV;
  if (is_choice) {
    b = as_stream(p, i, args[2], &temporary[1]);
  } else if (is_scalar(p, args[1]) && is_scalar(p, args[2])) {
    a = as_stream(p, i, args[1], &temporary[0]);
  }
  uint8_t size = size_of(p, node->first_result);
  uint32_t out = define(p, node->first_result);
  vec_instr *instr = add(p, is_choice ? VEC_I_CHOOSE : VEC_I_SELECT, i);
  instr->size = size;
  instr->out = out;
  instr->a = reg(p, args[0]);
  instr->b = a;
  instr->c = b;
  instr->fn.select = p->code->kernels->select[size][form];
  drop_temporaries(p, temporary, 2);
}

static void emit_fma(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  uint32_t temporary[3], x[3];
  for (size_t k = 0; k < 3; k++) {
    x[k] = as_stream(p, i, args[k], &temporary[k]);
  }
  uint32_t out = define(p, node->first_result);
  vec_instr *instr = add(p, VEC_I_FMA, i);
  instr->out = out;
  instr->a = x[0];
  instr->b = x[1];
  instr->c = x[2];
  instr->fn.fma = p->code->kernels->fma[type_of(p, args[0])];
  drop_temporaries(p, temporary, 3);
}

static void emit_divmod(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  const uint32_t *args = node_args(p->g, node);
  tg_type type = type_of(p, args[0]);
  uint32_t temporary, a = as_stream(p, i, args[0], &temporary);
  uint32_t quotient = define(p, node->first_result), remainder = define(p, node->first_result + 1);
  vec_instr *instr = add(p, VEC_I_DIVMOD, i);
  instr->out = quotient;
  instr->out2 = remainder;
  instr->a = a;
  instr->b = reg(p, args[1]);
  instr->fn.divmod = is_scalar(p, args[1]) ? p->code->kernels->divmod_scalar[type] : p->code->kernels->divmod[type];
  drop_temporaries(p, &temporary, 1);
}

static void emit_gather(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t temporaries[2], index = as_index(p, i, node_args(p->g, node)[0], temporaries);
  uint8_t size = size_of(p, node->first_result);
  add_simple(p, VEC_I_GATHER, i, size, (uint32_t[]){define(p, node->first_result), index});
  drop_temporaries(p, temporaries, 2);
}

static void emit_source(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  vec_kind kind = node->op == TG_OP_CONST   ? VEC_I_CONST
                  : node->op == TG_OP_PARAM ? VEC_I_PARAM
                  : node->op == TG_OP_LOAD  ? VEC_I_LOAD
                                            : VEC_I_IOTA;
  uint8_t size = size_of(p, node->first_result);
  uint32_t out = define(p, node->first_result);
  vec_instr *instr = add(p, kind, i);
  instr->size = size;
  instr->type = p->g->values.data[node->first_result].type;
  instr->out = out;
  if (kind == VEC_I_IOTA) {
    instr->a = reg(p, node_args(p->g, node)[0]);
    instr->b = reg(p, node_args(p->g, node)[1]);
  }
}

/* ---- linear ----
 * Over int and float a row is a chain of products and sums in the order of its entries. */

static void emit_product(vec_planner *p, uint32_t i, const tg_entry *entry, uint32_t out)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t x = entry->column < node->n_args ? node_args(p->g, node)[entry->column] : VEC_NONE, temporary;
  uint8_t size = size_of(p, node->first_result);
  if (x == VEC_NONE) {
    add_simple(p, p->preparing ? VEC_I_COPY : VEC_I_FILL, i, size, (uint32_t[]){out, reg(p, entry->value)});
    return;
  }
  uint32_t stream = as_stream(p, i, x, &temporary);
  vec_form form = p->preparing ? VEC_VV : VEC_VS;
  add_binary(p, i, p->code->kernels->binary[VEC_MUL][type_of(p, x)][form], out,
             (uint32_t[]){stream, reg(p, entry->value)});
  drop_temporaries(p, &temporary, 1);
}

static void emit_row(vec_planner *p, uint32_t i, uint32_t *at, uint32_t row)
{
  const graph_node *node = &p->g->nodes.data[i];
  const tg_entry *entries = node_entries(p->g, node);
  tg_type type = type_of(p, node->first_result);
  uint32_t out = reg(p, node->first_result + row), product = take_register(p, vec_size_of(type_table[type].bytes));
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
  give_back(p, product);
}

static void emit_linear(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  uint32_t at = 0;
  for (uint32_t k = 0; k < node->n_results; k++) {
    define(p, node->first_result + k);
  }
  if (node_ring(node) == TG_RING_GF2 || node_ring(node) == TG_RING_MOD) {
    vec_instr *instr = add(p, VEC_I_LINEAR, i);
    instr->size = size_of(p, node->first_result);
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
      p->code->passes.data[p->code->passes.n++] = (vec_pass){.from = reg(p, v), .is_scalar = is_scalar(p, v)};
    }
    for (uint32_t k = 0; k < node->n_results; k++) {
      p->code->passes.data[p->code->passes.n++] = (vec_pass){.to = reg(p, node->first_result + k)};
    }
    for (uint32_t k = 0; k < node->n_entries; k++) {
      p->code->passes.data[p->code->passes.n++] = (vec_pass){.from = reg(p, entries[k].value)};
    }
    return;
  }
  for (uint32_t row = 0; row < node->n_results; row++) {
    emit_row(p, i, &at, row);
  }
}

/* ---- effects ---- */

static void emit_effect(vec_planner *p, uint32_t i)
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
    a = reg(p, args[0]);
    b = as_index(p, i, args[1], temporaries);
    c = kind == VEC_I_ASTORE ? as_stream(p, i, args[2], &temporaries[2]) : 0;
  }
  uint32_t out = node->n_results > 0 ? define(p, node->first_result) : 0;
  vec_instr *instr = add(p, kind, i);
  instr->out = out;
  instr->a = a;
  instr->b = b;
  instr->c = c;
  drop_temporaries(p, temporaries, 4);
}

/* ---- bodies ---- */

static void emit_nodes(vec_planner *p, uint32_t first, uint32_t end);

static void capture(vec_planner *p, uint32_t opener, uint32_t v)
{
  vec_code *code = p->code;
  if (p->g->values.data[v].is_uniform || !vec_is_outside(p, v, opener) || p->stamp[v] == opener) {
    return;
  }
  p->stamp[v] = opener;
  uint32_t inner = take_register(p, size_of(p, v));
  if (p->failed || !vec_room(&p->allocator, &code->captures, 1) || !vec_room(&p->allocator, &p->shadows, 1)) {
    p->failed = true;
    return;
  }
  code->captures.data[code->captures.n++] =
      (vec_capture){.outer = code->value[v], .inner = inner, .size = size_of(p, v)};
  p->shadows.data[p->shadows.n++] = (vec_shadow){v, code->value[v]};
  code->value[v] = inner;
}

/* What the bodies of a loop or branch use from outside gets registers of its own there. */
static void capture_all(vec_planner *p, uint32_t opener, vec_structure *s)
{
  const graph_node *node = &p->g->nodes.data[opener];
  s->first_capture = (uint32_t)p->code->captures.n;
  for (uint32_t i = opener + 1; !p->preparing && i <= node->end; i++) {
    const graph_node *inner = &p->g->nodes.data[i];
    for (uint32_t k = 0; k < inner->n_args; k++) {
      capture(p, opener, node_args(p->g, inner)[k]);
    }
  }
  s->n_captures = (uint32_t)p->code->captures.n - s->first_capture;
}

static void end_captures(vec_planner *p, const vec_structure *s)
{
  for (uint32_t k = 0; k < s->n_captures && !p->failed; k++) {
    vec_shadow shadow = p->shadows.data[--p->shadows.n];
    give_back(p, p->code->value[shadow.value]);
    p->code->value[shadow.value] = shadow.outer;
  }
}

static void add_pass(vec_planner *p, vec_pass pass)
{
  if (p->failed || !vec_room(&p->allocator, &p->code->passes, 1)) {
    p->failed = true;
    return;
  }
  p->code->passes.data[p->code->passes.n++] = pass;
}

static vec_pass pass_of(const vec_planner *p, uint32_t v, uint32_t to)
{
  return (vec_pass){.from = reg(p, v),
                    .to = to,
                    .size = size_of(p, v),
                    .is_scalar = is_scalar(p, v),
                    .array = VEC_NONE,
                    .temporary = VEC_NONE};
}

static void open_structure(vec_planner *p, uint32_t i, vec_structure *s)
{
  *s = (vec_structure){.node = i, .count = VEC_NONE};
  s->lanes = take_register(p, 2);
  s->positions = take_register(p, 2);
  s->mask = take_register(p, 0);
  s->done = take_register(p, 0);
}

static void close_structure(vec_planner *p, const vec_structure *s)
{
  give_back(p, s->lanes);
  give_back(p, s->positions);
  give_back(p, s->mask);
  give_back(p, s->done);
}

static uint32_t here(const vec_planner *p)
{
  return (uint32_t)p->code->instrs.n;
}

static uint32_t reserve_structure(vec_planner *p)
{
  if (p->failed || !vec_room(&p->allocator, &p->code->structures, 1)) {
    p->failed = true;
    return 0;
  }
  return (uint32_t)p->code->structures.n++;
}

/* ---- loops ---- */

/* Whether what is yielded can change places with the carried register: it is made in the loop and yielded once. */
static bool can_swap(const vec_planner *p, const graph_node *loop, const graph_node *yield, uint32_t k)
{
  uint32_t v = node_args(p->g, yield)[k];
  if (p->is_hoisted[v] || v < loop->first_carried + loop->n_args || is_scalar(p, v) ||
      p->g->values.data[v].array_length > 0 || p->g->values.data[v].is_uniform) {
    return false;
  }
  for (uint32_t other = 0; other < loop->n_args; other++) {
    if (other != k && node_args(p->g, yield)[other] == v) {
      return false;
    }
  }
  return true;
}

static void yield_carried(vec_planner *p, const graph_node *loop, vec_body *step)
{
  const graph_node *yield = &p->g->nodes.data[loop->end];
  step->first_pass = (uint32_t)p->code->passes.n;
  step->n_passes = loop->n_args;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    uint32_t v = node_args(p->g, yield)[k], carried = loop->first_carried + k;
    vec_pass pass = pass_of(p, v, reg(p, carried));
    pass.is_swapped = can_swap(p, loop, yield, k);
    pass.array = p->g->values.data[v].array_length > 0 ? carried : VEC_NONE;
    if (!pass.is_swapped && pass.from != pass.to) {
      pass.temporary = take_register(p, pass.size);
    }
    add_pass(p, pass);
  }
  for (uint32_t k = 0; k < loop->n_args && !p->failed; k++) {
    uint32_t temporary = p->code->passes.data[step->first_pass + k].temporary;
    drop_temporaries(p, &temporary, 1);
  }
}

static void start_carried(vec_planner *p, const graph_node *loop, vec_structure *s)
{
  const uint32_t *args = node_args(p->g, loop);
  s->n_carried = loop->n_args;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    define(p, loop->first_carried + k);
    define(p, loop->first_result + k);
  }
  if (loop->n_results > loop->n_args) {
    s->count = define(p, loop->first_result + loop->n_args);
  }
  s->first_init = (uint32_t)p->code->passes.n;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    add_pass(p, pass_of(p, args[k], reg(p, loop->first_carried + k)));
  }
  s->first_result = (uint32_t)p->code->passes.n;
  for (uint32_t k = 0; k < loop->n_args; k++) {
    vec_pass pass = pass_of(p, loop->first_carried + k, reg(p, loop->first_result + k));
    pass.temporary = take_register(p, pass.size);
    pass.is_scalar = false;
    add_pass(p, pass);
  }
}

/* Values that the condition made and the step uses: they are packed with the carried ones in between. */
static void keep_for_step(vec_planner *p, const graph_node *loop, vec_structure *s)
{
  uint32_t end = vec_values_before(p->g, loop->mate), scope = p->g->values.data[loop->first_carried].scope;
  s->first_kept = (uint32_t)p->code->passes.n;
  for (uint32_t v = loop->first_carried + loop->n_args; v < end; v++) {
    const graph_value *value = &p->g->values.data[v];
    if (value->scope == scope && !value->is_uniform && !p->is_hoisted[v] && p->last_use[v] > loop->mate) {
      add_pass(p, pass_of(p, v, reg(p, v)));
    }
  }
  s->n_kept = (uint32_t)p->code->passes.n - s->first_kept;
}

/* Whether a loop is made of plain instructions alone. */
static bool is_calm(const vec_planner *p, const vec_structure *s)
{
  for (uint32_t i = s->bodies[0].first; i < s->bodies[1].end && !p->failed; i++) {
    if (p->code->instrs.data[i].kind >= VEC_I_LINEAR) {
      return false;
    }
  }
  for (uint32_t k = 0; k < s->n_carried && !p->failed; k++) {
    if (p->code->passes.data[s->bodies[1].first_pass + k].array != VEC_NONE) {
      return false;
    }
  }
  return true;
}

static void emit_loop(vec_planner *p, uint32_t i)
{
  const graph_node *loop = &p->g->nodes.data[i];
  uint32_t index = reserve_structure(p), test_value = node_args(p->g, &p->g->nodes.data[loop->mate])[0];
  vec_structure s;
  open_structure(p, i, &s);
  start_carried(p, loop, &s);
  add(p, VEC_I_LOOP, i)->structure = index;
  capture_all(p, i, &s);
  s.bodies[0].first = here(p);
  emit_nodes(p, i + 1, loop->mate);
  s.bodies[0].end = s.bodies[1].first = here(p);
  s.condition = reg(p, test_value);
  s.condition_is_scalar = is_scalar(p, test_value);
  keep_for_step(p, loop, &s);
  expire_after(p, loop->mate);
  emit_nodes(p, loop->mate + 1, loop->end);
  s.bodies[1].end = here(p);
  yield_carried(p, loop, &s.bodies[1]);
  s.is_calm = is_calm(p, &s);
  for (uint32_t k = 0; k < s.n_carried && !p->failed; k++) {
    uint32_t temporary = p->code->passes.data[s.first_result + k].temporary;
    drop_temporaries(p, &temporary, 1);
  }
  end_captures(p, &s);
  close_structure(p, &s);
  if (!p->failed) {
    p->code->structures.data[index] = s;
  }
}

/* ---- branches ---- */

static void emit_body(vec_planner *p, const graph_node *branch, uint32_t first, uint32_t body)
{
  uint32_t start = here(p), yield = first;
  while (p->g->nodes.data[yield].op != TG_OP_YIELD ||
         p->g->nodes.data[yield].mate != p->g->nodes.data[branch->end].mate) {
    yield++;
  }
  emit_nodes(p, first, yield);
  uint32_t end = here(p), first_pass = (uint32_t)p->code->passes.n;
  const graph_node *node = &p->g->nodes.data[yield];
  for (uint32_t k = 0; k < node->n_args; k++) {
    add_pass(p, pass_of(p, node_args(p->g, node)[k], reg(p, branch->first_result + k)));
  }
  if (yield != branch->end) {
    expire_after(p, yield);
  }
  if (!p->failed) {
    p->code->bodies.data[body] = (vec_body){start, end, first_pass, node->n_args};
  }
}

static void emit_branch(vec_planner *p, uint32_t i)
{
  const graph_node *branch = &p->g->nodes.data[i];
  uint32_t index = reserve_structure(p), temporaries[2];
  vec_structure s;
  open_structure(p, i, &s);
  uint32_t selector = as_index(p, i, node_args(p->g, branch)[0], temporaries);
  for (uint32_t k = 0; k < branch->n_results; k++) {
    define(p, branch->first_result + k);
  }
  vec_instr *instr = add(p, VEC_I_BRANCH, i);
  instr->structure = index;
  instr->a = selector;
  capture_all(p, i, &s);
  s.first_body = (uint32_t)p->code->bodies.n;
  s.n_bodies = branch->n_bodies;
  if (p->failed || !vec_room(&p->allocator, &p->code->bodies, s.n_bodies)) {
    p->failed = true;
    return;
  }
  p->code->bodies.n += s.n_bodies;
  for (uint32_t k = 0; k < branch->n_bodies; k++) {
    emit_body(p, branch, p->g->bodies.data[branch->first_body + k], s.first_body + k);
  }
  end_captures(p, &s);
  drop_temporaries(p, temporaries, 2);
  close_structure(p, &s);
  if (!p->failed) {
    p->code->structures.data[index] = s;
  }
}

/* ---- all nodes ---- */

static void emit_pure(vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  tg_type type = node->n_args > 0 ? type_of(p, node_args(p->g, node)[0]) : TG_BOOL;
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

static bool is_effect(const graph_node *node)
{
  return op_table[node->op].group == TG_GROUP_EFFECT;
}

/* Whether the present program has to make this node: values of the other one are there already. */
static bool is_wanted(const vec_planner *p, uint32_t i)
{
  const graph_node *node = &p->g->nodes.data[i];
  if (!(op_table[node->op].flags & TG_PURE)) {
    return is_effect(node);
  }
  return node->n_results > 0 && p->g->values.data[node->first_result].is_uniform == p->preparing;
}

static void emit_nodes(vec_planner *p, uint32_t first, uint32_t end)
{
  for (uint32_t i = first; i < end && !p->failed; i++) {
    const graph_node *node = &p->g->nodes.data[i];
    uint32_t last = i;
    if (node->op == TG_OP_LOOP || node->op == TG_OP_BRANCH) {
      last = node->end;
      node->op == TG_OP_LOOP ? emit_loop(p, i) : emit_branch(p, i);
    } else if (is_wanted(p, i)) {
      is_effect(node) ? emit_effect(p, i) : emit_pure(p, i);
    }
    expire_after(p, i);
    if (last != i) {
      expire_after(p, last);
      i = last;
    }
  }
}

/* Uniform values: the uniform block with its loops and branches, and uniform nodes wherever they stand. */
static void emit_prepare(vec_planner *p)
{
  uint32_t start = graph_main_start(p->g);
  p->preparing = true;
  p->code->prepare.first = here(p);
  emit_nodes(p, 0, start);
  for (uint32_t i = start; i < p->g->nodes.n && !p->failed; i++) {
    if (is_wanted(p, i) && !is_effect(&p->g->nodes.data[i])) {
      emit_pure(p, i);
    }
  }
  p->code->prepare.end = here(p);
  p->preparing = false;
}

static void emit_main(vec_planner *p)
{
  uint32_t start = graph_main_start(p->g);
  p->code->main.first = here(p);
  for (uint32_t i = start; i < p->g->nodes.n; i++) {
    if (p->g->nodes.data[i].op == TG_OP_LOAD || p->g->nodes.data[i].op == TG_OP_IOTA) {
      emit_source(p, i);
    }
  }
  emit_nodes(p, start, (uint32_t)p->g->nodes.n);
  p->code->main.end = here(p);
}

bool vec_emit(vec_code *code)
{
  vec_planner p = {.code = code, .g = code->graph, .allocator = code->context->allocator};
  if (vec_plan(&p)) {
    emit_prepare(&p);
    emit_main(&p);
  } else {
    p.failed = true;
  }
  vec_plan_free(&p);
  return !p.failed;
}
