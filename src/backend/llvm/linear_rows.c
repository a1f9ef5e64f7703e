/* linear_rows.c: y = M x + c for large maps and for rings that vectors have no instructions of: loops over rows and
 * their entries, for all lanes of a group at once. In: rows as lists of columns and places of entries, which are
 * constants of the module, and entries as `prepare` left them; x lies on the stack, one vector for each column, and 1
 * as the last column, which c is the factor of. Out: y, on the stack first. */
#include "backend/llvm/emit.h"

typedef struct rows {
  const graph_node *node;
  tg_ring ring;
  tg_type type;
  LLVMTypeRef element, vector;       /* what is computed with: of GF(2) words, modulo P 64 bits, else values */
  LLVMValueRef x, y;                 /* vectors in memory */
  LLVMValueRef ends, columns, slots; /* of each row, where its entries end, from its first; of each entry */
} rows;

static LLVMValueRef word(const jit_emitter *e, uint64_t value)
{
  return LLVMConstInt(jit_int(e, 64), value, 0);
}

/* ---- tables ---- */

static uint32_t count_rows(const rows *r)
{
  return r->ring == TG_RING_GF2 ? r->node->n_results * type_table[r->type].bits : r->node->n_results;
}

static void add_tables(jit_emitter *e, rows *r)
{
  const tg_entry *entries = node_entries(e->g, r->node);
  size_t n_rows = count_rows(r), n = r->node->n_entries, room = n_rows + 1 + 2 * n;
  uint32_t *ends = alloc_zeroed(&e->allocator, room, sizeof *ends);
  if (ends == NULL) {
    e->failed = true;
    return;
  }
  uint32_t *columns = ends + n_rows + 1, *slots = columns + n;
  for (size_t k = 0; k < n; k++) { /* entries come row by row */
    ends[entries[k].row + 1] = (uint32_t)k + 1;
    columns[k] = entries[k].column;
    slots[k] = e->code->slots[entries[k].value];
  }
  for (size_t row = 0; row < n_rows; row++) {
    ends[row + 1] = ends[row + 1] < ends[row] ? ends[row] : ends[row + 1];
  }
  r->ends = jit_add_bytes(e, ends, (n_rows + 1) * sizeof *ends);
  r->columns = jit_add_bytes(e, columns, n * sizeof *columns);
  r->slots = jit_add_bytes(e, slots, n * sizeof *slots);
  alloc_free(&e->allocator, ends, room, sizeof *ends);
}

/* An element of a list of u32, as a word. */
static LLVMValueRef listed(jit_emitter *e, LLVMValueRef list, LLVMValueRef at)
{
  LLVMTypeRef type = jit_int(e, 32);
  LLVMValueRef v = LLVMBuildLoad2(e->b, type, LLVMBuildGEP2(e->b, type, list, &at, 1, ""), "");
  return LLVMBuildZExt(e->b, v, jit_int(e, 64), "");
}

static LLVMValueRef vector_at(jit_emitter *e, const rows *r, LLVMValueRef list, LLVMValueRef at)
{
  return LLVMBuildGEP2(e->b, r->vector, list, &at, 1, "");
}

/* ---- arithmetic ---- */

static LLVMValueRef modulus(const rows *r, LLVMValueRef like)
{
  return jit_const_int(LLVMTypeOf(like), r->node->imm);
}

static LLVMValueRef entry_at(jit_emitter *e, const rows *r, LLVMValueRef k)
{
  LLVMValueRef uniforms = JIT_FIELD(e, e->top, uniforms, LLVMPointerTypeInContext(e->context, 0));
  LLVMValueRef slot = listed(e, r->slots, k), v;
  v = LLVMBuildLoad2(e->b, jit_int(e, 64), LLVMBuildGEP2(e->b, jit_int(e, 64), uniforms, &slot, 1, ""), "");
  if (r->ring == TG_RING_MOD) {
    return jit_spread(e, LLVMBuildURem(e->b, v, modulus(r, v), ""));
  }
  unsigned bits = 8u * element_bytes(r->type);
  v = bits < 64 ? LLVMBuildTrunc(e->b, v, jit_int(e, bits), "") : v;
  return jit_spread(e, LLVMBuildBitCast(e->b, v, r->element, ""));
}

