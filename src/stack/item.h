/* item.h: one opcode with its immediates, whatever form it was read from, and the builder that takes it. The readers
 * (text.c, code.c) make items; the builder (build.c) keeps the two stacks and adds nodes to a graph. */
#ifndef TG_STACK_ITEM_H
#define TG_STACK_ITEM_H

#include "base/text.h"
#include "graph/graph.h"
#include "stack/stack.h"

typedef enum stack_op {
#define STACK_OPERATION(id, ...) STACK_##id,
#define STACK_WORD(id, ...) STACK_##id,
#include "stack/stack.def"
  STACK_OP_COUNT
} stack_op;

typedef enum immediates { IMMEDIATES_NONE, IMMEDIATES_OPERAND, IMMEDIATES_NAME, IMMEDIATES_IOTA } immediates;

typedef struct stack_row {
  const char *word;
  bool is_operation;
  uint8_t op; /* tg_op */
  uint8_t immediates;
  const char *effect, *back;
} stack_row;

extern const stack_row stack_table[STACK_OP_COUNT];

/* An opcode's text: of an operation its symbol in the operations' table. */
const char *stack_word(stack_op op);

typedef struct stack_item {
  stack_op op;
  const char *name; /* in the program, not zero-terminated */
  size_t n_name;
  tg_mode mode;
  tg_type type;
  uint64_t start, stride; /* bits, zero-extended, a NaN canonical */
} stack_item;

typedef VEC(uint32_t) stack_values;

/* What a program has built so far. The first error is kept in the graph; its place is what graph->pos was. */
typedef struct stack_builder {
  tg_graph *graph;
  stack_values data, back;
  symtab inputs; /* name -> operand; there may be far more loads than operands */
} stack_builder;

/* Begins a graph with the n bytes at name, which must be a name. On failure there is nothing to end. */
tg_status stack_begin(stack_builder *b, tg_context *context, const char *name, size_t n, tg_error *error);

/* Carries out one opcode. False after any error. */
bool stack_apply(stack_builder *b, const stack_item *item);

/* Ends the program: checks that the stacks are empty, and finishes the graph or, after an error, destroys it. */
tg_status stack_end(stack_builder *b, tg_graph **out, tg_error *error);

/* Writers of programs. The header of a bytecode has the number of opcodes, which stack_encode_end fills in. */
void stack_encode_begin(text *code, const char *name, size_t n);
void stack_encode(text *code, const stack_item *item);
void stack_encode_end(text *code, size_t n_name, uint32_t n_opcodes);
void stack_print(text *listing, const stack_item *item);

#endif
