/* build.c: from opcodes to a graph. Two stacks of values stand in for the streams of a running machine: an opcode takes
 * values from them, adds at most a few nodes, and puts results back. So `dup` copies a number and `drop` forgets one.
 */
#include "stack/item.h"

#include <string.h>

const stack_row stack_table[STACK_OP_COUNT] = {
#define STACK_OPERATION(id, immediates_, effect_)                                                                      \
  [STACK_##id] = {.is_operation = true,                                                                                \
                  .op = TG_OP_##id,                                                                                    \
                  .immediates = IMMEDIATES_##immediates_,                                                              \
                  .effect = effect_,                                                                                   \
                  .back = "--"},
#define STACK_WORD(id, word_, effect_, back_) [STACK_##id] = {.word = word_, .effect = effect_, .back = back_},
#include "stack/stack.def"
};
_Static_assert(STACK_OP_COUNT == 30, "the stack machine has thirty opcodes");

const char *stack_word(stack_op op)
{
  const stack_row *row = &stack_table[op];
  return row->is_operation ? op_table[row->op].symbol : row->word;
}

/* ---- the stacks ---- */

/* The values of an effect, by letter. */
typedef struct bound {
  uint32_t value[26];
  bool is_set[26];
} bound;

static size_t count_letters(const char *effect)
{
  size_t n = 0;
  for (; *effect != '-' && *effect != '\0'; effect++) {
    n += *effect != ' ';
  }
  return n;
}

/* Takes the values named on the left of an effect. */
static bool take(stack_builder *b, stack_op op, stack_values *from, const char *effect, bound *letters)
{
  size_t n = count_letters(effect);
  if (n > from->n) {
    const char *which = from == &b->data ? "data" : "return";
    graph_fail(b->graph, TG_VERIFY, "%s takes %zu value%s from the %s stack, which has %zu", stack_word(op), n,
               n == 1 ? "" : "s", which, from->n);
    return graph_fail_hint(b->graph, from == &b->data ? "load them first" : "put them there first, with >R");
  }
  from->n -= n;
  const uint32_t *value = from->data == NULL ? NULL : from->data + from->n;
  for (; *effect != '-'; effect++) {
    if (*effect != ' ') {
      letters->value[*effect - 'a'] = *value++;
      letters->is_set[*effect - 'a'] = true;
    }
  }
  return true;
}

/* Puts the values named on the right of an effect. Letters that have no value yet are results, in order. */
static bool put(stack_builder *b, stack_values *to, const char *effect, bound *letters, uint32_t result)
{
  effect = strstr(effect, "--") + 2;
  if (!vec_room(&b->graph->context->allocator, to, count_letters(effect))) {
    return graph_fail(b->graph, TG_NOMEM, "no memory for a stack of %zu values", to->n);
  }
  for (; *effect != '\0'; effect++) {
    if (*effect == ' ') {
      continue;
    }
    size_t letter = (size_t)(*effect - 'a');
    if (!letters->is_set[letter]) {
      letters->value[letter] = result++;
      letters->is_set[letter] = true;
    }
    to->data[to->n++] = letters->value[letter];
  }
  return true;
}

/* ---- operations ---- */

/* The operand that a load reads: declared by the first load of its name. */
static uint32_t input_operand(stack_builder *b, const stack_item *item)
{
  tg_graph *g = b->graph;
  uint32_t operand;
  if (!symtab_get(&b->inputs, item->name, item->n_name, &operand)) {
    operand = graph_declare(g, TG_INPUT, item->name, item->n_name, item->mode);
    if (operand != UINT32_MAX && !symtab_put(&b->inputs, item->name, item->n_name, operand)) {
      graph_fail(g, TG_NOMEM, "no memory for %zu operands", g->operands.n);
    }
  } else if (g->operands.data[operand].mode != item->mode) {
    graph_fail(g, TG_VERIFY, "load: input %.*s has mode %s, not %s", (int)item->n_name, item->name,
               tg_mode_name((tg_mode)g->operands.data[operand].mode), tg_mode_name(item->mode));
    graph_fail_hint(g, "every load of an input has the same mode");
  }
  return operand;
}

/* The native mode of a sum over values of a type. */
static tg_mode sum_mode(tg_type type)
{
  if (type_in(type, TG_CLASS_FLOAT)) {
    return (tg_mode)type;
  }
  return type_table[type].is_signed ? TG_MODE_I64 : TG_MODE_U64;
}

