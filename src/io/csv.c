/* csv.c: one column of a .csv file as elements. libcsv splits the text into fields.
 *
 * libcsv does not say where it is, so the text is handed to it a line at a time. The fields of the first line are kept
 * until its end, when it is known whether they are names or numbers; of the others only the wanted one is looked at.
 * A file is gone through twice: how many elements there are must be known before the first one is used. */
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

enum { CHUNK = 1 << 16 };

typedef enum purpose { KEEP, COUNT, FILL } purpose; /* elements in memory that grows, none, those of a window */

typedef struct reader {
  const char *name; /* of the wanted column, or NULL */
  purpose purpose;
  column out;
  size_t capacity; /* of out, in elements */
  field *first;    /* the fields of the first line */
  size_t n_first;
  size_t wanted; /* the column's index, once the first line was read */
  bool has_header, after_first;
  size_t at;               /* fields read of this row */
  uint32_t line, row_line; /* being read, from 1; where the row begins */
  bool row_is_open, line_is_open;
  bool after_cr, after_mark; /* a CR that ended the last chunk; the beginning of the file */
  struct csv_parser parser;
  tg_status status;
  tg_error *error;
} reader;

struct csv_reader {
  reader reader;
  file_in *file;
  size_t at, n; /* of the chunk */
  bool is_over;
  unsigned char chunk[CHUNK];
};

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

/* Room for one more, or NULL. */
static unsigned char *push_room(reader *r)
{
  size_t bytes = tg_mode_bytes(r->out.mode);
  if (r->purpose == KEEP && r->out.n == r->capacity) {
    size_t capacity = r->capacity ? r->capacity * 2 : 1024;
    void *data = capacity <= SIZE_MAX / 2 / bytes ? realloc(r->out.memory, capacity * bytes) : NULL;
    if (!data) return NULL;
    r->out.memory = r->out.data = data;
    r->capacity = capacity;
  }
  return r->out.data + r->out.n * bytes;
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
  const char *mode = tg_mode_name(r->out.mode);
  int shown = n < 40 ? (int)n : 40;
  tg_pos pos = line_pos(r->line);
  describe_column(r, where, sizeof where);
  number_range(r->out.mode, range);
  if (why == NUMBER_MISSING) {
    fail(r,
         error_at(r->error, TG_IO, pos, "column %s: the value is missing, and %s has no value for that", where, mode));
    error_hint(r->error, "give it a value, or declare the operand as f64, where it is a NaN");
  } else if (why == NUMBER_RANGE) {
    fail(r, error_at(r->error, TG_IO, pos, "column %s: %.*s does not fit %s, %s", where, shown, s, mode, range));
    error_hint(r->error, "declare the operand with a larger type");
  } else {
    fail(r, error_at(r->error, TG_IO, pos, "column %s: '%.*s' is not %s, as %s wants", where, shown, s, range, mode));
    if (tg_mode_type(r->out.mode) != TG_BOOL && number_is_number(s, n)) {
      error_hint(r->error,
                 "declare the operand as f64, and make integers of it in the graph: round even, then convert %s",
                 tg_type_name(tg_mode_type(r->out.mode)));
    }
  }
}

