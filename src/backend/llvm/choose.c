/* choose.c: masks or refill: the one place that decides, by one model of what each takes.
 *
 * How many rounds lanes take is not known when code is made, so some lanes are run with refill first, which counts
 * them. Masks take as many rounds as the slowest lane of each group; refill takes no more than there are, but moves
 * every lane into its slot and out of it, and waits for some to be free. The bits are the same either way. */
#include "backend/llvm/run.h"

#include <math.h>
#include <string.h>

/* Measured with queues in the first cache: an exchange of lanes, more for each value of a lane; for each lane that
 * comes and goes, more for each of its values. And how much of `vec`'s time a round takes with vectors of 16 bytes. */
enum { EXCHANGE_PS = 20000, EXCHANGE_ENTRY_PS = 5000, LANE_PS = 4000, LANE_ENTRY_PS = 3000 };
enum { MASKED_LANES = 1 << 16, REFILL_LANES = 1 << 18 };

static float round_ps(const jit_code *code, const stage *s)
{
  return (float)s->ps * (float)code->n_lanes * 16 / (float)code->traits.vector_bytes + 1;
}

float stage_exchange_rounds(const jit_code *code, const stage *s)
{
  float done_ps = (float)s->exchange_ps * (float)code->n_lanes * 16 / (float)code->traits.vector_bytes;
  return ((float)(EXCHANGE_PS + s->n_entries * EXCHANGE_ENTRY_PS) + done_ps) / round_ps(code, s);
}

/* ---- the choice ---- */

/* Of n lanes: rounds of all together, and of the slowest of each group. */
static void add_rounds(const jit_code *code, const uint32_t *rounds, uint64_t n, float *all, float *slowest)
{
  uint32_t longest = 0;
  *all = *slowest = 0;
  for (uint64_t i = 0; i < n; i++) {
    *all += (float)rounds[i];
    longest = rounds[i] > longest ? rounds[i] : longest;
    if (i % code->n_lanes == code->n_lanes - 1) {
      *slowest += (float)longest;
      longest = 0;
    }
  }
}

/* With r rounds a lane and exchanges that cost s rounds, refill takes sqrt(2s / r) more than the rounds (refill.c). */
static bool is_refill_better(const jit_code *code, const refill_rounds *rounds)
{
  uint64_t n = (uint64_t)STAGE_TRIED_GROUPS * code->n_lanes;
  float masked = 0, refilled = 0, all, slowest;
  for (size_t k = 0; k < code->stages.n; k++) {
    const stage *s = &code->stages.stages[k];
    add_rounds(code, rounds->of[k], n, &all, &slowest);
    float waiting = sqrtf(2 * stage_exchange_rounds(code, s) * (float)n / (all + 1));
    masked += slowest * round_ps(code, s);
    refilled += all * (1 + waiting) / (float)code->n_lanes * round_ps(code, s);
    refilled += (float)n * (float)(LANE_PS + s->n_entries * LANE_ENTRY_PS);
  }
  return refilled < masked;
}

bool choose_by_rounds(const jit_code *code, const refill_rounds *rounds)
{
  bool refill = is_refill_better(code, rounds);
  atomic_store_explicit(&code->choice->refill, refill, memory_order_relaxed);
  atomic_store_explicit(&code->choice->lanes, refill ? REFILL_LANES : MASKED_LANES, memory_order_relaxed);
  return refill;
}

/* Runs the first lanes with refill, and counts. Gives the lane after them. */
static uint64_t try_lanes(jit_range *r, uint64_t first, partials *out)
{
  const jit_code *code = r->code;
  refill_rounds rounds;
  uint64_t n = (uint64_t)STAGE_TRIED_GROUPS * code->n_lanes;
  for (size_t k = 0; k < code->stages.n; k++) {
    memset(rounds.of[k], 0, n * sizeof *rounds.of[k]); /* lanes that trap do not get there */
  }
  jit_refill(r, (uint64_t[2]){first, first + n}, out, &rounds);
  choose_by_rounds(code, &rounds);
  return first + n;
}

/* With refill all lanes are run in one go, for each end of a range is a wait for the slowest, unless refill finds that
 * masks would be better from some lane on. */
static uint64_t run_some(jit_range *r, uint64_t first, uint64_t end, partials *out)
{
  jit_choice *choice = r->code->choice;
  uint64_t left = atomic_load_explicit(&choice->lanes, memory_order_relaxed), n = end - first;
  bool refill = atomic_load_explicit(&choice->refill, memory_order_relaxed);
  n = refill || n < left ? n : left;
  atomic_store_explicit(&choice->lanes, n < left ? left - n : 0, memory_order_relaxed);
  if (refill) {
    return jit_refill(r, (uint64_t[2]){first, first + n}, out, NULL);
  }
  jit_run_masked(r, first, first + n, out);
  return first + n;
}

void jit_run_chosen(jit_range *r, const uint64_t lanes[2], partials *out)
{
  const jit_code *code = r->code;
  uint64_t tried = (uint64_t)STAGE_TRIED_GROUPS * code->n_lanes;
  if (code->wish.form == JIT_FORM_REFILL) {
    jit_refill(r, lanes, out, NULL);
    return;
  }
  for (uint64_t first = lanes[0]; first < lanes[1];) {
    bool is_known = atomic_load_explicit(&code->choice->lanes, memory_order_relaxed) > 0;
    if (is_known) {
      first = run_some(r, first, lanes[1], out);
    } else if (lanes[1] - first >= 2 * tried) {
      first = try_lanes(r, first, out);
    } else {
      jit_run_masked(r, first, lanes[1], out);
      first = lanes[1];
    }
  }
}
