/* plan.c: phases, and what lives across a sync: what the phases after it read before they write it. It gets slots; a
 * slot goes to another item of its type when the one that had it is not needed any more. */
#include "routine/plan.h"

#include <stdio.h>
#include <string.h>

enum { MOST_PHASES = 1024 };

/* ---- cutting ---- */

static uint32_t count_phases(const prog_stmt *s)
{
  uint32_t n = 1;
  for (; s != NULL; s = s->next) {
    n += s->kind == STMT_SYNC;
  }
  return n;
}

static void cut(plan *pl)
{
  plan_phase *ph = pl->phases;
  prog_stmt **end = &ph->list;
  for (uint32_t k = 0; k < pl->steps.lists.data[0].n; k++) {
    const prog_stmt *s = pl->steps.all.data[k].stmt;
    if (s->kind == STMT_SYNC) {
      ph++;
      ph->first_step = k + 1;
      end = &ph->list;
      continue;
    }
    prog_stmt *copy = arena_copy(pl->memory, s, 1, sizeof *s);
    if (copy == NULL) {
      return;
    }
    copy->next = NULL;
    pl->steps.all.data[k].stmt = copy;
    ph->n_steps++;
    *end = copy;
    end = &copy->next;
  }
}

/* ---- what is mentioned where ---- */

static void mention_expr(plan_phase *ph, const prog_expr *e)
{
  if (e == NULL) {
    return;
  }
  if (e->kind == EXPR_VARIABLE) {
    ph->mentions[e->index] = true;
  }
  if (e->kind == EXPR_INPUT) {
    ph->inputs[e->index] = true;
  }
  for (uint32_t k = 0; k < e->n_args; k++) {
    mention_expr(ph, e->args[k]);
  }
}

static void mention_list(plan_phase *ph, const prog_stmt *s)
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

static bool is_output(const plan *pl, uint32_t item)
{
  return item < pl->entry->body.n_variables && pl->entry->body.variables[item].kind == VARIABLE_OUTPUT;
}

bool plan_is_declared(const plan *pl, uint32_t item, uint32_t end)
{
  for (uint32_t k = 0; k <= end; k++) {
    if (pl->phases[k].declares[item]) {
      return true;
    }
  }
  return is_output(pl, item);
}

/* ---- what lives across a sync ---- */

typedef struct sync_keeper {
  plan *pl;
  uint32_t n; /* syncs still to come; the last comes first */
} sync_keeper;

static void keep_sync(void *self, uint32_t number, const item_word *after)
{
  sync_keeper *k = self;
  if (k->pl->steps.all.data[number].stmt->kind == STMT_SYNC) {
    item_word *live = arena_copy(k->pl->memory, after, k->pl->steps.n_words, sizeof *after);
    k->pl->phases[--k->n].live = live;
  }
}

static unsigned effects_between(const plan *pl, uint32_t first, uint32_t last)
{
  unsigned effects = 0;
  for (uint32_t k = first; k <= last; k++) {
    effects |= pl->phases[k].effects;
  }
  return effects;
}

static bool may_have_returned(const plan *pl, uint32_t end)
{
  for (uint32_t k = 0; k <= end; k++) {
    if (pl->phases[k].exits & PROG_RETURNS) {
      return true;
    }
  }
  return false;
}

/* Whether all the phases up to `end` and one after it have an effect. */
static bool is_around(const plan *pl, uint32_t end, unsigned effect)
{
  return (effects_between(pl, 0, end) & effect) && (effects_between(pl, end + 1, pl->n - 1) & effect);
}

bool plan_is_split(const plan *pl, uint32_t phase)
{
  return pl->split.turn != 0 && phase >= pl->split.turn && phase <= pl->split.turn + pl->split.n_arms;
}

bool plan_moves(const plan *pl, uint32_t phase, uint32_t item)
{
  return !plan_is_split(pl, phase) || pl->phases[phase].mentions[item];
}

/* Between the phases of a loop that is split, in any order: what one of them mentions, and what is needed after them.
 * Of random numbers that is how far they are: where one of them draws, or phases before and after all of them. */
