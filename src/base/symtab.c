/* symtab.c: names to numbers. At most two thirds of the slots are used, so a probe ends soon. */
#include "base/symtab.h"

#include <string.h>

void symtab_init(symtab *t, tg_allocator allocator)
{
  *t = (symtab){.allocator = allocator};
}

void symtab_free(symtab *t)
{
  alloc_free(&t->allocator, t->slots, t->n_slots, sizeof *t->slots);
  vec_free(&t->allocator, &t->keys);
  *t = (symtab){.allocator = t->allocator};
}

/* Spreads every bit of h over the whole word: the finalizer of Appleby's MurmurHash3. */
static uint64_t mix(uint64_t h)
{
  h ^= h >> 33;
  h *= UINT64_C(0xff51afd7ed558ccd);
  h ^= h >> 33;
  h *= UINT64_C(0xc4ceb9fe1a85ec53);
  return h ^ (h >> 33);
}

static uint64_t hash_key(uint64_t seed, const char *key, size_t n)
{
  uint64_t h = seed ^ mix(n);
  for (; n >= 8; key += 8, n -= 8) {
    uint64_t word;
    memcpy(&word, key, 8);
    h = mix(h ^ word);
  }
  uint64_t last = 0;
  memcpy(&last, key, n);
  return mix(h ^ last);
}

/* The slot that holds the key, or the free one where it belongs. There is always a free slot. */
static symtab_slot *find(const symtab *t, uint64_t hash, const char *key, size_t n)
{
  size_t i = (size_t)hash & (t->n_slots - 1);
  for (; t->slots[i].is_used; i = (i + 1) & (t->n_slots - 1)) {
    const symtab_slot *s = &t->slots[i];
    if (s->hash == hash && s->n_key == n && memcmp(t->keys.data + s->key, key, n) == 0) {
      break;
    }
  }
  return &t->slots[i];
}

/* Doubles the slots and places every key anew, by a seed that the new memory gives. */
static bool grow(symtab *t)
{
  size_t n_slots = t->n_slots == 0 ? 16 : t->n_slots * 2;
  symtab_slot *slots = alloc_zeroed(&t->allocator, n_slots, sizeof *slots);
  if (slots == NULL) {
    return false;
  }
  uint64_t seed = mix((uint64_t)(uintptr_t)slots ^ t->seed);
  for (size_t i = 0; i < t->n_slots; i++) {
    symtab_slot s = t->slots[i];
    if (s.is_used) {
      s.hash = hash_key(seed, t->keys.data + s.key, s.n_key);
      size_t to = (size_t)s.hash & (n_slots - 1);
      while (slots[to].is_used) {
        to = (to + 1) & (n_slots - 1);
      }
      slots[to] = s;
    }
  }
  alloc_free(&t->allocator, t->slots, t->n_slots, sizeof *t->slots);
  t->slots = slots;
  t->n_slots = n_slots;
  t->seed = seed;
  return true;
}

bool symtab_put(symtab *t, const char *key, size_t n, uint32_t value)
{
  if (n > UINT32_MAX || ((t->n_used + 1) * 3 > t->n_slots * 2 && !grow(t))) {
    return false;
  }
  uint64_t hash = hash_key(t->seed, key, n);
  symtab_slot *s = find(t, hash, key, n);
  if (!s->is_used) {
    if (!vec_room(&t->allocator, &t->keys, n + 1)) { /* + 1: also the empty key gets an address */
      return false;
    }
    memcpy(t->keys.data + t->keys.n, key, n);
    *s = (symtab_slot){.hash = hash, .key = t->keys.n, .n_key = (uint32_t)n, .is_used = true};
    t->keys.n += n;
    t->n_used++;
  }
  s->value = value;
  return true;
}

bool symtab_get(const symtab *t, const char *key, size_t n, uint32_t *value)
{
  if (t->n_used == 0 || n > UINT32_MAX) {
    return false;
  }
  const symtab_slot *s = find(t, hash_key(t->seed, key, n), key, n);
  if (!s->is_used) {
    return false;
  }
  *value = s->value;
  return true;
}
