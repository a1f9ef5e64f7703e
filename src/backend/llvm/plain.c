/* plain.c: which graphs need little around their code: those without loops, traps, reductions and helpers. In: planned
 * code. Out: what plain_run.c has to know of it. */
#include "backend/llvm/code.h"

#include "base/machine.h"

/* More operations leave memory the time it takes, however outputs come to it. */
enum { SMALL_GRAPH = 16 };

static bool has_helpers(const jit_code *code)
{
  const tg_graph *g = code->graph;
  bool found = false;
  for (size_t i = graph_main_start(g); i < g->nodes.n; i++) {
    found |= jit_is_helped(code, &g->nodes.data[i]);
  }
  return found;
}

/* Masks of memory are for bytes where there are mask registers, for words of 32 and 64 bits with 32-byte vectors. */
static bool can_mask_memory(const jit_code *code)
{
  bool can = code->traits.has_mask_registers || code->traits.vector_bytes >= 32;
  for (size_t k = 0; k < code->graph->operands.n; k++) {
    unsigned bytes = mode_table[code->graph->operands.data[k].mode].bytes;
    can &= code->streams[k] == UINT32_MAX || code->traits.has_mask_registers || bytes >= 4;
  }
  return can;
}

/* Whether anything but params has to be made before lanes run. Constants of the uniform block are, and stages find all
 * constants there. */
static bool needs_preparing(const jit_code *code)
{
  const tg_graph *g = code->graph;
  bool found = code->stages.n > 0 || graph_main_start(g) > 0;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    bool is_uniform = node->n_results > 0 && g->values.data[node->first_result].is_uniform;
    found |= node->op == TG_OP_LINEAR || (is_uniform && node->op != TG_OP_CONST && node->op != TG_OP_PARAM);
  }
  return found;
}

static void list_streams(jit_code *code)
{
  const tg_graph *g = code->graph;
  uint64_t out_bytes = 0;
  unsigned widest = 1, narrowest = JIT_LINE;
  for (uint32_t k = 0; k < g->operands.n; k++) {
    const graph_operand *operand = &g->operands.data[k];
    if (code->streams[k] != UINT32_MAX) {
      unsigned bytes = mode_table[operand->mode].bytes;
      bool is_output = operand->kind == TG_OUTPUT;
      code->plain[code->n_plain++] = (plain_stream){k, bytes, is_output};
      widest = bytes > widest ? bytes : widest;
      narrowest = is_output && bytes < narrowest ? bytes : narrowest;
      out_bytes += is_output ? bytes : 0;
    }
  }
  code->page_lanes = JIT_PAGE_BYTES / widest;
  code->line_lanes = JIT_LINE / narrowest > code->n_lanes ? JIT_LINE / narrowest : code->n_lanes;
  code->past_lanes = code->line_lanes <= 2 * code->n_lanes ? code->line_lanes : code->n_lanes;
  code->cached_lanes = out_bytes == 0 ? UINT64_MAX : code->wish.goes_past ? 0 : machine_cache_bytes() / out_bytes;
}

static void list_params(jit_code *code)
{
  const tg_graph *g = code->graph;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const graph_node *node = &g->nodes.data[i];
    if (node->op == TG_OP_PARAM) {
      tg_mode mode = (tg_mode)g->operands.data[node->operand].mode;
      unsigned bytes = mode_table[mode].bytes;
      bool is_word = mode <= TG_MODE_F64 && bytes >= 4;
      code->params[code->n_params++] = (plain_param){node->operand, code->slots[node->first_result],
                                                     (uint16_t)(is_word ? bytes : 0), (uint16_t)mode};
    }
  }
}

void jit_choose_plain(jit_code *code)
{
  bool is_straight = code->wanted[JIT_FULL] && !code->wanted[JIT_MASKED];
  code->has_tail = is_straight && can_mask_memory(code);
  code->is_plain = code->has_tail && !has_helpers(code);
  code->wanted[JIT_PREPARE] = needs_preparing(code);
  list_streams(code);
  list_params(code);
  code->wanted[JIT_PAST] =
      code->is_plain && code->cached_lanes < UINT64_MAX && code->graph->nodes.n <= (size_t)SMALL_GRAPH;
}
