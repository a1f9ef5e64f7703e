/* arith_bench.c: sections `arith` and `scale`: how many VM instructions two threads do in a second, and whether the
 * cost of an instance depends on how many there are. */
#include "bench.h"

#include <math.h>
#include <string.h>

/* ---- arith ---- */

enum { STEPS = 64, ROUNDS = 1000 }; /* of bench/arith.tg */

/* Instructions are those of the loop's body, done by lanes that are in it: 64 a round. The target is what two cores
 * shall do, in 10^9 a second. */
static const double target_rate = 50;

static void count_instructions(bench *b, tg_context *two, const char *backend)
{
  machine runs[2];
  timed what[2] = {{machine_work_wall, &runs[0], machine_took}, {machine_work, &runs[1], NULL}};
  double medians[2], n = (double)choose_size(b, 100000, 4096);
  for (int i = 0; i < 2; i++) {
    machine_open(&runs[i], i == 0 ? two : b->context, backend, "bench/arith.tg");
    runs[i].n = (uint64_t)n;
  }
  time_in_turns(b, what, 2, medians);
  record f = {.section = "arith",
              .workload = "64 steps a round, i32 and f32",
              .size = (uint64_t)n,
              .subject = backend,
              .unit = "10^9/s",
              .is_rate = true,
              .peer = "wanted of two",
              .value = n * STEPS * ROUNDS / medians[0],
              .peer_value = target_rate,
              .target = 1};
  report_add(&b->report, &f);
  f.workload = "the same, one thread";
  f.value = n * STEPS * ROUNDS / medians[1];
  f.peer = NULL;
  f.target = 0;
  report_add(&b->report, &f);
  for (int i = 0; i < 2; i++) {
    machine_close(&runs[i]);
  }
}

void bench_arith(bench *b)
{
  pool *p = pool_new();
  tg_context *two = pool_context(p);
  const char *backend;
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL; i++) {
    if (strcmp(backend, "ref") != 0) {
      count_instructions(b, two, backend);
    }
  }
  tg_context_destroy(two);
  pool_free(p);
}

/* ---- scale ---- */

enum { N_SIZES = 4 };
static const double most_apart = 1.05;

/* A machine with a parameter that its cost depends on, and what the parameter is for n instances. */
typedef struct scaled {
  const char *name, *file, *param;
  uint64_t (*value)(double n);
} scaled;

static uint64_t darts(double n)
{
  (void)n;
  return 16;
}

/* Strikes from 20 to 60, however many: far off, subnormal numbers would cost more. */
static uint64_t strikes(double n)
{
  return tg_bits_f64(40 / n);
}

static const scaled scaled_machines[] = {{"Black and Scholes", "examples/black_scholes.tg", "step", strikes},
                                         {"pi, 16 darts each", "examples/pi.tg", "steps", darts}};

static void time_sizes(bench *b, const char *backend, const scaled *what, const uint64_t *sizes, double *each)
{
  machine runs[N_SIZES];
  timed all[N_SIZES];
  for (int i = 0; i < N_SIZES; i++) {
    machine_open(&runs[i], b->context, backend, what->file);
    machine_set(&runs[i], what->param, what->value((double)sizes[i]));
    runs[i].n = sizes[i];
    all[i] = (timed){.work = machine_work, .self = &runs[i]};
  }
  time_in_turns(b, all, N_SIZES, each);
  for (int i = 0; i < N_SIZES; i++) {
    each[i] /= (double)sizes[i];
    machine_close(&runs[i]);
  }
}

/* Runs with every number of instances, by the processor time of one thread; a run is tg_machine_run, with the report,
 * and without what reading and compiling the program take. */
static void scale_machine(bench *b, const char *backend, const scaled *what)
{
  const uint64_t sizes[N_SIZES] = {10000, 100000, 1000000, choose_size(b, 10000000, 2000000)};
  double each[N_SIZES], least = HUGE_VAL, most = 0;
  record f = {.section = "scale", .workload = what->name, .subject = backend, .unit = "ns/inst."};
  time_sizes(b, backend, what, sizes, each);
  for (int i = 0; i < N_SIZES; i++) {
    least = fmin(least, each[i]);
    most = fmax(most, each[i]);
    f.size = sizes[i];
    f.value = each[i];
    report_add(&b->report, &f);
  }
  f.size = 0;
  f.unit = "most / least";
  f.value = most / least;
  f.target = most_apart;
  f.limits_value = true;
  report_add(&b->report, &f);
}

void bench_scale(bench *b)
{
  const char *backend;
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL; i++) {
    for (size_t k = 0; strcmp(backend, "ref") != 0 && k < sizeof scaled_machines / sizeof scaled_machines[0]; k++) {
      scale_machine(b, backend, &scaled_machines[k]);
    }
  }
}
