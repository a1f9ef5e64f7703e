/* effects.c: traps and fuel, and which file makes which effect. A lane that traps is no longer alive: it goes on, but
 * leaves nothing. */
#include "backend/llvm/emit.h"

void jit_trap(jit_emitter *e, LLVMValueRef lanes, uint64_t code, uint32_t position)
{
  lanes = jit_spread(e, lanes);
  jit_if branch = jit_begin_if(e, jit_any(e, lanes));
  LLVMValueRef addresses[2] = {NULL, jit_mask_bytes(e, lanes)};
  jit_help(e, JIT_H_TRAP, code << 32 | position, addresses, 2);
  jit_end_if(e, branch);
  LLVMValueRef alive = jit_without(e, e->alive, lanes);
  e->alive = e->alive == NULL ? alive : jit_fit(e, alive, LLVMTypeOf(e->alive));
}

static void emit_trap(jit_emitter *e, const graph_node *node)
{
  LLVMValueRef lanes = jit_both(e, jit_running(e), jit_value(e, node_args(e->g, node)[0]));
  jit_trap(e, lanes, node->imm, node->position);
}

static void emit_charge(jit_emitter *e, const graph_node *node)
{
  if (e->fuel == NULL) {
    return;
  }
  LLVMValueRef amount = jit_wide(e, node_args(e->g, node)[0]), running = jit_running(e);
  LLVMValueRef is_more = LLVMBuildICmp(e->b, LLVMIntUGT, amount, e->fuel, "");
  LLVMValueRef pay = jit_without(e, running, is_more);
  e->fuel = LLVMBuildSub(e->b, e->fuel, jit_select(e, pay, amount, LLVMConstNull(LLVMTypeOf(amount))), "");
  jit_trap(e, jit_both(e, running, is_more), TG_TRAP_FUEL, node->position);
}

void jit_emit_effect(jit_emitter *e, uint32_t i)
{
  const graph_node *node = &e->g->nodes.data[i];
  switch ((int)node->op) {
  case TG_OP_ARRAY: jit_emit_array(e, node); break;
  case TG_OP_ALOAD: jit_emit_aload(e, node); break;
  case TG_OP_ASTORE: jit_emit_astore(e, node); break;
  case TG_OP_TRAP: emit_trap(e, node); break;
  case TG_OP_CHARGE: emit_charge(e, node); break;
  default: break;
  }
}
