/* random_bench.c: sections `pi` and `bootstrap`: machines that draw random numbers against C and numba, which draw the
 * same ones, so that the results are the same bits. */
#include "bench.h"

#include <string.h>

static const double target_c = 1, target_numba = 1.2;

/* A machine of each back-end but `ref`, all writing to the contest's output. */
static void add_machines(bench *b, contest *c, machine *m, const char *name, const char *output, size_t n)
{
  const char *backend;
  size_t n_machines = 0;
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL; i++) {
    if (strcmp(backend, "ref") == 0) {
      continue;
    }
    demand(n_machines < MAX_SUBJECTS, "too many back-ends");
    machine *one = &m[n_machines++];
    machine_open(one, b->context, backend, name);
    machine_bind(one, output, c->out, n);
    one->n = n;
    contest_add(c, &(entrant){.name = backend, .timed = {.work = machine_work, .self = one}, .is_subject = true});
  }
}

static size_t count_machines(const contest *c)
{
  size_t n = 0;
  for (size_t i = 0; i < c->n; i++) {
    n += c->entrants[i].is_subject;
  }
  return n;
}

static void add_peers(bench *b, contest *c, peer_fn (*choose)(const peer_set *set), const peer_args *args,
                      const char *python)
{
  const peer_set *gcc = peers_find_machines(PEERS_GCC), *clang = peers_find_machines(PEERS_CLANG);
  contest_add_peer(c, gcc, choose(gcc), args, target_c);
  contest_add_peer(c, clang, choose(clang), args, target_c);
  contest_add_python(b, c, python, "numba", target_numba);
}

static peer_fn choose_pi(const peer_set *set)
{
  return set->pi;
}

void bench_pi(bench *b)
{
  enum { DARTS = 1000 }; /* as the machine has it by default */
  size_t n = choose_size(b, 20000, 1000);
  uint32_t *hits = block_new(n * sizeof *hits);
  machine machines[MAX_SUBJECTS];
  peer_args args = {{NULL}, {hits}, {DARTS, BENCH_SEED, 0}, n};
  contest c = {.section = "pi",
               .workload = "1000 darts each, f64",
               .unit = "ns/dart",
               .size = n,
               .per = (double)n * DARTS,
               .out = hits,
               .out_bytes = n * sizeof *hits};
  add_machines(b, &c, machines, "examples/pi.tg", "hits", n);
  size_t n_machines = count_machines(&c);
  add_peers(b, &c, choose_pi, &args, "pi");
  contest_run(b, &c);
  for (size_t i = 0; i < n_machines; i++) {
    machine_close(&machines[i]);
  }
  block_free(hits);
}

static peer_fn choose_bootstrap(const peer_set *set)
{
  return set->bootstrap;
}

void bench_bootstrap(bench *b)
{
  size_t n = choose_size(b, 100000, 5000);
  double flow[NILE_YEARS], years = NILE_YEARS, *difference = block_new(n * sizeof *difference);
  double *work = block_new((n + 5) * sizeof *work); /* of the peers */
  machine machines[MAX_SUBJECTS];
  peer_args args = {{flow, &years}, {difference, work}, {28, 5, BENCH_SEED}, n};
  contest c = {.section = "bootstrap",
               .workload = "100 years and the report, f64",
               .unit = "ns/resample",
               .size = n,
               .per = (double)n,
               .out = difference,
               .out_bytes = n * sizeof *difference};
  read_nile(flow);
  add_machines(b, &c, machines, "examples/bootstrap.tg", "difference", n);
  size_t n_machines = count_machines(&c);
  for (size_t i = 0; i < n_machines; i++) {
    machine_bind(&machines[i], "flow", flow, NILE_YEARS);
  }
  add_peers(b, &c, choose_bootstrap, &args, "bootstrap");
  contest_run(b, &c);
  for (size_t i = 0; i < n_machines; i++) {
    machine_close(&machines[i]);
  }
  block_free(work);
  block_free(difference);
}
