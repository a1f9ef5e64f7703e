/* main.c: the benchmark driver: runs sections and prints their figures as a table, and as JSON.
 *
 *     throng-bench [--only SECTION] [--json PATH] */
#include "bench.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const section sections[] = {
    {"invoke", "what one invocation and one compilation cost", bench_invoke},
};
enum { N_SECTIONS = sizeof sections / sizeof sections[0], MAX_CONTESTANTS = 8 };

/* ---- time ---- */

void demand(bool is_good, const char *what)
{
  if (!is_good) {
    fprintf(stderr, "throng-bench: %s\n", what);
    exit(1);
  }
}

uint64_t now_ns(void)
{
  struct timespec t;
  demand(timespec_get(&t, TIME_UTC) == TIME_UTC, "no clock");
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double sample(const timed *t, size_t times)
{
  uint64_t start = now_ns();
  t->work(t->self, times);
  return (double)(now_ns() - start) / (double)times;
}

static double least_of_three(const timed *t, size_t times)
{
  double least = sample(t, times);
  for (int i = 0; i < 2; i++) {
    double next = sample(t, times);
    least = next < least ? next : least;
  }
  return least;
}

/* How many times fill a sample; this is the warm-up too. The least of three is no interruption by another process. */
static size_t choose_times(const timed *t)
{
  size_t times = 1;
  for (;;) {
    double took = least_of_three(t, times) * (double)times;
    if (took >= SAMPLE_NS / 2 || times >= (size_t)1 << 30) {
      return times;
    }
    times *= took < SAMPLE_NS / 16 ? 8 : 2;
  }
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

void time_in_turns(const timed *contestants, size_t n, double *medians)
{
  double samples[MAX_CONTESTANTS][SAMPLES];
  size_t times[MAX_CONTESTANTS];
  demand(n <= MAX_CONTESTANTS, "too many contestants");
  for (size_t i = 0; i < n; i++) {
    times[i] = choose_times(&contestants[i]);
  }
  for (size_t round = 0; round < SAMPLES; round++) {
    for (size_t i = 0; i < n; i++) {
      samples[i][round] = sample(&contestants[i], times[i]);
    }
  }
  for (size_t i = 0; i < n; i++) {
    qsort(samples[i], SAMPLES, sizeof samples[i][0], compare);
    medians[i] = samples[i][SAMPLES / 2];
  }
}

/* ---- reports ---- */

void report_add(report *r, const record *figure)
{
  if (r->n == r->capacity) {
    r->capacity = r->capacity * 2 + 16;
    r->records = realloc(r->records, r->capacity * sizeof *r->records);
    demand(r->records != NULL, "no memory");
  }
  r->records[r->n++] = *figure;
}

static double ratio_of(const record *f)
{
  return f->peer[0] != '\0' && f->peer_value > 0 ? f->value / f->peer_value : 0;
}

static const char *verdict(const record *f)
{
  if (f->target <= 0) {
    return "";
  }
  return (f->compares_ratio ? ratio_of(f) : f->value) <= f->target ? "met" : "MISSED";
}

static void print_table(const report *r)
{
  printf("%-8s %-34s %6s %-9s %10s %-10s %10s %8s %-4s %8s\n", "section", "workload", "size", "subject", "value",
         "peer", "peer", "ratio", "unit", "target");
  for (size_t i = 0; i < r->n; i++) {
    const record *f = &r->records[i];
    printf("%-8s %-34s %6llu %-9s %10.1f ", f->section, f->workload, (unsigned long long)f->size, f->subject, f->value);
    if (f->peer[0] != '\0') {
      printf("%-10s %10.1f %8.2f ", f->peer, f->peer_value, ratio_of(f));
    } else {
      printf("%-10s %10s %8s ", "", "", "");
    }
    printf("%-4s", f->unit);
    if (f->target > 0) {
      printf(" %8.1f %s", f->target, verdict(f));
    }
    putchar('\n');
  }
}

static json_t *optional(bool is_there, double value)
{
  return is_there ? json_real(value) : json_null();
}

static json_t *record_json(const record *f)
{
  bool has_peer = f->peer[0] != '\0';
  json_t *o = json_object();
  json_object_set_new(o, "section", json_string(f->section));
  json_object_set_new(o, "workload", json_string(f->workload));
  json_object_set_new(o, "size", json_integer((json_int_t)f->size));
  json_object_set_new(o, "subject", json_string(f->subject));
  json_object_set_new(o, "peer", has_peer ? json_string(f->peer) : json_null());
  json_object_set_new(o, "value", json_real(f->value));
  json_object_set_new(o, "peer_value", optional(has_peer, f->peer_value));
  json_object_set_new(o, "unit", json_string(f->unit));
  json_object_set_new(o, "ratio", optional(has_peer, ratio_of(f)));
  json_object_set_new(o, "target", optional(f->target > 0, f->target));
  return o;
}

static void write_json(const report *r, const char *path)
{
  json_t *list = json_array();
  for (size_t i = 0; i < r->n; i++) {
    json_array_append_new(list, record_json(&r->records[i]));
  }
  demand(json_dump_file(list, path, JSON_INDENT(2)) == 0, "the figures cannot be written");
  json_decref(list);
}

/* ---- the program ---- */

static int usage(void)
{
  fprintf(stderr, "usage: throng-bench [--only SECTION] [--json PATH]\nsections:\n");
  for (size_t i = 0; i < N_SECTIONS; i++) {
    fprintf(stderr, "  %-10s %s\n", sections[i].name, sections[i].doc);
  }
  return 2;
}

int main(int argc, char **argv)
{
  const char *only = NULL, *json = NULL;
  report r = {NULL, 0, 0};
  size_t n_run = 0;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc || (strcmp(argv[i], "--only") != 0 && strcmp(argv[i], "--json") != 0)) {
      return usage();
    }
    *(strcmp(argv[i], "--only") == 0 ? &only : &json) = argv[i + 1];
  }
  for (size_t i = 0; i < N_SECTIONS; i++) {
    if (only == NULL || strcmp(only, sections[i].name) == 0) {
      sections[i].run(&r);
      n_run++;
    }
  }
  if (n_run == 0) {
    return usage();
  }
  print_table(&r);
  if (json != NULL) {
    write_json(&r, json);
  }
  free(r.records);
  return 0;
}
