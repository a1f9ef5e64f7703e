/* run.c: a run: window after window, in each of them phase after phase. */
#include "base/error.h"
#include "base/machine.h"
#include "base/tile_level.h"
#include "machine/machine.h"

#include <string.h>

/* A window's state and samples: small enough for caches that several cores share, and a whole number of the blocks in
 * which sums are counted. */
enum { WINDOW_LANES = 65536, SPLIT_LANES = 262144 /* so that each arm has work for several threads */ };

static size_t window_lanes(const tg_machine *m)
{
  int level = tile_level(m->backend);
  if (level >= 0) {
    return (size_t)(3 * TG_BLOCK_LANES) << level;
  }
  return m->routines.split.turn != 0 ? SPLIT_LANES : WINDOW_LANES;
}

/* ---- beginning ---- */

static bool needs_sink(const tg_machine *m, uint32_t k)
{
  return m->entry->operands[k].kind == OPERAND_OUTPUT && !machine_is_given(&m->bound[k]);
}

static bool needs_window(const tg_machine *m)
{
  const prog_report *report = m->entry->report;
  if (m->routines.n_phases > 1) {
    return true;
  }
  for (uint32_t k = 0; report != NULL && k < report->n_reductions; k++) {
    if (!routine_is_folded(report->reductions[k])) {
      return true;
    }
  }
  for (uint32_t k = 0; k < m->entry->n_operands; k++) {
    if (needs_sink(m, k)) {
      return true;
    }
  }
  return false;
}

/* Whether the memory of the run before is what this one wants. */
static bool has_window(const tg_machine *m, size_t n)
{
  bool is_good = m->has_window && m->window == n;
  for (uint32_t k = 0; is_good && k < m->entry->n_operands; k++) {
    is_good = needs_sink(m, k) == (m->sinks[k] != NULL);
  }
  return is_good;
}

void machine_drop_window(tg_machine *m)
{
  m->has_window = false;
  arena_free(&m->window_memory);
  arena_init(&m->window_memory, m->context->allocator);
}

static void make_streams(tg_machine *m)
{
  arena *memory = &m->window_memory;
  m->slots = arena_array(memory, unsigned char *, m->routines.slots.n);
  for (uint32_t k = 0; k < m->routines.n_phases; k++) {
    m->phases[k].bindings = arena_array(memory, tg_binding, m->phases[k].n);
  }
  for (size_t k = 0; m->slots != NULL && k < m->routines.slots.n; k++) {
    m->slots[k] = arena_zeroed(memory, m->window, type_table[m->routines.slots.data[k].type].bytes);
  }
  for (int k = 0; k < 2; k++) {
    m->alive[k] = arena_zeroed(memory, m->window, 1);
  }
  for (uint32_t k = 0; k < m->entry->n_operands; k++) {
    const prog_operand *o = &m->entry->operands[k];
    size_t length = o->type.kind == PROG_ARRAY ? o->type.n : 1;
    m->sinks[k] = needs_sink(m, k) ? arena_zeroed(memory, m->window * length, type_table[o->type.scalar].bytes) : NULL;
  }
}

/* What an earlier run left in it does no harm: it is what an earlier window leaves. Fresh memory costs more than small
 * runs do. */
static tg_status make_window(tg_machine *m, tg_error *error)
{
  size_t most = window_lanes(m);
  size_t n = m->n_all < most ? (size_t)m->n_all + (m->n_all == 0) : most;
  n = needs_window(m) ? n : 0;
  arena_free(&m->run_memory);
  arena_init(&m->run_memory, m->context->allocator);
  if (has_window(m, n)) {
    return TG_OK;
  }
  machine_drop_window(m);
  m->window = n;
  make_streams(m);
  m->has_window = !m->window_memory.failed;
  return m->has_window ? TG_OK : error_set(error, TG_NOMEM, "no memory for the state of %zu instances", n);
}

