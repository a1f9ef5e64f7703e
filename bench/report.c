/* report.c: the figures: as an aligned table, and as JSON: a list of objects in which what a figure lacks is null. */
#include "bench.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

void report_add(report *r, const record *figure)
{
  if (r->n == r->capacity) {
    r->capacity = r->capacity * 2 + 16;
    r->records = realloc(r->records, r->capacity * sizeof *r->records);
    demand(r->records != NULL, "no memory");
  }
  r->records[r->n++] = *figure;
}

void report_free(report *r)
{
  free(r->records);
  *r = (report){NULL, 0, 0};
}

/* More is better. */
static double ratio_of(const record *f)
{
  return f->is_rate ? f->value / f->peer_value : f->peer_value / f->value;
}

static const char *verdict(const record *f)
{
  return (f->limits_value ? f->value <= f->target : ratio_of(f) >= f->target) ? "met" : "MISSED";
}

static void print_figure(const record *f)
{
  printf("%-10s %-32s %9llu %-6s %11.4g ", f->section, f->workload, (unsigned long long)f->size, f->subject, f->value);
  if (f->peer != NULL) {
    printf("%-14s %11.4g %-6s %8.3g ", f->peer, f->peer_value, f->unit, ratio_of(f));
  } else {
    printf("%-14s %11s %-6s %8s ", "", "", f->unit, "");
  }
  if (f->target > 0) {
    printf("%s %-5g %s", f->limits_value ? "<=" : ">=", f->target, verdict(f));
  }
  putchar('\n');
}

void report_print(const report *r)
{
  printf("%-10s %-32s %9s %-6s %11s %-14s %11s %-6s %8s target\n", "section", "workload", "size", "ours", "value",
         "peer", "value", "unit", "ratio");
  for (size_t i = 0; i < r->n; i++) {
    print_figure(&r->records[i]);
  }
}

static json_t *optional(bool is_there, double value)
{
  return is_there ? json_real(value) : json_null();
}

static json_t *record_json(const record *f)
{
  bool has_peer = f->peer != NULL;
  json_t *o = json_object();
  json_object_set_new(o, "section", json_string(f->section));
  json_object_set_new(o, "workload", json_string(f->workload));
  json_object_set_new(o, "size", json_integer((json_int_t)f->size));
  json_object_set_new(o, "subject", json_string(f->subject));
  json_object_set_new(o, "peer", has_peer ? json_string(f->peer) : json_null());
  json_object_set_new(o, "value", json_real(f->value));
  json_object_set_new(o, "peer_value", optional(has_peer, f->peer_value));
  json_object_set_new(o, "unit", json_string(f->unit));
  json_object_set_new(o, "ratio", optional(has_peer, has_peer ? ratio_of(f) : 0));
  json_object_set_new(o, "target", optional(f->target > 0, f->target));
  return o;
}

bool report_write(const report *r, const char *path)
{
  json_t *list = json_array();
  for (size_t i = 0; i < r->n; i++) {
    json_array_append_new(list, record_json(&r->records[i]));
  }
  bool is_written = json_dump_file(list, path, JSON_INDENT(2)) == 0;
  json_decref(list);
  return is_written;
}
