/* run_program.c: a program run on every back-end and by the evaluator that walks its tree: every byte of every output,
 * the traps and the report must be the same. The bytes choose how many instances there are, what they get, their fuel,
 * the passes, one set of `vec`'s kernels held to strips of few lanes, the size of parts and of tiles. `ref`, without
 * passes, runs first; the evaluator and all others are compared with it. */
#include "run_program.h"

#include "round_trip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef FUZZ_BRIEF
enum { MANY = 90, LARGE = 90 }; /* a fuzzer wants many runs rather than long ones */
#else
enum { MANY = 9000, LARGE = 66000 }; /* three blocks; more than a window, and several tiles for a thread */
#endif
enum { SHORT = 4000 }; /* bytes of a program that LARGE instances run */
enum { MAX_OPERANDS = 24, MAX_WIDTH = 16, MAX_SHARED = 9, MAX_LINES = 32, MAX_BINS = 8 };
enum { UNTOUCHED = 0xA5 };

/* What a run leaves. */
typedef struct result {
  unsigned char *outputs[MAX_OPERANDS]; /* n * width elements */
  tg_machine_outcome outcome;
  size_t n_lines;
  uint64_t lines[MAX_LINES][MAX_BINS];
} result;

typedef struct job {
  const program_run *what;
  tg_context *context;
  tg_program *program;
  size_t n_operands;
  tg_machine_operand_info operands[MAX_OPERANDS];
  unsigned char *inputs[MAX_OPERANDS]; /* of inputs and shared arrays */
  size_t n_shared[MAX_OPERANDS];
  uint64_t params[MAX_OPERANDS], n, seed, fuel;
  result wanted;
} job;

/* A way to run it. */
typedef struct way {
  const char *backend;
  uint64_t passes;
  unsigned threads;
  uint64_t part;  /* instances at a time, or 0 for all */
  int8_t regroup; /* of tg_machine_options */
} way;

/* ---- failing ---- */

static void check(const job *j, const way *w, int holds, const char *what)
{
  if (holds) {
    return;
  }
  fprintf(stderr, "%.*s\n-- %s: n %llu, seed %llu, fuel %llu", (int)j->what->n_text, j->what->text, what,
          (unsigned long long)j->n, (unsigned long long)j->seed, (unsigned long long)j->fuel);
  for (size_t k = 0; k < j->n_operands; k++) {
    if (j->operands[k].kind == TG_PARAM) {
      fprintf(stderr, ", %s 0x%llx", j->operands[k].name, (unsigned long long)j->params[k]);
    }
  }
  if (w != NULL) {
    fprintf(stderr, "; back-end %s, passes 0x%llx, %u threads, parts of %llu, regrouping %d", w->backend,
            (unsigned long long)w->passes, w->threads, (unsigned long long)w->part, w->regroup);
  }
  fputc('\n', stderr);
  must(0, what);
}

/* ---- memory ---- */

static size_t element_bytes(const job *j, size_t k)
{
  return tg_type_bytes(j->operands[k].type);
}

static size_t stride_of(const job *j, size_t k)
{
  return element_bytes(j, k) * j->operands[k].length;
}

static void put_element(tg_type type, uint64_t bits, unsigned char *to)
{
  const uint16_t one = 1;
  bool is_little = *(const unsigned char *)&one == 1;
  size_t bytes = tg_type_bytes(type);
  for (size_t b = 0; b < bytes; b++) {
    to[is_little ? b : bytes - 1 - b] = (unsigned char)(bits >> 8 * b);
  }
}

