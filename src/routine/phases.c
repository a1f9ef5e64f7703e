/* phases.c: an entry as phases: one graph for the statements between two `sync`s. What plan.c says is kept across a
 * sync is loaded where the next phase begins and saved where this one ends. */
#include "routine/plan.h"

#include <stdio.h>
#include <string.h>

/* ---- lowering a phase ---- */

static tg_operand slot_operand(lowering *l, const plan *pl, uint32_t slot, bool saves)
{
  char name[32];
  snprintf(name, sizeof name, "%s.%u", saves ? "save" : "load", (unsigned)slot);
  routine_role role = saves ? ROUTINE_SAVE : ROUTINE_LOAD;
  return operand_add(l, saves ? TG_OUTPUT : TG_INPUT, (routine_operand){(uint8_t)role, slot, 0}, name,
                     (tg_mode)pl->slots.data[slot].type);
}

static tg_value load_slot(lowering *l, const plan *pl, uint32_t slot)
{
  return tg_load(l->g, slot_operand(l, pl, slot, false));
}

static void load_item(lowering *l, const plan *pl, uint32_t item, uint32_t first)
{
  prog_type type = plan_item_type(pl, item);
  uint32_t n = plan_item_slots(pl, item), at = (uint32_t)l->cells.n;
  if (type.kind == PROG_ARRAY) {
    tg_value array = tg_array(l->g, (tg_type)type.scalar, type.n);
    for (uint32_t k = 0; k < n && !lowering_failed(l, pl->entry->pos); k++) {
      array = tg_astore(l->g, array, tg_const(l->g, TG_U32, k), load_slot(l, pl, first + k));
    }
    cells_push(l, array);
  } else {
    for (uint32_t k = 0; k < n; k++) {
      cells_push(l, load_slot(l, pl, first + k));
    }
  }
  if (item < pl->entry->body.n_variables) {
    l->frame->variables[item] = (binding){.kind = BIND_CELLS, .at = at, .length = type.kind == PROG_ARRAY ? type.n : 0};
  }
}

static void save_item(lowering *l, const plan *pl, uint32_t item, uint32_t at, uint32_t first)
{
  prog_type type = plan_item_type(pl, item);
  for (uint32_t k = 0; k < plan_item_slots(pl, item) && !lowering_failed(l, pl->entry->pos); k++) {
    tg_value value =
        type.kind == PROG_ARRAY ? tg_aload(l->g, cell_get(l, at), tg_const(l->g, TG_U32, k)) : cell_get(l, at + k);
    tg_store(l->g, slot_operand(l, pl, first + k, true), value);
  }
}

/* A group of instances moves with those that its phase reads alone. */
static void load_inputs(lowering *l, const plan *pl, uint32_t number)
{
  for (uint32_t k = 0; k < l->entry->n_operands; k++) {
    const prog_operand *o = &l->entry->operands[k];
    if (o->kind == OPERAND_INPUT && (!plan_is_split(pl, number) || pl->phases[number].inputs[k])) {
      l->inputs[k] = tg_load(
          l->g, operand_add(l, TG_INPUT, (routine_operand){ROUTINE_INPUT, k, 0}, o->name, (tg_mode)o->type.scalar));
    }
  }
}

static void store_output(lowering *l, uint32_t index)
{
  const prog_operand *o = &l->entry->operands[index];
  uint32_t at = l->frame->variables[o->variable].at;
  uint32_t n = o->type.kind == PROG_ARRAY ? o->type.n : 1;
  for (uint32_t k = 0; k < n && !lowering_failed(l, o->pos); k++) {
    char name[TG_MAX_NAME + 1];
    snprintf(name, sizeof name, "%.240s.%u", o->name, (unsigned)k);
    tg_value value =
        o->type.kind == PROG_ARRAY ? tg_aload(l->g, cell_get(l, at), tg_const(l->g, TG_U32, k)) : cell_get(l, at);
    tg_operand to = operand_add(l, TG_OUTPUT, (routine_operand){ROUTINE_OUTPUT, index, k},
                                o->type.kind == PROG_ARRAY ? name : o->name, (tg_mode)o->type.scalar);
    tg_store(l->g, to, value);
  }
}

