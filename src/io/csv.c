/* csv.c: one column of a .csv file as elements, and elements as columns. libcsv splits the text into fields.
 *
 * libcsv does not say where it is, so the text is handed to it a line at a time. The fields of the first line are kept
 * until its end, when it is known whether they are names or numbers; of the others only the wanted one is looked at. */
#include "io/csv.h"

#include "base/error.h"
#include "io/number.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

typedef struct field {
  char *text;
  size_t n;
} field;

typedef struct reader {
  const char *name; /* of the wanted column, or NULL */
  column *out;
  size_t capacity; /* of out, in elements */
  field *first;    /* the fields of the first line */
  size_t n_first;
  size_t wanted; /* the column's index, once the first line was read */
  bool has_header, after_first;
  size_t at;               /* fields read of this row */
  uint32_t line, row_line; /* being read; where the row begins */
  bool row_is_open;
  tg_status status;
  tg_error *error;
} reader;

static void fail(reader *r, tg_status status)
{
  if (r->status == TG_OK) r->status = status;
}

static void no_memory(reader *r)
{
  fail(r, error_set(r->error, TG_NOMEM, "there is no memory for its elements"));
}

static tg_pos line_pos(uint32_t line)
{
  return (tg_pos){line, 0, 0};
}

/* ---- elements ---- */

static unsigned char *push_room(reader *r)
{
  size_t bytes = tg_mode_bytes(r->out->mode);
  if (r->out->n == r->capacity) {
    size_t capacity = r->capacity ? r->capacity * 2 : 1024;
    void *data = capacity <= SIZE_MAX / 2 / bytes ? realloc(r->out->memory, capacity * bytes) : NULL;
    if (!data) return NULL;
    r->out->memory = r->out->data = data;
    r->capacity = capacity;
  }
  return r->out->data + r->out->n * bytes;
}

/* The column as a message names it: 'price', or 3 where there are no names. */
static void describe_column(const reader *r, char *out, size_t n)
{
  const field *f = &r->first[r->wanted];
  if (r->has_header) {
    snprintf(out, n, "'%.*s'", f->n < 60 ? (int)f->n : 60, f->text);
  } else {
    snprintf(out, n, "%zu", r->wanted + 1);
  }
}

static void refuse_element(reader *r, const char *s, size_t n, number_status why)
{
  char where[80], range[NUMBER_TEXT];
  const char *mode = tg_mode_name(r->out->mode);
  int shown = n < 40 ? (int)n : 40;
  tg_pos pos = line_pos(r->line);
  describe_column(r, where, sizeof where);
  number_range(r->out->mode, range);
  if (why == NUMBER_MISSING) {
    fail(r,
         error_at(r->error, TG_IO, pos, "column %s: the value is missing, and %s has no value for that", where, mode));
    error_hint(r->error, "give it a value, or declare the operand as f64, where it is a NaN");
  } else if (why == NUMBER_RANGE) {
    fail(r, error_at(r->error, TG_IO, pos, "column %s: %.*s does not fit %s, %s", where, shown, s, mode, range));
    error_hint(r->error, "declare the operand with a larger type");
  } else {
    fail(r, error_at(r->error, TG_IO, pos, "column %s: '%.*s' is not %s, as %s wants", where, shown, s, range, mode));
  }
}

static void add_element(reader *r, const char *s, size_t n)
{
  unsigned char *room = push_room(r);
  if (!room) {
    no_memory(r);
    return;
  }
  number_status status = number_parse(r->out->mode, s, n, room);
  tg_type type = tg_mode_type(r->out->mode);
  bool is_float = type == TG_F32 || type == TG_F64;
  if (status == NUMBER_OK || (status == NUMBER_MISSING && is_float)) {
    r->out->n++;
  } else {
    refuse_element(r, s, n, status);
  }
}

/* ---- the first line ---- */