/* Numbers that are special to some operation. */
static uint64_t special(tg_type type, unsigned which)
{
  static const float f32s[] = {0.0f, -0.0f, 1.0f, -1.5f, 2.5f, 1e-40f, 3e38f, 16777217.0f, -2147483648.0f, 0.1f};
  static const double f64s[] = {0.0, -0.0, 1.0, -1.5, 2.5, 1e-310, 1e308, 4294967295.5, -9223372036854775808.0, 0.1};
  uint64_t bits = which == 10 ? UINT64_MAX : which == 11 ? 0 : UINT64_C(1) << (tg_type_bytes(type) * 8 - 1);
  if (type == TG_F32) {
    bits = which < 10 ? tg_bits_f32(f32s[which]) : which == 10 ? 0x7FC00000 : which == 11 ? 0x7F800000 : 0xFF812345;
  } else if (type == TG_F64) {
    bits = which < 10    ? tg_bits_f64(f64s[which])
           : which == 10 ? UINT64_C(0x7FF8000000000000)
           : which == 11 ? UINT64_C(0x7FF0000000000000)
                         : UINT64_C(0xFFF8123456789ABC);
  } else if (which < 10) {
    bits = which;
  }
  return bits;
}

/* The last bytes of the input, again and again, mixed with what never repeats; of four elements two special. */
static void fill(const job *j, size_t k, size_t n, const chooser *c)
{
  size_t each = element_bytes(j, k);
  for (size_t i = 0; i < n; i++) {
    for (size_t b = 0; b < each; b++) {
      size_t at = i * each + b;
      unsigned mixed = (unsigned)(at * 2654435761u >> 13) + (unsigned)k * 37;
      unsigned byte = (c->n > 0 ? c->data[at % c->n] : 0u) ^ (at < 8 ? 0 : mixed);
      j->inputs[k][at] = (unsigned char)byte;
    }
    if (i % 4 > 1) {
      put_element(j->operands[k].type, special(j->operands[k].type, j->inputs[k][i * each] % 13u),
                  j->inputs[k] + i * each);
    }
    j->inputs[k][i * each] &= j->operands[k].type == TG_BOOL ? 1 : 0xFF;
  }
}

static uint64_t param_bits(tg_type type, chooser *c)
{
  static const uint64_t patterns[] = {0,
                                      1,
                                      2,
                                      5,
                                      100,
                                      UINT64_MAX,
                                      0x80,
                                      0x7FFFFFFF,
                                      UINT64_C(0x3FF8000000000000),
                                      0x40490FDB,
                                      UINT64_C(0xC000000000000000),
                                      UINT64_C(1) << 63};
  uint64_t bits = patterns[choose(c, sizeof patterns / sizeof *patterns)];
  size_t w = tg_type_bytes(type) * 8;
  return type == TG_BOOL ? bits & 1 : bits & (UINT64_MAX >> (64 - w));
}

static void make_memory(job *j, chooser *c)
{
  for (size_t k = 0; k < j->n_operands; k++) {
    const tg_machine_operand_info *o = &j->operands[k];
    size_t n = o->kind == TG_TABLE ? choose(c, MAX_SHARED + 1) : (size_t)j->n;
    if (o->kind == TG_PARAM) {
      j->params[k] = param_bits(o->type, c);
    } else if (o->kind != TG_OUTPUT) {
      j->n_shared[k] = n;
      j->inputs[k] = malloc(n * element_bytes(j, k) + 8);
      must(j->inputs[k] != NULL, "no memory");
      fill(j, k, n, c);
    }
  }
}

static void make_result(const job *j, result *r)
{
  memset(r, 0, sizeof *r);
  for (size_t k = 0; k < j->n_operands; k++) {
    if (j->operands[k].kind == TG_OUTPUT) {
      size_t bytes = (size_t)j->n * stride_of(j, k);
      r->outputs[k] = malloc(bytes + 8);
      must(r->outputs[k] != NULL, "no memory");
      memset(r->outputs[k], UNTOUCHED, bytes);
    }
  }
}

static void drop_result(result *r)
{
  for (size_t k = 0; k < MAX_OPERANDS; k++) {
    free(r->outputs[k]);
  }
}

