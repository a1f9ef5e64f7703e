/* literal.c: the literals of docs/spec.md chapter 9. */
#include "graph/literal.h"

#include <string.h>

static const uint64_t f32_sign = UINT64_C(1) << 31, f32_infinity = UINT64_C(0x7f800000);
static const uint64_t f64_sign = UINT64_C(1) << 63, f64_infinity = UINT64_C(0x7ff0000000000000);
static const uint64_t f32_nan = UINT64_C(0x7fc00000), f64_nan = UINT64_C(0x7ff8000000000000);

static bool bool_bits(const token *t, bool is_negative, uint64_t *bits)
{
  *bits = token_is(t, "true") ? 1 : 0;
  return !is_negative && (*bits == 1 || token_is(t, "false"));
}

static bool int_bits(const token *t, bool is_negative, tg_type type, uint64_t *bits)
{
  uint64_t value, mask = type_mask(type);
  if (t->kind != TOKEN_INT || !text_parse_u64(t->s, t->n, &value)) {
    return false;
  }
  uint64_t highest = type_table[type].is_signed ? mask >> 1 : mask;
  uint64_t lowest = type_table[type].is_signed ? highest + 1 : 0; /* without its sign */
  *bits = (is_negative ? 0 - value : value) & mask;
  return value <= (is_negative ? lowest : highest);
}

static bool float_magnitude(const token *t, bool is_f32, uint64_t *bits)
{
  if (t->kind != TOKEN_INT && t->kind != TOKEN_FLOAT) {
    return false;
  }
  if (is_f32) {
    float value;
    uint32_t low = 0;
    bool is_number = text_parse_f32(t->s, t->n, &value);
    memcpy(&low, &value, is_number ? sizeof low : 0);
    *bits = low;
    return is_number;
  }
  double value;
  bool is_number = text_parse_f64(t->s, t->n, &value);
  memcpy(bits, &value, is_number ? sizeof *bits : 0);
  return is_number;
}

static bool float_bits(const token *t, bool is_negative, bool is_f32, uint64_t *bits)
{
  if (token_is(t, "nan")) {
    *bits = is_f32 ? f32_nan : f64_nan;
    return !is_negative;
  }
  if (token_is(t, "inf")) {
    *bits = is_f32 ? f32_infinity : f64_infinity;
  } else if (!float_magnitude(t, is_f32, bits)) {
    return false;
  }
  *bits |= is_negative ? (is_f32 ? f32_sign : f64_sign) : 0;
  return true;
}

bool literal_bits(const token *t, bool is_negative, tg_type type, uint64_t *bits)
{
  if (type == TG_BOOL) {
    return bool_bits(t, is_negative, bits);
  }
  if (type_in(type, TG_CLASS_FLOAT)) {
    return float_bits(t, is_negative, type == TG_F32, bits);
  }
  return int_bits(t, is_negative, type, bits);
}

const char *literal_wanted(tg_type type)
{
  static const char *const wanted[TG_TYPE_COUNT] = {
      [TG_BOOL] = "true or false",
      [TG_I8] = "an integer from -128 to 127",
      [TG_I16] = "an integer from -32768 to 32767",
      [TG_I32] = "an integer from -2147483648 to 2147483647",
      [TG_I64] = "an integer from -9223372036854775808 to 9223372036854775807",
      [TG_U8] = "an integer from 0 to 255",
      [TG_U16] = "an integer from 0 to 65535",
      [TG_U32] = "an integer from 0 to 4294967295",
      [TG_U64] = "an integer from 0 to 18446744073709551615",
      [TG_F32] = "a number, inf, -inf or nan",
      [TG_F64] = "a number, inf, -inf or nan",
  };
  return wanted[type];
}

static void put_int(text *t, tg_type type, uint64_t bits)
{
  uint64_t mask = type_mask(type);
  bool is_negative = type_table[type].is_signed && (bits & (mask / 2 + 1)) != 0;
  text_format(t, "%s%llu", is_negative ? "-" : "", (unsigned long long)(is_negative ? (0 - bits) & mask : bits & mask));
}

void literal_put(text *t, tg_type type, uint64_t bits)
{
  if (type == TG_BOOL) {
    text_put(t, bits & 1 ? "true" : "false");
  } else if (type == TG_F32) {
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    text_f32(t, value);
  } else if (type == TG_F64) {
    double value;
    memcpy(&value, &bits, sizeof value);
    text_f64(t, value);
  } else {
    put_int(t, type, bits);
  }
}

bool literal_is_canonical(tg_type type, uint64_t bits)
{
  if ((bits & ~type_mask(type)) != 0) {
    return false;
  }
  if (type == TG_F32) {
    return (bits & ~f32_sign) <= f32_infinity || bits == f32_nan;
  }
  return type != TG_F64 || (bits & ~f64_sign) <= f64_infinity || bits == f64_nan;
}