/* Both factors are below 2^32, and so are the sums. */
static LLVMValueRef add_modulo(jit_emitter *e, const rows *r, LLVMValueRef sum, LLVMValueRef v, LLVMValueRef x)
{
  LLVMValueRef half = jit_const_int(LLVMTypeOf(x), UINT32_MAX), m = modulus(r, x);
  LLVMValueRef term = LLVMBuildMul(e->b, LLVMBuildAnd(e->b, v, half, ""), LLVMBuildAnd(e->b, x, half, ""), "");
  sum = LLVMBuildAdd(e->b, sum, LLVMBuildURem(e->b, term, m, ""), "");
  LLVMValueRef less = LLVMBuildSub(e->b, sum, m, "");
  return LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, LLVMIntULT, sum, m, ""), sum, less, "");
}

static LLVMValueRef add_entry(jit_emitter *e, const rows *r, LLVMValueRef sum, LLVMValueRef k)
{
  LLVMValueRef v = entry_at(e, r, k), x = jit_load(e, r->vector, vector_at(e, r, r->x, listed(e, r->columns, k)), 1);
  switch ((int)r->ring) {
  case TG_RING_GF2: return LLVMBuildXor(e->b, sum, LLVMBuildAnd(e->b, v, x, ""), "");
  case TG_RING_MOD: return add_modulo(e, r, sum, v, x);
  case TG_RING_FLOAT: return LLVMBuildFAdd(e->b, sum, LLVMBuildFMul(e->b, v, x, ""), "");
  default: return LLVMBuildAdd(e->b, sum, LLVMBuildMul(e->b, v, x, ""), "");
  }
}

/* ---- loops ---- */

/* -0 is what changes no first term of floats; a row without entries is 0. */
static LLVMValueRef sum_of_row(jit_emitter *e, const rows *r, LLVMValueRef row)
{
  LLVMTypeRef type = jit_int(e, 64);
  LLVMValueRef next_row = LLVMBuildAdd(e->b, row, word(e, 1), "");
  LLVMValueRef begin = listed(e, r->ends, row), end = listed(e, r->ends, next_row), zero = LLVMConstNull(r->vector);
  LLVMValueRef start = r->ring == TG_RING_FLOAT ? jit_const_real(r->vector, -0.0) : zero;
  LLVMBasicBlockRef before = LLVMGetInsertBlock(e->b), entry = jit_block(e, "entry"), after = jit_block(e, "row_end");
  LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntULT, begin, end, ""), entry, after);
  LLVMValueRef k = jit_open_phi(e, entry, begin, before), sum = jit_open_phi(e, entry, start, before);
  LLVMPositionBuilderAtEnd(e->b, entry);
  LLVMValueRef next = add_entry(e, r, sum, k), next_k = LLVMBuildAdd(e->b, k, LLVMConstInt(type, 1, 0), "");
  jit_close_phi(e, k, next_k);
  jit_close_phi(e, sum, next);
  LLVMBasicBlockRef last = LLVMGetInsertBlock(e->b);
  LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntULT, next_k, end, ""), entry, after);
  LLVMMoveBasicBlockAfter(after, last);
  LLVMPositionBuilderAtEnd(e->b, after);
  LLVMValueRef all = LLVMBuildPhi(e->b, r->vector, ""), from[2] = {zero, next};
  LLVMBasicBlockRef blocks[2] = {before, last};
  LLVMAddIncoming(all, from, blocks, 2);
  return all;
}

