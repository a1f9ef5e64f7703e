/* expr.c: expressions as nodes, operands from left to right. What may trap, loop or draw is evaluated only where the
 * language says so: in a branch; everything else is total, so that it does no harm to compute it. */
#include "routine/lower.h"

#include <string.h>

tg_value lower_scalar(lowering *l, const prog_expr *e)
{
  tg_value value = TG_POISON;
  lower_values(l, e, &value);
  return value;
}

static tg_type scalar_of(const prog_expr *e)
{
  return (tg_type)e->type.scalar;
}

/* ---- operators ---- */

static tg_value divide(lowering *l, const prog_expr *e, const tg_value *x)
{
  tg_value remainder, quotient;
  if (e->args[1]->kind != EXPR_CONST || e->args[1]->bits == 0) {
    tg_value is_zero = tg_eq(l->g, x[1], tg_const(l->g, scalar_of(e), 0));
    tg_trap(l->g, is_zero, LANG_TRAP_DIVIDE, lower_position(l, e->pos));
  }
  quotient = tg_divmod(l->g, x[0], x[1], &remainder);
  return e->op == PROG_QUO ? quotient : remainder;
}

static tg_value operate(lowering *l, const prog_expr *e, const tg_value *x)
{
  tg_graph *g = l->g;
  switch ((prog_op)e->op) {
  case PROG_NEG: return tg_neg(g, x[0]);
  case PROG_NOT: return tg_not(g, x[0]);
  case PROG_ADD: return tg_add(g, x[0], x[1]);
  case PROG_SUB: return tg_sub(g, x[0], x[1]);
  case PROG_MUL: return tg_mul(g, x[0], x[1]);
  case PROG_DIV: return tg_div(g, x[0], x[1]);
  case PROG_QUO:
  case PROG_REM: return divide(l, e, x);
  case PROG_SHL: return tg_shl(g, x[0], x[1]);
  case PROG_SHR: return tg_shr(g, x[0], x[1]);
  case PROG_AND: return tg_and(g, x[0], x[1]);
  case PROG_XOR: return tg_xor(g, x[0], x[1]);
  case PROG_OR: return tg_or(g, x[0], x[1]);
  case PROG_EQ: return tg_eq(g, x[0], x[1]);
  case PROG_NE: return tg_ne(g, x[0], x[1]);
  case PROG_LT: return tg_lt(g, x[0], x[1]);
  case PROG_LE: return tg_le(g, x[0], x[1]);
  case PROG_GT: return tg_gt(g, x[0], x[1]);
  case PROG_GE: return tg_ge(g, x[0], x[1]);
  case PROG_MIN: return tg_min(g, x[0], x[1]);
  case PROG_MAX: return tg_max(g, x[0], x[1]);
  case PROG_ABS: return tg_abs(g, x[0]);
  case PROG_SQRT: return tg_sqrt(g, x[0]);
  case PROG_FMA: return tg_fma(g, x[0], x[1], x[2]);
  case PROG_FLOOR: return tg_round(g, TG_ROUND_DOWN, x[0]);
  case PROG_CEIL: return tg_round(g, TG_ROUND_UP, x[0]);
  case PROG_TRUNC: return tg_round(g, TG_ROUND_ZERO, x[0]);
  case PROG_ROUND: return tg_round(g, TG_ROUND_EVEN, x[0]);
  case PROG_CONVERT: return scalar_of(e) == scalar_of(e->args[0]) ? x[0] : tg_convert(g, scalar_of(e), x[0]);
  case PROG_BITCAST: return tg_bitcast(g, scalar_of(e), x[0]);
  case PROG_OP_COUNT: break;
  }
  return TG_POISON;
}

/* ---- what is evaluated only if needed ---- */

/* args[0] && args[1], or ||: `when` says for which value of the first the second decides. */
static tg_value lower_logic(lowering *l, const prog_expr *e, bool when)
{
  tg_value first = lower_scalar(l, e->args[0]);
  unsigned effects = effects_of_expr(l->p, e->args[1]);
  if (effects == 0) {
    tg_value second = lower_scalar(l, e->args[1]);
    return when ? tg_and(l->g, first, second) : tg_or(l->g, first, second);
  }
  uint32_t result = cells_push(l, first), top = result;
  unsigned after = draws_join(l->taken, draws_after_expr(l->p, e->args[1], l->taken));
  fork f;
  fork_begin(l, &f, first, region_of(l, NULL, 0, &result, 1, (effects & PROG_DRAWS) != 0), after);
  for (int body = 0; body < 2; body++) {
    if ((body == 1) == when) {
      tg_value second = lower_scalar(l, e->args[1]);
      cell_set(l, result, second);
    }
    if (body == 0) {
      fork_next(l, &f);
    } else {
      fork_end(l, &f);
    }
  }
  tg_value value = cell_get(l, result);
  cells_pop(l, top);
  return value;
}

