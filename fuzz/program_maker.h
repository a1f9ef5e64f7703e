/* program_maker.h: the state of the generator behind make_program.h, shared by its files.
 *
 * It keeps the names that can be seen, with their types, and forgets those of a block when the block ends. Choice 0 is
 * always the one that ends soonest, and is all that is made when bytes or text run out. */
#ifndef TG_FUZZ_PROGRAM_MAKER_H
#define TG_FUZZ_PROGRAM_MAKER_H

#include "make_program.h"

enum { MAX_NAMES = 256, MAX_STRUCTS = 3, MAX_FIELDS = 4, MAX_FUNCTIONS = 6, MAX_PARAMS = 4, MAX_RESULTS = 3 };
enum { MAX_LENGTH = 9, DEEPEST = 4 };

typedef enum shape { SHAPE_SCALAR, SHAPE_STRUCT, SHAPE_ARRAY, SHAPE_VIEW } shape;

typedef struct kind {
  shape shape;
  tg_type type; /* of a scalar or of elements */
  unsigned n;   /* length, or the number of a struct */
} kind;

typedef struct name {
  char text[8];
  kind kind;
  bool may_assign;
} name;

typedef struct function {
  unsigned n_params, n_results;
  kind params[MAX_PARAMS], results[MAX_RESULTS];
  bool draws;
} function;

typedef struct maker {
  chooser *c;
  char *text;
  size_t n;
  unsigned indent, n_names, n_made, n_structs, n_fields[MAX_STRUCTS], n_functions, n_steps, n_loops;
  name names[MAX_NAMES];
  tg_type fields[MAX_STRUCTS][MAX_FIELDS];
  function functions[MAX_FUNCTIONS];
  unsigned depth;         /* of blocks */
  unsigned loops;         /* around this place */
  const function *inside; /* NULL: in the body of the entry */
  bool may_draw, has_id, may_return, is_machine, may_spin;
} maker;

/* program_expr.c */
unsigned pick(maker *m, unsigned below);
void put(maker *m, const char *format, ...);
tg_type any_type(maker *m);
tg_type int_type(maker *m);
bool is_float(tg_type type);
bool is_signed(tg_type type);
void put_kind(maker *m, kind k);
void expr(maker *m, tg_type type, unsigned depth);
void condition(maker *m, unsigned depth);
void expr_of(maker *m, kind k, unsigned depth);
void literal(maker *m, tg_type type);
/* A list, a repetition or a call: what an array may be given. */
void new_array(maker *m, kind k, unsigned depth);
void arguments(maker *m, const function *f, unsigned depth);
/* Whether the function can be called here. */
bool can_call(const maker *m, const function *f);
/* An index for an array of n elements, mostly in range. */
void index_expr(maker *m, unsigned n, unsigned depth);
/* A name that can be seen of the kind, at random; NULL: there is none. */
const name *find_name(maker *m, kind k, bool to_assign);
bool same_kind(kind a, kind b);

/* Bits of a value as u64; of an array those of its first element. */
void bits_of(maker *m, const name *v);

/* program_stmt.c */
const char *new_name(maker *m, kind k, bool may_assign);
void block(maker *m, unsigned n);
void statements(maker *m, unsigned n);

#endif
