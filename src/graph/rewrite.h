/* rewrite.h: the rules of rules.def as data. A pattern is a tree written in prefix order, as an array of terms. */
#ifndef TG_GRAPH_REWRITE_H
#define TG_GRAPH_REWRITE_H

#include "graph/graph.h"

typedef enum term_kind {
  TERM_END,
  TERM_OP,    /* an operation; its operands follow */
  TERM_VAR,   /* any value */
  TERM_CONST, /* a constant that is named */
  TERM_ZEROS  /* only in replacements: the number of zero bits below the lowest one of K */
} term_kind;

/* A, B, C have type T; X has type U; P is bool; K and L are constants of type T. */
typedef enum term_var { VAR_A, VAR_B, VAR_C, VAR_X, VAR_P, VAR_K, VAR_L, VAR_COUNT } term_var;

/* Types: T is what the rule's set is about; U and S are further ones; BOOL is bool. */
typedef enum type_var { TYPE_T, TYPE_U, TYPE_S, TYPE_BOOL, TYPE_VARS } type_var;

typedef enum named_const {
  CONST_ZERO,
  CONST_ONE,
  CONST_MINUS_ONE,
  CONST_MINUS_ZERO,
  CONST_FALSE,
  CONST_TRUE
} named_const;

typedef struct term {
  uint8_t kind;
  uint8_t what;  /* a tg_op, term_var or named_const */
  uint8_t extra; /* convert, bitcast: the type_var it names; round: which of two roundings */
} term;

typedef enum guard {
#define TG_GUARD(id, doc) GUARD_##id,
#include "graph/rules.def"
  GUARD_COUNT
} guard;

enum { TERM_MAX = 12, N_ROUNDINGS = 2 };

typedef struct rewrite {
  uint16_t types;                    /* bit t: T may be type t */
  uint8_t guard;                     /* a guard */
  term from[TERM_MAX], to[TERM_MAX]; /* `to` holds one tree, two for divmod */
  const char *text;
} rewrite;

extern const rewrite rewrite_table[];
extern const size_t rewrite_count;

/* What a match has found out, and what a guard asks about. */
typedef struct binding {
  bool has_value[VAR_COUNT], has_type[TYPE_VARS], has_rounding[N_ROUNDINGS];
  uint32_t value[VAR_COUNT];
  uint64_t bits[VAR_COUNT]; /* of K and L */
  tg_type type[TYPE_VARS];
  uint16_t rounding[N_ROUNDINGS];
} binding;

bool guard_holds(guard g, const binding *b);

/* The bits of a named constant of type T; false where T has no such constant. */
bool named_bits(named_const what, tg_type type, uint64_t *bits);
/* T, or bool for FALSE and TRUE. */
type_var named_type(named_const what);
type_var var_type(term_var what);
uint64_t trailing_zeros(uint64_t bits);

/* Each value of type `from` is a value of type `to`. */
bool type_holds(tg_type to, tg_type from);

#endif