static void set_cells(lowering *l, uint32_t first, const prog_expr *e, uint32_t n)
{
  tg_value values[MAX_VALUES];
  lower_values(l, e, values);
  for (uint32_t k = 0; k < n; k++) {
    cell_set(l, first + k, values[k]);
  }
}

static void lower_choice(lowering *l, const prog_expr *e, tg_value *out)
{
  uint32_t n = cells_of(l, e->type), extra[MAX_VALUES], top = (uint32_t)l->cells.n;
  tg_value condition = lower_scalar(l, e->args[0]);
  unsigned after =
      draws_join(draws_after_expr(l->p, e->args[1], l->taken), draws_after_expr(l->p, e->args[2], l->taken));
  bool draws = ((effects_of_expr(l->p, e->args[1]) | effects_of_expr(l->p, e->args[2])) & PROG_DRAWS) != 0;
  uint32_t first = cells_push_zeros(l, e->type);
  for (uint32_t k = 0; k < n; k++) {
    extra[k] = first + k;
  }
  fork f;
  fork_begin(l, &f, condition, region_of(l, NULL, 0, extra, n, draws), after);
  set_cells(l, first, e->args[2], n);
  fork_next(l, &f);
  set_cells(l, first, e->args[1], n);
  fork_end(l, &f);
  for (uint32_t k = 0; k < n; k++) {
    out[k] = cell_get(l, first + k);
  }
  cells_pop(l, top);
}

/* ---- arrays ---- */

binding lower_array(lowering *l, const prog_expr *e)
{
  switch ((int)e->kind) {
  case EXPR_VARIABLE: return l->frame->variables[e->index];
  case EXPR_TABLE: return (binding){.kind = BIND_TABLE, .at = e->index};
  case EXPR_SHARED: return (binding){.kind = BIND_SHARED, .at = e->index};
  case EXPR_OUTPUT: return l->frame->variables[l->entry->operands[e->index].variable];
  default: {
    /* An argument made for the call: its cell goes with the caller's block. */
    tg_value made = lower_scalar(l, e);
    return (binding){.kind = BIND_CELLS, .at = cells_push(l, made), .length = e->type.n};
  }
  }
}

static tg_value length_of(lowering *l, binding array)
{
  switch ((binding_kind)array.kind) {
  case BIND_SHARED: return operand_length(l, array.at);
  case BIND_TABLE: return lower_u64(l, l->p->tables[array.at].n);
  case BIND_CELLS: return lower_u64(l, array.length);
  case BIND_NONE: break;
  }
  return TG_POISON;
}

static tg_value load_element(lowering *l, binding array, tg_value index)
{
  switch ((binding_kind)array.kind) {
  case BIND_SHARED: return tg_gather(l->g, operand_shared(l, array.at), index);
  case BIND_TABLE: return tg_gather(l->g, operand_table(l, array.at), index);
  case BIND_CELLS: return tg_aload(l->g, cell_get(l, array.at), index);
  case BIND_NONE: break;
  }
  return TG_POISON;
}

/* A fixed length, or 0. */
static uint64_t fixed_length(const lowering *l, binding array)
{
  return array.kind == BIND_TABLE ? l->p->tables[array.at].n : array.kind == BIND_CELLS ? array.length : 0;
}

/* Whether the index is in range whatever the program does: a constant, a remainder by a constant, the variable of a
 * loop between constants, a small type. */
static bool is_inside(const lowering *l, const prog_expr *index, uint64_t length)
{
  tg_type type = (tg_type)index->type.scalar;
  uint64_t sign = type_table[type].is_signed ? type_mask(type) ^ type_mask(type) >> 1 : 0;
  if (index->kind == EXPR_CONST) {
    return (index->bits & sign) == 0 && index->bits < length;
  }
  if (index->kind == EXPR_OP && index->op == PROG_REM && index->args[1]->kind == EXPR_CONST) {
    uint64_t divisor = index->args[1]->bits;
    return (divisor & sign) == 0 && divisor != 0 && divisor <= length;
  }
  if (index->kind == EXPR_OP && index->op == PROG_AND && index->args[1]->kind == EXPR_CONST) {
    return (index->args[1]->bits & sign) == 0 && index->args[1]->bits < length;
  }
  uint64_t below = index->kind == EXPR_VARIABLE && l->named == NULL ? l->frame->variables[index->index].below : 0;
  return (below != 0 && below <= length) || (sign == 0 && type_mask(type) < length);
}

