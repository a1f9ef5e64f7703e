/* phases.c: an entry as phases: one graph for the statements between two `sync`s. What lives across a sync is kept in
 * slots of the instance's state: loaded where the next phase begins, saved where this one ends. A slot is given to
 * another variable of its type when the one that had it is not needed any more. */
#include "routine/lower.h"

#include <stdio.h>
#include <string.h>

/* What may live across a sync beside the variables of the body, numbered after them. */
enum { EXTRA_RETURNED, EXTRA_DRAWS, N_EXTRAS = EXTRA_DRAWS + DRAW_CELLS };

typedef struct phase {
  prog_stmt *list; /* the statements up to the sync, copied so that the list ends there */
  unsigned effects, exits;
  bool *mentions; /* by variable: whether the phase mentions it */
  bool *declares;
  uint32_t
      *saved; /* by item (variable or extra): its first slot + 1 while it lives across the end of this phase, or 0 */
} phase;

typedef struct planner {
  const program *p;
  const prog_entry *entry;
  arena *memory;
  routine_set *out;
  phase *phases;
  uint32_t n, n_items;
  bool *slot_taken;
  size_t n_slot_taken;
} planner;

/* ---- cutting ---- */

static uint32_t count_phases(const prog_stmt *s)
{
  uint32_t n = 1;
  for (; s != NULL; s = s->next) {
    n += s->kind == STMT_SYNC;
  }
  return n;
}

static void cut(planner *pl)
{
  uint32_t k = 0;
  prog_stmt **end = &pl->phases[0].list;
  for (const prog_stmt *s = pl->entry->body.body; s != NULL; s = s->next) {
    if (s->kind == STMT_SYNC) {
      end = &pl->phases[++k].list;
      continue;
    }
    prog_stmt *copy = arena_copy(pl->memory, s, 1, sizeof *s);
    if (copy == NULL) {
      return;
    }
    copy->next = NULL;
    *end = copy;
    end = &copy->next;
  }
}

/* ---- what is mentioned where ---- */

static void mention_expr(phase *ph, const prog_expr *e)
{
  if (e == NULL) {
    return;
  }
  if (e->kind == EXPR_VARIABLE) {
    ph->mentions[e->index] = true;
  }
  for (uint32_t k = 0; k < e->n_args; k++) {
    mention_expr(ph, e->args[k]);
  }
}

static void mention_list(phase *ph, const prog_stmt *s)
{
  for (; s != NULL; s = s->next) {
    for (uint32_t k = 0; k < s->n_places; k++) {
      if (s->places[k].kind != PLACE_NOTHING) {
        ph->mentions[s->places[k].variable] = true;
        ph->declares[s->places[k].variable] |= s->kind == STMT_DECLARE;
      }
      mention_expr(ph, s->places[k].subscript);
    }
    mention_expr(ph, s->value);
    mention_expr(ph, s->limit);
    for (uint32_t k = 0; k < s->n_arms; k++) {
      mention_list(ph, s->arms[k].body);
    }
    mention_list(ph, s->body);
    mention_list(ph, s->otherwise);
  }
}

static bool is_output(const planner *pl, uint32_t item)
{
  return item < pl->entry->body.n_variables && pl->entry->body.variables[item].kind == VARIABLE_OUTPUT;
}

static bool is_declared_by(const planner *pl, uint32_t item, uint32_t end)
{
  for (uint32_t k = 0; k <= end; k++) {
    if (pl->phases[k].declares[item]) {
      return true;
    }
  }
  return is_output(pl, item);
}

static bool is_mentioned_after(const planner *pl, uint32_t item, uint32_t end)
{
  for (uint32_t k = end + 1; k < pl->n; k++) {
    if (pl->phases[k].mentions[item]) {
      return true;
    }
  }
  return is_output(pl, item);
}

static unsigned effects_between(const planner *pl, uint32_t first, uint32_t last)
{
  unsigned effects = 0;
  for (uint32_t k = first; k <= last; k++) {
    effects |= pl->phases[k].effects;
  }
  return effects;
}

/* Whether an item must be saved at the end of phase `end`. */
static bool lives_across(const planner *pl, uint32_t item, uint32_t end)
{
  uint32_t n_variables = pl->entry->body.n_variables;
  if (item < n_variables) {
    return is_declared_by(pl, item, end) && is_mentioned_after(pl, item, end);
  }
  if (item == n_variables + EXTRA_RETURNED) {
    for (uint32_t k = 0; k <= end; k++) {
      if (pl->phases[k].exits & PROG_RETURNS) {
        return true;
      }
    }
    return false;
  }
  return (effects_between(pl, 0, end) & PROG_DRAWS) && (effects_between(pl, end + 1, pl->n - 1) & PROG_DRAWS);
}

