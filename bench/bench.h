/* bench.h: what the sections of the benchmark share: subjects, peers, contests between them, and the report.
 *
 * A section is a function that fills contests: one workload, the subjects (a kernel of each back-end) and the peers
 * (what a user would take instead). contest_run checks that all compute the same, times them in turns, so that all see
 * the same machine, and adds one figure for each pair to the report. */
#ifndef BENCH_H
#define BENCH_H

#include "peers/peers.h"
#include "throng.h"

#include <stdbool.h>

/* ---- figures ---- */

/* One figure. Its target is the least ratio peer_value / value, or, with limits_value, the greatest value; 0: none. */
typedef struct record {
  const char *section, *workload, *subject, *peer, *unit; /* peer NULL: none */
  uint64_t size;
  double value, peer_value;
  double target;
  bool limits_value, is_rate; /* of a rate (GB/s) more is better, and the ratio is value / peer_value */
} record;

typedef struct report {
  record *records;
  size_t n, capacity;
} report;

void report_add(report *r, const record *figure);

/* The target of a figure, all of which but the target is known: that of `vec` or, of `llvm`, its own where targets.c
 * has some for the section. */
double target_of(const record *f, double of_vec);

void report_print(const report *r);
bool report_write(const report *r, const char *path);
void report_free(report *r);

/* ---- the run ---- */

struct python;

typedef struct bench {
  report report;
  tg_context *context;
  const char *backend; /* the only back-end to measure, or NULL: all that are listed */
  bool is_quick;       /* small sizes and few samples */
  struct python *python;
  size_t n_wrong; /* entrants whose results differed */
} bench;

typedef struct section {
  const char *name, *doc;
  void (*run)(bench *b);
} section;

/* Ends the program with a message when a call failed: a benchmark that cannot run has no figures. */
void demand(bool is_good, const char *what);

/* Says on the terminal that something is left out. */
void note(const char *about, const char *what, const char *why);

/* The index-th back-end to measure, `auto` left out; NULL at the end. */
const char *bench_backend(const bench *b, size_t index);

/* `normal`, or `quick` in a quick run. */
size_t choose_size(const bench *b, size_t normal, size_t quick);

/* ---- time ---- */

/* Something to be timed: does its work `times` times. By default it is charged the processor time of the calling
 * thread, so that other processes on the machine count less. With took_ns it has a clock of its own: the time of the
 * last call of work. */
typedef struct timed {
  void (*work)(void *self, size_t times);
  void *self;
  double (*took_ns)(void *self);
} timed;

enum { MAX_TIMED = 12 };

/* Median nanoseconds of one piece of work of each of n <= MAX_TIMED, measured in turns: from 5 samples to 201. */
void time_in_turns(const bench *b, const timed *what, size_t n, double *medians);

/* Nanoseconds of the wall clock since some moment. */
double wall_ns(void);

/* Binds the calling thread to the index-th of the program's processors; false where that cannot be done. */
bool pin_to(size_t index);

/* Two threads for a context: the caller and one bound to the second processor. */
typedef struct pool pool;
pool *pool_new(void);
tg_context *pool_context(pool *p);
void pool_free(pool *p);

/* ---- memory ---- */

/* Memory in huge pages where there are any, filled with 0xAB. Two blocks never begin at the same place of a page. */
void *block_new(size_t bytes);
void block_free(void *block);

/* Element i of pseudo-random stream k: a number in [0, 1) with 24 bits, or 32 bits. peers.py has the same. */
float random_unit(uint32_t i, uint32_t k);
uint32_t random_bits(uint32_t i, uint32_t k);

/* Streams of them. */
float *random_f32(size_t n, uint32_t k);
double *random_f64(size_t n, uint32_t k, double scale, double offset);

/* ---- subjects ---- */

enum { MAX_COLUMNS = 8, MAX_SUBJECTS = 6 };

/* The memory of the operand called name: n elements. */
typedef struct column {
  const char *name;
  const void *data;
  size_t n;
} column;

/* A graph as text, and what it runs on. */
typedef struct program {
  const char *text;
  uint64_t n;
  double steps; /* about how many operations a lane takes: decides whether `ref` can take part */
  column columns[MAX_COLUMNS];
  size_t n_columns;
} program;

typedef struct subject {
  const char *name;
  tg_kernel *kernel;
  tg_workspace *workspace;
  tg_invocation invocation;
  tg_binding bindings[MAX_COLUMNS];
} subject;

/* Compiles p for a back-end and binds its memory. s must not move while it is open. */
void subject_open(subject *s, tg_context *context, const char *backend, const program *p);
/* Whether a back-end can compile it here. */
bool subject_can(tg_context *context, const char *backend, const program *p);
void subject_close(subject *s);
/* One invocation, and its work as something to be timed. */
void subject_invoke(const subject *s);
void subject_work(void *self, size_t times);
/* Whether a back-end can take part: `ref` only where it takes less than a second. */
bool subject_may(const char *backend, const program *p);

/* The graph of section `collatz`, with memory for n counts of steps. */
program collatz_program(uint32_t *steps, size_t n);