static bool lives_in_split(const plan *pl, uint32_t item)
{
  uint32_t turn = pl->split.turn, last = turn + pl->split.n_arms;
  if (item >= pl->entry->body.n_variables + EXTRA_DRAWS) {
    return (effects_between(pl, turn, last) & PROG_DRAWS) != 0 || is_around(pl, last, PROG_DRAWS);
  }
  bool is_mentioned = item_is_in(pl->phases[last].live, item);
  for (uint32_t k = turn; k <= last && !is_mentioned; k++) {
    is_mentioned = pl->phases[k].mentions[item];
  }
  return is_mentioned && plan_is_declared(pl, item, turn - 1);
}

/* Whether an item must be saved at the end of phase `end`. Instances that have returned still go through the phases
 * that follow, with their outputs. */
static bool lives_across(const plan *pl, uint32_t item, uint32_t end)
{
  uint32_t n_variables = pl->entry->body.n_variables;
  bool is_extra = item >= n_variables && item < n_variables + EXTRA_DRAWS;
  if (!is_extra && (plan_is_split(pl, end) || plan_is_split(pl, end + 1))) {
    return lives_in_split(pl, item);
  }
  if (item < n_variables) {
    return plan_is_declared(pl, item, end) &&
           (item_is_in(pl->phases[end].live, item) || (is_output(pl, item) && may_have_returned(pl, end)));
  }
  if (item == n_variables + EXTRA_RETURNED) {
    return may_have_returned(pl, end);
  }
  if (item == n_variables + EXTRA_FUEL) {
    return pl->counts_fuel && is_around(pl, end, PROG_LOOPS);
  }
  return is_around(pl, end, PROG_DRAWS);
}

/* ---- slots ---- */

prog_type plan_item_type(const plan *pl, uint32_t item)
{
  uint32_t n_variables = pl->entry->body.n_variables;
  if (item < n_variables) {
    return pl->entry->body.variables[item].type;
  }
  uint32_t extra = item - n_variables;
  bool is_wide = extra == EXTRA_FUEL || extra == EXTRA_DRAWS + DRAW_BLOCK;
  return (prog_type){PROG_SCALAR, (uint8_t)(extra == EXTRA_RETURNED ? TG_BOOL : is_wide ? TG_U64 : TG_U32), 0};
}

uint32_t plan_item_slots(const plan *pl, uint32_t item)
{
  prog_type type = plan_item_type(pl, item);
  return type.kind == PROG_ARRAY ? type.n : type.kind == PROG_STRUCT ? pl->p->structs[type.n].n_fields : 1;
}

const char *plan_item_name(const plan *pl, uint32_t item)
{
  uint32_t n_variables = pl->entry->body.n_variables;
  if (item < n_variables) {
    return pl->entry->body.variables[item].name;
  }
  uint32_t extra = item - n_variables;
  return extra == EXTRA_RETURNED ? "return" : extra == EXTRA_FUEL ? "fuel" : "random numbers";
}

routine_slot plan_item_slot(const plan *pl, uint32_t item, uint32_t k)
{
  prog_type type = plan_item_type(pl, item);
  bool is_variable = item < pl->entry->body.n_variables;
  tg_type scalar = type.kind == PROG_STRUCT ? pl->p->structs[type.n].fields[k].type : (tg_type)type.scalar;
  return (routine_slot){plan_item_name(pl, item), is_variable ? pl->entry->body.variables[item].pos : pl->entry->pos,
                        scalar, type.kind == PROG_ARRAY};
}

static bool fits(const plan *pl, uint32_t item, uint32_t first)
{
  for (uint32_t k = 0; k < plan_item_slots(pl, item); k++) {
    routine_slot want = plan_item_slot(pl, item, k);
    if (first + k >= pl->slots.n || pl->slot_taken[first + k] || pl->slots.data[first + k].type != want.type ||
        pl->slots.data[first + k].is_array != want.is_array) {
      return false;
    }
  }
  return true;
}