/* ---- slots ---- */

static prog_type type_of(const planner *pl, uint32_t item)
{
  uint32_t n_variables = pl->entry->body.n_variables;
  if (item < n_variables) {
    return pl->entry->body.variables[item].type;
  }
  uint32_t extra = item - n_variables;
  tg_type scalar = extra == EXTRA_RETURNED ? TG_BOOL : extra == EXTRA_DRAWS + DRAW_BLOCK ? TG_U64 : TG_U32;
  return (prog_type){PROG_SCALAR, (uint8_t)scalar, 0};
}

static uint32_t slots_of(const planner *pl, uint32_t item)
{
  prog_type type = type_of(pl, item);
  return type.kind == PROG_ARRAY ? type.n : type.kind == PROG_STRUCT ? pl->p->structs[type.n].n_fields : 1;
}

static routine_slot slot_for(const planner *pl, uint32_t item, uint32_t k)
{
  prog_type type = type_of(pl, item);
  bool is_variable = item < pl->entry->body.n_variables;
  const prog_variable *v = is_variable ? &pl->entry->body.variables[item] : NULL;
  tg_type scalar = type.kind == PROG_STRUCT ? pl->p->structs[type.n].fields[k].type : (tg_type)type.scalar;
  return (routine_slot){is_variable                           ? v->name
                        : item == pl->entry->body.n_variables ? "return"
                                                              : "random numbers",
                        is_variable ? v->pos : pl->entry->pos, scalar, type.kind == PROG_ARRAY};
}

static bool fits(const planner *pl, uint32_t item, uint32_t first)
{
  for (uint32_t k = 0; k < slots_of(pl, item); k++) {
    routine_slot want = slot_for(pl, item, k);
    if (first + k >= pl->out->slots.n || pl->slot_taken[first + k] ||
        pl->out->slots.data[first + k].type != want.type || pl->out->slots.data[first + k].is_array != want.is_array) {
      return false;
    }
  }
  return true;
}

static bool add_slots(planner *pl, uint32_t item)
{
  const tg_allocator *a = &pl->p->context->allocator;
  uint32_t n = slots_of(pl, item);
  size_t old = pl->n_slot_taken;
  if (!vec_room(a, &pl->out->slots, n) ||
      !alloc_grow(a, (void **)(void *)&pl->slot_taken, &pl->n_slot_taken, pl->out->slots.n + n, sizeof(bool))) {
    pl->memory->failed = true;
    return false;
  }
  if (pl->n_slot_taken > old) {
    memset(pl->slot_taken + old, 0, pl->n_slot_taken - old);
  }
  for (uint32_t k = 0; k < n; k++) {
    pl->out->slots.data[pl->out->slots.n++] = slot_for(pl, item, k);
  }
  return true;
}

static void take(planner *pl, uint32_t item, uint32_t first, bool taken)
{
  for (uint32_t k = 0; k < slots_of(pl, item); k++) {
    pl->slot_taken[first + k] = taken;
  }
}

static uint32_t find_slots(planner *pl, uint32_t item)
{
  for (uint32_t first = 0; first < pl->out->slots.n; first++) {
    if (fits(pl, item, first)) {
      return first;
    }
  }
  uint32_t first = (uint32_t)pl->out->slots.n;
  return add_slots(pl, item) ? first : UINT32_MAX;
}

/* Who lives on keeps the slots; then those that died give theirs to newcomers. */
static void give_slots(planner *pl, uint32_t end)
{
  uint32_t *saved = pl->phases[end].saved;
  const uint32_t *before = end > 0 ? pl->phases[end - 1].saved : NULL;
  for (uint32_t item = 0; item < pl->n_items && before != NULL; item++) {
    if (before[item] != 0) {
      bool lives = lives_across(pl, item, end);
      saved[item] = lives ? before[item] : 0;
      take(pl, item, before[item] - 1, lives);
    }
  }
  for (uint32_t item = 0; item < pl->n_items; item++) {
    if (saved[item] == 0 && lives_across(pl, item, end)) {
      uint32_t first = find_slots(pl, item);
      if (first == UINT32_MAX) {
        return;
      }
      saved[item] = first + 1;
      take(pl, item, first, true);
    }
  }
}

static uint32_t item_bytes(const planner *pl, uint32_t item)
{
  uint32_t bytes = 0;
  for (uint32_t k = 0; k < slots_of(pl, item); k++) {
    routine_slot slot = slot_for(pl, item, k);
    bytes += slot.is_array ? 0 : type_table[slot.type].bytes;
  }
  return bytes;
}