/* The memory of instances `first` to first + n - 1. */
static tg_binding bind(const job *j, const result *r, size_t k, uint64_t first, uint64_t n)
{
  size_t each = stride_of(j, k);
  if (j->operands[k].kind == TG_TABLE) {
    return (tg_binding){j->inputs[k], NULL, j->n_shared[k] * each, 0, (ptrdiff_t)each};
  }
  unsigned char *data = j->operands[k].kind == TG_OUTPUT ? r->outputs[k] : j->inputs[k];
  return (tg_binding){data + (size_t)first * each, NULL, (size_t)n * each, 0, (ptrdiff_t)each};
}

static void bind_all(const job *j, const result *r, tg_machine *m, uint64_t first, uint64_t n)
{
  for (size_t k = 0; k < j->n_operands; k++) {
    tg_binding b;
    if (j->operands[k].kind == TG_PARAM) {
      check(j, NULL, tg_machine_set(m, (tg_operand)k, j->params[k], NULL) == TG_OK, "a parameter is refused");
    } else {
      b = bind(j, r, k, first, n);
      tg_machine_bind(m, (tg_operand)k, &b, NULL);
    }
  }
}

/* ---- running ---- */

static tg_machine *make_machine(const job *j, const way *w)
{
  tg_machine *m;
  tg_machine_options options = TG_MACHINE_OPTIONS_INIT;
  tg_error error = {TG_OK, {0, 0, 0}, "", ""};
  options.entry = j->what->entry;
  options.backend = w->backend;
  options.passes = w->passes;
  options.state_bytes = 1 << 16;
  options.regroup = w->regroup;
  tg_status status = tg_machine_create(j->program, &options, &m, &error);
  check(j, w, status == TG_OK || status == TG_LIMIT || status == TG_UNSUPPORTED || status == TG_ARGUMENT,
        error.message);
  return status == TG_OK ? m : NULL;
}

static void run_parts(const job *j, const way *w, tg_machine *m, const result *r)
{
  uint64_t part = w->part > 0 ? w->part : j->n, first = 0;
  tg_error error = {TG_OK, {0, 0, 0}, "", ""};
  bind_all(j, r, m, 0, part < j->n ? part : j->n);
  tg_status status = tg_machine_begin(m, j->n, j->seed, j->fuel, &error);
  do {
    uint64_t n = j->n - first < part ? j->n - first : part;
    bind_all(j, r, m, first, n);
    status = status == TG_OK ? tg_machine_part(m, n, &error) : status;
    first += n;
  } while (first < j->n);
  status = status == TG_OK ? tg_machine_end(m, &error) : status;
  check(j, w, status == TG_OK, error.message);
}

static void read_report(const tg_machine *m, result *r)
{
  tg_report_line line;
  for (size_t k = 0; k < MAX_LINES && tg_machine_report(m, k, &line) == TG_OK; k++) {
    r->lines[k][0] = line.bits;
    for (size_t i = 0; line.bins != NULL && i < line.n_bins && i < MAX_BINS; i++) {
      r->lines[k][i] = line.bins[i];
    }
    r->n_lines = k + 1;
  }
}

/* False if the way is not to be had here. */
static bool run(const job *j, const way *w, result *r)
{
  tg_machine *m = make_machine(j, w);
  make_result(j, r);
  if (m == NULL) {
    return false;
  }
  run_parts(j, w, m, r);
  tg_machine_outcome_of(m, &r->outcome);
  read_report(m, r);
  tg_machine_destroy(m);
  return true;
}

/* ---- comparing ---- */

static void compare_outcomes(const job *j, const way *w, const tg_machine_outcome *a, const tg_machine_outcome *b)
{
  check(j, w, a->n_trapped == b->n_trapped, "another number of instances trapped");
  if (a->n_trapped > 0) {
    check(j, w, a->first_instance == b->first_instance, "another instance trapped first");
    check(j, w, a->first_code == b->first_code, "another trap");
    check(j, w,
          a->first_pos.line == b->first_pos.line && a->first_pos.column == b->first_pos.column &&
              strcmp(a->first_path, b->first_path) == 0,
          "a trap elsewhere");
  }
}

