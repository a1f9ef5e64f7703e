/* strips.c: how many lanes a strip has. A kernel call costs as much as some hundred elements of simple work, so strips
 * are long; but all that a strip works on should stay in the first cache, and the memory of one thread with all else
 * that it needs should fit in the 64 KiB of stack that an invocation without a workspace has. Loops of many registers
 * are better off without that: lanes leave them, and a call for few lanes is mostly the call. */
#include "backend/vec/plan.h"

enum {
  STRIP_LEAST = 64,       /* lanes; a strip is a multiple of it */
  STREAM_BYTES = 24576,   /* of all registers */
  LOOP_BYTES = 45056,     /* the same where there are loops, which use a few registers again and again */
  DIVIDE_BYTES = 8192,    /* of a flat program with divisions: kernels overlap then, see below */
  MEMORY_BYTES = 49152,   /* with what is kept for each lane besides */
  LOOP_LANES = 512,       /* of a strip where there are loops, */
  LOOP_MEMORY = 1 << 18,  /* as long as the second cache has room for it */
  ARRAYS_BYTES = 1 << 20, /* of the arrays of all lanes, which may lie in the second cache */
  EFFECT_BYTES = 9,       /* fuel or trap record, and whether it trapped */
  FLAT_LANES = 1 << 20    /* of a flat program without registers */
};

/* Lanes of one of `parts` strips of a block. */
static size_t part_of_block(size_t parts)
{
  return (TG_BLOCK_LANES / parts + STRIP_LEAST - 1) & ~(size_t)(STRIP_LEAST - 1);
}

static size_t lane_bytes(const vec_code *code)
{
  size_t bytes = 1;
  for (size_t i = 0; i < code->registers.n; i++) {
    bytes += code->registers.data[i].place == VEC_STREAM ? (size_t)1 << code->registers.data[i].size : 0;
  }
  return bytes;
}

static size_t longest(size_t bytes, size_t most)
{
  size_t parts = 1;
  while (part_of_block(parts) > STRIP_LEAST && part_of_block(parts) * bytes > most) {
    parts++;
  }
  return part_of_block(parts);
}

/* Whether nothing but loads is done before the sinks: then, if all streams are used where they lie, a strip drives
 * nothing out of the cache. */
static bool is_bare(const vec_code *code)
{
  for (uint32_t i = code->main.first; i < code->main.end; i++) {
    if (code->instrs.data[i].kind != VEC_I_LOAD) {
      return false;
    }
  }
  return !code->has_effects;
}

static bool divides(const vec_code *code)
{
  for (uint32_t i = code->flat.first; i < code->flat.end; i++) {
    uint32_t node = code->instrs.data[i].node;
    int op = node == VEC_NONE ? -1 : code->graph->nodes.data[node].op;
    if (op == TG_OP_DIV || op == TG_OP_SQRT) {
      return true;
    }
  }
  return false;
}

/* Where no register of the flat program has memory, any strip will do. A processor looks some hundred instructions
 * ahead: with short strips it starts on the next kernel while the divider, which is slow, still works on this one. */
static size_t flat_lanes(const vec_code *code)
{
  size_t lanes = FLAT_LANES;
  for (uint32_t i = code->flat.first; i < code->flat.end; i++) {
    lanes = code->registers.data[code->instrs.data[i].out].place != VEC_ELSEWHERE ? code->strip : lanes;
  }
  size_t few = longest(lane_bytes(code), DIVIDE_BYTES);
  return lanes < FLAT_LANES && few < lanes && divides(code) ? few : lanes;
}

void strips_choose(vec_code *code, size_t wanted)
{
  if (wanted > 0) {
    code->strip = code->flat_strip = code->bare_strip = wanted;
    return;
  }
  size_t bytes = lane_bytes(code), kept = bytes + (code->has_effects ? EFFECT_BYTES : 0);
  size_t in_cache = longest(bytes, code->structures.n > 0 ? LOOP_BYTES : STREAM_BYTES);
  size_t in_memory = longest(kept, MEMORY_BYTES);
  code->strip = in_cache < in_memory ? in_cache : in_memory;
  if (code->structures.n > 0 && code->strip < LOOP_LANES) {
    size_t in_second = longest(kept, LOOP_MEMORY);
    code->strip = in_second < LOOP_LANES ? in_second : LOOP_LANES;
  }
  while (code->strip > 1 && code->strip * code->array_bytes > ARRAYS_BYTES) {
    code->strip /= 2;
  }
  code->flat_strip = flat_lanes(code);
  code->bare_strip = is_bare(code) ? TG_BLOCK_LANES : code->strip;
}

size_t strips_lanes(const vec_code *code, const unsigned char *ways)
{
  for (uint32_t i = code->main.first; i < code->main.end && code->bare_strip > code->strip; i++) {
    if (ways[code->graph->nodes.data[code->instrs.data[i].node].operand] != VEC_DIRECT) {
      return code->strip;
    }
  }
  return code->bare_strip;
}
