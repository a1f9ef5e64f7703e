/* operands.c: the operands of a lowered graph, declared when they are first needed. */
#include "routine/lower.h"

#include <stdio.h>
#include <string.h>

tg_operand operand_add(lowering *l, tg_operand_kind kind, routine_operand role, const char *name, tg_mode mode)
{
  if (!vec_room(&l->p->context->allocator, &l->out->operands, 1)) {
    l->is_out_of_memory = true;
    return TG_POISON;
  }
  tg_operand operand = tg_declare(l->g, kind, name, mode);
  if (operand != TG_POISON) {
    l->out->operands.data[l->out->operands.n++] = role;
  }
  return operand;
}

/* "prefix.name", cut to what a name may have. Names of the language have no dot, so they do not clash. */
static tg_operand add_named(lowering *l, tg_operand_kind kind, routine_operand role, const char *prefix,
                            const char *name, tg_mode mode)
{
  char text[TG_MAX_NAME + 1];
  snprintf(text, sizeof text, "%s.%.*s", prefix, (int)(sizeof text - 2 - strlen(prefix)), name);
  return operand_add(l, kind, role, text, mode);
}

/* The native mode of a type has its number. */
static tg_mode mode_of(tg_type type)
{
  return (tg_mode)type;
}

tg_value operand_param(lowering *l, uint32_t index)
{
  const prog_operand *o = &l->entry->operands[index];
  if (l->params[index] == TG_POISON) {
    l->params[index] =
        operand_add(l, TG_PARAM, (routine_operand){ROUTINE_PARAM, index, 0}, o->name, mode_of((tg_type)o->type.scalar));
  }
  return tg_param(l->g, l->params[index]);
}

tg_value operand_length(lowering *l, uint32_t index)
{
  if (l->lengths[index] == TG_POISON) {
    l->lengths[index] = add_named(l, TG_PARAM, (routine_operand){ROUTINE_LENGTH, index, 0}, "len",
                                  l->entry->operands[index].name, TG_MODE_U64);
  }
  return tg_param(l->g, l->lengths[index]);
}

tg_value operand_count(lowering *l)
{
  if (l->count == TG_POISON) {
    l->count = operand_add(l, TG_PARAM, (routine_operand){ROUTINE_COUNT, 0, 0}, "run.count", TG_MODE_U64);
  }
  return tg_param(l->g, l->count);
}

tg_value operand_seed(lowering *l)
{
  if (l->seed == TG_POISON) {
    l->seed = operand_add(l, TG_PARAM, (routine_operand){ROUTINE_SEED, 0, 0}, "run.seed", TG_MODE_U64);
  }
  return tg_param(l->g, l->seed);
}

tg_value operand_id(lowering *l)
{
  return l->is_regrouped ? l->id : tg_iota(l->g, lower_u64(l, 0), lower_u64(l, 1));
}

tg_value operand_fuel(lowering *l)
{
  if (l->fuel_left == TG_POISON) {
    l->fuel_left = operand_add(l, TG_PARAM, (routine_operand){ROUTINE_FUEL, 0, 0}, "run.fuel", TG_MODE_U64);
  }
  return tg_param(l->g, l->fuel_left);
}

/* Tables of different files may have one name: the number makes them differ. */
tg_operand operand_table(lowering *l, uint32_t index)
{
  const prog_table *table = &l->p->tables[index];
  if (l->tables[index] == TG_POISON) {
    char prefix[32];
    snprintf(prefix, sizeof prefix, "table.%u", (unsigned)index);
    l->tables[index] =
        add_named(l, TG_TABLE, (routine_operand){ROUTINE_TABLE, index, 0}, prefix, table->name, mode_of(table->type));
  }
  return l->tables[index];
}

tg_operand operand_shared(lowering *l, uint32_t index)
{
  const prog_operand *o = &l->entry->operands[index];
  if (l->shared[index] == TG_POISON) {
    l->shared[index] = operand_add(l, TG_TABLE, (routine_operand){ROUTINE_SHARED, index, 0}, o->name,
                                   mode_of((tg_type)o->type.scalar));
  }
  return l->shared[index];
}