static void compare_with(const job *j, const way *w)
{
  result r;
  const result *wanted = &j->wanted;
  if (run(j, w, &r)) {
    for (size_t k = 0; k < j->n_operands; k++) {
      bool is_same = j->operands[k].kind != TG_OUTPUT ||
                     memcmp(r.outputs[k], wanted->outputs[k], (size_t)j->n * stride_of(j, k)) == 0;
      check(j, w, is_same, "a byte of an output differs");
    }
    compare_outcomes(j, w, &wanted->outcome, &r.outcome);
    check(j, w, r.n_lines == wanted->n_lines && memcmp(r.lines, wanted->lines, sizeof r.lines) == 0,
          "the report differs");
  }
  drop_result(&r);
}

/* Every instance by itself; of a large run every 61st. */
static void walk_all(const job *j)
{
  result r;
  const way w = {"ref", 0, 1, 0, -1};
  const uint64_t step = j->n < LARGE || LARGE == MANY ? 1 : 61;
  tg_machine *m = make_machine(j, &w);
  tg_machine_outcome all = {0}, one;
  tg_trace_options options = TG_TRACE_OPTIONS_INIT;
  make_result(j, &r);
  options.n = j->n;
  options.seed = j->seed;
  options.fuel = j->fuel;
  for (options.instance = 0; options.instance < j->n; options.instance += step) {
    tg_error error = {TG_OK, {0, 0, 0}, "", ""};
    bind_all(j, &r, m, options.instance, 1);
    check(j, NULL, tg_machine_trace(m, &options, &one, &error) == TG_OK, error.message);
    all.n_trapped += one.n_trapped;
    if (one.n_trapped > 0 && all.first_path == NULL) {
      one.n_trapped = all.n_trapped;
      all = one;
    }
    for (size_t k = 0; k < j->n_operands; k++) {
      size_t each = stride_of(j, k), at = (size_t)options.instance * each;
      bool is_same =
          j->operands[k].kind != TG_OUTPUT || memcmp(r.outputs[k] + at, j->wanted.outputs[k] + at, each) == 0;
      if (!is_same) {
        fprintf(stderr, "-- instance %llu, output %s\n", (unsigned long long)options.instance, j->operands[k].name);
      }
      check(j, NULL, is_same, "a byte of an output differs from the evaluator's");
    }
  }
  if (step == 1) {
    compare_outcomes(j, NULL, &all, &j->wanted.outcome);
  }
  tg_machine_destroy(m);
  drop_result(&r);
}

/* Vectors of one width, and each way to run loops whose lanes part. */
static void compare_llvm(const job *j, unsigned which)
{
  static const char *const names[] = {"llvm:128",    "llvm:256",        "llvm:512",        "llvm/masked",
                                      "llvm/refill", "llvm:128/refill", "llvm:256/refill", "llvm:256/past"};
  compare_with(j, &(way){names[which % 8], UINT64_MAX, tg_context_threads(j->context), 0, 0});
}

/* Tiles of 1, 2, 4, 8 or 16 blocks, as many threads as have one, windows of three of them (base/tile_level.h); loops
 * over a `match` split. */
static void compare_tiles(const job *j, chooser *c, bool without_llvm)
{
  static const char *const names[] = {"vec",    "vec:1/7", "ref",         "vec",
                                      "auto:1", "llvm",    "llvm/refill", "llvm:256/masked"};
  char name[24];
  unsigned engine = choose(c, without_llvm ? 4 : 8), level = choose(c, 5);
  snprintf(name, sizeof name, "%s@%u", names[engine], level);
  compare_with(j, &(way){name, UINT64_MAX, tg_context_threads(j->context), 0, 1});
}

/* All passes on each back-end, `llvm`, which takes long to compile, one time in eight; a subset on one of them; strips
 * of few lanes; parts. */