/* Nodes of graph text: %y = sqrt(x x + z z) / 2 + (x - z) / (1 + |x|) of the f64 inputs x and z. */
#define EXPRESSION_TEXT                                                                                                \
  "  %x = load x\n"                                                                                                    \
  "  %z = load z\n"                                                                                                    \
  "  %half = const f64 0.5\n"                                                                                          \
  "  %one = const f64 1.0\n"                                                                                           \
  "  %mask = const u64 0x7fffffffffffffff\n"                                                                           \
  "  %xx = mul %x, %x\n"                                                                                               \
  "  %zz = mul %z, %z\n"                                                                                               \
  "  %square = add %xx, %zz\n"                                                                                         \
  "  %root = sqrt %square\n"                                                                                           \
  "  %left = mul %root, %half\n"                                                                                       \
  "  %bits = bitcast u64 %x\n"                                                                                         \
  "  %size = and %bits, %mask\n"                                                                                       \
  "  %abs = bitcast f64 %size\n"                                                                                       \
  "  %below = add %one, %abs\n"                                                                                        \
  "  %above = sub %x, %z\n"                                                                                            \
  "  %right = div %above, %below\n"                                                                                    \
  "  %y = add %left, %right\n"

/* ---- machines ---- */

enum { BENCH_SEED = 42, NILE_YEARS = 100 };

/* A machine of a .tg file, compiled. */
typedef struct machine {
  tg_program *program;
  tg_machine *machine;
  uint64_t n; /* instances, to be set by who times it */
  double took_ns;
} machine;

/* name: of the file, from the top of the source tree. m must not move while it is open. */
void machine_open(machine *m, tg_context *context, const char *backend, const char *name);
void machine_set(machine *m, const char *param, uint64_t bits);
void machine_bind(machine *m, const char *name, void *data, size_t n);
void machine_close(machine *m);
/* One run as something to be timed: by the processor time of the thread, or by the wall clock with machine_took. */
void machine_work(void *self, size_t times);
void machine_work_wall(void *self, size_t times);
double machine_took(void *self);

/* The annual flow of examples/data/nile.csv. */
void read_nile(double flow[NILE_YEARS]);

/* ---- contests ---- */

typedef struct entrant {
  const char *name;
  timed timed;
  bool is_subject;
  double target; /* of a peer: the least ratio; 0: none */
  /* Brings the result of the last work to the contest's output; NULL: it is there already. */
  void (*fetch)(void *self, void *out, size_t bytes);
} entrant;

/* A workload prepared in Python, and what its last work took. */
typedef struct python_call {
  struct python *python;
  int id;
  double took_ns;
} python_call;

typedef struct contest {
  const char *section, *workload, *unit;
  uint64_t size;
  double per; /* nanoseconds that make one unit */
  void *out;  /* what every entrant writes */
  size_t out_bytes;
  /* Whether a peer that computes in another order has the subjects' result; NULL: it must be the same bits. */
  bool (*is_close)(const void *expected, const void *got, size_t bytes);
  entrant entrants[MAX_TIMED];
  size_t n;
  subject subjects[MAX_SUBJECTS];
  size_t n_subjects;
  peer_call calls[MAX_TIMED];
  python_call python_calls[MAX_TIMED];
} contest;

void contest_add(contest *c, const entrant *e);
/* A subject of every back-end that may take part. */
void contest_add_subjects(bench *b, contest *c, const program *p);
/* One back-end more, also one that is not listed; left out with a note where this machine has no such vectors, or
 * where only one back-end is measured. */
void contest_add_subject(bench *b, contest *c, const char *backend, const program *p);
/* A peer in C, with the least ratio wanted; one that is not there is left out with a note. */
void contest_add_peer(contest *c, const peer_set *set, peer_fn function, const peer_args *args, double target);
/* A peer in Python: `tool` does `workload` (both as peers.py calls them) on n elements. */
void contest_add_python(bench *b, contest *c, const char *workload, const char *tool, double target);
/* Checks, times, reports, and closes what was opened. */
void contest_run(bench *b, contest *c);

/* Relative difference of at most 1e-5 of f32, of f64 1e-12, for sums in other orders. */
bool is_close_f32(const void *expected, const void *got, size_t bytes);
bool is_close_f64(const void *expected, const void *got, size_t bytes);

/* ---- peers in Python ---- */

/* A connection to peers.py, which is started when it is first needed. */
struct python *python_new(void);
void python_free(struct python *p);
/* Prepares a workload: a number for the calls below, or -1 when there is no Python or not this tool. */
int python_open(struct python *p, const char *workload, const char *tool, uint64_t n);
void python_close_all(struct python *p);
/* Prepares a workload, names: section, workload, tool, as something to be timed; `call` must stay. False: it is left
 * out, with a note. */
bool python_prepare(struct python *p, python_call *call, const char *const names[3], uint64_t n, timed *out);
/* Runs it; nanoseconds of all of it by Python's own clock. */
double python_run(struct python *p, int id, size_t times);
/* Reads its result. */
void python_fetch(struct python *p, int id, void *out, size_t bytes);

/* ---- sections ---- */

void bench_invoke(bench *b);
void bench_ready(bench *b);
void bench_axpb(bench *b);
void bench_expr(bench *b);
void bench_reduce(bench *b);
void bench_stats(bench *b);
void bench_mandelbrot(bench *b);
void bench_collatz(bench *b);
void bench_heavy(bench *b);
void bench_throws(bench *b);
void bench_matmul(bench *b);
void bench_divide(bench *b);
void bench_threads(bench *b);
void bench_limits(bench *b);
void bench_kernels(bench *b);
void bench_machines(bench *b);
void bench_pi(bench *b);
void bench_bootstrap(bench *b);
void bench_search(bench *b);
void bench_arith(bench *b);
void bench_scale(bench *b);
void bench_start(bench *b);
void bench_pack(bench *b);
void bench_regroup(bench *b);
void bench_state(bench *b);

#endif
