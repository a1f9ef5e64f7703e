/* run_json.c: the results of a run as one JSON object. */
#include "io/number.h"
#include "json.h"
#include "run.h"

#include <inttypes.h>
#include <string.h>

static json_t *make_value(const run *r, const run_operand *o)
{
  char value[NUMBER_TEXT];
  if (run_is_none(r, o)) return json_null();
  number_format(o->info.mode, o->column.data, value);
  if (tg_mode_type(o->info.mode) == TG_BOOL) return json_boolean(strcmp(value, "true") == 0);
  bool is_finite = !strstr(value, "inf") && !strstr(value, "nan");
  return is_finite ? json_number(value) : json_string(value);
}

static json_t *make_report(const run *r)
{
  json_t *report = json_object();
  for (size_t k = 0; k < r->n_operands; k++) {
    const run_operand *o = &r->operands[k];
    if (o->info.kind == TG_RESULT) json_object_set_new(report, o->info.name, make_value(r, o));
  }
  return report;
}

static json_t *make_histogram(const tg_report_line *line)
{
  json_t *histogram = json_object(), *counts = json_array();
  for (size_t k = 0; k < line->n_bins; k++) json_array_append_new(counts, json_count(line->bins[k]));
  json_object_set_new(histogram, "low", json_scalar(TG_F64, tg_bits_f64(line->low)));
  json_object_set_new(histogram, "high", json_scalar(TG_F64, tg_bits_f64(line->high)));
  json_object_set_new(histogram, "counts", counts);
  return histogram;
}

static json_t *make_machine_report(const run *r)
{
  json_t *report = json_object();
  tg_report_line line;
  for (size_t k = 0; tg_machine_report(r->machine, k, &line) == TG_OK; k++) {
    json_object_set_new(report, line.name, line.bins ? make_histogram(&line) : json_scalar(line.type, line.bits));
  }
  return report;
}

static json_t *make_machine_trap(const run *r)
{
  const tg_machine_outcome *t = &r->machine_outcome;
  json_t *first = json_object();
  json_object_set_new(first, "instance", json_count(t->first_instance));
  json_object_set_new(first, "code", json_count(t->first_code));
  json_object_set_new(first, "text", json_string(tg_trap_text(t->first_code)));
  json_object_set_new(first, "file", json_string(t->first_path));
  json_object_set_new(first, "line", json_count(t->first_pos.line));
  json_object_set_new(first, "column", json_count(t->first_pos.column));
  return first;
}

static json_t *make_outputs(const run *r)
{
  json_t *outputs = json_array();
  for (size_t k = 0; k < r->n_operands; k++) {
    run_operand *o = &r->operands[k];
    char sum[32];
    if (!run_is_stream_out(o)) continue;
    snprintf(sum, sizeof sum, "%016" PRIx64, o->hash ? column_hash_value(o->hash) : column_checksum(&o->column));
    json_t *output = json_object();
    json_object_set_new(output, "name", json_string(o->info.name));
    json_object_set_new(output, "type", json_string(tg_mode_name(o->info.mode)));
    json_object_set_new(output, "count", json_count(o->n));
    json_object_set_new(output, "xxh64", json_string(sum));
    json_array_append_new(outputs, output);
  }
  return outputs;
}

static json_t *make_traps(const run *r)
{
  json_t *traps = json_object(), *first = json_null();
  if (r->outcome.n_trapped > 0 && r->machine) {
    first = make_machine_trap(r);
  } else if (r->outcome.n_trapped > 0) {
    first = json_object();
    json_object_set_new(first, "lane", json_count(r->outcome.first_lane));
    json_object_set_new(first, "code", json_count(r->outcome.first_code));
    json_object_set_new(first, "position", json_count(r->outcome.first_position));
  }
  json_object_set_new(traps, "count", json_count(r->outcome.n_trapped));
  json_object_set_new(traps, "first", first);
  return traps;
}

static json_t *make_seconds(double seconds)
{
  char digits[64];
  snprintf(digits, sizeof digits, "%.9f", seconds);
  return json_number(digits);
}