static bool add_slots(plan *pl, uint32_t item)
{
  const tg_allocator *a = &pl->p->context->allocator;
  uint32_t n = plan_item_slots(pl, item);
  size_t old = pl->n_slot_taken;
  if (!vec_room(a, &pl->slots, n) ||
      !alloc_grow(a, (void **)(void *)&pl->slot_taken, &pl->n_slot_taken, pl->slots.n + n, sizeof(bool))) {
    pl->memory->failed = true;
    return false;
  }
  if (pl->n_slot_taken > old) {
    memset(pl->slot_taken + old, 0, pl->n_slot_taken - old);
  }
  for (uint32_t k = 0; k < n; k++) {
    pl->slots.data[pl->slots.n++] = plan_item_slot(pl, item, k);
  }
  return true;
}

static void take(plan *pl, uint32_t item, uint32_t first, bool taken)
{
  for (uint32_t k = 0; k < plan_item_slots(pl, item); k++) {
    pl->slot_taken[first + k] = taken;
  }
}

static uint32_t find_slots(plan *pl, uint32_t item)
{
  for (uint32_t first = 0; first < pl->slots.n; first++) {
    if (fits(pl, item, first)) {
      return first;
    }
  }
  uint32_t first = (uint32_t)pl->slots.n;
  return add_slots(pl, item) ? first : UINT32_MAX;
}

/* Who lives on keeps the slots; then those that died give theirs to newcomers. */
static void give_slots(plan *pl, uint32_t end)
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

uint32_t plan_item_bytes(const plan *pl, uint32_t item)
{
  uint32_t bytes = 0;
  prog_type type = plan_item_type(pl, item);
  bool is_apart = type.kind == PROG_ARRAY || item == pl->entry->body.n_variables + EXTRA_FUEL;
  for (uint32_t k = 0; k < plan_item_slots(pl, item) && !is_apart; k++) {
    bytes += type_table[plan_item_slot(pl, item, k).type].bytes;
  }
  return bytes;
}

/* "x (8), p (16), ..." */
static void name_items(const plan *pl, uint32_t end, char *text, size_t size)
{
  size_t n = 0;
  text[0] = '\0';
  for (uint32_t item = 0; item < pl->n_items && n < size; item++) {
    uint32_t bytes = pl->phases[end].saved[item] != 0 ? plan_item_bytes(pl, item) : 0;
    if (bytes > 0) {
      int more =
          snprintf(text + n, size - n, "%s%s (%u)", n == 0 ? "" : ", ", plan_item_name(pl, item), (unsigned)bytes);
      n += more > 0 ? (size_t)more : size;
    }
  }
}

