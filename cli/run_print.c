/* run_print.c: results and the first rows of outputs as aligned text. The same on every back-end and machine. */
#include "io/number.h"
#include "run.h"

#include <inttypes.h>
#include <string.h>

const char *run_lanes(const run *r)
{
  return r->machine ? "instances" : "lanes";
}

void run_short(char out[16], double x)
{
  static const char *const units[] = {"", "k", "M", "G", "T"};
  size_t k = 0;
  for (; x >= 999.5 && k + 1 < sizeof units / sizeof units[0]; k++) x /= 1000;
  snprintf(out, 16, "%.3g%s", x, units[k]);
}

void run_commas(char out[32], uint64_t x)
{
  char digits[24];
  int n = snprintf(digits, sizeof digits, "%" PRIu64, x);
  for (int i = 0; i < n; i++) {
    if (i > 0 && (n - i) % 3 == 0) *out++ = ',';
    *out++ = digits[i];
  }
  *out = '\0';
}

bool run_is_none(const run *r, const run_operand *o)
{
  return o->info.none_bit >= 0 && o->info.none_bit < 64 && (r->outcome.none >> o->info.none_bit & 1) != 0;
}

size_t run_elements(const run_operand *o)
{
  size_t n = o->info.kind == TG_OUTPUT ? o->width : 1;
  return n < RUN_ELEMENTS ? n : RUN_ELEMENTS;
}

/* Of outputs the first rows were kept. */
static size_t format_element(const run_operand *o, size_t i, char *out)
{
  const unsigned char *elements = o->info.kind == TG_OUTPUT ? o->rows : o->column.data;
  return number_format(o->info.mode, elements + i * tg_mode_bytes(o->info.mode), out);
}

static bool print_results(const run *r)
{
  char value[NUMBER_TEXT];
  int width = 0;
  for (size_t k = 0; k < r->n_operands; k++) {
    int n = (int)strlen(r->operands[k].info.name);
    if (r->operands[k].info.kind == TG_RESULT && n > width) width = n;
  }
  for (size_t k = 0; k < r->n_operands; k++) {
    const run_operand *o = &r->operands[k];
    if (o->info.kind != TG_RESULT) continue;
    format_element(o, 0, value);
    printf("%-*s  %s\n", width, o->info.name, run_is_none(r, o) ? "none" : value);
  }
  return width > 0;
}

/* ---- reports of machines ---- */

static void format_scalar(tg_type type, uint64_t bits, char *out)
{
  unsigned char element[8];
  size_t bytes = tg_type_bytes(type);
  for (size_t k = 0; k < bytes; k++) {
    element[column_host_is_big() ? bytes - 1 - k : k] = (unsigned char)(bits >> 8 * k);
  }
  number_format((tg_mode)type, element, out);
}

/* A bar for each bin, as long as its share of the fullest. */
static void print_histogram(const tg_report_line *line)
{
  enum { BAR = 50 };
  uint64_t most = 1;
  for (size_t k = 0; k < line->n_bins; k++) most = line->bins[k] > most ? line->bins[k] : most;
  printf("%s\n", line->name);
  for (size_t k = 0; k < line->n_bins; k++) {
    double from = line->low + (line->high - line->low) * (double)k / (double)line->n_bins;
    size_t halves = (size_t)((double)line->bins[k] / (double)most * (2 * BAR) + 0.5);
    printf("%12.5g  %12" PRIu64 "  ", from, line->bins[k]);
    for (size_t i = 0; i < halves / 2; i++) fputs("\u2588", stdout);
    puts(halves % 2 ? "\u258c" : "");
  }
}

static bool print_report(const run *r)
{
  tg_report_line line;
  char value[NUMBER_TEXT];
  int width = 0;
  for (size_t k = 0; tg_machine_report(r->machine, k, &line) == TG_OK; k++) {
    int n = (int)strlen(line.name);
    if (!line.bins && n > width) width = n;
  }
  for (size_t k = 0; tg_machine_report(r->machine, k, &line) == TG_OK; k++) {
    if (line.bins) {
      print_histogram(&line);
      continue;
    }
    format_scalar(line.type, line.bits, value);
    printf("%-*s  %s\n", width, line.name, value);
  }
  return tg_machine_report(r->machine, 0, &line) == TG_OK;
}

/* ---- tables of rows ---- */

/* A table: the outputs of all lanes, or one accumulator. */
typedef struct table {
  const char *heading;     /* "lane" or "slot" */
  const run_operand *only; /* the accumulator, or NULL: all outputs */
  uint64_t n;
} table;

static bool is_shown(const table *t, const run_operand *o)
{
  return t->only ? o == t->only : o->info.kind == TG_OUTPUT;
}

static size_t n_shown(const table *t)
{
  return t->n < RUN_ROWS ? (size_t)t->n : RUN_ROWS;
}

/* Column e of an operand: its element e in each row. */
static int column_width(const table *t, const run_operand *o, size_t e)
{
  char value[NUMBER_TEXT], suffix[NUMBER_TEXT] = "";
  if (o->is_array) snprintf(suffix, sizeof suffix, "[%zu]", e);
  size_t width = strlen(o->info.name) + strlen(suffix), n_elements = run_elements(o);
  for (size_t i = 0; i < n_shown(t); i++) {
    size_t n = format_element(o, i * n_elements + e, value);
    if (n > width) width = n;
  }
  return (int)width;
}