static void add_element(reader *r, const char *s, size_t n)
{
  if (r->purpose == COUNT) {
    r->out.n++;
    return;
  }
  unsigned char *room = push_room(r);
  if (!room) {
    no_memory(r);
    return;
  }
  number_status status = number_parse(r->out.mode, s, n, room);
  tg_type type = tg_mode_type(r->out.mode);
  bool is_float = type == TG_F32 || type == TG_F64;
  if (status == NUMBER_OK || (status == NUMBER_MISSING && is_float)) {
    r->out.n++;
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

static void refuse_quotes(reader *r, bool at_end)
{
  if (csv_error(&r->parser) != CSV_EPARSE) {
    no_memory(r);
  } else if (at_end) {
    fail(r, error_at(r->error, TG_IO, line_pos(r->row_line), "a quoted field of this row is not closed"));
  } else {
    fail(r, error_at(r->error, TG_IO, line_pos(r->line), "a double quote stands where none may be"));
  }
  error_hint(r->error, "a quote inside a quoted field is written twice");
}

/* ---- text, a chunk at a time ---- */

static void parse(reader *r, const unsigned char *s, size_t n)
{
  if (csv_parse(&r->parser, s, n, on_field, on_row, r) != n) refuse_quotes(r, false);
}

/* A line, or the part of it that is in the chunk. */
static void parse_line(reader *r, const unsigned char *s, size_t n)
{
  if (!r->line_is_open) r->line++;
  if (!r->row_is_open) r->row_line = r->line;
  r->row_is_open = true;
  parse(r, s, n);
  r->line_is_open = s[n - 1] != '\n' && s[n - 1] != '\r';
}

/* Skips a byte order mark and refuses what is no UTF-8; returns how many bytes to skip. */
static size_t parse_mark(reader *r, const unsigned char *s, size_t n)
{
  r->after_mark = true;
  if (n >= 2 && (memcmp(s, "\xFF\xFE", 2) == 0 || memcmp(s, "\xFE\xFF", 2) == 0)) {
    fail(r, error_set(r->error, TG_IO, "is in UTF-16"));
    error_hint(r->error, "save it as UTF-8");
  }
  return n >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* Reads lines until there are `most` elements; a line has one at most. Returns how many bytes it took. */
static size_t parse_chunk(reader *r, const unsigned char *s, size_t n, size_t most)
{
  size_t at = r->after_mark ? 0 : parse_mark(r, s, n);
  if (r->after_cr && n > 0) { /* the LF of a line that has ended */
    if (s[0] == '\n') parse(r, s, 1);
    at += s[0] == '\n';
    r->after_cr = false;
  }
  while (at < n && r->status == TG_OK && r->out.n < most) {
    size_t length = line_length(s + at, n - at);
    parse_line(r, s + at, length);
    at += length;
    r->after_cr = at == n && s[n - 1] == '\r';
  }
  return at;
}

static void parse_end(reader *r)
{
  if (r->status == TG_OK && csv_fini(&r->parser, on_field, on_row, r) != 0) refuse_quotes(r, true);
  if (r->status == TG_OK && !r->after_first) {
    fail(r, error_set(r->error, TG_IO, "is empty"));
    error_hint(r->error, "a .csv file has at least a line of column names");
  }
}

/* ---- readers ---- */

static tg_status open_reader(reader *r, tg_error *error)
{
  if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI) == 0) return TG_OK;
  return error_set(error, TG_NOMEM, "libcsv cannot start");
}

static void close_reader(reader *r)
{
  csv_free(&r->parser);
  for (size_t k = 0; k < r->n_first; k++) free(r->first[k].text);
  free(r->first);
}

tg_status csv_read_column(const unsigned char *bytes, size_t n, const char *name, tg_mode mode, column *out,
                          tg_error *error)
{
  reader r = {.name = name, .purpose = KEEP, .out = {mode, 0, NULL, NULL}, .status = TG_OK, .error = error};
  *out = r.out;
  TG_TRY(open_reader(&r, error));
  if (!push_room(&r)) no_memory(&r);
  if (r.status == TG_OK) parse_chunk(&r, bytes, n, SIZE_MAX);
  parse_end(&r);
  close_reader(&r);
  if (r.status == TG_OK) {
    *out = r.out;
  } else {
    column_free(&r.out);
  }
  return r.status;
}

/* Reads until there are `most` elements or the file ends. */
static tg_status read_file(csv_reader *r, size_t most, tg_error *error)
{
  reader *of = &r->reader;
  of->error = error;
  while (of->status == TG_OK && of->out.n < most && !r->is_over) {
    if (r->at == r->n) {
      r->at = 0;
      TG_TRY(file_next(r->file, r->chunk, CHUNK, &r->n, error));
    }
    r->at += parse_chunk(of, r->chunk + r->at, r->n - r->at, most);
    if (r->n == 0) {
      r->is_over = true;
      parse_end(of);
    }
  }
  return of->status;
}

/* Begins with the first element again. */
static tg_status start_again(csv_reader *r, tg_error *error)
{
  close_reader(&r->reader);
  r->reader =
      (reader){.name = r->reader.name, .purpose = FILL, .out = {r->reader.out.mode, 0, NULL, NULL}, .status = TG_OK};
  r->at = r->n = 0;
  r->is_over = false;
  TG_TRY(open_reader(&r->reader, error));
  return file_seek(r->file, 0, error);
}

tg_status csv_open(file_in *file, const char *name, tg_mode mode, csv_reader **out, size_t *n, tg_error *error)
{
  csv_reader *r = malloc(sizeof *r);
  *out = NULL;
  if (!r) return error_set(error, TG_NOMEM, "there is no memory to read it");
  r->reader = (reader){.name = name, .purpose = COUNT, .out = {mode, 0, NULL, NULL}, .status = TG_OK};
  r->file = file;
  r->at = r->n = 0;
  r->is_over = false;
  tg_status status = open_reader(&r->reader, error);
  if (status == TG_OK) status = read_file(r, SIZE_MAX, error);
  *n = r->reader.out.n;
  if (status == TG_OK) status = start_again(r, error);
  if (status == TG_OK) {
    *out = r;
  } else {
    csv_close(r);
  }
  return status;
}

tg_status csv_next(csv_reader *r, size_t n, unsigned char *to, tg_error *error)
{
  r->reader.out.data = to;
  r->reader.out.n = 0;
  TG_TRY(read_file(r, n, error));
  if (r->reader.out.n == n) return TG_OK;
  return error_set(error, TG_IO, "has become shorter while it was read");
}

void csv_close(csv_reader *r)
{
  if (!r) return;
  close_reader(&r->reader);
  free(r);
}
