/* contest.c: one workload, done by subjects and peers: results compared first, then times, then figures.
 *
 * The output is poisoned before each entrant's first work, so that what an earlier one left cannot pass for a result.
 */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- entrants ---- */

void contest_add(contest *c, const entrant *e)
{
  demand(c->n < MAX_TIMED, "too many entrants");
  c->entrants[c->n++] = *e;
}

static void add_subject(bench *b, contest *c, const char *backend, const program *p)
{
  demand(c->n_subjects < MAX_SUBJECTS, "too many back-ends");
  subject *s = &c->subjects[c->n_subjects++];
  subject_open(s, b->context, backend, p);
  contest_add(c, &(entrant){.name = backend, .timed = {.work = subject_work, .self = s}, .is_subject = true});
}

void contest_add_subjects(bench *b, contest *c, const program *p)
{
  const char *backend;
  for (size_t i = 0; (backend = bench_backend(b, i)) != NULL; i++) {
    if (subject_may(backend, p)) {
      add_subject(b, c, backend, p);
    }
  }
}

void contest_add_subject(bench *b, contest *c, const char *backend, const program *p)
{
  if (b->backend != NULL) {
    return;
  }
  if (subject_can(b->context, backend, p)) {
    add_subject(b, c, backend, p);
  } else {
    note(c->section, backend, "not in this build, or not on this machine");
  }
}

static void call_peer(void *self, size_t times)
{
  const peer_call *call = self;
  for (size_t i = 0; i < times; i++) {
    call->function(&call->args);
  }
}

void contest_add_peer(contest *c, const peer_set *set, peer_fn function, const peer_args *args, double target)
{
  if (function == NULL) {
    note(c->section, set->name, "not in this build, or not on this machine");
    return;
  }
  c->calls[c->n] = (peer_call){function, *args};
  contest_add(c,
              &(entrant){.name = set->name, .timed = {.work = call_peer, .self = &c->calls[c->n]}, .target = target});
}

static void fetch_python(void *self, void *out, size_t bytes)
{
  const python_call *call = self;
  python_fetch(call->python, call->id, out, bytes);
}

void contest_add_python(bench *b, contest *c, const char *workload, const char *tool, double target)
{
  python_call *call = &c->python_calls[c->n];
  entrant e = {.name = tool, .target = target, .fetch = fetch_python};
  if (python_prepare(b->python, call, (const char *const[]){c->section, workload, tool}, c->size, &e.timed)) {
    contest_add(c, &e);
  }
}

/* ---- checks ---- */

static bool is_near(double a, double b, double tolerance)
{
  return fabs(a - b) <= tolerance * fabs(a);
}

bool is_close_f32(const void *expected, const void *got, size_t bytes)
{
  const float *a = expected, *b = got;
  for (size_t i = 0; i < bytes / sizeof *a; i++) {
    if (!is_near((double)a[i], (double)b[i], 1e-5)) {
      return false;
    }
  }
  return true;
}

bool is_close_f64(const void *expected, const void *got, size_t bytes)
{
  const double *a = expected, *b = got;
  for (size_t i = 0; i < bytes / sizeof *a; i++) {
    if (!is_near(a[i], b[i], 1e-12)) {
      return false;
    }
  }
  return true;
}

static bool is_right(const contest *c, const entrant *e, const void *expected)
{
  if (e->is_subject || c->is_close == NULL) {
    return memcmp(expected, c->out, c->out_bytes) == 0;
  }
  return c->is_close(expected, c->out, c->out_bytes);
}

static void work_once(const contest *c, const entrant *e)
{
  memset(c->out, 0xAB, c->out_bytes);
  e->timed.work(e->timed.self, 1);
  if (e->fetch != NULL) {
    e->fetch(e->timed.self, c->out, c->out_bytes);
  }
}

/* Takes out every entrant whose result is not the first one's. */
static void check_results(bench *b, contest *c)
{
  void *expected = block_new(c->out_bytes);
  size_t n = 1;
  work_once(c, &c->entrants[0]);
  memcpy(expected, c->out, c->out_bytes);
  for (size_t i = 1; i < c->n; i++) {
    work_once(c, &c->entrants[i]);
    if (is_right(c, &c->entrants[i], expected)) {
      c->entrants[n++] = c->entrants[i];
    } else {
      fprintf(stderr, "%s, %s, %llu: the result of %s is not that of %s: no figures\n", c->section, c->workload,
              (unsigned long long)c->size, c->entrants[i].name, c->entrants[0].name);
      b->n_wrong++;
    }
  }
  c->n = n;
  block_free(expected);
}

/* ---- figures ---- */

/* A figure of entrant `at` beside each peer; `ref`, which is not there to be fast, has one figure without. */
static void add_figures(bench *b, const contest *c, size_t at, const double *medians)
{
  record f = {.section = c->section, .workload = c->workload, .unit = c->unit, .size = c->size};
  bool is_ref = strcmp(c->entrants[at].name, "ref") == 0;
  size_t n_peers = 0;
  f.subject = c->entrants[at].name;
  f.value = medians[at] / c->per;
  for (size_t i = 0; i < c->n && !is_ref; i++) {
    if (!c->entrants[i].is_subject) {
      f.peer = c->entrants[i].name;
      f.peer_value = medians[i] / c->per;
      f.target = target_of(&f, c->entrants[i].target);
      report_add(&b->report, &f);
      n_peers++;
    }
  }
  if (n_peers == 0) {
    report_add(&b->report, &f);
  }
}

void contest_run(bench *b, contest *c)
{
  timed all[MAX_TIMED];
  double medians[MAX_TIMED];
  if (c->n > 0 && c->entrants[0].is_subject) {
    check_results(b, c);
    for (size_t i = 0; i < c->n; i++) {
      all[i] = c->entrants[i].timed;
    }
    time_in_turns(b, all, c->n, medians);
    for (size_t i = 0; i < c->n && c->entrants[i].is_subject; i++) {
      add_figures(b, c, i, medians); /* subjects are the first entrants */
    }
  } else {
    note(c->section, c->workload, "no back-end is fast enough for this size");
  }
  for (size_t i = 0; i < c->n_subjects; i++) {
    subject_close(&c->subjects[i]);
  }
  python_close_all(b->python);
}
