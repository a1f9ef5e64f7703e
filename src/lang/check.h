/* check.h: what the files of the checker share: symbols and scopes, the function being checked, and how to make nodes.
 *
 * What was reported wrong has the type TYPE_POISON, and whatever is made of it has it too, without a message. Names are
 * looked up innermost first: locals, then the program's files, then the library, whose files are read when the first
 * name is found nowhere else and checked only as far as they are used. */
#ifndef TG_LANG_CHECK_H
#define TG_LANG_CHECK_H

#include "lang/tree.h"

enum { TYPE_POISON = 255 }; /* a prog_type_kind of the checker's own */

typedef enum symbol_kind {
  SYMBOL_CONSTANT,
  SYMBOL_STRUCT,
  SYMBOL_FUNCTION, /* one of the functions of its name; `next` is another */
  SYMBOL_ENTRY,    /* a kernel or machine */
  SYMBOL_VARIABLE, /* of the function */
  SYMBOL_OPERAND   /* param, input or shared array of the entry, or in a report any operand */
} symbol_kind;

typedef enum symbol_state { STATE_NEW, STATE_OPEN, STATE_DONE } symbol_state;

typedef struct symbol symbol;
struct symbol {
  uint8_t kind, state;
  bool from_library, is_used, is_written, is_untyped, is_table, is_hidden;
  uint32_t name, level; /* level: of the scope it is in */
  uint32_t index;       /* index: of the struct, table, function, variable or operand */
  lang_pos pos;
  tree *node;
  prog_type type;                    /* of a constant, variable or operand */
  uint64_t bits;                     /* of a constant with a type */
  uint16_t fits_known, fits;         /* of an untyped constant: the types asked for, and those its literals fit */
  prog_expr *values[TG_TYPE_COUNT];  /* of an untyped constant, by the type it was asked for */
  uint32_t n_same;                   /* of the first function of a name: how many others have it */
  symbol *outer, *next, *scope_next; /* hidden by this; function of the same name; declared before this in the scope */
};

/* What a name is at the moment. */
typedef struct binding {
  symbol *local, *user, *library;
  bool is_reported; /* as not defined */
} binding;

typedef struct function_record {
  symbol *sym;
  prog_function code;
  uint32_t first_call; /* in `calls`, while the body is checked */
  bool is_checked;
} function_record;

typedef struct call_record {
  prog_expr *call;
  uint32_t caller;      /* index of a function, or UINT32_MAX */
  prog_function *owner; /* otherwise: the body or report */
  const char *no_draws; /* where it stands, if nothing there may draw random numbers: "in a kernel" */
} call_record;

typedef enum report_mode {
  REPORT_NONE,
  REPORT_OUTER,  /* in a report */
  REPORT_INSIDE, /* in what a reduction evaluates for each instance */
  REPORT_UNIFORM /* in an argument of a reduction that is the same for all */
} report_mode;

/* What is being checked: a function, an entry's body or a report. */
typedef struct frame {
  prog_function *code;
  VEC(prog_variable) variables;
  symbol *scope;     /* the symbol declared last */
  uint32_t level;    /* how many scopes are open */
  uint32_t function; /* index, or UINT32_MAX */
  uint32_t n_loops;
  const tree *body;
  prog_entry *entry; /* NULL in functions */
  uint8_t effects;
  report_mode report;
  VEC(prog_expr *) reductions;
  bool has_array_result;
} frame;

typedef struct checker {
  lang *l;
  arena *memory;
  frame *f;              /* NULL outside bodies */
  bool only_globals;     /* names of the file alone are seen: in a constant of the file */
  bool library_scope;    /* something of the library is checked: it sees its own names, and nothing in it warns */
  bool in_constant;      /* the value of a constant is checked */
  bool has_library;      /* it was read */
  uint32_t depth;        /* of constants that were looked at because of others */
  VEC(binding) bindings; /* by the number of the name */
  VEC(tree *) items;     /* of the program's files, in order */
  VEC(prog_struct) structs;
  VEC(prog_table) tables;
  VEC(function_record) functions;
  VEC(call_record) calls;
  bool draws;          /* something draws random numbers */
  prog_expr lost_expr; /* stand in for nodes when there is no memory */
  prog_stmt lost_stmt;
  symbol lost_symbol;
  binding lost_binding;
} checker;