/* "x (8), p (16), ..." */
static void name_items(const planner *pl, uint32_t end, char *text, size_t size)
{
  size_t n = 0;
  text[0] = '\0';
  for (uint32_t item = 0; item < pl->n_items && n < size; item++) {
    uint32_t bytes = pl->phases[end].saved[item] != 0 ? item_bytes(pl, item) : 0;
    if (bytes > 0) {
      int more =
          snprintf(text + n, size - n, "%s%s (%u)", n == 0 ? "" : ", ", slot_for(pl, item, 0).name, (unsigned)bytes);
      n += more > 0 ? (size_t)more : size;
    }
  }
}

static tg_status check_budget(const planner *pl, uint32_t end, uint32_t budget, tg_error *error)
{
  uint32_t bytes = 0;
  for (uint32_t item = 0; item < pl->n_items; item++) {
    bytes += pl->phases[end].saved[item] != 0 ? item_bytes(pl, item) : 0;
  }
  if (bytes <= budget) {
    return TG_OK;
  }
  char names[160];
  name_items(pl, end, names, sizeof names);
  tg_pos pos = {pl->entry->pos.line, pl->entry->pos.column, pl->entry->pos.length};
  error_at(error, TG_LIMIT, pos, "%.40s keeps %u bytes across sync %u, of %u: %s", pl->entry->name, (unsigned)bytes,
           (unsigned)end + 1, (unsigned)budget, names);
  error_hint(error, "compute some of them again after the sync, or use smaller types");
  return TG_LIMIT;
}

static tg_status plan(planner *pl, uint32_t budget, tg_error *error)
{
  const prog_function *body = &pl->entry->body;
  pl->n = count_phases(body->body);
  pl->n_items = body->n_variables + N_EXTRAS;
  pl->phases = arena_array(pl->memory, phase, pl->n);
  for (uint32_t k = 0; pl->phases != NULL && k < pl->n; k++) {
    pl->phases[k].mentions = arena_array(pl->memory, bool, pl->n_items);
    pl->phases[k].declares = arena_array(pl->memory, bool, pl->n_items);
    pl->phases[k].saved = arena_array(pl->memory, uint32_t, pl->n_items);
  }
  if (!pl->memory->failed) {
    cut(pl);
  }
  for (uint32_t k = 0; !pl->memory->failed && k < pl->n; k++) {
    mention_list(&pl->phases[k], pl->phases[k].list);
    pl->phases[k].effects = effects_of_list(pl->p, pl->phases[k].list);
    pl->phases[k].exits = exits_of_list(pl->phases[k].list);
  }
  for (uint32_t k = 0; !pl->memory->failed && k + 1 < pl->n; k++) {
    give_slots(pl, k);
    TG_TRY(check_budget(pl, k, budget, error));
  }
  return pl->memory->failed ? error_set(error, TG_NOMEM, "no memory to compile %s", pl->entry->name) : TG_OK;
}

/* ---- lowering a phase ---- */

static tg_operand slot_operand(lowering *l, const planner *pl, uint32_t slot, bool saves)
{
  char name[32];
  snprintf(name, sizeof name, "%s.%u", saves ? "save" : "load", (unsigned)slot);
  routine_role role = saves ? ROUTINE_SAVE : ROUTINE_LOAD;
  return operand_add(l, saves ? TG_OUTPUT : TG_INPUT, (routine_operand){(uint8_t)role, slot, 0}, name,
                     (tg_mode)pl->out->slots.data[slot].type);
}

static tg_value load_slot(lowering *l, const planner *pl, uint32_t slot)
{
  return tg_load(l->g, slot_operand(l, pl, slot, false));
}

static void load_item(lowering *l, const planner *pl, uint32_t item, uint32_t first)
{
  prog_type type = type_of(pl, item);
  uint32_t n = slots_of(pl, item), at = (uint32_t)l->cells.n;
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
    l->frame->variables[item] = (binding){BIND_CELLS, at, type.kind == PROG_ARRAY ? type.n : 0};
  }
}

static void save_item(lowering *l, const planner *pl, uint32_t item, uint32_t at, uint32_t first)
{
  prog_type type = type_of(pl, item);
  for (uint32_t k = 0; k < slots_of(pl, item) && !lowering_failed(l, pl->entry->pos); k++) {
    tg_value value =
        type.kind == PROG_ARRAY ? tg_aload(l->g, cell_get(l, at), tg_const(l->g, TG_U32, k)) : cell_get(l, at + k);
    tg_store(l->g, slot_operand(l, pl, first + k, true), value);
  }
}

