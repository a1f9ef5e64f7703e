/* draw.c: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): word k
 * of an instance is word k mod 4 of the block with the counter (k div 4, id) and the key seed. */
#include "walk/walker.h"

static const uint32_t multiplier[2] = {0xD2511F53u, 0xCD9E8D57u}, key_step[2] = {0x9E3779B9u, 0xBB67AE85u};

uint32_t draw_word(uint64_t seed, uint64_t id, uint64_t k)
{
  uint64_t block = k / 4;
  uint32_t c[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)id, (uint32_t)(id >> 32)};
  uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)multiplier[0] * c[0], b = (uint64_t)multiplier[1] * c[2];
    c[0] = (uint32_t)(b >> 32) ^ c[1] ^ key[0];
    c[2] = (uint32_t)(a >> 32) ^ c[3] ^ key[1];
    c[1] = (uint32_t)b;
    c[3] = (uint32_t)a;
    key[0] += key_step[0];
    key[1] += key_step[1];
  }
  return c[k % 4];
}
