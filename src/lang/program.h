/* program.h: a checked .tg program: names resolved, every expression typed, constants folded, calls in order. What the
 * tree-walking evaluator and the lowering to graphs start from; they need no other header of this folder.
 *
 * Everything lives in the program's arena and is freed with it. Lists are arrays with a count, except statements, which
 * are linked by `next`. Scalars are 64 bits as in graphs: integers modulo 2^w zero-extended, floats by their IEEE 754
 * bits (a NaN canonical), bool 0 or 1. The meaning of everything is in docs/language.md. */
#ifndef TG_LANG_PROGRAM_H
#define TG_LANG_PROGRAM_H

#include "base/arena.h"
#include "base/context.h"
#include "base/error.h"
#include "graph/ops.h"

#include <stdbool.h>

/* A place in one of the program's files: line and column count from 1. line 0: nowhere. */
typedef struct lang_pos {
  uint32_t file, line, column, length;
} lang_pos;

/* Codes of traps, in graphs and in reports. Out of fuel is TG_TRAP_FUEL. */
enum { LANG_TRAP_ASSERT = 1, LANG_TRAP_INDEX = 2, LANG_TRAP_DIVIDE = 3 };

/* ---- types ---- */

typedef enum prog_type_kind {
  PROG_VOID,   /* no value: a call of a function with no result, or with several */
  PROG_SCALAR, /* scalar */
  PROG_STRUCT, /* number n of program.structs */
  PROG_ARRAY,  /* [scalar; n] */
  PROG_VIEW    /* [scalar] of any length: a shared array, or a parameter that may be given any array */
} prog_type_kind;

typedef struct prog_type {
  uint8_t kind;   /* prog_type_kind */
  uint8_t scalar; /* tg_type, of a scalar or of the elements */
  uint32_t n;
} prog_type;

typedef struct prog_field {
  const char *name;
  lang_pos pos;
  tg_type type;
} prog_field;

typedef struct prog_struct {
  const char *name;
  lang_pos pos;
  uint32_t n_fields;
  prog_field *fields;
} prog_struct;

/* ---- expressions ---- */

typedef enum prog_op {
#define LANG_OP(id, ...) PROG_##id,
#include "lang/operators.def"
  PROG_OP_COUNT
} prog_op;

enum { PROG_RESULT_SAME, PROG_RESULT_BOOL, PROG_RESULT_NAMED };
typedef struct prog_op_info {
  const char *name; /* "ADD" */
  const char *spelling;
  uint8_t n_args, class; /* TG_CLASS_ of the operands */
  uint8_t result;        /* PROG_RESULT_ */
  uint8_t graph_op;      /* tg_op */
} prog_op_info;
extern const prog_op_info prog_op_table[PROG_OP_COUNT];

typedef enum prog_expr_kind {
  EXPR_CONST,    /* bits, of a scalar type */
  EXPR_VARIABLE, /* variable number `index` of the function; of any type */
  EXPR_PARAM,    /* operand number `index` of the kernel or machine, a scalar that is the same for all instances */
  EXPR_INPUT,    /* operand `index`: this instance's element */
  EXPR_SHARED,   /* operand `index`: a whole shared array, of type PROG_VIEW */
  EXPR_OUTPUT,   /* report only, inside a reduction: operand `index`, the last value of an output (scalar or array) */
  EXPR_TABLE,    /* table number `index` of the program, of type PROG_ARRAY */
  EXPR_ID,       /* the instance or lane, u64 */
  EXPR_COUNT,    /* how many instances there are, u64 */
  EXPR_OP,       /* op, on 1 to 3 args, from left to right */
  EXPR_AND,      /* args[0] && args[1]: the second is evaluated only if the first is true */
  EXPR_OR,       /* args[0] || args[1]: the second is evaluated only if the first is false */
  EXPR_COND,     /* args[0] ? args[1] : args[2]: of a scalar or struct type; only the one needed is evaluated */
  EXPR_INDEX,    /* args[0][args[1]]: args[0] is VARIABLE, SHARED, OUTPUT or TABLE; traps outside the length */
  EXPR_LENGTH,   /* the length of args[0], which is of type PROG_VIEW: u64 (of a PROG_ARRAY it is a CONST) */
  EXPR_FIELD,    /* field `index` of args[0], of a struct type */
  EXPR_STRUCT,   /* args: all fields in order */
  EXPR_LIST,     /* args: all elements of a PROG_ARRAY in order */
  EXPR_FILL,     /* a PROG_ARRAY with args[0], evaluated once, as each of its elements */
  EXPR_CALL,     /* function number `index` on args; PROG_VOID unless the function has exactly one result */
  EXPR_DRAW,     /* random_u32(): the next word of the instance's stream, u32 */
  EXPR_REDUCE    /* report only: reduction number `index` of the report; op is a prog_reduction */
} prog_expr_kind;