static void begin_draws(lowering *l)
{
  l->draws = cells_push(l, lower_u64(l, 0));
  for (int k = 1; k < DRAW_CELLS; k++) {
    cells_push(l, tg_const(l->g, TG_U32, 0));
  }
}

/* Instances that halted in an earlier phase halt here. */
static void begin_alive(lowering *l)
{
  tg_operand was = operand_add(l, TG_INPUT, (routine_operand){ROUTINE_WAS_ALIVE, 0, 0}, "run.was_alive", TG_MODE_BOOL);
  tg_trap(l->g, tg_not(l->g, tg_load(l->g, was)), ROUTINE_HALTED, 0);
}

/* The cell of what lives beside the variables of the body. */
static uint32_t extra_cell(const lowering *l, uint32_t extra)
{
  return extra == EXTRA_RETURNED ? l->frame->returned
         : extra == EXTRA_FUEL   ? l->fuel
                                 : l->draws + (extra - EXTRA_DRAWS);
}

static void bind_zeros(lowering *l, const plan *pl, uint32_t item)
{
  prog_type type = plan_item_type(pl, item);
  uint32_t at = cells_push_zeros(l, type);
  l->frame->variables[item] = (binding){.kind = BIND_CELLS, .at = at, .length = type.kind == PROG_ARRAY ? type.n : 0};
}

/* Whether part of the phase is lowered in a branch, for those that have not returned. */
static bool has_returns(const plan *pl, uint32_t number)
{
  uint32_t returned = pl->entry->body.n_variables + EXTRA_RETURNED;
  return (pl->phases[number].exits & PROG_RETURNS) != 0 || (number > 0 && pl->phases[number - 1].saved[returned] != 0);
}

/* Outputs are zero at first. What came to life earlier and is not kept is written here before it is read. What comes to
 * life in a branch has cells outside of it if it is to be saved after it. */
static void begin_variables(lowering *l, const plan *pl, uint32_t number)
{
  const uint32_t *saved = number > 0 ? pl->phases[number - 1].saved : NULL;
  for (uint32_t v = 0; v < pl->entry->body.n_variables; v++) {
    bool is_output = pl->entry->body.variables[v].kind == VARIABLE_OUTPUT;
    bool is_used = pl->phases[number].mentions[v] || (is_output && (number == 0 || number + 1 == pl->n));
    if (saved != NULL && saved[v] != 0) {
      if (plan_moves(pl, number, v)) {
        load_item(l, pl, v, saved[v] - 1);
      }
    } else if (is_used && (is_output || (number > 0 && plan_is_declared(pl, v, number - 1)))) {
      bind_zeros(l, pl, v);
    } else if (pl->phases[number].saved[v] != 0 && has_returns(pl, number)) {
      bind_zeros(l, pl, v);
    }
  }
}

static void begin_state(lowering *l, const plan *pl, uint32_t number)
{
  uint32_t n_variables = pl->entry->body.n_variables;
  const uint32_t *saved = number > 0 ? pl->phases[number - 1].saved + n_variables : NULL;
  begin_variables(l, pl, number);
  if (l->is_regrouped) {
    l->id = tg_load(l->g, operand_add(l, TG_INPUT, (routine_operand){ROUTINE_ID, 0, 0}, "run.id", TG_MODE_U64));
  }
  l->frame->returned = cells_push(l, lower_bool(l, false));
  l->fuel = pl->counts_fuel ? cells_push(l, operand_fuel(l)) : NO_CELL;
  begin_draws(l);
  for (uint32_t extra = 0; saved != NULL && extra < N_EXTRAS; extra++) {
    if (saved[extra] != 0 && plan_moves(pl, number, n_variables + extra)) {
      cell_set(l, extra_cell(l, extra), load_slot(l, pl, saved[extra] - 1));
    }
  }
  if (saved != NULL && saved[EXTRA_DRAWS] != 0) {
    l->taken = DRAWS_UNKNOWN;
  }
}