static void compare_all(const job *j, chooser *c)
{
  static const unsigned strips[] = {0, 1, 3, 7};
  const char *names[8];
  char name[16];
  size_t n = 0;
  uint64_t subset = (uint64_t)choose(c, 255) * 4 + choose(c, 4);
  unsigned set = choose(c, 4), strip = strips[choose(c, 4)], first = choose(c, 16);
  unsigned threads = tg_context_threads(j->context);
  bool without_llvm = choose(c, 8) > 0;
  for (size_t k = 0; n < 8 && tg_backend_name(k) != NULL; k++) {
    if (strcmp(tg_backend_name(k), "llvm") != 0 || !without_llvm) {
      names[n++] = tg_backend_name(k);
      compare_with(j, &(way){names[n - 1], UINT64_MAX, threads, 0, 0});
    }
  }
  if (j->what->is_brief) {
    return;
  }
  if (!without_llvm) {
    compare_llvm(j, first + strip);
  }
  compare_with(j, &(way){names[first % n], subset, threads, 0, strip == 0 ? 1 : -1});
  snprintf(name, sizeof name, strip == 0 ? "vec:%u" : "vec:%u/%u", set, strip);
  compare_with(j, &(way){name, first % 2 ? UINT64_MAX : ~(UINT64_C(1) << subset % 16), threads, TG_BLOCK_LANES, -1});
  compare_tiles(j, c, without_llvm);
}

/* ---- one program ---- */

static void choose_settings(job *j, bool may_spin, chooser *c)
{
  static const uint64_t fuels[] = {TG_FUEL_UNLIMITED, 400, 50, 2000, 5, 0, 1};
  unsigned how = choose(c, 24);
  j->seed = (uint64_t)choose(c, 255) << 33 | choose(c, 255);
  if (j->what->is_brief) {
    j->n = 1 + how % 3;
    j->fuel = fuels[2 + how % 4] % 100;
    return;
  }
  j->n = how == 22 ? 0 : 1 + choose(c, how > 16 ? 255 : 40);
  j->fuel = fuels[choose(c, 7)];
  if (how > 18 && how < 22 && j->what->n_text < SHORT) {
    j->n += LARGE;
    j->fuel = may_spin ? j->fuel % 64 : j->fuel;
  } else if (how == 23 && !may_spin) {
    j->n += MANY;
  }
  if (may_spin && j->fuel == TG_FUEL_UNLIMITED) {
    j->fuel = 300;
  }
}

/* Describes the operands. False where there are too many, or too large ones, to be worth the time. */
static bool describe(job *j, const tg_machine *m)
{
  j->n_operands = tg_machine_n_operands(m);
  bool is_small = j->n_operands <= MAX_OPERANDS;
  for (size_t k = 0; is_small && k < j->n_operands; k++) {
    tg_machine_operand(m, k, &j->operands[k]);
    is_small = j->operands[k].length <= MAX_WIDTH;
  }
  return is_small;
}

/* A parameter may have a range: then it keeps its default, or there is nothing to run. */
static bool are_params_good(job *j, tg_machine *m)
{
  for (size_t k = 0; k < j->n_operands; k++) {
    const tg_machine_operand_info *o = &j->operands[k];
    if (o->kind == TG_PARAM && o->has_range && tg_machine_set(m, (tg_operand)k, j->params[k], NULL) != TG_OK) {
      j->params[k] = o->has_default ? o->default_bits : o->low;
    }
    if (o->kind == TG_PARAM && tg_machine_set(m, (tg_operand)k, j->params[k], NULL) != TG_OK) {
      return false;
    }
  }
  return true;
}

void run_program(const program_run *p, chooser *c)
{
  const way first = {"ref", 0, 1, 0, -1};
  job j = {.what = p, .context = p->context, .program = p->program};
  tg_machine *m = make_machine(&j, &first);
  if (m != NULL && describe(&j, m)) {
    choose_settings(&j, p->may_spin, c);
    make_memory(&j, c);
    if (are_params_good(&j, m)) {
      run(&j, &first, &j.wanted);
      walk_all(&j);
      compare_all(&j, c);
      drop_result(&j.wanted);
    }
    for (size_t k = 0; k < j.n_operands; k++) {
      free(j.inputs[k]);
    }
  }
  tg_machine_destroy(m);
}
