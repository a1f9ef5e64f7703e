/* matrix_threads_test.c: random graphs on every set of `vec`'s kernels, in strips of its own choice and of 1, 3 and 7
 * lanes, and on `llvm` with every width of vectors and way to run loops, on 1, 2, 3 and 7 threads, as built, through
 * all passes and with each one off, in tiles of every size. `ref` on one thread says what memory must hold, guards
 * around every operand included. Every second graph ends without limited fuel. Operands begin at every kind of address,
 * and outputs may lie in place of inputs. Runs with the thread sanitizer too. TG_LONG=1 runs every combination of
 * `vec`, and more of `llvm`, on more graphs, else each graph takes the next few; TG_SEED=n chooses the first graph. */
#include "kit.h"
#include "make_graph.h"
#include "plugin.h"
#include "pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_OPERANDS = 16, GUARD = 64, N_TABLE = 61, N_SOURCE = 500, MOST_LANES = 7 * 4096 + 5 };

/* Making code takes long: fewer of the ways of `llvm` for each graph. */
enum { EACH = 17, EACH_LLVM = 1, EACH_LLVM_LONG = 60 };
#if defined(__SANITIZE_THREAD__)
enum { N_GRAPHS = 40, N_LONG = 40 };
#elif defined(__SANITIZE_ADDRESS__)
enum { N_GRAPHS = 120, N_LONG = 60 };
#else
enum { N_GRAPHS = 400, N_LONG = 150 };
#endif

static unsigned thread_counts[] = {1, 2, 3, 7};
static const unsigned strips[] = {0, 1, 3, 7};
enum { N_SETS = 4, N_VEC = 1 + N_SETS * KIT_COUNT(strips) };
static const char *const llvm_names[] = {"llvm:128",        "llvm:256",        "llvm:512",        "llvm:128/masked",
                                         "llvm:256/masked", "llvm:512/masked", "llvm:128/refill", "llvm:256/refill",
                                         "llvm:512/refill", "llvm:256/past",   "llvm/past",       "llvm"};

typedef struct scene {
  tg_context *contexts[KIT_COUNT(thread_counts)];
  tg_graph *graph;
  uint64_t seed, n, fuel;
  size_t n_operands, n_bytes;
  tg_operand_info info[MAX_OPERANDS];
  size_t at[MAX_OPERANDS];             /* where the memory of each begins in an image */
  tg_binding bindings[MAX_OPERANDS];   /* data is set for each run */
  unsigned char *before, *after, *got; /* images: at first, from `ref`, from the run */
  tg_outcome outcome;
} scene;

/* One way to run. */
typedef struct way {
  char backend[20];
  size_t threads, passes; /* passes: 0 none, 1 all, then each one off */
} way;

static size_t n_passes(void)
{
  size_t n = 0;
  while (tg_pass_name(n) != NULL) {
    n++;
  }
  return n;
}

/* How many ways there are of a back-end that has so many names. */
static size_t n_ways(size_t n_names)
{
  return n_names * KIT_COUNT(thread_counts) * (n_passes() + 2);
}

static way way_at(size_t index, size_t n_names)
{
  return (way){"vec", index / n_names % KIT_COUNT(thread_counts), index / n_names / KIT_COUNT(thread_counts)};
}

/* One time in six tiles are as the runtime wants them; else of 1 to 16 blocks. */
static void say_tiles(way *w, size_t index)
{
  unsigned level = (unsigned)(kit_random(19, index) % 6);
  size_t n = strlen(w->backend);
  if (level < 5) {
    snprintf(w->backend + n, sizeof w->backend - n, "@%u", level);
  }
}

static way vec_at(size_t index)
{
  way w = way_at(index, N_VEC);
  size_t name = index % N_VEC;
  if (name > 0) {
    unsigned set = (unsigned)((name - 1) / KIT_COUNT(strips)), strip = strips[(name - 1) % KIT_COUNT(strips)];
    snprintf(w.backend, sizeof w.backend, strip == 0 ? "vec:%u" : "vec:%u/%u", set, strip);
  }
  say_tiles(&w, index);
  return w;
}