static void end_state(lowering *l, const plan *pl, uint32_t number)
{
  uint32_t n_variables = pl->entry->body.n_variables;
  const uint32_t *saved = pl->phases[number].saved;
  if (saved[n_variables + EXTRA_DRAWS] != 0) {
    draws_forget(l, DRAWS_UNKNOWN);
  }
  for (uint32_t item = 0; item < pl->n_items; item++) {
    if (saved[item] == 0 || !plan_moves(pl, number, item)) {
      continue;
    }
    if (item < n_variables && l->frame->variables[item].kind == BIND_NONE) {
      bind_zeros(l, pl, item); /* declared where nothing ever comes */
    }
    uint32_t at = item < n_variables ? l->frame->variables[item].at : extra_cell(l, item - n_variables);
    save_item(l, pl, item, at, saved[item] - 1);
  }
  tg_operand alive = operand_add(l, TG_OUTPUT, (routine_operand){ROUTINE_ALIVE, 0, 0}, "run.alive", TG_MODE_BOOL);
  tg_store(l->g, alive, lower_bool(l, true));
}

static void lower_body(lowering *l, const plan *pl, uint32_t number)
{
  const plan_phase *ph = &pl->phases[number];
  bool may_have_returned =
      number > 0 && pl->phases[number - 1].saved[pl->entry->body.n_variables + EXTRA_RETURNED] != 0;
  if (may_have_returned && ph->list != NULL) {
    lower_rest(l, ph->list, PROG_RETURNS);
  } else {
    lower_list(l, ph->list);
  }
}

static tg_status lower_phase(const plan *pl, uint32_t number, routine *out, tg_error *error)
{
  lowering l;
  if (lowering_open(&l, pl->p, pl->entry, pl->entry->name, out) != TG_OK) {
    return error_set(error, TG_NOMEM, "no memory to compile %s", pl->entry->name);
  }
  l.is_regrouped = plan_is_split(pl, number);
  if (frame_push(&l, &pl->entry->body, pl->entry->pos) != NULL) {
    if (number > 0) {
      begin_alive(&l);
    }
    load_inputs(&l, pl, number);
    begin_state(&l, pl, number);
    lower_body(&l, pl, number);
    if (number + 1 < pl->n) {
      end_state(&l, pl, number);
    }
    for (uint32_t k = 0; number + 1 == pl->n && k < pl->entry->n_operands; k++) {
      if (pl->entry->operands[k].kind == OPERAND_OUTPUT) {
        store_output(&l, k);
      }
    }
    if (number + 1 == pl->n) {
      lower_reductions(&l);
    }
  }
  return lowering_close(&l, error);
}

tg_status routine_lower_plan(plan *pl, routine_set *out, tg_error *error)
{
  tg_status status = TG_OK;
  *out = (routine_set){.context = pl->p->context};
  out->phases = alloc_zeroed(&out->context->allocator, pl->n, sizeof *out->phases);
  if (out->phases == NULL) {
    return error_set(error, TG_NOMEM, "no memory to compile %s", pl->entry->name);
  }
  out->n_phases = pl->n;
  out->keeps_alive = pl->n > 1;
  out->split = (routine_split){.turn = pl->split.turn, .n_arms = pl->split.n_arms};
  if (pl->split.turn != 0) {
    out->split.arm_slot = pl->phases[pl->split.turn].saved[pl->split.arm] - 1;
  }
  for (uint32_t k = 0; k < pl->n && status == TG_OK; k++) {
    status = lower_phase(pl, k, &out->phases[k], error);
  }
  memcpy(&out->slots, &pl->slots, sizeof out->slots);
  memset(&pl->slots, 0, sizeof pl->slots);
  if (status != TG_OK) {
    routine_drop(out);
  }
  return status;
}

tg_status routine_lower(const program *p, const prog_entry *entry, const routine_options *options, routine_set *out,
                        tg_error *error)
{
  arena memory;
  plan pl;
  arena_init(&memory, p->context->allocator);
  *out = (routine_set){.context = NULL};
  tg_status status = plan_make(&pl, p, entry, options, &memory, error);
  if (status == TG_OK) {
    status = routine_lower_plan(&pl, out, error);
  }
  plan_free(&pl);
  arena_free(&memory);
  return status;
}

void routine_drop(routine_set *set)
{
  if (set->context == NULL) {
    return;
  }
  for (uint32_t k = 0; k < set->n_phases; k++) {
    routine_free(set->context, &set->phases[k]);
  }
  alloc_free(&set->context->allocator, set->phases, set->n_phases, sizeof *set->phases);
  vec_free(&set->context->allocator, &set->slots);
  memset(set, 0, sizeof *set);
}
