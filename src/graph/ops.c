/* ops.c: the tables of operations in ops.h, filled from ops.def, and look-ups by name. */
#include "graph/ops.h"

#include <string.h>

// clang-format off
const rule_info rule_table[TG_RULE_COUNT] = {
#define TG_RULE(id, n_args_, signature_, class_) \
  [TG_RULE_##id] = {.n_args = n_args_, .signature = signature_, .class = TG_CLASS_##class_},
#include "graph/ops.def"
};

const op_row op_table[TG_OP_COUNT] = {
#define TG_OP(id, name_, symbol_, group_, rule_, flags_, linear_, u_, s_, f_, doc_) \
  [TG_OP_##id] = {.name = name_, .symbol = symbol_, .group = TG_GROUP_##group_, .rule = TG_RULE_##rule_, \
                  .flags = flags_, .linear = linear_, .semantics = {#u_, #s_, #f_}, .doc = doc_},
#include "graph/ops.def"
};
// clang-format on

const char *const rounding_names[TG_ROUNDING_COUNT] = {"even", "down", "up", "zero"};
const char *const fold_names[TG_FOLD_COUNT] = {"add", "min", "max", "and", "or", "xor"};
const char *const ring_names[TG_RING_COUNT] = {"int", "gf2", "mod", "float"};
const char *const format_names[TG_FORMAT_COUNT] = {"auto", "csr", "dense"};
const char *const operand_kind_names[TG_OPERAND_KIND_COUNT] = {"param",  "input",  "table",
                                                               "output", "result", "accumulator"};

static bool same(const char *name, const char *s, size_t n)
{
  return strlen(name) == n && memcmp(name, s, n) == 0;
}

int name_find(const char *const *names, int n_names, const char *s, size_t n)
{
  for (int i = 0; i < n_names; i++) {
    if (same(names[i], s, n)) {
      return i;
    }
  }
  return -1;
}

int op_find(const char *s, size_t n)
{
  for (int i = 0; i < TG_OP_COUNT; i++) {
    if (same(op_table[i].name, s, n)) {
      return i;
    }
  }
  return -1;
}

int op_find_symbol(const char *s, size_t n)
{
  for (int i = 0; i < TG_OP_COUNT; i++) {
    if (n > 0 && same(op_table[i].symbol, s, n)) {
      return i;
    }
  }
  return -1;
}

int type_find(const char *s, size_t n)
{
  for (int i = 0; i < TG_TYPE_COUNT; i++) {
    if (same(type_table[i].name, s, n)) {
      return i;
    }
  }
  return -1;
}

int mode_find(const char *s, size_t n)
{
  for (int i = 0; i < TG_MODE_COUNT; i++) {
    if (same(mode_table[i].name, s, n)) {
      return i;
    }
  }
  return -1;
}

const char *tg_type_name(tg_type type)
{
  return (unsigned)type < TG_TYPE_COUNT ? type_table[type].name : "?";
}

const char *tg_mode_name(tg_mode mode)
{
  return (unsigned)mode < TG_MODE_COUNT ? mode_table[mode].name : "?";
}

size_t tg_type_bytes(tg_type type)
{
  return (unsigned)type < TG_TYPE_COUNT ? type_table[type].bytes : 0;
}

size_t tg_mode_bytes(tg_mode mode)
{
  return (unsigned)mode < TG_MODE_COUNT ? mode_table[mode].bytes : 0;
}

tg_type tg_mode_type(tg_mode mode)
{
  return (unsigned)mode < TG_MODE_COUNT ? (tg_type)mode_table[mode].type : TG_BOOL;
}