static void print_heading(const table *t, const run_operand *o)
{
  for (size_t e = 0; e < run_elements(o); e++) {
    int width = column_width(t, o, e);
    char suffix[NUMBER_TEXT] = "";
    if (o->is_array) width -= snprintf(suffix, sizeof suffix, "[%zu]", e);
    printf("  %*s%s", width, o->info.name, suffix);
  }
  if (o->is_array && o->width > RUN_ELEMENTS) printf("  ...");
}

static void print_cells(const table *t, const run_operand *o, size_t row)
{
  char value[NUMBER_TEXT];
  for (size_t e = 0; e < run_elements(o); e++) {
    format_element(o, row * run_elements(o) + e, value);
    printf("  %*s", column_width(t, o, e), value);
  }
  if (o->is_array && o->width > RUN_ELEMENTS) printf("  ...");
}

static void print_table(const run *r, const table *t)
{
  printf("%s", t->heading);
  for (size_t k = 0; k < r->n_operands; k++) {
    if (is_shown(t, &r->operands[k])) print_heading(t, &r->operands[k]);
  }
  putchar('\n');
  for (size_t i = 0; i < n_shown(t); i++) {
    printf("%4zu", i);
    for (size_t k = 0; k < r->n_operands; k++) {
      if (is_shown(t, &r->operands[k])) print_cells(t, &r->operands[k], i);
    }
    putchar('\n');
  }
  if (t->n > RUN_ROWS) printf(" ... and %" PRIu64 " more; --out writes them all\n", t->n - RUN_ROWS);
}

static void print_partial(const run *r)
{
  char done[32], all[32];
  run_commas(done, r->n_done);
  run_commas(all, r->n);
  if (r->n_done < r->n) printf("partial: %s of %s %s\n", done, all, run_lanes(r));
}

void run_print(const run *r, bool with_rows)
{
  print_partial(r);
  bool is_first = !(r->machine ? print_report(r) : print_results(r)), has_outputs = false;
  for (size_t k = 0; k < r->n_operands; k++) has_outputs |= r->operands[k].info.kind == TG_OUTPUT;
  if (!with_rows) return;
  if (has_outputs) {
    if (!is_first) putchar('\n');
    print_table(r, &(table){r->machine ? "id" : "lane", NULL, r->n_done});
    is_first = false;
  }
  for (size_t k = 0; k < r->n_operands; k++) {
    const run_operand *o = &r->operands[k];
    if (o->info.kind != TG_ACCUMULATOR) continue;
    if (!is_first) putchar('\n');
    print_table(r, &(table){"slot", o, o->n});
    is_first = false;
  }
}

/* ---- beside the results ---- */

static void print_machine_traps(const run *r)
{
  const tg_machine_outcome *t = &r->machine_outcome;
  fprintf(stderr, "%s:%u:%u: %" PRIu64 " of %" PRIu64 " instances trapped; the first is number %" PRIu64 ": %s\n",
          t->first_path, (unsigned)t->first_pos.line, (unsigned)t->first_pos.column, t->n_trapped, t->n,
          t->first_instance, tg_trap_text(t->first_code));
}

void run_print_traps(const run *r)
{
  const tg_outcome *t = &r->outcome;
  if (r->machine) {
    print_machine_traps(r);
    return;
  }
  fprintf(stderr, "%s: %" PRIu64 " of %" PRIu64 " lanes trapped; the first is lane %" PRIu64 ", ", r->request.file,
          t->n_trapped, r->n_done, t->first_lane);
  if (t->first_code == TG_TRAP_FUEL) {
    fprintf(stderr, "which took more than %" PRIu64 " loop iterations", r->request.fuel);
  } else {
    fprintf(stderr, "with code %" PRIu32, t->first_code);
  }
  if (t->first_position) fprintf(stderr, ", at position %" PRIu32, t->first_position);
  fputc('\n', stderr);
}

void run_print_stats(const run *r)
{
  const run_times *t = &r->times;
  unsigned n_threads = r->stats.n_threads > 0 ? r->stats.n_threads : tg_context_threads(r->context);
  fprintf(stderr, "back-end %s, %u thread%s, %" PRIu64 " %s, %.3g million %s/s\n", run_backend(r), n_threads,
          n_threads == 1 ? "" : "s", r->n_done, run_lanes(r), t->run > 0 ? (double)r->n_done / t->run / 1e6 : 0.0,
          run_lanes(r));
  fprintf(stderr, "blocks of %d lanes: %" PRIu64 ", %" PRIu64 " of them by machine code\n", TG_BLOCK_LANES,
          r->stats.n_blocks, r->stats.n_compiled);
  fprintf(stderr, "seconds: read %.6f, compile %.6f, run %.6f, ", t->read, t->compile, t->run);
  if (r->machine) fprintf(stderr, "report %.6f, ", t->report);
  fprintf(stderr, "write %.6f\n", t->write);
  run_print_figures(r);
}