static way llvm_at(size_t index)
{
  way w = way_at(index, KIT_COUNT(llvm_names));
  snprintf(w.backend, sizeof w.backend, "%s", llvm_names[index % KIT_COUNT(llvm_names)]);
  say_tiles(&w, index);
  return w;
}

/* ---- memory ---- */

static uint64_t elements(const scene *s, size_t i)
{
  switch (s->info[i].kind) {
  case TG_INPUT:
  case TG_OUTPUT: return s->n;
  case TG_TABLE:
  case TG_ACCUMULATOR: return N_TABLE;
  case TG_PARAM:
  case TG_RESULT:
  case TG_OPERAND_KIND_COUNT: break;
  }
  return 1;
}

/* An input of the same mode that no other output took, with a stride other than 0; or SIZE_MAX. */
static size_t find_in_place(const scene *s, size_t output, const bool *is_taken)
{
  for (size_t i = 0; i < output; i++) {
    if (s->info[i].kind == TG_INPUT && s->info[i].mode == s->info[output].mode && !is_taken[i] &&
        s->bindings[i].stride != 0) {
      return i;
    }
  }
  return SIZE_MAX;
}

/* Close together; from an odd address on; backwards; apart at an odd stride; from the second element on; all in one. */
static void lay_out(scene *s, size_t i, uint64_t kind)
{
  size_t element = tg_mode_bytes(s->info[i].mode), n = (size_t)elements(s, i);
  size_t stride = kind == 3 ? 2 * element + 1 : element, lead = kind == 1 ? 1 : kind == 4 ? element : 0;
  tg_binding *b = &s->bindings[i];
  *b = (tg_binding){.bytes = (n - 1) * stride + element + lead, .offset = lead, .stride = (ptrdiff_t)stride};
  if (kind == 2) {
    b->offset = (n - 1) * stride;
    b->stride = -(ptrdiff_t)stride;
  } else if (kind == 5 && s->info[i].kind == TG_INPUT) {
    b->stride = 0;
  }
  s->at[i] = s->n_bytes + GUARD;
  s->n_bytes = (s->at[i] + b->bytes + 2 * GUARD) & ~(size_t)(GUARD - 1);
}

static void lay_out_all(scene *s)
{
  bool is_taken[MAX_OPERANDS] = {false};
  s->n_bytes = 0;
  for (size_t i = 0; i < s->n_operands; i++) {
    uint64_t r = kit_random(s->seed, 1000 + i);
    size_t input = s->info[i].kind == TG_OUTPUT && r % 3 == 0 ? find_in_place(s, i, is_taken) : SIZE_MAX;
    if (input != SIZE_MAX) {
      is_taken[input] = true;
      s->at[i] = s->at[input];
      s->bindings[i] = s->bindings[input];
    } else {
      lay_out(s, i, (r >> 8) % 6);
    }
  }
}

static unsigned char *new_image(size_t n_bytes)
{
  unsigned char *image = aligned_alloc(GUARD, n_bytes + GUARD);
  assert_non_null(image);
  return image;
}

static void fill_images(scene *s)
{
  s->before = new_image(s->n_bytes);
  s->after = new_image(s->n_bytes);
  s->got = new_image(s->n_bytes);
  for (size_t i = 0; i < s->n_bytes; i += 8) { /* small numbers, any bits, and a few edges */
    uint64_t r = kit_random(s->seed + 7, i), x = r >> 8;
    x = r % 4 == 0 ? x & UINT64_C(0x0303030303030303) : r % 4 == 1 ? UINT64_C(0x3FF000003F800000) + (x & 0xFF) : x;
    memcpy(s->before + i, &x, 8);
  }
}

/* ---- running ---- */