/* Declares or finds the operand of an item, if it has one. args: the values that the opcode takes. */
static uint32_t item_operand(stack_builder *b, const stack_item *item, const uint32_t *args)
{
  tg_graph *g = b->graph;
  tg_op op = (tg_op)stack_table[item->op].op;
  if (op == TG_OP_LOAD) {
    return input_operand(b, item);
  }
  if (op == TG_OP_STORE) {
    return graph_declare(g, TG_OUTPUT, item->name, item->n_name, item->mode);
  }
  if (op == TG_OP_SUM || op == TG_OP_ARGMIN || op == TG_OP_ARGMAX) {
    tg_type type = (tg_type)g->values.data[args[0]].type;
    tg_mode mode = op == TG_OP_SUM ? sum_mode(type) : (tg_mode)type; /* the native modes are numbered as the types */
    return graph_declare(g, TG_RESULT, item->name, item->n_name, mode);
  }
  return 0;
}

static uint32_t add_iota(stack_builder *b, const stack_item *item)
{
  uint32_t args[2];
  args[0] = graph_add(b->graph, &(node_spec){.op = TG_OP_CONST, .type = item->type, .imm = item->start});
  args[1] = graph_add(b->graph, &(node_spec){.op = TG_OP_CONST, .type = item->type, .imm = item->stride});
  return graph_add(b->graph, &(node_spec){.op = TG_OP_IOTA, .args = args, .n_args = 2});
}

/* Adds the node of an operation; returns its first result. */
static uint32_t add_operation(stack_builder *b, const stack_item *item, const uint32_t *args, size_t n_args)
{
  if (item->op == STACK_IOTA) {
    return add_iota(b, item);
  }
  uint32_t operand = item_operand(b, item, args);
  return graph_add(
      b->graph,
      &(node_spec){.op = (tg_op)stack_table[item->op].op, .operand = operand, .args = args, .n_args = n_args});
}

/* ---- programs ---- */

tg_status stack_begin(stack_builder *b, tg_context *context, const char *name, size_t n, tg_error *error)
{
  char terminated[TG_MAX_NAME + 1];
  *b = (stack_builder){0};
  if (n > TG_MAX_NAME) {
    return error_set(error, TG_LIMIT, "the program's name is longer than %d bytes", TG_MAX_NAME);
  }
  if (!name_is_valid(name, n)) {
    return error_set(error, TG_VERIFY, "the program's name must be letters, digits, _ and .");
  }
  memcpy(terminated, name, n);
  terminated[n] = '\0';
  tg_status status = tg_graph_create(context, terminated, &b->graph);
  if (status != TG_OK) {
    return error_set(error, status, "no memory for a graph");
  }
  symtab_init(&b->inputs, context->allocator);
  return TG_OK;
}

bool stack_apply(stack_builder *b, const stack_item *item)
{
  const stack_row *row = &stack_table[item->op];
  bound letters = {0};
  uint32_t result = TG_POISON;
  if (item->n_name > TG_MAX_NAME) {
    return graph_fail(b->graph, TG_LIMIT, "%s: the name is longer than %d bytes", stack_word(item->op), TG_MAX_NAME);
  }
  if (!take(b, item->op, &b->data, row->effect, &letters) || !take(b, item->op, &b->back, row->back, &letters)) {
    return false;
  }
  if (row->is_operation) {
    size_t n_args = count_letters(row->effect);
    /* What was taken still lies above the top of the stack. */
    result = add_operation(b, item, n_args == 0 ? NULL : b->data.data + b->data.n, n_args);
  }
  return b->graph->error.code == TG_OK && put(b, &b->data, row->effect, &letters, result) &&
         put(b, &b->back, row->back, &letters, result);
}

static void check_empty(stack_builder *b)
{
  const stack_values *left = b->data.n > 0 ? &b->data : &b->back;
  if (left->n > 0) {
    graph_fail(b->graph, TG_VERIFY, "%zu value%s left on the %s stack at the end of the program", left->n,
               left->n == 1 ? " is" : "s are", left == &b->data ? "data" : "return");
    graph_fail_hint(b->graph, left == &b->data ? "store or drop what is left" : "bring back what is left, with R>");
  }
}

tg_status stack_end(stack_builder *b, tg_graph **out, tg_error *error)
{
  const tg_allocator *a = &b->graph->context->allocator;
  if (b->graph->error.code == TG_OK) {
    check_empty(b);
  }
  tg_status status = tg_graph_finish(b->graph, error);
  vec_free(a, &b->data);
  vec_free(a, &b->back);
  symtab_free(&b->inputs);
  b->graph->pos = (tg_pos){0};
  if (status != TG_OK) {
    tg_graph_destroy(b->graph);
    b->graph = NULL;
  }
  *out = b->graph;
  return status;
}