static void load_inputs(lowering *l)
{
  for (uint32_t k = 0; k < l->entry->n_operands; k++) {
    const prog_operand *o = &l->entry->operands[k];
    if (o->kind == OPERAND_INPUT) {
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

/* The cell of an item: of a variable of the body, or of what lives beside them. */
static uint32_t *extra_cell(lowering *l, const planner *pl, uint32_t item, uint32_t *at)
{
  uint32_t extra = item - pl->entry->body.n_variables;
  *at = extra == EXTRA_RETURNED ? l->frame->returned : l->draws + (extra - EXTRA_DRAWS);
  return at;
}

static void begin_state(lowering *l, const planner *pl, uint32_t number)
{
  const prog_function *body = &pl->entry->body;
  const uint32_t *saved = number > 0 ? pl->phases[number - 1].saved : NULL;
  for (uint32_t v = 0; v < body->n_variables; v++) {
    if (saved != NULL && saved[v] != 0) {
      load_item(l, pl, v, saved[v] - 1);
    } else if (saved == NULL && body->variables[v].kind == VARIABLE_OUTPUT) {
      prog_type type = body->variables[v].type;
      l->frame->variables[v] = (binding){BIND_CELLS, cells_push_zeros(l, type), type.kind == PROG_ARRAY ? type.n : 0};
    }
  }
  l->frame->returned = cells_push(l, lower_bool(l, false));
  begin_draws(l);
  for (uint32_t item = body->n_variables; saved != NULL && item < pl->n_items; item++) {
    uint32_t at;
    if (saved[item] != 0) {
      cell_set(l, *extra_cell(l, pl, item, &at), load_slot(l, pl, saved[item] - 1));
    }
  }
  if (saved != NULL && saved[body->n_variables + EXTRA_DRAWS] != 0) {
    l->taken = DRAWS_UNKNOWN;
  }
}

static void end_state(lowering *l, const planner *pl, uint32_t number)
{
  const uint32_t *saved = pl->phases[number].saved;
  if (saved[pl->entry->body.n_variables + EXTRA_DRAWS] != 0) {
    draws_forget(l, DRAWS_UNKNOWN);
  }
  for (uint32_t item = 0; item < pl->n_items; item++) {
    uint32_t at = item < pl->entry->body.n_variables ? l->frame->variables[item].at : NO_CELL;
    if (saved[item] != 0) {
      save_item(l, pl, item, at != NO_CELL ? at : *extra_cell(l, pl, item, &at), saved[item] - 1);
    }
  }
  tg_operand alive = operand_add(l, TG_OUTPUT, (routine_operand){ROUTINE_ALIVE, 0, 0}, "run.alive", TG_MODE_BOOL);
  tg_store(l->g, alive, lower_bool(l, true));
}

static void lower_body(lowering *l, const planner *pl, uint32_t number)
{
  const phase *ph = &pl->phases[number];
  bool may_have_returned =
      number > 0 && pl->phases[number - 1].saved[pl->entry->body.n_variables + EXTRA_RETURNED] != 0;
  if (may_have_returned && ph->list != NULL) {
    lower_rest(l, ph->list, PROG_RETURNS);
  } else {
    lower_list(l, ph->list);
  }
}

static tg_status lower_phase(const planner *pl, uint32_t number, routine *out, tg_error *error)
{
  lowering l;
  if (lowering_open(&l, pl->p, pl->entry, pl->entry->name, out) != TG_OK) {
    return error_set(error, TG_NOMEM, "no memory to compile %s", pl->entry->name);
  }
  if (frame_push(&l, &pl->entry->body, pl->entry->pos) != NULL) {
    if (number > 0) {
      begin_alive(&l);
    }
    load_inputs(&l);
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

tg_status routine_lower(const program *p, const prog_entry *entry, uint32_t budget, routine_set *out, tg_error *error)
{
  arena memory;
  arena_init(&memory, p->context->allocator);
  *out = (routine_set){.context = p->context};
  planner pl = {.p = p, .entry = entry, .memory = &memory, .out = out};
  tg_status status = plan(&pl, budget, error);
  if (status == TG_OK) {
    out->phases = alloc_zeroed(&p->context->allocator, pl.n, sizeof *out->phases);
    out->n_phases = out->phases == NULL ? 0 : pl.n;
    out->keeps_alive = pl.n > 1;
    status = out->phases == NULL ? error_set(error, TG_NOMEM, "no memory to compile %s", entry->name) : TG_OK;
  }
  for (uint32_t k = 0; k < pl.n && status == TG_OK; k++) {
    status = lower_phase(&pl, k, &out->phases[k], error);
  }
  alloc_free(&p->context->allocator, pl.slot_taken, pl.n_slot_taken, sizeof(bool));
  arena_free(&memory);
  if (status != TG_OK) {
    routine_drop(out);
  }
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