#define CHECK_REPORT(c, code, pos, ...) lang_report((c)->l, (code), (pos), (lang_args){{__VA_ARGS__}})

/* ---- types: check_type.c ---- */

static inline prog_type type_scalar(tg_type t)
{
  return (prog_type){PROG_SCALAR, (uint8_t)t, 0};
}
static inline prog_type type_none(void)
{
  return (prog_type){PROG_VOID, 0, 0};
}
static inline prog_type type_poison(void)
{
  return (prog_type){TYPE_POISON, 0, 0};
}
static inline bool type_is_poison(prog_type t)
{
  return t.kind == TYPE_POISON;
}
static inline bool type_is_array(prog_type t)
{
  return t.kind == PROG_ARRAY || t.kind == PROG_VIEW;
}
static inline bool type_same(prog_type a, prog_type b)
{
  return a.kind == b.kind && a.scalar == b.scalar && a.n == b.n;
}
static inline bool type_is(prog_type t, unsigned classes)
{
  return t.kind == PROG_SCALAR && type_in((tg_type)t.scalar, classes);
}
/* As messages show it: "f64". */
const char *type_text(checker *c, prog_type t);
/* What a tree says; poison after an error. */
prog_type check_type(checker *c, const tree *t);
/* The same, and an error unless the kind of the type is in the set (1 << PROG_...). what: "a parameter of a machine".
 */
prog_type check_type_as(checker *c, const tree *t, unsigned kinds, const char *what, const char *hint);

/* ---- names: check_name.c ---- */

binding *name_binding(checker *c, uint32_t name);
symbol *name_lookup(checker *c, uint32_t name);
/* What a call may mean: a function or struct, else whatever has the name. */
symbol *name_lookup_function(checker *c, uint32_t name);
/* "did you mean ..." */
const char *name_hint(checker *c, uint32_t name);
/* Says that a name is not defined, once. */
void name_undefined(checker *c, uint32_t name, lang_pos pos);
/* "a constant" */
const char *symbol_kind_text(const symbol *s);
/* Declares a name of a file. Functions of one name are chained. */
void name_declare_global(checker *c, tree *node, symbol_kind kind, bool from_library);
/* Declares a local name; warns if it hides another, is an error if the scope has it. */
symbol *name_declare(checker *c, uint32_t name, lang_pos pos, symbol_kind kind);
/* A new variable of the function, and its number. */
uint32_t variable_add(checker *c, const char *name, prog_variable_kind kind, prog_type type, lang_pos pos);

/* Scopes: everything declared between is gone after scope_close, which warns of what was not used. */
void scope_open(checker *c);
void scope_close(checker *c);

/* ---- expressions ---- */

typedef enum untyped { UNTYPED_UNKNOWN, UNTYPED_NO, UNTYPED_INT, UNTYPED_FLOAT } untyped;

prog_expr *expr_new(checker *c, prog_expr_kind kind, prog_type type, lang_pos pos);
prog_expr *expr_const(checker *c, tg_type type, uint64_t bits, lang_pos pos);
prog_expr *expr_poison(checker *c, lang_pos pos);
/* Gives e its arguments; poison when there is no memory. */
prog_expr *expr_args(checker *c, prog_expr *e, prog_expr *const *args, uint32_t n);
/* A pure operator, folded if its operands are constants. */
prog_expr *expr_op(checker *c, prog_op op, prog_type type, prog_expr *const *args, uint32_t n, lang_pos pos);

/* check_expr.c. expected: what an untyped literal becomes; PROG_VOID: nothing is expected. */
untyped expr_untyped(checker *c, tree *t);
prog_expr *check_any(checker *c, tree *t, prog_type expected);   /* also arrays, and calls without a value */
prog_expr *check_value(checker *c, tree *t, prog_type expected); /* scalars and structs */
/* A value of exactly this type. what: "an argument of 'f'". */
prog_expr *check_as(checker *c, tree *t, prog_type type);
/* The same, and it is a constant: NULL after an error. */
prog_expr *check_constant(checker *c, tree *t, prog_type type);
prog_expr *check_condition(checker *c, tree *t);
/* Operands that have one type: exprs[i] for each of the n trees. The type; poison after an error. spelling: of the
 * operator. */
