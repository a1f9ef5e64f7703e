/* ops.h: the tables of types, modes and operations as C. Everything here is made from types.def and ops.def. */
#ifndef TG_GRAPH_OPS_H
#define TG_GRAPH_OPS_H

#include "throng.h"

#include <stdbool.h>

/* Classes of types, as a set. */
enum {
  TG_CLASS_BOOL = 1,
  TG_CLASS_INT = 2,
  TG_CLASS_FLOAT = 4,
  TG_CLASS_NUMBER = TG_CLASS_INT | TG_CLASS_FLOAT,
  TG_CLASS_BITS = TG_CLASS_INT | TG_CLASS_BOOL,
  TG_CLASS_ANY = 7
};

typedef struct type_info {
  const char *name;
  uint8_t bytes, bits, class;
  bool is_signed;
} type_info;

typedef enum codec { TG_CODEC_BOOL, TG_CODEC_BITS, TG_CODEC_HALF, TG_CODEC_BFLOAT } codec;

typedef struct mode_info {
  const char *name;
  uint8_t bytes;
  uint8_t type; /* tg_type */
  uint8_t codec;
  bool big; /* most significant byte first, whatever the machine */
} mode_info;

extern const type_info type_table[TG_TYPE_COUNT];
extern const mode_info mode_table[TG_MODE_COUNT];

typedef enum tg_op {
#define TG_OP(id, ...) TG_OP_##id,
#include "graph/ops.def"
  TG_OP_COUNT
} tg_op;
_Static_assert(TG_OP_COUNT <= 64, "a set of operations is one 64-bit word");

typedef enum rule {
#define TG_RULE(id, ...) TG_RULE_##id,
#include "graph/ops.def"
  TG_RULE_COUNT
} rule;

typedef struct rule_info {
  int n_args; /* -1: any number */
  const char *signature;
  uint8_t class; /* what T may be */
} rule_info;

enum { TG_PURE = 1, TG_COMMUTATIVE = 2, TG_OPENS = 4, TG_MARKER = 8, TG_SINKS = 16 };
enum { TG_LIN_INT = 1, TG_LIN_GF2 = 2, TG_LIN_MOD = 4, TG_LIN_FLOAT = 8 };

typedef enum op_group {
  TG_GROUP_SOURCE,
  TG_GROUP_TRANSFORM,
  TG_GROUP_FLOAT,
  TG_GROUP_STRUCTURE,
  TG_GROUP_EFFECT,
  TG_GROUP_SINK
} op_group;

typedef struct op_row {
  const char *name, *symbol;
  uint8_t group, rule, flags, linear;
  const char *semantics[3]; /* unsigned and bool, signed, float; "NONE" for none */
  const char *doc;
} op_row;

extern const rule_info rule_table[TG_RULE_COUNT];
extern const op_row op_table[TG_OP_COUNT];

/* Names of the small enumerations, in order, for printer and parser. */
extern const char *const rounding_names[TG_ROUNDING_COUNT];
extern const char *const fold_names[TG_FOLD_COUNT];
extern const char *const ring_names[TG_RING_COUNT];
extern const char *const format_names[TG_FORMAT_COUNT];
extern const char *const operand_kind_names[TG_OPERAND_KIND_COUNT];

/* The index of the name of n bytes in a list of names, or -1. */
int name_find(const char *const *names, int n_names, const char *s, size_t n);
/* Likewise by operation name, type and mode; -1 when there is none. */
int op_find(const char *s, size_t n);
int op_find_symbol(const char *s, size_t n);
int type_find(const char *s, size_t n);
int mode_find(const char *s, size_t n);

/* The bits that a value of the type uses: 1 for bool. */
static inline uint64_t type_mask(tg_type type)
{
  return UINT64_MAX >> (64 - type_table[type].bits);
}

static inline bool type_in(tg_type type, unsigned classes)
{
  return (type_table[type].class & classes) != 0;
}

#endif
