/* frame.c: how code made by LLVM reaches the frame, memory and the helpers in C. */
#include "backend/llvm/emit.h"

#include <stddef.h>
#include <string.h>

LLVMValueRef jit_offset(jit_emitter *e, LLVMBuilderRef at, LLVMValueRef pointer, LLVMValueRef bytes)
{
  return LLVMBuildGEP2(at, jit_int(e, 8), pointer, &bytes, 1, "");
}

LLVMValueRef jit_field(jit_emitter *e, LLVMBuilderRef at, size_t offset, LLVMTypeRef type)
{
  LLVMValueRef address = jit_offset(e, at, e->frame, LLVMConstInt(jit_int(e, 64), offset, 0));
  return type == NULL ? address : LLVMBuildLoad2(at, type, address, "");
}

LLVMValueRef jit_room(jit_emitter *e, LLVMTypeRef type)
{
  /* Before all else in the first block, so that LLVM gives it a fixed place. */
  LLVMBuilderRef at = LLVMCreateBuilderInContext(e->context);
  LLVMBasicBlockRef block = LLVMGetEntryBasicBlock(e->function);
  LLVMValueRef first = LLVMGetFirstInstruction(block);
  if (first == NULL) {
    LLVMPositionBuilderAtEnd(at, block);
  } else {
    LLVMPositionBuilderBefore(at, first);
  }
  LLVMValueRef room = LLVMBuildAlloca(at, type, "");
  LLVMSetAlignment(room, 64);
  LLVMDisposeBuilder(at);
  return room;
}

LLVMValueRef jit_scratch(jit_emitter *e, size_t offset)
{
  LLVMValueRef scratch = JIT_FIELD(e, e->top, scratch, LLVMPointerTypeInContext(e->context, 0));
  return jit_offset(e, e->top, scratch, LLVMConstInt(jit_int(e, 64), offset, 0));
}

static bool is_bool(LLVMTypeRef type)
{
  LLVMTypeRef element = LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetElementType(type) : type;
  return LLVMGetTypeKind(element) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(element) == 1;
}

LLVMTypeRef jit_memory_type(const jit_emitter *e, LLVMTypeRef type)
{
  if (!is_bool(type)) {
    return type;
  }
  return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMVectorType(jit_int(e, 8), LLVMGetVectorSize(type))
                                                     : jit_int(e, 8);
}

LLVMValueRef jit_load(jit_emitter *e, LLVMTypeRef type, LLVMValueRef pointer, unsigned align)
{
  LLVMTypeRef memory = jit_memory_type(e, type);
  LLVMValueRef v = LLVMBuildLoad2(e->b, memory, pointer, "");
  LLVMSetAlignment(v, align);
  return is_bool(type) ? jit_mask(e, LLVMBuildICmp(e->b, LLVMIntNE, v, LLVMConstNull(memory), ""), 8) : v;
}

LLVMValueRef jit_store(jit_emitter *e, LLVMValueRef v, LLVMValueRef pointer, unsigned align)
{
  LLVMTypeRef type = LLVMTypeOf(v);
  if (is_bool(type)) {
    v = LLVMBuildZExt(e->b, v, jit_memory_type(e, type), "");
  }
  LLVMValueRef store = LLVMBuildStore(e->b, v, pointer);
  LLVMSetAlignment(store, align);
  return store;
}

/* ---- under a mask ---- */

/* A mask as memory wants it, for a vector of some type. */
static LLVMValueRef memory_mask(jit_emitter *e, LLVMTypeRef type)
{
  LLVMTypeRef element = LLVMGetElementType(type);
  LLVMTypeKind kind = LLVMGetTypeKind(element);
  unsigned bits = kind == LLVMIntegerTypeKind ? LLVMGetIntTypeWidth(element) : kind == LLVMFloatTypeKind ? 32 : 64;
  return jit_bits(e, jit_resize_mask(e, e->part, bits));
}

