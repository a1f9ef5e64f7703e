/* element.c: loading and storing one element, driven by the table of modes. */
#include "graph/element.h"

#include "base/float.h"

static uint64_t native_load(const unsigned char *p, size_t bytes)
{
  uint16_t u16;
  uint32_t u32;
  uint64_t u64;
  switch (bytes) {
  case 1: return *p;
  case 2: memcpy(&u16, p, 2); return u16;
  case 4: memcpy(&u32, p, 4); return u32;
  default: memcpy(&u64, p, 8); return u64;
  }
}

static void native_store(unsigned char *p, size_t bytes, uint64_t value)
{
  uint16_t u16 = (uint16_t)value;
  uint32_t u32 = (uint32_t)value;
  switch (bytes) {
  case 1: *p = (unsigned char)value; break;
  case 2: memcpy(p, &u16, 2); break;
  case 4: memcpy(p, &u32, 4); break;
  default: memcpy(p, &value, 8);
  }
}

static uint64_t big_load(const unsigned char *p, size_t bytes)
{
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; i++) {
    value = value << 8 | p[i];
  }
  return value;
}

static void big_store(unsigned char *p, size_t bytes, uint64_t value)
{
  for (size_t i = bytes; i-- > 0; value >>= 8) {
    p[i] = (unsigned char)value;
  }
}

uint64_t element_load(tg_mode mode, const void *p)
{
  const mode_info *info = &mode_table[mode];
  uint64_t bits = info->big ? big_load(p, info->bytes) : native_load(p, info->bytes);
  switch ((codec)info->codec) {
  case TG_CODEC_BOOL: return bits != 0;
  case TG_CODEC_BITS: return bits;
  case TG_CODEC_HALF: return f32_from_f16((uint16_t)bits);
  case TG_CODEC_BFLOAT: return f32_from_bf16((uint16_t)bits);
  }
  return bits;
}

uint64_t value_canonical(tg_type type, uint64_t value)
{
  if (type == TG_F32) {
    return f32_canonical((uint32_t)value);
  }
  return type == TG_F64 ? f64_canonical(value) : value;
}

void element_store(tg_mode mode, void *p, uint64_t value)
{
  const mode_info *info = &mode_table[mode];
  uint64_t bits = value_canonical((tg_type)info->type, value);
  if (info->codec == TG_CODEC_HALF) {
    bits = f32_to_f16((uint32_t)bits);
  } else if (info->codec == TG_CODEC_BFLOAT) {
    bits = f32_to_bf16((uint32_t)bits);
  }
  if (info->big) {
    big_store(p, info->bytes, bits);
  } else {
    native_store(p, info->bytes, bits);
  }
}
