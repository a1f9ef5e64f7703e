/* groups.c: the loop over groups of lanes, and what goes round it in registers. Where floats are summed, the code for
 * whole groups has a loop over blocks around it: at the end of a block the columns go into the trees of their sums, as
 * in backend/sum.h, and start again at +0. The lanes of a block that is not whole stay in the columns. */
#include "backend/llvm/emit.h"

#include "backend/sum.h"

#include <stddef.h>

static LLVMValueRef word(const jit_emitter *e, uint64_t value)
{
  return LLVMConstInt(jit_int(e, 64), value, 0);
}

LLVMValueRef jit_all_groups(jit_emitter *e)
{
  return LLVMBuildMul(e->top, JIT_FIELD(e, e->top, n_groups, jit_int(e, 64)), word(e, e->n_lanes), "");
}

/* A phi at the end of a block in which there are phis alone; what is being filled stays so. */
static LLVMValueRef add_phi(jit_emitter *e, LLVMBasicBlockRef at, LLVMValueRef start, LLVMBasicBlockRef from)
{
  LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b);
  LLVMPositionBuilderAtEnd(e->b, at);
  LLVMValueRef phi = LLVMBuildPhi(e->b, LLVMTypeOf(start), "");
  LLVMAddIncoming(phi, &start, &from, 1);
  LLVMPositionBuilderAtEnd(e->b, here);
  return phi;
}

/* Lines of several pages in turns: of lane numbers, which begin with the number of the page, then of the line in it,
 * these two are exchanged. */
static LLVMValueRef in_turns(jit_emitter *e, LLVMValueRef lane)
{
  uint64_t page = e->code->page_lanes, n = e->code->line_lanes;
  LLVMValueRef pages = LLVMBuildAnd(e->b, lane, word(e, ~(JIT_PAGES * page - 1)), "");
  LLVMValueRef which = LLVMBuildAnd(e->b, lane, word(e, (JIT_PAGES - 1) * n), "");
  LLVMValueRef group = LLVMBuildUDiv(e->b, lane, word(e, JIT_PAGES), "");
  group = LLVMBuildAnd(e->b, group, word(e, page - n), "");
  group = LLVMBuildOr(e->b, group, LLVMBuildAnd(e->b, lane, word(e, n - e->n_lanes), ""), "");
  lane = LLVMBuildOr(e->b, pages, LLVMBuildMul(e->b, which, word(e, page / n), ""), "");
  return LLVMBuildOr(e->b, lane, group, "");
}

void jit_open_groups(jit_emitter *e)
{
  LLVMBasicBlockRef top = LLVMGetInsertBlock(e->top), body = LLVMGetInsertBlock(e->b);
  bool joins = e->variant == JIT_FULL && e->code->joins_blocks;
  e->block = joins ? jit_block(e, "block") : NULL;
  e->block_start = joins ? add_phi(e, e->block, word(e, 0), top) : NULL;
  e->turn = joins ? add_phi(e, body, e->block_start, e->block) : add_phi(e, body, word(e, 0), top);
  e->group = e->variant == JIT_PAST ? in_turns(e, e->turn) : e->turn;
}

size_t jit_accumulate(jit_emitter *e, LLVMValueRef start, LLVMValueRef address)
{
  if (!vec_room(&e->allocator, &e->accumulators, 1)) {
    e->failed = true;
    return SIZE_MAX;
  }
  jit_accumulator a = {.address = address, .tree = JIT_NO_TREE};
  LLVMBasicBlockRef body = LLVMGetInsertBlock(e->b), top = LLVMGetInsertBlock(e->top);
  a.outer = e->block == NULL ? NULL : add_phi(e, e->block, start, top);
  a.phi = e->block == NULL ? add_phi(e, body, start, top) : add_phi(e, body, a.outer, e->block);
  a.next = a.phi;
  e->accumulators.data[e->accumulators.n] = a;
  return e->accumulators.n++;
}

