/* cache.c: see cache.h. The key is a hash of all that the code is made from: the graph as a binary module, the wish,
 * the versions of Throng and LLVM, the bytes of the plug-in itself, and the processor with its features. A file has the
 * key and a checksum before the object; one that was changed, cut off or is another graph's is as good as none. The
 * object has no addresses: code finds all in its frame. */
#include "backend/llvm/cache.h"

#include "backend/llvm/guard.h"
#include "base/library.h"
#include "base/store.h"

#include <llvm-c/Core.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

typedef struct cache_head {
  char magic[8];
  uint64_t key[2], check[2], n;
} cache_head;

static const char magic[8] = {'T', 'h', 'r', 'o', 'n', 'g', 'J', '1'};

/* ---- the key ---- */

static void add(XXH3_state_t *state, const void *data, size_t n)
{
  XXH3_128bits_update(state, &n, sizeof n);
  XXH3_128bits_update(state, data, n);
}

static void add_text(XXH3_state_t *state, char *text)
{
  add(state, text, strlen(text));
  LLVMDisposeMessage(text);
}

/* The plug-in's own bytes; false if they cannot be read. Under jit_lock, once for a process. */
static bool add_plugin(XXH3_state_t *state)
{
  static bool is_read;
  static uint64_t hash;
  char path[4096], block[4096];
  if (!is_read && library_file(path, sizeof path)) {
    FILE *file = fopen(path, "rb");
    XXH3_state_t own;
    XXH3_64bits_reset(&own);
    for (size_t n = 1; file != NULL && n > 0; XXH3_64bits_update(&own, block, n)) {
      n = fread(block, 1, sizeof block, file);
    }
    is_read = file != NULL && ferror(file) == 0;
    hash = XXH3_64bits_digest(&own);
    if (file != NULL) {
      fclose(file);
    }
  }
  add(state, &hash, sizeof hash);
  return is_read;
}

void jit_cache_open(jit_cache *cache, const jit_code *code, const jit_target *target, const void *module, size_t bytes)
{
  XXH3_state_t state;
  unsigned version[6] = {TG_VERSION_MAJOR, TG_VERSION_MINOR, TG_VERSION_PATCH, 0, 0, 0};
  unsigned wish[4] = {code->wish.width, code->wish.is_huge, code->wish.counts, code->wish.form};
  XXH3_128bits_reset(&state);
  LLVMGetVersion(&version[3], &version[4], &version[5]);
  add(&state, version, sizeof version);
  add(&state, wish, sizeof wish);
  add_text(&state, LLVMGetTargetMachineTriple(target->machine));
  add_text(&state, LLVMGetTargetMachineCPU(target->machine));
  add_text(&state, LLVMGetTargetMachineFeatureString(target->machine));
  add(&state, module, bytes);
  jit_lock();
  cache->folder = add_plugin(&state) ? cache->folder : NULL;
  jit_unlock();
  XXH128_hash_t key = XXH3_128bits_digest(&state);
  cache->key[0] = key.low64;
  cache->key[1] = key.high64;
  snprintf(cache->name, sizeof cache->name, "%016llx%016llx.o", (unsigned long long)key.high64,
           (unsigned long long)key.low64);
}

/* ---- files ---- */

static cache_head head_of(const jit_cache *cache, const void *object, size_t n)
{
  XXH128_hash_t check = XXH3_128bits(object, n);
  cache_head head = {.key = {cache->key[0], cache->key[1]}, .check = {check.low64, check.high64}, .n = n};
  memcpy(head.magic, magic, sizeof magic);
  return head;
}

/* The bytes are LLVM's soon: they come from where its own memory does. Without memory there is no file. */
LLVMMemoryBufferRef jit_cache_load(const jit_cache *cache)
{
  size_t n;
  tg_allocator plain = alloc_default();
  LLVMMemoryBufferRef object = NULL;
  unsigned char *bytes = store_read(cache->folder, cache->name, &plain, &n);
  if (bytes == NULL) {
    return NULL;
  }
  if (n > sizeof(cache_head)) {
    const char *data = (const char *)bytes + sizeof(cache_head);
    cache_head wanted = head_of(cache, data, n - sizeof(cache_head));
    if (memcmp(&wanted, bytes, sizeof wanted) == 0) {
      object = LLVMCreateMemoryBufferWithMemoryRangeCopy(data, n - sizeof wanted, "throng");
    }
  }
  alloc_free(&plain, bytes, n, 1);
  return object;
}

void jit_cache_save(const jit_cache *cache, LLVMMemoryBufferRef object)
{
  store_bytes parts[2] = {{NULL, sizeof(cache_head)}, {LLVMGetBufferStart(object), LLVMGetBufferSize(object)}};
  cache_head head = head_of(cache, parts[1].data, parts[1].n);
  parts[0].data = &head;
  store_write(cache->folder, cache->name, parts);
}