/* Operations and rounds of loops, and how many of the rounds that were computed were lanes' own. */
static void add_counts(json_t *to, const tg_stats *s, double seconds)
{
  json_t *loops = json_object(), *blocks = json_object();
  json_object_set_new(to, "operations", json_count(s->operations));
  double rate = seconds > 0 ? (double)s->operations / seconds : 0.0;
  json_object_set_new(to, "operations_per_second", json_count((uint64_t)rate));
  json_object_set_new(blocks, "all", json_count(s->n_blocks));
  json_object_set_new(blocks, "compiled", json_count(s->n_compiled));
  json_object_set_new(to, "blocks", blocks);
  json_object_set_new(loops, "rounds", json_count(s->loop_rounds));
  json_object_set_new(loops, "computed", json_count(s->loop_slots));
  double occupancy = s->loop_slots > 0 ? (double)s->loop_rounds / (double)s->loop_slots : 0.0;
  json_object_set_new(loops, "occupancy", s->loop_slots > 0 ? make_seconds(occupancy) : json_null());
  json_object_set_new(to, "loops", loops);
}

/* Of a graph: its streams, and the roofline beside what was reached of it. */
static void add_roofline(json_t *stats, const run *r)
{
  run_figures f = run_measure(r);
  json_t *streams = json_object(), *expected = json_object();
  json_object_set_new(streams, "bytes_in", json_count((uint64_t)f.bytes_in));
  json_object_set_new(streams, "bytes_out", json_count((uint64_t)f.bytes_out));
  json_object_set_new(streams, "bytes_per_second", json_count((uint64_t)f.rate));
  json_object_set_new(expected, "seconds", make_seconds(f.estimate.total));
  json_object_set_new(expected, "memory", make_seconds(f.estimate.memory));
  json_object_set_new(expected, "compute", make_seconds(f.estimate.compute));
  json_object_set_new(expected, "call", make_seconds(f.estimate.call));
  json_object_set_new(expected, "threads", json_count(f.estimate.n_threads));
  json_object_set_new(expected, "bound_by", json_string(f.bound));
  json_object_set_new(expected, "reached", make_seconds(f.reached));
  json_object_set_new(stats, "streams", streams);
  json_object_set_new(stats, "expected", f.has_estimate ? expected : json_null());
  if (!f.has_estimate) json_decref(expected);
}

static void add_phases(json_t *stats, const run *r)
{
  json_t *phases = json_array();
  double seconds;
  tg_stats phase;
  for (size_t k = 0; tg_machine_phase(r->machine, k, &seconds, &phase) == TG_OK; k++) {
    json_t *one = json_object();
    json_object_set_new(one, "seconds", make_seconds(seconds));
    add_counts(one, &phase, seconds);
    json_array_append_new(phases, one);
  }
  json_object_set_new(stats, "phases", phases);
}

static json_t *make_stats(const run *r)
{
  json_t *stats = json_object(), *seconds = json_object();
  unsigned n_threads = r->stats.n_threads > 0 ? r->stats.n_threads : tg_context_threads(r->context);
  double rate = r->times.run > 0 ? (double)r->n_done / r->times.run : 0.0;
  json_object_set_new(stats, "backend", json_string(run_backend(r)));
  json_object_set_new(stats, "threads", json_count(n_threads));
  json_object_set_new(stats, run_lanes(r), json_count(r->n_done));
  json_object_set_new(stats, r->machine ? "instances_per_second" : "lanes_per_second", json_count((uint64_t)rate));
  json_object_set_new(seconds, "read", make_seconds(r->times.read));
  json_object_set_new(seconds, "compile", make_seconds(r->times.compile));
  json_object_set_new(seconds, "run", make_seconds(r->times.run));
  if (r->machine) json_object_set_new(seconds, "report", make_seconds(r->times.report));
  json_object_set_new(seconds, "write", make_seconds(r->times.write));
  json_object_set_new(stats, "seconds", seconds);
  add_counts(stats, &r->stats, r->times.run);
  if (r->machine) {
    add_phases(stats, r);
  } else {
    add_roofline(stats, r);
  }
  return stats;
}

/* Of a run that a signal ended: how far it was, and the files that have so much. */
static json_t *make_partial(const run *r)
{
  json_t *partial = json_object(), *files = json_array();
  for (size_t k = 0; k < r->n_files; k++) json_array_append_new(files, json_string(r->files[k].written));
  json_object_set_new(partial, "done", json_count(r->n_done));
  json_object_set_new(partial, "of", json_count(r->n));
  json_object_set_new(partial, "files", files);
  return partial;
}

int run_print_json(const run *r)
{
  json_t *root = json_object();
  if (r->n_done < r->n) json_object_set_new(root, "partial", make_partial(r));
  json_object_set_new(root, "report", r->machine ? make_machine_report(r) : make_report(r));
  json_object_set_new(root, "outputs", make_outputs(r));
  json_object_set_new(root, "traps", make_traps(r));
  if (r->request.stats) json_object_set_new(root, "stats", make_stats(r));
  return json_print(root);
}