/* ---- blocks ---- */

/* How far lanes are from the start of a block. */
static LLVMValueRef lane_of_block(jit_emitter *e, LLVMValueRef lanes)
{
  LLVMValueRef lane = LLVMBuildAdd(e->b, lanes, JIT_FIELD(e, e->top, block_lane, jit_int(e, 64)), "");
  return LLVMBuildAnd(e->b, lane, word(e, TG_BLOCK_LANES - 1), "");
}

/* Fills the block that begins a block of lanes. Gives where its groups end. */
static LLVMValueRef begin_block(jit_emitter *e, LLVMBasicBlockRef body)
{
  LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b);
  LLVMPositionBuilderAtEnd(e->b, e->block);
  LLVMValueRef rest = LLVMBuildSub(e->b, word(e, TG_BLOCK_LANES), lane_of_block(e, e->block_start), "");
  LLVMValueRef end = LLVMBuildAdd(e->b, e->block_start, rest, ""), all = jit_all_groups(e);
  end = LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, LLVMIntULT, end, all, ""), end, all, "");
  LLVMBuildBr(e->b, body);
  LLVMPositionBuilderAtEnd(e->b, here);
  return end;
}

static LLVMValueRef tree_field(jit_emitter *e, size_t tree, size_t offset)
{
  return jit_scratch(e, e->code->trees + tree * sum_tree_bytes(SUM_TILE_LEVELS) + offset);
}

static LLVMValueRef level_of(jit_emitter *e, size_t tree, LLVMValueRef level)
{
  LLVMValueRef way = LLVMBuildMul(e->b, level, word(e, sizeof(sum_columns)), "");
  return jit_offset(e, e->b, tree_field(e, tree, offsetof(sum_tree, levels)), way);
}

/* As long as the lowest bit of the number of blocks is set, columns join those of the level; `phis` are of the columns.
 * Gives the level where they stay. */
static LLVMValueRef climb(jit_emitter *e, LLVMValueRef n_blocks, LLVMValueRef *phis)
{
  LLVMBasicBlockRef from = LLVMGetInsertBlock(e->b), test = jit_block(e, "climb"), join = jit_block(e, "join"),
                    stay = jit_block(e, "stay");
  LLVMValueRef level = add_phi(e, test, word(e, 0), from), rest = add_phi(e, test, n_blocks, from);
  for (size_t k = 0; k < e->accumulators.n; k++) {
    const jit_accumulator *a = &e->accumulators.data[k];
    phis[k] = a->tree == JIT_NO_TREE ? NULL : add_phi(e, test, a->next, from);
  }
  LLVMBuildBr(e->b, test);
  LLVMPositionBuilderAtEnd(e->b, test);
  LLVMValueRef bit = LLVMBuildAnd(e->b, rest, word(e, 1), "");
  LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntEQ, bit, word(e, 0), ""), stay, join);
  LLVMPositionBuilderAtEnd(e->b, join);
  for (size_t k = 0; k < e->accumulators.n; k++) {
    if (phis[k] != NULL) {
      LLVMValueRef before =
          jit_load(e, LLVMTypeOf(phis[k]), level_of(e, e->accumulators.data[k].tree, level), JIT_TREE_ALIGN);
      jit_close_phi(e, phis[k], LLVMBuildFAdd(e->b, before, phis[k], ""));
    }
  }
  jit_close_phi(e, rest, LLVMBuildLShr(e->b, rest, word(e, 1), ""));
  jit_close_phi(e, level, LLVMBuildAdd(e->b, level, word(e, 1), ""));
  LLVMBuildBr(e->b, test);
  LLVMPositionBuilderAtEnd(e->b, stay);
  return level;
}