static tg_compile_options options_of(const way *w)
{
  tg_compile_options options = TG_COMPILE_OPTIONS_INIT;
  options.backend = w->backend;
  options.force_passes = 1;
  options.passes = w->passes == 0 ? 0 : UINT64_MAX;
  if (w->passes > 1) {
    options.passes &= ~(UINT64_C(1) << (w->passes - 2));
  }
  return options;
}

/* TG_UNSUPPORTED: this machine lacks the kernels; then *error says so. */
static tg_status run(scene *s, const way *w, unsigned char *image, tg_outcome *outcome, tg_error *error)
{
  tg_kernel *kernel;
  tg_compile_options options = options_of(w);
  tg_context *context = s->contexts[w->threads];
  tg_status status = tg_compile(context, s->graph, &options, &kernel, error);
  if (status != TG_OK) {
    return status;
  }
  tg_binding bindings[MAX_OPERANDS];
  for (size_t i = 0; i < s->n_operands; i++) {
    bindings[i] = s->bindings[i];
    bindings[i].data = image + s->at[i];
  }
  tg_invocation call = TG_INVOCATION_INIT;
  call.n = s->n;
  call.fuel = s->fuel;
  call.bindings = bindings;
  call.n_bindings = s->n_operands;
  call.outcome = outcome;
  memcpy(image, s->before, s->n_bytes);
  memset(outcome, 0xEE, sizeof *outcome);
  status = kit_invoke(context, kernel, call, error);
  tg_kernel_destroy(kernel);
  return status;
}

static bool same_outcome(const tg_outcome *a, const tg_outcome *b)
{
  bool is_same = a->n_trapped == b->n_trapped && a->none == b->none;
  return is_same && (a->n_trapped == 0 || (a->first_lane == b->first_lane && a->first_code == b->first_code &&
                                           a->first_position == b->first_position));
}

/* Returns whether this machine has the back-end. */
static bool check_way(scene *s, const way *w)
{
  tg_outcome outcome;
  tg_error error = {0};
  tg_status status = run(s, w, s->got, &outcome, &error);
  if (status == TG_UNSUPPORTED) {
    return false;
  }
  size_t i = 0;
  while (status == TG_OK && i < s->n_bytes && s->got[i] == s->after[i]) {
    i++;
  }
  if (status != TG_OK || i < s->n_bytes || !same_outcome(&s->outcome, &outcome)) {
    fail_msg("graph %llu of %llu lanes, back-end %s, %u threads, passes %zu: %s%s%zu of %zu bytes are right",
             (unsigned long long)s->seed, (unsigned long long)s->n, w->backend, thread_counts[w->threads], w->passes,
             error.message, i < s->n_bytes || status != TG_OK ? "" : "the outcome differs; ", i, s->n_bytes);
  }
  return true;
}

/* ---- graphs ---- */

static uint64_t lanes_of(uint64_t seed)
{
  static const uint64_t edges[] = {1, 2, 63, 64, 65, 1023, 4095, 4096, 4097, 8193, 3 * 4096 + 1, MOST_LANES};
  uint64_t r = kit_random(seed, 1);
  return r % 3 == 0 ? 1 + (r >> 8) % 500 : edges[(r >> 8) % KIT_COUNT(edges)];
}

/* False: what the bytes make is too large. */
static bool open_graph(scene *s, uint64_t seed)
{
  static const uint64_t fuels[] = {0, 3, 20, 60};
  uint8_t source[N_SOURCE];
  for (size_t i = 0; i < N_SOURCE; i++) {
    source[i] = (uint8_t)(kit_random(seed, 2000 + i) >> 20);
  }
  chooser c = {source, 40 + kit_random(seed, 2) % (N_SOURCE - 40)};
  s->seed = seed;
  s->n = lanes_of(seed);
  s->fuel = seed % 2 ? TG_FUEL_UNLIMITED : fuels[kit_random(seed, 3) % KIT_COUNT(fuels)];
  s->graph = make_graph(s->contexts[0], &c, seed % 2 == 1);
  s->n_operands = tg_graph_n_operands(s->graph);
  if (tg_graph_finish(s->graph, NULL) != TG_OK || s->n_operands > MAX_OPERANDS) {
    tg_graph_destroy(s->graph);
    return false;
  }
  for (size_t i = 0; i < s->n_operands; i++) {
    assert_int_equal(tg_graph_operand(s->graph, i, &s->info[i]), TG_OK);
  }
  lay_out_all(s);
  fill_images(s);
  return true;
}

