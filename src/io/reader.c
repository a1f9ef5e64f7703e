/* reader.c: see reader.h. The first bytes tell the format; then a reader is a file, a place in it and a count. */
#include "io/reader.h"

#include "base/error.h"
#include "io/npy.h"

#include <stdlib.h>
#include <string.h>

/* ---- formats ---- */

static tg_status refuse_format(tg_error *error)
{
  error_set(error, TG_IO, "its format is not known");
  error_hint(error, "name it .npy, .csv or .bin");
  return TG_IO;
}

static tg_status refuse_name(const char *name, tg_error *error)
{
  error_set(error, TG_IO, "has no columns, but column '%.100s' of it is asked for", name);
  error_hint(error, "only .csv files have columns: leave out ':%.60s'", name);
  return TG_IO;
}

/* Whether so many bytes are elements of the mode. */
static tg_status check_bin(uint64_t n, tg_mode mode, tg_error *error)
{
  size_t bytes = tg_mode_bytes(mode);
  if (n % bytes == 0 && n / bytes <= SIZE_MAX) return TG_OK;
  error_set(error, TG_FORMAT, "its size, %llu bytes, is no multiple of %zu, the size of one %s", (unsigned long long)n,
            bytes, tg_mode_name(mode));
  error_hint(error, "a .bin file holds the elements and nothing else");
  return TG_FORMAT;
}

static column_format format_of(const char *path, const unsigned char *bytes, size_t n)
{
  column_format format = column_format_of(path);
  return format != COLUMN_BIN && npy_is_npy(bytes, n) ? COLUMN_NPY : format;
}

/* ---- pipes and devices ---- */

static tg_status bin_read(file_bytes *file, tg_mode mode, column *out, tg_error *error)
{
  TG_TRY(check_bin(file->n, mode, error));
  *out = (column){mode, file->n / tg_mode_bytes(mode), file->data, file->data};
  *file = (file_bytes){NULL, 0};
  if (column_bin_is_reversed(mode)) column_swap(out);
  return TG_OK;
}

static tg_status read_bytes(file_bytes *bytes, column_format format, const char *name, column *out, tg_error *error)
{
  if (format == COLUMN_CSV) return csv_read_column(bytes->data, bytes->n, name, out->mode, out, error);
  if (format == COLUMN_UNKNOWN) return refuse_format(error);
  if (name) return refuse_name(name, error);
  return format == COLUMN_NPY ? npy_read(bytes, out->mode, out, error) : bin_read(bytes, out->mode, out, error);
}

static tg_status open_whole(column_reader *r, const char *path, const char *name, tg_error *error)
{
  file_bytes bytes;
  TG_TRY(file_rest(&r->file, &bytes, error));
  r->whole.mode = r->mode;
  tg_status status = read_bytes(&bytes, format_of(path, bytes.data, bytes.n), name, &r->whole, error);
  file_free(&bytes);
  r->n = r->whole.n;
  return status;
}

/* ---- files ---- */

static tg_status open_npy(column_reader *r, const unsigned char *start, size_t n, tg_error *error)
{
  npy_header header;
  TG_TRY(npy_read_start(start, n, r->file.n, &header, error));
  TG_TRY(npy_check_mode(&header, r->mode, &r->is_reversed, error));
  r->n = header.n;
  return file_seek(&r->file, header.data_at, error);
}

static tg_status open_bin(column_reader *r, tg_error *error)
{
  TG_TRY(check_bin(r->file.n, r->mode, error));
  r->n = (size_t)(r->file.n / tg_mode_bytes(r->mode));
  r->is_reversed = column_bin_is_reversed(r->mode);
  return file_seek(&r->file, 0, error);
}

static tg_status open_csv(column_reader *r, const char *name, tg_error *error)
{
  TG_TRY(file_seek(&r->file, 0, error));
  return csv_open(&r->file, name, r->mode, &r->csv, &r->n, error);
}

static tg_status open_format(column_reader *r, const char *path, const char *name, unsigned char *start,
                             tg_error *error)
{
  size_t n;
  TG_TRY(file_next(&r->file, start, NPY_HEADER_MOST, &n, error));
  column_format format = format_of(path, start, n);
  if (format == COLUMN_CSV) return open_csv(r, name, error);
  if (format == COLUMN_UNKNOWN) return refuse_format(error);
  if (name) return refuse_name(name, error);
  return format == COLUMN_NPY ? open_npy(r, start, n, error) : open_bin(r, error);
}

static tg_status open_file(column_reader *r, const char *path, const char *name, tg_error *error)
{
  unsigned char *start = malloc(NPY_HEADER_MOST);
  if (!start) return error_set(error, TG_NOMEM, "there is no memory to read it");
  tg_status status = open_format(r, path, name, start, error);
  free(start);
  return status;
}

tg_status column_open(const char *path, const char *name, tg_mode mode, column_reader *out, tg_error *error)
{
  *out = (column_reader){.mode = mode};
  TG_TRY(file_open(path, &out->file, error));
  tg_status status = out->file.is_regular ? open_file(out, path, name, error) : open_whole(out, path, name, error);
  if (status != TG_OK) column_close(out);
  return status;
}

/* ---- elements ---- */

static tg_status next_bytes(column_reader *r, size_t n, unsigned char *to, tg_error *error)
{
  size_t bytes = tg_mode_bytes(r->mode), got;
  TG_TRY(file_next(&r->file, to, n * bytes, &got, error));
  if (got < n * bytes) return error_set(error, TG_IO, "has become shorter while it was read");
  if (r->is_reversed) column_swap(&(column){r->mode, n, to, NULL});
  return TG_OK;
}

tg_status column_next(column_reader *r, size_t n, unsigned char *to, tg_error *error)
{
  if (r->whole.data) {
    size_t bytes = tg_mode_bytes(r->mode);
    memcpy(to, r->whole.data + r->at * bytes, n * bytes);
  } else if (r->csv) {
    TG_TRY(csv_next(r->csv, n, to, error));
  } else {
    TG_TRY(next_bytes(r, n, to, error));
  }
  r->at += n;
  return TG_OK;
}

void column_close(column_reader *r)
{
  csv_close(r->csv);
  file_close(&r->file);
  column_free(&r->whole);
  *r = (column_reader){.mode = r->mode};
}

tg_status column_read(const char *path, const char *name, tg_mode mode, column *out, tg_error *error)
{
  column_reader r;
  *out = (column){mode, 0, NULL, NULL};
  TG_TRY(column_open(path, name, mode, &r, error));
  tg_status status = TG_OK;
  if (r.whole.data) {
    *out = r.whole;
    r.whole = (column){mode, 0, NULL, NULL};
  } else {
    status = column_create(mode, r.n, out, error);
    if (status == TG_OK) status = column_next(&r, r.n, out->data, error);
    if (status != TG_OK) column_free(out);
  }
  column_close(&r);
  return status;
}