static tg_status make_bins(tg_machine *m, tg_error *error)
{
  const prog_report *report = m->entry->report;
  for (uint32_t k = 0; report != NULL && k < report->n_reductions; k++) {
    const prog_expr *r = report->reductions[k];
    m->reduced[k] = (reduced){0};
    if (r->op == REDUCE_HISTOGRAM) {
      m->reduced[k].bins = arena_array(&m->run_memory, uint64_t, r->type.n);
    }
  }
  return m->run_memory.failed ? error_set(error, TG_NOMEM, "no memory for histograms") : TG_OK;
}

static void end_runs(tg_machine *m)
{
  for (uint32_t k = 0; k < m->routines.n_phases; k++) {
    tg_run_destroy(m->phases[k].run);
    m->phases[k].run = NULL;
  }
  split_close(m);
  m->is_running = false;
}

tg_status tg_machine_begin(tg_machine *m, uint64_t n, uint64_t seed, uint64_t fuel, tg_error *error)
{
  if (n > TG_N_MAX) {
    return error_set(error, TG_ARGUMENT, "more than 2^40 instances");
  }
  end_runs(m);
  m->n_all = n;
  m->n_done = 0;
  m->seed = seed;
  m->fuel = fuel;
  m->outcome = (tg_machine_outcome){0};
  m->none = 0;
  TG_TRY(machine_prepare(m, fuel != TG_FUEL_UNLIMITED, error));
  TG_TRY(make_window(m, error));
  TG_TRY(split_open(m, error));
  TG_TRY(make_bins(m, error));
  TG_TRY(samples_begin(m, error));
  for (uint32_t k = 0; k < m->routines.n_phases; k++) {
    m->phases[k].seconds = 0;
    m->phases[k].stats = (tg_stats){0};
    tg_status status = tg_run_create(m->phases[k].kernel, &m->phases[k].run, error);
    if (status != TG_OK) {
      end_runs(m);
      return status;
    }
  }
  m->is_running = true;
  return TG_OK;
}

/* ---- running ---- */

static tg_status bind_phase(tg_machine *m, uint32_t k, uint64_t first, size_t lanes, tg_error *error)
{
  machine_phase *phase = &m->phases[k];
  for (uint32_t i = 0; i < phase->n; i++) {
    TG_TRY(machine_bind_operand(m, k, i, first, lanes, &phase->bindings[i], error));
  }
  return TG_OK;
}

/* Traps of the phases before show as ROUTINE_HALTED: their records were noted then. Outcomes are of the run so far. */
void machine_note_traps(tg_machine *m, uint32_t k, const tg_outcome *outcome)
{
  tg_machine_outcome *all = &m->outcome;
  bool is_lower = all->first_path == NULL || outcome->first_lane < all->first_instance;
  if (k + 1 == m->routines.n_phases) {
    all->n_trapped = outcome->n_trapped;
  }
  if (outcome->n_trapped == 0 || !is_lower || (k > 0 && outcome->first_code == ROUTINE_HALTED)) {
    return;
  }
  const routine *r = &m->routines.phases[k];
  lang_pos pos = m->entry->pos;
  if (outcome->first_position > 0 && outcome->first_position <= r->positions.n) {
    pos = r->positions.data[outcome->first_position - 1];
  }
  all->first_instance = outcome->first_lane;
  all->first_code = outcome->first_code == ROUTINE_OUT_OF_FUEL ? TG_TRAP_FUEL : outcome->first_code;
  all->first_pos = (tg_pos){pos.line, pos.column, pos.length};
  all->first_path = m->p->files[pos.file].path;
}

static tg_status run_phase(tg_machine *m, uint32_t k, uint64_t first, size_t lanes, tg_error *error)
{
  tg_invocation part = TG_INVOCATION_INIT;
  tg_outcome outcome;
  TG_TRY(bind_phase(m, k, first, lanes, error));
  if (m->window > 0) {
    memset(m->alive[k & 1], 0, m->window);
  }
  part.n = lanes;
  part.bindings = m->phases[k].bindings;
  part.n_bindings = m->phases[k].n;
  part.fuel = m->options.counts_fuel ? TG_FUEL_UNLIMITED : m->fuel;
  part.outcome = &outcome;
  part.stats = &m->phases[k].stats; /* of the run so far */
  uint64_t start = machine_now_ns();
  TG_TRY(tg_run_part(m->phases[k].run, &part, error));
  m->phases[k].seconds += (double)(machine_now_ns() - start) * 1e-9;
  machine_note_traps(m, k, &outcome);
  m->none = outcome.none;
  return TG_OK;
}