/* Of GF(2), a row is a bit of a word of y: whether an odd number of products is 1. */
static void keep_row(jit_emitter *e, const rows *r, LLVMValueRef row, LLVMValueRef sum)
{
  if (r->ring != TG_RING_GF2) {
    jit_store(e, sum, vector_at(e, r, r->y, row), 1);
    return;
  }
  LLVMValueRef bits = word(e, type_table[r->type].bits), shift = LLVMBuildURem(e->b, row, bits, "");
  LLVMValueRef at = vector_at(e, r, r->y, LLVMBuildUDiv(e->b, row, bits, ""));
  LLVMValueRef odd = jit_intrinsic(e, "llvm.ctpop", r->vector, &sum, 1);
  odd = LLVMBuildAnd(e->b, odd, jit_const_int(r->vector, 1), "");
  shift = LLVMBuildIntCast2(e->b, shift, r->element, 0, "");
  odd = LLVMBuildShl(e->b, odd, jit_spread(e, shift), "");
  jit_store(e, LLVMBuildOr(e->b, jit_load(e, r->vector, at, 1), odd, ""), at, 1);
}

static void emit_rows(jit_emitter *e, const rows *r)
{
  LLVMBasicBlockRef before = LLVMGetInsertBlock(e->b), begin = jit_block(e, "row"), after = jit_block(e, "rows_end");
  LLVMBuildBr(e->b, begin);
  LLVMValueRef row = jit_open_phi(e, begin, word(e, 0), before);
  LLVMPositionBuilderAtEnd(e->b, begin);
  keep_row(e, r, row, sum_of_row(e, r, row));
  LLVMValueRef next = LLVMBuildAdd(e->b, row, word(e, 1), "");
  jit_close_phi(e, row, next);
  LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntULT, next, word(e, count_rows(r)), ""), begin, after);
  LLVMMoveBasicBlockAfter(after, LLVMGetInsertBlock(e->b));
  LLVMPositionBuilderAtEnd(e->b, after);
}

/* ---- x and y ---- */

static LLVMValueRef as_factor(jit_emitter *e, const rows *r, uint32_t v)
{
  LLVMValueRef x = jit_wide(e, v);
  if (r->ring != TG_RING_MOD) {
    return x;
  }
  x = type_table[r->type].bits < 64 ? LLVMBuildZExt(e->b, x, r->vector, "") : x;
  return LLVMBuildURem(e->b, x, modulus(r, x), "");
}

static void put_factors(jit_emitter *e, const rows *r)
{
  bool is_float = r->ring == TG_RING_FLOAT;
  for (uint32_t k = 0; k < r->node->n_args; k++) {
    jit_store(e, as_factor(e, r, node_args(e->g, r->node)[k]), vector_at(e, r, r->x, word(e, k)), 1);
  }
  LLVMValueRef one = is_float ? jit_const_real(r->vector, 1)
                              : jit_const_int(r->vector, r->node->imm == 1 && r->ring == TG_RING_MOD ? 0 : 1);
  jit_store(e, one, vector_at(e, r, r->x, word(e, r->node->n_args)), 1);
  for (uint32_t k = 0; k < r->node->n_results; k++) {
    jit_store(e, LLVMConstNull(r->vector), vector_at(e, r, r->y, word(e, k)), 1);
  }
}

static LLVMValueRef result(jit_emitter *e, const rows *r, uint32_t k)
{
  LLVMValueRef y = jit_load(e, r->vector, vector_at(e, r, r->y, word(e, k)), 1);
  if (r->ring == TG_RING_MOD && type_table[r->type].bits < 64) {
    y = LLVMBuildTrunc(e->b, y, jit_like(y, jit_int(e, type_table[r->type].bits)), "");
  }
  return y;
}

void jit_emit_rows(jit_emitter *e, const graph_node *node)
{
  rows r = {.node = node, .ring = node_ring(node), .type = jit_type(e, node->first_result)};
  r.element = r.ring == TG_RING_MOD ? jit_int(e, 64) : jit_scalar_type(e, r.type);
  r.vector = jit_vector(r.element, e->n_lanes);
  add_tables(e, &r);
  if (e->failed) {
    return;
  }
  r.x = jit_room(e, LLVMArrayType2(r.vector, (uint64_t)node->n_args + 1));
  r.y = jit_room(e, LLVMArrayType2(r.vector, node->n_results));
  put_factors(e, &r);
  emit_rows(e, &r);
  for (uint32_t k = 0; k < node->n_results; k++) {
    e->values[node->first_result + k] = result(e, &r, k);
  }
}
