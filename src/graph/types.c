/* types.c: the tables of types and memory modes in ops.h, filled from types.def. They stand alone: object files that
 * `throng emit` writes have them too. */
#include "graph/ops.h"

// clang-format off
const type_info type_table[TG_TYPE_COUNT] = {
#define TG_TYPE_ROW(id, name_, bytes_, bits_, class_, signed_) \
  [TG_##id] = {.name = name_, .bytes = bytes_, .bits = bits_, .class = TG_CLASS_##class_, .is_signed = signed_},
#include "graph/types.def"
};

const mode_info mode_table[TG_MODE_COUNT] = {
#define TG_MODE_ROW(id, name_, bytes_, type_, codec_, big_) \
  [TG_MODE_##id] = {.name = name_, .bytes = bytes_, .type = TG_##type_, .codec = TG_CODEC_##codec_, .big = big_},
#include "graph/types.def"
};
// clang-format on