static void keep_field(reader *r, const char *s, size_t n)
{
  field *grown = (r->n_first & (r->n_first - 1)) == 0
                     ? realloc(r->first, (r->n_first ? r->n_first * 2 : 1) * sizeof *r->first)
                     : r->first;
  char *text = malloc(n + 1);
  if (grown) r->first = grown;
  if (!grown || !text) {
    free(text);
    no_memory(r);
    return;
  }
  memcpy(text, s, n);
  text[n] = '\0';
  r->first[r->n_first++] = (field){text, n};
}

static bool has_name(const field *f, const char *name)
{
  return f->n == strlen(name) && memcmp(f->text, name, f->n) == 0;
}

/* The number that a name is, from 1, or 0. */
static size_t number_of(const char *name)
{
  size_t value = 0;
  for (; *name >= '0' && *name <= '9' && value < SIZE_MAX / 20; name++) value = value * 10 + (size_t)(*name - '0');
  return *name ? 0 : value;
}

/* Puts the names of the columns, as many as fit, into `out`. */
static void list_names(const reader *r, char *out, size_t n)
{
  size_t at = 0;
  out[0] = '\0';
  for (size_t k = 0; k < r->n_first && at + 8 < n; k++) {
    size_t room = n - at - 8;
    size_t shown = r->first[k].n < room ? r->first[k].n : room;
    at += (size_t)snprintf(out + at, n - at, "%s%.*s%s", k ? ", " : "", (int)shown, r->first[k].text,
                           shown < r->first[k].n ? "..." : "");
  }
}

static void refuse_name(reader *r)
{
  char names[100];
  list_names(r, names, sizeof names);
  if (!r->name) {
    fail(r, error_set(r->error, TG_IO, "has %zu columns, and it is not said which one to read", r->n_first));
    error_hint(r->error, r->has_header ? "add :NAME, one of %s" : "add :1 for the first (%s in line 1)", names);
  } else if (r->has_header) {
    fail(r, error_set(r->error, TG_IO, "has no column '%.100s'", r->name));
    error_hint(r->error, "it has %s", names);
  } else {
    fail(r, error_set(r->error, TG_IO, "has no column '%.100s', only %zu without names", r->name, r->n_first));
    error_hint(r->error, "name a column by its number, or put a line with names first");
  }
}

static void choose_column(reader *r)
{
  size_t found = 0;
  size_t number = r->name ? number_of(r->name) : r->n_first == 1;
  for (size_t k = 0; r->name && r->has_header && k < r->n_first; k++) {
    if (!has_name(&r->first[k], r->name)) continue;
    r->wanted = k;
    found++;
  }
  if (found > 1) {
    fail(r, error_set(r->error, TG_IO, "has %zu columns called '%.100s'", found, r->name));
    error_hint(r->error, "name the column by its number, counted from 1");
  } else if (found == 0 && number >= 1 && number <= r->n_first) {
    r->wanted = number - 1;
  } else if (found == 0) {
    refuse_name(r);
  }
}

static void end_first(reader *r)
{
  for (size_t k = 0; k < r->n_first; k++) {
    r->has_header |= !number_is_number(r->first[k].text, r->first[k].n);
  }
  r->after_first = true;
  choose_column(r);
  if (r->status == TG_OK && !r->has_header) add_element(r, r->first[r->wanted].text, r->first[r->wanted].n);
}

/* ---- libcsv's calls ---- */

static void on_field(void *text, size_t n, void *data)
{
  reader *r = data;
  const char *s = text ? text : "";
  if (r->status == TG_OK && !r->after_first) {
    keep_field(r, s, n);
  } else if (r->status == TG_OK && r->at == r->wanted) {
    add_element(r, s, n);
  }
  r->at++;
}

static void on_row(int terminator, void *data)
{
  reader *r = data;
  (void)terminator;
  if (r->status == TG_OK && !r->after_first) end_first(r);
  if (r->status == TG_OK && r->at != r->n_first) {
    fail(r, error_at(r->error, TG_IO, line_pos(r->row_line), "the row has %zu field%s, the first line has %zu", r->at,
                     r->at == 1 ? "" : "s", r->n_first));
    error_hint(r->error, "fields with commas in them are written in double quotes");
  }
  r->at = 0;
  r->row_is_open = false;
}