typedef struct prog_expr prog_expr;
struct prog_expr {
  uint8_t kind; /* prog_expr_kind */
  uint8_t op;   /* EXPR_OP: prog_op; EXPR_REDUCE: prog_reduction */
  prog_type type;
  uint32_t index, n_args;
  uint64_t bits; /* EXPR_CONST */
  prog_expr **args;
  lang_pos pos;
};

/* ---- statements ---- */

typedef enum prog_place_kind {
  PLACE_NOTHING,  /* `_`: the value is thrown away */
  PLACE_VARIABLE, /* the whole variable; an array only from LIST, FILL or CALL, so that nothing is copied */
  PLACE_FIELD,    /* field `field` of a variable of a struct type */
  PLACE_ELEMENT   /* element `subscript` of a variable of an array type; traps outside the length */
} prog_place_kind;

typedef struct prog_place {
  uint8_t kind; /* prog_place_kind */
  uint32_t variable, field;
  prog_type type; /* of what is stored; of PLACE_NOTHING, of what is thrown away */
  prog_expr *subscript;
  lang_pos pos;
} prog_place;

typedef enum prog_stmt_kind {
  STMT_DECLARE,  /* places (whole variables or nothing) come to life with `value`, or as zeros if it is NULL */
  STMT_ASSIGN,   /* places = value: the subscript, then the value, then the check of the subscript, then the store */
  STMT_CALL,     /* value: a call of a function without results */
  STMT_IF,       /* if value: body, else otherwise (may be NULL) */
  STMT_WHILE,    /* while value: body */
  STMT_FOR,      /* variable from value to below `limit`, both evaluated once, in this order: body */
  STMT_REPEAT,   /* value times, evaluated once: body */
  STMT_MATCH,    /* the arm that has value; otherwise (may be NULL) if none does. value is an integer */
  STMT_BREAK,    /* of the innermost loop */
  STMT_CONTINUE, /* of the innermost loop */
  STMT_RETURN,   /* with the results of the function, all in order */
  STMT_ASSERT,   /* traps unless value */
  STMT_SYNC,     /* only directly in a machine's body */
  STMT_BLOCK     /* body */
} prog_stmt_kind;

/* What may leave a statement, from inside, other than at its end. A loop swallows break and continue. */
enum { PROG_BREAKS = 1, PROG_CONTINUES = 2, PROG_RETURNS = 4 };

typedef struct prog_stmt prog_stmt;

typedef struct prog_arm {
  uint32_t n_values;
  uint64_t *values; /* of the type of the selector; no value is in two arms */
  prog_stmt *body;
  lang_pos pos;
} prog_arm;

struct prog_stmt {
  uint8_t kind;      /* prog_stmt_kind */
  uint8_t exits;     /* PROG_BREAKS | PROG_CONTINUES | PROG_RETURNS */
  bool goes_on;      /* whether what follows it may be reached */
  uint32_t variable; /* STMT_FOR */
  uint32_t n_places, n_arms, n_results;
  prog_place *places;
  prog_expr *value, *limit;
  prog_expr **results; /* STMT_RETURN: as many as the function has */
  prog_arm *arms;
  prog_stmt *body, *otherwise; /* first of a list */
  prog_stmt *next;
  lang_pos pos;
};

/* ---- functions ---- */

typedef enum prog_variable_kind {
  VARIABLE_LET,       /* assigned once, where it is declared */
  VARIABLE_VAR,       /* may be assigned */
  VARIABLE_PARAMETER, /* the first n_params of a function; never assigned. Arrays are the caller's own, only read */
  VARIABLE_LOOP,      /* of a `for`; assigned by the loop alone */
  VARIABLE_OUTPUT,    /* of a kernel or machine: zero at first; may be assigned; its last value is the result */
  VARIABLE_HIDDEN     /* made by the checker; like LET */
} prog_variable_kind;

typedef struct prog_variable {
  const char *name;
  uint8_t kind; /* prog_variable_kind */
  prog_type type;
  lang_pos pos;
} prog_variable;

/* What a function does, or one that it calls. */
enum { PROG_TRAPS = 1, PROG_LOOPS = 2, PROG_DRAWS = 4 };

/* A function; also the body of a kernel or machine, whose only parameters are its operands and whose first variables
 * are its outputs in order; and a report. */
typedef struct prog_function {
  const char *name;
  lang_pos pos;
  bool from_library;
  uint8_t effects; /* PROG_TRAPS | PROG_LOOPS | PROG_DRAWS */
  uint32_t n_params, n_results, n_variables;
  prog_type *results;
  prog_variable *variables; /* the parameters first */
  prog_stmt *body;
} prog_function;

/* A table of constants. */
typedef struct prog_table {
  const char *name;
  lang_pos pos;
  tg_type type;
  uint32_t n;
  uint64_t *bits;
} prog_table;

/* ---- kernels and machines ---- */

