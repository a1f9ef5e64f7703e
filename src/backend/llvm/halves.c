/* halves.c: the halves of products of 32 by 32 bits, of which random numbers are made. A processor multiplies the even
 * elements of vectors of 32 bits to products of 64. So even and odd ones are multiplied by themselves, and each half is
 * put together from both; LLVM would widen all factors, narrow all halves, and multiply once for each of the two. */
#include "backend/llvm/emit.h"

/* By value: which half of a product it is; of a product: that the upper one is wanted. */
enum { NO_HALF, LOWER_HALF, UPPER_HALF, SPLIT_PRODUCT };

/* ---- what there is ---- */

static const graph_node *maker(const jit_code *code, uint32_t v)
{
  return code->makers[v] == 0 ? NULL : &code->graph->nodes.data[code->makers[v] - 1];
}

static tg_type type_of(const jit_code *code, uint32_t v)
{
  return (tg_type)code->graph->values.data[v].type;
}

static bool is_constant(const graph_node *node, uint64_t most)
{
  return node != NULL && node->op == TG_OP_CONST && node->imm <= most;
}

/* Whether a value of 64 bits is one of 32. */
static bool is_word(const jit_code *code, uint32_t v)
{
  const graph_node *node = maker(code, v);
  bool is_widened =
      node != NULL && node->op == TG_OP_CONVERT && type_of(code, node_args(code->graph, node)[0]) == TG_U32;
  return is_widened || is_constant(node, UINT32_MAX);
}

static bool is_product(const jit_code *code, uint32_t v)
{
  const graph_node *node = maker(code, v);
  if (node == NULL || node->op != TG_OP_MUL || type_of(code, v) != TG_U64) {
    return false;
  }
  const uint32_t *args = node_args(code->graph, node);
  return is_word(code, args[0]) && is_word(code, args[1]);
}

/* What a value is the upper 32 bits of; or itself. */
static uint32_t unshifted(const jit_code *code, uint32_t v)
{
  const graph_node *node = maker(code, v);
  if (node == NULL || node->op != TG_OP_SHR) {
    return v;
  }
  const uint32_t *args = node_args(code->graph, node);
  const graph_node *distance = maker(code, args[1]);
  return is_constant(distance, 32) && distance->imm == 32 ? args[0] : v;
}

static uint32_t product_of(const jit_code *code, const graph_node *half)
{
  return unshifted(code, node_args(code->graph, half)[0]);
}

static void find_half(const jit_code *code, const graph_node *node)
{
  if (node->op == TG_OP_CONVERT && node->type == (uint8_t)TG_U32 && is_product(code, product_of(code, node))) {
    bool is_upper = product_of(code, node) != node_args(code->graph, node)[0];
    code->halves[node->first_result] = is_upper ? UPPER_HALF : LOWER_HALF;
    code->halves[product_of(code, node)] |= is_upper ? SPLIT_PRODUCT : NO_HALF;
  }
}

void jit_find_halves(jit_code *code)
{
  const tg_graph *g = code->graph;
  for (uint32_t i = 0; i < g->nodes.n; i++) {
    if (g->nodes.data[i].n_results == 1) {
      code->makers[g->nodes.data[i].first_result] = i + 1;
    }
  }
  for (size_t i = 0; i < g->nodes.n; i++) {
    find_half(code, &g->nodes.data[i]);
  }
}

/* ---- code ---- */

/* A factor in each two lanes' 64 bits, the other bits zero. */
typedef struct factor {
  LLVMValueRef even, odd;
} factor;

static factor factor_of(jit_emitter *e, uint32_t word)
{
  const graph_node *node = maker(e->code, word);
  LLVMTypeRef pairs = LLVMVectorType(jit_int(e, 64), e->n_lanes / 2);
  if (node->op == TG_OP_CONST) {
    LLVMValueRef k = jit_const_int(pairs, node->imm);
    return (factor){k, k};
  }
  LLVMValueRef x = LLVMBuildBitCast(e->b, jit_wide(e, node_args(e->g, node)[0]), pairs, "");
  return (factor){LLVMBuildAnd(e->b, x, jit_const_int(pairs, UINT32_MAX), ""),
                  LLVMBuildLShr(e->b, x, jit_const_int(pairs, 32), "")};
}

/* What is widened may have been left in an earlier stage. */
static bool is_here(const jit_emitter *e, uint32_t word)
{
  const graph_node *node = maker(e->code, word);
  uint32_t v = node->op == TG_OP_CONST ? word : node_args(e->g, node)[0];
  return node->op == TG_OP_CONST || e->values[v] != NULL || e->g->values.data[v].is_uniform;
}

/* Elements of two vectors in turns, from a first one. */
static LLVMValueRef interleave(jit_emitter *e, LLVMValueRef even, LLVMValueRef odd, unsigned first)
{
  LLVMTypeRef words = LLVMVectorType(jit_int(e, 32), e->n_lanes);
  LLVMValueRef places[JIT_MAX_LANES];
  for (unsigned i = 0; i < e->n_lanes; i++) {
    places[i] = LLVMConstInt(jit_int(e, 32), i % 2 == 0 ? i + first : e->n_lanes + i - 1 + first, 0);
  }
  return LLVMBuildShuffleVector(e->b, LLVMBuildBitCast(e->b, even, words, ""), LLVMBuildBitCast(e->b, odd, words, ""),
                                LLVMConstVector(places, e->n_lanes), "");
}

/* Both halves of a product are made of the same instructions, which LLVM makes once. */
LLVMValueRef jit_half(jit_emitter *e, const graph_node *node)
{
#if defined(__x86_64__)
  uint8_t which = e->code->halves[node->first_result];
  if (which != LOWER_HALF && which != UPPER_HALF) {
    return NULL;
  }
  uint32_t product = product_of(e->code, node);
  if (e->code->halves[product] != SPLIT_PRODUCT || !jit_is_wide(jit_value(e, product))) {
    return NULL;
  }
  const uint32_t *args = node_args(e->g, maker(e->code, product));
  if (!is_here(e, args[0]) || !is_here(e, args[1])) {
    return NULL;
  }
  factor a = factor_of(e, args[0]), b = factor_of(e, args[1]);
  return interleave(e, LLVMBuildMul(e->b, a.even, b.even, ""), LLVMBuildMul(e->b, a.odd, b.odd, ""),
                    which == UPPER_HALF);
#else
  (void)e; /* multiplies halves of vectors to products as wide as both */
  (void)node;
  return NULL;
#endif
}