/* Phase by phase; those of a loop that is split at once. */
static tg_status run_phases(tg_machine *m, uint64_t first, size_t lanes, tg_error *error)
{
  const routine_split *split = &m->routines.split;
  for (uint32_t k = 0; k < m->routines.n_phases; k++) {
    if (split->turn != 0 && k == split->turn) {
      TG_TRY(split_loop(m, first, lanes, error));
      k += split->n_arms;
    } else {
      TG_TRY(run_phase(m, k, first, lanes, error));
    }
  }
  return TG_OK;
}

tg_status tg_machine_part(tg_machine *m, uint64_t n, tg_error *error)
{
  if (!m->is_running || n > m->n_all - m->n_done) {
    return error_set(error, TG_ARGUMENT, "a part of a run of %.100s that was not begun, or more instances than begun",
                     m->entry->name);
  }
  for (uint64_t first = 0; first < n;) {
    uint64_t left = n - first;
    size_t lanes = m->window > 0 && left > m->window ? m->window : (size_t)left;
    uint64_t trapped_before = m->outcome.n_trapped;
    TG_TRY(run_phases(m, first, lanes, error));
    TG_TRY(samples_take(m, lanes, m->outcome.n_trapped - trapped_before, error));
    first += lanes;
    m->n_done += lanes;
  }
  m->outcome.n = m->n_done;
  return TG_OK;
}

tg_status tg_machine_end(tg_machine *m, tg_error *error)
{
  if (!m->is_running) {
    return error_set(error, TG_ARGUMENT, "the end of a run of %.100s that was not begun", m->entry->name);
  }
  tg_status status = report_make(m, error);
  end_runs(m);
  samples_end(m);
  return status;
}

tg_status tg_machine_run(tg_machine *m, uint64_t n, uint64_t seed, uint64_t fuel, tg_error *error)
{
  TG_TRY(tg_machine_begin(m, n, seed, fuel, error));
  tg_status status = tg_machine_part(m, n, error);
  if (status != TG_OK) {
    end_runs(m);
    samples_end(m);
    return status;
  }
  return tg_machine_end(m, error);
}

void tg_machine_outcome_of(const tg_machine *m, tg_machine_outcome *outcome)
{
  *outcome = m->outcome;
}

void tg_machine_stats_of(const tg_machine *m, tg_stats *stats)
{
  memset(stats, 0, sizeof *stats);
  for (uint32_t k = 0; k < m->routines.n_phases; k++) {
    const tg_stats *phase = &m->phases[k].stats;
    stats->n_threads = phase->n_threads > stats->n_threads ? phase->n_threads : stats->n_threads;
    stats->loop_rounds += phase->loop_rounds;
    stats->loop_slots += phase->loop_slots;
    stats->operations += phase->operations;
    stats->n_blocks += phase->n_blocks;
    stats->n_compiled += phase->n_compiled;
  }
}

tg_status tg_machine_phase(const tg_machine *m, size_t phase, double *seconds, tg_stats *stats)
{
  if (phase >= m->routines.n_phases) {
    return TG_ARGUMENT;
  }
  *seconds = m->phases[phase].seconds;
  *stats = m->phases[phase].stats;
  return TG_OK;
}

const char *tg_trap_text(uint32_t code)
{
  switch (code) {
  case LANG_TRAP_ASSERT: return "an assertion does not hold";
  case LANG_TRAP_INDEX: return "an index is out of range";
  case LANG_TRAP_DIVIDE: return "an integer is divided by zero";
  case TG_TRAP_FUEL: return "out of fuel";
  default: return "a trap";
  }
}