/* The length of the first line of the text, with its end: LF, CR LF or CR. */
static size_t line_length(const unsigned char *s, size_t n)
{
  size_t i = 0;
  while (i < n && s[i] != '\n' && s[i] != '\r') i++;
  if (i == n) return n;
  return s[i] == '\r' && i + 1 < n && s[i + 1] == '\n' ? i + 2 : i + 1;
}

static void refuse_quotes(reader *r, const struct csv_parser *parser, bool at_end)
{
  if (csv_error((struct csv_parser *)parser) != CSV_EPARSE) {
    no_memory(r);
  } else if (at_end) {
    fail(r, error_at(r->error, TG_IO, line_pos(r->row_line), "a quoted field of this row is not closed"));
  } else {
    fail(r, error_at(r->error, TG_IO, line_pos(r->line), "a double quote stands where none may be"));
  }
  error_hint(r->error, "a quote inside a quoted field is written twice");
}

static void read_rows(reader *r, struct csv_parser *parser, const unsigned char *s, size_t n)
{
  for (r->line = 1; n > 0 && r->status == TG_OK; r->line++) {
    size_t length = line_length(s, n);
    if (!r->row_is_open) r->row_line = r->line;
    r->row_is_open = true;
    if (csv_parse(parser, s, length, on_field, on_row, r) != length) {
      refuse_quotes(r, parser, false);
      return;
    }
    s += length;
    n -= length;
  }
  if (r->line > 1) r->line--;
  if (r->status == TG_OK && csv_fini(parser, on_field, on_row, r) != 0) refuse_quotes(r, parser, true);
  if (r->status == TG_OK && !r->after_first) {
    fail(r, error_set(r->error, TG_IO, "is empty"));
    error_hint(r->error, "a .csv file has at least a line of column names");
  }
}

tg_status csv_read_column(const unsigned char *bytes, size_t n, const char *name, tg_mode mode, column *out,
                          tg_error *error)
{
  struct csv_parser parser;
  size_t mark = n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  *out = (column){mode, 0, NULL, NULL};
  if (n >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0)) {
    error_set(error, TG_IO, "is in UTF-16");
    error_hint(error, "save it as UTF-8");
    return TG_IO;
  }
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) return error_set(error, TG_NOMEM, "libcsv cannot start");
  reader r = {.name = name, .out = out, .status = TG_OK, .error = error};
  if (!push_room(&r)) no_memory(&r);
  if (r.status == TG_OK) read_rows(&r, &parser, bytes + mark, n - mark);
  csv_free(&parser);
  for (size_t k = 0; k < r.n_first; k++) free(r.first[k].text);
  free(r.first);
  if (r.status != TG_OK) column_free(out);
  return r.status;
}

/* ---- writing ---- */

tg_status csv_write_columns(file_out *out, const named_column *columns, size_t n, tg_error *error)
{
  char text[NUMBER_TEXT + 1];
  for (size_t k = 0; k < n; k++) {
    if (columns[k].column->n != columns[0].column->n) {
      return error_set(error, TG_ARGUMENT, "'%s' has %zu elements and '%s' has %zu: they need a file each",
                       columns[0].name, columns[0].column->n, columns[k].name, columns[k].column->n);
    }
    TG_TRY(file_write(out, columns[k].name, strlen(columns[k].name), error));
    TG_TRY(file_write(out, k + 1 < n ? "," : "\n", 1, error));
  }
  for (size_t i = 0; n > 0 && i < columns[0].column->n; i++) {
    for (size_t k = 0; k < n; k++) {
      const column *c = columns[k].column;
      size_t length = number_format(c->mode, c->data + i * tg_mode_bytes(c->mode), text);
      text[length] = k + 1 < n ? ',' : '\n';
      TG_TRY(file_write(out, text, length + 1, error));
    }
  }
  return TG_OK;
}
