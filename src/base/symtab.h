/* symtab.h: a map from names to numbers: open addressing with linear probing. It keeps copies of its keys. The hash is
 * seeded with an address, so that a hostile file cannot be made to collide; nothing depends on the order of slots. */
#ifndef TG_BASE_SYMTAB_H
#define TG_BASE_SYMTAB_H

#include "base/alloc.h"

typedef struct symtab_slot {
  uint64_t hash;
  size_t key; /* offset into keys */
  uint32_t n_key, value;
  bool is_used;
} symtab_slot;

typedef struct symtab {
  tg_allocator allocator;
  symtab_slot *slots;
  size_t n_slots; /* 0, or a power of two */
  size_t n_used;
  uint64_t seed;
  VEC(char) keys;
} symtab;

void symtab_init(symtab *t, tg_allocator allocator);
void symtab_free(symtab *t);

/* Maps the n bytes at key to value, in place of what they were mapped to. False when there is no memory: the map is
 * then as it was. */
bool symtab_put(symtab *t, const char *key, size_t n, uint32_t value);

/* False when the key is not there; *value is then untouched. */
bool symtab_get(const symtab *t, const char *key, size_t n, uint32_t *value);

#endif