static void close_graph(scene *s)
{
  tg_graph_destroy(s->graph);
  free(s->before);
  free(s->after);
  free(s->got);
}

static uint64_t number_of(const char *variable)
{
  const char *text = getenv(variable);
  return text == NULL ? 0 : strtoull(text, NULL, 10);
}

/* The ways of one back-end: which come next, how many for each graph, and what became of them. */
typedef struct turn {
  way (*at)(size_t index);
  size_t n_ways, each, next, n_run, n_lacking;
} turn;

static void take_turn(scene *s, turn *t)
{
  for (size_t k = 0; k < t->each; k++) {
    way w = t->at(t->next++ % t->n_ways);
    bool is_there = check_way(s, &w);
    t->n_run += is_there;
    t->n_lacking += !is_there;
  }
}

static bool is_long(void)
{
  return number_of("TG_LONG") == 1;
}

static void run_graphs(scene *s, turn *t)
{
  size_t n_graphs = is_long() ? N_LONG : N_GRAPHS;
  uint64_t first = number_of("TG_SEED") * 1000;
  for (size_t done = 0, seed = 0; done < n_graphs; seed++) {
    if (!open_graph(s, first + seed)) {
      continue;
    }
    way as_built = {"ref", 0, 0};
    assert_int_equal(run(s, &as_built, s->after, &s->outcome, NULL), TG_OK);
    take_turn(s, t);
    close_graph(s);
    done++;
  }
  print_message("# %zu graphs, %zu runs, %zu not run for want of kernels; %zu ways in all\n", n_graphs, t->n_run,
                t->n_lacking, t->n_ways);
  assert_true(t->n_run > t->n_lacking);
}

static void graphs_on_vec(void **state)
{
  size_t n = n_ways(N_VEC);
  run_graphs(*state, &(turn){vec_at, n, is_long() ? n : EACH, 0, 0, 0});
}

static void graphs_on_llvm(void **state)
{
  plugin_need();
  run_graphs(*state, &(turn){llvm_at, n_ways(KIT_COUNT(llvm_names)), is_long() ? EACH_LLVM_LONG : EACH_LLVM, 0, 0, 0});
}

/* Graphs on which a form of llvm once failed: a branch with one body around a divergent loop, and a loop of lanes that
 * stay together with values that the next stage wants lane by lane. */
static void graphs_that_failed(void **state)
{
  static const uint64_t seeds[] = {501288, 501328};
  scene *s = *state;
  plugin_need();
  for (size_t i = 0; i < KIT_COUNT(seeds); i++) {
    way as_built = {"ref", 0, 0};
    assert_true(open_graph(s, seeds[i]));
    assert_int_equal(run(s, &as_built, s->after, &s->outcome, NULL), TG_OK);
    take_turn(s, &(turn){llvm_at, n_ways(KIT_COUNT(llvm_names)), 2 * KIT_COUNT(llvm_names), 0, 0, 0});
    close_graph(s);
  }
}

static int open_contexts(void **state)
{
  static scene s;
  for (size_t i = 0; i < KIT_COUNT(thread_counts); i++) {
    s.contexts[i] = kit_context_threads(pool_threads(&thread_counts[i]));
  }
  *state = &s;
  return 0;
}

static int close_contexts(void **state)
{
  scene *s = *state;
  for (size_t i = 0; i < KIT_COUNT(thread_counts); i++) {
    tg_context_destroy(s->contexts[i]);
  }
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(graphs_on_vec), cmocka_unit_test(graphs_on_llvm),
                                     cmocka_unit_test(graphs_that_failed)};
  return cmocka_run_group_tests(tests, open_contexts, close_contexts);
}