prog_type check_operands(checker *c, tree *const *trees, uint32_t n, prog_type expected, const char *spelling,
                         lang_pos pos, prog_expr **exprs);
/* The same with the type that untyped operands take if nothing is expected. */
prog_type check_operands_as(checker *c, tree *const *trees, uint32_t n, prog_type expected, tg_type fallback,
                            const char *spelling, lang_pos pos, prog_expr **exprs);
/* An integer. */
prog_expr *check_index_of(checker *c, tree *t);
/* Warns of a constant index outside a fixed array; true if it did. */
bool warn_subscript(checker *c, prog_type whole, const prog_expr *index);
/* The number of a field of a struct type, or UINT32_MAX after an error. */
uint32_t field_find(checker *c, prog_type type, const tree *member);
/* Checks that e may initialise, be assigned or returned as a type; reports otherwise. */
bool expr_fits(checker *c, const prog_expr *e, prog_type type);
prog_expr *binary_make(checker *c, tree_op op, prog_type type, prog_expr *const *args, lang_pos pos);
/* Reports an operator that is not for a type; true if it is fine. */
bool binary_class(checker *c, tree_op op, prog_type type, lang_pos pos);

/* check_literal.c */
prog_expr *check_literal(checker *c, tree *t, prog_type expected, bool is_negative);
bool literals_fit(checker *c, tree *t, tg_type type);
prog_expr *expr_convert(checker *c, prog_expr *e, tg_type to, lang_pos pos);
const char *bits_text(checker *c, tg_type type, uint64_t bits);

/* check_call.c */
prog_expr *check_call(checker *c, tree *t, prog_type expected);
/* Whether t is a call of a function of the language whose value has the type of its untyped operands. */
bool call_is_transparent(checker *c, const tree *t);

/* Whether the language has a function of this name. */
bool builtin_exists(const char *name);

/* check_report.c */
bool reduction_find(const checker *c, const tree *t, prog_reduction *kind);
prog_expr *check_reduction(checker *c, tree *t, prog_reduction kind);
prog_report *check_report(checker *c, prog_entry *entry, tree *t);

/* check_const.c: constants. */
void constant_resolve(checker *c, symbol *s);
prog_expr *constant_value(checker *c, symbol *s, prog_type expected, lang_pos pos);
bool constant_define(checker *c, symbol *s);

/* fold.c. False when it traps, which only QUO and REM do. from: the type of the operands; to: of the result. */
bool fold_op(prog_op op, tg_type from, tg_type to, const uint64_t *args, uint64_t *bits);
/* Whether the exact result of + - * << on signed integers is another. */
bool fold_wraps(prog_op op, tg_type type, const uint64_t *args);

/* ---- statements and items ---- */

prog_stmt *check_block(checker *c, tree *block, bool *goes_on, uint8_t *exits);
/* Opens no scope of its own. */
prog_stmt *check_statements(checker *c, tree *list, bool *goes_on, uint8_t *exits);
prog_stmt *stmt_new(checker *c, prog_stmt_kind kind, lang_pos pos);
/* A return with n values where the function has another number of results. */
void report_return_count(checker *c, lang_pos pos, uint32_t n);
/* check_assign.c; check_variable also takes a RETURN whose a and b are as a LET's. */
prog_stmt *check_variable(checker *c, tree *t);
prog_stmt *check_assign(checker *c, tree *t);
prog_stmt *check_update(checker *c, tree *t);

/* check_entry.c */
void check_entry(checker *c, tree *t, prog_entry *entry);
/* check_function.c */
uint32_t function_index(checker *c, symbol *s);
void check_functions(checker *c);
void frame_begin(checker *c, frame *f, prog_function *code);
void frame_end(checker *c, frame *f);
/* philox: the number of the function that makes random numbers, or UINT32_MAX. */
void order_functions(checker *c, uint32_t philox);
/* check.c: reads the library, once. */
void load_library(checker *c);

#endif