/* As an unsigned number of the same width a negative index is beyond every length that fits half of it. */
void lower_bounds(lowering *l, const prog_expr *index, tg_value value, binding array, lang_pos pos)
{
  static const tg_type same_width[] = {[TG_I8] = TG_U8, [TG_I16] = TG_U16, [TG_I32] = TG_U32, [TG_I64] = TG_U64};
  tg_type type = (tg_type)index->type.scalar;
  uint64_t fixed = fixed_length(l, array);
  if (fixed > 0 && is_inside(l, index, fixed)) {
    return;
  }
  bool fits = fixed > 0 && fixed <= type_mask(type) >> 1;
  if (!fits) {
    value = type == TG_U64 ? value : tg_convert(l->g, TG_U64, value);
    type = TG_U64;
  } else if (type_table[type].is_signed) {
    type = same_width[type];
    value = tg_bitcast(l->g, type, value);
  }
  tg_value length = fits ? tg_const(l->g, type, fixed) : length_of(l, array);
  tg_trap(l->g, tg_ge(l->g, value, length), LANG_TRAP_INDEX, lower_position(l, pos));
}

static tg_value lower_index(lowering *l, const prog_expr *e)
{
  binding array = lower_array(l, e->args[0]);
  tg_value index = lower_scalar(l, e->args[1]);
  lower_bounds(l, e->args[1], index, array, e->pos);
  return load_element(l, array, index);
}

/* Elements are stored as they are evaluated; what is zero is there already. */
static tg_value lower_new_array(lowering *l, const prog_expr *e)
{
  tg_value array = tg_array(l->g, scalar_of(e), e->type.n);
  bool is_fill = e->kind == EXPR_FILL;
  tg_value filler = is_fill ? lower_scalar(l, e->args[0]) : TG_POISON;
  if (is_fill && e->args[0]->kind == EXPR_CONST && e->args[0]->bits == 0) {
    return array;
  }
  for (uint32_t k = 0; k < e->type.n && !lowering_failed(l, e->pos); k++) {
    tg_value value = is_fill ? filler : lower_scalar(l, e->args[k]);
    array = tg_astore(l->g, array, tg_const(l->g, TG_U32, k), value);
  }
  return array;
}

/* ---- all kinds ---- */

static void lower_variable(lowering *l, const prog_expr *e, tg_value *out)
{
  if (l->named != NULL && l->frame->caller == NULL) {
    out[0] = l->named[e->index];
    return;
  }
  binding at = l->frame->variables[e->index];
  for (uint32_t k = 0; k < cells_of(l, e->type); k++) {
    out[k] = cell_get(l, at.at + k);
  }
}

static void lower_struct(lowering *l, const prog_expr *e, tg_value *out)
{
  for (uint32_t k = 0; k < e->n_args; k++) {
    out[k] = lower_scalar(l, e->args[k]);
  }
}

static tg_value lower_field(lowering *l, const prog_expr *e)
{
  tg_value fields[MAX_VALUES];
  lower_values(l, e->args[0], fields);
  return fields[e->index];
}

static tg_value lower_operator(lowering *l, const prog_expr *e)
{
  tg_value x[3] = {TG_POISON, TG_POISON, TG_POISON};
  for (uint32_t k = 0; k < e->n_args; k++) {
    x[k] = lower_scalar(l, e->args[k]);
  }
  return operate(l, e, x);
}

static tg_value lower_output(lowering *l, const prog_expr *e)
{
  return cell_get(l, l->frame->variables[l->entry->operands[e->index].variable].at);
}

static tg_value lower_simple(lowering *l, const prog_expr *e)
{
  switch ((prog_expr_kind)e->kind) {
  case EXPR_CONST: return tg_const(l->g, scalar_of(e), e->bits);
  case EXPR_PARAM: return operand_param(l, e->index);
  case EXPR_INPUT: return l->inputs[e->index];
  case EXPR_OUTPUT: return lower_output(l, e);
  case EXPR_ID: return operand_id(l);
  case EXPR_COUNT: return operand_count(l);
  case EXPR_OP: return lower_operator(l, e);
  case EXPR_AND: return lower_logic(l, e, true);
  case EXPR_OR: return lower_logic(l, e, false);
  case EXPR_INDEX: return lower_index(l, e);
  case EXPR_LENGTH: return length_of(l, lower_array(l, e->args[0]));
  case EXPR_FIELD: return lower_field(l, e);
  case EXPR_LIST:
  case EXPR_FILL: return lower_new_array(l, e);
  case EXPR_DRAW: return lower_draw(l, e->pos);
  case EXPR_REDUCE: return l->reduced[e->index];
  case EXPR_VARIABLE:
  case EXPR_SHARED:
  case EXPR_TABLE:
  case EXPR_COND:
  case EXPR_STRUCT:
  case EXPR_CALL: break;
  }
  return TG_POISON;
}

void lower_values(lowering *l, const prog_expr *e, tg_value *out)
{
  memset(out, 0, cells_of(l, e->type) * sizeof *out);
  if (lowering_failed(l, e->pos)) {
    return;
  }
  switch ((int)e->kind) {
  case EXPR_VARIABLE: lower_variable(l, e, out); break;
  case EXPR_COND: lower_choice(l, e, out); break;
  case EXPR_STRUCT: lower_struct(l, e, out); break;
  case EXPR_CALL: lower_call(l, e, out); break;
  default: out[0] = lower_simple(l, e);
  }
}
