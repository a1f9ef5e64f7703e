/* invoke_bench.c: section `invoke`: what one invocation costs: m * x + b of few lanes, and a graph with no work at all.
 *
 * The peer is a C function, called through a pointer so that it is not inlined, which does the same arithmetic on the
 * same memory; of 16 lanes also Orc and, called from Python, numba. What a call costs beyond the work is the time of
 * one lane less the slope from 1 to 1000 lanes. */
#include "bench.h"

#include <string.h>

enum { MAX_LANES = 1000, N_LENGTHS = 3 };
static const size_t lengths[N_LENGTHS] = {1, 16, MAX_LANES};
static const double target_ns = 30; /* of 16 lanes */

static const char text[] = "graph axpb {\n"
                           "  param m f32\n"
                           "  input x f32\n"
                           "  input b f32\n"
                           "  output y f32\n"
                           "  %m = param m\n"
                           "  %x = load x\n"
                           "  %b = load b\n"
                           "  %p = mul %m, %x\n"
                           "  %y = add %p, %b\n"
                           "  store y %y\n"
                           "}\n";

/* ---- the peer ---- */

typedef struct arrays {
  float m, x[MAX_LANES], b[MAX_LANES], y[MAX_LANES];
} arrays;

static void axpb(const arrays *a, float *y, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    y[i] = a->m * a->x[i] + a->b[i];
  }
}

typedef struct plain_call {
  void (*volatile function)(const arrays *a, float *y, size_t n);
  arrays *memory;
  size_t n;
} plain_call;

static void call_plain(void *self, size_t times)
{
  const plain_call *c = self;
  for (size_t i = 0; i < times; i++) {
    c->function(c->memory, c->memory->y, c->n);
  }
}

static void call_orc(void *self, size_t times)
{
  const peer_call *c = self;
  for (size_t i = 0; i < times; i++) {
    c->function(&c->args);
  }
}

/* The peers of 16 lanes that are there and right. */
typedef struct others {
  const char *names[2];
  timed timed[2];
  peer_call orc;
  python_call numba;
  size_t n;
} others;

static bool is_right(bench *b, const char *name, const float *expected, const float *got)
{
  if (memcmp(expected, got, 16 * sizeof *got) == 0) {
    return true;
  }
  note("invoke", name, "its result is wrong");
  b->n_wrong++;
  return false;
}

static void find_others(bench *b, const arrays *memory, others *o)
{
  static float y[16];
  float expected[16];
  const peer_set *orc = peers_find(PEERS_ORC);
  axpb(memory, expected, 16);
  o->n = 0;
  o->orc = (peer_call){orc->axpy, {{memory->x, memory->b}, {y}, {(double)memory->m, 0}, 16}};
  if (orc->axpy == NULL) {
    note("invoke", orc->name, "not in this build, or not on this machine");
  } else {
    call_orc(&o->orc, 1);
    o->names[o->n] = orc->name;
    o->timed[o->n] = (timed){.work = call_orc, .self = &o->orc};
    o->n += is_right(b, orc->name, expected, y);
  }
  o->names[o->n] = "numba";
  if (python_prepare(b->python, &o->numba, (const char *const[]){"invoke", "invoke", "numba"}, 16, &o->timed[o->n])) {
    python_run(b->python, o->numba.id, 1);
    python_fetch(b->python, o->numba.id, y, sizeof y);
    o->n += is_right(b, "numba", expected, y);
  }
}

/* ---- the section ---- */

static void add(bench *b, const record *f)
{
  record whole = *f;
  whole.section = "invoke";
  whole.unit = "ns";
  report_add(&b->report, &whole);
}

static void check_result(bench *b, const subject *s, arrays *memory, size_t n)
{
  float expected[MAX_LANES];
  axpb(memory, expected, n);
  memset(memory->y, 0xAB, sizeof memory->y);
  subject_invoke(s);
  if (memcmp(expected, memory->y, n * sizeof expected[0]) != 0) {
    note("invoke", s->name, "its result is wrong");
    b->n_wrong++;
  }
}

/* Invocations of three lengths and the C function's calls, in turns. */
static void time_lengths(bench *b, const char *backend, arrays *memory, const others *o)
{
  subject subjects[N_LENGTHS];
  plain_call plain[N_LENGTHS];
  timed all[2 * N_LENGTHS + 2];
  double medians[2 * N_LENGTHS + 2];
  for (size_t i = 0; i < N_LENGTHS; i++) {
    size_t n = lengths[i];
    program p = {text, n, 4, {{"m", &memory->m, 1}, {"x", memory->x, n}, {"b", memory->b, n}, {"y", memory->y, n}}, 4};
    subject_open(&subjects[i], b->context, backend, &p);
    check_result(b, &subjects[i], memory, n);
    plain[i] = (plain_call){axpb, memory, n};
    all[2 * i] = (timed){.work = subject_work, .self = &subjects[i]};
    all[2 * i + 1] = (timed){.work = call_plain, .self = &plain[i]};
  }
  memcpy(all + 2 * N_LENGTHS, o->timed, o->n * sizeof *all);
  time_in_turns(b, all, 2 * N_LENGTHS + o->n, medians);
  for (size_t i = 0; i < N_LENGTHS; i++) {
    record f = {
        .section = "invoke", .workload = "m * x + b, f32", .subject = backend, .peer = "C call", .limits_value = true};
    f.size = lengths[i];
    f.value = medians[2 * i];
    f.peer_value = medians[2 * i + 1];
    f.target = target_of(&f, lengths[i] == 16 && strcmp(backend, "ref") != 0 ? target_ns : 0);
    add(b, &f);
    for (size_t k = 0; k < o->n && lengths[i] == 16; k++) {
      f.peer = o->names[k];
      f.peer_value = medians[2 * N_LENGTHS + k];
      add(b, &f);
    }
    subject_close(&subjects[i]);
  }
  double slope = (medians[4] - medians[0]) / (MAX_LANES - 1);
  add(b, &(record){.workload = "beyond the work", .subject = backend, .size = 1, .value = medians[0] - slope});
}

/* The kernel of a graph without nodes. */
static void time_nothing(bench *b, const char *backend)
{
  subject s;
  program p = {"graph nothing { }\n", 1, 0, {{NULL, NULL, 0}}, 0};
  timed one = {.work = subject_work, .self = &s};
  double median;
  subject_open(&s, b->context, backend, &p);
  time_in_turns(b, &one, 1, &median);
  add(b, &(record){.workload = "a graph without nodes", .subject = backend, .size = 1, .value = median});
  subject_close(&s);
}

void bench_invoke(bench *b)
{
  static arrays memory;
  const char *backend;
  others o;
  memory.m = 1.5f;
  for (uint32_t i = 0; i < MAX_LANES; i++) {
    memory.x[i] = random_unit(i, 0);
    memory.b[i] = random_unit(i, 1);
  }
  find_others(b, &memory, &o);
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL; i++) {
    time_lengths(b, backend, &memory, &o);
    time_nothing(b, backend);
  }
  python_close_all(b->python);
}