static tg_status check_budget(const plan *pl, uint32_t end, uint32_t budget, tg_error *error)
{
  uint32_t bytes = 0;
  for (uint32_t item = 0; item < pl->n_items; item++) {
    bytes += pl->phases[end].saved[item] != 0 ? plan_item_bytes(pl, item) : 0;
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

/* Each slot is an operand of the graphs on both sides. */
static tg_status check_slots(const plan *pl, uint32_t end, tg_error *error)
{
  enum { MOST_SLOTS = TG_MAX_OPERANDS - 24 };
  uint32_t n = 0, largest = 0;
  for (uint32_t item = 0; item < pl->n_items; item++) {
    bool is_kept = pl->phases[end].saved[item] != 0;
    n += is_kept ? plan_item_slots(pl, item) : 0;
    largest = is_kept && plan_item_slots(pl, item) > plan_item_slots(pl, largest) ? item : largest;
  }
  if (n <= MOST_SLOTS) {
    return TG_OK;
  }
  lang_pos at = plan_item_slot(pl, largest, 0).pos;
  error_at(error, TG_LIMIT, (tg_pos){at.line, at.column, at.length},
           "%.40s keeps %u values across sync %u, of %d: %u of them are elements of '%.40s'", pl->entry->name,
           (unsigned)n, (unsigned)end + 1, MOST_SLOTS, (unsigned)plan_item_slots(pl, largest),
           plan_item_name(pl, largest));
  error_hint(error, "use the array in one phase alone, or compute it again after the sync");
  return TG_LIMIT;
}

/* ---- all ---- */

static void make_phases(plan *pl)
{
  pl->phases = arena_array(pl->memory, plan_phase, pl->n);
  for (uint32_t k = 0; pl->phases != NULL && k < pl->n; k++) {
    pl->phases[k].mentions = arena_array(pl->memory, bool, pl->n_items);
    pl->phases[k].declares = arena_array(pl->memory, bool, pl->n_items);
    pl->phases[k].inputs = arena_array(pl->memory, bool, pl->entry->n_operands);
    pl->phases[k].saved = arena_array(pl->memory, uint32_t, pl->n_items);
  }
  if (!pl->memory->failed) {
    cut(pl);
  }
  for (uint32_t k = 0; !pl->memory->failed && k < pl->n; k++) {
    mention_list(&pl->phases[k], pl->phases[k].list);
    pl->phases[k].effects = effects_of_list(pl->p, pl->phases[k].list);
    pl->phases[k].exits = exits_of_list(pl->phases[k].list);
    for (uint32_t cell = 0; cell < DRAW_CELLS && (pl->phases[k].effects & PROG_DRAWS); cell++) {
      pl->phases[k].mentions[pl->entry->body.n_variables + EXTRA_DRAWS + cell] = true;
    }
  }
}

static tg_status too_many_phases(const plan *pl, tg_error *error)
{
  tg_pos pos = {pl->entry->pos.line, pl->entry->pos.column, pl->entry->pos.length};
  error_at(error, TG_LIMIT, pos, "%.40s has %u phases, of %d", pl->entry->name, (unsigned)pl->n, MOST_PHASES);
  error_hint(error, "each sync ends a phase; leave some out");
  return TG_LIMIT;
}

static tg_status fill(plan *pl, const routine_options *options, tg_error *error)
{
  arena *memory = pl->memory;
  pl->n = count_phases(pl->entry->body.body);
  pl->n_items = pl->entry->body.n_variables + N_EXTRAS;
  if (pl->n > MOST_PHASES) {
    return too_many_phases(pl, error);
  }
  if (steps_make(&pl->steps, pl->p, pl->entry, memory)) {
    make_phases(pl);
  }
  sync_keeper keeper = {pl, pl->n - 1};
  if (pl->n > 1 && !memory->failed) {
    live_walk(&pl->steps, (live_visitor){keep_sync, &keeper}, false);
  }
  for (uint32_t k = 0; !memory->failed && k + 1 < pl->n; k++) {
    give_slots(pl, k);
    TG_TRY(memory->failed ? TG_OK : check_budget(pl, k, options->state_bytes, error));
    TG_TRY(memory->failed ? TG_OK : check_slots(pl, k, error));
  }
  return memory->failed ? error_set(error, TG_NOMEM, "no memory to compile %s", pl->entry->name) : TG_OK;
}

tg_status plan_make(plan *pl, const program *p, const prog_entry *entry, const routine_options *options, arena *memory,
                    tg_error *error)
{
  split_cost cost;
  *pl = (plan){.p = p, .entry = entry, .memory = memory, .counts_fuel = options->counts_fuel};
  bool may = options->regroup != ROUTINE_REGROUP_OFF && !options->counts_fuel &&
             split_find(p, entry, options->operation_ps, &cost);
  if (may && (cost.pays || options->regroup == ROUTINE_REGROUP_ON)) {
    pl->entry = split_entry(p, entry, &cost, memory, &pl->split);
    tg_status status = pl->entry == NULL ? error_set(error, TG_NOMEM, "no memory to compile %s", entry->name)
                                         : fill(pl, options, error);
    if (status != TG_LIMIT) {
      return status;
    }
    plan_free(pl); /* instances have too much to be moved */
    *pl = (plan){.p = p, .entry = entry, .memory = memory};
  }
  return fill(pl, options, error);
}

void plan_free(plan *pl)
{
  if (pl->p == NULL) {
    return;
  }
  const tg_allocator *a = &pl->p->context->allocator;
  steps_free(&pl->steps);
  vec_free(a, &pl->slots);
  alloc_free(a, pl->slot_taken, pl->n_slot_taken, sizeof(bool));
  *pl = (plan){0};
}