static LLVMValueRef call_masked(jit_emitter *e, const char *name, LLVMTypeRef type, LLVMValueRef *args)
{
  LLVMTypeRef types[2] = {type, LLVMPointerTypeInContext(e->context, 0)};
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  return LLVMBuildCall2(e->b, LLVMIntrinsicGetType(e->context, id, types, 2),
                        LLVMGetIntrinsicDeclaration(e->module, id, types, 2), args, 4, "");
}

LLVMValueRef jit_load_part(jit_emitter *e, LLVMTypeRef type, LLVMValueRef pointer)
{
  if (e->part == NULL) {
    return jit_load(e, type, pointer, 1);
  }
  LLVMTypeRef memory = jit_memory_type(e, type);
  LLVMValueRef args[4] = {pointer, LLVMConstInt(jit_int(e, 32), 1, 0), memory_mask(e, memory), LLVMConstNull(memory)};
  LLVMValueRef v = call_masked(e, "llvm.masked.load", memory, args);
  return is_bool(type) ? jit_mask(e, LLVMBuildICmp(e->b, LLVMIntNE, v, LLVMConstNull(memory), ""), 8) : v;
}

/* A group's elements are as many bytes as a power of two says, and begin where a line does or is cut so. */
static void go_past_caches(jit_emitter *e, LLVMValueRef store, unsigned bytes)
{
  LLVMMetadataRef one = LLVMValueAsMetadata(LLVMConstInt(jit_int(e, 32), 1, 0));
  LLVMSetAlignment(store, bytes < JIT_LINE ? bytes : JIT_LINE);
  LLVMSetMetadata(store, LLVMGetMDKindIDInContext(e->context, "nontemporal", 11),
                  LLVMMetadataAsValue(e->context, LLVMMDNodeInContext2(e->context, &one, 1)));
}

void jit_store_part(jit_emitter *e, LLVMValueRef v, LLVMValueRef pointer)
{
  if (e->part == NULL) {
    LLVMValueRef store = jit_store(e, v, pointer, 1);
    if (e->variant == JIT_PAST) {
      go_past_caches(e, store, LLVMGetVectorSize(LLVMTypeOf(v)) * jit_element_bits(v) / 8);
    }
    return;
  }
  LLVMTypeRef type = LLVMTypeOf(v);
  LLVMValueRef args[4] = {v, pointer, LLVMConstInt(jit_int(e, 32), 1, 0), memory_mask(e, type)};
  call_masked(e, "llvm.masked.store", type, args);
}

/* ---- for helpers ---- */

LLVMValueRef jit_spill(jit_emitter *e, LLVMValueRef v)
{
  LLVMValueRef room = jit_room(e, jit_memory_type(e, LLVMTypeOf(v)));
  jit_store(e, v, room, 16);
  return room;
}

void jit_help(jit_emitter *e, jit_helper_id id, uint64_t node, LLVMValueRef *addresses, unsigned n)
{
  LLVMTypeRef pointer = LLVMPointerTypeInContext(e->context, 0), word = jit_int(e, 64);
  LLVMTypeRef types[7] = {pointer, word, word, pointer, pointer, pointer, pointer};
  LLVMTypeRef signature = LLVMFunctionType(LLVMVoidTypeInContext(e->context), types, 7, 0);
  LLVMValueRef table = JIT_FIELD(e, e->b, helpers, pointer);
  LLVMValueRef at = jit_offset(e, e->b, table, LLVMConstInt(word, (uint64_t)id * sizeof(jit_helper), 0));
  LLVMValueRef function = LLVMBuildLoad2(e->b, pointer, at, "");
  LLVMValueRef args[7] = {e->frame, LLVMConstInt(word, node, 0), LLVMConstInt(word, e->n_lanes, 0)};
  for (unsigned i = 0; i < 4; i++) {
    args[3 + i] = i < n && addresses[i] != NULL ? addresses[i] : LLVMConstNull(pointer);
  }
  LLVMBuildCall2(e->b, signature, function, args, 7, "");
}