/* A whole block is done: its columns go into the trees, all of which have seen as many blocks. */
static void push_block(jit_emitter *e, LLVMValueRef *room)
{
  LLVMValueRef n = LLVMBuildLoad2(e->b, jit_int(e, 64), tree_field(e, 0, offsetof(sum_tree, n_blocks)), "");
  LLVMValueRef level = climb(e, n, room), next = LLVMBuildAdd(e->b, n, word(e, 1), "");
  for (size_t k = 0; k < e->accumulators.n; k++) {
    size_t tree = e->accumulators.data[k].tree;
    if (tree != JIT_NO_TREE) {
      jit_store(e, room[k], level_of(e, tree, level), JIT_TREE_ALIGN);
      LLVMBuildStore(e->b, next, tree_field(e, tree, offsetof(sum_tree, n_blocks)));
    }
  }
}

/* After the last group of a block, or of all; the next block or the end. */
static void end_block(jit_emitter *e, LLVMValueRef lanes, LLVMValueRef *room)
{
  LLVMBasicBlockRef push = jit_block(e, "push"), joined = jit_block(e, "joined"), end = jit_block(e, "end");
  LLVMBasicBlockRef from = LLVMGetInsertBlock(e->b);
  LLVMValueRef is_whole = LLVMBuildICmp(e->b, LLVMIntEQ, lane_of_block(e, lanes), word(e, 0), "");
  LLVMBuildCondBr(e->b, is_whole, push, joined);
  LLVMPositionBuilderAtEnd(e->b, push);
  push_block(e, room);
  LLVMBasicBlockRef pushed = LLVMGetInsertBlock(e->b);
  LLVMBuildBr(e->b, joined);
  LLVMPositionBuilderAtEnd(e->b, joined);
  for (size_t k = 0; k < e->accumulators.n; k++) {
    jit_accumulator *a = &e->accumulators.data[k];
    if (a->tree != JIT_NO_TREE) {
      LLVMValueRef none = LLVMConstNull(LLVMTypeOf(a->next));
      a->next = add_phi(e, joined, a->next, from);
      LLVMAddIncoming(a->next, &none, &pushed, 1);
    }
    LLVMAddIncoming(a->outer, &a->next, &joined, 1);
  }
  LLVMAddIncoming(e->block_start, &lanes, &joined, 1);
  LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntULT, lanes, jit_all_groups(e), ""), e->block, end);
  LLVMPositionBuilderAtEnd(e->b, end);
}

static void join_blocks(jit_emitter *e, LLVMValueRef lanes)
{
  size_t n = e->accumulators.n;
  LLVMValueRef *room = alloc_zeroed(&e->allocator, n, sizeof *room);
  if (room == NULL) {
    e->failed = true;
    return;
  }
  end_block(e, lanes, room);
  alloc_free(&e->allocator, room, n, sizeof *room);
}

/* ---- the end ---- */

void jit_close_groups(jit_emitter *e, LLVMBasicBlockRef body)
{
  LLVMBasicBlockRef end = jit_block(e, "done"), from = LLVMGetInsertBlock(e->b);
  LLVMValueRef next = LLVMBuildAdd(e->b, e->turn, word(e, e->n_lanes), "");
  LLVMValueRef limit = e->block == NULL ? jit_all_groups(e) : begin_block(e, body);
  LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntULT, next, limit, ""), body, end);
  LLVMAddIncoming(e->turn, &next, &from, 1);
  for (size_t k = 0; k < e->accumulators.n; k++) {
    jit_accumulator *a = &e->accumulators.data[k];
    LLVMAddIncoming(a->phi, &a->next, &from, 1);
  }
  LLVMPositionBuilderAtEnd(e->b, end);
  if (e->block != NULL) {
    join_blocks(e, next);
  }
  for (size_t k = 0; k < e->accumulators.n; k++) {
    jit_accumulator *a = &e->accumulators.data[k];
    if (a->address != NULL) {
      LLVMSetAlignment(LLVMBuildStore(e->b, a->next, a->address), 16);
    }
  }
}