typedef enum prog_operand_kind {
  OPERAND_PARAM,  /* a scalar for the whole run */
  OPERAND_INPUT,  /* one element for each instance */
  OPERAND_SHARED, /* a whole array for all instances */
  OPERAND_OUTPUT  /* one scalar or fixed array from each instance */
} prog_operand_kind;

typedef struct prog_operand {
  const char *name;
  lang_pos pos;
  uint8_t kind;   /* prog_operand_kind */
  prog_type type; /* PROG_SCALAR: of a param, or of the elements of an input; PROG_VIEW: shared; PROG_ARRAY: outputs */
  bool has_default, has_range, high_included;
  uint64_t default_bits, low, high;
  const char *file, *column; /* inputs and shared: the default file, relative to the folder of the program's file
                                pos.file, and its column; NULL: none */
  uint32_t variable;         /* OPERAND_OUTPUT: in the body's variables */
} prog_operand;

typedef enum prog_reduction {
  REDUCE_COUNT, /* args: bool -> u64 */
  REDUCE_SUM,   /* number or bool -> f32, f64, i64 or u64 */
  REDUCE_MEAN,  /* number -> f64 */
  REDUCE_VARIANCE,
  REDUCE_MIN, /* number -> the same */
  REDUCE_MAX,
  REDUCE_ARGMIN, /* number -> u64 */
  REDUCE_ARGMAX,
  REDUCE_QUANTILE,  /* number; f64 the same for all instances -> the type of the first */
  REDUCE_HISTOGRAM, /* number; low, high: f64 the same for all instances -> [u64; bins] */
  REDUCE_COUNT_OF_KINDS
} prog_reduction;
extern const char *const prog_reduction_names[REDUCE_COUNT_OF_KINDS];

/* One line of a report that is printed. */
typedef struct prog_report_entry {
  const char *name;
  uint32_t variable; /* of the report's variables */
  lang_pos pos;
} prog_report_entry;

/* code: its body is DECLARE statements only, in order, one variable each. args[0] of a reduction, which is evaluated
 * for each instance, sees OUTPUT, INPUT, SHARED, PARAM, ID, COUNT and no variables; everything else, its other args
 * included, PARAM, SHARED, COUNT, the report's variables and, but for the other args, reductions. */
typedef struct prog_report {
  prog_function code;
  uint32_t n_entries, n_reductions;
  prog_report_entry *entries;
  prog_expr **reductions; /* every EXPR_REDUCE, by its index */
} prog_report;

typedef struct prog_entry {
  bool is_machine; /* else a kernel */
  const char *name;
  lang_pos pos;
  uint32_t n_operands;
  prog_operand *operands; /* in order of declaration; of a kernel parameters, then results */
  prog_function body;
  prog_report *report; /* NULL: none */
} prog_entry;

/* ---- programs ---- */

typedef struct lang_file {
  const char *path; /* as it was opened; "lib/NAME.tg" for the standard library */
  const char *text; /* n bytes, then a zero byte */
  size_t n;
  bool from_library;
} lang_file;

/* One error or warning. code: "E0301"; message and hint (may be empty) are text of the program's arena. */
typedef struct lang_message {
  const char *code, *message, *hint;
  bool is_warning;
  lang_pos pos;
} lang_message;

typedef struct program {
  tg_context *context;
  arena memory;
  uint32_t n_files, n_structs, n_tables, n_functions, n_entries, n_messages, n_errors;
  lang_file *files; /* file 0 is the program itself, then imports as they were met */
  prog_struct *structs;
  prog_table *tables;
  prog_function *functions; /* those that are used, callees before callers */
  prog_entry *entries;      /* the kernels and machines of file 0, in order */
  lang_message *messages;   /* in the order of files, then lines */
  uint32_t philox;          /* the library's function philox4x32 if anything draws random numbers, else UINT32_MAX:
                               fn philox4x32(c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32)
                               -> (u32, u32, u32, u32) */
} program;

/* How imports are read: the bytes of a file, from `load` until `release`. load returns IO with a message if it cannot.
 */
typedef struct lang_loader {
  tg_status (*load)(void *self, const char *path, char **bytes, size_t *n, tg_error *error);
  void (*release)(void *self, char *bytes, size_t n);
  void *self;
} lang_loader;

/* Checks the n bytes of a program. path: where it is, for imports and messages. loader: NULL if it may not import.
 * OK, or PARSE, VERIFY or LIMIT with messages; *out is a program in both cases, good for use only after OK. NOMEM:
 * *out is NULL. */
tg_status lang_check(tg_context *context, const char *path, const char *text, size_t n, const lang_loader *loader,
                     program **out);
void program_destroy(program *p);

/* The first error of a program as a tg_error (in file 0; the message names another file otherwise). */
void program_error(const program *p, tg_status code, tg_error *error);

/* "f64", "[u32; 8]", "point". buffer: at least PROG_TYPE_TEXT bytes. */
enum { PROG_TYPE_TEXT = 320 };
const char *prog_type_show(const program *p, prog_type type, char *buffer);

#endif
